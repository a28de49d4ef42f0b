//! `packaging/completions` and `packaging/man` are what the command line and the documents say.
//!
//! With `GOLDEN=overwrite` in the environment the files are written instead of compared:
//!
//! ```text
//! GOLDEN=overwrite cargo test --bin containerd-edit packaging
//! ```

// Tests write files with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

mod manual;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::{Shell, generate};
use containerd_edit::{Distribution, Preset, Release};

use super::arguments::Arguments;

const HOW: &str = "differs: run `GOLDEN=overwrite cargo test --bin containerd-edit packaging`";

/// The files that are made, by their paths below `packaging`.
fn made() -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    for (shell, name) in [
        (Shell::Bash, "containerd-edit.bash"),
        (Shell::Zsh, "_containerd-edit"),
        (Shell::Fish, "containerd-edit.fish"),
    ] {
        let mut script = Vec::new();
        let named = |verb: Command| verb.mut_args(with_values);
        let mut command = named(command()).mut_subcommands(named);
        generate(shell, &mut command, "containerd-edit", &mut script);
        let script = String::from_utf8(script).expect("UTF-8");
        // The generator spells a name with a hyphen in two ways (clap-rs/clap#6421).
        let script = script.replace("containerd__subcmd__edit", "containerd__edit");
        made.insert(format!("completions/{name}"), script);
    }
    for (name, page) in manual::pages(command()) {
        made.insert(format!("man/{name}"), page);
    }
    made
}

fn command() -> Command {
    Arguments::described()
}

/// Names the values that a shell can complete.
fn with_values(argument: Arg) -> Arg {
    let leaked = |release: &Release| -> &'static str { release.to_string().leak() };
    let values: Vec<&'static str> = match argument.get_id().as_str() {
        "preset" => Preset::all().iter().map(Preset::name).collect(),
        "distribution" => Distribution::ALL.map(Distribution::name).to_vec(),
        "containerd_version" => Release::LINES.iter().map(leaked).collect(),
        _ => return argument,
    };
    argument.value_parser(PossibleValuesParser::new(values))
}

#[test]
fn packaging_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let overwriting = std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite");
    let made = made();
    for (name, text) in &made {
        let path = folder.join(name);
        if overwriting {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, text).expect("the file is written");
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(*text == known, "{} {HOW}", path.display());
    }
    for folder_name in ["completions", "man"] {
        for entry in std::fs::read_dir(folder.join(folder_name)).expect("a folder") {
            let file = entry.expect("an entry").file_name();
            let name = format!("{folder_name}/{}", file.to_string_lossy());
            assert!(made.contains_key(&name), "packaging/{name}: no such page");
        }
    }
}

#[test]
fn every_verb_and_flag_has_its_place_in_the_manual() {
    let (made, mut command) = (made(), command());
    command.build();
    for verb in command.get_subcommands() {
        let page = &made[&format!("man/containerd-edit-{}.1", verb.get_name())];
        for flag in verb.get_arguments().filter_map(Arg::get_long) {
            let in_roff = format!("\\-\\-{}", flag.replace('-', "\\-"));
            assert!(page.contains(&in_roff), "{}: --{flag}", verb.get_name());
        }
    }
}

/// bash is asked what it completes; the others' scripts are only looked at.
#[test]
fn every_flag_of_every_verb_is_completed() {
    let (made, mut command) = (made(), command());
    let mut asked = made["completions/containerd-edit.bash"].clone();
    command.build();
    let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    for verb in &verbs {
        let words = format!("COMP_WORDS=(containerd-edit {verb} -) COMP_CWORD=2");
        let function = format!("_containerd__edit containerd-edit - {verb}");
        let _ = writeln!(asked, "{words}\n{function}; echo \"${{COMPREPLY[*]}}\"");
    }
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["--norc", "-c", &asked]).output().expect("bash");
    let completed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(completed.lines().count(), verbs.len(), "{completed}");
    for (verb, completed) in command.get_subcommands().zip(completed.lines()) {
        let completed: Vec<&str> = completed.split_whitespace().collect();
        for flag in verb.get_arguments().filter_map(Arg::get_long) {
            let name = verb.get_name();
            assert!(
                completed.contains(&&*format!("--{flag}")),
                "{name}: --{flag} {completed:?}"
            );
            for other in ["_containerd-edit", "containerd-edit.fish"] {
                let script = &made[&format!("completions/{other}")];
                assert!(script.contains(flag), "{other}: {name} --{flag}");
            }
        }
    }
}
