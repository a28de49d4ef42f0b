//! What an edit is made of before anything is written: where, how, and the plan.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::containerd::{ConfigFiles, Host, Release};
use crate::document::Document;
use crate::error::Error;
use crate::file::target::{Snapshot, Target};
use crate::file::{HostRoot, sidecar, site};
use crate::judgement::Judgement;
use crate::operation_log::LogTo;
use crate::patch::{Edited, Patch, Warning, apply, listed_names};

/// How long [`Editor`] waits for the lock unless told otherwise.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// A command is named to this length.
const MOST_CHARACTERS: usize = 500;

/// Is told the path of the lock file and who holds the lock.
type OnWait = dyn Fn(&Path, &str);

/// Edits one containerd config.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Editor, Handler, Patch};
///
/// let folder = tempfile::tempdir()?;
/// let editor = Editor::new(folder.path().join("config.toml"));
/// let patch = Patch::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
///
/// assert!(editor.plan(&patch)?.is_change());
/// assert!(editor.commit(&patch)?.is_change());
/// assert!(!editor.commit(&patch)?.is_change());
///
/// editor.commit(&Patch::new().remove("spin"))?;
/// assert!(!folder.path().join("config.toml").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Editor {
    pub(crate) path: PathBuf,
    pub(crate) lock_timeout: Duration,
    pub(crate) command: String,
    releases: Vec<Release>,
    pub(crate) on_wait: Box<OnWait>,
    pub(crate) interrupted: Box<dyn Fn() -> bool>,
    pub(crate) host_root: HostRoot,
    pub(crate) log: LogTo,
}

/// An edit that was worked out, or made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The config's path as it was given.
    pub path: PathBuf,
    /// The bytes before; `None` if there was no file.
    pub before: Option<Vec<u8>>,
    /// What the patch makes of them.
    pub edited: Edited,
}

impl Plan {
    /// Whether the bytes differ.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.before.as_deref() != self.edited.text.as_ref().map(String::as_bytes)
    }

    /// Whether containerd reads anything else, and needs a restart for it. An edit may change no
    /// more than the comments that say whose something is.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.is_change() && self.edited.means_otherwise
    }
}

impl Editor {
    /// An editor for the config at `path`; symbolic links are followed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            lock_timeout: DEFAULT_LOCK_TIMEOUT,
            command: "library".to_owned(),
            releases: Release::LINES.to_vec(),
            on_wait: Box::new(|_, _| {}),
            interrupted: Box::new(|| false),
            host_root: HostRoot::default(),
            log: LogTo::default(),
        }
    }

    /// Sets how long to wait for the lock; zero: don't wait.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets what others are told about the holder of the lock, and what the operation log names, for
    /// example the command line. What is longer than 500 characters is cut.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        if let Some((end, _)) = self.command.char_indices().nth(MOST_CHARACTERS) {
            self.command.truncate(end);
            self.command.push('…');
        }
        self
    }

    /// Sets the containerd releases that an edit is held against, instead of all that are modelled.
    #[must_use]
    pub fn releases(mut self, releases: impl Into<Vec<Release>>) -> Self {
        self.releases = releases.into();
        self
    }

    /// Sets what is called, once, when the wait for the lock takes more than half a second. It is
    /// given the path of the lock file and who holds the lock, as far as that file tells.
    #[must_use]
    pub fn on_wait(mut self, call: impl Fn(&Path, &str) + 'static) -> Self {
        self.on_wait = Box::new(call);
        self
    }

    /// Sets what is asked while the lock is busy, and before the config is changed, whether to give
    /// up: for example whether a signal has come. What has begun to change is always finished.
    #[must_use]
    pub fn interrupted(mut self, ask: impl Fn() -> bool + 'static) -> Self {
        self.interrupted = Box::new(ask);
        self
    }

    /// Sets where the host's files are, for a container that has them mounted somewhere. The
    /// config's path, and every path in it, then is one of the host.
    #[must_use]
    pub fn host_root(mut self, root: HostRoot) -> Self {
        self.host_root = root;
        self
    }

    /// Sets where changes and refusals are noted down.
    #[must_use]
    pub fn log(mut self, log: LogTo) -> Self {
        self.log = log;
        self
    }

    /// Reads the config as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NoFile`] and the other errors of finding and reading a file.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        match self.find()?.read()?.existing {
            Some(existing) => Ok(existing.bytes),
            None => Err(Error::NoFile {
                path: self.path.clone(),
            }),
        }
    }

    /// Works an edit out. Takes no lock and writes nothing: the config is only ever replaced as a
    /// whole, so that reading it is safe.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be found, read or parsed, if the patch can't be applied, or if
    /// a containerd release would do worse with the result.
    pub fn plan(&self, patch: &Patch) -> Result<Plan, Error> {
        let target = self.find()?;
        let snapshot = target.read()?;
        self.check_sidecars(&target, &snapshot)?;
        let plan = self.plan_from(&snapshot, patch)?;
        if plan.is_change() {
            site::check(&target, snapshot.existing.as_ref())?;
        }
        Ok(plan)
    }

    pub(crate) fn find(&self) -> Result<Target, Error> {
        Target::find(&self.path, &self.host_root)
    }

    /// Where this process finds the operation log. `None`: there shall be none.
    pub(crate) fn log_path(&self, target: &Target) -> Option<PathBuf> {
        match &self.log {
            LogTo::Beside => Some(sidecar::log(&target.path)),
            LogTo::File(path) => {
                // By its folder's real path, so that it can be compared with others.
                let path = self.host_root.absolute(path);
                let (folder, name) = (path.parent()?, path.file_name()?);
                let folder = self.host_root.resolve(folder);
                Some(folder.map_or_else(|_| self.host_root.seen(&path), |found| found.join(name)))
            }
            LogTo::Nowhere => None,
        }
    }

    /// Refuses, before there is any, files beside the config that containerd would load, and a log
    /// that is one of them.
    pub(crate) fn check_sidecars(&self, target: &Target, snapshot: &Snapshot) -> Result<(), Error> {
        if let LogTo::File(log) = &self.log
            && let Some(found) = self.log_path(target)
            && let Some(reason) = sidecar::used_for(&found, &target.path)
        {
            return Err(Error::BadLog {
                path: self.path.clone(),
                log: log.clone(),
                reason,
            });
        }
        // containerd resolves imports from the path that it is given, not from a link's target.
        let main = self.host_root.absolute(&self.path);
        let real = self.host_root.on_host(&target.path);
        let existing = snapshot.existing.as_ref();
        let bytes = existing.map_or(&[][..], |existing| &existing.bytes);
        let files = ConfigFiles::read(&self.host_root, &main, bytes);
        let mut sidecars: Vec<PathBuf> = sidecar::examples(&main).into();
        sidecars.extend(sidecar::examples(&real));
        if let LogTo::File(log) = &self.log {
            sidecars.push(self.host_root.absolute(log));
        }
        for sidecar in sidecars {
            if let Some(pattern) = files.pattern_for(&sidecar) {
                return Err(Error::ImportedSidecar {
                    path: self.path.clone(),
                    pattern: pattern.to_owned(),
                    sidecar,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn plan_from(&self, snapshot: &Snapshot, patch: &Patch) -> Result<Plan, Error> {
        let bytes = snapshot.existing.as_ref().map(|existing| &existing.bytes);
        let config = bytes.map(|bytes| Document::parse(bytes)).transpose();
        let config = config.map_err(|source| Error::Parse {
            path: self.path.clone(),
            source,
        })?;
        let edited = apply(config.as_ref(), patch).map_err(|source| Error::Patch {
            path: self.path.clone(),
            source,
        })?;
        let mut plan = Plan {
            path: self.path.clone(),
            before: bytes.cloned(),
            edited,
        };
        if plan.is_change() {
            let listed = config.as_ref().map(listed_names).unwrap_or_default();
            let warnings = self.judge(&plan, &listed)?;
            plan.edited.warnings.extend(warnings);
        }
        Ok(plan)
    }

    /// Holds an edit against the model of each release.
    fn judge(&self, plan: &Plan, listed: &BTreeSet<String>) -> Result<Vec<Warning>, Error> {
        // containerd resolves imports from the path that it is given, not from a link's target.
        let main = self.host_root.absolute(&self.path);
        // No file means the same to containerd as one that says nothing.
        let before = plan.before.as_deref().unwrap_or_default();
        let before = ConfigFiles::read(&self.host_root, &main, before);
        let after = plan.edited.text.as_deref().unwrap_or_default();
        let after = before.with_main(after.as_bytes());
        let judgement = Judgement {
            before: &before,
            after: &after,
            edited: &plan.edited,
            listed,
            // The files that handlers refer to may be out of sight here: an installer's container
            // sees the host's under another path.
            host: &Host::here(),
            releases: &self.releases,
        };
        judgement.pass().map_err(|harm| Error::Harmful {
            path: self.path.clone(),
            what: harm.to_string(),
        })
    }
}
