//! `apply(old, diff(old, new)) == new`, over views that are made to differ in
//! every way that the grammar has; and what a patch is for what people do.

use std::collections::BTreeMap;

use mprun_frame::generate::{self, TEXTS, View};
use mprun_frame::limits::FrameLimits;
use mprun_frame::mutate::mutated;
use mprun_frame::template::Template;
use mprun_frame::tree::definitions;

use super::apply::Page;
use super::*;
use crate::view::offers::offers;
use crate::view::overlay::Draft;
use crate::view::sample::{Links, Sample, token_key};

/// Cases of the property.
const CASES: u64 = 10_000;

/// A view and what lies over it, chosen by `seed`.
fn overlaid(tree: &Tree<'_>, seed: u64) -> Overlay {
    let mut overlay = Overlay::default();
    for (position, field) in (0_u64..).zip(&offers(tree, &token_key()).fields) {
        let chosen = (seed ^ position).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
        let text = TEXTS[usize::try_from(chosen).unwrap() % TEXTS.len()].to_owned();
        if chosen.is_multiple_of(3) {
            overlay.drafts.insert(field.key, Draft { belief: field.value.clone(), typed: text.clone() });
        }
        if chosen.is_multiple_of(7) {
            overlay.errors.insert(field.key, text);
        }
    }
    overlay
}

fn own(view: &View) -> Vec<Template> {
    definitions(&view.frame).unwrap()
}

fn tree<'v>(view: &'v View, own: &'v [Template]) -> Tree<'v> {
    Tree::decode(&view.frame, &view.bundle, own, &FrameLimits::default()).unwrap()
}

fn count(ops: &[Op], depth: usize, seen: &mut BTreeMap<String, usize>) {
    for op in ops {
        let kind = match op {
            Op::Down(path, ops) => {
                count(ops, depth + path.len(), seen);
                continue;
            }
            Op::Text(_) => "texts",
            Op::Attribute(_, Some(_)) => "attributes set",
            Op::Attribute(_, None) => "attributes gone",
            Op::Replace(_) => "template swaps",
            Op::Insert(..) => "inserts",
            Op::Remove(..) => "removals",
            Op::Move(..) => "moves",
        };
        *seen.entry(kind.to_owned()).or_default() += 1;
        *seen.entry(format!("at depth {:>2}", depth.min(12))).or_default() += 1;
    }
}

#[test]
fn a_patched_page_is_the_page() {
    let mut seen = BTreeMap::new();
    let mut bytes: Vec<usize> = Vec::new();
    for seed in 0..CASES {
        let before = generate::view(seed);
        let after = mutated(&before, seed.wrapping_mul(31) + 7);
        let (own_before, own_after) = (own(&before), own(&after));
        let (old, new) = (tree(&before, &own_before), tree(&after, &own_after));
        let (over_old, over_new) = match seed % 4 {
            0 => (overlaid(&old, seed), overlaid(&new, seed + 1)),
            1 => (overlaid(&old, seed), Overlay::default()),
            _ => Default::default(),
        };
        let bundle: Vec<_> = before.bundle.as_slice().iter().map(Prerendered::new).collect();
        let (key, words) = (token_key(), Words::default());
        let context = |overlay| HtmlContext { token_key: &key, addresses: &Links, overlay, words: &words };
        let write = |tree, overlay| {
            let mut out = String::new();
            html::write(&mut out, tree, &bundle, &context(overlay));
            out
        };
        let (from, to) = (write(&old, &over_old), write(&new, &over_new));
        let mut page = Page::parse(&from).unwrap_or_else(|| panic!("seed {seed}: {from}"));
        let ops = diff((&old, &over_old), &new, &bundle, &context(&over_new))
            .unwrap_or_else(|| panic!("seed {seed}: another page\n{from}\n{to}"));
        let mut text = String::new();
        op::write(&ops, &mut text);
        let ops = read(&serde_json::from_str(&text).unwrap()).unwrap();
        page.apply(&ops).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}\n{from}\n{to}"));
        assert_eq!(Some(page), Page::parse(&to), "seed {seed}\n{text}\n{from}\n{to}");
        count(&ops, 0, &mut seen);
        *seen.entry("pages without a change".to_owned()).or_default() += usize::from(ops.is_empty());
        bytes.push(text.len());
        let sent = patch((&old, &over_old), &new, &bundle, &context(&over_new));
        assert!(sent.bytes() <= to.len().max(SMALL_BYTES), "seed {seed}: {} of {}", sent.bytes(), to.len());
    }
    bytes.sort_unstable();
    println!("{CASES} pairs of views; operations: {seen:#?}");
    println!("bytes of a patch: median {}, largest {}", bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
    // A generator that stops making one of these would prove nothing about it.
    for kind in ["texts", "attributes set", "attributes gone", "template swaps", "inserts", "removals", "moves"] {
        assert!(seen.get(kind).is_some_and(|count| *count > 100), "{kind}: {seen:?}");
    }
}

fn between(old: &str, new: &str) -> String {
    let (old, new) = (Sample::dynamic(old), Sample::dynamic(new));
    let (before, after) = (old.tree(), new.tree());
    let (key, words, overlay) = (token_key(), Words::default(), Overlay::default());
    let context = HtmlContext { token_key: &key, addresses: &Links, overlay: &overlay, words: &words };
    match patch((&before, &overlay), &after, &[], &context) {
        Patch::Ops(ops) => ops,
        Patch::Html(html) => html,
    }
}

#[test]
fn one_price_of_a_thousand_rows_is_a_few_bytes() {
    let rows = |price: &str| {
        let row = |at: usize| {
            let price = if at == 999 { price } else { "$4" };
            format!("<list-item key=\"{at}\"><text>Row {at}</text><text>{price}</text></list-item>")
        };
        format!("<view><list><each>{}</each></list></view>", (0..1_000).map(row).collect::<String>())
    };
    let patch = between(&rows("$4"), &rows("$5"));
    assert_eq!(patch, r#"[[[0,999,1],[["t","$5"]]]]"#);
}

#[test]
fn a_long_list_that_is_turned_round_becomes_the_other() {
    let rows = |keys: &mut dyn Iterator<Item = usize>| {
        let row = |at: usize| format!("<list-item key=\"{at}\"><text>Row {at}</text></list-item>");
        format!("<view><list><each>{}</each></list></view>", keys.map(row).collect::<String>())
    };
    let (old, new) = (rows(&mut (0..2_000)), rows(&mut (0..2_000).rev()));
    let (old, new) = (Sample::dynamic(&old), Sample::dynamic(&new));
    let (key, words, overlay) = (token_key(), Words::default(), Overlay::default());
    let context = HtmlContext { token_key: &key, addresses: &Links, overlay: &overlay, words: &words };
    let write = |sample: &Sample| {
        let mut html = String::new();
        html::write(&mut html, &sample.tree(), &[], &context);
        html
    };
    let ops = diff((&old.tree(), &overlay), &new.tree(), &[], &context).unwrap();
    let mut page = Page::parse(&write(&old)).unwrap();
    page.apply(&ops).unwrap();
    assert_eq!(Some(page), Page::parse(&write(&new)));
}

#[test]
fn a_page_that_is_another_one_is_sent_whole() {
    assert!(between("<view><text>a</text></view>", "<text>b</text>").starts_with("<p"));
    assert_eq!(between("<view><text>a</text></view>", "<view><text>a</text></view>"), "[]");
}

#[test]
fn a_view_id_depends_on_everything_that_is_shown() {
    let digest = Digest::of(b"a");
    let (frame, words) = ([1; 32], Words::default());
    let key = "AAAAAAAAAAAA".parse().unwrap();
    let draft = |belief: &str, typed: &str| {
        let draft = Draft { belief: belief.to_owned(), typed: typed.to_owned() };
        Overlay { drafts: [(key, draft)].into(), ..Overlay::default() }
    };
    let error = Overlay { errors: [(key, "no".to_owned())].into(), ..Overlay::default() };
    let ids = [
        ViewId::of(&digest, &frame, &Overlay::default(), &words),
        ViewId::of(&Digest::of(b"b"), &frame, &Overlay::default(), &words),
        ViewId::of(&digest, &[2; 32], &Overlay::default(), &words),
        ViewId::of(&digest, &frame, &draft("a", "b"), &words),
        ViewId::of(&digest, &frame, &draft("ab", ""), &words),
        ViewId::of(&digest, &frame, &error, &words),
        ViewId::of(&digest, &frame, &Overlay::default(), &Words::of("zh")),
    ];
    let different: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
    assert_eq!(ids[0].to_string().len(), 11);
    assert_eq!(ids[0].to_string().parse(), Ok(ids[0]));
    for bad in ["", "AAAA", "AAAAAAAAAAAAAAAA", "AAAAAAAAAA+"] {
        assert_eq!(bad.parse::<ViewId>(), Err(NotAViewId), "{bad}");
    }
}
