//! From install to uninstall: a file of its own, its import and its folder come and go.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::Value;

use crate::tool::{Node, Run, SIDECARS, drop_comments};

use super::{MAIN, RUNTIMES, drop_in, identity, imports, in_conf_d, path_name, text};

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
    let block = "version = 3\n\n# containerd-edit owner=manual\n[";
    assert!(own.starts_with(block), "{own}");
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
    assert_eq!(
        text(&node.folder().join("conf.d%2F50-manual.toml.prev")),
        own
    );
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);

    let run = node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert!(run.stdout.contains("removed kata, deleted "), "{run:?}");
    assert_eq!(node.text(), MAIN);
    let left = [&["conf.d%2F50-manual.toml.prev"], &SIDECARS[..]].concat();
    assert_eq!(node.names(), left, "the folder is gone");
}

/// Whoever emptied it has left it to its owner, whatever other owners do meanwhile.
#[test]
fn a_drop_in_that_somebody_has_emptied_goes_with_its_owner() {
    for emptied in ["", "\n"] {
        for import in ["", "imports = [\"conf.d/*.toml\"]\n"] {
            let config = format!("version = 3\n{import}");
            let node = Node::with(&config);
            node.run(&["add", "kata", "--owner", "a", "--drop-in"])
                .exits(0);
            let path = drop_in(&node, "50-a.toml");
            fs::write(&path, emptied).expect("writes");
            let crun = ["crun", "--owner", "b", "--no-drop-in"];
            node.run(&[&["add"], &crun[..]].concat()).exits(0);
            assert_eq!(text(&path), emptied);
            node.run(&["remove", "--owner", "a"]).exits(0);
            assert!(!path.exists());
            node.run(&["remove", "--owner", "b"]).exits(0);
            assert_eq!(node.text(), config);
            assert!(!node.folder().join("conf.d").exists());
        }
    }
}

#[test]
fn a_config_is_created_to_import_the_drop_in_and_goes_with_it() {
    let node = Node::empty();
    node.run(&["add", "crun", "--drop-in=conf.d/crun.toml"])
        .exits(0);
    let import = imports(&node, "crun.toml");
    let created = format!("version = 2\n{import}");
    assert_eq!(node.text(), created);
    let own = text(&drop_in(&node, "crun.toml"));
    assert!(own.contains("version = 2\n"), "{own}");
    assert!(
        own.contains("# containerd-edit owner=implied\n"),
        "1.x: {own}"
    );
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
        assert!(node.text().contains("version = 2\n"), "{}", node.text());
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
                let owner = if handler == "a" { "a" } else { "b/c" };
                let remove = ["remove", handler, &flag, "--owner", owner];
                node.run(&remove).exits(0);
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
        command.args(["--config", "/etc/containerd/config.toml"]);
        Run::of(command.args(arguments).arg("--drop-in")).exits(0)
    };
    edit(&["add", "kata"]);
    let main = text(&etc.join("config.toml"));
    let import = "imports = [\"/etc/containerd/conf.d/50-manual.toml\"]\n";
    assert!(main.contains(import), "{main}");
    assert!(etc.join("conf.d/50-manual.toml").is_file());
    assert!(
        etc.join("conf.d%2F50-manual.toml.prev")
            .symlink_metadata()
            .is_err()
    );
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
    let name = path_name(&drop_in(&node, "50-manual.toml"));
    let previous = node.folder().join(format!("real/{name}.prev"));
    assert!(previous.is_file(), "beside the real config");
    assert_eq!(node.names(), ["conf.d", "config.toml", "real"]);
}

#[test]
fn a_handler_goes_by_name_wherever_this_tool_has_put_it() {
    for flags in [&[][..], &["--drop-in=conf.d/other.toml"], &["--drop-in"]] {
        let node = Node::with(MAIN);
        let remove = [&["remove", "kata", "--owner", "x"], flags].concat();
        for place in [&["--drop-in"][..], &[]] {
            let add = ["add", "kata", "--owner", "x"];
            node.run(&[&add[..], place].concat()).exits(0);
            let run = node.run(&remove).exits(0);
            assert!(run.stdout.contains("removed kata"), "{run:?}");
            assert_eq!(run.stderr, "");
            assert_eq!(node.text(), MAIN);
            assert!(!node.folder().join("conf.d").exists());
        }
        let run = node.run(&remove).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:?}");
    }
    // Only one of its own.
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "x"])
        .exits(0);
    let before = node.text();
    for other in [&[][..], &["--owner", "y"], &["--owner", "y", "--drop-in"]] {
        let run = node.run(&[&["remove", "kata"], other].concat()).exits(78);
        assert!(run.stderr.contains("kata belongs to x"), "{run:?}");
        assert_eq!(node.text(), before);
    }
    node.run(&["remove", "kata", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), MAIN);
}

/// The ledger says whose it is, whatever becomes of comments and of the operation log.
#[test]
fn a_drop_in_whose_comments_are_gone_goes_with_its_owner() {
    for log in [&[][..], &["--log", "none"]] {
        for leave in [
            &["remove", "--owner", "a"][..],
            &["remove", "--owner", "a", "--drop-in"],
            &["apply", "FILE", "--prune"],
            &["apply", "FILE", "--prune", "--drop-in"],
        ] {
            let node = Node::with(MAIN);
            let run = |arguments: &[&str]| node.run(&[arguments, log].concat()).exits(0);
            for name in ["kata", "spin"] {
                run(&["add", name, "--drop-in", "--owner", "a"]);
            }
            let path = drop_in(&node, "50-a.toml");
            drop_comments(&path);
            let (main, own) = (node.text(), text(&path));
            // Another owner's removal has nothing to do with it.
            assert_eq!(run(&["remove", "--owner", "b"]).stderr, "");
            assert_eq!((node.text(), text(&path)), (main, own));
            let status = run(&["status", "-o", "json"]).stdout;
            let status: Value = serde_json::from_str(&status).expect("JSON");
            let listed = &status["drop_ins"][0];
            assert_eq!(listed["created_for"], "a", "{status}");
            assert_eq!(listed["handlers"][0]["owner"], "a", "{status}");

            let nothing = node.folder().join("nothing.toml");
            fs::write(&nothing, "owner = 'a'\n").expect("writes");
            let file = nothing.to_str().expect("UTF-8");
            let words = leave
                .iter()
                .map(|&word| if word == "FILE" { file } else { word });
            let left = run(&words.collect::<Vec<&str>>());
            assert_eq!(left.stderr, "", "{leave:?}");
            assert_eq!(node.text(), MAIN, "{leave:?}");
            assert!(!node.folder().join("conf.d").exists());
        }
    }
}

/// Neither what the user says nor what others do is covered up.
#[test]
fn a_default_whose_comment_is_gone_goes_with_its_handler() {
    let main = format!(
        "version = 3\n[{RUNTIMES}.crun]\nruntime_type = 'io.containerd.runc.v2'\n\
         [{}]\ndefault_runtime_name = 'crun'\n",
        RUNTIMES.strip_suffix(".runtimes").expect("it ends so")
    );
    let node = Node::with(&main);
    let add = ["add", "kata", "--default", "--drop-in", "--owner"];
    node.run(&[&add[..], &["b"]].concat()).exits(0);
    let of_b = (node.text(), text(&drop_in(&node, "50-b.toml")));
    let path = drop_in(&node, "50-z.toml");
    for by in [&["spin", "--owner", "z"][..], &["--owner", "z"]] {
        node.run(&["add", "spin", "--default", "--drop-in", "--owner", "z"])
            .exits(0);
        drop_comments(&path);
        node.run(&[&["remove"], by].concat()).exits(0);
        let list = node.run(&["list", "-o", "json"]).exits(0).stdout;
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let mut handlers = list["handlers"].as_array().expect("handlers").iter();
        let default = handlers.find(|handler| handler["default"] == true);
        assert_eq!(default.expect("one")["name"], "kata", "{list}");
        assert!(!path.exists(), "{}", text(&path));
        assert_eq!((node.text(), text(&drop_in(&node, "50-b.toml"))), of_b);
    }
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), main);
}

/// The blank lines stay where another program has dropped comments of handlers alone.
#[test]
fn a_drop_in_of_which_blank_lines_are_left_goes() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "a"])
        .exits(0);
    let path = drop_in(&node, "50-a.toml");
    let own = text(&path);
    fs::write(&path, own.replace("# containerd-edit owner=a", "")).expect("writes");
    node.run(&["remove", "kata", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), MAIN);
    assert!(!path.exists(), "{}", text(&path));
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

/// Its file may have gone before its owner.
#[test]
fn the_folder_goes_with_its_owner_also_once_somebody_has_deleted_the_drop_in() {
    for last in [&["remove", "--owner", "a"][..], &["undo"]] {
        let node = Node::with(MAIN);
        node.run(&["add", "kata", "--owner", "a", "--drop-in"])
            .exits(0);
        fs::remove_file(drop_in(&node, "50-a.toml")).expect("removes");
        node.run(last);
        assert_eq!(node.text(), MAIN);
        assert!(!node.folder().join("conf.d").exists(), "{last:?}");
    }
}

/// It would be made again with the next file in it.
#[test]
fn the_folder_goes_with_the_last_key_in_it_though_its_owner_stays() {
    let node = Node::with("version = 3\n");
    node.run(&["set", "debug.address=/x", "--owner", "a"])
        .exits(0);
    let before = node.names();
    for _ in 0..2 {
        node.run(&["add", "crun", "--owner", "a", "--drop-in"])
            .exits(0);
        assert_eq!(in_conf_d(&node), ["50-a.toml"]);
        node.run(&["remove", "crun", "--owner", "a"]).exits(0);
        let names = node.names();
        let left = names.iter().filter(|name| !name.contains("50-a.toml"));
        assert_eq!(left.collect::<Vec<_>>(), before.iter().collect::<Vec<_>>());
    }
}

/// Its own imports are no reason to keep it.
#[test]
fn a_drop_in_that_imports_others_goes_without_a_trace() {
    let node = Node::with("");
    let patch = node.folder().join("patch");
    for imports in ["", "imports = ['/x/y.d/*.toml']\n"] {
        let text = format!("owner = 'a'\n{imports}[handlers.nvidia]\n");
        fs::write(&patch, text).expect("writes");
        let patch = patch.to_string_lossy();
        node.run(&["apply", &patch, "--prune", "--drop-in"])
            .exits(0);
    }
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "");
    let ledger = fs::read_to_string(node.ledger()).expect("a ledger");
    let ledger: Value = serde_json::from_str(&ledger).expect("JSON");
    assert_eq!(ledger["entries"], Value::Array(Vec::new()));
}

/// Its plugins say how it is spelled: whoever has taken its version out has moved none of them.
#[test]
fn a_drop_in_that_has_lost_its_version_gives_back_what_was_put_into_it() {
    for version in ["version = 2\n", "version = 3\n"] {
        let node = Node::with(version);
        let keys = [
            "plugins.cri.registry.config_path=/etc/certs",
            "plugins.cri.cni.bin_dir=/opt/cni",
        ];
        let drop_in = "--drop-in=conf.d/20.toml";
        node.run(&["add", "kata", "--owner", "a", drop_in]).exits(0);
        node.run(&["set", keys[0], keys[1], "--owner", "a", drop_in])
            .exits(0);
        let path = node.folder().join("conf.d/20.toml");
        let text = fs::read_to_string(&path).expect("a drop-in");
        fs::write(&path, text.replacen(version, "", 1)).expect("writes");
        let run = node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(run.stdout.contains("removed kata"), "{run:#?}");
        assert!(!path.exists(), "{version}");
        assert_eq!(node.text(), version);
    }
}

/// It is nobody's then, and no command reaches it.
#[test]
fn what_stays_in_a_drop_in_that_was_renamed_and_changed_is_for_hands() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    let folder = node.folder().join("conf.d");
    fs::create_dir(&folder).expect("creates");
    let set = [
        "proxy_plugins.x.type=snapshot",
        "proxy_plugins.x.address=/r",
    ];
    node.run(&[&["set", "--owner", "a"][..], &set].concat())
        .exits(0);
    let renamed = folder.join("60-x.toml");
    let changed = text(&folder.join("50-a.toml")) + "# hi\n";
    fs::remove_file(folder.join("50-a.toml")).expect("removes");
    fs::write(&renamed, &changed).expect("writes");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stderr.contains("there by hand"), "{run:#?}");
    assert!(!run.stderr.contains("unset"), "{run:#?}");
}
