//! How a new header is written: as the headers around it are.

use super::document::Document;
use super::index::Kind;
use super::{lines, render};

/// The look of a header.
#[derive(Debug)]
pub(super) struct Look {
    /// What stands between the brackets.
    pub(super) name: String,
    pub(super) indentation: Indentation,
    /// Whether an empty line stands above.
    pub(super) is_spaced: bool,
}

/// The white space before a header and before its keys.
#[derive(Debug, Clone)]
pub(super) struct Indentation {
    pub(super) header: String,
    pub(super) keys: String,
}

impl Look {
    /// The look of a new table.
    pub(super) fn of(document: &Document, path: &[String]) -> Self {
        let index = &document.index;
        let known = known(document, path);
        let sibling = last_header(document, &path[..known], path.len());
        let parent = (1..=known)
            .rev()
            .find_map(|depth| index.header(&path[..depth]));
        let child = parent.and_then(|parent| {
            let depth = index.statements[parent].keys.len();
            last_header(document, &path[..depth], depth + 1)
        });
        // Without anything in common, its indentation says nothing.
        let model = sibling.filter(|_| known > 0).or(child);
        let indentation = match (model, parent) {
            (Some(model), _) => Indentation::of(document, model),
            (None, Some(parent)) => Indentation::of(document, parent).below(document),
            (None, None) => Indentation {
                header: String::new(),
                keys: unit(document).to_owned(),
            },
        };
        Self {
            name: name(document, model.or(parent), path),
            indentation,
            is_spaced: sibling.is_none_or(|sibling| is_spaced(document, sibling)),
        }
    }
}

impl Indentation {
    /// That of a header and its first key.
    pub(super) fn of(document: &Document, header: usize) -> Self {
        let own = document.indent(header);
        let first = document.index.body(header).next();
        Self {
            header: own.to_owned(),
            keys: first.map_or_else(
                || format!("{own}{}", unit(document)),
                |first| document.indent(first).to_owned(),
            ),
        }
    }

    /// That of a table at `path`, which is new as well, below one of this indentation.
    pub(super) fn of_child(&self, document: &Document, path: &[String]) -> Self {
        let known = known(document, path);
        let cousin = last_header(document, &path[..known], path.len()).filter(|_| known > 0);
        cousin.map_or_else(|| self.below(document), |cousin| Self::of(document, cousin))
    }

    /// That of a table below one of this indentation, as far as can be told from it.
    fn below(&self, document: &Document) -> Self {
        // One header that is not indented says nothing of those below.
        let nests = !self.header.is_empty() || document.index.headers().nth(1).is_none();
        let header = if nests { &self.keys } else { &self.header };
        Self {
            header: header.clone(),
            keys: format!("{header}{}", unit(document)),
        }
    }
}

/// How many segments of `path`, the last one not counted, lead to something that is there.
fn known(document: &Document, path: &[String]) -> usize {
    let index = &document.index;
    let shared = (0..index.statements.len()).map(|it| index.shared(it, path));
    shared.max().unwrap_or(0).min(path.len() - 1)
}

/// The last header below `path` that has `depth` segments.
fn last_header(document: &Document, path: &[String], depth: usize) -> Option<usize> {
    let statements = &document.index.statements;
    let is_it =
        |&it: &usize| statements[it].kind == Kind::Header && statements[it].keys.len() == depth;
    document.index.below(path).rfind(is_it)
}

/// How much deeper than its header a key stands in this file.
fn unit(document: &Document) -> &str {
    let found = document.index.headers().rev().find_map(|header| {
        let first = document.index.body(header).next()?;
        document.indent(first).strip_prefix(document.indent(header))
    });
    found.unwrap_or("  ")
}

/// `path` as a header has it, as far as `model` spells it.
pub(super) fn name(document: &Document, model: Option<usize>, path: &[String]) -> String {
    let spelled = model.map_or(0, |model| document.index.shared(model, path));
    let mut name = match model {
        Some(model) if spelled > 0 => document.raw_keys(model, spelled).to_owned(),
        _ => String::new(),
    };
    for segment in &path[spelled..] {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&render::header_key(segment, document.key_quotes()));
    }
    name
}

/// Whether no text stands right above a header and the comments that touch it.
fn is_spaced(document: &Document, header: usize) -> bool {
    let start = document.with_comments(header).start;
    let above = lines::above(document.text(), start);
    above.is_none_or(|line| lines::is_blank(&document.text()[line]))
}
