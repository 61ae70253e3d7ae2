//! Reads the style sheet of a mini-program, `app.css` beside its manifest, and says
//! with its place what is wrong in it. What a bundle may not carry ends the build. A
//! value that no browser knows would be passed over there in silence: it is warned
//! of here, as far as `lightningcss` knows what browsers know.

use std::{fs, io, path::Path};

use lightningcss::{
    properties::{Property, PropertyId},
    stylesheet::ParserOptions,
};
use mprun_core::{
    bundle::AssetFile,
    style::{self, Declared, Style, StyleError},
};

use crate::{
    error::{self, CommandError},
    output,
};

/// What the file is called.
const FILE: &str = "app.css";

/// Values that every property has.
const EVERYWHERE: [&str; 5] = ["inherit", "initial", "unset", "revert", "revert-layer"];

/// The style sheet in `folder`; `None` where there is no such file, or nothing in
/// it. It may show the pictures in `assets`.
///
/// # Errors
/// A file that cannot be read or is none; whatever a style sheet may not say.
pub(crate) fn read(folder: &Path, assets: &[AssetFile]) -> Result<Option<String>, CommandError> {
    let file = folder.join(FILE);
    let shown = file.display();
    match fs::symlink_metadata(&file) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        // As for pictures: a link could carry any file of this machine into the bundle.
        Ok(found) if !found.is_file() => {
            return Err(
                error::user(format_args!("`{shown}` is not a plain file")).hint("put a copy there instead of a link")
            );
        }
        _ => {}
    }
    let bytes = fs::read(&file).map_err(|cause| error::user_with(format!("cannot read `{shown}`"), cause))?;
    let text = String::from_utf8(bytes).map_err(|cause| error::user_with(format!("`{shown}` is not UTF-8"), cause))?;
    // Some editors put a mark before everything.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let refused = |cause: StyleError| {
        error::user(format_args!("{shown}:{}:{}: {}", cause.line, cause.column, cause.sentence)).maybe_hint(cause.hint)
    };
    let sheet = Style::parse(text).map_err(refused)?;
    sheet.check_pictures(assets.iter().map(|asset| asset.path.as_str())).map_err(refused)?;
    for Declared { line, column, property, value } in style::declarations(text).map_err(refused)? {
        if !is_known(&property, &value) {
            output::warning(&format!("{shown}:{line}:{column}: browsers may not know this value of `{property}`"));
            output::hint("what they do not know they leave out, without a word");
        }
    }
    Ok(Some(text.to_owned()))
}

/// Whether a browser knows this value, as far as that can be said.
fn is_known(property: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_open = property.starts_with("--") || lower.contains("var(") || lower.contains("env(");
    if is_open || EVERYWHERE.contains(&lower.as_str()) {
        return true;
    }
    !matches!(
        Property::parse_string(PropertyId::from(property), value, ParserOptions::default()),
        Ok(Property::Unparsed(_)) | Err(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &[u8]) -> Result<Option<String>, CommandError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        read(folder.path(), &[AssetFile { path: "a.svg".to_owned(), data: Vec::new() }])
    }

    #[test]
    fn a_sheet_is_taken_as_it_is() {
        let text = ".a {\n  color: red; /* ! */\n}\n";
        assert_eq!(read_text(text.as_bytes()).unwrap().as_deref(), Some(text));
        assert_eq!(read_text(format!("\u{feff}{text}").as_bytes()).unwrap().as_deref(), Some(text));
        assert_eq!(read_text(b" \n\t").unwrap(), None);
        assert_eq!(read(tempfile::tempdir().unwrap().path(), &[]).unwrap(), None);
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, place, said, hinted) in [
            (".a {\n  position: fixed;\n}", "app.css:2:13: ", "expected one of", None),
            (".a {\n  colour: red;\n}", "app.css:2:3: ", "no property", Some("did you mean `color`?")),
            (
                ".a {}\n@import \"b.css\";",
                "app.css:2:1: ",
                "`@import` is not available",
                Some("put everything into app.css"),
            ),
            (
                ".a { background: url(\"asset:b.svg\") }",
                "app.css:1:18: ",
                "`b.svg` is not among",
                Some("`asset:a.svg`"),
            ),
        ] {
            let refused = read_text(text.as_bytes()).unwrap_err();
            let message = refused.error.to_string();
            assert!(message.contains(place) && message.contains(said), "{message}");
            match hinted {
                Some(hint) => assert!(refused.hints.concat().contains(hint), "{:?}", refused.hints),
                None => assert!(refused.hints.is_empty(), "{:?}", refused.hints),
            }
        }
        assert!(read_text(b"\xff").unwrap_err().error.to_string().contains("is not UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join(FILE)).unwrap();
        assert!(read(folder.path(), &[]).unwrap_err().error.to_string().contains("not a plain file"));
    }

    #[test]
    fn values_that_no_browser_knows_are_seen() {
        for (property, value) in [("color", "rde"), ("margin", "1px foo"), ("text-align", "middle"), ("width", "12 px")]
        {
            assert!(!is_known(property, value), "{property}: {value}");
        }
        for (property, value) in [
            ("color", "red"),
            ("color", "inherit"),
            ("color", "light-dark(#fff,#000)"),
            ("width", "calc(20*var(--mp-rpx))"),
            ("background", "none 0 0/cover no-repeat"),
            ("--p-brand", "anything at all"),
            ("text-wrap", "balance"),
            ("padding", "env(safe-area-inset-top) 0"),
        ] {
            assert!(is_known(property, value), "{property}: {value}");
        }
    }
}
