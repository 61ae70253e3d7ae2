//! Bytes of states and messages. What outlives a version of the program names
//! its fields (CBOR, behind a hash of the definition); what is bound to one
//! version (messages of handlers) is compact (postcard).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Something that is kept between two events: a page's state, the program's
/// state, and everything inside of them.
///
/// Derive it. Fields may be anything that is `State` or has serde's traits.
/// When a new version of the program reads what an older one wrote, unknown
/// fields are dropped and missing ones get their type's default, if it has one;
/// where that is not enough, the page is loaded anew.
///
/// Holes ([`crate::Value`], [`crate::Form`], [`crate::Reply`]) are no data: kept
/// in a state they are empty afterwards.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(State, Default)]
/// struct Shop { cart: Vec<Line> }
/// #[derive(State, Clone, PartialEq)]
/// struct Line { id: u32, cups: u32 }
/// ```
pub trait State: Serialize + DeserializeOwned + 'static {
    /// A hash of the definition: tells two versions of it apart.
    const SCHEMA: u64;
}

impl State for () {
    const SCHEMA: u64 = 0;
}

/// What can happen to a page: the author's own enum.
///
/// Derive it. Variants may have holes that the event fills: [`crate::Value`] in
/// `on:change`, [`crate::Form`] in `on:submit`, [`crate::Reply`] in asks.
///
/// ```
/// use mprun::prelude::*;
/// #[derive(Message)]
/// enum Msg { Add(u32), Name(Value<String>), Tick }
/// ```
pub trait Message: Serialize + DeserializeOwned + 'static {
    /// A hash of the definition: tells two versions of it apart.
    const SCHEMA: u64;
}

impl Message for () {
    const SCHEMA: u64 = 0;
}

/// Bytes of the hash in front of the CBOR.
const HEADER_BYTES: usize = 8;

/// A value behind the hash of its definition.
pub(crate) fn encode_named<T: Serialize>(schema: u64, value: &T) -> Result<Vec<u8>> {
    let mut bytes = schema.to_be_bytes().to_vec();
    let mut serializer = minicbor_serde::Serializer::new(&mut bytes);
    value.serialize(&mut serializer).map_err(|error| Error::message(format!("cannot be encoded: {error}")))?;
    Ok(bytes)
}

/// The reverse of [`encode_named`]; the hash need not be the same.
pub(crate) fn decode_named<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let body = bytes.get(HEADER_BYTES..).ok_or_else(|| Error::incompatible("too short"))?;
    decode_cbor(body)
}

/// A value with named fields.
pub(crate) fn encode_cbor<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    minicbor_serde::to_vec(value).map_err(|error| Error::message(format!("cannot be encoded: {error}")))
}

/// A value with named fields that takes up all of `bytes`.
pub(crate) fn decode_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = minicbor_serde::Deserializer::new(bytes);
    let value = T::deserialize(&mut deserializer).map_err(Error::incompatible)?;
    match deserializer.decoder().position() == bytes.len() {
        true => Ok(value),
        false => Err(Error::incompatible("bytes after the end")),
    }
}

/// A message at a handler, appended.
pub(crate) fn write_message<M: Message>(out: &mut Vec<u8>, message: &M) {
    let start = out.len();
    if let Err(error) = postcard::serialize_with_flavor(message, Appending(out)) {
        // Only sequences of unknown length. The handler is offered, and what
        // comes back from it is refused.
        out.truncate(start);
        crate::log::write(crate::log::Level::Error, &format!("a message cannot be encoded: {error}"));
    }
}

struct Appending<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Appending<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// A message of a handler, as it comes back.
pub(crate) fn read_message<M: Message>(bytes: &[u8]) -> Result<M> {
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(Error::incompatible)?;
    match rest.is_empty() {
        true => Ok(message),
        false => Err(Error::incompatible("bytes after the end of a message")),
    }
}
