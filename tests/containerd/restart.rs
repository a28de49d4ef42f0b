//! `--restart` and `restart` with real daemons.

use std::process::Output;

use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::suites::{self, Release};
use crate::supervisor::{Supervised, supervised};

/// A version 2 file that each release serves, and what is loaded from it.
const CONFIG: &str = "# mine\nversion = 2\n";

/// Runs a test for each release, on a node whose daemon serves.
fn each_release(config: &[u8], test: impl Fn(&Node, &Supervised)) {
    for release in suites::SUITES.map(Release::of) {
        let node = Node::new(&release, Some(config));
        supervised(&node, |supervised| test(&node, supervised));
    }
}

/// A run of the tool.
struct Run {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        let json = serde_json::from_str(&self.stdout);
        json.unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

fn run(node: &Node, supervised: &Supervised, arguments: &[&str]) -> Run {
    let socket = node.socket();
    let command = supervised.command();
    let mut all = arguments.to_vec();
    if arguments[0] != "restart" {
        all.push("--restart");
    }
    all.extend([
        "--cri-endpoint",
        socket.to_str().expect("a path of this test"),
    ]);
    all.extend(["--restart-command", &command]);
    let Output {
        status,
        stdout,
        stderr,
    } = node.tool(&all);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run {
        exit: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

/// What the node's daemon serves.
fn serves(node: &Node) -> Verdict {
    match crate::cri::ask(&node.socket()) {
        crate::cri::Answer::Serves { handlers, default } => Verdict::Serves { handlers, default },
        _ => panic!("the daemon does not serve"),
    }
}

#[expect(clippy::print_stderr, reason = "the times are to be read")]
fn print_times(case: &str, report: &Value) {
    eprintln!("{case}: {}", report["restart"]["seconds"]);
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn an_edit_is_loaded_once_and_verified() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        let add = ["add", "crun", "-o", "json"];
        let report = run(node, supervised, &add).exits(0).json();
        let restart = &report["restart"];
        assert_eq!(
            (&restart["done"], &restart["why"]),
            (&true.into(), &"changed".into())
        );
        assert_eq!(restart["running"]["in_step"], true, "{report}");
        assert_eq!(report["restart_required"], false);
        print_times("add", &report);
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "runc"));

        let report = run(node, supervised, &add).exits(0).json();
        assert_eq!(report["changed"], false);
        assert_eq!(report["restart"]["done"], false, "{report}");

        // Another program's edit that was never loaded.
        node.edit(&["add", "spin"]);
        let report = run(node, supervised, &add).exits(0).json();
        assert_eq!(report["changed"], false);
        assert_eq!(report["restart"]["why"], "drift", "{report}");
        assert_eq!(
            serves(node),
            Verdict::serves(["crun", "runc", "spin"], "runc")
        );

        let removed = run(node, supervised, &["remove", "crun", "spin"]).exits(0);
        assert!(
            removed.stdout.contains("removed crun, spin\nrestarted  "),
            "{}",
            removed.stdout
        );
        assert!(
            removed.stderr.contains("\nrestarting containerd: echo "),
            "{}",
            removed.stderr
        );
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn the_verb_restarts_only_what_is_not_what_its_config_says() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        let done = run(node, supervised, &["restart"]).exits(0);
        assert!(
            done.stdout
                .starts_with("restart    not needed: containerd "),
            "{}",
            done.stdout
        );
        let done = run(node, supervised, &["restart", "--always", "--exit-code"]).exits(10);
        assert!(
            done.stdout.contains("since that was asked for"),
            "{}",
            done.stdout
        );
        node.edit(&["add", "crun"]);
        let done = run(node, supervised, &["restart"]).exits(0);
        assert!(
            done.stdout
                .contains("since crun is in the config, and the daemon has not loaded it"),
            "{}",
            done.stdout
        );
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "runc"));
    });
}
