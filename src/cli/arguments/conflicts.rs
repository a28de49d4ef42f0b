//! Flags that don't go together, beyond what clap can see.

use clap::Command;
use clap::error::ErrorKind;

use super::{Arguments, Format, Verb};

impl Arguments {
    /// What clap can't see: flags before and after the verb, and flags of verbs that only read.
    pub(super) fn check_conflicts(&self, command: &mut Command) -> Result<(), clap::Error> {
        let global = &self.global;
        let exclusive = [
            (global.dry_run && global.stdout, "--dry-run", "--stdout"),
            (
                global.stdout && global.output == Format::Json,
                "--stdout",
                "--output json",
            ),
            (global.quiet && global.verbose, "--quiet", "--verbose"),
            (
                global.stdout && global.drop_in.is_some(),
                "--stdout",
                "--drop-in",
            ),
        ];
        for (both, one, other) in exclusive {
            if both {
                let message = format!("the argument '{one}' cannot be used with '{other}'");
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
        }
        let reading = match self.verb {
            Verb::List => "list",
            Verb::Check { .. } => "check",
            Verb::Show { .. } => "show",
            Verb::Log => "log",
            Verb::Status => "status",
            Verb::Restart { .. } => "restart",
            Verb::Undo(_) => {
                if global.stdout || global.drop_in.is_some() {
                    let flag = if global.stdout {
                        "--stdout"
                    } else {
                        "--drop-in"
                    };
                    let message = format!("the argument '{flag}' cannot be used with 'undo'");
                    return Err(command.error(ErrorKind::ArgumentConflict, message));
                }
                return self.check_restart(command);
            }
            Verb::Add(_) | Verb::Apply(_) | Verb::Remove(_) | Verb::SetDefault(_) => {
                return self.check_restart(command);
            }
        };
        let restarts = matches!(self.verb, Verb::Restart { .. });
        let why = if restarts {
            "changes no config"
        } else {
            "changes nothing"
        };
        let writing = [
            (global.dry_run, "--dry-run"),
            (global.stdout, "--stdout"),
            (global.exit_code && !restarts, "--exit-code"),
            (global.drop_in.is_some(), "--drop-in"),
        ];
        for (given, flag) in writing {
            if given {
                let message =
                    format!("the argument '{flag}' cannot be used with '{reading}', which {why}");
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
        }
        Ok(())
    }

    /// What is not written is not loaded.
    fn check_restart(&self, command: &mut Command) -> Result<(), clap::Error> {
        let global = &self.global;
        let restarts = self.restart_too().is_some_and(|too| too.restart);
        for (given, flag) in [(global.dry_run, "--dry-run"), (global.stdout, "--stdout")] {
            if restarts && given {
                let message = format!("the argument '--restart' cannot be used with '{flag}'");
                return Err(command.error(ErrorKind::ArgumentConflict, message));
            }
        }
        Ok(())
    }
}
