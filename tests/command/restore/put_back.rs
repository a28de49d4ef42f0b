//! What is put back, and what becomes of the wants.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::tool::{Node, Run};

use super::{BREAKS, SERVES, beside, broken, fifo, node, report};

#[test]
fn what_was_written_last_is_put_back_and_all_goes_on_as_before() {
    for (number, breaks) in BREAKS.iter().enumerate() {
        let node = node();
        let (good, ledger) = (node.text(), fs::read(node.ledger()).expect("a ledger"));
        let bad = breaks(&node);
        fs::write(node.config(), &bad).expect("writes");
        let planned = node.run(&["restore", "--dry-run", "--exit-code"]).exits(10);
        assert!(
            planned.stdout.contains("dry run: would put back"),
            "{planned:#?}"
        );
        assert_eq!(node.text(), bad, "{number}");
        let run = node.run(&["restore", "--exit-code"]).exits(10);
        assert_eq!(node.text(), good, "{number}: {run:#?}");
        assert_eq!(broken(&node), [bad], "{number}");
        assert_eq!(
            fs::read(node.ledger()).expect("a ledger"),
            ledger,
            "{number}"
        );
        let again = node.run(&["restore", "--exit-code"]).exits(0);
        assert!(
            again.stdout.contains("nothing to do: containerd"),
            "{again:#?}"
        );
        // The last change is still the last one, and the one before it is kept.
        node.run(&["undo"]).exits(0);
        assert!(!node.text().contains("kata") && node.text().contains("crun"));
        node.run(&["remove", "--owner", "kata"]).exits(0);
        node.run(&["remove", "--owner", "crun"]).exits(0);
        assert_eq!(node.text(), SERVES, "{number}");
    }
}

#[test]
fn a_file_that_is_gone_comes_back() {
    let node = node();
    let good = node.text();
    fs::remove_file(node.config()).expect("removes");
    let run = node.run(&["restore"]).exits(0);
    assert_eq!(node.text(), good, "{run:#?}");
    assert!(broken(&node).is_empty());
}

#[test]
fn a_file_that_is_gone_comes_back_behind_its_link() {
    let node = Node::empty();
    let real = node.folder().join("real");
    fs::create_dir(&real).expect("creates");
    fs::write(real.join("c.toml"), SERVES).expect("writes");
    std::os::unix::fs::symlink("real/c.toml", node.config()).expect("links");
    node.run(&["add", "crun"]).exits(0);
    let good = node.text();
    fs::remove_file(real.join("c.toml")).expect("removes");
    node.run(&["restore"]).exits(0);
    assert!(node.config().is_symlink());
    assert_eq!(node.text(), good);
}

/// One that the tool itself has removed does not.
#[test]
fn a_file_that_its_owner_has_removed_stays_away() {
    let node = Node::empty();
    node.run(&["add", "crun"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert!(!beside(&node, "last").exists());
    node.run(&["restore"]).exits(0);
    assert!(!node.config().exists());
}

#[test]
fn the_text_before_comes_back_with_the_wants_of_then() {
    let node = node();
    fs::write(node.config(), "[").expect("writes");
    fs::write(beside(&node, "last"), "").expect("cuts it short");
    let run = node.run(&["restore", "-o", "json"]).exits(0);
    let kept = &report(&run)["restore"]["kept"];
    assert_eq!(
        kept[0]["problem"],
        json!("is not known to be what this tool has written last")
    );
    assert_eq!(kept[1]["chosen"], json!(true), "{kept:#}");
    assert!(!node.text().contains("kata") && node.text().contains("crun"));
    let run = node.run(&["undo"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    let run = node.run(&["remove", "--owner", "kata"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    node.run(&["remove", "--owner", "crun"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

#[test]
fn only_the_newest_broken_texts_stay() {
    let node = node();
    for number in 0..7 {
        fs::write(node.config(), format!("[{number}")).expect("writes");
        node.run(&["restore"]).exits(0);
    }
    assert_eq!(broken(&node), ["[2", "[3", "[4", "[5", "[6"]);
}

/// Of keys the log says what a text says otherwise, and nothing where the one before could not be read.
#[test]
fn the_log_names_the_keys_that_a_text_has_set() {
    let node = node();
    let sets = "printf '[debug]\\nlevel = \"info\"\\n' >> ";
    let edit = |editor: &str| Run::of(node.command(&["edit"]).env("VISUAL", editor)).exits(0);
    edit(&format!("f() {{ {sets} \"$1\"; }}; f"));
    let last = || node.run(&["status"]).exits(0).stdout;
    assert!(last().contains("edit; changed debug.level\n"), "{}", last());
    fs::write(node.config(), node.text() + "\"3s\"\n").expect("writes");
    node.run(&["restore"]).exits(0);
    assert!(!last().contains("debug.level"), "{}", last());
}

/// When a new text takes the place of a file that was deleted or emptied, what the file held is kept
/// as the text before, and a warning says so.
#[test]
fn what_a_lost_file_held_is_kept_when_another_text_takes_its_place() {
    let delete = |path: &Path| fs::remove_file(path).expect("removes");
    let empty = |path: &Path| fs::write(path, "").expect("empties it");
    for lose in [&delete as &dyn Fn(&Path), &empty] {
        let node = node();
        let good = node.text();
        let owners = node.run(&["list"]).exits(0).stdout;
        lose(&node.config());
        let before = fs::read(node.config()).ok();
        let run = node.run(&["add", "spin"]).exits(0);
        assert!(run.stderr.contains("was deleted or emptied"), "{run:#?}");
        let hint = node.hinted("restore --from prev");
        assert!(run.stderr.contains(&hint), "{run:#?}");
        assert_ne!(node.text(), good);
        let kept = fs::read_to_string(beside(&node, "prev")).expect("the text before");
        assert_eq!(kept, good);
        node.run(&["restore", "--from", "prev"]).exits(0);
        assert_eq!(node.text(), good);
        assert_eq!(node.run(&["list"]).exits(0).stdout, owners);
        lose(&node.config());
        node.run(&["add", "spin"]).exits(0);
        node.run(&["undo"]).exits(0);
        assert_eq!(fs::read(node.config()).ok(), before);
    }
}

/// Nothing is broken, so that nothing is put back by itself: the way to the other text is named.
#[test]
fn where_another_text_was_written_last_the_way_to_it_is_named() {
    let node = node();
    let good = node.text();
    let hint = node.hinted("restore --from last");
    let run = node.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("--from last"), "{run:#?}");
    fs::write(node.config(), "").expect("empties it");
    let run = node.run(&["restore"]).exits(0);
    let first = run.stdout.lines().next().expect("a line");
    assert!(
        first.contains("nothing to do: containerd 1.6 to 2.4 serves"),
        "{first}"
    );
    assert!(first.ends_with(&hint), "{first}");
    let run = node.run(&["restore", "-o", "json"]).exits(0);
    let found = &report(&run)["restore"]["found"];
    assert!(found.as_str().expect("text").ends_with(&hint), "{found}");
    node.run(&["restore", "--from", "last"]).exits(0);
    assert_eq!(node.text(), good);
    // What the ledger does not vouch for is not what was written last.
    fs::write(node.config(), "").expect("empties it");
    fs::write(beside(&node, "last"), SERVES).expect("writes");
    let run = node.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("--from last"), "{run:#?}");
    // A drop-in is named with its flag.
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    let path = node.folder().join("conf.d/50-a.toml");
    let good = fs::read_to_string(&path).expect("a drop-in");
    fs::write(&path, "version = 3\n").expect("writes");
    let named = ["--drop-in", path.to_str().expect("UTF-8")];
    let run = node.run(&[&["restore"], &named[..]].concat()).exits(0);
    let hint = node.hinted(&format!("restore --from last --drop-in {}", named[1]));
    assert!(run.stdout.contains(&hint), "{run:#?}");
    node.run(&[&["restore", "--from", "last"], &named[..]].concat())
        .exits(0);
    assert_eq!(fs::read_to_string(&path).expect("a drop-in"), good);
}

#[test]
fn a_restore_without_a_daemon_says_that_it_stays() {
    let node = node();
    let good = node.text();
    fs::write(node.config(), node.text() + "\"3s\"\n").expect("writes");
    let mut restart = vec!["restore", "--restart", "--restart-command", "false"];
    restart.extend(["--cri-endpoint", "/nowhere.sock", "--ready-timeout", "30s"]);
    let run = node.run(&restart).exits(69);
    assert!(
        run.stderr.contains("what this run has put in place stays"),
        "{run:#?}"
    );
    assert!(!run.stderr.contains(" undo`"), "{run:#?}");
    assert_eq!(node.text(), good);
}

/// What stands in the place of what a restore does not need, and a ledger that says nothing.
#[test]
fn nothing_beside_the_config_stops_a_restore_that_has_a_text() {
    type Plant = fn(&Node);
    let plants: [(Plant, &str, &str); 5] = [
        (
            |node| {
                fs::remove_file(beside(node, "last")).expect("removes");
                std::os::unix::fs::symlink("/etc/passwd", beside(node, "last")).expect("links");
            },
            "config.toml.last: a symbolic link",
            "prev",
        ),
        (
            |node| {
                fs::remove_file(beside(node, "last")).expect("removes");
                fifo(node, "last");
            },
            "config.toml.last: a FIFO",
            "prev",
        ),
        (
            |node| {
                fs::remove_file(beside(node, "prev")).expect("removes");
                fifo(node, "prev");
            },
            "",
            "last",
        ),
        (
            |node| fs::write(node.ledger(), "x").expect("writes"),
            "nothing is recorded: the ledger can't be read",
            "prev",
        ),
        (
            |node| {
                fs::remove_file(node.ledger()).expect("removes");
                fifo(node, "owners");
            },
            "nothing is recorded: a FIFO stands in the place of the ledger",
            "prev",
        ),
    ];
    for (plant, said, from) in plants {
        let node = node();
        let good = match from {
            "last" => node.text(),
            _ => fs::read_to_string(beside(&node, "prev")).expect("readable"),
        };
        plant(&node);
        let planted = |node: &Node| {
            let is_file = fs::symlink_metadata(node.ledger()).is_ok_and(|it| it.is_file());
            is_file
                .then(|| fs::read(node.ledger()).expect("readable"))
                .filter(|it| it == b"x")
        };
        let before = planted(&node);
        let bad = node.text() + "\"3s\"\n";
        fs::write(node.config(), &bad).expect("writes");
        let run = node.run(&["restore", "--exit-code"]).exits(10);
        assert_eq!(node.text(), good, "{run:#?}");
        assert_eq!(broken(&node), [bad], "{run:#?}");
        assert!(run.stderr.contains(said), "{run:#?}");
        assert_eq!(planted(&node), before, "{run:#?}");
    }
}

/// Five broken texts are kept, and the one that has just been replaced among them: the clock may have
/// been set back since the others were.
#[test]
fn what_is_replaced_is_kept_whatever_the_clock_says() {
    let node = node();
    for day in 1..=5 {
        let later = format!("broken-2999-01-0{day}T00-00-00.000Z");
        fs::write(beside(&node, &later), "").expect("writes");
    }
    // Somebody's own, which is none of these.
    let theirs = ["broken-1", "broken-2999-01-01"].map(|name| beside(&node, name));
    for path in &theirs {
        fs::write(path, "theirs").expect("writes");
    }
    let bad = format!("{}[cut off\n", node.text());
    fs::write(node.config(), &bad).expect("writes");
    node.run(&["restore"]).exits(0);
    for path in &theirs {
        assert_eq!(fs::read_to_string(path).expect("readable"), "theirs");
        fs::remove_file(path).expect("removes");
    }
    let kept = broken(&node);
    assert_eq!(kept.len(), 5);
    assert!(kept.contains(&bad), "{kept:?}");
}

/// Nobody has emptied it: so the tool has found it, or left it.
#[test]
fn a_file_that_was_empty_all_along_is_not_called_lost() {
    let node = Node::with("");
    for _ in 0..2 {
        let run = node.run(&["add", "spin", "--owner", "a"]).exits(0);
        assert!(!run.stderr.contains("emptied"), "{run:#?}");
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), "");
    }
    node.run(&["add", "spin", "--owner", "a"]).exits(0);
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), "");
    let status = node.run(&["status"]).exits(0).stdout;
    assert!(!status.contains("missing"), "{status}");
}

/// The text that was written last is kept beside the broken ones.
#[test]
fn a_restore_over_an_emptied_file_keeps_what_was_written_last() {
    let node = node();
    let good = node.text();
    fs::write(node.config(), "").expect("empties it");
    let run = node.run(&["restore", "--from", "prev"]).exits(0);
    assert!(!run.stderr.contains("--from prev"), "{run:#?}");
    assert_eq!(broken(&node), [good]);
}
