//! Texts of one's own, and those of drop-ins.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::tool::{Node, Run};

use super::{SERVES, node};

#[test]
fn a_text_of_ones_own_is_put_back_if_containerd_serves_with_it() {
    let node = node();
    let (bad, own) = (node.folder().join("bad"), node.folder().join("own"));
    let good = node.text();
    for (text, exit) in [
        ("[", 65),
        ("version = 3\n[debug]\nlevel = 5\n", 78),
        ("version = 9\n", 78),
    ] {
        fs::write(&bad, text).expect("writes");
        node.run(&["restore", "--from", bad.to_str().expect("UTF-8")])
            .exits(exit);
        assert_eq!(node.text(), good, "{text}");
    }
    fs::write(&own, format!("# mine\n{good}")).expect("writes");
    node.run(&["restore", "--from", own.to_str().expect("UTF-8")])
        .exits(0);
    assert_eq!(node.text(), format!("# mine\n{good}"));
    node.run(&["remove", "--owner", "crun"]).exits(0);
    node.run(&["remove", "--owner", "kata"]).exits(0);
    assert_eq!(node.text(), format!("# mine\n{SERVES}"));
    let nowhere = node.run(&["restore", "--from", "/nowhere/x"]).exits(66);
    assert!(nowhere.stderr.contains("no such text"), "{nowhere:#?}");
}

/// Every owner's keys can still be taken out, whichever text was put back.
#[test]
fn a_broken_drop_in_is_put_back_alone() {
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    let (main, path) = (node.text(), node.folder().join("conf.d/50-a.toml"));
    let good = fs::read_to_string(&path).expect("a drop-in");
    fs::write(&path, format!("{good}\"3s\"\n")).expect("writes");
    let refused = node.run(&["add", "kata"]).exits(65);
    assert!(
        refused.stderr.contains(&node.hinted("restore")),
        "{refused:#?}"
    );
    let run = node.run(&["restore"]).exits(0);
    assert_eq!(
        fs::read_to_string(&path).expect("a drop-in"),
        good,
        "{run:#?}"
    );
    assert_eq!(node.text(), main);
    let names = node.names();
    let kept = names
        .iter()
        .filter(|name| name.contains("conf.d%2F50-a.toml.broken-"));
    assert_eq!(kept.count(), 1, "{names:?}");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

/// The place of what is wrong is one in the config, whatever file gets another text.
#[test]
fn a_text_for_a_drop_in_is_not_blamed_for_the_config() {
    let node = node();
    let drop_in = node.folder().join("conf.d/99-x.toml");
    fs::create_dir(node.folder().join("conf.d")).expect("a folder");
    fs::write(&drop_in, "x = \"3").expect("writes");
    let imports = format!("imports = [{:?}]\n{}\"3s\"\n", drop_in, node.text());
    fs::write(node.config(), &imports).expect("writes");
    let text = node.folder().join("ok.toml");
    fs::write(&text, "\n").expect("writes");
    let (drop_in, from) = (drop_in.to_str(), text.to_str());
    let (drop_in, from) = (drop_in.expect("UTF-8"), from.expect("UTF-8"));
    let restore = ["restore", "--from", from, "--drop-in", drop_in];
    let run = node.run(&restore).exits(0);
    let at = format!("config.toml:{}:", imports.lines().count());
    assert!(run.stderr.contains(&at), "{run:#?}");
    assert!(!run.stderr.contains("ok.toml"), "{run:#?}");
}

#[test]
fn an_empty_stdin_is_no_text() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["restore", "--from", "-"]).exits(65);
    assert!(run.stderr.contains("nothing to read"), "{run:?}");
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn a_text_comes_from_stdin_and_is_utf_8() {
    let node = node();
    let text = format!("{SERVES}# by hand\n");
    fs::write(node.folder().join("own"), &text).expect("writes");
    let stdin = fs::File::open(node.folder().join("own")).expect("opens");
    let mut command = node.command(&["restore", "--from", "-"]);
    Run::of(command.stdin(stdin)).exits(0);
    assert_eq!(node.text(), text);
    fs::write(node.folder().join("own"), b"# caf\xe9\n").expect("writes");
    let own = node.folder().join("own");
    let own = own.to_str().expect("UTF-8");
    let refused = node.run(&["restore", "--from", own]).exits(65);
    assert!(
        refused.stderr.contains("own: not valid TOML"),
        "{refused:#?}"
    );
    assert_eq!(node.text(), text);
}

/// No text of the file is kept, whether it is the tool's or somebody else's.
#[test]
fn a_broken_drop_in_is_named_and_put_right_by_itself() {
    for is_own in [true, false] {
        let node = Node::with(SERVES);
        node.run(&["add", "crun", "--owner", "a", "--drop-in"])
            .exits(0);
        let path = node.folder().join("conf.d/50-a.toml");
        let good = fs::read_to_string(&path).expect("a drop-in");
        for name in node.names() {
            let is_text = name.contains(".last") || name.contains(".prev");
            if is_own && name.contains("owners") || !is_text && !name.contains("owners") {
                continue;
            }
            fs::remove_file(node.folder().join(name)).expect("removes");
        }
        fs::write(&path, format!("{good}\"3s\"\n")).expect("writes");
        let main = node.text();
        let run = node.run(&["restore"]).exits(78);
        let line = good.lines().count() + 1;
        let place = format!("error: {}:{line}:5: ", path.display());
        assert!(run.stderr.starts_with(&place), "{run:#?}");
        let flag = format!("--drop-in {}", path.display());
        let hint = node.hinted(&format!("restore --from FILE {flag}"));
        assert!(run.stderr.contains(&hint), "{run:#?}");
        let own = node.folder().join("own");
        fs::write(&own, &good).expect("writes");
        let (own, path) = (own.display().to_string(), path.display().to_string());
        node.run(&["restore", "--from", &own, "--drop-in", &path])
            .exits(0);
        assert_eq!(fs::read_to_string(&path).expect("readable"), good);
        assert_eq!(node.text(), main);
        node.run(&["check", "--containerd-version", "2.1"]).exits(0);
    }
}

/// The config is as it was: whoever reads the message looks into the text that was given.
#[test]
fn what_is_wrong_with_a_text_is_said_of_the_file_that_it_was_read_from() {
    let node = node();
    let own = node.folder().join("own");
    let own = own.to_str().expect("UTF-8");
    for (text, exit, place) in [
        ("\n[", 65, "2:2"),
        ("\nversion = 'x'\n", 65, "2:11"),
        ("version = 3\n[debug]\nlevel = 5\n", 78, "3:1"),
        (
            "version = 3\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n",
            78,
            "2:1",
        ),
    ] {
        fs::write(own, text).expect("writes");
        for is_broken in [false, true] {
            let good = node.text();
            if is_broken {
                fs::write(node.config(), "[").expect("writes");
            }
            let run = node.run(&["restore", "--from", own]).exits(exit);
            let place = format!("error: {own}:{place}: ");
            assert!(run.stderr.starts_with(&place), "{is_broken}: {run:#?}");
            assert!(!run.stderr.contains("older one"), "{run:#?}");
            fs::write(node.config(), good).expect("writes");
        }
    }
}

#[test]
fn a_text_of_ones_own_is_taken_back_to_the_byte() {
    let node = node();
    let good = node.text();
    let own = node.folder().join("own");
    fs::write(&own, SERVES).expect("writes");
    let own = own.to_str().expect("UTF-8");
    node.run(&["restore", "--from", own]).exits(0);
    assert_eq!(node.text(), SERVES);
    let run = node.run(&["undo", "--exit-code"]).exits(10);
    assert!(run.stdout.contains("added crun, kata"), "{run:#?}");
    assert_eq!(node.text(), good);
    node.run(&["remove", "--owner", "crun"]).exits(0);
    node.run(&["remove", "--owner", "kata"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

/// Whether an editor or a restore has replaced it: what was no TOML does not come back.
#[test]
fn a_broken_text_is_not_taken_back_and_is_named() {
    let node = node();
    let good = node.text();
    let own = node.folder().join("own");
    fs::write(&own, format!("# mine\n{good}")).expect("writes");
    fs::write(node.config(), "\n\n[").expect("writes");
    node.run(&["restore", "--from", own.to_str().expect("UTF-8")])
        .exits(0);
    let run = node.run(&["undo"]).exits(65);
    let names = node.names().into_iter();
    let mut names = names.filter(|name| name.starts_with("config.toml.broken-"));
    let kept = node.folder().join(names.next().expect("it is kept"));
    let place = format!("error: {}:3:2: cannot undo", kept.display());
    assert!(run.stderr.starts_with(&place), "{run:#?}");
    let hint = node.hinted("restore --from FILE");
    assert!(run.stderr.contains(&hint), "{run:#?}");
    // Nothing is left to take it back from.
    fs::remove_file(kept).expect("removes");
    let run = node.run(&["undo"]).exits(78);
    assert!(
        run.stderr.contains("cannot undo the last change"),
        "{run:#?}"
    );
}

/// No import can name it, and a name that is like it is another file's.
#[test]
fn a_drop_in_whose_name_is_not_utf8_is_no_other_file() {
    let node = Node::with(SERVES);
    let config = node.config();
    let config = config.to_str().expect("UTF-8");
    let name = OsStr::from_bytes(b"x\xff.toml");
    for arguments in [&["restore", "--from", config][..], &["restore"], &["edit"]] {
        let mut command = node.command(arguments);
        command.env("EDITOR", "true").arg("--drop-in").arg(name);
        let run = Run::of(&mut command).exits(2);
        assert!(run.stderr.contains("not UTF-8"), "{run:#?}");
        assert!(
            !node.names().iter().any(|it| it.starts_with('x')),
            "{:?}",
            node.names()
        );
    }
}
