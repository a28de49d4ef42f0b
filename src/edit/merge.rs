//! The three-way merge: what is to be in force, what the tool has put, and what the files say now.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::ledger::Entry;
use crate::toml::Literal;

use super::refusal;
use super::work::{At, Desired, Value, Work};

impl Work<'_> {
    /// Makes the keys be as desired: puts values, gives back what was there before, and leaves what
    /// was set by hand.
    pub(super) fn merge(&mut self, keys: &BTreeSet<At>, desired: &Desired) -> Result<(), Error> {
        for at in keys {
            let now = self.now(at);
            if self.frozen.contains(&at.0) {
                if !desired.contains_key(at) && self.ledger.entry(&at.0, &at.1).is_some() {
                    let why = "a text that can't be changed as it is written".to_owned();
                    self.needed.insert(at.clone(), why);
                }
                continue;
            }
            match (desired.get(at), self.ledger.entry(&at.0, &at.1).is_some()) {
                (Some(value), false) => self.begin(at, value, now)?,
                (Some(value), true) => self.go_on(at, value, now)?,
                (None, true) => self.end(at, now.as_ref()),
                (None, false) => {}
            }
        }
        self.prune();
        Ok(())
    }

    /// Puts a value at a key that the tool has not written yet.
    fn begin(&mut self, at: &At, value: &Value, now: Option<Literal>) -> Result<(), Error> {
        let (file, key) = at;
        let is_asked = self.asked.contains(key) || value.owner.is_none();
        // Another owner's, and not in force anywhere: that is for its owner to repair.
        if !is_asked && !self.live.contains(key) {
            return Ok(());
        }
        let is_there = now.as_ref() == Some(&value.literal);
        if !is_there {
            self.check_reach(at, value)?;
            self.put(at, &value.literal, value.rank)?;
        }
        let put = now.clone().filter(|_| is_there);
        let put = put.unwrap_or_else(|| value.literal.clone());
        let entry = Entry::new(file, key, now, put);
        self.ledger.entries.push(entry);
        Ok(())
    }

    /// Puts a value at a key that the tool has written before.
    fn go_on(&mut self, at: &At, value: &Value, now: Option<Literal>) -> Result<(), Error> {
        let (file, key) = at;
        let Some(entry) = self.ledger.entry_mut(file, key) else {
            return Ok(());
        };
        let is_own = entry.is_in_force(now.as_ref());
        let is_implied = value.owner.is_none();
        if !is_own && !self.asked.contains(key) && !(is_implied && now.is_none()) {
            let message = format!("{key} was set by hand and stays as it is");
            self.report.warn("set-by-hand", message);
            return Ok(());
        }
        let is_there = now.as_ref() == Some(&value.literal);
        if !is_own {
            // Whoever writes over a value set by hand remembers it.
            entry.was = now;
        }
        entry.put(&value.literal);
        if !is_there {
            self.put(at, &value.literal, value.rank)?;
        }
        Ok(())
    }

    /// Gives back what stood at a key that nobody wants.
    fn end(&mut self, at: &At, now: Option<&Literal>) {
        let (file, key) = at;
        if self.needed.contains_key(at) {
            return;
        }
        let Some(entry) = self.ledger.take(file, key) else {
            return;
        };
        if entry.is_in_force(now) {
            self.give_back(at, entry.was.as_ref());
        } else if now != entry.was.as_ref() && now.is_some() {
            let message = format!("{key} was set by hand since and stays as it is");
            self.report.warn("set-by-hand", message);
        }
    }

    /// Whether the owner may write a key into a file that it did not choose.
    fn check_reach(&self, at: &At, value: &Value) -> Result<(), Error> {
        let (file, key) = at;
        if !self.is_writable(file) {
            return Err(refusal::not_writable(self.config, file, &key.to_string()));
        }
        let is_own = |owner: &str| {
            let owner = self.ledger.owners.get(owner);
            owner.is_some_and(|owner| owner.file == *file)
        };
        let is_known = *file == self.main()
            || value.owner.as_deref().is_none_or(is_own)
            || self.ledger.files().contains(file.as_str());
        if is_known || self.takes_over {
            return Ok(());
        }
        let view = &self.views[file];
        Err(refusal::out_of_reach(
            self.config,
            file,
            &view.place(&key.path),
        ))
    }
}
