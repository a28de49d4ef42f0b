//! Each table of a config in one of TOML's ways.

use super::Choices;
use super::tree::Node;

/// The lines under one header.
#[derive(Default)]
pub(super) struct Section {
    header: Option<String>,
    depth: usize,
    pairs: Vec<String>,
}

pub(super) struct Speller<'c, 'n> {
    pub(super) choices: &'c mut Choices<'n>,
    /// No empty lines.
    pub(super) tight: bool,
    pub(super) indent: &'static str,
    /// How much of it is inline and dotted: 0 is nothing.
    pub(super) inline: usize,
    pub(super) dotted: usize,
    /// How many comments and how much odd white space.
    pub(super) noise: usize,
    /// Whether some of them are this tool's: above a header they name its owner.
    pub(super) is_signed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    Headers,
    Dotted,
    Inline,
}

impl Speller<'_, '_> {
    fn spelling(&mut self) -> Spelling {
        if self.inline > 0 && self.choices.rarely(9 / self.inline) {
            Spelling::Inline
        } else if self.dotted > 0 && self.choices.rarely(6 / self.dotted) {
            Spelling::Dotted
        } else {
            Spelling::Headers
        }
    }

    fn key(&mut self, name: &str) -> String {
        let is_bare = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        match self.choices.below(12) {
            9 => format!("'{name}'"),
            10 => {
                let (first, rest) = name.split_at(1);
                format!("\"\\u{:04x}{rest}\"", first.as_bytes()[0])
            }
            11 => format!("\"{name}\""),
            _ if is_bare => name.to_owned(),
            _ => format!("\"{name}\""),
        }
    }

    /// Writes the table under its header, or leaves the header out where TOML allows it.
    fn table(
        &mut self,
        path: &[&'static str],
        table: &[(&'static str, Node)],
        sections: &mut Vec<Section>,
    ) {
        let has_tables = table.iter().any(|(_, node)| matches!(node, Node::Table(_)));
        let section = sections.len();
        let keys: Vec<String> = path.iter().map(|name| self.key(name)).collect();
        let dot = if self.noise > 1 && self.choices.rarely(9) {
            " . "
        } else {
            "."
        };
        let pad = if self.noise > 1 && self.choices.rarely(9) {
            " "
        } else {
            ""
        };
        sections.push(Section {
            header: Some(format!("[{pad}{}{pad}]", keys.join(dot))),
            depth: path.len() - 1,
            pairs: Vec::new(),
        });
        self.body(path, table, section, sections);
        let is_implicit = has_tables && self.choices.rarely(2);
        if is_implicit && sections[section].pairs.is_empty() && sections.len() > section + 1 {
            sections.remove(section);
        }
    }

    /// Writes what is in the table that `sections[section]` is the header of.
    pub(super) fn body(
        &mut self,
        path: &[&'static str],
        table: &[(&'static str, Node)],
        section: usize,
        sections: &mut Vec<Section>,
    ) {
        for (name, node) in table {
            let below: Vec<&'static str> = path.iter().copied().chain([*name]).collect();
            match node {
                Node::Value(text) => {
                    let pair = self.pair(name, text);
                    sections[section].pairs.push(pair);
                }
                Node::Table(table) => match self.spelling() {
                    Spelling::Headers => self.table(&below, table, sections),
                    Spelling::Dotted => {
                        let prefix = self.key(name);
                        self.dotted(&below, &prefix, table, section, sections);
                    }
                    Spelling::Inline => {
                        let text = self.inline(table, 0);
                        let pair = self.pair(name, &text);
                        sections[section].pairs.push(pair);
                    }
                },
            }
        }
    }

    /// Writes a table as dotted keys under the header of an ancestor.
    fn dotted(
        &mut self,
        path: &[&'static str],
        prefix: &str,
        table: &[(&'static str, Node)],
        section: usize,
        sections: &mut Vec<Section>,
    ) {
        if table.is_empty() {
            sections[section].pairs.push(format!("{prefix} = {{}}"));
        }
        for (name, node) in table {
            let below: Vec<&'static str> = path.iter().copied().chain([*name]).collect();
            let key = format!("{prefix}.{}", self.key(name));
            match node {
                Node::Value(text) => sections[section].pairs.push(format!("{key} = {text}")),
                Node::Table(table) => match self.spelling() {
                    Spelling::Inline => {
                        let text = self.inline(table, 0);
                        sections[section].pairs.push(format!("{key} = {text}"));
                    }
                    // A header below a dotted table: toml_edit takes it two levels down.
                    Spelling::Dotted if self.choices.rarely(4) => {
                        self.table(&below, table, sections);
                    }
                    _ => self.dotted(&below, &key, table, section, sections),
                },
            }
        }
    }

    fn pair(&mut self, name: &str, value: &str) -> String {
        let key = self.key(name);
        let equals = if self.choices.rarely(9) { "=" } else { " = " };
        format!("{key}{equals}{value}")
    }

    fn inline(&mut self, table: &[(&'static str, Node)], nested: usize) -> String {
        if table.is_empty() {
            return self.choices.of(&["{}", "{ }", "{  }"]).to_owned();
        }
        let mut entries = Vec::new();
        self.entries("", table, nested, &mut entries);
        // TOML 1.1, which only toml_edit and containerd 1.x take.
        if self.inline > 1 && self.choices.rarely(24) {
            return format!("{{\n  {}, # last\n}}", entries.join(",\n  "));
        }
        match self.choices.below(4) {
            1 => format!("{{{}}}", entries.join(",")),
            2 => format!("{{  {} }}", entries.join(" , ")),
            _ => format!("{{ {} }}", entries.join(", ")),
        }
    }

    fn entries(
        &mut self,
        prefix: &str,
        table: &[(&'static str, Node)],
        nested: usize,
        entries: &mut Vec<String>,
    ) {
        for (name, node) in table {
            match node {
                Node::Value(text) => entries.push(format!("{prefix}{}", self.pair(name, text))),
                Node::Table(table) if !table.is_empty() && self.choices.rarely(4) => {
                    let prefix = format!("{prefix}{}.", self.key(name));
                    self.entries(&prefix, table, nested, entries);
                }
                Node::Table(table) => {
                    let text = self.inline(table, nested + 1);
                    entries.push(format!("{prefix}{}", self.pair(name, &text)));
                }
            }
        }
    }

    /// Adds what other parts of a config may hold.
    pub(super) fn foreign(&mut self, sections: &mut Vec<Section>) {
        let section = |header: &str, pairs: &[&str]| Section {
            header: Some(header.to_owned()),
            depth: 0,
            pairs: pairs.iter().map(|&pair| pair.to_owned()).collect(),
        };
        if self.choices.rarely(8) {
            sections.push(section(
                "[[proxy]]",
                &["type = 'a'", "list = [\n  1, # one\n]"],
            ));
            sections.push(section("[[proxy]]", &[]));
            sections.push(section("[proxy.sub]", &["type = { of = [{ a = 1 }] }"]));
        }
        if self.choices.rarely(8) {
            let name = "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata";
            let texts = [
                format!("text = \"\"\"\n[{name}]\n# containerd-edit owner=manual\"\"\""),
                "text = '''\n# containerd-edit owner=implied\n'''".to_owned(),
                format!("text = [\"# no comment\", # one\n  '[{name}]' ]"),
                "text = \"\"\"\\\n\n   # containerd-edit owner=a\n\"\"\"".to_owned(),
            ];
            let at = self.choices.below(sections.len());
            sections[at]
                .pairs
                .push(texts[self.choices.below(4)].clone());
        }
    }

    pub(super) fn lines(&mut self, sections: &[Section]) -> String {
        let mut text = String::new();
        for section in sections {
            let indent = self.indent.repeat(section.depth);
            if let Some(header) = &section.header {
                if !self.tight && !text.is_empty() {
                    text.push('\n');
                }
                self.comments(&mut text, &indent);
                text.extend([indent.as_str(), header]);
                self.behind(&mut text);
            }
            let indent = match &section.header {
                Some(_) => format!("{indent}{}", self.indent),
                None => indent,
            };
            for pair in &section.pairs {
                self.comments(&mut text, &indent);
                text.extend([indent.as_str(), pair]);
                self.behind(&mut text);
            }
        }
        self.comments(&mut text, "");
        text
    }

    /// Comments and empty lines above a statement.
    fn comments(&mut self, text: &mut String, indent: &str) {
        if self.noise == 0 || !self.choices.rarely(8 / self.noise) {
            return;
        }
        for _ in 0..=self.choices.below(2) {
            if self.is_signed && self.choices.rarely(3) {
                text.extend([indent, "\t# containerd-edit owner=somebody \n"]);
                continue;
            }
            let line = self.choices.of(&[
                "# a comment",
                "",
                "  ",
                "#",
                "# containerd-edit has no owner= here",
                "# [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata]",
                "## containerd-edit owner=somebody",
                "# ünïcode €",
            ]);
            text.extend([indent, line, "\n"]);
        }
    }

    /// The rest of the line behind a statement.
    fn behind(&mut self, text: &mut String) {
        if self.noise > 0 && self.choices.rarely(12 / self.noise) {
            text.push_str(self.choices.of(&[
                " # a comment",
                " ",
                "\t",
                "# tight",
                " # containerd-edit owner=a",
            ]));
        }
        text.push('\n');
    }
}
