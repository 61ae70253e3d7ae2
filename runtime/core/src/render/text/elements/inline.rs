//! Icons and paragraphs whose parts differ, as text: signs where one is known by
//! everybody, words where not; a paragraph is broken as one text, whatever parts
//! it has.

use std::ops::Range;

use mprun_frame::element::{Attribute, Element};

use super::{arrow, target, text, tone};
use crate::render::text::block::{Block, breaks, one_line, printable, width_of};
use crate::render::text::{Action, Area, Control, Line, SpanKind, Style, Target, Tone};
use crate::view::node::{Node, Resolved};

/// The sign of an icon, where there is one that means nothing else.
fn sign(kind: &str) -> &'static str {
    match kind {
        "success" | "check" => "✓",
        "warn" => "!",
        "error" => "✗",
        "waiting" => "…",
        "heart" => "♥",
        "star" => "★",
        "plus" => "+",
        "minus" => "−",
        "close" => "×",
        "next" => "›",
        _ => "",
    }
}

/// An icon's sign and name, as far as it has them.
pub(super) fn icon_text(element: Resolved<'_>) -> String {
    let label = one_line(element.get(Attribute::Label).unwrap_or_default());
    let sign = sign(element.word(Attribute::IconType));
    let between = if sign.is_empty() || label.is_empty() { "" } else { " " };
    format!("{sign}{between}{label}")
}

pub(super) fn icon(element: Resolved<'_>, width: usize) -> Block {
    let tone = match (element.get(Attribute::Tone), element.word(Attribute::IconType)) {
        (Some(word), _) => tone(word),
        (None, "success") => Tone::Success,
        (None, "warn" | "error") => Tone::Warn,
        (None, _) => Tone::Normal,
    };
    let style = Style { tone, bold: element.word(Attribute::Size) == "large", kind: SpanKind::Text };
    text(&icon_text(element), width, style)
}

/// A paragraph as one text, and what its parts are.
struct Paragraph {
    text: String,
    parts: Vec<Part>,
}

struct Part {
    place: Range<usize>,
    style: Style,
    /// Where it leads, and what it is called; taken when it is laid out.
    link: Option<(Target, String)>,
}

impl Paragraph {
    fn of(node: &Node<'_>) -> Self {
        let mut paragraph = Self { text: String::new(), parts: Vec::new() };
        for span in &node.children {
            if span.resolved.element() == Element::Span {
                paragraph.push(node.resolved, span.resolved);
            }
        }
        paragraph
    }

    /// Adds a part. Without colours and slanted letters, code has quotes and a
    /// link an arrow.
    fn push(&mut self, paragraph: Resolved<'_>, span: Resolved<'_>) {
        let own = printable(span.text());
        if own.is_empty() {
            return;
        }
        let to = span.get(Attribute::To).and_then(target);
        let start = self.text.len();
        let quote = if span.is(Attribute::Code) { "`" } else { "" };
        let behind = if to.is_some() { arrow(to.as_ref()) } else { "" };
        self.text.extend([quote, own.as_str(), quote, behind]);
        let kind = match &to {
            Some(_) => SpanKind::Control,
            None if span.is(Attribute::Emphasis) => SpanKind::Emphasis,
            None => SpanKind::Text,
        };
        let own_tone = span.get(Attribute::Tone).or(to.is_some().then_some("accent"));
        let style = Style {
            tone: tone(own_tone.unwrap_or(paragraph.word(Attribute::Tone))),
            bold: span.is(Attribute::Strong) || paragraph.word(Attribute::Size) == "large",
            kind,
        };
        let link = to.map(|to| (to, one_line(&own)));
        self.parts.push(Part { place: start..self.text.len(), style, link });
    }
}

/// How many cells a paragraph would like to have.
pub(super) fn wanted(node: &Node<'_>) -> usize {
    Paragraph::of(node).text.split('\n').map(width_of).max().unwrap_or_default()
}

/// Lays a paragraph out. A link over several lines is in focus where it begins.
pub(super) fn rich_text(node: &Node<'_>, width: usize) -> Block {
    let Paragraph { text, mut parts } = Paragraph::of(node);
    let mut block = Block::default();
    if text.is_empty() {
        return block;
    }
    let mut first = 0;
    for (row, place) in breaks(&text, width).into_iter().enumerate() {
        while parts.get(first).is_some_and(|part| part.place.end <= place.start) {
            first += 1;
        }
        let mut line = Line::default();
        for part in parts.iter_mut().skip(first).take_while(|part| part.place.start < place.end) {
            let (start, end) = (part.place.start.max(place.start), part.place.end.min(place.end));
            let own = text.get(start..end).unwrap_or_default();
            let area = Area { line: row, column: line.width, width: width_of(own).max(1), height: 1 };
            if let Some((to, label)) = part.link.take_if(|_| !own.is_empty()) {
                let action = Action::Open { to };
                block.controls.push(Control { action, label, area, primary: false, closes: None });
            }
            line.push(own, part.style);
        }
        block.lines.push(line);
    }
    block
}
