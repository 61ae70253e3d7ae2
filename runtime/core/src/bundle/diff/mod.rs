//! Decides what changed between two bundles, and which of it lets the program do
//! more than before: a permission more, a wider scope, a function more of a
//! capability. Whether that needs consent is the host's question; that it is found
//! is decided here, from what the bundles are and not from what they say of it.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::text::grouped;
use super::{Bundle, Import};
use crate::{
    capability::Capability,
    identity::{AppId, Digest},
    manifest::{Category, PageRoute, Permission, Scope},
};

/// A value before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// In the old bundle.
    pub old: T,
    /// In the new one.
    pub new: T,
}

impl<T: PartialEq> Change<T> {
    /// Whether the two differ.
    pub fn is_change(&self) -> bool {
        self.old != self.new
    }

    fn of(old: T, new: T) -> Self {
        Change { old, new }
    }
}

/// What changed from one bundle to another. As text ([`Display`](std::fmt::Display),
/// several lines, no newline at the end) it is what `mprun diff` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The identities of the files. Equal ones mean: nothing changed at all.
    pub digest: Change<Digest>,
    /// The names of the programs. Other ones mean: another program, no update.
    pub app_id: Change<AppId>,
    /// `version.code`.
    pub version_code: Change<u32>,
    /// `version.name`.
    pub version_name: Change<String>,
    /// What changed in `req_permissions`, by capability.
    pub permissions: Vec<PermissionChange>,
    /// The functions that the component imports, by interface; only interfaces
    /// where something changed.
    pub imports: Vec<ImportChange>,
    /// Pages that are new, in the order of the manifest.
    pub pages_added: Vec<PageRoute>,
    /// Pages that are gone, in the order of the old manifest.
    pub pages_removed: Vec<PageRoute>,
    /// The page that opens first.
    pub entry_page: Change<Option<PageRoute>>,
    /// What kind of program it is.
    pub category: Change<Category>,
    /// `platform_version.min_code`.
    pub min_platform_code: Change<u32>,
    /// How large the parts are, in bytes.
    pub sizes: SizeChanges,
    /// How many templates there are.
    pub templates: Change<usize>,
    /// Parts whose bytes differ, in the order of the file; also where no other
    /// field shows it.
    pub parts: Vec<Part>,
    /// What changed in the assets, by path.
    pub assets: Vec<AssetChange>,
}

/// One change of `req_permissions`. No scope means all that the capability has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum PermissionChange {
    /// Requested for the first time: more power.
    Added {
        /// Which one.
        name: Capability,
        /// What for.
        reason: String,
        /// How far.
        scope: Option<Scope>,
    },
    /// Not requested any more.
    Removed {
        /// Which one.
        name: Capability,
    },
    /// The new scope has something that the old one does not: more power.
    ScopeWidened {
        /// Of which one.
        name: Capability,
        /// Before.
        old: Option<Scope>,
        /// After.
        new: Option<Scope>,
    },
    /// The new scope is a part of the old one.
    ScopeNarrowed {
        /// Of which one.
        name: Capability,
        /// Before.
        old: Option<Scope>,
        /// After.
        new: Option<Scope>,
    },
    /// Something else is said to the user about the same permission.
    Reason {
        /// About which one.
        name: Capability,
        /// Before.
        old: String,
        /// After.
        new: String,
    },
}

impl PermissionChange {
    /// Whether it lets the program do more.
    pub fn widens(&self) -> bool {
        matches!(self, PermissionChange::Added { .. } | PermissionChange::ScopeWidened { .. })
    }
}

/// What changed in the functions of one interface that a component imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportChange {
    /// Its name, without its version.
    pub interface: String,
    /// Which capability it is; always one, unless a later contract has functions
    /// without.
    pub capability: Option<Capability>,
    /// Functions that are new, by name.
    pub added: Vec<String>,
    /// Functions that are gone, by name.
    pub removed: Vec<String>,
}

impl ImportChange {
    /// Whether it lets the program do more. Messages for the developer (`log`) are
    /// no power: nobody is asked about them.
    pub fn widens(&self) -> bool {
        !self.added.is_empty() && self.capability.is_none_or(Capability::needs_permission)
    }
}

/// How large the parts of the bundles are, in bytes; see [`Sizes`](super::Sizes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SizeChanges {
    /// The whole file.
    pub total: Change<u64>,
    /// The component without our sections.
    pub component: Change<u64>,
    /// The section of the manifest.
    pub manifest: Change<u64>,
    /// The section of the templates.
    pub templates: Change<u64>,
    /// The section of the style sheet; 0 without one.
    pub style: Change<u64>,
    /// The sections of all assets.
    pub assets: Change<u64>,
    /// The data segments of all modules; each new instance copies them.
    pub data_segments: Change<u64>,
    /// The memory that an instance begins with; not a part of the file.
    pub initial_memory: Change<u64>,
}

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The code, and what it imports and exports.
    Component,
    /// What the program says of itself.
    Manifest,
    /// What never changes of its pages.
    Templates,
    /// Its style sheet.
    Style,
    /// Its pictures.
    Assets,
}

/// One change of the assets. Sizes are those of the data, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum AssetChange {
    /// It is new.
    Added {
        /// Its name in the bundle.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// It is gone.
    Removed {
        /// Its name in the bundle.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// It has other data.
    Changed {
        /// Its name in the bundle.
        path: String,
        /// Its size before.
        old: u64,
        /// Its size after.
        new: u64,
    },
}

/// What changed from `old` to `new`.
pub fn diff(old: &Bundle, new: &Bundle) -> Difference {
    let (before, after) = (old.manifest(), new.manifest());
    let lacking = |pages: &[PageRoute], others: &[PageRoute]| -> Vec<PageRoute> {
        pages.iter().filter(|page| !others.contains(page)).cloned().collect()
    };
    Difference {
        digest: Change::of(old.digest(), new.digest()),
        app_id: Change::of(before.app_id.clone(), after.app_id.clone()),
        version_code: Change::of(before.version.code, after.version.code),
        version_name: Change::of(before.version.name.clone(), after.version.name.clone()),
        permissions: permission_changes(&before.req_permissions, &after.req_permissions),
        imports: import_changes(old.imports(), new.imports()),
        pages_added: lacking(&after.pages, &before.pages),
        pages_removed: lacking(&before.pages, &after.pages),
        entry_page: Change::of(before.entry_page().cloned(), after.entry_page().cloned()),
        category: Change::of(before.category, after.category),
        min_platform_code: Change::of(before.platform_version.min_code, after.platform_version.min_code),
        sizes: size_changes(old, new),
        templates: Change::of(old.templates().as_slice().len(), new.templates().as_slice().len()),
        parts: changed_parts(old, new),
        assets: asset_changes(old, new),
    }
}

impl Difference {
    /// Whether the two are the same file.
    pub fn is_empty(&self) -> bool {
        !self.digest.is_change()
    }

    /// Whether the new bundle may or can do more than the old one: a permission
    /// more, a wider scope, or a function more of a capability. One that was
    /// requested before and is used for the first time counts too.
    pub fn widens(&self) -> bool {
        self.permissions.iter().any(PermissionChange::widens) || self.imports.iter().any(ImportChange::widens)
    }

    /// What it may or can do more, a line for each; none if it does not widen.
    pub fn widenings(&self) -> Vec<String> {
        let permissions = self.permissions.iter().filter_map(|change| match change {
            PermissionChange::Added { name, scope, .. } => {
                Some(format!("the permission `{name}`: {}{}", name.description(), text::within(scope.as_ref())))
            }
            PermissionChange::ScopeWidened { name, old, new } => {
                Some(format!("the scope of `{name}`: {} → {}", text::scope(old.as_ref()), text::scope(new.as_ref())))
            }
            _ => None,
        });
        let imports = self.imports.iter().filter(|change| change.widens());
        let imports = imports.map(|change| format!("imports of `{}`: {}", change.interface, change.added.join(", ")));
        permissions.chain(imports).collect()
    }
}

fn permission_changes(old: &[Permission], new: &[Permission]) -> Vec<PermissionChange> {
    let by_name = |all: &[Permission]| -> BTreeMap<Capability, Permission> {
        all.iter().map(|permission| (permission.name, permission.clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<Capability> = old.keys().chain(new.keys()).copied().collect();
    let mut changes = Vec::new();
    for name in names {
        match (old.get(&name), new.get(&name)) {
            (None, Some(new)) => {
                changes.push(PermissionChange::Added { name, reason: new.reason.clone(), scope: new.scope.clone() });
            }
            (Some(_), None) => changes.push(PermissionChange::Removed { name }),
            (Some(old), Some(new)) => {
                changes.extend(scope_change(old, new));
                if old.reason != new.reason {
                    let (old, new) = (old.reason.clone(), new.reason.clone());
                    changes.push(PermissionChange::Reason { name, old, new });
                }
            }
            (None, None) => {}
        }
    }
    changes
}

/// The only place that compares scopes. `None` where both mean the same. Two of
/// which each has what the other lacks: wider.
fn scope_change(old: &Permission, new: &Permission) -> Option<PermissionChange> {
    let (narrower, wider) = match (&old.scope, &new.scope) {
        (None, None) => (true, true),
        // Whatever the scope says, it is a part of all that there is.
        (None, Some(_)) => (true, false),
        (Some(_), None) => (false, true),
        (Some(old), Some(new)) => (old.covers(new), new.covers(old)),
    };
    let name = new.name;
    let (before, after) = (old.scope.clone(), new.scope.clone());
    match (narrower, wider) {
        (true, true) => None,
        (true, false) => Some(PermissionChange::ScopeNarrowed { name, old: before, new: after }),
        (false, _) => Some(PermissionChange::ScopeWidened { name, old: before, new: after }),
    }
}

fn import_changes(old: &[Import], new: &[Import]) -> Vec<ImportChange> {
    let (old, new) = (functions(old), functions(new));
    let interfaces: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    for interface in interfaces {
        let (before, after) = (old.get(interface).unwrap_or(&none), new.get(interface).unwrap_or(&none));
        if before == after {
            continue;
        }
        let lacking = |all: &BTreeSet<&str>, others: &BTreeSet<&str>| -> Vec<String> {
            all.difference(others).map(|name| (*name).to_owned()).collect()
        };
        changes.push(ImportChange {
            interface: interface.to_owned(),
            capability: Capability::by_interface(interface),
            added: lacking(after, before),
            removed: lacking(before, after),
        });
    }
    changes
}

/// By interface, without versions: each patch of the contract is the same.
fn functions(imports: &[Import]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut functions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        let interface = import.interface.split('@').next().unwrap_or_default();
        functions.entry(interface).or_default().extend(import.functions.iter().map(String::as_str));
    }
    functions
}

fn size_changes(old: &Bundle, new: &Bundle) -> SizeChanges {
    let (old, new) = (old.sizes(), new.sizes());
    SizeChanges {
        total: sizes(old.total, new.total),
        component: sizes(old.component, new.component),
        manifest: sizes(old.manifest, new.manifest),
        templates: sizes(old.templates, new.templates),
        style: sizes(old.style, new.style),
        assets: sizes(old.assets, new.assets),
        data_segments: sizes(old.data_segments, new.data_segments),
        initial_memory: Change::of(old.initial_memory, new.initial_memory),
    }
}

fn sizes(old: usize, new: usize) -> Change<u64> {
    Change::of(old as u64, new as u64)
}

fn changed_parts(old: &Bundle, new: &Bundle) -> Vec<Part> {
    let parts = [Part::Component, Part::Manifest, Part::Templates, Part::Style, Part::Assets];
    parts.into_iter().filter(|part| bytes_of(old, *part) != bytes_of(new, *part)).collect()
}

fn bytes_of(bundle: &Bundle, part: Part) -> &[u8] {
    let sizes = bundle.sizes();
    let manifest_at = sizes.component;
    let templates_at = manifest_at + sizes.manifest;
    let style_at = templates_at + sizes.templates;
    let assets_at = style_at + sizes.style;
    let range = match part {
        Part::Component => 0..manifest_at,
        Part::Manifest => manifest_at..templates_at,
        Part::Templates => templates_at..style_at,
        Part::Style => style_at..assets_at,
        Part::Assets => assets_at..sizes.total,
    };
    bundle.bytes().get(range).unwrap_or_default()
}

fn asset_changes(old: &Bundle, new: &Bundle) -> Vec<AssetChange> {
    let paths: BTreeSet<&str> = old.assets.iter().chain(&new.assets).map(|asset| asset.path.as_str()).collect();
    let mut changes = Vec::new();
    for path in paths {
        let bytes = |data: &[u8]| data.len() as u64;
        let change = match (old.asset(path), new.asset(path)) {
            (None, Some(new)) => AssetChange::Added { path: path.to_owned(), bytes: bytes(new.data) },
            (Some(old), None) => AssetChange::Removed { path: path.to_owned(), bytes: bytes(old.data) },
            (Some(old), Some(new)) if old.digest != new.digest => {
                AssetChange::Changed { path: path.to_owned(), old: bytes(old.data), new: bytes(new.data) }
            }
            _ => continue,
        };
        changes.push(change);
    }
    changes
}
