//! Which language the user reads while the program is called, and what the SDK
//! itself says in it: why a field is refused, why something was not done. In
//! English where it does not speak the language.

use std::cell::Cell;

use crate::look::Environment;

/// Letters of a language's tag; whatever has more is no language that we know.
const LETTERS_MAX: usize = 8;

/// A language: the first part of a tag, such as `zh`, in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    letters: [u8; LETTERS_MAX],
    length: usize,
}

impl Language {
    const ENGLISH: Self = Self { letters: *b"en\0\0\0\0\0\0", length: 2 };

    fn of(tag: &str) -> Self {
        if tag.len() > LETTERS_MAX {
            return Self::ENGLISH;
        }
        let mut letters = [0; LETTERS_MAX];
        for (letter, given) in letters.iter_mut().zip(tag.bytes()) {
            *letter = given.to_ascii_lowercase();
        }
        Self { letters, length: tag.len() }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..self.length).unwrap_or_default();
        std::str::from_utf8(letters).unwrap_or_default()
    }
}

thread_local! {
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::ENGLISH) };
}

/// The language of the user who is being answered; English outside of a call.
pub fn spoken() -> Language {
    LANGUAGE.get()
}

/// Until this is dropped, the user's language is spoken.
#[derive(Debug)]
pub(crate) struct Speaking(Language);

/// From now on the language of this environment is spoken.
pub(crate) fn speak(environment: &Environment) -> Speaking {
    Speaking(LANGUAGE.replace(Language::of(environment.language())))
}

impl Drop for Speaking {
    fn drop(&mut self) {
        LANGUAGE.set(self.0);
    }
}

macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $chinese:literal, $arabic:literal;)*) => {
        /// What the SDK says to users. A `{}` is a number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Sentence {
            $($(#[$doc])* $name,)*
        }

        impl Sentence {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// In the user's language.
            pub(crate) fn text(self) -> &'static str {
                let [english, chinese, arabic] = match self { $(Self::$name => [$english, $chinese, $arabic],)* };
                match spoken().as_str() {
                    "zh" => chinese,
                    "ar" => arabic,
                    _ => english,
                }
            }
        }
    };
}

sentences! {
    /// A field is empty.
    Missing: "Please fill this in.", "请填写此项。", "يرجى ملء هذا الحقل.";
    /// A box is not ticked.
    Tick: "Please tick this.", "请勾选此项。", "يرجى تحديد هذا المربع.";
    /// Something else than yes and no.
    YesOrNo: "Yes or no?", "是还是否？", "نعم أم لا؟";
    /// No number.
    Number: "Please give a number.", "请填写数字。", "يرجى إدخال عدد.";
    /// No whole number.
    WholeNumber: "Please give a whole number.", "请填写整数。", "يرجى إدخال عدد صحيح.";
    /// A number that is too small.
    AtLeast: "At least {}.", "不能小于 {}。", "لا أقل من {}.";
    /// A number that is too large.
    AtMost: "At most {}.", "不能大于 {}。", "لا أكثر من {}.";
    /// A text that is too short.
    CharactersAtLeast: "At least {} characters.", "至少 {} 个字符。", "عدد الأحرف: {} على الأقل.";
    /// A text that is too long.
    CharactersAtMost: "At most {} characters.", "最多 {} 个字符。", "عدد الأحرف: {} على الأكثر.";
    /// None of the options.
    Choose: "Please choose one of these.", "请从这些选项中选择。", "يرجى اختيار أحد هذه الخيارات.";
    /// Whatever else is wrong with a field.
    LookAgain: "Please look at this again.", "请再检查一下此项。", "يرجى مراجعة هذا الحقل.";
    /// Some fields are refused.
    LookAtFields: "Please look at what you filled in.", "请检查您填写的内容。", "يرجى مراجعة ما أدخلته.";
    /// There is no such page.
    NotFound: "This does not exist (any more).", "此内容不存在（或已不存在）。", "هذا غير موجود (أو لم يعد موجودًا).";
    /// The host does not permit it.
    NotAllowed: "This program is not allowed to do that.", "此程序无权执行该操作。", "لا يُسمح لهذا البرنامج بذلك.";
    /// A limit of the host is reached.
    TooMuch: "That was too much for now.", "目前操作过多，请稍后再试。", "كان ذلك أكثر من المسموح به الآن.";
    /// The host did not understand it.
    DidNotWork: "That did not work.", "操作未成功。", "لم ينجح ذلك.";
    /// The host could not do it.
    NotNow: "That is not possible right now.", "目前无法执行。", "هذا غير ممكن الآن.";
}

impl Sentence {
    /// With the number that it is about.
    pub(crate) fn with(self, number: impl Into<i128>) -> String {
        self.text().replace("{}", &number.into().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_language(locale: &str) -> Environment {
        Environment::new(vec![("locale".to_owned(), locale.to_owned())])
    }

    #[test]
    fn the_language_of_the_user_is_spoken_for_as_long_as_a_call_lasts() {
        assert_eq!(spoken().as_str(), "en");
        {
            let (chinese, arabic) = (in_language("ZH-Hans-CN"), in_language("ar"));
            let _outer = speak(&chinese);
            assert_eq!((spoken().as_str(), Sentence::Missing.text()), ("zh", "请填写此项。"));
            {
                let _inner = speak(&arabic);
                assert_eq!(Sentence::AtMost.with(9_u8), "لا أكثر من 9.");
            }
            assert_eq!(spoken().as_str(), "zh");
        }
        assert_eq!((spoken().as_str(), Sentence::Missing.text()), ("en", "Please fill this in."));
    }

    #[test]
    fn every_language_tag_is_borne() {
        for (locale, language, said) in [
            ("de-AT", "de", "Yes or no?"),
            ("", "", "Yes or no?"),
            ("abcdefgh", "abcdefgh", "Yes or no?"),
            ("abcdefghi", "en", "Yes or no?"),
            ("中文", "中文", "Yes or no?"),
        ] {
            let environment = in_language(locale);
            let _speaking = speak(&environment);
            assert_eq!((spoken().as_str(), Sentence::YesOrNo.text()), (language, said), "{locale}");
        }
    }

    #[test]
    fn every_sentence_is_there_in_every_language() {
        let said = |locale: &str| {
            let environment = in_language(locale);
            let _speaking = speak(&environment);
            Sentence::ALL.iter().map(|sentence| sentence.text()).collect::<Vec<_>>()
        };
        let english = said("en");
        for (locale, script) in [("zh", '\u{4e00}'..='\u{9fff}'), ("ar", '\u{600}'..='\u{6ff}')] {
            for (here, there) in said(locale).into_iter().zip(&english) {
                assert!(here.chars().any(|letter| script.contains(&letter)), "{locale}: {here}");
                assert_eq!(here.matches("{}").count(), there.matches("{}").count(), "{here}");
            }
        }
    }
}
