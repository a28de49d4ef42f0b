//! Drop-ins: files of their own that the config imports, from install to uninstall.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tool::{Node, Run};

const MAIN: &str = "# mine\nversion = 3\n\n[debug]\nlevel = 'info'\n";
const RUNTIMES: &str = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";

fn drop_in(node: &Node, name: &str) -> PathBuf {
    node.folder().join("conf.d").join(name)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("it is there")
}

/// What stands in the folder of drop-ins.
fn in_conf_d(node: &Node) -> Vec<String> {
    let entries = fs::read_dir(node.folder().join("conf.d")).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn imports(node: &Node, name: &str) -> String {
    let path = drop_in(node, name);
    format!(
        "imports = [\"{}\"] # containerd-edit v1 owner=manual was unset\n",
        path.display()
    )
}

fn identity(path: &Path) -> (u64, i64, i64) {
    let metadata = fs::metadata(path).expect("it is there");
    (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
}

#[test]
fn a_handler_comes_in_a_file_of_its_own_and_goes_without_a_trace() {
    let node = Node::with(MAIN);
    let path = drop_in(&node, "50-manual.toml");
    let run = node.run(&["add", "kata", "--drop-in"]).exits(0);
    let said = format!(
        "{}: added kata, created {}; restart containerd to load it\n",
        node.config().display(),
        path.display()
    );
    assert_eq!((run.stdout, run.stderr), (said, String::new()));
    let import = imports(&node, "50-manual.toml");
    let main = MAIN.replace("version = 3\n", &format!("version = 3\n{import}"));
    assert_eq!(node.text(), main);
    let own = text(&path);
    assert!(
        own.starts_with("# containerd-edit v1 owner=manual\nversion = 3\n\n"),
        "{own}"
    );
    assert!(own.contains(&format!("[{RUNTIMES}.kata]\n")), "{own}");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    assert_eq!(
        (mode(&path), mode(path.parent().expect("a folder"))),
        (0o644, 0o755)
    );
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);

    let before = (identity(&node.config()), identity(&path));
    let run = node
        .run(&["add", "kata", "--drop-in", "--exit-code"])
        .exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    assert_eq!((identity(&node.config()), identity(&path)), before);

    node.run(&["add", "kata", "--drop-in", "--set", "snapshotter=nydus"])
        .exits(0);
    assert_eq!(
        identity(&node.config()),
        before.0,
        "the config is left alone"
    );
    assert!(text(&path).contains("snapshotter = \"nydus\""));
    assert_eq!(text(&node.folder().join("50-manual.toml.prev")), own);
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);

    let run = node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert!(run.stdout.contains("removed kata, deleted "), "{run:?}");
    assert_eq!(node.text(), MAIN);
    let left = [
        "50-manual.toml.prev",
        "config.toml",
        "config.toml.lock",
        "config.toml.log",
        "config.toml.prev",
    ];
    assert_eq!(node.names(), left, "the folder is gone");
}

#[test]
fn a_config_is_created_to_import_the_drop_in_and_goes_with_it() {
    let node = Node::empty();
    node.run(&["add", "crun", "--drop-in=conf.d/crun.toml"])
        .exits(0);
    let import = imports(&node, "crun.toml");
    let created = format!("# containerd-edit v1 owner=manual\nversion = 2\n{import}");
    assert_eq!(node.text(), created);
    let own = text(&drop_in(&node, "crun.toml"));
    assert!(own.contains("version = 2\n"), "{own}");
    assert!(own.contains("# containerd-edit v1 implied\n"), "1.x: {own}");
    node.run(&["remove", "crun", "--drop-in=conf.d/crun.toml"])
        .exits(0);
    assert_eq!(node.bytes(), None);
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn a_config_without_a_version_gets_one_for_the_time_of_the_drop_in() {
    for config in ["", "# mine", "[debug]\nlevel = 'info'\n"] {
        let node = Node::with(config);
        node.run(&["add", "crun", "--drop-in"]).exits(0);
        assert!(
            node.text()
                .contains("version = 2 # containerd-edit v1 owner=manual set 2 was unset")
        );
        node.run(&["remove", "crun", "--drop-in"]).exits(0);
        assert_eq!(node.text(), config);
    }
}

#[test]
fn an_import_that_is_there_is_used() {
    for import in [
        "conf.d/*.toml",
        "FOLDER/conf.d/*.toml",
        "conf.d/50-manual.toml",
    ] {
        let node = Node::empty();
        let import = import.replace("FOLDER", &node.folder().to_string_lossy());
        let config = format!("version = 3\nimports = [\n  '{import}', # all of them\n]\n");
        fs::write(node.config(), &config).expect("writes");
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        node.run(&["add", "kata", "--drop-in"]).exits(0);
        assert_eq!(node.text(), config);
        assert_eq!(in_conf_d(&node), ["50-manual.toml"]);
        let listed = node.run(&["list"]).exits(0).stdout;
        assert!(listed.contains("kata"), "{listed}");
        if import.contains('*') {
            node.run(&["remove", "kata", "--drop-in"]).exits(0);
            assert_eq!(node.text(), config);
            assert_eq!(in_conf_d(&node), [""; 0], "the glob's folder stays");
        }
    }
}

/// A literal import of what is not there ends the daemon: it goes, whoever wrote it.
#[test]
fn an_import_of_what_goes_goes_too() {
    let node = Node::with("version = 3\nimports = ['conf.d/50-manual.toml', 'a.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    fs::write(node.folder().join("a.toml"), "version = 3\n").expect("writes");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(node.text(), "version = 3\nimports = ['a.toml']\n");
    // One that somebody has deleted by hand is found, too.
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    fs::remove_file(drop_in(&node, "50-manual.toml")).expect("removes");
    node.run(&["check"]).exits(78);
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(node.text(), "version = 3\nimports = ['a.toml']\n");
    node.run(&["check"]).exits(0);
}

#[test]
fn what_others_have_in_a_drop_in_stays_and_with_it_the_import() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let imported = node.text();
    let path = drop_in(&node, "50-manual.toml");
    let theirs = text(&path).replace("version = 3\n", "version = 3\n# theirs\n");
    fs::write(&path, theirs).expect("writes");
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(
        text(&path),
        "# containerd-edit v1 owner=manual\nversion = 3\n# theirs\n"
    );
    assert_eq!(node.text(), imported);
}

#[test]
fn two_owners_leave_in_either_order() {
    let config = "version = 3\nimports = [ ]\n";
    for first in ["a", "b"] {
        for original in [MAIN, config] {
            let node = Node::with(original);
            for owner in ["a", "b/c"] {
                let handler = owner.replace('/', "-");
                let arguments = ["add", &handler, "--preset", "crun", "--owner", owner];
                node.run(&[&arguments[..], &["--drop-in"]].concat())
                    .exits(0);
            }
            assert_eq!(in_conf_d(&node), ["50-a.toml", "50-b-c.toml"]);
            let mut owners = [("a", "50-a.toml"), ("b-c", "50-b-c.toml")];
            if first == "b" {
                owners.reverse();
            }
            for (handler, name) in owners {
                let flag = format!("--drop-in=conf.d/{name}");
                node.run(&["remove", handler, &flag]).exits(0);
            }
            assert_eq!(node.text(), original);
            assert!(!node.folder().join("conf.d").exists());
        }
    }
}

/// The import names the file where the host's containerd finds it.
#[test]
fn with_a_host_root_imports_are_paths_of_the_host() {
    let node = Node::empty();
    let etc = node.folder().join("etc/containerd");
    fs::create_dir_all(&etc).expect("creates");
    fs::write(etc.join("config.toml"), MAIN).expect("writes");
    let edit = |arguments: &[&str]| {
        let mut command = crate::tool::tool();
        command.args(["--host-root", &node.folder().to_string_lossy()]);
        command.args(["--config", "/etc/containerd/config.toml", "--drop-in"]);
        Run::of(command.args(arguments)).exits(0)
    };
    edit(&["add", "kata"]);
    let main = text(&etc.join("config.toml"));
    let import = "imports = [\"/etc/containerd/conf.d/50-manual.toml\"] #";
    assert!(main.contains(import), "{main}");
    assert!(etc.join("conf.d/50-manual.toml").is_file());
    assert!(etc.join("50-manual.toml.prev").symlink_metadata().is_err());
    edit(&["remove", "kata"]);
    assert_eq!(text(&etc.join("config.toml")), MAIN);
    assert!(!etc.join("conf.d").exists());
}

/// By the name that containerd is given, which is not where the file stands.
#[test]
fn the_drop_in_stands_beside_the_name_of_the_config() {
    let node = Node::empty();
    fs::create_dir(node.folder().join("real")).expect("creates");
    fs::write(node.folder().join("real/config.toml"), MAIN).expect("writes");
    symlink("real/config.toml", node.config()).expect("links");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    assert!(drop_in(&node, "50-manual.toml").is_file());
    assert!(node.text().contains(&imports(&node, "50-manual.toml")));
    assert!(node.run(&["list"]).exits(0).stdout.contains("kata"));
    node.run(&["add", "kata", "--drop-in", "--set", "snapshotter=x"])
        .exits(0);
    let previous = node.folder().join("real/50-manual.toml.prev");
    assert!(previous.is_file(), "beside the real config");
    assert_eq!(node.names(), ["conf.d", "config.toml", "real"]);
}

#[test]
fn what_an_imported_file_lists_is_said_when_it_is_removed_by_name() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let run = node.run(&["remove", "kata"]).exits(0);
    let path = drop_in(&node, "50-manual.toml");
    let said = format!(
        "kata is listed in {0}: `containerd-edit remove kata --drop-in={0}`",
        path.display()
    );
    assert!(run.stderr.contains(&said), "{run:?}");
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    // Another drop-in than the one that is named is said too.
    let run = node.run(&["remove", "kata", "--drop-in=conf.d/other.toml"]);
    assert!(run.exits(0).stderr.contains(&said));
    let run = node.run(&["remove", "kata", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["warnings"][0]["code"], "in-drop-in");
}

#[test]
fn version_1_x_would_lose_what_the_config_says_of_the_same_plugin() {
    let config = format!("version = 2\n[{OLD}]\nsandbox_image = 'x'\n");
    let node = Node::with(&config);
    let run = node.run(&["add", "kata", "--drop-in"]).exits(78);
    let said = format!(
        "containerd 1.6 and 1.7 take {OLD} from the drop-in alone, and would lose what config.toml \
         says in it"
    );
    assert!(run.stderr.contains(&said), "{run:?}");
    assert_eq!(node.text(), config);
    assert!(!node.folder().join("conf.d").exists());
    let run = node
        .run(&["add", "kata", "--drop-in", "-o", "json"])
        .exits(78);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["error"]["code"], "lossy-drop-in");
    // Where only 2.x runs, nothing is lost.
    node.run(&["add", "kata", "--drop-in", "--containerd-version", "2.1"])
        .exits(0);
    // Whoever comes next on 1.x does not get it worse; and it can leave again.
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(node.text(), config);
    // Two drop-ins have the same plugin table.
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let other = ["add", "crun", "--drop-in", "--owner", "other"];
    let run = node.run(&other).exits(78);
    let said = format!(
        "take {OLD} from one file alone, and {} has it too",
        drop_in(&node, "50-manual.toml").display()
    );
    assert!(run.stderr.contains(&said), "{run:?}");
}

#[test]
fn config_and_drop_in_are_of_one_version() {
    for (main, own, said) in [
        ("version = 2\n", "version = 3\n", "is of config version 3"),
        ("version = 3\n", "version = 2\n", "is of config version 2"),
        ("version = 3\n", "# mine\n", "names no config version"),
    ] {
        let node = Node::with(main);
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        fs::write(drop_in(&node, "50-manual.toml"), own).expect("writes");
        let run = node.run(&["add", "kata", "--drop-in"]).exits(78);
        assert!(run.stderr.contains(said), "{run:?}");
        assert_eq!(node.text(), main);
        assert_eq!(text(&drop_in(&node, "50-manual.toml")), own);
    }
    for main in ["version = 1\n", "[plugins.cri]\n"] {
        let node = Node::with(main);
        let run = node
            .run(&["add", "kata", "--drop-in", "-o", "json"])
            .exits(78);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(report["error"]["code"], "drop-in-version", "{report}");
        assert_eq!(node.text(), main);
    }
}

#[test]
fn what_can_not_be_a_drop_in_is_refused() {
    for (path, said) in [
        ("config.toml", "that is the config itself"),
        ("config.toml.lock", "that is the lock file"),
        ("config.toml.log", "that is the operation log"),
        ("config.toml.prev", "that is the previous config"),
        ("conf.d/config.toml", "it has the name of the config"),
        ("conf.d/*.toml", "a pattern"),
        ("conf.d/", "it names no file"),
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
    assert!(run.stderr.contains("is no folder"), "{run:?}");
    assert_eq!(node.text(), MAIN);
}

/// Beside the config a glob would load them, which it would not load in the folder of the drop-in.
#[test]
fn sidecars_of_a_drop_in_that_an_import_would_load_are_refused() {
    let node = Node::empty();
    let config = format!(
        "version = 3\nimports = ['{}/50-*']\n",
        node.folder().display()
    );
    fs::write(node.config(), &config).expect("writes");
    let run = node.run(&["add", "kata", "--drop-in"]).exits(78);
    assert!(run.stderr.contains("50-manual.toml.prev"), "{run:?}");
    assert_eq!(node.text(), config);
    assert!(!node.folder().join("conf.d").exists());
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
        &["--drop-in", "check"],
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

/// What an installer wants as a whole.
fn patch_file(handlers: &[&str]) -> String {
    let mut text = "owner = 'kata-deploy'\n".to_owned();
    for name in handlers {
        let handler = ["[handlers.", name, "]\nruntime_type = 't.v2'\n"];
        text.push_str(&handler.concat());
    }
    text
}

/// Applies such a file.
fn apply(node: &Node, handlers: &[&str], arguments: &[&str]) -> Run {
    let file = node.folder().join("wanted");
    fs::write(&file, patch_file(handlers)).expect("writes");
    let file = file.to_string_lossy();
    let run = node.run(&[&["apply", &*file], arguments].concat()).exits(0);
    fs::remove_file(&*file).expect("removes");
    run
}

#[test]
fn an_upgrade_changes_the_drop_in_alone_and_an_owner_takes_its_file_along() {
    let node = Node::with(MAIN);
    let default = ["set-default", "--drop-in", "--owner", "kata-deploy", "kata"];
    apply(&node, &["kata", "kata-old"], &["--drop-in"]);
    node.run(&default).exits(0);
    let imported = node.text();
    let path = drop_in(&node, "50-kata-deploy.toml");
    let run = apply(&node, &["kata", "kata-new"], &["--drop-in", "--prune"]);
    assert!(run.stdout.contains("added kata-new"), "{run:?}");
    assert!(run.stdout.contains("removed kata-old"), "{run:?}");
    assert_eq!(node.text(), imported);
    let own = text(&path);
    assert!(
        own.contains("kata-new") && !own.contains("kata-old"),
        "{own}"
    );
    let again = apply(
        &node,
        &["kata", "kata-new"],
        &["--drop-in", "--prune", "--exit-code"],
    );
    assert!(again.stdout.contains("nothing to do"), "{again:?}");
    // Without a word of the drop-in.
    let run = node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    assert!(
        run.stdout.contains("removed kata, kata-new, deleted "),
        "{run:?}"
    );
    assert_eq!(node.text(), MAIN);
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn an_owner_takes_its_drop_ins_along_wherever_they_are_imported_from() {
    let node = Node::with(MAIN);
    for (name, handler) in [("a.toml", "aa"), ("b.toml", "bb")] {
        let flag = format!("--drop-in=conf.d/{name}");
        let add = ["add", handler, "--preset", "crun", "--owner", "ops", &flag];
        node.run(&add).exits(0);
    }
    let other = [
        "add",
        "cc",
        "--preset",
        "crun",
        "--owner",
        "other",
        "--drop-in",
    ];
    node.run(&other).exits(0);
    node.run(&["add", "dd", "--preset", "crun", "--owner", "ops"])
        .exits(0);
    node.run(&["remove", "--owner", "ops"]).exits(0);
    assert_eq!(in_conf_d(&node), ["50-other.toml"]);
    assert!(node.text().contains("imports = [\""), "{}", node.text());
    let listed = node.run(&["list"]).exits(0).stdout;
    assert!(listed.contains("cc") && !listed.contains("aa"), "{listed}");
    assert!(!listed.contains("dd"), "{listed}");
    node.run(&["remove", "--owner", "other"]).exits(0);
    assert_eq!(node.text(), MAIN);
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn an_installer_changes_from_the_config_to_a_drop_in_and_back() {
    for main in [MAIN, "version = 2\n"] {
        let node = Node::with(main);
        apply(&node, &["kata", "kata-old"], &[]);
        let in_config = node.text();
        let run = apply(&node, &["kata"], &["--drop-in", "--prune"]);
        assert!(
            run.stdout.contains("changed kata, removed kata-old"),
            "{run:?}"
        );
        assert!(!node.text().contains("kata]"), "{}", node.text());
        assert!(text(&drop_in(&node, "50-kata-deploy.toml")).contains("kata]"));
        let run = apply(&node, &["kata", "kata-old"], &["--prune"]);
        assert!(run.stdout.contains("deleted "), "{run:?}");
        assert_eq!(node.text(), in_config);
        assert!(!node.folder().join("conf.d").exists());
        node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
        assert_eq!(node.text(), main);
    }
}

/// Keys of other plugins than CRI come and go in a drop-in, too.
#[test]
fn keys_of_every_table_go_to_the_drop_in() {
    let node = Node::with("version = 3\n");
    let wanted = "owner = 'x'\ndefault = 'kata'\n\
        [handlers.kata]\nruntime_type = 'k.v2'\nsnapshotter = 'nydus'\n\
        [cri]\nenable_cdi = true\n[debug]\nlevel = 'debug'\n\
        [proxy_plugins.nydus]\ntype = 'snapshot'\naddress = '/run/nydus.sock'\n";
    let file = node.folder().join("wanted");
    fs::write(&file, wanted).expect("writes");
    let file = file.to_string_lossy().into_owned();
    node.run(&["apply", &file, "--drop-in", "--prune"]).exits(0);
    let own = text(&drop_in(&node, "50-x.toml"));
    for key in [
        "enable_cdi",
        "level",
        "nydus.sock",
        "default_runtime_name",
        "runtime_platforms",
    ] {
        assert!(own.contains(key), "{key}: {own}");
    }
    let again = node.run(&["apply", &file, "--drop-in", "--prune"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{again:?}");
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn a_folder_that_a_link_leads_to_stays() {
    let node = Node::with(MAIN);
    fs::create_dir(node.folder().join("elsewhere")).expect("creates");
    symlink("elsewhere", node.folder().join("conf.d")).expect("links");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    assert!(node.folder().join("elsewhere/50-manual.toml").is_file());
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(node.text(), MAIN);
    assert_eq!(in_conf_d(&node), [""; 0]);
}

#[test]
fn a_handler_that_another_owner_has_in_another_file_is_not_taken_over_unasked() {
    let add = |node: &Node, owner: &str, more: &[&str]| {
        let add = ["add", "kata", "--owner", owner];
        node.run(&[&add[..], more].concat())
    };
    // In the config, or in a drop-in; by a drop-in, or by the config.
    for (first, second) in [
        (&[][..], &["--drop-in"][..]),
        (&["--drop-in"], &["--drop-in"]),
        (&["--drop-in"], &[]),
    ] {
        let node = Node::with(MAIN);
        add(&node, "a", first).exits(0);
        let before = node.text();
        let run = add(&node, "b", second).exits(78);
        let said = "the handler kata belongs to a";
        assert!(run.stderr.contains(said), "{run:?}");
        assert_eq!(node.text(), before);
        add(&node, "b", &[second, &["--take-over"]].concat()).exits(0);
        let again = add(&node, "b", second).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        for owner in ["a", "b"] {
            node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(node.text(), MAIN);
    }
}
