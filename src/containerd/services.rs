//! What keeps CRI off although its own config is right: plugins that it works with.

use super::release::{FROM_2_1, Release};
use super::tree::Data;
use super::view::{Finding, View};

pub(super) fn snapshotter(view: &View<'_>) -> Option<Finding> {
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
pub(super) fn runtime_platforms(view: &View<'_>) -> Option<Finding> {
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

/// What the transfer service unpacks with; 2.x pulls images through it.
pub(super) fn unpacking(view: &View<'_>) -> Option<Finding> {
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
pub(super) fn broken_snapshotter(view: &View<'_>) -> Option<Finding> {
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
    let is_there = view.host_has_snapshotter("blockfile") && view.model.has_file(&scratch);
    let message = || format!("blockfile: failed to generate scratch file: {scratch} is missing");
    (!is_there).then(|| (message(), place))
}

pub(super) fn second_content_store(view: &View<'_>) -> Option<Finding> {
    view.loaded
        .table("proxy_plugins")?
        .values()
        .find_map(|node| {
            let (kind, place) = view.text(node.table()?, "type");
            let message = "multiple plugins registered for io.containerd.content.v1";
            (kind == "content").then(|| (message.to_owned(), place))
        })
}
