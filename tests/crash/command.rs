//! The command under test: as it is, or with bugs that a preloaded library gives it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_containerd-edit");

/// The command under test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// Names out of `bugs.c`, with commas between them.
    pub(crate) bugs: Option<&'static str>,
}

impl Subject {
    /// The command as it is.
    pub(crate) const SOUND: Self = Self { bugs: None };

    /// The command with bugs.
    pub(crate) const fn with(bugs: &'static str) -> Self {
        Self { bugs: Some(bugs) }
    }

    /// A run of `program`, which runs the command: itself, or a tracer.
    pub(crate) fn run(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for variable in ["CONFIG", "OWNER", "HOST_ROOT", "LOG"] {
            command.env_remove(format!("CONTAINERD_EDIT_{variable}"));
        }
        // It looks for shims in each folder of this, with the same calls.
        command.env("PATH", "/usr/bin");
        if let Some(bugs) = self.bugs {
            static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
            let library = LIBRARY.get_or_init(|| library("bugs"));
            command.env("LD_PRELOAD", library).env("BUGS", bugs);
        }
        command
    }
}

/// Compiles a C file of this folder to a library that can be preloaded.
pub(crate) fn library(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join(format!("{name}.so"));
    // Another run may have the library loaded: it is replaced.
    let new = folder.join(format!("{name}.{}.so", std::process::id()));
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&new)
        .arg(format!(
            "{}/tests/crash/{name}.c",
            env!("CARGO_MANIFEST_DIR")
        ))
        .status()
        .expect("cc, of Debian's gcc, starts");
    assert!(status.success(), "{name}.c: {status}");
    std::fs::rename(new, &library).expect("the library is renamed");
    library
}
