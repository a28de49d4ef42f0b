//! What an owner wants before and after a change, in the ledger.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::containerd::Successor;
use crate::error::{Code, Error};
use crate::ledger::{Owner, Tombstone, Want};
use crate::toml::Literal;
use crate::want::change::{Change, Overrules};
use crate::want::handler::{BUILT_IN, HandlerName};
use crate::want::key::{Key, KeyValue, handler_path};

use super::cgroup_driver::{DRIVER, Drivers};
use super::placement;
use super::refusal::{self, WantedKey};
use super::run::edit;
use super::start::Start;

impl Start<'_> {
    /// Enters what the acting owner wants from now on.
    pub(super) fn change_wants(&mut self) -> Result<(), Error> {
        self.check_owners()?;
        let change = self.change;
        self.touched.extend(change.unsets.iter().cloned());
        let completed = self.completed()?;
        let absent = self.clear(&completed)?;
        let file = placement::file(self.config, &self.ledger, change);
        let mut owner = self.ledger.owners.remove(self.owner()).unwrap_or_default();
        owner.file = file;
        let before = std::mem::take(&mut owner.wants);
        let mut wants = self.with_cgroup_drivers(completed, &before);
        // Where a file has two spellings of a key, each counts for other releases.
        let shadows = wants.iter().flat_map(|KeyValue { key, value }| {
            let shadows = self.views.values().filter_map(|view| view.shadow(key));
            shadows.map(|key| KeyValue {
                key,
                value: value.clone(),
            })
        });
        let shadows: Vec<KeyValue> = shadows.collect();
        wants.extend(shadows);
        wants.retain(|want| !change.cleared.iter().any(|key| want.key.is_within(key)));
        let wants = wants.into_iter().map(|it| (it.key, Some(it.value)));
        let nothing = change.absent.iter().chain(&absent).cloned();
        for (key, value) in wants.chain(nothing.map(|key| (key, None))) {
            let known = before.get(&key);
            let newest = self.ledger.wants_of(&key).map(|it| it.want.seq).max();
            let stays = |known: &&Want| {
                !self.overrules(&key) || newest.is_none_or(|newest| newest < known.seq)
            };
            let seq = known.filter(stays).map(|known| known.seq);
            let want = Want {
                value,
                seq: seq.unwrap_or_else(|| self.ledger.next_seq()),
                is_adopted: known.is_some_and(|known| known.is_adopted),
            };
            self.asked.insert(key.clone());
            owner.wants.insert(key, want);
        }
        for (key, want) in &before {
            if self.keeps(key, want) && !self.is_displaced(key, want, &owner) {
                let entry = owner.wants.entry(key.clone());
                entry.or_insert_with(|| want.clone());
            }
        }
        self.touched.extend(self.asked.iter().cloned());
        let removed = change.removes.iter().map(|name| handler_path(name));
        self.touched
            .extend(removed.map(|handler| Key::new(&handler)));
        let lost = before.keys().filter(|key| !owner.wants.contains_key(key));
        self.touched.extend(lost.cloned());
        self.enter(owner, !before.is_empty());
        if change.unsets_all_defaults() {
            let default = Key::default_handler();
            for owner in self.ledger.owners.values_mut() {
                owner.wants.remove(&default);
            }
            let owners = &mut self.ledger.owners;
            owners.retain(|_, owner| !owner.wants.is_empty());
            self.touched.insert(default);
        }
        Ok(())
    }

    /// Puts the owner into the ledger; one that wants nothing any more leaves a tombstone.
    fn enter(&mut self, owner: Owner, was_there: bool) {
        let name = self.owner();
        let tombstones = &mut self.ledger.left;
        if !owner.wants.is_empty() {
            tombstones.retain(|left| left.owner != name);
            self.ledger.owners.insert(name.to_owned(), owner);
        } else if let Some(time) = self.change.time.clone().filter(|_| was_there) {
            tombstones.retain(|left| left.owner != name);
            let owner = name.to_owned();
            tombstones.push(Tombstone {
                owner,
                time,
                left_behind: false,
            });
        }
    }

    /// Whether what the change wants of a key comes out on top of other owners' wants.
    fn overrules(&self, key: &Key) -> bool {
        match self.change.overrules {
            Overrules::Nothing => false,
            Overrules::Default => *key == Key::default_handler(),
            Overrules::All => true,
        }
    }

    /// Whether the owner still wants what it wanted before, where the change does not name it.
    fn keeps(&self, key: &Key, want: &Want) -> bool {
        let change = self.change;
        let is_removed = |name: &str| change.removes.iter().any(|it| it == name);
        // What was unset as a whole is gone already, and stays so.
        let is_gone = key.handler() == Some(&key.path) && want.value.is_none();
        let goes = key.handler_name().is_some_and(is_removed) && !is_gone;
        if goes || self.touched.contains(key) {
            return false;
        }
        // An owner that takes its handler away does not want it as the default either.
        let default = want.string();
        let default = default.filter(|_| *key == Key::default_handler());
        if default.is_some_and(|name| is_removed(&name)) {
            return false;
        }
        let is_named = |handler| {
            let mut asked = self.asked.iter();
            asked.any(|asked| asked.handler() == Some(handler))
        };
        let came_along = want.is_adopted && key.handler().is_some_and(is_named);
        !change.is_all || came_along
    }

    /// Whether a key has no place beside those that the change names, which `owner` wants by now: it is
    /// in a table that is to be a value, or it is to be a table, or containerd makes the one of the other.
    fn is_displaced(&self, key: &Key, want: &Want, owner: &Owner) -> bool {
        let is_value = |key: &&Key| {
            let want = owner.wants.get(key);
            want.is_some_and(|want| want.value.is_some())
        };
        let rival = Successor::rival(&key.path).map(|it| Key::new(&it));
        let is_asked = |rival: Key| self.asked.contains(&rival) && is_value(&&rival);
        if want.value.is_some() && rival.is_some_and(is_asked) {
            return true;
        }
        // Those above a key stand right before it.
        let above = self.asked.range(..key).next_back().filter(is_value);
        if above.is_some_and(|above| key.is_below(above)) {
            return true;
        }
        let after = self.asked.range(key..).take_while(|it| it.is_within(key));
        let mut below = after.filter(|it| it.is_below(key)).filter(is_value);
        // An empty table that was adopted takes keys.
        let is_table = want.value.as_ref().is_some_and(|it| it.is_table());
        below.next().is_some() && !is_table
    }

    /// The change, where a handler of which it wants single keys is there, or comes as a whole.
    fn completed(&self) -> Result<Change, Error> {
        let mut completed = self.change.clone();
        for name in &self.change.extended {
            self.complete(&mut completed, name).map_err(|error| {
                let mut wants = self.change.wants.iter();
                let want = wants.find(|want| want.key.handler_name() == Some(name));
                let detail = want.map(|want| WantedKey(want.key.to_string()));
                detail.into_iter().fold(error, Error::with_detail)
            })?;
        }
        Ok(completed)
    }

    fn complete(&self, completed: &mut Change, name: &str) -> Result<(), Error> {
        let handler = handler_path(name);
        if !self.views.values().any(|view| view.has(&handler)) {
            name.parse::<HandlerName>()?;
        }
        let kind = Key::of_handler(name, &["runtime_type"]);
        // A handler that is taken over stays when its other owner leaves.
        let other = self.foreign_owner(&kind);
        let owner = self.ledger.owners.get(other.unwrap_or(self.owner()));
        let owner = owner.filter(|_| !self.change.is_all);
        let is_other = other.is_some() && owner.is_some_and(|it| it.wants.contains_key(&kind));
        if !is_other && self.is_run(&kind) {
            return Ok(());
        }
        let known = owner.into_iter().flat_map(Owner::values);
        let known = known.filter(|it| it.key.path.starts_with(&handler));
        let known: Vec<KeyValue> = known.collect();
        let completed = completed.complete(name, &known);
        completed.map_err(|error| match error.code() {
            Code::NoRuntimeType => refusal::no_runtime_type(name, &self.views),
            _ => error,
        })
    }

    /// Whether the change or a file says at `kind` what runs a handler, and the change leaves that there.
    fn is_run(&self, kind: &Key) -> bool {
        let says = |value: &Literal| value.as_str().is_some_and(|it| !it.is_empty());
        let mut asked = self.change.wants.iter().filter(|want| want.key == *kind);
        if let Some(asked) = asked.next() {
            return says(&asked.value);
        }
        let own = self.ledger.owners.get(self.owner());
        let own = own.and_then(|it| it.wants.get(kind));
        let goes = self.change.is_all && own.is_some_and(|want| !want.is_adopted);
        let mut found = self.views.values().filter_map(|view| view.value(kind));
        !goes && found.any(|value| says(&value))
    }

    /// A handler of which another owner wants something is that owner's, and so is any other key,
    /// unless the change [declares](Change::declares) what its owner wants: that comes on top.
    fn check_owners(&self) -> Result<(), Error> {
        let Change { overrules, .. } = self.change;
        let extended = self.change.extended.iter();
        let extended = extended.map(|name| Key::of_handler(name, &["runtime_type"]));
        let extended: Vec<Key> = extended.collect();
        let wanted = self.change.wants.iter().map(|want| &want.key);
        for key in extended.iter().chain(wanted) {
            let rival = Successor::rival(&key.path);
            let rival = rival.iter().flat_map(|it| self.ledger.wants_below(it));
            let mut rival = rival.filter(|it| it.want.value.is_some());
            if let Some(it) = rival.find(|it| it.owner != self.owner()) {
                return Err(refusal::contradicts(key, it.key, it.owner));
            }
            if *overrules == Overrules::All {
                continue;
            }
            // Who wants an element that another owner wants too asks for nothing else.
            let is_shared = key.element.is_some() && !self.ledger.removes(key);
            let is_layered = key.handler().is_none()
                && (is_shared || *overrules == Overrules::Nothing || self.overrules(key));
            if let Some(owner) = self.foreign_owner(key).filter(|_| !is_layered) {
                return Err(refusal::foreign_key(key, owner, self.owner()));
            }
        }
        Ok(())
    }

    /// What a change wants; handlers of runc's type use the cgroup driver that the node uses, or pods
    /// are unstable. `before`: what the owner wanted.
    fn with_cgroup_drivers(
        &mut self,
        change: Change,
        before: &BTreeMap<Key, Want>,
    ) -> Vec<KeyValue> {
        let new = change.takes_cgroup_driver.iter().map(String::as_str);
        let new: Vec<&str> = new.collect();
        if new.is_empty() {
            return change.wants;
        }
        let remaining = self.remaining(&change, before);
        let mut wants = change.wants;
        let views = remaining.as_ref().map(Config::views);
        let drivers = Drivers {
            config: remaining.as_ref().unwrap_or(self.config),
            views: views.as_ref().unwrap_or(&self.views),
            asked: &wants,
        };
        let found = drivers.found(&new);
        for name in new {
            let key = Key::of_handler(name, &DRIVER);
            let own = before.get(&key).and_then(|want| want.value.clone());
            // The default takes its driver over from nobody.
            let value = if name == BUILT_IN || handler_path(name) == found.default {
                own
            } else {
                found.driver.clone().or(own)
            };
            wants.extend(value.map(|value| KeyValue { key, value }));
        }
        if let Some(message) = found.warning {
            self.report.warn("cgroup-drivers-differ", message);
        }
        wants
    }

    /// The config without what the owner drops with this change, if it drops something: nothing is
    /// taken over from that. It is an edit of its own, which takes no driver over.
    fn remaining(&self, completed: &Change, before: &BTreeMap<Key, Want>) -> Option<Config> {
        let stays = |key: &Key| completed.wants.iter().any(|want| want.key == *key);
        if !completed.is_all || before.keys().all(stays) {
            return None;
        }
        let mut change = completed.clone();
        change.takes_cgroup_driver.clear();
        // What is completed is so already.
        change.extended.clear();
        // A default may name a handler that is new.
        let default = Key::default_handler();
        change
            .wants
            .retain(|want| before.contains_key(&want.key) && want.key != default);
        let edited = edit(self.config, &self.known, &change);
        edited.ok().map(|edited| edited.config)
    }
}
