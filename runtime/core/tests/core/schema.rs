//! What stands in `docs/` about manifests: the schema is the one that the types
//! make and accepts what authors write here, and the table of keys has all of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mprun_core::manifest::{Manifest, left_out, render_json_schema};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema() -> Value {
    serde_json::from_str(&render_json_schema()).unwrap()
}

#[test]
fn the_schema_in_docs_is_that_of_the_types() {
    let file = root().join("docs/manifest.schema.json");
    if env::var_os("MPRUN_BLESS").is_some() {
        fs::write(&file, render_json_schema()).unwrap();
    }
    // Compared as values: in which order keys are written is not ours to say.
    let there: Option<Value> = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
    assert!(
        there == Some(schema()),
        "docs/manifest.schema.json is not what the types say; write it anew: \
         MPRUN_BLESS=1 cargo test -p mprun-core the_schema_in_docs"
    );
}

#[test]
fn the_schema_names_what_is_required() {
    let schema = schema();
    let mut required: Vec<_> = schema["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["app_id", "category", "icons", "name", "pages", "platform_version", "version"]);
}

/// Manifests that are accepted: those of the samples, the guests and our own cases.
fn accepted() -> Vec<PathBuf> {
    let in_folders = |folder: &str| {
        let folders = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        folders.map(|folder| folder.join("manifest.json")).filter(|file| file.is_file()).collect::<Vec<_>>()
    };
    let cases = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/valid")).unwrap();
    let cases = cases.map(|entry| entry.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "json"));
    [in_folders("samples"), in_folders("tests/guests"), cases.collect()].concat()
}

#[test]
fn the_schema_accepts_what_is_accepted() {
    let (schema, files) = (schema(), accepted());
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let text = fs::read(&file).unwrap();
        Manifest::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let manifest: Value = serde_json::from_slice(&text).unwrap();
        check(&schema, &schema, &manifest, "").unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    }
}

#[test]
fn the_schema_refuses_what_it_can() {
    let schema = schema();
    let good = fs::read(root().join("samples/coffee/manifest.json")).unwrap();
    let good: Value = serde_json::from_slice(&good).unwrap();
    type Spoil = fn(&mut Value);
    let spoils: [Spoil; 7] = [
        |manifest| manifest["nmae"] = "Coffee".into(),
        |manifest| manifest["name"] = "".into(),
        |manifest| manifest["pages"] = Value::Array(Vec::new()),
        |manifest| manifest["version"]["code"] = 0.into(),
        |manifest| manifest["category"] = "drinks".into(),
        |manifest| manifest["window"]["fullscreen"] = true.into(),
        |manifest| drop(manifest.as_object_mut().unwrap().remove("app_id")),
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let mut manifest = good.clone();
        spoil(&mut manifest);
        assert!(check(&schema, &schema, &manifest, "").is_err(), "{number}");
    }
}

#[test]
fn the_documentation_has_every_key_and_every_reason() {
    let docs = fs::read_to_string(root().join("docs/manifest.md")).unwrap();
    let schema = schema();
    let mut keys: Vec<String> = names(&schema["properties"]).map(str::to_owned).collect();
    let objects = [
        ("version", "Version"),
        ("platform_version", "PlatformVersion"),
        ("icons[]", "Icon"),
        ("window", "Window"),
        ("tab_bar", "TabBar"),
        ("tab_bar.items[]", "Tab"),
        ("req_permissions[]", "Permission"),
        ("req_permissions[].scope", "KeyScope"),
        ("req_permissions[].scope", "HostScope"),
        ("locales.<tag>", "LocaleTexts"),
        ("locales.<tag>.window", "LocaleWindow"),
    ];
    for (path, name) in objects {
        keys.extend(names(&schema["$defs"][name]["properties"]).map(|key| format!("{path}.{key}")));
    }
    for key in keys {
        assert!(docs.contains(&format!("\n| `{key}` |")), "docs/manifest.md lacks a row for `{key}`");
    }
    for (key, reason) in left_out() {
        assert!(docs.contains(&format!("\n| `{key}` | {reason} |")), "docs/manifest.md lacks `{key}`: {reason}");
    }
}

fn names(object: &Value) -> impl Iterator<Item = &str> {
    object.as_object().unwrap().keys().map(String::as_str)
}

/// As much of JSON Schema as ours uses; a keyword that is not known here fails the
/// test. Patterns are left out: what they say is tested where the texts are read.
fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let all = |schemas: &Value| schemas.as_array().unwrap().clone();
    let is_one = |schema: &Value| check(root, schema, value, path).is_ok();
    for (keyword, rule) in schema.as_object().into_iter().flatten() {
        let length = || value.as_str().map(|text| text.chars().count() as u64);
        let count = || value.as_array().map(|items| items.len() as u64);
        let limit = || rule.as_u64().unwrap();
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "pattern" => true,
            "$ref" => {
                let place = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root, root.pointer(place).unwrap(), value, path)?;
                true
            }
            "anyOf" => all(rule).iter().any(is_one),
            "oneOf" => all(rule).iter().filter(|schema| is_one(schema)).count() == 1,
            "const" => value == rule,
            "enum" => all(rule).contains(value),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|kind| is_of(value, kind.as_str().unwrap())),
                kind => is_of(value, kind.as_str().unwrap()),
            },
            "minLength" => length().is_none_or(|length| length >= limit()),
            "maxLength" => length().is_none_or(|length| length <= limit()),
            "minItems" => count().is_none_or(|count| count >= limit()),
            "maxItems" => count().is_none_or(|count| count <= limit()),
            "maxProperties" => value.as_object().is_none_or(|object| object.len() as u64 <= limit()),
            "minimum" => value.as_u64().is_none_or(|number| number >= limit()),
            "maximum" => value.as_u64().is_none_or(|number| number <= limit()),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
            }),
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{path}[{at}]"))?;
                }
                true
            }
            "propertyNames" => {
                for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
                    check(root, rule, &key.as_str().into(), path)?;
                }
                true
            }
            "properties" | "patternProperties" | "additionalProperties" => {
                check_properties(root, schema, value, path)?;
                true
            }
            unknown => panic!("the keyword `{unknown}` is not known to this test"),
        };
        if !fits {
            return Err(format!("`{path}`: `{keyword}` of {rule} does not fit {value}"));
        }
    }
    Ok(())
}

fn check_properties(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let pattern = schema["patternProperties"].as_object().and_then(|patterns| patterns.values().next());
        match (schema["properties"].get(key), pattern, &schema["additionalProperties"]) {
            (Some(rule), ..) | (None, Some(rule), _) => check(root, rule, value, &path)?,
            (None, None, Value::Bool(false)) => return Err(format!("`{path}` is no key")),
            (None, None, Value::Null) => {}
            (None, None, rule) => check(root, rule, value, &path)?,
        }
    }
    Ok(())
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("the type `{kind}` is not known to this test"),
    }
}
