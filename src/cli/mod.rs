//! The command line: what was typed, what is done, what is shown.

mod arguments;
mod by_hand;
mod check_report;
mod config;
#[cfg(feature = "cri")]
mod daemon;
mod diff;
mod edit;
mod edit_report;
mod editing;
mod error_report;
mod handlers_report;
mod key_report;
mod named;
mod output;
mod patch_file;
mod reading;
mod report;
mod restore_report;
mod run;
mod signals;
mod status_report;
#[cfg(test)]
mod tests;
mod text;
mod usage;
#[cfg(not(feature = "cri"))]
mod without_daemon;

use std::ffi::OsString;

use containerd_edit::{Error, ExitCode};

use self::arguments::{Arguments, Verb};
use self::config::Config;
use self::output::Output;
use self::run::Run;

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
    let config = match Config::find(&arguments.global, arguments.verb.only_looks()) {
        Ok(config) => config,
        Err(error) => return output.fail(&error, None),
    };
    let mut run = Run::new(output, config);
    let done = carry_out(&mut run, &arguments.verb);
    done.unwrap_or_else(|error| run.fail(error))
}

fn carry_out(run: &mut Run, verb: &Verb) -> Result<ExitCode, Error> {
    match verb {
        Verb::Add(add) => run.add(add),
        Verb::Apply(apply) => run.apply(apply),
        Verb::Remove(remove) => run.remove(remove),
        Verb::Set(set) => run.set(set),
        Verb::Unset(unset) => run.unset(unset),
        Verb::SetDefault(set) => run.set_default(set),
        Verb::Undo(undo) => run.undo(undo),
        Verb::Edit(edit) => run.edit_by_hand(edit),
        Verb::Restore(restore) => run.restore(restore),
        Verb::Restart(restart) => run.restart(restart),
        Verb::List(list) => run.list(list),
        Verb::Show(show) => run.show(show),
        Verb::Get(get) => run.get(get),
        Verb::Check(check) => run.check(check),
        Verb::Status(status) => run.status(status),
        Verb::Log(logging) => run.log(logging),
    }
}
