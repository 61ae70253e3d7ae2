//! The bytes of our sections: little-endian lengths and nothing else, so that
//! every content has exactly one encoding.

use std::ops::Range;

use wasm_encoder::{CustomSection, Encode, Section as _};

use super::BundleError;

pub(super) const MANIFEST: &str = "mprun:manifest";
pub(super) const TEMPLATES: &str = "mprun:templates";
pub(super) const STYLE: &str = "mprun:style";
pub(super) const ASSET: &str = "mprun:asset";

/// In the order in which they stand in a file.
const ORDER: [&str; 4] = [MANIFEST, TEMPLATES, STYLE, ASSET];

/// All names of custom sections that begin so are ours.
pub(super) const PREFIX: &str = "mprun:";

/// The name as a constant, if it is one of ours.
pub(super) fn known(name: &str) -> Option<&'static str> {
    ORDER.into_iter().find(|known| *known == name)
}

/// Whether one of our sections belongs after another.
pub(super) fn is_after(name: &str, other: &str) -> bool {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    place(name) > place(other)
}

/// Appends a custom section to a module or component.
pub(super) fn append(out: &mut Vec<u8>, name: &'static str, data: &[u8]) {
    CustomSection { name: name.into(), data: data.into() }.append_to(out);
}

/// What stands before the data of a custom section with minimal lengths.
pub(super) fn header(name: &str, data_bytes: usize) -> Vec<u8> {
    let mut name_bytes = Vec::new();
    name.encode(&mut name_bytes);
    let mut out = vec![0];
    // `usize` is encoded as LEB128; a section is smaller than 8 MiB.
    (name_bytes.len() + data_bytes).encode(&mut out);
    out.extend(name_bytes);
    out
}

/// Appends a number.
pub(super) fn put_number(out: &mut Vec<u8>, number: usize) -> Result<(), BundleError> {
    // More than 4 GiB of anything is more than any limit.
    let number = u32::try_from(number).map_err(|_| BundleError::TooLarge { bytes: number })?;
    out.extend(number.to_le_bytes());
    Ok(())
}

/// Appends bytes and their length before them.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), BundleError> {
    put_number(out, bytes.len())?;
    out.extend(bytes);
    Ok(())
}

/// Reads a section from its beginning to exactly its end.
pub(super) struct Reader<'a> {
    section: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(section: &'static str, bytes: &'a [u8]) -> Self {
        Reader { section, bytes, at: 0 }
    }

    pub(super) fn number(&mut self) -> Result<usize, BundleError> {
        let number = self.array::<4>()?;
        // A length that does not fit ends the section as too long a one does.
        usize::try_from(u32::from_le_bytes(number)).map_err(|_| self.too_short())
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], BundleError> {
        Ok(&self.bytes[self.range()?])
    }

    /// Where the bytes stand in the section.
    pub(super) fn range(&mut self) -> Result<Range<usize>, BundleError> {
        let length = self.number()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, BundleError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| self.broken("a text is not UTF-8"))
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let range = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        Ok(array)
    }

    pub(super) fn end(self) -> Result<(), BundleError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.broken("bytes after its end")) }
    }

    pub(super) fn broken(&self, problem: &'static str) -> BundleError {
        BundleError::Section { section: self.section, problem }
    }

    fn take(&mut self, length: usize) -> Result<Range<usize>, BundleError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.too_short())?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn too_short(&self) -> BundleError {
        self.broken("it ends too early")
    }
}
