//! The distributions: their names, their sockets, and the files by which a host shows them.

use std::fmt;
use std::path::Path;

use super::{k0s, microk8s};

/// The config of a containerd that no distribution brings along.
pub(super) const CONTAINERD_CONFIG: &str = "/etc/containerd/config.toml";

/// Who has set containerd up on a node.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Distribution, HostRoot};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::create_dir_all(folder.path().join("etc/k0s/containerd.d"))?;
/// let host = HostRoot::at(folder.path())?;
/// assert_eq!(Distribution::detect(&host)?, Distribution::K0s);
/// assert_eq!("k3s".parse::<Distribution>()?, Distribution::K3s);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// containerd from a package or an image, as kubeadm, kind, EKS and AKS have it.
    Containerd,
    /// K3s.
    K3s,
    /// RKE2.
    Rke2,
    /// k0s.
    K0s,
    /// `MicroK8s`.
    MicroK8s,
}

impl Distribution {
    /// All that are known.
    pub const ALL: [Self; 5] = [
        Self::Containerd,
        Self::K3s,
        Self::Rke2,
        Self::K0s,
        Self::MicroK8s,
    ];

    /// The word for it on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
            Self::K0s => "k0s",
            Self::MicroK8s => "microk8s",
        }
    }

    /// The name that it gives itself, for sentences.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rke2 => "RKE2",
            Self::MicroK8s => "MicroK8s",
            _ => self.name(),
        }
    }

    /// The socket at which containerd serves CRI.
    #[must_use]
    pub fn endpoint(self) -> &'static Path {
        Path::new(match self {
            Self::Containerd => "/run/containerd/containerd.sock",
            Self::K3s | Self::Rke2 => "/run/k3s/containerd/containerd.sock",
            Self::K0s => "/run/k0s/containerd.sock",
            Self::MicroK8s => "/var/snap/microk8s/common/run/containerd.sock",
        })
    }

    /// Files and folders that no host has without this distribution.
    pub(super) fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Containerd => &[CONTAINERD_CONFIG],
            Self::K3s => &[
                "/var/lib/rancher/k3s/agent/etc/containerd",
                "/etc/systemd/system/k3s.service",
                "/etc/systemd/system/k3s-agent.service",
            ],
            Self::Rke2 => &[
                "/var/lib/rancher/rke2/agent/etc/containerd",
                "/usr/local/lib/systemd/system/rke2-server.service",
                "/usr/local/lib/systemd/system/rke2-agent.service",
                "/usr/lib/systemd/system/rke2-server.service",
                "/usr/lib/systemd/system/rke2-agent.service",
            ],
            // A controller that is no worker has the unit and no containerd.
            Self::K0s => &[
                k0s::CONFIG,
                k0s::FOLDER,
                "/etc/systemd/system/k0sworker.service",
            ],
            // The template may be deleted, and is put back then.
            Self::MicroK8s => &[microk8s::FOLDER],
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
