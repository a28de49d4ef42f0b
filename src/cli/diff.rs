//! The unified diff of an edit.

use std::path::Path;

use containerd_edit::Outcome;
use similar::TextDiff;

/// Returns the diff of all files; empty if nothing changes.
pub(crate) fn of(plan: &Outcome) -> String {
    let (before, after) = (plan.main.before.as_deref(), plan.main.after.as_deref());
    let mut diff = of_file(&plan.path, before, after);
    for change in &plan.drop_ins {
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        diff.push_str(&of_file(&change.path, before, after));
    }
    diff
}

fn of_file(path: &Path, before: Option<&[u8]>, after: Option<&str>) -> String {
    if before == after.map(str::as_bytes) {
        return String::new();
    }
    let path = path.display().to_string();
    let name = |exists: bool| if exists { path.as_str() } else { "/dev/null" };
    let text = before.map(String::from_utf8_lossy).unwrap_or_default();
    TextDiff::from_lines(text.as_ref(), after.unwrap_or_default())
        .unified_diff()
        .header(name(before.is_some()), name(after.is_some()))
        .to_string()
}
