//! Putting back what was removed from a document, where it stood in the text from before.

use std::collections::BTreeMap;
use std::ops::Range;
use std::slice;

use super::Path;
use super::document::Document;
use super::elements;
use super::index::Kind;
use super::lines;
use super::place::inline_table;
use super::revision::Revision;
use super::splice::Splices;
use super::tree::differences::Difference;

impl Document {
    /// The document with what stands at these paths of `full`, a text from before, put back, as far as
    /// removing it again gives this document. `None`: nothing is. `is_own`: as for [`Revision::of`].
    pub(crate) fn with_removed(
        &self,
        full: &Self,
        paths: &[Path],
        is_own: fn(&str) -> bool,
    ) -> Option<Self> {
        let all = self.with_all_removed(full, paths, is_own);
        if all.is_some() || paths.len() < 2 {
            return all;
        }
        // What is in the way of one may not be in that of others.
        paths.iter().fold(None, |done, path| {
            let now = done.as_ref().unwrap_or(self);
            let more = now.with_all_removed(full, slice::from_ref(path), is_own);
            more.or(done)
        })
    }

    fn with_all_removed(
        &self,
        full: &Self,
        paths: &[Path],
        is_own: fn(&str) -> bool,
    ) -> Option<Self> {
        let parse = |text: String| Self::parse(text.as_bytes()).ok();
        let before = parse(self.text_with(full, paths, is_own)?)?;
        let more = parse(before.text_towards(self, is_own, kept)?)?;
        (more.text_towards(self, is_own, Some)? == self.text()).then_some(more)
    }

    /// The text with what is gone from these paths of `full`: an array or an inline table as it is
    /// written there, and whole lines where they stood.
    fn text_with(&self, full: &Self, paths: &[Path], is_own: fn(&str) -> bool) -> Option<String> {
        let concerns = |at: &Path| {
            let mut paths = paths.iter();
            paths.any(|path| path.starts_with(at) || at.starts_with(path))
        };
        let mut splices = Splices::default();
        let mut revision = Revision::of(full, is_own);
        for difference in full.tree().differences(self.tree()) {
            match difference {
                Difference::Unwritten(table) => revision.prune(&table),
                Difference::Removed(at) if concerns(&at) => {
                    // It stood in an inline table, or in a line.
                    let above = at.split_last().map_or(&[][..], |(_, above)| above);
                    let table = inline_table(full, above);
                    let list = table.map(|it| &full.index.inline_tables[it].path);
                    match list.and_then(|list| self.value(list).zip(full.value(list))) {
                        Some((now, before)) => splices.replace(now, &full.text()[before]),
                        None => revision.remove(&at),
                    }
                }
                Difference::Elements(at, gone, _) if concerns(&at) && !gone.is_empty() => {
                    if let Some((now, before)) = self.value(&at).zip(full.value(&at)) {
                        splices.replace(now, &full.text()[before]);
                    } else if !elements::headers(full, &at).is_empty() {
                        for number in gone {
                            revision.remove_element(&at, number).ok()?;
                        }
                    }
                }
                _ => {}
            }
        }
        self.add_gone_lines(full, &revision.dropped_lines().ok()?, &mut splices)?;
        Some(splices.apply(self.text()))
    }

    /// Adds these lines of `full`, which are gone: below those above them in their table that are here,
    /// too. `None`: their table has no header here.
    fn add_gone_lines(
        &self,
        full: &Self,
        gone: &[Range<usize>],
        splices: &mut Splices,
    ) -> Option<()> {
        let mut here: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
        for (number, path) in self.paths() {
            here.entry(path).or_default().push(number);
        }
        let mut statements = full.paths().peekable();
        let mut place = Some(lines::start(self.text(), 0));
        let mut at = lines::start(full.text(), 0);
        for gone in gone {
            while at < gone.start {
                let begins_here = |(number, _): &_| full.statement_lines(*number).start == at;
                let Some((number, path)) = statements.next_if(begins_here) else {
                    let line = &full.text()[at..lines::end(full.text(), at)];
                    place = place.map(|place| self.below_line(line, place));
                    at += line.len();
                    continue;
                };
                at = full.statement_lines(number).end;
                let same = here.get(&path).into_iter().flatten();
                let mut ends = same.map(|it| self.statement_lines(*it).end);
                place = match full.index.statements[number].kind {
                    Kind::Header => ends.next(),
                    // Elements of one array have the same path.
                    _ => ends.find(|end| Some(*end) > place).or(place),
                };
            }
            at = gone.end;
            let is_gone = |(number, _): &_| full.statement_lines(*number).start < gone.end;
            let own: Vec<usize> =
                std::iter::from_fn(|| Some(statements.next_if(is_gone)?.0)).collect();
            let is_pair = |it: &&usize| full.index.statements[**it].kind == Kind::Pair;
            let place = match own.first().filter(|it| !is_pair(it)) {
                Some(_) => self.below_pairs(place?),
                None => place?,
            };
            // What stood between two that have gone one by one is still there.
            let is_here =
                |line: &str| lines::is_comment(line) && self.text()[place..].starts_with(line);
            let between = own
                .windows(2)
                .map(|two| full.statement_lines(two[0]).end..full.statement_lines(two[1]).start);
            let mut between = between.flat_map(|lines| full.text()[lines].lines());
            if between.any(is_here) {
                return None;
            }
            let lines = full.text()[gone.clone()].lines().map(str::to_owned);
            splices.add_lines(place, lines.collect());
        }
        Some(())
    }

    /// The statements with their paths.
    fn paths(&self) -> impl Iterator<Item = (usize, Vec<&str>)> {
        let numbers = 0..self.index.statements.len();
        numbers.map(|it| (it, self.index.path(it).collect()))
    }

    /// The end of the pairs that follow an offset, up to the next header; the offset if none does.
    fn below_pairs(&self, from: usize) -> usize {
        let statements = &self.index.statements;
        let next = statements.partition_point(|it| it.span.start < from);
        let pairs = statements[next..]
            .iter()
            .take_while(|it| it.kind == Kind::Pair);
        let last = pairs.last();
        last.map_or(from, |it| lines::end(self.text(), it.span.end))
    }

    /// The end of the first line that says this, from an offset to the next header; the offset if none
    /// does. Empty lines are all the same: one counts only right there.
    fn below_line(&self, line: &str, from: usize) -> usize {
        let text = self.text();
        let statements = &self.index.statements;
        let next = statements.partition_point(|it| it.span.start < from);
        let header = statements[next..].iter().find(|it| it.kind != Kind::Pair);
        let end = header.map_or(text.len(), |it| lines::start(text, it.span.start));
        let line = line.trim_end_matches(['\r', '\n']);
        let near = if lines::is_blank(line) { 1 } else { usize::MAX };
        let mut below = from;
        let mut lines = text[from..end.max(from)].split_inclusive('\n').take(near);
        let is_it = |it: &str| {
            below += it.len();
            it.trim_end_matches(['\r', '\n']) == line
        };
        if lines.any(is_it) { below } else { from }
    }

    /// The text with these of the differences to `document` made. What only that has comes as it is
    /// written there.
    fn text_towards(
        &self,
        document: &Self,
        is_own: fn(&str) -> bool,
        of: impl Fn(Difference) -> Option<Difference>,
    ) -> Option<String> {
        let mut revision = Revision::of(self, is_own);
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
        let (full, now) = (parse(full), parse(now));
        let path = |path: &&[&str]| path.iter().map(ToString::to_string).collect();
        let paths: Vec<Path> = paths.iter().map(path).collect();
        let put_back = now.with_removed(&full, &paths, |_| false).unwrap_or(now);
        put_back.text().to_owned()
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
        // Somebody has written another value, which another table has, too; or a comment behind the header.
        let full = "\u{feff}a = 1\nb = 2\n[x]\ng = 0\nl = 1 # keep\nu = 0\n[y]\ng = 0\nu = 0\n";
        let now = "\u{feff}a = 1\n[x]\ng = 5\nu = 0\n[y]\ng = 0\nu = 0\n";
        let then = full.replacen("g = 0", "g = 5", 1);
        assert_eq!(put_back(full, now, &[&["x", "l"][..], &["b"]]), then);
        let now = "\u{feff}a = 1\n[x] # new\ng = 0\nu = 0\n[y]\ng = 0\nu = 0\n";
        let then = full.replace("[x]", "[x] # new");
        assert_eq!(put_back(full, now, &[&["x", "l"][..], &["b"]]), then);
        let full = "[a]\n#\nx = 1 # one\n#\n\n'y' = \"\"\"\n#\n\"\"\"\n#\nz = 3\n\n[b]\nc.d = 4";
        // Somebody has written other lines, another value and another table, and removed a table.
        let now = "[c]\n\n[a]\n# new\nz = 9\n";
        let then = "[c]\n\n[a]\nx = 1 # one\n# new\nz = 9\n\n[b]\nc.d = 4\n";
        assert_eq!(put_back(full, now, &[&["a", "x"], &["b", "c", "d"]]), then);
    }

    #[test]
    fn a_table_comes_back_with_its_empty_line_below_what_others_have_added() {
        let [a, b, c] = ["[a]\nx = 1\n", "\n[b]\ny = 2\n", "\n[c]\nz = 3\n"];
        let full = format!("{a}{b}{c}");
        for (added, path) in [("", &["b", "y"][..]), ("w = 0\n", &["b"])] {
            let now = format!("{a}{added}{c}");
            let then = format!("{a}{added}{b}{c}");
            assert_eq!(put_back(&full, &now, &[path]), then);
        }
    }

    #[test]
    fn an_array_that_only_gained_tables_has_nothing_put_back() {
        let [x, y] = ["[[a.b]]\nc = 'x'\n", "[[a.b]]\nc = 'y'\n"];
        let full = format!("[a]\nx = 1\n{x}");
        let now = format!("[a]\n{x}{y}");
        let then = format!("{full}{y}");
        assert_eq!(put_back(&full, &now, &[&["a"]]), then);
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
            let both = now
                .with_removed(&document, &[path], |_| false)
                .expect("it comes back");
            let back = both.text_towards(&document, |_| false, Some);
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
        let full = "p = { a = { t = 1 }, b = { t = 2, u = 3 } }\n";
        let paths: &[&[&str]] = &[&["p", "b", "t"], &["p", "b", "u"]];
        assert_eq!(put_back(full, "p = { a = { t = 1 } }\n", paths), full);
    }
}
