//! The handlers that a config lists, and one of them.

use std::fmt::Write as _;

use containerd_edit::report::EffectiveHandler;
use containerd_edit::{Effective, Release, dotted_key};
use serde_json::{Value, json};

use super::report::{Report, joined};
use super::text::table;

/// All handlers.
pub(super) fn list(effective: &Effective) -> Report {
    let handlers = effective.handlers.iter().map(fields);
    let handlers = json!({ "handlers": handlers.collect::<Value>() });
    let mut rows = vec![["NAME", "RUNTIME TYPE", "OWNER", "FROM", ""].map(str::to_owned)];
    let cell = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let unknown = effective.ledger_error.as_ref().map(|_| "unknown");
    rows.extend(effective.handlers.iter().map(|handler| {
        let implied = handler.is_implied.then_some("implied");
        [
            handler.name.clone(),
            cell(handler.runtime_type.as_deref()),
            cell(implied.or(handler.owner.as_deref()).or(unknown)),
            origin(handler),
            notes(effective, handler),
        ]
    }));
    Report::new(joined(config(effective), handlers), table(&rows))
}

/// One handler with its keys; `None`: none of that name is listed.
pub(super) fn show(effective: &Effective, name: &str) -> Option<Report> {
    let named = effective.handlers.iter().filter(|it| it.name == name);
    // One that some release loads before one that none does, newer releases first.
    let newest = |it: &&EffectiveHandler| it.releases.iter().max().copied();
    let handler = named.clone().max_by_key(newest)?;
    let mut settings = json!({});
    // What is no table has a value and no settings.
    let settings_alone = handler.settings.iter().filter(|(path, _)| !path.is_empty());
    for (path, value) in settings_alone {
        let place = path.iter().fold(&mut settings, |at, key| &mut at[key]);
        *place = json!(value);
    }
    let json = joined(config(effective), fields(handler));
    let json = joined(json, json!({ "settings": settings }));
    let others = named.filter(|other| !std::ptr::eq(*other, handler));
    Some(Report::new(json, as_toml(effective, handler, others)))
}

/// The handler as TOML, with comments that say where it stands, and `others` of its name.
fn as_toml<'e>(
    effective: &Effective,
    handler: &EffectiveHandler,
    others: impl Iterator<Item = &'e EffectiveHandler>,
) -> String {
    let mut about = vec![origin(handler)];
    if handler.is_implied {
        about.push("implied".to_owned());
    } else if let Some(owner) = &handler.owner {
        about.push(format!("owner {owner}"));
    } else if effective.ledger_error.is_some() {
        about.push("owner unknown".to_owned());
    }
    about.push(notes(effective, handler));
    about.retain(|it| !it.is_empty());
    let mut text = format!("# {}\n", about.join(", "));
    for other in others {
        let _ = writeln!(text, "# also {}", origin(other));
    }
    let Some(place) = &handler.place else {
        let runtime_type = handler.runtime_type.as_deref().unwrap_or_default();
        let _ = writeln!(text, "runtime_type = \"{runtime_type}\"");
        return text;
    };
    let header = [
        "plugins",
        &place.plugin,
        "containerd",
        "runtimes",
        &handler.name,
    ];
    let is_table = handler.settings.iter().all(|(path, _)| !path.is_empty());
    let (header, own) = header.split_at(header.len() - usize::from(!is_table));
    let _ = writeln!(text, "[{}]", dotted_key(header));
    for (path, value) in &handler.settings {
        let below = path.iter().map(String::as_str);
        let key: Vec<&str> = own.iter().copied().chain(below).collect();
        let _ = writeln!(text, "{} = {value}", dotted_key(&key));
    }
    text
}

fn config(config: &Effective) -> Value {
    json!({
        "path": config.path.to_string_lossy(),
        "config_version": config.version,
        "ledger_error": config.ledger_error,
    })
}

fn fields(handler: &EffectiveHandler) -> Value {
    let place = handler.place.as_ref();
    json!({
        "name": handler.name,
        "runtime_type": handler.runtime_type,
        "default": !handler.default_on.is_empty(),
        "owner": handler.owner,
        "implied": handler.is_implied,
        "plugin": place.map(|place| &place.plugin),
        "file": place.map(|place| place.file.to_string_lossy()),
        "line": place.map(|place| place.at.line),
        "column": place.map(|place| place.at.column),
        "releases": handler.releases,
        "default_on": handler.default_on,
        "merged_on": handler.merged_on,
    })
}

/// The file and line.
fn origin(handler: &EffectiveHandler) -> String {
    match &handler.place {
        Some(place) => format!("{}:{}", place.file.display(), place.at.line),
        None => "built in".to_owned(),
    }
}

/// Whether it is the default, and where releases differ.
fn notes(config: &Effective, handler: &EffectiveHandler) -> String {
    let on = |releases: &[Release]| {
        if releases.len() == config.releases.len() {
            return String::new();
        }
        let names: Vec<String> = releases.iter().map(ToString::to_string).collect();
        format!(" on {}", names.join(", "))
    };
    let mut notes = Vec::new();
    if !handler.default_on.is_empty() {
        notes.push(format!("default{}", on(&handler.default_on)));
    }
    if !handler.merged_on.is_empty() {
        notes.push(format!("merged with the other{}", on(&handler.merged_on)));
    } else if handler.releases.is_empty() {
        notes.push("not loaded".to_owned());
    } else if handler.releases != handler.default_on
        && handler.releases.len() != config.releases.len()
    {
        notes.push(format!("only{}", on(&handler.releases)));
    }
    notes.join(", ")
}
