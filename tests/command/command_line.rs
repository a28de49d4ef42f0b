//! `docs/command-line.md` has the options of every verb as its help has them.
//!
//! With `GOLDEN=overwrite` in the environment the tables are written instead of compared: read the
//! diff before you commit it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::help::{VERBS, help};

const BEGIN: &str = "<!-- help: ";
const END: &str = "<!-- end of help -->";

/// The groups of options that several verbs have, all of which `add` has too.
const GROUPS: [&str; 4] = ["Placement", "Edit", "Restart", "Global"];

/// An argument or option with its text.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    name: String,
    text: String,
}

impl Row {
    /// The option without its value, as in `--owner`.
    fn flag(&self) -> &str {
        let long = self.name.find("--").unwrap_or_default();
        self.name[long..]
            .split([' ', '['])
            .next()
            .unwrap_or_default()
    }
}

/// A verb's help.
struct Help {
    about: String,
    usage: String,
    /// The verb's own arguments and options.
    own: Vec<Row>,
    groups: BTreeMap<&'static str, Vec<Row>>,
}

impl Help {
    fn of(verb: &str) -> Self {
        let printed = help(verb, "--help");
        let (about, rest) = printed.split_once("\n\nUsage: ").expect("a usage line");
        let (usage, rest) = rest.split_once('\n').expect("options");
        let mut read = Self {
            about: paragraphs(about),
            usage: usage.to_owned(),
            own: Vec::new(),
            groups: BTreeMap::new(),
        };
        let mut rows = None;
        for line in rest.lines() {
            if !line.starts_with(' ') && !line.is_empty() {
                let title = line.trim_end_matches(':');
                rows = match title.strip_suffix(" options") {
                    Some(group) => {
                        let group = GROUPS.into_iter().find(|known| *known == group);
                        Some(read.groups.entry(group.expect("a group")).or_default())
                    }
                    None if ["Arguments", "Options"].contains(&title) => Some(&mut read.own),
                    None => None,
                };
            } else if let Some(rows) = &mut rows {
                add_line(rows, line);
            }
        }
        for rows in read.groups.values_mut().chain([&mut read.own]) {
            rows.retain(|row| row.flag() != "--help");
            for row in rows {
                row.text = paragraphs(row.text.trim_end());
            }
        }
        read
    }
}

/// Adds a line of the help to the row that it belongs to.
fn add_line(rows: &mut Vec<Row>, line: &str) {
    let name = line.trim_start();
    let is_name = !name.is_empty() && line.len() - name.len() < 10;
    if is_name {
        rows.push(Row {
            name: name.to_owned(),
            text: String::new(),
        });
    } else if let Some(row) = rows.last_mut() {
        row.text.push_str(name);
        row.text.push('\n');
    }
}

/// The paragraphs of a text, each a sentence, on one line.
fn paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let paragraph = paragraph.trim().replace('\n', " ");
        let stop = if paragraph.ends_with(['.', '…']) {
            ""
        } else {
            "."
        };
        paragraph + stop
    });
    paragraphs.collect::<Vec<_>>().join(" ")
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from("| | |\n|---|---|\n");
    for Row { name, text } in rows {
        let _ = writeln!(table, "| `{name}` | {text} |");
    }
    table
}

/// What the page says of a verb. Options of a group, and those that a verb above has in the same
/// words, are named only.
fn section(verb: &str, known: &mut BTreeMap<String, (String, Row)>) -> String {
    let help = Help::of(verb);
    let mut own = Vec::new();
    let mut also: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in help.own {
        match known.get(row.flag()) {
            Some((place, same)) if *same == row => {
                let flags = also.entry(place.clone()).or_default();
                flags.push(format!("`{}`", row.flag()));
            }
            _ => {
                let place = format!("[{verb}](#{verb})");
                known
                    .entry(row.flag().to_owned())
                    .or_insert((place, row.clone()));
                own.push(row);
            }
        }
    }
    let mut also: Vec<String> = also
        .into_iter()
        .map(|(place, flags)| format!("{} ({place})", flags.join(", ")))
        .collect();
    // Every verb has the global ones.
    let groups = GROUPS
        .iter()
        .filter(|it| **it != "Global" && help.groups.contains_key(*it));
    let groups: Vec<String> = groups.map(|group| group.to_lowercase()).collect();
    if !groups.is_empty() {
        also.push(format!("{} options", groups.join(", ")));
    }
    let mut section = format!("`{}`\n\n{}\n\n", help.usage, help.about);
    if !own.is_empty() {
        section += &table(&own);
        section.push('\n');
    }
    if !also.is_empty() {
        let _ = writeln!(section, "Also: {}.", also.join("; "));
    }
    section
}

/// What stands in the page for each marker.
fn sections() -> BTreeMap<String, String> {
    let groups = Help::of("add").groups;
    let mut sections = BTreeMap::new();
    let mut known = BTreeMap::new();
    for (group, rows) in groups {
        sections.insert(format!("{group} options"), table(&rows));
        for row in rows {
            let place = format!("{} options", group.to_lowercase());
            known.insert(row.flag().to_owned(), (place, row));
        }
    }
    for verb in VERBS.into_iter().filter(|verb| !verb.is_empty()) {
        sections.insert(verb.to_owned(), section(verb, &mut known));
    }
    sections
}

#[test]
fn the_options_of_the_command_line_page_are_those_of_the_help() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/command-line.md");
    let page = fs::read_to_string(&path).expect("the page");
    let mut sections = sections();
    let mut parts = page.split(BEGIN);
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").expect("a marker's end");
        let (_, rest) = rest.split_once(END).expect("the end of a section");
        let section = sections
            .remove(name)
            .unwrap_or_else(|| panic!("no help is called {name}"));
        let _ = write!(found, "{BEGIN}{name} -->\n{section}{END}{rest}");
    }
    let missing: Vec<&String> = sections.keys().collect();
    assert!(
        missing.is_empty(),
        "{} has no `{BEGIN}NAME -->` and `{END}` for {missing:?}",
        path.display()
    );
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        return fs::write(&path, found).expect("the page is written");
    }
    assert!(
        page == found,
        "out of date: GOLDEN=overwrite cargo test --test command command_line"
    );
}
