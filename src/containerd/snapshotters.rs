//! Snapshotters: which there are, and which of them load.
//!
//! `plugins/snapshots/*/plugin` (in 1.x `snapshots/*/plugin`), and `github.com/containerd/zfs` and
//! `aufs`.

use super::asked::Asked;
use super::model::Model;
use super::registry::{self, SNAPSHOTTER};
use super::release::{ONE_6, Release};
use super::verdict::Finding;
use super::view::CriView;
use crate::toml::value::Place;

/// Whether some plugin provides a snapshotter.
pub(super) fn is_there(view: &CriView<'_>, name: &str) -> bool {
    let loads = registry::is_taken(&id(name), view.release) && lack(view, name).is_none();
    view.has_plugin(&id(name), loads)
}

/// The IDs of the snapshotters that need something and have it.
pub(super) fn loading(view: &CriView<'_>) -> impl Iterator<Item = String> {
    let names = registry::SNAPSHOTTERS.iter().map(|(name, ..)| *name);
    let there = names.filter(move |name| is_there(view, name));
    there.map(id)
}

impl Model<'_> {
    /// Why no plugin provides a snapshotter on a release. `None` if one does, if its name is still to
    /// be filled in, and where the release does not load the config at all.
    pub(crate) fn lacks_snapshotter(&self, name: &str, release: Release) -> Option<String> {
        let release = Asked::new(release);
        let loaded = self.load(&release).ok()?;
        why_missing(&CriView::new(&loaded), name)
    }
}

fn why_missing(view: &CriView<'_>, name: &str) -> Option<String> {
    // MicroK8s fills variables in before containerd reads the file.
    if name.starts_with("${") || is_there(view, name) {
        return None;
    }
    if registry::is_left_out(&id(name), view.release) {
        return Some("Debian builds this release without it".to_owned());
    }
    if !registry::is_taken(&id(name), view.release) {
        return Some("no plugin of containerd or of this config provides it".to_owned());
    }
    let is_off = view.disabled(&id(name)).is_some();
    let lack = lack(view, name).filter(|_| !is_off);
    Some(lack.map_or("its plugin is disabled".to_owned(), |(why, _)| why))
}

/// The snapshotter of CRI itself, and where it is set.
pub(super) fn name_of_cri<'v>(view: &'v CriView<'_>) -> (&'v str, Option<Place>) {
    let table = if view.release.is_1x() {
        &view.containerd
    } else {
        &*view.images
    };
    let node = table.get("snapshotter");
    let name = node.and_then(|node| node.as_str()).unwrap_or("overlayfs");
    (name, node.map(|node| node.place))
}

/// CRI's own snapshotter is missing.
pub(super) fn of_cri(view: &CriView<'_>) -> Option<Finding> {
    let (name, place) = name_of_cri(view);
    if name.is_empty() && view.release.is_1x() {
        return None;
    }
    let why = why_missing(view, name)?;
    let disabled = view.disabled(&id(name));
    let message = format!("failed to find snapshotter \"{name}\": {why}");
    Some((message, disabled.or(place)))
}

/// A snapshotter that is set up and fails keeps CRI off on 2.x, whether it is used or not.
pub(super) fn broken(view: &CriView<'_>) -> Option<Finding> {
    let mut there = registry::SNAPSHOTTERS.iter().map(|(name, ..)| *name);
    there.find_map(|name| {
        let (message, place) = lack(view, name).filter(|(_, place)| place.is_some())?;
        Some((format!("{name}: {message}"), place))
    })
}

fn id(name: &str) -> String {
    format!("{SNAPSHOTTER}.{name}")
}

/// Why a snapshotter that comes with containerd does not load: with a place, if it is set up and fails,
/// so that 2.x does without CRI. Otherwise nobody minds, unless it is used.
fn lack(view: &CriView<'_>, name: &str) -> Option<Finding> {
    let value = |key| view.text_of_plugin(&id(name), key);
    let text = |key| value(key).map_or("", |(text, _)| text);
    let skipped = |why: &str| Some((why.to_owned(), None));
    let known = view.model.host.snapshotters.as_ref();
    let is_on_host = known.is_none_or(|known| known.contains(name));
    match name {
        "devmapper" => {
            let Some((pool, place)) = value("pool_name") else {
                return skipped("its `pool_name` is not set");
            };
            let (size, kind) = (text("base_image_size"), text("fs_type"));
            let is_known =
                matches!(kind, "" | "ext4" | "xfs") || kind == "ext2" && !view.release.is_in(ONE_6);
            let message = if !is_size(size) {
                format!("failed to parse base image size: '{size}'")
            } else if !is_known {
                format!("unsupported Filesystem Type: \"{kind}\"")
            } else if !is_on_host {
                format!("pool {pool}: no such device")
            } else {
                return None;
            };
            return Some((message, Some(place)));
        }
        "blockfile" => {
            // Once it is copied, containerd has a file of its own; nobody takes the key out then.
            let Some((scratch, place)) = value("scratch_file") else {
                return skipped("its `scratch_file` is not set");
            };
            let message = format!("failed to generate scratch file: {scratch} is missing");
            return (!view.model.has_file(scratch)).then_some((message, Some(place)));
        }
        "erofs" => {
            if let Some((size, place)) = value("default_size").filter(|(size, _)| !is_size(size)) {
                return Some((
                    format!("failed to parse default_size '{size}'"),
                    Some(place),
                ));
            }
            if let Some((mode, place)) = value("dmverity_mode")
                && !matches!(mode, "auto" | "on" | "off")
            {
                return Some((format!("invalid dmverity_mode \"{mode}\""), Some(place)));
            }
        }
        _ => {}
    }
    let needs = registry::needs_of_host(name).filter(|_| !is_on_host)?;
    skipped(&format!("it loads only if {needs}"))
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
