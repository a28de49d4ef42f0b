//! An edit of all its files held against the model, and what is said of one that does harm.

use std::collections::BTreeSet;

use crate::commit::editor::{Editor, Plan};
use crate::containerd::{ConfigFiles, Host, version};
use crate::edit::judgement::{Harm, Judgement};
use crate::edit::patch::BUILT_IN;
use crate::error::Error;
use crate::error::Position;
use crate::error::Warning;
use crate::toml::Document;
use crate::want::patch::Patch;

use super::handlers_of;

impl Editor {
    /// Holds an edit against the model of each release. `adds`: whether something shall be there
    /// afterwards, and not only be gone.
    pub(super) fn judge(
        &self,
        (before, after): (&ConfigFiles, &ConfigFiles),
        plan: &Plan,
        listed: &BTreeSet<String>,
        adds: bool,
    ) -> Result<Vec<Warning>, Error> {
        let host = Host::here();
        let judgement = self.judgement(before, after, plan, listed, &host);
        judgement.pass(adds).map_err(|harm| match harm {
            Harm::NotRead { releases, version } => Error::VersionNotRead {
                path: self.path.clone(),
                at: plan.before.as_deref().and_then(version_place),
                version,
                releases,
            },
            harm => Error::Harmful {
                path: self.path.clone(),
                what: harm.to_string(),
            },
        })
    }

    /// Refuses to set a default that names nothing, also where another file overrides it for now.
    pub(super) fn check_default(
        &self,
        patch: &Patch,
        plan: &Plan,
        after: &ConfigFiles,
    ) -> Result<(), Error> {
        let new_default = plan.edited.new_default.as_deref();
        let Some(name) = patch.wanted_default().filter(|it| new_default == Some(it)) else {
            return Ok(());
        };
        let listed = handlers_of(after);
        // The built-in one need not be listed, and what can't be read may list any.
        if name == BUILT_IN || listed.contains(name) || !after.unread().is_empty() {
            return Ok(());
        }
        Err(Error::DefaultNotListed {
            path: self.path.clone(),
            name: name.to_owned(),
            listed: listed.into_iter().collect(),
        })
    }

    pub(super) fn judgement<'j>(
        &'j self,
        before: &'j ConfigFiles,
        after: &'j ConfigFiles,
        plan: &'j Plan,
        listed: &'j BTreeSet<String>,
        host: &'j Host,
    ) -> Judgement<'j> {
        Judgement {
            before,
            after,
            edited: &plan.edited,
            listed,
            // The files that handlers refer to may be out of sight here: an installer's container
            // sees the host's under another path.
            host,
            releases: &self.releases,
        }
    }
}

/// Where the config version stands in a file, if it does.
fn version_place(bytes: &[u8]) -> Option<Position> {
    let config = Document::parse(bytes).ok()?;
    config.get(&["version"])?;
    Some(version::position(&config))
}
