//! The whole life of a handler on a node that serves all the while: added, loaded, verified, used by a
//! real pod, and taken away again; and what may go wrong with a restart.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::daemon::told;
use crate::pods::{Pod, PodNode, PodProcesses};
use crate::suites::{self, Release};

const TRACED: &str = "traced";

/// A run of the tool that has the node's daemon restarted: its exit code and its JSON.
fn run(node: &PodNode, arguments: &[&str]) -> (Option<i32>, Value) {
    let command = format!("{} $PPID", node.script("restart"));
    let mut all = arguments.to_vec();
    all.extend(["--restart-command", &command, "-o", "json"]);
    if !matches!(arguments, ["restart", ..]) {
        all.push("--restart");
    }
    let output = node.tool(&all);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        // A run that was killed has said nothing.
        assert!(output.stdout.is_empty(), "{error}: {}", told(&output));
        Value::Null
    });
    (output.status.code(), json)
}

/// A run that must succeed; shows how long it and each phase of its restart have taken.
fn succeeds(node: &PodNode, what: &str, arguments: &[&str]) -> Value {
    let begin = Instant::now();
    let (exit, json) = run(node, arguments);
    assert_eq!(exit, Some(0), "{}: {json}\n{}", node.name(), node.log());
    show(node, what, begin, &json["restart"]["seconds"]);
    json
}

/// Shows how long something has taken, whether or not the test passes.
fn show(node: &PodNode, what: &str, begin: Instant, restart: &Value) {
    let mut line = format!(
        "{}: {what}: {:.3} s",
        node.name(),
        begin.elapsed().as_secs_f64()
    );
    for (phase, seconds) in restart.as_object().into_iter().flatten() {
        let _ = write!(line, ", {phase} {seconds}");
    }
    // Not by a macro, whose output a test that passes keeps to itself.
    writeln!(io::stderr(), "{line}").expect("stderr");
}

/// Adds a handler that leaves a trace, and has it loaded.
fn add(settings: &[String; 4]) -> Vec<&str> {
    let settings = settings.each_ref().map(String::as_str);
    [&["add", TRACED], &settings[..]].concat()
}

/// The handlers that the daemon has loaded.
fn loaded(node: &PodNode) -> BTreeSet<String> {
    let loaded = node.wait_until_serving();
    loaded.handlers.into_keys().collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// A pod that has to live on whatever becomes of the daemon.
struct Survivor<'n> {
    node: &'n PodNode,
    pod: Pod,
    processes: PodProcesses,
    shims: Vec<u32>,
}

impl<'n> Survivor<'n> {
    fn start(node: &'n PodNode, handler: &str) -> Self {
        let begin = Instant::now();
        let pod = node.run_pod(("shop", "web"), handler);
        show(node, "start of a pod", begin, &Value::Null);
        Self {
            processes: node.processes(&pod),
            shims: node.shims(&pod.sandbox),
            node,
            pod,
        }
    }

    /// Asserts that it is the same pod still, and that the daemon knows it.
    #[track_caller]
    fn lives(&self) {
        let Self {
            node,
            pod,
            processes,
            shims,
        } = self;
        assert_eq!(node.processes(pod), *processes, "{}", node.name());
        assert_eq!(node.shims(&pod.sandbox), *shims, "{}", node.name());
        let sandboxes = node.sandboxes();
        let ready: Vec<&str> = sandboxes
            .iter()
            .filter(|sandbox| sandbox.ready)
            .map(|sandbox| sandbox.id.as_str())
            .collect();
        assert_eq!(ready, [pod.sandbox.as_str()], "{}", node.name());
    }

    fn stop(self) {
        let begin = Instant::now();
        self.node.stop_pod(&self.pod);
        self.node.remove_pod(&self.pod);
        assert_eq!(self.node.shims(&self.pod.sandbox), [0; 0]);
        show(self.node, "end of a pod", begin, &Value::Null);
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn from_the_first_edit_to_the_last() {
    for release in suites::SUITES.map(Release::of) {
        let node = &PodNode::start(&release);
        let original = node.config();
        let settings = node.traced_settings(TRACED);
        assert_eq!(loaded(node), names(["runc"]));

        let report = succeeds(node, "add", &add(&settings));
        assert_eq!(report["changed"], true, "{report}");
        assert_eq!(report["restart"]["why"], "changed", "{report}");
        assert_eq!(report["restart"]["running"]["in_step"], true, "{report}");
        assert_eq!(loaded(node), names(["runc", TRACED]));

        let pod = Survivor::start(node, TRACED);
        let trace = node.trace();
        for id in [&pod.pod.sandbox, &pod.pod.container] {
            let created = |line: &str| line.contains(" create ") && line.ends_with(id.as_str());
            assert!(trace.lines().any(created), "{}: {trace}", node.name());
        }

        let daemon = node.daemon();
        let with_handler = node.config();
        let (exit, report) = run(node, &["remove", TRACED, "--if-unused"]);
        assert_eq!(exit, Some(75), "{}: {report}", node.name());
        assert_eq!(report["error"]["pods"][0]["name"], "web", "{report}");
        assert_eq!(node.config(), with_handler, "{}", node.name());
        assert_eq!(node.daemon(), daemon, "{}: it was restarted", node.name());

        succeeds(node, "restart", &["restart", "--always"]);
        assert_ne!(
            node.daemon(),
            daemon,
            "{}: it was not restarted",
            node.name()
        );
        pod.lives();
        pod.stop();

        let report = succeeds(node, "remove", &["remove", TRACED, "--if-unused"]);
        assert_eq!(report["unused"]["handlers"][0], TRACED, "{report}");
        assert_eq!(report["restart"]["running"]["in_step"], true, "{report}");
        assert_eq!(loaded(node), names(["runc"]));
        assert_eq!(node.config(), original, "{}", node.name());
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_run_that_is_killed_at_any_phase_is_finished_by_the_next() {
    for release in suites::SUITES.map(Release::of) {
        let node = &PodNode::start(&release);
        let original = node.config();
        let pod = Survivor::start(node, "");
        let settings = node.traced_settings(TRACED);
        for deeds in [
            &["kill-before"][..],
            &["kill-between"],
            &["kill-after"],
            // During the restart of the rollback.
            &["without-cri", "kill-before"],
            &["without-cri", "kill-between"],
            &["without-cri", "kill-after"],
        ] {
            let case = format!("{}: {deeds:?}", node.name());
            for (arguments, handlers) in [
                (add(&settings), names(["runc", TRACED])),
                (vec!["remove", TRACED, "--if-unused"], names(["runc"])),
            ] {
                node.next_restarts(deeds);
                let (exit, report) = run(node, &arguments);
                assert_ne!(exit, Some(0), "{case}: it was not killed");
                assert_eq!(report, Value::Null, "{case}");
                let what = format!("{} after {deeds:?}", arguments[0]);
                succeeds(node, &what, &arguments);
                assert_eq!(loaded(node), handlers, "{case}");
                pod.lives();
            }
            assert_eq!(node.config(), original, "{case}");
        }
        pod.stop();
    }
}

/// Installers whose runs overlap take turns: a daemon that is stopped while it loads its shims may lose
/// the pods.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn runs_that_overlap_stop_no_daemon_that_is_starting() {
    const RUNS: usize = 4;
    for release in suites::SUITES.map(Release::of) {
        let node = &PodNode::start(&release);
        let pod = Survivor::start(node, "");
        for verb in ["add", "remove"] {
            let starts = || {
                node.daemon_log()
                    .matches("msg=\"starting containerd\"")
                    .count()
            };
            let before = starts();
            thread::scope(|scope| {
                for number in 0..RUNS {
                    let name = format!("handler-{number}");
                    scope.spawn(move || {
                        let handler = [verb, &name];
                        let shim = ["--set", "runtime_type=io.containerd.runc.v2"];
                        let settings = if verb == "add" { &shim[..] } else { &[] };
                        succeeds(node, verb, &[&handler, settings].concat());
                    });
                }
            });
            let restarts = starts() - before;
            assert!((1..=RUNS).contains(&restarts), "{restarts}: {}", node.log());
            let booted = node
                .daemon_log()
                .matches("containerd successfully booted")
                .count();
            assert_eq!(booted, starts(), "{}: {}", node.name(), node.log());
            pod.lives();
        }
        assert_eq!(loaded(node), names(["runc"]));
        pod.stop();
    }
}

/// What the model of containerd can't know: a restart that goes wrong for a reason of its own.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn an_edit_whose_restart_goes_wrong_is_rolled_back_under_a_running_pod() {
    for release in suites::SUITES.map(Release::of) {
        let node = &PodNode::start(&release);
        let settings = node.traced_settings(TRACED);
        succeeds(node, "add", &add(&settings));
        let pod = Survivor::start(node, TRACED);
        let before = node.config();
        for (deed, timeout, said) in [
            ("fail", "60s", "ended with exit status: 3"),
            ("die", "2s", "did not come back within 2s"),
            ("without-cri", "60s", "came back without CRI"),
        ] {
            let case = format!("{}: {deed}", node.name());
            for arguments in [&["add", "spin"][..], &["remove", TRACED]] {
                node.next_restarts(&[deed]);
                let begin = Instant::now();
                let timeout = ["--ready-timeout", timeout];
                let (exit, report) = run(node, &[arguments, &timeout].concat());
                assert_eq!(exit, Some(69), "{case}: {report}\n{}", node.log());
                assert_eq!(node.config(), before, "{case}: {report}");
                assert_eq!(loaded(node), names(["runc", TRACED]), "{case}");
                pod.lives();
                let error = &report["error"];
                assert_eq!(error["code"], "rolled-back", "{case}: {report}");
                let why = error["cause"].as_str().expect("a cause");
                assert!(why.contains(said), "{case}: {why}");
                let what = format!("{} rolled back after {deed}", arguments[0]);
                show(node, &what, begin, &error["rollback"]["seconds"]);
            }
        }
        pod.stop();
        succeeds(node, "remove", &["remove", TRACED, "--if-unused"]);
        assert_eq!(loaded(node), names(["runc"]));
    }
}
