//! What becomes of the CRI plugin: its handlers, and every reason for which it stays off.
//!
//! `ValidatePluginConfig` in `pkg/cri/config/config.go` (1.x), `ValidateRuntimeConfig`,
//! `ValidateImageConfig` and `ValidateServerConfig` in `internal/cri/config/config.go` (2.x).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::files::Cgroup;
use super::loading::{Loaded, plugin_names};
use super::model::{LoadedHandler, Model, Verdict};
use super::reason::Reason;
use super::registry;
use super::release::{Release, Releases};
use super::schema;
use super::shape::{Field, field};
use super::tree::{Data, Node, Place, Table};
use super::{address, daemon, duration, plugin};

const OLD_CRI: &str = "io.containerd.grpc.v1.cri";
const RUNTIME: &str = "io.containerd.cri.v1.runtime";
const IMAGES: &str = "io.containerd.cri.v1.images";
const BUILT_IN: &str = "runc";
const RUNC_TYPE: &str = "io.containerd.runc.v2";
/// The shim of containerd 1.0, for which some keys are still there.
const OLD_SHIM: &str = "io.containerd.runtime.v1.linux";

/// The verdict on a config that was loaded.
pub(super) fn verdict(model: &Model<'_>, loaded: &Loaded, release: Release) -> Verdict {
    if let Some(reason) = daemon::refusal(model, loaded, release) {
        return Verdict::Exits { reason };
    }
    if let Some(reason) = undecodable(model, loaded, release) {
        return Verdict::Exits { reason };
    }
    let view = View::new(model, loaded, release);
    let no_cri = view.disabled().or_else(|| view.refusal());
    if let Some(reason) = daemon::missing_plugin(model, loaded, release, no_cri.as_ref()) {
        return Verdict::Exits { reason };
    }
    if let (None, Some(reason)) = (&no_cri, view.end_of_start()) {
        return Verdict::Exits { reason };
    }
    match no_cri {
        Some(reason) => Verdict::NoCri { reason },
        None => Verdict::Serves {
            default: view.default.clone(),
            handlers: view.loaded_handlers(),
        },
    }
}

/// The plugin part that holds the handlers, as the release names it.
fn cri_name(loaded: &Loaded, release: Release) -> &'static str {
    if !release.is_1x() {
        RUNTIME
    } else if loaded.has_short_names(release) {
        plugin::IDS[0]
    } else {
        OLD_CRI
    }
}

/// A value that some plugin can't decode: the daemon exits.
fn undecodable(model: &Model<'_>, loaded: &Loaded, release: Release) -> Option<Reason> {
    let plugins = loaded.table("plugins")?;
    let short = loaded.has_short_names(release);
    let cri = [
        Field(OLD_CRI, schema::GRPC_CRI, Releases::ALL),
        Field(RUNTIME, schema::RUNTIME, Releases::TWO),
        Field(IMAGES, schema::IMAGES, Releases::TWO),
    ];
    for Field(id, shape, releases) in cri.iter().chain(schema::OTHER_PLUGINS) {
        let key = if short { registry::short_name(id) } else { id };
        if let (true, Some(node)) = (releases.contain(release), plugins.get(key))
            && let Err(mismatch) = shape.check(node, release)
        {
            return Some(model.mismatch(&mismatch.below(key).below("plugins")));
        }
    }
    None
}

/// The parts of a loaded config that CRI reads.
struct View<'v> {
    model: &'v Model<'v>,
    loaded: &'v Loaded,
    release: Release,
    /// Handlers and CNI.
    cri: Cow<'v, Table>,
    images: Cow<'v, Table>,
    server: Cow<'v, Table>,
    containerd: Table,
    handlers: BTreeMap<String, Handler>,
    default: String,
    default_place: Option<Place>,
}

#[derive(Clone)]
struct Handler {
    table: Table,
    place: Option<Place>,
    runtime_type: String,
}

impl<'v> View<'v> {
    fn new(model: &'v Model<'v>, loaded: &'v Loaded, release: Release) -> Self {
        let part = |id: &str| -> Cow<'v, Table> {
            let plugins = loaded.table("plugins");
            let table = plugins.and_then(|plugins| plugins.get(id)?.table());
            table.map_or_else(|| Cow::Owned(Table::new()), Cow::Borrowed)
        };
        let cri = part(cri_name(loaded, release));
        let (images, server) = if release.is_1x() {
            (cri.clone(), cri.clone())
        } else {
            (part(IMAGES), part(OLD_CRI))
        };
        let containerd = field(&cri, "containerd", release)
            .and_then(|node| node.table().cloned())
            .unwrap_or_default();
        let mut view = Self {
            model,
            loaded,
            release,
            cri,
            images,
            server,
            containerd,
            handlers: BTreeMap::new(),
            default: BUILT_IN.to_owned(),
            default_place: None,
        };
        view.read_handlers();
        view
    }

    fn field<'t>(&self, table: &'t Table, name: &str) -> Option<Cow<'t, Node>> {
        field(table, name, self.release)
    }

    /// The string at a key; empty if it is not set.
    fn text(&self, table: &Table, name: &str) -> (String, Option<Place>) {
        match self.field(table, name) {
            Some(node) => (node.text().unwrap_or_default().to_owned(), Some(node.place)),
            None => (String::new(), None),
        }
    }

    fn handler(&self, node: &Node) -> Handler {
        let table = node.table().cloned().unwrap_or_default();
        let (runtime_type, _) = self.text(&table, "runtime_type");
        Handler {
            table,
            place: Some(node.place),
            runtime_type,
        }
    }

    fn read_handlers(&mut self) {
        let built_in = Handler {
            table: Table::new(),
            place: None,
            runtime_type: RUNC_TYPE.to_owned(),
        };
        let runtimes = self
            .field(&self.containerd, "runtimes")
            .map(Cow::into_owned);
        // On 1.x a map in the file replaces the built-in one, on 2.x it is added to it.
        if !self.release.is_1x() || runtimes.is_none() {
            self.handlers.insert(BUILT_IN.to_owned(), built_in);
        }
        for (name, node) in runtimes.iter().filter_map(Node::table).flatten() {
            let mut handler = self.handler(node);
            let has_type = self.field(&handler.table, "runtime_type").is_some();
            if !self.release.is_1x() && name == BUILT_IN && !has_type {
                RUNC_TYPE.clone_into(&mut handler.runtime_type);
            }
            self.handlers.insert(name.clone(), handler);
        }
        if let Some(node) = self.field(&self.containerd, "default_runtime_name") {
            self.default = node.text().unwrap_or_default().to_owned();
            self.default_place = Some(node.place);
        }
        if !self.release.is_1x() {
            return;
        }
        let untrusted = self.old_handler("untrusted_workload_runtime");
        if let Some(handler) = untrusted {
            self.handlers
                .entry("untrusted".to_owned())
                .or_insert(handler);
        }
        if let Some(handler) = self.old_handler("default_runtime") {
            "default".clone_into(&mut self.default);
            self.default_place = handler.place;
            self.handlers.insert("default".to_owned(), handler);
        }
    }

    /// A handler in a table of its own, as before there was a map of them.
    fn old_handler(&self, name: &str) -> Option<Handler> {
        let node = self.field(&self.containerd, name)?;
        Some(self.handler(&node)).filter(|handler| !handler.runtime_type.is_empty())
    }

    fn loaded_handlers(&self) -> BTreeMap<String, LoadedHandler> {
        let handlers = self.handlers.iter().map(|(name, handler)| {
            let loaded = LoadedHandler {
                runtime_type: handler.runtime_type.clone(),
                place: handler.place,
            };
            (name.clone(), loaded)
        });
        handlers.collect()
    }

    /// Plugins that are disabled, by the names that the release compares.
    fn disabled_names(&self) -> Vec<(String, Place)> {
        plugin_names(self.loaded, "disabled_plugins", self.release)
    }

    fn is_disabled(&self, id: &str) -> Option<Place> {
        let short = self.loaded.has_short_names(self.release);
        let name = if short { registry::short_name(id) } else { id };
        let mut disabled = self.disabled_names().into_iter();
        disabled
            .find(|(disabled, _)| disabled == name)
            .map(|(_, place)| place)
    }

    /// CRI, or something that it can't do without, is disabled.
    fn disabled(&self) -> Option<Reason> {
        if self
            .loaded
            .top
            .get("disabled_plugins")
            .is_none_or(Node::is_zero)
        {
            return None;
        }
        registry::ESSENTIAL
            .iter()
            .filter(|(_, releases)| releases.contain(self.release))
            .find_map(|(id, _)| {
                let place = self.is_disabled(id)?;
                let what = if *id == OLD_CRI {
                    "the CRI plugin"
                } else {
                    "a plugin that CRI needs"
                };
                let message = format!("disabled_plugins turns off {what}, {id}");
                Some(self.model.reason(message, Some(place)))
            })
    }

    /// The first rule that keeps CRI off.
    fn refusal(&self) -> Option<Reason> {
        RULES
            .iter()
            .filter(|rule| rule.releases.contain(self.release))
            .find_map(|rule| (rule.find)(self))
            .map(|(message, place)| {
                let message = format!("invalid plugin config: {message}");
                self.model.reason(message, place)
            })
    }

    /// The plugin loads, and ends the daemon when it starts to count or to listen for streams.
    fn end_of_start(&self) -> Option<Reason> {
        let (host, host_place) = self.text(&self.server, "stream_server_address");
        let (port, port_place) = self.text(&self.server, "stream_server_port");
        if let Some(node) = self.field(&self.images, "stats_collect_period")
            && matches!(node.data, Data::Integer(..=0))
        {
            let message = "panic: non-positive interval for NewTicker (stats_collect_period)";
            return Some(self.model.reason(message, Some(node.place)));
        }
        let refusal = address::refusal_of(&host, &port)?;
        let message = format!("Failed to run CRI service: stream server error: {refusal}");
        Some(self.model.reason(message, port_place.or(host_place)))
    }

    /// A key that holds no duration although it is set.
    fn bad_duration(&self, table: &Table, name: &str) -> Option<Finding> {
        let (text, place) = self.text(table, name);
        let is_bad = !text.is_empty() && !duration::is_valid(&text);
        is_bad.then(|| (format!("`{name}`: invalid duration \"{text}\""), place))
    }

    fn has_snapshotter(&self, name: &str) -> bool {
        let proxies = self.loaded.table("proxy_plugins");
        let is_proxy = || {
            let proxy = proxies.and_then(|proxies| proxies.get(name)?.table());
            proxy.is_some_and(|proxy| self.text(proxy, "type").0 == "snapshot")
        };
        matches!(name, "overlayfs" | "native") || self.host_has_snapshotter(name) || is_proxy()
    }

    fn host_has_snapshotter(&self, name: &str) -> bool {
        match &self.model.host.snapshotters {
            Some(known) => known.contains(name),
            None => registry::SNAPSHOTTERS
                .iter()
                .any(|(known, releases)| *known == name && releases.contain(self.release)),
        }
    }

    fn has_file(&self, path: &str) -> bool {
        let known = self.model.host.files.as_ref();
        known.is_none_or(|known| known.contains(Path::new(path)))
    }

    /// The value of a key of another plugin.
    fn of_plugin(&self, id: &str, key: &str) -> Option<Node> {
        let short = self.loaded.has_short_names(self.release);
        let id = if short { registry::short_name(id) } else { id };
        let table = self.loaded.table("plugins")?.get(id)?.table()?;
        self.field(table, key).map(Cow::into_owned)
    }

    fn registry(&self) -> Table {
        let registry = self.field(&self.images, "registry");
        registry
            .and_then(|node| node.table().cloned())
            .unwrap_or_default()
    }
}

type Finding = (String, Option<Place>);

/// Something that keeps CRI off, and the releases that mind it.
pub(super) struct Rule {
    pub(super) releases: Releases,
    /// What the rule minds, for people.
    pub(super) what: &'static str,
    find: fn(&View<'_>) -> Option<Finding>,
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

const ALL: Releases = Releases::ALL;
const ONE: Releases = Releases::ONE;
const TWO: Releases = Releases::TWO;
const FROM_1_7: Releases = Releases::from(1, 7);
const FROM_2_1: Releases = Releases::from(2, 1);
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

fn snapshotter(view: &View<'_>) -> Option<Finding> {
    let table = if view.release.is_1x() {
        &view.containerd
    } else {
        &*view.images
    };
    let node = view.field(table, "snapshotter");
    let name = node
        .as_ref()
        .and_then(|node| node.text())
        .unwrap_or("overlayfs");
    let place = node.as_ref().map(|node| node.place);
    if name.is_empty() && view.release.is_1x() {
        return None;
    }
    let id = format!("io.containerd.snapshotter.v1.{name}");
    if let Some(place) = view.is_disabled(&id) {
        let message = format!("failed to find snapshotter \"{name}\": its plugin is disabled");
        return Some((message, Some(place)));
    }
    // MicroK8s fills variables in before containerd reads the file.
    let is_variable = name.starts_with("${");
    let is_there = is_variable || view.has_snapshotter(name);
    (!is_there).then(|| (format!("failed to find snapshotter \"{name}\""), place))
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
        .find(|path| path.is_empty() || !view.has_file(path))?;
    let message = if missing.is_empty() {
        "`x509_key_pair_streaming` has one of `tls_cert_file` and `tls_key_file` only".to_owned()
    } else {
        format!("failed to load x509 key pair for stream server: {missing} is missing")
    };
    Some((message, Some(node.place)))
}

/// Services that CRI needs and that mind their own values.
fn services(view: &View<'_>) -> Option<Finding> {
    if let Some(node) = view.of_plugin("io.containerd.metadata.v1.bolt", "content_sharing_policy") {
        let policy = node.text().unwrap_or_default();
        if !matches!(policy, "" | "shared" | "isolated") {
            return Some((
                format!("content_sharing_policy: unknown policy {policy}"),
                Some(node.place),
            ));
        }
    }
    if let Some(node) = view.of_plugin("io.containerd.service.v1.diff-service", "default") {
        let unknown = node
            .texts()
            .find(|(name, _)| !has_differ(view.release, name));
        if let Some((name, place)) = unknown {
            return Some((format!("needed differ not loaded: {name}"), Some(place)));
        }
    }
    let platforms = view.of_plugin("io.containerd.runtime.v2.task", "platforms")?;
    let (text, place) = platforms.texts().find(|(text, _)| !is_platform(text))?;
    Some((
        format!("cannot parse platform specifier {text}"),
        Some(place),
    ))
}

fn has_differ(release: Release, name: &str) -> bool {
    name == "walking" || (name == "erofs" && FROM_2_1.contain(release))
}

/// A platform of a handler that containerd can't parse.
fn runtime_platforms(view: &View<'_>) -> Option<Finding> {
    let platforms = view.field(&view.images, "runtime_platforms")?;
    platforms.table()?.values().find_map(|node| {
        let (platform, place) = view.text(node.table()?, "platform");
        let message = || format!("unable to parse platform \"{platform}\"");
        (!platform.is_empty() && !is_platform(&platform)).then(|| (message(), place))
    })
}

/// Whether containerd parses a platform. One part alone has to be a system or an architecture that
/// it knows.
fn is_platform(text: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    match text.split('/').count() {
        1 => matches!(
            text,
            "linux" | "windows" | "amd64" | "arm64" | "x86_64" | "aarch64" | "riscv64" | "s390x"
        ),
        2 | 3 => text.split('/').all(is_part),
        _ => false,
    }
}

/// What the transfer service shall unpack with; 2.x has images pulled by it.
fn unpacking(view: &View<'_>) -> Option<Finding> {
    let node = view.of_plugin("io.containerd.transfer.v1.local", "unpack_config")?;
    let Data::Array(entries) = &node.data else {
        return None;
    };
    entries.iter().find_map(|entry| {
        let table = entry.table()?;
        let (platform, _) = view.text(table, "platform");
        let (snapshotter, _) = view.text(table, "snapshotter");
        let (differ, _) = view.text(table, "differ");
        let message = if !is_platform(&platform) {
            format!("unpack_config: platform configuration {platform} invalid")
        } else if !view.has_snapshotter(&snapshotter) {
            format!("unpack_config: snapshotter \"{snapshotter}\" not found")
        } else if !differ.is_empty() && !has_differ(view.release, &differ) {
            format!("unpack_config: differ \"{differ}\" not found")
        } else {
            return None;
        };
        Some((message, Some(entry.place)))
    })
}

/// A snapshotter that is set up and does not load keeps CRI off on 2.x, whether it is used or not.
fn broken_snapshotter(view: &View<'_>) -> Option<Finding> {
    let value = |name: &str, key: &str| {
        let node = view.of_plugin(&format!("io.containerd.snapshotter.v1.{name}"), key)?;
        let text = node.text()?.to_owned();
        (!text.is_empty()).then_some((text, Some(node.place)))
    };
    if let Some((pool, place)) = value("devmapper", "pool_name") {
        if value("devmapper", "base_image_size").is_none() {
            let message = "devmapper: failed to parse base image size: it is not set";
            return Some((message.to_owned(), place));
        }
        if !view.host_has_snapshotter("devmapper") {
            return Some((format!("devmapper: pool {pool}: no such device"), place));
        }
    }
    let (scratch, place) = value("blockfile", "scratch_file")?;
    let is_there = view.host_has_snapshotter("blockfile") && view.has_file(&scratch);
    let message = || format!("blockfile: failed to generate scratch file: {scratch} is missing");
    (!is_there).then(|| (message(), place))
}

fn second_content_store(view: &View<'_>) -> Option<Finding> {
    view.loaded
        .table("proxy_plugins")?
        .values()
        .find_map(|node| {
            let (kind, place) = view.text(node.table()?, "type");
            let message = "multiple plugins registered for io.containerd.content.v1";
            (kind == "content").then(|| (message.to_owned(), place))
        })
}
