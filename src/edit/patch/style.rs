//! How the file at hand is written: indentation, quotes, spacing, and where new text belongs.

use crate::toml::index::Kind;
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, lines};

use super::provenance;

/// The look of a new handler's block.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// The raw text of the `runtimes` table's path, as headers spell it.
    pub(crate) prefix: String,
    pub(crate) header_indent: String,
    pub(crate) key_indent: String,
    /// Indentation of the headers of a handler's sub-tables.
    pub(crate) table_indent: String,
    pub(crate) table_key_indent: String,
    pub(crate) quotes: Quotes,
    /// Whether handlers stand without empty lines between them.
    pub(crate) tight: bool,
}

impl Style {
    /// Reads the style for handlers below `runtimes` off the file.
    pub(crate) fn of(config: &Document<'_>, runtimes: &[&str]) -> Self {
        let depth = runtimes.len();
        let sibling = last_header(config, runtimes, depth + 1);
        let (header_indent, key_indent) = indents(config, runtimes, depth + 1);
        let (table_indent, table_key_indent) =
            if let Some(table) = last_header(config, runtimes, depth + 2) {
                let indent = indent_of(config, table).to_owned();
                (indent, body_indent(config, table))
            } else {
                let nested = nests_headers(config) && key_indent.len() > header_indent.len();
                let indent = if nested { &key_indent } else { &header_indent };
                (indent.clone(), format!("{indent}{}", unit(config)))
            };
        Self {
            prefix: raw_path(config, runtimes),
            header_indent,
            key_indent,
            table_indent,
            table_key_indent,
            quotes: quotes(config, sibling),
            tight: sibling.is_some_and(|sibling| stands_tight(config, sibling)),
        }
    }
}

/// The last `[header]` below `path` that is `depth` segments long.
fn last_header(config: &Document<'_>, path: &[&str], depth: usize) -> Option<usize> {
    let statements = &config.index.statements;
    (0..statements.len()).rev().find(|&number| {
        statements[number].kind == Kind::Header
            && statements[number].keys.len() == depth
            && config.index.is_below(number, path)
    })
}

/// The deepest `[header]` on the way to `path`.
fn deepest_header(config: &Document<'_>, path: &[&str]) -> Option<usize> {
    let statements = &config.index.statements;
    (0..statements.len())
        .filter(|&number| {
            let statement = &statements[number];
            statement.kind == Kind::Header
                && statement.keys.len() <= path.len()
                && config.index.shared(number, path) == statement.keys.len()
        })
        .max_by_key(|&number| statements[number].keys.len())
}

fn indent_of<'t>(config: &Document<'t>, statement: usize) -> &'t str {
    lines::indent(config.text, config.index.statements[statement].span.start)
}

/// The indentation of a header's own keys.
fn body_indent(config: &Document<'_>, header: usize) -> String {
    match config.index.body(header).next() {
        Some(pair) => indent_of(config, pair).to_owned(),
        None => format!("{}{}", indent_of(config, header), unit(config)),
    }
}

/// How much deeper than its header a key stands in this file.
fn unit<'t>(config: &Document<'t>) -> &'t str {
    (0..config.index.statements.len())
        .rev()
        .filter(|&number| config.index.statements[number].kind == Kind::Header)
        .find_map(|header| {
            let pair = config.index.body(header).next()?;
            indent_of(config, pair).strip_prefix(indent_of(config, header))
        })
        .unwrap_or("  ")
}

/// Whether deeper headers are indented more. A file with hardly a header says nothing: then yes,
/// as in what containerd itself prints.
fn nests_headers(config: &Document<'_>) -> bool {
    let headers = || {
        (0..config.index.statements.len())
            .filter(|&number| config.index.statements[number].kind == Kind::Header)
    };
    headers().nth(1).is_none() || headers().any(|header| !indent_of(config, header).is_empty())
}

/// Indentation for a new header of `depth` segments below `parent`, and for its keys.
pub(super) fn indents(config: &Document<'_>, parent: &[&str], depth: usize) -> (String, String) {
    let ancestor = deepest_header(config, parent);
    let child = || {
        let ancestor = &config.index.statements[ancestor?].keys;
        let path: Vec<&str> = ancestor.iter().map(|key| key.name.as_ref()).collect();
        last_header(config, &path, path.len() + 1)
    };
    if let Some(model) = last_header(config, parent, depth).or_else(child) {
        let indent = indent_of(config, model).to_owned();
        return (indent, body_indent(config, model));
    }
    let indent = match ancestor {
        Some(ancestor) if nests_headers(config) && !indent_of(config, ancestor).is_empty() => {
            body_indent(config, ancestor)
        }
        Some(ancestor) => indent_of(config, ancestor).to_owned(),
        None => String::new(),
    };
    let keys = format!("{indent}{}", unit(config));
    (indent, keys)
}

/// `path` as the file's headers spell it, as far as they do.
pub(super) fn raw_path(config: &Document<'_>, path: &[&str]) -> String {
    let statements = &config.index.statements;
    let model = last_header(config, path, path.len() + 1).or_else(|| deepest_header(config, path));
    let spelled = model.map_or(0, |model| statements[model].keys.len().min(path.len()));
    let mut raw = match model {
        Some(model) if spelled > 0 => {
            let keys = &statements[model].keys;
            config.text[keys[0].span.start..keys[spelled - 1].span.end].to_owned()
        }
        _ => String::new(),
    };
    for name in &path[spelled..] {
        if !raw.is_empty() {
            raw.push('.');
        }
        raw.push_str(&render::header_key(name, plugin_quotes(config)));
    }
    raw
}

/// The quotes around plugin IDs in the file's headers.
fn plugin_quotes(config: &Document<'_>) -> Quotes {
    config
        .index
        .statements
        .iter()
        .filter(|statement| statement.kind == Kind::Header && statement.keys.len() > 1)
        .map(|statement| &config.text[statement.keys[1].span.clone()])
        .find(|raw| raw.starts_with(['"', '\'']))
        .map_or(Quotes::Basic, Quotes::of)
}

/// The quotes of the sibling's first string, else of the file's first one.
fn quotes(config: &Document<'_>, sibling: Option<usize>) -> Quotes {
    let string = |number: usize| {
        let value = config.index.statements[number].value.clone();
        let raw = &config.text[value];
        raw.starts_with(['"', '\'']).then(|| Quotes::of(raw))
    };
    let of_sibling = sibling.and_then(|sibling| config.index.body(sibling).find_map(string));
    of_sibling
        .or_else(|| (0..config.index.statements.len()).find_map(string))
        .unwrap_or_default()
}

/// Whether no empty line stands above a header and its comments.
fn stands_tight(config: &Document<'_>, header: usize) -> bool {
    let mut start = config.statement_lines(header).start;
    let free_from = provenance::end_of_statement_before(config, header);
    while let Some(line) = lines::above(config.text, start) {
        if line.start < free_from || !lines::is_comment(&config.text[line.clone()]) {
            return !lines::is_blank(&config.text[line]);
        }
        start = line.start;
    }
    false
}

/// Whether the headers above `offset`, of at most so many segments, stand without empty lines between
/// them.
pub(super) fn is_tight_at(config: &Document<'_>, offset: usize, depth: usize) -> bool {
    let statements = config.index.statements.iter().enumerate();
    let headers = statements.filter(|(_, it)| it.kind != Kind::Pair && it.keys.len() <= depth);
    let above = headers.take_while(|(_, header)| header.span.start < offset);
    // The first header of a file has nothing to keep away from.
    let last = above.skip(1).last();
    last.is_some_and(|(header, _)| stands_tight(config, header))
}

/// Where new blocks for `path` go: the start of a line, or the end of the file.
///
/// Below everything that is below `path`, else below what is nearest to it, else at the end.
pub(super) fn offset_for_blocks(config: &Document<'_>, path: &[&str]) -> usize {
    let index = &config.index;
    let mut anchor = None;
    let mut nearest = 1;
    for statement in 0..index.statements.len() {
        let shared = index.shared(statement, path);
        if shared >= nearest {
            nearest = shared;
            anchor = Some(statement);
        }
    }
    let Some(anchor) = anchor.or(index.statements.len().checked_sub(1)) else {
        return config.text.len();
    };
    // A header in the middle of a table's body would take the rest of the body over.
    let last = index.body(anchor).next_back().unwrap_or(anchor);
    offset_below(config, last)
}

/// The end of a statement's lines and of the comments that directly follow, unless these belong to
/// the next header or to this tool.
pub(super) fn offset_below(config: &Document<'_>, statement: usize) -> usize {
    let end = config.statement_lines(statement).end;
    let mut below = end;
    while below < config.text.len() {
        let line = &config.text[below..lines::end(config.text, below)];
        if provenance::is_ours(line) {
            return end;
        }
        if !lines::is_comment(line) {
            return if lines::is_blank(line) { below } else { end };
        }
        below += line.len();
    }
    below
}

/// The start of a header's line, above the comments that touch it.
pub(super) fn offset_above(config: &Document<'_>, header: usize) -> usize {
    let mut start = config.statement_lines(header).start;
    let free_from = provenance::end_of_statement_before(config, header);
    while let Some(line) = lines::above(config.text, start) {
        if line.start < free_from || !lines::is_comment(&config.text[line.clone()]) {
            break;
        }
        start = line.start;
    }
    start
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    /// Adds the handler `a` to a version 4 file that ends like this.
    #[track_caller]
    fn adding(to: &str, produces: &str) {
        let config = |text: &str| {
            let runtimes = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";
            let text = text.replace("R.", &format!("{runtimes}."));
            let provenance = "# containerd-edit v1 owner=manual";
            format!("version = 4\n{}", text.replace("PROVENANCE", provenance))
        };
        given(&config(to)).add("a").produces(&config(produces));
    }

    #[test]
    fn a_new_handler_looks_like_its_siblings() {
        adding(
            "[plugins]\n\t[R.b]\n\t\tx = 'y'\n[z]\n",
            "[plugins]\n\t[R.b]\n\t\tx = 'y'\n\tPROVENANCE\n\t[R.a]\n\t\truntime_type = 't'\n[z]\n",
        );
        adding(
            "\n[R.b]\nx = \"y\"\n\n[z]\n",
            "\n[R.b]\nx = \"y\"\n\nPROVENANCE\n[R.a]\nruntime_type = \"t\"\n\n[z]\n",
        );
    }

    #[test]
    fn a_comment_below_the_last_sibling_stays_there() {
        adding(
            "\n[R.b]\nx = 'y'\n# z = 1\n\n[z]\n",
            "\n[R.b]\nx = 'y'\n# z = 1\n\nPROVENANCE\n[R.a]\nruntime_type = 't'\n\n[z]\n",
        );
        adding(
            "\n[R.b]\nx = 'y'\n# about z\n[z]\n",
            "\n[R.b]\nx = 'y'\n\nPROVENANCE\n[R.a]\nruntime_type = 't'\n# about z\n[z]\n",
        );
    }

    #[test]
    fn line_breaks_are_those_of_the_line_above() {
        adding(
            "\r\n[R.b]\r\nx = 'y'\r\n[z]\n",
            "\r\n[R.b]\r\nx = 'y'\r\n\r\nPROVENANCE\r\n[R.a]\r\nruntime_type = 't'\r\n[z]\n",
        );
    }
}
