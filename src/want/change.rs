//! What an owner wants changed.

use std::collections::BTreeSet;

use crate::containerd::spelling;
use crate::error::{Code, Error};
use crate::toml::{Literal, Value};

use super::handler::{Handler, HandlerName, Owner, Setting};
use super::key::{Key, KeyValue};
use super::key_name::KeyName;
use super::mistake;
use super::statements::{Statements, check_agreement};

/// One change to what an owner wants of a config. [`edit()`](crate::edit()) makes files of it, and
/// [`Editor::commit`](crate::Editor::commit) writes them.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Change, Config, Handler, Ledger, edit};
///
/// let config = Config::new("/etc/containerd/config.toml", Some("version = 3\n"))?;
/// let change = Change::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let edited = edit(&config, &Ledger::default(), &change)?;
/// assert_eq!(edited.report.handlers.added, ["spin"]);
/// let text = edited.files[0].after.as_ref().expect("the file stays");
/// assert!(text.contains("[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.spin]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Change {
    pub(crate) owner: Owner,
    /// Whether the owner was named, and is not the one of what people register by hand.
    pub(super) names_owner: bool,
    /// Keys that are wanted from now on, in the order in which new ones are written.
    pub(crate) wants: Vec<KeyValue>,
    /// Whether nothing else is wanted any more.
    pub(crate) is_all: bool,
    /// Handlers of runc's type that take the cgroup driver over which the node uses.
    pub(crate) takes_cgroup_driver: BTreeSet<String>,
    /// Handlers of which the change wants single keys.
    pub(crate) extended: BTreeSet<String>,
    /// Handlers that are not wanted any more.
    pub(crate) removes: Vec<String>,
    /// Keys that are not wanted any more.
    pub(crate) unsets: Vec<Key>,
    /// Keys at which nothing is to stand.
    pub(crate) absent: Vec<Key>,
    /// Keys that are to go: those that the owner wants at or below them, else what nobody wants.
    pub(crate) cleared: Vec<Key>,
    /// What of other owners' wants is overruled.
    pub(crate) overrules: Overrules,
    /// Makes what is there, and nobody's, the owner's: what is to stand at keys once it has left, where
    /// that is not nothing.
    pub(crate) adoption: Option<Vec<KeyValue>>,
    /// The file that new keys go to, as a ledger names it. `None`: the one that the owner's keys went to
    /// before. Those of a new owner go to its drop-in, if the main file imports a folder by a pattern
    /// and is of version 3 or newer; otherwise to the main file.
    pub(crate) file: Option<String>,
    /// The plugin table of the handlers, where that of the file's version is not meant.
    pub(crate) plugin_id: Option<String>,
    /// When the owner leaves, if it does: a ledger remembers it.
    pub(crate) time: Option<String>,
    /// What [`Change::key`] was given, or a patch file says.
    pub(super) keys: Statements,
    /// What [`Change::was`] was given.
    were: Statements,
}

/// What of other owners' wants a change overrules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Overrules {
    Nothing,
    /// A default comes out on top of another owner's that is newer.
    #[default]
    Default,
    All,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what a change is made of is its own from then on"
)]
impl Change {
    /// A change of nothing, for nobody in particular.
    pub fn new() -> Self {
        Self::default()
    }

    /// A change of nothing, for an owner as a ledger names it, that [declares](Self::declares) what
    /// the owner wants.
    pub fn of(owner: impl Into<String>) -> Self {
        Self::new().owner(Owner::known(owner)).declares()
    }

    /// Takes the owner away with all that it wants. `time` says when, for its tombstone.
    pub fn leave(owner: impl Into<String>, time: Option<String>) -> Self {
        Self {
            time,
            ..Self::of(owner).prune()
        }
    }

    /// Sets the owner that is to want what the change names.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self.names_owner = true;
        self
    }

    /// Wants a handler, with at least its settings. One of the same name that was wanted before is
    /// replaced.
    pub fn ensure(mut self, handler: Handler) -> Self {
        self.set_handler(&handler);
        self
    }

    /// Wants single keys of a handler, and leaves its others as they are. Where no file says what runs
    /// it, all that its owner wants of it comes with them, or else the preset of its name.
    ///
    /// # Errors
    ///
    /// What [`Handler::with`] returns, and [`Code::Usage`] if two settings contradict each other.
    pub fn extend(
        mut self,
        name: &HandlerName,
        settings: impl IntoIterator<Item = Setting>,
    ) -> Result<Self, Error> {
        let settings: Vec<Setting> = settings.into_iter().collect();
        self.set_handler(&Handler::given(name.clone(), settings.clone())?);
        check_agreement(&settings)?;
        self.extended.insert(name.as_str().to_owned());
        Ok(self)
    }

    /// Makes the named handler the default. It should be one that the config lists or that the
    /// change ensures.
    pub fn default_handler(mut self, name: HandlerName) -> Self {
        self.set_default(&name);
        self
    }

    /// Takes the default away that the owner has set, and leaves those of others: where theirs came
    /// later, it stays in force. Without an owner, every default goes that this tool has set.
    pub fn unset_default(mut self) -> Self {
        self.unsets.push(Key::default_handler());
        self
    }

    /// Sets a key that is spelled as in a config of any version, as in `debug.level=debug` or
    /// `plugins."io.containerd.nri.v1.nri".disable=false`, or by a short form: `default=crun`,
    /// `handlers.crun.snapshotter=nydus`. Of `imports`,
    /// `disabled_plugins`, `required_plugins` and `unpack_config` it is one element more.
    /// `handlers.crun={}` is the handler as its preset has it.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] if no containerd release reads the key, the value is of another type, or an earlier
    /// setting contradicts it; [`Code::NoRuntimeType`] if no preset is for an empty handler.
    pub fn key(mut self, setting: &Setting) -> Result<Self, Error> {
        mistake::refuse(&[], setting.path(), setting.value())?;
        self.keys.enter(setting.clone(), None)?;
        self.set_bare_handlers(setting)?;
        self.set_key(setting);
        Ok(self)
    }

    /// Does not want the handler of this name any more: any name that a file can hold. A handler of
    /// another owner is refused.
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        self.removes.push(name.into());
        self
    }

    /// Wants nothing but what the change names: all else that the owner has added goes, and what it
    /// had replaced comes back. A change that names nothing takes the owner away as a whole.
    pub fn prune(mut self) -> Self {
        self.is_all = true;
        self
    }

    /// Overrules what other owners want: their handlers are this owner's from then on. Without it,
    /// such a change is refused.
    pub fn take_over(mut self) -> Self {
        self.overrules = Overrules::All;
        self
    }

    /// Makes what is there as it is wanted, and nobody's, the owner's: it goes when the owner leaves.
    pub fn adopt(mut self) -> Self {
        self.adoption.get_or_insert_default();
        self
    }

    /// Adopts, and says what is to stand at a key once the owner has left, instead of nothing. The key
    /// is spelled as in a patch file, as in `debug.level=info`; it has to be one that the change sets.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] if a patch file has no such key, the value is a table or of another type, or an
    /// earlier setting contradicts it.
    pub fn was(mut self, setting: &Setting) -> Result<Self, Error> {
        mistake::refuse(&[], setting.path(), setting.value())?;
        if setting.value().is_table() {
            let message = format!("--was {}: the value is a table, not one key", setting.key());
            return Err(Error::new(Code::Usage, message, "name one key of it"));
        }
        self.were.enter(setting.clone(), None)?;
        let was = Key::spelled(setting.path()).with(setting.value());
        self.adoption.get_or_insert_default().push(was);
        Ok(self)
    }

    /// Wants what another change wants, too. Where both want something of a key, the other one counts.
    pub fn and(mut self, other: Self) -> Self {
        for want in other.wants {
            self.wants.retain(|known| known.key != want.key);
            self.wants.push(want);
        }
        self.takes_cgroup_driver.extend(other.takes_cgroup_driver);
        self.extended.extend(other.extended);
        self.removes.extend(other.removes);
        self.unsets.extend(other.unsets);
        self.keys.extend(other.keys);
        self
    }

    /// Makes the change one that may be made again and again: where a newer owner has set another
    /// default over this one's, that stays in force, with a warning, unless the change takes over.
    /// Otherwise the change comes out on top.
    pub fn declares(mut self) -> Self {
        if self.overrules == Overrules::Default {
            self.overrules = Overrules::Nothing;
        }
        self
    }

    /// The same for a config of this version, in which two keys of a newer one may be one.
    pub(crate) fn in_version(&self, version: i64) -> Self {
        let mut change = self.clone();
        let was = change.adoption.iter_mut().flatten();
        let wants = change.wants.iter_mut().chain(was).map(|it| &mut it.key);
        let cleared = change.absent.iter_mut().chain(&mut change.cleared);
        for key in wants.chain(cleared).chain(&mut change.unsets) {
            if let Some(path) = spelling::one_of_two(&key.path, version) {
                key.path = path;
            }
        }
        change
    }

    /// Names the plugin table to edit, instead of the one that the config version calls for. Needed
    /// where the config version is newer than this release, or where two tables hold handlers.
    pub fn plugin_id(mut self, id: impl Into<String>) -> Self {
        self.plugin_id = Some(id.into());
        self
    }

    /// Lets new keys go to the file of this name: its path from the folder of the main file.
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Takes away what the owner wants of a key, or of all keys below a table. Where the owner wants
    /// nothing of it, a value that is nobody's is removed, and comes back once the owner leaves. A key of
    /// another owner is refused.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] if it is the node's own, or an element of what is not a list, or if a plugin's ID
    /// in it is not quoted.
    pub fn clear(mut self, name: &KeyName) -> Result<Self, Error> {
        self.cleared.extend(name.keys()?);
        Ok(self)
    }

    /// Wants the key at a canonical path.
    ///
    /// # Panics
    ///
    /// If `value` is no TOML value.
    #[doc(hidden)]
    pub fn set(mut self, path: &[&str], value: &str) -> Self {
        let parsed = value.parse::<Value>();
        assert!(parsed.is_ok(), "{value:?} is no TOML value");
        let (key, value) = (Key::new(path), Literal::new(value));
        self.wants.push(KeyValue { key, value });
        self
    }

    /// Does not want the key at a canonical path any more.
    #[doc(hidden)]
    pub fn unset(mut self, path: &[&str]) -> Self {
        self.unsets.push(Key::new(path));
        self
    }

    /// Returns the owner on whose behalf the change is made; `None` where that does not count, as
    /// for a handler that nobody in particular removes.
    #[must_use]
    pub fn acting_owner(&self) -> Option<&Owner> {
        let takes_away =
            !self.removes.is_empty() || !self.unsets.is_empty() || !self.cleared.is_empty();
        let counts = self.adds() || self.is_all || (self.names_owner && takes_away);
        counts.then_some(&self.owner)
    }

    /// Whether anything is to be there.
    pub(crate) fn adds(&self) -> bool {
        !self.wants.is_empty() || !self.absent.is_empty()
    }

    /// Whether anything is to be there in the table of a plugin: its name depends on the config
    /// version.
    pub(crate) fn adds_to_plugins(&self) -> bool {
        let mut wants = self.wants.iter();
        wants.any(|want| want.key.path[0] == "plugins")
    }

    /// Whether the default is to be another one.
    #[cfg(feature = "cri")]
    pub(crate) fn is_about_default(&self) -> bool {
        let default = Key::default_handler();
        self.unsets.contains(&default)
            || self.cleared.contains(&default)
            || self.wants.iter().any(|want| want.key == default)
    }

    /// Whether no owner's default is wanted any more.
    pub(crate) fn unsets_all_defaults(&self) -> bool {
        !self.names_owner && self.unsets.contains(&Key::default_handler())
    }
}
