//! The manual pages: of the verbs, from the command line; of the files, from `docs`.

use std::path::Path;

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

/// Page, document, and what the page is about.
const OF_FILES: [[&str; 3]; 2] = [
    [
        "containerd-edit-patch",
        "patch-file.md",
        "the patch file that containerd-edit applies",
    ],
    [
        "containerd-edit-files",
        "on-disk-format.md",
        "the files that containerd-edit keeps beside a config",
    ],
];

/// The pages by their files' names.
pub(super) fn pages(mut command: Command) -> Vec<(String, String)> {
    command.build();
    let verbs: Vec<Command> = command.get_subcommands().cloned().collect();
    let mut pages = vec![("containerd-edit.1".to_owned(), of_command(&command))];
    for verb in verbs {
        let name = format!("containerd-edit-{}.1", verb.get_name());
        pages.push((name, of_command(&verb)));
    }
    for [name, document, about] in OF_FILES {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let text = std::fs::read_to_string(docs.join(document)).expect("the document");
        pages.push((format!("{name}.5"), of_document(name, about, &text)));
    }
    pages
}

/// The head of a page. No date, so that a second build gives the same bytes; names are not hyphenated.
fn head(name: &str, section: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH {name} {section} \"\" \"containerd-edit {version}\"");
    format!("{title}\n{}.nh\n.ad l\n", Roff::default().to_roff())
}

fn of_command(command: &Command) -> String {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let mut described = command.clone().mut_args(in_full).override_usage(usage);
    if command.has_subcommands() {
        // Nothing sets its own options apart.
        described = described.mut_args(|it| it.help_heading("Options"));
    }
    let man = Man::new(described.subcommand_help_heading("VERBS"));
    let mut page = Vec::new();
    man.render_name_section(&mut page).expect("text");
    man.render_synopsis_section(&mut page).expect("text");
    man.render_description_section(&mut page).expect("text");
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).expect("text");
    }
    man.render_options_section(&mut page).expect("text");
    let mut end = Roff::default();
    let after = command.get_after_long_help();
    after_help(
        &mut end,
        &after.map(ToString::to_string).unwrap_or_default(),
    );
    see_also(&mut end, name);
    let page = String::from_utf8(page).expect("UTF-8") + &end.to_roff();
    head(name, "1") + &without_preludes(&page)
}

/// What `-h` leaves out is in the page, and what a verb takes stands before its options.
fn in_full(argument: Arg) -> Arg {
    let help = argument.get_long_help().or(argument.get_help()).cloned();
    let argument = match argument.get_help_heading() {
        Some(_) => argument,
        None if argument.is_positional() => argument.help_heading("Arguments"),
        None => argument.help_heading("Options"),
    };
    let argument = argument.hide_short_help(false);
    argument.long_help(help.unwrap_or_default())
}

/// Each block of the help's end, as a section of its own.
fn after_help(roff: &mut Roff, text: &str) {
    for block in text.split("\n\n") {
        let (head, lines) = block.split_once('\n').unwrap_or((block, ""));
        match head.strip_suffix(':') {
            Some(head) if !lines.is_empty() && !head.contains('\n') => {
                // As in "Environment variables, which a flag overrides".
                let (head, more) = head.split_once(", ").unwrap_or((head, ""));
                roff.control("SH", [heading(head).as_str()]);
                if !more.is_empty() {
                    roff.text([roman(format!("Variables, {more}:"))]);
                    roff.control("PP", []);
                }
                as_it_is(roff, lines);
            }
            _ => {
                roff.control("PP", []);
                roff.text([roman(block.replace('\n', " "))]);
            }
        }
    }
}

/// A section's name as manual pages have it.
fn heading(head: &str) -> String {
    match head {
        "Exit codes" => "EXIT STATUS".to_owned(),
        "Environment variables" => "ENVIRONMENT".to_owned(),
        other => other.to_uppercase(),
    }
}

fn as_it_is(roff: &mut Roff, lines: &str) {
    roff.control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

fn see_also(roff: &mut Roff, name: &str) {
    let mut pages = vec!["containerd-edit(1)", "containerd-edit-patch(5)"];
    pages.extend(["containerd-edit-files(5)", "containerd(8)"]);
    pages.retain(|page| page.split('(').next() != Some(name));
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(pages.join(", "))]);
}

/// The page of a document in Markdown, as far as the documents use it.
fn of_document(name: &str, about: &str, text: &str) -> String {
    let mut roff = Roff::default();
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{name} - {about}"))]);
    roff.control("SH", ["DESCRIPTION"]);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("# "));
    lines.next();
    let mut table_head: Option<Vec<String>> = None;
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if !trimmed.starts_with('|') {
            table_head = None;
        }
        if let Some(head) = trimmed.strip_prefix("## ") {
            roff.control("SH", [plain(head).to_uppercase().as_str()]);
        } else if let Some(head) = trimmed.strip_prefix("### ") {
            roff.control("SS", [plain(head).as_str()]);
        } else if trimmed.starts_with("```") {
            let block = lines
                .by_ref()
                .take_while(|it| !it.trim().starts_with("```"));
            let block: Vec<&str> = block.collect();
            if trimmed == "```mermaid" {
                continue;
            }
            roff.control("PP", []);
            roff.control("RS", ["4"]);
            as_it_is(&mut roff, &block.join("\n"));
            roff.control("RE", []);
        } else if trimmed.starts_with('|') {
            let cells = cells(trimmed);
            match &table_head {
                None => table_head = Some(cells),
                Some(_)
                    if cells
                        .iter()
                        .all(|it| it.trim_matches(['-', ':']).is_empty()) => {}
                Some(_) => row(&mut roff, &cells),
            }
        } else if let Some(item) = trimmed.strip_prefix("- ") {
            roff.control("IP", ["\\(bu", "2"]);
            roff.text(inline(item));
        } else if let Some((number, item)) = numbered(trimmed) {
            roff.control("IP", [number, "4"]);
            roff.text(inline(item));
        } else if !trimmed.is_empty() && !trimmed.starts_with("<!--") {
            roff.control("PP", []);
            roff.text(inline(trimmed));
        }
    }
    see_also(&mut roff, name);
    head(name, "5") + &without_preludes(&roff.to_roff())
}

/// A row of a table: what it is about, and below it the rest.
fn row(roff: &mut Roff, cells: &[String]) {
    roff.control("TP", []);
    let (head, rest) = cells.split_first().expect("a cell");
    roff.text(inline(head));
    for (number, cell) in rest.iter().filter(|it| !it.is_empty()).enumerate() {
        if number > 0 {
            roff.control("br", []);
        }
        roff.text(inline(cell));
    }
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim_matches('|').replace("\\|", "\u{1}");
    let cells = row.split('|').map(|it| it.trim().replace('\u{1}', "|"));
    cells.collect()
}

fn numbered(line: &str) -> Option<(&str, &str)> {
    let (number, item) = line.split_once(". ")?;
    let is_number = !number.is_empty() && number.chars().all(|it| it.is_ascii_digit());
    is_number.then(|| (&line[..=number.len()], item))
}

/// `code` and **emphasis** in bold; of links their text.
fn inline(text: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            parts.push(bold(part));
            continue;
        }
        for (number, part) in without_links(part).split("**").enumerate() {
            let part = part.to_owned();
            parts.push(if number % 2 == 1 {
                bold(part)
            } else {
                roman(part)
            });
        }
    }
    parts
}

fn plain(text: &str) -> String {
    without_links(text).replace(['`', '*'], "")
}

/// A link's text may hold code: then its two halves are in different parts.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(&before.replacen('[', "", usize::from(before.contains('['))));
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

/// Each part begins with the same definitions: the page needs them once, and has its own head.
fn without_preludes(page: &str) -> String {
    let prelude = Roff::default().to_roff();
    page.replace(&prelude, "")
}
