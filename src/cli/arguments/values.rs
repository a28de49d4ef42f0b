//! The values of flags.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use containerd_edit::{Distribution, Error, LogTo, Preset};

/// A distribution; `None`: whichever is found.
pub(crate) type Chosen = Option<Distribution>;

/// The name that stands for stdin.
pub(crate) const STDIN: &str = "-";

/// An environment variable; an empty one counts as unset.
pub(super) fn variable(name: &'static str) -> Option<&'static str> {
    env::var_os(name).filter(|value| !value.is_empty())?;
    Some(name)
}

/// A path of a file or folder that is there for longer than this run.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(named)
}

/// A path, or `-` for stdin.
pub(super) fn path_or_stdin() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|path| {
        if path == STDIN {
            return Ok(path.into());
        }
        named(path)
    })
}

fn named(path: OsString) -> Result<PathBuf, &'static str> {
    if path.is_empty() {
        Err("the path is empty")
    } else if path == STDIN {
        Err("stdin and stdout can't stand in for it; a file of this name is ./-")
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
        named(place).map(LogTo::File)
    })
}

pub(super) fn distribution(name: &str) -> Result<Chosen, Error> {
    if name == "auto" {
        return Ok(None);
    }
    name.parse().map(Some)
}

pub(super) fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name)
        .copied()
        .ok_or_else(|| Preset::suggestion(name))
}
