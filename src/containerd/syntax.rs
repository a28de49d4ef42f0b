//! TOML that `toml_edit` accepts and some containerd release refuses.
//!
//! 1.x parses with go-toml v1, 2.x with go-toml v2, each with limits of its own. Measured rows:
//! `fixtures/conformance/toml-syntax.tsv`.

mod construct;
mod finder;

use crate::error::{Code, Error};
use crate::toml::index::Kind;
use crate::toml::{Document, ParseError};

use self::construct::Construct;
use super::release::{GO_TOML_2_4, Release, Releases};
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

const BEFORE_TOML_1_1: Releases = Releases::between(Release::new(0, 0, 0), GO_TOML_2_4);

/// Which releases refuse what, and why.
const REFUSALS: &[(Construct, Releases, &str)] = &[
    (
        Construct::ByteOrderMark,
        Releases::TWO,
        "a byte order mark at the start of the file",
    ),
    (
        Construct::HexEscape,
        BEFORE_TOML_1_1,
        "the escape \\x is TOML 1.1",
    ),
    (
        Construct::EscapeEscape,
        Releases::ONE,
        "the escape \\e is TOML 1.1",
    ),
    (
        Construct::MinuteTime,
        BEFORE_TOML_1_1,
        "a time without seconds is TOML 1.1",
    ),
    (
        Construct::LowercaseTime,
        Releases::ONE,
        "a lowercase t or z in a date-time",
    ),
    (Construct::DateAlone, Releases::ONE, "a date without a time"),
    (Construct::LeapSecond, Releases::ONE, "a 60th second"),
    (
        Construct::LeapSecondOfKnownKey,
        Releases::from(2, 3),
        "a 60th second in the value of a known key",
    ),
    (
        Construct::QuotesBeforeQuotes,
        Releases::ONE,
        "quotes directly before the closing quotes of a multi-line string",
    ),
    (
        Construct::InlineTableOfLines,
        Releases::between(Release::new(2, 0, 0), GO_TOML_2_4),
        "a line break inside an inline table is TOML 1.1",
    ),
    (
        Construct::CommaAtTheEnd,
        BEFORE_TOML_1_1,
        "a comma at the end of an inline table is TOML 1.1",
    ),
    (
        Construct::BracketInHeader,
        Releases::ONE,
        "a bracket inside a header's key",
    ),
    (
        Construct::QuoteInKey,
        Releases::ONE,
        "an escaped quote in a key",
    ),
    (
        Construct::HeaderOfDottedTable,
        Releases::TWO,
        "a header of a table that dotted keys have made",
    ),
    (
        Construct::SpaceAfterDot,
        Releases::ONE,
        "a key with a space behind a dot, and none before it",
    ),
    (
        Construct::CommaOnItsLine,
        Releases::ONE,
        "a comma at the start of a line in an inline table",
    ),
    (
        Construct::ZeroWithExponent,
        Releases::ONE,
        "a float that begins with 0e",
    ),
    (
        // The strict decoder looks for the key in the file and panics.
        Construct::EscapeInUnknownKey,
        Releases::between(Release::new(2, 0, 0), Release::new(2, 3, 0)),
        "an escape in the name of an unknown key",
    ),
];

/// What some releases refuse although the tool reads it.
pub(super) fn refused() -> impl Iterator<Item = (&'static str, Releases)> {
    REFUSALS
        .iter()
        .map(|(_, releases, reason)| (*reason, *releases))
}

/// The constructs of a file that not every release parses, with where they stand.
#[derive(Debug)]
pub(crate) struct Peculiarities(Vec<(Construct, usize)>);

impl Peculiarities {
    pub(crate) fn of(config: &Document) -> Self {
        let text = config.text();
        let mut found = Vec::new();
        if text.starts_with('\u{feff}') {
            found.push((Construct::ByteOrderMark, 0));
        }
        found.extend(finder::constructs(text));
        found.extend(leap_seconds_of_known_keys(config, &found));
        found.extend(headers_of_dotted_tables(config));
        found.extend(escapes_in_unknown_keys(config));
        Self(found)
    }

    /// Why this release does not parse the file, and where.
    pub(crate) fn refusal(&self, release: Release) -> Option<(&'static str, usize)> {
        let release = release.parser();
        self.0.iter().find_map(|(construct, offset)| {
            let (_, _, reason) = REFUSALS
                .iter()
                .find(|(known, releases, _)| known == construct && releases.contain(release))?;
            Some((*reason, *offset))
        })
    }
}

/// Headers of tables that dotted keys have made before.
fn headers_of_dotted_tables(config: &Document) -> Vec<(Construct, usize)> {
    let index = &config.index;
    let mut made = std::collections::HashSet::new();
    let mut found = Vec::new();
    for (number, statement) in index.statements.iter().enumerate() {
        let own = statement.keys.len();
        if statement.kind == Kind::Pair && own == 1 {
            continue;
        }
        let path: Vec<&str> = index.path(number).collect();
        if statement.kind == Kind::Pair {
            for depth in path.len() - own + 1..path.len() {
                made.insert(path[..depth].to_vec());
            }
        } else if made.contains(&path) {
            found.push((Construct::HeaderOfDottedTable, statement.span.start));
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
    for key in headers.flat_map(|header| &header.keys) {
        let raw = &text[key.span.clone()];
        if raw.starts_with('"') && raw.contains('\\') {
            read += &text[copied..key.span.start];
            read += &raw.replace('\\', "\\\\");
            copied = key.span.end;
        }
    }
    (copied > 0).then(|| read + &text[copied..])
}

/// 2.x looks at the values of keys that it knows only.
fn leap_seconds_of_known_keys(
    config: &Document,
    found: &[(Construct, usize)],
) -> Vec<(Construct, usize)> {
    let index = &config.index;
    let is_of_known_key = |offset: &usize| {
        let mut statements = index.statements.iter();
        let number = statements.position(|it| it.span.contains(offset));
        number.is_some_and(|number| schema::is_of_file(index.path(number)))
    };
    let leaps = found.iter().filter(|(it, _)| *it == Construct::LeapSecond);
    let offsets = leaps.map(|(_, offset)| *offset).filter(is_of_known_key);
    offsets
        .map(|offset| (Construct::LeapSecondOfKnownKey, offset))
        .collect()
}

/// Keys that no release knows, with an escape in their first or last part.
fn escapes_in_unknown_keys(config: &Document) -> Vec<(Construct, usize)> {
    let index = &config.index;
    let mut found = Vec::new();
    for (number, statement) in index.statements.iter().enumerate() {
        let text = config.text();
        let ends = [statement.keys.first(), statement.keys.last()];
        let mut ends = ends.into_iter().flatten();
        let is_escaped = ends.any(|key| {
            let raw = &text[key.span.clone()];
            raw.starts_with('"') && raw.contains('\\')
        });
        if is_escaped && !schema::is_of_file(index.path(number)) {
            found.push((Construct::EscapeInUnknownKey, statement.span.start));
        }
    }
    found
}
