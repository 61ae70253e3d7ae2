//! What every page of the samples looks like: on phones and desks, at 200 %, in
//! light and dark, in English, Chinese and Arabic. That nothing overflows, is cut off
//! or too small for a thumb, and that axe-core finds nothing, is asserted in every
//! run. `make pictures` leaves pictures of all of it in `target/pictures`: that
//! something is handsome, only people can see.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::phone;
use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{root, sample};

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
