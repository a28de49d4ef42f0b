//! What the daemon listens on, which 2.3 has made plugins of: `serviceMigrate` in
//! `cmd/containerd/server/config/config.go`.

use super::schema::{self, OTHER_PLUGINS};
use super::shape::Field;
use super::table::table_at;
use super::verdict::Lost;
use crate::toml::value::{Data, Place, Table, Value};

const DEBUG: &str = "io.containerd.server.v1.debug";
const GRPC: &str = "io.containerd.server.v1.grpc";
const GRPC_TCP: &str = "io.containerd.server.v1.grpc-tcp";
const TTRPC: &str = "io.containerd.server.v1.ttrpc";

/// A server that is a plugin. It comes to be if one of its keys is set at the top of the file, and the
/// file has no table for the plugin.
struct Server {
    /// The plugin's.
    id: &'static str,
    /// Its table at the top of the file.
    table: &'static str,
}

#[rustfmt::skip] // A table: one server on a line.
const SERVERS: [Server; 6] = [
    Server { id: DEBUG, table: "debug" },
    Server { id: GRPC, table: "grpc" },
    Server { id: GRPC_TCP, table: "grpc" },
    Server { id: TTRPC, table: "ttrpc" },
    Server { id: "io.containerd.metrics.v1.grpc-prometheus", table: "metrics" },
    Server { id: "io.containerd.server.v1.metrics", table: "metrics" },
];
/// These come to be only with an address.
const NEED_ADDRESS: [&str; 2] = [DEBUG, GRPC_TCP];

/// A key of a server: its path at the top of the file, and that in the plugin.
type Key = ([&'static str; 2], [&'static str; 3]);

impl Server {
    fn keys(&self) -> impl Iterator<Item = Key> + Clone {
        let Self { id, table } = *self;
        let top = schema::fields_at(schema::FILE.fields(), table);
        let keys = schema::fields_at(OTHER_PLUGINS, id).iter();
        keys.map(move |Field(key, ..)| {
            let mut tops = top.iter().map(|Field(top, ..)| *top);
            let of_tcp = tops.find(|top| top.strip_prefix("tcp_") == Some(*key));
            let top = of_tcp.filter(|_| id == GRPC_TCP).unwrap_or(key);
            ([table, top], ["plugins", id, *key])
        })
    }

    /// Those of them that no other plugin takes first.
    fn own_keys(&self) -> impl Iterator<Item = Key> {
        self.keys()
            .filter(|(top, plugin)| in_plugin(top) == Some(*plugin))
    }

    /// A key at the top of the file that is not read there.
    fn lost(&self, key: &str, place: Place, why: &'static str) -> Lost {
        Lost {
            key: format!("{}.{key}", self.table),
            place,
            why: why.into(),
        }
    }
}

/// Where a plugin has the key that a server has at the top of the file.
pub(super) fn in_plugin<S: PartialEq<&'static str>>(path: &[S]) -> Option<[&'static str; 3]> {
    let is_its = |it: &&Server| path.first().is_some_and(|table| *table == it.table);
    let mut keys = SERVERS.iter().filter(is_its).flat_map(Server::keys);
    keys.find_map(|(top, plugin)| (*path == top).then_some(plugin))
}

/// Where the key of a server's plugin stands at the top of an older file.
pub(super) fn at_top(path: &[String]) -> Option<[&'static str; 2]> {
    let is_its = |it: &&Server| path.get(1).is_some_and(|id| *id == it.id);
    let mut keys = SERVERS.iter().filter(is_its).flat_map(Server::keys);
    keys.find_map(|(top, plugin)| (*path == plugin).then_some(top))
}

/// Whether another plugin takes the key of a server's plugin first: of the two, only that one's goes by
/// the name that both have at the top of an older file.
pub(super) fn is_second(path: &[String]) -> bool {
    at_top(path).is_some_and(|top| in_plugin(&top).is_some_and(|first| *path != first))
}

/// The keys at the top of a file of which the plugin comes to be, but for those that another plugin
/// takes first. The other keys of their table have no part in it.
pub(super) fn all_at_top(id: &str) -> impl Iterator<Item = [&'static str; 2]> {
    let servers = SERVERS.iter().filter(move |it| it.id == id);
    servers.flat_map(Server::own_keys).map(|(top, _)| top)
}

/// Keys of servers at the top of a file of config version 4, where 2.3 no longer reads them.
pub(super) fn ignored_servers(file: &Table) -> Vec<Lost> {
    let set = SERVERS.iter().flat_map(|server| {
        let table = file.get(server.table).and_then(Value::table);
        server.keys().filter_map(move |([_, top], _)| {
            let place = table?.get(top)?.place;
            let why = "since config version 4 a plugin of its own has this key";
            Some(server.lost(top, place, why))
        })
    });
    set.collect()
}

/// Has the tables of servers at the top of the file say what their plugins have, and no more: whoever
/// asks for a whole table knows it by that name. What is zero at the top says nothing.
pub(super) fn show_at_top(file: &mut Table) {
    let plugins = table_at(file, "plugins");
    for server in &SERVERS {
        let Server { id, table: name } = *server;
        let plugin = plugins.get(id);
        let top = file.get(name);
        let Some(place) = plugin.or(top).map(|node| node.place) else {
            continue;
        };
        let was_empty = top.is_some_and(Value::is_zero);
        let (mut table, of_plugin) = (table_at(file, name), table_at(&plugins, id));
        for ([_, top], [.., key]) in server.own_keys() {
            match of_plugin.get(key) {
                Some(node) => drop(table.insert(top.into(), node.clone())),
                None => table.retain(|name, node| **name != *top || node.is_zero()),
            }
        }
        if table.is_empty() && !was_empty {
            file.remove(name);
        } else {
            file.insert(name.into(), Value::of_table(table, place));
        }
    }
}

/// Makes plugins of the servers that stand at the top of the file.
pub(super) fn service_migrate(file: &mut Table, lost: &mut Vec<Lost>) {
    let mut plugins = table_at(file, "plugins");
    let mut socket = None;
    for server in &SERVERS {
        let Some(node) = file.get(server.table) else {
            continue;
        };
        let table = node.shared_table();
        let set = server.keys().filter_map(|([_, top], [.., key])| {
            let node = table.get(top).filter(|node| !node.is_zero())?;
            Some((top, key, node))
        });
        let moved: Table = set
            .clone()
            .map(|(_, key, node)| (key.into(), node.clone()))
            .collect();
        let address = moved.get("address");
        if server.id == GRPC {
            socket = address.cloned();
        }
        if moved.is_empty() || address.is_none() && NEED_ADDRESS.contains(&server.id) {
            continue;
        }
        if plugins.contains_key(server.id) {
            // What stands there has the last word, as a whole.
            let why = "the plugin of this server has a table of its own";
            lost.extend(set.map(|(top, _, node)| server.lost(top, node.place, why)));
        } else {
            plugins.insert(server.id.into(), Value::of_table(moved, node.place));
        }
    }
    // ttrpc listens beside the socket that the file names.
    if let (Some(socket), false) = (socket, plugins.contains_key(TTRPC)) {
        let address = format!("{}.ttrpc", socket.as_str().unwrap_or_default());
        let address = Value::new(Data::Text(address.into()), socket.place);
        let table = Table::from([("address".into(), address)]);
        plugins.insert(TTRPC.into(), Value::of_table(table, socket.place));
    }
    let place = file.get("plugins").map(|it| it.place).unwrap_or_default();
    file.insert("plugins".into(), Value::of_table(plugins, place));
}

/// What the migration makes of a key of a server at the top of an older file, besides the plugin's key of
/// that name: places, and their values.
pub(crate) fn made_besides(path: &[String], value: &Value) -> Vec<(Vec<String>, Value)> {
    let ([table, key], Some(own)) = (path, in_plugin(path)) else {
        return Vec::new();
    };
    // Without an address, no server of TCP comes to be.
    let address = ("tcp_address".into(), Value::from("x"));
    let key = (key.as_str().into(), value.clone());
    let migrated = |keys: Table| {
        let table = (table.as_str().into(), Value::of_table(keys, value.place));
        let mut file = Table::from([table]);
        service_migrate(&mut file, &mut Vec::new());
        Value::of_table(file, value.place).leaves()
    };
    let before = migrated(Table::from([address.clone()]));
    let mut made = migrated(Table::from([address, key]));
    made.retain(|it| it.0[0] == "plugins" && it.0 != own && !before.contains(it));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_keys_become_two() {
        let made = |table: &str, key: &str, value: Value| {
            let path = [table, key].map(str::to_owned);
            let made = made_besides(&path, &value).into_iter();
            let made = made.map(|(place, value)| format!("{} = {value}", place[1..].join(" ")));
            made.collect::<Vec<_>>().join(", ")
        };
        let size = Value::new(Data::Integer(7), Place::default());
        for (table, key, value, expected) in [
            (
                "grpc",
                "max_recv_message_size",
                size.clone(),
                format!("{GRPC_TCP} max_recv_message_size = 7"),
            ),
            (
                "grpc",
                "address",
                "/a".into(),
                format!("{TTRPC} address = \"/a.ttrpc\""),
            ),
            ("grpc", "uid", size, String::new()),
            ("grpc", "tcp_address", "/a".into(), String::new()),
            ("ttrpc", "address", "/a".into(), String::new()),
            ("debug", "level", "info".into(), String::new()),
        ] {
            assert_eq!(made(table, key, value), expected, "{table}.{key}");
        }
    }
}
