//! How a change comes to want the keys that it names.

use crate::error::Error;
use crate::toml::Literal;

use super::change::Change;
use super::handler::{Handler, HandlerName, Setting};
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
            Some(Setting::new(below, it.value.value()?))
        };
        let settings = known.iter().chain(&self.wants).filter_map(setting);
        let settings: Vec<Setting> = settings.collect();
        self.set_handler(&Handler::resolve(name.parse()?, None, settings)?);
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
        if handler.is_runc_like() && handler.setting(&driver).is_none() {
            self.takes_cgroup_driver.insert(name.to_owned());
        }
    }

    /// Sets the default handler.
    pub(crate) fn set_default(&mut self, name: &HandlerName) {
        self.set_key(&Setting::new(&["default"], name.as_str()));
    }

    /// Sets a key that is known to be right, and forgets what the change has set there before.
    pub(crate) fn set_key(&mut self, setting: &Setting) {
        for leaf in setting.clone().flattened() {
            let key = Key::spelled(leaf.path());
            if key.is_list() {
                self.want_elements(&key, leaf.value());
                continue;
            }
            self.forget(&key.path);
            self.extended.extend(key.handler_name().map(str::to_owned));
            self.wants.push(key.with(leaf.value()));
        }
    }

    fn want_elements(&mut self, list: &Key, value: &toml_edit::Value) {
        let one = [value].into_iter().filter(|it| !it.is_array());
        let all = value.as_array().into_iter().flatten();
        for element in one.chain(all) {
            let value = Literal::of(element);
            let key = Key::element(&list.path, &value);
            if self.wants.iter().all(|want| want.key != key) {
                self.wants.push(KeyValue { key, value });
            }
        }
    }

    fn forget(&mut self, path: &[String]) {
        self.wants.retain(|want| !want.key.path.starts_with(path));
    }
}
