//! The contract as others read it: the examples of `wit/README.md` are what
//! they say, and a reader in another language, written from `docs/bundle.md`, finds
//! in a bundle what we find. (`frames` does the same with an encoder of views.)

use std::collections::HashMap;
use std::process::Command;

use mprun_core::bundle;
use mprun_frame::frame::Frame;
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::{Template, Templates};
use mprun_frame::tree::{Tree, Value, definitions};

use crate::support::{guest, root, sample};

/// The blocks of the worked example: first word of the fence, the rest of it,
/// lines with their comments cut off.
fn blocks() -> Vec<(String, String, Vec<String>)> {
    let readme = std::fs::read_to_string(root().join("wit/README.md")).expect("the README can be read");
    let (_, examples) = readme.split_once("<!-- example:").expect("the examples are marked");
    let mut blocks = Vec::new();
    for block in examples.split("\n```").filter(|block| block.starts_with(['t', 'f'])) {
        let (fence, body) = block.split_once('\n').expect("a fence is a line");
        let (kind, rest) = fence.split_once(' ').unwrap_or((fence, ""));
        let lines = body.lines().map(|line| line.split("   ").find(|part| !part.trim().is_empty()).unwrap_or_default());
        let keep = |line: &str| line.trim().to_owned();
        match kind {
            "template" => blocks.push((kind.to_owned(), rest.to_owned(), lines.map(keep).collect())),
            "frame" => blocks.push((kind.to_owned(), rest.to_owned(), body.lines().map(keep).collect())),
            _ => {}
        }
    }
    blocks
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits")).collect()
}

/// The frame of the example and its templates, by name.
fn example() -> (HashMap<String, Template>, Frame) {
    let mut templates = HashMap::new();
    let mut frame = Frame::default();
    for (kind, rest, lines) in blocks() {
        if kind == "template" {
            let (name, id) = rest.split_once(' ').expect("name and id");
            let template = Template::decode(&hex(&lines.join(" "))).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(format!("{:016x}", template.id()), id, "{name}");
            templates.insert(name.to_owned(), template);
            continue;
        }
        let mut field = "";
        for line in &lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let rest = match words.first() {
                Some(&first) if ["templates", "ops", "text", "messages"].contains(&first) => {
                    field = match first {
                        "templates" => "templates",
                        "ops" => "ops",
                        "text" => "text",
                        _ => "messages",
                    };
                    words.get(1..).unwrap_or_default()
                }
                _ => words.as_slice(),
            };
            match field {
                "templates" => frame
                    .templates
                    .extend(rest.iter().map(|id| u64::from_str_radix(id, 16).expect("an id in hexadecimal"))),
                "ops" => frame.ops.extend(rest.iter().map_while(|op| op.parse::<u32>().ok())),
                "text" => frame.text = line.split('"').nth(1).unwrap_or_default().to_owned(),
                _ => frame.messages.extend(hex(&rest.join(" "))),
            }
        }
    }
    (templates, frame)
}

#[test]
fn the_example_of_the_readme_decodes_to_what_it_says() {
    let (named, frame) = example();
    assert_eq!(named.len(), 3);
    let mut bundle = Templates::default();
    for template in named.values() {
        bundle.insert(template.clone());
    }
    check_example(&frame, &bundle, &[]);

    let inline = Frame {
        templates: Vec::new(),
        definitions: ["C", "A", "B"].iter().flat_map(|name| named[*name].encoding().to_vec()).collect(),
        ..frame
    };
    let own = definitions(&inline).expect("the definitions decode");
    check_example(&inline, &Templates::default(), &own);
}

fn check_example(frame: &Frame, bundle: &Templates, own: &[Template]) {
    let tree = Tree::decode(frame, bundle, own, &FrameLimits::default()).expect("the frame decodes");
    let page = tree.instance(tree.root()).expect("a root");
    let values = tree.values(page);
    assert_eq!(values.len(), 3);
    assert!(matches!(values[0], Value::Child(Some(1))));
    let Value::List { first, count } = values[1] else { panic!("{:?}", values[1]) };
    assert_eq!(values[2], Value::Attribute(Some("asset:latte.svg")));
    let items = tree.items(first, count);
    assert_eq!(items.iter().map(|item| item.key).collect::<Vec<_>>(), ["1", "2"]);
    let row = |position: usize| tree.values(tree.instance(items[position].instance).expect("an instance"));
    assert_eq!(
        row(0),
        [
            Value::Flag(true),
            Value::Text("Latte"),
            Value::Attribute(Some("More Latte")),
            Value::Flag(false),
            Value::Handler(Some(&[1, 7])),
        ]
    );
    assert_eq!(
        row(1),
        [Value::Flag(false), Value::Text("Tea"), Value::Attribute(None), Value::Flag(true), Value::Handler(None)]
    );
    assert_eq!(tree.nodes(), 3 + 2 + 3 + 3);
}

#[test]
fn a_reader_in_another_language_finds_in_a_bundle_what_we_find() {
    let script = root().join("tests/encoder/read_bundle.py");
    let read =
        |file: &std::path::Path| Command::new("python3").arg(&script).arg(file).output().expect("python3 starts");
    let corpus = root().join("tests/corpus/v0.1");
    for file in [guest("counter"), sample("hello"), corpus.join("hello.wasm"), corpus.join("coffee.wasm")] {
        let bundle = bundle::verify(std::fs::read(&file).expect("the bundle can be read")).expect("a bundle");
        let mut expected = vec![
            format!("digest {}", bundle.digest()),
            format!("program {} {}", bundle.manifest().app_id, bundle.manifest().version.code),
        ];
        expected
            .extend(bundle.templates().as_slice().iter().map(|template| format!("template {:016x}", template.id())));
        expected
            .extend(bundle.assets().map(|asset| format!("asset {} {} {}", asset.path, asset.media_type, asset.digest)));
        let output = read(&file);
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{}", file.display());
    }
    // It is no rubber stamp.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let changed = folder.path().join("changed.wasm");
    let mut bytes = std::fs::read(corpus.join("hello.wasm")).expect("the bundle can be read");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&changed, bytes).expect("written");
    assert!(!read(&changed).status.success());
}
