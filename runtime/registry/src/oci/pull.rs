//! Fetches a bundle and what is attached to it. The bytes are those that the
//! manifest names, and nothing more is known of them here.

use mprun_core::bundle::BUNDLE_BYTES_MAX;

use super::{
    Progress, Running,
    error::OciError,
    http::{self, Transport},
    manifest::{self, ANY_MANIFEST, MANIFEST_BYTES_MAX},
    referrers,
    session::Session,
};
use crate::Attachments;

/// What was fetched. Nothing of it is verified yet.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The file, at most [`BUNDLE_BYTES_MAX`] bytes.
    pub bytes: Vec<u8>,
    /// What was attached to it.
    pub attachments: Attachments,
    /// The digest of the artifact's manifest: `sha256:…`.
    pub digest: String,
}

pub(super) async fn pull(session: &mut Session<'_>, progress: &dyn Progress) -> Result<Pulled, OciError> {
    let reference = session.reference;
    let found = session.manifest(reference.identifier(), ANY_MANIFEST, "the manifest", MANIFEST_BYTES_MAX).await?;
    let Some(found) = found else { return Err(OciError::NotFound { reference: reference.to_string() }) };
    let layer = manifest::bundle_layer(&found.bytes)
        .map_err(|problem| OciError::NotMiniProgram { reference: reference.to_string(), problem })?;
    let size = match usize::try_from(layer.size) {
        Ok(size) if size <= BUNDLE_BYTES_MAX => size,
        _ => {
            let host = reference.host().to_owned();
            return Err(OciError::TooLarge { host, what: "the bundle", max: BUNDLE_BYTES_MAX as u64 });
        }
    };
    let bytes = {
        let running = Running::begin(progress, "bundle", layer.size);
        session.blob(&layer, "the bundle", size, Transport::end_of_large, &|bytes| running.advance(bytes)).await?
    };
    let time = session.transport.time_for_attachments();
    let attached = referrers::pull(session, &found.digest);
    let attachments =
        http::within(reference.host(), time, "what is attached to the bundle is not there", attached).await?;
    Ok(Pulled { bytes, attachments, digest: found.digest })
}
