//! What a manifest says, acted upon: a scope by the host, tabs and languages by
//! the server, on standard output and by `inspect`.

use std::path::{Path, PathBuf};

use mprun_core::manifest::{KeyScope, Manifest, Scope};
use mprun_host::{Open, PageError};

use crate::support::local::{Local, user};
use crate::support::server::Server;
use crate::support::{changed, command, guest, sample};

/// The same program, which may use these keys of its storage alone.
fn scoped(bundle: &Path, folder: &Path, prefixes: &[&str]) -> PathBuf {
    let to = folder.join("scoped.wasm");
    changed(bundle, &to, |manifest: &mut Manifest| {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let storage = manifest.req_permissions.iter_mut().find(|permission| permission.name.name() == "storage");
        storage.expect("it requests the storage").scope = Some(Scope::Keys(KeyScope { prefixes }));
    });
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outside_of_the_scope_is_denied_with_the_line_of_the_manifest() {
    let (folder, user) = (tempfile::tempdir().expect("a temporary folder"), user("ada"));
    // This guest says what the host has answered.
    let local = Local::start(Default::default()).await;
    let program = local.install(&scoped(&guest("raw"), folder.path(), &["order/", "cart."])).await;
    let said = match local.open(&program, &user).await {
        Err(PageError::Guest { message }) => message,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the key was read"),
    };
    let expected = "expected a key that begins with `order/` or `cart.` \
                    (`req_permissions[0].scope` in the manifest), got `frame`";
    assert_eq!(said, expected);
}

#[test]
fn a_program_goes_on_within_its_scope() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&[scoped(&guest("counter"), folder.path(), &["tap"])]);
    let page = server.client().get("/miniapp/counter/index").press("Add").assert_text("stored 1.");
    // The note has a key of its own, and writing it is refused.
    let refused = page.fill("Note", "no sugar").press("Apply: Note");
    assert!(refused.alert().contains("not allowed to do that"), "{}", refused.text());
    refused.client().get("/miniapp/counter/index").press("Add").assert_text("stored 2.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_no_key_outside_of_the_scope() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let coffee = sample("coffee");
    // The page of the orders reads what it lists, and this cannot be read.
    for (prefixes, listed) in [(&["order/0"][..], false), (&["order/"], true), (&["o", "order/0"], true)] {
        let local = Local::start(Default::default()).await;
        let program = local.install(&scoped(&coffee, folder.path(), prefixes)).await;
        let ada = user("ada");
        local.seed(&program, &ada, "order/9", b"no order".to_vec()).await;
        let open = Open { route: Some("orders".to_owned()), ..Open::default() };
        let page = local.host.open(&program, &ada, open).await;
        assert_eq!(page.is_err(), listed, "{prefixes:?}");
        if let Ok(page) = page {
            let view = local.json(&page).expect("the view can be read").to_string();
            assert!(view.contains("You have not ordered anything yet."), "{view}");
        }
    }
}

#[test]
fn tabs_lead_to_their_pages_with_nothing_below() {
    let server = Server::start(&[sample("coffee")]);
    let menu = server.client().get("/miniapp/coffee");
    assert_eq!(menu.select("nav.mp-tabs a"), ["Menu", "Cart", "Orders"]);
    assert_eq!(menu.select("nav.mp-tabs a[aria-current=page]"), ["Menu"]);
    let product = menu.follow("Flat White").assert_text("How many");
    assert_eq!(product.select("nav.mp-tabs"), Vec::<String>::new(), "no tab leads to this page");
    // By a link of the program, with the way back; then by tabs.
    let cart = product.follow("Cart").assert_text("Nothing in it yet.");
    assert!(cart.html.contains("name=\"_back\"") && cart.path.contains("_below="), "{}", cart.path);
    assert_eq!(cart.select("nav.mp-tabs a[aria-current=page]"), ["Cart"]);
    let orders = cart.follow("Orders").assert_text("You have not ordered anything yet.");
    let menu = orders.follow("Menu").assert_text("Espresso bar");
    assert_eq!((orders.path.as_str(), menu.path.as_str()), ("/miniapp/coffee/orders", "/miniapp/coffee/menu"));
    assert!(!menu.html.contains("name=\"_back\""), "{}", menu.html);

    // The pictures of the tabs are in the program's style, and there.
    let between = |text: &str, before: &str, after: &str| {
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {text}"));
        rest.split_once(after).map(|(found, _)| found.to_owned()).unwrap_or_default()
    };
    let style = between(&menu.html, "href=\"/miniapp/coffee/_style/", "\"");
    let style = menu.client().get(&format!("/miniapp/coffee/_style/{style}"));
    let icon = menu.client().get(&between(&style.html, ".mp-tab-icon-1{--mp-tab-icon:url(\"", "\""));
    assert!(icon.status == 200 && icon.html.starts_with("<svg"), "{}: {}", icon.path, icon.html);
}

/// A page as a browser with this language gets it.
fn in_language(server: &Server, path: &str, language: &str) -> String {
    let address = format!("http://{}{path}", server.address());
    let mut answer = ureq::get(address).header("Accept-Language", language).call().expect("an answer");
    answer.body_mut().read_to_string().expect("UTF-8")
}

#[test]
fn a_browser_gets_the_shells_texts_in_its_language() {
    let server = Server::start(&[sample("coffee")]);
    let (centre, menu) = ("/", "/miniapp/coffee/menu");
    for language in ["zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "zh"] {
        let page = in_language(&server, centre, language);
        assert!(page.contains("<span class=\"mp-name\" lang=\"zh-Hans\" dir=\"ltr\">梅巷咖啡</span>"), "{page}");
        let page = in_language(&server, menu, language);
        for part in ["<html lang=\"en\"", "· 梅巷咖啡</title>", "梅巷 Plum Lane</p>", ">购物车</span>"] {
            assert!(page.contains(part), "expected `{part}` for {language} in {page}");
        }
    }
    for language in ["en-GB", "de-AT,de;q=0.9,zh;q=0.1", "zh-TW", "x"] {
        assert!(in_language(&server, centre, language).contains(">Plum Lane Coffee</span>"), "{language}");
        assert!(in_language(&server, menu, language).contains(">Cart</span>"), "{language}");
    }
}

/// What a command prints for somebody with this locale.
fn printed(arguments: &[&str], locale: &str) -> String {
    let output = command(arguments).env("LC_ALL", locale).output().expect("mprun starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_last_line_of_a_printed_page_are_its_tabs() {
    let (coffee, folder) = (sample("coffee"), tempfile::tempdir().expect("a temporary folder"));
    let (bundle, data) = (coffee.to_string_lossy(), folder.path().to_string_lossy());
    let arguments = [&*bundle, "--format", "text", "--data", &*data];
    for (locale, tabs) in
        [("C.UTF-8", "Tabs:  (•) Menu  ( ) Cart  ( ) Orders"), ("zh_CN.UTF-8", "Tabs:  (•) 菜单  ( ) 购物车  ( ) 订单")]
    {
        assert_eq!(printed(&arguments, locale).lines().last(), Some(tabs));
    }
    let product = [&arguments[..], &["--page", "product?id=flat-white"]].concat();
    assert!(!printed(&product, "C.UTF-8").contains("Tabs:"));
}

#[test]
fn inspect_says_tabs_scopes_and_languages() {
    let coffee = sample("coffee");
    let bundle = coffee.to_string_lossy();
    let arguments = ["inspect", &*bundle];
    let english = printed(&arguments, "C.UTF-8");
    for part in [
        "\n  tabs         Menu (menu), Cart (cart), Orders (orders)\n",
        "\n  languages    en, zh-Hans\n",
        "\n  storage      To keep the orders that you have placed. (",
        "\n               scope: a key that begins with `order/`\n",
    ] {
        assert!(english.contains(part), "expected `{part}` in {english}");
    }
    let chinese = printed(&arguments, "zh_CN.UTF-8");
    for part in ["梅巷咖啡 1.0.0 (coffee)", "  tabs         菜单 (menu), ", "  storage      用来保存您下过的订单。"]
    {
        assert!(chinese.contains(part), "expected `{part}` in {chinese}");
    }
}
