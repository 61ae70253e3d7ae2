//! Writes the seeds of `bundle`, `frame` and `patch` anew: the small bundle of the tests of `mprun-core`, what
//! each of its sections holds, and some ways in which a file goes wrong; views that are made up. To be run
//! when the format changes: `cargo run --features seeds --bin seeds`. Seeds that the
//! fuzzer found stay as they are.

use std::{fs, path::Path};

use mprun_core::manifest::Manifest;

#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../../../runtime/core/tests/core/fixtures.rs"]
mod fixtures;

fn main() -> std::io::Result<()> {
    let seeds_of = |target: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    for (name, bytes) in seeds() {
        // Small enough to be read in a review.
        assert!(bytes.len() < 4096, "{name} has {} bytes", bytes.len());
        fs::write(seeds_of("bundle").join(name), bytes)?;
    }
    for (name, frame, patch) in views() {
        fs::write(seeds_of("frame").join(&name), frame)?;
        fs::write(seeds_of("patch").join(&name), patch)?;
    }
    Ok(())
}

/// Views that define their templates themselves, and what becomes of them.
fn views() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut seeds = Vec::new();
    for seed in (0..3_000).step_by(3) {
        let view = mprun_frame::generate::view(seed);
        let other = mprun_frame::mutate::mutated(&view, seed);
        let (frame, second) = (mprun_fuzz::frame::write(&view.frame), mprun_fuzz::frame::write(&other.frame));
        if (200..1_500).contains(&frame.len()) && second.len() < 1_800 && view.frame != other.frame {
            let length = u16::try_from(frame.len()).expect("it is small").to_le_bytes();
            let patch = [&length, frame.as_slice(), second.as_slice()].concat();
            seeds.push((format!("view-{seed}"), frame, patch));
        }
        if seeds.len() == 24 {
            break;
        }
    }
    seeds
}

/// `.wasm`: a whole file. The others begin with the letter that says what they are
/// content of, see `src/bundle.rs`.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let bundle = fixtures::small_bundle();
    let sizes = bundle.sizes();
    let (component, rest) = bundle.bytes().split_at(sizes.component);
    let (manifest, rest) = rest.split_at(sizes.manifest);
    let (templates, assets) = rest.split_at(sizes.templates);

    let content = |section: &[u8], name: &str| {
        let at = section.windows(name.len()).position(|window| window == name.as_bytes());
        section[at.expect("the section has its name") + name.len()..].to_vec()
    };
    let of = |letter: u8, content: &[u8]| [&[letter], content].concat();
    let picture = fixtures::picture("", "").data;
    let full = include_bytes!("../../../../runtime/core/tests/manifests/valid/full.json");
    let full = Manifest::parse(full).expect("the tests say that it is one").to_canonical_json();
    vec![
        ("small.wasm", bundle.bytes().to_vec()),
        ("component-alone.wasm", component.to_vec()),
        ("cut-in-asset.wasm", bundle.bytes()[..bundle.bytes().len() - 7].to_vec()),
        ("templates-first.wasm", [component, templates, manifest, assets].concat()),
        ("foreign-section.wasm", [component, b"\0\x06\x04name\0", manifest, templates, assets].concat()),
        ("long-length.wasm", [component, b"\x07\x81\0\0", manifest, templates, assets].concat()),
        ("core-module.wasm", b"\0asm\x01\0\0\0".to_vec()),
        ("manifest", of(b'm', &content(manifest, "mprun:manifest"))),
        ("manifest-with-everything", of(b'm', &full)),
        ("templates", of(b't', &content(templates, "mprun:templates"))),
        ("asset", of(b'a', &fixtures::asset_section("zero.svg", "image/svg+xml", &picture))),
        ("asset-twice", of(b'a', &fixtures::asset_section("icon.svg", "image/svg+xml", &picture))),
        ("picture-svg", [b"pzero.svg\n", picture.as_slice()].concat()),
        ("picture-png", b"pzero.png\n\x89PNG\r\n\x1a\n".to_vec()),
        ("picture-webp", b"pzero.webp\nRIFF\0\0\0\0WEBP".to_vec()),
        ("path-traversal", b"p../zero.svg\n<svg/>".to_vec()),
    ]
}
