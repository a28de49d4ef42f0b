//! Files that have no end, or block whoever opens them: an error or no matter, in bounded memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::tool::{Node, Run, tool_path};

const CONFIG: &str = "version = 3\nimports = ['conf.d/*.toml']\n";
const HUGE: &str = "it is larger than 16 MiB";

/// A config of which each file is there, with one import.
fn node() -> Node {
    let node = Node::with(CONFIG);
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    fs::write(node.folder().join("conf.d/theirs.toml"), "version = 3\n").expect("writes");
    node.run(&["add", "crun", "--drop-in"]).exits(0);
    node.run(&["add", "kata", "--no-drop-in"]).exits(0);
    node
}

/// The command with less memory than a file of 64 GiB takes.
fn run(node: &Node, arguments: &str) -> Run {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 800000; exec timeout 60 \"$@\"", "sh"]);
    command.arg(tool_path()).arg("--config").arg(node.config());
    Run::of(command.args(arguments.split(' ')))
}

fn plant(path: &Path, what: &str) {
    let _ = fs::remove_file(path);
    match what {
        "huge" => File::create(path)
            .and_then(|file| file.set_len(64 << 30))
            .expect("grows"),
        "FIFO" => mkfifoat(CWD, path, Mode::RWXU).expect("makes a FIFO"),
        _ => std::os::unix::fs::symlink("/dev/zero", path).expect("links"),
    }
}

#[test]
fn a_config_or_a_ledger_without_end_is_an_error() {
    for (file, what, exit, said) in [
        ("config.toml", "huge", 65, HUGE),
        ("config.toml", "FIFO", 66, "this is a FIFO"),
        ("config.toml", "device", 66, "this is a device"),
        ("config.toml.owners", "huge", 65, HUGE),
        (
            "config.toml.owners",
            "FIFO",
            74,
            "a FIFO stands in the place of the ledger",
        ),
        ("config.toml.owners.before", "huge", 65, HUGE),
        ("config.toml.owners.prev", "huge", 65, HUGE),
        ("conf.d/50-manual.toml", "huge", 65, HUGE),
        ("conf.d/50-manual.toml", "FIFO", 66, "this is a FIFO"),
    ] {
        let node = node();
        plant(&node.folder().join(file), what);
        let before = node.names();
        for verb in ["add spin", "remove crun", "undo", "remove --owner manual"] {
            let run = run(&node, verb).exits(exit);
            assert!(run.stderr.contains(said), "{file} {what} {verb}: {run:#?}");
        }
        assert_eq!(node.names(), before, "{file} {what}");
        // What reads alone ends, too.
        for verb in ["status", "list", "check", "log", "get debug.level"] {
            let run = run(&node, verb);
            assert!(
                matches!(run.exit, Some(0 | 1 | 65 | 66 | 74 | 78)),
                "{file} {what} {verb}: {run:#?}"
            );
        }
    }
}

/// The way back is named by all that fail, and is what it is for any other broken text.
#[test]
fn a_config_or_a_drop_in_without_end_is_put_back() {
    for (file, more) in [
        ("config.toml", ""),
        ("conf.d/50-manual.toml", ""),
        ("config.toml", " --from last"),
        ("conf.d/50-manual.toml", " --from last"),
    ] {
        let node = node();
        let path = node.folder().join(file);
        let good = fs::read(&path).expect("a text");
        plant(&path, "huge");
        let hint = node.hinted("restore");
        let status = run(&node, "status").exits(0).stdout;
        assert!(status.contains(HUGE) && status.contains(&hint), "{status}");
        for verb in ["undo", "add spin", "edit"] {
            if verb == "edit" && file != "config.toml" {
                continue;
            }
            let refused = run(&node, verb).exits(65);
            assert!(refused.stderr.contains(&hint), "{verb}: {refused:#?}");
        }
        let planned = run(&node, &format!("restore --dry-run{more}")).exits(0);
        assert!(planned.stdout.contains("-(larger than 16 MiB)"));
        let restored = run(&node, &format!("restore{more}")).exits(0);
        assert_eq!(fs::read(&path).expect("a text"), good, "{restored:#?}");
        let names = node.names().into_iter();
        let mut broken = names.filter(|name| name.contains("toml.broken-"));
        let kept = node.folder().join(broken.next().expect("it is kept"));
        assert_eq!(fs::metadata(kept).expect("a file").len(), 64 << 30);
        run(&node, "status --exit-code").exits(0);
        run(&node, "remove --owner manual").exits(0);
        assert_eq!(node.text(), CONFIG);
    }
}

/// With a text of one's own, too.
#[test]
fn a_config_without_end_is_replaced_by_a_text_of_ones_own() {
    let node = node();
    plant(&node.config(), "huge");
    let own = node.folder().join("own");
    fs::write(&own, CONFIG).expect("writes");
    run(&node, &format!("restore --from {}", own.display())).exits(0);
    assert_eq!(node.text(), CONFIG);
}

#[test]
fn other_files_without_end_cost_nothing() {
    for (file, what) in [
        ("config.toml.log", "huge"),
        ("config.toml.log", "FIFO"),
        ("config.toml.prev", "huge"),
        (
            ".config.toml.aB3dE5gH7j.0123456789abcdef.0123456789abcdef.tmp",
            "huge",
        ),
        (
            ".config.toml.aB3dE5gH7j.0123456789abcdef.0123456789abcdef.tmp",
            "FIFO",
        ),
    ] {
        let node = node();
        plant(&node.folder().join(file), what);
        for verb in ["status", "add spin", "undo", "remove --owner manual"] {
            run(&node, verb).exits(0);
        }
        assert_eq!(node.text(), CONFIG, "{file} {what}");
    }
}

/// containerd reads it: nothing is added without knowing what it says, and leaving goes on.
#[test]
fn nothing_is_added_beside_an_import_without_end() {
    for (what, exit, said) in [
        ("huge", 65, HUGE),
        ("FIFO", 0, "not a regular file"),
        ("device", 0, "not a regular file"),
    ] {
        let node = node();
        plant(&node.folder().join("conf.d/theirs.toml"), what);
        let adds = run(&node, "add spin").exits(exit);
        let removes = run(&node, "remove --owner manual").exits(0);
        for run in [adds, removes] {
            assert!(
                run.stderr.contains("conf.d/theirs.toml") && run.stderr.contains(said),
                "{run:#?}"
            );
        }
        assert_eq!(node.text(), CONFIG);
    }
}
