//! Bytes of the host's own records (recipes, outcomes, payloads of asks, drafts):
//! numbers little-endian, texts with their length in front, nothing after the
//! end. They are read back by this program or a later one, so each record begins
//! with a number that says which form it has.

/// A record that can be written and read back.
pub(crate) trait Wire: Sized {
    /// Appends the record.
    fn write(&self, writer: &mut Writer);
    /// Reads it, `None` where the bytes are something else.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// The record alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.into_bytes()
    }

    /// Reads a record that takes up all of `bytes`.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let record = Self::read(&mut reader)?;
        reader.0.is_empty().then_some(record)
    }
}

/// Where records are written.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Bytes whose length is known to the reader.
    pub(crate) fn array(&mut self, value: &[u8]) -> &mut Self {
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.array(value)
    }

    pub(crate) fn str(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    pub(crate) fn pairs(&mut self, value: &[(String, String)]) -> &mut Self {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        for (name, value) in value {
            self.str(name).str(value);
        }
        self
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        match value {
            Some(value) => {
                self.u8(1);
                write(self, value);
            }
            None => {
                self.u8(0);
            }
        }
        self
    }
}

/// What is left to read.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(length)
    }

    pub(crate) fn str(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(crate) fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        let length = self.u32()?;
        // Not `with_capacity`: the length is only believed as far as it goes.
        (0..length).map(|_| Some((self.str()?, self.str()?))).collect()
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let mut writer = Writer::default();
        writer.u64(7).str("é").pairs(&[("a".into(), "b".into())]).option(Some(3_u8), |w, v| {
            w.u8(v);
        });
        let bytes = writer.0;
        let mut reader = Reader(&bytes);
        assert_eq!(reader.u64(), Some(7));
        assert_eq!(reader.str().as_deref(), Some("é"));
        assert_eq!(reader.pairs(), Some(vec![("a".to_owned(), "b".to_owned())]));
        assert_eq!(reader.option(Reader::u8), Some(Some(3)));
        assert_eq!(reader.u8(), None);

        assert_eq!(Reader(&[255, 255, 255, 255]).bytes(), None);
        assert_eq!(Reader(&[255, 255, 255, 255, 0, 0]).pairs(), None);
        assert_eq!(Reader(&[2]).option(Reader::u8), None);
        assert_eq!(Reader(&[1, 0, 0, 0, 0xff]).str(), None);
    }
}
