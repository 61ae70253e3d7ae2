//! The bar of tabs: the few pages of a program that are always one tap away.

use schemars::JsonSchema;
use serde::Serialize;

use super::PageRoute;
use crate::asset::AssetPath;

/// Fewest tabs; one alone leads nowhere.
pub const TABS_MIN: usize = 2;
/// Most tabs; more do not fit a phone.
pub const TABS_MAX: usize = 5;
/// Longest text of a tab, in characters.
pub const TAB_TEXT_CHARS_MAX: usize = 16;

/// The tabs, shown by the host on the pages that they lead to and on no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TabBar {
    /// The tabs in their order, 2 to 5, no page twice.
    #[schemars(length(min = 2, max = 5))]
    pub items: Vec<Tab>,
}

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tab {
    /// Where it leads: one of `pages`.
    pub page: PageRoute,
    /// What it says, 1 to 16 characters.
    #[schemars(length(min = 1, max = 16))]
    pub text: String,
    /// Its picture: an `.svg` asset of the bundle, whose shape is drawn in the
    /// colour of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<AssetPath>,
}

impl TabBar {
    /// Which tab leads to this page.
    pub fn position(&self, route: &str) -> Option<usize> {
        self.items.iter().position(|tab| tab.page.as_str() == route)
    }
}
