//! Whose bundles are admitted: each reason to refuse with its message and hint, dates,
//! patterns, thresholds, lineages. Keys are made anew in each run, with the crate that
//! minisign's author wrote; that minisign itself agrees is tested with the command.

mod file;
mod known;
mod rotation;
mod signed;

use std::{slice::from_ref, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minisign::KeyPair;
use mprun_core::{
    bundle::{Bundle, Verified, verify},
    trust::{
        Admitted, Date, Lineages, Occasion, PassedOver, PublicKey, Refused, Rotation, SIGNATURES_MAX, Signature,
        Standing, Trust, namespace,
    },
};

use crate::fixtures::small_bundle;

/// The file that everybody signs; its `app_id` is `test`.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| small_bundle().bytes().to_vec());

const TODAY: &str = "2026-11-22";
const NOT_THESE: &[u8] = b"not the bundle";
const AUTHOR: &str = "roles = [\"author\"]\nmay_publish = [\"test\"]";
const REVIEWER: &str = "roles = [\"reviewer\"]";
const BOTH: &str = "roles = [\"author\", \"reviewer\"]\nmay_publish = [\"*\"]";
const TWO_OF_THREE: &str = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\", \"ben\", \"cleo\"]\nthreshold = 2\n";

/// Somebody with a key.
struct Pair {
    pair: KeyPair,
    key: PublicKey,
}

impl Pair {
    fn new() -> Pair {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let key = PublicKey::parse_file(&pair.pk.to_box().unwrap().into_string()).unwrap();
        Pair { pair, key }
    }

    fn id(&self) -> String {
        self.key.key_id().to_string()
    }

    fn sign_text(&self, bytes: &[u8]) -> String {
        let comment = Some("timestamp:1795380049\tfile:app.wasm\thashed");
        minisign::sign(Some(&self.pair.pk), &self.pair.sk, bytes, comment, None).unwrap().into_string()
    }

    fn sign(&self, bytes: &[u8]) -> Signature {
        Signature::decode(&self.sign_text(bytes)).unwrap()
    }

    /// What the trust file says of this key.
    fn entry(&self, name: &str, rest: &str) -> String {
        format!("[keys.{name}]\npublic_key = \"{}\"\n{rest}\n", self.key)
    }
}

fn rotate(old: &Pair, new: &Pair) -> Rotation {
    let statement = Rotation::statement(&old.key, &new.key);
    let (by_old, by_new) = (old.sign_text(statement.as_bytes()), new.sign_text(statement.as_bytes()));
    Rotation::assemble(&old.key, &new.key, &by_old, &by_new).unwrap()
}

/// Each of these replaces the one before.
fn lineage(pairs: &[&Pair]) -> Lineages {
    let mut lineages = Lineages::default();
    for pair in pairs.windows(2) {
        assert_eq!(lineages.add(rotate(pair[0], pair[1])), Ok(true));
    }
    lineages
}

fn trust(entries: &[String]) -> Trust {
    Trust::parse(&entries.concat()).unwrap()
}

fn bundle() -> Verified<Bundle> {
    verify(BYTES.clone()).unwrap()
}

/// The small bundle, today.
fn ask(trust: &Trust, signatures: &[Signature], lineages: &Lineages, occasion: Occasion) -> Result<Admitted, Refused> {
    trust.admit(bundle(), signatures, lineages, TODAY.parse().unwrap(), occasion).map_err(|refused| *refused)
}

/// Without lineages, for something new.
fn install(trust: &Trust, signatures: &[Signature]) -> Result<Admitted, Refused> {
    ask(trust, signatures, &Lineages::default(), Occasion::Install)
}

/// All who signed it sign the bundle.
fn all_sign(pairs: &[&Pair]) -> Vec<Signature> {
    pairs.iter().map(|pair| pair.sign(&BYTES)).collect()
}

fn author_of(admitted: &Admitted) -> (&str, &PublicKey, Vec<&str>) {
    match admitted.standing() {
        Standing::Signed { author, author_key, reviewers } => {
            (author.as_str(), author_key, reviewers.iter().map(String::as_str).collect())
        }
        Standing::Development => panic!("a development program"),
    }
}

#[test]
fn a_signed_bundle_is_its_authors() {
    let author = Pair::new();
    let trust = trust(&[author.entry("plum-lane", AUTHOR)]);
    let admitted = install(&trust, &[author.sign(&BYTES)]).unwrap();
    assert_eq!(author_of(&admitted), ("plum-lane", &author.key, vec![]));
    assert_eq!(admitted.program_id().to_string(), format!("{}/test", namespace(&author.key)));
    assert!(!admitted.standing().is_development());
    assert_eq!(admitted.bundle().bytes(), BYTES.as_slice());
    let (bundle, program_id, standing) = admitted.into_parts();
    assert_eq!((bundle.digest(), program_id.app_id().as_str()), (small_bundle().digest(), "test"));
    assert!(!standing.is_development());
}

#[test]
fn an_unsigned_bundle_is_a_development_program_or_nothing() {
    let admitted = Admitted::development(bundle());
    assert_eq!(admitted.program_id().to_string(), "dev/test");
    assert!(admitted.standing().is_development());
    let refused = install(&Trust::parse("").unwrap(), &[]).unwrap_err();
    assert_eq!(refused.to_string(), "`test` is not signed");
    assert!(refused.hint().is_some_and(|hint| hint.contains("--dev")));
}

#[test]
fn each_reason_to_refuse_has_its_message_and_what_to_do() {
    let [author, next, anna, ben, cleo] = [(); 5].map(|()| Pair::new());
    let with = |rest: &str| trust(&[author.entry("plum-lane", &format!("{AUTHOR}\n{rest}"))]);
    let reviewed = trust(&[
        author.entry("plum-lane", AUTHOR),
        anna.entry("anna", REVIEWER),
        ben.entry("ben", &format!("{REVIEWER}\nvalid_until = 2026-01-01")),
        cleo.entry("cleo", &format!("{REVIEWER}\nrevoked = \"lost\"")),
        TWO_OF_THREE.to_owned(),
    ]);
    let signed = [author.sign(&BYTES)];
    let replaced = lineage(&[&author, &next]);
    let none = Lineages::default();
    let elsewhere = "roles = [\"author\"]\nmay_publish = [\"coffee\", \"com.plumlane.*\"]";
    let everybody = all_sign(&[&author, &anna, &ben, &cleo]);
    let many = vec![signed[0].clone(); SIGNATURES_MAX + 1];

    let cases: [(Trust, &[Signature], &Lineages, String, &str); 12] = [
        (with(""), &[], &none, "`test` is not signed".into(), "mprun sign BUNDLE --key KEY"),
        (with(""), &many, &none, "expected at most 32 signatures, got 33".into(), "remove the others"),
        (
            trust(&[anna.entry("anna", REVIEWER)]),
            &signed,
            &none,
            format!("`test` is signed by nobody in the trust file, only by the key {}", author.id()),
            "may_publish = [\"test\"]",
        ),
        (
            Trust::of_key(anna.key.clone()),
            &signed,
            &none,
            format!("expected a signature of `test` by the key {}, got one by the key {}", anna.id(), author.id()),
            "ask the publisher for their public key",
        ),
        (
            reviewed.clone(),
            &everybody[1..2],
            &none,
            "expected a signature by an author of `test`, got one by `anna`, who is a reviewer only".into(),
            "may_publish = [\"test\"]",
        ),
        (
            with("revoked = \"2026-11-02: laptop stolen\""),
            &signed,
            &none,
            "the key of `plum-lane` was revoked: 2026-11-02: laptop stolen".into(),
            "remove `revoked` under `[keys.plum-lane]`",
        ),
        (
            trust(&[author.entry("plum-lane", elsewhere)]),
            &signed,
            &none,
            "`plum-lane` may not publish `test`, only `coffee`, `com.plumlane.*`".into(),
            "may_publish = [\"coffee\", \"com.plumlane.*\", \"test\"]",
        ),
        (
            with("valid_from = 2026-11-23"),
            &signed,
            &none,
            "the key of `plum-lane` is valid from 2026-11-23 on, today is 2026-11-22".into(),
            "valid_from = 2026-11-22",
        ),
        (
            with("valid_until = 2026-11-21"),
            &signed,
            &none,
            "the key of `plum-lane` was valid until 2026-11-21, today is 2026-11-22".into(),
            "valid_until = ",
        ),
        (
            with(""),
            &signed,
            &replaced,
            format!("`plum-lane` has replaced the key {} by {}, so it signs nothing new", author.id(), next.id()),
            "get a version that is signed with the key ",
        ),
        (
            reviewed.clone(),
            &everybody,
            &none,
            "expected signatures by 2 of the reviewers `anna`, `ben`, `cleo`, got 1 \
             (`ben` is not valid any more, `cleo` was revoked)"
                .into(),
            "1 more of them must sign",
        ),
        (
            reviewed.clone(),
            &signed,
            &none,
            "expected signatures by 2 of the reviewers `anna`, `ben`, `cleo`, got 0".into(),
            "2 more of them must sign",
        ),
    ];
    for (trust, signatures, lineages, expected, hint) in cases {
        let refused = ask(&trust, signatures, lineages, Occasion::Install).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        let got = refused.hint().unwrap_or_default();
        assert!(got.contains(hint), "{expected}: {got}");
    }

    let refused = install(&with(""), &[author.sign(NOT_THESE)]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("no signature by `plum-lane` (key {}) fits the file: it is not the one that was signed", author.id())
    );
    assert!(refused.hint().is_some_and(|hint| hint.starts_with("get the file and its signatures again")));
}

#[test]
fn the_hint_for_an_unknown_signer_is_what_the_trust_file_needs() {
    let author = Pair::new();
    let signed = [author.sign(&BYTES)];
    let hint = install(&Trust::parse("").unwrap(), &signed).unwrap_err().hint().unwrap();
    let (_, lines) = hint.split_once('\n').unwrap();
    let lines = lines.replace("NAME", "plum-lane").replace("RW…", &author.key.to_string());
    assert!(lines.contains(&author.id()));
    assert!(install(&Trust::parse(&lines).unwrap(), &signed).is_ok(), "{lines}");
}

#[test]
fn both_days_of_a_key_are_its_own() {
    let author = Pair::new();
    let trust = trust(&[author.entry("a", &format!("{AUTHOR}\nvalid_from = 2026-01-31\nvalid_until = 2026-02-28"))]);
    let signed = [author.sign(&BYTES)];
    let on = |day: &str| {
        let day: Date = day.parse().unwrap();
        trust.admit(bundle(), &signed, &Lineages::default(), day, Occasion::Load).map_err(|refused| *refused)
    };
    assert!(matches!(on("2026-01-30"), Err(Refused::NotYetValid { .. })));
    assert!(on("2026-01-31").is_ok());
    assert!(on("2026-02-28").is_ok());
    assert!(matches!(on("2026-03-01"), Err(Refused::Expired { .. })));
}

#[test]
fn patterns_are_whole_names_or_beginnings() {
    let author = Pair::new();
    let signed = [author.sign(&BYTES)];
    for (pattern, fits) in [
        ("test", true),
        ("*", true),
        ("t*", true),
        ("test*", true),
        ("tes", false),
        ("tes.*", false),
        ("test.*", false),
        ("testy", false),
        ("est*", false),
    ] {
        let trust =
            trust(&[author.entry("a", &format!("roles = [\"author\"]\nmay_publish = [\"other\", \"{pattern}\"]"))]);
        assert_eq!(install(&trust, &signed).is_ok(), fits, "{pattern}");
    }
}

#[test]
fn two_of_three_reviewers_are_enough_and_one_is_not() {
    let [author, anna, ben, cleo, dora] = [(); 5].map(|()| Pair::new());
    let trust = trust(&[
        author.entry("plum-lane", AUTHOR),
        anna.entry("anna", REVIEWER),
        ben.entry("ben", REVIEWER),
        cleo.entry("cleo", REVIEWER),
        dora.entry("dora", REVIEWER),
        TWO_OF_THREE.to_owned(),
        "[[reviews]]\napp_ids = [\"com.*\"]\nreviewers = [\"dora\"]\nthreshold = 1\n".to_owned(),
    ]);
    let people = [("anna", &anna), ("ben", &ben), ("cleo", &cleo)];
    for bits in 0..8_u32 {
        let who: Vec<_> = people.iter().enumerate().filter(|(n, _)| (bits >> n) & 1 == 1).map(|(_, who)| who).collect();
        let mut signatures = vec![author.sign(&BYTES)];
        signatures.extend(who.iter().map(|(_, pair)| pair.sign(&BYTES)));
        signatures.reverse();
        match install(&trust, &signatures) {
            Ok(admitted) => {
                let names: Vec<_> = who.iter().map(|(name, _)| *name).collect();
                assert!(names.len() >= 2);
                assert_eq!(author_of(&admitted), ("plum-lane", &author.key, names));
            }
            Err(Refused::TooFewReviewers { needed: 2, have, .. }) => assert!(have == who.len() && have < 2),
            Err(other) => panic!("{other}"),
        }
    }
    // One who signs twice is one; one who is not among the three is none.
    let twice = all_sign(&[&author, &anna, &anna, &dora]);
    assert!(matches!(install(&trust, &twice), Err(Refused::TooFewReviewers { have: 1, .. })));
    // Reviewers are no authors, however many they are.
    let reviews = all_sign(&[&anna, &ben, &cleo]);
    assert!(matches!(install(&trust, &reviews), Err(Refused::NotAnAuthor { name, .. }) if name == "anna"));
}

#[test]
fn every_review_that_fits_must_be_met() {
    let [author, anna, ben] = [(); 3].map(|()| Pair::new());
    let review = |app_ids: &str, name: &str| {
        format!("[[reviews]]\napp_ids = [\"{app_ids}\"]\nreviewers = [\"{name}\"]\nthreshold = 1\n")
    };
    let with = |reviews: &[String]| {
        let keys = [author.entry("a", AUTHOR), anna.entry("anna", REVIEWER), ben.entry("ben", REVIEWER)];
        trust(&[keys.concat(), reviews.concat()])
    };
    let signatures = all_sign(&[&author, &anna]);
    assert!(install(&with(&[review("*", "anna"), review("coffee", "ben")]), &signatures).is_ok());
    let refused = install(&with(&[review("*", "anna"), review("te*", "ben")]), &signatures).unwrap_err();
    assert!(matches!(refused, Refused::TooFewReviewers { of, .. } if of == ["ben"]));
}

#[test]
fn nobody_reviews_themselves() {
    let [me, next, other] = [(); 3].map(|()| Pair::new());
    let rule = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"me\", \"new\", \"other\"]\nthreshold = 1\n".to_owned();
    let file = trust(&[me.entry("me", BOTH), next.entry("new", REVIEWER), other.entry("other", BOTH), rule.clone()]);
    let passed = |result: Result<Admitted, Refused>| match result {
        Err(Refused::TooFewReviewers { have: 0, passed_over, .. }) => passed_over,
        other => panic!("{other:?}"),
    };
    assert_eq!(passed(install(&file, &[me.sign(&BYTES)])), [("me".to_owned(), PassedOver::Author)]);
    // Nor with another key of the same lineage, under another name.
    let mine = lineage(&[&me, &next]);
    let both = all_sign(&[&me, &next]);
    let passed = passed(ask(&file, &both, &mine, Occasion::Load));
    assert_eq!(passed, [("me".to_owned(), PassedOver::Author), ("new".to_owned(), PassedOver::Author)]);
    // Unrelated keys are two people.
    let admitted = install(&file, &all_sign(&[&me, &next])).unwrap();
    assert_eq!(author_of(&admitted), ("me", &me.key, vec!["new"]));
    // Of two authors the first in the alphabet, wherever the signatures stand.
    for signatures in [all_sign(&[&me, &other]), all_sign(&[&other, &me])] {
        assert_eq!(author_of(&install(&file, &signatures).unwrap()), ("me", &me.key, vec!["other"]));
    }
    // Unless only the other one can be: then `me` is its reviewer.
    let only_me = rule.replace(", \"new\", \"other\"", "");
    let file = trust(&[me.entry("me", BOTH), other.entry("other", BOTH), only_me]);
    let admitted = install(&file, &all_sign(&[&me, &other])).unwrap();
    assert_eq!(author_of(&admitted), ("other", &other.key, vec!["me"]));
}

#[test]
fn one_lineage_is_one_reviewer() {
    let [author, anna, next] = [(); 3].map(|()| Pair::new());
    let rule = "[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"anna\", \"anna-2\"]\nthreshold = 2\n".to_owned();
    let file = trust(&[author.entry("a", AUTHOR), anna.entry("anna", REVIEWER), next.entry("anna-2", REVIEWER), rule]);
    let signatures = all_sign(&[&author, &anna, &next]);
    assert!(install(&file, &signatures).is_ok(), "as far as it is known, these are two");
    match ask(&file, &signatures, &lineage(&[&anna, &next]), Occasion::Load) {
        Err(Refused::TooFewReviewers { have: 1, passed_over, .. }) => {
            assert_eq!(passed_over, [("anna-2".to_owned(), PassedOver::Again)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signature_that_does_not_help_does_no_harm() {
    let [author, anna, ben, cleo, stranger] = [(); 5].map(|()| Pair::new());
    let trust = trust(&[
        author.entry("plum-lane", AUTHOR),
        anna.entry("anna", REVIEWER),
        ben.entry("ben", REVIEWER),
        cleo.entry("cleo", REVIEWER),
        TWO_OF_THREE.to_owned(),
    ]);
    let good = all_sign(&[&author, &anna, &ben]);
    let mut more = vec![stranger.sign(&BYTES), cleo.sign(NOT_THESE), author.sign(NOT_THESE)];
    more.extend(good.clone());
    assert_eq!(author_of(&install(&trust, &more).unwrap()).2, ["anna", "ben"]);
    // Where they do not suffice, the one that should have helped is the reason.
    let refused = install(&trust, &[good[0].clone(), good[1].clone(), cleo.sign(NOT_THESE)]).unwrap_err();
    assert!(matches!(&refused, Refused::Altered { name, .. } if name == "cleo"), "{refused}");
    let refused = install(&trust, &[good[1].clone(), good[2].clone(), author.sign(NOT_THESE)]).unwrap_err();
    assert!(matches!(&refused, Refused::Altered { name, .. } if name == "plum-lane"), "{refused}");
}

#[test]
fn of_several_reasons_the_most_useful_one_is_said() {
    let [a, b, c, d, stranger] = [(); 5].map(|()| Pair::new());
    let file = trust(&[
        a.entry("a", REVIEWER),
        b.entry("b", "roles = [\"author\"]\nmay_publish = [\"coffee\"]"),
        c.entry("c", &format!("{AUTHOR}\nrevoked = \"lost\"")),
        d.entry("d", &format!("{AUTHOR}\nvalid_until = 2026-01-01")),
    ]);
    let kind = |signatures: &[Signature]| match install(&file, signatures).unwrap_err() {
        Refused::NotAnAuthor { .. } => "not an author",
        Refused::UnknownSigner { .. } => "unknown",
        Refused::MayNotPublish { .. } => "may not publish",
        Refused::Revoked { .. } => "revoked",
        Refused::Expired { .. } => "expired",
        Refused::Altered { .. } => "altered",
        other => panic!("{other}"),
    };
    let mut signatures = vec![a.sign(&BYTES)];
    for (more, expected) in [
        (a.sign(&BYTES), "not an author"),
        (stranger.sign(&BYTES), "unknown"),
        (b.sign(&BYTES), "may not publish"),
        (c.sign(&BYTES), "revoked"),
        (d.sign(&BYTES), "expired"),
    ] {
        signatures.push(more);
        assert_eq!(kind(&signatures), expected);
        signatures.reverse();
        assert_eq!(kind(&signatures), expected);
    }
    // Of a key that would not count anyway, that it signed something else says least.
    assert_eq!(kind(&[c.sign(NOT_THESE), stranger.sign(&BYTES)]), "unknown");
    assert_eq!(kind(&[c.sign(NOT_THESE)]), "altered");
}

#[test]
fn a_signature_that_names_somebody_else_s_key_is_not_theirs() {
    let [author, stranger] = [(); 2].map(|()| Pair::new());
    let trust = trust(&[author.entry("plum-lane", AUTHOR)]);
    // The id in a signature is not signed: anybody can write another one.
    let text = stranger.sign_text(&BYTES);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut signature = STANDARD.decode(&lines[1]).unwrap();
    signature[2..10].copy_from_slice(&STANDARD.decode(author.key.to_string()).unwrap()[2..10]);
    lines[1] = STANDARD.encode(signature);
    let forged = Signature::decode(&lines.join("\n")).unwrap();
    assert_eq!(forged.key_id(), author.key.key_id());
    let refused = install(&trust, &[forged]).unwrap_err();
    assert!(matches!(&refused, Refused::Altered { name, .. } if name == "plum-lane"), "{refused}");
}

#[test]
fn one_trusted_key_needs_no_file() {
    let [author, next, stranger] = [(); 3].map(|()| Pair::new());
    let trust = Trust::of_key(author.key.clone());
    let admitted = install(&trust, &[author.sign(&BYTES)]).unwrap();
    assert_eq!(author_of(&admitted), (author.id().as_str(), &author.key, vec![]));
    let lineages = lineage(&[&author, &next]);
    let admitted = ask(&trust, &[next.sign(&BYTES)], &lineages, Occasion::Install).unwrap();
    assert_eq!(author_of(&admitted).1, &next.key);
    assert!(install(&trust, from_ref(&next.sign(&BYTES))).is_err());
    assert!(ask(&trust, &[stranger.sign(&BYTES)], &lineages, Occasion::Install).is_err());
}
