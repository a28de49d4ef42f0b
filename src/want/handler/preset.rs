//! What well-known runtimes want in their handler table, as data.

use super::{HandlerName, Setting};

/// The usual settings of a well-known runtime.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    name: &'static str,
    about: &'static str,
    /// With `NAME` for the handler's name, where each handler has a shim binary of its own name.
    runtime_type: &'static str,
    /// More settings, each as `KEY=VALUE`.
    settings: &'static [&'static str],
}

/// The shim type of runc and of what behaves like it.
pub(crate) const RUNC_TYPE: &str = "io.containerd.runc.v2";

/// One row for each preset, in the order in which they are listed to people.
const PRESETS: &[Preset] = &[
    Preset {
        name: "kata",
        about: "Kata Containers: pods in light virtual machines",
        runtime_type: "io.containerd.NAME.v2",
        settings: &[
            "privileged_without_host_devices=true",
            "pod_annotations=[\"io.katacontainers.*\"]",
        ],
    },
    Preset {
        name: "gvisor",
        about: "gVisor's runsc: pods on an application kernel",
        runtime_type: "io.containerd.runsc.v1",
        settings: &[],
    },
    Preset {
        name: "crun",
        about: "crun, an OCI runtime in C",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/crun"],
    },
    Preset {
        name: "youki",
        about: "youki, an OCI runtime in Rust",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/youki"],
    },
    Preset {
        name: "nvidia",
        about: "NVIDIA Container Runtime: pods with GPUs",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/nvidia-container-runtime"],
    },
    Preset {
        name: "spin",
        about: "Spin applications in WebAssembly",
        runtime_type: "io.containerd.spin.v2",
        settings: &[],
    },
    Preset {
        name: "wasmtime",
        about: "WebAssembly modules on Wasmtime (runwasi)",
        runtime_type: "io.containerd.wasmtime.v1",
        settings: &[],
    },
    Preset {
        name: "wasmedge",
        about: "WebAssembly modules on WasmEdge (runwasi)",
        runtime_type: "io.containerd.wasmedge.v1",
        settings: &[],
    },
    Preset {
        name: "runc",
        about: "runc itself, containerd's built-in default",
        runtime_type: RUNC_TYPE,
        settings: &[],
    },
];

impl Preset {
    /// Returns the names of all presets with commas between them, for messages.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<&str> = PRESETS.iter().map(Self::name).collect();
        names.join(", ")
    }

    /// Returns all presets, in the order in which they are shown to people.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PRESETS
    }

    /// Returns the preset of this name, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use containerd_edit::Preset;
    ///
    /// assert!(Preset::named("gvisor").is_some());
    /// assert!(Preset::named("docker").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The preset's name: a handler of that name takes the preset by default.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the runtime is, in a few words.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The settings that the preset gives to a handler of this name.
    pub(super) fn settings(&self, handler: &HandlerName) -> Vec<Setting> {
        let runtime_type = self.runtime_type.replace("NAME", handler.as_str());
        let runtime_type = Setting::new(&["runtime_type"], runtime_type);
        let others = self.settings.iter();
        // Each of them is a setting: a test holds it.
        let others = others.filter_map(|setting| setting.parse().ok());
        [runtime_type].into_iter().chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_presets_set_are_settings() {
        for preset in PRESETS {
            let name = preset.name.parse().expect("preset names are handler names");
            let settings = preset.settings(&name).len();
            assert_eq!(settings, 1 + preset.settings.len(), "{}", preset.name);
        }
    }
}
