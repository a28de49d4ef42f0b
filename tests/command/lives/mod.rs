//! Lives that went wrong once: what a user did, and what must come of it. They speak of files, exit
//! codes and verdicts only, whatever comments and sidecars look like.

mod cgroup_driver;
mod drop_ins;
mod owners;
mod spellings;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;
use toml_edit::{DocumentMut, Item};

use crate::tool::{Node, Run};

const DEBIAN: &str = r#"version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd"
"#;

const KUBEADM: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
"#;

const RUNTIMES: &str = r#"plugins."io.containerd.grpc.v1.cri".containerd.runtimes"#;

fn run(node: &Node, arguments: &[&str], code: i32) -> Run {
    node.run(arguments).exits(code)
}

/// Applies a patch file that comes through a pipe.
fn apply(node: &Node, flags: &[&str], patch: &str) -> Run {
    let mut command = node.command(&[&["apply", "-"], flags].concat());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(patch.as_bytes()).expect("it is read");
    drop(stdin);
    Run::from(child.wait_with_output().expect("it ends"))
}

/// What each release makes of the node, and the handlers that it lists.
fn verdicts(node: &Node) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let run = node.run(&["check", "-o", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let releases = report["releases"].as_array().expect("releases");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let reads = releases.iter().filter(|release| release["reads"] == true);
    let rows = reads.map(|release| {
        let handlers = release["handlers"].as_array();
        let handlers = handlers.into_iter().flatten().map(text).collect();
        let row = (text(&release["verdict"]), handlers);
        (text(&release["containerd"]), row)
    });
    rows.collect()
}

fn serves(node: &Node, release: &str, handlers: &[&str]) {
    let (verdict, listed) = &verdicts(node)[release];
    assert_eq!(verdict, "serves", "{release}: {}", node.text());
    for name in handlers {
        assert!(listed.contains(*name), "{release} lists {listed:?}");
    }
}

fn is(node: &Node, original: &str) {
    let found = node.bytes();
    let shown = found.as_deref().map(String::from_utf8_lossy);
    let original = original.as_bytes();
    assert_eq!(found.as_deref(), Some(original), "{shown:?}");
}

fn parsed(text: &str) -> Value {
    fn value(item: &Item) -> Value {
        match item.as_table_like() {
            Some(table) => table
                .iter()
                .map(|(key, item)| (key.to_owned(), value(item)))
                .collect(),
            None => Value::from(item.to_string().trim()),
        }
    }
    value(text.parse::<DocumentMut>().expect("TOML").as_item())
}

fn version_3(text: &str) -> String {
    let text = text.replace("grpc.v1.cri", "cri.v1.runtime");
    text.replace("version = 2", "version = 3")
}
