//! The part of a ledger that held for a file's text from before, which is kept as its `.prev`: it holds
//! again once that text is put back.

use std::collections::{BTreeMap, BTreeSet};

use crate::want::key::Key;

use super::file_key::FileKey;
use super::owner::Owner;
use super::stored::{Ledger, LedgerPair};

impl LedgerPair {
    /// Remembers what held for the texts that the change replaces, and that are kept from now on. Of a
    /// `lost` file, which somebody has deleted or emptied, what was last written is kept.
    pub(crate) fn remember_replaced(&mut self, lost: &BTreeSet<&str>) {
        let Self { before, after } = self;
        for (file, digests) in &after.files {
            let digest = if lost.contains(&**file) {
                before.written.get(file)
            } else {
                digests.before.as_ref()
            };
            let kept = digest.map(|digest| before.part(file, digest, after.seq));
            after.kept.remove(file);
            after.kept.extend(kept.map(|kept| (file.clone(), kept)));
        }
    }
}

impl Ledger {
    /// What holds for a text of a file. `seq`: the newest want of the change that replaces it.
    fn part(&self, file: &str, digest: &str, seq: u64) -> Self {
        let mut part = Self {
            seq,
            written: BTreeMap::from([(file.to_owned(), digest.to_owned())]),
            owners: self.owners.clone(),
            entries: self.entries.clone(),
            made: self.made.clone(),
            full_texts: self.full_texts.clone(),
            tables: self.tables.clone(),
            ..Self::default()
        };
        part.entries.retain(|at, _| at.file == file);
        part.made.retain(|made| made.file == file);
        part.full_texts.retain(|name, _| name == file);
        part.tables.retain(|name, _| name == file);
        // What an owner missed beside this text is no other file's.
        let others = self.entries.keys().filter(|at| at.file != file);
        let elsewhere: BTreeSet<&Key> = others.map(|at| &at.key).collect();
        for owner in part.owners.values_mut() {
            owner.wants.retain(|key, _| {
                let is_here = part.entries.contains_key(&FileKey::new(file, key));
                is_here || !elsewhere.contains(key)
            });
        }
        part.owners.retain(|_, owner| !owner.wants.is_empty());
        part
    }

    /// What held for a kept text of a file.
    pub(crate) fn kept(&self, file: &str, digest: &String) -> Option<&Self> {
        let kept = self.kept.get(file);
        kept.filter(|kept| kept.written.get(file) == Some(digest))
    }

    /// Has what held for a kept text of a file hold again.
    pub(crate) fn bring_back(&mut self, file: &str, kept: &Self) {
        let mut entries = std::mem::take(&mut self.entries);
        for (name, owner) in &mut self.owners {
            let then = kept.owners.get(name);
            owner.wants.retain(|key, want| {
                let at = FileKey::new(file, key);
                let is_older = then.is_some_and(|then| then.wants.contains_key(key));
                let is_elsewhere = !entries.contains_key(&at) && !kept.entries.contains_key(&at);
                is_older || is_elsewhere || want.seq > kept.seq
            });
        }
        // Whoever has left since though all that was theirs is others', too, does not come back.
        let has_lost = |owner: &Owner| {
            let mut keys = owner.wants.keys().map(|key| FileKey::new(file, key));
            keys.any(|at| entries.get(&at) != kept.entries.get(&at))
        };
        for (name, then) in kept.owners.iter().filter(|(_, then)| has_lost(then)) {
            self.left.retain(|left| left.owner != *name);
            let owner = self.owners.entry(name.clone());
            let owner = owner.or_insert_with(|| then.without_wants());
            owner.wants.extend(then.wants.clone());
        }
        self.owners.retain(|_, owner| !owner.wants.is_empty());
        entries.retain(|at, _| at.file != file || self.is_wanted(&at.key));
        self.entries = entries;
        self.entries.extend(kept.entries.clone());
        self.made.extend(kept.made.clone());
        self.full_texts.extend(kept.full_texts.clone());
        self.tables.extend(kept.tables.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Digests, Entry, Made, Want};
    use crate::toml::Literal;

    const FILE: &str = "config.toml";

    fn level() -> Key {
        Key::new(&["debug", "level"])
    }

    /// These owners want the key, and have it.
    fn wanted(key: &Key, owners: &[&str]) -> Ledger {
        let value = Some(Literal::new("\"debug\""));
        let mut ledger = Ledger::default();
        for name in owners {
            let want = Want {
                value: value.clone(),
                seq: ledger.next_seq(),
                is_adopted: false,
            };
            let owner = ledger.owners.entry((*name).to_owned()).or_default();
            owner.wants.insert(key.clone(), want);
        }
        let at = FileKey::new(FILE, key);
        ledger.entries.insert(at, Entry::new(None, value));
        ledger.made.insert(Made::new(FILE, &key.path[..1]));
        ledger
    }

    /// The ledger after a change of the text `old`.
    fn replaced(before: &Ledger, after: Ledger) -> Ledger {
        let mut ledgers = LedgerPair {
            before: before.clone(),
            after,
        };
        let digests = Digests {
            before: Some("old".to_owned()),
            after: Some("new".to_owned()),
        };
        ledgers.after.files.insert(FILE.to_owned(), digests);
        ledgers.remember_replaced(&BTreeSet::new());
        let json = ledgers.after.to_json();
        Ledger::parse(json.as_bytes()).expect("a ledger")
    }

    fn with_old_text(ledger: &Ledger) -> Ledger {
        assert_eq!(ledger.kept(FILE, &"new".to_owned()), None);
        let kept = ledger.kept(FILE, &"old".to_owned()).expect("kept");
        let mut ledger = ledger.clone();
        ledger.bring_back(FILE, kept);
        ledger
    }

    #[test]
    fn what_a_kept_text_says_is_its_owners_again_once_it_is_back() {
        let wanted = wanted(&level(), &["x"]);
        let ledger = with_old_text(&replaced(&wanted, Ledger::default()));
        assert_eq!(ledger.entries, wanted.entries);
        assert_eq!(ledger.owners, wanted.owners);
        assert_eq!(ledger.made, wanted.made);
    }

    /// Their wants of what another owner has kept come back, too.
    #[test]
    fn whoever_has_left_with_the_change_comes_back_as_a_whole() {
        let both = wanted(&level(), &["x", "y"]);
        let mut before = wanted(&Key::new(&["root"]), &["y"]);
        before.entries.extend(both.entries.clone());
        for (name, owner) in &both.owners {
            let known = before.owners.entry(name.clone()).or_default();
            known.wants.extend(owner.wants.clone());
        }
        let mut after = before.clone();
        after.owners.remove("y");
        after.entries = both.entries;
        let ledger = with_old_text(&replaced(&before, after));
        assert_eq!(ledger.owners, before.owners);
        assert_eq!(ledger.entries, before.entries);
    }

    /// Nothing that was theirs alone has come back.
    #[test]
    fn whoever_has_left_since_the_change_does_not_come_back() {
        let before = wanted(&level(), &["x", "y"]);
        let mut after = replaced(&before, before.clone());
        after.owners.remove("y");
        let ledger = with_old_text(&after);
        assert_eq!(ledger.owners, after.owners);
    }

    #[test]
    fn wants_that_came_with_the_change_go_and_later_ones_stay() {
        let after = wanted(&level(), &["x"]);
        let mut later = replaced(&Ledger::default(), after);
        assert!(with_old_text(&later).is_settled());
        let want = Want {
            seq: later.next_seq(),
            ..later.owners["x"].wants[&level()].clone()
        };
        let owner = later.owners.entry("y".to_owned()).or_default();
        owner.wants.insert(level(), want);
        let ledger = with_old_text(&later);
        assert_eq!(ledger.owners().collect::<Vec<_>>(), ["y"]);
        assert_eq!(ledger.entries, later.entries);
    }
}
