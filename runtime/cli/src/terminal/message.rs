//! The line over the help: what the host says about the page, and what a key
//! could not do. Decides what of it is still there when a page or a key follows.

use mprun_core::render::text::Tone;
use tokio::time::Instant;

use crate::terminal::{controls, desk::Desk};

pub(super) struct Message {
    pub(super) text: String,
    pub(super) tone: Tone,
    pub(super) until: Option<Instant>,
    pub(super) about: About,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The page, or what happened on it.
    Page,
    /// A key that was pressed: gone with the next one.
    Key,
    /// The key that quits, and why it did not yet: the next time it does.
    Quit,
}

impl Message {
    /// Whether it is still there when a page is shown: only a toast is, and only
    /// over the page that it came with.
    pub(super) fn stays(&self, is_same_page: bool) -> bool {
        is_same_page && self.until.is_some()
    }
}

impl Desk {
    pub(super) fn hint(&mut self, text: String) {
        self.message = Some(Message { text, tone: Tone::Accent, until: None, about: About::Key });
    }

    /// The next key was pressed. Whether the user has just read what quitting loses.
    pub(super) fn forget_hint(&mut self) -> bool {
        let hint = self.message.take_if(|message| message.about != About::Page);
        hint.is_some_and(|hint| hint.about == About::Quit)
    }

    /// Whether the key that quits does. What was typed is not lost without a word.
    pub(super) fn quits(&mut self, is_warned: bool) -> bool {
        if is_warned || !controls::are_unsent(&self.drafts) {
            return true;
        }
        let text = "q again quits; what you typed is not sent yet".to_owned();
        self.message = Some(Message { text, tone: Tone::Warn, until: None, about: About::Quit });
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_stays_on_its_page_alone() {
        let message = |until, about| Message { text: String::new(), tone: Tone::Normal, until, about };
        let toast = message(Some(Instant::now()), About::Page);
        assert!(toast.stays(true));
        assert!(!toast.stays(false));
        for other in [message(None, About::Page), message(None, About::Key), message(None, About::Quit)] {
            assert!(!other.stays(true) && !other.stays(false));
        }
    }
}
