//! What changed from one bundle to the next: found in what they are, told in one
//! text, with a mark wherever the new one could do more than the old one.

use mprun_core::{
    bundle::{
        AssetFile, Bundle, Verified,
        diff::{AssetChange, Change, Difference, ImportChange, Part, PermissionChange, SizeChanges, diff},
        pack,
    },
    capability::Capability,
    identity::Digest,
    manifest::{Category, HostScope, KeyScope, Manifest, Permission, Scope},
};

use crate::fixtures::{Wit, manifest, picture, template};

/// What a bundle is made of.
struct Parts {
    interfaces: Vec<&'static str>,
    manifest: Manifest,
    templates: Vec<&'static str>,
    assets: Vec<AssetFile>,
}

impl Parts {
    fn new() -> Parts {
        Parts {
            interfaces: vec!["clock"],
            manifest: manifest(&["clock"]),
            templates: vec!["one"],
            assets: vec![picture("icon.svg", ""), picture("img/a.svg", "a")],
        }
    }

    fn request(&mut self, name: Capability, prefixes: Option<&[&str]>) {
        let scope = prefixes.map(|prefixes| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect());
        let scope = scope.map(|prefixes| Scope::Keys(KeyScope { prefixes }));
        self.manifest.req_permissions.push(Permission { name, reason: "For the test.".to_owned(), scope });
    }

    /// Requests pictures of these servers.
    fn show(&mut self, hosts: &[&str]) {
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let scope = Some(Scope::Hosts(HostScope { hosts }));
        let (name, reason) = (Capability::Image, "For the test.".to_owned());
        self.manifest.req_permissions.push(Permission { name, reason, scope });
    }

    fn pack(&self) -> Verified<Bundle> {
        let templates: Vec<_> = self.templates.iter().map(|text| template(text)).collect();
        let templates: Vec<_> = templates.iter().map(Vec::as_slice).collect();
        pack(&Wit::new(&self.interfaces).component(), &self.manifest, &templates, None, &self.assets).unwrap()
    }
}

/// A change to the parts of a bundle.
type Edit = fn(&mut Parts);

/// One step from an old bundle to a new one, and what has to be said of it.
struct Case {
    what: &'static str,
    old: Edit,
    new: Edit,
    lines: &'static [&'static str],
    widenings: &'static [&'static str],
    parts: &'static [Part],
}

const BOTH: &[Part] = &[Part::Component, Part::Manifest];
const MANIFEST: &[Part] = &[Part::Manifest];

fn cases() -> Vec<Case> {
    let same: Edit = |_| ();
    vec![
        Case {
            what: "a capability more",
            old: same,
            new: |parts| {
                parts.interfaces.push("toast");
                parts.request(Capability::Toast, None);
            },
            lines: &[
                "! + permission  toast  show a short message over the page: \"For the test.\"",
                "! + functions   toast  show",
            ],
            widenings: &[
                "the permission `toast`: show a short message over the page",
                "imports of `mprun:host/toast`: show",
            ],
            parts: BOTH,
        },
        Case {
            what: "a capability less",
            old: same,
            new: |parts| {
                parts.interfaces.clear();
                parts.manifest.req_permissions.clear();
            },
            lines: &["  - permission  clock  read the time", "  - functions   clock  now"],
            widenings: &[],
            parts: BOTH,
        },
        Case {
            what: "a permission that nothing uses yet",
            old: same,
            new: |parts| parts.request(Capability::Random, None),
            lines: &["! + permission  random  get unpredictable bytes: \"For the test.\""],
            widenings: &["the permission `random`: get unpredictable bytes"],
            parts: MANIFEST,
        },
        Case {
            what: "a permission that is used for the first time",
            old: |parts| parts.request(Capability::Timer, None),
            new: |parts| {
                parts.request(Capability::Timer, None);
                parts.interfaces.push("timer");
            },
            lines: &["! + functions  timer  after, cancel"],
            widenings: &["imports of `mprun:host/timer`: after, cancel"],
            parts: &[Part::Component],
        },
        Case {
            what: "messages for the developer",
            old: same,
            new: |parts| parts.interfaces.push("log"),
            lines: &["  + functions  log  panic, write"],
            widenings: &[],
            parts: &[Part::Component],
        },
        Case {
            what: "a scope for the first time",
            old: |parts| parts.request(Capability::Storage, None),
            new: |parts| parts.request(Capability::Storage, Some(&["cart."])),
            lines: &["  ~ scope  storage  everything → a key that begins with `cart.`"],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "no scope any more",
            old: |parts| parts.request(Capability::Storage, Some(&["cart."])),
            new: |parts| parts.request(Capability::Storage, None),
            lines: &["! ~ scope  storage  a key that begins with `cart.` → everything"],
            widenings: &["the scope of `storage`: a key that begins with `cart.` → everything"],
            parts: MANIFEST,
        },
        Case {
            what: "a narrower scope",
            old: |parts| parts.request(Capability::Storage, Some(&["cart.", "order/"])),
            new: |parts| parts.request(Capability::Storage, Some(&["order/new/"])),
            lines: &[
                "  ~ scope  storage  a key that begins with `cart.` or `order/` → a key that begins with `order/new/`",
            ],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "a scope with something more and something less",
            old: |parts| parts.request(Capability::Storage, Some(&["cart."])),
            new: |parts| parts.request(Capability::Storage, Some(&["order/"])),
            lines: &["! ~ scope  storage  a key that begins with `cart.` → a key that begins with `order/`"],
            widenings: &["the scope of `storage`: a key that begins with `cart.` → a key that begins with `order/`"],
            parts: MANIFEST,
        },
        Case {
            what: "the same scope in other words",
            old: |parts| parts.request(Capability::Storage, Some(&["cart.", "order/"])),
            new: |parts| parts.request(Capability::Storage, Some(&["order/", "cart."])),
            lines: &["Powers: no change"],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "a scope from the beginning",
            old: same,
            new: |parts| parts.request(Capability::Storage, Some(&["cart."])),
            lines: &[
                "! + permission  storage  keep data for you on this host, at most 10 MiB (a key that begins with `cart.`): \"For the test.\"",
            ],
            widenings: &[
                "the permission `storage`: keep data for you on this host, at most 10 MiB (a key that begins with `cart.`)",
            ],
            parts: MANIFEST,
        },
        Case {
            what: "pictures of others, which no import shows",
            old: same,
            new: |parts| parts.show(&["*.example.org"]),
            lines: &[
                "! + permission  image  show pictures from other servers, which learn what stands in the addresses (pictures from `*.example.org`): \"For the test.\"",
            ],
            widenings: &[
                "the permission `image`: show pictures from other servers, which learn what stands in the addresses (pictures from `*.example.org`)",
            ],
            parts: MANIFEST,
        },
        Case {
            what: "pictures of more servers",
            old: |parts| parts.show(&["cdn.example.org"]),
            new: |parts| parts.show(&["*.example.org"]),
            lines: &["! ~ scope  image  pictures from `cdn.example.org` → pictures from `*.example.org`"],
            widenings: &["the scope of `image`: pictures from `cdn.example.org` → pictures from `*.example.org`"],
            parts: MANIFEST,
        },
        Case {
            what: "pictures of another server",
            old: |parts| parts.show(&["*.example.org"]),
            new: |parts| parts.show(&["example.org"]),
            lines: &["! ~ scope  image  pictures from `*.example.org` → pictures from `example.org`"],
            widenings: &["the scope of `image`: pictures from `*.example.org` → pictures from `example.org`"],
            parts: MANIFEST,
        },
        Case {
            what: "pictures of fewer servers",
            old: |parts| parts.show(&["*.example.org", "example.net"]),
            new: |parts| parts.show(&["a.example.org", "*.b.example.org"]),
            lines: &[
                "  ~ scope  image  pictures from `*.example.org` or `example.net` → pictures from `a.example.org` or `*.b.example.org`",
            ],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "no pictures of others any more",
            old: |parts| parts.show(&["example.org"]),
            new: same,
            lines: &[
                "  - permission  image  show pictures from other servers, which learn what stands in the addresses",
            ],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "another reason",
            old: same,
            new: |parts| parts.manifest.req_permissions[0].reason = "For another test.".to_owned(),
            lines: &["  ~ reason  clock  \"For the test.\" → \"For another test.\""],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "other pages",
            old: |parts| parts.manifest.pages = pages(&["index", "about"]),
            new: |parts| parts.manifest.pages = pages(&["menu", "index"]),
            lines: &["  ~ entry page  index → menu", "  + page        menu", "  - page        about"],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "another category",
            old: same,
            new: |parts| parts.manifest.category = Category::Food,
            lines: &["  ~ category  utilities → food", "Powers: no change"],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "other pictures",
            old: |parts| parts.assets.push(picture("img/old.svg", "")),
            new: |parts| {
                parts.assets[1] = picture("img/a.svg", "aaaa");
                parts.assets.push(picture("img/longer-name.svg", ""));
            },
            lines: &[
                "  ~ img/a.svg            54 B → 57 B",
                "  + img/longer-name.svg  53 B",
                "  - img/old.svg          53 B",
            ],
            widenings: &[],
            parts: &[Part::Assets],
        },
        Case {
            what: "what no other line shows",
            old: same,
            new: |parts| parts.manifest.description = Some("A test.".to_owned()),
            lines: &["Powers: no change"],
            widenings: &[],
            parts: MANIFEST,
        },
        Case {
            what: "another template",
            old: same,
            new: |parts| parts.templates[0] = "two",
            lines: &["Powers: no change"],
            widenings: &[],
            parts: &[Part::Templates],
        },
    ]
}

fn pages(routes: &[&str]) -> Vec<mprun_core::manifest::PageRoute> {
    routes.iter().map(|route| route.parse().unwrap()).collect()
}

#[test]
fn what_changed_is_found_and_what_widens_is_marked() {
    for case in cases() {
        let (mut old, mut new) = (Parts::new(), Parts::new());
        (case.old)(&mut old);
        (case.new)(&mut new);
        let (old, new) = (old.pack(), new.pack());
        let difference = diff(&old, &new);
        let what = format!("{}:\n{difference}", case.what);

        assert!(!difference.is_empty(), "{what}");
        assert_eq!(difference.parts, case.parts, "{what}");
        assert_eq!(difference.widenings(), case.widenings, "{what}");
        assert_eq!(difference.widens(), !case.widenings.is_empty(), "{what}");
        let text = difference.to_string();
        for line in case.lines {
            assert!(text.lines().any(|found| found == *line), "expected `{line}` in {what}");
        }
        // One mark for each power more, and one for the line that says so.
        let marked = text.lines().filter(|line| line.starts_with("! ")).count();
        let expected = if difference.widens() { case.widenings.len() + 1 } else { 0 };
        assert_eq!(marked, expected, "{what}");
        assert_eq!(
            text.lines().last().is_some_and(|line| line.starts_with("! this update widens")),
            difference.widens()
        );
        assert!(text.lines().all(|line| line.trim_end() == line), "{what}");

        for bundle in [&old, &new] {
            assert!(diff(bundle, bundle).is_empty() && !diff(bundle, bundle).widens(), "{what}");
        }
    }
}

#[test]
fn templates_are_counted() {
    let (old, mut new) = (Parts::new(), Parts::new());
    new.templates = vec!["one", "two", "three"];
    let difference = diff(&old.pack(), &new.pack());
    assert_eq!(difference.templates, Change { old: 1, new: 3 });
    assert!(difference.to_string().contains("  1 → 3 of them\n"), "{difference}");
}

#[test]
fn identical_bundles_are_said_to_be() {
    let bundle = Parts::new().pack();
    let difference = diff(&bundle, &bundle);
    assert!(difference.is_empty() && difference.parts.is_empty() && difference.widenings().is_empty());
    assert_eq!(difference.to_string(), format!("the bundles are identical: test 1 (1.0), {}", bundle.digest()));
}

#[test]
fn versions_of_other_programs_are_seen_to_be_others() {
    let (old, mut new) = (Parts::new(), Parts::new());
    new.manifest.app_id = "other".parse().unwrap();
    let text = diff(&old.pack(), &new.pack()).to_string();
    assert!(text.starts_with("old  test 1 (1.0)   ") && text.contains("\nnew  other 1 (1.0)  "), "{text}");
    assert!(text.contains("\n  ~ app id  test → other\n"), "{text}");
}

/// A difference in everything.
fn large() -> Difference {
    fn change<T>(old: T, new: T) -> Change<T> {
        Change { old, new }
    }
    let text = |text: &str| text.to_owned();
    Difference {
        digest: change(Digest::from_bytes([0xaa; 32]), Digest::from_bytes([0xbb; 32])),
        app_id: change("coffee".parse().unwrap(), "coffee".parse().unwrap()),
        version_code: change(9, 10),
        version_name: change(text("1.9"), text("2.0 咖啡")),
        permissions: vec![
            PermissionChange::Removed { name: Capability::Clock },
            PermissionChange::ScopeWidened {
                name: Capability::Storage,
                old: Some(Scope::Keys(KeyScope { prefixes: vec![text("cart.")] })),
                new: None,
            },
            PermissionChange::Reason { name: Capability::Timer, old: text("To wait."), new: text("To ring.") },
            PermissionChange::Added { name: Capability::Toast, reason: text("Says that it is ready."), scope: None },
        ],
        imports: vec![
            ImportChange {
                interface: text("mprun:host/clock"),
                capability: Some(Capability::Clock),
                added: vec![],
                removed: vec![text("now")],
            },
            ImportChange {
                interface: text("mprun:host/storage"),
                capability: Some(Capability::Storage),
                added: vec![text("keys"), text("set")],
                removed: vec![text("delete")],
            },
        ],
        pages_added: pages(&["orders", "orders/detail"]),
        pages_removed: pages(&["about"]),
        entry_page: change(pages(&["menu"]).pop(), pages(&["orders"]).pop()),
        category: change(Category::Food, Category::Shopping),
        min_platform_code: change(1, 2),
        sizes: SizeChanges {
            total: change(247_687, 1_250_000),
            component: change(218_443, 218_443),
            manifest: change(1_214, 998),
            templates: change(2_168, 2_204),
            style: change(0, 1_310),
            assets: change(25_862, 1_028_355),
            data_segments: change(9_000, 9_000),
            initial_memory: change(2_097_152, 2_097_152),
        },
        templates: change(27, 28),
        parts: vec![Part::Component, Part::Manifest, Part::Templates, Part::Style, Part::Assets],
        assets: vec![
            AssetChange::Changed { path: text("banner.svg"), old: 3_700, new: 1_003_700 },
            AssetChange::Removed { path: text("pictures/mocha.svg"), bytes: 900 },
            AssetChange::Added { path: text("pictures/pour-over.svg"), bytes: 1_700 },
        ],
    }
}

const LARGE: &str = r#"old  coffee 9 (1.9)        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
new  coffee 10 (2.0 咖啡)  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

Powers
  - permission  clock    read the time
! ~ scope       storage  a key that begins with `cart.` → everything
  ~ reason      timer    "To wait." → "To ring."
! + permission  toast    show a short message over the page: "Says that it is ready."
  - functions   clock    now
! + functions   storage  keys, set
  - functions   storage  delete

Manifest
  ~ category    food → shopping
  ~ platform    1 → 2
  ~ entry page  menu → orders
  + page        orders
  + page        orders/detail
  - page        about

Sizes
  ~ file              247,687 B → 1,250,000 B  +1,002,313 B
  ~ component         218,443 B →   218,443 B  other content
  ~ manifest            1,214 B →       998 B  -216 B
  ~ templates           2,168 B →     2,204 B  27 → 28 of them
  ~ style                   0 B →     1,310 B  +1,310 B
  ~ assets             25,862 B → 1,028,355 B  +1,002,493 B
    data segments       9,000 B →     9,000 B
    initial memory  2,097,152 B → 2,097,152 B

Assets
  ~ banner.svg              3,700 B → 1,003,700 B
  - pictures/mocha.svg      900 B
  + pictures/pour-over.svg  1,700 B

! this update widens what the program may do"#;

#[test]
fn a_difference_reads_as_it_should() {
    assert_eq!(large().to_string(), LARGE);
    assert_eq!(
        large().widenings(),
        [
            "the scope of `storage`: a key that begins with `cart.` → everything",
            "the permission `toast`: show a short message over the page",
            "imports of `mprun:host/storage`: keys, set",
        ]
    );
}

#[test]
fn a_difference_is_data_too() {
    let json = serde_json::to_value(large()).unwrap();
    assert_eq!(json["version_code"], serde_json::json!({ "old": 9, "new": 10 }));
    assert_eq!(json["permissions"][0], serde_json::json!({ "change": "removed", "name": "clock" }));
    assert_eq!(json["permissions"][1]["change"], "scope-widened");
    assert_eq!(json["imports"][1]["added"], serde_json::json!(["keys", "set"]));
    assert_eq!(json["parts"], serde_json::json!(["component", "manifest", "templates", "style", "assets"]));
    assert_eq!(json["assets"][0]["change"], "changed");
}
