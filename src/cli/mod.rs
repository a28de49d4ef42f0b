//! The command line: what was typed, what is done, what is shown.

mod arguments;
mod check_report;
mod config;
#[cfg(feature = "cri")]
mod daemon;
#[cfg(not(feature = "cri"))]
#[path = "no_daemon.rs"]
mod daemon;
mod diff;
mod edit_report;
mod editing;
mod error_report;
mod handlers_report;
mod output;
mod patch_file;
mod reading;
mod restart_report;
mod running_report;
mod signals;
mod status_report;
mod text;
mod usage;

use std::ffi::OsString;

use containerd_edit::{Editor, Error, ExitCode};

use self::arguments::{Arguments, Verb};
use self::config::Config;
use self::output::Output;
use self::signals::Signals;

/// Runs one command line and returns its exit code.
///
/// What can't be printed changes neither the config nor the exit code, unless printing was all that
/// was asked for.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::read(typed.iter().cloned()) {
        Ok(arguments) => arguments,
        Err(error) => return usage::not_understood(&error, &typed),
    };
    let mut output = Output::new(&arguments.global);
    let config = match Config::find(&arguments.global) {
        Ok(config) => config,
        Err(error) => return output.fail(&error, None),
    };
    let mut run = Run {
        output,
        config,
        signals: None,
    };
    let done = run.carry_out(&arguments.verb);
    done.unwrap_or_else(|error| run.fail(&error))
}

/// One command line being carried out.
struct Run {
    output: Output,
    config: Config,
    signals: Option<Signals>,
}

impl Run {
    fn carry_out(&mut self, verb: &Verb) -> Result<ExitCode, Error> {
        match verb {
            Verb::Add(add) => self.add(add),
            Verb::Apply(apply) => self.apply(apply),
            Verb::Remove(remove) => self.remove(remove),
            Verb::SetDefault(set) => self.set_default(set),
            Verb::Undo(undo) => self.undo(undo),
            Verb::Restart(restart) => self.restart(restart),
            Verb::List(list) => self.list(list),
            Verb::Show(show) => self.show(show),
            Verb::Check(check) if check.running => self.check_running(check),
            Verb::Check(check) => self.check(check),
            Verb::Status(status) => self.status(status),
            Verb::Log(log) => self.log(log),
        }
    }

    /// An editor of the config that says whom it waits for.
    fn editor(&self, command: impl Into<String>) -> Editor {
        let notes = self.output.notes;
        let editor = self.config.editor().command(command);
        editor.on_wait(move |lock, holder| {
            let lock = lock.display();
            notes.show(&format!("waiting for the lock {lock}, held by {holder}"));
        })
    }

    /// Has a signal that comes before anything has changed interrupt an edit.
    fn interruptible(&mut self, editor: Editor) -> Editor {
        // Where they can't be noted, a signal ends the run at once, as it does any program.
        let Some(signals) = self.noted_signals() else {
            return editor;
        };
        editor.interrupted(move || signals.is_asked_to_end())
    }

    /// Notes signals from now on, if they aren't yet.
    fn noted_signals(&mut self) -> Option<Signals> {
        if self.signals.is_none() {
            self.signals = Signals::noted().ok();
        }
        self.signals.clone()
    }

    /// Shows an error, and ends by the signal if that is what it was.
    fn fail(&mut self, error: &Error) -> ExitCode {
        let signals = self.signals.take();
        let signals = signals.filter(|_| error.exit_code() == ExitCode::Interrupted);
        let by_signal = signals.as_ref().and_then(Signals::exit_code);
        let exit = self.output.fail(error, by_signal);
        if let Some(signals) = signals {
            signals.end();
        }
        exit
    }
}
