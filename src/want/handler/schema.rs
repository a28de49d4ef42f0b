//! The keys of a runtime handler that containerd knows, as the model has them.

use crate::containerd::Wanted;

/// The name of the key at `path` below a handler as it should be spelled, and what belongs there;
/// `None` for one that is not known. containerd 2.x does not mind the case of letters.
pub(super) fn known(path: &[String]) -> Option<(&'static str, Wanted)> {
    let (table, name) = match path {
        [key] => (Wanted::handler(), key),
        [table, key] if table.eq_ignore_ascii_case("options") => (Wanted::runc_options(), key),
        _ => return None,
    };
    let mut names = table.names().into_iter();
    let name = names.find(|known| known.eq_ignore_ascii_case(name))?;
    Some((name, table.at(name)?))
}

/// Whether containerd, or some shim, is known to read the key at `path` below a handler.
pub(crate) fn is_known(path: &[String]) -> bool {
    known(path).is_some()
}

/// Whether the key at `path` below a handler, of this `runtime_type` if that is known, is one that
/// containerd or the shim is known to read.
pub(crate) fn is_read(path: &[String], runtime_type: Option<&str>) -> bool {
    let of_shim = runtime_type.and_then(options_of);
    match (path, of_shim) {
        ([table, name], Some(options)) if table.eq_ignore_ascii_case("options") => {
            options.iter().any(|known| known.eq_ignore_ascii_case(name))
        }
        _ => is_known(path),
    }
}

/// The options of the shim that runs pods of this type; `None`: nothing is known of it.
fn options_of(runtime_type: &str) -> Option<Vec<&'static str>> {
    // What containerd hands on to every shim but runc's.
    let generic = ["TypeUrl", "ConfigPath"];
    let shim = shim_binary(runtime_type)?;
    match shim.strip_prefix("containerd-shim-")? {
        "runc-v1" | "runc-v2" => {
            let mut names = Wanted::runc_options().names();
            names.retain(|name| !generic.contains(name));
            Some(names)
        }
        "runsc-v1" => Some(generic.to_vec()),
        shim if shim.starts_with("kata-") => Some(vec!["ConfigPath"]),
        _ => None,
    }
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

/// The names of a handler's keys.
pub(crate) fn keys() -> Vec<&'static str> {
    Wanted::handler().names()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shim_has_options_of_its_own() {
        let read = |option: &str, runtime_type| {
            let path = ["options", option].map(str::to_owned);
            is_read(&path, runtime_type)
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
