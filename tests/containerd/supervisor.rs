//! What restarts a node's daemon when it is asked to, in all the ways in which that goes wrong.
//!
//! A restart command writes the process ID of its parent to a FIFO and waits for an exit code from
//! another one. So the daemons are children of the test, and go with it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};

use crate::cri::Verdict;
use crate::daemon::{Daemon, Node};

/// What is done when a restart is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The daemon is stopped and started again.
    Restart,
    /// The daemon is restarted once the command has ended.
    Later,
    /// Nothing is done, and that is said.
    Fail,
    /// Nothing is done, and that is kept quiet.
    Nothing,
    /// The daemon is stopped and not started again.
    Stop,
    /// The new daemon boots and dies.
    Die,
    /// The new daemon boots with CRI switched off.
    WithoutCri,
    /// The new daemon has another config, of which the tool knows nothing.
    OtherConfig,
    /// Another installer adds a handler, and then the new daemon boots with CRI switched off.
    WithoutCriAfterOthers,
    /// Whoever asked is killed, and nothing is done.
    KillBefore,
    /// The daemon is stopped, and whoever asked is killed.
    KillDuring,
    /// The daemon is stopped, and whoever asked is to end while it waits for a new one.
    Interrupt,
    /// Whoever asked is killed when it waits for the daemon, which then comes.
    KillWaiting,
}

/// A config without CRI.
const WITHOUT_CRI: &str = "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";

/// What a test has of its supervisor.
pub(crate) struct Supervised<'s> {
    node: &'s Node<'s>,
    deeds: &'s Mutex<Vec<Deed>>,
}

impl Supervised<'_> {
    /// The command that has the daemon restarted.
    pub(crate) fn command(&self) -> String {
        let (ask, answer) = fifos(self.node);
        format!(
            "echo $PPID >{}; read code <{}; exit $code",
            ask.display(),
            answer.display()
        )
    }

    /// Says what is done at the next restarts; then they go well.
    pub(crate) fn next(&self, deeds: &[Deed]) {
        let mut next = self.deeds.lock().expect("no thread has panicked");
        assert_eq!(*next, [], "restarts that were not asked for");
        *next = deeds.iter().rev().copied().collect();
    }

    /// Forgets what was to be done: no restart was asked for.
    pub(crate) fn forget(&self) {
        let mut next = self.deeds.lock().expect("no thread has panicked");
        assert!(!next.is_empty(), "a restart was asked for");
        next.clear();
    }
}

/// Runs a test on a node whose daemon is restarted on request. It runs when the test begins.
pub(crate) fn supervised(node: &Node, test: impl FnOnce(&Supervised)) {
    for fifo in <[PathBuf; 2]>::from(fifos(node)) {
        mkfifoat(CWD, &fifo, Mode::RWXU).expect("a FIFO can be made");
    }
    let deeds = Mutex::new(Vec::new());
    // Whether a file was changed before the daemon was started is known to 20 ms.
    thread::sleep(Duration::from_millis(30));
    thread::scope(|scope| {
        let mut daemon = node.start();
        assert!(matches!(daemon.verdict(), Verdict::Serves { .. }));
        let supervisor = scope.spawn(|| supervise(node, &deeds, daemon));
        let end = End(node);
        let supervised = Supervised {
            node,
            deeds: &deeds,
        };
        test(&supervised);
        supervised.next(&[]);
        drop(end);
        supervisor.join().expect("the supervisor has not panicked");
    });
}

fn fifos(node: &Node) -> (PathBuf, PathBuf) {
    (node.home().join("ask"), node.home().join("answer"))
}

/// Ends the supervisor, after a panic too.
struct End<'n>(&'n Node<'n>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let (ask, _) = fifos(self.0);
        let mut ask = OpenOptions::new().write(true).open(ask).expect("a FIFO");
        ask.write_all(b"end\n").expect("the supervisor reads");
    }
}

fn supervise<'n>(node: &'n Node<'n>, deeds: &Mutex<Vec<Deed>>, daemon: Daemon<'n>) {
    // A daemon dies with the thread that has started it: the first one is the test's own.
    let mut daemon = Some(daemon);
    let (ask, answer) = fifos(node);
    loop {
        let asked = fs::read_to_string(&ask).expect("a FIFO");
        if asked == "end\n" {
            return;
        }
        let asking = asked.trim().parse().ok().and_then(Pid::from_raw);
        let asking = asking.expect("a process ID");
        let kill = || kill_process(asking, Signal::KILL).expect("it waits for the answer");
        let next = deeds.lock().expect("no thread has panicked").pop();
        let mut code = 0;
        match next.unwrap_or(Deed::Restart) {
            Deed::Restart => {
                drop(daemon.take());
                daemon = Some(node.start());
            }
            Deed::Later => {
                fs::write(&answer, "0\n").expect("it waits for the answer");
                drop(daemon.take());
                daemon = Some(node.start());
                continue;
            }
            Deed::Fail => code = 3,
            Deed::Nothing => {}
            Deed::Stop => drop(daemon.take()),
            Deed::Die => {
                drop(daemon.take());
                let mut dying = node.start_at(&node.home().join("dying.sock"), &[]);
                assert!(!matches!(dying.verdict(), Verdict::Exits { .. }));
            }
            Deed::WithoutCri => {
                drop(daemon.take());
                daemon = Some(start_without_cri(node));
            }
            Deed::WithoutCriAfterOthers => {
                node.edit(&["add", "spin", "--owner", "others"]);
                drop(daemon.take());
                daemon = Some(start_without_cri(node));
            }
            Deed::OtherConfig => {
                drop(daemon.take());
                daemon = Some(start_with(node, "version = 2\n"));
            }
            Deed::KillBefore => kill(),
            Deed::KillDuring => {
                drop(daemon.take());
                kill();
            }
            Deed::Interrupt => {
                drop(daemon.take());
                kill_process(asking, Signal::TERM).expect("it waits for the answer");
            }
            Deed::KillWaiting => {
                drop(daemon.take());
                fs::write(&answer, "0\n").expect("it waits for the answer");
                // The socket is still the old one's: nobody listens, and it waits.
                kill();
                daemon = Some(node.start());
                continue;
            }
        }
        fs::write(&answer, format!("{code}\n")).expect("it waits for the answer");
    }
}

pub(crate) fn start_without_cri<'n>(node: &'n Node<'n>) -> Daemon<'n> {
    start_with(node, WITHOUT_CRI)
}

fn start_with<'n>(node: &'n Node<'n>, config: &str) -> Daemon<'n> {
    let path = node.home().join("other.toml");
    fs::write(&path, config).expect("the config is written");
    let path = path.to_str().expect("a path of this test");
    node.start_at(&node.socket(), &["--config", path])
}
