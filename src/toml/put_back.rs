//! Putting back what was removed from a document, where it stood in the text from before.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Path;
use super::document::Document;
use super::elements::headers;
use super::index::Kind;
use super::lines;
use super::place::inline_table;
use super::revision::Revision;
use super::splice::Splices;
use super::tree::differences::Difference;

/// A pair of a table's body, or a line between two of them.
#[derive(PartialEq)]
enum Row<'d> {
    Pair(Vec<&'d str>),
    Line(&'d str),
}

impl Document {
    /// The document with what stands at a path of `full`, a text from before, put back. `None` if
    /// removing it again would not give this document.
    pub(crate) fn with_removed(&self, full: &Self, path: &[String]) -> Option<Self> {
        let parse = |text: String| Self::parse(text.as_bytes()).ok();
        let before = parse(self.text_with(full, path)?)?;
        let more = parse(before.text_towards(self, kept)?)?;
        (more.text_towards(self, Some)? == self.text()).then_some(more)
    }

    /// The text with what stands at a path of `full`: its array, its inline table or its lines.
    fn text_with(&self, full: &Self, path: &[String]) -> Option<String> {
        let table = inline_table(full, path);
        let list = table.map_or(path, |table| &full.index.inline_tables[table].path);
        let mut splices = Splices::default();
        if let Some((now, before)) = self.value(list).zip(full.value(list)) {
            splices.replace(now, &full.text()[before]);
        } else if !headers(full, path).is_empty() {
            return self.text_with_tables(full, path);
        } else {
            let statement = full.index.below(path).next()?;
            let lines = full.statement_lines(statement);
            let row = &full.text()[lines.start..lines::before_break(full.text(), lines.end)];
            splices.add_lines(self.place_of(full, statement)?, vec![row.to_owned()]);
        }
        Some(splices.apply(self.text()))
    }

    /// The text with those entries of an array of `[[headers]]` that are gone since `full`, where they
    /// stood among its lines.
    fn text_with_tables(&self, full: &Self, path: &[String]) -> Option<String> {
        let mut revision = Revision::of(full, |_| false);
        let differences = full.tree().differences(self.tree()).into_iter();
        let mut gone = differences.filter_map(|it| match it {
            Difference::Elements(at, gone, _) if at == path => Some(gone),
            _ => None,
        });
        if self.get(path).is_none() {
            revision.remove(path);
        }
        for number in gone.next().into_iter().flatten() {
            revision.remove_element(path, number).ok()?;
        }
        let without = revision.finish().ok()?;
        let mut kept = without.lines();
        let mut next = kept.next();
        let mut place = 0;
        let mut splices = Splices::default();
        for line in full.text().lines() {
            if next != Some(line) {
                // What stood between two that have gone one by one is still there.
                if lines::is_comment(line) && self.text()[place..].starts_with(line) {
                    return None;
                }
                splices.add_lines(place, vec![line.to_owned()]);
                continue;
            }
            next = kept.next();
            // Empty lines are all the same.
            let near = if lines::is_blank(line) { 1 } else { usize::MAX };
            let mut here = self.text()[place..].split_inclusive('\n').take(near);
            let mut end = place;
            let is_it = |it: &str| {
                end += it.len();
                it.trim_end_matches(['\r', '\n']) == line
            };
            if here.any(is_it) {
                place = end;
            }
        }
        Some(splices.apply(self.text()))
    }

    /// The text with these of the differences to `document` made. What only that has comes as it is
    /// written there.
    fn text_towards(
        &self,
        document: &Self,
        of: impl Fn(Difference) -> Option<Difference>,
    ) -> Option<String> {
        let mut revision = Revision::of(self, |_| false);
        let differences = self.tree().differences(document.tree());
        let inserted = revision.apply(differences.into_iter().filter_map(of).collect());
        // A new table comes as a whole where it has braces.
        let written = inserted.ok()?.into_iter().filter_map(|it| {
            let mut paths = (1..=it.path.len()).map(|depth| &it.path[..depth]);
            let new = paths.find(|path| self.get(path).is_none() && document.value(path).is_some());
            let path = new.unwrap_or(&it.path).to_vec();
            let text = document.value(&path)?;
            Some((text.start, (path, &document.text()[text])))
        });
        let written: BTreeMap<usize, (Path, &str)> = written.collect();
        for (path, text) in written.values() {
            revision.insert(path, text, None).ok()?;
        }
        revision.finish().ok()
    }

    /// Where a statement of `full` belongs: below those rows above it in its table that are here too.
    fn place_of(&self, full: &Self, statement: usize) -> Option<usize> {
        let before = full.index.statements[statement].header;
        let header = match before {
            Some(header) => {
                let table: Vec<&str> = full.index.path(header).collect();
                Some(self.index.header(&table)?)
            }
            None => None,
        };
        let above = full.statement_lines(statement).start;
        let rows = self.rows(header);
        let (mut place, mut rest) = (self.body_start(header), &rows[..]);
        for (row, _) in full
            .rows(before)
            .iter()
            .take_while(|(_, end)| *end <= above)
        {
            if let Some(found) = rest.iter().position(|(it, _)| it == row) {
                place = rest[found].1;
                rest = &rest[found + 1..];
            }
        }
        Some(place)
    }

    /// Where the table below a header begins; `None`: the root.
    fn body_start(&self, header: Option<usize>) -> usize {
        header.map_or_else(
            || lines::start(self.text(), 0),
            |it| self.statement_lines(it).end,
        )
    }

    /// The rows of the table below a header, and where each ends.
    fn rows(&self, header: Option<usize>) -> Vec<(Row<'_>, usize)> {
        let statements = &self.index.statements;
        let mut next = header.map_or(0, |it| it + 1);
        let mut at = self.body_start(header);
        let mut rows = Vec::new();
        while at < self.text().len() {
            let lines = statements.get(next).map(|_| self.statement_lines(next));
            let Some(Range { end, .. }) = lines.filter(|it| it.start == at) else {
                let end = lines::end(self.text(), at);
                rows.push((Row::Line(self.text()[at..end].trim_end()), end));
                at = end;
                continue;
            };
            if statements[next].kind != Kind::Pair {
                break;
            }
            let keys = statements[next].keys.iter().map(|key| key.name.as_str());
            rows.push((Row::Pair(keys.collect()), end));
            (at, next) = (end, next + 1);
        }
        rows
    }
}

/// A difference without what is gone by it.
fn kept(difference: Difference) -> Option<Difference> {
    match difference {
        Difference::Removed(_) | Difference::Unwritten(_) => None,
        Difference::Elements(path, _, new) => Some(Difference::Elements(path, Vec::new(), new)),
        difference => Some(difference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `now` with the keys of `full` at these paths.
    fn put_back(full: &str, now: &str, paths: &[&[&str]]) -> String {
        let parse = |text: &str| Document::parse(text.as_bytes()).expect("test input is TOML");
        let full = parse(full);
        let put_back = |now: Document, path: &&[&str]| {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            now.with_removed(&full, &path).unwrap_or(now)
        };
        paths.iter().fold(parse(now), put_back).text().to_owned()
    }

    #[test]
    fn lines_come_back_to_their_places_among_those_of_others() {
        let full = "[a]\n#\nx = 1 # one\n#\n\n'y' = \"\"\"\n#\n\"\"\"\n#\nz = 3\n\n[b]\nc.d = 4";
        for (now, paths) in [
            (
                "[a]\n#\n#\n\n#\nz = 3\n\n[b]",
                &[&["a", "x"][..], &["a", "y"], &["b", "c", "d"]][..],
            ),
            (
                "[a]\n#\n#\n\n#\n\n[b]\nc.d = 4",
                &[&["a", "y"], &["a", "z"], &["a", "x"]],
            ),
        ] {
            assert_eq!(put_back(full, now, paths), full);
            let more = "w = 0\n\n[new]\nx = 1\n";
            let now = format!("{now}\n{more}");
            assert_eq!(put_back(full, &now, paths), format!("{full}\n{more}"));
        }
        // Somebody has written other lines, another value and another table.
        let now = "[c]\n\n[a]\n# new\nz = 9\n";
        let then = "[c]\n\n[a]\nx = 1 # one\n# new\nz = 9\n";
        assert_eq!(put_back(full, now, &[&["a", "x"], &["b", "c", "d"]]), then);
    }

    #[test]
    fn tables_of_an_array_come_back_to_their_places() {
        let [x, y] = ["[[a.b]]\nc = 'x' # one\n", "[[a.b]]\nc = 'y'\n"];
        for (above, between, below) in [
            ("", "", ""),
            ("[b]\n\n", "\n", "\n[c]\n"),
            ("\n# b\nb = 1\n\n", "\n# y\n", "# c\n"),
        ] {
            let full = format!("{above}{x}{between}{y}{below}");
            let document = Document::parse(full.as_bytes()).expect("TOML");
            let path = ["a", "b"].map(str::to_owned);
            for gone in [&[0][..], &[1], &[0, 1]] {
                let mut revision = Revision::of(&document, |_| false);
                match gone {
                    [0, 1] => revision.remove(&path),
                    gone => revision.remove_element(&path, gone[0]).expect("removes"),
                }
                let now = revision.finish().expect("finishes");
                assert_eq!(put_back(&full, &now, &[&["a", "b"]]), full, "{gone:?}");
                let more = "\n[new]\nx = 1\n";
                let now = format!("{now}{more}");
                assert_eq!(
                    put_back(&full, &now, &[&["a", "b"]]),
                    format!("{full}{more}")
                );
            }
        }
    }

    #[test]
    fn what_comes_to_a_list_leaves_the_way_open_for_what_goes() {
        for (full, path, number) in [
            ("a = { x=1}\n", &["a", "x"][..], None),
            ("a = {x = 1 , y=2 }\n", &["a", "x"], None),
            ("a = [\n  1, # one\n  # two\n]\n", &["a"], Some(0)),
            ("a = [\n  1, # one\n  2 # two\n]\n", &["a"], Some(1)),
        ] {
            let document = Document::parse(full.as_bytes()).expect("TOML");
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            let mut revision = Revision::of(&document, |_| false);
            if let Some(number) = number {
                revision.remove_element(&path, number).expect("an array");
                revision.insert_element(&path, "3").expect("an array");
            } else {
                revision.remove(&path);
                let new = ["a", "z"].map(str::to_owned);
                revision.insert(&new, "3", None).expect("a table");
            }
            let now = revision.finish().expect("finishes");
            let now = Document::parse(now.as_bytes()).expect("TOML");
            let both = now.with_removed(&document, &path).expect("it comes back");
            let back = both.text_towards(&document, Some);
            assert_eq!(back.as_deref(), Some(full), "{}", both.text());
        }
    }

    #[test]
    fn lists_come_back_as_they_were_unless_somebody_has_changed_them() {
        let full = "a = [ 'x','y' , 'z']\nb = {c = 1,d.e=2 , f= 3}\n";
        let paths: &[&[&str]] = &[&["a"], &["b", "d", "e"]];
        assert_eq!(
            put_back(full, "a = [ 'y' , 'z']\nb = {c = 1 , f= 3}\n", paths),
            full
        );
        let now = "a = [ 'y' , 'z', 'w']\nb = {c = 1 , f= 3, g = 4}\n";
        let more = "a = [ 'x','y' , 'z', 'w']\nb = {c = 1,d.e=2 , f= 3, g = 4}\n";
        assert_eq!(put_back(full, now, paths), more);
        let now = "a = [ 'y' , 'z']\nb = {c = 1 , f= 4, new = { x = 1, y.z = 2 }}\n";
        let more = "a = [ 'x','y' , 'z']\nb = {c = 1,d.e=2 , f= 4, new = { x = 1, y.z = 2 }}\n";
        assert_eq!(put_back(full, now, paths), more);
        let now = "a = ['y', 'z']\nb = { f= 3 }\n";
        assert_eq!(put_back(full, now, paths), now);
    }
}
