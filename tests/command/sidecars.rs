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
    // The bytes before that change were none: the last ones that there were stay.
    node.run(&["add", "spin"]).exits(0);
    assert_eq!(fs::read(&previous).expect("kept"), created);
}

#[test]
fn each_change_and_each_refusal_is_one_line_of_the_log() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    node.run(&["list"]).exits(0);
    node.run(&["add", "spin", "--dry-run"]).exits(0);
    let broken = format!("{}\"3s\"\n", node.text());
    fs::write(node.config(), &broken).expect("writes");
    node.run(&["remove", "crun"]).exits(65);
    let log = fs::read_to_string(node.folder().join("config.toml.log")).expect("a log");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| {
            let line = line.strip_prefix("# ").expect("a comment in TOML, too");
            serde_json::from_str(line).expect("JSON")
        })
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
    node.run(&["add", "crun", "--log", "none"]).exits(0);
    let elsewhere = node.folder().join("elsewhere.log");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    node.run(&["remove", "crun", "--log", elsewhere]).exits(0);
    assert!(!node.names().contains(&"config.toml.log".to_owned()));
    let shown = node.run(&["log", "--log", elsewhere]).exits(0);
    assert!(
        shown
            .stdout
            .ends_with("  changed  remove crun; removed crun\n"),
        "{shown:#?}"
    );
    let shown = node.run(&["log"]).exits(0).stdout;
    assert!(
        shown.ends_with("config.toml: no entries in its operation log\n"),
        "{shown}"
    );
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
    assert_eq!(report["lock"]["holder"]["fate"], "gone");
    assert_eq!(report["last_change"]["command"], "add crun");
    assert_eq!(report["displaced"], serde_json::json!([]));
}

/// A log that containerd would load is a comment to it; and where it would load one, there is none.
#[test]
fn a_refusal_for_the_sake_of_an_import_leaves_nothing_that_is_imported() {
    let node = Node::empty();
    let text = format!(
        "version = 2\nimports = [\"{}/*\"]\n",
        node.folder().display()
    );
    fs::write(node.config(), &text).expect("writes");
    node.run(&["check"]).exits(0);
    for arguments in [
        &["add", "crun"][..],
        &["remove", "crun"],
        &["add", "crun", "--dry-run"],
    ] {
        let run = node.run(arguments).exits(78);
        assert!(run.stderr.contains("the import "), "{run:#?}");
    }
    assert_eq!(node.names(), ["config.toml"], "not even a lock file");
    // Where imports can't be known, the refusal is noted down, in a comment.
    fs::write(node.config(), format!("{text}\"3s\"\n")).expect("writes");
    node.run(&["add", "crun"]).exits(65);
    fs::write(node.config(), &text).expect("writes");
    node.run(&["check"]).exits(0);
}

/// The file of the log must not be one that is there for something else.
#[test]
fn a_log_is_not_the_config_nor_beside_it_what_is_used() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "spin"]).exits(0);
    fs::hard_link(node.config(), node.folder().join("same.toml")).expect("links");
    let before = node.bytes();
    for (name, reason) in [
        ("config.toml", "that is the config itself"),
        ("same.toml", "that is the config itself"),
        ("config.toml.lock", "that is the lock file"),
        ("config.toml.prev", "that is the previous config"),
        (
            ".config.toml.aB3dE5gH7j.tmp",
            "that is a name of temporary files",
        ),
    ] {
        let log = node.folder().join(name);
        let log = log.to_str().expect("UTF-8");
        let run = node.run(&["add", "crun", "--log", log]).exits(2);
        assert!(
            run.stderr
                .contains(&format!("the operation log can't be {log}: {reason}")),
            "{run:#?}"
        );
        assert_eq!(node.bytes(), before);
    }
    let mut command = crate::tool::tool();
    command.current_dir(node.folder());
    fs::remove_file(node.folder().join("config.toml.prev")).expect("removes");
    let named = [
        "--config",
        "config.toml",
        "add",
        "crun",
        "--log",
        "config.toml.prev",
    ];
    Run::of(command.args(named)).exits(2);
    let imports = format!(
        "version = 2\nimports = [\"{}/conf.d/*.toml\"]\n",
        node.folder().display()
    );
    fs::write(node.config(), imports).expect("writes");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let log = node.folder().join("conf.d/edit.toml");
    node.run(&["add", "crun", "--log", log.to_str().expect("UTF-8")])
        .exits(78);
    assert!(!log.exists());
}

/// A run whose change the disk did not confirm has changed the config all the same. The ledger and
/// what is new come first: without those nothing is changed.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn a_change_that_is_not_durable_is_logged_as_a_change() {
    let failing = |number: usize| {
        let node = Node::with("version = 3\n");
        let fault = format!("inject=fsync:error=EIO:when={number}");
        let mut command = std::process::Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &fault]);
        command.arg(crate::tool::tool_path());
        command.arg("--config").arg(node.config());
        let run = Run::of(command.args(["-o", "json", "add", "crun"]));
        let is_before = run.exit == Some(74);
        assert_eq!(node.text() == "version = 3\n", is_before, "{run:?}");
        (!is_before).then_some((node, run))
    };
    let (node, run) = (1..20).find_map(failing).expect("a sync after the change");
    let run = run.exits(76);
    assert_eq!(json(&run)["error"]["changed"], true);
    let log = json(&node.run(&["log", "-o", "json"]).exits(0));
    let entry = &log["entries"][0];
    assert_eq!(entry["outcome"], "not-durable");
    assert_eq!(entry["handlers"]["added"], serde_json::json!(["crun"]));
    assert_ne!(entry["before"], entry["after"]);
    let status = json(&node.run(&["status", "-o", "json"]).exits(0));
    assert_eq!(status["changed_since"], false);
}

#[test]
fn a_log_that_cannot_be_read_costs_status_a_line_only() {
    let node = Node::with("version = 3\n");
    let mode = rustix::fs::Mode::RWXU;
    let log = node.folder().join("config.toml.log");
    rustix::fs::mkfifoat(rustix::fs::CWD, &log, mode).expect("makes a FIFO");
    let run = node.run(&["status"]).exits(0);
    let said = "config.toml.log, which can't be read: a FIFO stands in its place\n";
    assert!(run.stdout.contains(said), "{run:#?}");
    let run = node.run(&["log"]).exits(74);
    assert!(
        run.stderr
            .contains("config.toml.log: cannot read the operation log"),
        "{run:#?}"
    );
}

#[test]
fn what_others_write_into_the_log_moves_no_cursor() {
    let node = Node::with("version = 3\n");
    let hostile = "# {\"time\":\"\\u001b[31mT\\nfake\",\"version\":\"0\",\"command\":\"x\\r\",\
                   \"outcome\":\"changed\\nfake\\u0007\"}\nno JSON\n# {}\n";
    fs::write(node.folder().join("config.toml.log"), hostile).expect("writes");
    let run = node.run(&["--color", "always", "log"]).exits(0);
    assert_eq!(
        run.stdout,
        "\u{fffd}[31mT\u{fffd}fake  changed\u{fffd}fake\u{fffd}  x\u{fffd}\n"
    );
}

#[test]
fn a_command_of_any_length_is_one_short_line() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun"]).exits(0);
    let names: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let mut arguments = vec!["remove".to_owned(), "crun".to_owned()];
    arguments.extend(names);
    node.run(&arguments).exits(0);
    let log = fs::metadata(node.folder().join("config.toml.log")).expect("a log");
    assert!(log.len() < 4096, "{}", log.len());
    let lock = fs::metadata(node.folder().join("config.toml.lock")).expect("a lock file");
    assert!(lock.len() < 1024, "{}", lock.len());
    assert_eq!(node.run(&["log"]).exits(0).stdout.lines().count(), 2);
}
