//! Which statements about replaced keys count: a stolen key that rotates first is won
//! back, strangers' statements say nothing, and nothing that lies beside a bundle makes
//! it unusable.

use std::sync::LazyLock;

use std::collections::BTreeSet;

use mprun_core::trust::{
    Ignored, Known, Lineages, Occasion, PublicKey, Refused, Rotation, RotationError, Trust, namespace,
};
use proptest::prelude::*;

use super::{AUTHOR, BYTES, Pair, REVIEWER, all_sign, ask, author_of, rotate, trust};

/// Who takes part. The last two know nobody.
const NAMES: [&str; 7] = ["plum", "plum2", "plum3", "thief", "eve", "stranger", "alien"];
/// Those of [`NAMES`] who may be in a trust file, or in what was recorded.
const ACQUAINTED: usize = 5;

static PEOPLE: LazyLock<[Pair; 7]> = LazyLock::new(|| [(); 7].map(|()| Pair::new()));

/// All statements that these people can make.
static STATEMENTS: LazyLock<Vec<Vec<Option<Rotation>>>> = LazyLock::new(|| {
    let row = |old: usize| -> Vec<Option<Rotation>> {
        (0..7).map(move |new| (old != new).then(|| rotate(&PEOPLE[old], &PEOPLE[new]))).collect()
    };
    (0..7).map(row).collect()
});

fn person(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).unwrap()
}

fn pair(name: &str) -> &'static Pair {
    &PEOPLE[person(name)]
}

/// `plum>plum2 plum2>plum3`.
fn statements(text: &str) -> Vec<Rotation> {
    let pair = |pair: &str| {
        let (old, new) = pair.split_once('>').unwrap();
        STATEMENTS[person(old)][person(new)].clone().unwrap()
    };
    text.split_whitespace().map(pair).collect()
}

/// `plum !thief`: two authors, the second one revoked.
fn file(text: &str) -> Trust {
    let entry = |name: &str| match name.strip_prefix('!') {
        Some(name) => pair(name).entry(name, &format!("{AUTHOR}\nrevoked = \"stolen\"")),
        None => pair(name).entry(name, AUTHOR),
    };
    trust(&text.split_whitespace().map(entry).collect::<Vec<_>>())
}

fn name_of(rotation: &Rotation) -> String {
    let name = |key: &PublicKey| NAMES[PEOPLE.iter().position(|pair| pair.key == *key).unwrap()];
    format!("{}>{}", name(rotation.old()), name(rotation.new_key()))
}

fn names_of(rotations: &[Rotation]) -> String {
    rotations.iter().map(name_of).collect::<Vec<_>>().join(" ")
}

/// What is ignored, and why in one word.
fn reasons(known: &Known) -> String {
    let reason = |(rotation, why): &(Rotation, Ignored)| {
        let why = match why {
            Ignored::Revoked { .. } => "revoked",
            Ignored::Unconnected => "unconnected",
            Ignored::Contradiction(RotationError::Fork { .. }) => "fork",
            Ignored::Contradiction(RotationError::Join { .. }) => "join",
            Ignored::Contradiction(RotationError::Circle { .. }) => "circle",
            Ignored::Contradiction(other) => panic!("{other}"),
        };
        format!("{}:{why}", name_of(rotation))
    };
    known.ignored.iter().map(reason).collect::<Vec<_>>().join(" ")
}

/// Who was replaced by whom, of all.
fn successors(lineages: &Lineages) -> Vec<Option<String>> {
    PEOPLE.iter().map(|pair| lineages.successor(&pair.key).map(ToString::to_string)).collect()
}

#[test]
fn statements_count_by_the_trust_file_by_what_was_recorded_and_by_each_other() {
    for (what, file_text, recorded, brought, used, ignored, void) in [
        ("nothing", "plum", "", "", "", "", ""),
        ("a first statement", "plum", "", "plum>plum2", "plum>plum2", "", ""),
        ("only the successor is listed", "plum2", "", "plum>plum2", "plum>plum2", "", ""),
        ("known already: kept with the bundle", "plum", "plum>plum2", "plum>plum2", "plum>plum2", "", ""),
        ("twice the same", "plum", "", "plum>plum2 plum>plum2", "plum>plum2", "", ""),
        (
            "connected by another one, which stands behind it",
            "plum",
            "",
            "plum2>plum3 plum>plum2",
            "plum2>plum3 plum>plum2",
            "",
            "",
        ),
        ("connected by a recorded one", "", "plum>plum2", "plum2>plum3", "plum2>plum3", "", ""),
        ("connected before the first one", "plum2", "plum2>plum3", "plum>plum2", "plum>plum2", "", ""),
        (
            "strangers",
            "plum",
            "",
            "stranger>alien plum>plum2 alien>stranger",
            "plum>plum2",
            "stranger>alien:unconnected alien>stranger:unconnected",
            "",
        ),
        ("nobody is trusted", "", "", "plum>plum2", "", "plum>plum2:unconnected", ""),
        ("a fork of a recorded one", "plum", "plum>thief", "plum>plum2", "", "plum>plum2:fork", ""),
        (
            "what hangs on a fork is a stranger's",
            "plum",
            "plum>plum2",
            "plum>thief thief>stranger",
            "",
            "plum>thief:fork thief>stranger:unconnected",
            "",
        ),
        (
            "a fork among those that came: the first",
            "plum",
            "",
            "plum>plum2 plum>thief",
            "plum>plum2",
            "plum>thief:fork",
            "",
        ),
        ("a circle", "plum", "plum>plum2 plum2>plum3", "plum3>plum", "", "plum3>plum:circle", ""),
        ("a join", "plum", "plum>plum2", "eve>plum2", "", "eve>plum2:join", ""),
        ("the thief was first", "plum !thief", "plum>thief", "plum>plum2", "plum>plum2", "", "plum>thief"),
        (
            "the thief was first, and has gone on",
            "plum !thief",
            "plum>thief thief>eve",
            "plum>plum2",
            "plum>plum2",
            "",
            "plum>thief",
        ),
        ("the thief comes again", "plum !thief", "", "plum>thief plum>plum2", "plum>plum2", "plum>thief:revoked", ""),
        ("void, and nothing instead", "plum !thief", "plum>thief", "", "", "", "plum>thief"),
        ("a replaced key is revoked: its statement stays", "!plum plum2", "plum>plum2", "", "", "", ""),
        (
            "a revoked key in the middle cuts its lineage",
            "plum !plum2 plum3",
            "plum>plum2",
            "plum2>plum3",
            "plum2>plum3",
            "",
            "plum>plum2",
        ),
    ] {
        let known = file(file_text).known(&statements(recorded), &statements(brought));
        assert_eq!(names_of(&known.used), used, "{what}");
        assert_eq!(reasons(&known), ignored, "{what}");
        assert_eq!(names_of(&known.void), void, "{what}");
        for (_, why) in &known.ignored {
            assert!(!why.to_string().is_empty(), "{what}");
        }
    }
}

#[test]
fn a_stolen_key_that_rotates_first_is_won_back() {
    let recorded = statements("plum>thief");
    let brought = statements("plum>plum2");
    let signed = all_sign(&[pair("plum2")]);
    let by_thief = all_sign(&[pair("thief")]);

    let before = file("plum");
    let known = before.known(&recorded, &brought);
    assert!(ask(&before, &by_thief, &known.lineages, Occasion::Install).is_ok());
    let refused = ask(&before, &signed, &known.lineages, Occasion::Install).unwrap_err();
    assert!(matches!(refused, Refused::UnknownSigner { .. }), "{refused}");
    // The reason is beside it, and what it says to write is what helps.
    let [(_, why)] = known.ignored.as_slice() else { panic!("{:?}", known.ignored) };
    let hint = why.hint().unwrap();
    let lines = hint.split_once('\n').unwrap().1.replace("NAME", "thief");
    let after = trust(&[pair("plum").entry("plum", AUTHOR), lines]);

    let known = after.known(&recorded, &brought);
    let admitted = ask(&after, &signed, &known.lineages, Occasion::Install).unwrap();
    assert_eq!(author_of(&admitted).1, &pair("plum2").key);
    assert_eq!(admitted.program_id().namespace(), namespace(&pair("plum").key));
    assert!(ask(&after, &by_thief, &known.lineages, Occasion::Load).is_err());
}

#[test]
fn a_replaced_reviewer_counts_with_the_statement_and_without_it() {
    let [author, anna, next] = [pair("plum"), pair("eve"), pair("alien")];
    let rule = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\"]\nthreshold = 1\n".to_owned();
    let trust = trust(&[author.entry("a", AUTHOR), anna.entry("anna", REVIEWER), rule]);
    let rotation = statements("eve>alien");
    let by_next = all_sign(&[author, next]);
    let by_anna = all_sign(&[author, anna]);
    let brought = trust.known(&[], &rotation);
    assert!(ask(&trust, &by_next, &brought.lineages, Occasion::Install).is_ok());
    assert_eq!(brought.used, rotation);
    // Once it is recorded, it need not be brought, and the old key reviews nothing new.
    let recorded = trust.known(&brought.used, &[]);
    assert!(ask(&trust, &by_next, &recorded.lineages, Occasion::Load).is_ok());
    let refused = ask(&trust, &by_anna, &recorded.lineages, Occasion::Install).unwrap_err();
    assert!(matches!(refused, Refused::TooFewReviewers { have: 0, .. }), "{refused}");
}

#[test]
fn one_trusted_key_knows_its_own_lineage() {
    let trust = Trust::of_key(pair("plum").key.clone());
    let known = trust.known(&[], &statements("stranger>alien plum2>plum3 plum>plum2"));
    assert_eq!(names_of(&known.used), "plum2>plum3 plum>plum2");
    assert_eq!(reasons(&known), "stranger>alien:unconnected");
    let signed = [pair("plum3").sign(&BYTES)];
    assert!(ask(&trust, &signed, &known.lineages, Occasion::Install).is_ok());
}

/// What somebody may have in a trust file: some listed, some of those revoked.
fn any_file() -> impl Strategy<Value = (Trust, Vec<bool>)> {
    prop::collection::vec(0_u8..3, ACQUAINTED).prop_map(|kinds| {
        let entry = |(kind, name): (&u8, &&str)| match kind {
            0 => String::new(),
            1 => (*name).to_owned(),
            _ => format!("!{name}"),
        };
        let text: Vec<_> = kinds.iter().zip(&NAMES).map(entry).collect();
        let mut revoked: Vec<bool> = kinds.iter().map(|kind| *kind == 2).collect();
        revoked.resize(NAMES.len(), false);
        (file(&text.join(" ")), revoked)
    })
}

fn any_statements(people: usize, most: usize) -> impl Strategy<Value = Vec<Rotation>> {
    prop::collection::vec((0..people, 0..people), 0..=most)
        .prop_map(|pairs| pairs.into_iter().filter_map(|(old, new)| STATEMENTS[old][new].clone()).collect())
}

/// What a registry can have: no two contradict each other.
fn any_recorded() -> impl Strategy<Value = Vec<Rotation>> {
    any_statements(ACQUAINTED, 6).prop_map(|all| {
        let mut lineages = Lineages::default();
        all.into_iter().filter(|rotation| lineages.add(rotation.clone()) == Ok(true)).collect()
    })
}

fn is_one_of(rotation: &Rotation, all: &[Rotation]) -> bool {
    all.iter().any(|other| name_of(other) == name_of(rotation))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_counts_is_what_a_registry_would_keep(
        (trust, revoked) in any_file(),
        recorded in any_recorded(),
        brought in any_statements(NAMES.len(), 8),
    ) {
        let is_revoked = |rotation: &Rotation| {
            revoked[PEOPLE.iter().position(|pair| pair.key == *rotation.new_key()).unwrap()]
        };
        let known = trust.known(&recorded, &brought);

        // Each of those that came is used or ignored; a repetition is one of them.
        for rotation in &brought {
            let ignored: Vec<_> = known.ignored.iter().map(|(rotation, _)| rotation.clone()).collect();
            prop_assert!(is_one_of(rotation, &known.used) != is_one_of(rotation, &ignored));
        }
        prop_assert!(known.used.len() + known.ignored.len() <= brought.len());
        // A revoked key replaces nothing.
        prop_assert!(!known.used.iter().any(is_revoked));
        let void: Vec<_> = recorded.iter().filter(|rotation| is_revoked(rotation)).cloned().collect();
        prop_assert_eq!(&known.void, &void);
        // What was recorded stays, whatever came.
        let kept: Vec<_> = recorded.iter().filter(|rotation| !is_revoked(rotation)).cloned().collect();
        for rotation in &kept {
            prop_assert_eq!(known.lineages.successor(rotation.old()), Some(rotation.new_key()));
        }
        // A registry that forgets what is void and records what is used, in this order,
        // finds no contradiction and knows the same.
        let mut lineages = Lineages::default();
        let mut next = Vec::new();
        for rotation in kept.iter().chain(&known.used) {
            if lineages.add(rotation.clone()).unwrap() {
                next.push(rotation.clone());
            }
        }
        prop_assert_eq!(successors(&lineages), successors(&known.lineages));
        let again = trust.known(&next, &brought);
        prop_assert_eq!(names_of(&again.used), names_of(&known.used));
        prop_assert_eq!(successors(&again.lineages), successors(&known.lineages));
        prop_assert!(again.void.is_empty());
        // And for what came with the bundle, it knows the same without it.
        let alone = trust.known(&next, &known.used);
        prop_assert_eq!(&alone.used, &known.used);
        prop_assert!(alone.ignored.is_empty());
    }

    #[test]
    fn strangers_change_nothing_wherever_they_stand(
        (trust, _) in any_file(),
        recorded in any_recorded(),
        brought in any_statements(ACQUAINTED, 5),
        junk in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..6),
    ) {
        let known = trust.known(&recorded, &brought);
        let mut all = brought;
        let among_strangers = statements("stranger>alien alien>stranger");
        for (at, which) in &junk {
            let at = at.index(all.len() + 1);
            all.insert(at, among_strangers[usize::from(*which)].clone());
        }
        let with_junk = trust.known(&recorded, &all);
        prop_assert_eq!(&with_junk.used, &known.used);
        prop_assert_eq!(successors(&with_junk.lineages), successors(&known.lineages));
        // One that came twice is said once.
        let kinds: BTreeSet<bool> = junk.iter().map(|(_, which)| *which).collect();
        prop_assert_eq!(with_junk.ignored.len(), known.ignored.len() + kinds.len());
    }
}
