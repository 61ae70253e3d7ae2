//! Reads and checks a manifest in one walk, and goes on after a problem, so that
//! an author sees all of them at once.

use std::collections::BTreeMap;

use super::{
    Category, ColorScheme, DESCRIPTION_CHARS_MAX, Direction, ICONS_MAX, Icon, LOCALES_MAX, LanguageTag, LocaleTexts,
    LocaleWindow, MANIFEST_BYTES_MAX, Manifest, ManifestError, NAME_CHARS_MAX, PAGES_MAX, PageRoute, Permission,
    PlatformVersion, ProblemKind, SCHEMA_CHARS_MAX, SHORT_NAME_CHARS_MAX, TAB_TEXT_CHARS_MAX, TABS_MAX, TABS_MIN,
    TITLE_CHARS_MAX, TOOLCHAIN_CHARS_MAX, Tab, TabBar, VERSION_NAME_CHARS_MAX, Version, Window,
    check::{Check, one_of},
    json::Json,
    keys::{ICON, LOCALE, LOCALE_WINDOW, MANIFEST, PLATFORM_VERSION, TAB, TAB_BAR, VERSION, WINDOW},
};
use crate::{
    asset::{AssetPath, MediaType},
    capability::{Capability, PLATFORM_CODE},
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

/// What the texts in other languages stand for, as far as it could be read.
struct Base<'a> {
    lang: Option<&'a str>,
    /// How many tabs there are; `None` where that is a problem already.
    tabs: Option<usize>,
    /// Which permissions are requested; `None` as above.
    permissions: Option<&'a [Permission]>,
}

impl Check {
    fn manifest(&mut self, json: &Json) -> Option<Manifest> {
        let root = self.object(json, String::new(), &MANIFEST)?;
        // For editors. It says nothing of the program, and a bundle does not have it.
        let _ = self.optional_text(&root, "$schema", SCHEMA_CHARS_MAX);
        let app_id = self.required(&root, "app_id", "an app id", Self::spelled);
        let name = self.required(&root, "name", "the name that users see", |check, json, path| {
            check.text(json, path, NAME_CHARS_MAX)
        });
        let short_name = self.optional_text(&root, "short_name", SHORT_NAME_CHARS_MAX);
        let description = self.optional_text(&root, "description", DESCRIPTION_CHARS_MAX);
        let version = self.required(&root, "version", "an object with `code` and `name`", Self::version);
        let platform_version =
            self.required(&root, "platform_version", "an object with `min_code`", Self::platform_version);
        let category = self.required(&root, "category", &one_of::<Category>(), Self::word);
        let lang: Option<LanguageTag> = self.optional(&root, "lang", Self::spelled);
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
            self.optional(&root, "entry_page", |check, json, path| check.page(json, path, pages.as_deref()));
        let window = self.optional(&root, "window", Self::window);
        // Where there is no key, there are no tabs; where it is broken, nobody knows.
        let mut tabs = Some(0);
        let tab_bar = self.optional(&root, "tab_bar", |check, json, path| {
            let bar = check.tab_bar(json, path, pages.as_deref());
            tabs = bar.as_ref().map(|bar| bar.items.len());
            bar
        });
        let mut permissions_known = true;
        let req_permissions = self.optional(&root, "req_permissions", |check, json, path| {
            let most = Capability::ALL.len();
            let permissions = check.list(json, path, (0, most), "permissions", Self::permission);
            permissions_known = permissions.is_some();
            let permissions = permissions?;
            check.no_doubles(path, ".name", permissions.iter().map(|permission| permission.name));
            Some(permissions)
        });
        let req_permissions = req_permissions.unwrap_or_default();
        let base = Base {
            lang: lang.as_ref().map(LanguageTag::as_str),
            tabs,
            permissions: permissions_known.then_some(req_permissions.as_slice()),
        };
        let locales = self.optional(&root, "locales", |check, json, path| check.locales(json, path, &base));
        let toolchain = self.optional_text(&root, "toolchain", TOOLCHAIN_CHARS_MAX);
        Some(Manifest {
            app_id: app_id?,
            name: name?,
            short_name,
            description,
            version: version?,
            platform_version: platform_version?,
            category: category?,
            lang: lang.map(|tag| tag.to_string()),
            dir,
            color_scheme: color_scheme.unwrap_or_default(),
            icons: icons?,
            pages: pages?,
            entry_page,
            window: window.unwrap_or_default(),
            tab_bar,
            req_permissions,
            locales: locales.unwrap_or_default(),
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
        let label = self.optional_text(&object, "label", TITLE_CHARS_MAX);
        Some(Icon { src: src?, sizes, label })
    }

    fn window(&mut self, json: &Json, path: &str) -> Option<Window> {
        let object = self.object(json, path.to_owned(), &WINDOW)?;
        Some(Window {
            navigation_bar_title_text: self.optional_text(&object, "navigation_bar_title_text", TITLE_CHARS_MAX),
            navigation_bar_background_color: self.optional(&object, "navigation_bar_background_color", Self::spelled),
            navigation_bar_text_style: self.optional(&object, "navigation_bar_text_style", Self::word),
            background_color: self.optional(&object, "background_color", Self::spelled),
        })
    }

    /// A route that is one of `pages`.
    fn page(&mut self, json: &Json, path: &str, pages: Option<&[PageRoute]>) -> Option<PageRoute> {
        let route: PageRoute = self.spelled(json, path)?;
        // Where `pages` itself is broken, that is the problem to solve first.
        if pages.is_some_and(|pages| !pages.contains(&route)) {
            return self.wrong(path, "one of `pages`", format!("\"{route}\""));
        }
        Some(route)
    }

    fn tab_bar(&mut self, json: &Json, path: &str, pages: Option<&[PageRoute]>) -> Option<TabBar> {
        let object = self.object(json, path.to_owned(), &TAB_BAR)?;
        let items = self.required(&object, "items", "a list of tabs", |check, json, path| {
            let bounds = (TABS_MIN, TABS_MAX);
            let items = check.list(json, path, bounds, "tabs", |check, json, path| check.tab(json, path, pages))?;
            check.no_doubles(path, ".page", items.iter().map(|tab| &tab.page));
            Some(items)
        });
        Some(TabBar { items: items? })
    }

    fn tab(&mut self, json: &Json, path: &str, pages: Option<&[PageRoute]>) -> Option<Tab> {
        let object = self.object(json, path.to_owned(), &TAB)?;
        let page = self.required(&object, "page", "one of `pages`", |check, json, path| check.page(json, path, pages));
        let text = self.required(&object, "text", "what the tab says", |check, json, path| {
            check.text(json, path, TAB_TEXT_CHARS_MAX)
        });
        let icon = self.optional(&object, "icon", Self::shape);
        Some(Tab { page: page?, text: text?, icon })
    }

    /// A picture of which only the shape is used.
    fn shape(&mut self, json: &Json, path: &str) -> Option<AssetPath> {
        let icon: AssetPath = self.spelled(json, path)?;
        if icon.media_type() != MediaType::Svg {
            return self.wrong(path, "an asset that ends in `.svg` (its shape is drawn in the host's colours)", json);
        }
        Some(icon)
    }

    fn locales(&mut self, json: &Json, path: &str, base: &Base<'_>) -> Option<BTreeMap<LanguageTag, LocaleTexts>> {
        let mut locales = BTreeMap::new();
        for (key, path, json) in self.map(json, path, LOCALES_MAX, "languages")? {
            let tag = match key.parse::<LanguageTag>() {
                Ok(tag) if base.lang == Some(tag.as_str()) => {
                    self.note(path.clone(), ProblemKind::Doubled { got: tag.to_string(), first: "lang".to_owned() });
                    None
                }
                Ok(tag) => Some(tag),
                Err(error) => self.misspelt(&error, format!("`{}`", crate::identity::quoted(key)), &path),
            };
            let texts = self.locale(json, &path, base);
            if let (Some(tag), Some(texts)) = (tag, texts) {
                locales.insert(tag, texts);
            }
        }
        Some(locales)
    }

    fn locale(&mut self, json: &Json, path: &str, base: &Base<'_>) -> Option<LocaleTexts> {
        let before = self.problems.len() + self.more;
        let object = self.object(json, path.to_owned(), &LOCALE)?;
        let texts = LocaleTexts {
            name: self.optional_text(&object, "name", NAME_CHARS_MAX),
            short_name: self.optional_text(&object, "short_name", SHORT_NAME_CHARS_MAX),
            description: self.optional_text(&object, "description", DESCRIPTION_CHARS_MAX),
            window: self.optional(&object, "window", Self::locale_window).unwrap_or_default(),
            tab_bar: self
                .optional(&object, "tab_bar", |check, json, path| check.tab_texts(json, path, base.tabs))
                .unwrap_or_default(),
            reasons: self
                .optional(&object, "reasons", |check, json, path| check.reasons(json, path, base.permissions))
                .unwrap_or_default(),
        };
        if texts == LocaleTexts::default() && self.problems.len() + self.more == before {
            return self.wrong(path, "at least one text in this language", "none");
        }
        Some(texts)
    }

    fn locale_window(&mut self, json: &Json, path: &str) -> Option<LocaleWindow> {
        let object = self.object(json, path.to_owned(), &LOCALE_WINDOW)?;
        let title = self.optional_text(&object, "navigation_bar_title_text", TITLE_CHARS_MAX);
        Some(LocaleWindow { navigation_bar_title_text: title })
    }

    fn tab_texts(&mut self, json: &Json, path: &str, tabs: Option<usize>) -> Option<Vec<String>> {
        if tabs == Some(0) {
            return self.wrong(path, "none: the manifest has no `tab_bar`", json);
        }
        let read = |check: &mut Self, json: &Json, path: &str| check.text(json, path, TAB_TEXT_CHARS_MAX);
        let texts = self.list(json, path, (TABS_MIN, TABS_MAX), "texts", read)?;
        match tabs {
            Some(tabs) if tabs != texts.len() => {
                self.wrong(path, format!("a text for each of the {tabs} tabs of `tab_bar`"), texts.len())
            }
            _ => Some(texts),
        }
    }
}

fn is_icon_size(text: &str) -> bool {
    let side = |side: &str| {
        (1..=5).contains(&side.len()) && !side.starts_with('0') && side.bytes().all(|b| b.is_ascii_digit())
    };
    text == "any" || text.split_once('x').is_some_and(|(width, height)| side(width) && side(height))
}
