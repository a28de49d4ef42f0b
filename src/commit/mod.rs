//! One edit of a node under the lock: read, edit, judge, write the ledger, replace the files, note it
//! down; undo.

pub(crate) mod editor;
pub(crate) mod file_change;
mod judging;
mod kept;
pub(crate) mod ledger;
mod links;
pub(crate) mod operation_log;
mod order;
pub(crate) mod outcome;
mod parts;
pub(crate) mod path_json;
mod placement;
pub(crate) mod planning;
pub(crate) mod reading;
pub(crate) mod rendering;
mod repair;
mod replacement;
pub(crate) mod request;
mod restore;
pub(crate) mod restored;
mod task;
pub(crate) mod transaction;
mod undo;
