//! Decides whose programs may be used here. A bundle is a file that anybody can
//! make; [`Trust::admit`] makes an [`Admitted`] bundle of it, and nothing else is
//! ever installed. No I/O, no clock, no random source: files, signatures and the
//! day of today come from the caller.
//!
//! ```toml
//! [keys.plum-lane]
//! public_key = "RWQ…"                           # as `minisign` and `mprun key show` print it
//! roles = ["author"]                            # author, reviewer, or both
//! may_publish = ["coffee", "com.plumlane.*"]    # authors: whole app ids, or the beginning of one and `*`
//! valid_from = 2026-01-01                       # optional, both days included, UTC
//! valid_until = 2027-12-31
//! revoked = "2026-11-02: laptop stolen"         # optional: why; the key counts for nothing any more
//!
//! [[reviews]]                                   # every one that fits the app id must be met
//! app_ids = ["*"]
//! reviewers = ["anna", "ben", "cleo"]           # names of keys with the role reviewer
//! threshold = 2
//! ```
//!
//! # Replaced keys
//!
//! Statements that one key replaced another ([`Rotation`]) are recorded here, or come
//! with a bundle. [`Trust::known`] says which of them count: not those whose new key the
//! file revokes, and of those that come with a bundle only the ones that lead to a key of
//! the file or of a recorded statement, and contradict nothing. The others are passed
//! over and never make a bundle unusable.
//!
//! So a key that was stolen and replaced by the thief is won back by listing the thief's
//! key with `revoked`. The other side of it: to revoke a key *cuts* its lineage before it,
//! and the programs of the keys after it become other programs. A key that was replaced
//! in good order, and that shall sign nothing any more, gets a `valid_until` instead.
//!
//! # The decision
//!
//! 1. *Who signed?* A signature counts for a key if it verifies over all bytes of the
//!    bundle. Keys that matter are those of the file, and their successors by
//!    [`Lineages`]: a successor has the entry of its nearest ancestor in the file,
//!    unless it has its own. So a revoked ancestor gives nothing, and one name stays
//!    one person, however many keys follow each other.
//! 2. *Who is the author?* A key with the role author that is not revoked, may publish
//!    the `app_id`, is valid today and, for something new ([`Occasion::Install`]), was
//!    not replaced. If there are several, the first name in the alphabet with whom
//!    point 3 is met, so that the order of the file means nothing.
//! 3. *Who reviewed it?* For each `[[reviews]]` that fits, at least `threshold` of its
//!    reviewers, by the same rules. Lineages are counted, not signatures. The author
//!    does not count, nor does a key of the author's lineage: nobody reviews
//!    themselves.
//! 4. *Whose program is it?* That of [`namespace`] of the first key in the author's
//!    lineage. An update with the publisher's next key is the same program.
//!
//! A signature that helps nobody does no harm: by a key that nobody knows, or one that
//! does not fit while others suffice. If they do not suffice, [`Refused`] says one
//! reason, the first of these: `Altered` (someone who would count has signed something
//! else), `TooFewReviewers`, `Replaced`, `Expired`, `NotYetValid`, `Revoked`,
//! `MayNotPublish`, `UnknownSigner`, `NotAnAuthor`, `Altered` (whoever signed something
//! else would not count); among equal ones, that of the first name. It has a
//! [`hint`](Refused::hint) with what to do.

mod check;
mod date;
mod decide;
mod file;
mod key;
mod known;
mod refused;
mod rotation;
mod signature;

pub use self::{
    date::{Date, DateError},
    decide::{Admitted, Occasion, Standing},
    file::{
        KEY_NAME_BYTES_MAX, TRUST_BYTES_MAX, TRUST_KEYS_MAX, TRUST_REVIEWS_MAX, Trust, TrustFileError, TrustProblem,
    },
    key::{KeyError, KeyId, PublicKey, namespace},
    known::{Ignored, Known},
    refused::{PassedOver, Refused},
    rotation::{Lineages, Party, ROTATIONS_BYTES_MAX, ROTATIONS_MAX, Rotation, RotationError},
    signature::{SIGNATURE_BYTES_MAX, SIGNATURES_MAX, Signature, SignatureError},
};
