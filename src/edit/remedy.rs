//! What has a handler loaded that a release does not find where it stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::containerd::Release;
use crate::containerd::plugin::{OLD_CRI, RUNTIME};
use crate::error::NextStep;
use crate::want::key::{Key, handler_path, handlers_path};

use super::edited::Edited;

/// Returns the next step of an edit of `config` for `releases`, if a place is known that they read.
/// `handlers`: what it is about.
pub(crate) fn remedy(
    config: &Config,
    edited: &Edited,
    handlers: &BTreeSet<String>,
    releases: &[Release],
) -> Option<String> {
    if config.newer_drop_in().is_some() {
        return Some("run this command again with --drop-in".to_owned());
    }
    if config.merges_drop_ins() {
        // A drop-in from before an upgrade: it is written anew for the version of now.
        let newest = config.newest_version();
        let is_older = |owner: &&str| {
            let file = edited.before.owners.get(*owner);
            let version = file.and_then(|owner| config.file(&owner.file)?.version());
            version.is_some_and(|version| version < newest)
        };
        let mut owners = handlers
            .iter()
            .filter_map(|name| edited.ledger.owner_of(&handler_path(name)));
        let owner = owners.find(is_older)?;
        let step = NextStep::RemoveOwnerInstead(owner);
        return Some(format!("{step}, then run this command again"));
    }
    let is_1x = releases.first()?.is_1x();
    let is_one_kind = releases.iter().all(|it| it.is_1x() == is_1x);
    if config.version() != 2 || !is_one_kind {
        return None;
    }
    let table = if is_1x { OLD_CRI } else { RUNTIME };
    let again = format!("run this command again with --plugin-id {table}");
    // The tool's handlers of one file stand in one table.
    let (ledger, all) = (&edited.before, handlers_path());
    let keys = ledger.keys_in(&config.main().name, &all);
    let names: BTreeSet<&str> = keys.filter_map(Key::handler_name).collect();
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        if let Some(owner) = ledger.owner_of(&handler_path(name)) {
            owners.entry(owner).or_default().push(name);
        }
    }
    let removals = owners.iter().map(|(owner, names)| {
        let names = &names.join(" ");
        NextStep::RemoveFromTable { names, owner }.to_string()
    });
    let steps: Vec<String> = removals.chain([again]).collect();
    Some(steps.join(", then "))
}

#[cfg(test)]
mod tests {
    use super::super::edited::Report;
    use super::*;
    use crate::ledger::Ledger;

    fn remedy_of(version: i64, drop_in: Option<&str>, releases: &[&str]) -> Option<String> {
        let main = format!("version = {version}\n");
        let mut config = Config::new("/c/config.toml", Some(&main)).expect("TOML");
        if let Some(text) = drop_in {
            config.insert("/c/x.toml", Some(text), true).expect("TOML");
        }
        let releases = releases.iter().map(|it| it.parse().expect("a release"));
        let releases: Vec<Release> = releases.collect();
        let (before, ledger) = (Ledger::default(), Ledger::default());
        let edited = Edited::of(&config, config.clone(), &before, ledger, Report::default());
        remedy(&config, &edited, &BTreeSet::new(), &releases)
    }

    #[test]
    fn the_place_that_the_releases_read_is_named_if_there_is_one_for_all() {
        let again = |how| Some(format!("run this command again with {how}"));
        let old = again("--plugin-id io.containerd.grpc.v1.cri");
        let new = again("--plugin-id io.containerd.cri.v1.runtime");
        assert_eq!(remedy_of(2, None, &["1.6", "1.7"]), old);
        assert_eq!(remedy_of(2, None, &["2.1"]), new);
        assert_eq!(remedy_of(2, None, &["1.7", "2.1"]), None);
        assert_eq!(remedy_of(1, None, &["2.1"]), None);
        let [older, newer] = ["version = 2\n", "version = 3\n"];
        assert_eq!(
            remedy_of(2, Some(newer), &["1.7", "2.1"]),
            again("--drop-in")
        );
        assert_eq!(remedy_of(2, Some(older), &["2.1"]), new);
        assert_eq!(remedy_of(3, Some(newer), &["2.1"]), None);
    }
}
