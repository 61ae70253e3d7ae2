//! Keys that replace keys: programs stay whose they were, and nobody gets into a
//! lineage, or another's key into theirs, without both keys.

use std::slice::from_ref;

use mprun_core::trust::{
    Date, KeyError, Lineages, Occasion, Party, PublicKey, ROTATIONS_BYTES_MAX, ROTATIONS_MAX, Refused, Rotation,
    RotationError, Signature, SignatureError, Trust, namespace,
};
use proptest::prelude::*;

use super::{AUTHOR, BYTES, Pair, all_sign, ask, author_of, lineage, rotate, trust};

fn people<const N: usize>() -> [Pair; N] {
    [(); N].map(|()| Pair::new())
}

#[test]
fn a_program_keeps_its_namespace_from_key_to_key() {
    let [a, b, c, stranger] = people();
    let trust = trust(&[a.entry("plum-lane", AUTHOR)]);
    let lineages = lineage(&[&a, &b, &c]);
    let all = [&a.key, &b.key, &c.key];
    assert!(all.iter().all(|key| lineages.root(key) == a.key));
    assert_eq!(lineages.root(&stranger.key), stranger.key);
    assert_eq!(lineages.ancestors(&c.key).collect::<Vec<_>>(), [&b.key, &a.key]);
    assert_eq!(lineages.ancestors(&a.key).count(), 0);
    assert_eq!(lineages.successor(&a.key), Some(&b.key));
    assert_eq!(lineages.successor(&c.key), None);

    let program = format!("{}/test", namespace(&a.key));
    for (pair, occasion, is_admitted) in [
        (&a, Occasion::Load, true),
        (&b, Occasion::Load, true),
        (&c, Occasion::Load, true),
        (&a, Occasion::Install, false),
        (&b, Occasion::Install, false),
        (&c, Occasion::Install, true),
    ] {
        match ask(&trust, &[pair.sign(&BYTES)], &lineages, occasion) {
            Ok(admitted) => {
                assert!(is_admitted);
                assert_eq!(author_of(&admitted), ("plum-lane", &pair.key, vec![]));
                assert_eq!(admitted.program_id().to_string(), program);
            }
            Err(refused) => assert!(!is_admitted && matches!(refused, Refused::Replaced { .. }), "{refused}"),
        }
    }
    // Where both signed, the newest one stands for both.
    let admitted = ask(&trust, &all_sign(&[&a, &c, &b]), &lineages, Occasion::Load).unwrap();
    assert_eq!(author_of(&admitted).1, &c.key);
}

#[test]
fn a_revoked_key_gives_nothing_to_its_successors() {
    let [a, b, c] = people();
    let lineages = lineage(&[&a, &b, &c]);
    let revoked = a.entry("old", &format!("{AUTHOR}\nrevoked = \"stolen\""));
    for occasion in [Occasion::Load, Occasion::Install] {
        let refused = ask(&trust(from_ref(&revoked)), &[c.sign(&BYTES)], &lineages, occasion).unwrap_err();
        assert_eq!(refused, Refused::Revoked { name: "old".into(), reason: "stolen".into() });
    }
    // An entry of its own, or that of a nearer ancestor, wins. The namespace stays.
    for (pair, name) in [(&b, "next"), (&c, "newest")] {
        let trust = trust(&[revoked.clone(), pair.entry(name, AUTHOR)]);
        let admitted = ask(&trust, &[c.sign(&BYTES)], &lineages, Occasion::Install).unwrap();
        assert_eq!(author_of(&admitted).0, name);
        assert_eq!(admitted.program_id().namespace(), namespace(&a.key));
    }
    // And one that is worse wins as well.
    let worse = trust(&[a.entry("old", AUTHOR), c.entry("newest", &format!("{AUTHOR}\nvalid_until = 2026-01-01"))]);
    let refused = ask(&worse, &[c.sign(&BYTES)], &lineages, Occasion::Install).unwrap_err();
    assert!(matches!(refused, Refused::Expired { name, .. } if name == "newest"));
}

#[test]
fn successors_are_reviewers_too_and_one_person() {
    let [author, anna, next] = people();
    let rule = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\"]\nthreshold = 1\n".to_owned();
    let trust = trust(&[author.entry("a", AUTHOR), anna.entry("anna", "roles = [\"reviewer\"]"), rule]);
    let lineages = lineage(&[&anna, &next]);
    for (signers, occasion, is_admitted) in [
        (vec![&author, &next], Occasion::Install, true),
        (vec![&author, &anna], Occasion::Install, false),
        (vec![&author, &anna], Occasion::Load, true),
        (vec![&author, &anna, &next], Occasion::Load, true),
    ] {
        let admitted = ask(&trust, &all_sign(&signers), &lineages, occasion);
        assert_eq!(admitted.is_ok(), is_admitted, "{admitted:?}");
        if let Ok(admitted) = admitted {
            assert_eq!(author_of(&admitted).2, ["anna"]);
        }
    }
}

#[test]
fn forks_and_circles_are_refused_and_change_nothing() {
    let [a, b, c, d] = people();
    let mut lineages = Lineages::default();
    // Any order: first the later one.
    assert_eq!(lineages.add(rotate(&b, &c)), Ok(true));
    assert_eq!(lineages.add(rotate(&a, &b)), Ok(true));
    assert_eq!(lineages.add(rotate(&a, &b)), Ok(false), "known already, by another signature of the same");
    let [ia, ib, ic, id] = [&a, &b, &c, &d].map(|pair| pair.key.key_id());
    let key = |pair: &Pair| pair.key.clone();
    for (rotation, expected) in [
        (rotate(&a, &d), RotationError::Fork { old: ia, known: key(&b), new: key(&d) }),
        (rotate(&b, &d), RotationError::Fork { old: ib, known: key(&c), new: key(&d) }),
        (rotate(&d, &c), RotationError::Join { new: ic, known: ib, old: id }),
        (rotate(&c, &b), RotationError::Join { new: ib, known: ia, old: ic }),
        (rotate(&c, &a), RotationError::Circle { new: ia, old: ic }),
    ] {
        assert!(expected.hint().is_some() || matches!(expected, RotationError::Circle { .. }));
        assert_eq!(lineages.add(rotation), Err(expected));
    }
    assert_eq!(lineages.successor(&c.key), None);
    assert_eq!(lineages.root(&d.key), d.key);
    assert_eq!(lineages.root(&c.key), a.key);
    let error = Rotation::assemble(&a.key, &a.key, "", "").unwrap_err();
    assert_eq!(error, RotationError::SameKey { key_id: ia });
}

#[test]
fn a_lineage_has_an_end() {
    let all: Vec<_> = (0..ROTATIONS_MAX + 2).map(|_| Pair::new()).collect();
    let most: Vec<_> = all[..ROTATIONS_MAX + 1].iter().collect();
    let mut lineages = lineage(&most);
    let (last, more) = (most[ROTATIONS_MAX], &all[ROTATIONS_MAX + 1]);
    assert_eq!(lineages.ancestors(&last.key).count(), ROTATIONS_MAX);
    let count = ROTATIONS_MAX + 1;
    assert_eq!(lineages.add(rotate(last, more)), Err(RotationError::TooLong { count }));
    assert_eq!(lineages.add(rotate(more, most[0])), Err(RotationError::TooLong { count }));
}

#[test]
fn both_keys_sign_these_two_keys_in_this_order() {
    let [a, b, thief] = people();
    let statement = Rotation::statement(&a.key, &b.key);
    assert_eq!(statement, format!("mprun key rotation 1\n{}\n{}\n", a.key, b.key));
    let sign = |pair: &Pair, text: &str| pair.sign_text(text.as_bytes());
    let (by_a, by_b, by_thief) = (sign(&a, &statement), sign(&b, &statement), sign(&thief, &statement));
    let other_way = Rotation::statement(&b.key, &a.key);
    let without_end = statement.trim_end();
    let mismatch = |pair: &Pair| SignatureError::Mismatch { key_id: pair.key.key_id() };
    let by_another = |pair: &Pair| SignatureError::OtherKey { expected: pair.key.key_id(), got: thief.key.key_id() };
    for (by_old, by_new, party, reason) in [
        (&by_thief, &by_b, Party::Old, by_another(&a)),
        // The countersignature: without it, b and its programs would be the thief's.
        (&by_a, &by_thief, Party::New, by_another(&b)),
        (&by_a, &String::new(), Party::New, SignatureError::Lines { lines: 0 }),
        (&sign(&a, &other_way), &by_b, Party::Old, mismatch(&a)),
        (&by_a, &sign(&b, &other_way), Party::New, mismatch(&b)),
        (&sign(&a, without_end), &by_b, Party::Old, mismatch(&a)),
    ] {
        let error = Rotation::assemble(&a.key, &b.key, by_old, by_new).unwrap_err();
        assert_eq!(error, RotationError::Signature { party, reason });
        assert!(error.hint().is_some());
    }
    let swapped = Rotation::assemble(&a.key, &b.key, &by_b, &by_a);
    assert!(matches!(swapped, Err(RotationError::Signature { party: Party::Old, .. })));
    assert!(Rotation::assemble(&a.key, &b.key, &by_a, &by_b).is_ok());
}

#[test]
fn rotations_are_eleven_lines_each() {
    let [a, b, c] = people();
    let (first, second) = (rotate(&a, &b), rotate(&b, &c));
    assert_eq!(first.text().lines().count(), 11);
    assert_eq!((first.old(), first.new_key()), (&a.key, &b.key));
    let both = format!("{}{}", first.text(), second.text());
    for text in [both.clone(), both.replace('\n', "\r\n"), both.trim_end().to_owned()] {
        assert_eq!(Rotation::decode_all(&text), Ok(vec![first.clone(), second.clone()]));
    }

    let without = |from: usize, to: usize| {
        let lines: Vec<_> = first.text().lines().collect();
        [&lines[..from], &lines[to..]].concat().join("\n")
    };
    let text = first.text();
    let cases: [(&str, &str); 9] = [
        ("", "expected 11 lines for each key rotation, got 0 lines"),
        // The countersignature is missing.
        (&without(7, 11), "expected 11 lines for each key rotation, got 7 lines"),
        (&format!("{text}\n"), "expected 11 lines for each key rotation, got 12 lines"),
        (&without(0, 1), "expected a key rotation, which begins with `mprun key rotation 1`, got `RW"),
        (&text.replace("rotation 1", "rotation 2"), "expected a key rotation of version 1, got `mprun key rotation 2`"),
        ("\u{1b}[2J", "expected a key rotation, which begins with `mprun key rotation 1`, got `\u{fffd}[2J`"),
        (
            &text.replace(&a.key.to_string(), "RW"),
            "the old key: expected a minisign public key of 56 characters, got 2",
        ),
        (&text.repeat(ROTATIONS_MAX + 1), "expected at most 32 key rotations, got 33"),
        (&" ".repeat(ROTATIONS_BYTES_MAX + 1), "expected at most 270336 bytes of key rotations, got 270337"),
    ];
    for (text, expected) in cases {
        let error = Rotation::decode_all(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let key = Rotation::decode_all(&text.replace(&b.key.to_string(), "RW")).unwrap_err();
    assert_eq!(key, RotationError::Key { party: Party::New, reason: KeyError::Length { chars: 2 } });
}

/// The text of the two untrusted comments is all that anybody can change.
#[test]
fn each_bit_of_a_rotation_is_signed_but_two_comments() {
    let [a, b] = people();
    let rotation = rotate(&a, &b);
    let prefix = "untrusted comment: ";
    let mut free = vec![false; rotation.text().len()];
    for (start, _) in rotation.text().match_indices(prefix) {
        let line_end = start + rotation.text()[start..].find('\n').unwrap();
        free[start + prefix.len()..line_end].fill(true);
    }
    let mut taken = 0;
    for (at, is_free) in free.into_iter().enumerate() {
        for bit in 0..8 {
            let mut bytes = rotation.text().as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let is_line_feed = bytes[at] == b'\n';
            let Ok(text) = String::from_utf8(bytes) else { continue };
            match Rotation::decode_all(&text) {
                Ok(all) => {
                    assert!(is_free && !is_line_feed, "byte {at}, bit {bit}");
                    assert_eq!((all.len(), all[0].old(), all[0].new_key()), (1, &a.key, &b.key));
                    taken += 1;
                }
                Err(error) => assert!(!is_free || is_line_feed, "byte {at}, bit {bit}: {error}"),
            }
        }
    }
    assert!(taken > 0);
    for length in 0..rotation.text().len() {
        let is_whole = length + 1 == rotation.text().len();
        assert_eq!(Rotation::decode_all(&rotation.text()[..length]).is_ok(), is_whole, "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_text_makes_the_readers_panic(text in any::<String>(), lines in prop::collection::vec("[ -~]{0,60}", 0..24)) {
        let lines = lines.join("\n");
        for text in [&text, &lines, &format!("mprun key rotation 1\n{lines}"), &format!("untrusted comment: {lines}")] {
            let _ = Rotation::decode_all(text);
            let _ = Signature::decode(text);
            let _ = PublicKey::parse_file(text);
            let _ = text.parse::<PublicKey>();
            let _ = text.parse::<Date>();
            let _ = Trust::parse(text);
        }
    }

    /// Texts that are nearly right reach further.
    #[test]
    fn no_damage_makes_the_readers_panic(cut in 0_usize..1000, at in 0_usize..1000, with in "[A-Za-z0-9+/=\n \u{e9}]{0,9}") {
        let [a, b] = people();
        let rotation = rotate(&a, &b);
        for text in [rotation.text(), &a.sign_text(b"x"), &format!("untrusted comment: x\n{}\n", a.key), &a.key.to_string()] {
            let (at, cut) = (at % (text.len() + 1), cut % 40);
            let damaged = format!("{}{with}{}", &text[..at], &text[(at + cut).min(text.len())..]);
            let _ = Rotation::decode_all(&damaged);
            let _ = Signature::decode(&damaged);
            let _ = PublicKey::parse_file(&damaged);
        }
    }
}
