//! Decides for all commands whether a bundle may be used here: finds the trust
//! file, puts a bundle together with what lies beside it, and asks
//! [`Trust`]. Without a trust file only unsigned programs of this user's own can be
//! used, and only as such: a bundle that somebody signed is never run as unsigned
//! unless `--dev` says so.

use std::{
    io,
    path::{Path, PathBuf},
};

use mprun_core::{
    bundle::{self, Bundle, Verified},
    identity::Digest,
    trust::{Admitted, KeyError, Occasion, PublicKey, Refused, Rotation, Standing, TRUST_BYTES_MAX, Trust},
};
use mprun_registry::{Attachments, Downgrade, Installed, Registry};

use super::{beside, registries};
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

/// Where is said what stops nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// On stderr, to whoever has given the command.
    Terminal,
    /// In the log of a server.
    Log,
}

/// What decides here whether a program may be used.
pub(crate) struct Policy {
    trust: Option<Trust>,
    dev: bool,
    unsigned: Unsigned,
    voice: Voice,
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
        Ok(Policy { trust, dev: args.dev, unsigned, voice: Voice::Terminal })
    }

    /// A policy that asks for signatures and nothing else.
    pub(crate) fn strict(trust: Trust) -> Policy {
        Policy { trust: Some(trust), dev: false, unsigned: Unsigned::Refused, voice: Voice::Terminal }
    }

    /// The same, of a server: it says into its log what stops nobody.
    pub(crate) fn in_log(self) -> Policy {
        Policy { voice: Voice::Log, ..self }
    }

    fn tell(&self, text: &str) {
        match self.voice {
            Voice::Terminal => output::warning(text),
            Voice::Log => tracing::warn!("{text}"),
        }
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

    /// What this registry has heard of replaced keys. It forgets what the trust file
    /// makes void: a thief's statement must not stand against the owner's for ever.
    pub(crate) fn recorded(&self, registry: &Registry) -> Result<Vec<Rotation>, CommandError> {
        // Without a trust file nobody's keys are looked at.
        let Some(trust) = &self.trust else { return Ok(Vec::new()) };
        let recorded = registries::rotations(registry)?;
        let void = trust.known(&recorded, &[]).void;
        if !void.is_empty() {
            // They count for nothing, forgotten or not: no reason to refuse.
            match registry.strike(&void) {
                Ok(()) => void.iter().for_each(|rotation| {
                    tracing::warn!("forgotten, as the new key is revoked: {}", named(rotation));
                }),
                Err(cause) => self.tell(&format!("statements about revoked keys cannot be forgotten: {cause}")),
            }
        }
        Ok(recorded)
    }

    /// Decides about a bundle. `recorded` is what this machine has heard of replaced
    /// keys before. Of what came with the bundle, the answer has what counts.
    pub(crate) fn admit(
        &self,
        candidate: Candidate,
        recorded: &[Rotation],
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
        // The decision takes the bundle, whatever it is.
        let again = dev.then(|| bundle.bytes().to_vec());
        let Decision { result, used, unused } = decide(trust, bundle, &attachments, recorded, occasion);
        match (result, again) {
            (Ok(admitted), _) => {
                unused.iter().for_each(|text| self.tell(text));
                Ok((admitted, Attachments { rotations: used, ..attachments }))
            }
            (Err(cause), None) => Err(self.refused(&name, *cause, unused)),
            (Err(cause), Some(bytes)) => {
                if is_signed {
                    self.tell(&format!("`{name}` is used as unsigned: {cause}"));
                }
                let bundle = bundle::verify(bytes).map_err(|cause| commands::no_bundle(&name, cause))?;
                Ok(development(bundle, attachments))
            }
        }
    }

    /// Decides anew about a program that was installed. `bytes` are its bundle,
    /// `recorded` is what this machine has heard of replaced keys; what came with the
    /// program is added.
    pub(crate) fn admit_installed(
        &self,
        installed: &Installed,
        bytes: Vec<u8>,
        recorded: &[Rotation],
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
        let Decision { result, unused, .. } = decide(trust, bundle, &installed.attachments, recorded, Occasion::Load);
        // What does not count was not kept, unless the trust file has changed.
        let admitted = result.map_err(|cause| self.refused(app_id.as_str(), *cause, unused))?;
        if *admitted.program_id() != installed.program {
            return Err(error::user(format_args!(
                "`{app_id}` was installed as `{}`, and is `{}` by the trust file now",
                installed.program,
                admitted.program_id()
            ))
            .hint(format!(
                "if its publisher is another one now: mprun remove {app_id} --forget, then install it again"
            )));
        }
        Ok(admitted)
    }

    /// What a trust file says no to. `unused` may be why.
    fn refused(&self, name: &str, cause: Refused, unused: Vec<String>) -> CommandError {
        let hint = cause.hint();
        let error = error::user_with(format!("`{name}` is refused"), cause).maybe_hint(hint);
        match self.voice {
            Voice::Terminal => unused.into_iter().fold(error, CommandError::hint),
            // The log has no hints.
            Voice::Log => {
                unused.iter().for_each(|text| self.tell(text));
                error
            }
        }
    }
}

/// What a trust file says of a bundle and of what came with it.
struct Decision {
    result: Result<Admitted, Box<Refused>>,
    /// The statements about keys that count.
    used: Vec<Rotation>,
    /// About those that do not, for people.
    unused: Vec<String>,
}

fn decide(
    trust: &Trust,
    bundle: Verified<Bundle>,
    came: &Attachments,
    recorded: &[Rotation],
    occasion: Occasion,
) -> Decision {
    let known = trust.known(recorded, &came.rotations);
    let unused = known.ignored.iter().map(|(rotation, why)| format!("{} is not believed: {why}", named(rotation)));
    Decision {
        unused: unused.collect(),
        result: trust.admit(bundle, &came.signatures, &known.lineages, env::today(), occasion),
        used: known.used,
    }
}

/// What a statement says.
fn named(rotation: &Rotation) -> String {
    let (old, new) = (rotation.old().key_id(), rotation.new_key().key_id());
    format!("the statement that the key {new} replaced {old}")
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
    // One that cannot be read, or not even looked for, is not one that is missing.
    let is_missing =
        |path: &PathBuf| path.symlink_metadata().is_err_and(|cause| cause.kind() == io::ErrorKind::NotFound);
    said.or_else(|| usual().filter(|path| !is_missing(path)))
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

/// As an unsigned program. What is said beside it about keys is nobody's word then.
fn development(bundle: Verified<Bundle>, attachments: Attachments) -> (Admitted, Attachments) {
    (Admitted::development(bundle), Attachments { rotations: Vec::new(), ..attachments })
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
