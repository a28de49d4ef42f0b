//! Values that owners set over each other.
//!
//! The value is the top *layer*; each marker behind it says who wrote a layer and what stood below
//! it. A layer can leave from the middle, and the last one to leave restores the original line.

use std::ops::Range;

use toml_edit::Value;

use crate::document::render::{self, Quotes};
use crate::document::{Document, meaning};

use super::edit::Edit;
use super::error::PatchError;
use super::provenance::{ABSENT, Marker, UNSET};

/// A value as it stands in a file.
pub(super) struct Layered<'t> {
    pub(super) statement: usize,
    pub(super) value: Range<usize>,
    /// The raw literals from the top layer to the original: one more than there are owners.
    pub(super) literals: Vec<&'t str>,
    pub(super) owners: Vec<&'t str>,
    markers: Vec<Range<usize>>,
}

/// How a value gets along with one that another owner has set over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precedence {
    /// It stays below.
    Keeps,
    /// It comes out on top.
    Wins,
}

/// Whether an owner may have several layers of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// The newest counts.
    One,
    /// One for each literal, as of a default: each goes with the handler that it names.
    EachLiteral,
}

impl<'t> Layered<'t> {
    /// The value at `path`, if it is written there.
    pub(super) fn at(config: &Document<'t>, path: &[&str]) -> Option<Self> {
        let (statement, value) = config.value(path)?;
        Some(Self::of(config, statement, value))
    }

    /// The value of a statement as a whole.
    pub(super) fn of_statement(config: &Document<'t>, statement: usize) -> Self {
        let value = config.index.statements[statement].value.clone();
        Self::of(config, statement, value)
    }

    /// The value of a statement, or of an entry of the inline table that the statement holds.
    fn of(config: &Document<'t>, statement: usize, value: Range<usize>) -> Self {
        let mut layered = Self {
            statement,
            literals: vec![&config.text[value.clone()]],
            value,
            owners: Vec::new(),
            markers: Vec::new(),
        };
        for (span, marker) in Marker::behind(config, statement) {
            if let Marker::Was { owner, was } = marker {
                layered.owners.push(owner);
                layered.literals.push(was);
                layered.markers.push(span);
                if is_bottom(was) {
                    // What follows belongs to another key of the same inline table.
                    break;
                }
            }
        }
        layered
    }

    /// The owners of all layers.
    pub(super) fn owned_by(&self) -> Vec<String> {
        self.owners.iter().map(|&owner| owner.to_owned()).collect()
    }

    /// What stood there before this tool came.
    pub(super) fn original(&self) -> &'t str {
        self.literals[self.literals.len() - 1]
    }

    /// Whether the tool has written the header above the value, too.
    pub(super) fn is_below_own_header(&self) -> bool {
        self.original() == ABSENT
    }
}

/// Whether a marker says that nothing stood there.
pub(super) fn is_bottom(was: &str) -> bool {
    matches!(was, UNSET | ABSENT)
}

/// What a literal means; `None` for what stands for nothing.
pub(super) fn parsed(literal: &str) -> Option<Value> {
    if is_bottom(literal) {
        return None;
    }
    literal.parse().ok()
}

fn means(literal: &str, value: &Value) -> bool {
    parsed(literal).is_some_and(|parsed| meaning::same_values(&parsed, value))
}

/// What each marker says: who wrote a layer, and what was below it.
fn said<'s>(owners: &[&'s str], literals: &[&'s str]) -> Vec<(&'s str, &'s str)> {
    let below = literals.iter().skip(1).copied();
    owners.iter().copied().zip(below).collect()
}

impl<'t> Edit<'_, 't> {
    /// Lays a value of the patch's owner over one that is written at `path`. Returns whether what
    /// the file says there has changed.
    pub(super) fn lay(
        &mut self,
        path: &[&str],
        layered: &Layered<'t>,
        value: &Value,
        own: Own,
    ) -> Result<bool, PatchError> {
        let top = layered.literals[0];
        let is_in_force = means(top, value);
        if is_in_force && layered.owners.is_empty() {
            // The file's own.
            return Ok(false);
        }
        let owner = self.owner.as_str();
        let literal = if is_in_force {
            top.to_owned()
        } else {
            render::value(value, Quotes::of(top))
        };
        let mut literals = layered.literals.clone();
        let mut owners = layered.owners.clone();
        let each = own == Own::EachLiteral && self.precedence == Precedence::Wins;
        let known = (0..owners.len())
            .find(|&layer| owners[layer] == owner && (!each || means(literals[layer], value)));
        match known {
            Some(0) => literals[0] = &literal,
            Some(layer) if self.precedence == Precedence::Keeps => {
                if !means(literals[layer], value) {
                    literals[layer] = &literal;
                }
                self.warn_overridden(path, layered, &literal);
            }
            known => {
                if let Some(layer) = known {
                    literals.remove(layer);
                    owners.remove(layer);
                }
                literals.insert(0, &literal);
                owners.insert(0, owner);
            }
        }
        self.rewrite(path, layered, &literals, &owners)?;
        Ok(literals[0] != top)
    }

    /// Whether a newer owner's value stands over that of the patch's owner, and stays there.
    pub(super) fn is_overridden(&self, layered: &Layered<'_>) -> bool {
        let owner = self.owner.as_str();
        let layer = layered.owners.iter().position(|known| *known == owner);
        self.precedence == Precedence::Keeps && layer.is_some_and(|layer| layer > 0)
    }

    fn warn_overridden(&mut self, path: &[&str], layered: &Layered<'_>, literal: &str) {
        let key = render::dotted(path, Quotes::Basic);
        let (top, newer) = (layered.literals[0], layered.owners[0]);
        let message = format!(
            "{key} stays {top}, which {newer} has set over this owner's {literal}: take it over \
             with --take-over"
        );
        self.warn("overridden", message, layered.value.start);
    }

    /// Takes layers out. What is then on top is in force; where nothing is, the key goes. Returns
    /// whether there were any.
    pub(super) fn take_layers(
        &mut self,
        path: &[&str],
        layered: &Layered<'t>,
        goes: impl Fn(&str, &str) -> bool,
    ) -> Result<bool, PatchError> {
        let mut literals = layered.literals.clone();
        let mut owners = layered.owners.clone();
        for layer in (0..layered.owners.len()).rev() {
            if goes(owners[layer], literals[layer]) {
                owners.remove(layer);
                literals.remove(layer);
            }
        }
        if owners.len() == layered.owners.len() {
            return Ok(false);
        }
        if is_bottom(literals[0]) {
            self.drop_key(path, layered);
        } else {
            self.rewrite(path, layered, &literals, &owners)?;
            let owners = owners.into_iter().map(str::to_owned).collect();
            self.released_keys.insert(layered.statement, Some(owners));
        }
        Ok(true)
    }

    /// Writes value and markers anew, as far as they differ.
    pub(super) fn rewrite(
        &mut self,
        path: &[&str],
        layered: &Layered<'t>,
        literals: &[&str],
        owners: &[&str],
    ) -> Result<(), PatchError> {
        // Older markers stay as they are, however they are spaced.
        let new = said(owners, literals);
        let old = said(&layered.owners, &layered.literals);
        let kept = new
            .iter()
            .rev()
            .zip(old.iter().rev())
            .take_while(|(new, old)| new == old)
            .count();
        let mut added = String::new();
        for &(owner, was) in &new[..new.len() - kept] {
            let marker = Marker::Was { owner, was };
            if !marker.keeps() {
                return Err(PatchError::MultiLineValue {
                    key: render::dotted(path, Quotes::Basic),
                    at: self.config.position(layered.value.start),
                });
            }
            added.push_str(&marker.text());
        }
        let top = layered.literals[0];
        if literals[0] != top {
            let value = parsed(literals[0]);
            if value.as_ref().is_none_or(|value| !means(top, value)) {
                self.expect(path, value);
            }
            self.splices.replace(layered.value.clone(), literals[0]);
        }
        for span in &layered.markers[..old.len() - kept] {
            self.splices.replace(span.clone(), "");
        }
        if !added.is_empty() {
            let end = self.config.index.statements[layered.statement].span.end;
            self.splices.replace(end..end, added);
        }
        Ok(())
    }

    /// Removes a key and its markers. The header above it goes later, if nothing is left below it
    /// and the tool has written it.
    pub(super) fn drop_key(&mut self, path: &[&str], layered: &Layered<'t>) {
        self.expect(path, None);
        if self.config.index.statements[layered.statement].value != layered.value {
            // An entry of an inline table.
            for span in &layered.markers {
                self.splices.replace(span.clone(), "");
            }
            let entry = path.iter().map(|&name| name.to_owned()).collect();
            self.cut_entries.push(entry);
            return;
        }
        self.released_keys.insert(layered.statement, None);
    }
}

#[cfg(test)]
mod tests {
    use crate::patch::PatchError;
    use crate::patch::given::given;

    const BY_X: &str =
        "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=x was \"info\" # mine\n";
    const BY_Y: &str = "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y was 'a' \
                        # containerd-edit v1 owner=x was \"info\" # mine\n";

    #[test]
    fn an_owners_value_is_laid_over_what_is_there() {
        given("version = 3\n[debug]\nlevel = \"info\" # mine\n")
            .debug("level=a")
            .owner("x")
            .produces(&BY_X.replace("'a'", "\"a\""));
        given(BY_X).debug("level=b").owner("y").produces(BY_Y);
    }

    #[test]
    fn an_owner_leaves_from_the_top_or_the_middle() {
        given(BY_Y).owner("y").prune().produces(BY_X);
        given(BY_Y).owner("x").prune().produces(
            "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y was \"info\" # mine\n",
        );
        given(BY_X)
            .owner("x")
            .prune()
            .produces("version = 3\n[debug]\nlevel = \"info\" # mine\n");
        given(BY_X).owner("z").prune().produces(BY_X);
    }

    #[test]
    fn what_the_file_says_itself_needs_no_layer() {
        let config = "version = 3\n[debug]\nlevel = 'a'\n";
        given(config).debug("level=a").owner("x").produces(config);
    }

    #[test]
    fn what_another_owner_says_too_is_laid_over_it() {
        let edited = given(BY_X).debug("level=a").owner("y").produces(
            "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=y was 'a' \
             # containerd-edit v1 owner=x was \"info\" # mine\n",
        );
        assert!(!edited.means_otherwise, "containerd reads the same");
    }

    /// Two installers that run again and again would otherwise undo each other's work for ever.
    #[test]
    fn what_is_declared_stays_below_what_came_later() {
        let edited = given(BY_Y)
            .debug("level=a")
            .owner("x")
            .declares()
            .produces(BY_Y);
        assert_eq!(edited.warnings[0].code, "overridden");
        given(BY_Y).debug("level=c").owner("x").declares().produces(
            "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y was 'c' \
             # containerd-edit v1 owner=x was \"info\" # mine\n",
        );
        let on_top = "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=x was 'b' \
                      # containerd-edit v1 owner=y was \"info\" # mine\n";
        given(BY_Y).debug("level=a").owner("x").produces(on_top);
        given(BY_Y)
            .debug("level=a")
            .owner("x")
            .declares()
            .take_over()
            .produces(on_top);
    }

    #[test]
    fn what_a_comment_can_not_keep_is_not_replaced() {
        let config = "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\n\
                      cdi_spec_dirs = [\n  '/etc/cdi',\n]\n";
        let error = given(config).cri("cdi_spec_dirs=[]").is_refused();
        assert!(
            matches!(error, PatchError::MultiLineValue { .. }),
            "{error}"
        );
        let config = "version = 3\ndebug = { level = 'info' }\n";
        let error = given(config).debug("level=debug").is_refused();
        assert!(matches!(error, PatchError::InlineKey { .. }), "{error}");
    }
}
