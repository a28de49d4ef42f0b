//! What ends the daemon before any plugin is asked: log settings, timeouts, proxies, and plugins
//! that are required.

use super::address;
use super::duration;
use super::loading::{Loaded, plugin_names};
use super::model::Model;
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::reason::Reason;
use super::registry;
use super::release::{ALL, FROM_1_7, Release, Releases, TWO};
use super::shape::{field, text};
use super::tree::Place;

const LEVELS: [&str; 8] = [
    "panic", "fatal", "error", "warn", "warning", "info", "debug", "trace",
];

/// Kinds of proxy plugins, and what they are registered as; any other ends the daemon with a panic.
pub(super) const PROXIES: &[(&str, &str, Releases)] = &[
    ("snapshot", "io.containerd.snapshotter.v1", ALL),
    ("content", "io.containerd.content.v1", ALL),
    ("diff", "io.containerd.differ.v1", FROM_1_7),
    ("sandbox", "io.containerd.sandbox.controller.v1", TWO),
];

/// Something that ends the daemon, on every release.
pub(super) struct Rule {
    /// What the rule minds, for people.
    pub(super) what: &'static str,
    find: fn(&Model<'_>, &Loaded, Release) -> Option<(String, Place)>,
}

/// In the order in which the daemon comes to them.
pub(super) const RULES: &[Rule] = &[
    Rule {
        what: "`root` and `state` that are the same path",
        find: |_, loaded, release| one_folder(loaded, release),
    },
    Rule {
        what: "an unknown `debug.level` or `debug.format`",
        find: |_, loaded, release| log_settings(loaded, release),
    },
    Rule {
        what: "a value of `timeouts` that is no duration",
        find: |_, loaded, _| timeouts(loaded),
    },
    Rule {
        what: "a proxy plugin of a type that the release does not know, or that takes the ID of another \
               plugin",
        find: |_, loaded, release| proxies(loaded, release),
    },
    Rule {
        what: "a missing key pair in `grpc.tcp_tls_cert` and `grpc.tcp_tls_key`",
        find: certificates,
    },
    Rule {
        what: "an address to listen on that can't be one: `debug.address`, `metrics.address`, \
               `grpc.tcp_address`",
        find: |_, loaded, release| addresses(loaded, release),
    },
];

/// Why the daemon does not start, whatever its plugins say.
pub(super) fn refusal(model: &Model<'_>, loaded: &Loaded, release: Release) -> Option<Reason> {
    RULES
        .iter()
        .filter_map(|rule| (rule.find)(model, loaded, release))
        .map(|(message, place)| model.reason(message, Some(place)))
        .find(|reason| !model.host.disproves(reason, release))
}

/// `CreateTopLevelDirectories` in `cmd/containerd/server/server.go` (`services/server` on 1.x).
fn one_folder(loaded: &Loaded, release: Release) -> Option<(String, Place)> {
    let path = |name, built_in: &str| match text(&loaded.top, name, release) {
        Some((text, place)) => (text, Some(place)),
        None => (built_in.to_owned(), None),
    };
    let (root, root_place) = path("root", "/var/lib/containerd");
    let (state, state_place) = path("state", "/run/containerd");
    let message = || "root and state must be different paths".to_owned();
    (root == state).then_some((message(), state_place.or(root_place)?))
}

fn log_settings(loaded: &Loaded, release: Release) -> Option<(String, Place)> {
    let debug = loaded.table("debug")?;
    if let Some((level, place)) = text(debug, "level", release)
        && !LEVELS.contains(&level.to_lowercase().as_str())
    {
        return Some((
            format!("debug.level: not a valid logrus level: \"{level}\""),
            place,
        ));
    }
    let (format, place) = text(debug, "format", release)?;
    let is_known = matches!(format.as_str(), "text" | "json");
    (!is_known).then(|| (format!("debug.format: unknown log format: {format}"), place))
}

fn timeouts(loaded: &Loaded) -> Option<(String, Place)> {
    loaded.table("timeouts")?.values().find_map(|node| {
        let text = node.text()?;
        let message = || format!("unable to parse {text} into a time duration");
        (!duration::is_valid(text)).then(|| (message(), node.place))
    })
}

fn proxies(loaded: &Loaded, release: Release) -> Option<(String, Place)> {
    loaded
        .table("proxy_plugins")?
        .iter()
        .find_map(|(name, node)| {
            let kind = text(node.table()?, "type", release);
            let kind = kind.map(|(kind, _)| kind).unwrap_or_default();
            let known = PROXIES
                .iter()
                .find(|(known, _, releases)| *known == kind && releases.contain(release));
            let Some((_, plugin_type, _)) = known else {
                let message =
                    format!("panic: plugin: no type (proxy_plugins.{name} is of type \"{kind}\")");
                return Some((message, node.place));
            };
            // Also if that one is disabled.
            let id = format!("{plugin_type}.{name}");
            registry::is_taken(&id, release).then(|| {
                let message = format!("panic: {id}: plugin: id already registered");
                (message, node.place)
            })
        })
}

/// The key pair for gRPC over TCP, which is read even if nothing listens there.
fn certificates(model: &Model<'_>, loaded: &Loaded, release: Release) -> Option<(String, Place)> {
    let grpc = loaded.table("grpc")?;
    let certificate = field(grpc, "tcp_tls_cert", release)?;
    if certificate.is_zero() {
        return None;
    }
    let path = |name| text(grpc, name, release).map(|(path, _)| path);
    let missing = ["tcp_tls_cert", "tcp_tls_key"]
        .into_iter()
        .map(|name| path(name).unwrap_or_default())
        .find(|path| path.is_empty() || !model.has_file(path))?;
    let message = format!("grpc.tcp_tls_cert: open {missing}: no such file or directory");
    Some((message, certificate.place))
}

/// What the daemon listens on besides its socket.
fn addresses(loaded: &Loaded, release: Release) -> Option<(String, Place)> {
    [
        ("debug", "address"),
        ("metrics", "address"),
        ("grpc", "tcp_address"),
    ]
    .into_iter()
    .find_map(|(table, key)| {
        let (text, place) = text(loaded.table(table)?, key, release)?;
        if table == "debug" && text.starts_with('/') {
            // A socket.
            return None;
        }
        let refusal = address::refusal(&text)?;
        Some((
            format!("failed to get listener for {table}.{key}: {refusal}"),
            place,
        ))
    })
}

/// A required plugin that is not there, or does not load: the daemon exits.
pub(super) fn missing_plugin(
    model: &Model<'_>,
    loaded: &Loaded,
    release: Release,
    no_cri: Option<&Reason>,
) -> Option<Reason> {
    let short = loaded.has_short_names(release);
    let disabled = plugin_names(loaded, "disabled_plugins", release);
    let of_cri = |name: &str| {
        [OLD_CRI, RUNTIME, IMAGES]
            .iter()
            .any(|id| name == *id || (short && name == registry::short_name(id)))
    };
    for (name, place) in plugin_names(loaded, "required_plugins", release) {
        let is_registered = registry::REGISTERED.iter().any(|(id, releases)| {
            let id = if short { registry::short_name(id) } else { id };
            releases.contain(release) && id == name
        });
        if !is_registered || disabled.iter().any(|(disabled, _)| *disabled == name) {
            let message = format!("required plugin [{name}] not included");
            return Some(model.reason(message, Some(place)));
        }
        if let (true, Some(reason)) = (of_cri(&name), no_cri) {
            return Some(Reason {
                message: format!("load required plugin {name}: {}", reason.message),
                at: reason.at.clone(),
            });
        }
    }
    None
}
