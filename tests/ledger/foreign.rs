//! What people and other tools do to the files between two commands.

use std::collections::BTreeSet;

use crate::deleting::without_own;
use crate::harm::Judge;
use crate::life::Command;
use crate::life::OWNERS;
use crate::meaning::{
    At, Disk, MAIN, Path, RUNTIME, canonical, header, is_toml, item, item_mut, parse, path, placed,
    plain_literal, printed, runtimes, values, version,
};
use crate::world::{Outcome, Touched, World, data, key_of};

/// Lets a foreign hand act, unless it would take CRI down: that nobody does on purpose.
pub(crate) fn hand(world: &mut World, kind: u8, seed: u64, judge: &mut Judge) {
    world.recover();
    let mut done = world.clone();
    act(&mut done, kind, seed);
    // Files are deleted, and put back from a backup, whatever comes of it.
    let is_careless = matches!(kind, DELETED | PUT_BACK | NO_LEDGER | OLD_LEDGER);
    let nobody = BTreeSet::new();
    if !is_careless {
        let is_harm = judge.harm(&world.disk, &done.disk, &nobody).is_some();
        if is_harm || judge.harm(&bare(world), &bare(&done), &nobody).is_some() {
            return;
        }
    }
    *world = done;
}

/// The disk without the tool's keys: they may hide what a hand does.
fn bare(world: &World) -> Disk {
    let mut world = world.clone();
    let mut unjudged = Judge::default();
    for owner in OWNERS {
        if let Ok(Outcome::Done(_)) = world.run(&Command::leave(owner, MAIN), &mut unjudged) {}
    }
    world.disk
}

const DELETED: u8 = 5;
const PUT_BACK: u8 = 6;
const NO_LEDGER: u8 = 11;
const OLD_LEDGER: u8 = 12;
const DELETES_OWN: u8 = 13;

/// One file that a hand changes.
struct Hand<'w> {
    world: &'w mut World,
    random: fastrand::Rng,
    name: String,
    text: String,
    version: i64,
}

fn act(world: &mut World, kind: u8, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    match kind {
        PUT_BACK => return put_back(world, &mut random),
        NO_LEDGER => {
            world.has_lost_ledger |= world.ledger.take().is_some();
            return;
        }
        OLD_LEDGER => {
            let backups = world.backups.len();
            if backups > 0 {
                world.ledger = world.backups[random.usize(..backups)].ledger.clone();
                world.has_lost_ledger = true;
            }
            return;
        }
        _ => {}
    }
    let there = world.disk.iter().filter(|(_, text)| text.is_some());
    let names: Vec<String> = there.map(|(name, _)| name.clone()).collect();
    let name = if random.u8(..4) > 0 || names.is_empty() {
        MAIN.to_owned()
    } else {
        names[random.usize(..names.len())].clone()
    };
    let Some(text) = world.disk.get(&name).cloned().flatten() else {
        return;
    };
    if kind == DELETED {
        world.disk.insert(name.clone(), None);
        world.foreign_values.retain(|(file, _), _| *file != name);
        world.touched = Touched::Anything;
        return;
    }
    let main = world.disk.get(MAIN).cloned().flatten();
    let of_main = main.and_then(|text| version(&text)).unwrap_or(2);
    let own = version(&text);
    let mut hand = Hand {
        version: own.unwrap_or(if name == MAIN { 1 } else { of_main }),
        world,
        random,
        name,
        text,
    };
    let changed = match kind {
        0 => hand.appends_a_section(),
        1 => hand.sets_a_value(true),
        2 => Some(without_comments(&hand.text)),
        3 => Some(printed(&hand.text, hand.random.bool(), false)),
        4 => hand.moves_a_table(),
        7 => hand.sets_a_value(false),
        8 => hand.migrates(),
        9 => hand.adds_to_a_handler(),
        DELETES_OWN => without_own(hand.world, &hand.name, hand.version, &mut hand.random),
        _ => hand.adds_a_handler(),
    };
    let Hand {
        world, name, text, ..
    } = hand;
    match changed.filter(|changed| is_toml(changed)) {
        Some(changed) if changed != text => {
            // Where no comment of the tool's is left, it can't tell the text from another one.
            let is_known = kind == DELETES_OWN && changed.contains("# containerd-edit");
            let touched = if is_known {
                Touched::Own
            } else {
                Touched::Anything
            };
            world.touched = world.touched.max(touched);
            world.disk.insert(name, Some(changed));
        }
        _ => {}
    }
}

fn put_back(world: &mut World, random: &mut fastrand::Rng) {
    if world.backups.is_empty() {
        return;
    }
    let backup = world.backups[random.usize(..world.backups.len())].clone();
    let keys = |ledger: Option<&String>| {
        let data = data(ledger);
        let entries = data["entries"].as_array().cloned().unwrap_or_default();
        let keys = entries.iter().flat_map(|it| {
            let put = it["put"].as_array().into_iter().flatten();
            put.map(move |put| format!("{} {} {} {put}", it["file"], it["key"], it["element"]))
        });
        keys.collect::<BTreeSet<String>>()
    };
    // What an owner had put in that has left since is nobody's now.
    if !keys(backup.ledger.as_ref()).is_subset(&keys(world.ledger.as_ref())) {
        return;
    }
    // Nor can anybody tell a value of the tool's from an equal one that was there before.
    let now = data(world.ledger.as_ref());
    let entries = now["entries"].as_array().cloned().unwrap_or_default();
    let is_put = |((file, path), value): (&At, &String)| {
        entries.iter().any(|entry| {
            let mut put = entry["put"].as_array().into_iter().flatten();
            let is_it = entry["file"] == file.as_str() && key_of(entry) == *path;
            is_it && put.any(|it| it.as_str().map(plain_literal).as_ref() == Some(value))
        })
    };
    if backup.foreign_values.iter().any(is_put) {
        return;
    }
    for text in world.disk.values_mut() {
        *text = None;
    }
    world.disk.extend(backup.disk);
    world.foreign_values = backup.foreign_values;
    world.touched = Touched::Anything;
}

fn without_comments(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect()
}

impl Hand<'_> {
    fn note(&mut self, path: &[String], value: &str) {
        let at = (self.name.clone(), canonical(path));
        let value = plain_literal(value);
        self.world.foreign_values.insert(at, value);
    }

    fn has_inline_tables(&self) -> bool {
        values_are_inline(&self.text)
    }

    /// Appends a section of its own, with none of the tool's keys.
    fn appends_a_section(&mut self) -> Option<String> {
        let cni = placed(&path(&["plugins", RUNTIME, "cni"]), self.version);
        let (table, name, value) = [
            (path(&["ttrpc"]), "uid", "7"),
            (path(&["metrics"]), "grpc_histogram", "true"),
            (cni, "conf_dir", "\"/etc/foreign\""),
        ][self.random.usize(..3)]
        .clone();
        let is_there = item(&parse(&self.text), &table).is_some();
        if is_there || values(&self.text).is_empty() || self.has_inline_tables() {
            return None;
        }
        let new = appended(
            &self.text,
            &format!("[{}]\n{name} = {value}\n", header(&table)),
        );
        is_toml(&new).then(|| {
            let mut key = table;
            key.push(name.to_owned());
            self.note(&key, value);
            new
        })
    }

    /// Sets a value: one of the tool's, or any.
    fn sets_a_value(&mut self, of_tool: bool) -> Option<String> {
        let ledger = data(self.world.ledger.as_ref());
        let entries = ledger["entries"].as_array().cloned().unwrap_or_default();
        let entry = |path: &Path| {
            entries.iter().find(|entry| {
                entry["file"] == self.name.as_str() && key_of(entry) == canonical(path)
            })
        };
        let found = values(&self.text);
        let mut all: Vec<&Path> = found.keys().collect();
        all.retain(|path| **path != ["version"] && **path != ["imports"]);
        let own: Vec<&Path> = all
            .iter()
            .filter(|path| entry(path).is_some())
            .copied()
            .collect();
        let from = if of_tool && !own.is_empty() { own } else { all };
        if from.is_empty() {
            return None;
        }
        let path = from[self.random.usize(..from.len())].clone();
        let last = path.last().map(String::as_str);
        let number = self.random.u8(..);
        let value = match &found[&path] {
            toml_edit::Value::Boolean(it) => (!it.value()).to_string(),
            toml_edit::Value::Array(_) => format!("[\"/hand/{number}\"]"),
            toml_edit::Value::String(_) if last == Some("default_runtime_name") => {
                let handlers = item(&parse(&self.text), &placed(&runtimes(), self.version))?
                    .as_table_like()?
                    .iter()
                    .map(|(name, _)| format!("{name:?}"))
                    .collect::<Vec<String>>();
                handlers
                    .get(usize::from(number) % handlers.len().max(1))?
                    .clone()
            }
            toml_edit::Value::String(_)
                if last == Some("BinaryName") || last == Some("config_path") =>
            {
                format!("\"/hand/{number}\"")
            }
            _ => return None,
        };
        // What the tool has put once, or what was there before: then nobody can tell.
        if let Some(entry) = entry(&path) {
            let put = entry["put"].as_array().into_iter().flatten();
            let mut known = put.chain([&entry["was"]]).filter_map(|it| it.as_str());
            if known.any(|known| plain_literal(known) == plain_literal(&value)) {
                return None;
            }
        }
        let mut document = parse(&self.text);
        let at = item_mut(&mut document, &path)?;
        let old = at.as_value()?.clone();
        let mut new: toml_edit::Value = value.parse().expect("a value");
        *new.decor_mut() = old.decor().clone();
        *at = toml_edit::Item::Value(new);
        self.note(&path, &value);
        Some(document.to_string())
    }

    /// A table with its body moves to the end.
    fn moves_a_table(&mut self) -> Option<String> {
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let is_header = |line: &&str| line.trim_start().starts_with('[');
        let heads: Vec<usize> = (0..lines.len())
            .filter(|&it| is_header(&lines[it]))
            .collect();
        // Another order of `[[tables]]` is another array.
        let is_fixed = ["\"\"\"", "'''", "[["]
            .iter()
            .any(|it| self.text.contains(it));
        if heads.is_empty() || is_fixed {
            return None;
        }
        let head = heads[self.random.usize(..heads.len())];
        let next = heads.iter().find(|it| **it > head);
        let end = next.copied().unwrap_or(lines.len());
        let body = (head..end).rev().find(|&it| {
            let line = lines[it].trim();
            !line.is_empty() && !line.starts_with('#')
        });
        let end = body.unwrap_or(head) + 1;
        let rest: String = lines[..head].iter().chain(&lines[end..]).copied().collect();
        Some(appended(&rest, &lines[head..end].concat()))
    }

    /// What `containerd config migrate` prints.
    fn migrates(&mut self) -> Option<String> {
        // containerd 1.6 would start with one file of version 3 only as long as it imports one of
        // version 2: harm that the tool's drop-in hides, and nobody can tell.
        let mut others = self
            .world
            .disk
            .iter()
            .filter(|(name, _)| **name != self.name);
        let hides = others.any(|(_, text)| text.as_ref().and_then(|it| version(it)) == Some(2));
        if version(&self.text) != Some(2) || hides {
            return None;
        }
        let at = (self.name.clone(), path(&["version"]));
        if let Some(version) = self.world.foreign_values.get_mut(&at) {
            *version = String::from("3");
        }
        Some(printed(&self.text, self.random.bool(), true))
    }

    /// A key of somebody's own in a handler.
    fn adds_to_a_handler(&mut self) -> Option<String> {
        let runtimes = placed(&runtimes(), self.version);
        let mut document = parse(&self.text);
        let names: Vec<String> = item(&document, &runtimes)?
            .as_table_like()?
            .iter()
            .filter(|(_, item)| item.is_table())
            .map(|(name, _)| name.to_owned())
            .collect();
        if names.is_empty() {
            return None;
        }
        let name = &names[self.random.usize(..names.len())];
        let in_options = self.random.bool();
        let mut table = runtimes;
        table.push(name.clone());
        let (key, value) = if in_options {
            table.push("options".to_owned());
            ("NoPivotRoot", "false")
        } else {
            ("snapshotter", "\"native\"")
        };
        let at = item_mut(&mut document, &table)?.as_table_like_mut()?;
        if at.contains_key(key) {
            return None;
        }
        at.insert(key, toml_edit::Item::Value(value.parse().expect("a value")));
        table.push(key.to_owned());
        self.note(&table, value);
        Some(document.to_string())
    }

    /// A handler of somebody's own.
    fn adds_a_handler(&mut self) -> Option<String> {
        let mut table = placed(&runtimes(), self.version);
        table.push("mine".to_owned());
        let document = parse(&self.text);
        if values(&self.text).is_empty()
            || item(&document, &table).is_some()
            || self.has_inline_tables()
        {
            return None;
        }
        let block = format!(
            "[{}]\nruntime_type = \"io.containerd.runc.v2\"\n",
            header(&table)
        );
        let new = appended(&self.text, &format!("\n{block}"));
        is_toml(&new).then(|| {
            table.push("runtime_type".to_owned());
            self.note(&table, "\"io.containerd.runc.v2\"");
            new
        })
    }
}

fn values_are_inline(text: &str) -> bool {
    text.contains(" = {") || text.contains("={")
}

fn appended(text: &str, more: &str) -> String {
    let line_break = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{line_break}{more}")
}
