//! `set` and `unset`: single keys, whoever has set them.

use std::fs;

use crate::tool::Node;

use super::CONFIG;

#[test]
fn keys_are_set_and_taken_back() {
    let node = Node::with(CONFIG);
    node.run(&["set", "debug.level=debug", "proxy_plugins.x.type=snapshot"])
        .exits(0);
    let set = "version = 3\n\n[debug]\n  level = \"debug\" # ours\n";
    assert!(node.text().starts_with(set), "{}", node.text());
    let again = node.run(&["set", "debug.level=debug"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), CONFIG);
}

#[test]
fn a_key_of_another_owner_is_set_only_if_it_is_taken_over() {
    let node = Node::with(CONFIG);
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    let set = ["set", "debug.level=trace", "--owner", "b"];
    let refused = node.run(&set).exits(78);
    let why = "a has set debug.level\nhint: to overrule a, use --take-over";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    let over = [&set[..], &["--take-over"]].concat();
    node.run(&over).exits(0);
    assert!(node.text().contains("level = \"trace\""));
    // It is b's by now.
    node.run(&["set", "debug.level=warn", "--owner", "b"])
        .exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert!(node.text().contains("level = \"debug\""));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// Taking out what is nobody's, and what others have set.
#[test]
fn a_key_that_is_nobodys_is_removed_and_comes_back_as_it_was() {
    let node = Node::with(CONFIG);
    node.run(&["unset", "debug.level"]).exits(0);
    assert_eq!(node.text(), "version = 3\n\n[debug]\n");
    let again = node.run(&["unset", "debug.level"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    node.run(&["undo"]).exits(0);
    assert_eq!(node.text(), CONFIG);
    node.run(&["unset", "debug.level"]).exits(0);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), CONFIG, "with its comment");
}

#[test]
fn a_removed_key_comes_back_to_its_line_while_others_stay_and_edit() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let before = node.text();
    node.run(&["unset", "debug.level"]).exits(0);
    node.run(&["set", "debug.format=json", "--owner", "b"])
        .exits(0);
    let by_hand = "\n[metrics]\naddress = \"127.0.0.1:1338\"\n";
    std::fs::write(node.config(), node.text() + by_hand).expect("writes");
    for owner in ["manual", "b"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(node.text(), before + by_hand);
}

#[test]
fn a_key_that_was_set_gets_its_old_value_back() {
    let node = Node::with(CONFIG);
    let keys = ["debug.level=debug", "proxy_plugins.x.type=snapshot"];
    let more = ["proxy_plugins.x.address=/run/x.sock"];
    node.run(&[&["set"], &keys[..], &more[..]].concat())
        .exits(0);
    // The keys of a table at once.
    node.run(&["unset", "debug.level", "proxy_plugins.x"])
        .exits(0);
    assert_eq!(node.text(), CONFIG);
    let again = node.run(&["unset", "proxy_plugins.x"]).exits(0);
    assert!(again.stdout.contains("proxy_plugins.x is not set"));
}

#[test]
fn unsetting_a_key_of_another_owner_names_the_command_that_works() {
    let node = Node::with(CONFIG);
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    for (key, command) in [
        (
            "debug.level",
            "containerd-edit --config config.toml unset debug.level --owner a",
        ),
        (
            "debug",
            "containerd-edit --config config.toml unset debug --owner a",
        ),
        (
            "handlers.crun.options.BinaryName",
            "unset handlers.crun.options.BinaryName --owner a",
        ),
    ] {
        let refused = node.run(&["unset", key, "--owner", "b"]).exits(78);
        let command = command.replace("config.toml", node.config().to_str().expect("UTF-8"));
        assert!(refused.stderr.contains(&command), "{}", refused.stderr);
    }
    node.run(&["unset", "debug.level", "--owner", "b", "--take-over"])
        .exits(0);
    assert!(!node.text().contains("level"));
    node.run(&["unset", "handlers.crun.options.BinaryName", "--owner", "a"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), CONFIG);
}

#[test]
fn elements_of_lists_go_and_come_back_in_their_places() {
    const LISTS: &str = "version = 2\nimports = ['/no/a*.toml',\"/no/b*.toml\" , \"/no/c*.toml\"] # three\n\
        disabled_plugins = [\n  \"io.containerd.snapshotter.v1.aufs\", # why\n  \"io.containerd.snapshotter.v1.zfs\"\n]\n";
    let aufs = "disabled_plugins=io.containerd.snapshotter.v1.aufs";
    let btrfs = "disabled_plugins=io.containerd.snapshotter.v1.btrfs";
    let orders = [["a", "b"], ["b", "a"]];
    for order in orders {
        let node = Node::with(LISTS);
        node.run(&["unset", "imports=/no/b*.toml", aufs, "--owner", "a"])
            .exits(0);
        node.run(&["unset", "imports=/no/a*.toml", "--owner", "b"])
            .exits(0);
        node.run(&["set", btrfs, "--owner", "b"]).exits(0);
        assert!(
            node.text()
                .contains("imports = [\"/no/c*.toml\"] # three\n"),
            "{}",
            node.text()
        );
        for owner in order {
            node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(node.text(), LISTS, "{order:?}");
    }
}

#[test]
fn lines_that_stood_together_come_back_in_their_order() {
    const LINES: &str = "version = 3\r\n[debug]\r\n# a\r\n  level='info'\r\n  format = \"json\"\r\n\
        \tuid = 0 # root\r\n  gid = 0";
    let keys = ["debug.level", "debug.format", "debug.uid", "debug.gid"];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        for back in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3]] {
            let node = Node::with(LINES);
            for number in order {
                let owner = format!("o{number}");
                node.run(&["unset", keys[number], "--owner", &owner])
                    .exits(0);
            }
            for number in back {
                node.run(&["remove", "--owner", &format!("o{number}")])
                    .exits(0);
            }
            assert_eq!(node.text(), LINES, "{order:?} {back:?}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_with_a_name_that_is() {
    let node = Node::with(
        "version = 3\nimports = [\"/a/b.toml\"]\n[debug]\nlevel = \"info\"\n\
         [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kata]\n\
         runtime_type = \"io.containerd.kata.v2\"\n",
    );
    for (key, said) in [
        (
            "debug.levle",
            "debug.levle is not set (did you mean debug.level?)",
        ),
        (
            "grpc.adress",
            "grpc.adress is not set (did you mean grpc.address?)",
        ),
        (
            "imports=/a/c.toml",
            "imports=/a/c.toml is not set (did you mean imports=/a/b.toml?)",
        ),
        ("metrics.address", "metrics.address is not set"),
        // Another handler's key is another key.
        (
            "handlers.kat.runtime_type",
            "handlers.kat.runtime_type is not set",
        ),
        (
            "handlers.kat.runtime_tpe",
            "handlers.kat.runtime_tpe is not set (did you mean handlers.kat.runtime_type?)",
        ),
    ] {
        let run = node.run(&["unset", key]).exits(0);
        assert!(
            run.stdout.ends_with(&format!("nothing to do: {said}\n")),
            "{}",
            run.stdout
        );
    }
    let table = node.run(&["unset", "debug"]).exits(0);
    let said = "debug is a table, and none of its keys is manual's: name those that are to go";
    assert!(table.stderr.contains(said), "{}", table.stderr);
    let json = node.run(&["unset", "debug.levle", "-o", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let absent = serde_json::json!([{"name": "debug.levle", "near": "debug.level"}]);
    assert_eq!(json["absent_keys"], absent);
    for (key, said) in [
        ("version", "version is the node's own"),
        ("handlers.kata", "remove kata"),
        (
            "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata",
            "remove kata",
        ),
        (
            "plugins.io.containerd.nri.v1.nri.disable",
            "hint: quote the plugin's ID: 'plugins.\"io.containerd.nri.v1.nri\".disable'",
        ),
        ("debug.level=info", "name the key alone: debug.level"),
        ("a..b", "is not a TOML key"),
    ] {
        let run = node.run(&["unset", key]).exits(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn the_import_of_a_drop_in_that_is_needed_stays() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--drop-in", "--owner", "a"])
        .exits(0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    let import = format!("imports={}", drop_in.display());
    let refused = node.run(&["unset", &import]).exits(78);
    assert!(
        refused.stderr.contains("is needed by what owners have set"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_file_can_be_imported_and_let_go() {
    for version in [2, 3] {
        let original = format!("version = {version}\n");
        let node = Node::with(&original);
        let extra = node.folder().join("extra.toml");
        let bytes = format!("version = {version}\n[debug]\nlevel = \"info\"\n");
        std::fs::write(&extra, bytes).expect("writes");
        let import = format!("imports={}", extra.display());
        let set = node.run(&["set", &import, "--owner", "a"]).exits(0);
        assert_eq!(set.stderr, "", "{version}");
        let again = node.run(&["set", &import, "--owner", "a"]).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        let level = node.run(&["get", "debug.level"]).exits(0);
        assert!(level.stdout.contains("info"), "{level:?}");
        node.run(&["unset", &import, "--owner", "a"]).exits(0);
        assert_eq!(node.text(), original);
    }
}

/// What stood there comes back with its owner, and is in nobody's way until then.
#[test]
fn a_table_comes_where_a_value_was_unset() {
    let base = "version = 3\nplugins = 5\n";
    let node = Node::with(base);
    node.run(&["unset", "plugins", "--owner", "a"]).exits(0);
    node.run(&["add", "crun", "--owner", "b"]).exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), base);
}

#[test]
fn what_is_set_to_two_values_is_a_usage_error() {
    let node = Node::with(CONFIG);
    for (arguments, wanted) in [
        (
            &["set", "debug.level=info", "debug.level=warn"][..],
            "debug.level is set to two values",
        ),
        (
            &["set", "handlers.x.options.a=1", "handlers.x.options.a.b=2"],
            "handlers.x.options.a.b contradicts handlers.x.options.a",
        ),
        (
            &[
                "add",
                "crun",
                "--set",
                "snapshotter=a",
                "--set",
                "snapshotter=b",
            ],
            "snapshotter is set to two values",
        ),
        (
            &[
                "set",
                "debug.level=info",
                "--adopt",
                "--was",
                "debug.level=a",
                "--was",
                "debug.level=b",
            ],
            "debug.level is set to two values",
        ),
    ] {
        let run = node.run(arguments).exits(2);
        assert!(run.stderr.contains(wanted), "{run:#?}");
    }
    node.run(&["set", "debug.level=info", "debug.level=info"])
        .exits(0);
}

/// A value that stood where a table belongs has made room for good: beside the keys in it, it has no
/// place any more.
#[test]
fn keys_are_set_where_a_value_was_removed_to_make_room() {
    for (broken, unset, set) in [
        ("debug = 5\n", "debug", &["set", "debug.level=info"][..]),
        ("plugins = 5\n", "plugins", &["add", "crun"]),
    ] {
        let node = Node::with(format!("version = 3\n{broken}"));
        node.run(&["unset", unset]).exits(0);
        node.run(set).exits(0);
        node.run(&["status", "--exit-code"]).exits(0);
        let run = node.run(set).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), "version = 3\n");
    }
}

/// A table would not come back as it was: it has to be taken out first.
#[test]
fn a_value_does_not_take_the_place_of_a_table() {
    const CONFIG: &str = "version = 3\n";
    let key = "plugins.\"x.y.z\".a";
    let (below, value) = (format!("{key}.b"), format!("{key}=2"));
    for table in [
        "[plugins.\"x.y.z\".a]\n# mine\nb = 1 # why\n",
        "[plugins.\"x.y.z\".a]\n# mine\n",
    ] {
        let node = Node::with(format!("{CONFIG}{table}"));
        let run = node.run(&["set", &value]).exits(65);
        let said = ":2:1: plugins.\"x.y.z\".a is a table where a value belongs";
        assert!(run.stderr.contains(said), "{run:#?}");
    }
    for braces in [false, true] {
        let node = Node::with(CONFIG);
        if braces {
            let text = format!("{CONFIG}[plugins.\"x.y.z\"]\na = {{ k = 0 }}\n");
            fs::write(node.config(), text).expect("writes");
        }
        let original = node.text();
        node.run(&["set", &format!("{below}=1"), "--owner", "b"])
            .exits(0);
        node.run(&["set", &value, "--owner", "c", "--take-over"])
            .exits(65);
        node.run(&["unset", &below, "--owner", "b"]).exits(0);
        node.run(&["set", &value, "--owner", "c", "--take-over"])
            .exits(0);
        node.run(&["remove", "--owner", "b"]).exits(0);
        node.run(&["remove", "--owner", "c"]).exits(0);
        assert_eq!(node.text(), original);
    }
}

/// A table of another owner: the command that is named takes its keys out.
#[test]
fn to_take_another_owners_table_out_its_keys_are_named() {
    let node = Node::with("version = 3\n");
    let key = "plugins.\"x.y.z\".a.b";
    node.run(&["set", &format!("{key}=1"), "--owner", "b"])
        .exits(0);
    let table = [
        "unset",
        "plugins.\"x.y.z\".a",
        "--owner",
        "c",
        "--take-over",
    ];
    let run = node.run(&table).exits(0);
    let said = format!("unset '{key}' --take-over --owner c`");
    assert!(run.stderr.contains(&said), "{run:#?}");
    node.run(&["unset", key, "--take-over", "--owner", "c"])
        .exits(0);
    assert!(!node.text().contains("b = 1"), "{}", node.text());
}
