//! Where each key may stand, and what values it takes.

pub(super) const CRI: &str = "plugins/io.containerd.grpc.v1.cri";
pub(super) const RUNTIME: &str = "plugins/io.containerd.cri.v1.runtime";
pub(super) const IMAGES: &str = "plugins/io.containerd.cri.v1.images";

/// A key, or a few that a release moves as one.
pub(super) struct Row {
    pub(super) values: [&'static str; 3],
    /// Whether 2.x moves the whole table that the key is in.
    pub(super) is_moved_as_table: bool,
    /// Its places: the table and the key.
    pub(super) places: &'static [(&'static str, &'static str)],
}

const fn row(
    values: [&'static str; 3],
    is_moved_as_table: bool,
    places: &'static [(&'static str, &'static str)],
) -> Row {
    Row {
        values,
        is_moved_as_table,
        places,
    }
}

const BOOL: [&str; 3] = ["true", "false", "true"];
const TEXT: [&str; 3] = ["'/a'", "'/b'", "'/c'"];
pub(super) const LIST: &str = "unpack_config";
const NUMBER: [&str; 3] = ["5", "6", "7"];

/// The rows that are ambiguous, have no place in some version, or move more than the key; and a few of
/// each other kind. The oldest spelling comes first.
pub(super) const ROWS: &[Row] = &[
    row(
        TEXT,
        false,
        &[
            ("plugins/cri", "sandbox_image"),
            ("{CRI}", "sandbox_image"),
            ("{IMAGES}/pinned_images", "sandbox"),
        ],
    ),
    row(TEXT, false, &[("{IMAGES}/pinned_images", "other")]),
    row(
        TEXT,
        true,
        &[
            ("plugins/cri/registry", "config_path"),
            ("{CRI}/registry", "config_path"),
            ("{IMAGES}/registry", "config_path"),
        ],
    ),
    row(
        ["['a']", "['b']", "['c']"],
        true,
        &[
            ("plugins/cri/registry/headers", "x"),
            ("{CRI}/registry/headers", "x"),
            ("{IMAGES}/registry/headers", "x"),
        ],
    ),
    row(
        TEXT,
        true,
        &[
            ("plugins/cri/registry/configs/x/tls", "ca_file"),
            ("{CRI}/registry/configs/x/tls", "ca_file"),
            ("{IMAGES}/registry/configs/x/tls", "ca_file"),
        ],
    ),
    row(
        TEXT,
        true,
        &[
            ("plugins/cri/image_decryption", "key_model"),
            ("{CRI}/image_decryption", "key_model"),
            ("{IMAGES}/image_decryption", "key_model"),
        ],
    ),
    row(
        NUMBER,
        false,
        &[
            ("plugins/cri", "max_concurrent_downloads"),
            ("{CRI}", "max_concurrent_downloads"),
            ("{IMAGES}", "max_concurrent_downloads"),
        ],
    ),
    row(
        NUMBER,
        false,
        &[
            ("plugins/cri", "stats_collect_period"),
            ("{CRI}", "stats_collect_period"),
            ("{IMAGES}", "stats_collect_period"),
        ],
    ),
    row(
        ["'overlayfs'", "'native'", "'overlayfs'"],
        false,
        &[
            ("plugins/cri/containerd", "snapshotter"),
            ("{CRI}/containerd", "snapshotter"),
            ("{IMAGES}", "snapshotter"),
        ],
    ),
    row(
        BOOL,
        false,
        &[
            ("plugins/cri/containerd", "discard_unpacked_layers"),
            ("{CRI}/containerd", "discard_unpacked_layers"),
            ("{IMAGES}", "discard_unpacked_layers"),
        ],
    ),
    row(
        TEXT,
        false,
        &[
            ("plugins/cri/cni", "bin_dir"),
            ("{CRI}/cni", "bin_dir"),
            ("{RUNTIME}/cni", "bin_dir"),
        ],
    ),
    row(
        ["['/a']", "['/b']", "['/c']"],
        false,
        &[
            ("plugins/cri/cni", "bin_dirs"),
            ("{CRI}/cni", "bin_dirs"),
            ("{RUNTIME}/cni", "bin_dirs"),
        ],
    ),
    row(
        NUMBER,
        false,
        &[
            ("plugins/cri/cni", "max_conf_num"),
            ("{CRI}/cni", "max_conf_num"),
            ("{RUNTIME}/cni", "max_conf_num"),
        ],
    ),
    row(
        TEXT,
        false,
        &[
            ("plugins/cri", "stream_server_address"),
            ("{CRI}", "stream_server_address"),
        ],
    ),
    row(
        BOOL,
        false,
        &[
            ("plugins/cri", "enable_cdi"),
            ("{CRI}", "enable_cdi"),
            ("{RUNTIME}", "enable_cdi"),
        ],
    ),
    row(BOOL, false, &[("{IMAGES}", "use_local_image_pull")]),
    row(
        BOOL,
        false,
        &[
            ("plugins/cri", "systemd_cgroup"),
            ("{CRI}", "systemd_cgroup"),
            ("{RUNTIME}", "systemd_cgroup"),
        ],
    ),
    row(
        BOOL,
        true,
        &[
            ("plugins/cgroups", "no_prometheus"),
            ("plugins/io.containerd.monitor.v1.cgroups", "no_prometheus"),
            (
                "plugins/io.containerd.monitor.task.v1.cgroups",
                "no_prometheus",
            ),
        ],
    ),
    row(
        ["'1s'", "'2s'", "'3s'"],
        true,
        &[
            ("plugins/restart", "interval"),
            ("plugins/io.containerd.internal.v1.restart", "interval"),
            (
                "plugins/io.containerd.monitor.container.v1.restart",
                "interval",
            ),
        ],
    ),
    row(
        [
            "['linux/amd64']",
            "['linux/arm64']",
            "['linux/amd64', 'linux/arm64']",
        ],
        false,
        &[
            ("plugins/task", "platforms"),
            ("plugins/io.containerd.runtime.v2.task", "platforms"),
        ],
    ),
    row(
        BOOL,
        false,
        &[
            ("plugins/task", "sched_core"),
            ("plugins/io.containerd.runtime.v2.task", "sched_core"),
        ],
    ),
    row(
        ["['A=1']", "['SCHED_CORE=1']", "[]"],
        false,
        &[("plugins/io.containerd.shim.v1.manager", "env")],
    ),
    row(
        TEXT,
        false,
        &[
            ("plugins/io.containerd.runtime.v1.linux", "shim"),
            ("plugins/linux", "shim"),
        ],
    ),
    row(
        NUMBER,
        true,
        &[
            ("grpc", "uid"),
            ("plugins/io.containerd.server.v1.grpc", "uid"),
        ],
    ),
    row(
        NUMBER,
        true,
        &[
            ("grpc", "max_recv_message_size"),
            (
                "plugins/io.containerd.server.v1.grpc",
                "max_recv_message_size",
            ),
        ],
    ),
    row(
        TEXT,
        true,
        &[
            ("grpc", "tcp_address"),
            ("plugins/io.containerd.server.v1.grpc-tcp", "address"),
        ],
    ),
    row(
        NUMBER,
        true,
        &[
            ("ttrpc", "gid"),
            ("plugins/io.containerd.server.v1.ttrpc", "gid"),
        ],
    ),
    row(
        TEXT,
        true,
        &[
            ("debug", "address"),
            ("plugins/io.containerd.server.v1.debug", "address"),
        ],
    ),
    row(
        NUMBER,
        true,
        &[
            ("debug", "uid"),
            ("plugins/io.containerd.server.v1.debug", "uid"),
        ],
    ),
    row(
        ["'info'", "'debug'", "'warn'"],
        false,
        &[("debug", "level")],
    ),
    row(
        TEXT,
        true,
        &[
            ("metrics", "address"),
            ("plugins/io.containerd.server.v1.metrics", "address"),
        ],
    ),
    row(
        BOOL,
        true,
        &[
            ("metrics", "grpc_histogram"),
            (
                "plugins/io.containerd.metrics.v1.grpc-prometheus",
                "grpc_histogram",
            ),
        ],
    ),
    row(
        BOOL,
        false,
        &[("plugins/io.containerd.nri.v1.nri", "disable")],
    ),
    row(
        ["0.02", "0.5", "1.0"],
        false,
        &[
            ("plugins/scheduler", "pause_threshold"),
            ("plugins/io.containerd.gc.v1.scheduler", "pause_threshold"),
        ],
    ),
    row(
        ["'1s'", "'2s'", "'3s'"],
        false,
        &[("timeouts", "io.containerd.timeout.x")],
    ),
    row(TEXT, false, &[("proxy_plugins/stargz", "address")]),
    // A list, to which each owner adds.
    row(
        [
            "[{ platform = 'linux/amd64' }]",
            "[{ platform = 'linux/arm64' }]",
            "[{ platform = 'linux/amd64', snapshotter = 'native' }]",
        ],
        false,
        &[("plugins/io.containerd.transfer.v1.local", LIST)],
    ),
    // Plugins that nobody knows. None of the values is a table: a scalar that takes the place of an
    // inline table does not give it back. Once it does, one of these becomes a table.
    row(
        ["[{ a = 1 }]", "[[1], ['x']]", "1979-05-27T07:32:00Z"],
        false,
        &[("plugins/io.containerd.mine.v1.x", "Any Thing")],
    ),
    row(
        ["'x'", "0x1f", "-0.0"],
        false,
        &[("plugins/io.containerd.mine.v1.x/deep.er", "k")],
    ),
    // Handlers, of which each owner has its own.
    row(
        [
            "'io.containerd.kata.v2'",
            "'io.containerd.spin.v2'",
            "'io.containerd.runc.v2'",
        ],
        false,
        &[
            ("{RUNTIME}/containerd/runtimes/{OWNER}", "runtime_type"),
            ("{CRI}/containerd/runtimes/{OWNER}", "runtime_type"),
            ("plugins/cri/containerd/runtimes/{OWNER}", "runtime_type"),
        ],
    ),
    row(
        ["'overlayfs'", "'native'", "'overlayfs'"],
        false,
        &[
            ("{RUNTIME}/containerd/runtimes/{OWNER}", "snapshotter"),
            ("{CRI}/containerd/runtimes/{OWNER}", "snapshotter"),
            ("plugins/cri/containerd/runtimes/{OWNER}", "snapshotter"),
            ("{IMAGES}/runtime_platforms/{OWNER}", "snapshotter"),
        ],
    ),
    row(
        ["'podsandbox'", "'shim'", "'podsandbox'"],
        false,
        &[
            ("{RUNTIME}/containerd/runtimes/{OWNER}", "sandboxer"),
            ("{CRI}/containerd/runtimes/{OWNER}", "sandboxer"),
            ("plugins/cri/containerd/runtimes/{OWNER}", "sandboxer"),
        ],
    ),
    row(
        ["'podsandbox'", "'shim'", "'podsandbox'"],
        false,
        &[
            ("{RUNTIME}/containerd/runtimes/{OWNER}", "sandbox_mode"),
            ("{CRI}/containerd/runtimes/{OWNER}", "sandbox_mode"),
            ("plugins/cri/containerd/runtimes/{OWNER}", "sandbox_mode"),
        ],
    ),
];
