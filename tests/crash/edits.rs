//! The edits that are cut short: what stands there before, the command line, what must stand there
//! after.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::command::{PROGRAM, Subject};
use crate::disk::{Node, State};
use crate::ledgers::{self, Ledgers, Recorded};
use crate::process::{Run, finished};
use crate::promise::Promise;

/// Comments, an odd order, no final newline: what a rewrite would lose.
pub(crate) const CONFIG: &str = "# node-a\nversion = 3\n\n[plugins]\n  \
    [plugins.'io.containerd.cri.v1.images']\n    snapshotter = \"overlayfs\" # measured\n\
    [timeouts]\n  \"io.containerd.timeout.shim.shutdown\" = \"3s\"";
/// A patch.
const DEBUG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/debug.toml");
/// Not that of a new file.
const MODE: u32 = 0o640;
const ATTRIBUTE: (&str, &[u8]) = ("user.origin", b"ops");
/// Long enough for a machine with other things to do.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What an edit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds a handler to a config.
    Add,
    /// Removes a handler; the rest of the config stays.
    Remove,
    /// Adds a handler that is there.
    Unchanged,
    /// Adds a handler where there is no config.
    Create,
    /// Removes the handler that a config was created for.
    Delete,
    /// Adds a handler to a config that is a symbolic link.
    Linked,
    /// Asks for what another owner has put there already: only the ledger changes.
    Record,
}

/// An edit, and the bytes before and after it; `None`: no file.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) edit: Edit,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Option<Vec<u8>>,
    pub(crate) ledger: Recorded,
}

/// A temporary folder with a config.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    _folder: TempDir,
    /// Whether the filesystem has extended attributes for users.
    labelled: bool,
}

/// What runs once more after an edit. Only a bug in what such a run sweeps shows there.
pub(crate) fn again(subject: Subject) -> Subject {
    match subject.bugs {
        Some("NoUnlink") => subject,
        _ => Subject::SOUND,
    }
}

impl Edit {
    pub(crate) const ALL: [Self; 7] = [
        Self::Add,
        Self::Remove,
        Self::Unchanged,
        Self::Create,
        Self::Delete,
        Self::Linked,
        Self::Record,
    ];

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Remove | Self::Delete => &["remove", "crun"],
            Self::Add | Self::Unchanged | Self::Create | Self::Linked => &["add", "crun"],
            Self::Record => &["apply", DEBUG],
        }
    }

    /// The config before the command has ever been there.
    pub(crate) fn first_config(self) -> Option<&'static str> {
        (!matches!(self, Self::Create | Self::Delete)).then_some(CONFIG)
    }

    /// What the command has been asked for before.
    pub(crate) fn first_run(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Remove | Self::Delete => Some(Self::Add.arguments()),
            Self::Record => Some(&["apply", DEBUG, "--owner", "other"]),
            Self::Add | Self::Unchanged | Self::Create | Self::Linked => None,
        }
    }

    pub(crate) fn example(self) -> Example {
        let place = Place::before(self);
        if self == Self::Unchanged {
            place.succeed(self.arguments());
        }
        let (before, old) = (place.bytes(), place.ledgers().now);
        place.succeed(self.arguments());
        let new = place.ledgers().now;
        Example {
            edit: self,
            before,
            after: place.bytes(),
            ledger: Recorded { old, new },
        }
    }

    /// What the edit makes of a config when nothing gets in its way.
    pub(crate) fn of(self, config: Option<&[u8]>, ledger: Option<&[u8]>) -> Option<Vec<u8>> {
        let place = Place::empty();
        if let Some(bytes) = config {
            fs::write(place.config(), bytes).expect("the config is written");
        }
        if let Some(bytes) = ledger {
            fs::write(ledgers::path(&place.config(), ""), bytes).expect("the ledger is written");
        }
        place.succeed(self.arguments());
        place.bytes()
    }
}

impl Example {
    /// A folder in which nothing was done yet.
    pub(crate) fn place(&self) -> Place {
        let mut place = Place::empty();
        let file = place.file_for(self.edit);
        if let Some(bytes) = &self.ledger.old {
            fs::write(ledgers::path(&file, ""), bytes).expect("the ledger is written");
        }
        let Some(bytes) = &self.before else {
            return place;
        };
        fs::write(&file, bytes).expect("the config is written");
        fs::set_permissions(&file, Permissions::from_mode(MODE)).expect("chmod");
        place.labelled = xattr::set(&file, ATTRIBUTE.0, ATTRIBUTE.1).is_ok();
        place
    }

    /// What is wrong with the place of an edit that was cut short, whatever else there is to say.
    pub(crate) fn torn(&self, place: &Place) -> Option<String> {
        let bytes = place.bytes();
        if bytes != self.before && bytes != self.after {
            return Some(format!("neither old nor new: {}", shown(bytes.as_deref())));
        }
        let ledgers = place.ledgers();
        let has_begun = self.has_begun(bytes.as_deref(), &ledgers);
        if let Some(wrong) = self.ledger.wrong(&ledgers, has_begun, Promise::None) {
            return Some(wrong);
        }
        if bytes.is_none() || self.before.is_none() {
            return None;
        }
        if self.edit == Edit::Linked && !is_link(&place.config()) {
            return Some("the link is gone".to_owned());
        }
        let metadata = fs::metadata(place.config()).expect("it was just read");
        if metadata.permissions().mode() & 0o7777 != MODE {
            return Some(format!("its mode: {:o}", metadata.permissions().mode()));
        }
        let attribute = xattr::get_deref(place.config(), ATTRIBUTE.0).ok().flatten();
        (place.labelled && attribute.as_deref() != Some(ATTRIBUTE.1))
            .then(|| format!("its attribute: {attribute:?}"))
    }

    /// Whether an edit that was cut short has come to its files; one that has none, to the ledger.
    pub(crate) fn has_begun(&self, bytes: Option<&[u8]>, ledgers: &Ledgers) -> bool {
        if self.before == self.after {
            ledgers.now == self.ledger.new
        } else {
            bytes == self.after.as_deref()
        }
    }

    /// What is wrong when an owner that has nothing to do with the edit comes after it was cut short,
    /// and when all leave then.
    pub(crate) fn after_the_next_owner(&self, place: &Place) -> Option<String> {
        let has_begun = self.has_begun(place.bytes().as_deref(), &place.ledgers());
        let run = |arguments: &[&str]| place.run_with(arguments, Subject::SOUND);
        let wrong = self.ledger.next_owner(&place.file(), has_begun, run);
        wrong.or_else(|| place.unlike_the_first(self.edit))
    }

    /// What is wrong with taking back an edit that a rerun has completed.
    pub(crate) fn not_undone(&self, place: &Place) -> Option<String> {
        if self.before == self.after {
            return None;
        }
        let run = place.run_with(&["undo"], Subject::SOUND);
        let bytes = place.bytes();
        let is_undone = run.code() == Some(0) && bytes == self.before;
        (!is_undone).then(|| format!("not undone: {}; {run:?}", shown(bytes.as_deref())))
    }

    /// What is wrong with running the command once more, with nothing in its way.
    pub(crate) fn unsettled(&self, place: &Place, subject: Subject) -> Option<String> {
        let run = place.run(self.edit, again(subject));
        if run.code() != Some(0) {
            return Some(format!("the rerun fails: {run:?}"));
        }
        if place.bytes() != self.after {
            let bytes = place.bytes();
            return Some(format!(
                "not new after the rerun: {}",
                shown(bytes.as_deref())
            ));
        }
        if let Some(torn) = self.torn(place).or_else(|| place.ledgers().unfinished()) {
            return Some(format!("after the rerun: {torn}"));
        }
        if place.ledgers().now != self.ledger.new {
            let now = place.ledgers().now;
            return Some(format!(
                "the ledger after the rerun: {}",
                String::from_utf8_lossy(&now.unwrap_or_default())
            ));
        }
        let left = place.temporaries();
        (!left.is_empty()).then(|| format!("the rerun leaves {left:?}"))
    }
}

impl Place {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        fs::create_dir_all(root.join("etc/real")).expect("creates folders");
        Self {
            root,
            _folder: folder,
            labelled: false,
        }
    }

    /// What an edit starts from, as the command itself has left it, with all that it keeps beside
    /// a config.
    pub(crate) fn before(edit: Edit) -> Self {
        let place = Self::empty();
        let file = place.file_for(edit);
        if let Some(bytes) = edit.first_config() {
            fs::write(file, bytes).expect("the config is written");
        }
        if let Some(arguments) = edit.first_run() {
            place.succeed(arguments);
        }
        place
    }

    /// What a crash has left of another place.
    pub(crate) fn holding(state: &State, other: &Self) -> Self {
        let place = Self::empty();
        for (path, node) in state {
            let path = path.strip_prefix(&other.root).expect("below it");
            let path = place.root.join(path);
            match node {
                Node::File(bytes) => fs::write(path, bytes).expect("writes"),
                Node::Link(target) => symlink(target, path).expect("links"),
            }
        }
        place
    }

    /// Where the bytes before an edit go; a link leads there if there is to be one.
    fn file_for(&self, edit: Edit) -> PathBuf {
        if edit != Edit::Linked {
            return self.config();
        }
        symlink("real/config.toml", self.config()).expect("links");
        self.real_config()
    }

    /// The config, as the command line names it.
    pub(crate) fn config(&self) -> PathBuf {
        self.root.join("etc/config.toml")
    }

    /// The file that this leads to.
    pub(crate) fn file(&self) -> PathBuf {
        let config = self.config();
        config.canonicalize().unwrap_or(config)
    }

    /// Where the config of [`Edit::Linked`] really stands.
    pub(crate) fn real_config(&self) -> PathBuf {
        self.root.join("etc/real/config.toml")
    }

    /// A file that is none of the command's business.
    pub(crate) fn aside(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The config's bytes; `None` if there is no such file.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        read(&self.config())
    }

    /// The ledgers beside the file that the config leads to.
    pub(crate) fn ledgers(&self) -> Ledgers {
        Ledgers::beside(&self.file())
    }

    /// What is wrong once all owners have left.
    pub(crate) fn unlike_the_first(&self, edit: Edit) -> Option<String> {
        let bytes = self.bytes();
        let left = self.temporaries();
        if bytes.as_deref() != edit.first_config().map(str::as_bytes) {
            let bytes = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default());
            return Some(format!(
                "not the original bytes once all have left: {bytes}"
            ));
        }
        (!left.is_empty()).then(|| format!("once all have left, there is {left:?}"))
    }

    /// The temporary files that stand beside the config.
    pub(crate) fn temporaries(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = ["etc", "etc/real"]
            .iter()
            .filter_map(|folder| fs::read_dir(self.root.join(folder)).ok())
            .flatten()
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with('.')
            })
            .collect();
        found.sort();
        found
    }

    /// Adds the command line of an edit to `command`.
    pub(crate) fn edit<'c>(&self, edit: Edit, command: &'c mut Command) -> &'c mut Command {
        command
            .arg("--config")
            .arg(self.config())
            .args(edit.arguments())
    }

    /// Makes an edit with nothing in its way.
    pub(crate) fn run(&self, edit: Edit, subject: Subject) -> Run {
        self.run_with(edit.arguments(), subject)
    }

    pub(crate) fn run_with(&self, arguments: &[&str], subject: Subject) -> Run {
        let mut command = subject.run(PROGRAM);
        command.arg("--config").arg(self.config()).args(arguments);
        finished(&mut command, DEADLINE)
    }

    fn succeed(&self, arguments: &[&str]) {
        let run = self.run_with(arguments, Subject::SOUND);
        assert_eq!(run.code(), Some(0), "{arguments:?}: {run:?}");
    }
}

pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// A file's bytes; `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Bytes in an error message.
pub(crate) fn shown(bytes: Option<&[u8]>) -> String {
    match bytes {
        Some(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let beginning: String = text.chars().take(80).collect();
            format!("{} bytes, {beginning:?} …", bytes.len())
        }
        None => "no file".to_owned(),
    }
}
