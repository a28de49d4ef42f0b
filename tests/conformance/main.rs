//! The model against what real daemons did: `fixtures/conformance`, every case on every version.

// Tests set files up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use containerd_edit::Release;
use containerd_edit::model::{Cgroup, ConfigFiles, Host, Model, Verdict, load};

/// Rows that depend on something beyond `Host`, with the reason.
const BEYOND_THE_MODEL: [(&str, &str, &str); 8] = [
    ("b-mix-2-3-defaultgone", "2.4.0-beta.0", NEWER_DROP_IN),
    ("b-mix-2-3-plain", "2.4.0-beta.0", NEWER_DROP_IN),
    ("b-mix-2-4-defaultgone", "2.4.0-beta.0", NEWER_DROP_IN),
    ("b-mix-2-4-plain", "2.4.0-beta.0", NEWER_DROP_IN),
    ("b-mix-3-4-defaultgone", "2.4.0-beta.0", NEWER_DROP_IN),
    ("b-mix-3-4-plain", "2.4.0-beta.0", NEWER_DROP_IN),
    (
        "debug-level-bad-v2",
        "1.7.24",
        "the daemon was started with --log-level, which goes before the file",
    ),
    (
        "debug-level-bad-v2",
        "2.1.9",
        "the daemon was started with --log-level, which goes before the file",
    ),
];

const NEWER_DROP_IN: &str =
    "a drop-in newer than the main file: 2.3.5 and the branch of 2.4 no longer refuse it";

/// The release of a row: some were measured on what Debian builds, which its versions tell.
fn measured(row: &Row) -> Release {
    let suffix = match row.version.as_str() {
        "1.6.20" => "~ds1",
        "2.1.9" if !row.case.starts_with("b-") => "+unknown",
        _ => "",
    };
    let version = format!("{}{suffix}", row.version);
    version.parse().expect("a version")
}

struct Row {
    case: String,
    version: String,
    verdict: String,
    handlers: Vec<String>,
    default: String,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance")
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(corpus().join("verdicts.tsv")).expect("verdicts.tsv");
    let rows: Vec<Row> = text
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let handlers = cells[4].split(',').filter(|name| !name.is_empty());
            Row {
                case: cells[0].to_owned(),
                version: cells[2].to_owned(),
                verdict: cells[3].to_owned(),
                handlers: handlers.map(str::to_owned).collect(),
                default: cells[5].to_owned(),
            }
        })
        .collect();
    assert!(rows.len() > 3600, "only {} rows", rows.len());
    rows
}

/// A case in a folder of its own, with its real path in place of `@DIR@`.
fn laid_out(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut pending = vec![PathBuf::new()];
    while let Some(relative) = pending.pop() {
        let from = corpus().join("cases").join(case).join(&relative);
        for entry in fs::read_dir(from).expect("the case's folder") {
            let entry = entry.expect("an entry");
            let relative = relative.join(entry.file_name());
            if entry.path().is_dir() {
                fs::create_dir(folder.path().join(&relative)).expect("a folder");
                pending.push(relative);
                continue;
            }
            if entry.file_name() == "links" {
                continue;
            }
            let text = fs::read_to_string(entry.path()).expect("a config");
            let real = text.replace("@DIR@", &folder.path().display().to_string());
            fs::write(folder.path().join(relative), real).expect("a config is written");
        }
    }
    for (name, target) in links(case) {
        symlink(target, folder.path().join(name)).expect("a link");
    }
    folder
}

/// The symbolic links of a case, with their targets.
fn links(case: &str) -> Vec<(String, String)> {
    let path = corpus().join("cases").join(case).join("links");
    let text = fs::read_to_string(path).unwrap_or_default();
    let links = text.lines().map(|line| {
        let (name, target) = line.split_once(" -> ").expect("NAME -> TARGET");
        (name.to_owned(), target.to_owned())
    });
    links.collect()
}

fn shown(verdict: &Verdict) -> (String, Vec<String>, String) {
    match verdict {
        Verdict::Serves { handlers, default } => (
            "serves".to_owned(),
            handlers.keys().cloned().collect(),
            default.clone(),
        ),
        Verdict::NoCri { .. } => ("no-cri".to_owned(), Vec::new(), String::new()),
        Verdict::Exits { .. } => ("exits".to_owned(), Vec::new(), String::new()),
    }
}

#[test]
fn the_model_agrees_with_every_daemon() {
    let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows() {
        cases.entry(row.case.clone()).or_default().push(row);
    }
    let mut wrong = Vec::new();
    let mut excused = 0;
    let mut unreadable = 0;
    for (case, rows) in cases {
        let root = containerd_edit::HostRoot::default();
        let folder = laid_out(&case);
        let main = folder.path().join("main.toml");
        let bytes = fs::read(&main).expect("main.toml");
        if containerd_edit::Document::parse(&bytes).is_err() {
            // The tool reads no such file: exit code 65.
            unreadable += rows.len();
            continue;
        }
        let files = ConfigFiles::read(&root, &main, bytes.as_slice());
        // The rows were measured on a host with version 1 control groups and without mkfs.erofs.
        let host = Host {
            cgroup: Cgroup::V1,
            snapshotters: Some([].into()),
            mkfs_erofs: false,
            ..Host::of(&root, &files)
        };
        let model = Model::new(&files, &host);
        for row in rows {
            let release = measured(&row);
            let verdict = model.verdict(release);
            // What it was asked before makes no difference.
            assert_eq!(verdict, load(&files, release, &host), "{case} {release}");
            let found = shown(&verdict);
            if found == (row.verdict.clone(), row.handlers, row.default) {
                continue;
            }
            let beyond = BEYOND_THE_MODEL
                .iter()
                .any(|(case, version, _)| *case == row.case && *version == row.version);
            if beyond {
                excused += 1;
                continue;
            }
            let reason = verdict
                .reason()
                .map(ToString::to_string)
                .unwrap_or_default();
            wrong.push(format!(
                "{} {}: {} but {found:?} {reason}",
                row.case, row.version, row.verdict
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        unreadable, 7,
        "one case is a number that is too large for TOML"
    );
    assert_eq!(
        excused,
        BEYOND_THE_MODEL.len(),
        "an excuse that nobody needs"
    );
}

#[test]
fn each_releases_parser_takes_what_it_took() {
    let text = fs::read_to_string(corpus().join("toml-syntax.tsv")).expect("toml-syntax.tsv");
    let mut lines = text.lines();
    let versions: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    let mut tried = 0;
    let mut wrong = Vec::new();
    // The first column is the case, the last one is what toml_edit makes of it.
    let releases = 1..versions.len() - 1;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let path = corpus().join(format!("toml-syntax/{}.toml", cells[0]));
        let bytes = fs::read(&path).expect("a syntax case");
        if containerd_edit::Document::parse(&bytes).is_err() {
            continue;
        }
        let files = ConfigFiles::new("/etc/containerd/config.toml", bytes);
        let host = Host::default();
        let model = Model::new(&files, &host);
        assert_eq!(cells.len(), versions.len(), "{line}");
        for column in releases.clone() {
            let (version, cell) = (versions[column], cells[column]);
            let release: Release = version.parse().expect("a version");
            let verdict = model.verdict(release);
            let refused = matches!(verdict, Verdict::Exits { .. });
            tried += 1;
            if refused != (cell == "refuses") {
                wrong.push(format!("{} {version}: {cell}, but {verdict:?}", cells[0]));
            }
        }
    }
    assert!(tried >= 300, "only {tried} rows");
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
