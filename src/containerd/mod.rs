//! What containerd makes of a config file: a pure model of its loader.
//!
//! It is tested against what real daemons did (`fixtures/conformance`, `tests/containerd`).

mod address;
mod asked;
mod daemon;
mod duration;
mod files;
pub(crate) mod imports;
mod judging;
mod keys;
mod loaded;
mod loading;
pub(crate) mod lost;
mod merging;
mod migration;
mod model;
mod platform;
pub(crate) mod plugin;
mod registry;
pub(crate) mod release;
pub(crate) mod release_config;
mod rules;
mod schema;
mod servers;
mod shape;
mod snapshotters;
pub(crate) mod spelling;
mod successor;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod url;
mod verdict;
pub(crate) mod version;
mod view;

pub(crate) use self::imports::absolute;
pub(crate) use self::keys::{Wanted, ignores, is_name, is_plugin};
pub(crate) use self::registry::needs_of_host;
pub(crate) use self::release_config::{Effect, ReleaseConfig};
pub(crate) use self::servers::made_besides;
pub(crate) use self::shape::read_as;
pub(crate) use self::successor::Successor;
pub(crate) use self::view::{BUILT_IN, RUNC_TYPE};

pub use self::files::{Cgroup, ConfigFiles, Disproved, FileState, Host};
pub use self::judging::load;
pub use self::model::Model;
pub use self::release::Release;
pub use self::verdict::{LoadedHandler, Reason, Verdict};
