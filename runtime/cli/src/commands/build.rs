//! `mprun build`: from source to bundle. Either there is a whole new bundle in
//! the end, or the old one is untouched.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use mprun_core::{
    bundle::{BUNDLE_BYTES_ADVISED, Bundle},
    capability::Capability,
};

use crate::{
    args::BuildArgs,
    build::{
        cargo, component,
        pack::{self, Beside},
        project::Project,
        toolchain::Toolchain,
    },
    env,
    error::{self, CommandError},
    files, output,
};

/// Runs the command.
pub(crate) fn build(args: &BuildArgs) -> Result<(), CommandError> {
    let project = Project::find(&args.folder)?;
    let file = output_file(args, &project);
    if file.is_dir() {
        return Err(error::user(format_args!("expected a file to write, got the folder `{}`", file.display()))
            .hint(format!("-o {}", file.join(default_name(&project)).display())));
    }
    // Cheap to find out, so said before a minute of compiling.
    let beside = Beside::read(&project)?;
    let toolchain = Toolchain::find(&project.folder)?;
    let module_file = cargo::compile(&project, &toolchain)?;
    let module = fs::read(&module_file)
        .map_err(|cause| error::internal(format!("cannot read cargo's output `{}`", module_file.display()), cause))?;
    let wrapped = component::wrap(&module)?;
    warn_of_leaks(&wrapped.component, &project);

    let bundle = pack::pack(&project, &toolchain, &wrapped, &beside)?;
    files::write_whole(&file, bundle.bytes()).map_err(|cause| files::not_written(&file, cause))?;

    warn(&bundle, &project);
    output::data(summary(&file, &bundle).as_bytes())
}

fn default_name(project: &Project) -> String {
    format!("{}.wasm", project.manifest.app_id)
}

fn output_file(args: &BuildArgs, project: &Project) -> PathBuf {
    args.output.clone().unwrap_or_else(|| args.folder.join("dist").join(default_name(project)))
}

/// Paths would make the digest differ from machine to machine, and say where the
/// author lives.
fn warn_of_leaks(component: &[u8], project: &Project) {
    let home = env::home();
    let folders = [home.as_deref(), Some(project.folder.as_path())];
    let paths = folders.into_iter().flatten().map(|path| Cow::Owned(format!("{}/", path.display())));
    if let Some(path) = component::leaked(component, paths) {
        output::warning(&format!(
            "the bundle contains the path `{path}` of this machine, so others cannot build the same bytes"
        ));
        output::hint(
            "does the program or one of its dependencies use env!(\"CARGO_MANIFEST_DIR\") or include a file by its whole path?",
        );
    }
}

fn warn(bundle: &Bundle, project: &Project) {
    for name in bundle.unused_permissions() {
        output::warning(&format!("`{name}` is requested but not used"));
        output::hint(&format!("take it out of \"req_permissions\" in {}", project.manifest_file.display()));
    }
    let size = bundle.bytes().len();
    if size > BUNDLE_BYTES_ADVISED {
        let (size, advised) = (output::size(size), output::size(BUNDLE_BYTES_ADVISED));
        output::warning(&format!("the bundle has {size}; above {advised} users wait for it"));
        output::hint("make the pictures smaller");
    }
}

fn summary(file: &Path, bundle: &Bundle) -> String {
    let (manifest, sizes) = (bundle.manifest(), bundle.sizes());
    let permissions: Vec<_> =
        bundle.capabilities().into_iter().filter(|name| name.needs_permission()).map(Capability::name).collect();
    let permissions = if permissions.is_empty() { "none".to_owned() } else { permissions.join(", ") };
    format!(
        "{}\n  program      {} {}\n  size         {} (component {}, templates {}, {}assets {})\n  digest       {}\n  permissions  {permissions}\n",
        file.display(),
        manifest.app_id,
        manifest.version.name,
        output::size(sizes.total),
        output::size(sizes.component),
        output::size(sizes.templates),
        bundle.style().map(|_| format!("style {}, ", output::size(sizes.style))).unwrap_or_default(),
        output::size(sizes.assets),
        bundle.digest(),
    )
}
