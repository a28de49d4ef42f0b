//! The comments that say who wrote what: an on-disk format (`docs/on-disk-format.md`).
//!
//! A *provenance line* stands above a block that the tool wrote. A *marker* stands behind a value
//! that it replaced or added, and keeps what was there before. Comments of a grammar that is not
//! known here belong to somebody else and are never touched.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::toml::{Document, lines};
use crate::want::handler::Owner;

const PREFIX: &str = "# containerd-edit v1 ";
/// What every version of the grammar begins with.
const ANY_VERSION: &str = "# containerd-edit v";

/// Who wrote a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provenance {
    Owner(String),
    /// Nobody asked for it: containerd 1.x needs it beside what was asked for.
    Implied(Implied),
}

/// For whose sake an implied handler is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Implied {
    /// The built-in map was in force before: whoever is listed now needs it.
    ForAll,
    /// Handlers were listed without it before: it goes with the tool's own.
    ForOurs,
}

impl Implied {
    fn text(self) -> &'static str {
        match self {
            Self::ForAll => "implied",
            Self::ForOurs => "implied was unset",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::ForAll, Self::ForOurs]
            .into_iter()
            .find(|implied| implied.text() == text)
    }
}

impl Provenance {
    /// The comment, without a line break.
    pub(crate) fn comment(&self) -> String {
        match self {
            Self::Owner(owner) => format!("{PREFIX}owner={owner}"),
            Self::Implied(implied) => format!("{PREFIX}{}", implied.text()),
        }
    }

    fn read(line: &str) -> Option<Self> {
        let rest = line.trim().strip_prefix(PREFIX)?;
        if let Some(implied) = Implied::read(rest) {
            return Some(Self::Implied(implied));
        }
        let owner = rest.strip_prefix("owner=")?;
        owner
            .parse::<Owner>()
            .ok()
            .map(|owner| Self::Owner(owner.as_str().to_owned()))
    }

    /// The installer for whom a file was created: its first line says so.
    pub(crate) fn creator(bytes: &[u8]) -> Option<String> {
        let first = bytes.split(|&byte| byte == b'\n').next()?;
        match Self::read(str::from_utf8(first).ok()?)? {
            Self::Owner(owner) => Some(owner),
            Self::Implied(_) => None,
        }
    }

    /// The provenance line directly above a statement.
    ///
    /// Lines of the statement before are not looked at: the last line of a multi-line string may
    /// look like a comment.
    pub(crate) fn above(config: &Document<'_>, statement: usize) -> Option<(Range<usize>, Self)> {
        let start = config.statement_lines(statement).start;
        let line = lines::above(config.text(), start)?;
        let free_from = end_of_statement_before(config, statement);
        let provenance = Self::read(&config.text()[line.clone()])?;
        (line.start >= free_from).then_some((line, provenance))
    }
}

/// Where the lines begin that belong to no statement above.
pub(crate) fn end_of_statement_before(config: &Document<'_>, statement: usize) -> usize {
    statement
        .checked_sub(1)
        .map_or(0, |before| config.statement_lines(before).end)
}

/// Whether a line is a comment of this tool, of whatever version.
pub(crate) fn is_ours(line: &str) -> bool {
    line.trim_start().starts_with(ANY_VERSION)
}

/// Whether a line says who wrote the block below it.
pub(super) fn is_provenance(line: &str) -> bool {
    Provenance::read(line).is_some()
}

/// Whether a text may have a comment of this tool anywhere, of whatever version.
pub(crate) fn is_anywhere(text: &str) -> bool {
    text.contains(ANY_VERSION)
}

/// What was there before the tool wrote a value.
pub(crate) const UNSET: &str = "unset";
/// Neither the line nor the header above it was there.
pub(crate) const ABSENT: &str = "absent";

/// A comment behind a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker<'t> {
    /// The inline table before it holds an implied `runc` handler.
    Implied(Implied),
    /// `owner` wrote the value; before, it was `was`: the literal as it was written, or [`UNSET`]
    /// or [`ABSENT`].
    Was {
        owner: &'t str,
        /// What the owner wrote, where that is kept: whoever edits the value by hand may leave the
        /// marker behind it.
        set: Option<&'t str>,
        was: &'t str,
    },
}

impl Marker<'_> {
    /// The text of the marker, with the space before it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Implied(implied) => format!(" {PREFIX}{}", implied.text()),
            Self::Was { owner, set, was } => {
                let set = set.map(|set| format!(" set {set}")).unwrap_or_default();
                format!(" {PREFIX}owner={owner}{set} was {was}")
            }
        }
    }

    /// The markers behind the value of a statement, newest first, with the spans of their text.
    pub(crate) fn behind<'t>(
        config: &'t Document<'_>,
        statement: usize,
    ) -> Vec<(Range<usize>, Marker<'t>)> {
        let mut found = Vec::new();
        let mut at = config.index.statements[statement].span.end;
        let end = lines::end(config.text(), at);
        while let Some((length, marker)) = Marker::read(&config.text()[at..end]) {
            found.push((at..at + length, marker));
            at += length;
        }
        found
    }

    /// Reads a marker at the start of `text`, and its length.
    fn read(text: &str) -> Option<(usize, Marker<'_>)> {
        let trimmed = text.trim_start_matches([' ', '\t']);
        let rest = trimmed.strip_prefix(PREFIX)?;
        // The longer word first: it begins with the shorter one.
        let implied = [Implied::ForOurs, Implied::ForAll]
            .into_iter()
            .find_map(|implied| {
                let rest = rest.strip_prefix(implied.text())?;
                Some((Marker::Implied(implied), rest))
            });
        let (marker, rest) = implied.or_else(|| Marker::read_was(rest))?;
        let ends = rest.trim_start();
        // The user's comment may have stood tight behind the value.
        let complete = ends.is_empty() || ends.starts_with('#');
        complete.then_some((text.len() - rest.len(), marker))
    }

    fn read_was(text: &str) -> Option<(Marker<'_>, &str)> {
        let text = text.strip_prefix("owner=")?;
        let (owner, text) = text.split_once(' ')?;
        owner.parse::<Owner>().ok()?;
        let is_value = |literal: &str| literal.parse::<toml_edit::Value>().is_ok();
        let (set, text) = match text.strip_prefix("set ") {
            Some(text) => {
                let (set, rest) = text.split_at(literal_length(text));
                if !is_value(set) {
                    return None;
                }
                (Some(set), rest.strip_prefix(' ')?)
            }
            None => (None, text),
        };
        let text = text.strip_prefix("was ")?;
        let (was, rest) = text.split_at(literal_length(text));
        let is_legal = was == UNSET || was == ABSENT || is_value(was);
        is_legal.then_some((Marker::Was { owner, set, was }, rest))
    }

    /// Whether the marker can be read again: a comment ends with its line.
    pub(crate) fn keeps(&self) -> bool {
        let text = self.text();
        let read = Marker::read(&text).filter(|_| !text.contains(['\n', '\r']));
        read.is_some_and(|(length, marker)| length == text.len() && marker == *self)
    }
}

/// How long the value is that a text begins with, if it begins with one.
fn literal_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut end = 0;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                depth = depth.saturating_sub(1);
            }
            TokenKind::Comment | TokenKind::Newline | TokenKind::Eof => break,
            TokenKind::Whitespace if depth == 0 => break,
            _ => {}
        }
        end = token.span().end();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers(line: &str) -> Vec<String> {
        let config = Document::parse(line.as_bytes()).expect("test input is TOML");
        let markers = Marker::behind(&config, 0);
        markers
            .into_iter()
            .map(|(span, marker)| {
                assert!(line[span].ends_with(marker.text().trim_start()));
                match marker {
                    Marker::Implied(implied) => implied.text().to_owned(),
                    Marker::Was { owner, set, was } => {
                        let set = set.map(|set| format!("{set}<")).unwrap_or_default();
                        format!("{owner}:{set}{was}")
                    }
                }
            })
            .collect()
    }

    #[test]
    fn a_stack_of_markers_ends_at_the_users_own_comment() {
        let line = "d = \"n\" # containerd-edit v1 owner=gpu was \"ka#ta\" \
                    # containerd-edit v1 owner=kata was 'runc' # mine # containerd-edit v1 implied";
        assert_eq!(markers(line), ["gpu:\"ka#ta\"", "kata:'runc'"]);
    }

    #[test]
    fn what_the_owner_wrote_is_kept() {
        let line = "d = \"n\" # containerd-edit v1 owner=gpu set \"n # was 'x'\" was 'ka#ta' \
                    # containerd-edit v1 owner=kata set [1, 2] was unset # mine";
        let read = ["gpu:\"n # was 'x'\"<'ka#ta'", "kata:[1, 2]<unset"];
        assert_eq!(markers(line), read);
    }

    #[test]
    fn unset_absent_and_implied_are_words() {
        assert_eq!(
            markers("d = 1 # containerd-edit v1 owner=a was unset"),
            ["a:unset"]
        );
        assert_eq!(
            markers("d = 1 # containerd-edit v1 owner=a was absent\r\n"),
            ["a:absent"]
        );
        assert_eq!(markers("d = {} # containerd-edit v1 implied"), ["implied"]);
    }

    #[test]
    fn a_comment_may_stand_tight_behind_a_marker() {
        assert_eq!(
            markers("d = 1 # containerd-edit v1 owner=a was 'b'# mine"),
            ["a:'b'"]
        );
        assert_eq!(
            markers("d = 1 # containerd-edit v1 owner=a was unset# mine"),
            ["a:unset"]
        );
        assert_eq!(
            markers("d = {} # containerd-edit v1 implied# mine"),
            ["implied"]
        );
    }

    #[test]
    fn any_value_of_one_line_can_be_kept() {
        for was in [
            "true",
            "5",
            "1.5",
            "0x1f",
            "[1, \"a # b\", [] ]",
            "{ a.b = [1], c = '' }",
            "07:32:00",
        ] {
            let line = format!("d = 1 # containerd-edit v1 owner=a was {was} # mine");
            assert_eq!(markers(&line), [format!("a:{was}")]);
            let marker = |set, was| Marker::Was {
                owner: "a",
                set,
                was,
            };
            assert!(marker(None, was).keeps(), "{was}");
            assert!(marker(Some(was), UNSET).keeps(), "{was}");
        }
        for was in ["[\n]", "\"\"\"\na\"\"\"", "1 # one", ""] {
            let marker = |set, was| Marker::Was {
                owner: "a",
                set,
                was,
            };
            assert!(!marker(None, was).keeps(), "{was}");
            assert!(!marker(Some(was), UNSET).keeps(), "{was}");
        }
    }

    #[test]
    fn what_does_not_keep_to_the_grammar_is_not_ours() {
        for line in [
            "d = 1 # containerd-edit v2 owner=a was unset",
            "d = 1 # containerd-edit v1 owner=a was unset and more",
            "d = 1 # containerd-edit v1 owner=a was \"x\"y",
            "d = 1 # containerd-edit v1 owner=a was \"x",
            "d = 1 # containerd-edit v1 owner=a b was unset",
            "d = 1 # containerd-edit v1 owner=a was nothing",
            "d = 1 # containerd-edit v1 owner=a was [1",
            "d = 1 # containerd-edit v1 owner=a set 1",
            "d = 1 # containerd-edit v1 owner=a set unset was 1",
            "d = 1 # containerd-edit v1 owner=a set was 1",
            "d = 1 # containerd-edit v1 owner=a set 1  was 1",
            "d = 1 # containerd-edit v1 impliedly",
            "d = 1 # mine # containerd-edit v1 implied",
        ] {
            assert_eq!(markers(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn the_last_line_of_a_string_is_no_provenance() {
        let text = "x = \"\"\"\n# containerd-edit v1 implied\"\"\"\n[a]\n";
        let config = Document::parse(text.as_bytes()).expect("TOML");
        assert_eq!(Provenance::above(&config, 1), None);
        let text = "x = 1\n  # containerd-edit v1 owner=a/b\r\n[a]\n";
        let config = Document::parse(text.as_bytes()).expect("TOML");
        let above = Provenance::above(&config, 1).map(|(_, provenance)| provenance);
        assert_eq!(above, Some(Provenance::Owner("a/b".to_owned())));
    }
}
