//! How 2.x brings older files up to date, and what gets lost on the way.
//!
//! `MigrateConfigTo` and `v1Migrate` in `cmd/containerd/server/config/config.go`,
//! and each plugin's `ConfigMigration`.

use std::ops::Range;
use std::sync::Arc;

use super::asked::Asked;
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::registry;
use super::release::FROM_2_1;
use super::schema;
use super::servers::service_migrate;
use super::spelling::IMAGES_KEYS;
use super::table::table_at;
use super::verdict::{Finding, Lost};
use crate::toml::value::{Data, Name, Place, Table, Value};

pub(super) const TASK: &str = "io.containerd.runtime.v2.task";
pub(super) const SHIM_MANAGER: &str = "io.containerd.shim.v1.manager";
/// What `sched_core = true` has become.
pub(super) const SCHED_CORE: &str = "SCHED_CORE=1";

/// `MigrateConfigTo`, with the migrations of the plugins after each step.
pub(super) fn migrate(
    file: &mut Table,
    versions: Range<i64>,
    release: &Asked,
    lost: &mut Vec<Lost>,
) -> Result<(), Finding> {
    for version in versions {
        match version {
            1 => v1_migrate(file),
            3 => service_migrate(file, lost),
            _ => {}
        }
        if let Some(Data::Table(plugins)) = file.get_mut("plugins").map(|node| &mut node.data) {
            let plugins = Arc::make_mut(plugins);
            migrate_cri(plugins, release, lost)?;
            for (old, new) in registry::RENAMED {
                if let Some(node) = plugins.remove(*old) {
                    plugins.insert((*new).into(), node);
                }
            }
            migrate_task(plugins, lost)?;
        }
    }
    Ok(())
}

/// Gives the plugins of a version 1 file their full names.
pub(super) fn v1_migrate(file: &mut Table) {
    if let Some(Data::Table(plugins)) = file.get_mut("plugins").map(|node| &mut node.data) {
        let old = Arc::unwrap_or_clone(std::mem::take(plugins));
        let renamed = old.into_iter();
        let renamed = renamed.map(|(name, node)| (registry::full_name(&name).into(), node));
        *plugins = Arc::new(renamed.collect());
    }
    for list in ["disabled_plugins", "required_plugins"] {
        if let Some(Data::Array(names)) = file.get_mut(list).map(|node| &mut node.data) {
            for node in names {
                if let Data::Text(name) = &mut node.data {
                    *name = registry::full_name(name).into();
                }
            }
        }
    }
}

/// Takes CRI's one plugin apart. What a plugin has of its own wins in the runtime part, and loses in
/// the images part.
fn migrate_cri(plugins: &mut Table, release: &Asked, lost: &mut Vec<Lost>) -> Result<(), Finding> {
    let Some(cri) = plugins.get(OLD_CRI).cloned() else {
        return Ok(());
    };
    let images = plugins.get(IMAGES).map(as_map).transpose()?;
    let mut images = images.cloned().unwrap_or_default();
    let mut runtime = table_at(plugins, RUNTIME);
    let mut server = Table::new();
    let old = as_map(&cri)?;
    migrate_images(old, &mut images, lost)?;
    for (key, node) in old {
        match (&**key, node.table()) {
            (key, _) if schema::is_of_server(key) => {
                server.insert(key.into(), node.clone());
            }
            ("cni", cni) if release.is_in(FROM_2_1) => {
                if let Some(cni) = cni {
                    migrate_cni(cni, &mut runtime, node.place)?;
                }
            }
            ("containerd", _) => migrate_containerd(node, &mut runtime)?,
            (key, _) if is_of_images("", key) => {}
            _ => fill(&mut runtime, key, node),
        }
    }
    for (id, table) in [(IMAGES, images), (RUNTIME, runtime), (OLD_CRI, server)] {
        plugins.insert(id.into(), Value::of_table(table, cri.place));
    }
    Ok(())
}

fn migrate_images(old: &Table, new: &mut Table, lost: &mut Vec<Lost>) -> Result<(), Finding> {
    let containerd = old.get("containerd").map(as_map).transpose()?;
    let runtimes = containerd.and_then(|containerd| containerd.get("runtimes"));
    let handlers = runtimes.map(as_map).transpose()?.into_iter();
    for handler in handlers.flat_map(Table::values) {
        as_map(handler)?;
    }
    for (from, to) in IMAGES_KEYS {
        let (table, key) = match from.split_once('.') {
            Some((_, key)) => (containerd, key),
            None => (Some(old), from),
        };
        let Some(node) = table.and_then(|table| table.get(key)) else {
            continue;
        };
        if key != from && runtimes.is_none() {
            lost.push(Lost {
                key: format!("plugins.\"{OLD_CRI}\".{from}"),
                place: node.place,
                why: "it is migrated only beside containerd.runtimes".into(),
            });
            continue;
        }
        let Some((first, name)) = to.split_once('.') else {
            new.insert(to.into(), node.clone());
            continue;
        };
        let known = new.get(first).map(as_map).transpose()?;
        let mut table = known.cloned().unwrap_or_default();
        table.insert(name.into(), node.clone());
        new.insert(first.into(), Value::of_table(table, node.place));
    }
    Ok(())
}

/// Adds what is not there yet.
fn fill(new: &mut Table, key: &Name, node: &Value) {
    new.entry(Name::clone(key)).or_insert_with(|| node.clone());
}

fn migrate_cni(old: &Table, runtime: &mut Table, place: Place) -> Result<(), Finding> {
    let mut cni = table_at(runtime, "cni");
    for (key, node) in old {
        if **key != *"bin_dir" {
            fill(&mut cni, key, node);
        } else if node.as_str().is_some() {
            let folders = Value::new(Data::Array(vec![node.clone()]), node.place);
            cni.insert("bin_dirs".into(), folders);
        } else {
            return Err(type_assertion(node, "string"));
        }
    }
    runtime.insert("cni".into(), Value::of_table(cni, place));
    Ok(())
}

fn migrate_containerd(old: &Value, runtime: &mut Table) -> Result<(), Finding> {
    let mut merged = table_at(runtime, "containerd");
    for (key, node) in as_map(old)? {
        if !is_of_images("containerd.", key) {
            fill(&mut merged, key, node);
        }
    }
    if let Some(runtimes) = merged.get_mut("runtimes") {
        let mut handlers = as_map(runtimes)?.clone();
        for handler in handlers.values_mut() {
            let keys = as_map(handler)?;
            if !keys.contains_key("sandboxer")
                && let Some(mode) = keys.get("sandbox_mode").cloned()
            {
                let mut keys = keys.clone();
                keys.remove("sandbox_mode");
                keys.insert("sandboxer".into(), mode);
                handler.data = Data::Table(Arc::new(keys));
            }
        }
        runtimes.data = Data::Table(Arc::new(handlers));
    }
    runtime.insert("containerd".into(), Value::of_table(merged, old.place));
    Ok(())
}

/// Whether a key of the old plugin, below a table with its dot, went to the images plugin.
fn is_of_images(table: &str, key: &str) -> bool {
    let mut rows = IMAGES_KEYS.iter();
    rows.any(|(old, _)| old.strip_prefix(table) == Some(key))
}

/// The mere presence of the old table empties the new one.
fn migrate_task(plugins: &mut Table, lost: &mut Vec<Lost>) -> Result<(), Finding> {
    let Some(task) = plugins.get(TASK) else {
        return Ok(());
    };
    let place = task.place;
    let mut old = as_map(task)?.clone();
    let mut new = Table::new();
    if let Some(node) = old.remove("sched_core").filter(Value::is_true) {
        let text = Value::new(Data::Text(SCHED_CORE.into()), node.place);
        let env = Value::new(Data::Array(vec![text]), node.place);
        new.insert("env".into(), env);
    }
    for (key, node) in table_at(plugins, SHIM_MANAGER) {
        lost.push(Lost {
            key: format!("plugins.\"{SHIM_MANAGER}\".{key}"),
            place: node.place,
            why: "the table plugins.\"io.containerd.runtime.v2.task\" empties this one".into(),
        });
    }
    plugins.insert(TASK.into(), Value::of_table(old, place));
    plugins.insert(SHIM_MANAGER.into(), Value::of_table(new, place));
    Ok(())
}

/// Go's type assertion for a table.
fn as_map(node: &Value) -> Result<&Table, Finding> {
    let wanted = "map[string]interface {}";
    node.table().ok_or_else(|| type_assertion(node, wanted))
}

fn type_assertion(node: &Value, wanted: &str) -> Finding {
    let message = format!(
        "panic: interface conversion: the value is {}, not {wanted}",
        node.kind()
    );
    (message, Some(node.place))
}

#[cfg(test)]
mod tests;
