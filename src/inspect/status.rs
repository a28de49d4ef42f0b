//! Where a config stands and what happened to it, for reading.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::commit::editor::Editor;
use crate::commit::operation_log::LogEntry;
use crate::commit::path_json;
use crate::config::files::File;
use crate::config::view::{View, Views};
use crate::containerd::{ConfigFiles, absolute, version};
use crate::disk::existing::{REGULAR, kind_at};
use crate::disk::holder::HolderFate;
use crate::disk::target::Target;
use crate::disk::{digest, leftovers, lock, sidecar};
use crate::error::Error;
use crate::ledger::{Ledger, Tombstone};
use crate::toml::Document;
use crate::want::key::handler_path;

use super::in_force::{self, OwnerStatus};

/// What is known of a config and of the files beside it.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The real file, links followed. With a host root: where this process finds it.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// Its config version, 0 if it names none; `None`: there is no file, or it can't be read.
    pub config_version: Option<i64>,
    /// The files of the config that no edit can start from.
    pub broken: Vec<BrokenFile>,
    /// The lock.
    pub lock: LockStatus,
    /// The operation log; `None`: none is kept.
    #[serde(rename = "log", serialize_with = "path_json::optional")]
    pub log_path: Option<PathBuf>,
    /// Why the operation log can't be read, if it can't.
    pub log_error: Option<String>,
    /// The config as it was before the last change, if that file exists.
    #[serde(rename = "previous", serialize_with = "path_json::optional")]
    pub previous_path: Option<PathBuf>,
    /// The last change in the operation log.
    pub last_change: Option<LogEntry>,
    /// Whether any file differs from what that change left; `None`: no change is logged.
    #[serde(rename = "changed_since")]
    pub is_changed_since: Option<bool>,
    /// The files that differ from what this tool last left there.
    #[serde(serialize_with = "path_json::list")]
    pub changed_files: Vec<PathBuf>,
    /// Why the ledger may not be read, if so: then no owner is known.
    pub ledger_error: Option<String>,
    /// The owners that want something of the config.
    pub owners: Vec<OwnerStatus>,
    /// The owners that were removed and have not come back.
    pub left: Vec<Tombstone>,
    /// The handlers that the config lists, with their owners.
    pub handlers: Vec<OwnedHandler>,
    /// The other files of the config that list handlers, and those that this tool has created.
    pub drop_ins: Vec<DropInStatus>,
    /// Texts of other programs that killed runs have displaced, for somebody to look through.
    #[serde(serialize_with = "path_json::list")]
    pub displaced: Vec<PathBuf>,
}

/// A file of the config that no edit can start from.
#[derive(Debug, Clone, Serialize)]
pub struct BrokenFile {
    /// Its path on the host, as imports name it.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What is known of a drop-in.
#[derive(Debug, Clone, Serialize)]
pub struct DropInStatus {
    /// Its path on the host, as imports name it.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// The installer for which this tool has created it; `None`: somebody else has.
    pub created_for: Option<String>,
    /// The handlers that it lists, with their owners.
    pub handlers: Vec<OwnedHandler>,
}

/// A handler that a config lists, and which owner it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnedHandler {
    /// The handler's name.
    pub name: String,
    /// Which owner it belongs to, by the ledger. `None`: nobody's.
    pub owner: Option<String>,
    /// Whether it is there for the sake of others, since containerd 1.x needs it beside them.
    #[serde(rename = "implied")]
    pub is_implied: bool,
}

/// What is known of the lock of a config.
#[derive(Debug, Clone, Serialize)]
pub struct LockStatus {
    /// The lock file.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// Whether the lock is held now; `None`: that can't be seen.
    #[serde(rename = "held")]
    pub is_held: Option<bool>,
    /// Whom the lock file names: who holds the lock, or held it last.
    pub holder: Option<LockHolder>,
}

/// Whom a lock file names.
#[derive(Debug, Clone, Serialize)]
pub struct LockHolder {
    /// The command, the process, the host, and since when.
    pub words: String,
    /// What became of that process.
    pub fate: HolderFate,
}

impl Status {
    /// Whether all that the owners want is known to be in force.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        let lacking =
            |owner: &OwnerStatus| owner.not_in_force.as_ref().is_none_or(|it| !it.is_empty());
        self.ledger_error.is_none() && !self.owners.iter().any(lacking)
    }
}

impl Editor {
    /// Looks at the config, its lock, its ledger, and its operation log. Nothing is changed, and a busy
    /// lock is not waited for. This process need not have the right to read the files beside the config.
    ///
    /// # Errors
    ///
    /// The errors of finding and reading a file.
    pub fn status(&self) -> Result<Status, Error> {
        let target = self.find()?;
        let main = target.read_any()?;
        let bytes = main.bytes();
        let text = bytes.and_then(|bytes| str::from_utf8(bytes).ok());
        let text = text.and_then(|text| self.as_toml(text));
        let config = text.as_deref().map(str::as_bytes).map(Document::parse);
        let config = config.and_then(Result::ok);
        let version = config.as_ref().map(version::of_any);
        let log_path = self.log_path(&target);
        let logged = self.log_entries();
        let log_error = logged.as_ref().err().map(Error::source_text);
        let entries = logged.unwrap_or_default();
        let (ledger, ledger_error) = self.seen_ledger();
        let (mut handlers, mut drop_ins) = (Vec::new(), Vec::new());
        let reading = self.read_any_config(&target, &main, &ledger).ok();
        let broken = reading.iter().flat_map(|reading| &reading.broken);
        let broken = broken.map(|(path, error)| BrokenFile {
            path: path.clone(),
            problem: error.described(),
        });
        let broken: Vec<BrokenFile> = broken.collect();
        let whole = reading.as_ref().filter(|_| broken.is_empty());
        let config = whole.map(|reading| &reading.config);
        let files = ConfigFiles::read(&self.host_root, &self.main(), bytes.unwrap_or_default());
        let is_loaded = |file: &Path| {
            file == self.main() || files.imported().any(|(imported, _)| imported == file)
        };
        let owners = in_force::owners(&ledger, config, &self.main(), is_loaded);
        if let Some(reading) = &reading {
            let views = reading.config.views();
            for file in reading.config.files() {
                let listed = owned(&views, &file.name, &ledger);
                let created_for = created_for(file, &ledger);
                if file.path == self.main() {
                    handlers = listed;
                } else if file.is_writable && (created_for.is_some() || !listed.is_empty()) {
                    drop_ins.push(DropInStatus {
                        path: file.path.clone(),
                        created_for,
                        handlers: listed,
                    });
                }
            }
        }
        let last_change = entries.into_iter().rfind(LogEntry::is_change);
        let changed_files = match &last_change {
            Some(last) => self.changed_files(last, &target, bytes, &ledger),
            None => Vec::new(),
        };
        let (is_held, holder) = lock::look(&target.path);
        let holder = holder.map(|holder| LockHolder {
            words: holder.to_string(),
            fate: holder.fate(),
        });
        let displaced = self.displaced(&target, &files);
        Ok(Status {
            exists: bytes.is_some(),
            config_version: version.and_then(Result::ok),
            broken,
            lock: LockStatus {
                path: sidecar::lock(&target.path),
                is_held,
                holder,
            },
            log_path: log_path.unwrap_or_else(|error| error.path().map(Path::to_owned)),
            log_error,
            previous_path: Some(sidecar::previous(&target.path))
                .filter(|path| kind_at(path) == Some(REGULAR)),
            is_changed_since: last_change.as_ref().map(|_| !changed_files.is_empty()),
            changed_files,
            last_change,
            ledger_error,
            owners,
            left: ledger.left,
            handlers,
            drop_ins,
            displaced,
            path: target.path,
        })
    }

    /// The files that are not what this tool last left there. The log says that of the config, though
    /// the tool may never have written it, and the ledger of drop-ins.
    fn changed_files(
        &self,
        last: &LogEntry,
        target: &Target,
        main: Option<&[u8]>,
        ledger: &Ledger,
    ) -> Vec<PathBuf> {
        let own = self.main();
        let is_changed = last.after != main.map(digest::of);
        let drop_ins = ledger.written.iter();
        let drop_ins = drop_ins.map(|(name, written)| (absolute(&own, name), written));
        let changed = drop_ins.filter(|(path, written)| {
            let found = self.target_of(path, target);
            let read = found.and_then(|found| found.read()).ok();
            let now = read.and_then(|read| read.bytes().map(digest::of));
            *path != own && now.as_ref() != Some(written)
        });
        let main = is_changed.then(|| target.path.clone()).into_iter();
        main.chain(changed.map(|(path, _)| path)).collect()
    }

    /// What never was ours under the temporary names of the config, and of what it imports.
    fn displaced(&self, target: &Target, files: &ConfigFiles) -> Vec<PathBuf> {
        let mut displaced = leftovers::foreign(target);
        for (drop_in, _) in files.imported() {
            let drop_in = Target::find_drop_in(drop_in, &self.host_root, target);
            let foreign = drop_in.iter().flat_map(leftovers::foreign);
            displaced.extend(foreign.collect::<Vec<_>>());
        }
        displaced.sort();
        displaced.dedup();
        displaced
    }
}

/// The handlers that a file lists, and which owner each belongs to.
fn owned(views: &Views, file: &str, ledger: &Ledger) -> Vec<OwnedHandler> {
    let names = views.get(file).into_iter().flat_map(View::handler_names);
    let owned = names.map(|name| {
        let (name, handler) = (name.to_owned(), handler_path(name));
        OwnedHandler {
            owner: ledger.owner_in_file(file, &handler).map(str::to_owned),
            is_implied: ledger.is_implied_in(file, &handler),
            name,
        }
    });
    owned.collect()
}

/// The owner for whom the tool has made a file.
fn created_for(file: &File, ledger: &Ledger) -> Option<String> {
    if !ledger.has_made(&file.name, &[]) || file.text.is_none() {
        return None;
    }
    let owners = ledger.owners.iter();
    let using = owners.filter(|(_, owner)| owner.file == file.name);
    // An owner may have named another file since.
    let wants = ledger.wants();
    let inside = wants.filter(|it| ledger.has_in(&file.name, &it.key.path));
    let mut names = using
        .map(|(name, _)| name.as_str())
        .chain(inside.map(|it| it.owner));
    names.next().map(str::to_owned)
}
