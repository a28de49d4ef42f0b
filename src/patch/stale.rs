//! Keys of an owner's own handlers that it no longer wants.

use crate::containerd::plugin;
use crate::document::index::Kind;

use super::Patch;
use super::edit::Edit;
use super::listing::Listed;

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
            let statement_path: Vec<&str> = index.path(*statement).collect();
            index.statements[*statement].kind == Kind::Pair
                // A table on one line may hold what is wanted.
                && config.get(&statement_path).is_some_and(toml_edit::Item::is_value)
                && !config.text[index.statements[*statement].value.clone()].starts_with('{')
                && !self.wants_key(id, &statement_path, patch)
        };
        let stale: Vec<usize> = below.iter().copied().filter(is_stale).collect();
        if stale.is_empty() {
            return;
        }
        for &statement in &stale {
            let path: Vec<&str> = index.path(statement).collect();
            self.expect(&path, None);
            self.splices.drop_lines(config.statement_lines(statement));
        }
        for &header in &below {
            let path: Vec<&str> = index.path(header).collect();
            let is_left = |statement: &usize| {
                *statement != header
                    && !stale.contains(statement)
                    && index.statements[*statement].kind == Kind::Pair
                    && index.is_below(*statement, &path)
            };
            let held = |statement: &usize| index.is_below(*statement, &path);
            let is_emptied = index.statements[header].kind == Kind::Header
                && path.len() > table.len()
                && stale.iter().any(held)
                && !below.iter().any(is_left);
            if is_emptied {
                self.splices.drop_lines(config.statement_lines(header));
            }
        }
        self.handlers.change(handler.name);
    }
}
