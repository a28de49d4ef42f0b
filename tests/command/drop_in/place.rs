//! Which file an owner's keys go to.

use std::fs;

use serde_json::Value;

use crate::tool::Node;

use super::{MAIN, OLD, RUNTIMES, apply, drop_in, in_conf_d, text, with_folder};

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

/// Somebody imports from a folder that is not there, nor the one above.
#[test]
fn where_the_imported_folder_can_not_be_made_the_config_is_edited() {
    let node = Node::with("version = 3\nimports = ['none/conf.d/*.toml']\n");
    let original = node.text();
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    assert!(node.text().contains("runtimes.crun]"), "{}", node.text());
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), original);
    node.run(&["add", "crun", "--drop-in=none/conf.d/a.toml"])
        .exits(66);
}

/// containerd 1.x takes the version of the last file for that of all: another drop-in of a newer version
/// would keep it from starting.
#[test]
fn beside_an_older_drop_in_new_keys_go_to_the_main_file() {
    let node = Node::with("version = 3\nimports = [\"conf.d/*.toml\"]\n");
    fs::create_dir(node.folder().join("conf.d")).expect("a folder");
    let older = node.folder().join("conf.d/20-mine.toml");
    fs::write(older, "version = 2\n[debug]\n  level = \"info\"\n").expect("writes");
    let run = node.run(&["check"]).exits(0);
    assert!(run.stdout.contains("1.6–2.4  serves"), "{run:#?}");
    let run = node.run(&["add", "crun", "--drop-in"]).exits(78);
    let said = "containerd 1.6 and 1.7 would not start any more";
    assert!(run.stderr.contains(said), "{run:#?}");
    node.run(&["add", "crun"]).exits(0);
    assert!(node.text().contains("crun"), "{}", node.text());
    let run = node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    assert!(run.stdout.contains("1.7      serves"), "{run:#?}");
}
