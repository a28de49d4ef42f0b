//! A folder with a config, and the command run on it.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::{folders, schema};

/// A config and what a change leaves beside it.
pub(crate) const SIDECARS: [&str; 7] = [
    "config.toml",
    "config.toml.last",
    "config.toml.lock",
    "config.toml.log",
    "config.toml.owners",
    "config.toml.owners.prev",
    "config.toml.prev",
];

/// A temporary folder that holds one config.
pub(crate) struct Node {
    folder: TempDir,
}

/// What tells whether a file was touched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    pub(crate) fn inode(&self) -> u64 {
        self.inode
    }
}

impl Node {
    /// A folder without a config.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    /// A folder with this config.
    pub(crate) fn with(config: impl AsRef<[u8]>) -> Self {
        let node = Self::empty();
        fs::write(node.config(), config).expect("the config is written");
        node
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("config.toml")
    }

    /// The ledger beside the config.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder().join("config.toml.owners")
    }

    /// The config's bytes; `None` if there is no such file.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.config()).ok()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes().expect("the config exists")).expect("the config is UTF-8")
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        let metadata = fs::symlink_metadata(self.config()).ok()?;
        Some(Identity {
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        folders::names(self.folder())
    }

    /// The command, on this node's config.
    pub(crate) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = tool();
        command.arg("--config").arg(self.config());
        command.args(arguments.iter().map(AsRef::as_ref));
        command
    }

    /// How a hint names a command for this node's config.
    pub(crate) fn hinted(&self, arguments: &str) -> String {
        let config = self.config();
        format!(
            "`containerd-edit --config {} {arguments}`",
            config.display()
        )
    }

    pub(crate) fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Run {
        Run::of(&mut self.command(arguments))
    }
}

/// Takes all comments out of a file, as a program does that reads it and writes it again.
pub(crate) fn drop_comments(file: &Path) {
    let text = fs::read_to_string(file).expect("it is there");
    let lines = text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default());
    let lines = lines.filter(|line| !line.trim_start().starts_with('#'));
    let text = lines.collect::<Vec<&str>>().join("\n");
    fs::write(file, text + "\n").expect("writes");
}

/// Where the command's binary is: the one that was built with the tests, or `$TESTED_BINARY`, as that
/// of a release.
pub(crate) fn tool_path() -> &'static Path {
    static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
        let other = env::var_os("TESTED_BINARY").map(PathBuf::from);
        other.unwrap_or_else(|| env!("CARGO_BIN_EXE_containerd-edit").into())
    });
    &PATH
}

/// The command, with none of its variables set.
pub(crate) fn tool() -> Command {
    tool_at(tool_path())
}

/// The same of a program at another path.
pub(crate) fn tool_at(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_remove("CONTAINERD_EDIT_CONFIG")
        .env_remove("CONTAINERD_EDIT_DISTRIBUTION")
        .env_remove("CONTAINERD_EDIT_CRI_ENDPOINT")
        .env_remove("CONTAINERD_EDIT_HOST_ROOT")
        .env_remove("CONTAINERD_EDIT_LOG")
        .env_remove("CONTAINERD_EDIT_OWNER")
        .env_remove("CONTAINERD_EDIT_RESTART_COMMAND");
    command
}

/// How a run ended and what it printed.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The warnings about programs that this machine lacks, which stand in neither of the others:
    /// another machine has them.
    pub(crate) missing: Vec<String>,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let run = Self::from(command.output().expect("the command starts"));
        let words = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned());
        schema::check(&words.collect::<Vec<_>>(), &run.stdout);
        run
    }

    /// Asserts the exit code and returns the run.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{self:#?}");
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let mut missing = Vec::new();
        let mut told = |bytes: &[u8]| {
            let (text, found) = without_missing(&String::from_utf8_lossy(bytes));
            missing.extend(found);
            text
        };
        Self {
            exit: output.status.code(),
            stdout: told(&output.stdout),
            stderr: told(&output.stderr),
            missing,
        }
    }
}

/// How such a warning begins in JSON.
const OBJECT: &str = "{\"code\":\"missing-";

/// Takes the warnings about missing programs out of what was printed, as lines or as JSON. No machine
/// has anything below `/nowhere`: those stay.
pub(crate) fn without_missing(printed: &str) -> (String, Vec<String>) {
    let (mut text, mut missing) = (String::new(), Vec::new());
    for line in printed.split_inclusive('\n') {
        let is_missing = line.contains("warning: ") && line.contains(" is not on this host");
        if is_missing && !line.contains("/nowhere/") {
            missing.push(line.to_owned());
        } else {
            text.push_str(line);
        }
    }
    let mut from = 0;
    while let Some(at) = text[from..].find(OBJECT).map(|at| from + at) {
        let end = at + text[at..].find('}').expect("the warning ends") + 1;
        from = end;
        if !text[at..end].contains("/nowhere/") {
            missing.push(text[at..end].to_owned());
            let after = end + usize::from(text[end..].starts_with(','));
            let before = at - usize::from(after == end && text[..at].ends_with(','));
            text.replace_range(before..after, "");
            from = before;
        }
    }
    (text, missing)
}
