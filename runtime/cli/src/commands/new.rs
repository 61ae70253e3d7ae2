//! `mprun new NAME`: a small program that works, to be changed from there. Decides
//! what it is called and where its SDK comes from. Nothing that is there already is
//! written over: the folder has to be new, or empty.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mprun_core::identity::AppId;

use crate::{
    args::NewArgs,
    env,
    error::{self, CommandError},
    files, output,
};

/// The files of a new program, by their paths in it.
const FILES: [(&str, &str); 11] = [
    (".gitignore", include_str!("../templates/new/gitignore")),
    ("Cargo.toml", include_str!("../templates/new/Cargo.toml.in")),
    ("README.md", include_str!("../templates/new/README.md")),
    ("app.css", include_str!("../templates/new/app.css")),
    ("assets/icon.svg", include_str!("../templates/new/assets/icon.svg")),
    ("manifest.json", include_str!("../templates/new/manifest.json")),
    ("src/cart.rs", include_str!("../templates/new/src/cart.rs")),
    ("src/index.rs", include_str!("../templates/new/src/index.rs")),
    ("src/lib.rs", include_str!("../templates/new/src/lib.rs")),
    ("src/shop.rs", include_str!("../templates/new/src/shop.rs")),
    ("tests/shop.rs", include_str!("../templates/new/tests/shop.rs")),
];

/// Most characters of a name that people read, as manifests have it.
const NAME_MAX: usize = 40;

/// Names that a package cannot have: the words of the language, and the crates that
/// every program or every test has by these names.
const TAKEN: &str = "abstract alloc as async await become box break const continue core crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mprun mprun-sdk mut override priv \
    proc-macro pub ref return self static std struct super test trait true try type typeof union unsafe unsized use \
    virtual where while yield";

/// Runs the command.
pub(crate) fn new(args: &NewArgs) -> Result<(), CommandError> {
    let app_id = &args.name;
    let folder = PathBuf::from(app_id.as_str());
    make_room(&folder)?;
    write(&folder, app_id, &sdk(checkout().as_deref()))?;
    output::data(said(app_id).as_bytes())
}

/// Makes the folder, if it is not there.
fn make_room(folder: &Path) -> Result<(), CommandError> {
    let shown = folder.display();
    let again = "choose another name, or make room first";
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(error::user(format_args!("the folder `{shown}` is not empty")).hint(again)),
        },
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(folder).map_err(|cause| error::user_with(format!("cannot make the folder `{shown}`"), cause))
        }
        Err(cause) => Err(error::user_with(format!("`{shown}` cannot be the folder of a program"), cause).hint(again)),
    }
}

fn write(folder: &Path, app_id: &AppId, sdk: &str) -> Result<(), CommandError> {
    for (path, template) in FILES {
        let file = folder.join(path);
        let text = fill(template, app_id, sdk);
        fs::create_dir_all(files::folder_of(&file))
            .and_then(|()| files::write_new(&file, &text, false))
            .map_err(|cause| files::not_written(&file, cause))?;
    }
    Ok(())
}

/// A template with the names in their places.
fn fill(template: &str, app_id: &AppId, sdk: &str) -> String {
    let (name, package) = (name(app_id), package(app_id));
    let krate = package.replace('-', "_");
    let places = [
        ("{{app_id}}", app_id.as_str()),
        ("{{name}}", name.as_str()),
        ("{{crate}}", krate.as_str()),
        ("{{package}}", package.as_str()),
        ("{{sdk}}", sdk),
    ];
    places.into_iter().fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
}

/// The name that people read, from the last part of an `app_id`: `Tea house` for
/// `com.example.tea-house`.
fn name(app_id: &AppId) -> String {
    let last = app_id.as_str().rsplit('.').find(|part| part.bytes().any(|byte| byte != b'-')).unwrap_or_default();
    let words: Vec<&str> = last.split('-').filter(|word| !word.is_empty()).collect();
    let text: String = words.join(" ").chars().take(NAME_MAX).collect();
    let mut rest = text.trim_end().chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

/// What cargo calls the package.
fn package(app_id: &AppId) -> String {
    let name = app_id.as_str().replace('.', "-");
    if TAKEN.split(' ').any(|taken| taken == name) { format!("app-{name}") } else { name }
}

/// The line that says where the SDK is. A program that is begun with a command that was
/// built from a checkout is built against the SDK of that checkout: both are of one
/// version.
fn sdk(checkout: Option<&Path>) -> String {
    match checkout.and_then(|root| root.join("sdk/rust").to_str().map(str::to_owned)) {
        // What JSON writes is a string of TOML too.
        Some(path) => format!("mprun-sdk = {{ path = {} }}", serde_json::Value::from(path)),
        None => format!("mprun-sdk = \"{}\"", env!("CARGO_PKG_VERSION")),
    }
}

/// The checkout that this program was built in, or that is worked in.
fn checkout() -> Option<PathBuf> {
    let places = env::places();
    let mut folders = places.iter().flat_map(|place| place.ancestors());
    folders.find(|folder| is_checkout(folder)).map(Path::to_owned)
}

fn is_checkout(folder: &Path) -> bool {
    let sdk = fs::read_to_string(folder.join("sdk/rust/Cargo.toml"));
    sdk.is_ok_and(|text| text.lines().any(|line| line == "name = \"mprun-sdk\""))
        && folder.join("wit/program.wit").is_file()
}

fn said(app_id: &AppId) -> String {
    format!(
        "{app_id}/\n  a mini-program with two pages and a cart\n\nnext:\n  cd {app_id}\n  \
         mprun dev      show it in a browser, and again on every save\n  \
         cargo test     try it without one\n  \
         mprun build    make the one file to hand on\n"
    )
}

#[cfg(test)]
mod tests {
    use mprun_core::manifest::Manifest;

    use super::*;

    fn id(text: &str) -> AppId {
        text.parse().unwrap()
    }

    /// The file of a new program.
    fn file(path: &str, app_id: &str) -> String {
        let (_, template) = FILES.into_iter().find(|(known, _)| *known == path).unwrap();
        fill(template, &id(app_id), &sdk(None))
    }

    #[test]
    fn what_is_written_is_whole_and_nothing_is_written_over() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("shop");
        make_room(&folder).unwrap();
        make_room(&folder).unwrap();
        write(&folder, &id("shop"), "mprun-sdk = \"1\"").unwrap();
        for (path, _) in FILES {
            let text = fs::read_to_string(folder.join(path)).unwrap();
            assert!(!text.contains("{{") && text.ends_with('\n'), "{path}:\n{text}");
        }
        let error = make_room(&folder).unwrap_err();
        assert!(error.error.to_string().contains("is not empty"), "{}", error.error);
        assert!(write(&folder, &id("shop"), "").is_err());
        assert!(fs::read_to_string(folder.join("Cargo.toml")).unwrap().contains("mprun-sdk = \"1\""));

        let taken = place.path().join("file");
        fs::write(&taken, "").unwrap();
        assert!(make_room(&taken).unwrap_err().error.to_string().contains("cannot be the folder"));
        assert_eq!(fs::read(&taken).unwrap(), b"");
    }

    #[test]
    fn the_manifest_is_one_whatever_the_name() {
        let long = "very-long-".repeat(6);
        for (app_id, called) in [
            ("shop", "Shop"),
            ("com.example.tea-house", "Tea house"),
            ("a.--", "A"),
            ("a.", "A"),
            ("x2048", "X2048"),
            ("fn", "Fn"),
            (long.as_str(), "Very long very long very long very long"),
        ] {
            let manifest = Manifest::parse(file("manifest.json", app_id).as_bytes());
            let manifest = manifest.unwrap_or_else(|error| panic!("{app_id}: {error}"));
            assert_eq!((manifest.app_id.as_str(), manifest.name.as_str()), (app_id, called));
            // What it names is there.
            for page in &manifest.pages {
                assert!(file("src/lib.rs", app_id).contains(&format!("\"{page}\" => ")), "{page}");
            }
            for icon in &manifest.icons {
                let path = format!("assets/{}", icon.src.as_str());
                assert!(FILES.iter().any(|(known, _)| *known == path), "{path}");
            }
        }
    }

    #[test]
    fn the_styles_are_ones_and_what_they_name_is_shown() {
        let css = file("app.css", "shop");
        mprun_core::style::Style::parse(&css).unwrap_or_else(|error| panic!("{error}"));
        let pages = file("src/index.rs", "shop") + &file("src/cart.rs", "shop");
        for name in ["product", "price"] {
            assert!(css.contains(&format!(".{name} {{")) && pages.contains(&format!("class=\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn the_package_is_one_that_cargo_and_rust_can_name() {
        for (app_id, package, krate) in [
            ("shop", "shop", "shop"),
            ("com.example.tea-house", "com-example-tea-house", "com_example_tea_house"),
            ("match", "app-match", "app_match"),
            ("mprun", "app-mprun", "app_mprun"),
            ("test", "app-test", "app_test"),
            ("yield", "app-yield", "app_yield"),
            ("proc.macro", "app-proc-macro", "app_proc_macro"),
        ] {
            let cargo = file("Cargo.toml", app_id);
            assert!(cargo.contains(&format!("name = \"{package}\"\n")), "{cargo}");
            assert!(cargo.contains("crate-type = [\"cdylib\", \"rlib\"]") && cargo.contains("\n[workspace]\n"));
            assert!(file("tests/shop.rs", app_id).contains(&format!("use {krate}::App;")), "{app_id}");
        }
    }

    #[test]
    fn the_sdk_is_that_of_the_checkout_or_of_this_version() {
        assert_eq!(sdk(None), concat!("mprun-sdk = \"", env!("CARGO_PKG_VERSION"), "\""));
        assert_eq!(sdk(Some(Path::new("/src/a \"b\""))), r#"mprun-sdk = { path = "/src/a \"b\"/sdk/rust" }"#);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(is_checkout(&root));
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(!is_checkout(elsewhere.path()));
    }

    #[test]
    fn the_next_step_is_a_command() {
        let said = said(&id("shop"));
        for line in ["cd shop\n", "mprun dev ", "cargo test ", "mprun build "] {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
}
