//! What lies over a page besides its state: what the user typed and the program
//! has not taken, errors at fields, a message from the host, and the way back.
//! Kept as the page row's drafts.

use mprun_core::view::overlay::Overlay;
use mprun_storage::PageRow;
use mprun_storage::limits::DRAFTS_BYTES_MAX;

use super::below::Below;
use super::wire::{Reader, Wire, Writer};

/// A message of the host over a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// How it is meant.
    pub kind: AlertKind,
    /// A sentence or two, for the user.
    pub text: String,
}

/// How an [`Alert`] is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// What the user wanted did not happen.
    Error,
    /// Something to know.
    Notice,
}

impl Alert {
    pub(crate) fn error(text: impl Into<String>) -> Option<Alert> {
        Some(Alert { kind: AlertKind::Error, text: text.into() })
    }

    pub(crate) fn notice(text: impl Into<String>) -> Option<Alert> {
        Some(Alert { kind: AlertKind::Notice, text: text.into() })
    }
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) alert: Option<Alert>,
    pub(crate) overlay: Overlay,
    /// What lies below the page where its parent is not stored.
    pub(crate) below: Below,
}

impl Shown {
    /// What a page row has; nothing where it cannot be read (any more): what a
    /// user typed an update ago is no reason to show no page.
    pub(crate) fn of(drafts: &[u8]) -> Shown {
        if drafts.is_empty() {
            return Shown::default();
        }
        Shown::from_bytes(drafts).unwrap_or_else(|| {
            tracing::warn!("the drafts of a page cannot be read");
            Shown::default()
        })
    }

    /// Whether a page has another one below it, stored or not.
    pub(crate) fn lies_on_another(page: &PageRow) -> bool {
        page.parent.is_some() || !Shown::of(&page.drafts).below.is_empty()
    }

    /// For a page row.
    pub(crate) fn to_drafts(&self) -> Vec<u8> {
        if *self == Shown::default() {
            return Vec::new();
        }
        let bytes = self.to_bytes();
        if bytes.len() <= DRAFTS_BYTES_MAX {
            return bytes;
        }
        tracing::warn!(bytes = bytes.len(), "the drafts of a page are too large to keep");
        Shown { overlay: Overlay::default(), ..self.clone() }.to_bytes()
    }
}

impl Wire for Shown {
    fn write(&self, writer: &mut Writer) {
        writer.u8(2).option(self.alert.as_ref(), |writer, alert| {
            writer
                .u8(match alert.kind {
                    AlertKind::Error => 0,
                    AlertKind::Notice => 1,
                })
                .str(&alert.text);
        });
        // Strings and maps of strings: writing them as JSON cannot fail.
        writer.bytes(&serde_json::to_vec(&self.overlay).unwrap_or_default());
        self.below.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let version = reader.u8()?;
        if !(1..=2).contains(&version) {
            return None;
        }
        let alert = reader.option(|reader| {
            let kind = match reader.u8()? {
                0 => AlertKind::Error,
                1 => AlertKind::Notice,
                _ => return None,
            };
            Some(Alert { kind, text: reader.str()? })
        })?;
        let overlay = serde_json::from_slice(reader.bytes()?).ok()?;
        // The first version knew nothing of what lies below.
        let below = if version == 1 { Below::default() } else { Below::read(reader)? };
        Some(Shown { alert, overlay, below })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_bytes() {
        assert!(Shown::default().to_drafts().is_empty());
        assert_eq!(Shown::of(&[]), Shown::default());
        assert_eq!(Shown::of(b"something else"), Shown::default());
    }

    #[test]
    fn an_alert_comes_back() {
        let below = Below { pages: Vec::new(), base: Some(mprun_core::identity::PageId::from_bytes([3; 16])) };
        let shown = Shown { alert: Alert::notice("é"), below, ..Shown::default() };
        assert_eq!(Shown::of(&shown.to_drafts()), shown);
        let shown = Shown { alert: Alert::error("no"), ..Shown::default() };
        assert_eq!(Shown::of(&shown.to_drafts()), shown);
    }
}
