//! What a config lists, for reading.

use toml_edit::Item;

use crate::containerd::plugin;
use crate::containerd::version;
use crate::error::{Error, Position};
use crate::toml::Document;
use crate::toml::lines::Positions;

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
    pub settings: Vec<(Vec<String>, toml_edit::Value)>,
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
        let version = version::of_or_named(config, plugin_id)?;
        let ids: Vec<&str> = match plugin_id {
            Some(id) => vec![id],
            None => plugin::IDS.to_vec(),
        };
        let handlers = ids
            .into_iter()
            .flat_map(|id| handlers(config, id))
            .collect();
        Ok(Self { version, handlers })
    }
}

fn handlers(config: &Document, id: &str) -> Vec<ListedHandler> {
    let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
    let mut positions = Positions::of(config.text());
    let Some(listed) = config.get(&[plugins, id, containerd, runtimes]) else {
        return Vec::new();
    };
    let names = listed
        .as_table_like()
        .into_iter()
        .flat_map(|table| table.iter());
    let mut names: Vec<&str> = names.map(|(name, _)| name).collect();
    names.sort_by_key(|name| config.offset(&[plugins, id, containerd, runtimes, name]));
    names
        .into_iter()
        .map(|name| {
            let path = [plugins, id, containerd, runtimes, name];
            let runtime_type = [plugins, id, containerd, runtimes, name, "runtime_type"];
            let mut settings = Vec::new();
            if let Some(item) = config.get(&path) {
                collect(item, &mut Vec::new(), &mut settings);
            }
            ListedHandler {
                name: name.to_owned(),
                plugin: id.to_owned(),
                runtime_type: config.string(&runtime_type).map(str::to_owned),
                at: positions.at(config.offset(&path)),
                settings,
            }
        })
        .collect()
}

fn collect(
    item: &Item,
    path: &mut Vec<String>,
    settings: &mut Vec<(Vec<String>, toml_edit::Value)>,
) {
    if let Some(table) = item.as_table_like() {
        for (key, item) in table.iter() {
            path.push(key.to_owned());
            collect(item, path, settings);
            path.pop();
        }
    } else if let Ok(value) = item.clone().into_value() {
        settings.push((path.clone(), value));
    }
}
