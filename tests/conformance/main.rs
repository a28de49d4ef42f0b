//! The model against what real daemons did: `fixtures/conformance`, every case on every version.

// Tests set files up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

mod document;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use containerd_edit::{Cgroup, ConfigFiles, Host, Model, Release, Verdict};

/// Rows that depend on something beyond `Host`, with the reason.
const BEYOND_THE_MODEL: [(&str, &str, &str); 2] = [
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
    assert!(rows.len() > 1300, "only {} rows", rows.len());
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
            let text = fs::read_to_string(entry.path()).expect("a config");
            let real = text.replace("@DIR@", &folder.path().display().to_string());
            fs::write(folder.path().join(relative), real).expect("a config is written");
        }
    }
    folder
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
        // The rows were measured on a host with version 1 control groups.
        let host = Host {
            cgroup: Cgroup::V1,
            snapshotters: Some([].into()),
            ..Host::of(&root, &files)
        };
        let model = Model::new(&files, &host);
        for row in rows {
            let release: Release = row.version.parse().expect("a version");
            let verdict = model.verdict(release);
            let found = shown(&verdict);
            if found == (row.verdict.clone(), row.handlers, row.default) {
                continue;
            }
            let beyond = BEYOND_THE_MODEL
                .iter()
                .any(|(case, version, _)| *case == row.case && *version == row.version);
            if beyond && row.verdict == "serves" {
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
        for (version, cell) in versions.iter().zip(&cells).skip(1).take(5) {
            let release: Release = version.parse().expect("a version");
            let verdict = model.verdict(release);
            let refused = matches!(verdict, Verdict::Exits { .. });
            tried += 1;
            if refused != (*cell == "refuses") {
                wrong.push(format!("{} {version}: {cell}, but {verdict:?}", cells[0]));
            }
        }
    }
    assert!(tried >= 250, "only {tried} rows");
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
