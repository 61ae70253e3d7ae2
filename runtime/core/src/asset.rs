//! Decides what an asset may be called and what kinds there are. A path that
//! could leave a folder, or mean two files on some file system, is refused; so
//! are kinds that a browser could run.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::identity::quoted;

/// Longest asset path, in bytes.
pub const PATH_BYTES_MAX: usize = 255;

/// Why a text is no asset path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetPathError {
    /// Empty or longer than [`PATH_BYTES_MAX`].
    #[error("expected an asset path of 1 to {PATH_BYTES_MAX} bytes, got {bytes}")]
    Length {
        /// Its length.
        bytes: usize,
    },
    /// Begins with `/` or a drive.
    #[error("expected an asset path relative to the assets folder, got `{got}`")]
    Absolute {
        /// The path, cut to a readable length.
        got: String,
    },
    /// Has a `.` or `..` between its slashes.
    #[error("expected an asset path that stays in the assets folder, got `{got}`")]
    Traversal {
        /// The path, cut to a readable length.
        got: String,
    },
    /// Has a name that is not letters, digits, `.`, `_` or `-`, or begins with
    /// `.` or `-`, or ends with `.` (some systems drop it), or is empty.
    #[error(
        "expected an asset path of names with letters, digits, `.`, `_`, `-` that begin with a letter, a digit or `_` and do not end with `.`, got `{got}`"
    )]
    Name {
        /// The path, cut to a readable length.
        got: String,
    },
    /// The extension is none of [`MediaType`]'s.
    #[error("expected an asset that ends in {}, got `{got}`", MediaType::EXTENSIONS)]
    Extension {
        /// The path, cut to a readable length.
        got: String,
    },
}

/// The path of an asset in its bundle: names with `/` between them, relative,
/// ASCII, with the extension of a known kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetPath {
    text: String,
    media_type: MediaType,
}

impl AssetPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What its extension says it is.
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }
}

impl FromStr for AssetPath {
    type Err = AssetPathError;
    fn from_str(text: &str) -> Result<Self, AssetPathError> {
        let got = || quoted(text);
        if text.is_empty() || text.len() > PATH_BYTES_MAX {
            return Err(AssetPathError::Length { bytes: text.len() });
        }
        if text.starts_with(['/', '\\']) || text.as_bytes().get(1) == Some(&b':') {
            return Err(AssetPathError::Absolute { got: got() });
        }
        for name in text.split('/') {
            if matches!(name, "." | "..") {
                return Err(AssetPathError::Traversal { got: got() });
            }
            let first = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
            if !first || !rest || name.ends_with('.') {
                return Err(AssetPathError::Name { got: got() });
            }
        }
        let media_type = MediaType::of(text).ok_or_else(|| AssetPathError::Extension { got: got() })?;
        Ok(AssetPath { text: text.to_owned(), media_type })
    }
}

impl TryFrom<String> for AssetPath {
    type Error = AssetPathError;
    fn try_from(text: String) -> Result<Self, AssetPathError> {
        text.parse()
    }
}

impl From<AssetPath> for String {
    fn from(path: AssetPath) -> String {
        path.text
    }
}

impl fmt::Display for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssetPath({})", self.text)
    }
}

impl JsonSchema for AssetPath {
    fn schema_name() -> Cow<'static, str> {
        "AssetPath".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": PATH_BYTES_MAX,
            "pattern": r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*\.(svg|png|jpg|jpeg|webp|gif)$",
        })
    }
}

/// What an asset is. Pictures only: nothing that a browser runs or lays over
/// the host's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// `.svg`. A host must serve it so that a script inside does not run.
    Svg,
    /// `.png`
    Png,
    /// `.jpg`, `.jpeg`
    Jpeg,
    /// `.webp`
    Webp,
    /// `.gif`
    Gif,
}

impl MediaType {
    const EXTENSIONS: &str = "`.svg`, `.png`, `.jpg`, `.jpeg`, `.webp` or `.gif`";

    /// By the extension of `path`, in lower case.
    fn of(path: &str) -> Option<MediaType> {
        match path.rsplit_once('.')?.1 {
            "svg" => Some(MediaType::Svg),
            "png" => Some(MediaType::Png),
            "jpg" | "jpeg" => Some(MediaType::Jpeg),
            "webp" => Some(MediaType::Webp),
            "gif" => Some(MediaType::Gif),
            _ => None,
        }
    }

    /// As HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MediaType::Svg => "image/svg+xml",
            MediaType::Png => "image/png",
            MediaType::Jpeg => "image/jpeg",
            MediaType::Webp => "image/webp",
            MediaType::Gif => "image/gif",
        }
    }

    /// Whether `data` begins as a file of this kind does. It is no decoder; it
    /// finds what was given a wrong name.
    pub(crate) fn fits(self, data: &[u8]) -> bool {
        match self {
            MediaType::Svg => std::str::from_utf8(data).is_ok_and(|text| {
                let text = text.trim_start_matches('\u{feff}').trim_start();
                text.starts_with('<') && text.contains("<svg")
            }),
            MediaType::Png => data.starts_with(b"\x89PNG\r\n\x1a\n"),
            MediaType::Jpeg => data.starts_with(&[0xff, 0xd8, 0xff]),
            MediaType::Webp => data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP"),
            MediaType::Gif => data.starts_with(b"GIF87a") || data.starts_with(b"GIF89a"),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_their_folder() {
        for good in ["a.svg", "img/latte-2.webp", "A_b/c.d/e.jpeg"] {
            assert_eq!(good.parse::<AssetPath>().unwrap().as_str(), good);
        }
        type IsIt = fn(&AssetPathError) -> bool;
        let cases: [(&str, IsIt); 17] = [
            ("", |e| matches!(e, AssetPathError::Length { .. })),
            (&format!("{}.svg", "a".repeat(252)), |e| matches!(e, AssetPathError::Length { .. })),
            ("/a.svg", |e| matches!(e, AssetPathError::Absolute { .. })),
            ("\\a.svg", |e| matches!(e, AssetPathError::Absolute { .. })),
            ("C:a.svg", |e| matches!(e, AssetPathError::Absolute { .. })),
            ("../a.svg", |e| matches!(e, AssetPathError::Traversal { .. })),
            ("a/../b.svg", |e| matches!(e, AssetPathError::Traversal { .. })),
            ("./a.svg", |e| matches!(e, AssetPathError::Traversal { .. })),
            ("a//b.svg", |e| matches!(e, AssetPathError::Name { .. })),
            (".a.svg", |e| matches!(e, AssetPathError::Name { .. })),
            ("a\\b.svg", |e| matches!(e, AssetPathError::Name { .. })),
            ("a./b.svg", |e| matches!(e, AssetPathError::Name { .. })),
            ("a b.svg", |e| matches!(e, AssetPathError::Name { .. })),
            ("é.svg", |e| matches!(e, AssetPathError::Name { .. })),
            ("a.html", |e| matches!(e, AssetPathError::Extension { .. })),
            ("a.SVG", |e| matches!(e, AssetPathError::Extension { .. })),
            ("svg", |e| matches!(e, AssetPathError::Extension { .. })),
        ];
        for (path, is_it) in cases {
            let error = path.parse::<AssetPath>().unwrap_err();
            assert!(is_it(&error), "{path}: {error}");
        }
    }

    #[test]
    fn a_file_is_what_its_name_says() {
        assert!(MediaType::Svg.fits(b"<?xml version='1.0'?>\n<svg/>"));
        assert!(!MediaType::Svg.fits(b"\x89PNG\r\n\x1a\n"));
        assert!(!MediaType::Png.fits(b"<svg/>"));
        assert!(MediaType::Webp.fits(b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(!MediaType::Webp.fits(b"RIFF"));
        assert!(!MediaType::Gif.fits(b""));
        assert!(MediaType::Jpeg.fits(&[0xff, 0xd8, 0xff, 0xe0]));
    }
}
