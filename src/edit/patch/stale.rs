//! Keys of an owner's own handlers that it no longer wants.

use crate::containerd::plugin;
use crate::toml::index::Kind;

use super::edit::Edit;
use super::listing::Listed;
use crate::want::patch::Patch;

impl Edit<'_, '_> {
    /// Drops the keys of a handler that belongs to the patch's owner and that the patch does not
    /// name, and the tables that nothing is left in.
    pub(super) fn drop_stale_keys(&mut self, id: &str, handler: &Listed<'_>, patch: &Patch) {
        let config = self.config;
        let index = &config.index;
        let [plugins, plugin, containerd, runtimes] = plugin::runtimes_path(id);
        let table = [plugins, plugin, containerd, runtimes, handler.name];
        let below: Vec<usize> = (0..index.statements.len())
            .filter(|&statement| index.is_below(statement, &table))
            .collect();
        let is_stale = |statement: &usize| {
            let key: Vec<&str> = index.path(*statement).collect();
            index.statements[*statement].kind == Kind::Pair
                // A table on one line may hold what is wanted.
                && config.get(&key).is_some_and(toml_edit::Item::is_value)
                && !config.text()[index.statements[*statement].value.clone()].starts_with('{')
                && !self.wants_key(id, &key, patch)
        };
        let stale: Vec<usize> = below.iter().copied().filter(is_stale).collect();
        if stale.is_empty() {
            return;
        }
        for &statement in &stale {
            let key: Vec<&str> = index.path(statement).collect();
            self.expect(&key, None);
            self.revision.remove(&key);
        }
        for &header in &below {
            let is_table = index.statements[header].kind == Kind::Header
                && index.path(header).count() > table.len();
            let mut body = index.body(header).peekable();
            if is_table && body.peek().is_some() && body.all(|key| stale.contains(&key)) {
                self.revision.prune(&index.path(header).collect::<Vec<_>>());
            }
        }
        self.handlers.change(handler.name);
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    const RUNTIMES: &str = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";

    fn config(text: &str) -> String {
        format!("version = 3\n\n{}", text.replace('R', RUNTIMES))
    }

    #[test]
    fn an_upgrade_drops_what_is_no_longer_wanted() {
        let before = "# containerd-edit v1 owner=x\n[R.a]\nruntime_type = 't'\nsandboxer = 's' # old\n\
                      [R.a.options]\nK = 1\n[R.a.options.deeper]\nL = 1\n";
        given(&config(before))
            .add("a")
            .owner("x")
            .produces(&config(before));
        let edited = given(&config(before))
            .add("a")
            .owner("x")
            .prune()
            .produces(&config(
                "# containerd-edit v1 owner=x\n[R.a]\nruntime_type = 't'\n",
            ));
        assert_eq!(edited.handlers.changed, ["a"]);
        given(&config(before)).add_with("a", &["options.deeper.L=1"]).owner("x").prune().produces(
            &config("# containerd-edit v1 owner=x\n[R.a]\nruntime_type = 't'\n[R.a.options.deeper]\nL = 1\n"),
        );
    }

    #[test]
    fn a_handler_of_somebody_else_keeps_its_keys() {
        for provenance in ["", "# containerd-edit v1 owner=y\n"] {
            let before = config(&format!(
                "{provenance}[R.b]\nruntime_type = 't'\nsandboxer = 's'\n"
            ));
            given(&before).owner("x").prune().produces(&before);
        }
    }
}
