//! Bounds what the validation of a component may cost, before it is done: it runs
//! in the host's own process, on bytes that nobody has signed yet. With these
//! limits its work grows with the bytes of the file, and not with their square.
//!
//! What one instruction can cost: a branch looks at each result of the block that
//! it leaves (of a loop, at each parameter), a call at each parameter of the
//! function, and `br_table` does it for each of its targets, which have a byte
//! each. So types are narrow. Values that nobody takes stay on the validator's
//! stack up to the end of a function, so functions end. Locals are laid out anew
//! for each function, and a function of ten bytes can have 50,000.
//!
//! What one definition of a component can cost: types refer to each other, so
//! twenty pairs of pairs have a million parts, and the validator walks through all
//! of them wherever such a type is used; an instance looks at each import of its
//! module. So types are small when they are written out, and there are few
//! instances. The validator reads types inside of types by recursion without an
//! end: a stack that overflows cannot be caught, so they are read here first.
//!
//! All limits are far above what compilers and `wit-component` make of a program:
//! at most one result, no parameters of blocks, some 4 KiB of definitions with a
//! dozen instances.

use std::collections::HashMap;

use wasmparser::{
    BinaryReader, BlockType, ComponentAlias, ComponentDefinedType, ComponentExport, ComponentExternalKind,
    ComponentInstance, ComponentOuterAliasKind, ComponentType, ComponentTypeDeclaration, ComponentTypeRef,
    ComponentValType, CompositeInnerType, CoreType, Encoding, FunctionBody, ModuleTypeDeclaration, Operator, Payload,
    RecGroup, TypeBounds, WasmFeatures,
};

use super::{BundleError, NESTING_MAX};

/// The proposals that hosts switch on: what rustc emits by default, 128-bit SIMD,
/// and synchronous components. No GC, exceptions, threads, memory64, several
/// memories, relaxed SIMD, tail calls, component-model async.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Most results of a function or a block.
const RESULTS_MAX: u64 = 16;
/// Most parameters of a function. The canonical ABI makes 17.
const PARAMS_MAX: u64 = 64;
/// Most parameters of a block, the results of a branch that begins a loop again.
const BLOCK_PARAMS_MAX: u64 = 16;
/// Largest function, in bytes.
const FUNCTION_BYTES_MAX: u64 = 1024 * 1024;
/// Most locals of all functions together.
const LOCALS_MAX: u64 = 500_000;
/// Most imports of all modules together.
const IMPORTS_MAX: u64 = 1_000;
/// Most modules and components, the outermost one included.
const MODULES_MAX: u64 = 32;
/// Most instances of modules and components.
const INSTANCES_MAX: u64 = 64;
/// Most bytes of types, imports, exports and the like, without what is in modules.
const DEFINITION_BYTES_MAX: u64 = 64 * 1024;
/// Most parts of a type of the component model, each counted as often as it is
/// there once the type is written out.
const TYPE_PARTS_MAX: u64 = 10_000;

/// Something that is counted over the whole file.
struct Counter {
    what: &'static str,
    max: u64,
    count: u64,
}

impl Counter {
    fn new(what: &'static str, max: u64) -> Counter {
        Counter { what, max, count: 0 }
    }

    fn add(&mut self, count: u64, offset: u64) -> Result<(), BundleError> {
        self.count = self.count.saturating_add(count);
        at_most(self.what, self.max, self.count, offset)
    }
}

fn at_most(what: &'static str, max: u64, count: u64, offset: u64) -> Result<(), BundleError> {
    if count > max { Err(BundleError::TooMuch { what, max, count, offset }) } else { Ok(()) }
}

/// Lengths of slices.
fn count(length: usize) -> u64 {
    length as u64
}

/// What was counted so far.
pub(super) struct Bounds<'a> {
    bytes: &'a [u8],
    in_module: bool,
    /// How many parameters each type of the module at hand has, and whether one has
    /// more of them than a block may have.
    params: Vec<u64>,
    any_wide: bool,
    /// How many parts each type has, by its index: of the components that are open,
    /// and of the component and instance types that are.
    scopes: Vec<Vec<u64>>,
    /// The same of exported types, by the name of the export: the most that any type
    /// of this name has.
    exported: HashMap<&'a str, u64>,
    locals: Counter,
    imports: Counter,
    modules: Counter,
    instances: Counter,
    definitions: Counter,
}

impl<'a> Bounds<'a> {
    /// For the parts of this file.
    pub(super) fn new(bytes: &'a [u8]) -> Bounds<'a> {
        Bounds {
            bytes,
            in_module: false,
            params: Vec::new(),
            any_wide: false,
            scopes: Vec::new(),
            exported: HashMap::new(),
            locals: Counter::new("locals of all functions together", LOCALS_MAX),
            imports: Counter::new("imports of modules", IMPORTS_MAX),
            modules: Counter::new("modules and components", MODULES_MAX),
            instances: Counter::new("instances", INSTANCES_MAX),
            definitions: Counter::new("bytes of types, imports, exports and the like", DEFINITION_BYTES_MAX),
        }
    }

    /// Looks at the next part, before the validator does.
    ///
    /// What is no WebAssembly is the validator's to refuse: an index that leads
    /// nowhere counts as something small here.
    pub(super) fn check(&mut self, payload: &Payload<'a>) -> Result<(), BundleError> {
        if self.in_module { self.in_module(payload) } else { self.in_component(payload) }
    }

    fn in_module(&mut self, payload: &Payload<'a>) -> Result<(), BundleError> {
        match payload {
            Payload::TypeSection(types) => {
                for item in types.clone().into_iter_with_offsets() {
                    let (offset, group) = item?;
                    check_functions(&group, offset)?;
                    for params in params_of(&group) {
                        self.params.push(params);
                        self.any_wide |= params > BLOCK_PARAMS_MAX;
                    }
                }
            }
            // Groups of imports are a proposal that is switched off.
            Payload::ImportSection(imports) => self.imports.add(imports.count().into(), imports.range().start)?,
            Payload::CodeSectionEntry(body) => self.function(body)?,
            Payload::End(_) => self.in_module = false,
            _ => {}
        }
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody<'a>) -> Result<(), BundleError> {
        let range = body.range();
        at_most("bytes of a function", FUNCTION_BYTES_MAX, range.end.saturating_sub(range.start), range.start)?;
        for declared in body.get_locals_reader()? {
            let (locals, _) = declared?;
            self.locals.add(locals.into(), range.start)?;
        }
        // Few modules have such a type; only those are read once more.
        if self.any_wide {
            for operator in body.get_operators_reader()? {
                let (Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty }) = operator?
                else {
                    continue;
                };
                if let BlockType::FuncType(index) = blockty {
                    let params = self.params.get(index as usize).copied().unwrap_or_default();
                    at_most("parameters of a block", BLOCK_PARAMS_MAX, params, range.start)?;
                }
            }
        }
        Ok(())
    }

    fn in_component(&mut self, payload: &Payload<'a>) -> Result<(), BundleError> {
        match payload {
            Payload::Version { encoding, range, .. } => {
                self.modules.add(1, range.start)?;
                match encoding {
                    Encoding::Component => self.scopes.push(Vec::new()),
                    Encoding::Module => {
                        self.in_module = true;
                        self.any_wide = false;
                        self.params.clear();
                    }
                }
                return Ok(());
            }
            Payload::End(_) => {
                self.scopes.pop();
                return Ok(());
            }
            // What is in them comes after them; the others are data.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } | Payload::CustomSection(_) => {
                return Ok(());
            }
            _ => {}
        }
        let Some((_, range)) = payload.as_section() else { return Ok(()) };
        let offset = range.start;
        self.definitions.add(range.end.saturating_sub(offset), offset)?;
        match payload {
            Payload::InstanceSection(instances) => self.instances.add(instances.count().into(), offset)?,
            Payload::CoreTypeSection(types) => {
                for item in types.clone().into_iter_with_offsets() {
                    let (offset, ty) = item?;
                    check_core_type(&ty, offset)?;
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                self.instances.add(instances.count().into(), offset)?;
                for instance in instances.clone() {
                    if let ComponentInstance::FromExports(exports) = instance? {
                        exports.iter().for_each(|export| self.export_of_instance(export));
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentTypeSection(_) => {
                let (start, end) = (to_usize(range.start), to_usize(range.end));
                let section = self.bytes.get(start..end).unwrap_or_default();
                let mut reader = BinaryReader::new_features(section, offset, FEATURES);
                for _ in 0..reader.read_var_u32()? {
                    self.define(&mut reader, 0)?;
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    self.reference(&import?.ty);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    self.export_of_instance(&export);
                    match &export.ty {
                        Some(ty) => {
                            self.reference(ty);
                        }
                        None if export.kind == ComponentExternalKind::Type => self.push(self.parts_at(export.index)),
                        None => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads the definition of a type, which gets the next index.
    fn define(&mut self, reader: &mut BinaryReader<'a>, depth: usize) -> Result<(), BundleError> {
        let offset = reader.original_position();
        let parts = match reader.clone().read_u8()? {
            // A component type or an instance type: declarations, with types of
            // their own among them.
            0x41 | 0x42 => {
                if depth >= NESTING_MAX {
                    return Err(BundleError::TooDeep);
                }
                reader.read_u8()?;
                let declarations = reader.read_var_u32()?;
                self.scopes.push(Vec::new());
                let mut parts = 1_u64;
                for _ in 0..declarations {
                    parts = parts.saturating_add(self.declaration(reader, depth + 1)?);
                }
                self.scopes.pop();
                parts
            }
            // No other type has types inside of it, only indices.
            _ => match reader.read::<ComponentType<'a>>()? {
                ComponentType::Defined(ty) => self.parts_of(&ty),
                ComponentType::Func(ty) => {
                    let params = ty.params.iter().map(|(_, ty)| ty);
                    self.sum(params.chain(ty.result.as_ref())).saturating_add(1)
                }
                ComponentType::Component(_) | ComponentType::Instance(_) | ComponentType::Resource { .. } => 1,
            },
        };
        at_most("parts of a type", TYPE_PARTS_MAX, parts, offset)?;
        self.push(parts);
        Ok(())
    }

    /// Reads a declaration of a component type or instance type; how many parts it
    /// adds to that type.
    fn declaration(&mut self, reader: &mut BinaryReader<'a>, depth: usize) -> Result<u64, BundleError> {
        let offset = reader.original_position();
        if reader.clone().read_u8()? == 0x01 {
            reader.read_u8()?;
            self.define(reader, depth)?;
            return Ok(0);
        }
        Ok(match reader.read::<ComponentTypeDeclaration<'a>>()? {
            ComponentTypeDeclaration::CoreType(ty) => {
                check_core_type(&ty, offset)?;
                0
            }
            // Read above.
            ComponentTypeDeclaration::Type(_) => 0,
            ComponentTypeDeclaration::Alias(alias) => {
                self.alias(&alias);
                0
            }
            ComponentTypeDeclaration::Export { name, ty } => {
                let parts = self.reference(&ty);
                self.name(name.name, parts);
                parts
            }
            ComponentTypeDeclaration::Import(import) => self.reference(&import.ty),
        })
    }

    /// How many parts the type of an import or export has. A type that is imported
    /// or exported gets another index by that.
    fn reference(&mut self, ty: &ComponentTypeRef) -> u64 {
        match ty {
            ComponentTypeRef::Module(_) => 1,
            ComponentTypeRef::Func(index) | ComponentTypeRef::Instance(index) | ComponentTypeRef::Component(index) => {
                self.parts_at(*index)
            }
            ComponentTypeRef::Value(ty) => self.sum([ty]),
            ComponentTypeRef::Type(bounds) => {
                let parts = match bounds {
                    TypeBounds::Eq(index) => self.parts_at(*index),
                    TypeBounds::SubResource => 1,
                };
                self.push(parts);
                parts
            }
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>) {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, name, .. } => {
                self.push(self.exported.get(name).copied().unwrap_or(1));
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, count, index } => {
                let scope = self.scopes.iter().rev().nth(*count as usize);
                self.push(scope.and_then(|scope| scope.get(*index as usize)).copied().unwrap_or(1));
            }
            _ => {}
        }
    }

    /// Something that an instance exports: a type can be taken from there by its name.
    fn export_of_instance(&mut self, export: &ComponentExport<'a>) {
        if export.kind == ComponentExternalKind::Type {
            self.name(export.name.name, self.parts_at(export.index));
        }
    }

    fn name(&mut self, name: &'a str, parts: u64) {
        let known = self.exported.entry(name).or_default();
        *known = parts.max(*known);
    }

    fn push(&mut self, parts: u64) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(parts);
        }
    }

    fn parts_at(&self, index: u32) -> u64 {
        self.scopes.last().and_then(|scope| scope.get(index as usize)).copied().unwrap_or(1)
    }

    fn sum<'t>(&self, types: impl IntoIterator<Item = &'t ComponentValType>) -> u64 {
        let parts = types.into_iter().map(|ty| match ty {
            ComponentValType::Primitive(_) => 1,
            ComponentValType::Type(index) => self.parts_at(*index),
        });
        parts.fold(0, u64::saturating_add)
    }

    fn parts_of(&self, ty: &ComponentDefinedType<'a>) -> u64 {
        let inside = match ty {
            ComponentDefinedType::Primitive(_) | ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => 0,
            ComponentDefinedType::Record(fields) => self.sum(fields.iter().map(|(_, ty)| ty)),
            ComponentDefinedType::Variant(cases) => {
                let types = self.sum(cases.iter().filter_map(|case| case.ty.as_ref()));
                types.saturating_add(count(cases.len()))
            }
            ComponentDefinedType::Tuple(types) => self.sum(types.iter()),
            ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => count(names.len()),
            ComponentDefinedType::List(ty)
            | ComponentDefinedType::Option(ty)
            | ComponentDefinedType::FixedLengthList(ty, _) => self.sum([ty]),
            ComponentDefinedType::Map(key, value) => self.sum([key, value]),
            ComponentDefinedType::Result { ok, err } => self.sum(ok.iter().chain(err)),
            ComponentDefinedType::Future(ty) | ComponentDefinedType::Stream(ty) => self.sum(ty),
        };
        inside.saturating_add(1)
    }
}

/// How many parameters each type of a group has.
fn params_of(group: &RecGroup) -> impl Iterator<Item = u64> {
    group.types().map(|ty| match &ty.composite_type.inner {
        CompositeInnerType::Func(function) => count(function.params().len()),
        _ => 0,
    })
}

fn check_functions(group: &RecGroup, offset: u64) -> Result<(), BundleError> {
    for ty in group.types() {
        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
            at_most("results of a function", RESULTS_MAX, count(function.results().len()), offset)?;
            at_most("parameters of a function", PARAMS_MAX, count(function.params().len()), offset)?;
        }
    }
    Ok(())
}

fn check_core_type(ty: &CoreType<'_>, offset: u64) -> Result<(), BundleError> {
    match ty {
        CoreType::Rec(group) => check_functions(group, offset),
        CoreType::Module(declarations) => declarations.iter().try_for_each(|declaration| match declaration {
            ModuleTypeDeclaration::Type(group) => check_functions(group, offset),
            _ => Ok(()),
        }),
    }
}

/// Offsets are those of a slice in memory.
pub(super) fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
