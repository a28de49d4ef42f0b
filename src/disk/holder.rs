//! Who holds the lock, as written in the lock file: for people. It never decides anything.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use super::process_stat::Stat;

pub(super) const GRAMMAR: &str = "# containerd-edit v1 ";
/// Who holds the lock if nothing in its file says so.
const UNKNOWN: &str = "a program that does not say who it is";

/// The line in a lock file, as names and values:
///
/// - `pid`;
/// - `started`: when the process started, in clock ticks after the boot, as in field 22 of
///   `/proc/PID/stat`;
/// - `boot`: the kernel's ID of this boot;
/// - `pid-namespace`: its inode;
/// - `host`, `since`, and `command`, which may hold anything and so comes last.
///
/// Any part may be missing: `/proc` may not be mounted, and other releases may write other parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder(Vec<(String, String)>);

/// What became of the process that a lock file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderFate {
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

impl Holder {
    /// This process.
    pub(super) fn this(command: &str) -> Self {
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        let parts = [
            ("pid", Some(std::process::id().to_string())),
            ("started", started("self")),
            ("boot", boot()),
            ("pid-namespace", pid_namespace()),
            ("host", Some(this_host())),
            ("since", Some(now.to_string())),
            ("command", Some(format!("{command:?}"))),
        ];
        let parts = parts.into_iter();
        let known = parts.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Self(known.collect())
    }

    /// Reads the first line of a lock file.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.lines().next()?.strip_prefix(GRAMMAR)?;
        let mut parts = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let name = name.trim_start();
            let (value, next) = match name {
                "command" => (after.trim_end(), ""),
                _ => after.split_once(' ').unwrap_or((after, "")),
            };
            rest = next;
            let value = value.chars().filter(|char| !char.is_control());
            parts.push((name.to_owned(), value.collect()));
        }
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// The line for a lock file.
    pub(super) fn line(&self) -> String {
        let parts = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        format!("{GRAMMAR}{}\n", parts.collect::<Vec<_>>().join(" "))
    }

    fn part(&self, name: &str) -> Option<&str> {
        let mut parts = self.0.iter();
        let (_, value) = parts.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// What became of the process.
    pub(crate) fn fate(&self) -> HolderFate {
        let pid = self.part("pid").filter(|pid| pid.parse::<u32>().is_ok());
        let Some(pid) = pid else {
            return HolderFate::Unknown;
        };
        let differs = |name: &str, now: Option<String>| match (self.part(name), now) {
            (Some(then), Some(now)) => Some(then != now),
            _ => None,
        };
        if differs("boot", boot()) == Some(true) {
            // After a reboot a host mostly has its name still.
            return match differs("host", Some(this_host())) {
                Some(true) => HolderFate::OtherHost,
                _ => HolderFate::OtherBoot,
            };
        }
        match differs("pid-namespace", pid_namespace()) {
            Some(false) => {}
            Some(true) => return HolderFate::OtherNamespace,
            None => return HolderFate::Unknown,
        }
        match (started(pid), self.part("started")) {
            (None, _) => HolderFate::Gone,
            (Some(now), Some(then)) if now != then => HolderFate::Reused,
            (Some(_), Some(_)) => HolderFate::Running,
            (Some(_), None) => HolderFate::Unknown,
        }
    }
}

/// Who holds a busy lock of which the file says this, in words that are safe to print.
pub(super) fn words(holder: Option<&Holder>) -> String {
    match holder.map(|holder| (holder, holder.fate())) {
        None => UNKNOWN.to_owned(),
        Some((holder, fate)) if fate.is_over() => {
            format!("{UNKNOWN} (the last one that did: {holder}{fate})")
        }
        Some((holder, fate)) => format!("{holder}{fate}"),
    }
}

impl HolderFate {
    /// Returns whether the process can't hold the lock any more: whoever does has not signed.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Gone | Self::Reused | Self::OtherBoot)
    }
}

impl fmt::Display for HolderFate {
    /// As behind the name of the process.
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(match self {
            Self::Running => ", which is running",
            Self::Gone => ", which has ended",
            Self::Reused => ", which has ended: its PID is another process's now",
            Self::OtherBoot => ", before a reboot",
            Self::OtherHost => ", which is another host than this one",
            Self::OtherNamespace => ", in another PID namespace than this one",
            Self::Unknown => "",
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part("command") {
            Some(command) => write!(text, "`{}`", command.trim_matches('"'))?,
            None => write!(text, "a run")?,
        }
        for (name, words) in [("pid", ", PID"), ("host", " on"), ("since", " since")] {
            if let Some(value) = self.part(name) {
                write!(text, "{words} {value}")?;
            }
        }
        Ok(())
    }
}

/// When a process started, in clock ticks after the boot.
fn started(process: &str) -> Option<String> {
    Some(Stat::of(process)?.started()?.to_string())
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
        assert_eq!(read, me, "{line}");
        assert_eq!(read.fate(), HolderFate::Running, "{line}");
        assert!(
            words(Some(&read)).contains("`add kata"),
            "{}",
            words(Some(&read))
        );
    }

    #[test]
    fn the_line_of_an_older_release_is_read_too() {
        let line =
            "# containerd-edit v1 pid=7 host=a since=2026-01-01T00:00:00Z command=\"add x\"\n";
        let read = Holder::read(line).expect("our line");
        assert_eq!(read.fate(), HolderFate::Unknown);
        let said = "`add x`, PID 7 on a since 2026-01-01T00:00:00Z";
        assert_eq!(words(Some(&read)), said);
    }

    #[test]
    fn a_process_that_cannot_be_the_holder_is_not_called_so() {
        let other = |changes: &[(&str, &str)]| {
            let mut holder = Holder::this("add x");
            for (name, value) in &mut holder.0 {
                let change = changes.iter().find(|(changed, _)| changed == name);
                if let Some((_, other)) = change {
                    (*other).clone_into(value);
                }
            }
            holder.fate()
        };
        assert_eq!(other(&[("started", "1")]), HolderFate::Reused);
        assert_eq!(other(&[("pid", "4294967295")]), HolderFate::Gone);
        assert_eq!(other(&[("boot", "0")]), HolderFate::OtherBoot);
        assert_eq!(
            other(&[("boot", "0"), ("host", "elsewhere")]),
            HolderFate::OtherHost
        );
        assert_eq!(other(&[("pid-namespace", "1")]), HolderFate::OtherNamespace);
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
        assert_eq!(hostile.expect("a host").part("host"), Some("[31m"));
    }
}
