//! Which HTML stands for a field: its label, the control, a hint and what is
//! wrong with it.

use mprun_frame::element::{Attribute, Element};

use super::HtmlContext;
use super::scope::FormScope;
use super::tags::{attribute, press, words};
use crate::render::escape;
use crate::view::field::{Choice, Field};
use crate::view::identity::FieldKey;
use crate::view::node::{Node, Resolved};

/// A field that is being written.
struct Parts<'a, 't> {
    field: Field<'t>,
    element: Resolved<'t>,
    /// `f.` and the key: the control's name and id.
    name: String,
    error: Option<&'a str>,
    /// Whether the browser goes here first: to the first field that is wrong.
    autofocus: bool,
    context: &'a HtmlContext<'a>,
}

/// Writes a field with everything in it. `wrong` is the first field of the view
/// that is wrong.
pub(crate) fn write<'t>(
    out: &mut String,
    element: Resolved<'t>,
    children: &[Node<'t>],
    context: &HtmlContext<'_>,
    form: Option<FormScope>,
    wrong: Option<FieldKey>,
) {
    // The form's position does not matter here.
    let field = Field::new(element, children, form.map(|form| (0, form.id)), context.token_key);
    let name = field.key.input_name();
    let error = context.overlay.errors.get(&field.key).map(String::as_str);
    let autofocus = wrong == Some(field.key);
    let parts = Parts { field, element, name, error, autofocus, context };
    let value = parts.field.shown(context.overlay);
    // Outside of a form nothing else hands over what was changed.
    let apply = parts.field.change.or(parts.field.input).filter(|_| form.is_none());
    let (tag, class) = match parts.field.element {
        Element::RadioGroup => ("fieldset", "mp-field mp-radios"),
        Element::Checkbox => ("div", "mp-field mp-checkbox"),
        Element::Switch => ("div", "mp-field mp-switch"),
        Element::Picker => ("div", "mp-field mp-picker"),
        Element::Textarea => ("div", "mp-field mp-textarea"),
        Element::Slider => ("div", "mp-field mp-slider"),
        _ => ("div", "mp-field mp-input"),
    };
    parts.open(out, tag, class);
    parts.label(out);
    out.push_str("<div class=\"mp-control\">");
    match parts.field.element {
        Element::RadioGroup => parts.radios(out, value),
        Element::Checkbox | Element::Switch => parts.toggle(out, value),
        Element::Picker => parts.picker(out, value),
        Element::Textarea => parts.textarea(out, value),
        Element::Slider => parts.slider(out, value),
        _ => parts.input(out, value),
    }
    if let Some(token) = apply {
        out.push_str("<button class=\"mp-apply\"");
        press(out, token);
        attribute(out, " aria-label=\"", &format!("{}: {}", context.words.apply, parts.field.label));
        out.push('>');
        escape::push(out, &context.words.apply);
        out.push_str("</button>");
    }
    out.push_str("</div>");
    parts.notes(out);
    out.push_str("</");
    out.push_str(tag);
    out.push('>');
}

impl Parts<'_, '_> {
    fn open(&self, out: &mut String, tag: &str, class: &str) {
        out.push('<');
        out.push_str(tag);
        out.push_str(" class=\"");
        out.push_str(class);
        words(out, self.element);
        out.push_str(if self.error.is_some() { " mp-invalid\"" } else { "\"" });
        if self.field.element == Element::RadioGroup {
            attribute(out, " role=\"", "radiogroup");
            self.state(out);
            if self.field.required {
                attribute(out, " aria-required=\"", "true");
            }
        }
        out.push('>');
    }

    fn label(&self, out: &mut String) {
        match self.field.element {
            // The label is a part of the control there.
            Element::Checkbox | Element::Switch => return,
            Element::RadioGroup => out.push_str("<legend class=\"mp-label\">"),
            _ => {
                out.push_str("<label class=\"mp-label\"");
                attribute(out, " for=\"", &self.name);
                out.push('>');
            }
        }
        self.label_text(out);
        out.push_str(if self.field.element == Element::RadioGroup { "</legend>" } else { "</label>" });
    }

    fn label_text(&self, out: &mut String) {
        escape::push(out, self.field.label);
        if self.field.required {
            out.push_str("<span class=\"mp-required\" aria-hidden=\"true\"> *</span>");
        }
    }

    /// What is the same for every kind of control: whether it is valid, and
    /// where that is explained.
    fn state(&self, out: &mut String) {
        let hint = self.element.get(Attribute::Hint).is_some();
        if self.error.is_some() {
            attribute(out, " aria-invalid=\"", "true");
        }
        let ids = match (self.error.is_some(), hint) {
            (true, true) => format!("e.{0} h.{0}", self.field.key),
            (true, false) => format!("e.{}", self.field.key),
            (false, true) => format!("h.{}", self.field.key),
            (false, false) => return,
        };
        attribute(out, " aria-describedby=\"", &ids);
    }

    fn control(&self, out: &mut String, class: &str) {
        attribute(out, " class=\"", class);
        attribute(out, " id=\"", &self.name);
        attribute(out, " name=\"", &self.name);
        self.focus(out);
        self.flags(out);
        self.state(out);
        self.handlers(out);
    }

    /// What a page with script tells of the field.
    fn handlers(&self, out: &mut String) {
        for (name, token) in [(" data-change=\"", self.field.change), (" data-input=\"", self.field.input)] {
            if let Some(token) = token {
                attribute(out, name, token.as_str());
            }
        }
    }

    fn focus(&self, out: &mut String) {
        if self.autofocus {
            out.push_str(" autofocus");
        }
    }

    fn flags(&self, out: &mut String) {
        if self.field.required {
            out.push_str(" required");
        }
        if self.field.disabled {
            out.push_str(" disabled");
        }
    }

    fn typed(&self, out: &mut String) {
        if let Some(placeholder) = self.element.get(Attribute::Placeholder) {
            attribute(out, " placeholder=\"", placeholder);
        }
        if let Some(maxlength) = self.field.maxlength {
            attribute(out, " maxlength=\"", &maxlength.to_string());
        }
    }

    fn input(&self, out: &mut String, value: &str) {
        // Number fields of browsers change what was typed and scroll away;
        // a text field with the right keys does not.
        let (kind, keys) = match self.field.input_type {
            "number" => ("text", "numeric"),
            "digit" => ("text", "decimal"),
            kind => (kind, ""),
        };
        out.push_str("<input");
        attribute(out, " type=\"", kind);
        self.control(out, "mp-box");
        if !keys.is_empty() {
            attribute(out, " inputmode=\"", keys);
        }
        self.typed(out);
        attribute(out, " value=\"", value);
        out.push('>');
    }

    fn textarea(&self, out: &mut String, value: &str) {
        out.push_str("<textarea");
        self.control(out, "mp-box");
        attribute(out, " rows=\"", self.element.get(Attribute::Rows).unwrap_or("3"));
        self.typed(out);
        // The parser swallows one line break here.
        out.push_str(">\n");
        escape::push(out, value);
        out.push_str("</textarea>");
    }

    fn slider(&self, out: &mut String, value: &str) {
        out.push_str("<input type=\"range\"");
        self.control(out, "mp-range");
        if let Some(range) = self.field.range {
            for (name, number) in [(" min=\"", range.min), (" max=\"", range.max), (" step=\"", range.step)] {
                attribute(out, name, &number.to_string());
            }
        }
        attribute(out, " value=\"", value);
        out.push_str("><output class=\"mp-output\"");
        attribute(out, " for=\"", &self.name);
        out.push('>');
        escape::push(out, value);
        out.push_str("</output>");
    }

    fn picker(&self, out: &mut String, value: &str) {
        out.push_str("<select");
        self.control(out, "mp-box");
        out.push('>');
        // Without it a browser would choose the first option, and post it.
        if !self.field.options.iter().any(|option| option.value == value) {
            out.push_str("<option value=\"\" selected>");
            escape::push(out, &self.context.words.choose);
            out.push_str("</option>");
        }
        let mut selected = false;
        for option in &self.field.options {
            out.push_str("<option");
            attribute(out, " value=\"", &option.value);
            if option.value == value && !selected {
                selected = true;
                out.push_str(" selected");
            }
            if option.disabled {
                out.push_str(" disabled");
            }
            out.push('>');
            escape::push(out, option.label);
            out.push_str("</option>");
        }
        out.push_str("</select>");
    }

    fn radios(&self, out: &mut String, value: &str) {
        out.push_str("<div class=\"mp-options\">");
        let chosen = self.field.options.iter().position(|option| option.value == value);
        for (position, option) in self.field.options.iter().enumerate() {
            self.radio(out, option, position, chosen == Some(position));
        }
        out.push_str("</div>");
    }

    fn radio(&self, out: &mut String, option: &Choice<'_>, position: usize, chosen: bool) {
        out.push_str("<label class=\"mp-option\"><input type=\"radio\"");
        attribute(out, " name=\"", &self.name);
        if position == 0 {
            self.focus(out);
        }
        attribute(out, " value=\"", &option.value);
        if chosen {
            out.push_str(" checked");
        }
        if self.field.disabled || option.disabled {
            out.push_str(" disabled");
        }
        self.handlers(out);
        out.push_str("><span>");
        escape::push(out, option.label);
        out.push_str("</span></label>");
    }

    fn toggle(&self, out: &mut String, value: &str) {
        // A browser posts nothing for a box that is off; this says so, and is
        // overruled by the box's own value behind it.
        if !self.field.disabled {
            out.push_str("<input type=\"hidden\"");
            attribute(out, " name=\"", &self.name);
            out.push_str(" value=\"false\">");
        }
        out.push_str("<label class=\"mp-toggle\"><input type=\"checkbox\"");
        self.control(out, "mp-check");
        if self.field.element == Element::Switch {
            attribute(out, " role=\"", "switch");
        }
        out.push_str(" value=\"true\"");
        if value == "true" {
            out.push_str(" checked");
        }
        out.push_str("><span>");
        self.label_text(out);
        out.push_str("</span></label>");
    }

    fn notes(&self, out: &mut String) {
        if let Some(hint) = self.element.get(Attribute::Hint) {
            out.push_str("<p class=\"mp-hint\"");
            attribute(out, " id=\"", &format!("h.{}", self.field.key));
            out.push('>');
            escape::push(out, hint);
            out.push_str("</p>");
        }
        if let Some(error) = self.error {
            out.push_str("<p class=\"mp-error\"");
            attribute(out, " id=\"", &format!("e.{}", self.field.key));
            out.push('>');
            escape::push(out, error);
            out.push_str("</p>");
        }
    }
}
