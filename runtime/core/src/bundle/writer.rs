//! Writes a bundle: the same parts give the same bytes, whatever tool made the
//! component and in whatever order the parts come. What a bundle does not need
//! is left out of it: names, producers and every other custom section, inside
//! core modules too, where home folders and tool versions like to hide.

use std::collections::BTreeMap;

use mprun_frame::template::{Template, id_of};
use wasm_encoder::{Encode, RawSection, Section as _};
use wasmparser::BinaryReader;

use super::{
    ASSETS_MAX, AssetFile, Bundle, BundleError, NESTING_MAX, TEMPLATES_MAX, Verified,
    reader::{canonical, check_kind, check_size, verify},
    section::{self, ASSET, MANIFEST, TEMPLATES, put_bytes, put_number},
};
use crate::{asset::AssetPath, identity::Digest, manifest::Manifest};

/// Makes a bundle of its parts: strips the component, sorts the templates by id
/// and drops doubled ones, sorts the assets by path, and verifies the result.
///
/// # Errors
/// As [`verify`]; templates are refused by their index in `templates`. Offsets
/// are those of the stripped component.
pub fn pack(
    component: &[u8],
    manifest: &Manifest,
    templates: &[&[u8]],
    assets: &[AssetFile],
) -> Result<Verified<Bundle>, BundleError> {
    check_kind(component)?;
    // Sizes of what comes in: the stripped component may be small enough.
    let mut bytes = strip(component, 1)?;
    check_size(&bytes)?;
    section::append(&mut bytes, MANIFEST, &canonical(manifest)?);
    section::append(&mut bytes, TEMPLATES, &encode_templates(templates)?);
    let mut sorted: Vec<&AssetFile> = assets.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    if sorted.len() > ASSETS_MAX {
        return Err(BundleError::TooManyAssets { count: sorted.len() });
    }
    for asset in sorted {
        section::append(&mut bytes, ASSET, &encode_asset(asset)?);
        check_size(&bytes)?;
    }
    verify(bytes)
}

fn encode_templates(templates: &[&[u8]]) -> Result<Vec<u8>, BundleError> {
    let mut by_id: BTreeMap<u64, &[u8]> = BTreeMap::new();
    for (index, encoding) in templates.iter().enumerate() {
        Template::decode(encoding).map_err(|reason| BundleError::Template { index, reason })?;
        let other = by_id.insert(id_of(encoding), encoding);
        if other.is_some_and(|other| other != *encoding) {
            return Err(BundleError::TemplateCollision { index });
        }
    }
    if by_id.len() > TEMPLATES_MAX {
        return Err(BundleError::TooManyTemplates { count: by_id.len() });
    }
    let mut out = Vec::new();
    put_number(&mut out, by_id.len())?;
    for encoding in by_id.values() {
        put_bytes(&mut out, encoding)?;
    }
    Ok(out)
}

fn encode_asset(asset: &AssetFile) -> Result<Vec<u8>, BundleError> {
    let path: AssetPath = asset.path.parse()?;
    let mut out = Vec::with_capacity(asset.data.len() + 256);
    put_bytes(&mut out, path.as_str().as_bytes())?;
    put_bytes(&mut out, path.media_type().as_str().as_bytes())?;
    out.extend(Digest::of(&asset.data).as_bytes());
    put_bytes(&mut out, &asset.data)?;
    Ok(out)
}

/// Sections that contain a module or a component, in a component.
const CORE_MODULE_SECTION: u8 = 1;
const COMPONENT_SECTION: u8 = 4;

/// A module or component without its custom sections and without those of what
/// is inside. Lengths are written anew, the content stays as it is.
fn strip(bytes: &[u8], depth: usize) -> Result<Vec<u8>, BundleError> {
    if depth > NESTING_MAX {
        return Err(BundleError::TooDeep);
    }
    let mut reader = BinaryReader::new(bytes, 0);
    let header = reader.read_bytes(8)?;
    let is_component = header.starts_with(b"\0asm\x0d\0\x01\0");
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(header);
    while !reader.eof() {
        let id = reader.read_u8()?;
        let size = reader.read_var_u32()?;
        let content = reader.read_bytes(size as usize)?;
        match id {
            0 => {}
            CORE_MODULE_SECTION | COMPONENT_SECTION if is_component => {
                let inner = strip(content, depth + 1)?;
                out.push(id);
                inner.len().encode(&mut out);
                out.extend(inner);
            }
            id => RawSection { id, data: content }.append_to(&mut out),
        }
    }
    Ok(out)
}
