//! For which handlers a shim may have been started.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::shims::Shim;
#[cfg(feature = "cri")]
use crate::daemon::cri::RunningHandlers;
use crate::inspect::effective::{Effective, EffectiveHandler};

/// What runc's shim runs unless `BinaryName` says otherwise.
const RUNC: &str = "runc";

/// The handlers that are known, each with the shim that it has.
#[derive(Debug, Default)]
pub(super) struct KnownHandlers {
    handlers: Vec<KnownHandler>,
}

#[derive(Debug)]
struct KnownHandler {
    name: String,
    /// A path, or the name of a program on containerd's `PATH`.
    shim: PathBuf,
    /// `BinaryName`; `None`: it may be any.
    binary: Option<String>,
}

impl KnownHandlers {
    /// Those of a config, in whichever file.
    pub(super) fn of(config: &Effective) -> Self {
        let handlers = config.handlers.iter().map(|handler| KnownHandler {
            name: handler.name.clone(),
            shim: setting(handler, "runtime_path")
                .map_or_else(|| shim_of(&handler.runtime_type), PathBuf::from),
            binary: Some(setting(handler, "options.BinaryName").unwrap_or_default()),
        });
        Self {
            handlers: handlers.collect(),
        }
    }

    /// The same, with those that a daemon has loaded and the config has no more, or otherwise.
    #[cfg(feature = "cri")]
    pub(super) fn and_loaded(mut self, loaded: &RunningHandlers) -> Self {
        for (name, handler) in &loaded.handlers {
            let shim = shim_of(&handler.runtime_type);
            let mut known = self.handlers.iter();
            if !known.any(|known| known.name == *name && known.shim == shim) {
                self.handlers.push(KnownHandler {
                    name: name.clone(),
                    shim,
                    binary: None,
                });
            }
        }
        self
    }

    /// The names of the handlers that have such a shim.
    ///
    /// Without containerd's own note of what it has started, none has for certain: a script may have
    /// turned into the program that runs.
    pub(super) fn candidates(&self, shim: &Shim) -> BTreeSet<&str> {
        let Some(started) = &shim.started else {
            return BTreeSet::new();
        };
        let has_it = |handler: &&KnownHandler| {
            is_program(started, &handler.shim) && is_binary(shim, handler)
        };
        let handlers = self.handlers.iter().filter(has_it);
        handlers.map(|handler| handler.name.as_str()).collect()
    }
}

/// A handler's string at a dotted key, as containerd reads it: whatever its letters' case.
fn setting(handler: &EffectiveHandler, key: &str) -> Option<String> {
    let mut settings = handler.listed.iter().flat_map(|listed| &listed.settings);
    let found = settings.find(|(path, _)| path.join(".").eq_ignore_ascii_case(key));
    let text = found?.1.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The program of a `runtime_type`, as containerd makes its name: `io.containerd.kata.v2` is
/// `containerd-shim-kata-v2`, and an absolute path is itself.
fn shim_of(runtime_type: &str) -> PathBuf {
    if Path::new(runtime_type).is_absolute() {
        return PathBuf::from(runtime_type);
    }
    let parts: Vec<&str> = runtime_type.split('.').collect();
    match parts[..] {
        [.., name, version] => PathBuf::from(format!("containerd-shim-{name}-{version}")),
        _ => PathBuf::new(),
    }
}

fn is_program(started: &Path, shim: &Path) -> bool {
    if shim.is_absolute() {
        started == shim
    } else {
        started.file_name() == Some(shim.as_os_str())
    }
}

fn is_binary(shim: &Shim, handler: &KnownHandler) -> bool {
    let or_default = |binary: &str| {
        if binary.is_empty() {
            RUNC.to_owned()
        } else {
            binary.to_owned()
        }
    };
    match (&shim.binary, &handler.binary) {
        (Some(its), Some(handlers)) => or_default(its) == or_default(handlers),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_runtime_type_has_containerds_name() {
        for (runtime_type, program) in [
            ("io.containerd.kata.v2", "containerd-shim-kata-v2"),
            ("io.containerd.kata-qemu.v2", "containerd-shim-kata-qemu-v2"),
            ("/opt/shims/kata", "/opt/shims/kata"),
            ("kata", ""),
            ("", ""),
        ] {
            assert_eq!(shim_of(runtime_type), Path::new(program), "{runtime_type}");
        }
    }
}
