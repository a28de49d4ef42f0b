//! Several files broken at once: each way out works, one command after the other.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::tool::{Node, Run};

const SERVES: &str = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n  \
                      runtime_type = \"io.containerd.runc.v2\"\n";

/// A node with `crun` of `a` in a drop-in and `kata` of `b` in the config.
struct Both {
    node: Node,
    drop_in: PathBuf,
    good: [String; 2],
}

impl Both {
    fn new() -> Self {
        let node = Node::with(SERVES);
        let add = |name: &str, owner: &str, more: &[&str]| {
            let add = [&["add", name, "--owner", owner], more].concat();
            node.run(&add).exits(0);
        };
        add("crun", "a", &["--drop-in"]);
        add("kata", "b", &[]);
        // The text before has the import, too.
        add("spin", "b", &[]);
        let drop_in = node.folder().join("conf.d/50-a.toml");
        let good = [node.text(), read(&drop_in)];
        Self {
            node,
            drop_in,
            good,
        }
    }

    fn break_both(&self) {
        for path in [&self.node.config(), &self.drop_in] {
            fs::write(path, read(path) + "\"3s\"\n").expect("writes");
        }
    }

    /// Something else stands in the place of the drop-in.
    fn replace_drop_in(&self, by: &str) {
        fs::remove_file(&self.drop_in).expect("removes");
        let made = Command::new(by).arg(&self.drop_in).status();
        assert!(made.expect("runs").success());
    }

    fn named(&self) -> String {
        format!("--drop-in {}", self.drop_in.display())
    }

    fn texts(&self) -> [String; 2] {
        [self.node.text(), read(&self.drop_in)]
    }

    /// All is as it was, and known.
    fn assert_whole(&self) {
        assert_eq!(self.texts(), self.good);
        self.node.run(&["status", "--exit-code"]).exits(0);
        for owner in ["a", "b"] {
            self.node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(self.node.text(), SERVES);
        assert!(!self.drop_in.exists());
    }

    /// Runs what a message suggests.
    fn follow(&self, run: &Run, suggestion: &str) {
        let said = [run.stderr.as_str(), &run.stdout].concat();
        assert!(said.contains(suggestion), "{suggestion}: {run:#?}");
        let command = suggestion.trim_matches('`').replace("FILE", "$FOLDER/own");
        let command = command.replace("containerd-edit", "\"$TOOL\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]);
        shell.env("TOOL", crate::tool::tool_path());
        shell.env("FOLDER", self.node.folder());
        Run::of(&mut shell).exits(0);
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

#[test]
fn each_broken_file_gets_its_text_back_at_once() {
    let both = Both::new();
    both.break_both();
    both.node.run(&["restore"]).exits(0);
    both.assert_whole();
}

/// What can be put back is, whatever is wrong elsewhere, and nobody restarts containerd with the rest.
#[test]
fn one_file_is_put_right_after_the_other() {
    let both = Both::new();
    both.break_both();
    let kept = both.node.folder().join("conf.d%2F50-a.toml.last");
    fs::rename(kept, both.node.folder().join("own")).expect("renames");
    let run = both.node.run(&["restore", "-q"]).exits(0);
    assert_eq!(both.node.text(), both.good[0]);
    assert!(run.stderr.contains("does not serve CRI"), "{run:#?}");
    let run = both.node.run(&["restore"]).exits(78);
    assert!(!run.stderr.contains("does no better"), "{run:#?}");
    let suggestion = both
        .node
        .hinted(&format!("restore --from FILE {}", both.named()));
    both.follow(&run, &suggestion);
    both.assert_whole();
}

#[test]
fn a_text_of_a_drop_in_is_judged_without_what_is_wrong_elsewhere() {
    let both = Both::new();
    both.break_both();
    let own = both.node.folder().join("own");
    let path = both.drop_in.to_str().expect("UTF-8");
    let restore = [
        "restore",
        "--from",
        own.to_str().expect("UTF-8"),
        "--drop-in",
        path,
    ];
    fs::write(&own, "[").expect("writes");
    both.node.run(&restore).exits(65);
    fs::write(&own, &both.good[1]).expect("writes");
    let run = both.node.run(&restore).exits(0);
    assert!(run.stdout.contains("do not restart"), "{run:#?}");
    let run = both.node.run(&["restore", "--drop-in", path]).exits(78);
    both.follow(&run, &both.node.hinted("restore"));
    both.assert_whole();
}

#[test]
fn what_stands_in_the_place_of_a_drop_in_does_not_stop_a_restore() {
    for by in ["mkfifo", "mkdir"] {
        let both = Both::new();
        fs::write(both.node.config(), "[").expect("writes");
        both.replace_drop_in(by);
        let run = both.node.run(&["restore"]).exits(0);
        assert_eq!(both.node.text(), both.good[0], "{run:#?}");
        assert!(!run.stderr.contains("judged without"), "{run:#?}");
        let path = both.drop_in.display();
        let suggestion = format!("`mv {path} {path}.away`");
        assert!(run.stderr.contains(&suggestion), "{run:#?}");
        for (verb, exit) in [
            (&["restore"][..], 78),
            (&["restore", "--from", "last"], 78),
            (&["undo"], 66),
            (&["add", "runsc", "--preset", "gvisor"], 66),
        ] {
            let run = both.node.run(verb).exits(exit);
            assert!(run.stderr.contains(&suggestion), "{run:#?}");
            assert!(!run.stderr.contains("check --config"), "{run:#?}");
        }
        let run = both.node.run(&["restore"]).exits(78);
        both.follow(&run, &suggestion);
        both.node.run(&["restore"]).exits(0);
        both.assert_whole();
    }
}

/// A text that does without the broken file is better than one that does not serve.
#[test]
fn the_text_that_serves_comes_first() {
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    let both = Both {
        drop_in: node.folder().join("conf.d/50-a.toml"),
        good: [node.text(), String::new()],
        node,
    };
    fs::write(both.node.config(), "[").expect("writes");
    both.replace_drop_in("mkfifo");
    both.node.run(&["restore"]).exits(0);
    assert_eq!(both.node.text(), SERVES);
    let run = both.node.run(&["restore"]).exits(0);
    assert!(run.stdout.contains("serves all the same"), "{run:#?}");
}

/// The import of a drop-in that is gone keeps containerd from starting.
#[test]
fn a_drop_in_that_is_gone_comes_back() {
    for gone in ["conf.d/50-a.toml", "conf.d"] {
        let both = Both::new();
        let gone = both.node.folder().join(gone);
        let removed = Command::new("rm").arg("-r").arg(&gone).status();
        assert!(removed.expect("runs").success());
        let run = both.node.run(&["check"]).exits(78);
        let run_of_restore = both.node.run(&["restore", "--dry-run"]).exits(0);
        let said = "the file is gone\n";
        assert!(run_of_restore.stdout.contains(said), "{run_of_restore:#?}");
        both.follow(&run, &both.node.hinted("restore"));
        both.assert_whole();
    }
}

/// A node with `crun` of `a` in a drop-in that is gone, and `kata` that `b` has added since. `imports`:
/// a pattern that the config imports, if it does.
fn gone(imports: Option<&str>) -> Both {
    let imports = imports.map(|it| format!("imports = [\"{it}\"]\n"));
    let node = Node::with(imports.unwrap_or_default() + SERVES);
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let add = ["add", "crun", "--owner", "a", "--drop-in"];
    node.run(&add).exits(0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    let good = [node.text(), read(&drop_in)];
    fs::remove_file(&drop_in).expect("removes");
    for name in ["kata", "spin"] {
        node.run(&["add", name, "--owner", "b"]).exits(0);
    }
    Both {
        node,
        drop_in,
        good,
    }
}

/// Whoever has edited the config meanwhile: the keys of the text are their owner's.
#[test]
fn a_drop_in_that_comes_back_later_is_its_owners() {
    comes_back_later(Some("conf.d/*.toml"));
}

/// The import that the tool has written stays as well: without it, nothing would read the file again.
#[test]
fn a_drop_in_that_comes_back_later_is_still_imported() {
    comes_back_later(None);
}

fn comes_back_later(imports: Option<&str>) {
    let both = gone(imports);
    let status = both.node.run(&["status"]).exits(0);
    assert!(status.stdout.contains("missing: "), "{status:#?}");
    both.node.run(&["restore"]).exits(0);
    assert_eq!(read(&both.drop_in), both.good[1]);
    both.node.run(&["status", "--exit-code"]).exits(0);
    let run = both.node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!both.drop_in.exists(), "{run:#?}");
    assert_eq!(run.stderr, "");
    both.node.run(&["remove", "--owner", "b"]).exits(0);
    let base = if imports.is_some() {
        &both.good[0]
    } else {
        SERVES
    };
    assert_eq!(both.node.text(), base);
    // What holds for its kept text is for a restore.
    let ledger = read(&both.node.ledger());
    let (known, _) = ledger.split_once("\"kept\"").expect("a text is kept");
    assert!(!known.contains("50-a.toml"), "{ledger}");
}

/// One whose import somebody has taken out would not be loaded: containerd serves without it.
#[test]
fn a_drop_in_whose_import_is_gone_comes_back_with_its_owner_alone() {
    let both = gone(None);
    let lines = both.node.text();
    let lines = lines
        .split_inclusive('\n')
        .filter(|it| !it.contains("imports"));
    fs::write(both.node.config(), lines.collect::<String>()).expect("writes");
    let run = both.node.run(&["restore"]).exits(0);
    assert!(run.stdout.contains("nothing to do: "), "{run:#?}");
    assert!(!both.drop_in.exists());
    let add = ["add", "crun", "--owner", "a", "--drop-in"];
    both.node.run(&add).exits(0);
    assert_eq!(read(&both.drop_in), both.good[1]);
    both.node.run(&["status", "--exit-code"]).exits(0);
    for owner in ["b", "a"] {
        both.node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(both.node.text(), SERVES);
}

/// Nor does one whose owner has left, or has written it anew.
#[test]
fn a_drop_in_that_nobody_misses_does_not_come_back() {
    for is_written in [false, true] {
        let both = gone(Some("conf.d/*.toml"));
        let remove = ["remove", "--owner", "a"];
        if is_written {
            let add = ["add", "runsc", "--preset", "gvisor", "--owner", "a"];
            both.node.run(&add).exits(0);
            let text = read(&both.drop_in);
            assert!(!text.contains("crun"), "{text}");
            let by_hand = both.good[1].lines().filter(|it| !it.starts_with('#'));
            let by_hand: Vec<&str> = by_hand.collect();
            let by_hand = by_hand.join("\n").replace("version = 3", "");
            fs::write(&both.drop_in, text + &by_hand).expect("writes");
            let run = both.node.run(&remove).exits(0);
            assert!(run.stderr.contains("crun was there before"), "{run:#?}");
            assert!(read(&both.drop_in).contains("crun"));
        } else {
            both.node.run(&remove).exits(0);
            both.node.run(&["restore"]).exits(0);
            assert!(!both.drop_in.exists());
            // Whoever puts it back has it.
            fs::write(&both.drop_in, &both.good[1]).expect("writes");
            both.node.run(&["set", "debug.level=info"]).exits(0);
            let run = both
                .node
                .run(&["check", "--containerd-version", "2.1"])
                .exits(0);
            assert!(run.stdout.contains("crun"), "{run:#?}");
        }
    }
}

/// The config itself is no different.
#[test]
fn a_config_that_comes_back_later_is_its_owners() {
    let base = format!("imports = [\"conf.d/*.toml\"]\n{SERVES}");
    let node = Node::with(&base);
    node.run(&["add", "kata", "--owner", "b", "--no-drop-in"])
        .exits(0);
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let add = ["add", "crun", "--owner", "a", "--drop-in"];
    node.run(&add).exits(0);
    let good = node.text();
    fs::remove_file(node.config()).expect("removes");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!node.config().exists());
    node.run(&["restore"]).exits(0);
    assert_eq!(node.text(), good);
    node.run(&["status", "--exit-code"]).exits(0);
    let run = node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), base, "{run:#?}");
}

/// containerd does not start without an import, whoever has written it: no verb has it restarted, and
/// what `check` suggests works.
#[test]
fn nothing_is_restarted_without_an_import() {
    for (import, is_known) in [("x.toml", true), ("/nowhere/x.toml", false)] {
        let node = Node::with(format!("imports = [\"{import}\"]\n{SERVES}"));
        let path = node.folder().join("x.toml");
        for verb in [
            &["add", "kata"][..],
            &["set", "debug.level=debug"],
            &["undo"],
            &["remove", "kata"],
        ] {
            let run = node.run(&[verb, &["-q", "-o", "json"]].concat()).exits(0);
            let said = format!("{} is imported, and is not there", path.display());
            assert_eq!(run.stdout.contains(&said), is_known, "{run:#?}");
            let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
            // What is elsewhere may be out of sight.
            assert_eq!(report["restart_required"], !is_known, "{run:#?}");
        }
        let run = node.run(&["add", "spin"]).exits(0);
        assert!(run.stdout.contains("do not restart"), "{run:#?}");
        let unset = node.hinted(&format!("unset imports={import}"));
        let run = node.run(&["restore"]).exits(78);
        assert!(run.stderr.contains(&unset), "{run:#?}");
        let run = node.run(&["check"]).exits(78);
        assert!(run.stdout.contains("no such file or directory"), "{run:#?}");
        let both = Both {
            drop_in: path,
            good: [node.text(), String::new()],
            node,
        };
        both.follow(&run, &unset);
        both.node
            .run(&["check", "--containerd-version", "2.1"])
            .exits(0);
    }
}

/// What is known to be missing hides nothing of what an uninstall does, also where more is wrong.
#[test]
fn an_owner_leaves_a_config_that_has_two_faults() {
    let config = "version = 3\nimports = ['conf.d/*.toml']\n";
    for missing in ["conf.d/99-link.toml", "x.toml"] {
        let node = Node::with(config);
        let folder = node.folder().join("conf.d");
        fs::create_dir(&folder).expect("creates");
        node.run(&["add", "kata", "--owner", "a"]).exits(0);
        fs::write(folder.join("70.toml"), "version = 3\n[debug]\nlevel = 3\n").expect("writes");
        symlink("gone.toml", node.folder().join(missing)).expect("links");
        let import = format!("imports = ['{missing}', ");
        fs::write(node.config(), node.text().replace("imports = [", &import)).expect("writes");
        node.run(&["add", "crun", "--owner", "b"]).exits(78);
        let run = node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(run.stderr.contains("containerd does not start"), "{run:#?}");
        assert!(!folder.join("50-a.toml").exists(), "{run:#?}");
    }
}

#[test]
fn what_stands_in_the_place_of_the_folder_is_moved_away() {
    let both = Both::new();
    let folder = both.node.folder().join("conf.d");
    fs::remove_dir_all(&folder).expect("removes");
    fs::write(&folder, "").expect("writes");
    let run = both.node.run(&["restore"]).exits(78);
    let folder = folder.display();
    both.follow(&run, &format!("`mv {folder} {folder}.away`"));
    both.node.run(&["restore"]).exits(0);
    both.assert_whole();
}

#[test]
fn a_folder_is_no_drop_in() {
    let both = Both::new();
    for verb in [&["add", "spin"][..], &["restore", "--from", "/dev/null"]] {
        let named = [verb, &["--drop-in=conf.d"]].concat();
        let run = both.node.run(&named).exits(66);
        assert!(run.stderr.contains("with --drop-in=PATH"), "{run:#?}");
        assert!(!run.stderr.contains("check --config"), "{run:#?}");
    }
}
