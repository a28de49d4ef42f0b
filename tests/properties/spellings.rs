//! Configs in every TOML spelling.
//!
//! A config is a tree of tables first, and then each table is spelled in one of the ways that
//! TOML has: under a header, by dotted keys, inline. Both are drawn from a list of numbers, where
//! 0 is always the plainest choice, so that proptest shrinks a failure to a plain config.

use proptest::prelude::*;

/// Numbers to decide by. When they run out, every choice is the plainest one.
pub(crate) struct Choices<'n> {
    numbers: std::slice::Iter<'n, u8>,
}

impl<'n> Choices<'n> {
    pub(crate) fn new(numbers: &'n [u8]) -> Self {
        Self {
            numbers: numbers.iter(),
        }
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or(0)) % count
    }

    /// True once in `count` times.
    pub(crate) fn rarely(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Lists of numbers, for [`config`].
pub(crate) fn numbers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..240)
}

pub(crate) const VERSION_1: &str = "cri";
pub(crate) const VERSION_2: &str = "io.containerd.grpc.v1.cri";
pub(crate) const VERSION_3: &str = "io.containerd.cri.v1.runtime";

enum Node {
    /// The text of a value.
    Value(String),
    Table(Vec<(&'static str, Node)>),
}

fn value(text: &str) -> Node {
    Node::Value(text.to_owned())
}

/// The text of a config. Most of them are TOML, but not all: two spellings may not go together.
pub(crate) fn config(choices: &mut Choices<'_>) -> String {
    let root = root(choices);
    let mut speller = Speller {
        tight: choices.rarely(3),
        indent: choices.of(&["", "", "  ", "\t", "    "]),
        inline: choices.below(3),
        dotted: choices.below(3),
        noise: choices.below(3),
        choices,
    };
    let mut sections = vec![Section::default()];
    speller.body(&[], &root, 0, &mut sections);
    speller.foreign(&mut sections);
    if speller.choices.rarely(4) {
        for _ in 0..sections.len() {
            let (a, b) = (
                speller.choices.below(sections.len()),
                speller.choices.below(sections.len()),
            );
            // The root table has no header and stays first.
            if a > 0 && b > 0 {
                sections.swap(a, b);
            }
        }
    }
    let text = speller.lines(&sections);
    terminated(speller.choices, text)
}

fn root(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut root = Vec::new();
    let (version, own) = choices.of(&[
        (Some("2"), VERSION_2),
        (Some("3"), VERSION_3),
        (None, VERSION_1),
        (Some("1"), VERSION_1),
        (Some("4"), VERSION_3),
        (Some("0"), VERSION_1),
        (Some("0x2"), VERSION_2),
    ]);
    if let Some(version) = version {
        root.push(("version", value(version)));
    }
    if choices.rarely(4) {
        root.push(("root", value("'/var/lib/containerd'")));
    }
    let mut plugins = Vec::new();
    if choices.rarely(5) {
        let opt = vec![("path", value("'/opt'"))];
        plugins.push(("io.containerd.internal.v1.opt", Node::Table(opt)));
    }
    for id in [own, VERSION_1, VERSION_2, VERSION_3] {
        let is_there = if id == own {
            !choices.rarely(6)
        } else {
            choices.rarely(9)
        };
        if is_there && !plugins.iter().any(|(known, _)| *known == id) {
            plugins.push((id, Node::Table(plugin(choices))));
        }
    }
    if choices.rarely(5) {
        plugins.push(("zfs", Node::Table(Vec::new())));
    }
    if !plugins.is_empty() || choices.rarely(2) {
        root.push(("plugins", Node::Table(plugins)));
    }
    if choices.rarely(4) {
        let metrics = vec![("address", value("'127.0.0.1:1338'"))];
        root.push(("metrics", Node::Table(metrics)));
    }
    root
}

fn plugin(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut plugin = Vec::new();
    if choices.rarely(3) {
        plugin.push(("sandbox_image", value("\"pause:3.9\"")));
    }
    if choices.rarely(4) {
        let cni = vec![("bin_dir", value("'/opt/cni/bin'"))];
        plugin.push(("cni", Node::Table(cni)));
    }
    if !choices.rarely(5) {
        plugin.push(("containerd", Node::Table(containerd(choices))));
    }
    if choices.rarely(4) {
        let registry = vec![("config_path", value("''"))];
        plugin.push(("registry", Node::Table(registry)));
    }
    plugin
}

fn containerd(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut containerd = Vec::new();
    if choices.rarely(3) {
        containerd.push(("snapshotter", value("'overlayfs'")));
    }
    if choices.rarely(2) {
        let default = choices.of(&[
            "\"runc\"",
            "'runc'",
            "\"r\\u0075nc\"",
            "\"untrusted\"",
            "'''runc'''",
            "\"\"\"runc\"\"\"",
        ]);
        containerd.push(("default_runtime_name", value(default)));
    }
    if !choices.rarely(5) {
        let mut runtimes = Vec::new();
        if !choices.rarely(5) {
            runtimes.push(("runc", Node::Table(handler(choices))));
        }
        for name in ["untrusted", "crun", "a.b", "Upper case", "kata"] {
            if choices.rarely(5) {
                runtimes.push((name, Node::Table(handler(choices))));
            }
        }
        containerd.push(("runtimes", Node::Table(runtimes)));
    }
    if choices.rarely(6) {
        let untrusted = vec![("runtime_type", value("''"))];
        containerd.push(("untrusted_workload_runtime", Node::Table(untrusted)));
    }
    containerd
}

fn handler(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut handler = Vec::new();
    if !choices.rarely(5) {
        handler.push(("runtime_type", value("\"io.containerd.runc.v2\"")));
    }
    if choices.rarely(5) {
        handler.push(("pod_annotations", value("[\"a\", 'b']")));
    }
    if choices.rarely(2) {
        let mut options = Vec::new();
        if !choices.rarely(4) {
            options.push(("SystemdCgroup", value("true")));
        }
        if choices.rarely(4) {
            options.push(("BinaryName", value("'/usr/bin/runc'")));
        }
        if choices.rarely(7) {
            let deeper = vec![("key", value("1"))];
            options.push(("deeper", Node::Table(deeper)));
        }
        handler.push(("options", Node::Table(options)));
    }
    handler
}

/// The lines under one header.
#[derive(Default)]
struct Section {
    header: Option<String>,
    depth: usize,
    pairs: Vec<String>,
}

struct Speller<'c, 'n> {
    choices: &'c mut Choices<'n>,
    /// No empty lines.
    tight: bool,
    indent: &'static str,
    /// How much of it is inline and dotted: 0 is nothing.
    inline: usize,
    dotted: usize,
    /// How many comments and how much odd white space.
    noise: usize,
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
    fn body(
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
    fn foreign(&mut self, sections: &mut Vec<Section>) {
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
                format!("text = \"\"\"\n[{name}]\n# containerd-edit v1 owner=manual\"\"\""),
                "text = '''\n# containerd-edit v1 implied\n'''".to_owned(),
                format!("text = [\"# no comment\", # one\n  '[{name}]' ]"),
                "text = \"\"\"\\\n\n   # containerd-edit v1 owner=a\n\"\"\"".to_owned(),
            ];
            let at = self.choices.below(sections.len());
            sections[at]
                .pairs
                .push(texts[self.choices.below(4)].clone());
        }
    }

    fn lines(&mut self, sections: &[Section]) -> String {
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
            let line = self.choices.of(&[
                "# a comment",
                "",
                "  ",
                "#",
                "# containerd-edit v1 owner=somebody",
                "# [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata]",
                "# containerd-edit v2 whatever",
                "# containerd-edit v1 owner=somebody was unset",
                "# ünïcode €",
                "\t# containerd-edit v1 owner=somebody ",
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
                " # was unset",
                " # containerd-edit v2 owner=a was 'b'",
            ]));
        }
        text.push('\n');
    }
}

/// The text with the line ends, start and end that some files have.
fn terminated(choices: &mut Choices<'_>, mut text: String) -> String {
    match choices.below(8) {
        5 => text = text.replace('\n', "\r\n"),
        6 => {
            let mut mixed = String::new();
            for line in text.split_inclusive('\n') {
                mixed.push_str(line.trim_end_matches('\n'));
                mixed.push_str(choices.of(&["\n", "\r\n"]));
            }
            text = mixed;
        }
        _ => {}
    }
    match choices.below(8) {
        5 => text = text.trim_end_matches(['\r', '\n']).to_owned(),
        6 => text.push_str("\n \n"),
        7 => text.push_str("# the end"),
        _ => {}
    }
    if choices.rarely(12) {
        text.insert(0, '\u{feff}');
    }
    text
}
