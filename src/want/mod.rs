//! What somebody wants of a config: names, presets, keys with their types, the patch file.

pub(crate) mod handler;
pub(crate) mod key;
pub(crate) mod patch;
pub(crate) mod patch_file;
