//! Whole installs of two and three owners on real nodes: what serves before serves after each of
//! them, with every handler, and after all uninstalls the original config is back.

use std::collections::BTreeSet;
use std::fs;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::suites::{self, Release};

/// An owner, and what its first and its second release want.
struct Installer {
    owner: &'static str,
    releases: [&'static str; 2],
}

const KATA: Installer = Installer {
    owner: "kata-deploy",
    releases: [
        "default = 'kata-qemu'\n[handlers.kata-qemu]\npreset = 'kata'\n\
         [handlers.kata-fc]\npreset = 'kata'\n[debug]\nlevel = 'debug'\n",
        "[handlers.kata-qemu]\npreset = 'kata'\nsnapshotter = 'nydus'\n\
         [proxy_plugins.nydus]\ntype = 'snapshot'\naddress = '/run/nydus.sock'\n",
    ],
};
const NVIDIA: Installer = Installer {
    owner: "gpu-operator",
    releases: [
        "default = 'nvidia'\n[handlers.nvidia]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_selinux = false\n",
        "[handlers.nvidia]\n[handlers.nvidia-cdi]\npreset = 'nvidia'\n",
    ],
};
const WASM: Installer = Installer {
    owner: "wasm",
    releases: [
        "[handlers.spin]\n",
        "[handlers.spin]\n[handlers.wasmtime]\n[debug]\nlevel = 'info'\n",
    ],
};

impl Installer {
    fn apply(&self, node: &Node<'_>, release: usize) {
        let patch = format!("owner = '{}'\n{}", self.owner, self.releases[release]);
        fs::write(node.etc().join("patch"), patch).expect("the patch file is written");
        node.edit(&["apply", "--prune", "/etc/containerd/patch"]);
        fs::remove_file(node.etc().join("patch")).expect("it was just written");
    }

    fn remove(&self, node: &Node<'_>) {
        node.edit(&["remove", "--owner", self.owner]);
    }
}

/// A node on which installers come and go.
struct Lives<'n> {
    node: &'n Node<'n>,
    /// What is loaded without any of them.
    handlers: BTreeSet<String>,
}

impl Lives<'_> {
    #[track_caller]
    fn loads(&self, more: &[&str], default: &str) {
        let more = more.iter().map(|&name| name.to_owned());
        let expected = Verdict::Serves {
            handlers: self.handlers.iter().cloned().chain(more).collect(),
            default: default.to_owned(),
        };
        let shown = self.node.shown_config();
        assert_eq!(self.node.verdict(), expected, "{shown}");
    }
}

fn whole_lives(suite: &str, base: Base) {
    let release = Release::of(suite);
    let original = base.config(&release);
    let node = Node::new(&release, original.as_deref());
    let before = node.verdict();
    let Verdict::Serves { handlers, default } = before.clone() else {
        panic!(
            "{}: the base config must serve, got {before:?}",
            release.name
        );
    };
    let lives = Lives {
        node: &node,
        handlers,
    };

    KATA.apply(&node, 0);
    lives.loads(&["kata-qemu", "kata-fc"], "kata-qemu");
    NVIDIA.apply(&node, 0);
    lives.loads(&["kata-qemu", "kata-fc", "nvidia"], "nvidia");
    WASM.apply(&node, 0);
    KATA.apply(&node, 1);
    lives.loads(&["kata-qemu", "nvidia", "spin"], "nvidia");
    NVIDIA.apply(&node, 1);
    WASM.apply(&node, 1);
    lives.loads(
        &["kata-qemu", "nvidia", "nvidia-cdi", "spin", "wasmtime"],
        &default,
    );
    KATA.remove(&node);
    lives.loads(&["nvidia", "nvidia-cdi", "spin", "wasmtime"], &default);
    WASM.remove(&node);
    NVIDIA.remove(&node);
    assert!(
        node.config() == original,
        "{}, {base:?}: not the original\n{}",
        release.name,
        node.shown_config()
    );
    assert_eq!(node.verdict(), before);
}

/// Makes a test of each base config for each suite.
macro_rules! lives {
    ($($suite:ident: $($name:ident $base:ident),+;)+) => {$(
        mod $suite {
            $(
                #[test]
                #[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
                fn $name() {
                    super::whole_lives(stringify!($suite), super::Base::$base);
                }
            )+
        }
    )+};
}

/// What a node has before anybody installs something.
#[derive(Debug, Clone, Copy)]
enum Base {
    Debian,
    NoFile,
    ConfigDefault,
}

impl Base {
    fn config(self, release: &Release) -> Option<Vec<u8>> {
        match self {
            Self::Debian => Some(suites::debian_shipped_config()),
            Self::NoFile => None,
            Self::ConfigDefault => Some(Node::new(release, None).default_config()),
        }
    }
}

lives! {
    bookworm: debian Debian, no_file NoFile, config_default ConfigDefault;
    trixie: debian Debian, no_file NoFile, config_default ConfigDefault;
    forky: debian Debian, no_file NoFile, config_default ConfigDefault;
}
