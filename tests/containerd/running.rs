//! `check --running` on real nodes, and the client behind them.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use containerd_edit::Code;
use containerd_edit::cri::CriClient;
use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::{Daemon, Node, told};
use crate::suites::{self, Release};

const PATIENCE: Duration = Duration::from_secs(30);

/// A version 2 file with handlers, and `kata` as the default.
const KATA: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "kata"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
"#;

/// Runs a test for each release.
fn each_release(test: impl Fn(&Release)) {
    for release in suites::SUITES.map(Release::of) {
        test(&release);
    }
}

/// A question about a running daemon: the exit code, and what was printed.
fn ask(node: &Node, daemon: &Daemon, more: &[&str]) -> (Option<i32>, String, String) {
    let socket = daemon.socket().to_str().expect("a path of this test");
    let mut arguments = vec!["check", "--running", "--cri-endpoint", socket];
    arguments.extend(more);
    let Output {
        status,
        stdout,
        stderr,
    } = node.tool(&arguments);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// The JSON answer.
fn ask_json(node: &Node, daemon: &Daemon) -> (Option<i32>, Value) {
    let (exit, stdout, stderr) = ask(node, daemon, &["-o", "json"]);
    let json = serde_json::from_str(&stdout);
    let json = json.unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
    (exit, json)
}

/// What `status --exit-code` says.
fn status(node: &Node, daemon: &Daemon) -> (Option<i32>, String) {
    let socket = daemon.socket().to_str().expect("a path of this test");
    let asked = node.tool(&["status", "--exit-code", "--cri-endpoint", socket]);
    let text = String::from_utf8(asked.stdout).expect("UTF-8");
    (asked.status.code(), text)
}

/// What a check says of the differences.
fn drift(report: &Value) -> Vec<(&str, Option<&str>)> {
    let drift = report["running"]["drift"].as_array().expect("an array");
    let differences = drift.iter().map(|one| {
        let code = one["code"].as_str().unwrap_or_default();
        (code, one["handler"].as_str())
    });
    differences.collect()
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_that_has_loaded_its_config_is_in_step() {
    each_release(|release| {
        let debian = suites::debian_shipped_config();
        // On 1.x the default of the last would have no type: listed, and no pod runs on it.
        let partial = br#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true
"#;
        for config in [
            Some(debian.as_slice()),
            None,
            Some(KATA.as_bytes()),
            Some(partial),
        ] {
            let node = Node::new(release, config);
            // A start within a tick of the kernel's clock could not be told from one before it.
            thread::sleep(Duration::from_millis(50));
            let mut daemon = node.start();
            assert!(matches!(daemon.verdict(), Verdict::Serves { .. }));
            let (exit, report) = ask_json(&node, &daemon);
            let case = format!("{}: {report}\n{}", release.name, node.shown_config());
            assert_eq!(exit, Some(0), "{case}");
            assert_eq!(drift(&report), [], "{case}");
            let running = &report["running"];
            assert_eq!(running["containerd"], release.version.as_str(), "{case}");
            assert_eq!(
                (&running["in_step"], &running["cri"]),
                (&true.into(), &true.into())
            );
            assert_eq!(running["ready"], true, "{case}");
            // Judged for the release that runs, and no other.
            assert_eq!(
                report["releases"].as_array().map(Vec::len),
                Some(1),
                "{case}"
            );
        }
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn an_edit_after_the_start_is_drift_until_the_restart() {
    each_release(|release| {
        let node = Node::new(release, Some(KATA.as_bytes()));
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        node.edit(&["add", "crun"]);
        node.edit(&["remove", "kata", "--adopt"]);

        let (exit, report) = ask_json(&node, &daemon);
        assert_eq!(exit, Some(78), "{}: {report}", release.name);
        let wanted = [
            ("not-loaded", Some("crun")),
            ("gone", Some("kata")),
            ("other-default", Some("kata")),
        ];
        assert_eq!(drift(&report), wanted, "{}", release.name);
        let (exit, text, _) = ask(&node, &daemon, &[]);
        assert_eq!(exit, Some(78));
        for line in [
            "crun is in the config, and the daemon has not loaded it",
            "kata is still loaded by the daemon, and no more in the config",
            "the default handler is kata in the daemon and runc in the config",
            "restart containerd to load the config",
        ] {
            assert!(
                text.contains(line),
                "{}: no {line:?} in\n{text}",
                release.name
            );
        }

        let loaded: Vec<&str> = report["running"]["handlers"]
            .as_array()
            .expect("an array")
            .iter()
            .filter_map(|handler| handler["name"].as_str())
            .collect();
        assert_eq!(loaded, ["kata", "runc"]);
        let (exit, text) = status(&node, &daemon);
        assert_eq!(exit, Some(10), "{}: {text}", release.name);
        assert!(text.contains("not in step with the config\n"), "{text}");
        let line = "\n               crun is in the config, and the daemon has not loaded it\n";
        assert!(text.contains(line), "{text}");

        drop(daemon);
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["crun", "runc"], "runc"));
        let (exit, report) = ask_json(&node, &daemon);
        assert_eq!(exit, Some(0), "{}: {report}", release.name);
        let (exit, text) = status(&node, &daemon);
        assert_eq!(exit, Some(0), "{}: {text}", release.name);
        let line = format!("\ndaemon:        containerd {} at ", release.version);
        assert!(text.contains(&line), "{text}");
        assert!(text.ends_with(": in step with the config\n"), "{text}");
    });
}

/// CRI tells of handlers alone.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_key_that_was_set_after_the_start_is_told_apart_from_one_that_is_loaded() {
    each_release(|release| {
        let node = Node::new(release, Some(KATA.as_bytes()));
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        node.edit(&["set", "debug.level=debug"]);
        let (exit, text, _) = ask(&node, &daemon, &[]);
        assert_eq!(exit, Some(78), "{text}");
        for said in [
            ": its handlers are those of the config\n",
            "it was started before /etc/containerd/config.toml was last changed\n",
        ] {
            assert!(text.contains(said), "{text}");
        }
        let (_, report) = ask_json(&node, &daemon);
        let changed = &report["running"]["changed_since_start"];
        assert_eq!(changed, "/etc/containerd/config.toml", "{report}");
        assert_eq!(report["running"]["in_step"], false, "{report}");
        drop(daemon);
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        let (_, report) = ask_json(&node, &daemon);
        assert_eq!(
            report["running"]["changed_since_start"],
            Value::Null,
            "{report}"
        );
        assert_eq!(report["running"]["in_step"], true, "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_handler_whose_shim_was_changed_is_drift() {
    each_release(|release| {
        let node = Node::new(release, Some(KATA.as_bytes()));
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        node.edit(&[
            "add",
            "kata",
            "--set",
            "runtime_type=io.containerd.kata-next.v2",
        ]);
        let (exit, report) = ask_json(&node, &daemon);
        assert_eq!(exit, Some(78), "{}: {report}", release.name);
        assert_eq!(drift(&report), [("other-type", Some("kata"))], "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_file_that_add_made_and_remove_took_away_is_drift_too() {
    each_release(|release| {
        let node = Node::new(release, None);
        node.edit(&["add", "crun"]);
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["crun", "runc"], "runc"));
        node.edit(&["remove", "crun"]);
        assert_eq!(node.config(), None);
        let (exit, report) = ask_json(&node, &daemon);
        assert_eq!(exit, Some(78), "{}: {report}", release.name);
        assert_eq!(drift(&report), [("gone", Some("crun"))], "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_is_not_to_be_restarted_on_a_config_that_would_not_serve() {
    each_release(|release| {
        let node = Node::new(release, Some(KATA.as_bytes()));
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        let broken = KATA.replace("runtimes.kata", "runtimes.other");
        std::fs::write(node.config_path(), broken).expect("the config is written");
        let (exit, text, _) = ask(&node, &daemon, &[]);
        assert_eq!(exit, Some(78), "{text}");
        let next = "fix the config before containerd is restarted";
        assert!(text.contains("no-cri") && text.contains(next), "{text}");
        let (_, report) = ask_json(&node, &daemon);
        assert_eq!(drift(&report), [("would-not-serve", None)], "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_without_cri_is_told_from_none() {
    each_release(|release| {
        let config = b"version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";
        let node = Node::new(release, Some(config));
        let mut daemon = node.start();
        assert!(matches!(daemon.verdict(), Verdict::NoCri { .. }));
        let client = CriClient::connect(daemon.socket(), PATIENCE).expect("connects");
        let error = client.status().expect_err("it has no CRI");
        assert_eq!(error.code(), Code::NoCri, "{error:?}");
        let hint = serde_json::json!({"error": {"hint": error.hint()}});
        crate::restart::follow(&node, &hint, 78);

        let (exit, report) = ask_json(&node, &daemon);
        assert_eq!(exit, Some(78), "{}: {report}", release.name);
        assert_eq!(drift(&report), [("no-cri", None)], "{report}");
        assert_eq!(report["running"]["containerd"], Value::Null);
        let (exit, text, _) = ask(&node, &daemon, &[]);
        assert_eq!(exit, Some(78), "{text}");
        assert!(text.contains("a daemon without CRI"), "{text}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_that_has_ended_is_told_from_one_that_runs() {
    each_release(|release| {
        let node = Node::new(release, None);
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["runc"], "runc"));
        let client = CriClient::connect(daemon.socket(), PATIENCE).expect("connects");
        assert_eq!(
            client.daemon_pid(),
            Some(daemon.process_id()),
            "{}",
            release.name
        );
        assert_eq!(client.version().expect("it answers"), release.version);
        assert_eq!(client.sandboxes().expect("it answers"), []);

        let socket = daemon.socket().to_owned();
        // Of the releases that are named the daemon is held against its own.
        let named = ["--containerd-version", "2.4,1.7,1.6,2.1"];
        let (exit, text, _) = ask(&node, &daemon, &named);
        assert_eq!(exit, Some(0), "{}: {text}", release.name);
        drop(daemon);
        let path = socket.to_str().expect("a path of this test");
        let asked = node.tool(&["check", "--running", "--cri-endpoint", path]);
        let said = told(&asked);
        assert_eq!(asked.status.code(), Some(69), "{said}");
        let verdicts = "\n1.6–2.4  serves  runc (default runc)\n";
        assert!(said.contains(verdicts), "{said}");
        assert!(said.contains("no daemon answers"), "{said}");
        let error = client.status().expect_err("it is gone");
        assert_eq!(error.code(), Code::HungUp, "{error:?}");
        let error = CriClient::connect(&socket, PATIENCE).expect_err("it is gone");
        assert_eq!(error.code(), Code::NoDaemon, "{error:?}");
    });
}

/// Passes connections to a socket on, and counts them.
fn counted(socket: &Path) -> (PathBuf, Arc<AtomicUsize>) {
    let path = socket.with_extension("counted");
    let (listener, count) = (UnixListener::bind(&path), Arc::new(AtomicUsize::new(0)));
    let (listener, socket, counter) = (listener.expect("binds"), socket.to_owned(), count.clone());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let daemon = UnixStream::connect(&socket).expect("the daemon listens");
            for (from, to) in [(&client, &daemon), (&daemon, &client)] {
                let (mut from, mut to) =
                    (from.try_clone().expect("one"), to.try_clone().expect("one"));
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (path, count)
}

/// Two answers might be those of two daemons.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn the_daemon_is_asked_once() {
    each_release(|release| {
        let node = Node::new(release, Some(KATA.as_bytes()));
        let mut daemon = node.start();
        assert_eq!(daemon.verdict(), Verdict::serves(["kata", "runc"], "kata"));
        for config in [KATA, "disabled_plugins = ['cri']\n"] {
            std::fs::write(node.config_path(), config).expect("writes");
            let (socket, count) = counted(daemon.socket());
            let socket_name = socket.to_str().expect("a path of this test");
            node.tool(&["check", "--running", "--cri-endpoint", socket_name]);
            assert_eq!(count.load(Ordering::SeqCst), 1, "{config}");
            std::fs::remove_file(&socket).expect("removes");
        }
    });
}
