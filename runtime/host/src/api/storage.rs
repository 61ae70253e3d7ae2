//! `storage`: bytes under keys. Reads are of the revision that the event began
//! with, laid over by the event's own writes; writes wait in the transaction.

use mprun_core::capability::Capability;
use mprun_storage::ReadError;

use super::in_view;
use crate::bindings::mprun::host::storage;
use crate::call::{Call, End};
use crate::gate::{InView, Stop};

/// Keys in one answer.
const KEYS_MAX: u32 = 1_000;

impl Call {
    fn check_key(&mut self, key: &str) -> Result<(), Stop> {
        let max = self.transaction()?.limits.storage_key_bytes_max;
        if !(1..=max).contains(&key.len()) {
            return Err(Stop::invalid(format!("expected a key of 1 to {max} bytes, got {}", key.len())));
        }
        self.pass_key(key)
    }

    /// The value as this event sees it. What was read is kept: a later write has
    /// to know how large the old value was.
    async fn current(&mut self, key: &str) -> Result<Option<&Vec<u8>>, Stop> {
        if !self.transaction()?.knows(key) {
            let transaction = self.transaction()?;
            let (storage, scope) = transaction.source();
            let revision = transaction.revision;
            let value = self.within(storage.get(&scope, revision, key)).await?;
            let value = value.map_err(|error| self.read_failed(error))?;
            // What the host keeps for the call counts as well.
            self.count(value.as_ref().map_or(0, Vec::len))?;
            self.transaction()?.learn(key, value);
        }
        Ok(self.transaction()?.value(key))
    }

    /// At most `limit` keys with this prefix, as this event sees them, in order.
    async fn list(&mut self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, Stop> {
        let transaction = self.transaction()?;
        let (storage, scope) = transaction.source();
        let revision = transaction.revision;
        // Keys that this event removed leave gaps: ask for that many more.
        let removed = transaction.removed(prefix);
        let ask_for = u32::try_from(limit + removed).unwrap_or(u32::MAX);
        let stored = self
            .within(storage.keys(&scope, revision, prefix, after, ask_for))
            .await?
            .map_err(|error| self.read_failed(error))?;
        // If storage has more than it answered, keys of this event that lie
        // beyond its last answer must wait for the next page.
        let more_after = (stored.len() == ask_for as usize).then(|| stored.last().cloned()).flatten();
        let mut keys = self.transaction()?.merge_keys(stored, prefix, after, more_after.as_deref());
        keys.truncate(limit);
        Ok(keys)
    }

    fn read_failed(&mut self, error: ReadError) -> Stop {
        match error {
            ReadError::Moved { .. } => self.end(End::Moved),
            ReadError::Storage(error) => self.end(End::Storage(error.to_string())),
        }
    }

    async fn put(&mut self, key: String, value: Option<Vec<u8>>) -> Result<bool, Stop> {
        let old = self.current(&key).await?.map(Vec::len);
        let new = value.as_ref().map(Vec::len);
        let transaction = self.transaction()?;
        let size = |length: Option<usize>| length.map_or(0, |length| (key.len() + length) as u64);
        let stored = transaction.bytes_stored.saturating_sub(size(old)).saturating_add(size(new));
        let max = transaction.limits.storage_bytes_max;
        // A program that has too much must still be able to remove something.
        if stored > max && stored > transaction.bytes_stored {
            return Err(Stop::limited(format!("expected at most {max} bytes of keys and values, got {stored}")));
        }
        transaction.bytes_stored = stored;
        transaction.write(key, value);
        Ok(old.is_some())
    }
}

impl storage::Host for Call {
    async fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, Stop> {
        self.pass(Capability::Storage, "get", key.len())?;
        self.check_key(&key)?;
        let value = self.current(&key).await?.cloned();
        self.count(value.as_ref().map_or(0, Vec::len))?;
        Ok(value)
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Result<(), Stop> {
        self.pass(Capability::Storage, "set", key.len() + value.len())?;
        self.check_key(&key)?;
        let max = self.transaction()?.limits.storage_value_bytes_max;
        if value.len() > max {
            return Err(Stop::limited(format!("expected a value of at most {max} bytes, got {}", value.len())));
        }
        self.put(key, Some(value)).await?;
        Ok(())
    }

    async fn delete(&mut self, key: String) -> Result<bool, Stop> {
        self.pass(Capability::Storage, "delete", key.len())?;
        self.check_key(&key)?;
        self.put(key, None).await
    }

    async fn keys(&mut self, prefix: String, after: Option<String>, limit: u32) -> Result<Vec<String>, Stop> {
        let bytes = prefix.len() + after.as_ref().map_or(0, String::len) + 4;
        self.pass(Capability::Storage, "keys", bytes)?;
        let limit = limit.min(KEYS_MAX) as usize;
        let mut keys = Vec::new();
        for prefix in self.pass_prefix(&prefix) {
            keys.extend(self.list(&prefix, after.as_deref(), limit - keys.len()).await?);
            if keys.len() == limit {
                break;
            }
        }
        self.count(keys.iter().map(|key| key.len() + 8).sum())?;
        Ok(keys)
    }

    async fn usage(&mut self) -> Result<(u64, u64), Stop> {
        self.pass(Capability::Storage, "usage", 16)?;
        let transaction = self.transaction()?;
        Ok((transaction.bytes_stored, transaction.limits.storage_bytes_max))
    }
}

impl storage::Host for InView<'_> {
    async fn get(&mut self, _key: String) -> Result<Option<Vec<u8>>, Stop> {
        Err(in_view("storage.get"))
    }

    async fn set(&mut self, _key: String, _value: Vec<u8>) -> Result<(), Stop> {
        Err(in_view("storage.set"))
    }

    async fn delete(&mut self, _key: String) -> Result<bool, Stop> {
        Err(in_view("storage.delete"))
    }

    async fn keys(&mut self, _prefix: String, _after: Option<String>, _limit: u32) -> Result<Vec<String>, Stop> {
        Err(in_view("storage.keys"))
    }

    async fn usage(&mut self) -> Result<(u64, u64), Stop> {
        Err(in_view("storage.usage"))
    }
}
