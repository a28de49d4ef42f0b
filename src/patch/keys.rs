//! Keys that belong to an owner one by one: those outside of the blocks that this tool writes.

use std::collections::HashSet;
use std::fmt::Write as _;

use toml_edit::{Item, Value};

use crate::containerd::plugin;
use crate::document::index::Kind;
use crate::document::render::{self, Quotes};
use crate::document::{Document, meaning, rest_after, type_name};

use super::Patch;
use super::edit::Edit;
use super::error::PatchError;
use super::layers::{Layer, Layered, is_bottom};
use super::laying::Own;
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

impl<'t> Edit<'_, 't> {
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
            if !layered.is_owned() {
                continue;
            }
            let key: Vec<&str> = config.index.path(number).collect();
            let is_version = key == ["version"];
            let is_imports = key == ["imports"];
            let is_default = matches!(key[..], [.., "containerd", "default_runtime_name"]);
            if is_version || is_imports || is_default {
                // Each goes by rules of its own.
                continue;
            }
            if config.get(&key).is_none() {
                // In an array of tables: a comment like the tool's, but not its own.
                continue;
            }
            let goes = |key: &[&str]| {
                let is_of_gone = |name: &String| rest_after(key, &platform_path(name)).is_some();
                let all = gone.iter().any(is_of_gone);
                let own = patch.prune && !ids.iter().any(|id| self.wants_key(id, key, patch));
                move |owner: &str| all || (own && owner == patch.owner.as_str())
            };
            let needed_by = match key[..] {
                ["proxy_plugins", proxy, "type"] => self.proxy_stays(proxy, goes),
                _ => None,
            };
            let goes = goes(&key);
            let is_over = |left: Vec<Layer<'_>>| is_bottom(left[0].literal);
            if let Some(other) = needed_by
                && layered.without(goes).is_some_and(is_over)
            {
                self.leave_type(&key, &layered, other.owner)?;
                continue;
            }
            if !self.take_layers(&key, &layered, goes)? {
                continue;
            }
            if let ["plugins", _, "containerd", "runtimes", name, ..] = key[..] {
                self.handlers.change(name);
                self.gives_back.insert(name.to_owned());
            } else if !is_platform_key(&key) {
                self.keys
                    .given_back
                    .push(render::dotted(&key, Quotes::Basic));
            }
        }
        Ok(())
    }

    /// What of a proxy plugin stays beside its type: an owner's value, or nobody's.
    fn proxy_stays<G: Fn(&str) -> bool>(
        &self,
        proxy: &str,
        goes: impl Fn(&[&str]) -> G,
    ) -> Option<Layer<'t>> {
        let index = &self.config.index;
        let numbers = 0..index.statements.len();
        let staying = numbers.filter_map(|number| {
            let key: Vec<&str> = index.path(number).collect();
            let is_of_it = index.statements[number].kind == Kind::Pair
                && matches!(key[..], ["proxy_plugins", name, key, ..] if name == proxy && key != "type");
            let layered = Layered::of_statement(self.config, number);
            let left = layered.without(goes(&key)).unwrap_or(layered.layers);
            (is_of_it && !is_bottom(left[0].literal)).then_some(left[0])
        });
        // Nobody's before an owner's: it does not go with one.
        staying.min_by_key(|layer| layer.owner)
    }

    /// Leaves the type of a proxy plugin to whoever has set the rest: without one, containerd does not
    /// start (`LoadPlugins` in `cmd/containerd/server/server.go`).
    fn leave_type(
        &mut self,
        path: &[&str],
        layered: &Layered<'t>,
        to: Option<&'t str>,
    ) -> Result<(), PatchError> {
        let top = layered.top();
        let mut layers = vec![Layer {
            owner: to,
            literal: top,
            set: to.map(|_| top),
        }];
        if to.is_some() {
            layers.push(Layer::plain(layered.original()));
        } else {
            let message = format!(
                "{} stays {top}, which containerd needs beside what somebody has set there by hand",
                render::dotted(path, Quotes::Basic)
            );
            self.warn("set-by-hand", message, layered.value.start);
        }
        self.rewrite(path, layered, &layers)
    }

    /// Takes out what the images plugin is told of handlers that go, also where no comment says any
    /// more that it was for their sake.
    pub(super) fn release_platforms(&mut self, id: &str, gone: &[String]) {
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
                    && Layered::of_statement(config, number).is_owned()
            };
            let mut statements = 0..config.index.statements.len();
            if statements.any(is_layered) || !is_platform_of(platform, handler) {
                continue;
            }
            self.expect(&path, None);
            self.cut_entries
                .push(path.iter().map(|&name| name.to_owned()).collect());
            self.drop_handlers(&path[..3], &HashSet::from([name.as_str()]));
        }
    }
}

/// Whether a path leads to what the images plugin is told of a handler.
fn is_platform_key(path: &[&str]) -> bool {
    matches!(path, ["plugins", _, "runtime_platforms", ..])
}

/// Whether a path leads below a handler.
fn is_handler_key(path: &[&str]) -> bool {
    matches!(path, ["plugins", _, "containerd", "runtimes", _, _, ..])
}

#[cfg(test)]
mod tests {
    use crate::patch::given::given;

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

    /// containerd does not start for a proxy plugin without a type.
    #[test]
    fn the_type_of_a_proxy_stays_with_what_was_set_by_hand() {
        let header = "\n# containerd-edit v1 owner=x\n[proxy_plugins.p]\n";
        let line = |key: &str, value: &str| {
            format!("  {key} = {value} # containerd-edit v1 owner=x set {value} was absent\n")
        };
        let (typed, own) = (line("type", "'snapshot'"), line("address", "'/a'"));
        let left = "version = 3\n\n[proxy_plugins.p]\n  type = 'snapshot'\n  address = '/mine'\n";
        for by_hand in [
            own.replacen("'/a'", "'/mine'", 1),
            "  address = '/mine'\n".to_owned(),
        ] {
            let edited = given(&format!("version = 3\n{header}{typed}{by_hand}"))
                .owner("x")
                .prune()
                .produces(left);
            let mut warnings = edited.warnings.iter();
            let said = "proxy_plugins.p.type stays 'snapshot', which containerd needs beside";
            assert!(
                warnings.any(|it| it.message.starts_with(said)),
                "{:?}",
                edited.warnings
            );
        }
        let all = format!("version = 3\n{header}{typed}{own}");
        given(&all).owner("x").prune().produces("version = 3\n");
        // Another owner's address needs it, too.
        let other = own.replace("owner=x", "owner=y");
        given(&format!("version = 3\n{header}{typed}{other}"))
            .owner("x")
            .prune()
            .produces(&format!(
                "version = 3\n{}{}{other}",
                header.replace("owner=x", "owner=y"),
                typed.replace("owner=x", "owner=y")
            ));
    }

    const WITH_PLATFORM: &str = "version = 3\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.a]\nsnapshotter = 's'\n\
        [plugins.'io.containerd.cri.v1.images'.runtime_platforms.a]\nsnapshotter = 's'\n";

    #[test]
    fn what_the_images_plugin_is_told_goes_with_the_handler() {
        // Also where another tool has dropped the comments.
        given(WITH_PLATFORM).remove("a").produces("version = 3\n");
        let own = WITH_PLATFORM.replace("r = 's'\n[", "r = 't'\n[");
        given(&own).remove("a").produces(
            "version = 3\n[plugins.'io.containerd.cri.v1.images'.runtime_platforms.a]\n\
             snapshotter = 's'\n",
        );
    }
}
