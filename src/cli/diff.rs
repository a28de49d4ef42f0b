//! The unified diff of an edit.

use containerd_edit::Outcome;
use containerd_edit::report::FileChange;
use similar::TextDiff;

/// Returns the diff of all files; empty if nothing changes.
pub(crate) fn of(plan: &Outcome) -> String {
    plan.changes().map(of_file).collect()
}

fn of_file(change: &FileChange) -> String {
    let path = change.path.to_string_lossy();
    let name = |exists: bool| if exists { &*path } else { "/dev/null" };
    let before = change.before.as_deref().map(String::from_utf8_lossy);
    let after = change.after.as_deref();
    TextDiff::from_lines(
        before.as_deref().unwrap_or_default(),
        after.unwrap_or_default(),
    )
    .unified_diff()
    .header(name(before.is_some()), name(after.is_some()))
    .to_string()
}
