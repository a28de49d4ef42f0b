//! The installs of `examples/` on real nodes: each daemon loads their handlers after the install and
//! after the upgrade, and after the uninstall the original config is back.

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::example_files::{self, Example, Installed};
use crate::suites::{self, Release};

const DROP_IN: &str = "--drop-in=/etc/containerd/conf.d/99-x.toml";

/// A config of a node, and how installers are placed on it.
struct Base {
    config: Vec<u8>,
    placed: &'static [&'static str],
}

/// A config of version 3, which 2.x alone reads.
const THREE: &str = "# of the node
version = 3
[plugins.'io.containerd.cri.v1.images']
snapshotter = 'native'
[plugins.'io.containerd.cri.v1.runtime'.cni]
conf_dir = '/etc/cni/net.d'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
options.SystemdCgroup = true
";

fn bases(release: &Release) -> Vec<Base> {
    let base = |config: &[u8], placed: &'static [&'static str]| Base {
        config: config.to_vec(),
        placed,
    };
    let default = Node::new(release, None).default_config();
    let mut bases = vec![
        base(&suites::debian_shipped_config(), &[]),
        base(&default, &[]),
    ];
    if release.major > 1 {
        bases.extend([
            base(THREE.as_bytes(), &[]),
            base(THREE.as_bytes(), &[DROP_IN]),
        ]);
    }
    bases
}

fn whole_life(release: &Release, base: &Base, example: &Example) {
    let node = Node::new(release, Some(&base.config));
    let files = example.files;
    let name = &release.name;
    for installed in [Installed::First, Installed::Next] {
        let patches = example.write(node.home(), installed);
        let mut arguments = vec!["apply", "--prune"];
        arguments.extend(patches.iter().map(|path| path.to_str().expect("UTF-8")));
        arguments.extend(base.placed);
        let output = node.tool(&arguments);
        if example.since.is_some() {
            // None of these daemons would serve with it.
            assert_eq!(output.status.code(), Some(78), "{name}: {output:?}");
            break;
        }
        assert!(output.status.success(), "{name}: {files:?}: {output:?}");
        let verdict = node.verdict();
        let expected = Verdict::Serves {
            handlers: example.listed(installed, &["runc"]).into_iter().collect(),
            default: example.default.unwrap_or("runc").to_owned(),
        };
        assert_eq!(
            verdict,
            expected,
            "{name}: {files:?}: {}",
            node.shown_config()
        );
    }
    node.edit(&["remove", "--owner", example.owner]);
    assert!(
        node.config().as_ref() == Some(&base.config),
        "{name}: {files:?}: not the original\n{}",
        node.shown_config()
    );
    assert!(!node.etc().join("conf.d").exists());
}

fn whole_lives(suite: &str) {
    let release = Release::of(suite);
    for base in bases(&release) {
        for example in &example_files::ALL {
            whole_life(&release, &base, example);
        }
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn bookworm_loads_the_examples() {
    whole_lives("bookworm");
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn trixie_loads_the_examples() {
    whole_lives("trixie");
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn forky_loads_the_examples() {
    whole_lives("forky");
}
