//! What keeps CRI off although its own config is right: plugins that it works with.

use super::platform;
use super::registry::SNAPSHOTTER;
use super::tree::{Data, Node, text};
use super::url;
use super::view::{Finding, View};

pub(super) fn snapshotter(view: &View<'_>) -> Option<Finding> {
    let table = if view.release.is_1x() {
        &view.containerd
    } else {
        &*view.images
    };
    let node = table.get("snapshotter");
    let name = node.and_then(Node::text).unwrap_or("overlayfs");
    let place = node.map(|node| node.place);
    if name.is_empty() && view.release.is_1x() {
        return None;
    }
    let id = format!("{SNAPSHOTTER}.{name}");
    if let Some(place) = view.loaded.disabled(&id, view.release) {
        let message = format!("failed to find snapshotter \"{name}\": its plugin is disabled");
        return Some((message, Some(place)));
    }
    // MicroK8s fills variables in before containerd reads the file.
    let is_there = name.starts_with("${") || view.has_snapshotter(name);
    (!is_there).then(|| (format!("failed to find snapshotter \"{name}\""), place))
}

/// Services that CRI needs and that mind their own values.
pub(super) fn services(view: &View<'_>) -> Option<Finding> {
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
        let unknown = node.texts().find(|(name, _)| !view.has_differ(name));
        if let Some((name, place)) = unknown {
            return Some((format!("needed differ not loaded: {name}"), Some(place)));
        }
    }
    let platforms = view.of_plugin("io.containerd.runtime.v2.task", "platforms")?;
    let is_bad = |text: &str| !platform::is_valid(text, view.release);
    let (text, place) = platforms.texts().find(|(text, _)| is_bad(text))?;
    Some((
        format!("cannot parse platform specifier {text}"),
        Some(place),
    ))
}

/// A platform of a handler that containerd can't parse.
pub(super) fn runtime_platforms(view: &View<'_>) -> Option<Finding> {
    let platforms = view.images.get("runtime_platforms")?;
    platforms.table()?.values().find_map(|node| {
        let (platform, place) = text(node.table()?, "platform")?;
        let message = || format!("unable to parse platform \"{platform}\"");
        (!platform::is_valid(platform, view.release)).then(|| (message(), Some(place)))
    })
}

/// What the transfer service unpacks with: without it there are no images since 2.1.
pub(super) fn unpacking(view: &View<'_>) -> Option<Finding> {
    let Some(node) = view.of_plugin("io.containerd.transfer.v1.local", "unpack_config") else {
        let place = view
            .loaded
            .disabled("io.containerd.snapshotter.v1.overlayfs", view.release)?;
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
        } else if table.get("optional").is_some_and(Node::is_true) {
            return None;
        } else if !view.has_snapshotter(snapshotter) {
            format!("unpack_config: snapshotter \"{snapshotter}\" not found")
        } else if !differ.is_empty() && !view.has_differ(differ) {
            format!("unpack_config: differ \"{differ}\" not found")
        } else {
            return None;
        };
        Some((message, Some(entry.place)))
    })
}

/// A snapshotter that is set up and does not load keeps CRI off on 2.x, whether it is used or not.
pub(super) fn broken_snapshotter(view: &View<'_>) -> Option<Finding> {
    let value = |name: &str, key: &str| {
        let node = view.of_plugin(&format!("{SNAPSHOTTER}.{name}"), key)?;
        let text = node.text().filter(|text| !text.is_empty())?;
        Some((text, Some(node.place)))
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
    if let Some((size, place)) = value("erofs", "default_size")
        && !is_size(size)
    {
        let message = format!("erofs: failed to parse default_size '{size}'");
        return Some((message, place));
    }
    if let Some((mode, place)) = value("erofs", "dmverity_mode")
        && !matches!(mode, "auto" | "on" | "off")
    {
        let message = format!("erofs: invalid dmverity_mode \"{mode}\"");
        return Some((message, place));
    }
    let (scratch, place) = value("blockfile", "scratch_file")?;
    let is_there = view.host_has_snapshotter("blockfile") && view.model.has_file(scratch);
    let message = || format!("blockfile: failed to generate scratch file: {scratch} is missing");
    (!is_there).then(|| (message(), place))
}

/// Whether `RAMInBytes` of go-units reads the size: a number, and maybe a unit up to `PiB`.
fn is_size(text: &str) -> bool {
    let end = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '));
    let Some(end) = end else {
        return false;
    };
    let (number, unit) = text.split_at(end + 1);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let unit = unit.to_lowercase();
    let prefix = unit.strip_suffix("ib").or(unit.strip_suffix('b'));
    let is_unit = match prefix.unwrap_or(&unit) {
        "" => unit != "ib",
        prefix => prefix.len() == 1 && "kmgtp".contains(prefix),
    };
    is_unit && number.parse().is_ok_and(|number: f64| number >= 0.0)
}

/// Any plugin of a kind that fails takes CRI along on 2.x.
pub(super) fn proxy_address(view: &View<'_>) -> Option<Finding> {
    view.loaded
        .table("proxy_plugins")?
        .values()
        .find_map(|node| {
            let (address, place) = text(node.table()?, "address")?;
            // Not by its own scheme, nor by gRPC's default one.
            let refusal = url::refusal(&format!("dns:///unix://{address}"))?;
            Some((
                format!("failed to dial \"{address}\": {refusal}"),
                Some(place),
            ))
        })
}

pub(super) fn second_content_store(view: &View<'_>) -> Option<Finding> {
    let prefix = "io.containerd.content.v1.";
    let mut proxies = view.proxies().into_iter();
    let (_, place) = proxies.find(|(id, _)| id.starts_with(prefix))?;
    let message = "multiple plugins registered for io.containerd.content.v1";
    Some((message.to_owned(), Some(place)))
}

/// The folder of the shims' sockets, to whose path a name of 64 letters is added.
const LONGEST_SOCKET_DIR: usize = 42;

pub(super) fn socket_dir(view: &View<'_>) -> Option<Finding> {
    let node = view.of_plugin("io.containerd.shim.v1.manager", "socket_dir")?;
    let path = node.text().filter(|path| !path.is_empty())?;
    let clean = super::absolute(std::path::Path::new("/"), path);
    let message = if !path.starts_with('/') {
        format!("socket_dir must be an absolute path: \"{path}\"")
    } else if clean.as_os_str().len() > LONGEST_SOCKET_DIR {
        format!("socket_dir length must be no longer than {LONGEST_SOCKET_DIR} characters")
    } else {
        return None;
    };
    Some((message, Some(node.place)))
}
