//! Keys of every kind, in files of every config version, wanted by several owners that come, change
//! and leave in any order. The oracle parses TOML by itself and asks the model; of where a key may stand
//! it knows the table below.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use containerd_edit::model::{ConfigFiles, Host, Model, Verdict};
use containerd_edit::{Change, Code, Owner, PatchFile, Release};
use proptest::prelude::*;

use crate::meaning;
use crate::node::Node;
use crate::spellings::{self, Choices};

use self::rows::{CRI, IMAGES, LIST, ROWS, RUNTIME, Row};

const OWNERS: [&str; 3] = ["a", "b", "c"];

type Path = Vec<String>;

fn path(of: &str, owner: &str) -> Path {
    let names = [
        ("{CRI}", CRI),
        ("{RUNTIME}", RUNTIME),
        ("{IMAGES}", IMAGES),
        ("{OWNER}", owner),
    ];
    let spelled = names
        .iter()
        .fold(of.to_owned(), |it, (name, id)| it.replace(name, id));
    spelled.split('/').map(str::to_owned).collect()
}

impl Row {
    fn is_of_handler(&self) -> bool {
        self.places[0].0.ends_with("{OWNER}")
    }

    fn place(&self, place: usize, owner: &str) -> Path {
        let (table, key) = self.places[place];
        let mut place = path(table, owner);
        place.push(key.to_owned());
        place
    }

    fn all_places(&self, owner: &str) -> Vec<Path> {
        (0..self.places.len())
            .map(|it| self.place(it, owner))
            .collect()
    }

    /// What is moved as one, in each place in which a file of this version may have it: where what is
    /// in the second place would shadow the first.
    fn groups(&self, version: usize) -> Vec<Vec<Path>> {
        let newest = self.places[self.places.len() - 1].0;
        let is_plugin = self.places[0].0.starts_with("plugins");
        let is_moved = match version {
            2 | 3 if is_plugin && self.places.len() == 3 => {
                let wins = [
                    newest.starts_with("{RUNTIME}"),
                    newest.starts_with("{IMAGES}"),
                ];
                self.is_moved_as_table || wins[version - 2]
            }
            ..4 => !is_plugin && self.places.len() == 2,
            _ => false,
        };
        if !is_moved {
            return Vec::new();
        }
        if !is_plugin {
            // A server comes to be of all its keys at the top.
            let server = self.places[1].0;
            let mut rows = ROWS.iter().collect::<Vec<_>>();
            rows.retain(|it| it.places.iter().any(|(table, _)| *table == server));
            let at_top = rows.iter().map(|row| row.place(0, "")).collect();
            return vec![at_top, vec![path(server, "")]];
        }
        let groups = self.places[1..].iter().map(|(table, key)| {
            // Of the registry, all of it.
            let end = table.find("/registry").map(|at| at + "/registry".len());
            let mut group = path(&table[..end.unwrap_or(table.len())], "");
            if !self.is_moved_as_table {
                group.push((*key).to_owned());
            }
            vec![group]
        });
        groups.collect()
    }
}

/// What an owner wants: rows with their values.
type Wants = BTreeMap<usize, &'static str>;

/// TOML of keys at their paths.
fn toml(keys: &[(Path, &str)]) -> String {
    let mut tables: BTreeMap<&[String], Vec<String>> = BTreeMap::new();
    for (path, value) in keys {
        let (key, table) = path.split_last().expect("a path");
        tables
            .entry(table)
            .or_default()
            .push(format!("{key:?} = {value}\n"));
    }
    let texts = tables.into_iter().map(|(table, lines)| {
        let table: Vec<String> = table.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "[{}] # {}\n{}",
            table.join("."),
            lines.len(),
            lines.concat()
        )
    });
    texts.collect()
}

fn base(choices: &mut Choices<'_>, version: usize) -> String {
    let mut keys: BTreeMap<Path, &str> = BTreeMap::new();
    for _ in 0..choices.below(6) {
        let row = &ROWS[choices.below(ROWS.len())];
        // One or both spellings.
        for _ in 0..=choices.below(2) {
            let place = row.place(choices.below(row.places.len()), "node");
            keys.insert(place, row.values[choices.below(3)]);
        }
    }
    let keys: Vec<(Path, &str)> = keys.into_iter().collect();
    format!(
        "# of the node\nversion = {version}\n{}# the end",
        toml(&keys)
    )
}

/// `None`: a patch file does not take one of the spellings.
fn patch(drawn: &mut Choices<'_>, owner: &str) -> Option<(Wants, Change)> {
    let mut wants = Wants::new();
    let mut keys = Vec::new();
    for _ in 0..=drawn.below(4) {
        let number = drawn.below(ROWS.len());
        let row = &ROWS[number];
        let value = row.values[drawn.below(3)];
        if wants.insert(number, value).is_none() {
            // The last place of a snapshotter is the twin that comes by itself.
            let spellings = row.places.len().min(3);
            keys.push((row.place(drawn.below(spellings), owner), value));
        } else {
            wants.insert(number, keys_value(&keys, row, owner));
        }
    }
    let text = toml(&keys);
    let file = PatchFile::parse(text.as_bytes()).ok()?;
    let owner: Owner = owner.parse().expect("a name of an owner");
    Some((wants, file.into_change().owner(owner).prune()))
}

fn keys_value(keys: &[(Path, &'static str)], row: &Row, owner: &str) -> &'static str {
    let places = row.all_places(owner);
    let found = keys.iter().find(|(path, _)| places.contains(path));
    found.expect("it was put there").1
}

/// What each release makes of a text: how far it comes, and its handlers.
fn served(text: &str) -> Vec<(u8, BTreeSet<String>)> {
    let files = ConfigFiles::new("/etc/containerd/config.toml", text.as_bytes().to_vec());
    let host = Host::default();
    let model = Model::new(&files, &host);
    let verdicts = Release::LINES
        .iter()
        .map(|release| match model.verdict(*release) {
            Verdict::Serves { handlers, .. } => (2, handlers.into_keys().collect()),
            Verdict::NoCri { .. } => (1, BTreeSet::new()),
            Verdict::Exits { .. } => (0, BTreeSet::new()),
        });
    verdicts.collect()
}

/// Whether some release is worse off, not counting handlers of this name.
fn is_worse(before: &str, after: &str, may_go: &str) -> bool {
    let releases = served(before).into_iter().zip(served(after));
    let mut worse = releases.map(|((rank, handlers), (then, left))| {
        then < rank || handlers.difference(&left).any(|name| name != may_go)
    });
    worse.any(|it| it)
}

fn leaves(text: &str) -> BTreeSet<(Path, String)> {
    meaning::leaves(text).into_iter().collect()
}

fn is_below(path: &[String], table: &[String]) -> bool {
    path.starts_with(table)
}

/// Asserts that only these rows of the owner have changed, and what they imply.
fn touches_its_own(
    before: &str,
    after: &str,
    owner: &str,
    rows: &BTreeSet<usize>,
) -> Result<(), String> {
    let mut allowed: Vec<Path> = vec![vec!["version".to_owned()]];
    for row in rows.iter().map(|it| &ROWS[*it]) {
        allowed.extend(row.all_places(owner));
    }
    if rows.iter().any(|it| ROWS[*it].is_of_handler()) {
        for table in ["{RUNTIME}", "{CRI}", "plugins/cri"] {
            for name in ["runc", owner] {
                allowed.push(path(&format!("{table}/containerd/runtimes/{name}"), owner));
            }
        }
        allowed.push(path("{IMAGES}/runtime_platforms/{OWNER}", owner));
    }
    let (before_leaves, after_leaves) = (leaves(before), leaves(after));
    for (path, value) in before_leaves.symmetric_difference(&after_leaves) {
        let is_its = allowed.iter().any(|it| is_below(path, it));
        let is_made = value == "{}" && allowed.iter().any(|it| is_below(it, path));
        if !is_its && !is_made {
            return Err(format!("{owner} has touched {path:?} = {value}"));
        }
    }
    Ok(())
}

/// Asserts that no key comes to be in a second place, where one of two shadows the other.
fn makes_no_rival(before: &str, after: &str, version: usize) -> Result<(), String> {
    let there = |text: &str, group: &[Path]| {
        let mut leaves = leaves(text).into_iter();
        leaves.any(|(path, _)| group.iter().any(|it| is_below(&path, it)))
    };
    // With handlers where version 3 has them, all of the runtime part is there, and has the last word.
    let handlers = [path("{RUNTIME}/containerd/runtimes", "")];
    if version == 2 && there(before, &handlers) {
        return Ok(());
    }
    for row in ROWS {
        let groups = row.groups(version);
        let is_alone = |text| groups.iter().filter(|it| there(text, it)).count() < 2;
        if is_alone(before) && !is_alone(after) {
            return Err(format!("two places: {groups:?}"));
        }
    }
    Ok(())
}

/// Asserts that each wanted key has a value that somebody wants.
fn is_in_force(text: &str, owners: &BTreeMap<&str, Wants>) -> Result<(), String> {
    let leaves = leaves(text);
    for (owner, wants) in owners {
        for number in wants.keys() {
            let row = &ROWS[*number];
            let wanted = owners.values().filter_map(|wants| wants.get(number));
            let is_there = wanted.flat_map(|value| {
                let text = format!("x = {value}");
                let values: Vec<(Path, String)> = meaning::leaves(&text);
                values.into_iter().flat_map(|(below, value)| {
                    let places = row.all_places(owner).into_iter();
                    places.map(move |it| ([&it[..], &below[1..]].concat(), value.clone()))
                })
            });
            let is_in_list = |(path, value): &(Path, String)| {
                let element = value.trim_matches(['[', ']']);
                let mut leaves = leaves.iter();
                row.places[0].1 == LIST
                    && leaves.any(|(it, values)| it == path && values.contains(element))
            };
            let mut is_there = is_there.into_iter();
            if !is_there.any(|leaf| leaves.contains(&leaf) || is_in_list(&leaf)) {
                return Err(format!("{owner} lacks {:?}", row.places[0]));
            }
        }
    }
    Ok(())
}

fn life(choices: &mut Choices<'_>) -> Result<(), String> {
    let version = 1 + choices.below(4);
    let original = base(choices, version);
    let Some(mut node) = Node::new(Some(&original)) else {
        return Ok(());
    };
    let mut owners: BTreeMap<&str, Wants> = BTreeMap::new();
    let mut story = original.clone();
    let count = 2 + choices.below(2);
    let steps = 2 + choices.below(6);
    let mut order = OWNERS[..count].to_vec();
    order.rotate_left(choices.below(count));
    let walk: Vec<(&str, bool)> = (0..steps)
        .map(|_| (OWNERS[choices.below(count)], choices.below(4) == 0))
        .chain(order.into_iter().map(|owner| (owner, true)))
        .collect();
    for (owner, leaves) in walk {
        let before = node.text().unwrap_or_default().to_owned();
        let leaving = || Some((Wants::new(), Change::leave(owner, None)));
        let asked = if leaves {
            leaving()
        } else {
            patch(choices, owner)
        };
        let Some((wants, change)) = asked else {
            continue;
        };
        let _ = writeln!(story, "\n---- {owner}: {:?}", named(&wants));
        let mut tried = node.clone();
        match tried.edit(&change) {
            Ok(_) => {}
            Err(why) if leaves || why.code() == Code::Defect => {
                return Err(format!("refused: {why}\n{story}"));
            }
            Err(_) => continue,
        }
        let after = tried.text().unwrap_or_default().to_owned();
        if is_worse(&before, &after, owner) {
            if leaves && is_worse(&original, &after, owner) {
                return Err(format!("leaving does harm\n{story}\n{after}"));
            }
            if !leaves {
                // A commit refuses it.
                continue;
            }
        }
        story += &after;
        let mut rows: BTreeSet<usize> = wants.keys().copied().collect();
        rows.extend(owners.get(owner).into_iter().flat_map(Wants::keys));
        owners.insert(owner, wants);
        let kept = touches_its_own(&before, &after, owner, &rows)
            .and_then(|()| {
                if leaves {
                    Ok(())
                } else {
                    makes_no_rival(&before, &after, version)
                }
            })
            .and_then(|()| is_in_force(&after, &owners));
        kept.map_err(|why| format!("{why}\n{story}"))?;
        node = tried.clone();
        tried
            .edit(&change)
            .map_err(|why| format!("the second time: {why}\n{story}"))?;
        if tried.text() != node.text() {
            return Err(format!("twice is not once\n{story}\n{:?}", tried.text()));
        }
    }
    if node.text() == Some(&original) {
        Ok(())
    } else {
        Err(format!("not the original bytes\n{story}"))
    }
}

fn named(wants: &Wants) -> Vec<(&str, &str)> {
    wants
        .iter()
        .map(|(row, value)| (ROWS[*row].places[0].1, *value))
        .collect()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn owners_of_any_keys_leave_no_trace_and_keep_to_their_own(numbers in spellings::numbers()) {
        let lived = life(&mut Choices::new(&numbers));
        prop_assert!(lived.is_ok(), "{}", lived.unwrap_err());
    }
}
