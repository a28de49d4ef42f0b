//! What well-known runtimes want in their handler table, as data.

use super::{HandlerName, RUNC_TYPE, Setting};
use crate::want::nearest::nearest;

/// The usual settings of a well-known runtime.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    name: &'static str,
    /// What handlers of this runtime are called, too: their installers' names.
    other_names: &'static [&'static str],
    about: &'static str,
    /// With `NAME` for the handler's name, where each handler has a shim binary of its own name.
    runtime_type: &'static str,
    /// More settings, each as `KEY=VALUE`.
    settings: &'static [&'static str],
}

/// One row for each preset, in the order in which they are listed to people.
const PRESETS: &[Preset] = &[
    Preset {
        name: "kata",
        other_names: &[
            "kata-clh",
            "kata-cloud-hypervisor",
            "kata-dragonball",
            "kata-fc",
            "kata-qemu",
            "kata-qemu-cca",
            "kata-qemu-coco-dev",
            "kata-qemu-coco-dev-runtime-rs",
            "kata-qemu-nvidia-gpu",
            "kata-qemu-nvidia-gpu-snp",
            "kata-qemu-nvidia-gpu-tdx",
            "kata-qemu-runtime-rs",
            "kata-qemu-se",
            "kata-qemu-se-runtime-rs",
            "kata-qemu-sev",
            "kata-qemu-snp",
            "kata-qemu-snp-runtime-rs",
            "kata-qemu-tdx",
            "kata-qemu-tdx-runtime-rs",
            "kata-remote",
            "kata-stratovirt",
        ],
        about: "Kata Containers: pods in light virtual machines",
        runtime_type: "io.containerd.NAME.v2",
        settings: &[
            "privileged_without_host_devices=true",
            "pod_annotations=[\"io.katacontainers.*\"]",
        ],
    },
    Preset {
        name: "gvisor",
        other_names: &["runsc"],
        about: "gVisor's runsc: pods on an application kernel",
        runtime_type: "io.containerd.runsc.v1",
        settings: &[],
    },
    Preset {
        name: "crun",
        other_names: &[],
        about: "crun, an OCI runtime in C",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/crun"],
    },
    Preset {
        name: "youki",
        other_names: &[],
        about: "youki, an OCI runtime in Rust",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/youki"],
    },
    Preset {
        name: "nvidia",
        other_names: &[],
        about: "NVIDIA Container Runtime: pods with GPUs",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/nvidia-container-runtime"],
    },
    Preset {
        name: "nvidia-cdi",
        other_names: &[],
        about: "NVIDIA Container Runtime in CDI mode",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/nvidia-container-runtime.cdi"],
    },
    Preset {
        name: "nvidia-legacy",
        other_names: &[],
        about: "NVIDIA Container Runtime in legacy mode",
        runtime_type: RUNC_TYPE,
        settings: &["options.BinaryName=/usr/bin/nvidia-container-runtime.legacy"],
    },
    Preset {
        name: "spin",
        other_names: &[],
        about: "Spin applications in WebAssembly",
        runtime_type: "io.containerd.spin.v2",
        settings: &[],
    },
    Preset {
        name: "wasmtime",
        other_names: &[],
        about: "WebAssembly modules on Wasmtime (runwasi)",
        runtime_type: "io.containerd.wasmtime.v1",
        settings: &[],
    },
    Preset {
        name: "wasmedge",
        other_names: &[],
        about: "WebAssembly modules on WasmEdge (runwasi)",
        runtime_type: "io.containerd.wasmedge.v1",
        settings: &[],
    },
    Preset {
        name: "runc",
        other_names: &[],
        about: "runc itself, containerd's built-in default",
        runtime_type: RUNC_TYPE,
        settings: &[],
    },
];

impl Preset {
    /// Returns all presets, in the order in which they are shown to people.
    #[must_use]
    pub fn all() -> &'static [Self] {
        PRESETS
    }

    /// Returns the preset of this name, or the one for handlers that are usually called so.
    ///
    /// # Examples
    ///
    /// ```
    /// use containerd_edit::Preset;
    ///
    /// assert!(Preset::named("gvisor").is_some());
    /// assert_eq!(Preset::named("kata-qemu").map(Preset::name), Some("kata"));
    /// assert!(Preset::named("docker").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let mut presets = PRESETS.iter();
        presets.find(|preset| preset.all_names().any(|it| it == name))
    }

    /// Returns what to try where no preset is called `name`: the one that was meant, or all of them.
    #[must_use]
    pub fn suggestion(name: &str) -> String {
        if let Some(meant) = Self::meant(name) {
            return format!("did you mean {meant}?");
        }
        let names: Vec<&str> = PRESETS.iter().map(Self::name).collect();
        format!("the presets are {}", names.join(", "))
    }

    /// The name of a preset, or of handlers that take one, that was meant by `name`.
    pub(crate) fn meant(name: &str) -> Option<&'static str> {
        nearest(name, PRESETS.iter().flat_map(Self::all_names))
    }

    fn all_names(&self) -> impl Iterator<Item = &'static str> {
        let others = self.other_names.iter().copied();
        [self.name].into_iter().chain(others)
    }

    /// The preset's name: a handler of that name takes the preset by default, and so do others that are
    /// usual for its runtime, such as `runsc` for gVisor.
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

    #[test]
    fn each_name_is_a_handlers_and_one_presets() {
        let names: Vec<&str> = PRESETS.iter().flat_map(Preset::all_names).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(name.parse::<HandlerName>().is_ok(), "{name}");
            assert!(!names[..at].contains(name), "{name}");
        }
    }

    #[test]
    fn usual_names_take_the_preset_of_their_runtime() {
        for (handler, runtime_type) in [
            ("runsc", "io.containerd.runsc.v1"),
            ("kata-fc", "io.containerd.kata-fc.v2"),
            ("kata-qemu-snp", "io.containerd.kata-qemu-snp.v2"),
            ("nvidia-legacy", RUNC_TYPE),
        ] {
            let preset = Preset::named(handler).expect(handler);
            let settings = preset.settings(&handler.parse().expect("a name"));
            assert_eq!(
                settings[0].value().as_str(),
                Some(runtime_type),
                "{handler}"
            );
        }
        for (misspelled, meant) in [
            ("kata-quemu", "did you mean kata-qemu?"),
            ("gvizor", "did you mean gvisor?"),
            ("rnsc", "did you mean runsc?"),
        ] {
            assert_eq!(Preset::suggestion(misspelled), meant);
        }
        assert!(Preset::suggestion("docker").starts_with("the presets are kata, gvisor, "));
    }
}
