//! `set`, `unset` and `get`: single keys, whoever has set them.

use crate::tool::Node;

const CONFIG: &str = "version = 3\n\n[debug]\n  level = \"info\" # ours\n";

fn text(node: &Node) -> String {
    String::from_utf8(node.bytes().expect("a config")).expect("UTF-8")
}

#[test]
fn keys_are_set_and_taken_back() {
    let node = Node::with(CONFIG);
    node.run(&["set", "debug.level=debug", "proxy_plugins.x.type=snapshot"])
        .exits(0);
    let set = "version = 3\n\n[debug]\n  level = \"debug\" # ours\n";
    assert!(text(&node).starts_with(set), "{}", text(&node));
    let again = node.run(&["set", "debug.level=debug"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(text(&node), CONFIG);
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
    assert!(text(&node).contains("level = \"trace\""));
    // It is b's by now.
    node.run(&["set", "debug.level=warn", "--owner", "b"])
        .exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert!(text(&node).contains("level = \"debug\""));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(text(&node), CONFIG);
}

/// Taking out what is nobody's, and what others have set.
#[test]
fn a_key_that_is_nobodys_is_removed_and_comes_back_as_it_was() {
    let node = Node::with(CONFIG);
    node.run(&["unset", "debug.level"]).exits(0);
    assert_eq!(text(&node), "version = 3\n\n[debug]\n");
    let again = node.run(&["unset", "debug.level"]).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    node.run(&["undo"]).exits(0);
    assert_eq!(text(&node), CONFIG);
    node.run(&["unset", "debug.level"]).exits(0);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(text(&node), CONFIG, "with its comment");
}

#[test]
fn a_removed_key_comes_back_to_its_line_while_others_stay_and_edit() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let before = text(&node);
    node.run(&["unset", "debug.level"]).exits(0);
    node.run(&["set", "debug.format=json", "--owner", "b"])
        .exits(0);
    let by_hand = "\n[metrics]\naddress = \"127.0.0.1:1338\"\n";
    std::fs::write(node.config(), text(&node) + by_hand).expect("writes");
    for owner in ["manual", "b"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(text(&node), before + by_hand);
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
    assert_eq!(text(&node), CONFIG);
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
    assert!(!text(&node).contains("level"));
    node.run(&["unset", "handlers.crun.options.BinaryName", "--owner", "a"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(text(&node), CONFIG);
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
            text(&node).contains("imports = [\"/no/c*.toml\"] # three\n"),
            "{}",
            text(&node)
        );
        for owner in order {
            node.run(&["remove", "--owner", owner]).exits(0);
        }
        assert_eq!(text(&node), LISTS, "{order:?}");
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
            assert_eq!(text(&node), LINES, "{order:?} {back:?}");
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
    let said = "debug is a table, and its keys are no owner's: name those that are to go";
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
fn get_prints_what_is_in_force_over_all_files() {
    let node = Node::with("version = 3\nimports = [\"extra.toml\"]\n[debug]\nlevel = \"info\"\n");
    std::fs::write(
        node.folder().join("extra.toml"),
        "version = 3\n[debug]\nlevel = \"warn\"\n",
    )
    .expect("writes");
    let get = |key: &str| node.run(&["get", key]).exits(0).stdout;
    assert_eq!(get("debug.level"), "warn\n");
    assert_eq!(get("debug"), "level = \"warn\"\n");
    assert_eq!(get("version"), "3\n");
    let json = node.run(&["get", "debug.level", "-o", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let extra = node.folder().join("extra.toml");
    assert_eq!(json["file"], extra.to_str().expect("UTF-8"));
    assert_eq!(
        (json["line"].as_u64(), json["column"].as_u64()),
        (Some(3), Some(1))
    );
    assert_eq!(json["value"], "warn");
    assert_eq!(json["owner"], serde_json::Value::Null);
    assert_eq!(
        json["releases"][0],
        serde_json::json!({"containerd": "2.0", "value": "warn"})
    );
}

#[test]
fn get_of_a_table_is_get_of_its_keys() {
    let servers = "[plugins.'io.containerd.server.v1.grpc']\naddress = '/g'\n\
        [plugins.'io.containerd.server.v1.debug']\naddress = '/d'\n";
    for dead in [
        "",
        "[grpc]\naddress = '/dead'\nuid = 0\n[metrics]\naddress = '/dead'\n",
    ] {
        let node = Node::with(format!(
            "version = 4\n[debug]\nlevel = 'info'\n{dead}{servers}"
        ));
        let get = |key: &str| node.run(&["get", key]).exits(0).stdout;
        assert_eq!(get("grpc.address"), "/g\n");
        assert!(
            get("grpc").starts_with("address = \"/g\"\n"),
            "{}",
            get("grpc")
        );
        assert_eq!(get("debug"), "address = \"/d\"\nlevel = \"info\"\n");
        node.run(&["get", "metrics"]).exits(1);
    }
}

#[test]
fn get_tells_releases_and_spellings_apart() {
    let node = Node::with(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"a\"\n\
         [plugins.\"io.containerd.cri.v1.images\".pinned_images]\nextra = \"b\"\n",
    );
    // Both spellings are one key.
    for key in [
        "plugins.\"io.containerd.grpc.v1.cri\".sandbox_image",
        "plugins.\"io.containerd.cri.v1.images\".pinned_images.sandbox",
    ] {
        let run = node.run(&["get", key]).exits(0);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("a\n", ""),
            "{key}"
        );
    }
    let key = "plugins.\"io.containerd.cri.v1.images\".pinned_images.extra";
    let run = node.run(&["get", key]).exits(0);
    assert_eq!(run.stdout, "b\n");
    assert!(
        run.stderr.contains("is not set on containerd 1.6 and 1.7"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_that_is_there_and_that_no_release_reads_is_not_said_to_be_missing() {
    let node = Node::with(
        "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsandbox_image = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\nsandbox_mode = 'shim'\n",
    );
    for (key, hint) in [
        (
            "plugins.'io.containerd.cri.v1.images'.sandbox_image",
            "did you mean plugins.\"io.containerd.grpc.v1.cri\".sandbox_image?",
        ),
        ("handlers.kata.sandbox_mode", "remove it: it has no effect"),
    ] {
        let run = node.run(&["get", key]).exits(1);
        let said = "is set, and no containerd release reads it there";
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
}

#[test]
fn getting_what_is_not_there_fails() {
    let node = Node::with(CONFIG);
    for (key, said) in [
        ("debug.levle", "did you mean debug.level?"),
        ("debug.format", "containerd's own default holds"),
        ("grpc.adress", "did you mean grpc.address?"),
        (
            "handlers.kata.options.ConfgPath",
            "did you mean handlers.kata.options.ConfigPath?",
        ),
        (
            "handlers.kata.options.Nothing",
            "the handler kata is not listed; see `",
        ),
        (
            "handlers.runc.snapshotter",
            "containerd's own default holds",
        ),
        (
            "plugins.'io.containerd.cri.v1.runtme'.enable_cdi",
            "did you mean plugins.\"io.containerd.cri.v1.runtime\".enable_cdi?",
        ),
        (
            "plugins.'io.containerd.nydus.v1.x'.y",
            "no containerd release is known to have a plugin io.containerd.nydus.v1.x",
        ),
        (
            "plugins.io.containerd.nri.v1.nri.disable",
            "quote the plugin's ID: 'plugins.\"io.containerd.nri.v1.nri\".disable'",
        ),
    ] {
        let run = node.run(&["get", key]).exits(1);
        assert!(
            run.stderr.contains("is not set in any file"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let json = node.run(&["get", "debug.format", "-o", "json"]).exits(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["error"]["code"], "no-key");
}

#[test]
fn adding_to_a_handler_that_exists_changes_only_what_is_given() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--set", "options.ConfigPath=/a"])
        .exits(0);
    let first = text(&node);
    assert!(
        first.contains("runtime_type = \"io.containerd.kata.v2\""),
        "{first}"
    );
    node.run(&["unset", "handlers.kata.pod_annotations"])
        .exits(0);
    node.run(&["add", "kata", "--set", "options.ConfigPath=/b"])
        .exits(0);
    let second = text(&node);
    assert!(
        second.contains("/b") && !second.contains("pod_annotations"),
        "{second}"
    );
    let type_of = ["add", "mine", "--set", "runtime_type=io.containerd.runc.v2"];
    node.run(&type_of).exits(0);
    node.run(&["add", "mine", "--set", "options.BinaryName=/x"])
        .exits(0);
    assert!(text(&node).contains("BinaryName = \"/x\""));
    let refused = node
        .run(&["add", "other", "--set", "options.BinaryName=/x"])
        .exits(2);
    assert!(
        refused.stderr.contains("other has no runtime_type"),
        "{}",
        refused.stderr
    );
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(text(&node), "version = 3\n");
}

#[test]
fn a_handler_that_nothing_runs_is_refused_and_the_error_says_what_is_missing() {
    let node = Node::with("version = 3\n");
    let said = "the handler crn has no runtime_type, and no preset is called so\n\
                hint: did you mean crun? Otherwise set its runtime_type, too\n";
    let set = ["set", "handlers.crn.snapshotter=native"];
    let added = ["add", "crn", "--set", "snapshotter=native"];
    for arguments in [&set[..], &added[..]] {
        let refused = node.run(arguments).exits(2);
        assert!(refused.stderr.ends_with(said), "{}", refused.stderr);
    }
    let file = node.folder().join("patch.toml");
    let table = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.crn";
    std::fs::write(&file, format!("[{table}]\nsnapshotter = \"native\"\n")).expect("writes");
    let path = file.to_str().expect("UTF-8");
    let refused = node.run(&["apply", path]).exits(65);
    let place = format!("error: {path}:2:1: the handler crn has no runtime_type");
    assert!(refused.stderr.starts_with(&place), "{}", refused.stderr);
    // No verb adds a handler of this name.
    let default = node.run(&["set", "default=Crun"]).exits(78);
    assert!(default.stderr.ends_with(" list`\n"), "{}", default.stderr);
    assert_eq!(text(&node), "version = 3\n");
    node.run(
        &[
            &set[..],
            &["handlers.crn.runtime_type=io.containerd.crn.v1"],
        ]
        .concat(),
    )
    .exits(0);
    node.run(&["apply", path, "--owner", "manual"]).exits(0);
}

#[test]
fn add_takes_single_keys_of_a_handler_away() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--set", "options.ConfigPath=/x"])
        .exits(0);
    let change = [
        "add",
        "kata",
        "--set",
        "cni_conf_dir=/cni",
        "--unset",
        "options.ConfigPath",
    ];
    node.run(&change).exits(0);
    let after = text(&node);
    assert!(after.contains("cni_conf_dir = \"/cni\""), "{after}");
    assert!(after.contains("io.containerd.kata.v2"), "{after}");
    assert!(!after.contains("ConfigPath"), "{after}");
    node.run(&["add", "kata", "--unset", "cni_conf_dir"])
        .exits(0);
    assert!(!text(&node).contains("cni_conf_dir"), "{}", text(&node));
    node.run(&["add", "kata", "--unset", "a..b"]).exits(2);
    let both = [
        "add",
        "kata",
        "--set",
        "snapshotter=x",
        "--unset",
        "snapshotter",
    ];
    let refused = node.run(&both).exits(2);
    assert!(refused.stderr.contains("both set and unset"), "{refused:?}");
    node.run(&["remove", "kata"]).exits(0);
    assert_eq!(text(&node), "version = 3\n");
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
        assert_eq!(text(&node), original);
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
