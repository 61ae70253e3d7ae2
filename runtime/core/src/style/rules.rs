//! Reads a style sheet rule by rule: which rules there can be (style rules, `@media`
//! and `@keyframes`), how they lie inside of each other, and how many there are. A
//! rule inside of another is unfolded where it stands, so that later rules win as
//! the author sees them.

use std::collections::BTreeSet;

use super::{
    RULES_MAX, SELECTORS_MAX, check,
    check::Declaration,
    error::Refusal,
    known, media, scope,
    scope::Selector,
    tokens,
    tokens::{Kind, Stream, Token},
    write::Writer,
};
use crate::identity::quoted;

/// Bytes of the name of an animation.
const ANIMATION_BYTES_MAX: usize = 64;

/// What is done with each declaration.
pub(super) type Listen<'l> = &'l mut dyn FnMut(&Declaration);

/// Reads a sheet and writes it for the page.
pub(super) fn read(source: &str, listen: Listen<'_>) -> Result<Writer, Refusal> {
    let tokens = tokens::read(source)?;
    let (animations, out) = (animations(&tokens), Writer::default());
    let mut reader = Reader { animations, out, rules: 0, selectors: 0, listen };
    reader.rules(Stream::new(&tokens, source.len()))?;
    Ok(reader.out)
}

/// The names of all `@keyframes`: they may stand after what uses them.
fn animations<'s>(tokens: &[Token<'s>]) -> BTreeSet<&'s str> {
    let heads = (0..).zip(tokens).filter(|(_, token)| is_keyframes(token));
    let names = heads.filter_map(|(position, _): (usize, _)| {
        let mut rest = tokens.get(position + 1..)?.iter().filter(|token| token.kind != Kind::Space);
        rest.next().filter(|token| token.kind == Kind::Ident)
    });
    names.map(|token| token.text).collect()
}

fn is_keyframes(token: &Token<'_>) -> bool {
    token.kind == Kind::At && token.text.eq_ignore_ascii_case("@keyframes")
}

struct Reader<'s, 'l> {
    animations: BTreeSet<&'s str>,
    out: Writer,
    rules: usize,
    selectors: usize,
    listen: Listen<'l>,
}

impl Reader<'_, '_> {
    /// Rules up to the end.
    fn rules(&mut self, mut stream: Stream<'_, '_>) -> Result<(), Refusal> {
        loop {
            stream.skip_space();
            let Some(token) = stream.peek() else { return Ok(()) };
            match token.kind {
                Kind::At => self.at_rule(&mut stream, None)?,
                // A browser would take it for the beginning of the next selector.
                Kind::Semicolon => return Err(Refusal::new(token.at, "expected a rule, got `;`")),
                _ => self.style_rule(&mut stream, None)?,
            }
        }
    }

    fn style_rule(&mut self, stream: &mut Stream<'_, '_>, around: Option<&[Selector]>) -> Result<(), Refusal> {
        self.count(stream.at())?;
        let head = stream.until(|kind| matches!(kind, Kind::Open('{') | Kind::Semicolon));
        let at = head.at();
        let selectors = scope::selectors(head, around)?;
        // Also those of rules that nothing is written of: each was made.
        self.selectors += selectors.len();
        if self.selectors > SELECTORS_MAX {
            return Err(scope::too_many(at));
        }
        let body = enter_block(stream, "expected `{` after the selector")?;
        self.body(body, &selectors)
    }

    /// Declarations and rules, up to the end.
    fn body(&mut self, mut stream: Stream<'_, '_>, selectors: &[Selector]) -> Result<(), Refusal> {
        let mut declarations = Vec::new();
        loop {
            stream.skip_space();
            let Some(token) = stream.peek() else { break };
            match token.kind {
                Kind::Semicolon => {
                    stream.advance();
                }
                Kind::Ident => declarations.push(self.declaration(&mut stream, token)?),
                _ => {
                    self.out.rule(selectors, &std::mem::take(&mut declarations))?;
                    if token.kind == Kind::At {
                        self.at_rule(&mut stream, Some(selectors))?;
                    } else {
                        self.style_rule(&mut stream, Some(selectors))?;
                    }
                }
            }
        }
        self.out.rule(selectors, &declarations)
    }

    /// A declaration, up to its semicolon or the end of the block.
    fn declaration(&mut self, stream: &mut Stream<'_, '_>, name: &Token<'_>) -> Result<Declaration, Refusal> {
        stream.advance();
        stream.skip_space();
        let colon_at = stream.at();
        if stream.advance().is_none_or(|token| token.kind != Kind::Colon) {
            let sentence = format!("expected `:` after `{}`", quoted(name.text));
            return Err(Refusal::new(colon_at, sentence)
                .hint("a rule inside of another begins with `&` or `.`; a declaration is `color: red;`"));
        }
        let declaration = check::declaration(name, stream.until(|kind| *kind == Kind::Semicolon), &self.animations)?;
        (self.listen)(&declaration);
        Ok(declaration)
    }

    fn at_rule(&mut self, stream: &mut Stream<'_, '_>, around: Option<&[Selector]>) -> Result<(), Refusal> {
        let Some(token) = stream.advance() else { return Ok(()) };
        self.count(token.at)?;
        let head = stream.until(|kind| matches!(kind, Kind::Open('{') | Kind::Semicolon));
        match (token.text.to_ascii_lowercase().as_str(), around) {
            ("@media", around) => {
                let condition = media::condition(head)?;
                let body = enter_block(stream, "expected `{` after the condition")?;
                self.out.open("@media ", condition);
                match around {
                    None => self.rules(body)?,
                    Some(selectors) => self.body(body, selectors)?,
                }
                self.out.close();
                Ok(())
            }
            ("@keyframes", None) => {
                let name = animation_name(head)?;
                let body = enter_block(stream, "expected `{` after the name")?;
                self.out.open(&format!("@keyframes p-{name}"), Vec::new());
                self.frames(body)?;
                self.out.close();
                Ok(())
            }
            ("@keyframes", Some(_)) => {
                Err(Refusal::new(token.at, "`@keyframes` stands outside of other rules").hint("move it to the end"))
            }
            (name, _) => Err(unavailable(token, name)),
        }
    }

    /// The moments of an animation.
    fn frames(&mut self, mut stream: Stream<'_, '_>) -> Result<(), Refusal> {
        loop {
            stream.skip_space();
            if stream.peek().is_none() {
                return Ok(());
            }
            self.count(stream.at())?;
            let moments = moments(stream.until(|kind| matches!(kind, Kind::Open('{') | Kind::Semicolon)))?;
            let mut body = enter_block(&mut stream, "expected `{` after the moment")?;
            let mut declarations = Vec::new();
            loop {
                body.skip_space();
                match body.peek() {
                    None => break,
                    Some(token) if token.kind == Kind::Semicolon => {
                        body.advance();
                    }
                    Some(token) if token.kind == Kind::Ident => {
                        declarations.push(self.declaration(&mut body, token)?);
                    }
                    Some(token) => return Err(Refusal::new(token.at, "expected a declaration such as `opacity: 0`")),
                }
            }
            self.out.frame(&moments, &declarations);
        }
    }

    fn count(&mut self, at: usize) -> Result<(), Refusal> {
        self.rules += 1;
        if self.rules > RULES_MAX {
            return Err(Refusal::new(at, format!("expected at most {RULES_MAX} rules")));
        }
        Ok(())
    }
}

/// What is in the block that stands next.
fn enter_block<'t, 's>(stream: &mut Stream<'t, 's>, expected: &str) -> Result<Stream<'t, 's>, Refusal> {
    let at = stream.at();
    match stream.advance().filter(|token| token.kind == Kind::Open('{')) {
        Some(open) => Ok(stream.enter(open)),
        None => Err(Refusal::new(at, expected)),
    }
}

fn animation_name<'s>(mut head: Stream<'_, 's>) -> Result<&'s str, Refusal> {
    head.skip_space();
    let at = head.at();
    let name = head.advance().filter(|token| token.kind == Kind::Ident).map(|token| token.text);
    head.skip_space();
    let is_known = |name: &str| known::is_animation_word(&name.to_ascii_lowercase());
    let fits = |name: &&str| name.len() <= ANIMATION_BYTES_MAX && !name.starts_with("--") && !is_known(name);
    name.filter(fits).filter(|_| head.peek().is_none()).ok_or_else(|| {
        Refusal::new(
            at,
            "expected a name such as `fade-in` after `@keyframes`, none that `animation` has a meaning for",
        )
    })
}

/// `from`, `to` and percentages, separated by commas.
fn moments(mut head: Stream<'_, '_>) -> Result<String, Refusal> {
    let mut moments = Vec::new();
    loop {
        head.skip_space();
        let at = head.at();
        let moment = head.advance().map(|token| token.text.to_ascii_lowercase()).filter(|text| is_moment(text));
        moments.push(moment.ok_or_else(|| Refusal::new(at, "expected `from`, `to` or a percentage from 0% to 100%"))?);
        head.skip_space();
        match head.advance() {
            None => return Ok(moments.join(",")),
            Some(token) if token.kind == Kind::Comma => {}
            Some(token) => return Err(Refusal::new(token.at, "expected `,` or `{`")),
        }
    }
}

fn is_moment(text: &str) -> bool {
    let is_percentage = |number: &str| {
        number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && number.len() <= 8
            && number.parse::<f32>().is_ok_and(|value| (0.0..=100.0).contains(&value))
    };
    matches!(text, "from" | "to") || text.strip_suffix('%').is_some_and(is_percentage)
}

fn unavailable(token: &Token<'_>, name: &str) -> Refusal {
    let sentence = format!("`{}` is not available: there are `@media` and `@keyframes`", quoted(token.text));
    let refusal = Refusal::new(token.at, sentence);
    match name {
        "@import" => refusal.hint("put everything into app.css"),
        "@font-face" => refusal.hint("use the fonts of the user's device: `font-family: serif`"),
        "@charset" => refusal.hint("a style sheet is UTF-8: leave it out"),
        "@supports" | "@container" | "@layer" | "@scope" => refusal.hint("write the rules without it"),
        _ => refusal,
    }
}
