//! `restore`: the way back from a config that another program has broken.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::tool::{Node, Run};

const SERVES: &str = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n  \
                      runtime_type = \"io.containerd.runc.v2\"\n";

/// A node on which `crun` and then `kata` were added, each by an owner of its name.
fn node() -> Node {
    let node = Node::with(SERVES);
    for name in ["crun", "kata"] {
        node.run(&["add", name, "--owner", name]).exits(0);
    }
    node
}

fn beside(node: &Node, ending: &str) -> PathBuf {
    node.folder().join(format!("config.toml.{ending}"))
}

/// The texts that were kept as broken, the oldest first.
fn broken(node: &Node) -> Vec<String> {
    let names = node.names().into_iter();
    let names = names.filter(|name| name.starts_with("config.toml.broken-"));
    let texts = names.map(|name| fs::read(node.folder().join(name)).expect("readable"));
    texts
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// Breaks the config, and says what it holds then.
type Break = fn(&Node) -> String;

const BREAKS: [Break; 5] = [
    |node| node.text() + "\"3s\"\n",
    |node| node.text()[..node.text().len() / 2].to_owned() + "[",
    |_| "\0\0\0\0".to_owned(),
    // Valid TOML, and containerd serves with it no more.
    |node| node.text() + "[debug]\nlevel = 5\n",
    |node| {
        node.text().replace(
            "version = 3",
            "version = 3\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]",
        )
    },
];

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
fn a_text_of_ones_own_is_put_back_if_containerd_serves_with_it() {
    let node = node();
    let (bad, own) = (node.folder().join("bad"), node.folder().join("own"));
    let good = node.text();
    for (text, exit) in [("[", 65), ("version = 3\n[debug]\nlevel = 5\n", 78)] {
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
fn only_the_newest_broken_texts_stay() {
    let node = node();
    for number in 0..7 {
        fs::write(node.config(), format!("[{number}")).expect("writes");
        node.run(&["restore"]).exits(0);
    }
    assert_eq!(broken(&node), ["[2", "[3", "[4", "[5", "[6"]);
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

/// Of keys the log says what a text says otherwise, and nothing where the one before could not be read.
#[test]
fn the_log_names_the_keys_that_a_text_has_set() {
    let node = node();
    let sets = "printf '[debug]\\nlevel = \"info\"\\n' >> ";
    let edit = |editor: &str| Run::of(node.command(&["edit"]).env("VISUAL", editor)).exits(0);
    edit(&format!("f() {{ {sets} \"$1\"; }}; f"));
    let last = || node.run(&["status"]).exits(0).stdout;
    assert!(last().contains("edit; set debug.level\n"), "{}", last());
    fs::write(node.config(), node.text() + "\"3s\"\n").expect("writes");
    node.run(&["restore"]).exits(0);
    assert!(!last().contains("debug.level"), "{}", last());
}

/// Whoever goes on with a file that somebody has deleted finds what it held as the text before.
#[test]
fn a_deleted_file_is_kept_when_another_takes_its_place() {
    let node = node();
    let good = node.text();
    fs::remove_file(node.config()).expect("removes");
    let refused = node.run(&["check"]).exits(66);
    assert!(refused.stderr.contains(" restore`"), "{refused:#?}");
    node.run(&["add", "spin"]).exits(0);
    assert_ne!(node.text(), good);
    let kept = fs::read_to_string(beside(&node, "prev")).expect("the text before");
    assert_eq!(kept, good);
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), good);
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

fn fifo(node: &Node, ending: &str) {
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mkfifoat(rustix::fs::CWD, beside(node, ending), mode).expect("makes a FIFO");
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
