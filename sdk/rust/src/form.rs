//! Fields of forms: from what a user typed to the author's types, with words
//! for the user where it does not fit.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::spoken::Sentence;

/// Fields that are handed in together: `#[derive(Form)]`.
///
/// A field of the struct is the field of the view with the same `name`;
/// `#[field(name = "pick-up")]` says another. Rules: `min` and `max` (of numbers
/// the value, of text the characters), `required` (text in which something can be
/// seen, a box that must be ticked), `from_str` (any type with `FromStr`). Numbers
/// and choices have to be filled in, `Option`s need not.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Choice)]
/// enum Time { Now, #[choice(label = "At noon")] Noon }
/// #[derive(Form)]
/// struct PickUp {
///     #[field(required, max = 40)]
///     name: String,
///     #[field(min = 1, max = 9)]
///     cups: u32,
///     time: Time,
///     note: Option<String>,
/// }
/// let form = Form::<PickUp>::of([("name", "Ada"), ("cups", "12"), ("time", "noon"), ("note", "")]);
/// let error = form.get().err().unwrap();
/// assert_eq!(error.fields(), [("cups".to_owned(), "At most 9.".to_owned())]);
/// ```
///
/// What is wrong is said in the user's language where the SDK speaks it (English,
/// Chinese, Arabic), else in English. A rule of your own says it in your words: see
/// [`Error::field`] and [`FieldError`].
pub trait Fields: Sized {
    /// Reads every field, so that all errors are known; `None` if there are any.
    fn read(fields: &mut FieldReader<'_>) -> Option<Self>;
}

/// What a value of a field may be: `#[field(min = …, max = …, required)]`.
///
/// ```
/// use mprun::{Field, Rules};
/// let rules = Rules { max: Some(3), ..Rules::NONE };
/// assert!(String::parse("four", &rules).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The least number, or the least characters of a text.
    pub min: Option<i64>,
    /// The greatest number, or the most characters of a text.
    pub max: Option<i64>,
    /// May not be empty, or not unticked. A text of nothing but whitespace,
    /// control characters, characters without width (U+200B to U+200F, U+2060 to
    /// U+2069, U+FEFF) and marks of direction (U+202A to U+202E) is empty.
    pub required: bool,
}

impl Rules {
    /// No rules but those of the type.
    ///
    /// ```
    /// use mprun::{Field, Rules};
    /// assert!(String::parse("", &Rules::NONE).is_ok());
    /// ```
    pub const NONE: Self = Self { min: None, max: None, required: false };
}

/// Why a field is refused: words for the user.
///
/// ```
/// use mprun::FieldError;
/// assert_eq!(FieldError::new("Not on Mondays").to_string(), "Not on Mondays");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError(String);

impl FieldError {
    /// With these words.
    ///
    /// ```
    /// let error = mprun::FieldError::new("Too late for today");
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for FieldError {}

impl From<Sentence> for FieldError {
    fn from(sentence: Sentence) -> Self {
        Self(sentence.text().to_owned())
    }
}

/// A type that a field of a form can have.
///
/// There are `String`, whole numbers, `f64`, `bool`, `Option` of each, and enums
/// with `#[derive(Choice)]`. For others: `#[field(from_str)]`, or implement it.
///
/// ```
/// use mprun::{Field, FieldError, Rules};
/// struct Table(u8);
/// impl Field for Table {
///     fn parse(text: &str, _: &Rules) -> Result<Self, FieldError> {
///         text.strip_prefix('T').and_then(|n| n.parse().ok()).map(Self).ok_or(FieldError::new("Such as T7"))
///     }
/// }
/// assert_eq!(Table::parse("T7", &Rules::NONE).unwrap().0, 7);
/// ```
pub trait Field: Sized {
    /// Reads what the field says; empty if it was not filled in.
    ///
    /// # Errors
    /// What is wrong with it, in words for the user.
    fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError>;
}

impl Field for String {
    fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError> {
        if rules.required && !text.chars().any(is_visible) {
            return Err(missing());
        }
        let count = i64::try_from(text.trim().chars().count()).unwrap_or(i64::MAX);
        if let Some(min) = rules.min.filter(|min| count < *min && (count > 0 || rules.required)) {
            return Err(FieldError(Sentence::CharactersAtLeast.with(min)));
        }
        if let Some(max) = rules.max.filter(|max| count > *max) {
            return Err(FieldError(Sentence::CharactersAtMost.with(max)));
        }
        Ok(text.to_owned())
    }
}

impl Field for bool {
    fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError> {
        match text {
            "true" => Ok(true),
            "false" | "" if rules.required => Err(Sentence::Tick.into()),
            "false" | "" => Ok(false),
            _ => Err(Sentence::YesOrNo.into()),
        }
    }
}

impl Field for f64 {
    fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError> {
        // Both separators: a field of type `digit` gives what the user's keyboard has.
        let text = text.trim().replace(',', ".");
        if text.is_empty() {
            return Err(missing());
        }
        let number: Self = text.parse().ok().filter(|number: &Self| number.is_finite()).ok_or_else(no_number)?;
        if let Some(min) = rules.min.filter(|min| number < *min as Self) {
            return Err(FieldError(Sentence::AtLeast.with(min)));
        }
        if let Some(max) = rules.max.filter(|max| number > *max as Self) {
            return Err(FieldError(Sentence::AtMost.with(max)));
        }
        Ok(number)
    }
}

macro_rules! whole_numbers {
    ($($number:ty)*) => {$(
        impl Field for $number {
            fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError> {
                let wide = whole(text)?;
                bounded(wide, rules.min.map(i128::from), rules.max.map(i128::from))?;
                bounded(wide, Some(<$number>::MIN as i128), Some(<$number>::MAX as i128))?;
                Self::try_from(wide).map_err(|_| no_whole_number())
            }
        }
    )*};
}

whole_numbers!(u8 u16 u32 u64 i8 i16 i32 i64);

/// Reads a number that no type of ours is too small for.
fn whole(text: &str) -> Result<i128, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(missing());
    }
    text.parse().map_err(|_| no_whole_number())
}

fn bounded(number: i128, min: Option<i128>, max: Option<i128>) -> Result<(), FieldError> {
    if let Some(min) = min.filter(|min| number < *min) {
        return Err(FieldError(Sentence::AtLeast.with(min)));
    }
    if let Some(max) = max.filter(|max| number > *max) {
        return Err(FieldError(Sentence::AtMost.with(max)));
    }
    Ok(())
}

impl<T: Field> Field for Option<T> {
    fn parse(text: &str, rules: &Rules) -> Result<Self, FieldError> {
        match text.trim().is_empty() && !rules.required {
            true => Ok(None),
            false => T::parse(text, rules).map(Some),
        }
    }
}

/// Whether a reader sees anything of it. A name of others alone is no name.
fn is_visible(character: char) -> bool {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => false,
        character => !character.is_whitespace() && !character.is_control(),
    }
}

fn missing() -> FieldError {
    Sentence::Missing.into()
}

fn no_number() -> FieldError {
    Sentence::Number.into()
}

fn no_whole_number() -> FieldError {
    Sentence::WholeNumber.into()
}

/// One of a few named things, for pickers and radio groups: `#[derive(Choice)]`.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Choice, State, Clone, Copy, PartialEq, Debug)]
/// enum Size { Small, Large, #[choice(name = "xl", label = "Extra large")] Huge }
/// assert_eq!(Size::from_name("xl"), Some(Size::Huge));
/// assert_eq!(Size::Large.name(), "large");
/// fn sizes(chosen: Size) -> Node<()> {
///     view! {
///         <form>
///             <picker label="Size" name="size" value={chosen.name()}>
///                 for size in Size::ALL, key = size.name() {
///                     <option value={size.name()}>{size.label()}</option>
///                 }
///             </picker>
///         </form>
///     }
/// }
/// # sizes(Size::Small);
/// ```
///
/// A label in another language stands beside the first, under the language's tag; if
/// one option has it, all have. Nothing else is to be done: while the program
/// handles an event or makes a view, [`Choice::label`] speaks the user's language.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Choice)]
/// enum Size {
///     #[choice(zh = "小", ar = "صغير")]
///     Small,
///     #[choice(label = "Extra large", zh = "特大", ar = "كبير جدًا")]
///     Huge,
/// }
/// assert_eq!((Size::Small.label_in("zh"), Size::Huge.label_in("ar")), ("小", "كبير جدًا"));
/// // Who reads another language reads the first.
/// assert_eq!(Size::Huge.label_in("fr"), "Extra large");
/// ```
pub trait Choice: Sized + 'static {
    /// All of them, in the order of the definition.
    const ALL: &'static [Self];

    /// What is handed in: lower-case words joined by `-`.
    fn name(&self) -> &'static str;

    /// What users see, in their language if it has a label in that.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// #[derive(Choice, State, Clone, Copy, Default)]
    /// enum Size { #[default] #[choice(zh = "小")] Small }
    /// #[derive(State, Default)]
    /// struct Cup { size: Size }
    /// impl Page for Cup {
    ///     type Msg = ();
    ///     fn update(&mut self, (): (), _: &mut Cx<(), ()>) -> Result { Ok(()) }
    ///     fn view(&self, _: &Look) -> Node<()> { view! { <text>{self.size.label()}</text> } }
    /// }
    /// app! {
    /// #   manifest: "tests/pages/index.json",
    ///     pages: { "index" => Cup },
    /// }
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("index");
    /// t.assert_text("Small");
    /// t.set_environment("locale", "zh-CN");
    /// t.assert_text("小");
    /// # }
    /// ```
    fn label(&self) -> &'static str;

    /// The label in the language with this tag, such as `zh`; the first one where it
    /// has none in that.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// #[derive(Choice)]
    /// enum Size { #[choice(zh = "小")] Small }
    /// assert_eq!((Size::Small.label_in("zh"), Size::Small.label_in("de")), ("小", "Small"));
    /// ```
    fn label_in(&self, language: &str) -> &'static str;

    /// The one with this name.
    fn from_name(name: &str) -> Option<Self>;
}

/// What `#[derive(Choice)]` makes of a field's text.
#[doc(hidden)]
#[allow(clippy::missing_errors_doc, reason = "for the macro alone")]
pub fn choose<T: Choice>(text: &str) -> Result<T, FieldError> {
    T::from_name(text).ok_or_else(|| Sentence::Choose.into())
}

/// The fields of one form, while [`Fields::read`] goes through them.
///
/// ```
/// use mprun::{FieldReader, Fields, Form, Rules};
/// struct Name(String);
/// impl Fields for Name {
///     fn read(fields: &mut FieldReader<'_>) -> Option<Self> {
///         fields.field("name", &Rules::NONE).map(Self)
///     }
/// }
/// assert_eq!(Form::<Name>::of([("name", "Ada")]).get().unwrap().0, "Ada");
/// ```
#[derive(Debug)]
pub struct FieldReader<'a> {
    values: &'a [(String, String)],
    errors: &'a mut Vec<(String, String)>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(values: &'a [(String, String)], errors: &'a mut Vec<(String, String)>) -> Self {
        Self { values, errors }
    }

    fn text(&self, name: &str) -> &'a str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A field's value; where it is wrong, the error is noted.
    ///
    /// ```
    /// # use mprun::{FieldReader, Rules};
    /// fn cups(fields: &mut FieldReader<'_>) -> Option<u32> {
    ///     fields.field("cups", &Rules { min: Some(1), ..Rules::NONE })
    /// }
    /// ```
    pub fn field<T: Field>(&mut self, name: &str, rules: &Rules) -> Option<T> {
        match T::parse(self.text(name), rules) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push((name.to_owned(), error.0));
                None
            }
        }
    }

    /// A field's value by its `FromStr`.
    ///
    /// ```
    /// # use mprun::{FieldReader, Rules};
    /// fn letter(fields: &mut FieldReader<'_>) -> Option<char> {
    ///     fields.from_str("letter", &Rules::NONE)
    /// }
    /// ```
    pub fn from_str<T: FromStr>(&mut self, name: &str, rules: &Rules) -> Option<T> {
        let text: String = self.field(name, rules)?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.errors.push((name.to_owned(), Sentence::LookAgain.text().to_owned()));
        }
        value
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::message(error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: Field>(text: &str, rules: Rules) -> String {
        T::parse(text, &rules).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn numbers_are_whole_and_in_range() {
        assert_eq!(u8::parse(" 255 ", &Rules::NONE), Ok(255));
        assert_eq!(error::<u8>("256", Rules::NONE), "At most 255.");
        assert_eq!(error::<u8>("-1", Rules::NONE), "At least 0.");
        assert_eq!(error::<u64>("18446744073709551616", Rules::NONE), "At most 18446744073709551615.");
        assert_eq!(error::<i8>("", Rules::NONE), "Please fill this in.");
        assert_eq!(error::<i32>("1.5", Rules::NONE), "Please give a whole number.");
        assert_eq!(error::<i32>("4", Rules { max: Some(3), ..Rules::NONE }), "At most 3.");
        assert_eq!(f64::parse("1,5", &Rules::NONE), Ok(1.5));
        assert_eq!(error::<f64>("inf", Rules::NONE), "Please give a number.");
        assert_eq!(error::<f64>("0.5", Rules { min: Some(1), ..Rules::NONE }), "At least 1.");
    }

    #[test]
    fn texts_are_counted_in_characters() {
        let rules = Rules { min: Some(2), max: Some(3), required: false };
        assert_eq!(String::parse("梅巷茶", &rules), Ok("梅巷茶".to_owned()));
        assert_eq!(error::<String>("abcd", rules), "At most 3 characters.");
        assert_eq!(error::<String>("a", rules), "At least 2 characters.");
        assert_eq!(String::parse("", &rules), Ok(String::new()));
        assert_eq!(error::<String>("  ", Rules { required: true, ..Rules::NONE }), "Please fill this in.");
    }

    #[test]
    fn what_is_required_can_be_seen() {
        let required = Rules { required: true, ..Rules::NONE };
        let unseen = ["", " \u{3000}", "\0\u{85}", "\u{200b}\u{200f}", "\u{202a} \u{202e}", "\u{2060}\u{2069}\u{feff}"];
        for text in unseen {
            assert_eq!(error::<String>(text, required), "Please fill this in.", "{text:?}");
            assert_eq!(error::<Option<String>>(text, required), "Please fill this in.", "{text:?}");
            assert_eq!(String::parse(text, &Rules::NONE), Ok(text.to_owned()), "{text:?}");
        }
        for text in ["A", "梅", "👩\u{200d}💻", "\u{202e}Ada\u{202c}", "\u{200b}."] {
            assert_eq!(String::parse(text, &required), Ok(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn what_is_optional_may_be_empty_and_not_wrong() {
        assert_eq!(Option::<u8>::parse(" ", &Rules::NONE), Ok(None));
        assert_eq!(error::<Option<u8>>("x", Rules::NONE), "Please give a whole number.");
        assert_eq!(bool::parse("", &Rules::NONE), Ok(false));
        assert_eq!(error::<bool>("false", Rules { required: true, ..Rules::NONE }), "Please tick this.");
        assert_eq!(error::<bool>("on", Rules::NONE), "Yes or no?");
    }

    #[test]
    fn what_is_wrong_is_said_in_the_users_language() {
        #[derive(mprun::Choice, Debug, PartialEq)]
        enum Time {
            #[choice(label = "Right now", zh = "现在")]
            Now,
            #[choice(zh = "中午")]
            Noon,
        }
        let chinese = crate::look::Environment::new(vec![("locale".to_owned(), "zh-CN".to_owned())]);
        {
            let _speaking = crate::spoken::speak(&chinese);
            assert_eq!(error::<u8>("256", Rules::NONE), "不能大于 255。");
            assert_eq!(error::<String>("abc", Rules { max: Some(2), ..Rules::NONE }), "最多 2 个字符。");
            assert_eq!(error::<Time>("later", Rules::NONE), "请从这些选项中选择。");
            assert_eq!((Time::Now.label(), Time::Noon.label()), ("现在", "中午"));
        }
        assert_eq!((Time::Now.label(), Time::Noon.label()), ("Right now", "Noon"));
        assert_eq!(Time::parse("noon", &Rules::NONE), Ok(Time::Noon), "names are the same in every language");
    }
}
