//! A config as a release has loaded it, and something in it that containerd minds.

use super::asked::Asked;
use super::model::Model;
use super::registry;
use super::release::Releases;
use super::table;
use super::verdict::{Finding, Lost, Reason};
use crate::toml::value::{Place, Table, Value};

/// A config with all that it imports, as a release has loaded it.
pub(super) struct Loaded<'m> {
    pub(super) model: &'m Model<'m>,
    pub(super) release: &'m Asked,
    /// The keys of the file, spelled as they should be.
    pub(super) top: Table,
    /// The config version that holds for the whole.
    pub(super) version: i64,
    /// What 2.x does not read although an older release would.
    pub(super) lost: Vec<Lost>,
}

/// What a rule minds, for people; the releases that mind it; and how it is found.
pub(super) struct Rule<Find>(
    #[cfg_attr(not(test), expect(dead_code, reason = "a test prints it"))] pub(super) &'static str,
    pub(super) Releases,
    pub(super) Find,
);

impl Loaded<'_> {
    /// The first thing that the release minds, and that no daemon has disproved.
    pub(super) fn first_minded<Find>(
        &self,
        rules: &[Rule<Find>],
        find: impl Fn(&Find) -> Option<Finding>,
    ) -> Option<Reason> {
        rules.iter().find_map(|Rule(_, releases, rule)| {
            let finding = find(rule).filter(|_| self.release.is_in(*releases));
            self.reason(finding?)
        })
    }

    /// Why containerd does not serve, for what was found; `None` if a daemon has disproved it.
    pub(super) fn reason(&self, (message, place): Finding) -> Option<Reason> {
        let reason = self.model.reason(message, place);
        self.stands(&reason).then_some(reason)
    }

    pub(super) fn stands(&self, reason: &Reason) -> bool {
        let host = self.model.host;
        host.disproved.is_none() || !host.disproves(reason, self.release.alone())
    }

    /// Whether plugins go by the short names of version 1. (1.x takes a negative version for a
    /// newer one.)
    pub(super) fn has_short_names(&self) -> bool {
        matches!(self.version, 0 | 1) && self.release.is_1x()
    }

    /// A plugin as this config calls it.
    pub(super) fn plugin_name<'p>(&self, id: &'p str) -> &'p str {
        if self.has_short_names() {
            registry::short_name(id)
        } else {
            id
        }
    }

    /// What the config says of a plugin.
    fn plugin(&self, id: &str) -> Option<&Table> {
        let plugins = self.table("plugins")?;
        plugins.get(self.plugin_name(id))?.table()
    }

    pub(super) fn table(&self, key: &str) -> Option<&Table> {
        self.top.get(key)?.table()
    }

    /// The value of a plugin's key.
    pub(super) fn of_plugin(&self, id: &str, key: &str) -> Option<&Value> {
        self.plugin(id)?.get(key)
    }

    /// The same of a string that is not empty, and where it stands.
    pub(super) fn text_of_plugin(&self, id: &str, key: &str) -> Option<(&str, Place)> {
        table::text(self.plugin(id)?, key)
    }

    /// The IDs of the proxy plugins, of which there is one for each that has a known type.
    pub(super) fn proxies(&self) -> impl Iterator<Item = (String, Place)> {
        let proxies = self.table("proxy_plugins").into_iter().flatten();
        proxies.filter_map(|(name, node)| {
            let kind = proxy_type(node, self.release)?;
            Some((format!("{kind}.{name}"), node.place))
        })
    }

    /// Where a plugin is disabled.
    pub(super) fn disabled(&self, id: &str) -> Option<Place> {
        let mut disabled = self.plugin_names("disabled_plugins").peekable();
        disabled.peek()?;
        let name = self.plugin_name(id);
        let found = disabled.find(|(disabled, _)| *disabled == name);
        found.map(|(_, place)| place)
    }

    /// The names of the plugins in a list.
    pub(super) fn plugin_names(&self, list: &str) -> impl Iterator<Item = (&str, Place)> {
        self.top.get(list).into_iter().flat_map(Value::texts)
    }
}

/// What a proxy plugin is registered as, given by its short name or in full.
pub(super) fn proxy_type(node: &Value, release: &Asked) -> Option<&'static str> {
    let (kind, _) = table::text(node.table()?, "type")?;
    let mut known = registry::PROXIES.iter();
    let found = known.find(|(short, full, releases)| {
        (kind == *short || kind == *full) && release.is_in(*releases)
    });
    found.map(|(_, full, _)| *full)
}
