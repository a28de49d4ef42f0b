//! Other programs at the last moment, and what killed runs leave.
#![expect(
    clippy::disallowed_methods,
    reason = "other programs write as they like"
)]

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::commit::editor::DropIn;
use crate::commit::request::RestoreFrom;
use crate::disk::sidecar;
use crate::want::change::Change;
use crate::want::handler::Handler;

const CONFIG: &str = "version = 3\n";
const THEIRS: &str = "version = 3\n# theirs\n";

fn change() -> Change {
    Change::new().ensure(Handler::new(
        "spin".parse().expect("a name"),
        "io.containerd.spin.v2",
    ))
}

/// Makes an edit during which, right after the last comparison, `stranger` gets its turn once.
fn edit_with(
    config: Option<&str>,
    change: &Change,
    stranger: impl Fn(&Path) + Send + 'static,
) -> (tempfile::TempDir, PathBuf, Result<Outcome, Error>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    if let Some(config) = config {
        fs::write(&file, config).expect("writes");
    }
    let turns = Cell::new(0);
    let its_file = file.clone();
    let editor = Editor::new(&file).interrupted(move || {
        if turns.replace(1) == 0 {
            stranger(&its_file);
        }
        false
    });
    let result = editor.commit(change);
    (folder, file, result)
}

fn replace_by(text: &'static str) -> impl Fn(&Path) {
    move |path| {
        let new = path.with_extension("new");
        fs::write(&new, text).expect("writes");
        fs::rename(new, path).expect("renames");
    }
}

fn temporaries(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).count()
}

#[test]
fn what_a_stranger_writes_at_the_last_moment_is_edited_and_not_lost() {
    for in_place in [true, false] {
        let stranger = move |path: &Path| {
            if in_place {
                fs::write(path, THEIRS).expect("writes");
            } else {
                replace_by(THEIRS)(path);
            }
        };
        let (folder, path, result) = edit_with(Some(CONFIG), &change(), stranger);
        let plan = result.expect("an edit of theirs");
        assert_eq!(plan.main.before.as_deref(), Some(THEIRS.as_bytes()));
        let text = fs::read_to_string(&path).expect("readable");
        assert!(
            text.contains("# theirs") && text.contains("runtimes.spin"),
            "{text}"
        );
        let previous = fs::read_to_string(sidecar::previous(&path)).expect("readable");
        assert_eq!(previous, THEIRS);
        assert_eq!(temporaries(folder.path()), 0);
    }
}

#[test]
fn a_file_that_a_stranger_creates_or_deletes_at_the_last_moment_is_seen() {
    let (_folder, path, result) = edit_with(None, &change(), replace_by(THEIRS));
    result.expect("an edit of theirs");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(
        text.contains("# theirs") && text.contains("runtimes.spin"),
        "{text}"
    );

    let delete = |path: &Path| fs::remove_file(path).expect("removes");
    let (folder, path, result) = edit_with(Some(CONFIG), &change(), delete);
    result.expect("a new file");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(text.starts_with("version = 2\n"), "{text}");
    assert_eq!(temporaries(folder.path()), 0);
}

#[test]
fn a_stranger_that_never_stops_ends_the_edit_and_has_the_last_word() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, CONFIG).expect("writes");
    let turns = Arc::new(AtomicU32::new(0));
    let (its_turns, its_path) = (Arc::clone(&turns), path.clone());
    let editor = Editor::new(&path).interrupted(move || {
        let turn = its_turns.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!("{CONFIG}# {turn}\n");
        fs::write(&its_path, text).expect("writes");
        false
    });
    let result = editor.commit(change());
    assert!(
        matches!(&result, Err(error) if error.code() == Code::KeptChanging),
        "{result:?}"
    );
    assert_eq!(
        turns.load(Ordering::Relaxed),
        TRIES,
        "it is not tried for ever"
    );
    let text = fs::read_to_string(&path).expect("readable");
    assert_eq!(text, format!("{CONFIG}# {TRIES}\n"));
    assert_eq!(temporaries(folder.path()), 0);
    let logged = Editor::new(&path).log_entries().expect("readable");
    assert_eq!(logged[0].outcome, "kept-changing");
}

#[test]
fn a_link_that_a_stranger_makes_of_the_config_is_followed() {
    let link = |path: &Path| {
        let real = path.with_file_name("real.toml");
        fs::write(&real, THEIRS).expect("writes");
        fs::remove_file(path).expect("removes");
        std::os::unix::fs::symlink("real.toml", path).expect("links");
    };
    let (folder, path, result) = edit_with(Some(CONFIG), &change(), link);
    result.expect("an edit of what the link leads to");
    assert!(path.is_symlink(), "the link stays");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(
        text.contains("# theirs") && text.contains("runtimes.spin"),
        "{text}"
    );
    assert_eq!(temporaries(folder.path()), 0);
}

#[test]
fn a_file_of_this_tool_is_not_deleted_once_a_stranger_has_written_to_it() {
    let remove = Change::new().remove("spin");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    Editor::new(&path).commit(change()).expect("created");
    let created = fs::read_to_string(&path).expect("readable");
    let append = |path: &Path| {
        let mut text = fs::read(path).expect("readable");
        text.extend_from_slice(b"# theirs\n");
        fs::write(path, text).expect("writes");
    };
    let (folder, path, result) = edit_with(Some(&created), &remove, append);
    result.expect("an edit of theirs");
    let text = fs::read_to_string(&path).expect("the file stays");
    assert!(
        text.contains("# theirs") && !text.contains("spin"),
        "{text}"
    );
    assert_eq!(temporaries(folder.path()), 0);
}

/// As any other refusal is.
#[test]
fn an_undo_and_a_restore_that_are_refused_are_noted_down() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, "[").expect("writes");
    let editor = Editor::new(&file);
    let restore = Request::Restore(RestoreFrom::Previous);
    editor.commit(restore).expect_err("nothing is kept");
    fs::write(&file, CONFIG).expect("writes");
    let undo = || Request::Undo(Some("a".parse().expect("an owner")));
    editor.commit(undo()).expect_err("nothing was changed");
    editor.plan(undo()).expect_err("nothing was changed");
    let entries = editor.log_entries().expect("a log");
    let noted = entries.iter().map(|it| (&*it.outcome, it.owner.as_deref()));
    let noted: Vec<_> = noted.collect();
    assert_eq!(noted, [("not-restored", None), ("not-undone", Some("a"))]);
    assert!(
        entries
            .iter()
            .all(|it| it.before.is_some() && !it.is_change())
    );
}

#[test]
fn who_is_interrupted_has_changed_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, CONFIG).expect("writes");
    let result = Editor::new(&path).interrupted(|| true).commit(change());
    assert!(
        matches!(&result, Err(error) if error.code() == Code::Interrupted),
        "{result:?}"
    );
    assert_eq!(fs::read_to_string(&path).expect("readable"), CONFIG);
    assert_eq!(temporaries(folder.path()), 0);
}

/// As a run leaves it that is killed between its exchange and its comparison.
#[test]
fn what_a_killed_run_displaced_is_kept_and_told_of() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    let theirs = leave(&path, THEIRS, "new");
    let plan = Editor::new(&path).commit(change()).expect("goes on");
    let told = plan
        .report
        .warnings
        .iter()
        .find(|warning| warning.code == "displaced");
    let told = told.expect("a warning");
    assert!(
        told.message.contains(&*theirs.to_string_lossy()),
        "{}",
        told.message
    );
    assert_eq!(fs::read_to_string(&theirs).expect("kept"), THEIRS);
    let status = Editor::new(&path).status().expect("readable");
    assert_eq!(status.displaced, std::slice::from_ref(&theirs));
    // Until somebody has looked at it.
    fs::remove_file(theirs).expect("removes");
    let plan = Editor::new(&path).commit(change()).expect("nothing to do");
    assert_eq!(plan.report.warnings, []);
}

#[test]
fn what_a_killed_run_replaced_becomes_the_previous_config() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    leave(&path, "old", "new");
    Editor::new(&path)
        .commit(Change::new())
        .expect("nothing to do");
    let previous = fs::read_to_string(sidecar::previous(&path)).expect("readable");
    assert_eq!(previous, "old");
    assert_eq!(temporaries(folder.path()), 0);
    // If the config has been changed again since, it is older than the one before that.
    fs::write(sidecar::previous(&path), "newer").expect("writes");
    leave(&path, "old", "other");
    Editor::new(&path)
        .commit(Change::new())
        .expect("nothing to do");
    let previous = fs::read_to_string(sidecar::previous(&path)).expect("readable");
    assert_eq!(previous, "newer");
    assert_eq!(temporaries(folder.path()), 0);
}

#[test]
fn what_a_killed_run_did_not_get_to_exchange_is_swept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    leave(&path, CONFIG, "new");
    fs::write(&path, "version = 2\n").expect("writes");
    Editor::new(&path)
        .commit(Change::new())
        .expect("nothing to do");
    assert!(
        !sidecar::previous(&path).exists(),
        "it never was the config"
    );
    assert_eq!(temporaries(folder.path()), 0);
}

/// As a run leaves it that is killed between its two files.
#[test]
fn a_killed_run_and_the_one_that_completes_it_are_undone_as_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, CONFIG).expect("writes");
    let editor = || Editor::new(&path).drop_in(DropIn::ForOwner);
    let other = Change::new().owner("other".parse().expect("an owner"));
    editor()
        .commit(
            other
                .declares()
                .key(&"debug.level=info".parse().expect("a setting"))
                .expect("a key"),
        )
        .expect("an edit");
    let before = ["config.toml", "config.toml.owners"].map(|it| fs::read(folder.path().join(it)));
    let [main, ledger] = before.map(|it| it.expect("readable"));
    editor().commit(change()).expect("an edit");
    // The drop-in is new, and the import of it not there yet.
    fs::write(&path, &main).expect("writes");
    fs::rename(
        sidecar::owners_previous(&path),
        sidecar::owners_before(&path),
    )
    .expect("renames");
    let again = editor().commit(change()).expect("goes on");
    assert!(again.main.is_change(), "it completes the first run");
    let made = again.made.expect("it was made");
    let written = fs::read_to_string(sidecar::owners(&path)).expect("readable");
    assert_eq!(made.after.to_json(), written);
    assert_eq!(made.before.to_json().as_bytes(), ledger);
    assert!(!sidecar::owners_before(&path).exists(), "it has ended");
    let undone = editor().commit(Request::Undo(None)).expect("undone");
    assert!(undone.is_as_before);
    assert_eq!(fs::read(&path).expect("readable"), main);
    assert!(!folder.path().join("conf.d/50-manual.toml").exists());
}

/// The import is gone, and the drop-in is still there.
#[test]
fn an_undo_that_was_killed_between_its_files_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, CONFIG).expect("writes");
    let editor = || Editor::new(&path).drop_in(DropIn::ForOwner);
    editor().commit(change()).expect("an edit");
    let drop_in = folder.path().join("conf.d/50-manual.toml");
    let text = fs::read(&drop_in).expect("readable");
    editor().commit(Request::Undo(None)).expect("undone");
    fs::create_dir_all(drop_in.parent().expect("a folder")).expect("writes");
    fs::write(&drop_in, text).expect("writes");
    fs::rename(
        sidecar::owners_previous(&path),
        sidecar::owners_before(&path),
    )
    .expect("renames");
    editor().commit(Request::Undo(None)).expect("undone");
    assert!(!drop_in.exists(), "it is half undone");
    let again = editor().commit(Request::Undo(None)).expect("undone");
    assert!(!again.is_change(), "it is undone");
    assert_eq!(fs::read_to_string(&path).expect("readable"), CONFIG);
}

/// Leaves `text` under the name of an exchange of "old" for the config, which is written, or for
/// another text.
fn leave(path: &Path, text: &str, other: &str) -> PathBuf {
    fs::write(path, CONFIG).expect("writes");
    let after = if other == "new" { CONFIG } else { other };
    let texts = sidecar::Texts::of(Some(b"old"), Some(after.as_bytes()));
    let name = format!(
        ".config.toml.aB3dE5gH7j{}",
        sidecar::exchange_suffix(&texts)
    );
    let left = path.with_file_name(name);
    fs::write(&left, text).expect("writes");
    left
}
