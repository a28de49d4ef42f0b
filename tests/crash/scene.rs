//! A folder for the command to work in: with what an operation starts from, or with what a crash has
//! left.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;

use crate::command::Build;
use crate::disk::{Node, State};
use crate::operations::{ADD, Operation, read};

/// Below a temporary folder: `etc` with what containerd is told to read, and `real`, where that may
/// be a link to.
pub(crate) struct Scene {
    pub(crate) root: PathBuf,
    _folder: TempDir,
}

impl Scene {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        for name in ["etc", "real"] {
            std::fs::create_dir(root.join(name)).expect("a new folder");
        }
        Self {
            root,
            _folder: folder,
        }
    }

    pub(crate) fn before(operation: Operation) -> Self {
        let scene = Self::empty();
        let mut config = scene.named();
        if operation == Operation::AddThroughLink {
            symlink("../real/config.toml", &config).expect("a new link");
            config = scene.root.join("real/config.toml");
        }
        if let Some(bytes) = operation.config() {
            std::fs::write(config, bytes).expect("writes");
        }
        if operation.follows_add() {
            let said = scene.run(Build::SOUND, &ADD);
            assert_eq!(said, Ok(()), "{operation:?}: nothing to remove");
        }
        scene
    }

    /// What `state` says of another one.
    pub(crate) fn holding(state: &State, other: &Self) -> Self {
        let scene = Self::empty();
        for (path, node) in state {
            let path = path.strip_prefix(&other.root).expect("below it");
            let path = scene.root.join(path);
            match node {
                Node::File(bytes) => std::fs::write(path, bytes).expect("writes"),
                Node::Link(target) => symlink(target, path).expect("a new link"),
            }
        }
        scene
    }

    /// The path that the command is given.
    pub(crate) fn named(&self) -> PathBuf {
        self.root.join("etc/config.toml")
    }

    /// The file that it leads to.
    pub(crate) fn config(&self) -> PathBuf {
        let named = self.named();
        named.canonicalize().unwrap_or(named)
    }

    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        read(&self.named())
    }

    pub(crate) fn temporaries(&self) -> Vec<PathBuf> {
        let folders = ["etc", "real"].map(|name| self.root.join(name).read_dir());
        let entries = folders
            .into_iter()
            .flat_map(|entries| entries.expect("it is there"));
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .filter(|path| path.extension().is_some_and(|end| end == "tmp"))
            .collect()
    }

    /// Runs the command untraced. `Err`: how it failed.
    pub(crate) fn run(&self, build: Build, arguments: &[&str]) -> Result<(), String> {
        let output = build
            .run(build.path())
            .arg("--config")
            .arg(self.named())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the command starts");
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}, {}", output.status, said.trim()))
    }
}
