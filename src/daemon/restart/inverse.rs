//! The patches that take one run's change out of files that others have changed since.

use std::collections::BTreeMap;

use crate::commit::change::Change;
use crate::edit::inventory::{Inventory, ListedHandler};
use crate::node::template;
use crate::toml::Document;
use crate::want::handler::{Handler, HandlerName, Owner, Setting};
use crate::want::patch::Patch;

/// Returns the patches, or what no patch takes out.
///
/// What the handlers were before is read from the files as they were before the change.
pub(super) fn patches(change: &Change, new_default: Option<&str>) -> Result<Vec<Patch>, String> {
    let owner = match &change.owner {
        Some(owner) => owner.parse().map_err(|_| format!("the owner {owner:?}"))?,
        None => Owner::default(),
    };
    let before = Before::of(change);
    let added = &change.handlers.added;
    let is_newcomer = owner != Owner::default() && !before.mentions(&owner);
    let keys: Vec<&str> = change.keys.changed().collect();
    let grown = grown(change, &before);
    if !keys.is_empty() || !grown.is_empty() {
        // Whoever had nothing there leaves as a whole. Otherwise what a key was is not known, and
        // one that a handler has got would stay.
        return if is_newcomer && change.handlers.removed.is_empty() {
            let patch = Patch::new().owner(owner).prune();
            // By their names, too: another program may have dropped the comments.
            Ok(vec![added.iter().fold(patch, Patch::remove_owned)])
        } else if keys.is_empty() {
            Err(format!("the keys that {} has got", grown.join(", ")))
        } else {
            Err(format!("the keys {}", keys.join(", ")))
        };
    }
    let mut patches = Vec::new();
    let mut back: BTreeMap<String, Patch> = BTreeMap::new();
    let gone = change.handlers.removed.iter();
    for name in gone.chain(&change.handlers.changed) {
        let listed = before.handler(name);
        let (handler, its) = listed.as_ref().and_then(as_it_was).ok_or(name)?;
        let patch = back.remove(its.as_str()).unwrap_or_else(|| {
            let patch = Patch::new().owner(its.clone());
            patch.declares().take_over()
        });
        back.insert(its.as_str().to_owned(), patch.ensure(handler));
    }
    patches.extend(back.into_values());
    if let Some(new) = new_default {
        patches.extend(default(new, change, &before, &owner)?);
    }
    if !added.is_empty() {
        let patch = Patch::new().owner(owner);
        patches.push(added.iter().fold(patch, Patch::remove_owned));
    }
    Ok(patches)
}

/// The handlers that have got keys by a change.
fn grown(change: &Change, before: &Before) -> Vec<String> {
    let files = [&change.main].into_iter().chain(&change.drop_ins);
    let after = Before::of_texts(files.filter_map(|file| file.after.clone()));
    let has_more = |name: &&String| {
        let (Some(was), Some(is)) = (before.handler(name), after.handler(name)) else {
            return false;
        };
        let mut keys = is.settings.iter().map(|(path, _)| path);
        keys.any(|path| was.settings.iter().all(|(known, _)| known != path))
    };
    let changed = change.handlers.changed.iter();
    changed.filter(has_more).cloned().collect()
}

/// Gives the default back, where it does not come back with a handler that goes.
fn default(
    new: &str,
    change: &Change,
    before: &Before,
    owner: &Owner,
) -> Result<Option<Patch>, String> {
    if change.handlers.added.iter().any(|added| added == new) {
        return Ok(None);
    }
    let old = before.default();
    let was_removed = old
        .as_ref()
        .is_some_and(|(name, _)| change.handlers.removed.contains(name));
    match old {
        Some((name, its)) if was_removed || its.as_ref() == Some(owner) => {
            let name: HandlerName = name.parse().map_err(|_| "the default".to_owned())?;
            let patch = Patch::new().owner(its.unwrap_or_default());
            Ok(Some(patch.default_handler(name)))
        }
        _ => Ok(Some(Patch::new().unset_default_of(owner.clone()))),
    }
}

/// A handler as the file listed it, and whose it was. `None`: it can't be said in a patch.
fn as_it_was(listed: &ListedHandler) -> Option<(Handler, Owner)> {
    let owner = match &listed.owner {
        Some(owner) => owner.parse().ok()?,
        None => Owner::default(),
    };
    let name = listed.name.parse().ok()?;
    let mut handler = Handler::new(name, listed.runtime_type.as_deref()?);
    for (path, value) in &listed.settings {
        if path.len() == 1 && path[0] == "runtime_type" {
            continue;
        }
        handler = handler.with(Setting::at(path, value)).ok()?;
    }
    Some((handler, owner))
}

/// The files as they were before a change.
struct Before {
    texts: Vec<String>,
}

impl Before {
    fn of(change: &Change) -> Self {
        let files = [&change.main].into_iter().chain(&change.drop_ins);
        let texts = files.filter_map(|file| {
            let bytes = file.before.as_deref()?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        });
        Self::of_texts(texts)
    }

    fn of_texts(texts: impl Iterator<Item = String>) -> Self {
        // A template of k3s is no TOML as it stands.
        let as_toml = |text: String| match Document::parse(text.as_bytes()) {
            Ok(_) => text,
            Err(_) => template::as_toml(&text).unwrap_or(text),
        };
        Self {
            texts: texts.map(as_toml).collect(),
        }
    }

    fn mentions(&self, owner: &Owner) -> bool {
        let words = self.texts.iter().flat_map(|text| text.split_whitespace());
        let wanted = format!("owner={owner}");
        words.into_iter().any(|word| word == wanted)
    }

    fn handlers(&self) -> Vec<ListedHandler> {
        let configs = self.texts.iter();
        let configs = configs.filter_map(|text| Document::parse(text.as_bytes()).ok());
        let inventories = configs.filter_map(|config| Inventory::of(&config, None).ok());
        inventories
            .flat_map(|inventory| inventory.handlers)
            .collect()
    }

    fn handler(&self, name: &str) -> Option<ListedHandler> {
        let mut handlers = self.handlers().into_iter();
        handlers.find(|handler| handler.name == name)
    }

    /// The default that the file named, and who had set it.
    fn default(&self) -> Option<(String, Option<Owner>)> {
        let mut lines = self.texts.iter().flat_map(|text| text.lines());
        let line = lines.find(|line| line.trim_start().starts_with("default_runtime_name"))?;
        let set_by = line.split_once("containerd-edit v1 owner=");
        let owner = set_by.and_then(|(_, behind)| behind.split_whitespace().next()?.parse().ok());
        let name = self
            .handlers()
            .into_iter()
            .find(|handler| handler.is_default)?
            .name;
        Some((name, owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::editor::FileChange;
    use crate::edit::patch::apply;

    const BEFORE: &str = "version = 3\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
        runtime_type = 'io.containerd.runc.v2'\n";

    fn patched(text: &str, patch: &Patch) -> crate::edit::patch::Edited {
        let config = Document::parse(text.as_bytes()).expect("TOML");
        apply(Some(&config), patch).expect("applies")
    }

    fn handler(name: &str) -> Handler {
        Handler::new(name.parse().expect("a name"), "io.containerd.x.v2")
    }

    fn owner(name: &str) -> Owner {
        name.parse().expect("an owner")
    }

    /// Makes a change, then another one, and takes the first one out.
    fn taken_out(before: &str, ours: &Patch, theirs: &Patch) -> Result<String, String> {
        let edited = patched(before, ours);
        let after = edited.text.clone().expect("a file");
        let change = Change {
            main: FileChange {
                path: "/config.toml".into(),
                before: Some(before.as_bytes().to_vec()),
                after: Some(after.clone()),
            },
            drop_ins: Vec::new(),
            handlers: edited.handlers,
            owner: ours.acting_owner().map(ToString::to_string),
            keys: edited.keys,
        };
        let mut text = patched(&after, theirs).text.expect("a file");
        for patch in patches(&change, edited.new_default.as_deref())? {
            text = patched(&text, &patch).text.expect("a file");
        }
        Ok(text)
    }

    /// Taking the change out leaves what there is if only the other one was made.
    #[track_caller]
    fn leaves_theirs(before: &str, ours: &Patch) {
        let theirs = Patch::new()
            .owner(owner("theirs"))
            .ensure(handler("theirs"));
        let wanted = patched(before, &theirs).text.expect("a file");
        assert_eq!(taken_out(before, ours, &theirs), Ok(wanted));
    }

    #[test]
    fn what_a_run_has_added_goes() {
        let ours = Patch::new().owner(owner("ours")).ensure(handler("ours"));
        leaves_theirs(BEFORE, &ours);
        leaves_theirs(
            BEFORE,
            &ours.default_handler("ours".parse().expect("a name")),
        );
        leaves_theirs("version = 2\n", &Patch::new().ensure(handler("ours")));
    }

    #[test]
    fn keys_go_with_an_owner_that_had_none() {
        let ours = Patch::new()
            .owner(owner("ours"))
            .ensure(handler("ours"))
            .cri("enable_cdi=true".parse().expect("a setting"));
        leaves_theirs(BEFORE, &ours);
        let before = patched(BEFORE, &ours).text.expect("a file");
        let ours = ours.cri("enable_cdi=false".parse().expect("a setting"));
        let error = taken_out(&before, &ours, &Patch::new()).expect_err("not known");
        assert!(error.contains("enable_cdi"), "{error}");
    }

    #[test]
    fn keys_that_a_handler_has_got_are_not_left_in_it() {
        let kata = |settings: &[&str]| {
            let mut kata = handler("kata");
            for setting in settings {
                let setting = setting.parse().expect("a setting");
                kata = kata.with(setting).expect("a handler");
            }
            Patch::new().owner(owner("kata")).ensure(kata)
        };
        let before = patched(BEFORE, &kata(&["snapshotter=a"])).text;
        let before = before.expect("a file");
        let theirs = Patch::new().owner(owner("theirs")).ensure(handler("spin"));
        let ours = kata(&["snapshotter=b"]);
        let taken = taken_out(&before, &ours, &theirs).expect("a value comes back");
        assert!(taken.contains("snapshotter = 'a'"), "{taken}");
        let ours = kata(&["snapshotter=b", "cni_conf_dir=/x"]);
        let error = taken_out(&before, &ours, &theirs).expect_err("a key would stay");
        assert_eq!(error, "the keys that kata has got");
    }

    #[test]
    fn handlers_of_a_template_are_known() {
        let template = format!("{{{{ template \"base\" . }}}}\n{}", &BEFORE[12..]);
        let before = Before::of_texts([template].into_iter());
        assert!(before.handler("runc").is_some());
    }

    #[test]
    fn what_a_run_has_removed_or_changed_is_as_it_was() {
        let kata = handler("kata").with("snapshotter=nydus".parse().expect("a setting"));
        let kata = kata.expect("a handler");
        let install = Patch::new().owner(owner("kata")).ensure(kata);
        let install = install.default_handler("kata".parse().expect("a name"));
        let before = patched(BEFORE, &install).text.expect("a file");
        for ours in [
            Patch::new().remove("kata"),
            Patch::new().owner(owner("kata")).prune(),
            Patch::new().owner(owner("kata")).ensure(
                handler("kata")
                    .with("snapshotter=other".parse().expect("a setting"))
                    .expect("a handler"),
            ),
        ] {
            let theirs = Patch::new()
                .owner(owner("theirs"))
                .ensure(handler("theirs"));
            let text = taken_out(&before, &ours, &theirs).expect("it can be");
            let config = Document::parse(text.as_bytes()).expect("TOML");
            let handlers = Inventory::of(&config, None).expect("handlers").handlers;
            let kata = handlers.iter().find(|handler| handler.name == "kata");
            let kata = kata.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(kata.owner.as_deref(), Some("kata"), "{text}");
            assert!(
                kata.is_default && text.contains("snapshotter = 'nydus'"),
                "{text}"
            );
            assert!(handlers.iter().any(|handler| handler.name == "theirs"));
        }
    }
}
