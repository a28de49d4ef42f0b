//! Changing the entries of an inline table.

use std::collections::BTreeSet;
use std::ops::Range;

use super::index::InlineTable;

/// What an inline table loses and gains.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The numbers of those that go.
    pub(super) gone: BTreeSet<usize>,
    /// The text of those that come, last of all.
    pub(super) added: Vec<String>,
}

impl Entries {
    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.added.is_empty()
    }

    /// The ranges that change, and what takes their place. An inline table that loses what it has
    /// gained is as it was before.
    pub(super) fn changes(
        &self,
        text: &str,
        table: &InlineTable<'_>,
    ) -> Vec<(Range<usize>, String)> {
        let entries = &table.entries;
        let brace = table.span.end - 1;
        let added = self.added.join(", ");
        let stays = |number: &usize| !self.gone.contains(number);
        let staying: Vec<usize> = (0..entries.len()).filter(stays).collect();
        let Some(&first) = staying.first() else {
            // `{ a = 1 }` becomes `{ }`, and `{ }` becomes `{ a = 1 }`.
            let start = entries.first().map_or(brace, |entry| entry.span.start);
            let space = &text[table.span.start + 1..start];
            let inside = if added.is_empty() {
                added
            } else {
                added + space
            };
            return vec![(start..brace, inside)];
        };
        let mut changes = vec![(
            entries[0].span.start..entries[first].span.start,
            String::new(),
        )];
        for (number, &before) in staying.iter().enumerate() {
            let next = staying.get(number + 1).copied().unwrap_or(entries.len());
            changes.push((
                entries[before].span.end..entries[next - 1].span.end,
                String::new(),
            ));
        }
        if !added.is_empty() {
            let end = entries[entries.len() - 1].span.end;
            changes.push((end..end, format!(", {added}")));
        }
        changes.retain(|(range, text)| !(range.is_empty() && text.is_empty()));
        changes
    }
}
