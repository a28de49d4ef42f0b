//! What is data is listed.

use crate::containerd::loaded::Rule;
use crate::containerd::release::Releases;
use crate::containerd::shape::Field;
use crate::containerd::{daemon, registry, rules, schema, syntax};

use super::asked::{IDS, effect, judged};
use super::page::{Page, code, named};

/// What facts are about, and the releases for which each holds.
fn rows(facts: impl Iterator<Item = (&'static str, Releases)>) -> Vec<[String; 2]> {
    let facts: Vec<(&str, Releases)> = facts.collect();
    let mut whats: Vec<&str> = facts.iter().map(|(what, _)| *what).collect();
    // What was taken back and came again is in two.
    whats.dedup();
    let of = |what: &str| {
        named(|release| {
            let mut facts = facts.iter();
            facts.any(|(it, releases)| *it == what && releases.contain(release))
        })
    };
    whats
        .iter()
        .map(|what| [(*what).to_owned(), of(what)])
        .collect()
}

/// The same of rules.
fn rows_of_rules<Find>(rules: &[Rule<Find>]) -> Vec<[String; 2]> {
    let rules = rules.iter();
    rows(rules.map(|Rule(what, releases, _)| (*what, *releases)))
}

/// The same with names.
fn rows_of_names(
    facts: impl Iterator<Item = (&'static str, Releases)>,
) -> impl Iterator<Item = [String; 2]> {
    let rows = rows(facts).into_iter();
    rows.map(|[name, releases]| [code(&name), releases])
}

pub(super) fn handler_keys(page: &mut Page) {
    page.section(
        "Keys of a handler",
        "A value of another type ends the daemon, on the releases that read the key; others ignore \
         it. `options` is decoded by the shim, when a pod starts. Case: 2.x does not mind it, 1.x \
         takes a name in capitals where there is none as it should be.",
    );
    let rows = schema::HANDLER.fields().iter();
    let rows = rows.map(|Field(name, shape, releases)| {
        let read_by = named(|release| releases.contain(release));
        [code(name), shape.wanted().to_owned(), read_by]
    });
    page.table(["key", "type", "read by"], rows);
}

pub(super) fn exits(page: &mut Page) {
    page.section(
        "What ends the daemon",
        "Beside a file that does not parse, a key of the wrong type, a version as above, and a \
         missing import:",
    );
    page.table(["what", "releases"], rows_of_rules(daemon::RULES));
    page.0.push_str("\nAnd, as the model judges them:\n");
    let [_, old, new] = IDS;
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
    page.table(["construct", "refused by"], rows(syntax::refused()));
}

pub(super) fn cri_off(page: &mut Page) {
    page.section(
        "What turns CRI off",
        "The daemon starts, and says so in its log only.",
    );
    page.table(["what", "releases"], rows_of_rules(rules::RULES));
}

pub(super) fn essential(page: &mut Page) {
    page.section(
        "Plugins that CRI can't do without",
        "`disabled_plugins` with one of these turns CRI off.",
    );
    page.table(["plugin", "releases"], rows_of_names(registry::essential()));
}

pub(super) fn kinds(page: &mut Page) {
    page.section("Proxy plugins and snapshotters", "Types of proxy plugins:");
    let proxies = registry::PROXIES.iter();
    let proxies = proxies.map(|(name, _, releases)| (*name, *releases));
    page.table(["type", "releases"], rows_of_names(proxies));
    page.0.push_str(
        "\nSnapshotters that come with containerd, beside `overlayfs` and `native`, if the host \
         has what they need:\n",
    );
    let snapshotters = registry::SNAPSHOTTERS.iter();
    let snapshotters = snapshotters.map(|(name, releases, _)| (*name, *releases));
    page.table(["snapshotter", "releases"], rows_of_names(snapshotters));
}
