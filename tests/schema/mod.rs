//! Strict reading of `docs/schema`.
//!
//! The schemas are open, since fields may be added. To these tests a field or a keyword that is not
//! known is an error.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

pub(crate) static OUTPUT: LazyLock<Value> = LazyLock::new(|| named("output"));

/// The verbs with a report of their own; all others edit.
const REPORTS: [&str; 7] = ["restart", "list", "show", "get", "check", "status", "log"];

pub(crate) fn named(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let path = folder.join(format!("{name}.schema.json"));
    let text = fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// Asserts that what was printed, if it is a report, is one of the command's verb.
pub(crate) fn check<S: AsRef<str>>(arguments: &[S], stdout: &str) {
    if !stdout.starts_with("{\"schema\":") {
        return;
    }
    let report: Value = serde_json::from_str(stdout).expect("JSON");
    let is_error = report.get("error").is_some() && report.get("path").is_none();
    let mut verbs = REPORTS.iter().copied();
    let verb = verbs.find(|verb| arguments.iter().any(|word| word.as_ref() == *verb));
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
pub(crate) fn mistakes(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
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
