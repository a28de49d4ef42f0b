//! The three-way merge: what is to be in force, what the tool has put, and what the files say now.

use std::collections::BTreeSet;

use crate::containerd::Wanted;
use crate::error::Error;
use crate::ledger::Entry;
use crate::toml::Literal;
use crate::want::handler::HandlerName;
use crate::want::key::Key;

use super::refusal;
use super::work::{At, Desired, Value, Work};

impl Work<'_> {
    /// Makes the keys be as desired: puts values, gives back what was there before, and leaves what
    /// was set by hand.
    pub(super) fn merge(&mut self, keys: &BTreeSet<At>, desired: &Desired) -> Result<(), Error> {
        for at in keys {
            let now = self.now(at);
            if self.frozen.contains_key(&at.0) {
                if !desired.contains_key(at) && self.ledger.entry(&at.0, &at.1).is_some() {
                    self.needed.insert(at.clone(), at.clone());
                }
                continue;
            }
            match (desired.get(at), self.ledger.entry(&at.0, &at.1).is_some()) {
                (Some(value), false) => self.put_first(at, value, now)?,
                (Some(value), true) => self.put_again(at, value, now)?,
                (None, true) => self.give_up(at, now.as_ref()),
                (None, false) => {}
            }
        }
        self.prune();
        Ok(())
    }

    /// Puts a value at a key that the tool has not written yet.
    fn put_first(&mut self, at: &At, value: &Value, now: Option<Literal>) -> Result<(), Error> {
        let (file, key) = at;
        let is_asked = self.asked.contains(key) || value.owner.is_none();
        // Another owner's, and not in force anywhere: that is for its owner to repair.
        if !is_asked && !self.live.contains(key) {
            return Ok(());
        }
        let is_there = now.as_ref() == Some(&value.literal);
        if !is_there {
            self.check_reach(at, value)?;
            self.check_is_read(at)?;
            self.put(at, &value.literal, value.rank)?;
        }
        let put = now.clone().filter(|_| is_there);
        let put = put.unwrap_or_else(|| value.literal.clone());
        let entry = Entry::new(file, key, now, put);
        self.ledger.entries.push(entry);
        Ok(())
    }

    /// Puts a value at a key that the tool has written before.
    fn put_again(&mut self, at: &At, value: &Value, now: Option<Literal>) -> Result<(), Error> {
        let (file, key) = at;
        let owner = value.owner.as_ref();
        let want = owner.and_then(|owner| self.ledger.owners.get(owner)?.wants.get(key));
        let seq = want.map_or(0, |want| want.seq);
        let Some(entry) = self.ledger.entry_mut(file, key) else {
            return Ok(());
        };
        let is_own = entry.holds_ours(now.as_ref());
        let fills_a_gap = value.owner.is_none() && now.is_none();
        if !is_own && !self.asked.contains(key) && !fills_a_gap {
            let message = format!("{key} was set by hand and stays as it is");
            self.report.warn("set-by-hand", message);
            return Ok(());
        }
        let is_there = now.as_ref() == Some(&value.literal);
        if !is_own {
            // Whoever writes over a value set by hand remembers it.
            entry.was = now;
            entry.since = seq;
        }
        entry.put(&value.literal);
        if !is_there {
            self.put(at, &value.literal, value.rank)?;
        }
        Ok(())
    }

    /// Gives back what stood at a key that nobody wants.
    fn give_up(&mut self, at: &At, now: Option<&Literal>) {
        let (file, key) = at;
        if self.needed.contains_key(at) {
            return;
        }
        let Some(entry) = self.ledger.take(file, key) else {
            return;
        };
        if entry.holds_ours(now) {
            let was = entry.was.filter(|was| self.may_be_given_back(at, was));
            self.give_back(at, was.as_ref());
        } else if now != entry.was.as_ref() && now.is_some() {
            let message = format!("{key} was set by hand since and stays as it is");
            self.report.warn("set-by-hand", message);
        }
    }

    /// Refuses a key of CRI that some release reads, but none in a file like this. One that none reads
    /// may be of a newer release.
    fn check_is_read(&self, (file, key): &At) -> Result<(), Error> {
        let Some(view) = self.views.get(file).filter(|_| key.handler().is_none()) else {
            return Ok(());
        };
        let place = view.place(&key.path);
        let [_, id, path @ ..] = place.as_slice() else {
            return Ok(());
        };
        let here = Wanted::cri_under(id, view.version());
        if here.is_some_and(|here| Wanted::cri().has(path) && !here.has(path)) {
            return Err(refusal::not_read(path, id, view.version()));
        }
        Ok(())
    }

    /// Whether what stood at a key may stand there again: a default that names a handler which is gone
    /// may not.
    pub(super) fn may_be_given_back(&self, (file, key): &At, was: &Literal) -> bool {
        let name = was.as_string().filter(|_| *key == Key::default_handler());
        // What can't be a handler's name stands for one: the distribution fills it in.
        let is_name = |name: &String| name.parse::<HandlerName>().is_ok();
        let name = name.filter(is_name);
        name.is_none_or(|name| self.is_listed(&name, file))
    }

    /// Refuses to change what stands in a file that is not the tool's. What is new there goes there
    /// because containerd takes it from nowhere else.
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
            || self.known.contains(file);
        let view = &self.before[file];
        let path = key.handler().unwrap_or(&key.path);
        if is_known || self.takes_over || !view.has(path) {
            return Ok(());
        }
        let place = view.place(path);
        Err(refusal::out_of_reach(self.config, file, &place))
    }
}
