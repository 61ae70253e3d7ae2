//! What tests are made of: small bundles of any name and version, publishers who
//! sign them, and a folder with a registry in it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use minisign::KeyPair;
use mprun_core::{
    bundle::{self, AssetFile, Bundle, Verified},
    identity::{AppId, Digest},
    manifest::Manifest,
    trust::{Admitted, Date, Lineages, Occasion, PublicKey, Rotation, Signature, Trust},
};
use mprun_registry::{Attachments, Downgrade, Installed, Outcome, Registry, RegistryError};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// When everything happens: in November 2026.
pub(crate) const NOW: u64 = 1_795_000_000;

/// A component of our world whose functions trap.
fn component() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        let mut host = read(&root.join("deps/host/types.wit"));
        let mut files: Vec<_> =
            fs::read_dir(root.join("deps/host")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| !path.ends_with("types.wit"));
        files.sort();
        host.extend(files.iter().map(|file| read(file)));
        let program = read(&root.join("program.wit"));
        let program = &program[..program.find("/// The world of").unwrap()];
        let mut resolve = Resolve::default();
        resolve.push_str("host.wit", &host).unwrap();
        resolve.push_str("program.wit", program).unwrap();
        let world = "package test:guest;\nworld guest { export mprun:app/program@0.1.0; }";
        let package = resolve.push_str("guest.wit", world).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    })
}

/// A bundle. Another `text` makes it another file, a long one a large file.
pub(crate) fn bundle(name: &str, code: u32, text: &str) -> Verified<Bundle> {
    bundle_asking(name, code, text, &[])
}

/// A bundle that asks for permissions, none of which it uses.
pub(crate) fn bundle_asking(name: &str, code: u32, text: &str, permissions: &[&str]) -> Verified<Bundle> {
    let permissions: Vec<_> =
        permissions.iter().map(|name| format!(r#"{{"name": "{name}", "reason": "For the test."}}"#)).collect();
    let permissions = permissions.join(", ");
    let json = format!(
        r#"{{
            "app_id": "{name}", "name": "Test", "version": {{"code": {code}, "name": "{code}.0"}},
            "platform_version": {{"min_code": 1}}, "category": "utilities",
            "icons": [{{"src": "icon.svg"}}], "pages": ["index"],
            "req_permissions": [{permissions}]
        }}"#
    );
    let manifest = Manifest::parse(json.as_bytes()).unwrap();
    let picture = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><!--{text}--></svg>");
    let icon = AssetFile { path: "icon.svg".to_owned(), data: picture.into_bytes() };
    bundle::pack(component(), &manifest, &[], None, &[icon]).unwrap()
}

/// A bundle that may be used, and what came with it.
pub(crate) struct Release {
    pub(crate) admitted: Admitted,
    pub(crate) signed: Attachments,
}

impl Release {
    pub(crate) fn digest(&self) -> Digest {
        self.admitted.bundle().digest()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.admitted.bundle().bytes()
    }

    /// Installs it where downgrades are refused.
    pub(crate) fn install(&self, registry: &Registry) -> Result<Outcome, RegistryError> {
        registry.install(&self.admitted, &self.signed, "a test", Downgrade::Refused, NOW)
    }

    /// Installs it where downgrades are allowed.
    pub(crate) fn force(&self, registry: &Registry) -> Result<Outcome, RegistryError> {
        registry.install(&self.admitted, &self.signed, "a test", Downgrade::Allowed, NOW)
    }

    pub(crate) fn observe(&self, registry: &Registry, downgrade: Downgrade) -> Result<(), RegistryError> {
        registry.observe(&self.admitted, &self.signed, downgrade, NOW)
    }
}

/// An unsigned program.
pub(crate) fn unsigned(name: &str, code: u32, text: &str) -> Release {
    Release { admitted: Admitted::development(bundle(name, code, text)), signed: Attachments::default() }
}

/// Somebody with a key.
pub(crate) struct Publisher(KeyPair);

impl Publisher {
    pub(crate) fn new() -> Publisher {
        Publisher(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.0.pk.to_base64().parse().unwrap()
    }

    fn sign_text(&self, bytes: &[u8]) -> String {
        minisign::sign(Some(&self.0.pk), &self.0.sk, bytes, Some("a test"), None).unwrap().into_string()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        Signature::decode(&self.sign_text(bytes)).unwrap()
    }

    /// The statement that `new` replaces this key.
    pub(crate) fn rotate(&self, new: &Publisher) -> Rotation {
        let (old_key, new_key) = (self.key(), new.key());
        let statement = Rotation::statement(&old_key, &new_key);
        let by_old = self.sign_text(statement.as_bytes());
        let by_new = new.sign_text(statement.as_bytes());
        Rotation::assemble(&old_key, &new_key, &by_old, &by_new).unwrap()
    }

    pub(crate) fn release(&self, name: &str, code: u32, text: &str) -> Release {
        self.release_with(bundle(name, code, text), &[], &[])
    }

    /// A bundle with this key's signature, admitted by somebody who trusts this key
    /// and knows of `known` and `attached`; `attached` comes with the bundle.
    pub(crate) fn release_with(&self, bundle: Verified<Bundle>, known: &[Rotation], attached: &[Rotation]) -> Release {
        let signature = self.sign(bundle.bytes());
        let signed = Attachments { signatures: vec![signature], rotations: attached.to_vec() };
        let mut lineages = Lineages::default();
        for rotation in known.iter().chain(attached) {
            lineages.add(rotation.clone()).unwrap();
        }
        Release { admitted: admit(&self.key(), bundle, &signed, &lineages), signed }
    }
}

/// What somebody who trusts `key` admits.
pub(crate) fn admit(key: &PublicKey, bundle: Verified<Bundle>, signed: &Attachments, lineages: &Lineages) -> Admitted {
    let today = Date::from_unix_seconds(NOW);
    Trust::of_key(key.clone()).admit(bundle, &signed.signatures, lineages, today, Occasion::Load).unwrap()
}

/// A folder with a registry in it, for one test.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) registry: Registry,
}

impl Place {
    pub(crate) fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/registry");
        let registry = Registry::open(&path).unwrap();
        Place { folder, path, registry }
    }

    /// Where the file of a bundle is.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        blob(&self.path, digest)
    }
}

/// Where the file of a bundle is in the registry of this folder.
pub(crate) fn blob(registry: &Path, digest: &Digest) -> PathBuf {
    let name = digest.to_string();
    registry.join("bundles").join(&name[..2]).join(format!("{name}.wasm"))
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

pub(crate) fn app_id(name: &str) -> AppId {
    name.parse().unwrap()
}

/// What is installed, as names and digests.
pub(crate) fn state(registry: &Registry) -> Vec<(String, Digest)> {
    let name = |installed: Installed| (installed.program.app_id().to_string(), installed.digest);
    let listed = registry.list().unwrap();
    assert_eq!(listed.damaged, []);
    listed.programs.into_iter().map(name).collect()
}

/// What the recorded statements mean together.
pub(crate) fn lineages(registry: &Registry) -> Lineages {
    let mut lineages = Lineages::default();
    for rotation in registry.rotations().unwrap() {
        assert_eq!(lineages.add(rotation), Ok(true));
    }
    lineages
}
