//! A list of what the model knows, collected from its tables (`schema`, `rules`, `registry`, `daemon`,
//! `syntax`) for fixtures/conformance/releases.md.

use super::loaded::Rule;
use super::release::{Release, Releases};
use super::shape::Field;
use super::{daemon, registry, rules, schema, syntax};

/// One thing that the model knows of containerd, and the releases for which it holds.
///
/// # Examples
///
/// ```
/// use containerd_edit::Release;
/// use containerd_edit::model::{Fact, FactKind};
///
/// let release: Release = "1.7".parse()?;
/// let mut refused = Fact::all()
///     .filter(|fact| fact.kind == FactKind::NotParsed && fact.holds_for(release));
/// assert!(refused.any(|fact| fact.what == "a date without a time"));
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    /// What sort of fact it is, and what follows from it.
    pub kind: FactKind,
    /// What it is about: a name, or a phrase in Markdown.
    pub what: &'static str,
    releases: Releases,
}

/// What follows from a [`Fact`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// A key of a runtime handler that the release reads. With a value of another type the daemon
    /// exits.
    HandlerKey {
        /// The type, with its article.
        wanted: &'static str,
    },
    /// TOML that the release does not parse: the daemon exits.
    NotParsed,
    /// A setting with which the daemon exits.
    Exits,
    /// A setting with which the daemon starts without CRI.
    NoCri,
    /// The ID of a plugin without which the daemon starts without CRI.
    Essential,
    /// A type of proxy plugins. With any other the daemon exits.
    ProxyType,
    /// A snapshotter that comes with the release but needs something of the host.
    Snapshotter,
}

impl Fact {
    /// Returns every fact, those of one kind in the order in which containerd comes to them.
    pub fn all() -> impl Iterator<Item = Self> {
        let keys = schema::HANDLER.fields().iter();
        let keys = keys.map(|Field(what, shape, releases)| Self {
            kind: FactKind::HandlerKey {
                wanted: shape.wanted(),
            },
            what,
            releases: *releases,
        });
        let exits = daemon::RULES.iter();
        let exits = exits.map(|Rule(what, releases, _)| (*what, *releases));
        let no_cri = rules::RULES.iter();
        let no_cri = no_cri.map(|Rule(what, releases, _)| (*what, *releases));
        let proxies = registry::PROXIES.iter();
        let proxies = proxies.map(|(name, _, releases)| (*name, *releases));
        let snapshotters = registry::SNAPSHOTTERS.iter();
        let snapshotters = snapshotters.map(|(name, releases, _)| (*name, *releases));
        keys.chain(of_kind(FactKind::NotParsed, syntax::refused()))
            .chain(of_kind(FactKind::Exits, exits))
            .chain(of_kind(FactKind::NoCri, no_cri))
            .chain(of_kind(FactKind::Essential, registry::essential()))
            .chain(of_kind(FactKind::ProxyType, proxies))
            .chain(of_kind(FactKind::Snapshotter, snapshotters))
    }

    /// Whether the fact holds for a release.
    #[must_use]
    pub fn holds_for(&self, release: Release) -> bool {
        self.releases.contain(release)
    }
}

fn of_kind(
    kind: FactKind,
    facts: impl Iterator<Item = (&'static str, Releases)>,
) -> impl Iterator<Item = Fact> {
    facts.map(move |(what, releases)| Fact {
        kind,
        what,
        releases,
    })
}
