//! `add` and `remove` on real nodes: whatever served before serves after.

use std::collections::BTreeSet;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::suites::{self, Release};

/// The config that a node has before anything is added.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// What Debian's package installs: it configures CRI and no handler.
    DebianShipped,
    /// The shortest file that is read as config version 2.
    VersionTwoAlone,
    /// No config file: the release's built-in defaults.
    NoFile,
    /// What the release prints with `containerd config default`.
    ConfigDefault,
    /// What kubeadm's documentation asks for.
    Kubeadm,
    /// The same in config version 3, which containerd reads from 2.0.
    VersionThree,
}

const KUBEADM: &[u8] = br#"# Managed by hand since 2023, ask the platform team.
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.9" # keep in step with kubeadm

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = true

[plugins."io.containerd.internal.v1.opt"]
  path = "/opt/containerd"
"#;

const VERSION_THREE: &[u8] = br"version = 3

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = true

[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = '127.0.0.1'
";

impl Base {
    fn config(self, release: &Release) -> Option<Vec<u8>> {
        match self {
            Self::DebianShipped => Some(suites::debian_shipped_config()),
            Self::VersionTwoAlone => Some(b"version = 2\n".to_vec()),
            Self::NoFile => None,
            Self::ConfigDefault => Some(Node::new(release, None).default_config()),
            Self::Kubeadm => Some(KUBEADM.to_vec()),
            Self::VersionThree => Some(VERSION_THREE.to_vec()),
        }
    }
}

/// Adds and removes handlers, with a daemon started on the config after each step.
fn round_trip(suite: &str, base: Base) {
    let release = Release::of(suite);
    let original = base.config(&release);
    let node = Node::new(&release, original.as_deref());
    let case = format!("{base:?}, {}", release.name);

    let before = node.verdict();
    let Verdict::Serves { handlers, default } = &before else {
        panic!("{case}: the base config must serve, got {before:?}");
    };
    let handlers_and = |more: &[&str]| -> BTreeSet<String> {
        let more = more.iter().map(|&name| name.to_owned());
        handlers.iter().cloned().chain(more).collect()
    };

    node.edit(&["add", "crun"]);
    let expected = Verdict::Serves {
        handlers: handlers_and(&["crun"]),
        default: default.clone(),
    };
    assert_eq!(
        node.verdict(),
        expected,
        "{case}: after `add crun`\n{}",
        node.shown_config()
    );

    node.edit(&["add", "kata", "--default"]);
    let expected = Verdict::Serves {
        handlers: handlers_and(&["crun", "kata"]),
        default: "kata".to_owned(),
    };
    assert_eq!(
        node.verdict(),
        expected,
        "{case}: after `add kata --default`\n{}",
        node.shown_config()
    );

    node.edit(&["remove", "kata", "crun"]);
    assert!(
        node.config() == original,
        "{case}: `remove` did not restore the original\n{}",
        node.shown_config()
    );
    assert_eq!(node.verdict(), before, "{case}: after `remove`");
}

/// Option names and values that some release's parser is particular about.
const ODD_SETTINGS: [&str; 9] = [
    "options.\"a]b\"=1",
    "options.'c\"d'=2",
    "options.\"e'f\"=3",
    "options.\"we[i]r\\\"d\".a=4",
    "options.\"\\u001b\"=5",
    "options.\"\".x=\"\\u001b\\u007f\\\"\\\\\\n\"",
    "options.when=1979-05-27T07:32:00Z",
    "options.list=[1, \"a\", [2.5], {a = 1}, []]",
    "options.small=1e-7",
];

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn odd_names_and_values_are_read_by_every_release() {
    for suite in ["bookworm", "trixie", "forky"] {
        let release = Release::of(suite);
        for base in [
            "version = 2\n",
            "version = 2\n[plugins]\n\"io.containerd.grpc.v1.cri\" = { containerd = {} }\n",
        ] {
            let node = Node::new(&release, Some(base.as_bytes()));
            let mut arguments = vec!["add", "crun"];
            arguments.extend(ODD_SETTINGS.iter().flat_map(|setting| ["--set", setting]));
            node.edit(&arguments);
            assert_eq!(
                node.verdict(),
                Verdict::serves(["crun", "runc"], "runc"),
                "{}\n{}",
                release.name,
                node.shown_config()
            );
        }
    }
}

/// Makes a test of each base config for each suite.
macro_rules! round_trips {
    ($($suite:ident: $($name:ident $base:ident),+;)+) => {$(
        mod $suite {
            use super::{Base, round_trip};

            $(
                #[test]
                #[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
                fn $name() {
                    round_trip(stringify!($suite), Base::$base);
                }
            )+
        }
    )+};
}

round_trips! {
    bookworm:
        debian_shipped DebianShipped,
        version_two_alone VersionTwoAlone,
        no_file NoFile,
        config_default ConfigDefault,
        kubeadm Kubeadm;
    trixie:
        debian_shipped DebianShipped,
        version_two_alone VersionTwoAlone,
        no_file NoFile,
        config_default ConfigDefault,
        kubeadm Kubeadm;
    forky:
        debian_shipped DebianShipped,
        version_two_alone VersionTwoAlone,
        no_file NoFile,
        config_default ConfigDefault,
        kubeadm Kubeadm,
        version_three VersionThree;
}
