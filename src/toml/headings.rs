//! Headers with a comment of the caller's above them.

use super::Path;
use super::document::Document;
use super::index::Kind;
use super::lines;
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

fn table_of(key: &[String]) -> &[String] {
    key.split_last().map_or(key, |(_, table)| table)
}

impl Heading {
    /// The paths of all its keys.
    pub(crate) fn all_keys(&self) -> impl Iterator<Item = &Path> {
        self.keys.iter().chain(&self.keys_below)
    }

    /// Whether a key stands in it, or would if it were set.
    pub(crate) fn holds(&self, key: &[String]) -> bool {
        let table = table_of(key);
        let mut known = self.all_keys();
        table == self.table || known.any(|it| key.starts_with(it) || table == table_of(it))
    }
}

impl Document {
    /// The headers right below a comment line that `is_own` accepts.
    pub(crate) fn headings(&self, is_own: fn(&str) -> bool) -> Vec<Heading> {
        let index = &self.index;
        let headers = index.headers();
        let commented = headers.filter_map(|it| Some((it, self.own_comment(it, is_own)?)));
        let commented: Vec<(usize, Range<usize>)> = commented.collect();
        let next = commented.iter().skip(1).map(|(header, _)| *header);
        let ends = next.chain([index.statements.len()]);
        let headings = commented.iter().zip(ends);
        headings
            .map(|((header, lines), end)| self.heading(*header..end, lines.clone()))
            .collect()
    }

    /// The heading of these statements, the first of which is its header.
    fn heading(&self, statements: Range<usize>, lines: Range<usize>) -> Heading {
        let index = &self.index;
        let path = |it: usize| -> Path { index.path(it).map(str::to_owned).collect() };
        let header = statements.start;
        let table = path(header);
        let body = index.body(header);
        let below = statements.skip(1 + body.clone().count()).take_while(|&it| {
            index.statements[it].kind != Kind::ArrayHeader && index.is_below(it, &table)
        });
        let pairs = below.filter(|&it| index.statements[it].kind == Kind::Pair);
        Heading {
            keys: body.map(path).collect(),
            keys_below: pairs.map(path).collect(),
            comment: self.text()[lines.clone()].trim().to_owned(),
            lines,
            table,
        }
    }

    /// Whether no header follows a comment line that `is_own` accepts.
    pub(crate) fn has_stray_comment(&self, is_own: fn(&str) -> bool) -> bool {
        !self.stray_comments(is_own).is_empty()
    }

    /// The comment lines that `is_own` accepts and no header follows.
    pub(super) fn stray_comments(&self, is_own: fn(&str) -> bool) -> Vec<Range<usize>> {
        let headers = self.index.headers();
        let above = headers.filter_map(|header| self.own_comment(header, is_own));
        let above: Vec<Range<usize>> = above.collect();
        let text = self.text();
        let comments = self.index.comments.iter();
        let stray = comments.filter_map(|it| {
            let line = lines::start(text, it.start)..lines::end(text, it.end);
            let is_alone = lines::is_blank(&text[line.start..it.start]);
            (is_alone && is_own(&text[it.clone()]) && !above.contains(&line)).then_some(line)
        });
        stray.collect()
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
