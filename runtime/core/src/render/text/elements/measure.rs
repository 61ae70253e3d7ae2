//! How much room each element would like to have. Said once for each, before
//! anything is laid out: a page costs time in proportion to its size, however
//! deep rows stand in rows.

use mprun_frame::element::{Attribute, Element, Event};

use super::arrange::CELL_MIN;
use super::{FIELD_WIDTH, columns_between, face, fields, inline, surface_mark, table};
use crate::render::Words;
use crate::render::text::block::{one_line, printable, width_of};
use crate::view::node::{Node, Resolved};

/// How many cells a panel stands to the right of what it belongs to.
pub(super) const INDENT: usize = 2;

/// What the room that is wanted depends on, beside the view.
#[derive(Clone, Copy)]
pub(super) struct Measure<'w> {
    pub(super) words: &'w Words,
    /// Whether dialogs stand in the page.
    pub(super) expanded: bool,
}

/// An element and how many cells it would like to have.
pub(super) struct Measured<'n, 't> {
    pub(super) node: &'n Node<'t>,
    pub(super) wanted: usize,
    pub(super) children: Vec<Self>,
    /// What stands before it, if it is an item of a list that is a column, or of a
    /// swiper.
    pub(super) bullet: Option<String>,
}

impl<'n, 't> Measured<'n, 't> {
    pub(super) fn of(node: &'n Node<'t>, bullet: Option<String>, measure: Measure<'_>) -> Self {
        let element = node.resolved;
        let count = node.children.len();
        // These are laid out as a whole.
        let children: Vec<_> = match element.element() {
            Element::RichText => Vec::new(),
            field if field.is_field() => Vec::new(),
            _ => {
                let children = node.children.iter().enumerate();
                children.map(|(at, child)| Self::of(child, bullet_of(element, at, count), measure)).collect()
            }
        };
        let wanted = wanted(node, &children, measure);
        let (bar, bullet_width) = (bar_width(element), bullet.as_deref().map_or(0, width_of));
        let marked = match element.element() {
            Element::SwiperItem => bar + bullet_width,
            _ if bar > 0 => bar,
            _ => bullet_width,
        };
        let wanted = if wanted > 0 { wanted + marked } else { 0 };
        Self { node, wanted, children, bullet }
    }

    /// The children that take any room.
    pub(super) fn visible(&self) -> Vec<&Self> {
        self.children.iter().filter(|child| child.wanted > 0).collect()
    }

    /// Whether it is set off by an empty line in a column.
    pub(super) fn is_block(&self) -> bool {
        match self.node.resolved.element() {
            Element::Text
            | Element::Image
            | Element::Button
            | Element::Navigator
            | Element::Progress
            | Element::Icon
            | Element::RichText
            | Element::Dialog
            | Element::Disclosure => false,
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

fn bullet_of(list: Resolved<'_>, at: usize, count: usize) -> Option<String> {
    match list.element() {
        Element::List if list.word(Attribute::Layout) != "column" => None,
        Element::List if list.is(Attribute::Ordered) => Some(format!("{}. ", at + 1)),
        Element::List => Some("• ".to_owned()),
        Element::Swiper => Some(format!("{}/{count} ", at + 1)),
        _ => None,
    }
}

fn bar_width(element: Resolved<'_>) -> usize {
    surface_mark(element).map_or(0, |(bar, _)| width_of(bar))
}

fn wanted(node: &Node<'_>, children: &[Measured<'_, '_>], measure: Measure<'_>) -> usize {
    let element = node.resolved;
    let widest = children.iter().map(|child| child.wanted).max().unwrap_or_default();
    let named = |attribute| width_of(&one_line(element.get(attribute).unwrap_or_default()));
    match element.element() {
        Element::View
        | Element::ListItem
        | Element::List
        | Element::Form
        | Element::ScrollView
        | Element::Swiper
        | Element::SwiperItem => laid_out(element, children).max(gestures(element, measure.words)),
        Element::CheckboxGroup => laid_out(element, children).max(named(Attribute::Label)),
        Element::Text | Element::Heading => {
            printable(element.text()).split('\n').map(width_of).max().unwrap_or_default()
        }
        Element::Icon => width_of(&inline::icon_text(element)),
        Element::RichText => inline::wanted(node),
        Element::Image => match element.get(Attribute::Alt).unwrap_or_default() {
            "" => 0,
            alt => width_of(&one_line(alt)) + 2,
        },
        Element::Button => width_of(&one_line(face(element))) + 4,
        Element::Navigator => width_of(&one_line(face(element))) + 2,
        Element::Progress => FIELD_WIDTH,
        Element::Separator => 1,
        Element::Table => table::wanted(children).max(named(Attribute::Label)),
        Element::TableRow | Element::TableCell | Element::Tab => widest,
        Element::Dialog => {
            let sheet = if measure.expanded { INDENT + widest.max(named(Attribute::Label)) } else { 0 };
            sheet.max(named(Attribute::Trigger) + 4)
        }
        Element::Disclosure => INDENT + widest.max(named(Attribute::Label)),
        Element::Tabs => {
            let name = |tab: &Measured<'_, '_>| {
                width_of(&one_line(tab.node.resolved.get(Attribute::Label).unwrap_or_default())) + 2
            };
            let names: usize = children.iter().map(|tab| name(tab) + 1).sum();
            names.max(widest + INDENT)
        }
        _ => fields::wanted(node),
    }
}

/// What the children want in the layout of their container.
fn laid_out(element: Resolved<'_>, children: &[Measured<'_, '_>]) -> usize {
    let widest = children.iter().map(|child| child.wanted).max().unwrap_or_default();
    let visible = children.iter().filter(|child| child.wanted > 0).count();
    let gaps = visible.saturating_sub(1) * columns_between(element);
    match element.word(Attribute::Layout) {
        "row" | "wrap" => children.iter().map(|child| child.wanted).sum::<usize>() + gaps,
        "grid" => widest.max(CELL_MIN) * visible + gaps,
        _ => widest,
    }
}

/// What the buttons want that stand for pulling and scrolling.
fn gestures(element: Resolved<'_>, words: &Words) -> usize {
    [(Event::Refresh, &words.refresh), (Event::ReachBottom, &words.more)]
        .into_iter()
        .filter(|(event, _)| element.handler(*event).is_some())
        .map(|(_, word)| width_of(&one_line(word)) + 4)
        .max()
        .unwrap_or_default()
}
