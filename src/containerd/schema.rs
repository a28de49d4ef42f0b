//! The keys of containerd's configuration, with their types and the releases that read them.
//!
//! Taken from what `containerd config default` prints on 1.6.20, 1.7.24, 1.7.34, 2.0.10, 2.1.9,
//! 2.2.7 and 2.3.4, and from `cmd/containerd/server/config/config.go` and
//! `internal/cri/config/config.go` (in 1.x `services/server/config/config.go` and
//! `pkg/cri/config/config.go`) for what these leave out.

use super::plugin::{self, OLD_CRI};
use super::release::{ALL, END, FROM_1_7, FROM_2_1, ONE, ONE_7, Release, Releases, TWO};
use super::shape::Field;
use super::shape::Shape::{
    self, Any, Boolean, Duration, Embedded, Float, HandedOn, Integer, List, Map, Nanoseconds,
    Table, Text, TextList,
};

/// Plugins of Go are gone since 2.1.
const UP_TO_2_0: Releases = Releases::between(Release::new(0, 0, 0), Release::new(2, 1, 0));
/// Since 1.6.30 the time to drain an exec's output is limited (containerd#9768).
pub(super) const DRAINS: Releases = Releases::between(Release::new(1, 6, 30), END);

/// Since 1.7.26 a pull can sync its filesystem.
const SYNCS: Releases = Releases::between(Release::new(1, 7, 26), END);

/// Whether a path leads to a key of the file, as far as its own tables go.
pub(super) fn is_of_file<'p>(mut path: impl Iterator<Item = &'p str>) -> bool {
    let below = |shape, name: &str| match shape {
        Table(fields) => {
            let mut fields = fields.iter();
            let known = fields.find(|Field(known, ..)| known.eq_ignore_ascii_case(name));
            known.map(|Field(_, shape, _)| *shape)
        }
        Map(shape) => Some(*shape),
        // Its own tables end here.
        _ => Some(Any),
    };
    path.try_fold(FILE, below).is_some()
}

/// The keys of the table at a key.
pub(super) fn fields_at(fields: &[Field], name: &str) -> &'static [Field] {
    let found = fields.iter().find(|Field(known, ..)| *known == name);
    found.map_or(&[], |Field(_, shape, _)| shape.fields())
}

/// The file itself.
pub(super) const FILE: Shape = Table(&[
    Field("version", Integer, ALL),
    Field("root", Text, ALL),
    Field("state", Text, ALL),
    Field("temp", Text, ALL),
    Field("plugin_dir", Text, UP_TO_2_0),
    Field("oom_score", Integer, ALL),
    Field("imports", TextList, ALL),
    Field("disabled_plugins", TextList, ALL),
    Field("required_plugins", TextList, ALL),
    Field("timeouts", Map(&Text), ALL),
    Field("cgroup", Table(&[Field("path", Text, ALL)]), ALL),
    Field("debug", DEBUG, ALL),
    Field("grpc", GRPC, ALL),
    Field("ttrpc", TTRPC, ALL),
    Field("metrics", METRICS, ALL),
    Field("proxy_plugins", Map(&PROXY_PLUGIN), ALL),
    Field("stream_processors", Map(&STREAM_PROCESSOR), ALL),
    // 1.x keeps each plugin's part as a table until the plugin decodes it; 2.x keeps anything.
    Field("plugins", Map(&Map(&Any)), ONE),
    Field("plugins", Map(&Any), TWO),
]);

/// How the daemon logs, and its debug socket.
pub(super) const DEBUG: Shape = Table(&[
    Field("address", Text, ALL),
    Field("uid", Integer, ALL),
    Field("gid", Integer, ALL),
    Field("level", Text, ALL),
    Field("format", Text, ALL),
    Field("log_trace_id", Boolean, Releases::from(2, 3)),
]);

const GRPC: Shape = Table(&[
    Field("address", Text, ALL),
    Field("tcp_address", Text, ALL),
    Field("tcp_tls_ca", Text, ALL),
    Field("tcp_tls_cert", Text, ALL),
    Field("tcp_tls_key", Text, ALL),
    Field("tcp_tls_common_name", Text, Releases::from(2, 2)),
    Field("uid", Integer, ALL),
    Field("gid", Integer, ALL),
    Field("max_recv_message_size", Integer, ALL),
    Field("max_send_message_size", Integer, ALL),
]);

const TTRPC: Shape = Table(&[
    Field("address", Text, ALL),
    Field("uid", Integer, ALL),
    Field("gid", Integer, ALL),
]);

const METRICS: Shape = Table(&[
    Field("address", Text, ALL),
    Field("grpc_histogram", Boolean, ALL),
]);

/// A plugin that is a program of its own.
const PROXY_PLUGIN: Shape = Table(&[
    Field("type", Text, ALL),
    Field("address", Text, ALL),
    Field("platform", Text, FROM_1_7),
    Field("exports", Map(&Text), FROM_1_7),
    Field("capabilities", TextList, FROM_1_7),
]);

const STREAM_PROCESSOR: Shape = Table(&[
    Field("accepts", TextList, ALL),
    Field("returns", Text, ALL),
    Field("path", Text, ALL),
    Field("args", TextList, ALL),
    Field("env", TextList, ALL),
]);

/// One runtime handler.
pub(super) const HANDLER: Shape = Table(&[
    Field("runtime_type", Text, ALL),
    Field("runtime_path", Text, ALL),
    Field("runtime_engine", Text, ONE),
    Field("runtime_root", Text, ONE),
    Field("base_runtime_spec", Text, ALL),
    Field("cni_conf_dir", Text, ALL),
    Field("cni_max_conf_num", Integer, ALL),
    Field("pod_annotations", TextList, ALL),
    Field("container_annotations", TextList, ALL),
    Field("privileged_without_host_devices", Boolean, ALL),
    Field(
        "privileged_without_host_devices_all_devices_allowed",
        Boolean,
        FROM_1_7,
    ),
    Field("snapshotter", Text, FROM_1_7),
    Field("sandbox_mode", Text, ONE_7),
    Field("sandboxer", Text, TWO),
    Field("io_type", Text, TWO),
    Field("cgroup_writable", Boolean, FROM_2_1),
    Field("disable_pause_image_pull", Boolean, Releases::from(2, 4)),
    Field("options", HandedOn(RUNC_OPTIONS), ALL),
]);

/// The options of runc's shim, which containerd hands on: `Options` in
/// `api/types/runc/options/oci.proto`.
const RUNC_OPTIONS: &[Field] = &[
    Field("BinaryName", Text, ALL),
    Field("ConfigPath", Text, ALL),
    Field("CriuImagePath", Text, ALL),
    Field("CriuPath", Text, ALL),
    Field("CriuWorkPath", Text, ALL),
    Field("IoGid", Integer, ALL),
    Field("IoUid", Integer, ALL),
    Field("NoNewKeyring", Boolean, ALL),
    Field("NoPivotRoot", Boolean, ALL),
    Field("Root", Text, ALL),
    Field("ShimCgroup", Text, ALL),
    Field("SystemdCgroup", Boolean, ALL),
    Field("TypeUrl", Text, ALL),
];

const CONTAINERD: Shape = Embedded(&[
    Field("default_runtime_name", Text, ALL),
    Field("runtimes", Map(&HANDLER), ALL),
    Field("ignore_blockio_not_enabled_errors", Boolean, FROM_1_7),
    Field("ignore_rdt_not_enabled_errors", Boolean, ALL),
    Field("snapshotter", Text, ONE),
    Field("default_runtime", HANDLER, ONE),
    Field("untrusted_workload_runtime", HANDLER, ONE),
    Field("no_pivot", Boolean, ONE),
    Field("disable_snapshot_annotations", Boolean, ONE),
    Field("discard_unpacked_layers", Boolean, ONE),
]);

const CNI: Shape = Embedded(&[
    Field("bin_dir", Text, ALL),
    Field("bin_dirs", TextList, FROM_2_1),
    Field("conf_dir", Text, ALL),
    Field("conf_template", Text, ALL),
    Field("ip_pref", Text, ALL),
    Field("max_conf_num", Integer, ALL),
    Field("setup_serially", Boolean, FROM_1_7),
    Field("use_internal_loopback", Boolean, TWO),
]);

const AUTH: Shape = Table(&[
    Field("username", Text, ALL),
    Field("password", Text, ALL),
    Field("auth", Text, ALL),
    Field("identitytoken", Text, ALL),
]);

const REGISTRY: Shape = Table(&[
    Field("config_path", Text, ALL),
    Field("mirrors", Map(&MIRROR), ALL),
    Field("configs", Map(&REGISTRY_CONFIG), ALL),
    Field("auths", Map(&AUTH), ALL),
    Field("headers", Map(&TextList), ALL),
]);

const MIRROR: Shape = Table(&[Field("endpoint", TextList, ALL)]);

const REGISTRY_CONFIG: Shape = Table(&[Field("auth", AUTH, ALL), Field("tls", REGISTRY_TLS, ONE)]);

const REGISTRY_TLS: Shape = Table(&[
    Field("insecure_skip_verify", Boolean, ONE),
    Field("ca_file", Text, ONE),
    Field("cert_file", Text, ONE),
    Field("key_file", Text, ONE),
]);

const DECRYPTION: &[Field] = &[Field("key_model", Text, ALL)];

const KEY_PAIR: Shape = Embedded(&[
    Field("tls_cert_file", Text, ALL),
    Field("tls_key_file", Text, ALL),
]);

/// The whole of CRI on 1.x, in one plugin; on 2.x its runtime part.
pub(super) const CRI: Shape = Table(&[
    Field("containerd", CONTAINERD, ALL),
    Field("cni", CNI, ALL),
    Field("registry", REGISTRY, ONE),
    Field("image_decryption", Embedded(DECRYPTION), ONE),
    Field("disable_tcp_service", Boolean, ONE),
    Field("stream_server_address", Text, ONE),
    Field("stream_server_port", Text, ONE),
    Field("stream_idle_timeout", Text, ONE),
    Field("enable_tls_streaming", Boolean, ONE),
    Field("x509_key_pair_streaming", KEY_PAIR, ONE),
    Field("enable_selinux", Boolean, ALL),
    Field("selinux_category_range", Integer, ALL),
    Field("sandbox_image", Text, ONE),
    Field("stats_collect_period", Integer, ONE),
    Field("systemd_cgroup", Boolean, ONE),
    Field("max_container_log_line_size", Integer, ALL),
    Field("disable_cgroup", Boolean, ONE),
    Field("disable_apparmor", Boolean, ALL),
    Field("restrict_oom_score_adj", Boolean, ALL),
    Field("max_concurrent_downloads", Integer, ONE),
    Field("disable_proc_mount", Boolean, ALL),
    Field("unset_seccomp_profile", Text, ALL),
    Field("tolerate_missing_hugetlb_controller", Boolean, ALL),
    Field("disable_hugetlb_controller", Boolean, ALL),
    Field("device_ownership_from_security_context", Boolean, ALL),
    Field("ignore_image_defined_volumes", Boolean, ALL),
    Field("netns_mounts_under_state_dir", Boolean, ALL),
    Field("enable_unprivileged_ports", Boolean, ALL),
    Field("enable_unprivileged_icmp", Boolean, ALL),
    Field("enable_cdi", Boolean, FROM_1_7),
    Field("enable_criu", Boolean, Releases::from(2, 2)),
    Field(
        "enable_experimental_restore_via_create",
        Boolean,
        Releases::between(Release::new(2, 2, 0), Release::new(2, 4, 0)),
    ),
    Field("cdi_spec_dirs", TextList, FROM_1_7),
    Field("image_pull_progress_timeout", Text, ONE_7),
    Field("image_pull_with_sync_fs", Boolean, ONE_7),
    Field("drain_exec_sync_io_timeout", Text, DRAINS),
    Field("ignore_deprecation_warnings", TextList, FROM_1_7),
    Field("stats_collect_period", Text, Releases::from(2, 3)),
    Field("stats_retention_period", Text, Releases::from(2, 3)),
]);

/// Whether CRI's first plugin has a key of this name in every version.
pub(super) fn is_of_server(name: &str) -> bool {
    SERVER_KEYS.iter().any(|Field(known, ..)| *known == name)
}

/// What CRI's first plugin has on 2.x: its server.
pub(super) const SERVER_KEYS: &[Field] = &[
    Field("disable_tcp_service", Boolean, TWO),
    Field("stream_server_address", Text, TWO),
    Field("stream_server_port", Text, TWO),
    Field("stream_idle_timeout", Text, TWO),
    Field("enable_tls_streaming", Boolean, TWO),
    Field("x509_key_pair_streaming", KEY_PAIR, TWO),
];

const RUNTIME_PLATFORM: Shape = Table(&[
    Field("platform", Text, TWO),
    Field("snapshotter", Text, TWO),
]);

/// `io.containerd.cri.v1.images`
pub(super) const IMAGES: Shape = Table(&[
    Field("snapshotter", Text, TWO),
    Field("disable_snapshot_annotations", Boolean, TWO),
    Field("discard_unpacked_layers", Boolean, TWO),
    Field("pinned_images", Map(&Text), TWO),
    Field("runtime_platforms", Map(&RUNTIME_PLATFORM), TWO),
    Field("registry", REGISTRY, TWO),
    Field("image_decryption", Table(DECRYPTION), TWO),
    Field("max_concurrent_downloads", Integer, TWO),
    Field("concurrent_layer_fetch_buffer", Integer, FROM_2_1),
    Field("image_pull_progress_timeout", Text, TWO),
    Field("image_pull_with_sync_fs", Boolean, TWO),
    Field("stats_collect_period", Integer, TWO),
    Field("use_local_image_pull", Boolean, FROM_2_1),
]);

/// The plugins of CRI, by ID.
pub(super) const CRI_PLUGINS: &[Field] = &[
    Field(OLD_CRI, CRI, ONE),
    Field(OLD_CRI, Table(SERVER_KEYS), TWO),
    Field(plugin::RUNTIME, CRI, TWO),
    Field(plugin::IMAGES, IMAGES, TWO),
];

/// What 2.x takes out of the old one for the others.
pub(super) const MIGRATED: &[Field] = &[Field(OLD_CRI, CRI, TWO)];

/// The other plugins that have keys, by ID.
#[rustfmt::skip] // A table: one plugin on a line.
pub(super) const OTHER_PLUGINS: &[Field] = &[
    Field("io.containerd.differ.v1.erofs", Table(&[Field("enable_dmverity", Boolean, Releases::from(2, 3)), Field("enable_tar_index", Boolean, Releases::from(2, 2)), Field("mkfs_options", TextList, FROM_2_1)]), FROM_2_1),
    Field("io.containerd.gc.v1.scheduler", Table(&[Field("deletion_threshold", Integer, ALL), Field("mutation_threshold", Integer, ALL), Field("pause_threshold", Float, ALL), Field("schedule_delay", Duration, ALL), Field("startup_delay", Duration, ALL)]), ALL),
    Field("io.containerd.image-verifier.v1.bindir", Table(&[Field("bin_dir", Text, TWO), Field("max_verifiers", Integer, TWO), Field("per_verifier_timeout", Duration, TWO)]), TWO),
    Field("io.containerd.internal.v1.opt", Table(&[Field("path", Text, ALL)]), ALL),
    Field("io.containerd.internal.v1.restart", Table(&[Field("interval", Duration, ONE)]), ONE),
    Field("io.containerd.internal.v1.tracing", Table(&[Field("sampling_ratio", Float, ALL), Field("service_name", Text, ALL)]), ALL),
    Field("io.containerd.metadata.v1.bolt", Table(&[Field("content_sharing_policy", Text, ALL), Field("no_sync", Boolean, FROM_2_1)]), ALL),
    Field("io.containerd.metrics.v1.grpc-prometheus", Table(&[Field("grpc_histogram", Boolean, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.monitor.container.v1.restart", Table(&[Field("interval", Duration, TWO)]), TWO),
    Field("io.containerd.monitor.task.v1.cgroups", Table(&[Field("no_prometheus", Boolean, TWO)]), TWO),
    Field("io.containerd.monitor.v1.cgroups", Table(&[Field("no_prometheus", Boolean, ONE)]), ONE),
    Field("io.containerd.mount-handler.v1.erofs", Table(&[]), Releases::from(2, 2)),
    Field("io.containerd.nri.v1.nri", Table(&[Field("default_validator", Table(&[Field("enable", Boolean, Releases::from(2, 2)), Field("reject_custom_seccomp_adjustment", Boolean, Releases::from(2, 2)), Field("reject_namespace_adjustment", Boolean, Releases::from(2, 2)), Field("reject_oci_hook_adjustment", Boolean, Releases::from(2, 2)), Field("reject_runtime_default_seccomp_adjustment", Boolean, Releases::from(2, 2)), Field("reject_sysctl_adjustment", Boolean, Releases::from(2, 2)), Field("reject_unconfined_seccomp_adjustment", Boolean, Releases::from(2, 2)), Field("required_plugins", TextList, Releases::from(2, 2)), Field("tolerate_missing_plugins_annotation", Text, Releases::from(2, 2))]), Releases::from(2, 2)), Field("disable", Boolean, FROM_1_7), Field("disable_connections", Boolean, FROM_1_7), Field("plugin_config_path", Text, FROM_1_7), Field("plugin_path", Text, FROM_1_7), Field("plugin_registration_timeout", Nanoseconds, ONE_7), Field("plugin_registration_timeout", Duration, TWO), Field("plugin_request_timeout", Nanoseconds, ONE_7), Field("plugin_request_timeout", Duration, TWO), Field("socket_path", Text, FROM_1_7)]), FROM_1_7),
    Field("io.containerd.runtime.v1.linux", Table(&[Field("no_shim", Boolean, ONE), Field("runtime", Text, ONE), Field("runtime_root", Text, ONE), Field("shim", Text, ONE), Field("shim_debug", Boolean, ONE)]), ONE),
    Field("io.containerd.runtime.v2.task", Table(&[Field("platforms", TextList, ALL), Field("sched_core", Boolean, ONE)]), ALL),
    Field("io.containerd.server.v1.debug", Table(&[Field("address", Text, Releases::from(2, 3)), Field("gid", Integer, Releases::from(2, 3)), Field("uid", Integer, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.server.v1.grpc", Table(&[Field("address", Text, Releases::from(2, 3)), Field("gid", Integer, Releases::from(2, 3)), Field("max_recv_message_size", Integer, Releases::from(2, 3)), Field("max_send_message_size", Integer, Releases::from(2, 3)), Field("uid", Integer, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.server.v1.grpc-tcp", Table(&[Field("address", Text, Releases::from(2, 3)), Field("max_recv_message_size", Integer, Releases::from(2, 3)), Field("max_send_message_size", Integer, Releases::from(2, 3)), Field("tls_ca", Text, Releases::from(2, 3)), Field("tls_cert", Text, Releases::from(2, 3)), Field("tls_common_name", Text, Releases::from(2, 3)), Field("tls_key", Text, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.server.v1.metrics", Table(&[Field("address", Text, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.server.v1.ttrpc", Table(&[Field("address", Text, Releases::from(2, 3)), Field("gid", Integer, Releases::from(2, 3)), Field("uid", Integer, Releases::from(2, 3))]), Releases::from(2, 3)),
    Field("io.containerd.service.v1.diff-service", Table(&[Field("default", TextList, ALL), Field("sync_fs", Boolean, SYNCS)]), ALL),
    Field("io.containerd.service.v1.tasks-service", Table(&[Field("blockio_config_file", Text, FROM_1_7), Field("rdt_config_file", Text, ALL)]), ALL),
    Field("io.containerd.shim.v1.manager", Table(&[Field("env", TextList, TWO), Field("socket_dir", Text, Releases::from(2, 3))]), TWO),
    Field("io.containerd.snapshotter.v1.aufs", Table(&[Field("root_path", Text, ONE)]), ONE),
    Field("io.containerd.snapshotter.v1.blockfile", Table(&[Field("fs_type", Text, FROM_1_7), Field("mount_options", TextList, FROM_1_7), Field("recreate_scratch", Boolean, TWO), Field("root_path", Text, FROM_1_7), Field("scratch_file", Text, FROM_1_7)]), FROM_1_7),
    Field("io.containerd.snapshotter.v1.btrfs", Table(&[Field("root_path", Text, ALL)]), ALL),
    Field("io.containerd.snapshotter.v1.devmapper", Table(&[Field("async_remove", Boolean, ALL), Field("base_image_size", Text, ALL), Field("discard_blocks", Boolean, ALL), Field("fs_options", Text, ALL), Field("fs_type", Text, ALL), Field("pool_name", Text, ALL), Field("root_path", Text, ALL)]), ALL),
    Field("io.containerd.snapshotter.v1.erofs", Table(&[Field("default_size", Text, Releases::from(2, 2)), Field("dmverity_mode", Text, Releases::from(2, 3)), Field("enable_fsverity", Boolean, FROM_2_1), Field("ovl_mount_options", TextList, FROM_2_1), Field("root_path", Text, FROM_2_1), Field("set_immutable", Boolean, FROM_2_1)]), FROM_2_1),
    Field("io.containerd.snapshotter.v1.native", Table(&[Field("root_path", Text, ALL)]), ALL),
    Field("io.containerd.snapshotter.v1.overlayfs", Table(&[Field("mount_options", TextList, FROM_1_7), Field("root_path", Text, ALL), Field("slow_chown", Boolean, TWO), Field("sync_remove", Boolean, FROM_1_7), Field("upperdir_label", Boolean, ALL)]), ALL),
    Field("io.containerd.snapshotter.v1.zfs", Table(&[Field("root_path", Text, ALL)]), ALL),
    Field("io.containerd.tracing.processor.v1.otlp", Table(&[Field("endpoint", Text, ALL), Field("insecure", Boolean, ALL), Field("protocol", Text, ALL)]), ALL),
    Field("io.containerd.transfer.v1.local", Table(&[Field("check_platform_supported", Boolean, FROM_2_1), Field("concurrent_layer_fetch_buffer", Integer, FROM_2_1), Field("config_path", Text, FROM_1_7), Field("max_concurrent_downloads", Integer, FROM_1_7), Field("max_concurrent_unpacks", Integer, Releases::from(2, 2)), Field("max_concurrent_uploaded_layers", Integer, FROM_1_7), Field("unpack_config", List(&Table(&[Field("config_type", Text, FROM_2_1), Field("differ", Text, FROM_1_7), Field("layer_types", TextList, FROM_2_1), Field("optional", Boolean, Releases::from(2, 3)), Field("platform", Text, FROM_1_7), Field("snapshotter", Text, FROM_1_7)])), FROM_1_7)]), FROM_1_7),
];
