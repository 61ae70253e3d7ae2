//! Decides what a checked view looks like: as HTML, as text, as JSON. Nothing
//! else does. Programs give elements, attributes and texts of closed sets; what
//! they give as text stays text ([`escape`]).

use std::borrow::Cow;

pub mod accent;
pub mod escape;
pub mod html;
pub mod json;
pub mod text;

/// The default look of what [`html`] writes; every rule is under `.mp-page`.
/// [`accent::Accent::declarations`] may be set around it.
pub const STYLE: &str =
    concat!(include_str!("style.css"), include_str!("html/fields.css"), include_str!("html/structure.css"));

/// The few words that the host itself puts into a view, in the user's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Hands over a changed field that stands in no form.
    pub apply: Cow<'static, str>,
    /// Stands in a picker where nothing is chosen.
    pub choose: Cow<'static, str>,
    /// Asks for what follows at the end of a list.
    pub more: Cow<'static, str>,
    /// Asks for everything anew.
    pub refresh: Cow<'static, str>,
    /// Closes a dialog.
    pub close: Cow<'static, str>,
}

impl Words {
    /// The words in the language of a tag such as `zh-Hans`; in English where we do
    /// not speak it.
    pub fn of(locale: &str) -> Self {
        let language = locale.split('-').next().unwrap_or_default();
        let [apply, choose, more, refresh, close] = match language.to_ascii_lowercase().as_str() {
            "zh" => ["应用", "请选择…", "更多", "刷新", "关闭"],
            "ar" => ["تطبيق", "اختر…", "المزيد", "تحديث", "إغلاق"],
            _ => ["Apply", "Choose…", "More", "Refresh", "Close"],
        };
        Self {
            apply: Cow::Borrowed(apply),
            choose: Cow::Borrowed(choose),
            more: Cow::Borrowed(more),
            refresh: Cow::Borrowed(refresh),
            close: Cow::Borrowed(close),
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> [&str; 5] {
        [&self.apply, &self.choose, &self.more, &self.refresh, &self.close]
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::of("en")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_the_users_language_or_in_english() {
        assert_eq!(Words::of("zh-Hans").all(), Words::of("ZH").all());
        assert_eq!(Words::of("de-AT"), Words::default());
        assert_eq!(Words::of(""), Words::default());
        for language in ["en", "zh", "ar"] {
            let words = Words::of(language);
            assert!(words.all().iter().all(|word| !word.is_empty()), "{language}");
            let others = words.all().into_iter().filter(|word| Words::default().all().contains(word)).count();
            assert_eq!(others, if language == "en" { 5 } else { 0 }, "{language}");
        }
    }
}
