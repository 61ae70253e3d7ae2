//! The signed path, from the bytes of a file to the decision: nothing altered is ever
//! admitted. Each bit of a whole small bundle and of its signature is turned, each
//! length cut, sections are swapped, doubled and added. Either the reader refuses the
//! file, or the decision does, because the signature does not fit.
//! `cargo test -p mprun-core signed -- --nocapture` prints how many of each.

use std::{collections::BTreeMap, num::NonZero, ops::Range, slice::from_ref, thread};

use mprun_core::{
    bundle::verify,
    trust::{Lineages, Occasion, Refused, Signature, SignatureError, Trust},
};
use wasm_encoder::{CustomSection, Section as _};

use super::{AUTHOR, BYTES, Pair, TODAY, install, trust};
use crate::fixtures::{asset_section, picture};

/// What became of altered files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Totals {
    /// Refused by the reader.
    unread: usize,
    /// Still a bundle, but not the one that was signed.
    altered: usize,
}

struct Signed {
    author: Pair,
    trust: Trust,
    signature: Signature,
}

impl Signed {
    fn new() -> Signed {
        let author = Pair::new();
        let trust = trust(&[author.entry("plum-lane", AUTHOR)]);
        let signature = author.sign(&BYTES);
        assert!(install(&trust, from_ref(&signature)).is_ok());
        Signed { author, trust, signature }
    }

    /// Refused, by the reader or by the decision; by the signature in any case.
    fn refuse(&self, bytes: Vec<u8>, totals: &mut Totals) {
        assert_ne!(bytes, *BYTES, "the test changes nothing");
        let mismatch = SignatureError::Mismatch { key_id: self.author.key.key_id() };
        assert_eq!(self.signature.verify(&self.author.key, &bytes), Err(mismatch));
        let Ok(bundle) = verify(bytes) else {
            totals.unread += 1;
            return;
        };
        let signatures = from_ref(&self.signature);
        let today = TODAY.parse().unwrap();
        let refused = self.trust.admit(bundle, signatures, &Lineages::default(), today, Occasion::Load).unwrap_err();
        assert!(matches!(&*refused, Refused::Altered { name, .. } if name == "plum-lane"), "{refused}");
        totals.altered += 1;
    }

    fn refuse_all(&self, files: impl IntoIterator<Item = Vec<u8>>) -> Totals {
        let mut totals = Totals::default();
        for bytes in files {
            self.refuse(bytes, &mut totals);
        }
        totals
    }

    fn admits(&self, signature: &str) -> bool {
        Signature::decode(signature).is_ok_and(|signature| install(&self.trust, &[signature]).is_ok())
    }
}

/// The sections of the file, with their headers.
fn pieces() -> Vec<Vec<u8>> {
    let mut reader = wasmparser::BinaryReader::new(&BYTES, 0);
    reader.read_bytes(8).unwrap();
    let mut pieces = Vec::new();
    while !reader.eof() {
        let start = reader.current_position();
        reader.read_u8().unwrap();
        let size = reader.read_var_u32().unwrap() as usize;
        reader.read_bytes(size).unwrap();
        pieces.push(BYTES[start..reader.current_position()].to_vec());
    }
    pieces
}

fn joined(pieces: &[Vec<u8>]) -> Vec<u8> {
    [&BYTES[..8], &pieces.concat()].concat()
}

#[test]
fn no_bit_of_a_signed_bundle_can_be_turned() {
    let signed = Signed::new();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let flips = |first: usize| {
        let places = (first..BYTES.len()).step_by(threads);
        signed.refuse_all(places.flat_map(|at| {
            (0..8).map(move |bit| {
                let mut bytes = BYTES.clone();
                bytes[at] ^= 1 << bit;
                bytes
            })
        }))
    };
    let totals: Vec<Totals> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || flips(first))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let unread: usize = totals.iter().map(|totals| totals.unread).sum();
    let altered: usize = totals.iter().map(|totals| totals.altered).sum();
    println!("turned bits: {unread} refused by the reader, {altered} by the signature, none admitted");
    assert_eq!(unread + altered, BYTES.len() * 8);
    assert!(unread > 0 && altered > 0, "the test is blind");
}

#[test]
fn no_part_of_a_signed_bundle_can_be_cut_off_or_added() {
    let signed = Signed::new();
    let cut = signed.refuse_all((0..BYTES.len()).map(|length| BYTES[..length].to_vec()));
    println!("cut: {cut:?}");
    assert_eq!(cut.unread + cut.altered, BYTES.len());
    assert!(cut.altered > 0, "a bundle of one asset less is one");

    let more = (0..=u8::MAX).flat_map(|byte| [vec![byte], vec![byte, 1, 0], vec![byte; 16]]);
    let appended = signed.refuse_all(more.map(|more| [&BYTES[..], &more].concat()));
    println!("appended: {appended:?}");
    assert_eq!(appended.altered, 0);
    let twice = [BYTES.as_slice(), &BYTES].concat();
    assert_eq!(signed.refuse_all([twice]).unread, 1);
}

#[test]
fn no_section_of_a_signed_bundle_can_move() {
    let signed = Signed::new();
    let pieces = pieces();
    assert_eq!(joined(&pieces), *BYTES);
    let all = 0..pieces.len();

    let pairs = all.clone().flat_map(|first| (first + 1..pieces.len()).map(move |second| (first, second)));
    let swapped = pairs.map(|(first, second)| {
        let mut changed = pieces.clone();
        changed.swap(first, second);
        joined(&changed)
    });
    // Two that are equal, byte for byte, may change places.
    println!("swapped: {:?}", signed.refuse_all(swapped.filter(|bytes| *bytes != *BYTES)));

    let doubled = all.clone().flat_map(|from| (0..=pieces.len()).map(move |to| (from, to)));
    let doubled = signed.refuse_all(doubled.map(|(from, to)| {
        let mut changed = pieces.clone();
        changed.insert(to, pieces[from].clone());
        joined(&changed)
    }));
    println!("doubled: {doubled:?}");
    assert_eq!(doubled.unread + doubled.altered, pieces.len() * (pieces.len() + 1));

    let removed = signed.refuse_all(all.clone().map(|position| {
        let mut changed = pieces.clone();
        changed.remove(position);
        joined(&changed)
    }));
    println!("removed: {removed:?}");
    assert_eq!(removed.unread + removed.altered, pieces.len());
    assert!(removed.altered > 0);

    let mut extra = Vec::new();
    let asset = asset_section("zero.svg", "image/svg+xml", &picture("", "").data);
    let additions: [(&str, &[u8]); 4] = [("mprun:asset", &asset), ("mprun:style", b""), ("name", b"\0"), ("", b"")];
    for (name, data) in additions {
        let mut section = Vec::new();
        CustomSection { name: name.into(), data: data.into() }.append_to(&mut section);
        for place in 0..=pieces.len() {
            let mut changed = pieces.clone();
            changed.insert(place, section.clone());
            extra.push(joined(&changed));
        }
    }
    let extra = signed.refuse_all(extra);
    println!("added: {extra:?}");
    assert!(extra.altered > 0, "a bundle of one asset more is one");
}

/// The one place of a signature that is not signed: the text of its first line, from
/// the end of `untrusted comment: ` to the line feed (in a text with CRLF the CR is
/// part of it: without it the line ends in LF).
fn free(text: &str) -> Range<usize> {
    let prefix = "untrusted comment: ";
    assert!(text.starts_with(prefix));
    prefix.len()..text.find('\n').unwrap()
}

#[test]
fn each_bit_of_a_signature_counts_but_those_of_the_untrusted_comment() {
    let signed = Signed::new();
    for line_end in ["\n", "\r\n"] {
        let text = signed.signature.text().replace('\n', line_end);
        let free = free(&text);
        let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                // A line feed in the comment makes five lines of four.
                let expected = free.contains(&at) && bytes[at] != b'\n';
                let what = match String::from_utf8(bytes) {
                    Err(_) => "not a text",
                    Ok(changed) => {
                        let is_admitted = signed.admits(&changed);
                        assert_eq!(is_admitted, expected, "byte {at}, bit {bit}: {changed:?}");
                        if is_admitted { "admitted: untrusted comment" } else { "refused" }
                    }
                };
                *totals.entry(what).or_default() += 1;
            }
        }
        println!("turned bits of the signature, line end {line_end:?}: {totals:?}");
        assert_eq!(totals.values().sum::<usize>(), text.len() * 8);
        // The eighth bit makes no text of ASCII, and a few others make line feeds.
        assert!(totals["admitted: untrusted comment"] > free.len() * 6);

        for length in 0..text.len() {
            // The last line needs no end.
            let expected = length + line_end.len() == text.len();
            assert_eq!(signed.admits(&text[..length]), expected, "{length} bytes, line end {line_end:?}");
        }
    }
}

#[test]
fn what_else_can_be_done_to_a_signature_is_refused() {
    let signed = Signed::new();
    let text = signed.signature.text();
    assert!(signed.admits(&text.replace("signature from rsign secret key", "\u{1f600} whatever, by whomever")));
    let other = signed.author.sign_text(b"another file");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (mine, others) = (lines(text), lines(&other));
    // Lines of a signature of another file, by the same key, in their places.
    for taken in 1..8_usize {
        let mut mixed = mine.clone();
        for line in 1..4 {
            if (taken >> (line - 1)) & 1 == 1 {
                mixed[line].clone_from(&others[line]);
            }
        }
        // Both have the same trusted comment.
        let is_whole = mixed == mine;
        assert_eq!(signed.admits(&mixed.join("\n")), is_whole, "{taken:03b}");
    }
    for changed in [
        format!("{text}{text}"),
        format!("{text}\n"),
        format!("\n{text}"),
        format!("\u{feff}{text}"),
        text.replace('\n', "\r"),
        text.replace('\n', " \n"),
        text.to_lowercase(),
        [&mine[2..], &mine[..2]].concat().join("\n"),
    ] {
        assert!(!signed.admits(&changed), "{changed:?}");
    }
}
