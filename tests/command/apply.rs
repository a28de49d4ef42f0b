//! The patch file on the command line, and the verbs that take an owner.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::tool::{Node, Run, tool};

const SPIN: &str = "owner = \"wasm\"\n\n[handlers.spin]\n[handlers.spin-dev]\npreset = \"spin\"\n";

/// What `SPIN` makes of a config of version 3.
const WITH_SPIN: &str = "version = 3\n\n# containerd-edit owner=wasm\n\
    [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin]\n  \
    runtime_type = \"io.containerd.spin.v2\"\n\n# containerd-edit owner=wasm\n\
    [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin-dev]\n  \
    runtime_type = \"io.containerd.spin.v2\"\n";

/// A patch file in the node's folder.
fn patch_file(node: &Node, text: &str) -> (PathBuf, String) {
    let path = node.folder().join("patch");
    fs::write(&path, text).expect("the patch file is written");
    let shown = path.display().to_string();
    (path, shown)
}

/// Runs the command with this text on its stdin.
fn fed<S: AsRef<str>>(node: &Node, arguments: &[S], text: &str) -> Run {
    let mut command = node.command(arguments);
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A run that reads nothing may be gone already.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    Run::from(child.wait_with_output().expect("the command ends"))
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

#[test]
fn a_patch_file_is_applied_as_a_whole_and_once() {
    let node = Node::with("version = 3\n");
    let (_, file) = patch_file(&node, SPIN);
    let run = node.run(&["apply", &file]).exits(0);
    assert_eq!(node.text(), WITH_SPIN);
    assert!(
        run.stdout.contains("added spin, spin-dev; restart"),
        "{run:#?}"
    );
    let before = node.identity();
    let run = node.run(&["apply", &file]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    assert_eq!(node.identity(), before, "untouched");
    let log = node.run(&["log"]).exits(0).stdout;
    assert!(log.contains(&format!("apply {file} as wasm")), "{log}");
    assert!(log.contains("; owner wasm"), "{log}");
}

#[test]
fn a_patch_file_may_come_through_a_pipe() {
    let node = Node::with("version = 3\n");
    fed(&node, &["apply", "-"], SPIN).exits(0);
    assert_eq!(node.text(), WITH_SPIN);
    let run = fed(&node, &["apply", "-", "-o", "json"], "[handler]\n").exits(65);
    let error = &json(&run)["error"];
    assert_eq!(
        (&error["path"], &error["line"]),
        (&json!("-"), &json!(1)),
        "{run:#?}"
    );
}

/// What Ansible's check mode, a reconcile loop or a health check calls.
#[test]
fn a_dry_run_with_an_exit_code_is_the_probe() {
    let node = Node::with("version = 3\n");
    let (_, file) = patch_file(&node, SPIN);
    let probe = ["apply", &file, "--dry-run", "--exit-code", "-q"];
    let run = node.run(&probe).exits(10);
    assert_eq!((run.stdout, run.stderr), (String::new(), String::new()));
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["apply", &file, "--exit-code"]).exits(10);
    node.run(&probe).exits(0);
    node.run(&["remove", "spin", "--owner", "wasm"]).exits(0);
    node.run(&probe).exits(10);
    let printed = node.run(&["apply", &file, "--stdout"]).exits(0).stdout;
    assert!(printed.contains("runtimes.spin]"), "{printed}");
}

#[test]
fn the_owner_comes_from_the_file_else_from_the_flag_else_from_the_variable() {
    let nobodys = SPIN.replace("owner = \"wasm\"\n", "");
    for (text, flag, variable, owner) in [
        (SPIN, None, None, "wasm"),
        (SPIN, Some("wasm"), None, "wasm"),
        (SPIN, None, Some("wasm"), "wasm"),
        (&nobodys, None, None, "manual"),
        (&nobodys, Some("ops"), Some("other"), "ops"),
        (&nobodys, None, Some("ops"), "ops"),
        (&nobodys, None, Some(""), "manual"),
    ] {
        let node = Node::with("version = 3\n");
        let (_, file) = patch_file(&node, text);
        let mut command = node.command(&["apply", &file, "-o", "json"]);
        if let Some(flag) = flag {
            command.args(["--owner", flag]);
        }
        if let Some(variable) = variable {
            command.env("CONTAINERD_EDIT_OWNER", variable);
        }
        let run = Run::of(&mut command).exits(0);
        assert_eq!(json(&run)["owner"], owner, "{flag:?} {variable:?}");
        let said = format!("owner={owner}\n");
        assert!(node.text().contains(&said), "{flag:?} {variable:?}");
    }
}

#[test]
fn two_owners_for_one_patch_file_are_a_usage_error() {
    let node = Node::with("version = 3\n");
    let (_, file) = patch_file(&node, SPIN);
    let run = node.run(&["apply", &file, "--owner", "ops"]).exits(2);
    assert!(
        run.stderr
            .contains("belongs to wasm, and --owner (or $CONTAINERD_EDIT_OWNER) says ops"),
        "{run:#?}"
    );
    let mut command = node.command(&["apply", &file, "-o", "json"]);
    let run = Run::of(command.env("CONTAINERD_EDIT_OWNER", "ops")).exits(2);
    assert_eq!(json(&run)["error"]["code"], "usage");
    assert_eq!(node.names(), ["config.toml", "patch"], "nothing was opened");
}

#[test]
fn what_is_wrong_in_a_patch_file_is_shown_where_it_stands() {
    let node = Node::with("version = 3\n");
    let (_, file) = patch_file(&node, "[handlers.spin]\n  snapshoter = \"nydus\"\n");
    let run = node.run(&["apply", &file]).exits(65);
    let said = format!(
        "error: {file}:2:3: handlers.spin takes no key snapshoter\n  |\n\
         2 |   snapshoter = \"nydus\"\n  |   ^\nhint: did you mean snapshotter?\n"
    );
    assert_eq!((run.stdout.as_str(), run.stderr), ("", said));
    let run = node.run(&["apply", &file, "-o", "json"]).exits(65);
    assert_eq!(run.stderr, "");
    assert_eq!(
        json(&run),
        json!({
            "schema": 1,
            "error": {
                "code": "bad-patch-file",
                "exit": 65,
                "message": "handlers.spin takes no key snapshoter",
                "hint": "did you mean snapshotter?",
                "path": file,
                "line": 2,
                "column": 3,
            },
        })
    );
    assert_eq!(node.names(), ["config.toml", "patch"], "nothing was opened");
}

/// Several files count as one.
#[test]
fn patch_files_that_contradict_each_other_are_refused() {
    let node = Node::with("version = 3\n");
    let (first, shown) = patch_file(&node, "debug.level = 'info'\nimports = ['/a/*.toml']\n");
    let second = first.with_extension("second");
    fs::write(
        &second,
        "imports = ['/b/*.toml']\n[debug]\nlevel = 'warn'\n",
    )
    .expect("writes");
    let run = fed(&node, &["apply", &shown, &second.to_string_lossy()], "").exits(65);
    let said = format!(
        "{}:3:1: debug.level contradicts debug.level ({shown}:1:7)",
        second.display()
    );
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert_eq!(node.text(), "version = 3\n");
    fs::write(
        &second,
        "imports = ['/b/*.toml']\n[debug]\nlevel = \"info\"\n",
    )
    .expect("writes");
    fed(&node, &["apply", &shown, &second.to_string_lossy()], "").exits(0);
    assert!(node.text().contains("/a/*.toml") && node.text().contains("/b/*.toml"));
}

#[test]
fn a_patch_file_that_can_not_be_read_is_told_from_a_bad_one() {
    let node = Node::with("version = 3\n");
    let nowhere = node.folder().join("nowhere").display().to_string();
    let below_a_file = node.config().join("patch").display().to_string();
    let folder = node.folder().display().to_string();
    for (file, said) in [
        (&nowhere, "there is no such patch file"),
        (&below_a_file, "there is no such patch file"),
        (&folder, "this is a folder"),
    ] {
        let run = node.run(&["apply", file]).exits(66);
        let said = format!("error: {file}: {said}");
        assert!(run.stderr.starts_with(&said), "{run:#?}");
        assert!(run.stderr.contains("hint: "), "{run:#?}");
        let run = node.run(&["-o", "json", "apply", file]).exits(66);
        let error = &json(&run)["error"];
        assert_eq!(error["code"], "no-patch-file", "{run:#?}");
        assert_eq!(error["path"], **file, "{run:#?}");
        assert_eq!(error["line"], Value::Null, "{run:#?}");
    }
    assert_eq!(node.names(), ["config.toml"]);
}

/// A program before the pipe that fails prints nothing: that is no wish to have all removed.
#[test]
fn nothing_on_stdin_prunes_nothing() {
    let node = Node::with("version = 3\n");
    let run = fed(&node, &["apply", "-", "--owner", "wasm", "--prune"], "").exits(65);
    assert!(run.stderr.contains("remove --owner"), "{run:#?}");
    let mut command = node.command(&["apply", "-", "--owner", "wasm", "--prune"]);
    Run::of(command.stdin(Stdio::null())).exits(65);
    assert_eq!(node.names(), ["config.toml"], "nothing was opened");
    let asked = ["apply", "-", "--owner", "wasm", "--prune"];
    fed(&node, &asked, "# nothing\n").exits(0);
    fed(&node, &["apply", "-"], "").exits(0);
    let (_, file) = patch_file(&node, "");
    node.run(&["apply", &file, "--owner", "wasm", "--prune"])
        .exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn a_patch_file_is_this_processes_and_not_the_hosts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = folder.path().join("host/etc/containerd");
    fs::create_dir_all(&host).expect("creates");
    fs::write(host.join("config.toml"), "version = 3\n").expect("writes");
    fs::write(folder.path().join("patch"), SPIN).expect("writes");
    // The host has another one by the same path.
    fs::write(folder.path().join("host/patch"), "[handlers.crun]\n").expect("writes");
    let mut command = tool();
    command
        .current_dir(folder.path())
        .args(["--host-root", "host", "apply", "patch"]);
    Run::of(&mut command).exits(0);
    let config = fs::read_to_string(host.join("config.toml")).expect("readable");
    assert_eq!(config, WITH_SPIN);
}

#[test]
fn remove_wants_names_or_an_owner_and_no_variable_counts_as_one() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun"]).exits(0);
    node.run(&["remove"]).exits(2);
    let variable = |arguments: &[&str]| {
        let mut command = node.command(arguments);
        Run::of(command.env("CONTAINERD_EDIT_OWNER", "ops"))
    };
    variable(&["remove"]).exits(2);
    let run = variable(&["remove", "crun", "-o", "json"]).exits(0);
    assert_eq!(json(&run)["handlers"]["removed"], json!(["crun"]));
    assert_eq!(json(&run)["owner"], Value::Null, "whoever owned it");
    for arguments in [
        &["remove", "--owner", "ops"][..],
        &["remove", "--owner", "ops", "crun"],
    ] {
        let run = node.run(&[arguments, &["-o", "json"]].concat()).exits(0);
        assert_eq!(json(&run)["owner"], "ops", "{arguments:?}");
    }
    let run = node.run(&["remove", "--owner", "two words"]).exits(2);
    assert!(run.stderr.contains("owner"), "{run:#?}");
}

#[test]
fn set_default_takes_a_name_or_unset() {
    let node = Node::with("version = 3\n");
    for arguments in [
        &["set-default"][..],
        &["set-default", "crun", "--unset"],
        &["set-default", "Crun"],
        &["set-default", "--owner", "ops"],
    ] {
        node.run(arguments).exits(2);
    }
    node.run(&["add", "crun"]).exits(0);
    let mut command = node.command(&["set-default", "crun", "-o", "json"]);
    let run = Run::of(command.env("CONTAINERD_EDIT_OWNER", "ops")).exits(0);
    assert_eq!(json(&run)["owner"], "ops");
    let line = "# containerd-edit owner=ops\n[plugins.\"io.containerd.cri.v1.runtime\".containerd]\n  \
                default_runtime_name = \"crun\"\n";
    assert!(node.text().contains(line), "{}", node.text());
    let log = node.run(&["log"]).exits(0).stdout;
    assert!(log.contains("  set-default crun"), "{log}");
    let run = node.run(&["set-default", "--unset", "-o", "json", "--dry-run"]);
    assert_eq!(json(&run.exits(0))["owner"], Value::Null);
    let arguments = ["set-default", "--unset", "--owner", "ops", "-o", "json"];
    let run = node.run(&arguments).exits(0);
    assert_eq!(json(&run)["owner"], "ops");
}

#[test]
fn a_default_that_is_not_listed_is_refused() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["set-default", "kata"]).exits(78);
    let said = format!(
        "error: {}: kata is not listed and can't be the default handler\n\
         hint: add it first, as in {}\n",
        node.config().display(),
        node.hinted("add kata --default")
    );
    assert_eq!(run.stderr, said);
    let run = node.run(&["set-default", "nope"]).exits(78);
    let hint = node.hinted("add nope --set runtime_type=TYPE --default") + "\n";
    assert!(run.stderr.ends_with(&hint), "{run:#?}");
    assert_eq!(node.text(), "version = 3\n");
    // What takes the handler away is the change itself.
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let patch = node.folder().join("patch.toml");
    let patch = patch.to_str().expect("UTF-8");
    std::fs::write(patch, "default = 'kata'\n").expect("writes");
    let run = node
        .run(&["apply", patch, "--prune", "--owner", "a"])
        .exits(78);
    assert!(
        run.stderr.contains("kata goes with this change"),
        "{run:#?}"
    );
    std::fs::write(patch, "default = 'kata'\n[handlers.kata]\n").expect("writes");
    node.run(&["apply", patch, "--prune", "--owner", "a"])
        .exits(0);

    // Nor in a file that is imported.
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["add", "crun", "--drop-in"]).exits(0);
    let (before, (_, file)) = (node.text(), patch_file(&node, "default = 'kata'\n"));
    let run = node.run(&["apply", &file, "-o", "json"]).exits(78);
    let error = &json(&run)["error"];
    assert_eq!(error["code"], "default-not-listed", "{error}");
    let hint = error["hint"].as_str().expect("a hint");
    assert!(hint.ends_with(&node.hinted("add kata --default")), "{hint}");
    assert_eq!(node.text(), before);
    node.run(&["set-default", "crun"]).exits(0);
}

#[test]
fn taking_over_may_be_asked_for() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--take-over"]).exits(0);
    let (_, file) = patch_file(&node, SPIN);
    node.run(&["apply", &file, "--take-over"]).exits(0);
    assert!(node.text().contains("owner=wasm"));
}

/// Alike on the command line, which has the key alone for a place.
#[test]
fn an_option_that_the_shim_does_not_have_is_a_warning_with_its_place() {
    let node = Node::with("version = 3\n");
    let add = [
        "add",
        "kata",
        "--owner",
        "a",
        "--set",
        "options.SystemdCgroup=true",
    ];
    let run = node.run(&add).exits(0);
    let said = "unknown key options.SystemdCgroup in handler kata: written as given";
    assert!(run.stderr.contains(said), "{run:?}");
    let patch = node.folder().join("patch.toml");
    let text = "owner = 'b'\n[handlers.runsc]\noptions.TypeUrl = 'x'\noptions.BinaryName = '/x'\n\
                [handlers.crun]\noptions.SystemdCgroup = true\n";
    fs::write(&patch, text).expect("writes");
    let named = patch.to_str().expect("UTF-8");
    let run = node.run(&["apply", named]).exits(0);
    let said = "unknown key options.BinaryName in handler runsc: written as given";
    assert!(run.stderr.contains(said), "{run:?}");
    let place = format!("{named}:4:9");
    assert!(run.stderr.contains(&place), "{run:?}");
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
}

/// A new handler takes the cgroup driver over that is in force once all is done.
#[test]
fn what_a_newer_patch_file_drops_is_not_taken_over() {
    let runc = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
                runtime_type = 'io.containerd.runc.v2'\noptions.SystemdCgroup = ";
    let dropped = [
        ("true", "[handlers.runc.options]\nSystemdCgroup = false\n"),
        (
            "false",
            "default = 'nvidia'\n[handlers.nvidia.options]\nSystemdCgroup = true\n",
        ),
    ];
    for (driver, first) in dropped {
        let node = Node::with(format!("{runc}{driver}\n"));
        let apply = |text: &str, arguments: &[&str]| {
            let file = node.folder().join("patch");
            fs::write(&file, format!("owner = 'op'\n{text}")).expect("writes");
            let file = file.to_string_lossy();
            node.run(&[&["apply", &*file, "--prune", "--exit-code"], arguments].concat())
        };
        apply(first, &[]).exits(10);
        apply("default = 'crun'\n[handlers.crun]\n", &[]).exits(10);
        apply("[handlers.crun]\n", &[]).exits(10);
        let set = format!("SystemdCgroup = {driver}\n");
        assert_eq!(node.text().matches(&set).count(), 2, "{}", node.text());
        apply("[handlers.crun]\n", &["--dry-run"]).exits(0);
    }
}
