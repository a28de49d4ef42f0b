//! Durations in Go's notation (`time.ParseDuration`).

/// Each unit, and how many nanoseconds it has.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
];
/// Go counts nanoseconds in 63 bits: 292 years.
const LONGEST: f64 = 9.223e18;

/// Whether Go parses the text as a duration.
pub(super) fn is_valid(text: &str) -> bool {
    nanoseconds(text).is_some()
}

/// The nanoseconds of a duration: a sign, then numbers, each with its unit.
pub(super) fn nanoseconds(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0.0);
    }
    let is_of_number = |character: char| character.is_ascii_digit() || character == '.';
    let mut nanoseconds = 0.0;
    loop {
        let end = rest.find(|it| !is_of_number(it))?;
        let (number, more) = rest.split_at(end);
        let (unit, more) = more.split_at(more.find(is_of_number).unwrap_or(more.len()));
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanoseconds += number.parse::<f64>().ok()? * length;
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    // Near the end of the range a float is not exact: what is left out there nobody writes.
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    (nanoseconds < LONGEST).then_some(sign * nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn as_go_reads_them() {
        for good in [
            "0", "5s", "4h0m0s", "1.5h", "-2m", "+1ms", ".5s", "1.s", "100µs", "1h2m3.4s",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "", "5", "5x", "s", "1..5s", ".s", "-", "5 s", "5s ", "1d", "١s", "9999999h",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
