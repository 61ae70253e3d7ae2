//! Puts a bundle together: the component with its templates, what lies beside the
//! code, and the manifest. Refused is a program that uses what its manifest does
//! not request, with the lines to add.

use mprun_core::{
    bundle::{self, AssetFile, Bundle, Import, Verified},
    capability::Capability,
};

use crate::{
    build::{assets, component::Wrapped, project::Project, style, toolchain::Toolchain},
    error::{self, CommandError},
};

/// What a bundle has beside the code and the manifest.
#[derive(Debug)]
pub(crate) struct Beside {
    assets: Vec<AssetFile>,
    style: Option<String>,
}

impl Beside {
    /// Reads it. Cheap, so it is done before a minute of compiling.
    pub(crate) fn read(project: &Project) -> Result<Beside, CommandError> {
        let assets = assets::collect(&project.folder.join("assets"))?;
        let style = style::read(&project.folder, &assets)?;
        Ok(Beside { assets, style })
    }
}

/// Makes the bundle.
///
/// # Errors
/// See the top of this file; and whatever a bundle may not have.
pub(crate) fn pack(
    project: &Project,
    toolchain: &Toolchain,
    wrapped: &Wrapped,
    beside: &Beside,
) -> Result<Verified<Bundle>, CommandError> {
    let imports = bundle::imports(&wrapped.component).map_err(|cause| {
        let hint = cause.hint();
        error::user_with("the program does not fit the contract", cause).maybe_hint(hint)
    })?;
    check_requested(&imports, project)?;
    let mut manifest = project.manifest.clone();
    // Another compiler makes other bytes: the bundle says which one it was.
    manifest.toolchain = Some(format!("{}; mprun {}", toolchain.version, env!("CARGO_PKG_VERSION")));
    let templates: Vec<&[u8]> = wrapped.templates.iter().map(Vec::as_slice).collect();
    let style = beside.style.as_deref();
    bundle::pack(&wrapped.component, &manifest, &templates, style, &beside.assets).map_err(|cause| {
        let hint = cause.hint();
        error::user_with("the parts do not make a bundle", cause).maybe_hint(hint)
    })
}

/// All permissions that are missing at once, each as the line to add.
fn check_requested(imports: &[Import], project: &Project) -> Result<(), CommandError> {
    let missing: Vec<(Capability, &Import)> = imports
        .iter()
        .filter(|import| !import.type_only)
        .filter_map(|import| Some((import.capability?, import)))
        .filter(|(capability, _)| !project.manifest.permits(*capability))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let uses: Vec<_> =
        missing.iter().map(|(name, import)| format!("`{name}` ({})", import.functions.join(", "))).collect();
    let error = error::user(format_args!(
        "the program uses {} but `{}` does not request it",
        uses.join(", "),
        project.manifest_file.display()
    ));
    Err(missing.iter().fold(error, |error, (name, _)| {
        error.hint(format!(
            r#"add to "req_permissions": {{ "name": "{name}", "reason": "what the user gains by it" }}  (it lets the program {})"#,
            name.description()
        ))
    }))
}
