//! Durations in Go's notation (`time.ParseDuration`).

const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];

/// Whether Go parses the text as a duration: a sign, then numbers, each with its unit.
pub(super) fn is_valid(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let digits = &rest[..number];
        if digits.matches('.').count() > 1 || !digits.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        rest = &rest[number..];
        let unit = rest
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(rest.len());
        if !UNITS.contains(&&rest[..unit]) {
            return false;
        }
        // Go's range ends at 292 years; nobody writes that, and 18 digits are surely in it.
        if digits.len() > 12 {
            return false;
        }
        rest = &rest[unit..];
    }
    true
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
            "", "5", "5x", "s", "1..5s", ".s", "-", "5 s", "5s ", "1d", "١s",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
