//! Bundles that were put together wrongly, by hand or by another tool: all are
//! refused, and each kind of mistake has its own message. What accidents do to a
//! file is in `exhaustive`.

use mprun_core::bundle::{BundleError, verify};
use wasm_encoder::{ComponentSection as _, CustomSection, Encode as _, RawSection, Section as _};

use crate::fixtures::{asset_section as asset, lengthy, picture, small_bundle, template};

type Sections = Vec<(String, Vec<u8>)>;

/// The component of a small bundle and our sections after it.
fn parts() -> (Vec<u8>, Sections) {
    let bundle = small_bundle();
    let mut sections = Sections::new();
    for payload in wasmparser::Parser::new(0).parse_all(bundle.bytes()) {
        if let wasmparser::Payload::CustomSection(custom) = payload.unwrap() {
            sections.push((custom.name().to_owned(), custom.data().to_vec()));
        }
    }
    assert_eq!(sections.len(), 4);
    (bundle.component().to_vec(), sections)
}

fn join(component: &[u8], sections: &Sections) -> Vec<u8> {
    let mut bytes = component.to_vec();
    for (name, data) in sections {
        CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut bytes);
    }
    bytes
}

/// What is said of the small bundle with other sections.
fn refused(change: impl FnOnce(&mut Sections)) -> String {
    let (component, mut sections) = parts();
    change(&mut sections);
    verify(join(&component, &sections)).unwrap_err().to_string()
}

#[test]
fn no_custom_section_is_inside_of_a_module() {
    let (component, sections) = parts();
    let mut reader = wasmparser::BinaryReader::new(&component, 0);
    let mut changed = reader.read_bytes(8).unwrap().to_vec();
    while !reader.eof() {
        let id = reader.read_u8().unwrap();
        let size = reader.read_var_u32().unwrap();
        let mut content = reader.read_bytes(size as usize).unwrap().to_vec();
        if id == 1 {
            CustomSection { name: "name".into(), data: [].as_slice().into() }.append_to(&mut content);
        }
        RawSection { id, data: &content }.append_to(&mut changed);
    }
    assert_ne!(changed, component);
    let error = verify(join(&changed, &sections)).unwrap_err();
    assert!(matches!(&error, BundleError::InnerSection { name } if name == "name"), "{error}");
}

#[test]
fn sections_have_one_order() {
    type Change = fn(&mut Sections);
    let cases: [(&str, Change); 10] = [
        ("the component is not a mini-program: it has no manifest", |s| s.clear()),
        ("the section `mprun:manifest` is missing", |s| {
            s.remove(0);
        }),
        ("the section `mprun:templates` is missing", |s| {
            s.remove(1);
        }),
        ("the section `mprun:manifest` stands twice", |s| s.insert(1, s[0].clone())),
        ("the section `mprun:templates` stands twice", |s| s.push(s[1].clone())),
        ("the section `mprun:manifest` stands too late, after `mprun:templates`", |s| s.swap(0, 1)),
        ("the section `mprun:templates` stands too late, after `mprun:asset`", |s| s.swap(1, 2)),
        ("the asset `icon.svg` is not in order of paths", |s| s.swap(2, 3)),
        ("unknown section `mprun:styles`", |s| s.push(("mprun:styles".into(), vec![]))),
        ("the asset `icon.svg` is not in order of paths", |s| s.insert(3, s[2].clone())),
    ];
    for (expected, change) in cases {
        assert_eq!(refused(change), expected);
    }
}

#[test]
fn nothing_follows_our_sections() {
    let (component, mut sections) = parts();
    let whole = join(&component, &sections);
    sections.push(("name".into(), vec![]));
    assert_eq!(verify(join(&component, &sections)).unwrap_err(), BundleError::Trailing { offset: whole.len() as u64 });
    // A section of another kind, here an empty one of types.
    let mut types = whole.clone();
    types.extend([7, 1, 0]);
    assert_eq!(verify(types).unwrap_err(), BundleError::Trailing { offset: whole.len() as u64 });
    let mut garbage = whole.clone();
    garbage.push(0);
    assert!(matches!(verify(garbage), Err(BundleError::Invalid { .. })));
}

#[test]
fn no_other_tool_leaves_a_section() {
    let (component, sections) = parts();
    let offset = component.len() as u64;
    for name in ["producers", "name", "component-name", "linking"] {
        let mut foreign = sections.clone();
        foreign.insert(0, (name.into(), b"\0".to_vec()));
        let error = verify(join(&component, &foreign)).unwrap_err();
        assert_eq!(error, BundleError::ForeignSection { name: name.into(), offset });
        assert_eq!(
            error.to_string(),
            format!("expected no custom sections but the bundle's own, got `{name}` at byte {offset}")
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("mprun build")));
    }
}

/// The same module or component, with a byte too many in the length of one section:
/// the one that `countdown` counts to, inner ones after the one that they are in.
/// Also where that section begins, and how deep it is.
fn padded(bytes: &[u8], depth: usize, countdown: &mut isize) -> (Vec<u8>, Option<(usize, usize)>) {
    let is_component = bytes[4] == 0x0d;
    let mut reader = wasmparser::BinaryReader::new(bytes, 0);
    let mut out = reader.read_bytes(8).unwrap().to_vec();
    let mut found = None;
    while !reader.eof() {
        let at = out.len();
        let id = reader.read_u8().unwrap();
        let size = reader.read_var_u32().unwrap();
        let mut content = reader.read_bytes(size as usize).unwrap().to_vec();
        let this_one = *countdown == 0;
        *countdown -= 1;
        let mut inside = None;
        if is_component && matches!(id, 1 | 4) {
            (content, inside) = padded(&content, depth + 1, countdown);
        }
        out.push(id);
        content.len().encode(&mut out);
        if this_one {
            *out.last_mut().unwrap() |= 0x80;
            out.push(0);
            found = Some((at, depth));
        }
        found = found.or(inside.map(|(at, depth)| (out.len() + at, depth)));
        out.extend(content);
    }
    (out, found)
}

#[test]
fn lengths_before_sections_are_as_short_as_they_can_be() {
    let (component, sections) = parts();
    let mut depths = Vec::new();
    while let (changed, Some((at, depth))) = padded(&component, 1, &mut (depths.len() as isize)) {
        assert!(wasmparser::validate(&changed).is_ok(), "the test makes invalid components");
        let error = verify(join(&changed, &sections)).unwrap_err();
        assert_eq!(error, BundleError::NotCanonical { offset: at as u64 }, "section {}", depths.len());
        depths.push(depth);
    }
    assert!(depths.contains(&1) && depths.contains(&2), "{depths:?}");
    let text = BundleError::NotCanonical { offset: 8 }.to_string();
    assert_eq!(text, "the section at byte 8 has its length in more bytes than it needs");
}

#[test]
fn there_is_one_encoding() {
    let spaced = refused(|s| s[0].1.insert(1, b' '));
    assert_eq!(spaced, "the section `mprun:manifest` is broken: the JSON is not in canonical form");

    // A length in more bytes than it needs means the same, but is another file.
    let (component, sections) = parts();
    let mut bytes = component.clone();
    let (name, data) = &sections[0];
    let content = 1 + name.len() + data.len();
    bytes.push(0);
    bytes.extend([content as u8 & 0x7f | 0x80, (content >> 7) as u8 | 0x80, 0]);
    bytes.push(u8::try_from(name.len()).unwrap());
    bytes.extend(name.as_bytes());
    bytes.extend(data);
    let rest = join(&[], &sections[1..].to_vec());
    bytes.extend(rest);
    assert_eq!(
        verify(bytes).unwrap_err().to_string(),
        "the section `mprun:manifest` is broken: its header is not in canonical form"
    );
}

#[test]
fn broken_manifests_are_explained() {
    let error = refused(|s| s[0].1 = b"{\"app_id\": 7}".to_vec());
    assert!(error.starts_with("the manifest is wrong: "), "{error}");
    assert!(error.contains("`app_id`: expected a text, got `7`"), "{error}");
    let error = refused(|s| s[0].1.clear());
    assert!(error.contains("expected JSON"), "{error}");
}

#[test]
fn broken_templates_are_named() {
    let (one, two) = (template("one"), template("two"));
    let ordered = |a: &[u8], b: &[u8]| {
        let mut out = 2_u32.to_le_bytes().to_vec();
        out.extend(lengthy(&[a, b]));
        out
    };
    let sorted = parts().1[1].1.clone();
    let swapped = if sorted == ordered(&one, &two) { ordered(&two, &one) } else { ordered(&one, &two) };
    let mut longer = sorted.clone();
    longer.push(0);
    let cases = [
        (swapped, "template 1 is not in order of ids"),
        (ordered(&one, &one), "template 1 is not in order of ids"),
        (longer, "the section `mprun:templates` is broken: bytes after its end"),
        (vec![1, 0, 0], "the section `mprun:templates` is broken: it ends too early"),
        (vec![1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], "the section `mprun:templates` is broken: it ends too early"),
        (vec![0xff, 0xff, 0xff, 0xff], "expected at most 4096 templates, got 4294967295"),
    ];
    for (data, expected) in cases {
        assert_eq!(refused(|s| s[1].1 = data), expected);
    }
    let bad = refused(|s| s[1].1 = [1_u32.to_le_bytes().to_vec(), lengthy(&[b"\xff"])].concat());
    assert!(bad.starts_with("template 0 is broken: "), "{bad}");
}

#[test]
fn broken_assets_are_named() {
    let svg = picture("", "").data;
    let mut other_digest = asset("icon.svg", "image/svg+xml", &svg);
    other_digest[4 + 8 + 4 + 13] ^= 1;
    let mut longer = asset("icon.svg", "image/svg+xml", &svg);
    longer.push(0);
    let cases = [
        (
            asset("../icon.svg", "image/svg+xml", &svg),
            "expected an asset path that stays in the assets folder, got `../icon.svg`",
        ),
        (
            asset("icon.svg", "text/html", &svg),
            "the asset `icon.svg`: expected media type image/svg+xml, got `text/html`",
        ),
        (
            asset("icon.svg", "image/svg+xml", b"GIF89a"),
            "the asset `icon.svg`: expected a file of type image/svg+xml, got something else",
        ),
        (longer, "the section `mprun:asset` is broken: bytes after its end"),
        (vec![9, 0, 0, 0, b'a'], "the section `mprun:asset` is broken: it ends too early"),
        (lengthy(&[b"\xff.svg"]), "the section `mprun:asset` is broken: a text is not UTF-8"),
    ];
    for (data, expected) in cases {
        assert_eq!(refused(|s| s[2].1 = data), expected);
    }
    let broken = refused(|s| s[2].1 = other_digest);
    assert!(broken.starts_with("the asset `icon.svg` is broken: expected digest "), "{broken}");
    // In a bundle, too, sets of paths are looked at, not only each.
    let collision = refused(|s| {
        s.insert(2, ("mprun:asset".into(), asset("Icon.svg", "image/svg+xml", &svg)));
    });
    assert_eq!(collision, "the assets `icon.svg` and `Icon.svg` cannot be told apart on every file system");
}
