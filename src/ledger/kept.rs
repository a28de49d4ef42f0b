//! What of the ledger holds for a file's text from before, which is kept as its `.prev`, and for no file
//! any more: it holds again once that text is put back.

use crate::config::Config;

use super::file_key::FileKey;
use super::stored::{Kept, Ledger, LedgerPair, Made};

impl LedgerPair {
    /// Remembers for each kept text what the change makes the ledger forget. `replaces_kept`: the texts
    /// that the change replaces take the places of those that are kept.
    pub(crate) fn remember_kept(&mut self, replaces_kept: bool) {
        let Self { before, after } = self;
        after.kept.clone_from(&before.kept);
        for (file, digests) in after.files.iter().filter(|_| replaces_kept) {
            // Of a file that somebody has deleted, what was last written is kept.
            let digest = digests.before.as_ref().or(before.written.get(file));
            after.kept.remove(file);
            if let Some(digest) = digest.cloned() {
                let kept = Kept {
                    digest,
                    ..Kept::default()
                };
                after.kept.insert(file.clone(), kept);
            }
        }
        for (file, kept) in &mut after.kept {
            let entries = before.entries.iter().filter(|(at, _)| at.file == *file);
            for (at, entry) in entries.filter(|(at, _)| !after.entries.contains_key(at)) {
                let known = kept.entries.entry(at.key.clone());
                known.or_insert_with(|| entry.clone());
                for (name, owner) in &before.owners {
                    if let Some(want) = owner.wants.get(&at.key) {
                        let known = kept.owners.entry(name.clone());
                        let known = known.or_insert_with(|| owner.without_wants());
                        known.wants.insert(at.key.clone(), want.clone());
                    }
                }
            }
            let made = before.made.difference(&after.made);
            kept.made
                .extend(made.filter(|made| made.file == *file).cloned());
            if let Some(text) = before.full_texts.get(file)
                && !after.full_texts.contains_key(file)
            {
                kept.full_text = Some(text.clone());
            }
        }
    }
}

impl Ledger {
    /// What is remembered of a kept text of a file.
    pub(crate) fn kept(&self, file: &str, digest: &str) -> Option<&Kept> {
        self.kept.get(file).filter(|kept| kept.digest == digest)
    }

    /// Remembers again what holds for a kept text that is put back: `after` has it.
    pub(crate) fn bring_back(&mut self, file: &str, kept: &Kept, after: &mut Config) {
        // Where a key is looked for hangs on what the ledger has.
        let entries = kept.entries.iter();
        let mut then = self.clone();
        then.entries
            .extend(entries.map(|(key, entry)| (FileKey::new(file, key), entry.clone())));
        then.choose_tables(after);
        let views = after.views();
        for (key, entry) in &kept.entries {
            let at = FileKey::new(file, key);
            if self.entries.contains_key(&at) || !entry.holds_ours(at.now(&views).as_ref()) {
                continue;
            }
            self.entries.insert(at, entry.clone());
            for (name, owner) in &kept.owners {
                let Some(want) = owner.wants.get(key) else {
                    continue;
                };
                self.left.retain(|left| left.owner != *name);
                let known = self.owners.entry(name.clone());
                let known = known.or_insert_with(|| owner.without_wants());
                let known = known.wants.entry(key.clone());
                known.or_insert_with(|| want.clone());
            }
        }
        let made = kept.made.iter().cloned();
        self.made.extend(made.map(|made| Made {
            file: file.to_owned(),
            ..made
        }));
        if let Some(text) = &kept.full_text {
            let known = self.full_texts.entry(file.to_owned());
            known.or_insert_with(|| text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Digests, Entry, Want};
    use crate::toml::Literal;
    use crate::want::key::Key;

    fn config(text: &str) -> Config {
        Config::new("/etc/config.toml", Some(text)).expect("a config")
    }

    /// The owner `x` wants `debug.level` to be `"debug"`, and has it.
    fn wanted() -> Ledger {
        let key = Key::new(&["debug".to_owned(), "level".to_owned()]);
        let want = Want {
            value: Some(Literal::new("\"debug\"")),
            seq: 1,
            is_adopted: false,
        };
        let mut ledger = Ledger::default();
        let owner = ledger.owners.entry("x".to_owned()).or_default();
        owner.wants.insert(key.clone(), want);
        let entry = Entry::new(None, Some(Literal::new("\"debug\"")));
        let at = FileKey::new("config.toml", &key);
        ledger.entries.insert(at, entry);
        ledger.made.insert(Made::new("config.toml", &key.path[..1]));
        ledger
    }

    #[test]
    fn what_a_kept_text_says_is_its_owners_again_once_it_is_back() {
        let digests = Digests {
            before: Some("old".to_owned()),
            after: Some("new".to_owned()),
        };
        let mut left = LedgerPair {
            before: wanted(),
            after: Ledger::default(),
        };
        left.after.files.insert("config.toml".to_owned(), digests);
        left.remember_kept(true);
        let mut recorded = LedgerPair {
            before: left.after,
            after: Ledger::default(),
        };
        recorded.remember_kept(true);
        let mut ledger = Ledger::parse(recorded.after.to_json().as_bytes()).expect("a ledger");
        assert_eq!(ledger.kept("config.toml", "new"), None);
        let kept = ledger.kept("config.toml", "old").cloned().expect("kept");
        let mut other = ledger.clone();
        other.bring_back(
            "config.toml",
            &kept,
            &mut config("[debug]\nlevel = 'info'\n"),
        );
        assert!(other.is_settled(), "somebody else has set it");
        ledger.bring_back(
            "config.toml",
            &kept,
            &mut config("[debug]\nlevel = 'debug'\n"),
        );
        let wanted = wanted();
        assert_eq!(ledger.entries, wanted.entries);
        assert_eq!(ledger.owners, wanted.owners);
        assert_eq!(ledger.made, wanted.made);
    }
}
