//! The operations of a patch, and how they are written: JSON arrays, as short as
//! they can be read. `docs/live.md` has the grammar; `live.js` carries it out.

use serde_json::Value as Json;

/// One change of an element. Numbers count element children; a page has no text
/// beside elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `[[i, …], [op, …]]`: goes down to an element and changes it.
    Down(Vec<u32>, Vec<Op>),
    /// `["t", text]`: sets the text inside.
    Text(String),
    /// `["a", name, value]`: sets an attribute; `["a", name]` takes it away.
    Attribute(String, Option<String>),
    /// `["x", html]`: puts another element in its place.
    Replace(String),
    /// `["i", index, html]`: puts elements before that child.
    Insert(u32, String),
    /// `["r", index, count]`: takes children away.
    Remove(u32, u32),
    /// `["m", from, to]`: takes a child out and puts it where it is child `to`.
    Move(u32, u32),
}

impl Op {
    /// What is to be done to the child at `index`; nothing where that is nothing.
    pub(super) fn down(index: u32, ops: Vec<Op>) -> Option<Op> {
        Self::below(vec![index], ops)
    }

    /// What is to be done to the element at the end of a path.
    pub(super) fn below(mut path: Vec<u32>, mut ops: Vec<Op>) -> Option<Op> {
        if ops.is_empty() {
            return None;
        }
        // A way with nothing to do in between is one way.
        if let [Op::Down(rest, inner)] = ops.as_mut_slice() {
            path.append(rest);
            return Some(Op::Down(path, std::mem::take(inner)));
        }
        Some(Op::Down(path, ops))
    }

    fn write(&self, out: &mut String) {
        match self {
            Op::Down(path, ops) => {
                out.push_str("[[");
                for (position, index) in path.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    number(out, *index);
                }
                out.push_str("],");
                write(ops, out);
            }
            Op::Text(text) => {
                out.push_str("[\"t\",");
                string(out, text);
            }
            Op::Attribute(name, value) => {
                out.push_str("[\"a\",");
                string(out, name);
                if let Some(value) = value {
                    out.push(',');
                    string(out, value);
                }
            }
            Op::Replace(html) => {
                out.push_str("[\"x\",");
                string(out, html);
            }
            Op::Insert(index, html) => {
                out.push_str("[\"i\",");
                number(out, *index);
                out.push(',');
                string(out, html);
            }
            Op::Remove(index, count) => pair(out, "[\"r\",", *index, *count),
            Op::Move(from, to) => pair(out, "[\"m\",", *from, *to),
        }
        out.push(']');
    }

    fn read(json: &Json) -> Option<Op> {
        let parts = json.as_array()?;
        let text = |at: usize| parts.get(at).and_then(Json::as_str).map(str::to_owned);
        let number = |at: usize| parts.get(at).and_then(Json::as_u64).and_then(|number| u32::try_from(number).ok());
        let op = match parts.first()? {
            Json::Array(path) => {
                let path = path.iter().map(|index| u32::try_from(index.as_u64()?).ok()).collect::<Option<_>>()?;
                Op::Down(path, read(parts.get(1)?)?)
            }
            Json::String(kind) => match (kind.as_str(), parts.len()) {
                ("t", 2) => Op::Text(text(1)?),
                ("a", 2) => Op::Attribute(text(1)?, None),
                ("a", 3) => Op::Attribute(text(1)?, Some(text(2)?)),
                ("x", 2) => Op::Replace(text(1)?),
                ("i", 3) => Op::Insert(number(1)?, text(2)?),
                ("r", 3) => Op::Remove(number(1)?, number(2)?),
                ("m", 3) => Op::Move(number(1)?, number(2)?),
                _ => return None,
            },
            _ => return None,
        };
        Some(op)
    }
}

/// Appends operations as JSON.
pub(super) fn write(ops: &[Op], out: &mut String) {
    out.push('[');
    for (position, op) in ops.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        op.write(out);
    }
    out.push(']');
}

/// Reads operations; `None` where they are something else.
pub(super) fn read(json: &Json) -> Option<Vec<Op>> {
    json.as_array()?.iter().map(Op::read).collect()
}

fn pair(out: &mut String, start: &str, one: u32, other: u32) {
    out.push_str(start);
    number(out, one);
    out.push(',');
    number(out, other);
}

fn number(out: &mut String, number: u32) {
    use std::fmt::Write as _;
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{number}");
}

/// A JSON string. Not as HTML: it is only ever read by `JSON.parse`.
fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\t' => "\\t",
            0..0x20 => "\\ufffd",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(escape);
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let ops = vec![
            Op::Down(vec![0, 3, 999], vec![Op::Text("\"a\\\n\té拿".to_owned())]),
            Op::Attribute("value".to_owned(), Some(String::new())),
            Op::Attribute("checked".to_owned(), None),
            Op::Replace("<p class=\"x\">y</p>".to_owned()),
            Op::Insert(2, "<i></i>".to_owned()),
            Op::Remove(0, 4),
            Op::Move(7, 1),
        ];
        let mut text = String::new();
        write(&ops, &mut text);
        assert!(
            text.starts_with(r#"[[[0,3,999],[["t","\"a\\\n\té拿"]]],["a","value",""],["a","checked"],["x","<p class"#)
        );
        assert_eq!(read(&serde_json::from_str(&text).unwrap()), Some(ops));
        assert_eq!(read(&serde_json::json!([["q", 1]])), None);
        assert_eq!(read(&serde_json::json!([["r", -1, 1]])), None);
    }

    #[test]
    fn a_way_with_nothing_in_between_is_one_way() {
        let deep = Op::down(4, vec![Op::Text("x".to_owned())]).and_then(|op| Op::below(vec![0, 1], vec![op]));
        assert_eq!(deep, Some(Op::Down(vec![0, 1, 4], vec![Op::Text("x".to_owned())])));
        assert_eq!(Op::down(1, Vec::new()), None);
    }
}
