//! The patch files of `examples/`, each with the next release of its installer: what both lists of
//! handlers are, and how the files of the next release differ.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

/// A whole install, as one installer makes it.
pub(crate) struct Example {
    pub(crate) owner: &'static str,
    /// The patch files, which are one want.
    pub(crate) files: &'static [&'static str],
    pub(crate) handlers: &'static [&'static str],
    /// The default handler, if it is not the node's own.
    pub(crate) default: Option<&'static str>,
    /// A handler that the next release no longer has.
    pub(crate) dropped: &'static str,
    /// A key that the next release changes, by its dotted path, and the new value.
    pub(crate) changed: (&'static [&'static str], &'static str),
    /// The first containerd release on which it serves, if that is none of the oldest.
    pub(crate) since: Option<&'static str>,
}

/// The release of an installer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installed {
    First,
    Next,
}

const RUNTIME: &str = "io.containerd.cri.v1.runtime";

pub(crate) const ALL: [Example; 6] = [
    Example {
        owner: "kata-deploy",
        files: &["kata-deploy.toml"],
        handlers: &["kata-clh", "kata-qemu"],
        default: None,
        dropped: "kata-clh",
        changed: (&["debug", "level"], "\"info\""),
        since: None,
    },
    Example {
        owner: "kata-deploy",
        files: &["kata-deploy.toml", "kata-deploy-nydus.toml"],
        handlers: &["kata-clh", "kata-qemu", "kata-qemu-tdx"],
        default: None,
        dropped: "kata-qemu",
        changed: (
            &["proxy_plugins", "nydus-for-kata-tee", "address"],
            "\"/run/nydus-for-kata-tee-b/containerd-nydus-grpc.sock\"",
        ),
        since: None,
    },
    Example {
        owner: "kata-deploy",
        files: &["kata-deploy.toml", "kata-deploy-erofs.toml"],
        handlers: &["kata-clh", "kata-qemu", "kata-qemu-runtime-rs"],
        default: None,
        dropped: "kata-clh",
        changed: (
            &[
                "plugins",
                "io.containerd.snapshotter.v1.erofs",
                "default_size",
            ],
            "\"20G\"",
        ),
        since: Some("2.3"),
    },
    Example {
        owner: "nvidia-ctk",
        files: &["nvidia-ctk.toml"],
        handlers: &["nvidia"],
        default: Some("nvidia"),
        dropped: "",
        changed: (&["plugins", RUNTIME, "enable_cdi"], "false"),
        since: None,
    },
    Example {
        owner: "gpu-operator",
        files: &["gpu-operator.toml"],
        handlers: &["nvidia", "nvidia-cdi", "nvidia-legacy"],
        default: None,
        dropped: "nvidia-legacy",
        changed: (
            &["handlers", "nvidia", "options", "BinaryName"],
            "\"/opt/nvidia/toolkit/nvidia-container-runtime\"",
        ),
        since: None,
    },
    Example {
        owner: "runtime-class-manager",
        files: &["runtime-class-manager.toml"],
        handlers: &["spin-v2", "wasmtime-v1"],
        default: None,
        dropped: "wasmtime-v1",
        changed: (
            &["handlers", "spin-v2", "runtime_type"],
            "\"/opt/rcm/bin/containerd-shim-spin-v2.1\"",
        ),
        since: None,
    },
];

impl Example {
    /// Writes the patch files of a release into a folder and returns their paths.
    pub(crate) fn write(&self, folder: &Path, installed: Installed) -> Vec<PathBuf> {
        let mut is_changed = installed == Installed::First;
        let paths = self.files.iter().map(|name| {
            let mut patch = text(name);
            if installed == Installed::Next {
                let mut document: DocumentMut = patch.parse().expect("an example is TOML");
                if let Some(handlers) = document.get_mut("handlers") {
                    let handlers = handlers.as_table_like_mut().expect("a table");
                    handlers.remove(self.dropped);
                }
                is_changed |= self.change(&mut document);
                patch = document.to_string();
            }
            let file = folder.join(name);
            std::fs::write(&file, patch).expect("the patch file is written");
            file
        });
        let paths = paths.collect();
        assert!(is_changed, "{:?} has no key {:?}", self.files, self.changed);
        paths
    }

    /// Changes the key that the next release changes, if it is in this file.
    fn change(&self, patch: &mut DocumentMut) -> bool {
        let (key, value) = self.changed;
        let found = key.iter().try_fold(patch.as_item_mut(), |item, name| {
            item.as_table_like_mut()?.get_mut(name)
        });
        let Some(found) = found else {
            return false;
        };
        let value = value.parse().expect("a value is TOML");
        *found = Item::Value(value);
        true
    }

    /// The handlers that a release has, sorted, with those of the node.
    pub(crate) fn listed(&self, installed: Installed, of_node: &[&str]) -> Vec<String> {
        let mut handlers: Vec<&str> = self.handlers.to_vec();
        if installed == Installed::Next {
            handlers.retain(|name| *name != self.dropped);
        }
        handlers.extend(of_node);
        handlers.sort_unstable();
        handlers.into_iter().map(str::to_owned).collect()
    }
}

/// The text of a patch file.
fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
