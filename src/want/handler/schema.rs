//! The keys of a runtime handler that containerd knows, and their types.
//!
//! From `Runtime` in containerd's `internal/cri/config/config.go` (`pkg/cri/config` in 1.x) and
//! the runc shim's `Options` in `api/types/runc/options/oci.proto`.

use toml_edit::Value;

/// The type of a handler's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    TextList,
    Integer,
    Boolean,
    Table,
}

const HANDLER_KEYS: &[(&str, Type)] = &[
    ("runtime_type", Type::Text),
    ("runtime_path", Type::Text),
    ("runtime_engine", Type::Text),
    ("runtime_root", Type::Text),
    ("base_runtime_spec", Type::Text),
    ("cni_conf_dir", Type::Text),
    ("cni_max_conf_num", Type::Integer),
    ("snapshotter", Type::Text),
    ("sandbox_mode", Type::Text),
    ("sandboxer", Type::Text),
    ("io_type", Type::Text),
    ("pod_annotations", Type::TextList),
    ("container_annotations", Type::TextList),
    ("privileged_without_host_devices", Type::Boolean),
    (
        "privileged_without_host_devices_all_devices_allowed",
        Type::Boolean,
    ),
    ("cgroup_writable", Type::Boolean),
    ("disable_pause_image_pull", Type::Boolean),
    ("options", Type::Table),
];

const OPTION_KEYS: &[(&str, Type)] = &[
    ("BinaryName", Type::Text),
    ("ConfigPath", Type::Text),
    ("CriuImagePath", Type::Text),
    ("CriuPath", Type::Text),
    ("CriuWorkPath", Type::Text),
    ("IoGid", Type::Integer),
    ("IoUid", Type::Integer),
    ("NoNewKeyring", Type::Boolean),
    ("NoPivotRoot", Type::Boolean),
    ("Root", Type::Text),
    ("ShimCgroup", Type::Text),
    ("SystemdCgroup", Type::Boolean),
    ("TypeUrl", Type::Text),
];

impl Type {
    /// The type of the key at `path` below a handler; `None` for one that is not known. containerd
    /// 2.x does not mind the case of letters.
    pub(crate) fn of(path: &[String]) -> Option<Self> {
        known(path).map(|(_, kind)| kind)
    }

    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_str(),
            Self::TextList => value
                .as_array()
                .is_some_and(|array| array.iter().all(Value::is_str)),
            Self::Integer => value.is_integer(),
            Self::Boolean => value.is_bool(),
            Self::Table => value.is_inline_table(),
        }
    }

    /// What is wanted, with an example.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a string, as in \"text\"",
            Self::TextList => "an array of strings, as in [\"io.example.*\"]",
            Self::Integer => "an integer, as in 5",
            Self::Boolean => "true or false",
            Self::Table => "a table, as in { SystemdCgroup = true }",
        }
    }
}

/// Whether containerd is known to read the key at `path` below a handler.
pub(crate) fn is_known(path: &[String]) -> bool {
    known(path).is_some()
}

/// The names of a handler's keys.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    HANDLER_KEYS.iter().map(|(name, _)| *name)
}

/// The name of the key at `path` as it should be spelled, and its type.
pub(crate) fn known(path: &[String]) -> Option<(&'static str, Type)> {
    let (keys, name) = match path {
        [key] => (HANDLER_KEYS, key),
        [table, key] if table.eq_ignore_ascii_case("options") => (OPTION_KEYS, key),
        _ => return None,
    };
    let mut keys = keys.iter().copied();
    keys.find(|(known, _)| known.eq_ignore_ascii_case(name))
}
