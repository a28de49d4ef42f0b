//! A daemon that does not come back with the edit comes back without it.

use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::supervisor::Deed;

use super::{CONFIG, SOON, each_release, follow, print_times, run, serves};

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

/// The change is in the config again, and can still be taken back.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn an_undo_that_was_rolled_back_is_made_again() {
    each_release(CONFIG.as_bytes(), |node, supervised| {
        run(node, supervised, &["add", "crun"]).exits(0);
        let added = node.config();
        supervised.next(&[Deed::Fail]);
        run(node, supervised, &["undo"]).exits(69);
        assert_eq!(node.config(), added);
        run(node, supervised, &["undo"]).exits(0);
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
    });
}
