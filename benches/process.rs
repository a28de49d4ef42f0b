//! The tool as its users meet it: whole processes of the release build, held against the floor.
//!
//! Tool and floor (`floor.rs`) run in turn on the same folder, so that both meet the same disk and
//! the same noise, and each ratio is taken pair by pair. The figures stand beside their targets,
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

const PAIRS: usize = 300;
/// An ordinary config: the one that Debian ships.
const ORDINARY: &[u8] = include_bytes!("../fixtures/golden/debian-add-crun/input.toml");
const LARGE: usize = 10_000;

const CHANGED_TARGET: f64 = 1.4;
const UNCHANGED_TARGET: f64 = 1.6;
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
        println!(
            "\n{label}: {} ({} pairs of runs)",
            filesystem(&bench.config),
            PAIRS
        );
        println!("{:<34}{:>9}{:>9}{:>9}", "", "tool", "floor", "");
        bench.compare()?;
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
        let add: &[&OsStr] = &["add", "crun", "--config"].map(OsStr::new);
        // What the tool makes of the config: the floor writes the same.
        self.reset(ORDINARY)?;
        run(&self.tool, add, &[self.config.as_os_str()])?;
        let edited = fs::read(&self.config)?;
        let text = String::from_utf8_lossy(&edited).into_owned();

        for (label, before, text, target) in [
            ("changed", ORDINARY, Some(text.as_str()), CHANGED_TARGET),
            ("unchanged", &edited, None, UNCHANGED_TARGET),
        ] {
            let mut tools = Vec::new();
            let mut floors = Vec::new();
            for _ in 0..PAIRS {
                self.reset(before)?;
                tools.push(run(&self.tool, add, &[self.config.as_os_str()])?);
                self.reset(before)?;
                let mut arguments = vec![self.config.as_os_str()];
                arguments.extend(text.map(OsStr::new));
                floors.push(run(&self.floor, &[], &arguments)?);
            }
            print_comparison(label, &tools, &floors, target);
        }
        Ok(())
    }

    /// Memory and time for a config of 10,000 handlers, for which there is no target.
    fn measure_large(&self) -> Result<()> {
        let file = BufWriter::new(File::create(&self.config)?);
        write_large(file)?;
        let size = megabytes(fs::metadata(&self.config)?.len());
        println!("  {LARGE} handlers, {size:.1} MB of text:");
        let runs: [(&str, &[&str]); 4] = [
            ("changed", &["add", "crun", "--config"]),
            ("unchanged", &["add", "crun", "--config"]),
            ("changed back", &["remove", "crun", "--config"]),
            ("listed", &["list", "--config"]),
        ];
        for (label, arguments) in runs {
            let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
            let run = run(&self.tool, &arguments, &[self.config.as_os_str()])?;
            println!(
                "  {label:<32}{:>6.0} ms, {:.0} ms of CPU, {:.0} MB at most",
                milliseconds(run.elapsed),
                milliseconds(run.cpu),
                megabytes(run.peak_bytes),
            );
        }
        Ok(())
    }

    /// Puts a config there, all of it on the disk, so that no run pays for the one before.
    fn reset(&self, bytes: &[u8]) -> Result<()> {
        fs::write(&self.config, bytes)?;
        File::open(&self.config)?.sync_all()?;
        match self.config.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Runs a program to its end. Its peak memory is never reported below that of this benchmark, whose
/// memory it has until it starts: keep this small.
fn run(program: &Path, first: &[&OsStr], then: &[&OsStr]) -> Result<Run> {
    let mut command = Command::new(program);
    command
        .args(first)
        .args(then)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let started = Instant::now();
    let used = command.spawn()?.wait4()?;
    let elapsed = started.elapsed();
    assert!(
        used.status.success(),
        "{} {first:?} failed",
        program.display()
    );
    Ok(Run {
        elapsed,
        cpu: used.rusage.utime + used.rusage.stime,
        peak_bytes: used.rusage.maxrss,
    })
}

/// `target`: for the ratio of the times.
fn print_comparison(label: &str, tools: &[Run], floors: &[Run], target: f64) {
    let row = |what: &str, figure: &dyn Fn(&Run) -> f64, result: &str| {
        let [tool, floor] = [tools, floors].map(|runs| median(runs.iter().map(figure)));
        println!(
            "  {:<32}{tool:>9.2}{floor:>9.2}  {result}",
            format!("{label}: {what}")
        );
    };
    let pairs = || tools.iter().zip(floors);
    let elapsed = |run: &Run| milliseconds(run.elapsed);
    let cpu = |run: &Run| milliseconds(run.cpu);
    let peak = |run: &Run| megabytes(run.peak_bytes);

    let ratios = || pairs().map(|(tool, floor)| elapsed(tool) / elapsed(floor));
    let ratio = median(ratios());
    let [low, high] = [0.25, 0.75].map(|part| quantile(ratios(), part));
    let shown = format!("{ratio:.2}x (half of the pairs: {low:.2} to {high:.2})");
    row("time, ms", &elapsed, &against(&shown, ratio, target, "x"));
    let extra = median(pairs().map(|(tool, floor)| cpu(tool) - cpu(floor)));
    let shown = format!("{extra:+.2} ms");
    row(
        "CPU, ms",
        &cpu,
        &against(&shown, extra, CPU_TARGET_MS, " ms"),
    );
    let most = quantile(tools.iter().map(peak), 1.0);
    let shown = format!("{most:.2} MB at most");
    row(
        "peak memory, MB",
        &peak,
        &against(&shown, most, MEMORY_TARGET_MB, " MB"),
    );
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
