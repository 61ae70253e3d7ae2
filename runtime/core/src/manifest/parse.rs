//! Reads and checks a manifest in one walk, and goes on after a problem, so that
//! an author sees all of them at once.

use std::{collections::HashMap, fmt::Display, hash::Hash, str::FromStr};

use super::{
    Category, ColorScheme, DESCRIPTION_CHARS_MAX, Direction, ICONS_MAX, Icon, MANIFEST_BYTES_MAX, Manifest,
    ManifestError, NAME_CHARS_MAX, PAGES_MAX, PageRoute, Permission, PlatformVersion, Problem, ProblemKind,
    REASON_CHARS_MAX, SHORT_NAME_CHARS_MAX, TITLE_CHARS_MAX, TOOLCHAIN_CHARS_MAX, VERSION_NAME_CHARS_MAX, Version,
    Window, Word,
    error::{PROBLEMS_MAX, nearest},
    json::Json,
    text,
};
use crate::capability::{Capability, PLATFORM_CODE};

/// The keys of one kind of object.
struct Keys {
    known: &'static [&'static str],
    /// Keys of the W3C drafts that are left out on purpose: taking them without
    /// acting upon them would be a lie.
    not_supported: &'static [&'static str],
}

const MANIFEST: Keys = Keys {
    known: &[
        "app_id",
        "name",
        "short_name",
        "description",
        "version",
        "platform_version",
        "category",
        "lang",
        "dir",
        "color_scheme",
        "icons",
        "pages",
        "entry_page",
        "window",
        "req_permissions",
        "toolchain",
    ],
    not_supported: &["device_type", "widgets"],
};
const VERSION: Keys = Keys { known: &["code", "name"], not_supported: &[] };
const PLATFORM_VERSION: Keys = Keys { known: &["min_code"], not_supported: &["target_code", "release_type"] };
const ICON: Keys = Keys { known: &["src", "sizes", "label"], not_supported: &[] };
const PERMISSION: Keys = Keys { known: &["name", "reason"], not_supported: &[] };
const WINDOW: Keys = Keys {
    known: &[
        "navigation_bar_title_text",
        "navigation_bar_background_color",
        "navigation_bar_text_style",
        "background_color",
    ],
    not_supported: &[
        "navigation_style",
        "background_text_style",
        "enable_pull_down_refresh",
        "on_reach_bottom_distance",
        "orientation",
        "fullscreen",
        "design_width",
        "auto_design_width",
    ],
};

pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    if bytes.len() > MANIFEST_BYTES_MAX {
        return Err(ManifestError::TooLarge { bytes: bytes.len() });
    }
    let json: Json = serde_json::from_slice(bytes).map_err(|error| ManifestError::Syntax {
        line: error.line(),
        column: error.column(),
        message: without_place(&error),
    })?;
    if let Some(min_code) = min_code(&json).filter(|code| *code > PLATFORM_CODE) {
        return Err(ManifestError::TooNew { min_code });
    }
    let mut check = Check::default();
    match (check.manifest(&json), check.problems.is_empty()) {
        (Some(manifest), true) => Ok(manifest),
        _ => Err(ManifestError::Problems { problems: check.problems, more: check.more }),
    }
}

/// The place is said by [`ManifestError::Syntax`] itself.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

/// Looked up before everything else: keys of a newer contract should not be
/// reported as misspelt ones.
fn min_code(json: &Json) -> Option<u32> {
    let get = |json: &Json, wanted: &str| match json {
        Json::Object(entries) => entries.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()),
        _ => None,
    };
    match get(&get(json, "platform_version")?, "min_code")? {
        Json::Whole(code) => u32::try_from(code).ok(),
        _ => None,
    }
}

/// An object whose keys were checked.
struct Object<'a> {
    path: String,
    entries: &'a [(String, Json)],
}

impl<'a> Object<'a> {
    fn get(&self, key: &str) -> Option<&'a Json> {
        let entry = self.entries.iter().find(|(name, _)| name == key)?;
        Some(&entry.1)
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Collects problems. What reads a value answers `None` only after it has noted
/// why.
#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
    more: usize,
}

impl Check {
    fn manifest(&mut self, json: &Json) -> Option<Manifest> {
        let root = self.object(json, String::new(), &MANIFEST)?;
        let app_id = self.required(&root, "app_id", "an app id", Self::spelled);
        let name = self.required(&root, "name", "the name that users see", |check, json, path| {
            check.text(json, path, NAME_CHARS_MAX)
        });
        let short_name =
            self.optional(&root, "short_name", |check, json, path| check.text(json, path, SHORT_NAME_CHARS_MAX));
        let description =
            self.optional(&root, "description", |check, json, path| check.text(json, path, DESCRIPTION_CHARS_MAX));
        let version = self.required(&root, "version", "an object with `code` and `name`", Self::version);
        let platform_version =
            self.required(&root, "platform_version", "an object with `min_code`", Self::platform_version);
        let category = self.required(&root, "category", &one_of::<Category>(), Self::word);
        let lang = self.optional(&root, "lang", |check, json, path| {
            check.matching(json, path, "a language tag like `en` or `zh-Hans-CN`", is_language_tag)
        });
        let dir = self.optional(&root, "dir", Self::word::<Direction>);
        let color_scheme = self.optional(&root, "color_scheme", Self::word::<ColorScheme>);
        let icons = self.required(&root, "icons", "a list of icons", |check, json, path| {
            let icons = check.list(json, path, (1, ICONS_MAX), "icons", Self::icon)?;
            check.no_doubles(path, ".src", icons.iter().map(|icon| &icon.src));
            Some(icons)
        });
        let pages: Option<Vec<PageRoute>> =
            self.required(&root, "pages", "a list of page routes", |check, json, path| {
                let pages = check.list(json, path, (1, PAGES_MAX), "page routes", Self::spelled)?;
                check.no_doubles(path, "", &pages);
                Some(pages)
            });
        let entry_page =
            self.optional(&root, "entry_page", |check, json, path| check.entry_page(json, path, pages.as_deref()));
        let window = self.optional(&root, "window", Self::window);
        let req_permissions = self.optional(&root, "req_permissions", |check, json, path| {
            let most = Capability::ALL.len();
            let permissions = check.list(json, path, (0, most), "permissions", Self::permission)?;
            check.no_doubles(path, ".name", permissions.iter().map(|permission| permission.name));
            Some(permissions)
        });
        let toolchain =
            self.optional(&root, "toolchain", |check, json, path| check.text(json, path, TOOLCHAIN_CHARS_MAX));
        Some(Manifest {
            app_id: app_id?,
            name: name?,
            short_name,
            description,
            version: version?,
            platform_version: platform_version?,
            category: category?,
            lang,
            dir,
            color_scheme: color_scheme.unwrap_or_default(),
            icons: icons?,
            pages: pages?,
            entry_page,
            window: window.unwrap_or_default(),
            req_permissions: req_permissions.unwrap_or_default(),
            toolchain,
        })
    }

    fn version(&mut self, json: &Json, path: &str) -> Option<Version> {
        let object = self.object(json, path.to_owned(), &VERSION)?;
        let code = self.required(&object, "code", "a whole number from 1", Self::number_from_1);
        let name = self.required(&object, "name", "what users see", |check, json, path| {
            check.text(json, path, VERSION_NAME_CHARS_MAX)
        });
        Some(Version { code: code?, name: name? })
    }

    fn platform_version(&mut self, json: &Json, path: &str) -> Option<PlatformVersion> {
        let object = self.object(json, path.to_owned(), &PLATFORM_VERSION)?;
        let min_code = self.required(&object, "min_code", "a whole number from 1", Self::number_from_1);
        Some(PlatformVersion { min_code: min_code? })
    }

    fn icon(&mut self, json: &Json, path: &str) -> Option<Icon> {
        let object = self.object(json, path.to_owned(), &ICON)?;
        let src = self.required(&object, "src", "the path of an asset", Self::spelled);
        let sizes = self.optional(&object, "sizes", |check, json, path| {
            check.matching(json, path, "width and height like `48x48`, or `any`", is_icon_size)
        });
        let label = self.optional(&object, "label", |check, json, path| check.text(json, path, TITLE_CHARS_MAX));
        Some(Icon { src: src?, sizes, label })
    }

    fn permission(&mut self, json: &Json, path: &str) -> Option<Permission> {
        let object = self.object(json, path.to_owned(), &PERMISSION)?;
        let name = self.required(&object, "name", "the name of a capability", Self::capability);
        let reason = self.required(&object, "reason", "what it is needed for", |check, json, path| {
            check.text(json, path, REASON_CHARS_MAX)
        });
        Some(Permission { name: name?, reason: reason? })
    }

    fn window(&mut self, json: &Json, path: &str) -> Option<Window> {
        let object = self.object(json, path.to_owned(), &WINDOW)?;
        Some(Window {
            navigation_bar_title_text: self.optional(&object, "navigation_bar_title_text", |check, json, path| {
                check.text(json, path, TITLE_CHARS_MAX)
            }),
            navigation_bar_background_color: self.optional(&object, "navigation_bar_background_color", Self::spelled),
            navigation_bar_text_style: self.optional(&object, "navigation_bar_text_style", Self::word),
            background_color: self.optional(&object, "background_color", Self::spelled),
        })
    }

    fn entry_page(&mut self, json: &Json, path: &str, pages: Option<&[PageRoute]>) -> Option<PageRoute> {
        let route: PageRoute = self.spelled(json, path)?;
        // Where `pages` itself is broken, that is the problem to solve first.
        if pages.is_some_and(|pages| !pages.contains(&route)) {
            return self.wrong(path, "one of `pages`", format!("\"{route}\""));
        }
        Some(route)
    }

    fn capability(&mut self, json: &Json, path: &str) -> Option<Capability> {
        let names = || {
            let grantable = Capability::ALL.into_iter().filter(|c| c.needs_permission());
            grantable.map(Capability::name)
        };
        let known = match json {
            Json::Text(text) => Capability::by_name(text),
            _ => None,
        };
        match known {
            Some(capability) if capability.needs_permission() => Some(capability),
            Some(capability) => {
                let got = format!("\"{capability}\", which needs no permission");
                self.wrong(path, list_words(names()), got)
            }
            None => self.wrong_word(json, path, &names().collect::<Vec<_>>()),
        }
    }

    // What values are made of.

    fn object<'a>(&mut self, json: &'a Json, path: String, keys: &Keys) -> Option<Object<'a>> {
        let Json::Object(entries) = json else {
            return self.wrong(&path, "an object", json);
        };
        let object = Object { path, entries };
        for (position, (key, _)) in entries.iter().enumerate() {
            let kind = if keys.not_supported.contains(&key.as_str()) {
                ProblemKind::NotSupported
            } else if !keys.known.contains(&key.as_str()) {
                ProblemKind::UnknownKey { nearest: nearest(key, keys.known.iter().copied()) }
            } else if entries[..position].iter().any(|(earlier, _)| earlier == key) {
                ProblemKind::DoubledKey
            } else {
                continue;
            };
            let path = object.path(&crate::identity::quoted(key));
            self.note(path, kind);
        }
        Some(object)
    }

    fn required<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        expected: &str,
        read: impl FnOnce(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<T> {
        let Some(json) = object.get(key) else {
            let expected = expected.to_owned();
            self.note(object.path(key), ProblemKind::Missing { expected });
            return None;
        };
        read(self, json, &object.path(key))
    }

    fn optional<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        read: impl FnOnce(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<T> {
        read(self, object.get(key)?, &object.path(key))
    }

    fn list<T>(
        &mut self,
        json: &Json,
        path: &str,
        (least, most): (usize, usize),
        what: &str,
        mut read: impl FnMut(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let expected = || format!("a list of {least} to {most} {what}");
        let Json::List(items) = json else {
            return self.wrong(path, expected(), json);
        };
        if !(least..=most).contains(&items.len()) {
            return self.wrong(path, expected(), items.len());
        }
        let mut all = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            all.extend(read(self, item, &format!("{path}[{position}]")));
        }
        (all.len() == items.len()).then_some(all)
    }

    fn no_doubles<T: Eq + Hash + Display>(&mut self, path: &str, key: &str, values: impl IntoIterator<Item = T>) {
        let mut seen = HashMap::new();
        for (position, value) in values.into_iter().enumerate() {
            let place = format!("{path}[{position}]{key}");
            if let Some(first) = seen.get(&value) {
                let kind = ProblemKind::Doubled { got: value.to_string(), first: String::clone(first) };
                self.note(place, kind);
            } else {
                seen.insert(value, place);
            }
        }
    }

    /// A text with a type and an error message of its own: "expected …, got …".
    fn spelled<T: FromStr<Err: Display>>(&mut self, json: &Json, path: &str) -> Option<T> {
        let Json::Text(text) = json else {
            return self.wrong(path, "a text", json);
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let message = error.to_string();
                let message = message.strip_prefix("expected ").unwrap_or(&message);
                let expected = message.split(", got ").next().unwrap_or(message);
                self.wrong(path, expected, json)
            }
        }
    }

    fn text(&mut self, json: &Json, path: &str, chars_max: usize) -> Option<String> {
        let Json::Text(text) = json else {
            return self.wrong(path, format!("1 to {chars_max} characters of text"), json);
        };
        match text::check(text, chars_max) {
            Ok(()) => Some(text.clone()),
            Err((expected, got)) => self.wrong(path, expected, got),
        }
    }

    fn matching(&mut self, json: &Json, path: &str, expected: &str, fits: fn(&str) -> bool) -> Option<String> {
        match json {
            Json::Text(text) if fits(text) => Some(text.clone()),
            _ => self.wrong(path, expected, json),
        }
    }

    fn word<W: Word>(&mut self, json: &Json, path: &str) -> Option<W> {
        let found = match json {
            Json::Text(text) => W::WORDS.iter().find(|(word, _)| word == text),
            _ => None,
        };
        match found {
            Some((_, value)) => Some(*value),
            None => {
                let words: Vec<_> = W::WORDS.iter().map(|(word, _)| *word).collect();
                self.wrong_word(json, path, &words)
            }
        }
    }

    fn number_from_1(&mut self, json: &Json, path: &str) -> Option<u32> {
        let number = match json {
            Json::Whole(number) => u32::try_from(*number).ok().filter(|number| *number > 0),
            _ => None,
        };
        if number.is_none() {
            return self.wrong(path, format!("a whole number from 1 to {}", u32::MAX), json);
        }
        number
    }

    // How problems are noted.

    fn wrong_word<T>(&mut self, json: &Json, path: &str, words: &[&'static str]) -> Option<T> {
        let nearest = match json {
            Json::Text(text) => nearest(text, words.iter().copied()),
            _ => None,
        };
        let kind = ProblemKind::Wrong { expected: list_words(words.iter().copied()), got: json.to_string(), nearest };
        self.note(path.to_owned(), kind);
        None
    }

    fn wrong<T>(&mut self, path: &str, expected: impl Into<String>, got: impl Display) -> Option<T> {
        let kind = ProblemKind::Wrong { expected: expected.into(), got: got.to_string(), nearest: None };
        self.note(path.to_owned(), kind);
        None
    }

    fn note(&mut self, path: String, kind: ProblemKind) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { path, kind });
        } else {
            self.more += 1;
        }
    }
}

fn one_of<W: Word>() -> String {
    list_words(W::WORDS.iter().map(|(word, _)| *word))
}

fn list_words(words: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

/// Well-formed enough for BCP 47: whether the tag is registered is not looked up.
fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    text.len() <= 35
        && parts.next().is_some_and(|language| {
            (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
        })
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_icon_size(text: &str) -> bool {
    let side = |side: &str| {
        (1..=5).contains(&side.len()) && !side.starts_with('0') && side.bytes().all(|b| b.is_ascii_digit())
    };
    text == "any" || text.split_once('x').is_some_and(|(width, height)| side(width) && side(height))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ICON, Keys, MANIFEST, PERMISSION, PLATFORM_VERSION, VERSION, WINDOW};
    use crate::manifest::Manifest;

    #[test]
    fn the_schema_knows_the_same_keys() {
        let schema = schemars::schema_for!(Manifest).to_value();
        let check = |object: &serde_json::Value, keys: &Keys| {
            let properties = object["properties"].as_object().unwrap();
            let in_schema: BTreeSet<_> = properties.keys().map(String::as_str).collect();
            assert_eq!(in_schema, keys.known.iter().copied().collect());
            assert_eq!(object["additionalProperties"], false);
        };
        check(&schema, &MANIFEST);
        for (name, keys) in [
            ("Version", &VERSION),
            ("PlatformVersion", &PLATFORM_VERSION),
            ("Icon", &ICON),
            ("Permission", &PERMISSION),
            ("Window", &WINDOW),
        ] {
            check(&schema["$defs"][name], keys);
        }
        assert!(!schema.to_string().contains("\"log\""), "`log` needs no permission");
    }
}
