//! The text of what owners have had removed: it comes back as it was.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::ledger::FileKey;
use crate::toml::{Cut, CutList, KnownLines, Lines};

use super::before_cuts::{document, inline_before, list_before, whole};
use super::start::Start;
use super::work::Work;

impl Work<'_> {
    /// Remembers the text of what is removed. `after`: the files as they will be.
    pub(super) fn remember_cuts(&mut self, after: &Config) {
        let mut cuts = BTreeMap::new();
        for (at, entry) in &self.ledger.entries {
            if entry.removes() {
                let cut = if at.key.element.is_some() {
                    self.cut_list(at, after).map(Cut::List)
                } else {
                    let entry = || self.cut_entry(at, after).map(Cut::List);
                    self.cut_lines(at).map(Cut::Lines).or_else(entry)
                };
                cuts.extend(cut.map(|cut| (whole(at), cut)));
            }
        }
        self.ledger.cuts = cuts;
        self.learn_of_new_cuts();
    }

    /// What was right beside lines that go is known of other lines by now.
    fn learn_of_new_cuts(&mut self) {
        let known = &self.start.known.cuts;
        let new = self.ledger.cuts.iter().filter_map(|(at, cut)| match cut {
            Cut::Lines(lines) if known.get(at) != Some(cut) => Some((at.clone(), lines.clone())),
            _ => None,
        });
        let new: Vec<(FileKey, Lines)> = new.collect();
        for (at, cut) in &mut self.ledger.cuts {
            for (_, removed) in new.iter().filter(|(it, _)| it.file == at.file && it != at) {
                if let Cut::Lines(lines) = cut {
                    lines.learn(removed);
                }
            }
        }
    }

    /// The lines of a key, as they were before the tool came.
    fn cut_lines(&self, at: &FileKey) -> Option<Lines> {
        let Start {
            config,
            known,
            views,
            ..
        } = self.start;
        let before = match known.cuts.get(at) {
            Some(Cut::Lines(lines)) => Some(lines.clone()),
            _ => None,
        };
        let goes = at.now(views).is_some() && at.now(&self.views).is_none();
        if !goes || (before.is_some() && known.is_in_force(at, views)) {
            return before;
        }
        let was = self.ledger.entries.get(at)?.was.as_ref()?;
        let view = views.get(&at.file)?;
        let others = known.cuts.iter().filter_map(|(it, cut)| match cut {
            Cut::Lines(lines) if it.file == at.file && it != at => Some(KnownLines {
                path: view.place(&it.key.path),
                lines,
            }),
            _ => None,
        });
        let others: Vec<KnownLines<'_>> = others.collect();
        let place = view.place(&at.key.path);
        let lines = Lines::of(document(config, &at.file)?, &place, &others);
        lines.map(|lines| lines.with_value(was)).or(before)
    }

    /// The inline table that a key is removed from, and what is left of it.
    fn cut_entry(&self, at: &FileKey, after: &Config) -> Option<CutList> {
        let Start {
            config,
            known,
            views,
            ..
        } = self.start;
        let place = views.get(&at.file)?.place(&at.key.path);
        let (table, text) = document(config, &at.file)?.inline_table_around(&place)?;
        let (_, left) = document(after, &at.file)?.inline_table_around(&place)?;
        let mut others = inline_before(config, known, views.get(&at.file)?, &at.file).into_iter();
        let before = others.find(|it| it.path == table).map(|it| it.text);
        Some(CutList {
            text: before.unwrap_or(text).to_owned(),
            left: left.to_owned(),
        })
    }

    /// The array that an element is removed from, and what is left of it.
    fn cut_list(&self, at: &FileKey, after: &Config) -> Option<CutList> {
        let start = self.start;
        let text = |config, place: &[String]| {
            let document = document(config, &at.file)?;
            Some(document.text()[document.value(place)?].to_owned())
        };
        let place = start.views.get(&at.file)?.place(&at.key.path);
        let known = list_before(start.config, &start.known, at, &place);
        let known = known.map(str::to_owned);
        Some(CutList {
            text: known.or_else(|| text(start.config, &place))?,
            left: text(after, &self.views.get(&at.file)?.place(&at.key.path))?,
        })
    }
}
