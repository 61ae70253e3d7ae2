//! Says why a file is no bundle, and how to make it one.

use mprun_frame::template::TemplateError;

use crate::{
    asset::{AssetPathError, MediaType},
    capability::{CONTRACT, Capability, PROGRAM_INTERFACE},
    identity::Digest,
    manifest::ManifestError,
    style::StyleError,
};

use super::{ASSET_BYTES_MAX, ASSETS_MAX, BUNDLE_BYTES_MAX, NESTING_MAX, TEMPLATES_MAX};

/// What to do about a file that was a bundle once.
const AGAIN: &str = "copy or download it again: it is cut off or damaged";
/// How the validator calls bytes that are not there; its errors have no kinds.
const END_OF_FILE: &str = "unexpected end-of-file";
/// Longest message of the validator, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// Why a file is refused. Offsets are bytes from its beginning. Texts from the
/// file are cut to a readable length. Each message is complete: an error from
/// below is part of it, not a source of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Larger than [`BUNDLE_BYTES_MAX`].
    #[error("expected a file of at most {BUNDLE_BYTES_MAX} bytes, got {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Has no bytes at all.
    #[error("expected a WebAssembly component, got an empty file")]
    Empty,
    /// Does not begin as WebAssembly does.
    #[error("expected a WebAssembly component, got a file that is not WebAssembly")]
    NotWasm,
    /// WebAssembly of a version that nobody knows here.
    #[error("expected a WebAssembly component, got WebAssembly of an unknown version")]
    WasmVersion,
    /// A core module: a program before it was made a component.
    #[error("expected a WebAssembly component, got a core module")]
    CoreModule,
    /// Breaks the rules of WebAssembly or uses a proposal that hosts switch off.
    #[error("the component is invalid at byte {offset}: {message}")]
    Invalid {
        /// Where.
        offset: u64,
        /// What the validator says.
        message: String,
    },
    /// Modules and components inside each other, or types of those.
    #[error("expected modules and components at most {NESTING_MAX} deep inside each other")]
    TooDeep,
    /// More of something than a program needs: the validator's work would not grow
    /// with the size of the file any more, but far above it.
    #[error("expected at most {max} {what}, got {count} at byte {offset}")]
    TooMuch {
        /// Of what, in the plural.
        what: &'static str,
        /// The limit.
        max: u64,
        /// How many there are, as far as they were counted.
        count: u64,
        /// Where they are.
        offset: u64,
    },
    /// A custom section inside of one of the component's modules.
    #[error("expected no custom sections inside of the component's modules, got `{name}`")]
    InnerSection {
        /// Its name.
        name: String,
    },
    /// A custom section of the outermost component that is not ours.
    #[error("expected no custom sections but the bundle's own, got `{name}` at byte {offset}")]
    ForeignSection {
        /// Its name.
        name: String,
        /// Where it begins.
        offset: u64,
    },
    /// A length before a section, at any depth, in more bytes than it needs.
    #[error("the section at byte {offset} has its length in more bytes than it needs")]
    NotCanonical {
        /// Where the section begins.
        offset: u64,
    },
    /// A component without a manifest.
    #[error("the component is not a mini-program: it has no manifest")]
    NotABundle,

    /// Has no export of the contract.
    #[error("the component is made for another world: it does not export `{PROGRAM_INTERFACE}`, but {}", list(exports))]
    OtherWorld {
        /// What it exports, at most 8.
        exports: Vec<String>,
    },
    /// Exports or imports an interface of another version.
    #[error("`{interface}` has version {version}, this host supports {CONTRACT}.x")]
    ContractVersion {
        /// The interface, without its version.
        interface: String,
        /// The version that the component wants.
        version: String,
    },
    /// Exports the same interface in two versions.
    #[error("`{interface}` is there more than once")]
    DoubledInterface {
        /// The interface, without its version.
        interface: String,
    },
    /// A function of the contract is not exported.
    #[error("`{PROGRAM_INTERFACE}` does not export the function `{function}`")]
    MissingExport {
        /// Which one.
        function: &'static str,
    },
    /// A function has another type than the contract says.
    #[error("the function `{function}` of `{interface}`: expected `{expected}`, got `{got}`")]
    WrongType {
        /// The interface, without its version.
        interface: String,
        /// The function.
        function: String,
        /// The type in the contract.
        expected: &'static str,
        /// The type in the component.
        got: String,
    },
    /// Imports something that no host has.
    #[error("unknown import `{name}`")]
    UnknownImport {
        /// What.
        name: String,
    },
    /// Imports a function that a known interface does not have.
    #[error("unknown import: `{interface}` has no function `{function}`")]
    UnknownFunction {
        /// The interface, without its version.
        interface: String,
        /// The function.
        function: String,
    },
    /// Imports an interface that the manifest does not request.
    #[error(
        "the program imports `{}` without requesting the permission `{capability}`",
        capability.interface().unwrap_or_default()
    )]
    NotRequested {
        /// Which one.
        capability: Capability,
    },

    /// One of our sections is not there.
    #[error("the section `{section}` is missing")]
    MissingSection {
        /// Its name.
        section: &'static str,
    },
    /// One of our sections stands twice.
    #[error("the section `{section}` stands twice")]
    DoubledSection {
        /// Its name.
        section: &'static str,
    },
    /// One of our sections stands before another that should come first.
    #[error("the section `{section}` stands too late, after `{after}`")]
    MisplacedSection {
        /// Its name.
        section: &'static str,
        /// The one before it.
        after: &'static str,
    },
    /// A section with our prefix that this version does not know.
    #[error("unknown section `{section}`")]
    UnknownSection {
        /// Its name.
        section: String,
    },
    /// Something follows the bundle's sections.
    #[error("unexpected bytes after the bundle's sections at byte {offset}")]
    Trailing {
        /// Where.
        offset: u64,
    },
    /// A section ends too early or has bytes left over, or is not written in its
    /// one encoding.
    #[error("the section `{section}` is broken: {problem}")]
    Section {
        /// Its name.
        section: &'static str,
        /// What is wrong.
        problem: &'static str,
    },

    /// The manifest is wrong.
    #[error("the manifest is wrong: {0}")]
    Manifest(ManifestError),
    /// An icon that no asset is.
    #[error("the icon `{path}` is not among the assets{}", did_you_mean(nearest))]
    IconMissing {
        /// The icon's `src`.
        path: String,
        /// An asset that it might have been.
        nearest: Option<String>,
    },
    /// A template does not decode.
    #[error("template {index} is broken: {reason}")]
    Template {
        /// Which one, counted from 0.
        index: usize,
        /// Why.
        reason: TemplateError,
    },
    /// Templates are not in the order of their ids, or one stands twice.
    #[error("template {index} is not in order of ids")]
    TemplateOrder {
        /// The first that is not, counted from 0.
        index: usize,
    },
    /// Two different templates have one id.
    #[error("template {index} has the id of another template")]
    TemplateCollision {
        /// The later one, counted from 0.
        index: usize,
    },
    /// More than [`TEMPLATES_MAX`].
    #[error("expected at most {TEMPLATES_MAX} templates, got {count}")]
    TooManyTemplates {
        /// How many.
        count: usize,
    },
    /// The style sheet says something that it may not say.
    #[error("the style sheet, {0}")]
    Style(StyleError),
    /// An asset's path is no asset path.
    #[error(transparent)]
    AssetPath(#[from] AssetPathError),
    /// Assets are not in the order of their paths.
    #[error("the asset `{path}` is not in order of paths")]
    AssetOrder {
        /// The first that is not.
        path: String,
    },
    /// Two paths that some file system takes for one, or one that would be a
    /// folder of the other.
    #[error("the assets `{path}` and `{other}` cannot be told apart on every file system")]
    AssetCollision {
        /// One path.
        path: String,
        /// The other.
        other: String,
    },
    /// More than [`ASSETS_MAX`].
    #[error("expected at most {ASSETS_MAX} assets, got {count}")]
    TooManyAssets {
        /// How many, as far as they were counted.
        count: usize,
    },
    /// Larger than [`ASSET_BYTES_MAX`].
    #[error("the asset `{path}`: expected at most {ASSET_BYTES_MAX} bytes, got {bytes}")]
    AssetTooLarge {
        /// Which one.
        path: String,
        /// Its size.
        bytes: usize,
    },
    /// The data are not what the digest beside them says.
    #[error("the asset `{path}` is broken: expected digest {expected}, got {got}")]
    AssetDigest {
        /// Which one.
        path: String,
        /// As the bundle says.
        expected: Digest,
        /// As the data are.
        got: Digest,
    },
    /// The media type is not that of the extension.
    #[error("the asset `{path}`: expected media type {expected}, got `{got}`")]
    AssetMediaType {
        /// Which one.
        path: String,
        /// By its extension.
        expected: MediaType,
        /// As the bundle says.
        got: String,
    },
    /// The data do not begin as such a file does.
    #[error("the asset `{path}`: expected a file of type {expected}, got something else")]
    AssetContent {
        /// Which one.
        path: String,
        /// By its extension.
        expected: MediaType,
    },
}

impl BundleError {
    /// A file that ends where something should follow.
    pub(super) fn cut_off(bytes: usize) -> BundleError {
        BundleError::Invalid { offset: bytes as u64, message: END_OF_FILE.to_owned() }
    }

    /// What the author can do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            BundleError::CoreModule | BundleError::NotABundle => {
                Some("`mprun build` makes a bundle from the program's source".to_owned())
            }
            BundleError::NotWasm => Some("make a bundle from a program's source: mprun build DIR".to_owned()),
            BundleError::Empty => {
                Some("copy or download it again, or make it from the program's source: mprun build DIR".to_owned())
            }
            BundleError::MissingSection { .. } | BundleError::AssetDigest { .. } => Some(AGAIN.to_owned()),
            BundleError::Invalid { message, .. } if message.ends_with(END_OF_FILE) => Some(AGAIN.to_owned()),
            BundleError::ForeignSection { .. }
            | BundleError::InnerSection { .. }
            | BundleError::NotCanonical { .. } => {
                Some("make it again with `mprun build DIR`: that leaves out what a bundle does not need".to_owned())
            }
            BundleError::TooMuch { .. } => Some(
                "no compiler needs that many for a mini-program: make it again with `mprun build DIR`; all limits are \
                 in `docs/bundle.md`"
                    .to_owned(),
            ),
            BundleError::TooLarge { .. } | BundleError::AssetTooLarge { .. } => {
                Some("make the pictures smaller, or load less of them".to_owned())
            }
            BundleError::OtherWorld { .. } => {
                Some(format!("a mini-program exports `{PROGRAM_INTERFACE}@{CONTRACT}.0`, see `wit/README.md`"))
            }
            BundleError::UnknownImport { name } if name.starts_with("wasi:") => {
                Some("mini-programs have no WASI: build for `wasm32-unknown-unknown`, as `mprun build` does".to_owned())
            }
            BundleError::UnknownImport { .. } => {
                let known: Vec<_> = Capability::ALL.iter().filter_map(|c| c.interface()).collect();
                Some(format!("a host offers {}", known.join(", ")))
            }
            BundleError::Style(error) => error.hint.clone(),
            BundleError::NotRequested { capability } => Some(format!(
                "add to `req_permissions` in the manifest: {{ \"name\": \"{capability}\", \"reason\": \"…\" }}"
            )),
            _ => None,
        }
    }
}

impl From<ManifestError> for BundleError {
    fn from(error: ManifestError) -> Self {
        BundleError::Manifest(error)
    }
}

impl From<wasmparser::Error> for BundleError {
    fn from(error: wasmparser::Error) -> Self {
        BundleError::Invalid { offset: error.offset(), message: one_line(error.message()) }
    }
}

/// What the validator says, on one line (it writes contexts on lines of their own).
/// It repeats names of the file as they are: what would move a terminal's cursor is
/// taken out, and long ones are cut.
fn one_line(message: &str) -> String {
    let message = message.trim().replace('\n', ": ");
    let shown = message.chars().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut line: String = shown.collect();
    if message.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        line.push('…');
    }
    line
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!(", did you mean `{nearest}`?"),
        None => String::new(),
    }
}
