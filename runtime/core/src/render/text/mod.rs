//! A view as text of a given width: styled lines, and where what can be used
//! stands in them. The terminal draws it and says what is in focus.
//!
//! A program's text reaches the terminal only through `block::printable`, so it
//! cannot carry an escape sequence or turn the direction of a line. No line is
//! wider than was asked for.

mod block;
mod elements;

use mprun_frame::element::Element;
use mprun_frame::tree::Tree;

use super::Words;
use crate::view::identity::{FieldKey, FormId, Token, TokenKey};
use crate::view::node::Node;
use crate::view::overlay::Overlay;

/// The narrowest page, in cells; less is treated as this.
pub const WIDTH_MIN: usize = 20;
/// The widest page, in cells; more is treated as this.
pub const WIDTH_MAX: usize = 400;

/// What a rendering needs beside the view.
#[derive(Debug, Clone, Copy)]
pub struct TextContext<'a> {
    /// How wide the page may be, in cells; see [`WIDTH_MIN`] and [`WIDTH_MAX`].
    pub width: usize,
    /// The page's key.
    pub token_key: &'a TokenKey,
    /// Drafts and errors of the fields.
    pub overlay: &'a Overlay,
    /// The host's own words.
    pub words: &'a Words,
}

/// A view as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextPage {
    /// The lines, from the top.
    pub lines: Vec<Line>,
    /// What can be used, in the order of the view.
    pub controls: Vec<Control>,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Its parts, from the left.
    pub spans: Vec<Span>,
    /// How wide it is, in cells.
    pub width: usize,
}

/// A part of a line in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text, free of control characters.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// What it means.
    pub tone: Tone,
    /// It stands out.
    pub bold: bool,
    /// What it belongs to.
    pub kind: SpanKind,
}

/// What a text's colour says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    #[default]
    Normal,
    /// Less important.
    Muted,
    /// The program's colour.
    Accent,
    /// Something went well.
    Success,
    /// Something is wrong.
    Warn,
}

/// What a span belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SpanKind {
    /// The program's text.
    #[default]
    Text,
    /// A button or link.
    Control,
    /// The inside of a field.
    Field,
    /// Bars, bullets, brackets: the renderer's own.
    Mark,
    /// What is wrong with a field.
    Error,
}

/// A rectangle of the page, in cells from its upper left corner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Area {
    /// The first line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// How wide.
    pub width: usize,
    /// How many lines.
    pub height: usize,
}

/// Something that can be used. What is disabled is drawn, and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// What using it does.
    pub action: Action,
    /// What it is called.
    pub label: String,
    /// Where it stands; of a field that is written in, where the text stands.
    pub area: Area,
    /// It is what most people want here.
    pub primary: bool,
}

/// What using a control does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends a tap: a button, or a view or list item that can be pressed.
    Press {
        /// What is sent.
        token: Token,
    },
    /// Hands in a form.
    Submit {
        /// What is sent.
        token: Token,
        /// The form.
        form: FormId,
    },
    /// Leads somewhere.
    Open {
        /// Where.
        to: Target,
    },
    /// Takes what the user types or chooses.
    Edit(FieldControl),
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A page of the program.
    Page {
        /// Its route.
        route: String,
        /// Percent-encoded pairs; may be empty.
        query: String,
    },
    /// An `https` address outside of the program.
    Web(String),
}

/// A field that is not disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldControl {
    /// Its name for the host.
    pub key: FieldKey,
    /// Which kind of field.
    pub element: Element,
    /// What kind of text an `input` takes; empty for other elements.
    pub input_type: String,
    /// The form that it belongs to.
    pub form: Option<FormId>,
    /// The program's value, what a draft has to name as its belief.
    pub belief: String,
    /// What it shows: a draft, or the program's value.
    pub shown: String,
    /// The handler of its changes.
    pub change: Option<Token>,
    /// Most characters that it takes.
    pub maxlength: Option<u32>,
    /// Has to be filled in.
    pub required: bool,
    /// What can be chosen.
    pub options: Vec<OptionControl>,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// An option of a picker or radio group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionControl {
    /// What the program is told.
    pub value: String,
    /// What the user reads.
    pub label: String,
    /// Cannot be chosen now.
    pub disabled: bool,
    /// Where it stands, if it is drawn: of a radio group.
    pub area: Option<Area>,
}

/// Lays the view out.
pub fn layout(tree: &Tree<'_>, context: &TextContext<'_>) -> TextPage {
    let width = context.width.clamp(WIDTH_MIN, WIDTH_MAX);
    let block = match Node::of(tree) {
        Some(page) => elements::page(&page, width, context),
        None => block::Block::default(),
    };
    let mut page = TextPage { lines: block.lines, controls: block.controls };
    for line in &mut page.lines {
        block::clip(line, width);
    }
    for control in &mut page.controls {
        control.area.column = control.area.column.min(width - 1);
        control.area.width = control.area.width.clamp(1, width - control.area.column);
    }
    page
}

impl TextPage {
    /// The text alone, one line break after each line, no blanks at their ends.
    pub fn to_plain(&self) -> String {
        let mut plain = String::new();
        for line in &self.lines {
            let start = plain.len();
            for span in &line.spans {
                plain.push_str(&span.text);
            }
            plain.truncate(start + plain.get(start..).unwrap_or_default().trim_end().len());
            plain.push('\n');
        }
        plain
    }
}

#[cfg(test)]
mod tests;
