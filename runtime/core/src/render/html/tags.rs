//! Which HTML stands for which element, other than fields: the one table.

use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::url::Url;

use super::scope::Live;
use super::{icon, structure};
use crate::render::escape;
use crate::view::identity::Token;
use crate::view::node::Resolved;

/// Writes the start of an element, up to where its text or children begin.
/// `live` is none where a template is compiled and the start is the same in
/// every rendering.
pub(crate) fn open(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    match element.element() {
        Element::View => container(out, "div", "mp-view", "group", element, live),
        Element::ListItem => container(out, "li", "mp-item", "", element, live),
        Element::List if element.is(Attribute::Ordered) => container(out, "ol", "mp-list", "list", element, live),
        Element::List => container(out, "ul", "mp-list", "list", element, live),
        Element::Form => container(out, "div", "mp-form", "form", element, live),
        Element::Text => paragraph(out, "mp-text", element, live),
        Element::RichText => paragraph(out, "mp-text mp-rich", element, live),
        Element::Span => match element.get(Attribute::To) {
            Some(to) => {
                start(out, "a", "mp-link mp-span", element, live);
                link(out, to, live);
                out.push('>');
            }
            None => {
                start(out, "span", "mp-span", element, live);
                out.push('>');
            }
        },
        Element::Heading => {
            start(out, heading(element), "mp-heading", element, live);
            out.push('>');
        }
        Element::Image => image(out, element, live),
        Element::Button => button(out, element, live),
        Element::Navigator => {
            start(out, "a", "mp-link", element, live);
            if let Some(to) = element.get(Attribute::To) {
                link(out, to, live);
            }
            labelled(out, element);
            out.push('>');
        }
        Element::Progress => {
            let percent = element.get(Attribute::Percent).unwrap_or("0");
            start(out, "progress", "mp-progress", element, live);
            attribute(out, " max=\"", "100");
            attribute(out, " value=\"", percent);
            labelled(out, element);
            out.push('>');
            escape::push(out, percent);
            out.push_str(" %");
        }
        Element::Separator => {
            start(out, "hr", "mp-separator", element, live);
            out.push('>');
        }
        Element::Icon => icon::write(out, element, live),
        Element::ScrollView
        | Element::Swiper
        | Element::SwiperItem
        | Element::CheckboxGroup
        | Element::Table
        | Element::TableRow
        | Element::TableCell
        | Element::Dialog
        | Element::Disclosure
        | Element::Tabs
        | Element::Tab => structure::open(out, element, live),
        // Fields are written whole, by `fields`.
        Element::Input
        | Element::Textarea
        | Element::Picker
        | Element::Option
        | Element::RadioGroup
        | Element::Radio
        | Element::Checkbox
        | Element::Switch
        | Element::Slider => {}
    }
}

/// Writes the end of an element. `live` is as it was for its start.
pub(crate) fn close(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    let tag = match element.element() {
        Element::View | Element::Form => "div",
        Element::ListItem => "li",
        Element::List if element.is(Attribute::Ordered) => "ol",
        Element::List => "ul",
        Element::Text | Element::RichText => "p",
        Element::Span if element.get(Attribute::To).is_some() => "a",
        Element::Span => "span",
        Element::Heading => heading(element),
        Element::Button => "button",
        Element::Navigator => "a",
        Element::Progress => "progress",
        Element::ScrollView
        | Element::Swiper
        | Element::SwiperItem
        | Element::CheckboxGroup
        | Element::Table
        | Element::TableRow
        | Element::TableCell
        | Element::Dialog
        | Element::Disclosure
        | Element::Tabs
        | Element::Tab => return structure::close(out, element),
        Element::Image
        | Element::Separator
        | Element::Icon
        | Element::Input
        | Element::Textarea
        | Element::Picker
        | Element::Option
        | Element::RadioGroup
        | Element::Radio
        | Element::Checkbox
        | Element::Switch
        | Element::Slider => return,
    };
    more(out, element, live);
    out.push_str("</");
    out.push_str(tag);
    out.push('>');
}

/// The button at the end of what has more than it shows.
fn more(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    let (Some(handler), Some(live)) = (element.handler(Event::ReachBottom), live) else { return };
    let in_list = element.element() == Element::List;
    if in_list {
        out.push_str("<li class=\"mp-item mp-more-item\">");
    }
    out.push_str("<button class=\"mp-button mp-more\"");
    press(out, handler.token(live.context.token_key));
    out.push_str(" data-more>");
    escape::push(out, &live.context.words.more);
    out.push_str("</button>");
    if in_list {
        out.push_str("</li>");
    }
}

fn heading(element: Resolved<'_>) -> &'static str {
    match element.get(Attribute::Level) {
        Some("1") => "h1",
        Some("2") => "h2",
        Some("3") => "h3",
        Some("4") => "h4",
        Some("5") => "h5",
        _ => "h6",
    }
}

fn paragraph(out: &mut String, class: &str, element: Resolved<'_>, live: Option<Live<'_>>) {
    start(out, "p", class, element, live);
    if element.is(Attribute::Live) {
        out.push_str(" aria-live=\"polite\"");
    }
    out.push('>');
}

/// `<tag class="…"`, with the classes that the element's attributes stand for.
pub(super) fn start(out: &mut String, tag: &str, class: &str, element: Resolved<'_>, live: Option<Live<'_>>) {
    out.push('<');
    out.push_str(tag);
    out.push_str(" class=\"");
    out.push_str(class);
    match live.and_then(|live| live.words) {
        Some(known) => out.push_str(known),
        None => words(out, element),
    }
    if is_pressed(element) {
        out.push_str(" mp-tap");
    }
    out.push('"');
}

/// Whether all of an element with children can be pressed.
fn is_pressed(element: Resolved<'_>) -> bool {
    matches!(element.element(), Element::View | Element::ListItem)
        && (element.handler(Event::Tap).is_some() || element.get(Attribute::To).is_some())
}

/// What the classes of an attribute begin with, if it has any.
pub(super) fn class_of(attribute: Attribute) -> Option<&'static str> {
    Some(match attribute {
        Attribute::Layout => " mp-layout-",
        Attribute::Gap => " mp-gap-",
        Attribute::Align => " mp-align-",
        Attribute::Justify => " mp-justify-",
        Attribute::Surface => " mp-surface-",
        Attribute::Tone => " mp-tone-",
        Attribute::Size => " mp-size-",
        Attribute::Mode => " mp-mode-",
        Attribute::ButtonType => " mp-type-",
        Attribute::Grow => " mp-grow",
        Attribute::Strong => " mp-strong",
        Attribute::Emphasis => " mp-emphasis",
        Attribute::Code => " mp-code",
        Attribute::IconType => " mp-icon-",
        // The program's own, which no class of the host's begins like.
        Attribute::Class => " p-",
        _ => return None,
    })
}

/// The classes of an element: those of its words and flags (`mp-gap-small`), and
/// its own (`p-price`).
pub(super) fn words(out: &mut String, element: Resolved<'_>) {
    words_of(out, element, |_| true);
}

/// The classes of those attributes that are `wanted`.
pub(super) fn words_of(out: &mut String, element: Resolved<'_>, wanted: impl Fn(Attribute) -> bool) {
    for (attribute, value) in element.attributes().filter(|(attribute, _)| wanted(*attribute)) {
        if let Some(prefix) = class_of(attribute) {
            // Words are of closed sets, and classes have a grammar of their own:
            // both were checked with the frame.
            for word in value.split(' ') {
                out.push_str(prefix);
                out.push_str(word);
            }
        }
    }
}

/// An attribute; `start` is everything up to its value: ` alt="`.
pub(super) fn attribute(out: &mut String, start: &str, value: &str) {
    out.push_str(start);
    escape::push(out, value);
    out.push('"');
}

pub(super) fn labelled(out: &mut String, element: Resolved<'_>) {
    if let Some(label) = element.get(Attribute::Label) {
        attribute(out, " aria-label=\"", label);
    }
}

/// An element with children. Where all of it can be pressed, a button or link
/// without text is laid over it: HTML allows no button inside of a button, and
/// the buttons inside are to stay usable.
fn container(out: &mut String, tag: &str, class: &str, role: &str, element: Resolved<'_>, live: Option<Live<'_>>) {
    start(out, tag, class, element, live);
    let tap = element.handler(Event::Tap);
    let to = element.get(Attribute::To);
    let pressed = tap.is_some() || to.is_some();
    let named = element.get(Attribute::Label).is_some() && !pressed;
    // A list loses its meaning with its bullets in some browsers, hence the role.
    if !role.is_empty() && (named || role == "list") {
        attribute(out, " role=\"", role);
    }
    if named {
        labelled(out, element);
    }
    out.push('>');
    if let (Some(handler), Some(live)) = (element.handler(Event::Refresh), live) {
        out.push_str("<button class=\"mp-refresh\"");
        press(out, handler.token(live.context.token_key));
        out.push_str(" data-refresh>");
        escape::push(out, &live.context.words.refresh);
        out.push_str("</button>");
    }
    if let Some(to) = to {
        out.push_str("<a class=\"mp-over\"");
        link(out, to, live);
        labelled(out, element);
        out.push_str("></a>");
    } else if let (Some(tap), Some(live)) = (tap, live) {
        out.push_str("<button class=\"mp-over\"");
        press(out, tap.token(live.context.token_key));
        labelled(out, element);
        out.push_str("></button>");
    }
}

/// What makes a button send a handler's token, without the browser's own checks.
pub(super) fn press(out: &mut String, token: Token) {
    // The name is `HANDLER_NAME`; base64url needs no escaping.
    out.push_str(" name=\"_h\" value=\"");
    out.push_str(token.as_str());
    out.push_str("\" formnovalidate");
}

fn button(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    start(out, "button", "mp-button", element, live);
    let usable = live.filter(|_| !element.is(Attribute::Disabled));
    let submits = element.word(Attribute::FormType) == "submit";
    let token = usable.and_then(|live| match submits {
        true => live.scope.form.and_then(|form| form.submit),
        false => element.handler(Event::Tap).map(|handler| handler.token(live.context.token_key)),
    });
    let closes = element.is(Attribute::Closes);
    let dialog = usable.filter(|_| closes).and_then(|live| live.scope.dialog);
    // A button either sends something or commands a popover (HTML knows no button
    // that does both). What it sends comes first: where nobody listens, the page
    // that comes back has the dialog closed.
    match (token.or(dialog.and_then(|dialog| dialog.close)), dialog) {
        (Some(token), _) => press(out, token),
        // The browser closes it, with script or without.
        (None, Some(dialog)) => {
            out.push_str(" type=\"button\"");
            structure::commands(out, &dialog.key);
            out.push_str(" popovertargetaction=\"hide\"");
        }
        // What leads nowhere cannot be pressed, and says so.
        (None, None) => out.push_str(" type=\"button\" disabled"),
    }
    if submits && token.is_some() {
        out.push_str(" data-submit");
    }
    if closes {
        out.push_str(" data-closes");
    }
    labelled(out, element);
    out.push('>');
}

fn image(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    let alt = element.get(Attribute::Alt).unwrap_or_default();
    let source = element.get(Attribute::Src).and_then(Url::known);
    if let (Some(source), Some(Live { context, scratch, .. })) = (source, live) {
        let mut address = scratch.borrow_mut();
        address.clear();
        let found = match source {
            Url::Asset(path) => context.addresses.asset(&mut address, path),
            Url::Web(url) => context.addresses.remote(&mut address, url),
            Url::Page { .. } => false,
        };
        if found {
            start(out, "img", "mp-image", element, live);
            attribute(out, " src=\"", &address);
            attribute(out, " alt=\"", alt);
            out.push_str(" loading=\"lazy\" decoding=\"async\">");
            return;
        }
    }
    start(out, "span", "mp-image mp-missing", element, live);
    attribute(out, " role=\"img\" aria-label=\"", alt);
    out.push_str("></span>");
}

/// Where a link leads. Other places open beside the program and learn nothing
/// of it.
fn link(out: &mut String, to: &str, live: Option<Live<'_>>) {
    match (Url::known(to), live) {
        (Some(Url::Page { route, query }), Some(Live { context, scratch, .. })) => {
            let mut address = scratch.borrow_mut();
            address.clear();
            context.addresses.page(&mut address, route, query);
            attribute(out, " href=\"", &address);
        }
        (Some(Url::Web(address)), _) => {
            attribute(out, " href=\"", address);
            out.push_str(" target=\"_blank\" rel=\"noopener noreferrer\"");
        }
        _ => {}
    }
}
