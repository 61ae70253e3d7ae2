//! Sends a bundle and what is attached to it. The tag comes last: whoever asks for
//! it finds the whole bundle with all of its signatures, or what was there before.

use mprun_core::bundle::Bundle;

use super::{
    Progress, Running,
    error::OciError,
    manifest::{Artifact, MANIFEST},
    referrers,
    session::Session,
};
use crate::Attachments;

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The digest of the artifact's manifest: `sha256:…`. The same bundle has the
    /// same one everywhere; signatures do not change it.
    pub digest: String,
}

pub(super) async fn push(
    session: &mut Session<'_>,
    bundle: &Bundle,
    attachments: &Attachments,
    progress: &dyn Progress,
) -> Result<Pushed, OciError> {
    let reference = session.reference;
    let Some(tag) = reference.tag().filter(|_| reference.digest().is_none()) else {
        return Err(OciError::PushByDigest { reference: reference.to_string() });
    };
    let artifact = Artifact::of_bundle(bundle).map_err(unwritten)?;
    let [layer, config] = &artifact.blobs;
    {
        let running = Running::begin(progress, "bundle", layer.size);
        session.push_blob(layer, &artifact.layer, &mut |bytes| running.advance(bytes)).await?;
    }
    session.push_blob(config, &artifact.config, &mut |_| ()).await?;
    let digest = artifact.descriptor.digest.clone();
    session.push_manifest(&digest, MANIFEST, &artifact.manifest).await?;
    referrers::push(session, &artifact.as_subject(), attachments).await?;
    session.push_manifest(tag, MANIFEST, &artifact.manifest).await?;
    Ok(Pushed { digest })
}

/// Text and numbers can always be written as JSON.
pub(super) fn unwritten(error: serde_json::Error) -> OciError {
    OciError::Protocol { host: "this machine".to_owned(), problem: error.to_string() }
}
