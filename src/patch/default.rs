//! `default_runtime_name`, and the stack of markers that remembers what it was.
//!
//! The value is the top *layer*; each marker behind it says who wrote a layer and what stood below
//! it. A layer can leave from the middle, and the last one to leave restores the original line.

use std::ops::Range;

use crate::containerd::plugin;
use crate::document::index::Kind;
use crate::document::render::{self, Quotes};
use crate::document::type_name;

use super::edit::Edit;
use super::error::PatchError;
use super::place::{self, NewKey, Place};
use super::provenance::{ABSENT, Marker, Provenance, UNSET};
use super::style::{self, Style};

const KEY: &str = "default_runtime_name";
/// The default of every release when the key is not set.
pub(super) const BUILT_IN: &str = "runc";

/// The default as it stands in a file.
struct Written<'t> {
    statement: usize,
    value: Range<usize>,
    /// The raw literals from the top layer to the original: one more than there are owners.
    literals: Vec<&'t str>,
    owners: Vec<&'t str>,
    markers: Vec<Range<usize>>,
}

/// The default that is in effect once handlers are gone.
pub(super) struct DefaultAfter {
    pub(super) name: String,
    /// Nothing remembered a default that still exists: it is the built-in one now.
    pub(super) was_reset: bool,
}

/// The path of the key.
pub(super) fn path(id: &str) -> [&str; 4] {
    let [plugins, id, containerd] = plugin::containerd_path(id);
    [plugins, id, containerd, KEY]
}

/// The handler name in a string literal.
fn decoded(literal: &str) -> Option<String> {
    let value = literal.parse::<toml_edit::Value>().ok()?;
    value.as_str().map(str::to_owned)
}

/// What each marker says: who wrote a layer, and what was below it.
fn layers<'s>(owners: &[&'s str], literals: &[&'s str]) -> Vec<(&'s str, &'s str)> {
    let below = literals.iter().skip(1).copied();
    owners.iter().copied().zip(below).collect()
}

impl<'t> Edit<'_, 't> {
    /// The default that the file sets.
    pub(super) fn default_name(&self, id: &str) -> Option<&str> {
        self.config.string(&path(id))
    }

    fn written_default(&self, id: &str) -> Option<Written<'t>> {
        let (statement, value) = self.config.value(&path(id))?;
        let mut written = Written {
            statement,
            literals: vec![&self.config.text[value.clone()]],
            value,
            owners: Vec::new(),
            markers: Vec::new(),
        };
        for (span, marker) in Marker::behind(self.config, statement) {
            if let Marker::Was { owner, was } = marker {
                written.owners.push(owner);
                written.literals.push(was);
                written.markers.push(span);
                if matches!(was, UNSET | ABSENT) {
                    // The bottom. What follows belongs to another key of the same inline table.
                    break;
                }
            }
        }
        Some(written)
    }

    /// Makes `name` the default. Returns a block of lines if the table of the key does not exist.
    pub(super) fn set_default(
        &mut self,
        id: &str,
        name: &str,
        style: &Style,
    ) -> Result<Option<String>, PatchError> {
        let path = path(id);
        if self.default_name(id) == Some(name) {
            return Ok(None);
        }
        self.expect(&path, Some(name.into()));
        self.new_default = Some(name.to_owned());
        let owner = self.owner.as_str();
        let Some(written) = self.written_default(id) else {
            if let Some(item) = self.config.get(&path) {
                return Err(self.obstacle(&path, type_name(item), "a string"));
            }
            return self.add_default(id, name, owner, style);
        };
        let literal = written.literals[0];
        if self.default_name(id).is_none() {
            let found = self.config.get(&path).map_or("nothing", type_name);
            return Err(self.obstacle(&path, found, "a string"));
        }
        if literal.contains('\n') {
            return Err(PatchError::MultiLineString {
                key: render::dotted(&path, Quotes::Basic),
                at: self.config.position(written.value.start),
            });
        }
        let value = render::value(&name.into(), Quotes::of(literal));
        let mut literals = vec![value.as_str()];
        let mut owners = vec![owner];
        literals.extend(&written.literals);
        owners.extend(&written.owners);
        // An older layer of the same name has come to the top.
        if let Some(older) =
            (1..owners.len()).find(|&layer| decoded(literals[layer]).as_deref() == Some(name))
        {
            literals.remove(older);
            owners.remove(older);
        }
        self.rewrite(&written, &literals, &owners);
        Ok(None)
    }

    /// Writes the key where there is none yet.
    fn add_default(
        &mut self,
        id: &str,
        name: &str,
        owner: &str,
        style: &Style,
    ) -> Result<Option<String>, PatchError> {
        let table = plugin::containerd_path(id);
        let config = self.config;
        let value = render::value(&name.into(), style.quotes);
        let place = place::find(config, &table, table.len());
        let key = |was| NewKey {
            name: KEY,
            value: value.clone(),
            marker: Some(Marker::Was { owner, was }),
        };
        if let Some(place) = place.filter(|place| !matches!(place, Place::Implicit { .. })) {
            let (_, key_indent) = style::indents(config, &table[..2], table.len());
            let style = Style {
                key_indent,
                ..style.clone()
            };
            self.add_keys(&place, &table, &style, &[key(UNSET)])?;
            return Ok(None);
        }
        let (indent, key_indent) = style::indents(config, &table[..2], table.len());
        let provenance = Provenance::Owner(owner.to_owned()).comment();
        let header = style::raw_path(config, &table);
        let marker = Marker::Was { owner, was: ABSENT }.text();
        Ok(Some(format!(
            "{indent}{provenance}\n{indent}[{header}]\n{key_indent}{KEY} = {value}{marker}\n"
        )))
    }

    /// Takes the layers out that name one of the handlers which go. A default that would name
    /// nothing goes back to the one below it, at last to the built-in one. Returns the default that
    /// is then in effect.
    pub(super) fn release_default(
        &mut self,
        id: &str,
        gone: &[&str],
        listed: &[&str],
    ) -> DefaultAfter {
        let goes =
            |literal: &&str| decoded(literal).is_some_and(|name| gone.contains(&name.as_str()));
        let after = |literal, was_reset| DefaultAfter {
            name: decoded(literal).unwrap_or_else(|| BUILT_IN.to_owned()),
            was_reset,
        };
        let Some(written) = self.written_default(id) else {
            return after(UNSET, false);
        };
        let mut literals = written.literals.clone();
        let mut owners = written.owners.clone();
        let mut layer = 0;
        while layer < owners.len() {
            if goes(&literals[layer]) {
                literals.remove(layer);
                owners.remove(layer);
            } else {
                layer += 1;
            }
        }
        let top_changes = literals[0] != written.literals[0] || goes(&literals[0]);
        if !top_changes && literals.len() == written.literals.len() {
            return after(literals[0], false);
        }
        let serves = |literal: &str| match literal {
            UNSET | ABSENT => true,
            _ => decoded(literal)
                .is_some_and(|name| name == BUILT_IN || listed.contains(&name.as_str())),
        };
        // What was below may be gone as well.
        while top_changes && !owners.is_empty() && !serves(literals[0]) {
            literals.remove(0);
            owners.remove(0);
        }
        let was_reset = top_changes && !serves(literals[0]);
        if was_reset {
            self.warn_reset_default(&written, literals[0]);
            literals = vec!["\"runc\""];
            if Quotes::of(written.literals[0]) == Quotes::Literal {
                literals = vec!["'runc'"];
            }
            owners.clear();
        }
        match literals[0] {
            UNSET => self.drop_default(id, &written, false),
            ABSENT => self.drop_default(id, &written, true),
            top => {
                if top_changes {
                    self.expect(&path(id), decoded(top).map(Into::into));
                }
                self.rewrite(&written, &literals, &owners);
            }
        }
        self.takes_back |= !was_reset && owners.is_empty() && !written.owners.is_empty();
        let default = after(literals[0], was_reset);
        if top_changes {
            self.new_default = Some(default.name.clone());
        }
        default
    }

    fn warn_reset_default(&mut self, written: &Written<'_>, was: &str) {
        let message = format!(
            "{KEY} was {was}, which names no handler any more: set to the built-in default \"{BUILT_IN}\""
        );
        self.warn("default-reset", message, written.value.start);
    }

    /// Writes value and markers anew, as far as they differ.
    fn rewrite(&mut self, written: &Written<'t>, literals: &[&str], owners: &[&str]) {
        if literals[0] != written.literals[0] {
            self.splices.replace(written.value.clone(), literals[0]);
        }
        // Older markers stay as they are, however they are spaced.
        let new = layers(owners, literals);
        let old = layers(&written.owners, &written.literals);
        let kept = new
            .iter()
            .rev()
            .zip(old.iter().rev())
            .take_while(|(new, old)| new == old)
            .count();
        for span in &written.markers[..old.len() - kept] {
            self.splices.replace(span.clone(), "");
        }
        let added: String = new[..new.len() - kept]
            .iter()
            .map(|&(owner, was)| Marker::Was { owner, was }.text())
            .collect();
        if !added.is_empty() {
            let end = self.config.index.statements[written.statement].span.end;
            self.splices.replace(end..end, added);
        }
    }

    /// Removes the key, its markers, and the header if the tool had written it for the key.
    fn drop_default(&mut self, id: &str, written: &Written<'t>, with_header: bool) {
        let config = self.config;
        self.expect(&path(id), None);
        let statement = &config.index.statements[written.statement];
        if statement.value != written.value {
            // An entry of an inline table.
            for span in &written.markers {
                self.splices.replace(span.clone(), "");
            }
            self.cut_entries
                .push(path(id).iter().map(|&name| name.to_owned()).collect());
            return;
        }
        let header = statement
            .header
            .filter(|&header| with_header && config.index.statements[header].kind == Kind::Header);
        match header {
            Some(header) if config.index.body(header).count() == 1 => {
                self.drop_run(header, written.statement);
            }
            Some(header) => {
                // Somebody else uses the table by now: it is theirs.
                if let Some((line, _)) = Provenance::above(config, header) {
                    self.splices.drop_lines(line);
                }
                self.splices
                    .drop_lines(config.statement_lines(written.statement));
            }
            None => self
                .splices
                .drop_lines(config.statement_lines(written.statement)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::patch::PatchError;
    use crate::patch::given::given;

    /// A table `containerd` with handlers `a` and `b`, whose default line ends like this.
    fn with_default(line: &str) -> String {
        format!(
            "version = 4\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n{line}\
             runtimes.runc.runtime_type = 't'\n\
             runtimes.a.runtime_type = 't'\n\
             runtimes.b.runtime_type = 't'\n"
        )
    }

    fn without(handler: &str, config: &str) -> String {
        config.replace(&format!("runtimes.{handler}.runtime_type = 't'\n"), "")
    }

    const BY_X: &str =
        "default_runtime_name = 'a' # containerd-edit v1 owner=x was \"runc\" # mine\n";
    const BY_Y: &str = "default_runtime_name = 'b' # containerd-edit v1 owner=y was 'a' \
                        # containerd-edit v1 owner=x was \"runc\" # mine\n";

    #[test]
    fn defaults_form_a_stack() {
        given(&with_default("default_runtime_name = \"runc\" # mine\n"))
            .default("a")
            .owner("x")
            .produces(&with_default(&BY_X.replace("'a'", "\"a\"")));
        given(&with_default(BY_X))
            .default("b")
            .owner("y")
            .produces(&with_default(BY_Y));
    }

    #[test]
    fn a_layer_leaves_from_the_top_or_the_middle() {
        given(&with_default(BY_Y))
            .remove("b")
            .produces(&without("b", &with_default(BY_X)));
        let left = "default_runtime_name = 'b' # containerd-edit v1 owner=y was \"runc\" # mine\n";
        given(&with_default(BY_Y))
            .remove("a")
            .produces(&without("a", &with_default(left)));
    }

    #[test]
    fn markers_that_stay_keep_their_spacing() {
        let spaced = |line: &str| {
            line.replace(
                " # containerd-edit v1 owner=x",
                "\t# containerd-edit v1 owner=x",
            )
        };
        given(&with_default(&spaced(BY_Y)))
            .remove("b")
            .produces(&without("b", &with_default(&spaced(BY_X))));
    }

    #[test]
    fn what_was_unset_is_unset_again() {
        let unset = "default_runtime_name = 'a' # containerd-edit v1 owner=x was unset\n";
        given(&with_default(unset))
            .remove("a")
            .produces(&without("a", &with_default("")));
    }

    #[test]
    fn a_default_that_would_name_nothing_becomes_the_built_in_one() {
        let edited = given(&with_default("default_runtime_name = 'a' # mine\n"))
            .remove("a")
            .produces(&without(
                "a",
                &with_default("default_runtime_name = 'runc' # mine\n"),
            ));
        assert_eq!(edited.warnings[0].code, "default-reset");
    }

    #[test]
    fn a_default_of_several_lines_is_refused() {
        let error = given(&with_default("default_runtime_name = \"\"\"\nrunc\"\"\"\n"))
            .default("a")
            .is_refused();
        assert!(matches!(error, PatchError::MultiLineString { .. }));
        let error = given(&with_default("default_runtime_name = 5\n"))
            .default("a")
            .is_refused();
        assert!(matches!(
            error,
            PatchError::Obstacle {
                found: "an integer",
                ..
            }
        ));
    }

    #[test]
    fn a_header_that_came_with_the_default_goes_with_it() {
        let config = "version = 4\n\n# containerd-edit v1 owner=x\n\
                      [plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                      default_runtime_name = 'a' # containerd-edit v1 owner=x was absent\n\
                      \n# containerd-edit v1 owner=x\n\
                      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.a]\n";
        given(config).remove("a").produces("version = 4\n");
        // Somebody else uses it by now.
        let used = config.replace("was absent\n", "was absent\nsnapshotter = 's'\n");
        given(&used).remove("a").produces(
            "version = 4\n\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
             snapshotter = 's'\n",
        );
    }
}
