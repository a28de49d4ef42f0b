//! Command lines that are not understood, and those that ask for help.

use std::ffi::OsString;
use std::io;

use clap::error::ErrorKind;
use containerd_edit::{Code, Error, ExitCode};

use super::output;

/// Prints help or version, or what is wrong with a command line.
pub(super) fn not_understood(error: &clap::Error, typed: &[OsString]) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::Io,
            _ => ExitCode::Success,
        };
    }
    if wants_json(typed) {
        let text = error.to_string();
        let mut parts = text.trim_start_matches("error: ").split("\n\n");
        let message = parts.next().unwrap_or_default().trim();
        let tip = parts.find_map(|part| part.trim().strip_prefix("tip: "));
        let hint = tip.unwrap_or("see `containerd-edit --help`");
        output::fail_as_json(&Error::new(Code::Usage, message, hint));
    } else {
        let _ = error.print();
    }
    ExitCode::Usage
}

/// Whether a command line that could not be read as a whole asks for JSON.
fn wants_json(typed: &[OsString]) -> bool {
    let words = || typed.iter().map(|word| word.to_string_lossy());
    // A group of short flags may come before the one with a value: `-qojson`.
    let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
    let in_one = |word: &str| {
        let ends = word.ends_with("ojson") || word.ends_with("o=json");
        word == "--output=json" || is_short(word) && ends
    };
    let is_flag = |word: &str| word == "--output" || is_short(word) && word.ends_with('o');
    let in_two = words().zip(words().skip(1));
    words().any(|word| in_one(&word))
        || in_two
            .into_iter()
            .any(|(flag, value)| is_flag(&flag) && value == "json")
}
