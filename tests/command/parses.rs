//! Each text is parsed once: when it was read, and once more when it was changed.

use std::fs;
use std::path::{Path, PathBuf};

use containerd_edit::{Change, DropIn, Editor, Handler, parsed};

fn counted(make: impl FnOnce()) -> usize {
    let before = parsed();
    make();
    parsed() - before
}

fn commit(editor: &Editor, change: &Change) {
    let outcome = editor.commit(change).expect("an edit");
    assert!(outcome.is_change());
}

fn handler(name: &str) -> Change {
    let handler = Handler::new(name.parse().expect("a name"), "io.containerd.x.v2");
    let owner = name.parse().expect("an owner");
    Change::new().owner(owner).ensure(handler)
}

fn config(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config.toml");
    fs::write(&path, text).expect("writes");
    path
}

#[test]
fn an_edit_of_one_file_parses_two_texts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = config(folder.path(), "imports = []\nversion = 2\n");
    let add = || commit(&Editor::new(&path), &handler("kata"));
    assert_eq!(counted(add), 2);
    let again = || {
        let outcome = Editor::new(&path).commit(handler("kata"));
        assert!(!outcome.expect("an edit").is_change());
    };
    assert_eq!(counted(again), 1);
    let owner = "kata".parse().expect("an owner");
    let remove = || commit(&Editor::new(&path), &Change::new().owner(owner).prune());
    assert_eq!(counted(remove), 2);
}

#[test]
fn an_uninstall_from_three_files_parses_six_texts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = config(folder.path(), "# mine\nversion = 3\n");
    for file in ["a.toml", "b.toml"] {
        let drop_in = folder.path().join("conf.d").join(file);
        let editor = Editor::new(&path).drop_in(DropIn::At(drop_in));
        let name = &file[..1];
        let handler = Handler::new(name.parse().expect("a name"), "io.containerd.x.v2");
        commit(&editor, &Change::new().ensure(handler));
    }
    let remove = || {
        let owner = "manual".parse().expect("an owner");
        commit(&Editor::new(&path), &Change::new().owner(owner).prune());
    };
    let texts = counted(remove);
    assert!(texts <= 6, "{texts}");
    assert_eq!(
        fs::read_to_string(&path).expect("readable"),
        "# mine\nversion = 3\n"
    );
}

#[test]
fn a_check_parses_each_file_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = config(
        folder.path(),
        "version = 3\nimports = ['a.toml', 'b.toml']\n",
    );
    for file in ["a.toml", "b.toml"] {
        fs::write(folder.path().join(file), "version = 3\n").expect("writes");
    }
    let check = || assert!(Editor::new(&path).check().is_ok());
    assert_eq!(counted(check), 3);
}
