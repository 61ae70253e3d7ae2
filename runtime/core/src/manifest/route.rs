//! Decides how a page's route is spelled: it is part of an address and of a key
//! of stored rows.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::identity::quoted;

/// Longest route, in bytes, for messages and the schema.
pub(crate) const ROUTE_BYTES_MAX: usize = 64;

/// Why a text is no page route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a page route: names of lower-case letters, digits and `-` that begin with a letter, `/` between them, at most {ROUTE_BYTES_MAX} bytes, got `{got}`"
)]
pub struct PageRouteError {
    /// What was found, cut to a readable length.
    pub got: String,
}

/// The route of a page: `[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)*`, at most 64 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PageRoute(String);

impl PageRoute {
    /// The route as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageRoute {
    type Err = PageRouteError;
    fn from_str(text: &str) -> Result<Self, PageRouteError> {
        // The grammar itself stands where views are checked, so that every page
        // can be named by a link.
        if mprun_frame::url::is_route(text) {
            Ok(PageRoute(text.to_owned()))
        } else {
            Err(PageRouteError { got: quoted(text) })
        }
    }
}

impl fmt::Display for PageRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PageRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageRoute({})", self.0)
    }
}

impl JsonSchema for PageRoute {
    fn schema_name() -> Cow<'static, str> {
        "PageRoute".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": ROUTE_BYTES_MAX,
            "pattern": "^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_one_spelling() {
        for good in ["index", "orders/detail", "a/b-2/c", &"a".repeat(64)] {
            assert_eq!(good.parse::<PageRoute>().unwrap().as_str(), good);
        }
        for bad in ["", "/", "/a", "a/", "a//b", "A", "1a", "a/1", "-a", "a_b", "a.b", "..", "a?b", &"a".repeat(65)] {
            assert!(bad.parse::<PageRoute>().is_err(), "{bad}");
        }
    }
}
