//! What is shown of the pods that use handlers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use containerd_edit::{InUse, PodInUse, UnclearShim, UseUnknown};

/// So many pods are named.
const MOST_PODS: usize = 10;

/// What was found out.
pub(super) struct Use {
    found: Result<InUse, UseUnknown>,
    /// Why no daemon was asked.
    no_daemon: Option<String>,
}

/// Why a removal is refused.
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Use {
    /// The daemon's answer.
    #[cfg(feature = "cri")]
    pub(super) fn known(in_use: InUse) -> Self {
        Self {
            found: Ok(in_use),
            no_daemon: None,
        }
    }

    /// What the shims tell where no daemon does, for this reason.
    pub(super) fn without_daemon(why: String, found: Result<InUse, UseUnknown>) -> Self {
        Self {
            found,
            no_daemon: Some(why),
        }
    }

    pub(super) fn is_without_daemon(&self) -> bool {
        self.no_daemon.is_some()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.found.as_ref().is_ok_and(InUse::is_unused)
    }

    /// How it is known, in a clause.
    fn way(&self) -> String {
        let way = self
            .found
            .as_ref()
            .map(|in_use| in_use.known_by.to_string());
        match (way.unwrap_or_default(), &self.no_daemon) {
            (way, Some(why)) => format!("{way}, since {why}"),
            (way, None) => way,
        }
    }
}

/// The word about handlers that no pod uses.
pub(super) fn unused(handlers: &BTreeSet<String>, found: &Use) -> String {
    format!("no pod uses {} ({})", names(handlers), found.way())
}

/// The same as JSON.
pub(super) fn unused_json(handlers: &BTreeSet<String>, found: &Use) -> Value {
    json!({ "handlers": handlers, "known_by": known_by(found) })
}

/// The word about what is waited for.
pub(super) fn waiting(handlers: &BTreeSet<String>, found: &Use) -> String {
    let what = match &found.found {
        Ok(in_use) if !in_use.pods.is_empty() => pods(&in_use.pods),
        _ => refusal(handlers, found, None).message,
    };
    format!("waiting until no pod uses {}: {what}", names(handlers))
}

pub(super) fn refusal(
    handlers: &BTreeSet<String>,
    found: &Use,
    waited: Option<Duration>,
) -> Refusal {
    let names = names(handlers);
    let waited = waited.map_or_else(String::new, |waited| {
        format!(" after {} of waiting", humantime::format_duration(waited))
    });
    match &found.found {
        Ok(in_use) if in_use.pods.is_empty() => {
            let unclear: Vec<String> = in_use.unclear.iter().take(MOST_PODS).map(shim).collect();
            Refusal {
                code: "use-unknown",
                message: format!(
                    "it can't be told{waited} whether a pod uses {names} ({}): {}",
                    found.way(),
                    unclear.join("; ")
                ),
                hint: match &found.no_daemon {
                    Some(_) => "start containerd and run this again: it knows each pod's handler",
                    None => {
                        "run this again: pods are being started; or, if it stays so, the daemon has \
                         lost track of them, and their processes have to be ended"
                    }
                }
                .to_owned(),
            }
        }
        Ok(in_use) => {
            let (noun, verb) = match in_use.pods.len() {
                1 => ("pod", "uses"),
                _ => ("pods", "use"),
            };
            let number = in_use.pods.len();
            Refusal {
                code: "in-use",
                message: format!(
                    "{number} {noun} still {verb} {names}{waited}: {} ({})",
                    pods(&in_use.pods),
                    found.way()
                ),
                hint: "delete the RuntimeClass, so that no new pod uses it, and then these pods; \
                       --wait-unused waits for them to go"
                    .to_owned(),
            }
        }
        Err(unknown) => {
            let why = found.no_daemon.as_deref().unwrap_or_default();
            let cause = std::error::Error::source(unknown)
                .map_or_else(String::new, |source| format!(": {source}"));
            Refusal {
                code: "use-unknown",
                message: format!(
                    "it can't be known{waited} whether a pod uses {names}: {why}, and {unknown}{cause}"
                ),
                hint: unknown.hint().to_owned(),
            }
        }
    }
}

/// Adds to the JSON report of a refusal who is in the way.
pub(super) fn add_pods(error: &mut Value, found: &Use) {
    error["known_by"] = known_by(found);
    let Ok(in_use) = &found.found else {
        return;
    };
    error["pods"] = in_use.pods.iter().map(pod_json).collect();
    let unclear = in_use.unclear.iter().map(|shim| {
        let mut pod = pod_json(&shim.pod);
        pod["handler"] = Value::Null;
        json!({
            "pid": shim.process,
            "program": shim.program,
            "pod": pod,
            "candidates": shim.candidates,
        })
    });
    error["unclear"] = unclear.collect();
}

fn known_by(found: &Use) -> Value {
    let in_use = found.found.as_ref().ok();
    in_use.map(|in_use| in_use.known_by.code()).into()
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
        if handlers.len() > 1 {
            format!("{} ({})", name(pod), pod.handler)
        } else {
            name(pod)
        }
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if pods.len() > MOST_PODS {
        let _ = write!(text, " and {} more", pods.len() - MOST_PODS);
    }
    text
}

/// A pod by its namespace and name, or by its sandbox's ID.
fn name(pod: &PodInUse) -> String {
    if pod.name.is_empty() {
        format!("sandbox {}", pod.sandbox)
    } else {
        format!("{}/{}", pod.namespace, pod.name)
    }
}

fn shim(shim: &UnclearShim) -> String {
    let whose = match &shim.candidates[..] {
        [] => "has a shim that belongs to no handler of the config".to_owned(),
        candidates => format!("may use any of {}", candidates.join(", ")),
    };
    let (pod, program) = (name(&shim.pod), &shim.program);
    format!("{pod} {whose} (PID {}, {program})", shim.process)
}
