//! The text of a new handler: a block of lines, or an entry of an inline table.

use toml_edit::{InlineTable, Value};

use crate::toml::render::{self, Quotes};
use crate::want::handler::Setting;

use super::edit::NewHandler;
use super::style::Style;

/// A handler's lines: provenance, header, keys, then each sub-table. Every line ends with `\n`.
pub(super) fn lines(style: &Style, handler: &NewHandler) -> String {
    let NewHandler {
        name,
        settings,
        provenance,
    } = handler;
    let mut block = String::new();
    let mut line = |indent: &str, text: &str| {
        block.push_str(indent);
        block.push_str(text);
        block.push('\n');
    };
    line(&style.header_indent, &provenance.comment());
    let mut tables: Vec<&[String]> = vec![&[]];
    for setting in settings {
        let (_, table) = split(setting);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    for table in tables {
        let mut header = format!(
            "{}.{}",
            style.prefix,
            render::header_key(name, style.quotes)
        );
        for segment in table {
            header.push('.');
            header.push_str(&render::header_key(segment, style.quotes));
        }
        let (indent, key_indent) = if table.is_empty() {
            (&style.header_indent, &style.key_indent)
        } else {
            (&style.table_indent, &style.table_key_indent)
        };
        line(indent, &format!("[{header}]"));
        for setting in settings.iter().filter(|setting| split(setting).1 == table) {
            line(
                key_indent,
                &pair(split(setting).0, setting.value(), style.quotes),
            );
        }
    }
    block
}

/// The last key of a setting and the path of its table below the handler.
pub(super) fn split(setting: &Setting) -> (&str, &[String]) {
    match setting.path().split_last() {
        Some((key, table)) => (key, table),
        None => ("", &[]),
    }
}

/// `key = value`
pub(super) fn pair(key: &str, value: &Value, quotes: Quotes) -> String {
    let key = render::key(key, quotes);
    format!("{key} = {}", render::value(value, quotes))
}

/// A handler as an inline table.
pub(super) fn inline(settings: &[Setting], quotes: Quotes) -> String {
    let mut table = InlineTable::new();
    for setting in settings {
        insert(&mut table, setting.path(), setting.value());
    }
    render::inline_table(&table, quotes)
}

fn insert(table: &mut InlineTable, path: &[String], value: &Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key, value.clone());
        }
        [key, rest @ ..] => {
            let entry = table
                .entry(key)
                .or_insert_with(|| Value::InlineTable(InlineTable::new()));
            if let Value::InlineTable(child) = entry {
                insert(child, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    #[test]
    fn each_table_of_a_handler_has_its_header() {
        given("version = 3\n[a]\n")
            .add_with("x", &["options.A=1", "options.b.'c d'=[]", "snapshotter=s"])
            .produces(
                "version = 3\n[a]\n\n# containerd-edit v1 owner=manual\n\
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.x]\n  \
                 runtime_type = \"t\"\n  \
                 snapshotter = \"s\"\n  \
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.x.options]\n    \
                 A = 1\n  \
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.x.options.b]\n    \
                 \"c d\" = []\n\n# containerd-edit v1 owner=manual\n\
                 [plugins.\"io.containerd.cri.v1.images\".runtime_platforms.x]\n  \
                 snapshotter = \"s\" # containerd-edit v1 owner=manual set \"s\" was absent\n",
            );
    }

    #[test]
    fn an_inline_handler_nests_its_tables() {
        given("version = 3\nplugins.'io.containerd.cri.v1.runtime' = { containerd = {} }\n")
            .add_with("x", &["options.A=1", "options.b.c=[]"])
            .produces(
                "version = 3\nplugins.'io.containerd.cri.v1.runtime' = { containerd = \
                 {runtimes.x = { runtime_type = \"t\", options = { A = 1, b = { c = [] } } }} }\n",
            );
    }
}
