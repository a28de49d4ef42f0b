//! What a daemon has loaded, read from its CRI status.

use std::collections::BTreeMap;

use serde_json::Value;

use super::messages::StatusResponse;

/// The condition that CRI itself answers for; the network's is another one.
const RUNTIME_READY: &str = "RuntimeReady";

/// The runtime handlers of a running daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningHandlers {
    /// The `runtime_type` of each handler, by its name, as they were loaded when the daemon started.
    /// It is the shim that runs the handler's pods; empty if none is set, so that no pod can run.
    pub handlers: BTreeMap<String, String>,
    /// The name of the default handler.
    pub default: String,
    /// Whether CRI says that it can run pods. The network is not looked at.
    pub ready: bool,
}

impl RunningHandlers {
    /// Reads the answer to a verbose question. Otherwise: what is wrong with it.
    ///
    /// Its own list of handlers is empty on 1.x. The JSON is what the plugin runs with, and the
    /// same in this part from 1.6 to 2.4.
    pub(super) fn of(answer: &StatusResponse) -> Result<Self, String> {
        let Some(config) = answer.info.get("config") else {
            return Err("its verbose status holds no config".to_owned());
        };
        let config: Value = serde_json::from_str(config)
            .map_err(|error| format!("the config in its status is no JSON: {error}"))?;
        let containerd = &config["containerd"];
        let handlers = match &containerd["runtimes"] {
            Value::Object(runtimes) => runtimes.iter().map(runtime_type).collect(),
            Value::Null => BTreeMap::new(),
            _ => return Err("containerd.runtimes in its status is no object".to_owned()),
        };
        let Some(default) = containerd["defaultRuntimeName"].as_str() else {
            return Err("its status names no default handler".to_owned());
        };
        let conditions = answer.status.iter().flat_map(|status| &status.conditions);
        let mut ready = conditions.filter(|condition| condition.r#type == RUNTIME_READY);
        Ok(Self {
            handlers,
            default: default.to_owned(),
            ready: ready.any(|condition| condition.status),
        })
    }
}

fn runtime_type((name, handler): (&String, &Value)) -> (String, String) {
    let runtime_type = handler["runtimeType"].as_str().unwrap_or_default();
    (name.clone(), runtime_type.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::cri::messages::{RuntimeCondition, RuntimeStatus};

    fn answer(config: &str) -> StatusResponse {
        let condition = |name: &str, status| RuntimeCondition {
            r#type: name.to_owned(),
            status,
        };
        StatusResponse {
            status: Some(RuntimeStatus {
                conditions: vec![
                    condition("RuntimeReady", true),
                    condition("NetworkReady", false),
                ],
            }),
            info: [("config".to_owned(), config.to_owned())].into(),
        }
    }

    #[test]
    fn the_plugins_own_config_says_what_is_loaded() {
        let config = r#"{"containerd": {"snapshotter": "overlayfs", "defaultRuntimeName": "runc",
            "runtimes": {"runc": {"runtimeType": "io.containerd.runc.v2", "options": null},
                         "bare": {"runtimeType": ""}}}, "cni": {}}"#;
        let read = RunningHandlers::of(&answer(config)).expect("containerd's answer");
        let types: Vec<(&str, &str)> = read
            .handlers
            .iter()
            .map(|(name, runtime_type)| (name.as_str(), runtime_type.as_str()))
            .collect();
        assert_eq!(types, [("bare", ""), ("runc", "io.containerd.runc.v2")]);
        assert_eq!(read.default, "runc");
        assert!(read.ready, "a network that is not ready doesn't count");
    }

    #[test]
    fn no_handlers_at_all_are_none() {
        let config = r#"{"containerd": {"defaultRuntimeName": "runc", "runtimes": null}}"#;
        let read = RunningHandlers::of(&answer(config)).expect("containerd's answer");
        assert_eq!(read.handlers, BTreeMap::new());
    }

    #[test]
    fn a_daemon_that_says_nothing_of_its_readiness_is_not_ready() {
        let config = r#"{"containerd": {"defaultRuntimeName": "runc"}}"#;
        let mut answer = answer(config);
        answer.status = None;
        assert!(!RunningHandlers::of(&answer).expect("an answer").ready);
    }

    #[test]
    fn another_runtimes_answer_is_told_apart() {
        for (config, what) in [
            ("{", "no JSON"),
            ("[]", "no default"),
            (r#"{"containerd": {"runtimes": 3}}"#, "no object"),
            (r#"{"containerd": {"runtimes": {}}}"#, "no default"),
        ] {
            let error = RunningHandlers::of(&answer(config)).expect_err(config);
            assert!(error.contains(what), "{config}: {error}");
        }
        let error = RunningHandlers::of(&StatusResponse::default()).expect_err("no config");
        assert!(error.contains("no config"), "{error}");
    }
}
