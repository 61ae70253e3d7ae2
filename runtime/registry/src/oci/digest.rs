//! How OCI names content: `sha256:` and 64 lower-case hexadecimal digits. Other
//! algorithms that OCI knows are refused: no registry that we met uses them.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What a name begins with.
const ALGORITHM: &str = "sha256:";

/// A name that is being computed while bytes arrive.
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn new() -> Hasher {
        Hasher(Sha256::new())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> String {
        let mut name = ALGORITHM.to_owned();
        for byte in self.0.finalize() {
            // Writing into a `String` cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// The name of `bytes`.
pub(super) fn of(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// Whether `text` is a name.
pub(super) fn is_valid(text: &str) -> bool {
    text.strip_prefix(ALGORITHM).is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_sha256sum() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of(b""), empty);
        assert!(is_valid(empty));
        let mut hasher = Hasher::new();
        hasher.update(b"{");
        hasher.update(b"}");
        assert_eq!(hasher.finish(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }

    #[test]
    fn other_spellings_are_no_names() {
        let empty = of(b"");
        for bad in ["", "sha256:", &empty.to_uppercase(), &empty[1..], &empty[..70], &format!("{empty}0"), &empty[7..]]
        {
            assert!(!is_valid(bad), "{bad}");
        }
        assert!(!is_valid(&empty.replace("sha256", "sha512")));
        assert!(!is_valid("sha256:../../../../../../../../../../../../../../../../../../etc/passwd"));
    }
}
