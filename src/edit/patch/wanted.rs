//! What a patch asks for, as keys of a config.

use toml_edit::Value;

use crate::containerd::plugin::{self, IMAGES, RUNTIME};
use crate::toml::{meaning, rest_after};
use crate::want::handler::{Handler, Setting};

use super::default::path as default_path;
use super::edit::Edit;
use super::ensure::SYSTEMD_CGROUP;
use super::keys::Key;
use crate::want::patch::Patch;
use crate::want::patch::UnsetDefault;

const SNAPSHOTTER: &str = "snapshotter";

/// Where the images plugin of containerd 2.x wants the snapshotter of a handler, in files of
/// version 3 (`RuntimePlatforms` in `internal/cri/config/config.go`). Older files are brought up to
/// date by containerd itself.
pub(super) fn platform_path(handler: &str) -> [&str; 4] {
    ["plugins", IMAGES, "runtime_platforms", handler]
}

fn key(table: &[&str], setting: &Setting) -> Key {
    let table = table.iter().map(|&name| name.to_owned());
    Key {
        path: table.chain(setting.path().iter().cloned()).collect(),
        value: setting.value().clone(),
    }
}

impl Patch {
    /// The keys outside of handlers, with the CRI plugin's table at `id`.
    pub(super) fn keys(&self, id: &str) -> Vec<Key> {
        let cri = self
            .cri
            .iter()
            .map(|setting| key(&["plugins", id], setting));
        let proxies = self.proxy_plugins.iter();
        let proxies = proxies.map(|setting| key(&["proxy_plugins"], setting));
        let debug = self.debug.iter().map(|setting| key(&["debug"], setting));
        let platforms = self.handlers.iter().filter_map(|handler| {
            let snapshotter = handler.setting(&[SNAPSHOTTER])?;
            let is_set = snapshotter.value().as_str() != Some("");
            (id == RUNTIME && is_set)
                .then(|| key(&platform_path(handler.name().as_str()), snapshotter))
        });
        cri.chain(proxies).chain(platforms).chain(debug).collect()
    }

    /// Every value that the patch wants, with its path in a config. The plugin table has to be
    /// settled.
    pub(crate) fn wanted_values(&self) -> Vec<(Vec<String>, Value)> {
        let Some(id) = self.plugin_id.as_deref() else {
            return Vec::new();
        };
        let of_handlers = self.handlers.iter().flat_map(|handler| {
            let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
            let table = [plugins, id, containerd, runtimes, handler.name().as_str()];
            let settings = handler.settings().iter();
            settings.map(move |setting| key(&table, setting))
        });
        let default = self.default.iter().map(|name| Key {
            path: default_path(id).map(str::to_owned).into(),
            value: name.as_str().into(),
        });
        let keys = of_handlers.chain(default).chain(self.keys(id));
        keys.map(|key| (key.path, key.value)).collect()
    }

    /// Whether the patch has a say in the key at `path`.
    pub(super) fn names_key(&self, id: &str, path: &[&str]) -> bool {
        let is_named = |key: &Key| key.path.iter().eq(path.iter());
        if self.keys(id).iter().any(is_named) {
            return true;
        }
        let Some([name, setting @ ..]) = rest_after(path, &plugin::runtimes_path(id)) else {
            return false;
        };
        let mut handlers = self.handlers.iter();
        let handler = handlers.find(|handler| handler.name().as_str() == *name);
        handler.is_some_and(|handler| handler.setting(setting).is_some())
    }

    /// Whether the patch has a say in a dotted key, whatever the ID of the plugin.
    pub(crate) fn names_dotted(&self, key: &str) -> bool {
        let path = toml_edit::Key::parse(key).unwrap_or_default();
        let path: Vec<&str> = path.iter().map(toml_edit::Key::get).collect();
        plugin::IDS.iter().any(|id| self.names_key(id, &path))
    }

    pub(crate) fn wants_handler(&self, name: &str) -> bool {
        let mut wanted = self.handlers.iter();
        wanted.any(|handler| handler.name().as_str() == name)
    }

    /// Whether a layer of the default shall be taken out, by its owner and the handler that it
    /// names.
    pub(super) fn releases_default(&self, owner: &str, name: &str) -> bool {
        let is_named = self
            .default
            .as_ref()
            .is_some_and(|wanted| wanted.as_str() == name);
        let is_unset = match &self.unset_default {
            Some(UnsetDefault::OfAll) => true,
            Some(UnsetDefault::Of(only)) => only.as_str() == owner,
            None => false,
        };
        is_unset || (self.prune && owner == self.owner.as_str() && !is_named)
    }
}

impl Edit<'_, '_> {
    /// Whether the patch wants the key as it is, or has a say in it.
    pub(super) fn wants_key(&self, id: &str, key: &[&str], patch: &Patch) -> bool {
        patch.names_key(id, key) || self.is_inherited(id, key, patch)
    }

    /// Whether a handler of the patch has the key from the file's `runc`.
    fn is_inherited(&self, id: &str, key: &[&str], patch: &Patch) -> bool {
        let Some([name, setting @ ..]) = rest_after(key, &plugin::runtimes_path(id)) else {
            return false;
        };
        let mut handlers = patch.handlers.iter();
        let takes_over =
            |handler: &Handler| handler.name().as_str() == *name && handler.is_runc_like();
        let value = self.config.get(key).and_then(toml_edit::Item::as_bool);
        *setting == SYSTEMD_CGROUP
            && handlers.any(takes_over)
            && value.is_some()
            && value == self.cgroup_driver(id, patch)
    }
}

/// Whether the images plugin is told to use the handler's own snapshotter for it, and nothing else.
pub(super) fn is_platform_of(platform: &toml_edit::Item, handler: &toml_edit::Item) -> bool {
    let (Some(platform), Some(handler)) = (platform.as_table_like(), handler.as_table_like())
    else {
        return false;
    };
    let (one, other) = (platform.get(SNAPSHOTTER), handler.get(SNAPSHOTTER));
    let is_same = one
        .zip(other)
        .is_some_and(|(one, other)| meaning::same(one, other));
    is_same && platform.len() == 1
}
