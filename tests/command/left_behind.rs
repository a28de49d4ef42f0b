//! Leaving is never refused: what others still need stays and is named, or comes to them.

use std::fs;

use crate::tool::Node;

const BASE: &str = "version = 3\n";
/// A drop-in of the user's own, with a handler.
const FOREIGN: &str = "version = 3\n\
    [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.foo]\n\
    runtime_type = \"io.containerd.runc.v2\"\n";
const PROXY: [&str; 5] = [
    "set",
    "proxy_plugins.n.type=snapshot",
    "proxy_plugins.n.address=/s",
    "--owner",
    "a",
];

/// A node with a folder that owner `a` has imported.
fn importing() -> Node {
    let node = Node::with(BASE);
    node.run(&["set", "imports=[\"x/*.toml\"]", "--owner", "a"])
        .exits(0);
    fs::create_dir(node.folder().join("x")).expect("creates");
    node
}

/// An owner's drop-in is imported as long as it is there.
#[test]
fn a_drop_in_outlives_the_import_that_led_to_it() {
    for verb in [&["add", "crun"][..], &["set", "debug.level=debug"]] {
        let node = importing();
        node.run(&[verb, &["--owner", "b"]].concat()).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(0);
        let drop_in = node.folder().join("x/50-b.toml");
        let import = format!("{BASE}imports = [\"{}\"]\n", drop_in.display());
        assert_eq!(node.text(), import);
        node.run(&["status", "--exit-code"]).exits(0);
        node.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(node.text(), BASE);
        assert!(!drop_in.exists());
    }
}

/// A user's own file loses its import. The run warns that its handler is not loaded any more.
#[test]
fn a_handler_that_goes_with_an_import_is_named() {
    let node = importing();
    fs::write(node.folder().join("x/own.toml"), FOREIGN).expect("writes");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    let said = "containerd does not load foo any more";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), BASE);
}

#[test]
fn a_handler_without_a_key_that_another_owner_took_out_goes() {
    let node = Node::with(BASE);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let unset = ["unset", "handlers.crun.options.BinaryName", "--take-over"];
    node.run(&[&unset[..], &["--owner", "b"]].concat()).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), BASE);
}

/// Whatever it is that needs it: the model says what would go wrong.
#[test]
fn what_a_release_needs_stays_and_goes_with_what_needs_it() {
    let required = "required_plugins=[\"io.containerd.snapshotter.v1.n\"]";
    let unpack = "plugins.\"io.containerd.transfer.v1.local\".unpack_config=\
                  [{platform=\"linux/amd64\",snapshotter=\"n\"}]";
    for need in [required, unpack] {
        let node = Node::with(BASE);
        node.run(&PROXY).exits(0);
        node.run(&["set", need, "--owner", "b"]).exits(0);
        let run = node.run(&["remove", "--owner", "a"]).exits(79);
        let said = "not removed from config.toml: proxy_plugins.n.address, proxy_plugins.n.type: with \
                    this change containerd 2.";
        assert!(run.stderr.contains(said), "{run:#?}");
        // It does not keep others from their edits, and is not told of again.
        let run = node.run(&["add", "crun", "--owner", "c"]).exits(0);
        assert!(!run.stderr.contains("not removed"), "{run:#?}");
        node.run(&["remove", "--owner", "c"]).exits(0);
        node.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(node.text(), BASE);
    }
}

/// No more stays than has to.
#[test]
fn what_nobody_needs_goes_beside_what_stays() {
    let node = importing();
    fs::write(node.folder().join("x/own.toml"), FOREIGN).expect("writes");
    node.run(&["add", "crun", "--owner", "a", "--no-drop-in"])
        .exits(0);
    node.run(&["set-default", "foo", "--owner", "b", "--no-drop-in"])
        .exits(0);
    let run = node.run(&["remove", "--owner", "a"]).exits(79);
    assert!(
        run.stderr
            .contains("not removed from config.toml: imports["),
        "{run:#?}"
    );
    assert!(!node.text().contains("crun"), "{}", node.text());
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), BASE);
}

/// What another owner wants since before comes back only where no release suffers from it.
#[test]
fn an_owner_leaves_whose_value_stands_over_a_harmful_one() {
    let node = Node::with(BASE);
    let snapshotter = "plugins.\"io.containerd.cri.v1.images\".snapshotter";
    let set = |value: &str, owner: &str, more: &[&str]| {
        let key = format!("{snapshotter}={value}");
        node.run(&[&["set", &key, "--owner", owner], more].concat())
            .exits(0);
    };
    set("erofs", "a", &["--containerd-version", "2.3"]);
    set("overlayfs", "b", &["--take-over"]);
    let before = node.text();
    let run = node.run(&["remove", "--owner", "b"]).exits(79);
    let said =
        format!("not removed from config.toml: {snapshotter}: with this change containerd 2.0");
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert_eq!(node.text(), before);
    let status = node.run(&["status"]).exits(0).stdout;
    let said = format!("overridden in {}: {snapshotter}", node.config().display());
    assert!(status.contains(&said), "{status}");
    // Others may edit, and where only newer releases count, the value of who stays comes back.
    node.run(&["add", "crun", "--owner", "c"]).exits(0);
    node.run(&["remove", "--owner", "c"]).exits(0);
    assert_eq!(node.text(), before);
    node.run(&["add", "crun", "--owner", "c", "--containerd-version", "2.3"])
        .exits(0);
    assert!(node.text().contains("erofs"), "{}", node.text());
    node.run(&["remove", "--owner", "c"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), BASE);
}

/// containerd panics at a proxy plugin without a type: its table goes with its last key, and comes back
/// with it.
#[test]
fn a_proxy_plugin_that_is_nobodys_goes_as_a_whole() {
    let base = "version = 2\n\n# theirs\n[proxy_plugins]\n  [proxy_plugins.n]\n    type = \"snapshot\" # x\n    \
                address = \"/s\"\n\n[debug]\n  level = \"info\"\n";
    let node = Node::with(base);
    let keys = ["proxy_plugins.n.type", "proxy_plugins.n.address"];
    node.run(&["unset", keys[0], "--owner", "a"]).exits(78);
    node.run(&["unset", keys[0], keys[1], "--owner", "a"])
        .exits(0);
    assert!(!node.text().contains("proxy_plugins.n"), "{}", node.text());
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), base);
}

/// What was there before its owner came is no key that the node could do without.
#[test]
fn what_was_adopted_is_no_licence_for_harm() {
    let proxy = "[proxy_plugins.n]\n  type = \"snapshot\"\n  address = \"/s\"\n";
    let cri = "plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let base = format!(
        "version = 2\n{proxy}[{cri}]\n  snapshotter = \"n\"\n  default_runtime_name = \"kata\"\n\
         [{cri}.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n\
         [{cri}.runtimes.kata]\n  runtime_type = \"io.containerd.kata.v2\"\n"
    );
    let node = Node::with(&base);
    node.run(&["add", "kata", "--owner", "b", "--adopt"])
        .exits(0);
    let unset = [
        "unset",
        "proxy_plugins.n.type",
        "proxy_plugins.n.address",
        "--owner",
        "d",
    ];
    node.run(&unset).exits(78);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert!(!node.text().contains("kata"), "{}", node.text());
    // Half of a proxy plugin would stop containerd.
    let node = Node::with(format!("version = 3\n{proxy}"));
    let patch = node.folder().join("patch");
    let wanted = "[proxy_plugins.n]\ntype = \"snapshot\"\naddress = \"/other\"\n";
    fs::write(&patch, wanted).expect("writes");
    let apply = [
        "apply",
        &*patch.to_string_lossy(),
        "--owner",
        "a",
        "--adopt",
    ];
    node.run(&apply).exits(0);
    let before = node.text();
    node.run(&["remove", "--owner", "a"]).exits(79);
    assert_eq!(node.text(), before);
}

/// Repeating a removal reports the same leftovers again. A key that only other owners need is not one of
/// them.
#[test]
fn a_removal_that_is_repeated_ends_as_the_first_one() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let driver = "handlers.runc.options.SystemdCgroup=false";
    node.run(&["set", driver, "--owner", "b"]).exits(0);
    for owner in ["a", "a", "nobody"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    let node = Node::with(BASE);
    node.run(&["add", "spin", "--owner", "c"]).exits(0);
    node.run(&["remove", "--owner", "c"]).exits(0);
    node.run(&PROXY).exits(0);
    let snapshotter = ["add", "crun", "--set", "snapshotter=n", "--owner", "b"];
    node.run(&snapshotter).exits(0);
    for (owner, code) in [("a", 79), ("a", 79), ("nobody", 0), ("c", 0)] {
        node.run(&["remove", "--owner", owner]).exits(code);
    }
}
