//! `remove --if-unused`: whether pods still use the handlers, and waiting for them to go.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use containerd_edit::{Code, CriClient, Error, ExitCode, InUse, Sandbox};

use super::running::DAEMON_LIMIT;
use crate::cli::arguments::{Format, Remove};
use crate::cli::editing::{Edit, Request};
use crate::cli::error_report::in_place;
use crate::cli::run::Run;
use crate::cli::signals::Signals;

/// How often the daemon is asked during a wait.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How soon a signal ends a wait.
const SIGNAL_EVERY: Duration = Duration::from_millis(50);
/// So many pods are named.
const MOST_PODS: usize = 10;

/// Why handlers can't be removed now.
struct InTheWay {
    code: Code,
    message: String,
    hint: String,
    found: Option<InUse>,
}

impl Run {
    /// Returns the handlers that a removal takes away, if there are any, once no pod uses them.
    pub(in crate::cli) fn make_sure_unused(
        &mut self,
        remove: &Remove,
        edit: &Edit<'_>,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let begin = Instant::now();
        let wait = remove.wait_unused.unwrap_or_default();
        let mut told = String::new();
        let mut brought_back = false;
        loop {
            // Anew each time: others may edit the config during a long wait.
            let handlers = self.handlers_to_go(remove, edit)?;
            if handlers.is_empty() {
                return Ok(None);
            }
            let daemon = &edit.editing.restarting.how.daemon;
            let endpoint = self.config.endpoint(daemon);
            let asked = CriClient::connect_on(&self.config.host_root, endpoint, DAEMON_LIMIT)
                .and_then(|daemon| InUse::ask(&daemon, &handlers));
            let in_the_way = match asked {
                Ok(in_use) if in_use.pods.is_empty() => {
                    self.tell_unused(&handlers, &in_use);
                    return Ok(Some(handlers));
                }
                Ok(in_use) => InTheWay::pods(&handlers, in_use),
                Err(error) if error.exit_code() == ExitCode::NoDaemon => {
                    let restarts = edit.editing.restarting.restart;
                    if restarts && !std::mem::replace(&mut brought_back, true) {
                        // As after a run that was killed during its restart.
                        self.bring_back(edit)?;
                        continue;
                    }
                    InTheWay::no_daemon(&handlers, &error)
                }
                Err(error) => return Err(error),
            };
            let waited = begin.elapsed();
            if waited >= wait {
                let waited = remove.wait_unused.filter(|wait| !wait.is_zero());
                return Err(self.refusal(in_the_way, waited));
            }
            let text = format!("waiting: {}", in_the_way.message);
            if text != told {
                self.output.notes.show(&text);
                told = text;
            }
            self.wait_for(ASK_EVERY.min(wait.saturating_sub(waited)))?;
        }
    }

    /// The handlers that a removal takes away, and those that were named: the file may have lost one
    /// that the daemon still has.
    fn handlers_to_go(&self, remove: &Remove, edit: &Edit<'_>) -> Result<BTreeSet<String>, Error> {
        let mut handlers: BTreeSet<String> = remove.names.iter().cloned().collect();
        if let Request::Change(change) = &edit.request {
            let plan = self.editor_of(edit)?.plan(change)?;
            handlers.extend(plan.report.handlers.removed);
        }
        Ok(handlers)
    }

    /// Says that no pod uses the handlers. In JSON that stands in the report.
    fn tell_unused(&mut self, handlers: &BTreeSet<String>, found: &InUse) {
        if self.output.format == Format::Text {
            let (names, endpoint) = (names(handlers), found.endpoint.display());
            let line = format!("no pod uses {names} (asked the daemon at {endpoint})");
            self.output.notes.show(&line);
        }
    }

    /// The error of a removal that something is in the way of, after a wait.
    fn refusal(&self, in_the_way: InTheWay, waited: Option<Duration>) -> Error {
        let waited = waited.map_or_else(String::new, |waited| {
            format!("after {} of waiting, ", humantime::format_duration(waited))
        });
        let message = format!("{waited}{}", in_the_way.message);
        let error = Error::new(in_the_way.code, message, in_the_way.hint).at(&self.config.path);
        match in_the_way.found {
            Some(found) => error.with_detail(found),
            None => error,
        }
    }

    /// Waits, unless a signal asks this run to end.
    fn wait_for(&mut self, duration: Duration) -> Result<(), Error> {
        let signals = self.noted_signals();
        let end = Instant::now() + duration;
        loop {
            if signals.as_ref().is_some_and(Signals::is_asked_to_end) {
                return Err(Error::interrupted(&self.config.path));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(SIGNAL_EVERY));
        }
    }
}

impl InTheWay {
    fn pods(handlers: &BTreeSet<String>, found: InUse) -> Self {
        let (noun, verb) = match found.pods.len() {
            1 => ("pod", "uses"),
            _ => ("pods", "use"),
        };
        let number = found.pods.len();
        let (shown, endpoint) = (pods(&found.pods), found.endpoint.display());
        Self {
            code: Code::InUse,
            message: format!(
                "{number} {noun} still {verb} {}: {shown} (asked the daemon at {endpoint})",
                names(handlers)
            ),
            hint: "delete the RuntimeClass, so that no new pod uses it, and then these pods; \
                   --wait-unused waits for them to go"
                .to_owned(),
            found: Some(found),
        }
    }

    fn no_daemon(handlers: &BTreeSet<String>, error: &Error) -> Self {
        Self {
            code: Code::UseUnknown,
            message: format!(
                "it is not known whether a pod uses {}: {}",
                names(handlers),
                in_place(error)
            ),
            hint: error.hint().to_owned(),
            found: None,
        }
    }
}

fn names(handlers: &BTreeSet<String>) -> String {
    let names: Vec<&str> = handlers.iter().map(String::as_str).collect();
    match &names[..] {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        all => all.concat(),
    }
}

/// Pods by their names, each with its handler if there is more than one.
fn pods(pods: &[Sandbox]) -> String {
    let handlers: BTreeSet<&str> = pods.iter().map(|pod| pod.handler.as_str()).collect();
    let named = pods.iter().take(MOST_PODS).map(|pod| {
        let name = format!("{}/{}", pod.namespace, pod.name);
        if handlers.len() > 1 {
            format!("{name} ({})", pod.handler)
        } else {
            name
        }
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if pods.len() > MOST_PODS {
        let _ = write!(text, " and {} more", pods.len() - MOST_PODS);
    }
    text
}
