//! Decides how far a permission goes: which part of a capability a program asks
//! for. Only what the host enforces can be said: which keys of the storage a
//! program may use, and which servers' pictures it may show.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::HostPattern;
use crate::capability::Capability;

/// Most prefixes of one scope.
pub const PREFIXES_MAX: usize = 16;
/// Longest prefix, in characters.
pub const PREFIX_CHARS_MAX: usize = 64;

/// Most hosts of one scope.
pub const HOSTS_MAX: usize = 16;

/// How far a permission goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scope {
    /// Of `storage`.
    Keys(KeyScope),
    /// Of `image`.
    Hosts(HostScope),
}

impl Scope {
    /// Whether a permission for `capability` is none without a scope: a program says
    /// whose pictures it shows.
    pub const fn is_required_for(capability: Capability) -> bool {
        matches!(capability, Capability::Image)
    }

    /// Whether this permits everything that `other` does. Those of two capabilities
    /// have nothing in common.
    pub fn covers(&self, other: &Scope) -> bool {
        match (self, other) {
            (Scope::Keys(keys), Scope::Keys(other)) => keys.covers(other),
            (Scope::Hosts(hosts), Scope::Hosts(other)) => hosts.covers(other),
            (Scope::Keys(_), Scope::Hosts(_)) | (Scope::Hosts(_), Scope::Keys(_)) => false,
        }
    }
}

impl fmt::Display for Scope {
    /// What is within it, for a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Keys(keys) => keys.fmt(f),
            Scope::Hosts(hosts) => hosts.fmt(f),
        }
    }
}

/// How far the permission `storage` goes. Without a scope it goes as far as the
/// capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KeyScope {
    /// Keys that begin with one of these can be used, others cannot: 1 to 16 texts
    /// of 1 to 64 characters.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 64)))]
    pub prefixes: Vec<String>,
}

impl KeyScope {
    /// Whether this permits everything that `other` does.
    pub fn covers(&self, other: &KeyScope) -> bool {
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

impl fmt::Display for KeyScope {
    /// What a key has to be: "a key that begins with `cart.` or `order/`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key that begins with {}", one_of(&self.prefixes))
    }
}

/// How far the permission `image` goes: it has to say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct HostScope {
    /// The servers whose pictures can be shown, no others: 1 to 16 host names,
    /// `cdn.example.org` or `*.example.org` for all names below one.
    #[schemars(length(min = 1, max = 16))]
    pub hosts: Vec<HostPattern>,
}

impl HostScope {
    /// Whether this permits everything that `other` does.
    pub fn covers(&self, other: &HostScope) -> bool {
        other.hosts.iter().all(|wanted| self.hosts.iter().any(|host| host.covers(wanted)))
    }

    /// Whether pictures of the server with this name, in lower case, can be shown.
    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| pattern.matches(host))
    }
}

impl fmt::Display for HostScope {
    /// Which pictures: "pictures from `cdn.example.org` or `*.example.net`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pictures from {}", one_of(&self.hosts))
    }
}

fn one_of(texts: &[impl fmt::Display]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(prefixes: &[&str]) -> KeyScope {
        KeyScope { prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect() }
    }

    fn hosts(patterns: &[&str]) -> HostScope {
        HostScope { hosts: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect() }
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
    fn servers_are_covered_by_name_and_by_what_they_lie_below() {
        let wide = hosts(&["example.org", "*.example.net"]);
        for (other, covered) in [
            (&["example.org"][..], true),
            (&["a.example.net", "*.b.example.net", "example.org"], true),
            (&["example.net"], false),
            (&["*.example.org"], false),
            (&["example.org", "other.net"], false),
        ] {
            assert_eq!(wide.covers(&hosts(other)), covered, "{other:?}");
        }
        assert!(wide.has_host("example.org") && wide.has_host("a.b.example.net"));
        assert!(!wide.has_host("a.example.org") && !wide.has_host("example.net") && !wide.has_host(""));
        assert_eq!(wide.to_string(), "pictures from `example.org` or `*.example.net`");
        let (keys, hosts) = (Scope::Keys(scope(&["e"])), Scope::Hosts(wide));
        assert!(keys.covers(&keys) && hosts.covers(&hosts) && !keys.covers(&hosts) && !hosts.covers(&keys));
        assert_eq!(serde_json::to_string(&keys).unwrap(), r#"{"prefixes":["e"]}"#);
        assert_eq!(serde_json::to_string(&hosts).unwrap(), r#"{"hosts":["example.org","*.example.net"]}"#);
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
