//! Why a host's distribution, or the config that it reads, can't be found.

use std::io;
use std::path::{Path, PathBuf};

use super::Distribution;
use crate::error::{Code, Error};
use crate::toml::ParseError;

/// A word is not the name of a distribution.
pub(super) fn unknown(name: &str) -> Error {
    let names: Vec<&str> = Distribution::ALL.iter().map(|it| it.name()).collect();
    let message = format!(
        "no distribution {name:?}: it is one of {}",
        names.join(", ")
    );
    Error::new(Code::Usage, message, "name one of these, or auto")
}

/// There are signs of more than one distribution, each with the file or folder that it was found by.
pub(super) fn ambiguous(found: &[(Distribution, PathBuf)]) -> Error {
    let signs: Vec<String> = found
        .iter()
        .map(|(distribution, path)| format!("{distribution} ({})", path.display()))
        .collect();
    let names: Vec<&str> = found.iter().map(|(found, _)| found.name()).collect();
    let message = format!(
        "this host has signs of more than one distribution: {}",
        signs.join(", ")
    );
    let hint = format!(
        "say which one runs the pods: --distribution {}",
        names.join("|")
    );
    Error::new(Code::AmbiguousDistribution, message, hint).at("/")
}

/// The distribution that was asked for is not on the host.
pub(super) fn not_there(distribution: Distribution) -> Error {
    let message = format!(
        "this host does not run {}: it has none of {}",
        distribution.title(),
        distribution.signs().join(", ")
    );
    let hint = "check --distribution and --host-root (all of the host's files have to be mounted \
                there), or name the file with --config";
    Error::new(Code::NotADistribution, message, hint).at("/")
}

/// The distribution has not yet written the config at `path`; `start` is how to start it.
pub(super) fn not_started(distribution: Distribution, path: &Path, start: &str) -> Error {
    let message = format!(
        "{} has not written {} yet, so it is not known what it reads",
        distribution.title(),
        path.display()
    );
    let hint = format!("start it once, then run this again: {start}");
    Error::new(Code::NotStarted, message, hint).at(path)
}

/// The template decides what the distribution reads once it is started anew; `start` is how.
pub(super) fn template_not_read(distribution: Distribution, template: &Path, start: &str) -> Error {
    let message = format!(
        "{} has not yet been started with {}, which will decide what it reads",
        distribution.title(),
        template.display()
    );
    let hint = format!(
        "restart it, then run this again: {start}; or remove {} if nobody needs it",
        template.display()
    );
    Error::new(Code::TemplateNotRead, message, hint).at(template)
}

/// A file that says what to edit could not be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let (code, hint) = match error.kind() {
        io::ErrorKind::PermissionDenied => (Code::Denied, "run it as root"),
        _ => (
            Code::Io,
            "fix the cause, or name the file to edit with --config",
        ),
    };
    let message = format!("cannot read {}: {error}", path.display());
    Error::new(code, message, hint).at(path)
}

/// A file that says what to edit is not valid TOML.
pub(super) fn not_toml(path: &Path, error: ParseError) -> Error {
    Error::from(error)
        .with_hint("fix this line, or restart the service that writes the file")
        .at(path)
}
