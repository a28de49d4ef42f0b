//! The tool as its users meet it: whole processes of the release build, held against the floor.
//!
//! Tool and floors (`floor.rs`) run in turn on the same folder, so that all meet the same disk and
//! the same noise, and each ratio is taken turn by turn. The figures stand beside their targets,
//! but a missed one fails nothing: this is a benchmark, and the machine may be busy.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]
// Configs are set up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufWriter, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wait4::Wait4 as _;

const TURNS: usize = 300;
/// So many runs overlap, in so many rounds.
const OVERLAPPING: usize = 64;
const ROUNDS: usize = 5;
/// An ordinary config: the one that Debian ships.
const ORDINARY: &str = include_str!("../fixtures/golden/debian-add-crun/input.toml");
const LARGE: usize = 10_000;

/// A change, times the floor that writes a ledger as well.
const CHANGED_TARGET: f64 = 1.5;
/// The same, times the floor that does not.
const PLAIN_TARGET: f64 = 2.0;
const UNCHANGED_TARGET: f64 = 1.6;
/// Overlapping runs, times what they take one after another.
const OVERLAPPING_TARGET: f64 = 1.3;
const CPU_TARGET_MS: f64 = 1.0;
const SIZE_TARGET_MB: f64 = 2.5;
const MEMORY_TARGET_MB: f64 = 8.0;

/// What one process took.
struct Run {
    elapsed: Duration,
    /// User and system.
    cpu: Duration,
    peak_bytes: u64,
}

/// A config, and the ledger beside it.
struct State {
    config: String,
    ledger: Option<String>,
}

impl State {
    /// What a node starts with.
    fn new() -> Self {
        Self {
            config: ORDINARY.to_owned(),
            ledger: None,
        }
    }
}

/// What the tool is held against, and how often it ran.
struct Floor<'a> {
    label: &'a str,
    arguments: Vec<&'a OsStr>,
    /// For the ratio of the times.
    target: f64,
    runs: Vec<Run>,
}

impl<'a> Floor<'a> {
    fn new(label: &'a str, arguments: &[&'a OsStr], target: f64) -> Self {
        Self {
            label,
            arguments: arguments.to_vec(),
            target,
            runs: Vec::new(),
        }
    }
}

/// The programs, and the config that they work on.
struct Bench {
    tool: PathBuf,
    floor: PathBuf,
    config: PathBuf,
    _folder: TempDir,
}

fn main() -> Result<()> {
    // `cargo test --benches` runs this program too, without this flag and with no time for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let tool = PathBuf::from(env!("CARGO_BIN_EXE_containerd-edit"));
    let Some(floor) = build_floor() else {
        println!("The floor program could not be built: nothing to compare with.");
        return Ok(());
    };
    print_size(&tool)?;

    // The build folder is on a disk, wherever the temporary folder may be.
    let disk = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (label, folder) in [("disk", disk), ("tmpfs", Path::new("/dev/shm"))] {
        let Ok(folder) = tempfile::tempdir_in(folder) else {
            println!("\n{label}: no folder there, left out");
            continue;
        };
        let bench = Bench {
            tool: tool.clone(),
            floor: floor.clone(),
            config: folder.path().join("config.toml"),
            _folder: folder,
        };
        println!("\n{label}: {} ({TURNS} turns)", filesystem(&bench.config));
        println!("  {:<34}{:>9}{:>9}", "", "tool", "floor");
        bench.compare()?;
        bench.overlap()?;
        if label == "disk" {
            bench.measure_large()?;
        }
    }
    Ok(())
}

/// Builds the floor beside the tool, since `cargo bench` leaves examples out, and returns its path.
fn build_floor() -> Option<PathBuf> {
    let release = Path::new(env!("CARGO_BIN_EXE_containerd-edit")).parent()?;
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--example",
            "floor",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(release.parent()?)
        .status();
    let floor = release.join("examples/floor");
    (built.ok()?.success() && floor.exists()).then_some(floor)
}

impl Bench {
    fn compare(&self) -> Result<()> {
        let new = State::new();
        let installed = self.after(&new, &["add", "gvisor", "--owner", "another"])?;
        let add = ["add", "crun"];
        let done = self.after(&installed, &add)?;

        for (label, before) in [
            ("first change", &new),
            ("change", &installed),
            ("nothing to do", &done),
        ] {
            let after = self.after(before, &add)?;
            let config = self.config.as_os_str();
            let text = OsStr::new(&after.config);
            let ledger = OsStr::new(after.ledger.as_deref().unwrap_or_default());
            let mut floors = if after.config == before.config {
                vec![Floor::new("floor", &[config], UNCHANGED_TARGET)]
            } else {
                vec![
                    Floor::new("floor, ledger", &[config, text, ledger], CHANGED_TARGET),
                    Floor::new("plain floor", &[config, text], PLAIN_TARGET),
                ]
            };
            let mut tools = Vec::new();
            for _ in 0..TURNS {
                self.reset(before)?;
                tools.push(self.run_tool(&add)?);
                for floor in &mut floors {
                    self.reset(before)?;
                    let mut command = Command::new(&self.floor);
                    command.args(&floor.arguments);
                    floor.runs.push(run(command)?);
                }
            }
            print_comparison(label, &tools, &floors);
        }
        Ok(())
    }

    /// Many installers at once, each with a handler of its own, and the same one after another.
    fn overlap(&self) -> Result<()> {
        let new = State::new();
        let names: Vec<String> = (0..OVERLAPPING).map(|it| format!("crun-{it}")).collect();
        let commands = || {
            let arguments = names.iter().map(|name| ["add", name, "--preset", "crun"]);
            let mut commands: Vec<_> = arguments.map(|it| self.command(&it)).collect();
            for command in &mut commands {
                // Each says that it waits.
                command.stderr(Stdio::null());
            }
            commands
        };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            self.reset(&new)?;
            let started = Instant::now();
            for mut command in commands() {
                assert!(command.status()?.success(), "{command:?} failed");
            }
            let serial = started.elapsed();
            self.reset(&new)?;
            let started = Instant::now();
            let running = commands().into_iter().map(|mut it| it.spawn());
            for mut run in running.collect::<Result<Vec<_>>>()? {
                assert!(run.wait()?.success(), "an overlapping run failed");
            }
            rounds.push((milliseconds(serial), milliseconds(started.elapsed())));
        }
        let [serial, overlapping, ratio] = [
            median(rounds.iter().map(|round| round.0)),
            median(rounds.iter().map(|round| round.1)),
            median(rounds.iter().map(|round| round.1 / round.0)),
        ];
        let result = against(&format!("{ratio:.2}x"), ratio, OVERLAPPING_TARGET, "x");
        println!(
            "  {OVERLAPPING} overlapping runs: {overlapping:.0} ms, one after another {serial:.0} ms: \
             {result}"
        );
        Ok(())
    }

    /// What the tool makes of a config.
    fn after(&self, before: &State, arguments: &[&str]) -> Result<State> {
        self.reset(before)?;
        self.run_tool(arguments)?;
        Ok(State {
            config: fs::read_to_string(&self.config)?,
            ledger: Some(fs::read_to_string(self.ledger())?),
        })
    }

    fn run_tool(&self, arguments: &[&str]) -> Result<Run> {
        run(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.tool);
        command.args(arguments).arg("--config").arg(&self.config);
        command.stdout(Stdio::null());
        command
    }

    fn ledger(&self) -> PathBuf {
        self.config.with_extension("toml.owners")
    }

    /// Memory and time for a config of 10,000 handlers, for which there is no target.
    fn measure_large(&self) -> Result<()> {
        let file = BufWriter::new(File::create(&self.config)?);
        write_large(file)?;
        fs::remove_file(self.ledger())?;
        let size = megabytes(fs::metadata(&self.config)?.len());
        println!("  {LARGE} handlers, {size:.1} MB of text:");
        let runs: [(&str, &[&str]); 4] = [
            ("change", &["add", "crun"]),
            ("nothing to do", &["add", "crun"]),
            ("change back", &["remove", "crun"]),
            ("list", &["list"]),
        ];
        for (label, arguments) in runs {
            let run = self.run_tool(arguments)?;
            println!(
                "  {label:<32}{:>6.0} ms, {:.0} ms of CPU, {:.0} MB at most",
                milliseconds(run.elapsed),
                milliseconds(run.cpu),
                megabytes(run.peak_bytes),
            );
        }
        Ok(())
    }

    /// Puts a config and its ledger there, all of it on the disk, so that no run pays for the one
    /// before.
    fn reset(&self, state: &State) -> Result<()> {
        let put = |path: &Path, text: &str| {
            fs::write(path, text)?;
            File::open(path)?.sync_all()
        };
        put(&self.config, &state.config)?;
        match &state.ledger {
            Some(ledger) => put(&self.ledger(), ledger)?,
            None if self.ledger().exists() => fs::remove_file(self.ledger())?,
            None => {}
        }
        match self.config.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Runs a program to its end. Its peak memory is never reported below that of this benchmark, whose
/// memory it has until it starts: keep this small.
fn run(mut command: Command) -> Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let used = command.spawn()?.wait4()?;
    let elapsed = started.elapsed();
    assert!(used.status.success(), "{command:?} failed");
    Ok(Run {
        elapsed,
        cpu: used.rusage.utime + used.rusage.stime,
        peak_bytes: used.rusage.maxrss,
    })
}

fn print_comparison(label: &str, tools: &[Run], floors: &[Floor<'_>]) {
    let row = |what: &str, figure: &dyn Fn(&Run) -> f64, floors: &[Run], result: &str| {
        let [tool, floor] = [tools, floors].map(|runs| median(runs.iter().map(figure)));
        println!(
            "  {:<34}{tool:>9.2}{floor:>9.2}  {result}",
            format!("{label}: {what}")
        );
    };
    let elapsed = |run: &Run| milliseconds(run.elapsed);
    let cpu = |run: &Run| milliseconds(run.cpu);
    let peak = |run: &Run| megabytes(run.peak_bytes);

    for floor in floors {
        let pairs = || tools.iter().zip(&floor.runs);
        let ratios = || pairs().map(|(tool, floor)| elapsed(tool) / elapsed(floor));
        let ratio = median(ratios());
        let [low, high] = [0.25, 0.75].map(|part| quantile(ratios(), part));
        let shown = format!("{ratio:.2}x (half of the turns: {low:.2} to {high:.2})");
        let result = against(&shown, ratio, floor.target, "x");
        let what = format!("ms, {}", floor.label);
        row(&what, &elapsed, &floor.runs, &result);
    }
    let floor = &floors[0];
    let pairs = tools.iter().zip(&floor.runs);
    let extra = median(pairs.map(|(tool, floor)| cpu(tool) - cpu(floor)));
    let shown = format!("{extra:+.2} ms");
    let result = against(&shown, extra, CPU_TARGET_MS, " ms");
    row("CPU, ms", &cpu, &floor.runs, &result);
    let most = quantile(tools.iter().map(peak), 1.0);
    let shown = format!("{most:.2} MB at most");
    let result = against(&shown, most, MEMORY_TARGET_MB, " MB");
    row("peak memory, MB", &peak, &floor.runs, &result);
}

fn print_size(tool: &Path) -> Result<()> {
    let size = megabytes(fs::metadata(tool)?.len());
    let result = against(&format!("{size:.2} MB"), size, SIZE_TARGET_MB, " MB");
    println!("release binary: {result}");
    Ok(())
}

fn against(shown: &str, measured: f64, target: f64, unit: &str) -> String {
    let verdict = if measured <= target { "met" } else { "MISSED" };
    format!("{shown}, target <= {target}{unit}: {verdict}")
}

/// The type of the filesystem that holds `path`, as the kernel's table of mounts names it.
fn filesystem(path: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    mounts
        .filter(|(mount, _)| path.starts_with(mount))
        .max_by_key(|(mount, _)| mount.len())
        .map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

fn write_large(mut file: impl Write) -> Result<()> {
    writeln!(file, "version = 2")?;
    let header = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    for number in 0..LARGE {
        writeln!(file, "\n[{header}.handler-{number}]")?;
        writeln!(file, "  runtime_type = \"io.containerd.runc.v2\"")?;
        writeln!(file, "  [{header}.handler-{number}.options]")?;
        writeln!(file, "    BinaryName = \"/opt/{number}/bin/runc\"")?;
    }
    file.flush()
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    quantile(figures, 0.5)
}

/// The figure below which `part` of them lie.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "there are a few hundred of them"
)]
fn quantile(figures: impl Iterator<Item = f64>, part: f64) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[((figures.len() - 1) as f64 * part).round() as usize]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no file or process is that large"
)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
