//! A `/proc` that was made up, in the shape of a real one.

// Fixtures need no rules for unlinking.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// A host: its root, with a `/proc` in it.
struct Host {
    folder: TempDir,
}

/// A shim as it is started on a real node.
struct Process<'p> {
    id: u32,
    /// The program's name.
    shim: &'p str,
    /// What the folder's `runtime` says.
    binary: Option<&'p str>,
    pod: &'p str,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let host = Self { folder };
        let first = host.process(1, b"/sbin/init\0", "NSpid:\t1\n");
        symlink(host.folder.path(), first.join("root")).expect("a link");
        host
    }

    fn root(&self) -> HostRoot {
        HostRoot::at(self.folder.path()).expect("a folder")
    }

    fn process(&self, id: u32, arguments: &[u8], status: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("proc/{id}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("cmdline"), arguments).expect("writes");
        let status = format!("Name:\tx) y\n{status}");
        fs::write(folder.join("status"), status.as_bytes()).expect("writes");
        let stat = format!("{id} (x) y) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 4711 0 0");
        fs::write(folder.join("stat"), stat.as_bytes()).expect("writes");
        symlink("/usr/bin/shim", folder.join("exe")).expect("a link");
        folder
    }

    /// A shim, with the folder of its sandbox.
    fn shim(&self, process: &Process) -> PathBuf {
        let Process {
            id,
            shim,
            binary,
            pod,
        } = process;
        let arguments = format!(
            "/usr/bin/{shim}\0-namespace\0k8s.io\0-id\0sandbox{id}\0-address\0/run/c.sock\0"
        );
        let folder = self.process(*id, arguments.as_bytes(), &format!("NSpid:\t{id}\n"));
        let bundle = self.folder.path().join(format!("run/sandbox{id}"));
        fs::create_dir_all(&bundle).expect("a folder");
        let path = format!("/usr/bin/{shim}");
        fs::write(bundle.join("shim-binary-path"), path.as_bytes()).expect("writes");
        if let Some(binary) = binary {
            fs::write(bundle.join("runtime"), binary.as_bytes()).expect("writes");
        }
        let config = format!(
            r#"{{"annotations": {{"io.kubernetes.cri.sandbox-id": "sandbox{id}",
                "io.kubernetes.cri.sandbox-name": "{pod}",
                "io.kubernetes.cri.sandbox-namespace": "shop"}}}}"#
        );
        fs::write(bundle.join("config.json"), config.as_bytes()).expect("writes");
        symlink(&bundle, folder.join("cwd")).expect("a link");
        bundle
    }

    fn in_use(&self, handlers: &[&str]) -> InUse {
        let config = effective(CONFIG);
        let handlers = handlers.iter().map(|&name| name.to_owned()).collect();
        InUse::by_shims(&handlers, &config, &self.root()).expect("the processes are seen")
    }
}

const CONFIG: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
BinaryName = "/usr/bin/crun"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata-clh]
runtime_type = "io.containerd.kata.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata-qemu]
runtime_type = "io.containerd.kata.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.spin]
runtime_type = "io.containerd.spin.v2"
"#;

fn effective(config: &str) -> Effective {
    let path = Path::new("/etc/containerd/config.toml");
    let releases = crate::containerd::Release::LINES;
    let root = HostRoot::default();
    Effective::of(path, config.as_bytes(), &releases, None, &root).expect("a config")
}

fn names(in_use: &InUse) -> Vec<(&str, &str)> {
    let pods = in_use.pods.iter();
    pods.map(|pod| (pod.name.as_str(), pod.handler.as_str()))
        .collect()
}

const RUNC: &str = "containerd-shim-runc-v2";

#[test]
fn a_pod_is_told_with_the_handler_that_it_uses() {
    let host = Host::new();
    for (id, shim, binary, pod) in [
        (10, RUNC, Some(""), "web"),
        (11, RUNC, Some("/usr/bin/crun"), "api"),
        (12, "containerd-shim-spin-v2", None, "wasm"),
    ] {
        host.shim(&Process {
            id,
            shim,
            binary,
            pod,
        });
    }
    let crun = host.in_use(&["crun"]);
    let pod = PodInUse {
        namespace: "shop".to_owned(),
        name: "api".to_owned(),
        sandbox: "sandbox11".to_owned(),
        handler: "crun".to_owned(),
    };
    assert_eq!((&crun.pods, &crun.unclear), (&vec![pod], &vec![]));
    assert!(!crun.is_unused());
    let more = host.in_use(&["spin", "runc", "gone"]);
    assert_eq!(names(&more), [("wasm", "spin"), ("web", "runc")]);
    let none = host.in_use(&["kata-qemu", "gone"]);
    assert!(none.is_unused(), "{none:?}");
    assert_eq!(none.known_by, KnownBy::Shims);
}

#[test]
fn handlers_that_share_a_shim_are_not_told_apart() {
    let host = Host::new();
    host.shim(&Process {
        id: 10,
        shim: "containerd-shim-kata-v2",
        binary: None,
        pod: "vm",
    });
    let one = host.in_use(&["kata-qemu"]);
    assert_eq!(names(&one), []);
    let [unclear] = &one.unclear[..] else {
        panic!("{one:?}");
    };
    assert_eq!(unclear.candidates, ["kata-clh", "kata-qemu"]);
    assert_eq!((unclear.process, unclear.pod.name.as_str()), (10, "vm"));
    assert!(!one.is_unused());
    // Both go: whichever it is.
    let both = host.in_use(&["kata-qemu", "kata-clh"]);
    assert_eq!(names(&both), [("vm", "kata-clh")]);
    assert!(host.in_use(&["spin"]).is_unused());
}

#[test]
fn a_shim_of_no_known_handler_may_be_anyones() {
    let host = Host::new();
    let bundle = host.shim(&Process {
        id: 10,
        shim: RUNC,
        binary: Some("/opt/old/crun"),
        pod: "old",
    });
    let crun = host.in_use(&["crun"]);
    assert_eq!(crun.unclear.len(), 1, "{crun:?}");
    assert_eq!(crun.unclear[0].candidates, [""; 0]);
    // Without containerd's note, too: a script may have turned into this program.
    fs::write(bundle.join("runtime"), b"/usr/bin/crun").expect("writes");
    assert_eq!(names(&host.in_use(&["crun"])), [("old", "crun")]);
    fs::remove_file(bundle.join("shim-binary-path")).expect("removes");
    let crun = host.in_use(&["spin"]);
    assert_eq!(crun.unclear[0].program, "/usr/bin/shim");
}

#[test]
fn what_is_no_shim_of_this_hosts_pods_is_passed_over() {
    let host = Host::new();
    let shim = "/usr/bin/containerd-shim-spin-v2\0";
    let docker = format!("{shim}-namespace\0moby\0-id\0a\0-address\0/run/c.sock\0");
    host.process(20, docker.as_bytes(), "NSpid:\t20\n");
    let nested = format!("{shim}-namespace\0k8s.io\0-id\0a\0-address\0/run/c.sock\0");
    host.process(21, nested.as_bytes(), "NSpid:\t21\t7\n");
    host.process(22, b"grep\0-namespace\0k8s.io\0", "NSpid:\t22\n");
    host.process(23, b"", "NSpid:\t23\n");
    assert!(host.in_use(&["spin"]).is_unused());
    // Nothing else than the namespace is why.
    let folder = host.folder.path().join("proc/21");
    fs::write(folder.join("status"), b"Name:\tshim\nNSpid:\t21\n").expect("writes");
    assert_eq!(host.in_use(&["spin"]).unclear.len(), 1);
}

#[test]
fn a_process_that_ends_meanwhile_is_passed_over() {
    let host = Host::new();
    fs::create_dir(host.folder.path().join("proc/30")).expect("a folder");
    assert!(host.in_use(&["spin"]).is_unused());
}

#[test]
fn processes_of_another_host_or_namespace_are_not_taken_for_this_ones() {
    let host = Host::new();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let first = host.folder.path().join("proc/1");
    fs::remove_file(first.join("root")).expect("removes");
    symlink(elsewhere.path(), first.join("root")).expect("a link");
    let none = Path::new("/nowhere");
    let error = process_view::find_in(&host.root(), none).expect_err("another root");
    assert!(
        matches!(&error, UseUnknown::OtherProcesses { proc } if proc.ends_with("proc")),
        "{error:?}"
    );

    // Without a root of the host, by the PID namespace.
    let own = host.folder.path().join("proc");
    fs::create_dir_all(own.join("self/ns")).expect("a folder");
    for (namespace, is_first) in [("pid:[4026531836]", true), ("pid:[4026532178]", false)] {
        let link = own.join("self/ns/pid");
        drop(fs::remove_file(&link));
        symlink(namespace, &link).expect("a link");
        let found = process_view::find_in(&HostRoot::default(), &own);
        assert_eq!(found.is_ok(), is_first, "{found:?}");
    }
}

#[test]
fn a_process_that_can_not_be_looked_at_is_not_passed_over() {
    let host = Host::new();
    // A folder can't be read as a file, whoever reads.
    let folder = host.folder.path().join("proc/40");
    fs::create_dir_all(folder.join("cmdline")).expect("a folder");
    let handlers = BTreeSet::from(["spin".to_owned()]);
    let error = InUse::by_shims(&handlers, &effective(CONFIG), &host.root());
    let error = error.expect_err("it is hidden");
    assert!(
        matches!(&error, UseUnknown::Hidden { path, .. } if path.ends_with("proc/40")),
        "{error:?}"
    );
}
