//! The model itself: config files, a release and a host in, a verdict out.

use std::collections::BTreeMap;
use std::path::Path;

use crate::document::lines::Positions;
use crate::document::{Document, ParseError, Position, lines};

use super::cri;
use super::files::{ConfigFiles, FileState, Host};
use super::reason::Reason;
use super::release::Release;
use super::shape::Mismatch;
use super::syntax::Peculiarities;
use super::tree::{self, Place, Table};

/// What a containerd daemon does with a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The daemon boots and CRI answers.
    Serves {
        /// The handlers that CRI has loaded.
        handlers: BTreeMap<String, LoadedHandler>,
        /// The name of the default handler.
        default: String,
    },
    /// The daemon boots, but its CRI plugin is off: the node goes NotReady.
    NoCri {
        /// Why.
        reason: Reason,
    },
    /// The daemon refuses to start, or panics.
    Exits {
        /// Why.
        reason: Reason,
    },
}

/// A handler that CRI has loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedHandler {
    /// The shim that runs its pods; empty if none is set, so that no pod can run.
    pub runtime_type: String,
    /// Where it comes from; `None` for containerd's built-in `runc`.
    pub(crate) place: Option<Place>,
}

impl Verdict {
    /// Whether CRI answers.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self, Self::Serves { .. })
    }

    /// Why it does not.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Serves { .. } => None,
            Self::NoCri { reason } | Self::Exits { reason } => Some(reason),
        }
    }
}

/// Config files that are parsed once and can be judged for many releases.
#[derive(Debug)]
pub struct Model<'f> {
    pub(super) files: &'f ConfigFiles,
    pub(super) host: &'f Host,
    pub(super) parsed: Vec<Parsed<'f>>,
}

#[derive(Debug)]
pub(super) struct Parsed<'f> {
    path: &'f Path,
    text: &'f [u8],
    pub(super) table: Result<Table, ParseError>,
    pub(super) peculiarities: Peculiarities,
}

impl<'f> Model<'f> {
    /// Parses the files.
    #[must_use]
    pub fn new(files: &'f ConfigFiles, host: &'f Host) -> Self {
        let bytes = files.files.iter().filter_map(|(path, state)| match state {
            FileState::Bytes(bytes) => Some((path, bytes)),
            _ => None,
        });
        let parsed = bytes
            .enumerate()
            .map(|(number, (path, bytes))| {
                let (table, peculiarities) = match Document::parse(bytes) {
                    Ok(config) => (
                        Ok(tree::entries(config.toml.as_table(), number)),
                        Peculiarities::of(&config),
                    ),
                    Err(error) => (Err(error), Peculiarities::default()),
                };
                Parsed {
                    path,
                    text: bytes,
                    table,
                    peculiarities,
                }
            })
            .collect();
        Self {
            files,
            host,
            parsed,
        }
    }

    /// Says what a release makes of the config.
    ///
    /// Rules that changed between patch releases follow an exact version; a line such as 2.1 is
    /// judged as its newest patch release.
    #[must_use]
    pub fn verdict(&self, release: Release) -> Verdict {
        match self.load(release) {
            Ok(loaded) => cri::verdict(self, &loaded, release),
            Err(reason) => Verdict::Exits { reason },
        }
    }

    pub(super) fn number_of(&self, path: &Path) -> Option<usize> {
        self.parsed.iter().position(|file| file.path == path)
    }

    /// Whether the host has the file; where the host is not known, it has what the config says.
    pub(super) fn has_file(&self, path: &str) -> bool {
        let known = self.host.files.as_ref();
        known.is_none_or(|known| known.contains(Path::new(path)))
    }

    pub(super) fn reason(&self, message: impl Into<String>, place: Option<Place>) -> Reason {
        Reason {
            message: message.into(),
            at: place.map(|place| {
                let file = &self.parsed[place.file];
                let text = String::from_utf8_lossy(file.text);
                let position = lines::position(&text, place.offset);
                (file.path.to_owned(), Some(position))
            }),
        }
    }

    pub(super) fn mismatch(&self, mismatch: &Mismatch) -> Reason {
        let Mismatch {
            found,
            wanted,
            place,
            ..
        } = mismatch;
        let key = mismatch.key();
        self.reason(
            format!("{key} is {found} where containerd decodes {wanted}"),
            Some(*place),
        )
    }

    /// Returns the files that handlers come from, and where in them. containerd's built-in `runc`
    /// has no place.
    #[must_use]
    pub fn positions<'h>(
        &self,
        handlers: &'h BTreeMap<String, LoadedHandler>,
    ) -> BTreeMap<&'h str, (&Path, Position)> {
        let mut found = BTreeMap::new();
        for (number, file) in self.parsed.iter().enumerate() {
            let placed = handlers.iter().filter_map(|(name, handler)| {
                let place = handler.place.filter(|place| place.file == number)?;
                Some((place.offset, name.as_str()))
            });
            let mut placed: Vec<(usize, &str)> = placed.collect();
            // In file order, the lines are counted in one pass.
            placed.sort_unstable();
            let mut positions = Positions::of(str::from_utf8(file.text).unwrap_or_default());
            for (offset, name) in placed {
                found.insert(name, (file.path, positions.at(offset)));
            }
        }
        found
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
/// # Ok::<(), containerd_edit::ReleaseError>(())
/// ```
#[must_use]
pub fn load(files: &ConfigFiles, release: Release, host: &Host) -> Verdict {
    Model::new(files, host).verdict(release)
}

/// Found by `tests/containerd/differential.rs`, cut down to the least, and measured on 1.6.20,
/// 1.7.24 and 2.1.9.
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
