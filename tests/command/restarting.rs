//! `--restart` and `restart` where no containerd comes. With real ones: `tests/containerd/restart`.

#[cfg(feature = "cri")]
use std::fs::{self, File};
#[cfg(feature = "cri")]
use std::thread;

#[cfg(feature = "cri")]
use serde_json::Value;

use crate::tool::{Node, Run};

const CONFIG: &str = "version = 2\n";

fn run(node: &Node, command: &str, arguments: &[&str]) -> Run {
    run_within(node, "100ms", command, arguments)
}

fn run_within(node: &Node, timeout: &str, command: &str, arguments: &[&str]) -> Run {
    let socket = node.folder().join("none.sock");
    let socket = socket.to_str().expect("a path of this test");
    let how = [
        "--restart-command",
        command,
        "--ready-timeout",
        timeout,
        "--cri-endpoint",
        socket,
    ];
    node.run(&[arguments, &how[..]].concat())
}

#[test]
#[cfg(feature = "cri")]
fn a_command_that_is_not_there_is_named() {
    let node = Node::with(CONFIG);
    for arguments in [&["restart"][..], &["add", "crun", "--restart"]] {
        let failed = run(&node, "nosuchcommand", arguments).exits(69);
        let hint = "hint: name the command that restarts containerd with --restart-command";
        assert!(failed.stderr.contains(hint), "{failed:?}");
        assert_eq!(node.text(), CONFIG);
    }
}

#[test]
#[cfg(feature = "cri")]
fn a_command_that_fails_is_shown_with_what_it_printed() {
    let node = Node::with(CONFIG);
    let command = "echo one; printf 'two\\033[2J\\n' >&2; exit 7";
    let failed = run(&node, command, &["add", "crun", "--restart"]).exits(69);
    let said = format!("`{command}` ended with exit status: 7; the config is as it was before");
    assert!(failed.stderr.contains(&said), "{failed:?}");
    assert!(
        failed.stderr.contains("\n  | one\n  | two\u{fffd}[2J\n"),
        "{failed:?}"
    );
    assert_eq!((failed.stdout.as_str(), node.text().as_str()), ("", CONFIG));
    let report = run(&node, command, &["add", "crun", "--restart", "-o", "json"]).exits(69);
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    let error = &report["error"];
    // No daemon was there before, and none is now.
    assert_eq!(error["code"], "not-rolled-back");
    assert_eq!(error["rollback"]["files"], "put-back");
    assert_eq!(error["log"], "one\ntwo\u{1b}[2J\n");
}

#[test]
#[cfg(feature = "cri")]
fn a_command_that_does_not_end_is_ended() {
    let node = Node::with(CONFIG);
    let failed = run(&node, "echo begun; sleep 600", &["restart"]).exits(69);
    assert!(
        failed
            .stderr
            .contains("` did not end in time; this run has changed nothing"),
        "{failed:?}"
    );
    assert!(failed.stderr.contains("\n  | begun\n"), "{failed:?}");
}

#[test]
#[cfg(feature = "cri")]
fn a_daemon_that_does_not_come_is_not_waited_for_for_ever() {
    let node = Node::with(CONFIG);
    let failed = run(&node, "true", &["restart", "-q"]).exits(69);
    let said =
        "containerd did not come back within 100ms: no daemon answers: there is no such socket";
    assert!(failed.stderr.contains(said), "{failed:?}");
    assert!(
        failed.stderr.starts_with("error: "),
        "nothing else is said: {failed:?}"
    );
}

#[test]
#[cfg(feature = "cri")]
fn an_edit_that_is_refused_restarts_nothing() {
    let node = Node::with("version = 2\n\"3s\"\n");
    let touch = node.folder().join("restarted");
    let command = format!("touch {}", touch.display());
    run(&node, &command, &["add", "crun", "--restart"]).exits(65);
    let node = Node::with(CONFIG);
    let command = format!("touch {}", touch.display());
    let endpoint = ["add", "crun", "--restart", "--restart-command", &command];
    let refused = node.run(&[&endpoint[..], &["--cri-endpoint", "tcp://localhost"]].concat());
    assert_eq!(refused.exit, Some(2), "{refused:?}");
    assert_eq!(node.text(), CONFIG);
    assert!(!touch.exists());
}

#[test]
#[cfg(feature = "cri")]
fn the_command_may_come_from_the_environment() {
    let node = Node::with(CONFIG);
    let mut command = node.command(&["restart", "--cri-endpoint", "/nowhere.sock"]);
    command.env("CONTAINERD_EDIT_RESTART_COMMAND", "exit 9");
    let failed = Run::of(&mut command).exits(69);
    assert!(
        failed.stderr.contains("`exit 9` ended with exit status: 9"),
        "{failed:?}"
    );
    // It alone asks for no restart.
    let mut command = node.command(&["add", "crun"]);
    command.env("CONTAINERD_EDIT_RESTART_COMMAND", "exit 9");
    let done = Run::of(&mut command).exits(0);
    assert!(
        done.stdout.ends_with("restart containerd to load it\n"),
        "{done:?}"
    );
}

/// Another program changes the files while this one waits for containerd.
#[test]
#[cfg(feature = "cri")]
fn a_roll_back_keeps_what_others_have_changed_meanwhile() {
    let node = Node::with(CONFIG);
    let patch = |level: &str| {
        let path = node.folder().join(format!("{level}.patch"));
        fs::write(
            &path,
            format!("owner = 'ops'\n[debug]\nlevel = '{level}'\n"),
        )
        .expect("writes");
        path.to_str().expect("UTF-8").to_owned()
    };
    node.run(&["apply", &patch("info")]).exits(0);
    let command = format!("echo '# mine' >>{}; exit 7", node.config().display());
    let apply = ["apply", &patch("debug"), "--restart"];
    let failed = run_within(&node, "30s", &command, &apply).exits(69);
    let said = "others have changed the config since: this run's part was taken out of it";
    assert!(failed.stderr.contains(said), "{failed:?}");
    let text = node.text();
    assert!(
        text.contains("level = \"info\"\n"),
        "its owner wants that again: {text}"
    );
    assert_eq!(text.matches("# mine\n").count(), 2, "{text}");
    node.run(&["remove", "--owner", "ops"]).exits(0);
    assert_eq!(node.text(), format!("{CONFIG}# mine\n# mine\n"));
}

/// What has lost its comments is taken out by the ledger.
/// What the config was before would not serve at all.
#[test]
#[cfg(feature = "cri")]
fn a_repair_stays_whatever_becomes_of_the_restart() {
    let node = Node::with("disabled_plugins = [\"cri\"]\n");
    let unset = ["unset", "disabled_plugins=cri", "--restart"];
    let run = run(&node, "true", &unset).exits(69);
    assert!(
        run.stderr.contains("what this run has put in place stays"),
        "{run:?}"
    );
    assert!(!node.text().contains("cri"), "{}", node.text());
}

#[test]
#[cfg(feature = "cri")]
fn a_roll_back_needs_no_comments() {
    let node = Node::with(CONFIG);
    let program = node.folder().join("other-program");
    let script = format!(
        "#!/bin/sh\nsed -i -E 's/ *# containerd-edit .*//' {}\nexit 3\n",
        node.config().display()
    );
    fs::write(&program, script).expect("writes");
    let patch = node.folder().join("patch");
    let apply = |keys: &str| {
        let text = format!("owner = 'ops'\ndefault = 'spin'\n[handlers.spin]\n{keys}");
        fs::write(&patch, text).expect("writes");
        let patch = patch.to_str().expect("UTF-8");
        let command = format!("sh {}", program.display());
        let apply = ["apply", patch, "--restart", "-o", "json"];
        run_within(&node, "30s", &command, &apply).exits(69).stdout
    };
    for keys in ["[debug]\nlevel = 'debug'\n", ""] {
        let report: Value = serde_json::from_str(&apply(keys)).expect("JSON");
        let rollback = &report["error"]["rollback"];
        assert_eq!(rollback["files"], "taken-out", "{report}");
        assert_eq!(node.text().trim_end(), CONFIG.trim_end());
    }
}

#[test]
fn what_is_not_written_is_not_loaded() {
    let node = Node::with(CONFIG);
    for flag in ["--dry-run", "--stdout"] {
        let refused = run(&node, "true", &["add", "crun", "--restart", flag]).exits(2);
        let said = format!("the argument '--restart' cannot be used with '{flag}'");
        assert!(refused.stderr.contains(&said), "{refused:?}");
        let refused = run(&node, "true", &["restart", flag]).exits(2);
        let unexpected = format!("unexpected argument '{flag}'");
        assert!(refused.stderr.contains(&unexpected), "{refused:?}");
    }
}

#[test]
#[cfg(not(feature = "cri"))]
fn a_build_that_cannot_ask_changes_nothing() {
    let node = Node::with(CONFIG);
    for arguments in [
        &["add", "crun", "--restart"][..],
        &["undo", "--restart"],
        &["restart"],
    ] {
        let refused = run(&node, "true", arguments).exits(2);
        assert!(refused.stderr.contains("can't ask a daemon"), "{refused:?}");
    }
    assert_eq!(node.text(), CONFIG);
}

/// No release would come back with such a config, so that it is not tried, whether a daemon answers or
/// not.
#[test]
#[cfg(feature = "cri")]
fn nothing_is_restarted_into_a_config_that_serves_nowhere() {
    let table = "plugins.'io.containerd.cri.v1.runtime'.containerd";
    for config in [
        format!("version = 3\n[{table}]\ndefault_runtime_name = 'gone'\n"),
        "version = 3\ndisabled_plugins = ['io.containerd.cri.v1.runtime']\n".to_owned(),
        "version = 3\nimports = ['gone.toml']\n".to_owned(),
        "version = 3\n\"3s\"\n".to_owned(),
    ] {
        let node = Node::with(&config);
        let touch = node.folder().join("restarted");
        let command = format!("touch {}", touch.display());
        let refused = run(&node, &command, &["restart", "--always"]).exits(78);
        assert!(
            refused
                .stderr
                .contains("containerd would not serve with this config, so it was not restarted: "),
            "{refused:?}"
        );
        assert!(!touch.exists(), "{config}");
        let said = refused.stderr.matches("so it was not restarted").count();
        assert_eq!(said, 1, "{refused:?}");
        if config.contains("3s") {
            assert!(refused.stderr.contains("config.toml:2:5: "), "{refused:?}");
            continue;
        }
        // What was asked for stays: it is not to blame, and least of all a removal.
        let add = ["add", "spin", "--restart", "--allow-not-serving"];
        let remove = ["remove", "spin", "--restart"];
        for (arguments, is_there) in [(&add[..], true), (&remove, false)] {
            let report = run(&node, &command, &[arguments, &["-o", "json"]].concat());
            let report: Value = serde_json::from_str(&report.exits(69).stdout).expect("JSON");
            assert_eq!(report["error"]["code"], "restart-failed", "{report}");
            assert_eq!(report["error"]["rollback"], Value::Null, "{report}");
            assert_eq!(node.text().contains("spin"), is_there, "{report}");
            assert!(!touch.exists(), "{config}");
        }
        assert_eq!(node.text(), config);
    }
    // Some release serves with this one, and which would run is not known.
    let node = Node::with(format!(
        "{CONFIG}[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.x]\n\
                           runtime_type = 'io.containerd.runc.v2'\n"
    ));
    let touch = node.folder().join("restarted");
    run(&node, &format!("touch {}", touch.display()), &["restart"]).exits(69);
    assert!(touch.exists());
}

/// Another run of the same owner's came while this one had containerd restarted, for the first time.
#[test]
#[cfg(feature = "cri")]
fn a_roll_back_takes_out_what_this_run_has_put_in() {
    for (other, there) in [("add youki", &["crun", "youki"][..]), ("remove crun", &[])] {
        let node = Node::with(CONFIG);
        node.run(&["add", "crun"]).exits(0);
        let tool = env!("CARGO_BIN_EXE_containerd-edit");
        let (config, once) = (node.config(), node.folder().join("once"));
        let (config, once) = (config.display(), once.display());
        let other = format!("{tool} --config {config} {other}");
        let command = format!("[ -e {once} ] || {{ touch {once}; {other}; }}; exit 3");
        run(&node, &command, &["add", "gvisor", "--restart"]).exits(69);
        let text = node.text();
        for name in ["crun", "youki", "gvisor"] {
            let is_there = text.contains(&format!("runtimes.{name}]"));
            assert_eq!(is_there, there.contains(&name), "{name}: {text}");
        }
    }
}

/// Another run took it out while this one waited for its turn: nothing is restarted for it, nor for
/// taking it out once more.
#[test]
#[cfg(feature = "cri")]
fn nothing_is_restarted_for_what_others_have_taken_out() {
    let node = Node::with(CONFIG);
    let touch = node.folder().join("restarted");
    let command = format!("touch {}", touch.display());
    let turn = File::open(node.folder()).expect("a folder");
    fs4::FileExt::lock(&turn).expect("locks");
    let add = ["add", "crun", "--restart", "-o", "json"];
    let failed = thread::scope(|scope| {
        let adding = scope.spawn(|| run_within(&node, "30s", &command, &add));
        while !node.text().contains("crun") {
            assert!(!adding.is_finished(), "{:?}", node.text());
            thread::yield_now();
        }
        node.run(&["undo"]).exits(0);
        fs4::FileExt::unlock(&turn).expect("unlocks");
        adding.join().expect("it ends")
    });
    let report: Value = serde_json::from_str(&failed.exits(69).stdout).expect("JSON");
    let error = &report["error"];
    assert_eq!(error["code"], "rolled-back", "{report}");
    let said = error["message"].as_str().expect("a text");
    let cause =
        "crun would not be loaded from the config as it is now, so containerd was not restarted; ";
    assert!(said.starts_with(cause), "{report}");
    assert!(!touch.exists());
    assert_eq!(node.text(), CONFIG);
}
