//! Operating systems that write containerd's config themselves.

use std::path::{Path, PathBuf};

use crate::disk::HostRoot;
use crate::disk::existing::read_on_host;
use crate::error::{Code, Error};

/// As in os-release(5), the first one that is there counts.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// `ID`, name, and what to do there.
const SYSTEMS: [(&str, &str, &str); 3] = [
    (
        "bottlerocket",
        "Bottlerocket",
        "choose a variant that brings the runtime along, or set what its settings API offers under \
         settings.container-runtime",
    ),
    (
        "talos",
        "Talos",
        "install the runtime as a system extension, and add its handler in the machine config: a \
         file /etc/cri/conf.d/20-customization.part under machine.files",
    ),
    (
        "cos",
        "Google's Container-Optimized OS",
        "on GKE: enable GKE Sandbox on the node pool, or use its node system configuration; a node \
         pool with the Ubuntu image can be edited",
    ),
];

/// The error of a host whose operating system is one of these.
pub(super) fn system(host: &HostRoot) -> Option<Error> {
    let (path, text) = OS_RELEASE.iter().find_map(|path| {
        let text = read_on_host(host, Path::new(path)).ok()?;
        Some((PathBuf::from(path), String::from_utf8(text).ok()?))
    })?;
    let id = id(&text)?;
    let (_, system, instead) = SYSTEMS.into_iter().find(|(known, ..)| *known == id)?;
    let message = format!(
        "this node runs {system} ({} says so), which writes containerd's config itself: an edit \
         would not last",
        path.display()
    );
    Some(Error::new(Code::ManagedNode, message, instead).at(path))
}

/// The value of `ID`, which may be quoted; the last one counts, as in a shell.
fn id(text: &str) -> Option<&str> {
    let mut values = text.lines().filter_map(|line| line.strip_prefix("ID="));
    let value = values.next_back()?.trim();
    Some(value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{host, host_with};
    use super::*;

    #[test]
    fn each_managed_system_says_what_to_do_there() {
        for (name, system, word) in [
            ("bottlerocket", "Bottlerocket", "settings API"),
            ("talos", "Talos", "machine config"),
            ("gke", "Container-Optimized OS", "GKE Sandbox"),
        ] {
            let error = super::system(&host(name)).expect("it is managed");
            assert!(error.to_string().contains(system), "{error}");
            assert!(error.hint().contains(word), "{}", error.hint());
        }
    }

    #[test]
    fn the_id_is_read_as_a_shell_would() {
        assert_eq!(id("NAME=x\nID=\"cos\"\n"), Some("cos"));
        assert_eq!(id("ID='talos'"), Some("talos"));
        assert_eq!(id("VERSION_ID=1\nID_LIKE=cos\n"), None);
    }

    #[test]
    fn the_file_in_etc_comes_first() {
        let (_folder, host) = host_with(&[
            ("/etc/os-release", "ID=debian\n"),
            ("/usr/lib/os-release", "ID=talos\n"),
        ]);
        assert_eq!(super::system(&host), None);
        let (_folder, host) = host_with(&[("/usr/lib/os-release", "ID=talos\n")]);
        let error = super::system(&host).expect("it is managed");
        assert_eq!(error.path(), Some(Path::new("/usr/lib/os-release")));
    }
}
