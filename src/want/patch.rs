//! What is asked for: a patch.

use crate::want::handler::{Handler, HandlerName, Owner, Setting};

/// What a config shall hold, and what it shall not.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Change, Config, Handler, Ledger, Patch, edit};
///
/// let config = Config::new("/etc/containerd/config.toml", Some("version = 3\n"))?;
/// let patch = Patch::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let edited = edit(&config, &Ledger::default(), &Change::from(&patch))?;
/// assert_eq!(edited.report.handlers.added, ["spin"]);
/// let text = edited.files[0].after.as_ref().expect("the file stays");
/// assert!(text.contains("[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub(crate) handlers: Vec<Handler>,
    pub(crate) default: Option<HandlerName>,
    pub(crate) cri: Vec<Setting>,
    pub(crate) proxy_plugins: Vec<Setting>,
    pub(crate) debug: Vec<Setting>,
    pub(crate) removals: Vec<Removal>,
    pub(crate) owner: Owner,
    pub(crate) plugin_id: Option<String>,
    pub(crate) unset_default: Option<UnsetDefault>,
    pub(crate) prune: bool,
    pub(crate) take_over: bool,
    pub(crate) declares: bool,
    pub(crate) adopt: bool,
}

/// Whose defaults shall be gone.
#[derive(Debug, Clone)]
pub(crate) enum UnsetDefault {
    OfAll,
    Of(Owner),
}

/// A handler that shall be gone.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) name: String,
    pub(crate) whose: Whose,
}

/// Whose a handler may be that shall be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Anybodys,
    /// The patch is refused if it belongs to another owner.
    OwnOrRefused,
    /// One that belongs to another owner stays.
    Own,
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
        self.removals.push(Removal {
            name,
            whose: Whose::Anybodys,
        });
        self
    }

    /// Adds the name of a handler that shall be gone, unless another owner has added it: then the
    /// patch is refused.
    #[must_use]
    pub fn remove_owned(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.removals.push(Removal {
            name,
            whose: Whose::OwnOrRefused,
        });
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

    /// Makes what is there as the patch wants it, and nobody's, the owner's: it goes when the owner
    /// leaves.
    #[must_use]
    pub fn adopt(mut self) -> Self {
        self.adopt = true;
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

    /// The owner of whom nothing shall be there but what the patch names.
    pub(crate) fn pruned_owner(&self) -> Option<&Owner> {
        self.prune.then_some(&self.owner)
    }

    /// Whether the patch has something that shall be there.
    pub(crate) fn adds(&self) -> bool {
        self.adds_to_plugins() || !self.proxy_plugins.is_empty() || !self.debug.is_empty()
    }

    /// Whether the patch has something that shall be there in a table of a plugin: its name goes by
    /// the config version.
    pub(crate) fn adds_to_plugins(&self) -> bool {
        !self.handlers.is_empty() || self.default.is_some() || !self.cri.is_empty()
    }

    /// Whether the patch may have another owner's handlers.
    pub(crate) fn takes_over(&self) -> bool {
        self.take_over
    }

    /// Whether all that the owner has added and the patch doesn't name shall be gone.
    pub(crate) fn prunes(&self) -> bool {
        self.prune
    }

    /// The handlers that shall be gone.
    pub(crate) fn removed(&self) -> impl Iterator<Item = (&str, Whose)> {
        let removals = self.removals.iter();
        removals.map(|removal| (removal.name.as_str(), removal.whose))
    }

    /// The names of handlers that shall be there.
    #[cfg(feature = "cri")]
    pub(crate) fn ensured_names(&self) -> impl Iterator<Item = &str> {
        self.handlers.iter().map(|handler| handler.name().as_str())
    }

    /// Whether the patch says something of the default.
    #[cfg(feature = "cri")]
    pub(crate) fn concerns_default(&self) -> bool {
        self.default.is_some() || self.unset_default.is_some()
    }

    /// The installer that the patch is made for, whether that counts or not.
    pub(crate) fn named_owner(&self) -> &Owner {
        self.acting_owner().unwrap_or(&self.owner)
    }

    /// Returns the owner on whose behalf the patch is made; `None` where that does not count, as
    /// for a handler that shall be gone whoever owns it.
    #[must_use]
    pub fn acting_owner(&self) -> Option<&Owner> {
        if let Some(UnsetDefault::Of(owner)) = &self.unset_default {
            return Some(owner);
        }
        let by_owner = self
            .removals
            .iter()
            .any(|removal| removal.whose != Whose::Anybodys);
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
