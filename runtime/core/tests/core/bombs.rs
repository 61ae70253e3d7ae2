//! Files that are small and would be long in validation, or would overflow its
//! stack: each is refused for what makes it so, and what a program may have is let
//! through. `bundle::verify` runs before any signature is looked at.

use std::{
    borrow::Cow,
    iter::repeat_n,
    time::{Duration, Instant},
};

use mprun_core::bundle::{BUNDLE_BYTES_MAX, BundleError, verify};
use wasm_encoder::{
    Alias, BlockType, CodeSection, Component, ComponentAliasSection, ComponentExportKind, ComponentImportSection,
    ComponentTypeRef, ComponentTypeSection, ComponentValType, CoreTypeSection, EntityType, Function, FunctionSection,
    ImportSection, InstanceSection, InstanceType, Instruction, Module, ModuleArg, ModuleSection,
    NestedComponentSection, PrimitiveValType, RawSection, TypeBounds, TypeSection, ValType,
};

fn in_component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A module with a type without parameters and results, one with as many as are
/// named, and functions of the first type.
fn module(params: usize, results: usize, bodies: &[Function]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function(repeat_n(ValType::I32, params), repeat_n(ValType::I32, results));
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for body in bodies {
        functions.function(0);
        code.function(body);
    }
    in_component(Module::new().section(&types).section(&functions).section(&code))
}

/// A function of these instructions.
fn function(instructions: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([]);
    for instruction in instructions {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}

/// A block of the second type, with a table of branches to its end in code that
/// nothing reaches: valid, whatever the type is.
fn table(targets: usize, results: usize) -> Function {
    let mut instructions = vec![
        Instruction::Block(BlockType::FunctionType(1)),
        Instruction::Unreachable,
        Instruction::BrTable(Cow::Owned(vec![0; targets]), 0),
        Instruction::End,
    ];
    instructions.extend(repeat_n(Instruction::Drop, results));
    function(&instructions)
}

/// A component with these bytes as its section of types.
fn with_types(content: &[u8]) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&RawSection { id: 7, data: content });
    component.finish()
}

/// Instance types inside each other.
fn nested_types(depth: usize) -> Vec<u8> {
    // One declaration, a type, which is an instance type.
    let mut content = vec![1];
    content.extend([0x42, 1, 1].repeat(depth.saturating_sub(1)));
    content.extend([0x42, 0]);
    with_types(&content)
}

/// Pairs of pairs: the last one has 2 to the power of `depth` numbers in it.
fn pairs(depth: u32) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    types.defined_type().primitive(PrimitiveValType::U32);
    for index in 0..depth {
        types.defined_type().tuple([ComponentValType::Type(index); 2]);
    }
    let mut component = Component::new();
    component.section(&types);
    component.finish()
}

fn timed(bytes: Vec<u8>) -> (BundleError, Duration) {
    assert!(bytes.len() <= BUNDLE_BYTES_MAX, "{}", bytes.len());
    let begun = Instant::now();
    let error = verify(bytes).unwrap_err();
    (error, begun.elapsed())
}

/// `at most … , got …` of the error for too much, and its hint.
fn too_much(bytes: Vec<u8>) -> (&'static str, u64, u64) {
    let error = verify(bytes).unwrap_err();
    let hint = error.hint().unwrap_or_default();
    match &error {
        BundleError::TooMuch { what, max, count, offset } => {
            assert_eq!(error.to_string(), format!("expected at most {max} {what}, got {count} at byte {offset}"));
            assert!(hint.contains("docs/bundle.md"), "{hint}");
            (what, *max, *count)
        }
        other => panic!("expected too much of something, got {other}"),
    }
}

#[test]
fn a_small_bomb_is_no_more_work_than_an_honest_file_of_its_size() {
    // Seven functions of a mebibyte.
    let honest = {
        let mut body = Function::new([]);
        body.raw([0x41, 0x00, 0x1a].repeat(340_000));
        body.instruction(&Instruction::End);
        module(0, 0, &vec![body; 7])
    };
    let (error, honest) = timed(honest);
    assert_eq!(error, BundleError::NotABundle);

    // Seven million targets with a thousand results each.
    let (error, bomb) = timed(module(0, 1_000, &[table(7_000_000, 1_000)]));
    assert!(matches!(error, BundleError::TooMuch { what: "results of a function", .. }), "{error}");
    assert!(bomb < honest * 2, "{bomb:?} for the bomb, {honest:?} for the honest file");

    // The worst that is let through: each byte costs what 16 results cost.
    let (error, worst) = timed(module(0, 16, &vec![table(1_000_000, 16); 7]));
    assert_eq!(error, BundleError::NotABundle);
    assert!(worst < honest * 100, "{worst:?} for the worst, {honest:?} for the honest file");
}

#[test]
fn code_that_is_long_in_validation_is_refused_for_what_makes_it_so() {
    let blocks = |kind: fn(BlockType) -> Instruction<'static>| {
        let ty = BlockType::FunctionType(1);
        function(&[Instruction::Unreachable, kind(ty), Instruction::Unreachable, Instruction::End])
    };
    let length = |bytes: usize| {
        // Its locals and its end are bytes too.
        let mut body = Function::new([]);
        body.raw(repeat_n(0x01, bytes - 2));
        body.instruction(&Instruction::End);
        body
    };
    let locals = |functions: usize| {
        let mut body = Function::new([(50_000, ValType::I32)]);
        body.instruction(&Instruction::End);
        module(0, 0, &vec![body; functions])
    };
    for good in [
        module(64, 16, &[]),
        module(16, 0, &[blocks(Instruction::Block), blocks(Instruction::Loop)]),
        module(0, 0, &[length(1 << 20)]),
        locals(10),
    ] {
        assert_eq!(verify(good).unwrap_err(), BundleError::NotABundle);
    }
    for (bad, expected) in [
        (module(0, 17, &[]), ("results of a function", 16, 17)),
        (module(65, 0, &[]), ("parameters of a function", 64, 65)),
        (module(17, 0, &[blocks(Instruction::Block)]), ("parameters of a block", 16, 17)),
        (module(17, 0, &[blocks(Instruction::Loop)]), ("parameters of a block", 16, 17)),
        (module(17, 0, &[function(&[]), blocks(Instruction::If)]), ("parameters of a block", 16, 17)),
        (module(0, 0, &[length((1 << 20) + 1)]), ("bytes of a function", 1 << 20, (1 << 20) + 1)),
        (locals(11), ("locals of all functions together", 500_000, 550_000)),
    ] {
        assert_eq!(too_much(bad), expected);
    }
}

#[test]
fn definitions_that_are_long_in_validation_are_refused_for_what_makes_them_so() {
    let imports = |count: u32| {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for index in 0..count {
            imports.import("", &index.to_string(), EntityType::Function(0));
        }
        in_component(Module::new().section(&types).section(&imports))
    };
    let modules = |count: usize| {
        let mut component = Component::new();
        for _ in 0..count {
            component.section(&ModuleSection(&Module::new()));
        }
        component.finish()
    };
    let instances = |count: usize| {
        let mut instances = InstanceSection::new();
        for _ in 0..count {
            instances.instantiate(0, [] as [(&str, ModuleArg); 0]);
        }
        let mut component = Component::new();
        component.section(&ModuleSection(&Module::new())).section(&instances);
        component.finish()
    };
    for good in [imports(1_000), modules(31), instances(64), pairs(12)] {
        assert_eq!(verify(good).unwrap_err(), BundleError::NotABundle);
    }
    for (bad, expected) in [
        (imports(1_001), ("imports of modules", 1_000, 1_001)),
        (modules(32), ("modules and components", 32, 33)),
        (instances(65), ("instances", 64, 65)),
        // A pair is one part, and its two halves.
        (pairs(13), ("parts of a type", 10_000, (1 << 14) - 1)),
        (with_types(&[0; 65_537]), ("bytes of types, imports, exports and the like", 65_536, 65_537)),
    ] {
        assert_eq!(too_much(bad), expected);
    }
    // Of all components together, and of core types in a component.
    let mut component = Component::new();
    for _ in 0..2 {
        let mut inner = Component::new();
        for _ in 0..7 {
            let mut types = ComponentTypeSection::new();
            for _ in 0..1_000 {
                types.defined_type().primitive(PrimitiveValType::U32);
                types.function().params([] as [(&str, ComponentValType); 0]).result(None);
            }
            inner.section(&types);
        }
        component.section(&NestedComponentSection(&inner));
    }
    let (what, ..) = too_much(component.finish());
    assert_eq!(what, "bytes of types, imports, exports and the like");
    let mut types = CoreTypeSection::new();
    types.ty().core().function([], repeat_n(ValType::I32, 1_000));
    let mut component = Component::new();
    component.section(&types);
    assert_eq!(too_much(component.finish()), ("results of a function", 16, 1_000));
}

#[test]
fn types_cannot_hide_their_size_behind_a_name_or_inside_of_another() {
    // An instance type whose type `t` has some 8,000 parts, taken out by its name.
    let mut inside = InstanceType::new();
    inside.ty().defined_type().primitive(PrimitiveValType::U32);
    for index in 0..12 {
        inside.ty().defined_type().tuple([ComponentValType::Type(index); 2]);
    }
    inside.export("t", ComponentTypeRef::Type(TypeBounds::Eq(12)));
    let mut types = ComponentTypeSection::new();
    types.instance(&inside);
    let mut imports = ComponentImportSection::new();
    imports.import("i", ComponentTypeRef::Instance(0));
    let mut aliases = ComponentAliasSection::new();
    let kind = ComponentExportKind::Type;
    aliases.alias(Alias::InstanceExport { instance: 0, kind, name: "t" });
    let mut pair = ComponentTypeSection::new();
    pair.defined_type().tuple([ComponentValType::Type(1); 2]);
    let mut component = Component::new();
    component.section(&types).section(&imports).section(&aliases);
    assert_eq!(verify(component.clone().finish()).unwrap_err(), BundleError::NotABundle);
    component.section(&pair);
    assert_eq!(too_much(component.finish()).0, "parts of a type");
}

#[test]
fn types_inside_each_other_without_end_do_not_overflow_the_stack() {
    for depth in [9, 1_000, 20_000] {
        assert_eq!(verify(nested_types(depth)).unwrap_err(), BundleError::TooDeep, "{depth}");
    }
    assert_eq!(verify(nested_types(8)).unwrap_err(), BundleError::NotABundle);
    assert_eq!(too_much(nested_types(2_000_000)).0, "bytes of types, imports, exports and the like");
}
