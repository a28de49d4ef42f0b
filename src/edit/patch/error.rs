//! Why a patch can't be applied to a config. The config is never changed then.

use crate::containerd::plugin;
use crate::error::{Code, Error, Position};
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, Refused};

/// What stands at a dotted key is not what belongs there.
pub(super) fn obstacle(key: &str, found: &str, wanted: &str, at: Position) -> Error {
    let message = format!("{key} is {found} where {wanted} belongs");
    let hint = format!("make {key} {wanted}, or remove it; containerd can't read it as it is");
    Error::new(Code::WrongType, message, hint).position_at(at)
}

/// An inline table spans several lines.
fn multi_line_table(key: &str, at: Position) -> Error {
    let message = format!("the inline table {key} spans several lines");
    let hint = "write the table on one line or as a [header]: containerd 2.x refuses it as it is";
    Error::new(Code::NotEditable, message, hint).position_at(at)
}

/// The value that is to be replaced spans several lines.
pub(super) fn multi_line_value(key: &str, at: Position) -> Error {
    let message = format!("{key} is a value of several lines, which a comment can't keep");
    Error::new(Code::NotEditable, message, "write the value on one line").position_at(at)
}

/// The key stands in an inline table, which has no place for the comment that would say who has set
/// it and what was there before.
pub(super) fn inline_key(key: &str, at: Position) -> Error {
    let message = format!(
        "{key} is part of an inline table, where no comment can keep what was there before"
    );
    let hint = "write the table as a [header], with its keys on lines of their own";
    Error::new(Code::NotEditable, message, hint).position_at(at)
}

/// A key of CRI's plugin that no release reads there in a config of this version.
pub(super) fn not_read(key: &str, plugin: &str, version: i64) -> Error {
    let message = format!(
        "{key} is a key that no containerd release reads under {plugin:?} in a config of version \
         {version}"
    );
    let hint = "leave it out for this config: containerd reads it only where CRI is one plugin, in \
                a config of version 2 or older";
    Error::new(Code::KeyNotRead, message, hint).about_key(key)
}

/// Another owner has added the handler.
pub(crate) fn foreign_handler(name: &str, owner: &str, at: Position) -> Error {
    let hint = format!(
        "if {owner} is gone for good: --take-over; otherwise choose another name than {name}, or \
         remove it with `containerd-edit remove {name}`"
    );
    let message = format!("the handler {name} belongs to {owner}");
    Error::new(Code::ForeignHandler, message, hint).position_at(at)
}

/// No plugin table will do for handlers: each of the two is read by some releases only. `at` says
/// where the table of a plugin ID stands.
pub(super) fn no_table(reason: &plugin::NoTable, at: impl Fn(&str) -> Position) -> Error {
    match reason {
        plugin::NoTable::Ambiguous([first, second]) => {
            let message = format!(
                "handlers stand under both {first:?} and {second:?}: containerd 1.x reads the \
                 first, 2.x the second"
            );
            let hint =
                format!("run it once for each: --plugin-id {first} and --plugin-id {second}");
            Error::new(Code::AmbiguousPlugin, message, hint).position_at(at(second))
        }
        plugin::NoTable::Misplaced { found, right } => {
            let message = format!(
                "the handlers stand under {found:?}, which only some releases read in a file of \
                 this version, and which they stop to read once there is a table {right:?}"
            );
            let hint = format!(
                "rename the plugin table from {found} to {right}, or correct the file's version; \
                 or name the table to edit with --plugin-id"
            );
            Error::new(Code::MisplacedHandlers, message, hint).position_at(at(found))
        }
    }
}

const REPORT: &str = "the file is untouched; please report this with the file";

/// The spliced text would mean something else than what was asked for. This is a defect of the tool.
pub(super) fn surprise(key: &str) -> Error {
    Error::new(
        Code::Defect,
        format!("the edit would also change {key}"),
        REPORT,
    )
}

/// Parses what an edit has made: if that is not TOML, it is a defect of the tool.
pub(super) fn parsed(text: &str) -> Result<Document<'_>, Error> {
    Document::parse(text.as_bytes()).map_err(|error| {
        let (line, reason) = (error.at.line, error.message);
        let message = format!("the edit would break the file at line {line}: {reason}");
        Error::new(Code::Defect, message, REPORT)
    })
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let key = |path: &[String]| render::dotted(path, Quotes::Basic);
        match refused {
            Refused::WrongType {
                path,
                found,
                wanted,
                at,
            } => obstacle(&key(&path), found, wanted, at),
            Refused::MultiLine { path, at } => multi_line_table(&key(&path), at),
            Refused::Removed { path, .. } => surprise(&key(&path)),
        }
    }
}
