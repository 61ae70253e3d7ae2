//! Frames that were not made by our encoder: a script in another language, written
//! from `wit/README.md` alone, makes them, and a guest without the SDK hands them
//! to a real host.

use std::process::Command;

use mprun_core::bundle::{self, AssetFile};
use mprun_core::render::Words;
use mprun_core::render::html::{self, Addresses, HtmlContext};
use mprun_frame::frame::Frame;
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::{Template, Templates};
use mprun_frame::tree::{FrameError, Instance, Tree, Value, definitions};
use mprun_host::{HostConfig, PageError};
use serde_json::Value as Json;

use crate::support::local::{Local, user};
use crate::support::{guest, root};

/// What the script says.
fn encoded() -> Json {
    let script = root().join("tests/encoder/encode.py");
    let output = Command::new("python3").arg(script).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

fn list(json: &Json) -> &[Json] {
    json.as_array().expect("a list")
}

fn text(json: &Json) -> &str {
    json.as_str().expect("a text")
}

fn hex(json: &Json) -> Vec<u8> {
    let digits = text(json).as_bytes();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

fn frame(json: &Json) -> Frame {
    Frame {
        templates: list(&json["templates"])
            .iter()
            .map(|id| u64::from_str_radix(text(id), 16).expect("an id"))
            .collect(),
        definitions: hex(&json["definitions"]),
        ops: list(&json["ops"])
            .iter()
            .map(|op| op.as_u64().and_then(|op| op.try_into().ok()).expect("an op"))
            .collect(),
        text: text(&json["text"]).to_owned(),
        messages: hex(&json["messages"]),
    }
}

/// As the guest `raw` reads it.
fn stored(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    let mut part = |count: usize, bytes: &[u8]| {
        out.extend(u32::try_from(count).expect("small").to_le_bytes());
        out.extend(bytes);
    };
    part(frame.templates.len(), &frame.templates.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<_>>());
    part(frame.definitions.len(), &frame.definitions);
    part(frame.ops.len(), &frame.ops.iter().flat_map(|op| op.to_le_bytes()).collect::<Vec<_>>());
    part(frame.text.len(), frame.text.as_bytes());
    part(frame.messages.len(), &frame.messages);
    out
}

fn templates(json: &Json) -> Vec<(u64, Vec<u8>)> {
    let all = json["templates"].as_object().expect("templates by id");
    all.iter().map(|(id, encoding)| (u64::from_str_radix(id, 16).expect("an id"), hex(encoding))).collect()
}

/// The guest with the script's templates in its bundle.
fn bundle(json: &Json) -> Vec<u8> {
    let plain = bundle::verify(std::fs::read(guest("raw")).expect("the guest can be read")).expect("a bundle");
    let assets: Vec<_> =
        plain.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    let templates = templates(json);
    let encodings: Vec<&[u8]> = templates.iter().map(|(_, encoding)| encoding.as_slice()).collect();
    let packed =
        bundle::pack(plain.component(), plain.manifest(), &encodings, None, &assets).expect("it can be packed");
    packed.bytes().to_vec()
}

/// The messages of a tree in the order of the frame.
fn messages(tree: &Tree<'_>, instance: &Instance<'_>, out: &mut Vec<u8>) {
    for value in tree.values(instance) {
        let inside: Vec<usize> = match value {
            Value::Handler(Some(message)) => {
                out.extend_from_slice(message);
                continue;
            }
            Value::Child(Some(child)) => vec![*child],
            Value::List { first, count } => tree.items(*first, *count).iter().map(|item| item.instance).collect(),
            _ => continue,
        };
        for position in inside {
            messages(tree, tree.instance(position).expect("an instance"), out);
        }
    }
}

#[test]
fn ids_of_templates_are_what_another_tool_says() {
    let json = encoded();
    for (id, encoding) in templates(&json) {
        let template = Template::decode(&encoding).unwrap_or_else(|error| panic!("{id:016x}: {error}"));
        assert_eq!(format!("{:016x}", template.id()), format!("{id:016x}"));
    }
    // The ones of the README are among them.
    for id in [0xa487_0957_a82a_6f26, 0x9e10_ca7e_b260_5f46, 0x87dd_6f2f_801e_a8f6] {
        assert!(templates(&json).iter().any(|(known, _)| *known == id), "{id:016x}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_encoded_elsewhere_are_shown_as_they_were_meant() {
    let json = encoded();
    let local = Local::start(HostConfig { instances_max: 8, ..HostConfig::default() }).await;
    let program = local.install_bytes(bundle(&json)).await;
    for (number, case) in list(&json["valid"]).iter().enumerate() {
        let name = text(&case["name"]);
        let mut pages = Vec::new();
        for (way, encoded) in list(&case["frames"]).iter().enumerate() {
            let frame = frame(encoded);
            let ada = user(&format!("case-{number}-{way}"));
            local.seed(&program, &ada, "frame", stored(&frame)).await;
            let page = local.open(&program, &ada).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(**page.frame, frame, "{name}: not a byte is changed on the way");
            let shown = local.json(&page).expect("it was checked");
            assert_eq!(shown.to_string(), text(&case["tree"]), "{name}");

            let own = page.definitions().expect("it was checked");
            let tree = page.tree(&own, &local.host).expect("it was checked");
            let mut all = Vec::new();
            messages(&tree, tree.instance(tree.root()).expect("a root"), &mut all);
            assert_eq!(all, frame.messages, "{name}");
            let context = HtmlContext {
                token_key: &page.token_key,
                addresses: &Plain,
                overlay: &page.overlay,
                words: &Words::default(),
            };
            let mut html = String::new();
            html::write(&mut html, &tree, program.prerendered(), &context);
            check_texts(name, &shown, &html);
            pages.push(without_keys(&html));
        }
        // Templates of the bundle are written ahead, those of the frame are not.
        assert_eq!(pages[0], pages[1], "{name}");
    }
}

/// Addresses as they stand in the view.
struct Plain;

impl Addresses for Plain {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        out.push_str("/asset/");
        out.push_str(path);
        true
    }

    fn page(&self, out: &mut String, route: &str, query: &str) {
        out.push_str(&format!("/page/{route}?{query}"));
    }
}

/// HTML without what differs from page to page: tokens of handlers.
fn without_keys(html: &str) -> String {
    let mut html = html.to_owned();
    for attribute in ["name=\"_h\" value=\"", "data-change=\"", "data-input=\""] {
        let (mut out, mut rest) = (String::new(), html.as_str());
        while let Some((before, after)) = rest.split_once(attribute) {
            out.push_str(before);
            rest = after.split_once('"').expect("the value ends").1;
        }
        html = out + rest;
    }
    html
}

/// Every text of the tree can be read in the page, as text.
fn check_texts(name: &str, tree: &Json, html: &str) {
    let page = scraper::Html::parse_fragment(html);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = words(&page.root_element().text().collect::<String>());
    fn walk<'j>(tree: &'j Json, out: &mut Vec<&'j str>) {
        out.extend(tree["text"].as_str());
        for child in tree["children"].as_array().into_iter().flatten() {
            walk(child, out);
        }
    }
    let mut texts = Vec::new();
    walk(tree, &mut texts);
    for text in texts {
        assert!(all.contains(&words(text)), "{name}: expected `{text}` in: {html}");
    }
    assert!(!html.contains("<script") && !html.contains("javascript:"), "{name}");
}

/// A frame as a host decodes it.
fn decode(frame: &Frame, bundle: &Templates) -> Result<(), FrameError> {
    let own = definitions(frame)?;
    Tree::decode(frame, bundle, &own, &FrameLimits::default()).map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_breaks_a_rule_is_refused_with_the_operation_and_the_reason() {
    let json = encoded();
    let local = Local::start(HostConfig { instances_max: 8, ..HostConfig::default() }).await;
    let program = local.install_bytes(bundle(&json)).await;
    let bundle = program.templates();
    let cases = list(&json["invalid"]);
    assert!(cases.len() >= 20);
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (name, reason) = (text(&case["name"]), text(&case["reason"]));
        let frame = frame(&case["frame"]);
        let Err(error) = decode(&frame, bundle) else {
            wrong.push(format!("{name}: accepted"));
            continue;
        };
        if !error.reason.to_string().contains(reason) {
            wrong.push(format!("{name}: expected `{reason}`, got `{}`", error.reason));
        }
        if case["op"].as_u64().is_some_and(|op| op != error.op as u64) {
            wrong.push(format!("{name}: expected operation {}, got {} (`{}`)", case["op"], error.op, error.reason));
        }

        // A host says the same, and shows nothing of it.
        let ada = user(&format!("case-{number}"));
        local.seed(&program, &ada, "frame", stored(&frame)).await;
        let refused = match local.open(&program, &ada).await {
            Ok(page) => local.json(&page).map(|_| ()),
            Err(error) => Err(error),
        };
        match refused {
            Err(PageError::View { detail } | PageError::Exhausted { detail, .. }) if detail == error.to_string() => {}
            other => wrong.push(format!("{name}: expected `{error}` of the host, got {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_comes_back_as_it_was_offered() {
    let json = encoded();
    let local = Local::start(HostConfig { instances_max: 8, ..HostConfig::default() }).await;
    let program = local.install_bytes(bundle(&json)).await;
    let case = list(&json["valid"]).iter().find(|case| case["name"] == "lists inside lists").expect("the case");
    for (label, message) in [("Also", (0..=255).collect::<Vec<u8>>()), ("Open it", Vec::new())] {
        let ada = user(&label.replace(' ', "-"));
        local.seed(&program, &ada, "frame", stored(&frame(&case["frames"][0]))).await;
        let page = local.open(&program, &ada).await.expect("the page opens");
        local.press(&page, &ada, label).await.expect("the event is handled");
        assert_eq!(local.app_state(&program, &ada).await, Some(message), "{label}");
    }
}
