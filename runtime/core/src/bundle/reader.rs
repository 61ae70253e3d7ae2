//! Reads a bundle from bytes that nobody vouches for. Sizes first, then the
//! structure, then our sections, each checked before the next is looked at;
//! memory grows with what is there, never with what a length says.

use std::collections::BTreeMap;

use mprun_frame::template::{Template, Templates};

use super::{
    ASSET_BYTES_MAX, ASSETS_MAX, AssetEntry, BUNDLE_BYTES_MAX, Bundle, BundleError, Sizes, TEMPLATES_MAX, Verified,
    analysis::{self, Custom, Structure},
    canonical,
    section::{self, ASSET, MANIFEST, Reader, STYLE, TEMPLATES},
};
use crate::{
    asset::AssetPath,
    identity::{Digest, quoted},
    manifest::{Manifest, ManifestError},
    style::Style,
};

/// Checks that `bytes` are a bundle, all of it.
///
/// # Errors
/// The first thing that is wrong, in this order: size, kind of file, validity of
/// the component, the order of our sections, the form of the component, our
/// sections (manifest, templates, style, assets), the world and the imports, and whether
/// the manifest requests them.
pub fn verify(bytes: Vec<u8>) -> Result<Verified<Bundle>, BundleError> {
    check_size(&bytes)?;
    check_kind(&bytes)?;
    let structure = analysis::analyse(&bytes)?;
    let parts = Parts::of(&structure)?;
    canonical::check(&bytes[..parts.manifest.at])?;
    let manifest = read_manifest(parts.manifest)?;
    let templates = read_templates(parts.templates)?;
    let style = parts.style.map(read_style).transpose()?;
    let assets = read_assets(&parts.assets)?;
    check_icons(&manifest, &assets)?;
    if let Some(style) = &style {
        style.check_pictures(assets.iter().map(|asset| asset.path.as_str())).map_err(BundleError::Style)?;
    }

    let imports = analysis::check_world(&structure)?;
    for import in imports.iter().filter(|import| !import.type_only) {
        if let Some(capability) = import.capability.filter(|c| !manifest.permits(*c)) {
            return Err(BundleError::NotRequested { capability });
        }
    }

    let component_bytes = parts.manifest.at;
    let first_asset_at = parts.assets.first().map_or(bytes.len(), |asset| asset.at);
    let style_at = parts.style.map_or(first_asset_at, |style| style.at);
    let sizes = Sizes {
        total: bytes.len(),
        component: component_bytes,
        manifest: parts.templates.at - parts.manifest.at,
        templates: style_at - parts.templates.at,
        style: first_asset_at - style_at,
        assets: bytes.len() - first_asset_at,
        data_segments: structure.data_segment_bytes,
        initial_memory: structure.memory_bytes,
    };
    drop(parts);
    drop(structure);
    Ok(Verified(Bundle {
        digest: Digest::of(&bytes),
        component_bytes,
        manifest,
        imports,
        templates,
        style,
        assets,
        sizes,
        bytes,
    }))
}

pub(super) fn check_size(bytes: &[u8]) -> Result<(), BundleError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(BundleError::TooLarge { bytes: bytes.len() });
    }
    Ok(())
}

pub(super) fn check_kind(bytes: &[u8]) -> Result<(), BundleError> {
    if bytes.is_empty() {
        return Err(BundleError::Empty);
    }
    let Some(version) = bytes.strip_prefix(b"\0asm").and_then(|rest| rest.first_chunk()) else {
        return Err(BundleError::NotWasm);
    };
    match version {
        [0x0d, 0, 1, 0] => Ok(()),
        [1, 0, 0, 0] => Err(BundleError::CoreModule),
        _ => Err(BundleError::WasmVersion),
    }
}

/// Our sections, in their order.
struct Parts<'s, 'a> {
    manifest: &'s Custom<'a>,
    templates: &'s Custom<'a>,
    style: Option<&'s Custom<'a>>,
    assets: Vec<&'s Custom<'a>>,
}

impl<'s, 'a> Parts<'s, 'a> {
    fn of(structure: &'s Structure<'a>) -> Result<Self, BundleError> {
        let ours = || structure.customs.iter().filter(|custom| custom.name.starts_with(section::PREFIX));
        let mut manifest = None;
        let mut templates = None;
        let mut style = None;
        let mut assets = Vec::new();
        let mut before = "";
        for custom in ours() {
            let unknown = || BundleError::UnknownSection { section: quoted(custom.name) };
            let name = section::known(custom.name).ok_or_else(unknown)?;
            let place = match name {
                MANIFEST => &mut manifest,
                TEMPLATES => &mut templates,
                STYLE => &mut style,
                _ => {
                    assets.push(custom);
                    before = name;
                    continue;
                }
            };
            if place.replace(custom).is_some() {
                return Err(BundleError::DoubledSection { section: name });
            }
            if section::is_after(before, name) {
                return Err(BundleError::MisplacedSection { section: name, after: before_name(before) });
            }
            before = name;
        }
        let Some(manifest) = manifest else {
            return Err(if before.is_empty() {
                BundleError::NotABundle
            } else {
                BundleError::MissingSection { section: MANIFEST }
            });
        };
        let templates = templates.ok_or(BundleError::MissingSection { section: TEMPLATES })?;
        if structure.last_other_at > manifest.at {
            return Err(BundleError::Trailing { offset: structure.last_other_at as u64 });
        }
        if assets.len() > ASSETS_MAX {
            return Err(BundleError::TooManyAssets { count: assets.len() });
        }
        for custom in ours() {
            check_header(custom)?;
        }
        Ok(Parts { manifest, templates, style, assets })
    }
}

fn before_name(name: &str) -> &'static str {
    section::known(name).unwrap_or(ASSET)
}

/// Lengths of a section's header can be written in several ways; one is enough.
fn check_header(custom: &Custom<'_>) -> Result<(), BundleError> {
    let header = section::header(custom.name, custom.data.len());
    if custom.data_at - custom.at == header.len() {
        return Ok(());
    }
    Err(BundleError::Section { section: before_name(custom.name), problem: "its header is not in canonical form" })
}

fn read_manifest(custom: &Custom<'_>) -> Result<Manifest, BundleError> {
    let manifest = Manifest::parse(custom.data)?;
    if manifest.to_canonical_json() != custom.data {
        return Err(BundleError::Section { section: MANIFEST, problem: "the JSON is not in canonical form" });
    }
    Ok(manifest)
}

fn read_templates(custom: &Custom<'_>) -> Result<Templates, BundleError> {
    let mut reader = Reader::new(TEMPLATES, custom.data);
    let count = reader.number()?;
    if count > TEMPLATES_MAX {
        return Err(BundleError::TooManyTemplates { count });
    }
    let mut templates = Templates::default();
    let mut before = None;
    for index in 0..count {
        let template = Template::decode(reader.bytes()?).map_err(|reason| BundleError::Template { index, reason })?;
        if before.is_some_and(|before| before >= template.id()) {
            return Err(BundleError::TemplateOrder { index });
        }
        before = Some(template.id());
        templates.insert(template);
    }
    reader.end()?;
    Ok(templates)
}

/// The text as the author wrote it: places in it are the author's.
fn read_style(custom: &Custom<'_>) -> Result<Style, BundleError> {
    let broken = |problem| BundleError::Section { section: STYLE, problem };
    if custom.data.is_empty() {
        return Err(broken("it is empty"));
    }
    let source = std::str::from_utf8(custom.data).map_err(|_| broken("it is not UTF-8"))?;
    Style::parse(source).map_err(BundleError::Style)
}

fn read_assets(customs: &[&Custom<'_>]) -> Result<Vec<AssetEntry>, BundleError> {
    let mut assets: Vec<AssetEntry> = Vec::with_capacity(customs.len());
    for custom in customs {
        let asset = read_asset(custom)?;
        if assets.last().is_some_and(|before| before.path.as_str() >= asset.path.as_str()) {
            return Err(BundleError::AssetOrder { path: asset.path.to_string() });
        }
        assets.push(asset);
    }
    check_collisions(assets.iter().map(|asset| asset.path.as_str()))?;
    Ok(assets)
}

fn read_asset(custom: &Custom<'_>) -> Result<AssetEntry, BundleError> {
    let mut reader = Reader::new(ASSET, custom.data);
    let path: AssetPath = reader.text()?.parse()?;
    let media_type = reader.text()?;
    let expected = Digest::from_bytes(reader.array()?);
    let range = reader.range()?;
    let data = &custom.data[range.clone()];
    reader.end()?;

    let media = path.media_type();
    if media_type != media.as_str() {
        return Err(BundleError::AssetMediaType { path: path.to_string(), expected: media, got: quoted(media_type) });
    }
    if data.len() > ASSET_BYTES_MAX {
        return Err(BundleError::AssetTooLarge { path: path.to_string(), bytes: data.len() });
    }
    let got = Digest::of(data);
    if got != expected {
        return Err(BundleError::AssetDigest { path: path.to_string(), expected, got });
    }
    if !media.fits(data) {
        return Err(BundleError::AssetContent { path: path.to_string(), expected: media });
    }
    Ok(AssetEntry { path, digest: got, data: custom.data_at + range.start..custom.data_at + range.end })
}

/// Two assets whose paths differ only in case are one file on some systems, and
/// a file cannot be a folder too.
fn check_collisions<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Result<(), BundleError> {
    let mut files = BTreeMap::new();
    for path in paths.clone() {
        if let Some(other) = files.insert(path.to_lowercase(), path) {
            return Err(BundleError::AssetCollision { path: path.to_owned(), other: other.to_owned() });
        }
    }
    for path in paths {
        for (slash, _) in path.match_indices('/') {
            if let Some(other) = files.get(&path[..slash].to_lowercase()) {
                return Err(BundleError::AssetCollision { path: path.to_owned(), other: (*other).to_owned() });
            }
        }
    }
    Ok(())
}

fn check_icons(manifest: &Manifest, assets: &[AssetEntry]) -> Result<(), BundleError> {
    for icon in manifest.pictures() {
        if assets.iter().any(|asset| asset.path == *icon) {
            continue;
        }
        let paths = assets.iter().map(|asset| asset.path.as_str());
        let near = paths.map(|path| (strsim::osa_distance(path, icon.as_str()), path));
        let nearest = near.filter(|(distance, _)| *distance <= 3).min();
        return Err(BundleError::IconMissing {
            path: icon.to_string(),
            nearest: nearest.map(|(_, path)| path.to_owned()),
        });
    }
    Ok(())
}

/// A manifest that was changed after it was parsed may not be one any more.
pub(super) fn canonical_json(manifest: &Manifest) -> Result<Vec<u8>, ManifestError> {
    let json = manifest.to_canonical_json();
    Manifest::parse(&json)?;
    Ok(json)
}
