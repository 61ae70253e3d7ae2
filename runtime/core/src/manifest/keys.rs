//! Decides which keys each object of a manifest has, and which of the W3C drafts'
//! keys are left out on purpose, each with its reason: taking a key without acting
//! upon it would be a lie, and an author should not have to guess why it is
//! refused.

/// The keys of one kind of object.
pub(super) struct Keys {
    /// Those that are read.
    pub(super) known: &'static [&'static str],
    /// Those of the W3C drafts that are not, each with the reason; it completes
    /// "left out: …".
    pub(super) left_out: &'static [(&'static str, &'static str)],
}

pub(super) const MANIFEST: Keys = Keys {
    known: &[
        "$schema",
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
        "tab_bar",
        "req_permissions",
        "locales",
        "toolchain",
    ],
    left_out: &[
        ("device_type", "pages fit any screen, and the host decides on which ones it shows them"),
        ("widgets", "a program is shown as pages, and nowhere else"),
    ],
};

pub(super) const VERSION: Keys = Keys { known: &["code", "name"], left_out: &[] };

pub(super) const PLATFORM_VERSION: Keys = Keys {
    known: &["min_code"],
    left_out: &[
        ("target_code", "`min_code` alone decides whether a host can run the program"),
        ("release_type", "a contract is released once, and `min_code` names it"),
    ],
};

pub(super) const ICON: Keys = Keys { known: &["src", "sizes", "label"], left_out: &[] };

pub(super) const PERMISSION: Keys = Keys { known: &["name", "reason", "scope"], left_out: &[] };

pub(super) const KEY_SCOPE: Keys = Keys { known: &["prefixes"], left_out: &[] };

pub(super) const HOST_SCOPE: Keys = Keys { known: &["hosts"], left_out: &[] };

pub(super) const WINDOW: Keys = Keys {
    known: &[
        "navigation_bar_title_text",
        "navigation_bar_background_color",
        "navigation_bar_text_style",
        "background_color",
    ],
    left_out: &[
        ("fullscreen", TITLE_BAR_STAYS),
        ("navigation_style", TITLE_BAR_STAYS),
        ("orientation", "the device and who holds it decide which way up a page is"),
        ("enable_pull_down_refresh", "pages work without script, and a browser has a way to reload"),
        ("background_text_style", "there is no refresh by pulling down, and so no sign of it to colour"),
        ("on_reach_bottom_distance", "pages work without script, and a program is not told who scrolls where"),
        ("design_width", NO_PIXELS),
        ("auto_design_width", NO_PIXELS),
    ],
};

const TITLE_BAR_STAYS: &str = "the title bar is the host's and never hidden: it says whose page this is";
const NO_PIXELS: &str = "layout is said in words like `row` and `grid`, and there are no lengths in pixels to convert";

pub(super) const TAB_BAR: Keys = Keys { known: &["items"], left_out: &[] };

pub(super) const TAB: Keys = Keys { known: &["page", "text", "icon"], left_out: &[] };

pub(super) const LOCALE: Keys =
    Keys { known: &["name", "short_name", "description", "window", "tab_bar", "reasons"], left_out: &[] };

/// Of `window`, only its text can be said in another language.
pub(super) const LOCALE_WINDOW: Keys = Keys { known: &["navigation_bar_title_text"], left_out: &[] };

/// The keys of the W3C drafts that a manifest may not have, each with its path
/// (`window.fullscreen`) and the reason that an author is told.
pub fn left_out() -> impl Iterator<Item = (String, &'static str)> {
    [("", &MANIFEST), ("platform_version.", &PLATFORM_VERSION), ("window.", &WINDOW)]
        .into_iter()
        .flat_map(|(object, keys)| keys.left_out.iter().map(move |(key, why)| (format!("{object}{key}"), *why)))
}
