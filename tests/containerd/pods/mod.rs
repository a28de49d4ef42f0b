//! Nodes that run real pods, which outlive the daemon that has started them.
//!
//! Such a node has a PID namespace, too. Whatever runs in it dies with its first process, and the
//! mounts with the last one: nothing is left behind, wherever a test ends.

mod image;
mod kubelet;
mod leftovers;
mod life;
mod scripts;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use containerd_edit::Error;
use containerd_edit::cri::{CriClient, RunningHandlers, Sandbox};
use tempfile::TempDir;

use self::kubelet::Kubelet;
pub(crate) use self::kubelet::{Pod, PodProcesses};
use self::leftovers::remove_cgroups;
pub(crate) use self::leftovers::{cgroups, processes_in};
use self::scripts::{FIRST, FURNISH, RESTART, START, STOP, WITHOUT_CRI};
use crate::daemon::{ENTER, ENTERED, told};
use crate::suites::{self, Release};

/// How long anything on a node may take that takes well under a second.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// As much of the log as a message shows.
const LOG_LINES: usize = 15;

/// What is the same in every config: see `image` for the first, and the host for the others.
const CRI: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "pods.invalid/busybox:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"#;

/// A node with namespaces of its own that live as long as this.
#[must_use = "the node is gone at once if this is dropped"]
pub(crate) struct PodNode {
    name: String,
    /// Holds the namespaces; the node's first process is its child.
    holder: Child,
    home: TempDir,
}

impl PodNode {
    /// Makes a node whose config has `runc`, with the image that its pods need, and starts the
    /// daemon.
    pub(crate) fn start(release: &Release) -> Self {
        // Not in TMPDIR: the node covers some folders, and /tmp is none of them.
        let home = tempfile::Builder::new()
            .prefix("pods-")
            .tempdir_in("/tmp")
            .expect("a temporary folder can be made in /tmp");
        let path = |name: &str| home.path().join(name);
        for folder in ["etc", "bin", "run"] {
            fs::create_dir(path(folder)).expect("a folder");
        }
        fs::write(path("etc/config.toml"), CRI).expect("the config is written");
        let runc = suites::pods_program("usr/sbin/runc");
        fs::copy(&runc, path("bin/runc"))
            .unwrap_or_else(|error| panic!("{}: {error}: run ./tests/run", runc.display()));
        for (name, text) in [("start", START), ("stop", STOP), ("restart", RESTART)] {
            let home = home.path().to_str().expect("a path of this test");
            script(&path(name), &text.replace("HOME", home));
        }
        fs::write(path("without-cri.toml"), WITHOUT_CRI).expect("the config is written");
        fs::write(path("deeds"), "").expect("the deeds are written");
        let image = image::make(&path("image"), &suites::pods_program("bin/busybox"));

        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .args(["unshare", "--mount", "--net", "--propagation", "private"])
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-euc", ENTER, "enter"])
            .arg(&release.tree)
            .arg(path("etc"))
            .arg(env!("CARGO_BIN_EXE_containerd-edit"))
            .args(["sh", "-c", FIRST])
            .env("ENTERED", ENTERED);
        let mut holder = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv of util-linux can be started");
        let words = BufReader::new(holder.stderr.take().expect("a pipe")).lines();
        let words: Vec<String> = words
            .map_while(Result::ok)
            .take_while(|line| line != ENTERED)
            .collect();
        let node = Self {
            name: release.name.clone(),
            holder,
            home,
        };
        let entered = node.command(&["true"]).status().expect("nsenter starts");
        assert!(entered.success(), "no node: {words:?}");
        node.succeeds(&["sh", "-euc", FURNISH, "furnish", &node.script("run")]);
        node.start_daemon();
        let image = image.to_str().expect("a path of this test");
        node.succeeds(&["ctr", "-n", "k8s.io", "images", "import", image]);
        // CRI is told of it by an event.
        node.wait_until("its image is known", || {
            node.kubelet().has_image(image::IMAGE)
        });
        node
    }

    /// Where the node's files of a test are, which are at the same place for the node.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn socket(&self) -> PathBuf {
        self.home().join("run/containerd.sock")
    }

    /// Starts the daemon and waits until it serves CRI.
    pub(crate) fn start_daemon(&self) {
        self.succeeds(&[self.script("start").as_str()]);
        self.wait_until_serving();
    }

    /// Stops the daemon; pods live on.
    pub(crate) fn stop_daemon(&self) {
        self.succeeds(&[self.script("stop").as_str()]);
    }

    pub(crate) fn restart_daemon(&self) {
        self.stop_daemon();
        self.start_daemon();
    }

    /// Has the next restarts do something else: see the script `RESTART`.
    pub(crate) fn next_restarts(&self, deeds: &[&str]) {
        let path = self.home().join("deeds");
        let left = fs::read_to_string(&path).expect("the deeds are read");
        assert_eq!(left, "", "restarts that were not asked for");
        let lines = deeds.iter().flat_map(|deed| [*deed, "\n"]);
        fs::write(path, lines.collect::<String>()).expect("the deeds are written");
    }

    /// The daemon's process ID on the node.
    pub(crate) fn daemon(&self) -> String {
        self.read("/run/containerd.pid").trim().to_owned()
    }

    /// Returns the path of one of the node's scripts: `start`, `stop` and those of the test.
    pub(crate) fn script(&self, name: &str) -> String {
        let path = self.home().join(name);
        path.to_str().expect("a path of this test").to_owned()
    }

    /// Asks the daemon once.
    pub(crate) fn ask<A>(
        &self,
        question: impl FnOnce(&CriClient) -> Result<A, Error>,
    ) -> Result<A, Error> {
        question(&CriClient::connect(&self.socket(), PATIENCE)?)
    }

    /// Waits until the daemon serves CRI, and returns what it has loaded.
    pub(crate) fn wait_until_serving(&self) -> RunningHandlers {
        let mut loaded = None;
        self.wait_until("it serves CRI", || {
            loaded = self.ask(CriClient::status).ok();
            loaded.is_some()
        });
        loaded.expect("it was waited for")
    }

    /// The pod sandboxes that the daemon knows.
    pub(crate) fn sandboxes(&self) -> Vec<Sandbox> {
        self.ask(CriClient::sandboxes).expect("the daemon answers")
    }

    fn kubelet(&self) -> Kubelet {
        Kubelet::connect(&self.socket())
    }

    /// Reads a file of the node; one that is gone is empty.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = format!("/proc/{}/root{path}", self.holder.id());
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Makes `runc` by another name: a script that leaves a trace.
    fn traced_runc(&self, name: &str) -> String {
        let (path, runc) = (self.home().join(name), self.script("bin/runc"));
        let text = format!(
            "#!/bin/sh\necho \"{name} $*\" >>{}\nexec {runc} \"$@\"\n",
            self.script("trace"),
        );
        script(&path, &text);
        self.script(name)
    }

    /// The flags that make a handler of `runc` by another name.
    pub(crate) fn traced_settings(&self, name: &str) -> [String; 4] {
        let binary = format!("options.BinaryName={}", self.traced_runc(name));
        let shim = "runtime_type=io.containerd.runc.v2".to_owned();
        ["--set".to_owned(), shim, "--set".to_owned(), binary]
    }

    /// What the scripts of [`PodNode::traced_runc`] have noted down.
    pub(crate) fn trace(&self) -> String {
        fs::read_to_string(self.home().join("trace")).unwrap_or_default()
    }

    /// Runs `containerd-edit` on the node's config.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Output {
        let mut command = self.tool_command(arguments);
        command.output().expect("nsenter of util-linux starts")
    }

    /// Returns the command that runs `containerd-edit` on the node's config.
    pub(crate) fn tool_command(&self, arguments: &[&str]) -> Command {
        let mut command = vec!["containerd-edit", "--config", "/etc/containerd/config.toml"];
        command.extend(arguments);
        self.command(&command)
    }

    /// Runs `containerd-edit` as an installer's container does that has the node at `/host`.
    pub(crate) fn tool_in_container(&self, arguments: &[&str]) -> Output {
        let mut command = vec!["--host-root", "/run/host"];
        command.extend(arguments);
        self.tool(&command)
    }

    /// Returns the config's bytes.
    pub(crate) fn config(&self) -> Vec<u8> {
        fs::read(self.home().join("etc/config.toml")).expect("the config is read")
    }

    /// Runs `containerd-edit` on the node's config, which must succeed.
    pub(crate) fn edit(&self, arguments: &[&str]) {
        let output = self.tool(arguments);
        assert!(output.status.success(), "{}: {}", self.name, told(&output));
    }

    /// Runs a program on the node, which must succeed, and returns its output.
    pub(crate) fn succeeds(&self, program: &[&str]) -> String {
        // A daemon that it starts keeps what it inherits: no pipe, which would then not end.
        let (out, err) = (self.home().join("out"), self.home().join("err"));
        let status = self
            .command(program)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file"))
            .stderr(File::create(&err).expect("a file"))
            .status()
            .expect("nsenter of util-linux starts");
        let text = |path| fs::read_to_string(path).expect("UTF-8");
        assert!(
            status.success(),
            "{}: {program:?}: {status}\n{}\n{}",
            self.name,
            text(&err),
            self.log()
        );
        text(&out)
    }

    /// Returns a command that runs a program on the node.
    pub(crate) fn command(&self, program: &[&str]) -> Command {
        let holder = self.holder.id();
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &holder.to_string(), "--mount", "--net"])
            .arg(format!("--pid=/proc/{holder}/ns/pid_for_children"))
            .args([
                "env",
                "PATH=/run/bin:/run/release/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
            .args(program);
        command
    }

    /// Waits for a state of the node, and shows the daemon's log if it does not come.
    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(
                Instant::now() < deadline,
                "{}: not so within {} s: {what}\n{}",
                self.name,
                PATIENCE.as_secs(),
                self.log()
            );
            thread::sleep(POLL);
        }
    }

    /// The daemon's log since its first start.
    pub(crate) fn daemon_log(&self) -> String {
        let log = fs::read(self.home().join("containerd.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The end of the daemon's log, for messages.
    pub(crate) fn log(&self) -> String {
        let log = self.daemon_log();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        format!("---- log\n{end}")
    }

    /// The PID namespace of the node's processes.
    pub(crate) fn pid_namespace(&self) -> PathBuf {
        let link = format!("/proc/{}/ns/pid_for_children", self.holder.id());
        fs::read_link(link).unwrap_or_default()
    }

    /// The cgroup that holds those of the node's pods.
    pub(crate) fn cgroup(&self) -> String {
        let name = self.home().file_name().expect("a folder's name");
        format!("/{}", name.to_str().expect("a name of this test"))
    }
}

impl Drop for PodNode {
    fn drop(&mut self) {
        let namespace = self.pid_namespace();
        // Its child is killed with it, and all other processes of the namespace with that one.
        drop(self.holder.kill());
        drop(self.holder.wait());
        let deadline = Instant::now() + PATIENCE;
        while !processes_in(&namespace).is_empty() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        for folder in cgroups(self.cgroup().trim_start_matches('/')) {
            // A cgroup can be removed once no process is in it.
            while remove_cgroups(&folder).is_err() && Instant::now() < deadline {
                thread::sleep(POLL);
            }
            let is_left = folder.exists() && !thread::panicking();
            assert!(!is_left, "{}: {} is left", self.name, folder.display());
        }
    }
}

/// Writes a script that the node can run.
pub(crate) fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("a script is written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}
