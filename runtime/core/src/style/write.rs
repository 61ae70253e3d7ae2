//! Writes what was checked, as small as it can be, with holes where something is
//! known only when the sheet is handed out: the addresses of pictures, and whether
//! the program's pages are made for one colour scheme.

use super::{
    OUTPUT_BYTES_MAX, SELECTORS_MAX,
    check::Declaration,
    error::Refusal,
    scope::{self, Selector},
};
use crate::{asset::AssetPath, manifest::ColorScheme};

/// What a picture's address is taken for when it is counted, in bytes.
const ADDRESS_BYTES: usize = 128;

/// A part of what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it is.
    Text(String),
    /// The address of a picture, as a value.
    Picture {
        path: AssetPath,
        /// Where the sheet names it.
        at: usize,
    },
    /// A condition: whether pages are shown in this scheme.
    Scheme(ColorScheme),
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Piece::Text(text) => text.len(),
            Piece::Picture { .. } | Piece::Scheme(_) => ADDRESS_BYTES,
        }
    }
}

/// Words of a value or a condition, with a blank where one is needed.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
    text: String,
    spaced: bool,
}

impl Pieces {
    /// There is white space here, which may mean something.
    pub(super) fn space(&mut self) {
        self.spaced = true;
    }

    pub(super) fn push(&mut self, text: &str) {
        const AFTER: [char; 7] = ['(', '[', ',', ':', '<', '>', '='];
        const BEFORE: [char; 7] = [')', ']', ',', ':', '<', '>', '='];
        let first = self.text.is_empty() && self.list.is_empty();
        if self.spaced && !first && !self.text.ends_with(AFTER) && !text.starts_with(BEFORE) {
            self.text.push(' ');
        }
        self.spaced = false;
        self.text.push_str(text);
    }

    /// A text in quotes.
    pub(super) fn quote(&mut self, text: &str) {
        let mut quoted = String::with_capacity(text.len() + 2);
        quote(&mut quoted, text);
        self.push(&quoted);
    }

    pub(super) fn piece(&mut self, piece: Piece) {
        // White space before it is the same as before a word.
        self.push("");
        if !self.text.is_empty() {
            self.list.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.list.push(piece);
    }

    pub(super) fn finish(mut self) -> Vec<Piece> {
        if !self.text.is_empty() {
            self.list.push(Piece::Text(self.text));
        }
        self.list
    }
}

/// Writes a text in quotes. Nothing in it ends it, and nothing in it ends an
/// element that somebody might put the sheet into.
pub(super) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' => out.push_str("\\3c "),
            c if c.is_control() => out.push_str(&format!("\\{:x} ", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A sheet that is being written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pieces: Vec<Piece>,
    text: String,
    /// Of the pieces that are finished.
    bytes: usize,
    selectors: usize,
}

impl Writer {
    /// A rule; one without declarations is left out.
    pub(super) fn rule(&mut self, selectors: &[Selector], declarations: &[Declaration]) -> Result<(), Refusal> {
        let Some(first) = declarations.first() else { return Ok(()) };
        self.selectors += selectors.len();
        if self.selectors > SELECTORS_MAX {
            return Err(scope::too_many(first.at));
        }
        for (position, selector) in selectors.iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            self.text.push_str(selector.text());
        }
        self.block(declarations);
        // Long lists of selectors come again with each rule that is nested in theirs.
        if self.bytes + self.text.len() > OUTPUT_BYTES_MAX {
            return Err(Refusal::new(
                first.at,
                format!("expected a sheet of at most {OUTPUT_BYTES_MAX} bytes, once it is unfolded"),
            ));
        }
        Ok(())
    }

    /// One moment of an animation.
    pub(super) fn frame(&mut self, moments: &str, declarations: &[Declaration]) {
        self.text.push_str(moments);
        self.block(declarations);
    }

    /// Opens a block that rules follow in.
    pub(super) fn open(&mut self, head: &str, condition: Vec<Piece>) {
        self.text.push_str(head);
        for piece in condition {
            self.piece(piece);
        }
        self.text.push('{');
    }

    pub(super) fn close(&mut self) {
        self.text.push('}');
    }

    pub(super) fn finish(mut self) -> Vec<Piece> {
        self.end_text();
        self.pieces
    }

    fn block(&mut self, declarations: &[Declaration]) {
        self.text.push('{');
        for (position, declaration) in declarations.iter().enumerate() {
            if position > 0 {
                self.text.push(';');
            }
            self.text.push_str(&declaration.name);
            self.text.push(':');
            for piece in &declaration.value {
                self.piece(piece.clone());
            }
        }
        self.text.push('}');
    }

    fn piece(&mut self, piece: Piece) {
        if let Piece::Text(text) = piece {
            self.text.push_str(&text);
            return;
        }
        self.end_text();
        self.bytes += piece.bytes();
        self.pieces.push(piece);
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            let text = Piece::Text(std::mem::take(&mut self.text));
            self.bytes += text.bytes();
            self.pieces.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_stand_only_where_they_are_needed() {
        let mut pieces = Pieces::default();
        for word in [" ", "a", " ", "b", "(", " ", "c", " ", ",", " ", "d", " ", ")", " ", "+", " ", "e", " "] {
            match word {
                " " => pieces.space(),
                word => pieces.push(word),
            }
        }
        assert_eq!(pieces.finish(), [Piece::Text("a b(c,d) + e".to_owned())]);
    }

    #[test]
    fn a_picture_is_a_word_too() {
        let path: AssetPath = "a.svg".parse().unwrap();
        let picture = || Piece::Picture { path: path.clone(), at: 0 };
        let mut pieces = Pieces::default();
        pieces.space();
        pieces.piece(picture());
        pieces.space();
        pieces.push("b");
        pieces.space();
        pieces.piece(picture());
        assert_eq!(pieces.finish(), [picture(), Piece::Text(" b ".to_owned()), picture()]);
    }

    #[test]
    fn nothing_ends_a_text_in_quotes() {
        let mut out = String::new();
        quote(&mut out, "a\"b\\c\n</style>咖");
        assert_eq!(out, "\"a\\\"b\\\\c\\a \\3c /style>咖\"");
    }
}
