//! Decides how a bundle looks in a registry, and what is taken for one.
//!
//! The layout is that of the CNCF ("Wasm OCI Artifact layout"), as `wkg` and
//! `oci-wasm` write and read it: a manifest with a configuration of the type
//! [`CONFIG`] and one layer of the type [`LAYER`], which is the file, byte for
//! byte. The configuration must have a time stamp, so it has always the same one.
//!
//! What is read must have this form. A layer more, another media type, an index
//! of several platforms: each is refused with what was found. Annotations and the
//! configuration of others are not looked at: the bundle says itself what it is.

use std::collections::BTreeMap;

use bytes::Bytes;
use mprun_core::bundle::Bundle;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use wasmparser::{Parser, Payload};

use super::{digest, text::clean};

/// The media type of manifests.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of lists of manifests.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What is asked for where a bundle is expected: also what is no bundle, so that
/// it can be refused by its name and not by the registry's.
pub(super) const ANY_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// The media type of a component's configuration.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a component.
const LAYER: &str = "application/wasm";
/// The media type of a configuration that says nothing, and its content.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(super) const EMPTY_BYTES: &[u8] = b"{}";
/// What a signature of a bundle is called among its referrers: an artifact with
/// one layer, the text that minisign wrote.
pub const SIGNATURE_ARTIFACT: &str = "application/vnd.mprun.signature.v1";
/// What statements about replaced keys are called among a bundle's referrers: an
/// artifact with one layer, the file `.rotation`.
pub const ROTATION_ARTIFACT: &str = "application/vnd.mprun.rotation.v1";
/// The media type of both kinds of layers: they are text, and tools show them.
const TEXT: &str = "text/plain";

/// Largest manifest that is read, in bytes; ours have about 1,500.
pub(super) const MANIFEST_BYTES_MAX: u64 = 256 * 1024;
/// Largest list of referrers that is read, in bytes: the size up to which
/// registries must take a manifest.
pub(super) const INDEX_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The time stamp of each configuration.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Names what is stored elsewhere, with claims about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: None,
        }
    }

    /// Names the content as a file: tools that fetch it write it under this name.
    fn titled(mut self, name: String) -> Descriptor {
        self.annotations = Some(BTreeMap::from([(TITLE.to_owned(), name)]));
        self
    }
}

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const DESCRIPTION: &str = "org.opencontainers.image.description";
/// The program's `app_id`.
const APP_ID: &str = "dev.mprun.app-id";
/// The digest of the bundle, as `b3sum` prints it.
const DIGEST: &str = "dev.mprun.digest";
/// The id of the key that a signature names.
const KEY_ID: &str = "dev.mprun.key-id";

/// Something as it is pushed: blobs, and the manifest that names them.
pub(super) struct Artifact {
    /// What it is about.
    pub(super) layer: Bytes,
    pub(super) config: Bytes,
    pub(super) manifest: Bytes,
    /// Of the layer and of the configuration.
    pub(super) blobs: [Descriptor; 2],
    /// Of the manifest, as lists name it.
    pub(super) descriptor: Descriptor,
}

/// The order of the fields is the order in the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u32,
    media_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    config: &'a Descriptor,
    layers: [&'a Descriptor; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a Descriptor>,
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WasmConfig<'a> {
    created: &'a str,
    architecture: &'a str,
    os: &'a str,
    layer_digests: [&'a str; 1],
    component: Component,
}

#[derive(Serialize)]
struct Component {
    exports: Vec<String>,
    imports: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// What the manifest says of a bundle.
struct Facts<'a> {
    app_id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    version: &'a str,
    digest: String,
    component: Component,
}

impl Artifact {
    /// A bundle. The same bundle is always the same artifact.
    pub(super) fn of_bundle(bundle: &Bundle) -> Result<Artifact, serde_json::Error> {
        let manifest = bundle.manifest();
        let app_id = manifest.app_id.to_string();
        let facts = Facts {
            app_id: &app_id,
            name: &manifest.name,
            description: manifest.description.as_deref(),
            version: &manifest.version.name,
            digest: bundle.digest().to_string(),
            component: component(bundle.component()),
        };
        Artifact::of_facts(facts, bundle.bytes())
    }

    fn of_facts(facts: Facts<'_>, bytes: &[u8]) -> Result<Artifact, serde_json::Error> {
        let layer = Descriptor::of(LAYER, bytes).titled(format!("{}.wasm", facts.app_id));
        let config = serde_json::to_vec(&WasmConfig {
            created: CREATED,
            architecture: "wasm",
            // The layout's word for "a component"; ours import nothing of WASI.
            os: "wasip2",
            layer_digests: [&layer.digest],
            component: facts.component,
        })?;
        let mut annotations = BTreeMap::from([
            (TITLE.to_owned(), facts.name.to_owned()),
            (VERSION.to_owned(), facts.version.to_owned()),
            (APP_ID.to_owned(), facts.app_id.to_owned()),
            (DIGEST.to_owned(), facts.digest),
        ]);
        if let Some(description) = facts.description {
            annotations.insert(DESCRIPTION.to_owned(), description.to_owned());
        }
        Artifact::of(None, layer, bytes, Descriptor::of(CONFIG, &config), &config, None, annotations)
    }

    /// A signature, attached to `subject`. `key_id` is that of the key which the
    /// signature names.
    pub(super) fn of_signature(text: &str, key_id: &str, subject: &Descriptor) -> Result<Artifact, serde_json::Error> {
        let annotations = BTreeMap::from([(KEY_ID.to_owned(), key_id.to_owned())]);
        Artifact::of_text(SIGNATURE_ARTIFACT, text, format!("{key_id}.minisig"), annotations, subject)
    }

    /// Statements about replaced keys, attached to `subject`.
    pub(super) fn of_rotations(text: &str, subject: &Descriptor) -> Result<Artifact, serde_json::Error> {
        Artifact::of_text(ROTATION_ARTIFACT, text, "keys.rotation".to_owned(), BTreeMap::new(), subject)
    }

    fn of_text(
        kind: &str,
        text: &str,
        name: String,
        annotations: BTreeMap<String, String>,
        subject: &Descriptor,
    ) -> Result<Artifact, serde_json::Error> {
        let layer = Descriptor::of(TEXT, text.as_bytes()).titled(name);
        let config = Descriptor::of(EMPTY, EMPTY_BYTES);
        Artifact::of(Some(kind), layer, text.as_bytes(), config, EMPTY_BYTES, Some(subject), annotations)
    }

    fn of(
        kind: Option<&str>,
        layer: Descriptor,
        layer_bytes: &[u8],
        config: Descriptor,
        config_bytes: &[u8],
        subject: Option<&Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Artifact, serde_json::Error> {
        let manifest = serde_json::to_vec(&Manifest {
            schema_version: 2,
            media_type: MANIFEST,
            artifact_type: kind,
            config: &config,
            layers: [&layer],
            subject,
            annotations: &annotations,
        })?;
        let mut descriptor = Descriptor::of(MANIFEST, &manifest);
        descriptor.artifact_type = kind.map(str::to_owned);
        // As OCI asks: lists repeat the annotations of what they list.
        descriptor.annotations = (kind.is_some() && !annotations.is_empty()).then_some(annotations);
        Ok(Artifact {
            layer: Bytes::copy_from_slice(layer_bytes),
            config: Bytes::copy_from_slice(config_bytes),
            manifest: manifest.into(),
            blobs: [layer, config],
            descriptor,
        })
    }

    /// What refers to this calls it so: without what lists say of it.
    pub(super) fn as_subject(&self) -> Descriptor {
        Descriptor { artifact_type: None, annotations: None, ..self.descriptor.clone() }
    }
}

/// The names that a component imports and exports, as they stand there, and the
/// world that it is made for. The bytes were verified before.
fn component(bytes: &[u8]) -> Component {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(section.into_iter().map_while(Result::ok).map(|import| import.name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(section.into_iter().map_while(Result::ok).map(|export| export.name.name.to_owned()));
            }
            _ => {}
        }
    }
    let version = exports.iter().find_map(|name| name.strip_prefix("mprun:app/program@"));
    let target = version.map(|version| format!("mprun:app/app@{version}"));
    Component { exports, imports, target }
}

/// Any manifest, as far as we look.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<IgnoredAny>,
    subject: Option<Descriptor>,
}

/// The one layer of a manifest of this configuration and layer type, or what else
/// it is.
fn one_layer(manifest: &[u8], config: &str, layer: &str) -> Result<(Document, Descriptor), String> {
    let document: Document = serde_json::from_slice(manifest)
        .map_err(|error| format!("expected a manifest, got JSON that is none: {}", clean(&error.to_string())))?;
    if document.schema_version != 2 {
        return Err(format!("expected a manifest of version 2, got {}", document.schema_version));
    }
    let kind = document.media_type.as_deref().unwrap_or(MANIFEST);
    if document.manifests.is_some() || kind == INDEX {
        return Err("expected one manifest, got a list of several".to_owned());
    }
    if kind != MANIFEST {
        return Err(format!("expected a manifest `{MANIFEST}`, got `{}`", clean(kind)));
    }
    let got = document.config.as_ref().map_or("nothing", |config| config.media_type.as_str());
    if got != config {
        return Err(format!("expected a configuration `{config}`, got `{}`", clean(got)));
    }
    let one = match document.layers.as_deref() {
        Some([one]) => one.clone(),
        layers => return Err(format!("expected one layer, got {}", layers.map_or(0, <[_]>::len))),
    };
    if one.media_type != layer {
        return Err(format!("expected a layer `{layer}`, got `{}`", clean(&one.media_type)));
    }
    if !digest::is_valid(&one.digest) {
        return Err(format!("expected a layer with a digest of sha256, got `{}`", clean(&one.digest)));
    }
    Ok((document, one))
}

/// The layer with the bundle; otherwise why this is no mini-program.
pub(super) fn bundle_layer(manifest: &[u8]) -> Result<Descriptor, String> {
    one_layer(manifest, CONFIG, LAYER).map(|(_, layer)| layer)
}

/// The layer with the text of a referrer; otherwise why this is not one of `kind`
/// that is attached to `subject`.
pub(super) fn text_layer(manifest: &[u8], kind: &str, subject: &str) -> Result<Descriptor, String> {
    let (document, layer) = one_layer(manifest, EMPTY, TEXT)?;
    if document.artifact_type.as_deref() != Some(kind) {
        return Err(format!("expected an artifact `{kind}`, got another"));
    }
    if document.subject.is_none_or(|of| of.digest != subject) {
        return Err("it is attached to something else".to_owned());
    }
    Ok(layer)
}

#[cfg(test)]
impl Artifact {
    /// What a bundle with these bytes would be.
    pub(super) fn sample(bytes: &[u8]) -> Artifact {
        let facts = Facts {
            app_id: "coffee",
            name: "Coffee",
            description: None,
            version: "1.0",
            digest: "00".repeat(32),
            component: Component {
                exports: vec!["mprun:app/program@0.1.0".to_owned()],
                imports: vec!["mprun:host/storage@0.1.0".to_owned()],
                target: Some("mprun:app/app@0.1.0".to_owned()),
            },
        };
        Artifact::of_facts(facts, bytes).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::index::Index, *};

    fn program() -> Artifact {
        Artifact::sample(b"\0asm")
    }

    /// The same with one thing changed.
    fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut manifest: Value = serde_json::from_slice(&program().manifest).unwrap();
        change(&mut manifest);
        serde_json::to_vec(&manifest).unwrap()
    }

    #[test]
    fn a_bundle_is_the_artifact_of_the_layout_always_with_the_same_digest() {
        let artifact = program();
        let wasm = "sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f";
        assert_eq!(artifact.blobs[0].digest, wasm);
        assert_eq!(
            std::str::from_utf8(&artifact.config).unwrap(),
            format!(
                "{{\"created\":\"1970-01-01T00:00:00Z\",\"architecture\":\"wasm\",\"os\":\"wasip2\",\
                 \"layerDigests\":[\"{wasm}\"],\"component\":{{\"exports\":[\"mprun:app/program@0.1.0\"],\
                 \"imports\":[\"mprun:host/storage@0.1.0\"],\"target\":\"mprun:app/app@0.1.0\"}}}}"
            )
        );
        let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
        assert_eq!(
            manifest,
            json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.wasm.config.v0+json",
                    "digest": digest::of(&artifact.config),
                    "size": artifact.config.len(),
                },
                "layers": [{
                    "mediaType": "application/wasm",
                    "digest": wasm,
                    "size": 4,
                    "annotations": {"org.opencontainers.image.title": "coffee.wasm"},
                }],
                "annotations": {
                    "dev.mprun.app-id": "coffee",
                    "dev.mprun.digest": "00".repeat(32),
                    "org.opencontainers.image.title": "Coffee",
                    "org.opencontainers.image.version": "1.0",
                },
            })
        );
        assert_eq!(artifact.descriptor.digest, digest::of(&artifact.manifest));
        assert_eq!(program().manifest, artifact.manifest);
        assert_eq!(bundle_layer(&artifact.manifest).unwrap(), artifact.blobs[0]);
    }

    #[test]
    fn a_signature_refers_to_its_bundle() {
        let subject = program().as_subject();
        let artifact = Artifact::of_signature("untrusted comment: x\n", "0123456789ABCDEF", &subject).unwrap();
        let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
        assert_eq!(manifest["artifactType"], SIGNATURE_ARTIFACT);
        assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
        assert_eq!(
            manifest["config"]["digest"],
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert_eq!(manifest["subject"]["digest"], subject.digest);
        assert_eq!(artifact.descriptor.artifact_type.as_deref(), Some(SIGNATURE_ARTIFACT));

        let layer = text_layer(&artifact.manifest, SIGNATURE_ARTIFACT, &subject.digest).unwrap();
        assert_eq!(layer, artifact.blobs[0]);
        assert!(text_layer(&artifact.manifest, ROTATION_ARTIFACT, &subject.digest).is_err());
        assert!(text_layer(&artifact.manifest, SIGNATURE_ARTIFACT, &digest::of(b"")).is_err());
        assert!(text_layer(&program().manifest, SIGNATURE_ARTIFACT, &subject.digest).is_err());
        assert!(bundle_layer(&artifact.manifest).is_err());
    }

    #[test]
    fn other_artifacts_are_refused_with_what_they_are() {
        let docker = "application/vnd.docker.distribution.manifest.v2+json";
        for (manifest, problem) in [
            (b"hello".to_vec(), "JSON that is none"),
            (b"{}".to_vec(), "JSON that is none"),
            (changed(|m| m["schemaVersion"] = 1.into()), "version 2, got 1"),
            (changed(|m| m["mediaType"] = docker.into()), "got `application/vnd.docker"),
            (changed(|m| m["mediaType"] = "a\u{1b}[2J".into()), "got `a\u{fffd}[2J`"),
            (Index::new().to_bytes().unwrap(), "a list of several"),
            (changed(|m| m["manifests"] = json!([])), "a list of several"),
            (
                changed(|m| m["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into()),
                "configuration",
            ),
            (changed(|m| m["config"] = Value::Null), "got `nothing`"),
            (changed(|m| m["layers"] = json!([])), "one layer, got 0"),
            (changed(|m| m["layers"] = json!([m["layers"][0], m["layers"][0]])), "one layer, got 2"),
            (changed(|m| m["layers"] = Value::Null), "one layer, got 0"),
            (changed(|m| m["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar".into()), "a layer"),
            (changed(|m| m["layers"][0]["digest"] = "sha512:00".into()), "digest of sha256, got `sha512:00`"),
            (changed(|m| m["layers"][0]["size"] = (-1).into()), "JSON that is none"),
        ] {
            let said = bundle_layer(&manifest).unwrap_err();
            assert!(said.contains(problem), "expected `{problem}`, got `{said}`");
        }
        // What others write that we do not.
        let more = changed(|m| {
            m["annotations"] = Value::Null;
            m["artifactType"] = "application/vnd.wasm".into();
            m["layers"][0]["urls"] = json!(["http://127.0.0.1/"]);
        });
        assert_eq!(bundle_layer(&more).unwrap(), program().blobs[0]);
    }
}
