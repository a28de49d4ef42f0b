//! Making handlers be there: new blocks, changed keys, and what containerd 1.x needs beside them.

use crate::containerd::{BUILT_IN, Wanted, plugin};
use crate::toml::render;
use crate::toml::{Document, meaning, type_name};
use crate::want::handler::{Handler, HandlerName, Setting};

use super::default;
use super::edit::{Edit, NewHandler};
use super::error;
use super::keys::Key;
use super::layers::Layered;
use super::listing::{self, Listed};
use super::provenance::{Implied, Provenance};
use crate::error::Error;
use crate::want::patch::Patch;

pub(super) const SYSTEMD_CGROUP: [&str; 2] = ["options", "SystemdCgroup"];

impl Edit<'_, '_> {
    /// Makes all be there that the patch asks for.
    pub(super) fn ensure(&mut self, id: &str, patch: &Patch) -> Result<(), Error> {
        self.check_keys(id, patch)?;
        let runtimes = plugin::runtimes_path(id);
        self.check_tables(&runtimes)?;
        let listed = listing::of(self.config, id);
        let mut new = Vec::new();
        for handler in &patch.handlers {
            let name = handler.name().as_str();
            let mut handler = handler.clone();
            self.inherit_cgroup_driver(id, patch, &mut handler);
            if let Some(known) = listed.iter().find(|known| known.name == name) {
                self.change_known(id, &handler, known)?;
            } else {
                self.handlers.added.push(name.to_owned());
                new.push(NewHandler {
                    name: name.to_owned(),
                    settings: handler.settings().to_vec(),
                    provenance: Provenance::Owner(self.owner.as_str().to_owned()),
                });
            }
        }
        let default = patch.default.as_ref();
        if let Some(name) = default {
            self.set_default(id, name.as_str())?;
        }
        let concerns_handlers = !patch.handlers.is_empty() || default.is_some();
        if concerns_handlers && plugin::is_read_by_1x(id, self.version) {
            let default = default.map(HandlerName::as_str);
            self.keep_built_in(id, default, &listed, &mut new);
        }
        self.insert(id, &new)?;
        self.set_keys(&patch.keys(id))?;
        Ok(())
    }

    /// On 1.x a listed handler replaces the built-in map: `runc` has to be listed too.
    fn keep_built_in(
        &mut self,
        id: &str,
        default: Option<&str>,
        listed: &[Listed<'_>],
        new: &mut Vec<NewHandler>,
    ) {
        let runtimes = plugin::runtimes_path(id);
        let of_base = |base: &'_ Document<'_>| base.string(&default::path(id)).map(str::to_owned);
        let effective = default
            .or(self.default_name(id))
            .map(str::to_owned)
            .or_else(|| self.base.and_then(of_base));
        let effective = effective.as_deref().unwrap_or(BUILT_IN);
        let in_base = |path: &[&str]| self.base.is_some_and(|base| base.get(path).is_some());
        let replaces_built_in =
            self.config.get(&runtimes).is_none() && !in_base(&runtimes) && !new.is_empty();
        let [plugins, plugin, containerd, table] = runtimes;
        let is_listed = listed.iter().any(|handler| handler.name == BUILT_IN)
            || in_base(&[plugins, plugin, containerd, table, BUILT_IN]);
        let is_new = new.iter().any(|handler| handler.name == BUILT_IN);
        if !is_listed && !is_new && (effective == BUILT_IN || replaces_built_in) {
            let implied = if self.config.get(&runtimes).is_some() {
                Implied::ForOurs
            } else {
                Implied::ForAll
            };
            new.insert(0, NewHandler::implied_runc(implied));
        }
        let [plugins, id, containerd, runtimes] = runtimes;
        let runc = [plugins, id, containerd, runtimes, BUILT_IN];
        let typed = [plugins, id, containerd, runtimes, BUILT_IN, "runtime_type"];
        let becomes_typed = self.expected.iter().any(|expected| expected.path == typed);
        let is_typed = self.config.get(&typed).is_some() || in_base(&typed);
        if is_listed && !becomes_typed && !is_typed {
            let message = "the runc handler has no runtime_type: containerd 1.x can run no pod \
                           with it (`containerd-edit add runc` adds it)";
            self.warn(
                "partial-runc",
                message.to_owned(),
                self.config.offset(&runc),
            );
        }
    }

    /// Refuses keys of CRI that some release reads, but none in a config like this. Those that none
    /// reads may be of a newer release.
    fn check_keys(&self, id: &str, patch: &Patch) -> Result<(), Error> {
        let (any, version) = (Wanted::cri(), self.version);
        let Some(here) = Wanted::cri_under(id, version) else {
            return Ok(());
        };
        let mut keys = patch.cri.iter();
        match keys.find(|key| any.has(key.path()) && !here.has(key.path())) {
            None => Ok(()),
            Some(key) => Err(error::not_read(&key.key(), id, version)),
        }
    }

    /// A handler of runc's type uses the cgroup driver that `runc` uses, or pods are unstable.
    fn inherit_cgroup_driver(&self, id: &str, patch: &Patch, handler: &mut Handler) {
        let [plugins, plugin, containerd, runtimes] = plugin::runtimes_path(id);
        let [options, key] = SYSTEMD_CGROUP;
        let name = handler.name().as_str();
        let own = [plugins, plugin, containerd, runtimes, name, options, key];
        let layered = Layered::at(self.config, &own);
        // One that another owner has taken over goes with that owner.
        let has_own = layered.is_some_and(|layered| !layered.is_owned());
        if !handler.is_runc_like() || has_own || handler.setting(&SYSTEMD_CGROUP).is_some() {
            return;
        }
        if let Some(driver) = self.cgroup_driver(id, patch) {
            handler.inherit(&SYSTEMD_CGROUP, driver.into());
        }
    }

    /// Whether `runc` leaves cgroups to systemd once the patch is applied, if anybody says so.
    pub(super) fn cgroup_driver(&self, id: &str, patch: &Patch) -> Option<bool> {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let [options, key] = SYSTEMD_CGROUP;
        let driver = [plugins, id, containerd, runtimes, BUILT_IN, options, key];
        let found = self.config.get(&driver);
        let found = found.or_else(|| self.base?.get(&driver));
        let found = found.and_then(toml_edit::Item::as_bool);
        let layered = Layered::at(self.config, &driver);
        if layered.is_some_and(|layered| self.is_overridden(&layered)) {
            return found;
        }
        let mut handlers = patch.handlers.iter();
        let runc = handlers.find(|handler| handler.name().as_str() == BUILT_IN);
        let asked = runc.and_then(|runc| runc.setting(&SYSTEMD_CGROUP)?.value().as_bool());
        asked.or(found)
    }

    /// Changes a handler that is there: one of the patch's owner as a block of its own, one that
    /// nobody has added key by key, with what was there kept in markers.
    fn change_known(
        &mut self,
        id: &str,
        handler: &Handler,
        known: &Listed<'_>,
    ) -> Result<(), Error> {
        match (&known.provenance, &known.provenance_span) {
            (Some(Provenance::Owner(owner)), Some(line)) if owner != self.owner.as_str() => {
                if !self.takes_over {
                    if self.declares || !self.is_as_wanted(id, handler) {
                        return Err(self.foreign(known, owner));
                    }
                    let name = known.name;
                    let message = format!(
                        "{name} is listed as asked for, but belongs to {owner} and goes with it: \
                         take it over with --take-over"
                    );
                    self.warn("foreign-handler", message, known.offset);
                    return Ok(());
                }
                let own = Provenance::Owner(self.owner.as_str().to_owned());
                self.replace_provenance(line, &own);
                self.handlers.change(known.name);
                self.change(id, handler, known)
            }
            (None, _) => {
                let [plugins, id, containerd, table] = plugin::runtimes_path(id);
                let name = handler.name().as_str();
                let key = |setting: &Setting| {
                    let below = setting.path().iter().map(String::as_str);
                    let path = [plugins, id, containerd, table, name]
                        .into_iter()
                        .chain(below);
                    Key {
                        path: path.map(str::to_owned).collect(),
                        value: setting.value().clone(),
                    }
                };
                let keys: Vec<Key> = handler.settings().iter().map(key).collect();
                if self.set_keys(&keys)? {
                    self.handlers.change(name);
                }
                Ok(())
            }
            _ => self.change(id, handler, known),
        }
    }

    /// Whether a handler that is there has all settings already.
    fn is_as_wanted(&self, id: &str, handler: &Handler) -> bool {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let name = handler.name().as_str();
        handler.settings().iter().all(|setting| {
            let below = setting.path().iter().map(String::as_str);
            let path = [plugins, id, containerd, runtimes, name]
                .into_iter()
                .chain(below);
            let item = self.config.get(&path.collect::<Vec<_>>());
            item.is_some_and(|item| meaning::is_value(item, setting.value()))
        })
    }

    /// Changes the keys of an existing handler that differ.
    fn change(&mut self, id: &str, handler: &Handler, known: &Listed<'_>) -> Result<(), Error> {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let name = handler.name().as_str();
        let mut changed = false;
        for setting in handler.settings() {
            let below = setting.path().iter().map(String::as_str);
            let table = [plugins, id, containerd, runtimes, name];
            let path: Vec<&str> = table.into_iter().chain(below).collect();
            self.check_tables(&path[..path.len() - 1])?;
            match self.config.get(&path) {
                Some(item) if meaning::is_value(item, setting.value()) => continue,
                Some(item) if self.config.raw(&path).is_none() => {
                    return Err(self.obstacle(&path, type_name(item), "a value"));
                }
                Some(_) => self.replace(&path, setting.value())?,
                None => {
                    let value = render::value(setting.value(), self.config.quotes());
                    self.revision.insert(&path, &value, None)?;
                    self.expect(&path, Some(setting.value().clone()));
                }
            }
            changed = true;
        }
        if changed {
            self.handlers.change(name);
            self.adopt(known);
        }
        Ok(())
    }

    /// An implied handler that somebody asks to be different is theirs from then on.
    fn adopt(&mut self, known: &Listed<'_>) {
        if !known.is_implied() {
            return;
        }
        let Some(span) = &known.provenance_span else {
            return;
        };
        if known.is_inline {
            self.revision.replace_comment(span.clone(), "");
        } else {
            let owner = Provenance::Owner(self.owner.as_str().to_owned());
            self.replace_provenance(span, &owner);
        }
    }

    /// Gives a file a version, so that every release reads the handlers. Only where it means nothing
    /// for what the file says already: `containerd::version::is_free`.
    pub(super) fn add_version(&mut self) -> Result<(), Error> {
        self.version = 2;
        self.expect(&["version"], Some(2.into()));
        self.add_key(&["version"], "2", Some("2"))
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;
    use crate::error::Code;

    const RUNTIMES: &str = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";

    #[test]
    fn only_the_keys_that_differ_are_changed() {
        let config = |lines: &str| format!("version = 3\n[{RUNTIMES}.a] # mine\n{lines}\n[z]\n");
        let edited = given(&config("runtime_type = 'other'   # old\nuser = 1\n"))
            .add_with("a", &["snapshotter=s"])
            .owner("x")
            .produces(&format!(
                "version = 3\n[{RUNTIMES}.a] # mine\n\
                 runtime_type = 't' # containerd-edit v1 owner=x set 't' was 'other'   # old\nuser = 1\n\
                 snapshotter = 's' # containerd-edit v1 owner=x set 's' was unset\n\n\
                 # containerd-edit v1 owner=x\n\
                 [plugins.'io.containerd.cri.v1.images'.runtime_platforms.a]\n\
                 snapshotter = 's' # containerd-edit v1 owner=x set 's' was absent\n\n[z]\n"
            ));
        assert_eq!(edited.handlers.changed, ["a"]);
    }

    #[test]
    fn what_is_there_in_other_words_is_left_alone() {
        let config = format!("version = 3\n{RUNTIMES}.a = {{'runtime_type'=\"\\u0074\"}}\n");
        let edited = given(&config).add("a").produces(&config);
        assert!(edited.handlers.changed.is_empty());
    }

    #[test]
    fn an_implied_runc_that_is_changed_belongs_to_the_one_who_asked() {
        let config = "[plugins.cri.containerd.runtimes]\n\n\
                      # containerd-edit v1 implied\n[plugins.cri.containerd.runtimes.runc]\n\
                      runtime_type = 'io.containerd.runc.v2'\n";
        let owned = config
            .replace("implied", "owner=x")
            .replace("io.containerd.runc.v2", "t");
        given(config).add("runc").owner("x").produces(&owned);
    }

    #[test]
    fn a_runc_like_handler_takes_the_cgroup_driver_of_runc() {
        let config = format!("version = 3\n{RUNTIMES}.runc.options.SystemdCgroup = true\n");
        given(&config)
            .add_with("a", &["runtime_type=io.containerd.runc.v2"])
            .produces(&format!(
                "{config}\n# containerd-edit v1 owner=manual\n\
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.a]\n  \
                 runtime_type = \"io.containerd.runc.v2\"\n  \
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.a.options]\n    \
                 SystemdCgroup = true\n"
            ));
    }

    #[test]
    fn what_is_no_table_is_in_the_way() {
        for config in [
            "version = 3\nplugins = 1\n".to_owned(),
            format!("version = 3\n{RUNTIMES} = []\n"),
            format!("version = 3\n[[{RUNTIMES}.a]]\n"),
            format!("version = 3\n{RUNTIMES}.a = 'x'\n"),
            format!("version = 3\n[[{RUNTIMES}.a.runtime_type]]\n"),
        ] {
            let error = given(&config).add("a").is_refused();
            assert_eq!(error.code(), Code::WrongType, "{config}");
        }
    }
}
