//! `edit`: a file in the user's editor.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool::{Node, Run};

const SERVES: &str = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n  \
                      runtime_type = \"io.containerd.runc.v2\"\n";

/// A run with this editor, and its folder for copies. No terminal is there.
fn edit(node: &Node, editor: &str, arguments: &[&str]) -> Run {
    Run::of(&mut command(node, editor, arguments))
}

fn command(node: &Node, editor: &str, arguments: &[&str]) -> Command {
    let copies = copies(node);
    fs::create_dir_all(&copies).expect("creates");
    let mut command = node.command(&[&["edit"], arguments].concat());
    command
        .env("TMPDIR", copies)
        .env("CONFIG", node.config())
        .env("EDITOR", "false")
        .env("VISUAL", editor)
        .stdin(Stdio::null());
    command
}

fn copies(node: &Node) -> PathBuf {
    node.folder().join("copies")
}

/// The copies that were kept, each with its text.
fn kept(node: &Node) -> Vec<(PathBuf, String)> {
    let folders = fs::read_dir(copies(node)).expect("readable");
    let copies = folders.map(|folder| folder.expect("an entry").path().join("config.toml"));
    let text = |path: &Path| fs::read_to_string(path).expect("a copy by the file's own name");
    copies.map(|path| (path.clone(), text(&path))).collect()
}

#[test]
fn a_good_text_takes_the_place_and_owners_go_on() {
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let added = node.text();
    let run = edit(
        &node,
        "sed -i '1a [debug]\\n  level = \"debug\"'",
        &["--exit-code"],
    )
    .exits(10);
    assert!(run.stdout.contains("debug.level"), "{run:#?}");
    assert!(node.text().contains("level = \"debug\""));
    assert!(kept(&node).is_empty());
    node.run(&["undo"]).exits(0);
    assert_eq!(node.text(), added);
    // A handler of an owner may be taken out by hand; the owner still leaves as ever.
    edit(&node, "sed -i '/owner=a/,$d'", &[]).exits(0);
    assert!(!node.text().contains("crun"));
    node.run(&["remove", "--owner", "a"]).exits(0);
}

#[test]
fn nothing_to_do_is_said_and_a_dry_run_writes_nothing() {
    let node = Node::with(SERVES);
    let run = edit(&node, "true", &["--exit-code"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    let run = edit(&node, "echo '# mine' >>", &["--dry-run"]).exits(0);
    assert!(run.stdout.contains("+# mine"), "{run:#?}");
    assert_eq!(node.text(), SERVES);
}

#[test]
fn a_config_is_created_and_a_drop_in_is_edited() {
    let node = Node::empty();
    edit(&node, "echo 'version = 3' >", &[]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    edit(
        &node,
        "echo '# mine' >>",
        &["--drop-in", "conf.d/50-a.toml"],
    )
    .exits(0);
    let text = fs::read_to_string(node.folder().join("conf.d/50-a.toml")).expect("readable");
    assert!(text.ends_with("# mine\n"), "{text}");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let node = Node::with(SERVES);
    for (editor, said) in [
        ("echo '# mine' >>\"$1\"; false", "exit status: 1"),
        ("kill -KILL $$;", "signal: 9"),
        ("/nowhere/editor", "exit status: 127"),
    ] {
        let run = edit(&node, editor, &[]).exits(1);
        assert!(run.stderr.contains(said), "{run:#?}");
        assert_eq!(node.text(), SERVES);
    }
    assert_eq!(kept(&node).len(), 1, "only one had changed the text");
}

#[test]
fn what_an_editor_leaves_without_an_end_is_not_read() {
    let node = Node::with("version = 3\n");
    for left in ["ln -s /dev/zero", "mkfifo"] {
        let editor = format!("sh -c 'rm \"$0\"; {left} \"$0\"'");
        let run = edit(&node, &editor, &[]).exits(74);
        assert!(run.stderr.contains("no regular file any more"), "{run:?}");
        assert_eq!(node.text(), "version = 3\n");
    }
    let editor = "sh -c 'truncate -s 17M \"$0\"'";
    let run = edit(&node, editor, &[]).exits(74);
    assert!(run.stderr.contains("containerd-edit-"), "{run:?}");
}

#[test]
fn a_text_that_would_not_serve_is_kept_and_put_in_place_once_it_is_right() {
    for (editor, exit) in [
        ("echo '\"3s\"' >>", 65),
        ("printf '[debug]\\nlevel = 5\\n' >>", 78),
    ] {
        let node = Node::with(SERVES);
        let run = edit(&node, editor, &[]).exits(exit);
        assert_eq!(node.text(), SERVES);
        let kept = kept(&node);
        let path = kept[0].0.to_str().expect("UTF-8");
        let command = node.hinted(&format!("restore --from {path}"));
        assert!(run.stderr.contains(&command), "{run:#?}");
        let fixed = format!("{SERVES}# mine\n");
        fs::write(path, &fixed).expect("writes");
        node.run(&["restore", "--from", path]).exits(0);
        assert_eq!(node.text(), fixed);
    }
}

#[test]
fn what_another_program_writes_meanwhile_is_not_lost() {
    let node = Node::with(SERVES);
    let editor = "f() { echo '# theirs' >>\"$CONFIG\"; echo '# mine' >>\"$1\"; }; f";
    let run = edit(&node, editor, &[]).exits(75);
    assert!(
        run.stderr
            .contains("another program has changed the file meanwhile"),
        "{run:#?}"
    );
    assert_eq!(node.text(), format!("{SERVES}# theirs\n"));
    assert_eq!(kept(&node)[0].1, format!("{SERVES}# mine\n"));
}

/// On a terminal, whoever edits is asked.
#[test]
fn a_broken_text_is_edited_again_or_given_up() {
    let editor = "f() { if tail -n 1 \"$1\" | grep -q '^\\[$'; then sed -i '$s/.*/# mine/' \"$1\"; \
                  else echo '[' >>\"$1\"; fi; }; f";
    for (answers, exit) in [("?\ne\n", 0), ("x\n", 65)] {
        let node = Node::with(SERVES);
        let inner = command(&node, editor, &[]);
        let words = [inner.get_program()].into_iter().chain(inner.get_args());
        let words: Vec<String> = words
            .map(|it| format!("'{}'", it.to_string_lossy()))
            .collect();
        let mut command = Command::new("script");
        command.args(["-qefc", &words.join(" "), "/dev/null"]);
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script(1)");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(answers.as_bytes()).expect("answers");
        let output = child.wait_with_output().expect("ends");
        drop(stdin);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(exit), "{text}");
        assert!(text.contains("(e)dit again"), "{text}");
        let added = if exit == 0 { "# mine\n" } else { "" };
        assert_eq!(node.text(), format!("{SERVES}{added}"));
        assert!(kept(&node).is_empty());
    }
}

#[test]
fn what_was_put_in_by_hand_is_taken_back() {
    let node = Node::with(SERVES);
    let handler = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.x]\n\
                   runtime_type = 'io.containerd.runc.v2'\n";
    let text = node.folder().join("text");
    fs::write(&text, format!("{SERVES}{handler}")).expect("writes");
    let copy = format!("cp {}", text.display());
    edit(&node, &copy, &[]).exits(0);
    let run = node.run(&["undo"]).exits(0);
    assert!(run.stdout.contains("removed x"), "{run:#?}");
    assert_eq!(node.text(), SERVES);
    // Somebody has edited the file since: what nobody wants can't be told from what is theirs.
    edit(&node, &copy, &[]).exits(0);
    let now = node.text() + "# theirs\n";
    fs::write(node.config(), &now).expect("writes");
    let run = node.run(&["undo"]).exits(78);
    assert!(run.stderr.contains("no owner has wanted it"), "{run:#?}");
    assert_eq!(node.text(), now);
}

#[test]
fn a_broken_file_that_was_edited_does_not_come_back() {
    let node = Node::with(SERVES);
    fs::write(node.config(), format!("{SERVES}\"3s\"\n")).expect("writes");
    edit(&node, "sed -i '$d'", &[]).exits(0);
    assert_eq!(node.text(), SERVES);
    let run = node.run(&["undo"]).exits(65);
    let kept = node.folder().join("config.toml.prev");
    let place = format!("error: {}:4:5: cannot undo", kept.display());
    assert!(run.stderr.starts_with(&place), "{run:#?}");
    assert_eq!(node.text(), SERVES);
}

#[test]
fn what_is_wrong_is_said_of_the_copy() {
    for (editor, exit, place) in [
        ("echo '\"3s\"' >>", 65, "4:5"),
        ("sed -i '1s/3/\"3\"/'", 65, "1:11"),
        ("printf '[debug]\\nlevel = 5\\n' >>", 78, "5:1"),
    ] {
        let node = Node::with(SERVES);
        let run = edit(&node, editor, &[]).exits(exit);
        let place = format!("error: {}:{place}: ", kept(&node)[0].0.display());
        assert!(run.stderr.starts_with(&place), "{run:#?}");
        assert!(!run.stderr.contains("older one"), "{run:#?}");
    }
}

/// An editor that changes nothing does not make it right.
#[test]
fn a_text_that_is_broken_stays_an_error_until_it_is_changed() {
    let node = Node::with("version = 2\nfoo =\n");
    let mut command = node.command(&["edit"]);
    let run = Run::of(command.env("EDITOR", "true").env_remove("VISUAL")).exits(65);
    assert!(
        run.stderr.contains("config.toml:2:6: not valid TOML"),
        "{run:?}"
    );
}
