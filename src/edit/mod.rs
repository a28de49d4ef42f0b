//! Pure: a config and what is wanted of it in, new texts out; and whether any release would do worse.

pub(crate) mod change;
pub(crate) mod edited;
pub(crate) mod inventory;
pub(crate) mod judgement;
pub(crate) mod patch;
pub(crate) mod run;
pub(crate) mod template;
