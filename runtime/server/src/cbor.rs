//! Shows a state as JSON, for the author of its program. A state of the SDK is a hash
//! of its definition and then CBOR. Whatever is something else, is deeper or has more
//! values than anybody reads, is shown as its first bytes.

use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Map, Number, Value, json};

/// Bytes of the hash in front of the CBOR.
const HEADER_BYTES: usize = 8;
/// How deep values lie in each other.
const DEPTH_MAX: usize = 64;
/// Values of a state; the largest states could have a quarter of a million.
const VALUES_MAX: usize = 50_000;
/// Bytes that are shown of what cannot be read.
const HEX_BYTES_MAX: usize = 64;
/// The largest number that scripts count exactly.
const EXACT_MAX: i128 = (1 << 53) - 1;

/// A state as it is shown.
pub(crate) fn shown(state: &[u8]) -> Value {
    state.get(HEADER_BYTES..).and_then(read).unwrap_or_else(|| raw(state))
}

/// One value that takes up all of `cbor`.
fn read(cbor: &[u8]) -> Option<Value> {
    let mut reader = Reader { decoder: Decoder::new(cbor), left: VALUES_MAX };
    let value = reader.value(DEPTH_MAX)?;
    (reader.decoder.position() == cbor.len()).then_some(value)
}

fn raw(bytes: &[u8]) -> Value {
    let hex: String = bytes.iter().take(HEX_BYTES_MAX).map(|byte| format!("{byte:02x}")).collect();
    json!({ "bytes": bytes.len(), "hex": hex })
}

struct Reader<'a> {
    decoder: Decoder<'a>,
    /// How many more values there may be.
    left: usize,
}

impl Reader<'_> {
    /// A value with at most `depth` levels; `None` where it is none of the kinds that
    /// the SDK writes, or too much.
    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.left = self.left.checked_sub(1)?;
        let decoder = &mut self.decoder;
        Some(match decoder.datatype().ok()? {
            Type::Null => {
                decoder.null().ok()?;
                Value::Null
            }
            Type::Bool => Value::Bool(decoder.bool().ok()?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                number(decoder.int().ok()?.into())
            }
            Type::F32 => float(decoder.f32().ok()?.into()),
            Type::F64 => float(decoder.f64().ok()?),
            Type::String => Value::String(decoder.str().ok()?.to_owned()),
            Type::Bytes => raw(decoder.bytes().ok()?),
            Type::Array | Type::ArrayIndef => Value::Array(self.array(depth)?),
            Type::Map | Type::MapIndef => Value::Object(self.map(depth)?),
            Type::Tag => {
                decoder.tag().ok()?;
                self.value(depth)?
            }
            _ => return None,
        })
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Value>> {
        let length = self.decoder.array().ok()?;
        // Not `with_capacity`: the length is only believed as far as it goes.
        let mut values = Vec::new();
        while self.goes_on(length, values.len())? {
            values.push(self.value(depth)?);
        }
        Some(values)
    }

    fn map(&mut self, depth: usize) -> Option<Map<String, Value>> {
        let length = self.decoder.map().ok()?;
        let (mut map, mut read) = (Map::new(), 0);
        while self.goes_on(length, read)? {
            let name = match self.value(depth)? {
                Value::String(name) => name,
                other => other.to_string(),
            };
            map.insert(name, self.value(depth)?);
            read += 1;
        }
        Some(map)
    }

    /// Whether something follows what was `read`: up to `length`, or up to a break.
    fn goes_on(&mut self, length: Option<u64>, read: usize) -> Option<bool> {
        if let Some(length) = length {
            return Some((read as u64) < length);
        }
        let goes_on = self.decoder.datatype().ok()? != Type::Break;
        if !goes_on {
            self.decoder.set_position(self.decoder.position() + 1);
        }
        Some(goes_on)
    }
}

/// Beyond what scripts count exactly, its digits.
fn number(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(exact) if (-EXACT_MAX..=EXACT_MAX).contains(&number) => exact.into(),
        Ok(_) | Err(_) => Value::String(number.to_string()),
    }
}

/// What JSON has no number for, in words.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
    use minicbor::Encoder;

    use super::*;

    /// A state whose CBOR `write` writes.
    fn state(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = vec![0xab; HEADER_BYTES];
        write(&mut Encoder::new(&mut bytes));
        bytes
    }

    fn is_raw(state: &[u8]) -> bool {
        let shown = shown(state);
        shown.get("bytes") == Some(&json!(state.len())) && shown.get("hex").is_some()
    }

    fn deep(to: &mut Encoder<&mut Vec<u8>>, levels: usize) {
        for _ in 1..levels {
            to.array(1).unwrap();
        }
        to.u8(0).unwrap();
    }

    #[test]
    fn what_the_sdk_writes_is_read() {
        let bytes = state(|to| {
            to.map(7).unwrap().str("cart").unwrap().array(2).unwrap().u8(1).unwrap().i64(-300).unwrap();
            to.str("name").unwrap().str("né").unwrap().str("none").unwrap().null().unwrap();
            to.str("open").unwrap().bool(true).unwrap().str("price").unwrap().f64(2.5).unwrap();
            to.str("size").unwrap().map(1).unwrap().str("Large").unwrap().array(0).unwrap();
            to.u8(7).unwrap().f32(0.5).unwrap();
        });
        assert_eq!(
            shown(&bytes),
            json!({ "cart": [1, -300], "name": "né", "none": null, "open": true, "price": 2.5,
                    "size": { "Large": [] }, "7": 0.5 })
        );
    }

    #[test]
    fn lengths_that_are_not_said_tags_and_bytes_are_read_too() {
        let bytes = state(|to| {
            to.begin_map().unwrap().str("a").unwrap().begin_array().unwrap().u8(1).unwrap().end().unwrap();
            to.str("b").unwrap().tag(minicbor::data::Tag::new(1)).unwrap().u8(2).unwrap();
            to.str("c").unwrap().bytes(&[0, 255]).unwrap().end().unwrap();
        });
        assert_eq!(shown(&bytes), json!({ "a": [1], "b": 2, "c": { "bytes": 2, "hex": "00ff" } }));
    }

    #[test]
    fn numbers_that_scripts_would_round_are_texts() {
        let exact = 9_007_199_254_740_991_u64;
        let bytes = state(|to| {
            to.array(4).unwrap().u64(exact).unwrap().u64(exact + 1).unwrap();
            to.u64(u64::MAX).unwrap().f64(f64::NAN).unwrap();
        });
        assert_eq!(shown(&bytes), json!([exact, "9007199254740992", "18446744073709551615", "NaN"]));
    }

    #[test]
    fn anything_else_is_shown_as_its_first_bytes() {
        let good = state(|to| {
            to.array(2).unwrap().str("ab").unwrap().u8(1).unwrap();
        });
        assert!(!is_raw(&good));
        for cut in 0..good.len() {
            assert!(is_raw(&good[..cut]), "{cut}");
        }
        assert!(is_raw(&[good.as_slice(), &[0]].concat()));
        // A break at the wrong place, a text that is none, an array longer than all.
        for cbor in [&[0xff_u8][..], &[0x62, 0xff, 0xff], &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 0]] {
            assert!(is_raw(&[&[0; HEADER_BYTES][..], cbor].concat()), "{cbor:?}");
        }
        let long = shown(&[0xff; 100]);
        assert_eq!((&long["bytes"], long["hex"].as_str()), (&json!(100), Some("f".repeat(128).as_str())));
        assert_eq!(shown(&[]), json!({ "bytes": 0, "hex": "" }));
    }

    #[test]
    fn what_is_too_deep_is_not_read() {
        assert!(!is_raw(&state(|to| deep(to, DEPTH_MAX))));
        assert!(is_raw(&state(|to| deep(to, DEPTH_MAX + 1))));
    }

    #[test]
    fn what_has_too_many_values_is_not_read() {
        for (values, too_many) in [(VALUES_MAX, false), (VALUES_MAX + 1, true)] {
            let bytes = state(|to| {
                to.array(values as u64 - 1).unwrap();
                for _ in 1..values {
                    to.u8(0).unwrap();
                }
            });
            assert_eq!(is_raw(&bytes), too_many);
        }
    }
}
