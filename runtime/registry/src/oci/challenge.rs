//! Reads how a registry wants to be logged in to: the header `WWW-Authenticate`,
//! one or several challenges in one or several lines. Of those that we know, a
//! token comes before a password.

/// A way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Fetch a token from a token server.
    Bearer {
        /// The token server's address.
        realm: String,
        /// What to call the registry there.
        service: Option<String>,
    },
    /// Send name and password each time.
    Basic,
}

/// The best of the challenges in these headers.
pub(super) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut chosen = None;
    for found in headers.flat_map(parse) {
        match found.scheme.as_str() {
            "bearer" => {
                let value = |name: &str| {
                    let found = found.parameters.iter().find(|(key, _)| key == name);
                    found.map(|(_, value)| value.clone())
                };
                if let Some(realm) = value("realm") {
                    return Some(Challenge::Bearer { realm, service: value("service") });
                }
            }
            "basic" => chosen = Some(Challenge::Basic),
            _ => {}
        }
    }
    chosen
}

struct Found {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// The challenges of one header. What is not understood ends the reading.
fn parse(header: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = token(rest);
        if word.is_empty() {
            return all;
        }
        // A word is a parameter if `=` follows, else it begins the next challenge.
        let Some(value) = after.trim_start().strip_prefix('=') else {
            all.push(Found { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
            rest = after;
            continue;
        };
        let Some((value, after)) = value_at(value.trim_start()) else { return all };
        if let Some(found) = all.last_mut() {
            found.parameters.push((word.to_ascii_lowercase(), value));
        }
        rest = after;
    }
}

/// The token at the beginning of a text, and what follows.
fn token(text: &str) -> (&str, &str) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !is_token(c)).unwrap_or(text.len()))
}

/// The value of a parameter, quoted or not, and what follows.
fn value_at(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = token(text);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(rest.next()?),
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
    }

    #[test]
    fn a_token_comes_before_a_password() {
        let cases: &[(&[&str], Option<Challenge>)] = &[
            (&["Basic realm=\"basic-realm\""], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &["Bearer realm=\"https://a.io/token\",service=\"r.io\",scope=\"repository:b:pull,push\""],
                bearer("https://a.io/token", Some("r.io")),
            ),
            (&["bearer  Realm = \"https://a.io/token\""], bearer("https://a.io/token", None)),
            (&["Basic realm=\"a, Bearer realm=b\", Bearer realm=\"https://a.io\""], bearer("https://a.io", None)),
            (&["Basic realm=\"r\"", "Bearer realm=\"https://a.io\""], bearer("https://a.io", None)),
            (&["Negotiate abc==, Basic realm=r"], None),
            (&["Negotiate, Basic realm=r"], Some(Challenge::Basic)),
            (&["Bearer service=\"x\""], None),
            (&["Bearer realm=\"open"], None),
            (&["Bearer realm=\"a\\\"b\""], bearer("a\"b", None)),
            (&["realm=\"x\""], None),
            (&["", ",,,", "\u{e9}"], None),
            (&[], None),
        ];
        for (headers, chosen) in cases {
            assert_eq!(choose(headers.iter().copied()), *chosen, "{headers:?}");
        }
    }
}
