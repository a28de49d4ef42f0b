//! The model of containerd's loader against real daemons, on configs made by chance and on the
//! conformance corpus.
//!
//! Two errors must never be. Where the model says that a config serves and a daemon doesn't serve
//! it, or not with these handlers, an edit takes a node down. Where the model says that it doesn't
//! serve and a daemon does, the node counts as broken before the edit, and nothing is held back.
//!
//! Debian's daemons, another seed, more configs:
//!
//! ```text
//! DIFFERENTIAL_SEED=7 DIFFERENTIAL_CONFIGS=2000 cargo test --test containerd differential -- --ignored --nocapture
//! ```
//!
//! The same and the corpus, on binaries that are at hand, each called `containerd`:
//!
//! ```text
//! CONTAINERD_BINARIES=/opt/2.2.7/containerd:/opt/2.3.4/containerd cargo test --test containerd differential -- --ignored --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use containerd_edit::model::{ConfigFiles, Host, Model, Verdict};
use containerd_edit::{Document, HostRoot};

use crate::cri;
use crate::daemon::Node;
use crate::generated::{Case, MAIN};
use crate::suites::{Release, SUITES};

/// Another seed: other configs.
const SEED: &str = "DIFFERENTIAL_SEED";
/// How many configs, if not as many as below.
const COUNT: &str = "DIFFERENTIAL_CONFIGS";
const DEFAULT_SEED: usize = 20;
const DEFAULT_COUNT: usize = 100;
/// More than there are cores: a daemon that boots waits for its disk, too.
const WORKERS: usize = 4;

/// How model and daemon differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The model says that it serves, and it doesn't, or not with these handlers.
    FalseServes,
    /// The daemon serves, or has handlers, and the model says no.
    FalseNo,
    /// Both say that it doesn't serve, but not the same of the daemon's end.
    OtherEnd,
}

struct Difference {
    kind: Kind,
    told: String,
    /// What examples of the same have in common.
    class: String,
}

#[derive(Default)]
struct Tally {
    compared: usize,
    served: usize,
    /// Cases with a file that the tool can't read, so that it edits nothing there.
    unreadable: usize,
    /// Cases of which a daemon makes now this and now that.
    undecided: usize,
    differences: BTreeMap<(Kind, String), Examples>,
}

#[derive(Default)]
struct Examples {
    times: usize,
    first: String,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.served += other.served;
        self.unreadable += other.unreadable;
        self.undecided += other.undecided;
        for (class, examples) in other.differences {
            let known = self.differences.entry(class).or_default();
            known.times += examples.times;
            known.first = examples.first;
        }
    }

    fn count(&self, kind: Kind) -> usize {
        let differences = self.differences.iter();
        let of_kind = differences.filter(|((found, _), _)| *found == kind);
        of_kind.map(|(_, examples)| examples.times).sum()
    }

    /// Tells the figures, and fails if the model is wrong.
    fn judge(&self, what: &str) {
        let (serves, no) = (self.count(Kind::FalseServes), self.count(Kind::FalseNo));
        let mut told = format!(
            "{what}: {} daemons ({} served), {serves} false \"serves\", {no} false \"no\", {} other \
             ends, {} unreadable, {} undecided\n",
            self.compared,
            self.served,
            self.count(Kind::OtherEnd),
            self.unreadable,
            self.undecided,
        );
        for ((kind, class), examples) in &self.differences {
            let Examples { times, first } = examples;
            writeln!(told, "\n==== {kind:?}, {times} times: {class}\n{first}")
                .expect("a string grows");
        }
        assert_eq!((serves, no), (0, 0), "{told}");
        // Past the test harness, which keeps what `println!` says of a test that passes.
        std::io::stdout()
            .write_all(told.as_bytes())
            .expect("the figures can be told");
    }
}

fn compare(model: &Verdict, daemon: &cri::Verdict) -> Option<Difference> {
    let reason = model.reason().map(ToString::to_string).unwrap_or_default();
    let (kind, told) = match (model, daemon) {
        (Verdict::Serves { handlers, default }, found) => {
            let typed = handlers
                .iter()
                .filter(|(_, handler)| !handler.runtime_type.is_empty());
            let typed: BTreeSet<String> = typed.map(|(name, _)| name.clone()).collect();
            match found {
                cri::Verdict::Serves {
                    handlers: loaded,
                    default: found,
                } => {
                    let told = format!("{typed:?} by {default}, but {loaded:?} by {found}");
                    if !typed.is_subset(loaded) || default != found {
                        (Kind::FalseServes, told)
                    } else if typed != *loaded {
                        (Kind::FalseNo, told)
                    } else {
                        return None;
                    }
                }
                found => (Kind::FalseServes, format!("serves, but {found:?}")),
            }
        }
        (_, cri::Verdict::Serves { .. }) => (Kind::FalseNo, reason),
        (Verdict::NoCri { .. }, cri::Verdict::NoCri { .. })
        | (Verdict::Exits { .. }, cri::Verdict::Exits { .. }) => return None,
        (_, found) => (Kind::OtherEnd, format!("{reason}, but {found:?}")),
    };
    let class = class(&told);
    Some(Difference { kind, told, class })
}

/// The end of a message, without what is quoted in it.
fn class(message: &str) -> String {
    let mut class = String::new();
    for (number, part) in message
        .replace("\\\"", "`")
        .split(['"', '`', '\''])
        .enumerate()
    {
        class += if number % 2 == 0 || part.contains(' ') {
            part
        } else {
            "…"
        };
    }
    let class: Vec<char> = class.chars().filter(|c| !c.is_ascii_digit()).collect();
    class[class.len().saturating_sub(110)..].iter().collect()
}

/// The snapshotters that this machine has beside the built-in ones.
fn snapshotters() -> BTreeSet<String> {
    let filesystems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let erofs = filesystems.split_whitespace().find(|name| *name == "erofs");
    erofs.into_iter().map(str::to_owned).collect()
}

/// What model and daemon make of a node's config, `main` in `/etc/containerd`.
fn try_node(node: &Node<'_>, main: &str, release: &Release) -> (bool, Option<Difference>) {
    let root = HostRoot::at(&node.host_root()).expect("the node's folder is there");
    let bytes = fs::read(node.etc().join(main)).expect("the main file is there");
    let path = Path::new("/etc/containerd").join(main);
    let files = ConfigFiles::read(&root, &path, bytes);
    let host = Host {
        snapshotters: Some(snapshotters()),
        ..Host::of(&root, &files)
    };
    let version = release.version.parse().expect("a version that is modelled");
    let verdict = Model::new(&files, &host).verdict(version);
    let path = path.to_str().expect("a path in ASCII");
    let daemon = node.start_at(&node.socket(), &["--config", path]).verdict();
    let difference = compare(&verdict, &daemon);
    (matches!(daemon, cri::Verdict::Serves { .. }), difference)
}

fn try_case(case: &Case, release: &Release) -> (bool, Option<Difference>) {
    let node = Node::new(release, None);
    case.lay_out(&node.etc());
    try_node(&node, MAIN, release)
}

/// How often a daemon is asked again where it differs from the model: of two keys, Go takes the second
/// one first in one map out of eight.
const AGAIN: usize = 60;

/// Whether a daemon does now this and now that: where one plugin has two names in a version 1 file,
/// Go's order of map keys decides which of them counts, and that is another one each time.
fn is_undecided(case: &Case, release: &Release) -> bool {
    (0..AGAIN).any(|_| try_case(case, release).1.is_none())
}

/// How many daemons are started to make a case smaller.
const MOST_TRIES: usize = 300;

/// The least of a case that differs in the same way.
fn smallest(mut case: Case, difference: &Difference, release: &Release) -> Case {
    let mut tries = 0;
    while let Some(smaller) = case.smaller().into_iter().find(|smaller| {
        tries += 1;
        if tries > MOST_TRIES || is_unreadable(smaller) {
            return false;
        }
        let found = try_case(smaller, release).1;
        found.is_some_and(|it| it.kind == difference.kind && it.class == difference.class)
    }) {
        case = smaller;
    }
    case
}

fn is_unreadable(case: &Case) -> bool {
    case.configs().any(|bytes| Document::parse(bytes).is_err())
}

fn try_on_all(case: &Case, number: usize, releases: &[Release], tally: &mut Tally) {
    if is_unreadable(case) {
        tally.unreadable += 1;
        return;
    }
    for release in releases {
        let (served, difference) = try_case(case, release);
        tally.compared += 1;
        tally.served += usize::from(served);
        let Some(difference) = difference else {
            continue;
        };
        let kind = difference.kind;
        if kind != Kind::OtherEnd && is_undecided(case, release) {
            tally.undecided += 1;
            continue;
        }
        let class = (kind, difference.class.clone());
        let examples = tally.differences.entry(class).or_default();
        examples.times += 1;
        if examples.first.is_empty() {
            let small = smallest(case.clone(), &difference, release);
            let (name, told) = (&release.name, difference.told);
            examples.first = format!("{name}, number {number}: {told}\n{}", small.shown());
        }
    }
}

/// Has each number below `count` worked on by one of the workers.
fn share(count: usize, work: &(dyn Fn(usize, &mut Tally) + Sync)) -> Tally {
    let next = AtomicUsize::new(0);
    let one = || {
        let mut tally = Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return tally;
            }
            work(number, &mut tally);
        }
    };
    let mut all = Tally::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(one)).collect();
        for worker in workers {
            all.add(worker.join().expect("no worker panics"));
        }
    });
    all
}

fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{variable} is no number: {error}")),
        Err(_) => default,
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn the_model_says_what_daemons_do() {
    let (seed, count) = (number(SEED, DEFAULT_SEED), number(COUNT, DEFAULT_COUNT));
    let releases = Release::named().unwrap_or_else(|| SUITES.map(Release::of).into());
    let start = Instant::now();
    let all = share(count, &|number, tally| {
        let case = Case::of(seed as u64, number as u64);
        try_on_all(&case, number, &releases, tally);
    });
    let took = start.elapsed();
    all.judge(&format!("{SEED}={seed}: {count} configs in {took:.0?}"));
    assert!(all.unreadable * 10 <= count, "few files are no TOML");
}

/// A case of the corpus, laid out as `/etc/containerd`.
fn lay_out_corpus(case: &Path, etc: &Path) {
    let mut pending = vec![PathBuf::new()];
    while let Some(relative) = pending.pop() {
        for entry in fs::read_dir(case.join(&relative)).expect("the case's folder") {
            let entry = entry.expect("an entry");
            let relative = relative.join(entry.file_name());
            let to = etc.join(&relative);
            if entry.path().is_dir() {
                fs::create_dir(to).expect("the node's folders can be made");
                pending.push(relative);
            } else if relative != Path::new("links") {
                let text = fs::read_to_string(entry.path()).expect("a config");
                let text = text.replace("@DIR@", "/etc/containerd");
                fs::write(to, text).expect("the node's files can be written");
            }
        }
    }
    let links = fs::read_to_string(case.join("links")).unwrap_or_default();
    for line in links.lines() {
        let (name, target) = line.split_once(" -> ").expect("NAME -> TARGET");
        let target = target.replace("@DIR@", "/etc/containerd");
        std::os::unix::fs::symlink(target, etc.join(name)).expect("a link can be made");
    }
}

#[test]
#[ignore = "needs root, and binaries that CONTAINERD_BINARIES names"]
fn the_model_says_what_the_named_binaries_do_with_the_corpus() {
    let Some(releases) = Release::named() else {
        return;
    };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance/cases");
    let cases = fs::read_dir(corpus)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> = cases.collect();
    cases.sort();
    let all = share(cases.len(), &|number, tally| {
        for release in &releases {
            let node = Node::new(release, None);
            lay_out_corpus(&cases[number], &node.etc());
            let main = fs::read(node.etc().join("main.toml")).expect("the main file is there");
            if Document::parse(&main).is_err() {
                tally.unreadable += 1;
                continue;
            }
            let (served, difference) = try_node(&node, "main.toml", release);
            tally.compared += 1;
            tally.served += usize::from(served);
            if let Some(Difference { kind, told, .. }) = difference {
                let name = cases[number].file_name().expect("a name").to_string_lossy();
                let class = format!("{name} on {}", release.name);
                let first = format!("{told}\n");
                tally
                    .differences
                    .insert((kind, class), Examples { times: 1, first });
            }
        }
    });
    all.judge("the corpus");
}
