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
