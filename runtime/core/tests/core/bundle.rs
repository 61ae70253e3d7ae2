//! Packing and verifying: the same parts give the same bytes, and what was put
//! in comes out.

use mprun_core::{
    asset::MediaType,
    bundle::{ASSET_BYTES_MAX, ASSETS_MAX, AssetFile, BUNDLE_BYTES_MAX, BundleError, pack, verify},
    identity::Digest,
    manifest::Manifest,
};
use mprun_frame::template::id_of;
use proptest::prelude::*;
use wasm_encoder::{Component, ComponentSection as _, CustomSection, Module};

use crate::fixtures::{Wit, manifest, picture, repack, small_bundle, template};

#[test]
fn what_is_packed_can_be_read() {
    let bundle = small_bundle();
    let again = verify(bundle.bytes().to_vec()).unwrap();
    assert_eq!(again.digest(), Digest::of(bundle.bytes()));
    assert_eq!(again.digest().to_string(), blake3_of(bundle.bytes()));
    assert_eq!(again.manifest(), &manifest(&["clock"]));
    assert_eq!(format!("{:?}", *again), format!("Bundle(test {})", again.digest()));
    assert_eq!(again.templates().as_slice().len(), 2);

    let asset = again.asset("img/a.svg").unwrap();
    assert_eq!(asset.data, picture("", "a").data);
    assert_eq!(asset.media_type, MediaType::Svg);
    assert_eq!(again.asset_by_digest(&asset.digest).unwrap().path, asset.path);
    assert!(again.asset("img/b.svg").is_none());
    assert!(again.asset_by_digest(&Digest::of(b"")).is_none());

    let sizes = again.sizes();
    assert_eq!(sizes.total, bundle.bytes().len());
    assert_eq!(sizes.component + sizes.manifest + sizes.templates + sizes.assets, sizes.total);
    assert_eq!(sizes.component, again.component().len());
    assert_eq!(repack(&again), bundle.bytes());
}

fn blake3_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[test]
fn a_component_of_many_tools_packs_to_the_same_bytes() {
    let component = Wit::new(&["clock"]).component();
    let plain = pack(&component, &manifest(&["clock"]), &[], None, &[picture("icon.svg", "")]).unwrap();
    for name in ["name", "producers", "mprun:manifest", "mprun:later", "linking"] {
        let mut noisy = component.clone();
        let section = CustomSection { name: name.into(), data: b"/home/someone".into() };
        section.append_to_component(&mut noisy);
        let packed = pack(&noisy, &manifest(&["clock"]), &[], None, &[picture("icon.svg", "")]).unwrap();
        assert_eq!(packed.bytes(), plain.bytes(), "{name}");
    }
    // Core modules bring such sections too, inside the component.
    let has = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
    for text in ["producers", "processed-by"] {
        assert!(has(&component, text), "the test is blind for {text}");
        assert!(!has(plain.bytes(), text), "{text}");
    }
    assert!(wasmparser::validate(plain.component()).is_ok());
}

#[test]
fn templates_are_sorted_and_stand_once() {
    let encodings: Vec<_> = ["a", "b", "c", "a"].map(template).into();
    let templates: Vec<_> = encodings.iter().map(Vec::as_slice).collect();
    let component = Wit::new(&[]).component();
    let bundle = pack(&component, &manifest(&[]), &templates, None, &[picture("icon.svg", "")]).unwrap();
    let ids: Vec<_> = bundle.templates().as_slice().iter().map(|t| t.id()).collect();
    let mut expected: Vec<_> = encodings[..3].iter().map(|encoding| id_of(encoding)).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
}

#[test]
fn a_broken_template_is_named_by_its_index() {
    let good = template("a");
    let component = Wit::new(&[]).component();
    let error = pack(&component, &manifest(&[]), &[&good, b"\xff"], None, &[]).unwrap_err();
    assert!(matches!(error, BundleError::Template { index: 1, .. }), "{error}");
}

fn with_assets(assets: &[AssetFile]) -> Result<(), BundleError> {
    pack(&Wit::new(&[]).component(), &manifest(&[]), &[], None, assets).map(|_| ())
}

#[test]
fn assets_that_cannot_be_are_refused() {
    let icon = || picture("icon.svg", "");
    let cases: Vec<(Vec<AssetFile>, &str)> = vec![
        (vec![], "the icon `icon.svg` is not among the assets"),
        (vec![picture("icons.svg", "")], "the icon `icon.svg` is not among the assets, did you mean `icons.svg`?"),
        (
            vec![icon(), picture("../evil.svg", "")],
            "expected an asset path that stays in the assets folder, got `../evil.svg`",
        ),
        (
            vec![icon(), picture("/etc/a.svg", "")],
            "expected an asset path relative to the assets folder, got `/etc/a.svg`",
        ),
        (
            vec![icon(), AssetFile { path: "app.js".into(), data: vec![] }],
            "expected an asset that ends in `.svg`, `.png`, `.jpg`, `.jpeg`, `.webp` or `.gif`, got `app.js`",
        ),
        (vec![icon(), icon()], "the asset `icon.svg` is not in order of paths"),
        (
            vec![icon(), picture("Icon.svg", "")],
            "the assets `icon.svg` and `Icon.svg` cannot be told apart on every file system",
        ),
        (
            vec![icon(), picture("icon.svg/a.svg", "")],
            "the assets `icon.svg/a.svg` and `icon.svg` cannot be told apart on every file system",
        ),
        (
            vec![icon(), AssetFile { path: "a.png".into(), data: b"<svg/>".to_vec() }],
            "the asset `a.png`: expected a file of type image/png, got something else",
        ),
        (
            vec![icon(), picture("big.svg", &"x".repeat(ASSET_BYTES_MAX))],
            "the asset `big.svg`: expected at most 2097152 bytes, got 2097205",
        ),
    ];
    for (assets, expected) in cases {
        assert_eq!(with_assets(&assets).unwrap_err().to_string(), expected);
    }
}

#[test]
fn there_is_an_end_to_assets_and_bytes() {
    let many = |count: usize| -> Vec<_> {
        let mut all: Vec<_> = (1..count).map(|n| picture(&format!("a{n}.svg"), "")).collect();
        all.push(picture("icon.svg", ""));
        all
    };
    assert_eq!(with_assets(&many(ASSETS_MAX)), Ok(()));
    assert_eq!(with_assets(&many(ASSETS_MAX + 1)), Err(BundleError::TooManyAssets { count: ASSETS_MAX + 1 }));
    let mut large: Vec<_> = (0..5).map(|n| picture(&format!("a{n}.svg"), &"x".repeat(ASSET_BYTES_MAX - 100))).collect();
    large.push(picture("icon.svg", ""));
    assert!(matches!(with_assets(&large), Err(BundleError::TooLarge { .. })));
    assert_eq!(
        verify(vec![0; BUNDLE_BYTES_MAX + 1]).unwrap_err(),
        BundleError::TooLarge { bytes: BUNDLE_BYTES_MAX + 1 }
    );
}

#[test]
fn a_manifest_that_was_spoiled_after_parsing_is_refused() {
    let spoiled = Manifest { name: String::new(), ..manifest(&[]) };
    let error = pack(&Wit::new(&[]).component(), &spoiled, &[], None, &[]).unwrap_err();
    assert!(matches!(error, BundleError::Manifest(_)), "{error}");
}

#[test]
fn other_files_are_refused_by_kind() {
    let cases: [(&[u8], BundleError); 6] = [
        (b"", BundleError::Empty),
        (b"PK\x03\x04 a zip archive", BundleError::NotWasm),
        (b"\0asm", BundleError::NotWasm),
        (&Module::new().finish(), BundleError::CoreModule),
        (b"\0asm\x02\0\0\0", BundleError::WasmVersion),
        (&Component::new().finish(), BundleError::NotABundle),
    ];
    for (bytes, expected) in cases {
        assert_eq!(verify(bytes.to_vec()).unwrap_err(), expected);
    }
    assert!(matches!(pack(&Module::new().finish(), &manifest(&[]), &[], None, &[]), Err(BundleError::CoreModule)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever the parts and their order: pack, verify, pack gives the same bytes.
    #[test]
    fn packing_is_deterministic(
        texts in prop::collection::vec("[a-z]{1,8}", 0..6),
        names in prop::collection::btree_set("[a-z]{1,8}", 0..6),
        rotate in 0_usize..6,
    ) {
        let component = Wit::new(&[]).component();
        let encodings: Vec<_> = texts.iter().map(|text| template(text)).collect();
        let mut templates: Vec<_> = encodings.iter().map(Vec::as_slice).collect();
        let mut assets: Vec<_> =
            names.iter().map(|name| picture(&format!("img/{name}.svg"), name)).collect();
        assets.push(picture("icon.svg", ""));
        let bundle = pack(&component, &manifest(&[]), &templates, None, &assets).unwrap();

        let by = rotate % templates.len().max(1);
        templates.rotate_left(by);
        assets.reverse();
        let other = pack(&component, &manifest(&[]), &templates, None, &assets).unwrap();
        prop_assert_eq!(other.bytes(), bundle.bytes());
        prop_assert_eq!(repack(&bundle), bundle.bytes());
    }
}
