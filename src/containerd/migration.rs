//! How 2.x brings older files up to date, and what gets lost on the way.
//!
//! `MigrateConfigTo`, `v1Migrate` and `serviceMigrate` in `cmd/containerd/server/config/config.go`,
//! and each plugin's `ConfigMigration`.

use std::rc::Rc;

use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::registry;
use super::release::{FROM_2_1, Release};
use super::spelling::{IMAGES_KEYS, STREAMING_KEYS};
use super::tree::{Data, Node, Place, Table};

/// Plugins that only changed their name.
const RENAMED: [(&str, &str); 2] = [
    (
        "io.containerd.monitor.v1.cgroups",
        "io.containerd.monitor.task.v1.cgroups",
    ),
    (
        "io.containerd.internal.v1.restart",
        "io.containerd.monitor.container.v1.restart",
    ),
];
const TASK: &str = "io.containerd.runtime.v2.task";
const SHIM_MANAGER: &str = "io.containerd.shim.v1.manager";

/// A server that 2.3 has made a plugin of: the file's table, and its keys there and in the plugin.
type Server = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);
/// 2.3 creates each plugin if one of its keys is set and the file has no table for it.
const SERVERS: &[Server] = &[
    (
        "io.containerd.server.v1.debug",
        "debug",
        &[("address", "address"), ("uid", "uid"), ("gid", "gid")],
    ),
    (
        "io.containerd.server.v1.grpc",
        "grpc",
        &[
            ("address", "address"),
            ("uid", "uid"),
            ("gid", "gid"),
            ("max_recv_message_size", "max_recv_message_size"),
            ("max_send_message_size", "max_send_message_size"),
        ],
    ),
    (
        "io.containerd.server.v1.grpc-tcp",
        "grpc",
        &[
            ("tcp_address", "address"),
            ("tcp_tls_ca", "tls_ca"),
            ("tcp_tls_cert", "tls_cert"),
            ("tcp_tls_key", "tls_key"),
            ("tcp_tls_common_name", "tls_common_name"),
            ("max_recv_message_size", "max_recv_message_size"),
            ("max_send_message_size", "max_send_message_size"),
        ],
    ),
    (
        "io.containerd.server.v1.ttrpc",
        "ttrpc",
        &[("address", "address"), ("uid", "uid"), ("gid", "gid")],
    ),
    (
        "io.containerd.metrics.v1.grpc-prometheus",
        "metrics",
        &[("grpc_histogram", "grpc_histogram")],
    ),
    (
        "io.containerd.server.v1.metrics",
        "metrics",
        &[("address", "address")],
    ),
];
/// Servers that come to be only with an address.
const WITH_ADDRESS: [&str; 2] = [
    "io.containerd.server.v1.debug",
    "io.containerd.server.v1.grpc-tcp",
];

/// What Go panics at, and where it stands.
pub(super) type Panic = (String, Place);

/// A key that a migration leaves behind, and why.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) why: &'static str,
}

/// `MigrateConfigTo`, with the migrations of the plugins after each step.
pub(super) fn migrate(
    file: &mut Table,
    from: i64,
    to: i64,
    release: Release,
) -> Result<Vec<Lost>, Panic> {
    let mut lost = Vec::new();
    for version in from..to {
        match version {
            1 => v1_migrate(file),
            3 => service_migrate(file, &mut lost),
            _ => {}
        }
        if let Some(Data::Table(plugins)) = file.get_mut("plugins").map(|node| &mut node.data) {
            let plugins = Rc::make_mut(plugins);
            migrate_cri(plugins, release, &mut lost)?;
            for (old, new) in RENAMED {
                if let Some(node) = plugins.remove(old) {
                    plugins.insert(new.to_owned(), node);
                }
            }
            migrate_task(plugins, &mut lost)?;
        }
    }
    Ok(lost)
}

/// Gives the plugins of a version 1 file their full names.
pub(super) fn v1_migrate(file: &mut Table) {
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

/// Keys of servers at the top of a file of config version 4, where 2.3 no longer reads them.
pub(super) fn ignored_servers(file: &Table) -> Vec<Lost> {
    let mut lost = Vec::new();
    for (_, name, keys) in SERVERS {
        let table = file.get(*name).and_then(Node::table);
        let set = keys.iter().filter_map(|(old, _)| {
            let node = table?.get(*old)?;
            let key = format!("{name}.{old}");
            let why = "since config version 4 a plugin of its own has this key";
            let place = node.place;
            Some(Lost { key, place, why })
        });
        lost.extend(set);
    }
    lost
}

/// What is left of CRI's one plugin on 2.x that its server does not read.
pub(super) fn unread_cri(top: &Table) -> Vec<Lost> {
    let plugins = top.get("plugins").and_then(Node::table);
    let cri = plugins.and_then(|plugins| plugins.get(OLD_CRI)?.table());
    let mut lost = Vec::new();
    for (key, node) in cri.into_iter().flatten() {
        // Handlers have a warning of their own.
        let below: Vec<(&str, &Node)> = match (key.as_str(), node.table()) {
            ("containerd", Some(table)) => {
                let keys = table.iter().filter(|(key, _)| *key != "runtimes");
                keys.map(|(key, node)| (key.as_str(), node)).collect()
            }
            (key, _) if STREAMING_KEYS.contains(&key) => continue,
            _ => vec![("", node)],
        };
        lost.extend(below.into_iter().map(|(name, node)| {
            Lost {
                key: format!("plugins.\"{OLD_CRI}\".{key}.{name}")
                    .trim_end_matches('.')
                    .to_owned(),
                place: node.place,
                why: "these releases look in another plugin, and do not move it from a config of this version",
            }
        }));
    }
    lost
}

/// Makes plugins of the servers that stand at the top of the file.
fn service_migrate(file: &mut Table, lost: &mut Vec<Lost>) {
    let mut plugins = file
        .get("plugins")
        .map_or_else(Table::new, |node| (*node.shared_table()).clone());
    let mut socket = None;
    for (id, name, keys) in SERVERS {
        let Some(node) = file.get(*name) else {
            continue;
        };
        let table = node.shared_table();
        let set = |key: &str| table.get(key).filter(|node| !node.is_zero());
        let mut moved = Table::new();
        for (old, new) in *keys {
            let node = set(old).map(|node| (String::from(*new), node.clone()));
            moved.extend(node);
        }
        if *id == "io.containerd.server.v1.grpc" {
            socket = moved.get("address").cloned();
        }
        let needs_address = WITH_ADDRESS.contains(id) && !moved.contains_key("address");
        if moved.is_empty() || needs_address {
            continue;
        }
        if plugins.contains_key(*id) {
            // What stands there has the last word, as a whole.
            lost.extend(keys.iter().filter_map(|(old, _)| {
                let place = set(old)?.place;
                let why = "the plugin of this server has a table of its own";
                let key = format!("{name}.{old}");
                Some(Lost { key, place, why })
            }));
        } else {
            plugins.insert((*id).to_owned(), Node::new(Data::table(moved), node.place));
        }
    }
    // ttrpc listens beside the socket that the file names.
    let ttrpc = "io.containerd.server.v1.ttrpc";
    if let (Some(socket), false) = (socket, plugins.contains_key(ttrpc)) {
        let address = Data::Text(format!("{}.ttrpc", socket.text().unwrap_or_default()));
        let address = Node::new(address, socket.place);
        let table = Data::table([("address".to_owned(), address)].into());
        plugins.insert(ttrpc.to_owned(), Node::new(table, socket.place));
    }
    let place = file
        .get("plugins")
        .map_or_else(Place::default, |it| it.place);
    file.insert("plugins".to_owned(), Node::new(Data::table(plugins), place));
}

/// Takes CRI's one plugin apart. What a plugin has of its own wins in the runtime part, and loses in
/// the images part.
fn migrate_cri(plugins: &mut Table, release: Release, lost: &mut Vec<Lost>) -> Result<(), Panic> {
    let Some(cri) = plugins.get(OLD_CRI).cloned() else {
        return Ok(());
    };
    let old = as_map(&cri)?.clone();
    let mut images = match plugins.get(IMAGES) {
        Some(node) => as_map(node)?.clone(),
        None => Table::new(),
    };
    let part = |plugins: &Table, id: &str| {
        let known = plugins.get(id).and_then(Node::table);
        known.cloned().unwrap_or_default()
    };
    let mut runtime = part(plugins, RUNTIME);
    migrate_images(&old, &mut images, lost)?;
    migrate_runtime(&old, &mut runtime, release)?;
    let server = old
        .into_iter()
        .filter(|(key, _)| STREAMING_KEYS.contains(&key.as_str()));
    for (id, table) in [
        (IMAGES, images),
        (RUNTIME, runtime),
        (OLD_CRI, server.collect()),
    ] {
        plugins.insert(id.to_owned(), Node::new(Data::table(table), cri.place));
    }
    Ok(())
}

fn migrate_images(old: &Table, new: &mut Table, lost: &mut Vec<Lost>) -> Result<(), Panic> {
    let containerd = old.get("containerd").map(as_map).transpose()?;
    let runtimes = containerd.and_then(|containerd| containerd.get("runtimes"));
    for handler in runtimes
        .map(as_map)
        .transpose()?
        .into_iter()
        .flat_map(Table::values)
    {
        as_map(handler)?;
    }
    for (from, to) in IMAGES_KEYS {
        let (key, tables) = from.split_last().expect("a row names a key");
        let table = if tables.is_empty() {
            Some(old)
        } else {
            containerd
        };
        let Some(node) = table.and_then(|table| table.get(*key)) else {
            continue;
        };
        if !tables.is_empty() && runtimes.is_none() {
            lost.push(Lost {
                key: format!("plugins.\"{OLD_CRI}\".{}", from.join(".")),
                place: node.place,
                why: "it is migrated only beside containerd.runtimes",
            });
            continue;
        }
        let (first, below) = to.split_first().expect("a row names a key");
        match below {
            [] => {
                new.insert((*first).to_owned(), node.clone());
            }
            [name, ..] => {
                let known = new.get(*first).map(as_map).transpose()?;
                let mut table = known.cloned().unwrap_or_default();
                table.insert((*name).to_owned(), node.clone());
                let table = Node::new(Data::table(table), node.place);
                new.insert((*first).to_owned(), table);
            }
        }
    }
    Ok(())
}

/// Adds what is not there yet.
fn fill(new: &mut Table, key: &str, node: &Node) {
    new.entry(key.to_owned()).or_insert_with(|| node.clone());
}

fn migrate_runtime(old: &Table, new: &mut Table, release: Release) -> Result<(), Panic> {
    let has_bin_dirs = FROM_2_1.contain(release);
    for (key, node) in old {
        let key = key.as_str();
        let elsewhere = is_of_images(&[key]) || STREAMING_KEYS.contains(&key);
        if !elsewhere && key != "containerd" && !(key == "cni" && has_bin_dirs) {
            fill(new, key, node);
        }
    }
    if let (true, Some(cni)) = (
        has_bin_dirs,
        old.get("cni").filter(|it| it.table().is_some()),
    ) {
        let known = new.get("cni").and_then(Node::table);
        let mut merged = known.cloned().unwrap_or_default();
        for (key, node) in cni.table().into_iter().flatten() {
            if key != "bin_dir" {
                fill(&mut merged, key, node);
            } else if node.text().is_some() {
                let folders = Node::new(Data::Array(vec![node.clone()]), node.place);
                merged.insert("bin_dirs".to_owned(), folders);
            } else {
                return Err(type_assertion(node, "string"));
            }
        }
        new.insert("cni".to_owned(), Node::new(Data::table(merged), cni.place));
    }
    let Some(containerd) = old.get("containerd") else {
        return Ok(());
    };
    let known = new.get("containerd").and_then(Node::table);
    let mut merged = known.cloned().unwrap_or_default();
    for (key, node) in as_map(containerd)? {
        if !is_of_images(&["containerd", key]) {
            fill(&mut merged, key, node);
        }
    }
    if let Some(runtimes) = merged.get_mut("runtimes") {
        let mut handlers = as_map(runtimes)?.clone();
        for handler in handlers.values_mut() {
            let mut keys = as_map(handler)?.clone();
            if !keys.contains_key("sandboxer")
                && let Some(mode) = keys.remove("sandbox_mode")
            {
                keys.insert("sandboxer".to_owned(), mode);
                handler.data = Data::table(keys);
            }
        }
        runtimes.data = Data::table(handlers);
    }
    let merged = Node::new(Data::table(merged), containerd.place);
    new.insert("containerd".to_owned(), merged);
    Ok(())
}

/// Whether a key of the old plugin went to the images plugin.
fn is_of_images(path: &[&str]) -> bool {
    IMAGES_KEYS.iter().any(|(old, _)| *old == path)
}

/// The mere presence of the old table empties the new one.
fn migrate_task(plugins: &mut Table, lost: &mut Vec<Lost>) -> Result<(), Panic> {
    let Some(task) = plugins.get(TASK) else {
        return Ok(());
    };
    let place = task.place;
    let mut old = as_map(task)?.clone();
    let mut new = Table::new();
    if let Some(node) = old.remove("sched_core")
        && node.is_true()
    {
        let text = Node::new(Data::Text("SCHED_CORE=1".to_owned()), node.place);
        new.insert(
            "env".to_owned(),
            Node::new(Data::Array(vec![text]), node.place),
        );
    }
    for (key, node) in plugins
        .get(SHIM_MANAGER)
        .and_then(Node::table)
        .into_iter()
        .flatten()
    {
        lost.push(Lost {
            key: format!("plugins.\"{SHIM_MANAGER}\".{key}"),
            place: node.place,
            why: "the table plugins.\"io.containerd.runtime.v2.task\" empties this one",
        });
    }
    plugins.insert(TASK.to_owned(), Node::new(Data::table(old), place));
    plugins.insert(SHIM_MANAGER.to_owned(), Node::new(Data::table(new), place));
    Ok(())
}

/// Go's type assertion for a table.
fn as_map(node: &Node) -> Result<&Table, Panic> {
    let wanted = "map[string]interface {}";
    node.table().ok_or_else(|| type_assertion(node, wanted))
}

fn type_assertion(node: &Node, wanted: &str) -> Panic {
    let message = format!(
        "panic: interface conversion: the value is {}, not {wanted}",
        node.kind()
    );
    (message, node.place)
}

#[cfg(test)]
mod tests {
    use crate::containerd::{ConfigFiles, FileState, Host, Model};

    /// What a release has at a place of the migrated config, as TOML; empty if there is nothing.
    fn at(main: &str, drop_in: &str, release: &str, path: &[&str]) -> String {
        let main = format!("imports = ['/d.toml']\n{main}");
        let mut files = ConfigFiles::new("/etc/containerd/config.toml", main);
        files.insert("/d.toml", FileState::Bytes(drop_in.into()));
        let host = Host::default();
        let model = Model::new(&files, &host);
        let text = model.dump(release.parse().expect("a release"));
        let text = match text {
            Ok(text) => text,
            Err(reason) => return reason.message,
        };
        let dump: toml_edit::DocumentMut = text.parse().expect("TOML");
        let item = path
            .iter()
            .try_fold(dump.as_item(), |item, key| item.get(key));
        item.map(ToString::to_string)
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    const CRI: &str = "plugins.'io.containerd.grpc.v1.cri'";
    const SANDBOX: &[&str] = &[
        "plugins",
        "io.containerd.cri.v1.images",
        "pinned_images",
        "sandbox",
    ];

    #[test]
    fn what_images_have_below_cri_wins() {
        let both = format!(
            "version = 2\n{CRI}.sandbox_image = 'old'\n\
             plugins.'io.containerd.cri.v1.images'.pinned_images = {{ sandbox = 'new', b = 'c' }}"
        );
        for (release, sandbox) in [
            ("2.0", "old"),
            ("2.2", "old"),
            ("2.3", "old"),
            ("1.7", "new"),
        ] {
            assert!(
                at(&both, "", release, SANDBOX).contains(sandbox),
                "{release}"
            );
        }
        let newer = both.replace("version = 2", "version = 3");
        assert!(at(&newer, "", "2.2", SANDBOX).contains("new"));
        assert!(
            at(&newer, "", "2.3", SANDBOX).contains("old"),
            "2.3 migrates version 3, too"
        );
        let newest = both.replace("version = 2", "version = 4");
        assert!(at(&newest, "", "2.3", SANDBOX).contains("new"));
    }

    #[test]
    fn the_runtime_part_wins_over_cri() {
        let both = format!(
            "version = 2\n{CRI}.enable_cdi = true\n{CRI}.containerd.runtimes.a.runtime_type = 'x'\n\
             [plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = false\n\
             containerd.runtimes.b.runtime_type = 'x'"
        );
        let runtime = "io.containerd.cri.v1.runtime";
        for release in ["2.0", "2.2", "2.3"] {
            assert_eq!(
                at(&both, "", release, &["plugins", runtime, "enable_cdi"]),
                "false"
            );
            let runtimes = ["plugins", runtime, "containerd", "runtimes"];
            let loaded = at(&both, "", release, &runtimes);
            assert!(loaded.contains('b') && !loaded.contains("a ="), "{loaded}");
        }
    }

    #[test]
    fn the_snapshotter_goes_over_beside_handlers_only() {
        let path = ["plugins", "io.containerd.cri.v1.images", "snapshotter"];
        let alone = format!("version = 2\n{CRI}.containerd.snapshotter = 'x'\n");
        let beside = format!("{alone}{CRI}.containerd.runtimes.a.runtime_type = 'y'");
        for release in ["2.0", "2.1", "2.2", "2.3"] {
            assert_eq!(at(&alone, "", release, &path), "", "{release}");
            assert_eq!(at(&beside, "", release, &path), "\"x\"", "{release}");
        }
    }

    #[test]
    fn the_old_table_of_tasks_empties_the_shim_manager() {
        let both = "version = 2\nplugins.'io.containerd.runtime.v2.task' = { sched_core = true }\n\
                    plugins.'io.containerd.shim.v1.manager'.env = ['A=b']";
        let path = ["plugins", "io.containerd.shim.v1.manager", "env"];
        assert!(at(both, "", "2.2", &path).contains("SCHED_CORE"));
        assert_eq!(
            at(both, "", "2.3", &path),
            "",
            "the second step empties it again"
        );
        let newer = both.replace("version = 2", "version = 3");
        assert!(at(&newer, "", "2.2", &path).contains("A=b"));
    }

    #[test]
    fn servers_become_plugins_unless_the_file_has_them_already() {
        let path = ["plugins", "io.containerd.server.v1.grpc", "address"];
        let ttrpc = ["plugins", "io.containerd.server.v1.ttrpc", "address"];
        let top = "version = 2\ngrpc = { address = '/a' }\n";
        assert_eq!(at(top, "", "2.3", &path), "\"/a\"");
        assert_eq!(at(top, "", "2.3", &ttrpc), "\"/a.ttrpc\"");
        let server = "plugins.'io.containerd.server.v1.grpc'.max_recv_message_size = 1";
        let both = format!("{top}{server}");
        assert_eq!(at(&both, "", "2.3", &path), "", "the default socket");
        assert_eq!(at(&both, "", "2.3", &ttrpc), "\"/a.ttrpc\"");
        assert_eq!(at(&top.replace('2', "4"), "", "2.3", &path), "");
        assert_eq!(at(top, "", "2.2", &path), "");
    }

    #[test]
    fn a_version_1_drop_in_goes_as_far_as_what_is_merged() {
        let drop_in = "plugins.cri.sandbox_image = 'd'";
        for version in ["", "version = 1\n"] {
            let drop_in = format!("{version}{drop_in}");
            assert!(at("version = 2", &drop_in, "2.2", SANDBOX).contains('d'));
            assert_eq!(at("version = 3", &drop_in, "2.2", SANDBOX), "");
            assert_eq!(at("version = 1", &drop_in, "2.2", SANDBOX), "");
            assert!(at("version = 3", &drop_in, "2.3", SANDBOX).contains('d'));
        }
        assert!(at("version = 3", "version = 4", "2.3.4", SANDBOX).contains("higher than root"));
        assert_eq!(at("version = 3", "version = 4", "2.3.5", SANDBOX), "");
        assert!(
            at("", "version = 4", "2.3.4", SANDBOX).is_empty(),
            "the first version that is set"
        );
    }

    #[test]
    fn a_type_that_go_asserts_ends_the_daemon() {
        for (line, panics) in [
            (format!("{CRI}.containerd = 5"), "2.0 2.2 2.3"),
            (format!("{CRI}.containerd.runtimes.a = 5"), "2.0 2.2 2.3"),
            (format!("{CRI}.cni.bin_dir = 5"), "2.2 2.3"),
            (
                "plugins.'io.containerd.runtime.v2.task' = 5".to_owned(),
                "2.0 2.2 2.3",
            ),
        ] {
            for release in ["2.0", "2.2", "2.3"] {
                let text = at(&format!("version = 2\n{line}"), "", release, &["x"]);
                assert_eq!(
                    text.contains("panic"),
                    panics.contains(release),
                    "{line} {release}"
                );
            }
        }
    }
}
