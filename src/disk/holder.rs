//! Who holds the lock, as written in the lock file: for people. It never decides anything.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::process_stat::Stat;

pub(super) const GRAMMAR: &str = "# containerd-edit v1 ";
const UNKNOWN: &str = "a program that does not say who it is";

/// The line in a lock file. Any part may be missing: `/proc` may not be mounted, and other releases
/// may write other parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Holder {
    pid: Option<u32>,
    /// When the process started, in clock ticks after the boot: field 22 of `/proc/PID/stat`.
    started: Option<u64>,
    /// The kernel's ID of this boot.
    boot: Option<String>,
    /// The inode of the PID namespace.
    pid_namespace: Option<String>,
    host: Option<String>,
    since: Option<String>,
    command: Option<String>,
}

/// What became of the process that a lock file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is there.
    Running,
    /// No process has its ID.
    Gone,
    /// Another process has its ID.
    Reused,
    /// It was before the last reboot.
    OtherBoot,
    /// It is on another host.
    OtherHost,
    /// Its ID counts in another PID namespace: in another container, or on the host.
    OtherNamespace,
    /// Nothing can be said.
    Unknown,
}

impl Fate {
    /// A stable word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Gone => "gone",
            Self::Reused => "reused",
            Self::OtherBoot => "other-boot",
            Self::OtherHost => "other-host",
            Self::OtherNamespace => "other-namespace",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the process can't be one that holds a lock now.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Gone | Self::Reused | Self::OtherBoot)
    }
}

impl Holder {
    /// This process.
    pub(super) fn this(command: &str) -> Self {
        let pid = std::process::id();
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        Self {
            pid: Some(pid),
            started: started("self"),
            boot: boot(),
            pid_namespace: pid_namespace(),
            host: Some(this_host()),
            since: Some(now.to_string()),
            command: Some(command.to_owned()),
        }
    }

    /// Reads the first line of a lock file.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.lines().next()?.strip_prefix(GRAMMAR)?;
        let mut holder = Self::default();
        while let Some((key, after)) = rest.split_once('=') {
            let (value, next) = match key.trim_start() {
                // The last part, since it may hold anything.
                "command" => (after.trim_end().trim_matches('"'), ""),
                _ => after.split_once(' ').unwrap_or((after, "")),
            };
            rest = next;
            let text = || Some(value.chars().filter(|char| !char.is_control()).collect());
            match key.trim_start() {
                "pid" => holder.pid = value.parse().ok(),
                "started" => holder.started = value.parse().ok(),
                "boot" => holder.boot = text(),
                "pid-namespace" => holder.pid_namespace = text(),
                "host" => holder.host = text(),
                "since" => holder.since = text(),
                "command" => holder.command = text(),
                _ => {}
            }
        }
        Some(holder).filter(|holder| *holder != Self::default())
    }

    /// The line for a lock file.
    pub(super) fn line(&self) -> String {
        let mut line = GRAMMAR.trim_end().to_owned();
        let mut part = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = write!(line, " {key}={value}");
            }
        };
        part("pid", self.pid.map(|pid| pid.to_string()));
        part("started", self.started.map(|ticks| ticks.to_string()));
        part("boot", self.boot.clone());
        part("pid-namespace", self.pid_namespace.clone());
        part("host", self.host.clone());
        part("since", self.since.clone());
        part(
            "command",
            self.command.as_ref().map(|text| format!("{text:?}")),
        );
        line.push('\n');
        line
    }

    /// What became of the process.
    pub(crate) fn fate(&self) -> Fate {
        let Some(pid) = self.pid else {
            return Fate::Unknown;
        };
        let differs = |one: &Option<String>, other: Option<String>| match (one, other) {
            (Some(one), Some(other)) => *one != other,
            _ => false,
        };
        if differs(&self.boot, boot()) {
            // After a reboot a host mostly has its name still.
            return if differs(&self.host, Some(this_host())) {
                Fate::OtherHost
            } else {
                Fate::OtherBoot
            };
        }
        match (&self.pid_namespace, pid_namespace()) {
            (Some(theirs), Some(mine)) if *theirs == mine => {}
            (Some(_), Some(_)) => return Fate::OtherNamespace,
            _ => return Fate::Unknown,
        }
        match (started(&pid.to_string()), self.started) {
            (None, _) => Fate::Gone,
            (Some(now), Some(then)) if now != then => Fate::Reused,
            (Some(_), Some(_)) => Fate::Running,
            (Some(_), None) => Fate::Unknown,
        }
    }

    /// Who holds the lock if this stands in the file of a lock that is busy.
    pub(super) fn words(&self) -> String {
        match self.fate() {
            Fate::Running => format!("{self}, which is running"),
            Fate::Unknown => self.to_string(),
            Fate::OtherNamespace => format!("{self}, in another PID namespace than this one"),
            Fate::OtherHost => format!("{self}, which is another host than this one"),
            Fate::Gone => format!("{UNKNOWN} (the last one that did, {self}, is gone)"),
            Fate::Reused => format!(
                "{UNKNOWN} (the last one that did, {self}, is gone: its PID is another process's now)"
            ),
            Fate::OtherBoot => {
                format!("{UNKNOWN} (the last one that did, {self}, was before a reboot)")
            }
        }
    }
}

/// Who holds the lock if nothing in its file says so.
pub(super) fn unknown() -> String {
    UNKNOWN.to_owned()
}

impl fmt::Display for Holder {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(text, "`{command}`")?,
            None => write!(text, "a run")?,
        }
        if let Some(pid) = self.pid {
            write!(text, ", PID {pid}")?;
        }
        if let Some(host) = &self.host {
            write!(text, " on {host}")?;
        }
        match &self.since {
            Some(since) => write!(text, " since {since}"),
            None => Ok(()),
        }
    }
}

/// When a process started, in clock ticks after the boot.
fn started(pid: &str) -> Option<u64> {
    Stat::of(pid)?.started()
}

fn this_host() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

fn pid_namespace() -> Option<String> {
    let link: PathBuf = fs::read_link("/proc/self/ns/pid").ok()?;
    let text = link.to_str()?;
    Some(text.strip_prefix("pid:[")?.strip_suffix(']')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let me = Holder::this("add kata --set a=\"b\"");
        let line = me.line();
        let read = Holder::read(&line).expect("our line");
        assert_eq!((read.pid, read.started), (me.pid, me.started), "{line}");
        assert_eq!((&read.boot, &read.host), (&me.boot, &me.host), "{line}");
        assert_eq!(read.fate(), Fate::Running, "{line}");
        assert!(read.words().contains("`add kata"), "{}", read.words());
    }

    #[test]
    fn the_line_of_an_older_release_is_read_too() {
        let line =
            "# containerd-edit v1 pid=7 host=a since=2026-01-01T00:00:00Z command=\"add x\"\n";
        let read = Holder::read(line).expect("our line");
        assert_eq!(read.fate(), Fate::Unknown);
        let said = "`add x`, PID 7 on a since 2026-01-01T00:00:00Z";
        assert_eq!(read.words(), said);
    }

    #[test]
    fn a_process_that_cannot_be_the_holder_is_not_called_so() {
        let me = Holder::this("add x");
        let other = |change: &dyn Fn(&mut Holder)| {
            let mut holder = me.clone();
            change(&mut holder);
            holder.fate()
        };
        assert_eq!(other(&|holder| holder.started = Some(1)), Fate::Reused);
        assert_eq!(other(&|holder| holder.pid = Some(u32::MAX)), Fate::Gone);
        let boot = Some("0".to_owned());
        assert_eq!(other(&|holder| holder.boot = boot.clone()), Fate::OtherBoot);
        let elsewhere = |holder: &mut Holder| {
            holder.boot.clone_from(&boot);
            holder.host = Some("elsewhere".to_owned());
        };
        assert_eq!(other(&elsewhere), Fate::OtherHost);
        let pid_namespace = Some("1".to_owned());
        let fate = other(&|holder| holder.pid_namespace = pid_namespace.clone());
        assert_eq!(fate, Fate::OtherNamespace);
    }

    #[test]
    fn what_is_no_line_of_ours_names_nobody() {
        for text in [
            "",
            "4711\n",
            "# containerd-edit v2 pid=1\n",
            "# containerd-edit v1 \n",
        ] {
            assert_eq!(Holder::read(text), None, "{text:?}");
        }
        let hostile = Holder::read("# containerd-edit v1 host=\u{1b}[31m command==\"\"=\n");
        assert_eq!(hostile.expect("a host").host.as_deref(), Some("[31m"));
    }
}
