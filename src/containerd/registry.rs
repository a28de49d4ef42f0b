//! Which plugins a release has, and which of them CRI can't do without.
//!
//! Measured: `ctr plugins ls` and a daemon started with each plugin disabled, on 1.6.20, 1.7.24 and
//! 2.1.9. Snapshotters that a host may lack the means for have a file of their own.

use super::asked::Asked;
use super::release::{
    ALL, END, FIRST_1_7, FROM_1_7, FROM_2_1, ONE, ONE_6, ONE_7, Release, Releases, SERVERS, TWO,
};
use super::schema;
use super::shape::Field;

pub(super) const SNAPSHOTTER: &str = "io.containerd.snapshotter.v1";
pub(super) const DIFFER: &str = "io.containerd.differ.v1";
pub(super) const EROFS_DIFFER: &str = "io.containerd.differ.v1.erofs";

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

/// The transfer service of these wants one; 2.0 has no use for that service.
const NEEDS_VERIFIERS: Releases = Releases::between(Release::new(2, 1, 0), Release::new(2, 3, 0));
const FROM_1_7_4: Releases = Releases::between(Release::new(1, 7, 4), END);
const FROM_2_2: Releases = Releases::from(2, 2);

/// No release.
const NEVER: Releases = Releases::between(END, END);

/// Plugins that load on every host: the releases that have it, and those whose CRI plugin does not
/// load without it.
#[rustfmt::skip] // A table: one plugin on a line.
const REGISTERED: &[(&str, Releases, Releases)] = &[
    ("io.containerd.content.v1.content", ALL, ALL),
    ("io.containerd.cri.v1.images", TWO, TWO),
    ("io.containerd.cri.v1.runtime", TWO, TWO),
    ("io.containerd.differ.v1.walking", ALL, ALL),
    ("io.containerd.event.v1.exchange", ALL, ALL),
    ("io.containerd.gc.v1.scheduler", ALL, ALL),
    ("io.containerd.grpc.v1.containers", ALL, NEVER),
    ("io.containerd.grpc.v1.content", ALL, NEVER),
    ("io.containerd.grpc.v1.cri", ALL, ALL),
    ("io.containerd.grpc.v1.diff", ALL, NEVER),
    ("io.containerd.grpc.v1.events", ALL, NEVER),
    ("io.containerd.grpc.v1.healthcheck", ALL, NEVER),
    ("io.containerd.grpc.v1.images", ALL, NEVER),
    ("io.containerd.grpc.v1.introspection", ALL, NEVER),
    ("io.containerd.grpc.v1.leases", ALL, NEVER),
    ("io.containerd.grpc.v1.mounts", FROM_2_2, NEVER),
    ("io.containerd.grpc.v1.namespaces", ALL, NEVER),
    ("io.containerd.grpc.v1.sandbox-controllers", FROM_1_7, NEVER),
    ("io.containerd.grpc.v1.sandboxes", FROM_1_7, NEVER),
    ("io.containerd.grpc.v1.snapshots", ALL, NEVER),
    ("io.containerd.grpc.v1.streaming", FROM_1_7, NEVER),
    ("io.containerd.grpc.v1.tasks", ALL, NEVER),
    ("io.containerd.grpc.v1.transfer", FROM_1_7, NEVER),
    ("io.containerd.grpc.v1.version", ALL, NEVER),
    ("io.containerd.http.v1.pprof", SERVERS, NEVER),
    ("io.containerd.image-verifier.v1.bindir", TWO, NEEDS_VERIFIERS),
    ("io.containerd.internal.v1.opt", ALL, NEVER),
    ("io.containerd.internal.v1.restart", ONE, NEVER),
    ("io.containerd.lease.v1.manager", FROM_1_7, FROM_1_7),
    ("io.containerd.metadata.v1.bolt", ALL, ALL),
    ("io.containerd.metrics.v1.grpc-otel", SERVERS, NEVER),
    ("io.containerd.metrics.v1.grpc-prometheus", SERVERS, NEVER),
    ("io.containerd.monitor.container.v1.restart", TWO, NEVER),
    ("io.containerd.monitor.task.v1.cgroups", TWO, NEVER),
    ("io.containerd.monitor.v1.cgroups", ONE, NEVER),
    ("io.containerd.mount-handler.v1.erofs", FROM_2_2, NEVER),
    ("io.containerd.mount-manager.v1.bolt", FROM_2_2, FROM_2_2),
    ("io.containerd.nri.v1.nri", FROM_1_7, NEVER),
    ("io.containerd.podsandbox.controller.v1.podsandbox", TWO, TWO),
    ("io.containerd.runtime.v1.linux", ONE, ONE),
    ("io.containerd.runtime.v2.shim", ONE_7, ONE_7),
    ("io.containerd.runtime.v2.task", ALL, ALL),
    ("io.containerd.sandbox.controller.v1.local", ONE_7, ONE_7),
    ("io.containerd.sandbox.controller.v1.shim", TWO, TWO),
    ("io.containerd.sandbox.store.v1.local", FROM_1_7, FROM_1_7),
    ("io.containerd.server.v1.grpc", SERVERS, SERVERS),
    ("io.containerd.server.v1.ttrpc", SERVERS, NEVER),
    ("io.containerd.service.v1.containers-service", ALL, ALL),
    ("io.containerd.service.v1.content-service", ALL, ALL),
    ("io.containerd.service.v1.diff-service", ALL, ALL),
    ("io.containerd.service.v1.images-service", ALL, ALL),
    ("io.containerd.service.v1.introspection-service", ALL, ALL),
    ("io.containerd.service.v1.leases-service", ONE_6, ONE_6),
    ("io.containerd.service.v1.namespaces-service", ALL, ALL),
    ("io.containerd.service.v1.snapshots-service", ALL, ALL),
    ("io.containerd.service.v1.tasks-service", ALL, ALL),
    ("io.containerd.shim.v1.manager", TWO, TWO),
    ("io.containerd.snapshotter.v1.native", ALL, NEVER),
    ("io.containerd.snapshotter.v1.overlayfs", ALL, NEVER),
    ("io.containerd.streaming.v1.manager", FROM_1_7, NEVER),
    ("io.containerd.transfer.v1.local", FROM_1_7, PULLS_BY_TRANSFER),
    ("io.containerd.ttrpc.v1.otelttrpc", TWO, NEVER),
    ("io.containerd.warning.v1.deprecations", WARNS_ON_1_6, WARNS_ON_1_6),
    ("io.containerd.warning.v1.deprecations", WARNS, WARNS),
];

/// Snapshotters that come with containerd and load only where they have what they need: what has to be
/// on the host, beside what the config says.
pub(super) const SNAPSHOTTERS: &[(&str, Releases, &str)] = &[
    ("aufs", ONE, "the kernel has aufs"),
    ("btrfs", ALL, "its `root_path` is on a btrfs filesystem"),
    (
        "devmapper",
        ALL,
        "`dmsetup` and the thin-pool of its `pool_name` are there",
    ),
    ("zfs", ALL, "its `root_path` is on a ZFS filesystem"),
    ("blockfile", FROM_1_7_4, "its `scratch_file` is there"),
    ("erofs", FROM_2_1, "the kernel has erofs (`modprobe erofs`)"),
];

/// Plugins that Debian leaves out of its builds.
const NOT_DEBIANS: &[(&str, Releases)] = &[
    ("io.containerd.internal.v1.tracing", ONE_6),
    ("io.containerd.tracing.processor.v1.otlp", ONE_6),
    ("io.containerd.snapshotter.v1.zfs", TWO),
];

/// Whether the builder of a release has left a plugin out.
pub(super) fn is_left_out(id: &str, release: &Asked) -> bool {
    let mut known = NOT_DEBIANS.iter();
    known.any(|(known, releases)| *known == id && release.is_debians(*releases))
}

/// The plugins of a release that load on every host.
pub(super) fn registered(release: &Asked) -> impl Iterator<Item = &'static str> {
    let known = REGISTERED.iter();
    known.filter_map(move |(id, releases, _)| release.is_in(*releases).then_some(*id))
}

/// The plugins without which the CRI plugin does not load, with the releases that need them.
pub(super) fn essential() -> impl Iterator<Item = (&'static str, Releases)> {
    let known = REGISTERED.iter().map(|(id, _, needed)| (*id, *needed));
    known.filter(|(_, needed)| !needed.is_empty())
}

/// Whether a release has a plugin of this ID, even if the host lacks what it needs.
pub(super) fn is_taken(id: &str, release: &Asked) -> bool {
    let own = id
        .strip_prefix(SNAPSHOTTER)
        .and_then(|it| it.strip_prefix('.'));
    let needing = SNAPSHOTTERS.iter().filter(|(name, ..)| Some(*name) == own);
    let needing = needing.map(|(_, releases, _)| *releases);
    let registered = REGISTERED.iter().filter(|(known, ..)| *known == id);
    let registered = registered.map(|(_, releases, _)| *releases);
    let erofs = (id == EROFS_DIFFER).then_some(FROM_2_1);
    let mut all = needing.chain(erofs).chain(registered);
    all.any(|releases| release.is_in(releases)) && !is_left_out(id, release)
}

/// What has to be on the host for a snapshotter of containerd's own to load.
pub(crate) fn needs_of_host(name: &str) -> Option<&'static str> {
    let mut needing = SNAPSHOTTERS.iter();
    needing
        .find(|(known, ..)| *known == name)
        .map(|(_, _, needs)| *needs)
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

/// The full name that 2.x gives to a plugin of a version 1 file
/// (`v1MigratePluginName` in `cmd/containerd/server/config/config.go`).
pub(super) fn full_name(name: &str) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    // The plugins that had keys then: those that the oldest release still has.
    let mut plugins = schema::CRI_PLUGINS.iter().chain(schema::OTHER_PLUGINS);
    let known = plugins.find(|Field(full, _, releases)| {
        short_name(full) == name && releases.contain(Release::LINES[0])
    });
    let is_service = name.ends_with("-service");
    match known {
        Some(Field(full, ..)) => (*full).to_owned(),
        None if is_service => format!("io.containerd.service.v1.{name}"),
        None => format!("io.containerd.grpc.v1.{name}"),
    }
}
