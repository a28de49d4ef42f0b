//! `--restart` and `restart` with real daemons.

mod imports;
mod killed_runs;
mod loading;
mod rolling_back;

use std::io::{self, Write as _};
use std::process::Output;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cri::{Answer, Verdict, ask};
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
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(node: &Node, arguments: &[&str]) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = node.tool(arguments);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            exit: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let json = serde_json::from_str(&self.stdout);
        json.unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

pub(crate) fn run(node: &Node, supervised: &Supervised, arguments: &[&str]) -> Run {
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
    Run::of(node, &all)
}

/// Runs the commands of this tool that the hint of an error names: each says what it finds.
pub(crate) fn follow(node: &Node, report: &Value, exit: i32) {
    let hint = report["error"]["hint"].as_str().expect("a hint");
    let commands = hint
        .split('`')
        .filter(|it| it.starts_with("containerd-edit "));
    let socket = node.socket();
    let mut followed = 0;
    for command in commands {
        let words = command.split(' ').skip_while(|word| *word != "check");
        let mut words: Vec<&str> = words.collect();
        if words.contains(&"--running") {
            let socket = socket.to_str().expect("a path of this test");
            words.extend(["--cri-endpoint", socket]);
        }
        let run = Run::of(node, &words).exits(exit);
        assert!(
            run.stdout.contains("config version "),
            "{command}: {}",
            run.stdout
        );
        followed += 1;
    }
    assert!(followed > 0, "{hint}");
}

/// What the node's daemon serves.
pub(crate) fn serves(node: &Node) -> Verdict {
    match ask(&node.socket()) {
        Answer::Serves { handlers, default } => Verdict::Serves { handlers, default },
        _ => panic!("the daemon does not serve"),
    }
}

/// Waits for a daemon that is being started.
pub(crate) fn wait_until_serving(node: &Node) {
    while !node.socket().exists() || !matches!(ask(&node.socket()), Answer::Serves { .. }) {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Prints how long each phase took.
fn print_times(case: &str, seconds: &Value) {
    // Not by a macro, whose output a test that passes keeps to itself.
    writeln!(io::stderr(), "{case}: seconds {seconds}").expect("stderr");
}

const SOON: [&str; 2] = ["--ready-timeout", "2s"];
