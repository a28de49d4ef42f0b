//! Reports, logs and sidecars of drop-ins, and paths that can't be one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::tool::{Node, Run};

use super::{MAIN, RUNTIMES, drop_in, in_conf_d, path_name, text};

#[test]
fn what_the_log_alone_takes_for_a_left_over_stays() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "a"])
        .exits(0);
    let path = drop_in(&node, "50-a.toml");
    let runc = format!("version = 3\n[{RUNTIMES}.runc]\nruntime_type = 'io.containerd.runc.v2'\n");
    fs::write(&path, &runc).expect("writes");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(text(&path), runc);
}

#[test]
fn what_can_not_be_a_drop_in_is_refused() {
    for (path, said) in [
        ("config.toml", "that is the config itself"),
        ("config.toml.lock", "that is the lock file"),
        ("config.toml.log", "that is the operation log"),
        ("config.toml.prev", "that is the previous config"),
        ("conf.d/*.toml", "a pattern"),
        ("conf.d/", "it does not name a file"),
    ] {
        let node = Node::with(MAIN);
        let run = node
            .run(&["add", "kata", &format!("--drop-in={path}")])
            .exits(2);
        assert!(run.stderr.contains(said), "{path}: {run:?}");
        assert_eq!(node.text(), MAIN);
        assert!(!node.folder().join("conf.d").exists());
    }
    let node = Node::with(MAIN);
    let run = node.run(&["add", "kata", "--drop-in=a/b/c.toml"]).exits(66);
    assert!(run.stderr.contains("a does not exist"), "{run:?}");
    fs::create_dir_all(drop_in(&node, "50-manual.toml")).expect("creates");
    let run = node.run(&["add", "kata", "--drop-in"]).exits(66);
    assert!(
        run.stderr.contains("a folder, not a regular file"),
        "{run:?}"
    );
    let run = node
        .run(&["add", "kata", "--drop-in=config.toml/a.toml"])
        .exits(66);
    assert!(run.stderr.contains("is not a folder"), "{run:?}");
    assert_eq!(node.text(), MAIN);
}

/// Beside the config a glob would load them, which it would not load in the folder of the drop-in.
#[test]
fn sidecars_of_a_drop_in_that_an_import_would_load_are_refused() {
    let node = Node::empty();
    let config = format!(
        "version = 3\nimports = ['{}/conf.d*']\n",
        node.folder().display()
    );
    fs::write(node.config(), &config).expect("writes");
    let run = node.run(&["add", "kata", "--drop-in"]).exits(78);
    assert!(
        run.stderr.contains("conf.d%2F50-manual.toml.prev"),
        "{run:?}"
    );
    assert_eq!(node.text(), config);
    assert!(!node.folder().join("conf.d").exists());
}

/// Two drop-ins of one name, and one of the config's name, in folders of their own.
#[test]
fn each_drop_in_has_sidecars_of_its_own() {
    let node = Node::with(MAIN);
    let places = [
        "conf.d/50-x.toml",
        "other.d/50-x.toml",
        "conf.d/config.toml",
    ];
    let handlers = ["kata", "spin", "crun"];
    let mut texts = Vec::new();
    for (place, handler) in places.iter().zip(handlers) {
        let flag = format!("--drop-in={place}");
        let add = ["add", handler, "--owner", handler, &flag];
        node.run(&add).exits(0);
        texts.push(text(&node.folder().join(place)));
        node.run(&[&add[..], &["--set", "snapshotter=x"]].concat())
            .exits(0);
    }
    for (place, before) in places.iter().zip(&texts) {
        let previous = format!("{}.prev", path_name(Path::new(place)));
        assert_eq!(text(&node.folder().join(&previous)), *before, "{previous}");
    }
    // A change of both is taken back from both.
    let changed = places.map(|place| text(&node.folder().join(place)));
    for handler in ["spin", "crun"] {
        node.run(&["remove", "--owner", handler]).exits(0);
    }
    node.run(&["undo"]).exits(0);
    assert_eq!(text(&node.folder().join(places[2])), changed[2]);
    for handler in handlers {
        node.run(&["remove", "--owner", handler]).exits(0);
    }
    assert_eq!(node.text(), MAIN);
}

/// Its ledger stands beside the config that imports it.
#[test]
fn a_drop_in_that_a_ledger_lists_is_no_config_of_its_own() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let path = drop_in(&node, "50-manual.toml");
    let (main, own) = (node.text(), text(&path));
    for arguments in [
        &["add", "spin"][..],
        &["remove", "kata"],
        &["remove", "--owner", "manual"],
        &["undo"],
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let mut command = crate::tool::tool();
            command
                .arg("--config")
                .arg(&path)
                .args(arguments)
                .args(more);
            let run = Run::of(&mut command).exits(78);
            let config = node.config().display().to_string();
            let said = format!("this is a drop-in of {config}, and has its ledger there");
            assert!(run.stderr.contains(&said), "{run:?}");
            let hint = format!("run the same command with `--config {config}`");
            assert!(run.stderr.contains(&hint), "{run:?}");
        }
    }
    assert_eq!((node.text(), text(&path)), (main, own));
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);
    // One that no ledger lists may be any config.
    let other = drop_in(&node, "theirs.toml");
    fs::write(&other, "version = 3\n").expect("writes");
    let mut command = crate::tool::tool();
    Run::of(command.arg("--config").arg(&other).args(["add", "spin"])).exits(0);
}

#[test]
fn a_dry_run_shows_every_file_and_writes_none() {
    let node = Node::with(MAIN);
    let run = node
        .run(&["add", "kata", "--drop-in", "--dry-run", "--exit-code"])
        .exits(10);
    let path = drop_in(&node, "50-manual.toml");
    assert!(
        run.stdout.contains(&format!("+++ {}\n", path.display())),
        "{run:?}"
    );
    assert!(
        run.stdout
            .contains(&format!("+++ {}\n", node.config().display())),
        "{run:?}"
    );
    assert_eq!(node.names(), ["config.toml"]);
    let run = node
        .run(&["add", "kata", "--drop-in", "-o", "json"])
        .exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let drop_ins = serde_json::json!([{"path": path, "changed": true}]);
    assert_eq!(report["drop_ins"], drop_ins);
    assert_eq!(report["changed"], true);
}

#[test]
fn a_change_of_the_drop_in_alone_is_logged_and_is_none_of_the_config() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    node.run(&["add", "crun", "--drop-in"]).exits(0);
    let log = node.run(&["log", "-o", "json"]).exits(0).stdout;
    let log: Value = serde_json::from_str(&log).expect("JSON");
    let last = &log["entries"][1];
    assert_eq!(last["before"], last["after"]);
    let path = drop_in(&node, "50-manual.toml");
    assert_eq!(last["drop_ins"][0]["path"], path.to_string_lossy().as_ref());
    assert_ne!(last["drop_ins"][0]["before"], last["drop_ins"][0]["after"]);
    let status = node.run(&["status"]).exits(0).stdout;
    assert!(status.contains("add crun"), "{status}");
    assert!(status.contains("changed since: no"), "{status}");
}

#[test]
fn the_flag_is_for_edits() {
    let node = Node::with(MAIN);
    for arguments in [
        &["list", "--drop-in"][..],
        &["check", "--drop-in"],
        &["status", "--drop-in=x"],
        &["add", "kata", "--drop-in", "--stdout"],
        &["add", "kata", "--drop-in="],
    ] {
        node.run(arguments).exits(2);
    }
}

/// Owner, mode and attributes of a drop-in are kept, as those of a config are.
#[test]
fn a_drop_in_keeps_its_mode() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let path = drop_in(&node, "50-manual.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
    node.run(&["add", "crun", "--drop-in"]).exits(0);
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn list_and_show_tell_what_containerd_makes_of_several_files() {
    let node = Node::with(format!(
        "version = 3\nimports = ['theirs.toml']\n[{RUNTIMES}.kata]\n\
         runtime_type = \"io.containerd.kata.v2\"\nprivileged_without_host_devices = true\n\
         pod_annotations = [\"io.katacontainers.*\"]\n"
    ));
    let theirs = format!(
        "version = 3\n[{RUNTIMES}.kata]\nsandboxer = 'x'\npod_annotations = ['x']\n\
         [{RUNTIMES}.kata.options]\nConfigPath = '/x'\n"
    );
    fs::write(node.folder().join("theirs.toml"), theirs).expect("writes");
    let shown = node.run(&["show", "kata"]).exits(0).stdout;
    let keys: Vec<&str> = shown.lines().filter(|line| line.contains(" = ")).collect();
    let wanted = [
        "runtime_type = \"io.containerd.kata.v2\"",
        "privileged_without_host_devices = true",
        "pod_annotations = [\"io.katacontainers.*\", \"x\"]",
        "sandboxer = \"x\"",
        "options.ConfigPath = \"/x\"",
    ];
    assert_eq!(keys, wanted, "{shown}");
    let theirs = node.folder().join("theirs.toml");
    assert!(
        shown.contains(&format!("# also {}:2\n", theirs.display())),
        "{shown}"
    );
    let show = node.run(&["show", "kata", "-o", "json"]).exits(0).stdout;
    let show: Value = serde_json::from_str(&show).expect("JSON");
    assert_eq!(show["settings"]["options"]["ConfigPath"], "/x");
    let list = node.run(&["list"]).exits(0).stdout;
    let merged = list.lines().find(|line| line.contains("theirs.toml"));
    let merged = merged.expect("it is listed");
    assert!(merged.ends_with("merged with the other"), "{list}");
    let list = node.run(&["list", "-o", "json"]).exits(0).stdout;
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let merged = &list["handlers"][1]["merged_on"];
    assert_eq!(
        *merged,
        serde_json::json!(["2.0", "2.1", "2.2", "2.3", "2.4"])
    );
    assert_eq!(list["handlers"][0]["merged_on"], serde_json::json!([]));
}

#[test]
fn status_tells_of_imported_files_that_list_handlers() {
    let node = Node::with("version = 3\nimports = ['theirs.toml', 'other.toml']\n");
    let theirs = format!("version = 3\n[{RUNTIMES}.theirs]\nruntime_type = 't'\n");
    fs::write(node.folder().join("theirs.toml"), theirs).expect("writes");
    fs::write(node.folder().join("other.toml"), "version = 3\n").expect("writes");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let status = node.run(&["status"]).exits(0).stdout;
    let begin = status.find("drop-in:").expect("there are some");
    let end = status.find("displaced").unwrap_or(status.len());
    let folder = format!("{}/", node.folder().display());
    let told = "drop-in:       theirs.toml, not created by this tool\n               \
        theirs  nobody's: not added by this tool\n\
        drop-in:       conf.d/50-manual.toml, created for manual\n               kata  manual\n";
    assert_eq!(status[begin..end].replace(&folder, ""), told);
}

/// What is printed must not be taken for all that would happen.
#[test]
fn stdout_is_refused_where_another_file_would_change_too() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let before = node.text();
    let run = node.run(&["remove", "kata", "--stdout"]).exits(2);
    assert_eq!(run.stdout, "");
    let other = node.folder().join("conf.d/50-manual.toml");
    let main = node.config();
    let said = format!("changes both {} and {}", main.display(), other.display());
    assert!(run.stderr.contains(&said), "{run:?}");
    assert!(run.stderr.contains("--dry-run"), "{run:?}");
    let add = ["add", "spin", "--stdout"];
    // It is printed where nothing else changes: the owner's drop-in, or another owner's config.
    for (owner, has_kata) in [("manual", true), ("other", false)] {
        let run = node.run(&[&add[..], &["--owner", owner]].concat()).exits(0);
        assert!(run.stdout.contains("runtimes.spin]"), "{run:?}");
        assert_eq!(run.stdout.contains("runtimes.kata]"), has_kata, "{run:?}");
    }
    // As it is, where nothing changes.
    let run = node.run(&["add", "kata", "--stdout"]).exits(0);
    assert_eq!(run.stdout, text(&other));
    assert_eq!(node.text(), before);
}

#[test]
fn a_stray_copy_of_a_ledger_says_nothing_of_the_config() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let copy = |name: &str, to: &str| {
        fs::copy(node.folder().join(name), node.folder().join(to)).expect("copies");
    };
    copy("config.toml.owners", "config.toml.bak.owners");
    fs::remove_file(node.ledger()).expect("removes");
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    fs::remove_file(node.ledger()).expect("removes");
    copy("config.toml", "config.toml.bak");
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    assert!(!node.text().is_empty());
}
