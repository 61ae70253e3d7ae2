//! Logs in to a registry: a name and a password with each request, or a token from
//! a token server for one repository. A token server is named by the registry and
//! may be on another host; it gets the login only by HTTPS, unless the registry
//! itself is spoken to without.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use super::{credentials::Credential, error::OciError, http::Transport};

/// Largest answer of a token server, in bytes. Tokens have a few thousand.
const TOKEN_BYTES_MAX: u64 = 128 * 1024;
/// What token servers call this program.
const CLIENT_ID: &str = "mprun";

/// What a registry asks for.
pub(super) struct Asked<'a> {
    /// The token server's address.
    pub(super) realm: &'a str,
    /// What the registry is called there.
    pub(super) service: Option<&'a str>,
    /// What the token is to be good for.
    pub(super) scope: &'a str,
}

/// The header for a name and a password; `None` if there is no such header.
pub(super) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// Fetches a token; without a login, one for everybody. `None` if the token server
/// refuses.
pub(super) async fn token(
    transport: &Transport,
    asked: Asked<'_>,
    credential: Option<&Credential>,
    plain: bool,
) -> Result<Option<HeaderValue>, OciError> {
    let broken = |problem: &str| OciError::Protocol { host: transport.host().to_owned(), problem: problem.to_owned() };
    let mut url = Url::parse(asked.realm).map_err(|_| broken("the address of its token server is none"))?;
    if url.scheme() != "https" && !(plain && url.scheme() == "http") {
        return Err(broken("its token server cannot be reached by HTTPS"));
    }
    let parameters = [("service", asked.service), ("scope", Some(asked.scope)), ("client_id", Some(CLIENT_ID))];
    let parameters = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let request = match credential {
        Some(Credential::Identity(token)) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(parameters)
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token);
            let form = form.finish();
            transport.client().post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
        }
        other => {
            url.query_pairs_mut().extend_pairs(parameters);
            let request = transport.client().get(url);
            match other {
                Some(Credential::Basic { user, password }) => match basic(user, password) {
                    Some(header) => request.header(AUTHORIZATION, header),
                    None => return Ok(None),
                },
                _ => request,
            }
        }
    };
    let answer = transport.send(request).await?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => return Ok(None),
        status => {
            let message = format!("asked for a token: {}", transport.complaint(answer).await);
            return Err(OciError::Status { host: transport.host().to_owned(), status: status.as_u16(), message });
        }
    }
    let answer = transport.document(answer, "a token", TOKEN_BYTES_MAX).await?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| broken("its token server sends no token"))?;
    let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| broken("its token server sends no token"))?;
    match secret(&format!("Bearer {token}")) {
        Some(header) => Ok(Some(header)),
        None => Err(broken("its token server sends a token with characters that no token has")),
    }
}

/// Token servers use one name or the other, or both.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// A header that is shown nowhere.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_header_that_is_shown_nowhere() {
        let header = basic("anna", "secret").unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic YW5uYTpzZWNyZXQ=");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert!(secret("Bearer a\nb").is_none());
        assert!(secret("Bearer a\u{0}b").is_none());
    }
}
