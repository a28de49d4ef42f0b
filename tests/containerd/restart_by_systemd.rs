//! `--restart` from a container, by the host's systemctl: one of this test, in a PID namespace whose
//! first process is called `systemd`. The machine's own systemd is out of sight.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::schema;
use crate::suites::{self, Release};
use crate::supervisor::{Deed, Supervised, supervised};

/// A host: it alone has a systemd that runs and a systemctl. Then a container on it, which has
/// neither, and sees the host's processes.
const WITH_PIDS: &str = r#"
home=$1; shift
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /usr/local/sbin
mkdir -p /run/systemd/system
cp "$home/systemctl" "$home/journalctl" /usr/local/sbin
unshare --mount --propagation private sh -euc '
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /usr/local/sbin
    exec "$@"
' container "$@"
"#;
/// A container that sees no process of the host's, and has its files below `$home/host`.
const WITH_ROOT: &str = r#"
home=$1; shift
mount -t proc proc /proc
mkdir -p "$home/host"
mount --rbind / "$home/host"
mount -t tmpfs tmpfs "$home/host/run"
mount -t tmpfs tmpfs "$home/host/usr/local/sbin"
mkdir -p "$home/host/run/systemd/system"
cp "$home/systemctl" "$home/journalctl" "$home/host/usr/local/sbin"
mount -t tmpfs tmpfs /run
"$@" --host-root "$home/host"
"#;
/// A container that sees the host's processes and may not look into them.
const WITHOUT_PTRACE: &str = r#"
shift
mount -t proc proc /proc
unshare --mount --propagation private setpriv --bounding-set=-sys_ptrace "$@"
"#;
/// Neither.
const WITH_NOTHING: &str = r#"
shift
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
"$@"
"#;

const CONFIG: &[u8] = b"version = 2\n";

struct Scene<'s> {
    node: &'s Node<'s>,
    script: &'static str,
    /// The name of the first process.
    first: &'static str,
}

/// Sets a host up whose daemon runs and is restarted on request, and a container on it.
fn set_up(script: &'static str, first: &'static str, test: impl FnOnce(&Scene, &Supervised)) {
    let release = Release::of(suites::SUITES[0]);
    let node = Node::new(&release, Some(CONFIG));
    let scene = Scene {
        node: &node,
        script,
        first,
    };
    supervised(&node, |supervised| {
        scene.write_programs(supervised);
        test(&scene, supervised);
    });
}

impl Scene<'_> {
    /// Writes the host's programs, which write down how they are called.
    fn write_programs(&self, supervised: &Supervised) {
        let home = self.node.home();
        let write = |name: &str, text: String| {
            let path = home.join(name);
            fs::write(&path, text).expect("the program is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        };
        let calls = home.join("calls");
        let calls = calls.display();
        let states = home.join("states");
        fs::write(&states, "").expect("it is ours");
        let states = states.display();
        let restart = supervised.command();
        write(
            "systemctl",
            format!(
                "#!/bin/sh\necho \"systemctl $* $SYSTEMD_IGNORE_CHROOT\" >>{calls}\n\
                 case $* in\n    restart*) {restart} ;;\n    *InvocationID*) echo 1234 ;;\n    \
                 *SubState*) head -n 1 {states}; sed -i 1d {states} ;;\n    \
                 *ActiveState*-agent) echo activating ;;\n    \
                 *ActiveState*) echo inactive ;;\nesac\n"
            ),
        );
        write(
            "journalctl",
            format!("#!/bin/sh\necho \"journalctl $*\" >>{calls}\necho the reason\n"),
        );
        // The name of a process is that of its program.
        fs::copy("/bin/sh", home.join(self.first)).expect("the shell is copied");
    }

    fn calls(&self) -> String {
        let path = self.node.home().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        if path.exists() {
            fs::remove_file(path).expect("it is ours");
        }
        calls
    }

    /// Adds crun, from a container.
    fn add(&self) -> (Option<i32>, Value) {
        self.run(&["add", "crun"])
    }

    /// Changes the config from a container, and has that loaded.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let home = self.node.home();
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "unshare",
                "--pid",
                "--mount",
                "--fork",
            ])
            .args(["--kill-child", "--propagation", "private"])
            .arg(home.join(self.first))
            .args(["-euc", self.script, "scene"])
            .arg(home)
            .arg(env!("CARGO_BIN_EXE_containerd-edit"))
            .arg("--config")
            .arg(self.node.config_path())
            .args(arguments)
            .args([
                "--restart",
                "-o",
                "json",
                "--ready-timeout",
                "2s",
                "--cri-endpoint",
            ])
            .arg(self.node.socket())
            .output()
            .expect("setpriv of util-linux can be started");
        let stdout = String::from_utf8(stdout).expect("UTF-8");
        let stderr = String::from_utf8_lossy(&stderr);
        schema::check(&arguments[..1], &stdout);
        let json = serde_json::from_str(&stdout);
        let json = json.unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
        (status.code(), json)
    }
}

/// The way to a host's systemctl: the scene, its first process, and what systemctl is told of being
/// in a chroot.
const WAYS: [(&str, &str, &str); 2] = [(WITH_PIDS, "systemd", ""), (WITH_ROOT, "init", "1")];

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn the_hosts_systemd_restarts_containerd() {
    for (script, first, chroot) in WAYS {
        set_up(script, first, |scene, supervised| {
            let (exit, report) = scene.add();
            assert_eq!(exit, Some(0), "{first}: {report}");
            let restart = &report["restart"];
            assert_eq!(restart["command"], "systemctl restart containerd");
            assert_eq!(restart["running"]["in_step"], true, "{report}");
            assert_eq!(
                scene.calls(),
                format!("systemctl restart containerd {chroot}\n")
            );

            // When it was started is seen, by its process or by its socket.
            let (exit, report) = scene.add();
            assert_eq!(exit, Some(0), "{first}: {report}");
            assert_eq!(report["restart"]["done"], false, "{first}: {report}");
            let config = scene.node.config().expect("a config");
            fs::write(scene.node.config_path(), config).expect("writes");
            for why in [Some("older"), None] {
                let (_, report) = scene.add();
                assert_eq!(report["restart"]["why"].as_str(), why, "{first}: {report}");
            }
            scene.calls();

            // Its log is read there as well.
            scene.node.edit(&["remove", "crun"]);
            supervised.next(&[Deed::WithoutCri]);
            let (exit, report) = scene.add();
            assert_eq!(exit, Some(69), "{first}: {report}");
            let error = &report["error"];
            assert_eq!(
                (&error["code"], &error["log"]),
                (&"rolled-back".into(), &"the reason\n".into())
            );
            let calls = scene.calls();
            let asked = "--output=cat --lines 15 _SYSTEMD_INVOCATION_ID=1234\n";
            assert!(calls.contains(asked), "{calls}");
            assert_eq!(
                calls.matches("systemctl restart containerd").count(),
                2,
                "{calls}"
            );
        });
    }
}

/// Stopped while it loads its shims, it may lose its pods. One that fails again and again is not waited
/// for.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_start_that_systemd_has_begun_is_waited_for() {
    for (script, first, chroot) in WAYS {
        set_up(script, first, |scene, supervised| {
            // With nothing changed, whatever state it is left in.
            supervised.next(&[Deed::Stop, Deed::Stop]);
            assert_eq!(scene.add().0, Some(69), "{first}");
            scene.calls();

            let asked = format!("systemctl show --property=SubState --value containerd {chroot}\n");
            let restarted = format!("systemctl restart containerd {chroot}\n");
            let states = ["start-pre", "start", "start-post", "auto-restart"];
            let states = states.map(|state| format!("{state}\n")).concat();
            fs::write(scene.node.home().join("states"), states).expect("it is ours");
            let (exit, report) = scene.add();
            assert_eq!(exit, Some(0), "{first}: {report}");
            assert_eq!(scene.calls(), asked.repeat(4) + &restarted, "{first}");
        });
    }
}

/// Of two units, the one counts that another run has restarted just now.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_unit_that_is_starting_is_the_one_that_runs_here() {
    let (script, first, _) = WAYS[0];
    set_up(script, first, |scene, _| {
        let (exit, report) = scene.run(&["set", "debug.level=info", "--distribution", "rke2"]);
        assert_eq!(exit, Some(0), "{report}");
        let command = &report["restart"]["command"];
        assert_eq!(command, "systemctl restart rke2-agent", "{report}");
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn without_a_way_to_restart_it_nothing_is_changed() {
    for (script, first, exit, code) in [
        (WITH_NOTHING, "init", 69, "no-systemd"),
        (WITHOUT_PTRACE, "systemd", 77, "host-denied"),
    ] {
        set_up(script, first, |scene, _| {
            let (ended, report) = scene.add();
            assert_eq!(ended, Some(exit), "{report}");
            assert_eq!(report["error"]["code"], code, "{report}");
            assert_eq!(scene.node.config().as_deref(), Some(CONFIG));
            assert_eq!(
                crate::restart::serves(scene.node),
                Verdict::serves(["runc"], "runc")
            );
        });
    }
}
