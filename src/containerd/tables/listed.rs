//! Rules that are data are listed.

use crate::containerd::release::Releases;
use crate::containerd::shape::{Field, Shape};
use crate::containerd::{daemon, plugin, registry, rules, schema, syntax};

use super::asked::{effect, judged};
use super::page::{Page, code, meant_by, named};

pub(super) fn handler_keys(page: &mut Page) {
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

pub(super) fn exits(page: &mut Page) {
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

pub(super) fn parsers(page: &mut Page) {
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

pub(super) fn cri_off(page: &mut Page) {
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

pub(super) fn essential(page: &mut Page) {
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

pub(super) fn kinds(page: &mut Page) {
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
