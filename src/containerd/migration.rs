//! How 2.x brings older files up to date, and what gets lost on the way.
//!
//! `configMigration` in `plugins/cri/runtime/plugin.go` and its siblings, `v1Migrate` in
//! `cmd/containerd/server/config/config.go`.

use std::rc::Rc;

use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::registry;
use super::release::{Release, Releases};
use super::spelling::{IMAGES_KEYS, STREAMING_KEYS};
use super::tree::{Data, Node, Place, Table};

/// Plugins that only changed their name.
const RENAMED: [(&str, &str); 2] = [
    (
        "io.containerd.internal.v1.restart",
        "io.containerd.monitor.container.v1.restart",
    ),
    (
        "io.containerd.monitor.v1.cgroups",
        "io.containerd.monitor.task.v1.cgroups",
    ),
];
const CNI_BIN_DIRS: Releases = Releases::from(2, 1);

/// What Go panics at, and where it stands.
pub(super) type Panic = (String, Place);

/// 2.0 to 2.2 migrate the merged config, and what has moved only in a version 2 one: of CRI's part
/// of a version 1 config handlers and images are lost, while what stays where it is counts.
pub(super) fn migrate_whole(top: &mut Table, version: i64, release: Release) -> Result<(), Panic> {
    if version == 2 {
        migrate_plugins(top, release)?;
    }
    Ok(())
}

/// Gives the plugins of a version 1 file their full names. 2.x does it for each file, before it is
/// merged: a drop-in without a version is one of version 1, whatever the main file is.
pub(super) fn rename_plugins(file: &mut Table) {
    if let Some(Data::Table(plugins)) = file.get_mut("plugins").map(|node| &mut node.data) {
        let old = Rc::unwrap_or_clone(std::mem::take(plugins));
        let renamed = old
            .into_iter()
            .map(|(name, node)| (registry::full_name(&name), node));
        *plugins = Rc::new(renamed.collect());
    }
    for list in ["disabled_plugins", "required_plugins"] {
        if let Some(Data::Array(names)) = file.get_mut(list).map(|node| &mut node.data) {
            for node in names {
                if let Data::Text(name) = &mut node.data {
                    *name = registry::full_name(name);
                }
            }
        }
    }
}

/// 2.3 migrates each file, from whatever version.
pub(super) fn migrate_file(file: &mut Table, version: i64, release: Release) -> Result<(), Panic> {
    if version < 2 {
        rename_plugins(file);
    }
    migrate_plugins(file, release)
}

fn migrate_plugins(file: &mut Table, release: Release) -> Result<(), Panic> {
    let Some(Data::Table(plugins)) = file.get_mut("plugins").map(|node| &mut node.data) else {
        return Ok(());
    };
    let plugins = Rc::make_mut(plugins);
    for (old, new) in RENAMED {
        if let (Some(node), false) = (plugins.get(old).cloned(), plugins.contains_key(new)) {
            plugins.insert(new.to_owned(), node);
        }
    }
    let Some(old) = plugins.get(OLD_CRI).cloned() else {
        return Ok(());
    };
    let place = old.place;
    let Data::Table(old) = old.data else {
        // Go's type assertion fails quietly here; decoding the server's part will not.
        return Ok(());
    };
    let part = |plugins: &Table, name: &str| {
        let known = plugins.get(name).and_then(Node::table);
        known.cloned().unwrap_or_default()
    };
    let mut runtime = part(plugins, RUNTIME);
    let mut images = part(plugins, IMAGES);
    migrate_runtime(&old, &mut runtime, release)?;
    migrate_images(&old, &mut images);
    plugins.insert(RUNTIME.to_owned(), Node::new(Data::table(runtime), place));
    plugins.insert(IMAGES.to_owned(), Node::new(Data::table(images), place));
    Ok(())
}

/// Adds what is not there yet.
fn fill(new: &mut Table, key: &str, node: &Node) {
    new.entry(key.to_owned()).or_insert_with(|| node.clone());
}

fn migrate_runtime(old: &Table, new: &mut Table, release: Release) -> Result<(), Panic> {
    for (key, node) in old {
        let key = key.as_str();
        let elsewhere = is_of_images(&[key]) || STREAMING_KEYS.contains(&key);
        if !elsewhere && !matches!(key, "cni" | "containerd") {
            fill(new, key, node);
        }
    }
    match old.get("cni").map(|node| (&node.data, node.place)) {
        Some((Data::Table(cni), place)) => {
            let known = new.get("cni").and_then(Node::table);
            let mut merged = known.cloned().unwrap_or_default();
            for (key, node) in &**cni {
                if key == "bin_dir" && CNI_BIN_DIRS.contain(release) {
                    if !matches!(node.data, Data::Text(_)) {
                        return Err(type_assertion(node, "string"));
                    }
                    let folders = Node::new(Data::Array(vec![node.clone()]), node.place);
                    fill(&mut merged, "bin_dirs", &folders);
                } else {
                    fill(&mut merged, key, node);
                }
            }
            new.insert("cni".to_owned(), Node::new(Data::table(merged), place));
        }
        // Before 2.1 the table went over as it was.
        Some(_) => fill(new, "cni", &old["cni"]),
        None => {}
    }
    let Some(node) = old.get("containerd") else {
        return Ok(());
    };
    let Data::Table(containerd) = &node.data else {
        return Err(type_assertion(node, "map[string]interface {}"));
    };
    let known = new.get("containerd").and_then(Node::table);
    let mut merged = known.cloned().unwrap_or_default();
    for (key, node) in &**containerd {
        if !is_of_images(&["containerd", key]) {
            fill(&mut merged, key, node);
        }
    }
    if let Some(runtimes) = merged.get_mut("runtimes") {
        let found = runtimes.clone();
        let Data::Table(runtimes) = &mut runtimes.data else {
            return Err(type_assertion(&found, "map[string]interface {}"));
        };
        for handler in Rc::make_mut(runtimes).values_mut() {
            let found = handler.clone();
            let Data::Table(handler) = &mut handler.data else {
                return Err(type_assertion(&found, "map[string]interface {}"));
            };
            if let (Some(mode), false) = (
                handler.get("sandbox_mode").cloned(),
                handler.contains_key("sandboxer"),
            ) {
                Rc::make_mut(handler).insert("sandboxer".to_owned(), mode);
            }
        }
    }
    let place = node.place;
    new.insert(
        "containerd".to_owned(),
        Node::new(Data::table(merged), place),
    );
    Ok(())
}

/// Whether a key of the old plugin went to the images plugin.
fn is_of_images(path: &[&str]) -> bool {
    IMAGES_KEYS.iter().any(|(old, _)| *old == path)
}

fn migrate_images(old: &Table, new: &mut Table) {
    for (from, to) in IMAGES_KEYS {
        let (key, tables) = from.split_last().expect("a row names a key");
        let table = tables
            .iter()
            .try_fold(old, |table, name| table.get(*name)?.table());
        let Some(node) = table.and_then(|table| table.get(*key)) else {
            continue;
        };
        let (first, below) = to.split_first().expect("a row names a key");
        let node = below.iter().rev().fold(node.clone(), |node, name| {
            let place = node.place;
            Node::new(Data::table([((*name).to_owned(), node)].into()), place)
        });
        fill(new, first, &node);
    }
}

fn type_assertion(node: &Node, wanted: &str) -> Panic {
    let message = format!(
        "panic: interface conversion: the value is {}, not {wanted}",
        node.kind()
    );
    (message, node.place)
}
