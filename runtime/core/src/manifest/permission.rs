//! Reads what a program asks for: which capabilities, what for and how far. A
//! scope that no host enforces is refused: it would promise a user what nobody
//! keeps.

use std::collections::BTreeMap;

use super::{
    HOSTS_MAX, HostPattern, HostScope, KeyScope, PREFIX_CHARS_MAX, PREFIXES_MAX, Permission, ProblemKind,
    REASON_CHARS_MAX, Scope,
    check::{Check, list_words},
    error::nearest,
    json::Json,
    keys::{HOST_SCOPE, KEY_SCOPE, PERMISSION},
};
use crate::capability::Capability;

impl Check {
    pub(super) fn permission(&mut self, json: &Json, path: &str) -> Option<Permission> {
        let object = self.object(json, path.to_owned(), &PERMISSION)?;
        let name = self.required(&object, "name", "the name of a capability", Self::capability);
        let reason = self.required(&object, "reason", "what it is needed for", |check, json, path| {
            check.text(json, path, REASON_CHARS_MAX)
        });
        let read = |check: &mut Self, json: &Json, path: &str| check.scope(json, path, name);
        let scope = if name.is_some_and(Scope::is_required_for) {
            Some(self.required(&object, "scope", "an object with `hosts`", read)?)
        } else {
            self.optional(&object, "scope", read)
        };
        Some(Permission { name: name?, reason: reason?, scope })
    }

    fn capability(&mut self, json: &Json, path: &str) -> Option<Capability> {
        let names = || {
            let grantable = Capability::ALL.into_iter().filter(|c| c.needs_permission());
            grantable.map(Capability::name)
        };
        let known = match json {
            Json::Text(text) => Capability::by_name(text),
            _ => None,
        };
        match known {
            Some(capability) if capability.needs_permission() => Some(capability),
            Some(capability) => {
                let got = format!("\"{capability}\", which needs no permission");
                self.wrong(path, list_words(names()), got)
            }
            None => self.wrong_word(json, path, &names().collect::<Vec<_>>()),
        }
    }

    fn scope(&mut self, json: &Json, path: &str, of: Option<Capability>) -> Option<Scope> {
        // Where the capability is broken, that is the problem to solve first.
        match of? {
            Capability::Storage => self.keys(json, path).map(Scope::Keys),
            Capability::Image => self.hosts(json, path).map(Scope::Hosts),
            other => self.wrong(path, format!("no scope: the capability `{other}` has none"), json),
        }
    }

    fn keys(&mut self, json: &Json, path: &str) -> Option<KeyScope> {
        let object = self.object(json, path.to_owned(), &KEY_SCOPE)?;
        let prefixes = self.required(&object, "prefixes", "a list of prefixes of keys", |check, json, path| {
            let read = |check: &mut Self, json: &Json, path: &str| check.text(json, path, PREFIX_CHARS_MAX);
            let prefixes = check.list(json, path, (1, PREFIXES_MAX), "prefixes of keys", read)?;
            check.no_doubles(path, "", &prefixes);
            Some(prefixes)
        });
        Some(KeyScope { prefixes: prefixes? })
    }

    fn hosts(&mut self, json: &Json, path: &str) -> Option<HostScope> {
        let object = self.object(json, path.to_owned(), &HOST_SCOPE)?;
        let read = |check: &mut Self, json: &Json, path: &str| {
            let hosts: Vec<HostPattern> = check.list(json, path, (1, HOSTS_MAX), "host names", Self::spelled)?;
            check.no_doubles(path, "", &hosts);
            Some(hosts)
        };
        let hosts = self.required(&object, "hosts", "a list of host names", read);
        Some(HostScope { hosts: hosts? })
    }

    /// The reasons in another language; `requested` is `None` where the permissions
    /// themselves are broken.
    pub(super) fn reasons(
        &mut self,
        json: &Json,
        path: &str,
        requested: Option<&[Permission]>,
    ) -> Option<BTreeMap<Capability, String>> {
        let mut reasons = BTreeMap::new();
        for (key, path, json) in self.map(json, path, Capability::ALL.len(), "permissions")? {
            let names: Vec<&'static str> =
                requested.unwrap_or_default().iter().map(|known| known.name.name()).collect();
            let reason = self.text(json, &path, REASON_CHARS_MAX);
            match Capability::by_name(key).filter(|capability| capability.needs_permission()) {
                Some(capability) if requested.is_none() || names.contains(&capability.name()) => {
                    reasons.extend(reason.map(|reason| (capability, reason)));
                }
                Some(_) => {
                    self.wrong::<()>(&path, "a reason for one of `req_permissions`", "another permission");
                }
                None => self.note(path, ProblemKind::UnknownKey { nearest: nearest(key, names) }),
            }
        }
        Some(reasons)
    }
}
