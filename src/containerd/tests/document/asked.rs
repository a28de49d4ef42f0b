//! What is code is asked: small configs are judged for every release, so that the document can't
//! say anything else than the model.

use std::fmt::Write;

use crate::containerd::asked::Asked;
use crate::containerd::{ConfigFiles, FileState, Host, Model, Release, Verdict};

use super::page::{Page, code, named, outcomes};

/// CRI's plugin IDs: of config version 1, 2, and 3 and 4.
pub(super) const IDS: [&str; 3] = [
    "cri",
    "io.containerd.grpc.v1.cri",
    "io.containerd.cri.v1.runtime",
];

const MAIN: &str = "/etc/containerd/config.toml";
const DROP_IN: &str = "/etc/containerd/conf.d/a.toml";
/// Imports [`DROP_IN`].
const IMPORTS: &str = "imports = ['/etc/containerd/conf.d/a.toml']";
const RUNC: &str = "runc = { runtime_type = 'io.containerd.runc.v2' }";
const CRUN: &str = "crun = { runtime_type = 'io.containerd.runc.v2' }";

fn files(main: &str, drop_in: Option<&str>) -> ConfigFiles {
    let mut files = ConfigFiles::new(MAIN, main);
    if let Some(drop_in) = drop_in {
        files.insert(DROP_IN, FileState::Bytes(drop_in.into()));
        files.match_patterns();
    }
    files
}

/// What becomes of a config, in terms of the handlers that are loaded.
pub(super) fn judged(
    main: &str,
    drop_in: Option<&str>,
    shown: impl Fn(&Verdict) -> String,
) -> String {
    let (files, host) = (files(main, drop_in), Host::default());
    let model = Model::new(&files, &host);
    outcomes(|release| shown(&model.verdict(release)))
}

pub(super) fn effect(verdict: &Verdict) -> &'static str {
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
        ..2 => IDS[0],
        2 => IDS[1],
        _ => IDS[2],
    }
}

fn listing(id: &str, handlers: &[&str]) -> String {
    format!(
        "[plugins.'{id}'.containerd.runtimes]\n{}\n",
        handlers.join("\n")
    )
}

pub(super) fn versions(page: &mut Page) {
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

pub(super) fn plugin_ids(page: &mut Page) {
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
        let [first, second, third] = IDS.map(cell);
        [shown_version(version), first, second, third]
    };
    let head = IDS.map(code);
    page.table(
        ["version", &head[0], &head[1], &head[2]],
        [0, 1, 2, 3, 4].map(row),
    );
    let [_, old, new] = IDS;
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

pub(super) fn built_in(page: &mut Page) {
    page.section(
        "The built-in handler",
        "Handlers that are loaded, by what a file of version 2 lists.",
    );
    let old = IDS[1];
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

pub(super) fn imports(page: &mut Page) {
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
    let drop_in = format!("version = 2\n{}", listing(IDS[1], &[RUNC, CRUN]));
    page.table(
        ["import", "of a file that lists `runc` and `crun`"],
        written.map(|(what, import)| {
            let main = format!("version = 2\nimports = ['{import}']\n");
            [what.to_owned(), judged(&main, Some(&drop_in), handlers)]
        }),
    );
}

pub(super) fn merging(page: &mut Page) {
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
        let merged = outcomes(|release| {
            let release = Asked::new(release);
            let loaded = model.load(&release).expect("the files can be merged");
            let value = loaded.top[key].to_string();
            code(
                &value
                    .replace('"', "'")
                    .replace("io.containerd.v1.", "a.b.c."),
            )
        });
        [what.to_owned(), code(main), code(drop_in), merged]
    });
    page.table(["what", "main file", "drop-in", "what holds"], rows);
}
