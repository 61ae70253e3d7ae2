//! What a compiling child gives up, for good, before it sees a byte of the
//! component: memory, time, files, network, other processes. Each part is the
//! kernel's own and works on its own; where the kernel lacks one, the others hold,
//! and [`Confinement`] says so.
//!
//! | part | what it forbids |
//! |---|---|
//! | resource limits | more address space, processor time, open files; files at all; core dumps |
//! | death signal | to outlive the host |
//! | Landlock | every path, TCP, signals to others |
//! | seccomp | every system call but those of an allocator and of threads |

use serde::{Deserialize, Serialize};

use super::CompileLimits;

/// Whether a part is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Force {
    /// Whole.
    Full,
    /// Not all of it: this kernel is older.
    Partly(String),
    /// Not at all, and why.
    Absent(String),
}

impl Force {
    /// What is missing of it.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Force::Full => None,
            Force::Partly(why) | Force::Absent(why) => Some(why),
        }
    }
}

/// What is in force in a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Memory, processor time, files: the limits of the process.
    pub limits: Force,
    /// It dies with its parent.
    pub death_signal: Force,
    /// Landlock: no path, no TCP.
    pub landlock: Force,
    /// seccomp: a list of allowed system calls.
    pub seccomp: Force,
}

impl Confinement {
    /// Its parts with their names.
    pub fn parts(&self) -> [(&'static str, &Force); 4] {
        [
            ("resource limits", &self.limits),
            ("ends with its parent", &self.death_signal),
            ("Landlock", &self.landlock),
            ("seccomp", &self.seccomp),
        ]
    }
}

/// Why a child does not begin to compile.
#[derive(Debug, thiserror::Error)]
pub(super) enum JailError {
    /// The parent is gone already.
    #[cfg(target_os = "linux")]
    #[error("the parent has ended")]
    Orphan,
    /// Limits are the least that has to hold.
    #[error("cannot limit this process: {0}")]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no limits to fail"))]
    Limits(std::io::Error),
}

/// Gives everything up. `parent` is the process that waits for the work.
#[cfg(target_os = "linux")]
pub(super) fn enter(limits: CompileLimits, parent: u32) -> Result<Confinement, JailError> {
    // In this order: a ruleset needs a descriptor, and the last one forbids all that
    // the others need.
    let death_signal = linux::die_with(parent)?;
    let landlock = linux::landlock();
    let limits = limited(limits)?;
    Ok(Confinement { limits, death_signal, landlock, seccomp: linux::seccomp() })
}

/// Gives up what this system lets a process give up.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter(limits: CompileLimits, _parent: u32) -> Result<Confinement, JailError> {
    let absent = || Force::Absent("it is a part of Linux".to_owned());
    Ok(Confinement {
        limits: limited(limits)?,
        death_signal: Force::Absent("the child ends when its parent stops reading".to_owned()),
        landlock: absent(),
        seccomp: absent(),
    })
}

#[cfg(unix)]
fn limited(limits: CompileLimits) -> Result<Force, JailError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let set = |resource, most: u64| {
        // Whoever started the host may have set less already, and that stays.
        let most = getrlimit(resource).maximum.map_or(most, |there| there.min(most));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| JailError::Limits(error.into()))
    };
    // Its threads together; the parent's clock is the one that counts.
    let threads = u64::try_from(super::THREADS_MAX).unwrap_or(1);
    set(Resource::Cpu, limits.deadline.as_secs().saturating_add(1).saturating_mul(threads))?;
    set(Resource::Fsize, 0)?;
    set(Resource::Core, 0)?;
    // Its three pipes are open; nothing else will be.
    set(Resource::Nofile, 3)?;
    #[cfg(target_os = "linux")]
    set(Resource::As, limits.memory_bytes_max)?;
    #[cfg(target_os = "linux")]
    return Ok(Force::Full);
    #[cfg(not(target_os = "linux"))]
    Ok(Force::Partly("memory is not limited".to_owned()))
}

#[cfg(not(unix))]
fn limited(_limits: CompileLimits) -> Result<Force, JailError> {
    Ok(Force::Absent("this system has none".to_owned()))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Compatible as _, LandlockStatus, RestrictionStatus, Ruleset,
        RulesetAttr as _, RulesetError, RulesetStatus, Scope,
    };
    use rustix::process::{DumpableBehavior, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };

    use super::{Force, JailError};

    pub(super) fn die_with(parent: u32) -> Result<Force, JailError> {
        // Nor can others of the same user look into its memory.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        let force = match set_parent_process_death_signal(Some(Signal::KILL)) {
            Ok(()) => Force::Full,
            Err(error) => Force::Absent(error.to_string()),
        };
        // It may have ended before the signal was asked for.
        match getppid() {
            Some(pid) if u32::try_from(pid.as_raw_nonzero().get()).ok() == Some(parent) => Ok(force),
            _ => Err(JailError::Orphan),
        }
    }

    pub(super) fn landlock() -> Force {
        match nothing_allowed() {
            Ok(RestrictionStatus { ruleset: RulesetStatus::FullyEnforced, .. }) => Force::Full,
            Ok(RestrictionStatus { ruleset: RulesetStatus::PartiallyEnforced, landlock, .. }) => match landlock {
                LandlockStatus::Available { effective_abi, .. } => {
                    Force::Partly(format!("this kernel knows its version {effective_abi:?}"))
                }
                _ => Force::Partly("this kernel is older".to_owned()),
            },
            Ok(RestrictionStatus { landlock: LandlockStatus::NotEnabled, .. }) => {
                Force::Absent("it is switched off in this kernel".to_owned())
            }
            Ok(_) => Force::Absent("this kernel was built without it".to_owned()),
            Err(error) => Force::Absent(error.to_string()),
        }
    }

    /// A ruleset without a rule: what it handles is forbidden.
    fn nothing_allowed() -> Result<RestrictionStatus, RulesetError> {
        let abi = ABI::V6;
        Ruleset::default()
            .set_compatibility(landlock::CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .restrict_self()
    }

    pub(super) fn seccomp() -> Force {
        let filter = match filter() {
            Ok(filter) => filter,
            Err(error) => return Force::Absent(error.to_string()),
        };
        // Threads come later, and inherit it.
        match seccompiler::apply_filter(&filter) {
            Ok(()) => Force::Full,
            Err(error) => Force::Absent(error.to_string()),
        }
    }

    /// The calls of an allocator, of threads, and of reading and writing its own
    /// three pipes: other descriptors that the host's parent may have left open are
    /// of no use. Everything else is answered as by a kernel that has no such call,
    /// which the C library takes for one that is old.
    fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
        const NO_SUCH_CALL: u32 = 38;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [
            libc::SYS_close,
            libc::SYS_brk,
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_madvise,
            libc::SYS_futex,
            libc::SYS_set_robust_list,
            libc::SYS_rseq,
            libc::SYS_gettid,
            libc::SYS_getpid,
            libc::SYS_sched_yield,
            libc::SYS_sched_getaffinity,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sigaltstack,
            libc::SYS_getrandom,
            libc::SYS_clock_gettime,
            libc::SYS_clock_nanosleep,
            libc::SYS_nanosleep,
            libc::SYS_restart_syscall,
            libc::SYS_exit,
            libc::SYS_exit_group,
        ]
        .into_iter()
        .map(|call| (call, Vec::new()))
        .collect();
        let descriptor = |number: u64| {
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number)
                .and_then(|condition| SeccompRule::new(vec![condition]))
        };
        for call in [libc::SYS_read, libc::SYS_readv] {
            rules.insert(call, vec![descriptor(0)?]);
        }
        for call in [libc::SYS_write, libc::SYS_writev] {
            rules.insert(call, vec![descriptor(1)?, descriptor(2)?]);
        }
        // Memory is never made executable: code is made here, and run elsewhere.
        let execute = u64::try_from(libc::PROT_EXEC).unwrap_or_default();
        let plain = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(execute), 0)?;
        rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![plain.clone()])?]);
        rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![plain])?]);
        // Threads, no processes. `clone3` hides its flags; without it, `clone` is used.
        let thread = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
        let thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), thread)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![thread])?]);
        // To abort, a process signals itself.
        let own = u64::from(std::process::id());
        let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
        let arch = if cfg!(target_arch = "aarch64") { TargetArch::aarch64 } else { TargetArch::x86_64 };
        SeccompFilter::new(rules, SeccompAction::Errno(NO_SUCH_CALL), SeccompAction::Allow, arch)?.try_into()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::io::{self, Read as _};
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    // Landlock and seccomp hold for the thread that asks for them and those that it
    // starts: each can be tried alone, and the other tests go on.

    #[test]
    fn landlock_alone_forbids_files_and_the_network() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let force = linux::landlock();
            if let Force::Absent(why) = &force {
                eprintln!("note: Landlock cannot be tried here: {why}");
                return;
            }
            for path in ["/etc/passwd", "/", "/tmp"] {
                assert_eq!(File::open(path).unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{path}");
            }
            assert!(std::process::Command::new("/bin/true").spawn().is_err());
            if force == Force::Full {
                let error = std::net::TcpStream::connect(address).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            }
        })
        .join()
        .unwrap();
        assert!(File::open("/etc/passwd").is_ok(), "only that thread is in jail");
    }

    #[test]
    fn seccomp_alone_forbids_files_sockets_programs_and_other_descriptors() {
        let mut open = File::open("/etc/passwd").unwrap();
        std::thread::spawn(move || {
            assert_eq!(linux::seccomp(), Force::Full);
            assert!(File::open("/etc/passwd").is_err());
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).is_err());
            assert!(std::process::Command::new("/bin/true").spawn().is_err());
            assert!(open.read(&mut [0; 8]).is_err(), "a descriptor that was left open");
            // What a compiler needs goes on.
            let sum: u64 = std::thread::spawn(|| vec![1_u64; 1 << 20].iter().sum()).join().unwrap();
            assert_eq!(sum, 1 << 20);
        })
        .join()
        .unwrap();
    }
}
