//! `docs/schema`: what the command prints as JSON, and what a patch file may hold.
//!
//! Each run of these tests, and of those with real daemons, that prints JSON is held against the
//! schema of its verb.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item};

use containerd_edit::PatchFile;

use crate::golden;
use crate::schema::{OUTPUT, mistakes, named};
use crate::tool::Node;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
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
    let schema = named("patch-file");
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
