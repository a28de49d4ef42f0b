//! Next steps in hints: each works, and is about the same config.

use std::fs;

use crate::tool::{Node, Run, tool};

use super::CRUN;

/// Each broken ledger has a next step that works.
#[test]
fn the_hint_of_a_ledger_that_cannot_be_read_works() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    let before = node.folder().join("config.toml.owners.before");
    let good = fs::read_to_string(node.ledger()).expect("a ledger");
    let hint = |exit: i32| {
        let run = node.run(&["add", "kata"]).exits(exit);
        let hint = run.stderr.split("hint: ").nth(1);
        hint.unwrap_or_default().to_owned()
    };
    fs::write(&before, &good[..good.len() / 2]).expect("writes");
    let moved = hint(65);
    assert!(
        moved.starts_with("move it away: then the ledger"),
        "{moved}"
    );
    fs::remove_file(&before).expect("removes");
    assert_eq!(hint(0), "");
    let good = fs::read_to_string(node.ledger()).expect("a ledger");
    let later = good.replace("\"format\": 1", "\"format\": 2");
    for path in [&before, &node.ledger()] {
        fs::write(path, &later).expect("writes");
        let release = hint(65);
        assert!(release.starts_with("use the release"), "{release}");
        fs::write(path, &good[..good.len() / 2]).expect("writes");
        if *path == before {
            fs::remove_file(path).expect("removes");
        }
    }
    let previous = hint(65);
    assert!(previous.starts_with("put the ledger before"), "{previous}");
    fs::copy(node.folder().join("config.toml.owners.prev"), node.ledger()).expect("copies");
    assert_eq!(hint(0), "");
}

/// A command in a hint is about the config that the run was about.
#[test]
fn a_command_in_a_hint_names_the_same_config() {
    let node = Node::with(CRUN);
    node.run(&["add", "kata", "--owner", "o/1"]).exits(0);
    let config = node.config().display().to_string();
    let run = node.run(&["remove", "kata", "--owner", "b"]).exits(78);
    let command = format!("`containerd-edit --config {config} remove kata --owner o/1`\n");
    assert!(run.stderr.ends_with(&command), "{run:?}");
    let run = node.run(&["remove", "kata", "-o", "json"]).exits(78);
    let command = command.trim_end();
    assert!(run.stdout.contains(command), "{run:?}");
    // It can be pasted into a shell.
    let folder = node.folder().join("it's b");
    fs::create_dir(&folder).expect("creates");
    fs::copy(node.config(), folder.join("c.toml")).expect("copies");
    let on_host = |arguments: &[&str]| {
        let mut command = tool();
        command.arg("--host-root").arg(node.folder());
        command.args(["--config", "/it's b/c.toml"]).args(arguments);
        Run::of(&mut command)
    };
    on_host(&["add", "spin", "--owner", "a"]).exits(0);
    let run = on_host(&["remove", "spin", "--owner", "b"]).exits(78);
    let root = node.folder().display();
    let quoted = r"'/it'\''s b/c.toml'";
    let said =
        format!("`containerd-edit --host-root {root} --config {quoted} remove spin --owner a`\n");
    assert!(run.stderr.ends_with(&said), "{run:?}");
}
