//! A config that was opened to be looked at.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::containerd::{ConfigFiles, Host, Model};
use crate::disk::HostRoot;
use crate::error::Error;
use crate::toml::{Document, Source};

/// A config with all that it imports, and what of the host these files refer to.
pub(super) struct Opened {
    /// The main file.
    pub(super) config: Arc<Document>,
    pub(super) files: ConfigFiles,
    host: Host,
}

impl Opened {
    /// Opens the config at `path`, of which these are the bytes. `root` is where the host's files are.
    ///
    /// # Errors
    ///
    /// [`Code::NotToml`](crate::Code::NotToml) if they are no TOML.
    pub(super) fn of(path: &Path, bytes: &[u8], root: &HostRoot) -> Result<Self, Error> {
        let source = Source::from(bytes);
        let config = source.document().map(Arc::clone);
        let config = config.map_err(|error| Error::from(error.clone()).at(path))?;
        let files = ConfigFiles::read(root, &root.absolute(path), source);
        let host = Host::of(root, &files);
        Ok(Self {
            config,
            files,
            host,
        })
    }

    pub(super) fn model(&self) -> Model<'_> {
        Model::new(&self.files, &self.host)
    }

    /// The name of a file in the ledger of the config.
    pub(super) fn name_in_ledger<'f>(&self, file: &'f Path) -> Cow<'f, str> {
        let folder = self.files.main().parent().unwrap_or(Path::new("/"));
        file.strip_prefix(folder).unwrap_or(file).to_string_lossy()
    }
}
