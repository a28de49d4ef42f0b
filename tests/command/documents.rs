//! The documents are true: every `console` block is run, and its output compared.

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

fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("docs");
    let mut documents: Vec<PathBuf> = docs.map(|entry| entry.expect("an entry").path()).collect();
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.push(root().join("README.md"));
    documents
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

/// Links between the documents lead somewhere.
#[test]
fn every_link_between_documents_leads_to_a_file() {
    for document in documents() {
        let text = fs::read_to_string(&document).expect("the document is readable");
        let folder = document.parent().expect("a document is in a folder");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or(link);
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(folder.join(file).exists(), "{}: {link}", document.display());
        }
    }
}
