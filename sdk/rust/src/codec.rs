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
/// Holes ([`crate::Value`], [`Form`](struct@crate::Form), [`crate::Reply`]) are no data: kept
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
/// `on:change`, [`Form`](struct@crate::Form) in `on:submit`, [`crate::Reply`] in asks.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hole::{Form, Incoming, Reply, Value, filling};

    #[derive(mprun::State, Debug, PartialEq, Clone)]
    enum Every {
        Unit,
        One(u8),
        Two(i64, String),
        Named { list: Vec<Every>, maybe: Option<f64> },
        Wide(Wide),
    }

    #[derive(mprun::State, Debug, PartialEq, Clone, Default)]
    struct Wide(u64, bool, char);

    #[derive(mprun::State, Debug, PartialEq)]
    struct Generic<T> {
        inner: T,
        r#type: (),
    }

    #[derive(mprun::Message, Debug, PartialEq)]
    enum Msg {
        Tap(u32),
        Change { id: u32, value: Value<u32> },
        Submit(Form<()>, u8),
        Reply(Reply<String>),
    }

    fn every() -> Vec<Every> {
        vec![
            Every::Unit,
            Every::One(255),
            Every::Two(i64::MIN, "né".to_owned()),
            Every::Named { list: vec![Every::Unit, Every::One(0)], maybe: Some(0.5) },
            Every::Named { list: Vec::new(), maybe: None },
            Every::Wide(Wide(u64::MAX, true, '梅')),
        ]
    }

    #[test]
    fn states_come_back_as_they_were() {
        let state = Generic { inner: every(), r#type: () };
        let bytes = encode_named(Generic::<Vec<Every>>::SCHEMA, &state);
        assert_eq!(bytes.and_then(|bytes| decode_named(&bytes)), Ok(state));
    }

    #[test]
    fn a_definition_has_its_own_hash() {
        #[derive(mprun::State)]
        struct Wide(#[allow(dead_code, reason = "only its type counts")] u64);
        assert_ne!(Wide::SCHEMA, super::tests::Wide::SCHEMA);
        assert_eq!(Generic::<u8>::SCHEMA, Generic::<u16>::SCHEMA);
    }

    #[test]
    fn bytes_that_are_cut_or_longer_are_refused() {
        let whole = encode_named(1, &every()).unwrap_or_default();
        for cut in 0..whole.len() {
            assert!(decode_named::<Vec<Every>>(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(decode_named::<Vec<Every>>(&[whole.as_slice(), &[0]].concat()).is_err());
        let mut message = Vec::new();
        write_message(&mut message, &Msg::Tap(300));
        message.push(0);
        assert!(read_message::<Msg>(&message).is_err());
        assert!(read_message::<Msg>(&[200]).is_err());
    }

    #[test]
    fn holes_are_nothing_in_the_bytes_and_filled_when_they_come_back() {
        let mut bytes = b"before".to_vec();
        write_message(&mut bytes, &Msg::Change { id: 7, value: Value::hole() });
        assert_eq!(bytes, b"before\x01\x07");
        let values = vec![("value".to_owned(), "12".to_owned())];
        let incoming = || Incoming { values: values.clone(), payload: Vec::new() };
        let message = filling(incoming(), || read_message(&bytes[6..]));
        assert_eq!(message, Ok(Msg::Change { id: 7, value: Value::of("12") }));
        let message = filling(incoming(), || read_message(&[2, 9]));
        assert_eq!(message, Ok(Msg::Submit(Form::of([("value", "12")]), 9)));
        // Nothing of one event is left for the next.
        let message = read_message(&[1, 7]);
        assert_eq!(message, Ok(Msg::Change { id: 7, value: Value::of("") }));
    }

    #[test]
    fn a_reply_says_what_the_host_says() {
        let message = encode_named(Msg::SCHEMA, &Msg::Reply(Reply::hole())).unwrap_or_default();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read = |values, payload| match filling(Incoming { values, payload }, || decode_named::<Msg>(&message)) {
            Ok(Msg::Reply(reply)) => reply.get(),
            other => panic!("{other:?}"),
        };
        let payload = encode_cbor("north").unwrap_or_default();
        assert_eq!(read(vec![pair("outcome", "ok")], payload), Ok("north".to_owned()));
        let refused = vec![pair("outcome", "error"), pair("code", "2"), pair("retry-after-ms", "1500")];
        let error = read(refused, Vec::new());
        let error = error.expect_err("the host refused");
        assert_eq!(error.kind(), crate::ErrorKind::Limited);
        assert_eq!(error.retry_after(), Some(std::time::Duration::from_millis(1500)));
        assert!(read(Vec::new(), Vec::new()).is_err());
    }

    #[test]
    fn a_message_lacks_nothing() {
        // A state would get a default for `id`; a message is refused.
        let lacking = encode_named(
            1,
            &[("Change", [("value", ())].into_iter().collect::<std::collections::BTreeMap<_, _>>())]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        );
        let error = lacking.and_then(|bytes| decode_named::<Msg>(&bytes));
        assert_eq!(error.map_err(|error| error.kind()), Err(crate::ErrorKind::Incompatible));
    }
}
