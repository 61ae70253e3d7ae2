//! Fields: what a view shows in them, what a browser sends back if nobody
//! touched them, and which posted values are refused.
//!
//! A browser cleans a field's value before it posts it (no line breaks in one
//! line, no blanks around an address, nothing that is no date in a date). So the
//! same is done here first: a field that nobody touched must not look changed.

use std::borrow::Cow;

pub use mprun_frame::element::Range;
use mprun_frame::element::{Attribute, Element, Event};
use thiserror::Error;

use super::identity::{FieldKey, FormId, Token, TokenKey};
use super::node::{Node, Resolved};
use super::overlay::Overlay;
use crate::render::escape;

/// Bytes that one posted field may have.
pub const FIELD_BYTES_MAX: usize = 64 * 1024;

/// A field of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'t> {
    /// Its name for clients.
    pub key: FieldKey,
    /// Which kind of field.
    pub element: Element,
    /// Its name for the program, in a form.
    pub name: Option<&'t str>,
    /// Its form's position among the view's forms.
    pub form: Option<usize>,
    /// The program's value, as a browser posts it if nobody touches the field;
    /// of a checkbox or switch `true` or `false`.
    pub value: String,
    /// The handler of its changes; none while it is disabled.
    pub change: Option<Token>,
    /// The handler of what is being typed; none while it is disabled.
    pub input: Option<Token>,
    /// What it is called.
    pub label: &'t str,
    /// What kind of text an `input` takes; empty for other elements.
    pub input_type: &'t str,
    /// Most characters that it takes.
    pub maxlength: Option<u32>,
    /// Has to be filled in.
    pub required: bool,
    /// Cannot be used now.
    pub disabled: bool,
    /// What can be chosen, of a picker or radio group.
    pub options: Vec<Choice<'t>>,
    /// What can be chosen, of a slider.
    pub range: Option<Range>,
}

/// An option of a picker or radio group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'t> {
    /// What the program is told.
    pub value: Cow<'t, str>,
    /// What the user reads.
    pub label: &'t str,
    /// Cannot be chosen now.
    pub disabled: bool,
}

/// Why a posted value is not taken. The texts are for users; [`Refused::said`] has
/// them in other languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// The field is disabled.
    #[error("This cannot be changed now.")]
    Disabled,
    /// A choice that the view does not offer.
    #[error("Please choose one of those that are offered.")]
    NotAnOption,
    /// Something else than one of a slider's numbers.
    #[error("Please choose one of these numbers.")]
    NotInRange,
    /// Something else than yes or no for a checkbox or switch.
    #[error("Please choose again.")]
    NotABoolean,
    /// More characters than the field takes.
    #[error("At most {limit} characters are possible; these are {characters}.")]
    TooLong {
        /// How many there are.
        characters: usize,
        /// How many are allowed.
        limit: u32,
    },
    /// More bytes than any field takes.
    #[error("At most {FIELD_BYTES_MAX} bytes are possible; these are {bytes}.")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
}

impl Refused {
    /// The same in the language of a tag such as `zh-Hans`; in English where we do not
    /// speak it.
    pub fn said(&self, locale: &str) -> String {
        let language = locale.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let (chinese, arabic) = match self {
            Self::Disabled => ("此项现在不能修改。".to_owned(), "لا يمكن تغيير هذا الآن.".to_owned()),
            Self::NotAnOption => ("请从提供的选项中选择。".to_owned(), "يرجى اختيار أحد الخيارات المعروضة.".to_owned()),
            Self::NotInRange => ("请选择范围内的数字。".to_owned(), "يرجى اختيار أحد هذه الأعداد.".to_owned()),
            Self::NotABoolean => ("请重新选择。".to_owned(), "يرجى الاختيار مرة أخرى.".to_owned()),
            Self::TooLong { characters, limit } => (
                format!("最多 {limit} 个字符，现在有 {characters} 个。"),
                format!("عدد الأحرف {limit} على الأكثر، وهنا {characters}."),
            ),
            Self::TooLarge { bytes } => (
                format!("最多 {FIELD_BYTES_MAX} 字节，现在有 {bytes} 字节。"),
                format!("عدد البايتات {FIELD_BYTES_MAX} على الأكثر، وهنا {bytes}."),
            ),
        };
        match language.as_str() {
            "zh" => chinese,
            "ar" => arabic,
            _ => self.to_string(),
        }
    }
}

impl<'t> Field<'t> {
    /// What `resolved`, an element that is a field, means. `form` is the form
    /// around it, with its position in the view; `children` are the options.
    pub(crate) fn new(
        resolved: Resolved<'t>,
        children: &[Node<'t>],
        form: Option<(usize, FormId)>,
        token_key: &TokenKey,
    ) -> Self {
        let element = resolved.element();
        let options: Vec<_> = children.iter().filter_map(|child| Choice::of(child.resolved)).collect();
        let value = resolved.get(Attribute::Value).unwrap_or_default();
        let input_type = if element == Element::Input { resolved.word(Attribute::InputType) } else { "" };
        let value = match element {
            Element::Checkbox | Element::Switch => resolved.is(Attribute::Checked).to_string(),
            Element::Picker | Element::RadioGroup => {
                let value = escape::clean(value);
                if options.iter().any(|option| option.value == value) { value.into_owned() } else { String::new() }
            }
            Element::Textarea => escape::clean(value).into_owned(),
            Element::Slider => range(resolved).value(value).to_string(),
            _ => untouched(input_type, value),
        };
        let disabled = resolved.is(Attribute::Disabled);
        let handler = |event| resolved.handler(event).filter(|_| !disabled).map(|handler| handler.token(token_key));
        Self {
            key: resolved.field_key(form.map(|(_, id)| id)),
            element,
            name: resolved.get(Attribute::Name),
            form: form.map(|(position, _)| position),
            value,
            change: handler(Event::Change),
            input: handler(Event::Input),
            label: resolved.get(Attribute::Label).unwrap_or_default(),
            input_type,
            maxlength: resolved.get(Attribute::Maxlength).and_then(|number| number.parse().ok()),
            required: resolved.is(Attribute::Required),
            disabled,
            options,
            range: (element == Element::Slider).then(|| range(resolved)),
        }
    }

    /// Whether the program wants to be told when it differs.
    pub fn is_told(&self) -> bool {
        self.change.is_some() || self.input.is_some()
    }

    /// Whether it says yes or no.
    pub fn is_toggle(&self) -> bool {
        matches!(self.element, Element::Checkbox | Element::Switch)
    }

    /// Whether it takes one of its options.
    pub fn is_choice(&self) -> bool {
        matches!(self.element, Element::Picker | Element::RadioGroup)
    }

    /// A value that a client posted, in one form (line breaks are `\n`). If it
    /// equals [`Field::value`], nobody touched the field.
    ///
    /// # Errors
    /// Why the view does not take it.
    pub fn accept(&self, posted: &str) -> Result<String, Refused> {
        if posted.len() > FIELD_BYTES_MAX {
            return Err(Refused::TooLarge { bytes: posted.len() });
        }
        let mut value = posted.replace("\r\n", "\n").replace('\r', "\n");
        if self.element == Element::Input {
            value.retain(|character| character != '\n');
        }
        if value == self.value {
            return Ok(value);
        }
        if self.disabled {
            return Err(Refused::Disabled);
        }
        if self.is_choice() && !self.options.iter().any(|option| option.value == value && !option.disabled) {
            return Err(Refused::NotAnOption);
        }
        if self.is_toggle() && !matches!(value.as_str(), "true" | "false") {
            return Err(Refused::NotABoolean);
        }
        if self.range.is_some_and(|range| !range.has(&value)) {
            return Err(Refused::NotInRange);
        }
        match self.maxlength {
            Some(limit) if value.chars().count() > limit as usize => {
                Err(Refused::TooLong { characters: value.chars().count(), limit })
            }
            _ => Ok(value),
        }
    }

    /// What the field shows: what was typed, as long as the program's value is
    /// the one that it was typed over, else that value. A text that is too long
    /// is shown as well: nobody can shorten what is gone.
    pub fn shown<'s>(&'s self, overlay: &'s Overlay) -> &'s str {
        match overlay.drafts.get(&self.key) {
            Some(draft)
                if draft.belief == self.value
                    && matches!(self.accept(&draft.typed), Ok(_) | Err(Refused::TooLong { .. })) =>
            {
                &draft.typed
            }
            _ => &self.value,
        }
    }
}

impl<'t> Choice<'t> {
    fn of(resolved: Resolved<'t>) -> Option<Self> {
        matches!(resolved.element(), Element::Option | Element::Radio).then(|| Self {
            value: escape::clean(resolved.get(Attribute::Value).unwrap_or_default()),
            label: resolved.text(),
            disabled: resolved.is(Attribute::Disabled),
        })
    }
}

fn range(slider: Resolved<'_>) -> Range {
    Range::of(slider.get(Attribute::Min), slider.get(Attribute::Max), slider.get(Attribute::Step))
}

/// What a browser posts for an `input` that shows `value`.
fn untouched(input_type: &str, value: &str) -> String {
    let mut value = escape::clean(value).into_owned();
    value.retain(|character| character != '\n');
    match input_type {
        "email" => value.trim_matches(|character: char| character.is_ascii_whitespace()).to_owned(),
        "date" if !is_date(&value) => String::new(),
        "time" if !is_time(&value) => String::new(),
        _ => value,
    }
}

/// `2026-11-22`, a day that exists.
fn is_date(text: &str) -> bool {
    let (Some(year), Some(month), Some(day)) = (number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let dashes = text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 4 | 7));
    text.len() == 10 && dashes && year > 0 && (1..=days).contains(&day)
}

/// `17:05` or `17:05:30`.
fn is_time(text: &str) -> bool {
    let part = |at, most| number(text, at, 2).is_some_and(|number| number <= most);
    let colons = text.bytes().enumerate().all(|(at, byte)| (byte == b':') == matches!(at, 2 | 5));
    let seconds = match text.len() {
        5 => true,
        8 => part(6, 59),
        _ => false,
    };
    colons && seconds && part(0, 23) && part(3, 59)
}

fn number(text: &str, at: usize, digits: usize) -> Option<u32> {
    let part = text.get(at..at + digits)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::identity::{Path, Place};
    use crate::view::offers::offers;
    use crate::view::overlay::Draft;
    use crate::view::sample::{Sample, token_key};

    fn field(element: Element) -> Field<'static> {
        Field {
            key: FieldKey::placed(Place { path: Path::ROOT, template: 0, element: 0 }),
            element,
            name: None,
            form: None,
            value: String::new(),
            change: None,
            input: None,
            label: "",
            input_type: "text",
            maxlength: None,
            required: false,
            disabled: false,
            options: Vec::new(),
            range: None,
        }
    }

    #[test]
    fn a_value_is_what_a_browser_would_post() {
        for (kind, value, posted) in [
            ("text", "a\r\nb\nc", "abc"),
            ("text", " a ", " a "),
            ("text", "a\u{1}b\u{202e}c", "a\u{fffd}b\u{fffd}c"),
            ("email", " a@b.c\n", "a@b.c"),
            ("date", "2024-02-29", "2024-02-29"),
            ("date", "2023-02-29", ""),
            ("date", "1900-02-29", ""),
            ("date", "tomorrow", ""),
            ("date", "2023-1-01", ""),
            ("date", "+023-01-01", ""),
            ("date", "2023-12-31é", ""),
            ("time", "23:59", "23:59"),
            ("time", "23:59:59", "23:59:59"),
            ("time", "24:00", ""),
            ("time", "9:30", ""),
            ("number", "12", "12"),
        ] {
            assert_eq!(untouched(kind, value), posted, "{kind} {value:?}");
        }
    }

    #[test]
    fn a_value_that_the_view_does_not_take_is_refused() {
        let mut picker = field(Element::Picker);
        for (value, disabled) in [("small", false), ("large", true)] {
            picker.options.push(Choice { value: value.into(), label: value, disabled });
        }
        assert_eq!(picker.accept("small"), Ok("small".to_owned()));
        assert_eq!(picker.accept(""), Ok(String::new()), "nothing was chosen before, nothing is now");
        assert_eq!(picker.accept("large"), Err(Refused::NotAnOption));
        assert_eq!(picker.accept("huge"), Err(Refused::NotAnOption));

        let mut input = field(Element::Input);
        input.maxlength = Some(3);
        assert_eq!(input.accept("äöü"), Ok("äöü".to_owned()));
        assert_eq!(input.accept("äöüß"), Err(Refused::TooLong { characters: 4, limit: 3 }));
        input.value = "longer than that".to_owned();
        assert_eq!(input.accept("longer than that"), Ok("longer than that".to_owned()), "the program's own value");
        let bytes = FIELD_BYTES_MAX + 1;
        assert_eq!(input.accept(&"x".repeat(bytes)), Err(Refused::TooLarge { bytes }));
        input.disabled = true;
        assert_eq!(input.accept("a"), Err(Refused::Disabled));

        assert_eq!(field(Element::Switch).accept("on"), Err(Refused::NotABoolean));
        assert_eq!(field(Element::Switch).accept("true"), Ok("true".to_owned()));

        let mut slider = field(Element::Slider);
        slider.range = Some(Range { min: -5, max: 9, step: 5 });
        assert_eq!(slider.accept("-5"), Ok("-5".to_owned()));
        for bad in ["9", "10", "5.0", "many"] {
            assert_eq!(slider.accept(bad), Err(Refused::NotInRange), "{bad}");
        }
    }

    #[test]
    fn why_is_said_in_the_users_language_or_in_english() {
        let all = [
            Refused::Disabled,
            Refused::NotAnOption,
            Refused::NotInRange,
            Refused::NotABoolean,
            Refused::TooLong { characters: 41, limit: 40 },
            Refused::TooLarge { bytes: 70_000 },
        ];
        let numbers = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        for refused in all {
            let english = refused.to_string();
            assert_eq!((refused.said("de-AT"), refused.said("")), (english.clone(), english.clone()));
            for (locale, script) in [("zh-Hans", '\u{4e00}'..='\u{9fff}'), ("AR", '\u{600}'..='\u{6ff}')] {
                let said = refused.said(locale);
                assert!(said.chars().any(|letter| script.contains(&letter)), "{locale}: {said}");
                assert_eq!(numbers(&said), numbers(&english), "{said}");
            }
        }
    }

    #[test]
    fn a_slider_has_the_nearest_of_its_numbers() {
        let sample = Sample::of(
            r#"<form><slider name="a" label="A" min="2" max="8" value="5" step="4"/><slider name="b" label="B" min="3" max="1"/>
               <slider name="c" label="C" min="1" max="5" value="lots"/></form>"#,
        );
        let tree = sample.tree();
        let values: Vec<_> = offers(&tree, &token_key()).fields.into_iter().map(|field| field.value).collect();
        assert_eq!(values, ["6", "3", "1"]);
    }

    #[test]
    fn line_breaks_are_one_character_and_none_in_one_line() {
        assert_eq!(field(Element::Textarea).accept("a\r\nb\rc"), Ok("a\nb\nc".to_owned()));
        assert_eq!(field(Element::Input).accept("a\r\nb"), Ok("ab".to_owned()));
    }

    #[test]
    fn a_draft_is_shown_only_over_the_value_it_was_typed_over() {
        let mut input = field(Element::Input);
        let mut overlay = Overlay::default();
        overlay.drafts.insert(input.key, Draft { belief: String::new(), typed: "Ada".to_owned() });
        assert_eq!(input.shown(&overlay), "Ada");
        input.value = "Grace".to_owned();
        assert_eq!(input.shown(&overlay), "Grace");

        let mut picker = field(Element::Picker);
        picker.options.push(Choice { value: "s".into(), label: "S", disabled: false });
        assert_eq!(picker.shown(&overlay), "", "`Ada` is no option");
    }
}
