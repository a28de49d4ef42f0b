//! A loaded config as CRI reads it: the handlers, the default, and the keys of its plugins.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::duration;
use super::loaded::Loaded;
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::registry::DIFFER;
use super::release::FROM_2_1;
use super::table::{shared_at, string, text};
use super::verdict::{Finding, LoadedHandler};
use crate::toml::value::{Place, Table, Value};

/// The handler that containerd lists of itself: the default of every release, where no other is set.
pub(crate) const BUILT_IN: &str = "runc";
/// The shim type of runc and of what behaves like it.
pub(crate) const RUNC_TYPE: &str = "io.containerd.runc.v2";

/// The parts of a loaded config that CRI reads.
pub(super) struct CriView<'v> {
    loaded: &'v Loaded<'v>,
    /// Handlers and CNI.
    pub(super) cri: Arc<Table>,
    pub(super) images: Arc<Table>,
    pub(super) server: Arc<Table>,
    pub(super) containerd: Arc<Table>,
    pub(super) registry: Arc<Table>,
    pub(super) handlers: BTreeMap<String, Handler>,
    pub(super) default: String,
    pub(super) default_place: Option<Place>,
}

pub(super) struct Handler {
    pub(super) table: Arc<Table>,
    pub(super) loaded: LoadedHandler,
}

impl Handler {
    fn of(node: &Value) -> Self {
        let table = node.shared_table();
        Self {
            loaded: LoadedHandler {
                runtime_type: string(&table, "runtime_type").to_owned(),
                place: Some(node.place),
            },
            table,
        }
    }
}

/// A key that holds no duration although it is set.
pub(super) fn bad_duration(table: &Table, name: &str) -> Option<Finding> {
    let (text, place) = text(table, name)?;
    let message = || format!("`{name}`: invalid duration \"{text}\"");
    (!duration::is_valid(text)).then(|| (message(), Some(place)))
}

impl<'v> Deref for CriView<'v> {
    type Target = Loaded<'v>;

    fn deref(&self) -> &Loaded<'v> {
        self.loaded
    }
}

impl<'v> CriView<'v> {
    pub(super) fn new(loaded: &'v Loaded<'v>) -> Self {
        let part = |id| {
            let plugins = loaded.table("plugins");
            plugins.map_or_else(Arc::default, |plugins| shared_at(plugins, id))
        };
        let [cri, images, server] = if loaded.release.is_1x() {
            let cri = part(loaded.plugin_name(OLD_CRI));
            [Arc::clone(&cri), Arc::clone(&cri), cri]
        } else {
            [RUNTIME, IMAGES, OLD_CRI].map(part)
        };
        let mut view = Self {
            loaded,
            containerd: shared_at(&cri, "containerd"),
            registry: shared_at(&images, "registry"),
            cri,
            images,
            server,
            handlers: BTreeMap::new(),
            default: BUILT_IN.to_owned(),
            default_place: None,
        };
        view.read_handlers();
        view
    }

    fn read_handlers(&mut self) {
        let built_in = Handler {
            table: Arc::default(),
            loaded: LoadedHandler {
                runtime_type: RUNC_TYPE.to_owned(),
                place: None,
            },
        };
        let is_1x = self.release.is_1x();
        let runtimes = self.containerd.get("runtimes").cloned();
        // On 1.x a map in the file replaces the built-in one, on 2.x it is added to it.
        if !is_1x || runtimes.is_none() {
            self.handlers.insert(BUILT_IN.to_owned(), built_in);
        }
        for (name, node) in runtimes.iter().filter_map(Value::table).flatten() {
            let mut handler = Handler::of(node);
            let has_type = handler.table.contains_key("runtime_type");
            if !is_1x && &**name == BUILT_IN && !has_type {
                RUNC_TYPE.clone_into(&mut handler.loaded.runtime_type);
            }
            self.handlers.insert(name.to_string(), handler);
        }
        if let Some(node) = self.containerd.get("default_runtime_name") {
            self.default = node.as_str().unwrap_or_default().to_owned();
            self.default_place = Some(node.place);
        }
        if !is_1x {
            return;
        }
        let untrusted = self.old_handler("untrusted_workload_runtime");
        if let Some(handler) = untrusted {
            self.handlers
                .entry("untrusted".to_owned())
                .or_insert(handler);
        }
        if let Some(handler) = self.old_handler("default_runtime") {
            "default".clone_into(&mut self.default);
            self.default_place = handler.loaded.place;
            self.handlers.insert("default".to_owned(), handler);
        }
    }

    /// A handler in a table of its own, as before there was a map of them.
    pub(super) fn old_handler(&self, name: &str) -> Option<Handler> {
        let handler = Handler::of(self.containerd.get(name)?);
        Some(handler).filter(|handler| !handler.loaded.runtime_type.is_empty())
    }

    /// The IDs of the proxy plugins that are not disabled.
    pub(super) fn proxies(&self) -> impl Iterator<Item = (String, Place)> {
        let proxies = self.loaded.proxies();
        proxies.filter(|(id, _)| self.disabled(id).is_none())
    }

    pub(super) fn has_plugin(&self, id: &str, is_built_in: bool) -> bool {
        let is_on = || self.disabled(id).is_none();
        (is_built_in && is_on()) || self.proxies().any(|(proxy, _)| proxy == id)
    }

    pub(super) fn has_differ(&self, name: &str) -> bool {
        let has_erofs = || self.model.host.mkfs_erofs && self.release.is_in(FROM_2_1);
        let is_built_in = name == "walking" || name == "erofs" && has_erofs();
        self.has_plugin(&format!("{DIFFER}.{name}"), is_built_in)
    }
}
