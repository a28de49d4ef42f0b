//! What keeps CRI off, release by release: in its own config, and in that of plugins that it works with.
//!
//! `ValidatePluginConfig` in `pkg/cri/config/config.go` (1.x), `ValidateRuntimeConfig`,
//! `ValidateImageConfig` and `ValidateServerConfig` in `internal/cri/config/config.go` (2.x).

use std::path::Path;

use super::files::Cgroup;
use super::imports::absolute;
use super::loaded::Rule;
use super::platform;
use super::registry::PULLS_BY_TRANSFER;
use super::release::{ALL, FROM_1_7, FROM_2_1, ONE, Release, Releases, TWO};
use super::schema;
use super::snapshotters;
use super::table::{string, text};
use super::url;
use super::verdict::Finding;
use super::view::{CriView, Handler, bad_duration};
use crate::toml::value::{Place, Table, Value};

/// The shim of containerd 1.0, for which some keys are still there.
const OLD_SHIM: &str = "io.containerd.runtime.v1.linux";

type CriRule = Rule<fn(&CriView<'_>) -> Option<Finding>>;

/// In containerd's order, so that the first one found is the one that it names.
#[rustfmt::skip] // A table: one rule on a line.
pub(super) const RULES: &[CriRule] = &[
    Rule("`untrusted_workload_runtime` beside `runtimes.untrusted`", ONE, untrusted_twice),
    Rule("`default_runtime_name` is empty", ALL, default_is_empty),
    Rule("`default_runtime_name` names no handler", ALL, default_is_not_listed),
    Rule("`systemd_cgroup`, unless the default handler has containerd 1.0's shim", ONE, |view| old_shim_key(view, &view.cri, "systemd_cgroup")),
    Rule("`no_pivot`, unless the default handler has containerd 1.0's shim", ONE, |view| old_shim_key(view, &view.containerd, "no_pivot")),
    Rule("`runtime_engine`, unless the handler has containerd 1.0's shim", ONE, |view| old_shim_text(view, "runtime_engine")),
    Rule("`runtime_root`, unless the handler has containerd 1.0's shim", ONE, |view| old_shim_text(view, "runtime_root")),
    Rule("all devices allowed to a handler without `privileged_without_host_devices`", FROM_1_7, all_devices_alone),
    Rule("an `io_type` that is neither `fifo` nor `streaming`", TWO, io_type),
    Rule("`cgroup_writable` on a host without cgroup v2", FROM_2_1, cgroup_writable),
    Rule("`cni.bin_dir` beside `cni.bin_dirs`", FROM_2_1, two_bin_dirs),
    Rule("`registry.mirrors` beside `registry.config_path`", ALL, mirrors_beside_config_path),
    Rule("`registry.configs.*.tls` beside `registry.config_path`", ONE, tls_beside_config_path),
    Rule("a key of `registry.auths` that is no URL", ALL, auths),
    Rule("`stream_idle_timeout` is no duration", ALL, |view| bad_duration(&view.server, "stream_idle_timeout")),
    Rule("`image_pull_progress_timeout` is no duration", FROM_1_7, |view| bad_duration(&view.images, "image_pull_progress_timeout")),
    Rule("`drain_exec_sync_io_timeout` is no duration", schema::DRAINS, |view| bad_duration(&view.cri, "drain_exec_sync_io_timeout")),
    Rule("`stats_collect_period` is no duration", Releases::from(2, 3), |view| bad_duration(&view.cri, "stats_collect_period")),
    Rule("`stats_retention_period` is no duration", Releases::from(2, 3), |view| bad_duration(&view.cri, "stats_retention_period")),
    Rule("a `base_runtime_spec` that is missing or no runtime spec", ALL, base_spec),
    Rule("a `snapshotter` that is unknown, disabled, not set up or not on the host", ALL, snapshotters::of_cri),
    Rule("a `x509_key_pair_streaming` without `enable_tls_streaming`, or with a file that is missing", ALL, key_pair),
    Rule("an unknown `content_sharing_policy`, differ or platform of a service", ALL, services),
    Rule("a platform of `runtime_platforms` that can't be parsed", TWO, runtime_platforms),
    Rule("a bad `unpack_config` of the transfer plugin, or none and overlayfs disabled", PULLS_BY_TRANSFER, unpacking),
    Rule("a configured snapshotter that does not load", TWO, snapshotters::broken),
    Rule("a proxy plugin with an `address` that is no URL behind `unix://`", TWO, proxy_address),
    Rule("a relative `socket_dir` of the shims, or one of more than 42 letters", Releases::from(2, 3), socket_dir),
    Rule("a proxy plugin of type `content`", TWO, second_content_store),
];

fn untrusted_twice(view: &CriView<'_>) -> Option<Finding> {
    let old = view.old_handler("untrusted_workload_runtime")?;
    let runtimes = view.containerd.get("runtimes")?;
    runtimes.table()?.get("untrusted")?;
    let message = "conflicting definitions: configuration includes both \
                   `untrusted_workload_runtime` and `runtimes[\"untrusted\"]`";
    Some((message.to_owned(), old.loaded.place))
}

fn default_is_empty(view: &CriView<'_>) -> Option<Finding> {
    let message = "`default_runtime_name` is empty".to_owned();
    view.default
        .is_empty()
        .then_some((message, view.default_place))
}

fn default_is_not_listed(view: &CriView<'_>) -> Option<Finding> {
    if view.handlers.contains_key(&view.default) {
        return None;
    }
    let message = format!(
        "no corresponding runtime configured in `containerd.runtimes` for `containerd` \
         `default_runtime_name = \"{}\"`",
        view.default
    );
    let runtimes = view.containerd.get("runtimes").map(|node| node.place);
    Some((message, view.default_place.or(runtimes)))
}

/// A switch that works with the shim of containerd 1.0 alone.
fn old_shim_key(view: &CriView<'_>, table: &Table, key: &str) -> Option<Finding> {
    let node = table.get(key).filter(|node| node.is_true())?;
    of_old_shim(view.handlers.get(&view.default)?, key, node.place)
}

fn old_shim_text(view: &CriView<'_>, key: &str) -> Option<Finding> {
    let mut handlers = view.handlers.values();
    handlers.find_map(|handler| of_old_shim(handler, key, text(&handler.table, key)?.1))
}

fn of_old_shim(handler: &Handler, key: &str, place: Place) -> Option<Finding> {
    let message = || format!("`{key}` only works for runtime {OLD_SHIM}");
    (handler.loaded.runtime_type != OLD_SHIM).then(|| (message(), Some(place)))
}

fn all_devices_alone(view: &CriView<'_>) -> Option<Finding> {
    let key = "privileged_without_host_devices_all_devices_allowed";
    let needs = "privileged_without_host_devices";
    view.handlers.values().find_map(|handler| {
        let node = handler.table.get(key).filter(|node| node.is_true())?;
        let enabled = handler.table.get(needs).is_some_and(Value::is_true);
        let message = || format!("`{key}` requires `{needs}` to be enabled");
        (!enabled).then(|| (message(), Some(node.place)))
    })
}

fn io_type(view: &CriView<'_>) -> Option<Finding> {
    view.handlers.values().find_map(|handler| {
        let (text, place) = text(&handler.table, "io_type")?;
        let message = || "`io_type` can only be `streaming` or `fifo`".to_owned();
        (!matches!(text, "fifo" | "streaming")).then(|| (message(), Some(place)))
    })
}

fn cgroup_writable(view: &CriView<'_>) -> Option<Finding> {
    if view.model.host.cgroup == Cgroup::V2 {
        return None;
    }
    view.handlers.iter().find_map(|(name, handler)| {
        let node = handler.table.get("cgroup_writable")?;
        let message = format!("runtime {name}: `cgroup_writable` is only supported on cgroup v2");
        node.is_true().then_some((message, Some(node.place)))
    })
}

fn two_bin_dirs(view: &CriView<'_>) -> Option<Finding> {
    let cni = view.cri.get("cni")?.table()?;
    let (_, place) = text(cni, "bin_dir")?;
    let folders = cni.get("bin_dirs").filter(|node| !node.is_zero())?;
    // The built-in list gives way.
    let built_in: &[&str] = if view.release.is_debians(FROM_2_1) {
        &["/usr/lib/cni", "/opt/cni/bin"]
    } else {
        &["/opt/cni/bin"]
    };
    let folders = folders.texts().map(|(path, _)| path);
    let is_default = folders.eq(built_in.iter().copied());
    let message = "`cni.bin_dir` and `cni.bin_dirs` cannot be set at the same time";
    (!is_default).then(|| (message.to_owned(), Some(place)))
}

/// These have a `config_path` built in; since 2.2.2 it is for configs without `mirrors` only.
const HAS_CONFIG_PATH: Releases = Releases::between(Release::new(2, 2, 0), Release::new(2, 2, 2));

/// Whether the registries are configured by files.
fn has_config_path(view: &CriView<'_>) -> bool {
    match view.registry.get("config_path").and_then(Value::as_str) {
        Some(path) => !path.is_empty(),
        None => view.release.is_in(HAS_CONFIG_PATH),
    }
}

fn mirrors_beside_config_path(view: &CriView<'_>) -> Option<Finding> {
    let mirrors = view
        .registry
        .get("mirrors")
        .filter(|node| !node.is_zero())?;
    let message = "`mirrors` cannot be set when `config_path` is provided";
    has_config_path(view).then(|| (message.to_owned(), Some(mirrors.place)))
}

fn tls_beside_config_path(view: &CriView<'_>) -> Option<Finding> {
    let mut hosts = view.registry.get("configs")?.table()?.values();
    let tls = hosts.find_map(|host| Some(host.table()?.get("tls")?.place))?;
    let message = "`configs.tls` cannot be set when `config_path` is provided";
    has_config_path(view).then(|| (message.to_owned(), Some(tls)))
}

fn auths(view: &CriView<'_>) -> Option<Finding> {
    let mut auths = view.registry.get("auths")?.table()?.iter();
    auths.find_map(|(url, node)| {
        let refusal = url::refusal(url)?;
        let message =
            format!("failed to parse registry url \"{url}\" from `registry.auths`: {refusal}");
        Some((message, Some(node.place)))
    })
}

fn base_spec(view: &CriView<'_>) -> Option<Finding> {
    view.handlers.values().find_map(|handler| {
        let (path, place) = text(&handler.table, "base_runtime_spec")?;
        let known = view.model.host.json_files.as_ref();
        let is_spec = known.is_none_or(|known| known.contains(Path::new(path)));
        let message = || {
            format!(
                "failed to load base OCI spec from file: {path}: it is missing or no runtime spec"
            )
        };
        (!is_spec).then(|| (message(), Some(place)))
    })
}

fn key_pair(view: &CriView<'_>) -> Option<Finding> {
    let node = view.server.get("x509_key_pair_streaming")?;
    let table = node.table()?;
    let pair = ["tls_cert_file", "tls_key_file"].map(|key| string(table, key));
    let enabled = view.server.get("enable_tls_streaming");
    if pair == ["", ""] {
        return None;
    }
    let message = if enabled.is_some_and(Value::is_true) {
        match view.model.missing_of(pair)? {
            "" => "`x509_key_pair_streaming` has one of `tls_cert_file` and `tls_key_file` only"
                .to_owned(),
            path => format!("failed to load x509 key pair for stream server: {path} is missing"),
        }
    } else {
        "`x509_key_pair_streaming` is set but `enable_tls_streaming` is not set".to_owned()
    };
    Some((message, Some(node.place)))
}

/// Services that CRI needs and that mind their own values.
fn services(view: &CriView<'_>) -> Option<Finding> {
    let policy = view.text_of_plugin("io.containerd.metadata.v1.bolt", "content_sharing_policy");
    if let Some((policy, place)) = policy.filter(|it| !matches!(it.0, "shared" | "isolated")) {
        let message = format!("content_sharing_policy: unknown policy {policy}");
        return Some((message, Some(place)));
    }
    if let Some(node) = view.of_plugin("io.containerd.service.v1.diff-service", "default") {
        let unknown = node.texts().find(|(name, _)| !view.has_differ(name));
        if let Some((name, place)) = unknown {
            return Some((format!("needed differ not loaded: {name}"), Some(place)));
        }
    }
    let platforms = view.of_plugin("io.containerd.runtime.v2.task", "platforms")?;
    let is_bad = |text: &str| !platform::is_valid(text, view.release);
    let (text, place) = platforms.texts().find(|(text, _)| is_bad(text))?;
    let message = format!("cannot parse platform specifier {text}");
    Some((message, Some(place)))
}

/// A platform of a handler that containerd can't parse.
fn runtime_platforms(view: &CriView<'_>) -> Option<Finding> {
    let platforms = view.images.get("runtime_platforms")?;
    platforms.table()?.values().find_map(|node| {
        let (platform, place) = text(node.table()?, "platform")?;
        let message = || format!("unable to parse platform \"{platform}\"");
        (!platform::is_valid(platform, view.release)).then(|| (message(), Some(place)))
    })
}

/// What the transfer service unpacks with: without it there are no images since 2.1.
fn unpacking(view: &CriView<'_>) -> Option<Finding> {
    let Some(node) = view.of_plugin("io.containerd.transfer.v1.local", "unpack_config") else {
        let place = view.disabled("io.containerd.snapshotter.v1.overlayfs")?;
        let message = "unpack_config: snapshotter \"overlayfs\" not found: its plugin is disabled";
        return Some((message.to_owned(), Some(place)));
    };
    node.array()?.iter().find_map(|entry| {
        let table = entry.table()?;
        let keys = ["platform", "snapshotter", "differ"];
        let [platform, snapshotter, differ] = keys.map(|key| string(table, key));
        let message = if !platform::is_valid(platform, view.release) {
            format!("unpack_config: platform configuration {platform} invalid")
        } else if table.get("optional").is_some_and(Value::is_true) {
            return None;
        } else if !snapshotters::is_there(view, snapshotter) {
            format!("unpack_config: snapshotter \"{snapshotter}\" not found")
        } else if !differ.is_empty() && !view.has_differ(differ) {
            format!("unpack_config: differ \"{differ}\" not found")
        } else {
            return None;
        };
        Some((message, Some(entry.place)))
    })
}

/// Any plugin of a kind that fails takes CRI along on 2.x.
fn proxy_address(view: &CriView<'_>) -> Option<Finding> {
    let mut proxies = view.table("proxy_plugins")?.values();
    proxies.find_map(|node| {
        let (address, place) = text(node.table()?, "address")?;
        // Not by its own scheme, nor by gRPC's default one.
        let refusal = url::refusal(&format!("dns:///unix://{address}"))?;
        let message = format!("failed to dial \"{address}\": {refusal}");
        Some((message, Some(place)))
    })
}

fn second_content_store(view: &CriView<'_>) -> Option<Finding> {
    let prefix = "io.containerd.content.v1.";
    let (_, place) = view.proxies().find(|(id, _)| id.starts_with(prefix))?;
    let message = "multiple plugins registered for io.containerd.content.v1";
    Some((message.to_owned(), Some(place)))
}

/// The folder of the shims' sockets, to whose path a name of 64 letters is added.
const LONGEST_SOCKET_DIR: usize = 42;

fn socket_dir(view: &CriView<'_>) -> Option<Finding> {
    let (path, place) = view.text_of_plugin("io.containerd.shim.v1.manager", "socket_dir")?;
    let clean = absolute(Path::new("/"), path);
    let message = if !path.starts_with('/') {
        format!("socket_dir must be an absolute path: \"{path}\"")
    } else if clean.as_os_str().len() > LONGEST_SOCKET_DIR {
        format!("socket_dir length must be no longer than {LONGEST_SOCKET_DIR} characters")
    } else {
        return None;
    };
    Some((message, Some(place)))
}
