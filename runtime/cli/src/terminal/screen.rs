//! The terminal itself: taken over when a program starts, given back whatever
//! happens (the end, an error, a panic, a signal), and painted row by row, only
//! what has changed.

use std::{
    io::{self, Stdout, Write as _, stdout},
    panic,
    sync::Once,
};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    style::{Attribute, Color, Print, SetAttribute, SetForegroundColor},
    terminal::{
        self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
        EnterAlternateScreen, LeaveAlternateScreen,
    },
};

use crate::terminal::grid::{Grid, Ink, Look};

/// The terminal while a program has it.
pub(crate) struct Screen {
    out: Stdout,
    colour: bool,
    /// What is there now; `None` where nobody knows.
    painted: Option<Grid>,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// The terminal does not do as it is told; it is as it was before.
    pub(crate) fn enter(colour: bool) -> io::Result<Screen> {
        give_back_on_panic();
        terminal::enable_raw_mode()?;
        // From here on, dropping it gives the terminal back.
        let mut screen = Screen { out: stdout(), colour, painted: None };
        execute!(screen.out, EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap, Hide)?;
        Ok(screen)
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        (columns.into(), rows.into())
    }

    /// Paints everything anew next time.
    pub(crate) fn forget(&mut self) {
        self.painted = None;
    }

    /// Paints what has changed.
    pub(crate) fn paint(&mut self, grid: Grid) -> io::Result<()> {
        queue!(self.out, BeginSynchronizedUpdate, Hide)?;
        let before =
            self.painted.take().filter(|before| before.width() == grid.width() && before.height() == grid.height());
        if before.is_none() {
            queue!(self.out, Clear(ClearType::All))?;
        }
        for row in 0..grid.height() {
            if before.as_ref().is_none_or(|before| !before.same_row(&grid, row)) {
                queue!(self.out, MoveTo(0, cells(row)))?;
                for (text, look) in grid.runs(row) {
                    self.run(&text, look)?;
                }
            }
        }
        if let Some((column, row)) = grid.cursor {
            queue!(self.out, MoveTo(cells(column), cells(row)), Show)?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()?;
        self.painted = Some(grid);
        Ok(())
    }

    fn run(&mut self, text: &str, look: Look) -> io::Result<()> {
        queue!(self.out, SetAttribute(Attribute::Reset))?;
        if let Some(colour) = colour(look.ink).filter(|_| self.colour) {
            queue!(self.out, SetForegroundColor(colour))?;
        }
        for (attribute, on) in [
            (Attribute::Bold, look.bold),
            (Attribute::Underlined, look.underlined),
            (Attribute::Reverse, look.reversed),
        ] {
            if on {
                queue!(self.out, SetAttribute(attribute))?;
            }
        }
        queue!(self.out, Print(text), SetAttribute(Attribute::Reset))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn cells(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn colour(ink: Ink) -> Option<Color> {
    match ink {
        Ink::Normal => None,
        Ink::Muted => Some(Color::DarkGrey),
        Ink::Accent => Some(Color::DarkCyan),
        Ink::Success => Some(Color::DarkGreen),
        Ink::Warn => Some(Color::DarkYellow),
        Ink::Error => Some(Color::DarkRed),
    }
}

/// What fails here has nobody left to hear about it.
fn give_back() {
    let _ =
        execute!(stdout(), EndSynchronizedUpdate, EnableLineWrap, DisableBracketedPaste, Show, LeaveAlternateScreen);
    let _ = terminal::disable_raw_mode();
}

/// A panic's message should stand on the ordinary screen, whole.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}
