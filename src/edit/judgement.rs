//! Do no harm: an edit is judged by the model of every containerd release.

use std::collections::BTreeSet;

use crate::containerd::release::{do_not_read, listed, reading};
use crate::containerd::{ConfigFiles, Host, Model, Release, lost};
use crate::error::{Code, Error, NextStep, Warning};
use crate::want::key::KeyValue;

/// What of an edit is judged by the model.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Judged<'j> {
    /// The keys that are asked for. None: something is only to be gone.
    pub(crate) keys: &'j [KeyValue],
    /// A warning for each over which a newer owner's value, or a later file, has the last word.
    pub(crate) overridden: &'j [Warning],
    /// The handlers that the change is to remove; `None`: all that go.
    pub(crate) removes: Option<&'j [String]>,
    /// Whether a whole text takes a file's place: what it lacks is to go, whoever wants it.
    pub(crate) is_whole: bool,
}

impl Judged<'_> {
    /// Whole texts take the places of files.
    pub(crate) const WHOLE: Self = Self {
        keys: &[],
        overridden: &[],
        removes: None,
        is_whole: true,
    };
}

/// A config before and after an edit, and the releases to hold it against.
#[derive(Clone)]
pub(crate) struct Judgement<'j> {
    pub(crate) before: ConfigFiles,
    pub(crate) after: ConfigFiles,
    /// The files without any key of the tool's. An edit may bring a release back to what it does with
    /// these, and not below that. `None`: not worked out yet.
    pub(crate) without: Option<ConfigFiles>,
    pub(crate) judged: Judged<'j>,
    /// Handlers that the edit names, adds or changes.
    pub(crate) named: &'j BTreeSet<String>,
    /// Handlers that the edit removes.
    pub(crate) removed: &'j [String],
    /// Those of which that was said.
    pub(crate) removes: &'j [String],
    /// Handlers that an owner wants once the edit is made.
    pub(crate) wanted: &'j BTreeSet<String>,
    pub(crate) new_default: Option<&'j str>,
    /// The config version of the main file: before the edit, if it says anything there, else after it.
    pub(crate) version: i64,
    /// Without the files that handlers refer to: they may be out of sight here, since an installer's
    /// container sees the host's under another path.
    pub(crate) host: &'j Host,
    /// With these files as far as they can be seen, where the result refers to any.
    pub(crate) seen: Option<&'j Host>,
    /// What has a handler loaded that a release does not find where it is.
    pub(crate) remedy: &'j dyn Fn() -> Option<String>,
    /// Whether something may be added to a config with which no release serves.
    pub(crate) allows_not_serving: bool,
    pub(crate) releases: &'j [Release],
}

impl Judgement<'_> {
    /// Returns what people should know, or why the edit is refused.
    pub(crate) fn pass(&self) -> Result<Vec<Warning>, Error> {
        let for_others = self.for_others()?;
        let compared = self.in_sight()?.compare();
        let mut warnings = compared.map_err(|harm| self.in_part(harm))?;
        warnings.extend(self.not_read());
        warnings.extend(lost::unknown(self.releases));
        warnings.extend(for_others);
        Ok(warnings)
    }

    /// Returns what people should know of an edit with nothing to do: where what it names is not loaded,
    /// and whether nothing serves.
    pub(crate) fn pass_unchanged(&self) -> Result<Vec<Warning>, Error> {
        let Some(in_sight) = self.in_sight().ok().filter(|_| self.adds()) else {
            return Ok(Vec::new());
        };
        in_sight.compare_unchanged()
    }

    /// Returns why a release would suffer from a state that lasts until the edit is made, or after a
    /// crash until it is made again.
    pub(crate) fn serves_on_the_way(&self) -> Result<(), Error> {
        let compared = self.in_sight()?.compare_on_the_way();
        compared.map_err(|harm| self.in_part(harm))
    }

    /// The same edit without the imports that can't be read here. containerd would exit for one, and
    /// nothing is worse than that; but it may see what an installer's container does not.
    fn in_sight(&self) -> Result<Self, Error> {
        let unread = self.before.unread();
        let before = self.before.without(&unread);
        let model = Model::new(&before, self.host);
        let mut releases = self.reading();
        let missing = self.before.missing_beside().collect();
        // Who puts a whole text in place has seen what stands there.
        let is_known = unread.is_subset(&missing) || self.judged.is_whole;
        if !is_known && !releases.any(|release| model.verdict(release).serves()) {
            return Err(harmful(format!(
                "it can't be told what this change would do: no containerd release serves CRI with \
                 what can be read here, before as after, and this can't: {}",
                self.before.describe_unread()
            )));
        }
        Ok(Self {
            after: self.after.without(&unread),
            without: self.without.as_ref().map(|files| files.without(&unread)),
            before,
            ..self.clone()
        })
    }

    /// The same harm, found without all that containerd reads, if that is so.
    fn in_part(&self, harm: Error) -> Error {
        if self.before.unread().is_empty() {
            return harm;
        }
        let unread = self.before.describe_unread();
        let message = format!("{harm} (judged without {unread})");
        harm.with_message(message)
    }

    /// The imports that can't be read here, without those that go.
    fn not_read(&self) -> Option<Warning> {
        let unread = self.before.unread();
        self.after.unread().intersection(&unread).next()?;
        let model = Model::new(&self.after, self.host);
        let at = self.reading().find_map(|release| {
            let (path, at) = model.verdict(release).reason()?.at.clone()?;
            at.filter(|_| path == self.after.main())
        });
        let (code, message) = if let Some(path) = self.after.missing_beside().next() {
            let path = path.display();
            let message =
                format!("containerd does not start: {path} is imported, and is not there");
            (Warning::SERVES_NOWHERE, message)
        } else {
            let unread = self.after.describe_unread();
            let message = format!("judged without {unread}; containerd does not start without it");
            ("import-not-read", message)
        };
        Some(Warning {
            at,
            ..Warning::new(code, message)
        })
    }

    /// Whether something is to be there afterwards, and not only be gone.
    pub(super) fn adds(&self) -> bool {
        !self.judged.keys.is_empty()
    }

    /// The releases that the edit is judged for, by each builder: of those that were named the ones
    /// that read the file, or else all that do.
    pub(super) fn reading(&self) -> impl Iterator<Item = Release> {
        let mut releases = self.reading_of(self.releases);
        if releases.is_empty() {
            releases = self.reading_of(&Release::LINES);
        }
        releases.into_iter().flat_map(Release::builds)
    }

    /// Those of the releases that read the config as it is.
    fn reading_of(&self, releases: &[Release]) -> Vec<Release> {
        Model::new(&self.before, self.host).reading(releases, self.version)
    }

    /// What is to be said where none of the releases that were named reads the file. What comes into
    /// it would be loaded by none of them, and is refused; what only goes can do them no harm.
    fn for_others(&self) -> Result<Option<Warning>, Error> {
        let (releases, version) = (self.releases, self.version);
        if !self.reading_of(releases).is_empty() {
            return Ok(None);
        }
        if self.adds() && releases != Release::LINES {
            return Err(not_read(releases, version));
        }
        let others = self.reading_of(&Release::LINES);
        let (code, message) = if others.is_empty() {
            let message = format!(
                "config version {version} is newer than any that this release knows, so this edit \
                 was judged for no release of containerd"
            );
            (Warning::NOT_JUDGED, message)
        } else {
            let named = do_not_read(releases, version);
            let message = format!("{named}; judged for {}, which do", listed(&others));
            ("version-not-read", message)
        };
        Ok(Some(Warning::new(code, message)))
    }
}

/// Some release would do worse with the result than with the config as it is.
pub(crate) fn harmful(message: String) -> Error {
    Error::new(Code::Harmful, message, NextStep::NameRelease)
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
