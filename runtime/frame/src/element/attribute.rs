//! The closed set of attributes: which number and name each has, and which values
//! it takes. Anything else is refused with a sentence that says what was expected.

use crate::limits::CLASSES_MAX;
use crate::quoted;
use crate::url::UrlKind;

/// Bytes of the name of one class.
const CLASS_BYTES_MAX: usize = 32;

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
    /// Names of classes in the program's style sheet: 1 to
    /// [`crate::limits::CLASSES_MAX`], with one space between two. Each is a
    /// lower-case letter, then lower-case letters, digits and `-`; at most 32
    /// bytes; none begins with `mp-`, those are the host's.
    Classes,
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
            Self::Classes if value.split(' ').count() <= CLASSES_MAX && value.split(' ').all(is_class) => None,
            Self::Classes => Some(format!(
                "expected 1 to {CLASSES_MAX} names such as `price`, none with `mp-` in front, got `{}`",
                quoted(value)
            )),
        }
    }
}

fn is_name(value: &str) -> bool {
    value.len() <= 64
        && value.starts_with(|first: char| first.is_ascii_lowercase())
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

fn is_class(name: &str) -> bool {
    name.len() <= CLASS_BYTES_MAX
        && !name.starts_with("mp-")
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $kind:expr;)*) => {
        numbered! {
            /// An attribute. The variant names the row of the table; two rows may
            /// share a name (`type`) where no element takes both.
            Attribute { $($(#[$doc])* $variant = $number,)* }
        }

        impl Attribute {
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
    /// Which picture: of the bundle, or from elsewhere, which the host fetches if
    /// it is allowed.
    Src = 14, "src", AttributeKind::Url(&[UrlKind::Asset, UrlKind::Web]);
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
    /// Names of classes in the program's style sheet.
    Class = 31, "class", AttributeKind::Classes;
    /// Which sign.
    IconType = 32, "type", AttributeKind::Word(&[
        "info", "success", "warn", "error", "waiting", "search", "download", "cart", "heart", "star", "home", "user",
        "location", "phone", "mail", "calendar", "clock", "settings", "camera", "share", "edit", "trash", "plus",
        "minus", "check", "close", "next", "list", "gift", "ticket",
    ]);
    /// Which way it scrolls: up and down, or sideways.
    Scroll = 33, "scroll", AttributeKind::Word(&["y", "x"]);
    /// The least number that can be chosen.
    Min = 34, "min", AttributeKind::Integer(-1_000_000, 1_000_000);
    /// The greatest number that can be chosen.
    Max = 35, "max", AttributeKind::Integer(-1_000_000, 1_000_000);
    /// From one number to the next.
    Step = 36, "step", AttributeKind::Integer(1, 1_000_000);
    /// Is shown before anybody opened it.
    Open = 37, "open", AttributeKind::Flag;
    /// What stands on the button that opens it.
    Trigger = 38, "trigger", AttributeKind::Text;
    /// Closes the dialog around it when it is pressed.
    Closes = 39, "closes", AttributeKind::Flag;
    /// Is the one that is shown first.
    Selected = 40, "selected", AttributeKind::Flag;
    /// What the cell is the heading of.
    Scope = 41, "scope", AttributeKind::Word(&["none", "column", "row"]);
    /// Is stressed.
    Emphasis = 42, "emphasis", AttributeKind::Flag;
    /// Is something to type or to copy, letter by letter.
    Code = 43, "code", AttributeKind::Flag;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_of_its_kind_is_refused() {
        assert!(Attribute::Level.kind().refuse("7").is_some());
        assert!(Attribute::Level.kind().refuse("+1").is_some());
        assert!(Attribute::Level.kind().refuse("6").is_none());
        assert!(Attribute::Min.kind().refuse("-1000000").is_none());
        assert!(Attribute::Min.kind().refuse("-1000001").is_some());
        assert!(Attribute::Min.kind().refuse("-0").is_some());
        assert!(Attribute::Layout.kind().refuse("diagonal").is_some());
        assert!(Attribute::Src.kind().refuse("page:menu").is_some());
        assert!(Attribute::Name.kind().refuse("Pick Up").is_some());
        assert!(Attribute::Label.kind().refuse(&"x".repeat(70_000)).is_some());
    }

    #[test]
    fn classes_have_one_spelling_and_none_is_the_hosts() {
        let sixteen = ["a"; CLASSES_MAX].join(" ");
        let longest = "a".repeat(CLASS_BYTES_MAX);
        for good in ["a", "card", "price-2 big", "mpx", "mp", &sixteen, &longest] {
            assert_eq!(Attribute::Class.kind().refuse(good), None, "{good}");
        }
        let (seventeen, longer) = (format!("{sixteen} a"), format!("{longest}a"));
        for bad in [
            "", " ", "a  b", " a", "a ", "Card", "2a", "-a", "a_b", "a\"b", "a\tb", "é", "mp-page", "a mp-bar",
            &seventeen, &longer,
        ] {
            assert!(Attribute::Class.kind().refuse(bad).is_some(), "{bad}");
        }
    }
}
