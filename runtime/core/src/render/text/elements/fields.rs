//! Fields as text: a label, the control in brackets, a hint and what is wrong.

use mprun_frame::element::{Attribute, Element};

use super::{FIELD_WIDTH, Layout, Scope, area, bold, columns_between, mark};
use crate::render::text::block::{Block, clip, flow, one_line, printable, width_of, wrap};
use crate::render::text::{Action, Control, FieldControl, Line, OptionControl, SpanKind, Style, Tone};
use crate::view::field::{Choice, Field};
use crate::view::node::Node;

const MUTED: Style = Style { tone: Tone::Muted, bold: false, kind: SpanKind::Text };

/// How many cells a field would like to have.
pub(super) fn wanted(node: &Node<'_>) -> usize {
    let label = width_of(&one_line(node.resolved.get(Attribute::Label).unwrap_or_default()));
    match node.resolved.element() {
        // The box, and the mark of what has to be filled in.
        Element::Checkbox | Element::Switch => label + 8,
        Element::RadioGroup => {
            let options = node.children.iter().map(|option| width_of(&one_line(option.resolved.text())) + 4);
            let wanted = match node.resolved.word(Attribute::Layout) {
                "column" => options.max().unwrap_or_default(),
                _ => options.map(|width| width + 2).sum(),
            };
            wanted.max(label + 2)
        }
        _ => FIELD_WIDTH.max(label + 2),
    }
}

/// Lays out a field with everything in it.
pub(super) fn field(layout: &Layout<'_>, node: &Node<'_>, width: usize, scope: Scope) -> Block {
    let (context, form) = (layout.context, scope.form);
    let field = Field::new(node.resolved, &node.children, form.map(|form| (0, form.id)), context.token_key);
    let shown = field.shown(context.overlay).to_owned();
    let error = context.overlay.errors.get(&field.key).map(|error| one_line(error));
    let mut block = Block::default();
    let mut options: Vec<OptionControl> = Vec::new();
    if !field.is_toggle() {
        let mut label = Block::text(&one_line(field.label), width, if field.disabled { MUTED } else { bold() });
        if let Some(last) = label.lines.last_mut().filter(|_| field.required) {
            last.push(" *", mark(Tone::Warn));
        }
        block.below(label, 0);
    }
    let top = block.lines.len();
    let (body, place) = match field.element {
        Element::RadioGroup => radios(node, &field, &shown, width, &mut options),
        Element::Checkbox | Element::Switch => toggle(&field, &shown, width),
        Element::Picker => picker(layout, &field, &shown, width),
        Element::Textarea => textarea(node, &field, &shown, width),
        Element::Slider => slider(&field, &shown, width),
        _ => input(node, &field, &shown, width),
    };
    block.below(body, 0);
    if field.element == Element::Picker {
        options = choices(&field);
    }
    if !field.disabled {
        for option in options.iter_mut().filter_map(|option| option.area.as_mut()) {
            option.line += top;
        }
        let place = super::Area { line: place.line + top, ..place };
        let control = FieldControl {
            key: field.key,
            element: field.element,
            input_type: field.input_type.to_owned(),
            form: form.map(|form| form.id),
            belief: field.value.clone(),
            shown,
            change: field.change,
            input: field.input,
            range: field.range,
            maxlength: field.maxlength,
            required: field.required,
            options,
            error: error.clone(),
        };
        let (action, label) = (Action::Edit(control), one_line(field.label));
        block.controls.push(Control { action, label, area: place, primary: false, closes: None });
    }
    if let Some(error) = error {
        let style = Style { tone: Tone::Warn, bold: false, kind: SpanKind::Error };
        block.below(Block::text(&format!("! {error}"), width, style), 0);
    }
    if let Some(hint) = node.resolved.get(Attribute::Hint).filter(|hint| !hint.is_empty()) {
        block.below(Block::text(hint, width, MUTED), 0);
    }
    block
}

fn inside(disabled: bool) -> Style {
    Style { tone: if disabled { Tone::Muted } else { Tone::Normal }, bold: false, kind: SpanKind::Field }
}

/// A line in brackets; `cells` wide inside.
fn boxed(text: &str, cells: usize, style: Style) -> Line {
    let mut line = Line::of("[", mark(Tone::Muted));
    let mut text = Line::of(text.to_owned(), style);
    clip(&mut text, cells);
    let blank = cells.saturating_sub(text.width);
    for span in text.spans {
        line.push(span.text, span.style);
    }
    line.push(" ".repeat(blank), Style { kind: SpanKind::Field, ..Style::default() });
    line.push("]", mark(Tone::Muted));
    line
}

fn placeholder<'t>(node: &Node<'t>, shown: &str) -> Option<&'t str> {
    node.resolved.get(Attribute::Placeholder).filter(|_| shown.is_empty())
}

fn input(node: &Node<'_>, field: &Field<'_>, shown: &str, width: usize) -> (Block, super::Area) {
    let cells = width.min(FIELD_WIDTH).saturating_sub(2).max(1);
    let text = match field.input_type {
        "password" => "•".repeat(shown.chars().count()),
        _ => one_line(shown),
    };
    let line = match placeholder(node, shown) {
        Some(placeholder) => boxed(&one_line(placeholder), cells, inside(true)),
        None => boxed(&text, cells, inside(field.disabled)),
    };
    (Block::line(line), area(0, 1, cells, 1))
}

fn textarea(node: &Node<'_>, field: &Field<'_>, shown: &str, width: usize) -> (Block, super::Area) {
    let cells = width.saturating_sub(2).max(1);
    let rows = node.resolved.get(Attribute::Rows).and_then(|rows| rows.parse().ok()).unwrap_or(3);
    let (text, style) = match placeholder(node, shown) {
        Some(placeholder) => (placeholder, inside(true)),
        None => (shown, inside(field.disabled)),
    };
    let mut lines = wrap(&printable(text), cells);
    lines.resize(lines.len().max(rows), String::new());
    let mut block = Block::default();
    for line in &lines {
        block.below(Block::line(boxed(line, cells, style)), 0);
    }
    (block, area(0, 1, cells, lines.len()))
}

fn picker(layout: &Layout<'_>, field: &Field<'_>, shown: &str, width: usize) -> (Block, super::Area) {
    let cells = width.min(FIELD_WIDTH).saturating_sub(4).max(1);
    let chosen = field.options.iter().find(|option| option.value == shown);
    let (text, disabled) = match chosen {
        Some(option) => (one_line(option.label), field.disabled),
        None => (layout.context.words.choose.to_string(), true),
    };
    let mut line = Line::of(text, inside(disabled));
    clip(&mut line, cells);
    let chosen = line.width;
    let mut framed = Line::of("‹ ", mark(Tone::Accent));
    for span in line.spans {
        framed.push(span.text, span.style);
    }
    framed.push(" ›", mark(Tone::Accent));
    (Block::line(framed), area(0, 0, chosen + 4, 1))
}

fn choices(field: &Field<'_>) -> Vec<OptionControl> {
    let choice = |option: &Choice<'_>| OptionControl {
        value: option.value.clone().into_owned(),
        label: one_line(option.label),
        disabled: option.disabled,
        area: None,
    };
    field.options.iter().map(choice).collect()
}

fn radios(
    node: &Node<'_>,
    field: &Field<'_>,
    shown: &str,
    width: usize,
    options: &mut Vec<OptionControl>,
) -> (Block, super::Area) {
    let stacked = node.resolved.word(Attribute::Layout) == "column";
    let gap = columns_between(node.resolved);
    let chosen = field.options.iter().position(|option| option.value == shown);
    *options = choices(field);
    let face = |(position, option): (usize, &OptionControl)| {
        let on = chosen == Some(position);
        let style = if field.disabled || option.disabled { inside(true) } else { inside(false) };
        let mut own = Line::of(if on { "(•)" } else { "( )" }, if on { mark(Tone::Accent) } else { mark(Tone::Muted) });
        own.push(format!(" {}", option.label), Style { bold: on, ..style });
        own
    };
    let (block, areas) = flow(options.iter().enumerate().map(face).collect(), width, gap, stacked);
    for (option, area) in options.iter_mut().zip(areas) {
        option.area = Some(area);
    }
    let place = block.area();
    (block, place)
}

/// `[====----] 4`; the bar is as long with the longest number as with any other.
fn slider(field: &Field<'_>, shown: &str, width: usize) -> (Block, super::Area) {
    let (min, max) = field.range.map_or((0, 0), |range| (range.min, range.max));
    let digits = width_of(&min.to_string()).max(width_of(&max.to_string()));
    let cells = width.min(FIELD_WIDTH).saturating_sub(digits + 3).max(1);
    let value = shown.parse::<i64>().unwrap_or(min).clamp(min, max);
    let part = |number: i64| usize::try_from(number).unwrap_or_default();
    let done = (cells * part(value - min)).checked_div(part(max - min)).unwrap_or_default();
    let mut line = Line::of("[", mark(Tone::Muted));
    line.push("=".repeat(done), mark(if field.disabled { Tone::Muted } else { Tone::Accent }));
    line.push("-".repeat(cells.saturating_sub(done)), mark(Tone::Muted));
    line.push("]", mark(Tone::Muted));
    line.push(format!(" {value}"), if field.disabled { MUTED } else { Style::default() });
    let block = Block::line(line);
    let place = block.area();
    (block, place)
}

fn toggle(field: &Field<'_>, shown: &str, width: usize) -> (Block, super::Area) {
    let on = shown == "true";
    let state = match (field.element, on) {
        (Element::Switch, true) => "[ on]",
        (Element::Switch, false) => "[off]",
        (_, true) => "[x]",
        (_, false) => "[ ]",
    };
    let style = if on && !field.disabled { mark(Tone::Accent) } else { mark(Tone::Muted) };
    let label = if field.disabled { MUTED } else { Style::default() };
    let indent = state.len() + 1;
    let mut text = Block::text(&one_line(field.label), width.saturating_sub(indent).max(1), label);
    if let Some(last) = text.lines.last_mut().filter(|_| field.required) {
        last.push(" *", mark(Tone::Warn));
    }
    let mut state = Line::of(state, style);
    state.push(" ", Style::default());
    let block = Block::beside(vec![(0, Block::line(state)), (indent, text)], |_| 0);
    let place = block.area();
    (block, place)
}
