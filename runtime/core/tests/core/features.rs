//! One component for each proposal that hosts switch off: all are refused before
//! an engine sees them.

use mprun_core::bundle::{BundleError, verify};
use wasm_encoder::{
    AbstractHeapType, CodeSection, Component, ConstExpr, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, HeapType, Instruction, MemArg, MemorySection, MemoryType, Module, ModuleSection,
    NestedComponentSection, RefType, TableSection, TableType, TagKind, TagSection, TagType, TypeSection, ValType,
};

const MEMORY: MemoryType =
    MemoryType { minimum: 1, maximum: Some(1), memory64: false, shared: false, page_size_log2: None };

fn in_component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A module whose one function has this body; it may use a memory.
fn function(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    memories.memory(MEMORY);
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut body = Function::new([]);
    for instruction in instructions {
        body.instruction(instruction);
    }
    body.instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code);
    in_component(&module)
}

fn memories(all: &[MemoryType]) -> Vec<u8> {
    let mut section = MemorySection::new();
    for memory in all {
        section.memory(*memory);
    }
    in_component(Module::new().section(&section))
}

fn invalid(bytes: Vec<u8>) -> String {
    match verify(bytes) {
        Err(BundleError::Invalid { message, .. }) => message,
        other => panic!("expected an invalid component, got {other:?}"),
    }
}

#[test]
fn what_is_left_on_is_only_no_bundle() {
    for good in [
        function(&[]),
        memories(&[MEMORY]),
        function(&[Instruction::V128Const(0), Instruction::Drop]),
        function(&[
            Instruction::I32Const(0),
            Instruction::I32Const(0),
            Instruction::I32Const(0),
            Instruction::MemoryFill(0),
        ]),
    ] {
        assert_eq!(verify(good).unwrap_err(), BundleError::NotABundle);
    }
}

#[test]
fn proposals_that_hosts_switch_off_are_refused() {
    let exception = {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut tags = TagSection::new();
        tags.tag(TagType { kind: TagKind::Exception, func_type_idx: 0 });
        in_component(Module::new().section(&types).section(&tags))
    };
    let structs = {
        let mut types = TypeSection::new();
        types.ty().struct_([]);
        in_component(Module::new().section(&types))
    };
    let external = {
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::EXTERNREF,
            table64: false,
            minimum: 1,
            maximum: None,
            shared: false,
        });
        in_component(Module::new().section(&tables))
    };
    let any = {
        let heap_type = HeapType::Abstract { shared: false, ty: AbstractHeapType::Any };
        let reference = RefType { nullable: true, heap_type };
        let mut globals = GlobalSection::new();
        globals.global(
            GlobalType { val_type: ValType::Ref(reference), mutable: false, shared: false },
            &ConstExpr::ref_null(heap_type),
        );
        in_component(Module::new().section(&globals))
    };
    let at = MemArg { offset: 0, align: 2, memory_index: 0 };
    let cases = [
        ("threads", memories(&[MemoryType { shared: true, ..MEMORY }])),
        ("memory64", memories(&[MemoryType { memory64: true, ..MEMORY }])),
        ("several memories", memories(&[MEMORY, MEMORY])),
        ("page sizes", memories(&[MemoryType { page_size_log2: Some(0), ..MEMORY }])),
        ("atomics", function(&[Instruction::I32Const(0), Instruction::I32AtomicLoad(at), Instruction::Drop])),
        (
            "relaxed SIMD",
            function(&[
                Instruction::V128Const(0),
                Instruction::V128Const(0),
                Instruction::I8x16RelaxedSwizzle,
                Instruction::Drop,
            ]),
        ),
        ("tail calls", function(&[Instruction::ReturnCall(0)])),
        ("exceptions", exception),
        ("GC structs", structs),
        ("GC references", any),
        ("external references", external),
        (
            "wide arithmetic",
            function(&[
                Instruction::I64Const(0),
                Instruction::I64Const(0),
                Instruction::I64MulWideU,
                Instruction::Drop,
                Instruction::Drop,
            ]),
        ),
    ];
    for (what, bytes) in cases {
        let message = invalid(bytes);
        assert!(!message.contains('\n'), "{what}: {message}");
    }
}

#[test]
fn async_functions_of_the_component_model_are_refused() {
    let source = "package test:guest; interface i { f: async func(); } world guest { import i; }";
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("guest.wit", source).unwrap();
    // The encoding of a WIT package is a component that holds its types.
    let bytes = wit_component::encode(&resolve, package).unwrap();
    let message = invalid(bytes);
    assert!(message.contains("async"), "{message}");
}

#[test]
fn components_inside_each_other_without_end_are_refused() {
    let mut bytes = Component::new().finish();
    for _ in 0..100 {
        let mut inner = Component::new();
        inner.section(&wasm_encoder::RawSection { id: 4, data: &bytes });
        bytes = inner.finish();
    }
    assert_eq!(verify(bytes).unwrap_err(), BundleError::TooDeep);
    let inner = Component::new();
    let mut outer = Component::new();
    outer.section(&NestedComponentSection(&inner));
    assert_eq!(verify(outer.finish()).unwrap_err(), BundleError::NotABundle);
}
