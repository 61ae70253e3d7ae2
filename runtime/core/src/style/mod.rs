//! Decides what the style sheet of a program may say, and writes it so that it
//! says nothing of anything else: elements with the program's own classes, inside
//! of its page, properties and functions of closed lists, pictures of the bundle.
//! Anything else is refused with its line and column, never left out: an author who
//! is not told looks for the mistake in the wrong place. `docs/styles.md` says it
//! for authors.
//!
//! In reading order: `tokens` (words), `rules` (which rules there are and how they
//! lie inside of each other), `scope` (selectors), `media` (conditions), `check` and
//! `known` (declarations), `write`.
//!
//! Everything is one pass over words, without looking back: a host does this with
//! files that nobody vouches for. That is why no typed parser of CSS stands here:
//! those that there are read a value in several ways, one after the other, and
//! overflow the stack with small files.

mod check;
mod error;
mod known;
mod media;
mod rules;
mod scope;
mod tokens;
mod write;

use crate::{asset::AssetPath, identity::quoted, manifest::ColorScheme};

pub use self::error::StyleError;
use self::{error::Refusal, write::Piece};

/// Largest style sheet, in bytes.
pub const STYLE_BYTES_MAX: usize = 64 * 1024;
/// Most rules, those inside of others and moments of animations too.
pub const RULES_MAX: usize = 2_000;
/// How deep brackets of all kinds may lie inside each other.
pub const DEPTH_MAX: usize = 8;
/// Most elements that one selector describes.
pub const COMPOUNDS_MAX: usize = 16;
/// Most classes and states of one selector.
pub const PARTS_MAX: usize = 32;
/// Most selectors, once rules inside of others are unfolded.
pub const SELECTORS_MAX: usize = 4_000;
/// Most words in a value.
pub const VALUE_WORDS_MAX: usize = 512;
/// Largest number, and the smallest with its sign turned.
pub const NUMBER_MAX: f32 = 100_000.0;
/// Bytes of the name of a property of the author's own.
pub const OWN_BYTES_MAX: usize = 64;
/// Largest sheet as it is handed out, in bytes.
const OUTPUT_BYTES_MAX: usize = 512 * 1024;

/// The style sheet of a program, checked and scoped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    source: String,
    pieces: Vec<Piece>,
}

impl Style {
    /// Checks a style sheet.
    ///
    /// # Errors
    /// The first thing in it that is not allowed.
    pub fn parse(source: &str) -> Result<Style, StyleError> {
        let writer =
            rules::read(source, &mut |_: &check::Declaration| ()).map_err(|refusal| refusal.in_source(source))?;
        Ok(Style { source: source.to_owned(), pieces: writer.finish() })
    }

    /// As the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The pictures that it shows; one that it shows twice comes twice.
    pub fn pictures(&self) -> impl Iterator<Item = &AssetPath> {
        self.uses().map(|(path, _)| path)
    }

    /// The sheet for a page: minified, every selector under `.mp-page`, pictures at
    /// their addresses, conditions on the colour scheme decided for a program that
    /// is made for one.
    pub fn css<'a>(&self, scheme: ColorScheme, address: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut out = String::with_capacity(self.source.len() * 2);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Picture { path, .. } => match address(path.as_str()) {
                    Some(address) => {
                        out.push_str("url(");
                        write::quote(&mut out, address);
                        out.push(')');
                    }
                    None => out.push_str("none"),
                },
                Piece::Scheme(asked) => out.push_str(match (scheme, asked) {
                    (ColorScheme::Auto, ColorScheme::Dark) => "(prefers-color-scheme:dark)",
                    (ColorScheme::Auto, _) => "(prefers-color-scheme:light)",
                    // Of every window, and of none.
                    (scheme, asked) if scheme == *asked => "(min-width:0)",
                    _ => "(max-width:0)",
                }),
            }
        }
        out
    }

    /// Whether all of its pictures are among `assets`.
    ///
    /// # Errors
    /// The first that is not, where the sheet names it.
    pub fn check_pictures<'a>(&self, assets: impl Iterator<Item = &'a str> + Clone) -> Result<(), StyleError> {
        for (path, at) in self.uses() {
            if assets.clone().any(|asset| asset == path.as_str()) {
                continue;
            }
            let near = assets.clone().map(|asset| (strsim::osa_distance(asset, path.as_str()), asset));
            let nearest = near.filter(|(distance, _)| *distance <= 3).min();
            let refusal = Refusal::new(at, format!("the picture `{path}` is not among the assets"));
            let refusal = match nearest {
                Some((_, nearest)) => refusal.hint(format!("did you mean `asset:{}`?", quoted(nearest))),
                None => refusal.hint("put it into assets/"),
            };
            return Err(refusal.in_source(&self.source));
        }
        Ok(())
    }

    fn uses(&self) -> impl Iterator<Item = (&AssetPath, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Picture { path, at } => Some((path, *at)),
            _ => None,
        })
    }
}

/// A declaration of a style sheet, for tools that want to say more about it than
/// whether it is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The property as the page knows it: one of the author's own begins with `--p-`.
    pub property: String,
    /// The value as the page gets it; pictures are `none`.
    pub value: String,
}

/// All declarations of a style sheet, in their order.
///
/// # Errors
/// As [`Style::parse`].
pub fn declarations(source: &str) -> Result<Vec<Declared>, StyleError> {
    let mut found = Vec::new();
    let mut listen = |declaration: &check::Declaration| {
        let (line, column) = error::place(source, declaration.at);
        let words = declaration.value.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            _ => "none",
        });
        found.push(Declared { line, column, property: declaration.name.clone(), value: words.collect() });
    };
    rules::read(source, &mut listen).map_err(|refusal| refusal.in_source(source))?;
    Ok(found)
}
