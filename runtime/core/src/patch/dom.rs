//! What the HTML writer wrote, as elements: so that two renderings of one element
//! can be compared without a second description of what each element looks like.
//!
//! Reads only what our own writer writes (lower-case tags, quoted attributes, text
//! and elements, five references); anything else is `None`. [`HOLE`] stands for
//! what the comparison does not look into: an element's own children.

use std::borrow::Cow;

use super::op::Op;

/// Stands where children go. No text has it: the escaping function replaces
/// control characters.
pub(super) const HOLE: char = '\u{1}';

/// Elements without an end.
const VOID: [&str; 4] = ["input", "img", "hr", "path"];

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element<'h> {
    pub(super) tag: &'h str,
    /// Values as a browser reads them.
    pub(super) attributes: Vec<(&'h str, Cow<'h, str>)>,
    pub(super) children: Vec<Child<'h>>,
    /// The HTML that it was read from.
    source: &'h str,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Child<'h> {
    Element(Element<'h>),
    /// As a browser reads it.
    Text(Cow<'h, str>),
    Hole,
}

impl<'h> Child<'h> {
    fn element(&self) -> Option<&Element<'h>> {
        match self {
            Child::Element(element) => Some(element),
            Child::Text(_) | Child::Hole => None,
        }
    }
}

/// Reads the elements of `html`, one after another.
pub(super) fn parse(html: &str) -> Option<Vec<Child<'_>>> {
    let mut reader = Reader { html, at: 0 };
    let children = reader.children()?;
    (reader.at == html.len()).then_some(children)
}

/// Reads `html`, which is one element.
pub(super) fn parse_one(html: &str) -> Option<Element<'_>> {
    match parse(html)?.as_mut_slice() {
        [Child::Element(element)] => Some(element.clone()),
        _ => None,
    }
}

struct Reader<'h> {
    html: &'h str,
    at: usize,
}

impl<'h> Reader<'h> {
    fn rest(&self) -> &'h str {
        self.html.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, expected: &str) -> Option<()> {
        let found = self.rest().starts_with(expected);
        found.then(|| self.at += expected.len())
    }

    /// Up to one of `stops`, or to the end.
    fn until(&mut self, stops: &[char]) -> &'h str {
        let rest = self.rest();
        let length = rest.find(stops).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Up to the end of the element around, or of everything.
    fn children(&mut self) -> Option<Vec<Child<'h>>> {
        let mut children = Vec::new();
        loop {
            let rest = self.rest();
            if rest.is_empty() || rest.starts_with("</") {
                return Some(children);
            }
            if rest.starts_with('<') {
                children.push(Child::Element(self.element()?));
            } else if self.eat("\u{1}").is_some() {
                children.push(Child::Hole);
            } else {
                let text = self.until(&['<', HOLE]);
                children.push(Child::Text(unescape(text)?));
            }
        }
    }

    fn element(&mut self) -> Option<Element<'h>> {
        let start = self.at;
        self.eat("<")?;
        let tag = self.until(&[' ', '>', '/']);
        let mut attributes = Vec::new();
        let closed = loop {
            if self.eat(">").is_some() {
                break false;
            }
            if self.eat("/>").is_some() {
                break true;
            }
            self.eat(" ")?;
            let name = self.until(&['=', ' ', '>', '/']);
            let value = match self.eat("=\"") {
                Some(()) => {
                    let value = self.until(&['"']);
                    self.eat("\"")?;
                    unescape(value)?
                }
                None => Cow::Borrowed(""),
            };
            attributes.push((name, value));
        };
        let mut children = Vec::new();
        if !closed && !VOID.contains(&tag) {
            if tag == "textarea" {
                // The parser swallows one line break here.
                let _ = self.eat("\n");
            }
            children = self.children()?;
            self.eat("</")?;
            self.eat(tag)?;
            self.eat(">")?;
        }
        let source = self.html.get(start..self.at)?;
        Some(Element { tag, attributes, children, source })
    }
}

/// The references that the escaping function writes.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('&') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        let references = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        let (reference, character) = references.into_iter().find(|(reference, _)| rest.starts_with(reference))?;
        out.push(character);
        rest = rest.get(reference.len()..)?;
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// How one rendering of an element becomes another one.
#[derive(Debug, Default)]
pub(super) struct Shallow<'h> {
    /// For everything but what follows the hole.
    pub(super) ops: Vec<Op>,
    /// The way from the element to the one that has the hole.
    pub(super) path: Vec<u32>,
    /// How many elements stand there before the hole, in the new rendering.
    pub(super) offset: u32,
    /// What follows the hole, in both.
    tail: (Vec<Child<'h>>, Vec<Child<'h>>),
}

impl Shallow<'_> {
    /// What to do with what follows the hole, `before` elements stand before it.
    pub(super) fn tail_ops(&self, before: u32) -> Option<Vec<Op>> {
        let (old, new) = &self.tail;
        let mut ops = Vec::new();
        let mut unused = Shallow::default();
        align(old, new, before, &mut ops, &mut unused).then_some(ops)
    }
}

/// Compares two renderings of one element. `None` where another element has to
/// take its place.
pub(super) fn compare<'h>(old: &Element<'h>, new: &Element<'h>) -> Option<Shallow<'h>> {
    let mut found = Shallow::default();
    let mut ops = Vec::new();
    element(old, new, &mut ops, &mut found).then_some(Shallow { ops, ..found })
}

/// False where `old` cannot become `new`.
fn element<'h>(old: &Element<'h>, new: &Element<'h>, ops: &mut Vec<Op>, found: &mut Shallow<'h>) -> bool {
    if old.tag != new.tag {
        return false;
    }
    for (name, value) in &new.attributes {
        if old.attributes.iter().all(|(known, before)| known != name || before != value) {
            ops.push(Op::Attribute((*name).to_owned(), Some(value.clone().into_owned())));
        }
    }
    for (name, _) in &old.attributes {
        if new.attributes.iter().all(|(known, _)| known != name) {
            ops.push(Op::Attribute((*name).to_owned(), None));
        }
    }
    if old.children == new.children && !has_hole(&new.children) {
        return true;
    }
    match (text_alone(old), text_alone(new)) {
        (Some(old), Some(new)) => {
            if old != new {
                ops.push(Op::Text(new.to_owned()));
            }
            return true;
        }
        (None, None) => {}
        _ => return false,
    }
    let hole = |children: &[Child<'h>]| children.iter().position(|child| *child == Child::Hole);
    match (hole(&old.children), hole(&new.children)) {
        (Some(of_old), Some(of_new)) => {
            let (before_old, after_old) = old.children.split_at(of_old);
            let (before_new, after_new) = new.children.split_at(of_new);
            found.offset = elements(before_new);
            found.tail =
                (after_old.get(1..).unwrap_or_default().to_vec(), after_new.get(1..).unwrap_or_default().to_vec());
            align(before_old, before_new, 0, ops, found)
        }
        (None, None) => align(&old.children, &new.children, 0, ops, found),
        _ => false,
    }
}

/// What stands in an element that has nothing but text, or nothing.
fn text_alone<'e>(element: &'e Element<'_>) -> Option<&'e str> {
    match element.children.as_slice() {
        [] => Some(""),
        [Child::Text(text)] => Some(text),
        _ => None,
    }
}

fn elements(children: &[Child<'_>]) -> u32 {
    u32::try_from(children.iter().filter_map(Child::element).count()).unwrap_or(u32::MAX)
}

fn has_hole(children: &[Child<'_>]) -> bool {
    children.iter().any(|child| match child {
        Child::Hole => true,
        Child::Element(element) => has_hole(&element.children),
        Child::Text(_) => false,
    })
}

/// Makes some children others: those that are alike at the beginning and at the
/// end become each other, what is left in between goes and comes.
fn align<'h>(old: &[Child<'h>], new: &[Child<'h>], base: u32, ops: &mut Vec<Op>, found: &mut Shallow<'h>) -> bool {
    let texts = |children: &[Child<'h>]| -> Vec<Child<'h>> {
        children.iter().filter(|child| child.element().is_none()).cloned().collect()
    };
    // Text beside elements has no address.
    if texts(old) != texts(new) {
        return false;
    }
    let (old, new): (Vec<_>, Vec<_>) =
        (old.iter().filter_map(Child::element).collect(), new.iter().filter_map(Child::element).collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| alike(old, new)).count();
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| alike(old, new)).count();
    let gone = old_rest.get(..old_rest.len() - end).unwrap_or_default();
    let come = new_rest.get(..new_rest.len() - end).unwrap_or_default();
    if gone.iter().chain(come).any(|element| has_hole(&element.children)) {
        return false;
    }
    let count = |elements: &[&Element<'h>]| u32::try_from(elements.len()).unwrap_or(u32::MAX);
    let at = base + u32::try_from(start).unwrap_or(u32::MAX);
    if !gone.is_empty() {
        ops.push(Op::Remove(at, count(gone)));
    }
    if !come.is_empty() {
        ops.push(Op::Insert(at, come.iter().map(|element| element.source).collect()));
    }
    let same = old.iter().zip(&new).take(start).enumerate();
    let last = old.iter().skip(old.len() - end).zip(new.iter().skip(new.len() - end)).enumerate();
    let behind = at + count(come);
    let pairs = same
        .map(|(position, pair)| (base, position, pair))
        .chain(last.map(|(position, pair)| (behind, position, pair)));
    for (from, position, (old, new)) in pairs {
        let index = from + u32::try_from(position).unwrap_or(u32::MAX);
        let holds = has_hole(&new.children);
        let mut inner = Vec::new();
        if !element(old, new, &mut inner, found) {
            if holds {
                return false;
            }
            inner = vec![Op::Replace(new.source.to_owned())];
        }
        if holds {
            found.path.insert(0, index);
        }
        ops.extend(Op::down(index, inner));
    }
    true
}

/// Whether one can become the other with little: the same tag and first class.
fn alike(old: &Element<'_>, new: &Element<'_>) -> bool {
    let class = |element: &Element<'_>| {
        let class = element.attributes.iter().find(|(name, _)| *name == "class");
        class.and_then(|(_, value)| value.split(' ').next().map(str::to_owned))
    };
    old.tag == new.tag && class(old) == class(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ops(old: &str, new: &str) -> Option<Vec<Op>> {
        compare(&parse_one(old).unwrap(), &parse_one(new).unwrap()).map(|found| found.ops)
    }

    #[test]
    fn only_what_the_writer_writes_is_read() {
        let html = "<div class=\"a\"><input type=\"text\" disabled value=\"&lt;&#39;\"><p>a &amp; b</p><textarea>\n\nx</textarea></div>";
        let Element { tag, attributes, children, source } = parse_one(html).unwrap();
        assert_eq!((tag, source), ("div", html));
        assert_eq!(attributes, [("class", Cow::Borrowed("a"))]);
        let input = children[0].element().unwrap();
        assert_eq!(input.attributes[1..], [("disabled", Cow::Borrowed("")), ("value", Cow::Borrowed("<'"))]);
        assert_eq!(text_alone(children[1].element().unwrap()), Some("a & b"));
        assert_eq!(text_alone(children[2].element().unwrap()), Some("\nx"));
        for bad in ["<p>", "<p></b>", "<p a=b></p>", "<p>&nbsp;</p>", "</p>", "<p x=\"y></p>", "<"] {
            assert!(parse_one(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn attributes_and_texts_become_others() {
        assert_eq!(
            ops("<p a=\"1\" b>x</p>", "<p a=\"2\" c>y</p>"),
            Some(vec![
                Op::Attribute("a".into(), Some("2".into())),
                Op::Attribute("c".into(), Some(String::new())),
                Op::Attribute("b".into(), None),
                Op::Text("y".into()),
            ])
        );
        assert_eq!(ops("<p>x</p>", "<a>x</a>"), None);
        assert_eq!(ops("<p></p>", "<p>x</p>"), Some(vec![Op::Text("x".into())]));
    }

    #[test]
    fn notes_of_a_field_come_and_go_without_touching_the_field() {
        let plain = "<div class=\"f\"><label>n</label><input class=\"b\"></div>";
        let wrong =
            "<div class=\"f w\"><label>n</label><input class=\"b\" aria-invalid=\"true\"><p class=\"e\">no</p></div>";
        assert_eq!(
            ops(plain, wrong),
            Some(vec![
                Op::Attribute("class".into(), Some("f w".into())),
                Op::Insert(2, "<p class=\"e\">no</p>".into()),
                Op::Down(vec![1], vec![Op::Attribute("aria-invalid".into(), Some("true".into()))]),
            ])
        );
        assert!(ops(wrong, plain).unwrap().contains(&Op::Remove(2, 1)));
    }

    #[test]
    fn text_beside_elements_is_replaced_as_a_whole() {
        let label = |text: &str| format!("<div><label>{text}<span> *</span></label></div>");
        let (old, new) = (label("a"), label("b"));
        assert_eq!(
            ops(&old, &new),
            Some(vec![Op::Down(vec![0], vec![Op::Replace("<label>b<span> *</span></label>".into())])])
        );
    }

    #[test]
    fn the_hole_is_found_and_what_follows_it_waits() {
        let old = "<div><b></b><div>\u{1}</div></div>";
        let new = "<div><b></b><div><i></i>\u{1}<u></u></div></div>";
        let (old, new) = (parse_one(old).unwrap(), parse_one(new).unwrap());
        let found = compare(&old, &new).unwrap();
        assert_eq!((found.path.as_slice(), found.offset), ([1].as_slice(), 1));
        assert_eq!(found.ops, [Op::Down(vec![1], vec![Op::Insert(0, "<i></i>".into())])]);
        assert_eq!(found.tail_ops(4), Some(vec![Op::Insert(4, "<u></u>".into())]));
        // What has the hole cannot be replaced without what is in it.
        let other = parse_one("<div><b></b><p>\u{1}</p></div>").unwrap();
        assert!(compare(&old, &other).is_none());
    }
}
