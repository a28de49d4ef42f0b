//! `remove --if-unused` on real nodes with real pods.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::daemon::told;
use crate::pods::{PodNode, cgroups, processes_in};
use crate::suites::{self, Release};

/// Runs a test for each release.
fn each_release(test: impl Fn(PodNode)) {
    for release in suites::SUITES.map(Release::of) {
        test(PodNode::start(&release));
    }
}

/// Adds a handler that is runc by another name.
fn add_traced(node: &PodNode, name: &str) {
    let settings = node.traced_settings(name);
    node.edit(&[&["add", name], &settings.each_ref().map(String::as_str)[..]].concat());
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_pod_outlives_the_daemon_and_the_next_one_lists_it() {
    each_release(|node| {
        add_traced(&node, "traced");
        node.restart_daemon();
        let pod = node.run_pod(("shop", "web"), "traced");
        for id in [&pod.sandbox, &pod.container] {
            let created = |line: &str| line.starts_with("traced ") && line.ends_with(id.as_str());
            let trace = node.trace();
            assert!(trace.lines().any(created), "{}: {trace}", node.name());
        }
        let before = (node.processes(&pod), node.shims(&pod.sandbox));
        assert_eq!(before.1.len(), 1, "{}: {before:?}", node.name());
        node.restart_daemon();
        let after = (node.processes(&pod), node.shims(&pod.sandbox));
        assert_eq!(before, after, "{}", node.name());

        let sandboxes = node.sandboxes();
        let [sandbox] = &sandboxes[..] else {
            panic!("{}: {sandboxes:?}", node.name());
        };
        assert_eq!((&sandbox.id, sandbox.ready), (&pod.sandbox, true));
        assert_eq!(sandbox.handler, "traced");
        node.stop_pod(&pod);
        assert_eq!(node.shims(&pod.sandbox), [0; 0], "{}", node.name());
        assert!(!node.sandboxes()[0].ready, "{}", node.name());
        node.remove_pod(&pod);
        assert_eq!(node.sandboxes(), [], "{}", node.name());
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_panic_leaves_nothing_of_a_node() {
    let node = PodNode::start(&Release::of("forky"));
    let pod = node.run_pod(("shop", "web"), "");
    node.processes(&pod);
    let (home, namespace) = (node.home().to_owned(), node.pid_namespace());
    let name = node.cgroup().trim_start_matches('/').to_owned();
    assert!(!cgroups(&name).is_empty(), "the pod has cgroups");
    assert!(
        !processes_in(&namespace).is_empty(),
        "the pod has processes"
    );
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _node = node;
        // Not `panic!`: a hook that prints would make a passing test look broken.
        std::panic::resume_unwind(Box::new("a test that fails"));
    }));
    assert!(panicked.is_err());
    assert_eq!(cgroups(&name), [""; 0].map(PathBuf::from));
    assert!(!home.exists());
    assert_eq!(processes_in(&namespace), [""; 0]);
}

const SOCKET: &str = "/run/containerd/containerd.sock";

/// How a run ended, and what it said on stderr.
fn said(output: &Output) -> (Option<i32>, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

/// The JSON error of a removal that must be refused, on a file that must stay as it is.
fn refusal(node: &PodNode, arguments: &[&str]) -> Value {
    let before = node.config();
    let output = node.tool_in_container(&[&["remove", "-o", "json"], arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
    assert_eq!(output.status.code(), Some(75), "{}: {report}", node.name());
    assert_eq!(node.config(), before, "{}", node.name());
    report["error"].clone()
}

/// The pods of a refusal, with the handler of each.
fn pods(error: &Value) -> Vec<(&str, &str, &str)> {
    let pods = error["pods"].as_array().expect("an array");
    pods.iter()
        .map(|pod| {
            let word = |name: &str| pod[name].as_str().unwrap_or_default();
            (word("namespace"), word("name"), word("handler"))
        })
        .collect()
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_handler_that_a_pod_uses_is_not_removed_until_the_pod_is_gone() {
    each_release(|node| {
        add_traced(&node, "traced");
        node.restart_daemon();
        let pod = node.run_pod(("shop", "web"), "traced");
        let other = node.run_pod(("kube-system", "proxy"), "");

        let error = refusal(&node, &["traced", "--if-unused"]);
        assert_eq!(error["code"], "in-use", "{}: {error}", node.name());
        assert_eq!(pods(&error), [("shop", "web", "traced")], "{error}");
        assert_eq!(error["pods"][0]["sandbox"], pod.sandbox.as_str(), "{error}");
        let output = node.tool(&["remove", "--owner", "manual", "--if-unused"]);
        let wanted = format!(
            "error: /etc/containerd/config.toml: 1 pod still uses traced: shop/web \
             (asked the daemon at {SOCKET})\nhint: delete the RuntimeClass"
        );
        let (exit, stderr) = said(&output);
        assert_eq!(exit, Some(75), "{}: {stderr}", node.name());
        assert!(stderr.starts_with(&wanted), "{stderr}");
        // The pod without a handler uses the default.
        node.edit(&["add", "runc"]);
        let error = refusal(&node, &["runc", "traced", "--if-unused"]);
        let both = [("kube-system", "proxy", "runc"), ("shop", "web", "traced")];
        assert_eq!(pods(&error), both, "{error}");

        // The file has lost the handler, the daemon still has it, and so has the pod.
        node.edit(&["remove", "traced"]);
        let error = refusal(&node, &["traced", "--if-unused"]);
        assert_eq!(pods(&error), [("shop", "web", "traced")], "{error}");
        add_traced(&node, "traced");

        // The pod outlives the daemon, which alone knows its handler.
        node.stop_daemon();
        let error = refusal(&node, &["traced", "--if-unused"]);
        assert_eq!(error["code"], "use-unknown", "{}: {error}", node.name());
        node.start_daemon();
        node.wait_until_serving();

        let mut waiting = node
            .tool_command(&["remove", "traced", "--wait-unused", "60s"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nsenter starts");
        let mut stderr = BufReader::new(waiting.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("it says that it waits");
        assert_eq!(
            line,
            format!("waiting: 1 pod still uses traced: shop/web (asked the daemon at {SOCKET})\n"),
            "{}",
            node.name()
        );
        node.stop_pod(&pod);
        node.remove_pod(&pod);
        let status = waiting.wait().expect("it ends");
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).expect("its words");
        assert!(status.success(), "{}: {rest}", node.name());
        let wanted = format!("no pod uses traced (asked the daemon at {SOCKET})\n");
        assert_eq!(rest, wanted);
        let config = String::from_utf8(node.config()).expect("UTF-8");
        assert!(!config.contains("traced"), "{config}");
        node.restart_daemon();
        node.processes(&other);
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_sandbox_that_has_stopped_needs_its_handler_no_more() {
    each_release(|node| {
        add_traced(&node, "traced");
        node.restart_daemon();
        let pod = node.run_pod(("shop", "job"), "traced");
        node.stop_pod(&pod);
        let sandboxes = node.sandboxes();
        assert_eq!(sandboxes.len(), 1, "{}: {sandboxes:?}", node.name());
        let output = node.tool(&["remove", "traced", "--if-unused"]);
        assert!(output.status.success(), "{}", told(&output));
        // Neither its handler nor what that runs.
        std::fs::remove_file(node.home().join("traced")).expect("removes");
        node.restart_daemon();
        node.stop_pod(&pod);
        node.remove_pod(&pod);
        assert_eq!(node.sandboxes(), [], "{}", node.name());
    });
}

/// What `--if-unused` is for.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_pod_that_has_lost_its_handler_runs_on_and_gets_no_new_container() {
    each_release(|node| {
        add_traced(&node, "traced");
        node.restart_daemon();
        let pod = node.run_pod(("shop", "web"), "traced");
        let before = node.processes(&pod);
        node.edit(&["remove", "traced"]);
        node.restart_daemon();
        assert_eq!(node.processes(&pod), before, "{}", node.name());
        let why = node.try_container(("shop", "web"), &pod.sandbox);
        let why = why.expect_err("it has no handler");
        assert!(why.contains("no runtime for \"traced\""), "{why}");
        node.stop_pod(&pod);
        node.remove_pod(&pod);
        assert_eq!(node.sandboxes(), [], "{}", node.name());
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_wait_ends_in_time_or_by_a_signal() {
    let node = PodNode::start(&Release::of("forky"));
    add_traced(&node, "traced");
    node.restart_daemon();
    node.run_pod(("shop", "web"), "traced");
    let error = refusal(&node, &["traced", "--wait-unused", "1s"]);
    assert_eq!(error["code"], "in-use", "{error}");
    let message = error["message"].as_str().expect("a message");
    assert!(
        message.starts_with("after 1s of waiting, 1 pod still uses traced: shop/web"),
        "{message}"
    );

    let before = node.config();
    // On the node, where the signal reaches the command itself.
    let text = "
        containerd-edit --config /etc/containerd/config.toml remove traced --wait-unused 60s 2>/run/said &
        until [ -s /run/said ]; do sleep 0.01; done
        kill $!
        wait $! || echo $?";
    assert_eq!(node.succeeds(&["sh", "-c", text]), "143\n");
    let words = node.read("/run/said");
    assert!(
        words.contains("error: /etc/containerd/config.toml: interrupted before"),
        "{words}"
    );
    assert_eq!(node.config(), before);
}
