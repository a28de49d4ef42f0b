//! `remove --if-unused`: whether pods still use the handlers, and waiting for them to go.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "cri")]
use containerd_edit::CriClient;
use containerd_edit::{Effective, Error, ExitCode, InUse, Patch, Plan, UseUnknown};

use super::arguments::{Format, Remove};
use super::in_use_report::{self, Use};
#[cfg(feature = "cri")]
use super::running::{DAEMON_LIMIT, words};
use super::signals::Signals;
use super::{Run, report};

/// How often the daemon is asked during a wait.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How soon a signal ends a wait.
const SIGNAL_EVERY: Duration = Duration::from_millis(50);

impl Run {
    /// Sees to it that no pod uses the handlers that a removal takes away. Otherwise: the exit code,
    /// once it is reported who does.
    pub(super) fn make_sure_unused(
        &mut self,
        remove: &Remove,
        patch: &Patch,
    ) -> Result<Result<(), ExitCode>, Error> {
        let patch = self.in_plugin(patch.clone());
        let begin = Instant::now();
        let wait = remove.wait_unused.unwrap_or_default();
        let mut told = String::new();
        let mut brought_back = false;
        loop {
            // Anew each time: others may edit the config during a long wait.
            let plan = self.editor().plan(&patch)?;
            let handlers = handlers_to_go(remove, &plan);
            if handlers.is_empty() {
                return Ok(Ok(()));
            }
            let config = self.effective(&self.read_or_defaults()?, &self.releases())?;
            let found = match self.look(&handlers, &config) {
                Ok(found) => found,
                Err(exit) => return Ok(Err(exit)),
            };
            if found.is_unused() {
                self.report_unused(&handlers, &found);
                return Ok(Ok(()));
            }
            if found.is_without_daemon()
                && remove.restart.restart
                && !std::mem::replace(&mut brought_back, true)
            {
                // As after a run that was killed during its restart. Once it is back it is asked.
                if let Err(exit) = self.bring_back(&remove.restart.how) {
                    return Ok(Err(exit));
                }
                continue;
            }
            let waited = begin.elapsed();
            if waited >= wait {
                let waited = remove.wait_unused.filter(|wait| !wait.is_zero());
                return Ok(Err(self.refuse_in_use(&handlers, &found, waited)));
            }
            let text = in_use_report::waiting(&handlers, &found);
            if text != told && !self.arguments.global.quiet {
                let _ = writeln!(self.err, "{text}");
                told = text;
            }
            self.wait_for(ASK_EVERY.min(wait.saturating_sub(waited)))?;
        }
    }

    /// Asks the daemon, or looks at the shims where none answers.
    #[cfg(feature = "cri")]
    fn look(&mut self, handlers: &BTreeSet<String>, config: &Effective) -> Result<Use, ExitCode> {
        let root = &self.host_root;
        let asked = CriClient::connect_on(root, self.endpoint(), DAEMON_LIMIT)
            .and_then(|daemon| InUse::ask(&daemon, handlers, config, root));
        match asked {
            Ok(in_use) => Ok(Use::known(in_use)),
            Err(error) if error.exit_code() == ExitCode::NoDaemon => {
                let why = format!("{}: {}", error.endpoint().display(), words(&error));
                Ok(Use::without_daemon(why, self.by_shims(handlers, config)))
            }
            Err(error) => Err(self.no_answer(&error)),
        }
    }

    #[cfg(not(feature = "cri"))]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the signature of the one that asks"
    )]
    fn look(&mut self, handlers: &BTreeSet<String>, config: &Effective) -> Result<Use, ExitCode> {
        let why = "this build of containerd-edit can't ask a daemon".to_owned();
        Ok(Use::without_daemon(why, self.by_shims(handlers, config)))
    }

    fn by_shims(
        &self,
        handlers: &BTreeSet<String>,
        config: &Effective,
    ) -> Result<InUse, UseUnknown> {
        InUse::by_shims(handlers, config, &self.host_root)
    }

    fn report_unused(&mut self, handlers: &BTreeSet<String>, found: &Use) {
        if self.arguments.global.output == Format::Json {
            self.unused = Some(in_use_report::unused_json(handlers, found));
        } else if !self.arguments.global.quiet {
            let text = in_use_report::unused(handlers, found);
            let _ = writeln!(self.err, "{text}");
        }
    }

    fn refuse_in_use(
        &mut self,
        handlers: &BTreeSet<String>,
        found: &Use,
        waited: Option<Duration>,
    ) -> ExitCode {
        let exit = ExitCode::TryAgain;
        let refusal = in_use_report::refusal(handlers, found, waited);
        let place = Some(self.config.as_path());
        let (message, hint) = (&refusal.message, &refusal.hint);
        if self.arguments.global.output == Format::Json {
            let mut report =
                report::failure_json(refusal.code, exit as u8, message, hint, place, None);
            in_use_report::add_pods(&mut report["error"], found);
            let _ = writeln!(self.out, "{report}");
        } else {
            let text = report::failure(message, hint, place, None);
            let _ = self.err.write_all(text.as_bytes());
        }
        exit
    }

    /// Waits, unless a signal asks this run to end.
    fn wait_for(&mut self, duration: Duration) -> Result<(), Error> {
        let signals = self.noted_signals();
        let end = Instant::now() + duration;
        loop {
            if signals.as_ref().is_some_and(Signals::is_asked_to_end) {
                let path = self.config.clone();
                return Err(Error::interrupted(&path));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(SIGNAL_EVERY));
        }
    }
}

/// The handlers that a removal takes away, and those that were named: the file may have lost one that
/// the daemon still has.
fn handlers_to_go(remove: &Remove, plan: &Plan) -> BTreeSet<String> {
    let removed = plan.edited.handlers.removed.iter();
    removed.chain(&remove.names).cloned().collect()
}
