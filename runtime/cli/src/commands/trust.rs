//! Decides for all commands whether a bundle may be used here: finds the trust
//! file, puts a bundle together with what lies beside it, and asks
//! [`Trust`]. Without a trust file only unsigned programs of this user's own can be
//! used, and only as such: a bundle that somebody signed is never run as unsigned
//! unless `--dev` says so.

use std::path::{Path, PathBuf};

use mprun_core::{
    bundle::{self, Bundle, Verified},
    identity::Digest,
    trust::{Admitted, KeyError, Lineages, Occasion, PublicKey, Refused, Rotation, Standing, TRUST_BYTES_MAX, Trust},
};
use mprun_registry::{Attachments, Downgrade, Installed};

use super::beside;
use crate::{
    args::TrustArgs,
    commands, env,
    error::{self, CommandError},
    files, output,
};

/// The name of the trust file in the configuration's folder.
const TRUST_FILE: &str = "trust.toml";
/// Largest public key's file, in bytes; they have some 110.
const KEY_BYTES_MAX: usize = 4096;

/// What is done with unsigned programs where no trust file says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// They are used: whoever runs one here and now has just named it.
    Used,
    /// They are not: others would use them, or this user later.
    Refused,
}

/// What decides here whether a program may be used.
pub(crate) struct Policy {
    trust: Option<Trust>,
    dev: bool,
    unsigned: Unsigned,
}

/// A bundle that was read, with what came with it. Nothing is decided yet.
pub(crate) struct Candidate {
    /// What messages call it: the file, or the reference.
    pub(crate) name: String,
    pub(crate) bundle: Verified<Bundle>,
    pub(crate) attachments: Attachments,
    /// From a registry, as opposed to a file of this machine.
    pub(crate) pulled: bool,
}

impl Candidate {
    /// Reads a file and what lies beside it.
    pub(crate) fn read(path: &Path) -> Result<Candidate, CommandError> {
        // The bundle first: what lies beside something else is of no interest.
        let bundle = commands::read_verified(path)?;
        Ok(Candidate { name: path.display().to_string(), bundle, attachments: beside::read(path)?, pulled: false })
    }
}

impl Policy {
    /// From the command line, the environment, or the file that is there.
    pub(crate) fn of(args: &TrustArgs, unsigned: Unsigned) -> Result<Policy, CommandError> {
        let trust = find(args.file.as_deref())?;
        Ok(Policy { trust, dev: args.dev, unsigned })
    }

    /// A policy that asks for signatures and nothing else.
    pub(crate) fn strict(trust: Trust) -> Policy {
        Policy { trust: Some(trust), dev: false, unsigned: Unsigned::Refused }
    }

    /// Whether it can allow anything at all.
    pub(crate) fn allows_nothing(&self) -> bool {
        self.trust.is_none() && !self.dev && self.unsigned == Unsigned::Refused
    }

    /// Whether it looks at signatures at all.
    pub(crate) fn looks_at_signatures(&self) -> bool {
        self.trust.is_some()
    }

    /// Whether `--dev` was said.
    pub(crate) fn is_dev(&self) -> bool {
        self.dev
    }

    /// Decides about a bundle. `known` are the replaced keys that this machine has
    /// heard of before; those beside the bundle are added.
    pub(crate) fn admit(
        &self,
        candidate: Candidate,
        known: Lineages,
        occasion: Occasion,
    ) -> Result<(Admitted, Attachments), CommandError> {
        let Candidate { name, bundle, attachments, pulled } = candidate;
        let is_signed = !attachments.signatures.is_empty();
        // What comes from elsewhere is no local file.
        let dev = self.dev && !pulled;
        let Some(trust) = &self.trust else {
            if dev || (!is_signed && !pulled && self.unsigned == Unsigned::Used) {
                return Ok(development(bundle, attachments));
            }
            return Err(undecided(&name, is_signed, !pulled));
        };
        let lineages = with_rotations(known, &attachments.rotations, &name)?;
        // The decision takes the bundle, whatever it is.
        let again = dev.then(|| bundle.bytes().to_vec());
        match (trust.admit(bundle, &attachments.signatures, &lineages, env::today(), occasion), again) {
            (Ok(admitted), _) => Ok((admitted, attachments)),
            (Err(cause), None) => Err(refused(&name, *cause)),
            (Err(cause), Some(bytes)) => {
                if is_signed {
                    output::warning(&format!("`{name}` is used as unsigned: {cause}"));
                }
                let bundle = bundle::verify(bytes).map_err(|cause| commands::no_bundle(&name, cause))?;
                Ok(development(bundle, attachments))
            }
        }
    }

    /// Decides anew about a program that was installed. `bytes` are its bundle,
    /// `known` all replaced keys that this machine has heard of.
    pub(crate) fn admit_installed(
        &self,
        installed: &Installed,
        bytes: Vec<u8>,
        known: &Lineages,
    ) -> Result<Admitted, CommandError> {
        let app_id = installed.program.app_id();
        let bundle = bundle::verify(bytes).map_err(|cause| commands::no_bundle(app_id, cause))?;
        if installed.development {
            let is_used = self.dev || (self.trust.is_none() && self.unsigned == Unsigned::Used);
            if is_used {
                return Ok(Admitted::development(bundle));
            }
            return Err(error::user(format_args!("`{app_id}` was installed unsigned"))
                .hint("to use it nevertheless: --dev")
                .hint("or sign it, and install it again"));
        }
        // Never as unsigned: under another identity its users would miss their rows.
        let Some(trust) = &self.trust else {
            return Err(undecided(app_id.as_str(), true, false));
        };
        let signatures = &installed.attachments.signatures;
        let admitted = trust
            .admit(bundle, signatures, known, env::today(), Occasion::Load)
            .map_err(|cause| refused(app_id.as_str(), *cause))?;
        if *admitted.program_id() != installed.program {
            return Err(error::user(format_args!(
                "`{app_id}` was installed as `{}`, and is `{}` by the trust file now",
                installed.program,
                admitted.program_id()
            ))
            .hint("if its publisher is another one now, remove it and install it again"));
        }
        Ok(admitted)
    }
}

/// Whether versions may go back.
pub(crate) fn downgrade(args: &TrustArgs) -> Downgrade {
    if args.allow_downgrade { Downgrade::Allowed } else { Downgrade::Refused }
}

/// The trust file: the one that is named, else that of the environment, else the
/// one in the configuration's folder, if there is one.
pub(crate) fn find(named: Option<&Path>) -> Result<Option<Trust>, CommandError> {
    locate(named).map(|path| read_trust(&path)).transpose()
}

/// A number that is another one whenever the trust file may decide otherwise: it is
/// another file, it was changed, or a day has begun.
pub(crate) fn stamp(named: Option<&Path>) -> Result<u64, CommandError> {
    let Some(path) = locate(named) else { return Ok(0) };
    let text = format!("{} {}", env::today(), read_text(&path)?);
    let digest = *Digest::of(text.as_bytes()).as_bytes();
    Ok(digest.into_iter().take(8).fold(0, |stamp, byte| (stamp << 8) | u64::from(byte)))
}

fn locate(named: Option<&Path>) -> Option<PathBuf> {
    let said = named.map(Path::to_owned).or_else(env::trust_file);
    let usual = || env::config_folder().map(|folder| folder.join(TRUST_FILE));
    // One that is there and cannot be read is not one that is missing.
    said.or_else(|| usual().filter(|path| path.symlink_metadata().is_ok()))
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    files::read_text(path, TRUST_BYTES_MAX).map_err(|error| {
        error.hint("a trust file names the keys whose programs may be used: README.md, \"Sign and publish\"")
    })
}

fn read_trust(path: &Path) -> Result<Trust, CommandError> {
    Trust::parse(&read_text(path)?).map_err(|cause| {
        let hint = cause.hint();
        error::user_with(format!("`{}` is not a trust file that can be used", path.display()), cause).maybe_hint(hint)
    })
}

/// A public key: its file, or its text.
pub(crate) fn read_key(key: &Path) -> Result<PublicKey, CommandError> {
    let wrong = |message: String, cause: KeyError| {
        let hint = cause.hint();
        error::user_with(message, cause).maybe_hint(hint)
    };
    match key.to_str().map(str::parse::<PublicKey>) {
        Some(Ok(key)) => return Ok(key),
        // A word that begins like a key is not repeated: it may be a secret one.
        Some(Err(cause)) if key.to_string_lossy().starts_with("RW") && !key.exists() => {
            return Err(wrong("expected a public key, or the file of one".to_owned(), cause));
        }
        _ => {}
    }
    PublicKey::parse_file(&files::read_text(key, KEY_BYTES_MAX)?)
        .map_err(|cause| wrong(format!("`{}` is not a public key", key.display()), cause))
}

/// Everything that is known about replaced keys, with what came with a bundle.
fn with_rotations(mut known: Lineages, rotations: &[Rotation], name: &str) -> Result<Lineages, CommandError> {
    for rotation in rotations {
        known.add(rotation.clone()).map_err(|cause| {
            let hint = cause.hint();
            error::user_with(format!("what came with `{name}` about replaced keys cannot be true"), cause)
                .maybe_hint(hint)
        })?;
    }
    Ok(known)
}

/// As an unsigned program. What is said beside it about keys is nobody's word then.
fn development(bundle: Verified<Bundle>, attachments: Attachments) -> (Admitted, Attachments) {
    (Admitted::development(bundle), Attachments { rotations: Vec::new(), ..attachments })
}

/// What a trust file says no to.
fn refused(name: &str, cause: Refused) -> CommandError {
    let hint = cause.hint();
    error::user_with(format!("`{name}` is refused"), cause).maybe_hint(hint)
}

/// What nobody says anything about.
fn undecided(name: &str, is_signed: bool, is_file: bool) -> CommandError {
    let what = if is_signed { "is signed" } else { "is unsigned" };
    let error = error::user(format_args!("`{name}` {what}, and no trust file says whose programs may be used here"))
        .hint(name_a_trust_file());
    match (is_file, is_signed) {
        (true, false) => error.hint("for unsigned files of your own: --dev"),
        (true, true) => error.hint("to use it as if it were unsigned: --dev"),
        (false, _) => error,
    }
}

/// The ways to say whose programs may be used.
pub(crate) fn name_a_trust_file() -> String {
    let usual = env::config_folder().map(|folder| format!(", or put it at {}", folder.join(TRUST_FILE).display()));
    format!("name one: --trust FILE, or ${}{}", env::TRUST, usual.unwrap_or_default())
}

/// Why a program may be used, for people.
pub(crate) fn describe(standing: &Standing) -> String {
    match standing {
        Standing::Development => "unsigned: a development program".to_owned(),
        Standing::Signed { author, author_key, reviewers } => {
            let key_id = author_key.key_id().to_string();
            // Where one key is trusted without a file, it has no other name.
            let mut text = if *author == key_id {
                format!("signed by the key {key_id}")
            } else {
                format!("signed by {author} (key {key_id})")
            };
            if !reviewers.is_empty() {
                text.push_str(", reviewed by ");
                text.push_str(&reviewers.join(", "));
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn a_key_is_named_by_its_file_or_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pub");
        std::fs::write(&file, format!("untrusted comment: x\n{KEY}\n")).unwrap();
        assert_eq!(read_key(&file).unwrap().to_string(), KEY);
        assert_eq!(read_key(Path::new(KEY)).unwrap().to_string(), KEY);
    }

    #[test]
    fn what_may_be_a_secret_key_is_not_repeated() {
        let secret = format!("RWRTY0Iy{}", "A".repeat(200));
        let error = read_key(Path::new(&secret)).unwrap_err();
        assert!(!format!("{:#} {:?}", error.error, error.hints).contains("RWRTY0Iy"), "{:#}", error.error);
        let missing = read_key(Path::new("no.pub")).unwrap_err();
        assert!(missing.error.to_string().contains("cannot open `no.pub`"), "{}", missing.error);
    }

    #[test]
    fn a_changed_trust_file_has_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trust.toml");
        std::fs::write(&file, "# one\n").unwrap();
        let one = stamp(Some(&file)).unwrap();
        assert_eq!(stamp(Some(&file)).unwrap(), one);
        std::fs::write(&file, "# two\n").unwrap();
        assert_ne!(stamp(Some(&file)).unwrap(), one);
        assert!(stamp(Some(&folder.path().join("gone.toml"))).is_err());
    }

    #[test]
    fn a_file_that_is_no_trust_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trust.toml");
        std::fs::write(&file, "[keys.a]\n").unwrap();
        let error = find(Some(&file)).unwrap_err();
        assert!(error.error.to_string().contains("is not a trust file"), "{}", error.error);
        let error = find(Some(&folder.path().join("gone.toml"))).unwrap_err();
        assert!(error.hints.iter().any(|hint| hint.contains("Sign and publish")), "{:?}", error.hints);
    }
}
