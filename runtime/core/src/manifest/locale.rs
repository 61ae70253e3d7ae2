//! Decides which of its texts a program has in which language, and which of them
//! somebody sees: for each text the best language that has it, else the manifest's
//! own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{LanguageTag, Manifest, Tab};
use crate::capability::Capability;

/// Most languages beside the manifest's own.
pub const LOCALES_MAX: usize = 40;

/// The manifest's texts in one language, as many as there are, each within the
/// limits of the text that it stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LocaleTexts {
    /// `name`, 1 to 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub name: Option<String>,
    /// `short_name`, 1 to 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub short_name: Option<String>,
    /// `description`, 1 to 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub description: Option<String>,
    /// The text of `window`.
    #[serde(skip_serializing_if = "LocaleWindow::is_empty")]
    #[schemars(default)]
    pub window: LocaleWindow,
    /// The texts of the tabs, in their order, all of them or none; each 1 to 16
    /// characters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default, length(max = 5), inner(length(min = 1, max = 16)))]
    pub tab_bar: Vec<String>,
    /// What the permissions are for, by their names; each 1 to 200 characters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default, extend("propertyNames" = { "$ref": "#/$defs/Capability" }))]
    pub reasons: BTreeMap<Capability, String>,
}

/// The text of `window` in another language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LocaleWindow {
    /// The title, 1 to 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub navigation_bar_title_text: Option<String>,
}

impl LocaleWindow {
    fn is_empty(&self) -> bool {
        self.navigation_bar_title_text.is_none()
    }
}

/// A text, and which language it is in where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalText<'a> {
    /// The text.
    pub text: &'a str,
    /// The language, as the manifest spells it.
    pub lang: Option<&'a str>,
}

/// A manifest's texts as somebody sees them; [`Manifest::localized`] makes it.
#[derive(Debug, Clone)]
pub struct Localized<'a> {
    manifest: &'a Manifest,
    /// The languages that fit, the best first.
    found: Vec<(&'a LanguageTag, &'a LocaleTexts)>,
}

impl Manifest {
    /// The texts for somebody who asks for `locale`, a BCP 47 tag: for each text
    /// the language of `locales` that fits best and has it, looked up as RFC 4647
    /// says (exact, then ever shorter tags), else the manifest's own. Where the
    /// manifest's own language fits better, nothing else is looked up; a tag that
    /// is none fits nothing.
    pub fn localized(&self, locale: &str) -> Localized<'_> {
        let mut found = Vec::new();
        let asked = if self.locales.is_empty() { None } else { LanguageTag::read(locale) };
        let own = self.lang.as_deref().and_then(LanguageTag::read);
        for range in asked.iter().flat_map(LanguageTag::ranges) {
            if own.as_ref().is_some_and(|own| own.as_str() == range) {
                break;
            }
            found.extend(self.locales.iter().find(|(tag, _)| tag.as_str() == range));
        }
        Localized { manifest: self, found }
    }
}

impl<'a> Localized<'a> {
    /// The language of `locales` that fits best; `None` where none does.
    pub fn locale(&self) -> Option<&'a str> {
        self.found.first().map(|(tag, _)| tag.as_str())
    }

    /// The name.
    pub fn name(&self) -> LocalText<'a> {
        self.one(|texts| texts.name.as_deref()).unwrap_or(self.own(&self.manifest.name))
    }

    /// The name for where there is little room; the whole one where there is no
    /// other.
    pub fn short_name(&self) -> LocalText<'a> {
        let own = || self.manifest.short_name.as_deref().map(|text| self.own(text));
        self.one(|texts| texts.short_name.as_deref()).or_else(own).unwrap_or_else(|| self.name())
    }

    /// What it is good for.
    pub fn description(&self) -> Option<LocalText<'a>> {
        let own = || self.manifest.description.as_deref().map(|text| self.own(text));
        self.one(|texts| texts.description.as_deref()).or_else(own)
    }

    /// The title of its pages; its name where the manifest names none.
    pub fn title(&self) -> LocalText<'a> {
        let own = || self.manifest.window.navigation_bar_title_text.as_deref().map(|text| self.own(text));
        let title = self.one(|texts| texts.window.navigation_bar_title_text.as_deref());
        title.or_else(own).unwrap_or_else(|| self.name())
    }

    /// What the tabs say, in their order; nothing without a bar.
    pub fn tabs(&self) -> Vec<LocalText<'a>> {
        let items = self.manifest.tab_bar.iter().flat_map(|bar| &bar.items).enumerate();
        let text = |(position, tab): (usize, &'a Tab)| {
            let text = self.one(|texts| texts.tab_bar.get(position).map(String::as_str));
            text.unwrap_or(self.own(&tab.text))
        };
        items.map(text).collect()
    }

    /// What a permission is for; `None` where it is not requested.
    pub fn reason(&self, capability: Capability) -> Option<LocalText<'a>> {
        let own = || self.manifest.permission(capability).map(|permission| self.own(&permission.reason));
        self.one(|texts| texts.reasons.get(&capability).map(String::as_str)).or_else(own)
    }

    fn one(&self, get: impl Fn(&'a LocaleTexts) -> Option<&'a str>) -> Option<LocalText<'a>> {
        let mut found = self.found.iter().copied();
        found.find_map(|(tag, texts)| Some(LocalText { text: get(texts)?, lang: Some(tag.as_str()) }))
    }

    fn own(&self, text: &'a str) -> LocalText<'a> {
        LocalText { text, lang: self.manifest.lang.as_deref() }
    }
}
