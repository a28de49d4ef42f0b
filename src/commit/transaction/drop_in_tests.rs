//! Edits of two files, with other programs in between.
#![expect(
    clippy::disallowed_methods,
    reason = "other programs write as they like"
)]

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::commit::editor::DropIn;
use crate::containerd::{ConfigFiles, Host, Release, Verdict, load};
use crate::disk::HostRoot;
use crate::disk::sidecar;
use crate::want::handler::Handler;

const CONFIG: &str = "version = 3\n";
const THEIRS: &str = "version = 3\n# theirs\n";

fn adding(name: &str) -> Patch {
    Patch::new().ensure(Handler::new(
        name.parse().expect("a name"),
        "io.containerd.spin.v2",
    ))
}

/// A config with a drop-in that holds `spin`, if that is to be there already.
struct Place {
    folder: tempfile::TempDir,
    config: PathBuf,
    drop_in: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("config.toml");
        fs::write(&config, CONFIG).expect("writes");
        let drop_in = folder.path().join("conf.d/50-manual.toml");
        Self {
            folder,
            config,
            drop_in,
        }
    }

    fn editor(&self) -> Editor {
        Editor::new(&self.config).drop_in(DropIn::ForOwner)
    }

    /// Makes an edit during which, right after the last comparison, `stranger` gets its turn once.
    fn edit_with(&self, patch: &Patch, stranger: impl Fn() + 'static) -> Result<Plan, Error> {
        let turns = Cell::new(0);
        let editor = self.editor().interrupted(move || {
            if turns.replace(1) == 0 {
                stranger();
            }
            false
        });
        editor.commit(patch)
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.config).expect("readable")
    }

    fn temporaries(&self) -> usize {
        let entries = fs::read_dir(self.folder.path())
            .expect("a folder")
            .flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.')).count()
    }
}

#[test]
fn a_config_that_a_stranger_changes_in_between_is_edited_anew_and_all_is_told() {
    let place = Place::new();
    let path = place.config.clone();
    let write = move || fs::write(&path, THEIRS).expect("writes");
    let plan = place.edit_with(&adding("spin"), write).expect("goes on");
    assert!(place.text().contains("# theirs\n"), "{}", place.text());
    assert!(place.text().contains("imports = "), "{}", place.text());
    assert_eq!(plan.before.as_deref(), Some(THEIRS.as_bytes()));
    // The first try had written it.
    assert_eq!(plan.drop_ins[0].before, None);
    assert!(plan.drop_ins[0].is_change());
    assert_eq!(plan.edited.handlers.added, ["spin"]);
    assert_eq!(place.temporaries(), 0);
    let logged = place.editor().log_entries().expect("readable");
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0].drop_ins[0].before, None);
    assert_eq!(logged[0].handlers.added, ["spin"]);
}

#[test]
fn a_stranger_that_does_the_rest_leaves_a_change_all_the_same() {
    let place = Place::new();
    let planned = place.editor().plan(&adding("spin")).expect("plans");
    let text = planned.edited.text.expect("a text");
    let path = place.config.clone();
    let write = move || fs::write(&path, &text).expect("writes");
    let plan = place.edit_with(&adding("spin"), write).expect("goes on");
    assert!(plan.is_change() && !plan.changes_config());
    assert_eq!(plan.edited.handlers.added, ["spin"]);
}

#[test]
fn a_drop_in_that_a_stranger_writes_to_in_between_is_edited_anew() {
    let place = Place::new();
    place.editor().commit(&adding("spin")).expect("added");
    for patch in [adding("wasm"), Patch::new().remove("spin").remove("wasm")] {
        let path = place.drop_in.clone();
        let append = move || {
            let mut text = fs::read_to_string(&path).expect("readable");
            text.push_str("# theirs\n");
            fs::write(&path, text).expect("writes");
        };
        place.edit_with(&patch, append).expect("goes on");
        let text = fs::read_to_string(&place.drop_in).expect("it stays");
        assert!(text.contains("# theirs\n"), "{text}");
        assert_eq!(place.temporaries(), 0);
    }
    let text = fs::read_to_string(&place.drop_in).expect("it stays");
    let left = "# containerd-edit v1 owner=manual\nversion = 3\n# theirs\n# theirs\n";
    assert_eq!(text, left);
    assert!(place.text().contains("imports = "), "{}", place.text());
}

#[test]
fn what_was_changed_before_an_error_is_told() {
    let place = Place::new();
    let path = place.config.clone();
    let plant = move || {
        fs::remove_file(&path).expect("removes");
        fs::create_dir(&path).expect("creates");
    };
    let error = place
        .edit_with(&adding("spin"), plant)
        .expect_err("no file");
    assert_eq!(error.code(), Code::NotFinished, "{error:?}");
    assert!(error.is_changed());
    let said = error.to_string();
    let begin = format!("{} was changed, and then", place.drop_in.display());
    assert!(said.starts_with(&begin), "{said}");
    assert!(place.drop_in.is_file(), "nobody imports it yet");
    assert_eq!(place.temporaries(), 0);
    fs::remove_dir(&place.config).expect("removes");
    fs::write(&place.config, CONFIG).expect("writes");
    let logged = place.editor().log_entries().expect("readable");
    assert_eq!(logged[0].outcome, "not-finished");
    assert_eq!(logged[0].before, logged[0].after);
    assert!(logged[0].is_change());
    let plan = place.editor().commit(&adding("spin")).expect("goes on");
    assert!(plan.changes_config() && !plan.drop_ins[0].is_change());
}

#[test]
fn who_is_interrupted_has_not_made_a_folder() {
    let place = Place::new();
    let result = place.editor().interrupted(|| true).commit(&adding("spin"));
    assert!(
        matches!(&result, Err(error) if error.code() == Code::Interrupted),
        "{result:?}"
    );
    assert!(!place.folder.path().join("conf.d").exists());
    assert_eq!(place.temporaries(), 0);
}

/// As a run leaves it that is killed when it has displaced what a stranger wrote.
#[test]
fn what_a_killed_run_displaced_of_a_drop_in_is_told_of() {
    let place = Place::new();
    place.editor().commit(&adding("spin")).expect("added");
    let texts = sidecar::Texts::of(Some(b"old"), Some(b"new"));
    let suffix = sidecar::exchange_suffix(&texts);
    let left = place
        .folder
        .path()
        .join(format!(".50-manual.toml.aB3dE5gH7j{suffix}"));
    fs::write(&left, THEIRS).expect("writes");
    let plan = place
        .editor()
        .commit(&adding("spin"))
        .expect("nothing to do");
    assert_eq!(plan.edited.warnings[0].code, "displaced");
    let status = place.editor().status().expect("readable");
    assert_eq!(status.displaced, [left]);
}

/// As a run leaves it that is killed between the exchange of the drop-in and its comparison.
#[test]
fn what_a_killed_run_replaced_becomes_the_previous_drop_in() {
    let place = Place::new();
    place.editor().commit(&adding("spin")).expect("added");
    let now = fs::read(&place.drop_in).expect("readable");
    let texts = sidecar::Texts::of(Some(b"old"), Some(&now));
    let suffix = sidecar::exchange_suffix(&texts);
    let left = format!(".50-manual.toml.aB3dE5gH7j{suffix}");
    fs::write(place.folder.path().join(left), "old").expect("writes");
    place
        .editor()
        .commit(&adding("spin"))
        .expect("nothing to do");
    let previous = place.folder.path().join("50-manual.toml.prev");
    assert_eq!(fs::read_to_string(previous).expect("kept"), "old");
    assert_eq!(place.temporaries(), 0);
}

/// For layouts that generate the config and read the folder in any case.
#[test]
fn a_config_that_is_generated_is_read_and_never_written() {
    let place = Place::new();
    let editor = || {
        let mut editor = place.editor();
        editor.drop_in_is_read = true;
        editor
    };
    let plan = editor().commit(&adding("spin")).expect("added");
    assert!(plan.is_change() && !plan.changes_config());
    assert_eq!(plan.edited.handlers.added, ["spin"]);
    assert_eq!(place.text(), CONFIG);
    let text = fs::read_to_string(&place.drop_in).expect("written");
    assert!(text.contains("version = 3\n"), "{text}");
    let remove = Patch::new().remove("spin");
    editor().commit(&remove).expect("removed");
    assert_eq!(place.text(), CONFIG);
    let folder = place.folder.path().join("conf.d");
    assert_eq!(fs::read_dir(folder).expect("it stays").count(), 0);
    fs::remove_file(&place.config).expect("removes");
    let error = editor()
        .commit(&adding("spin"))
        .expect_err("nothing to go by");
    assert_eq!(error.code(), Code::NoFile, "{error:?}");
}

/// The files as another one finds them after each step of an edit.
fn states(place: &Place, patch: &Patch) -> Vec<ConfigFiles> {
    let editor = Editor::new(&place.config);
    let target = editor.find().expect("found");
    let snapshot = target.read().expect("readable");
    let work = editor.work_out(&target, &snapshot, patch).expect("planned");
    let steps = Step::of(&work, &target, &snapshot);
    let root = HostRoot::default();
    let mut states = Vec::new();
    for step in steps.iter().filter(|step| step.is_change()) {
        match step.after() {
            Some(text) => fs::write(&step.target.path, text).expect("writes"),
            None => fs::remove_file(&step.target.path).expect("removes"),
        }
        let main = fs::read(&place.config).expect("readable");
        states.push(ConfigFiles::read(&root, &place.config, &main));
    }
    states
}

#[test]
fn every_state_serves_whatever_names_what_goes() {
    let owned = |patch: Patch, owner: &str| patch.owner(owner.parse().expect("an owner"));
    let named = |name: &str| name.parse().expect("a name");
    for imports in ["", "imports = ['conf.d/*.toml']\n"] {
        for case in 0..6 {
            // Whether handler and default are in drop-ins, and whether anything else is with the latter.
            let (handler, default) = [(true, true), (true, false), (false, true)][case % 3];
            let is_alone = case > 2;
            let place = Place::new();
            fs::create_dir(place.folder.path().join("conf.d")).expect("creates");
            fs::write(&place.config, format!("{CONFIG}{imports}")).expect("writes");
            let editor = |in_drop_in| {
                if in_drop_in {
                    place.editor()
                } else {
                    Editor::new(&place.config)
                }
            };
            let add = owned(adding("spin"), "a");
            editor(handler).commit(&add).expect("added");
            let set = if is_alone {
                Patch::new()
            } else {
                adding("wasm")
            };
            let set = owned(set.default_handler(named("spin")), "b");
            editor(default).commit(&set).expect("set");
            let remove = owned(Patch::new(), "a").prune();
            let states = states(&place, &remove);
            assert!(states.len() > 1, "both files change");
            for files in states {
                for release in Release::LINES.into_iter().filter(|it| it.reads(3)) {
                    let verdict = load(&files, release, &Host::default());
                    let Verdict::Serves { handlers, .. } = verdict else {
                        panic!("{release}: {verdict:?}\n{files:?}");
                    };
                    let has_other = is_alone || handlers.contains_key("wasm");
                    assert!(has_other, "{release}: {files:?}");
                }
            }
            let left = Editor::new(&place.config).plan(&remove).expect("planned");
            assert!(!left.is_change(), "nothing is left to do");
        }
    }
}
