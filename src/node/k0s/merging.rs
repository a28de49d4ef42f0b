//! How k0s merges drop-ins into its config.
//!
//! Drop-ins that say something of CRI are merged, value by value, into the file that k0s's own
//! config imports; the others are imported as they are (`handleImports` in k0s's
//! `pkg/component/worker/containerd/configurer.go`).

use crate::containerd::plugin;
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, Literal, Path, Tree};
use crate::want::handler::{BUILT_IN, RUNC_TYPE};

/// The plugins whose settings make k0s merge a drop-in.
const MERGED: [&str; 3] = [plugin::OLD_CRI, plugin::RUNTIME, plugin::IMAGES];

/// Whether k0s merges a drop-in into its config for CRI. Otherwise containerd imports it.
pub(super) fn is_merged(drop_in: &Document) -> bool {
    let mut merged = MERGED.iter();
    merged.any(|id| drop_in.get(&["plugins", id]).is_some())
}

/// The least that k0s's own part says, in a drop-in of version 2 or 3.
pub(super) fn least() -> Tree {
    let mut least = Tree::default();
    for id in [plugin::OLD_CRI, plugin::RUNTIME] {
        let path = plugin::runtimes_path(id).into_iter();
        let path = path.chain([BUILT_IN, "runtime_type"]).map(str::to_owned);
        least.put(&path.collect::<Path>(), &Literal::string(RUNC_TYPE), 0);
    }
    least
}

/// Makes of a config what k0s makes of it and a drop-in: tables are merged, any other value of the
/// drop-in takes the place of the config's.
pub(super) fn merge(base: &mut Tree, drop_in: &Tree) {
    for path in drop_in.leaves(&[]) {
        let is_there = drop_in.table(&path).is_some() && base.table(&path).is_some();
        if let Some(value) = drop_in.value(&path).filter(|_| !is_there) {
            base.put(&path, &value, 0);
        }
    }
}

/// Makes of a merged config what it was without a drop-in, as far as that can be told: values that the
/// drop-in has are gone, and tables that then are empty. What the drop-in had replaced isn't known.
/// `runc` stays: k0s lists it itself, whatever else does.
pub(super) fn take_out(merged: &mut Tree, drop_in: &Tree) {
    for path in drop_in.leaves(&[]) {
        // The version says what the others mean.
        let stays = path == ["version"] || handler_of(&path) == Some(BUILT_IN);
        if !stays && merged.value(&path) == drop_in.value(&path) {
            remove(merged, &path);
        }
    }
}

/// Takes out handlers that k0s never lists itself, nor as the default: they came from drop-ins, which
/// may be gone since they were merged.
pub(super) fn keep_own_handler(merged: &mut Tree) {
    let leaves: Vec<Path> = merged.leaves(&[]).collect();
    for path in leaves {
        let named = merged.value(&path).filter(|_| is_default(&path));
        let named = named.and_then(|it| it.as_string());
        let handler = handler_of(&path).or(named.as_deref());
        if handler.is_some_and(|it| it != BUILT_IN) {
            remove(merged, &path);
        }
    }
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

/// The values of a tree, each in a line of its own.
pub(super) fn text(tree: &Tree) -> String {
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

    fn tree(text: &str) -> Tree {
        let document = Document::parse(text.as_bytes());
        document.expect("TOML").tree().clone()
    }

    /// The text of k0s's own part.
    fn base() -> String {
        fixture::text("k0s", BASE)
    }

    fn merged(base: &str, drop_in: &str) -> String {
        let mut merged = tree(base);
        merge(&mut merged, &tree(drop_in));
        text(&merged)
    }

    fn without(merged: &str, drop_in: &str) -> String {
        let mut base = tree(merged);
        take_out(&mut base, &tree(drop_in));
        text(&base)
    }

    #[test]
    fn a_handler_is_merged_beside_those_of_the_base() {
        let base = base();
        let merged = merged(&base, DROP_IN);
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
        let merged = merged(base, drop_in);
        assert_eq!(tree(&merged), tree(wanted));
    }

    #[test]
    fn what_a_drop_in_added_can_be_told_apart_again() {
        let base = base();
        let merged = merged(&base, DROP_IN);
        let base = without(&merged, DROP_IN);
        let release = "1.7".parse().expect("a release");
        let Verdict::Serves { handlers, default } = verdict(&base, release) else {
            panic!("{base}");
        };
        assert_eq!(handlers.keys().collect::<Vec<_>>(), ["runc"]);
        assert_eq!(default, "runc");
        let again = self::merged(&base, DROP_IN);
        assert_eq!(tree(&again), tree(&merged));
    }

    #[test]
    fn what_k0s_lists_too_stays() {
        let base = base();
        let runc = "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
                    runtime_type = 'io.containerd.runc.v2'\n";
        let drop_in = format!("{DROP_IN}{runc}");
        let merged = merged(&base, &drop_in);
        let base = without(&merged, &drop_in);
        let Verdict::Serves { handlers, .. } = verdict(&base, "1.7".parse().expect("a release"))
        else {
            panic!("{base}");
        };
        assert_eq!(handlers["runc"].runtime_type, "io.containerd.runc.v2");
        assert_eq!(handlers.len(), 1);
    }

    #[test]
    fn k0s_lists_runc_alone() {
        let base = base();
        let merged = merged(&base, DROP_IN);
        let mut base = tree(&merged);
        keep_own_handler(&mut base);
        let base = text(&base);
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
