//! A view as JSON, for tools and tests: what the program shows, without what is
//! the host's business (tokens, drafts) and without message bytes.

use mprun_frame::element::{AttributeKind, Event};
use mprun_frame::tree::Tree;
use serde_json::{Map, Value, json};

use crate::view::node::Node;

/// The view: an object with `element`, and where they are there `key` (of an
/// item of a list), `attributes` (text, or `true` for a flag), `text`, `events`
/// that it offers, and `children`.
pub fn write(tree: &Tree<'_>) -> Value {
    Node::of(tree).map_or(Value::Null, |page| element(&page))
}

fn element(node: &Node<'_>) -> Value {
    let resolved = node.resolved;
    let mut object = Map::new();
    object.insert("element".to_owned(), json!(resolved.element().name()));
    if let Some(key) = node.key {
        object.insert("key".to_owned(), json!(key));
    }
    let attributes: Map<String, Value> = resolved
        .attributes()
        .map(|(attribute, value)| {
            let flag = attribute.kind() == AttributeKind::Flag;
            (attribute.name().to_owned(), if flag { Value::Bool(true) } else { json!(value) })
        })
        .collect();
    if !attributes.is_empty() {
        object.insert("attributes".to_owned(), Value::Object(attributes));
    }
    if !resolved.text().is_empty() {
        object.insert("text".to_owned(), json!(resolved.text()));
    }
    let offered = Event::ALL.iter().filter(|event| resolved.handler(**event).is_some());
    let events: Vec<_> = offered.map(|event| event.name()).collect();
    if !events.is_empty() {
        object.insert("events".to_owned(), json!(events));
    }
    if !node.children.is_empty() {
        object.insert("children".to_owned(), node.children.iter().map(element).collect());
    }
    Value::Object(object)
}
