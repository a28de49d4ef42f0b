//! Headers with a comment of the caller's above them.

use super::document::Document;
use super::index::Kind;
use super::{Path, lines};
use std::ops::Range;

/// A header below a comment line, with all that follows and stands below its table.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) table: Path,
    /// The comment without white space around it.
    pub(crate) comment: String,
    /// The lines of the comment.
    pub(in crate::toml) lines: Range<usize>,
    /// The paths of the keys.
    pub(crate) keys: Vec<Path>,
}

impl Document<'_> {
    /// The headers right below a comment line that `is_own` accepts.
    pub(crate) fn headings(&self, is_own: fn(&str) -> bool) -> Vec<Heading> {
        let text = self.text();
        let mut found = Vec::new();
        if !text.lines().any(is_own) {
            return found;
        }
        let statements = &self.index.statements;
        for header in (0..statements.len()).filter(|&it| statements[it].kind == Kind::Header) {
            let start = self.statement_lines(header).start;
            let free_from = match header.checked_sub(1) {
                Some(before) => self.statement_lines(before).end,
                None => 0,
            };
            let above = lines::above(text, start).filter(|line| line.start >= free_from);
            let Some(above) = above.filter(|line| is_own(&text[line.clone()])) else {
                continue;
            };
            let table: Path = self.index.path(header).map(str::to_owned).collect();
            let names: Vec<&str> = table.iter().map(String::as_str).collect();
            let below = (header + 1..statements.len()).take_while(|&it| {
                statements[it].kind != Kind::ArrayHeader && self.index.is_below(it, &names)
            });
            let keys = below.filter(|&it| statements[it].kind == Kind::Pair);
            let keys = keys.map(|it| self.index.path(it).map(str::to_owned).collect());
            found.push(Heading {
                keys: keys.collect(),
                comment: text[above.clone()].trim().to_owned(),
                lines: above,
                table,
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_what_follows_its_comment() {
        let text = "# own a\n[t]\nx = 1\n[t.u]\ny = 2\n[v]\n# own b\n[w]\n\
                    s = '''\n# own c\n'''\n[z]\n";
        let document = Document::parse(text.as_bytes()).expect("TOML");
        let found = document.headings(|line| line.trim().starts_with("# own"));
        let shown: Vec<String> = found
            .iter()
            .map(|it| format!("{} {} {:?}", it.comment, it.table.join("."), it.keys))
            .collect();
        assert_eq!(
            shown,
            [
                "# own a t [[\"t\", \"x\"], [\"t\", \"u\", \"y\"]]",
                "# own b w [[\"w\", \"s\"]]"
            ]
        );
    }
}
