//! What to edit on a host, and what makes it take effect.

use std::path::{Path, PathBuf};

use super::distribution::CONTAINERD_CONFIG;
use super::{Distribution, Units, k0s, k3s, microk8s, written};
use crate::disk::HostRoot;
use crate::error::{Code, Error, Warning};
use crate::toml::Source;
use crate::want::handler::{Owner, drop_in_of};

/// Where a host keeps containerd's config, and how to make a change take effect.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// use containerd_edit::{Distribution, HostRoot, Layout};
///
/// let folder = tempfile::tempdir()?;
/// let host = HostRoot::at(folder.path())?;
/// let layout = Layout::of(Distribution::detect(&host)?, &host, None)?;
/// assert_eq!(layout.config, Path::new("/etc/containerd/config.toml"));
/// assert_eq!(layout.next_step(), "restart it to load: systemctl restart containerd");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Whose layout it is.
    pub distribution: Distribution,
    /// The file that containerd is started with, or that is copied for it with strings filled in.
    pub config: PathBuf,
    /// The template to edit, from which the distribution writes `config`; it may be missing. Never
    /// set together with `folder`.
    pub template: Option<PathBuf>,
    /// The folder for own files, which are added to a `config` that the distribution writes. Never
    /// set together with `template`.
    pub folder: Option<PathBuf>,
    /// The systemd units of which one runs containerd.
    pub units: Units,
    /// What people should know although all is well.
    pub notice: Option<Warning>,
    /// The template with which the distribution has to be started before anything is added.
    pub(crate) unread: Option<PathBuf>,
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
        let usual = || match distribution {
            Distribution::Containerd => CONTAINERD_CONFIG.into(),
            Distribution::MicroK8s => microk8s::CONFIG.into(),
            Distribution::K3s | Distribution::Rke2 => k3s::generated(distribution),
            Distribution::K0s => k0s::CONFIG.into(),
        };
        // Absolute, to compare equal to the paths of the files that are read.
        let named = |path: &Path| match distribution {
            Distribution::Containerd | Distribution::MicroK8s => path.to_owned(),
            Distribution::K3s | Distribution::Rke2 | Distribution::K0s => host.absolute(path),
        };
        let mut layout = Self {
            distribution,
            config: config.map_or_else(usual, named),
            template: None,
            folder: None,
            units: Units::of(distribution, host),
            notice: None,
            unread: None,
        };
        let (config, units) = (&layout.config, &layout.units);
        match distribution {
            Distribution::Containerd | Distribution::MicroK8s => {}
            Distribution::K3s | Distribution::Rke2 => {
                let edited = k3s::edited(distribution, config, host, units)?;
                layout.template = edited.template;
                layout.folder = edited.folder;
                layout.unread = edited.unread;
                layout.notice = layout.check_read().err().map(|error| {
                    let code = error.code().as_str();
                    Warning::new(code, error.to_string())
                });
            }
            Distribution::K0s => {
                let text = written::read(distribution, config, host, units)?;
                if k0s::is_managed(&text) {
                    layout.folder = Some(config.with_file_name(k0s::FOLDER_NAME));
                } else {
                    layout.notice = Some(k0s::unmanaged(config));
                }
            }
        }
        Ok(layout)
    }

    /// Refuses to add to what the distribution may not read after its next start.
    pub(crate) fn check_read(&self) -> Result<(), Error> {
        let unread = self.unread.as_ref();
        unread.map_or(Ok(()), |template| {
            Err(k3s::not_read(self.distribution, template, &self.units))
        })
    }

    /// The file that is edited, or that says what a drop-in beside it has to look like.
    pub(crate) fn edited(&self) -> &Path {
        self.template.as_deref().unwrap_or(&self.config)
    }

    /// The template from which the distribution writes the config at its next start, if it may have
    /// one.
    pub(crate) fn next_template(&self) -> Option<PathBuf> {
        let of_k3s = self.folder.is_some() && !self.restarts_by_itself();
        let beside_folder = || of_k3s.then(|| k3s::template(&self.config));
        self.template.clone().or_else(beside_folder)
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
        self.merged_folder().is_some()
    }

    /// The folder of drop-ins that the distribution merges before containerd reads them.
    pub(crate) fn merged_folder(&self) -> Option<&Path> {
        let folder = self.folder.as_deref();
        folder.filter(|_| self.distribution == Distribution::K0s)
    }

    /// The drop-in of an owner, where the layout has a folder for drop-ins.
    #[must_use]
    pub fn drop_in(&self, owner: &Owner) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(drop_in_of(owner.as_str())))
    }

    /// Whether the distribution writes the file at `path` anew, and so does not keep an edit of it.
    #[must_use]
    pub fn writes(&self, path: &Path) -> bool {
        // What k0s's config imports, k0s has written.
        let is_outside = |folder: &Path| !path.starts_with(folder);
        self.writes_config() && path == self.config || self.merged_folder().is_some_and(is_outside)
    }

    /// Whether the distribution writes the config at each of its starts.
    pub(crate) fn writes_config(&self) -> bool {
        self.template.is_some() || self.folder.is_some()
    }

    /// Whether the distribution makes the file at `path` of those that are edited.
    pub(crate) fn makes_of_others(&self, path: &Path) -> bool {
        self.writes(path) && (self.template.is_some() || self.restarts_by_itself())
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
            assert_eq!(layout.config, Path::new(config), "{fixture}");
            assert!(!layout.writes_config(), "{fixture}");
            assert_eq!(layout.next_step(), next_step);
            let is_said = layout.notice.as_ref().map(|notice| notice.code);
            let wanted = (fixture == "k0s-unmanaged").then_some("k0s-unmanaged");
            assert_eq!(is_said, wanted, "{fixture}");
        }
    }

    #[test]
    fn k0s_reads_drop_ins_and_restarts_containerd() {
        let layout = layout("k0s", Distribution::K0s);
        assert_eq!(layout.config, Path::new("/etc/k0s/containerd.toml"));
        assert_eq!(layout.folder, Some("/etc/k0s/containerd.d".into()));
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
        let beside = Path::new("/var/lib/rancher/rke2/agent/etc/containerd");
        assert_eq!(layout.config, beside.join("config.toml"));
        assert_eq!(layout.folder, Some(beside.join("config-v3.toml.d")));
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
        let config = Path::new(config);
        let layout = Layout::of(Distribution::K3s, &host, Some(config)).expect("a layout");
        assert_eq!(layout.config, config);
        let template = config.with_file_name("config.toml.tmpl");
        assert_eq!(layout.template, Some(template));
    }

    #[test]
    fn k0s_that_was_never_started_can_not_be_told() {
        let (_folder, host) = host_with(&[("/etc/k0s/containerd.d/a.toml", "")]);
        let error = Layout::of(Distribution::K0s, &host, None).expect_err("no config");
        assert_eq!(error.code().as_str(), "not-started");
    }
}
