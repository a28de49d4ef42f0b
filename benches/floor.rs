//! The floor: the system calls of an edit and nothing else, to hold the tool against.
//!
//! `floor CONFIG` does what a run with nothing to do can't do without, `floor CONFIG TEXT` what it
//! takes to replace the config by TEXT. No parsing, no checks, no waiting, no metadata.

// It makes the plain system calls that the tool keeps in one place.
#![allow(clippy::disallowed_methods)]

use std::fs::{File, OpenOptions, rename};
use std::io::{Read as _, Result, Write as _};
use std::path::PathBuf;

use rustix::fs::{CWD, FlockOperation, RenameFlags, renameat_with};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let config = PathBuf::from(arguments.next().expect("a config"));
    let folder = config.parent().expect("a config in a folder");

    let mut options = OpenOptions::new();
    let mut lock = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(config.with_extension("toml.lock"))?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
    lock.write_all(b"# who holds the lock\n")?;
    let mut file = File::open(&config)?;
    file.read_to_end(&mut Vec::new())?;
    if let Some(text) = arguments.next() {
        let temporary = config.with_extension("toml.tmp");
        file = File::create_new(&temporary)?;
        file.write_all(text.as_encoded_bytes())?;
        file.sync_all()?;
        renameat_with(CWD, &temporary, CWD, &config, RenameFlags::EXCHANGE)?;
        File::open(&temporary)?.read_to_end(&mut Vec::new())?;
        File::open(folder)?.sync_all()?;
        file.sync_all()?;
        rename(temporary, config.with_extension("toml.prev"))?;
        let mut options = OpenOptions::new();
        let mut log = options
            .append(true)
            .create(true)
            .open(config.with_extension("toml.log"))?;
        log.write_all(b"what was done\n")?;
    } else {
        File::open(folder)?.sync_all()?;
        file.sync_all()?;
    }
    std::io::stdout().write_all(b"done\n")
}
