//! CRI's plugin IDs, and which plugin table holds the runtime handlers.
//!
//! The CRI plugin has had three IDs, and which of them a release reads depends on the file's
//! version (`docs/PLUGINS.md` and `plugins/cri/runtime/plugin.go` in containerd; measured rows
//! `ver-*` in `fixtures/conformance/verdicts.tsv`).

use std::cmp::Ordering;

use crate::toml::Document;

/// The whole of CRI on 1.x, its server on 2.x.
pub(crate) const OLD_CRI: &str = "io.containerd.grpc.v1.cri";
/// The part of CRI on 2.x that has the handlers.
pub(crate) const RUNTIME: &str = "io.containerd.cri.v1.runtime";
/// The part of CRI on 2.x that has the images.
pub(crate) const IMAGES: &str = "io.containerd.cri.v1.images";

/// Every plugin ID under which some release looks for handlers: of config version 1 and of files without
/// a version, of version 2, and of versions 3 and 4.
pub(crate) const IDS: [&str; 3] = ["cri", OLD_CRI, RUNTIME];

/// The one of a file of this version.
pub(crate) fn of_version(version: i64) -> &'static str {
    IDS[usize::try_from(version).map_or(0, |version| version.clamp(1, 3) - 1)]
}

/// Handlers that had tables of their own before there was a map of handlers, and these tables, which
/// 1.x still reads.
pub(crate) const OLD_HANDLERS: [(&str, &str); 2] = [
    ("untrusted", "untrusted_workload_runtime"),
    ("default", "default_runtime"),
];

/// The path of the table that holds `default_runtime_name` and `runtimes`.
pub(crate) fn containerd_path(id: &str) -> [&str; 3] {
    ["plugins", id, "containerd"]
}

/// The path of the table that holds the handlers.
pub(crate) fn runtimes_path(id: &str) -> [&str; 4] {
    ["plugins", id, "containerd", "runtimes"]
}

/// Returns the plugin ID under which a new handler belongs.
///
/// From version 3 on only one ID is read for handlers. A version 2 file may have the ID of
/// version 3 (AKS ships such files): 2.x then reads nothing else.
///
/// # Errors
///
/// The IDs of two tables that hold handlers, each of which is read by other releases.
pub(crate) fn choose(config: &Document, version: i64) -> Result<&'static str, [&'static str; 2]> {
    // A table that holds handlers counts more than one that could.
    let weight = |id| match config.get(&containerd_path(id)) {
        Some(_) if config.get(&runtimes_path(id)).is_some() => 2,
        Some(_) => 1,
        None => 0,
    };
    let own = of_version(version);
    let newer = weight(RUNTIME);
    match weight(own).cmp(&newer) {
        _ if newer == 0 || own == RUNTIME => Ok(own),
        Ordering::Greater => Ok(own),
        Ordering::Less => Ok(RUNTIME),
        Ordering::Equal => Err([own, RUNTIME]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<&'static str, [&'static str; 2]> {
        let config = Document::parse(text.as_bytes()).expect("test input is TOML");
        let version = super::super::version::of(&config, None).expect("a known version");
        choose(&config, version)
    }

    #[test]
    fn the_id_follows_the_version() {
        assert_eq!(chosen(""), Ok("cri"));
        assert_eq!(chosen("version = 1"), Ok("cri"));
        assert_eq!(chosen("version = 2"), Ok(OLD_CRI));
        assert_eq!(chosen("version = 3"), Ok(RUNTIME));
        assert_eq!(chosen("version = 4"), Ok(RUNTIME));
    }

    #[test]
    fn an_existing_table_decides_where_the_version_allows_it() {
        let v3 = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
        let v2 = "[plugins.'io.containerd.grpc.v1.cri'.containerd]\n";
        assert_eq!(chosen(&format!("version = 2\n{v3}")), Ok(RUNTIME));
        assert_eq!(chosen(v3), Ok(RUNTIME));
        let with_handlers = v3.replace("containerd]", "containerd.runtimes.a]");
        let both = chosen(&format!("version = 2\n{v2}{with_handlers}"));
        assert_eq!(both, Ok(RUNTIME), "only one holds handlers");
        let both = chosen(&format!("version = 2\n{v2}{v3}"));
        assert_eq!(both, Err([OLD_CRI, RUNTIME]));
    }

    #[test]
    fn a_table_of_the_version_counts_before_it_is_there() {
        let v2 = "[plugins.'io.containerd.grpc.v1.cri'.containerd]\n";
        let v3 = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
        for (version, own) in [
            ("", "cri"),
            ("version = 1\n", "cri"),
            ("version = 3\n", RUNTIME),
        ] {
            assert_eq!(chosen(&format!("{version}{v2}")), Ok(own), "{version}");
            let both = format!("{version}{v2}{v3}");
            let with_own = format!("{both}[plugins.cri]\n");
            assert_eq!(chosen(&both), Ok(RUNTIME), "{version}");
            assert_eq!(chosen(&with_own), Ok(RUNTIME), "{version}");
        }
        assert_eq!(chosen(&format!("version = 4\n{v2}")), Ok(RUNTIME));
    }

    #[test]
    fn a_plugin_table_without_containerd_does_not_count() {
        let text = "version = 2\n[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = true\n";
        assert_eq!(chosen(text), Ok(OLD_CRI));
    }
}
