//! `undo`: the config is what it was before the last change, if nobody has changed it since.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tool::{Node, Run};

const CONFIG: &str = "# mine\r\nversion = 2"; // no newline at its end

fn undo(node: &Node, more: &[&str]) -> Run {
    node.run(&[&["undo"], more].concat())
}

/// How a second run ends.
const ALREADY: &str = ": nothing to do: the last change is undone already\n";

#[test]
fn every_kind_of_change_is_taken_back_to_the_byte() {
    let listed = |node: &Node| node.run(&["list"]).stdout;
    for change in [
        &["add", "crun", "--default"][..],
        &[
            "add",
            "kata",
            "--set",
            "snapshotter=other",
            "--owner",
            "ops",
        ],
        &["remove", "kata", "--owner", "ops"],
        &["set-default", "kata", "--owner", "other"],
        &["remove", "--owner", "ops"],
    ] {
        let node = Node::with(CONFIG);
        node.run(&["add", "kata", "--owner", "ops"]).exits(0);
        let (before, handlers) = (node.bytes(), listed(&node));
        node.run(change).exits(0);
        assert_ne!(node.bytes(), before, "{change:?}");
        let run = undo(&node, &["--exit-code"]).exits(10);
        assert_eq!(node.bytes(), before, "{change:?}: {run:?}");
        assert_eq!(listed(&node), handlers, "{change:?}");
        // Once.
        let identity = node.identity();
        let run = undo(&node, &["--exit-code"]).exits(0);
        assert!(run.stdout.ends_with(ALREADY), "{run:?}");
        assert_eq!(node.identity(), identity);
    }
}

#[test]
fn a_created_file_goes_and_a_deleted_one_comes_back() {
    let node = Node::empty();
    node.run(&["add", "crun"]).exits(0);
    let created = node.bytes();
    let run = undo(&node, &[]).exits(0);
    assert!(
        run.stdout.contains("removed crun, deleted the file"),
        "{run:?}"
    );
    assert_eq!(node.bytes(), None);
    node.run(&["add", "crun"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.bytes(), None);
    let run = undo(&node, &[]).exits(0);
    assert!(
        run.stdout.contains("added crun, created the file"),
        "{run:?}"
    );
    assert_eq!(node.bytes(), created);
}

#[test]
fn a_drop_in_and_its_import_go_together() {
    let node = Node::with(CONFIG);
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    let drop_in = node.folder().join("conf.d/50-manual.toml");
    let (with, text) = (node.bytes(), std::fs::read(&drop_in).expect("a drop-in"));
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), CONFIG);
    assert!(!drop_in.parent().expect("a folder").exists());
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    node.run(&["remove", "spin", "--drop-in"]).exits(0);
    undo(&node, &[]).exits(0);
    assert_eq!(node.bytes(), with);
    assert_eq!(std::fs::read(&drop_in).expect("a drop-in"), text);
}

#[test]
fn a_dry_run_shows_what_it_would_be() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let (bytes, names) = (node.bytes(), node.names());
    let run = undo(&node, &["--dry-run"]).exits(0);
    assert!(
        run.stdout.contains("# containerd-edit owner=manual"),
        "{run:?}"
    );
    assert!(
        run.stdout.ends_with("dry run: would remove crun\n"),
        "{run:?}"
    );
    let run = undo(&node, &["--dry-run", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["handlers"]["removed"][0], "crun");
    assert_eq!((node.bytes(), node.names()), (bytes, names));
}

/// The error, and what was left alone.
fn refused(node: &Node, more: &[&str]) -> Value {
    let bytes = node.bytes();
    let run = undo(node, &[&["-o", "json"], more].concat()).exits(78);
    assert_eq!(node.bytes(), bytes);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["error"]["code"], "not-undone", "{report}");
    report["error"].clone()
}

fn says(error: &Value, key: &str, what: &str) {
    let said = error[key].as_str().expect("a sentence");
    assert!(said.contains(what), "{said}");
}

const THEIRS: &str = "\n[metrics]\naddress = '127.0.0.1:1338' # theirs\n";

const LINES: &str = "# mine\nversion = 2\n";

/// Where somebody has edited the file since, the owner wants again what it wanted before.
#[test]
fn what_others_have_changed_since_is_kept() {
    let node = Node::with(LINES);
    says(&refused(&node, &[]), "message", "no change is recorded");
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    std::fs::write(node.config(), node.text() + THEIRS).expect("others write as they like");
    let run = undo(&node, &[]).exits(0);
    assert!(run.stdout.contains("removed crun"), "{run:?}");
    assert_eq!(node.text(), format!("{LINES}{THEIRS}"));
    // Once.
    let run = undo(&node, &["--exit-code"]).exits(0);
    assert!(run.stdout.ends_with(ALREADY), "{run:?}");
    // So does the ledger: it names no owner of it.
    let run = node.run(&["remove", "--owner", "ops"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
}

/// A removal, a changed value and a default, among other people's edits.
#[test]
fn each_kind_of_change_is_taken_back_among_other_peoples_edits() {
    let settings = ["--set", "snapshotter=other", "--default"];
    for (change, is_back) in [
        (&["remove", "--owner", "ops"][..], "kata]"),
        (
            &[
                "add",
                "kata",
                "--owner",
                "ops",
                settings[0],
                "snapshotter=other",
            ],
            "\"nydus\"",
        ),
        (&["add", "spin", "--owner", "ops", settings[2]], "\"nydus\""),
        (&["set-default", "kata", "--owner", "b"], "\"nydus\""),
    ] {
        let node = Node::with(LINES);
        let add = [
            "add",
            "kata",
            "--owner",
            "ops",
            "--set",
            "snapshotter=nydus",
        ];
        node.run(&add).exits(0);
        let before = node.text();
        node.run(change).exits(0);
        std::fs::write(node.config(), node.text() + THEIRS).expect("others write as they like");
        undo(&node, &[]).exits(0);
        let text = node.text();
        assert!(
            text.contains(THEIRS) && text.contains(is_back),
            "{change:?}: {text}"
        );
        let lines = |text: &str| {
            let lines = text.lines().map(|line| line.trim().to_owned());
            lines
                .filter(|line| !line.is_empty())
                .collect::<BTreeSet<String>>()
        };
        assert_eq!(
            lines(&text.replace(THEIRS, "")),
            lines(&before),
            "{change:?}"
        );
        // Its owner leaves, and the node is as it was, with what others have made of it.
        node.run(&["remove", "--owner", "ops"]).exits(0);
        assert_eq!(node.text(), format!("{LINES}{THEIRS}"), "{change:?}");
    }
}

/// No digest vouches for what others have made of the previous file: the wants do as well.
#[test]
fn without_the_previous_file_the_wants_of_before_are_applied() {
    for previous in [Some("other = true\n"), None] {
        let node = Node::with(CONFIG);
        node.run(&["add", "crun"]).exits(0);
        let path = node.folder().join("config.toml.prev");
        match previous {
            Some(text) => std::fs::write(&path, text).expect("others write as they like"),
            None => std::fs::remove_file(&path).expect("it is there"),
        }
        let run = undo(&node, &[]).exits(0);
        assert!(run.stdout.contains("removed crun"), "{run:?}");
        assert_eq!(node.text(), CONFIG);
    }
    // Nobody knows what the owner wanted before.
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let ledger = node.folder().join("config.toml.owners.prev");
    std::fs::remove_file(ledger).expect("it is there");
    let error = refused(&node, &[]);
    says(&error, "message", "no change is recorded");
    says(&error, "hint", &node.hinted("remove NAME"));
}

#[test]
fn an_owner_undoes_its_own_change_only() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    node.run(&["add", "spin", "--owner", "others"]).exits(0);
    let error = refused(&node, &["--owner", "ops"]);
    says(
        &error,
        "message",
        "others made it, not ops (`add spin` at 2",
    );
    says(&error, "hint", &node.hinted("remove --owner ops"));
    // The log is for people, and decides nothing.
    std::fs::remove_file(node.folder().join("config.toml.log")).expect("it is there");
    says(
        &refused(&node, &["--owner", "ops"]),
        "message",
        "others made it, not ops",
    );
    undo(&node, &["--owner", "others"]).exits(0);
    assert!(!node.text().contains("spin") && node.text().contains("crun"));
}

/// It would not serve without the tool's keys either, and the run warns of that.
#[test]
fn what_did_not_serve_before_the_tool_came_is_put_back() {
    let broken = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
                  default_runtime_name = \"kata\"\n";
    let node = Node::with(broken);
    node.run(&["add", "kata", "--owner", "ops"]).exits(0);
    let run = undo(&node, &[]).exits(0);
    let said = "this config does not serve CRI on containerd 1.6, 1.7, 2.0, 2.1, 2.2, 2.3 and 2.4";
    assert!(run.stderr.contains(said), "{run:?}");
    let check = node.hinted("check");
    let next = format!("; do not restart containerd before {check} says that its release serves\n");
    assert!(run.stdout.ends_with(&next), "{run:?}");
    assert_eq!(node.text(), broken);
}

#[test]
fn flags_that_mean_nothing_here_are_refused() {
    let node = Node::with(CONFIG);
    for flag in ["--stdout", "--drop-in"] {
        let run = undo(&node, &[flag]).exits(2);
        let unexpected = format!("unexpected argument '{flag}'");
        assert!(run.stderr.contains(&unexpected), "{run:?}");
    }
    let run = undo(&node, &["--restart", "--dry-run"]).exits(2);
    assert!(
        run.stderr
            .contains("'--restart' cannot be used with '--dry-run'"),
        "{run:?}"
    );
}

/// So that nobody is said to have them later.
#[test]
fn keys_that_are_taken_back_are_reported_and_noted_down() {
    let node = Node::with("version = 2\n");
    let patch = node.folder().join("patch.toml");
    std::fs::write(&patch, "owner = \"a\"\n[debug]\nlevel = \"debug\"\n").expect("writes");
    node.run(&["apply", patch.to_str().expect("a path")])
        .exits(0);
    let run = undo(&node, &["-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        report["keys"],
        serde_json::json!(["debug.level"]),
        "{report}"
    );
    // A person's own, now.
    std::fs::write(node.config(), "version = 2\n[debug]\nlevel = \"info\"\n").expect("writes");
    let own = node.text();
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    assert_eq!((node.text(), run.stderr), (own, String::new()));
}

/// A change of the ledger alone is a change: it is what is taken back, and nothing older.
#[test]
fn what_was_only_recorded_is_taken_back_alone() {
    let bin = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/cni\"\n";
    let node = Node::with(bin);
    let patch = |owner: &str, text: &str| {
        let path = node.folder().join(format!("{owner}.patch"));
        std::fs::write(&path, format!("owner = \"{owner}\"\n{text}")).expect("writes");
        path.to_str().expect("UTF-8").to_owned()
    };
    let recorded = patch(
        "b",
        "[plugins.'io.containerd.grpc.v1.cri'.cni]\nbin_dir = \"/cni\"\n",
    );
    let level = patch("c", "[debug]\nlevel = \"debug\"\n");
    // Without numbers and digests: who wants what, and what was there before.
    let ledger = || {
        let text = std::fs::read_to_string(node.ledger()).unwrap_or("{}".to_owned());
        let ledger: Value = serde_json::from_str(&text).expect("JSON");
        let owners = ledger["owners"].as_object().cloned().unwrap_or_default();
        let entries = ledger["entries"].as_array().cloned().unwrap_or_default();
        (owners, entries)
    };
    let takes_back = |before, text: &str| {
        let other = undo(&node, &["--owner", "other"]).exits(78);
        assert!(other.stderr.contains("b made it, not other\n"), "{other:?}");
        let run = undo(&node, &["--owner", "b"]).exits(0);
        assert!(run.stdout.contains(": recorded, and nothing"), "{run:?}");
        assert_eq!((ledger(), node.text().as_str()), (before, text));
        let run = undo(&node, &["--owner", "b"]).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:?}");
    };
    // The first run of all.
    let before = ledger();
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, bin);
    node.run(&["apply", &level]).exits(0);
    let (before, text) = (ledger(), node.text());
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, &text);
    // After a removal.
    node.run(&["remove", "--owner", "c"]).exits(0);
    let before = ledger();
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, bin);
    // And what changes a file is taken back as ever.
    node.run(&["apply", &recorded]).exits(0);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    undo(&node, &["--owner", "a"]).exits(0);
    assert_eq!(node.text(), bin);
}

#[test]
fn a_recorded_take_over_is_taken_back() {
    let node = Node::with(CONFIG);
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let text = node.text();
    let take_over = ["add", "kata", "--owner", "b", "--take-over"];
    node.run(&take_over).exits(0);
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), text);
    node.run(&["remove", "kata", "--owner", "b"]).exits(78);
    node.run(&["remove", "kata", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// A run that finds keys gone notes that down, and is no change to take back.
#[test]
fn what_a_run_has_only_found_is_not_taken_back() {
    let node = Node::with(LINES);
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    node.run(&["add", "crun", "--owner", "b"]).exits(0);
    let text = node.text();
    let lines = text
        .lines()
        .filter(|line| !line.contains("pod_annotations"));
    let text = lines.collect::<Vec<&str>>().join("\n") + "\n";
    std::fs::write(node.config(), &text).expect("others write as they like");
    let ledger = std::fs::read(node.ledger()).expect("a ledger");
    node.run(&["add", "crun", "--owner", "b"]).exits(0);
    assert_ne!(std::fs::read(node.ledger()).expect("a ledger"), ledger);
    let error = refused(&node, &[]);
    says(&error, "message", "changed nothing itself");
    assert_eq!(node.text(), text);
}

/// The number alone says nothing of where keys stand.
#[test]
fn a_file_of_an_unknown_version_gives_back_what_was_put_into_it() {
    let base = |version: i64, id: &str| {
        let runtimes = format!("plugins.\"{id}\".containerd.runtimes");
        format!(
            "version = {version}\n[{runtimes}.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
        )
    };
    for (known, id) in [
        (2, "io.containerd.grpc.v1.cri"),
        (3, "io.containerd.cri.v1.runtime"),
    ] {
        for unknown in [7, -1] {
            for leave in [
                &["undo"][..],
                &["remove", "crun", "--owner", "a"],
                &["remove", "--owner", "a"],
            ] {
                let node = Node::with(base(known, id));
                let add = ["add", "crun", "--set", "snapshotter=nydus", "--owner", "a"];
                node.run(&add).exits(0);
                let version = |number: i64| format!("version = {number}\n");
                let text = node.text().replace(&version(known), &version(unknown));
                std::fs::write(node.config(), text).expect("others write as they like");
                let run = node.run(leave).exits(0);
                assert!(run.stdout.contains("removed crun"), "{unknown} {run:?}");
                assert_eq!(node.text(), base(unknown, id), "{leave:?}");
            }
        }
    }
}

/// The owner has wanted the handler before, and still does: it is as somebody had left it.
#[test]
fn an_owner_that_has_put_its_handler_back_can_undo_that() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    std::fs::write(node.config(), "version = 3\n").expect("writes");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    undo(&node, &["--exit-code"]).exits(10);
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

/// A text from before comes back with its owners, though somebody had deleted the file meanwhile.
#[test]
fn a_restore_of_the_text_before_a_deletion_is_an_undo() {
    let node = Node::empty();
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let text = node.text();
    std::fs::remove_file(node.config()).expect("removes");
    node.run(&["add", "spin", "--owner", "b"]).exits(0);
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), text);
    let run = undo(&node, &["--exit-code"]).exits(0);
    assert!(run.stdout.ends_with(ALREADY), "{run:?}");
    node.run(&["status", "--exit-code"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!node.config().exists());
}

/// One file of the change is as it was before, and another one is not.
#[test]
fn a_restore_of_one_file_undoes_no_change_of_two() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    let text = node.text();
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    undo(&node, &["--exit-code"]).exits(10);
    assert_eq!(node.text(), text);
    node.run(&["status", "--exit-code"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}
