//! What an edit is made of before anything is read: where, how, and what a plan is.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commit::operation_log::{self, LogEntry, LogTo};
use crate::containerd::{Disproved, Release};
use crate::disk::existing::{REGULAR, kind_at};
use crate::disk::target::{Snapshot, Target};
use crate::disk::{HostRoot, sidecar};
use crate::error::{Error, NextStep};
use crate::node::Layout;
use crate::toml::Source;

/// How long [`Editor`] waits for the lock unless told otherwise.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// A command is named to this length.
const MOST_CHARACTERS: usize = 500;

/// Is told the path of the lock file and who holds the lock.
type OnWait = dyn Fn(&Path, &str) + Send;

/// Edits one containerd config.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Change, Editor, Handler};
///
/// let folder = tempfile::tempdir()?;
/// let editor = Editor::new(folder.path().join("config.toml"));
/// let change = Change::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
///
/// assert!(editor.plan(&change)?.is_change());
/// assert!(editor.commit(&change)?.is_change());
/// assert!(!editor.commit(&change)?.is_change());
///
/// editor.commit(Change::new().remove("spin"))?;
/// assert!(!folder.path().join("config.toml").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Editor {
    pub(crate) path: PathBuf,
    pub(crate) lock_timeout: Duration,
    pub(crate) command: String,
    pub(crate) releases: Vec<Release>,
    pub(crate) on_wait: Box<OnWait>,
    interrupted: Box<dyn Fn() -> bool + Send>,
    /// Whether a signal that arrives now is ignored until the edit is complete.
    pub(crate) finishes: Cell<bool>,
    pub(crate) host_root: HostRoot,
    pub(crate) log: LogTo,
    pub(crate) drop_in: DropIn,
    pub(crate) layout: Option<Layout>,
    /// Whether something may be added to a config with which no release serves.
    pub(crate) allows_not_serving: bool,
    /// What of the model a daemon has disproved that serves this config.
    pub(crate) disproved: RefCell<Option<Disproved>>,
    /// The config as it was read last: the same bytes are parsed once.
    known: RefCell<Source>,
}

/// Whether a change goes to a file of its own, which the config imports.
///
/// A drop-in has the config version and the plugin IDs of the config, which gets nothing but the
/// import. Once nothing is left in a drop-in but what the tool has created it with, the import goes
/// first and then the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DropIn {
    /// The change goes where the owner's keys went before. Those of a new owner go to its drop-in, if
    /// the config imports a folder by a pattern and is of version 3 or newer, or if the distribution
    /// has a folder for drop-ins; otherwise to the config itself.
    #[default]
    Automatic,
    /// The change goes to the config itself. One that prunes also takes the owner's drop-ins away.
    None,
    /// The drop-in is the owner's, or else `50-OWNER.toml` in the folder that the config imports, or
    /// in `conf.d` beside the config; a slash in the owner becomes `-`.
    ForOwner,
    /// The drop-in is this file of the host; a relative path begins at the config's folder.
    At(PathBuf),
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
            finishes: Cell::new(false),
            host_root: HostRoot::default(),
            log: LogTo::default(),
            drop_in: DropIn::default(),
            layout: None,
            allows_not_serving: false,
            disproved: RefCell::default(),
            known: RefCell::new("".into()),
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

    /// Lets something be added to a config with which no release serves CRI, before as after. Without
    /// it, such an edit is refused ([`Code::ServesNowhere`](crate::Code::ServesNowhere)).
    #[must_use]
    pub fn allow_not_serving(mut self, allows: bool) -> Self {
        self.allows_not_serving = allows;
        self
    }

    /// Sets the containerd releases that an edit is judged for, instead of all that are modelled;
    /// an empty list means all.
    ///
    /// Those count that read the config's version. If none does, an edit that adds something is
    /// refused ([`Code::VersionNotRead`](crate::Code::VersionNotRead)); one that only takes out, or
    /// takes back, is judged for all that do, with a warning (`version-not-read`).
    #[must_use]
    pub fn releases(mut self, releases: impl Into<Vec<Release>>) -> Self {
        self.releases = releases.into();
        if self.releases.is_empty() {
            self.releases = Release::LINES.to_vec();
        }
        self
    }

    /// Sets what is called, once, when the wait for the lock takes more than half a second. It is
    /// given the path of the lock file and who holds the lock, as far as that file tells.
    #[must_use]
    pub fn on_wait(mut self, call: impl Fn(&Path, &str) + Send + 'static) -> Self {
        self.on_wait = Box::new(call);
        self
    }

    /// Sets what is asked while the lock is busy, and before the config is changed, whether to give
    /// up: for example whether a signal has come. What has begun to change is always finished.
    #[must_use]
    pub fn interrupted(mut self, ask: impl Fn() -> bool + Send + 'static) -> Self {
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

    /// Sets whether changes go to a drop-in.
    #[must_use]
    pub fn drop_in(mut self, drop_in: DropIn) -> Self {
        self.drop_in = drop_in;
        self
    }

    /// Sets the layout of the host's distribution: which file is edited, and what stands between it
    /// and containerd. With a folder for drop-ins, changes go there; the config beside it is read and
    /// never written.
    #[must_use]
    pub fn layout(mut self, layout: impl Into<Option<Layout>>) -> Self {
        self.layout = layout.into();
        if let Some(layout) = &self.layout {
            layout.edited().clone_into(&mut self.path);
        }
        self
    }

    /// Reads the operation log, the oldest entry first.
    ///
    /// # Errors
    ///
    /// The errors of finding the config, and [`Code::Io`](crate::Code::Io) if the log can't be
    /// read.
    pub fn log_entries(&self) -> Result<Vec<LogEntry>, Error> {
        let Some(path) = self.log_path(&self.find()?)? else {
            return Ok(Vec::new());
        };
        operation_log::file::read(&path).map_err(|source| {
            let error = Error::io(&path, "read the operation log", source);
            if kind_at(&path).is_none_or(|kind| kind == REGULAR) {
                error
            } else if self.log == LogTo::Beside {
                error.with_hint(NextStep::MoveAway(&path))
            } else {
                error.with_hint("--log has to name a regular file")
            }
        })
    }

    /// Whether to give up where nothing has happened yet.
    pub(crate) fn is_interrupted(&self) -> bool {
        !self.finishes.get() && (self.interrupted)()
    }

    /// The config's path on the host, as containerd is given it: from there it resolves imports, and
    /// not from a link's target.
    pub(crate) fn main(&self) -> PathBuf {
        self.host_root.absolute(&self.path)
    }

    /// What a snapshot of the config says.
    pub(crate) fn source(&self, snapshot: &Snapshot) -> Source {
        let bytes = snapshot.bytes().unwrap_or_default();
        let mut known = self.known.borrow_mut();
        if known.bytes() != bytes {
            *known = bytes.into();
        }
        known.clone()
    }

    pub(crate) fn find(&self) -> Result<Target, Error> {
        Target::find(&self.path, &self.host_root)
    }

    /// Where this process finds the operation log. `None`: no log is kept.
    ///
    /// # Errors
    ///
    /// If its folder is not on the host: a path that is only guessed may lead out of the host root.
    pub(crate) fn log_path(&self, target: &Target) -> Result<Option<PathBuf>, Error> {
        let path = match &self.log {
            LogTo::Beside => return Ok(Some(sidecar::log(&target.path))),
            LogTo::File(path) => self.host_root.absolute(path),
            LogTo::Nowhere => return Ok(None),
        };
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            let source = io::ErrorKind::IsADirectory.into();
            return Err(Error::io(&path, "reach the operation log", source));
        };
        // By its folder's real path, so that it can be compared with others.
        let folder = self.host_root.resolve(folder);
        let folder = folder
            .map_err(|source| Error::io(&path, "reach the folder of the operation log", source))?;
        Ok(Some(folder.join(name)))
    }
}

/// It may be made in one thread and used in another.
#[cfg(test)]
const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Editor>();
};
