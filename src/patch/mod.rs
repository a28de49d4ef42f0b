//! A pure, idempotent change to a config: handlers to ensure, handlers to drop, the default.

mod block;
mod default;
mod edit;
mod elements;
mod ensure;
mod error;
#[cfg(test)]
mod given;
mod headers;
pub(crate) mod imports;
mod keys;
mod layers;
pub(crate) mod listing;
mod place;
pub(crate) mod provenance;
mod release;
mod removal;
mod stale;
mod style;
mod wanted;

use std::collections::BTreeSet;

use crate::containerd::plugin::{self, NoTable};
use crate::containerd::version;
use crate::document::{Document, Position};
use crate::handler::{Handler, HandlerName, Owner, Setting};

pub use self::error::PatchError;

use self::edit::Edit;
use self::provenance::Provenance;

/// What a config shall hold, and what it shall not.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Document, Handler, Patch, apply};
///
/// let config = Document::parse(b"version = 3\n")?;
/// let patch = Patch::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let edited = apply(Some(&config), &patch)?;
/// assert_eq!(edited.handlers.added, ["spin"]);
/// let text = edited.text.expect("the file stays");
/// assert!(text.contains("[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Patch {
    handlers: Vec<Handler>,
    default: Option<HandlerName>,
    cri: Vec<Setting>,
    proxy_plugins: Vec<Setting>,
    debug: Vec<Setting>,
    removals: Vec<Removal>,
    owner: Owner,
    plugin_id: Option<String>,
    unset_default: Option<UnsetDefault>,
    prune: bool,
    take_over: bool,
    declares: bool,
}

/// Whose defaults shall be gone.
#[derive(Debug, Clone)]
enum UnsetDefault {
    OfAll,
    Of(Owner),
}

/// A handler that shall be gone.
#[derive(Debug, Clone)]
struct Removal {
    name: String,
    /// Not if it belongs to another owner than the patch's.
    owned: bool,
}

impl Patch {
    /// A patch that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler that shall be listed, with at least its settings. One of the same name that
    /// was added before is replaced.
    #[must_use]
    pub fn ensure(mut self, handler: Handler) -> Self {
        self.handlers.retain(|known| known.name() != handler.name());
        self.handlers.push(handler);
        self
    }

    /// Makes the named handler the default. It should be one that the config lists or that the
    /// patch ensures.
    #[must_use]
    pub fn default_handler(mut self, name: HandlerName) -> Self {
        self.default = Some(name);
        self
    }

    /// Takes every default away that this tool has set, so that the one of the file itself is back.
    #[must_use]
    pub fn unset_default(mut self) -> Self {
        self.unset_default = Some(UnsetDefault::OfAll);
        self
    }

    /// Takes the default away that this owner has set, and leaves those of others: where theirs came
    /// later, it stays in force.
    #[must_use]
    pub fn unset_default_of(mut self, owner: Owner) -> Self {
        self.unset_default = Some(UnsetDefault::Of(owner));
        self
    }

    /// Sets a key of CRI's runtime plugin, as in `enable_cdi=true`. One that was set before is
    /// replaced.
    #[must_use]
    pub fn cri(mut self, setting: Setting) -> Self {
        put(&mut self.cri, setting);
        self
    }

    /// Sets a key of a proxy plugin: the path begins with the plugin's name, as in
    /// `nydus.type=snapshot`.
    #[must_use]
    pub fn proxy_plugin(mut self, setting: Setting) -> Self {
        put(&mut self.proxy_plugins, setting);
        self
    }

    /// Sets a key of containerd's `debug` table, as in `level=debug`.
    #[must_use]
    pub fn debug(mut self, setting: Setting) -> Self {
        put(&mut self.debug, setting);
        self
    }

    /// Adds the name of a handler that shall be gone, whoever owns it; any name that a file can
    /// hold.
    #[must_use]
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.removals.push(Removal { name, owned: false });
        self
    }

    /// Adds the name of a handler that shall be gone, unless another owner has added it: then the
    /// patch is refused.
    #[must_use]
    pub fn remove_owned(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.removals.push(Removal { name, owned: true });
        self
    }

    /// Makes all that the owner has added before be gone, as far as the patch doesn't name it, and
    /// gives back what it had replaced. A patch that names nothing takes the owner away as a whole.
    #[must_use]
    pub fn prune(mut self) -> Self {
        self.prune = true;
        self
    }

    /// Lets the patch have handlers that belong to another owner: they are this owner's from then
    /// on. Without it, such a patch is refused.
    #[must_use]
    pub fn take_over(mut self) -> Self {
        self.take_over = true;
        self
    }

    /// Makes the patch one that may be applied again and again: where a newer owner has set another
    /// value over this one's, that stays in force, with a warning, unless the patch takes over.
    /// Otherwise a patch comes out on top.
    #[must_use]
    pub fn declares(mut self) -> Self {
        self.declares = true;
        self
    }

    /// Sets the owner that the provenance comments name.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// The owner that the patch takes away as a whole.
    pub(crate) fn leaving_owner(&self) -> Option<&Owner> {
        (self.prune && !self.adds()).then_some(&self.owner)
    }

    /// Whether the patch has something that shall be there.
    pub(crate) fn adds(&self) -> bool {
        self.adds_to_plugins() || !self.proxy_plugins.is_empty() || !self.debug.is_empty()
    }

    /// Whether the patch has something that shall be there in a table of a plugin: its name goes by
    /// the config version.
    fn adds_to_plugins(&self) -> bool {
        !self.handlers.is_empty() || self.default.is_some() || !self.cri.is_empty()
    }

    /// Whether all that the owner has added and the patch doesn't name shall be gone.
    pub(crate) fn prunes(&self) -> bool {
        self.prune
    }

    /// The names of handlers that shall be gone.
    pub(crate) fn removed_names(&self) -> impl Iterator<Item = &str> {
        self.removals.iter().map(|removal| removal.name.as_str())
    }

    /// The installer that the patch is made for, whether that counts or not.
    pub(crate) fn named_owner(&self) -> &Owner {
        self.acting_owner().unwrap_or(&self.owner)
    }

    /// The part of the patch that takes away all that its owner has added.
    pub(crate) fn pruning(&self) -> Self {
        Self {
            prune: true,
            owner: self.owner.clone(),
            plugin_id: self.plugin_id.clone(),
            ..Self::default()
        }
    }

    /// Returns the owner on whose behalf the patch is made; `None` where that does not count, as
    /// for a handler that shall be gone whoever owns it.
    #[must_use]
    pub fn acting_owner(&self) -> Option<&Owner> {
        if let Some(UnsetDefault::Of(owner)) = &self.unset_default {
            return Some(owner);
        }
        let by_owner = self.removals.iter().any(|removal| removal.owned);
        (self.adds() || self.prune || by_owner).then_some(&self.owner)
    }

    /// Names the plugin table to edit, instead of the one that the config version calls for. Needed
    /// where the config version is newer than this release, or where two tables hold handlers.
    #[must_use]
    pub fn plugin_id(mut self, id: impl Into<String>) -> Self {
        self.plugin_id = Some(id.into());
        self
    }
}

/// Adds a setting; one of the same key is replaced.
fn put(settings: &mut Vec<Setting>, setting: Setting) {
    settings.retain(|known| known.path() != setting.path());
    settings.push(setting);
}

/// What a run has to tell although it went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Where in the config as it was before.
    pub at: Option<Position>,
}

/// Names of handlers by what an edit does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handlers {
    /// Not listed before.
    pub added: Vec<String>,
    /// Listed before with other keys or values.
    pub changed: Vec<String>,
    /// Not listed any more.
    pub removed: Vec<String>,
}

impl Handlers {
    /// Notes a handler down as changed, once.
    fn change(&mut self, name: &str) {
        if !self.changed.iter().any(|known| known == name) {
            self.changed.push(name.to_owned());
        }
    }
}

/// The result of applying a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole text after the edit; `None` if the file shall not exist.
    pub text: Option<String>,
    /// The config version of the text, 0 if it has none.
    pub version: i64,
    /// The handlers that differ.
    pub handlers: Handlers,
    /// The keys outside of handlers that the edit sets or gives back, dotted.
    pub keys: Vec<String>,
    /// The default handler that the edit puts into effect; `None` if it stays what it was.
    pub new_default: Option<String>,
    /// Whether containerd reads anything else in the text after the edit: comments don't count.
    pub means_otherwise: bool,
    /// What people should know.
    pub warnings: Vec<Warning>,
    /// Whether something goes that made up for what the file lacked on containerd 1.x: a `runc` that
    /// was listed for the tool's own handlers, or a default in the place of the file's own.
    pub(crate) takes_back: bool,
}

/// Applies a patch to a config. Pure: nothing is read or written.
///
/// `config` is `None` where the file does not exist; then the smallest config is created that
/// means the same as containerd's built-in one plus the patch. Applying a patch to its own result
/// changes nothing. A handler that was not there before can be removed again without a trace.
///
/// # Errors
///
/// [`PatchError`] if the config's version is not known, if something that is no table stands in
/// the way, or if the edit can't be spelled in the file without changing something else.
pub fn apply(config: Option<&Document<'_>>, patch: &Patch) -> Result<Edited, PatchError> {
    let Some(config) = config else {
        return create(patch);
    };
    let mut edited = release_all(config, None, patch)?;
    if !patch.adds() {
        return Ok(edited);
    }
    let Some(text) = edited.text.take() else {
        return create(patch);
    };
    let ensured = if text == config.text {
        ensure(config, None, patch)?
    } else {
        ensure(
            &Document::parse(text.as_bytes()).map_err(broken)?,
            None,
            patch,
        )?
    };
    Ok(together(edited, ensured))
}

/// Returns the patch with the plugin table named that the config at `base` calls for.
///
/// # Errors
///
/// [`PatchError`] about the base: its version is not known, or no plugin table will do.
pub(crate) fn settled(base: &Document<'_>, patch: &Patch) -> Result<Patch, PatchError> {
    let mut patch = patch.clone();
    if patch.plugin_id.is_none() {
        let version = version::of(base)?;
        let id = plugin::choose(base, version).map_err(|reason| no_table(base, reason))?;
        patch.plugin_id = Some(id.to_owned());
    }
    Ok(patch)
}

/// Takes out of a part of the config at `base` what the patch wants gone, wherever it stands there.
/// The text is `None` if nothing is left but what the tool created the part with.
///
/// # Errors
///
/// [`PatchError`] as of [`apply`].
pub(crate) fn take_out_of_part(
    part: Option<&Document<'_>>,
    base: Option<&Document<'_>>,
    patch: &Patch,
) -> Result<Edited, PatchError> {
    let Some(part) = part else {
        return Ok(nothing());
    };
    let mut edited = release(part, base, patch)?;
    // Somebody may have taken the handlers out by hand.
    edited.text = edited.text.and_then(release::without_leftovers);
    Ok(edited)
}

/// Applies a patch to a part of a config: a file that the config at `base` imports, or what is
/// appended to it. Config version and plugin IDs are those of the base.
///
/// `part` is `None` where the file does not exist.
///
/// # Errors
///
/// [`PatchError`] as of [`apply`], of the base, and of the part.
pub(crate) fn apply_to_part(
    part: Option<&Document<'_>>,
    base: &Document<'_>,
    patch: &Patch,
) -> Result<Edited, PatchError> {
    if !patch.adds() {
        return take_out_of_part(part, Some(base), patch);
    }
    let patch = settled(base, patch)?;
    let version = version::of_any(base)?;
    let new = created(&patch.owner, version);
    let released = part
        .map(|part| release(part, Some(base), &patch))
        .transpose()?;
    let mut edited = released.unwrap_or_else(nothing);
    let text = edited.text.take().unwrap_or(new);
    let ensured = ensure(
        &Document::parse(text.as_bytes()).map_err(broken)?,
        Some(base),
        &patch,
    )?;
    Ok(together(edited, ensured))
}

/// What an edit that takes something out and one that puts something in do together.
fn together(mut edited: Edited, ensured: Edited) -> Edited {
    edited.text = ensured.text;
    edited.version = ensured.version;
    edited.handlers.added = ensured.handlers.added;
    edited.handlers.changed.extend(ensured.handlers.changed);
    edited.new_default = ensured.new_default.or(edited.new_default);
    edited.warnings.extend(ensured.warnings);
    edited.keys.extend(ensured.keys);
    edited.means_otherwise |= ensured.means_otherwise;
    edited
}

/// The names of all handlers that a config lists, under whatever plugin ID.
pub(crate) fn listed_names(config: &Document<'_>) -> BTreeSet<String> {
    let handlers = plugin::IDS.iter().flat_map(|id| listing::of(config, id));
    handlers.map(|handler| handler.name.to_owned()).collect()
}

/// The edit where there is no file.
fn create(patch: &Patch) -> Result<Edited, PatchError> {
    if !patch.adds() {
        return Ok(nothing());
    }
    let text = created(&patch.owner, 2);
    let config = Document::parse(text.as_bytes()).map_err(broken)?;
    ensure(&config, None, patch)
}

/// The edit of no file into no file.
fn nothing() -> Edited {
    Edited {
        text: None,
        version: 0,
        handlers: Handlers::default(),
        keys: Vec::new(),
        new_default: None,
        means_otherwise: false,
        warnings: Vec::new(),
        takes_back: false,
    }
}

/// A file as it is created, before anything is in it.
fn created(owner: &Owner, version: i64) -> String {
    let provenance = Provenance::Owner(owner.as_str().to_owned());
    format!("{}\nversion = {version}\n", provenance.comment())
}

fn broken(error: crate::document::ParseError) -> PatchError {
    PatchError::Broken {
        message: error.message,
        at: error.at,
    }
}

/// Takes out what shall be gone. What a handler has from another may be stale once that has changed:
/// then it goes, too.
fn release_all<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, PatchError> {
    let mut edited = release(config, base, patch)?;
    let is_stale = patch.prune && patch.adds() && edited.means_otherwise;
    if let (true, Some(text)) = (is_stale, &edited.text) {
        let again = release(
            &Document::parse(text.as_bytes()).map_err(broken)?,
            base,
            patch,
        )?;
        edited.text.clone_from(&again.text);
        for name in &again.handlers.changed {
            edited.handlers.change(name);
        }
    }
    Ok(edited)
}

fn release<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, PatchError> {
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
    if edited.text.as_deref() != Some(config.text) {
        edited.text = edited.text.and_then(release::without_leftovers);
    }
    Ok(edited)
}

fn no_table(config: &Document<'_>, reason: NoTable) -> PatchError {
    let at = |id| config.position(config.offset(&plugin::containerd_path(id)));
    match reason {
        NoTable::Ambiguous(ids) => PatchError::AmbiguousPlugin {
            ids,
            at: at(ids[1]),
        },
        NoTable::Misplaced { found, right } => PatchError::MisplacedHandlers {
            found,
            right,
            at: at(found),
        },
    }
}

fn ensure<'d>(
    config: &'d Document<'_>,
    base: Option<&'d Document<'d>>,
    patch: &'d Patch,
) -> Result<Edited, PatchError> {
    let version = version::of_or_named(base.unwrap_or(config), patch.plugin_id.as_deref())?;
    let mut edit = Edit::new(config, version, patch);
    edit.base = base;
    let goes_by_version = patch.adds_to_plugins();
    if goes_by_version && version::is_free(config) && patch.plugin_id.is_none() {
        edit.add_version();
    }
    let version = edit.version;
    let id = match &patch.plugin_id {
        Some(id) => id,
        None => plugin::choose(config, version).map_err(|reason| no_table(config, reason))?,
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
}
