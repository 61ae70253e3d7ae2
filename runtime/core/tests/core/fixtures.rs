//! What tests are made of: components with any imports and exports that WIT can
//! say (their functions trap), manifests, templates, pictures.

use std::path::Path;

use mprun_core::{
    bundle::{AssetFile, Bundle, BundleError, Verified, pack},
    identity::Digest,
    manifest::Manifest,
    style::Style,
};
use mprun_frame::{
    element::Element,
    template::{Body, Node, Template},
};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// The sources of a component's world; tests change them.
pub(crate) struct Wit {
    pub(crate) host: String,
    pub(crate) program: String,
    pub(crate) other: Option<String>,
    pub(crate) world: String,
}

impl Wit {
    /// The contract as it is, a world that imports `interfaces` of the host.
    pub(crate) fn new(interfaces: &[&str]) -> Wit {
        let imports: String =
            interfaces.iter().map(|interface| format!("import mprun:host/{interface}@0.1.0;\n")).collect();
        Wit::with_world(&format!("{imports} export mprun:app/program@0.1.0;"))
    }

    /// The contract as it is, any world.
    pub(crate) fn with_world(items: &str) -> Wit {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let mut host = read(&root.join("deps/host/types.wit"));
        let mut files: Vec<_> = std::fs::read_dir(root.join("deps/host"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.ends_with("types.wit"))
            .collect();
        files.sort();
        for file in files {
            host.push_str(&read(&file));
        }
        let program = read(&root.join("program.wit"));
        // Worlds of our own are used instead; this one would keep tests from
        // changing what the host has.
        let program = program[..program.find("/// The world of").unwrap()].to_owned();
        Wit { host, program, other: None, world: format!("package test:guest;\nworld guest {{ {items} }}") }
    }

    pub(crate) fn host(mut self, from: &str, to: &str) -> Wit {
        assert!(self.host.contains(from), "{from}");
        self.host = self.host.replace(from, to);
        self
    }

    pub(crate) fn program(mut self, from: &str, to: &str) -> Wit {
        assert!(self.program.contains(from), "{from}");
        self.program = self.program.replace(from, to);
        self
    }

    pub(crate) fn other(mut self, source: &str) -> Wit {
        self.other = Some(source.to_owned());
        self
    }

    /// A component of this world.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        resolve.push_str("host.wit", &self.host).unwrap();
        resolve.push_str("program.wit", &self.program).unwrap();
        if let Some(other) = &self.other {
            resolve.push_str("other.wit", other).unwrap();
        }
        let package = resolve.push_str("guest.wit", &self.world).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }

    /// A bundle of this world.
    pub(crate) fn pack(&self, manifest: &Manifest) -> Result<Verified<Bundle>, BundleError> {
        pack(&self.component(), manifest, &[], None, &[picture("icon.svg", "")])
    }
}

/// A manifest with one page, one icon `icon.svg` and these permissions.
pub(crate) fn manifest(permissions: &[&str]) -> Manifest {
    let permissions: Vec<_> =
        permissions.iter().map(|name| format!(r#"{{"name": "{name}", "reason": "For the test."}}"#)).collect();
    let json = format!(
        r#"{{
            "app_id": "test", "name": "Test", "version": {{"code": 1, "name": "1.0"}},
            "platform_version": {{"min_code": 1}}, "category": "utilities",
            "icons": [{{"src": "icon.svg"}}], "pages": ["index"],
            "req_permissions": [{}]
        }}"#,
        permissions.join(", ")
    );
    Manifest::parse(json.as_bytes()).unwrap()
}

/// A small vector picture; `text` makes it another one.
pub(crate) fn picture(path: &str, text: &str) -> AssetFile {
    AssetFile {
        path: path.to_owned(),
        data: format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><!--{text}--></svg>").into_bytes(),
    }
}

/// The encoding of a template with this text in it.
pub(crate) fn template(text: &str) -> Vec<u8> {
    let node =
        Node { element: Element::Text, attributes: Vec::new(), events: Vec::new(), body: Body::Text(text.to_owned()) };
    Template::new(node).unwrap().encoding().to_vec()
}

/// A bundle with a little of everything.
pub(crate) fn small_bundle() -> Verified<Bundle> {
    let first = template("one");
    let second = template("two");
    pack(
        &Wit::new(&["clock"]).component(),
        &manifest(&["clock"]),
        &[&first, &second],
        None,
        &[picture("icon.svg", ""), picture("img/a.svg", "a")],
    )
    .unwrap()
}

/// The parts of a bundle, packed again.
pub(crate) fn repack(bundle: &Bundle) -> Vec<u8> {
    let templates: Vec<_> = bundle.templates().as_slice().iter().map(|t| t.encoding()).collect();
    let assets: Vec<_> =
        bundle.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    let style = bundle.style().map(Style::source);
    let again = pack(bundle.component(), bundle.manifest(), &templates, style, &assets).unwrap();
    again.bytes().to_vec()
}

/// Each of these with its length before it, as our sections write them.
pub(crate) fn lengthy(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        out.extend(*part);
    }
    out
}

/// The content of an asset's section, whether it fits together or not.
pub(crate) fn asset_section(path: &str, media_type: &str, data: &[u8]) -> Vec<u8> {
    let mut out = lengthy(&[path.as_bytes(), media_type.as_bytes()]);
    out.extend(Digest::of(data).as_bytes());
    out.extend(lengthy(&[data]));
    out
}
