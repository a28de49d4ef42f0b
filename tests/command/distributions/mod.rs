//! Each distribution's layout: install, repeat, upgrade, uninstall on a host's tree, and nothing
//! but the right file is touched.

mod generated;
mod layouts;
mod next_start;
mod places;
mod templates;
mod upgrades;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use containerd_edit::Release;
use containerd_edit::model::{ConfigFiles, Host, Verdict, load};
use tempfile::TempDir;

use crate::folders::copy;
use crate::tool::{Run, tool};

const FIRST: &str = "[handlers.kata-qemu]\npreset = 'kata'\n[handlers.kata-fc]\npreset = 'kata'\n";

const SECOND: &str = "[handlers.kata-qemu]\npreset = 'kata'\n[handlers.kata-clh]\npreset = 'kata'\n\
    [debug]\nlevel = 'info'\n";
const OTHER: &str = "[handlers.youki]\n";

/// A copy of a host's tree.
struct Tree {
    folder: TempDir,
}

/// A fixture, the file of it that an edit changes, and the next step that the report names.
struct Layout {
    fixture: &'static str,
    edited: &'static str,
    next_step: &'static str,
}

const K3S: &str = "var/lib/rancher/k3s/agent/etc/containerd";

const LAYOUTS: [Layout; 10] = [
    Layout {
        fixture: "containerd",
        edited: "etc/containerd/config.toml",
        next_step: "systemctl restart containerd",
    },
    Layout {
        fixture: "aks",
        edited: "etc/containerd/config.toml",
        next_step: "systemctl restart containerd",
    },
    Layout {
        fixture: "k3s-drop-in",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/50-kata-deploy.toml",
        next_step: "systemctl restart k3s-agent",
    },
    Layout {
        fixture: "k3s-no-template",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl",
        next_step: "systemctl restart k3s",
    },
    Layout {
        fixture: "k3s-template",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl",
        next_step: "systemctl restart k3s",
    },
    Layout {
        fixture: "rke2",
        edited: "var/lib/rancher/rke2/agent/etc/containerd/config-v3.toml.d/50-kata-deploy.toml",
        next_step: "systemctl restart rke2-agent",
    },
    Layout {
        fixture: "k0s",
        edited: "etc/k0s/containerd.d/50-kata-deploy.toml",
        next_step: "k0s restarts containerd by itself",
    },
    Layout {
        fixture: "k0s-v3",
        edited: "etc/k0s/containerd.d/50-kata-deploy.toml",
        next_step: "k0s restarts containerd by itself",
    },
    Layout {
        fixture: "k0s-unmanaged",
        edited: "etc/k0s/containerd.toml",
        next_step: "systemctl restart k0sworker",
    },
    Layout {
        fixture: "microk8s",
        edited: "var/snap/microk8s/current/args/containerd-template.toml",
        next_step: "systemctl restart snap.microk8s.daemon-containerd",
    },
];

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/distributions");
    fixtures.join(name).join("host")
}

/// The files below a folder, without what the tool keeps beside a config.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("readable") {
            let path = entry.expect("an entry").path();
            let extension = path.extension().and_then(|it| it.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(extension, Some("last" | "lock" | "log" | "prev" | "owners")) {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                found.insert(name, fs::read(path).expect("readable"));
            }
        }
    }
    found
}

impl Tree {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&fixture(name), &folder.path().join("host"));
        Self { folder }
    }

    fn host(&self) -> PathBuf {
        self.folder.path().join("host")
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.host())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool();
        command.arg("--host-root").arg(self.host()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    fn apply(&self, owner: &str, wanted: &str) -> Command {
        let path = self.folder.path().join(format!("{owner}.patch"));
        fs::write(&path, format!("owner = '{owner}'\n{wanted}")).expect("writes");
        self.command(&["apply", "--prune", path.to_str().expect("UTF-8")])
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.host().join(path)).expect("readable")
    }

    /// What the tree's only changed or new file is, compared with `before`.
    #[track_caller]
    fn only_change(&self, before: &BTreeMap<PathBuf, Vec<u8>>) -> PathBuf {
        let now = self.files();
        let mut changed = now
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(*bytes));
        let (path, _) = changed.next().expect("something has changed");
        assert_eq!(
            changed.next().map(|(path, _)| path),
            None,
            "and {}",
            path.display()
        );
        assert!(
            before.keys().all(|path| now.contains_key(path)),
            "nothing has gone"
        );
        path.clone()
    }
}

/// Compares what was installed with `installed` beside the tree; with `GOLDEN=overwrite` in the
/// environment that is written instead: read the diff before you commit it.
#[track_caller]
fn golden(name: &str, found: &str) {
    let path = fixture(name).with_file_name("installed");
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        fs::write(&path, found).expect("the golden file is written");
    }
    let wanted = fs::read_to_string(&path).expect("each tree has its golden file");
    assert_eq!(found, wanted, "{}", path.display());
}

/// k3s makes its config of the template; this is what it would be.
fn rendered(template: &str, base: &str) -> String {
    template.replace("{{ template \"base\" . }}\n", base)
}

/// Checks that these handlers are loaded, and no others.
#[track_caller]
fn loads(text: &str, names: &[&str]) {
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = ["2.0", "2.1", "2.3"].map(|it| it.parse::<Release>().expect("a release"));
    for release in releases {
        match load(&files, release, &Host::default()) {
            Verdict::Serves { handlers, .. } => {
                assert_eq!(handlers.keys().collect::<Vec<_>>(), names, "{release}");
            }
            other => panic!("{release}: {other:?}\n{text}"),
        }
    }
}

/// Where each owner has a file of its own, and the config is the distribution's.
const DROP_INS: [&str; 4] = ["k3s-drop-in", "rke2", "k0s", "k0s-v3"];

const NVIDIA: &str = "
[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"nvidia\"]
  runtime_type = \"io.containerd.runc.v2\"
[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"nvidia\".options]
  BinaryName = \"/usr/bin/nvidia-container-runtime\"
  SystemdCgroup = true
";
