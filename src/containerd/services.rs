//! What keeps CRI off although its own config is right: plugins that it works with.

use super::platform;
use super::snapshotters;
use super::table::text;
use super::url;
use super::verdict::Finding;
use super::view::CriView;
use crate::toml::value::{Data, Value};

/// Services that CRI needs and that mind their own values.
pub(super) fn services(view: &CriView<'_>) -> Option<Finding> {
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
pub(super) fn runtime_platforms(view: &CriView<'_>) -> Option<Finding> {
    let platforms = view.images.get("runtime_platforms")?;
    platforms.table()?.values().find_map(|node| {
        let (platform, place) = text(node.table()?, "platform")?;
        let message = || format!("unable to parse platform \"{platform}\"");
        (!platform::is_valid(platform, view.release)).then(|| (message(), Some(place)))
    })
}

/// What the transfer service unpacks with: without it there are no images since 2.1.
pub(super) fn unpacking(view: &CriView<'_>) -> Option<Finding> {
    let Some(node) = view.of_plugin("io.containerd.transfer.v1.local", "unpack_config") else {
        let place = view.disabled("io.containerd.snapshotter.v1.overlayfs")?;
        let message = "unpack_config: snapshotter \"overlayfs\" not found: its plugin is disabled";
        return Some((message.to_owned(), Some(place)));
    };
    let Data::Array(entries) = &node.data else {
        return None;
    };
    entries.iter().find_map(|entry| {
        let table = entry.table()?;
        let value = |key| text(table, key).map_or("", |(text, _)| text);
        let (platform, snapshotter, differ) =
            (value("platform"), value("snapshotter"), value("differ"));
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
pub(super) fn proxy_address(view: &CriView<'_>) -> Option<Finding> {
    let mut proxies = view.table("proxy_plugins")?.values();
    proxies.find_map(|node| {
        let (address, place) = text(node.table()?, "address")?;
        // Not by its own scheme, nor by gRPC's default one.
        let refusal = url::refusal(&format!("dns:///unix://{address}"))?;
        let message = format!("failed to dial \"{address}\": {refusal}");
        Some((message, Some(place)))
    })
}

pub(super) fn second_content_store(view: &CriView<'_>) -> Option<Finding> {
    let prefix = "io.containerd.content.v1.";
    let (_, place) = view.proxies().find(|(id, _)| id.starts_with(prefix))?;
    let message = "multiple plugins registered for io.containerd.content.v1";
    Some((message.to_owned(), Some(place)))
}

/// The folder of the shims' sockets, to whose path a name of 64 letters is added.
const LONGEST_SOCKET_DIR: usize = 42;

pub(super) fn socket_dir(view: &CriView<'_>) -> Option<Finding> {
    let (path, place) = view.text_of_plugin("io.containerd.shim.v1.manager", "socket_dir")?;
    let clean = super::absolute(std::path::Path::new("/"), path);
    let message = if !path.starts_with('/') {
        format!("socket_dir must be an absolute path: \"{path}\"")
    } else if clean.as_os_str().len() > LONGEST_SOCKET_DIR {
        format!("socket_dir length must be no longer than {LONGEST_SOCKET_DIR} characters")
    } else {
        return None;
    };
    Some((message, Some(place)))
}
