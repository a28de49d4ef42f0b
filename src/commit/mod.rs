//! One edit of a node under the lock: read, edit, judge, replace the files, note it down; undo.

pub(crate) mod change;
pub(crate) mod editor;
pub(crate) mod operation_log;
pub(crate) mod ownership;
pub(crate) mod path_json;
pub(crate) mod planning;
pub(crate) mod transaction;
pub(crate) mod undo;
