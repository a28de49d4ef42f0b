//! `undo`: the config is what it was before the last change, if nobody has changed it since.

use serde_json::Value;

use crate::tool::{Node, Run};

const CONFIG: &str = "# mine\r\nversion = 2"; // no newline at its end

fn undo(node: &Node, more: &[&str]) -> Run {
    node.run(&[&["undo"], more].concat())
}

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
        &["remove", "kata"],
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
        assert!(run.stdout.ends_with(": nothing to do\n"), "{run:?}");
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
        run.stdout
            .ends_with("dry run, nothing written; it would be: removed crun\n"),
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

#[test]
fn what_others_have_changed_since_is_kept() {
    let node = Node::with(CONFIG);
    says(&refused(&node, &[]), "message", "the ledger holds none");
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    let text = node.text() + "# theirs\n";
    std::fs::write(node.config(), text).expect("others write as they like");
    let error = refused(&node, &[]);
    says(&error, "message", "is not what `add crun` for ops at 2");
    says(&error, "hint", "`containerd-edit remove crun`");
}

#[test]
fn without_the_previous_file_nothing_is_undone() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let previous = node.folder().join("config.toml.prev");
    std::fs::write(&previous, "other = true\n").expect("others write as they like");
    let error = refused(&node, &[]);
    says(
        &error,
        "message",
        "config.toml.prev is not what was there before `add crun`",
    );
    std::fs::remove_file(previous).expect("it is there");
    says(&refused(&node, &[]), "hint", "remove crun");
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
        "it is not ops's, but `add spin` for others at 2",
    );
    says(&error, "hint", "`containerd-edit remove --owner ops`");
    undo(&node, &["--owner", "others"]).exits(0);
    assert!(!node.text().contains("spin") && node.text().contains("crun"));
}

#[test]
fn a_change_that_a_killed_run_did_not_get_to_log_is_taken_back_if_it_was_intended() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    let log = node.folder().join("config.toml.log");
    let logged = std::fs::read_to_string(&log).expect("a log");
    let intended = logged.replace("\"outcome\":\"changed\"", "\"outcome\":\"intended\"");
    std::fs::write(&log, &intended).expect("others write as they like");
    undo(&node, &["--owner", "ops"]).exits(0);
    assert_eq!(node.text(), CONFIG);
    // It says nothing of a file that it has not led to.
    std::fs::write(&log, intended).expect("others write as they like");
    says(&refused(&node, &[]), "message", "the ledger holds none");
}

/// What `remove` gives the built-in default instead of is put back by nobody.
#[test]
fn what_would_not_serve_is_not_put_back() {
    let broken = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
                  default_runtime_name = \"kata\"\n";
    let node = Node::with(broken);
    node.run(&["add", "kata", "--owner", "ops"]).exits(0);
    let text = node.text();
    let refused = undo(&node, &[]).exits(78);
    let said = "with this change containerd 2.0, 2.1, 2.2 and 2.3 would turn CRI off";
    assert!(refused.stderr.contains(said), "{refused:?}");
    assert_eq!(node.text(), text);
}

#[test]
fn flags_that_mean_nothing_here_are_refused() {
    let node = Node::with(CONFIG);
    for flag in ["--stdout", "--drop-in"] {
        let run = undo(&node, &[flag]).exits(2);
        assert!(run.stderr.contains("cannot be used with 'undo'"), "{run:?}");
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
    let run = node.run(&["status", "-o", "json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(status["unmarked_keys"], serde_json::json!([]), "{status}");
}
