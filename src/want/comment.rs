//! The comment above each block of the tool, which names its owner.

/// What it begins with.
const COMMENT: &str = "# containerd-edit owner=";

/// The comment above a block.
pub(crate) fn comment(owner: &str) -> String {
    format!("{COMMENT}{owner}")
}

/// The owner that a comment line names.
pub(crate) fn owner_in(line: &str) -> Option<&str> {
    line.trim().strip_prefix(COMMENT)
}

/// Whether a line is such a comment: it belongs to the header below it.
pub(crate) fn is_own(line: &str) -> bool {
    owner_in(line).is_some()
}
