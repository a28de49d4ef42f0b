//! The model as a document for people: `docs/containerd-compatibility.md`.
//!
//! Rules that are data are listed. What is code is asked: small configs are judged for every
//! release, so that the document can't say anything else than the model.

use std::fmt::Write;

use super::files::{ConfigFiles, FileState, Host};
use super::model::{Model, Verdict};
use super::plugin;
use super::release::{Release, Releases};
use super::shape::{Field, Shape};
use super::tree::{Data, Node};
use super::{daemon, registry, rules, schema, syntax};

const MAIN: &str = "/etc/containerd/config.toml";
const DROP_IN: &str = "/etc/containerd/conf.d/a.toml";
/// Imports [`DROP_IN`].
const IMPORTS: &str = "imports = ['/etc/containerd/conf.d/a.toml']";
const RUNC: &str = "runc = { runtime_type = 'io.containerd.runc.v2' }";
const CRUN: &str = "crun = { runtime_type = 'io.containerd.runc.v2' }";

/// The text of `docs/containerd-compatibility.md`.
#[must_use]
pub fn compatibility_tables() -> String {
    let mut page = Page(
        "# What containerd makes of a config, by release\n\n\
         Printed by `cargo run --example compatibility` from the rules of `src/containerd`, which \
         are held against what real daemons did (`fixtures/conformance`, `tests/containerd`). \
         Change the rules, not this file; [adding-a-release.md](adding-a-release.md) says where \
         each of them lives.\n\n\
         A line such as 2.1 stands for all of its patch releases. *Exits*: the daemon does not start. \
         *CRI off*: it starts without its CRI plugin, and the node goes NotReady.\n"
            .to_owned(),
    );
    versions(&mut page);
    plugin_ids(&mut page);
    built_in(&mut page);
    imports(&mut page);
    merging(&mut page);
    handler_keys(&mut page);
    exits(&mut page);
    parsers(&mut page);
    cri_off(&mut page);
    essential(&mut page);
    kinds(&mut page);
    page.0
}

/// A Markdown document that grows.
struct Page(String);

impl Page {
    fn section(&mut self, title: &str, text: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "\n## {title}\n");
        if !text.is_empty() {
            let _ = write!(self.0, "\n{text}\n");
        }
    }

    fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let _ = write!(
            self.0,
            "\n| {} |\n|{}\n",
            head.join(" | "),
            "---|".repeat(N)
        );
        for row in rows {
            let _ = writeln!(self.0, "| {} |", row.join(" | "));
        }
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Releases for people, from whether each of [`Release::each`] is meant.
fn named(is_meant: impl Fn(Release) -> bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    // The first and last of the whole lines in a row.
    let mut row: Option<(Release, Release)> = None;
    let mut is_all = true;
    let close = |row: &mut Option<(Release, Release)>, parts: &mut Vec<String>| match row.take() {
        Some((first, last)) if first == last => parts.push(first.to_string()),
        Some((first, last)) => parts.push(format!("{first}–{last}")),
        None => {}
    };
    for line in Release::LINES {
        let of_line: Vec<Release> = Release::each()
            .filter(|release| release.newest_of_line() == line)
            .collect();
        if of_line.iter().all(|release| is_meant(*release)) {
            row = Some((row.map_or(line, |(first, _)| first), line));
            continue;
        }
        is_all = false;
        close(&mut row, &mut parts);
        // Rules begin and end, but none comes back within a line.
        let mut meant = of_line.iter().filter(|release| is_meant(**release));
        let Some(first) = meant.next() else {
            continue;
        };
        let last = meant.next_back().unwrap_or(first);
        parts.push(match (first == &of_line[0], *last == line) {
            (true, _) => format!("{line} up to {last}"),
            (false, true) => format!("{line} from {first}"),
            (false, false) => format!("{first}–{last}"),
        });
    }
    close(&mut row, &mut parts);
    match parts.as_slice() {
        [] => "none".to_owned(),
        _ if is_all => "all".to_owned(),
        _ => parts.join(", "),
    }
}

fn meant_by(releases: Releases) -> String {
    named(|release| releases.contain(release))
}

/// What each release makes of something, the releases that agree taken together.
fn outcomes(of: impl Fn(Release) -> String) -> String {
    let found: Vec<(Release, String)> = Release::each()
        .map(|release| (release, of(release)))
        .collect();
    let mut different: Vec<&String> = Vec::new();
    for (_, outcome) in &found {
        if !different.contains(&outcome) {
            different.push(outcome);
        }
    }
    let parts: Vec<String> = different
        .into_iter()
        .map(|outcome| {
            let releases = named(|release| {
                let own = found.iter().find(|(known, _)| *known == release);
                own.is_some_and(|(_, own)| own == outcome)
            });
            format!("{releases}: {outcome}")
        })
        .collect();
    parts.join("<br>")
}

fn files(main: &str, drop_in: Option<&str>) -> ConfigFiles {
    let mut files = ConfigFiles::new(MAIN, main);
    if let Some(drop_in) = drop_in {
        files.insert(DROP_IN, FileState::Bytes(drop_in.into()));
        for glob in ["/etc/containerd/conf.d/*.toml", "/etc/containerd/conf.d/*"] {
            files.insert_glob(glob, vec![DROP_IN.into()]);
        }
    }
    files
}

/// What becomes of a config, in terms of the handlers that are loaded.
fn judged(main: &str, drop_in: Option<&str>, shown: impl Fn(&Verdict) -> String) -> String {
    let (files, host) = (files(main, drop_in), Host::default());
    let model = Model::new(&files, &host);
    outcomes(|release| shown(&model.verdict(release)))
}

fn effect(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Serves { .. } => "serves",
        Verdict::NoCri { .. } => "CRI off",
        Verdict::Exits { .. } => "exits",
    }
}

/// The names of the handlers, with those that have no shim marked.
fn handlers(verdict: &Verdict) -> String {
    let Verdict::Serves { handlers, .. } = verdict else {
        return effect(verdict).to_owned();
    };
    let names: Vec<String> = handlers
        .iter()
        .map(|(name, handler)| {
            let lack = if handler.runtime_type.is_empty() {
                " without a `runtime_type`"
            } else {
                ""
            };
            format!("`{name}`{lack}")
        })
        .collect();
    names.join(", ")
}

/// The line that gives a file its version.
fn version_line(version: i64) -> String {
    match version {
        0 => String::new(),
        version => format!("version = {version}\n"),
    }
}

fn shown_version(version: i64) -> String {
    match version {
        0 => "none".to_owned(),
        version => version.to_string(),
    }
}

/// The ID under which a file of this version lists handlers.
fn id_of(version: i64) -> &'static str {
    match version {
        ..2 => plugin::IDS[0],
        2 => plugin::IDS[1],
        _ => plugin::IDS[2],
    }
}

fn listing(id: &str, handlers: &[&str]) -> String {
    format!(
        "[plugins.'{id}'.containerd.runtimes]\n{}\n",
        handlers.join("\n")
    )
}

fn versions(page: &mut Page) {
    page.section(
        "Config versions",
        "What a release makes of a file with this `version`, which lists `runc` and `crun` under \
         the plugin ID of that version. Where it ignores the number, it looks for the wrong ID and \
         serves its built-in handler.",
    );
    let newest = Release::LINES.map(Release::newest_config_version);
    let newest = newest.into_iter().max().unwrap_or_default();
    page.table(
        ["version", "read by", "what becomes of it"],
        (-1..=newest + 1).map(|version| {
            let main = format!(
                "{}{}",
                version_line(version),
                listing(id_of(version), &[RUNC, CRUN])
            );
            [
                shown_version(version),
                if version < 0 {
                    "none".to_owned()
                } else {
                    named(|release| release.reads(version))
                },
                judged(&main, None, handlers),
            ]
        }),
    );
}

fn plugin_ids(page: &mut Page) {
    page.section(
        "Plugin IDs",
        "Which handlers are loaded, by the file's version and the plugin table that lists `runc` \
         and `crun`.",
    );
    let row = |version: i64| {
        let cell = |id: &str| {
            let main = format!("{}{}", version_line(version), listing(id, &[RUNC, CRUN]));
            judged(&main, None, handlers)
        };
        let [first, second, third] = plugin::IDS.map(cell);
        [shown_version(version), first, second, third]
    };
    let head = plugin::IDS.map(code);
    page.table(
        ["version", &head[0], &head[1], &head[2]],
        [0, 1, 2, 3, 4].map(row),
    );
    let [_, old, new] = plugin::IDS;
    let _ = write!(
        page.0,
        "\nWith both tables in one file, `{old}` listing `old` and `{new}` listing `new` (each \
         beside `runc`):\n"
    );
    page.table(
        ["version", "loaded"],
        [0, 1, 2, 3, 4].map(|version| {
            let main = format!(
                "{}{}{}",
                version_line(version),
                listing(old, &[RUNC, "old = { runtime_type = 't' }"]),
                listing(new, &[RUNC, "new = { runtime_type = 't' }"])
            );
            [shown_version(version), judged(&main, None, handlers)]
        }),
    );
}

fn built_in(page: &mut Page) {
    page.section(
        "The built-in handler",
        "Handlers that are loaded, by what a file of version 2 lists.",
    );
    let old = plugin::IDS[1];
    let cases = [
        ("nothing", String::new()),
        ("an empty `runtimes`", listing(old, &[])),
        ("`crun` alone", listing(old, &[CRUN])),
        ("`crun` and `runc`", listing(old, &[CRUN, RUNC])),
        (
            "`runc` without a `runtime_type`",
            listing(old, &["runc = { snapshotter = 'overlayfs' }"]),
        ),
        (
            "`crun` without a `runtime_type`, and `runc`",
            listing(old, &["crun = {}", RUNC]),
        ),
        (
            "`runc`, and a `default_runtime_name` that is not listed",
            format!(
                "[plugins.'{old}'.containerd]\ndefault_runtime_name = 'x'\n{}",
                listing(old, &[RUNC])
            ),
        ),
    ];
    page.table(
        ["listed", "loaded"],
        cases.map(|(what, text)| {
            let main = format!("version = 2\n{text}");
            [what.to_owned(), judged(&main, None, handlers)]
        }),
    );
}

fn imports(page: &mut Page) {
    page.section(
        "Imports",
        "Handlers that are loaded when the main file lists `runc` and `main`, and imports a file \
         that lists `runc` and `dropin`, each under the plugin ID of its own version.",
    );
    let pairs = [1, 2, 3, 4]
        .into_iter()
        .flat_map(|main| [0, 1, 2, 3, 4].map(|drop_in| (main, drop_in)));
    let rows = pairs.map(|(main_version, version)| {
        // Without a version of its own, a drop-in goes by the main file's.
        let id = id_of(if version == 0 { main_version } else { version });
        let main = format!(
            "{IMPORTS}\n{}{}",
            version_line(main_version),
            listing(
                id_of(main_version),
                &[RUNC, "main = { runtime_type = 't' }"]
            )
        );
        let drop_in = format!(
            "{}{}",
            version_line(version),
            listing(id, &[RUNC, "dropin = { runtime_type = 't' }"])
        );
        [
            shown_version(main_version),
            shown_version(version),
            judged(&main, Some(&drop_in), handlers),
        ]
    });
    page.table(["main file", "drop-in", "loaded"], rows);
    page.0
        .push_str("\nHow an import is found, in a file of version 2:\n");
    let written = [
        ("an absolute path", "/etc/containerd/conf.d/a.toml"),
        ("a relative path", "conf.d/a.toml"),
        ("an absolute glob", "/etc/containerd/conf.d/*.toml"),
        ("a relative glob", "conf.d/*.toml"),
        ("a glob without a match", "/etc/containerd/none/*.toml"),
        ("a glob without a `*`", "/etc/containerd/conf.d/?.toml"),
        ("a missing file", "/etc/containerd/missing.toml"),
        ("an empty string", ""),
        ("the main file itself", MAIN),
    ];
    let drop_in = format!("version = 2\n{}", listing(plugin::IDS[1], &[RUNC, CRUN]));
    page.table(
        ["import", "of a file that lists `runc` and `crun`"],
        written.map(|(what, import)| {
            let main = format!("version = 2\nimports = ['{import}']\n");
            [what.to_owned(), judged(&main, Some(&drop_in), handlers)]
        }),
    );
}

fn merging(page: &mut Page) {
    page.section(
        "Merge rules",
        "What holds after a main file and a drop-in, both of version 2, have set the same thing.",
    );
    let cases = [
        ("a text", "root = '/a'", "root = '/b'"),
        ("a text, emptied", "root = '/a'", "root = ''"),
        ("a number, set to 0", "oom_score = 1", "oom_score = 0"),
        (
            "a list",
            "required_plugins = ['a.b.c.d', 'a.b.c.e']",
            "required_plugins = ['a.b.c.e', 'a.b.c.f']",
        ),
        (
            "a table",
            "debug = { level = 'info', uid = 1 }",
            "debug = { format = 'json', uid = 0 }",
        ),
        (
            "`timeouts`",
            "timeouts = { a = '1s', b = '1s' }",
            "timeouts = { b = '2s' }",
        ),
        (
            "a proxy plugin",
            "proxy_plugins = { x = { type = 'snapshot', address = '/a' } }",
            "proxy_plugins = { x = { address = '/b' } }",
        ),
        (
            "keys of a plugin",
            "plugins = { 'a.b.c.d' = { x = 1 } }",
            "plugins = { 'a.b.c.d' = { y = 2 } }",
        ),
        (
            "a text of a plugin, emptied",
            "plugins = { 'a.b.c.d' = { x = 'a', y = 2 } }",
            "plugins = { 'a.b.c.d' = { x = '' } }",
        ),
        (
            "a list of a plugin",
            "plugins = { 'a.b.c.d' = { x = ['a', 'b'] } }",
            "plugins = { 'a.b.c.d' = { x = ['b', 'c'] } }",
        ),
        (
            "another plugin",
            "plugins = { 'a.b.c.d' = { x = 1 } }",
            "plugins = { 'a.b.c.e' = { y = 2 } }",
        ),
    ];
    let rows = cases.map(|(what, main, drop_in)| {
        let key = main.split(' ').next().unwrap_or_default();
        // 1.x takes no other plugin names.
        let named = |text: &str| text.replace("a.b.c.", "io.containerd.v1.");
        let text = format!("version = 2\n{IMPORTS}\n{}\n", named(main));
        let more = format!("version = 2\n{}\n", named(drop_in));
        let (files, host) = (files(&text, Some(&more)), Host::default());
        let model = Model::new(&files, &host);
        let merged = outcomes(|release| match model.load(release) {
            Ok(loaded) => loaded.top.get(key).map_or_else(
                || "not set".to_owned(),
                |node| code(&value(node).replace("io.containerd.v1.", "a.b.c.")),
            ),
            Err(reason) => reason.to_string(),
        });
        [what.to_owned(), code(main), code(drop_in), merged]
    });
    page.table(["what", "main file", "drop-in", "what holds"], rows);
}

/// A value in TOML's notation.
fn value(node: &Node) -> String {
    match &node.data {
        Data::Table(table) => {
            let entries: Vec<String> = table
                .iter()
                .map(|(key, node)| {
                    let quote = if key.contains('.') { "'" } else { "" };
                    format!("{quote}{key}{quote} = {}", value(node))
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Data::Array(array) => {
            let values: Vec<String> = array.iter().map(value).collect();
            format!("[{}]", values.join(", "))
        }
        Data::Text(text) => format!("'{text}'"),
        Data::Integer(integer) => integer.to_string(),
        Data::Float(float) => float.to_string(),
        Data::Boolean(boolean) => boolean.to_string(),
        Data::Datetime => "a date or time".to_owned(),
    }
}

fn handler_keys(page: &mut Page) {
    page.section(
        "Keys of a handler",
        "A value of another type ends the daemon, on the releases that read the key; others ignore \
         it. `options` is decoded by the shim, when a pod starts. Case: 2.x does not mind it, 1.x \
         takes a name in capitals where there is none as it should be.",
    );
    let Shape::Table(fields) = schema::HANDLER else {
        return;
    };
    page.table(
        ["key", "type", "read by"],
        fields.iter().map(|Field(name, shape, releases)| {
            [code(name), shape.wanted().to_owned(), meant_by(*releases)]
        }),
    );
}

fn exits(page: &mut Page) {
    page.section(
        "What ends the daemon",
        "Beside a file that does not parse, a key of the wrong type, a version as above, and a \
         missing import:",
    );
    page.table(
        ["what", "releases"],
        daemon::RULES
            .iter()
            .map(|rule| [rule.what.to_owned(), "all".to_owned()]),
    );
    page.0.push_str("\nAnd, as the model judges them:\n");
    let [_, old, new] = plugin::IDS;
    let cases = [
        (
            "a short name in `disabled_plugins`, version 2",
            "version = 2\ndisabled_plugins = ['opt']\n".to_owned(),
        ),
        (
            "a name that is not `io.containerd.…` in `disabled_plugins`, version 2",
            "version = 2\ndisabled_plugins = ['a.b.c.d']\n".to_owned(),
        ),
        (
            "a short name below `plugins`, version 2",
            "version = 2\n[plugins.opt]\n".to_owned(),
        ),
        (
            "a name that is not `io.containerd.…` below `plugins`, version 2",
            "version = 2\n[plugins.'a.b.c.d']\n".to_owned(),
        ),
        (
            "a required plugin that does not exist, version 2",
            "version = 2\nrequired_plugins = ['io.containerd.x.v1.y']\n".to_owned(),
        ),
        (
            "a required plugin that is disabled, version 2",
            format!("version = 2\nrequired_plugins = ['{old}']\ndisabled_plugins = ['{old}']\n"),
        ),
        (
            "CRI is required and off, version 2",
            format!(
                "version = 2\nrequired_plugins = ['{old}']\n[plugins.'{old}'.containerd]\n\
                 default_runtime_name = 'x'\n[plugins.'{new}'.containerd]\n\
                 default_runtime_name = 'x'\n"
            ),
        ),
        (
            "a plugin that is no table, version 2",
            "version = 2\nplugins.'io.containerd.internal.v1.opt' = 1\n".to_owned(),
        ),
        (
            "a handler that is no table, version 2",
            format!("version = 2\nplugins.'{old}'.containerd.runtimes.runc = 1\n"),
        ),
    ];
    page.table(
        ["what", "what becomes of it"],
        cases.map(|(what, main)| {
            let shown = judged(&main, None, |verdict| effect(verdict).to_owned());
            [what.to_owned(), shown]
        }),
    );
}

fn parsers(page: &mut Page) {
    page.section(
        "TOML that not every release parses",
        "All of it is TOML 1.1 to this tool. A release that refuses it exits.",
    );
    let mut seen = Vec::new();
    for (what, _) in syntax::refused() {
        if !seen.contains(&what) {
            seen.push(what);
        }
    }
    let refused_by = |what: &str| {
        let refuses = |release| {
            let mut rows = syntax::refused();
            rows.any(|(other, releases)| other == what && releases.contain(release))
        };
        named(refuses)
    };
    page.table(
        ["construct", "refused by"],
        seen.iter()
            .map(|what| [(*what).to_owned(), refused_by(what)]),
    );
}

fn cri_off(page: &mut Page) {
    page.section(
        "What turns CRI off",
        "The daemon starts, and says so in its log only.",
    );
    page.table(
        ["what", "releases"],
        rules::RULES
            .iter()
            .map(|rule| [rule.what.to_owned(), meant_by(rule.releases)]),
    );
}

fn essential(page: &mut Page) {
    page.section(
        "Plugins that CRI can't do without",
        "`disabled_plugins` with one of these turns CRI off.",
    );
    page.table(
        ["plugin", "releases"],
        registry::ESSENTIAL
            .iter()
            .map(|(id, releases)| [code(id), meant_by(*releases)]),
    );
}

fn kinds(page: &mut Page) {
    page.section("Proxy plugins and snapshotters", "Types of proxy plugins:");
    let row = |(name, releases): &(&str, Releases)| [code(name), meant_by(*releases)];
    page.table(
        ["type", "releases"],
        daemon::PROXIES
            .iter()
            .map(|(kind, _, releases)| row(&(kind, *releases))),
    );
    page.0.push_str(
        "\nSnapshotters that come with containerd, beside `overlayfs` and `native`, if the host \
         has what they need:\n",
    );
    page.table(
        ["snapshotter", "releases"],
        registry::SNAPSHOTTERS.iter().map(row),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_current() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/docs/containerd-compatibility.md"
        );
        let committed = std::fs::read_to_string(path).expect("the document");
        assert!(
            committed == compatibility_tables(),
            "out of date: cargo run --example compatibility > docs/containerd-compatibility.md"
        );
    }

    #[test]
    fn releases_are_named_by_line() {
        let from = |text: &str| text.parse::<Release>().expect(text);
        assert_eq!(meant_by(Releases::ALL), "all");
        assert_eq!(meant_by(Releases::ONE), "1.6–1.7");
        assert_eq!(meant_by(Releases::from(2, 3)), "2.3");
        assert_eq!(named(|_| false), "none");
        assert_eq!(
            named(|release| release < from("1.6.30")),
            "1.6 up to 1.6.29"
        );
        assert_eq!(
            named(|release| release >= from("1.7.17")),
            "1.7 from 1.7.17, 2.0–2.3"
        );
        assert_eq!(
            named(|release| release >= from("2.1.1") && release < from("2.1.4")),
            "2.1.1–2.1.3"
        );
    }
}
