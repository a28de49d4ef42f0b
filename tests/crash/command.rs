//! The command under test: as it is, or with a seeded bug.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A build of the command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    /// Names of variants of `Bug` in `src/seeded.rs`, with commas between them; `None`: the command
    /// as it is.
    pub(crate) bug: Option<&'static str>,
}

impl Build {
    /// The command as it is.
    pub(crate) const SOUND: Self = Self { bug: None };

    /// The command with a bug.
    pub(crate) const fn with(bug: &'static str) -> Self {
        Self { bug: Some(bug) }
    }

    /// Where its binary is.
    pub(crate) fn path(self) -> &'static Path {
        match self.bug {
            None => Path::new(env!("CARGO_BIN_EXE_containerd-edit")),
            Some(_) => seeded(),
        }
    }

    /// What a run wants in its environment.
    pub(crate) fn environment(self) -> Option<(&'static str, &'static str)> {
        self.bug.map(|bug| ("CONTAINERD_EDIT_SEEDED_BUG", bug))
    }

    /// A run of `program`, which runs this build: itself, or a tracer.
    pub(crate) fn run(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for variable in ["CONFIG", "OWNER", "HOST_ROOT", "LOG", "SEEDED_BUG"] {
            command.env_remove(format!("CONTAINERD_EDIT_{variable}"));
        }
        command.envs(self.environment());
        command
    }
}

/// Builds the command with the bugs in it, once, in a target folder of its own.
fn seeded() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeded");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--locked",
                // No edit asks a daemon.
                "--no-default-features",
                "--bin",
                "containerd-edit",
                "--target-dir",
            ])
            .arg(&target)
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .env("RUSTFLAGS", "--cfg seeded_bugs")
            .status()
            .expect("cargo starts");
        assert!(status.success(), "the build with seeded bugs: {status}");
        target.join("debug/containerd-edit")
    })
}

#[test]
fn a_bug_is_in_the_seeded_build_alone() {
    let run = |build: Build, bug: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("config.toml");
        std::fs::write(&config, "version = 3\n").expect("writes");
        let before = std::fs::metadata(&config).expect("exists");
        let status = build
            .run(build.path())
            .env("CONTAINERD_EDIT_SEEDED_BUG", bug)
            .arg("--config")
            .arg(&config)
            .args(["-q", "add", "crun"])
            .status()
            .expect("the command starts");
        assert!(status.success(), "{status}");
        let after = std::fs::metadata(&config).expect("exists");
        std::os::unix::fs::MetadataExt::ino(&before) == std::os::unix::fs::MetadataExt::ino(&after)
    };
    assert!(
        run(Build::with("InPlace"), "InPlace"),
        "overwritten in place"
    );
    assert!(!run(Build::with("InPlace"), "NoSuchBug"), "replaced");
    assert!(
        !run(Build::SOUND, "InPlace"),
        "the command as it is has no bugs"
    );
}
