//! What a run prints. Nothing else in this program does, but `usage`.

use std::io::{self, Write as _};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use containerd_edit::{Error, ExitCode, Warning};
use serde_json::Value;

use super::arguments::{Format, Global};
use super::error_report;
use super::named::Named;
use super::report::{Report, json_line};
use super::text::{WARNING, place, printable, printable_lines};

/// The streams, and how the user wants them.
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) verbose: bool,
    pub(super) notes: Notes,
    named: Named,
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
}

/// Lines on stderr about what goes on, in JSON too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Notes {
    is_quiet: bool,
}

impl Notes {
    pub(super) fn show(self, line: &str) {
        if !self.is_quiet {
            let _ = writeln!(io::stderr(), "{}", printable_lines(line));
        }
    }
}

impl Output {
    pub(super) fn new(global: &Global) -> Self {
        let choice = match global.color {
            None | Some(clap::ColorChoice::Auto) => ColorChoice::Auto,
            Some(clap::ColorChoice::Always) => ColorChoice::Always,
            Some(clap::ColorChoice::Never) => ColorChoice::Never,
        };
        Self {
            format: global.output(),
            verbose: global.verbose,
            notes: Notes {
                is_quiet: global.quiet,
            },
            named: Named::of(global),
            out: AutoStream::new(io::stdout(), choice),
            err: AutoStream::new(io::stderr(), choice),
        }
    }

    /// Prints what a verb that changes nothing has found. If that fails, the run has failed.
    pub(super) fn answer(&mut self, report: Report, exit: ExitCode) -> ExitCode {
        self.print(&self.rendered(report), exit)
    }

    /// Prints what a verb has found that was asked for its exit code, unless the user wants that alone.
    pub(super) fn verify(&mut self, report: Report, exit: ExitCode) -> ExitCode {
        if self.is_silent() {
            return exit;
        }
        self.answer(report, exit)
    }

    /// Prints what a verb has done, unless the user wants to hear of errors alone. Whether that
    /// succeeds does not matter any more.
    pub(super) fn tell(&mut self, report: Report, exit: ExitCode) -> ExitCode {
        if !self.is_silent() {
            let _ = self.write(&self.rendered(report));
        }
        exit
    }

    /// Whether nothing is printed of a run that succeeds.
    pub(super) fn is_silent(&self) -> bool {
        self.notes.is_quiet && self.format == Format::Text
    }

    fn rendered(&self, report: Report) -> String {
        match self.format {
            Format::Json => self.json_line(report.json),
            Format::Text => report.diff + &printable_lines(&self.named.in_commands(&report.text)),
        }
    }

    fn json_line(&self, mut report: Value) -> String {
        self.named.in_messages(&mut report);
        json_line(report)
    }

    /// Prints a result as it is. A reader that has gone away is no error.
    pub(super) fn print(&mut self, text: &str, exit: ExitCode) -> ExitCode {
        match self.write(text) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(self.err, "error: cannot write to stdout: {error}");
                ExitCode::Io
            }
            _ => exit,
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Shows warnings about a config. In JSON they stand in the report.
    pub(super) fn warn(&mut self, path: &Path, warnings: &[Warning]) {
        if self.format == Format::Json {
            return;
        }
        for warning in warnings {
            if self.notes.is_quiet && !warning.is_urgent() {
                continue;
            }
            let place = place(path, warning.at.as_ref());
            let message = self.named.in_commands(&warning.message);
            let message = printable(&format!("{place}: {message}"));
            let line = format!("{WARNING}warning{WARNING:#}: {message}\n");
            let _ = self.err.write_all(line.as_bytes());
        }
    }

    /// Shows an error and returns its exit code. Whoever started a run that a signal ends sees
    /// another one, `by_signal`.
    pub(super) fn fail(&mut self, error: &Error, by_signal: Option<u8>) -> ExitCode {
        let exit = error.exit_code();
        if self.format == Format::Json {
            let exit = by_signal.unwrap_or(exit as u8);
            let line = self.json_line(error_report::json(error, exit));
            let _ = self.write(&line);
        } else {
            let text = error_report::text(error, &self.named);
            let _ = self.err.write_all(text.as_bytes());
        }
        exit
    }
}

/// Shows, as JSON, the error of a command line that was not understood.
pub(super) fn fail_as_json(error: &Error) {
    let report = error_report::json(error, error.exit_code() as u8);
    let _ = io::stdout().write_all(json_line(report).as_bytes());
}
