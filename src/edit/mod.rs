//! Pure: a config and what is wanted of it in, new texts out; and whether any release would do worse.

mod adopting;
pub(crate) mod change;
mod desired;
pub(crate) mod edited;
mod implied;
pub(crate) mod in_force;
pub(crate) mod inventory;
pub(crate) mod judgement;
mod merge;
mod needed;
mod refusal;
mod reporting;
pub(crate) mod run;
mod stages;
mod wants;
mod work;
mod writing;
