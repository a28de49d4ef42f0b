//! Which plugins a release has, and which of them CRI can't do without.
//!
//! Measured: `ctr plugins ls` and a daemon started with each plugin disabled, on 1.6.20, 1.7.24 and
//! 2.1.9. Plugins that a host may lack the means for (btrfs, zfs, devmapper …) are left out.

use super::release::{
    ALL, END, FIRST_1_7, FROM_1_7, FROM_2_1, ONE, ONE_6, ONE_7, Release, Releases, SERVERS, TWO,
};

pub(super) const SNAPSHOTTER: &str = "io.containerd.snapshotter.v1";
pub(super) const DIFFER: &str = "io.containerd.differ.v1";

/// Kinds of proxy plugins, and what they are registered as; any other ends the daemon with a panic.
pub(super) const PROXIES: &[(&str, &str, Releases)] = &[
    ("snapshot", "io.containerd.snapshotter.v1", ALL),
    ("content", "io.containerd.content.v1", ALL),
    ("diff", "io.containerd.differ.v1", FROM_1_7),
    ("sandbox", "io.containerd.sandbox.controller.v1", TWO),
];

/// The releases whose image service pulls through the transfer service.
pub(super) const PULLS_BY_TRANSFER: Releases = FROM_2_1;

/// The releases that warn of what is deprecated (`WarningPlugin` in `pkg/cri/cri.go`).
const WARNS: Releases = Releases::between(Release::new(1, 7, 9), END);
const WARNS_ON_1_6: Releases = Releases::between(Release::new(1, 6, 25), FIRST_1_7);

/// Plugins without which the CRI plugin does not load.
pub(super) const ESSENTIAL: &[(&str, Releases)] = &[
    ("io.containerd.grpc.v1.cri", ALL),
    ("io.containerd.cri.v1.runtime", TWO),
    ("io.containerd.cri.v1.images", TWO),
    ("io.containerd.content.v1.content", ALL),
    ("io.containerd.differ.v1.walking", ALL),
    ("io.containerd.event.v1.exchange", ALL),
    ("io.containerd.gc.v1.scheduler", ALL),
    ("io.containerd.image-verifier.v1.bindir", NEEDS_VERIFIERS),
    ("io.containerd.lease.v1.manager", FROM_1_7),
    ("io.containerd.metadata.v1.bolt", ALL),
    ("io.containerd.mount-manager.v1.bolt", FROM_2_2),
    ("io.containerd.podsandbox.controller.v1.podsandbox", TWO),
    ("io.containerd.runtime.v1.linux", ONE),
    ("io.containerd.runtime.v2.shim", ONE_7),
    ("io.containerd.runtime.v2.task", ALL),
    ("io.containerd.sandbox.controller.v1.local", ONE_7),
    ("io.containerd.sandbox.controller.v1.shim", TWO),
    ("io.containerd.sandbox.store.v1.local", FROM_1_7),
    ("io.containerd.server.v1.grpc", SERVERS),
    ("io.containerd.service.v1.containers-service", ALL),
    ("io.containerd.service.v1.content-service", ALL),
    ("io.containerd.service.v1.diff-service", ALL),
    ("io.containerd.service.v1.images-service", ALL),
    ("io.containerd.service.v1.introspection-service", ALL),
    ("io.containerd.service.v1.leases-service", ONE_6),
    ("io.containerd.service.v1.namespaces-service", ALL),
    ("io.containerd.service.v1.snapshots-service", ALL),
    ("io.containerd.service.v1.tasks-service", ALL),
    ("io.containerd.shim.v1.manager", TWO),
    ("io.containerd.transfer.v1.local", PULLS_BY_TRANSFER),
    ("io.containerd.warning.v1.deprecations", WARNS_ON_1_6),
    ("io.containerd.warning.v1.deprecations", WARNS),
];

/// The transfer service of these wants one; 2.0 has no use for that service.
const NEEDS_VERIFIERS: Releases = Releases::between(Release::new(2, 1, 0), Release::new(2, 3, 0));
const FROM_2_2: Releases = Releases::from(2, 2);

/// Plugins that load on every host.
pub(super) const REGISTERED: &[(&str, Releases)] = &[
    ("io.containerd.content.v1.content", ALL),
    ("io.containerd.cri.v1.images", TWO),
    ("io.containerd.cri.v1.runtime", TWO),
    ("io.containerd.differ.v1.walking", ALL),
    ("io.containerd.event.v1.exchange", ALL),
    ("io.containerd.gc.v1.scheduler", ALL),
    ("io.containerd.grpc.v1.containers", ALL),
    ("io.containerd.grpc.v1.content", ALL),
    ("io.containerd.grpc.v1.cri", ALL),
    ("io.containerd.grpc.v1.diff", ALL),
    ("io.containerd.grpc.v1.events", ALL),
    ("io.containerd.grpc.v1.healthcheck", ALL),
    ("io.containerd.grpc.v1.images", ALL),
    ("io.containerd.grpc.v1.introspection", ALL),
    ("io.containerd.grpc.v1.leases", ALL),
    ("io.containerd.grpc.v1.mounts", FROM_2_2),
    ("io.containerd.grpc.v1.namespaces", ALL),
    ("io.containerd.grpc.v1.sandbox-controllers", FROM_1_7),
    ("io.containerd.grpc.v1.sandboxes", FROM_1_7),
    ("io.containerd.grpc.v1.snapshots", ALL),
    ("io.containerd.grpc.v1.streaming", FROM_1_7),
    ("io.containerd.grpc.v1.tasks", ALL),
    ("io.containerd.grpc.v1.transfer", FROM_1_7),
    ("io.containerd.grpc.v1.version", ALL),
    ("io.containerd.http.v1.pprof", SERVERS),
    ("io.containerd.image-verifier.v1.bindir", TWO),
    ("io.containerd.internal.v1.opt", ALL),
    ("io.containerd.internal.v1.restart", ONE),
    ("io.containerd.lease.v1.manager", FROM_1_7),
    ("io.containerd.metadata.v1.bolt", ALL),
    ("io.containerd.metrics.v1.grpc-otel", SERVERS),
    ("io.containerd.metrics.v1.grpc-prometheus", SERVERS),
    ("io.containerd.monitor.container.v1.restart", TWO),
    ("io.containerd.monitor.task.v1.cgroups", TWO),
    ("io.containerd.monitor.v1.cgroups", ONE),
    ("io.containerd.mount-handler.v1.erofs", FROM_2_2),
    ("io.containerd.mount-manager.v1.bolt", FROM_2_2),
    ("io.containerd.nri.v1.nri", FROM_1_7),
    ("io.containerd.podsandbox.controller.v1.podsandbox", TWO),
    ("io.containerd.runtime.v1.linux", ONE),
    ("io.containerd.runtime.v2.shim", ONE_7),
    ("io.containerd.runtime.v2.task", ALL),
    ("io.containerd.sandbox.controller.v1.local", ONE_7),
    ("io.containerd.sandbox.controller.v1.shim", TWO),
    ("io.containerd.sandbox.store.v1.local", FROM_1_7),
    ("io.containerd.server.v1.grpc", SERVERS),
    ("io.containerd.server.v1.ttrpc", SERVERS),
    ("io.containerd.service.v1.containers-service", ALL),
    ("io.containerd.service.v1.content-service", ALL),
    ("io.containerd.service.v1.diff-service", ALL),
    ("io.containerd.service.v1.images-service", ALL),
    ("io.containerd.service.v1.introspection-service", ALL),
    ("io.containerd.service.v1.leases-service", ONE_6),
    ("io.containerd.service.v1.namespaces-service", ALL),
    ("io.containerd.service.v1.snapshots-service", ALL),
    ("io.containerd.service.v1.tasks-service", ALL),
    ("io.containerd.shim.v1.manager", TWO),
    ("io.containerd.snapshotter.v1.native", ALL),
    ("io.containerd.snapshotter.v1.overlayfs", ALL),
    ("io.containerd.streaming.v1.manager", FROM_1_7),
    ("io.containerd.transfer.v1.local", FROM_1_7),
    ("io.containerd.ttrpc.v1.otelttrpc", TWO),
    ("io.containerd.warning.v1.deprecations", WARNS_ON_1_6),
    ("io.containerd.warning.v1.deprecations", WARNS),
];

/// Snapshotters that come with containerd but need something of the host.
pub(super) const SNAPSHOTTERS: &[(&str, Releases)] = &[
    ("aufs", ONE),
    ("btrfs", ALL),
    ("devmapper", ALL),
    ("zfs", ALL),
    ("blockfile", FROM_1_7),
    ("erofs", FROM_2_1),
];

/// The plugins of a release that load on every host.
pub(super) fn registered(release: Release) -> impl Iterator<Item = &'static str> {
    let known = REGISTERED.iter();
    known.filter_map(move |(id, releases)| releases.contain(release).then_some(*id))
}

/// Whether a release has a plugin of this ID, even if the host lacks what it needs.
pub(super) fn is_taken(id: &str, release: Release) -> bool {
    let of_host = match id.strip_prefix("io.containerd.snapshotter.v1.") {
        Some(name) => SNAPSHOTTERS
            .iter()
            .any(|(known, releases)| *known == name && releases.contain(release)),
        None => id == "io.containerd.differ.v1.erofs" && FROM_2_1.contain(release),
    };
    let known = |(known, releases): &(&str, Releases)| *known == id && releases.contain(release);
    of_host || REGISTERED.iter().any(known)
}

/// The part of a plugin's full name that config version 1 calls it by.
pub(super) fn short_name(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, name)| name)
}

/// Plugins that only changed their name with config version 3.
pub(super) const RENAMED: &[(&str, &str)] = &[
    (
        "io.containerd.monitor.v1.cgroups",
        "io.containerd.monitor.task.v1.cgroups",
    ),
    (
        "io.containerd.internal.v1.restart",
        "io.containerd.monitor.container.v1.restart",
    ),
];

/// What config version 3 calls a plugin of version 2.
pub(super) fn new_name(id: &str) -> &str {
    let mut renamed = RENAMED.iter();
    renamed
        .find(|(old, _)| *old == id)
        .map_or(id, |(_, new)| new)
}

/// What config version 2 calls a plugin of version 3.
pub(super) fn old_name(id: &str) -> &str {
    let mut renamed = RENAMED.iter();
    renamed
        .find(|(_, new)| *new == id)
        .map_or(id, |(old, _)| old)
}

/// Plugins that config version 1 called by a short name, and what they are called since.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("cri", "io.containerd.grpc.v1.cri"),
    ("cgroups", "io.containerd.monitor.v1.cgroups"),
    ("linux", "io.containerd.runtime.v1.linux"),
    ("scheduler", "io.containerd.gc.v1.scheduler"),
    ("bolt", "io.containerd.metadata.v1.bolt"),
    ("task", "io.containerd.runtime.v2.task"),
    ("opt", "io.containerd.internal.v1.opt"),
    ("restart", "io.containerd.internal.v1.restart"),
    ("tracing", "io.containerd.internal.v1.tracing"),
    ("otlp", "io.containerd.tracing.processor.v1.otlp"),
    ("aufs", "io.containerd.snapshotter.v1.aufs"),
    ("btrfs", "io.containerd.snapshotter.v1.btrfs"),
    ("devmapper", "io.containerd.snapshotter.v1.devmapper"),
    ("native", "io.containerd.snapshotter.v1.native"),
    ("overlayfs", "io.containerd.snapshotter.v1.overlayfs"),
    ("zfs", "io.containerd.snapshotter.v1.zfs"),
];

/// The full name that 2.x gives to a plugin of a version 1 file
/// (`v1MigratePluginName` in `cmd/containerd/server/config/config.go`).
pub(super) fn full_name(name: &str) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    if let Some((_, full)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return (*full).to_owned();
    }
    let kind = if name.ends_with("-service") {
        "service"
    } else {
        "grpc"
    };
    format!("io.containerd.{kind}.v1.{name}")
}
