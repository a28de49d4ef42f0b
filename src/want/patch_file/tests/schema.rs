//! `docs/schema/patch-file.schema.json` says what the model knows of containerd's keys.
//!
//! With `GOLDEN=overwrite` in the environment the file is written instead of compared:
//!
//! ```text
//! GOLDEN=overwrite cargo test --lib patch_file_schema
//! ```

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::containerd::Wanted;
use crate::want::handler::Preset;
use crate::want::key::Key;
use crate::want::mistake::of_the_node;

/// Lines are no longer than this, where that can be.
const WIDTH: usize = 110;

#[test]
fn the_patch_file_schema_is_what_the_model_knows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/patch-file.schema.json");
    let made = printed(&schema(), 0, 0) + "\n";
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        #[expect(clippy::disallowed_methods, reason = "a file of the repository")]
        std::fs::write(&path, &made).expect("the file is written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let how = "run `GOLDEN=overwrite cargo test --lib patch_file_schema`";
    assert!(known == made, "{} differs: {how}", path.display());
}

fn schema() -> Value {
    let mut fields = Map::new();
    let text = |what: &str| json!({ "description": what, "type": "string" });
    fields.insert(
        "owner".to_owned(),
        text("The installer that it all belongs to."),
    );
    fields.insert("default".to_owned(), text("The default handler."));
    fields.insert(
        "handlers".to_owned(),
        json!({ "type": "object", "additionalProperties": handler() }),
    );
    let plugins = Wanted::of(&["plugins"]).expect("plugins");
    let mut by_id = of(&["plugins"], &plugins);
    // In the spelling of any config version, and those of others.
    by_id["additionalProperties"] = json!({ "type": "object", "additionalProperties": true });
    for name in Wanted::of::<&str>(&[]).expect("the file").names() {
        let wanted = Wanted::of(&[name]).expect("a key");
        if of_the_node(&[name]).is_ok() {
            fields.insert(name.to_owned(), of(&[name], &wanted));
        }
    }
    fields.insert("plugins".to_owned(), by_id);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A patch file of containerd-edit",
        "description": "What an installer wants of a containerd config: docs/patch-file.md.",
        "type": "object",
        "properties": fields,
        "additionalProperties": false,
    })
}

fn known(path: &[&str]) -> Wanted {
    Wanted::of(&Key::in_full(path)).expect("a key")
}

fn handler() -> Value {
    let mut handler = of(&["handlers"], &known(&["handlers", "any"]));
    let presets: Vec<&str> = Preset::all().iter().map(Preset::name).collect();
    // `kata-qemu` and others mean a preset, too.
    handler["properties"]["preset"] = json!({ "type": "string", "examples": presets });
    handler
}

/// The schema of what is wanted at a path.
fn of(path: &[&str], wanted: &Wanted) -> Value {
    let below = |name: &str| {
        let path = [path, &[name]].concat();
        wanted.at(name).map(|it| of(&path, &it))
    };
    let names = wanted.names();
    if !names.is_empty() {
        let fields = names.iter().map(|name| ((*name).to_owned(), below(name)));
        let fields: Map<String, Value> =
            fields.filter_map(|(name, it)| Some((name, it?))).collect();
        // A shim's options are its own, but some are known.
        let takes_others = wanted.at("any").is_some();
        return json!({ "type": "object", "properties": fields, "additionalProperties": takes_others });
    }
    let text = wanted.text();
    let mut kinds: Vec<Value> = text
        .split(" or ")
        .map(|kind| of_kind(kind, &below))
        .collect();
    // One element will do.
    if Key::spelled(path).is_list() {
        kinds.push(json!({ "type": "string" }));
    }
    match kinds.as_slice() {
        [kind] => kind.clone(),
        kinds => json!({ "anyOf": kinds }),
    }
}

fn of_kind(kind: &str, below: &dyn Fn(&str) -> Option<Value>) -> Value {
    match kind {
        "a string" => json!({ "type": "string" }),
        "a boolean" => json!({ "type": "boolean" }),
        "an integer" => json!({ "type": "integer" }),
        "a float" => json!({ "type": "number" }),
        "an array of strings" => json!({ "type": "array", "items": { "type": "string" } }),
        "a duration, as in \"5s\"" => json!({ "type": ["string", "integer", "number"] }),
        "an array" => json!({ "type": "array" }),
        "a table" => json!({ "type": "object", "additionalProperties": below("any") }),
        "anything" => json!({ "type": ["string", "boolean", "number", "array", "object"] }),
        other => panic!("{other} has no type"),
    }
}

/// JSON with short parts in one line. `used` is the place that is taken in the first line.
fn printed(value: &Value, indent: usize, used: usize) -> String {
    let line = value.to_string();
    let open = match value {
        _ if line.len() + used <= WIDTH => return line,
        Value::Object(fields) if !fields.is_empty() => {
            let fields = fields.iter().map(|(name, value)| {
                let name = json!(name).to_string();
                let used = indent + name.len() + 4;
                (name + ": ") + &printed(value, indent + 2, used)
            });
            ("{", "}", fields.collect::<Vec<_>>())
        }
        Value::Array(items) => {
            let items = items.iter().map(|it| printed(it, indent + 2, indent + 2));
            ("[", "]", items.collect())
        }
        _ => return line,
    };
    let (begin, end, parts) = open;
    let space = " ".repeat(indent);
    let parts: Vec<String> = parts
        .iter()
        .map(|part| format!("{space}  {part}"))
        .collect();
    format!("{begin}\n{}\n{space}{end}", parts.join(",\n"))
}
