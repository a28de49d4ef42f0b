//! Text for people: colours, places in files, excerpts, columns.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use containerd_edit::Position;

pub(super) const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
pub(super) const ERROR: Style = RED.bold();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// So many keys are named in one line.
pub(super) const MOST_KEYS: usize = 4;
/// So much of a line is shown.
const EXCERPT: usize = 100;

/// A file by the name that the user gave it, if it is the config itself.
pub(super) fn shown<'p>(config: &'p Path, file: &'p Path) -> &'p Path {
    let is_config = std::path::absolute(config).is_ok_and(|main| main == *file);
    if is_config { config } else { file }
}

pub(super) fn place(path: &Path, at: Option<&Position>) -> String {
    match at {
        Some(at) => format!("{}:{at}", path.display()),
        None => path.display().to_string(),
    }
}

/// Names the first few, and says how many more there are.
pub(super) fn first_of(most: usize, names: &[impl Borrow<str>]) -> String {
    let first = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Puts together what belongs to the same, in the order in which each came first.
pub(super) fn grouped<K: PartialEq, V>(pairs: impl Iterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
    let mut groups: Vec<(K, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

/// A line that others may have written, without what a terminal obeys.
pub(super) fn printable(line: &str) -> String {
    let shown = |char: char| match char {
        '\t' => ' ',
        char if char.is_control() => char::REPLACEMENT_CHARACTER,
        char => char,
    };
    line.chars().map(shown).collect()
}

/// The same for several lines.
pub(super) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// The line of a position, with a mark below the column.
pub(super) fn excerpt(at: &Position) -> String {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    // Of a long line, the part around the column.
    let skipped = at.column.saturating_sub(EXCERPT / 2 + 1);
    let line = at.text.chars().skip(skipped).take(EXCERPT);
    let line = printable(&line.collect::<String>());
    let mark = " ".repeat(at.column.saturating_sub(1 + skipped));
    format!(
        "{margin} {CYAN}|{CYAN:#}\n{CYAN}{number} |{CYAN:#} {line}\n{margin} {CYAN}|{CYAN:#} {mark}{ERROR}^{ERROR:#}\n"
    )
}

/// Colours the lines of a diff.
pub(super) fn colored_diff(diff: &str) -> String {
    let mut text = String::with_capacity(diff.len());
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
            [b'+', ..] => GREEN,
            [b'-', ..] => RED,
            [b'@', ..] => CYAN,
            _ => Style::new(),
        };
        let content = line.trim_end_matches(['\n', '\r']);
        let end = &line[content.len()..];
        let _ = write!(text, "{style}{}{style:#}{end}", printable(content));
    }
    text
}

/// Lays rows out in columns.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
