//! Taking a handler out, in whatever spelling it stands.

use std::collections::HashSet;
use std::ops::Range;

use crate::toml::index::{Entry, InlineTable};
use crate::toml::{Document, lines, rest_after};

use super::edit::Edit;
use super::provenance::{self, Provenance};
use crate::error::Error;

impl<'t> Edit<'_, 't> {
    /// Drops every statement of the named handlers, with the provenance above.
    pub(super) fn drop_handlers(&mut self, runtimes: &[&str], names: &HashSet<&str>) {
        let config = self.config;
        let index = &config.index;
        let of_handler = |statement| {
            let name = index.path(statement).nth(runtimes.len())?;
            let is_one = names.contains(name) && index.is_below(statement, runtimes);
            is_one.then_some((statement, name))
        };
        let statements: Vec<(usize, &str)> =
            (0..index.statements.len()).filter_map(of_handler).collect();
        for run in statements.chunk_by(|(a, name), (b, next)| a + 1 == *b && name == next) {
            if let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) {
                self.drop_run(*first, *last);
            }
        }
    }

    /// Drops consecutive statements with all lines between them, the provenance line above, and an
    /// empty line above that if it was there for the block's sake.
    pub(super) fn drop_run(&mut self, first: usize, last: usize) {
        let text = self.config.text;
        let mut start = self.config.statement_lines(first).start;
        let end = self.config.statement_lines(last).end;
        let provenance = Provenance::above(self.config, first);
        if let Some((line, _)) = &provenance {
            start = line.start;
        }
        let blank = lines::above(text, start).filter(|line| {
            line.start >= provenance::end_of_statement_before(self.config, first)
                && lines::is_blank(&text[line.clone()])
        });
        let next = &text[end..lines::end(text, end)];
        if let Some(blank) = blank
            && (provenance.is_some() || lines::is_blank(next))
        {
            start = blank.start;
        }
        self.splices.drop_lines(start..end);
    }

    /// Cuts the entries that are at or below one of `paths` out of the inline tables, and adds the
    /// new entries that were asked for.
    pub(super) fn edit_inline_tables(&mut self, paths: &[Vec<&str>]) -> Result<(), Error> {
        let config = self.config;
        for table in &config.index.inline_tables {
            // A table at one of the paths or below it goes with the entry that holds it.
            let is_at_or_below = |path: &Vec<&str>| rest_after(&table.path, path).is_some();
            if paths.iter().any(is_at_or_below) {
                continue;
            }
            let goes = |entry: &Entry<'t>| {
                let mut rests = paths
                    .iter()
                    .filter_map(|path| rest_after(path, &table.path));
                rests.any(|rest| entry.is_below(rest))
            };
            let gone: Vec<bool> = table.entries.iter().map(goes).collect();
            let added = self.entries.remove(&table.span.start).unwrap_or_default();
            if gone.contains(&true) {
                self.check_editable(table)?;
            }
            for (range, text) in inline_changes(config, table, &gone, &added) {
                self.splices.replace(range, text);
            }
        }
        Ok(())
    }
}

/// The replacements that take the `gone` entries out and put the `added` ones at the end.
fn inline_changes(
    config: &Document<'_>,
    table: &InlineTable<'_>,
    gone: &[bool],
    added: &[String],
) -> Vec<(Range<usize>, String)> {
    let mut changes = Vec::new();
    let entries = &table.entries;
    let brace = table.span.end - 1;
    let new = added.join(", ");
    let Some(first_kept) = gone.iter().position(|gone| !gone) else {
        // Nothing stays: `{ a = 1 }` becomes `{ }`, and `{ }` becomes `{ a = 1 }`.
        let start = entries.first().map_or(brace, |entry| entry.span.start);
        let interior = &config.text[table.span.start + 1..start];
        let inside = if new.is_empty() { new } else { new + interior };
        if start < brace || !inside.is_empty() {
            changes.push((start..brace, inside));
        }
        return changes;
    };
    if first_kept > 0 {
        let range = entries[0].span.start..entries[first_kept].span.start;
        changes.push((range, String::new()));
    }
    let mut kept = first_kept;
    for number in first_kept + 1..entries.len() {
        if !gone[number] {
            kept = number;
        } else if gone.get(number + 1) != Some(&true) {
            let range = entries[kept].span.end..entries[number].span.end;
            changes.push((range, String::new()));
        }
    }
    if !new.is_empty() {
        let end = entries.last().map_or(brace, |entry| entry.span.end);
        changes.push((end..end, format!(", {new}")));
    }
    changes
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    /// Removes the handler `a` of a version 4 file.
    #[track_caller]
    fn removing(from: &str, leaves: &str) {
        let config = |text: &str| {
            let runtimes = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";
            format!("version = 4\n{}", text.replace('R', runtimes))
        };
        given(&config(from)).remove("a").produces(&config(leaves));
    }

    #[test]
    fn all_statements_of_a_handler_go_wherever_they_stand() {
        removing(
            "[R.a.options]\nx = 1\n[z]\n[R.a]\nx = 1\n[y]\n",
            "[z]\n[y]\n",
        );
        removing("[R]\na.x = 1\nb.x = 1\na.y = 1\n", "[R]\nb.x = 1\n");
    }

    #[test]
    fn comments_of_others_stay_and_one_empty_line_goes() {
        removing(
            "[z]\n\n# about a\n[R.a]\nx = 1\n\n# about y\n[y]\n",
            "[z]\n\n# about a\n\n# about y\n[y]\n",
        );
        removing("[z]\n\n[R.a]\n\n[y]\n", "[z]\n\n[y]\n");
        removing("[z]\n\n[R.a]\n[y]\n", "[z]\n\n[y]\n");
    }

    #[test]
    fn a_handler_of_this_tool_goes_with_its_provenance_and_empty_line() {
        removing(
            "[z]\n\n# containerd-edit v1 owner=x\n[R.a]\nx = 1\n[y]\n",
            "[z]\n[y]\n",
        );
        removing(
            "# containerd-edit v2 owner=x\n[R.a]\n[y]\n",
            "# containerd-edit v2 owner=x\n[y]\n",
        );
    }

    #[test]
    fn inline_entries_go_with_one_comma() {
        removing("R = { a = {}, b = {} }\n", "R = { b = {} }\n");
        removing("R = { b = {}, a = {} }\n", "R = { b = {} }\n");
        removing(
            "R = { b = {}, a.x = 1, a.y = 1, c = {} }\n",
            "R = { b = {}, c = {} }\n",
        );
        removing("R = { a = {} }\n", "R = { }\n");
    }
}
