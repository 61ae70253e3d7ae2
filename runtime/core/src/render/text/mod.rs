//! A view as text of a given width: styled lines, and where what can be used
//! stands in them. The terminal draws it and says what is in focus.
//!
//! There are two forms of it. [`layout`] is for whoever reads a page once (a test,
//! a file): it shows everything that the view contains, whatever is opened at
//! the moment, in one form that depends on the view alone. Under the button of a
//! dialog stand its title and content behind a bar, under the line of a
//! disclosure its content, of tabs each name in brackets with its content below:
//!
//! ```text
//! [ Filter ]         ▾ Allergens        [Hot]
//! │ Filter drinks      Milk.              Latte
//! │ [x] Hot only                        [Cold]
//!                                         Iced tea
//! ```
//!
//! [`layout_with`] is for a screen: it shows what is open ([`Panels`]), dialogs as
//! sheets of their own ([`Sheet`]), and offers what opens and closes
//! ([`Action::Panel`]). What it does not show is still listed
//! ([`TextPage::hidden`]): it is handed in like everything else.
//!
//! A program's text reaches the terminal only through `block::printable`, so it
//! cannot carry an escape sequence or turn the direction of a line. No line is
//! wider than was asked for.

mod block;
mod elements;
mod panels;

use mprun_frame::element::Element;
use mprun_frame::tree::Tree;

pub use self::panels::{Panel, PanelControl, PanelTab, Panels, Sheet, Turn};

use super::Words;
use crate::view::field::Range;
use crate::view::identity::{FieldKey, FormId, Token, TokenKey};
use crate::view::node::Node;
use crate::view::overlay::Overlay;

/// The narrowest page, in cells; less is treated as this.
pub const WIDTH_MIN: usize = 20;
/// The widest page, in cells; more is treated as this.
pub const WIDTH_MAX: usize = 400;
/// How much narrower than its page a dialog is: a line and a blank at each side
/// are left for a frame.
pub const SHEET_FRAME: usize = 4;

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
    /// Dialogs that are open, the one in front last.
    pub sheets: Vec<Sheet>,
    /// What could be used in parts that are not shown. It stands nowhere.
    pub hidden: Vec<Hidden>,
}

/// A control in a part of the page that is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The control; its area means nothing.
    pub control: Control,
    /// What has to be opened for it to be seen, from the outside in.
    pub within: Vec<Turn>,
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
    /// The program's text where it is emphasised.
    Emphasis,
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
    /// The dialog around it that closes when it is used.
    pub closes: Option<Turn>,
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
    /// Asks for what is new on the page.
    Refresh {
        /// What is sent.
        token: Token,
    },
    /// Shows or hides a part of the page.
    Panel(PanelControl),
    /// Does what [`Control::closes`] says, and nothing else.
    Close {
        /// What is sent, if the program wants to know.
        token: Option<Token>,
    },
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
    /// The handler that is told while the user is still at it.
    pub input: Option<Token>,
    /// What can be chosen, of a slider.
    pub range: Option<Range>,
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

/// Lays the view out with everything that is in it, whether it is open or not.
pub fn layout(tree: &Tree<'_>, context: &TextContext<'_>) -> TextPage {
    lay_out(tree, context, None)
}

/// Lays the view out as it looks to somebody who has opened these parts of it.
pub fn layout_with(tree: &Tree<'_>, context: &TextContext<'_>, panels: &Panels) -> TextPage {
    lay_out(tree, context, Some(panels))
}

fn lay_out(tree: &Tree<'_>, context: &TextContext<'_>, panels: Option<&Panels>) -> TextPage {
    let width = context.width.clamp(WIDTH_MIN, WIDTH_MAX);
    let Some(root) = Node::of(tree) else { return TextPage::default() };
    let mut page = elements::page(&root, width, context, panels);
    fit(&mut page.lines, &mut page.controls, width);
    for sheet in &mut page.sheets {
        fit(&mut sheet.lines, &mut sheet.controls, width - SHEET_FRAME);
    }
    page
}

fn fit(lines: &mut [Line], controls: &mut [Control], width: usize) {
    for line in lines {
        block::clip(line, width);
    }
    for control in controls {
        control.area.column = control.area.column.min(width - 1);
        control.area.width = control.area.width.clamp(1, width - control.area.column);
    }
}

impl TextPage {
    /// Everything that can be used or could be if it were shown.
    pub fn all_controls(&self) -> impl Iterator<Item = &Control> {
        let sheets = self.sheets.iter().flat_map(|sheet| &sheet.controls);
        self.controls.iter().chain(sheets).chain(self.hidden.iter().map(|hidden| &hidden.control))
    }

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
