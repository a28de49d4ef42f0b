//! What a release is asked while it is worked out what it makes of a config.

use std::cell::Cell;

use super::release::{ALL, BUILT_BY_DEBIAN, END, GO_TOML_2_4, ONE, Release, Releases, SERVERS};

/// A release that is asked about, and the releases of which all answers so far hold: what a config
/// comes to is the same for each of them.
#[derive(Debug)]
pub(super) struct Asked {
    release: Release,
    alike: Cell<Releases>,
}

impl Asked {
    pub(super) fn new(release: Release) -> Self {
        Self {
            release,
            alike: Cell::new(ALL),
        }
    }

    /// The releases that would have answered as this one has.
    pub(super) fn alike(&self) -> Releases {
        self.alike.get()
    }

    /// Whether it is one of these. Asked last, since each answer may tell releases apart.
    pub(super) fn is_in(&self, releases: Releases) -> bool {
        let Releases { from, before } = releases;
        let is_in = releases.contain(self.release);
        let same = if is_in {
            releases
        } else if self.release < from {
            Releases::between(ALL.from, from)
        } else {
            Releases::between(before, END)
        };
        self.alike.set(self.alike.get().and(same));
        is_in
    }

    /// The release itself, which may be any: what follows is not kept for others, nor for it.
    pub(super) fn alone(&self) -> Release {
        self.alike
            .set(Releases::between(self.release, self.release));
        self.release
    }

    /// Whether Debian has built it, where it is one of these.
    pub(super) fn is_debians(&self, releases: Releases) -> bool {
        self.is_in(releases) && self.alone().is_debians
    }

    /// Whether it is built with the TOML parser of one of these.
    pub(super) fn parses_as(&self, releases: Releases) -> bool {
        let [_, newer_parser] = BUILT_BY_DEBIAN;
        if self.is_debians(newer_parser) {
            return releases.contain(GO_TOML_2_4);
        }
        self.is_in(releases)
    }

    /// Whether this is containerd 1.x, which has another parser and other merge rules.
    pub(super) fn is_1x(&self) -> bool {
        self.is_in(ONE)
    }

    /// The newest config version that the release reads.
    pub(super) fn newest_config_version(&self) -> i64 {
        if self.is_1x() {
            2
        } else if self.is_in(SERVERS) {
            4
        } else {
            3
        }
    }
}

impl Release {
    /// The newest config version that the release reads.
    #[must_use]
    pub fn newest_config_version(self) -> i64 {
        Asked::new(self).newest_config_version()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_2_1_has_a_newer_parser() {
        let release: Release = "2.1".parse().expect("a release");
        let has = |it: Release| Asked::new(it).parses_as(Releases::from(2, 4));
        assert_eq!(release.builds().map(has).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn an_answer_holds_for_all_releases_between_those_that_were_asked_for() {
        let release = |text: &str| text.parse::<Release>().expect("a release");
        let asked = Asked::new(release("2.1"));
        assert!(asked.alike().contain(release("1.6")));
        assert!(!asked.is_1x() && !asked.is_in(SERVERS));
        let alike = |text: &str| asked.alike().contain(release(text));
        assert!(alike("2.0.1") && alike("2.2") && !alike("1.7") && !alike("2.3.0"));
        asked.alone();
        assert!(!alike("2.1") && !alike("2.0"));
    }
}
