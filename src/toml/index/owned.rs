//! An index that does not borrow the text that it was made from.

use std::borrow::Cow;

use super::{Entry, Index, InlineTable, Segment, Statement};

impl Index<'_> {
    /// The same without the text that it was made from.
    pub(in crate::toml) fn into_owned(self) -> Index<'static> {
        let statements = self.statements.into_iter().map(|it| Statement {
            kind: it.kind,
            keys: owned(it.keys),
            header: it.header,
            span: it.span,
            value: it.value,
        });
        let inline_tables = self.inline_tables.into_iter().map(|it| InlineTable {
            path: it.path.into_iter().map(owned_name).collect(),
            span: it.span,
            entries: it.entries.into_iter().map(Entry::into_owned).collect(),
            statement: it.statement,
            multi_line: it.multi_line,
        });
        Index {
            statements: statements.collect(),
            inline_tables: inline_tables.collect(),
        }
    }
}

impl Entry<'_> {
    fn into_owned(self) -> Entry<'static> {
        Entry {
            keys: owned(self.keys),
            span: self.span,
            value: self.value,
        }
    }
}

fn owned_name(name: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(name.into_owned())
}

fn owned(keys: Vec<Segment<'_>>) -> Vec<Segment<'static>> {
    let keys = keys.into_iter().map(|key| Segment {
        name: owned_name(key.name),
        span: key.span,
    });
    keys.collect()
}
