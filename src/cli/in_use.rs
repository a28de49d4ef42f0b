//! `remove --if-unused`: whether pods still use the handlers, and waiting for them to go.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use containerd_edit::{CriClient, CriError, Error, ExitCode, InUse, Outcome, Patch, PodInUse};

use super::arguments::{Format, Remove};
use super::running::{DAEMON_LIMIT, words};
use super::signals::Signals;
use super::{Run, report};

/// How often the daemon is asked during a wait.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How soon a signal ends a wait.
const SIGNAL_EVERY: Duration = Duration::from_millis(50);
/// So many pods are named.
const MOST_PODS: usize = 10;

/// Why handlers can't be removed now.
struct InTheWay {
    code: &'static str,
    message: String,
    hint: String,
    pods: Vec<PodInUse>,
}

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
            let asked = CriClient::connect_on(&self.host_root, self.endpoint(), DAEMON_LIMIT)
                .and_then(|daemon| InUse::ask(&daemon, &handlers));
            let in_the_way = match asked {
                Ok(in_use) if in_use.pods.is_empty() => {
                    self.report_unused(&handlers, &in_use);
                    return Ok(Ok(()));
                }
                Ok(in_use) => InTheWay::pods(&handlers, in_use),
                Err(error) if error.exit_code() == ExitCode::NoDaemon => {
                    if remove.restart.restart && !std::mem::replace(&mut brought_back, true) {
                        // As after a run that was killed during its restart.
                        if let Err(exit) = self.bring_back(&remove.restart.how) {
                            return Ok(Err(exit));
                        }
                        continue;
                    }
                    InTheWay::no_daemon(&handlers, &error)
                }
                Err(error) => return Ok(Err(self.no_answer(&error))),
            };
            let waited = begin.elapsed();
            if waited >= wait {
                let waited = remove.wait_unused.filter(|wait| !wait.is_zero());
                return Ok(Err(self.refuse_in_use(&in_the_way, waited)));
            }
            let text = format!("waiting: {}", in_the_way.message);
            if text != told && !self.arguments.global.quiet {
                let _ = writeln!(self.err, "{text}");
                told = text;
            }
            self.wait_for(ASK_EVERY.min(wait.saturating_sub(waited)))?;
        }
    }

    fn report_unused(&mut self, handlers: &BTreeSet<String>, found: &InUse) {
        if self.arguments.global.output == Format::Json {
            self.unused = Some(json!({ "handlers": handlers }));
        } else if !self.arguments.global.quiet {
            let (names, endpoint) = (names(handlers), found.endpoint.display());
            let _ = writeln!(
                self.err,
                "no pod uses {names} (asked the daemon at {endpoint})"
            );
        }
    }

    fn refuse_in_use(&mut self, in_the_way: &InTheWay, waited: Option<Duration>) -> ExitCode {
        let exit = ExitCode::TryAgain;
        let waited = waited.map_or_else(String::new, |waited| {
            format!("after {} of waiting, ", humantime::format_duration(waited))
        });
        let message = format!("{waited}{}", in_the_way.message);
        let hint = &in_the_way.hint;
        let place = Some(self.config.as_path());
        if self.arguments.global.output == Format::Json {
            let code = in_the_way.code;
            let mut report = report::failure_json(code, exit as u8, &message, hint, place, None);
            if !in_the_way.pods.is_empty() {
                report["error"]["pods"] = in_the_way.pods.iter().map(pod_json).collect();
            }
            let _ = writeln!(self.out, "{report}");
        } else {
            let text = report::failure(&message, hint, place, None);
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

impl InTheWay {
    fn pods(handlers: &BTreeSet<String>, found: InUse) -> Self {
        let (noun, verb) = match found.pods.len() {
            1 => ("pod", "uses"),
            _ => ("pods", "use"),
        };
        let number = found.pods.len();
        let (shown, endpoint) = (pods(&found.pods), found.endpoint.display());
        Self {
            code: "in-use",
            message: format!(
                "{number} {noun} still {verb} {}: {shown} (asked the daemon at {endpoint})",
                names(handlers)
            ),
            hint: "delete the RuntimeClass, so that no new pod uses it, and then these pods; \
                   --wait-unused waits for them to go"
                .to_owned(),
            pods: found.pods,
        }
    }

    fn no_daemon(handlers: &BTreeSet<String>, error: &CriError) -> Self {
        Self {
            code: "use-unknown",
            message: format!(
                "it is not known whether a pod uses {}: {}: {}",
                names(handlers),
                error.endpoint().display(),
                words(error)
            ),
            hint: error.hint(),
            pods: Vec::new(),
        }
    }
}

/// The handlers that a removal takes away, and those that were named: the file may have lost one that
/// the daemon still has.
fn handlers_to_go(remove: &Remove, plan: &Outcome) -> BTreeSet<String> {
    let removed = plan.report.handlers.removed.iter();
    removed.chain(&remove.names).cloned().collect()
}

fn pod_json(pod: &PodInUse) -> Value {
    json!({
        "namespace": pod.namespace,
        "name": pod.name,
        "sandbox": pod.sandbox,
        "handler": pod.handler,
    })
}

fn names(handlers: &BTreeSet<String>) -> String {
    let names: Vec<&str> = handlers.iter().map(String::as_str).collect();
    match &names[..] {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        all => all.concat(),
    }
}

/// Pods by their names, each with its handler if there is more than one.
fn pods(pods: &[PodInUse]) -> String {
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
