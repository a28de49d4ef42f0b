//! Files that this tool has created: how they begin, and whether anything is left in them.

use toml_edit::Item;

use crate::containerd::{BUILT_IN, version};
use crate::toml::{Document, Revision};
use crate::want::handler::{Owner, RUNC_TYPE};

use super::layers;
use super::provenance::{self, Marker, Provenance, UNSET};

/// A file as it is created, before anything is in it.
pub(super) fn new(owner: &Owner, version: i64) -> String {
    let provenance = Provenance::Owner(owner.as_str().to_owned());
    format!("{}\nversion = {version}\n", provenance.comment())
}

/// What becomes of a file from which handlers were removed: `None` if nothing is left in it but
/// what the tool created it with. A version that the tool wrote stays if what comes next needs it.
pub(super) fn without_leftovers(text: String, needs_version: bool) -> Option<String> {
    // Only a version that the tool wrote is left over. Of a large file, a look at the lines says
    // enough without parsing it again.
    let is_ours = |line: &str| provenance::is_ours(line) || line.contains(" was unset");
    if !text.lines().any(is_ours) {
        return Some(text);
    }
    let Ok(config) = Document::parse(text.as_bytes()) else {
        return Some(text);
    };
    let index = &config.index;
    let Some(number) = (0..index.statements.len()).find(|&it| index.is_at(it, &["version"])) else {
        return Some(text);
    };
    let lines = config.statement_lines(number);
    let markers = Marker::behind(&config, number);
    if let Some((
        marker,
        Marker::Was {
            set, was: UNSET, ..
        },
    )) = markers.first()
    {
        if needs_version {
            return Some(text);
        }
        let value = &text[index.statements[number].value.clone()];
        let is_own = set.is_none_or(|set| layers::same(set, value));
        let mut revision = Revision::of(&config, provenance::is_provenance);
        revision.remove(&["version"]);
        let Ok(rest) = revision.finish() else {
            return Some(text);
        };
        if is_own && Document::parse(rest.as_bytes()).is_ok_and(|rest| version::is_free(&rest)) {
            return Some(rest);
        }
        // Somebody has set another one since, or needs it by now: it is theirs.
        let theirs = format!("{}{}", &text[..marker.start], &text[marker.end..]);
        return Some(if provenance::is_anywhere(&theirs) {
            text
        } else {
            theirs
        });
    }
    if let (1, Some((line, Provenance::Owner(_)))) =
        (index.statements.len(), Provenance::above(&config, number))
    {
        let behind = &text[index.statements[number].span.end..];
        let is_created = line.start == 0 && lines.end == text.len() && behind.trim().is_empty();
        return (!is_created).then_some(text);
    }
    Some(text)
}

/// Whether nothing is left of a file that this tool has created, with its comments or without: no
/// value but the version and the `runc` that others need beside them, and no comment of others.
pub(crate) fn is_left_over(text: &str) -> bool {
    let Ok(config) = Document::parse(text.as_bytes()) else {
        return false;
    };
    let is_of_others = |line: &str| line.contains('#') && !provenance::is_ours(line);
    if text.lines().any(is_of_others) {
        return false;
    }
    let mut values = Vec::new();
    add_values(config.toml.as_item(), &mut Vec::new(), &mut values);
    // Otherwise it would say whose it is, or what for.
    let is_unmarked = !text.lines().skip(1).any(provenance::is_ours);
    values.iter().all(|(path, value)| match path[..] {
        ["version"] => true,
        [
            "plugins",
            _,
            "containerd",
            "runtimes",
            BUILT_IN,
            "runtime_type",
        ] => is_unmarked && value.as_str() == Some(RUNC_TYPE),
        _ => false,
    })
}

/// The values of a table and of those below it, with their paths.
fn add_values<'t>(
    item: &'t Item,
    path: &mut Vec<&'t str>,
    values: &mut Vec<(Vec<&'t str>, &'t Item)>,
) {
    let Some(table) = item.as_table_like() else {
        values.push((path.clone(), item));
        return;
    };
    for (key, item) in table.iter() {
        path.push(key);
        add_values(item, path, values);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Option<String> {
        without_leftovers(text.to_owned(), false)
    }

    #[test]
    fn a_file_that_the_tool_created_goes() {
        assert_eq!(left("# containerd-edit v1 owner=a\nversion = 2\n"), None);
    }

    #[test]
    fn a_file_that_somebody_wrote_into_stays() {
        for text in [
            "version = 2\n",
            "# containerd-edit v1 owner=a\nversion = 2 # mine\n",
            "# containerd-edit v1 owner=a\nversion = 2\n# mine\n",
            "# mine\n# containerd-edit v1 owner=a\nversion = 2\n",
            "# containerd-edit v1 owner=a\nversion = 2\n[debug]\n",
        ] {
            assert_eq!(left(text).as_deref(), Some(text), "{text}");
        }
    }

    #[test]
    fn a_version_that_was_unset_goes_and_the_comments_stay() {
        let version = "version = 2 # containerd-edit v1 owner=a was unset";
        assert_eq!(
            left(&format!("# mine\n{version}\n")).as_deref(),
            Some("# mine\n")
        );
        assert_eq!(
            left(&format!("# mine\n{version}")).as_deref(),
            Some("# mine")
        );
        let debug = "[debug]\nlevel = 'info'\n";
        assert_eq!(left(&format!("{version}\n{debug}")).as_deref(), Some(debug));
        let own = "version = 2 # containerd-edit v1 owner=a set 2 was unset\n";
        assert_eq!(left(&format!("{own}{debug}")).as_deref(), Some(debug));
        let stray = "# containerd-edit v1 owner=b\n";
        assert_eq!(left(&format!("{stray}{version}\n")).as_deref(), Some(stray));
    }

    #[test]
    fn a_version_that_somebody_else_needs_or_has_set_becomes_theirs() {
        let by_hand = "version = 3 # containerd-edit v1 owner=a set 2 was unset # mine\n";
        assert_eq!(left(by_hand).as_deref(), Some("version = 3 # mine\n"));
        let version = "version = 2 # containerd-edit v1 owner=a was unset\n";
        let plugins = "[plugins]\n";
        let theirs = format!("version = 2\n{plugins}");
        assert_eq!(left(&format!("{version}{plugins}")), Some(theirs));
        // Not as long as anything of the tool's may need it.
        let handler = "# containerd-edit v1 owner=b\n[plugins.cri.containerd.runtimes.b]\n";
        for text in [format!("{version}{handler}"), format!("{by_hand}{handler}")] {
            assert_eq!(left(&text).as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn what_is_left_over_of_a_created_file_is_told_with_its_comments_or_without() {
        let runc = "[plugins]\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\n\
                    [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
                    runtime_type = 'io.containerd.runc.v2'\n";
        for left in [
            "version = 2\n",
            "# containerd-edit v1 owner=x\nversion = 3\n\n\n",
            "",
            runc,
        ] {
            assert!(is_left_over(left), "{left}");
        }
        for said in [
            "version = 2\n# mine\n",
            "version = 2 # mine\n",
            "version = 3\n[debug]\nlevel = 'info'\n",
            "version = 3\nimports = []\n",
            "version = 3\n[[a]]\n",
            "version = ",
            &format!("{runc}snapshotter = 'x'\n"),
            &runc.replace("runc.v2", "mine.v2"),
            &runc.replace("[plugins]", "\n# containerd-edit v1 owner=x"),
        ] {
            assert!(!is_left_over(said), "{said}");
        }
    }
}
