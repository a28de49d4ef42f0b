//! Headers that this tool has written for keys: they go with the last of these.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::index::Kind;

use super::edit::Edit;
use super::layers::Layered;
use super::provenance::Provenance;

/// Who has a layer of each key that an owner has left; `None`: nobody, the key goes.
pub(super) type ReleasedKeys = BTreeMap<usize, Option<Vec<String>>>;

impl Edit<'_, '_> {
    /// Drops the lines of the keys that go, and with them the headers that this tool has written
    /// for them. A header that is still needed is that of an owner who is left.
    pub(super) fn settle_released_keys(&mut self) {
        let config = self.config;
        let released = std::mem::take(&mut self.released_keys);
        let mut headers = BTreeSet::new();
        for (&statement, owners) in &released {
            headers.extend(config.index.statements[statement].header);
            if owners.is_none() {
                self.splices.drop_lines(config.statement_lines(statement));
            }
        }
        for header in headers {
            if config.index.statements[header].kind == Kind::Header {
                self.settle_header(header, &released);
            }
        }
    }

    fn settle_header(&mut self, header: usize, released: &ReleasedKeys) {
        let config = self.config;
        let body: Vec<usize> = config.index.body(header).collect();
        let is_own = |key: &usize| Layered::of_statement(config, *key).is_below_own_header();
        if !body.iter().any(is_own) {
            return;
        }
        let stays = |key: &&usize| !matches!(released.get(*key), Some(None));
        let mut left = body.iter().filter(stays).peekable();
        if left.peek().is_none() {
            self.drop_run(header, body.last().copied().unwrap_or(header));
            return;
        }
        let owners: Vec<String> = left
            .filter(|key| is_own(key))
            .flat_map(|key| match released.get(key) {
                Some(Some(owners)) => owners.clone(),
                _ => Layered::of_statement(config, *key).owned_by(),
            })
            .collect();
        let Some((line, Provenance::Owner(owner))) = Provenance::above(config, header) else {
            return;
        };
        match owners.last() {
            Some(_) if owners.contains(&owner) => {}
            Some(heir) => self.replace_provenance(&line, &Provenance::Owner(heir.clone())),
            // Somebody else uses the table by now: it is theirs.
            None => self.splices.drop_lines(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::patch::given::given;

    const BOTH: &str = "version = 3\n\n# containerd-edit v1 owner=x\n[debug]\n\
        level = 'a' # containerd-edit v1 owner=x set 'a' was absent\n\
        format = 'json' # containerd-edit v1 owner=y set 'json' was absent\n";

    #[test]
    fn a_header_goes_with_the_last_of_its_keys() {
        given(
            "version = 3\n\n# containerd-edit v1 owner=x\n[debug]\n\
               level = 'a' # containerd-edit v1 owner=x set 'a' was absent\n",
        )
        .debug("format=json")
        .owner("y")
        .produces(BOTH);
        let left = "version = 3\n\n# containerd-edit v1 owner=y\n[debug]\n\
                    format = 'json' # containerd-edit v1 owner=y set 'json' was absent\n";
        given(BOTH).owner("x").prune().produces(left);
        given(left).owner("y").prune().produces("version = 3\n");
    }

    #[test]
    fn a_header_with_keys_of_somebody_else_is_theirs() {
        given(&format!("{BOTH}uid = 0\n"))
            .owner("x")
            .prune()
            .produces(
                "version = 3\n\n# containerd-edit v1 owner=y\n[debug]\n\
             format = 'json' # containerd-edit v1 owner=y set 'json' was absent\nuid = 0\n",
            );
        given(
            &BOTH
                .replace("owner=y set", "owner=x set")
                .replace("format", "uid = 0\nformat"),
        )
        .owner("x")
        .prune()
        .produces("version = 3\n\n[debug]\nuid = 0\n");
    }

    #[test]
    fn a_header_above_a_value_set_by_hand_is_its_setters() {
        let by_hand = BOTH.replace("level = 'a'", "level = 'mine'");
        let left = "version = 3\n\n# containerd-edit v1 owner=y\n[debug]\nlevel = 'mine'\n\
                    format = 'json' # containerd-edit v1 owner=y set 'json' was absent\n";
        given(&by_hand).owner("x").prune().produces(left);
        given(left)
            .owner("y")
            .prune()
            .produces("version = 3\n\n[debug]\nlevel = 'mine'\n");
    }

    /// Otherwise it would not be the user's own any more.
    #[test]
    fn a_stray_line_above_a_header_makes_it_nobodys() {
        given("# containerd-edit v1 owner=x\n[debug]\n")
            .debug("level=a")
            .owner("y")
            .produces(
                "# containerd-edit v1 owner=x\n[debug]\n  \
             level = \"a\" # containerd-edit v1 owner=y set \"a\" was unset\n",
            );
    }
}
