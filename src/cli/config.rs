//! Which config is meant, and where.

use std::path::{Path, PathBuf};

use containerd_edit::{Code, Distribution, Editor, Error, HostRoot, Layout};

use super::arguments::Global;

/// The config that a run works on.
pub(super) struct Config {
    /// The file that containerd is started with.
    pub(super) path: PathBuf,
    pub(super) host_root: HostRoot,
    /// The distribution's files, unless a config was named alone.
    pub(super) layout: Option<Layout>,
    /// Why an edit would not last, if so: then the config can only be looked at.
    pub(super) managed: Option<Error>,
}

impl Config {
    /// Finds the config: the one that was named, or the distribution's. `only_looks`: whether it is not
    /// edited.
    pub(super) fn find(global: &Global, only_looks: bool) -> Result<Self, Error> {
        let folder = global.host_root.as_deref();
        let host_root = folder.map_or_else(|| Ok(HostRoot::default()), enter)?;
        let named = global.config.as_deref();
        let named = named.map(|path| on_host(path, folder, &host_root));
        let named = named.transpose()?;
        let mut managed = None;
        let distribution = match (global.distribution.flatten(), &named) {
            (None, None) => Some(match Distribution::detect(&host_root) {
                Err(error) if only_looks && error.code() == Code::ManagedNode => {
                    managed = Some(error);
                    Distribution::Containerd
                }
                detected => detected?,
            }),
            (chosen, _) => chosen,
        };
        let layout = |it| Layout::of(it, &host_root, named.as_deref());
        let layout = distribution.map(layout).transpose()?;
        let path = layout.as_ref().map(|it| it.config.clone());
        Ok(Self {
            path: path.or(named).unwrap_or_default(),
            host_root,
            layout,
            managed,
        })
    }

    pub(super) fn editor(&self) -> Editor {
        let editor = Editor::new(&self.path).host_root(self.host_root.clone());
        editor.layout(self.layout.clone())
    }
}

fn enter(folder: &Path) -> Result<HostRoot, Error> {
    HostRoot::at(folder).map_err(|error| {
        let message = format!("--host-root: {error}");
        let hint = "name the folder at which the host's / is mounted, as in /host";
        Error::new(Code::NoHostRoot, message, hint).at(folder)
    })
}

/// Returns the path on the host of the config that was named.
fn on_host(path: &Path, folder: Option<&Path>, host: &HostRoot) -> Result<PathBuf, Error> {
    let (Some(folder), Some(root)) = (folder, host.folder()) else {
        return Ok(path.to_owned());
    };
    let inside = path.strip_prefix(folder).or(path.strip_prefix(root));
    if let Ok(inside) = inside
        && !host.has(path)
    {
        let message = "this is not on the host";
        let (folder, inside) = (folder.display(), inside.display());
        let hint = format!("paths are the host's, without {folder}: --config /{inside}");
        return Err(Error::new(Code::NoHostRoot, message, hint).at(path));
    }
    // The working folder of this process means nothing on the host.
    Ok(Path::new("/").join(path))
}
