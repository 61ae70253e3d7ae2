//! Decides what a program may say of itself: the manifest, with the key names of
//! the W3C MiniApp drafts where the meaning is the same, and nothing that this
//! host would not act upon.
//!
//! A [`Manifest`] is built by [`Manifest::parse`], which finds every problem at
//! once, each with its place. [`Manifest::to_canonical_json`] writes the one
//! encoding that a bundle contains.

mod check;
mod color;
mod error;
mod host;
mod json;
mod keys;
mod language;
mod locale;
mod parse;
mod permission;
mod route;
mod schema;
mod scope;
mod tabs;
mod text;

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::Serialize;

pub use self::{
    color::{Color, ColorError},
    error::{ManifestError, Problem, ProblemKind},
    host::{HostPattern, HostPatternError},
    keys::left_out,
    language::{LanguageTag, LanguageTagError},
    locale::{LOCALES_MAX, LocalText, LocaleTexts, LocaleWindow, Localized},
    route::{PageRoute, PageRouteError},
    schema::render_json_schema,
    scope::{HOSTS_MAX, HostScope, KeyScope, PREFIX_CHARS_MAX, PREFIXES_MAX, Scope},
    tabs::{TAB_TEXT_CHARS_MAX, TABS_MAX, TABS_MIN, Tab, TabBar},
};
use crate::{asset::AssetPath, capability::Capability, identity::AppId};

/// Largest manifest, in bytes of JSON.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;
/// Longest `name`, in characters.
pub const NAME_CHARS_MAX: usize = 40;
/// Longest `short_name`, in characters.
pub const SHORT_NAME_CHARS_MAX: usize = 16;
/// Longest `description`, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 300;
/// Longest `version.name`, in characters.
pub const VERSION_NAME_CHARS_MAX: usize = 32;
/// Longest title or label, in characters.
pub const TITLE_CHARS_MAX: usize = 40;
/// Longest `req_permissions[].reason`, in characters.
pub const REASON_CHARS_MAX: usize = 200;
/// Longest `$schema`, in characters.
pub const SCHEMA_CHARS_MAX: usize = 300;
/// Longest `toolchain`, in characters.
pub const TOOLCHAIN_CHARS_MAX: usize = 200;
/// Most `icons`.
pub const ICONS_MAX: usize = 8;
/// Most `pages`.
pub const PAGES_MAX: usize = 100;

/// What a program says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Manifest of a mini-program", deny_unknown_fields, transform = schema::allow_schema)]
pub struct Manifest {
    /// The program's name in addresses and keys. It never changes.
    pub app_id: AppId,
    /// The name that users see, 1 to 40 characters.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// The name where there is little room, 1 to 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub short_name: Option<String>,
    /// What it is good for, 1 to 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub description: Option<String>,
    /// Which version of the program this is.
    pub version: Version,
    /// What it needs of the host.
    pub platform_version: PlatformVersion,
    /// What kind of program it is.
    pub category: Category,
    /// The language of the texts in this manifest and of the pages, BCP 47. Left
    /// out where the pages follow the language that a user asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2,8}(-[A-Za-z0-9]{1,8})*$"), length(max = 35))]
    pub lang: Option<String>,
    /// The direction of the texts in this manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<Direction>,
    /// Which colours the program is made for; `auto` if not given.
    #[serde(skip_serializing_if = "ColorScheme::is_auto")]
    #[schemars(default)]
    pub color_scheme: ColorScheme,
    /// Its pictures, the preferred one first, 1 to 8. All are assets of the bundle.
    #[schemars(length(min = 1, max = 8))]
    pub icons: Vec<Icon>,
    /// The routes of its pages, 1 to 100, no two alike.
    #[schemars(length(min = 1, max = 100))]
    pub pages: Vec<PageRoute>,
    /// The page that opens first; the first of `pages` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_page: Option<PageRoute>,
    /// How the host dresses its pages.
    #[serde(skip_serializing_if = "Window::is_empty")]
    #[schemars(default)]
    pub window: Window,
    /// The pages that are always one tap away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab_bar: Option<TabBar>,
    /// The capabilities that it uses, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default, length(max = 8))]
    pub req_permissions: Vec<Permission>,
    /// The texts in other languages than `lang`, by BCP 47 tag, at most 40.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default, extend("maxProperties" = 40))]
    pub locales: BTreeMap<LanguageTag, LocaleTexts>,
    /// What built the bundle; `mprun build` writes it. 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub toolchain: Option<String>,
}

impl Manifest {
    /// Reads a manifest and checks all of it.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the text, each with its path
    /// (`req_permissions[1].name`), what was expected and what was there. A
    /// manifest for a newer host is only that: [`ManifestError::TooNew`].
    pub fn parse(json: &[u8]) -> Result<Manifest, ManifestError> {
        parse::parse(json)
    }

    /// The one encoding: keys in the order of this type's fields, no space, no
    /// defaults.
    pub fn to_canonical_json(&self) -> Vec<u8> {
        // Writing can only fail for maps with keys that are no text, and all of ours
        // are. If that should ever change, an empty manifest is refused by whoever
        // reads it.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The page that opens first. There is one in every manifest that was parsed.
    pub fn entry_page(&self) -> Option<&PageRoute> {
        self.entry_page.as_ref().or(self.pages.first())
    }

    /// Whether there is a page of this route.
    pub fn has_page(&self, route: &str) -> bool {
        self.pages.iter().any(|page| page.as_str() == route)
    }

    /// All assets that it names.
    pub fn pictures(&self) -> impl Iterator<Item = &AssetPath> {
        let tabs = self.tab_bar.iter().flat_map(|bar| &bar.items);
        self.icons.iter().map(|icon| &icon.src).chain(tabs.filter_map(|tab| tab.icon.as_ref()))
    }

    /// What `req_permissions` says of `capability`.
    pub fn permission(&self, capability: Capability) -> Option<&Permission> {
        self.req_permissions.iter().find(|permission| permission.name == capability)
    }

    /// Whether `req_permissions` names `capability`.
    pub fn requests(&self, capability: Capability) -> bool {
        self.permission(capability).is_some()
    }

    /// The servers whose pictures the program may show; `None` for no server.
    pub fn picture_hosts(&self) -> Option<&HostScope> {
        match self.permission(Capability::Image)?.scope.as_ref()? {
            Scope::Hosts(hosts) => Some(hosts),
            Scope::Keys(_) => None,
        }
    }

    /// Whether a program may import `capability`: it is requested, or needs no
    /// permission.
    pub fn permits(&self, capability: Capability) -> bool {
        !capability.needs_permission() || self.requests(capability)
    }
}

/// Which version of the program this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Version {
    /// Grows with each release, from 1.
    #[schemars(range(min = 1))]
    pub code: u32,
    /// What users see, 1 to 32 characters.
    #[schemars(length(min = 1, max = 32))]
    pub name: String,
}

/// What a program needs of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PlatformVersion {
    /// The smallest contract that is enough; see
    /// [`PLATFORM_CODE`](crate::capability::PLATFORM_CODE).
    #[schemars(range(min = 1))]
    pub min_code: u32,
}

/// A picture of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Icon {
    /// Which asset.
    pub src: AssetPath,
    /// Width and height in pixels, `48x48`, or `any` for a vector picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(any|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$"))]
    pub sizes: Option<String>,
    /// What it shows, for those who cannot see it, 1 to 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub label: Option<String>,
}

/// A capability that the program uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Permission {
    /// Which one.
    pub name: Capability,
    /// What for, told to the user, 1 to 200 characters.
    #[schemars(length(min = 1, max = 200))]
    pub reason: String,
    /// How far it goes. `storage` can have one, and goes as far as the capability
    /// without; `image` has to have one; the others have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// How the host dresses the program's pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Window {
    /// The title; the program's `name` if not given. 1 to 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub navigation_bar_title_text: Option<String>,
    /// The colour of the title bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigation_bar_background_color: Option<Color>,
    /// The colour of what stands in the title bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigation_bar_text_style: Option<TextStyle>,
    /// The colour behind the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background_color: Option<Color>,
}

impl Window {
    fn is_empty(&self) -> bool {
        *self == Window::default()
    }
}

/// A closed set of words in a manifest.
pub(crate) trait Word: Copy + Sized + 'static {
    /// All of them with their spelling.
    const WORDS: &'static [(&'static str, Self)];
}

/// Declares an enum of words: the spelling stands once, for the parser, for
/// serde, for the schema and for people.
macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        pub enum $name {
            $($(#[$inner])* #[serde(rename = $text)] $word,)*
        }
        impl $name {
            /// Its spelling in a manifest.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$word => $text,)* }
            }
        }
        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($text, $name::$word),)*];
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of program it is. A closed list, so that a host can sort its
    /// programs and decide by kind what they may do.
    Category {
        /// Restaurants, cafés, deliveries.
        Food = "food",
        /// Shops and markets.
        Shopping = "shopping",
        /// Tickets, rides, hotels, maps.
        Travel = "travel",
        /// Authorities and what they offer.
        PublicService = "public-service",
        /// Post, repairs, housing, bills.
        LifeService = "life-service",
        /// Doctors, hospitals, pharmacies.
        Medical = "medical",
        /// Schools and courses.
        Education = "education",
        /// Money and insurance.
        Finance = "finance",
        /// Tools for work and companies.
        Business = "business",
        /// Films, music, events, games.
        Entertainment = "entertainment",
        /// Sport and health.
        Sport = "sport",
        /// Calculators, notes, lists and the like.
        Utilities = "utilities",
    }
}

words! {
    /// The direction of text.
    Direction {
        /// Left to right.
        LeftToRight = "ltr",
        /// Right to left.
        RightToLeft = "rtl",
        /// As the text itself suggests.
        Auto = "auto",
    }
}

words! {
    /// Which colours a program is made for.
    #[derive(Default)]
    ColorScheme {
        /// Those that the user prefers.
        #[default]
        Auto = "auto",
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}

impl ColorScheme {
    fn is_auto(&self) -> bool {
        *self == ColorScheme::Auto
    }
}

words! {
    /// The colour of what stands in the title bar.
    TextStyle {
        /// For dark bars.
        White = "white",
        /// For light bars.
        Black = "black",
    }
}
