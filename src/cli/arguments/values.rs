//! The values of flags.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use containerd_edit::{Distribution, Error, LogTo, Preset};

/// A distribution, or whichever is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    Auto,
    This(Distribution),
}

/// A path that is not empty.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(not_empty)
}

fn not_empty(path: OsString) -> Result<PathBuf, &'static str> {
    if path.is_empty() {
        Err("the path is empty")
    } else {
        Ok(path.into())
    }
}

/// A command line for `sh -c`.
pub(super) fn shell_command() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new().try_map(|command| {
        if command.to_string_lossy().trim().is_empty() {
            Err("the command is empty")
        } else {
            Ok(command)
        }
    })
}

/// A path, or `none`.
pub(super) fn log_to() -> impl TypedValueParser<Value = LogTo> {
    OsStringValueParser::new().try_map(|place| {
        if place == "none" {
            return Ok(LogTo::Nowhere);
        }
        not_empty(place).map(LogTo::File)
    })
}

pub(super) fn distribution(name: &str) -> Result<Chosen, Error> {
    if name == "auto" {
        return Ok(Chosen::Auto);
    }
    name.parse().map(Chosen::This)
}

pub(super) fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name)
        .copied()
        .ok_or_else(|| Preset::suggestion(name))
}
