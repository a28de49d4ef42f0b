//! How a change comes to want the keys that it names.

use crate::error::{Code, Error};
use crate::toml::Value;

use super::change::Change;
use super::handler::{Handler, HandlerName, Preset, RUNC_TYPE, Setting};
use super::key::{Key, KeyValue, handler_path};

impl Change {
    /// Wants all of a handler: what `known` says of it, or else the preset of its name, and on top of
    /// that what the change says.
    ///
    /// # Errors
    ///
    /// What the name and [`Handler::resolve`] return.
    pub(crate) fn complete(&mut self, name: &str, known: &[KeyValue]) -> Result<(), Error> {
        let handler = handler_path(name);
        let setting = |it: &KeyValue| {
            let below = it.key.path.strip_prefix(handler.as_slice())?;
            Some(Setting::new(below, Value::clone(&it.value)))
        };
        let settings = known.iter().chain(&self.wants).filter_map(setting);
        let settings: Vec<Setting> = settings.collect();
        self.set_handler(&Handler::overriding(name.parse()?, None, settings)?);
        Ok(())
    }

    /// Sets the keys of a handler, and forgets what the change has set there before.
    pub(crate) fn set_handler(&mut self, handler: &Handler) {
        let name = handler.name().as_str();
        self.forget(&handler_path(name));
        for setting in handler.settings() {
            let key = Key::of_handler(name, setting.path());
            self.wants.push(key.with(setting.value()));
        }
        self.takes_cgroup_driver.remove(name);
        let driver = ["options", "SystemdCgroup"];
        let is_runc_like = handler.text(&["runtime_type"]) == Some(RUNC_TYPE);
        if is_runc_like && handler.setting(&driver).is_none() {
            self.takes_cgroup_driver.insert(name.to_owned());
        }
    }

    /// Sets the default handler.
    pub(crate) fn set_default(&mut self, name: &HandlerName) {
        self.set_key(&Setting::new(&["default"], name.as_str()));
    }

    /// Wants all of the handlers of which a setting names no key, as in `handlers.kata={}`.
    pub(crate) fn set_bare_handlers(&mut self, setting: &Setting) -> Result<(), Error> {
        let named: Vec<(&str, &Value)> = match setting.path() {
            [form, name] if form == "handlers" => vec![(name, setting.value())],
            [form] if form == "handlers" => setting.value().entries(),
            _ => Vec::new(),
        };
        for (name, keys) in named {
            if !keys.leaves().is_empty() {
                continue;
            }
            self.complete(name, &[])
                .map_err(|error| match error.code() {
                    Code::NoRuntimeType => error.with_hint(format!(
                        "say what runs it with handlers.{name}.runtime_type=…; {}",
                        Preset::suggestion(name)
                    )),
                    _ => error,
                })?;
        }
        Ok(())
    }

    /// Sets a key that is known to be right, and forgets what the change has set there before.
    pub(crate) fn set_key(&mut self, setting: &Setting) {
        for leaf in setting.clone().flattened() {
            let key = Key::spelled(leaf.path());
            if key.is_list() {
                for element in key.elements(leaf.value()) {
                    if self.wants.iter().all(|want| want.key != element.key) {
                        self.wants.push(element);
                    }
                }
                continue;
            }
            self.forget(&key.path);
            self.extended.extend(key.handler_name().map(str::to_owned));
            self.wants.push(key.with(leaf.value()));
        }
    }

    fn forget(&mut self, path: &[String]) {
        self.wants.retain(|want| !want.key.path.starts_with(path));
    }
}
