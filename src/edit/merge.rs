//! The merge of one key: what is desired, what the tool has put, what was there before, and what is
//! there now.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::ledger::{Entry, FileKey};
use crate::toml::Literal;
use crate::want::handler::HandlerName;
use crate::want::key::Key;

use super::refusal;
use super::work::{Desired, DesiredValue, Work};

impl Work<'_> {
    /// Makes the keys be as desired: puts values, gives back what was there before, and leaves what
    /// was set by hand.
    pub(super) fn merge(
        &mut self,
        keys: &BTreeSet<FileKey>,
        desired: &Desired,
    ) -> Result<(), Error> {
        for at in keys {
            let has_entry = self.ledger.entries.contains_key(at);
            let now = at.now(&self.views);
            match desired.get(at) {
                _ if self.frozen.contains_key(&at.file) => {
                    if has_entry && !desired.contains_key(at) {
                        self.keep_frozen(at);
                    }
                }
                _ if self.needed.contains_key(at) => {}
                Some(value) if has_entry => self.put_again(at, value, now)?,
                Some(value) => self.put_first(at, value, now)?,
                None => self.give_up(at, now.as_ref(), desired),
            }
        }
        self.prune();
        Ok(())
    }

    /// Puts a value at a key that the tool has not written yet.
    fn put_first(
        &mut self,
        at: &FileKey,
        value: &DesiredValue,
        now: Option<Literal>,
    ) -> Result<(), Error> {
        let is_asked = self.start.asked.contains(&at.key) || value.owner.is_none();
        // Another owner's, and not in force anywhere: that is for its owner to repair.
        if !is_asked && !self.was_in_force(&at.key) {
            return Ok(());
        }
        let is_there = now == value.literal;
        if !is_there {
            self.check_reach(at, value)?;
            self.put(at, value)?;
        }
        let put = if is_there { &now } else { &value.literal }.clone();
        // What is adopted to be removed does not come back.
        let is_adopted = value.literal.is_none() && self.start.change.adoption.is_some();
        let entry = Entry::new(now.filter(|_| !is_adopted), put);
        self.ledger.entries.insert(at.clone(), entry);
        Ok(())
    }

    /// Whether a key was in force in some file when the edit began.
    fn was_in_force(&self, key: &Key) -> bool {
        let start = self.start;
        let mut known = start.ledger.entries.keys().filter(|at| at.key == *key);
        known.any(|at| start.ledger.is_in_force(at, &start.views))
    }

    /// Puts a value at a key that the tool has written before.
    fn put_again(
        &mut self,
        at: &FileKey,
        value: &DesiredValue,
        now: Option<Literal>,
    ) -> Result<(), Error> {
        let key = &at.key;
        let owner = value.owner.as_ref();
        let want = owner.and_then(|owner| self.ledger.owners.get(owner)?.wants.get(key));
        let seq = want.map_or(0, |want| want.seq);
        let Some(entry) = self.ledger.entries.get_mut(at) else {
            return Ok(());
        };
        let is_own = entry.holds_ours(now.as_ref());
        let fills_a_gap = value.owner.is_none() && now.is_none();
        if !is_own && !self.start.asked.contains(key) && !fills_a_gap {
            let message = format!("{key} was set by hand and stays as it is");
            self.report.warn("set-by-hand", message);
            return Ok(());
        }
        let is_there = now == value.literal;
        if !is_own {
            // Whoever writes over a value set by hand remembers it.
            entry.was = now;
            entry.since = seq;
        }
        entry.put(value.literal.as_ref());
        if is_there {
            Ok(())
        } else {
            self.put(at, value)
        }
    }

    /// Gives back what stood at a key that nobody wants. A value does not come back where keys are wanted
    /// in a table: somebody has had it removed to make room for them.
    fn give_up(&mut self, at: &FileKey, now: Option<&Literal>, desired: &Desired) {
        let Some(entry) = self.ledger.entries.remove(at) else {
            return;
        };
        // What the distribution says is its own.
        if !self.start.config.is_writable(&at.file) {
            return;
        }
        if entry.holds_ours(now) {
            let wanted = desired.range(at..).map(|(it, _)| it);
            let mut wanted = wanted.take_while(|it| it.is_in(&at.file, &at.key.path));
            let makes_room = wanted.any(|it| it.key.is_below(&at.key));
            let was = entry.was.as_ref();
            let was = was.filter(|was| !makes_room || was.is_table());
            let lost = was.filter(|was| !self.may_be_given_back(at, was));
            self.give_back(at, was.filter(|_| lost.is_none()));
            if let Some(name) = lost.and_then(Literal::as_string) {
                self.reset.insert(at.file.clone());
                let message = format!(
                    "the default handler was {name} before, which is not listed: it does not come back"
                );
                self.report.warn("default-reset", message);
            }
        } else if now != entry.was.as_ref() && now.is_some() {
            let message = format!("{} was set by hand since and stays as it is", at.key);
            self.report.warn("set-by-hand", message);
        }
    }

    /// Whether what stood at a key may stand there again: a default that names a handler which is gone
    /// may not.
    pub(super) fn may_be_given_back(&self, at: &FileKey, was: &Literal) -> bool {
        let name = was.as_string().filter(|_| at.key == Key::default_handler());
        // What can't be a handler's name stands for one: the distribution fills it in.
        let is_name = |name: &String| name.parse::<HandlerName>().is_ok();
        let name = name.filter(is_name);
        name.is_none_or(|name| self.is_listed(&name, &at.file))
    }

    /// Refuses to change what stands in a file that is not the tool's. What is new there goes there
    /// because containerd takes it from nowhere else.
    fn check_reach(&self, at: &FileKey, value: &DesiredValue) -> Result<(), Error> {
        let (FileKey { file, key }, start) = (at, self.start);
        if !start.config.is_writable(file) {
            let is_implied = value.owner.is_none();
            return Err(refusal::not_writable(start.config, at, is_implied));
        }
        let owner = value.owner.as_ref();
        let owner = owner.and_then(|owner| self.ledger.owners.get(owner));
        let is_known = *file == start.main()
            || owner.is_none_or(|owner| owner.file == *file)
            || start.ledger.has_made(file, &[]);
        let view = &start.views[file];
        let path = key.handler().unwrap_or(&key.path);
        if is_known || start.takes_over() || !view.has(path) {
            return Ok(());
        }
        let place = view.place(path);
        Err(refusal::out_of_reach(start.config, file, &place))
    }
}
