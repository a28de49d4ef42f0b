//! `docs/schema`: what the command prints as JSON, and what a patch file may hold.
//!
//! Each run of these tests that prints JSON is held against the schema of its verb. The schemas are
//! open, since fields may be added; this reader is strict: a field or a keyword that it does not know
//! is an error.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use toml_edit::{DocumentMut, Item};

use containerd_edit::PatchFile;

use crate::golden;
use crate::tool::Node;

static OUTPUT: LazyLock<Value> = LazyLock::new(|| schema("output"));

/// The verbs with a report of their own; all others edit.
const REPORTS: [&str; 7] = ["restart", "list", "show", "get", "check", "status", "log"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> Value {
    let path = root().join(format!("docs/schema/{name}.schema.json"));
    let text = fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// Asserts that what was printed, if it is a report, is one of the command's verb.
pub(crate) fn check(arguments: &[String], stdout: &str) {
    if !stdout.starts_with("{\"schema\":") {
        return;
    }
    let report: Value = serde_json::from_str(stdout).expect("JSON");
    let is_error = report.get("error").is_some() && report.get("path").is_none();
    let mut verbs = REPORTS.iter().copied();
    let verb = verbs.find(|verb| arguments.iter().any(|word| word == verb));
    let name = if is_error {
        "error"
    } else {
        verb.unwrap_or("edit")
    };
    let wrong = mistakes(
        &OUTPUT,
        &json!({ "$ref": format!("#/$defs/{name}") }),
        &report,
    );
    assert_eq!(wrong, Vec::<String>::new(), "{name}: {report}");
}

/// What is wrong with a value.
fn mistakes(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let none = Map::new();
    for (keyword, wanted) in schema.as_object().unwrap_or(&none) {
        let below: Vec<(String, Vec<String>)> = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "examples" | "additionalProperties" => {
                continue;
            }
            "$ref" => {
                let pointer = wanted.as_str().expect("a path").trim_start_matches('#');
                let there = root.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
                vec![(String::new(), mistakes(root, there, value))]
            }
            "type" => {
                let is_one = |name: &Value| is_of_type(value, name.as_str().expect("a type"));
                let fits = match wanted {
                    Value::Array(types) => types.iter().any(is_one),
                    name => is_one(name),
                };
                wrong.extend((!fits).then(|| format!(": {value} is not of type {wanted}")));
                continue;
            }
            "const" => {
                wrong.extend((value != wanted).then(|| format!(": {value} is not {wanted}")));
                continue;
            }
            "enum" => {
                let known = wanted.as_array().expect("values").contains(value);
                wrong.extend((!known).then(|| format!(": {value} is none of {wanted}")));
                continue;
            }
            "anyOf" => {
                let each = wanted.as_array().expect("schemas").iter();
                let mut each: Vec<_> = each.map(|it| mistakes(root, it, value)).collect();
                each.sort_by_key(Vec::len);
                vec![(String::new(), each.swap_remove(0))]
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                let below = |item| ("[]".to_owned(), mistakes(root, wanted, item));
                items.map(below).collect()
            }
            "required" => {
                let names = wanted.as_array().expect("names").iter();
                let missing =
                    names.filter(|name| value.get(name.as_str().expect("a name")).is_none());
                wrong.extend(missing.map(|name| format!(": {name} is missing")));
                continue;
            }
            "properties" => of_fields(root, schema, wanted, value),
            other => panic!("unknown keyword {other}"),
        };
        for (place, mistakes) in below {
            wrong.extend(mistakes.iter().map(|it| format!("{place}{it}")));
        }
    }
    if schema.get("properties").is_none() && schema.get("additionalProperties").is_some() {
        for (place, mistakes) in of_fields(root, schema, &json!({}), value) {
            wrong.extend(mistakes.iter().map(|it| format!("{place}{it}")));
        }
    }
    wrong
}

fn of_fields(
    root: &Value,
    schema: &Value,
    known: &Value,
    value: &Value,
) -> Vec<(String, Vec<String>)> {
    let fields = value.as_object().into_iter().flatten();
    let of = |(name, value): (&String, &Value)| {
        let others = schema.get("additionalProperties");
        let below = match known.get(name).or(others) {
            Some(Value::Bool(true)) => Vec::new(),
            Some(schema @ Value::Object(_)) => mistakes(root, schema, value),
            _ => vec![": not in the schema".to_owned()],
        };
        (format!(".{name}"), below)
    };
    fields.map(of).collect()
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn a_wrong_report_is_noticed() {
    let node = Node::with("version = 2\n");
    let run = node.run(&["status", "-o", "json"]).exits(0);
    let right: Value = serde_json::from_str(&run.stdout).expect("JSON");
    for (name, value) in [
        ("exists", json!("yes")),
        ("schema", json!(2)),
        ("added", json!(1)),
        ("lock", json!({ "path": "x", "held": null })),
        (
            "lock",
            json!({ "path": "x", "held": null, "holder": { "words": "", "fate": "?" } }),
        ),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        let found = mistakes(&OUTPUT, &json!({ "$ref": "#/$defs/status" }), &wrong);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
}

/// Each golden case's own report, and of some of the configs that they leave those of all verbs.
#[test]
fn golden_cases_report_as_the_schema_says() {
    for (number, case) in golden::cases().into_iter().enumerate() {
        let mut arguments = golden::arguments(&case);
        if arguments.iter().any(|it| it == "--stdout") {
            continue;
        }
        arguments.extend(["-o", "json"].map(str::to_owned));
        let node = golden::node(&case);
        let run = golden::run(&node, &case, &arguments);
        assert!(run.stdout.starts_with("{\"schema\":1,"), "{run:?}");
        if number % 8 != 0 {
            continue;
        }
        for arguments in [
            &["set", "debug.level=debug", "--dry-run"][..],
            &["set-default", "none"],
            &["list"],
            &["show", "runc"],
            &["get", "debug"],
            &["check"],
            &["status"],
            &["undo"],
            &["log"],
        ] {
            let run = node.run(&[arguments, &["-o", "json"]].concat());
            assert!(run.stdout.starts_with("{\"schema\":1,"), "{run:?}");
        }
    }
}

#[test]
fn patch_files_are_as_the_schema_says() {
    let schema = schema("patch-file");
    let mut tried = 0;
    let examples = fs::read_dir(root().join("examples")).expect("examples");
    let cases = fs::read_dir(root().join("fixtures/golden")).expect("the cases");
    let cases = cases.map(|case| case.expect("a case").path().join("stdin"));
    for path in examples
        .map(|it| it.expect("an example").path())
        .chain(cases)
    {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let Ok(document) = text.parse::<DocumentMut>() else {
            continue;
        };
        let wrong = mistakes(&schema, &schema, &as_json(document.as_item()));
        let is_right = PatchFile::parse(text.as_bytes()).is_ok();
        assert_eq!(wrong.is_empty(), is_right, "{}: {wrong:?}", path.display());
        tried += 1;
    }
    assert!(tried >= 15, "only {tried} patch files");
}

/// TOML as JSON, as an editor sees it that completes keys.
fn as_json(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        let fields = table.iter();
        return fields
            .map(|(key, item)| (key.to_owned(), as_json(item)))
            .collect();
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables
            .iter()
            .map(|it| as_json(&Item::Table(it.clone())))
            .collect();
    }
    let value = item.as_value().expect("a value");
    match value {
        toml_edit::Value::Array(array) => {
            let items = array.iter().cloned().map(Item::Value);
            items.map(|item| as_json(&item)).collect()
        }
        toml_edit::Value::Integer(number) => json!(number.value()),
        toml_edit::Value::Float(number) => json!(number.value()),
        toml_edit::Value::Boolean(boolean) => json!(boolean.value()),
        other => json!(other.as_str().unwrap_or_default()),
    }
}
