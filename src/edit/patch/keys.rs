//! Keys that belong to an owner one by one: those outside of the blocks that this tool writes.

use toml_edit::{Item, Value};

use crate::toml::place::{self, Place};
use crate::toml::render::{self, Quotes};
use crate::toml::{meaning, type_name};

use super::edit::Edit;
use super::error;
use super::layers::Layered;
use super::laying::Own;
use super::provenance::{ABSENT, Marker, Provenance, UNSET};
use crate::error::Error;

/// A key that shall have a value.
pub(super) struct Key {
    pub(super) path: Vec<String>,
    pub(super) value: Value,
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

impl Edit<'_, '_> {
    /// Sets keys, each with a layer of the patch's owner over what is there. Returns whether the file
    /// says anything else then.
    pub(super) fn set_keys(&mut self, keys: &[Key]) -> Result<bool, Error> {
        let mut changed = false;
        for key in keys {
            let path = names(&key.path);
            self.check_tables(&path[..path.len() - 1])?;
            if let Some(item) = self.config.get(&path) {
                if !self.set_key(&path, item, &key.value)? {
                    continue;
                }
            } else {
                let literal = render::value(&key.value, self.config.quotes());
                let inline = place::inline_table(self.config, &path);
                let inline = inline.map(|number| &self.config.index.inline_tables[number]);
                if let Some(inline) = inline
                    && (self.declares || !is_handler_key(&path))
                {
                    return Err(self.inline(&path[..path.len() - 1], inline.span.start));
                }
                if inline.is_some() {
                    // An inline table has no place for a marker.
                    self.revision.insert(&path, &literal, None)?;
                } else {
                    self.add_key(&path, &literal, Some(&literal))?;
                }
                self.expect(&path, Some(key.value.clone()));
            }
            changed = true;
            if !is_handler_key(&path) && !is_platform_key(&path) {
                self.keys.set.push(render::dotted(&path, Quotes::Basic));
            }
        }
        Ok(changed)
    }

    fn set_key(&mut self, path: &[&str], item: &Item, value: &Value) -> Result<bool, Error> {
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
        self.replace(path, value)?;
        Ok(true)
    }

    /// Puts another value in the place of one, without a marker.
    pub(super) fn replace(&mut self, path: &[&str], value: &Value) -> Result<(), Error> {
        let old = self.config.raw(path).unwrap_or_default();
        let quotes = if old.starts_with(['"', '\'']) {
            Quotes::of(old)
        } else {
            self.config.quotes()
        };
        self.revision.set(path, &render::value(value, quotes))?;
        self.expect(path, Some(value.clone()));
        Ok(())
    }

    fn inline(&self, path: &[&str], offset: usize) -> Error {
        error::inline_key(
            &render::dotted(path, Quotes::Basic),
            self.config.position(offset),
        )
    }

    /// Adds a key that is not there, with a marker that says so.
    pub(super) fn add_key(
        &mut self,
        path: &[&str],
        literal: &str,
        set: Option<&str>,
    ) -> Result<(), Error> {
        let place = Place::of(self.config, &path[..path.len() - 1]);
        let was = match place {
            Place::NewHeader => ABSENT,
            Place::Header(header) if self.is_own_header(header) => ABSENT,
            _ => UNSET,
        };
        let owner = self.owner.as_str();
        let marker = Marker::Was { owner, set, was };
        if let Place::Inline(number) = place {
            let statement = self.config.index.inline_tables[number].statement;
            self.add_marker(statement, &marker);
            self.revision.insert(path, literal, None)?;
        } else {
            let provenance = Provenance::Owner(owner.to_owned()).comment();
            let line = format!("{literal}{}", marker.text());
            self.revision.insert(path, &line, Some(&provenance))?;
        }
        Ok(())
    }

    /// Whether the tool has written a header: it goes with the last of its keys.
    fn is_own_header(&self, header: usize) -> bool {
        // A provenance line above it may be left of another block.
        let is_own = |key| Layered::of_statement(self.config, key).is_below_own_header();
        self.config.index.body(header).any(is_own)
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
