//! The documents are true: every `console` block is run, and its output compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use containerd_edit::PatchFile;

use crate::tool::{Node, without_missing};

/// The config that a document's commands find.
const DEBIAN: &str = "fixtures/golden/debian-add-crun/input.toml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders that hold pages for people.
const FOLDERS: [&str; 5] = ["", "benches", "docs", "docs/deploy", "fixtures/conformance"];

fn documents() -> Vec<PathBuf> {
    let entries = FOLDERS.map(|folder| fs::read_dir(root().join(folder)).expect("a folder"));
    let entries = entries.into_iter().flatten();
    let mut documents: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents
}

/// The lines of a page outside of its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|it| it.is_alphanumeric() || "-_ ".contains(*it));
        kept.map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    headings.map(anchor).collect()
}

/// The commands of a document and what it says they print, in order.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => {
                if let Some(command) = line.strip_prefix("$ ") {
                    commands.push((command.to_owned(), String::new()));
                } else if let Some(more) = line.strip_prefix('>') {
                    // The command goes on, as at a shell's second prompt.
                    let (command, _) = commands.last_mut().expect("a block begins with a command");
                    command.push('\n');
                    command.push_str(more.strip_prefix(' ').unwrap_or(more));
                } else {
                    let (_, output) = commands.last_mut().expect("a block begins with a command");
                    output.push_str(line);
                    output.push('\n');
                }
            }
        }
    }
    commands
}

#[test]
#[ignore = "needs jq: run ./tests/run"]
fn every_console_block_prints_what_it_says() {
    let tool = Path::new(env!("CARGO_BIN_EXE_containerd-edit"));
    let folder = tool.parent().expect("the command is in a folder").display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let (mut tried, mut wrong) = (0, Vec::new());
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document is readable");
        let config = fs::read(root().join(DEBIAN)).expect("the example's config");
        let node = Node::with(config);
        // One shell for a document, so that variables and exit codes carry over.
        let mut script = String::from("exec 2>&1\n");
        let commands = commands(&text);
        for (command, _) in &commands {
            script.push_str(command);
            script.push_str("\ncode=$?; printf '\\001'; (exit $code)\n");
        }
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("PATH", &path)
            .env_remove("CONTAINERD_EDIT_CONFIG")
            .env_remove("CONTAINERD_EDIT_OWNER")
            .current_dir(node.folder())
            .output()
            .expect("sh starts");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let printed: Vec<&str> = printed.split('\u{1}').collect();
        for ((command, said), found) in commands.iter().zip(&printed) {
            // What a page says of a missing program it says of one that no machine has.
            let (found, _) = without_missing(found);
            if found != *said {
                let document = document.display();
                wrong.push(format!("{document}: $ {command}\n{found}"));
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "these print:\n{}", wrong.join("\n"));
    assert!(tried >= 10, "only {tried} commands in all documents");
}

#[test]
fn the_patch_file_of_the_manual_is_one() {
    let manual = fs::read_to_string(root().join("docs/patch-file.md")).expect("readable");
    let files: Vec<&str> = manual
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = PatchFile::parse(files[0].as_bytes()).expect("a patch file");
    assert!(file.owner().is_some());
}

/// Links between the documents lead to a file and to a heading in it.
#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut dead = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document is readable");
        let folder = document.parent().expect("a document is in a folder");
        let prose: Vec<&str> = prose(&text).collect();
        let prose = prose.join("\n");
        let links = prose.split("](").skip(1);
        for link in links.filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target = match file {
                "" => document.clone(),
                file => folder.join(file),
            };
            let leads = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(&target).expect("a page")).contains(anchor));
            if !leads {
                dead.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// Commands that no test runs have a comment above them that says why.
#[test]
fn a_block_of_commands_is_run_or_says_why_not() {
    let mut unmarked = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document is readable");
        let mut above = "";
        let mut language = None;
        let mut is_marked = false;
        for line in text.lines() {
            match (language, line.strip_prefix("```")) {
                (None, Some(opened)) => {
                    language = Some(opened);
                    is_marked = above.starts_with("<!-- not run: ");
                }
                (Some(_), Some(_)) => language = None,
                (Some(opened), None) => {
                    let is_command = opened == "sh"
                        || (opened == "text"
                            && ["$ ", "# containerd-edit"]
                                .iter()
                                .any(|it| line.starts_with(it)));
                    if is_command && !is_marked {
                        unmarked.push(format!("{}: {line}", document.display()));
                        is_marked = true;
                    }
                }
                (None, None) => above = line,
            }
        }
    }
    assert!(unmarked.is_empty(), "{}", unmarked.join("\n"));
}

fn is_code(word: &str) -> bool {
    word.contains('-') && word.chars().all(|it| it.is_ascii_lowercase() || it == '-')
}

/// The codes of the warnings that a source file makes: each stands at the call, or where the
/// function that makes the call chooses it.
fn warning_codes(source: &str) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    let calls = ["Warning::new(", ".warn("].into_iter();
    for (at, call) in calls.flat_map(|call| source.match_indices(call)) {
        let argument = source[at + call.len()..].trim_start();
        if let Some(literal) = argument.strip_prefix('"') {
            codes.extend(literal.split('"').next());
        } else if argument.starts_with("code,") {
            let above = &source[..at];
            let function = above.rfind("fn ").map_or(above, |start| &above[start..]);
            codes.extend(function.split('"').filter(|word| is_code(word)));
        }
    }
    codes
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_warning_code_is_in_the_manual() {
    let manual = fs::read_to_string(root().join("docs/json.md")).expect("readable");
    let section = manual
        .split("\n## ")
        .find(|it| it.starts_with("Warnings\n"));
    let listed: BTreeSet<&str> = section.expect("the section").split('`').collect();
    let mut missing = BTreeSet::new();
    let mut found = 0;
    for path in sources(&root().join("src")) {
        let source = fs::read_to_string(&path).expect("readable");
        let codes = warning_codes(&source);
        found += codes.len();
        let unlisted = codes.into_iter().filter(|code| !listed.contains(code));
        missing.extend(unlisted.map(str::to_owned));
    }
    assert!(missing.is_empty(), "docs/json.md lacks {missing:?}");
    assert!(found >= 45, "only {found} codes in all sources");
}
