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
fn a_handler_goes_by_name_wherever_this_tool_has_put_it() {
    for flags in [&[][..], &["--drop-in=conf.d/other.toml"], &["--drop-in"]] {
        let node = Node::with(MAIN);
        let add = ["add", "kata", "--drop-in", "--owner", "x"];
        node.run(&add).exits(0);
        let run = node.run(&[&["remove", "kata"], flags].concat()).exits(0);
        assert!(run.stdout.contains("removed kata, deleted "), "{run:?}");
        assert_eq!(run.stderr, "");
        assert_eq!(node.text(), MAIN);
        // In the config, with a word of a drop-in.
        node.run(&["add", "kata"]).exits(0);
        let run = node.run(&[&["remove", "kata"], flags].concat()).exits(0);
        assert!(run.stdout.contains("removed kata"), "{run:?}");
        assert_eq!(node.text(), MAIN);
        let run = node.run(&[&["remove", "kata"], flags].concat()).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:?}");
    }
    // Only one of its own, if an owner is named.
    let node = Node::with(MAIN);
    node.run(&["add", "kata", "--drop-in", "--owner", "x"])
        .exits(0);
    let before = node.text();
    let run = node.run(&["remove", "kata", "--owner", "y"]).exits(78);
    assert!(run.stderr.contains("kata belongs to x"), "{run:?}");
    let run = node.run(&["remove", "kata", "--owner", "y", "--drop-in"]);
    assert!(run.exits(78).stderr.contains("kata belongs to x"));
    assert_eq!(node.text(), before);
    node.run(&["remove", "kata", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), MAIN);
}

/// The operation log knows that the file is this tool's, or else the line of imports does.
#[test]
fn a_drop_in_whose_comments_are_gone_goes_by_the_names_of_its_handlers() {
    let leave = [
        &["remove", "--owner", "a"][..],
        &["remove", "--owner", "a", "--drop-in"],
        &["remove", "--owner", "a", "--dry-run"],
        &["apply", "FILE", "--prune"],
        &["apply", "FILE", "--prune", "--drop-in"],
    ];
    for log in [&[][..], &["--log", "none"]] {
        let node = Node::with(MAIN);
        let run = |arguments: &[&str], code| node.run(&[arguments, log].concat()).exits(code);
        for name in ["kata", "spin"] {
            run(&["add", name, "--drop-in", "--owner", "a"], 0);
        }
        let path = drop_in(&node, "50-a.toml");
        drop_comments(&path);
        let (main, own) = (node.text(), text(&path));
        let nothing = node.folder().join("nothing.toml");
        fs::write(&nothing, "owner = 'a'\n").expect("writes");
        let said = if log.is_empty() {
            "a has added kata, spin, and another program has dropped the comments that said so: \
             `containerd-edit remove kata spin`"
                .to_owned()
        } else {
            format!(
                "{0} has the name of a's drop-in, and neither a comment in it nor the operation log \
                 says whose kata, spin is: if that is a's, `containerd-edit remove kata spin \
                 --drop-in={0}`",
                path.display()
            )
        };
        for arguments in leave {
            let file = nothing.to_str().expect("UTF-8");
            let arguments = arguments.iter().map(|&word| match word {
                "FILE" => file,
                word => word,
            });
            let run = run(&arguments.collect::<Vec<&str>>(), 0);
            assert!(run.stderr.contains(&said), "{log:?}: {run:#?}");
            assert_eq!((node.text(), text(&path)), (main.clone(), own.clone()));
        }
        // Another owner's removal has nothing to say of it.
        let other = run(&["remove", "--owner", "b"], 0);
        assert_eq!(other.stderr, "");
        let status: Value =
            serde_json::from_str(&run(&["status", "-o", "json"], 0).stdout).expect("JSON");
        let listed = &status["drop_ins"][0];
        assert_eq!(listed["created_for"], "a", "{status}");
        assert_eq!(listed["handlers"][0]["owner"], Value::Null, "{status}");

        let removed = run(&["remove", "kata"], 0);
        assert!(removed.stdout.contains("removed kata"), "{removed:?}");
        assert!(text(&path).contains("runtimes.spin]"), "{}", text(&path));
        let removed = run(&["remove", "spin"], 0);
        assert!(removed.stdout.contains("deleted "), "{removed:?}");
        assert_eq!(node.text(), MAIN, "{log:?}");
        assert!(!path.exists() && !node.folder().join("conf.d").exists());
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
    for by in [&["spin"][..], &["--owner", "z"]] {
        node.run(&["add", "spin", "--default", "--drop-in", "--owner", "z"])
            .exits(0);
        drop_comments(&path);
        let first = "# containerd-edit v1 owner=z\n";
        if by[0] == "--owner" {
            // The handler is still known to be z's, and its default is not.
            let spin = format!("{first}[{RUNTIMES}.spin]");
            let marked = text(&path).replace(&format!("[{RUNTIMES}.spin]"), &spin);
            fs::write(&path, format!("{first}{marked}")).expect("writes");
        }
        let run = node.run(&[&["remove"], by].concat()).exits(0);
        let said = "names no handler any more: taken out, so that it is what the other files say";
        assert!(run.stderr.contains(said), "{run:?}");
        let list = node.run(&["list", "-o", "json"]).exits(0).stdout;
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let mut handlers = list["handlers"].as_array().expect("handlers").iter();
        let default = handlers.find(|handler| handler["default"] == true);
        assert_eq!(default.expect("one")["name"], "kata", "{list}");
        assert!(!path.exists(), "{}", text(&path));
        assert_eq!((node.text(), text(&drop_in(&node, "50-b.toml"))), of_b);
    }
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
        .run(&["set-default", "nope", "--drop-in", "--owner", "a"])
        .exits(78);
    let said = "nope can't become the default: no handler of that name is listed";
    assert!(run.stderr.contains(said), "{run:?}");
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
    let (first, rest) = own.split_once('\n').expect("lines");
    let rest = rest.replace("# containerd-edit v1 owner=a", "");
    fs::write(&path, format!("{first}\n{rest}")).expect("writes");
    node.run(&["remove", "kata"]).exits(0);
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
    assert!(run.stderr.contains("kata stands in a file"), "{run:?}");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(run.stderr, "");
    assert_eq!((node.text(), text(&path)), (main, theirs));
}

#[test]
fn a_handler_in_a_file_of_somebody_else_is_refused_with_a_way_out() {
    let node = Node::empty();
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let main = "version = 3\nimports = ['conf.d/*.toml']\n";
    fs::write(node.config(), main).expect("writes");
    let theirs = format!("version = 3\n[{RUNTIMES}.kata]\nruntime_type = 't'\n");
    let path = drop_in(&node, "theirs.toml");
    fs::write(&path, &theirs).expect("writes");
    let run = node.run(&["remove", "kata"]).exits(78);
    let place = format!("error: {}:2:1: kata stands in a file", path.display());
    assert!(run.stderr.contains(&place), "{run:?}");
    assert_eq!(text(&path), theirs);
    let run = node.run(&["remove", "kata", "-o", "json"]).exits(78);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["error"]["code"], "out-of-reach");
    let hint = report["error"]["hint"].as_str().expect("a hint");
    let flag = format!("--drop-in={}", path.display());
    assert!(
        hint.ends_with(&format!("containerd-edit remove kata {flag}")),
        "{hint}"
    );
    // What can go does, and an uninstall is not held up.
    node.run(&["add", "kata"]).exits(0);
    let run = node.run(&["remove", "kata", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["warnings"][0]["code"], "still-listed", "{report}");
    assert_eq!(node.text(), main);
    node.run(&["remove", "kata", &flag]).exits(0);
    assert_eq!(text(&path), "version = 3\n");
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
        let told = uninstall.stderr.contains("the default that b has set in ");
        assert_eq!(told, !of_b.is_empty(), "{uninstall:?}");
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

/// What was there before, another owner's default for example, is as it was.
#[test]
fn what_is_taken_over_leaves_the_rest_of_the_file() {
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
    node.run(&take_over).exits(0);
    let left = text(&path);
    assert!(!left.contains("runtimes.kata]"), "{left}");
    assert!(left.contains("default_runtime_name = \"kata\""), "{left}");
    let own: String = before
        .split_inclusive("\n\n")
        .filter(|block| !block.contains("runtimes.kata]"))
        .collect();
    assert_eq!(left, own);
    let run = node.run(&["remove", "--owner", "z-old"]).exits(0);
    assert!(run.stdout.contains("removed spin"), "{run:?}");
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), MAIN);
}

#[test]
fn what_is_out_of_reach_is_not_taken_over() {
    let node = Node::empty();
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let main = "version = 3\nimports = ['conf.d/*.toml']\n";
    fs::write(node.config(), main).expect("writes");
    let path = drop_in(&node, "theirs.toml");
    fs::write(&path, "version = 3\n").expect("writes");
    let flag = format!("--drop-in={}", path.display());
    node.run(&["add", "kata", "--owner", "a", &flag]).exits(0);
    let add = ["add", "kata", "--owner", "b", "--take-over"];
    let run = node.run(&add).exits(78);
    assert!(
        run.stderr
            .contains("does not say that this tool has created it"),
        "{run:?}"
    );
    assert_eq!(node.text(), main);
    node.run(&[&add[..], &[&flag]].concat()).exits(0);
    assert!(text(&path).contains("owner=b"));
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
             [cri]\n{cri}\n[debug]\nlevel = '{level}'\n[proxy_plugins.p]\n{proxy}\n"
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
            assert!(said.contains("50-z.toml is read later"), "{message}");
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
        assert_eq!(
            keys,
            ["default_runtime_name", "enable_cdi", "address", "level"]
        );
        assert_eq!(apply(&z), (Some(0), nothing.clone()));
    }
    // A file that is read later still has the last word.
    let path = drop_in(&node, "60-a.toml");
    let flag = format!("--drop-in={}", path.display());
    let run = node.run(&["apply", &a, "--prune", &flag]).exits(0);
    assert_eq!(run.stderr, "");
    assert!(
        run.stdout.contains("the default handler is now a"),
        "{run:?}"
    );
    assert_eq!(in_conf_d(&node), ["50-z.toml", "60-a.toml"]);
}

#[test]
fn a_default_that_does_not_come_into_force_is_not_said_to() {
    let node = with_folder();
    for (name, owner) in [("kata", "z"), ("spin", "a")] {
        node.run(&["add", name, "--owner", owner, "--drop-in"])
            .exits(0);
    }
    let set = |name: &str, owner: &str| {
        node.run(&["set-default", name, "--owner", owner, "--drop-in"])
            .exits(0)
    };
    assert!(set("kata", "z").stdout.contains("now kata"));
    for _ in 0..2 {
        let run = set("spin", "a");
        assert!(!run.stdout.contains("default handler"), "{run:?}");
        let said = "default_runtime_name stays \"kata\", not \"spin\"";
        assert_eq!(run.stderr.matches(said).count(), 1, "{run:?}");
        assert_eq!(run.stderr.matches("warning").count(), 1, "{run:?}");
    }
    // Once nothing stands over it, it is.
    let run = node.run(&["remove", "--owner", "z"]).exits(0);
    assert!(
        run.stdout.contains("the default handler is now spin"),
        "{run:?}"
    );
    assert_eq!(run.stderr, "");
}

/// Whatever an import of the config says, too.
#[test]
fn what_an_imported_file_says_instead_of_the_config_is_told() {
    let node = Node::with("version = 3\nimports = ['theirs.toml']\n");
    let theirs = format!(
        "version = 3\n[{RUNTIMES}.kata]\nruntime_type = 'theirs.v2'\npod_annotations = ['x']\n"
    );
    fs::write(node.folder().join("theirs.toml"), theirs).expect("writes");
    for _ in 0..2 {
        let run = node.run(&["add", "kata"]).exits(0);
        assert_eq!(run.stderr.matches("warning").count(), 1, "{run:?}");
        let said = "runtime_type stays \"theirs.v2\", not \"io.containerd.kata.v2\"";
        assert!(run.stderr.contains(said), "{run:?}");
    }
}

#[test]
fn list_and_show_tell_what_containerd_makes_of_several_files() {
    let node = Node::with("version = 3\nimports = ['theirs.toml']\n");
    let theirs = format!(
        "version = 3\n[{RUNTIMES}.kata]\nsandboxer = 'x'\npod_annotations = ['x']\n\
         [{RUNTIMES}.kata.options]\nConfigPath = '/x'\n"
    );
    fs::write(node.folder().join("theirs.toml"), theirs).expect("writes");
    node.run(&["add", "kata"]).exits(0);
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
    assert_eq!(*merged, serde_json::json!(["2.0", "2.1", "2.2", "2.3"]));
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
    let told = "drop-in:       conf.d/50-manual.toml, created for manual\n               kata  manual\n\
        drop-in:       theirs.toml, not created by this tool\n               \
        theirs  unknown: not added by this tool, or long ago\n";
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
    assert!(run.stderr.contains("50-manual.toml, too"), "{run:?}");
    assert!(run.stderr.contains("--dry-run"), "{run:?}");
    let run = node.run(&["add", "spin", "--stdout"]).exits(0);
    assert!(run.stdout.contains("runtimes.spin]"), "{run:?}");
    assert_eq!(node.text(), before);
}
