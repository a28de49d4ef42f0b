//! The lock among others: flock(1) in shell installers, stale files, signals while waiting.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::tool::{Node, Run};

/// Takes the lock with flock(1), as a shell installer does, until it is let go.
struct Shell {
    child: Child,
}

impl Shell {
    fn holding(node: &Node) -> Self {
        let mut child = Command::new("flock")
            .arg(node.folder().join("config.toml.lock"))
            .args(["sh", "-c", "echo locked; read end"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("flock, of util-linux, starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "locked\n");
        Self { child }
    }

    fn let_go(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_shell_installer_that_holds_the_lock_excludes_us() {
    let node = Node::with("version = 3\n");
    let shell = Shell::holding(&node);
    let run = node.run(&["add", "crun", "--lock-timeout", "0s"]).exits(75);
    let said = "the lock is busy, held by a program that does not say who it is\n";
    assert!(run.stderr.contains(said), "{run:#?}");
    // Whether there is anything to do is known under the lock alone.
    let nothing = ["remove", "nothing", "--lock-timeout", "0s"];
    node.run(&nothing).exits(75);
    let status = node.run(&["status"]).exits(0);
    let said = "held:          yes, by a program that does not say who it is\n";
    assert!(status.stdout.contains(said), "{status:#?}");
    shell.let_go();
    node.run(&["add", "crun", "--lock-timeout", "0s"]).exits(0);
    // An older line of ours is no reason to name the wrong one.
    let shell = Shell::holding(&node);
    let run = node.run(&["add", "spin", "--lock-timeout", "0s"]).exits(75);
    let said =
        "held by a program that does not say who it is (the last one that did: `add crun`, PID";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert!(run.stderr.contains("which has ended)"), "{run:#?}");
    shell.let_go();
}

#[test]
fn we_exclude_a_shell_installer() {
    let node = Node::with("version = 3\n");
    let lock = node.folder().join("config.toml.lock");
    // An edit that is in the middle: its lock, taken the same way.
    node.run(&["add", "crun"]).exits(0);
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&lock)
        .expect("opens");
    fs4::FileExt::lock(&file).expect("locks");
    let shell = || {
        Command::new("flock")
            .arg("-n")
            .arg(&lock)
            .arg("true")
            .status()
    };
    assert_eq!(shell().expect("starts").code(), Some(1), "busy");
    // Not by closing it: another test's child may have it open until it has become its program.
    fs4::FileExt::unlock(&file).expect("unlocks");
    assert_eq!(shell().expect("starts").code(), Some(0), "free");
}

/// A PID in a file proves nothing: neither a process that lives nor one of an earlier boot.
#[test]
fn a_forged_or_stale_lock_file_blocks_nobody() {
    let me = std::process::id();
    for line in [
        format!("# containerd-edit v1 pid={me} host=here since=x command=\"add kata\"\n"),
        format!("# containerd-edit v1 pid={me} started=1 boot=another pid-namespace=1\n"),
        format!("{me}\n"),
        "\0\u{1b}[2Jnonsense".to_owned(),
    ] {
        let node = Node::with("version = 3\n");
        fs::write(node.folder().join("config.toml.lock"), &line).expect("writes");
        node.run(&["add", "crun", "--lock-timeout", "0s"]).exits(0);
        assert!(node.text().contains("runtimes.crun"), "{line:?}");
    }
}

#[test]
fn who_waits_is_told_the_truth_about_the_holder() {
    let node = Node::with("version = 3\n");
    let lock = node.folder().join("config.toml.lock");
    node.run(&["add", "crun"]).exits(0);
    let line = fs::read_to_string(&lock).expect("readable");
    let part = |key: &str| {
        let value = line.split_once(&format!(" {key}=")).expect(key).1;
        value.split_once(' ').expect("more").0.to_owned()
    };
    let me = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").expect("readable");
    let started = stat[stat.rfind(')').expect("a name") + 2..]
        .split(' ')
        .nth(19);
    let started = started.expect("field 22").to_owned();
    let mine = line
        .replace(&format!("pid={} ", part("pid")), &format!("pid={me} "))
        .replace(&part("started"), &started);
    let cases = [
        (mine.clone(), "which is running"),
        (
            mine.replace(&format!("started={started}"), "started=1"),
            "its PID is another process's now",
        ),
        (mine.replace(&part("boot"), "another"), ", before a reboot"),
        (
            mine.replace(&part("pid-namespace"), "1"),
            "in another PID namespace",
        ),
        (line.clone(), "which has ended"),
    ];
    let shell = Shell::holding(&node);
    for (line, said) in cases {
        fs::write(&lock, &line).expect("writes");
        let run = node.run(&["add", "spin", "--lock-timeout", "0s"]).exits(75);
        assert!(run.stderr.contains(said), "{line}: {run:#?}");
    }
    shell.let_go();
}

/// Who waits can be stopped, and leaves nothing.
#[test]
fn a_signal_ends_the_wait() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let node = Node::with("version = 3\n");
        let shell = Shell::holding(&node);
        // Whoever runs the tests may have the signals ignored.
        let mut waiting = Command::new("env")
            .arg("--default-signal=TERM,INT,HUP")
            .arg(crate::tool::tool_path())
            .arg("--config")
            .arg(node.config())
            .args(["add", "crun"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("env, of coreutils, starts");
        let mut said = BufReader::new(waiting.stderr.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert!(line.starts_with("waiting for the lock"), "{line}");
        let pid = Pid::from_child(&waiting);
        kill_process(pid, signal).expect("it is there");
        let status = waiting.wait().expect("it ends");
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("readable");
        assert!(
            rest.contains("interrupted before anything was changed"),
            "{rest}"
        );
        assert_eq!(node.text(), "version = 3\n");
        assert_eq!(node.names(), ["config.toml", "config.toml.lock"]);
        shell.let_go();
    }
}

/// The example of the documentation.
#[test]
fn a_shell_installer_and_the_command_take_turns() {
    let node = Node::with("version = 3\n");
    let script =
        "flock \"$LOCK\" sh -c 'n=$(cat \"$COUNT\"); sleep 0.01; echo $((n + 1)) > \"$COUNT\"'";
    let count = node.folder().join("count");
    fs::write(&count, "0\n").expect("writes");
    let shells: Vec<Child> = (0..8)
        .map(|_| {
            let mut shell = Command::new("sh");
            shell.args(["-ec", script]).env("COUNT", &count);
            shell.env("LOCK", node.folder().join("config.toml.lock"));
            shell.spawn().expect("starts")
        })
        .collect();
    for name in ["crun", "spin", "youki"] {
        Run::of(&mut node.command(&["add", name])).exits(0);
    }
    for mut shell in shells {
        assert!(shell.wait().expect("it ends").success());
    }
    assert_eq!(fs::read_to_string(&count).expect("readable"), "8\n");
    for name in ["crun", "spin", "youki"] {
        assert!(node.text().contains(&format!("runtimes.{name}]")), "{name}");
    }
}

/// As nohup(1) starts it, and a shell what it runs in the background.
#[test]
fn an_ignored_signal_stays_ignored() {
    let node = Node::with("version = 3\n");
    let shell = Shell::holding(&node);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    command
        .arg(crate::tool::tool_path())
        .arg("--config")
        .arg(node.config());
    let command = command.args(["add", "crun"]).stderr(Stdio::piped());
    let mut waiting = command.spawn().expect("starts");
    let mut line = String::new();
    let mut said = BufReader::new(waiting.stderr.take().expect("a pipe"));
    said.read_line(&mut line).expect("a line");
    assert!(line.starts_with("waiting for the lock"), "{line}");
    kill_process(Pid::from_child(&waiting), Signal::HUP).expect("it is there");
    shell.let_go();
    assert_eq!(waiting.wait().expect("it ends").code(), Some(0));
    assert!(node.text().contains("runtimes.crun"));
}

/// Who looks takes the lock for an instant: that must not make others fail.
#[test]
fn looking_disturbs_nobody() {
    let node = Node::with("version = 3\n");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    node.run(&["status"]).exits(0);
                }
            });
        }
        for _ in 0..50 {
            let runs = [["add", "crun"], ["remove", "crun"]];
            let ended =
                runs.map(|[verb, name]| node.run(&["-q", verb, name, "--lock-timeout", "0s"]));
            if ended.iter().any(|run| run.exit != Some(0)) {
                done.store(true, std::sync::atomic::Ordering::Relaxed);
                panic!("{ended:#?}");
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
