//! From what a file is to say to its text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::config::files::{File, Text};
use crate::config::view::View;
use crate::error::Error;
use crate::ledger::{IMPLIED, Ledger, comment, owner_in};
use crate::toml::verbs::{Pair, Refused, Revision};
use crate::toml::{Difference, Document, Heading, Literal, Path, Tree};
use crate::want::key::{Key, handler_of};

use super::refusal;

fn is_own(line: &str) -> bool {
    owner_in(line).is_some()
}

/// A key that comes, and its value.
struct Inserted {
    path: Path,
    literal: Literal,
    rank: u64,
}

/// Writes one file.
pub(super) struct Writing<'e> {
    pub(super) config: &'e Config,
    pub(super) ledger: &'e Ledger,
    pub(super) name: &'e str,
    pub(super) before: &'e View,
    pub(super) after: &'e View,
}

impl Writing<'_> {
    /// Returns the file as it is after the edit; `None` if nothing changes.
    ///
    /// # Errors
    ///
    /// [`Error`] if the text can't take a key.
    pub(super) fn file(&self) -> Result<Option<File>, Error> {
        let empty = Text::parse(String::new())?;
        let known = self.config.file(self.name);
        let text = known.and_then(|file| file.text.as_ref());
        if text.is_none() && !self.after.exists {
            return Ok(None);
        }
        let document = text.map_or(&empty.document, |text| &text.document);
        let changed = self.revise(document)?;
        if text.is_some() && changed == document.text() {
            return Ok(None);
        }
        let file = |text| File {
            path: self.config.path_of(self.name),
            name: self.name.to_owned(),
            text,
            is_writable: true,
        };
        if self.ledger.has_made(self.name, &[]) && says_nothing(&changed) {
            return Ok(Some(file(None)));
        }
        let changed = Text::parse(changed)
            .map_err(|error| refusal::surprise(self.config, self.name, &error.to_string()))?;
        if changed.tree != self.after.tree {
            let differs = self.after.tree.differences(&changed.tree);
            let differs = format!("{:?}", differs.first());
            return Err(refusal::surprise(self.config, self.name, &differs));
        }
        Ok(Some(file(Some(Arc::new(changed)))))
    }

    fn revise(&self, document: &Document<'_>) -> Result<String, Error> {
        let verbs = crate::toml::verbs::Document::parse(document.text().as_bytes()).unwrap();
        let mut revision = Revision::of(&verbs, is_own);
        let mut inserted = Vec::new();
        let refused = |error| refusal::refused(self.config, self.name, &error);
        for difference in self.before.tree.differences(&self.after.tree) {
            match difference {
                Difference::Removed(path) => revision.remove(&names(&path)),
                Difference::Unwritten(path) => revision.prune(&names(&path)),
                Difference::Set(path, literal) => revision
                    .set(&names(&path), literal.text())
                    .map_err(refused)?,
                Difference::Elements(path, gone, new) => {
                    for number in gone {
                        revision
                            .remove_element(&names(&path), number)
                            .map_err(refused)?;
                    }
                    for element in new {
                        revision
                            .insert_element(&names(&path), element.text(), None)
                            .map_err(refused)?;
                    }
                }
                Difference::Inserted(path, literal, rank) => inserted.push(Inserted {
                    path,
                    literal,
                    rank,
                }),
            }
        }
        inserted.sort_by_key(|it| it.rank);
        self.insert(&mut revision, &inserted).map_err(refused)?;
        for heading in document.headings(is_own) {
            self.keep_comment(&mut revision, &heading);
        }
        if revision.is_empty() {
            return Ok(document.text().to_owned());
        }
        revision.finish().map_err(refused)
    }

    /// Adds keys: those of a new handler as one block.
    fn insert(
        &self,
        revision: &mut Revision<'_, '_>,
        inserted: &[Inserted],
    ) -> Result<(), Refused> {
        let mut handlers: BTreeMap<Path, Vec<Pair>> = BTreeMap::new();
        for each in inserted {
            if let Some(handler) = self.new_handler(&each.path) {
                let pair = Pair::new(&each.path[handler.len()..], each.literal.text());
                handlers.entry(handler).or_default().push(pair);
            }
        }
        for each in inserted {
            let owner = self.owner_of(&each.path);
            let comment = comment(&owner);
            match self.new_handler(&each.path) {
                None => revision.insert(&names(&each.path), each.literal.text(), Some(&comment))?,
                Some(handler) => {
                    if let Some(pairs) = handlers.remove(&handler) {
                        revision.insert_table(&names(&handler), pairs, Some(&comment))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The place of the handler that a key is below, if it was not there.
    fn new_handler(&self, place: &[String]) -> Option<Path> {
        let canonical = self.after.spelling.canonical(place);
        let handler = handler_of(&canonical)?;
        let below = canonical.len() - handler.len();
        let place = place[..place.len() - below].to_vec();
        let is_new = below > 0 && self.before.tree.get(&place).is_none();
        is_new.then_some(place)
    }

    /// The owner that has the newest want of the key at a place.
    fn owner_of(&self, place: &[String]) -> String {
        let key = Key::new(&self.after.spelling.canonical(place));
        let owner = self.newest_owner(|it| *it == key);
        owner.unwrap_or(IMPLIED).to_owned()
    }

    fn newest_owner(&self, is_it: impl Fn(&Key) -> bool) -> Option<&str> {
        let owners = self.ledger.owners.iter();
        let newest = owners.filter_map(|(name, owner)| {
            let wants = owner.wants.iter().filter(|(key, _)| is_it(key));
            Some((wants.map(|(_, want)| want.seq).max()?, name))
        });
        newest.max().map(|(_, name)| name.as_str())
    }

    /// Keeps the comment above a block true: it names somebody who wants something in it, and is gone
    /// if nothing there is the tool's.
    fn keep_comment(&self, revision: &mut Revision<'_, '_>, heading: &Heading) {
        if self.after.tree.table(&heading.table).is_none() {
            return;
        }
        let table = self.after.spelling.canonical(&heading.table);
        let entries = self.ledger.entries.iter().filter(|it| it.file == self.name);
        let own: Vec<&Key> = entries
            .map(|entry| &entry.key)
            .filter(|key| key.path.starts_with(&table))
            .collect();
        if own.is_empty() {
            revision.set_comment(heading, None);
            return;
        }
        let named = owner_in(&heading.comment).unwrap_or_default();
        let named = self.ledger.owners.get(named);
        if named.is_some_and(|owner| own.iter().any(|key| owner.wants.contains_key(key))) {
            return;
        }
        let newest = self.newest_owner(|key| own.contains(&key));
        let newest = comment(newest.unwrap_or(IMPLIED));
        if newest != heading.comment {
            revision.set_comment(heading, Some(&newest));
        }
    }
}

/// Whether nothing stands in a text but what the tool has made.
fn says_nothing(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    text.lines()
        .all(|line| line.trim().is_empty() || is_own(line))
}

/// The canonical paths of the tables, headers and arrays that `after` has and `before` has not.
pub(super) fn made(before: &View, after: &View, written: &Tree) -> Vec<Path> {
    let mut found = Vec::new();
    let mut pending: Vec<Path> = vec![Vec::new()];
    while let Some(table) = pending.pop() {
        let Some(entries) = written.table(&table) else {
            continue;
        };
        for name in entries.names() {
            let mut path = table.clone();
            path.push(name.to_owned());
            let old = before.tree.get(&path);
            let Some(node) = written.get(&path) else {
                continue;
            };
            let is_new = match node.table() {
                Some(now) => {
                    let old = old.and_then(|old| old.table());
                    old.is_none_or(|old| now.is_written() && !old.is_written())
                }
                None => old.is_none() && node.is_array(),
            };
            if is_new {
                found.push(after.spelling.canonical(&path));
            }
            pending.push(path);
        }
    }
    if !before.exists {
        found.push(Path::new());
    }
    found
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}
