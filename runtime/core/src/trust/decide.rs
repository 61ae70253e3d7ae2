//! Decides whether a bundle may be used here, by whom it is, and whose program that
//! makes it. The rules stand at the top of [`trust`](super).

use std::{collections::BTreeSet, iter::once};

use super::{
    Date, KeyId, Lineages, PassedOver, PublicKey, Refused, SIGNATURES_MAX, Signature, Trust,
    file::{Entry, Review},
    namespace,
};
use crate::{
    bundle::{Bundle, Verified},
    identity::{AppId, ProgramId},
};

/// What a bundle is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Something new: keys that were replaced may not sign it, neither as author nor
    /// as reviewer.
    Install,
    /// Something that was installed before, when its keys may have been the newest.
    Load,
}

/// What a program's author is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Signed as the trust file wants it.
    Signed {
        /// The author's name in the trust file; the key's id where one key is trusted
        /// without a file.
        author: String,
        /// The key that signed, which may be a successor of the one in the file.
        author_key: PublicKey,
        /// All reviewers who signed and count, by name, also those that nothing asks for.
        reviewers: Vec<String>,
    },
    /// Nobody signed it, or nobody looked.
    Development,
}

impl Standing {
    /// Whether it is a development program, which pages and the log have to say.
    pub fn is_development(&self) -> bool {
        *self == Standing::Development
    }
}

/// A bundle with the decision that it may be used: the only thing that a host
/// installs.
#[derive(Debug)]
pub struct Admitted {
    bundle: Verified<Bundle>,
    program_id: ProgramId,
    standing: Standing,
}

impl Admitted {
    /// A program that somebody is writing: unsigned, or signed by whomever, in the
    /// namespace `dev`. That it may be used is the caller's decision.
    pub fn development(bundle: Verified<Bundle>) -> Admitted {
        let program_id = ProgramId::dev(bundle.manifest().app_id.clone());
        Admitted { bundle, program_id, standing: Standing::Development }
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Whose program it is.
    pub fn program_id(&self) -> &ProgramId {
        &self.program_id
    }

    /// Why it may be used.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// All of it.
    pub fn into_parts(self) -> (Verified<Bundle>, ProgramId, Standing) {
        (self.bundle, self.program_id, self.standing)
    }
}

impl Trust {
    /// Decides whether a bundle may be used, today and for this.
    ///
    /// # Errors
    /// The reason that helps most, see the top of [`trust`](super).
    pub fn admit(
        &self,
        bundle: Verified<Bundle>,
        signatures: &[Signature],
        lineages: &Lineages,
        today: Date,
        occasion: Occasion,
    ) -> Result<Admitted, Box<Refused>> {
        let app_id = &bundle.manifest().app_id;
        let question = Question { trust: self, lineages, app_id, today, occasion };
        let (program_id, standing) = question.decide(bundle.bytes(), signatures)?;
        Ok(Admitted { bundle, program_id, standing })
    }
}

/// A key that the trust file says something about, itself or by an ancestor.
#[derive(Clone, Copy)]
struct Signer<'a> {
    /// Of the entry.
    name: &'a str,
    entry: &'a Entry,
    key: &'a PublicKey,
}

/// Who signed, as far as signatures and the bundle's bytes tell.
#[derive(Default)]
struct Heard<'a> {
    /// Keys with a signature that fits, by name, the newest key of a name first.
    fits: Vec<Signer<'a>>,
    /// Keys with none that fits, although one names them. In the same order.
    misfits: Vec<Signer<'a>>,
    /// Keys that nobody knows.
    unknown: BTreeSet<KeyId>,
}

struct Question<'a> {
    trust: &'a Trust,
    lineages: &'a Lineages,
    app_id: &'a AppId,
    today: Date,
    occasion: Occasion,
}

impl<'a> Question<'a> {
    fn decide(&self, bytes: &[u8], signatures: &[Signature]) -> Result<(ProgramId, Standing), Refused> {
        if signatures.is_empty() {
            return Err(self.unsigned());
        }
        if signatures.len() > SIGNATURES_MAX {
            return Err(Refused::TooManySignatures { count: signatures.len() });
        }
        let heard = self.hear(bytes, signatures);
        let mut reasons = Vec::new();
        for signer in &heard.fits {
            match self.author(signer).and_then(|()| self.reviews(signer, &heard.fits)) {
                Ok(reviewers) => {
                    let root = self.lineages.root(signer.key);
                    let program_id = ProgramId::new(&namespace(&root), self.app_id.clone())?;
                    let (author, author_key) = (signer.name.to_owned(), signer.key.clone());
                    return Ok((program_id, Standing::Signed { author, author_key, reviewers }));
                }
                Err(reason) => reasons.push(reason),
            }
        }
        let altered =
            |signer: &Signer<'_>| Refused::Altered { name: signer.name.to_owned(), key_id: signer.key.key_id() };
        // Whoever would count has signed something, and it is not this.
        if let Some(signer) = heard.misfits.iter().find(|signer| self.would_count(signer)) {
            return Err(altered(signer));
        }
        reasons.extend(heard.misfits.iter().map(altered));
        if !heard.unknown.is_empty() {
            let expected = self.trust.only.as_ref().map(PublicKey::key_id);
            let key_ids = heard.unknown.into_iter().collect();
            reasons.push(Refused::UnknownSigner { app_id: self.app_id.clone(), key_ids, expected });
        }
        // Of equal ones this takes the first.
        Err(reasons.into_iter().min_by_key(Refused::rank).unwrap_or_else(|| self.unsigned()))
    }

    fn unsigned(&self) -> Refused {
        Refused::Unsigned { app_id: self.app_id.clone() }
    }

    fn hear(&self, bytes: &[u8], signatures: &[Signature]) -> Heard<'a> {
        let mut heard = Heard::default();
        for signature in signatures {
            let candidates = self.candidates(signature.key_id());
            if candidates.is_empty() {
                heard.unknown.insert(signature.key_id());
            }
            for signer in candidates {
                // One signature of a key is enough, and each costs a pass over the bytes.
                if heard.fits.iter().any(|known| known.key == signer.key) {
                    continue;
                }
                let fits = signature.verify(signer.key, bytes).is_ok();
                if fits { heard.fits.push(signer) } else { heard.misfits.push(signer) }
            }
        }
        heard.misfits.retain(|misfit| !heard.fits.iter().any(|known| known.key == misfit.key));
        let order = |signer: &Signer<'a>| (signer.name, self.lineages.successor(signer.key).is_some(), signer.key);
        heard.fits.sort_by_key(order);
        heard.misfits.sort_by_key(order);
        heard
    }

    /// All keys with this id that the trust file says something about. Ids are chosen
    /// by whoever makes a key, so there may be several.
    fn candidates(&self, id: KeyId) -> Vec<Signer<'a>> {
        let (trust, lineages) = (self.trust, self.lineages);
        let listed = trust.keys.values().map(|entry| &entry.key);
        let replacements = lineages.replacements();
        let mut candidates: Vec<Signer<'a>> = Vec::new();
        for key in listed.chain(replacements).filter(|key| key.key_id() == id) {
            if candidates.iter().any(|known| known.key == key) {
                continue;
            }
            let entry_of = |key: &PublicKey| trust.keys.iter().find(|(_, entry)| entry.key == *key);
            let nearest = once(key).chain(lineages.ancestors(key)).find_map(entry_of);
            candidates.extend(nearest.map(|(name, entry)| Signer { name, entry, key }));
        }
        candidates
    }

    /// Whether this key may be the author.
    fn author(&self, signer: &Signer<'_>) -> Result<(), Refused> {
        let name = signer.name.to_owned();
        let Some(may_publish) = &signer.entry.may_publish else {
            return Err(Refused::NotAnAuthor { name, app_id: self.app_id.clone() });
        };
        // Before what it may publish: nobody should add to that for a revoked key.
        if let Some(reason) = &signer.entry.revoked {
            return Err(Refused::Revoked { name, reason: reason.clone() });
        }
        if !may_publish.iter().any(|pattern| pattern.fits(self.app_id)) {
            let may_publish = may_publish.iter().map(ToString::to_string).collect();
            return Err(Refused::MayNotPublish { name, app_id: self.app_id.clone(), may_publish });
        }
        self.in_force(signer)
    }

    /// Whether this key counts at all.
    fn in_force(&self, signer: &Signer<'_>) -> Result<(), Refused> {
        let (name, today) = (signer.name.to_owned(), self.today);
        let Entry { valid_from, valid_until, revoked, .. } = signer.entry;
        if let Some(reason) = revoked {
            return Err(Refused::Revoked { name, reason: reason.clone() });
        }
        if let Some(from) = valid_from.filter(|from| today < *from) {
            return Err(Refused::NotYetValid { name, from, today });
        }
        if let Some(until) = valid_until.filter(|until| today > *until) {
            return Err(Refused::Expired { name, until, today });
        }
        match self.lineages.successor(signer.key) {
            Some(by) if self.occasion == Occasion::Install => {
                Err(Refused::Replaced { name, key_id: signer.key.key_id(), by: by.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The `[[reviews]]` that this program needs.
    fn needed(&self) -> impl Iterator<Item = &'a Review> {
        let (trust, app_id) = (self.trust, self.app_id);
        trust.reviews.iter().filter(|review| review.app_ids.iter().any(|pattern| pattern.fits(app_id)))
    }

    /// Whether the reviews are enough for a program of this author, and who made any.
    fn reviews(&self, author: &Signer<'_>, fits: &[Signer<'_>]) -> Result<Vec<String>, Refused> {
        let author = self.lineages.root(author.key);
        for review in self.needed() {
            let signers = fits.iter().filter(|signer| review.reviewers.iter().any(|name| name == signer.name));
            let mut counted: BTreeSet<PublicKey> = BTreeSet::new();
            let mut names = BTreeSet::new();
            let mut passed_over = Vec::new();
            for signer in signers {
                match self.passed_over(&author, signer) {
                    None if counted.insert(self.lineages.root(signer.key)) => {
                        names.insert(signer.name);
                    }
                    None => passed_over.push((signer.name, PassedOver::Again)),
                    Some(why) => passed_over.push((signer.name, why)),
                }
            }
            if counted.len() < review.threshold {
                passed_over.retain(|(name, _)| !names.contains(name));
                return Err(Refused::TooFewReviewers {
                    app_id: self.app_id.clone(),
                    needed: review.threshold,
                    have: counted.len(),
                    of: review.reviewers.clone(),
                    passed_over: passed_over.into_iter().map(|(name, why)| (name.to_owned(), why)).collect(),
                });
            }
        }
        let all = fits.iter().filter(|signer| signer.entry.is_reviewer && self.passed_over(&author, signer).is_none());
        let names: BTreeSet<&str> = all.map(|signer| signer.name).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// Why a reviewer does not count; `author` is the first key of the author's lineage.
    fn passed_over(&self, author: &PublicKey, signer: &Signer<'_>) -> Option<PassedOver> {
        if self.lineages.root(signer.key) == *author {
            return Some(PassedOver::Author);
        }
        match self.in_force(signer) {
            Err(Refused::Revoked { .. }) => Some(PassedOver::Revoked),
            Err(Refused::NotYetValid { .. }) => Some(PassedOver::NotYetValid),
            Err(Refused::Expired { .. }) => Some(PassedOver::Expired),
            Err(_) => Some(PassedOver::Replaced),
            Ok(()) => None,
        }
    }

    /// Whether a signature of this key, if it fitted, would help.
    fn would_count(&self, signer: &Signer<'_>) -> bool {
        let is_needed = || self.needed().any(|review| review.reviewers.iter().any(|name| name == signer.name));
        self.author(signer).is_ok() || (self.in_force(signer).is_ok() && is_needed())
    }
}
