//! `default_runtime_name`: which of its layers names what.

use crate::containerd::{BUILT_IN, plugin};
use crate::toml::render::Quotes;
use crate::toml::{render, type_name};

use super::edit::Edit;
use super::layers::{Layer, Layered, is_bottom, parsed, same, settle};
use super::laying::Own;
use super::provenance::UNSET;
use crate::error::Error;

pub(crate) const KEY: &str = "default_runtime_name";

/// The default that is in effect once handlers are gone.
pub(super) struct DefaultAfter {
    pub(super) name: String,
    /// Nothing remembered a default that still exists: it is the built-in one now.
    pub(super) was_reset: bool,
    /// Whether a layer was taken out.
    pub(super) is_changed: bool,
}

/// The path of the key.
pub(super) fn path(id: &str) -> [&str; 4] {
    let [plugins, id, containerd] = plugin::containerd_path(id);
    [plugins, id, containerd, KEY]
}

/// The handler name in a string literal.
fn decoded(literal: &str) -> Option<String> {
    parsed(literal)?.as_str().map(str::to_owned)
}

impl Edit<'_, '_> {
    /// The default that the file sets.
    pub(super) fn default_name(&self, id: &str) -> Option<&str> {
        self.config.string(&path(id))
    }

    /// Makes `name` the default.
    pub(super) fn set_default(&mut self, id: &str, name: &str) -> Result<(), Error> {
        let path = path(id);
        if let Some(item) = self.config.get(&path)
            && !item.is_str()
        {
            return Err(self.obstacle(&path, type_name(item), "a string"));
        }
        if let Some(layered) = Layered::at(self.config, &path) {
            if !self.lay(&path, &layered, &name.into(), Own::EachLiteral)? {
                return Ok(());
            }
        } else {
            self.expect(&path, Some(name.into()));
            let literal = render::value(&name.into(), self.config.quotes());
            self.add_key(&path, &literal, Some(&literal))?;
        }
        self.new_default = Some(name.to_owned());
        Ok(())
    }

    /// Takes the layers out that name one of the handlers which go, and those that `leaves` says of
    /// by their owner and the handler that they name. A default that would name nothing goes back to
    /// the one below it, at last to the built-in one. Returns the default that is then in effect.
    pub(super) fn release_default(
        &mut self,
        id: &str,
        gone: &[&str],
        listed: &[&str],
        leaves: impl Fn(&str, &str) -> bool,
    ) -> Result<DefaultAfter, Error> {
        let names_gone =
            |literal: &str| decoded(literal).is_some_and(|name| gone.contains(&name.as_str()));
        let after = |literal, was_reset, is_changed| DefaultAfter {
            name: decoded(literal).unwrap_or_else(|| BUILT_IN.to_owned()),
            was_reset,
            is_changed,
        };
        let Some(layered) = Layered::at(self.config, &path(id)) else {
            return Ok(after(UNSET, false, false));
        };
        let top = layered.top();
        let mut layers = layered.layers.clone();
        let original = layers.pop().unwrap_or(Layer::plain(UNSET));
        layers.retain(|layer| {
            let name = decoded(layer.literal).unwrap_or_default();
            !names_gone(layer.literal) && !layer.owner.is_some_and(|owner| leaves(owner, &name))
        });
        layers.push(original);
        settle(&mut layers);
        let top_changes = !same(layers[0].literal, top) || names_gone(layers[0].literal);
        if !top_changes && layers.len() == layered.layers.len() {
            return Ok(after(top, false, false));
        }
        let serves = |literal: &str| {
            is_bottom(literal)
                || decoded(literal).is_some_and(|name| {
                    // Where something is filled in, the name is another one by then.
                    name == BUILT_IN || name.contains("${") || listed.contains(&name.as_str())
                })
        };
        // What was below may be gone as well.
        while top_changes && layers.len() > 1 && !serves(layers[0].literal) {
            layers.remove(0);
        }
        let names_nothing = top_changes && !serves(layers[0].literal);
        // What holds instead is for the other files to say.
        let was_reset = names_nothing && self.base.is_none();
        if names_nothing {
            self.warn_reset_default(&layered, layers[0].literal);
            layers = vec![Layer::plain(match Quotes::of(top) {
                _ if !was_reset => UNSET,
                Quotes::Literal => "'runc'",
                Quotes::Basic => "\"runc\"",
            })];
        }
        if is_bottom(layers[0].literal) {
            self.drop_key(&path(id), &layered);
        } else {
            self.warn_set_by_hand(&path(id), &layered, &layers);
            self.rewrite(&path(id), &layered, &layers)?;
        }
        let is_back = layers == [original] && layered.is_owned();
        self.takes_back |= !was_reset && is_back;
        let default = after(layers[0].literal, was_reset, true);
        if top_changes {
            self.new_default = Some(default.name.clone());
        }
        Ok(default)
    }

    fn warn_reset_default(&mut self, layered: &Layered<'_>, was: &str) {
        let now = match self.base {
            None => format!("set to the built-in default \"{BUILT_IN}\""),
            Some(_) => "taken out, so that it is what the other files say".to_owned(),
        };
        let message = format!("{KEY} was {was}, which names no handler any more: {now}");
        self.warn("default-reset", message, layered.value.start);
    }
}
#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;
    use crate::error::Code;

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
        "default_runtime_name = 'a' # containerd-edit v1 owner=x set 'a' was \"runc\" # mine\n";
    const BY_Y: &str = "default_runtime_name = 'b' # containerd-edit v1 owner=y set 'b' was 'a' \
                        # containerd-edit v1 owner=x set 'a' was \"runc\" # mine\n";

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
        let left =
            "default_runtime_name = 'b' # containerd-edit v1 owner=y set 'b' was \"runc\" # mine\n";
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
    fn a_default_set_by_hand_stays() {
        let by_hand = with_default(&BY_X.replace("= 'a'", "= 'b'"));
        let mine = with_default("default_runtime_name = 'b' # mine\n");
        for removal in [
            given(&by_hand).remove("a"),
            given(&by_hand).remove("a").owner("x").prune(),
        ] {
            let edited = removal.produces(&without("a", &mine));
            assert_eq!(edited.warnings[0].code, "set-by-hand");
            assert_eq!(edited.new_default, None);
            assert!(!edited.takes_back);
        }
        given(&by_hand).owner("x").unset_default().produces(&mine);
        // Back to the owner's own, which still is wanted.
        let edited = given(&by_hand).remove("b");
        let edited = edited.produces(&without("b", &with_default(BY_X)));
        assert_eq!(edited.new_default.as_deref(), Some("a"));
    }

    #[test]
    fn a_default_set_by_hand_goes_with_its_handler() {
        let by_hand = with_default(&BY_X.replace("= 'a'", "= 'b'"));
        let left = with_default("default_runtime_name = \"runc\" # mine\n");
        let edited = given(&by_hand).remove("a").remove("b");
        let edited = edited.produces(&without("a", &without("b", &left)));
        assert_eq!(edited.new_default.as_deref(), Some("runc"));
    }

    #[test]
    fn what_was_unset_is_unset_again() {
        let unset = "default_runtime_name = 'a' # containerd-edit v1 owner=x set 'a' was unset\n";
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

    /// As in MicroK8s's template.
    #[test]
    fn a_default_that_is_filled_in_later_comes_back() {
        let line = |value: &str| with_default(&format!("default_runtime_name = {value}\n"));
        let set = line("'a' # containerd-edit v1 owner=x was \"${RUNTIME}\"");
        given(&set)
            .remove("a")
            .produces(&without("a", &line("\"${RUNTIME}\"")));
    }

    #[test]
    fn a_default_of_several_lines_is_refused() {
        let error = given(&with_default("default_runtime_name = \"\"\"\nrunc\"\"\"\n"))
            .default("a")
            .is_refused();
        assert_eq!(error.code(), Code::NotEditable, "{error}");
        let error = given(&with_default("default_runtime_name = 5\n"))
            .default("a")
            .is_refused();
        assert_eq!(error.code(), Code::WrongType, "{error}");
        assert!(error.to_string().contains("an integer"), "{error}");
    }

    #[test]
    fn a_header_that_came_with_the_default_goes_with_it() {
        let config = "version = 4\n\n# containerd-edit v1 owner=x\n\
                      [plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                      default_runtime_name = 'a' # containerd-edit v1 owner=x set 'a' was absent\n\
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

    /// A table that the tool has written for a default of `owner`'s, or nobody's any more, and
    /// handlers `a` of `x`, `b` of `y` and `c` of `z`.
    fn with_own_table(owner: &str, line: &str, handlers: &str) -> String {
        let containerd = "[plugins.'io.containerd.cri.v1.runtime'.containerd";
        let mut blocks = vec!["version = 4\n".to_owned()];
        if !line.is_empty() {
            let owner = match owner {
                "" => String::new(),
                owner => format!("# containerd-edit v1 owner={owner}\n"),
            };
            blocks.push(format!(
                "{owner}{containerd}]\ndefault_runtime_name = {line}\n"
            ));
        }
        let known = [("a", "x"), ("b", "y"), ("c", "z")].into_iter();
        for (name, owner) in known.filter(|(name, _)| handlers.contains(name)) {
            blocks.push(format!(
                "# containerd-edit v1 owner={owner}\n{containerd}.runtimes.{name}]\n\
                 runtime_type = 't'\n"
            ));
        }
        blocks.join("\n")
    }

    #[test]
    fn a_header_passes_to_whose_default_is_left() {
        let both = "'b' # containerd-edit v1 owner=y set 'b' was 'a' \
                    # containerd-edit v1 owner=x set 'a' was absent";
        let by_y = "'b' # containerd-edit v1 owner=y set 'b' was absent";
        let left = with_own_table("y", by_y, "b");
        given(&with_own_table("x", both, "ab"))
            .owner("x")
            .prune()
            .produces(&left);
        given(&left).owner("y").prune().produces("version = 4\n");
    }

    #[test]
    fn a_header_above_a_default_set_by_hand_is_its_setters() {
        let by_hand = "'b' # containerd-edit v1 owner=x set 'a' was absent";
        let by_hand = with_own_table("x", by_hand, "ab");
        let left = with_own_table("", "'b'", "b");
        let edited = given(&by_hand).owner("x").prune().produces(&left);
        assert_eq!(edited.warnings[0].code, "set-by-hand");
        let reset = with_own_table("", "'runc'", "");
        let edited = given(&left).owner("y").prune().produces(&reset);
        assert_eq!(edited.warnings[0].code, "default-reset");
        // Back to what `x` has set, and then to nothing.
        let by_x = "'a' # containerd-edit v1 owner=x set 'a' was absent";
        let by_x = with_own_table("x", by_x, "a");
        given(&by_hand).owner("y").prune().produces(&by_x);
        given(&by_x).owner("x").prune().produces("version = 4\n");
    }

    #[test]
    fn no_comment_stays_above_a_default_in_whatever_order_three_owners_leave() {
        let by_hand = "'c' # containerd-edit v1 owner=y set 'b' was 'runc' \
                       # containerd-edit v1 owner=x set 'a' was absent";
        for order in ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"] {
            let mut current = with_own_table("x", by_hand, "abc");
            for owner in order.split_inclusive(|_| true) {
                current = given(&current).owner(owner).prune().text();
            }
            assert!(!current.contains('#'), "{order}: {current}");
        }
    }
}
