//! A loaded config as CRI reads it: the handlers, the default, and the keys of its plugins.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::duration;
use super::loading::Loaded;
use super::model::Model;
use super::plugin::{self, IMAGES, OLD_CRI, RUNTIME};
use super::registry::{self, DIFFER};
use super::release::{FROM_2_1, Release};
use super::tree::{Node, Place, Table, text};
use super::verdict::LoadedHandler;

/// The handler that containerd lists of itself: the default of every release, where no other is set.
pub(crate) const BUILT_IN: &str = "runc";
/// The shim type of runc and of what behaves like it.
pub(crate) const RUNC_TYPE: &str = "io.containerd.runc.v2";

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
pub(super) struct CriView<'v> {
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

impl Handler {
    fn of(node: &Node) -> Self {
        let table = node.shared_table();
        let runtime_type = text(&table, "runtime_type").map(|(text, _)| text.to_owned());
        Self {
            place: Some(node.place),
            runtime_type: runtime_type.unwrap_or_default(),
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

impl<'v> CriView<'v> {
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
        let containerd = cri.get("containerd");
        let containerd = containerd.map_or_else(Rc::default, Node::shared_table);
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

    fn read_handlers(&mut self) {
        let built_in = Handler {
            table: Rc::default(),
            place: None,
            runtime_type: RUNC_TYPE.to_owned(),
        };
        let runtimes = self.containerd.get("runtimes").cloned();
        // On 1.x a map in the file replaces the built-in one, on 2.x it is added to it.
        if !self.release.is_1x() || runtimes.is_none() {
            self.handlers.insert(BUILT_IN.to_owned(), built_in);
        }
        for (name, node) in runtimes.iter().filter_map(Node::table).flatten() {
            let mut handler = Handler::of(node);
            let has_type = handler.table.contains_key("runtime_type");
            if !self.release.is_1x() && &**name == BUILT_IN && !has_type {
                RUNC_TYPE.clone_into(&mut handler.runtime_type);
            }
            self.handlers.insert(name.to_string(), handler);
        }
        if let Some(node) = self.containerd.get("default_runtime_name") {
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
        let handler = Handler::of(self.containerd.get(name)?);
        Some(handler).filter(|handler| !handler.runtime_type.is_empty())
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

    /// The IDs of the proxy plugins that are not disabled.
    pub(super) fn proxies(&self) -> Vec<(String, Place)> {
        let mut proxies = self.loaded.proxies(self.release);
        proxies.retain(|(id, _)| self.loaded.disabled(id, self.release).is_none());
        proxies
    }

    pub(super) fn has_plugin(&self, id: &str, is_built_in: bool) -> bool {
        let is_off = || self.loaded.disabled(id, self.release).is_some();
        let is_proxy = || self.proxies().iter().any(|(proxy, _)| proxy == id);
        (is_built_in && !is_off()) || is_proxy()
    }

    pub(super) fn has_differ(&self, name: &str) -> bool {
        let has_erofs = FROM_2_1.contain(self.release) && self.model.host.mkfs_erofs;
        let is_built_in = name == "walking" || (name == "erofs" && has_erofs);
        self.has_plugin(&format!("{DIFFER}.{name}"), is_built_in)
    }

    /// The value of a key of another plugin.
    pub(super) fn of_plugin(&self, id: &str, key: &str) -> Option<&Node> {
        self.plugin(id)?.get(key)
    }

    /// The same of a string that is not empty, and where it stands.
    pub(super) fn text_of_plugin(&self, id: &str, key: &str) -> Option<(&str, Place)> {
        text(self.plugin(id)?, key)
    }

    fn plugin(&self, id: &str) -> Option<&Table> {
        let short = self.loaded.has_short_names(self.release);
        let id = if short { registry::short_name(id) } else { id };
        self.loaded.table("plugins")?.get(id)?.table()
    }

    pub(super) fn registry(&self) -> Rc<Table> {
        let registry = self.images.get("registry");
        registry.map_or_else(Rc::default, Node::shared_table)
    }
}
