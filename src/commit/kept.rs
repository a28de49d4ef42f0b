//! The texts that are kept of a config's files, each held against the model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::commit::editor::{Editor, FileChange};
use crate::commit::reading::Reading;
use crate::commit::restored::KeptText;
use crate::containerd::release::span;
use crate::containerd::{Host, Model, Release};
use crate::disk::existing::{Existing, Unread};
use crate::disk::ledger_file::LedgerTexts;
use crate::disk::sidecar;
use crate::disk::target::Target;
use crate::error::{Code, Error, NextStep};
use crate::ledger::Ledger;

/// A kept text, and what putting it back does to its file.
pub(super) struct Candidate {
    text: KeptText,
    change: FileChange,
}

/// A config that may be broken, and the texts that are kept of its files.
pub(super) struct Kept {
    /// The files that are gone or not valid TOML, with what is wrong.
    pub(super) broken: BTreeMap<PathBuf, String>,
    pub(super) texts: Vec<Candidate>,
    /// The releases that serve with what is there.
    pub(super) now: Vec<Release>,
}

impl Editor {
    /// Reads what is there and what is kept.
    pub(super) fn kept_texts(&self) -> Result<Kept, Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        let ledgers = LedgerTexts::read(&target.path)?;
        let ledgers = [ledgers.now, ledgers.before, ledgers.previous];
        let ledgers = ledgers.iter().flatten().map(|it| Ledger::parse(it));
        let ledgers: Vec<Ledger> = ledgers.filter_map(Result::ok).collect();
        let mut known = Ledger::default();
        for ledger in &ledgers {
            known.entries.extend(ledger.entries.clone());
            known.made.extend(ledger.made.iter().cloned());
        }
        let mut reading = self.read_any_config(&target, &target.read()?, &known)?;
        let broken = std::mem::take(&mut reading.broken).into_iter();
        let broken = broken.map(|(path, error)| {
            let error = self.by_its_name(error.at(&path));
            let shown = error.path().unwrap_or(&path).display();
            let problem = format!("{shown}: {}", described(&error));
            (path, problem)
        });
        let mut kept = Kept {
            broken: broken.collect(),
            texts: Vec::new(),
            now: self.serving(&reading, &[])?,
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
            let name = reading.config.name_of(file);
            let mut written = ledgers.iter().filter_map(|it| it.written.get(&name));
            let is_whole = |digest: &String| written.any(|known| known == digest);
            self.read_kept(&mut kept, &reading, file, &found, is_whole)?;
        }
        let parsed = kept.of_broken(|text| text.problem.is_none());
        for Candidate { text, change } in &mut kept.texts {
            if text.problem.is_none() {
                let mut changes = parsed.clone();
                changes.retain(|it| it.path != text.file);
                changes.push(change.clone());
                text.serves = self.serving(&reading, &changes)?;
                text.serving = span(&text.serves);
            }
        }
        // What is tried first.
        kept.texts.sort_by_key(|it| it.text.from);
        Ok(kept)
    }

    /// Reads the kept texts of one file. `is_whole`: whether a digest is that of what was written.
    fn read_kept(
        &self,
        kept: &mut Kept,
        reading: &Reading,
        file: &Path,
        found: &Target,
        mut is_whole: impl FnMut(&String) -> bool,
    ) -> Result<(), Error> {
        let before = found.read()?.bytes().map(<[u8]>::to_vec);
        for (from, path) in [
            ("last", sidecar::last(&found.beside)),
            ("prev", sidecar::previous(&found.beside)),
        ] {
            let mut change = FileChange {
                path: file.to_owned(),
                before: before.clone(),
                after: None,
            };
            let mut age = None;
            let problem = match Existing::read(&path) {
                Ok(None) => continue,
                Ok(Some(read)) => {
                    let modified = read.metadata.modified().ok();
                    age = modified
                        .and_then(|time| time.elapsed().ok())
                        .map(|it| it.as_secs());
                    change.after = String::from_utf8(read.bytes).ok();
                    let digest = change.digests().after;
                    match (&digest, reading.with(self, &[change.clone()])) {
                        (None, _) => Some("is not valid TOML: it is not UTF-8".to_owned()),
                        (_, Err(error)) => Some(format!("is {}", described(&error))),
                        (Some(digest), Ok(_)) if from == "last" && !is_whole(digest) => {
                            Some("is not what this tool has written last".to_owned())
                        }
                        _ => None,
                    }
                }
                Err(Unread::NotAFile(what)) => Some(format!("is {what}")),
                Err(Unread::Failed(error)) => Some(format!("can't be read: {error}")),
            };
            if from == "last" && problem.is_none() && before.is_none() {
                let gone = format!("{}: the file is gone", file.display());
                kept.broken.insert(file.to_owned(), gone);
            }
            let text = KeptText {
                path,
                file: file.to_owned(),
                from,
                age,
                serves: Vec::new(),
                serving: String::new(),
                problem,
                is_chosen: false,
            };
            kept.texts.push(Candidate { text, change });
        }
        Ok(())
    }

    /// The releases that serve once these texts are in place.
    fn serving(&self, reading: &Reading, changes: &[FileChange]) -> Result<Vec<Release>, Error> {
        let after = reading.with(self, changes)?;
        let names: Vec<String> = changes.iter().map(|it| after.name_of(&it.path)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let files = reading.loaded(self, &after, &names)?;
        let files = files.without(&files.unread());
        let host = Host::here();
        let model = Model::new(&files, &host);
        let releases = self.releases.iter().copied();
        Ok(releases.filter(|it| model.verdict(*it).serves()).collect())
    }
}

/// Whether some release serves with a text.
fn serves(text: &KeptText) -> bool {
    !text.serves.is_empty()
}

/// What is wrong with a text, with the line.
fn described(error: &Error) -> String {
    let place = error.position().map(|at| format!(" (line {})", at.line));
    format!("{error}{}", place.unwrap_or_default())
}

impl Kept {
    /// The first text of a file that will do.
    fn text_of(&self, file: &Path, will_do: impl Fn(&KeptText) -> bool) -> Option<&Candidate> {
        let mut texts = self.texts.iter();
        texts.find(|it| it.text.file == file && will_do(&it.text))
    }

    /// The first text that will do for each broken file; none if one has none.
    fn of_broken(&self, will_do: impl Fn(&KeptText) -> bool) -> Vec<FileChange> {
        let found = self.broken.keys().map(|file| self.text_of(file, &will_do));
        let found: Option<Vec<&Candidate>> = found.collect();
        let found = found.unwrap_or_default().into_iter();
        found.map(|it| it.change.clone()).collect()
    }

    /// What is best put back: a text for each broken file, or else one with which some release serves, if
    /// none does with what is there. Which one runs here is not known: any that serves counts.
    pub(super) fn newest(&self) -> Vec<FileChange> {
        if !self.broken.is_empty() {
            return self.of_broken(serves);
        }
        let mut texts = self.texts.iter().filter(|_| self.now.is_empty());
        let found = texts.find(|it| serves(&it.text));
        found.map(|it| it.change.clone()).into_iter().collect()
    }

    /// The same for one file alone.
    pub(super) fn newest_of(&self, file: &Path) -> Vec<FileChange> {
        let is_needed = self.broken.contains_key(file) || self.now.is_empty();
        let found = self.text_of(file, serves).filter(|_| is_needed);
        found.map(|it| it.change.clone()).into_iter().collect()
    }

    /// The texts of one kind for these files.
    pub(super) fn named(&self, from: &str, files: &[PathBuf]) -> Result<Vec<FileChange>, Error> {
        let of_file = |file: &PathBuf| {
            let found = self.text_of(file, |text| text.from == from);
            let why = match found.map(|it| (it, &it.text.problem)) {
                Some((found, None)) => return Ok(found.change.clone()),
                Some((found, Some(problem))) => format!("{} {problem}", found.text.path.display()),
                None => format!("no .{from} of this file is kept"),
            };
            Err(not_restored(&why).at(file))
        };
        files.iter().map(of_file).collect()
    }

    /// What is wrong with the files as they are, or which releases serve with them.
    pub(super) fn found(&self) -> String {
        if !self.broken.is_empty() {
            let problems: Vec<&str> = self.broken.values().map(String::as_str).collect();
            return problems.join("; ");
        }
        match self.now.as_slice() {
            [] => "no containerd release serves CRI with it".to_owned(),
            now => format!("containerd {} serves with what is there", span(now)),
        }
    }

    /// The same, with what is the matter with each kept text.
    pub(super) fn told(&self) -> String {
        let texts = self.texts.iter().map(|Candidate { text, .. }| {
            let problem = text.problem.as_deref();
            let problem = problem.unwrap_or("does no better");
            format!("; {} {problem}", text.path.display())
        });
        let none = if self.texts.is_empty() {
            "; no text is kept"
        } else {
            ""
        };
        format!("{}{none}{}", self.found(), texts.collect::<String>())
    }

    /// The texts, with those marked that are put back.
    pub(super) fn marked(&self, chosen: &[FileChange]) -> Vec<KeptText> {
        let marked = self.texts.iter().map(|it| KeptText {
            is_chosen: chosen.contains(&it.change),
            ..it.text.clone()
        });
        marked.collect()
    }
}

pub(super) fn not_restored(why: &str) -> Error {
    let message = format!("nothing can be put back: {why}");
    Error::new(Code::NotRestored, message, NextStep::PutBackOwn)
}
