//! A mini-program on a terminal. It speaks to the host exactly as a browser does:
//! it opens pages, sends the tokens that the page offers and the fields that the
//! page has, and shows what comes back. What was typed survives whatever happens
//! to the page meanwhile.
//!
//! In reading order: this file waits for keys, timers and signals; [`session`] is
//! where the user is, [`visit`] what it does with the host; [`desk`] is the page
//! with what was typed and opened there, [`keys`] says which key does what on it,
//! [`using`] does it; [`focus`], [`controls`] and [`edit`] decide the details;
//! [`draw`] makes cells of a page, [`sheet`] of a dialog over it, [`help`] says
//! which keys there are, [`grid`] holds the cells, [`screen`] paints them;
//! [`message`] is what is said over a page, [`problem`] what is shown where there
//! is none.

mod controls;
mod desk;
mod draw;
mod edit;
mod focus;
mod grid;
mod help;
mod keys;
mod message;
mod problem;
mod screen;
mod session;
mod sheet;
#[cfg(test)]
mod tests;
mod using;
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
    terminal::{desk::Then, screen::Screen, session::Session},
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
    /// Something on the screen is to go, there is something to be told, or a timer
    /// is due.
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
                Next::Key(Event::Paste(text)) => session.paste(&text),
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
        if key.code == KeyCode::Char('l') && key.modifiers.contains(KeyModifiers::CONTROL) {
            self.screen.forget();
        }
        session.press(key)
    }
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
