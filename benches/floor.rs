//! The floor: the system calls of an edit and nothing else, to hold the tool against.
//!
//! ```text
//! floor CONFIG               what a run with nothing to do can't do without
//! floor CONFIG TEXT          the config is replaced by TEXT
//! floor CONFIG TEXT LEDGER   the same, with the ledger and what else stays beside the config
//! ```
//!
//! No parsing, no checks, no waiting, no metadata.

// It makes the plain system calls that the tool keeps in one place.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, hard_link, rename};
use std::io::{Read as _, Result, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, renameat_with};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let config = PathBuf::from(arguments.next().expect("a config"));
    let folder = File::open(config.parent().expect("a config in a folder"))?;
    let _lock = locked(&config)?;
    let read = read(&config)?;
    match (arguments.next(), arguments.next()) {
        (None, _) => {
            folder.sync_all()?;
            read.sync_all()?;
        }
        (Some(text), None) => {
            let temporary = beside(&config, "tmp");
            let written = written(&temporary, &text)?;
            rename(temporary, &config)?;
            folder.sync_all()?;
            written.sync_all()?;
        }
        (Some(text), Some(ledger)) => replace_both(&config, &folder, &text, &ledger)?,
    }
    std::io::stdout().write_all(b"done\n")
}

/// What `commit` and `disk` do, in their order.
fn replace_both(config: &Path, folder: &File, text: &OsStr, ledger: &OsStr) -> Result<()> {
    let [owners, before] = ["owners", "owners.before"].map(|suffix| beside(config, suffix));
    let [temporary, new, found] =
        ["tmp", "owners.tmp", "found.tmp"].map(|suffix| beside(config, suffix));
    let is_there = read(&owners).is_ok();
    written(&new, ledger)?;
    if !is_there {
        // What the run starts from is noted down, too.
        written(&found, OsStr::new("{}"))?;
    }
    let written = written(&temporary, text)?;
    if is_there {
        hard_link(&owners, &before)?;
    } else {
        rename(found, &before)?;
    }
    folder.sync_all()?;
    rename(new, &owners)?;
    folder.sync_all()?;
    renameat_with(CWD, &temporary, CWD, config, RenameFlags::EXCHANGE)?;
    read(&temporary)?;
    folder.sync_all()?;
    written.sync_all()?;
    rename(temporary, beside(config, "prev"))?;
    rename(before, beside(config, "owners.prev"))?;
    let mut options = OpenOptions::new();
    let mut log = options
        .append(true)
        .create(true)
        .open(beside(config, "log"))?;
    log.write_all(b"what was done\n")
}

fn locked(config: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let mut lock = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(config, "lock"))?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
    lock.write_all(b"# who holds the lock\n")?;
    Ok(lock)
}

fn read(path: &Path) -> Result<File> {
    let mut file = File::open(path)?;
    file.read_to_end(&mut Vec::new())?;
    Ok(file)
}

/// A new file that is on the disk.
fn written(path: &Path, text: &OsStr) -> Result<File> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_encoded_bytes())?;
    file.sync_all()?;
    Ok(file)
}

fn beside(config: &Path, suffix: &str) -> PathBuf {
    config.with_extension(format!("toml.{suffix}"))
}
