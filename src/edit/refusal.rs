//! Why an edit is refused. Nothing is ever changed then.

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::containerd::Release;
use crate::containerd::plugin;
use crate::containerd::release::listed_do;
use crate::containerd::version;
use crate::error::{Code, Error, NextStep, Position};
use crate::ledger::FileKey;
use crate::toml::{Refused, Value, dotted_key};
use crate::want::handler::{BUILT_IN, HandlerName, Preset};
use crate::want::key::Key;
use crate::want::nearest::nearest;

/// The error with the place of a key in a file.
fn placed(error: Error, config: &Config, file: &str, place: &[String]) -> Error {
    let error = error.at(config.path_of(file));
    error.position_at(config.position(file, place))
}

/// Where in a text a key stands, as in `config.toml:3:1`.
pub(super) fn location(config: &Config, file: &str, place: &[String]) -> String {
    let shown = shown(config, file);
    match config.position(file, place) {
        Some(position) => format!("{shown}:{position}"),
        None => shown,
    }
}

/// A file as messages name it: the main one by its name, others by their paths.
pub(super) fn shown(config: &Config, file: &str) -> String {
    if config.main().name == file {
        return file.to_owned();
    }
    config.path_of(file).display().to_string()
}

/// What stands at a key is not what belongs there.
pub(super) fn obstacle(config: &Config, file: &str, place: &[String], wanted: &str) -> Error {
    let key = dotted_key(place);
    let text = config.file(file).and_then(|file| file.text.as_ref());
    let found = text.and_then(|text| text.get(place));
    let found = found.map_or("a value", Value::kind);
    placed(wrong_type(&key, found, wanted), config, file, place)
}

/// A table stands where a value is to be put, and would not come back as it was.
pub(super) fn table_in_the_way(config: &Config, file: &str, place: &[String]) -> Error {
    let error = obstacle(config, file, place, "a value");
    error.with_hint("take the table out first, as the owner of its keys or by hand")
}

fn wrong_type(key: &str, found: &str, wanted: &str) -> Error {
    let message = format!("{key} is {found} where {wanted} belongs");
    let hint = format!("make {key} {wanted}, or remove it; containerd can't read it as it is");
    Error::new(Code::WrongType, message, hint)
}

/// Another owner has the key that is to be set, or its handler.
pub(super) fn foreign_key(key: &Key, owner: &str, acting: &str) -> Error {
    let Some(name) = key.handler_name() else {
        let hint = format!("to overrule {owner}, use --take-over: the key is {acting}'s then");
        return Error::new(Code::ForeignKey, belongs(key, owner), hint);
    };
    let hint = NextStep::Overrule {
        name,
        owner,
        acting,
    };
    Error::new(Code::ForeignHandler, belongs(key, owner), hint)
}

fn belongs(key: &Key, owner: &str) -> String {
    match key.handler_name() {
        Some(name) => format!("the handler {name} belongs to {owner}"),
        None => format!("{owner} has set {key}"),
    }
}

/// Another owner has a key of which containerd makes the one that is to be set, or the other way round.
pub(super) fn contradicts(key: &Key, rival: &Key, owner: &str) -> Error {
    let message = format!("{owner} has set {rival}: containerd takes no {key} beside that");
    let key = &rival.on_command_line();
    let hint = NextStep::UnsetForeign { key, owner };
    Error::new(Code::ForeignKey, message, hint)
}

/// Another owner has the key that is to be cleared, or its handler.
pub(super) fn foreign_clearing(key: &Key, owner: &str) -> Error {
    let message = belongs(key, owner);
    let key = &key.on_command_line();
    let hint = NextStep::UnsetForeign { key, owner };
    Error::new(Code::ForeignKey, message, hint)
}

/// The key that is to be cleared is a handler, or the table of all.
pub(super) fn not_one_key(key: &Key) -> Error {
    let Some(name) = key.handler_name() else {
        let message = "handlers is the table of all handlers, and not one key";
        let hint = "name a key of one handler, as in handlers.NAME.KEY";
        return Error::new(Code::Usage, message, hint);
    };
    let message = format!("{name} is a handler, and not one key");
    Error::new(Code::Usage, message, NextStep::RemoveHandler(name))
}

/// The key that is to be cleared is there for the sake of others.
pub(super) fn implied(key: &Key) -> Error {
    let message = format!("{key} is needed by what owners have set in this config");
    Error::new(Code::ForeignKey, message, NextStep::SeeOwners)
}

/// Another owner has the handler that is to be removed.
pub(super) fn foreign_removal(name: &str, owner: &str) -> Error {
    let message = format!("the handler {name} belongs to {owner}");
    let hint = NextStep::RemoveForeign { names: name, owner };
    Error::new(Code::ForeignHandler, message, hint)
}

/// No owner has declared the handler that is to be removed. The node's own `runc` never is.
pub(super) fn undeclared_handler(name: &str, plugin_id: Option<&str>, keys: &[String]) -> Error {
    let (needed, hint) = if name == BUILT_IN {
        let hint = "leave it, or edit the file by hand".to_owned();
        (", which every node needs", hint)
    } else {
        ("", NextStep::RemoveUndeclared { name, plugin_id }.into())
    };
    let message = format!(
        "no owner has declared the handler {name}{needed}; removing it would take away {}",
        keys.join(", ")
    );
    Error::new(Code::ForeignHandler, message, hint)
}

/// The handler that is to be removed stands in a table of its own, as before there was a map of them.
pub(super) fn old_handler(config: &Config, file: &str, place: &[String], name: &str) -> Error {
    let table = dotted_key(place);
    let message =
        format!("the handler {name} is the table {table}, which this tool does not write");
    let hint = format!("remove the table {table} by hand");
    let error = Error::new(Code::ForeignHandler, message, hint);
    placed(error, config, file, place)
}

/// The change says what is to stand at a key once its owner has left, and does not ask for the key.
pub(super) fn was_of_another_key(key: &Key) -> Error {
    let message = format!("--was names {key}, which this command does not set");
    let hint = "name a key that the command itself sets, or leave --was out";
    Error::new(Code::Usage, message, hint)
}

/// The change says what is to stand at a key of a handler that goes as a whole.
pub(super) fn was_in_handler(key: &Key) -> Error {
    let message = format!("--was names {key}, and an adopted handler is removed as a whole");
    Error::new(Code::Usage, message, "leave this --was out")
}

/// The default is to be a handler that no file lists.
pub(super) fn default_not_listed(name: &str, views: &Views) -> Error {
    let message = format!("{name} is not listed and can't be the default handler");
    let settings = match Preset::named(name) {
        Some(_) => "",
        None => " --set runtime_type=TYPE",
    };
    let meant = nearest(name, views.values().flat_map(View::handler_names));
    let next = match name.parse::<HandlerName>() {
        Ok(_) => NextStep::AddFirst { name, settings },
        Err(_) => NextStep::SeeHandlers,
    };
    let hint = otherwise(meant, &next.to_string());
    Error::new(Code::DefaultNotListed, message, hint)
}

/// The default is to be a handler that goes with the same change.
pub(super) fn default_goes(name: &str) -> Error {
    let message = format!("{name} goes with this change and can't be the default handler");
    let hint =
        format!("to keep it, put `[handlers.{name}]` into the patch file, or leave --prune away");
    Error::new(Code::DefaultNotListed, message, hint)
}

/// A next step, if none of these was meant.
fn otherwise(meant: Option<&str>, next: &str) -> String {
    let meant = meant.map(|meant| format!("did you mean {meant}? Otherwise "));
    meant.unwrap_or_default() + next
}

/// Nothing says what runs a handler of which single keys are wanted.
pub(super) fn no_runtime_type(name: &str, views: &Views) -> Error {
    let why = match Preset::named(name) {
        Some(_) => "",
        None => ", and no preset is called so",
    };
    let message = format!("the handler {name} has no runtime_type{why}");
    let listed = views.values().flat_map(View::handler_names);
    let listed = listed.filter(|it| *it != name);
    let meant = nearest(name, listed).or_else(|| Preset::meant(name));
    let meant = meant.filter(|meant| *meant != name);
    let hint = otherwise(meant, "set its runtime_type, too");
    Error::new(Code::NoRuntimeType, message, hint)
}

/// The key stands in a file that the tool has not written to.
pub(super) fn out_of_reach(config: &Config, file: &str, place: &[String]) -> Error {
    let message = format!(
        "{} belongs in this file, which the tool has not created: containerd takes the key from \
         here",
        dotted_key(place)
    );
    let hint = "set the key in this file by hand; `add`, `apply`, `set` and `set-default` change it \
                with --take-over";
    let error = Error::new(Code::OutOfReach, message, hint);
    placed(error, config, file, place)
}

/// Two plugin tables have handlers, for other releases each.
pub(super) fn undecided(config: &Config, file: &str, [first, second]: [&str; 2]) -> Error {
    let message = format!(
        "both {first} and {second} have handlers: containerd 1.x reads the first, 2.x the second"
    );
    let hint = format!("say which one to edit: --plugin-id {first} or --plugin-id {second}");
    ambiguous_plugin(message, &hint, config, file, second)
}

/// It isn't clear which plugin table of a file has the handlers; `id` is one of them.
fn ambiguous_plugin(message: String, hint: &str, config: &Config, file: &str, id: &str) -> Error {
    let error = Error::new(Code::AmbiguousPlugin, message, hint);
    let place = plugin::containerd_path(id).map(str::to_owned);
    placed(error, config, file, &place)
}

/// Another plugin table of the file was named than the one that the tool has written to.
pub(super) fn other_table(config: &Config, file: &str, known: &str) -> Error {
    let message = format!("this tool's handlers in this file are in the plugin table {known}");
    let hint = NextStep::NameTable(known).to_string();
    ambiguous_plugin(message, &hint, config, file, known)
}

/// Somebody has changed the version of a file, and left the tool's keys under the names of `version`.
pub(super) fn other_version(config: &Config, file: &str, version: i64) -> Error {
    let known = config.file(file);
    if known.is_some_and(|file| file.is_part) {
        let message = format!(
            "what this tool has put into {file} goes by the names of version {version}, and this config \
             has another one: only owners can leave"
        );
        let hint = "restart the distribution, which writes this config anew, then run this again";
        return Error::new(Code::VersionChanged, message, hint).at(&config.main().path);
    }
    let text = known.and_then(|file| file.text.as_deref());
    let named = text.and_then(version::named);
    let change = match named {
        Some(now) => format!("changed this file's version to {now}"),
        None => "removed this file's version".to_owned(),
    };
    let message = format!(
        "somebody has {change}, and what this tool has put there goes by the names of version {version}: \
         only owners can leave"
    );
    let step = NextStep::VersionBack(&version.to_string()).to_string();
    let error = Error::new(Code::VersionChanged, message, step).at(config.path_of(file));
    let at = named.and(text).map(version::position);
    error.position_at(at)
}

/// The distribution writes the file. `is_implied`: the key is the import of a drop-in.
pub(super) fn not_writable(config: &Config, at: &FileKey, is_implied: bool) -> Error {
    let message = format!("{} belongs in a file that the distribution writes", at.key);
    let hint = if is_implied {
        NextStep::MoveOwners.into()
    } else {
        "set it in the distribution's own config, from which it writes this file".to_owned()
    };
    Error::new(Code::OutOfReach, message, hint).at(config.path_of(&at.file))
}

/// The dotted key of a want that an error is about: its [detail](Error::detail).
#[derive(Debug)]
pub struct WantedKey(pub String);

/// A key in the place of which a config of this version has another one.
pub(super) fn no_place(key: &Key, version: i64) -> Error {
    let message = format!("a config of version {version} has no place for {key}");
    let hint = "leave it out for this config; one of version 3 has a place for it";
    Error::new(Code::KeyNotRead, message, hint).with_detail(WantedKey(key.to_string()))
}

/// A key that belongs above all tables, in a part that stands below those of a distribution.
pub(super) fn no_place_in_part(key: &Key) -> Error {
    let message = format!(
        "a template has no place for {key}: below the distribution's own part it would become part \
         of that one's last table"
    );
    let hint =
        "leave it out for this node; newer releases have a folder for drop-ins, which take it";
    Error::new(Code::KeyNotRead, message, hint).with_detail(WantedKey(key.to_string()))
}

/// A key that none of these releases reads in a config of this version.
pub(super) fn not_read(key: &Key, releases: &[Release], version: i64) -> Error {
    let does = listed_do(releases);
    let message = format!("containerd {does} not read {key} in a config of version {version}");
    let hint = if key.handler().is_some() && key.path.ends_with(&["sandbox_mode".to_owned()]) {
        "set sandboxer instead"
    } else if key.path.ends_with(&["sched_core".to_owned()]) {
        "set plugins.\"io.containerd.shim.v1.manager\".env = [\"SCHED_CORE=1\"] instead"
    } else {
        "leave it out here: other releases or another config version read it"
    };
    Error::new(Code::KeyNotRead, message, hint).with_detail(WantedKey(key.to_string()))
}

/// The text can't take a key.
pub(super) fn refused(config: &Config, file: &str, refused: &Refused) -> Error {
    let in_file = |at: &Position| config.in_file(file, at.clone());
    let error = match refused {
        Refused::WrongType {
            path,
            found,
            wanted,
            at,
        } => wrong_type(&dotted_key(path), found, wanted).position_at(in_file(at)),
        Refused::MultiLine { path, at } => {
            let message = format!("the inline table {} spans several lines", dotted_key(path));
            let hint = "write the table on one line or as a [header]: containerd 2.x refuses it as \
                        it is";
            Error::new(Code::NotEditable, message, hint).position_at(in_file(at))
        }
    };
    error.at(config.path_of(file))
}

const REPORT: &str = "the file is untouched; please report this with the file";

/// The new text would say something else than what was worked out. This is a defect of the tool.
pub(super) fn surprise(config: &Config, file: &str, why: &str) -> Error {
    let message = format!("the edit would not say what it is meant to: {why}");
    Error::new(Code::Defect, message, REPORT).at(config.path_of(file))
}
