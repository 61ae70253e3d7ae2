//! The nonce of a rendering: says when it was made and for whom, and cannot be
//! made by anybody else. It is what makes an event's identity unforgeable, and a
//! form of another site useless.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mprun_core::identity::PageId;
use mprun_storage::{EventId, Scope};

use super::wire::Writer;

/// How long a rendering can be acted on. Shorter than event ids are kept.
const VALID_MS: u64 = 24 * 60 * 60 * 1000;
/// How far the clocks of two hosts may differ.
const SKEW_MS: u64 = 60_000;
/// Time, random bytes, authenticator.
const BYTES: usize = 8 + 8 + 16;

/// What a nonce turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Ours, and recent enough.
    Valid,
    /// Ours, but too old to tell whether its events were handled.
    Expired,
    /// Not for this user and page, or not ours at all.
    Forged,
}

/// Makes a nonce.
pub(crate) fn issue(secret: &[u8; 32], scope: &Scope, page: PageId, now_ms: u64, random: [u8; 8]) -> String {
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&now_ms.to_le_bytes());
    bytes[8..16].copy_from_slice(&random);
    let mac = authenticator(secret, scope, page, &bytes[..16]);
    bytes[16..].copy_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Checks what a client sent as a nonce.
pub(crate) fn check(secret: &[u8; 32], scope: &Scope, page: PageId, now_ms: u64, nonce: &str) -> Checked {
    let mut bytes = [0; BYTES];
    match URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes) {
        Ok(BYTES) => {}
        Ok(_) | Err(_) => return Checked::Forged,
    }
    let (head, mac) = bytes.split_at(16);
    let expected = authenticator(secret, scope, page, head);
    // Every byte is looked at, so that the time tells nothing.
    if expected.iter().zip(mac).fold(0, |different, (a, b)| different | (a ^ b)) != 0 {
        return Checked::Forged;
    }
    let issued_ms = head.first_chunk().map_or(0, |time| u64::from_le_bytes(*time));
    if issued_ms > now_ms.saturating_add(SKEW_MS) || now_ms.saturating_sub(issued_ms) > VALID_MS {
        return Checked::Expired;
    }
    Checked::Valid
}

/// Whether a nonce that was checked has been in use for half of its time.
pub(crate) fn ages(nonce: &str, now_ms: u64) -> bool {
    let mut bytes = [0; BYTES];
    let read = URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes).is_ok();
    let issued_ms = bytes.first_chunk().map_or(0, |time| u64::from_le_bytes(*time));
    !read || now_ms.saturating_sub(issued_ms) > VALID_MS / 2
}

fn authenticator(secret: &[u8; 32], scope: &Scope, page: PageId, head: &[u8]) -> [u8; 16] {
    let mut writer = Writer::default();
    writer.str(&scope.program.to_string()).str(scope.user.as_str()).array(page.as_bytes()).array(head);
    let hash = blake3::keyed_hash(secret, &writer.into_bytes());
    let mut mac = [0; 16];
    mac.copy_from_slice(&hash.as_bytes()[..16]);
    mac
}

/// The identity of an event: the same exactly if the same is sent from the same
/// rendering with the same number.
pub(crate) fn event_id(nonce: &str, seq: u64, token: Option<&str>, fields: &[(String, String)]) -> EventId {
    let mut writer = Writer::default();
    writer.str("mprun event 1").str(nonce).u64(seq);
    writer.option(token, |writer, token| {
        writer.str(token);
    });
    writer.pairs(fields);
    EventId(*blake3::hash(&writer.into_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mprun_core::identity::{ProgramId, UserId};

    fn scope(app_id: &str, user: &str) -> Scope {
        Scope { program: ProgramId::dev(app_id.parse().unwrap()), user: user.parse::<UserId>().unwrap() }
    }

    #[test]
    fn a_nonce_is_good_for_its_user_program_and_page_only() {
        let (secret, page) = ([7; 32], PageId::from_bytes([1; 16]));
        let nonce = issue(&secret, &scope("a", "u"), page, 1_000, [9; 8]);
        assert_eq!(nonce.len(), 43);
        let check =
            |secret: [u8; 32], scope: Scope, page, nonce: &str| super::check(&secret, &scope, page, 2_000, nonce);
        assert_eq!(check(secret, scope("a", "u"), page, &nonce), Checked::Valid);
        assert_eq!(check([8; 32], scope("a", "u"), page, &nonce), Checked::Forged);
        assert_eq!(check(secret, scope("b", "u"), page, &nonce), Checked::Forged);
        assert_eq!(check(secret, scope("a", "v"), page, &nonce), Checked::Forged);
        assert_eq!(check(secret, scope("a", "u"), PageId::from_bytes([2; 16]), &nonce), Checked::Forged);
        for bad in ["", "AAAA", &nonce[1..], &format!("{nonce}A"), &nonce.to_lowercase()] {
            assert_eq!(check(secret, scope("a", "u"), page, bad), Checked::Forged, "{bad}");
        }
    }

    #[test]
    fn a_nonce_is_good_for_a_day() {
        let (secret, page, scope) = ([7; 32], PageId::from_bytes([1; 16]), scope("a", "u"));
        let nonce = issue(&secret, &scope, page, 1_000, [9; 8]);
        assert_eq!(check(&secret, &scope, page, 1_000 + VALID_MS, &nonce), Checked::Valid);
        assert_eq!(check(&secret, &scope, page, 1_001 + VALID_MS, &nonce), Checked::Expired);
        assert!(!ages(&nonce, 1_000 + VALID_MS / 2) && ages(&nonce, 1_001 + VALID_MS / 2));
        let ahead = issue(&secret, &scope, page, 500_000, [9; 8]);
        assert_eq!(check(&secret, &scope, page, 0, &ahead), Checked::Expired);
    }

    #[test]
    fn events_differ_by_everything_that_was_sent() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let ids = [
            event_id("n", 0, None, &[]),
            event_id("m", 0, None, &[]),
            event_id("n", 1, None, &[]),
            event_id("n", 0, Some(""), &[]),
            event_id("n", 0, Some("t"), &[]),
            event_id("n", 0, None, &[pair("a", "bc")]),
            event_id("n", 0, None, &[pair("ab", "c")]),
            event_id("n", 0, None, &[pair("a", "b"), pair("c", "")]),
        ];
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert_eq!(event_id("n", 0, None, &[]), ids[0]);
    }
}
