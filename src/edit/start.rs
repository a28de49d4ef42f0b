//! What an edit starts from: the files, the ledger, and what one owner asks for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::config::files;
use crate::config::view::Views;
use crate::ledger::Ledger;
use crate::toml::{Document, Path};
use crate::want::change::{Change, Overrules};
use crate::want::comment::is_own;
use crate::want::key::Key;

use super::edited::Report;

/// What an edit starts from. The owner's wants are entered in its ledger first; then each round of
/// working the edit out begins here.
#[derive(Debug)]
pub(super) struct Start<'e> {
    pub(super) config: &'e Config,
    pub(super) change: &'e Change,
    /// The files as they are.
    pub(super) views: Views,
    /// Those from which owners have had something removed, with that back in its place.
    pub(super) full: BTreeMap<String, Arc<Document>>,
    /// The ledger from before the edit.
    pub(super) known: Cow<'e, Ledger>,
    /// The ledger as the edit changes it.
    pub(super) ledger: Ledger,
    /// What it knows of files that are gone.
    pub(super) lost: Ledger,
    /// Keys that the owner asks for now. They overrule what was set by hand.
    pub(super) asked: BTreeSet<Key>,
    /// `asked`, the keys that the owner no longer wants, and what the change removes by name.
    pub(super) touched: BTreeSet<Key>,
    pub(super) report: Report,
}

impl<'e> Start<'e> {
    /// Takes a config [with all files](super::placement::with_all_files) that the edit may be about. Where there
    /// is no ledger, what comments say stands in for it.
    pub(super) fn new(
        config: &'e Config,
        mut views: Views,
        ledger: &'e Ledger,
        change: &'e Change,
    ) -> Self {
        let full = |(file, full): (&String, &String)| {
            let now = config.file(file)?.text.as_ref()?;
            let full = files::parse(&full.as_str().into()).ok()?;
            let view = views.get_mut(file)?;
            view.full.clone_from(full.tree());
            let removed = ledger.removed_from(file);
            let paths: Vec<Path> = removed.map(|key| view.place(&key.path)).collect();
            let with_removed = now.with_removed(&full, &paths, is_own);
            let with_removed = with_removed.map_or_else(|| Arc::clone(now), Arc::new);
            Some((file.clone(), with_removed))
        };
        let full: BTreeMap<String, Arc<Document>> =
            ledger.full_texts.iter().filter_map(full).collect();
        let (known, mut ledger) = (Cow::Borrowed(ledger), ledger.clone());
        let lost = ledger.set_lost_aside(&views);
        let mut start = Self {
            config,
            change,
            full,
            views,
            known,
            ledger,
            lost,
            asked: BTreeSet::new(),
            touched: BTreeSet::new(),
            report: Report::default(),
        };
        if start.known.is_blank() {
            start.recover();
        }
        start
    }

    fn recover(&mut self) {
        let recovered = self.ledger.recover(None, self.config, &self.views);
        self.known = Cow::Owned(self.ledger.clone());
        if recovered.is_empty() {
            return;
        }
        let lost = self.ledger.maybe_lost(self.config, &self.views);
        for (owner, keys) in recovered {
            let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
            let keys = keys.join(", ");
            let message =
                format!("no ledger is there; by the comments these keys are {owner}'s: {keys}");
            self.report.warn("recovered", message);
        }
        for key in lost {
            let message = format!(
                "no ledger is there: who has set {key}, and what stood there before, is lost"
            );
            self.report.warn("not-recovered", message);
        }
    }

    /// The name of the owner that acts.
    pub(super) fn owner(&self) -> &'e str {
        self.change.owner.as_str()
    }

    pub(super) fn main(&self) -> &'e str {
        &self.config.main().name
    }

    /// Whether the owner overrules whatever others want.
    pub(super) fn takes_over(&self) -> bool {
        self.change.overrules == Overrules::All
    }

    /// The files that an edit may change, the one that is loaded last and wins first.
    pub(super) fn writable(&self) -> impl DoubleEndedIterator<Item = &'e str> + Clone {
        let writable = self.config.by_weight().filter(|file| file.is_writable);
        writable.map(|file| &*file.name)
    }
}
