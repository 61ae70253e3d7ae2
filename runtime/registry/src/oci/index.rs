//! Reads and extends lists of manifests. A list may be shared with others: what
//! they wrote is kept, known here or not, and what of it is no entry of ours is
//! left alone.

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    digest,
    manifest::{Descriptor, INDEX, MANIFEST, MANIFEST_BYTES_MAX},
};

/// A list of manifests, of which everything is kept that somebody else wrote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Index(serde_json::Map<String, Value>);

impl Index {
    pub(super) fn new() -> Index {
        let fields =
            [("schemaVersion", 2.into()), ("mediaType", INDEX.into()), ("manifests", Value::Array(Vec::new()))];
        Index(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Reads one; `None` if it is something else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Index> {
        let Value::Object(fields) = serde_json::from_slice(bytes).ok()? else { return None };
        let is_index = fields.get("mediaType").is_none_or(|kind| kind == INDEX);
        (is_index && fields.get("manifests")?.is_array()).then_some(Index(fields))
    }

    fn entries(&self) -> impl Iterator<Item = &Value> {
        self.0.get("manifests").and_then(Value::as_array).into_iter().flatten()
    }

    /// The entries of one of these kinds which name a manifest that may be read.
    pub(super) fn of_kinds(&self, kinds: &[&str]) -> Vec<Descriptor> {
        let entries = self.entries().filter_map(|entry| Descriptor::deserialize(entry).ok());
        let fits = |entry: &Descriptor| {
            entry.media_type == MANIFEST
                && entry.artifact_type.as_deref().is_some_and(|kind| kinds.contains(&kind))
                && digest::is_valid(&entry.digest)
                && entry.size <= MANIFEST_BYTES_MAX
        };
        entries.filter(fits).collect()
    }

    /// Adds those that are not in the list; whether there were any.
    pub(super) fn add(&mut self, entries: &[Descriptor]) -> Result<bool, serde_json::Error> {
        let known = |index: &Index, digest: &str| {
            index.entries().any(|entry| entry.get("digest").and_then(Value::as_str) == Some(digest))
        };
        let mut added = false;
        for entry in entries {
            if !known(self, &entry.digest) {
                let value = serde_json::to_value(entry)?;
                if let Some(Value::Array(list)) = self.0.get_mut("manifests") {
                    list.push(value);
                    added = true;
                }
            }
        }
        Ok(added)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::manifest::{Artifact, ROTATION_ARTIFACT, SIGNATURE_ARTIFACT},
        *,
    };

    #[test]
    fn a_list_keeps_what_others_wrote() {
        let theirs = json!({
            "schemaVersion": 2, "mediaType": INDEX, "annotations": {"a": "b"}, "x": [1],
            "manifests": [{"mediaType": MANIFEST, "digest": digest::of(b"sbom"), "size": 3, "platform": {"os": "linux"},
                           "artifactType": "application/spdx+json"}],
        });
        let mut index = Index::parse(&serde_json::to_vec(&theirs).unwrap()).unwrap();
        let subject = Artifact::sample(b"\0asm").as_subject();
        let ours = Artifact::of_signature("a", "0", &subject).unwrap().descriptor;
        assert!(index.add(std::slice::from_ref(&ours)).unwrap());
        assert!(!index.add(std::slice::from_ref(&ours)).unwrap(), "it is there already");
        let written: Value = serde_json::from_slice(&index.to_bytes().unwrap()).unwrap();
        assert_eq!(written["manifests"][0], theirs["manifests"][0]);
        assert_eq!((&written["annotations"], &written["x"]), (&theirs["annotations"], &theirs["x"]));
        assert_eq!(index.of_kinds(&[SIGNATURE_ARTIFACT]), [ours]);
        assert_eq!(index.of_kinds(&[ROTATION_ARTIFACT]), []);
    }

    #[test]
    fn what_is_no_list_or_no_entry_is_left_out() {
        for bad in [&b"[]"[..], b"{}", b"x", b"{\"manifests\":{}}", &Artifact::sample(b"").manifest] {
            assert_eq!(Index::parse(bad), None);
        }
        let entry = |change: &dyn Fn(&mut Value)| {
            let mut entry = json!({"mediaType": MANIFEST, "digest": digest::of(b"x"), "size": 3,
                                   "artifactType": SIGNATURE_ARTIFACT});
            change(&mut entry);
            entry
        };
        let list = json!({"schemaVersion": 2, "manifests": [
            entry(&|e| e["digest"] = "sha256:../../x".into()),
            entry(&|e| e["size"] = (MANIFEST_BYTES_MAX + 1).into()),
            entry(&|e| e["mediaType"] = INDEX.into()),
            entry(&|e| e["artifactType"] = Value::Null),
            7,
            entry(&|_| ()),
        ]});
        let index = Index::parse(&serde_json::to_vec(&list).unwrap()).unwrap();
        assert_eq!(index.of_kinds(&[SIGNATURE_ARTIFACT]).len(), 1);
    }
}
