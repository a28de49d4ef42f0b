//! Taking a change back: the bytes from before it where nobody has changed the files since, and else
//! what its owner wanted before.

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::planning::Plan;
use crate::commit::reading::Reading;
use crate::commit::request::{Replacement, RestoreFrom};
use crate::commit::task::Task;
use crate::config::Config;
use crate::disk::existing::Existing;
use crate::disk::{digest, sidecar};
use crate::edit::edited::{Edited, Report};
use crate::edit::judgement::Judged;
use crate::edit::run::edit;
use crate::error::{Code, Error, NextStep};
use crate::ledger::{Ledger, LedgerPair};
use crate::want::change::Change;
use crate::want::handler::Owner;
use crate::want::key::{Key, KeyValue};

const NOT_UNDONE: &str = "cannot undo the last change";

impl Editor {
    /// What is to be taken back; nothing, if it was already.
    pub(super) fn undo_task(&self, owner: Option<&Owner>) -> Result<Task, Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        let found = self.read_ledger(&target, target.read()?, &[])?;
        // Nothing can be done with a config that can't be read: no other next step than its own works.
        self.read_config(&target, &found.main, &found.ledger)?;
        let was_killed = found.is_of_a_killed_run();
        let after = found.ledger;
        let Some(before) = found.previous else {
            let instead = match found.main.existing {
                Some(_) => NextStep::RemoveInstead,
                None => NextStep::CreateConfig,
            };
            let error = self.not_undone("no change is recorded", instead);
            return Err(self.or_restore(
                error,
                RestoreFrom::Previous,
                NextStep::RestorePrevious(None),
            ));
        };
        let made = LedgerPair { before, after };
        let owners = made.owners();
        if owners.is_empty() && made.after.files.is_empty() {
            let why = "the last run has noted what others had taken out of the files, and changed \
                       nothing itself";
            return Err(self.not_undone(why, NextStep::RemoveInstead));
        }
        if let Some(owner) = owner
            && !owners.contains(owner.as_str())
        {
            let names: Vec<String> = owners.into_iter().collect();
            let by = match names.as_slice() {
                [] => "it changed no wants".to_owned(),
                names => format!("{} made it, not {owner}", names.join(" and ")),
            };
            let logged = self.as_logged().filter(|_| !made.after.files.is_empty());
            let why = format!("{by}{}", logged.unwrap_or_default());
            let instead = NextStep::RemoveOwnerInstead(owner.as_str());
            return Err(self.not_undone(&why, instead));
        }
        if made.after.is_undone {
            return Ok(if was_killed {
                Task::Change(Box::new(left_to_do(&made)))
            } else {
                Task::Replace {
                    texts: Vec::new(),
                    restored: None,
                }
            });
        }
        Ok(Task::TakeBack {
            made: Box::new(made),
            is_rollback: false,
        })
    }

    fn not_undone(&self, why: &str, instead: NextStep<'_>) -> Error {
        let message = format!("{NOT_UNDONE}: {why}");
        Error::new(Code::NotUndone, message, instead).at(&self.path)
    }

    /// What the operation log calls the last change of a file, for people.
    fn as_logged(&self) -> Option<String> {
        let entries = self.log_entries().unwrap_or_default();
        let changed = entries.iter().rev().find(|entry| entry.is_change());
        changed.map(|it| format!(" (`{}` at {})", it.command, it.time))
    }

    /// Works out what taking a change back does.
    pub(crate) fn work_out_undo(
        &self,
        found: &Found,
        made: &LedgerPair,
        is_rollback: bool,
    ) -> Result<Plan, Error> {
        let mut reading = self.read_config(&found.target, &found.main, &found.ledger)?;
        let is_last = found.ledger == made.after;
        let texts = is_last
            .then(|| self.texts_before(&reading, found))
            .flatten();
        let is_as_before = texts.is_some();
        let (edited, judged) = if let Some(texts) = texts {
            let after = reading.with(self, &texts).map_err(|error| {
                let message = format!("{NOT_UNDONE}: the text from before it is {error}");
                let instead = NextStep::RestoreOwn(None);
                error.with_message(message).with_hint(instead)
            })?;
            let mut ledger = made.before.clone();
            ledger.seq = ledger.seq.max(made.after.seq);
            let views = ledger.views_of(&after);
            ledger.settle(&after, &views);
            let edited = reading.replaced_by(&texts, after, &found.ledger, ledger);
            (edited, Judged::WHOLE)
        } else if made.owners().is_empty() {
            let why = "no owner has wanted it, and the files are not what it left, or the texts from \
                       before it are gone";
            return Err(self.not_undone(why, NextStep::RemoveInstead));
        } else {
            let edited = as_before(&reading.config, &found.ledger, made);
            let edited = edited.map_err(|error| self.by_its_name(error))?;
            let judged = Judged {
                removes: Some(&[]),
                ..Judged::default()
            };
            (edited, judged)
        };
        let judged = (!is_rollback).then_some(judged);
        let mut work = self.assemble(found, &reading, edited, judged)?;
        work.outcome.is_as_before = is_as_before;
        let Plan {
            outcome, ledgers, ..
        } = &mut work;
        // An undo that was taken back can be made again.
        let is_done = outcome.is_change() || outcome.report.is_recorded;
        ledgers.after.is_undone = is_done && !made.after.is_undone;
        Ok(work)
    }

    /// The texts from before the last change, if the files are what it has left, and a digest vouches for
    /// each text.
    fn texts_before(&self, reading: &Reading, found: &Found) -> Option<Vec<Replacement>> {
        let Ledger { files, written, .. } = &found.ledger;
        let texts = files.iter().map(|(name, digests)| {
            let path = reading.config.path_of(name);
            let target = self.target_of(&path, &found.target).ok()?;
            let now = target.read().ok()?;
            if now.bytes().map(digest::of).as_ref() != written.get(name) {
                return None;
            }
            let is_it = |bytes: &[u8]| {
                // Of a template, the ledger has the digest of a part.
                let text = reading.text_of(self, &path, bytes).ok();
                let known = [
                    Some(digest::of(bytes)),
                    text.map(|it| digest::of(it.as_bytes())),
                ];
                known.contains(&digests.before)
            };
            let (source, after) = match digests.before {
                // Something has come to lead to it.
                None if reading.config.holder(name).is_some() => return None,
                None => (path.clone(), None),
                Some(_) => sidecar::old_texts(&target.beside).find_map(|kept| {
                    let bytes = Existing::read(&kept).ok()??.bytes;
                    let text = is_it(&bytes).then(|| String::from_utf8(bytes).ok());
                    Some((kept, Some(text??)))
                })?,
            };
            let before = now.bytes().map(<[u8]>::to_vec);
            Some(Replacement {
                change: FileChange {
                    path,
                    before,
                    after,
                },
                source,
            })
        });
        texts.collect()
    }
}

/// The owners of a change want again what they wanted before it, but for what they have come to want
/// since. What comes back has its old number: others' newer wants stay above it. Other keys are not
/// touched.
fn as_before(config: &Config, ledger: &Ledger, made: &LedgerPair) -> Result<Edited, Error> {
    let (mut after, mut wanted) = (config.clone(), ledger.clone());
    wanted.disown_adopted(made);
    let mut merged = Report::default();
    for name in made.owners() {
        let before = &made.before;
        let is_still_so = |key: &&Key| wanted.wanted(&name, key) == made.after.wanted(&name, key);
        let mut keys = made.changed_keys(&name);
        keys.retain(is_still_so);
        if let Some(then) = before.owners.get(&name) {
            let owner = wanted.owners.entry(name.clone());
            let owner = owner.or_insert_with(|| then.without_wants());
            let again = keys.iter().filter_map(|key| then.wants.get_key_value(*key));
            let again = again.map(|(key, want)| (key.clone(), want.clone()));
            owner.wants.extend(again);
        }
        for change in wanting_again(&name, before, &keys) {
            let edited = edit(&after, &wanted, &change)?;
            (after, wanted) = (edited.config, edited.ledger);
            merged.warnings.extend(edited.report.warnings);
            merged.left_behind.extend(edited.report.left_behind);
        }
        let owner = wanted.owners.get_mut(&name);
        if let Some((owner, then)) = owner.zip(before.owners.get(&name)) {
            owner.file.clone_from(&then.file);
        }
    }
    let report = Report {
        warnings: merged.warnings,
        left_behind: merged.left_behind,
        ..Report::between(config, &after)
    };
    Ok(Edited::of(config, after, ledger, wanted, report))
}

/// What an undo that was killed has left to do: the owner wants what it wants by now, once more. Where it
/// was about several owners or files, whatever comes next has to do.
fn left_to_do(undone: &LedgerPair) -> Change {
    let owners: Vec<String> = undone.owners().into_iter().collect();
    let [name] = owners.as_slice() else {
        return Change::default();
    };
    let changes = wanting_again(name, &undone.after, &undone.changed_keys(name));
    let [change] = <[Change; 1]>::try_from(changes).unwrap_or_default();
    change
}

/// The owner wants of these keys what it wants in `ledger`: a change for each file that they stood in by
/// it, the last one with the default, whose handler is there by then.
fn wanting_again(name: &str, ledger: &Ledger, keys: &BTreeSet<&Key>) -> Vec<Change> {
    let owners_file = ledger.owners.get(name).map(|owner| owner.file.as_str());
    let owners_file = owners_file.filter(|file| !file.is_empty());
    let entries = ledger.entries.keys();
    let stood: BTreeMap<&Key, &str> = entries.map(|at| (&at.key, at.file.as_str())).collect();
    let default = Key::default_handler();
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&Key>> = BTreeMap::new();
    for key in keys {
        let is_wanted = ledger.wanted(name, key).is_some();
        let file = is_wanted.then(|| stood.get(key).copied().or(owners_file));
        let comes_last = is_wanted && **key == default;
        let group = groups.entry((comes_last, file.flatten())).or_default();
        group.push(key);
    }
    let changes = groups.into_iter().map(|((_, file), keys)| {
        let mut change = Change::of(name);
        change.file = file.map(str::to_owned);
        for key in keys.into_iter().cloned() {
            match ledger.wanted(name, &key).cloned() {
                Some(Some(value)) => change.wants.push(KeyValue { key, value }),
                Some(None) => change.absent.push(key),
                None => change.unsets.push(key),
            }
        }
        change
    });
    changes.collect()
}
