//! Any bytes are refused, or are a bundle that is the one encoding of its parts.

use std::sync::LazyLock;

use mprun_core::{
    bundle::{AssetFile, Bundle, Verified, diff, pack, verify},
    identity::Digest,
    style::Style,
};

use super::printable;

/// A whole bundle; what is looked at can be put into it.
pub(super) const SMALL: &[u8] = include_bytes!("../seeds/bundle/small.wasm");

static SMALL_BUNDLE: LazyLock<Verified<Bundle>> =
    LazyLock::new(|| verify(SMALL.to_vec()).expect("the small bundle is one"));

/// Reads `data` as a bundle. What begins with a letter is put into a good bundle
/// instead, or the fuzzer would need a hash function to get past the first section:
/// `m`, `t`, `s` and `a` stand for the content of a manifest, of the templates, of a
/// style sheet and of an asset, `p` for the path of an asset, a line break and its data.
///
/// # Panics
/// That is what the fuzzer looks for.
pub fn bundle(data: &[u8]) {
    match data {
        [b'm', manifest @ ..] => check(with("mprun:manifest", manifest)),
        [b't', templates @ ..] => check(with("mprun:templates", templates)),
        [b's', style @ ..] => check(with("mprun:style", style)),
        [b'a', asset @ ..] => check(with("mprun:asset", asset)),
        [b'p', asset @ ..] => {
            let (path, picture) = match asset.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&asset[..end], &asset[end + 1..]),
                None => (asset, &asset[..0]),
            };
            check(with("mprun:asset", &asset_section(path, picture)));
        }
        whole => check(whole.to_vec()),
    }
}

fn check(bytes: Vec<u8>) {
    let digest = Digest::of(&bytes);
    let bundle = match verify(bytes) {
        Ok(bundle) => bundle,
        Err(error) => return printable(&format!("{error} {:?}", error.hint())),
    };
    assert_eq!(bundle.digest(), digest);
    assert!(encoded_again(&bundle) == bundle.bytes(), "there are two encodings of one bundle");
    let again = verify(bundle.bytes().to_vec()).expect("what is a bundle once is always one");
    let difference = diff(&bundle, &again);
    assert!(difference.is_empty() && !difference.widens() && difference.parts.is_empty(), "{difference}");

    // Against another one, too: every difference can be said.
    let difference = diff(&SMALL_BUNDLE, &bundle);
    assert_eq!(difference.is_empty(), bundle.bytes() == SMALL);
    assert_eq!(difference.widens(), !difference.widenings().is_empty());
    printable(&difference.to_string());
}

fn encoded_again(bundle: &Bundle) -> Vec<u8> {
    let templates: Vec<_> = bundle.templates().as_slice().iter().map(|template| template.encoding()).collect();
    let assets: Vec<_> =
        bundle.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    let again = pack(bundle.component(), bundle.manifest(), &templates, bundle.style().map(Style::source), &assets)
        .expect("its parts can be packed");
    again.bytes().to_vec()
}

/// The small bundle with other content in its section `name`; an asset is added.
fn with(name: &str, content: &[u8]) -> Vec<u8> {
    let sizes = SMALL_BUNDLE.sizes();
    let (component, rest) = SMALL.split_at(sizes.component);
    let (manifest, rest) = rest.split_at(sizes.manifest);
    let (templates, assets) = rest.split_at(sizes.templates);
    let section = custom_section(name, content);
    let (manifest, templates, assets) = match name {
        "mprun:manifest" => (&section[..], templates, assets),
        "mprun:templates" => (manifest, &section[..], assets),
        "mprun:style" => return [component, manifest, templates, &section, assets].concat(),
        _ => return [SMALL, &section].concat(),
    };
    [component, manifest, templates, assets].concat()
}

fn custom_section(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    put_leb(&mut bytes, 1 + name.len() + content.len());
    // Our names are shorter than 128 bytes: one byte says how long.
    put_leb(&mut bytes, name.len());
    bytes.extend(name.as_bytes());
    bytes.extend(content);
    bytes
}

fn put_leb(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// With the right digest, and the media type that the extension asks for.
fn asset_section(path: &[u8], picture: &[u8]) -> Vec<u8> {
    let media_type: &[u8] = match path.rsplit(|byte| *byte == b'.').next() {
        Some(b"svg") => b"image/svg+xml",
        Some(b"png") => b"image/png",
        Some(b"jpg" | b"jpeg") => b"image/jpeg",
        Some(b"webp") => b"image/webp",
        _ => b"image/gif",
    };
    let mut bytes = Vec::new();
    for part in [path, media_type] {
        bytes.extend((part.len() as u32).to_le_bytes());
        bytes.extend(part);
    }
    bytes.extend(Digest::of(picture).as_bytes());
    bytes.extend((picture.len() as u32).to_le_bytes());
    bytes.extend(picture);
    bytes
}
