//! Decides who a request comes from: the holder of a random cookie that this
//! server gave out. Nothing is stored for it. What programs and rows see is a
//! one-way hash, so that neither a database nor a log can be used to become
//! somebody. A cookie that this server cannot have made is replaced.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mprun_core::identity::UserId;

/// The cookie's name.
const NAME: &str = "mprun";

/// Random bytes in it.
const BYTES: usize = 32;

/// How long a browser keeps it, in seconds: a year from the last event.
const MAX_AGE_S: u32 = 365 * 24 * 60 * 60;

/// Bytes of a user id: enough that no two users ever share one.
const ID_BYTES: usize = 24;

/// Reads cookies and makes them.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    hasher: blake3::Hasher,
    secure: bool,
    /// Users who are somebody else: whom a link was given to, by their cookie.
    joined: Arc<RwLock<HashMap<String, UserId>>>,
}

/// One user, and the cookie that says so.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// The name under which rows are kept.
    pub(crate) id: UserId,
    cookie: String,
}

impl Users {
    /// `secure`: the cookie is only sent over https.
    pub(crate) fn new(secure: bool) -> Self {
        Self {
            hasher: blake3::Hasher::new_derive_key("mprun-server 2026-11-22 user id of a cookie"),
            secure,
            joined: Arc::default(),
        }
    }

    /// The user of a request, if it brings a cookie that this server can have
    /// made; of several, the first such.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<User> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
            .find_map(|cookie| self.user(cookie))
    }

    /// A user who was not here before; `None` where the system has no random
    /// bytes to give.
    pub(crate) fn create(&self) -> Option<User> {
        let mut secret = [0; BYTES];
        getrandom::fill(&mut secret).ok()?;
        Some(User { id: self.id(&secret)?, cookie: URL_SAFE_NO_PAD.encode(secret) })
    }

    /// Another browser of a user, as long as this process lives; `None` where the
    /// system has no random bytes to give.
    pub(crate) fn join(&self, id: &UserId) -> Option<User> {
        let user = User { id: id.clone(), ..self.create()? };
        self.joined.write().unwrap_or_else(PoisonError::into_inner).insert(user.cookie.clone(), id.clone());
        Some(user)
    }

    /// The header that gives the cookie to the browser, or keeps it alive there.
    pub(crate) fn set_cookie(&self, user: &User) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{NAME}={}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax{secure}", user.cookie);
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn user(&self, cookie: &str) -> Option<User> {
        let mut secret = [0; BYTES];
        // The engine refuses padding and unused bits, so a secret has one spelling.
        let length = URL_SAFE_NO_PAD.decode_slice(cookie, &mut secret).ok()?;
        if length != BYTES {
            return None;
        }
        let joined = self.joined.read().unwrap_or_else(PoisonError::into_inner).get(cookie).cloned();
        let id = match joined {
            Some(id) => id,
            None => self.id(&secret)?,
        };
        Some(User { id, cookie: cookie.to_owned() })
    }

    fn id(&self, secret: &[u8; BYTES]) -> Option<UserId> {
        let mut bytes = [0; ID_BYTES];
        self.hasher.clone().update(secret).finalize_xof().fill(&mut bytes);
        // The alphabet of base64url is exactly that of user ids.
        URL_SAFE_NO_PAD.encode(bytes).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_cookie_names_the_same_user_again_and_does_not_show_in_the_id() {
        let users = Users::new(false);
        let user = users.create().unwrap();
        let set = users.set_cookie(&user).unwrap().to_str().unwrap().to_owned();
        let (pair, attributes) = set.split_once(';').unwrap();
        assert_eq!(attributes, " Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
        let again = users.of(&headers(&format!("theme=dark; {pair}"))).unwrap();
        assert_eq!(again.id, user.id);
        assert_eq!(user.id.as_str().len(), 32);
        assert!(!set.contains(user.id.as_str()));
        assert_ne!(user.id, users.create().unwrap().id);
        assert!(Users::new(true).set_cookie(&user).unwrap().to_str().unwrap().ends_with("; Secure"));
    }

    #[test]
    fn who_was_let_in_is_the_user_who_let_them_in() {
        let users = Users::new(false);
        let (local, joined) = (UserId::local(), users.join(&UserId::local()).unwrap());
        assert_eq!(users.of(&headers(&format!("mprun={}", joined.cookie))).unwrap().id, local);
        assert_ne!(Users::new(false).of(&headers(&format!("mprun={}", joined.cookie))).unwrap().id, local);
    }

    #[test]
    fn a_cookie_that_this_server_cannot_have_made_names_nobody() {
        let users = Users::new(false);
        let good = users.create().unwrap().cookie;
        for bad in [
            "",
            "mprun=",
            "mprun=abc",
            &format!("mprun={good}="),
            &format!("mprun={good}A"),
            &format!("mprunx={good}"),
            &format!("xmprun={good}"),
            &format!("mprun={}!", &good[..42]),
            // Bits that 32 bytes do not have.
            &format!("mprun={}_", "A".repeat(42)),
        ] {
            assert!(users.of(&headers(bad)).is_none(), "{bad}");
        }
        assert!(users.of(&headers(&format!("mprun=junk; mprun={good}"))).is_some());
    }
}
