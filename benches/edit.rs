//! The edit without the disk: parse, apply and diff, from 1 to 10,000 handlers.
//!
//! The yardstick is `toml_edit`'s own parse of the same text: nothing that understands the file can
//! be faster. After divan's table, the ratios to it are printed beside their target.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]
#![expect(
    clippy::disallowed_methods,
    reason = "a config is written as its owner would"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use containerd_edit::model::{ConfigFiles, Host, Model};
use containerd_edit::{
    Change, Config, Document, Editor, Handler, Ledger, Outcome, Preset, Release,
};
use divan::Bencher;
use divan::counter::BytesCount;

/// The command's own rendering, which no library user sees.
#[path = "../src/cli/diff.rs"]
mod diff;

const SIZES: [usize; 3] = [1, 100, 10_000];
/// A whole edit takes less than this many times `toml_edit`'s parse.
const TARGET: f64 = 4.0;
/// What an edit may grow faster than `toml_edit`'s parse: the noise, and caches that fill up.
const GROWTH_TARGET: f64 = 1.5;
/// How long a ratio is measured, within the bounds of turns.
const PATIENCE: Duration = Duration::from_millis(500);
const FEWEST_TURNS: usize = 15;
const MOST_TURNS: usize = 2_000;

fn main() {
    divan::main();
    // `cargo test --benches` runs this program too, without this flag and with no time for it.
    if std::env::args().any(|argument| argument == "--bench") {
        print_ratios();
        print_quadratic_case();
    }
}

/// A config with `runc` and handlers around it, each with options, as installers write them.
fn config(handlers: usize) -> String {
    let mut text = "version = 2\n\n[plugins]\n".to_owned();
    for number in 0..handlers {
        text.push_str(&handler(number));
        text.push_str(&options(number));
    }
    text
}

/// The same handlers with all `options` first, which `toml_edit` can only parse in quadratic time:
/// such a table is implicit at first, and when its own header comes, it is moved to the end of its
/// parent, by a removal that shifts all its siblings.
fn config_with_options_first(handlers: usize) -> String {
    let mut text = "version = 2\n\n[plugins]\n".to_owned();
    (0..handlers).for_each(|number| text.push_str(&options(number)));
    (0..handlers).for_each(|number| text.push_str(&handler(number)));
    text
}

fn name(number: usize) -> String {
    match number {
        0 => "runc".to_owned(),
        _ => format!("handler-{number}"),
    }
}

fn handler(number: usize) -> String {
    let header = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    format!(
        "\n  [{header}.{}]\n    runtime_type = \"io.containerd.runc.v2\"\n",
        name(number)
    )
}

fn options(number: usize) -> String {
    let header = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let mut text = format!("    [{header}.{}.options]\n", name(number));
    let _ = writeln!(text, "      BinaryName = \"/opt/{number}/bin/runc\"");
    let _ = writeln!(text, "      SystemdCgroup = true");
    text
}

/// An edit to measure: a change and the config that it is applied to.
#[derive(Debug, Clone, Copy)]
enum Case {
    Add,
    Remove,
    Unchanged,
}

/// A config's text and its ledger.
#[derive(Debug, Clone)]
struct Node {
    text: String,
    ledger: Ledger,
}

impl Case {
    const ALL: [Self; 3] = [Self::Add, Self::Remove, Self::Unchanged];

    fn change(self) -> Change {
        match self {
            Self::Add | Self::Unchanged => {
                let preset = Preset::named("crun").expect("a preset");
                let handler = Handler::from_preset("crun".parse().expect("a name"), preset);
                Change::new().ensure(handler)
            }
            Self::Remove => Change::new().remove("crun"),
        }
    }

    /// What there is to edit: to remove a handler, or to find it unchanged, it has to be there.
    fn node(self, handlers: usize) -> Node {
        let node = Node {
            text: config(handlers),
            ledger: Ledger::default(),
        };
        match self {
            Self::Add => node,
            Self::Remove | Self::Unchanged => node.edit(&Self::Add.change()),
        }
    }
}

const PATH: &str = "/etc/containerd/config.toml";

impl Node {
    fn parsed(&self) -> Config {
        Config::new(PATH, Some(&self.text)).expect("the config is TOML")
    }

    /// All that an edit does between reading and writing.
    fn edit(&self, change: &Change) -> Self {
        let edited = containerd_edit::edit(&self.parsed(), &self.ledger, change);
        let edited = edited.expect("the change fits");
        let text = edited.config.text(PATH.as_ref());
        Self {
            text: text.expect("the file stays").to_owned(),
            ledger: edited.ledger,
        }
    }
}

fn plan(text: &str, change: &Change) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("config.toml");
    std::fs::write(&config, text).expect("writes");
    Editor::new(config).plan(change).expect("the change fits")
}

fn yardstick(text: &str) -> toml_edit::Document<&str> {
    toml_edit::Document::parse(text).expect("the config is TOML")
}

#[divan::bench(args = SIZES)]
fn toml_edit_parse(bencher: Bencher<'_, '_>, handlers: usize) {
    let text = config(handlers);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| yardstick(&text));
}

/// The case apart, to see its growth: ten times the handlers are far more than ten times the time.
#[divan::bench(args = [1, 100, 1_000], sample_count = 10)]
fn toml_edit_parse_options_first(bencher: Bencher<'_, '_>, handlers: usize) {
    let text = config_with_options_first(handlers);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| yardstick(&text));
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher<'_, '_>, handlers: usize) {
    let text = config(handlers);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| Document::parse(text.as_bytes()).expect("the config is TOML"));
}

/// Applying to a parsed config. For a change this includes parsing the result again and walking it
/// in lockstep with the original.
mod applying {
    use super::{BytesCount, Case, SIZES};
    use divan::Bencher;

    fn measure(bencher: Bencher<'_, '_>, case: Case, handlers: usize) {
        let (node, change) = (case.node(handlers), case.change());
        let config = node.parsed();
        bencher
            .counter(BytesCount::of_str(&node.text))
            .bench_local(|| {
                containerd_edit::edit(&config, &node.ledger, &change).expect("the change fits")
            });
    }

    #[divan::bench(args = SIZES)]
    fn add(bencher: Bencher<'_, '_>, handlers: usize) {
        measure(bencher, Case::Add, handlers);
    }

    #[divan::bench(args = SIZES)]
    fn remove(bencher: Bencher<'_, '_>, handlers: usize) {
        measure(bencher, Case::Remove, handlers);
    }

    #[divan::bench(args = SIZES)]
    fn unchanged(bencher: Bencher<'_, '_>, handlers: usize) {
        measure(bencher, Case::Unchanged, handlers);
    }
}

/// What every release makes of a config: what an edit is held against, and what `check` prints.
fn judge(text: &str) -> usize {
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let host = Host::default();
    let model = Model::new(&files, &host);
    let verdicts = Release::LINES.map(|release| model.verdict(release));
    verdicts.iter().filter(|verdict| verdict.serves()).count()
}

#[divan::bench(name = "judge", args = SIZES)]
fn judging(bencher: Bencher<'_, '_>, handlers: usize) {
    let text = config(handlers);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| judge(&text));
}

#[divan::bench(args = SIZES)]
fn diff(bencher: Bencher<'_, '_>, handlers: usize) {
    let text = config(handlers);
    let plan = plan(&text, &Case::Add.change());
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| diff::of(&plan));
}

/// How long two things take, measured in turn so that both meet the same noise.
struct Pair {
    yardstick: Duration,
    measured: Duration,
    /// The median of the ratios of each turn.
    ratio: f64,
}

impl Pair {
    fn measure<Y, M>(mut yardstick: impl FnMut() -> Y, mut measured: impl FnMut() -> M) -> Self {
        let mut turns = Vec::new();
        let started = Instant::now();
        while turns.len() < FEWEST_TURNS
            || (turns.len() < MOST_TURNS && started.elapsed() < PATIENCE)
        {
            turns.push((time(&mut yardstick), time(&mut measured)));
        }
        let seconds = |figure: &dyn Fn(&(Duration, Duration)) -> f64| {
            median(turns.iter().map(figure).collect())
        };
        Self {
            yardstick: Duration::from_secs_f64(seconds(&|turn| turn.0.as_secs_f64())),
            measured: Duration::from_secs_f64(seconds(&|turn| turn.1.as_secs_f64())),
            ratio: seconds(&|turn| turn.1.as_secs_f64() / turn.0.as_secs_f64()),
        }
    }
}

fn time<R>(run: &mut impl FnMut() -> R) -> Duration {
    let started = Instant::now();
    drop(black_box(run()));
    started.elapsed()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn print_ratios() {
    println!("\nTimes toml_edit's own parse of the same text");
    println!(
        "{:<24}{:>9}{:>9}{:>9}",
        "handlers", SIZES[0], SIZES[1], SIZES[2]
    );
    let row = |label: &str, measure: &dyn Fn(usize) -> Pair| {
        let pairs = SIZES.map(measure);
        let [one, hundred, many] = pairs.each_ref().map(|pair| pair.ratio);
        println!("{label:<24}{one:>8.2}x{hundred:>8.2}x{many:>8.2}x");
        pairs
    };

    row("parse", &|handlers| {
        let text = config(handlers);
        let parse = || Document::parse(text.as_bytes()).expect("the config is TOML");
        Pair::measure(|| yardstick(&text), parse)
    });
    let mut worst: f64 = 0.0;
    let mut growth: f64 = 0.0;
    for case in Case::ALL {
        let label = format!("whole edit, {case:?}").to_lowercase();
        let [_, hundred, many] = row(&label, &|handlers| {
            let (node, change) = (case.node(handlers), case.change());
            Pair::measure(|| yardstick(&node.text), || node.edit(&change))
        });
        worst = worst.max(hundred.ratio).max(many.ratio);
        growth = growth.max(many.ratio / hundred.ratio);
    }
    row("judge, six releases", &|handlers| {
        let text = config(handlers);
        Pair::measure(|| yardstick(&text), || judge(&text))
    });
    row("diff (only if shown)", &|handlers| {
        let text = config(handlers);
        let plan = plan(&text, &Case::Add.change());
        Pair::measure(|| yardstick(&text), || diff::of(&plan))
    });

    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    let result = verdict(worst < TARGET);
    println!(
        "\nWhole edit from 100 handlers on: at most {worst:.2}x, target < {TARGET}x: {result}"
    );
    println!("(With a single handler, the one that is added doubles the text to be parsed again.)");
    let result = verdict(growth < GROWTH_TARGET);
    println!(
        "From 100 to 10,000 handlers the ratio grows by {growth:.2}x, target < {GROWTH_TARGET}x, \
         as linear as the parser itself: {result}"
    );
}

/// Shows that the growth is the parser's own, and that an edit adds a constant factor to it.
fn print_quadratic_case() {
    println!("\nAll options before all handlers: toml_edit's own parse is quadratic");
    println!(
        "{:<12}{:>12}{:>12}{:>8}",
        "handlers", "toml_edit", "edit (add)", "ratio"
    );
    let change = Case::Add.change();
    for handlers in [500, 1_000, 2_000, 4_000] {
        let node = Node {
            text: config_with_options_first(handlers),
            ledger: Ledger::default(),
        };
        let pair = Pair::measure(|| yardstick(&node.text), || node.edit(&change));
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!(
            "{handlers:<12}{:>12}{:>12}{:>7.2}x",
            milliseconds(pair.yardstick),
            milliseconds(pair.measured),
            pair.ratio
        );
    }
}
