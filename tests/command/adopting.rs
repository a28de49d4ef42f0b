//! `--adopt` and `--was`: what was there before becomes an owner's.

use std::fs;

use crate::tool::Node;

const TABLE: &str = "plugins.\"io.containerd.cri.v1.runtime\".containerd";

/// A node on which an older installer has left kata and spin, the default and the log level.
fn node() -> Node {
    Node::with(format!(
        "version = 3\n\n[{TABLE}]\ndefault_runtime_name = \"kata\"\n\n\
         [{TABLE}.runtimes.kata]\nruntime_type = \"io.containerd.kata.v2\"\n\n\
         [{TABLE}.runtimes.spin]\nruntime_type = \"io.containerd.spin.v2\"\n\n\
         [debug]\nlevel = \"debug\"\n"
    ))
}

#[test]
fn a_default_is_adopted_with_what_was_before_it() {
    let node = node();
    let before = node.text();
    let set = ["set-default", "kata", "--owner", "kata-deploy", "--adopt"];
    let run = node
        .run(&[&set[..], &["--was", "default=spin"]].concat())
        .exits(0);
    assert!(run.stdout.contains("recorded"), "{run:#?}");
    assert_eq!(node.text(), before);
    node.run(&["set-default", "--unset", "--owner", "kata-deploy"])
        .exits(0);
    assert_eq!(node.text(), before.replace("= \"kata\"", "= \"spin\""));
}

#[test]
fn a_default_is_never_adopted_without_what_was_before_it() {
    let node = node();
    let before = node.text();
    node.run(&["set-default", "kata", "--owner", "kata-deploy", "--adopt"])
        .exits(0);
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    assert_eq!(node.text(), before, "the default is the user's");
}

/// A patch file that names an option of `runc` wants its type, too, by the preset.
#[test]
fn what_runs_runc_is_never_adopted_without_what_was_before_it() {
    const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc";
    let typed = format!("version = 2\n[{OLD}]\nruntime_type = \"io.containerd.runc.v2\"\n");
    let options = format!("[{OLD}.options]\n");
    let node = Node::with(format!("{typed}{options}SystemdCgroup = true\n"));
    let file = node.folder().join("patch.toml");
    fs::write(&file, "[handlers.runc.options]\nSystemdCgroup = true\n").expect("writes");
    let file = file.display().to_string();
    node.run(&["apply", &file, "--owner", "a", "--adopt"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), format!("{typed}{options}"));
}

#[test]
fn add_adopts_a_handler_and_the_default() {
    let node = node();
    let (kata, rest) = (format!("[{TABLE}.runtimes.kata]\n"), node.text());
    let add = ["add", "kata", "--preset", "gvisor", "--default"];
    let owning = ["--owner", "kata-deploy", "--adopt", "--was", "default=spin"];
    node.run(&[&add[..], &owning].concat()).exits(0);
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    let kata = format!("{kata}runtime_type = \"io.containerd.kata.v2\"\n\n");
    let left = rest.replace(&kata, "").replace("= \"kata\"", "= \"spin\"");
    assert_eq!(node.text(), left);
}

#[test]
fn apply_gives_back_what_was_named() {
    let node = node();
    let patch = node.folder().join("patch.toml");
    fs::write(&patch, "owner = 'ops'\n[debug]\nlevel = 'debug'\n").expect("writes");
    let patch = patch.to_str().expect("a path");
    let apply = [
        "apply",
        patch,
        "--prune",
        "--adopt",
        "--was",
        "debug.level=info",
    ];
    let before = node.text();
    for _ in 0..2 {
        node.run(&apply).exits(0);
        assert_eq!(node.text(), before);
    }
    node.run(&["remove", "--owner", "ops"]).exits(0);
    assert_eq!(node.text(), before.replace("\"debug\"\n", "\"info\"\n"));
}

#[test]
fn remove_says_which_default_comes_back() {
    let node = node();
    let run = node
        .run(&["remove", "kata", "--adopt", "--was", "default=spin"])
        .exits(0);
    let said = "removed kata, the default handler is now spin";
    assert!(run.stdout.contains(said), "{run:#?}");
    assert!(node.text().contains("default_runtime_name = \"spin\""));
    let run = node.run(&["remove", "spin", "--adopt"]).exits(0);
    assert!(run.stdout.contains("is now runc"), "{run:#?}");
}

#[test]
fn what_was_can_only_be_what_the_command_sets() {
    let node = node();
    let before = node.bytes();
    for (was, said) in [
        (&["--was", "default=runc"][..], "--adopt"),
        (&["--adopt", "--was", "nothing=1"], "unknown key nothing"),
        (&["--adopt", "--was", "debug=1"], "debug wants a table"),
        (&["--adopt", "--was", "debug.level=info"], "does not set"),
        (&["--adopt", "--was", "default=1"], "a string"),
        (&["--adopt", "--was", "debug={level = 'x'}"], "not one key"),
        (
            &[
                "--adopt",
                "--was",
                "handlers.spin.runtime_type=io.containerd.spin.v1",
            ],
            "as a whole",
        ),
        (
            &["--adopt", "--was", "handlers.spin.pod_annotations=1"],
            "an array of strings",
        ),
    ] {
        let run = node.run(&[&["add", "spin"], was].concat()).exits(2);
        assert!(run.stderr.contains(said), "{was:?}: {run:#?}");
    }
    assert_eq!(node.bytes(), before);
}

/// The first try of every installer is made without the flag.
#[test]
fn what_an_owner_has_only_found_is_adopted_later() {
    let spin = [
        "add",
        "spin",
        "--owner",
        "w",
        "--set",
        "runtime_type=io.containerd.spin.v2",
    ];
    let left = |node: &Node| node.text().contains("runtimes.spin]");
    let others = ["kata", "debug", "default_runtime_name"];

    let node = node();
    node.run(&spin).exits(0);
    let run = node.run(&["remove", "spin", "--owner", "w"]).exits(0);
    let removal = node.hinted("remove spin --adopt");
    let said = format!("spin was there before w came, and stays; {removal} takes it");
    assert!(run.stderr.contains(&said) && left(&node), "{run:#?}");
    node.run(&["remove", "spin", "--adopt"]).exits(0);
    assert!(!left(&node));

    for way in [
        &[&spin[..], &["--adopt"]].concat()[..],
        &["remove", "spin", "--owner", "w", "--adopt"],
        &["remove", "--owner", "w", "--adopt"],
    ] {
        let node = self::node();
        node.run(&spin).exits(0);
        node.run(way).exits(0);
        node.run(&["remove", "--owner", "w"]).exits(0);
        assert!(!left(&node), "{way:?}");
        assert!(others.iter().all(|it| node.text().contains(it)), "{way:?}");
    }
}

/// One that was changed first goes as a whole, too: half a handler is of no use to anybody.
#[test]
fn what_an_owner_has_changed_is_adopted_later_as_a_whole() {
    let runtimes = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
    let node = Node::with(format!(
        "version = 3\n[{runtimes}.crun]\n  runtime_type = \"io.containerd.runc.v2\"\n\
         [{runtimes}.crun.options]\n  BinaryName = \"/usr/local/bin/crun\"\n"
    ));
    for arguments in [&["add", "crun"][..], &["add", "crun", "--adopt"]] {
        node.run(arguments).exits(0);
    }
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn the_default_that_comes_back_has_to_be_listed() {
    let old = "plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let node = Node::with(format!(
        "version = 2\n[{old}]\ndefault_runtime_name = \"kata\"\n[{old}.runtimes.kata]\n\
         runtime_type = \"io.containerd.kata.v2\"\n"
    ));
    for was in ["default=runc", "default=nosuch"] {
        let set = [
            "set-default",
            "kata",
            "--owner",
            "kd",
            "--adopt",
            "--was",
            was,
        ];
        let run = node.run(&set).exits(78);
        assert!(run.stderr.contains("is not listed"), "{run:#?}");
    }
}

/// A table from before there was a map of handlers is listed, and not written by this tool.
#[test]
fn a_handler_in_a_table_of_its_own_is_named_where_it_stands() {
    let old = "plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let kind = "runtime_type = 'io.containerd.runsc.v1'\n";
    let config = format!("version = 2\n[{old}.untrusted_workload_runtime]\n{kind}");
    let node = Node::with(&config);
    let list = node.run(&["list"]).exits(0);
    assert!(list.stdout.contains("untrusted"), "{list:#?}");
    for adopt in [&[][..], &["--adopt"]] {
        let run = node
            .run(&[&["remove", "untrusted"], adopt].concat())
            .exits(78);
        let said = format!(
            "{}:2:1: the handler untrusted is the table {old}.untrusted_workload_runtime",
            node.config().display()
        );
        assert!(run.stderr.contains(&said), "{run:#?}");
        assert_eq!(node.text(), config);
    }
}

/// `list` shows it, so that `remove` must not say that it is not there.
#[test]
fn a_handler_in_a_table_that_does_not_count_is_found_and_removed() {
    const OLD: &str = "io.containerd.grpc.v1.cri";
    let config =
        format!("version = 3\n[{TABLE}.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n");
    let node = Node::with(format!(
        "{config}[plugins.'{OLD}'.containerd.runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n"
    ));
    let command = format!("remove kata --adopt --plugin-id {OLD}");
    // Whoever wants it to go is not told that all is done.
    for (flags, exit) in [
        (&["remove", "kata"][..], 0),
        (&["remove", "kata", "--adopt"], 78),
    ] {
        let run = node.run(flags).exits(exit);
        assert!(!run.stdout.contains("not listed"), "{run:#?}");
        let said = format!("kata is listed only in the plugin table {OLD}, and stays");
        assert!(run.stderr.contains(&said), "{run:#?}");
        assert!(run.stderr.contains(&node.hinted(&command)), "{run:#?}");
    }
    let run = node.run(&["remove", "kata", "--plugin-id", OLD]).exits(78);
    assert!(run.stderr.contains(&node.hinted(&command)), "{run:#?}");
    let run = node.run(&["remove", "spin"]).exits(0);
    assert!(run.stdout.contains("spin is not listed"), "{run:#?}");
    // The tool's handlers of one file stand in one table: the command would be refused.
    node.run(&["add", "crun"]).exits(0);
    let run = node.run(&["remove", "kata"]).exits(0);
    assert!(!run.stderr.contains("--plugin-id"), "{run:#?}");
    assert!(run.stderr.contains("edit the file by hand"), "{run:#?}");
    node.run(&["remove", "crun"]).exits(0);
    node.run(&command.split(' ').collect::<Vec<_>>()).exits(0);
    assert_eq!(node.text(), config);
}

/// What stood there before another owner came is known: `--was` is about what is nobody's.
#[test]
fn what_another_owner_has_recorded_is_not_adopted() {
    let node = Node::with("version = 3\n");
    node.run(&["set", "debug.level=info", "--owner", "a"])
        .exits(0);
    let was = ["--adopt", "--was", "debug.level=warn", "--take-over"];
    node.run(&[&["set", "debug.level=info", "--owner", "b"], &was[..]].concat())
        .exits(0);
    for owner in ["a", "b"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(node.text(), "version = 3\n");
}
