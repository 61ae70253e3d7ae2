//! A mini-program on a terminal. It speaks to the host exactly as a browser does:
//! it opens pages, sends the tokens that the page offers and the fields that the
//! page has, and shows what comes back. What was typed survives whatever happens
//! to the page meanwhile.
//!
//! In reading order: this file says which key does what and waits for keys,
//! timers and signals; [`session`] is where the user is and what was typed,
//! [`visit`] what it does with the host;
//! [`focus`], [`controls`] and [`edit`] decide what keys do there; [`draw`] makes cells of a page,
//! [`grid`] holds them, [`screen`] paints them; [`problem`] is what is shown where
//! there is no page.

mod controls;
mod draw;
mod edit;
mod focus;
mod grid;
mod problem;
mod screen;
mod session;
mod visit;

use std::{future::pending, io, sync::Arc, time::Duration};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use mprun_host::{Change, Host, Open, Program};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{broadcast, mpsc},
    time::{Instant, sleep_until},
};

use crate::{
    env,
    error::{self, CommandError},
    terminal::{
        edit::Step,
        focus::Arrow,
        screen::Screen,
        session::{Session, Then},
    },
};

/// Keys that may wait while the host is at work; more are lost.
const KEYS_WAITING_MAX: usize = 1_024;
/// A call that takes longer than this is announced.
const PATIENCE: Duration = Duration::from_millis(150);

/// Shows the program until the user quits, or a signal says so.
///
/// # Errors
/// The terminal fails. What goes wrong with a page is shown on the screen.
pub(crate) async fn run(host: Arc<Host>, program: Arc<Program>, open: Open) -> Result<(), CommandError> {
    let mut signals = Signals::new().map_err(|cause| error::internal("cannot wait for signals", cause))?;
    let mut changes = host.changes();
    let _scheduler = host.start_scheduler();
    let mut session = Session::new(host, program, open);
    let screen =
        Screen::enter(!env::no_colour()).map_err(|cause| error::user_with("cannot use this terminal", cause))?;
    let mut terminal = Terminal { keys: read_keys(), screen };
    let end = terminal.converse(&mut session, &mut changes, &mut signals).await;
    // The terminal is given back before anything is printed.
    drop(terminal);
    end.map_err(|cause| error::user_with("cannot use this terminal", cause))
}

struct Terminal {
    keys: mpsc::Receiver<io::Result<Event>>,
    screen: Screen,
}

/// What happened next.
enum Next {
    Key(Event),
    /// The program's data have changed: a timer fired.
    Changed,
    /// Something on the screen is to go, or a timer is due.
    Time,
    End,
}

impl Terminal {
    async fn converse(
        &mut self,
        session: &mut Session,
        changes: &mut broadcast::Receiver<Change>,
        signals: &mut Signals,
    ) -> io::Result<()> {
        self.resize(session);
        self.work(session, Then::Refresh).await?;
        loop {
            self.screen.paint(session.draw())?;
            let wake = session.wake_at();
            let next = tokio::select! {
                key = self.keys.recv() => match key {
                    Some(Ok(event)) => Next::Key(event),
                    Some(Err(cause)) => return Err(cause),
                    None => Next::End,
                },
                change = changes.recv() => match change {
                    Ok(change) if !session.concerns(&change) => continue,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => Next::Changed,
                    Err(broadcast::error::RecvError::Closed) => Next::End,
                },
                () = until(wake) => Next::Time,
                () = signals.any() => Next::End,
            };
            let then = match next {
                Next::End => return Ok(()),
                Next::Time => session.on_time(),
                Next::Changed => Then::Refresh,
                Next::Key(Event::Resize(..)) => {
                    self.screen.forget();
                    self.resize(session);
                    Then::Nothing
                }
                Next::Key(Event::Paste(text)) => session.insert(&text),
                Next::Key(Event::Key(key)) if key.kind != KeyEventKind::Release => match self.on_key(session, key) {
                    Some(then) => then,
                    None => return Ok(()),
                },
                Next::Key(_) => Then::Nothing,
            };
            self.work(session, then).await?;
            // Our own commits: the page that is shown is newer.
            while changes.try_recv().is_ok_and(|change| session.concerns(&change)) {}
        }
    }

    fn resize(&mut self, session: &mut Session) {
        let (columns, rows) = self.screen.size();
        session.resize(columns, rows);
    }

    /// Does what a key asked for. If it takes its time, the screen says so.
    async fn work(&mut self, session: &mut Session, then: Then) -> io::Result<()> {
        if matches!(then, Then::Nothing) {
            return Ok(());
        }
        let waiting = session.draw_waiting();
        let mut call = std::pin::pin!(session.act(then));
        if tokio::time::timeout(PATIENCE, call.as_mut()).await.is_err() {
            self.screen.paint(waiting)?;
            call.await;
        }
        Ok(())
    }

    /// `None` ends the conversation.
    fn on_key(&mut self, session: &mut Session, key: KeyEvent) -> Option<Then> {
        let is_warned = session.forget_hint();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('c') if control => return None,
            KeyCode::Char('l') if control => {
                self.screen.forget();
                return Some(Then::Nothing);
            }
            KeyCode::Char('q') if !control && !alt && !session.is_typing() => {
                return (!session.quits(is_warned)).then_some(Then::Nothing);
            }
            _ => {}
        }
        if session.is_problem() {
            return Some(match key.code {
                KeyCode::Enter | KeyCode::Char(' ') => Then::Refresh,
                KeyCode::Esc | KeyCode::Backspace => Then::Leave,
                KeyCode::PageDown | KeyCode::Down => session.scroll_page(1),
                KeyCode::PageUp | KeyCode::Up => session.scroll_page(-1),
                _ => Then::Nothing,
            });
        }
        if session.is_typing()
            && let Some(then) = typing(session, key.code, control, alt)
        {
            return Some(then);
        }
        Some(match key.code {
            KeyCode::Tab => session.tab(true),
            KeyCode::BackTab => session.tab(false),
            KeyCode::Up => session.arrow(Arrow::Up),
            KeyCode::Down => session.arrow(Arrow::Down),
            KeyCode::Left => session.arrow(Arrow::Left),
            KeyCode::Right => session.arrow(Arrow::Right),
            KeyCode::Enter => session.enter(),
            KeyCode::Char(' ') => session.space(),
            KeyCode::Char(digit @ '1'..='9') if !control && !alt => {
                session.tab_of(digit.to_digit(10).map_or(0, |number| number as usize))
            }
            KeyCode::Esc => Then::Back,
            KeyCode::PageDown => session.scroll_page(1),
            KeyCode::PageUp => session.scroll_page(-1),
            KeyCode::Home => session.scroll_page(isize::MIN),
            KeyCode::End => session.scroll_page(isize::MAX),
            _ => Then::Nothing,
        })
    }
}

/// Keys that change the text of a field, as terminals' line editors know them;
/// `None` for the others.
fn typing(session: &mut Session, key: KeyCode, control: bool, alt: bool) -> Option<Then> {
    let word = control || alt;
    match key {
        KeyCode::Char('a') if control => session.go(Step::Home),
        KeyCode::Char('e') if control => session.go(Step::End),
        KeyCode::Char('b') if alt => session.go(Step::WordLeft),
        KeyCode::Char('f') if alt => session.go(Step::WordRight),
        KeyCode::Char('w') if control => session.remove(Step::WordLeft),
        KeyCode::Char('u') if control => session.remove(Step::Home),
        KeyCode::Char('k') if control => session.remove(Step::End),
        KeyCode::Char('h') if control => session.remove(Step::Left),
        KeyCode::Char('d') if control => session.remove(Step::Right),
        KeyCode::Char(_) if word => {}
        KeyCode::Char(c) => return Some(session.insert(c.encode_utf8(&mut [0; 4]))),
        KeyCode::Backspace => session.remove(if word { Step::WordLeft } else { Step::Left }),
        KeyCode::Delete => session.remove(if word { Step::WordRight } else { Step::Right }),
        KeyCode::Left => session.go(if word { Step::WordLeft } else { Step::Left }),
        KeyCode::Right => session.go(if word { Step::WordRight } else { Step::Right }),
        KeyCode::Home => session.go(Step::Home),
        KeyCode::End => session.go(Step::End),
        KeyCode::Up if session.go_line(Step::Up) => {}
        KeyCode::Down if session.go_line(Step::Down) => {}
        _ => return None,
    }
    Some(Then::Nothing)
}

/// Keys as they come. The thread waits for the next key when the process ends,
/// and ends with it.
fn read_keys() -> mpsc::Receiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::channel(KEYS_WAITING_MAX);
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let failed = event.is_err();
            if sender.blocking_send(event).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// The signals after which the terminal has to be given back.
struct Signals([tokio::signal::unix::Signal; 3]);

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals([signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?]))
    }

    async fn any(&mut self) {
        let Signals([terminate, hangup, interrupt]) = self;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
