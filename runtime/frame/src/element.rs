//! The closed sets of elements, attributes and events: what exists, what takes
//! what, and which number stands for it in an encoding.
//!
//! The names are those that the mini-program platforms have in common; where
//! they have none (`surface`, `layout`), ours. Numbers are never used again and
//! never change; new rows get new numbers. `wit/README.md` carries the same
//! table, and a test compares the two.

/// An enum whose variants stand for themselves as numbers in an encoding.
macro_rules! numbered {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant = $number,)* }

        impl $name {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in an encoding.
            pub const fn number(self) -> u8 { self as u8 }

            /// The one with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

mod attribute;
mod range;

pub use self::attribute::{Attribute, AttributeKind};
pub use self::range::Range;

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

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        numbered! {
            /// Something that a user does to an element.
            Event { $($(#[$doc])* $variant = $number,)* }
        }

        impl Event {
            /// What authors write after `on:`, and the `kind` that the program is told.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

events! {
    /// The element was pressed.
    Tap = 1, "tap";
    /// The field has another value, and the user is done with it.
    Change = 2, "change";
    /// The form was handed in.
    Submit = 3, "submit";
    /// The field has another value, and the user may still be typing.
    Input = 4, "input";
    /// What the element shows is wanted anew.
    Refresh = 5, "refresh";
    /// More is wanted at the element's end.
    ReachBottom = 6, "reach-bottom";
    /// The user has closed what was open.
    Close = 7, "close";
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
        numbered! {
            /// An element.
            Element { $($(#[$doc])* $variant = $number,)* }
        }

        impl Element {
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
        attributes: &[A::Layout, A::Gap, A::Align, A::Justify, A::Surface, A::Grow, A::Label, A::To, A::Class],
        events: &[Event::Tap, Event::Refresh, Event::ReachBottom], ..PLAIN
    };
    /// A piece of text.
    Text = 2, "text", Definition {
        name: "text", content: Content::Text,
        attributes: &[A::Grow, A::Tone, A::Size, A::Strong, A::Live, A::Class], ..PLAIN
    };
    /// A heading.
    Heading = 3, "heading", Definition {
        name: "heading", content: Content::Text,
        attributes: &[A::Grow, A::Level, A::Class], required: &[A::Level], fixed: &[A::Level], ..PLAIN
    };
    /// A picture.
    Image = 4, "image", Definition {
        name: "image", content: Content::Empty,
        attributes: &[A::Src, A::Alt, A::Mode, A::Class], required: &[A::Src, A::Alt], ..PLAIN
    };
    /// Something to press.
    Button = 5, "button", Definition {
        name: "button", content: Content::Text,
        attributes: &[A::Grow, A::Label, A::ButtonType, A::FormType, A::Disabled, A::Class, A::Closes],
        fixed: &[A::FormType], events: &[Event::Tap], ..PLAIN
    };
    /// A link to a page or out of the program.
    Navigator = 6, "navigator", Definition {
        name: "navigator", content: Content::Text,
        attributes: &[A::Grow, A::Label, A::To, A::Class], required: &[A::To], ..PLAIN
    };
    /// Fields that are handed in together.
    Form = 7, "form", Definition {
        name: "form", content: Content::Children,
        attributes: &[A::Gap, A::Label, A::Class], events: &[Event::Submit], ..PLAIN
    };
    /// A line of text to fill in.
    Input = 8, "input", Definition {
        name: "input", content: Content::Empty,
        attributes: &[
            A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::InputType, A::Placeholder, A::Hint, A::Maxlength,
            A::Required, A::Class,
        ],
        required: &[A::Label], fixed: &[A::Name, A::InputType], events: &[Event::Change, Event::Input], ..PLAIN
    };
    /// Several lines of text to fill in.
    Textarea = 9, "textarea", Definition {
        name: "textarea", content: Content::Empty,
        attributes: &[
            A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::Placeholder, A::Hint, A::Maxlength, A::Required,
            A::Rows, A::Class,
        ],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change, Event::Input], ..PLAIN
    };
    /// One of several options, folded.
    Picker = 10, "picker", Definition {
        name: "picker", content: Content::Only(&[Element::Option]),
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::Hint, A::Required, A::Class],
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
        attributes: &[A::Layout, A::Label, A::Disabled, A::Name, A::Value, A::Hint, A::Required, A::Class],
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
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Hint, A::Required, A::Checked, A::Class],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// On or off.
    Switch = 15, "switch", Definition {
        name: "switch", content: Content::Empty,
        attributes: &[A::Grow, A::Label, A::Disabled, A::Name, A::Hint, A::Checked, A::Class],
        required: &[A::Label], fixed: &[A::Name], events: &[Event::Change], ..PLAIN
    };
    /// A list.
    List = 16, "list", Definition {
        name: "list", content: Content::Only(&[Element::ListItem]),
        attributes: &[A::Layout, A::Gap, A::Label, A::Ordered, A::Class], fixed: &[A::Ordered],
        events: &[Event::ReachBottom], ..PLAIN
    };
    /// An item of a list.
    ListItem = 17, "list-item", Definition {
        name: "list-item", content: Content::Children,
        attributes: &[A::Layout, A::Gap, A::Align, A::Justify, A::Surface, A::Label, A::To, A::Class],
        events: &[Event::Tap], parent: Some(Element::List), ..PLAIN
    };
    /// How far something is.
    Progress = 18, "progress", Definition {
        name: "progress", content: Content::Empty,
        attributes: &[A::Label, A::Percent, A::Class], required: &[A::Label, A::Percent], ..PLAIN
    };
    /// A line between two parts.
    Separator = 19, "separator", Definition { name: "separator", attributes: &[A::Class], ..PLAIN };
    /// A sign.
    Icon = 20, "icon", Definition {
        name: "icon", content: Content::Empty,
        attributes: &[A::Label, A::Tone, A::Size, A::Class, A::IconType], required: &[A::IconType], ..PLAIN
    };
    /// A paragraph whose parts differ.
    RichText = 21, "rich-text", Definition {
        name: "rich-text", content: Content::Only(&[Element::Span]),
        attributes: &[A::Grow, A::Tone, A::Size, A::Live, A::Class], ..PLAIN
    };
    /// A part of a paragraph; with `to` a link.
    Span = 22, "span", Definition {
        name: "span", content: Content::Text,
        attributes: &[A::To, A::Tone, A::Strong, A::Class, A::Emphasis, A::Code],
        parent: Some(Element::RichText), ..PLAIN
    };
    /// A part of the page that scrolls by itself.
    ScrollView = 23, "scroll-view", Definition {
        name: "scroll-view", content: Content::Children,
        attributes: &[A::Layout, A::Gap, A::Label, A::Class, A::Scroll],
        required: &[A::Label], fixed: &[A::Scroll], ..PLAIN
    };
    /// Planes beside each other, one of which is looked at.
    Swiper = 24, "swiper", Definition {
        name: "swiper", content: Content::Only(&[Element::SwiperItem]),
        attributes: &[A::Label, A::Class], required: &[A::Label], ..PLAIN
    };
    /// A plane of a swiper.
    SwiperItem = 25, "swiper-item", Definition {
        name: "swiper-item", content: Content::Children,
        attributes: &[A::Gap, A::Surface, A::Class], parent: Some(Element::Swiper), ..PLAIN
    };
    /// Boxes that belong together.
    CheckboxGroup = 26, "checkbox-group", Definition {
        name: "checkbox-group", content: Content::Only(&[Element::Checkbox]),
        attributes: &[A::Layout, A::Label, A::Hint, A::Class], required: &[A::Label], ..PLAIN
    };
    /// A number from a range.
    Slider = 27, "slider", Definition {
        name: "slider", content: Content::Empty,
        attributes: &[
            A::Grow, A::Label, A::Disabled, A::Name, A::Value, A::Hint, A::Class, A::Min, A::Max, A::Step,
        ],
        required: &[A::Label, A::Min, A::Max], fixed: &[A::Name], events: &[Event::Change, Event::Input], ..PLAIN
    };
    /// Rows and columns.
    Table = 28, "table", Definition {
        name: "table", content: Content::Only(&[Element::TableRow]),
        attributes: &[A::Label, A::Class], required: &[A::Label], ..PLAIN
    };
    /// A row of a table.
    TableRow = 29, "table-row", Definition {
        name: "table-row", content: Content::Only(&[Element::TableCell]),
        attributes: &[A::Class], parent: Some(Element::Table), ..PLAIN
    };
    /// A cell of a row; with `scope` a heading.
    TableCell = 30, "table-cell", Definition {
        name: "table-cell", content: Content::Children,
        attributes: &[A::Align, A::Class, A::Scope], fixed: &[A::Scope], parent: Some(Element::TableRow), ..PLAIN
    };
    /// A button, and what it opens above the page.
    Dialog = 31, "dialog", Definition {
        name: "dialog", content: Content::Children,
        attributes: &[A::Gap, A::Label, A::Class, A::Open, A::Trigger], required: &[A::Label, A::Trigger],
        events: &[Event::Close], ..PLAIN
    };
    /// A line that unfolds.
    Disclosure = 32, "disclosure", Definition {
        name: "disclosure", content: Content::Children,
        attributes: &[A::Gap, A::Label, A::Class, A::Open], required: &[A::Label], ..PLAIN
    };
    /// Planes behind each other, one of which is shown.
    Tabs = 33, "tabs", Definition {
        name: "tabs", content: Content::Only(&[Element::Tab]),
        attributes: &[A::Label, A::Class], required: &[A::Label], ..PLAIN
    };
    /// A plane of several, and its name.
    Tab = 34, "tab", Definition {
        name: "tab", content: Content::Children,
        attributes: &[A::Gap, A::Label, A::Class, A::Selected], required: &[A::Label],
        parent: Some(Element::Tabs), ..PLAIN
    };
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
        matches!(
            self,
            Self::Input
                | Self::Textarea
                | Self::Picker
                | Self::RadioGroup
                | Self::Checkbox
                | Self::Switch
                | Self::Slider
        )
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
        for event in Event::ALL {
            assert_eq!(Event::from_number(event.number()), Some(*event));
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
            assert!(definition.events.windows(2).all(|pair| pair[0] < pair[1]), "{}", definition.name);
            if let Some(parent) = definition.parent {
                assert_eq!(parent.refuse_child(*element), None, "{}", definition.name);
            }
        }
    }

    #[test]
    fn everything_but_an_option_has_classes() {
        for element in Element::ALL {
            let takes = element.attribute("class") == Some(Attribute::Class);
            assert_eq!(takes, !matches!(element, Element::Option | Element::Radio), "{}", element.name());
        }
    }
}
