//! Decides which language a program is asked for: the first that the browser
//! names, which is the one that the user likes best. Anything that is not a
//! language tag counts as not said, because programs get it as it is.

use axum::http::{HeaderMap, header};
use mprun_core::manifest::LanguageTag;
use mprun_host::{Direction, Environment, Theme};

/// Where nothing is said.
const FALLBACK: &str = "en";

/// Languages written from right to left.
const RIGHT_TO_LEFT: &[&str] = &["ar", "arc", "ckb", "dv", "fa", "he", "nqo", "ps", "sd", "ug", "ur", "yi"];

/// What programs are told about the user's side. The page's colours follow the
/// browser by style, and there is no way to know its time zone without script.
pub(crate) fn environment(headers: &HeaderMap) -> Environment {
    let locale = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split([',', ';']).next())
        .and_then(|tag| LanguageTag::read(tag.trim()))
        .map_or_else(|| FALLBACK.to_owned(), |tag| tag.to_string());
    let direction = direction(&locale);
    Environment { locale, direction, time_zone: "UTC".to_owned(), theme: Theme::Light }
}

/// Which way a language is written.
pub(crate) fn direction(tag: &str) -> Direction {
    let language = tag.split('-').next().unwrap_or_default();
    if RIGHT_TO_LEFT.contains(&language) { Direction::Rtl } else { Direction::Ltr }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(value: &str) -> String {
        environment(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value.parse().unwrap())])).locale
    }

    #[test]
    fn the_first_language_wins_in_its_usual_spelling() {
        assert_eq!(locale("de-AT,de;q=0.9,en;q=0.8"), "de-AT");
        assert_eq!(locale("ZH-hant-tw"), "zh-Hant-TW");
        assert_eq!(locale("es-419;q=1"), "es-419");
        assert_eq!(environment(&HeaderMap::new()).locale, "en");
    }

    #[test]
    fn what_is_not_a_language_tag_counts_as_not_said() {
        for bad in ["", "*", "x", "e n", "en_US", "en-", "-en", "en-<b>", "12", "en-abcdefghi", &"en-aaaa".repeat(9)] {
            assert_eq!(locale(bad), "en", "{bad}");
        }
    }

    #[test]
    fn arabic_is_written_from_right_to_left() {
        assert_eq!(direction("ar-EG"), Direction::Rtl);
        assert_eq!(direction("az-Arab"), Direction::Ltr);
        assert_eq!(direction("en"), Direction::Ltr);
    }
}
