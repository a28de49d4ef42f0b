//! Which distribution a host runs.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Distribution, managed};
use crate::disk::HostRoot;
use crate::error::{Code, Error};

impl Distribution {
    /// Tells by the files of a host which distribution it runs. A host without a sign of any has
    /// plain containerd.
    ///
    /// # Errors
    ///
    /// [`Code::ManagedNode`] if the operating system manages containerd's config itself,
    /// [`Code::AmbiguousDistribution`] if there are signs of more than one distribution.
    ///
    /// [`Code::ManagedNode`]: crate::Code::ManagedNode
    /// [`Code::AmbiguousDistribution`]: crate::Code::AmbiguousDistribution
    pub fn detect(host: &HostRoot) -> Result<Self, Error> {
        if let Some(managed) = managed::system(host) {
            return Err(managed);
        }
        let all = Self::ALL.into_iter();
        let found = all.filter_map(|distribution| Some((distribution, distribution.sign(host)?)));
        let found: Vec<(Self, PathBuf)> = found.collect();
        match found.as_slice() {
            [] => Ok(Self::Containerd),
            [(distribution, _)] => Ok(*distribution),
            _ => Err(ambiguous(&found)),
        }
    }

    /// The first of its signs that the host has.
    pub(super) fn sign(self, host: &HostRoot) -> Option<PathBuf> {
        let mut signs = self.signs().iter().map(Path::new);
        signs.find(|sign| host.has(sign)).map(Path::to_owned)
    }
}

impl FromStr for Distribution {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|distribution| distribution.name() == name)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                let message = format!("no distribution {name:?}: it is one of {names}");
                Error::new(Code::Usage, message, "name one of these, or auto")
            })
    }
}

/// There are signs of more than one distribution, each with the file or folder that it was found by.
fn ambiguous(found: &[(Distribution, PathBuf)]) -> Error {
    let signs = found
        .iter()
        .map(|(found, path)| format!("{found} ({})", path.display()));
    let signs: Vec<String> = signs.collect();
    let names: Vec<&str> = found.iter().map(|(found, _)| found.name()).collect();
    let message = format!(
        "this host has signs of more than one distribution: {}",
        signs.join(", ")
    );
    let hint = format!(
        "say which one runs the pods: --distribution {}",
        names.join("|")
    );
    Error::new(Code::AmbiguousDistribution, message, hint).at("/")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{folder, host, host_with};
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
