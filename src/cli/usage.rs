//! Command lines that are not understood, and those that ask for help.

use std::ffi::OsString;
use std::io;

use clap::error::ErrorKind;
use containerd_edit::{Code, Error, ExitCode, NextStep};

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
        let hint = tip.map_or_else(|| NextStep::SeeHelp.into(), str::to_owned);
        output::fail_as_json(&Error::new(Code::Usage, message, hint));
    } else {
        let _ = error.print();
    }
    ExitCode::Usage
}

/// Whether a command line that could not be read as a whole asks for JSON.
fn wants_json(typed: &[OsString]) -> bool {
    let asks = |flag: &str| {
        // A group of short flags may come before the one with a value: `-qojson`.
        let is_short = flag.starts_with('-') && !flag.starts_with("--");
        let ends = flag.ends_with("ojson") || flag.ends_with("o=json");
        flag == "--output=json" || (is_short && ends)
    };
    let words: Vec<_> = typed.iter().map(|word| word.to_string_lossy()).collect();
    let mut in_two = words.windows(2).map(|words| words.join("="));
    words.iter().any(|word| asks(word)) || in_two.any(|words| asks(&words))
}
