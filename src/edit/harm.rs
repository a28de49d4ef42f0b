//! What releases make of a config before and after an edit.

use std::collections::{BTreeMap, BTreeSet};

use crate::containerd::lost::Losses;
use crate::containerd::release::listed;
use crate::containerd::{Model, Reason, Release, Verdict, needs_of_host};
use crate::error::{Code, Error, NextStep, Warning};
use crate::want::key::{Key, old_handler_path};

use super::judgement::{Judgement, harmful};
use super::offer::Offer;

/// What one release makes of a config.
struct Read {
    release: Release,
    before: Verdict,
    after: Verdict,
    without: Option<Verdict>,
    /// CRI's own snapshotter, if it was another one before.
    new_snapshotter: Option<String>,
    /// Whether harm to this release is a reason to refuse the edit.
    counts: bool,
}

impl Judgement<'_> {
    /// Returns what people should know, or the harm that the edit would do.
    pub(super) fn compare(&self) -> Result<Vec<Warning>, Error> {
        let (read, lost) = self.read();
        self.breaks(&read)?;
        let lost_along = self.loses(&read)?;
        self.serves_somewhere(&read)?;
        let mut warnings = self.added(&read)?;
        warnings.extend(lost_along);
        warnings.extend(self.other_default(&read));
        warnings.extend(self.broken(&read));
        warnings.extend(needing_host(&read));
        if self.adds() {
            warnings.extend(self.not_read_keys(&lost));
            warnings.extend(self.unread_keys()?);
        }
        Ok(warnings)
    }

    /// Returns where what the edit names is not loaded, and whether no release serves with what is there,
    /// so that a restart would take the node down.
    pub(super) fn compare_unchanged(&self) -> Result<Vec<Warning>, Error> {
        let (read, _) = self.read();
        let nowhere = self
            .broken(&read)
            .filter(|it| it.code == Warning::SERVES_NOWHERE);
        let mut warnings = Vec::from_iter(nowhere);
        warnings.extend(self.added(&read)?);
        Ok(warnings)
    }

    /// Returns the harm of a state that is to last for a moment.
    pub(super) fn compare_on_the_way(&self) -> Result<(), Error> {
        let (read, _) = self.read();
        self.breaks(&read)?;
        self.loses(&read).map(drop)
    }

    /// What releases make of a config, and the keys that they do not read before and after.
    fn read(&self) -> (Vec<Read>, [Losses; 2]) {
        let model = |files| Model::new(files, self.host);
        let (before, after) = (model(&self.before), model(&self.after));
        let without = self.without.as_ref().map(model);
        let is_same = self.before.files == self.after.files;
        let mut lost = [Losses::default(), Losses::default()];
        let read = self.reading().map(|release| {
            let after = after.judge(release);
            let before = if is_same {
                after.clone()
            } else {
                before.judge(release)
            };
            lost[0].add(release, before.lost);
            lost[1].add(release, after.lost);
            Read {
                release,
                new_snapshotter: after
                    .snapshotter
                    .filter(|it| Some(it) != before.snapshotter.as_ref()),
                before: before.verdict,
                after: after.verdict,
                without: without.as_ref().map(|it| it.verdict(release)),
                counts: release.is_out() || self.releases != Release::LINES,
            }
        });
        (read.collect(), lost)
    }

    /// Keys that releases do not read, and those that they read from now on: with the first handler
    /// below its old plugin, CRI's snapshotter there comes into force.
    fn not_read_keys(&self, [before, after]: &[Losses; 2]) -> Vec<Warning> {
        let read_now = before.found_in(after).map(|key| {
            let message = format!(
                "from now on containerd 2.x reads {key}, which stood there without effect: check \
                 that its value is meant"
            );
            Warning::new("key-takes-effect", message)
        });
        let mut warnings: Vec<Warning> = read_now.collect();
        warnings.extend(after.warnings(&Model::new(&self.after, self.host)));
        warnings
    }

    /// Releases that would start no more, or without CRI.
    fn breaks(&self, read: &[Read]) -> Result<(), Error> {
        // A daemon that serves although the model says otherwise disproves the verdict on the old
        // config, not that on the new one.
        let is_new = |it: &Read| match (it.before.reason(), it.after.reason()) {
            (Some(before), Some(after)) => {
                let is_wrong = |reason| self.host.disproves(reason, it.release);
                is_wrong(before) && !is_wrong(after)
            }
            _ => false,
        };
        let broken =
            |it: &&Read| it.counts && (self.is_worse(it) || is_new(it) && !self.is_excused(it));
        let broken: Vec<&Read> = read.iter().filter(broken).collect();
        let reason = broken.first().and_then(|first| first.after.reason());
        let Some(reason) = reason else {
            return Ok(());
        };
        let what = match broken[0].after {
            Verdict::NoCri { .. } => "turn CRI off",
            _ => "not start any more",
        };
        let releases = releases(&broken);
        let harm = harmful(format!(
            "with this change containerd {releases} would {what}: {reason}"
        ));
        Err(placed(harm, reason))
    }

    /// A handler that could be used, and could be no more, or only as containerd has it built in. Returns
    /// a warning for each that is only there thanks to what goes.
    fn loses(&self, read: &[Read]) -> Result<Vec<Warning>, Error> {
        let mut along: BTreeSet<&String> = BTreeSet::new();
        for it in read.iter().filter(|it| it.counts && it.after.serves()) {
            let before = it.before.handlers().into_iter().flat_map(BTreeMap::keys);
            let lost = before.filter(|name| it.after.offers(name) < it.before.offers(name));
            // Without the tool there would be no such handler either.
            let is_own = |name: &String| {
                let without = it.without.as_ref();
                let is_there =
                    without.is_none_or(|without| without.offers(name) > it.after.offers(name));
                let may_go = !is_there || self.removes.contains(name);
                may_go && (self.judged.is_whole || !self.wanted.contains(name))
            };
            for name in lost {
                if is_own(name) {
                    along.extend((it.after.offers(name) == Offer::Nothing).then_some(name));
                    continue;
                }
                let release = it.release;
                return Err(harmful(match it.after.offers(name) {
                    Offer::BuiltIn => format!(
                        "with this change containerd {release} would run {name} with its built-in \
                         settings, and not with those of this config"
                    ),
                    _ => format!(
                        "with this change containerd {release} would not load {name} any more"
                    ),
                }));
            }
        }
        let is_told = |name: &String| {
            let removed = self.removed.iter().chain(self.removes);
            self.named.contains(name) || removed.into_iter().any(|it| it == name)
        };
        let untold = along.into_iter().filter(|name| !is_told(name));
        let warnings = untold.map(|name| {
            let message = format!(
                "containerd does not load {name} any more: it found it only thanks to what is removed"
            );
            Warning::new("not-loaded", message)
        });
        Ok(warnings.collect())
    }

    /// Where the handlers of the edit, and one that became the default, are not loaded.
    fn added(&self, read: &[Read]) -> Result<Vec<Warning>, Error> {
        let mut warnings = Vec::new();
        let new_default = self.new_default.filter(|_| self.adds());
        let named = self.named.iter().map(String::as_str);
        let named: BTreeSet<&str> = named.chain(new_default).collect();
        let serving: Vec<&Read> = read.iter().filter(|it| it.after.serves()).collect();
        for name in named {
            // What is left without its type is loaded, and no pod can run on it.
            let loads = |it: &Read| {
                let is_there = |verdict: &Verdict| {
                    let handlers = verdict.handlers();
                    handlers.is_some_and(|it| it.contains_key(name))
                };
                if self.adds() {
                    return is_there(&it.after);
                }
                it.after.offers(name) != Offer::Nothing || !is_there(&it.before)
            };
            let ignoring = serving.iter().copied().filter(|it| !loads(it));
            let ignoring: Vec<&Read> = ignoring.collect();
            if ignoring.is_empty() {
                continue;
            }
            if self.adds() && ignoring.len() == serving.len() {
                let error = harmful(format!(
                    "no containerd release that reads this file would load {name}"
                ));
                let remedy = (self.remedy)().into_iter();
                return Err(remedy.fold(error, Error::with_hint));
            }
            let releases = releases(&ignoring);
            let message = if self.adds() {
                let remedy = (self.remedy)().map(|it| format!("; {it}"));
                format!(
                    "containerd {releases} will not load {name}: it looks elsewhere in a file like \
                     this (see its version and its imports){}",
                    remedy.unwrap_or_default()
                )
            } else {
                let is_default = ignoring.iter().any(|it| it.after.default() == Some(name));
                let so = "; it is the default there, and pods without a RuntimeClass can't start: ";
                let so = is_default.then(|| format!("{so}{}", NextStep::NameDefault));
                let so = so.unwrap_or_default();
                format!(
                    "{name} is left without what its owner had set, and containerd {releases} will \
                     not load it: it has no runtime_type of its own{so}"
                )
            };
            warnings.push(Warning::new("not-loaded", message));
        }
        Ok(warnings)
    }

    /// Releases whose default is not the one that the edit has set.
    fn other_default(&self, read: &[Read]) -> Option<Warning> {
        let name = self.new_default?;
        let has_other = |it: &&Read| {
            let handlers = it.after.handlers();
            it.after.default() != Some(name) && handlers.is_some_and(|it| it.contains_key(name))
        };
        let others: Vec<&Read> = read.iter().filter(has_other).collect();
        let first = others.first()?;
        let other = first.after.default()?;
        let reason = self.place_of_default(first.release).map_or_else(
            || "no key that is read there names another one".to_owned(),
            |place| format!("{place} says so"),
        );
        let message = format!(
            "on containerd {} the default handler is {other}, not {name}: {reason} ({})",
            releases(&others),
            NextStep::SeeHandlers
        );
        Some(Warning::new("other-default", message))
    }

    /// Where a release has its default from.
    fn place_of_default(&self, release: Release) -> Option<String> {
        let model = Model::new(&self.after, self.host);
        let config = model.config_in(release)?;
        let old = old_handler_path("default");
        let mut keys = old.into_iter().chain([Key::default_handler().path]);
        let value = keys.find_map(|key| config.value(&key))?;
        let (path, at) = model.position(value.place);
        Some(format!("{}:{at}", path.display()))
    }

    /// Nothing is added to a config with which no release serves: whoever restarted containerd to load
    /// it would take the node down.
    fn serves_somewhere(&self, read: &[Read]) -> Result<(), Error> {
        let serves = read.iter().any(|it| it.after.serves());
        let may_be = serves || !self.adds() || self.allows_not_serving;
        let first = read.first().filter(|_| !may_be);
        let reason = first.and_then(|it| it.before.reason().or(it.after.reason()));
        let Some(reason) = reason else {
            return Ok(());
        };
        let releases: Vec<&Read> = read.iter().collect();
        let message = format!(
            "nothing is added, since this config does not serve CRI on containerd {}, before as after: \
             {reason}",
            self::releases(&releases)
        );
        let error = Error::new(Code::ServesNowhere, message, NextStep::RepairFirst);
        Err(placed(error, reason))
    }

    /// Releases that do not serve CRI with this config, whatever the edit does, or for what the host
    /// has.
    fn broken(&self, read: &[Read]) -> Option<Warning> {
        let on_host = self.seen.map(|host| Model::new(&self.after, host));
        let verdict = |it: &Read| match &on_host {
            Some(model) if it.after.serves() => model.verdict(it.release),
            _ => it.after.clone(),
        };
        let verdicts = read.iter().map(|it| (it, verdict(it)));
        let broken: Vec<(&Read, Verdict)> = verdicts.filter(|(_, it)| !it.serves()).collect();
        let (first, verdict) = broken.first()?;
        let since = if first.after.serves() {
            "as far as the host's files can be seen here"
        } else if self.is_worse(first) {
            "of which no release is out yet"
        } else if first.before.serves() {
            "as without this tool's keys"
        } else {
            "before as after"
        };
        let broken: Vec<&Read> = broken.iter().map(|(it, _)| *it).collect();
        let reason = verdict.reason()?;
        let message = format!(
            "this config does not serve CRI on containerd {}, {since}: {}",
            releases(&broken),
            self.with_place(reason)
        );
        // The text that is put in place is as it is judged.
        let own = reason.at.clone().filter(|_| self.judged.is_whole);
        let own = own.filter(|(path, _)| path == self.before.main());
        let code = if broken.len() == read.len() {
            Warning::SERVES_NOWHERE
        } else {
            "not-serving"
        };
        Some(Warning {
            at: own.and_then(|(_, at)| at),
            ..Warning::new(code, message)
        })
    }

    /// Whether a release does worse than before, and nothing excuses it.
    fn is_worse(&self, read: &Read) -> bool {
        read.after.rank() < read.before.rank() && !self.is_excused(read)
    }

    /// Whether the release would do no better without any key of the tool's: what goes may take it back
    /// to that.
    fn is_excused(&self, read: &Read) -> bool {
        let without = read.without.as_ref();
        !self.adds() && without.is_some_and(|it| it.rank() <= read.after.rank())
    }

    /// A reason, with its place if that is in another file: the edit may move lines of this one.
    fn with_place(&self, reason: &Reason) -> String {
        match &reason.at {
            Some((path, at)) if path != self.before.main() => {
                let line = at.as_ref().map_or_else(String::new, |at| format!(":{at}"));
                format!("{reason} ({}{line})", path.display())
            }
            _ => reason.to_string(),
        }
    }
}

/// CRI's snapshotter is another one now, and loads only on some hosts.
fn needing_host(read: &[Read]) -> Option<Warning> {
    let serving = read.iter().filter(|it| it.after.serves());
    let needing = |it: &Read| needs_of_host(it.new_snapshotter.as_deref()?);
    let needing: Vec<&Read> = serving.filter(|it| needing(it).is_some()).collect();
    let name = needing.first()?.new_snapshotter.as_deref()?;
    let message = format!(
        "from now on CRI of containerd {} uses the snapshotter {name}: without it CRI is off, and it \
         loads only if {}",
        releases(&needing),
        needs_of_host(name)?
    );
    Some(Warning::new("snapshotter-needs", message))
}

/// The error at the place of its reason. What is not in a file yet has its place in the text as it would
/// be.
fn placed(error: Error, reason: &Reason) -> Error {
    match &reason.at {
        Some((path, at)) => error.at(path).position_at(at.clone()),
        None => error,
    }
}

fn releases(read: &[&Read]) -> String {
    let releases: Vec<Release> = read.iter().map(|it| it.release).collect();
    listed(&releases)
}
