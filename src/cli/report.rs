//! What a verb has found or done, for programs and for people.

use serde_json::{Value, json};

/// What a verb has found or done.
pub(super) struct Report {
    /// The fields for programs.
    pub(super) json: Value,
    /// The text for people.
    pub(super) text: String,
    /// The lines of files that stand above the text.
    pub(super) diff: String,
}

impl Report {
    pub(super) fn new(json: Value, text: String) -> Self {
        let diff = String::new();
        Self { json, text, diff }
    }
}

/// What a running daemon has loaded.
pub(super) struct Loaded {
    /// Whether that is the config.
    pub(super) in_step: bool,
    /// The same for programs.
    pub(super) json: Value,
    /// Which daemon, every difference, and what to do.
    pub(super) lines: Vec<String>,
}

/// The fields of two JSON objects.
pub(super) fn joined(fields: Value, more: Value) -> Value {
    match (fields, more) {
        (Value::Object(mut fields), Value::Object(more)) => {
            fields.extend(more);
            Value::Object(fields)
        }
        (fields, _) => fields,
    }
}

/// A JSON report with the number of its schema.
pub(super) fn json_line(report: Value) -> String {
    format!("{}\n", joined(json!({ "schema": 1 }), report))
}
