//! Decides how much one call may use and how much a program may keep. Plain
//! numbers: whoever counts a thing compares it with the number here, and every
//! number has a test where it is counted.

use std::time::Duration;

use mprun_frame::limits::FrameLimits;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What one call of a program may use. Running out ends that call; nothing of
/// it is kept, and nobody else notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Instructions, in the engine's unit of fuel.
    pub fuel: u64,
    /// Time from the start of the call, waiting for a processor included.
    pub deadline: Duration,
    /// Bytes of all memories together.
    pub memory_bytes_max: usize,
    /// Memories of a component.
    pub memories_max: usize,
    /// Core instances of a component; `wit-component` makes 3.
    pub core_instances_max: usize,
    /// Tables of a component.
    pub tables_max: usize,
    /// Elements of all tables together.
    pub table_elements_max: usize,
    /// Bytes that go through host functions in one event, both directions.
    pub host_call_bytes_max: usize,
    /// What `view` may return.
    pub frame: FrameLimits,
    /// Asks that one event may leave.
    pub asks_per_event_max: usize,
    /// Messages that one event may write into the log; more are only counted.
    pub log_messages_max: usize,
    /// Bytes of one message in the log; longer ones are cut.
    pub log_message_bytes_max: usize,
}

impl Default for Budget {
    /// 500,000,000 fuel, 1 s, 64 MiB in 1 memory, 4 core instances, 4 tables of
    /// 20,000 elements together, 8 MiB through host functions, the default
    /// frame, 16 asks, 64 log messages of 4 KiB.
    fn default() -> Self {
        Budget {
            fuel: 500_000_000,
            deadline: Duration::from_secs(1),
            memory_bytes_max: 64 * MIB,
            memories_max: 1,
            core_instances_max: 4,
            tables_max: 4,
            table_elements_max: 20_000,
            host_call_bytes_max: 8 * MIB,
            frame: FrameLimits::default(),
            asks_per_event_max: 16,
            log_messages_max: 64,
            log_message_bytes_max: 4 * KIB,
        }
    }
}

/// What a program may keep for one user between two events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the program's own state.
    pub app_state_bytes_max: usize,
    /// Bytes of one page's state.
    pub page_state_bytes_max: usize,
    /// Bytes of a key in the storage.
    pub storage_key_bytes_max: usize,
    /// Bytes of a value in the storage.
    pub storage_value_bytes_max: usize,
    /// Bytes of all keys and values in the storage.
    pub storage_bytes_max: u64,
    /// Timers that have not come yet.
    pub timers_open_max: usize,
    /// Toasts that no rendering has shown yet.
    pub toasts_waiting_max: usize,
    /// Pages on each other.
    pub page_stack_max: usize,
    /// Page instances that are kept; the least recently used one without an
    /// open ask goes first.
    pub pages_kept_max: usize,
}

impl Default for Limits {
    /// 256 KiB for each state, 256 B keys, 1 MiB values, 10 MiB of storage, 64
    /// timers, 4 toasts, 10 pages on each other, 256 pages kept.
    fn default() -> Self {
        Limits {
            app_state_bytes_max: 256 * KIB,
            page_state_bytes_max: 256 * KIB,
            storage_key_bytes_max: 256,
            storage_value_bytes_max: MIB,
            storage_bytes_max: 10 * 1024 * 1024,
            timers_open_max: 64,
            toasts_waiting_max: 4,
            page_stack_max: 10,
            pages_kept_max: 256,
        }
    }
}
