//! Finding how a table is spelled, and adding keys to it in that spelling.

use std::fmt::Write as _;

use crate::toml::index::{InlineTable, Kind};
use crate::toml::{Document, lines, render, rest_after};

use super::edit::Edit;
use super::error;
use super::provenance::Marker;
use super::style::{self, Style};
use crate::error::Error;

/// A key that is not there yet, as text.
pub(super) struct NewKey<'k> {
    pub(super) name: &'k str,
    pub(super) value: String,
    /// Goes behind the value (or behind the inline table that takes the key).
    pub(super) marker: Option<Marker<'k>>,
}

/// How a table, or the nearest ancestor of it that exists, is spelled.
pub(super) enum Place<'d, 't> {
    /// Inside an inline table; `depth` segments lead to it.
    Inline {
        table: &'d InlineTable<'t>,
        depth: usize,
    },
    /// Under its own `[header]`.
    Body { header: usize, depth: usize },
    /// By dotted keys under another header; `pair` is the last of them.
    Dotted { pair: usize, depth: usize },
    /// By the headers of its sub-tables alone; `header` is the first of them.
    Implicit { header: usize, depth: usize },
}

/// The deepest real inline table on the way to `path`.
pub(super) fn inline_table<'d, 't>(
    config: &'d Document<'t>,
    path: &[&str],
) -> Option<&'d InlineTable<'t>> {
    config
        .index
        .inline_tables
        .iter()
        .filter(|table| rest_after(path, &table.path).is_some())
        .max_by_key(|table| table.path.len())
}

/// Finds how the table at `path` is spelled. Ancestors of fewer than `shortest` segments are not
/// looked at, unless they are inline tables, which hold all that is below them.
pub(super) fn find<'d, 't>(
    config: &'d Document<'t>,
    path: &[&str],
    shortest: usize,
) -> Option<Place<'d, 't>> {
    if let Some(table) = inline_table(config, path) {
        let depth = table.path.len();
        return Some(Place::Inline { table, depth });
    }
    let index = &config.index;
    (shortest..=path.len()).rev().find_map(|depth| {
        let path = &path[..depth];
        if let Some(header) = index.header(path) {
            return Some(Place::Body { header, depth });
        }
        let below = || (0..index.statements.len()).filter(|&at| index.is_below(at, path));
        let crosses = |&at: &usize| {
            let header = index.statements[at].header;
            let under = header.map_or(0, |header| index.statements[header].keys.len());
            index.statements[at].kind == Kind::Pair && under < depth
        };
        if let Some(pair) = below().rfind(crosses) {
            return Some(Place::Dotted { pair, depth });
        }
        let header = below().find(|&at| index.statements[at].kind == Kind::Header)?;
        Some(Place::Implicit { header, depth })
    })
}

impl<'d, 't> Edit<'d, 't> {
    /// Adds keys to the table at `path`, at the place that [`find`] gave.
    pub(super) fn add_keys(
        &mut self,
        place: &Place<'d, 't>,
        path: &[&str],
        style: &Style,
        keys: &[NewKey<'_>],
    ) -> Result<(), Error> {
        let config = self.config;
        let pairs = |prefix: &str, indent: &str| {
            let mut text = String::new();
            for key in keys {
                let name = render::key(key.name, style.quotes);
                let marker = key.marker.as_ref().map(Marker::text).unwrap_or_default();
                let _ = writeln!(text, "{indent}{prefix}{name} = {}{marker}", key.value);
            }
            text
        };
        let raw = |statement: usize, from: usize, to: usize| {
            let keys = &config.index.statements[statement].keys;
            &config.text[keys[from].span.start..keys[to].span.end]
        };
        let dotted = |rest: &[&str]| {
            let rest = rest
                .iter()
                .map(|name| render::key(name, style.quotes) + ".");
            rest.collect::<String>()
        };
        match *place {
            Place::Inline { table, depth } => {
                for key in keys {
                    let prefix = dotted(&path[depth..]);
                    let name = render::key(key.name, style.quotes);
                    self.add_entry(table, format!("{prefix}{name} = {}", key.value))?;
                    if let Some(marker) = &key.marker {
                        self.add_marker(table.statement, marker);
                    }
                }
            }
            Place::Body { header, depth } if depth == path.len() => {
                let last = config.index.body(header).next_back();
                let indent = match config.index.body(header).next() {
                    Some(pair) => self.indent(pair),
                    None => style.key_indent.as_str(),
                };
                let offset = config.statement_lines(last.unwrap_or(header)).end;
                self.splices.add_pairs(offset, pairs("", indent));
            }
            Place::Dotted { pair, depth } => {
                let statement = &config.index.statements[pair];
                let under = statement
                    .header
                    .map_or(0, |header| config.index.statements[header].keys.len());
                let prefix = raw(pair, 0, depth - under - 1);
                let prefix = format!("{prefix}.{}", dotted(&path[depth..]));
                let offset = config.statement_lines(pair).end;
                let indent = self.indent(pair);
                self.splices.add_pairs(offset, pairs(&prefix, indent));
            }
            Place::Body { header, depth } | Place::Implicit { header, depth } => {
                let name = raw(header, 0, depth - 1);
                let pairs = pairs("", &style.table_key_indent);
                let text = new_table(style, name, &path[depth..], &pairs);
                let offset = if matches!(place, Place::Implicit { .. }) {
                    style::offset_above(config, header)
                } else {
                    let last = config.index.body(header).next_back();
                    style::offset_below(config, last.unwrap_or(header))
                };
                self.splices.add_lines(offset, text);
            }
        }
        Ok(())
    }

    /// Adds an entry to an inline table.
    pub(super) fn add_entry(
        &mut self,
        table: &InlineTable<'t>,
        entry: String,
    ) -> Result<(), Error> {
        self.check_editable(table)?;
        self.entries
            .entry(table.span.start)
            .or_default()
            .push(entry);
        Ok(())
    }

    /// Refuses an inline table of several lines: a comment in it would move to another entry, and
    /// containerd 2.x does not read it anyway.
    pub(super) fn check_editable(&self, table: &InlineTable<'t>) -> Result<(), Error> {
        if table.multi_line {
            return Err(error::multi_line_table(
                &render::dotted(&table.path, render::Quotes::Basic),
                self.config.position(table.span.start),
            ));
        }
        Ok(())
    }

    /// Puts a marker behind the value of a statement, before older ones.
    pub(super) fn add_marker(&mut self, statement: usize, marker: &Marker<'_>) {
        let end = self.config.index.statements[statement].span.end;
        self.splices.replace(end..end, marker.text());
    }

    fn indent(&self, statement: usize) -> &'d str {
        let start = self.config.index.statements[statement].span.start;
        lines::indent(self.config.text, start)
    }
}

fn new_table(style: &Style, ancestor: &str, rest: &[&str], pairs: &str) -> String {
    let mut header = ancestor.to_owned();
    for name in rest {
        header.push('.');
        header.push_str(&render::header_key(name, style.quotes));
    }
    format!("{}[{header}]\n{pairs}", style.table_indent)
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;
    use crate::error::Code;

    const RUNTIMES: &str = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";

    /// Adds `options.K=1` to a handler `a` that is spelled like this.
    #[track_caller]
    fn adding_an_option(handler: &str, produces: &str) {
        let config = |text: &str| format!("version = 3\n{}", text.replace('R', RUNTIMES));
        given(&config(handler))
            .add_with("a", &["options.K=1"])
            .produces(&config(produces));
    }

    /// Behind a key that was added.
    const UNSET: &str = "# containerd-edit v1 owner=manual set 1 was unset";

    #[test]
    fn a_key_goes_where_its_table_is() {
        adding_an_option(
            "[R.a]\nruntime_type = 't'\n[R.a.options]\n\n[z]\n",
            &format!("[R.a]\nruntime_type = 't'\n[R.a.options]\nK = 1 {UNSET}\n\n[z]\n"),
        );
        adding_an_option(
            "[R]\na.runtime_type = 't'\na.options.x = 1\nb.x = 1\n",
            &format!(
                "[R]\na.runtime_type = 't'\na.options.x = 1\na.options.K = 1 {UNSET}\nb.x = 1\n"
            ),
        );
        adding_an_option(
            "R.a = { runtime_type = 't', options = { x = 1 } } # mine\n",
            "R.a = { runtime_type = 't', options = { x = 1, K = 1 } } # mine\n",
        );
    }

    #[test]
    fn a_missing_table_is_spelled_like_its_parent() {
        adding_an_option(
            "[R.a]\nruntime_type = 't'\n# about z\n[z]\n",
            "[R.a]\nruntime_type = 't'\n\n# containerd-edit v1 owner=manual\n[R.a.options]\n\
             K = 1 # containerd-edit v1 owner=manual set 1 was absent\n# about z\n[z]\n",
        );
        adding_an_option(
            "R.a.runtime_type = 't'\n[z]\n",
            &format!("R.a.runtime_type = 't'\nR.a.options.K = 1 {UNSET}\n[z]\n"),
        );
        adding_an_option(
            "R.a = { runtime_type = 't' }\n",
            "R.a = { runtime_type = 't', options.K = 1 }\n",
        );
        adding_an_option(
            "[z]\n[R.a.options.deeper]\n[R.a]\nruntime_type = 't'\n",
            "[z]\n[R.a.options.deeper]\n\n# containerd-edit v1 owner=manual\n[R.a.options]\n\
             K = 1 # containerd-edit v1 owner=manual set 1 was absent\n[R.a]\nruntime_type = 't'\n",
        );
    }

    #[test]
    fn an_inline_table_of_several_lines_is_refused() {
        let config = format!("version = 3\n{RUNTIMES} = {{\n}}\n");
        let error = given(&config).add("a").is_refused();
        assert_eq!(error.code(), Code::NotEditable, "{error}");
    }
}
