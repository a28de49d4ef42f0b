//! Imported files, and folders that are imported from: what in them takes a restart.

use crate::daemon::Node;
use crate::suites::{self, Release};
use crate::supervisor::supervised;

use super::run;

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
