//! TOML that `toml` accepts and some containerd release refuses.
//!
//! 1.x parses with go-toml v1, 2.x with go-toml v2, each with limits of its own. Measured rows:
//! `fixtures/conformance/toml-syntax.tsv`.

mod construct;
mod finder;

use crate::error::{Code, Error};
use crate::toml::index::{Kind, Segment};
use crate::toml::{Document, ParseError};

use self::construct::Construct;
use super::asked::Asked;
use super::schema;

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        let hint = if error.is_too_deep {
            "nest this value less deeply; containerd itself has no such limit"
        } else {
            "fix this line; containerd reads the file only when it starts, so it may still be running \
             with an older one"
        };
        Self::new(Code::NotToml, error.to_string(), hint).position_at(error.at)
    }
}

/// What some releases refuse although the tool reads it.
#[cfg(test)]
pub(super) fn refused() -> impl Iterator<Item = (&'static str, super::release::Releases)> {
    construct::ALL.iter().map(|it| (it.reason, it.refusing))
}

/// A construct, and where it stands.
pub(super) type Found = (Construct, usize);

/// The constructs of a file that not every release parses.
pub(super) fn peculiarities(config: &Document) -> Vec<Found> {
    let mut found = Vec::new();
    if config.text().starts_with('\u{feff}') {
        found.push((construct::BYTE_ORDER_MARK, 0));
    }
    found.extend(finder::constructs(config));
    found.extend(leap_seconds_of_known_keys(config, &found));
    found.extend(headers_of_dotted_tables(config));
    found.extend(escapes_in_unknown_keys(config));
    found
}

/// Why a release does not parse a file with these constructs, and where.
pub(super) fn refusal(found: &[Found], release: &Asked) -> Option<(&'static str, usize)> {
    let refused = |(it, _): &&Found| release.parses_as(it.refusing);
    found.iter().find(refused).map(|(it, at)| (it.reason, *at))
}

/// Headers of tables that dotted keys have made before.
fn headers_of_dotted_tables(config: &Document) -> Vec<Found> {
    let index = &config.index;
    let mut made = std::collections::HashSet::new();
    let mut found = Vec::new();
    for (number, statement) in index.statements.iter().enumerate() {
        let path = || index.path(number);
        if statement.kind == Kind::Pair {
            let depths = (1..statement.keys.len()).map(|below| path().count() - below);
            made.extend(depths.map(|depth| path().take(depth).collect::<Vec<&str>>()));
        } else if !made.is_empty() && made.contains(&path().collect::<Vec<&str>>()) {
            found.push((construct::HEADER_OF_DOTTED_TABLE, statement.span.start));
        }
    }
    found
}

/// The text in whose headers each backslash is a letter: go-toml v1 reads no escapes there. `None`
/// where no header has one.
pub(super) fn without_escapes_in_headers(config: &Document) -> Option<String> {
    let text = config.text();
    let headers = config.index.statements.iter();
    let headers = headers.filter(|statement| statement.kind != Kind::Pair);
    let mut read = String::new();
    let mut copied = 0;
    let keys = headers.flat_map(|header| config.index.segments(&header.keys));
    for key in keys.filter(|key| is_escaped(text, key)) {
        read += &text[copied..key.span.start];
        read += &text[key.span.clone()].replace('\\', "\\\\");
        copied = key.span.end;
    }
    (copied > 0).then(|| read + &text[copied..])
}

fn is_escaped(text: &str, key: &Segment) -> bool {
    let raw = &text[key.span.clone()];
    raw.starts_with('"') && raw.contains('\\')
}

/// 2.x looks at the values of keys that it knows only.
fn leap_seconds_of_known_keys(config: &Document, found: &[Found]) -> Vec<Found> {
    let index = &config.index;
    let is_of_known_key = |offset: usize| {
        let mut statements = index.statements.iter();
        let number = statements.position(|it| it.span.contains(&offset));
        number.is_some_and(|number| schema::is_of_file(index.path(number)))
    };
    let leaps = found.iter().filter(|(it, _)| *it == construct::LEAP_SECOND);
    let leaps = leaps.filter(|(_, offset)| is_of_known_key(*offset));
    leaps
        .map(|(_, offset)| (construct::LEAP_SECOND_OF_KNOWN_KEY, *offset))
        .collect()
}

/// Keys that no release knows, with an escape in their first or last part.
fn escapes_in_unknown_keys(config: &Document) -> impl Iterator<Item = Found> {
    let index = &config.index;
    let statements = index.statements.iter().enumerate();
    let unknown = statements.filter(|(number, statement)| {
        let keys = index.segments(&statement.keys);
        let mut ends = keys.first().into_iter().chain(keys.last());
        ends.any(|key| is_escaped(config.text(), key)) && !schema::is_of_file(index.path(*number))
    });
    unknown.map(|(_, statement)| (construct::ESCAPE_IN_UNKNOWN_KEY, statement.span.start))
}
