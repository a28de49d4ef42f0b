//! What to edit on a host, and what makes it take effect.

use std::path::{Path, PathBuf};

use super::distribution::CONTAINERD_CONFIG;
use super::{Distribution, Kind, Units, k0s, k3s, microk8s, written};
use crate::disk::HostRoot;
use crate::error::{Code, Error, Warning};
use crate::toml::Source;
use crate::want::handler::{Owner, drop_in_of};

/// Where a host keeps containerd's config, and how to make a change take effect.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Distribution, HostRoot, Kind, Layout};
///
/// let folder = tempfile::tempdir()?;
/// let host = HostRoot::at(folder.path())?;
/// let layout = Layout::of(Distribution::detect(&host)?, &host, None)?;
/// let config = "/etc/containerd/config.toml".into();
/// assert_eq!(layout.kind, Kind::Plain { config });
/// assert_eq!(layout.next_step(), "restart it to load: systemctl restart containerd");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Whose layout it is.
    pub distribution: Distribution,
    /// What to edit, and how.
    pub kind: Kind,
    /// The systemd units of which one runs containerd.
    pub units: Units,
    /// What people should know although all is well.
    pub notice: Option<Warning>,
}

impl Layout {
    /// Looks at a host that runs `distribution`. All paths are the host's.
    ///
    /// `config` is where the distribution has its config, if that isn't the usual place: for k3s
    /// and RKE2 the one that they write, as with another `--data-dir`; for k0s `containerd.toml`;
    /// for `MicroK8s` the template.
    ///
    /// # Errors
    ///
    /// An error if the distribution isn't there, if it has not yet written what says
    /// which file it reads, or if that can't be read.
    pub fn of(
        distribution: Distribution,
        host: &HostRoot,
        config: Option<&Path>,
    ) -> Result<Self, Error> {
        // Plain containerd has no sign that it must have: its config may be created.
        let needs_sign = distribution != Distribution::Containerd && config.is_none();
        if needs_sign && distribution.sign(host).is_none() {
            let message = format!(
                "this host does not run {}: it has none of {}",
                distribution.title(),
                distribution.signs().join(", ")
            );
            let hint = "check --distribution and --host-root (all of the host's files have to be \
                        mounted there), or name the file with --config";
            return Err(Error::new(Code::NotADistribution, message, hint).at("/"));
        }
        let units = Units::of(distribution, host);
        let config = |usual: &str| config.map_or_else(|| usual.into(), Path::to_owned);
        let mut notice = None;
        let kind = match distribution {
            Distribution::Containerd => Kind::Plain {
                config: config(CONTAINERD_CONFIG),
            },
            Distribution::MicroK8s => Kind::Plain {
                config: config(microk8s::CONFIG),
            },
            Distribution::K3s | Distribution::Rke2 => {
                let generated = k3s::generated(distribution);
                let generated = config(&generated.to_string_lossy());
                k3s::kind(distribution, generated, host, &units)?
            }
            Distribution::K0s => {
                let base: PathBuf = config(k0s::CONFIG);
                let text = written::read(distribution, &base, host, &units)?;
                if k0s::is_managed(&text) {
                    let folder = base.with_file_name(k0s::FOLDER_NAME);
                    Kind::DropIn { base, folder }
                } else {
                    notice = Some(k0s::unmanaged(&base));
                    Kind::Plain { config: base }
                }
            }
        };
        Ok(Self {
            distribution,
            kind,
            units,
            notice,
        })
    }

    /// The file that containerd is started with.
    #[must_use]
    pub fn config(&self) -> &Path {
        match &self.kind {
            Kind::Plain { config: path }
            | Kind::DropIn { base: path, .. }
            | Kind::Template {
                generated: path, ..
            } => path,
        }
    }

    /// The file that is edited, or that says what a drop-in beside it has to look like.
    pub(crate) fn edited(&self) -> &Path {
        match &self.kind {
            Kind::Template { template, .. } => template,
            _ => self.config(),
        }
    }

    /// The template from which the distribution writes that file at its next start, if it may have one.
    pub(crate) fn template(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::Template { template, .. } => Some(template.clone()),
            Kind::DropIn { base, .. } if !self.restarts_by_itself() => Some(k3s::template(base)),
            _ => None,
        }
    }

    /// What has to be done for a change to take effect, as a clause.
    #[must_use]
    pub fn next_step(&self) -> String {
        if self.restarts_by_itself() {
            "k0s restarts containerd by itself within seconds".to_owned()
        } else {
            format!("restart it to load: {}", self.units.restart())
        }
    }

    /// Whether the distribution watches the files and restarts containerd after a change: k0s, where
    /// it reads drop-ins. It merges them, so that containerd does not read the files as they are.
    #[must_use]
    pub fn restarts_by_itself(&self) -> bool {
        self.distribution == Distribution::K0s && matches!(self.kind, Kind::DropIn { .. })
    }

    /// The drop-in of an owner, where the layout has a folder for drop-ins.
    #[must_use]
    pub fn drop_in(&self, owner: &Owner) -> Option<PathBuf> {
        match &self.kind {
            Kind::DropIn { folder, .. } => Some(folder.join(drop_in_of(owner.as_str()))),
            Kind::Plain { .. } | Kind::Template { .. } => None,
        }
    }

    /// Whether the distribution writes the file at `path` anew, and so does not keep an edit of it.
    #[must_use]
    pub fn writes(&self, path: &Path) -> bool {
        match &self.kind {
            Kind::Plain { .. } => false,
            Kind::Template { generated, .. } => path == generated,
            // What k0s's config imports, k0s has written.
            Kind::DropIn { base, folder } => {
                path == base || (self.restarts_by_itself() && !path.starts_with(folder))
            }
        }
    }

    /// Whether the distribution makes the file at `path` of those that are edited.
    pub(crate) fn makes_of_others(&self, path: &Path) -> bool {
        self.writes(path) && (self.restarts_by_itself() || path != self.edited())
    }

    /// What containerd reads where the file to edit says `source`. Other than for `MicroK8s`, it is the
    /// same.
    #[must_use]
    pub fn filled_in(&self, source: Source) -> Source {
        match (self.distribution, str::from_utf8(source.bytes())) {
            (Distribution::MicroK8s, Ok(text)) => microk8s::rendered(text).into(),
            _ => source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{host, host_with};
    use super::*;

    fn layout(fixture: &str, distribution: Distribution) -> Layout {
        Layout::of(distribution, &host(fixture), None).expect("a layout")
    }

    #[test]
    fn plain_files_are_edited_where_they_are() {
        for (fixture, distribution, config, next_step) in [
            (
                "containerd",
                Distribution::Containerd,
                "/etc/containerd/config.toml",
                "restart it to load: systemctl restart containerd",
            ),
            (
                "microk8s",
                Distribution::MicroK8s,
                "/var/snap/microk8s/current/args/containerd-template.toml",
                "restart it to load: systemctl restart snap.microk8s.daemon-containerd",
            ),
            (
                "k0s-unmanaged",
                Distribution::K0s,
                "/etc/k0s/containerd.toml",
                "restart it to load: systemctl restart k0sworker",
            ),
        ] {
            let layout = layout(fixture, distribution);
            let config = config.into();
            assert_eq!(layout.kind, Kind::Plain { config }, "{fixture}");
            assert_eq!(layout.next_step(), next_step);
            let is_said = layout.notice.as_ref().map(|notice| notice.code);
            let wanted = (fixture == "k0s-unmanaged").then_some("k0s-unmanaged");
            assert_eq!(is_said, wanted, "{fixture}");
        }
    }

    #[test]
    fn k0s_reads_drop_ins_and_restarts_containerd() {
        let layout = layout("k0s", Distribution::K0s);
        let wanted = Kind::DropIn {
            base: "/etc/k0s/containerd.toml".into(),
            folder: "/etc/k0s/containerd.d".into(),
        };
        assert_eq!(layout.kind, wanted);
        assert!(layout.next_step().contains("by itself"));
        let owner = "team/kata".parse().expect("an owner");
        assert_eq!(
            layout.drop_in(&owner),
            Some("/etc/k0s/containerd.d/50-team-kata.toml".into())
        );
    }

    #[test]
    fn rke2_has_its_own_folder_and_unit() {
        let layout = layout("rke2", Distribution::Rke2);
        let folder = "/var/lib/rancher/rke2/agent/etc/containerd";
        let wanted = Kind::DropIn {
            base: Path::new(folder).join("config.toml"),
            folder: Path::new(folder).join("config-v3.toml.d"),
        };
        assert_eq!(layout.kind, wanted);
        assert_eq!(
            layout.next_step(),
            "restart it to load: systemctl restart rke2-agent"
        );
        let socket = "/run/k3s/containerd/containerd.sock";
        assert_eq!(layout.distribution.endpoint(), Path::new(socket));
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_was_looked_for() {
        for distribution in Distribution::ALL {
            let (_folder, host) = host_with(&[("/etc/hosts", "")]);
            let found = Layout::of(distribution, &host, None);
            if distribution == Distribution::Containerd {
                assert!(found.is_ok());
                continue;
            }
            let error = found.expect_err("it is not there");
            assert_eq!(error.code().as_str(), "not-a-distribution");
            for sign in distribution.signs() {
                assert!(error.to_string().contains(sign), "{error}");
            }
        }
    }

    #[test]
    fn a_data_folder_elsewhere_is_looked_at() {
        let config = "/data/k3s/agent/etc/containerd/config.toml";
        let (_folder, host) = host_with(&[(config, "version = 2\n")]);
        let layout = Layout::of(Distribution::K3s, &host, Some(Path::new(config)));
        let wanted = Kind::Template {
            template: Path::new(config).with_file_name("config.toml.tmpl"),
            generated: config.into(),
        };
        assert_eq!(layout.expect("a layout").kind, wanted);
    }

    #[test]
    fn k0s_that_was_never_started_can_not_be_told() {
        let (_folder, host) = host_with(&[("/etc/k0s/containerd.d/a.toml", "")]);
        let error = Layout::of(Distribution::K0s, &host, None).expect_err("no config");
        assert_eq!(error.code().as_str(), "not-started");
    }
}
