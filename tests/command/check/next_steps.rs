//! The next step for a config that does not serve.

use std::fs;

use crate::tool::{Node, Run, tool};

use super::BROKEN;

#[test]
fn the_hint_of_a_config_that_does_not_serve_is_a_command_that_works_there() {
    for (config, command) in BROKEN {
        let node = Node::with(config);
        let run = node.run(&["check"]).exits(78);
        let hint = format!("\nhint: run {}\n", node.hinted(command));
        assert!(run.stdout.ends_with(&hint), "{command}: {run:#?}");
        let json = node.run(&["check", "-o", "json"]).exits(78);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        let hint = json["hint"].as_str().expect("a hint");
        assert!(hint.contains(command), "{hint}");
        assert_eq!(node.names(), ["config.toml"], "looking changes nothing");
        let words: Vec<&str> = command.split(' ').collect();
        node.run(&words).exits(0);
        let run = node.run(&["check"]).exits(0);
        assert!(!run.stdout.contains("hint"), "{run:#?}");
    }
}

/// Who has set the key has to take it away: the command says so.
#[test]
fn the_hint_names_the_owner_of_the_key_that_is_to_go() {
    let node = Node::with("version = 3\n");
    let key = "handlers.runc.base_runtime_spec";
    let set = format!("{key}=/nowhere/spec.json");
    node.run(&["add", "runc", "--owner", "ops"]).exits(0);
    node.run(&["set", &set, "--owner", "ops"]).exits(0);
    let run = node.run(&["check"]).exits(78);
    let command = format!("unset {key} --owner ops");
    assert!(run.stdout.contains(&node.hinted(&command)), "{run:#?}");
    node.run(&["unset", key, "--owner", "ops"]).exits(0);
    node.run(&["check"]).exits(0);
}

#[test]
fn where_no_command_helps_the_place_is_to_be_fixed() {
    let node = Node::with("version = 2\nroot = 5\n");
    let run = node.run(&["check"]).exits(78);
    let rows = format!(
        "1.6–2.4  exits  root is an integer where containerd decodes a string ({}:2:1)\n\
         hint: fix the place that is named, then run {} again\n",
        node.config().display(),
        node.hinted("check")
    );
    assert!(run.stdout.ends_with(&rows), "{run:#?}");
    // The tool keeps what it has written.
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    fs::write(node.config(), format!("root = 5\n{}", node.text())).expect("writes");
    let run = node.run(&["check"]).exits(78);
    let hint = format!("serves: {}\n", node.hinted("restore"));
    assert!(run.stdout.ends_with(&hint), "{run:#?}");
    node.run(&["restore"]).exits(0);
    node.run(&["check"]).exits(0);
}

/// Who has named a release is not told to name one.
#[test]
fn where_a_release_does_not_read_the_version_the_hint_says_which_do() {
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["check", "--containerd-version", "1.6,1.7"])
        .exits(78);
    let hint = "\nhint: config version 3 takes containerd 2.0 or newer: upgrade containerd, or write \
                the config in an older version\n";
    assert!(run.stdout.ends_with(hint), "{run:#?}");
    for named in [&[][..], &["--containerd-version", "2.4"]] {
        let node = Node::with("version = 7\n");
        let run = node.run(&[&["check"], named].concat()).exits(78);
        assert!(run.stdout.contains("\nhint: fix `version`: "), "{run:#?}");
    }
    // One that reads it can be helped.
    let node = Node::with(BROKEN[0].0);
    let run = node
        .run(&["check", "--containerd-version", "1.7,2.1"])
        .exits(78);
    let hint = format!("\nhint: run {}\n", node.hinted(BROKEN[0].1));
    assert!(run.stdout.ends_with(&hint), "{run:#?}");
}

/// The line that has the config not serve is another program's, in a file of its own.
#[test]
fn a_file_that_is_not_the_tools_is_repaired_by_taking_over() {
    let table = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
    for (foreign, command) in [
        (
            format!("{table}default_runtime_name = 'kata'\n"),
            "set-default runc --take-over",
        ),
        (
            "disabled_plugins = ['io.containerd.cri.v1.runtime']\n".to_owned(),
            "unset disabled_plugins=io.containerd.cri.v1.runtime --take-over",
        ),
        (
            "[debug]\nlevel = 5\n".to_owned(),
            "unset debug.level --take-over",
        ),
    ] {
        let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
        let drop_in = node.folder().join("conf.d/99-foreign.toml");
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        fs::write(&drop_in, format!("version = 3\n{foreign}")).expect("writes");
        let hint = node.hinted(command);
        let run = node.run(&["check"]).exits(78);
        assert!(
            run.stdout.ends_with(&format!("hint: run {hint}\n")),
            "{run:#?}"
        );
        let run = node.run(&["add", "crun"]).exits(78);
        let check = node.hinted("check");
        assert!(
            [&hint, &check].iter().any(|it| run.stderr.contains(*it)),
            "{run:#?}"
        );
        let words: Vec<&str> = command.split(' ').collect();
        node.run(&words).exits(0);
        node.run(&["check"]).exits(0);
    }
}

/// Where the folder of an import is not mounted, nobody knows that the file is missing.
#[test]
fn no_import_is_taken_out_that_can_not_be_seen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let etc = folder.path().join("etc/containerd");
    fs::create_dir_all(&etc).expect("creates");
    let config = "version = 2\nimports = ['/opt/vendor/a.toml']\n";
    fs::write(etc.join("config.toml"), config).expect("writes");
    let check = || {
        let mut command = tool();
        command.arg("--host-root").arg(folder.path()).arg("check");
        Run::of(&mut command).exits(78).stdout
    };
    let said = check();
    assert!(
        said.contains("hint: mount the host's /opt/vendor "),
        "{said}"
    );
    fs::create_dir_all(folder.path().join("opt/vendor")).expect("creates");
    let said = check();
    assert!(said.contains("unset imports=/opt/vendor/a.toml"), "{said}");
}
