//! Writes the app centre: what is installed, as the nine-grid that people know.
//! Three programs in a row on any screen; names and pictures come from the
//! manifests, everything else is the host's. No program is loaded to be listed.

use std::fmt::Write as _;

use mprun_core::identity::{Digest, NAMESPACE_DEV};
use mprun_core::manifest::{Category, ColorScheme, LocalText, Manifest};
use mprun_core::render::escape;
use mprun_host::Listing;

use crate::address::PROGRAMS;
use crate::shell::{UNSIGNED, marks, push_head};

/// Up to here, there is room to show what each one is good for, on a phone too.
const FEW: usize = 3;

/// One installed program.
pub(crate) struct Tile<'a> {
    /// What it says of itself.
    pub(crate) manifest: &'a Manifest,
    /// What it is.
    pub(crate) digest: &'a Digest,
    /// Nobody has signed it.
    pub(crate) unsigned: bool,
}

impl<'a> Tile<'a> {
    pub(crate) fn of(listing: &'a Listing) -> Tile<'a> {
        let unsigned = listing.program.namespace() == NAMESPACE_DEV;
        Tile { manifest: &listing.manifest, digest: &listing.digest, unsigned }
    }
}

/// The page, for a user who likes to read `locale`.
pub(crate) fn html(title: &str, style: &str, locale: &str, tiles: &[Tile<'_>]) -> String {
    let mut out = String::with_capacity(1_024 + 768 * tiles.len());
    out.push_str("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">");
    push_head(&mut out, ColorScheme::Auto, style);
    out.push_str("<link rel=\"icon\" href=\"/favicon.svg\"><title>");
    escape::push(&mut out, title);
    out.push_str(
        "</title></head><body class=\"mp-host\"><header class=\"mp-masthead\">\
         <img src=\"/favicon.svg\" alt=\"\" width=\"32\" height=\"32\"><h1>",
    );
    escape::push(&mut out, title);
    out.push_str("</h1></header><main class=\"mp-centre\">");
    if tiles.is_empty() {
        out.push_str(
            "<div class=\"mp-empty\"><h2>Nothing is installed yet</h2>\
             <p>This is where your mini-programs will stand. What you install is here a moment later:</p>\
             <pre><code>mprun install coffee.wasm</code></pre></div>",
        );
    } else {
        let class = if tiles.len() <= FEW { " mp-few" } else { "" };
        let _ = write!(out, "<ul class=\"mp-grid-nine{class}\">");
        for tile in tiles {
            push_tile(&mut out, tile, locale, tiles.len() <= FEW);
        }
        out.push_str("</ul>");
    }
    out.push_str("</main></body></html>\n");
    out
}

fn push_tile(out: &mut String, Tile { manifest, digest, unsigned }: &Tile<'_>, locale: &str, has_room: bool) {
    // Writing to a `String` cannot fail.
    let app_id = &manifest.app_id;
    let _ = write!(
        out,
        "<li><a class=\"mp-tile\" href=\"{PROGRAMS}{app_id}\">\
         <img class=\"mp-icon\" alt=\"\" width=\"64\" height=\"64\" loading=\"lazy\" src=\"{PROGRAMS}{app_id}/_icon/{digest}\">"
    );
    // The page is in English; of the program's texts, the manifest says what they are in.
    let texts = manifest.localized(locale);
    let attributes = |said: LocalText<'_>| match (marks(said, Some("en")), manifest.dir) {
        // In the manifest's own language, it says which way that is written.
        (_, Some(dir)) if said.lang == manifest.lang.as_deref() => {
            format!("{} dir=\"{dir}\"", said.lang.map(|lang| format!(" lang=\"{lang}\"")).unwrap_or_default())
        }
        (marks, _) => marks,
    };
    let name = if has_room { texts.name() } else { texts.short_name() };
    let _ = write!(out, "<span class=\"mp-about\"><span class=\"mp-name\"{}>", attributes(name));
    escape::push(out, name.text);
    let _ = write!(out, "</span><span class=\"mp-category\">{}</span>", category(manifest.category));
    if let Some(description) = texts.description() {
        let _ = write!(out, "<span class=\"mp-description\"{}>", attributes(description));
        escape::push(out, description.text);
        out.push_str("</span>");
    }
    if *unsigned {
        out.push_str(UNSIGNED);
    }
    out.push_str("</span></a></li>");
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Food => "Food and drink",
        Category::Shopping => "Shopping",
        Category::Travel => "Travel",
        Category::PublicService => "Public services",
        Category::LifeService => "Everyday services",
        Category::Medical => "Health care",
        Category::Education => "Education",
        Category::Finance => "Finance",
        Category::Business => "Business",
        Category::Entertainment => "Entertainment",
        Category::Sport => "Sport",
        Category::Utilities => "Utilities",
    }
}
