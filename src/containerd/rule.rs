//! Something that containerd minds, with the releases that do.

use super::loaded::Loaded;
use super::release::Releases;
use super::verdict::{Finding, Reason};

/// What a rule minds, for people; the releases that mind it; and how it is found.
pub(super) struct Rule<Find>(
    pub(super) &'static str,
    pub(super) Releases,
    pub(super) Find,
);

/// The first thing that the release minds, and that no daemon has disproved.
pub(super) fn first<Find>(
    rules: &[Rule<Find>],
    loaded: &Loaded<'_>,
    find: impl Fn(&Find) -> Option<Finding>,
) -> Option<Reason> {
    rules.iter().find_map(|Rule(_, releases, rule)| {
        let finding = find(rule).filter(|_| loaded.release.is_in(*releases));
        loaded.reason(finding?)
    })
}
