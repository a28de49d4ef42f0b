//! What others have in a drop-in, or say in another file.

use std::fs;

use serde_json::Value;

use crate::tool::Node;

use super::{MAIN, OLD, RUNTIMES, drop_in, in_conf_d, text, with_folder};

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

/// A reconcile loop whose value another drop-in overrides is warned on every run. Two such loops leave
/// each other alone, as in one file.
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
