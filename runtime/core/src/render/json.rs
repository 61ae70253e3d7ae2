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

#[cfg(test)]
mod tests {
    use mprun_frame::generate;
    use mprun_frame::limits::FrameLimits;
    use mprun_frame::tree::definitions;
    use proptest::prelude::*;

    use super::*;
    use crate::view::sample::{CASES, Sample};

    #[test]
    fn each_element_has_its_json() {
        for (name, markup) in CASES {
            let sample = Sample::of(markup);
            let json = serde_json::to_string_pretty(&write(&sample.tree())).unwrap();
            insta::assert_snapshot!(*name, json);
        }
    }

    #[test]
    fn it_makes_no_difference_what_is_a_slot() {
        for (name, markup) in CASES {
            assert_eq!(write(&Sample::of(markup).tree()), write(&Sample::dynamic(markup).tree()), "{name}");
        }
    }

    fn count(value: &Value) -> u32 {
        let children = value.get("children").and_then(Value::as_array);
        1 + children.map(|children| children.iter().map(count).sum::<u32>()).unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_element_of_a_view_is_there(seed: u64) {
            let view = generate::view(seed);
            let own = definitions(&view.frame).unwrap();
            let tree = Tree::decode(&view.frame, &view.bundle, &own, &FrameLimits::default()).unwrap();
            prop_assert_eq!(count(&write(&tree)), tree.nodes());
        }
    }
}
