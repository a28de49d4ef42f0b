//! Kubernetes distributions: where each keeps containerd's config, and who restarts containerd.

mod error;
pub(crate) mod k0s;
mod k3s;
mod layout;
mod managed;
pub(crate) mod microk8s;
pub(crate) mod template;
mod units;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::disk::HostRoot;
use crate::error::Error;

pub use self::layout::{Kind, Layout};
pub use self::units::Units;

/// The config of a containerd that no distribution brings along.
const CONTAINERD_CONFIG: &str = "/etc/containerd/config.toml";

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

    /// Tells by the files of a host which distribution it runs. A host without a sign of any has
    /// plain containerd.
    ///
    /// # Errors
    ///
    /// [`Code::ManagedNode`](crate::Code::ManagedNode) if the operating system manages containerd's config itself,
    /// [`Code::AmbiguousDistribution`](crate::Code::AmbiguousDistribution) if there are signs of more than one distribution.
    pub fn detect(host: &HostRoot) -> Result<Self, Error> {
        if let Some(managed) = managed::system(host) {
            return Err(managed);
        }
        let found: Vec<(Self, PathBuf)> = Self::ALL
            .into_iter()
            .filter_map(|distribution| Some((distribution, distribution.sign(host)?)))
            .collect();
        match found.as_slice() {
            [] => Ok(Self::Containerd),
            [(distribution, _)] => Ok(*distribution),
            _ => Err(error::ambiguous(&found)),
        }
    }

    /// The first of its signs that the host has.
    fn sign(self, host: &HostRoot) -> Option<PathBuf> {
        let mut signs = self.signs().iter().map(Path::new);
        signs.find(|sign| host.has(sign)).map(Path::to_owned)
    }

    /// Files and folders that no host has without this distribution.
    fn signs(self) -> &'static [&'static str] {
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
            Self::MicroK8s => &[microk8s::CONFIG],
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Distribution {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|distribution| distribution.name() == name)
            .ok_or_else(|| error::unknown(name))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "fixtures need no atomic writes")]
pub(crate) mod fixture {
    use std::path::{Path, PathBuf};

    use crate::disk::HostRoot;

    /// Where a host's tree under `fixtures/distributions` is.
    pub(crate) fn folder(name: &str) -> PathBuf {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/distributions");
        fixtures.join(name)
    }

    pub(crate) fn host(name: &str) -> HostRoot {
        HostRoot::at(&folder(name).join("host")).expect("a host's tree")
    }

    pub(crate) fn text(name: &str, path: &str) -> String {
        let path = folder(name).join("host").join(path.trim_start_matches('/'));
        std::fs::read_to_string(path).expect("readable")
    }

    /// A host with these files, which are empty where they have no text.
    pub(crate) fn host_with(files: &[(&str, &str)]) -> (tempfile::TempDir, HostRoot) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
            std::fs::write(path, text).expect("writes");
        }
        let host = HostRoot::at(folder.path()).expect("a folder");
        (folder, host)
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{folder, host, host_with};
    use super::*;

    /// What each fixture is detected as: the word, or the code of the error.
    const FIXTURES: [(&str, &str); 14] = [
        ("aks", "containerd"),
        ("ambiguous", "ambiguous-distribution"),
        ("bottlerocket", "managed-node"),
        ("containerd", "containerd"),
        ("gke", "managed-node"),
        ("k0s", "k0s"),
        ("k0s-unmanaged", "k0s"),
        ("k0s-v3", "k0s"),
        ("k3s-drop-in", "k3s"),
        ("k3s-no-template", "k3s"),
        ("k3s-template", "k3s"),
        ("microk8s", "microk8s"),
        ("rke2", "rke2"),
        ("talos", "managed-node"),
    ];

    #[test]
    fn each_fixture_is_what_it_is_called() {
        for (name, wanted) in FIXTURES {
            let found = Distribution::detect(&host(name));
            let found = found.map_or_else(|error| error.code().as_str(), Distribution::name);
            assert_eq!(found, wanted, "{name}");
        }
        let trees = std::fs::read_dir(folder("")).expect("fixtures");
        assert_eq!(trees.count(), FIXTURES.len());
    }

    #[test]
    fn a_host_without_signs_has_plain_containerd() {
        let (_folder, host) = host_with(&[("/etc/hosts", "")]);
        assert_eq!(Distribution::detect(&host), Ok(Distribution::Containerd));
    }

    #[test]
    fn a_distribution_that_was_never_started_is_found_by_its_unit() {
        for (unit, wanted) in [
            ("/etc/systemd/system/k3s-agent.service", Distribution::K3s),
            ("/etc/systemd/system/k0sworker.service", Distribution::K0s),
            (
                "/usr/local/lib/systemd/system/rke2-agent.service",
                Distribution::Rke2,
            ),
        ] {
            let (_folder, host) = host_with(&[(unit, "")]);
            assert_eq!(Distribution::detect(&host), Ok(wanted), "{unit}");
        }
    }

    #[test]
    fn several_are_listed_each_with_its_sign() {
        let error = Distribution::detect(&host("ambiguous")).expect_err("two");
        assert_eq!(
            error.to_string(),
            "this host has signs of more than one distribution: containerd \
             (/etc/containerd/config.toml), k3s (/var/lib/rancher/k3s/agent/etc/containerd)"
        );
    }

    #[test]
    fn each_word_reads_back() {
        for distribution in Distribution::ALL {
            assert_eq!(distribution.to_string().parse(), Ok(distribution));
        }
        assert!("auto".parse::<Distribution>().is_err());
    }
}
