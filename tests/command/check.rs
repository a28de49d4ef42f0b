//! `check`: what each containerd release makes of a config.

use std::fs;

use serde_json::json;

use crate::tool::Node;

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";
const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

#[test]
fn a_good_config_serves_on_every_release_that_reads_it() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["check"]).exits(0);
    let table = "config version 3\n\
                 1.6      -        does not read config version 3\n\
                 1.7      -        does not read config version 3\n\
                 2.0      serves   runc (default runc)\n\
                 2.1      serves   runc (default runc)\n\
                 2.2      serves   runc (default runc)\n\
                 2.3      serves   runc (default runc)\n\
                 2.4      serves   runc (default runc)\n";
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
        .find(|line| line.starts_with("1.7"))
        .expect("a row for 1.7");
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
fn what_a_pod_would_stumble_over_is_a_warning() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}\
         [{OLD}.containerd.runtimes.untyped]\nzzz = 1\n\
         [{OLD}.containerd.runtimes.odd]\nruntime_type = 'garbage'\nPod_Annotations = []\n\
         [{OLD}.containerd.runtimes.gone]\nruntime_type = '/nowhere/shim'\n\
         [{OLD}.containerd.runtimes.gone.options]\nBinaryName = '/nowhere/runc'\nIoUid = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.elsewhere]\n{RUNC}"
    ));
    let run = node.run(&["check"]);
    for said in [
        "untyped has no runtime_type",
        "unknown key zzz in handler untyped: no containerd release reads it",
        "runtime_type \"garbage\" of odd names no shim",
        "Pod_Annotations of odd is spelled pod_annotations",
        "the shim /nowhere/shim of gone is not on this host",
        "/nowhere/runc of gone is not on this host",
        "options.IoUid of gone wants an integer",
        "containerd 1.6 and 1.7 do not load elsewhere",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    let run = node.run(&["check", "-q"]);
    assert_eq!(run.stderr, "");
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
