//! containerd releases, and ranges of them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Code, Error};

/// A containerd release: an exact version, or the newest patch release of a minor version.
///
/// # Examples
///
/// ```
/// use containerd_edit::Release;
///
/// let line: Release = "1.6".parse()?;
/// let exact: Release = "v1.6.20".parse()?;
/// assert!(exact < line, "the line stands for its newest patch release");
/// assert_eq!(line.to_string(), "1.6");
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: u16,
    minor: u16,
    patch: u16,
    /// Whether Debian has built it, with the libraries and the plugins that it has itself.
    pub(super) is_debians: bool,
}

/// The patch release that stands for the newest one of its line.
const NEWEST_PATCH: u16 = u16::MAX;

impl Release {
    /// The release lines that are modelled, oldest first, each as its newest patch release.
    pub const LINES: [Self; 7] = [
        Self::line(1, 6),
        Self::line(1, 7),
        Self::line(2, 0),
        Self::line(2, 1),
        Self::line(2, 2),
        Self::line(2, 3),
        Self::line(2, 4),
    ];
    /// The first line of which no release is out: what is known of it may change.
    const NOT_OUT: Self = Self::new(2, 4, 0);

    /// The newest line that is modelled.
    pub(crate) const fn newest() -> Self {
        Self::LINES[Self::LINES.len() - 1]
    }

    const fn line(major: u16, minor: u16) -> Self {
        Self::new(major, minor, NEWEST_PATCH)
    }

    pub(crate) const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
            is_debians: false,
        }
    }

    /// This release by each builder that may have built it, where they do it differently: an exact
    /// version without a suffix is upstream's.
    pub(crate) fn builds(self) -> impl Iterator<Item = Self> {
        let is_upstreams = self.patch != NEWEST_PATCH && !self.is_debians;
        let is_the_same = BUILT_BY_DEBIAN.iter().all(|it| !it.contain(self));
        let builders = if is_upstreams || is_the_same { 1 } else { 2 };
        let builds = [false, true].into_iter().take(builders);
        builds.map(move |is_debians| Self { is_debians, ..self })
    }

    /// Whether this is containerd 1.x, which has another parser and other merge rules.
    pub(crate) fn is_1x(self) -> bool {
        self.major == 1
    }

    /// Whether the release is newer than all that are modelled: it is judged as the newest one.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        Self::LINES.into_iter().all(|line| line < self)
    }

    /// Whether containerd has published releases of this line. Of one that is not out yet a wrong
    /// config is no more than a warning, unless it is the release that was asked for.
    #[must_use]
    pub fn is_out(self) -> bool {
        self < Self::NOT_OUT
    }

    /// Whether both are patch releases of one minor version.
    pub(crate) fn is_of_line(self, other: Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }

    /// Returns releases for a column, lines that follow each other as a range: `1.6, 2.0–2.3`.
    #[must_use]
    pub fn ranges(releases: &[Self]) -> String {
        let place = |release: &Self| Self::LINES.iter().position(|line| line == release);
        let follows = |one: &Self, next: &Self| {
            place(next).is_some_and(|next| place(one).is_some_and(|one| one + 1 == next))
        };
        let ranges = releases.chunk_by(follows).map(|range| match range {
            [first, .., last] => format!("{first}–{last}"),
            alone => listed(alone),
        });
        ranges.collect::<Vec<_>>().join(", ")
    }

    /// Whether the release reads files of this config version at all.
    #[must_use]
    pub fn reads(self, config_version: i64) -> bool {
        config_version <= self.newest_config_version()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)?;
        if self.patch == NEWEST_PATCH {
            return Ok(());
        }
        write!(formatter, ".{}", self.patch)
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Release {
    type Err = Error;

    /// Reads `1.6` or `1.6.20`, with or without a `v`. What a distribution adds behind three numbers
    /// is ignored, as in `2.4.0-beta.0`; but Debian's suffixes count.
    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || {
            let message = format!("{text:?} is not a containerd version, as in 1.7 or 1.7.24");
            Error::new(Code::Usage, message, "name it by its numbers")
        };
        let digits = text.trim().trim_start_matches('v');
        let end = digits.find(['~', '+', '-']).unwrap_or(digits.len());
        let (digits, more) = digits.split_at(end);
        let is_debians = more.starts_with("~ds") || more == "+unknown";
        let numbers: Result<Vec<u16>, _> = digits.split('.').map(str::parse).collect();
        let mut release = match numbers.map_err(|_| malformed())?.as_slice() {
            [major, minor] if more.is_empty() => Self::line(*major, *minor),
            [major, minor, patch] => Self::new(*major, *minor, *patch),
            _ => return Err(malformed()),
        };
        release.is_debians = is_debians && BUILT_BY_DEBIAN.iter().any(|it| it.contain(release));
        let is_modelled = Self::LINES.iter().any(|line| line.is_of_line(release));
        if is_modelled || release.is_unknown() {
            Ok(release)
        } else {
            let lines: Vec<String> = Self::LINES.iter().map(ToString::to_string).collect();
            let message = format!(
                "containerd {release} is not supported: {} are",
                lines.join(", ")
            );
            let hint = "name one of these, or a newer one: it is judged as the newest of them";
            Err(Error::new(Code::UnknownRelease, message, hint))
        }
    }
}

/// Those of the releases that read files of this config version.
pub(crate) fn reading(releases: &[Release], version: i64) -> Vec<Release> {
    let releases = releases.iter().copied();
    releases.filter(|release| release.reads(version)).collect()
}

/// Says of releases that they don't read files of this config version.
pub(crate) fn do_not_read(releases: &[Release], version: i64) -> String {
    let does = listed_do(releases);
    format!("containerd {does} not read config version {version}")
}

/// Releases for a sentence: `1.6, 1.7 and 2.0`.
pub(crate) fn listed(releases: &[Release]) -> String {
    let mut names: Vec<String> = releases.iter().map(ToString::to_string).collect();
    // Of several builds.
    names.dedup();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The same in fewer words, where no release between the first and the last one is left out.
pub(crate) fn span(releases: &[Release]) -> String {
    match releases {
        [first, .., last]
            if Release::LINES
                .windows(releases.len())
                .any(|it| it == releases) =>
        {
            format!("{first} to {last}")
        }
        _ => listed(releases),
    }
}

/// Releases and their verb for a sentence: `1.6 does`, `1.6 and 1.7 do`.
pub(crate) fn listed_do(releases: &[Release]) -> String {
    let listed = listed(releases);
    let verb = if listed.contains(' ') { "do" } else { "does" };
    format!("{listed} {verb}")
}

/// The releases for which a rule or a key holds: from the first one up to, not including, the
/// second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Releases {
    pub(super) from: Release,
    pub(super) before: Release,
}

impl Releases {
    pub(crate) const fn from(major: u16, minor: u16) -> Self {
        Self::between(Release::new(major, minor, 0), END)
    }

    /// From `from` up to, not including, `before`.
    pub(crate) const fn between(from: Release, before: Release) -> Self {
        Self { from, before }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.before <= self.from
    }

    /// Those that are in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::between(self.from.max(other.from), self.before.min(other.before))
    }

    pub(crate) fn contain(self, release: Release) -> bool {
        self.from <= release && release < self.before
    }
}

pub(super) const FIRST_1_7: Release = Release::new(1, 7, 0);
const FIRST_2X: Release = Release::new(2, 0, 0);
pub(super) const END: Release = Release::new(u16::MAX, 0, 0);

// Short names for tables of keys, plugins and rules.
pub(super) const ALL: Releases = Releases::between(Release::new(0, 0, 0), END);
/// 1.x
pub(super) const ONE: Releases = Releases::between(Release::new(0, 0, 0), FIRST_2X);
/// 2.x
pub(super) const TWO: Releases = Releases::from(2, 0);
pub(super) const ONE_6: Releases = Releases::between(Release::new(0, 0, 0), FIRST_1_7);
pub(super) const ONE_7: Releases = Releases::between(FIRST_1_7, FIRST_2X);
pub(super) const FROM_1_7: Releases = Releases::from(1, 7);
pub(super) const FROM_2_1: Releases = Releases::from(2, 1);
/// What the daemon listens on is set up by plugins.
pub(super) const SERVERS: Releases = Releases::from(2, 3);

/// The releases that Debian builds otherwise than upstream: 1.6 without tracing, 2.1 with a newer
/// TOML parser, without zfs and with another folder of CNI. Measured on its 1.6.20 and 2.1.9.
pub(super) const BUILT_BY_DEBIAN: [Releases; 2] = [
    ONE_6,
    Releases::between(Release::new(2, 1, 0), Release::new(2, 2, 0)),
];
/// The first release with go-toml 2.4, which reads TOML 1.1.
pub(super) const GO_TOML_2_4: Release = Release::new(2, 4, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_distributions_print_them() {
        for (text, shown) in [
            ("1.6", "1.6"),
            ("1.6.20", "1.6.20"),
            ("v2.1.9", "2.1.9"),
            ("1.6.20~ds1", "1.6.20"),
            ("2.1.9+unknown", "2.1.9"),
        ] {
            let release: Release = text.parse().expect(text);
            assert_eq!(release.to_string(), shown);
        }
        for bad in [
            "", "1", "x", "1.6.20.1", "1.5", "1.8", "1.x", "70000.1", "1.7foo", "1.7-1", "1.7.2x",
        ] {
            assert!(bad.parse::<Release>().is_err(), "{bad}");
        }
        for (text, is_unknown, is_out) in [
            ("2.3.5", false, true),
            ("2.4.0-beta.0", false, false),
            ("2.4", false, false),
            ("2.5", true, false),
            ("3.0.1", true, false),
        ] {
            let release: Release = text.parse().expect(text);
            assert_eq!(release.is_unknown(), is_unknown, "{text}");
            assert_eq!(release.is_out(), is_out, "{text}");
        }
    }

    #[test]
    fn debian_builds_some_releases_its_own_way() {
        let release = |text: &str| text.parse::<Release>().expect(text);
        for (text, is_debians, builds) in [
            ("1.6.20~ds1", true, 2),
            ("2.1.9+unknown", true, 2),
            ("2.1.9", false, 1),
            ("2.1", false, 2),
            ("1.7.24~ds1", false, 1),
            ("2.3.4+unknown", false, 1),
        ] {
            assert_eq!(release(text).is_debians, is_debians, "{text}");
            assert_eq!(release(text).builds().count(), builds, "{text}");
        }
        let both: Vec<Release> = release("2.1").builds().collect();
        assert_eq!(listed(&both), "2.1");
    }

    #[test]
    fn lines_that_follow_each_other_are_shown_as_a_range() {
        for (releases, shown) in [
            ("1.6 1.7 2.0", "1.6–2.0"),
            ("1.6 2.0 2.1", "1.6, 2.0–2.1"),
            ("1.7.24 2.0", "1.7.24, 2.0"),
            ("1.6 1.6.20", "1.6, 1.6.20"),
            ("2.5 2.6", "2.5, 2.6"),
            ("", ""),
        ] {
            let releases = releases.split_whitespace().map(|it| it.parse().expect(it));
            let releases: Vec<Release> = releases.collect();
            assert_eq!(Release::ranges(&releases), shown);
        }
    }

    #[test]
    fn ranges_end_before_their_second_release() {
        let release = |text: &str| text.parse::<Release>().expect(text);
        assert!(ONE.contain(release("1.7")));
        assert!(!ONE.contain(release("2.0.0")));
        assert!(Releases::from(2, 1).contain(release("2.1.0")));
        assert!(!Releases::from(2, 1).contain(release("2.0")));
    }
}
