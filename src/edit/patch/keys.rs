//! Keys that belong to an owner one by one: those outside of the blocks that this tool writes.

use std::fmt::Write as _;

use toml_edit::{Item, Value};

use crate::toml::render::{self, Quotes};
use crate::toml::{Document, meaning, type_name};

use super::edit::Edit;
use super::error;
use super::layers::Layered;
use super::laying::Own;
use super::place::{self, NewKey, Place};
use super::provenance::{ABSENT, Marker, Provenance, UNSET};
use super::style::{self, Style};
use crate::error::Error;

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
    ) -> Result<bool, Error> {
        let mut missing: Vec<Missing<'_>> = Vec::new();
        let mut changed = false;
        for key in keys {
            let path = names(&key.path);
            let Some((name, table)) = key.path.split_last() else {
                continue;
            };
            self.check_tables(&path[..path.len() - 1])?;
            if let Some(item) = self.config.get(&path) {
                if !self.set_key(&path, item, &key.value, style)? {
                    continue;
                }
            } else {
                self.expect(&path, Some(key.value.clone()));
                match missing.iter_mut().find(|(known, _)| *known == table) {
                    Some((_, keys)) => keys.push((name, &key.value)),
                    None => missing.push((table, vec![(name, &key.value)])),
                }
            }
            changed = true;
            if !is_handler_key(&path) && !is_platform_key(&path) {
                self.keys.set.push(render::dotted(&path, Quotes::Basic));
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
    ) -> Result<bool, Error> {
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
        let quotes = if literal.starts_with(['"', '\'']) {
            Quotes::of(literal)
        } else {
            style.quotes
        };
        self.splices
            .replace(layered.value, render::value(value, quotes));
        self.expect(path, Some(value.clone()));
        Ok(true)
    }

    fn inline(&self, path: &[&str], offset: usize) -> Error {
        error::inline_key(
            &render::dotted(path, Quotes::Basic),
            self.config.position(offset),
        )
    }

    /// Adds keys to a table that lacks them.
    fn add_missing(
        &mut self,
        table: &[&str],
        keys: &[(&str, &Value)],
        shortest: Option<usize>,
        style: &Style,
    ) -> Result<(), Error> {
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
                marker: was.map(|was| Marker::Was {
                    owner,
                    set: Some(value),
                    was,
                }),
            });
            return self.add_keys(&place, table, &style, &new.collect::<Vec<_>>());
        }
        let provenance = Provenance::Owner(owner.to_owned()).comment();
        let header = style::raw_path(config, table);
        let mut block = format!("{indent}{provenance}\n{indent}[{header}]\n");
        for (name, value) in new {
            let marker = Marker::Was {
                owner,
                set: Some(&value),
                was: ABSENT,
            };
            let name = render::key(&name, style.quotes);
            let _ = writeln!(block, "{key_indent}{name} = {value}{}", marker.text());
        }
        let offset = style::offset_for_blocks(config, table);
        let tight = style::is_tight_at(config, offset, table.len());
        self.add_blocks(offset, vec![block], tight);
        Ok(())
    }
}

/// Whether a path leads to what the images plugin is told of a handler.
pub(super) fn is_platform_key(path: &[&str]) -> bool {
    matches!(path, ["plugins", _, "runtime_platforms", ..])
}

/// Whether a path leads below a handler.
fn is_handler_key(path: &[&str]) -> bool {
    matches!(path, ["plugins", _, "containerd", "runtimes", _, _, ..])
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    #[test]
    fn keys_go_where_their_table_is_and_come_out_again() {
        for (before, after) in [
            (
                "version = 3\n[debug] # mine\nuid = 0\n\n[metrics]\n",
                "version = 3\n[debug] # mine\nuid = 0\n\
                 level = \"a\" # containerd-edit v1 owner=x set \"a\" was unset\n\n[metrics]\n",
            ),
            (
                "version = 3\ndebug.uid = 0\n",
                "version = 3\ndebug.uid = 0\n\
                 debug.level = \"a\" # containerd-edit v1 owner=x set \"a\" was unset\n",
            ),
            (
                "version = 3\n\n[metrics]\naddress = ''",
                "version = 3\n\n[metrics]\naddress = ''\n\n# containerd-edit v1 owner=x\n\
                 [debug]\nlevel = 'a' # containerd-edit v1 owner=x set 'a' was absent",
            ),
        ] {
            given(before).debug("level=a").owner("x").produces(after);
            given(after).owner("x").prune().produces(before);
        }
    }

    #[test]
    fn keys_of_cri_go_to_the_table_of_the_handlers() {
        let table = "\n# containerd-edit v1 owner=manual\n[plugins.\"ID\"]\n  \
                     enable_cdi = true # containerd-edit v1 owner=manual set true was absent\n";
        for (version, id) in [
            ("version = 2\n", "io.containerd.grpc.v1.cri"),
            ("version = 3\n", "io.containerd.cri.v1.runtime"),
        ] {
            let after = format!("{version}{}", table.replace("ID", id));
            let edited = given(version).cri("enable_cdi=true").produces(&after);
            assert_eq!(edited.keys.set, [format!("plugins.\"{id}\".enable_cdi")]);
        }
    }

    #[test]
    fn a_key_needs_no_runc_beside_it() {
        let edited = given("version = 2\n")
            .proxy_plugin("x.type=snapshot")
            .produces(
                "version = 2\n\n# containerd-edit v1 owner=manual\n[proxy_plugins.x]\n  \
             type = \"snapshot\" # containerd-edit v1 owner=manual set \"snapshot\" was absent\n",
            );
        assert!(edited.handlers.added.is_empty());
    }
}
