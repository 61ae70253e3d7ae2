//! From what a form posted to the events that it means. Decides by the view
//! that the program shows *now*: what that does not offer, does not happen.
//!
//! A page is one form, so a post carries every field. Fields that differ from
//! what the program believes and want to be told (`input`, `change`) are delivered
//! first, in the order of the view, then the button that was pressed; all of them
//! are one event. What is told while somebody types is about that field alone.
//! Whatever else was typed is kept as drafts. Text that is too long to be kept is
//! refused with everything that came with it.

use std::collections::{BTreeMap, BTreeSet};

use mprun_core::view::field::{FIELD_BYTES_MAX, Field, Refused};
use mprun_core::view::identity::{FieldKey, Token};
use mprun_core::view::offers::Offers;
use mprun_core::view::overlay::{Draft, Overlay};
use mprun_frame::element;

use super::shown;
use crate::bindings::exports::mprun::app::program::Event;
use crate::failure::PageError;

/// What a post means.
#[derive(Debug)]
pub(super) enum Plan {
    /// The button is not offered any more. The overlay keeps what was typed.
    Stale(Overlay),
    /// A field has something that it cannot take; the overlay says so.
    Refused(Overlay),
    /// Nothing to tell the program; the overlay keeps what was typed.
    Nothing(Overlay),
    /// These events, together.
    Deliver(Delivery),
}

/// Events to deliver as one.
#[derive(Debug)]
pub(super) struct Delivery {
    /// In this order, on one instance; each with the field whose change it tells.
    pub(super) events: Vec<(Event, Option<FieldKey>)>,
    /// What lies over the page if the program takes them.
    pub(super) taken: Overlay,
    /// What lies over the page if it refuses: everything that was typed.
    pub(super) refused: Overlay,
    /// Keys of fields by their names, those of a submitted form first: where
    /// errors of a refusal belong.
    pub(super) names: Vec<(String, FieldKey)>,
}

/// What was posted, by field; the last value of a name wins, because a checkbox
/// is posted as a hidden `false` and then perhaps `true`.
pub(super) fn posted(fields: &[(String, String)]) -> BTreeMap<FieldKey, &str> {
    fields
        .iter()
        .filter_map(|(name, value)| {
            let key = FieldKey::from_input_name(name).or_else(|| name.parse().ok())?;
            Some((key, value.as_str()))
        })
        .collect()
}

/// Decides what a post means. `token` is the button, `None` for the Enter key;
/// `locale` is the language of what is said at fields.
///
/// # Errors
/// A field with more text than any takes.
pub(super) fn plan(
    offers: &Offers<'_>,
    token: Option<&str>,
    posted: &BTreeMap<FieldKey, &str>,
    before: &Overlay,
    locale: &str,
) -> Result<Plan, PageError> {
    let fields = Fields::read(offers, posted, before)?;
    let pressed = match token {
        None => Pressed::enter(offers, &fields),
        Some(token) => match token.parse::<Token>().ok().filter(|token| offers.handlers.contains_key(token)) {
            Some(token) => Pressed::Handler(token),
            None => return Ok(Plan::Stale(fields.drafts(|_| false))),
        },
    };
    let used = match &pressed {
        Pressed::Handler(token) => offers.handlers.get(token),
        Pressed::Nothing => None,
    };
    let form = used.and_then(|offer| offer.form);
    // Nobody is done with the other fields yet, and a mistake in one of them must
    // not keep this one from being told.
    let typing = used.filter(|offer| offer.event == element::Event::Input).and_then(|offer| offer.field);
    let submitted = |index: usize| form.is_some() && offers.fields.get(index).is_some_and(|field| field.form == form);
    let told = |index: usize| match typing {
        Some(only) => index == only,
        None => offers.fields.get(index).is_some_and(Field::is_told),
    };

    if fields.refused.keys().any(|index| submitted(*index) || told(*index)) {
        return Ok(Plan::Refused(fields.with_errors(offers, locale)));
    }

    let mut events = Vec::new();
    for (index, value) in fields.changed.iter().filter(|_| typing.is_none()) {
        let Some(field) = offers.fields.get(*index) else { continue };
        // As a browser does: typed, then changed. What was used is delivered below.
        for token in [field.input, field.change].into_iter().flatten().filter(|token| !pressed.is(*token)) {
            if let Some(offer) = offers.handlers.get(&token) {
                events.push((field_event(offer.event, offer.message, value), Some(field.key)));
            }
        }
    }
    if let Some(offer) = used {
        let field = offer.field.and_then(|index| Some((index, offers.fields.get(index)?.key)));
        let event = match offer.event {
            element::Event::Tap | element::Event::Refresh | element::Event::ReachBottom | element::Event::Close => {
                event(offer.event.name(), offer.message, Vec::new())
            }
            element::Event::Change | element::Event::Input => {
                let value = field.map(|(index, _)| fields.value(offers, index)).unwrap_or_default();
                field_event(offer.event, offer.message, &value)
            }
            element::Event::Submit => {
                let values = form
                    .and_then(|form| offers.forms.get(form))
                    .map(|form| form.fields.as_slice())
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|index| {
                        let name = offers.fields.get(*index).filter(|field| !field.disabled)?.name?;
                        Some((name.to_owned(), fields.value(offers, *index)))
                    })
                    .collect();
                event("submit", offer.message, values)
            }
        };
        events.push((event, field.map(|(_, key)| key)));
    }
    if events.is_empty() {
        return Ok(Plan::Nothing(fields.drafts(|_| false)));
    }
    // What is only told while it is typed is the user's until it is handed in.
    let settled = |index: usize| {
        let field = offers.fields.get(index).filter(|_| typing.is_none());
        field.is_some_and(|field| field.change.is_some() || field.input.is_some() && field.form.is_none())
    };
    let mut taken = fields.drafts(|index| settled(index) || submitted(index));
    match typing.and_then(|index| offers.fields.get(index)) {
        Some(field) => drop(taken.errors.remove(&field.key)),
        None => taken.errors.clear(),
    }
    let names = names(offers, form);
    Ok(Plan::Deliver(Delivery { events, taken, refused: fields.drafts(|_| false), names }))
}

/// What lies over the page where nothing was pressed: what was typed is kept,
/// errors stay until something is.
///
/// # Errors
/// As [`plan`].
pub(super) fn keep(
    offers: &Offers<'_>,
    posted: &BTreeMap<FieldKey, &str>,
    before: &Overlay,
) -> Result<Overlay, PageError> {
    Ok(Fields::read(offers, posted, before)?.drafts(|_| false))
}

/// What the user pressed.
enum Pressed {
    Handler(Token),
    Nothing,
}

impl Pressed {
    /// What Enter means: the form in which something was typed, if that is one
    /// form, or the only form of the page.
    fn enter(offers: &Offers<'_>, fields: &Fields) -> Pressed {
        let touched: BTreeSet<usize> =
            fields.changed.keys().filter_map(|index| offers.fields.get(*index).and_then(|field| field.form)).collect();
        let elsewhere =
            fields.changed.keys().any(|index| offers.fields.get(*index).is_some_and(|field| field.form.is_none()));
        let form = match (touched.len(), offers.forms.len()) {
            (1, _) => touched.first().copied(),
            // Whoever has typed into a field of no form means that field.
            (0, 1) if !elsewhere => Some(0),
            _ => None,
        };
        match form.and_then(|form| offers.forms.get(form)).and_then(|form| form.submit) {
            Some(submit) => Pressed::Handler(submit),
            None => Pressed::Nothing,
        }
    }

    fn is(&self, token: Token) -> bool {
        matches!(self, Pressed::Handler(pressed) if *pressed == token)
    }
}

/// What was posted, read by the fields of the view.
struct Fields {
    /// By position: what differs from the program's value, or did when it was told.
    changed: BTreeMap<usize, String>,
    /// By position: what the field cannot take.
    refused: BTreeMap<usize, (String, Refused)>,
    /// What lies over the page if nothing is taken.
    overlay: Overlay,
    keys: Vec<FieldKey>,
}

impl Fields {
    fn read(offers: &Offers<'_>, posted: &BTreeMap<FieldKey, &str>, before: &Overlay) -> Result<Fields, PageError> {
        let mut read = Fields {
            changed: BTreeMap::new(),
            refused: BTreeMap::new(),
            overlay: before.clone(),
            keys: offers.fields.iter().map(|field| field.key).collect(),
        };
        for (index, field) in offers.fields.iter().enumerate() {
            // What is not sent is as it was: what was typed before, or what the
            // program says.
            let typed = || before.drafts.get(&field.key).filter(|draft| draft.belief == field.value);
            let value = posted.get(&field.key).copied().or_else(|| typed().map(|draft| draft.typed.as_str()));
            let Some(value) = value else { continue };
            match field.accept(value) {
                Ok(value) if value == field.value => {
                    let was_typed = read.overlay.drafts.remove(&field.key).is_some();
                    // Whoever is told what is typed is told that it is gone.
                    if was_typed && field.input.is_some() {
                        read.changed.insert(index, value);
                    }
                }
                Ok(value) => {
                    read.keep(field, &value);
                    read.changed.insert(index, value);
                }
                // Nobody can have typed that: a page of another moment.
                Err(Refused::Disabled | Refused::NotAnOption | Refused::NotInRange | Refused::NotABoolean) => {}
                // The program shows more than it takes back, and nobody has touched it.
                Err(Refused::TooLarge { .. }) if is_untouched(field, value) => {
                    read.overlay.drafts.remove(&field.key);
                }
                Err(Refused::TooLarge { bytes }) => {
                    let what = format!("a field has {bytes} bytes, at most {FIELD_BYTES_MAX} are possible");
                    return Err(PageError::TooLarge { what });
                }
                Err(refused) => {
                    read.keep(field, value);
                    read.refused.insert(index, ((*value).to_owned(), refused));
                }
            }
        }
        if shown::too_much(&read.overlay.drafts).is_some() {
            // Nobody can shorten what the view does not show any more.
            let field_of = |key: &FieldKey| offers.fields.iter().find(|field| field.key == *key);
            read.overlay.drafts.retain(|key, draft| field_of(key).is_some_and(|field| field.value == draft.belief));
        }
        Ok(read)
    }

    fn keep(&mut self, field: &Field<'_>, typed: &str) {
        // A password is told to the program with its form, and never written down.
        if field.input_type == "password" {
            return;
        }
        let draft = Draft { belief: field.value.clone(), typed: typed.to_owned() };
        self.overlay.drafts.insert(field.key, draft);
    }

    /// The field's value as it was posted, or as the program has it.
    fn value(&self, offers: &Offers<'_>, index: usize) -> String {
        match self.changed.get(&index) {
            Some(value) => value.clone(),
            None => offers.fields.get(index).map(|field| field.value.clone()).unwrap_or_default(),
        }
    }

    /// What lies over the page where the program has taken the fields that
    /// `taken` says.
    fn drafts(&self, taken: impl Fn(usize) -> bool) -> Overlay {
        let mut overlay = self.overlay.clone();
        for (index, key) in self.keys.iter().enumerate() {
            if taken(index) {
                overlay.drafts.remove(key);
                overlay.errors.remove(key);
            }
        }
        overlay
    }

    fn with_errors(&self, offers: &Offers<'_>, locale: &str) -> Overlay {
        let mut overlay = self.overlay.clone();
        overlay.errors.clear();
        for (index, (_, refused)) in &self.refused {
            if let Some(field) = offers.fields.get(*index) {
                overlay.errors.insert(field.key, refused.said(locale));
            }
        }
        overlay
    }
}

/// Whether a browser posts this where nobody has changed the program's value.
fn is_untouched(field: &Field<'_>, posted: &str) -> bool {
    posted.replace("\r\n", "\n").replace('\r', "\n") == field.value
}

/// Names of fields, those of the submitted form first.
fn names(offers: &Offers<'_>, form: Option<usize>) -> Vec<(String, FieldKey)> {
    let mut fields: Vec<&Field<'_>> = offers.fields.iter().collect();
    fields.sort_by_key(|field| form.is_none() || field.form != form);
    fields.iter().filter_map(|field| Some((field.name?.to_owned(), field.key))).collect()
}

impl Delivery {
    /// What lies over the page after a refusal that names fields; `value` is the
    /// field whose change was told. Errors that no field takes are returned as text.
    pub(super) fn refusal(&self, details: &[(String, String)], told: Option<FieldKey>) -> (Overlay, Vec<String>) {
        let mut overlay = self.refused.clone();
        overlay.errors.clear();
        let mut homeless = Vec::new();
        for (name, why) in details {
            let named = || self.names.iter().find(|(known, _)| known == name).map(|(_, key)| *key);
            match told.filter(|_| name == "value").or_else(named) {
                Some(key) => {
                    overlay.errors.entry(key).or_insert_with(|| why.clone());
                }
                None => homeless.push(why.clone()),
            }
        }
        (overlay, homeless)
    }
}

fn field_event(kind: element::Event, message: &[u8], value: &str) -> Event {
    event(kind.name(), message, vec![("value".to_owned(), value.to_owned())])
}

/// An event of a page.
pub(super) fn event(kind: &str, message: &[u8], values: Vec<(String, String)>) -> Event {
    Event { kind: kind.to_owned(), message: message.to_vec(), values, payload: Vec::new() }
}

#[cfg(test)]
mod tests {
    use mprun_core::view::identity::{Path, Place, TokenKey};
    use mprun_core::view::offers::offers;
    use mprun_frame::element::{Attribute, Element};
    use mprun_frame::frame::FrameWriter;
    use mprun_frame::limits::FrameLimits;
    use mprun_frame::template::{AttributeValue, Body, Child, Node, Template, Templates};
    use mprun_frame::tree::Tree;

    use super::*;

    /// `Search` tells what is typed and what was changed, `Cups` (at most 3
    /// characters) what was changed, `Name` stands in a form and tells what is typed.
    fn template() -> Template {
        let node = |element, attributes: &[(Attribute, &str)], events: &[element::Event], inside: Vec<Node>| Node {
            element,
            attributes: attributes
                .iter()
                .map(|(attribute, value)| (*attribute, AttributeValue::Static((*value).to_owned())))
                .collect(),
            events: events.to_vec(),
            body: match inside.is_empty() {
                true => Body::Empty,
                false => Body::Children(inside.into_iter().map(Child::Element).collect()),
            },
        };
        let both = [element::Event::Change, element::Event::Input];
        let search = node(Element::Input, &[(Attribute::Label, "Search")], &both, Vec::new());
        let cups = [(Attribute::Label, "Cups"), (Attribute::Maxlength, "3")];
        let cups = node(Element::Input, &cups, &[element::Event::Change], Vec::new());
        let name = [(Attribute::Label, "Name"), (Attribute::Name, "name")];
        let name = node(Element::Input, &name, &[element::Event::Input], Vec::new());
        let form = node(Element::Form, &[], &[], vec![name]);
        let events = [element::Event::Refresh];
        Template::new(node(Element::View, &[], &events, vec![search, cups, form])).unwrap()
    }

    /// What a post with these fields means: the field whose event was sent, or the
    /// view's own.
    fn planned(used: Option<(&str, element::Event)>, typed: &[(&str, &str)], before: &Overlay) -> Plan {
        try_planned(used, typed, before).unwrap()
    }

    fn try_planned(
        used: Option<(&str, element::Event)>,
        typed: &[(&str, &str)],
        before: &Overlay,
    ) -> Result<Plan, PageError> {
        let template = template();
        let mut writer = FrameWriter::new();
        writer.instance(template.id());
        // As the slots come: of the view, of `Search`, `Cups` and `Name`.
        for message in [b"r", b"c", b"i", b"k", b"n"] {
            writer.handler(Some(message));
        }
        let frame = writer.finish(&[]);
        let mut templates = Templates::default();
        templates.insert(template);
        let tree = Tree::decode(&frame, &templates, &[], &FrameLimits::default()).unwrap();
        let offers = offers(&tree, &TokenKey::from_bytes([1; 32]));
        let field = |label: &str| offers.fields.iter().find(|field| field.label == label).unwrap();
        let token = used.map(|(label, event)| match event {
            element::Event::Change => field(label).change.unwrap(),
            element::Event::Input => field(label).input.unwrap(),
            _ => *offers.handlers.iter().find(|(_, offer)| offer.event == event).unwrap().0,
        });
        let posted = typed.iter().map(|(label, value)| (field(label).key, *value)).collect();
        plan(&offers, token.map(|token| token.to_string()).as_deref(), &posted, before, "en")
    }

    fn delivered(plan: Plan) -> (Vec<String>, Overlay) {
        let delivery = match plan {
            Plan::Deliver(delivery) => delivery,
            other => panic!("{other:?}"),
        };
        let said = |event: &Event| {
            let values: String = event.values.iter().map(|(_, value)| format!(" {value}")).collect();
            format!("{} {}{values}", event.kind, String::from_utf8_lossy(&event.message))
        };
        (delivery.events.iter().map(|(event, _)| said(event)).collect(), delivery.taken)
    }

    #[test]
    fn what_is_typed_is_told_alone_and_stays_the_users() {
        let mut before = Overlay::default();
        let typing = Some(("Search", element::Event::Input));
        let typed = [("Search", "lat"), ("Cups", "many"), ("Name", "Ada")];
        let (events, taken) = delivered(planned(typing, &typed, &before));
        assert_eq!(events, ["input i lat"]);
        assert_eq!(
            taken.drafts.values().map(|draft| draft.typed.as_str()).collect::<BTreeSet<_>>(),
            BTreeSet::from(["lat", "many", "Ada"])
        );

        // What was told and is typed back to what the program shows is told too.
        let (events, _) =
            delivered(planned(Some(("", element::Event::Refresh)), &[("Search", ""), ("Cups", "")], &taken));
        assert!(events.contains(&"input i ".to_owned()), "{events:?}");

        // What is wrong elsewhere is still said.
        match planned(Some(("Cups", element::Event::Change)), &typed, &before) {
            Plan::Refused(refused) => before = refused,
            other => panic!("{other:?}"),
        }
        assert_eq!(before.errors.len(), 1);
        let (_, taken) = delivered(planned(typing, &typed, &before));
        assert_eq!(taken.errors, before.errors);
    }

    #[test]
    fn a_field_that_is_too_large_is_refused_with_all_that_came_with_it() {
        let before = Overlay::default();
        let (most, more) = ("x".repeat(FIELD_BYTES_MAX), "x".repeat(FIELD_BYTES_MAX + 1));
        let refresh = Some(("", element::Event::Refresh));
        // Also where it is neither told nor handed in.
        assert!(try_planned(refresh, &[("Search", "lat"), ("Name", most.as_str())], &before).is_ok());
        for used in [refresh, Some(("Search", element::Event::Input)), None] {
            let refused = try_planned(used, &[("Search", "lat"), ("Name", more.as_str())], &before);
            assert_eq!(refused.unwrap_err().kind(), "too-large", "{used:?}");
        }
    }

    #[test]
    fn what_is_not_shown_any_more_takes_no_room_where_there_is_too_little() {
        let gone = |element| FieldKey::placed(Place { path: Path::ROOT, template: 9, element });
        let draft = |bytes: usize| Draft { belief: String::new(), typed: "x".repeat(bytes) };
        let kept = |drafts: u32| {
            let drafts = (0..drafts).map(|element| (gone(element), draft(60_000))).collect();
            let before = Overlay { drafts, ..Overlay::default() };
            match try_planned(None, &[("Search", "lat"), ("Cups", "2")], &before) {
                Ok(Plan::Deliver(delivery)) => delivery.refused.drafts.len(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((kept(1), kept(4), kept(5)), (3, 6, 2));
    }

    #[test]
    fn what_the_program_shows_is_no_text_of_the_users_however_long_it_is() {
        // As a browser posts it, each line has a byte more.
        let value = "x\n".repeat(FIELD_BYTES_MAX * 2 / 5);
        let node = Node {
            element: Element::Textarea,
            attributes: vec![
                (Attribute::Label, AttributeValue::Static("Log".to_owned())),
                (Attribute::Name, AttributeValue::Static("log".to_owned())),
                (Attribute::Value, AttributeValue::Slot),
            ],
            events: Vec::new(),
            body: Body::Empty,
        };
        let root = Node {
            element: Element::View,
            attributes: Vec::new(),
            events: vec![element::Event::Refresh],
            body: Body::Children(vec![Child::Element(node)]),
        };
        let template = Template::new(root).unwrap();
        let mut writer = FrameWriter::new();
        writer.instance(template.id());
        writer.handler(Some(b"r"));
        writer.attribute(Some(&value));
        let frame = writer.finish(&[]);
        let mut templates = Templates::default();
        templates.insert(template);
        let tree = Tree::decode(&frame, &templates, &[], &FrameLimits::default()).unwrap();
        let offers = offers(&tree, &TokenKey::from_bytes([1; 32]));
        let kept = |posted: &str| keep(&offers, &[(offers.fields[0].key, posted)].into(), &Overlay::default());
        let posted = value.replace('\n', "\r\n");
        assert!(value.len() < FIELD_BYTES_MAX && posted.len() > FIELD_BYTES_MAX);
        assert_eq!(kept(&posted), Ok(Overlay::default()));
        assert_eq!(kept(&format!("{posted}.")).unwrap_err().kind(), "too-large");
    }

    #[test]
    fn what_was_typed_is_told_before_what_was_pressed() {
        let typed = [("Search", "lat"), ("Cups", "2"), ("Name", "Ada")];
        let refresh = Some(("", element::Event::Refresh));
        let (events, taken) = delivered(planned(refresh, &typed, &Overlay::default()));
        assert_eq!(events, ["input i lat", "change c lat", "change k 2", "input n Ada", "refresh r"]);
        // The form is not handed in yet.
        assert_eq!(taken.drafts.values().map(|draft| draft.typed.as_str()).collect::<Vec<_>>(), ["Ada"]);
        let change = Some(("Search", element::Event::Change));
        let (events, _) = delivered(planned(change, &[("Search", "lat")], &Overlay::default()));
        assert_eq!(events, ["input i lat", "change c lat"]);
    }
}
