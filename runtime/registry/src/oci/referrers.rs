//! Keeps signatures and statements about replaced keys beside a bundle: each is an
//! artifact that names the bundle's manifest as its subject (OCI 1.1). Registries
//! that know this list them at `referrers/DIGEST`. For the others, and Debian's is
//! one, OCI says what clients do: a list under the tag `sha256-…`, which everybody
//! reads, adds to and writes back. Of two who do that at once, one can lose an
//! entry: so we look a moment later whether ours are still there, and add them again.
//!
//! Whoever may write into a repository may attach what they like to a bundle.
//! So anything that is not what we attach is left out, with a line in the log, and
//! is no reason to refuse the bundle; what a signature is worth is decided by
//! [`mprun_core::trust`]. Bytes that are not those of their digest are an error: a
//! registry gives them out, not a neighbour.
//!
//! What is left out does not count: neighbours push no signature out of the first
//! [`SIGNATURES_MAX`] with things that are none. They can with enough signatures by
//! keys of their own, and with more things of any kind than are looked at here:
//! nobody knows at this point whose signatures will be asked for. Then the bundle is
//! refused as unsigned, and never the other way round; whoever is kept from it so
//! gets the files `.minisig` by another way, or the repository a tidy owner.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use mprun_core::trust::{ROTATIONS_MAX, Rotation, SIGNATURE_BYTES_MAX, SIGNATURES_MAX, Signature};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, LINK},
};
use tracing::warn;

use super::{
    error::OciError,
    http::Transport,
    index::Index,
    manifest::{
        self, ANY_MANIFEST, Artifact, Descriptor, INDEX, INDEX_BYTES_MAX, MANIFEST, ROTATION_ARTIFACT,
        SIGNATURE_ARTIFACT,
    },
    push::unwritten,
    session::Session,
};
use crate::Attachments;

/// Largest file with statements about replaced keys, in bytes.
const ROTATIONS_BYTES_MAX: usize = 64 * 1024;
/// Largest manifest of a referrer that is read, in bytes; ours have about 900.
const REFERRER_BYTES_MAX: u64 = 16 * 1024;
/// Most referrers of each kind that are looked at, to find those that are ours.
const LOOKED_AT_MAX: usize = 128;
/// Most pages of a list that are read.
const PAGES_MAX: usize = 16;
/// How often we add our entries to a list that others write at the same time, and
/// how long we wait before we look again.
const ENLIST_ATTEMPTS: u32 = 5;
const ENLIST_WAIT: Duration = Duration::from_millis(150);

/// Attaches to the manifest `subject`.
pub(super) async fn push(
    session: &mut Session<'_>,
    subject: &Descriptor,
    attachments: &Attachments,
) -> Result<(), OciError> {
    let mut artifacts = Vec::new();
    for signature in &attachments.signatures {
        let key_id = signature.key_id().to_string();
        artifacts.push(Artifact::of_signature(signature.text(), &key_id, subject).map_err(unwritten)?);
    }
    for text in files_of(&attachments.rotations) {
        artifacts.push(Artifact::of_rotations(&text, subject).map_err(unwritten)?);
    }
    let mut unlisted = Vec::new();
    for artifact in &artifacts {
        let [layer, config] = &artifact.blobs;
        session.push_blob(layer, &artifact.layer, &mut |_| ()).await?;
        session.push_blob(config, &artifact.config, &mut |_| ()).await?;
        let listed = session.push_manifest(&artifact.descriptor.digest, MANIFEST, &artifact.manifest).await;
        if !listed.map_err(not_kept)? {
            unlisted.push(artifact.descriptor.clone());
        }
    }
    if unlisted.is_empty() { Ok(()) } else { enlist(session, &subject.digest, &unlisted).await }
}

/// Statements about replaced keys as files: one, unless that would be too large.
fn files_of(rotations: &[Rotation]) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for text in rotations.iter().map(Rotation::text) {
        match files.last_mut() {
            Some(file) if file.len() + text.len() <= ROTATIONS_BYTES_MAX => file.push_str(text),
            _ => files.push(text.to_owned()),
        }
    }
    files
}

/// What is attached to the manifest `subject`, as far as it is what we attach.
pub(super) async fn pull(session: &mut Session<'_>, subject: &str) -> Result<Attachments, OciError> {
    let kinds = [SIGNATURE_ARTIFACT, ROTATION_ARTIFACT];
    let mut listed = listed_by_registry(session, subject, &kinds).await?.unwrap_or_default();
    // Also where the registry keeps a list of its own: somebody may have attached
    // ours before it did.
    if listed.is_empty()
        && let UnderTag::List(index) = listed_under_tag(session, subject).await?
    {
        listed = index.of_kinds(&kinds);
    }

    let mut attachments = Attachments::default();
    for entry in looked_at(&listed, SIGNATURE_ARTIFACT) {
        let Some(text) = text_of(session, subject, entry, SIGNATURE_BYTES_MAX).await? else { continue };
        match Signature::decode(&text) {
            Ok(signature) if attachments.signatures.iter().all(|known| known.text() != signature.text()) => {
                attachments.signatures.push(signature);
            }
            Ok(_) => {}
            Err(error) => warn!(digest = entry.digest, %error, "a signature in the registry is none"),
        }
        if attachments.signatures.len() >= SIGNATURES_MAX {
            warn!(max = SIGNATURES_MAX, "no more signatures of this bundle are looked at");
            break;
        }
    }
    for entry in looked_at(&listed, ROTATION_ARTIFACT) {
        let Some(text) = text_of(session, subject, entry, ROTATIONS_BYTES_MAX).await? else { continue };
        match Rotation::decode_all(&text) {
            Ok(rotations) => rotations.into_iter().for_each(|rotation| add(&mut attachments.rotations, rotation)),
            Err(error) => {
                warn!(digest = entry.digest, %error, "a file of replaced keys in the registry is none");
            }
        }
        if attachments.rotations.len() >= ROTATIONS_MAX {
            warn!(max = ROTATIONS_MAX, "no more statements about replaced keys are looked at");
            break;
        }
    }
    Ok(attachments)
}

/// The entries of a kind, each once, that can be ours, and no more than are looked at.
fn looked_at<'e>(listed: &'e [Descriptor], kind: &str) -> Vec<&'e Descriptor> {
    let mut seen = BTreeSet::new();
    let ours = listed.iter().filter(|entry| entry.artifact_type.as_deref() == Some(kind));
    let mut entries: Vec<_> =
        ours.filter(|entry| entry.size <= REFERRER_BYTES_MAX && seen.insert(entry.digest.as_str())).collect();
    if entries.len() > LOOKED_AT_MAX {
        warn!(kind, count = entries.len(), max = LOOKED_AT_MAX, "the registry lists more than is looked at");
        entries.truncate(LOOKED_AT_MAX);
    }
    entries
}

/// Each statement once, and no more than there may be.
fn add(rotations: &mut Vec<Rotation>, rotation: Rotation) {
    if rotations.len() < ROTATIONS_MAX && rotations.iter().all(|known| known.text() != rotation.text()) {
        rotations.push(rotation);
    }
}

/// The text of a referrer; `None` if it is not one of ours after all.
async fn text_of(
    session: &mut Session<'_>,
    subject: &str,
    entry: &Descriptor,
    bytes_max: usize,
) -> Result<Option<String>, OciError> {
    let found = session.manifest(&entry.digest, MANIFEST, "the manifest of a signature", REFERRER_BYTES_MAX).await;
    let kind = entry.artifact_type.as_deref().unwrap_or_default();
    let layer = match left_out(found, entry)?.flatten().map(|found| manifest::text_layer(&found.bytes, kind, subject)) {
        // What ours say of sizes is true.
        Some(Ok(layer)) if layer.size > bytes_max as u64 => {
            warn!(digest = entry.digest, bytes = layer.size, "a referrer in the registry is none of ours");
            return Ok(None);
        }
        Some(Ok(layer)) => layer,
        Some(Err(problem)) => {
            warn!(digest = entry.digest, problem, "a referrer in the registry is not what its list says");
            return Ok(None);
        }
        None => {
            warn!(digest = entry.digest, "a referrer in the registry's list is not there");
            return Ok(None);
        }
    };
    // A neighbour may have written less than is there.
    let bytes = session.blob(&layer, "a signature", bytes_max, Transport::end_of_small, &|_| ()).await;
    Ok(left_out(bytes, entry)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// What is too large is none of ours.
fn left_out<T>(found: Result<T, OciError>, entry: &Descriptor) -> Result<Option<T>, OciError> {
    match found {
        Err(error @ OciError::TooLarge { .. }) => {
            warn!(digest = entry.digest, %error, "a referrer in the registry is none of ours");
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// The registry's own list; `None` if it keeps none.
async fn listed_by_registry(
    session: &mut Session<'_>,
    subject: &str,
    kinds: &[&str],
) -> Result<Option<Vec<Descriptor>>, OciError> {
    let mut url = session.url(&format!("referrers/{subject}"))?;
    let mut listed = Vec::new();
    for _ in 0..PAGES_MAX {
        let answer = session.request(Method::GET, &url, |request| request.header(ACCEPT, INDEX)).await?;
        match answer.status() {
            StatusCode::OK if is_index(answer.headers()) => {}
            // Pages for browsers, and the several ways to say "what?".
            StatusCode::OK
            | StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::NOT_IMPLEMENTED => return Ok(None),
            _ => return Err(session.refused(answer).await),
        }
        let next = next_page(answer.headers());
        let page = session.transport.document(answer, "the list of signatures", INDEX_BYTES_MAX).await?;
        let Some(index) = Index::parse(&page) else { return Ok(None) };
        listed.extend(index.of_kinds(kinds));
        match next.map(|next| session.url(&next)) {
            Some(Ok(next)) if session.is_own(&next) && next != url => url = next,
            _ => return Ok(Some(listed)),
        }
    }
    Ok(Some(listed))
}

fn is_index(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|text| text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(INDEX))
}

/// Where a list goes on: `Link: <address>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then(|| address.to_owned())
}

/// What is under the tag where clients keep the list.
enum UnderTag {
    Nothing,
    /// An artifact that somebody has given this tag.
    Other,
    List(Index),
}

async fn listed_under_tag(session: &mut Session<'_>, subject: &str) -> Result<UnderTag, OciError> {
    // Also what is no list: a registry that is not asked for it says that there is
    // nothing, and then it would be written over.
    let found = session.manifest(&tag(subject), ANY_MANIFEST, "the list of signatures", INDEX_BYTES_MAX).await?;
    Ok(match found.map(|found| Index::parse(&found.bytes)) {
        None => UnderTag::Nothing,
        Some(None) => UnderTag::Other,
        Some(Some(index)) => UnderTag::List(index),
    })
}

/// `sha256:…` as a tag.
fn tag(digest: &str) -> String {
    digest.replace(':', "-")
}

/// Adds entries to the list that clients keep.
async fn enlist(session: &mut Session<'_>, subject: &str, entries: &[Descriptor]) -> Result<(), OciError> {
    let tag = tag(subject);
    let problem = |problem: String| OciError::NoReferrers { host: session.reference.host().to_owned(), problem };
    let is_other = problem(format!("under the tag `{tag}` is something else than a list"));
    let is_full = problem(format!("the list under the tag `{tag}` is full"));
    let is_lost = problem("what is added to the list of signatures does not stay there".to_owned());
    let mut wait = Duration::ZERO;
    for _ in 0..ENLIST_ATTEMPTS {
        tokio::time::sleep(wait).await;
        wait += ENLIST_WAIT;
        let mut index = match listed_under_tag(session, subject).await? {
            UnderTag::Nothing => Index::new(),
            UnderTag::Other => return Err(is_other),
            UnderTag::List(index) => index,
        };
        if !index.add(entries).map_err(unwritten)? {
            return Ok(());
        }
        let bytes = Bytes::from(index.to_bytes().map_err(unwritten)?);
        if bytes.len() as u64 > INDEX_BYTES_MAX {
            return Err(is_full);
        }
        session.push_manifest(&tag, INDEX, &bytes).await.map_err(not_kept)?;
    }
    Err(is_lost)
}

/// The bundle is in the registry by now. Some registries take nothing else.
fn not_kept(error: OciError) -> OciError {
    match error {
        OciError::Status { host, status: status @ (400..=428 | 430..=499), message } => {
            OciError::NoReferrers { host, problem: format!("it answered {status}: {message}") }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn lists_that_go_on_say_where() {
        for (link, next) in [
            ("</v2/a/referrers/x?n=2>; rel=\"next\"", Some("/v2/a/referrers/x?n=2")),
            (" <https://r.example/x>;rel=next", Some("https://r.example/x")),
            ("</x>; rel=\"prev\"", None),
            ("/x; rel=\"next\"", None),
            ("</x", None),
        ] {
            let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(link))]);
            assert_eq!(next_page(&headers).as_deref(), next, "{link}");
        }
    }

    #[test]
    fn a_list_is_known_by_its_media_type() {
        for (media_type, index) in [
            ("application/vnd.oci.image.index.v1+json", true),
            ("application/vnd.oci.image.index.v1+json; charset=utf-8", true),
            ("text/html", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
            assert_eq!(is_index(&headers), index, "{media_type}");
        }
    }

    #[test]
    fn a_digest_is_a_tag_with_another_character() {
        assert_eq!(tag("sha256:00ff"), "sha256-00ff");
    }
}
