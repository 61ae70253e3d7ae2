//! Decides what a rule can be about: elements with a class of the program's own,
//! inside of its page. `.name` becomes `.p-name`, and each selector stands behind
//! `.mp-page `. Every part of a selector names a class, so that no rule meets what
//! the host puts around and into the program's elements. Rules inside of others are
//! unfolded here.

use mprun_frame::element::AttributeKind;

use super::{
    COMPOUNDS_MAX, PARTS_MAX, SELECTORS_MAX,
    error::Refusal,
    tokens::{Kind, Stream, Token},
};
use crate::identity::quoted;

/// What every selector stands behind.
const PAGE: &str = ".mp-page ";

/// States of an element, and places among others.
const STATES: [&str; 8] =
    ["hover", "active", "focus-visible", "disabled", "checked", "first-child", "last-child", "empty"];

/// Those that say something of an element by other selectors.
const RELATIONS: [&str; 3] = ["not", "is", "where"];

/// Boxes that an element can have more than its own.
const BOXES: [&str; 2] = ["before", "after"];

/// What a rule is about, as the page knows it.
#[derive(Debug)]
pub(super) struct Selector {
    text: String,
    size: Size,
    /// Whether it ends with one of [`BOXES`].
    is_box: bool,
}

impl Selector {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// How much work a selector is.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Elements that it describes.
    compounds: usize,
    /// Classes and states together.
    parts: usize,
}

/// Reads the selectors before a block, separated by commas. `around` are those of
/// the rule that this one stands in.
pub(super) fn selectors(mut stream: Stream<'_, '_>, around: Option<&[Selector]>) -> Result<Vec<Selector>, Refusal> {
    let begin = stream.at();
    if around.into_iter().flatten().any(|selector| selector.is_box) {
        return Err(Refusal::new(begin, "nothing can stand inside of a rule for `::before` or `::after`"));
    }
    let mut found = Vec::new();
    loop {
        let at = stream.at();
        let one = Reader::read(stream.until(|kind| *kind == Kind::Comma), around.is_some())?;
        match around {
            None => found.push(one.after(PAGE, Size::default(), at)?),
            Some(around) => {
                for parent in around {
                    found.push(one.after(&parent.text, parent.size, at)?);
                }
            }
        }
        if found.len() > SELECTORS_MAX {
            return Err(too_many(at));
        }
        if stream.advance().is_none() {
            return Ok(found);
        }
    }
}

/// What is said where rules inside of others make more selectors than there can be.
pub(super) fn too_many(at: usize) -> Refusal {
    Refusal::new(at, format!("expected at most {SELECTORS_MAX} selectors, once rules inside of others are unfolded"))
}

/// A selector that is being read.
#[derive(Debug, Default)]
struct Reader {
    /// What stands between it and the rule around it.
    joint: &'static str,
    text: String,
    size: Size,
    is_box: bool,
}

impl Reader {
    fn read(mut stream: Stream<'_, '_>, nested: bool) -> Result<Self, Refusal> {
        let mut reader = Reader::default();
        stream.skip_space();
        let mut continues = false;
        match stream.peek().map(|token| &token.kind) {
            Some(Kind::Sign('&')) if nested => {
                stream.advance();
                continues = true;
            }
            Some(Kind::Sign(sign)) if nested && combinator(*sign).is_some() => {
                reader.joint = combinator(*sign).unwrap_or_default();
                stream.advance();
                stream.skip_space();
            }
            _ if nested => reader.joint = " ",
            _ => {}
        }
        loop {
            reader.compound(&mut stream, continues)?;
            continues = false;
            let spaced = stream.skip_space();
            let Some(token) = stream.peek() else { return Ok(reader) };
            if reader.is_box {
                return Err(Refusal::new(token.at, "nothing can follow `::before` or `::after`"));
            }
            match token.kind {
                Kind::Sign(sign) if combinator(sign).is_some() => {
                    reader.text.push(sign);
                    stream.advance();
                    stream.skip_space();
                }
                _ if spaced => reader.text.push(' '),
                _ => return Err(unselectable(token)),
            }
        }
    }

    /// The description of one element. `continues` the last one of the rule around.
    fn compound(&mut self, stream: &mut Stream<'_, '_>, continues: bool) -> Result<(), Refusal> {
        let at = stream.at();
        let mut classes = 0;
        let before = self.size.parts;
        while let Some(token) = stream.peek() {
            match token.kind {
                Kind::Sign('.') if !self.is_box => {
                    stream.advance();
                    self.class(stream)?;
                    classes += 1;
                }
                Kind::Colon if !self.is_box => {
                    stream.advance();
                    self.pseudo(stream, token, true)?;
                }
                Kind::Space => break,
                Kind::Sign(sign) if combinator(sign).is_some() => break,
                _ if self.is_box => return Err(Refusal::new(token.at, "nothing can follow `::before` or `::after`")),
                _ => return Err(unselectable(token)),
            }
        }
        if classes == 0 && !continues {
            let refusal = Refusal::new(at, "expected a class: each part of a selector names one of the program's");
            return Err(refusal.hint("write `.list > .row:first-child` instead of `.list > :first-child`"));
        }
        if self.size.parts > before && !continues {
            self.size.compounds += 1;
        }
        Ok(())
    }

    /// A class, after its dot.
    fn class(&mut self, stream: &mut Stream<'_, '_>) -> Result<(), Refusal> {
        let at = stream.at();
        let Some(name) = stream.advance().filter(|token| token.kind == Kind::Ident) else {
            return Err(Refusal::new(at, "expected the name of a class after `.`"));
        };
        if AttributeKind::Classes.refuse(name.text).is_some() {
            let shown = quoted(name.text);
            let refusal = Refusal::new(name.at, format!("`.{shown}`: expected a class of the program's own"));
            return Err(refusal.hint(
                "a class is a lower-case letter, then lower-case letters, digits and `-`, at most 32 bytes; those \
                 that begin with `mp-` are the host's",
            ));
        }
        self.text.push_str(".p-");
        self.text.push_str(name.text);
        self.size.parts += 1;
        Ok(())
    }

    /// What follows a colon. Boxes are there on the outside only.
    fn pseudo(&mut self, stream: &mut Stream<'_, '_>, colon: &Token<'_>, outside: bool) -> Result<(), Refusal> {
        self.size.parts += 1;
        let Some(token) = stream.advance() else {
            return Err(Refusal::new(colon.at, "expected a name after `:`"));
        };
        let name = token.function().to_ascii_lowercase();
        match token.kind {
            Kind::Colon if outside => {
                let after = stream.advance().filter(|after| after.kind == Kind::Ident);
                let name =
                    after.and_then(|after| BOXES.into_iter().find(|known| after.text.eq_ignore_ascii_case(known)));
                let Some(name) = name else {
                    return Err(Refusal::new(colon.at, "after `::` only `before` and `after` are available"));
                };
                self.text.push_str("::");
                self.text.push_str(name);
                self.is_box = true;
                Ok(())
            }
            Kind::Ident if STATES.contains(&name.as_str()) => {
                self.text.push(':');
                self.text.push_str(&name);
                Ok(())
            }
            Kind::Function if name == "nth-child" => {
                let inside = stream.enter(token);
                let which = nth(inside).ok_or_else(|| {
                    Refusal::new(token.at, "expected `odd`, `even`, a number or one such as `2n + 1` in `:nth-child()`")
                })?;
                self.text.push_str(&format!(":nth-child({which})"));
                Ok(())
            }
            Kind::Function if RELATIONS.contains(&name.as_str()) => {
                let inside = stream.enter(token);
                self.text.push_str(&format!(":{name}("));
                self.list(inside)?;
                self.text.push(')');
                Ok(())
            }
            _ => Err(Refusal::new(colon.at, format!("`:{}` is not available", quoted(token.text)))
                .hint(format!("there are :{}, :nth-child(), :not(), :is() and :where()", STATES.join(", :")))),
        }
    }

    /// What stands in the brackets of one of [`RELATIONS`]: descriptions of the same
    /// element, separated by commas.
    fn list(&mut self, mut stream: Stream<'_, '_>) -> Result<(), Refusal> {
        loop {
            stream.skip_space();
            let begin = self.size.parts;
            while let Some(token) = stream.peek() {
                match token.kind {
                    Kind::Sign('.') => {
                        stream.advance();
                        self.class(&mut stream)?;
                    }
                    Kind::Colon => {
                        stream.advance();
                        self.pseudo(&mut stream, token, false)?;
                    }
                    _ => break,
                }
            }
            if self.size.parts == begin {
                return Err(stream
                    .peek()
                    .map_or_else(|| Refusal::new(stream.at(), "expected a class here"), unselectable));
            }
            self.size.compounds += 1;
            stream.skip_space();
            match stream.advance() {
                None => return Ok(()),
                Some(token) if token.kind == Kind::Comma => self.text.push(','),
                Some(token) => {
                    return Err(Refusal::new(
                        token.at,
                        "expected `,` or `)`: in these brackets one element is described",
                    ));
                }
            }
        }
    }

    /// The same behind what stands before it.
    fn after(&self, before: &str, size: Size, at: usize) -> Result<Selector, Refusal> {
        let size = Size { compounds: size.compounds + self.size.compounds, parts: size.parts + self.size.parts };
        if size.compounds > COMPOUNDS_MAX || size.parts > PARTS_MAX {
            return Err(Refusal::new(
                at,
                format!(
                    "expected a selector of at most {COMPOUNDS_MAX} elements with {PARTS_MAX} classes and states \
                     together, got {} with {}",
                    size.compounds, size.parts
                ),
            ));
        }
        let text = [before, self.joint, &self.text].concat();
        Ok(Selector { text, size, is_box: self.is_box })
    }
}

/// `>`, `+` and `~`; white space is the fourth.
fn combinator(sign: char) -> Option<&'static str> {
    match sign {
        '>' => Some(">"),
        '+' => Some("+"),
        '~' => Some("~"),
        _ => None,
    }
}

/// What `:nth-child()` counts, without blanks.
fn nth(mut stream: Stream<'_, '_>) -> Option<String> {
    let mut text = String::new();
    while let Some(token) = stream.advance() {
        match token.kind {
            Kind::Space => {}
            Kind::Ident | Kind::Number(_) | Kind::Dimension(..) | Kind::Sign('+' | '-') => {
                text.push_str(&token.text.to_ascii_lowercase());
            }
            _ => return None,
        }
    }
    let is_number = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
    let is_known = match text.split_once('n') {
        _ if matches!(text.as_str(), "odd" | "even") => true,
        None => is_number(&unsigned(&text)),
        Some((step, first)) => {
            let step = unsigned(step);
            (step.is_empty() || is_number(&step))
                && (first.is_empty() || first.starts_with(['+', '-']) && is_number(&unsigned(first)))
        }
    };
    is_known.then_some(text)
}

/// Why something in a selector is none.
fn unselectable(token: &Token<'_>) -> Refusal {
    let shown = quoted(token.text);
    let sentence = match token.kind {
        Kind::Ident | Kind::Function => format!("`{shown}`: elements are not selected by their kind"),
        Kind::Hash => format!("`{shown}`: elements are not selected by an id"),
        Kind::Open('[') => "elements are not selected by their attributes".to_owned(),
        Kind::Sign('*') => "`*`: not all elements can be selected".to_owned(),
        Kind::Sign('&') => "`&` stands at the beginning of a rule inside of another, nowhere else".to_owned(),
        Kind::Percentage => format!("`{shown}` stands in `@keyframes` only"),
        _ => format!("`{shown}` cannot stand in a selector"),
    };
    let hint = "give the element a class in the view, and write `.name` here";
    Refusal::new(token.at, sentence).hint(hint)
}
