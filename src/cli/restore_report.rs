//! What a restore has found, and what it has put back.

use std::fmt::Write as _;
use std::time::Duration;

use containerd_edit::Release;
use containerd_edit::report::{KeptText, Restored};

use super::text::printable;

/// What was put back, or would be.
pub(super) fn deed(restored: &Restored) -> String {
    let chosen = restored.kept.iter().filter(|text| text.is_chosen);
    let chosen: Vec<String> = chosen.map(|text| text.path.display().to_string()).collect();
    match chosen.as_slice() {
        [] => "put the text back".to_owned(),
        chosen => format!("put back {}", chosen.join(" and ")),
    }
}

/// A line for each kept text, and for each text that was replaced.
pub(super) fn text(restored: &Restored, is_change: bool, is_planned: bool) -> String {
    let found = is_change.then(|| format!("found: {}", restored.found));
    let replaced = restored.replaced.iter().filter(|_| !is_planned);
    let replaced = replaced.map(|path| format!("what stood there is kept: {}", path.display()));
    let kept = restored.kept.iter().map(kept);
    let lines = found.into_iter().chain(kept).chain(replaced);
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {}", printable(&line));
        text
    })
}

fn kept(text: &KeptText) -> String {
    let mut line = format!("kept: {}", text.path.display());
    if let Some(age) = text.age {
        let age = humantime::format_duration(Duration::from_secs(age)).to_string();
        // The largest unit says enough.
        let age = age.split(' ').next().unwrap_or_default();
        let _ = write!(line, ", {age} old");
    }
    let _ = match (&text.problem, Release::ranges(&text.serves).as_str()) {
        (Some(problem), _) => write!(line, ", {problem}"),
        (None, "") => write!(line, ", serves on no containerd release"),
        (None, releases) => write!(line, ", serves on containerd {releases}"),
    };
    line
}
