//! What keeps CRI off, release by release.
//!
//! `ValidatePluginConfig` in `pkg/cri/config/config.go` (1.x), `ValidateRuntimeConfig`,
//! `ValidateImageConfig` and `ValidateServerConfig` in `internal/cri/config/config.go` (2.x).

use std::path::Path;

use super::files::Cgroup;
use super::release::{ALL, FROM_1_7, FROM_2_1, ONE, Release, Releases, TWO};
use super::services::{
    broken_snapshotter, runtime_platforms, second_content_store, services, snapshotter, unpacking,
};
use super::tree::{Node, Table};
use super::view::{Finding, View};

/// The shim of containerd 1.0, for which some keys are still there.
const OLD_SHIM: &str = "io.containerd.runtime.v1.linux";

/// Something that keeps CRI off, and the releases that mind it.
pub(super) struct Rule {
    pub(super) releases: Releases,
    /// What the rule minds, for people.
    pub(super) what: &'static str,
    pub(super) find: fn(&View<'_>) -> Option<Finding>,
}

const fn rule(
    releases: Releases,
    what: &'static str,
    find: fn(&View<'_>) -> Option<Finding>,
) -> Rule {
    Rule {
        releases,
        what,
        find,
    }
}

/// Since 1.6.30 the time to drain an exec's output is limited (containerd#9768).
const DRAINS: Releases = Releases::between(Release::new(1, 6, 30), Release::new(u16::MAX, 0, 0));

/// In containerd's order, so that the first one found is the one that it names.
pub(super) const RULES: &[Rule] = &[
    rule(
        ONE,
        "`untrusted_workload_runtime` beside `runtimes.untrusted`",
        untrusted_twice,
    ),
    rule(ALL, "`default_runtime_name` is empty", default_is_empty),
    rule(
        ALL,
        "`default_runtime_name` names no handler",
        default_is_not_listed,
    ),
    rule(
        ONE,
        "`systemd_cgroup`, unless the default handler has containerd 1.0's shim",
        |view| old_shim_key(view, &view.cri, "systemd_cgroup"),
    ),
    rule(
        ONE,
        "`no_pivot`, unless the default handler has containerd 1.0's shim",
        |view| old_shim_key(view, &view.containerd, "no_pivot"),
    ),
    rule(
        ONE,
        "`runtime_engine`, unless the handler has containerd 1.0's shim",
        |view| old_shim_text(view, "runtime_engine"),
    ),
    rule(
        ONE,
        "`runtime_root`, unless the handler has containerd 1.0's shim",
        |view| old_shim_text(view, "runtime_root"),
    ),
    rule(
        FROM_1_7,
        "all devices allowed to a handler without `privileged_without_host_devices`",
        all_devices_alone,
    ),
    rule(
        TWO,
        "an `io_type` that is neither `fifo` nor `streaming`",
        io_type,
    ),
    rule(
        FROM_2_1,
        "`cgroup_writable` on a host without cgroup v2",
        cgroup_writable,
    ),
    rule(
        FROM_2_1,
        "`cni.bin_dir` beside `cni.bin_dirs`",
        two_bin_dirs,
    ),
    rule(
        ALL,
        "`registry.mirrors` beside `registry.config_path`",
        mirrors_beside_config_path,
    ),
    rule(
        ONE,
        "`registry.configs.*.tls` beside `registry.config_path`",
        tls_beside_config_path,
    ),
    rule(ALL, "`stream_idle_timeout` is no duration", |view| {
        view.bad_duration(&view.server, "stream_idle_timeout")
    }),
    rule(
        FROM_1_7,
        "`image_pull_progress_timeout` is no duration",
        |view| view.bad_duration(&view.images, "image_pull_progress_timeout"),
    ),
    rule(
        DRAINS,
        "`drain_exec_sync_io_timeout` is no duration",
        |view| view.bad_duration(&view.cri, "drain_exec_sync_io_timeout"),
    ),
    rule(
        Releases::from(2, 3),
        "`stats_collect_period` is no duration",
        |view| view.bad_duration(&view.cri, "stats_collect_period"),
    ),
    rule(
        Releases::from(2, 3),
        "`stats_retention_period` is no duration",
        |view| view.bad_duration(&view.cri, "stats_retention_period"),
    ),
    rule(
        ALL,
        "a `base_runtime_spec` that is missing or no JSON",
        base_spec,
    ),
    rule(
        ALL,
        "a `snapshotter` that is unknown, disabled or not on the host",
        snapshotter,
    ),
    rule(
        ALL,
        "a `x509_key_pair_streaming` without `enable_tls_streaming`, or with a file that is missing",
        key_pair,
    ),
    rule(
        ALL,
        "an unknown `content_sharing_policy`, differ or platform of a service",
        services,
    ),
    rule(
        TWO,
        "a platform of `runtime_platforms` that can't be parsed",
        runtime_platforms,
    ),
    rule(
        TWO,
        "a bad `unpack_config` of the transfer plugin",
        unpacking,
    ),
    rule(
        TWO,
        "a configured snapshotter that does not load",
        broken_snapshotter,
    ),
    rule(
        TWO,
        "a proxy plugin of type `content`",
        second_content_store,
    ),
];

fn untrusted_twice(view: &View<'_>) -> Option<Finding> {
    let old = view.old_handler("untrusted_workload_runtime")?;
    let runtimes = view.field(&view.containerd, "runtimes")?;
    runtimes.table()?.get("untrusted")?;
    let message = "conflicting definitions: configuration includes both \
                   `untrusted_workload_runtime` and `runtimes[\"untrusted\"]`";
    Some((message.to_owned(), old.place))
}

fn default_is_empty(view: &View<'_>) -> Option<Finding> {
    let message = "`default_runtime_name` is empty".to_owned();
    view.default
        .is_empty()
        .then_some((message, view.default_place))
}

fn default_is_not_listed(view: &View<'_>) -> Option<Finding> {
    if view.handlers.contains_key(&view.default) {
        return None;
    }
    let message = format!(
        "no corresponding runtime configured in `containerd.runtimes` for `containerd` \
         `default_runtime_name = \"{}\"`",
        view.default
    );
    let runtimes = view
        .field(&view.containerd, "runtimes")
        .map(|node| node.place);
    Some((message, view.default_place.or(runtimes)))
}

/// A switch that works with the shim of containerd 1.0 alone.
fn old_shim_key(view: &View<'_>, table: &Table, key: &str) -> Option<Finding> {
    let node = view.field(table, key).filter(|node| node.is_true())?;
    let default = view.handlers.get(&view.default)?;
    let message = format!("`{key}` only works for runtime {OLD_SHIM}");
    (default.runtime_type != OLD_SHIM).then_some((message, Some(node.place)))
}

fn old_shim_text(view: &View<'_>, key: &str) -> Option<Finding> {
    view.handlers.values().find_map(|handler| {
        let (text, place) = view.text(&handler.table, key);
        let message = || format!("`{key}` only works for runtime {OLD_SHIM}");
        let is_bad = !text.is_empty() && handler.runtime_type != OLD_SHIM;
        is_bad.then(|| (message(), place))
    })
}

fn all_devices_alone(view: &View<'_>) -> Option<Finding> {
    let key = "privileged_without_host_devices_all_devices_allowed";
    let needs = "privileged_without_host_devices";
    view.handlers.values().find_map(|handler| {
        let node = view
            .field(&handler.table, key)
            .filter(|node| node.is_true())?;
        let enabled = view
            .field(&handler.table, needs)
            .is_some_and(|node| node.is_true());
        let message = || format!("`{key}` requires `{needs}` to be enabled");
        (!enabled).then(|| (message(), Some(node.place)))
    })
}

fn io_type(view: &View<'_>) -> Option<Finding> {
    view.handlers.values().find_map(|handler| {
        let (text, place) = view.text(&handler.table, "io_type");
        let is_bad = !matches!(text.as_str(), "" | "fifo" | "streaming");
        is_bad.then(|| {
            (
                "`io_type` can only be `streaming` or `fifo`".to_owned(),
                place,
            )
        })
    })
}

fn cgroup_writable(view: &View<'_>) -> Option<Finding> {
    if view.model.host.cgroup == Cgroup::V2 {
        return None;
    }
    view.handlers.iter().find_map(|(name, handler)| {
        let node = view.field(&handler.table, "cgroup_writable")?;
        let message = format!("runtime {name}: `cgroup_writable` is only supported on cgroup v2");
        node.is_true().then_some((message, Some(node.place)))
    })
}

fn two_bin_dirs(view: &View<'_>) -> Option<Finding> {
    let cni = view.field(&view.cri, "cni")?;
    let cni = cni.table()?;
    let one = view.field(cni, "bin_dir").filter(|node| !node.is_zero())?;
    view.field(cni, "bin_dirs").filter(|node| !node.is_zero())?;
    let message = "`cni.bin_dir` and `cni.bin_dirs` cannot be set at the same time";
    Some((message.to_owned(), Some(one.place)))
}

fn mirrors_beside_config_path(view: &View<'_>) -> Option<Finding> {
    let registry = view.registry();
    let mirrors = view
        .field(&registry, "mirrors")
        .filter(|node| !node.is_zero())?;
    let (path, _) = view.text(&registry, "config_path");
    let message = "`mirrors` cannot be set when `config_path` is provided";
    (!path.is_empty()).then(|| (message.to_owned(), Some(mirrors.place)))
}

fn tls_beside_config_path(view: &View<'_>) -> Option<Finding> {
    let registry = view.registry();
    let configs = view.field(&registry, "configs")?;
    let mut hosts = configs.table()?.values().filter_map(Node::table);
    let tls = hosts.find_map(|host| view.field(host, "tls").map(|node| node.place))?;
    let (path, _) = view.text(&registry, "config_path");
    let message = "`configs.tls` cannot be set when `config_path` is provided";
    (!path.is_empty()).then(|| (message.to_owned(), Some(tls)))
}

fn base_spec(view: &View<'_>) -> Option<Finding> {
    view.handlers.values().find_map(|handler| {
        let (path, place) = view.text(&handler.table, "base_runtime_spec");
        let known = &view.model.host.json_files;
        let exists = known
            .as_ref()
            .is_none_or(|known| known.contains(Path::new(&path)));
        let message =
            || format!("failed to load base OCI spec from file: {path}: it is missing or no JSON");
        (!path.is_empty() && !exists).then(|| (message(), place))
    })
}

fn key_pair(view: &View<'_>) -> Option<Finding> {
    let node = view.field(&view.server, "x509_key_pair_streaming")?;
    let pair = node.table()?;
    let (certificate, _) = view.text(pair, "tls_cert_file");
    let (key, _) = view.text(pair, "tls_key_file");
    if certificate.is_empty() && key.is_empty() {
        return None;
    }
    let enabled = view.field(&view.server, "enable_tls_streaming");
    if !enabled.is_some_and(|node| node.is_true()) {
        let message = "`x509_key_pair_streaming` is set but `enable_tls_streaming` is not set";
        return Some((message.to_owned(), Some(node.place)));
    }
    let missing = [&certificate, &key]
        .into_iter()
        .find(|path| path.is_empty() || !view.model.has_file(path))?;
    let message = if missing.is_empty() {
        "`x509_key_pair_streaming` has one of `tls_cert_file` and `tls_key_file` only".to_owned()
    } else {
        format!("failed to load x509 key pair for stream server: {missing} is missing")
    };
    Some((message, Some(node.place)))
}
