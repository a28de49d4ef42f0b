//! What the daemon listens on, which 2.3 has made plugins of: `serviceMigrate` in
//! `cmd/containerd/server/config/config.go`.

use super::tree::{Data, Node, Place, Table, table_at};
use super::verdict::Lost;

const GRPC: &str = "io.containerd.server.v1.grpc";
const TTRPC: &str = "io.containerd.server.v1.ttrpc";

/// A server that is a plugin. It comes to be if one of its keys is set at the top of the file, and
/// the file has no table for it.
struct Server {
    id: &'static str,
    /// Its table at the top of the file.
    table: &'static str,
    /// Its keys there. In the plugin they go without `tcp_`.
    keys: &'static [&'static str],
    /// Whether it comes to be only with an address.
    needs_address: bool,
}

impl Server {
    /// A key at the top of the file that is not read there.
    fn lost(&self, key: &str, place: Place, why: &'static str) -> Lost {
        Lost {
            key: format!("{}.{key}", self.table),
            place,
            why: why.into(),
        }
    }
}

const SERVERS: &[Server] = &[
    Server {
        id: "io.containerd.server.v1.debug",
        table: "debug",
        keys: &["address", "uid", "gid"],
        needs_address: true,
    },
    Server {
        id: GRPC,
        table: "grpc",
        keys: &[
            "address",
            "uid",
            "gid",
            "max_recv_message_size",
            "max_send_message_size",
        ],
        needs_address: false,
    },
    Server {
        id: "io.containerd.server.v1.grpc-tcp",
        table: "grpc",
        keys: &[
            "tcp_address",
            "tcp_tls_ca",
            "tcp_tls_cert",
            "tcp_tls_key",
            "tcp_tls_common_name",
            "max_recv_message_size",
            "max_send_message_size",
        ],
        needs_address: true,
    },
    Server {
        id: TTRPC,
        table: "ttrpc",
        keys: &["address", "uid", "gid"],
        needs_address: false,
    },
    Server {
        id: "io.containerd.metrics.v1.grpc-prometheus",
        table: "metrics",
        keys: &["grpc_histogram"],
        needs_address: false,
    },
    Server {
        id: "io.containerd.server.v1.metrics",
        table: "metrics",
        keys: &["address"],
        needs_address: false,
    },
];

/// What a plugin calls a key of the top of the file.
fn new_name(key: &str) -> &str {
    key.strip_prefix("tcp_").unwrap_or(key)
}

/// The keys of servers: each with its path at the top of the file, and the one that its plugin has since.
fn keys() -> impl Iterator<Item = ([&'static str; 2], [&'static str; 3])> {
    SERVERS.iter().flat_map(|server| {
        let keys = server.keys.iter();
        keys.map(|key| ([server.table, key], ["plugins", server.id, new_name(key)]))
    })
}

/// Where a plugin has the key that a server has at the top of the file.
pub(super) fn in_plugin<S: PartialEq<&'static str>>(path: &[S]) -> Option<[&'static str; 3]> {
    keys().find_map(|(top, plugin)| (*path == top).then_some(plugin))
}

/// Where the key of a server's plugin stands at the top of an older file.
pub(super) fn at_top(path: &[String]) -> Option<[&'static str; 2]> {
    keys().find_map(|(top, plugin)| (*path == plugin).then_some(top))
}

/// The keys at the top of a file of which the plugin comes to be, but for those that another plugin
/// takes first. The other keys of their table have no part in it.
pub(super) fn all_at_top(id: &str) -> impl Iterator<Item = [&'static str; 2]> {
    let tops = keys().filter(move |(_, plugin)| plugin[1] == id);
    let own = tops.filter(|(top, plugin)| in_plugin(top) == Some(*plugin));
    own.map(|(top, _)| top)
}

/// Keys of servers at the top of a file of config version 4, where 2.3 no longer reads them.
pub(super) fn ignored_servers(file: &Table) -> Vec<Lost> {
    let set = SERVERS.iter().flat_map(|server| {
        let table = file.get(server.table).and_then(Node::table);
        let keys = server.keys.iter();
        keys.filter_map(move |key| {
            let place = table?.get(*key)?.place;
            let why = "since config version 4 a plugin of its own has this key";
            Some(server.lost(key, place, why))
        })
    });
    set.collect()
}

/// Has the tables of servers at the top of the file say what their plugins have, and no more: whoever
/// asks for a whole table knows it by that name. What is zero at the top says nothing.
pub(super) fn show_at_top(file: &mut Table) {
    let plugins = table_at(file, "plugins");
    for server in SERVERS {
        let plugin = plugins.get(server.id);
        let top = file.get(server.table);
        let Some(place) = plugin.or(top).map(|node| node.place) else {
            continue;
        };
        let was_empty = top.is_some_and(Node::is_zero);
        let (mut table, of_plugin) = (table_at(file, server.table), table_at(&plugins, server.id));
        for [_, key] in all_at_top(server.id) {
            match of_plugin.get(new_name(key)) {
                Some(node) => drop(table.insert(key.into(), node.clone())),
                None => table.retain(|name, node| **name != *key || node.is_zero()),
            }
        }
        if table.is_empty() && !was_empty {
            file.remove(server.table);
        } else {
            file.insert(server.table.into(), Node::of_table(table, place));
        }
    }
}

/// Makes plugins of the servers that stand at the top of the file.
pub(super) fn service_migrate(file: &mut Table, lost: &mut Vec<Lost>) {
    let mut plugins = table_at(file, "plugins");
    let mut socket = None;
    for server in SERVERS {
        let Some(node) = file.get(server.table) else {
            continue;
        };
        let table = node.shared_table();
        let keys = server.keys.iter();
        let set = keys.filter_map(|key| {
            let node = table.get(*key).filter(|node| !node.is_zero())?;
            Some((*key, node))
        });
        let moved = set.clone();
        let moved: Table = moved
            .map(|(key, node)| (new_name(key).into(), node.clone()))
            .collect();
        if server.id == GRPC {
            socket = moved.get("address").cloned();
        }
        if moved.is_empty() || server.needs_address && !moved.contains_key("address") {
            continue;
        }
        if plugins.contains_key(server.id) {
            // What stands there has the last word, as a whole.
            let why = "the plugin of this server has a table of its own";
            lost.extend(set.map(|(key, node)| server.lost(key, node.place, why)));
        } else {
            plugins.insert(server.id.into(), Node::of_table(moved, node.place));
        }
    }
    // ttrpc listens beside the socket that the file names.
    if let (Some(socket), false) = (socket, plugins.contains_key(TTRPC)) {
        let address = format!("{}.ttrpc", socket.text().unwrap_or_default());
        let address = Node::new(Data::Text(address.into()), socket.place);
        let table = Table::from([("address".into(), address)]);
        plugins.insert(TTRPC.into(), Node::of_table(table, socket.place));
    }
    let place = file.get("plugins").map(|it| it.place).unwrap_or_default();
    file.insert("plugins".into(), Node::of_table(plugins, place));
}
