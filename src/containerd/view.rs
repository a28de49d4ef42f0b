//! A loaded config as CRI reads it: the handlers, the default, and the keys of its plugins.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::loading::{Loaded, plugin_names};
use super::model::{LoadedHandler, Model};
use super::plugin::{self, IMAGES, OLD_CRI, RUNTIME};
use super::release::Release;
use super::shape::field;
use super::tree::{Node, Place, Table};
use super::{duration, registry};

/// The default handler of every release, where no other is set.
pub(crate) const BUILT_IN: &str = "runc";
const RUNC_TYPE: &str = "io.containerd.runc.v2";

/// What is wrong, and where if it stands in a file.
pub(super) type Finding = (String, Option<Place>);

/// The plugin part that holds the handlers, as the release names it.
fn cri_name(loaded: &Loaded, release: Release) -> &'static str {
    if !release.is_1x() {
        RUNTIME
    } else if loaded.has_short_names(release) {
        plugin::IDS[0]
    } else {
        OLD_CRI
    }
}

/// The parts of a loaded config that CRI reads.
pub(super) struct View<'v> {
    pub(super) model: &'v Model<'v>,
    pub(super) loaded: &'v Loaded,
    pub(super) release: Release,
    /// Handlers and CNI.
    pub(super) cri: Cow<'v, Table>,
    pub(super) images: Cow<'v, Table>,
    pub(super) server: Cow<'v, Table>,
    pub(super) containerd: Rc<Table>,
    pub(super) handlers: BTreeMap<String, Handler>,
    pub(super) default: String,
    pub(super) default_place: Option<Place>,
}

#[derive(Clone)]
pub(super) struct Handler {
    pub(super) table: Rc<Table>,
    pub(super) place: Option<Place>,
    pub(super) runtime_type: String,
}

impl<'v> View<'v> {
    pub(super) fn new(model: &'v Model<'v>, loaded: &'v Loaded, release: Release) -> Self {
        let part = |id: &str| -> Cow<'v, Table> {
            let plugins = loaded.table("plugins");
            let table = plugins.and_then(|plugins| plugins.get(id)?.table());
            table.map_or_else(|| Cow::Owned(Table::new()), Cow::Borrowed)
        };
        let cri = part(cri_name(loaded, release));
        let (images, server) = if release.is_1x() {
            (cri.clone(), cri.clone())
        } else {
            (part(IMAGES), part(OLD_CRI))
        };
        let containerd = field(&cri, "containerd", release);
        let containerd = containerd.map_or_else(Rc::default, |node| node.shared_table());
        let mut view = Self {
            model,
            loaded,
            release,
            cri,
            images,
            server,
            containerd,
            handlers: BTreeMap::new(),
            default: BUILT_IN.to_owned(),
            default_place: None,
        };
        view.read_handlers();
        view
    }

    pub(super) fn field<'t>(&self, table: &'t Table, name: &str) -> Option<Cow<'t, Node>> {
        field(table, name, self.release)
    }

    /// The string at a key; empty if it is not set.
    pub(super) fn text(&self, table: &Table, name: &str) -> (String, Option<Place>) {
        match self.field(table, name) {
            Some(node) => (node.text().unwrap_or_default().to_owned(), Some(node.place)),
            None => (String::new(), None),
        }
    }

    fn handler(&self, node: &Node) -> Handler {
        let table = node.shared_table();
        let (runtime_type, _) = self.text(&table, "runtime_type");
        Handler {
            table,
            place: Some(node.place),
            runtime_type,
        }
    }

    fn read_handlers(&mut self) {
        let built_in = Handler {
            table: Rc::default(),
            place: None,
            runtime_type: RUNC_TYPE.to_owned(),
        };
        let runtimes = self
            .field(&self.containerd, "runtimes")
            .map(Cow::into_owned);
        // On 1.x a map in the file replaces the built-in one, on 2.x it is added to it.
        if !self.release.is_1x() || runtimes.is_none() {
            self.handlers.insert(BUILT_IN.to_owned(), built_in);
        }
        for (name, node) in runtimes.iter().filter_map(Node::table).flatten() {
            let mut handler = self.handler(node);
            let has_type = self.field(&handler.table, "runtime_type").is_some();
            if !self.release.is_1x() && name == BUILT_IN && !has_type {
                RUNC_TYPE.clone_into(&mut handler.runtime_type);
            }
            self.handlers.insert(name.clone(), handler);
        }
        if let Some(node) = self.field(&self.containerd, "default_runtime_name") {
            self.default = node.text().unwrap_or_default().to_owned();
            self.default_place = Some(node.place);
        }
        if !self.release.is_1x() {
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
            self.default_place = handler.place;
            self.handlers.insert("default".to_owned(), handler);
        }
    }

    /// A handler in a table of its own, as before there was a map of them.
    pub(super) fn old_handler(&self, name: &str) -> Option<Handler> {
        let node = self.field(&self.containerd, name)?;
        Some(self.handler(&node)).filter(|handler| !handler.runtime_type.is_empty())
    }

    pub(super) fn loaded_handlers(&self) -> BTreeMap<String, LoadedHandler> {
        let handlers = self.handlers.iter().map(|(name, handler)| {
            let loaded = LoadedHandler {
                runtime_type: handler.runtime_type.clone(),
                place: handler.place,
            };
            (name.clone(), loaded)
        });
        handlers.collect()
    }

    /// Plugins that are disabled, by the names that the release compares.
    fn disabled_names(&self) -> Vec<(String, Place)> {
        plugin_names(self.loaded, "disabled_plugins", self.release)
    }

    pub(super) fn is_disabled(&self, id: &str) -> Option<Place> {
        let short = self.loaded.has_short_names(self.release);
        let name = if short { registry::short_name(id) } else { id };
        let mut disabled = self.disabled_names().into_iter();
        disabled
            .find(|(disabled, _)| disabled == name)
            .map(|(_, place)| place)
    }

    /// A key that holds no duration although it is set.
    pub(super) fn bad_duration(&self, table: &Table, name: &str) -> Option<Finding> {
        let (text, place) = self.text(table, name);
        let is_bad = !text.is_empty() && !duration::is_valid(&text);
        is_bad.then(|| (format!("`{name}`: invalid duration \"{text}\""), place))
    }

    pub(super) fn has_snapshotter(&self, name: &str) -> bool {
        let proxies = self.loaded.table("proxy_plugins");
        let is_proxy = || {
            let proxy = proxies.and_then(|proxies| proxies.get(name)?.table());
            proxy.is_some_and(|proxy| self.text(proxy, "type").0 == "snapshot")
        };
        matches!(name, "overlayfs" | "native") || self.host_has_snapshotter(name) || is_proxy()
    }

    pub(super) fn host_has_snapshotter(&self, name: &str) -> bool {
        match &self.model.host.snapshotters {
            Some(known) => known.contains(name),
            None => registry::SNAPSHOTTERS
                .iter()
                .any(|(known, releases)| *known == name && releases.contain(self.release)),
        }
    }

    /// The value of a key of another plugin.
    pub(super) fn of_plugin(&self, id: &str, key: &str) -> Option<Node> {
        let short = self.loaded.has_short_names(self.release);
        let id = if short { registry::short_name(id) } else { id };
        let table = self.loaded.table("plugins")?.get(id)?.table()?;
        self.field(table, key).map(Cow::into_owned)
    }

    pub(super) fn registry(&self) -> Rc<Table> {
        let registry = self.field(&self.images, "registry");
        registry.map_or_else(Rc::default, |node| node.shared_table())
    }
}
