//! One command line being carried out: what all verbs share.

use containerd_edit::{Editor, Error, ExitCode};

use super::config::Config;
use super::output::Output;
use super::signals::{self, Signals};

/// A run of the command.
pub(super) struct Run {
    pub(super) output: Output,
    pub(super) config: Config,
    signals: Option<Signals>,
}

impl Run {
    pub(super) fn new(output: Output, config: Config) -> Self {
        Self {
            output,
            config,
            signals: None,
        }
    }

    /// An editor of the config that says whom it waits for.
    pub(super) fn editor(&self, command: impl Into<String>) -> Editor {
        let notes = self.output.notes;
        let editor = self.config.editor().command(command);
        editor.on_wait(move |lock, holder| {
            let lock = lock.display();
            notes.show(&format!("waiting for the lock {lock}, held by {holder}"));
        })
    }

    /// Has a signal that comes before anything has changed interrupt an edit.
    pub(super) fn interruptible(&mut self, editor: Editor) -> Editor {
        // Where they can't be noted, a signal ends the run at once, as it does any program.
        let Some(signals) = self.noted_signals() else {
            return editor;
        };
        editor.interrupted(move || signals.received().is_some())
    }

    /// Notes signals from now on, if they aren't yet.
    pub(super) fn noted_signals(&mut self) -> Option<Signals> {
        if self.signals.is_none() {
            self.signals = Signals::noted().ok();
        }
        self.signals.clone()
    }

    /// Shows an error, and ends by the signal if that is what it was.
    pub(super) fn fail(&mut self, error: Error) -> ExitCode {
        let error = self.config.editor().with_way_back(error);
        let signal = self.signals.as_ref().and_then(Signals::received);
        let signal = signal.filter(|_| error.exit_code() == ExitCode::Interrupted);
        // The exit code that a shell shows for a signal.
        let exit = self.output.fail(&error, signal.map(|signal| 128 + signal));
        if let Some(signal) = signal {
            signals::end_by(signal);
        }
        exit
    }
}
