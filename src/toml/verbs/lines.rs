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

/// Line, column and text of the line that holds `offset`.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    Positions::of(text).at(offset)
}

/// Positions in one text. Lines are counted on from the last one asked for, so that many in file
/// order take one pass.
pub(crate) struct Positions<'t> {
    text: &'t str,
    counted_to: usize,
    line: usize,
}

impl<'t> Positions<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self {
            text,
            counted_to: 0,
            line: 1,
        }
    }

    /// Line, column and text of the line that holds `offset`.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        let text = self.text;
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        if offset < self.counted_to {
            *self = Self::of(text);
        }
        let passed = text[self.counted_to..offset].bytes();
        self.line += passed.filter(|&byte| byte == b'\n').count();
        self.counted_to = offset;
        let start = start(text, offset);
        Position {
            line: self.line,
            column: text[start.min(offset)..offset].chars().count() + 1,
            text: text[start..end(text, offset).max(start)]
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        }
    }
}
