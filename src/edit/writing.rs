//! From what a file is to say to its text.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::files;
use crate::config::view::View;
use crate::error::Error;
use crate::ledger::{IMPLIED, Made, Places, newest_owner};
use crate::toml::{
    Difference, Document, Heading, Inserted, Pair, Path, Refused, Revision, Tree, Value,
};
use crate::want::comment::{comment, is_own, owner_in};
use crate::want::key::{Key, handler_of};

use super::refusal;
use super::work::Work;

/// Writes one file.
pub(super) struct Writing<'w> {
    pub(super) work: &'w Work<'w>,
    pub(super) name: &'w str,
    /// Its keys of the file.
    pub(super) own: Places<'w>,
}

impl Writing<'_> {
    /// Puts the text of the file after the edit into `config`.
    ///
    /// # Errors
    ///
    /// [`Error`] if the text can't take a key.
    pub(super) fn write(&self, config: &mut Config) -> Result<(), Error> {
        let known = config.file(self.name);
        let text = known.and_then(|file| file.text.clone());
        if text.is_none() && !self.after().exists {
            return Ok(());
        }
        let existed = text.is_some();
        let text = text.map_or_else(|| files::parse(&"".into()), Ok)?;
        let changed = self.revise(&text)?;
        let is_same = existed && changed == text.text();
        // One that somebody has emptied stays as long as an owner may write to it again.
        let goes = !is_same || !self.work.ledger.is_some_owners(self.name);
        if goes && self.work.ledger.has_made(self.name, &[]) && says_nothing(&changed) {
            config.set_text(self.name, None);
            return Ok(());
        }
        if is_same {
            return Ok(());
        }
        let surprise = |why: &str| refusal::surprise(self.work.start.config, self.name, why);
        let parsed =
            |text: String| files::parse(&text.into()).map_err(|error| surprise(&error.to_string()));
        let mut changed = parsed(changed)?;
        if text.has_stray_comment(is_own) {
            // What goes may have stood between it and another header.
            let mut revision = Revision::of(&changed, is_own);
            self.keep_comments(&mut revision, &changed);
            let again = revision.finish();
            let again = again.map_err(|it| refusal::refused(config, self.name, &it))?;
            changed = parsed(again)?;
        }
        if *changed.tree() != self.after().tree {
            let differs = self.after().tree.differences(changed.tree());
            return Err(surprise(&format!("{:?}", differs.first())));
        }
        config.set_text(self.name, Some(changed));
        Ok(())
    }

    /// What the file says after the edit.
    fn after(&self) -> &View {
        &self.work.views[self.name]
    }

    fn revise(&self, now: &Document) -> Result<String, Error> {
        let start = self.work.start;
        let document = start.full.get(self.name).map_or(now, |full| full);
        let mut revision = Revision::of(document, is_own);
        let refused = |error| refusal::refused(start.config, self.name, &error);
        let differences = document.tree().differences(&self.after().tree);
        let mut inserted = revision.apply(differences).map_err(refused)?;
        inserted.sort_by_key(|it| it.rank);
        self.insert(&mut revision, &inserted).map_err(refused)?;
        self.keep_comments(&mut revision, document);
        // Somebody has moved what they stood above.
        if self.is_left() {
            revision.remove_stray_comments(|_| true);
        } else if self.has_left(start.owner()) {
            revision
                .remove_stray_comments(|line| owner_in(line).is_some_and(|it| self.has_left(it)));
        }
        revision.finish().map_err(refused)
    }

    /// Adds keys: those of a new handler as one block.
    fn insert(&self, revision: &mut Revision<'_>, inserted: &[Inserted]) -> Result<(), Refused> {
        let mut written: BTreeSet<Path> = BTreeSet::new();
        for Inserted { path, literal, .. } in inserted {
            let Some(handler) = self.new_handler(path) else {
                let table = &path[..path.len() - 1];
                let beside = self.own.below(table);
                let beside = beside.filter(|(it, _)| it.len() == path.len());
                let beside: Vec<&Key> = beside.map(|(_, key)| key).collect();
                // What comes back to a table that is gone is nobody's.
                let comment = (!beside.is_empty()).then(|| self.comment(beside.into_iter()));
                revision.insert(path, literal.text(), comment.as_deref())?;
                continue;
            };
            if written.insert(handler.clone()) {
                let below = inserted.iter().filter(|it| it.path.starts_with(&handler));
                let pair = |it: &Inserted| Pair::new(&it.path[handler.len()..], it.literal.text());
                let pairs = below.map(pair).collect();
                let own = self.own.below(&handler).map(|(_, key)| key);
                let mut own = own.peekable();
                let comment = own.peek().is_some().then(|| self.comment(own));
                revision.insert_table(&handler, pairs, comment.as_deref())?;
            }
        }
        Ok(())
    }

    /// The place of the handler that a key is below, if it was not there.
    fn new_handler(&self, place: &[String]) -> Option<Path> {
        let canonical = self.after().spelling.canonical(place);
        let handler = handler_of(&canonical)?;
        let below = canonical.len() - handler.len();
        let place = place[..place.len() - below].to_vec();
        let is_new = below > 0 && self.work.start.views[self.name].tree.get(&place).is_none();
        is_new.then_some(place)
    }

    /// The comment above some keys: it names the owner of the newest want of one.
    fn comment<'k>(&self, keys: impl Iterator<Item = &'k Key>) -> String {
        let newest = newest_owner(keys.flat_map(|key| self.work.ledger.wants_of(key)));
        comment(newest.unwrap_or(IMPLIED))
    }

    /// Whether the last key of the tool leaves the file.
    fn is_left(&self) -> bool {
        self.work.start.known.has_in(self.name, &[]) && !self.work.ledger.has_in(self.name, &[])
    }

    /// Whether all that a comment with this name may stand above goes with this edit.
    fn has_left(&self, name: &str) -> bool {
        let start = self.work.start;
        let owners = [&start.known.owners, &self.work.ledger.owners];
        match name {
            IMPLIED => self.is_left(),
            _ => name == start.owner() && owners.map(|it| it.contains_key(name)) == [true, false],
        }
    }

    fn keep_comments(&self, revision: &mut Revision<'_>, document: &Document) {
        for heading in document.headings(is_own) {
            self.keep_comment(revision, &heading);
        }
    }

    /// Keeps the comment above a block true: it names somebody who wants something in it, and is gone
    /// if nothing there is the tool's.
    fn keep_comment(&self, revision: &mut Revision<'_>, heading: &Heading) {
        let tree = &self.after().tree;
        let table = tree.table(&heading.table);
        let has_key = || heading.keys.iter().any(|key| tree.get(key).is_some());
        if !table.is_some_and(|table| table.is_written() || table.has_leaf() || has_key()) {
            // The comment goes with the header.
            return;
        }
        let own = self.own.below(&heading.table);
        let own = own.filter(|(place, _)| heading.holds(place));
        let own: Vec<&Key> = own.map(|(_, key)| key).collect();
        if own.is_empty() {
            // One that the ledger knows nothing of is all that tells of its block, unless whom it names
            // leaves: somebody has moved it.
            let start = self.work.start;
            let view = &start.views[self.name];
            let has_left = owner_in(&heading.comment).is_some_and(|name| self.has_left(name));
            // Nor does one go from a table that somebody has emptied while an owner misses what it had.
            let table = view.spelling.canonical(&heading.table);
            let is_missed = !table.is_empty() && self.work.ledger.is_wanted_below(&table);
            if has_left || (start.known.knows(self.name, view, heading) && !is_missed) {
                revision.set_comment(heading, None);
            }
            return;
        }
        let named = owner_in(&heading.comment).unwrap_or_default();
        let named = self.work.ledger.owners.get(named);
        if named.is_some_and(|owner| own.iter().any(|key| owner.wants.contains_key(key))) {
            return;
        }
        let newest = self.comment(own.into_iter());
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

/// The tables, headers and arrays of a file that it has after an edit and had not before.
pub(super) fn made(file: &str, [before, after]: [&View; 2], written: &Tree) -> BTreeSet<Made> {
    let mut found = BTreeSet::new();
    for difference in before.tree.differences(&after.tree) {
        let Difference::Inserted(Inserted { path, .. }) = difference else {
            continue;
        };
        for place in (1..=path.len()).map(|depth| &path[..depth]) {
            let (old, now) = (before.tree.get(place), written.get(place));
            let is_table = now.is_some_and(Value::is_table);
            let is_list = is_table || now.is_some_and(|it| it.array().is_some());
            let had_none = old.is_some_and(|old| old.is_table() && !old.is_written());
            let is_header = had_none && is_table && now.is_some_and(Value::is_written);
            if is_header || old.is_none() && is_list {
                let made = Made::new(file, &after.spelling.canonical(place));
                found.insert(Made { is_header, ..made });
            }
        }
    }
    if !before.exists {
        found.insert(Made::new(file, &[]));
    }
    found
}
