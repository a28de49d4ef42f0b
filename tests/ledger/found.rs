//! Small lives that random ones came to: each broke a promise once.

use containerd_edit::{Change, Ledger, edit};

use crate::cases::{DEBIAN, Node, OLD, change, codes, handler, runc};

/// Nobody has made it: what an owner puts into it stays there.
#[test]
fn a_table_that_was_left_empty_is_the_files_own() {
    let runc = [
        "plugins",
        "io.containerd.cri.v1.runtime",
        "containerd",
        "runtimes",
        "runc",
    ];
    let mut node = Node::new("[plugins.cri.containerd.runtimes.runc]\n");
    let annotations = Change::of("c").set(&[&runc[..], &["pod_annotations"]].concat(), "[\"x\"]");
    let annotations = annotations.in_file("conf.d/50-c.toml");
    node.apply(&annotations);
    let once = node.text().to_owned();
    assert!(once.contains("pod_annotations"));
    node.apply(&annotations);
    assert_eq!(node.text(), once);
}

/// The value that a killed run has left in one of two files is nobody's wish.
#[test]
fn what_a_killed_run_has_left_below_another_wish_goes() {
    let path = ["plugins", "io.containerd.cri.v1.runtime", "cdi_spec_dirs"];
    let mut node = Node::new("version = 3\n");
    let drop_in = "conf.d/50-b.toml";
    node.apply(&Change::of("b").set(&path, "[\"/b\"]").in_file(drop_in));
    node.apply(
        &Change::of("a")
            .set(&path, "[\"/a\"]")
            .set(&["debug", "level"], "\"info\""),
    );
    let leave = Change::leave("a", None);
    let edited = edit(&node.config, &node.ledger, &leave).expect("an edit");
    // Only the main file was written.
    node.write("version = 3\nimports = [\"/etc/containerd/conf.d/50-b.toml\"]\n");
    let after = edited
        .ledger
        .after_a_killed_run(edited.before, &node.config);
    node.ledger = after;
    node.apply(&leave);
    let path = "/etc/containerd/conf.d/50-b.toml";
    let text = node.config.text(path.as_ref()).unwrap_or_default();
    assert!(text.contains("[\"/b\"]"), "{text}");
}

#[test]
fn the_comment_of_a_table_that_others_have_moved_goes() {
    let mut node = Node::new("version = 3\n");
    node.apply(&Change::of("a").set(&["proxy_plugins", "x", "type"], "\"snapshot\""));
    node.write("version = 3\n[proxy_plugins.x]\ntype = \"snapshot\"\n# containerd-edit owner=a\n");
    node.leave("a");
    assert!(!node.text().contains('#'), "{}", node.text());
}

#[test]
fn a_header_is_not_the_table_below_it() {
    let options = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin.\
                   options]\nx = 1\n";
    let mut node = Node::new(options);
    node.apply(&change("a").ensure(handler("spin")));
    assert!(node.text().contains("spin]"));
    node.leave("a");
    assert_eq!(node.text(), options);
}

/// It comes into force again once its handler is there.
#[test]
fn what_a_default_was_is_not_forgotten() {
    let table = "[plugins.\"io.containerd.cri.v1.runtime\".containerd";
    let text = format!("version = 3\n{table}]\ndefault_runtime_name = \"mine\"\n");
    let mut node = Node::new(&text);
    let crun = change("a")
        .ensure(handler("crun"))
        .default_handler("crun".parse().expect("a name"));
    node.apply(&crun);
    node.apply(&crun);
    let mine = format!("{table}.runtimes.mine]\nruntime_type = \"x.v2\"\n");
    node.write(&(node.text().to_owned() + &mine));
    node.leave("a");
    assert_eq!(node.text(), text + &mine);
}

/// The file listed it before, without a type.
#[test]
fn the_type_that_an_owner_gave_to_a_runc_of_the_file_goes() {
    let table = "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n";
    let base = format!("version = 3\n{table}pod_annotations = [\"a\"]\n");
    let mut node = Node::new(&base);
    node.apply(&change("a").ensure(runc(&[])));
    assert!(node.text().contains("runtime_type"));
    node.leave("a");
    assert_eq!(node.text(), base);
}

/// containerd has it built in.
#[test]
fn a_default_of_the_file_does_not_go_with_a_runc() {
    let base = "version = 1\n[plugins.cri.containerd]\ndefault_runtime_name = \"runc\"\n";
    let mut node = Node::new(base);
    node.apply(&change("a").ensure(runc(&["options.BinaryName=/x"])));
    let left = node.leave("a");
    assert_eq!((codes(&left), node.text()), (vec![], base));
}

/// A run of two files that was killed between them: only the drop-in was written.
fn killed_after(drop_in: &str, node: &mut Node, change: &Change) {
    let edited = node.be_killed_after(drop_in, change);
    let names: Vec<&str> = edited.files.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, [drop_in, "config.toml"]);
}

/// The snapshotter is wanted, and in no file yet.
#[test]
fn a_proxy_plugin_stays_for_the_snapshotter_of_a_killed_run() {
    let kata = [
        "plugins",
        "io.containerd.cri.v1.runtime",
        "containerd",
        "runtimes",
        "kata",
    ];
    let base = format!(
        "version = 3\n[plugins.\"{}\".containerd.runtimes.kata]\n",
        kata[1]
    ) + "runtime_type = \"x.v2\"\n";
    let mut node = Node::new(&base);
    let proxy = Change::of("b")
        .set(&["proxy_plugins", "nydus", "type"], "\"snapshot\"")
        .set(&["proxy_plugins", "nydus", "address"], "\"/run/n.sock\"");
    node.apply(&proxy);
    let snapshotter = Change::of("a")
        .set(&[&kata[..], &["snapshotter"]].concat(), "\"nydus\"")
        .set(&["debug", "level"], "\"info\"")
        .in_file("conf.d/50-a.toml");
    killed_after("conf.d/50-a.toml", &mut node, &snapshotter);
    assert!(!node.text().contains("snapshotter"));
    let left = node.leave("b");
    assert!(codes(&left).contains(&"left-behind"), "{left:?}");
    assert!(node.text().contains("nydus"), "{}", node.text());
    node.apply(&snapshotter);
    assert!(node.text().contains("snapshotter = \"nydus\""));
    node.leave("a");
    assert_eq!(node.text(), base);
}

/// Its handler stands in a drop-in that nothing imports: that lists nothing.
#[test]
fn a_default_of_a_drop_in_that_nothing_imports_is_not_set() {
    let base = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd]\n\
                default_runtime_name = \"runc\"\n";
    let mut node = Node::new(base);
    let default = |owner: &str, name: &str| {
        let change = change(owner).ensure(handler(name));
        change.default_handler(name.parse().expect("a name"))
    };
    node.apply(&default("b", "kata"));
    let crun = default("a", "crun").in_file("conf.d/50-a.toml");
    killed_after("conf.d/50-a.toml", &mut node, &crun);
    node.leave("b");
    assert_eq!(node.text(), base);
    node.apply(&crun);
    assert!(node.text().contains("default_runtime_name = \"crun\""));
    node.leave("a");
    assert_eq!(node.text(), base);
}

#[test]
fn a_recovered_runc_stays_as_long_as_others_are_listed() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("a").ensure(handler("spin")));
    node.apply(&change("b").ensure(handler("kata")));
    node.ledger = Ledger::default();
    node.leave("b");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    node.leave("a");
    assert_eq!(node.text(), DEBIAN);
    // So it is with a handler that is nobody's.
    node.apply(&change("a").ensure(handler("spin")));
    let mine = format!("[{OLD}.containerd.runtimes.mine]\nruntime_type = \"x.v2\"\n");
    node.write(&(node.text().to_owned() + &mine));
    node.ledger = Ledger::default();
    node.leave("a");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    assert!(!node.text().contains("spin"));
}

#[test]
fn an_adoption_that_was_killed_is_made_again() {
    let handler = [
        "plugins",
        "io.containerd.cri.v1.runtime",
        "containerd",
        "runtimes",
        "kata",
        "runtime_type",
    ];
    let table = format!("[plugins.\"{}\".containerd.runtimes", handler[1]);
    let mine = format!("version = 3\n{table}.mine]\nruntime_type = \"x.v2\"\n");
    let mut node = Node::new(&format!("{mine}{table}.kata]\nruntime_type = \"x.v2\"\n"));
    let adopts = Change::of("a").set(&handler, "\"y.v2\"").adopt();
    let adopts = adopts.in_file("conf.d/50-a.toml");
    killed_after("conf.d/50-a.toml", &mut node, &adopts);
    node.apply(&adopts);
    assert!(!node.text().contains("kata"), "{}", node.text());
    node.leave("a");
    assert_eq!(node.text(), mine);
}

/// 1.6 goes by the version of the file that it imports.
#[test]
fn a_runc_of_a_drop_in_stays_though_the_main_file_was_migrated() {
    let mut node = Node::new("version = 2\n");
    let drop_in = "conf.d/50-a.toml";
    node.apply(&change("a").ensure(handler("spin")).in_file(drop_in));
    node.write("version = 3\nimports = [\"/etc/containerd/conf.d/50-a.toml\"]\n");
    node.leave("b");
    let path = "/etc/containerd/conf.d/50-a.toml";
    let text = node.config.text(path.as_ref()).unwrap_or_default();
    assert!(text.contains("runtimes.runc]"), "{text}");
    node.leave("a");
    assert_eq!(node.config.text(path.as_ref()), None);
}

/// Nobody knows what was there before the default.
#[test]
fn runc_comes_where_the_default_of_a_lost_ledger_goes() {
    let table = format!("[{OLD}.containerd");
    let base = format!(
        "version = 2\n{table}]\ndefault_runtime_name = \"crun\"\n{table}.runtimes.crun]\n\
         runtime_type = \"x.v2\"\n"
    );
    let mut node = Node::new(&base);
    let spin = change("a").ensure(handler("spin"));
    node.apply(&spin.default_handler("spin".parse().expect("a name")));
    node.ledger = Ledger::default();
    let left = node.leave("a");
    assert!(codes(&left).contains(&"default-reset"), "{left:?}");
    assert!(node.text().contains("runtimes.runc]") && !node.text().contains("spin"));
}

/// Nobody's comment may cost a key: only what can be implied is taken for that.
#[test]
fn a_stray_comment_costs_no_key() {
    let text = "[plugins.cri]\n# containerd-edit owner=implied\n[plugins.cri.containerd]\n\
                snapshotter = \"native\"\n# containerd-edit owner=implied\n[debug]\nlevel = \"info\"\n";
    let mut node = Node::new(text);
    node.apply(&change("a").ensure(handler("spin")));
    node.leave("a");
    for key in ["snapshotter = \"native\"", "level = \"info\""] {
        assert!(node.text().contains(key), "{}", node.text());
    }
}

#[test]
fn a_comment_between_two_blocks_stays() {
    let text = "version = 1\n\n[plugins]\ncri.sandbox_image = \"p\"\n# the end\n";
    for text in [text, text.trim_end()] {
        let mut node = Node::new(text);
        let crun = change("a").ensure(handler("crun"));
        node.apply(&crun.default_handler("crun".parse().expect("a name")));
        node.leave("a");
        assert_eq!(node.text(), text);
    }
}

/// Once somebody wants what stands in it, the comment names that owner, at once.
#[test]
fn a_block_that_no_ledger_knows_gets_its_owner() {
    let mut node = Node::new(
        "version = 3\n# containerd-edit owner=implied\n[proxy_plugins.x]\ntype = \"snapshot\"\n",
    );
    node.apply(&Change::of("c").set(&["proxy_plugins", "x", "type"], "\"snapshot\""));
    assert!(node.text().contains("owner=c"), "{}", node.text());
}

/// Nothing of the ledger's stands in it, and it stays all the same. Without another handler beside it,
/// the table of all goes as a whole.
#[test]
fn an_empty_handler_that_can_not_be_removed_is_named() {
    let text = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\nruntimes = {\n  \
                crun = {},\n  mine = { runtime_type = 'x' }\n}\n";
    let mut node = Node::new(text);
    let edited = node.apply(&change("manual").remove("crun").adopt());
    assert_eq!(node.text(), text);
    assert_eq!(codes(&edited), ["left-behind"]);
    let left: Vec<&str> = edited
        .report
        .left_behind
        .iter()
        .map(|it| it.key.as_str())
        .collect();
    assert_eq!(
        left,
        ["plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.crun"]
    );
}

/// It went when another owner's default came, and 1.x lost a handler that somebody still wanted.
#[test]
fn runc_stays_as_long_as_an_owner_wants_it_as_the_default() {
    let table = format!("[{OLD}.containerd");
    let base = format!("version = 2\n{table}.runtimes.mine]\nruntime_type = \"x.v2\"\n");
    let mut node = Node::new(&base);
    node.apply(&change("a").default_handler("runc".parse().expect("a name")));
    let spin = change("b").ensure(handler("spin"));
    node.apply(&spin.default_handler("spin".parse().expect("a name")));
    let has_runc = |node: &Node| node.text().contains("runtimes.runc]");
    assert!(has_runc(&node), "{}", node.text());
    node.leave("a");
    assert!(!has_runc(&node), "{}", node.text());
    node.leave("b");
    assert_eq!(node.text(), base);
}

/// No migration makes an element of `false`: one that stands there is somebody else's.
#[test]
fn what_others_have_in_the_array_of_a_key_that_says_nothing_stays() {
    let env = "[plugins.\"io.containerd.shim.v1.manager\"]\n  env = ['SCHED_CORE=1']\n";
    let original = format!("version = 3\n{env}");
    let mut node = Node::new(&original);
    let key = ["plugins", "io.containerd.runtime.v2.task", "sched_core"];
    let change = Change::of("a").set(&key, "false");
    node.apply(&change);
    let once = node.text().to_owned();
    assert!(once.contains(env), "{once}");
    node.apply(&change);
    assert_eq!(node.text(), once);
    node.leave("a");
    assert_eq!(node.text(), original);
}

/// An array of tables needs no header above its own.
#[test]
fn the_header_above_an_array_of_tables_goes_with_the_key_below_it() {
    let id = "io.containerd.transfer.v1.local";
    let array = format!("[[plugins.\"{id}\".unpack_config]]\n  platform = \"linux/amd64\"\n");
    let original = format!("version = 3\n{array}");
    let mut node = Node::new(&original);
    let change = Change::of("a").set(&["plugins", id, "max_concurrent_downloads"], "5");
    node.apply(&change);
    assert_ne!(node.text(), original);
    node.leave("a");
    assert_eq!(node.text(), original);
}
