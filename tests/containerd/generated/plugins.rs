//! Lists of plugins, for `disabled_plugins` and `required_plugins`.

use super::chance::Chance;

/// Plugins of the releases from 1.6 to 2.4, and names that no plugin has.
const IDS: &[&str] = &[
    "io.containerd.content.v1.content",
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
    "io.containerd.differ.v1.erofs",
    "io.containerd.differ.v1.walking",
    "io.containerd.event.v1.exchange",
    "io.containerd.gc.v1.scheduler",
    "io.containerd.grpc.v1.containers",
    "io.containerd.grpc.v1.content",
    "io.containerd.grpc.v1.cri",
    "io.containerd.grpc.v1.diff",
    "io.containerd.grpc.v1.events",
    "io.containerd.grpc.v1.healthcheck",
    "io.containerd.grpc.v1.images",
    "io.containerd.grpc.v1.introspection",
    "io.containerd.grpc.v1.leases",
    "io.containerd.grpc.v1.mounts",
    "io.containerd.grpc.v1.namespaces",
    "io.containerd.grpc.v1.sandbox-controllers",
    "io.containerd.grpc.v1.sandboxes",
    "io.containerd.grpc.v1.snapshots",
    "io.containerd.grpc.v1.streaming",
    "io.containerd.grpc.v1.tasks",
    "io.containerd.grpc.v1.transfer",
    "io.containerd.grpc.v1.version",
    "io.containerd.http.v1.pprof",
    "io.containerd.image-verifier.v1.bindir",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.restart",
    "io.containerd.internal.v1.tracing",
    "io.containerd.lease.v1.manager",
    "io.containerd.metadata.v1.bolt",
    "io.containerd.metrics.v1.grpc-prometheus",
    "io.containerd.monitor.container.v1.restart",
    "io.containerd.monitor.task.v1.cgroups",
    "io.containerd.monitor.v1.cgroups",
    "io.containerd.mount-handler.v1.erofs",
    "io.containerd.mount-manager.v1.bolt",
    "io.containerd.nri.v1.nri",
    "io.containerd.podsandbox.controller.v1.podsandbox",
    "io.containerd.runtime.v1.linux",
    "io.containerd.runtime.v2.shim",
    "io.containerd.runtime.v2.task",
    "io.containerd.sandbox.controller.v1.local",
    "io.containerd.sandbox.controller.v1.shim",
    "io.containerd.sandbox.store.v1.local",
    "io.containerd.service.v1.containers-service",
    "io.containerd.service.v1.content-service",
    "io.containerd.service.v1.diff-service",
    "io.containerd.service.v1.images-service",
    "io.containerd.service.v1.introspection-service",
    "io.containerd.service.v1.leases-service",
    "io.containerd.service.v1.namespaces-service",
    "io.containerd.service.v1.snapshots-service",
    "io.containerd.service.v1.tasks-service",
    "io.containerd.shim.v1.manager",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.erofs",
    "io.containerd.snapshotter.v1.native",
    "io.containerd.snapshotter.v1.overlayfs",
    "io.containerd.snapshotter.v1.proxied",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.streaming.v1.manager",
    "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.transfer.v1.local",
    "io.containerd.ttrpc.v1.otelttrpc",
    "io.containerd.warning.v1.deprecations",
    "io.containerd.grpc.v1.nothing",
    "io.containerd.Grpc.v1.CRI",
];

/// A list as it is written in a file that has short names, or has not.
pub(super) fn list(chance: &mut Chance, has_short_names: bool) -> String {
    let short = if chance.percent(10) {
        !has_short_names
    } else {
        has_short_names
    };
    let mut names = Vec::new();
    for _ in 0..=chance.below(2) {
        let id = chance.pick(IDS);
        let name = match id.rsplit_once('.') {
            Some((_, name)) if short => name,
            _ => id,
        };
        names.push(format!("'{name}'"));
    }
    format!("[{}]", names.join(", "))
}
