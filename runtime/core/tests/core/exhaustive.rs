//! Every small change to a whole small bundle: each bit turned, each length cut,
//! each two sections swapped, each doubled, one of each kind added at each place,
//! bytes after the end. Where a change lies decides which kind of refusal may
//! follow; what is accepted is another bundle, written in its one encoding.
//! `cargo test -p mprun-core exhaustive -- --nocapture` prints how many of each.

use std::{collections::BTreeMap, fmt, ops::Range};

use mprun_core::{
    bundle::{
        Bundle, BundleError, Verified,
        diff::{Part, diff},
        verify,
    },
    identity::Digest,
};
use wasm_encoder::{Component, CustomSection, Module, RawSection, Section as _};

use crate::fixtures::{asset_section, picture, repack, small_bundle};

// ---- What can follow ------------------------------------------------------------

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// None: the file is another bundle.
    Accepted,
    /// No component at all.
    Kind,
    /// Not valid, not in canonical form, or more than a bundle.
    Structure,
    /// Which of our sections there are, in which order, and where they end.
    Sections,
    Manifest,
    Templates,
    Style,
    Assets,
    /// What the component imports and exports.
    World,
}

fn class_of(error: &BundleError) -> Class {
    use BundleError as E;
    match error {
        E::TooLarge { .. } | E::Empty | E::NotWasm | E::WasmVersion | E::CoreModule => Class::Kind,
        E::Invalid { .. }
        | E::TooDeep
        | E::TooMuch { .. }
        | E::InnerSection { .. }
        | E::ForeignSection { .. }
        | E::NotCanonical { .. }
        | E::Trailing { .. } => Class::Structure,
        E::NotABundle
        | E::MissingSection { .. }
        | E::DoubledSection { .. }
        | E::MisplacedSection { .. }
        | E::UnknownSection { .. }
        | E::Section { .. } => Class::Sections,
        E::Manifest(_) | E::IconMissing { .. } => Class::Manifest,
        E::Template { .. } | E::TemplateOrder { .. } | E::TemplateCollision { .. } | E::TooManyTemplates { .. } => {
            Class::Templates
        }
        E::Style(_) => Class::Style,
        E::AssetPath(_)
        | E::AssetOrder { .. }
        | E::AssetCollision { .. }
        | E::TooManyAssets { .. }
        | E::AssetTooLarge { .. }
        | E::AssetDigest { .. }
        | E::AssetMediaType { .. }
        | E::AssetContent { .. } => Class::Assets,
        E::OtherWorld { .. }
        | E::ContractVersion { .. }
        | E::DoubledInterface { .. }
        | E::MissingExport { .. }
        | E::WrongType { .. }
        | E::UnknownImport { .. }
        | E::UnknownFunction { .. }
        | E::NotRequested { .. } => Class::World,
    }
}

fn class(result: &Result<Verified<Bundle>, BundleError>) -> Class {
    result.as_ref().err().map_or(Class::Accepted, class_of)
}

/// Verifies what was changed. What passes must be honest: another digest, and
/// exactly what packing its parts gives.
fn judge(original: &Bundle, bytes: Vec<u8>) -> Result<Verified<Bundle>, BundleError> {
    assert_ne!(bytes, original.bytes(), "the test changes nothing");
    let digest = Digest::of(&bytes);
    let result = verify(bytes);
    if let Ok(other) = &result {
        assert_eq!(other.digest(), digest);
        assert_ne!(other.digest(), original.digest());
        assert!(!diff(original, other).is_empty());
        assert!(repack(other) == other.bytes(), "not the one encoding");
    }
    result
}

/// How often which class followed, by what was changed.
struct Totals<K>(BTreeMap<(K, Class), usize>);

impl<K: Ord + Copy + fmt::Display> Totals<K> {
    fn new() -> Self {
        Totals(BTreeMap::new())
    }

    /// Counts, and refuses a class that cannot follow.
    fn count(&mut self, what: K, class: Class, allowed: &[Class], place: &dyn fmt::Display) {
        assert!(allowed.contains(&class), "{what} at {place}: {class:?} is not among {allowed:?}");
        *self.0.entry((what, class)).or_default() += 1;
    }

    fn sum(&self) -> usize {
        self.0.values().sum()
    }
}

impl<K: Ord + Copy + fmt::Display> fmt::Display for Totals<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((what, class), count) in &self.0 {
            writeln!(f, "{what:<18} {:<10} {count:>6}", format!("{class:?}"))?;
        }
        write!(f, "{:<29} {:>6}", "together", self.sum())
    }
}

// ---- Where things are -----------------------------------------------------------

/// A section of the outermost component.
struct Section {
    /// With its header.
    range: Range<usize>,
    /// What follows the header; of a custom section, what follows its name.
    data: Range<usize>,
    /// Of a custom section.
    name: Option<String>,
}

fn sections(bytes: &[u8]) -> Vec<Section> {
    let mut reader = wasmparser::BinaryReader::new(bytes, 0);
    reader.read_bytes(8).unwrap();
    let mut sections = Vec::new();
    while !reader.eof() {
        let start = reader.current_position();
        let id = reader.read_u8().unwrap();
        let size = reader.read_var_u32().unwrap() as usize;
        let end = reader.current_position() + size;
        let name = (id == 0).then(|| reader.read_string().unwrap().to_owned());
        let data = reader.current_position()..end;
        reader.read_bytes(data.len()).unwrap();
        sections.push(Section { range: start..end, data, name });
    }
    sections
}

/// The bytes of each section, with its header, and how many are the component's.
fn pieces(bundle: &Bundle) -> (Vec<Vec<u8>>, usize) {
    let sections = sections(bundle.bytes());
    let ours = sections.iter().filter(|section| section.name.is_some()).count();
    let pieces: Vec<_> = sections.iter().map(|section| bundle.bytes()[section.range.clone()].to_vec()).collect();
    let component = pieces.len() - ours;
    assert_eq!(ours, 4);
    assert_eq!(sections[component].range.start, bundle.component().len());
    (pieces, component)
}

/// A file of these sections.
fn joined(pieces: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0".to_vec(), pieces.concat()].concat()
}

/// What a byte of the file is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Region {
    Header,
    Component,
    ManifestHeader,
    ManifestData,
    TemplatesHeader,
    TemplatesData,
    AssetHeader,
    AssetPath,
    AssetMediaType,
    AssetDigest,
    AssetLength,
    AssetData,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}"))
    }
}

impl Region {
    /// What may follow when one bit is turned here.
    fn allowed(self) -> &'static [Class] {
        match self {
            Region::Header => &[Class::Kind],
            Region::Component => &[Class::Accepted, Class::Structure, Class::World],
            // Id, length, name.
            Region::ManifestHeader | Region::TemplatesHeader | Region::AssetHeader => {
                &[Class::Structure, Class::Sections]
            }
            // A letter may become another one. One bit makes no other spelling of the same JSON.
            Region::ManifestData => &[Class::Accepted, Class::Manifest],
            Region::TemplatesData => &[Class::Accepted, Class::Templates, Class::Sections],
            // An asset may be called otherwise, unless it is the icon.
            Region::AssetPath => &[Class::Accepted, Class::Assets, Class::Manifest, Class::Sections],
            Region::AssetMediaType => &[Class::Assets, Class::Sections],
            Region::AssetLength => &[Class::Sections],
            Region::AssetDigest | Region::AssetData => &[Class::Assets],
        }
    }

    /// The part of the bundle that is another one when a change here is accepted.
    fn part(self) -> Part {
        match self {
            Region::Header | Region::Component => Part::Component,
            Region::ManifestHeader | Region::ManifestData => Part::Manifest,
            Region::TemplatesHeader | Region::TemplatesData => Part::Templates,
            _ => Part::Assets,
        }
    }
}

/// For each byte of the file: its region, and for assets which one.
fn regions(bundle: &Bundle) -> Vec<(Region, usize)> {
    let bytes = bundle.bytes();
    let mut map = vec![(Region::Component, 0); bytes.len()];
    let mut put = |range: Range<usize>, region: Region, asset: usize| map[range].fill((region, asset));
    put(0..8, Region::Header, 0);
    let mut assets = 0;
    for Section { range, data, name } in sections(bytes) {
        let header = range.start..data.start;
        match name.as_deref() {
            Some("mprun:manifest") => {
                put(header, Region::ManifestHeader, 0);
                put(data, Region::ManifestData, 0);
            }
            Some("mprun:templates") => {
                put(header, Region::TemplatesHeader, 0);
                put(data, Region::TemplatesData, 0);
            }
            Some("mprun:asset") => {
                put(header, Region::AssetHeader, assets);
                let end_of_text = |at: usize| {
                    let length: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
                    at + 4 + u32::from_le_bytes(length) as usize
                };
                let path_end = end_of_text(data.start);
                let media_end = end_of_text(path_end);
                put(data.start..path_end, Region::AssetPath, assets);
                put(path_end..media_end, Region::AssetMediaType, assets);
                put(media_end..media_end + 32, Region::AssetDigest, assets);
                put(media_end + 32..media_end + 36, Region::AssetLength, assets);
                put(media_end + 36..data.end, Region::AssetData, assets);
                assets += 1;
            }
            _ => {}
        }
    }
    assert_eq!(assets, bundle.assets().len());
    map
}

// ---- The changes ----------------------------------------------------------------

#[test]
fn each_bit_that_is_turned_is_found_or_makes_another_bundle() {
    let bundle = small_bundle();
    let regions = regions(&bundle);
    let paths: Vec<_> = bundle.assets().map(|asset| asset.path.to_string()).collect();
    let mut totals = Totals::new();
    let mut bytes = bundle.bytes().to_vec();
    for (at, (region, asset)) in regions.iter().copied().enumerate() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let result = judge(&bundle, bytes.clone());
            bytes[at] ^= 1 << bit;
            totals.count(region, class(&result), region.allowed(), &format_args!("byte {at}, bit {bit}"));
            match (region, &result) {
                (Region::Header, Err(error)) => {
                    let expected = if at < 4 { BundleError::NotWasm } else { BundleError::WasmVersion };
                    assert_eq!(*error, expected);
                }
                (Region::AssetDigest | Region::AssetData, Err(error)) => {
                    let named = matches!(error, BundleError::AssetDigest { path, .. } if *path == paths[asset]);
                    assert!(named, "byte {at}, bit {bit}: {error}");
                }
                (_, Ok(other)) => assert_eq!(diff(&bundle, other).parts, [region.part()], "byte {at}, bit {bit}"),
                _ => {}
            }
        }
    }
    println!("{totals}");
    assert_eq!(totals.sum(), bundle.bytes().len() * 8);
    // The test is not blind: all of this does happen.
    for happens in [
        (Region::Component, Class::Accepted),
        (Region::Component, Class::World),
        (Region::ManifestData, Class::Accepted),
        (Region::ManifestData, Class::Manifest),
        (Region::TemplatesData, Class::Accepted),
        (Region::AssetPath, Class::Accepted),
        (Region::AssetPath, Class::Manifest),
    ] {
        assert!(totals.0.contains_key(&happens), "{happens:?}");
    }
}

#[test]
fn each_cut_is_found_but_one_that_leaves_a_bundle_with_an_asset_less() {
    let bundle = small_bundle();
    let bytes = bundle.bytes();
    let sections = sections(bytes);
    let mut totals = Totals::new();
    for length in 0..bytes.len() {
        let result = judge(&bundle, bytes[..length].to_vec());
        let (what, allowed) = match length {
            0..8 => ("header", Class::Kind),
            // An end of a section is no end of a file, unless of an asset.
            _ => match sections.iter().position(|section| section.range.start == length) {
                None => ("in a section", Class::Structure),
                Some(next) => match sections[next].name.as_deref() {
                    None | Some("mprun:manifest" | "mprun:templates") => ("between sections", Class::Sections),
                    // Without any asset the icon is missing.
                    _ if sections[next - 1].name.as_deref() == Some("mprun:templates") => ("assets", Class::Manifest),
                    _ => ("assets", Class::Accepted),
                },
            },
        };
        totals.count(what, class(&result), &[allowed], &length);
        match result {
            Ok(shorter) => assert_eq!(shorter.assets().len() + 1, bundle.assets().len()),
            Err(error) => assert!(error.hint().is_some() || what == "assets", "{length}: {error}"),
        }
    }
    println!("{totals}");
    assert_eq!(totals.0.get(&("assets", Class::Accepted)), Some(&1));
}

#[test]
fn two_sections_never_change_places_unseen() {
    let bundle = small_bundle();
    let (pieces, component) = pieces(&bundle);
    let mut totals = Totals::new();
    for first in 0..pieces.len() {
        for second in first + 1..pieces.len() {
            let mut swapped = pieces.clone();
            swapped.swap(first, second);
            let swapped = joined(&swapped);
            // Two that are equal, byte for byte.
            if swapped == bundle.bytes() {
                continue;
            }
            let result = judge(&bundle, swapped);
            let (what, allowed): (_, &[Class]) = if second < component {
                ("the component's", &[Class::Accepted, Class::Structure, Class::World])
            } else if first < component {
                ("one of ours", &[Class::Structure, Class::Sections])
            } else if first == component + 2 {
                ("two assets", &[Class::Assets])
            } else {
                ("two of ours", &[Class::Sections])
            };
            totals.count(what, class(&result), allowed, &format_args!("{first}, {second}"));
        }
    }
    println!("{totals}");
    assert_eq!(totals.0.get(&("two of ours", Class::Sections)), Some(&5));
    assert_eq!(totals.0.get(&("two assets", Class::Assets)), Some(&1));
}

#[test]
fn no_section_of_ours_stands_twice() {
    let bundle = small_bundle();
    let (pieces, component) = pieces(&bundle);
    let mut totals = Totals::new();
    for position in 0..pieces.len() {
        for place in [position + 1, pieces.len()] {
            let mut doubled = pieces.clone();
            doubled.insert(place, pieces[position].clone());
            let result = judge(&bundle, joined(&doubled));
            let (what, allowed): (_, &[Class]) = match position {
                _ if position < component && place > component => ("at the end", &[Class::Structure]),
                _ if position < component => ("the component's", &[Class::Accepted, Class::Structure, Class::World]),
                _ if position < component + 2 => ("ours", &[Class::Sections]),
                _ => ("assets", &[Class::Assets]),
            };
            totals.count(what, class(&result), allowed, &format_args!("{position} at {place}"));
            match (what, &result) {
                ("ours", Err(error)) => assert!(matches!(error, BundleError::DoubledSection { .. }), "{error}"),
                ("assets", Err(error)) => assert!(matches!(error, BundleError::AssetOrder { .. }), "{error}"),
                _ => {}
            }
        }
    }
    println!("{totals}");
}

fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    CustomSection { name: name.into(), data: data.into() }.append_to(&mut bytes);
    bytes
}

/// A section of each kind that a component can have, as small as it can be.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    let (module, component) = (Module::new().finish(), Component::new().finish());
    let of = |id: u8, data: &[u8]| {
        let mut bytes = Vec::new();
        RawSection { id, data }.append_to(&mut bytes);
        bytes
    };
    let mut kinds = vec![
        ("core module", of(1, &module)),
        ("core instance", of(2, &[0])),
        ("core type", of(3, &[0])),
        ("component", of(4, &component)),
        ("instance", of(5, &[0])),
        ("alias", of(6, &[0])),
        ("type", of(7, &[0])),
        ("canonical function", of(8, &[0])),
        ("start", of(9, &[0, 0, 0])),
        ("import", of(10, &[0])),
        ("export", of(11, &[0])),
    ];
    // Values are a proposal that is switched off; nothing else has a number.
    kinds.extend((12..=255).map(|id| ("unknown", of(id, &[0]))));
    kinds
}

#[test]
fn a_section_more_is_refused_or_makes_another_bundle() {
    let bundle = small_bundle();
    let (pieces, component) = pieces(&bundle);
    let mut totals = Totals::new();
    for place in 0..=pieces.len() {
        let with = |extra: Vec<u8>| {
            let mut more = pieces.clone();
            more.insert(place, extra);
            judge(&bundle, joined(&more))
        };
        let offset = (8 + pieces[..place].iter().map(Vec::len).sum::<usize>()) as u64;

        for (kind, extra) in kinds() {
            let allowed: &[Class] = match kind {
                _ if place > component => &[Class::Structure],
                "unknown" => &[Class::Structure],
                _ => &[Class::Accepted, Class::Structure, Class::World],
            };
            totals.count(kind, class(&with(extra)), allowed, &place);
        }
        for name in ["", "name", "producers", "Mprun:manifest", "mprun"] {
            let error = with(custom(name, b"\0")).unwrap_err();
            let expected = match place {
                _ if place <= component => BundleError::ForeignSection { name: name.to_owned(), offset },
                _ => BundleError::Trailing { offset },
            };
            assert_eq!(error, expected, "`{name}` at {place}");
            totals.count("foreign", class_of(&error), &[Class::Structure], &place);
        }
        for name in ["mprun:", "mprun:styles", "mprun:Asset"] {
            let error = with(custom(name, b"\0")).unwrap_err();
            assert_eq!(error, BundleError::UnknownSection { section: name.to_owned() }, "at {place}");
            totals.count("ours, unknown", class_of(&error), &[Class::Sections], &place);
        }
        for (position, what) in [(component, "manifest"), (component + 1, "templates")] {
            totals.count(what, class(&with(pieces[position].clone())), &[Class::Sections], &place);
        }
        // One asset more is another bundle, where it stands in order.
        let more = custom("mprun:asset", &asset_section("zero.svg", "image/svg+xml", &picture("", "").data));
        let expected = match place {
            _ if place <= component + 1 => Class::Sections,
            _ if place < pieces.len() => Class::Assets,
            _ => Class::Accepted,
        };
        totals.count("asset", class(&with(more)), &[expected], &place);
        let empty = with(custom("mprun:asset", b"")).unwrap_err();
        totals.count("empty asset", class_of(&empty), &[Class::Sections], &place);
    }
    println!("{totals}");
    assert_eq!(totals.0.get(&("asset", Class::Accepted)), Some(&1));
}

#[test]
fn nothing_can_be_appended() {
    let bundle = small_bundle();
    let mut totals = Totals::new();
    for byte in 0..=u8::MAX {
        for (what, more) in [
            ("1 byte", vec![byte]),
            ("2 bytes", vec![byte, 0]),
            ("3 bytes", vec![byte, 1, 0]),
            ("16 bytes", vec![byte; 16]),
        ] {
            let result = judge(&bundle, [bundle.bytes(), &more].concat());
            totals.count(what, class(&result), &[Class::Structure], &byte);
        }
    }
    println!("{totals}");
    // Another bundle, or the same one again, is no part of this one.
    let twice = judge(&bundle, [bundle.bytes(), bundle.bytes()].concat());
    assert_eq!(class(&twice), Class::Structure);
}
