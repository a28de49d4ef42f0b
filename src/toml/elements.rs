//! Adding an element to an array or an inline table in its own style, so that taking it out again
//! gives back the bytes.

use std::collections::BTreeSet;
use std::ops::Range;

use super::document::Document;
use super::index::Kind;
use super::lines;
use super::splice::Splices;

/// The headers of the array of tables at `path`.
pub(super) fn headers(document: &Document, path: &[String]) -> Vec<usize> {
    if document.get(path).is_none() {
        // In an entry of another array.
        return Vec::new();
    }
    let statements = &document.index.statements;
    let is_entry = |&it: &usize| {
        statements[it].kind == Kind::ArrayHeader && statements[it].keys.len() == path.len()
    };
    document.index.below(path).filter(is_entry).collect()
}

/// The entries of an inline table, each as the text of a pair.
pub(super) fn pairs(table: &str) -> Option<Vec<String>> {
    let text = format!("_ = {table}");
    let document = Document::parse(text.as_bytes()).ok()?;
    let entries = document.index.inline_tables.first()?.entries.iter();
    let entries = entries.map(|entry| text[entry.span.clone()].to_owned());
    Some(entries.collect())
}

/// An array or an inline table of a document, and what it loses and gains.
pub(super) struct List {
    /// Where it begins in the document.
    start: usize,
    /// From bracket to bracket.
    text: String,
    /// Where each element stands in the text.
    elements: Vec<Range<usize>>,
    /// The numbers of those that go.
    pub(super) gone: BTreeSet<usize>,
    /// The text of those that come, last of all.
    pub(super) added: Vec<String>,
}

impl List {
    /// The list at `span` of a document, whose elements are at `elements`.
    pub(super) fn of(
        document: &Document,
        span: &Range<usize>,
        elements: impl Iterator<Item = Range<usize>>,
    ) -> Self {
        let start = span.start;
        let elements = elements.map(|it| it.start - start..it.end - start);
        Self {
            start,
            text: document.text()[span.clone()].to_owned(),
            elements: elements.collect(),
            gone: BTreeSet::new(),
            added: Vec::new(),
        }
    }

    /// Makes the changes, and adds them to those of the document: there may be some already inside of
    /// the elements.
    pub(super) fn settle(mut self, splices: &mut Splices) {
        let span = self.start..self.start + self.text.len();
        for (range, text) in splices.take_within(&span).into_iter().rev() {
            self.replace(range.start - span.start..range.end - span.start, &text);
        }
        splices.replace(span, self.changed());
    }

    /// The text after the changes. What comes takes its style from what goes, too: that may come back.
    pub(super) fn changed(mut self) -> String {
        let gone = std::mem::take(&mut self.gone);
        let known = ..self.elements.len();
        for literal in std::mem::take(&mut self.added) {
            self.add(&literal);
        }
        for number in gone.range(known).rev() {
            self.cut(*number);
        }
        self.text
    }

    fn replace(&mut self, range: Range<usize>, new: &str) {
        for element in &mut self.elements {
            if element.start >= range.end {
                element.start = element.start - range.len() + new.len();
            }
            if element.end > range.start {
                element.end = element.end - range.len() + new.len();
            }
        }
        self.text.replace_range(range, new);
    }

    /// Adds an element at the end.
    fn add(&mut self, literal: &str) {
        let text = &self.text;
        let close = text.len() - 1;
        let Some(last) = self.elements.last().cloned() else {
            return self.add_first(literal);
        };
        if !begins_line(text, last.start) {
            return self.insert(last.end, ", ", literal, "");
        }
        let comma = comma(text, last.end..close);
        let at = end_of_line(text, comma.map_or(last.end, |comma| comma + 1)..close);
        let indent = lines::indent(text, last.start);
        let before = format!("{}{indent}", lines::line_break(text, at));
        self.insert(at, &before, literal, comma.map_or("", |_| ","));
        if comma.is_none() {
            self.replace(last.end..last.end, ",");
        }
    }

    fn add_first(&mut self, literal: &str) {
        let text = &self.text;
        let close = text.len() - 1;
        let inside = &text[1..close];
        let Some(last_break) = inside.rfind('\n') else {
            // `[ ]` becomes `[ "a" ]`.
            let after = inside.to_owned();
            return self.insert(close, "", literal, &after);
        };
        let at = lines::before_break(text, 1 + last_break + 1);
        let comment = inside.find('#').map(|at| 1 + at);
        let indent = match comment.filter(|&comment| begins_line(text, comment)) {
            Some(comment) => lines::indent(text, comment).to_owned(),
            None => format!("{}  ", lines::indent(text, close)),
        };
        let before = format!("{}{indent}", lines::line_break(text, at));
        self.insert(at, &before, literal, ",");
    }

    fn insert(&mut self, at: usize, before: &str, literal: &str, after: &str) {
        self.replace(at..at, &format!("{before}{literal}{after}"));
        let start = at + before.len();
        self.elements.push(start..start + literal.len());
    }

    /// Cuts an element: what [`Self::add`] has inserted for it, or would have.
    fn cut(&mut self, number: usize) {
        let element = self.elements[number].clone();
        let text = &self.text;
        let close = text.len() - 1;
        let previous = number.checked_sub(1).map(|number| &self.elements[number]);
        let next = self.elements.get(number + 1);
        let own_comma = comma(text, element.end..next.map_or(close, |next| next.start));
        let end = own_comma.map_or(element.end, |comma| comma + 1);
        let line_start = lines::start(text, element.start);
        let stands_alone = begins_line(text, element.start) && line_start > 0;
        let mut lost_comma = None;
        let range = if stands_alone {
            // The last one stood behind the comma of the one before.
            let is_behind = previous.filter(|_| own_comma.is_none());
            lost_comma = is_behind.and_then(|it| self::comma(text, it.end..element.start));
            let line_end = lines::end(text, end);
            let behind = text[end..line_end].trim_start_matches([' ', '\t']);
            let line_above = lines::start(text, line_start - 1);
            let before = previous.map_or(1, |it| it.end).max(line_above)..line_start;
            let ends_comment = next.is_none() && line_end > close && text[before].contains('#');
            if behind.starts_with('#') || ends_comment {
                // Somebody's comment, which would take the bracket along.
                element.start..line_end - behind.len()
            } else if let Some(next) = next.filter(|next| next.start < line_end) {
                element.start..next.start
            } else {
                lines::before_break(text, line_start)..end
            }
        } else {
            match (previous, next) {
                (Some(previous), _) if !text[previous.end..element.start].contains('#') => {
                    previous.end..element.end
                }
                (None, Some(next)) if !text[end..next.start].contains('\n') => {
                    element.start..next.start
                }
                (None, None) => {
                    let before = &text[1..element.start];
                    // `[ "a" ]` becomes `[ ]`.
                    let is_even = before == &text[end..close] && lines::is_blank(before);
                    element.start..if is_even { close } else { end }
                }
                _ => element.start..end,
            }
        };
        self.elements.remove(number);
        self.replace(range, "");
        if let Some(comma) = lost_comma {
            self.replace(comma..comma + 1, "");
        }
    }
}

/// Whether nothing but white space stands before `offset` in its line.
fn begins_line(text: &str, offset: usize) -> bool {
    lines::is_blank(&text[lines::start(text, offset)..offset])
}

/// The first comma in a range that holds no values.
fn comma(text: &str, range: Range<usize>) -> Option<usize> {
    let mut in_comment = false;
    let mut bytes = text[range.clone()].bytes();
    let found = bytes.position(|byte| {
        in_comment = byte != b'\n' && (in_comment || byte == b'#');
        !in_comment && byte == b','
    });
    found.map(|at| range.start + at)
}

/// The end of the line on which a range begins, without its line break, if nothing but a comment
/// stands there; else the beginning of the range.
fn end_of_line(text: &str, range: Range<usize>) -> usize {
    let end = lines::end(text, range.start);
    let rest = &text[range.start..end.min(range.end)];
    let is_rest = end <= range.end && (lines::is_blank(rest) || lines::is_comment(rest));
    if is_rest {
        lines::before_break(text, end)
    } else {
        range.start
    }
}
