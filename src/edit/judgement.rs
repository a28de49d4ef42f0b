//! Do no harm: an edit is held against the model of every containerd release.

use std::collections::{BTreeMap, BTreeSet};

use crate::containerd::release::{do_not_read, listed, reading};
use crate::containerd::{ConfigFiles, Host, LoadedHandler, Model, Reason, Release, Verdict};
use crate::error::{Code, Error, Warning};

use super::edited::Handlers;

/// A config before and after an edit, and the releases to hold it against.
pub(crate) struct Judgement<'j> {
    pub(crate) before: &'j ConfigFiles,
    pub(crate) after: &'j ConfigFiles,
    /// The files without any key of the tool's: what a release would be without it, it may become.
    /// `None`: that is not known yet.
    pub(crate) without: Option<&'j ConfigFiles>,
    pub(crate) handlers: &'j Handlers,
    /// Handlers that an owner wants once the edit is made.
    pub(crate) wanted: &'j BTreeSet<String>,
    pub(crate) new_default: Option<&'j str>,
    /// The config version of the main file.
    pub(crate) version: i64,
    pub(crate) host: &'j Host,
    pub(crate) releases: &'j [Release],
}

/// What one release makes of a config.
struct Read {
    release: Release,
    before: Verdict,
    after: Verdict,
    without: Option<Verdict>,
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
    fn in_sight(&self) -> Result<Option<InSight>, Error> {
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
        let without = self.without.map(|files| files.without(&unread));
        Ok(Some(InSight {
            before,
            after,
            without,
        }))
    }

    /// The same edit of other files.
    fn of<'a>(&'a self, files: &'a InSight) -> Judgement<'a> {
        Judgement {
            before: &files.before,
            after: &files.after,
            without: files.without.as_ref(),
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
        let named = reading(self.releases, self.version);
        if named.is_empty() {
            reading(&Release::LINES, self.version).into_iter()
        } else {
            named.into_iter()
        }
    }

    /// What is to be said where none of the releases that were named reads the file. What comes into
    /// it would be loaded by none of them, and is refused; what only goes can do them no harm.
    fn for_others(&self, adds: bool) -> Result<Option<Warning>, Error> {
        let (releases, version) = (self.releases, self.version);
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
        let read = self.read();
        self.breaks(&read)?;
        self.loses(&read)?;
        let mut warnings = self.added(&read, adds)?;
        warnings.extend(self.other_default(&read));
        warnings.extend(self.broken(&read));
        Ok(warnings)
    }

    fn compare_on_the_way(&self) -> Result<(), Error> {
        let read = self.read();
        self.breaks(&read)?;
        self.loses(&read)
    }

    fn read(&self) -> Vec<Read> {
        let model = |files| Model::new(files, self.host);
        let (before, after) = (model(self.before), model(self.after));
        let without = self.without.map(model);
        let read = self.reading().map(|release| Read {
            release,
            before: before.verdict(release),
            after: after.verdict(release),
            without: without.as_ref().map(|it| it.verdict(release)),
        });
        read.collect()
    }

    /// Releases whose default is not the one that the edit has set.
    fn other_default(&self, read: &[Read]) -> Option<Warning> {
        let name = self.new_default?;
        let (releases, others): (Vec<Release>, Vec<&String>) = read
            .iter()
            .filter_map(|it| match &it.after {
                Verdict::Serves { handlers, default }
                    if default != name && handlers.contains_key(name) =>
                {
                    Some((it.release, default))
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
    fn broken(&self, read: &[Read]) -> Option<Warning> {
        let (releases, broken): (Vec<Release>, Vec<_>) = read
            .iter()
            .filter_map(|it| Some((it.release, (&it.before, it.after.reason()?))))
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

    fn breaks(&self, read: &[Read]) -> Result<(), Error> {
        let (releases, broken): (Vec<Release>, Vec<_>) = read
            .iter()
            .filter(|it| !it.is_as_bad_without())
            .filter_map(|it| {
                let harm = match (&it.before, &it.after) {
                    (Verdict::Serves { .. }, Verdict::NoCri { reason }) => ("turn CRI off", reason),
                    (Verdict::Serves { .. } | Verdict::NoCri { .. }, Verdict::Exits { reason }) => {
                        ("not start any more", reason)
                    }
                    _ => return None,
                };
                Some((it.release, harm))
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

    fn loses(&self, read: &[Read]) -> Result<(), Error> {
        for it in read {
            let (true, Some(after)) = (it.before.serves(), it.after.handlers()) else {
                continue;
            };
            let before = it.before.handlers().into_iter().flat_map(BTreeMap::keys);
            let mut lost =
                before.filter(|name| it.before.is_usable(name) && !is_usable(after, name));
            // Without the tool there would be no such handler either.
            let is_own = |name: &String| {
                let is_there = it.without.as_ref().is_none_or(|it| it.is_usable(name));
                !is_there && !self.wanted.contains(name)
            };
            if let Some(name) = lost.find(|name| !is_own(name)) {
                return Err(harmful(format!(
                    "with this change containerd {} would not load {name} any more",
                    it.release
                )));
            }
        }
        Ok(())
    }

    /// Where the added handlers, and one that became the default, are not loaded.
    fn added(&self, read: &[Read], adds: bool) -> Result<Vec<Warning>, Error> {
        let mut warnings = Vec::new();
        let handlers = self.handlers;
        let known: Vec<&String> = handlers.added.iter().chain(&handlers.changed).collect();
        let new_default = self.new_default.map(str::to_owned);
        let new_default = new_default
            .iter()
            .filter(|name| adds && !known.contains(name));
        for name in known.iter().copied().chain(new_default) {
            let serving = read.iter().filter_map(|it| {
                let handlers = it.after.handlers()?;
                // What is left without its type is loaded, and no pod can run on it.
                let loads = handlers.contains_key(name) && (adds || it.after.is_usable(name));
                Some((it.release, loads))
            });
            let (loading, ignoring): (Vec<_>, Vec<_>) = serving.partition(|(_, loads)| *loads);
            if ignoring.is_empty() {
                continue;
            }
            if loading.is_empty() && adds {
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

/// The files of a judgement as far as they can be read here.
struct InSight {
    before: ConfigFiles,
    after: ConfigFiles,
    without: Option<ConfigFiles>,
}

impl Read {
    /// Whether the release would do no better without any key of the tool's.
    fn is_as_bad_without(&self) -> bool {
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Exits { .. } => 0,
            Verdict::NoCri { .. } => 1,
            Verdict::Serves { .. } => 2,
        };
        let without = self.without.as_ref();
        without.is_some_and(|it| rank(it) <= rank(&self.after))
    }
}

impl Verdict {
    fn handlers(&self) -> Option<&BTreeMap<String, LoadedHandler>> {
        match self {
            Self::Serves { handlers, .. } => Some(handlers),
            _ => None,
        }
    }

    fn is_usable(&self, name: &str) -> bool {
        self.handlers().is_some_and(|it| is_usable(it, name))
    }
}

/// Whether pods can run on a handler: it is loaded and has a shim.
fn is_usable(loaded: &BTreeMap<String, LoadedHandler>, name: &str) -> bool {
    let handler = loaded.get(name);
    handler.is_some_and(|handler| !handler.runtime_type.is_empty())
}
