//! Several installers on one node: what each adds, replaces, upgrades and takes away.

mod defaults;
mod edits_by_hand;
mod ledger;
mod migrated;
mod namesakes;
mod overlap;
mod types;

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::tool::{Node, Run};

const CONFIG: &str = "# node-a\nversion = 2\n\n[debug]\n  level = \"info\" # ours\n\n\
    [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  default_runtime_name = \"runc\"\n\n\
    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  \
    runtime_type = \"io.containerd.runc.v2\"";

/// Each installer's first and second release.
const INSTALLERS: [(&str, [&str; 2]); 3] = [
    (
        "kata-deploy",
        [
            "default = 'kata-qemu'\n[handlers.kata-qemu]\npreset = 'kata'\n\
             [handlers.kata-fc]\npreset = 'kata'\n[debug]\nlevel = 'debug'\n",
            "default = 'kata-clh'\n[handlers.kata-clh]\npreset = 'kata'\nsnapshotter = 'overlayfs'\n\
             [handlers.kata-fc]\npreset = 'kata'\n",
        ],
    ),
    (
        "gpu-operator",
        [
            "default = 'nvidia'\n[handlers.nvidia]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            "[handlers.nvidia]\n[handlers.nvidia-cdi]\npreset = 'nvidia'\n\
             [handlers.runc.options]\nSystemdCgroup = true\n[handlers.runc]\npreset = 'runc'\n\
             [debug]\nlevel = 'trace'\n",
        ],
    ),
    (
        "wasm",
        [
            "[handlers.spin]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            "[handlers.spin]\n[handlers.wasmtime]\n[proxy_plugins.cache]\ntype = 'snapshot'\n\
             address = '/run/cache.sock'\n",
        ],
    ),
];

/// A folder with a config and the patch files of all installers.
fn node() -> Node {
    let node = Node::with(CONFIG);
    for (owner, releases) in INSTALLERS {
        for (number, release) in releases.into_iter().enumerate() {
            let path = node.folder().join(format!("{owner}-{number}.patch"));
            fs::write(path, format!("owner = '{owner}'\n{release}")).expect("writes");
        }
    }
    node
}

fn apply(node: &Node, owner: &str, release: usize) -> Command {
    let path = node.folder().join(format!("{owner}-{release}.patch"));
    let path = path.to_str().expect("UTF-8").to_owned();
    node.command(&["apply", "--prune", &path])
}

fn remove(node: &Node, owner: &str) -> Command {
    node.command(&["remove", "--owner", owner])
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}
