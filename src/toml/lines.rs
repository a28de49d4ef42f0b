//! Arithmetic on the lines of a text. Offsets are in bytes.

use std::ops::Range;

use crate::error::Position;

/// The byte order mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The start of the line that holds `offset`.
pub(crate) fn start(text: &str, offset: usize) -> usize {
    match text[..offset].rfind('\n') {
        Some(newline) => newline + 1,
        None if text.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
        None => 0,
    }
}

/// The end of the line that holds `offset`, its line break included.
pub(crate) fn end(text: &str, offset: usize) -> usize {
    text[offset..]
        .find('\n')
        .map_or(text.len(), |newline| offset + newline + 1)
}

/// The line that ends just before `offset`, if `offset` is a line start with a line above it.
pub(crate) fn above(text: &str, offset: usize) -> Option<Range<usize>> {
    let line_break = offset.checked_sub(1)?;
    (text.as_bytes().get(line_break) == Some(&b'\n')).then(|| start(text, line_break)..offset)
}

/// The white space that the line of `offset` begins with.
pub(crate) fn indent(text: &str, offset: usize) -> &str {
    let line = &text[start(text, offset)..];
    let length = line
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    &line[..length]
}

/// Whether the line holds nothing but white space.
pub(crate) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_whitespace())
}

/// Whether the line holds a comment alone.
pub(crate) fn is_comment(line: &str) -> bool {
    line.trim_start_matches([' ', '\t']).starts_with('#')
}

/// The line break that a line inserted at `offset` takes: that of the line before it, else the
/// file's first one.
pub(crate) fn line_break(text: &str, offset: usize) -> &'static str {
    let before = &text[..offset];
    let newline = before.rfind('\n').or_else(|| text.find('\n'));
    match newline {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The offset before the line break that ends at `offset`, or `offset` where none does.
pub(super) fn before_break(text: &str, offset: usize) -> usize {
    let line = &text[..offset];
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line).len()
}

/// Line, column and text of the line that holds `offset`.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    Breaks::of(text).position(text, offset)
}

/// Where the line breaks of a text are.
#[derive(Debug)]
pub(super) struct Breaks(Vec<usize>);

impl Breaks {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// As [`position`] in that text.
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = start(text, offset);
        Position {
            line: self.0.partition_point(|at| *at < offset) + 1,
            column: text[start.min(offset)..offset].chars().count() + 1,
            text: text[start..end(text, offset).max(start)]
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_belongs_to_no_line() {
        let text = "\u{feff}a = 1\nb = 2";
        assert_eq!(start(text, 5), 3);
        assert_eq!(position(text, 3).column, 1);
        assert_eq!(position(text, 0).column, 1);
        assert_eq!(position(text, 0).text, "a = 1");
    }

    #[test]
    fn columns_count_characters_and_lines_lose_their_break() {
        let at = position("x = 1\r\nÄÖ = 2\r\n", 12);
        assert_eq!((at.line, at.column), (2, 4));
        assert_eq!(at.text, "ÄÖ = 2");
    }

    #[test]
    fn lines_are_found_in_any_order() {
        let text = "a\nbc\n\nd";
        let breaks = Breaks::of(text);
        for (offset, line) in [(3, 2), (5, 3), (7, 4), (2, 2), (0, 1), (99, 4), (6, 4)] {
            assert_eq!(breaks.position(text, offset).line, line, "{offset}");
        }
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(position("ab", 99).column, 3);
        assert_eq!(position("", 0).line, 1);
    }

    #[test]
    fn the_line_above_needs_a_line_start() {
        assert_eq!(above("a\nb\n", 2), Some(0..2));
        assert_eq!(above("a\nb\n", 0), None);
        assert_eq!(above("a\nb\n", 1), None);
    }

    #[test]
    fn an_inserted_line_takes_the_break_of_the_line_before() {
        assert_eq!(line_break("a\r\nb\n", 3), "\r\n");
        assert_eq!(line_break("a\r\nb\n", 5), "\n");
        assert_eq!(line_break("a", 1), "\n");
    }
}
