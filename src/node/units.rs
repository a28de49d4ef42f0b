//! The systemd unit that has to be restarted for a new config.

use std::fmt;
use std::path::Path;

use super::Distribution;
use crate::disk::HostRoot;

/// Where unit files are, `systemd.unit(5)`.
const FOLDERS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Where an enabled unit is linked to.
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// The units of which one runs containerd on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units(Vec<&'static str>);

impl Units {
    /// The one that is on the host, or, where that can't be told, all that it may be.
    pub(super) fn of(distribution: Distribution, host: &HostRoot) -> Self {
        let all = names(distribution);
        let in_folder =
            |folder: &str, name: &str| Path::new(folder).join(format!("{name}.service"));
        // RKE2 installs the units of server and agent, and enables one.
        let is_enabled = |name: &&str| {
            let link = host.entry(&in_folder(WANTED, name));
            link.and_then(std::fs::symlink_metadata).is_ok()
        };
        let is_there = |name: &&str| {
            let mut folders = FOLDERS.iter();
            folders.any(|folder| host.has(&in_folder(folder, name)))
        };
        let enabled: Vec<&str> = all.iter().copied().filter(is_enabled).collect();
        let there: Vec<&str> = all.iter().copied().filter(is_there).collect();
        let mut found = [enabled, there].into_iter();
        Self(found.find(|found| found.len() == 1).unwrap_or(all.to_vec()))
    }

    /// Their names: one, if it could be told.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// The command that restarts it.
    #[must_use]
    pub fn restart(&self) -> String {
        format!("systemctl restart {self}")
    }

    /// The command that starts it.
    pub(super) fn start(&self) -> String {
        format!("systemctl start {self}")
    }
}

impl Default for Units {
    /// The one of a containerd that no distribution brings along.
    fn default() -> Self {
        Self(names(Distribution::Containerd).to_vec())
    }
}

impl fmt::Display for Units {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [unit, other] => write!(formatter, "{unit} (or {other}, whichever runs here)"),
            units => formatter.write_str(&units.join(" ")),
        }
    }
}

fn names(distribution: Distribution) -> &'static [&'static str] {
    match distribution {
        Distribution::Containerd => &["containerd"],
        Distribution::K3s => &["k3s", "k3s-agent"],
        Distribution::Rke2 => &["rke2-server", "rke2-agent"],
        Distribution::K0s => &["k0sworker", "k0scontroller"],
        Distribution::MicroK8s => &["snap.microk8s.daemon-containerd"],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::host_with;
    use super::*;

    fn restart(distribution: Distribution, files: &[(&str, &str)]) -> String {
        let (_folder, host) = host_with(files);
        Units::of(distribution, &host).restart()
    }

    #[test]
    fn the_unit_is_the_one_that_is_on_the_host() {
        let unit = [("/etc/systemd/system/k3s-agent.service", "")];
        assert_eq!(
            restart(Distribution::K3s, &unit),
            "systemctl restart k3s-agent"
        );
        let unit = [("/usr/lib/systemd/system/k0scontroller.service", "")];
        assert_eq!(
            restart(Distribution::K0s, &unit),
            "systemctl restart k0scontroller"
        );
    }

    #[test]
    fn of_two_units_the_enabled_one_counts() {
        let units = [
            ("/usr/local/lib/systemd/system/rke2-server.service", ""),
            ("/usr/local/lib/systemd/system/rke2-agent.service", ""),
        ];
        assert_eq!(
            restart(Distribution::Rke2, &units),
            "systemctl restart rke2-server (or rke2-agent, whichever runs here)"
        );
        let (folder, host) = host_with(&units);
        let wanted = folder.path().join(WANTED.trim_start_matches('/'));
        std::fs::create_dir_all(&wanted).expect("creates");
        // Its target may be out of sight.
        let link = wanted.join("rke2-agent.service");
        std::os::unix::fs::symlink("/elsewhere/rke2-agent.service", link).expect("links");
        assert_eq!(
            Units::of(Distribution::Rke2, &host).restart(),
            "systemctl restart rke2-agent"
        );
    }
}
