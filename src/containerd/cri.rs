//! What becomes of the CRI plugin, and of the daemon with it.

use super::loading::Loaded;
use super::model::{Model, Verdict};
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::reason::Reason;
use super::registry;
use super::release::{Release, Releases};
use super::rules::RULES;
use super::schema;
use super::shape::Field;
use super::tree::{Data, Node};
use super::view::View;
use super::{address, daemon};

/// The verdict on a config that was loaded.
pub(super) fn verdict(model: &Model<'_>, loaded: &Loaded, release: Release) -> Verdict {
    if let Some(reason) = daemon::refusal(model, loaded, release) {
        return Verdict::Exits { reason };
    }
    if let Some(reason) = undecodable(model, loaded, release) {
        return Verdict::Exits { reason };
    }
    let view = View::new(model, loaded, release);
    let no_cri = disabled(&view).or_else(|| refusal(&view));
    if let Some(reason) = daemon::missing_plugin(model, loaded, release, no_cri.as_ref()) {
        return Verdict::Exits { reason };
    }
    if let (None, Some(reason)) = (&no_cri, end_of_start(&view)) {
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

/// CRI, or something that it can't do without, is disabled.
fn disabled(view: &View<'_>) -> Option<Reason> {
    if view
        .loaded
        .top
        .get("disabled_plugins")
        .is_none_or(Node::is_zero)
    {
        return None;
    }
    registry::ESSENTIAL
        .iter()
        .filter(|(_, releases)| releases.contain(view.release))
        .find_map(|(id, _)| {
            let place = view.is_disabled(id)?;
            let what = if *id == OLD_CRI {
                "the CRI plugin"
            } else {
                "a plugin that CRI needs"
            };
            let message = format!("disabled_plugins turns off {what}, {id}");
            Some(view.model.reason(message, Some(place)))
        })
}

/// The first rule that keeps CRI off.
fn refusal(view: &View<'_>) -> Option<Reason> {
    RULES
        .iter()
        .filter(|rule| rule.releases.contain(view.release))
        .find_map(|rule| (rule.find)(view))
        .map(|(message, place)| {
            let message = format!("invalid plugin config: {message}");
            view.model.reason(message, place)
        })
}

/// The plugin loads, and ends the daemon when it starts to count or to listen for streams.
fn end_of_start(view: &View<'_>) -> Option<Reason> {
    let (host, host_place) = view.text(&view.server, "stream_server_address");
    let (port, port_place) = view.text(&view.server, "stream_server_port");
    if let Some(node) = view.field(&view.images, "stats_collect_period")
        && matches!(node.data, Data::Integer(..=0))
    {
        let message = "panic: non-positive interval for NewTicker (stats_collect_period)";
        return Some(view.model.reason(message, Some(node.place)));
    }
    let refusal = address::refusal_of(&host, &port)?;
    let message = format!("Failed to run CRI service: stream server error: {refusal}");
    Some(view.model.reason(message, port_place.or(host_place)))
}
