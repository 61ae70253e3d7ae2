//! What can go wrong, in three voices: for the user (a sentence), for the
//! fields of a form, and for the developer (what a host function refused).

use std::fmt;
use std::time::Duration;

use crate::spoken::Sentence;

/// The result of everything that can go wrong in a program.
///
/// ```
/// use mprun::prelude::*;
/// fn half(cents: u32) -> Result<u32> {
///     if cents % 2 == 1 {
///         return Err(Error::message("This price cannot be split"));
///     }
///     Ok(cents / 2)
/// }
/// assert!(half(3).is_err());
/// ```
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why something did not succeed.
///
/// Returned from `update`, nothing of the event is kept: no state, no write, no
/// ask; the user sees the message, or the errors at the fields.
///
/// ```
/// use mprun::prelude::*;
/// let error = Error::message("The kitchen is closed");
/// assert_eq!(error.to_string(), "The kitchen is closed");
/// assert_eq!(error.kind(), ErrorKind::Message);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    fields: Vec<(String, String)>,
    retry_after: Option<Duration>,
}

/// What kind of thing went wrong.
///
/// ```
/// use mprun::prelude::*;
/// assert_eq!(Error::not_found().kind(), ErrorKind::NotFound);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The program says so, to the user.
    Message,
    /// The page or the thing that it should show does not exist; in a reply, the
    /// other page was closed without a result.
    NotFound,
    /// What was filled in is refused; [`Error::fields`] says which fields.
    Fields,
    /// Bytes that another version of the program wrote, and this one cannot read.
    Incompatible,
    /// The host: not granted, or taken back.
    Denied,
    /// The host: a limit is reached; [`Error::retry_after`] may say until when.
    Limited,
    /// The host: an argument is outside of what the function allows.
    Invalid,
    /// The host could not do it now.
    Unavailable,
}

impl Error {
    /// A sentence for the user. At most 2,000 bytes of it are shown.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// let error = Error::message(format!("Only {} left", 3));
    /// assert_eq!(error.to_string(), "Only 3 left");
    /// ```
    pub fn message(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Message, text)
    }

    /// There is no such page, or nothing for it to show.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// fn product(id: u32) -> Result<&'static str> {
    ///     ["Latte", "Mocha"].get(id as usize).copied().ok_or_else(Error::not_found)
    /// }
    /// assert_eq!(product(1), Ok("Mocha"));
    /// assert!(product(2).is_err());
    /// ```
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, Sentence::NotFound.text())
    }

    /// What is wrong with one field of the form that was submitted, shown there.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// let error = Error::field("time", "We are closed then");
    /// assert_eq!(error.fields(), [("time".to_owned(), "We are closed then".to_owned())]);
    /// ```
    pub fn field(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self::of_fields(vec![(name.into(), what.into())])
    }

    /// Several fields at once.
    pub(crate) fn of_fields(fields: Vec<(String, String)>) -> Self {
        let mut error = Self::new(ErrorKind::Fields, Sentence::LookAtFields.text());
        error.fields = fields;
        error
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), fields: Vec::new(), retry_after: None }
    }

    pub(crate) fn incompatible(what: impl fmt::Display) -> Self {
        let text = "this was written by another version of the program";
        // In a component the details would be a tenth of a small program's code.
        match cfg!(target_family = "wasm") {
            true => Self::new(ErrorKind::Incompatible, text),
            false => Self::new(ErrorKind::Incompatible, format!("{text}: {what}")),
        }
    }

    /// An error as host functions and replies have it.
    pub(crate) fn of_host(code: u32, message: String, retry_after_ms: Option<u64>) -> Self {
        let kind = match code {
            1 => ErrorKind::Denied,
            2 => ErrorKind::Limited,
            3 => ErrorKind::Invalid,
            4 => ErrorKind::NotFound,
            _ => ErrorKind::Unavailable,
        };
        let mut error = Self::new(kind, message);
        error.retry_after = retry_after_ms.map(Duration::from_millis);
        error
    }

    /// What kind of thing went wrong.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// fn position(cx: &mut Cx<(), ()>) -> Result<u64> {
    ///     match cx.now() {
    ///         Err(error) if error.kind() == ErrorKind::Denied => Ok(0), // go on, less well
    ///         other => other,
    ///     }
    /// }
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Field names and what is wrong with each, for [`ErrorKind::Fields`].
    ///
    /// ```
    /// use mprun::prelude::*;
    /// assert!(Error::not_found().fields().is_empty());
    /// ```
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// When it may be tried again, for [`ErrorKind::Limited`], if the host knows.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// assert_eq!(Error::not_found().retry_after(), None);
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The code of a failure, as the contract numbers them.
    pub(crate) fn code(&self) -> u32 {
        match self.kind {
            ErrorKind::NotFound => 2,
            ErrorKind::Fields => 3,
            ErrorKind::Incompatible => 4,
            _ => 1,
        }
    }

    /// What the user is told. Of a host's refusal that is not the host's text,
    /// which is for the developer and in English.
    pub(crate) fn for_user(&self) -> String {
        match self.kind {
            ErrorKind::Denied => Sentence::NotAllowed.text().to_owned(),
            ErrorKind::Limited => Sentence::TooMuch.text().to_owned(),
            ErrorKind::Invalid => Sentence::DidNotWork.text().to_owned(),
            ErrorKind::Unavailable => Sentence::NotNow.text().to_owned(),
            _ => self.message.clone(),
        }
    }

    /// What the developer is told beside it.
    pub(crate) fn for_developer(&self) -> Option<String> {
        match self.kind {
            ErrorKind::Denied => Some(format!("denied: {}", self.message)),
            ErrorKind::Limited => Some(format!("limited: {}", self.message)),
            ErrorKind::Invalid => Some(format!("invalid: {}", self.message)),
            ErrorKind::Unavailable => Some(format!("unavailable: {}", self.message)),
            ErrorKind::Incompatible => Some(self.message.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        for (name, what) in &self.fields {
            write!(out, " `{name}`: {what}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Gives an `Option` or a `Result` a sentence for the user.
///
/// ```
/// use mprun::prelude::*;
/// fn cups(text: &str) -> Result<u32> {
///     text.parse().or_message("How many cups?")
/// }
/// assert_eq!(cups("x"), Err(Error::message("How many cups?")));
/// assert_eq!(cups("2"), Ok(2));
/// ```
pub trait OrMessage<T> {
    /// The value, or an error that shows `text`.
    ///
    /// # Errors
    /// [`Error::message`] where there is no value.
    fn or_message(self, text: impl Into<String>) -> Result<T>;
}

impl<T> OrMessage<T> for Option<T> {
    fn or_message(self, text: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| Error::message(text))
    }
}

impl<T, E> OrMessage<T> for std::result::Result<T, E> {
    fn or_message(self, text: impl Into<String>) -> Result<T> {
        self.map_err(|_| Error::message(text))
    }
}
