//! Nodes with a real containerd, each in mount and network namespaces of its own.
//!
//! A node sees its folder as `/etc/containerd`, and empty filesystems in place of
//! everything else that a daemon reads or writes by a fixed path. So configs are used
//! as they are, many nodes run at a time, and the machine's own containerd is neither
//! seen nor disturbed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cri::{self, Answer, Verdict};
use crate::schema;
use crate::suites::Release;

/// How long a daemon may take to answer or exit. They boot in well under a second.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// What the script below prints last before it turns into the program.
pub(crate) const ENTERED: &str = "the node is set up";

/// Makes the node's view of the machine and becomes the program in it.
///
/// What the node needs is bound below `/run` first, since it may lie below one of
/// the folders that are then covered.
pub(crate) const ENTER: &str = r#"
tree=$1 etc=$2 tool=$3
shift 3
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/release /run/etc /run/bin
mount --bind "$tree" /run/release
mount --bind "$etc" /run/etc
: >/run/bin/containerd-edit
mount --bind "$tool" /run/bin/containerd-edit
for folder in /etc /opt /var/lib; do
    mount -t tmpfs tmpfs "$folder"
done
mkdir /etc/containerd
mount --move /run/etc /etc/containerd
# Of a host's tree, what containerd imports from.
if [ -d /etc/containerd/tree/var/lib/rancher ]; then
    mkdir /var/lib/rancher
    mount --bind /etc/containerd/tree/var/lib/rancher /var/lib/rancher
fi
# Relative paths of a config lead into the node, too, and not into this package.
cd /run
PATH=/run/bin:/run/release/usr/bin:/run/release:$PATH
echo "$ENTERED" >&2
exec "$@"
"#;

/// A node: a release of containerd and a folder that is its `/etc/containerd`.
pub(crate) struct Node<'release> {
    release: &'release Release,
    home: TempDir,
}

impl<'release> Node<'release> {
    /// Makes a node with the config given, or without a config file.
    pub(crate) fn new(release: &'release Release, config: Option<&[u8]>) -> Self {
        // Not in TMPDIR: the path of a socket has room for 107 bytes.
        let home = tempfile::Builder::new()
            .prefix("node-")
            .tempdir_in("/tmp")
            .expect("a temporary folder can be made in /tmp");
        let node = Self { release, home };
        fs::create_dir_all(node.etc()).expect("the node's folder is new");
        if let Some(config) = config {
            fs::write(node.config_path(), config).expect("the node's config can be written");
        }
        node
    }

    /// Returns where the node's `/etc/containerd/config.toml` is on this machine.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.etc().join("config.toml")
    }

    /// Returns the config file's bytes, or none if there is no file.
    pub(crate) fn config(&self) -> Option<Vec<u8>> {
        let path = self.config_path();
        path.exists()
            .then(|| fs::read(&path).expect("the node's config can be read"))
    }

    /// Runs the release's `containerd config default`.
    pub(crate) fn default_config(&self) -> Vec<u8> {
        let output = self.run(&["containerd", "config", "default"]);
        assert!(output.status.success(), "{}", told(&output));
        output.stdout
    }

    /// Puts what the release's `containerd config migrate` prints in the place of the node's config.
    pub(crate) fn migrate(&self) {
        let config = ["--config", "/etc/containerd/config.toml"];
        let output = self.run(&[&["containerd"], &config[..], &["config", "migrate"]].concat());
        assert!(output.status.success(), "{}", told(&output));
        fs::write(self.config_path(), output.stdout).expect("the node's config can be written");
    }

    /// Runs `containerd-edit` on the node's config.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Output {
        let mut command = vec!["containerd-edit", "--config", "/etc/containerd/config.toml"];
        command.extend(arguments);
        let output = self.run(&command);
        schema::check(arguments, &String::from_utf8_lossy(&output.stdout));
        output
    }

    /// Runs `containerd-edit` on the node's config, which must succeed.
    pub(crate) fn edit(&self, arguments: &[&str]) {
        let output = self.tool(arguments);
        assert!(
            output.status.success(),
            "{}: containerd-edit {} failed\n{}\n{}",
            self.release.name,
            arguments.join(" "),
            told(&output),
            self.shown_config(),
        );
    }

    /// Starts a daemon on the node, asks what became of it, and stops it.
    pub(crate) fn verdict(&self) -> Verdict {
        self.start().verdict()
    }

    /// Starts a daemon on the node.
    pub(crate) fn start(&self) -> Daemon<'_> {
        self.start_at(&self.socket(), &[])
    }

    /// Returns where the node's daemon listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("containerd.sock")
    }

    /// Returns the node's folder on this machine, which the node sees as well.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts a daemon on the node that listens at this socket, with more arguments.
    pub(crate) fn start_at(&self, socket: &Path, more: &[&str]) -> Daemon<'_> {
        let socket = socket.to_owned();
        let log_path = socket.with_extension("log");
        let log = File::create(&log_path).expect("the daemon's log can be made");
        if socket.exists() {
            // A daemon that was killed leaves it behind.
            fs::remove_file(&socket).expect("the last daemon's socket can be removed");
        }
        // Root and state lie in memory and go with the daemon. By flags and not in the
        // config, which stays as it is.
        let mut command = self.command(&["containerd", "--root", "/run/root", "--state"]);
        command.arg("/run/state").arg("--address").arg(&socket);
        command.args(more);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("setpriv of util-linux can be started");
        Daemon {
            node: self,
            child,
            socket,
            log: log_path,
        }
    }

    /// Shows the config file in a message.
    pub(crate) fn shown_config(&self) -> String {
        match self.config() {
            Some(config) => format!(
                "---- config.toml\n{}\n----",
                String::from_utf8_lossy(&config)
            ),
            None => "(no config.toml)".to_owned(),
        }
    }

    fn run(&self, program: &[&str]) -> Output {
        let output = self
            .command(program)
            .output()
            .expect("setpriv of util-linux can be started");
        assert!(
            entered(output.status, &String::from_utf8_lossy(&output.stderr)),
            "the node could not be set up\n{}",
            told(&output)
        );
        output
    }

    /// Returns a command that runs a program on the node.
    ///
    /// It is one process throughout, so its process ID is the program's. It dies with
    /// the thread that starts it: a test run that is killed leaves no daemon behind.
    fn command(&self, program: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .args(["unshare", "--mount", "--net", "--propagation", "private"])
            .args(["sh", "-euc", ENTER, "enter"])
            .arg(&self.release.tree)
            .arg(self.etc())
            .arg(env!("CARGO_BIN_EXE_containerd-edit"))
            .args(program)
            .env("ENTERED", ENTERED);
        command
    }

    /// Returns the folder on this machine that holds the node's `etc/containerd`.
    pub(crate) fn host_root(&self) -> PathBuf {
        self.home.path().join("host")
    }

    /// Returns where the node's `/etc/containerd` is on this machine.
    pub(crate) fn etc(&self) -> PathBuf {
        self.host_root().join("etc/containerd")
    }
}

/// A running daemon; it is stopped when this goes, after a panic too.
#[must_use = "the daemon is stopped at once if this is dropped"]
pub(crate) struct Daemon<'node> {
    node: &'node Node<'node>,
    child: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl Daemon<'_> {
    /// Waits until the daemon serves CRI, serves without it, or is gone.
    pub(crate) fn verdict(&mut self) -> Verdict {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let gone = self
                .child
                .try_wait()
                .expect("a child of this process can be waited for");
            if let Some(status) = gone {
                let log = read_log(&self.log);
                assert!(
                    entered(status, &log),
                    "the node could not be set up: {status}\n{log}"
                );
                return Verdict::Exits {
                    reason: last_line(&log),
                };
            }
            let answer = if self.socket.exists() {
                cri::ask(&self.socket)
            } else {
                Answer::NotYet("it has made no socket".to_owned())
            };
            match answer {
                Answer::Serves { handlers, default } => {
                    return Verdict::Serves { handlers, default };
                }
                Answer::NoCri => {
                    return Verdict::NoCri {
                        reason: failed_plugins(&read_log(&self.log)),
                    };
                }
                Answer::NotYet(why) => assert!(
                    Instant::now() < deadline,
                    "{}: no answer within {} s, the last was: {why}\n{}\n---- log\n{}",
                    self.node.release.name,
                    PATIENCE.as_secs(),
                    self.node.shown_config(),
                    read_log(&self.log),
                ),
            }
            thread::sleep(POLL);
        }
    }

    /// Returns where the daemon listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // Killed, not asked: it has nothing to save. Fails only if it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Tells whether the program was reached, so that what happened then is its own doing.
fn entered(status: ExitStatus, log: &str) -> bool {
    // The shell's own codes for a program that it can't start.
    log.lines().any(|line| line == ENTERED) && !matches!(status.code(), Some(126 | 127))
}

fn read_log(path: &Path) -> String {
    let bytes = fs::read(path).expect("the daemon's log can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_line(log: &str) -> String {
    let line = log.lines().rfind(|line| !line.trim().is_empty());
    untimed(line.unwrap_or_default()).to_owned()
}

/// Returns the log's lines about CRI plugins that failed; empty if CRI is switched off.
fn failed_plugins(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("failed to load plugin") && line.contains("cri"))
        .map(untimed)
        .collect();
    lines.join("\n")
}

/// Returns a log line without its time, so that two runs can be compared.
fn untimed(line: &str) -> &str {
    match line.strip_prefix("time=") {
        Some(rest) => rest.split_once(' ').map_or(rest, |(_, message)| message),
        None => line,
    }
}

pub(crate) fn told(output: &Output) -> String {
    format!(
        "{}\n---- stdout\n{}\n---- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
