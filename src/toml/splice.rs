//! Changes to a text as a set of byte ranges and what takes their place.

use std::ops::Range;

use super::lines;

/// A range within lines, and its new text.
pub(super) type Replaced = (Range<usize>, String);

/// A set of changes, all measured in the same original text.
#[derive(Default)]
pub(super) struct Splices(Vec<(Range<usize>, Change)>);

/// What becomes of a range. At one place, all is done in this order.
enum Change {
    Cut,
    /// At the end of an unterminated last line, its own text comes before new lines.
    Text(String),
    /// A header above it would take the pair over.
    Pair(String),
    Lines(Vec<String>),
}

impl Change {
    fn rank(&self) -> usize {
        match self {
            Self::Cut => 0,
            Self::Text(_) => 1,
            Self::Pair(_) => 2,
            Self::Lines(_) => 3,
        }
    }
}

impl Splices {
    /// Drops whole lines.
    pub(super) fn drop_lines(&mut self, range: Range<usize>) {
        self.0.push((range, Change::Cut));
    }

    /// The lines that are dropped, in file order.
    pub(super) fn dropped_lines(self) -> Vec<Range<usize>> {
        let is_cut = |(_, change): &(_, Change)| matches!(change, Change::Cut);
        let cut = self.0.into_iter().filter(is_cut).map(|(range, _)| range);
        let mut cut: Vec<Range<usize>> = cut.collect();
        cut.sort_by_key(|range| range.start);
        cut
    }

    /// Adds lines, given without their breaks, before the line that starts at the offset, or at the
    /// end of the text. Later calls for the same offset go below earlier ones.
    pub(super) fn add_lines(&mut self, offset: usize, lines: Vec<String>) {
        self.0.push((offset..offset, Change::Lines(lines)));
    }

    /// Adds a pair to the table whose body ends at the offset.
    pub(super) fn add_pair(&mut self, offset: usize, line: String) {
        self.0.push((offset..offset, Change::Pair(line)));
    }

    /// Puts a text in the place of a range within lines.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, Change::Text(text.into())));
    }

    /// Takes back what is replaced within a range, and returns it in file order.
    pub(super) fn take_within(&mut self, range: &Range<usize>) -> Vec<Replaced> {
        let is_within = |(it, change): &mut (Range<usize>, Change)| {
            matches!(change, Change::Text(_)) && range.start <= it.start && it.end <= range.end
        };
        let within = self.0.extract_if(.., is_within);
        let texts = within.filter_map(|(range, change)| match change {
            Change::Text(text) => Some((range, text)),
            _ => None,
        });
        let mut texts: Vec<Replaced> = texts.collect();
        texts.sort_by_key(|(range, _)| range.start);
        texts
    }

    /// Whether lines are added at the offset.
    pub(super) fn adds_at(&self, offset: usize) -> bool {
        self.0.iter().any(|(range, _)| *range == (offset..offset))
    }

    /// Returns `text` with all changes made.
    ///
    /// A text without a final line break is still without one afterwards.
    pub(super) fn apply(mut self, text: &str) -> String {
        let unterminated = !text.is_empty() && !is_mark(text) && !text.ends_with('\n');
        self.0
            .sort_by_key(|(range, change)| (range.start, range.end, change.rank()));
        let mut result = String::with_capacity(text.len() + 1024);
        let mut done = 0;
        for (range, change) in self.0 {
            if range.start > done {
                result.push_str(&text[done..range.start]);
            }
            let line_break = lines::line_break(text, range.start);
            match change {
                Change::Text(new) if range.start >= done => result.push_str(&new),
                // A text whose place was dropped as a whole goes with it.
                Change::Cut | Change::Text(_) => {}
                Change::Pair(line) => add_line(&mut result, &line, line_break),
                Change::Lines(lines) => {
                    for line in lines {
                        add_line(&mut result, &line, line_break);
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

fn add_line(text: &mut String, line: &str, line_break: &str) {
    if !text.is_empty() && !text.ends_with('\n') && !is_mark(text) {
        text.push_str(line_break);
    }
    text.push_str(line);
    text.push_str(line_break);
}

/// Whether a text is a byte order mark alone.
fn is_mark(text: &str) -> bool {
    text == "\u{feff}"
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
