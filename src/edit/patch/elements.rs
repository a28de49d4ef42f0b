//! Adding an element to an array in the array's own style, so that taking it out again gives back
//! the bytes.

use std::ops::Range;

use crate::toml::lines;

/// Where an array stands in a text, and the values in it.
pub(super) struct Elements {
    pub(super) span: Range<usize>,
    pub(super) spans: Vec<Range<usize>>,
}

impl Elements {
    /// What to insert, and where, for one more element at the end of an array.
    pub(super) fn added(&self, text: &str, literal: &str) -> Vec<(usize, String)> {
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
            let at = before_line_break(text, self.span.start + 1 + last_break + 1);
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
    pub(super) fn cut(&self, text: &str, number: usize) -> Vec<Range<usize>> {
        let close = self.span.end - 1;
        let element = &self.spans[number];
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
                ranges.push(before_line_break(text, line_start)..end);
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
        before_line_break(text, end)
    } else {
        range.start
    }
}

/// The offset before the line break that ends at `offset`.
fn before_line_break(text: &str, offset: usize) -> usize {
    let line = &text[..offset];
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line).len()
}
