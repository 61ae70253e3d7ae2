//! What lies over a page besides its state: what the user typed and the program
//! has not taken, errors at fields, a message from the host, the way back, and where
//! those are led who show the page. Kept as the page row's drafts.
//!
//! Text that a user has typed is kept whole or refused ([`Shown::check`]); where
//! there is too much, what others say of the page gives way.

use std::collections::BTreeMap;

use mprun_core::view::identity::FieldKey;
use mprun_core::view::overlay::{Draft, Overlay};
use mprun_storage::PageRow;
use mprun_storage::limits::DRAFTS_BYTES_MAX;

use super::below::Below;
use super::led::Led;
use super::wire::{Reader, Wire, Writer};
use crate::call::cut;
use crate::failure::PageError;

/// What was typed on one page may have so many bytes, as they are kept. The rest of
/// [`DRAFTS_BYTES_MAX`] is for what is said beside it.
const TYPED_BYTES_MAX: usize = DRAFTS_BYTES_MAX - 16 * 1024;
/// Bytes of a message that are kept where there is little room.
const ALERT_BYTES_MAX: usize = 8 * 1024;
/// How often a byte can be as long where it is kept: a control character is six.
const ESCAPE_MAX: usize = 6;
/// What a draft has beside its texts, at most.
const DRAFT_BYTES: usize = 64;

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
    /// Where those are led who show the page, see [`super::led`].
    pub(crate) led: Option<Led>,
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

    /// Refuses more text than is kept of a page. Asked before a user's event is
    /// committed: what was typed earlier counts as well.
    pub(crate) fn check(&self) -> Result<(), PageError> {
        match too_much(&self.overlay.drafts) {
            None => Ok(()),
            Some(bytes) => {
                let what = format!("the drafts of a page have {bytes} bytes, at most {TYPED_BYTES_MAX} are kept");
                Err(PageError::TooLarge { what })
            }
        }
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
        let overlay = Overlay { drafts: self.overlay.drafts.clone(), errors: BTreeMap::new() };
        let alert = match &self.alert {
            Some(Alert { kind, text }) => Some(Alert { kind: *kind, text: cut(text, ALERT_BYTES_MAX).to_owned() }),
            None => Alert::error("Something in this form is not right."),
        };
        let bytes = Shown { alert, overlay, ..self.clone() }.to_bytes();
        if bytes.len() <= DRAFTS_BYTES_MAX {
            return bytes;
        }
        // Of a version that kept more.
        tracing::warn!(bytes = bytes.len(), "the drafts of a page are too large to keep");
        Shown { overlay: Overlay::default(), ..self.clone() }.to_bytes()
    }
}

/// How many bytes drafts have as they are kept, where that is more than is kept.
pub(super) fn too_much(drafts: &BTreeMap<FieldKey, Draft>) -> Option<usize> {
    let most = drafts.values().map(|draft| draft.typed.len() + draft.belief.len() + DRAFT_BYTES);
    // Most pages have a few words: these need not be written to be counted.
    if most.sum::<usize>().saturating_mul(ESCAPE_MAX) <= TYPED_BYTES_MAX {
        return None;
    }
    // Strings and a map of them: writing them as JSON cannot fail.
    let bytes = serde_json::to_vec(drafts).unwrap_or_default().len();
    (bytes > TYPED_BYTES_MAX).then_some(bytes)
}

impl Wire for Shown {
    fn write(&self, writer: &mut Writer) {
        writer.u8(3).option(self.alert.as_ref(), |writer, alert| {
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
        writer.option(self.led, |writer, led| led.write(writer));
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let version = reader.u8()?;
        if !(1..=3).contains(&version) {
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
        // The first version knew nothing of what lies below, the second of leads.
        let below = if version == 1 { Below::default() } else { Below::read(reader)? };
        let led = if version < 3 { None } else { reader.option(Led::read)? };
        Some(Shown { alert, overlay, below, led })
    }
}

#[cfg(test)]
mod tests {
    use mprun_core::view::identity::{Path, Place};

    use super::*;

    /// What is typed into so many fields.
    fn typed(fields: u32, text: &str) -> Shown {
        let key = |element| FieldKey::placed(Place { path: Path::ROOT, template: 0, element });
        let draft = Draft { belief: String::new(), typed: text.to_owned() };
        let drafts = (0..fields).map(|field| (key(field), draft.clone())).collect();
        Shown { overlay: Overlay { drafts, errors: BTreeMap::new() }, ..Shown::default() }
    }

    #[test]
    fn what_was_typed_is_kept_whole_or_refused() {
        let kib = "x".repeat(1_000);
        for shown in [Shown::default(), typed(1, "x"), typed(230, &kib)] {
            assert!(shown.check().is_ok());
            assert_eq!(Shown::of(&shown.to_drafts()), shown);
        }
        assert_eq!(typed(250, &kib).check().unwrap_err().kind(), "too-large");
        // As it is kept: each of these is six bytes.
        assert!(typed(1, &"\u{1}".repeat(40_000)).check().is_ok());
        assert_eq!(typed(1, &"\u{1}".repeat(42_000)).check().unwrap_err().kind(), "too-large");
    }

    #[test]
    fn what_others_say_gives_way_to_what_was_typed() {
        let mut shown = typed(235, &"x".repeat(1_000));
        assert!(shown.check().is_ok());
        shown.led = Some(Led::Back);
        shown.alert = Alert::error("no ".repeat(20_000));
        shown.overlay.errors = shown.overlay.drafts.keys().map(|key| (*key, "wrong".repeat(50))).collect();
        let kept = Shown::of(&shown.to_drafts());
        assert_eq!((&kept.overlay.drafts, kept.led), (&shown.overlay.drafts, shown.led));
        assert!(kept.alert.is_some_and(|alert| alert.text.len() <= ALERT_BYTES_MAX));
        assert!(kept.overlay.errors.is_empty());
    }

    #[test]
    fn what_earlier_versions_kept_is_read() {
        let mut second = vec![2, 0, 2, 0, 0, 0];
        second.extend(b"{}");
        second.extend([0, 0]);
        assert_eq!(Shown::from_bytes(&second), Some(Shown::default()));
        let mut first = second.clone();
        first[0] = 1;
        first.truncate(8);
        assert_eq!(Shown::from_bytes(&first), Some(Shown::default()));
        second[0] = 3;
        assert_eq!(Shown::from_bytes(&second), None, "it ends too early");
    }

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
        for led in [Led::Back, Led::To(mprun_core::identity::PageId::from_bytes([5; 16]))] {
            let shown = Shown { led: Some(led), ..Shown::default() };
            assert_eq!(Shown::of(&shown.to_drafts()), shown);
        }
    }
}
