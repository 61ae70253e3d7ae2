//! The style sheet in a bundle: where its section stands, that it comes out as it
//! went in, that no bundle has one that says what it may not say, and that an
//! update shows it.

use mprun_core::{
    bundle::{
        Bundle, BundleError, Verified,
        diff::{Change, Part, diff},
        pack, verify,
    },
    manifest::ColorScheme,
};
use wasm_encoder::{ComponentSection as _, CustomSection};

use crate::fixtures::{Wit, manifest, picture, repack, template};

const SHEET: &str = ".a { color: red; background: url(\"asset:img/a.svg\") }\n";

fn packed(style: Option<&str>) -> Result<Verified<Bundle>, BundleError> {
    let assets = [picture("icon.svg", ""), picture("img/a.svg", "a")];
    pack(&Wit::new(&["clock"]).component(), &manifest(&["clock"]), &[&template("one")], style, &assets)
}

/// The sections of a bundle with a style sheet, by name.
fn sections(bundle: &Bundle) -> Vec<(String, Vec<u8>)> {
    let payloads = wasmparser::Parser::new(0).parse_all(bundle.bytes());
    let customs = payloads.filter_map(|payload| match payload.unwrap() {
        wasmparser::Payload::CustomSection(custom) => Some((custom.name().to_owned(), custom.data().to_vec())),
        _ => None,
    });
    customs.collect()
}

fn joined(bundle: &Bundle, sections: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = bundle.component().to_vec();
    for (name, data) in sections {
        CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut bytes);
    }
    bytes
}

#[test]
fn a_style_sheet_comes_out_as_it_went_in() {
    let bundle = packed(Some(SHEET)).unwrap();
    let again = verify(bundle.bytes().to_vec()).unwrap();
    let style = again.style().unwrap();
    assert_eq!(style.source(), SHEET);
    let address = |path: &str| (path == "img/a.svg").then_some("/x");
    let css = ".mp-page .p-a{color:red;background:url(\"/x\")}";
    assert_eq!(style.css(ColorScheme::Auto, address), css);
    assert_eq!(style.pictures().map(|path| path.as_str()).collect::<Vec<_>>(), ["img/a.svg"]);
    assert_eq!(repack(&again), bundle.bytes());

    let names: Vec<_> = sections(&bundle).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mprun:manifest", "mprun:templates", "mprun:style", "mprun:asset", "mprun:asset"]);
    let sizes = again.sizes();
    assert!(sizes.style > SHEET.len() && sizes.style < SHEET.len() + 32, "{}", sizes.style);
    let parts = [sizes.component, sizes.manifest, sizes.templates, sizes.style, sizes.assets];
    assert_eq!(parts.iter().sum::<usize>(), sizes.total);

    let plain = packed(None).unwrap();
    assert!(plain.style().is_none() && plain.sizes().style == 0);
    assert_ne!(plain.digest(), bundle.digest());
}

#[test]
fn the_section_stands_once_and_in_its_place() {
    let bundle = packed(Some(SHEET)).unwrap();
    let whole = sections(&bundle);
    let refused = |change: fn(&mut Vec<(String, Vec<u8>)>)| {
        let mut sections = whole.clone();
        change(&mut sections);
        verify(joined(&bundle, &sections)).unwrap_err().to_string()
    };
    assert_eq!(joined(&bundle, &whole), bundle.bytes(), "the test puts them together as they are");
    type Change = fn(&mut Vec<(String, Vec<u8>)>);
    let cases: [(&str, Change); 8] = [
        ("the section `mprun:style` stands twice", |s| s.insert(2, s[2].clone())),
        ("the section `mprun:style` stands twice", |s| s.push(s[2].clone())),
        ("the section `mprun:templates` stands too late, after `mprun:style`", |s| s.swap(1, 2)),
        ("the section `mprun:manifest` stands too late, after `mprun:style`", |s| s[..3].rotate_left(1)),
        ("the section `mprun:style` stands too late, after `mprun:asset`", |s| s.swap(2, 3)),
        ("the section `mprun:templates` is missing", |s| {
            s.remove(1);
        }),
        ("the section `mprun:style` is broken: it is empty", |s| s[2].1.clear()),
        ("the section `mprun:style` is broken: it is not UTF-8", |s| s[2].1.push(0xff)),
    ];
    for (expected, change) in cases {
        assert_eq!(refused(change), expected);
    }
}

#[test]
fn no_bundle_has_a_sheet_that_says_what_it_may_not_say() {
    let refused = |style: &str| packed(Some(style)).unwrap_err();
    let error = refused(".a {}\n\n.b { position: fixed }");
    assert_eq!(
        error.to_string(),
        "the style sheet, line 3, column 16: `fixed` in `position`: expected one of `absolute`, `relative`, `static`"
    );
    let error = refused("@import \"a.css\";");
    assert_eq!(error.hint().as_deref(), Some("put everything into app.css"));
    let error = refused(".a {\n  background: url(\"asset:img/b.svg\");\n}");
    assert_eq!(
        error.to_string(),
        "the style sheet, line 2, column 15: the picture `img/b.svg` is not among the assets"
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean `asset:img/a.svg`?"));
    assert_eq!(refused("").to_string(), "the section `mprun:style` is broken: it is empty");
}

#[test]
fn each_bit_that_is_turned_in_a_sheet_is_found_or_makes_another_bundle() {
    let bundle = packed(Some(SHEET)).unwrap();
    let at = bundle.bytes().windows(SHEET.len()).position(|bytes| bytes == SHEET.as_bytes()).unwrap();
    let mut bytes = bundle.bytes().to_vec();
    let (mut accepted, mut refused) = (0, 0);
    for position in at..at + SHEET.len() {
        for bit in 0..8 {
            bytes[position] ^= 1 << bit;
            match verify(bytes.clone()) {
                Ok(other) => {
                    assert_ne!(other.digest(), bundle.digest());
                    assert_eq!(repack(&other), other.bytes());
                    assert_eq!(diff(&bundle, &other).parts, [Part::Style]);
                    accepted += 1;
                }
                Err(BundleError::Style(_) | BundleError::Section { section: "mprun:style", .. }) => refused += 1,
                Err(error) => panic!("byte {position}, bit {bit}: {error}"),
            }
            bytes[position] ^= 1 << bit;
        }
    }
    assert_eq!(accepted + refused, SHEET.len() * 8);
    assert!(accepted > 0 && refused > accepted, "{accepted} accepted, {refused} refused");
}

#[test]
fn an_update_shows_another_sheet() {
    let (none, old, new) = (packed(None).unwrap(), packed(Some(SHEET)).unwrap(), packed(Some(".a{top:0}")).unwrap());
    let difference = diff(&old, &new);
    assert_eq!(difference.parts, [Part::Style]);
    assert!(!difference.widens() && difference.assets.is_empty());
    let sizes = Change { old: old.sizes().style as u64, new: new.sizes().style as u64 };
    assert_eq!(difference.sizes.style, sizes);
    assert!(difference.to_string().lines().any(|line| line.starts_with("  ~ style ")), "{difference}");

    let same_size = diff(&old, &packed(Some(&SHEET.replace("red", "tan"))).unwrap());
    let text = same_size.to_string();
    assert!(text.lines().any(|line| line.starts_with("  ~ style ") && line.ends_with("other content")), "{text}");

    assert_eq!(diff(&none, &old).parts, [Part::Style]);
    assert_eq!(diff(&none, &none).sizes.style, Change { old: 0, new: 0 });
}
