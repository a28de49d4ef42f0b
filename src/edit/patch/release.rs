//! Making handlers be gone, and with them what was only there for their sake.

use toml_edit::Value;

use crate::containerd::{BUILT_IN, plugin};
use crate::want::handler::{HandlerName, RUNC_TYPE};

use super::edit::{Edit, NewHandler};
use super::error;
use super::listing::{self, Listed};
use super::provenance::{Implied, Provenance};
use crate::error::Error;
use crate::want::patch::Patch;
use crate::want::patch::Whose;

impl Edit<'_, '_> {
    /// Takes out what the patch says of handlers and of the default. Returns the names of handlers
    /// that go.
    pub(super) fn release(&mut self, id: &str, patch: &Patch) -> Result<Vec<String>, Error> {
        let listed = listing::of(self.config, id);
        let mut names: Vec<&str> = Vec::new();
        for handler in &listed {
            if self.goes(handler, patch)? {
                names.push(handler.name);
            }
        }
        let is_named = |handler: &&Listed<'_>| names.contains(&handler.name);
        let (mut gone, mut kept): (Vec<&Listed<'_>>, Vec<&Listed<'_>>) =
            listed.iter().partition(|handler| is_named(handler));
        for handler in &kept {
            // What is taken over is as good as its own, if the patch wants it.
            let becomes_own = self.takes_over && handler.owner().is_some();
            let is_wanted = patch.wants_handler(handler.name);
            if patch.prune && is_wanted && (becomes_own || self.is_own(handler)) {
                self.drop_stale_keys(id, handler, patch);
            }
        }
        // Without a handler that goes, a default may still do.
        let of_base = self.base.map(|base| listing::of(base, id));
        let of_base = of_base.iter().flatten().map(|handler| handler.name);
        let (elsewhere, moved) = (&patch.elsewhere, patch.moved.iter());
        let not_here = elsewhere.listed.iter().chain(moved).map(String::as_str);
        let not_here = of_base.chain(not_here);
        let kept_names = kept.iter().map(|handler| handler.name);
        let kept_names: Vec<&str> = kept_names.chain(not_here.clone()).collect();
        if gone.is_empty() && !self.default_leaves(id, &kept_names, patch)? {
            return Ok(Vec::new());
        }
        // A default that names the implied handler does so without it, too.
        let gone_names = gone.iter().map(|handler| handler.name);
        // One that another file has from now on is not gone for the default.
        let gone_names = gone_names.filter(|name| !patch.moved.contains(*name));
        let gone_names = gone_names.chain(elsewhere.gone.iter().map(String::as_str));
        let gone_names: Vec<&str> = gone_names.collect();
        let unneeded = kept.iter().position(|handler| {
            handler.is_implied()
                && !kept
                    .iter()
                    .any(|other| other.name != BUILT_IN && other.needs(handler))
        });
        if let Some(unneeded) = unneeded {
            let runc = kept.remove(unneeded);
            let borrowed = Some(Provenance::Implied(Implied::ForOurs));
            self.takes_back |= runc.provenance == borrowed;
            gone.push(runc);
        }

        let kept_names = kept.iter().map(|handler| handler.name);
        let kept_names: Vec<&str> = kept_names.chain(not_here).collect();
        let leaves = |owner: &str, name: &str| patch.releases_default(owner, name);
        let default = self.release_default(id, &gone_names, &kept_names, leaves)?;
        let runtimes = plugin::runtimes_path(id);
        let had_runc = listed.iter().any(|handler| handler.name == BUILT_IN);
        // With one of the tool's own left, the file is not what it was before the tool came.
        let keeps_ours = kept
            .iter()
            .any(|handler| matches!(handler.provenance, Some(Provenance::Owner(_))));
        let lacks_runc = plugin::is_read_by_1x(id, self.version)
            && patch.default.as_ref().map_or(default.name.as_str(), HandlerName::as_str) == BUILT_IN
            && !kept_names.contains(&BUILT_IN)
            && (!kept.is_empty() || self.is_written(&runtimes))
            && unneeded.is_none()
            // Otherwise the file was without it before the tool came.
            && (had_runc || default.was_reset || keeps_ours);
        if lacks_runc {
            let offset = self.config.offset(&runtimes);
            let message = "runc is the default handler and containerd 1.x needs it listed: a \
                           minimal one stays";
            self.warn("runc-stays", message.to_owned(), offset);
            let runc = gone.iter().position(|handler| handler.name == BUILT_IN);
            if let Some(runc) = runc.filter(|_| self.has_minimal_runc(id)) {
                gone.remove(runc);
            } else {
                let [plugins, id, containerd, runtimes] = runtimes;
                self.revision
                    .remove(&[plugins, id, containerd, runtimes, BUILT_IN]);
                let reason = if had_runc || default.was_reset {
                    Implied::ForAll
                } else {
                    Implied::ForOurs
                };
                self.insert(id, &[NewHandler::implied_runc(reason)])?;
            }
        }
        for handler in gone {
            let is_replaced = lacks_runc && handler.name == BUILT_IN;
            self.take_out(id, handler, is_replaced);
            let was_asked_for = names.contains(&handler.name);
            let reported = match (is_replaced, was_asked_for) {
                (true, _) => &mut self.handlers.changed,
                (false, true) => &mut self.handlers.removed,
                (false, false) => continue,
            };
            // Both plugin tables may have listed it.
            if !reported.iter().any(|name| name == handler.name) {
                reported.push(handler.name.to_owned());
            }
        }
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// Whether a handler shall be gone, if it may.
    fn goes(&self, handler: &Listed<'_>, patch: &Patch) -> Result<bool, Error> {
        let owner = handler.owner();
        let is_own = self.is_own(handler);
        let mut removals = patch.removals.iter();
        if let Some(removal) = removals.find(|removal| removal.name == handler.name) {
            let foreign = owner.filter(|_| !is_own && !self.takes_over);
            return match (foreign, removal.whose) {
                (Some(owner), Whose::OwnOrRefused) => Err(self.foreign(handler, owner)),
                (Some(_), Whose::Own) => Ok(false),
                _ => Ok(true),
            };
        }
        if patch.moved.contains(handler.name) && owner.is_some() && !is_own {
            return Ok(true);
        }
        Ok(patch.prune && is_own && !patch.wants_handler(handler.name))
    }

    /// Whether the patch's owner has added the handler.
    fn is_own(&self, handler: &Listed<'_>) -> bool {
        handler.owner() == Some(self.owner.as_str())
    }

    /// A handler that another owner has added.
    pub(super) fn foreign(&self, handler: &Listed<'_>, owner: &str) -> Error {
        error::foreign_handler(handler.name, owner, self.config.position(handler.offset))
    }

    /// Whether the default changes although no handler goes.
    fn default_leaves(&mut self, id: &str, listed: &[&str], patch: &Patch) -> Result<bool, Error> {
        let leaves = |owner: &str, name: &str| patch.releases_default(owner, name);
        let mut trial = Edit::new(self.config, self.version, patch);
        trial.base = self.base;
        let gone = patch.elsewhere.gone.iter().map(String::as_str);
        let after = trial.release_default(id, &gone.collect::<Vec<_>>(), listed, leaves)?;
        Ok(after.is_changed)
    }

    fn take_out(&mut self, id: &str, handler: &Listed<'_>, is_replaced: bool) {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let path = [plugins, id, containerd, runtimes, handler.name];
        let left = is_replaced.then(|| {
            let runtime_type = [("runtime_type", Value::from(RUNC_TYPE))];
            Value::InlineTable(runtime_type.into_iter().collect())
        });
        self.expect(&path, left);
        self.revision.remove(&path);
        if let (true, Some(marker)) = (handler.is_inline, &handler.provenance_span) {
            self.revision.replace_comment(marker.clone(), "");
        }
    }

    /// Whether `runc` is listed with nothing but its type.
    fn has_minimal_runc(&self, id: &str) -> bool {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let runc = [plugins, id, containerd, runtimes, BUILT_IN];
        let typed = [plugins, id, containerd, runtimes, BUILT_IN, "runtime_type"];
        let table = self
            .config
            .get(&runc)
            .and_then(toml_edit::Item::as_table_like);
        table.is_some_and(|table| table.len() == 1) && self.config.string(&typed) == Some(RUNC_TYPE)
    }

    /// Whether the table is spelled out, so that it stays when nothing is left in it.
    fn is_written(&self, path: &[&str]) -> bool {
        let index = &self.config.index;
        index.header(path).is_some()
            || index
                .inline_tables
                .iter()
                .any(|table| table.path.iter().eq(path.iter()))
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    const TWO_OWNERS: &str = "version = 3\n\
        # containerd-edit v1 owner=x\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.a]\nruntime_type = 't'\n\
        # containerd-edit v1 owner=y\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.b]\nruntime_type = 't'\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.c]\nruntime_type = 't'\n";

    #[test]
    fn what_an_owner_has_added_goes_with_it() {
        let from = TWO_OWNERS
            .find("# containerd-edit v1 owner=y")
            .expect("there");
        let to = TWO_OWNERS.rfind("[plugins").expect("there");
        let left = format!("{}{}", &TWO_OWNERS[..from], &TWO_OWNERS[to..]);
        let edited = given(TWO_OWNERS).owner("y").prune().produces(&left);
        assert_eq!(edited.handlers.removed, ["b"]);
        given(TWO_OWNERS).owner("z").prune().produces(TWO_OWNERS);
        // What the patch names stays.
        given(TWO_OWNERS)
            .add("b")
            .owner("y")
            .prune()
            .produces(TWO_OWNERS);
    }

    #[test]
    fn another_owners_handler_is_refused_or_taken_over() {
        let edited = given(TWO_OWNERS).add("a").owner("y").produces(TWO_OWNERS);
        assert_eq!(edited.warnings[0].code, "foreign-handler");
        for asked in [
            given(TWO_OWNERS).add("a").owner("y").declares(),
            given(TWO_OWNERS).add_with("a", &["x=1"]).owner("y"),
            given(TWO_OWNERS).remove_owned("a").owner("y"),
        ] {
            let error = asked.is_refused();
            assert_eq!(error.to_string(), "the handler a belongs to x");
            assert_eq!(error.position().expect("a place").line, 3);
        }
        let taken = TWO_OWNERS.replace("owner=x", "owner=y");
        given(TWO_OWNERS)
            .add("a")
            .owner("y")
            .take_over()
            .produces(&taken);
        let from = TWO_OWNERS
            .find("# containerd-edit v1 owner=x")
            .expect("there");
        let to = TWO_OWNERS
            .find("# containerd-edit v1 owner=y")
            .expect("there");
        let left = format!("{}{}", &TWO_OWNERS[..from], &TWO_OWNERS[to..]);
        given(TWO_OWNERS)
            .remove_owned("a")
            .owner("y")
            .take_over()
            .produces(&left);
        given(TWO_OWNERS).remove("a").owner("y").produces(&left);
        // Nobody's can be removed by anybody.
        let left = &TWO_OWNERS[..TWO_OWNERS.rfind("[plugins").expect("there")];
        given(TWO_OWNERS)
            .remove_owned("c")
            .owner("y")
            .produces(left);
    }

    #[test]
    fn a_default_goes_with_a_handler_of_another_file() {
        let config = |line: &str| {
            format!("{TWO_OWNERS}[plugins.'io.containerd.cri.v1.runtime'.containerd]\n{line}")
        };
        let set = "default_runtime_name = 'far' # containerd-edit v1 owner=x was 'near' \
                   # containerd-edit v1 owner=y was 'c'\n";
        let back = "default_runtime_name = 'near' # containerd-edit v1 owner=y was 'c'\n";
        given(&config(set)).produces(&config(set));
        given(&config(set))
            .beside(&["near"], &["far"])
            .produces(&config(back));
        // What was below may have been another file's, too.
        given(&config(set))
            .beside(&[], &["far"])
            .produces(&config("default_runtime_name = 'c'\n"));
    }

    #[test]
    fn another_file_gives_up_what_is_taken_over_and_nothing_else() {
        let set = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                   default_runtime_name = 'a' # containerd-edit v1 owner=x was 'c'\n";
        let config = format!("{TWO_OWNERS}{set}");
        let from = config.find("# containerd-edit v1 owner=x").expect("there");
        let to = config.find("# containerd-edit v1 owner=y").expect("there");
        let left = format!("{}{}", &config[..from], &config[to..]);
        let asked = |owner: &str| given(&config).add("a").add("c").owner(owner);
        let edited = asked("y").take_over().for_other_file().produces(&left);
        assert_eq!(edited.handlers.removed, ["a"]);
        // Its own stays, and all of it where nothing is taken over.
        asked("x").take_over().for_other_file().produces(&config);
        asked("y").for_other_file().produces(&config);
    }

    #[test]
    fn another_file_keeps_what_an_owner_has_there_that_is_not_asked() {
        let from = TWO_OWNERS
            .find("# containerd-edit v1 owner=y")
            .expect("there");
        let to = TWO_OWNERS.rfind("[plugins").expect("there");
        let left = format!("{}{}", &TWO_OWNERS[..from], &TWO_OWNERS[to..]);
        let asked = |owner: &str| {
            given(TWO_OWNERS)
                .remove_owned("b")
                .owner(owner)
                .for_other_file()
        };
        asked("y").produces(&left);
        asked("x").produces(TWO_OWNERS);
        given(TWO_OWNERS)
            .remove("b")
            .owner("x")
            .for_other_file()
            .produces(&left);
    }

    #[test]
    fn a_default_can_be_given_back_without_a_handler_that_goes() {
        let config = |line: &str| {
            format!("{TWO_OWNERS}[plugins.'io.containerd.cri.v1.runtime'.containerd]\n{line}")
        };
        let set = "default_runtime_name = 'a' # containerd-edit v1 owner=x was 'c'\n";
        let edited = given(&config(set))
            .unset_default()
            .produces(&config("default_runtime_name = 'c'\n"));
        assert_eq!(edited.new_default.as_deref(), Some("c"));
        let own = config("default_runtime_name = 'c'\n");
        given(&own).unset_default().produces(&own);
    }
}
