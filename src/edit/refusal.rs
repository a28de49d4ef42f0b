//! Why an edit is refused. Nothing is ever changed then.

use std::path::PathBuf;

use crate::config::Config;
use crate::error::{Code, Error};
use crate::toml::verbs::Refused;
use crate::toml::{self, render};
use crate::want::handler::Preset;

fn dotted(path: &[String]) -> String {
    render::dotted(path, render::Quotes::Basic)
}

fn path_of(config: &Config, file: &str) -> PathBuf {
    config.path_of(file)
}

/// The error with the place of a key in a file.
fn placed(error: Error, config: &Config, file: &str, place: &[String]) -> Error {
    let error = error.at(path_of(config, file));
    let text = config.file(file).and_then(|file| file.text.as_ref());
    let names: Vec<&str> = place.iter().map(String::as_str).collect();
    let position = text.map(|text| {
        let document = &text.document;
        document.position(document.offset(&names))
    });
    error.position_at(position)
}

/// What stands at a key is not what belongs there.
pub(super) fn obstacle(config: &Config, file: &str, place: &[String], wanted: &str) -> Error {
    let key = dotted(place);
    let text = config.file(file).and_then(|file| file.text.as_ref());
    let names: Vec<&str> = place.iter().map(String::as_str).collect();
    let found = text.and_then(|text| text.document.get(&names));
    let found = found.map_or("a value", toml::type_name);
    let message = format!("{key} is {found} where {wanted} belongs");
    let hint = format!("make {key} {wanted}, or remove it; containerd can't read it as it is");
    placed(
        Error::new(Code::WrongType, message, hint),
        config,
        file,
        place,
    )
}

/// Another owner has the handler.
pub(super) fn foreign_handler(name: &str, owner: &str, acting: &str) -> Error {
    let message = format!("the handler {name} belongs to {owner}");
    let hint = format!(
        "if {acting} is to have it: --take-over; if it is to go: `containerd-edit remove {name} \
         --owner {owner}`"
    );
    Error::new(Code::ForeignHandler, message, hint)
}

/// No owner has declared the handler that is to be removed.
pub(super) fn undeclared_handler(name: &str, keys: &[String]) -> Error {
    let message = format!(
        "no owner has declared the handler {name}; removing it would take away {}",
        keys.join(", ")
    );
    let hint = format!("if it is to go: `containerd-edit remove {name} --adopt`");
    Error::new(Code::ForeignHandler, message, hint)
}

/// The node's own `runc` is never removed.
pub(super) fn own_runc(keys: &[String]) -> Error {
    let message = format!(
        "no owner has declared the handler runc, which every node needs; removing it would take \
         away {}",
        keys.join(", ")
    );
    let hint = "leave it, or edit the file by hand";
    Error::new(Code::ForeignHandler, message, hint)
}

/// The default is to be a handler that no file lists.
pub(super) fn default_not_listed(name: &str) -> Error {
    let message = format!("{name} is not listed and can't be the default handler");
    let settings = match Preset::named(name) {
        Some(_) => "",
        None => " --set runtime_type=TYPE",
    };
    let hint = format!("add it first, as in `containerd-edit add {name}{settings} --default`");
    Error::new(Code::DefaultNotListed, message, hint)
}

/// The key stands in a file that the tool has not written to.
pub(super) fn out_of_reach(config: &Config, file: &str, place: &[String]) -> Error {
    let message = format!(
        "{} stands in a file that this tool has not created, and containerd takes it from there",
        dotted(place)
    );
    let hint = "change it there by hand, or let the tool change that file with --take-over";
    placed(
        Error::new(Code::OutOfReach, message, hint),
        config,
        file,
        place,
    )
}

/// The distribution writes the file.
pub(super) fn not_writable(config: &Config, file: &str, key: &str) -> Error {
    let message = format!("{key} belongs in a file that the distribution writes");
    let hint = "name another file with --drop-in";
    Error::new(Code::OutOfReach, message, hint).at(path_of(config, file))
}

/// The text can't take a key.
pub(super) fn refused(config: &Config, file: &str, refused: &Refused) -> Error {
    let error = match refused {
        Refused::WrongType {
            path,
            found,
            wanted,
            at,
        } => {
            let key = dotted(path);
            let message = format!("{key} is {found} where {wanted} belongs");
            let hint =
                format!("make {key} {wanted}, or remove it; containerd can't read it as it is");
            Error::new(Code::WrongType, message, hint).position_at(at.clone())
        }
        Refused::MultiLine { path, at } => {
            let message = format!("the inline table {} spans several lines", dotted(path));
            let hint = "write the table on one line or as a [header]: containerd 2.x refuses it as \
                        it is";
            Error::new(Code::NotEditable, message, hint).position_at(at.clone())
        }
        Refused::Removed { path, at } => {
            let message = format!("the edit would put a key below {}", dotted(path));
            Error::new(Code::Defect, message, REPORT).position_at(at.clone())
        }
    };
    error.at(path_of(config, file))
}

const REPORT: &str = "the file is untouched; please report this with the file";

/// The new text would say something else than what was worked out. This is a defect of the tool.
pub(super) fn surprise(config: &Config, file: &str, why: &str) -> Error {
    let message = format!("the edit would not say what it is meant to: {why}");
    Error::new(Code::Defect, message, REPORT).at(path_of(config, file))
}
