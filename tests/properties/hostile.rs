//! No file makes the tool panic, and no damage to a file makes it lose its way.

use std::sync::LazyLock;

use containerd_edit::{Change, Document, Handler, Inventory, PatchFile, Preset};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::corpus;
use crate::declared;
use crate::node::Node;
use crate::round_trip::{self, Added};
use crate::spellings::{self, Choices};

/// Does all that can be done with a config.
fn edit(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(config) = Document::parse(bytes) else {
        return Ok(());
    };
    let name = "crun".parse().expect("a name");
    let crun = Handler::from_preset(name, Preset::named("crun").expect("a preset"));
    let changes = [
        Change::new().ensure(crun.clone()),
        Change::new()
            .ensure(crun)
            .default_handler("crun".parse().expect("a name"))
            .remove("runc"),
        Change::new()
            .remove("runc")
            .remove("kata")
            .remove("untrusted")
            .adopt(),
    ];
    let _ = Inventory::of(&config, None);
    let _ = Inventory::of(&config, Some("cri"));
    let Some(node) = Node::new(Some(config.text())) else {
        return Ok(());
    };
    for change in changes {
        let tried = node.clone().tried(&change);
        tried.map_err(TestCaseError::fail)?;
    }
    declared::check(config.text()).map_err(TestCaseError::fail)
}

static TEXTS: LazyLock<Vec<String>> =
    LazyLock::new(|| corpus::texts().into_iter().map(|(_, text)| text).collect());

/// A patch file with every kind of table, in every spelling.
const PATCH_FILE: &str = r#"owner = "kata-deploy"
default = "kata-qemu"
debug = { level = "debug", uid = 0 }
handlers.crun.options.Root = '/run/crun'

[handlers.kata-qemu]
preset = "kata"
pod_annotations = ["io.katacontainers.*"]
[[handlers.kata-qemu.options.List]]
x = 1979-05-27T07:32:00Z
[handlers.spin.options]
a.b = { c = [1.5, { d = true }] }

[plugins.'io.containerd.grpc.v1.cri']
enable_cdi = true
cni.bin_dirs = ["/opt/cni/bin"]

[proxy_plugins.nydus]
type = "snapshot"
address = "/run/nydus.sock"
exports = { root = "/var/lib/nydus" }
"#;

const PATCH_LINES: [&str; 8] = [
    "[handlers.\"a b\"]",
    "[handlers.kata-qemu.options]",
    "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.x]",
    "[debug]",
    "runtime_type = 't'",
    "preset = 'crun'",
    "options = { \"'\\\"\" = nan }",
    "owner = \"\"\"",
];

/// Reads a patch file, and edits a config by it.
fn patched(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut node = Node::new(Some("version = 3\n")).expect("TOML");
    match PatchFile::parse(bytes) {
        Ok(file) => {
            let tried = node.tried(&file.into_change());
            tried.map_err(TestCaseError::fail)?;
        }
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            let lines: Vec<&str> = text.trim_start_matches('\u{feff}').split('\n').collect();
            let at = error.position().expect("a patch file has places");
            let line = lines.get(at.line - 1).copied().unwrap_or_default();
            prop_assert!(at.column <= line.chars().count() + 1, "{:?}", error);
            let line = line.trim_end_matches('\r');
            prop_assert_eq!(line, &at.text, "{:?}", error);
        }
    }
    Ok(())
}

/// One change to the lines or characters of a text.
#[derive(Debug, Clone)]
enum Damage {
    DropLine(Index),
    DoubleLine(Index),
    MoveLine(Index, Index),
    JoinLine(Index),
    Insert(Index, &'static str),
    InsertLine(Index, &'static str),
    Drop(Index),
    CutShort(Index),
}

const PIECES: [&str; 22] = [
    "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "{}", "#", ".", ",", "=", "\n",
    "\r", "\r\n", "\u{feff}", "\\", "\t", "x",
];

const LINES: [&str; 14] = [
    "# containerd-edit owner=manual",
    "# containerd-edit owner=implied",
    "  # containerd-edit owner=kata-deploy",
    "[plugins]",
    "[plugins.'io.containerd.grpc.v1.cri'.containerd]",
    "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes]",
    "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata.options]",
    "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]",
    "[[plugins.cri.containerd.runtimes.runc]]",
    "default_runtime_name = 'runc'",
    "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.runtime_type = 'x'",
    "[debug]",
    "text = '''",
    "",
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Damage::DropLine),
        at().prop_map(Damage::DoubleLine),
        (at(), at()).prop_map(|(from, to)| Damage::MoveLine(from, to)),
        at().prop_map(Damage::JoinLine),
        (at(), prop::sample::select(PIECES.to_vec()))
            .prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (at(), prop::sample::select(LINES.to_vec()))
            .prop_map(|(at, line)| Damage::InsertLine(at, line)),
        at().prop_map(Damage::Drop),
        at().prop_map(Damage::CutShort),
    ]
}

fn damaged(text: &str, damage: &Damage) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return String::new();
    }
    match damage {
        Damage::DropLine(at) => {
            lines.remove(at.index(lines.len()));
        }
        Damage::DoubleLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Damage::MoveLine(from, to) => {
            let line = lines.remove(from.index(lines.len()));
            lines.insert(to.index(lines.len() + 1), line);
        }
        Damage::JoinLine(at) => {
            let at = at.index(lines.len());
            let length = lines[at].trim_end_matches(['\r', '\n']).len();
            lines[at].truncate(length);
        }
        Damage::InsertLine(at, line) => {
            lines.insert(at.index(lines.len() + 1), format!("{line}\n"));
        }
        Damage::Insert(at, piece) => {
            let at = at.index(characters.len() + 1);
            characters.splice(at..at, piece.chars());
            return characters.into_iter().collect();
        }
        Damage::Drop(at) => {
            characters.remove(at.index(characters.len()));
            return characters.into_iter().collect();
        }
        Damage::CutShort(at) => {
            characters.truncate(at.index(characters.len()));
            return characters.into_iter().collect();
        }
    }
    lines.concat()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn any_bytes_are_edited_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        edit(&bytes)?;
    }

    #[test]
    fn any_pieces_of_toml_are_edited_or_refused(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(PIECES.to_vec()),
                prop::sample::select(LINES.to_vec()),
                prop::sample::select(vec!["plugins", "cri", "containerd", "runtimes", "1", " "]),
            ],
            0..24,
        ),
    ) {
        edit(pieces.concat().as_bytes())?;
    }

    #[test]
    fn a_damaged_config_is_edited_as_any_other(
        text in prop::sample::select(TEXTS.clone()),
        damages in prop::collection::vec(damage(), 1..5),
        numbers in prop::collection::vec(any::<u8>(), 8),
    ) {
        let text = damages.iter().fold(text, |text, damage| damaged(&text, damage));
        edit(text.as_bytes())?;
        let added: Vec<Added> = round_trip::added(&mut Choices::new(&numbers));
        let outcome = round_trip::check(Some(&text), &added);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn a_damaged_spelling_is_edited_as_any_other(
        numbers in spellings::numbers(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let mut choices = Choices::new(&numbers);
        let added = round_trip::added(&mut choices);
        let text = spellings::config(&mut choices);
        let text = damages.iter().fold(text, |text, damage| damaged(&text, damage));
        edit(text.as_bytes())?;
        let outcome = round_trip::check(Some(&text), &added);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn a_damaged_patch_file_is_read_or_refused_with_its_place(
        damages in prop::collection::vec(damage(), 0..4),
        added in prop::collection::vec((any::<Index>(), prop::sample::select(PATCH_LINES.to_vec())), 0..3),
        cut in any::<Index>(),
    ) {
        let text = added.iter().fold(PATCH_FILE.to_owned(), |text, (at, line)| {
            damaged(&text, &Damage::InsertLine(*at, line))
        });
        let text = damages.iter().fold(text, |text, damage| damaged(&text, damage));
        patched(text.as_bytes())?;
        // In the middle of a character too.
        patched(&text.as_bytes()[..cut.index(text.len() + 1)])?;
    }

    #[test]
    fn any_bytes_are_a_patch_file_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        patched(&bytes)?;
    }
}
