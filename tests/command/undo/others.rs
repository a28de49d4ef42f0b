//! What others have made of the files since stays, and the owner wants again what it wanted before.

use std::collections::BTreeSet;
use std::fs;

use crate::tool::Node;

use super::{ALREADY, CONFIG, LINES, refused, says, undo};

const THEIRS: &str = "\n[metrics]\naddress = '127.0.0.1:1338' # theirs\n";

/// Somebody edits the file, above what the tool has written.
fn add_a_comment(node: &Node) {
    fs::write(node.config(), format!("# theirs\n{}", node.text())).expect("writes");
}

/// Where somebody has edited the file since, the owner wants again what it wanted before.
#[test]
fn what_others_have_changed_since_is_kept() {
    let node = Node::with(LINES);
    says(&refused(&node, &[]), "message", "no change is recorded");
    let log = node.run(&["log"]).exits(0).stdout;
    assert!(log.ends_with("  not-undone  undo\n"), "{log}");
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    fs::write(node.config(), node.text() + THEIRS).expect("others write as they like");
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
        fs::write(node.config(), node.text() + THEIRS).expect("others write as they like");
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
            Some(text) => fs::write(&path, text).expect("others write as they like"),
            None => fs::remove_file(&path).expect("it is there"),
        }
        let run = undo(&node, &[]).exits(0);
        assert!(run.stdout.contains("removed crun"), "{run:?}");
        assert_eq!(node.text(), CONFIG);
    }
    // Nobody knows what the owner wanted before.
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let ledger = node.folder().join("config.toml.owners.prev");
    fs::remove_file(ledger).expect("it is there");
    let error = refused(&node, &[]);
    says(&error, "message", "no change is recorded");
    says(&error, "hint", &node.hinted("remove NAME"));
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
    fs::write(node.config(), &text).expect("others write as they like");
    let ledger = fs::read(node.ledger()).expect("a ledger");
    node.run(&["add", "crun", "--owner", "b"]).exits(0);
    assert_ne!(fs::read(node.ledger()).expect("a ledger"), ledger);
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
                fs::write(node.config(), text).expect("others write as they like");
                let run = node.run(leave).exits(0);
                assert!(run.stdout.contains("removed crun"), "{unknown} {run:?}");
                assert_eq!(node.text(), base(unknown, id), "{leave:?}");
            }
        }
    }
}

/// What others have come to want since the undone want was first made stays on top of it.
#[test]
fn an_owner_that_comes_back_does_not_overrule_those_that_came_after_it() {
    for (first, second, wanted) in [
        (
            &["add", "kata", "--default", "--owner", "k"][..],
            &["add", "crun", "--default", "--owner", "c"][..],
            "default_runtime_name = \"crun\"",
        ),
        (
            &["set", "debug.level=info", "--owner", "k"],
            &["set", "debug.level=warn", "--take-over", "--owner", "c"],
            "level = \"warn\"",
        ),
    ] {
        let node = Node::with("version = 3\n");
        node.run(first).exits(0);
        node.run(second).exits(0);
        node.run(&["remove", "--owner", "k"]).exits(0);
        fs::write(node.config(), node.text() + THEIRS).expect("others write as they like");
        undo(&node, &[]).exits(0);
        assert!(node.text().contains(wanted), "{}", node.text());
        let owners = node.run(&["status"]).exits(0).stdout;
        assert!(owners.contains(" k: "), "{owners}");
        for owner in ["c", "k"] {
            node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(node.text(), format!("version = 3\n{THEIRS}"));
    }
}

/// What stood there before it was adopted is nobody's again.
#[test]
fn an_adoption_is_taken_back_and_not_what_was_adopted() {
    let kata = "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kata]\n";
    let kata = format!("version = 3\n{kata}runtime_type = \"io.containerd.kata.v2\"\n");
    let debug = "version = 3\n[debug]\nlevel = \"debug\"\n".to_owned();
    let keys = ["debug.level=debug", "metrics.grpc_histogram=true"];
    for (base, adopt) in [
        (debug, &["set", keys[0], keys[1]][..]),
        (kata, &["add", "kata"]),
    ] {
        let node = Node::with(&base);
        node.run(&[adopt, &["--owner", "a", "--adopt"]].concat())
            .exits(0);
        fs::write(node.config(), node.text() + "# a note\n").expect("others write as they like");
        undo(&node, &[]).exits(0);
        assert_eq!(node.text(), format!("{base}# a note\n"));
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), format!("{base}# a note\n"));
    }
}

/// The owner has keys in another file: they stay there, also where a file of somebody else's says the
/// same key, and which of them wins.
#[test]
fn what_else_the_owner_wants_stays_where_it_is() {
    const DROP_IN: &str = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kata]\n\
        runtime_type = \"io.containerd.kata-old.v2\"\n";
    let node = Node::with("version = 3\nimports = [\"conf.d/*.toml\"]\n");
    let folder = node.folder().join("conf.d");
    fs::create_dir(&folder).expect("creates");
    node.run(&["add", "kata"]).exits(0);
    fs::write(folder.join("10-user.toml"), DROP_IN).expect("writes");
    let (config, kata) = (node.text(), fs::read(folder.join("50-manual.toml")).ok());
    node.run(&["set", "grpc.gid=3", "--no-drop-in"]).exits(0);
    add_a_comment(&node);
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), format!("# theirs\n{config}"));
    assert_eq!(fs::read(folder.join("50-manual.toml")).ok(), kata);
}

/// The other way round, and the drop-in that the change has made goes.
#[test]
fn a_drop_in_of_the_change_alone_goes_and_a_handler_comes_back_to_its_own() {
    const CONFIG: &str = "version = 3\n";
    let node = Node::with(CONFIG);
    node.run(&["add", "kata"]).exits(0);
    let before = node.text();
    node.run(&["set", "grpc.gid=3", "--drop-in=x.toml"])
        .exits(0);
    add_a_comment(&node);
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), format!("# theirs\n{before}"));
    assert!(!node.folder().join("x.toml").exists());

    let node = Node::with(CONFIG);
    node.run(&["add", "kata", "--drop-in=x.toml"]).exits(0);
    node.run(&["set", "grpc.gid=3", "--no-drop-in"]).exits(0);
    let drop_in = fs::read(node.folder().join("x.toml")).ok();
    node.run(&["remove", "kata"]).exits(0);
    add_a_comment(&node);
    undo(&node, &[]).exits(0);
    assert_eq!(fs::read(node.folder().join("x.toml")).ok(), drop_in);
    node.run(&["set", "grpc.uid=3"]).exits(0);
    assert!(node.text().contains("uid = 3"), "{}", node.text());
}

/// A default goes with its handler, without a word.
#[test]
fn a_handler_and_its_default_go_together() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata", "--default"]).exits(0);
    add_a_comment(&node);
    let run = undo(&node, &[]).exits(0);
    assert!(!run.stderr.contains("warning"), "{run:#?}");
    assert_eq!(node.text(), "# theirs\nversion = 2\n");
}

/// Its keys stood in two files.
#[test]
fn each_key_comes_back_to_its_file() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--drop-in=x.toml"]).exits(0);
    node.run(&["set", "grpc.gid=3", "--no-drop-in"]).exits(0);
    node.run(&["set-default", "kata", "--drop-in=x.toml"])
        .exits(0);
    let drop_in = || fs::read_to_string(node.folder().join("x.toml")).ok();
    let before = (node.text(), drop_in());
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(drop_in(), None);
    add_a_comment(&node);
    undo(&node, &[]).exits(0);
    let after = (node.text(), drop_in());
    for (config, drop_in) in [before, after] {
        let drop_in = drop_in.expect("it is there");
        for key in ["kata]", "default_runtime_name"] {
            assert!(drop_in.contains(key), "{key}: {drop_in}");
            assert!(!config.contains(key), "{key}: {config}");
        }
        assert!(config.contains("gid = 3"), "{config}");
        assert!(!drop_in.contains("gid"), "{drop_in}");
    }
}
