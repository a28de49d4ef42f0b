//! The edit without the disk: parse, apply and diff, from 1 to 10,000 handlers.
//!
//! The yardstick is `toml_edit`'s own parse of the same text: nothing that understands the file can
//! be faster. After divan's table, the ratios to it are printed beside their target.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use containerd_edit::{
    ConfigFiles, Document, Edited, Handler, Host, Model, Patch, Plan, Preset, Release, apply,
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

/// An edit to measure: a patch and the config that it is applied to.
#[derive(Debug, Clone, Copy)]
enum Case {
    Add,
    Remove,
    Unchanged,
}

impl Case {
    const ALL: [Self; 3] = [Self::Add, Self::Remove, Self::Unchanged];

    fn patch(self) -> Patch {
        match self {
            Self::Add | Self::Unchanged => {
                let preset = Preset::named("crun").expect("a preset");
                let handler = Handler::from_preset("crun".parse().expect("a name"), preset);
                Patch::new().ensure(handler)
            }
            Self::Remove => Patch::new().remove("crun"),
        }
    }

    /// What there is to edit: to remove a handler, or to find it unchanged, it has to be there.
    fn config(self, handlers: usize) -> String {
        let text = config(handlers);
        match self {
            Self::Add => text,
            Self::Remove | Self::Unchanged => edit(&text, &Self::Add.patch())
                .text
                .expect("the file stays"),
        }
    }
}

/// All that an edit does between reading and writing.
fn edit(text: &str, patch: &Patch) -> Edited {
    let config = Document::parse(text.as_bytes()).expect("the config is TOML");
    apply(Some(&config), patch).expect("the patch fits")
}

fn plan(text: &str, patch: &Patch) -> Plan {
    Plan {
        path: PathBuf::from("/etc/containerd/config.toml"),
        before: Some(text.into()),
        edited: edit(text, patch),
        drop_ins: Vec::new(),
    }
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
    use super::{BytesCount, Case, Document, SIZES, apply};
    use divan::Bencher;

    fn measure(bencher: Bencher<'_, '_>, case: Case, handlers: usize) {
        let (text, patch) = (case.config(handlers), case.patch());
        let config = Document::parse(text.as_bytes()).expect("the config is TOML");
        bencher
            .counter(BytesCount::of_str(&text))
            .bench_local(|| apply(Some(&config), &patch).expect("the patch fits"));
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
    let plan = plan(&text, &Case::Add.patch());
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
            let (text, patch) = (case.config(handlers), case.patch());
            Pair::measure(|| yardstick(&text), || edit(&text, &patch))
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
        let plan = plan(&text, &Case::Add.patch());
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
    let patch = Case::Add.patch();
    for handlers in [500, 1_000, 2_000, 4_000] {
        let text = config_with_options_first(handlers);
        let pair = Pair::measure(|| yardstick(&text), || edit(&text, &patch));
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!(
            "{handlers:<12}{:>12}{:>12}{:>7.2}x",
            milliseconds(pair.yardstick),
            milliseconds(pair.measured),
            pair.ratio
        );
    }
}
