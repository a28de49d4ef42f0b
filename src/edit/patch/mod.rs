//! A pure, idempotent change to a config: handlers to ensure, handlers to drop, the default.

mod created;
mod default;
mod edit;
mod edited;
mod ensure;
mod error;
#[cfg(test)]
mod given;
mod headers;
pub(crate) mod imports;
mod keys;
mod layers;
mod laying;
pub(crate) mod listing;
pub(crate) mod provenance;
mod release;
mod release_keys;
mod stale;
mod wanted;

use std::collections::BTreeSet;

use crate::containerd::plugin::{self, NoTable};
use crate::containerd::version;
use crate::error::{Error, Warning};
use crate::toml::Document;
use crate::want::handler::Handler;
use crate::want::patch::Patch;

pub(crate) use self::created::is_left_over;
pub(crate) use self::default::KEY as DEFAULT;
pub use self::edited::{Edited, Handlers, Keys};
pub(crate) use self::error::foreign_handler;
pub(crate) use crate::containerd::BUILT_IN;

use self::edit::Edit;

/// Applies a patch to a config. Pure: nothing is read or written.
///
/// `config` is `None` where the file does not exist; then the smallest config is created that
/// means the same as containerd's built-in one plus the patch. Applying a patch to its own result
/// changes nothing. A handler that was not there before can be removed again without a trace.
///
/// # Errors
///
/// [`Error`] if the config's version is not known, if something that is no table stands in
/// the way, or if the edit can't be spelled in the file without changing something else.
pub fn apply(config: Option<&Document<'_>>, patch: &Patch) -> Result<Edited, Error> {
    let Some(config) = config else {
        return create(patch);
    };
    let mut edited = release_all(config, None, patch)?;
    if !patch.adds() {
        return Ok(edited);
    }
    let Some(text) = edited.text.take() else {
        return Ok(edited.together(create(patch)?));
    };
    let ensured = if text == config.text() {
        ensure(config, None, patch)?
    } else {
        ensure(&error::parsed(&text)?, None, patch)?
    };
    Ok(edited.together(ensured))
}

/// Returns the patch with the plugin table named that the config at `base` calls for.
///
/// # Errors
///
/// [`Error`] about the base: its version is not known, or no plugin table will do.
pub(crate) fn settled(base: &Document<'_>, patch: &Patch) -> Result<Patch, Error> {
    let mut patch = patch.clone();
    if patch.plugin_id.is_none() {
        let version = version::of(base)?;
        let id = plugin::choose(base, version).map_err(|reason| no_table(base, &reason))?;
        patch.plugin_id = Some(id.to_owned());
    }
    Ok(patch)
}

/// Takes out of a part of the config at `base` what the patch wants gone, wherever it stands there.
/// The text is `None` if nothing is left but what the tool created the part with.
///
/// # Errors
///
/// [`Error`] as of [`apply`].
pub(crate) fn take_out_of_part(
    part: Option<&Document<'_>>,
    base: Option<&Document<'_>>,
    patch: &Patch,
) -> Result<Edited, Error> {
    let Some(part) = part else {
        return Ok(Edited::nothing());
    };
    let mut edited = release_all(part, base, patch)?;
    // Somebody may have taken the handlers out by hand.
    edited.text = edited
        .text
        .and_then(|text| created::without_leftovers(text, false));
    Ok(edited)
}

/// Takes out of a part of the config at `base` what the patch wants gone. One in which nothing of
/// that stands is left as it is, whatever else is in it.
///
/// # Errors
///
/// [`Error`] as of [`apply`].
pub(crate) fn take_out_if_there(
    part: &Document<'_>,
    base: Option<&Document<'_>>,
    patch: &Patch,
) -> Result<Edited, Error> {
    release_all(part, base, patch)
}

/// Applies a patch to a part of a config: a file that the config at `base` imports, or what is
/// appended to it. Config version and plugin IDs are those of the base.
///
/// `part` is `None` where the file does not exist.
///
/// # Errors
///
/// [`Error`] as of [`apply`], of the base, and of the part.
pub(crate) fn apply_to_part(
    part: Option<&Document<'_>>,
    base: &Document<'_>,
    patch: &Patch,
) -> Result<Edited, Error> {
    if !patch.adds() {
        return take_out_of_part(part, Some(base), patch);
    }
    let patch = settled(base, patch)?;
    let version = version::of_any(base)?;
    let new = created::new(&patch.owner, version);
    let released = part
        .map(|part| release_all(part, Some(base), &patch))
        .transpose()?;
    let mut edited = released.unwrap_or_else(Edited::nothing);
    let text = edited.text.take().unwrap_or(new);
    let ensured = ensure(&error::parsed(&text)?, Some(base), &patch)?;
    Ok(edited.together(ensured))
}

/// The names of all handlers that a config lists, under whatever plugin ID.
pub(crate) fn listed_names(config: &Document<'_>) -> BTreeSet<String> {
    let handlers = plugin::IDS.iter().flat_map(|id| listing::of(config, id));
    handlers.map(|handler| handler.name.to_owned()).collect()
}

/// Whether a config has the dotted key, and no comment behind it that says whose it is.
pub(crate) fn is_unmarked(config: &Document<'_>, key: &str) -> bool {
    let Ok(path) = toml_edit::Key::parse(key) else {
        return false;
    };
    let path: Vec<&str> = path.iter().map(toml_edit::Key::get).collect();
    let layered = layers::Layered::at(config, &path);
    layered.is_some_and(|layered| !layered.is_owned())
}

/// The edit where there is no file.
fn create(patch: &Patch) -> Result<Edited, Error> {
    if !patch.adds() {
        return Ok(Edited::nothing());
    }
    let text = created::new(&patch.owner, 2);
    let config = error::parsed(&text)?;
    ensure(&config, None, patch)
}

/// Takes out what shall be gone. What a handler has from another may be stale once that has changed:
/// then it goes, too.
fn release_all<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, Error> {
    let mut edited = release(config, base, patch)?;
    let is_stale = patch.prune && patch.adds() && edited.means_otherwise;
    if let (true, Some(text)) = (is_stale, &edited.text) {
        let again = release(&error::parsed(text)?, base, patch)?;
        edited.text.clone_from(&again.text);
        for name in &again.handlers.changed {
            edited.handlers.change(name);
        }
        edited.gives_back.extend(again.gives_back);
    }
    Ok(edited)
}

fn release<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, Error> {
    let version = version::of_or_named(base.unwrap_or(config), patch.plugin_id.as_deref())?;
    let mut edit = Edit::new(config, version, patch);
    edit.base = base;
    let ids = match &patch.plugin_id {
        Some(id) => vec![id.as_str()],
        None => plugin::IDS.to_vec(),
    };
    let mut gone = Vec::new();
    for id in &ids {
        gone.extend(edit.release(id, patch)?);
    }
    for id in &ids {
        edit.release_platforms(id, &gone);
    }
    edit.release_keys(&ids, patch, &gone)?;
    let mut edited = edit.finish()?;
    if edited.text.as_deref() != Some(config.text()) {
        let needs_version = patch.adds_to_plugins();
        edited.text = edited
            .text
            .and_then(|text| created::without_leftovers(text, needs_version));
    }
    Ok(edited)
}

fn no_table(config: &Document<'_>, reason: &NoTable) -> Error {
    error::no_table(reason, |id| {
        config.position(config.offset(&plugin::containerd_path(id)))
    })
}

fn ensure<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, Error> {
    let version = version::of_or_named(base.unwrap_or(config), patch.plugin_id.as_deref())?;
    let mut edit = Edit::new(config, version, patch);
    edit.base = base;
    let goes_by_version = patch.adds_to_plugins();
    if goes_by_version && version::is_free(config) && patch.plugin_id.is_none() {
        edit.add_version()?;
    }
    let version = edit.version;
    let id = match &patch.plugin_id {
        Some(id) => id,
        None => plugin::choose(config, version).map_err(|reason| no_table(config, &reason))?,
    };
    edit.ensure(id, patch)?;
    for setting in patch.handlers.iter().flat_map(Handler::settings) {
        if !setting.is_known() {
            let key = setting.key();
            edit.warnings.push(Warning {
                code: "unknown-key",
                message: format!("{key} is no key that this release knows: written as given"),
                at: None,
            });
        }
    }
    edit.finish()
}

#[cfg(test)]
mod tests {
    use crate::want::handler::Owner;

    use super::given::given;
    use super::*;

    #[test]
    fn a_handler_is_ensured_once_and_the_last_one_counts() {
        let edited = given("version = 3\n")
            .add_with("a", &["snapshotter=x"])
            .add("a")
            .produces(
                "version = 3\n\n# containerd-edit v1 owner=manual\n\
                 [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.a]\n  \
                 runtime_type = \"t\"\n",
            );
        assert_eq!(edited.handlers.added, ["a"]);
    }

    #[test]
    fn a_file_is_created_for_a_handler_and_for_nothing_else() {
        let nothing = apply(None, &Patch::new().remove("a")).expect("accepted");
        assert_eq!(nothing.text, None);
        let handler = Handler::new("a".parse().expect("a name"), "t");
        let created = apply(None, &Patch::new().ensure(handler)).expect("accepted");
        let text = created.text.expect("a file");
        assert!(
            text.starts_with("# containerd-edit v1 owner=manual\nversion = 2\n\n"),
            "{text}"
        );
        let config = Document::parse(text.as_bytes()).expect("TOML");
        let removed = apply(Some(&config), &Patch::new().remove("a")).expect("accepted");
        assert_eq!(removed.text, None, "it is gone again");
    }

    /// The file is gone in between.
    #[test]
    fn an_upgrade_of_all_that_a_file_was_created_for_tells_what_goes() {
        let handler = |name: &str| Handler::new(name.parse().expect("a name"), "t");
        let owner: Owner = "x".parse().expect("an owner");
        let release = |patch: Patch| patch.owner(owner.clone()).prune();
        let old = release(
            Patch::new()
                .ensure(handler("a"))
                .debug("level=a".parse().expect("set")),
        );
        let created = apply(None, &old).expect("accepted").text.expect("a file");
        let config = Document::parse(created.as_bytes()).expect("TOML");
        let new = release(Patch::new().ensure(handler("b")));
        let edited = apply(Some(&config), &new).expect("accepted");
        assert_eq!(
            (edited.handlers.added, edited.handlers.removed),
            (vec!["b".to_owned()], vec!["a".to_owned()])
        );
        assert_eq!(edited.keys.given_back, ["debug.level"]);
        assert!(edited.means_otherwise);
        assert_eq!(edited.text, apply(None, &new).expect("accepted").text);
    }

    #[test]
    fn a_handler_can_take_the_place_of_another_in_one_patch() {
        let edited = given("[plugins.cri.containerd.runtimes]\nrunc.x = 1\nold.x = 1\n")
            .remove("old")
            .add("new")
            .produces(
                "[plugins.cri.containerd.runtimes]\nrunc.x = 1\n\n\
                 # containerd-edit v1 owner=manual\n\
                 [plugins.cri.containerd.runtimes.new]\nruntime_type = \"t\"\n",
            );
        assert_eq!(edited.handlers.added, ["new"]);
        assert_eq!(edited.handlers.removed, ["old"]);
    }

    /// The version would come back below the empty line of what stands there.
    #[test]
    fn a_version_stays_while_an_upgrade_takes_the_place_of_the_last_handler() {
        let owned = |text: &str| {
            format!(
                "version = 2 # containerd-edit v1 owner=x set 2 was unset\n\n\
                 # containerd-edit v1 owner=x\n[debug]\n  \
                 level = \"a\" # containerd-edit v1 owner=x set \"a\" was absent\n{text}"
            )
        };
        let handler = "\n# containerd-edit v1 owner=x\n\
                       [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n";
        let before = owned(&format!(
            "{}runtime_type = \"t\"\n",
            handler.replace("runc", "a")
        ));
        let after = owned(&format!("{handler}  runtime_type = \"t\"\n"));
        given(&before)
            .debug("level=a")
            .add("runc")
            .owner("x")
            .prune()
            .produces(&after);
        given(&after).owner("x").prune().produces("");
    }

    /// What holds instead is for the other files to say.
    #[test]
    fn a_default_of_a_part_that_names_nothing_goes() {
        let containerd = "plugins.'io.containerd.cri.v1.runtime'.containerd";
        let base = format!("version = 3\n[{containerd}]\ndefault_runtime_name = 'mine'\n");
        let base = Document::parse(base.as_bytes()).expect("TOML");
        let text = |default: &str, handler: &str| {
            let part = format!("version = 3\n[{containerd}]\n{default}{handler}");
            part.replace('N', "default_runtime_name = 'a'\n").replace(
                'H',
                &format!("[{containerd}.runtimes.a]\nruntime_type = 't'\n"),
            )
        };
        let part = text("N", "H");
        let part = Document::parse(part.as_bytes()).expect("TOML");
        let edited = take_out_of_part(Some(&part), Some(&base), &Patch::new().remove("a"));
        let edited = edited.expect("accepted");
        assert_eq!(edited.text, Some(text("", "")));
        assert_eq!(edited.warnings[0].code, "default-reset");
    }

    #[test]
    fn a_part_knows_of_the_runc_of_its_base() {
        let runtimes = "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes";
        let partial = format!("version = 2\n[{runtimes}.runc]\nbase_runtime_spec = '/x'\n");
        let handler = Handler::new("a".parse().expect("a name"), "t");
        for (base, warned) in [(format!("{partial}runtime_type = 't'\n"), 0), (partial, 1)] {
            let base = Document::parse(base.as_bytes()).expect("TOML");
            let patch = Patch::new().ensure(handler.clone());
            let edited = apply_to_part(None, &base, &patch).expect("accepted");
            assert_eq!(edited.warnings.len(), warned, "{:?}", edited.warnings);
            assert_eq!(edited.handlers.added, ["a"], "and no runc of its own");
        }
    }
}
