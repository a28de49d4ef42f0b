//! Runs that are killed while they restart the daemon, and the next run.

use crate::cri::Verdict;
use crate::supervisor::Deed;

use super::{CONFIG, SOON, each_release, print_times, run, serves, wait_until_serving};

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
