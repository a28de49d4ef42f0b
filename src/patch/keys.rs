//! Keys that belong to an owner one by one: those outside of the blocks that this tool writes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use toml_edit::{Item, Value};

use crate::containerd::plugin;
use crate::document::index::Kind;
use crate::document::render::{self, Quotes};
use crate::document::{Document, meaning, rest_after, type_name};

use super::Patch;
use super::edit::Edit;
use super::error::PatchError;
use super::layers::{Layered, Own};
use super::place::{self, NewKey, Place};
use super::provenance::{ABSENT, Marker, Provenance, UNSET};
use super::style::{self, Style};
use super::wanted::{is_platform_of, platform_path};

/// A key that shall have a value.
pub(super) struct Key {
    pub(super) path: Vec<String>,
    pub(super) value: Value,
}

/// A table that keys are missing in, and their names and values.
type Missing<'k> = (&'k [String], Vec<(&'k str, &'k Value)>);

/// What a marker says of a key that is added there: a header that the tool has written goes with
/// the last of its keys.
pub(super) fn nothing_at(config: &Document<'_>, place: &Place<'_, '_>) -> &'static str {
    let Place::Body { header, .. } = place else {
        return UNSET;
    };
    // A provenance line above it may be left of another block.
    let is_own = |key| Layered::of_statement(config, key).is_below_own_header();
    if config.index.body(*header).any(is_own) {
        ABSENT
    } else {
        UNSET
    }
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

impl Edit<'_, '_> {
    /// Sets keys, each with a layer of the patch's owner over what is there. Tables of fewer than
    /// `shortest` segments are no place for a key that is missing below them. Returns whether the
    /// file says anything else then.
    pub(super) fn set_keys(
        &mut self,
        keys: &[Key],
        shortest: Option<usize>,
        style: &Style,
    ) -> Result<bool, PatchError> {
        let mut missing: Vec<Missing<'_>> = Vec::new();
        let mut changed = false;
        for key in keys {
            let path = names(&key.path);
            let Some((name, table)) = key.path.split_last() else {
                continue;
            };
            self.check_tables(&path[..path.len() - 1])?;
            match self.config.get(&path) {
                Some(item) => {
                    if !self.set_key(&path, item, &key.value, style)? {
                        continue;
                    }
                }
                None => {
                    self.expect(&path, Some(key.value.clone()));
                    match missing.iter_mut().find(|(known, _)| *known == table) {
                        Some((_, keys)) => keys.push((name, &key.value)),
                        None => missing.push((table, vec![(name, &key.value)])),
                    }
                }
            }
            changed = true;
            if !is_handler_key(&path) {
                self.keys.push(render::dotted(&path, Quotes::Basic));
            }
        }
        for (table, keys) in missing {
            self.add_missing(&names(table), &keys, shortest, style)?;
        }
        Ok(changed)
    }

    fn set_key(
        &mut self,
        path: &[&str],
        item: &Item,
        value: &Value,
        style: &Style,
    ) -> Result<bool, PatchError> {
        let Some(layered) = Layered::at(self.config, path) else {
            return Err(self.obstacle(path, type_name(item), "a value"));
        };
        let statement = &self.config.index.statements[layered.statement];
        if statement.value == layered.value {
            return self.lay(path, &layered, value, Own::One);
        }
        if meaning::is_value(item, value) {
            return Ok(false);
        }
        if self.declares || !is_handler_key(path) {
            return Err(self.inline(path, layered.value.start));
        }
        // An inline table has no place for a marker.
        let literal = &self.config.text[layered.value.clone()];
        let quotes = match literal.starts_with(['"', '\'']) {
            true => Quotes::of(literal),
            false => style.quotes,
        };
        self.splices
            .replace(layered.value, render::value(value, quotes));
        self.expect(path, Some(value.clone()));
        Ok(true)
    }

    fn inline(&self, path: &[&str], offset: usize) -> PatchError {
        PatchError::InlineKey {
            key: render::dotted(path, Quotes::Basic),
            at: self.config.position(offset),
        }
    }

    /// Adds keys to a table that lacks them.
    fn add_missing(
        &mut self,
        table: &[&str],
        keys: &[(&str, &Value)],
        shortest: Option<usize>,
        style: &Style,
    ) -> Result<(), PatchError> {
        let config = self.config;
        let owner = self.owner.as_str();
        let place = place::find(config, table, shortest.unwrap_or(table.len()));
        let (was, place) = match place {
            Some(Place::Inline { .. })
                if !self.declares && is_handler_key(&[table, &[""]].concat()) =>
            {
                (None, place)
            }
            Some(Place::Inline { table: inline, .. }) => {
                return Err(self.inline(table, inline.span.start));
            }
            Some(Place::Body { depth, .. }) if depth == table.len() => {
                (place.as_ref().map(|place| nothing_at(config, place)), place)
            }
            Some(Place::Dotted { .. }) => (Some(UNSET), place),
            _ => (Some(ABSENT), None),
        };
        let (indent, key_indent) = style::indents(config, &table[..table.len() - 1], table.len());
        let new = |&(name, value): &(&'_ str, &Value)| {
            let value = render::value(value, style.quotes);
            (name.to_owned(), value)
        };
        let new: Vec<(String, String)> = keys.iter().map(new).collect();
        if let Some(place) = place {
            let style = Style {
                key_indent,
                ..style.clone()
            };
            let new = new.iter().map(|(name, value)| NewKey {
                name,
                value: value.clone(),
                marker: was.map(|was| Marker::Was { owner, was }),
            });
            return self.add_keys(&place, table, &style, &new.collect::<Vec<_>>());
        }
        let provenance = Provenance::Owner(owner.to_owned()).comment();
        let header = style::raw_path(config, table);
        let marker = Marker::Was { owner, was: ABSENT }.text();
        let mut block = format!("{indent}{provenance}\n{indent}[{header}]\n");
        for (name, value) in new {
            let name = render::key(&name, style.quotes);
            block.push_str(&format!("{key_indent}{name} = {value}{marker}\n"));
        }
        let offset = style::offset_for_blocks(config, table);
        let tight = style::is_tight_at(config, offset, table.len());
        self.add_blocks(offset, vec![block], tight);
        Ok(())
    }

    /// Takes the owner's layers out of every key that a pruning patch does not want, and all of what
    /// the images plugin is told of handlers that are gone.
    pub(super) fn release_keys(
        &mut self,
        ids: &[&str],
        patch: &Patch,
        gone: &[String],
    ) -> Result<(), PatchError> {
        let config = self.config;
        for (number, statement) in config.index.statements.iter().enumerate() {
            if statement.kind != Kind::Pair || config.text[statement.value.clone()].starts_with('{')
            {
                continue;
            }
            let layered = Layered::of_statement(config, number);
            if layered.owners.is_empty() {
                continue;
            }
            let path: Vec<&str> = config.index.path(number).collect();
            let is_version = path == ["version"];
            let is_imports = path == ["imports"];
            let is_default = matches!(path[..], [.., "containerd", "default_runtime_name"]);
            if is_version || is_imports || is_default {
                // Each goes by rules of its own.
                continue;
            }
            let is_of_gone = |name: &String| rest_after(&path, &platform_path(name)).is_some();
            let all = gone.iter().any(is_of_gone);
            let own = patch.prune && !ids.iter().any(|id| self.wants_key(id, &path, patch));
            let me = patch.owner.as_str();
            let leaves = |owner: &str, _: &str| all || (own && owner == me);
            if !self.take_layers(&path, &layered, leaves)? {
                continue;
            }
            if let ["plugins", _, "containerd", "runtimes", name, ..] = path[..] {
                self.handlers.change(name);
            } else {
                self.keys.push(render::dotted(&path, Quotes::Basic));
            }
        }
        Ok(())
    }

    /// Takes out what the images plugin is told of handlers that go, also where no comment says any
    /// more that it was for their sake.
    pub(super) fn release_platforms(
        &mut self,
        id: &str,
        gone: &[String],
    ) -> Result<(), PatchError> {
        let config = self.config;
        for name in gone {
            let path = platform_path(name);
            let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
            let handler = config.get(&[plugins, id, containerd, runtimes, name]);
            let Some((platform, handler)) = config.get(&path).zip(handler) else {
                continue;
            };
            let is_layered = |number: usize| {
                config.index.is_below(number, &path)
                    && !Layered::of_statement(config, number).owners.is_empty()
            };
            let mut statements = 0..config.index.statements.len();
            if statements.any(is_layered) || !is_platform_of(platform, handler) {
                continue;
            }
            self.expect(&path, None);
            self.cut_entries
                .push(path.iter().map(|&name| name.to_owned()).collect());
            self.drop_handlers(&path[..3], &HashSet::from([name.as_str()]));
            self.keys.push(render::dotted(&path, Quotes::Basic));
        }
        Ok(())
    }

    /// Drops the lines of the keys that go, and with them the headers that this tool has written
    /// for them.
    pub(super) fn drop_lines_of_keys(&mut self) {
        let config = self.config;
        let dropped: BTreeSet<usize> = std::mem::take(&mut self.dropped_keys).into_iter().collect();
        let mut by_header: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for &statement in &dropped {
            let header = config.index.statements[statement].header;
            by_header.entry(header).or_default().push(statement);
        }
        for (header, keys) in by_header {
            let layered = |statement: usize| Layered::of_statement(config, statement);
            let own = |statement: &usize| layered(*statement).is_below_own_header();
            let header = header.filter(|&header| {
                config.index.statements[header].kind == Kind::Header && keys.iter().any(own)
            });
            let Some(header) = header else {
                for key in keys {
                    self.splices.drop_lines(config.statement_lines(key));
                }
                continue;
            };
            let body: Vec<usize> = config.index.body(header).collect();
            let left: Vec<usize> = body
                .iter()
                .copied()
                .filter(|statement| !dropped.contains(statement))
                .collect();
            if left.is_empty() {
                self.drop_run(header, body.last().copied().unwrap_or(header));
                continue;
            }
            for key in keys {
                self.splices.drop_lines(config.statement_lines(key));
            }
            let heir = left.iter().find(|&statement| own(statement));
            let heir =
                heir.and_then(|&heir| layered(heir).owners.last().map(|&owner| owner.to_owned()));
            self.pass_header_on(header, heir);
        }
    }

    /// A header whose keys of this tool have gone in part is the next owner's, or with none left
    /// that of whoever has added a key to it.
    fn pass_header_on(&mut self, header: usize, heir: Option<String>) {
        let Some((line, provenance)) = Provenance::above(self.config, header) else {
            return;
        };
        match heir {
            Some(heir) if provenance == Provenance::Owner(heir.clone()) => {}
            Some(heir) => self.replace_provenance(&line, &Provenance::Owner(heir)),
            None => self.splices.drop_lines(line),
        }
    }
}

/// Whether a path leads below a handler.
fn is_handler_key(path: &[&str]) -> bool {
    matches!(path, ["plugins", _, "containerd", "runtimes", _, _, ..])
}
