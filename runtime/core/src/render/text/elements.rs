//! What each element looks like as text. It is laid out once, in the width that
//! it gets; how wide it would like to be, [`measure`] says.

use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::url::Url;

use self::measure::{Measure, Measured};
use super::block::{Block, one_line, width_of};
use super::{
    Action, Area, Control, Hidden, Line, Panels, Sheet, SpanKind, Style, Target, TextContext, TextPage, Tone, Turn,
};
use crate::view::identity::{FormId, Token};
use crate::view::node::{Node, Resolved};

mod arrange;
mod fields;
mod inline;
mod measure;
mod panels;
mod table;

/// Narrower than this, a block is not set off by a bar or bullet any more.
const MARKED_MIN: usize = 16;
/// How wide a field or progress bar likes to be.
const FIELD_WIDTH: usize = 40;

/// Lays out a page; without `panels`, with everything in it.
pub(super) fn page(page: &Node<'_>, width: usize, context: &TextContext<'_>, panels: Option<&Panels>) -> TextPage {
    let measured = Measured::of(page, None, Measure { words: context.words, expanded: panels.is_none() });
    let mut layout = Layout { context, panels, width, sheets: Vec::new(), hidden: Vec::new() };
    let block = layout.node(&measured, width, Scope::default());
    TextPage { lines: block.lines, controls: block.controls, sheets: layout.sheets, hidden: layout.hidden }
}

/// What is around an element.
#[derive(Clone, Copy, Default)]
struct Scope {
    form: Option<FormScope>,
    dialog: Option<DialogScope>,
}

/// The form around what is laid out.
#[derive(Clone, Copy)]
struct FormScope {
    id: FormId,
    submit: Option<Token>,
}

/// The dialog around what is laid out.
#[derive(Clone, Copy)]
struct DialogScope {
    close: Turn,
    /// What is sent when it is closed.
    token: Option<Token>,
}

/// What is read on a button or link.
fn face<'t>(element: Resolved<'t>) -> &'t str {
    match element.text() {
        "" => element.get(Attribute::Label).unwrap_or_default(),
        text => text,
    }
}

/// The bar that sets a plane off, with its tone.
fn surface_mark(element: Resolved<'_>) -> Option<(&'static str, Tone)> {
    if !matches!(element.element(), Element::View | Element::ListItem | Element::SwiperItem) {
        return None;
    }
    match element.word(Attribute::Surface) {
        "card" => Some(("│ ", Tone::Muted)),
        "muted" => Some(("┊ ", Tone::Muted)),
        "accent" => Some(("┃ ", Tone::Accent)),
        "notice" => Some(("┃ ", Tone::Warn)),
        _ => None,
    }
}

fn columns_between(element: Resolved<'_>) -> usize {
    match element.word(Attribute::Gap) {
        "none" => 0,
        "small" => 1,
        "large" => 3,
        _ => 2,
    }
}

/// Whether there is an empty line around blocks that stand below each other.
fn is_airy(element: Resolved<'_>) -> bool {
    let dense = matches!(element.element(), Element::CheckboxGroup | Element::TableCell);
    !dense && !matches!(element.word(Attribute::Gap), "none" | "small")
}

fn tone(word: &str) -> Tone {
    match word {
        "muted" => Tone::Muted,
        "accent" => Tone::Accent,
        "success" => Tone::Success,
        "warn" => Tone::Warn,
        _ => Tone::Normal,
    }
}

fn mark(tone: Tone) -> Style {
    Style { tone, bold: false, kind: SpanKind::Mark }
}

/// What stands out without a colour.
fn bold() -> Style {
    Style { bold: true, ..Style::default() }
}

struct Layout<'a> {
    context: &'a TextContext<'a>,
    /// What is open; none if everything is to be seen.
    panels: Option<&'a Panels>,
    /// How wide the page is.
    width: usize,
    /// Dialogs that are open so far.
    sheets: Vec<Sheet>,
    /// What is not shown so far.
    hidden: Vec<Hidden>,
}

impl Layout<'_> {
    fn node(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let node = measured.node;
        let element = node.resolved;
        match element.element() {
            Element::Form => {
                let form = FormScope { id: element.form_id(), submit: self.token(element, Event::Submit) };
                self.container(measured, width, Scope { form: Some(form), ..scope })
            }
            Element::CheckboxGroup => self.checkbox_group(measured, width, scope),
            Element::Table => table::table(self, measured, width, scope),
            Element::Dialog => panels::dialog(self, measured, width, scope),
            Element::Disclosure => panels::disclosure(self, measured, width, scope),
            Element::Tabs => panels::tabs(self, measured, width, scope),
            Element::Icon => inline::icon(element, width),
            Element::RichText => inline::rich_text(node, width),
            Element::Text => {
                let strong = element.is(Attribute::Strong) || element.word(Attribute::Size) == "large";
                let tone = tone(element.word(Attribute::Tone));
                text(element.text(), width, Style { tone, bold: strong, kind: SpanKind::Text })
            }
            Element::Heading => heading(element, width),
            Element::Image => match element.get(Attribute::Alt).unwrap_or_default() {
                "" => Block::default(),
                alt => {
                    let style = Style { tone: Tone::Muted, ..Style::default() };
                    Block::text(&format!("▣ {}", one_line(alt)), width, style)
                }
            },
            Element::Button => self.button(element, scope),
            Element::Navigator => self.navigator(element),
            Element::Progress => progress(element, width),
            Element::Separator => Block::line(Line::of("─".repeat(width), mark(Tone::Muted))),
            field if field.is_field() => fields::field(self, node, width, scope),
            _ => self.container(measured, width, scope),
        }
    }

    fn token(&self, element: Resolved<'_>, event: Event) -> Option<Token> {
        element.handler(event).map(|handler| handler.token(self.context.token_key))
    }

    fn container(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let surface = surface_mark(element).filter(|_| width >= MARKED_MIN);
        let numbered = element.element() == Element::SwiperItem;
        let bullet = measured.bullet.as_deref().filter(|_| (surface.is_none() || numbered) && width >= MARKED_MIN);
        let marks = surface.map_or(0, |(bar, _)| width_of(bar)) + bullet.map_or(0, width_of);
        let inner = width.saturating_sub(marks).max(1);
        let words = self.context.words;
        let mut block = Block::default();
        if let Some(token) = self.token(element, Event::Refresh) {
            block.below(gesture(&words.refresh, Action::Refresh { token }), 0);
        }
        let children = self.laid_out(measured, inner, scope);
        block.below(children, usize::from(is_airy(element)));
        if let Some(token) = self.token(element, Event::ReachBottom) {
            block.below(gesture(&words.more, Action::Press { token }), 0);
        }
        if block.is_empty() {
            return block;
        }
        if let Some((bar, tone)) = surface {
            block.mark(bar, bar, mark(tone));
        }
        if let Some(bullet) = bullet {
            block.mark(bullet, &" ".repeat(width_of(bullet)), mark(Tone::Muted));
        }
        self.tappable(element, &mut block);
        block
    }

    /// The children in the layout of their container.
    fn laid_out(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        match element.word(Attribute::Layout) {
            // What would be scrolled to stands on the next line.
            "row" if element.element() == Element::ScrollView => self.wrapped(measured, width, scope),
            "row" => self.row(measured, width, scope),
            "wrap" => self.wrapped(measured, width, scope),
            "grid" => self.grid(measured, width, scope),
            _ => self.column(measured, width, scope),
        }
    }

    fn checkbox_group(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let mut block = Block::text(&one_line(element.get(Attribute::Label).unwrap_or_default()), width, bold());
        if let Some(hint) = element.get(Attribute::Hint).filter(|hint| !hint.is_empty()) {
            block.below(Block::text(hint, width, Style { tone: Tone::Muted, ..Style::default() }), 0);
        }
        let boxes = self.laid_out(measured, width, scope);
        block.below(boxes, 0);
        block
    }

    /// Makes all of a block something that can be pressed.
    fn tappable(&self, element: Resolved<'_>, block: &mut Block) {
        let action = match (self.token(element, Event::Tap), element.get(Attribute::To).and_then(target)) {
            (Some(token), _) => Action::Press { token },
            (None, Some(to)) => Action::Open { to },
            (None, None) => return,
        };
        let label = one_line(element.get(Attribute::Label).unwrap_or_default());
        // In front of what is inside, as in the view.
        block.controls.insert(0, Control { action, label, area: block.area(), primary: false, closes: None });
    }

    fn button(&self, element: Resolved<'_>, scope: Scope) -> Block {
        let primary = element.word(Attribute::ButtonType) == "primary";
        let tone = match element.word(Attribute::ButtonType) {
            "primary" => Tone::Accent,
            "warn" => Tone::Warn,
            _ => Tone::Normal,
        };
        let dialog = scope.dialog.filter(|_| element.is(Attribute::Closes));
        let action = match element.word(Attribute::FormType) {
            "submit" => scope.form.and_then(|form| Some(Action::Submit { token: form.submit?, form: form.id })),
            _ => self.token(element, Event::Tap).map(|token| Action::Press { token }),
        };
        let close = dialog.map(|dialog| Action::Close { token: dialog.token });
        let action = action.or(close).filter(|_| !element.is(Attribute::Disabled));
        let face = one_line(face(element));
        if action.is_none() {
            return Block::line(Line::of(format!("( {face} )"), Style { tone: Tone::Muted, ..Style::default() }));
        }
        let style = Style { tone, bold: primary, kind: SpanKind::Control };
        let label = element.get(Attribute::Label).map_or_else(|| face.clone(), one_line);
        let mut block = control(Line::of(format!("[ {face} ]"), style), action, label, primary);
        for control in &mut block.controls {
            control.closes = dialog.map(|dialog| dialog.close);
        }
        block
    }

    fn navigator(&self, element: Resolved<'_>) -> Block {
        let to = element.get(Attribute::To).and_then(target);
        let face = one_line(face(element));
        let label = element.get(Attribute::Label).map_or_else(|| face.clone(), one_line);
        let style = Style { tone: Tone::Accent, bold: false, kind: SpanKind::Control };
        let line = Line::of(format!("{face} {}", arrow(to.as_ref())), style);
        control(line, to.map(|to| Action::Open { to }), label, false)
    }
}

fn control(line: Line, action: Option<Action>, label: String, primary: bool) -> Block {
    let mut block = Block::line(line);
    let area = block.area();
    block.controls.extend(action.map(|action| Control { action, label, area, primary, closes: None }));
    block
}

/// A button of the host's own, for what is a gesture elsewhere.
fn gesture(word: &str, action: Action) -> Block {
    let word = one_line(word);
    let style = Style { tone: Tone::Muted, bold: false, kind: SpanKind::Control };
    control(Line::of(format!("[ {word} ]"), style), Some(action), word, false)
}

fn text(text: &str, width: usize, style: Style) -> Block {
    if text.is_empty() { Block::default() } else { Block::text(text, width, style) }
}

/// What stands behind a link.
fn arrow(to: Option<&Target>) -> &'static str {
    if matches!(to, Some(Target::Web(_))) { "↗" } else { "›" }
}

fn target(to: &str) -> Option<Target> {
    match Url::parse(to).ok()? {
        Url::Page { route, query } => Some(Target::Page { route: route.to_owned(), query: query.to_owned() }),
        Url::Web(address) => Some(Target::Web(address.to_owned())),
        Url::Asset(_) => None,
    }
}

fn heading(element: Resolved<'_>, width: usize) -> Block {
    let first = element.get(Attribute::Level) == Some("1");
    let tone = if first { Tone::Accent } else { Tone::Normal };
    let mut block = text(element.text(), width, Style { tone, bold: true, kind: SpanKind::Text });
    if first && !block.is_empty() {
        let line = Line::of("═".repeat(block.width()), mark(Tone::Accent));
        block.below(Block::line(line), 0);
    }
    block
}

fn progress(element: Resolved<'_>, width: usize) -> Block {
    let percent: usize = element.get(Attribute::Percent).and_then(|number| number.parse().ok()).unwrap_or_default();
    let cells = width.min(FIELD_WIDTH).saturating_sub(6);
    let done = cells * percent / 100;
    let mut line = Line::of("█".repeat(done), mark(Tone::Accent));
    line.push("░".repeat(cells - done), mark(Tone::Muted));
    line.push(format!(" {percent} %"), Style { tone: Tone::Muted, ..Style::default() });
    Block::line(line)
}

/// Where a control stands in a block.
fn area(line: usize, column: usize, width: usize, height: usize) -> Area {
    Area { line, column, width, height }
}
