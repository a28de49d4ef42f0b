//! Pure: a config and what is wanted of it in, new texts out; and whether any release would do worse.

mod adopting;
mod cgroup_driver;
mod clearing;
mod copies;
mod desired;
pub(crate) mod edited;
mod harm;
mod implied;
pub(crate) mod judgement;
mod merge;
pub(crate) mod need;
mod needed;
mod offer;
pub(crate) mod overridden;
pub(crate) mod placement;
pub(crate) mod refusal;
pub(crate) mod remedy;
mod reporting;
pub(crate) mod run;
mod stages;
mod start;
mod staying;
pub(crate) mod unread;
mod wants;
mod work;
mod writing;
