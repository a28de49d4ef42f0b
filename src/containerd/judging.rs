//! What becomes of the CRI plugin, and of the daemon with it.

use std::path::Path;
use std::sync::Arc;

use super::asked::Asked;
use super::files::{ConfigFiles, Host};
use super::loaded::Loaded;
use super::model::Model;
use super::plugin::OLD_CRI;
use super::registry;
use super::release::{Release, Releases};
use super::rules;
use super::schema;
use super::shape::{Decoder, Field};
use super::snapshotters;
use super::table::text;
use super::verdict::{Finding, Judged, Reason, Verdict};
use super::view::CriView;
use super::{address, daemon, duration};
use crate::toml::value::{Data, Name, Table};

impl Model<'_> {
    /// Says what a release makes of the config.
    ///
    /// Rules that changed between patch releases follow an exact version; a line such as 2.1 is
    /// judged as its newest patch release.
    #[must_use]
    pub fn verdict(&self, release: Release) -> Verdict {
        self.judge(release).verdict
    }

    /// Says what a release makes of the config, and what it does not read of it.
    pub(crate) fn judge(&self, release: Release) -> Judged {
        let is_known = |(alike, _): &&(Releases, Judged)| alike.contain(release);
        if let Some((_, judged)) = self.judged.borrow().iter().find(is_known) {
            return judged.clone();
        }
        let asked = Asked::new(release);
        let judged = self.judge_anew(&asked);
        let known = (asked.alike(), judged.clone());
        self.judged.borrow_mut().push(known);
        judged
    }

    /// Those of the releases that read the config: they read the version of its main file, or serve since a
    /// later file has an older one, which then holds for all.
    pub(crate) fn reading(&self, releases: &[Release], version: i64) -> Vec<Release> {
        let has_others = self.files.files.len() > 1;
        let serves = |release: Release| has_others && self.verdict(release).serves();
        let releases = releases.iter().copied();
        releases
            .filter(|it| it.reads(version) || serves(*it))
            .collect()
    }

    fn judge_anew(&self, release: &Asked) -> Judged {
        let mut loaded = match self.load(release) {
            Ok(loaded) => loaded,
            Err(reason) => return Judged::of(Verdict::Exits { reason }),
        };
        let lost = std::mem::take(&mut loaded.lost);
        let end = loaded.first_minded(daemon::RULES, |find| find(&loaded));
        let end = end.or_else(|| decode_plugins(&mut loaded));
        let judged = match end {
            Some(reason) => Judged::of(Verdict::Exits { reason }),
            None => of_cri(CriView::new(&loaded)),
        };
        Judged { lost, ..judged }
    }
}

impl Judged {
    fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            lost: Vec::new(),
            snapshotter: None,
        }
    }
}

/// Says what a containerd release makes of a config on a host.
///
/// # Examples
///
/// ```
/// use containerd_edit::model::{ConfigFiles, Host, load};
///
/// let config = "version = 2
/// [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.crun]
/// runtime_type = 'io.containerd.runc.v2'
/// ";
/// let files = ConfigFiles::new("/etc/containerd/config.toml", config);
/// let host = Host::default();
/// assert!(load(&files, "2.1".parse()?, &host).serves());
///
/// let verdict = load(&files, "1.7".parse()?, &host);
/// let reason = verdict.reason().expect("runc is not listed");
/// assert!(reason.message.contains("default_runtime_name"));
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[must_use]
pub fn load(files: &ConfigFiles, release: Release, host: &Host) -> Verdict {
    Model::new(files, host).verdict(release)
}

/// What becomes of CRI, and of the daemon with it.
fn of_cri(view: CriView<'_>) -> Judged {
    let no_cri = disabled(&view).and_then(|finding| view.reason(finding));
    let no_cri = no_cri.or_else(|| {
        view.first_minded(rules::RULES, |find| {
            let (message, place) = find(&view)?;
            Some((format!("invalid plugin config: {message}"), place))
        })
    });
    let missing = daemon::missing_plugin(&view, no_cri.as_ref());
    let exits = missing.filter(|reason| view.stands(reason));
    let exits = exits.or_else(|| match no_cri {
        Some(_) => None,
        None => view.reason(end_of_start(&view)?),
    });
    match (exits, no_cri) {
        (Some(reason), _) => Judged::of(Verdict::Exits { reason }),
        (None, Some(reason)) => Judged::of(Verdict::NoCri { reason }),
        (None, None) => Judged {
            snapshotter: Some(snapshotters::name_of_cri(&view).0.to_owned()),
            ..Judged::of(Verdict::Serves {
                handlers: view
                    .handlers
                    .into_iter()
                    .map(|(name, handler)| (name, handler.loaded))
                    .collect(),
                default: view.default,
            })
        },
    }
}

/// Each plugin that is not disabled decodes its part: a value that it can't decode ends the daemon.
fn decode_plugins(loaded: &mut Loaded<'_>) -> Option<Reason> {
    let known = schema::CRI_PLUGINS.iter().chain(schema::OTHER_PLUGINS);
    let mut read = Table::new();
    let decoder = Decoder {
        release: loaded.release,
        is_file: false,
    };
    let plugins = loaded.table("plugins");
    for Field(id, shape, releases) in known {
        let name = loaded.plugin_name(id);
        let written = plugins.and_then(|plugins| plugins.get_key_value(name));
        let Some((name, node)) = written.filter(|_| loaded.release.is_in(*releases)) else {
            continue;
        };
        if loaded.disabled(id).is_some() {
            continue;
        }
        match decoder.decode(*shape, node) {
            Ok(node) => drop(read.insert(Name::clone(name), node.into_owned())),
            Err(_) if registry::is_left_out(id, loaded.release) => {}
            Err(mismatch) => {
                let finding = mismatch.below(name).below("plugins").finding();
                if let Some(reason) = loaded.reason(finding) {
                    return Some(reason);
                }
            }
        }
    }
    // Whatever else stands there, nobody reads.
    if let Some(node) = loaded.top.get_mut("plugins") {
        node.data = Data::Table(Arc::new(read));
    }
    None
}

/// CRI, or something that it can't do without, is disabled.
fn disabled(view: &CriView<'_>) -> Option<Finding> {
    view.plugin_names("disabled_plugins").next()?;
    registry::essential().find_map(|(id, releases)| {
        let place = view.disabled(id).filter(|_| view.release.is_in(releases))?;
        let what = if id == OLD_CRI {
            "the CRI plugin"
        } else {
            "a plugin that CRI needs"
        };
        Some((
            format!("disabled_plugins turns off {what}, {id}"),
            Some(place),
        ))
    })
}

/// The plugin loads, and ends the daemon when it starts to count, to listen for streams or to look
/// for NRI's plugins.
fn end_of_start(view: &CriView<'_>) -> Option<Finding> {
    let period = view.images.get("stats_collect_period");
    let of_images = period.filter(|node| match node.data {
        // Go counts the nanoseconds in 64 bits.
        Data::Integer(seconds) => seconds.wrapping_mul(1_000_000_000) <= 0,
        _ => false,
    });
    let period = view.cri.get("stats_collect_period");
    let of_runtime = period.filter(|node| {
        let length = node.as_str().and_then(duration::nanoseconds);
        length.is_some_and(|length| length <= 0.0)
    });
    if let Some(node) = of_images.or(of_runtime) {
        let message = "panic: non-positive interval for NewTicker (stats_collect_period)";
        return Some((message.to_owned(), Some(node.place)));
    }
    let value = |key| text(&view.server, key).map_or(("", None), |(text, at)| (text, Some(at)));
    let (host, host_place) = value("stream_server_address");
    let (port, port_place) = value("stream_server_port");
    if let Some(refusal) = address::refusal_of(host, port) {
        let message = format!("Failed to run CRI service: stream server error: {refusal}");
        return Some((message, port_place.or(host_place)));
    }
    nri(view)
}

fn nri(view: &CriView<'_>) -> Option<Finding> {
    let id = "io.containerd.nri.v1.nri";
    let is_off = match view.of_plugin(id, "disable") {
        Some(node) => node.is_true(),
        None => view.release.is_1x(),
    };
    if is_off || view.disabled(id).is_some() {
        return None;
    }
    if let Some((path, place)) = view.text_of_plugin(id, "plugin_path")
        && let Some(known) = &view.model.host.files
        && known.contains(Path::new(path))
    {
        let message = format!("failed to discover plugins in {path}: not a directory");
        return Some((message, Some(place)));
    }
    let listens = view.of_plugin(id, "disable_connections");
    let listens = listens.is_none_or(|node| !node.is_true());
    let (path, place) = view.text_of_plugin(id, "socket_path").filter(|_| listens)?;
    let message = || format!("failed to create socket \"{path}\": invalid argument");
    (path.len() > address::LONGEST_SOCKET).then(|| (message(), Some(place)))
}

#[cfg(test)]
mod tests;
