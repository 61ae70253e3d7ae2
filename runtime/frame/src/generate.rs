//! Random views that keep every rule, for tests of whatever takes a view. The
//! same seed gives the same view. Texts are chosen to hurt: markup, quotes,
//! control characters, directions, wide and joined characters.

use crate::element::{Attribute, AttributeKind, Content, Element, Event};
use crate::frame::{Frame, FrameWriter};
use crate::template::{AttributeValue, Body, Child, Node, SlotKind, Template, Templates};
use crate::url::UrlKind;

/// A view that keeps every rule.
#[derive(Debug, Clone)]
pub struct View {
    /// The templates that the frame names.
    pub bundle: Templates,
    /// The frame; every third one defines its templates itself.
    pub frame: Frame,
}

/// Texts that stand in generated views.
pub const TEXTS: &[&str] = &[
    "Latte",
    "",
    "<script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "&amp;&lt;",
    "</textarea></select></p><b>",
    "a\0b\u{1b}[31mc\u{7}\u{9b}2J\rd\u{7f}",
    "one\r\ntwo\n\nthree\tfour",
    "\u{202e}evil\u{202d}\u{2066}\u{200f}",
    "拿铁咖啡，中杯，燕麦奶",
    "👩‍👩‍👧‍👦 🇩🇪 e\u{301}\u{301}\u{301}",
    "A sentence that is long enough to be broken into several lines on every screen.",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenwechselautomat",
    "  blanks  ",
    "javascript:alert(1)",
];

/// The view of this seed.
pub fn view(seed: u64) -> View {
    let mut generator = Generator {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d,
        nodes: 0,
        bundle: Templates::default(),
        used: Vec::new(),
        writer: FrameWriter::new(),
    };
    generator.instance(None, false, 0);
    let mut frame = generator.writer.finish(&[]);
    let mut bundle = generator.bundle;
    if seed.is_multiple_of(3) {
        // Numbered alike, whether they are named or defined.
        frame.templates.clear();
        for template in &generator.used {
            frame.definitions.extend_from_slice(template.encoding());
        }
        bundle = Templates::default();
    }
    View { bundle, frame }
}

/// A template of this seed.
pub fn template(seed: u64) -> Template {
    let mut generator = Generator {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x94d0_49bb_1331_11eb,
        nodes: 0,
        bundle: Templates::default(),
        used: Vec::new(),
        writer: FrameWriter::new(),
    };
    let element = generator.element(None, false);
    generator.template(element, false, false)
}

/// What decides at random.
pub(crate) struct Generator {
    state: u64,
    nodes: u32,
    bundle: Templates,
    /// By their numbers in the frame.
    used: Vec<Template>,
    writer: FrameWriter,
}

impl Generator {
    /// One that only decides.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            nodes: 0,
            bundle: Templates::default(),
            used: Vec::new(),
            writer: FrameWriter::new(),
        }
    }

    /// A number below `below`, which is not 0.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 11) % below as u64).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let at = self.below(from.len());
        from.get(at).copied()
    }

    fn instance(&mut self, parent: Option<Element>, in_form: bool, level: u32) {
        let element = self.element(parent, in_form);
        let template = self.template(element, in_form, level > 6 || self.nodes > 300);
        self.writer.instance(template.id());
        if self.bundle.position(template.id()).is_none() {
            self.bundle.insert(template.clone());
            self.used.push(template.clone());
        }
        for slot in template.slots() {
            match slot.kind {
                SlotKind::Text => {
                    let text = self.text();
                    self.writer.text(&text);
                }
                SlotKind::Attribute(attribute) => {
                    let needed = slot.element.definition().required.contains(&attribute);
                    let value = (needed || self.chance(60)).then(|| self.value(attribute.kind()));
                    self.writer.attribute(value.as_deref());
                }
                SlotKind::Flag(_) => {
                    let on = self.chance(50);
                    self.writer.flag(on);
                }
                SlotKind::Handler(_) => {
                    let message = [u8::try_from(self.below(200)).unwrap_or(0), 0xff, b'<'];
                    let length = self.below(4);
                    let message = self.chance(80).then(|| message.get(..length).unwrap_or_default());
                    self.writer.handler(message);
                }
                SlotKind::Child => {
                    let present = self.chance(60);
                    self.writer.child(present);
                    if present {
                        self.instance(Some(slot.element), in_form || slot.in_form, level + 1);
                    }
                }
                SlotKind::List => {
                    let items = self.below(4);
                    self.writer.list(items);
                    for item in 0..items {
                        let key = format!("{item}{}", self.text());
                        self.writer.key(&key);
                        self.instance(Some(slot.element), in_form || slot.in_form, level + 1);
                    }
                }
            }
        }
    }

    /// An element that can stand in `parent`.
    fn element(&mut self, parent: Option<Element>, in_form: bool) -> Element {
        let fits: Vec<_> = Element::ALL
            .iter()
            .copied()
            .filter(|element| match parent {
                Some(parent) => parent.refuse_child(*element).is_none(),
                None => element.definition().parent.is_none(),
            })
            .filter(|element| !(in_form && *element == Element::Form))
            .collect();
        let containers: Vec<_> =
            fits.iter().copied().filter(|element| element.definition().content == Content::Children).collect();
        // Mostly containers at the top, or nothing would ever be nested.
        let from = if parent.is_none() || self.chance(25) { containers } else { fits.clone() };
        self.pick(&from).or_else(|| self.pick(&fits)).unwrap_or(Element::View)
    }

    /// A template with this root; `flat` ones have nothing inside.
    fn template(&mut self, element: Element, in_form: bool, flat: bool) -> Template {
        loop {
            let root = self.node(element, in_form, if flat { 9 } else { 0 });
            match Template::new(root) {
                Ok(template) => return template,
                // A rule that `node` does not know would be found here, loudly.
                Err(error) => debug_assert!(false, "{error}"),
            }
        }
    }

    fn node(&mut self, element: Element, in_form: bool, level: u32) -> Node {
        self.nodes += 1;
        let definition = element.definition();
        let mut attributes: Vec<(Attribute, AttributeValue)> = Vec::new();
        for attribute in definition.attributes {
            if definition.required.contains(attribute) || self.chance(40) {
                let slot = !definition.fixed.contains(attribute) && self.chance(50);
                let value =
                    if slot { AttributeValue::Slot } else { AttributeValue::Static(self.value(attribute.kind())) };
                attributes.push((*attribute, value));
            }
        }
        let mut events: Vec<Event> = Vec::new();
        for event in definition.events {
            if self.chance(60) {
                events.push(*event);
            }
        }
        self.keep_rules(element, &mut attributes, &mut events);
        let body = self.body(element, in_form, level);
        Node { element, attributes, events, body }
    }

    /// The rules about several attributes at once.
    fn keep_rules(
        &mut self,
        element: Element,
        attributes: &mut Vec<(Attribute, AttributeValue)>,
        events: &mut Vec<Event>,
    ) {
        let has =
            |attributes: &[(Attribute, AttributeValue)], wanted| attributes.iter().any(|(known, _)| *known == wanted);
        match element {
            Element::View | Element::ListItem => {
                if has(attributes, Attribute::To) {
                    events.retain(|event| *event != Event::Tap);
                }
                let pressed = has(attributes, Attribute::To) || events.contains(&Event::Tap);
                if pressed && !has(attributes, Attribute::Label) {
                    attributes.push((Attribute::Label, AttributeValue::Static(self.text())));
                }
            }
            Element::Button => {
                let submit = attributes.iter().any(|(attribute, value)| {
                    *attribute == Attribute::FormType && *value == AttributeValue::Static("submit".to_owned())
                });
                if submit {
                    events.clear();
                }
            }
            element if element.is_field() && !has(attributes, Attribute::Name) && events.is_empty() => {
                attributes.push((Attribute::Name, AttributeValue::Static("name".to_owned())));
            }
            _ => {}
        }
        attributes.sort_by_key(|(attribute, _)| *attribute);
    }

    fn body(&mut self, element: Element, in_form: bool, level: u32) -> Body {
        let in_form = in_form || element == Element::Form;
        match element.definition().content {
            Content::Empty => Body::Empty,
            Content::Text => match (self.chance(50), self.text()) {
                (true, _) => Body::TextSlot,
                (false, text) if text.is_empty() => Body::Empty,
                (false, text) => Body::Text(text),
            },
            Content::Children | Content::Only(_) => {
                let count = if level > 3 { 0 } else { self.below(4) };
                let mut children = Vec::new();
                for _ in 0..count {
                    children.push(match self.below(5) {
                        0 => Child::Slot,
                        1 => Child::List,
                        _ => {
                            let child = self.element(Some(element), in_form);
                            Child::Element(self.node(child, in_form, level + 1))
                        }
                    });
                }
                if children.is_empty() { Body::Empty } else { Body::Children(children) }
            }
        }
    }

    pub(crate) fn text(&mut self) -> String {
        self.pick(TEXTS).unwrap_or_default().to_owned()
    }

    pub(crate) fn value(&mut self, kind: AttributeKind) -> String {
        match kind {
            AttributeKind::Text => self.text(),
            AttributeKind::Flag => String::new(),
            AttributeKind::Word(words) => self.pick(words).unwrap_or_default().to_owned(),
            AttributeKind::Integer(least, most) => {
                let span = usize::try_from(most - least + 1).unwrap_or(1);
                (least + i64::try_from(self.below(span)).unwrap_or(0)).to_string()
            }
            AttributeKind::Name => self.pick(&["name", "size", "pick-up"]).unwrap_or_default().to_owned(),
            AttributeKind::Classes => {
                self.pick(&["card", "price big", "x x-1 xmp-view"]).unwrap_or_default().to_owned()
            }
            AttributeKind::Url(kinds) => match self.pick(kinds) {
                Some(UrlKind::Asset) | None => self.pick(&["asset:latte.svg", "asset:none/there.png"]),
                Some(UrlKind::Page) => self.pick(&["page:menu", "page:product?id=7&q=%22%3E"]),
                Some(UrlKind::Web) => self.pick(&["https://example.org/a?b='c'&d=e#f", "https://example.org"]),
            }
            .unwrap_or_default()
            .to_owned(),
        }
    }
}
