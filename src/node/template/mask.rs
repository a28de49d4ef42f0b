//! Directives of a Go template as comments of TOML, and back.
//!
//! A directive that stands alone on its line is masked by its first byte: `{{ template "base" . }}`
//! becomes `#{ template "base" . }}`, so that every offset stays. What stands inside a TOML string or
//! comment is text, and is left alone, unless it decides over more than that: Go knows of neither.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::error::{Code, Error, Position};
use crate::toml::lines;

const FROM_BASE: &str = "newer releases have a folder for drop-ins beside the \
                         template; or start from `{{ template \"base\" . }}` and keep only what \
                         differs";

/// The words that decide what becomes of other lines (Go's `text/template`).
const CONTROL: [&str; 9] = [
    "if", "else", "range", "with", "end", "define", "block", "break", "continue",
];
/// How a masked directive begins, and how somebody's comment might.
const MASKED: &str = "#{";
pub(super) const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// A template that a TOML parser can read.
#[derive(Debug)]
pub(super) struct Masked {
    pub(super) text: String,
    /// Of the lines that look masked, in their order: whether they are.
    flags: Vec<bool>,
    /// Where the line begins and ends that brings in the distribution's own part.
    pub(super) base: Option<(usize, usize)>,
    /// Why nothing may be added: a directive decides over other lines.
    pub(super) refused: Option<Error>,
}

impl Masked {
    /// Masks the directives of a template. One that decides over other lines is masked, too: what is
    /// taken out of the template is not its matter.
    ///
    /// # Errors
    ///
    /// [`Error`] if a directive is a part of a line.
    pub(super) fn of(template: &str) -> Result<Self, Error> {
        let mut text = String::with_capacity(template.len());
        let mut flags = Vec::new();
        let (mut base, mut refused) = (None, None);
        for line in template.split_inclusive('\n') {
            let start = text.len();
            let indent = line.len() - line.trim_start().len();
            let Some(rest) = line[indent..].strip_prefix(OPEN) else {
                if line[indent..].starts_with(MASKED) {
                    flags.push(false);
                }
                text.push_str(line);
                continue;
            };
            let at = || lines::position(template, start + indent);
            let alone = alone(rest).ok_or_else(|| inline(at()))?;
            let mut words = words(alone);
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("template"), Some("\"base\"" | "`base`"), Some("."), None) => {
                    if base.is_none() {
                        base = Some((start, start + line.len()));
                    } else {
                        let message =
                            "this brings the distribution's own part in for a second time";
                        let error = directive(message, "remove one of them");
                        refused.get_or_insert(error.position_at(at()));
                    }
                }
                (Some(word), ..) if CONTROL.contains(&word) => {
                    refused.get_or_insert(control(word, at()));
                }
                _ => {}
            }
            text.push_str(&line.replacen('{', "#", 1));
            flags.push(true);
        }
        let mut masked = Self {
            text,
            flags,
            base,
            refused: None,
        };
        masked.refused = refused.or(masked.check_strings_and_comments().err());
        Ok(masked)
    }

    /// Refuses what looks like text to TOML, and decides in Go what becomes of lines.
    fn check_strings_and_comments(&self) -> Result<(), Error> {
        for token in Source::new(&self.text).lex() {
            let span = token.span().start()..token.span().end();
            let at = |offset| lines::position(&self.text, offset);
            match token.kind() {
                TokenKind::MlLiteralString | TokenKind::MlBasicString => {
                    if let Some((base, _)) = self.base.filter(|(base, _)| span.contains(base)) {
                        return Err(inline(at(base)));
                    }
                }
                TokenKind::LiteralString | TokenKind::BasicString | TokenKind::Comment => {}
                _ => continue,
            }
            closed(&self.text[span.clone()]).map_err(|(offset, word)| {
                let at = at(span.start + offset);
                match word {
                    Some(word) => control(word, at),
                    None => inline(at),
                }
            })?;
        }
        Ok(())
    }

    /// Gives the directives of an edited text their first byte back. `None`: a line has gone that
    /// looks like one.
    pub(super) fn restore(&self, edited: &str) -> Option<String> {
        let mut flags = self.flags.iter();
        let mut restored = String::with_capacity(edited.len());
        for line in edited.split_inclusive('\n') {
            if line.trim_start().starts_with(MASKED) && *flags.next()? {
                restored.push_str(&line.replacen('#', "{", 1));
            } else {
                restored.push_str(line);
            }
        }
        flags.next().is_none().then_some(restored)
    }
}

/// The directives that an edited template has and the one before had not: the first of them, to the
/// end of its line at most. A value that was set aside into a comment has taken its directives along.
pub(super) fn new_directive<'t>(before: &str, after: &'t str) -> Option<&'t str> {
    let mut known: Vec<&str> = directives(before).collect();
    directives(after).find(|directive| {
        let found = known.iter().position(|known| known == directive);
        found.map(|found| known.swap_remove(found)).is_none()
    })
}

/// All directives, wherever they stand: Go knows of no strings and comments.
fn directives(template: &str) -> impl Iterator<Item = &str> {
    template.lines().flat_map(|line| {
        line.match_indices(OPEN).map(|(start, _)| {
            let close = line[start..].find(CLOSE);
            &line[start..close.map_or(line.len(), |close| start + close + CLOSE.len())]
        })
    })
}

/// A directive without its braces, if it ends on its line and nothing follows.
fn alone(rest: &str) -> Option<&str> {
    let (directive, behind) = rest.split_once(CLOSE)?;
    behind.trim().is_empty().then_some(directive)
}

/// The words of a directive.
fn words(directive: &str) -> impl Iterator<Item = &str> {
    let directive = directive.strip_prefix('-').unwrap_or(directive);
    let directive = directive.strip_suffix('-').unwrap_or(directive);
    directive.split_whitespace()
}

/// Whether the directives in a text decide over nothing behind it. Otherwise: where one of them
/// stands, and its word if it is one of control.
fn closed(text: &str) -> Result<(), (usize, Option<&str>)> {
    let mut open = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(OPEN).map(|found| from + found) {
        let inside = start + OPEN.len();
        let Some(length) = text[inside..].find(CLOSE) else {
            return Err((start, None));
        };
        let word = words(&text[inside..inside + length]).next();
        match word.unwrap_or_default() {
            "if" | "range" | "with" => open.push((start, word)),
            "else" if !open.is_empty() => {}
            "end" if open.pop().is_some() => {}
            // It would bring lines in.
            "template" => return Err((start, None)),
            control if CONTROL.contains(&control) => return Err((start, word)),
            _ => {}
        }
        from = inside + length + CLOSE.len();
    }
    open.first().map_or(Ok(()), |&first| Err(first))
}

/// A template can't be edited because of a directive. It is never changed then.
pub(super) fn directive(message: impl Into<String>, hint: &str) -> Error {
    Error::new(Code::TemplateDirective, message, hint)
}

/// A directive decides what becomes of other lines.
fn control(word: &str, at: Position) -> Error {
    let message = format!(
        "the directive `{word}` decides what becomes of other lines, which only the \
             distribution knows"
    );
    directive(message, FROM_BASE).position_at(at)
}

/// A directive is part of a line that is not a string.
pub(super) fn inline(at: Position) -> Error {
    let message = "a directive is part of this line: what it becomes only the distribution knows";
    directive(message, FROM_BASE).position_at(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(template: &str) -> (String, usize, usize) {
        let error = Masked::of(template).map(|masked| masked.refused);
        let error = error.unwrap_or_else(Some).expect(template);
        let at = error.position().expect("a place");
        (error.to_string(), at.line, at.column)
    }

    #[test]
    fn directives_of_their_own_line_are_comments() {
        let template = "  {{- template \"base\" . -}}\r\n#{ mine\n{{/* note */}}\n{{ .Extra }}\nx = \"{{ .Y }}\"\n";
        let masked = Masked::of(template).expect("masked");
        assert_eq!(
            masked.text,
            "  #{- template \"base\" . -}}\r\n#{ mine\n#{/* note */}}\n#{ .Extra }}\nx = \"{{ .Y }}\"\n"
        );
        assert_eq!(masked.base, Some((0, 29)));
        assert_eq!(masked.restore(&masked.text).as_deref(), Some(template));
        let edited = format!("# new\n{}[a]\n", masked.text);
        let restored = format!("# new\n{template}[a]\n");
        assert_eq!(masked.restore(&edited), Some(restored));
        assert_eq!(masked.restore("#{ mine\n"), None, "a line is missing");
    }

    #[test]
    fn what_decides_over_other_lines_is_refused_with_its_place() {
        for word in CONTROL {
            let (message, line, column) = refused(&format!("a = 1\n  {{{{- {word} .X }}}}\n"));
            assert!(message.contains(word), "{message}");
            assert_eq!((line, column), (2, 3));
        }
        assert_eq!(refused("{{ .A }} x = 1\n").1, 1);
        assert_eq!(refused("{{ .A\n}}\n").1, 1);
        assert_eq!(
            refused("{{ template \"base\" . }}\n{{ template \"base\" . }}").1,
            2
        );
    }

    #[test]
    fn what_looks_like_text_to_toml_alone_is_refused_with_its_place() {
        for (template, line, column) in [
            ("# {{ if .X }}\n[a]\n# {{ end }}\n", 1, 3),
            ("[a] # {{- else -}}\n", 1, 7),
            ("a = \"{{ range .X }}\"\nb = '{{ end }}'\n", 1, 6),
            ("# x {{ template \"base\" . }}\n", 1, 5),
            ("a = 1 # {{ .X\n", 1, 9),
            ("a = \"\"\"\n{{ template \"base\" . }}\n\"\"\"\n", 2, 1),
        ] {
            let (_, found_line, found_column) = refused(template);
            assert_eq!((found_line, found_column), (line, column), "{template}");
        }
    }

    #[test]
    fn what_decides_over_nothing_else_is_text() {
        for template in [
            "a = \"{{ if .X }}b{{ else }}c{{ end }}\" # {{ .Y }}\n",
            "# {{/* if */}} }} {\n",
            "# {{/* {{ if .X }} */}}\n",
            "a = '{{ \"{{ end }}\" }}'\n",
            "a = '''\n{{ .X }}\n'''\n",
        ] {
            let masked = Masked::of(template).expect(template);
            assert_eq!(masked.restore(&masked.text).as_deref(), Some(template));
        }
    }

    #[test]
    fn a_directive_is_new_where_it_is_one_more() {
        let before = "{{ template \"base\" . }}\na = '{{ .X }}{{ .Y }}'\n";
        for (after, new) in [
            (before, None),
            ("", None),
            ("a = 1 # was '{{ .X }}{{ .Y }}'\n", None),
            ("{{ .Y }}{ .X }}", None),
            ("{{ .X }}\n{{ .X }}", Some("{{ .X }}")),
            ("a = '{{ .Z }}' # b", Some("{{ .Z }}")),
            ("a = '{{' # b\n}}", Some("{{' # b")),
            ("{{{ .X }}", Some("{{{ .X }}")),
        ] {
            assert_eq!(new_directive(before, after), new, "{after}");
        }
    }

    proptest! {
        #[test]
        fn masking_and_restoring_is_the_identity(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "{{ template \"base\" . }}\n", "#{ template \"base\" . }}\n", "{{ .X }}\r\n",
                    "  {{/* a */}}\n", "#{\n", "[a]\n", "x = '{{ .Y }}'\n", "\n", "# }}\n", "{{}}",
                ]),
                0..9,
            )
        ) {
            let template = lines.concat();
            if let Ok(masked) = Masked::of(&template) {
                prop_assert_eq!(masked.text.len(), template.len());
                prop_assert_eq!(masked.restore(&masked.text), Some(template));
            }
        }
    }
}
