//! Whole lives of the installs in `examples/`: install, upgrade, uninstall, in a config of each version.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::example_files::{self, Example, Installed};
use crate::tool::{Run, tool};

const DROP_IN: &str = "--drop-in=/etc/containerd/conf.d/99-x.toml";

/// A host below a folder, which has what the examples need of one.
struct Host {
    root: tempfile::TempDir,
}

impl Host {
    fn with(config: &str) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["etc/containerd", "usr/bin", "patches"] {
            fs::create_dir_all(root.path().join(folder)).expect("creates");
        }
        let host = Self { root };
        fs::write(host.config(), config).expect("writes");
        let mkfs = host.path("usr/bin/mkfs.erofs");
        fs::write(&mkfs, "usage: --tar").expect("writes");
        host
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn config(&self) -> PathBuf {
        self.path("etc/containerd/config.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).expect("reads")
    }

    /// The files that containerd reads, as text.
    fn texts(&self) -> String {
        let drop_in = fs::read_to_string(self.path("etc/containerd/conf.d/99-x.toml"));
        self.text() + &drop_in.unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = tool();
        command.arg("--host-root").arg(self.root.path());
        Run::of(command.args(arguments))
    }

    fn apply(&self, example: &Example, installed: Installed, more: &[&str]) -> Run {
        let patches = example.write(&self.path("patches"), installed);
        let patches = patches.iter().map(|path| path.to_str().expect("UTF-8"));
        let mut arguments = vec!["apply", "--prune"];
        arguments.extend(patches);
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Asserts that each release that reads the config, from the example's first one on, serves with
    /// these handlers.
    fn serves(&self, example: &Example, handlers: &[String], default: &str) {
        let run = self.run(&["check", "-o", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let releases = report["releases"].as_array().expect("a list");
        let since = example.since.unwrap_or_default();
        let name = |release: &Value| release["containerd"].as_str().map(str::to_owned);
        let is_asked = |release: &&Value| {
            release["reads"] == true && name(release).expect("a name").as_str() >= since
        };
        let mut count = 0;
        for release in releases.iter().filter(is_asked) {
            let told = format!("{:?}: {release}\n{}", example.files, self.texts());
            assert_eq!(release["verdict"], "serves", "{told}");
            let loaded = release["handlers"].as_array().expect("a list");
            let loaded: BTreeSet<&str> = loaded.iter().filter_map(Value::as_str).collect();
            let wanted = handlers.iter().map(String::as_str).collect();
            assert_eq!(loaded, wanted, "{told}");
            assert_eq!(release["default"], default, "{told}");
            count += 1;
        }
        assert!(count > 1, "{report}");
    }
}

/// Configs of a version, as a node may have them.
fn configs(version: i64) -> [String; 2] {
    let (runtime, images) = match version {
        2 => ("io.containerd.grpc.v1.cri", "io.containerd.grpc.v1.cri"),
        _ => (
            "io.containerd.cri.v1.runtime",
            "io.containerd.cri.v1.images",
        ),
    };
    let runc = format!("plugins.'{runtime}'.containerd.runtimes.runc");
    [
        format!("version = {version}\n"),
        format!(
            "# of the node\nversion = {version}\n\n[{runc}]\n  runtime_type = 'io.containerd.runc.v2'\n  \
             [{runc}.options] # systemd\n    SystemdCgroup = true\n\n[plugins.'{images}'.registry]\n\
             config_path = '/etc/containerd/certs.d'\n\n[debug]\n# quiet\nlevel = 'warn'\n[proxy_plugins]"
        ),
    ]
}

fn whole_life(example: &Example, version: i64, config: &str, placed: &[&str]) {
    let host = Host::with(config);
    // No node runs a release that is older than all those that the example is for.
    let named = example.since.map(|since| ["--containerd-version", since]);
    let more: Vec<&str> = placed
        .iter()
        .copied()
        .chain(named.into_iter().flatten())
        .collect();
    let files = example.files;
    let mut before = String::new();
    for installed in [Installed::First, Installed::Next] {
        host.apply(example, installed, &more).exits(0);
        let texts = host.texts();
        assert_ne!(texts, before, "{files:?} in version {version}");
        let handlers = example.listed(installed, &["runc"]);
        host.serves(example, &handlers, example.default.unwrap_or("runc"));
        let (_, new) = example.changed;
        let is_new = installed == Installed::Next;
        assert_eq!(texts.contains(new), is_new, "{new} in {texts}");
        let again = host.apply(example, installed, &more).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:#?}");
        assert_eq!(host.texts(), texts);
        before = texts;
    }
    host.run(&["remove", "--owner", example.owner]).exits(0);
    assert_eq!(host.text(), config, "{files:?} in version {version}");
    assert!(!host.path("etc/containerd/conf.d").exists());
}

#[test]
fn every_example_is_installed_upgraded_and_uninstalled_in_each_config_version() {
    for example in &example_files::ALL {
        for version in [2, 3, 4] {
            let [bare, usual] = configs(version);
            whole_life(example, version, &bare, &[]);
            whole_life(example, version, &usual, &[]);
            if version > 2 {
                whole_life(example, version, &usual, &[DROP_IN]);
            }
        }
    }
}

/// All of them on one node: each leaves what the others have.
#[test]
fn installers_of_the_examples_share_a_node() {
    let shared = example_files::ALL.iter().filter(|it| it.since.is_none());
    // Of one owner's examples the one with most in it; two that install nvidia don't meet.
    let shared: Vec<&Example> = shared
        .filter(|it| it.files != ["kata-deploy.toml"] && it.owner != "nvidia-ctk")
        .collect();
    for version in [2, 3, 4] {
        let [_, config] = configs(version);
        for first in 0..shared.len() {
            let host = Host::with(&config);
            for example in &shared {
                host.apply(example, Installed::First, &[]).exits(0);
            }
            let mut order = shared.clone();
            order.rotate_left(first);
            for (gone, example) in order.iter().enumerate() {
                host.run(&["remove", "--owner", example.owner]).exits(0);
                let left = order[gone + 1..].iter();
                let left = left.flat_map(|it| it.listed(Installed::First, &[]));
                let left: Vec<String> = left.chain(["runc".to_owned()]).collect();
                host.serves(example, &left, "runc");
            }
            assert_eq!(host.text(), config, "version {version}");
        }
    }
}
