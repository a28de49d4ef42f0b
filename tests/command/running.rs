//! `check --running` where no containerd answers. Real ones:
//! `tests/containerd/running.rs`.

#[cfg(feature = "cri")]
use std::os::unix::net::UnixListener;

#[cfg(feature = "cri")]
use serde_json::Value;

use crate::tool::Node;

const CONFIG: &str = "version = 2\n";

/// The JSON error and the exit code.
#[cfg(feature = "cri")]
fn error(node: &Node, endpoint: &str) -> (Option<i32>, Value) {
    let arguments = [
        "check",
        "--running",
        "-o",
        "json",
        "--cri-endpoint",
        endpoint,
    ];
    let run = node.run(&arguments);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(run.stderr, "", "{report}");
    if run.exit == Some(69) {
        assert_eq!(report["releases"][0]["verdict"], "serves", "{report}");
        assert_eq!(report["running"], Value::Null, "{report}");
    }
    (run.exit, report["error"].clone())
}

#[test]
#[cfg(feature = "cri")]
fn where_no_daemon_answers_that_is_said_with_a_code_of_its_own() {
    let node = Node::with(CONFIG);
    let path = |name: &str| {
        let path = node.folder().join(name);
        path.to_str().expect("a path of this test").to_owned()
    };
    let left_behind = path("left.sock");
    drop(UnixListener::bind(&left_behind).expect("binds"));
    for (endpoint, why) in [
        (path("none.sock"), "there is no such socket"),
        (left_behind, "nobody listens at this socket"),
        (path("config.toml"), "this is a regular file, not a socket"),
    ] {
        let (exit, error) = error(&node, &endpoint);
        assert_eq!(exit, Some(69), "{error}");
        assert_eq!(error["code"], "no-daemon");
        assert_eq!(error["path"], endpoint.as_str());
        let message = format!("no daemon answers: {why}");
        assert_eq!(error["message"], message.as_str());
    }
    let run = node.run(&["check", "--running", "--cri-endpoint", &path("none.sock")]);
    let wanted = format!(
        "error: {}: no daemon answers: there is no such socket\nhint: see whether containerd runs",
        path("none.sock")
    );
    assert!(run.stderr.starts_with(&wanted), "{run:#?}");
    // The verdicts are those of every release: the daemon's own is not known.
    let verdicts = "config version 2\n1.6–2.4  serves  runc (default runc)\n";
    assert!(run.stdout.ends_with(verdicts), "{run:#?}");
    let quiet = node.run(&[
        "-q",
        "check",
        "--running",
        "--cri-endpoint",
        &path("none.sock"),
    ]);
    assert_eq!((quiet.exit, quiet.stdout.as_str()), (Some(69), ""));
    assert_eq!(
        node.names(),
        ["config.toml", "left.sock"],
        "nothing was written"
    );
}

#[test]
#[cfg(feature = "cri")]
fn a_socket_that_accepts_and_says_nothing_is_given_up() {
    let node = Node::with(CONFIG);
    let path = node.folder().join("c.sock");
    let _listener = UnixListener::bind(&path).expect("binds");
    let (exit, error) = error(&node, path.to_str().expect("a path of this test"));
    assert_eq!(exit, Some(69), "{error}");
    assert_eq!(error["code"], "daemon-silent");
    assert_eq!(error["message"], "the daemon gave no answer within 5s");
}

#[test]
#[cfg(feature = "cri")]
fn an_endpoint_that_is_no_path_is_a_usage_error() {
    let node = Node::with(CONFIG);
    let (exit, error) = error(&node, "tcp://127.0.0.1:1234");
    assert_eq!((exit, &error["code"]), (Some(2), &"bad-endpoint".into()));
}

#[test]
#[cfg(feature = "cri")]
fn the_endpoint_is_a_path_of_the_host_and_may_come_from_the_environment() {
    let node = Node::with(CONFIG);
    std::fs::create_dir(node.folder().join("run")).expect("a folder");
    drop(UnixListener::bind(node.folder().join("run/c.sock")).expect("binds"));
    let mut command = crate::tool::tool();
    command
        .args([
            "--config",
            "/config.toml",
            "check",
            "--running",
            "--host-root",
        ])
        .arg(node.folder())
        .env("CONTAINERD_EDIT_CRI_ENDPOINT", "unix:///run/c.sock");
    let run = crate::tool::Run::of(&mut command).exits(69);
    let wanted = "error: /run/c.sock: no daemon answers: nobody listens at this socket\n";
    assert!(run.stderr.starts_with(wanted), "{run:#?}");
}

#[test]
#[cfg(not(feature = "cri"))]
fn a_build_that_cannot_ask_says_so() {
    let node = Node::with(CONFIG);
    let run = node.run(&["check", "--running"]).exits(2);
    assert!(run.stderr.contains("can't ask a daemon"), "{run:#?}");
}
