//! What the macros' code needs. No part of the interface for authors.

use std::marker::PhantomData;

pub use serde;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

pub use crate::export;
pub use crate::form::choose;
pub use crate::node::{Template, Writer, put};
pub use crate::page::{PageVisitor, Pages};
pub use crate::spoken::{Language, spoken};
#[cfg(target_family = "wasm")]
pub use crate::{bindings, guest::Exports};

/// The position of a name in a list; its length if it is not there. First it is
/// looked for at `expected`: what the same type wrote has its names in order.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    pub names: &'static [&'static str],
    pub expected: usize,
}

impl<'de> DeserializeSeed<'de> for Names {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Names {
    type Value = usize;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a name")
    }

    fn visit_u64<E>(self, position: u64) -> Result<usize, E> {
        Ok(usize::try_from(position).unwrap_or(usize::MAX).min(self.names.len()))
    }

    fn visit_str<E>(self, name: &str) -> Result<usize, E> {
        let Names { names, expected } = self;
        if names.get(expected).is_some_and(|known| *known == name) {
            return Ok(expected);
        }
        Ok(names.iter().position(|known| *known == name).unwrap_or(names.len()))
    }
}

/// The next value of a struct that is written as a list.
pub fn next<'de, T: serde::Deserialize<'de>, A: SeqAccess<'de>>(
    values: &mut A,
    position: usize,
) -> Result<T, A::Error> {
    values.next_element()?.ok_or_else(|| A::Error::custom(format_args!("value {position} is missing")))
}

/// A field that is not there.
pub fn missing<E: serde::de::Error>(name: &'static str) -> E {
    E::missing_field(name)
}

/// A variant that this version does not have.
pub fn unknown<E: serde::de::Error>(name: &'static str) -> E {
    E::custom(format_args!("`{name}` has no such variant"))
}

/// Stands for a field's type, so that the two traits below can ask whether it
/// has a default: the method of the first is found first, if there is one.
#[derive(Debug)]
pub struct Field<T>(PhantomData<fn() -> T>);

impl<T> Field<T> {
    /// The only one.
    pub const NEW: Self = Self(PhantomData);
}

/// A missing field becomes its type's default.
pub trait MissingDefault<T> {
    /// The default.
    ///
    /// # Errors
    /// None.
    fn missing<E: serde::de::Error>(&self, name: &'static str) -> Result<T, E>;
}

impl<T: Default> MissingDefault<T> for Field<T> {
    fn missing<E: serde::de::Error>(&self, _: &'static str) -> Result<T, E> {
        Ok(T::default())
    }
}

/// A missing field of a type without a default.
pub trait MissingError<T> {
    /// The error.
    ///
    /// # Errors
    /// Always.
    fn missing<E: serde::de::Error>(&self, name: &'static str) -> Result<T, E>;
}

impl<T> MissingError<T> for &Field<T> {
    fn missing<E: serde::de::Error>(&self, name: &'static str) -> Result<T, E> {
        Err(E::missing_field(name))
    }
}
