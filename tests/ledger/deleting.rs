//! A person who deletes keys and tables of the tool's by hand, and nothing else.

use std::collections::BTreeSet;

use crate::meaning::{Path, item, item_mut, parse, placed, values};
use crate::world::{World, data, key_of};

/// The text of a file without one key that the tool has put where nothing was, or without a table of
/// nothing else.
pub(crate) fn without_own(
    world: &World,
    name: &str,
    version: i64,
    random: &mut fastrand::Rng,
) -> Option<String> {
    let text = world.disk.get(name)?.as_ref()?;
    let ledger = data(world.ledger.as_ref());
    let entries = ledger["entries"].as_array()?;
    let own = entries.iter().filter(|entry| {
        let is_new = ["was", "element", "adopted"]
            .iter()
            .all(|it| entry[*it].is_null());
        is_new && entry["file"] == name
    });
    let own: BTreeSet<Path> = own
        .map(key_of)
        // What somebody has set by hand since is not only the tool's.
        .filter(|path| {
            let at = (name.to_owned(), path.clone());
            *path != ["version"] && !world.foreign_values.contains_key(&at)
        })
        .map(|path| placed(&path, version))
        .collect();
    let there = values(text);
    let base = world.base.get(name).cloned().flatten();
    let base = base.map(|it| parse(&it)).unwrap_or_default();
    let is_all_own = |path: &[String]| {
        let mut below = there.keys().filter(|it| it.starts_with(path)).peekable();
        let is_there = below.peek().is_some();
        is_there && below.all(|it| own.contains(it)) && item(&base, path).is_none()
    };
    let paths = own
        .iter()
        .flat_map(|path| (1..=path.len()).map(|it| &path[..it]));
    let paths: BTreeSet<&[String]> = paths.filter(|path| is_all_own(path)).collect();
    let paths: Vec<&[String]> = paths.into_iter().collect();
    let path = *paths.get(random.usize(..paths.len().max(1)))?;
    let mut document = parse(text);
    let (last, above) = path.split_last()?;
    let table = item_mut(&mut document, above)?.as_table_like_mut()?;
    table.remove(last)?;
    // Whole lines, no other way or order to write what stays, and no comment of somebody's.
    let mut lines = text.lines();
    let changed = document.to_string();
    let is_kept = changed.lines().all(|line| lines.any(|it| it == line));
    (is_kept && comments(&changed) == comments(text)).then_some(changed)
}

/// How many comments there are that are not the tool's.
fn comments(text: &str) -> usize {
    let comments = text
        .lines()
        .map(str::trim_start)
        .filter(|it| it.starts_with('#'));
    comments
        .filter(|it| !it.starts_with("# containerd-edit"))
        .count()
}
