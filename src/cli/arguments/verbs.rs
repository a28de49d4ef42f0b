//! The verbs, each with its own flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use containerd_edit::{HandlerName, KeyName, Owner, Preset, Setting};

use super::groups::{
    Daemon, Editing, Exiting, Judging, Locking, Logging, Owning, Patching, Plugin, RestartHow,
};
use super::{help, values};

#[derive(Debug, Clone, Subcommand)]
// Only the verb that was typed needs its flags.
#[command(defer = true)]
pub(crate) enum Verb {
    /// Register a runtime handler, or change its keys
    ///
    /// In the table that the config's version has for handlers. Where containerd 1.x reads the config,
    /// `runc` is listed too. The edit is refused if a containerd release would do worse with it.
    #[command(after_long_help = help::add())]
    Add(Add),
    /// Make the config hold what a patch file says
    ///
    /// Installs, repairs and upgrades, all or nothing. May be repeated.
    #[command(after_long_help = help::APPLY)]
    Apply(Apply),
    /// Unregister runtime handlers
    ///
    /// A NAME that is not listed is no error. What is still needed stays and is named (exit 79).
    #[command(after_long_help = help::REMOVE)]
    Remove(Remove),
    /// Set keys: debug.level=debug
    ///
    /// The owner's other keys stay as they are.
    #[command(after_long_help = help::SET)]
    Set(Set),
    /// Unset keys: debug.level
    ///
    /// A key that this owner has set gets its old value back. A key that no owner has set is removed,
    /// and comes back when this owner leaves.
    #[command(after_long_help = help::UNSET)]
    Unset(Unset),
    /// Choose the handler of pods without a RuntimeClass
    ///
    /// It must be listed. The default from before comes back when this owner leaves.
    #[command(after_long_help = help::SET_DEFAULT)]
    SetDefault(SetDefault),
    /// Take the last change back, to the byte
    ///
    /// If others have changed a file since, their work stays: only this change is taken out.
    #[command(after_long_help = help::UNDO)]
    Undo(Undo),
    /// Edit the config in $VISUAL or $EDITOR
    ///
    /// Else in vi. The new text is judged before it replaces the file. The lock is held only then.
    #[command(after_long_help = help::EDIT)]
    Edit(Edit),
    /// Put back the last text with which containerd serves
    ///
    /// For a config or drop-in that another program has broken. The broken text is kept as
    /// config.toml.broken-TIME.
    #[command(after_long_help = help::RESTORE)]
    Restore(Restore),
    /// Restart containerd if it has not loaded its config
    ///
    /// Then waits for it and verifies what it has loaded.
    #[command(after_long_help = help::RESTART)]
    Restart(Restart),
    /// List the runtime handlers that containerd loads
    ///
    /// From all files that it reads, each with its owner and its place.
    #[command(after_long_help = help::LIST)]
    List(List),
    /// Show one runtime handler with its keys
    ///
    /// As containerd loads it, from all files that it reads.
    #[command(after_long_help = help::SHOW)]
    Show(Show),
    /// Print what is in force at a key: debug.level
    ///
    /// A string as it is, other values as TOML; of a table, a line for each value. A key that no file
    /// sets is an error (exit 1): containerd's own default holds.
    #[command(after_long_help = help::GET)]
    Get(Get),
    /// Check what each containerd release makes of the config
    ///
    /// It serves, runs without CRI, or exits: with the reason, its place, and the next step.
    #[command(after_long_help = help::CHECK)]
    Check(Check),
    /// Show the config's files, owners, lock and last change
    ///
    /// And which keys are not in force as their owners want them. Changes nothing.
    #[command(after_long_help = help::STATUS)]
    Status(Status),
    /// Show the operation log: what was changed or refused
    #[command(after_long_help = help::LOG)]
    Log(Logging),
}

impl Verb {
    /// Whether it looks at the config, and never changes it.
    pub(in crate::cli) fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Show(_)
                | Self::Get(_)
                | Self::Check(_)
                | Self::Status(_)
                | Self::Log(_)
        )
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Add {
    /// The handler's name, as in a RuntimeClass
    ///
    /// If it is the name of a preset, that preset is taken.
    pub(crate) name: HandlerName,

    /// Take the settings of a preset: kata, gvisor, nvidia …
    ///
    /// --set overrides them. See the list of presets.
    #[arg(long, value_name = "PRESET", value_parser = values::preset)]
    pub(crate) preset: Option<Preset>,

    /// Set a key, as in options.SystemdCgroup=true
    ///
    /// KEY is dotted for tables; VALUE is a TOML value, or else a string. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// Unset a key, as in options.Root
    ///
    /// As `unset handlers.NAME.KEY`. May be repeated.
    #[arg(long = "unset", value_name = "KEY")]
    pub(crate) unsets: Vec<String>,

    /// Make it the default handler
    ///
    /// The handler of pods without a RuntimeClass.
    #[arg(long)]
    pub(crate) default: bool,

    #[command(flatten)]
    pub(crate) owning: Owning,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Apply {
    /// The patch files, in TOML; -: stdin
    ///
    /// Several count as one. If one names an owner, the others and --owner must not name another one.
    #[arg(value_name = "FILE", required = true, value_parser = values::path_or_stdin())]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) owning: Owning,

    /// Also remove what the owner has and the file lacks
    #[arg(long)]
    pub(crate) prune: bool,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").args(["names", "owner"]).required(true).multiple(true))]
pub(crate) struct Remove {
    /// The handlers' names, any that the file holds
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// Remove all that this owner has
    ///
    /// With names: remove those handlers of this owner.
    #[arg(long, value_name = "ID")]
    pub(crate) owner: Option<Owner>,

    /// Refuse if a pod still uses one of the handlers
    ///
    /// The running daemon is asked. If it does not answer, the removal is refused.
    #[arg(long)]
    pub(crate) if_unused: bool,

    /// Wait so long for such pods to end, then refuse
    ///
    /// As in 30s or 10m.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) wait_unused: Option<Duration>,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Set {
    /// The keys and their values, as in debug.level=debug
    ///
    /// KEY is spelled as in a patch file; VALUE is a TOML value, or else a string.
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub(crate) settings: Vec<Setting>,

    #[command(flatten)]
    pub(crate) owning: Owning,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Unset {
    /// The keys, as in debug.level, or elements of lists
    ///
    /// As in `disabled_plugins=cri`. A table stands for its keys that this owner has set.
    #[arg(value_name = "KEY", required = true)]
    pub(crate) keys: Vec<KeyName>,

    #[command(flatten)]
    pub(crate) owning: Owning,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("which").args(["name", "unset"]).required(true))]
pub(crate) struct SetDefault {
    /// The handler's name
    pub(crate) name: Option<HandlerName>,

    /// Restore what the file itself says
    ///
    /// With --owner: take away the default of that owner alone.
    #[arg(long, conflicts_with = "take_over")]
    pub(crate) unset: bool,

    #[command(flatten)]
    pub(crate) owning: Owning,

    #[command(flatten)]
    pub(crate) patching: Patching,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Undo {
    /// Only if the last change is this owner's
    #[arg(long, value_name = "ID")]
    pub(crate) owner: Option<Owner>,

    #[command(flatten)]
    pub(crate) editing: Editing,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Edit {
    /// Edit this drop-in
    ///
    /// A relative PATH starts at the config's folder.
    #[arg(long, value_name = "PATH", value_parser = values::path())]
    pub(crate) drop_in: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) editing: Editing,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Restore {
    /// The text to put back: last, prev, or a FILE
    ///
    /// last: what this tool has written last. prev: what stood there before. Both apply to each broken
    /// file, or to the config if none is broken. A FILE is a path of this process; -: stdin. Without
    /// it: the first of last and prev with which containerd serves, if it does not serve now.
    #[arg(long, value_name = "TEXT", value_parser = values::path_or_stdin())]
    pub(crate) from: Option<PathBuf>,

    /// Put it back in this drop-in
    ///
    /// A relative PATH starts at the config's folder.
    #[arg(long, value_name = "PATH", value_parser = values::path())]
    pub(crate) drop_in: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) editing: Editing,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Restart {
    /// Restart it in any case
    #[arg(long)]
    pub(crate) always: bool,

    #[command(flatten)]
    pub(crate) how: RestartHow,

    #[command(flatten)]
    pub(crate) locking: Locking,

    #[command(flatten)]
    pub(crate) exiting: Exiting,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) judging: Judging,

    #[command(flatten)]
    pub(crate) plugin: Plugin,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Show {
    /// The handler's name
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) list: List,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Get {
    /// The key, as in debug.level, or a table
    ///
    /// Spelled as in a patch file. All files count that containerd reads.
    pub(crate) key: KeyName,

    #[command(flatten)]
    pub(crate) judging: Judging,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// Compare with the running daemon, too
    ///
    /// With what it has loaded. Judges for the daemon's own release, unless --containerd-version names one.
    #[arg(long)]
    pub(crate) running: bool,

    #[command(flatten)]
    pub(crate) daemon: Daemon,

    #[command(flatten)]
    pub(crate) judging: Judging,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Status {
    /// Exit with 10 if something is not in force
    ///
    /// That is, if a key is not as its owner wants it, if that is not known, if no containerd release
    /// serves with the config, or if the running daemon has not loaded it.
    #[arg(long)]
    pub(crate) exit_code: bool,

    #[command(flatten)]
    pub(crate) daemon: Daemon,

    #[command(flatten)]
    pub(crate) logging: Logging,
}
