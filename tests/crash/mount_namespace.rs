//! A mount namespace of a test's own. No other namespace sees what is mounted there.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that does nothing but keep a mount namespace alive, until it is dropped.
pub(crate) struct MountNamespace {
    holder: Child,
}

impl MountNamespace {
    pub(crate) fn new() -> Self {
        // Waiting for its input, the holder ends with this process however that ends.
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private"])
            .args(["sh", "-c", "echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts: install Debian's package util-linux");
        let mut ready = String::new();
        let output = holder.stdout.as_mut().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut ready)
            .expect("it answers");
        let namespace = Self { holder };
        assert_eq!(ready, "ready\n", "no mount namespace: run as root");
        namespace
    }

    /// What a command line begins with to run inside.
    pub(crate) fn entering(&self) -> Vec<String> {
        let target = format!("--target={}", self.holder.id());
        vec!["nsenter".to_owned(), target, "--mount".to_owned()]
    }

    /// What stands at `path` inside, for this process.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(path.strip_prefix("/").expect("an absolute path"))
    }

    /// Runs a program inside and returns whether it succeeded, and what it said otherwise.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<(), String> {
        let entering = self.entering();
        let output = Command::new(&entering[0])
            .args(&entering[1..])
            .args(arguments)
            // Its messages are read.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .expect("nsenter starts: install Debian's package util-linux");
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}", output.status, said.trim()))
    }
}

impl Drop for MountNamespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
