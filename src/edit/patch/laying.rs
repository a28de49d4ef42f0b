//! Setting values over those of others, and taking them out again.

use toml_edit::Value;

use crate::toml::render::{self, Quotes};

use super::edit::{Edit, Precedence};
use super::error;
use super::layers::{Layer, Layered, is_bottom, means, owners, parsed, said, same, settle};
use super::provenance::ABSENT;
use crate::error::Error;

/// Whether an owner may have several layers of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// The newest counts.
    One,
    /// One for each literal, as of a default: each goes with the handler that it names.
    EachLiteral,
}

impl<'d> Edit<'d, '_> {
    /// Lays a value of the patch's owner over one that is written at `path`. Returns whether what
    /// the file says there has changed.
    pub(super) fn lay(
        &mut self,
        path: &[&str],
        layered: &Layered<'d>,
        value: &Value,
        own: Own,
    ) -> Result<bool, Error> {
        let top = layered.top();
        let is_in_force = means(top, value);
        if is_in_force && !layered.is_owned() {
            // The file's own.
            return Ok(false);
        }
        let literal = if is_in_force {
            top.to_owned()
        } else {
            render::value(value, Quotes::of(top))
        };
        let set = if literal.contains('\n') {
            render::value(value, Quotes::of(top))
        } else {
            literal.clone()
        };
        let new = Layer {
            owner: Some(self.owner.as_str()),
            literal: &literal,
            set: Some(&set),
        };
        let mut layers: Vec<Layer<'_>> = layered.layers.clone();
        let each = own == Own::EachLiteral && self.precedence == Precedence::Wins;
        let is_known =
            |layer: &Layer<'_>| layer.owner == new.owner && (!each || means(layer.literal, value));
        let known = layers.iter().position(is_known);
        let newer = &layers[..known.unwrap_or(0)];
        let is_below_others = newer.iter().any(|layer| layer.owner.is_some());
        match known {
            Some(known) if !is_below_others || self.precedence == Precedence::Keeps => {
                if is_below_others && !is_in_force {
                    self.warn_overridden(path, layered, &literal);
                }
                if !means(layers[known].literal, value) {
                    layers[known] = new;
                }
                // What somebody has set by hand over it is not what is asked for.
                if known > 0 && layers[known - 1].owner.is_none() {
                    layers.remove(known - 1);
                }
            }
            known => {
                if let Some(known) = known {
                    layers.remove(known);
                }
                layers.insert(0, new);
                settle(&mut layers);
            }
        }
        self.rewrite(path, layered, &layers)?;
        Ok(layers[0].literal != top)
    }

    /// Whether a newer owner's value stands over that of the patch's owner, and stays there.
    pub(super) fn is_overridden(&self, layered: &Layered<'_>) -> bool {
        let owner = self.owner.as_str();
        let mut owners = layered.layers.iter().filter_map(|layer| layer.owner);
        let layer = owners.position(|known| known == owner);
        self.precedence == Precedence::Keeps && layer.is_some_and(|layer| layer > 0)
    }

    fn warn_overridden(&mut self, path: &[&str], layered: &Layered<'_>, literal: &str) {
        let key = render::dotted(path, Quotes::Basic);
        let (top, newer) = (layered.top(), layered.newest());
        let message = format!(
            "{key} stays {top}, which {newer} has set over this owner's {literal}: take it over \
             with --take-over"
        );
        self.warn("overridden", message, layered.value.start);
        self.keys.overridden.push(key);
    }

    /// Says that a value stays although the owner that set it once has left.
    pub(super) fn warn_set_by_hand(
        &mut self,
        path: &[&str],
        layered: &Layered<'_>,
        left: &[Layer<'_>],
    ) {
        let [hand, below, ..] = layered.layers[..] else {
            return;
        };
        let Layer {
            owner: Some(owner),
            literal,
            ..
        } = below
        else {
            return;
        };
        let stays = hand.owner.is_none() && left[0] == hand && left.get(1) != Some(&below);
        let is_original = left.len() == 1 && same(hand.literal, layered.original());
        if !stays || is_original {
            return;
        }
        let key = render::dotted(path, Quotes::Basic);
        let message = format!(
            "{key} stays {}, which somebody has set by hand in the place of {owner}'s {literal}",
            hand.literal
        );
        self.warn("set-by-hand", message, layered.value.start);
    }

    /// Takes layers out. What is then on top is in force; where nothing is, the key goes. Returns
    /// whether there were any.
    pub(super) fn take_layers(
        &mut self,
        path: &[&str],
        layered: &Layered<'d>,
        goes: impl Fn(&str) -> bool,
    ) -> Result<bool, Error> {
        let Some(layers) = layered.without(goes) else {
            return Ok(false);
        };
        if is_bottom(layers[0].literal) {
            self.drop_key(path, layered);
        } else {
            self.warn_set_by_hand(path, layered, &layers);
            self.rewrite(path, layered, &layers)?;
        }
        Ok(true)
    }

    /// Writes value and markers anew, as far as they differ. A header that the tool has written for
    /// the value is settled later.
    pub(super) fn rewrite(
        &mut self,
        path: &[&str],
        layered: &Layered<'d>,
        layers: &[Layer<'_>],
    ) -> Result<(), Error> {
        // Older markers stay as they are, however they are spaced.
        let new = said(layers);
        let old = said(&layered.layers);
        let kept = new
            .iter()
            .rev()
            .zip(old.iter().rev())
            .take_while(|(new, old)| new == old)
            .count();
        let mut added = String::new();
        for marker in &new[..new.len() - kept] {
            if !marker.keeps() {
                return Err(error::multi_line_value(
                    &render::dotted(path, Quotes::Basic),
                    self.config.position(layered.value.start),
                ));
            }
            added.push_str(&marker.text());
        }
        let (top, literal) = (layered.top(), layers[0].literal);
        if literal != top {
            let value = parsed(literal);
            if value.as_ref().is_none_or(|value| !means(top, value)) {
                self.expect(path, value);
            }
            self.revision.set(path, literal)?;
        }
        for span in &layered.markers[..old.len() - kept] {
            self.revision.replace_comment(span.clone(), "");
        }
        if !added.is_empty() {
            let end = self.config.index.statements[layered.statement].span.end;
            self.revision.replace_comment(end..end, added);
        }
        if layered.is_below_own_header() && *layers != *layered.layers {
            let is_own = layers.last().is_some_and(|layer| layer.literal == ABSENT);
            // Below a value of somebody who writes no markers, the header is theirs.
            let owners = if is_own { owners(layers) } else { Vec::new() };
            self.relaid_keys.insert(layered.statement, Some(owners));
        }
        Ok(())
    }

    /// Removes a key and its markers. The header above it goes later, if nothing is left below it
    /// and the tool has written it.
    pub(super) fn drop_key(&mut self, path: &[&str], layered: &Layered<'d>) {
        self.expect(path, None);
        self.revision.remove(path);
        if self.config.index.statements[layered.statement].value != layered.value {
            // An entry of an inline table.
            for span in &layered.markers {
                self.revision.replace_comment(span.clone(), "");
            }
            return;
        }
        self.relaid_keys.insert(layered.statement, None);
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::Keys;
    use crate::edit::patch::given::given;
    use crate::error::Code;

    const BY_X: &str = "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=x set 'a' was \"info\" # mine\n";
    const BY_Y: &str = "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y set 'b' was 'a' \
                        # containerd-edit v1 owner=x set 'a' was \"info\" # mine\n";

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
            "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y set 'b' was \"info\" # mine\n",
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
            "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=y set 'a' was 'a' \
             # containerd-edit v1 owner=x set 'a' was \"info\" # mine\n",
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
        assert_eq!(edited.keys.overridden, ["debug.level"]);
        given(BY_Y).debug("level=c").owner("x").declares().produces(
            "version = 3\n[debug]\nlevel = 'b' # containerd-edit v1 owner=y set 'b' was 'c' \
             # containerd-edit v1 owner=x set 'c' was \"info\" # mine\n",
        );
        let on_top = "version = 3\n[debug]\nlevel = 'a' # containerd-edit v1 owner=x set 'a' was 'b' \
                      # containerd-edit v1 owner=y set 'b' was \"info\" # mine\n";
        given(BY_Y).debug("level=a").owner("x").produces(on_top);
        given(BY_Y)
            .debug("level=a")
            .owner("x")
            .declares()
            .take_over()
            .produces(on_top);
    }

    #[test]
    fn equal_values_of_two_owners_are_no_news() {
        let both = BY_Y.replace("'b'", "'a'");
        let edited = given(&both).debug("level=a").owner("x").declares();
        let edited = edited.produces(&both);
        assert_eq!(
            (edited.warnings, edited.keys),
            (Vec::new(), Keys::default())
        );
    }

    /// The same with another value on top.
    fn by_hand(config: &str) -> String {
        config
            .replace("level = 'a'", "level = 'mine'")
            .replace("level = 'b'", "level = 'mine'")
    }

    const MINE: &str = "version = 3\n[debug]\nlevel = 'mine' # mine\n";

    #[test]
    fn what_was_set_by_hand_since_stays() {
        let edited = given(&by_hand(BY_X)).owner("x").prune().produces(MINE);
        assert_eq!(edited.warnings[0].code, "set-by-hand");
        let said =
            "debug.level stays 'mine', which somebody has set by hand in the place of x's 'a'";
        assert_eq!(edited.warnings[0].message, said);
        assert!(!edited.means_otherwise);
        // Without a header, or a line, before.
        for was in ["unset", "absent"] {
            let config = by_hand(BY_X).replace("\"info\"", was);
            given(&config).owner("x").prune().produces(MINE);
        }
        // As it was written before, and then nobody needs to be told.
        let back = BY_X.replace("level = 'a'", "level = 'info'");
        let edited = given(&back).owner("x").prune();
        let edited = edited.produces(&MINE.replace("'mine'", "\"info\""));
        assert_eq!(edited.warnings, []);
    }

    #[test]
    fn what_was_set_by_hand_stays_whoever_leaves_first() {
        let by_y = by_hand(BY_Y);
        let by_x = by_hand(BY_X);
        given(&by_y).owner("y").prune().produces(&by_x);
        let left = by_y.replace(" was 'a' # containerd-edit v1 owner=x set 'a'", "");
        let edited = given(&by_y).owner("x").prune().produces(&left);
        assert_eq!(edited.warnings, [], "y's own is still below");
        given(&left).owner("y").prune().produces(MINE);
    }

    #[test]
    fn what_was_set_by_hand_below_another_owners_value_stays() {
        let by_y = BY_Y.replace("was 'a'", "was 'mine'");
        given(&by_hand(BY_X))
            .debug("level=b")
            .owner("y")
            .produces(&by_y);
        given(&by_y).owner("y").prune().produces(&by_hand(BY_X));
        let left = by_y.replace("# containerd-edit v1 owner=x set 'a' was \"info\" ", "");
        given(&by_y).owner("x").prune().produces(&left);
        given(&left).owner("y").prune().produces(MINE);
    }

    #[test]
    fn what_is_asked_for_again_is_set_back() {
        given(&by_hand(BY_X))
            .debug("level=a")
            .owner("x")
            .produces(BY_X);
        given(&by_hand(BY_X))
            .debug("level=a")
            .owner("x")
            .declares()
            .produces(BY_X);
        let taken = by_hand(BY_X).replace("set 'a'", "set 'mine'");
        given(&by_hand(BY_X))
            .debug("level=mine")
            .owner("x")
            .produces(&taken);
    }

    /// Of several lines, it can't be kept when it is replaced, but it can stay.
    #[test]
    fn what_was_set_by_hand_may_have_several_lines() {
        let config = BY_X.replace("level = 'a'", "level = \"\"\"\nmine\"\"\"");
        let left = MINE.replace("'mine'", "\"\"\"\nmine\"\"\"");
        given(&config).owner("x").prune().produces(&left);
        given(&config).debug("level=a").owner("x").produces(BY_X);
        let error = given(&config).debug("level=b").owner("y").is_refused();
        assert_eq!(error.code(), Code::NotEditable, "{error}");
    }

    #[test]
    fn a_marker_without_the_owners_value_takes_what_is_there_for_it() {
        let before = |config: &str| config.replace(" set 'a'", "").replace(" set 'b'", "");
        given(&before(BY_Y))
            .owner("y")
            .prune()
            .produces(&before(BY_X));
        given(&by_hand(&before(BY_X)))
            .owner("x")
            .prune()
            .produces("version = 3\n[debug]\nlevel = \"info\" # mine\n");
        let by_x = before(BY_X);
        given(&by_x).debug("level=a").owner("x").produces(&by_x);
        given(&by_x)
            .debug("level=c")
            .owner("x")
            .produces(&BY_X.replace("'a'", "'c'"));
    }

    #[test]
    fn what_a_comment_can_not_keep_is_not_replaced() {
        let config = "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\n\
                      cdi_spec_dirs = [\n  '/etc/cdi',\n]\n";
        let error = given(config).cri("cdi_spec_dirs=[]").is_refused();
        assert_eq!(error.code(), Code::NotEditable, "{error}");
        let config = "version = 3\ndebug = { level = 'info' }\n";
        let error = given(config).debug("level=debug").is_refused();
        assert_eq!(error.code(), Code::NotEditable, "{error}");
    }
}
