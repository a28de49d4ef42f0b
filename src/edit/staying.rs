//! What an owner does not want any more, and that stays.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::files::Holder;
use crate::containerd::made_besides;
use crate::error::NextStep;
use crate::ledger::is_implied;
use crate::toml::Literal;
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::edited::LeftBehind;
use super::refusal;
use super::work::Work;

impl Work<'_> {
    /// Tells of a handler that was there before its owner, and of what stands in another file than the
    /// one that the owner's keys were in. `after`: the files as they will be.
    pub(super) fn report_what_stays(&mut self, after: &Config) {
        for key in self.withdrawn() {
            let path = key.handler().unwrap_or(&key.path);
            let mut needed = self.needed.keys();
            if needed.any(|at| at.key.path.starts_with(path)) {
                continue;
            }
            let Some((file, now)) = self.found(&key) else {
                let mut views = self.views.iter();
                let elsewhere = views.find(|(_, view)| view.value(&key).is_some());
                // What was nobody's was told when it was looked at.
                let elsewhere = elsewhere.filter(|_| self.start.known.is_wanted_below(path));
                if let Some(((file, _), name)) = elsewhere.zip(key.handler_name()) {
                    let file = after.path_of(file);
                    self.report.warn_written_anew(&file, name);
                }
                continue;
            };
            let owner = self.start.owner();
            let so = if self.was_elsewhere(&key, &file, &now) {
                let place = self.views[&file].place(path);
                let place = refusal::location(after, &file, &place);
                format!("stands in {place}, where {owner} has not written it")
            } else if key.handler().is_some() {
                format!("was there before {owner} came")
            } else {
                continue;
            };
            let message = match key.handler_name() {
                Some(name) => {
                    let next = NextStep::RemoveWhatWasThere(name);
                    format!("{name} {so}, and stays; {next}")
                }
                None if file == self.start.main() => {
                    let unset = key.on_command_line();
                    let next = NextStep::UnsetWhatIsThere(&unset);
                    format!("{key} {so}, and stays; {next}")
                }
                None => format!("{key} {so}, and stays; remove it there by hand"),
            };
            self.report.warn("was-there", message);
        }
        self.report_made_besides();
    }

    /// What keeps a drop-in of the tool's from being deleted: it leads to it.
    pub(super) fn held_by(&self, file: &str) -> Option<Holder> {
        let before = self.start.views.get(file);
        let was_there = before.is_some_and(|before| before.exists);
        if !was_there || !self.ledger.has_made(file, &[]) {
            return None;
        }
        self.start.config.holder(file)
    }

    /// Tells of drop-ins of which this edit leaves no more than what something leads to.
    pub(super) fn report_held(&mut self) {
        for (file, view) in &self.views {
            let was_empty = self.start.views[file].is_empty();
            let is_told = view.is_empty() && (!was_empty || self.has_left_something());
            let Some(holder) = self.held_by(file).filter(|_| is_told) else {
                continue;
            };
            let too = match holder {
                Holder::Link(_) => " and delete what it leads to",
                Holder::Import(_) => "",
            };
            let message = format!(
                "not removed from {file}: version: {holder} leads to this file, and containerd does not \
                 start without it. To remove it: take {holder} away{too}. Then run the same command again"
            );
            self.report.warn("left-behind", message);
            self.report.left_behind.push(LeftBehind {
                key: "version".to_owned(),
                file: file.clone(),
                needed_by: holder.to_string(),
            });
        }
    }

    /// Tells of what a migration has made of a key that goes, besides the key: it may be anybody's.
    fn report_made_besides(&mut self) {
        let start = self.start;
        for (at, entry) in &start.ledger.entries {
            let view = self.views.get(&at.file).filter(|view| view.version() > 3);
            let put = entry.put.first().and_then(Option::as_ref);
            let goes = !self.ledger.entries.contains_key(at) && !self.ledger.is_wanted(&at.key);
            let (Some(view), Some(put)) = (view.filter(|_| goes), put) else {
                continue;
            };
            for (place, value) in made_besides(&at.key.path, put) {
                let key = Key::new(&view.spelling.canonical(&place));
                let is_there = view.value(&key).is_some_and(|now| *now == value);
                if !is_there || self.ledger.is_wanted(&key) {
                    continue;
                }
                let (source, unset) = (&at.key, key.on_command_line());
                let next = NextStep::UnsetWhatIsThere(&unset);
                let message =
                    format!("{key} says what a migration makes of {source}, and stays; {next}");
                self.report.warn("was-there", message);
            }
        }
    }

    /// What nobody wants any more: keys, and for each handler the one without which it is none.
    fn withdrawn(&self) -> BTreeSet<Key> {
        let touched = self.start.touched.iter();
        let withdrawn = touched.filter_map(|key| match key.handler_name() {
            Some(BUILT_IN) => None,
            Some(name) => {
                let is_wanted = self.ledger.is_wanted_below(key.handler()?);
                (!is_wanted).then(|| Key::of_handler(name, &["runtime_type"]))
            }
            None => (!is_implied(key) && !self.ledger.is_wanted(key)).then(|| key.clone()),
        });
        withdrawn.collect()
    }

    /// Where a key stands, and its value. What a distribution writes can't be taken away.
    fn found(&self, key: &Key) -> Option<(String, Literal)> {
        let mut files = self.start.writable();
        files.find_map(|file| Some((file.to_owned(), self.views[file].value(key)?)))
    }

    /// Whether the tool had written a key, or its handler, to another file.
    fn was_elsewhere(&self, key: &Key, file: &str, now: &Literal) -> bool {
        let known = self.start.known.entries.iter();
        let mut elsewhere = known.filter(|(at, _)| at.key == *key && at.file != file);
        elsewhere.any(|(_, entry)| key.handler().is_some() || entry.holds_ours(Some(now)))
    }
}
