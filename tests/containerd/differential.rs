//! The model of containerd's loader against real daemons, on configs made by chance.
//!
//! What must never be: the model says that a config serves, and a daemon doesn't serve it, or
//! not with these handlers. Where the model is stricter than a daemon, that is told and no more:
//! the tool then refuses a change that would have done no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use containerd_edit::{Host, Model, Verdict};

use crate::cri;
use crate::daemon::Node;
use crate::generated::{Case, Entry, SPEC};
use crate::suites::{Release, SUITES};

/// Another seed: other configs.
const SEED: &str = "DIFFERENTIAL_SEED";
/// How many configs, if not as many as below.
const COUNT: &str = "DIFFERENTIAL_CONFIGS";
const DEFAULT_SEED: u64 = 20;
const DEFAULT_COUNT: u64 = 300;
/// More than there are cores: a daemon that boots waits for its disk, too.
const WORKERS: u64 = 4;

/// How model and daemon differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The model says that it serves, and it doesn't, or not with these handlers.
    FalseServes,
    /// The daemon serves more than the model says.
    Stricter,
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
    compared: u64,
    served: u64,
    differences: BTreeMap<(Kind, String), (u64, String)>,
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
                        (Kind::Stricter, told)
                    } else {
                        return None;
                    }
                }
                found => (Kind::FalseServes, format!("serves, but {found:?}")),
            }
        }
        (_, cri::Verdict::Serves { .. }) => (Kind::Stricter, reason),
        (Verdict::NoCri { .. }, cri::Verdict::NoCri { .. })
        | (Verdict::Exits { .. }, cri::Verdict::Exits { .. }) => return None,
        (_, found) => (Kind::OtherEnd, format!("{reason}, but {found:?}")),
    };
    let class = class(&told);
    Some(Difference { kind, told, class })
}

/// A message without what is quoted in it.
fn class(message: &str) -> String {
    let mut class = String::new();
    for (number, part) in message.split(['"', '`']).enumerate() {
        class += if number % 2 == 0 { part } else { "…" };
    }
    class
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .take(90)
        .collect()
}

/// The facts about a node on this machine.
fn host() -> Host {
    let spec = Path::new("/etc/containerd").join(SPEC);
    Host {
        files: Some([spec.clone()].into()),
        json_files: Some([spec].into()),
        snapshotters: Some(BTreeSet::new()),
        ..Host::here()
    }
}

fn lay_out(case: &Case, node: &Node<'_>) {
    for (name, entry) in &case.entries {
        let path = node.etc().join(name);
        let folder = path.parent().expect("a path below the node's folder");
        fs::create_dir_all(folder).expect("the node's folders can be made");
        match entry {
            Entry::File(bytes) => fs::write(path, bytes).expect("the node's files can be written"),
            Entry::Folder => fs::create_dir(path).expect("the node's folders can be made"),
        }
    }
}

fn try_case(case: &Case, model: &Model<'_>, release: &Release) -> (bool, Option<Difference>) {
    let node = Node::new(release, None);
    lay_out(case, &node);
    let daemon = node.verdict();
    let version = release.version.parse().expect("a version that is modelled");
    let difference = compare(&model.verdict(version), &daemon);
    (matches!(daemon, cri::Verdict::Serves { .. }), difference)
}

fn difference(case: &Case, release: &Release) -> Option<Difference> {
    let (files, host) = (case.files(), host());
    try_case(case, &Model::new(&files, &host), release).1
}

/// How often a daemon is asked again that does worse than the model says.
const AGAIN: usize = 10;

/// Whether a daemon does now this and now that: where one plugin has two names in a version 1 file,
/// Go's order of map keys decides which of them counts, and that is another one each time.
fn is_undecided(case: &Case, release: &Release) -> bool {
    (0..AGAIN).any(|_| difference(case, release).is_none())
}

/// The least of a case that differs in the same way.
fn smallest(mut case: Case, kind: Kind, release: &Release) -> Case {
    while let Some(smaller) = case.smaller().into_iter().find(|smaller| {
        difference(smaller, release).is_some_and(|difference| difference.kind == kind)
    }) {
        case = smaller;
    }
    case
}

fn work(releases: &[Release], seed: u64, count: u64, next: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    let host = host();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return tally;
        }
        let case = Case::of(seed, number);
        let files = case.files();
        let model = Model::new(&files, &host);
        for release in releases {
            let (served, difference) = try_case(&case, &model, release);
            tally.compared += 1;
            tally.served += u64::from(served);
            let Some(difference) = difference else {
                continue;
            };
            let Difference { kind, told, class } = difference;
            if kind == Kind::FalseServes && is_undecided(&case, release) {
                continue;
            }
            let entry = tally.differences.entry((kind, class)).or_default();
            entry.0 += 1;
            if entry.1.is_empty() {
                let case = match kind {
                    Kind::FalseServes => smallest(case.clone(), kind, release),
                    Kind::Stricter | Kind::OtherEnd => case.clone(),
                };
                let name = &release.name;
                entry.1 = format!("{name}, number {number}: {told}\n{}", case.shown());
            }
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{variable} is no number: {error}")),
        Err(_) => default,
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_the_model_says_serves_is_served() {
    let (seed, count) = (number(SEED, DEFAULT_SEED), number(COUNT, DEFAULT_COUNT));
    let releases = SUITES.map(Release::of);
    let next = AtomicU64::new(0);
    let start = Instant::now();
    let mut all = Tally::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| scope.spawn(|| work(&releases, seed, count, &next)))
            .collect();
        for worker in workers {
            let tally = worker.join().expect("no worker panics");
            all.compared += tally.compared;
            all.served += tally.served;
            for (class, (times, example)) in tally.differences {
                let entry = all.differences.entry(class).or_default();
                entry.0 += times;
                entry.1 = example;
            }
        }
    });
    let mut told = format!(
        "{SEED}={seed}: {count} configs, {} daemons ({} served), {:.0?}\n",
        all.compared,
        all.served,
        start.elapsed()
    );
    let mut false_serves = 0;
    for ((kind, class), (times, example)) in &all.differences {
        if *kind == Kind::FalseServes {
            false_serves += times;
        }
        writeln!(told, "\n==== {kind:?}, {times} times: {class}\n{example}")
            .expect("a string grows");
    }
    assert_eq!(false_serves, 0, "{told}");
    // Past the test harness, which keeps what `println!` says of a test that passes.
    std::io::stdout()
        .write_all(told.as_bytes())
        .expect("the figures can be told");
}
