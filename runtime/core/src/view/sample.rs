//! Views for tests, written as markup: `<button on:tap="add">Add</button>`.
//! The value of `on:…` is the message; `<slot>` around an element makes it the
//! instance of a child slot, `<each>` makes its children, which need `key`, the
//! items of a list slot.

use mprun_frame::element::{AttributeKind, Element, Event};
use mprun_frame::frame::{Frame, FrameWriter};
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::{AttributeValue, Body, Child, Node, Template, Templates};
use mprun_frame::tree::Tree;

use crate::render::html::Addresses;
use crate::view::identity::TokenKey;
use crate::view::offers::offers;
use crate::view::overlay::{Draft, Overlay};

/// A frame with its templates.
pub(crate) struct Sample {
    pub(crate) templates: Templates,
    pub(crate) frame: Frame,
}

impl Sample {
    /// Everything but handlers is static.
    pub(crate) fn of(markup: &str) -> Self {
        Self::build(markup, false)
    }

    /// Everything that can be a slot is one.
    pub(crate) fn dynamic(markup: &str) -> Self {
        Self::build(markup, true)
    }

    fn build(markup: &str, dynamic: bool) -> Self {
        let mut parser = Parser { rest: markup.trim(), dynamic };
        let page = parser.element();
        assert_eq!(parser.rest.trim(), "", "after the end of the page");
        let mut templates = Templates::default();
        let mut writer = FrameWriter::new();
        instance(&page, &mut templates, &mut writer);
        Self { templates, frame: writer.finish(&[]) }
    }

    pub(crate) fn tree(&self) -> Tree<'_> {
        Tree::decode(&self.frame, &self.templates, &[], &FrameLimits::default()).unwrap()
    }
}

pub(crate) fn token_key() -> TokenKey {
    TokenKey::from_bytes([1; 32])
}

/// Knows one picture of the bundle, and fetches one from elsewhere.
pub(crate) struct Links;

impl Addresses for Links {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        let known = path == "latte.svg";
        if known {
            out.push_str("/asset/latte.svg?a=1&b=2");
        }
        known
    }

    fn page(&self, out: &mut String, route: &str, query: &str) {
        out.push_str("/app/");
        out.push_str(route);
        out.push('?');
        out.push_str(query);
        out.push_str("&_from=\"x\"");
    }

    fn remote(&self, out: &mut String, url: &str) -> bool {
        let allowed = url == "https://example.org";
        if allowed {
            out.push_str("/remote/example.org?w=\"1\"&h=2");
        }
        allowed
    }
}

/// An element as it was written; the node has no children yet.
struct Markup {
    node: Node,
    key: String,
    /// Values of attribute slots.
    attributes: Vec<(AttributeKind, String)>,
    messages: Vec<String>,
    text: String,
    children: Vec<Part>,
}

enum Part {
    Element(Markup),
    Slot(Option<Markup>),
    Each(Vec<Markup>),
}

fn template(markup: &Markup) -> Node {
    let mut node = markup.node.clone();
    if !markup.children.is_empty() {
        let child = |part: &Part| match part {
            Part::Element(markup) => Child::Element(template(markup)),
            Part::Slot(_) => Child::Slot,
            Part::Each(_) => Child::List,
        };
        node.body = Body::Children(markup.children.iter().map(child).collect());
    }
    node
}

fn instance(markup: &Markup, templates: &mut Templates, writer: &mut FrameWriter) {
    let template = Template::new(template(markup)).unwrap();
    writer.instance(template.id());
    templates.insert(template);
    values(markup, templates, writer);
}

fn values(markup: &Markup, templates: &mut Templates, writer: &mut FrameWriter) {
    for (kind, value) in &markup.attributes {
        match kind {
            AttributeKind::Flag => writer.flag(true),
            _ => writer.attribute(Some(value)),
        }
    }
    markup.messages.iter().for_each(|message| writer.handler(Some(message.as_bytes())));
    if markup.node.body == Body::TextSlot {
        writer.text(&markup.text);
    }
    for part in &markup.children {
        match part {
            Part::Element(markup) => values(markup, templates, writer),
            Part::Slot(child) => {
                writer.child(child.is_some());
                child.iter().for_each(|child| instance(child, templates, writer));
            }
            Part::Each(items) => {
                writer.list(items.len());
                for item in items {
                    writer.key(&item.key);
                    instance(item, templates, writer);
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    dynamic: bool,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, stop: &[char]) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find(stop).expect("an end"));
        self.rest = rest;
        word
    }

    fn element(&mut self) -> Markup {
        self.rest = self.rest.trim_start();
        assert!(self.eat("<"), "expected an element, got {}", self.rest);
        let name = self.until(&[' ', '>', '/', '\n']);
        let element = Element::from_name(name).unwrap_or_else(|| panic!("no element {name}"));
        let mut markup = Markup {
            node: Node { element, attributes: Vec::new(), events: Vec::new(), body: Body::Empty },
            key: String::new(),
            attributes: Vec::new(),
            messages: Vec::new(),
            text: String::new(),
            children: Vec::new(),
        };
        let mut written = Vec::new();
        let mut empty;
        loop {
            self.rest = self.rest.trim_start();
            empty = self.eat("/>");
            if empty || self.eat(">") {
                break;
            }
            let name = self.until(&['=', ' ', '>', '/', '\n']);
            let mut value = "";
            if self.eat("=\"") {
                value = self.until(&['"']);
                self.eat("\"");
            }
            match name.strip_prefix("on:") {
                Some(event) => {
                    let event = Event::ALL.iter().find(|known| known.name() == event).unwrap();
                    markup.node.events.push(*event);
                    markup.messages.push(value.to_owned());
                }
                None if name == "key" => markup.key = value.to_owned(),
                None => written.push((element.attribute(name).unwrap_or_else(|| panic!("no {name}")), value)),
            }
        }
        written.sort();
        for (attribute, value) in written {
            let slot = self.dynamic && !element.definition().fixed.contains(&attribute);
            let value = value.to_owned();
            if slot {
                markup.attributes.push((attribute.kind(), value.clone()));
            }
            let value = if slot { AttributeValue::Slot } else { AttributeValue::Static(value) };
            markup.node.attributes.push((attribute, value));
        }
        if !empty {
            self.body(&mut markup, name);
        }
        markup
    }

    fn body(&mut self, markup: &mut Markup, name: &str) {
        let end = format!("</{name}>");
        loop {
            let text = self.until(&['<']).trim();
            if !text.is_empty() {
                markup.text = text.to_owned();
                markup.node.body = if self.dynamic { Body::TextSlot } else { Body::Text(text.to_owned()) };
            }
            if self.eat(&end) {
                return;
            }
            let part = if self.eat("<each/>") {
                Part::Each(Vec::new())
            } else if self.eat("<slot/>") {
                Part::Slot(None)
            } else if self.eat("<slot>") {
                Part::Slot(self.elements("</slot>").pop())
            } else if self.eat("<each>") {
                Part::Each(self.elements("</each>"))
            } else {
                Part::Element(self.element())
            };
            markup.children.push(part);
        }
    }

    fn elements(&mut self, end: &str) -> Vec<Markup> {
        let mut elements = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.eat(end) {
                return elements;
            }
            elements.push(self.element());
        }
    }
}

/// One view for each element, and for what elements do together. Each has its
/// expected HTML, text and JSON beside the renderers, in `snapshots`.
pub(crate) const CASES: &[(&str, &str)] = &[
    (
        "view",
        r#"<view layout="row" gap="small" align="center" justify="between" surface="card" grow label="Prices"><text>a</text><text>b</text></view>"#,
    ),
    (
        "view-tap",
        r#"<view surface="card" label="Open latte" on:tap="open"><text>Latte</text><button on:tap="add">Add</button></view>"#,
    ),
    ("view-to", r#"<view label="Cart" to="page:cart?from=a%26b"><text>Cart</text></view>"#),
    (
        "text",
        r#"<view><text>plain</text><text tone="muted" size="small">muted</text><text tone="warn" size="large" strong live>warn</text><text/></view>"#,
    ),
    ("text-hostile", r#"<view label="a &amp; b's"><text>1 &gt; 0 & "quotes" it's</text></view>"#),
    (
        "heading",
        r#"<view><heading level="1">One</heading><heading level="2">Two</heading><heading level="6">Six</heading></view>"#,
    ),
    (
        "image",
        r#"<view><image src="asset:latte.svg" alt="A latte" mode="banner"/><image src="asset:latte.svg" alt=""/><image src="asset:none.svg" alt="Nothing" mode="thumbnail"/><image src="https://example.org" alt="From elsewhere"/><image src="https://example.com/x.png" alt="Not allowed"/></view>"#,
    ),
    (
        "button",
        r#"<view layout="wrap"><button on:tap="a">Default</button><button type="primary" label="More latte" on:tap="b">+</button><button type="warn" disabled on:tap="c">Off</button><button>Nowhere</button><button form-type="submit">Formless</button></view>"#,
    ),
    (
        "navigator",
        r#"<view><navigator to="page:menu">Menu</navigator><navigator to="page:product?id=7&amp=1" label="Product 7">Seven</navigator><navigator to="https://example.org/a?b=c&d='e'">Out</navigator></view>"#,
    ),
    (
        "form",
        r#"<form label="Order" gap="large" on:submit="place"><input name="name" label="Name"/><button form-type="submit" type="primary">Order</button><button form-type="submit" disabled>Later</button></form>"#,
    ),
    (
        "form-without-submit",
        r#"<form on:submit="place"><input name="name" label="Name"/><button form-type="submit" disabled>Order</button></form>"#,
    ),
    (
        "input",
        r#"<form><input name="a" label="Text" value="x&quot;y" placeholder="here" hint="A hint" maxlength="40" required/><input name="b" label="Count" type="number" value="2"/><input name="c" label="Price" type="digit"/><input name="d" label="Mail" type="email" value=" a@b.c "/><input name="e" label="Secret" type="password" value="abc"/><input name="f" label="Day" type="date" value="someday"/><input name="g" label="Time" type="time" value="17:05"/><input name="h" label="Off" disabled value="no"/></form>"#,
    ),
    ("input-change", r#"<view layout="row"><input label="Your name" value="Ada" grow on:change="name"/></view>"#),
    (
        "input-typing",
        r#"<view><input label="Search" placeholder="Drinks" on:input="search"/><textarea label="Note" on:change="done" on:input="typed"/><picker label="Size" value="s" on:change="size"><option value="s">Small</option></picker><radio-group label="Milk" value="oat" on:change="milk"><radio value="oat">Oat</radio><radio value="cow">Cow</radio></radio-group><form><input name="a" label="Name" on:input="name"/></form></view>"#,
    ),
    (
        "textarea",
        r#"<form><textarea name="a" label="Note" value="one" rows="2" maxlength="100" hint="Short"/><textarea name="b" label="Empty" placeholder="Nothing yet"/></form>"#,
    ),
    (
        "picker",
        r#"<form><picker name="a" label="Syrup" value="v" hint="Ours"><option value="n">None</option><option value="v">Vanilla</option><option value="x" disabled>Sold out</option></picker><picker name="b" label="Nothing chosen" required><option value="n">None</option></picker></form>"#,
    ),
    (
        "radio-group",
        r#"<form><radio-group name="a" label="Milk" value="oat"><radio value="cow">Cow</radio><radio value="oat">Oat</radio></radio-group><radio-group name="b" label="Size" layout="row" required><slot><radio value="s">Small</radio></slot><each><radio key="m" value="m">Medium</radio><radio key="l" value="l" disabled>Large</radio></each></radio-group></form>"#,
    ),
    (
        "checkbox",
        r#"<view><checkbox name="a" label="Extra hot" hint="Careful" checked on:change="hot"/><checkbox name="b" label="Off" disabled required/></view>"#,
    ),
    ("switch", r#"<form><switch name="a" label="To go" checked/><switch name="b" label="Remind me"/></form>"#),
    (
        "list",
        r#"<list label="Drinks"><each><list-item key="a"><text>Latte</text><text tone="muted">With milk</text></list-item><list-item key="b" layout="row" label="Tea" on:tap="tea"><text grow>Tea</text><text>3.40</text></list-item></each><list-item surface="card"><text>Card</text></list-item></list>"#,
    ),
    (
        "list-ordered",
        r#"<list ordered><list-item><text>First</text></list-item><list-item><text>Second</text></list-item></list>"#,
    ),
    (
        "list-grid",
        r#"<list layout="grid"><list-item surface="card" label="Latte" to="page:latte"><text>Latte</text></list-item><list-item surface="card"><text>Tea</text></list-item><list-item surface="card"><text>Cocoa</text></list-item></list>"#,
    ),
    (
        "list-more",
        r#"<view label="Orders" on:refresh="anew" on:reach-bottom="older"><list on:reach-bottom="more"><list-item><text>First</text></list-item></list></view>"#,
    ),
    (
        "class",
        r#"<view class="page dark-2"><text class="price" tone="accent">4.20</text><image class="round" src="asset:none.svg" alt="None"/><input class="wide" name="a" label="A"/><separator class="thin"/><table label="T" class="striped"><table-row class="odd"><table-cell class="cell"/></table-row></table><dialog label="D" trigger="Open" class="sheet" gap="small"/><tabs label="T" class="tabs"><tab label="One" class="one" gap="none"/></tabs><disclosure label="More" class="fold" gap="large"/></view>"#,
    ),
    (
        "icon",
        r#"<view layout="row"><icon type="check" tone="success"/><icon type="heart" label="Favourite" size="large"/><icon type="next" size="small"/></view>"#,
    ),
    (
        "rich-text",
        r#"<rich-text size="small" live><span>Ready in </span><span strong tone="accent">5</span><span emphasis> minutes</span><span code>x > y & z</span><span to="page:menu">Menu</span><span to="https://example.org">Out</span></rich-text>"#,
    ),
    (
        "scroll-view",
        r#"<view><scroll-view label="Tags" scroll="x" gap="small"><text>Hot</text><text>Cold</text></scroll-view><scroll-view label="Terms" layout="wrap"><text>All of it</text></scroll-view></view>"#,
    ),
    (
        "swiper",
        r#"<swiper label="Offers"><swiper-item surface="card"><text>Latte</text></swiper-item><each><swiper-item key="b" gap="small"><text>Tea</text></swiper-item></each></swiper>"#,
    ),
    (
        "checkbox-group",
        r#"<form><checkbox-group label="Extras" hint="As many as you like" layout="wrap"><checkbox name="a" label="Shot" checked/><checkbox name="b" label="Syrup"/></checkbox-group></form>"#,
    ),
    (
        "slider",
        r#"<view><slider label="Cups" min="1" max="9" value="3" hint="For all of you" on:change="cups" on:input="cups-now"/><form><slider name="a" label="Heat" min="-20" max="100" step="10" value="33"/><slider name="b" label="Off" min="0" max="10" disabled/></form></view>"#,
    ),
    (
        "table",
        r#"<table label="Prices"><table-row><table-cell scope="column"><text>Drink</text></table-cell><table-cell scope="column" align="end"><text>Price</text></table-cell></table-row><each><table-row key="a"><table-cell scope="row"><text>Latte</text></table-cell><table-cell align="end"><text>4.20</text></table-cell></table-row><table-row key="b"><table-cell scope="row"><text>Tea</text></table-cell><table-cell align="end"><text tone="muted">3</text></table-cell></table-row></each></table>"#,
    ),
    (
        "dialog",
        r#"<view><dialog label="Delete <all>?" trigger="Delete…"><text>Nothing can bring it back.</text><view layout="row"><button closes>Keep</button><button type="warn" closes on:tap="delete">Delete</button></view></dialog><dialog label="News" trigger="What is new" open gap="small"><text>Tea</text></dialog><button closes>Nowhere</button></view>"#,
    ),
    (
        "dialog-told",
        r#"<view><dialog label="Delete it?" trigger="Delete…" open on:close="closed"><button closes>Keep</button><button closes disabled>Wait</button><button closes on:tap="delete">Delete</button></dialog></view>"#,
    ),
    (
        "disclosure",
        r#"<view><disclosure label="Allergens"><text>Milk</text></disclosure><disclosure label="Terms" open gap="small"><text>None</text></disclosure></view>"#,
    ),
    (
        "tabs",
        r#"<tabs label="Menu"><tab label="Hot"><text>Latte</text><tabs label="Sizes"><tab label="S" selected><text>Small</text></tab></tabs></tab><each><tab key="c" label="Cold & iced" selected gap="small"><input name="a" label="How cold" on:change="cold"/></tab></each></tabs>"#,
    ),
    ("progress", r#"<progress label="Brewing" percent="40"/>"#),
    ("separator", r#"<view><text>a</text><separator/><text>b</text></view>"#),
    (
        "slots",
        r#"<view><slot/><slot><text>there</text></slot><each/><each><view key="x"><slot><button on:tap="deep">Deep</button></slot></view></each></view>"#,
    ),
];

/// An error at each field `a`, a draft in each choice `b`.
pub(crate) fn overlay(sample: &Sample) -> Overlay {
    let mut overlay = Overlay::default();
    let tree = sample.tree();
    for field in offers(&tree, &token_key()).fields {
        if field.name == Some("a") {
            overlay.errors.insert(field.key, "Not <b>good</b> enough".to_owned());
        }
        if field.name == Some("b") && !field.options.is_empty() {
            let typed = field.options.iter().rfind(|option| !option.disabled).unwrap().value.to_string();
            overlay.drafts.insert(field.key, Draft { belief: field.value, typed });
        }
    }
    overlay
}
