//! What each element looks like as text, and how much room it wants.
//!
//! Every element says once how wide it would like to be, and is laid out once in
//! the width that it gets: a page costs time in proportion to its size, however
//! deep rows stand in rows.

use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::url::Url;

use super::block::{Block, one_line, printable, width_of};
use super::{Action, Area, Control, Line, SpanKind, Style, Target, TextContext, Tone};
use crate::view::identity::{FormId, Token};
use crate::view::node::{Node, Resolved};

mod fields;

/// The narrowest cell of a grid.
const CELL_MIN: usize = 24;
/// Narrower than this, a block is not set off by a bar or bullet any more.
const MARKED_MIN: usize = 16;
/// A child of a row that wants more than this can be made narrower.
const FLEXIBLE: usize = 16;
/// How wide a field or progress bar likes to be.
const FIELD_WIDTH: usize = 40;

/// Lays out a page.
pub(super) fn page(page: &Node<'_>, width: usize, context: &TextContext<'_>) -> Block {
    let measured = Measured::of(page, None);
    Layout { context }.node(&measured, width, None)
}

/// An element and how many cells it would like to have.
struct Measured<'n, 't> {
    node: &'n Node<'t>,
    wanted: usize,
    children: Vec<Self>,
    /// What stands before it, if it is an item of a list that is a column.
    bullet: Option<String>,
}

/// The form around what is laid out.
#[derive(Clone, Copy)]
struct FormScope {
    id: FormId,
    submit: Option<Token>,
}

impl<'n, 't> Measured<'n, 't> {
    fn of(node: &'n Node<'t>, bullet: Option<String>) -> Self {
        let element = node.resolved;
        let bullets = element.element() == Element::List && element.word(Attribute::Layout) == "column";
        let ordered = element.is(Attribute::Ordered);
        let bullet_of = |position: usize| match (bullets, ordered) {
            (true, true) => Some(format!("{}. ", position + 1)),
            (true, false) => Some("• ".to_owned()),
            (false, _) => None,
        };
        let children: Vec<_> = match element.element().is_field() {
            true => Vec::new(),
            false => node.children.iter().enumerate().map(|(at, child)| Self::of(child, bullet_of(at))).collect(),
        };
        let widest = children.iter().map(|child| child.wanted).max().unwrap_or_default();
        let visible = children.iter().filter(|child| child.wanted > 0).count();
        let gaps = visible.saturating_sub(1) * columns_between(element);
        let wanted = match element.element() {
            Element::View | Element::ListItem | Element::List | Element::Form => {
                match element.word(Attribute::Layout) {
                    "row" | "wrap" => children.iter().map(|child| child.wanted).sum::<usize>() + gaps,
                    "grid" => widest.max(CELL_MIN) * visible + gaps,
                    _ => widest,
                }
            }
            Element::Text | Element::Heading => {
                printable(element.text()).split('\n').map(width_of).max().unwrap_or_default()
            }
            Element::Image => match element.get(Attribute::Alt).unwrap_or_default() {
                "" => 0,
                alt => width_of(&one_line(alt)) + 2,
            },
            Element::Button => width_of(&one_line(face(element))) + 4,
            Element::Navigator => width_of(&one_line(face(element))) + 2,
            Element::Progress => FIELD_WIDTH,
            Element::Separator => 1,
            _ => fields::wanted(node),
        };
        let marked = match &bullet {
            _ if surface_mark(element).is_some() => 2,
            Some(bullet) => width_of(bullet),
            None => 0,
        };
        let wanted = if wanted > 0 { wanted + marked } else { 0 };
        Self { node, wanted, children, bullet }
    }

    /// The children that take any room.
    fn visible(&self) -> Vec<&Self> {
        self.children.iter().filter(|child| child.wanted > 0).collect()
    }

    /// Whether it is set off by an empty line in a column.
    fn is_block(&self) -> bool {
        match self.node.resolved.element() {
            Element::Text | Element::Image | Element::Button | Element::Navigator | Element::Progress => false,
            // A row of texts and buttons reads like one line.
            Element::View | Element::ListItem => {
                surface_mark(self.node.resolved).is_some()
                    || !matches!(self.node.resolved.word(Attribute::Layout), "row" | "wrap")
                    || self.children.iter().any(Self::is_block)
            }
            Element::Heading => self.node.resolved.get(Attribute::Level).is_some_and(|level| level <= "2"),
            _ => true,
        }
    }
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
    if !matches!(element.element(), Element::View | Element::ListItem) {
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
    !matches!(element.word(Attribute::Gap), "none" | "small")
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

struct Layout<'a> {
    context: &'a TextContext<'a>,
}

impl Layout<'_> {
    fn node(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let node = measured.node;
        let element = node.resolved;
        match element.element() {
            Element::View | Element::ListItem | Element::List => self.container(measured, width, form),
            Element::Form => {
                let submit = element.handler(Event::Submit).map(|handler| handler.token(self.context.token_key));
                self.container(measured, width, Some(FormScope { id: element.form_id(), submit }))
            }
            Element::Text => {
                let strong = element.is(Attribute::Strong) || element.word(Attribute::Size) == "large";
                let tone = tone(element.word(Attribute::Tone));
                self.text(element.text(), width, Style { tone, bold: strong, kind: SpanKind::Text })
            }
            Element::Heading => heading(self, element, width),
            Element::Image => match element.get(Attribute::Alt).unwrap_or_default() {
                "" => Block::default(),
                alt => {
                    let style = Style { tone: Tone::Muted, ..Style::default() };
                    Block::text(&format!("▣ {}", one_line(alt)), width, style)
                }
            },
            Element::Button => self.button(element, form),
            Element::Navigator => self.navigator(element),
            Element::Progress => progress(element, width),
            Element::Separator => Block::line(Line::of("─".repeat(width), mark(Tone::Muted))),
            _ => fields::field(self, node, width, form),
        }
    }

    fn text(&self, text: &str, width: usize, style: Style) -> Block {
        if text.is_empty() { Block::default() } else { Block::text(text, width, style) }
    }

    fn container(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let element = measured.node.resolved;
        let surface = surface_mark(element).filter(|_| width >= MARKED_MIN);
        let bullet = measured.bullet.as_deref().filter(|_| surface.is_none() && width >= MARKED_MIN);
        let inner = width - surface.map(|(bar, _)| bar).or(bullet).map(width_of).unwrap_or_default();
        let mut block = match element.word(Attribute::Layout) {
            "row" => self.row(measured, inner, form),
            "wrap" => self.wrapped(measured, inner, form),
            "grid" => self.grid(measured, inner, form),
            _ => self.column(measured, inner, form),
        };
        if block.is_empty() {
            return block;
        }
        if let Some((bar, tone)) = surface {
            block.mark(bar, bar, mark(tone));
        } else if let Some(bullet) = bullet {
            block.mark(bullet, &" ".repeat(width_of(bullet)), mark(Tone::Muted));
        }
        self.tappable(element, &mut block);
        block
    }

    /// Makes all of a block something that can be pressed.
    fn tappable(&self, element: Resolved<'_>, block: &mut Block) {
        let press = element.handler(Event::Tap).map(|handler| handler.token(self.context.token_key));
        let action = match (press, element.get(Attribute::To).and_then(target)) {
            (Some(token), _) => Action::Press { token },
            (None, Some(to)) => Action::Open { to },
            (None, None) => return,
        };
        let label = one_line(element.get(Attribute::Label).unwrap_or_default());
        // In front of what is inside, as in the view.
        block.controls.insert(0, Control { action, label, area: block.area(), primary: false });
    }

    fn column(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let element = measured.node.resolved;
        let airy = is_airy(element);
        let mut block = Block::default();
        let mut block_before = false;
        for child in &measured.children {
            let mut part = self.node(child, width, form);
            if part.is_empty() {
                continue;
            }
            let is_block = child.is_block() && !(child.bullet.is_some() && part.lines.len() == 1);
            let gap = usize::from(airy && (is_block || block_before));
            block_before = is_block;
            // A column that does not stretch sets its children beside its edge.
            let free = width.saturating_sub(part.width());
            match element.word(Attribute::Align) {
                "center" => part = Block::beside(vec![(free / 2, part)], |_| 0),
                "end" => part = Block::beside(vec![(free, part)], |_| 0),
                _ => {}
            }
            block.below(part, gap);
        }
        block
    }

    fn row(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let element = measured.node.resolved;
        let children = measured.visible();
        match share(&children, width.saturating_sub(gaps(element, &children))) {
            Some(widths) => self.line(element, &children, &widths, width, form),
            None => self.wrapped(measured, width, form),
        }
    }

    /// Children beside each other, as wide as was decided. What they leave of the
    /// line goes where the container says.
    fn line(
        &self,
        element: Resolved<'_>,
        children: &[&Measured<'_, '_>],
        widths: &[usize],
        width: usize,
        form: Option<FormScope>,
    ) -> Block {
        let gap = columns_between(element);
        let free = width.saturating_sub(widths.iter().sum::<usize>() + gaps(element, children));
        let spaces = children.len().saturating_sub(1);
        let between = free.checked_div(spaces).unwrap_or_default();
        let (mut column, extra) = match element.word(Attribute::Justify) {
            "center" => (free / 2, 0),
            "end" => (free, 0),
            "between" => (0, between),
            _ => (0, 0),
        };
        let mut parts = Vec::with_capacity(children.len());
        for (position, (child, width)) in children.iter().zip(widths).enumerate() {
            // The last one of a spread row ends where the row ends.
            if extra > 0 && position == spaces {
                column += free - between * spaces;
            }
            parts.push((column, self.node(child, *width, form)));
            column += width + gap + extra;
        }
        self.beside(element, parts)
    }

    fn beside(&self, element: Resolved<'_>, parts: Vec<(usize, Block)>) -> Block {
        let align = element.word(Attribute::Align);
        Block::beside(parts, |free| match align {
            "center" => free / 2,
            "end" => free,
            _ => 0,
        })
    }

    /// As many beside each other as there is room for, then a new line. Each line
    /// is filled like a row.
    fn wrapped(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let element = measured.node.resolved;
        let gap = columns_between(element);
        let mut lines: Vec<Vec<&Measured<'_, '_>>> = Vec::new();
        let mut end = 0;
        for child in measured.visible() {
            let wanted = child.wanted.min(width);
            match lines.last_mut() {
                Some(line) if end + gap + wanted <= width => {
                    line.push(child);
                    end += gap + wanted;
                }
                _ => {
                    lines.push(vec![child]);
                    end = wanted;
                }
            }
        }
        let airy = is_airy(element);
        let mut block = Block::default();
        let mut block_before = false;
        for line in &lines {
            // None only of one that is alone and wants more than there is.
            let widths = share(line, width.saturating_sub(gaps(element, line)));
            let widths = widths.unwrap_or_else(|| line.iter().map(|child| child.wanted.min(width)).collect());
            let part = self.line(element, line, &widths, width, form);
            if part.is_empty() {
                continue;
            }
            let is_block = line.iter().any(|child| child.is_block());
            block.below(part, usize::from(airy && (is_block || block_before)));
            block_before = is_block;
        }
        block
    }

    fn grid(&self, measured: &Measured<'_, '_>, width: usize, form: Option<FormScope>) -> Block {
        let element = measured.node.resolved;
        let gap = columns_between(element).max(1);
        let children = measured.visible();
        let columns = ((width + gap) / (CELL_MIN + gap)).clamp(1, children.len().max(1));
        let cell = (width - gap * (columns - 1)) / columns;
        let mut block = Block::default();
        for line in children.chunks(columns) {
            let parts = line.iter().enumerate();
            let parts = parts.map(|(at, child)| (at * (cell + gap), self.node(child, cell, form))).collect();
            block.below(self.beside(element, parts), 1);
        }
        block
    }

    fn button(&self, element: Resolved<'_>, form: Option<FormScope>) -> Block {
        let primary = element.word(Attribute::ButtonType) == "primary";
        let tone = match element.word(Attribute::ButtonType) {
            "primary" => Tone::Accent,
            "warn" => Tone::Warn,
            _ => Tone::Normal,
        };
        let action = match element.word(Attribute::FormType) {
            "submit" => form.and_then(|form| Some(Action::Submit { token: form.submit?, form: form.id })),
            _ => element
                .handler(Event::Tap)
                .map(|handler| Action::Press { token: handler.token(self.context.token_key) }),
        };
        let action = action.filter(|_| !element.is(Attribute::Disabled));
        let face = one_line(face(element));
        if action.is_none() {
            return Block::line(Line::of(format!("( {face} )"), Style { tone: Tone::Muted, ..Style::default() }));
        }
        let style = Style { tone, bold: primary, kind: SpanKind::Control };
        let label = element.get(Attribute::Label).map_or_else(|| face.clone(), one_line);
        control(Line::of(format!("[ {face} ]"), style), action, label, primary)
    }

    fn navigator(&self, element: Resolved<'_>) -> Block {
        let to = element.get(Attribute::To).and_then(target);
        let arrow = if matches!(to, Some(Target::Web(_))) { "↗" } else { "›" };
        let face = one_line(face(element));
        let label = element.get(Attribute::Label).map_or_else(|| face.clone(), one_line);
        let style = Style { tone: Tone::Accent, bold: false, kind: SpanKind::Control };
        let line = Line::of(format!("{face} {arrow}"), style);
        control(line, to.map(|to| Action::Open { to }), label, false)
    }
}

fn control(line: Line, action: Option<Action>, label: String, primary: bool) -> Block {
    let mut block = Block::line(line);
    let area = block.area();
    block.controls.extend(action.map(|action| Control { action, label, area, primary }));
    block
}

fn target(to: &str) -> Option<Target> {
    match Url::parse(to).ok()? {
        Url::Page { route, query } => Some(Target::Page { route: route.to_owned(), query: query.to_owned() }),
        Url::Web(address) => Some(Target::Web(address.to_owned())),
        Url::Asset(_) => None,
    }
}

fn heading(layout: &Layout<'_>, element: Resolved<'_>, width: usize) -> Block {
    let first = element.get(Attribute::Level) == Some("1");
    let tone = if first { Tone::Accent } else { Tone::Normal };
    let mut block = layout.text(element.text(), width, Style { tone, bold: true, kind: SpanKind::Text });
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

/// How many cells stand between the children of a row.
fn gaps(row: Resolved<'_>, children: &[&Measured<'_, '_>]) -> usize {
    columns_between(row) * children.len().saturating_sub(1)
}

/// How wide the children of a row become; none if they do not fit beside each
/// other even when those that can be made narrower are.
fn share(children: &[&Measured<'_, '_>], width: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = children.iter().map(|child| child.wanted).collect();
    let wanted: usize = widths.iter().sum();
    if wanted <= width {
        let growing = children.iter().filter(|child| child.node.resolved.is(Attribute::Grow)).count();
        if let Some(each) = (width - wanted).checked_div(growing) {
            for (child, width) in children.iter().zip(&mut widths) {
                *width += if child.node.resolved.is(Attribute::Grow) { each } else { 0 };
            }
        }
        return Some(widths);
    }
    // Whoever wants less than an equal part of the rest keeps what it wants.
    let mut rest = width;
    let mut open: Vec<usize> = (0..widths.len()).collect();
    open.sort_by_key(|child| widths.get(*child).copied());
    let mut left = open.len();
    for child in open {
        let part = rest / left.max(1);
        let own = widths.get_mut(child)?;
        if *own > part {
            if part < FLEXIBLE {
                return None;
            }
            *own = part;
        }
        rest -= *own;
        left -= 1;
    }
    Some(widths)
}

/// Where a control stands in a block.
fn area(line: usize, column: usize, width: usize, height: usize) -> Area {
    Area { line, column, width, height }
}
