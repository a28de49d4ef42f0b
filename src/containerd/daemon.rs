//! What ends the daemon before any plugin is asked: log settings, timeouts, proxies, and plugins
//! that are required.

use super::address;
use super::duration;
use super::loaded::{self, Loaded, Rule};
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::registry::{self, EROFS_DIFFER};
use super::release::{ALL, Release, Releases, SERVERS};
use super::servers;
use super::snapshotters;
use super::table::{string, text};
use super::verdict::{Finding, Reason};
use super::view::CriView;

const LEVELS: [&str; 8] = [
    "panic", "fatal", "error", "warn", "warning", "info", "debug", "trace",
];

type DaemonRule = Rule<fn(&Loaded<'_>) -> Option<Finding>>;

/// Since 2.3 a server that can't read its key pair is left out, and the daemon starts.
const BEFORE_SERVERS: Releases = Releases::between(Release::new(0, 0, 0), Release::new(2, 3, 0));

/// In the order in which the daemon comes to them.
#[rustfmt::skip] // A table: one rule on a line.
pub(super) const RULES: &[DaemonRule] = &[
    Rule("`root` and `state` that are the same path", ALL, one_folder),
    Rule("an unknown `debug.level` or `debug.format`", ALL, log_settings),
    Rule("a value of `timeouts` that is no duration", ALL, timeouts),
    Rule("a proxy plugin of a type that the release does not know, or that takes the ID of another plugin", ALL, proxies),
    Rule("a missing key pair in `grpc.tcp_tls_cert` and `grpc.tcp_tls_key`", BEFORE_SERVERS, certificates),
    Rule("an address to listen on that can't be one, or a socket's path of more than 104 letters: `debug.address`, `metrics.address`, `grpc.tcp_address`, `grpc.address`, `ttrpc.address`", ALL, addresses),
];

/// `CreateTopLevelDirectories` in `cmd/containerd/server/server.go` (`services/server` on 1.x).
fn one_folder(loaded: &Loaded<'_>) -> Option<Finding> {
    let path = |name, built_in: &str| match text(&loaded.top, name) {
        Some((text, place)) => (text.to_owned(), Some(place)),
        None => (built_in.to_owned(), None),
    };
    let (root, root_place) = path("root", "/var/lib/containerd");
    let (state, state_place) = path("state", "/run/containerd");
    let message = || "root and state must be different paths".to_owned();
    (root == state).then(|| (message(), state_place.or(root_place)))
}

fn log_settings(loaded: &Loaded<'_>) -> Option<Finding> {
    let debug = loaded.table("debug")?;
    if let Some((level, place)) = text(debug, "level")
        && !LEVELS.contains(&level.to_lowercase().as_str())
    {
        let message = format!("debug.level: not a valid logrus level: \"{level}\"");
        return Some((message, Some(place)));
    }
    let (format, place) = text(debug, "format")?;
    let is_known = matches!(format, "text" | "json");
    let message = || format!("debug.format: unknown log format: {format}");
    (!is_known).then(|| (message(), Some(place)))
}

fn timeouts(loaded: &Loaded<'_>) -> Option<Finding> {
    loaded.table("timeouts")?.values().find_map(|node| {
        let text = node.as_str()?;
        let message = || format!("unable to parse {text} into a time duration");
        (!duration::is_valid(text)).then(|| (message(), Some(node.place)))
    })
}

fn proxies(loaded: &Loaded<'_>) -> Option<Finding> {
    let mut proxies = loaded.table("proxy_plugins")?.iter();
    proxies.find_map(|(name, node)| {
        let kind = loaded::proxy_type(node, loaded.release);
        let id = kind.map(|kind| format!("{kind}.{name}"));
        let message = match id {
            None => format!("panic: plugin: no type (of proxy_plugins.{name})"),
            Some(_) if name.is_empty() => "panic: plugin: no id (in proxy_plugins)".to_owned(),
            // Also if that one is disabled.
            Some(id) if registry::is_taken(&id, loaded.release) => {
                format!("panic: {id}: plugin: id already registered")
            }
            Some(_) => return None,
        };
        Some((message, Some(node.place)))
    })
}

/// The key pair for gRPC over TCP, which is read even if nothing listens there.
fn certificates(loaded: &Loaded<'_>) -> Option<Finding> {
    let grpc = loaded.table("grpc")?;
    let certificate = grpc.get("tcp_tls_cert").filter(|it| !it.is_zero())?;
    let pair = ["tcp_tls_cert", "tcp_tls_key"].map(|key| string(grpc, key));
    let missing = loaded.model.missing_of(pair)?;
    let message = format!("grpc.tcp_tls_cert: open {missing}: no such file or directory");
    Some((message, Some(certificate.place)))
}

/// What the daemon listens on: a table and key of the file. Since 2.3 a plugin's key goes before it.
const LISTENERS: [[&str; 2]; 5] = [
    ["debug", "address"],
    ["metrics", "address"],
    ["grpc", "tcp_address"],
    ["grpc", "address"],
    ["ttrpc", "address"],
];

fn addresses(loaded: &Loaded<'_>) -> Option<Finding> {
    LISTENERS.into_iter().find_map(|[table, key]| {
        let (address, place) = if loaded.release.is_in(SERVERS) {
            let [_, id, key] = servers::in_plugin(&[table, key])?;
            loaded.text_of_plugin(id, key)?
        } else {
            text(loaded.table(table)?, key)?
        };
        let is_socket = match table {
            "debug" => address.starts_with('/'),
            _ => key == "address" && table != "metrics",
        };
        let refusal = if is_socket {
            let is_long = address.len() > address::LONGEST_OWN_SOCKET;
            is_long.then(|| format!("\"{address}\": unix socket path too long"))
        } else {
            address::refusal(address)
        };
        let message = format!("failed to get listener for {table}.{key}: {}", refusal?);
        Some((message, Some(place)))
    })
}

const STREAMING: &str = "io.containerd.grpc.v1.streaming";
/// What [`STREAMING`] needs.
const STREAMS: &str = "io.containerd.streaming.v1.manager";

/// A required plugin that is not there, or does not load: the daemon exits.
pub(super) fn missing_plugin(view: &CriView<'_>, no_cri: Option<&Reason>) -> Option<Reason> {
    let mut required = view.plugin_names("required_plugins").peekable();
    required.peek()?;
    // Measured: of all plugins that CRI can do without, only this one takes another along.
    let is_on = |id: &&str| {
        let needed = if *id == STREAMING { STREAMS } else { id };
        view.disabled(id)
            .or_else(|| view.disabled(needed))
            .is_none()
    };
    let built_in = registry::registered(view.release).filter(is_on);
    let built_in = built_in.chain(view.has_differ("erofs").then_some(EROFS_DIFFER));
    let others = view.proxies().map(|(id, _)| id);
    let others = others.chain(snapshotters::loading(view));
    let there: Vec<String> = built_in.map(str::to_owned).chain(others).collect();
    let parts = [OLD_CRI, RUNTIME, IMAGES].map(str::to_owned);
    let parts = if view.release.is_1x() {
        &parts[..1]
    } else {
        &parts
    };
    required.find_map(|(name, place)| {
        let names_one = |ids: &[String]| ids.iter().any(|id| name == view.plugin_name(id));
        if !names_one(&there) {
            let message = format!("required plugin [{name}] not included");
            return Some(view.model.reason(message, Some(place)));
        }
        let reason = no_cri.filter(|_| names_one(parts))?;
        Some(Reason {
            message: format!("load required plugin {name}: {}", reason.message),
            at: reason.at.clone(),
        })
    })
}
