//! Decides what a client may send: the handlers, fields and forms of the view
//! that the program shows now. Whatever is not in here is refused by the host.
//!
//! A disabled button or field offers nothing. A form can be handed in only
//! through a submit button that is not disabled.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::tree::Tree;

use super::field::Field;
use super::identity::{FieldKey, FormId, Token, TokenKey};
use super::node::{Handler, Node};

/// What a view offers.
#[derive(Debug, Clone, Default)]
pub struct Offers<'t> {
    /// Handlers by their names.
    pub handlers: BTreeMap<Token, Offer<'t>>,
    /// Fields in the order of the view, disabled ones too.
    pub fields: Vec<Field<'t>>,
    /// Forms in the order of the view.
    pub forms: Vec<Form<'t>>,
}

/// A handler that can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'t> {
    /// What the user does.
    pub event: Event,
    /// What the program put there; goes back to it unchanged.
    pub message: &'t [u8],
    /// What the element is called: its `label`, else the text inside. What the host
    /// draws itself (`refresh`, `reach-bottom`) is called as the event is.
    pub label: Cow<'t, str>,
    /// The form that a submit hands in, by its position in [`Offers::forms`].
    pub form: Option<usize>,
    /// The field that has changed, by its position in [`Offers::fields`].
    pub field: Option<usize>,
}

/// A form of a view.
#[derive(Debug, Clone)]
pub struct Form<'t> {
    /// Which form it is.
    pub id: FormId,
    /// Its handler; none if it has none, or no submit button that is not
    /// disabled.
    pub submit: Option<Token>,
    /// What it is called.
    pub label: Option<&'t str>,
    /// Positions of its fields in [`Offers::fields`].
    pub fields: Vec<usize>,
    /// Its submit buttons.
    pub buttons: Vec<SubmitButton<'t>>,
}

/// A button that hands in its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitButton<'t> {
    /// What it is called.
    pub label: &'t str,
    /// Cannot be pressed now.
    pub disabled: bool,
}

impl<'t> Offers<'t> {
    /// The field with this key, and its position.
    pub fn field(&self, key: FieldKey) -> Option<(usize, &Field<'t>)> {
        self.fields.iter().enumerate().find(|(_, field)| field.key == key)
    }

    /// The form's field that the program calls `name`; the first, if several do.
    pub fn field_named(&self, form: usize, name: &str) -> Option<&Field<'t>> {
        self.fields.iter().find(|field| field.form == Some(form) && field.name == Some(name))
    }
}

/// What `tree` offers, under the names that `key` makes.
pub fn offers<'t>(tree: &'t Tree<'_>, key: &TokenKey) -> Offers<'t> {
    let mut collector = Collector { key, offers: Offers::default(), form: None };
    if let Some(page) = Node::of(tree) {
        collector.node(&page);
    }
    collector.offers
}

struct Collector<'t, 'k> {
    key: &'k TokenKey,
    offers: Offers<'t>,
    /// The position of the form around what is looked at.
    form: Option<usize>,
}

impl<'t> Collector<'t, '_> {
    fn node(&mut self, node: &Node<'t>) {
        let resolved = node.resolved;
        match resolved.element() {
            Element::Form => return self.form(node),
            Element::Button => self.button(node),
            element if element.is_field() => return self.field(node),
            _ => {
                for event in [Event::Tap, Event::Close] {
                    if let Some(handler) = resolved.handler(event) {
                        self.offer(handler, label(node), None);
                    }
                }
                for event in [Event::Refresh, Event::ReachBottom] {
                    if let Some(handler) = resolved.handler(event) {
                        self.offer(handler, Cow::Borrowed(event.name()), None);
                    }
                }
            }
        }
        for child in &node.children {
            self.node(child);
        }
    }

    fn offer(&mut self, handler: Handler<'t>, label: Cow<'t, str>, field: Option<usize>) -> Token {
        let token = handler.token(self.key);
        let form = self.form.filter(|_| handler.event == Event::Submit);
        let offer = Offer { event: handler.event, message: handler.message, label, form, field };
        self.offers.handlers.insert(token, offer);
        token
    }

    fn button(&mut self, node: &Node<'t>) {
        let disabled = node.resolved.is(Attribute::Disabled);
        if node.resolved.word(Attribute::FormType) == "submit" {
            let label = node.resolved.get(Attribute::Label).unwrap_or(node.resolved.text());
            if let Some(form) = self.form.and_then(|form| self.offers.forms.get_mut(form)) {
                form.buttons.push(SubmitButton { label, disabled });
            }
        } else if let Some(handler) = node.resolved.handler(Event::Tap).filter(|_| !disabled) {
            self.offer(handler, label(node), None);
        }
    }

    fn field(&mut self, node: &Node<'t>) {
        let position = self.offers.fields.len();
        let form = self.form.and_then(|form| Some((form, self.offers.forms.get_mut(form)?)));
        let form = form.map(|(at, form)| {
            form.fields.push(position);
            (at, form.id)
        });
        let field = Field::new(node.resolved, &node.children, form, self.key);
        for event in [Event::Change, Event::Input] {
            if let Some(handler) = node.resolved.handler(event).filter(|_| !field.disabled) {
                self.offer(handler, Cow::Borrowed(field.label), Some(position));
            }
        }
        self.offers.fields.push(field);
    }

    fn form(&mut self, node: &Node<'t>) {
        let position = self.offers.forms.len();
        let (id, label) = (node.resolved.form_id(), node.resolved.get(Attribute::Label));
        self.offers.forms.push(Form { id, submit: None, label, fields: Vec::new(), buttons: Vec::new() });
        self.form = Some(position);
        for child in &node.children {
            self.node(child);
        }
        let usable = |form: &Form<'_>| form.buttons.iter().any(|button| !button.disabled);
        if let Some(handler) = node.resolved.handler(Event::Submit)
            && self.offers.forms.get(position).is_some_and(usable)
        {
            let token = self.offer(handler, Cow::Borrowed(label.unwrap_or_default()), None);
            if let Some(form) = self.offers.forms.get_mut(position) {
                form.submit = Some(token);
            }
        }
        self.form = None;
    }
}

/// What an element is called: its `label`, else all text inside.
pub(crate) fn label<'t>(node: &Node<'t>) -> Cow<'t, str> {
    if let Some(label) = node.resolved.get(Attribute::Label) {
        return Cow::Borrowed(label);
    }
    if node.children.is_empty() {
        return Cow::Borrowed(node.resolved.text());
    }
    let mut words = String::new();
    gather(node, &mut words);
    Cow::Owned(words)
}

fn gather(node: &Node<'_>, words: &mut String) {
    // What is said of a picture or a sign.
    let said = match node.resolved.element() {
        Element::Image => node.resolved.get(Attribute::Alt),
        Element::Icon => node.resolved.get(Attribute::Label),
        _ => None,
    };
    for part in [node.resolved.text(), said.unwrap_or_default()] {
        if !part.is_empty() {
            words.push_str(if words.is_empty() { "" } else { " " });
            words.push_str(part);
        }
    }
    for child in &node.children {
        gather(child, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{Sample, token_key};

    fn messages(markup: &str) -> Vec<(Event, String, String)> {
        let sample = Sample::of(markup);
        let tree = sample.tree();
        let mut found: Vec<_> = offers(&tree, &token_key())
            .handlers
            .values()
            .map(|offer| {
                (offer.event, String::from_utf8(offer.message.to_vec()).unwrap(), offer.label.clone().into_owned())
            })
            .collect();
        found.sort();
        found
    }

    fn row(event: Event, message: &str, label: &str) -> (Event, String, String) {
        (event, message.to_owned(), label.to_owned())
    }

    #[test]
    fn what_can_be_used_is_offered_under_its_label() {
        let found = messages(
            r#"<view label="All" on:tap="all"><button on:tap="add" label="More">+</button><button on:tap="plain">Go</button>
               <input label="Name" on:change="name"/><form label="Order" on:submit="place"><button form-type="submit">Order</button></form></view>"#,
        );
        assert_eq!(
            found,
            [
                row(Event::Tap, "add", "More"),
                row(Event::Tap, "all", "All"),
                row(Event::Tap, "plain", "Go"),
                row(Event::Change, "name", "Name"),
                row(Event::Submit, "place", "Order"),
            ]
        );
    }

    #[test]
    fn what_the_host_draws_itself_is_offered_by_its_event() {
        let found = messages(
            r#"<view label="All" on:tap="all" on:refresh="anew"><list on:reach-bottom="more"><list-item><text>a</text></list-item></list>
               <input label="Search" on:change="found" on:input="typed"/><slider label="Cups" min="1" max="3" disabled on:input="cups"/></view>"#,
        );
        assert_eq!(
            found,
            [
                row(Event::Tap, "all", "All"),
                row(Event::Change, "found", "Search"),
                row(Event::Input, "typed", "Search"),
                row(Event::Refresh, "anew", "refresh"),
                row(Event::ReachBottom, "more", "reach-bottom"),
            ]
        );
    }

    #[test]
    fn a_dialog_offers_to_be_told_by_its_name() {
        let found = messages(
            r#"<view><dialog label="Really?" trigger="Delete" open on:close="closed"><button closes>Keep</button></dialog><dialog label="News" trigger="News"/></view>"#,
        );
        assert_eq!(found, [row(Event::Close, "closed", "Really?")]);
    }

    #[test]
    fn what_is_disabled_offers_nothing() {
        let found = messages(
            r#"<view><button disabled on:tap="a">A</button><input disabled label="B" on:change="b"/>
               <form on:submit="c"><button form-type="submit" disabled>C</button></form>
               <form on:submit="d"><input name="x" label="X"/></form></view>"#,
        );
        assert_eq!(found, []);
    }

    #[test]
    fn fields_know_their_form_and_their_handler() {
        let sample = Sample::of(
            r#"<view><input label="Outside" on:change="o"/>
               <form on:submit="s"><slot><view><input name="name" label="Name" maxlength="5" required value="Ada"/></view></slot>
               <checkbox name="hot" label="Hot" checked/><button form-type="submit">Go</button></form></view>"#,
        );
        let tree = sample.tree();
        let offers = offers(&tree, &token_key());
        let fields: Vec<_> =
            offers.fields.iter().map(|field| (field.label, field.form, field.value.as_str())).collect();
        assert_eq!(fields, [("Outside", None, ""), ("Name", Some(0), "Ada"), ("Hot", Some(0), "true")]);
        let outside = offers.handlers.get(&offers.fields[0].change.unwrap()).unwrap();
        assert_eq!((outside.message, outside.field, outside.form), (&b"o"[..], Some(0), None));
        let form = &offers.forms[0];
        assert_eq!(form.fields, [1, 2]);
        assert_eq!(offers.handlers.get(&form.submit.unwrap()).unwrap().form, Some(0));
        assert_eq!(offers.field_named(0, "name").map(|field| field.maxlength), Some(Some(5)));
        assert_eq!(offers.field(offers.fields[2].key).map(|(position, _)| position), Some(2));
    }

    fn keys(markup: &str) -> Vec<FieldKey> {
        let sample = Sample::of(markup);
        let tree = sample.tree();
        offers(&tree, &token_key()).fields.iter().map(|field| field.key).collect()
    }

    #[test]
    fn a_field_keeps_its_key_as_long_as_it_is_the_same_field() {
        let row = |key: &str| format!(r#"<list-item key="{key}"><input name="count" label="Count"/></list-item>"#);
        let form = |rows: &[&str]| {
            let rows: String = rows.iter().map(|key| row(key)).collect();
            keys(&format!("<form><list><each>{rows}</each></list></form>"))
        };
        let both = form(&["a", "b"]);
        assert_ne!(both[0], both[1], "two rows, two fields");
        assert_eq!(form(&["b", "a"]), [both[1], both[0]]);
        let same =
            keys(r#"<form><input name="a" label="1"/><input name="a" label="2"/><input name="b" label="3"/></form>"#);
        assert!(same[0] != same[1] && same[1] != same[2], "one name twice is two fields");
        // In a form a field is known by its name, wherever it stands there.
        let one = keys(r#"<view><slot><form><slot><input name="a" label="1"/></slot></form></slot></view>"#);
        let other =
            keys(r#"<view><slot><form><slot><input name="a" label="changed" required/></slot></form></slot></view>"#);
        assert_eq!(one, other);
    }
}
