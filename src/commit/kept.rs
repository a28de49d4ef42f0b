//! The texts that are kept of a config's files, each judged by the model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::reading::Reading;
use crate::commit::request::Replacement;
use crate::commit::restored::{KeptAs, KeptText};
use crate::containerd::release::{listed_do, span};
use crate::containerd::{ConfigFiles, Host, Model, Reason, Release, Verdict};
use crate::disk::existing::{Existing, Unread};
use crate::disk::ledger_file::LedgerTexts;
use crate::disk::sidecar;
use crate::error::{Code, Error};
use crate::ledger::Ledger;

/// A config that may be broken, and the texts that are kept of its files.
#[derive(Default)]
pub(super) struct Kept {
    /// The only file that counts, if one was named.
    pub(super) only: Option<PathBuf>,
    /// The files that are gone, can't be read or are not valid TOML, with what is wrong.
    pub(super) broken: BTreeMap<PathBuf, Error>,
    /// Those first that are tried first.
    pub(super) texts: Vec<KeptText>,
    /// The releases for which all of it was judged.
    releases: Vec<Release>,
    /// Those of them that serve with what is there.
    pub(super) now: Vec<Release>,
    /// Why the first of the others does not.
    pub(super) reason: Option<Reason>,
    /// What is best put back.
    pub(super) best: Vec<Replacement>,
}

impl Editor {
    /// Reads what is there and what is kept. `only`: the only file that counts.
    pub(super) fn kept_texts(&self, only: Option<PathBuf>) -> Result<Kept, Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        // What is wrong with a ledger says nothing of the texts.
        let ledgers = LedgerTexts::read(&target.path).unwrap_or_default();
        let ledgers = [ledgers.now, ledgers.before, ledgers.previous];
        let ledgers = ledgers.iter().flatten().map(|it| Ledger::parse(it));
        let mut ledgers: Vec<Ledger> = ledgers.filter_map(Result::ok).collect();
        let mut known = Ledger::default();
        for ledger in &ledgers {
            known.entries.extend(ledger.entries.clone());
            known.made.extend(ledger.made.iter().cloned());
        }
        let mut reading = self.read_any_config(&target, &target.read_any()?, &known)?;
        for ledger in &mut ledgers {
            for (old, new) in ledger.renamed(&reading.config) {
                ledger.rename(&old, &new);
            }
        }
        let mut kept = Kept {
            only,
            releases: self.releases.clone(),
            ..Kept::default()
        };
        let names = ledgers.iter().flat_map(|ledger| ledger.written.keys());
        let files: BTreeSet<PathBuf> = names.map(|name| reading.config.path_of(name)).collect();
        let own = self.main();
        let drop_ins = files.iter().filter(|path| **path != own);
        for file in [&own].into_iter().chain(drop_ins) {
            // A folder that is gone holds no file, and what can't be read is not replaced.
            let found = self.target_of(file, &target);
            let Ok((read, found)) = found.and_then(|found| Ok((found.read_any()?, found))) else {
                continue;
            };
            let name = reading.config.name_of(file);
            let written = ledgers.iter().filter_map(|it| it.written.get(&name));
            let written: Vec<&String> = written.collect();
            for (kept_as, path) in [
                (KeptAs::Last, sidecar::last(&found.beside)),
                (KeptAs::Previous, sidecar::previous(&found.beside)),
            ] {
                let replacement = Replacement {
                    change: FileChange::unchanged(file.clone(), read.bytes()),
                    source: path,
                };
                let text = self.kept_text(&reading, kept_as, replacement, &written);
                kept.texts.extend(text);
            }
        }
        kept.texts.sort_by_key(|it| it.from);
        // The config comes first: it says which others count.
        let last = kept.texts.iter().filter(|it| it.from == KeptAs::Last);
        let whole = last.filter(|it| it.problem.is_none());
        for text in whole.filter(|it| it.replacement.change.before.is_none()) {
            let whole = kept.first_of(&reading.broken);
            if text.file == own || self.is_missed(&reading, &whole, &text.file, ledgers.first())? {
                let gone = Error::new(Code::NoFile, "the file is gone", "").at(&text.file);
                reading.broken.insert(text.file.clone(), gone);
            }
        }
        let whole = kept.first_of(&reading.broken);
        for text in kept.texts.iter_mut().filter(|it| it.problem.is_none()) {
            let texts = with(&whole, &text.replacement);
            text.serves = serving(self.verdicts(&reading, &texts)?);
        }
        let now = self.verdicts(&reading, &[])?;
        let serves = match kept.texts.iter().find(|it| whole.contains(&it.replacement)) {
            Some(text) => !text.serves.is_empty(),
            None => now.iter().any(|(_, it)| it.serves()),
        };
        kept.reason = first_reason(&now, reading.config.version());
        // What a distribution makes of a broken file is not known.
        let mut broken = reading.broken.values();
        if !reading.config.is_joined || broken.all(|error| error.code() == Code::NoFile) {
            kept.now = serving(now);
        }
        kept.best = if serves {
            whole
        } else {
            self.best_of(&reading, &kept, &whole)?
        };
        let broken = reading.broken.into_iter().map(|(path, error)| {
            let error = self.by_its_name(error.at(&path));
            (path, error)
        });
        kept.broken = broken.collect();
        Ok(kept)
    }

    /// Whether a file that is gone is to come back beside `whole`: containerd does not start without it,
    /// or reads it, and somebody misses what it held.
    fn is_missed(
        &self,
        reading: &Reading,
        whole: &[Replacement],
        file: &Path,
        ledger: Option<&Ledger>,
    ) -> Result<bool, Error> {
        if self.loaded_with(reading, whole)?.unread().contains(file) {
            return Ok(true);
        }
        let after = reading.with(self, whole)?;
        let is_read = after.is_joined || after.files().iter().any(|it| it.leads_to(file));
        let (name, views) = (after.name_of(file), after.views());
        let misses = ledger.cloned().is_some_and(|mut ledger| {
            let lost = ledger.set_lost_aside(&views);
            ledger.misses(&lost, &name, &views)
        });
        Ok(is_read && misses)
    }

    /// What is best put back, if no release serves with `whole`, which has a text for each broken file
    /// that has one: then it is the first text with which some does. Which one runs here is not known:
    /// any that serves counts. If no text is enough, one file is put right after the other.
    fn best_of(
        &self,
        reading: &Reading,
        kept: &Kept,
        whole: &[Replacement],
    ) -> Result<Vec<Replacement>, Error> {
        let broken = &reading.broken;
        let is_broken = |text: &&KeptText| broken.is_empty() || broken.contains_key(&text.file);
        let mut texts = kept.usable().filter(is_broken);
        if let Some(text) = texts.find(|text| !text.serves.is_empty()) {
            return Ok(with(whole, &text.replacement));
        }
        let others = kept.usable().map(|text| with(whole, &text.replacement));
        for texts in [whole.to_vec()].into_iter().chain(others) {
            if self.serves_but_for_others(reading, &texts)? {
                return Ok(texts);
            }
        }
        Ok(Vec::new())
    }

    /// Reads a kept text. `written`: the digests of what was written.
    fn kept_text(
        &self,
        reading: &Reading,
        kept_as: KeptAs,
        mut replacement: Replacement,
        written: &[&String],
    ) -> Option<KeptText> {
        let mut age = None;
        let problem = match Existing::read(&replacement.source) {
            Ok(None) => return None,
            Ok(Some(read)) => {
                let modified = read.metadata.modified().ok();
                age = modified.and_then(|time| time.elapsed().ok());
                replacement.change.after = String::from_utf8(read.bytes).ok();
                let digest = replacement.change.digests().after;
                match (&digest, reading.with(self, &[replacement.clone()])) {
                    (None, _) => Some("is not valid TOML: it is not UTF-8".to_owned()),
                    (_, Err(error)) => Some(format!("is {}", error.described())),
                    (Some(digest), Ok(_))
                        if kept_as == KeptAs::Last && !written.contains(&digest) =>
                    {
                        Some("is not known to be what this tool has written last".to_owned())
                    }
                    _ => None,
                }
            }
            Err(Unread::NotAFile(what)) => Some(format!("is {what}")),
            Err(Unread::Failed(error)) => Some(format!("can't be read: {error}")),
        };
        Some(KeptText {
            path: replacement.source.clone(),
            file: replacement.change.path.clone(),
            from: kept_as,
            age: age.map(|it| it.as_secs()),
            serves: Vec::new(),
            problem,
            is_chosen: false,
            replacement,
        })
    }

    /// What containerd loads once these texts are in place.
    fn loaded_with(&self, reading: &Reading, texts: &[Replacement]) -> Result<ConfigFiles, Error> {
        let after = reading.with(self, texts)?;
        let names = texts.iter().map(|it| after.name_of(&it.change.path));
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        reading.loaded(self, &after, &names)
    }

    /// What each release makes of the files once these texts are in place.
    fn verdicts(
        &self,
        reading: &Reading,
        texts: &[Replacement],
    ) -> Result<Vec<(Release, Verdict)>, Error> {
        Ok(self.judged(&self.loaded_with(reading, texts)?))
    }

    /// Whether some release serves once these texts are in place, and no other file is broken any more.
    pub(super) fn serves_but_for_others(
        &self,
        reading: &Reading,
        texts: &[Replacement],
    ) -> Result<bool, Error> {
        let files = self.loaded_with(reading, texts)?;
        let broken = reading.broken.keys().map(PathBuf::as_path);
        let others = files.unusable().into_iter().chain(broken);
        let others = others.filter(|path| texts.iter().all(|it| it.change.path != *path));
        Ok(!serving(self.judged(&files.leaving_out(others))).is_empty())
    }

    fn judged(&self, files: &ConfigFiles) -> Vec<(Release, Verdict)> {
        let host = Host::here();
        let model = Model::new(files, &host);
        let verdicts = self.releases.iter().map(|it| (*it, model.verdict(*it)));
        verdicts.collect()
    }
}

/// The releases that serve.
fn serving(verdicts: Vec<(Release, Verdict)>) -> Vec<Release> {
    let serving = verdicts.into_iter().filter(|(_, it)| it.serves());
    serving.map(|(release, _)| release).collect()
}

/// Why the first release does not serve, of those that read this config version if there is one.
fn first_reason(verdicts: &[(Release, Verdict)], version: i64) -> Option<Reason> {
    let others = || verdicts.iter().filter(|(_, it)| !it.serves());
    let reads = others().find(|(release, _)| release.reads(version));
    reads.or(others().next())?.1.reason().cloned()
}

/// These texts, and another one of the same or of another file.
fn with(texts: &[Replacement], other: &Replacement) -> Vec<Replacement> {
    let others = texts.iter();
    let others = others.filter(|it| it.change.path != other.change.path);
    others.chain([other]).cloned().collect()
}

impl Kept {
    /// Whether a file counts.
    fn counts(&self, file: &Path) -> bool {
        self.only.as_deref().is_none_or(|only| only == file)
    }

    /// The texts that may be put back.
    fn usable(&self) -> impl Iterator<Item = &KeptText> {
        let texts = self.texts.iter();
        texts.filter(|it| it.problem.is_none() && self.counts(&it.file))
    }

    /// The first that was written last, and is not what is there. A file that is gone and missed is
    /// broken.
    pub(super) fn other_last(&self) -> Option<&KeptText> {
        let mut last = self.usable().filter(|it| it.from == KeptAs::Last);
        last.find(|it| {
            let change = &it.replacement.change;
            change.before.is_some() && change.is_change() && !it.serves.is_empty()
        })
    }

    /// The first text of each broken file that has one.
    fn first_of(&self, broken: &BTreeMap<PathBuf, Error>) -> Vec<Replacement> {
        // A template that only the distribution can read may be right.
        let files = broken.iter().filter(|(_, error)| is_of_text(error));
        let first = files.filter_map(|(file, _)| self.usable().find(|it| it.file == *file));
        first.map(|it| it.replacement.clone()).collect()
    }

    /// What is wrong with the files as they are, or which releases serve with them.
    pub(super) fn found(&self) -> String {
        if !self.broken.is_empty() {
            let problems = self.broken.iter().map(|(path, error)| {
                let path = error.path().unwrap_or(path).display();
                format!("{path}: {}", error.described())
            });
            let problems: Vec<String> = problems.collect();
            let problems = problems.join("; ");
            return match span(&self.now) {
                _ if self.now.is_empty() => problems,
                releases => format!("{problems}; containerd {releases} serves all the same"),
            };
        }
        if !self.now.is_empty() {
            return format!("containerd {} serves with what is there", span(&self.now));
        }
        let reason = self.reason.as_ref().map(|it| format!(": {it}"));
        let reason = reason.unwrap_or_default();
        if self.releases == Release::LINES {
            return format!("no containerd release serves CRI with it{reason}");
        }
        let named = listed_do(&self.releases);
        format!("containerd {named} not serve CRI with it{reason}")
    }

    /// Whether the only file that counts is not to blame: another one is broken.
    pub(super) fn is_of_others(&self) -> bool {
        let only = self.only.iter();
        let mut only = only.map(|file| self.broken.contains_key(file));
        !self.broken.is_empty() && only.any(|is_broken| !is_broken)
    }

    /// The same, with what is the matter with each kept text that it is about.
    pub(super) fn found_and_kept(&self) -> String {
        let is_about = |file: &PathBuf| self.broken.is_empty() || self.broken.contains_key(file);
        let texts = self.texts.iter();
        let texts = texts.filter(|it| self.counts(&it.file) && is_about(&it.file));
        let texts = texts.map(|text| {
            let problem = text.problem.as_deref().unwrap_or("does no better");
            format!("; {} {problem}", text.path.display())
        });
        let texts: String = texts.collect();
        // What can't be replaced may have one all the same.
        let is_looked_up = self.broken.values().all(is_of_text) && !self.is_of_others();
        let none = if texts.is_empty() && is_looked_up {
            "; no text is kept"
        } else {
            ""
        };
        format!("{}{texts}{none}", self.found())
    }
}

/// Whether another text in the place of a broken file would put it right.
pub(super) fn is_of_text(broken: &Error) -> bool {
    matches!(
        broken.code(),
        Code::NotToml | Code::NoFile | Code::WrongType | Code::TooLarge
    )
}
