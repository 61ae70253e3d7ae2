//! Writes a bundle: the same parts give the same bytes, whatever tool made the
//! component and in whatever order the parts come. What a bundle does not need
//! is left out of it: names, producers and every other custom section, inside
//! core modules too, where home folders and tool versions like to hide.

use std::collections::BTreeMap;

use mprun_frame::template::{Template, id_of};

use super::{
    ASSETS_MAX, AssetFile, Bundle, BundleError, TEMPLATES_MAX, Verified,
    canonical::strip,
    reader::{canonical_json, check_kind, check_size, verify},
    section::{self, ASSET, MANIFEST, STYLE, TEMPLATES, put_bytes, put_number},
};
use crate::{asset::AssetPath, identity::Digest, manifest::Manifest};

/// Makes a bundle of its parts: strips the component, sorts the templates by id
/// and drops doubled ones, sorts the assets by path, and verifies the result.
/// `style` is the style sheet as its author wrote it.
///
/// # Errors
/// As [`verify`]; templates are refused by their index in `templates`. Offsets
/// are those of the stripped component.
pub fn pack(
    component: &[u8],
    manifest: &Manifest,
    templates: &[&[u8]],
    style: Option<&str>,
    assets: &[AssetFile],
) -> Result<Verified<Bundle>, BundleError> {
    check_kind(component)?;
    // Sizes of what comes in: the stripped component may be small enough.
    let mut bytes = strip(component)?;
    check_size(&bytes)?;
    section::append(&mut bytes, MANIFEST, &canonical_json(manifest)?);
    section::append(&mut bytes, TEMPLATES, &encode_templates(templates)?);
    if let Some(style) = style {
        section::append(&mut bytes, STYLE, style.as_bytes());
        check_size(&bytes)?;
    }
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
