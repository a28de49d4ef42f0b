//! Drop-ins: files of their own that the config imports, from install to uninstall.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tool::{Node, Run, drop_comments};

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
    format!("imports = [\"{}\"]\n", path.display())
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
    let left = [
        "conf.d%2F50-manual.toml.prev",
        "config.toml",
        "config.toml.last",
        "config.toml.lock",
        "config.toml.log",
        "config.toml.owners",
        "config.toml.owners.prev",
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
fn what_others_have_in_a_drop_in_stays_and_with_it_the_import() {
    for (theirs, stays) in [
        ("oom_score = -999\n", "version = 3\noom_score = -999\n"),
        // Without a key there is nothing to import.
        ("# theirs\n", "# theirs\n"),
    ] {
        let node = Node::with(MAIN);
        node.run(&["add", "kata", "--drop-in"]).exits(0);
        let imported = node.text();
        let path = drop_in(&node, "50-manual.toml");
        let edited = text(&path).replace("version = 3\n", &format!("version = 3\n{theirs}"));
        fs::write(&path, edited).expect("writes");
        node.run(&["remove", "kata", "--drop-in"]).exits(0);
        assert_eq!(text(&path), stays);
        let is_read = theirs.contains('=');
        assert_eq!(node.text(), if is_read { &imported } else { MAIN });
        node.run(&["check"]).exits(0);
    }
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

/// A path as the names of sidecars have it.
fn path_name(path: &Path) -> String {
    path.to_string_lossy().replace('/', "%2F")
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

/// Once the other file is gone, it would be in force.
#[test]
fn a_default_that_names_nothing_is_refused_below_another_files() {
    let node = Node::with(MAIN);
    let add = ["add", "kata", "--default", "--drop-in", "--owner", "z"];
    node.run(&add).exits(0);
    node.run(&["add", "crun", "--drop-in", "--owner", "a"])
        .exits(0);
    let before = text(&drop_in(&node, "50-a.toml"));
    let run = node
        .run(&["set-default", "katta", "--drop-in", "--owner", "a"])
        .exits(78);
    let said = "katta is not listed and can't be the default handler";
    assert!(run.stderr.contains(said), "{run:?}");
    assert!(run.stderr.contains("did you mean kata?"), "{run:?}");
    assert_eq!(text(&drop_in(&node, "50-a.toml")), before);
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

/// Of a file that the log knows, nothing is taken for its creator's that the log does not know.
#[test]
fn what_somebody_else_has_in_a_drop_in_is_not_said_to_be_its_creators() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "a"])
        .exits(0);
    let path = drop_in(&node, "50-a.toml");
    let theirs = format!("version = 3\n[{RUNTIMES}.mine]\nruntime_type = 't'\n");
    fs::write(&path, &theirs).expect("writes");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(run.stderr, "");
    assert_eq!(text(&path), theirs);
}

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
fn a_file_in_the_place_of_a_drop_in_that_went_is_somebody_elses() {
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "a"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    fs::create_dir_all(node.folder().join("conf.d")).expect("creates");
    let path = drop_in(&node, "50-a.toml");
    let theirs = format!("version = 3\n[{RUNTIMES}.kata]\nruntime_type = 't'\n");
    fs::write(&path, &theirs).expect("writes");
    let main = format!("imports = ['{}']\n{MAIN}", path.display());
    fs::write(node.config(), &main).expect("writes");
    let run = node.run(&["remove", "kata"]).exits(78);
    let said = "no owner has declared the handler kata";
    assert!(run.stderr.contains(said), "{run:?}");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(run.stderr, "");
    assert_eq!((node.text(), text(&path)), (main, theirs));
}

#[test]
fn a_handler_in_a_file_of_somebody_else_is_refused_with_a_way_out() {
    let node = with_folder();
    let main = node.text();
    let theirs = format!("version = 3\n[{RUNTIMES}.kata]\nruntime_type = 't'\n");
    let path = drop_in(&node, "theirs.toml");
    fs::write(&path, &theirs).expect("writes");
    let refused = |arguments: &[&str]| {
        let run = node.run(&[arguments, &["-o", "json"]].concat()).exits(78);
        assert_eq!((node.text(), text(&path)), (main.clone(), theirs.clone()));
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        report["error"].clone()
    };
    let says = |error: &Value, what: &str| {
        let hint = error["hint"].as_str().expect("a hint");
        assert!(hint.contains(what), "{hint}");
    };
    let error = refused(&["add", "kata"]);
    assert_eq!(error["code"], "out-of-reach", "{error}");
    assert_eq!(error["path"], *path.to_string_lossy(), "{error}");
    says(&error, "--take-over");
    let error = refused(&["remove", "kata"]);
    assert_eq!(error["code"], "foreign-handler", "{error}");
    says(&error, &node.hinted("remove kata --adopt"));
    node.run(&["remove", "kata", "--adopt"]).exits(0);
    assert_eq!(
        (node.text(), text(&path)),
        (main, "version = 3\n".to_owned())
    );
}

/// As `a_layer_leaves_from_the_top_or_the_middle` in one file.
#[test]
fn a_default_goes_with_the_handler_that_it_names_in_whichever_file() {
    let flags = [&[][..], &["--drop-in"][..]];
    for (of_a, of_b) in [(1, 1), (1, 0), (0, 1)] {
        let node = Node::with(MAIN);
        let (of_a, of_b) = (flags[of_a], flags[of_b]);
        let run = |arguments: &[&str], more: &[&str]| node.run(&[arguments, more].concat());
        run(&["add", "kata", "--owner", "a"], of_a).exits(0);
        run(&["add", "spin", "--owner", "b"], of_b).exits(0);
        run(&["set-default", "kata", "--owner", "b"], of_b).exits(0);
        run(&["set-default", "spin", "--owner", "a"], of_a).exits(0);
        let uninstall = run(&["remove", "--owner", "a"], &[]).exits(0);
        assert!(
            uninstall.stdout.contains("the default handler is now runc"),
            "{uninstall:?}"
        );
        let told = "b wants kata as the default, which is not listed";
        assert!(uninstall.stderr.contains(told), "{uninstall:?}");
        let listed = run(&["list"], &[]).exits(0).stdout;
        assert!(
            listed.contains("spin") && !listed.contains("kata"),
            "{listed}"
        );
        run(&["remove", "--owner", "b"], &[]).exits(0);
        assert_eq!(node.text(), MAIN);
        assert!(!node.folder().join("conf.d").exists());
    }
}

#[test]
fn defaults_of_all_owners_are_unset_wherever_they_stand() {
    let node = Node::with(MAIN);
    for owner in ["a", "b"] {
        let add = ["add", owner, "--preset", "crun", "--owner", owner];
        node.run(&[&add[..], &["--drop-in", "--default"]].concat())
            .exits(0);
    }
    node.run(&["set-default", "--unset"]).exits(0);
    for name in ["50-a.toml", "50-b.toml"] {
        let own = text(&drop_in(&node, name));
        assert!(!own.contains("default_runtime_name"), "{own}");
    }
}

/// containerd 1.x takes a plugin's section from one file alone.
#[test]
fn below_version_3_all_of_cri_stands_where_its_section_is() {
    let config = format!("version = 2\n[{OLD}]\nsandbox_image = 'x'\n");
    let node = Node::with(&config);
    let run = node.run(&["add", "kata", "--drop-in"]).exits(0);
    let said = "written to config.toml, not to conf.d/50-manual.toml: kata; containerd 1.x takes";
    assert!(run.stderr.contains(said), "{run:?}");
    assert!(node.text().contains("runtimes.kata]"), "{}", node.text());
    assert!(!node.folder().join("conf.d").exists());
    node.run(&["remove", "kata", "--drop-in"]).exits(0);
    assert_eq!(node.text(), config);
    // The first one has brought the section.
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata", "--drop-in"]).exits(0);
    let run = node
        .run(&["add", "crun", "--drop-in", "--owner", "other"])
        .exits(0);
    let said =
        "written to conf.d/50-manual.toml, not to conf.d/50-other.toml: crun; containerd 1.x";
    assert!(run.stderr.contains(said), "{run:?}");
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);
    node.run(&["remove", "kata"]).exits(0);
    assert!(text(&drop_in(&node, "50-manual.toml")).contains("runtimes.crun]"));
    node.run(&["remove", "--owner", "other"]).exits(0);
    assert_eq!(node.text(), "version = 2\n");
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn config_and_drop_in_are_of_one_version() {
    let with = |main: &str, own: &str| {
        let node = Node::with(main);
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        fs::write(drop_in(&node, "50-manual.toml"), own).expect("writes");
        node
    };
    let (main, own) = ("version = 2\n", "version = 3\n");
    let node = with(main, own);
    let run = node.run(&["add", "kata", "--drop-in"]).exits(78);
    let said = "unsupported config version `3`";
    assert!(run.stderr.contains(said), "{run:?}");
    assert_eq!(
        (node.text(), text(&drop_in(&node, "50-manual.toml"))),
        (main.into(), own.into())
    );
    // containerd 2.x migrates what each file says; one without a version gets the config's.
    for (own, written) in [("version = 2\n", OLD), ("# mine\n", RUNTIMES)] {
        let main = "version = 3\n";
        let node = with(main, own);
        node.run(&["add", "kata", "--drop-in"]).exits(0);
        let edited = text(&drop_in(&node, "50-manual.toml"));
        assert!(edited.contains(written), "{edited}");
        assert!(node.run(&["list"]).exits(0).stdout.contains("kata"));
        node.run(&["check"]).exits(0);
        node.run(&["remove", "kata"]).exits(0);
        assert_eq!(
            (node.text(), text(&drop_in(&node, "50-manual.toml"))),
            (main.into(), own.into())
        );
    }
    for main in ["version = 1\n", "[plugins.cri]\n"] {
        let node = Node::with(main);
        node.run(&["add", "kata", "--drop-in"]).exits(0);
        assert!(node.run(&["list"]).exits(0).stdout.contains("kata"));
        node.run(&["check"]).exits(0);
        node.run(&["remove", "kata"]).exits(0);
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
fn where_a_folder_is_imported_new_keys_go_to_the_owners_drop_in() {
    let node = with_folder();
    let main = node.text();
    let run = node.run(&["add", "kata", "--owner", "a"]).exits(0);
    assert_eq!(run.stderr, "");
    node.run(&["set-default", "kata", "--owner", "b/c"])
        .exits(0);
    assert_eq!(node.text(), main, "it imports the folder already");
    assert!(in_conf_d(&node).contains(&"50-a.toml".to_owned()));
    let listed = node.run(&["list"]).exits(0).stdout;
    assert!(listed.contains("kata"), "{listed}");
    node.run(&["check"]).exits(0);
    // Another file, where that was asked for.
    node.run(&["add", "spin", "--owner", "a", "--drop-in=conf.d/60.toml"])
        .exits(0);
    assert!(text(&drop_in(&node, "60.toml")).contains("spin]"));
    for owner in ["a", "b/c"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(node.text(), main);
    assert_eq!(in_conf_d(&node), [""; 0]);
    // Below version 3 all of CRI stands in one file.
    let node = Node::with("version = 2\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["add", "kata"]).exits(0);
    assert!(node.text().contains("kata]") && in_conf_d(&node).is_empty());
}

/// What a user imports may hold CRI's section: below version 3 a new handler goes there.
#[test]
fn a_handler_beside_a_users_own_import_is_not_refused() {
    for version in [2, 3] {
        let main = format!("version = {version}\nimports = ['theirs.toml']\n");
        let id = if version == 2 {
            OLD
        } else {
            "plugins.\"io.containerd.cri.v1.runtime\""
        };
        let theirs = format!("version = {version}\n[{id}]\nenable_selinux = true\n");
        let node = Node::with(&main);
        let path = node.folder().join("theirs.toml");
        fs::write(&path, &theirs).expect("writes");
        let run = node.run(&["add", "kata"]).exits(0);
        let said = "written to theirs.toml, not to config.toml: kata; containerd 1.x takes the \
                    section of CRI from one file";
        assert_eq!(run.stderr.contains(said), version == 2, "{run:?}");
        assert_eq!(text(&path) == theirs, version == 3, "{}", text(&path));
        assert!(node.run(&["list"]).exits(0).stdout.contains("kata"));
        // What stands there is the user's.
        let file = node.folder().join("patch");
        fs::write(
            &file,
            "owner = 'manual'\n[plugins.'io.containerd.grpc.v1.cri']\nenable_selinux = false\n",
        )
        .expect("writes");
        let file = file.to_string_lossy().into_owned();
        if version == 3 {
            node.run(&["apply", &file]).exits(78);
            node.run(&["apply", &file, "--take-over"]).exits(0);
            assert!(text(&path).contains("enable_selinux = false"));
        }
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!((node.text(), text(&path)), (main, theirs));
    }
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
    for (name, is_listed) in [("cc", true), ("aa", false), ("dd", false)] {
        let starts_a_line = listed.contains(&format!("\n{name} "));
        assert_eq!(starts_a_line, is_listed, "{listed}");
    }
    node.run(&["remove", "--owner", "other"]).exits(0);
    assert_eq!(node.text(), MAIN);
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn an_installer_changes_from_the_config_to_a_drop_in() {
    for main in [MAIN, "version = 2\n"] {
        let node = Node::with(main);
        apply(&node, &["kata", "kata-old"], &[]);
        let run = apply(&node, &["kata"], &["--drop-in", "--prune"]);
        assert!(
            run.stdout.contains("changed kata, removed kata-old"),
            "{run:?}"
        );
        assert!(!node.text().contains("kata]"), "{}", node.text());
        assert!(text(&drop_in(&node, "50-kata-deploy.toml")).contains("kata]"));
        let imported = node.text();
        // Without a word of it, new keys go where the owner's are.
        let run = apply(&node, &["kata", "kata-old"], &["--prune"]);
        assert!(run.stdout.contains("added kata-old, changed "), "{run:?}");
        assert_eq!(node.text(), imported);
        node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
        assert_eq!(node.text(), main);
        assert!(!node.folder().join("conf.d").exists());
    }
}

/// Keys of other plugins than CRI come and go in a drop-in, too.
#[test]
fn keys_of_every_table_go_to_the_drop_in() {
    let node = Node::with("version = 3\n");
    let wanted = "owner = 'x'\ndefault = 'kata'\n\
        [handlers.kata]\nruntime_type = 'k.v2'\nsnapshotter = 'nydus'\n\
        [plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n[debug]\nlevel = 'debug'\n\
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
        // What containerd makes of both files is no longer the first owner's.
        let more = ["--take-over", "--set", "sandboxer=b"];
        let run = add(&node, "b", &[second, &more].concat()).exits(0);
        assert!(run.stdout.contains("changed kata"), "{run:?}");
        let listed = node.run(&["list"]).exits(0).stdout;
        assert_eq!(listed.matches("kata ").count(), 1, "{listed}");
        let shown = node.run(&["show", "kata"]).exits(0).stdout;
        assert!(
            shown.contains("owner b") && shown.contains("sandboxer"),
            "{shown}"
        );
        let again = add(&node, "b", second).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        for owner in ["a", "b"] {
            node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(node.text(), MAIN);
    }
}

/// Two owners want the handler then, where it stands.
#[test]
fn what_is_taken_over_stays_until_both_have_left() {
    let node = Node::with(MAIN);
    for name in ["kata", "spin"] {
        node.run(&["add", name, "--owner", "z-old", "--drop-in"])
            .exits(0);
    }
    node.run(&["set-default", "kata", "--owner", "z-old", "--drop-in"])
        .exits(0);
    let path = drop_in(&node, "50-z-old.toml");
    let before = text(&path);
    let take_over = ["add", "kata", "--owner", "b", "--drop-in", "--take-over"];
    let run = node.run(&take_over).exits(0);
    assert!(run.stdout.contains("recorded"), "{run:?}");
    assert_eq!(text(&path), before);
    let run = node.run(&["remove", "--owner", "z-old"]).exits(0);
    assert!(run.stdout.contains("removed spin"), "{run:?}");
    let left = text(&path);
    assert!(left.contains("runtimes.kata]"), "{left}");
    assert!(!left.contains("default_runtime_name"), "{left}");
    assert!(
        left.contains("owner=b") && !left.contains("z-old"),
        "{left}"
    );
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), MAIN);
    assert!(!node.folder().join("conf.d").exists());
}

#[test]
fn a_users_drop_in_that_was_named_may_be_changed() {
    let node = with_folder();
    let main = node.text();
    let path = drop_in(&node, "theirs.toml");
    fs::write(&path, "version = 3\n").expect("writes");
    let flag = format!("--drop-in={}", path.display());
    node.run(&["add", "kata", "--owner", "a", &flag]).exits(0);
    let add = ["add", "kata", "--owner", "b", "--take-over"];
    let run = node
        .run(&[&add[..], &["--set", "snapshotter=native"]].concat())
        .exits(0);
    assert_eq!(run.stderr, "");
    assert_eq!(node.text(), main);
    assert!(
        text(&path).contains("snapshotter = \"native\""),
        "{}",
        text(&path)
    );
    for owner in ["a", "b"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(
        (node.text(), text(&path)),
        (main, "version = 3\n".to_owned())
    );
}

/// A config that imports whatever is in a folder, by the order of its names.
fn with_folder() -> Node {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node
}

/// What a loop that reconciles wants is written, and is not in force: that is told each time, and
/// two loops leave each other alone, as in one file.
#[test]
fn what_another_drop_in_says_instead_is_told_each_time() {
    let node = with_folder();
    let wanted = |owner: &str, level: &str, cri: &str, proxy: &str| {
        let file = node.folder().join(owner);
        let text = format!(
            "owner = '{owner}'\ndefault = '{owner}'\n[handlers.{owner}]\npreset = 'crun'\n\
             [plugins.'io.containerd.grpc.v1.cri']\n{cri}\n[debug]\nlevel = '{level}'\n[proxy_plugins.p]\n{proxy}\n"
        );
        fs::write(&file, text).expect("writes");
        file.to_string_lossy().into_owned()
    };
    let a = wanted(
        "a",
        "debug",
        "enable_cdi = true",
        "type = 'snapshot'\naddress = '/a'",
    );
    let z = wanted("z", "trace", "enable_cdi = false", "type = 'snapshot'");
    let apply = |file: &str| {
        let run = [
            "apply",
            file,
            "--drop-in",
            "--prune",
            "--exit-code",
            "-o",
            "json",
        ];
        let run = node.run(&run);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let warnings = report["warnings"].as_array().expect(&run.stdout).clone();
        let keys = warnings.iter().map(|warning| {
            assert_eq!(warning["code"], "overridden", "{report}");
            let message = warning["message"].as_str().expect("a message");
            let (key, said) = message.split_once(" stays ").expect("a key");
            assert!(said.contains("z has set it since ("), "{message}");
            assert!(said.contains("--take-over"), "a next step: {message}");
            key.rsplit('.').next().expect("a name").to_owned()
        });
        (run.exit, keys.collect::<Vec<String>>())
    };
    let nothing: Vec<String> = Vec::new();
    assert_eq!(apply(&a), (Some(10), nothing.clone()));
    assert_eq!(apply(&z), (Some(10), nothing.clone()));
    for _ in 0..2 {
        let (exit, keys) = apply(&a);
        assert_eq!(exit, Some(0), "in place, as far as this owner can have it");
        assert_eq!(keys, ["default_runtime_name", "enable_cdi", "level"]);
        assert_eq!(apply(&z), (Some(0), nothing.clone()));
    }
    // Unless it takes over.
    let run = node.run(&["apply", &a, "--prune", "--take-over"]).exits(0);
    assert_eq!(run.stderr, "");
    assert!(
        run.stdout.contains("the default handler is now a"),
        "{run:?}"
    );
    assert_eq!(in_conf_d(&node), ["50-a.toml", "50-z.toml"]);
}

/// In whichever file it stands.
#[test]
fn the_newest_default_is_in_force() {
    let node = with_folder();
    let main = node.text();
    for (name, owner) in [("kata", "z"), ("spin", "a")] {
        node.run(&["add", name, "--owner", owner, "--drop-in"])
            .exits(0);
    }
    let set = |name: &str, owner: &str| {
        node.run(&["set-default", name, "--owner", owner, "--drop-in"])
            .exits(0)
    };
    assert!(set("kata", "z").stdout.contains("now kata"));
    let run = set("spin", "a");
    assert!(run.stdout.contains("now spin"), "{run:?}");
    let run = set("spin", "a");
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    let run = node.run(&["remove", "--owner", "z"]).exits(0);
    assert!(!run.stdout.contains("default"), "{run:?}");
    assert_eq!(run.stderr, "");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), main);
    assert_eq!(in_conf_d(&node), [""; 0]);
}

/// A key of the config would be shadowed.
#[test]
fn what_an_imported_file_says_is_changed_there_or_not_at_all() {
    let node = Node::with("version = 3\nimports = ['theirs.toml']\n");
    let main = node.text();
    let theirs = format!(
        "version = 3\n[{RUNTIMES}.kata]\nruntime_type = 'theirs.v2'\npod_annotations = ['x']\n"
    );
    let path = node.folder().join("theirs.toml");
    fs::write(&path, &theirs).expect("writes");
    let run = node.run(&["add", "kata"]).exits(78);
    assert!(run.stderr.contains("theirs.toml:2:1: "), "{run:?}");
    assert!(run.stderr.contains("--take-over"), "{run:?}");
    assert_eq!((node.text(), text(&path)), (main.clone(), theirs.clone()));
    node.run(&["add", "kata", "--take-over"]).exits(0);
    assert_eq!(node.text(), main);
    let wanted = "runtime_type = \"io.containerd.kata.v2\"\n";
    assert!(text(&path).contains(wanted), "{}", text(&path));
    node.run(&["remove", "kata"]).exits(0);
    assert_eq!((node.text(), text(&path)), (main, theirs));
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
        "options.ConfigPath = \"/x\"",
        "sandboxer = \"x\"",
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

/// As containerd's own default config since 2.2, and EKS's images, do.
#[test]
fn an_imported_folder_takes_the_drop_in_and_the_config_stays_as_it_is() {
    for pattern in [
        "conf.d/*.toml",
        "FOLDER/config.d/*.toml",
        "FOLDER/more/conf2.d/*",
    ] {
        let node = Node::empty();
        let pattern = pattern.replace("FOLDER", &node.folder().to_string_lossy());
        fs::create_dir(node.folder().join("more")).expect("creates");
        let config = format!("version = 3\nimports = ['{pattern}']\n");
        fs::write(node.config(), &config).expect("writes");
        let folder = node.folder().join(&pattern);
        let folder = folder.parent().expect("a folder");
        let own = folder.join("50-a-b.toml");
        // With the flag, or without it; a folder that was there stays.
        for flag in [&[][..], &["--drop-in"]] {
            for was_there in [false, true] {
                if was_there {
                    fs::create_dir(folder).expect("creates");
                }
                let add = [&["add", "kata", "--owner", "a/b"], flag].concat();
                let run = node.run(&add).exits(0);
                let said = format!("added kata, created {}", own.display());
                assert!(run.stdout.contains(&said), "{run:?}");
                assert!(text(&own).starts_with("version = 3\n"));
                let run = node.run(&["add", "spin", "--owner", "a/b"]).exits(0);
                let said = format!("added spin, changed {}", own.display());
                assert!(run.stdout.contains(&said), "{run:?}");
                assert_eq!(node.text(), config);
                let status = node.run(&["status"]).exits(0).stdout;
                let said = format!("{}, created for a/b", own.display());
                assert!(status.contains(&said), "{status}");
                let json = ["status", "-o", "json"];
                let status = node.run(&json).exits(0).stdout;
                let status: Value = serde_json::from_str(&status).expect("JSON");
                assert_eq!(status["drop_ins"][0]["handlers"][1]["name"], "spin");
                node.run(&["remove", "--owner", "a/b"]).exits(0);
                assert_eq!(node.text(), config);
                assert_eq!(folder.exists(), was_there, "{pattern}");
                if was_there {
                    fs::remove_dir(folder).expect("nothing is in it");
                }
            }
        }
        // To the byte, the folder too, where the change is taken back.
        node.run(&["add", "kata", "--owner", "a/b"]).exits(0);
        node.run(&["undo"]).exits(0);
        assert!(!folder.exists(), "{pattern}");
    }
}

#[test]
fn below_version_3_and_where_no_folder_is_imported_the_config_is_edited() {
    for config in [
        "version = 2\nimports = ['conf.d/*.toml']\n",
        "imports = ['conf.d/*.toml']\n",
        "version = 3\nimports = ['theirs.toml']\n",
        "version = 3\nimports = ['*/50-*.toml']\n",
    ] {
        let node = Node::with(config);
        fs::write(node.folder().join("theirs.toml"), "version = 3\n").expect("writes");
        node.run(&["add", "kata"]).exits(0);
        assert!(node.text().contains("kata"), "{config}");
        node.run(&["remove", "kata"]).exits(0);
        assert_eq!(node.text(), config);
    }
}

#[test]
fn an_owners_place_is_kept_until_a_flag_names_another() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata"]).exits(0);
    let imports = format!("imports = ['{}/conf.d/*.toml']\n", node.folder().display());
    let with_imports =
        |text: &str| text.replacen("version = 3\n", &format!("version = 3\n{imports}"), 1);
    fs::write(node.config(), with_imports(&node.text())).expect("writes");
    node.run(&["add", "spin"]).exits(0);
    assert!(node.text().contains("spin"), "{}", node.text());
    // What is asked for moves.
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    assert!(!node.text().contains("spin"), "{}", node.text());
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);
    node.run(&["add", "crun"]).exits(0);
    assert!(text(&drop_in(&node, "50-manual.toml")).contains("crun"));
    node.run(&["add", "crun", "--no-drop-in"]).exits(0);
    node.run(&["add", "youki"]).exits(0);
    assert!(node.text().contains("crun") && node.text().contains("youki"));
    let run = node.run(&["add", "crun", "--no-drop-in", "--drop-in"]);
    assert!(run.exits(2).stderr.contains("cannot be used with"));
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), with_imports("version = 3\n"));
    assert!(!node.folder().join("conf.d").exists());
    // `--drop-in` alone keeps the drop-in that the owner has.
    node.run(&["add", "kata", "--drop-in=conf.d/60.toml"])
        .exits(0);
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    assert_eq!(in_conf_d(&node), ["60.toml"]);
}

/// A path that looks like one may stand in a word of its own; a handler's name never does.
#[test]
fn the_path_may_follow_in_a_word_of_its_own() {
    let node = Node::with(MAIN);
    let path = drop_in(&node, "x.toml");
    let absolute = path.to_str().expect("UTF-8");
    for given in [absolute, "conf.d/x.toml", "./conf.d/x.toml"] {
        for arguments in [["--drop-in", given, "kata"], ["kata", "--drop-in", given]] {
            node.run(&[&["add"], &arguments[..]].concat()).exits(0);
            assert_eq!(in_conf_d(&node), ["x.toml"]);
            node.run(&["remove", "kata"]).exits(0);
            assert_eq!(node.text(), MAIN);
        }
    }
    node.run(&["add", "--drop-in", "kata"]).exits(0);
    assert_eq!(in_conf_d(&node), ["50-manual.toml"]);
    node.run(&["remove", "--drop-in", "kata"]).exits(0);
    assert_eq!(node.text(), MAIN);
    // The patch file comes first.
    let run = node.run(&["apply", "--drop-in", "kata.toml"]).exits(2);
    assert!(run.stderr.contains("FILE"), "{run:?}");
    assert!(
        run.stderr.contains("kata.toml is the PATH of --drop-in"),
        "{run:?}"
    );
    assert_eq!(node.text(), MAIN);
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
