//! Changes to a text as a set of byte ranges and what takes their place.

use std::ops::Range;

use super::lines;

/// A range within lines, and its new text.
pub(super) type Replaced = (Range<usize>, String);

/// A set of changes, all measured in the same original text.
#[derive(Debug, Default)]
pub(crate) struct Splices {
    /// Whole lines to drop.
    dropped: Vec<Range<usize>>,
    added: Vec<Added>,
    replaced: Vec<Replaced>,
}

/// Whole lines to add before the line that starts at the offset (or at the end of the text),
/// without their line breaks.
#[derive(Debug)]
struct Added {
    offset: usize,
    lines: Vec<String>,
    /// Key-value pairs at the end of a table's body: at one offset they come before what is added
    /// otherwise, since a header there would take them over.
    is_pair: bool,
}

impl Splices {
    pub(crate) fn drop_lines(&mut self, range: Range<usize>) {
        self.dropped.push(range);
    }

    /// Later calls for the same offset go below earlier ones.
    pub(crate) fn add_lines(&mut self, offset: usize, lines: Vec<String>) {
        self.added.push(Added {
            offset,
            lines,
            is_pair: false,
        });
    }

    /// Adds a pair to the table whose body ends at the offset.
    pub(crate) fn add_pair(&mut self, offset: usize, line: String) {
        self.added.push(Added {
            offset,
            lines: vec![line],
            is_pair: true,
        });
    }

    pub(crate) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.replaced.push((range, text.into()));
    }

    /// Takes back what is replaced within a range, and returns it in file order.
    pub(super) fn take_within(&mut self, range: &Range<usize>) -> Vec<Replaced> {
        let is_within = |it: &mut Replaced| range.start <= it.0.start && it.0.end <= range.end;
        let mut within: Vec<Replaced> = self.replaced.extract_if(.., is_within).collect();
        within.sort_by_key(|(range, _)| range.start);
        within
    }

    /// Whether lines are added at the offset.
    pub(crate) fn adds_at(&self, offset: usize) -> bool {
        self.added.iter().any(|added| added.offset == offset)
    }

    /// Returns `text` with all changes made.
    ///
    /// A text without a final line break is still without one afterwards.
    pub(crate) fn apply(self, text: &str) -> String {
        let unterminated = !text.is_empty() && !is_mark(text) && !text.ends_with('\n');
        let mut cuts = merged(self.dropped);
        if let (true, Some(last)) = (unterminated, cuts.last_mut())
            && last.end == text.len()
        {
            // The line before becomes the last one: its break goes.
            last.start = lines::before_break(text, last.start);
            cuts = merged(cuts);
        }

        let cuts = cuts.into_iter().map(|range| (range, Change::Cut));
        // At the end of an unterminated last line, its own text comes before new lines.
        let replaced = self.replaced.into_iter();
        let replaced = replaced.map(|(range, text)| (range, Change::Text(text)));
        let (pairs, others): (Vec<Added>, Vec<Added>) =
            self.added.into_iter().partition(|added| added.is_pair);
        let added = pairs.into_iter().chain(others);
        let added = added.map(|it| (it.offset..it.offset, Change::Lines(it.lines)));
        let mut changes: Vec<(Range<usize>, Change)> = cuts.chain(replaced).chain(added).collect();
        changes.sort_by_key(|(range, _)| (range.start, range.end));

        let mut result = String::with_capacity(text.len() + 1024);
        let mut done = 0;
        for (range, change) in changes {
            if range.start > done {
                result.push_str(&text[done..range.start]);
            }
            match change {
                Change::Text(new) if range.start >= done => result.push_str(&new),
                // A text whose place was dropped as a whole goes with it.
                Change::Cut | Change::Text(_) => {}
                Change::Lines(lines) => {
                    let line_break = lines::line_break(text, range.start);
                    if !result.is_empty() && !result.ends_with('\n') && !is_mark(&result) {
                        result.push_str(line_break);
                    }
                    for line in lines {
                        result.push_str(&line);
                        result.push_str(line_break);
                    }
                }
            }
            done = done.max(range.end);
        }
        if done < text.len() {
            result.push_str(&text[done..]);
        }
        if unterminated && result.ends_with('\n') {
            result.truncate(lines::before_break(&result, result.len()));
        }
        result
    }
}

enum Change {
    Cut,
    Lines(Vec<String>),
    Text(String),
}

fn is_mark(text: &str) -> bool {
    text == "\u{feff}"
}

/// The ranges in order, overlapping and touching ones made one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut result: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match result.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => result.push(range),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    fn splice(text: &str, change: impl FnOnce(&mut Splices)) -> String {
        let mut splices = Splices::default();
        change(&mut splices);
        splices.apply(text)
    }

    #[test]
    fn lines_at_an_unterminated_end_leave_it_unterminated() {
        let given = "a = 1";
        let produced = splice(given, |splices| {
            splices.add_lines(5, lines(&["", "b = 2"]));
            splices.add_lines(5, lines(&["c = 3"]));
        });
        assert_eq!(produced, "a = 1\n\nb = 2\nc = 3");
    }

    #[test]
    fn dropping_the_last_line_takes_the_break_before_it_only_when_unterminated() {
        assert_eq!(splice("a\nb", |s| s.drop_lines(2..3)), "a");
        assert_eq!(splice("a\r\nb", |s| s.drop_lines(3..4)), "a");
        assert_eq!(splice("a\nb\n", |s| s.drop_lines(2..4)), "a\n");
    }

    #[test]
    fn ranges_are_merged_before_the_break_is_taken_back() {
        let produced = splice("a\nb\nc", |splices| {
            splices.drop_lines(4..5);
            splices.drop_lines(2..4);
        });
        assert_eq!(produced, "a");
    }

    #[test]
    fn a_dropped_end_can_be_followed_by_new_lines() {
        let produced = splice("a\nb", |splices| {
            splices.drop_lines(2..3);
            splices.add_lines(3, lines(&["c"]));
        });
        assert_eq!(produced, "a\nc");
        let produced = splice("b", |splices| {
            splices.drop_lines(0..1);
            splices.add_lines(1, lines(&["c"]));
        });
        assert_eq!(produced, "c", "no empty first line");
    }

    #[test]
    fn text_at_an_unterminated_end_belongs_to_the_last_line() {
        let produced = splice("a = 1", |splices| {
            splices.add_lines(5, lines(&["b = 2"]));
            splices.replace(5..5, " # one");
        });
        assert_eq!(produced, "a = 1 # one\nb = 2");
    }

    #[test]
    fn pairs_come_before_headers_at_the_same_place() {
        let produced = splice("[a]\n", |splices| {
            splices.add_lines(4, lines(&["[b]"]));
            splices.add_pair(4, "x = 1".to_owned());
            splices.add_pair(4, "y = 2".to_owned());
        });
        assert_eq!(produced, "[a]\nx = 1\ny = 2\n[b]\n");
    }

    #[test]
    fn new_lines_take_the_break_of_their_surroundings() {
        assert_eq!(
            splice("a\r\n", |s| s.add_lines(3, lines(&["b"]))),
            "a\r\nb\r\n"
        );
    }
}
