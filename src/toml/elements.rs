//! Adding an element to an array in the array's own style, so that taking it out again gives back
//! the bytes.

use std::collections::BTreeSet;
use std::ops::Range;

use toml_edit::Value;

use super::document::Document;
use super::index::Kind;
use super::lines;
use super::splice::Splices;

/// What an array loses and gains.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// The numbers of those that go.
    pub(super) gone: BTreeSet<usize>,
    /// The text of those that come, last of all.
    pub(super) added: Vec<String>,
}

impl Elements {
    /// The text of the array after the change.
    pub(super) fn changed(&self, array: &str) -> String {
        let mut text = format!("{KEY}{array}");
        for &number in self.gone.iter().rev() {
            let cuts = Array::of(&text).map(|array| array.cut(&text, number));
            let mut splices = Splices::default();
            for range in cuts.into_iter().flatten() {
                splices.replace(range, "");
            }
            text = splices.apply(&text);
        }
        for literal in &self.added {
            let added = Array::of(&text).map(|array| array.added(&text, literal));
            let mut splices = Splices::default();
            for (at, added) in added.into_iter().flatten() {
                splices.replace(at..at, added);
            }
            text = splices.apply(&text);
        }
        text.split_off(KEY.len())
    }
}

/// What makes a document of a value.
const KEY: &str = "_ = ";

/// The headers of the array of tables at `path`.
pub(super) fn headers(document: &Document<'_>, path: &[&str]) -> Vec<usize> {
    if document.get(path).is_none() {
        // In an entry of another array.
        return Vec::new();
    }
    let index = &document.index;
    let is_entry =
        |&it: &usize| index.statements[it].kind == Kind::ArrayHeader && index.is_at(it, path);
    (0..index.statements.len()).filter(is_entry).collect()
}

/// The entries of an inline table, each as the text of a pair.
pub(super) fn pairs(table: &str) -> Option<Vec<String>> {
    let text = format!("{KEY}{table}");
    let document = Document::parse(text.as_bytes()).ok()?;
    let table = document.index.inline_tables.first()?;
    let entries = table.entries.iter();
    Some(
        entries
            .map(|entry| text[entry.span.clone()].to_owned())
            .collect(),
    )
}

/// Where an array stands in a text, and the values in it.
struct Array {
    span: Range<usize>,
    spans: Vec<Range<usize>>,
}

impl Array {
    /// The array that a text of one key holds.
    fn of(text: &str) -> Option<Self> {
        let document = toml_edit::Document::parse(text).ok()?;
        let (_, item) = document.iter().next()?;
        let array = item.as_array()?;
        let spans: Option<Vec<_>> = array.iter().map(Value::span).collect();
        Some(Self {
            span: array.span()?,
            spans: spans?,
        })
    }

    /// What to insert, and where, for one more element at the end of an array.
    fn added(&self, text: &str, literal: &str) -> Vec<(usize, String)> {
        let close = self.span.end - 1;
        let line = |at: usize, indent: &str| {
            let line_break = lines::line_break(text, at);
            format!("{line_break}{indent}{literal}")
        };
        let Some(last) = self.spans.last() else {
            let inside = &text[self.span.start + 1..close];
            let Some(last_break) = inside.rfind('\n') else {
                // `[ ]` becomes `[ "a" ]`.
                return vec![(close, format!("{literal}{inside}"))];
            };
            let at = lines::before_break(text, self.span.start + 1 + last_break + 1);
            let comment = inside.find('#').map(|at| self.span.start + 1 + at);
            let indent = match comment.filter(|&comment| begins_line(text, comment)) {
                Some(comment) => lines::indent(text, comment).to_owned(),
                None => format!("{}  ", lines::indent(text, close)),
            };
            return vec![(at, line(at, &indent) + ",")];
        };
        if !begins_line(text, last.start) {
            return vec![(last.end, format!(", {literal}"))];
        }
        let indent = lines::indent(text, last.start);
        if let Some(comma) = comma(text, last.end..close) {
            let at = end_of_line(text, comma + 1..close);
            return vec![(at, line(at, indent) + ",")];
        }
        let at = end_of_line(text, last.end..close);
        vec![(last.end, ",".to_owned()), (at, line(at, indent))]
    }

    /// What to cut for an element to be gone: what [`Self::added`] has inserted for it, or would have.
    fn cut(&self, text: &str, number: usize) -> Vec<Range<usize>> {
        let close = self.span.end - 1;
        let Some(element) = self.spans.get(number) else {
            return Vec::new();
        };
        let previous = number
            .checked_sub(1)
            .and_then(|number| self.spans.get(number));
        let next = self.spans.get(number + 1);
        let limit = next.map_or(close, |next| next.start);
        let own_comma = comma(text, element.end..limit);
        let end = own_comma.map_or(element.end, |comma| comma + 1);
        let line_start = lines::start(text, element.start);
        if begins_line(text, element.start) && line_start > self.span.start {
            let line_end = lines::end(text, end);
            let behind = text[end..line_end].trim_start_matches([' ', '\t']);
            let mut ranges = Vec::new();
            if behind.starts_with('#') {
                // Somebody's comment.
                ranges.push(element.start..line_end - behind.len());
            } else if let Some(next) = next.filter(|next| next.start < line_end) {
                ranges.push(element.start..next.start);
            } else {
                ranges.push(lines::before_break(text, line_start)..end);
            }
            // The last one stood behind the comma of the one before.
            if let (None, Some(previous)) = (own_comma, previous)
                && let Some(comma) = comma(text, previous.end..element.start)
            {
                ranges.push(comma..comma + 1);
            }
            return ranges;
        }
        let has_comment = |range: Range<usize>| text[range].contains('#');
        let whole = match (previous, next) {
            (Some(previous), _) if !has_comment(previous.end..element.start) => {
                previous.end..element.end
            }
            (None, Some(next)) if !text[end..next.start].contains('\n') => {
                element.start..next.start
            }
            (None, None) => {
                let before = &text[self.span.start + 1..element.start];
                // `[ "a" ]` becomes `[ ]`.
                let is_even = before == &text[end..close] && lines::is_blank(before);
                element.start..if is_even { close } else { end }
            }
            _ => element.start..end,
        };
        vec![whole]
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
