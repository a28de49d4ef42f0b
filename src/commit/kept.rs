//! The texts that are kept of a config's files, each judged by the model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::reading::Reading;
use crate::commit::request::Replacement;
use crate::commit::restored::KeptText;
use crate::containerd::release::{listed_do, span};
use crate::containerd::{Host, Model, Reason, Release};
use crate::disk::existing::{Existing, Unread};
use crate::disk::ledger_file::LedgerTexts;
use crate::disk::sidecar;
use crate::error::{Code, Error};
use crate::ledger::Ledger;

/// A config that may be broken, and the texts that are kept of its files.
pub(super) struct Kept {
    /// The files that are gone or not valid TOML, with what is wrong.
    pub(super) broken: BTreeMap<PathBuf, Error>,
    /// Those first that are tried first.
    pub(super) texts: Vec<KeptText>,
    /// The releases for which all of it was judged.
    pub(super) releases: Vec<Release>,
    /// Those of them that serve with what is there.
    pub(super) now: Vec<Release>,
    /// Why the first of the others does not.
    pub(super) reason: Option<Reason>,
}

impl Editor {
    /// Reads what is there and what is kept.
    pub(super) fn kept_texts(&self) -> Result<Kept, Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        // What is wrong with a ledger says nothing of the texts.
        let ledgers = LedgerTexts::read(&target.path).unwrap_or_default();
        let ledgers = [ledgers.now, ledgers.before, ledgers.previous];
        let ledgers = ledgers.iter().flatten().map(|it| Ledger::parse(it));
        let ledgers: Vec<Ledger> = ledgers.filter_map(Result::ok).collect();
        let mut known = Ledger::default();
        for ledger in &ledgers {
            known.entries.extend(ledger.entries.clone());
            known.made.extend(ledger.made.iter().cloned());
        }
        let mut reading = self.read_any_config(&target, &target.read()?, &known)?;
        let broken = std::mem::take(&mut reading.broken);
        let broken = broken.into_iter().map(|(path, error)| {
            let error = self.by_its_name(error.at(&path));
            (path, error)
        });
        let mut kept = Kept {
            broken: broken.collect(),
            texts: Vec::new(),
            releases: self.releases.clone(),
            now: Vec::new(),
            reason: None,
        };
        let names = ledgers.iter().flat_map(|ledger| ledger.written.keys());
        let files: BTreeSet<PathBuf> = names.map(|name| reading.config.path_of(name)).collect();
        let own = self.main();
        let drop_ins = files.iter().filter(|path| **path != own);
        for file in [&own].into_iter().chain(drop_ins) {
            // A folder that is gone holds no file.
            let Ok(found) = self.target_of(file, &target) else {
                continue;
            };
            let read = found.read()?;
            let name = reading.config.name_of(file);
            let written = ledgers.iter().filter_map(|it| it.written.get(&name));
            let written: Vec<&String> = written.collect();
            for (from, path) in [
                ("last", sidecar::last(&found.beside)),
                ("prev", sidecar::previous(&found.beside)),
            ] {
                let replacement = Replacement {
                    change: FileChange::unchanged(file.clone(), read.bytes()),
                    source: path,
                };
                let text = self.kept_text(&reading, from, replacement, &written);
                let is_there = text.as_ref().is_some_and(|it| it.problem.is_none());
                if from == "last" && is_there && read.existing.is_none() {
                    let gone = Error::new(Code::NoFile, "the file is gone", "").at(file);
                    kept.broken.insert(file.clone(), gone);
                }
                kept.texts.extend(text);
            }
        }
        kept.texts.sort_by_key(|it| it.from);
        let parsed = kept.of(kept.broken.keys(), |text| text.problem.is_none());
        let parsed = parsed.unwrap_or_default();
        for text in &mut kept.texts {
            if text.problem.is_none() {
                let mut texts = parsed.clone();
                texts.retain(|it| it.change.path != text.file);
                texts.push(text.replacement.clone());
                text.serves = self.judged(&reading, &texts)?.0;
            }
        }
        (kept.now, kept.reason) = self.judged(&reading, &[])?;
        Ok(kept)
    }

    /// Reads a kept text. `written`: the digests of what was written.
    fn kept_text(
        &self,
        reading: &Reading,
        from: &'static str,
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
                    (Some(digest), Ok(_)) if from == "last" && !written.contains(&digest) => {
                        Some("is not what this tool has written last".to_owned())
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
            from,
            age: age.map(|it| it.as_secs()),
            serves: Vec::new(),
            problem,
            is_chosen: false,
            replacement,
        })
    }

    /// The releases that serve once these texts are in place, and why the first of the others does not.
    fn judged(
        &self,
        reading: &Reading,
        texts: &[Replacement],
    ) -> Result<(Vec<Release>, Option<Reason>), Error> {
        let after = reading.with(self, texts)?;
        let names = texts.iter().map(|it| after.name_of(&it.change.path));
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let files = reading.loaded(self, &after, &names)?;
        let files = files.without(&files.unread());
        let host = Host::here();
        let model = Model::new(&files, &host);
        let verdicts = self.releases.iter().map(|it| (*it, model.verdict(*it)));
        let (serving, others): (Vec<_>, Vec<_>) = verdicts.partition(|(_, it)| it.serves());
        let version = after.version();
        let reads = others.iter().find(|(release, _)| release.reads(version));
        let reason = reads.or(others.first()).and_then(|(_, it)| it.reason());
        let serving = serving.into_iter().map(|(release, _)| release);
        Ok((serving.collect(), reason.cloned()))
    }
}

/// Whether some release serves with a text.
fn serves(text: &KeptText) -> bool {
    !text.serves.is_empty()
}

impl Kept {
    /// The first text that will do for each of these files; none if one has none.
    pub(super) fn of<'f>(
        &self,
        files: impl Iterator<Item = &'f PathBuf>,
        will_do: impl Fn(&KeptText) -> bool,
    ) -> Option<Vec<Replacement>> {
        let of_file = |file: &PathBuf| {
            let mut texts = self.texts.iter();
            let found = texts.find(|it| it.file == *file && will_do(it));
            found.map(|it| it.replacement.clone())
        };
        files.map(of_file).collect()
    }

    /// What is best put back: a text for each broken file, or else one with which some release serves, if
    /// none does with what is there. Which one runs here is not known: any that serves counts. `told`: the
    /// only file that counts.
    pub(super) fn serving(&self, told: Option<&PathBuf>) -> Vec<Replacement> {
        let is_broken = match told {
            Some(file) => self.broken.contains_key(file),
            None => !self.broken.is_empty(),
        };
        if !is_broken && !self.now.is_empty() {
            return Vec::new();
        }
        let any = || self.texts.iter().find(|it| serves(it)).map(|it| &it.file);
        let found = match told {
            None if is_broken => self.of(self.broken.keys(), serves),
            told => self.of(told.or_else(any).into_iter(), serves),
        };
        found.unwrap_or_default()
    }

    /// What is wrong with the files as they are, or which releases serve with them.
    pub(super) fn found(&self) -> String {
        if !self.broken.is_empty() {
            let problems = self.broken.iter().map(|(path, error)| {
                let path = error.path().unwrap_or(path).display();
                format!("{path}: {}", error.described())
            });
            return problems.collect::<Vec<_>>().join("; ");
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

    /// The same, with what is the matter with each kept text.
    pub(super) fn told(&self) -> String {
        let texts = self.texts.iter().map(|text| {
            let problem = text.problem.as_deref().unwrap_or("does no better");
            format!("; {} {problem}", text.path.display())
        });
        let texts = texts.reduce(|told, next| told + &next);
        let texts = texts.unwrap_or_else(|| "; no text is kept".to_owned());
        format!("{}{texts}", self.found())
    }
}
