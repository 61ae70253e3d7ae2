//! Decides what a bundle is: one file that is a valid WebAssembly component of
//! the world `mprun:app/app`, with our sections at its end, in this order:
//!
//! | custom section | how many | content |
//! |---|---|---|
//! | `mprun:manifest` | 1 | canonical JSON |
//! | `mprun:templates` | 1 | count, then each: length, encoding; by id |
//! | `mprun:style` | 0 or 1 | CSS, see [`style`](crate::style) |
//! | `mprun:asset` | 0 to 256 | length and path, length and media type, blake3, length and data; by path |
//!
//! Counts and lengths are 32-bit little-endian. Everything has one encoding, the
//! component's sections too (no custom ones, shortest lengths), so the same parts
//! make the same bytes, and the [`Digest`] of the bytes is the identity of the
//! bundle. `docs/bundle.md` says it byte by byte. [`verify`] and [`pack`] are the
//! only ways to a [`Verified`] bundle, and nothing else takes a bundle that is not.

mod analysis;
mod bounds;
mod canonical;
pub mod diff;
mod error;
mod reader;
mod section;
mod writer;

use std::{collections::BTreeSet, fmt, ops::Deref, ops::Range};

use mprun_frame::template::Templates;

pub use self::{
    analysis::Import,
    diff::{Difference, diff},
    error::BundleError,
    reader::verify,
    writer::pack,
};
use crate::{
    asset::{AssetPath, MediaType},
    capability::Capability,
    identity::Digest,
    manifest::Manifest,
    style::Style,
};

/// Largest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Above this size a build should warn: users wait for it.
pub const BUNDLE_BYTES_ADVISED: usize = 2 * 1024 * 1024;
/// Most assets in a bundle.
pub const ASSETS_MAX: usize = 256;
/// Largest asset, in bytes.
pub const ASSET_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most templates in a bundle.
pub const TEMPLATES_MAX: usize = mprun_frame::limits::TEMPLATES_MAX;
/// How deep modules and components, and their types, may lie inside each other;
/// `wit-component` makes 2.
pub const NESTING_MAX: usize = 8;

/// Something that was checked. Only this crate can say so.
#[derive(Debug)]
pub struct Verified<T>(T);

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A mini-program: its code, what it says of itself, its templates, style and
/// pictures.
pub struct Bundle {
    bytes: Vec<u8>,
    component_bytes: usize,
    digest: Digest,
    manifest: Manifest,
    imports: Vec<Import>,
    templates: Templates,
    style: Option<Style>,
    assets: Vec<AssetEntry>,
    sizes: Sizes,
}

struct AssetEntry {
    path: AssetPath,
    digest: Digest,
    data: Range<usize>,
}

/// A picture of a bundle.
#[derive(Debug, Clone, Copy)]
pub struct Asset<'a> {
    /// Its name in the bundle.
    pub path: &'a AssetPath,
    /// What it is.
    pub media_type: MediaType,
    /// The blake3 of its data.
    pub digest: Digest,
    /// Its data.
    pub data: &'a [u8],
}

/// A picture that is to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetFile {
    /// Its name in the bundle, see [`AssetPath`].
    pub path: String,
    /// Its data.
    pub data: Vec<u8>,
}

/// How large the parts of a bundle are, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The whole file.
    pub total: usize,
    /// The component without our sections.
    pub component: usize,
    /// The section of the manifest.
    pub manifest: usize,
    /// The section of the templates.
    pub templates: usize,
    /// The section of the style sheet; 0 without one.
    pub style: usize,
    /// The sections of all assets.
    pub assets: usize,
    /// The data segments of all modules together; each new instance copies them.
    pub data_segments: usize,
    /// The memory that an instance begins with; not a part of the file.
    pub initial_memory: u64,
}

impl Bundle {
    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file without our sections: a valid component.
    pub fn component(&self) -> &[u8] {
        &self.bytes[..self.component_bytes]
    }

    /// The identity of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the program says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the component imports, by interface.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The capabilities that it can use: those whose functions the component imports,
    /// and those that it requests and that need no import.
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let functions = self.imports.iter().filter(|import| !import.type_only);
        let requested = self.manifest.req_permissions.iter().map(|permission| permission.name);
        let imported = functions.filter_map(|import| import.capability);
        imported.chain(requested.filter(|name| name.interface().is_none())).collect()
    }

    /// Permissions that the manifest requests and the component does not need.
    pub fn unused_permissions(&self) -> Vec<Capability> {
        let used = self.capabilities();
        let requested = self.manifest.req_permissions.iter();
        let requested = requested.map(|permission| permission.name);
        requested.filter(|name| !used.contains(name)).collect()
    }

    /// Its templates, by id.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Its style sheet.
    pub fn style(&self) -> Option<&Style> {
        self.style.as_ref()
    }

    /// Its pictures, by path.
    pub fn assets(&self) -> impl ExactSizeIterator<Item = Asset<'_>> {
        self.assets.iter().map(|entry| self.asset_of(entry))
    }

    /// The picture of this path.
    pub fn asset(&self, path: &str) -> Option<Asset<'_>> {
        let position = self.assets.binary_search_by(|entry| entry.path.as_str().cmp(path));
        let entry = self.assets.get(position.ok()?)?;
        Some(self.asset_of(entry))
    }

    /// The first picture with these data.
    pub fn asset_by_digest(&self, digest: &Digest) -> Option<Asset<'_>> {
        let entry = self.assets.iter().find(|entry| entry.digest == *digest)?;
        Some(self.asset_of(entry))
    }

    /// How large its parts are.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    fn asset_of<'a>(&'a self, entry: &'a AssetEntry) -> Asset<'a> {
        Asset {
            path: &entry.path,
            media_type: entry.path.media_type(),
            digest: entry.digest,
            data: &self.bytes[entry.data.clone()],
        }
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bundle({} {})", self.manifest.app_id, self.digest)
    }
}

/// What a component imports and whether it is made for our world; for a build
/// that wants to know before it packs.
///
/// # Errors
/// As [`verify`], as far as the component alone is concerned.
pub fn imports(component: &[u8]) -> Result<Vec<Import>, BundleError> {
    reader::check_size(component)?;
    reader::check_kind(component)?;
    let structure = analysis::analyse(component)?;
    analysis::check_world(&structure)
}
