//! A daemon is restarted if it has not loaded its config, and would serve with it.

use crate::cri::Verdict;
use crate::supervisor::Deed;

use super::{CONFIG, each_release, follow, print_times, run, serves};

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
