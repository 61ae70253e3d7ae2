//! The closed sets of elements, attributes and events: what exists, what takes
//! what, and which number stands for it in an encoding.
//!
//! The names are those that the mini-program platforms have in common; where
//! they have none (`surface`, `layout`), ours. Numbers are never used again and
//! never change; new rows get new numbers. `wit/README.md` carries the same
//! table, and a test compares the two.

use crate::quoted;
use crate::url::UrlKind;

/// What an attribute's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// Any text, up to [`crate::limits::ATTRIBUTE_BYTES_MAX`] bytes.
    Text,
    /// There or not there.
    Flag,
    /// An address of one of these kinds.
    Url(&'static [UrlKind]),
    /// One of these words; the first is the default.
    Word(&'static [&'static str]),
    /// A whole number from the first to the second, in decimal digits.
    Integer(i64, i64),
    /// A field's name: a lower-case letter, then lower-case letters, digits, `_`
    /// and `-`; at most 64 bytes.
    Name,
}

impl AttributeKind {
    /// Why `value` cannot be the value of such an attribute, if it cannot.
    pub fn refuse(self, value: &str) -> Option<String> {
        if value.len() > crate::limits::ATTRIBUTE_BYTES_MAX {
            return Some(format!(
                "the value has {} bytes, at most {} are allowed",
                value.len(),
                crate::limits::ATTRIBUTE_BYTES_MAX
            ));
        }
        match self {
            Self::Text | Self::Flag => None,
            Self::Url(kinds) => crate::url::Url::parse_as(value, kinds).err().map(|error| error.to_string()),
            Self::Word(words) if words.contains(&value) => None,
            Self::Word(words) => Some(format!("expected one of `{}`, got `{}`", words.join("`, `"), quoted(value))),
            Self::Integer(least, most) => match value.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) && number.to_string() == value => None,
                _ => Some(format!("expected a whole number from {least} to {most}, got `{}`", quoted(value))),
            },
            Self::Name if is_name(value) => None,
            Self::Name => Some(format!("expected a name such as `pick-up`, got `{}`", quoted(value))),
        }
    }
}

fn is_name(value: &str) -> bool {
    value.len() <= 64
        && value.starts_with(|first: char| first.is_ascii_lowercase())
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

/// What may stand between an element's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Text, and no element.
    Text,
    /// Elements, and no text.
    Children,
    /// Elements of these kinds only.
    Only(&'static [Element]),
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $kind:expr;)*) => {
        /// An attribute. The variant names the row of the table; two rows may
        /// share a name (`type`) where no element takes both.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Attribute { $($(#[$doc])* $variant = $number,)* }

        impl Attribute {
            /// Every attribute, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in an encoding.
            pub const fn number(self) -> u8 { self as u8 }

            /// The attribute with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// What authors write.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its value may be.
            pub const fn kind(self) -> AttributeKind {
                match self { $(Self::$variant => $kind,)* }
            }
        }
    };
}

attributes! {
    /// How children are laid out.
    Layout = 1, "layout", AttributeKind::Word(&["column", "row", "wrap", "grid"]);
    /// Room between children.
    Gap = 2, "gap", AttributeKind::Word(&["medium", "none", "small", "large"]);
    /// How children line up across the layout's direction.
    Align = 3, "align", AttributeKind::Word(&["stretch", "start", "center", "end"]);
    /// How children are spread along the layout's direction.
    Justify = 4, "justify", AttributeKind::Word(&["start", "center", "end", "between"]);
    /// What the element looks like as a plane.
    Surface = 5, "surface", AttributeKind::Word(&["plain", "card", "accent", "muted", "notice"]);
    /// Takes the room that is left in a row.
    Grow = 6, "grow", AttributeKind::Flag;
    /// The name of the element for people who do not see it, and for fields the
    /// visible label.
    Label = 7, "label", AttributeKind::Text;
    /// Where a tap leads.
    To = 8, "to", AttributeKind::Url(&[UrlKind::Page, UrlKind::Web]);
    /// How important the text is.
    Tone = 9, "tone", AttributeKind::Word(&["normal", "muted", "accent", "success", "warn"]);
    /// How large the text is.
    Size = 10, "size", AttributeKind::Word(&["normal", "small", "large"]);
    /// The text stands out.
    Strong = 11, "strong", AttributeKind::Flag;
    /// Changes of the text are read out.
    Live = 12, "live", AttributeKind::Flag;
    /// Rank of a heading, 1 the highest.
    Level = 13, "level", AttributeKind::Integer(1, 6);
    /// Which picture.
    Src = 14, "src", AttributeKind::Url(&[UrlKind::Asset]);
    /// What the picture shows; empty if it is only decoration.
    Alt = 15, "alt", AttributeKind::Text;
    /// How the picture fills its place.
    Mode = 16, "mode", AttributeKind::Word(&["aspect-fit", "aspect-fill", "thumbnail", "banner"]);
    /// What the button means.
    ButtonType = 17, "type", AttributeKind::Word(&["default", "primary", "warn"]);
    /// Whether the button hands in its form.
    FormType = 18, "form-type", AttributeKind::Word(&["button", "submit"]);
    /// Cannot be used now.
    Disabled = 19, "disabled", AttributeKind::Flag;
    /// The field's name in its form.
    Name = 20, "name", AttributeKind::Name;
    /// What the program believes the field's value to be.
    Value = 21, "value", AttributeKind::Text;
    /// What kind of text the field takes.
    InputType = 22, "type", AttributeKind::Word(&["text", "number", "digit", "email", "tel", "password", "date", "time"]);
    /// Shown while the field is empty.
    Placeholder = 23, "placeholder", AttributeKind::Text;
    /// A sentence under the field that helps.
    Hint = 24, "hint", AttributeKind::Text;
    /// Most characters that the field takes.
    Maxlength = 25, "maxlength", AttributeKind::Integer(1, 100_000);
    /// Has to be filled in.
    Required = 26, "required", AttributeKind::Flag;
    /// Is on.
    Checked = 27, "checked", AttributeKind::Flag;
    /// How far, in percent.
    Percent = 28, "percent", AttributeKind::Integer(0, 100);
    /// Numbered instead of marked with dots.
    Ordered = 29, "ordered", AttributeKind::Flag;
    /// Lines that a text field shows.
    Rows = 30, "rows", AttributeKind::Integer(1, 40);
}

/// Something that a user does to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Event {
    /// The element was pressed.
    Tap = 1,
    /// The field has another value.
    Change = 2,
    /// The form was handed in.
    Submit = 3,
}

impl Event {
    /// Every event, by number.
    pub const ALL: &'static [Self] = &[Self::Tap, Self::Change, Self::Submit];

    /// The number that stands for it in an encoding.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The event with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Tap),
            2 => Some(Self::Change),
            3 => Some(Self::Submit),
            _ => None,
        }
    }

    /// What authors write after `on:`, and the `kind` that the program is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Change => "change",
            Self::Submit => "submit",
        }
    }
}

/// One row of the table of elements.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// What authors write.
    pub name: &'static str,
    /// What may stand inside.
    pub content: Content,
    /// What it takes, by number.
    pub attributes: &'static [Attribute],
    /// What has to be given.
    pub required: &'static [Attribute],
    /// Attributes whose value is fixed at build time.
    pub fixed: &'static [Attribute],
    /// What can happen to it, by number.
    pub events: &'static [Event],
    /// The only element that it can stand in directly, if there is one.
    pub parent: Option<Element>,
}

macro_rules! elements {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $definition:expr;)*) => {
        /// An element.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Element { $($(#[$doc])* $variant = $number,)* }

        impl Element {
            /// Every element, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in an encoding.
            pub const fn number(self) -> u8 { self as u8 }

            /// The element with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// The element that authors write as `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|element| element.definition().name == name)
            }

            /// What it is and takes.
            pub const fn definition(self) -> &'static Definition {
                match self { $(Self::$variant => { const DEFINITION: Definition = $definition; &DEFINITION })* }
            }
        }
    };
}

use Attribute as A;

const PLAIN: Definition = Definition {
    name: "",
    content: Content::Empty,
    attributes: &[],
    required: &[],
    fixed: &[],
    events: &[],
    parent: None,
};

elements! {
    /// A plain container; with `on:tap` or `to` all of it can be pressed.
    View = 1, "view", Definition {
        name: "view", content: Content::Children,
        attributes: &[A::Layout, A::Gap, A::Align, A::Justify, A::Surface, A::Grow, A::Label, A::To],
        events: &[Event::Tap], ..PLAIN
    };
    /// A piece of text.
    Text = 2, "text", Definition {
        name: "text", content: Content::Text,
        attributes: &[A::Grow, A::Tone, A::Size, A::Strong, A::Live], ..PLAIN
    };
    /// A heading.
    Heading = 3, "heading", Definition {
        name: "heading", content: Content::Text,
        attributes: &[A::Grow, A::Level], required: &[A::Level], fixed: &[A::Level], ..PLAIN
    };
    /// A picture of the bundle.
    Image = 4, "image", Definition {
        name: "image", content: Content::Empty,
        attributes: &[A::Src, A::Alt, A::Mode], required: &[A::Src, A::Alt], ..PLAIN
    };
    /// Something to press.
    Button = 5, "button", Definition {
        name: "button", content: Content::Text,
        attributes: &[A::Grow, A::Label, A::ButtonType, A::FormType, A::Disabled],
        fixed: &[A::FormType], events: &[Event::Tap], ..PLAIN
    };
    /// A link to a page or out of the program.
    Navigator = 6, "navigator", Definition {
        name: "navigator", content: Content::Text,
        attributes: &[A::Grow, A::Label, A::To], required: &[A::To], ..PLAIN
    };
    /// Fields that are handed in together.
    Form = 7, "form", Definition {
        name: "form", content: Content::Children,
        attributes: &[A::Gap, A::Label], events: &[Event::Submit], ..PLAIN
    };
    /// A line of text to fill in.
    Input = 8, "input", Definition {
        name: "input", content: Content::Empty,
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::InputType, A::Placeholder, A::Hint, A::Maxlength, A::Required],
        required: &[A::Label], fixed: &[A::Name, A::InputType], events: &[Event::Change], ..PLAIN
    };
    /// Several lines of text to fill in.
    Textarea = 9, "textarea", Definition {
        name: "textarea", content: Content::Empty,
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::Placeholder, A::Hint, A::Maxlength, A::Required, A::Rows],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// One of several options, folded.
    Picker = 10, "picker", Definition {
        name: "picker", content: Content::Only(&[Element::Option]),
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::Hint, A::Required],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// An option of a picker.
    Option = 11, "option", Definition {
        name: "option", content: Content::Text,
        attributes: &[A::Disabled, A::Value], required: &[A::Value], parent: Some(Element::Picker), ..PLAIN
    };
    /// One of several options, all visible.
    RadioGroup = 12, "radio-group", Definition {
        name: "radio-group", content: Content::Only(&[Element::Radio]),
        attributes: &[A::Layout, A::Label, A::Disabled, A::Name, A::Value, A::Hint, A::Required],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// An option of a radio group.
    Radio = 13, "radio", Definition {
        name: "radio", content: Content::Text,
        attributes: &[A::Disabled, A::Value], required: &[A::Value], parent: Some(Element::RadioGroup), ..PLAIN
    };
    /// Yes or no, in a list or form.
    Checkbox = 14, "checkbox", Definition {
        name: "checkbox", content: Content::Empty,
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Hint, A::Required, A::Checked],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// On or off.
    Switch = 15, "switch", Definition {
        name: "switch", content: Content::Empty,
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Hint, A::Checked],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// A list.
    List = 16, "list", Definition {
        name: "list", content: Content::Only(&[Element::ListItem]),
        attributes: &[A::Layout, A::Gap, A::Label, A::Ordered], fixed: &[A::Ordered], ..PLAIN
    };
    /// An item of a list.
    ListItem = 17, "list-item", Definition {
        name: "list-item", content: Content::Children,
        attributes: &[A::Layout, A::Gap, A::Align, A::Justify, A::Surface, A::Label, A::To],
        events: &[Event::Tap], parent: Some(Element::List), ..PLAIN
    };
    /// How far something is.
    Progress = 18, "progress", Definition {
        name: "progress", content: Content::Empty,
        attributes: &[A::Label, A::Percent], required: &[A::Label, A::Percent], ..PLAIN
    };
    /// A line between two parts.
    Separator = 19, "separator", Definition { name: "separator", ..PLAIN };
}

impl Element {
    /// What authors write.
    pub const fn name(self) -> &'static str {
        self.definition().name
    }

    /// The attribute that this element takes under `name`.
    pub fn attribute(self, name: &str) -> Option<Attribute> {
        self.definition().attributes.iter().copied().find(|attribute| attribute.name() == name)
    }

    /// Whether it takes what the user types or chooses.
    pub const fn is_field(self) -> bool {
        matches!(self, Self::Input | Self::Textarea | Self::Picker | Self::RadioGroup | Self::Checkbox | Self::Switch)
    }

    /// Why `child` cannot stand directly in this element, if it cannot.
    pub fn refuse_child(self, child: Self) -> Option<String> {
        let allowed = match self.definition().content {
            Content::Children => true,
            Content::Only(kinds) => kinds.contains(&child),
            Content::Empty | Content::Text => false,
        };
        if !allowed {
            return Some(format!("`{}` cannot contain `{}`", self.name(), child.name()));
        }
        match child.definition().parent {
            Some(parent) if parent != self => Some(format!("`{}` can only stand in `{}`", child.name(), parent.name())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree_with_themselves() {
        for pair in Attribute::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for element in Element::ALL {
            let definition = element.definition();
            assert_eq!(Element::from_number(element.number()), Some(*element));
            assert_eq!(Element::from_name(definition.name), Some(*element));
            assert!(definition.attributes.windows(2).all(|pair| pair[0] < pair[1]), "{}", definition.name);
            let mut names: Vec<_> = definition.attributes.iter().map(|attribute| attribute.name()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), definition.attributes.len(), "{}", definition.name);
            for attribute in definition.required.iter().chain(definition.fixed) {
                assert!(definition.attributes.contains(attribute), "{}", definition.name);
            }
        }
    }

    #[test]
    fn a_value_outside_of_its_kind_is_refused() {
        assert!(Attribute::Level.kind().refuse("7").is_some());
        assert!(Attribute::Level.kind().refuse("+1").is_some());
        assert!(Attribute::Level.kind().refuse("6").is_none());
        assert!(Attribute::Layout.kind().refuse("diagonal").is_some());
        assert!(Attribute::Src.kind().refuse("page:menu").is_some());
        assert!(Attribute::Name.kind().refuse("Pick Up").is_some());
        assert!(Attribute::Label.kind().refuse(&"x".repeat(70_000)).is_some());
    }
}
