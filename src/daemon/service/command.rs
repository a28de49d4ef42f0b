//! Running a command with a deadline, and what it printed.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::process::{Pid, Signal, kill_process};

use super::place::CommandPlace;
use super::process::Process;
use crate::disk::process_stat::Stat;

/// So much of what a command prints last is kept, in bytes.
const MOST_OUTPUT: u64 = 4096;
/// How often a run looks whether it has to end.
const POLL: Duration = Duration::from_millis(50);

/// How a command failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// In words, behind the command itself.
    pub(crate) how: String,
    /// The last of what it printed, on stdout and stderr.
    pub(crate) output: String,
    /// Whether there is such a program.
    pub(crate) is_found: bool,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self {
            how: format!("could not be started: {error}"),
            output: String::new(),
            is_found: error.kind() != io::ErrorKind::NotFound,
        }
    }
}

/// Runs a command in a process group of its own, without input. Returns the last of what it printed,
/// on stdout and stderr.
///
/// One that does not end in time is killed, with what it has started, but for any containerd among
/// that. `interrupted`: whether to stop waiting; then the command goes on, and `None` is returned.
pub(super) fn run(
    mut command: Command,
    place: &CommandPlace,
    deadline: Instant,
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<String>, Failed> {
    // Not a pipe: a daemon that the command starts may hold it, and would be killed by a write to
    // it once this run is over.
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let printed = memfd_create("containerd-edit", flags).map_err(io::Error::from)?;
    let mut printed = File::from(printed);
    command
        .stdin(Stdio::null())
        .stdout(printed.try_clone()?)
        .stderr(printed.try_clone()?)
        .process_group(0);
    let mut child = place.spawn(command)?;
    let process = Process::of(child.id());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            end(&mut child);
            break None;
        }
        if interrupted() {
            return Ok(None);
        }
        match &process {
            Some(process) => drop(process.ends_within(left.min(POLL))),
            None => std::thread::sleep(left.min(POLL)),
        }
    };
    // Nor does what a daemon prints there later fill the memory.
    let _ = fcntl_add_seals(&printed, SealFlags::GROW | SealFlags::SHRINK);
    let length = printed.metadata()?.len();
    printed.seek(SeekFrom::Start(length.saturating_sub(MOST_OUTPUT)))?;
    let mut output = Vec::new();
    printed.take(MOST_OUTPUT).read_to_end(&mut output)?;
    let output = String::from_utf8_lossy(&output).into_owned();
    let how = match status {
        Some(status) if status.success() => return Ok(Some(output)),
        Some(status) => format!("ended with {status}"),
        None => "did not end in time".to_owned(),
    };
    // What a shell says of a program that is not there, or can't be run.
    let code = status.and_then(|status| status.code());
    Err(Failed {
        how,
        output,
        is_found: !matches!(code, Some(126 | 127)),
    })
}

/// Kills a command and what it has started, but no containerd and no shim.
fn end(child: &mut Child) {
    let group = child.id();
    for id in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = id.file_name();
        let id = id.to_str().and_then(|id| id.parse::<u32>().ok());
        let Some(id) = id else {
            continue;
        };
        let is_of_command = Stat::of(id).is_some_and(|it| {
            // There is none while the kernel takes it apart.
            let its_group = it.field(5).and_then(|group| group.parse().ok());
            its_group == Some(group) && !it.has_ended() && !it.field(2).is_some_and(is_containerd)
        });
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| is_of_command) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    if Process::of(group).is_none_or(|it| it.ends_within(Duration::from_secs(1))) {
        let _ = child.wait();
    }
}

/// The kernel cuts names: `containerd-shim`.
fn is_containerd(name: &str) -> bool {
    name.starts_with("containerd")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    fn within(script: &str, limit: Duration) -> Result<String, Failed> {
        let deadline = Instant::now() + limit;
        let ran = run(sh(script), &CommandPlace::Here, deadline, &|| false);
        ran.map(|printed| printed.expect("not interrupted"))
    }

    fn too_long(script: &str) -> String {
        let failed = within(script, Duration::from_millis(300)).expect_err("too long");
        assert_eq!(failed.how, "did not end in time");
        failed.output
    }

    #[test]
    fn the_status_and_the_last_of_the_output_are_kept() {
        let script = "seq 10000; echo >&2 last; exit 3";
        let failed = within(script, Duration::from_secs(60)).expect_err("it fails");
        assert_eq!(failed.how, "ended with exit status: 3");
        let output = failed.output;
        assert!(output.ends_with("10000\nlast\n"), "{output}");
        assert!(output.len() <= 4096);
    }

    /// What holds the output of a command neither keeps it from ending, nor is it ended by it.
    #[test]
    fn what_the_command_leaves_running_is_left_alone() {
        let printed = within("sleep 600 & echo $!", Duration::from_secs(60));
        let printed = printed.expect("it ends well");
        let left: u32 = printed.trim().parse().expect("a process ID");
        let process = Process::of(left).expect("it runs");
        let pid = Pid::from_raw(left.cast_signed()).expect("an ID");
        kill_process(pid, Signal::KILL).expect("it runs");
        assert!(process.ends_within(Duration::from_secs(60)));
    }

    #[test]
    fn one_that_takes_too_long_is_killed_with_its_children() {
        let script = "sleep 600 & echo $!; wait";
        let left: u32 = too_long(script).trim().parse().expect("a process ID");
        let gone = Process::of(left).is_none_or(|it| it.ends_within(Duration::from_secs(60)));
        assert!(gone);
    }

    #[test]
    fn no_containerd_is_killed_with_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = folder.path().join("containerd");
        fs::copy("/bin/sleep", &name).expect("copies");
        let script = format!("{} 600 & echo $!; wait", name.display());
        let left: u32 = too_long(&script).trim().parse().expect("a process ID");
        let process = Process::of(left).expect("it still runs");
        assert!(!process.ends_within(Duration::ZERO));
        let pid = Pid::from_raw(left.cast_signed()).expect("an ID");
        kill_process(pid, Signal::KILL).expect("it runs");
    }

    #[test]
    fn who_is_interrupted_waits_no_longer() {
        let deadline = Instant::now() + Duration::from_secs(600);
        let ran = run(sh("exec sleep 2"), &CommandPlace::Here, deadline, &|| true);
        assert!(ran.expect("sh can be started").is_none());
    }
}
