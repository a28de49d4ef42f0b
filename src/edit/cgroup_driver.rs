//! The cgroup driver that a handler of runc's type takes over: pods are unstable where two drivers
//! manage the control groups of one node.

use crate::config::Config;
use crate::config::view::Views;
use crate::toml::{Literal, Path};
use crate::want::handler::{BUILT_IN, RUNC_TYPE};
use crate::want::key::{Key, KeyValue, handler_path, old_handler_path};

use super::overridden::in_force;

pub(super) const DRIVER: [&str; 2] = ["options", "SystemdCgroup"];

/// What the files say of the node's cgroup driver, and what is asked for on top of that.
pub(super) struct Drivers<'d> {
    pub(super) config: &'d Config,
    pub(super) views: &'d Views,
    pub(super) asked: &'d [KeyValue],
}

/// The driver that new handlers take over, and from which default handler.
pub(super) struct Found {
    /// The path of the default handler that new ones stand beside.
    pub(super) default: Path,
    pub(super) driver: Option<Literal>,
    /// That `runc` uses another one.
    pub(super) warning: Option<String>,
}

impl Drivers<'_> {
    /// The driver of another default handler than `runc`, if runc runs it.
    pub(super) fn beside_runc(&self) -> Option<Literal> {
        let default = self.default_handler(&[BUILT_IN]);
        let is_it = default != handler_path(BUILT_IN) && self.is_run_by_runc(&default);
        is_it.then(|| self.driver(&default))?
    }

    /// The driver that new handlers, `new`, take over: that of the default handler if runc runs it,
    /// else that of `runc`.
    pub(super) fn found(&self, new: &[&str]) -> Found {
        let default = self.default_handler(new);
        let runc = handler_path(BUILT_IN);
        let [of_default, of_runc] = [&default, &runc].map(|handler| self.driver(handler));
        if default == runc || !self.is_run_by_runc(&default) {
            return Found {
                default,
                driver: of_runc,
                warning: self.two_spellings(&runc, new),
            };
        }
        let name = |driver: &Option<Literal>| match driver {
            Some(driver) if driver.is_true() => "systemd",
            _ => "cgroupfs",
        };
        let (used, other) = (name(&of_default), name(&of_runc));
        let is_listed = self.value(&runc, &["runtime_type"]).is_some();
        let warning = (is_listed && used != other).then(|| {
            let default = default.last().map_or(BUILT_IN, String::as_str);
            let new = new.join(", ");
            format!(
                "the default handler {default} uses the cgroup driver {used}, and runc uses {other}: \
                 {new} gets {used}; every handler needs the driver of the kubelet \
                 (`--set options.SystemdCgroup=true` for systemd)"
            )
        });
        Found {
            driver: of_default,
            warning: warning.or_else(|| self.two_spellings(&default, new)),
            default,
        }
    }

    /// That a handler has the driver in two spellings, which disagree.
    fn two_spellings(&self, handler: &[String], new: &[&str]) -> Option<String> {
        let key = Key::of_handler(handler.last()?, &DRIVER);
        let found = in_force(self.config, self.views, &key)?;
        let view = &self.views[&found.file];
        let mut place = view.place(&key.path);
        let taken = place.pop()?;
        let table = view.tree.table(&place)?;
        let value = |name: &str| view.tree.value(&[&place[..], &[name.to_owned()]].concat());
        let same = |name: &&str| *name != taken && name.eq_ignore_ascii_case(&taken);
        let mut others = table.names().filter(same);
        let other = others.find(|name| value(name).is_some_and(|it| it != found.value))?;
        Some(format!(
            "{} has options.{taken} and options.{other} with different values, and releases differ in \
             which of them they read: {} gets that of options.{taken}; remove the wrong one",
            handler.last()?,
            new.join(", ")
        ))
    }

    fn default_handler(&self, new: &[&str]) -> Path {
        let named = self.named(&Key::default_handler());
        let in_files = || Some(in_force(self.config, self.views, &Key::default_handler())?.value);
        let is_old = |name: &String| !new.contains(&name.as_str());
        // One that is there already, and is to be the default, keeps what it has.
        let is_there = |name: &String| {
            let mut says = [&["runtime_type"][..], &DRIVER].into_iter();
            says.any(|key| in_force(self.config, self.views, &Key::of_handler(name, key)).is_some())
        };
        let named = named.cloned().and_then(|it| it.as_string());
        let named = named.filter(|name| is_old(name) || is_there(name));
        let named = named.or_else(|| in_files()?.as_string().filter(is_old));
        if let Some(name) = named {
            return handler_path(&name);
        }
        let old = old_handler_path("default");
        let old = old.filter(|old| self.value(old, &["runtime_type"]).is_some());
        old.unwrap_or_else(|| handler_path(BUILT_IN))
    }

    fn is_run_by_runc(&self, handler: &[String]) -> bool {
        let kind = self.value(handler, &["runtime_type"]);
        kind.and_then(|kind| kind.as_string()).as_deref() == Some(RUNC_TYPE)
    }

    fn driver(&self, handler: &[String]) -> Option<Literal> {
        let driver = self.value(handler, &DRIVER);
        driver.filter(|it| it.as_bool().is_some())
    }

    /// The value that a handler's key is to have, or else has.
    fn value(&self, handler: &[String], key: &[&str]) -> Option<Literal> {
        let key = key.iter().map(ToString::to_string);
        let path: Path = handler.iter().cloned().chain(key).collect();
        let key = Key::new(&path);
        let in_files = || Some(in_force(self.config, self.views, &key)?.value);
        self.named(&key).cloned().or_else(in_files)
    }

    fn named(&self, key: &Key) -> Option<&Literal> {
        let asked = self.asked.iter().find(|it| it.key == *key);
        asked.map(|it| &it.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_driver_are_named_where_they_disagree() {
        let runc = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc";
        let text = format!(
            "version = 3\n{runc}]\nruntime_type = '{RUNC_TYPE}'\n{runc}.options]\n\
             SystemdCgroup = true\nsystemdCgroup = "
        );
        for (other, is_said) in [("true", false), ("false", true)] {
            let text = format!("{text}{other}\n");
            let config = Config::new("/c/config.toml", Some(&text)).expect("TOML");
            let drivers = Drivers {
                config: &config,
                views: &config.views(),
                asked: &[],
            };
            let found = drivers.found(&["crun"]);
            assert!(found.driver.as_ref().is_some_and(|it| it.is_true()));
            let said = "runc has options.SystemdCgroup and options.systemdCgroup with different \
                        values, and releases differ in which of them they read: crun gets that of \
                        options.SystemdCgroup; remove the wrong one";
            assert_eq!(found.warning.as_deref(), is_said.then_some(said));
        }
    }
}
