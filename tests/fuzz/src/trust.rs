//! Any text is refused, or means what it is written back as; and none of it, alone,
//! lets a bundle in.

use mprun_core::{
    bundle,
    identity::ProgramId,
    trust::{Date, Lineages, Occasion, PublicKey, Rotation, Signature, Trust, namespace},
};

use super::{bundle::SMALL, printable};

/// A key that signs nothing any more: its owner is whoever wrote the seeds.
const KEY: &str = include_str!("../seeds/trust/key.pub");

/// Reads `data` as everything that stands in files of keys and trust.
///
/// # Panics
/// That is what the fuzzer looks for.
pub fn trust(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    key(text);
    signature(text);
    rotations(text);
    file(text);
    date(text);
}

fn key(text: &str) {
    match PublicKey::parse_file(text) {
        Ok(key) => {
            let again: PublicKey = key.to_string().parse().expect("what is written is a key");
            assert_eq!((&again, again.key_id()), (&key, key.key_id()));
            let app_id = "test".parse().expect("an app id");
            assert!(ProgramId::new(&namespace(&key), app_id).is_ok());
        }
        Err(error) => printable(&format!("{error} {:?}", error.hint())),
    }
}

fn signature(text: &str) {
    match Signature::decode(text) {
        Ok(signature) => {
            assert_eq!(signature.text(), text);
            printable(&signature.trusted_comment().replace('\t', ""));
            let key = PublicKey::parse_file(KEY).expect("the key of the seeds");
            let refused = signature.verify(&key, b"nobody has signed this").expect_err("it fits everything");
            printable(&format!("{refused} {:?}", refused.hint()));
        }
        Err(error) => printable(&format!("{error} {:?}", error.hint())),
    }
}

fn rotations(text: &str) {
    let rotations = match Rotation::decode_all(text) {
        Ok(rotations) => rotations,
        Err(error) => return printable(&format!("{error} {:?}", error.hint())),
    };
    let written: String = rotations.iter().map(Rotation::text).collect();
    assert_eq!(Rotation::decode_all(&written).as_ref(), Ok(&rotations));
    let mut lineages = Lineages::default();
    for rotation in &rotations {
        match lineages.add(rotation.clone()) {
            Ok(_) => {
                assert_eq!(lineages.add(rotation.clone()), Ok(false));
                assert_eq!(lineages.successor(rotation.old()), Some(rotation.new_key()));
                assert_eq!(lineages.root(rotation.old()), lineages.root(rotation.new_key()));
            }
            Err(error) => printable(&format!("{error} {:?}", error.hint())),
        }
    }
}

fn file(text: &str) {
    match Trust::parse(text) {
        Ok(trust) => {
            let bundle = bundle::verify(SMALL.to_vec()).expect("the small bundle is one");
            let (lineages, today) = (Lineages::default(), Date::from_unix_seconds(1_800_000_000));
            let refused = trust.admit(bundle, &[], &lineages, today, Occasion::Load).expect_err("nobody signed it");
            printable(&format!("{refused} {:?}", refused.hint()));
        }
        Err(error) => printable(&format!("{error} {:?}", error.hint())),
    }
}

fn date(text: &str) {
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string(), text);
    }
}
