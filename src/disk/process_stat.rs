//! What `/proc/PID/stat` says of a process, `proc_pid_stat(5)`.

use std::fs;

/// What is needed of it.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "cri", test)),
    expect(dead_code, reason = "what restarts nothing asks for the start alone")
)]
pub(crate) struct Stat {
    /// The name of its program, cut to 15 bytes.
    pub(crate) name: String,
    pub(crate) state: char,
    /// The ID of its process group; none while the kernel takes it apart.
    pub(crate) group: Option<u32>,
    /// When it started, in clock ticks after the boot.
    pub(crate) started: u64,
}

impl Stat {
    /// Looks at a process, by its ID or as `self`. `None`: it can't be seen from here, or is gone.
    pub(crate) fn of(process: &str) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The name may hold anything, brackets too.
        let (open, close) = (text.find('(')?, text.rfind(')')?);
        let mut behind = text.get(close + 1..)?.split_whitespace();
        Some(Self {
            name: text.get(open + 1..close)?.to_owned(),
            state: behind.next()?.chars().next()?,
            group: behind.nth(1)?.parse().ok(),
            started: behind.nth(16)?.parse().ok()?,
        })
    }

    #[cfg(feature = "cri")]
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let line = "4711 (a (b) c d) S 1 4700 4700 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 52110 9";
        let stat = Stat::parse(line).expect("a line");
        assert_eq!(
            (stat.name.as_str(), stat.state, stat.group, stat.started),
            ("a (b) c d", 'S', Some(4700), 52110)
        );
        let ending = Stat::parse(&line.replace("4700", "-1")).expect("a line");
        assert_eq!((ending.group, ending.started), (None, 52110));
        assert!(Stat::parse("4711 (x").is_none());
    }
}
