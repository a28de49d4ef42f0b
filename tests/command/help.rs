//! What `-h` and `--help` print: `fixtures/help`.
//!
//! With `GOLDEN=overwrite` in the environment the files are written instead of compared: read the
//! diff before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::tool::{Run, tool};

/// The verbs, and the top level.
pub(crate) const VERBS: [&str; 17] = [
    "",
    "add",
    "apply",
    "remove",
    "set",
    "unset",
    "set-default",
    "undo",
    "edit",
    "restore",
    "restart",
    "list",
    "show",
    "get",
    "check",
    "status",
    "log",
];

pub(crate) fn help(verb: &str, flag: &str) -> String {
    let mut command = tool();
    command.args(Some(verb).filter(|verb| !verb.is_empty()));
    let run = Run::of(command.arg(flag).env("COLUMNS", "80")).exits(0);
    assert_eq!(run.stderr, "", "{verb} {flag}");
    run.stdout
}

#[test]
fn the_help_is_the_one_that_was_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/help");
    let overwriting = std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite");
    for (name, verb, flag) in [
        ("short", "", "-h"),
        ("long", "", "--help"),
        ("add-short", "add", "-h"),
        ("add-long", "add", "--help"),
    ] {
        let (path, found) = (folder.join(name), help(verb, flag));
        if overwriting {
            fs::write(&path, &found).expect("the golden file is written");
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, known, "{}", path.display());
    }
}

#[test]
fn help_of_a_verb_is_asked_for_in_two_ways() {
    for verb in VERBS {
        let words = ["help", verb].into_iter().filter(|word| !word.is_empty());
        let run = Run::of(tool().args(words).env("COLUMNS", "80")).exits(0);
        assert_eq!(run.stdout, help(verb, "--help"), "{verb}");
    }
}

#[test]
fn the_short_help_fits_a_screen() {
    for verb in VERBS {
        let help = help(verb, "-h");
        let most = if verb.is_empty() { 24 } else { 40 };
        let lines = help.lines().count();
        assert!(lines <= most, "{verb}: {lines} lines\n{help}");
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{verb}: {widest:?}\n{help}");
    }
}

#[test]
fn each_verb_has_examples() {
    for verb in VERBS {
        let help = help(verb, "--help");
        assert!(help.contains("\nExamples:\n  "), "{verb}\n{help}");
    }
}

/// Those of the first table of `docs/json.md`, and the one of a run that was interrupted.
#[test]
fn the_help_names_every_exit_code() {
    let help = help("", "--help");
    let (_, listed) = help.split_once("Exit codes:\n").expect("a list");
    let (listed, _) = listed.split_once("\n\n").expect("it ends");
    let number = |line: &str| line.split_whitespace().next()?.parse().ok();
    let listed: BTreeSet<u8> = listed.lines().filter_map(number).collect();
    let page = include_str!("../../docs/json.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let mut known: BTreeSet<u8> = rows.filter_map(number).collect();
    known.insert(130);
    assert_eq!(listed, known);
}

#[test]
fn the_help_names_every_variable() {
    let top = help("", "--help");
    for verb in VERBS {
        let help = help(verb, "--help");
        for named in help.split("CONTAINERD_EDIT_").skip(1) {
            let end = named.find(|char: char| !char.is_ascii_uppercase() && char != '_');
            let name = format!("CONTAINERD_EDIT_{} ", &named[..end.unwrap_or(named.len())]);
            assert!(top.contains(&name), "{verb}: {name}");
        }
    }
}
