//! An edit of all its files held against the model, and what is said of one that does harm.

use std::collections::BTreeSet;

use crate::commit::editor::{Editor, Plan};
use crate::containerd::{ConfigFiles, Host, version};
use crate::edit::judgement::Judgement;
use crate::edit::patch::BUILT_IN;
use crate::error::{Code, Error, Position, Warning};
use crate::toml::Document;
use crate::want::handler::Preset;
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
        judgement.pass(adds).map_err(|error| match error.code() {
            Code::VersionNotRead => {
                let at = plan.before.as_deref().and_then(version_place);
                error.at(&self.path).position_at(at)
            }
            _ => error.at(&self.path),
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
        Err(default_not_listed(name, &listed).at(&self.path))
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

/// The handler that was to become the default is listed nowhere.
fn default_not_listed(name: &str, listed: &BTreeSet<String>) -> Error {
    let typed = match Preset::named(name) {
        Some(_) => "",
        None => " --set runtime_type=TYPE",
    };
    let add = format!("`containerd-edit add {name}{typed} --default` adds it");
    let hint = if listed.is_empty() {
        add
    } else {
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        format!("name one that is listed ({}); {add}", listed.join(", "))
    };
    let message = format!("{name} can't become the default: no handler of that name is listed");
    Error::new(Code::DefaultNotListed, message, hint)
}

/// Where the config version stands in a file, if it does.
fn version_place(bytes: &[u8]) -> Option<Position> {
    let config = Document::parse(bytes).ok()?;
    config.get(&["version"])?;
    Some(version::position(&config))
}
