//! `status`: owners and what of their wants is in force, for whoever may read how much.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::tool::{Node, Run, tool_path};

/// The lines about owners, without the folder.
fn owners(node: &Node, run: &Run) -> Vec<String> {
    let folder = format!("{}/", node.folder().display());
    let text = run.stdout.replace(&folder, "");
    let lines = text.lines().skip_while(|line| !line.starts_with("owners:"));
    let lines = lines.take_while(|line| !line.starts_with("handlers:"));
    let lines = lines.map(|line| line[14..].trim_end().to_owned());
    lines.collect()
}

#[test]
fn each_owner_is_shown_with_what_is_not_in_force_and_why() {
    let node = Node::with("version = 3\nimports = ['z.toml']\n");
    let later = node.folder().join("z.toml");
    fs::write(&later, "version = 3\n").expect("writes");
    let limit = "plugins.\"io.containerd.cri.v1.images\".max_concurrent_downloads";
    node.run(&["add", "kata", "--owner", "kata-deploy"])
        .exits(0);
    let set = |setting: &str, owner: &str| {
        let run = ["set", setting, "--owner", owner, "--take-over"];
        node.run(&run).exits(0);
    };
    set("debug.level=debug", "ops");
    set(&format!("{limit}=5"), "ops");
    set("debug.address=/run/debug.sock", "ops");
    set("disabled_plugins=io.containerd.nri.v1.nri", "ops");
    node.run(&["status", "--exit-code"]).exits(0);
    set("debug.level=info", "late");
    let text = node.text().replace("= 5", "= 7");
    let lines = text
        .lines()
        .filter(|line| !line.contains("pod_annotations"));
    let lines: Vec<&str> = lines.filter(|line| !line.contains("disabled")).collect();
    fs::write(node.config(), lines.join("\n") + "\n").expect("writes");
    fs::write(&later, "version = 3\n[debug]\naddress = '/x'\n").expect("writes");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    let wanted = [
        " kata-deploy: 3 keys, 1 not in force",
        "   missing: handlers.kata.pod_annotations",
        " late: 1 key, in force",
        " ops: 4 keys, 4 not in force",
        "   overridden in z.toml: debug.address",
        "   overridden by late: debug.level",
        "   missing: disabled_plugins=io.containerd.nri.v1.nri",
        &format!("   set by hand in config.toml: {limit}"),
    ];
    assert_eq!(owners(&node, &run), wanted, "{run:#?}");
    let run = node.run(&["status", "-o", "json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(status["owners"][1]["name"], "late");
    assert_eq!(status["owners"][1]["not_in_force"], json!([]));
    let by_hand = json!({
        "key": limit,
        "why": "set-by-hand",
        "by": null,
        "file": node.config().display().to_string(),
        "line": 1 + lines.iter().position(|line| line.contains("= 7")).expect("a line"),
    });
    assert_eq!(status["owners"][2]["not_in_force"][3], by_hand, "{status}");
    let quiet = node.run(&["-q", "status", "--exit-code"]).exits(10);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

/// What an owner has had removed is in force while it is away.
#[test]
fn a_key_that_is_to_be_away_and_is_back_is_not_in_force() {
    let node = Node::with("version = 3\n[debug]\nlevel = 'info'\n");
    node.run(&["unset", "debug.level", "--owner", "ops"])
        .exits(0);
    node.run(&["status", "--exit-code"]).exits(0);
    fs::write(node.config(), "version = 3\n[debug]\nlevel = 'info'\n").expect("writes");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    let said = " ops: 1 key, 1 not in force";
    assert_eq!(owners(&node, &run)[0], said, "{run:#?}");
}

#[test]
fn who_has_left_is_shown_until_it_comes_back() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "kata-deploy"])
        .exits(0);
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    let run = node.run(&["status", "--exit-code"]).exits(0);
    let left = |run: &Run| {
        run.stdout
            .contains("\nleft:          kata-deploy, removed at 2")
    };
    assert!(left(&run), "{run:#?}");
    let run = node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    let said = ": nothing to do: kata-deploy was removed at 2";
    assert!(run.stdout.contains(said), "{run:#?}");
    node.run(&["add", "kata", "--owner", "kata-deploy"])
        .exits(0);
    let run = node.run(&["status"]).exits(0);
    assert!(!left(&run), "{run:#?}");
}

/// Every file beside the config is its owner's alone.
#[test]
fn an_ordinary_user_sees_what_it_may_and_is_told_the_rest_is_unknown() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata"]).exits(0);
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
    mode(node.folder(), 0o755).expect("the folder is ours");
    mode(&node.config(), 0o644).expect("the config is ours");
    let program = node.folder().join("containerd-edit");
    fs::copy(tool_path(), &program).expect("copies");
    let is_root = fs::metadata(node.config()).expect("it is there").uid() == 0;
    if !is_root {
        for sidecar in ["owners", "owners.prev", "lock", "log"] {
            let path = node.folder().join(format!("config.toml.{sidecar}"));
            mode(&path, 0).expect("the file is ours");
        }
    }
    let ask = |more: &[&str]| {
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.arg("--config").arg(node.config());
        Run::of(command.args(more))
    };
    let run = ask(&["status"]).exits(0);
    for line in [
        "\nversion:       3\n",
        "\nheld:          can't be seen\n",
        "\nowners:        unknown: cannot read the ledger: Permission denied",
        "\nhandlers:      kata  unknown\n",
    ] {
        assert!(run.stdout.contains(line), "{line}: {run:#?}");
    }
    assert!(run.stdout.contains("which can't be read"), "{run:#?}");
    ask(&["status", "--exit-code"]).exits(10);
    for (verb, owner) in [
        (&["status"][..], "/handlers/0/owner"),
        (&["list"], "/handlers/0/owner"),
        (&["show", "kata"], "/owner"),
        (&["get", "handlers.kata"], "/owner"),
    ] {
        let run = ask(&[verb, &["-o", "json"]].concat()).exits(0);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert!(report["ledger_error"].is_string(), "{report}");
        assert_eq!(report.pointer(owner), Some(&Value::Null), "{report}");
    }
    let run = ask(&["list"]).exits(0);
    let row = run.stdout.lines().find(|row| row.starts_with("kata "));
    assert!(row.is_some_and(|it| it.contains("unknown")), "{run:#?}");
    let said = "owners are unknown: cannot read the ledger: Permission denied";
    assert!(run.stderr.starts_with(said), "{run:#?}");
    let run = ask(&["show", "kata"]).exits(0);
    assert!(run.stdout.contains("owner unknown"), "{run:#?}");
    let run = ask(&["get", "handlers.kata.runtime_type"]).exits(0);
    assert_eq!(run.stdout, "io.containerd.kata.v2\n");
}

#[test]
fn of_a_config_that_cannot_be_read_nothing_is_known_to_be_in_force() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata"]).exits(0);
    fs::write(node.config(), "version = 3\n\"3s\"\n").expect("writes");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    let said = " manual: 3 keys; whether they are in force is unknown";
    assert_eq!(owners(&node, &run), [said], "{run:#?}");
}

/// A daemon that is asked and does not answer is no error, and none is asked about a file that was
/// named alone.
#[test]
#[cfg(feature = "cri")]
fn a_daemon_that_does_not_answer_is_unknown() {
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["status", "--cri-endpoint", "/nowhere/c.sock"])
        .exits(0);
    let said = "\ndaemon:        unknown: no daemon answers: there is no such socket\n";
    assert!(run.stdout.ends_with(said), "{run:#?}");
    let named = ["status", "--exit-code", "--cri-endpoint", "/nowhere/c.sock"];
    node.run(&named).exits(0);
    let run = node.run(&["status"]).exits(0);
    assert!(!run.stdout.contains("daemon:"), "{run:#?}");
}

/// Whatever the owners want: with nothing to serve it is not in force.
#[test]
fn a_config_that_serves_nowhere_is_not_in_force() {
    for (config, said) in [
        ("version = 3\n", "on containerd 2.0–2.4"),
        ("", "on containerd 1.6–2.4"),
    ] {
        let node = Node::with(config);
        let run = node.run(&["status", "--exit-code"]).exits(0);
        let said = format!("\nserves:        {said}\n");
        assert!(run.stdout.contains(&said), "{run:#?}");
        fs::remove_file(node.config()).expect("there");
        let run = node.run(&["status", "--exit-code"]).exits(0);
        let said = "\nserves:        on containerd 1.6–2.4\n";
        assert!(run.stdout.contains(said), "{run:#?}");
    }
    let cri = "plugins.'io.containerd.cri.v1.runtime'.containerd";
    for config in [
        &format!("version = 3\n[{cri}]\ndefault_runtime_name = 'gone'\n"),
        "version = 3\ndisabled_plugins = ['io.containerd.cri.v1.runtime']\n",
        "version = 7\n",
        "version = 3\n\"3s\"\n",
    ] {
        let node = Node::with(config);
        node.run(&["status"]).exits(0);
        let run = node.run(&["status", "--exit-code"]).exits(10);
        let said = format!(
            "\nserves:        on no containerd release: see {}\n",
            node.hinted("check")
        );
        assert!(run.stdout.contains(&said), "{run:#?}");
        let json = node.run(&["status", "-o", "json"]).exits(0);
        let status: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!(status["serves"], json!([]), "{config}");
        node.run(&["check"])
            .exits(if config.contains("3s") { 65 } else { 78 });
    }
}

/// Each file that no edit can start from is named, with what is wrong with it.
#[test]
fn what_is_broken_is_named() {
    let node = Node::with("version = 'x'\n");
    let run = node.run(&["status"]).exits(0);
    let config = node.config();
    let line = format!(
        "\nbroken:        {}: version is a string where an integer belongs (line 1)\n",
        config.display()
    );
    assert!(run.stdout.contains(&line), "{run:#?}");
    assert!(!run.stdout.contains("not valid TOML"), "{run:#?}");
    fs::write(&config, "version = 3\n").expect("writes");
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    node.run(&["add", "kata", "--owner", "b"]).exits(0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    fs::remove_file(&drop_in).expect("removes");
    fs::create_dir(&drop_in).expect("creates");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    let line = format!("\nbroken:        {}: this is a folder", drop_in.display());
    assert!(run.stdout.contains(&line), "{run:#?}");
    assert!(
        run.stdout.contains("\nhandlers:      kata  b\n"),
        "{run:#?}"
    );
    let run = node.run(&["status", "-o", "json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(status["broken"][0]["path"], json!(drop_in), "{status:#}");
    assert_eq!(status["hint"], json!(null), "no text takes its place");
}

/// The report for people has the same next step.
#[test]
fn the_way_back_is_named() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun"]).exits(0);
    fs::write(node.config(), "[").expect("writes");
    let run = node.run(&["status", "-o", "json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let hint = status["hint"].as_str().expect("a next step");
    assert!(hint.contains(&node.hinted("restore")), "{hint}");
    let text = node.run(&["status"]).exits(0).stdout;
    assert!(text.contains(hint), "{text}");
    node.run(&["restore"]).exits(0);
    let run = node.run(&["status", "-o", "json"]).exits(0);
    assert!(run.stdout.contains("\"hint\":null"), "{run:#?}");
}

#[test]
fn the_files_that_others_have_changed_are_named() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    node.run(&["add", "kata", "--owner", "b"]).exits(0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    let changed = || {
        let run = node.run(&["status", "-o", "json"]).exits(0);
        let status: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let files = status["changed_files"].clone();
        assert_eq!(status["changed_since"], json!(files != json!([])));
        files
    };
    assert_eq!(changed(), json!([]));
    let text = fs::read_to_string(&drop_in).expect("readable");
    fs::write(&drop_in, text + "# theirs\n").expect("writes");
    assert_eq!(changed(), json!([drop_in]));
    let run = node.run(&["status"]).exits(0);
    let line = format!("\n                 {}\n", drop_in.display());
    assert!(run.stdout.contains(&line), "{run:#?}");
    fs::write(node.config(), node.text() + "# theirs\n").expect("writes");
    assert_eq!(changed(), json!([node.config(), drop_in]));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(changed(), json!([]));
}

#[test]
fn a_drop_in_is_its_creators_when_that_one_names_another() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let other = ["set", "debug.level=debug", "--drop-in=conf.d/60-a.toml"];
    node.run(&[&other[..], &["--owner", "a"]].concat()).exits(0);
    let run = node.run(&["status"]).exits(0);
    for name in ["50-a", "60-a"] {
        let line = format!("conf.d/{name}.toml, created for a\n");
        assert!(run.stdout.contains(&line), "{run:#?}");
    }
}

/// Whatever stands in the place of a sidecar, the rest is shown.
#[test]
fn a_ledger_that_cannot_be_read_costs_the_owners_alone() {
    let node = Node::with("version = 3\n");
    for name in ["crun", "kata"] {
        node.run(&["add", name]).exits(0);
    }
    fs::write(node.ledger(), "x").expect("writes");
    let previous = node.folder().join("config.toml.prev");
    fs::remove_file(&previous).expect("removes");
    fs::create_dir(&previous).expect("creates");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    let ledger = node.ledger();
    let ledger = ledger.display();
    for line in [
        "\nowners:        unknown: the ledger can't be read: expected value: ",
        &format!(": `cp {ledger}.prev {ledger}`\n"),
        "\nprevious:      none\n",
        "\nhandlers:      crun  unknown\n",
    ] {
        assert!(run.stdout.contains(line), "{line}: {run:#?}");
    }
    let run = node.run(&["restore"]).exits(0);
    assert!(run.stdout.contains("is not known to be what"), "{run:#?}");
}
