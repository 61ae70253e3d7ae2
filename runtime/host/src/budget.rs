//! What a call has used of its budget, and which limit ended it, by name.
//!
//! Fuel, time and stack are counted by the engine; memories, tables and the
//! bytes of host calls here. All of it is per sequence of calls on one instance.

use std::fmt;

use mprun_core::budget::Budget;
use wasmtime::{ResourceLimiter, Trap};

/// A limit that can end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Instructions.
    Fuel,
    /// Time.
    Deadline,
    /// Bytes of memory.
    Memory,
    /// Calls inside each other.
    Stack,
    /// Elements of tables.
    Tables,
    /// Bytes through host functions.
    HostCallBytes,
    /// Handles to resources.
    Handles,
    /// Elements of a view.
    FrameNodes,
    /// Elements of a view inside each other.
    FrameDepth,
    /// Bytes of a view.
    FrameBytes,
    /// Bytes of a state.
    StateBytes,
    /// What is kept for one user of the program: the storage's bytes, above all.
    StoredBytes,
}

impl Limit {
    /// The name that messages, logs and tests use.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::Fuel => "fuel",
            Limit::Deadline => "deadline",
            Limit::Memory => "memory",
            Limit::Stack => "stack",
            Limit::Tables => "tables",
            Limit::HostCallBytes => "host-call-bytes",
            Limit::Handles => "handles",
            Limit::FrameNodes => "frame-nodes",
            Limit::FrameDepth => "frame-depth",
            Limit::FrameBytes => "frame-bytes",
            Limit::StateBytes => "state-bytes",
            Limit::StoredBytes => "stored-bytes",
        }
    }

    /// What happened, for a user who knows nothing of limits.
    pub(crate) const fn plain(self) -> &'static str {
        match self {
            Limit::Fuel | Limit::Deadline => "took too long",
            Limit::Memory | Limit::Tables | Limit::Handles => "needed too much memory",
            Limit::Stack => "went round in circles",
            Limit::HostCallBytes => "moved too much data at once",
            Limit::FrameNodes | Limit::FrameDepth | Limit::FrameBytes => "made a page that is too large",
            Limit::StateBytes | Limit::StoredBytes => "wanted to keep too much data",
        }
    }

    /// The limit that the engine's error stands for, if it stands for one.
    pub(crate) fn of(error: &wasmtime::Error, frames_max: usize) -> Option<Limit> {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => return Some(Limit::Fuel),
            Some(Trap::Interrupt) => return Some(Limit::Deadline),
            Some(Trap::StackOverflow) => return Some(Limit::Stack),
            // Compilers keep part of the stack in memory, below everything else:
            // recursion may run out of that first, and then falls off its end.
            Some(Trap::MemoryOutOfBounds) if is_recursion(error, frames_max) => return Some(Limit::Stack),
            Some(_) => return None,
            None => {}
        }
        // The engine has no types for these two; tests hold the words to it.
        let words = format!("{error:#}");
        if words.contains("handle limit exceeded") {
            Some(Limit::Handles)
        } else if words.contains("fuel allocated for hostcalls") {
            Some(Limit::HostCallBytes)
        } else {
            None
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the trap came out of functions that call each other again and again:
/// the backtrace is as long as it may be and has only a few different functions.
fn is_recursion(error: &wasmtime::Error, frames_max: usize) -> bool {
    let Some(backtrace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else {
        return false;
    };
    let frames = backtrace.frames();
    let functions: std::collections::HashSet<u32> = frames.iter().map(wasmtime::FrameInfo::func_index).collect();
    frames.len() >= frames_max && functions.len() <= frames.len() / 2
}

/// A limit that is checked in the host was reached: ends the program's call.
#[derive(Debug, thiserror::Error)]
#[error("the limit `{limit}` is reached: at most {max}, got {got}")]
pub(crate) struct Reached {
    limit: Limit,
    max: usize,
    got: usize,
}

/// What a store has used of the things that are counted here.
#[derive(Debug)]
pub(crate) struct Usage {
    memory_bytes: usize,
    table_elements: usize,
    host_call_bytes: usize,
    memory_bytes_max: usize,
    table_elements_max: usize,
    host_call_bytes_max: usize,
    memories_max: usize,
    tables_max: usize,
    instances_max: usize,
    /// The limit that ended the call.
    pub(crate) reached: Option<Limit>,
}

impl Usage {
    /// Nothing used yet of `budget`.
    pub(crate) fn new(budget: &Budget) -> Usage {
        Usage {
            memory_bytes: 0,
            table_elements: 0,
            host_call_bytes: 0,
            memory_bytes_max: budget.memory_bytes_max,
            table_elements_max: budget.table_elements_max,
            host_call_bytes_max: budget.host_call_bytes_max,
            memories_max: budget.memories_max,
            tables_max: budget.tables_max,
            instances_max: budget.core_instances_max,
            reached: None,
        }
    }

    /// Counts `bytes` that go through a host function.
    pub(crate) fn host_call(&mut self, bytes: usize) -> Result<(), Reached> {
        self.host_call_bytes = self.host_call_bytes.saturating_add(bytes);
        if self.host_call_bytes > self.host_call_bytes_max {
            return Err(self.end(Limit::HostCallBytes, self.host_call_bytes_max, self.host_call_bytes));
        }
        Ok(())
    }

    fn end(&mut self, limit: Limit, max: usize, got: usize) -> Reached {
        self.reached = Some(limit);
        Reached { limit, max, got }
    }
}

/// Growing beyond the budget ends the call at once: a program that is told "no"
/// would end as well, only later and for a reason that nobody understands.
impl ResourceLimiter for Usage {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_bytes_max {
            return Err(self.end(Limit::Memory, self.memory_bytes_max, wanted).into());
        }
        self.memory_bytes = wanted;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // Allowed here and impossible there: beyond the maximum that the memory
        // itself declares, or the machine has no more.
        self.reached = Some(Limit::Memory);
        Err(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if wanted > self.table_elements_max {
            return Err(self.end(Limit::Tables, self.table_elements_max, wanted).into());
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.reached = Some(Limit::Tables);
        Err(error)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.tables_max
    }

    fn memories(&self) -> usize {
        self.memories_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut usage = Usage::new(&Budget { memory_bytes_max: 100, ..Budget::default() });
        assert!(usage.memory_growing(0, 60, None).unwrap());
        assert!(usage.memory_growing(0, 60, None).is_err());
        assert_eq!(usage.reached, Some(Limit::Memory));
        assert!(usage.memory_growing(60, 100, None).unwrap());
        assert!(usage.memory_growing(100, 101, None).is_err());
    }

    #[test]
    fn host_call_bytes_add_up() {
        let mut usage = Usage::new(&Budget { host_call_bytes_max: 10, ..Budget::default() });
        assert!(usage.host_call(6).is_ok());
        let error = usage.host_call(5).unwrap_err();
        assert_eq!(error.to_string(), "the limit `host-call-bytes` is reached: at most 10, got 11");
        assert_eq!(usage.reached, Some(Limit::HostCallBytes));
        assert!(usage.host_call(usize::MAX).is_err());
    }

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        let all = [
            Limit::Fuel,
            Limit::Deadline,
            Limit::Memory,
            Limit::Stack,
            Limit::Tables,
            Limit::HostCallBytes,
            Limit::Handles,
            Limit::FrameNodes,
            Limit::FrameDepth,
            Limit::FrameBytes,
            Limit::StateBytes,
            Limit::StoredBytes,
        ];
        let names: std::collections::HashSet<_> = all.iter().map(|limit| limit.name()).collect();
        assert_eq!(names.len(), all.len());
    }
}
