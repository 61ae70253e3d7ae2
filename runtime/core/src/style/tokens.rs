//! Decides what the words of a style sheet are, and refuses those that have no
//! place in any: escapes outside of texts (a word has one spelling here, so that
//! `\75rl(` cannot be a `url(` that nobody sees), letters beyond ASCII outside of
//! texts, control characters, and what is opened and never closed. Brackets lie at
//! most [`DEPTH_MAX`] deep inside each other: whoever walks through them needs no
//! more stack than that.
//!
//! The words are found by `cssparser`, the tokenizer of Firefox, in one pass.

use cssparser::{ParseError, ParseErrorKind, Parser, Token as Css};

use super::{DEPTH_MAX, STYLE_BYTES_MAX, error::Refusal};
use crate::identity::quoted;

/// What kind of word it is.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// `red`, `--brand`.
    Ident,
    /// `calc(`, with everything up to its `)` inside.
    Function,
    /// `@media`.
    At,
    /// `#fff`.
    Hash,
    /// `"text"`: what is in it, escapes read.
    Text(String),
    /// `url(text)` without quotes: what is in it.
    Url(String),
    /// `1.5`.
    Number(f32),
    /// `50%`.
    Percentage,
    /// `20px`: its value, and how many bytes its unit has.
    Dimension(f32, usize),
    /// Blanks and ends of lines.
    Space,
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `(`, `[` or `{`, with everything up to where it is closed inside.
    Open(char),
    /// Where one of those, or a function, is closed.
    Close,
    /// Any other character.
    Sign(char),
}

/// A word and where it stands.
#[derive(Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    /// As it is written. But for texts it is ASCII without escapes.
    pub(super) text: &'s str,
    /// Its first byte.
    pub(super) at: usize,
    /// How many words stand inside of a function or a bracket.
    pub(super) inside: usize,
    /// Whether a comment stands before it, which is no white space, but keeps two
    /// words apart.
    pub(super) apart: bool,
}

impl<'s> Token<'s> {
    /// The name of a function, without its bracket.
    pub(super) fn function(&self) -> &'s str {
        self.text.strip_suffix('(').unwrap_or(self.text)
    }

    fn opens(&self) -> bool {
        matches!(self.kind, Kind::Function | Kind::Open(_))
    }
}

/// Words one after the other, up to the end of what they are in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream<'t, 's> {
    tokens: &'t [Token<'s>],
    /// The byte after the last one.
    end: usize,
}

impl<'t, 's> Stream<'t, 's> {
    pub(super) fn new(tokens: &'t [Token<'s>], end: usize) -> Self {
        Stream { tokens, end }
    }

    pub(super) fn peek(&self) -> Option<&'t Token<'s>> {
        self.tokens.first()
    }

    /// The next word. One that opens something does not take what is inside along:
    /// see [`Stream::enter`].
    pub(super) fn advance(&mut self) -> Option<&'t Token<'s>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Steps over white space, and says whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let before = self.tokens.len();
        while self.peek().is_some_and(|token| token.kind == Kind::Space) {
            self.advance();
        }
        before != self.tokens.len()
    }

    /// What is inside of `open`, the word that was just taken, and steps over where
    /// it is closed.
    pub(super) fn enter(&mut self, open: &Token<'_>) -> Self {
        let inside = self.split(open.inside);
        self.advance();
        inside
    }

    /// Everything before the first word that `ends` it, on this level. The word
    /// itself stays.
    pub(super) fn until(&mut self, ends: impl Fn(&Kind) -> bool) -> Self {
        let mut length = 0;
        while let Some(token) = self.tokens.get(length).filter(|token| !ends(&token.kind)) {
            length += if token.opens() { token.inside + 2 } else { 1 };
        }
        self.split(length)
    }

    /// Where the next word stands, or where the stream ends.
    pub(super) fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    fn split(&mut self, length: usize) -> Self {
        let (before, rest) = self.tokens.split_at_checked(length).unwrap_or_default();
        let end = rest.first().map_or(self.end, |token| token.at);
        self.tokens = rest;
        Stream { tokens: before, end }
    }
}

/// All words of a style sheet.
pub(super) fn read(source: &str) -> Result<Vec<Token<'_>>, Refusal> {
    if source.len() > STYLE_BYTES_MAX {
        return Err(Refusal::new(
            0,
            format!("expected a style sheet of at most {STYLE_BYTES_MAX} bytes, got {}", source.len()),
        ));
    }
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if let Some((at, c)) = source.char_indices().find(|(_, c)| is_control(*c)) {
        return Err(Refusal::new(at, format!("the control character U+{:04X} cannot stand here", u32::from(c))));
    }
    let mut tokens = Vec::new();
    collect(&mut Parser::new(source), source, 0, &mut tokens)?;
    Ok(tokens)
}

/// Appends the words up to the end of the bracket that `input` is in.
fn collect<'s>(input: &mut Parser<'s>, source: &'s str, depth: usize, out: &mut Vec<Token<'s>>) -> Result<(), Refusal> {
    let mut apart = false;
    loop {
        let start = input.position();
        let at = start.byte_index();
        let Ok(css) = input.next_including_whitespace_and_comments().cloned() else { return Ok(()) };
        let text = input.slice_from(start);
        if let Css::Comment(_) = css {
            if text.len() < 4 || !text.ends_with("*/") {
                return Err(Refusal::new(at, "this comment is never closed").hint("close it with `*/`"));
            }
            apart = true;
            continue;
        }
        let kind = kind(css, text, at)?;
        let opens = matches!(kind, Kind::Function | Kind::Open(_));
        let position = out.len();
        out.push(Token { kind, text, at, inside: 0, apart });
        apart = false;
        if !opens {
            continue;
        }
        if depth == DEPTH_MAX {
            return Err(Refusal::new(at, format!("expected at most {DEPTH_MAX} brackets inside each other")));
        }
        let inner = input.parse_nested_block(|inner| {
            collect(inner, source, depth + 1, out).map_err(ParseError::<Refusal>::custom)?;
            Ok::<usize, ParseError<Refusal>>(inner.position().byte_index())
        });
        let end = inner.map_err(|error| match error.kind {
            ParseErrorKind::Custom(refusal) => refusal,
            ParseErrorKind::Basic(_) => Refusal::new(at, "this cannot be read as CSS"),
        })?;
        if end >= source.len() {
            return Err(Refusal::new(at, format!("`{}` is never closed", quoted(text))));
        }
        let inside = out.len() - position - 1;
        if let Some(token) = out.get_mut(position) {
            token.inside = inside;
        }
        out.push(Token {
            kind: Kind::Close,
            text: source.get(end..=end).unwrap_or_default(),
            at: end,
            inside: 0,
            apart: false,
        });
    }
}

/// What a word is, by its own look alone.
fn kind(css: Css<'_>, text: &str, at: usize) -> Result<Kind, Refusal> {
    let refuse = |sentence: String| Err(Refusal::new(at, sentence));
    let kind = match css {
        Css::QuotedString(inside) => return Ok(Kind::Text(inside.to_string())),
        Css::BadString(_) => {
            return Err(Refusal::new(at, "this text ends at the end of its line").hint("close it with another `\"`"));
        }
        Css::WhiteSpace(_) => return Ok(Kind::Space),
        Css::BadUrl(_) => return refuse("this address cannot be read".to_owned()),
        Css::Ident(_) => Kind::Ident,
        Css::Function(_) => Kind::Function,
        Css::AtKeyword(_) => Kind::At,
        Css::Hash(_) | Css::IDHash(_) => Kind::Hash,
        Css::UnquotedUrl(inside) => Kind::Url(inside.to_string()),
        Css::Number { value, .. } => Kind::Number(value),
        Css::Percentage { .. } => Kind::Percentage,
        Css::Dimension { value, ref unit, .. } => Kind::Dimension(value, unit.len()),
        Css::Colon => Kind::Colon,
        Css::Semicolon => Kind::Semicolon,
        Css::Comma => Kind::Comma,
        Css::ParenthesisBlock => Kind::Open('('),
        Css::SquareBracketBlock => Kind::Open('['),
        Css::CurlyBracketBlock => Kind::Open('{'),
        Css::Delim(sign) => Kind::Sign(sign),
        Css::CloseParenthesis | Css::CloseSquareBracket | Css::CloseCurlyBracket => {
            return refuse(format!("`{text}` closes nothing"));
        }
        // `<!--`, `-->`, `~=` and its like; comments do not come here.
        _ => return refuse(format!("`{}` has no place in the style of a program", quoted(text))),
    };
    if text.contains('\\') {
        return refuse(format!("`{}`: a `\\` can only stand in a text in quotes", quoted(text)));
    }
    if !text.is_ascii() {
        return Err(Refusal::new(at, format!("`{}`: only ASCII can stand outside of quotes", quoted(text)))
            .hint("names of fonts and other words in other scripts belong in quotes"));
    }
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<Kind> {
        read(source).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_are_told_apart() {
        assert_eq!(
            kinds(".a{b:-1.5PX 50% #fff \"\\41 \"}"),
            [
                Kind::Sign('.'),
                Kind::Ident,
                Kind::Open('{'),
                Kind::Ident,
                Kind::Colon,
                Kind::Dimension(-1.5, 2),
                Kind::Space,
                Kind::Percentage,
                Kind::Space,
                Kind::Hash,
                Kind::Space,
                Kind::Text("A".to_owned()),
                Kind::Close,
            ]
        );
        assert_eq!(
            kinds("url(a)url(\"a\")"),
            [Kind::Url("a".to_owned()), Kind::Function, Kind::Text("a".to_owned()), Kind::Close,]
        );
    }

    #[test]
    fn comments_are_no_words_but_keep_words_apart() {
        let tokens = read("a/* { */b").unwrap();
        let seen: Vec<_> = tokens.iter().map(|token| (token.text, token.apart)).collect();
        assert_eq!(seen, [("a", false), ("b", true)]);
    }

    #[test]
    fn a_stream_knows_where_brackets_end() {
        let source = "a(b(c)d);e";
        let tokens = read(source).unwrap();
        let mut stream = Stream::new(&tokens, source.len());
        let mut before = stream.until(|kind| *kind == Kind::Semicolon);
        assert_eq!(stream.at(), 8);
        let open = before.advance().unwrap();
        let mut inside = before.enter(open);
        assert!(before.advance().is_none());
        assert_eq!(before.at(), 8);
        let texts: Vec<_> = std::iter::from_fn(|| inside.advance().map(|token| token.text)).collect();
        assert_eq!(texts, ["b(", "c", ")", "d"]);
        assert_eq!(inside.at(), 7);
    }

    #[test]
    fn brackets_lie_no_deeper_than_the_limit() {
        let deep = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        assert!(read(&deep(DEPTH_MAX)).is_ok());
        for depth in [DEPTH_MAX + 1, 20_000] {
            assert!(read(&deep(depth)).is_err(), "{depth}");
            assert!(read(&"[".repeat(depth)).is_err(), "{depth}");
        }
    }
}
