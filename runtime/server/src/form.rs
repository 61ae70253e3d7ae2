//! Reads what a page's form posts, and refuses what no page of ours can have
//! sent: too many fields, a control field twice, a number that is none. Control
//! fields (`_…`) are the host's; of the others only `f.<key>` is passed on.

use mprun_core::patch::ViewId;
use mprun_host::PageRef;

/// Fields that one post may have.
pub(crate) const FIELDS_MAX: usize = 1_000;

/// A page's form, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    /// Which page: `_page` or `_recipe`.
    pub(crate) page: PageRef,
    /// `_nonce`: which rendering of it.
    pub(crate) nonce: String,
    /// `_seq`: which event of that rendering.
    pub(crate) seq: u64,
    /// `_h`: the token of the button; `None` when Enter was pressed.
    pub(crate) token: Option<String>,
    /// `_back`: the title bar's back button.
    pub(crate) back: bool,
    /// `_keep`: nothing was pressed; a script keeps what was typed.
    pub(crate) keep: bool,
    /// `_base`: what the page shows, as far as a script says so.
    pub(crate) base: Option<ViewId>,
    /// `_skin`: what stands around that, see [`crate::shell::Shell::skin`].
    pub(crate) skin: Option<String>,
    /// All `f.<key>` fields.
    pub(crate) fields: Vec<(String, String)>,
}

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PostError {
    /// More than [`FIELDS_MAX`].
    TooManyFields,
    /// A control field is missing, doubled, unknown or not what it should be.
    Control(&'static str),
}

impl Post {
    /// Reads a body of the kind `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// What cannot have come from a page of this server.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, PostError> {
        let mut page = None;
        let mut recipe = None;
        let mut nonce = None;
        let mut seq = None;
        let mut token = None;
        let mut back = None;
        let mut keep = None;
        let mut base = None;
        let mut skin = None;
        let mut fields = Vec::new();
        for (position, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
            if position >= FIELDS_MAX {
                return Err(PostError::TooManyFields);
            }
            if name.starts_with("f.") {
                fields.push((name.into_owned(), value.into_owned()));
                continue;
            }
            let (place, what) = match name.as_ref() {
                "_page" => (&mut page, "_page"),
                "_recipe" => (&mut recipe, "_recipe"),
                "_nonce" => (&mut nonce, "_nonce"),
                "_seq" => (&mut seq, "_seq"),
                "_h" => (&mut token, "_h"),
                "_back" => (&mut back, "_back"),
                "_keep" => (&mut keep, "_keep"),
                "_base" => (&mut base, "_base"),
                "_skin" => (&mut skin, "_skin"),
                // A field without a key is nobody's.
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(PostError::Control(what));
            }
        }
        let page = match (page, recipe) {
            (Some(id), None) => PageRef::Stored(id.parse().map_err(|_| PostError::Control("_page"))?),
            (None, Some(recipe)) if !recipe.is_empty() => PageRef::Recipe(recipe),
            _ => return Err(PostError::Control("_page")),
        };
        let seq = match seq {
            None => 0,
            Some(text) => text.parse().map_err(|_| PostError::Control("_seq"))?,
        };
        Ok(Self {
            page,
            nonce: nonce.filter(|nonce| !nonce.is_empty()).ok_or(PostError::Control("_nonce"))?,
            seq,
            token: token.filter(|token| !token.is_empty()),
            back: back.is_some(),
            keep: keep.is_some(),
            base: base.and_then(|base| base.parse().ok()),
            skin,
            fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "AAECAwQFBgcICQoLDA0ODw";

    #[test]
    fn a_form_is_read() {
        let body = format!("_page={PAGE}&_nonce=n&_seq=3&_h=TOKEN&f.k1=caf%C3%A9+au+lait&f.k2=a%0D%0Ab&other=1");
        let post = Post::parse(body.as_bytes()).unwrap();
        assert_eq!(post.page, PageRef::Stored(PAGE.parse().unwrap()));
        assert_eq!((post.nonce.as_str(), post.seq, post.token.as_deref(), post.back), ("n", 3, Some("TOKEN"), false));
        assert_eq!(
            post.fields,
            [("f.k1".to_owned(), "café au lait".to_owned()), ("f.k2".to_owned(), "a\r\nb".to_owned())]
        );
    }

    #[test]
    fn a_script_says_what_the_page_shows() {
        let post = Post::parse(b"_recipe=r&_nonce=n&_keep=1&_base=AAAAAAAAAAA&f.k=1").unwrap();
        assert!(post.keep && post.token.is_none() && post.base == "AAAAAAAAAAA".parse().ok());
        assert_eq!(Post::parse(b"_recipe=r&_nonce=n&_base=else").unwrap().base, None);
        assert_eq!(Post::parse(b"_recipe=r&_nonce=n&_base=a&_base=a"), Err(PostError::Control("_base")));
        assert_eq!(post.skin, None);
        assert_eq!(Post::parse(b"_recipe=r&_nonce=n&_skin=ab").unwrap().skin.as_deref(), Some("ab"));
        assert_eq!(Post::parse(b"_recipe=r&_nonce=n&_skin=a&_skin=a"), Err(PostError::Control("_skin")));
    }

    #[test]
    fn enter_and_back_are_told_apart() {
        let enter = Post::parse(b"_recipe=r&_nonce=n&_h=").unwrap();
        assert_eq!((enter.token, enter.back, enter.seq), (None, false, 0));
        assert_eq!(enter.page, PageRef::Recipe("r".to_owned()));
        assert!(Post::parse(b"_recipe=r&_nonce=n&_back=").unwrap().back);
    }

    #[test]
    fn what_no_page_of_ours_sends_is_refused() {
        for (body, why) in [
            ("", "_page"),
            ("_page=x&_nonce=n", "_page"),
            ("_recipe=&_nonce=n", "_page"),
            ("_page=AAECAwQFBgcICQoLDA0ODw&_recipe=r&_nonce=n", "_page"),
            ("_recipe=r&_recipe=r&_nonce=n", "_recipe"),
            ("_recipe=r", "_nonce"),
            ("_recipe=r&_nonce=", "_nonce"),
            ("_recipe=r&_nonce=n&_seq=x", "_seq"),
            ("_recipe=r&_nonce=n&_seq=-1", "_seq"),
            ("_recipe=r&_nonce=n&_h=a&_h=b", "_h"),
        ] {
            assert_eq!(Post::parse(body.as_bytes()), Err(PostError::Control(why)), "{body}");
        }
        let body = format!("_recipe=r&_nonce=n{}", "&f.a=1".repeat(FIELDS_MAX - 2));
        assert_eq!(Post::parse(body.as_bytes()).unwrap().fields.len(), FIELDS_MAX - 2);
        let body = format!("{body}&f.a=1");
        assert_eq!(Post::parse(body.as_bytes()), Err(PostError::TooManyFields));
    }
}
