//! The HTML of elements that are made of several: what folds, lies behind each
//! other, above the page or in rows. All of it works in a browser without script.

use mprun_frame::element::{Attribute, Element};

use super::scope::Live;
use super::tags::{attribute, labelled, press, start, words_of};
use crate::render::escape;
use crate::view::identity::FieldKey;
use crate::view::node::Resolved;

/// Writes the start of an element, up to where its children begin.
pub(super) fn open(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    match element.element() {
        Element::ScrollView => {
            let sideways = element.word(Attribute::Scroll) == "x";
            let class = if sideways { "mp-scroll mp-scroll-x" } else { "mp-scroll mp-scroll-y" };
            start(out, "div", class, element, live);
            region(out, element, "");
        }
        Element::Swiper => {
            start(out, "div", "mp-swiper", element, live);
            region(out, element, " aria-roledescription=\"carousel\"");
        }
        Element::SwiperItem => {
            start(out, "div", "mp-slide", element, live);
            out.push_str(" role=\"group\" aria-roledescription=\"slide\">");
        }
        Element::CheckboxGroup => {
            start(out, "fieldset", "mp-field mp-checks", element, live);
            out.push_str("><legend class=\"mp-label\">");
            escape::push(out, label(element));
            out.push_str("</legend>");
            if let Some(hint) = element.get(Attribute::Hint) {
                out.push_str("<p class=\"mp-hint\">");
                escape::push(out, hint);
                out.push_str("</p>");
            }
            out.push_str("<div class=\"mp-options\">");
        }
        Element::Table => {
            start(out, "div", "mp-table-box", element, live);
            region(out, element, "");
            out.push_str("<table class=\"mp-table\"><caption>");
            escape::push(out, label(element));
            out.push_str("</caption><tbody>");
        }
        Element::TableRow => {
            start(out, "tr", "mp-row", element, live);
            out.push('>');
        }
        Element::TableCell => {
            start(out, cell(element), "mp-cell", element, live);
            match element.word(Attribute::Scope) {
                "column" => out.push_str(" scope=\"col\""),
                "row" => out.push_str(" scope=\"row\""),
                _ => {}
            }
            out.push('>');
        }
        Element::Dialog => dialog(out, element, live),
        Element::Disclosure => {
            outer(out, "details", "mp-disclosure", element);
            if element.is(Attribute::Open) {
                out.push_str(" open");
            }
            out.push_str("><summary class=\"mp-summary\">");
            escape::push(out, label(element));
            out.push_str("</summary>");
            inner(out, "mp-panel mp-view", element);
            out.push('>');
        }
        Element::Tabs => {
            start(out, "div", "mp-tabset", element, live);
            out.push_str(" role=\"group\"");
            labelled(out, element);
            out.push('>');
        }
        Element::Tab => tab(out, element, live),
        // Everything else is in `tags` and `fields`.
        _ => {}
    }
}

/// Writes the end of an element.
pub(super) fn close(out: &mut String, element: Resolved<'_>) {
    out.push_str(match element.element() {
        Element::ScrollView | Element::Swiper | Element::SwiperItem | Element::Tabs => "</div>",
        Element::CheckboxGroup => "</div></fieldset>",
        Element::Table => "</tbody></table></div>",
        Element::TableRow => "</tr>",
        Element::TableCell if cell(element) == "th" => "</th>",
        Element::TableCell => "</td>",
        Element::Dialog => "</div></div></div>",
        Element::Disclosure => "</div></details>",
        Element::Tab => "</div></div>",
        _ => "",
    });
}

/// What makes a button open or close the dialog of this name.
pub(super) fn commands(out: &mut String, dialog: &FieldKey) {
    out.push_str(" popovertarget=\"d.");
    out.push_str(dialog.as_str());
    out.push('"');
}

fn label(element: Resolved<'_>) -> &str {
    element.get(Attribute::Label).unwrap_or_default()
}

/// A part of the page that can be scrolled, also by the keys.
fn region(out: &mut String, element: Resolved<'_>, more: &str) {
    out.push_str(" role=\"region\"");
    out.push_str(more);
    labelled(out, element);
    out.push_str(" tabindex=\"0\">");
}

fn cell(element: Resolved<'_>) -> &'static str {
    if element.word(Attribute::Scope) == "none" { "td" } else { "th" }
}

/// The outermost element, which has the program's own classes.
fn outer(out: &mut String, tag: &str, class: &str, element: Resolved<'_>) {
    out.push('<');
    out.push_str(tag);
    out.push_str(" class=\"");
    out.push_str(class);
    words_of(out, element, |attribute| attribute == Attribute::Class);
    out.push('"');
}

/// The element around the children, which is laid out as the words say.
fn inner(out: &mut String, class: &str, element: Resolved<'_>) {
    out.push_str("<div class=\"");
    out.push_str(class);
    words_of(out, element, |attribute| attribute != Attribute::Class);
    out.push('"');
}

fn dialog(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    let scope = live.and_then(|live| live.scope.dialog);
    let key = scope.map(|scope| scope.key);
    let command = |out: &mut String| key.iter().for_each(|key| commands(out, key));
    let close = scope.and_then(|scope| scope.close);
    let named = |out: &mut String| {
        attribute(out, " aria-label=\"", live.map_or("", |live| &*live.context.words.close));
        out.push_str("></button>");
    };
    outer(out, "div", "mp-dialog", element);
    out.push_str("><button class=\"mp-button\" type=\"button\"");
    command(out);
    out.push('>');
    escape::push(out, element.get(Attribute::Trigger).unwrap_or_default());
    out.push_str("</button><div class=\"mp-sheet\"");
    if let Some(key) = key {
        out.push_str(" id=\"d.");
        out.push_str(key.as_str());
        out.push('"');
    }
    out.push_str(" popover role=\"dialog\"");
    labelled(out, element);
    if element.is(Attribute::Open) {
        out.push_str(" data-open");
    }
    // What a page with script tells when it is closed, in whatever way.
    if let Some(token) = close {
        attribute(out, " data-close=\"", token.as_str());
    }
    out.push_str("><div class=\"mp-sheet-head\"><p class=\"mp-sheet-title\">");
    escape::push(out, label(element));
    out.push_str("</p><button class=\"mp-sheet-close\" type=\"button\"");
    command(out);
    out.push_str(" popovertargetaction=\"hide\"");
    named(out);
    // Where it is shown as a card, no popover is there to close: this one tells the
    // program. The style sheet shows one of the two.
    if let Some(token) = close {
        out.push_str("<button class=\"mp-sheet-close mp-sheet-done\"");
        press(out, token);
        named(out);
    }
    out.push_str("</div>");
    inner(out, "mp-sheet-body mp-view", element);
    out.push('>');
}

/// A name to choose and what is shown then. The names of one `tabs` are the
/// options of one choice, which no script is needed for.
fn tab(out: &mut String, element: Resolved<'_>, live: Option<Live<'_>>) {
    outer(out, "div", "mp-tab-part", element);
    out.push_str("><label class=\"mp-tab-label\"><input type=\"radio\" name=\"t.");
    if let Some(key) = live.and_then(|live| live.scope.tabs) {
        out.push_str(key.as_str());
    }
    out.push_str("\" value=\"\"");
    if element.is(Attribute::Selected) {
        out.push_str(" checked");
    }
    out.push_str("><span>");
    escape::push(out, label(element));
    out.push_str("</span></label>");
    inner(out, "mp-panel mp-view", element);
    out.push_str(" role=\"group\"");
    labelled(out, element);
    out.push('>');
}
