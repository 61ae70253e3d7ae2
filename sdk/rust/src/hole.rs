//! Holes in messages: places that the event fills. A hole is nothing in the
//! bytes of a message; when the message comes back, it takes what came with it.
//! So what a user typed cannot be read at view time, by type, and is never a
//! part of the message that the host keeps.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec;
use crate::error::{Error, ErrorKind, Result};
use crate::form::{Field, FieldReader, Fields, Rules};

/// What comes with an event, while its message is decoded.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) values: Vec<(String, String)>,
    pub(crate) payload: Vec<u8>,
}

thread_local! {
    static INCOMING: RefCell<Incoming> = RefCell::default();
}

/// Runs `decode` with these values for the holes.
pub(crate) fn filling<T>(incoming: Incoming, decode: impl FnOnce() -> T) -> T {
    INCOMING.replace(incoming);
    let value = decode();
    INCOMING.take();
    value
}

macro_rules! hole {
    ($name:ident, $content:ty, $fill:expr) => {
        impl<T> $name<T> {
            /// An empty one, for a message at a handler.
            pub(crate) fn hole() -> Self {
                Self { content: Default::default(), filled: PhantomData }
            }

            fn with(content: $content) -> Self {
                Self { content, filled: PhantomData }
            }
        }

        impl<T> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_unit()
            }
        }

        impl<'de, T> Deserialize<'de> for $name<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                <()>::deserialize(deserializer)?;
                let fill: fn(&Incoming) -> $content = $fill;
                Ok(Self::with(INCOMING.with_borrow(fill)))
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self::with(self.content.clone())
            }
        }

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.content == other.content
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_tuple(stringify!($name)).field(&self.content).finish()
            }
        }
    };
}

/// What a field says, in a message of `on:change` or `on:input`.
///
/// `on:change` is told when the user is done with the field, `on:input` while they
/// type; a field can have both.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Cups(Value<u32>) }
/// fn update(cups: &mut u32, msg: Msg) -> Result {
///     let Msg::Cups(value) = msg;
///     *cups = value.get()?; // not a number: the error is shown at the field
///     Ok(())
/// }
/// let mut cups = 1;
/// update(&mut cups, Msg::Cups(Value::of("2"))).unwrap();
/// assert_eq!(cups, 2);
/// assert!(update(&mut cups, Msg::Cups(Value::of("many"))).is_err());
/// ```
pub struct Value<T> {
    content: String,
    filled: PhantomData<fn() -> T>,
}

hole!(Value, String, |incoming| {
    incoming.values.iter().find(|(name, _)| name == "value").map(|(_, value)| value.clone()).unwrap_or_default()
});

impl<T: Field> Value<T> {
    /// What was typed or chosen.
    ///
    /// # Errors
    /// [`ErrorKind::Fields`] if it is no `T`; returned from `update`, it is
    /// shown at the field.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// assert_eq!(Value::<bool>::of("true").get(), Ok(true));
    /// ```
    pub fn get(&self) -> Result<T> {
        T::parse(&self.content, &Rules::NONE).map_err(|error| Error::field("value", error.to_string()))
    }
}

/// What the fields of a form say, in a message of `on:submit`.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Form)]
/// struct PickUp { #[field(required, max = 40)] name: String, cups: u32 }
/// let form = Form::<PickUp>::of([("name", "Ada"), ("cups", "2")]);
/// assert_eq!(form.get().unwrap().cups, 2);
/// let form = Form::<PickUp>::of([("name", ""), ("cups", "x")]);
/// assert_eq!(form.get().err().unwrap().fields().len(), 2);
/// ```
pub struct Form<T> {
    content: Vec<(String, String)>,
    filled: PhantomData<fn() -> T>,
}

hole!(Form, Vec<(String, String)>, |incoming| incoming.values.clone());

impl<T: Fields> Form<T> {
    /// The form, if every field is right.
    ///
    /// # Errors
    /// [`ErrorKind::Fields`] with everything that is wrong; returned from
    /// `update`, the errors are shown at the fields and what was typed is kept.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// #[derive(Form)]
    /// struct Search { words: Option<String> }
    /// assert_eq!(Form::<Search>::of([("words", "")]).get().unwrap().words, None);
    /// ```
    pub fn get(&self) -> Result<T> {
        let mut errors = Vec::new();
        let value = T::read(&mut FieldReader::new(&self.content, &mut errors));
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(Error::of_fields(errors)),
        }
    }
}

/// What came of an ask: the result of another page, or of a capability.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Store(Reply<u32>) }
/// fn update(store: &mut Option<u32>, msg: Msg) {
///     let Msg::Store(reply) = msg;
///     if let Ok(id) = reply.get() {
///         *store = Some(id); // closed without a result: nothing changes
///     }
/// }
/// let mut store = None;
/// update(&mut store, Msg::Store(Reply::of(7_u32)));
/// assert_eq!(store, Some(7));
/// ```
pub struct Reply<T> {
    content: Outcome,
    filled: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Ok(Vec<u8>),
    Error(Error),
}

impl Default for Outcome {
    fn default() -> Self {
        Self::Error(Error::new(ErrorKind::Unavailable, "there is no reply yet"))
    }
}

hole!(Reply, Outcome, |incoming| {
    let value = |name: &str| incoming.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match value("outcome") {
        Some("ok") => Outcome::Ok(incoming.payload.clone()),
        Some("error") => Outcome::Error(Error::of_host(
            value("code").and_then(|code| code.parse().ok()).unwrap_or(5),
            value("message").unwrap_or_default().to_owned(),
            value("retry-after-ms").and_then(|wait| wait.parse().ok()),
        )),
        _ => Outcome::default(),
    }
});

impl<T: DeserializeOwned> Reply<T> {
    /// The answer.
    ///
    /// # Errors
    /// What the host says, [`ErrorKind::NotFound`] where the other page was
    /// closed without a result, [`ErrorKind::Incompatible`] where the answer is
    /// no `T`.
    ///
    /// ```
    /// use mprun::prelude::*;
    /// assert_eq!(Reply::<String>::of("north").get(), Ok("north".to_owned()));
    /// assert!(Reply::<u32>::of("north").get().is_err());
    /// ```
    pub fn get(&self) -> Result<T> {
        match &self.content {
            Outcome::Ok(bytes) => codec::decode_cbor(bytes),
            Outcome::Error(error) => Err(error.clone()),
        }
    }
}

/// Filled holes, to call `update` in tests.
#[cfg(not(target_family = "wasm"))]
mod filled {
    use super::{Error, Form, Outcome, Reply, Serialize, Value, codec};

    impl<T> Value<T> {
        /// As if a field said this. Native only: for tests.
        ///
        /// ```
        /// use mprun::prelude::*;
        /// assert_eq!(Value::<u32>::of("7").get(), Ok(7));
        /// ```
        pub fn of(text: impl Into<String>) -> Self {
            Self::with(text.into())
        }
    }

    impl<T> Form<T> {
        /// As if the fields said this. Native only: for tests.
        ///
        /// ```
        /// use mprun::prelude::*;
        /// #[derive(Form)]
        /// struct Name { name: String }
        /// assert_eq!(Form::<Name>::of([("name", "Ada")]).get().unwrap().name, "Ada");
        /// ```
        pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
            Self::with(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
    }

    impl<T> Reply<T> {
        /// As if this was answered. Native only: for tests.
        ///
        /// ```
        /// use mprun::prelude::*;
        /// assert_eq!(Reply::<u32>::of(7_u32).get(), Ok(7));
        /// ```
        pub fn of<A: Serialize>(answer: A) -> Self {
            Self::with(match codec::encode_cbor(&answer) {
                Ok(bytes) => Outcome::Ok(bytes),
                Err(error) => Outcome::Error(error),
            })
        }

        /// As if the ask had failed. Native only: for tests.
        ///
        /// ```
        /// use mprun::prelude::*;
        /// assert_eq!(Reply::<u32>::failed(Error::not_found()).get(), Err(Error::not_found()));
        /// ```
        pub fn failed(error: Error) -> Self {
            Self::with(Outcome::Error(error))
        }
    }
}
