//! Runtime handlers as plain data: names, settings, presets.

mod name;
mod preset;
mod schema;
pub(super) mod setting;

use crate::error::{Code, Error};

use super::mistake;
use super::statements::check_agreement;

pub(crate) use crate::containerd::{BUILT_IN, RUNC_TYPE};

pub(crate) use self::name::drop_in_of;
pub use self::name::{HandlerName, Owner};
pub use self::preset::Preset;
pub(crate) use self::schema::{known, options, shim_binary};
pub use self::setting::Setting;

/// A runtime handler: its name and the keys that its table has to have.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Handler, Preset};
///
/// let crun = Handler::from_preset("crun".parse()?, Preset::named("crun").expect("a preset"))
///     .with("options.BinaryName=/opt/crun/bin/crun".parse()?)?;
/// assert_eq!(crun.settings().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Handler {
    name: HandlerName,
    settings: Vec<Setting>,
}

impl Handler {
    /// A handler with its shim's type, such as `io.containerd.runc.v2`, or the absolute path of a
    /// shim binary.
    #[must_use]
    pub fn new(name: HandlerName, runtime_type: &str) -> Self {
        let settings = vec![Setting::new(&["runtime_type"], runtime_type)];
        Self { name, settings }
    }

    /// A handler with the settings of a preset.
    #[must_use]
    pub fn from_preset(name: HandlerName, preset: &Preset) -> Self {
        let settings = preset.settings(&name);
        Self { name, settings }
    }

    /// Builds a handler from an optional preset and settings that override it.
    ///
    /// Without `preset`, the one for the handler's own name is taken, if there is one and the settings
    /// do not say which shim runs the handler.
    ///
    /// # Errors
    ///
    /// [`Code::NoRuntimeType`] if neither a preset nor the settings say which shim runs
    /// the handler, [`Code::Usage`] if two settings contradict each other, and what [`Handler::with`]
    /// returns.
    pub fn resolve(
        name: HandlerName,
        preset: Option<&Preset>,
        settings: impl IntoIterator<Item = Setting>,
    ) -> Result<Self, Error> {
        let settings: Vec<Setting> = settings.into_iter().collect();
        let handler = Self::overriding(name, preset, settings.clone())?;
        check_agreement(&settings)?;
        Ok(handler)
    }

    /// The same, where a later setting of a key replaces an earlier one.
    pub(crate) fn overriding(
        name: HandlerName,
        preset: Option<&Preset>,
        settings: Vec<Setting>,
    ) -> Result<Self, Error> {
        let is_told = settings.iter().any(|it| it.path == ["runtime_type"]);
        let of_name = || Preset::named(name.as_str()).filter(|_| !is_told);
        let known = preset.or_else(of_name).map(|it| it.settings(&name));
        let handler = Self::given(name, known.into_iter().flatten().chain(settings))?;
        if handler.text(&["runtime_type"]).is_none_or(str::is_empty) {
            let name = handler.name.as_str();
            let message = format!("no preset is called {name:?}, and runtime_type is not set");
            let hint = format!(
                "take a preset with --preset, or say what runs it with --set runtime_type=…; {}",
                Preset::suggestion(name)
            );
            return Err(Error::new(Code::NoRuntimeType, message, hint));
        }
        Ok(handler)
    }

    /// A handler of which nothing but this is given.
    ///
    /// # Errors
    ///
    /// What [`Handler::with`] returns.
    pub(crate) fn given(
        name: HandlerName,
        settings: impl IntoIterator<Item = Setting>,
    ) -> Result<Self, Error> {
        let handler = Self {
            name,
            settings: Vec::new(),
        };
        settings.into_iter().try_fold(handler, Self::with)
    }

    /// Adds a setting; one of the same key is replaced. A table counts key by key.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] if handlers have no such key, if the value is of another type, if it is set both
    /// as a value and as a table, or if some containerd release can't parse the value.
    pub fn with(mut self, setting: Setting) -> Result<Self, Error> {
        let above = ["handlers", self.name.as_str()];
        mistake::refuse(&above, &setting.path, &setting.value)?;
        for leaf in setting.flattened() {
            let is_same = |known: &&mut Setting| known.path == leaf.path;
            if let Some(known) = self.settings.iter_mut().find(is_same) {
                known.value = leaf.value;
                continue;
            }
            let is_above = |one: &Setting, other: &Setting| other.path.starts_with(&one.path);
            let mut known = self.settings.iter();
            let table = known.find_map(|known| match known {
                _ if is_above(known, &leaf) => Some(known),
                _ => is_above(&leaf, known).then_some(&leaf),
            });
            if let Some(table) = table.map(Setting::key) {
                let message = format!("{table} is set both as a value and as a table");
                return Err(setting::wrong(message));
            }
            self.settings.push(leaf);
        }
        // The type comes first: people look for it there.
        let first = ["runtime_type", "runtime_path"];
        self.settings.sort_by_key(|setting| {
            let rank = first.iter().position(|key| setting.path == [*key]);
            rank.unwrap_or(first.len() + setting.path.len().min(2))
        });
        Ok(self)
    }

    /// The handler's name.
    #[must_use]
    pub fn name(&self) -> &HandlerName {
        &self.name
    }

    /// The settings, `runtime_type` first and those of sub-tables last.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The string that is set at `path`.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.setting(path)?.value.as_str()
    }

    /// The setting at `path`.
    pub(crate) fn setting(&self, path: &[&str]) -> Option<&Setting> {
        let mut settings = self.settings.iter();
        settings.find(|setting| setting.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(setting: &str) -> Result<Handler, Error> {
        Handler::new("a".parse()?, "t").with(setting.parse()?)
    }

    #[test]
    fn what_some_release_can_not_parse_is_refused() {
        for bad in [
            "options.x=1979-05-27",
            "options.x=[nan]",
            "options.x=-inf",
            "options.x=[1979-05-27T07:32:60Z]",
            "options.\"a'\\\"b\"=1",
            "options.x=[{\"\\\"\\n\" = 1}]",
        ] {
            let error = with(bad);
            assert!(error.is_err(), "{bad}: {error:?}");
        }
        for good in [
            "options.x=1979-05-27T07:32:00",
            "options.x=07:32:00",
            "options.'a\"b'=1",
            "options.\"a'b\"=1",
        ] {
            assert!(with(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn keys_are_known_and_have_their_type() {
        for bad in [
            "runtime_type=5",
            "pod_annotations=5",
            "pod_annotations=[1]",
            "cni_max_conf_num=1.0",
            "options=5",
            "options.SystemdCgroup=yes",
            "options.systemdcgroup=yes",
            "options={SystemdCgroup = 1}",
            "privileged_without_host_devices=\"true\"",
            "snapshotter.x=1",
            "x=1",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_that_is_misspelled_or_misplaced_is_named_as_it_should_be() {
        for (setting, hint) in [
            ("runtme_type=t", "did you mean runtime_type?"),
            ("Snapshotter=nydus", "did you mean snapshotter?"),
            (
                "option.SystemdCgroup=true",
                "did you mean options.SystemdCgroup?",
            ),
            ("SystemdCgroup=true", "did you mean options.SystemdCgroup?"),
            (
                "preset=crun",
                "it is a key of patch files, and the option --preset of the verb add",
            ),
        ] {
            assert_eq!(with(setting).expect_err(setting).hint(), hint);
        }
    }

    #[test]
    fn a_setting_can_not_be_a_value_and_a_table() {
        let handler = Handler::new("a".parse().expect("a name"), "t");
        let handler = handler
            .with("options.x=1".parse().expect("a setting"))
            .expect("fits");
        let error = handler
            .with("options.x.y=1".parse().expect("a setting"))
            .expect_err("clash");
        assert_eq!(
            error.to_string(),
            "options.x is set both as a value and as a table"
        );
    }

    #[test]
    fn settings_override_presets_and_the_type_stays_first() {
        let settings = [
            "snapshotter=nydus",
            "runtime_type=io.containerd.kata-qemu.v2",
        ];
        let settings = settings.map(|text| text.parse().expect("a setting"));
        let handler = Handler::resolve(
            "kata-qemu".parse().expect("a name"),
            Preset::named("kata"),
            settings,
        );
        let handler = handler.expect("resolves");
        let keys: Vec<String> = handler.settings().iter().map(Setting::key).collect();
        assert_eq!(
            keys,
            [
                "runtime_type",
                "privileged_without_host_devices",
                "pod_annotations",
                "snapshotter"
            ]
        );
        assert_eq!(
            handler.text(&["runtime_type"]),
            Some("io.containerd.kata-qemu.v2")
        );
    }

    #[test]
    fn an_unknown_name_needs_a_type() {
        let name: HandlerName = "mine".parse().expect("a name");
        assert!(Handler::resolve(name.clone(), None, []).is_err());
        let settings = ["runtime_type=io.containerd.runc.v2"
            .parse()
            .expect("a setting")];
        assert!(Handler::resolve(name, None, settings).is_ok());
    }

    #[test]
    fn every_preset_keeps_to_the_schema() {
        for preset in Preset::all() {
            let name = preset
                .name()
                .parse()
                .expect("preset names are handler names");
            for setting in preset.settings(&name) {
                let key = setting.key();
                assert!(known(setting.path()).is_some(), "{} {key}", preset.name());
                let handler = Handler::new(name.clone(), "t").with(setting);
                assert!(handler.is_ok(), "{} {key}", preset.name());
            }
        }
    }
}
