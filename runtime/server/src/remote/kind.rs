//! Decides what kind of picture some bytes are, from the bytes alone: what a server
//! says of them does not count. Kinds that a browser could run (SVG) are none.

/// A kind of picture that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Jpeg,
    Webp,
    Gif,
    Avif,
}

impl Kind {
    /// So many bytes are enough to tell; fewer are, where the picture is smaller.
    pub(super) const HEAD_BYTES: usize = 512;

    /// What every server is asked for.
    pub(super) const ACCEPTED: &str = "image/avif,image/webp,image/png,image/jpeg,image/gif";

    /// The kind of a picture that begins like this. It is no decoder.
    pub(super) fn of(data: &[u8]) -> Option<Kind> {
        if data.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Kind::Png)
        } else if data.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Kind::Jpeg)
        } else if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
            Some(Kind::Webp)
        } else if data.starts_with(b"GIF87a") || data.starts_with(b"GIF89a") {
            Some(Kind::Gif)
        } else {
            is_avif(data).then_some(Kind::Avif)
        }
    }

    /// As HTTP writes it.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Kind::Png => "image/png",
            Kind::Jpeg => "image/jpeg",
            Kind::Webp => "image/webp",
            Kind::Gif => "image/gif",
            Kind::Avif => "image/avif",
        }
    }
}

/// Whether the box at the beginning names AVIF among its brands: its size, `ftyp`,
/// the first brand, a version, more brands.
fn is_avif(data: &[u8]) -> bool {
    let Some((size, rest)) = data.split_first_chunk::<4>() else { return false };
    let Some(brands) = rest.strip_prefix(b"ftyp") else { return false };
    let size = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
    let inside = size.min(Kind::HEAD_BYTES).saturating_sub(8);
    let brands = brands.get(..inside).unwrap_or(brands).chunks_exact(4).enumerate();
    brands.filter(|(position, _)| *position != 1).any(|(_, brand)| matches!(brand, b"avif" | b"avis"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_bytes_are() {
        for (data, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Kind::Png),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Kind::Jpeg),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Kind::Webp),
            (b"GIF87a", Kind::Gif),
            (b"GIF89a\x01\0\x01\0", Kind::Gif),
            (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", Kind::Avif),
            (b"\0\0\0\x1cftypavis\0\0\0\0avismsf1miaf", Kind::Avif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif\0\0\0", Kind::Avif),
        ] {
            assert_eq!(Kind::of(data), Some(kind), "{data:?}");
            assert!(Kind::ACCEPTED.split(',').any(|accepted| accepted == kind.media_type()));
        }
    }

    #[test]
    fn what_is_no_picture_has_no_kind() {
        for data in [
            &b""[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"<?xml version=\"1.0\"?><svg/>",
            b"<!doctype html><script>",
            b" \x89PNG\r\n\x1a\n",
            b"\x89PNG\n\x1a\n",
            b"\xff\xd8",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"RIFF\x24\0\0\0WEB",
            b"GIF88a",
            b"BM\x36\0",
            b"\0\0\x01\0",
            b"II*\0",
            b"%PDF-1.7",
            // Other boxes, films, HEIC, and a brand that stands outside of its box or in
            // the place of the version.
            b"\0\0\0\x20moovavif",
            b"\0\0\0\x18ftypisom\0\0\x02\0isommp42",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x10ftypmif1\0\0\0\0avif",
            b"\0\0\0\x10ftypmif1avif",
            b"\0\0\0\0ftypavif\0\0\0\0",
            b"\0\0\0\x20ftypavi",
            b"\0\0\0",
        ] {
            assert_eq!(Kind::of(data), None, "{data:?}");
        }
        let mut late = b"\0\0\x10\0ftypmif1\0\0\0\0".to_vec();
        late.resize(Kind::HEAD_BYTES, b' ');
        late.extend_from_slice(b"avif");
        assert_eq!(Kind::of(&late), None);
    }
}
