//! Manifests as files: `tests/manifests/valid/*.json` beside their canonical
//! form, `invalid/*.json` beside what is said of them. After a change of
//! messages, `MPRUN_BLESS=1` writes the texts anew; then read the difference.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mprun_core::{
    asset::AssetPath,
    bundle::{BundleError, pack},
    capability::Capability,
    manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError, Tab, TabBar},
};

use crate::fixtures;

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

fn check(case: &Path, got: &str) {
    let expected = case.with_extension("txt");
    let got = format!("{got}\n");
    if env::var_os("MPRUN_BLESS").is_some() {
        fs::write(&expected, &got).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(got, expected, "{}", case.display());
}

#[test]
fn valid_manifests_have_one_canonical_form() {
    let cases = cases("valid");
    assert!(cases.len() >= 3);
    for case in cases {
        let manifest =
            Manifest::parse(&fs::read(&case).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let canonical = manifest.to_canonical_json();
        let again = Manifest::parse(&canonical).unwrap();
        assert_eq!(again, manifest, "{}", case.display());
        assert_eq!(again.to_canonical_json(), canonical);
        check(&case, &String::from_utf8(canonical).unwrap());
    }
}

#[test]
fn invalid_manifests_are_refused_with_place_and_reason() {
    let cases = cases("invalid");
    assert!(cases.len() >= 20);
    for case in cases {
        match Manifest::parse(&fs::read(&case).unwrap()) {
            Ok(_) => panic!("{} is accepted", case.display()),
            Err(error) => check(&case, &error.to_string()),
        }
    }
}

#[test]
fn large_and_deep_manifests_are_refused() {
    let large = vec![b' '; MANIFEST_BYTES_MAX + 1];
    assert_eq!(Manifest::parse(&large), Err(ManifestError::TooLarge { bytes: MANIFEST_BYTES_MAX + 1 }));
    let deep = "[".repeat(MANIFEST_BYTES_MAX);
    assert!(matches!(Manifest::parse(deep.as_bytes()), Err(ManifestError::Syntax { .. })));
}

#[test]
fn many_problems_are_counted() {
    let keys: Vec<_> = (0..100).map(|n| format!("\"k{n}\": 0")).collect();
    let json = format!("{{{}}}", keys.join(","));
    match Manifest::parse(json.as_bytes()) {
        Err(ManifestError::Problems { problems, more }) => {
            assert_eq!(problems.len(), 20);
            assert_eq!(more, 100 + 7 - 20);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_entry_page_is_the_first_one_unless_given() {
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/valid");
        Manifest::parse(&fs::read(folder.join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("minimal.json").entry_page().unwrap().as_str(), "index");
    assert_eq!(read("full.json").entry_page().unwrap().as_str(), "menu");
    assert!(read("full.json").has_page("orders/detail"));
    assert!(!read("full.json").has_page("orders"));
}

/// A manifest with texts in several languages.
fn in_languages(lang: &str, locales: &str) -> Manifest {
    let json = format!(
        r#"{{
            "app_id": "coffee", "name": "Coffee", "short_name": "Cafe", "description": "Order ahead.",
            "version": {{"code": 1, "name": "1.0"}}, "platform_version": {{"min_code": 1}}, "category": "food",
            "icons": [{{"src": "icon.svg"}}], "pages": ["menu", "cart"], {lang}
            "window": {{"navigation_bar_title_text": "Our coffee"}},
            "tab_bar": {{"items": [{{"page": "menu", "text": "Menu"}}, {{"page": "cart", "text": "Cart"}}]}},
            "req_permissions": [{{"name": "storage", "reason": "Keeps your orders."}}],
            "locales": {locales}
        }}"#
    );
    Manifest::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn who_asks_for_a_language_gets_its_texts_and_others_get_the_manifests_own() {
    let manifest = in_languages(
        r#""lang": "en","#,
        r#"{
            "zh-Hans": {
                "name": "咖啡", "short_name": "啡", "description": "提前下单。",
                "window": {"navigation_bar_title_text": "我们的咖啡"},
                "tab_bar": ["菜单", "购物车"], "reasons": {"storage": "保存您的订单。"}
            }
        }"#,
    );
    let all = |locale: &str| {
        let said = manifest.localized(locale);
        let mut texts = vec![said.name(), said.short_name(), said.title()];
        texts.extend(said.description());
        texts.extend(said.tabs());
        texts.extend(said.reason(Capability::Storage));
        assert_eq!(said.reason(Capability::Clock), None);
        assert!(texts.iter().all(|text| text.lang == texts[0].lang), "{texts:?}");
        (said.locale(), texts[0].lang, texts.into_iter().map(|text| text.text).collect::<Vec<_>>())
    };
    let own = ["Coffee", "Cafe", "Our coffee", "Order ahead.", "Menu", "Cart", "Keeps your orders."];
    for locale in ["en", "en-GB", "de-AT", "zh-TW", "zh-Hant-HK", "", "*", "no tag"] {
        assert_eq!(all(locale), (None, Some("en"), own.to_vec()), "{locale}");
    }
    let chinese = ["咖啡", "啡", "我们的咖啡", "提前下单。", "菜单", "购物车", "保存您的订单。"];
    for locale in ["zh-Hans", "zh-hans", "zh-Hans-CN", "zh-CN", "zh-SG", "zh"] {
        assert_eq!(all(locale), (Some("zh-Hans"), Some("zh-Hans"), chinese.to_vec()), "{locale}");
    }
}

#[test]
fn each_text_is_in_the_best_language_that_has_it() {
    let locales = r#"{ "de": {"name": "Kaffee", "tab_bar": ["Karte", "Korb"]}, "de-AT": {"name": "Kaffeehaus"} }"#;
    let manifest = in_languages("", locales);
    let said = manifest.localized("de-AT");
    assert_eq!(said.locale(), Some("de-AT"));
    assert_eq!((said.name().text, said.name().lang), ("Kaffeehaus", Some("de-AT")));
    let tabs = said.tabs();
    assert_eq!((tabs[1].text, tabs[1].lang), ("Korb", Some("de")));
    // Nobody says which language the manifest's own texts are in.
    assert_eq!((said.title().text, said.title().lang), ("Our coffee", None));
    assert_eq!(manifest.localized("de-CH").name().text, "Kaffee");
    assert_eq!(manifest.localized("en").locale(), None);
    // Where the manifest's own language fits better, shorter tags are not asked.
    let own = in_languages(r#""lang": "de-AT","#, r#"{ "de": {"name": "Kaffee"} }"#);
    assert_eq!(own.localized("de-AT").name().text, "Coffee");
    assert_eq!(own.localized("de-DE").name().text, "Kaffee");
}

#[test]
fn the_pictures_of_a_manifest_are_its_icons_and_those_of_its_tabs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/valid");
    let manifest = Manifest::parse(&fs::read(folder.join("tabs-and-languages.json")).unwrap()).unwrap();
    let pictures: Vec<_> = manifest.pictures().map(AssetPath::as_str).collect();
    assert_eq!(pictures, ["icon.svg", "tabs/menu.svg"]);
    let bar = manifest.tab_bar.as_ref().unwrap();
    assert_eq!((bar.position("cart"), bar.position("orders")), (Some(1), None));
}

#[test]
fn the_picture_of_a_tab_is_an_asset_of_the_bundle() {
    let mut manifest = fixtures::manifest(&[]);
    manifest.pages.push("cart".parse().unwrap());
    let tab = |page: &str, icon: Option<&str>| Tab {
        page: page.parse().unwrap(),
        text: page.to_owned(),
        icon: icon.map(|icon| icon.parse().unwrap()),
    };
    manifest.tab_bar = Some(TabBar { items: vec![tab("index", Some("tabs/index.svg")), tab("cart", None)] });
    let (component, icon) = (fixtures::Wit::new(&[]).component(), fixtures::picture("icon.svg", ""));
    match pack(&component, &manifest, &[], None, std::slice::from_ref(&icon)) {
        Err(BundleError::IconMissing { path, .. }) => assert_eq!(path, "tabs/index.svg"),
        other => panic!("{other:?}"),
    }
    assert!(pack(&component, &manifest, &[], None, &[icon, fixtures::picture("tabs/index.svg", "")]).is_ok());
}
