//! `remove --if-unused`: whether pods still use the handlers, and waiting for them to go.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use containerd_edit::cri::{CriClient, InUse, Sandbox};
use containerd_edit::{Code, Error, ExitCode};

use crate::cli::arguments::{Format, Remove};
use crate::cli::edit::Edit;
use crate::cli::error_report::in_place;
use crate::cli::run::Run;
use crate::cli::signals::Signals;
use crate::cli::text::first_of;

/// How often the daemon is asked during a wait.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How soon a signal ends a wait.
const SIGNAL_EVERY: Duration = Duration::from_millis(50);
/// So many pods are named.
const MOST_PODS: usize = 10;

impl Run {
    /// Returns the handlers that a removal takes away, if there are any, once no pod uses them.
    pub(in crate::cli) fn make_sure_unused(
        &mut self,
        remove: &Remove,
        edit: &Edit<'_>,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let begin = Instant::now();
        let wait = remove.wait_unused.unwrap_or_default();
        let mut shown = String::new();
        let mut may_restart = edit.editing.restart;
        loop {
            // Anew each time: others may edit the config during a long wait.
            let handlers = self.handlers_to_go(remove, edit)?;
            if handlers.is_empty() {
                return Ok(None);
            }
            let endpoint = self.config.endpoint(&edit.editing.how.daemon);
            let limit = CriClient::ANSWER_LIMIT;
            let asked = CriClient::connect_on(&self.config.host_root, endpoint, limit)
                .and_then(|daemon| InUse::ask(&daemon, &handlers));
            let waited = begin.elapsed();
            let is_over = waited >= wait;
            let after = if is_over && !wait.is_zero() {
                format!("after {} of waiting, ", humantime::format_duration(wait))
            } else {
                String::new()
            };
            let refusal = match asked {
                Ok(found) if found.pods.is_empty() => {
                    self.tell_unused(&handlers, &found);
                    return Ok(Some(handlers));
                }
                Ok(found) => in_use(&after, &handlers, found),
                Err(error) if error.exit_code() != ExitCode::NoDaemon => return Err(error),
                Err(_) if may_restart => {
                    // As after a run that was killed during its restart.
                    may_restart = false;
                    self.bring_back(edit)?;
                    continue;
                }
                Err(error) => use_unknown(&after, &handlers, &error),
            };
            if is_over {
                return Err(refusal.at(&self.config.path));
            }
            let text = format!("waiting: {refusal}");
            if text != shown {
                self.output.notes.show(&text);
                shown = text;
            }
            self.wait_for(ASK_EVERY.min(wait.saturating_sub(waited)))?;
        }
    }

    /// The handlers that a removal takes away, and those that were named: the file may have lost one
    /// that the daemon still has.
    fn handlers_to_go(&self, remove: &Remove, edit: &Edit<'_>) -> Result<BTreeSet<String>, Error> {
        let mut handlers: BTreeSet<String> = remove.names.iter().cloned().collect();
        let plan = self.editor_of(edit).plan(edit.request.clone())?;
        handlers.extend(plan.report.handlers.removed);
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

    /// Waits, unless a signal asks this run to end.
    fn wait_for(&mut self, duration: Duration) -> Result<(), Error> {
        let signals = self.noted_signals();
        let end = Instant::now() + duration;
        loop {
            if signals.as_ref().and_then(Signals::received).is_some() {
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

fn in_use(after: &str, handlers: &BTreeSet<String>, found: InUse) -> Error {
    let number = match found.pods.len() {
        1 => "1 pod still uses".to_owned(),
        number => format!("{number} pods still use"),
    };
    let (names, pods, endpoint) = (names(handlers), pods(&found.pods), found.endpoint.display());
    let message = format!("{after}{number} {names}: {pods} (asked the daemon at {endpoint})");
    let hint = "delete the RuntimeClass, so that no new pod uses it, and then these pods; \
                --wait-unused waits for them to go";
    Error::new(Code::InUse, message, hint).with_detail(found)
}

fn use_unknown(after: &str, handlers: &BTreeSet<String>, error: &Error) -> Error {
    let (names, reason) = (names(handlers), in_place(error));
    let message = format!("{after}it is not known whether a pod uses {names}: {reason}");
    Error::new(Code::UseUnknown, message, error.hint())
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
    let is_one = pods.iter().all(|pod| pod.handler == pods[0].handler);
    let names = pods.iter().map(|pod| match &pod.handler {
        _ if is_one => format!("{}/{}", pod.namespace, pod.name),
        handler => format!("{}/{} ({handler})", pod.namespace, pod.name),
    });
    first_of(MOST_PODS, &names.collect::<Vec<_>>())
}
