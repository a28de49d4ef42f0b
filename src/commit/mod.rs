//! One edit of a node under the lock: read, edit, judge, write the ledger, replace the files, note it
//! down; undo.

pub(crate) mod editor;
mod judging;
mod kept;
pub(crate) mod ledger;
pub(crate) mod operation_log;
mod order;
mod parts;
pub(crate) mod path_json;
mod placement;
pub(crate) mod planning;
pub(crate) mod reading;
mod repair;
pub(crate) mod replacement;
mod restore;
pub(crate) mod restored;
pub(crate) mod transaction;
pub(crate) mod undo;
