//! Decides in which form a component stands in a bundle: without custom sections,
//! at any depth, and each section with its length in as few bytes as possible.
//! [`strip`] brings a component into this form, [`check`] refuses any other. Two
//! files that differ only in what no engine looks at would be one program with two
//! digests, and home folders, tool versions and names of functions like to hide
//! there (an engine copies those into each backtrace, and nobody says how long
//! they are).
//!
//! The content of all other sections stays as the author's tool wrote it: numbers
//! inside of code may have bytes to spare. That is the author's choice, and part
//! of the digest.

use wasm_encoder::{Encode, RawSection, Section as _};
use wasmparser::BinaryReader;

use super::{BundleError, NESTING_MAX};
use crate::identity::quoted;

/// Magic number and version.
const HEADER_BYTES: usize = 8;
/// How a component begins; modules have another version.
const COMPONENT_HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

const CUSTOM_SECTION: u8 = 0;
/// Sections that contain a module or a component, in a component.
const CORE_MODULE_SECTION: u8 = 1;
const COMPONENT_SECTION: u8 = 4;

/// A component without its custom sections and without those of what is inside.
/// Lengths are written anew, the content stays as it is.
pub(super) fn strip(component: &[u8]) -> Result<Vec<u8>, BundleError> {
    strip_at(component, 1)
}

fn strip_at(bytes: &[u8], depth: usize) -> Result<Vec<u8>, BundleError> {
    let mut sections = Sections::open(bytes, 0, depth)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(sections.header);
    while let Some(section) = sections.next()? {
        if section.id == CUSTOM_SECTION {
            continue;
        }
        if !section.nests {
            RawSection { id: section.id, data: section.content }.append_to(&mut out);
            continue;
        }
        let inner = strip_at(section.content, depth + 1)?;
        out.push(section.id);
        inner.len().encode(&mut out);
        out.extend(inner);
    }
    Ok(out)
}

/// Whether [`strip`] would leave `component` as it is, found without a copy.
/// `component` is the beginning of the file, up to our sections.
///
/// # Errors
/// The first section that it would drop or write in another way.
pub(super) fn check(component: &[u8]) -> Result<(), BundleError> {
    check_at(component, 0, 1)
}

fn check_at(bytes: &[u8], at: u64, depth: usize) -> Result<(), BundleError> {
    let mut sections = Sections::open(bytes, at, depth)?;
    while let Some(section) = sections.next()? {
        if section.id == CUSTOM_SECTION {
            let name = quoted(BinaryReader::new(section.content, section.content_at).read_string()?);
            return Err(match depth {
                1 => BundleError::ForeignSection { name, offset: section.at },
                _ => BundleError::InnerSection { name },
            });
        }
        if section.content_at - section.at != 1 + length_bytes(section.content.len()) {
            return Err(BundleError::NotCanonical { offset: section.at });
        }
        if section.nests {
            check_at(section.content, section.content_at, depth + 1)?;
        }
    }
    Ok(())
}

/// How many bytes the shortest LEB128 of `length` has: 7 bits in each.
fn length_bytes(length: usize) -> u64 {
    u64::from((usize::BITS - length.leading_zeros()).div_ceil(7).max(1))
}

/// A section of a module or component.
struct Section<'a> {
    id: u8,
    content: &'a [u8],
    /// Where it begins in the file, with its id.
    at: u64,
    /// Where its content begins in the file.
    content_at: u64,
    /// Whether the content is a module or component.
    nests: bool,
}

/// The sections of a module or component, one after the other.
struct Sections<'a> {
    header: &'a [u8],
    reader: BinaryReader<'a>,
}

impl<'a> Sections<'a> {
    /// `at` is where `bytes` begin in the file, `depth` how many modules and
    /// components they are in, themselves included.
    fn open(bytes: &'a [u8], at: u64, depth: usize) -> Result<Self, BundleError> {
        if depth > NESTING_MAX {
            return Err(BundleError::TooDeep);
        }
        let mut reader = BinaryReader::new(bytes, at);
        let header = reader.read_bytes(HEADER_BYTES)?;
        Ok(Sections { header, reader })
    }

    fn next(&mut self) -> Result<Option<Section<'a>>, BundleError> {
        if self.reader.eof() {
            return Ok(None);
        }
        let at = self.reader.original_position();
        let id = self.reader.read_u8()?;
        let size = self.reader.read_var_u32()?;
        let content_at = self.reader.original_position();
        let content = self.reader.read_bytes(size as usize)?;
        let nests = self.header == COMPONENT_HEADER && matches!(id, CORE_MODULE_SECTION | COMPONENT_SECTION);
        Ok(Some(Section { id, content, at, content_at, nests }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_as_they_are_written() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 8 * 1024 * 1024, u32::MAX as usize] {
            let mut encoded = Vec::new();
            length.encode(&mut encoded);
            assert_eq!(length_bytes(length), encoded.len() as u64, "{length}");
        }
    }
}
