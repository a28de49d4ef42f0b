//! Values that the edited file has and that another file, which is read later, has otherwise.

use std::path::Path;

use toml_edit::Value;

use crate::commit::editor::Editor;
use crate::containerd::{ConfigFiles, Host, Merged, Model, Release, Verdict};
use crate::edit::patch::{DEFAULT, settled};
use crate::error::Warning;
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, meaning};
use crate::want::patch::Patch;

use super::Part;

/// What is told of such values.
#[derive(Default)]
pub(super) struct Overridden {
    pub(super) warnings: Vec<Warning>,
    /// Whether the default is among them.
    pub(super) has_default: bool,
}

impl Editor {
    /// What the patch wants and has written, and does not come into force on 2.x: with the files as
    /// they are after an edit, and as they are loaded. As in one file, a value of another owner may
    /// stand over it; so this is told each time, and is no failure.
    pub(super) fn overridden(
        &self,
        patch: &Patch,
        (after, loaded): (&ConfigFiles, &ConfigFiles),
        part: Option<&Part>,
    ) -> Overridden {
        let found = self.find_overridden(patch, (after, loaded), part);
        found.unwrap_or_default()
    }

    fn find_overridden(
        &self,
        patch: &Patch,
        (after, loaded): (&ConfigFiles, &ConfigFiles),
        part: Option<&Part>,
    ) -> Option<Overridden> {
        let is_merged = self.releases.iter().any(|release| !release.is_1x());
        if !patch.adds() || after.len() < 2 || !is_merged {
            return None;
        }
        let is_own = |path: &Path| match part {
            Some(part) => part.is_at(path, self),
            None => path == after.main(),
        };
        let main = after.all().find(|(path, _)| *path == after.main())?.1;
        let own = match part {
            Some(part) => part.change.after.as_ref()?.as_bytes(),
            None => main,
        };
        let (main, own) = (Document::parse(main).ok()?, Document::parse(own).ok()?);
        let patch = settled(&main, patch).ok()?;
        let merged = Merged::of(loaded)?;
        let mut overridden = Overridden::default();
        for (key, wanted) in patch.wanted_values() {
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            let is_written = own
                .get(&key)
                .is_some_and(|it| meaning::is_value(it, &wanted));
            let found = merged.value(&key);
            // Otherwise a layer of the same file stands over it, which is told already.
            if !is_written || found.as_ref().is_some_and(|found| has(found, &wanted)) {
                continue;
            }
            let others = after.all().filter(|(file, _)| !is_own(file));
            let says = others.filter(|(_, bytes)| {
                Document::parse(bytes).is_ok_and(|other| says_so(&other, &key, found.as_ref()))
            });
            let file = says.last().map(|(file, _)| file.display().to_string());
            overridden.has_default |= matches!(key[..], [.., DEFAULT]);
            let shown = render::dotted(&key, Quotes::Basic);
            let literal = |value: &Value| render::value(value, Quotes::Basic);
            let found = found.map_or("unset".to_owned(), |found| literal(&found));
            let file = file.as_deref().unwrap_or("another file");
            overridden.warnings.push(Warning {
                code: "overridden",
                message: format!(
                    "{shown} stays {found}, not {}: {file} is read later and has the last word; a \
                     drop-in that is read after it can have that (--drop-in=PATH)",
                    literal(&wanted)
                ),
                at: None,
            });
        }
        Some(overridden)
    }

    /// The default handler that an edit puts into effect, of all files together; `None` if it stays
    /// what it was, or depends on the release.
    pub(super) fn new_default(&self, before: &ConfigFiles, after: &ConfigFiles) -> Option<String> {
        let host = Host::here();
        let default = |files: &ConfigFiles| {
            let model = Model::new(files, &host);
            let serving = self.releases.iter().filter_map(|release: &Release| {
                match model.verdict(*release) {
                    Verdict::Serves { default, .. } => Some(default),
                    _ => None,
                }
            });
            let mut defaults: Vec<String> = serving.collect();
            defaults.dedup();
            match defaults.as_slice() {
                [default] => Some(default.clone()),
                _ => None,
            }
        };
        let now = default(after)?;
        (default(before).as_ref() != Some(&now)).then_some(now)
    }
}

/// Whether a value is in force. Arrays of several files are joined.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Array(found), Value::Array(wanted)) => wanted.iter().all(|wanted| {
            let mut found = found.iter();
            found.any(|found| meaning::same_values(found, wanted))
        }),
        _ => meaning::same_values(found, wanted),
    }
}

/// Whether a file is why a value is in force, or why none is.
fn says_so(other: &Document<'_>, path: &[&str], found: Option<&Value>) -> bool {
    match found {
        Some(found) => other
            .get(path)
            .is_some_and(|it| meaning::is_value(it, found)),
        // It has the table, which takes the place of the other file's.
        None => path.len() > 2 && other.get(&path[..2]).is_some(),
    }
}
