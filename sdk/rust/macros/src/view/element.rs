//! An element's name, attributes and events against the table of elements.

use mprun_frame::element::{Attribute, AttributeKind, Element, Event};
use mprun_frame::template::{self, AttributeValue, Body, Template, TemplateError};
use proc_macro2::TokenStream;
use quote::quote_spanned;
use rstml::node::{KVAttributeValue, KeyedAttribute, KeyedAttributeValue, NodeAttribute, NodeElement};
use syn::spanned::Spanned;
use syn::{Expr, Lit};

use super::body::unbraced;
use super::{Control, Generator, Place, alone, literal, literal_text, writer};
use crate::nearest;

/// What an attribute's value turned out to be.
enum Given {
    /// As if it had not been written.
    Nothing,
    Static(String),
    Slot(TokenStream),
}

impl Generator {
    /// Checks an element and everything in it. Returns it as a part of a
    /// template, and the code that writes its slots in the template's order.
    pub(super) fn element(
        &mut self,
        node: &NodeElement<Control>,
        place: Place,
    ) -> Option<(template::Node, TokenStream)> {
        let (name, tag) = (node.name().to_string(), node.name());
        let Some(element) = Element::from_name(&name) else {
            let known = Element::ALL.iter().map(|element| element.name());
            self.error_at(tag, format!("there is no element `{name}`{}", nearest::hint(&name, known)));
            return None;
        };
        if let Some(why) = place.parent.and_then(|parent| parent.refuse_child(element)) {
            self.error_at(tag, why);
        }
        if element == Element::Form && place.in_form {
            self.error_at(tag, "`form` cannot stand in `form`");
        }
        let before = self.errors.len();
        let mut attributes: Vec<(Attribute, AttributeValue, TokenStream)> = Vec::new();
        let mut events: Vec<(Event, TokenStream)> = Vec::new();
        // Written, whatever its value: an attribute with an error is not missing.
        let mut written: Vec<Attribute> = Vec::new();
        for attribute in node.attributes() {
            let attribute = match attribute {
                NodeAttribute::Attribute(attribute) => attribute,
                NodeAttribute::Block(block) => {
                    self.error(block.span(), "an attribute needs a name: `name={…}`");
                    continue;
                }
            };
            let (name, key) = (attribute.key.to_string(), &attribute.key);
            if let Some(event) = name.strip_prefix("on:") {
                if let Some((event, code)) = self.event(element, event, attribute) {
                    match events.iter().any(|(known, _)| *known == event) {
                        true => self.error_at(key, format!("`{name}` is given twice")),
                        false => events.push((event, code)),
                    }
                }
                continue;
            }
            let Some(kind) = element.attribute(&name) else {
                let definition = element.definition();
                let known = definition.attributes.iter().map(|attribute| attribute.name());
                let handlers: Vec<_> = definition.events.iter().map(|event| format!("on:{}", event.name())).collect();
                let hint = nearest::hint(&name, known.chain(handlers.iter().map(String::as_str)));
                self.error_at(key, format!("`{}` takes no attribute `{name}`{hint}", element.name()));
                continue;
            };
            if written.contains(&kind) {
                self.error_at(key, format!("`{name}` is given twice"));
                continue;
            }
            written.push(kind);
            match self.attribute(element, kind, attribute) {
                Some(Given::Static(text)) => attributes.push((kind, AttributeValue::Static(text), TokenStream::new())),
                Some(Given::Slot(code)) => attributes.push((kind, AttributeValue::Slot, code)),
                Some(Given::Nothing) | None => {}
            }
        }
        for required in element.definition().required {
            if !written.contains(required) {
                self.error_at(
                    tag,
                    format!("`{}` needs `{}`: {}", element.name(), required.name(), purpose(element, *required)),
                );
            }
        }
        attributes.sort_by_key(|(attribute, ..)| *attribute);
        events.sort_by_key(|(event, _)| *event);
        let mut code = TokenStream::new();
        for slot in attributes.iter().map(|(.., code)| code).chain(events.iter().map(|(_, code)| code)) {
            code.extend(slot.clone());
        }
        let mut part = template::Node {
            element,
            attributes: attributes.into_iter().map(|(attribute, value, _)| (attribute, value)).collect(),
            events: events.into_iter().map(|(event, _)| event).collect(),
            body: Body::Empty,
        };
        if self.errors.len() == before {
            // The rules about several attributes at once.
            if let Err(error) = Template::new(alone(&part)) {
                match error {
                    TemplateError::Element { element, why } => self.error_at(tag, format!("`{element}` {why}")),
                    error => self.error_at(tag, error),
                }
            }
        }
        let inside = Place { parent: Some(element), in_form: place.in_form || element == Element::Form };
        let (body, slots) = self.body(element, &node.children, inside);
        part.body = body;
        code.extend(slots);
        Some((part, code))
    }

    fn event(&mut self, element: Element, name: &str, attribute: &KeyedAttribute) -> Option<(Event, TokenStream)> {
        let key = &attribute.key;
        let events = element.definition().events;
        let Some(event) = events.iter().copied().find(|event| event.name() == name) else {
            let known: Vec<_> = events.iter().map(|event| format!("on:{}", event.name())).collect();
            let hint = match known.as_slice() {
                [] => ": it has no events".to_owned(),
                known => format!(": it has `{}`", known.join("`, `")),
            };
            self.error_at(key, format!("`{}` has no event `on:{name}`{hint}", element.name()));
            return None;
        };
        let expression = unbraced(self.value(attribute)?);
        let writer = writer();
        let span = expression.span();
        Some((
            event,
            match event {
                Event::Tap | Event::Refresh | Event::ReachBottom | Event::Close => {
                    quote_spanned!(span=> #writer.tap(#expression);)
                }
                Event::Change | Event::Input => quote_spanned!(span=> #writer.change(#expression);),
                Event::Submit => quote_spanned!(span=> #writer.submit(#expression);),
            },
        ))
    }

    fn attribute(&mut self, element: Element, attribute: Attribute, given: &KeyedAttribute) -> Option<Given> {
        let name = attribute.name();
        let flag = attribute.kind() == AttributeKind::Flag;
        if flag && matches!(given.possible_value, KeyedAttributeValue::None) {
            return Some(Given::Static(String::new()));
        }
        let expression = self.value(given)?;
        let fixed = element.definition().fixed.contains(&attribute);
        let writer = writer();
        match literal(expression) {
            Some(Lit::Bool(on)) if flag => Some(if on.value { Given::Static(String::new()) } else { Given::Nothing }),
            Some(other) if flag => {
                self.error(other.span(), format!("expected `true` or `false` for `{name}`"));
                None
            }
            Some(other) => {
                let Some(text) = literal_text(other) else {
                    self.error(other.span(), format!("expected a text or a whole number for `{name}`"));
                    return None;
                };
                if let Some(why) = attribute.kind().refuse(&text) {
                    let hint = match attribute.kind() {
                        AttributeKind::Word(words) => nearest::hint(&text, words.iter().copied()),
                        _ => String::new(),
                    };
                    self.error(other.span(), format!("`{name}`: {why}{hint}"));
                    return None;
                }
                Some(Given::Static(text))
            }
            None if fixed => {
                let message = format!("`{name}` of `{}` cannot change: expected a literal", element.name());
                self.error(expression.span(), message);
                None
            }
            None => {
                let expression = unbraced(expression);
                let span = expression.span();
                Some(Given::Slot(match flag {
                    true => quote_spanned!(span=> #writer.flag(#expression);),
                    false => quote_spanned!(span=> #writer.attribute(&(#expression));),
                }))
            }
        }
    }

    fn value<'a>(&mut self, attribute: &'a KeyedAttribute) -> Option<&'a Expr> {
        let (name, key) = (attribute.key.to_string(), &attribute.key);
        match &attribute.possible_value {
            KeyedAttributeValue::Value(value) => match &value.value {
                KVAttributeValue::Expr(expression) => Some(expression),
                KVAttributeValue::InvalidBraced(block) => {
                    self.error(block.span(), "this is not an expression");
                    None
                }
            },
            KeyedAttributeValue::None => {
                self.error_at(key, format!("`{name}` needs a value: `{name}={{…}}`"));
                None
            }
            KeyedAttributeValue::Binding(binding) => {
                self.error(binding.span(), format!("expected `{name}={{…}}`"));
                None
            }
        }
    }
}

/// What a missing attribute would be good for.
fn purpose(element: Element, attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Alt => "what the picture shows, or `alt=\"\"` if it is only decoration",
        Attribute::Label if element.is_field() => "what the field is for, in words that a user sees and hears",
        Attribute::Label => "what it is called, for users who see it and for those who hear it",
        Attribute::Level => "its rank among headings, from 1 to 6",
        Attribute::Src => "which picture, such as `asset:latte.svg`",
        Attribute::To => "where it leads, such as `page:menu` or `link!(Menu)`",
        Attribute::Value => "what is handed in when it is chosen",
        Attribute::Percent => "how far it is, from 0 to 100",
        Attribute::IconType => "which sign, such as `check`",
        Attribute::Min => "the least number that can be chosen",
        Attribute::Max => "the greatest number that can be chosen",
        Attribute::Trigger => "what stands on the button that opens it",
        _ => "it has no default",
    }
}
