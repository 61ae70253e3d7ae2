//! Decides what `@media` may ask: about the window, the user's preferences and the
//! pointer. Whether dark colours are preferred is a hole in what is written: a
//! program that is made for one scheme is told that one.

use super::{
    NUMBER_MAX,
    error::Refusal,
    known,
    tokens::{Kind, Stream, Token},
    write::{Piece, Pieces},
};
use crate::{identity::quoted, manifest::ColorScheme};

/// Words outside of brackets.
const CONDITIONS: [&str; 7] = ["all", "screen", "print", "not", "only", "and", "or"];

/// What can be asked about, in brackets.
#[rustfmt::skip]
const FEATURES: &[&str] = &[
    "any-hover", "any-pointer", "aspect-ratio", "forced-colors", "height", "hover", "max-aspect-ratio", "max-height",
    "max-resolution", "max-width", "min-aspect-ratio", "min-height", "min-resolution", "min-width", "orientation",
    "pointer", "prefers-color-scheme", "prefers-contrast", "prefers-reduced-motion", "prefers-reduced-transparency",
    "resolution", "width",
];

/// What the answer can be, where it is a word.
#[rustfmt::skip]
const ANSWERS: &[&str] = &[
    "active", "coarse", "custom", "dark", "fine", "hover", "landscape", "less", "light", "more", "no-preference",
    "none", "portrait", "reduce",
];

/// Checks what stands between `@media` and its block.
pub(super) fn condition(mut stream: Stream<'_, '_>) -> Result<Vec<Piece>, Refusal> {
    stream.skip_space();
    let begin = stream.at();
    if stream.peek().is_none() {
        return Err(Refusal::new(begin, "expected a condition such as `(min-width: 600px)` after `@media`"));
    }
    let mut out = Pieces::default();
    outside(stream, &mut out, true)?;
    Ok(out.finish())
}

/// Words with conditions in brackets. A comma separates whole conditions, which is
/// what the `outermost` ones are.
fn outside(mut stream: Stream<'_, '_>, out: &mut Pieces, outermost: bool) -> Result<(), Refusal> {
    while let Some(token) = stream.advance() {
        let lower = token.text.to_ascii_lowercase();
        match token.kind {
            Kind::Space => out.space(),
            Kind::Ident if CONDITIONS.contains(&lower.as_str()) => out.push(&lower),
            Kind::Comma if outermost => out.push(","),
            Kind::Open('(') => brackets(stream.enter(token), out)?,
            Kind::Function if CONDITIONS.contains(&token.function().to_ascii_lowercase().as_str()) => {
                return Err(Refusal::new(
                    token.at,
                    format!("expected a blank between `{}` and `(`", quoted(token.function())),
                ));
            }
            _ => return Err(unknown(token)),
        }
    }
    Ok(())
}

fn brackets(inside: Stream<'_, '_>, out: &mut Pieces) -> Result<(), Refusal> {
    if let Some(scheme) = scheme(inside) {
        out.piece(Piece::Scheme(scheme));
        return Ok(());
    }
    let mut look = inside;
    look.skip_space();
    out.push("(");
    match look.peek() {
        None => return Err(Refusal::new(look.at(), "expected a condition in these brackets")),
        Some(token) if token.kind == Kind::Open('(') || is_word(token, &CONDITIONS) => outside(inside, out, false)?,
        Some(_) => question(inside, out)?,
    }
    out.push(")");
    Ok(())
}

fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    token.kind == Kind::Ident && words.iter().any(|word| token.text.eq_ignore_ascii_case(word))
}

/// `prefers-color-scheme: dark`, or `light`.
fn scheme(mut inside: Stream<'_, '_>) -> Option<ColorScheme> {
    let mut next = || {
        inside.skip_space();
        inside.advance()
    };
    let (feature, colon, answer, end) = (next()?, next()?, next()?, next());
    let is_it = is_word(feature, &["prefers-color-scheme"]) && colon.kind == Kind::Colon && end.is_none();
    let schemes = [ColorScheme::Light, ColorScheme::Dark];
    schemes.into_iter().find(|scheme| is_it && is_word(answer, &[scheme.as_str()]))
}

/// `min-width: 600px`, `400px <= width < 800px`.
fn question(mut inside: Stream<'_, '_>, out: &mut Pieces) -> Result<(), Refusal> {
    while let Some(token) = inside.advance() {
        match token.kind {
            Kind::Space => out.space(),
            Kind::Ident if is_word(token, FEATURES) || is_word(token, ANSWERS) => {
                out.push(&token.text.to_ascii_lowercase());
            }
            Kind::Colon | Kind::Sign('<' | '>' | '=' | '/') => out.push(token.text),
            Kind::Number(value) if is_plain(token.text, value) => out.push(token.text),
            Kind::Dimension(value, unit_bytes) => {
                let number_bytes = token.text.len().saturating_sub(unit_bytes);
                let (number, unit) = token.text.split_at_checked(number_bytes).unwrap_or_default();
                let unit = unit.to_ascii_lowercase();
                if unit == "rpx" {
                    return Err(Refusal::new(token.at, "`rpx` is measured by the page, and cannot stand in `@media`")
                        .hint("use `px` or `em` here"));
                }
                if !known::is_unit(&unit) || !is_plain(number, value) {
                    return Err(unknown(token));
                }
                out.push(number);
                out.push(&unit);
            }
            _ => return Err(unknown(token)),
        }
    }
    Ok(())
}

/// A number as people write it: no exponent, not a large one.
fn is_plain(number: &str, value: f32) -> bool {
    !number.contains(['e', 'E']) && value.abs() <= NUMBER_MAX
}

fn unknown(token: &Token<'_>) -> Refusal {
    let refusal = Refusal::new(token.at, format!("`{}` cannot stand in `@media`", quoted(token.text)));
    refusal.hint("docs/styles.md lists what can be asked, for example `(prefers-color-scheme: dark)`")
}
