//! Decides how far a permission goes: which part of a capability a program asks
//! for. Only what the host enforces can be said, which so far is which keys of the
//! storage a program may use.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::capability::Capability;

/// Most prefixes of one scope.
pub const PREFIXES_MAX: usize = 16;
/// Longest prefix, in characters.
pub const PREFIX_CHARS_MAX: usize = 64;

/// How far the permission `storage` goes. Without a scope it goes as far as the
/// capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Scope {
    /// Keys that begin with one of these can be used, others cannot: 1 to 16 texts
    /// of 1 to 64 characters.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 64)))]
    pub prefixes: Vec<String>,
}

impl Scope {
    /// Whether a permission for `capability` can have a scope.
    pub const fn is_known_for(capability: Capability) -> bool {
        matches!(capability, Capability::Storage)
    }

    /// Whether this permits everything that `other` does.
    pub fn covers(&self, other: &Scope) -> bool {
        other.prefixes.iter().all(|prefix| self.has_key(prefix))
    }

    /// Whether `key` can be used.
    pub fn has_key(&self, key: &str) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }

    /// Where the keys are that begin with `prefix` and can be used: prefixes in
    /// order, none of which has a key of another one.
    pub fn within<'a>(&'a self, prefix: &'a str) -> Vec<&'a str> {
        if self.has_key(prefix) {
            return vec![prefix];
        }
        let own = self.prefixes.iter().map(String::as_str);
        let mut found: Vec<&str> = own.filter(|own| own.starts_with(prefix)).collect();
        found.sort_unstable();
        found.dedup_by(|later, earlier| later.starts_with(*earlier));
        found
    }
}

impl fmt::Display for Scope {
    /// What a key has to be: "a key that begins with `cart.` or `order/`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefixes: Vec<_> = self.prefixes.iter().map(|prefix| format!("`{prefix}`")).collect();
        write!(f, "a key that begins with {}", prefixes.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(prefixes: &[&str]) -> Scope {
        Scope { prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect() }
    }

    #[test]
    fn a_scope_covers_what_it_permits() {
        let wide = scope(&["order", "cart."]);
        for (other, covered) in [
            (&["order"][..], true),
            (&["order/", "cart.a"], true),
            (&["cart.", "order"], true),
            (&["cart"], false),
            (&["order/", "note"], false),
        ] {
            assert_eq!(wide.covers(&scope(other)), covered, "{other:?}");
        }
        assert!(wide.has_key("order") && wide.has_key("orders/1") && wide.has_key("cart.x"));
        assert!(!wide.has_key("cart") && !wide.has_key("") && !wide.has_key("xorder"));
        assert_eq!(wide.to_string(), "a key that begins with `order` or `cart.`");
    }

    #[test]
    fn a_list_is_of_what_is_permitted() {
        let scope = scope(&["order/", "cart.", "order/old/", "ord"]);
        for (prefix, within) in [
            ("", &["cart.", "ord"][..]),
            ("c", &["cart."]),
            ("cart.", &["cart."]),
            ("cart.x", &["cart.x"]),
            ("order/7", &["order/7"]),
            ("note", &[]),
        ] {
            assert_eq!(scope.within(prefix), within, "{prefix}");
        }
    }
}
