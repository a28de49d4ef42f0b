//! How handlers get into the config of a distribution.

use std::path::PathBuf;

/// How handlers get into a host's containerd config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file that containerd reads, or that is copied for it with strings filled in.
    Plain {
        /// The file to edit.
        config: PathBuf,
    },
    /// A folder whose files are added to a config that is written by the distribution.
    DropIn {
        /// The config that is only read: it says version and plugin IDs, and what is there already.
        base: PathBuf,
        /// The folder for own files.
        folder: PathBuf,
    },
    /// A template from which the distribution writes the config.
    Template {
        /// The file to edit; it may be missing.
        template: PathBuf,
        /// What the last start made of it; only read.
        generated: PathBuf,
    },
}
