//! What an edit leaves beside the config: the previous bytes, the operation log, and what `log` and
//! `status` say of them.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::tool::{Node, Run};

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn the_previous_config_is_kept_with_its_inode() {
    let node = Node::with("version = 3\n# mine\n");
    let before = node.identity();
    node.run(&["add", "crun"]).exits(0);
    let previous = node.folder().join("config.toml.prev");
    assert_eq!(fs::read(&previous).expect("kept"), b"version = 3\n# mine\n");
    let inode = |path: &std::path::Path| {
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("exists"))
    };
    assert_eq!(before.map(|before| before.inode()), Some(inode(&previous)));
    let first = node.bytes().expect("exists");
    node.run(&["add", "crun"]).exits(0);
    assert_eq!(
        fs::read(&previous).expect("kept"),
        b"version = 3\n# mine\n",
        "nothing was done"
    );
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(fs::read(&previous).expect("kept"), first);
}

#[test]
fn a_file_that_is_deleted_is_the_previous_one_and_a_created_one_has_none() {
    let node = Node::empty();
    node.run(&["add", "crun"]).exits(0);
    let created = node.bytes().expect("created");
    assert!(!node.names().contains(&"config.toml.prev".to_owned()));
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.bytes(), None);
    let previous = node.folder().join("config.toml.prev");
    assert_eq!(fs::read(&previous).expect("kept"), created);
    // The bytes before that change were none.
    node.run(&["add", "crun"]).exits(0);
    assert!(!previous.exists());
}

#[test]
fn each_change_and_each_refusal_is_one_line_of_the_log() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    node.run(&["add", "crun"]).exits(0);
    node.run(&["list"]).exits(0);
    node.run(&["--dry-run", "add", "spin"]).exits(0);
    let broken = format!("{}\"3s\"\n", node.text());
    fs::write(node.config(), &broken).expect("writes");
    node.run(&["remove", "crun"]).exits(65);
    let log = fs::read_to_string(node.folder().join("config.toml.log")).expect("a log");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    let [added, refused] = [&lines[0], &lines[1]];
    assert_eq!(added["command"], "add crun");
    assert_eq!(added["owner"], "ops");
    assert_eq!(added["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(added["handlers"]["added"], serde_json::json!(["crun"]));
    // printf 'version = 3\n' | sha256sum
    let before = "5fa16efe4bfbac38ffa30a7f6d29c77d25a9b7ed3ac8d93b13e6b33bcbd8ec54";
    assert_eq!(added["before"].as_str().map(str::len), Some(before.len()));
    assert_ne!(added["before"], added["after"]);
    assert_eq!(added["outcome"], "changed");
    assert_eq!(refused["command"], "remove crun");
    assert_eq!(refused["outcome"], "not-toml");
    assert_eq!(refused["before"], refused["after"], "nothing was changed");
    assert_eq!(refused["owner"], Value::Null);
    assert!(
        humantime_like(added["time"].as_str().expect("a time")),
        "{added}"
    );

    let shown = node.run(&["log"]).exits(0);
    let shown: Vec<&str> = shown.stdout.lines().collect();
    assert!(
        shown[0].ends_with("  changed  add crun; added crun; owner ops"),
        "{shown:#?}"
    );
    assert!(shown[1].ends_with("  not-toml  remove crun"), "{shown:#?}");
    let shown = json(&node.run(&["log", "-o", "json"]).exits(0));
    assert_eq!(shown["entries"], Value::from(lines));
}

fn humantime_like(time: &str) -> bool {
    time.len() == "2026-01-01T00:00:00.000Z".len() && time.ends_with('Z')
}

#[test]
fn the_log_may_be_elsewhere_or_nowhere() {
    let node = Node::with("version = 3\n");
    node.run(&["--log", "none", "add", "crun"]).exits(0);
    let elsewhere = node.folder().join("elsewhere.log");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    node.run(&["--log", elsewhere, "remove", "crun"]).exits(0);
    assert!(!node.names().contains(&"config.toml.log".to_owned()));
    let shown = node.run(&["--log", elsewhere, "log"]).exits(0);
    assert!(
        shown
            .stdout
            .ends_with("  changed  remove crun; removed crun\n"),
        "{shown:#?}"
    );
    assert_eq!(node.run(&["log"]).exits(0).stdout, "");
}

#[test]
fn a_log_that_cannot_be_written_costs_a_warning_only() {
    let node = Node::with("version = 3\n");
    let log = node.folder().join("config.toml.log");
    symlink("/etc/passwd", &log).expect("links");
    let run = node.run(&["add", "crun"]).exits(0);
    assert!(node.text().contains("runtimes.crun"));
    let said = "config.toml.log could not be written: a symbolic link stands in its place; name \
                another place with --log, or --log none";
    assert!(run.stderr.contains(said), "{run:#?}");
    let run = json(&node.run(&["remove", "crun", "-o", "json"]).exits(0));
    assert_eq!(run["warnings"][0]["code"], "not-logged");
}

#[test]
fn a_folder_in_the_place_of_the_previous_config_is_said_before_anything_is_done() {
    let node = Node::with("version = 3\n");
    fs::create_dir(node.folder().join("config.toml.prev")).expect("creates");
    let run = node.run(&["add", "crun"]).exits(74);
    let said = "config.toml.prev: a folder stands in the place of the previous config";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["remove", "crun"]).exits(0);
}

#[test]
fn status_tells_whether_others_changed_the_file() {
    let node = Node::empty();
    let run = node.run(&["status"]).exits(0);
    assert!(
        run.stdout
            .contains("version:       there is no such file\n"),
        "{run:#?}"
    );
    assert_eq!(node.names(), [""; 0], "looking leaves nothing");
    node.run(&["add", "crun"]).exits(0);
    let run = node.run(&["status"]).exits(0);
    for said in [
        format!("config:        {}\n", node.config().display()),
        "version:       2\n".to_owned(),
        format!("lock:          {}.lock\n", node.config().display()),
        "held:          no; last by `add crun`, PID ".to_owned(),
        format!("log:           {}.log\n", node.config().display()),
        "previous:      none\n".to_owned(),
        "changed  add crun; added crun; owner manual\n".to_owned(),
        "changed since: no\n".to_owned(),
    ] {
        assert!(run.stdout.contains(&said), "{said:?}: {run:#?}");
    }
    fs::write(node.config(), format!("{}# theirs\n", node.text())).expect("writes");
    let run = node.run(&["status"]).exits(0);
    assert!(
        run.stdout.contains("changed since: by another program"),
        "{run:#?}"
    );
    let report = json(&node.run(&["status", "-o", "json"]).exits(0));
    assert_eq!(report["changed_since"], true);
    assert_eq!(report["lock"]["held"], false);
    assert_eq!(report["lock"]["holder"]["running"], false);
    assert_eq!(report["last_change"]["command"], "add crun");
    assert_eq!(report["displaced"], serde_json::json!([]));
}
