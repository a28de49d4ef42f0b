//! The verdict of each release, for people, for programs and as an exit code.

use std::fs;

use serde_json::json;

use crate::tool::Node;

use super::{BROKEN, OLD, RUNC};

#[test]
fn a_good_config_serves_on_every_release_that_reads_it() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["check"]).exits(0);
    let table = "config version 3\n\
                 1.6–1.7  -       can't read config version 3\n\
                 2.0–2.4  serves  runc (default runc)\n";
    assert!(run.stdout.ends_with(table), "{run:#?}");
    node.run(&["check", "--containerd-version", "2.0.1"])
        .exits(0);
    node.run(&["check", "--containerd-version", "1.7"])
        .exits(78);
}

#[test]
fn what_keeps_cri_off_is_named_with_its_place() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.foo]\n{RUNC}"
    ));
    let run = node.run(&["check"]).exits(78);
    let place = format!("{}:2:", node.config().display());
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("1.6–1.7  "))
        .expect("one row for 1.6 and 1.7");
    assert!(line.contains("no-cri") && line.contains(&place), "{run:#?}");
    node.run(&["check", "--containerd-version", "2.1"]).exits(0);
    let run = Node::with("version = 2\n\"3s\"\n")
        .run(&["check"])
        .exits(65);
    assert!(run.stderr.contains(":2:5: not valid TOML"), "{run:#?}");
    Node::empty().run(&["check"]).exits(66);
    Node::with("version = 'two'\n").run(&["check"]).exits(65);
}

#[test]
fn the_report_for_programs_has_a_row_for_each_release() {
    let node = Node::with(format!(
        "version = 2\nroot = 5\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let arguments = ["check", "-o", "json", "--containerd-version", "1.6.20"];
    let run = node.run(&arguments).exits(78);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let path = node.config().display().to_string();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["config_version"], 2);
    assert_eq!(
        report["releases"],
        json!([{
            "containerd": "1.6.20",
            "reads": true,
            "verdict": "exits",
            "handlers": [],
            "default": null,
            "reason": format!("root is an integer where containerd decodes a string ({path}:2:1)"),
        }])
    );
    let node = Node::with(format!(
        "version = 4\n{}",
        RUNC.replace("runtime_type", "unknown")
    ));
    let run = node.run(&["check", "-o", "json"]).exits(0);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["releases"][0]["reads"], false);
    assert_eq!(report["releases"][0]["verdict"], serde_json::Value::Null);
    assert_eq!(report["releases"][5]["verdict"], "serves");
    assert_eq!(report["releases"][5]["handlers"], json!(["runc"]));
}

#[test]
fn quiet_leaves_the_exit_code() {
    for (config, exit) in [("version = 3\n", 0), (BROKEN[0].0, 78)] {
        let run = Node::with(config).run(&["-q", "check"]).exits(exit);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
}

#[test]
fn every_verb_takes_a_list_of_releases_and_no_typo() {
    let patch = "[handlers.crun]\npreset = 'crun'\n";
    for verb in [
        "add crun",
        "apply patch.toml",
        "remove crun",
        "set debug.level=debug",
        "unset debug.level",
        "set-default runc",
        "undo",
        "list",
        "show runc",
        "get debug.level",
        "check",
    ] {
        let node = Node::with("version = 2\n[debug]\nlevel = 'info'\n");
        let file = node.folder().join("patch.toml");
        fs::write(&file, patch).expect("writes");
        let runc = ["add", "runc", "--owner", "before"];
        node.run(&runc).exits(0);
        let named = file.display().to_string();
        let verb = verb.replace("patch.toml", &named);
        let with = |releases: &str| {
            let mut arguments: Vec<&str> = verb.split(' ').collect();
            arguments.extend(["--containerd-version", releases]);
            node.run(&arguments)
        };
        let run = with("1.7foo").exits(2);
        let said = "\"1.7foo\" is not a containerd version, as in 1.7 or 1.7.24";
        assert!(run.stderr.contains(said), "{verb}: {run:#?}");
        with("1.7,2.1").exits(0);
    }
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["check", "--containerd-version", "2.1,2.2,1.7"])
        .exits(78);
    let rows = "\n2.1–2.2  serves  runc (default runc)\n1.7      exits   unsupported";
    assert!(run.stdout.contains(rows), "{run:#?}");
}

#[test]
fn imported_files_are_judged_and_blamed() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let drop_in = node.folder().join("conf.d/a.toml");
    fs::write(&drop_in, "version = 3\nroot = 5\n").expect("writes");
    let run = node.run(&["check"]).exits(78);
    assert!(run.stdout.contains("conf.d/a.toml:2:1"), "{run:#?}");
}
