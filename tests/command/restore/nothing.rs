//! Where nothing is put back.

use std::fs;

use crate::tool::{Node, Run};

use super::{SERVES, beside, node};

#[test]
fn where_nothing_good_is_kept_each_text_is_named_with_its_problem() {
    let node = Node::with("[");
    let run = node.run(&["restore"]).exits(78);
    assert!(run.stderr.contains("no text is kept"), "{run:#?}");
    let refused = node.run(&["add", "crun"]).exits(65);
    assert!(!refused.stderr.contains("restore"), "{refused:#?}");
    let node = self::node();
    for ending in ["last", "prev"] {
        fs::write(beside(&node, ending), "[").expect("writes");
    }
    fs::write(node.config(), "[").expect("writes");
    let run = node.run(&["restore"]).exits(78);
    assert!(
        run.stderr.contains("config.toml.last is not valid TOML"),
        "{run:#?}"
    );
    assert!(
        run.stderr.contains("config.toml.prev is not valid TOML"),
        "{run:#?}"
    );
    let refused = node.run(&["add", "spin"]).exits(65);
    assert!(!refused.stderr.contains("restore"), "{refused:#?}");
    // What is planted there is not followed.
    for ending in ["last", "prev"] {
        fs::remove_file(beside(&node, ending)).expect("removes");
        std::os::unix::fs::symlink("/etc/passwd", beside(&node, ending)).expect("links");
    }
    let run = node.run(&["restore"]).exits(78);
    assert!(
        run.stderr.contains("config.toml.last is a symbolic link"),
        "{run:#?}"
    );
}

#[test]
fn an_undo_without_a_ledger_names_the_text_from_before() {
    let node = node();
    for ending in ["owners", "owners.prev"] {
        fs::remove_file(beside(&node, ending)).expect("removes");
    }
    let run = node.run(&["undo"]).exits(78);
    assert!(
        run.stderr.contains(&node.hinted("restore --from prev")),
        "{run:#?}"
    );
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert!(!node.text().contains("kata"));
}

#[test]
fn a_log_names_it() {
    let node = node();
    fs::write(node.config(), "[").expect("writes");
    node.run(&["restore"]).exits(0);
    let log = node.run(&["log"]).exits(0);
    let last = log.stdout.lines().last().unwrap_or_default();
    assert!(last.contains("  restored  restore"), "{log:#?}");
}

/// As `containerd config migrate` leaves it: what is kept serves on more releases, and is older.
#[test]
fn a_config_that_serves_on_some_releases_is_left_alone() {
    let old = SERVES
        .replace("version = 3", "version = 2")
        .replace("io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri");
    let node = Node::with(&old);
    node.run(&["add", "crun"]).exits(0);
    fs::write(node.config(), SERVES).expect("writes");
    let run = node.run(&["restore", "--exit-code"]).exits(0);
    assert!(
        run.stdout.contains("containerd 2.0 to 2.4 serves"),
        "{run:#?}"
    );
    assert_eq!(node.text(), SERVES);
    // On the release that runs, it does not serve.
    node.run(&["restore", "--containerd-version", "1.7", "--exit-code"])
        .exits(10);
    assert!(node.text().contains("crun"));
}

/// What does nothing takes nothing for gone, whatever somebody has made of the file meanwhile.
#[test]
fn a_run_that_does_nothing_records_nothing() {
    type Meanwhile = fn(&Node);
    let meanwhiles: [Meanwhile; 2] = [
        |node| fs::remove_file(node.config()).expect("removes"),
        |node| fs::write(node.config(), "").expect("writes"),
    ];
    for meanwhile in meanwhiles {
        let node = node();
        let ledger = fs::read(node.ledger()).expect("a ledger");
        meanwhile(&node);
        let run = Run::of(node.command(&["edit"]).env("VISUAL", "true")).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        assert_eq!(fs::read(node.ledger()).expect("a ledger"), ledger);
        node.run(&["restore", "--from", "last"]).exits(0);
        node.run(&["undo"]).exits(0);
        let (text, ledger) = (node.text(), fs::read(node.ledger()).expect("a ledger"));
        meanwhile(&node);
        let run = node.run(&["undo"]).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        assert_eq!(fs::read(node.ledger()).expect("a ledger"), ledger);
        fs::write(node.config(), text).expect("writes");
        node.run(&["remove", "--owner", "crun"]).exits(0);
        assert!(!node.text().contains("crun"), "{}", node.text());
    }
}

/// Others may well serve: only those that were asked for were judged.
#[test]
fn the_releases_that_do_not_serve_are_named() {
    let node = Node::with(SERVES);
    let run = node
        .run(&["restore", "--containerd-version", "1.7"])
        .exits(78);
    let said = "containerd 1.7 does not serve CRI with it: ";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert!(!run.stderr.contains("no containerd release"), "{run:#?}");
    fs::write(node.config(), "version = 2\ndisabled_plugins = ['cri']\n").expect("writes");
    let run = node.run(&["restore"]).exits(78);
    assert!(run.stderr.contains("no containerd release"), "{run:#?}");
}

/// An empty config serves, and is not what anybody wants: the way back stays open.
#[test]
fn where_nothing_is_put_back_nothing_is_recorded() {
    let node = node();
    let (good, ledger) = (node.text(), fs::read(node.ledger()).expect("a ledger"));
    fs::write(node.config(), "").expect("writes");
    let run = node.run(&["restore"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    assert_eq!(fs::read(node.ledger()).expect("a ledger"), ledger);
    node.run(&["restore", "--from", "last"]).exits(0);
    assert_eq!(node.text(), good);
    node.run(&["remove", "--owner", "crun"]).exits(0);
    assert!(!node.text().contains("crun"), "{}", node.text());
}

/// Nothing imports the drop-in any more, so that containerd reads none of it.
#[test]
fn what_is_no_longer_imported_is_not_in_force() {
    let node = Node::with(SERVES);
    node.run(&["add", "kata", "--owner", "k", "--drop-in"])
        .exits(0);
    node.run(&["status", "--exit-code"]).exits(0);
    let text = node.text();
    let lines = text.split_inclusive('\n');
    let without: String = lines.filter(|line| !line.starts_with("imports")).collect();
    assert_ne!(without, text);
    fs::write(node.config(), without).expect("writes");
    let run = node.run(&["status", "--exit-code"]).exits(10);
    assert!(run.stdout.contains("missing"), "{run:#?}");
}

/// A drop-in of somebody else's is to blame; without the import, all others would go with it.
#[test]
fn no_import_of_a_whole_folder_is_suggested_to_go() {
    let node = Node::with("version = 3\n");
    let folder = node.folder().join("conf.d");
    fs::create_dir(&folder).expect("creates");
    let imports = format!("version = 3\nimports = [\"{}/*.toml\"]\n", folder.display());
    fs::write(node.config(), imports).expect("writes");
    fs::write(folder.join("99-other.toml"), "version = 3\n\"3s\"\n").expect("writes");
    let run = node.run(&["check"]).exits(78);
    assert!(!run.stdout.contains("unset"), "{run:#?}");
    assert!(!run.stderr.contains("unset"), "{run:#?}");
}

#[test]
fn where_no_kept_text_serves_the_repair_is_named() {
    let node = Node::with("version = 3\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n");
    let run = node.run(&["restore"]).exits(78);
    assert!(run.stderr.contains("unset disabled_plugins="), "{run:#?}");
}

/// Valid TOML that serves: nobody can tell whether it is meant. What was written last is offered.
#[test]
fn a_drop_in_that_was_cut_between_two_lines_is_offered_by_its_name() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let path = node.folder().join("conf.d/50-a.toml");
    let whole = fs::read_to_string(&path).expect("it is there");
    let (head, _) = whole.split_once('[').expect("a table");
    fs::write(&path, head).expect("writes");
    let run = node.run(&["restore"]).exits(0);
    let command = node.hinted(&format!("restore --from last --drop-in {}", path.display()));
    let said = format!("to put back what this tool has written last: {command}\n");
    assert!(run.stdout.contains(&said), "{run:#?}");
    let back = ["restore", "--from", "last", "--drop-in", "conf.d/50-a.toml"];
    node.run(&back).exits(0);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), whole);
    let run = node.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("written last"), "{run:#?}");
}

/// What was uninstalled is not offered.
#[test]
fn a_drop_in_that_nobody_wants_any_more_is_not_offered() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    fs::remove_file(node.folder().join("conf.d/50-a.toml")).expect("removes");
    node.run(&["remove", "--owner", "a"]).exits(0);
    let run = node.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("written last"), "{run:#?}");
}
