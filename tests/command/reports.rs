//! What programs read: JSON, `--stdout`, and the truth of the exit code when printing fails.

use std::fs::{self, OpenOptions};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::tool::{Node, Run};

/// A JSON report in which the path is replaced.
fn report(node: &Node, run: &Run) -> Value {
    let path = node.config().display().to_string();
    let text = run.stdout.replace(&path, "[CONFIG]");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

#[test]
fn an_edit_reports_every_field() {
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["add", "spin", "-o", "json", "--set", "options.New=1"])
        .exits(0);
    assert_eq!(run.stderr, "", "warnings are in the report");
    let diff = "--- [CONFIG]\n+++ [CONFIG]\n@@ -1 +1,7 @@\n version = 3\n+\n\
                +# containerd-edit owner=manual\n\
                +[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin]\n\
                +  runtime_type = \"io.containerd.spin.v2\"\n\
                +  [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin.options]\n\
                +    New = 1\n";
    assert_eq!(
        report(&node, &run),
        json!({
            "schema": 1,
            "changed": true,
            "restart_required": true,
            "units": ["containerd"],
            "path": "[CONFIG]",
            "config_version": 3,
            "owner": "manual",
            "handlers": { "added": ["spin"], "changed": [], "removed": [] },
            "keys": [],
            "new_default": null,
            "overridden": [],
            "drop_ins": [],
            "recorded": false,
            "absent": [],
            "absent_keys": [],
            "unknown_owner": null,
            "left_before": null,
            "left_behind": [],
            "diff": diff,
            "warnings": [{
                "code": "unknown-key",
                "message": "unknown key options.New in handler spin: written as given",
                "line": null,
                "column": null,
            }],
        })
    );
    let run = node.run(&["add", "spin", "--output", "json"]).exits(0);
    let second = report(&node, &run);
    assert_eq!(
        (&second["changed"], &second["diff"]),
        (&json!(false), &json!(""))
    );
    let run = node.run(&["remove", "spin", "nothing", "-o=json"]).exits(0);
    let removed = report(&node, &run);
    assert_eq!(removed["handlers"]["removed"], json!(["spin"]));
    let absent = json!([{ "name": "nothing", "near": null }]);
    assert_eq!(removed["absent"], absent);
}

#[test]
fn errors_are_reported_as_json_too() {
    let node = Node::with("version = 2\n\"3s\"\n");
    let run = node.run(&["-o", "json", "add", "crun"]).exits(65);
    assert_eq!(run.stderr, "");
    assert_eq!(
        report(&node, &run),
        json!({
            "schema": 1,
            "error": {
                "code": "not-toml",
                "exit": 65,
                "message": "not valid TOML: key with no value, expected `=`",
                "hint": "fix this line; containerd reads the file only when it starts, so it may \
                         still be running with an older one",
                "path": "[CONFIG]",
                "line": 2,
                "column": 5,
            },
        })
    );
    for arguments in [
        &["-o", "json", "add", "A"][..],
        &["add", "mine", "--output=json"],
    ] {
        let run = node.run(arguments).exits(2);
        let report = report(&node, &run);
        assert_eq!(report["error"]["code"], "usage", "{run:#?}");
        assert_eq!(report["error"]["exit"], 2, "{run:#?}");
        assert_eq!(run.stderr, "", "{run:#?}");
    }
}

#[test]
fn stdout_prints_the_result_and_touches_nothing() {
    let node = Node::with("version = 3\r\n");
    let printed = node.run(&["add", "crun", "--stdout"]).exits(0).stdout;
    assert_eq!(node.text(), "version = 3\r\n");
    assert_eq!(node.names(), ["config.toml"], "no lock file either");
    node.run(&["add", "crun"]).exits(0);
    assert_eq!(node.text(), printed);
    let missing = Node::empty();
    let printed = missing.run(&["add", "crun", "--stdout"]).exits(0).stdout;
    assert_eq!(missing.names(), Vec::<String>::new());
    missing.run(&["add", "crun"]).exits(0);
    assert_eq!(missing.text(), printed);
}

#[test]
fn a_dry_run_touches_nothing_and_does_not_wait() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["add", "crun", "--dry-run"]).exits(0);
    assert!(
        run.stdout
            .contains("+  runtime_type = \"io.containerd.runc.v2\"\n"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("dry run: would add crun"), "{run:#?}");
    assert_eq!(node.names(), ["config.toml"]);
}

#[test]
fn list_and_show_say_what_is_there() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun", "--default", "--owner", "ops"])
        .exits(0);
    let run = node.run(&["list"]).exits(0);
    let path = node.config().display().to_string();
    let rows: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["NAME", "RUNTIME", "TYPE", "OWNER", "FROM"]);
    let (runc, crun) = (format!("{path}:8"), format!("{path}:12"));
    assert_eq!(rows[1], ["runc", "io.containerd.runc.v2", "implied", &runc]);
    assert_eq!(
        rows[2],
        ["crun", "io.containerd.runc.v2", "ops", &crun, "default"]
    );
    let run = node.run(&["list", "-o", "json"]).exits(0);
    let listed = report(&node, &run);
    assert_eq!(listed["config_version"], 2);
    assert_eq!(
        listed["handlers"][1],
        json!({
            "name": "crun",
            "runtime_type": "io.containerd.runc.v2",
            "default": true,
            "owner": "ops",
            "implied": false,
            "plugin": "io.containerd.grpc.v1.cri",
            "file": "[CONFIG]",
            "line": 12,
            "column": 1,
            "releases": ["1.6", "1.7", "2.0", "2.1", "2.2", "2.3", "2.4"],
            "default_on": ["1.6", "1.7", "2.0", "2.1", "2.2", "2.3", "2.4"],
            "merged_on": [],
        })
    );
    let run = node.run(&["show", "crun"]).exits(0);
    let shown = run
        .stdout
        .replace(&node.config().display().to_string(), "[CONFIG]");
    assert_eq!(
        shown,
        "# [CONFIG]:12, owner ops, default\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n\
         runtime_type = \"io.containerd.runc.v2\"\n\
         options.BinaryName = \"/usr/bin/crun\"\n"
    );
    let run = node.run(&["show", "crun", "-o", "json"]).exits(0);
    assert_eq!(
        report(&node, &run)["settings"],
        json!({
            "runtime_type": "io.containerd.runc.v2",
            "options": { "BinaryName": "/usr/bin/crun" },
        })
    );
    let broken = node.text().replace("[plugins.\"io", "[x.\"io")
        + "\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes]\nkata = 5\n";
    std::fs::write(node.config(), broken).expect("writes");
    let run = node.run(&["show", "kata"]).exits(0);
    let said = "containerd.runtimes]\nkata = 5\n";
    assert!(run.stdout.ends_with(said), "{run:#?}");
    let run = node.run(&["show", "none"]).exits(1);
    assert!(
        run.stderr.contains("no handler \"none\" is listed"),
        "{run:#?}"
    );
}

#[test]
fn list_speaks_of_what_containerd_loads() {
    let old = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let runc = "runtime_type = \"io.containerd.runc.v2\"\n";
    let node = Node::with(format!(
        "version = 2\nimports = [\"more.toml\"]\n[{old}.runc]\n{runc}[{old}.main]\n{runc}"
    ));
    let more = node.folder().join("more.toml");
    fs::write(
        &more,
        format!("version = 2\n[{old}.runc]\n{runc}[{old}.drop]\n{runc}"),
    )
    .expect("writes");
    let run = node.run(&["list", "-o", "json"]).exits(0);
    let listed = report(&node, &run);
    let of = |name: &str, file: &str| {
        let handlers = listed["handlers"].as_array().expect("an array");
        let found = handlers
            .iter()
            .find(|it| it["name"] == name && it["file"] == file);
        found.unwrap_or_else(|| panic!("{name} of {file}: {listed}"))["releases"].clone()
    };
    let more = more.display().to_string();
    // On 1.x the drop-in's table replaces that of the main file.
    assert_eq!(
        of("main", "[CONFIG]"),
        json!(["2.0", "2.1", "2.2", "2.3", "2.4"])
    );
    assert_eq!(
        of("drop", &more),
        json!(["1.6", "1.7", "2.0", "2.1", "2.2", "2.3", "2.4"])
    );
    let run = node.run(&["list", "--containerd-version", "1.7"]).exits(0);
    let row = run
        .stdout
        .lines()
        .find(|line| line.starts_with("main"))
        .expect("a row");
    assert!(row.ends_with("not loaded"), "{run:#?}");
    let run = Node::with("version = 3\n").run(&["list"]).exits(0);
    assert!(run.stdout.contains("built in  default"), "{run:#?}");
}

#[test]
fn a_full_or_closed_stdout_changes_neither_the_file_nor_the_truth() {
    let full = || {
        OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full")
    };
    for (verb, code) in [("add", 10), ("remove", 10)] {
        let node = Node::with("version = 3\n");
        if verb == "remove" {
            node.run(&["add", "crun"]).exits(0);
        }
        let mut command = node.command(&["-v", verb, "crun", "--exit-code"]);
        let status = command
            .stdout(full())
            .stderr(full())
            .status()
            .expect("starts");
        assert_eq!(
            status.code(),
            Some(code),
            "{verb}: done, whoever hears of it"
        );
        assert_eq!(node.text().contains("crun"), verb == "add");
    }
    let node = Node::with("version = 3\n");
    for arguments in [
        &["add", "crun", "--stdout"][..],
        &["list"],
        &["add", "crun", "--dry-run"],
    ] {
        let mut command = node.command(arguments);
        let output = command.stdout(full()).output().expect("starts");
        assert_eq!(
            output.status.code(),
            Some(74),
            "{arguments:?}: printing was all there was to do"
        );
    }
    let mut command = node.command(&["add", "crun", "--exit-code"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(10), "nobody reads");
}

const RUNC: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n\
                    runtime_type = \"io.containerd.runc.v2\"\n";

/// A missing name is reported, with a similar one.
#[test]
fn who_is_to_leave_and_is_not_known_is_named() {
    let node = Node::with("version = 2\n");
    let nothing = |owner: &str, said: &str| {
        let run = node.run(&["remove", "--owner", owner]).exits(0);
        let said = format!("config.toml: nothing to do{said}\n");
        assert!(run.stdout.ends_with(&said), "{run:?}");
    };
    nothing("kata-deploy", ": no owner kata-deploy is known");
    node.run(&["add", "crun", "--owner", "kata-deploy"])
        .exits(0);
    let meant = ": no owner kata-deply is known (did you mean kata-deploy?)";
    nothing("kata-deply", meant);
    nothing("gpu-operator", ": no owner gpu-operator is known");
    let run = node.run(&["remove", "--owner", "kata-deply", "-o", "json"]);
    let report: Value = serde_json::from_str(&run.exits(0).stdout).expect("JSON");
    let unknown = json!({"name": "kata-deply", "near": "kata-deploy"});
    assert_eq!(report["unknown_owner"], unknown);
    for (name, near) in [("krun", " (did you mean crun?)"), ("youki", "")] {
        let run = node.run(&["remove", name]).exits(0);
        let said = format!("nothing to do: {name} is not listed{near}\n");
        assert!(run.stdout.ends_with(&said), "{run:?}");
    }
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    fs::write(node.config(), RUNC).expect("writes");
    let run = node.run(&["remove", "crun"]).exits(0);
    assert!(run.stdout.ends_with("crun is not listed\n"), "{run:?}");
    // It was there, and is shown with the time when it left.
    let run = node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    let said = ": nothing to do: kata-deploy was removed at 20";
    assert!(run.stdout.contains(said), "{run:?}");
}

#[test]
fn why_an_implied_runc_stays_is_said() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata"]).exits(0);
    let run = node.run(&["remove", "runc"]).exits(0);
    let said = "runc stays: containerd 1.x needs it listed beside kata, and it goes with the last of \
                them\n";
    assert!(run.stderr.ends_with(said), "{run:?}");
    assert!(run.stdout.ends_with(": nothing to do\n"), "{run:?}");
    let run = node.run(&["remove", "kata", "runc"]).exits(0);
    assert_eq!(run.stderr, "");
    assert_eq!(node.text(), "version = 2\n");
}

#[test]
fn a_runc_that_was_there_is_not_said_to_go_later() {
    let node = Node::with(RUNC);
    node.run(&["add", "spin"]).exits(0);
    let set = [
        "set",
        "handlers.runc.options.SystemdCgroup=true",
        "--owner",
        "x",
    ];
    node.run(&set).exits(0);
    let run = node.run(&["remove", "runc", "--owner", "x"]).exits(0);
    let said = "runc was there before x came, and stays\n";
    assert!(run.stderr.ends_with(said), "{run:?}");
    node.run(&["remove", "spin"]).exits(0);
    assert_eq!(node.text(), RUNC);
}

#[test]
fn the_new_default_is_reported() {
    let node = Node::with("version = 2\n");
    let new_default = |arguments: &[&str]| {
        let run = node.run(&[arguments, &["-o", "json"]].concat()).exits(0);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        report["new_default"].clone()
    };
    assert_eq!(new_default(&["add", "crun"]), Value::Null);
    assert_eq!(new_default(&["set-default", "crun"]), json!("crun"));
    assert_eq!(new_default(&["set-default", "crun"]), Value::Null);
    assert_eq!(new_default(&["remove", "crun"]), json!("runc"));
    let log = node.run(&["log", "-o", "json"]).exits(0);
    let log: Value = serde_json::from_str(&log.stdout).expect("JSON");
    let entries = log["entries"].as_array().expect("entries");
    let logged: Vec<&Value> = entries.iter().map(|it| &it["new_default"]).collect();
    assert_eq!(logged, [&Value::Null, &json!("crun"), &json!("runc")]);
}
