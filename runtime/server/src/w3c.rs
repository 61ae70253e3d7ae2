//! What is to be seen in those manifest cases of the W3C's MiniApp test suite that
//! are about what is shown. Which cases there are, and why the others do not apply:
//! `runtime/core/tests/core/w3c.rs`.

use mprun_core::identity::{Digest, PageId};
use mprun_core::manifest::Manifest;
use mprun_core::trust::Standing;

use crate::shell::{Page, Shell};

/// A page of a program with the case's own `window`, and the program's style.
fn shown(window: &str) -> (String, String) {
    let json = format!(
        r#"{{"app_id": "w3c", "name": "Case", "version": {{"code": 1, "name": "1"}},
            "platform_version": {{"min_code": 1}}, "category": "utilities",
            "icons": [{{"src": "icon.svg"}}], "pages": ["pages/home/home"]{window}}}"#
    );
    let manifest = Manifest::parse(json.as_bytes()).unwrap();
    let scripts = crate::scripts::Scripts::new(false);
    let (digest, standing) = (Digest::of(b""), Standing::Development);
    let shell = Shell::new(&manifest, digest, &standing, std::iter::empty(), "/_style/0.css", &scripts, None);
    let page = Page {
        route: "pages/home/home",
        locale: None,
        lang: "en",
        dir: "ltr",
        heading: None,
        has_main_heading: false,
        recipe: None,
        id: Some(PageId::from_bytes([1; 16])),
        nonce: "n",
        base: "AAAAAAAAAAA".parse().unwrap(),
        revision: 0,
        way: "",
        push: false,
        back: false,
        toasts: &[],
        alert: None,
        refresh: None,
    };
    (shell.write(&page, |out| out.push_str("VIEW")), shell.style)
}

/// `mnf-window-background-color`: green, for who has not asked for dark colours.
#[test]
fn a_page_stands_on_the_colour_of_its_manifest() {
    let (page, style) = shown(r##", "window": {"background_color": "#00FF00"}"##);
    assert_eq!(style, ":root{--mp-ground:light-dark(#00ff00,var(--mp-ground-dark));}\n");
    assert!(page.contains("<link rel=\"stylesheet\" href=\"/miniapp/w3c/_style/"), "{page}");
    let everywhere = crate::site::SHELL_STYLE;
    assert!(everywhere.contains("html {\n  background: var(--mp-ground);"));
    assert!(everywhere.contains(".mp-main > .mp-page { background: none; }"), "nothing lies over it");
}

/// `mnf-window-background-color-default`: the draft wants white. Ours is nearly
/// white, so that white cards stand out on it, and dark for who prefers that.
#[test]
fn a_page_without_a_colour_stands_on_the_hosts_paper() {
    let (_, style) = shown("");
    assert_eq!(style, "");
    let everywhere = crate::site::SHELL_STYLE;
    assert!(everywhere.contains("--mp-ground-light: #f5f5f3;") && everywhere.contains("--mp-ground-dark: #131416;"));
    let (_, white) = shown(r##", "window": {"background_color": "#ffffff"}"##);
    assert!(white.contains("light-dark(#ffffff,"), "{white}");
}

/// `mnf-window-fullscreen-default`: not the whole window.
#[test]
fn a_page_has_the_hosts_title_bar() {
    let (page, _) = shown("");
    let (bar, view) = (page.find("<header class=\"mp-bar\">"), page.find("VIEW"));
    assert!(bar.is_some() && bar < view, "{page}");
}
