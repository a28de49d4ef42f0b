//! The verdict: what becomes of the CRI plugin, and of the daemon with it.

use std::path::Path;
use std::rc::Rc;

use super::files::{ConfigFiles, Host};
use super::loading::Loaded;
use super::migration::Lost;
use super::model::{Model, Verdict};
use super::plugin::{IMAGES, OLD_CRI, RUNTIME};
use super::reason::Reason;
use super::registry;
use super::release::{Release, Releases};
use super::rules::RULES;
use super::schema;
use super::shape::{Decoder, Field};
use super::tree::{Data, Node, Table, text};
use super::view::{Finding, View};
use super::{address, daemon, duration};

impl Model<'_> {
    /// Says what a release makes of the config.
    ///
    /// Rules that changed between patch releases follow an exact version; a line such as 2.1 is
    /// judged as its newest patch release.
    #[must_use]
    pub fn verdict(&self, release: Release) -> Verdict {
        self.judge(release).0
    }

    /// Says what a release makes of the config, and what it does not read of it.
    pub(crate) fn judge(&self, release: Release) -> (Verdict, Vec<Lost>) {
        match self.load(release) {
            Ok(mut loaded) => {
                let lost = std::mem::take(&mut loaded.lost);
                (of_loaded(self, loaded, release), lost)
            }
            Err(reason) => (Verdict::Exits { reason }, Vec::new()),
        }
    }
}

/// Says what a containerd release makes of a config on a host.
///
/// # Examples
///
/// ```
/// use containerd_edit::{ConfigFiles, Host, load};
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

/// The verdict on a config that was loaded.
fn of_loaded(model: &Model<'_>, mut loaded: Loaded, release: Release) -> Verdict {
    if let Some(reason) = daemon::refusal(model, &loaded, release) {
        return Verdict::Exits { reason };
    }
    if let Err(reason) = decode_plugins(model, &mut loaded, release) {
        return Verdict::Exits { reason };
    }
    let view = View::new(model, &loaded, release);
    let stands = |reason: &Reason| !model.host.disproves(reason, release);
    let no_cri = disabled(&view).filter(stands).or_else(|| refusal(&view));
    let missing = daemon::missing_plugin(&view, no_cri.as_ref());
    if let Some(reason) = missing.filter(stands) {
        return Verdict::Exits { reason };
    }
    let end = end_of_start(&view).map(|(message, place)| model.reason(message, place));
    if let (None, Some(reason)) = (&no_cri, end.filter(stands)) {
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

/// Each plugin that is not disabled decodes its part: a value that it can't decode ends the daemon.
fn decode_plugins(model: &Model<'_>, loaded: &mut Loaded, release: Release) -> Result<(), Reason> {
    let short = loaded.has_short_names(release);
    let cri = [
        Field(OLD_CRI, schema::GRPC_CRI, Releases::ALL),
        Field(RUNTIME, schema::RUNTIME, Releases::TWO),
        Field(IMAGES, schema::IMAGES, Releases::TWO),
    ];
    let mut decoded = Table::new();
    for Field(id, shape, releases) in cri.iter().chain(schema::OTHER_PLUGINS) {
        let key = if short { registry::short_name(id) } else { id };
        let part = loaded.table("plugins").and_then(|plugins| plugins.get(key));
        if let (true, Some(node)) = (releases.contain(release), part)
            && loaded.disabled(id, release).is_none()
        {
            let node = shape.decode(node, Decoder::of_plugin(release));
            match node.map_err(|mismatch| mismatch.below(key).below("plugins")) {
                Ok(node) => {
                    decoded.insert(key.to_owned(), node.into_owned());
                }
                Err(mismatch) => {
                    let reason = model.mismatch(&mismatch);
                    if !model.host.disproves(&reason, release) {
                        return Err(reason);
                    }
                }
            }
        }
    }
    if let Some(Data::Table(plugins)) = loaded.top.get_mut("plugins").map(|node| &mut node.data) {
        Rc::make_mut(plugins).extend(decoded);
    }
    Ok(())
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
            let place = view.loaded.disabled(id, view.release)?;
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
        .filter_map(|rule| (rule.find)(view))
        .map(|(message, place)| {
            let message = format!("invalid plugin config: {message}");
            view.model.reason(message, place)
        })
        .find(|reason| !view.model.host.disproves(reason, view.release))
}

/// The plugin loads, and ends the daemon when it starts to count, to listen for streams or to look
/// for NRI's plugins.
fn end_of_start(view: &View<'_>) -> Option<Finding> {
    if let Some(node) = view.images.get("stats_collect_period")
        && matches!(node.data, Data::Integer(..=0))
    {
        let message = "panic: non-positive interval for NewTicker (stats_collect_period)";
        return Some((message.to_owned(), Some(node.place)));
    }
    if let Some((text, place)) = text(&view.cri, "stats_collect_period")
        && duration::nanoseconds(text).is_some_and(|length| length <= 0.0)
    {
        let message = "panic: non-positive interval for NewTicker (stats_collect_period)";
        return Some((message.to_owned(), Some(place)));
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

fn nri(view: &View<'_>) -> Option<Finding> {
    let id = "io.containerd.nri.v1.nri";
    let is_off = match view.of_plugin(id, "disable") {
        Some(node) => node.is_true(),
        None => view.release.is_1x(),
    };
    if is_off || view.loaded.disabled(id, view.release).is_some() {
        return None;
    }
    let value = |key| {
        Some((
            view.of_plugin(id, key)?.text()?,
            view.of_plugin(id, key)?.place,
        ))
    };
    if let Some((path, place)) = value("plugin_path")
        && view
            .model
            .host
            .files
            .as_ref()
            .is_some_and(|known| known.contains(Path::new(path)))
    {
        let message = format!("failed to discover plugins in {path}: not a directory");
        return Some((message, Some(place)));
    }
    let listens = view
        .of_plugin(id, "disable_connections")
        .is_none_or(|node| !node.is_true());
    let (path, place) = value("socket_path").filter(|_| listens)?;
    let message = || format!("failed to create socket \"{path}\": invalid argument");
    (path.len() > address::LONGEST_SOCKET).then(|| (message(), Some(place)))
}

/// Found by `tests/containerd/differential.rs`, cut down to the least, and measured on 1.6.20,
/// 1.7.24 and 2.1.9.
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::containerd::FileState;

    /// One letter for each of 1.6.20, 1.7.24 and 2.1.9: serves, no CRI, exits.
    fn verdicts(config: &str, drop_in: &str) -> String {
        let mut files = ConfigFiles::new("/etc/containerd/config.toml", config);
        files.insert("/etc/containerd/a.toml", FileState::Bytes(drop_in.into()));
        let host = Host {
            files: Some([].into()),
            snapshotters: Some([].into()),
            ..Host::default()
        };
        let model = Model::new(&files, &host);
        let letter = |release: &str| match model.verdict(release.parse().expect("a release")) {
            Verdict::Serves { .. } => 's',
            Verdict::NoCri { .. } => 'n',
            Verdict::Exits { .. } => 'e',
        };
        ["1.6.20", "1.7.24", "2.1.9"].map(letter).iter().collect()
    }

    #[track_caller]
    fn assert_verdicts(config: &str, expected: &str) {
        let config = format!("version = 2\n{config}");
        assert_eq!(verdicts(&config, ""), expected, "{config}");
    }

    #[test]
    fn a_proxy_does_not_take_a_plugins_name() {
        assert_verdicts("proxy_plugins.overlayfs = { type = 'snapshot' }", "eee");
        assert_verdicts("proxy_plugins.walking = { type = 'diff' }", "eee");
        assert_verdicts("proxy_plugins.shim = { type = 'sandbox' }", "eee");
        assert_verdicts("proxy_plugins.mine = { type = 'snapshot' }", "sss");
    }

    #[test]
    fn root_and_state_are_two_folders() {
        assert_verdicts("root = '/x'\nstate = '/x'", "eee");
        assert_verdicts("root = '/x'\nstate = '/y'", "sss");
    }

    #[test]
    fn a_proxys_keys_have_types_from_1_7_on() {
        let proxy = |more| format!("proxy_plugins.x = {{ type = 'snapshot', {more} }}");
        assert_verdicts(&proxy("capabilities = 'x'"), "see");
        assert_verdicts(&proxy("exports = { root = 5 }"), "see");
    }

    #[test]
    fn a_stream_server_listens_or_ends_the_daemon() {
        for line in [
            "stream_server_port = 'text'",
            "stream_server_port = '99999'",
            "stream_server_address = 'no host'",
            "stream_server_address = '256.1.1.1'",
            "stream_server_address = '[::1]'",
        ] {
            let config = format!("plugins.'io.containerd.grpc.v1.cri'.{line}");
            assert_verdicts(&config, "eee");
        }
    }

    #[test]
    fn addresses_are_listened_on_or_end_the_daemon() {
        assert_verdicts("metrics.address = '127.0.0.1:99999'", "eee");
        assert_verdicts("grpc.tcp_address = 'no address'", "eee");
        assert_verdicts("grpc.tcp_tls_cert = '/missing'", "eee");
        assert_verdicts("grpc.tcp_tls_ca = '/missing'", "sss");
        assert_verdicts("debug.address = 'text'", "eee");
        assert_verdicts("debug.address = '/run/debug.sock'", "sss");
    }

    #[test]
    fn a_key_pair_needs_tls_streaming() {
        let key = "x509_key_pair_streaming.tls_key_file = '/key'";
        assert_verdicts(&format!("plugins.'io.containerd.grpc.v1.cri'.{key}"), "nnn");
    }

    #[test]
    fn version_2_x_needs_every_snapshotter_that_is_set_up() {
        let snapshotter = |line| format!("plugins.'io.containerd.snapshotter.v1.{line}");
        assert_verdicts(&snapshotter("blockfile'.scratch_file = '/missing'"), "ssn");
        assert_verdicts(&snapshotter("devmapper'.pool_name = 'pool'"), "ssn");
        assert_verdicts(&snapshotter("devmapper'.base_image_size = 'x'"), "sss");
    }

    #[test]
    fn version_2_x_unpacks_as_it_is_told() {
        let unpack = |entry: &str| {
            format!("plugins.'io.containerd.transfer.v1.local'.unpack_config = [{entry}]")
        };
        assert_verdicts(
            &unpack("{ platform = 'linux/amd64', snapshotter = 'x' }"),
            "ssn",
        );
        assert_verdicts(&unpack("{ snapshotter = 'overlayfs' }"), "ssn");
        assert_verdicts(
            &unpack("{ platform = 'linux/amd64', snapshotter = 'overlayfs' }"),
            "sss",
        );
        assert_verdicts(&unpack("{ platform = 5 }"), "see");
        assert_verdicts(&unpack("1"), "see");
    }

    #[test]
    fn a_handlers_platform_is_parsed() {
        let platform = "runtime_platforms.runc.platform = 'nothing'";
        assert_verdicts(
            &format!("plugins.'io.containerd.cri.v1.images'.{platform}"),
            "ssn",
        );
    }

    #[test]
    fn the_erofs_differ_came_with_2_1() {
        let default = "default = ['erofs', 'walking']";
        assert_verdicts(
            &format!("plugins.'io.containerd.service.v1.diff-service'.{default}"),
            "nns",
        );
    }

    #[test]
    fn statistics_are_collected_now_and_then() {
        let period = "plugins.'io.containerd.grpc.v1.cri'.stats_collect_period = -1";
        assert_verdicts(period, "eee");
    }

    #[test]
    fn a_duration_has_an_end() {
        let line = "plugins.'io.containerd.gc.v1.scheduler'.startup_delay = '9999999h'";
        assert_verdicts(line, "eee");
    }

    #[test]
    fn one_part_of_a_platform_is_enough_if_it_is_known() {
        let platforms =
            |list| format!("plugins.'io.containerd.runtime.v2.task'.platforms = {list}");
        assert_verdicts(&platforms("['linux']"), "sss");
        assert_verdicts(&platforms("['nothing']"), "nnn");
    }

    #[test]
    fn what_stays_the_servers_counts_under_its_old_name() {
        assert_eq!(verdicts("plugins.cri.stream_idle_timeout = 'x'", ""), "nnn");
        let handlers = "plugins.cri.containerd.default_runtime_name = 'x'";
        assert_eq!(verdicts(handlers, ""), "nns", "these are lost on 2.x");
        assert_eq!(
            verdicts("plugins.scheduler.startup_delay = true", ""),
            "eee"
        );
    }

    #[test]
    fn what_is_out_of_sight_counts_as_not_imported() {
        let main = "version = 2\nimports = ['/opt/x.toml']\n";
        let files = ConfigFiles::new("/etc/containerd/config.toml", main);
        let unread = BTreeSet::from([Path::new("/opt/x.toml")]);
        let mut known = files.clone();
        known.insert("/opt/x.toml", FileState::Missing);
        let host = Host::default();
        for release in Release::LINES {
            let verdict = load(&known, release, &host);
            assert!(matches!(verdict, Verdict::Exits { .. }), "{release}");
            assert!(load(&known.without(&unread), release, &host).serves());
            // What was there and goes is not out of sight.
            assert!(!load(&known.without(&BTreeSet::new()), release, &host).serves());
        }
    }

    #[test]
    fn a_drop_in_without_a_version_is_of_version_1() {
        let main = "version = 2\nimports = ['a.toml']";
        let drop_in = "plugins.cri.containerd.default_runtime_name = 'x'";
        assert_eq!(verdicts(main, drop_in), "een");
    }
}
