//! The keys of a runtime handler that containerd knows, as the model has them.

use crate::containerd::Wanted;
use crate::want::key::Key;

/// The name of the key at `path` below a handler as it should be spelled, and what belongs there;
/// `None` for one that is not known. containerd 2.x does not mind the case of letters.
pub(crate) fn known(path: &[String]) -> Option<(&'static str, Wanted)> {
    let (name, table) = path.split_last()?;
    let table = match table {
        [] => Wanted::of(&Key::in_full(&["handlers", "any"]))?,
        table => known(table)?.1,
    };
    let mut names = table.names().into_iter();
    let name = names.find(|known| known.eq_ignore_ascii_case(name))?;
    Some((name, table.at(name)?))
}

/// The options that the shim which runs pods of this `runtime_type` is known to read, or else some shim.
pub(crate) fn options(runtime_type: Option<&str>) -> Vec<&'static str> {
    // What containerd hands on to every shim but runc's.
    let is_generic = |name: &&str| ["TypeUrl", "ConfigPath"].contains(name);
    let wanted = Wanted::of(&Key::in_full(&["handlers", "any", "options"]));
    let mut names = wanted.map_or_else(Vec::new, |it| it.names());
    let shim = runtime_type.and_then(shim_binary).unwrap_or_default();
    match shim.strip_prefix("containerd-shim-") {
        Some("runc-v1" | "runc-v2") => names.retain(|name| !is_generic(name)),
        Some("runsc-v1") => names.retain(is_generic),
        Some(shim) if shim.starts_with("kata-") => names.retain(|name| *name == "ConfigPath"),
        _ => {}
    }
    names
}

/// The program that runs pods of this `runtime_type`: a path, or the name of a shim that containerd
/// looks for (`BinaryName` in `pkg/shim/util.go`).
pub(crate) fn shim_binary(runtime_type: &str) -> Option<String> {
    if runtime_type.starts_with('/') {
        return Some(runtime_type.to_owned());
    }
    let mut parts = runtime_type.rsplit('.');
    let (version, name) = (parts.next()?, parts.next()?);
    let number = version.strip_prefix('v')?;
    let is_shim = parts.count() >= 1
        && !name.is_empty()
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    is_shim.then(|| format!("containerd-shim-{name}-{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shim_has_options_of_its_own() {
        let read = |option: &str, runtime_type| {
            let options = options(runtime_type);
            options
                .iter()
                .any(|known| known.eq_ignore_ascii_case(option))
        };
        let types = [
            "io.containerd.runc.v2",
            "io.containerd.runsc.v1",
            "io.containerd.kata-qemu.v2",
            "io.containerd.spin.v2",
        ];
        for (option, readers) in [
            ("SystemdCgroup", [true, false, false, true]),
            ("binaryName", [true, false, false, true]),
            ("ConfigPath", [false, true, true, true]),
            ("TypeUrl", [false, true, false, true]),
            ("Sysctl", [false; 4]),
        ] {
            let found = types.map(|runtime_type| read(option, Some(runtime_type)));
            assert_eq!(found, readers, "{option}");
        }
        assert!(read("ConfigPath", None) && !read("Sysctl", None));
    }
}
