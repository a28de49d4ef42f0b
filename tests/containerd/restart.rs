//! `--restart` and `restart` with real daemons.

use std::io::{self, Write as _};
use std::process::Output;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cri::{Answer, Verdict, ask};
use crate::daemon::Node;
use crate::suites::{self, Release};
use crate::supervisor::{Deed, Supervised, supervised};

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
        print_times("add", &restart["seconds"]);
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "runc"));

        let report = run(node, supervised, &add).exits(0).json();
        assert_eq!(report["changed"], false);
        assert_eq!(report["restart"]["done"], false, "{report}");

        // Another program's edit that was never loaded, and a command that does not wait.
        node.edit(&["add", "spin"]);
        supervised.next(&[Deed::Later]);
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

/// Ways in which a restart fails that no model knows, and what is said of each. With some, the old
/// daemon is still there, and the roll-back needs no restart.
const FAILURES: [(Deed, &str); 6] = [
    (Deed::Fail, "ended with exit status: 3"),
    (Deed::Nothing, "the old containerd (process "),
    (
        Deed::Stop,
        "containerd did not come back within 2s: no daemon answers",
    ),
    (
        Deed::Die,
        "containerd did not come back within 2s: no daemon answers",
    ),
    (Deed::WithoutCri, "containerd came back without CRI"),
    (
        Deed::OtherConfig,
        "crun is in the config, and the daemon has not loaded it",
    ),
];
const SOON: [&str; 2] = ["--ready-timeout", "2s"];

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn where_the_daemon_does_not_come_back_the_edit_is_rolled_back() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        for (deed, said) in FAILURES {
            supervised.next(&[deed]);
            let add = ["add", "crun", "-o", "json", SOON[0], SOON[1]];
            let report = run(node, supervised, &add).exits(69).json();
            let error = &report["error"];
            assert_eq!(error["code"], "rolled-back", "{deed:?}: {report}");
            let message = error["message"].as_str().expect("a message");
            assert!(message.contains(said), "{deed:?}: {message}");
            assert!(
                message.contains("; rolled back: the config is as it was before, and containerd ")
            );
            assert_eq!(error["rollback"]["files"], "put-back");
            assert_eq!(error["changed"], Value::Null);
            follow(node, &report, 0);
            print_times(&format!("{deed:?}"), &error["rollback"]["seconds"]);
            assert_eq!(
                node.config().as_deref(),
                Some(CONFIG.as_bytes()),
                "{deed:?}"
            );
            assert_eq!(serves(node), Verdict::serves(["runc"], "runc"), "{deed:?}");
        }
        assert_eq!(outcomes(node), [["changed", "rolled-back"]; 6].concat());
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_that_does_not_come_back_with_the_old_config_either_is_said_to_be_down() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        supervised.next(&[Deed::Stop, Deed::Stop]);
        let failed = run(node, supervised, &["add", "crun", SOON[0], SOON[1]]).exits(69);
        let said = "the config is as it was before, and containerd does not serve with it: \
                    containerd did not come back within 2s";
        assert!(failed.stderr.contains(said), "{}", failed.stderr);
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
        let report = run(node, supervised, &["restart", "-o", "json"])
            .exits(0)
            .json();
        assert_eq!(report["restart"]["why"], "not-running");
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
        // This one has nothing to take back.
        supervised.next(&[Deed::WithoutCri]);
        let report = run(node, supervised, &["restart", "--always", "-o", "json"])
            .exits(69)
            .json();
        assert_eq!(report["error"]["code"], "restart-failed", "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_others_have_changed_meanwhile_stays_when_an_edit_is_rolled_back() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        supervised.next(&[Deed::WithoutCriAfterOthers]);
        let add = ["add", "crun", "--default", "-o", "json", SOON[0], SOON[1]];
        let report = run(node, supervised, &add).exits(69).json();
        assert_eq!(report["error"]["code"], "rolled-back", "{report}");
        assert_eq!(
            report["error"]["rollback"]["files"], "taken-out",
            "{report}"
        );
        assert_eq!(serves(node), Verdict::serves(["runc", "spin"], "runc"));
        node.edit(&["remove", "--owner", "others"]);
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_run_that_is_killed_at_any_phase_is_gone_on_with() {
    let added = Verdict::serves(["crun", "runc"], "runc");
    let add = ["add", "crun", "-o", "json", SOON[0], SOON[1]];
    for (killed, why) in [
        (vec![Deed::KillBefore], Some("drift")),
        (vec![Deed::KillDuring], Some("not-running")),
        (vec![Deed::Interrupt], Some("not-running")),
        // The daemon has come back with the change.
        (vec![Deed::KillWaiting], None),
        // In the middle of a roll-back, which has put the config back.
        (vec![Deed::Stop, Deed::KillDuring], Some("changed")),
    ] {
        each_release(CONFIG.as_bytes(), |node, supervised| {
            supervised.next(&killed);
            assert_eq!(run(node, supervised, &add).exit, None, "{killed:?}");
            if killed == [Deed::KillWaiting] {
                wait_until_serving(node);
            }
            let report = run(node, supervised, &add).exits(0).json();
            let restart = &report["restart"];
            assert_eq!(restart["why"].as_str(), why, "{killed:?}: {report}");
            print_times(&format!("{killed:?}, again"), &restart["seconds"]);
            assert_eq!(serves(node), added, "{killed:?}");
            let report = run(node, supervised, &add).exits(0).json();
            assert_eq!(report["restart"]["done"], false, "{killed:?}");
        });
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_a_killed_run_has_changed_is_taken_back_by_undo() {
    let add = ["add", "crun", "-o", "json", SOON[0], SOON[1]];
    each_release(CONFIG.as_bytes(), |node, supervised| {
        supervised.next(&[Deed::KillDuring]);
        assert_eq!(run(node, supervised, &add).exit, None);
        supervised.next(&[Deed::WithoutCri]);
        let report = run(node, supervised, &add).exits(69).json();
        let error = &report["error"];
        assert_eq!(error["code"], "restart-failed", "{report}");
        let hint = error["hint"].as_str().expect("a hint");
        let undo = "`containerd-edit --config /etc/containerd/config.toml undo`";
        assert!(hint.contains(undo), "{hint}");
        run(node, supervised, &["undo"]).exits(0);
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_is_left_alone_that_would_not_serve_with_its_config() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        let broken = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
                      default_runtime_name = \"kata\"\n";
        std::fs::write(node.config_path(), broken).expect("the config is written");
        // A restart would be a request too many for the supervisor.
        supervised.next(&[Deed::Stop]);
        let report = run(node, supervised, &["restart", "-o", "json"])
            .exits(78)
            .json();
        assert_eq!(report["error"]["code"], "would-not-serve", "{report}");
        follow(node, &report, 78);
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
        supervised.forget();
        // One that mends it is loaded.
        run(node, supervised, &["add", "kata"]).exits(0);
        assert_eq!(serves(node), Verdict::serves(["kata", "runc"], "kata"));
    });
}

/// CRI does not tell of a handler's options: the times of the files do.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_change_that_cri_does_not_show_is_loaded_by_the_next_run() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        run(node, supervised, &["add", "crun"]).exits(0);
        let set = ["add", "crun", "--set", "options.BinaryName=/opt/crun"];
        let older = "since it was started before /etc/containerd/config.toml was last changed";
        let once = |case: &str| {
            let done = run(node, supervised, &set).exits(0).stdout;
            assert!(done.contains("nothing to do"), "{case}: {done}");
            assert!(done.contains(older), "{case}: {done}");
            let again = run(node, supervised, &set).exits(0).stdout;
            assert!(again.contains("restart    not needed"), "{case}: {again}");
        };
        supervised.next(&[Deed::KillBefore]);
        assert_eq!(run(node, supervised, &set).exit, None);
        once("killed between the edit and the restart");
        node.edit(&["add", "crun", "--set", "options.BinaryName=/opt/other"]);
        node.edit(&set);
        once("edits without a restart");
        let config = std::fs::read(node.config_path()).expect("a config");
        std::fs::write(node.config_path(), config).expect("writes");
        once("another program");
    });
}

/// A folder that is imported from, and two files in it.
const IMPORTS: &str = "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n";

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn imported_files_and_their_folder_count_as_the_config_does() {
    let release = Release::of(suites::SUITES[2]);
    let node = Node::new(&release, Some(IMPORTS.as_bytes()));
    let folder = node.etc().join("conf.d");
    std::fs::create_dir(&folder).expect("the folder is new");
    let write = |name: &str| {
        std::fs::write(
            folder.join(name),
            "version = 2\n[debug]\nlevel = \"info\"\n",
        )
    };
    write("10-a.toml").expect("writes");
    supervised(&node, |supervised| {
        let once = |case: &str, path: &str| {
            let done = run(&node, supervised, &["restart"]).exits(0).stdout;
            let older = format!("since it was started before {path} was last changed");
            assert!(done.contains(&older), "{case}: {done}");
            let again = run(&node, supervised, &["restart"]).exits(0).stdout;
            assert!(again.contains("restart    not needed"), "{case}: {again}");
        };
        let again = run(&node, supervised, &["restart"]).exits(0).stdout;
        assert!(again.contains("restart    not needed"), "{again}");
        write("10-a.toml").expect("writes");
        once("a file", "/etc/containerd/conf.d/10-a.toml");
        std::fs::remove_file(folder.join("10-a.toml")).expect("it was there");
        once("a file that has gone", "/etc/containerd/conf.d");
        // Nobody loads it.
        std::fs::write(node.etc().join("other.toml"), "version = 2\n").expect("writes");
        let again = run(&node, supervised, &["restart"]).exits(0).stdout;
        assert!(again.contains("restart    not needed"), "{again}");
    });
}

const OWN_FOLDER: &[u8] = b"version = 2\nimports = [\"/etc/containerd/*.toml\"]\n";

/// What stands beside the config is written before the restart.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_pattern_into_the_configs_own_folder_costs_no_second_restart() {
    let release = Release::of(suites::SUITES[2]);
    let node = Node::new(&release, Some(OWN_FOLDER));
    supervised(&node, |supervised| {
        for edit in [
            &["add", "crun"][..],
            &["add", "kata"],
            &["remove", "crun"],
            &["undo"],
        ] {
            let done = run(&node, supervised, edit).exits(0).stdout;
            assert!(done.contains("restarted"), "{edit:?}: {done}");
            for again in [edit, &["restart"]] {
                let again = run(&node, supervised, again).exits(0).stdout;
                assert!(again.contains("restart    not needed"), "{edit:?}: {again}");
            }
        }
    });
}

/// The lock file of the first run of all comes after its restart, if it edits nothing.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn the_first_lock_file_in_a_folder_that_is_imported_from_costs_one_restart() {
    let release = Release::of(suites::SUITES[2]);
    let node = Node::new(&release, Some(OWN_FOLDER));
    supervised(&node, |supervised| {
        std::fs::write(node.config_path(), OWN_FOLDER).expect("writes");
        let restart = || run(&node, supervised, &["restart"]).exits(0).stdout;
        let runs = [restart(), restart(), restart()];
        let is_restart = runs.each_ref().map(|run| !run.contains("not needed"));
        assert_eq!(is_restart, [true, true, false], "{runs:#?}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_removal_and_an_undo_are_loaded_and_rolled_back_too() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        run(node, supervised, &["add", "crun", "--default"]).exits(0);
        let with_crun = Verdict::serves(["crun", "runc"], "crun");
        assert_eq!(serves(node), with_crun);
        let config = node.config();
        supervised.next(&[Deed::Stop]);
        run(node, supervised, &["remove", "crun", SOON[0], SOON[1]]).exits(69);
        assert_eq!((serves(node), node.config()), (with_crun, config));
        // The last change is one that was taken back already.
        let undone = run(node, supervised, &["undo"]).exits(0);
        assert!(
            undone.stdout.contains(
                "nothing to do: the last change is undone already\nrestart    not needed"
            ),
            "{}",
            undone.stdout
        );
        run(node, supervised, &["remove", "crun"]).exits(0);
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
        let undone = run(node, supervised, &["undo"]).exits(0);
        assert!(
            undone
                .stdout
                .contains("added crun, the default handler is now crun\nrestarted"),
            "{}",
            undone.stdout
        );
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "crun"));
    });
}

/// What the operation log says of each run.
fn outcomes(node: &Node) -> Vec<&'static str> {
    let log = std::fs::read_to_string(node.config_path().with_extension("toml.log"));
    let log = log.expect("a log");
    let known = ["changed", "restarted", "rolled-back", "undone"];
    let lines = log.lines().map(|line| {
        let said = |outcome: &&&str| line.contains(&format!("\"outcome\":\"{outcome}\""));
        known.iter().find(said).copied().unwrap_or("other")
    });
    lines.collect()
}
