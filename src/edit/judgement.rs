//! Do no harm: an edit is held against the model of every containerd release.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::containerd::release::{do_not_read, listed, reading};
use crate::containerd::{ConfigFiles, Host, LoadedHandler, Model, Reason, Release, Verdict};
use crate::edit::patch::Edited;
use crate::error::{Code, Error, Warning};

/// A config before and after an edit, and the releases to hold it against.
pub(crate) struct Judgement<'j> {
    pub(crate) before: &'j ConfigFiles,
    pub(crate) after: &'j ConfigFiles,
    pub(crate) edited: &'j Edited,
    /// The handlers that the file lists before, wherever.
    pub(crate) listed: &'j BTreeSet<String>,
    pub(crate) host: &'j Host,
    pub(crate) releases: &'j [Release],
}

impl Judgement<'_> {
    /// Returns what people should know, or why the edit is refused. `adds`: whether something shall
    /// be there afterwards, and not only be gone.
    pub(crate) fn pass(&self, adds: bool) -> Result<Vec<Warning>, Error> {
        let for_others = self.for_others(adds)?;
        let mut warnings = match self.in_sight()? {
            None => self.compare(adds)?,
            Some(files) => {
                let compared = self.of(&files).compare(adds);
                let mut warnings = compared.map_err(|harm| self.in_part(&harm))?;
                warnings.extend(self.not_read());
                warnings
            }
        };
        warnings.extend(for_others);
        Ok(warnings)
    }

    /// Returns why a release would suffer from a state that lasts until the edit is made, or after a
    /// crash until it is made again.
    pub(crate) fn serves_on_the_way(&self) -> Result<(), Error> {
        let Some(files) = self.in_sight()? else {
            return self.compare_on_the_way();
        };
        let compared = self.of(&files).compare_on_the_way();
        compared.map_err(|harm| self.in_part(&harm))
    }

    /// The files before and after without the imports that can't be read here, if there are any.
    /// containerd would exit for one, and nothing is worse than that; but it may see what an
    /// installer's container does not.
    fn in_sight(&self) -> Result<Option<[ConfigFiles; 2]>, Error> {
        let unread = self.before.unread();
        if unread.is_empty() {
            return Ok(None);
        }
        let before = self.before.without(&unread);
        let model = Model::new(&before, self.host);
        if !self
            .reading()
            .any(|release| model.verdict(release).serves())
        {
            return Err(harmful(format!(
                "it can't be told what this change would do: no containerd release serves CRI with \
                 what can be read here, before as after, and this can't: {}",
                self.before.told_unread()
            )));
        }
        let after = self.after.without(&unread);
        Ok(Some([before, after]))
    }

    /// The same edit of other files.
    fn of<'a>(&'a self, [before, after]: &'a [ConfigFiles; 2]) -> Judgement<'a> {
        Judgement {
            before,
            after,
            ..*self
        }
    }

    /// The same harm, found without all that containerd reads.
    fn in_part(&self, harm: &Error) -> Error {
        let unread = self.before.told_unread();
        harmful(format!("{harm} (judged without {unread})"))
    }

    /// The imports that can't be read here.
    fn not_read(&self) -> Option<Warning> {
        if self.before.unread().is_empty() {
            return None;
        }
        let model = Model::new(self.before, self.host);
        let at = self.reading().find_map(|release| {
            let (path, at) = model.verdict(release).reason()?.at.clone()?;
            at.filter(|_| path == self.before.main())
        });
        Some(Warning {
            code: "import-not-read",
            message: format!(
                "judged without {}; containerd does not start without it",
                self.before.told_unread()
            ),
            at,
        })
    }

    /// The releases that the edit is held against: of those that were named the ones that read the
    /// file, or else all that do.
    fn reading(&self) -> impl Iterator<Item = Release> {
        let named = reading(self.releases, self.edited.version);
        if named.is_empty() {
            reading(&Release::LINES, self.edited.version).into_iter()
        } else {
            named.into_iter()
        }
    }

    /// What is to be said where none of the releases that were named reads the file. What comes into
    /// it would be loaded by none of them, and is refused; what only goes can do them no harm.
    fn for_others(&self, adds: bool) -> Result<Option<Warning>, Error> {
        let (releases, version) = (self.releases, self.edited.version);
        if !reading(releases, version).is_empty() {
            return Ok(None);
        }
        if adds && releases != Release::LINES {
            return Err(not_read(releases, version));
        }
        let others = reading(&Release::LINES, version);
        let (code, message) = if others.is_empty() {
            let message = format!(
                "config version {version} is newer than any that this release knows, so this edit \
                 was held against no release of containerd"
            );
            ("not-judged", message)
        } else {
            let named = do_not_read(releases, version);
            let message = format!("{named}; judged for {}, which do", listed(&others));
            ("version-not-read", message)
        };
        Ok(Some(Warning {
            code,
            message,
            at: None,
        }))
    }

    fn compare(&self, adds: bool) -> Result<Vec<Warning>, Error> {
        let after = Model::new(self.after, self.host);
        let after: Vec<(Release, Verdict)> = self
            .reading()
            .map(|release| (release, after.verdict(release)))
            .collect();
        if self.is_plainly_good(&after) {
            return Ok(Vec::new());
        }
        let before = Model::new(self.before, self.host);
        let read: Vec<(Release, Verdict, Verdict)> = after
            .into_iter()
            .map(|(release, after)| (release, before.verdict(release), after))
            .collect();
        self.breaks(&read)?;
        self.loses(&read)?;
        let mut warnings = self.added(&read, adds)?;
        warnings.extend(self.given_back(&read));
        warnings.extend(self.other_default(&read));
        warnings.extend(self.broken(&read));
        Ok(warnings)
    }

    fn compare_on_the_way(&self) -> Result<(), Error> {
        let (before, after) = (
            Model::new(self.before, self.host),
            Model::new(self.after, self.host),
        );
        let read: Vec<(Release, Verdict, Verdict)> = self
            .reading()
            .map(|release| (release, before.verdict(release), after.verdict(release)))
            .collect();
        self.breaks(&read)?;
        self.loses(&read)
    }

    /// Releases whose default is not the one that the edit has set.
    fn other_default(&self, read: &[(Release, Verdict, Verdict)]) -> Option<Warning> {
        let name = self.edited.new_default.as_ref()?;
        let (releases, others): (Vec<Release>, Vec<&String>) = read
            .iter()
            .filter_map(|(release, _, after)| match after {
                Verdict::Serves { handlers, default }
                    if default != name && handlers.contains_key(name) =>
                {
                    Some((*release, default))
                }
                _ => None,
            })
            .unzip();
        let other = others.first()?;
        let message = format!(
            "on containerd {} the default handler is {other}, not {name}: an imported file or \
             `default_runtime` says so (see `containerd-edit list`)",
            listed(&releases)
        );
        Some(Warning {
            code: "other-default",
            message,
            at: None,
        })
    }

    /// Releases that do not serve CRI with this config, whatever the edit does.
    fn broken(&self, read: &[(Release, Verdict, Verdict)]) -> Option<Warning> {
        let (releases, broken): (Vec<Release>, Vec<_>) = read
            .iter()
            .filter_map(|(release, before, after)| Some((*release, (before, after.reason()?))))
            .unzip();
        let (before, reason) = broken.first()?;
        let since = if before.serves() {
            "as before the tool's own handlers came"
        } else {
            "before as after"
        };
        Some(Warning {
            code: "not-serving",
            message: format!(
                "this config does not serve CRI on containerd {}, {since}: {}",
                listed(&releases),
                self.told(reason)
            ),
            at: None,
        })
    }

    /// A reason, with its place if that is in another file: the edit may move lines of this one.
    fn told(&self, reason: &Reason) -> String {
        match &reason.at {
            Some((path, Some(at))) if path != self.before.main() => {
                format!("{reason} ({}:{at})", path.display())
            }
            Some((path, None)) if path != self.before.main() => {
                format!("{reason} ({})", path.display())
            }
            _ => reason.to_string(),
        }
    }

    /// Whether every release serves all that could have been there before, and what was added: then
    /// there is nothing to compare.
    fn is_plainly_good(&self, after: &[(Release, Verdict)]) -> bool {
        let handlers = &self.edited.handlers;
        let kept = self.listed.iter();
        let kept = kept.filter(|name| !handlers.removed.contains(name));
        let wanted: Vec<&String> = kept.chain(&handlers.added).collect();
        let is_good = |verdict: &Verdict| match verdict {
            Verdict::Serves {
                handlers: loaded,
                default,
            } => {
                let new_default = self.edited.new_default.as_ref();
                loaded.contains_key("runc")
                    && new_default.is_none_or(|name| name == default)
                    && wanted.iter().all(|name| is_usable(loaded, name))
            }
            _ => false,
        };
        self.before.len() == 1 && after.iter().all(|(_, verdict)| is_good(verdict))
    }

    fn breaks(&self, read: &[(Release, Verdict, Verdict)]) -> Result<(), Error> {
        let (releases, broken): (Vec<Release>, Vec<_>) = read
            .iter()
            .filter_map(|(release, before, after)| {
                let taken_back = self.edited.takes_back && release.is_1x();
                let harm = match (before, after) {
                    (Verdict::Serves { .. }, Verdict::NoCri { reason }) if !taken_back => {
                        ("turn CRI off", reason)
                    }
                    (Verdict::Serves { .. } | Verdict::NoCri { .. }, Verdict::Exits { reason }) => {
                        ("not start any more", reason)
                    }
                    _ => return None,
                };
                Some((*release, harm))
            })
            .unzip();
        match broken.first() {
            None => Ok(()),
            Some(&(what, reason)) => Err(harmful(format!(
                "with this change containerd {} would {what}: {}",
                listed(&releases),
                self.told(reason)
            ))),
        }
    }

    fn loses(&self, read: &[(Release, Verdict, Verdict)]) -> Result<(), Error> {
        for (release, before, after) in read {
            let (
                Verdict::Serves {
                    handlers: before, ..
                },
                Verdict::Serves {
                    handlers: after, ..
                },
            ) = (before, after)
            else {
                continue;
            };
            let is_meant = |name: &String| {
                let is_taken_back = self.edited.takes_back && release.is_1x() && name == "runc";
                is_taken_back
                    || self.edited.handlers.removed.contains(name)
                    || self.edited.gives_back.contains(name)
            };
            let lost = before
                .keys()
                .find(|name| is_usable(before, name) && !is_usable(after, name) && !is_meant(name));
            if let Some(name) = lost {
                return Err(harmful(format!(
                    "with this change containerd {release} would not load {name} any more"
                )));
            }
        }
        Ok(())
    }

    /// Handlers that were loaded for an owner's keys alone, and are not without them.
    fn given_back(&self, read: &[(Release, Verdict, Verdict)]) -> Vec<Warning> {
        let names = self.edited.gives_back.iter();
        let lost = names.filter_map(|name| {
            let losing = read.iter().filter(|(_, before, after)| {
                let usable = |verdict: &Verdict| match verdict {
                    Verdict::Serves { handlers, .. } => is_usable(handlers, name),
                    _ => false,
                };
                usable(before) && !usable(after) && after.serves()
            });
            let (mut releases, mut is_default) = (Vec::new(), false);
            for (release, _, after) in losing {
                releases.push(*release);
                is_default |= matches!(after, Verdict::Serves { default, .. } if default == name);
            }
            let so = if is_default {
                "; it is the default there, and pods without a RuntimeClass can't start: name \
                 another one with `containerd-edit set-default`"
            } else {
                ""
            };
            (!releases.is_empty()).then(|| Warning {
                code: "not-loaded",
                message: format!(
                    "{name} is left without what its owner had set, and containerd {} will not load \
                     it: it has no runtime_type of its own{so}",
                    listed(&releases)
                ),
                at: None,
            })
        });
        lost.collect()
    }

    /// Where the added handlers, and one that became the default, are not loaded.
    fn added(
        &self,
        read: &[(Release, Verdict, Verdict)],
        adds: bool,
    ) -> Result<Vec<Warning>, Error> {
        let mut warnings = Vec::new();
        let handlers = &self.edited.handlers;
        let added = &handlers.added;
        let is_given_back = |name: &&String| self.edited.gives_back.contains(*name);
        let changed: Vec<&String> = handlers
            .changed
            .iter()
            .filter(|it| !is_given_back(it))
            .collect();
        let new_default = self.edited.new_default.iter();
        let new_default = new_default
            .filter(|name| adds && !added.contains(name) && !handlers.changed.contains(name));
        for name in added.iter().chain(changed).chain(new_default) {
            let serving = read.iter().filter_map(|(release, _, after)| match after {
                Verdict::Serves { handlers, .. } => Some((*release, handlers.contains_key(name))),
                _ => None,
            });
            let (loading, ignoring): (Vec<_>, Vec<_>) = serving.partition(|(_, loads)| *loads);
            if ignoring.is_empty() {
                continue;
            }
            if loading.is_empty() {
                return Err(harmful(format!(
                    "no containerd release that reads this file would load {name}"
                )));
            }
            let releases: Vec<Release> = ignoring.into_iter().map(|(release, _)| release).collect();
            warnings.push(Warning {
                code: "not-loaded",
                message: format!(
                    "containerd {} will not load {name}: it looks elsewhere in a file like this \
                     (see its version and its imports)",
                    listed(&releases)
                ),
                at: None,
            });
        }
        Ok(warnings)
    }
}

/// Some release would do worse with the result than with the config as it is.
pub(crate) fn harmful(message: String) -> Error {
    let hint = "the file is untouched; `containerd-edit check` shows what each release makes of it; \
                if other releases never run here, name the one that does with --containerd-version";
    Error::new(Code::Harmful, message, hint)
}

/// Something was to be added for releases that read no file of the config's version.
fn not_read(releases: &[Release], version: i64) -> Error {
    let reading = reading(&Release::LINES, version);
    let hint = if reading.is_empty() {
        "leave --containerd-version away: no release that this one knows reads the file, and the \
         edit is not judged then"
            .to_owned()
    } else {
        format!(
            "name the release that runs here with --containerd-version, or leave it away: then the \
             edit is judged for {}",
            listed(&reading)
        )
    };
    Error::new(Code::VersionNotRead, do_not_read(releases, version), hint)
}

/// Whether pods can run on a handler: it is loaded and has a shim.
fn is_usable(loaded: &BTreeMap<String, LoadedHandler>, name: &str) -> bool {
    let handler = loaded.get(name);
    handler.is_some_and(|handler| !handler.runtime_type.is_empty())
}
