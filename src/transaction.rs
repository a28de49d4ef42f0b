//! The order of steps of one edit: plan (read, patch, judge), commit (lock, re-plan, replace).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;

use crate::containerd::{ConfigFiles, Host, Release};
use crate::document::Document;
use crate::error::Error;
use crate::judgement::Judgement;
use crate::lock::{self, ConfigLock, Patience};
use crate::patch::{Edited, Patch, Warning, apply, listed_names};
use crate::replace::{self, PendingFile, Replaced, Synced};
use crate::target::{Snapshot, Target};

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;
/// How long [`Editor`] waits for the lock unless told otherwise.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Is told the path of the lock file and what that says of its holder.
type OnWait = dyn Fn(&Path, Option<&str>);

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
    path: PathBuf,
    lock_timeout: Duration,
    command: String,
    releases: Vec<Release>,
    on_wait: Box<OnWait>,
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
    /// Whether the bytes differ. Only then does containerd need a restart.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.before.as_deref() != self.edited.text.as_ref().map(String::as_bytes)
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
        }
    }

    /// Sets how long to wait for the lock; zero: don't wait.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets what others are told about the holder of the lock, for example the command line.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        self
    }

    /// Sets the containerd releases that an edit is held against, instead of all that are modelled.
    #[must_use]
    pub fn releases(mut self, releases: impl Into<Vec<Release>>) -> Self {
        self.releases = releases.into();
        self
    }

    /// Sets what is called, once, when the wait for the lock takes more than half a second. It is
    /// given the path of the lock file and what that says of the holder.
    #[must_use]
    pub fn on_wait(mut self, call: impl Fn(&Path, Option<&str>) + 'static) -> Self {
        self.on_wait = Box::new(call);
        self
    }

    /// Reads the config as it is.
    ///
    /// # Errors
    ///
    /// [`Error::NoFile`] and the other errors of finding and reading a file.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        match Target::find(&self.path)?.read()?.existing {
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
        let snapshot = Target::find(&self.path)?.read()?;
        self.plan_from(&snapshot, patch)
    }

    /// Makes an edit, under the lock.
    ///
    /// If nothing is to be changed, the file is left alone: same bytes, inode and times.
    ///
    /// # Errors
    ///
    /// As [`Editor::plan`], and [`Error::LockBusy`], [`Error::KeptChanging`], or [`Error::Io`]. After
    /// any of them the config is as it was. Only after [`Error::NotDurable`] it has changed, without
    /// the certainty that this survives a power cut.
    pub fn commit(&self, patch: &Patch) -> Result<Plan, Error> {
        let mut target = Target::find(&self.path)?;
        let patience = Patience {
            timeout: self.lock_timeout,
            on_wait: &*self.on_wait,
        };
        let lock = match ConfigLock::acquire(&target.path, &self.command, &patience) {
            Ok(lock) => lock,
            Err(error) if is_read_only(&error) => {
                // Nobody can write there, so that nothing to do is nothing to lock for.
                let plan = self.plan(patch)?;
                return if plan.is_change() {
                    Err(error)
                } else {
                    Ok(plan)
                };
            }
            Err(error) => return Err(error),
        };
        let mut lock = lock;
        for _ in 0..TRIES {
            // A link may have been turned to another file while this run waited.
            let now = Target::find(&self.path)?;
            if now.path != target.path {
                target = now;
                lock = ConfigLock::acquire(&target.path, &self.command, &patience)?;
                continue;
            }
            let snapshot = target.read()?;
            let plan = self.plan_from(&snapshot, patch)?;
            let original = snapshot.existing.as_ref();
            if !plan.is_change() {
                let file = original.map(|existing| &existing.file);
                replace::sync(&target, file, Synced::Unchanged)?;
                return Ok(plan);
            }
            replace::sweep(&lock, &target);
            match (&plan.edited.text, original) {
                (Some(text), _) => {
                    let pending = PendingFile::write(&lock, &target, original, text.as_bytes())?;
                    if target.has_changed(&snapshot)? {
                        continue;
                    }
                    match pending.commit(&snapshot)? {
                        Replaced::Done => return Ok(plan),
                        Replaced::Overtaken => {}
                    }
                }
                (None, Some(original)) => {
                    if !target.has_changed(&snapshot)? {
                        replace::delete(&lock, &target, original)?;
                        return Ok(plan);
                    }
                }
                (None, None) => return Ok(plan),
            }
        }
        Err(Error::KeptChanging {
            path: self.path.clone(),
            tries: TRIES,
        })
    }

    fn plan_from(&self, snapshot: &Snapshot, patch: &Patch) -> Result<Plan, Error> {
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
        let main = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        // No file means the same to containerd as one that says nothing.
        let before = ConfigFiles::read(&main, plan.before.as_deref().unwrap_or_default());
        let after = plan.edited.text.as_deref().unwrap_or_default();
        let after = before.with_main(after.as_bytes());
        for sidecar in [lock::path_for(&main), replace::example_path(&main)] {
            if let Some(pattern) = before.pattern_for(&sidecar) {
                return Err(Error::ImportedSidecar {
                    path: self.path.clone(),
                    pattern: pattern.to_owned(),
                    sidecar,
                });
            }
        }
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

fn is_read_only(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if Errno::from_io_error(source) == Some(Errno::ROFS))
}
