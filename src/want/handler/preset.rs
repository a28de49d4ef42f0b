//! What well-known runtimes want in their handler table, as data.

use toml_edit::Value;

use super::{HandlerName, Setting};

/// The usual settings of a well-known runtime.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    name: &'static str,
    about: &'static str,
    runtime_type: RuntimeType,
    settings: &'static [(&'static [&'static str], Known)],
}

#[derive(Debug, Clone, Copy)]
enum RuntimeType {
    Fixed(&'static str),
    /// `io.containerd.<handler name>.v2`: each handler has a shim binary of its own name.
    NamedLikeHandler,
}

#[derive(Debug, Clone, Copy)]
enum Known {
    Text(&'static str),
    TextList(&'static [&'static str]),
    Boolean(bool),
}

const RUNC: RuntimeType = RuntimeType::Fixed("io.containerd.runc.v2");

/// One row for each preset, in the order in which they are listed to people.
const PRESETS: &[Preset] = &[
    Preset {
        name: "kata",
        about: "Kata Containers: pods in light virtual machines",
        runtime_type: RuntimeType::NamedLikeHandler,
        settings: &[
            (&["privileged_without_host_devices"], Known::Boolean(true)),
            (
                &["pod_annotations"],
                Known::TextList(&["io.katacontainers.*"]),
            ),
        ],
    },
    Preset {
        name: "gvisor",
        about: "gVisor's runsc: pods on an application kernel",
        runtime_type: RuntimeType::Fixed("io.containerd.runsc.v1"),
        settings: &[],
    },
    Preset {
        name: "crun",
        about: "crun, an OCI runtime in C",
        runtime_type: RUNC,
        settings: &[(&["options", "BinaryName"], Known::Text("/usr/bin/crun"))],
    },
    Preset {
        name: "youki",
        about: "youki, an OCI runtime in Rust",
        runtime_type: RUNC,
        settings: &[(&["options", "BinaryName"], Known::Text("/usr/bin/youki"))],
    },
    Preset {
        name: "nvidia",
        about: "NVIDIA Container Runtime: pods with GPUs",
        runtime_type: RUNC,
        settings: &[(
            &["options", "BinaryName"],
            Known::Text("/usr/bin/nvidia-container-runtime"),
        )],
    },
    Preset {
        name: "spin",
        about: "Spin applications in WebAssembly",
        runtime_type: RuntimeType::Fixed("io.containerd.spin.v2"),
        settings: &[],
    },
    Preset {
        name: "wasmtime",
        about: "WebAssembly modules on Wasmtime (runwasi)",
        runtime_type: RuntimeType::Fixed("io.containerd.wasmtime.v1"),
        settings: &[],
    },
    Preset {
        name: "wasmedge",
        about: "WebAssembly modules on WasmEdge (runwasi)",
        runtime_type: RuntimeType::Fixed("io.containerd.wasmedge.v1"),
        settings: &[],
    },
    Preset {
        name: "runc",
        about: "runc itself, containerd's built-in default",
        runtime_type: RUNC,
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
        let runtime_type = match self.runtime_type {
            RuntimeType::Fixed(name) => name.to_owned(),
            RuntimeType::NamedLikeHandler => format!("io.containerd.{handler}.v2"),
        };
        let mut settings = vec![Setting::new(&["runtime_type"], runtime_type)];
        settings.extend(
            self.settings
                .iter()
                .map(|(path, value)| Setting::new(path, *value)),
        );
        settings
    }
}

impl From<Known> for Value {
    fn from(known: Known) -> Self {
        match known {
            Known::Text(text) => text.into(),
            Known::Boolean(boolean) => boolean.into(),
            Known::TextList(list) => Self::Array(list.iter().copied().collect()),
        }
    }
}
