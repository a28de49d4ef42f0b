//! What a config lists, for reading.

use crate::containerd::plugin;
use crate::containerd::version;
use crate::error::{Error, Position};
use crate::toml::{Document, Tree, Value};

/// The runtime handlers of a config file.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The config version, 0 if the file has none.
    pub version: i64,
    /// The handlers in file order, by plugin table.
    pub handlers: Vec<ListedHandler>,
}

/// A runtime handler as a config file lists it.
#[derive(Debug, Clone)]
pub struct ListedHandler {
    /// The handler's name: any that TOML can hold.
    pub name: String,
    /// The ID of the plugin table that lists it.
    pub plugin: String,
    /// The `runtime_type`, if it is a string.
    pub runtime_type: Option<String>,
    /// Where it first stands.
    pub at: Position,
    /// Its keys, dotted for those of its tables, with their values, in file order.
    pub settings: Vec<(Vec<String>, Value)>,
}

impl Inventory {
    /// Takes stock of a config. `plugin_id` narrows it to one plugin table, which may be one that
    /// is not known here.
    ///
    /// # Errors
    ///
    /// [`Code::WrongType`](crate::Code::WrongType) if the config's version is not an integer,
    /// [`Code::UnknownVersion`](crate::Code::UnknownVersion) if it is not known and `plugin_id` is
    /// not given.
    ///
    /// # Examples
    ///
    /// ```
    /// use containerd_edit::{Document, Inventory};
    ///
    /// let config = b"version = 2
    /// [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]
    /// runtime_type = 'io.containerd.runc.v2'
    /// ";
    /// let inventory = Inventory::of(&Document::parse(config)?, None)?;
    /// assert_eq!(inventory.handlers[0].name, "runc");
    /// assert_eq!(inventory.handlers[0].at.line, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(config: &Document, plugin_id: Option<&str>) -> Result<Self, Error> {
        let version = version::of(config, plugin_id)?;
        let ids: Vec<&str> = match plugin_id {
            Some(id) => vec![id],
            None => plugin::IDS.to_vec(),
        };
        let handlers = ids.into_iter().flat_map(|id| handlers(config, id));
        Ok(Self {
            version,
            handlers: handlers.collect(),
        })
    }
}

fn handlers(config: &Document, id: &str) -> Vec<ListedHandler> {
    let containerd = plugin::containerd_path(id);
    let below = |more: &[&str]| {
        let path = [&containerd, more].concat();
        // containerd's own words may be in any case. A plugin's ID is a name.
        let is_name = |path: &[String]| path.len() == 2;
        let path = path.iter().map(ToString::to_string).collect();
        Tree::spelled([config.tree()], path, is_name)
    };
    let runtimes = below(&["runtimes"]);
    let listed = config.get(&runtimes).and_then(Value::table);
    let offsets = config.offsets_in(&runtimes);
    let offset = |name: &str| offsets.get(name).copied().unwrap_or_default();
    let entries = listed.into_iter().flatten();
    let mut found: Vec<(usize, &str, &Value)> = entries
        .map(|(name, value)| (offset(name), &**name, value))
        .collect();
    for (name, table) in plugin::OLD_HANDLERS {
        let path = below(&[table]);
        let kind = config.get(&below(&[table, "runtime_type"]));
        // containerd takes no notice of one without a type.
        let has_type = kind
            .and_then(Value::as_str)
            .is_some_and(|it| !it.is_empty());
        let is_listed = listed.is_some_and(|table| table.contains_key(name));
        if let Some(value) = config.get(&path).filter(|_| has_type && !is_listed) {
            found.push((config.offset(&path), name, value));
        }
    }
    found.sort_by_key(|(offset, ..)| *offset);
    found
        .into_iter()
        .map(|(offset, name, value)| {
            let settings = value.leaves();
            let mut kind = settings.iter().filter(|(key, _)| {
                matches!(key.as_slice(), [key] if key.eq_ignore_ascii_case("runtime_type"))
            });
            let kind = kind.next().and_then(|(_, value)| value.as_str());
            ListedHandler {
                name: name.to_owned(),
                plugin: id.to_owned(),
                runtime_type: kind.map(str::to_owned),
                at: config.position(offset),
                settings,
            }
        })
        .collect()
}
