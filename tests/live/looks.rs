//! What every page of the samples looks like: on phones and desks, at 200 %, in
//! light and dark, in English, Chinese and Arabic. That nothing overflows, is cut off
//! or too small for a thumb, and that axe-core finds nothing, is asserted in every
//! run. `make pictures` leaves pictures of all of it in `target/pictures`: that
//! something is handsome, only people can see. For some pages it also puts the same
//! content beside them as WeUI shows it, the style sheet of WeChat's own pages; those
//! pages are in `weui/`, and that both say the same is asserted.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mprun_core::manifest::ColorScheme;
use serde_json::{Value, json};

use super::{PHONE, phone};
use crate::support::browser::{Browser, tool};
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{changed, root, sample};

/// Widths and heights of windows, how far they are zoomed in percent, and the name.
const WINDOWS: [(u32, u32, u32, &str); 5] = [
    (320, 640, 100, "320"),
    (390, 844, 100, "390"),
    (768, 1024, 100, "768"),
    (1280, 800, 100, "1280"),
    (1280, 800, 200, "1280-200"),
];

const LANGUAGES: [&str; 3] = ["en", "zh-CN", "ar"];

const COFFEE: &[(&str, &str)] = &[
    ("menu", "menu"),
    ("product", "product?id=mocha"),
    ("product-plain", "product?id=pour-over"),
    ("cart", "cart"),
    ("checkout", "checkout"),
    ("order", "order?number=1"),
    ("orders", "orders"),
];

/// The pages that a sample's manifest names.
pub(super) fn pages_of(sample: &str) -> Vec<String> {
    let file = root().join("samples").join(sample).join("manifest.json");
    let manifest = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let manifest: Value = serde_json::from_str(&manifest).expect("a manifest is JSON");
    let pages = manifest["pages"].as_array().expect("it has pages").iter();
    pages.map(|page| page.as_str().expect("a page is named").to_owned()).collect()
}

/// A page to look at, and its name in those of pictures.
struct Look {
    name: String,
    path: String,
}

fn look(name: impl Into<String>, path: impl Into<String>) -> Look {
    Look { name: name.into(), path: path.into() }
}

/// Everything that there is to see, as long as nothing is done.
fn looks() -> Vec<Look> {
    let mut looks = vec![
        look("centre", "/"),
        look("hello", "/miniapp/hello/index"),
        look("missing-page", "/miniapp/coffee/nothing"),
        look("missing-program", "/miniapp/nothing/index"),
    ];
    looks.extend(COFFEE.iter().map(|(name, path)| look(format!("coffee-{name}"), format!("/miniapp/coffee/{path}"))));
    let gallery = pages_of("gallery").into_iter();
    looks.extend(gallery.map(|page| look(format!("gallery-{page}"), format!("/miniapp/gallery/{page}"))));
    looks
}

/// The samples, and a customer who has ordered a coffee before and has another one
/// in the cart.
fn everything() -> (Server, Client) {
    let server = Server::start(&[sample("hello"), sample("coffee"), sample("gallery")]);
    let client = server.client();
    let menu = client.get("/miniapp/coffee/menu").press("Add Butter Croissant").press("Add Mocha");
    let checkout = menu.follow("Cart (2) · $10.70").press("Check out");
    checkout
        .fill("Your name", "Ada")
        .fill("Pick-up", "quarter")
        .fill("Note", "Extra hot, half sweet")
        .press("Place order · $10.70")
        .assert_text("We have your order.");
    client.get("/miniapp/coffee/menu").press("Add Flat White").press("Add Black Sesame Cookie").assert_text("Cart (2)");
    (server, client)
}

async fn guest_of(client: &Client) -> Browser {
    let browser = phone().await;
    // Pages that do not exist are looked at too.
    browser.expects_log("the server responded with a status of 404");
    browser.become_user(&client.cookie());
    browser
}

/// What is wrong with a page in every window; in one language.
async fn untidy(browser: &Browser, server: &Server, look: &Look, language: &str) -> Vec<String> {
    let mut findings = Vec::new();
    browser.size(390, 844);
    browser.at(server, &look.path).await;
    for (width, height, zoom, window) in WINDOWS {
        browser.zoom(width, height, zoom);
        let found = browser.untidy().await;
        findings.extend(found.into_iter().map(|found| format!("{} in {language} at {window}: {found}", look.name)));
    }
    findings
}

async fn assert_tidy(language: &'static str) {
    let (server, client) = everything();
    let browser = guest_of(&client).await;
    browser.language(language);
    let mut findings = Vec::new();
    for look in looks() {
        findings.extend(untidy(&browser, &server, &look, language).await);
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overflows_and_nothing_is_too_small_in_english() {
    assert_tidy("en").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overflows_and_nothing_is_too_small_in_chinese() {
    assert_tidy("zh-CN").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overflows_and_nothing_is_too_small_in_arabic() {
    assert_tidy("ar").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page_in_light_and_dark() {
    let (server, client) = everything();
    let browser = guest_of(&client).await;
    for dark in [false, true] {
        browser.dark(dark);
        for look in looks() {
            browser.at(&server, &look.path).await;
            browser.assert_accessible(&format!("{}, dark: {dark}", look.name)).await;
        }
    }
    // The other way round, where languages differ.
    browser.language("ar");
    browser.size(1280, 800);
    for look in looks().iter().filter(|look| look.name.starts_with("gallery")) {
        browser.at(&server, &look.path).await;
        assert_eq!(browser.value_of("document.documentElement.dir").await, "rtl", "{}", look.name);
        browser.assert_accessible(&format!("{} in Arabic", look.name)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_after_something_was_done_either() {
    let (server, client) = everything();
    let browser = guest_of(&client).await;
    for dark in [false, true] {
        browser.dark(dark);
        // Fields that are wrong.
        browser.at(&server, "/miniapp/coffee/checkout").await;
        browser.type_over("Your name", "").await;
        browser.click("Place order").await;
        browser.sees("Please").await;
        browser.settled().await;
        browser.assert_accessible(&format!("a form that was refused, dark: {dark}")).await;
        // A toast, and another number in the cart.
        browser.at(&server, "/miniapp/coffee/menu").await;
        browser.click("Add Espresso").await;
        browser.sees("Espresso is in your cart").await;
        browser.settled().await;
        browser.assert_accessible(&format!("a toast, dark: {dark}")).await;
        // An alert.
        browser.at(&server, "/miniapp/gallery/feedback").await;
        browser.click("Enter at midnight").await;
        browser.sees("The museum is closed at night.").await;
        browser.settled().await;
        browser.assert_accessible(&format!("an alert, dark: {dark}")).await;
    }
}

/// What a page looks like is not what its program alone decides: what it is asked
/// for counts.
#[tokio::test(flavor = "multi_thread")]
async fn dark_is_dark_and_light_is_light() {
    let (server, client) = everything();
    let browser = guest_of(&client).await;
    let ground = "(c => {
      const p = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      p.fillStyle = c;
      p.fillRect(0, 0, 1, 1);
      const [r, g, b] = p.getImageData(0, 0, 1, 1).data;
      return (r + g + b) / 3;
    })(getComputedStyle(document.documentElement).backgroundColor)";
    for (path, follows) in
        [("/miniapp/gallery/index", true), ("/miniapp/hello/index", true), ("/miniapp/coffee/menu", false)]
    {
        browser.at(&server, path).await;
        browser.dark(false);
        let light = browser.value_of(ground).await.as_f64().unwrap_or_default();
        browser.dark(true);
        let dark = browser.value_of(ground).await.as_f64().unwrap_or_default();
        assert!(light > 200.0, "{path}: {light}");
        // Coffee's manifest says that it is light.
        assert_eq!(dark < 60.0, follows, "{path}: {dark}");
    }
}

/// Where the pictures are kept.
fn pictures() -> PathBuf {
    let folder = root().join("target/pictures");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "hundreds of pictures, for people to look at: `make pictures`"]
async fn every_page_in_every_way_as_a_picture() {
    let (server, client) = everything();
    let server = Arc::new(server);
    let folder = pictures();
    // As many browsers as languages: a picture is mostly waiting.
    let mut painters = Vec::new();
    for language in LANGUAGES {
        let (server, client, folder) = (Arc::clone(&server), client.clone(), folder.clone());
        painters.push(tokio::spawn(async move {
            let browser = guest_of(&client).await;
            browser.language(language);
            for look in looks() {
                for dark in [false, true] {
                    browser.dark(dark);
                    browser.at(&server, &look.path).await;
                    for (width, height, zoom, window) in WINDOWS {
                        browser.zoom(width, height, zoom);
                        let scheme = if dark { "dark" } else { "light" };
                        let name = format!("{}-{language}-{scheme}-{window}.png", look.name);
                        browser.picture_into(&folder.join(name)).await;
                    }
                }
            }
        }));
    }
    for painter in painters {
        painter.await.expect("every picture can be taken");
    }
}

/// Pages of coffee that are put beside the same content in WeUI: a name, our path, and
/// the other page.
const BESIDE: [(&str, &str, &str); 3] = [
    ("menu", "menu", include_str!("weui/menu.html")),
    ("product", "product?id=mocha", include_str!("weui/product.html")),
    ("cart", "cart", include_str!("weui/cart.html")),
];

/// Says a page in other words, and tells what can be read.
const TEXTS: &str = include_str!("weui/texts.js");

/// How wide a page is, whether it is dark, and the pictures that did not arrive.
const STATE: &str = "[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches, \
                     Array.from(document.images).filter(image => !image.naturalWidth).map(image => image.src)]";

/// Two pictures of phones beside each other, and how wide that is. Hairlines need
/// the screen of a phone: both are taken at 200 %.
const PAIR: &str = "<!doctype html><style>body{margin:0;display:flex;gap:20px;align-items:start;background:#808080}\
                    img{display:block;width:390px}</style><img src=\"ours.png\"><img src=\"theirs.png\">";
const PAIR_WIDTH: u32 = 2 * PHONE.0 + 20;

/// The texts of coffee in a language. The program speaks English, whatever its manifest
/// says in others: what Chinese looks like is seen with a table of its texts.
fn words(language: &str) -> Value {
    match language {
        "en" => json!({}),
        _ => serde_json::from_str(include_str!("weui/words.json")).expect("the table is JSON"),
    }
}

/// A page of `weui/` in a language: what stands in `{{…}}` is a text, a drawing of the
/// sample, or `lang`.
fn filled(page: &str, language: &str, words: &Value) -> String {
    let mut parts = page.split("{{");
    let mut html = parts.next().expect("a text has a first part").to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").expect("a placeholder ends");
        if name == "lang" {
            html.push_str(language);
        } else if name.ends_with(".svg") {
            let file = root().join("samples/coffee/assets").join(name);
            let drawing = std::fs::read_to_string(&file);
            html.push_str(&drawing.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
        } else if language == "en" {
            html.push_str(name);
        } else {
            html.push_str(words[name].as_str().unwrap_or_else(|| panic!("weui/words.json lacks `{name}`")));
        }
        html.push_str(rest);
    }
    html
}

/// Takes a picture of all of the page that is open, in these words, and tells what can
/// be read on it.
async fn half(browser: &Browser, words: Value, dark: bool, file: &Path) -> BTreeSet<String> {
    let read = browser.probe(TEXTS, vec![words]).await;
    // Pictures far down come when the window is as long as the page.
    let tall = browser.value_of("document.documentElement.scrollHeight").await.as_u64();
    let tall = tall.and_then(|tall| u32::try_from(tall).ok()).expect("a page has a height");
    browser.zoom(PHONE.0 * 2, tall * 2, 200);
    browser.until("Array.from(document.images).every(image => image.complete)").await;
    let state = browser.value_of(STATE).await;
    assert_eq!(state, json!([PHONE.0, dark, []]), "{}", file.display());
    let picture = browser.window.screenshot().await.expect("a picture can be taken");
    std::fs::write(file, picture).expect("the picture can be written");
    let read = read.as_array().into_iter().flatten();
    read.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "pictures for people to compare: `make pictures`"]
async fn pages_beside_the_same_in_weui_as_a_picture() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Coffee's manifest says that it is light. Here it follows what is asked for.
    let coffee = folder.path().join("coffee.wasm");
    changed(&sample("coffee"), &coffee, |manifest| manifest.color_scheme = ColorScheme::Auto);
    let server = Server::start(&[coffee]);
    let client = server.client();
    client.get("/miniapp/coffee/menu").press("Add Flat White").press("Add Black Sesame Cookie").assert_text("Cart (2)");
    let browser = phone().await;
    browser.become_user(&client.cookie());
    // What the pages of `weui/` call `../`.
    symlink(tool("weui"), folder.path().join("weui")).expect("a link can be made");
    for (name, place) in [("assets", "samples/coffee/assets"), ("frame.css", "tests/live/weui/frame.css")] {
        symlink(root().join(place), folder.path().join(name)).expect("a link can be made");
    }

    for (name, path, page) in BESIDE {
        for language in ["en", "zh-CN"] {
            for dark in [false, true] {
                let name = format!("weui-{name}-{language}-{}", if dark { "dark" } else { "light" });
                // A folder for each: a browser remembers pictures by their addresses.
                let place = folder.path().join(&name);
                std::fs::create_dir(&place).expect("a folder can be made");
                let page_of = |file: &str| format!("file://{}", place.join(file).display());
                browser.language(language);
                browser.dark(dark);

                browser.size(PHONE.0, PHONE.1);
                browser.at(&server, &format!("/miniapp/coffee/{path}")).await;
                let ours = half(&browser, words(language), dark, &place.join("ours.png")).await;

                browser.size(PHONE.0, PHONE.1);
                std::fs::write(place.join("theirs.html"), filled(page, language, &words(language))).expect("a file");
                browser.go(&page_of("theirs.html")).await;
                let brand = browser.value_of("getComputedStyle(document.body).getPropertyValue('--weui-BRAND')").await;
                assert_ne!(brand, "", "{name}: the style sheet of WeUI did not arrive");
                let theirs = half(&browser, json!({}), dark, &place.join("theirs.png")).await;
                assert_eq!(ours, theirs, "{name}: on the left is our page, on the right tests/live/weui");

                std::fs::write(place.join("pair.html"), PAIR).expect("a file");
                // As high as the pictures are, at least this.
                browser.zoom(PAIR_WIDTH * 2, 200, 200);
                browser.go(&page_of("pair.html")).await;
                browser.picture_into(&pictures().join(format!("{name}.png"))).await;
            }
        }
    }
}
