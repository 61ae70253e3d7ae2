//! Pages that are not stored, long after they were shown. The clock of a test stands
//! where it is, so recipes and nonces are made here as the host makes them, older.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use mprun_core::identity::Digest;
use mprun_host::{EventRequest, Outcome, PageRef, Rendering};
use mprun_storage::Storage;
use mprun_storage::sqlite::SqliteStorage;

use crate::support::{Stage, shown};

const MINUTE_MS: u64 = 60_000;

impl Stage {
    async fn secret(&self, name: &str) -> [u8; 32] {
        let storage = SqliteStorage::open(&self.folder.path().join("data.db")).unwrap();
        storage.secret(name).await.unwrap()
    }

    /// The user in the program, as it is bound into what is given to browsers.
    fn bound(&self) -> Vec<u8> {
        let texts = [self.program.id().to_string(), self.user.as_str().to_owned()];
        texts.iter().flat_map(|text| bytes(text)).collect()
    }

    /// Pressing a button of a page that was shown so long ago, by this bundle.
    async fn later(&self, rendering: &Rendering, letter: &str, ms: u64, digest: &Digest) -> EventRequest {
        let request = self.request(rendering, letter, &[("Who", "Ada")]);
        let PageRef::Recipe(recipe) = &request.page else { panic!("the page is stored") };
        let sealed = URL_SAFE_NO_PAD.decode(recipe).unwrap();
        let (nonce, sealed) = sealed.split_first_chunk::<24>().unwrap();
        let bound = [bytes("mprun recipe 1"), self.bound()].concat();
        let secret = self.secret("recipe").await;
        let cipher = XChaCha20Poly1305::new((&secret).into());
        let mut plain = cipher.decrypt(nonce.into(), Payload { msg: sealed, aad: &bound }).unwrap();
        // Its form, when it was made, by which bundle.
        let issued = u64::from_le_bytes(plain[1..9].try_into().unwrap());
        assert_eq!((plain[0], &plain[9..41]), (2, self.program.digest().as_bytes().as_slice()));
        plain[1..9].copy_from_slice(&(issued - ms).to_le_bytes());
        plain[9..41].copy_from_slice(digest.as_bytes());
        let sealed = cipher.encrypt(nonce.into(), Payload { msg: &plain, aad: &bound }).unwrap();
        let recipe = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());

        let mut nonce = URL_SAFE_NO_PAD.decode(&request.nonce).unwrap();
        nonce[..8].copy_from_slice(&(issued - ms).to_le_bytes());
        let page = rendering.page().unwrap();
        let told = [self.bound(), page.as_bytes().to_vec(), nonce[..16].to_vec()].concat();
        let mac = blake3::keyed_hash(&self.secret("nonce").await, &told);
        nonce[16..].copy_from_slice(&mac.as_bytes()[..16]);
        EventRequest { page: PageRef::Recipe(recipe), nonce: URL_SAFE_NO_PAD.encode(nonce), ..request }
    }
}

/// A text with its length in front.
fn bytes(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [length.to_le_bytes().as_slice(), text.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_press_counts_also_after_hours() {
    let stage = Stage::new().await;
    let digest = *stage.program.digest();
    for minutes in [0, 14, 16, 60, 23 * 60] {
        let first = stage.open("first").await;
        let request = stage.later(&first, "I", minutes * MINUTE_MS, &digest).await;
        let outcome = stage.send(request.clone()).await.unwrap();
        let Outcome::Show(place) = &outcome else { panic!("{minutes} minutes: {outcome:?}") };
        assert_eq!(place.page, first.page());
        assert_eq!(stage.send(request).await.unwrap(), outcome, "once");
        assert_eq!(shown(&stage.follow(&outcome).await), "1", "{minutes} minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_any_more_is_refused_and_what_was_typed_is_kept() {
    let stage = Stage::new().await;
    let (digest, other) = (*stage.program.digest(), Digest::of(b"another version"));
    let mut requests = Vec::new();
    for (minutes, digest, token) in [
        // Nobody remembers for longer whether this was done.
        (24 * 60 + 1, digest, None),
        // The same place and bytes may mean something else in this version.
        (0, other, None),
        (16, digest, Some("AAAAAAAAAAAAAAAA")),
    ] {
        let first = stage.open("first").await;
        let mut request = stage.later(&first, "I", minutes * MINUTE_MS, &digest).await;
        request.token = token.map(str::to_owned).or(request.token);
        requests.push(request);
    }
    for request in requests {
        let outcome = stage.send(request).await.unwrap();
        assert!(matches!(outcome, Outcome::Stale(_)), "{outcome:?}");
        let after = stage.follow(&outcome).await;
        assert_eq!((shown(&after), after.overlay.drafts.len()), ("0", 1));
        assert!(after.alert.is_some());
    }
}
