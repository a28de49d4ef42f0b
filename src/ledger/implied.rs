//! Which keys may be there for the sake of others alone.

use crate::containerd::plugin;
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

/// Whether a key tells the images plugin the snapshotter of a handler.
pub(crate) fn is_twin(key: &Key) -> bool {
    let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
    matches!(
        path[..],
        [
            "plugins",
            plugin::IMAGES,
            "runtime_platforms",
            _,
            "snapshotter"
        ]
    )
}

/// Whether a key is one that is also put where nobody wants it, for the sake of others.
pub(crate) fn is_implied(key: &Key) -> bool {
    let runtimes = plugin::runtimes_path(plugin::RUNTIME);
    let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
    match path.strip_prefix(&runtimes[..]) {
        Some(rest) => matches!(
            rest,
            [BUILT_IN, "runtime_type"] | [BUILT_IN, "options", "SystemdCgroup"]
        ),
        None => path == ["version"] || path == ["imports"] || is_twin(key),
    }
}
