//! The unified diff of an edit.

use containerd_edit::Outcome;
use containerd_edit::report::FileChange;
use similar::TextDiff;

/// Returns the diff of all files; empty if nothing changes.
pub(crate) fn of(plan: &Outcome) -> String {
    let main = of_file(&plan.path.display().to_string(), &plan.main);
    let drop_ins = plan.drop_ins.iter();
    let drop_ins = drop_ins.map(|change| of_file(&change.path.display().to_string(), change));
    main + &drop_ins.collect::<String>()
}

fn of_file(path: &str, change: &FileChange) -> String {
    if !change.is_change() {
        return String::new();
    }
    let name = |exists: bool| if exists { path } else { "/dev/null" };
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
