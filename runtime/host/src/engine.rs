//! The engine: one for the host, with every setting that differs from
//! wasmtime's defaults, and why.
//!
//! What is off here is refused when a program is installed, by the validator,
//! before any code is made of it. Most advisories of wasmtime lie in what is off.

use mprun_core::budget::Budget;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails, WasmFeatures,
};

use crate::compile::Settings;

const KIB: usize = 1024;

/// Bytes of native stack that a program may use. Deterministic enough for
/// honest programs, small enough that endless recursion ends at once.
const WASM_STACK_BYTES: usize = 512 * KIB;

/// Bytes of the whole fibre stack: what the program leaves is for host
/// functions, the storage backend's reads among them.
const FIBER_STACK_BYTES: usize = 2048 * KIB;

/// Frames in the backtrace of a trap: a developer needs the top, and deep
/// recursion shall not cost.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 20;

/// Pages of a used memory that are cleared in place and not given back. More
/// makes the reset of an aged slot slower (measured: 6.2 µs at 64 KiB, 9.4 µs at
/// 256 KiB), less brings page faults.
const MEMORY_KEPT_BYTES: usize = 64 * KIB;

/// The same for tables: the usual program's table is smaller than this.
const TABLE_KEPT_BYTES: usize = 4 * KIB;

/// How an engine takes address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// How many instances there can be at once.
    pub(crate) instances: u32,
    /// Whether each memory has 4 GiB of address space for itself, so that
    /// accesses need no check; otherwise as much as it may grow, and checks.
    pub(crate) wide: bool,
}

/// Makes the engine, with fewer instances where the address space is short
/// (containers with `ulimit -v`). Returns what it got.
pub(crate) fn build(budget: &Budget, instances: u32) -> Result<(Engine, Exposure), wasmtime::Error> {
    let mut exposure = Exposure { instances: instances.max(1), wide: true };
    loop {
        match pooling(budget, exposure) {
            Ok(engine) => {
                if exposure.instances < instances || !exposure.wide {
                    tracing::warn!(
                        wanted = instances,
                        instances = exposure.instances,
                        guard_pages = exposure.wide,
                        "the address space is limited: fewer programs run at once"
                    );
                }
                return Ok((engine, exposure));
            }
            Err(error) => {
                exposure = match exposure {
                    Exposure { wide: true, .. } => Exposure { wide: false, ..exposure },
                    Exposure { instances: 1, .. } => return Err(error),
                    Exposure { instances, .. } => Exposure { instances: instances / 2, wide: false },
                };
            }
        }
    }
}

/// The engine of a host: its instances live in slots that are made in advance.
pub(crate) fn pooling(budget: &Budget, exposure: Exposure) -> wasmtime::Result<Engine> {
    let mut config = config(Settings { wide: exposure.wide, program_memory_bytes_max: budget.memory_bytes_max });
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(budget, exposure)));
    Engine::new(&config)
}

/// An engine that compiles for the other one. It has no slots, which need more
/// address space than a compiling child has.
pub(crate) fn compiling(settings: Settings) -> wasmtime::Result<Engine> {
    Engine::new(&config(settings))
}

/// Everything that compiled code depends on.
fn config(settings: Settings) -> Config {
    let mut config = Config::new();

    // Cranelift is the compiler that is fuzzed and audited most.
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    // The same input gives the same bytes on every machine.
    config.cranelift_nan_canonicalization(true);

    // Fuel bounds work, epochs bound time and let others have their turn.
    config.consume_fuel(true);
    config.epoch_interruption(true);

    config.max_wasm_stack(WASM_STACK_BYTES);
    config.async_stack_size(FIBER_STACK_BYTES);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
    // Not from an environment variable; bundles carry no DWARF.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);

    // Proposals that no mini-program needs. Threads, garbage collection,
    // exceptions and component-model async are also compiled out (the crate's
    // features): two locks on one door.
    config.concurrency_support(false);
    config.gc_support(false);
    config.shared_memory(false);
    config.wasm_shared_everything_threads(false);
    config.wasm_features(
        WasmFeatures::FUNCTION_REFERENCES
            | WasmFeatures::GC
            | WasmFeatures::EXCEPTIONS
            | WasmFeatures::LEGACY_EXCEPTIONS
            | WasmFeatures::THREADS
            | WasmFeatures::MEMORY_CONTROL
            | WasmFeatures::CM_ASYNC,
        false,
    );
    config.wasm_memory64(false);
    config.wasm_multi_memory(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    config.wasm_stack_switching(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_component_model_error_context(false);
    config.wasm_component_model_gc(false);
    config.wasm_component_model_map(false);
    config.wasm_component_model_memory64(false);
    config.wasm_component_model_fixed_length_lists(false);
    config.wasm_component_model_implements(false);

    // Copy-on-write images are remapped under the lock of the address space
    // whenever a slot changes its program: with 1,000 programs that costs more
    // than copying the data segments (measured: 100 k/s against 150 k/s).
    config.memory_init_cow(false);
    if !settings.wide {
        let bytes = u64::try_from(settings.program_memory_bytes_max).unwrap_or(u64::MAX);
        config.memory_reservation(bytes);
        config.memory_guard_size(64 * 1024);
    }
    config
}

fn pool(budget: &Budget, exposure: Exposure) -> PoolingAllocationConfig {
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let instances = exposure.instances;
    let core_instances = small(budget.core_instances_max);
    let tables = small(budget.tables_max);
    let memories = small(budget.memories_max);

    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    pool.total_core_instances(instances.saturating_mul(core_instances));
    pool.total_memories(instances.saturating_mul(memories));
    pool.total_tables(instances.saturating_mul(tables));
    pool.total_stacks(instances);
    pool.max_core_instances_per_component(core_instances);
    pool.max_memories_per_component(memories);
    pool.max_tables_per_component(tables);
    pool.max_memories_per_module(memories);
    pool.max_tables_per_module(tables);
    pool.max_memory_size(budget.memory_bytes_max);
    pool.table_elements(budget.table_elements_max);
    // A slot that was used stays as it is: giving it back and taking it again
    // stops every other thread of the process.
    pool.max_unused_warm_slots(instances.saturating_mul(core_instances.max(tables)));
    pool.linear_memory_keep_resident(MEMORY_KEPT_BYTES);
    pool.table_keep_resident(TABLE_KEPT_BYTES);
    // Clears the pages that were written, instead of all that are kept
    // (Linux 6.7 and later; elsewhere it is off by itself).
    pool.pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Store, Trap};

    use crate::budget::Limit;

    fn engine() -> Engine {
        build(&Budget::default(), 4).unwrap().0
    }

    /// Why a component is refused; panics if it is not.
    fn refusal(component: &str) -> String {
        let bytes = wat::parse_str(component).unwrap();
        match Component::new(&engine(), bytes) {
            Ok(_) => panic!("the engine accepts {component}"),
            Err(error) => format!("{error:#}"),
        }
    }

    fn assert_refused(module: &str, because: &str) {
        let reason = refusal(&format!("(component (core module {module}))"));
        assert!(reason.contains(because), "{module}: {reason}");
    }

    #[test]
    fn an_ordinary_component_is_accepted() {
        let bytes = wat::parse_str(
            "(component (core module (memory 1) (func (result f64) (f64.add (f64.const 1) (f64.const 2)))))",
        );
        assert!(Component::new(&engine(), bytes.unwrap()).is_ok());
    }

    #[test]
    fn garbage_collection_is_refused() {
        assert_refused("(type (struct (field i32)))", "gc");
        assert_refused("(func (result i31ref) (ref.i31 (i32.const 1)))", "gc");
        assert_refused("(type (array (mut i32)))", "gc");
    }

    #[test]
    fn typed_function_references_are_refused() {
        assert_refused("(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))", "function references");
    }

    #[test]
    fn threads_and_shared_memories_are_refused() {
        assert_refused("(memory 1 1 shared)", "threads");
        assert_refused("(memory 1) (func (drop (i32.atomic.load (i32.const 0))))", "threads");
        assert_refused("(func atomic.fence)", "threads");
    }

    #[test]
    fn memories_of_64_bits_are_refused() {
        assert_refused("(memory i64 1)", "memory64");
        assert_refused("(table i64 1 funcref)", "memory64");
    }

    #[test]
    fn several_memories_are_refused() {
        assert_refused("(memory 1) (memory 1)", "multi");
    }

    #[test]
    fn relaxed_simd_is_refused() {
        assert_refused(
            "(func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))",
            "relaxed SIMD",
        );
    }

    #[test]
    fn exceptions_are_refused() {
        assert_refused("(tag)", "exceptions");
        assert_refused("(tag $t) (func (throw $t))", "exceptions");
    }

    #[test]
    fn tail_calls_are_refused() {
        assert_refused("(func $f (return_call $f))", "tail calls");
    }

    #[test]
    fn stack_switching_is_refused() {
        assert_refused("(type $f (func)) (type $c (cont $f))", "stack switching");
    }

    #[test]
    fn custom_page_sizes_are_refused() {
        assert_refused("(memory 1 (pagesize 1))", "custom page sizes");
    }

    #[test]
    fn wide_arithmetic_is_refused() {
        assert_refused(
            "(func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0)))",
            "wide arithmetic",
        );
    }

    #[test]
    fn asynchronous_components_are_refused() {
        for component in [
            r#"(component (import "f" (func async (result string))))"#,
            r#"(component (type (stream u8)))"#,
            r#"(component (type (future u8)))"#,
            r#"(component (core func (canon task.cancel)))"#,
            r#"(component (core func (canon waitable-set.new)))"#,
            r#"(component (core func (canon context.get i32 0)))"#,
        ] {
            let reason = refusal(component);
            assert!(reason.contains("async"), "{component}: {reason}");
        }
    }

    #[test]
    fn error_contexts_are_refused() {
        let reason = refusal("(component (type error-context))");
        assert!(reason.contains("error-context") || reason.contains("error context"), "{reason}");
    }

    #[test]
    fn a_second_memory_in_another_module_is_refused() {
        let reason = refusal(
            "(component (core module $m (memory 1)) (core instance (instantiate $m)) (core instance (instantiate $m)))",
        );
        assert!(reason.contains("memories"), "{reason}");
    }

    #[test]
    fn more_core_instances_or_tables_than_the_budget_are_refused() {
        let five = "(core instance (instantiate $m)) ".repeat(5);
        let reason = refusal(&format!("(component (core module $m) {five})"));
        assert!(reason.contains("core module instances"), "{reason}");
        let tables = "(table 1 funcref) ".repeat(5);
        let reason = refusal(&format!("(component (core module $m {tables}) (core instance (instantiate $m)))"));
        assert!(reason.contains("tables"), "{reason}");
    }

    #[test]
    fn initial_memories_and_tables_beyond_the_budget_are_refused() {
        let reason = refusal("(component (core module $m (memory 1025)) (core instance (instantiate $m)))");
        assert!(reason.contains("memory"), "{reason}");
        let reason = refusal("(component (core module $m (table 20001 funcref)) (core instance (instantiate $m)))");
        assert!(reason.contains("table"), "{reason}");
    }

    #[test]
    fn an_engine_starts_where_address_space_is_short() {
        for exposure in [Exposure { instances: 1, wide: false }, Exposure { instances: 8, wide: false }] {
            assert!(pooling(&Budget::default(), exposure).is_ok(), "{exposure:?}");
        }
    }

    #[test]
    fn not_a_number_is_always_the_same_number() {
        // 0/0 has another sign bit on x86 than on other machines, unless it is
        // made canonical.
        let bits: u32 = run(
            "(component (core module $m (func (export \"f\") (param f32 f32) (result i32)
               (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 1)))))
             (core instance $i (instantiate $m))
             (func (export \"f\") (param \"a\" f32) (param \"b\" f32) (result u32) (canon lift (core func $i \"f\"))))",
            |linker, store, component| {
                let instance = linker.instantiate(&mut *store, component)?;
                let f = instance.get_typed_func::<(f32, f32), (u32,)>(&mut *store, "f")?;
                Ok(f.call(&mut *store, (0.0, 0.0))?.0)
            },
        )
        .unwrap();
        assert_eq!(bits, 0x7fc0_0000);
    }

    #[test]
    fn more_handles_than_the_budget_end_the_call_by_that_name() {
        let error = run(
            r#"(component
                (type $r (resource (rep i32)))
                (core func $new (canon resource.new $r))
                (core module $m
                  (import "" "new" (func $new (param i32) (result i32)))
                  (func (export "f") (loop (drop (call $new (i32.const 1))) (br 0))))
                (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
                (func (export "f") (canon lift (core func $i "f"))))"#,
            |linker, store, component| {
                store.set_max_component_handles(100);
                let instance = linker.instantiate(&mut *store, component)?;
                instance.get_typed_func::<(), ()>(&mut *store, "f")?.call(&mut *store, ())
            },
        )
        .unwrap_err();
        assert_eq!(Limit::of(&error, BACKTRACE_FRAMES_MAX), Some(Limit::Handles), "{error:#}");
    }

    #[test]
    fn more_bytes_to_the_host_than_the_budget_end_the_call_by_that_name() {
        let error = run(
            r#"(component
                (core module $m (memory (export "m") 1)
                  (func (export "f") (result i32) (i32.store offset=4 (i32.const 0) (i32.const 60000)) (i32.const 0)))
                (core instance $i (instantiate $m))
                (func (export "f") (result (list u8)) (canon lift (core func $i "f") (memory $i "m"))))"#,
            |linker, store, component| {
                store.set_hostcall_fuel(1_000);
                let instance = linker.instantiate(&mut *store, component)?;
                let f = instance.get_typed_func::<(), (Vec<u8>,)>(&mut *store, "f")?;
                Ok(f.call(&mut *store, ())?.0)
            },
        )
        .unwrap_err();
        assert_eq!(Limit::of(&error, BACKTRACE_FRAMES_MAX), Some(Limit::HostCallBytes), "{error:#}");
    }

    #[test]
    fn recursion_that_falls_off_the_stack_in_memory_is_the_stack_limit() {
        let error = run(
            r#"(component
                (core module $m (memory 1) (global $sp (mut i32) (i32.const 1024))
                  (func $f (export "f")
                    (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                    (i32.store (global.get $sp) (i32.const 1))
                    (call $f)))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#,
            |linker, store, component| {
                let instance = linker.instantiate(&mut *store, component)?;
                instance.get_typed_func::<(), ()>(&mut *store, "f")?.call(&mut *store, ())
            },
        )
        .unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
        assert_eq!(Limit::of(&error, BACKTRACE_FRAMES_MAX), Some(Limit::Stack));
    }

    #[test]
    fn an_access_out_of_bounds_alone_is_no_limit() {
        let error = run(
            r#"(component
                (core module $m (memory 1) (func (export "f") (i32.store (i32.const -4) (i32.const 1))))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#,
            |linker, store, component| {
                let instance = linker.instantiate(&mut *store, component)?;
                instance.get_typed_func::<(), ()>(&mut *store, "f")?.call(&mut *store, ())
            },
        )
        .unwrap_err();
        assert_eq!(Limit::of(&error, BACKTRACE_FRAMES_MAX), None);
    }

    fn run<T>(
        component: &str,
        call: impl FnOnce(&Linker<()>, &mut Store<()>, &Component) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let engine = engine();
        let component = Component::new(&engine, wat::parse_str(component).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1_000_000_000).unwrap();
        store.set_epoch_deadline(u64::MAX / 2);
        call(&Linker::new(&engine), &mut store, &component)
    }
}
