//! `fixtures/golden`: a folder for each case.
//!
//! | file | what it holds |
//! |---|---|
//! | `about` | which real file this is in the manner of, and what the case shows |
//! | `input.toml` | the config before; missing: there is none |
//! | `input.toml.owners` | its ledger; missing: there is none |
//! | `stdin` | what is read from stdin; missing: nothing |
//! | `args` | the arguments behind `--config PATH`, one on a line |
//! | `expected.toml` | the config afterwards, to the byte; missing: there is none |
//! | `expected.toml.owners` | its ledger afterwards, where the case is about that; missing: not looked at |
//! | `stdout`, `stderr` | what is printed, with `[CONFIG]` for the path; missing: nothing |
//! | `exit` | the exit code; missing: 0 |
//!
//! Each case runs twice: the second run must leave bytes, inode and times alone. With
//! `GOLDEN=overwrite` in the environment the outputs are written instead of compared: read the diff
//! before you commit it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use containerd_edit::PatchFile;

use crate::tool::{Node, Run};

const FILES: [&str; 10] = [
    "about",
    "input.toml",
    "input.toml.owners",
    "stdin",
    "args",
    "expected.toml",
    "expected.toml.owners",
    "stdout",
    "stderr",
    "exit",
];
/// The least number of cases: a folder that is not found must not look like success.
const FEWEST: usize = 90;

pub(crate) fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    let entries = fs::read_dir(&folder).expect("fixtures/golden");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= FEWEST, "only {} golden cases", cases.len());
    cases
}

/// The content of an optional file of a case.
fn content(case: &Path, name: &str) -> Option<Vec<u8>> {
    assert!(FILES.contains(&name));
    fs::read(case.join(name)).ok()
}

pub(crate) fn arguments(case: &Path) -> Vec<String> {
    let text = fs::read_to_string(case.join("args")).expect("every case has args");
    text.lines().map(str::to_owned).collect()
}

/// The node that a case begins with.
pub(crate) fn node(case: &Path) -> Node {
    let node = match content(case, "input.toml") {
        Some(input) => Node::with(input),
        None => Node::empty(),
    };
    if let Some(ledger) = content(case, "input.toml.owners") {
        fs::write(node.ledger(), ledger).expect("the ledger is written");
    }
    node
}

/// Runs the command of a case on a node, with its stdin.
pub(crate) fn run(node: &Node, case: &Path, arguments: &[String]) -> Run {
    let stdin = fs::File::open(case.join("stdin")).map_or_else(|_| Stdio::null(), Stdio::from);
    Run::of(node.command(arguments).stdin(stdin))
}

/// The ledger with `[TIME]` for when owners have left.
fn without_times(ledger: &str) -> String {
    let lines = ledger.split_inclusive('\n').map(|line| {
        let time = line.split_once("\"time\": ");
        time.map_or_else(
            || line.to_owned(),
            |(start, _)| format!("{start}\"time\": \"[TIME]\"\n"),
        )
    });
    lines.collect()
}

fn overwrite(case: &Path, name: &str, content: Option<&[u8]>) {
    let path = case.join(name);
    match content {
        Some(content) => fs::write(path, content).expect("the golden file is written"),
        None if path.exists() => fs::remove_file(path).expect("the golden file is removed"),
        None => {}
    }
}

#[test]
fn every_case_gives_its_bytes_messages_and_exit_code() {
    let overwriting = std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite");
    let mut wrong = Vec::new();
    for case in cases() {
        let node = node(&case);
        let run = run(&node, &case, &arguments(&case));
        let path = node.config().display().to_string();
        let printed = |text: &str| {
            let text = text.replace(&path, "[CONFIG]").into_bytes();
            (!text.is_empty()).then_some(text)
        };
        let exit = run
            .exit
            .filter(|code| *code != 0)
            .map(|code| format!("{code}\n").into_bytes());
        let about_the_ledger = content(&case, "expected.toml.owners").is_some();
        let ledger = fs::read_to_string(node.ledger()).ok();
        let ledger = ledger.filter(|_| about_the_ledger);
        let ledger = ledger.map(|text| without_times(&text).into_bytes());
        for (name, found) in [
            ("expected.toml", node.bytes()),
            ("expected.toml.owners", ledger),
            ("stdout", printed(&run.stdout)),
            ("stderr", printed(&run.stderr)),
            ("exit", exit),
        ] {
            if overwriting {
                overwrite(&case, name, found.as_deref());
            } else if content(&case, name) != found {
                let found =
                    String::from_utf8_lossy(found.as_deref().unwrap_or_default()).into_owned();
                wrong.push(format!(
                    "{} differs; found:\n{found}",
                    case.join(name).display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_second_run_leaves_the_file_alone() {
    for case in cases() {
        let node = node(&case);
        let first = run(&node, &case, &arguments(&case));
        let (bytes, identity) = (node.bytes(), node.identity());
        let second = run(&node, &case, &arguments(&case));
        assert_eq!(second.exit, first.exit, "{}", case.display());
        assert_eq!(node.bytes(), bytes, "{}", case.display());
        assert_eq!(
            node.identity(),
            identity,
            "{}: inode and times",
            case.display()
        );
    }
}

/// For handlers that were not there before.
#[test]
fn what_is_added_can_be_removed_without_a_trace() {
    let mut tried = 0;
    for case in cases() {
        let arguments = arguments(&case);
        let succeeds = content(&case, "exit").is_none();
        let [verb, name, ..] = arguments.as_slice() else {
            continue;
        };
        let input = content(&case, "input.toml");
        let is_new = !String::from_utf8_lossy(input.as_deref().unwrap_or_default())
            .contains(&format!("runtimes.{name}"));
        if verb != "add" || !succeeds || !is_new || case.to_string_lossy().contains("existing") {
            continue;
        }
        let node = node(&case);
        node.run(&arguments).exits(0);
        let owner = arguments.iter().position(|it| it == "--owner");
        let owner = owner.map_or("manual", |at| arguments[at + 1].as_str());
        node.run(&["remove", name.as_str(), "--owner", owner])
            .exits(0);
        assert_eq!(node.bytes(), input, "{}", case.display());
        tried += 1;
    }
    assert!(tried >= 30, "only {tried} cases add a new handler");
}

/// Also what was replaced in the user's own handlers.
#[test]
fn what_is_applied_goes_with_its_owner() {
    let mut tried = 0;
    for case in cases() {
        let is_apply = arguments(&case).first().is_some_and(|verb| verb == "apply");
        if !is_apply || content(&case, "exit").is_some() {
            continue;
        }
        let patch = content(&case, "stdin").expect("a patch file");
        let patch = PatchFile::parse(&patch).expect("a patch file");
        let owner = patch.owner().expect("an owner").as_str().to_owned();
        let input = content(&case, "input.toml");
        let node = node(&case);
        run(&node, &case, &arguments(&case)).exits(0);
        if arguments(&case).contains(&"--adopt".to_owned()) {
            assert_eq!(node.bytes(), input, "{}", case.display());
            continue;
        }
        assert_ne!(node.bytes(), input, "{}", case.display());
        node.run(&["remove", "--owner", &owner]).exits(0);
        assert_eq!(node.bytes(), input, "{}", case.display());
        tried += 1;
    }
    assert!(tried >= 8, "only {tried} cases apply something");
}

#[test]
fn every_file_of_a_case_has_a_meaning() {
    for case in cases() {
        for entry in fs::read_dir(&case).expect("a case is a folder") {
            let name = entry.expect("an entry").file_name();
            let known = FILES.iter().any(|file| name == *file);
            assert!(known, "{} in {}", name.to_string_lossy(), case.display());
        }
        assert!(
            content(&case, "about").is_some(),
            "{} says nothing",
            case.display()
        );
    }
}
