//! How k0s merges drop-ins into its config.
//!
//! Drop-ins that say something of CRI are merged, value by value, into the file that k0s's own
//! config imports; the others are imported as they are (`handleImports` in k0s's
//! `pkg/component/worker/containerd/configurer.go`).

use crate::containerd::plugin;
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, ParseError, Path, Tree};
use crate::want::handler::BUILT_IN;

/// The plugins whose settings make k0s merge a drop-in.
const MERGED: [&str; 3] = [plugin::OLD_CRI, plugin::RUNTIME, plugin::IMAGES];

/// Whether k0s merges a drop-in into its config for CRI. Otherwise containerd imports it.
pub(super) fn is_merged(drop_in: &Document) -> bool {
    let mut merged = MERGED.iter();
    merged.any(|id| drop_in.get(&["plugins", id]).is_some())
}

/// The least that k0s's own part says, in a drop-in of version 2 or 3.
pub(super) const LEAST: &str = "\
    plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.runtime_type = \
    'io.containerd.runc.v2'\n\
    plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.runtime_type = \
    'io.containerd.runc.v2'\n";

/// The text that means what k0s makes of a config and a drop-in: tables are merged, any other value
/// of the drop-in takes the place of the config's.
pub(super) fn merged(base: &str, drop_in: &str) -> Result<String, ParseError> {
    let (mut merged, drop_in) = (tree(base)?, tree(drop_in)?);
    for path in drop_in.leaves(&[]) {
        let is_there = drop_in.table(&path).is_some() && merged.table(&path).is_some();
        if let Some(value) = drop_in.value(&path).filter(|_| !is_there) {
            merged.put(&path, &value, 0);
        }
    }
    Ok(text(&merged))
}

/// The text that means what a merged config was without a drop-in, as far as that can be told:
/// values that the drop-in has are gone, and tables that then are empty. What the drop-in had
/// replaced isn't known. `runc` stays: k0s lists it itself, whatever else does.
pub(super) fn without(merged: &str, drop_in: &str) -> Result<String, ParseError> {
    let (mut base, drop_in) = (tree(merged)?, tree(drop_in)?);
    for path in drop_in.leaves(&[]) {
        // The version says what the others mean.
        let stays = path == ["version"] || handler_of(&path) == Some(BUILT_IN);
        if !stays && base.value(&path) == drop_in.value(&path) {
            remove(&mut base, &path);
        }
    }
    Ok(text(&base))
}

/// The text without handlers that k0s never lists itself, nor as the default: they came from drop-ins,
/// which may be gone since they were merged.
pub(super) fn with_own_handler(merged: &str) -> Result<String, ParseError> {
    let mut base = tree(merged)?;
    let leaves: Vec<Path> = base.leaves(&[]).collect();
    for path in leaves {
        let named = base.value(&path).filter(|_| is_default(&path));
        let named = named.and_then(|it| it.as_string());
        let handler = handler_of(&path).or(named.as_deref());
        if handler.is_some_and(|it| it != BUILT_IN) {
            remove(&mut base, &path);
        }
    }
    Ok(text(&base))
}

/// Removes a value and the tables that then are empty.
fn remove(tree: &mut Tree, path: &[String]) {
    for depth in 1..path.len() {
        tree.unwrite(&path[..depth]);
    }
    tree.remove(path);
}

fn is_default(path: &[String]) -> bool {
    MERGED.iter().any(|id| {
        let default = plugin::containerd_path(id).into_iter();
        default.chain(["default_runtime_name"]).eq(path)
    })
}

/// The handler whose key this is.
fn handler_of(path: &[String]) -> Option<&str> {
    MERGED.iter().find_map(|id| {
        let handlers = plugin::runtimes_path(id);
        let below = path.strip_prefix(&handlers.map(str::to_owned))?;
        below.first().map(String::as_str)
    })
}

fn tree(text: &str) -> Result<Tree, ParseError> {
    Document::parse(text.as_bytes()).map(|document| document.tree().clone())
}

/// The values of a tree, each in a line of its own.
fn text(tree: &Tree) -> String {
    let line = |path: Path| {
        let value = tree.value(&path)?;
        let key = render::dotted(&path, Quotes::Literal);
        Some(format!("{key} = {}\n", value.text()))
    };
    tree.leaves(&[]).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containerd::{ConfigFiles, Host, Release, Verdict, load};
    use crate::node::fixture;

    const BASE: &str = "/run/k0s/containerd-cri.toml";
    const DROP_IN: &str = "version = 2\n\
        [plugins.'io.containerd.grpc.v1.cri'.containerd]\n\
        default_runtime_name = 'kata'\n\
        [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata]\n\
        runtime_type = 'io.containerd.kata.v2'\n\
        pod_annotations = ['io.katacontainers.*']\n";

    fn verdict(text: &str, release: Release) -> Verdict {
        load(
            &ConfigFiles::new("/c.toml", text),
            release,
            &Host::default(),
        )
    }

    fn same(one: &str, other: &str) -> bool {
        tree(one).expect("TOML") == tree(other).expect("TOML")
    }

    #[test]
    fn a_handler_is_merged_beside_those_of_the_base() {
        let base = fixture::text("k0s", BASE);
        let merged = merged(&base, DROP_IN).expect("TOML");
        for release in Release::LINES.into_iter().filter(|it| it.reads(2)) {
            let Verdict::Serves { handlers, default } = verdict(&merged, release) else {
                panic!("{merged}");
            };
            assert_eq!(handlers.keys().collect::<Vec<_>>(), ["kata", "runc"]);
            assert_eq!(default, "kata");
        }
    }

    #[test]
    fn tables_are_merged_and_other_values_replaced() {
        let base = "a = [1, 2]\nb = { c = 1, d = { e = 1 } }\n[[f]]\nx = 1\n[g]\n";
        let drop_in = "a = [3]\nb.d.h = 2\ng = 'text'\n[[f]]\ny = 2\n";
        let wanted = "a = [3]\ng = 'text'\n[b]\nc = 1\n[b.d]\ne = 1\nh = 2\n[[f]]\ny = 2\n";
        let merged = merged(base, drop_in).expect("TOML");
        assert!(same(&merged, wanted), "{merged}");
    }

    #[test]
    fn what_a_drop_in_added_can_be_told_apart_again() {
        let base = fixture::text("k0s", BASE);
        let merged = merged(&base, DROP_IN).expect("TOML");
        let base = without(&merged, DROP_IN).expect("TOML");
        let release = "1.7".parse().expect("a release");
        let Verdict::Serves { handlers, default } = verdict(&base, release) else {
            panic!("{base}");
        };
        assert_eq!(handlers.keys().collect::<Vec<_>>(), ["runc"]);
        assert_eq!(default, "runc");
        let again = super::merged(&base, DROP_IN).expect("TOML");
        assert!(same(&again, &merged), "{again}");
    }

    #[test]
    fn what_k0s_lists_too_stays() {
        let base = fixture::text("k0s", BASE);
        let runc = "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
                    runtime_type = 'io.containerd.runc.v2'\n";
        let drop_in = format!("{DROP_IN}{runc}");
        let merged = merged(&base, &drop_in).expect("TOML");
        let base = without(&merged, &drop_in).expect("TOML");
        let Verdict::Serves { handlers, .. } = verdict(&base, "1.7".parse().expect("a release"))
        else {
            panic!("{base}");
        };
        assert_eq!(handlers["runc"].runtime_type, "io.containerd.runc.v2");
        assert_eq!(handlers.len(), 1);
    }

    #[test]
    fn k0s_lists_runc_alone() {
        let base = fixture::text("k0s", BASE);
        let merged = merged(&base, DROP_IN).expect("TOML");
        let base = with_own_handler(&merged).expect("TOML");
        let Verdict::Serves { handlers, default } =
            verdict(&base, "1.7".parse().expect("a release"))
        else {
            panic!("{base}");
        };
        assert_eq!(handlers.keys().collect::<Vec<_>>(), ["runc"]);
        assert_eq!(default, "runc");
    }

    #[test]
    fn a_drop_in_without_cri_is_imported() {
        let is_merged = |text: &str| is_merged(&Document::parse(text.as_bytes()).expect("TOML"));
        assert!(is_merged(DROP_IN));
        assert!(is_merged(
            "plugins.'io.containerd.cri.v1.images'.snapshotter = 'x'"
        ));
        assert!(!is_merged("version = 2\n[debug]\nlevel = 'debug'\n"));
    }
}
