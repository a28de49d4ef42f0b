//! What `/proc/PID/stat` says of a process, `proc_pid_stat(5)`.

use std::fmt::Display;
use std::fs;

/// The line about a process.
#[derive(Debug)]
pub(crate) struct Stat {
    line: String,
}

impl Stat {
    /// Looks at a process, by its ID or as `self`. `None`: it can't be seen from here, or is gone.
    pub(crate) fn of(process: impl Display) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Some(Self { line })
    }

    /// A field by its number, from 2 on, which is the name of the program, cut to 15 bytes.
    pub(crate) fn field(&self, number: usize) -> Option<&str> {
        // The name may hold anything, brackets too.
        let (open, close) = (self.line.find('(')?, self.line.rfind(')')?);
        match number.checked_sub(3) {
            None => self.line.get(open + 1..close),
            Some(behind) => self.line.get(close + 1..)?.split_whitespace().nth(behind),
        }
    }

    /// When it started, in clock ticks after the boot.
    pub(crate) fn started(&self) -> Option<u64> {
        self.field(22)?.parse().ok()
    }

    /// Whether it is a zombie, or less.
    #[cfg(feature = "cri")]
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.field(3), Some("Z" | "X"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let line = "4711 (a (b) c d) S 1 4700 4700 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 52110 9";
        let stat = Stat {
            line: line.to_owned(),
        };
        let fields = [2, 3, 5].map(|number| stat.field(number));
        assert_eq!(fields, [Some("a (b) c d"), Some("S"), Some("4700")]);
        assert_eq!(stat.started(), Some(52110));
        let cut = Stat {
            line: "4711 (x".to_owned(),
        };
        assert_eq!((cut.field(2), cut.started()), (None, None));
    }
}
