//! `remove --if-unused` on a host that is mounted somewhere, with a `/proc` that was made up. Real
//! pods: `tests/containerd/in_use.rs`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tool::{Run, tool};

const CONFIG: &str = "version = 3
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
runtime_type = 'io.containerd.kata.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata-fc]
runtime_type = 'io.containerd.kata.v2'
# containerd-edit v1 owner=wasm
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.spin]
runtime_type = 'io.containerd.spin.v2'
";

/// Why no daemon is asked.
#[cfg(feature = "cri")]
const NO_DAEMON: &str =
    "/run/containerd/containerd.sock: no daemon answers: there is no such socket";
#[cfg(not(feature = "cri"))]
const NO_DAEMON: &str = "this build of containerd-edit can't ask a daemon";

struct Host {
    folder: TempDir,
}

impl Host {
    /// A host without pods.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let host = Self { folder };
        host.write("etc/containerd/config.toml", CONFIG);
        host.write("proc/1/cmdline", "/sbin/init\0");
        symlink(host.folder.path(), host.path("proc/1/root")).expect("links");
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        fs::write(path, text).expect("writes");
    }

    /// Starts a pod in the namespace `shop`.
    fn pod(&self, process: u32, name: &str, shim: &str) {
        let file = |name: &str| format!("proc/{process}/{name}");
        let arguments =
            format!("{shim}\0-namespace\0k8s.io\0-id\0box{process}\0-address\0/run/c.sock\0");
        self.write(&file("cmdline"), &arguments);
        self.write(&file("status"), &format!("NSpid:\t{process}\n"));
        let stat = format!("{process} (shim) S{}", " 0".repeat(40));
        self.write(&file("stat"), &stat);
        symlink(shim, self.path(&file("exe"))).expect("links");
        self.write(&file("cwd/shim-binary-path"), shim);
        let config = json!({"annotations": {
            "io.kubernetes.cri.sandbox-id": format!("box{process}"),
            "io.kubernetes.cri.sandbox-namespace": "shop",
            "io.kubernetes.cri.sandbox-name": name,
        }});
        self.write(&file("cwd/config.json"), &config.to_string());
    }

    fn remove(&self, arguments: &[&str]) -> Run {
        let mut command = tool();
        command.arg("--host-root").arg(self.folder.path());
        // Not the distribution of a host that has been made up.
        command.args(["--config", "/etc/containerd/config.toml", "remove"]);
        Run::of(command.args(arguments))
    }

    fn config(&self) -> String {
        fs::read_to_string(self.path("etc/containerd/config.toml")).expect("the config")
    }

    /// A removal that is refused: its JSON error.
    fn refused(&self, arguments: &[&str]) -> Value {
        let run = self
            .remove(&[arguments, &["-o", "json"]].concat())
            .exits(75);
        assert_eq!(self.config(), CONFIG, "untouched");
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        report["error"].clone()
    }
}

#[test]
fn a_handler_that_a_pod_uses_is_not_removed() {
    let host = Host::new();
    host.pod(40, "wasm", "/opt/containerd-shim-spin-v2");
    let wanted = format!(
        "error: /etc/containerd/config.toml: 1 pod still uses spin: shop/wasm \
         (by the shim processes in /proc, since {NO_DAEMON})\n\
         hint: delete the RuntimeClass, so that no new pod uses it, and then these pods; \
         --wait-unused waits for them to go\n"
    );
    for arguments in [
        &["spin", "--if-unused"][..],
        &["--owner", "wasm", "--if-unused"],
        &["spin", "--if-unused", "--dry-run"],
        &["spin", "--if-unused", "-q"],
        &["spin", "--wait-unused", "0s"],
    ] {
        let run = host.remove(arguments).exits(75);
        assert_eq!(
            (run.stderr.as_str(), run.stdout.as_str()),
            (wanted.as_str(), "")
        );
        assert_eq!(host.config(), CONFIG);
    }
    let error = host.refused(&["spin", "--if-unused"]);
    assert_eq!(
        (&error["code"], &error["exit"]),
        (&"in-use".into(), &75.into())
    );
    assert_eq!(error["known_by"], "shims");
    let pod = json!([{"namespace": "shop", "name": "wasm", "sandbox": "box40", "handler": "spin"}]);
    assert_eq!(error["pods"], pod);
    assert_eq!(error["unclear"], json!([]));
    // Whoever does not ask is not told.
    host.remove(&["spin"]).exits(0);
}

#[test]
fn one_that_none_uses_is_removed_and_it_is_said_how_that_is_known() {
    let host = Host::new();
    host.pod(40, "vm", "/opt/containerd-shim-kata-v2");
    let run = host.remove(&["spin", "gone", "--if-unused"]).exits(0);
    let known =
        format!("no pod uses gone or spin (by the shim processes in /proc, since {NO_DAEMON})\n");
    assert_eq!(run.stderr, known);
    assert!(run.stdout.contains("removed spin"), "{run:#?}");
    // It may still be loaded.
    let run = host.remove(&["spin", "--if-unused", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        report["unused"],
        json!({"handlers": ["spin"], "known_by": "shims"})
    );
    assert_eq!(
        (&report["changed"], run.stderr.as_str()),
        (&false.into(), "")
    );
    // Nothing goes: nothing is asked.
    let run = host.remove(&["--owner", "wasm", "--if-unused"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn handlers_that_can_not_be_told_apart_are_not_removed() {
    let host = Host::new();
    host.pod(40, "vm", "/opt/containerd-shim-kata-v2");
    let error = host.refused(&["kata", "--if-unused"]);
    assert_eq!(error["code"], "use-unknown", "{error}");
    let message = format!(
        "it can't be told whether a pod uses kata (by the shim processes in /proc, since \
         {NO_DAEMON}): shop/vm may use any of kata, kata-fc (PID 40, /opt/containerd-shim-kata-v2)"
    );
    assert_eq!(error["message"], message.as_str());
    assert_eq!(
        error["unclear"][0]["candidates"],
        json!(["kata", "kata-fc"])
    );
    assert_eq!(error["unclear"][0]["pod"]["handler"], Value::Null);
}

#[test]
fn without_the_hosts_processes_nothing_is_removed() {
    let host = Host::new();
    fs::remove_dir_all(host.path("proc")).expect("removes");
    let error = host.refused(&["spin", "--if-unused"]);
    assert_eq!(error["code"], "use-unknown", "{error}");
    assert_eq!(error["known_by"], Value::Null);
    let message = error["message"].as_str().expect("a message");
    let wanted = format!("it can't be known whether a pod uses spin: {NO_DAEMON}, and ");
    assert!(message.starts_with(&wanted), "{message}");
}

#[test]
fn a_wait_says_what_it_waits_for_and_ends_in_time() {
    let host = Host::new();
    host.pod(40, "wasm", "/opt/containerd-shim-spin-v2");
    let run = host.remove(&["spin", "--wait-unused", "700ms"]).exits(75);
    let (first, rest) = run.stderr.split_once('\n').expect("two lines");
    assert_eq!(first, "waiting until no pod uses spin: shop/wasm");
    let wanted = "error: /etc/containerd/config.toml: 1 pod still uses spin after 700ms of waiting";
    assert!(rest.starts_with(wanted), "{run:#?}");
    let run = host
        .remove(&["spin", "--wait-unused", "600ms", "-q"])
        .exits(75);
    assert!(run.stderr.starts_with("error: "), "{run:#?}");
}

#[test]
fn an_edit_that_fails_anyway_says_so_first() {
    let host = Host::new();
    host.write("etc/containerd/config.toml", "\"3s\"\n");
    host.remove(&["spin", "--if-unused"]).exits(65);
    host.remove(&["--if-unused"]).exits(2);
    host.remove(&["spin", "--wait-unused", "soon"]).exits(2);
}
