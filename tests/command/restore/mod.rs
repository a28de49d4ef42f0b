//! `restore`: the way back from a config that another program has broken.

mod nothing;
mod own_text;
mod owners;
mod put_back;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::tool::{Node, Run};

const SERVES: &str = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]\n  \
                      runtime_type = \"io.containerd.runc.v2\"\n";

/// A node on which `crun` and then `kata` were added, each by an owner of its name.
fn node() -> Node {
    let node = Node::with(SERVES);
    for name in ["crun", "kata"] {
        node.run(&["add", name, "--owner", name]).exits(0);
    }
    node
}

fn beside(node: &Node, ending: &str) -> PathBuf {
    node.folder().join(format!("config.toml.{ending}"))
}

/// The texts that were kept as broken, the oldest first.
fn broken(node: &Node) -> Vec<String> {
    let names = node.names().into_iter();
    let names = names.filter(|name| name.starts_with("config.toml.broken-"));
    let texts = names.map(|name| fs::read(node.folder().join(name)).expect("readable"));
    texts
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// Breaks the config, and says what it holds then.
type Break = fn(&Node) -> String;

const BREAKS: [Break; 5] = [
    |node| node.text() + "\"3s\"\n",
    |node| node.text()[..node.text().len() / 2].to_owned() + "[",
    |_| "\0\0\0\0".to_owned(),
    // Valid TOML, and containerd serves with it no more.
    |node| node.text() + "[debug]\nlevel = 5\n",
    |node| {
        node.text().replace(
            "version = 3",
            "version = 3\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]",
        )
    },
];

fn fifo(node: &Node, ending: &str) {
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mkfifoat(rustix::fs::CWD, beside(node, ending), mode).expect("makes a FIFO");
}
