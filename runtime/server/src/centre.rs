//! Writes the app centre: what is installed, as the nine-grid that people know.
//! Three programs in a row on any screen; names and pictures come from the
//! manifests, everything else is the host's.

use std::fmt::Write as _;
use std::sync::Arc;

use mprun_core::manifest::{Category, ColorScheme, Manifest};
use mprun_core::render::escape;

use crate::address::PROGRAMS;
use crate::shell::{Shell, push_head};

/// Up to here, there is room to show what each one is good for, on a phone too.
const FEW: usize = 3;

/// One installed program.
pub(crate) struct Tile<'a> {
    /// What it says of itself.
    pub(crate) manifest: &'a Manifest,
    /// Where its pictures are.
    pub(crate) shell: Arc<Shell>,
}

/// The page.
pub(crate) fn html(title: &str, style: &str, tiles: &[Tile<'_>]) -> String {
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
             <p>This is where your mini-programs will stand. Start the server with the files \
             of the ones that you want to use:</p>\
             <pre><code>mprun serve coffee.wasm hello.wasm</code></pre></div>",
        );
    } else {
        let class = if tiles.len() <= FEW { " mp-few" } else { "" };
        let _ = write!(out, "<ul class=\"mp-grid-nine{class}\">");
        for tile in tiles {
            push_tile(&mut out, tile);
        }
        out.push_str("</ul>");
    }
    out.push_str("</main></body></html>\n");
    out
}

fn push_tile(out: &mut String, Tile { manifest, shell }: &Tile<'_>) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "<li><a class=\"mp-tile\" href=\"{PROGRAMS}{}\">", manifest.app_id);
    let icon = manifest.icons.first().and_then(|icon| shell.asset(icon.src.as_str()));
    match icon {
        Some(address) => {
            out.push_str("<img class=\"mp-icon\" alt=\"\" width=\"64\" height=\"64\" src=\"");
            escape::push(out, address);
            out.push_str("\">");
        }
        None => {
            let first: String = manifest.name.chars().take(1).collect();
            out.push_str("<span class=\"mp-icon mp-letter\" aria-hidden=\"true\">");
            escape::push(out, &first);
            out.push_str("</span>");
        }
    }
    // A manifest says which language its texts are in.
    let attribute = |name: &str, value: &str| format!(" {name}=\"{value}\"");
    let lang = manifest.lang.as_deref().map(|tag| attribute("lang", tag)).unwrap_or_default();
    let dir = manifest.dir.map(|way| attribute("dir", way.as_str())).unwrap_or_default();
    let _ = write!(out, "<span class=\"mp-about\"><span class=\"mp-name\"{lang}{dir}>");
    escape::push(out, &manifest.name);
    let _ = write!(out, "</span><span class=\"mp-category\">{}</span>", category(manifest.category));
    if let Some(description) = &manifest.description {
        let _ = write!(out, "<span class=\"mp-description\"{lang}{dir}>");
        escape::push(out, description);
        out.push_str("</span>");
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
