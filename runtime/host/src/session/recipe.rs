//! How to make a page that is not stored: what was opened, when, for whom. It
//! lies in the user's browser, encrypted and authenticated, until the first
//! event makes the page and stores it. A visit that leads to nothing leaves
//! nothing behind.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use mprun_core::identity::{Digest, PageId};
use mprun_storage::Scope;

use super::below::Below;
use super::wire::{Reader, Wire, Writer};

/// Characters of a recipe; a page that needs more is stored.
pub(crate) const CHARACTERS_MAX: usize = 2_048;
/// How long `launch` and `load` are run again as if no time had passed. Later they
/// are run with the clock of then.
const VALID_MS: u64 = 15 * 60 * 1000;
/// How far the clocks of two hosts may differ.
const SKEW_MS: u64 = 60_000;
const NONCE_BYTES: usize = 24;

/// What it takes to open the page again, with the same result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The bundle that made it.
    pub(crate) digest: Digest,
    /// The page's name, also the seed of its random bytes.
    pub(crate) page: PageId,
    /// The page below.
    pub(crate) parent: Option<PageId>,
    /// What lies below where that one is not stored.
    pub(crate) below: Below,
    /// Which page.
    pub(crate) route: String,
    /// With what.
    pub(crate) parameters: Vec<(String, String)>,
    /// When it was opened, which is also what its clock said.
    pub(crate) issued_at_ms: u64,
}

impl Wire for Recipe {
    fn write(&self, writer: &mut Writer) {
        writer.u8(2).u64(self.issued_at_ms).array(self.digest.as_bytes()).array(self.page.as_bytes());
        writer.option(self.parent, |writer, parent| {
            writer.array(parent.as_bytes());
        });
        writer.str(&self.route).pairs(&self.parameters);
        self.below.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.u8()? != 2 {
            return None;
        }
        Some(Recipe {
            issued_at_ms: reader.u64()?,
            digest: Digest::from_bytes(reader.array()?),
            page: PageId::from_bytes(reader.array()?),
            parent: reader.option(|reader| reader.array().map(PageId::from_bytes))?,
            route: reader.str()?,
            parameters: reader.pairs()?,
            below: Below::read(reader)?,
        })
    }
}

impl Recipe {
    /// The text that goes into the page; `None` where it would be too long, or
    /// could not be made.
    pub(crate) fn seal(&self, secret: &[u8; 32], scope: &Scope, nonce: [u8; NONCE_BYTES]) -> Option<String> {
        let plain = self.to_bytes();
        let bound = bound_to(scope);
        let cipher = XChaCha20Poly1305::new(secret.into());
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &plain, aad: &bound }).ok()?;
        let text = URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat());
        (text.len() <= CHARACTERS_MAX).then_some(text)
    }

    /// Reads what a client sent; `None` where it is not a recipe of ours for this
    /// user and program.
    pub(crate) fn open(text: &str, secret: &[u8; 32], scope: &Scope) -> Option<Recipe> {
        if text.len() > CHARACTERS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let bound = bound_to(scope);
        let cipher = XChaCha20Poly1305::new(secret.into());
        let plain = cipher.decrypt(nonce.into(), Payload { msg: sealed, aad: &bound }).ok()?;
        Recipe::from_bytes(&plain)
    }

    /// Whether the page was made by this bundle: only then its buttons mean the same.
    pub(crate) fn is_of(&self, digest: &Digest) -> bool {
        self.digest == *digest
    }

    /// Whether the page can still be made as it was.
    pub(crate) fn is_fresh(&self, now_ms: u64) -> bool {
        self.issued_at_ms <= now_ms.saturating_add(SKEW_MS) && now_ms.saturating_sub(self.issued_at_ms) <= VALID_MS
    }
}

fn bound_to(scope: &Scope) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.str("mprun recipe 1").str(&scope.program.to_string()).str(scope.user.as_str());
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mprun_core::identity::{ProgramId, UserId};

    fn scope(user: &str) -> Scope {
        Scope { program: ProgramId::dev("a".parse().unwrap()), user: user.parse::<UserId>().unwrap() }
    }

    fn recipe() -> Recipe {
        Recipe {
            digest: Digest::of(b"x"),
            page: PageId::from_bytes([1; 16]),
            parent: Some(PageId::from_bytes([2; 16])),
            below: Below { pages: vec![], base: Some(PageId::from_bytes([9; 16])) },
            route: "menu".to_owned(),
            parameters: vec![("id".to_owned(), "7".to_owned())],
            issued_at_ms: 1_000,
        }
    }

    #[test]
    fn a_recipe_is_read_by_its_user_only_and_only_whole() {
        let (secret, nonce) = ([3; 32], [4; NONCE_BYTES]);
        let text = recipe().seal(&secret, &scope("u"), nonce).unwrap();
        assert!(!text.contains("menu"));
        assert_eq!(Recipe::open(&text, &secret, &scope("u")), Some(recipe()));
        assert_eq!(Recipe::open(&text, &secret, &scope("v")), None);
        assert_eq!(Recipe::open(&text, &[5; 32], &scope("u")), None);
        for at in [0, 30, 40, text.len() - 2] {
            let mut broken = text.clone().into_bytes();
            broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(Recipe::open(&String::from_utf8(broken).unwrap(), &secret, &scope("u")), None, "{at}");
        }
        assert_eq!(Recipe::open("", &secret, &scope("u")), None);
        assert_eq!(Recipe::open(&"A".repeat(4_000), &secret, &scope("u")), None);
    }

    #[test]
    fn a_long_recipe_is_none() {
        let long = Recipe { parameters: vec![("q".to_owned(), "x".repeat(2_000))], ..recipe() };
        assert_eq!(long.seal(&[3; 32], &scope("u"), [4; NONCE_BYTES]), None);
    }

    #[test]
    fn a_page_is_made_as_it_was_for_a_quarter_of_an_hour_and_by_one_version() {
        let recipe = recipe();
        assert!(recipe.is_fresh(1_000 + VALID_MS) && !recipe.is_fresh(1_001 + VALID_MS));
        let ahead = Recipe { issued_at_ms: 1_001 + SKEW_MS, ..recipe.clone() };
        assert!(!ahead.is_fresh(1_000));
        assert!(recipe.is_of(&Digest::of(b"x")) && !recipe.is_of(&Digest::of(b"y")));
    }
}
