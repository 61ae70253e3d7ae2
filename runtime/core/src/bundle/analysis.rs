//! Decides what a component is without running it: its structure and types are
//! checked by a validator that knows only the proposals that hosts switch on
//! ([`Bounds`] says how much work that may be, part by part before it is done);
//! then every import and export is compared with the table in
//! [`capability`](crate::capability). A component that would fail to link, or
//! would trap at an import, is refused here, with the name of the thing.

use std::fmt::Write as _;

use wasmparser::{
    Encoding, Parser, Payload, ValidPayload, Validator,
    component_types::{
        ComponentAnyTypeId, ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentValType,
    },
    types::{Types, TypesRef},
};

use super::{
    BundleError, NESTING_MAX,
    bounds::{Bounds, FEATURES, to_usize},
};
use crate::{
    capability::{CONTRACT, Capability, EXPORTS, Function, PROGRAM_INTERFACE, RECORDS},
    identity::quoted,
};

/// A page of WebAssembly memory.
const PAGE_BYTES: u64 = 64 * 1024;

/// Longest text of a type that is written out, in bytes. The contract's own are
/// shorter; hostile ones can be exponentially long.
const TYPE_TEXT_BYTES_MAX: usize = 1_000;

/// An interface that a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its name as imported, version included.
    pub interface: String,
    /// Which capability it is; `None` for types of other packages.
    pub capability: Option<Capability>,
    /// The functions that are imported, in the order of the component.
    pub functions: Vec<String>,
    /// Whether it holds only types: no power, no permission.
    pub type_only: bool,
}

/// A custom section of the outermost component.
pub(super) struct Custom<'a> {
    pub(super) name: &'a str,
    pub(super) data: &'a [u8],
    /// Where the data begin in the file.
    pub(super) data_at: usize,
    /// Where the section begins, its header included.
    pub(super) at: usize,
}

/// What is in a component.
pub(super) struct Structure<'a> {
    types: Types,
    import_names: Vec<&'a str>,
    export_names: Vec<&'a str>,
    pub(super) customs: Vec<Custom<'a>>,
    /// Where the last section begins that is not a custom one with our prefix.
    pub(super) last_other_at: usize,
    /// Bytes in data segments of all modules.
    pub(super) data_segment_bytes: usize,
    /// Bytes that the memories of all modules have from the start.
    pub(super) memory_bytes: u64,
}

/// Validates a component, every function included.
pub(super) fn analyse(bytes: &[u8]) -> Result<Structure<'_>, BundleError> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);

    let mut bounds = Bounds::new(bytes);
    let mut functions = Vec::new();
    let mut types = None;
    let mut depth = 0_usize;
    let mut import_names = Vec::new();
    let mut export_names = Vec::new();
    let mut customs = Vec::new();
    let mut last_other_at = 0;
    let mut data_segment_bytes = 0;
    let mut memory_bytes = 0_u64;
    // Where the section after the last one of the outermost component begins.
    let mut next_at = 0;

    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth > NESTING_MAX {
                    return Err(BundleError::TooDeep);
                }
                if depth == 1 && *encoding == Encoding::Module {
                    return Err(BundleError::CoreModule);
                }
            }
            // The parser takes the end of the file for that of what is inside.
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. }
                if to_usize(unchecked_range.end) > bytes.len() =>
            {
                return Err(BundleError::cut_off(bytes.len()));
            }
            Payload::DataSection(segments) => {
                for segment in segments.clone() {
                    data_segment_bytes += segment?.data.len();
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    memory_bytes = memory_bytes.saturating_add(memory?.initial.saturating_mul(PAGE_BYTES));
                }
            }
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports.clone() {
                    import_names.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports.clone() {
                    export_names.push(export?.name.name);
                }
            }
            _ => {}
        }
        let outermost = depth == 1;
        bounds.check(&payload)?;
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) => functions.push((function, body)),
            ValidPayload::End(of) => {
                depth = depth.saturating_sub(1);
                types = Some(of);
            }
            ValidPayload::Ok | ValidPayload::Parser(_) => {}
        }
        if !outermost {
            continue;
        }
        match &payload {
            Payload::Version { range, .. } => next_at = to_usize(range.end),
            Payload::CustomSection(custom) => {
                let end = to_usize(custom.range().end);
                customs.push(Custom {
                    name: custom.name(),
                    data: custom.data(),
                    data_at: end.saturating_sub(custom.data().len()),
                    at: next_at,
                });
                if !custom.name().starts_with(super::section::PREFIX) {
                    last_other_at = next_at;
                }
                next_at = end;
            }
            payload => {
                if let Some((_, range)) = payload.as_section() {
                    last_other_at = next_at;
                    next_at = to_usize(range.end);
                }
            }
        }
    }

    let mut allocations = Default::default();
    for (function, body) in functions {
        let mut validator = function.into_validator(allocations);
        validator.validate(&body)?;
        allocations = validator.into_allocations();
    }
    Ok(Structure {
        // The parser ends with the end of the outermost component or an error.
        types: types.ok_or(BundleError::NotWasm)?,
        import_names,
        export_names,
        customs,
        last_other_at,
        data_segment_bytes,
        memory_bytes,
    })
}

/// Compares imports and exports with the contract. Whether the manifest requests
/// what is imported is the caller's question.
pub(super) fn check_world(structure: &Structure<'_>) -> Result<Vec<Import>, BundleError> {
    let types = structure.types.as_ref();
    check_exports(types, &structure.export_names)?;
    let mut imports = Vec::new();
    for name in &structure.import_names {
        if let Some(import) = check_import(types, name)? {
            imports.push(import);
        }
    }
    Ok(imports)
}

fn check_exports(types: TypesRef<'_>, names: &[&str]) -> Result<(), BundleError> {
    let mut found = None;
    for name in names {
        let (interface, version) = split(name);
        if interface != PROGRAM_INTERFACE {
            continue;
        }
        check_version(interface, version)?;
        if found.replace(name).is_some() {
            return Err(BundleError::DoubledInterface { interface: interface.to_owned() });
        }
    }
    let item = found.and_then(|name| types.component_item_for_export(name));
    let Some(ComponentEntityType::Instance(instance)) = item.map(|item| item.ty) else {
        return Err(BundleError::OtherWorld { exports: names.iter().take(8).map(|name| quoted(name)).collect() });
    };
    let exports = &types[instance].exports;
    for function in EXPORTS {
        match exports.get(function.name).map(|item| item.ty) {
            Some(ComponentEntityType::Func(id)) => {
                check_type(types, PROGRAM_INTERFACE, function, id)?;
            }
            _ => return Err(BundleError::MissingExport { function: function.name }),
        }
    }
    Ok(())
}

/// `None` for a type of the world itself: it is no interface and has no power.
fn check_import(types: TypesRef<'_>, name: &str) -> Result<Option<Import>, BundleError> {
    let unknown = || BundleError::UnknownImport { name: quoted(name) };
    let instance = match types.component_item_for_import(name).map(|item| item.ty) {
        Some(ComponentEntityType::Instance(instance)) => instance,
        Some(ComponentEntityType::Type { created, .. }) if is_plain_type(created) => {
            return Ok(None);
        }
        _ => return Err(unknown()),
    };
    let (interface, version) = split(name);
    let capability = Capability::by_interface(interface);
    if interface.starts_with("mprun:host/") {
        check_version(interface, version)?;
    }
    let mut functions = Vec::new();
    for (function, item) in &types[instance].exports {
        match item.ty {
            ComponentEntityType::Func(id) => {
                let capability = capability.ok_or_else(unknown)?;
                let known = capability.functions().iter().find(|known| known.name == function);
                let known = known.ok_or_else(|| BundleError::UnknownFunction {
                    interface: interface.to_owned(),
                    function: quoted(function),
                })?;
                check_type(types, interface, known, id)?;
                functions.push(function.clone());
            }
            ComponentEntityType::Type { created, .. } if is_plain_type(created) => {}
            // A resource, a module, a component, a value, an instance inside.
            _ => return Err(unknown()),
        }
    }
    Ok(Some(Import { interface: name.to_owned(), capability, type_only: functions.is_empty(), functions }))
}

fn is_plain_type(id: ComponentAnyTypeId) -> bool {
    matches!(id, ComponentAnyTypeId::Defined(_))
}

/// The interface and its version; none is the empty text.
fn split(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

/// Every patch of our contract's version is compatible with it.
fn check_version(interface: &str, version: &str) -> Result<(), BundleError> {
    let patch = version.strip_prefix(CONTRACT).and_then(|rest| rest.strip_prefix('.'));
    if patch.is_some_and(|patch| patch.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(());
    }
    Err(BundleError::ContractVersion {
        interface: quoted(interface),
        version: if version.is_empty() { "none".to_owned() } else { quoted(version) },
    })
}

fn check_type(
    types: TypesRef<'_>,
    interface: &str,
    function: &Function,
    id: ComponentFuncTypeId,
) -> Result<(), BundleError> {
    let mut text = TypeText { types, out: String::new() };
    let complete = text.function(id).is_some();
    if complete && text.out == function.signature {
        return Ok(());
    }
    if !complete {
        text.out.push('…');
    }
    Err(BundleError::WrongType {
        interface: interface.to_owned(),
        function: function.name.to_owned(),
        expected: function.signature,
        got: text.out,
    })
}

/// Writes a type as WIT does, so that types can be compared and shown. Its
/// functions answer `None` when the text becomes too long.
struct TypeText<'a> {
    types: TypesRef<'a>,
    out: String,
}

impl TypeText<'_> {
    fn function(&mut self, id: ComponentFuncTypeId) -> Option<()> {
        let types = self.types;
        let function = &types[id];
        self.put(if function.async_ { "async func(" } else { "func(" })?;
        self.list(function.params.iter(), |text, (name, ty)| {
            text.put(name)?;
            text.put(": ")?;
            text.value(ty)
        })?;
        self.put(")")?;
        if let Some(result) = &function.result {
            self.put(" -> ")?;
            self.value(result)?;
        }
        Some(())
    }

    fn value(&mut self, ty: &ComponentValType) -> Option<()> {
        let types = self.types;
        let id = match ty {
            ComponentValType::Primitive(primitive) => return self.put(primitive),
            ComponentValType::Type(id) => *id,
        };
        match &types[id] {
            ComponentDefinedType::Primitive(primitive) => self.put(primitive),
            ComponentDefinedType::Record(record) => {
                let start = self.out.len();
                self.put("record { ")?;
                let fields_at = self.out.len();
                self.list(record.fields.iter(), |text, (name, ty)| {
                    text.put(name)?;
                    text.put(": ")?;
                    text.value(ty)
                })?;
                let known = RECORDS.iter().find(|known| known.fields == &self.out[fields_at..]);
                match known {
                    Some(known) => {
                        self.out.truncate(start);
                        self.put(known.name)
                    }
                    None => self.put(" }"),
                }
            }
            ComponentDefinedType::List { element, .. } => self.of("list", [Some(element)]),
            ComponentDefinedType::Option { ty, .. } => self.of("option", [Some(ty)]),
            ComponentDefinedType::Result { ok, err, .. } => match (ok, err) {
                (None, None) => self.put("result"),
                (ok, None) => self.of("result", [ok.as_ref()]),
                (ok, err) => self.of("result", [ok.as_ref(), err.as_ref()]),
            },
            ComponentDefinedType::Tuple(tuple) => self.of("tuple", tuple.types.iter().map(Some)),
            // None of these is in the contract: the kind is enough to say so.
            ComponentDefinedType::Variant(_) => self.put("variant"),
            ComponentDefinedType::Flags(_) => self.put("flags"),
            ComponentDefinedType::Enum(_) => self.put("enum"),
            ComponentDefinedType::Own(_) => self.put("own"),
            ComponentDefinedType::Borrow(_) => self.put("borrow"),
            ComponentDefinedType::Map { .. } => self.put("map"),
            ComponentDefinedType::FixedLengthList { .. } => self.put("fixed-length list"),
            ComponentDefinedType::Future { .. } => self.put("future"),
            ComponentDefinedType::Stream { .. } => self.put("stream"),
        }
    }

    /// `name<a, b>`, `_` for what is not there.
    fn of<'t>(&mut self, name: &str, parts: impl IntoIterator<Item = Option<&'t ComponentValType>>) -> Option<()> {
        self.put(name)?;
        self.put("<")?;
        self.list(parts.into_iter(), |text, part| match part {
            Some(part) => text.value(part),
            None => text.put("_"),
        })?;
        self.put(">")
    }

    fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Option<()>,
    ) -> Option<()> {
        for (position, item) in items.enumerate() {
            if position > 0 {
                self.put(", ")?;
            }
            write(self, item)?;
        }
        Some(())
    }

    fn put(&mut self, part: impl std::fmt::Display) -> Option<()> {
        write!(self.out, "{part}").ok()?;
        if self.out.len() <= TYPE_TEXT_BYTES_MAX {
            return Some(());
        }
        let end = self.out.floor_char_boundary(TYPE_TEXT_BYTES_MAX);
        self.out.truncate(end);
        None
    }
}
