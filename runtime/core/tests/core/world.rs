//! Components of the right and of wrong worlds: what is accepted, what is
//! reported, and the message for each refusal.

use std::collections::BTreeSet;

use mprun_core::{
    bundle::{BundleError, imports},
    capability::Capability,
    manifest::{HostScope, Permission, Scope},
};

use crate::fixtures::{Wit, manifest};

fn refused(wit: &Wit, permissions: &[&str]) -> BundleError {
    wit.pack(&manifest(permissions)).unwrap_err()
}

#[test]
fn the_table_of_capabilities_is_what_wit_says() {
    let mut interfaces = vec!["types"];
    let all = with_interface();
    interfaces.extend(all.iter().map(|capability| capability.name()));
    let permissions: Vec<_> = all.iter().filter(|c| c.needs_permission()).collect();
    let names: Vec<_> = permissions.iter().map(|c| c.name()).collect();

    // Packing compares every type; here only the sets are left to compare.
    let bundle = Wit::new(&interfaces).pack(&manifest(&names)).unwrap();
    assert_eq!(bundle.capabilities(), BTreeSet::from_iter(all.iter().copied()));
    assert_eq!(bundle.unused_permissions(), []);
    for capability in all {
        let import = bundle.imports().iter().find(|i| i.capability == Some(capability)).unwrap();
        let imported: BTreeSet<_> = import.functions.iter().map(String::as_str).collect();
        let known: BTreeSet<_> = capability.functions().iter().map(|f| f.name).collect();
        assert_eq!(imported, known, "{capability}");
        assert_eq!(import.interface, format!("{}@0.1.0", capability.interface().unwrap()));
    }
}

/// All that are called.
fn with_interface() -> Vec<Capability> {
    Capability::ALL.into_iter().filter(|capability| capability.interface().is_some()).collect()
}

#[test]
fn what_needs_no_import_is_used_where_it_is_requested() {
    let mut manifest = manifest(&["clock"]);
    let hosts = HostScope { hosts: vec!["*.example.org".parse().unwrap()] };
    let (reason, scope) = ("For the test.".to_owned(), Some(Scope::Hosts(hosts)));
    manifest.req_permissions.push(Permission { name: Capability::Image, reason, scope });
    let bundle = Wit::new(&["clock"]).pack(&manifest).unwrap();
    assert_eq!(bundle.capabilities(), BTreeSet::from([Capability::Clock, Capability::Image]));
    assert_eq!(bundle.unused_permissions(), []);
    assert!(bundle.imports().iter().all(|import| import.capability != Some(Capability::Image)));
    assert!(bundle.manifest().picture_hosts().unwrap().has_host("cdn.example.org"));

    // Nobody may import it either, and nobody has it who does not say whose pictures.
    let wit = Wit::with_world("import mprun:host/image@0.1.0; export mprun:app/program@0.1.0;")
        .host("interface clock", "interface image { get: func(url: string); }\ninterface clock");
    assert_eq!(refused(&wit, &[]).to_string(), "unknown import `mprun:host/image@0.1.0`");
    manifest.req_permissions[1].scope = None;
    let error = Wit::new(&["clock"]).pack(&manifest).unwrap_err().to_string();
    assert!(error.contains("`req_permissions[1].scope`: missing, expected an object with `hosts`"), "{error}");
}

#[test]
fn only_the_functions_that_are_imported_are_listed() {
    let wit = Wit::new(&["clock"]);
    let wit = wit.host("get: func(key: string) -> result<option<list<u8>>, error>;", "");
    let all = Wit { world: wit.world.replace("import", "import mprun:host/storage@0.1.0; import"), ..wit };
    let bundle = all.pack(&manifest(&["clock", "storage"])).unwrap();
    let storage = bundle.imports().iter().find(|i| i.capability == Some(Capability::Storage));
    assert_eq!(storage.unwrap().functions, ["set", "delete", "keys", "usage"]);
}

#[test]
fn types_alone_are_no_power() {
    // `clock` uses the `error` of `types`; the other export uses a type of the
    // program's own package.
    let wit = Wit::with_world("import mprun:host/clock@0.1.0; export test:shop/till; export mprun:app/program@0.1.0;")
        .other(
            "package test:shop;
        interface types { record price { cents: u64 } }
        interface till { use types.{price}; sum: func() -> price; }",
        );
    let bundle = wit.pack(&manifest(&["clock", "toast"])).unwrap();
    let types: Vec<_> = bundle.imports().iter().filter(|import| import.type_only).collect();
    let names: BTreeSet<_> = types.iter().map(|import| import.interface.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["mprun:host/types@0.1.0", "test:shop/types"]));
    assert!(types.iter().all(|i| i.functions.is_empty() && i.capability.is_none()));
    assert_eq!(bundle.capabilities(), BTreeSet::from([Capability::Clock]));
    assert_eq!(bundle.unused_permissions(), [Capability::Toast]);
}

#[test]
fn log_needs_no_permission_and_everything_else_does() {
    assert!(Wit::new(&["log"]).pack(&manifest(&[])).is_ok());
    for capability in with_interface().into_iter().filter(|c| c.needs_permission()) {
        let error = refused(&Wit::new(&[capability.name()]), &[]);
        assert_eq!(error, BundleError::NotRequested { capability });
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("\"name\": \"{capability}\"")), "{hint}");
    }
}

#[test]
fn later_patches_of_the_contract_are_the_same_contract() {
    let wit = Wit::with_world("import mprun:host/clock@0.1.7; export mprun:app/program@0.1.3;")
        .host("mprun:host@0.1.0", "mprun:host@0.1.7")
        .program("mprun:app@0.1.0", "mprun:app@0.1.3");
    assert!(wit.pack(&manifest(&["clock"])).is_ok());
}

/// What is wrong with a component, and what is said about it.
#[test]
fn components_of_other_worlds_are_refused_by_name() {
    let cases: [(&str, Wit, &str); 12] = [
        (
            "an empty world",
            Wit::with_world(""),
            "the component is made for another world: it does not export `mprun:app/program`, but nothing",
        ),
        (
            "another world",
            Wit::with_world("export test:other/run;").other("package test:other; interface run { run: func(); }"),
            "the component is made for another world: it does not export `mprun:app/program`, but `test:other/run`",
        ),
        (
            "a newer contract",
            Wit::with_world("export mprun:app/program@0.2.0;").program("mprun:app@0.1.0", "mprun:app@0.2.0"),
            "`mprun:app/program` has version 0.2.0, this host supports 0.1.x",
        ),
        (
            "a newer host interface",
            Wit::with_world("import mprun:host/clock@1.1.0; export mprun:app/program@0.1.0;")
                .host("mprun:host@0.1.0", "mprun:host@1.1.0"),
            "`mprun:host/types` has version 1.1.0, this host supports 0.1.x",
        ),
        (
            "a version that only looks alike",
            Wit::with_world("export mprun:app/program@0.1.0-rc.1;").program("mprun:app@0.1.0", "mprun:app@0.1.0-rc.1"),
            "`mprun:app/program` has version 0.1.0-rc.1, this host supports 0.1.x",
        ),
        (
            "a function that is missing",
            Wit::new(&[]).program("    view: func(", "    look: func("),
            "`mprun:app/program` does not export the function `view`",
        ),
        (
            "an exported function of another type",
            Wit::new(&[]).program("ops: list<u32>,", "ops: list<u16>,"),
            "the function `view` of `mprun:app/program`: expected `func(now: states, environment: list<tuple<string, string>>) -> result<frame, failure>`, got `func(now: states, environment: list<tuple<string, string>>) -> result<record { templates: list<u64>, definitions: list<u8>, ops: list<u16>, text: string, messages: list<u8> }, failure>`",
        ),
        (
            "an imported function of another type",
            Wit::new(&["clock"]).host("now: func() -> result<u64, error>", "now: func() -> u64"),
            "the function `now` of `mprun:host/clock`: expected `func() -> result<u64, error>`, got `func() -> u64`",
        ),
        (
            "a function that the interface does not have",
            Wit::new(&["clock"])
                .host("now: func() -> result<u64, error>;", "now: func() -> result<u64, error>; tomorrow: func();"),
            "unknown import: `mprun:host/clock` has no function `tomorrow`",
        ),
        (
            "an interface that the host does not have",
            Wit::with_world("import mprun:host/files@0.1.0; export mprun:app/program@0.1.0;")
                .host("interface clock", "interface files { wipe: func(); }\ninterface clock"),
            "unknown import `mprun:host/files@0.1.0`",
        ),
        (
            "WASI",
            Wit::with_world("import wasi:cli/exit@0.2.0; export mprun:app/program@0.1.0;")
                .other("package wasi:cli@0.2.0; interface exit { exit: func(code: u32); }"),
            "unknown import `wasi:cli/exit@0.2.0`",
        ),
        (
            "a function of the world itself",
            Wit::with_world("import fetch: func(url: string); export mprun:app/program@0.1.0;"),
            "unknown import `fetch`",
        ),
    ];
    for (what, wit, expected) in cases {
        let error = refused(&wit, &["clock"]);
        assert_eq!(error.to_string(), expected, "{what}");
        // Without a manifest, the same is found.
        assert_eq!(imports(&wit.component()).unwrap_err(), error, "{what}");
    }
}

#[test]
fn resources_are_powers_that_no_host_has() {
    let wit = Wit::with_world("import test:other/files; export mprun:app/program@0.1.0;")
        .other("package test:other; interface files { resource file { size: func() -> u64; } }");
    assert_eq!(refused(&wit, &[]).to_string(), "unknown import `test:other/files`");
}

#[test]
fn exponentially_long_types_are_cut() {
    let mut types = "type t0 = u8;".to_owned();
    for depth in 1..11 {
        let before = depth - 1;
        types.push_str(&format!("type t{depth} = tuple<t{before}, t{before}>;"));
    }
    let wit =
        Wit::new(&["clock"]).host("now: func() -> result<u64, error>;", &format!("{types} now: func() -> list<t10>;"));
    // Tuples that are exponentially wide cannot be passed, but a list of them can
    // be named; whoever refuses it must do so quickly and with a short message. (Much
    // wider ones are refused as such, see `bombs`.)
    let started = std::time::Instant::now();
    let BundleError::WrongType { got, .. } = refused(&wit, &["clock"]) else {
        panic!("expected a wrong type");
    };
    assert!(got.len() < 1_010 && got.ends_with('…'), "{got}");
    assert!(started.elapsed().as_secs() < 20);
}
