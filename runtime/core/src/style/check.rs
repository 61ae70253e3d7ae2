//! Decides what a declaration may say. Properties, functions and units are those of
//! the lists in `known`; pictures are assets of the bundle; a property of the
//! author's own is `--p-…` to the page, and `--mp-…`, the host's, can be read but
//! not set. `rpx` becomes a length here, wherever it stands.

use std::collections::BTreeSet;

use super::{
    NUMBER_MAX, OWN_BYTES_MAX, VALUE_WORDS_MAX,
    error::Refusal,
    known::{self, Takes},
    tokens::{Kind, Stream, Token},
    write::{Piece, Pieces},
};
use crate::{asset::AssetPath, identity::quoted};

/// Lines of a grid, and columns: a browser makes as many as it is told to.
const LINES_MAX: f32 = 1_000.0;
/// Times that `repeat()` repeats.
const REPEATS_MAX: f32 = 100.0;
/// Bytes of a number.
const NUMBER_BYTES_MAX: usize = 16;

/// What a declaration says, checked.
#[derive(Debug)]
pub(super) struct Declaration {
    /// Where it stands.
    pub(super) at: usize,
    /// Its property, as the page knows it.
    pub(super) name: String,
    pub(super) value: Vec<Piece>,
}

/// Checks a declaration. `animations` are the names of all `@keyframes`.
pub(super) fn declaration(
    name: &Token<'_>,
    value: Stream<'_, '_>,
    animations: &BTreeSet<&str>,
) -> Result<Declaration, Refusal> {
    let (written, takes) = if name.text.starts_with("--") {
        (own(name)?, Takes::Own)
    } else {
        let lower = name.text.to_ascii_lowercase();
        let takes = known::property(&lower).ok_or_else(|| unknown_property(name, &lower))?;
        (lower, takes)
    };
    let mut check = Check { property: name.text, takes, animations, out: Pieces::default(), words: 0, reads: 0 };
    check.walk(value)?;
    if check.words == 0 && takes != Takes::Own {
        return Err(Refusal::new(value.at(), format!("expected a value for `{}`", quoted(name.text))));
    }
    Ok(Declaration { at: name.at, name: written, value: check.out.finish() })
}

/// The name that a property of the author's own has in the page.
fn own(name: &Token<'_>) -> Result<String, Refusal> {
    let shown = quoted(name.text);
    let bare = name.text.strip_prefix("--").unwrap_or_default();
    if bare.starts_with("mp-") {
        return Err(Refusal::new(
            name.at,
            format!("`{shown}` is the host's: it can be read with `var()`, but not set"),
        ));
    }
    if bare.is_empty() || name.text.len() > OWN_BYTES_MAX {
        return Err(Refusal::new(
            name.at,
            format!("`{shown}`: expected a name after `--`, at most {OWN_BYTES_MAX} bytes together"),
        ));
    }
    Ok(format!("--p-{bare}"))
}

fn unknown_property(name: &Token<'_>, lower: &str) -> Refusal {
    let refusal = Refusal::new(name.at, format!("`{}` is no property that a program may set", quoted(name.text)));
    if lower.starts_with("outline") {
        return refusal.hint("the ring around what has the focus is the host's: everybody has to find it");
    }
    if lower.starts_with('-') {
        return refusal.hint("a property needs no vendor's prefix in front");
    }
    refusal.hint(match known::nearest_property(lower) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "docs/styles.md lists what may be set".to_owned(),
    })
}

/// A value that is being looked through.
struct Check<'c> {
    /// As the author wrote it.
    property: &'c str,
    takes: Takes,
    animations: &'c BTreeSet<&'c str>,
    out: Pieces,
    words: usize,
    /// How many properties of the author's own it reads.
    reads: usize,
}

impl Check<'_> {
    fn refuse(&self, token: &Token<'_>, why: &str) -> Refusal {
        Refusal::new(token.at, format!("`{}` in `{}`: {why}", quoted(token.text), quoted(self.property)))
    }

    fn walk(&mut self, mut stream: Stream<'_, '_>) -> Result<(), Refusal> {
        while let Some(token) = stream.advance() {
            if token.apart {
                self.out.space();
            }
            if token.kind == Kind::Space {
                self.out.space();
                continue;
            }
            self.words += 1;
            if self.words > VALUE_WORDS_MAX {
                return Err(self.refuse(token, &format!("expected at most {VALUE_WORDS_MAX} words in a value")));
            }
            if let Takes::Words(words) = self.takes {
                self.one_of(token, words)?;
                continue;
            }
            match &token.kind {
                Kind::Ident => self.ident(token)?,
                Kind::Function => {
                    let inside = stream.enter(token);
                    self.function(token, inside)?;
                }
                Kind::Hash => self.colour(token)?,
                Kind::Text(text) => self.text(token, text)?,
                Kind::Url(address) => self.picture(token, address)?,
                Kind::Number(value) => {
                    if matches!(self.takes, Takes::Lines | Takes::Places) && value.abs() > LINES_MAX {
                        return Err(self.refuse(token, &format!("expected at most {LINES_MAX}")));
                    }
                    self.number(token, token.text, *value)?;
                }
                // A percentage's number is a hundredth of what is written.
                Kind::Percentage => self.number(token, token.text, 0.0)?,
                Kind::Dimension(value, unit) => self.dimension(token, *value, *unit)?,
                Kind::Comma | Kind::Sign('+' | '-' | '*' | '/') => self.out.push(token.text),
                Kind::Open('(') => {
                    let inside = stream.enter(token);
                    self.brackets("(", inside, ")")?;
                }
                Kind::Open('[') if matches!(self.takes, Takes::Lines) => {
                    let inside = stream.enter(token);
                    self.brackets("[", inside, "]")?;
                }
                Kind::Sign('!') => {
                    return Err(self
                        .refuse(token, "`!important` is not for programs")
                        .hint("a rule that stands later, or names more classes, wins"));
                }
                Kind::Colon | Kind::Open('{') => {
                    return Err(self.refuse(token, "this is no value").hint("is a `;` missing before it?"));
                }
                _ => return Err(self.refuse(token, "this is no value")),
            }
        }
        Ok(())
    }

    /// Of properties that could lead out of the page, or hide where one is.
    fn one_of(&mut self, token: &Token<'_>, words: &[&str]) -> Result<(), Refusal> {
        let lower = token.text.to_ascii_lowercase();
        if token.kind != Kind::Ident || !words.contains(&lower.as_str()) {
            return Err(self.refuse(token, &format!("expected one of `{}`", words.join("`, `"))));
        }
        self.out.push(&lower);
        Ok(())
    }

    fn brackets(&mut self, open: &str, inside: Stream<'_, '_>, close: &str) -> Result<(), Refusal> {
        self.out.push(open);
        self.walk(inside)?;
        self.out.push(close);
        Ok(())
    }

    fn ident(&mut self, token: &Token<'_>) -> Result<(), Refusal> {
        if token.text.starts_with("--") {
            let name = own(token)?;
            self.out.push(&name);
            return Ok(());
        }
        if self.takes != Takes::Animations || known::is_animation_word(&token.text.to_ascii_lowercase()) {
            self.out.push(token.text);
            return Ok(());
        }
        if !self.animations.contains(token.text) {
            return Err(self.refuse(token, "there are no `@keyframes` of this name"));
        }
        self.out.push(&format!("p-{}", token.text));
        Ok(())
    }

    fn function(&mut self, token: &Token<'_>, inside: Stream<'_, '_>) -> Result<(), Refusal> {
        let name = token.function().to_ascii_lowercase();
        if self.takes == Takes::Places {
            return Err(self.refuse(token, "expected no function here"));
        }
        match name.as_str() {
            "url" => {
                let mut inside = inside;
                inside.skip_space();
                let address = inside.advance();
                inside.skip_space();
                match (address.map(|token| &token.kind), inside.peek()) {
                    (Some(Kind::Text(address)), None) => return self.picture(token, address),
                    _ => return Err(self.refuse(token, "expected a text in quotes")),
                }
            }
            "var" => return self.var(token, inside),
            "env" => return self.env(token, inside),
            "repeat" => check_repeat(self, token, inside)?,
            _ if known::is_function(&name) => {}
            _ => {
                return Err(self
                    .refuse(token, "no function that the style of a program may use")
                    .hint("docs/styles.md lists them"));
            }
        }
        self.out.push(token.function());
        self.brackets("(", inside, ")")
    }

    fn var(&mut self, token: &Token<'_>, mut inside: Stream<'_, '_>) -> Result<(), Refusal> {
        inside.skip_space();
        let name = inside.advance().filter(|name| name.kind == Kind::Ident && name.text.starts_with("--"));
        let Some(name) = name else {
            return Err(self.refuse(token, "expected a property such as `--brand`"));
        };
        self.out.push("var(");
        if name.text.starts_with("--mp-") {
            self.out.push(name.text);
        } else {
            self.reads += 1;
            // One that reads two, each of which reads two, … is a page of gigabytes.
            if self.takes == Takes::Own && self.reads > 1 {
                return Err(self.refuse(name, "a property of your own can read one other of them, not more"));
            }
            let name = own(name)?;
            self.out.push(&name);
        }
        self.fallback(token, inside)
    }

    fn env(&mut self, token: &Token<'_>, mut inside: Stream<'_, '_>) -> Result<(), Refusal> {
        inside.skip_space();
        let name = inside.advance().filter(|name| known::ENVIRONMENT.contains(&name.text));
        let Some(name) = name else {
            return Err(self.refuse(token, &format!("expected one of `{}`", known::ENVIRONMENT.join("`, `"))));
        };
        self.out.push("env(");
        self.out.push(name.text);
        self.fallback(token, inside)
    }

    /// What is taken where there is no such property, and the closing bracket.
    fn fallback(&mut self, token: &Token<'_>, mut inside: Stream<'_, '_>) -> Result<(), Refusal> {
        inside.skip_space();
        match inside.advance().map(|next| &next.kind) {
            None => {}
            Some(Kind::Comma) => {
                self.out.push(",");
                self.walk(inside)?;
            }
            Some(_) => return Err(self.refuse(token, "expected `,` or `)` after the name")),
        }
        self.out.push(")");
        Ok(())
    }

    fn colour(&mut self, token: &Token<'_>) -> Result<(), Refusal> {
        let digits = token.text.strip_prefix('#').unwrap_or_default();
        if !matches!(digits.len(), 3 | 4 | 6 | 8) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.refuse(token, "expected a colour of 3, 4, 6 or 8 hexadecimal digits"));
        }
        self.out.push(&token.text.to_ascii_lowercase());
        Ok(())
    }

    fn text(&mut self, token: &Token<'_>, text: &str) -> Result<(), Refusal> {
        if !matches!(self.takes, Takes::Texts | Takes::Pictures | Takes::Lines | Takes::Own) {
            return Err(self.refuse(token, "expected no text in quotes here"));
        }
        self.out.quote(text);
        Ok(())
    }

    fn picture(&mut self, token: &Token<'_>, address: &str) -> Result<(), Refusal> {
        if self.takes != Takes::Pictures {
            let why = "a picture can stand in `background`, `background-image`, `list-style`, `mask` and `mask-image`";
            return Err(self.refuse(token, why));
        }
        let path = address.strip_prefix("asset:").map(str::parse::<AssetPath>);
        match path {
            Some(Ok(path)) => self.out.piece(Piece::Picture { path, at: token.at }),
            Some(Err(why)) => return Err(self.refuse(token, &why.to_string())),
            None => {
                return Err(self
                    .refuse(token, "a picture comes from the bundle, never from elsewhere")
                    .hint("put it into assets/ and write url(\"asset:cup.svg\")"));
            }
        }
        Ok(())
    }

    fn dimension(&mut self, token: &Token<'_>, value: f32, unit_bytes: usize) -> Result<(), Refusal> {
        let (number, unit) =
            token.text.split_at_checked(token.text.len().saturating_sub(unit_bytes)).unwrap_or_default();
        let unit = unit.to_ascii_lowercase();
        if unit == "rpx" {
            if value == 0.0 {
                self.out.push("0px");
                return Ok(());
            }
            self.out.push("calc(");
            self.number(token, number, value)?;
            self.out.push("*var(--mp-rpx))");
            return Ok(());
        }
        if !known::is_unit(&unit) {
            return Err(self.refuse(token, &format!("`{}` is no unit", quoted(&unit))));
        }
        self.number(token, number, value)?;
        self.out.push(&unit);
        Ok(())
    }

    fn number(&mut self, token: &Token<'_>, number: &str, value: f32) -> Result<(), Refusal> {
        let too_large = || self.refuse(token, &format!("expected a number from -{NUMBER_MAX} to {NUMBER_MAX}"));
        let digits = number.trim_end_matches('%');
        // A percentage comes without its value.
        let value = if digits.len() < number.len() { digits.parse().unwrap_or(f32::INFINITY) } else { value };
        if number.contains(['e', 'E']) || number.len() > NUMBER_BYTES_MAX || value.abs() > NUMBER_MAX {
            return Err(too_large());
        }
        let (sign, rest) = match number.split_at_checked(1) {
            Some((sign @ ("+" | "-"), rest)) => (sign, rest),
            _ => ("", number),
        };
        // `0.5` is `.5`.
        let rest = rest.strip_prefix('0').filter(|rest| rest.starts_with('.')).unwrap_or(rest);
        self.out.push(&format!("{sign}{rest}"));
        Ok(())
    }
}

/// How often something comes is said first.
fn check_repeat(check: &Check<'_>, token: &Token<'_>, mut inside: Stream<'_, '_>) -> Result<(), Refusal> {
    inside.skip_space();
    match inside.peek().map(|first| &first.kind) {
        Some(Kind::Number(times)) if (1.0..=REPEATS_MAX).contains(times) => Ok(()),
        Some(Kind::Ident) => Ok(()),
        _ => Err(check.refuse(token, &format!("expected 1 to {REPEATS_MAX}, `auto-fill` or `auto-fit`"))),
    }
}
