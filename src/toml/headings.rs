//! Headers with a comment of the caller's above them.

use super::document::Document;
use super::index::Kind;
use super::{Path, place};
use std::ops::Range;

/// A header below a comment line, with what stands below it, up to the next header with such a comment.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) table: Path,
    /// The comment without white space around it.
    pub(crate) comment: String,
    /// The lines of the comment.
    pub(super) lines: Range<usize>,
    /// The paths of the keys right below the header.
    pub(crate) keys: Vec<Path>,
    /// Those of the headers that directly follow and stand below its table.
    pub(crate) keys_below: Vec<Path>,
}

impl Heading {
    /// The paths of all its keys.
    pub(crate) fn all_keys(&self) -> impl Iterator<Item = &Path> {
        self.keys.iter().chain(&self.keys_below)
    }
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
        let headers = (0..statements.len()).filter(|&it| statements[it].kind == Kind::Header);
        let comments: Vec<(usize, Range<usize>)> = headers
            .filter_map(|header| Some((header, self.comment_above(header, is_own)?)))
            .collect();
        for (number, (header, lines)) in comments.iter().enumerate() {
            let end = comments
                .get(number + 1)
                .map_or(statements.len(), |(next, _)| *next);
            let table: Path = self.index.path(*header).map(str::to_owned).collect();
            let names: Vec<&str> = table.iter().map(String::as_str).collect();
            let paths = |numbers: &mut dyn Iterator<Item = usize>| {
                let keys = numbers.filter(|&it| statements[it].kind == Kind::Pair);
                keys.map(|it| self.index.path(it).map(str::to_owned).collect())
                    .collect()
            };
            let body = self.index.body(*header).count();
            let mut below = (header + 1 + body..end).take_while(|&it| {
                statements[it].kind != Kind::ArrayHeader && self.index.is_below(it, &names)
            });
            found.push(Heading {
                keys: paths(&mut self.index.body(*header)),
                keys_below: paths(&mut below),
                comment: text[lines.clone()].trim().to_owned(),
                lines: lines.clone(),
                table,
            });
        }
        found
    }

    /// The comment lines that `is_own` accepts and no header follows.
    pub(crate) fn stray_comments(&self, is_own: fn(&str) -> bool) -> Vec<Range<usize>> {
        let text = self.text();
        let statements = 0..self.index.statements.len();
        let above: Vec<Range<usize>> = statements
            .clone()
            .filter(|&it| self.index.statements[it].kind == Kind::Header)
            .filter_map(|header| self.comment_above(header, is_own))
            .collect();
        let mut taken = statements.map(|it| self.statement_lines(it)).peekable();
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let range = start..start + line.len();
            start = range.end;
            while taken.next_if(|it| it.end <= range.start).is_some() {}
            let is_inside = taken.peek().is_some_and(|it| it.start < range.end);
            if is_own(line) && !is_inside && !above.contains(&range) {
                found.push(range);
            }
        }
        found
    }

    /// The comment line right above a header, if `is_own` accepts it.
    fn comment_above(&self, header: usize, is_own: fn(&str) -> bool) -> Option<Range<usize>> {
        let start = self.statement_lines(header).start;
        let above = place::line_above(self, header, start)?;
        is_own(&self.text()[above.clone()]).then_some(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_what_follows_its_comment() {
        let text = "# own a\n[t]\nx = 1\n[t.u]\ny = 2\n[v]\n# own b\n[w]\n\
                    s = '''\n# own c\n'''\n[z]\n# own d\n[z.a]\nk = 1\n# own e\n[z.a.b]\nl = 2\n";
        let document = Document::parse(text.as_bytes()).expect("TOML");
        let found = document.headings(|line| line.trim().starts_with("# own"));
        let shown: Vec<String> = found
            .iter()
            .map(|it| {
                format!(
                    "{} {} {:?} {:?}",
                    it.comment,
                    it.table.join("."),
                    it.keys,
                    it.keys_below
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "# own a t [[\"t\", \"x\"]] [[\"t\", \"u\", \"y\"]]",
                "# own b w [[\"w\", \"s\"]] []",
                "# own d z.a [[\"z\", \"a\", \"k\"]] []",
                "# own e z.a.b [[\"z\", \"a\", \"b\", \"l\"]] []"
            ]
        );
    }
}
