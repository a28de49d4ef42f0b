//! Headers that this tool has written for keys: they go with the last of these.

use std::collections::BTreeSet;

use crate::toml::index::Kind;

use super::edit::{Edit, RelaidKeys};
use super::layers::Layered;
use super::provenance::Provenance;

impl Edit<'_, '_> {
    /// Drops the headers that this tool has written for keys that go. One that is still needed is
    /// that of an owner who is left.
    pub(super) fn settle_headers(&mut self) {
        let config = self.config;
        let relaid = std::mem::take(&mut self.relaid_keys);
        let mut headers = BTreeSet::new();
        for &statement in relaid.keys() {
            headers.extend(config.index.statements[statement].header);
        }
        for header in headers {
            if config.index.statements[header].kind == Kind::Header {
                self.settle_header(header, &relaid);
            }
        }
    }

    fn settle_header(&mut self, header: usize, relaid: &RelaidKeys) {
        let config = self.config;
        let body: Vec<usize> = config.index.body(header).collect();
        let is_own = |key: &usize| Layered::of_statement(config, *key).is_below_own_header();
        if !body.iter().any(is_own) {
            return;
        }
        let stays = |key: &&usize| !matches!(relaid.get(*key), Some(None));
        let mut left = body.iter().filter(stays).peekable();
        if left.peek().is_none() {
            let table: Vec<&str> = config.index.path(header).collect();
            self.revision.prune(&table);
            return;
        }
        let owners: Vec<String> = left
            .filter(|key| is_own(key))
            .flat_map(|key| match relaid.get(key) {
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
            None => self.revision.replace_comment(line, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

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

    /// Values of `x`, `y` and somebody without markers, the newest first.
    const OVER_BY_HAND: &str = "version = 3\n\n# containerd-edit v1 owner=x\n[debug]\n\
        level = 'b' # containerd-edit v1 owner=y set 'b' was 'mine' \
        # containerd-edit v1 owner=x set 'a' was absent\n";
    const MINE: &str = "version = 3\n\n[debug]\nlevel = 'mine'\n";

    #[test]
    fn a_header_above_a_value_set_by_hand_below_another_owners_is_its_setters() {
        let by_y = "version = 3\n\n[debug]\n\
                    level = 'b' # containerd-edit v1 owner=y set 'b' was 'mine'\n";
        given(OVER_BY_HAND).owner("x").prune().produces(by_y);
        given(by_y).owner("y").prune().produces(MINE);
        let by_x = "version = 3\n\n# containerd-edit v1 owner=x\n[debug]\n\
                    level = 'mine' # containerd-edit v1 owner=x set 'a' was absent\n";
        given(OVER_BY_HAND).owner("y").prune().produces(by_x);
        given(by_x).owner("x").prune().produces(MINE);
    }

    /// Then nothing remembers that the header was absent.
    #[test]
    fn a_header_is_its_setters_once_its_owner_has_moved_on_top() {
        let on_top = "version = 3\n\n[debug]\n\
                      level = 'a' # containerd-edit v1 owner=x set 'a' was 'b' \
                      # containerd-edit v1 owner=y set 'b' was 'mine'\n";
        given(OVER_BY_HAND)
            .debug("level=a")
            .owner("x")
            .produces(on_top);
        // Of several keys, another may.
        let format = "format = 'json' # containerd-edit v1 owner=y set 'json' was absent\n";
        let on_top = on_top.replace("[debug]", "# containerd-edit v1 owner=y\n[debug]");
        given(&format!("{OVER_BY_HAND}{format}"))
            .debug("level=a")
            .owner("x")
            .produces(&format!("{on_top}{format}"));
    }

    #[test]
    fn no_comment_stays_in_whatever_order_three_owners_leave() {
        // Set by hand over the first, over the second, and over the last.
        for (markers, left) in [
            (
                "'c' # Z set 'c' was 'b' # Y set 'b' was 'mine' # X set 'a' was absent",
                "'mine'",
            ),
            (
                "'c' # Z set 'c' was 'mine' # Y set 'b' was 'a' # X set 'a' was absent",
                "'mine'",
            ),
            (
                "'mine' # Z set 'c' was 'b' # Y set 'b' was 'a' # X set 'a' was absent",
                "'mine'",
            ),
            (
                "'mine' # Z set 'c' was 'old' # Y set 'b' was 'a' # X set 'a' was absent",
                "'mine'",
            ),
            (
                "'c' # Z set 'c' was 'b' # Y set 'b' was 'a' # X set 'a' was absent",
                "",
            ),
        ] {
            let mut markers = markers.to_owned();
            for (short, owner) in [("X", "x"), ("Y", "y"), ("Z", "z")] {
                let long = format!("# containerd-edit v1 owner={owner}");
                markers = markers.replace(&format!("# {short}"), &long);
            }
            let config = format!(
                "version = 3\n\n# containerd-edit v1 owner=x\n[debug]\nlevel = {markers}\n"
            );
            let left = match left {
                "" => "version = 3\n".to_owned(),
                value => MINE.replace("'mine'", value),
            };
            for order in ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"] {
                let mut current = config.clone();
                for owner in order.split_inclusive(|_| true) {
                    current = given(&current).owner(owner).prune().text();
                }
                assert_eq!(current, left, "{order} leave {config}");
            }
        }
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
