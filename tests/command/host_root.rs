//! A container that has the host's files mounted somewhere: no path leads out of there.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::tool::{Run, SIDECARS, tool};

/// A container's view: the host's files below `host`, and the container's own beside them.
struct Container {
    folder: tempfile::TempDir,
}

impl Container {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let container = Self { folder };
        for (path, text) in files {
            let path = container.host(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
            fs::write(path, text).expect("writes");
        }
        container
    }

    /// Where a path of the host is in the container.
    fn host(&self, path: &str) -> PathBuf {
        self.folder
            .path()
            .join("host")
            .join(path.trim_start_matches('/'))
    }

    fn link(&self, target: impl AsRef<Path>, path: &str) {
        let path = self.host(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        symlink(target, path).expect("links");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = tool();
        command.arg("--host-root").arg(self.host("/"));
        Run::of(command.args(arguments))
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.host(path)).expect("readable")
    }
}

const CONFIG: &str = "/etc/containerd/config.toml";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_default_config_is_the_hosts() {
    let container = Container::new(&[(CONFIG, "version = 3\n")]);
    let run = container.run(&["add", "crun"]).exits(0);
    assert!(
        run.stdout
            .starts_with("/etc/containerd/config.toml: added crun"),
        "{run:#?}"
    );
    assert!(container.text(CONFIG).contains("runtimes.crun"));
    assert_eq!(names(&container.host("/etc/containerd")), SIDECARS);
    container.run(&["remove", "crun"]).exits(0);
    assert_eq!(container.text(CONFIG), "version = 3\n");
}

#[test]
fn the_variable_stands_in_for_the_flag() {
    let container = Container::new(&[(CONFIG, "version = 3\n")]);
    let mut command = tool();
    command.env("CONTAINERD_EDIT_HOST_ROOT", container.host("/"));
    Run::of(command.args(["add", "crun"])).exits(0);
    assert!(container.text(CONFIG).contains("runtimes.crun"));
}

#[test]
fn a_relative_path_counts_from_the_hosts_root() {
    let container = Container::new(&[(CONFIG, "version = 3\n")]);
    let relative = ["--config", "etc/containerd/config.toml", "add", "crun"];
    container.run(&relative).exits(0);
    assert!(container.text(CONFIG).contains("runtimes.crun"));
    let listed = container.run(&["--config", "etc/containerd/config.toml", "list"]);
    let place = "manual  /etc/containerd/config.toml:";
    assert!(listed.stdout.contains(place), "{listed:#?}");
}

/// An absolute link is one of the host, not of the container.
#[test]
fn absolute_links_stay_inside() {
    let container = Container::new(&[("/data/containerd/real.toml", "version = 3\n")]);
    container.link("/data/containerd", "/etc/containerd");
    container.link("/data/containerd/real.toml", "/data/containerd/config.toml");
    container.run(&["add", "crun"]).exits(0);
    assert!(
        container
            .text("/data/containerd/real.toml")
            .contains("runtimes.crun")
    );
    let wanted = [
        "config.toml",
        "real.toml",
        "real.toml.last",
        "real.toml.lock",
        "real.toml.log",
        "real.toml.owners",
        "real.toml.owners.prev",
        "real.toml.prev",
    ];
    assert_eq!(names(&container.host("/data/containerd")), wanted);
}

#[test]
fn nothing_outside_is_read_or_written() {
    let container = Container::new(&[("/etc/hosts", "")]);
    let secret = container.folder.path().join("secret");
    fs::create_dir(&secret).expect("creates");
    fs::write(secret.join("config.toml"), "version = 3\n").expect("writes");
    // Absolute in the container, and by enough steps up.
    container.link(&secret, "/etc/absolute");
    container.link("../../secret", "/etc/relative");
    for folder in [
        "/etc/absolute",
        "/etc/relative",
        "/../secret",
        "/etc/../../secret",
    ] {
        let config = format!("{folder}/config.toml");
        container
            .run(&["--config", &config, "add", "crun"])
            .exits(66);
        container.run(&["--config", &config, "list"]).exits(66);
    }
    container.link("../../secret/config.toml", "/etc/config.toml");
    let run = container
        .run(&["--config", "/etc/config.toml", "add", "crun"])
        .exits(66);
    assert!(run.stderr.contains("which leads to nothing"), "{run:#?}");
    assert_eq!(names(&secret), ["config.toml"]);
    assert_eq!(
        fs::read(secret.join("config.toml")).expect("readable"),
        b"version = 3\n"
    );
}

/// What the model reads is the host's too: imports, by absolute path and by glob, and through links.
#[test]
fn imports_are_the_hosts() {
    let drop_in = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n\
                   runtime_type = 'io.containerd.kata.v2'\n";
    let container = Container::new(&[
        (
            CONFIG,
            "version = 3\nimports = ['/etc/containerd/conf.d/*.toml', '/opt/one.toml']\n",
        ),
        ("/data/conf.d/kata.toml", drop_in),
        ("/data/one.toml", &drop_in.replace("kata", "wasm")),
    ]);
    container.link("/data/conf.d", "/etc/containerd/conf.d");
    container.link("/data/one.toml", "/opt/one.toml");
    let run = container.run(&["list"]).exits(0);
    assert!(
        run.stdout.contains("/etc/containerd/conf.d/kata.toml:2"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("/opt/one.toml:2"), "{run:#?}");
    container.run(&["check"]).exits(0);
    container.run(&["add", "crun"]).exits(0);
    // An import that is missing on the host ends every daemon.
    fs::remove_file(container.host("/opt/one.toml")).expect("removes");
    let run = container.run(&["check"]).exits(78);
    assert!(run.stdout.contains("/opt/one.toml"), "{run:#?}");
}

/// Programs are looked for on the host.
#[test]
fn a_shim_of_the_container_is_none_of_the_hosts() {
    let text = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sh]\n\
                runtime_type = '/bin/sh'\n";
    let container = Container::new(&[(CONFIG, text)]);
    let run = container.run(&["check"]).exits(0);
    let missing = run.missing.concat();
    assert!(
        missing.contains("the shim /bin/sh of sh is not on this host"),
        "{run:#?}"
    );
    fs::create_dir_all(container.host("/bin")).expect("creates");
    fs::write(container.host("/bin/sh"), "").expect("writes");
    let run = container.run(&["check"]).exits(0);
    assert!(!run.stderr.contains("/bin/sh"), "{run:#?}");
    assert!(run.missing.is_empty(), "{run:#?}");
}

#[test]
fn a_log_of_its_own_is_on_the_host() {
    let container = Container::new(&[(CONFIG, "version = 3\n"), ("/var/log/x", "")]);
    container
        .run(&["add", "crun", "--log", "/var/log/edits.log"])
        .exits(0);
    assert!(
        container
            .text("/var/log/edits.log")
            .contains("\"added\":[\"crun\"]")
    );
}

#[test]
fn a_host_root_that_is_none_is_said() {
    let container = Container::new(&[(CONFIG, "version = 3\n")]);
    for wrong in ["/etc/nowhere", CONFIG] {
        let mut command = tool();
        command.arg("--host-root").arg(container.host(wrong));
        let run = Run::of(command.args(["add", "crun"])).exits(66);
        let said = format!("error: {}: --host-root: ", container.host(wrong).display());
        assert!(run.stderr.starts_with(&said), "{run:#?}");
        assert!(
            run.stderr
                .contains("hint: name the folder at which the host's / is mounted"),
            "{run:#?}"
        );
    }
    let mut command = tool();
    command.args(["--host-root", "", "add", "crun"]);
    Run::of(&mut command).exits(2);
    // The host's path with the root in it.
    let doubled = container.host(CONFIG);
    let doubled = doubled.to_str().expect("UTF-8");
    let run = container
        .run(&["--config", doubled, "add", "crun"])
        .exits(66);
    assert!(run.stderr.contains("without"), "{run:#?}");
}

/// `/` is what it is without.
#[test]
fn the_hosts_root_may_be_the_root() {
    let container = Container::new(&[(CONFIG, "version = 3\n")]);
    let config = container.host(CONFIG).with_file_name("new.toml");
    let mut command = tool();
    command.args(["--host-root", "/", "--config"]).arg(&config);
    Run::of(command.args(["add", "crun"])).exits(0);
    assert!(config.exists());
}

/// What a hint wants to be made is named as this container sees it.
#[test]
fn a_hint_names_the_containers_path() {
    let container = Container::new(&[("/etc/hosts", "")]);
    let run = container.run(&["add", "crun"]).exits(66);
    let wanted = format!("mkdir -p {}", container.host("/etc/containerd").display());
    assert!(run.stderr.contains(&wanted), "{run:#?}");
    // The container's own /opt is another one.
    container.link("/opt/etc", "/etc/containerd");
    let run = container.run(&["add", "crun"]).exits(66);
    let wanted = format!("mkdir -p {}", container.host("/opt/etc").display());
    assert!(run.stderr.contains(&wanted), "{run:#?}");
    fs::create_dir_all(container.host("/opt/etc")).expect("creates");
    container.run(&["add", "crun"]).exits(0);
    assert!(container.host("/opt/etc/config.toml").exists());
}

/// A process in mounts of its own, whose folder here is another one there.
struct Elsewhere(std::process::Child);

impl Elsewhere {
    fn at(folder: &Path) -> Self {
        const ENTER: &str = "mount -t tmpfs tmpfs . && cd \"$PWD\" && mkdir -p etc/containerd && \
                             printf 'version = 3\\n' >etc/containerd/config.toml && echo there && exec cat";
        let mut command = std::process::Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER]);
        let pipe = std::process::Stdio::piped;
        let command = command.current_dir(folder).stdin(pipe()).stdout(pipe());
        let mut child = command.spawn().expect("starts");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        said.read_line(&mut line).expect("a line");
        assert_eq!(line, "there\n");
        Self(child)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // cat ends with its input.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// As `/proc/1/root` is for a container that sees the host's processes: its path without links is the
/// container's own `/`.
#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn the_root_may_be_that_of_a_process_in_other_mounts() {
    let container = Container::new(&[(CONFIG, "version = 2\n")]);
    let there = Elsewhere::at(&container.host("/"));
    let root = PathBuf::from(format!("/proc/{}/cwd", there.0.id()));
    let mut command = tool();
    Run::of(command.arg("--host-root").arg(&root).args(["add", "crun"])).exits(0);
    assert_eq!(container.text(CONFIG), "version = 2\n", "the one here");
    let text = fs::read_to_string(root.join("etc/containerd/config.toml")).expect("reads");
    assert!(text.starts_with("version = 3\n"), "{text}");
    assert!(text.contains("runtimes.crun"), "{text}");
    assert_eq!(names(&container.host("/etc/containerd")), ["config.toml"]);
}

/// A log that the host has no folder for costs a warning, and never goes to the container's files.
#[test]
fn the_log_stays_on_the_host() {
    let container = Container::new(&[(CONFIG, "version = 3\n"), ("/var/log/x", "")]);
    let secret = container.folder.path().join("secret");
    fs::create_dir(&secret).expect("creates");
    fs::write(secret.join("file"), "theirs").expect("writes");
    // The container has what these lead to, and the host has not.
    container.link(&secret, "/etc/outside");
    container.link(secret.join("file"), "/var/log/link.log");
    container.link(secret.join("new"), "/var/log/dangling.log");
    container.link("../../secret", "/up");
    container.link("log/../../var/log", "/var/inside");
    for (log, wanted) in [
        ("/../secret/one", None),
        ("/etc/../../secret/one", None),
        ("../secret/one", None),
        ("/etc/outside/one", None),
        ("/etc/outside/../outside/one", None),
        ("/up/one", None),
        ("/nowhere/one", None),
        ("/etc/containerd/config.toml/one", None),
        ("/var/log/link.log", None),
        ("/var/log/dangling.log", None),
        ("/", None),
        ("/..", None),
        ("/var/log/..", None),
        ("/var/log/one", Some("/var/log/one")),
        ("var/log/two", Some("/var/log/two")),
        ("/../../var/inside/three", Some("/var/log/three")),
    ] {
        let run = container.run(&["add", "crun", "--log", log]).exits(0);
        let is_logged = !run.stderr.contains(" the operation log ");
        assert_eq!(is_logged, wanted.is_some(), "{log}: {run:#?}");
        assert!(wanted.is_none_or(|it| container.host(it).exists()), "{log}");
        let status = container.run(&["status", "--log", log]).exits(0);
        assert_eq!(
            status.stdout.contains("can't be read"),
            wanted.is_none(),
            "{status:#?}"
        );
        container.run(&["remove", "crun", "--log", "none"]).exits(0);
        assert_eq!(names(&secret), ["file"], "{log}");
    }
    assert_eq!(
        fs::read_to_string(secret.join("file")).expect("reads"),
        "theirs"
    );
}
