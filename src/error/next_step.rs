//! What to do next, where that is a command: as data. `tests/command/hints.rs` runs each of these
//! commands in a state in which it is suggested.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// The next step of an error or a warning. Commands stand in backticks, those of this tool without the
/// flags that name the config: whoever shows them puts those in.
#[derive(Debug, Clone, Copy)]
pub enum NextStep<'a> {
    /// A handler or a key that is not there.
    SeeHandlers,
    /// What no release loads.
    SeeVerdicts,
    /// A command line that can't be understood.
    SeeHelp,
    /// A setting that can't be made.
    SeeHelpOfAdd,
    /// There is no config.
    CreateConfig,
    /// There is no folder for the config.
    MakeFolder(&'a Path),
    /// What stands in the place of a sidecar.
    MoveAway(&'a Path),
    /// This ledger can't be read, and the one before it can.
    PreviousLedger(&'a Path),
    /// This ledger can't be read, nor the one before it.
    LedgerAway(&'a Path),
    /// A file is too large to be read.
    SeeBeginning(&'a Path),
    /// A patch file without a word.
    RemoveOwner,
    /// The config serves on no release, and this command repairs it.
    Repair(&'a str),
    /// The same, where none is known.
    RepairByHand,
    /// The same, while nothing is added.
    RepairFirst,
    /// The same, once something was changed all the same.
    CheckBeforeRestart,
    /// A release would do worse.
    NameRelease,
    /// There is no change that could be taken back.
    RemoveInstead,
    /// The same, and the text from before it is kept.
    RestorePrevious,
    /// A file is not valid TOML, and a good text of it is kept.
    Restore,
    /// containerd serves with a config, or this drop-in, that is not what was written last.
    RestoreLast(Option<&'a Path>),
    /// A text was edited and could not be put in place, or one from before can't be put back.
    RestoreOnceFixed {
        /// Where the text is.
        from: &'a Path,
        /// The file that it is for, if that is not the config.
        drop_in: Option<&'a Path>,
    },
    /// No kept text of this drop-in, or of the config, can be put back.
    RestoreOwn(Option<&'a Path>),
    /// The last change is not this owner's.
    RemoveOwnerInstead(&'a str),
    /// The handler that is to be set is another owner's.
    Overrule {
        /// The handler.
        name: &'a str,
        /// Its owner.
        owner: &'a str,
        /// Who wants to have it.
        acting: &'a str,
    },
    /// The handler that is to go is another owner's.
    RemoveForeign {
        /// The handlers.
        names: &'a str,
        /// Their owner.
        owner: &'a str,
    },
    /// The key that is to go is another owner's.
    UnsetForeign {
        /// The key, as a word of a shell.
        key: &'a str,
        /// Its owner.
        owner: &'a str,
    },
    /// A table was to go of which the owner wants nothing.
    UnsetKeys {
        /// Its keys, as words of a shell.
        keys: &'a str,
        /// The owner.
        owner: &'a str,
    },
    /// The key that is to go is there for the sake of others.
    SeeOwners,
    /// The handler that is to go is nobody's.
    RemoveUndeclared {
        /// The handler.
        name: &'a str,
        /// The plugin table that it is in, if that is not the one that counts.
        plugin_id: Option<&'a str>,
    },
    /// The handler that stays was there before its owner.
    RemoveWhatWasThere(&'a str),
    /// The handlers stand in the table that the releases don't read.
    RemoveFromTable {
        /// The handlers.
        names: &'a str,
        /// Their owner.
        owner: &'a str,
    },
    /// The tool's handlers are in this table.
    NameTable(&'a str),
    /// The default is not listed.
    AddFirst {
        /// The handler.
        name: &'a str,
        /// The flags that it needs.
        settings: &'a str,
    },
    /// The default can't start a pod.
    NameDefault,
    /// The node's own `runc` has no type.
    CompleteRunc,
    /// A handler was named where a key belongs.
    RemoveHandler(&'a str),
    /// The daemon runs without CRI.
    SeeWhyNoCri,
    /// containerd was left alone, since it would not serve.
    SeeWhyNotServing,
    /// containerd did not come back; nothing had been changed.
    SeeWhyGone,
    /// containerd did not come back with the change, which was taken back.
    SeeWhyRolledBack,
    /// containerd does not come back without the change either.
    SeeWhyStillGone,
    /// The change could not be taken back, and this is to be done first.
    UndoAfter(&'a str),
    /// The run ended before containerd was seen to be back.
    RestartAgain,
}

impl fmt::Display for NextStep<'_> {
    #[expect(clippy::too_many_lines, reason = "one row for each of them")]
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SeeHandlers => text.write_str("see `containerd-edit list`"),
            Self::SeeVerdicts => text.write_str("see `containerd-edit check`"),
            Self::SeeHelp => text.write_str("see `containerd-edit --help`"),
            Self::SeeHelpOfAdd => text.write_str("see `containerd-edit add --help`"),
            Self::CreateConfig => text.write_str(
                "check --config; if there is no config yet, containerd runs on its built-in \
                 defaults, and `containerd-edit add NAME` creates the file",
            ),
            Self::MakeFolder(folder) => {
                let folder = as_word(folder);
                write!(
                    text,
                    "name the config with --config, or where the host is mounted with --host-root; \
                     if containerd is to have its config there: `mkdir -p {folder}`"
                )
            }
            Self::MoveAway(path) => {
                let path = as_word(path);
                write!(
                    text,
                    "find out who put it there, then move it away: `mv {path} {path}.away`"
                )
            }
            Self::PreviousLedger(path) => {
                let path = as_word(path);
                write!(
                    text,
                    "put the ledger before the last change in its place: `cp {path}.prev {path}`"
                )
            }
            Self::LedgerAway(path) => {
                let path = as_word(path);
                write!(
                    text,
                    "move it away, and the owners are read from the comments of the config, as far as \
                     they are there: `mv {path} {path}.away`"
                )
            }
            Self::SeeBeginning(path) => {
                let path = as_word(path);
                write!(text, "see what has filled it: `head -c 4096 {path}`")
            }
            Self::RemoveOwner => text.write_str(
                "see why the program before the pipe printed nothing; to remove all, use \
                 `containerd-edit remove --owner ID`",
            ),
            Self::Repair(command) => write!(text, "run `containerd-edit {command}`"),
            Self::RepairByHand => text.write_str(
                "fix the place that is named, then run `containerd-edit check` again",
            ),
            Self::RepairFirst => text.write_str(
                "repair that first: `containerd-edit check` shows what each release makes of it; \
                 --allow-not-serving adds all the same",
            ),
            Self::CheckBeforeRestart => text.write_str(
                "do not restart containerd before `containerd-edit check` says that its release \
                 serves",
            ),
            Self::NameRelease => text.write_str(
                "the file is untouched; `containerd-edit check` shows what each release makes of \
                 it; if other releases never run here, name the one that does with \
                 --containerd-version",
            ),
            Self::RemoveInstead => text.write_str(
                "see the owners with `containerd-edit list`, and remove handlers with \
                 `containerd-edit remove NAME`",
            ),
            Self::RestorePrevious => text.write_str(
                "put the text from before it back: `containerd-edit restore --from prev`",
            ),
            Self::Restore => text.write_str(
                "put back the last text with which containerd serves: `containerd-edit restore`",
            ),
            Self::RestoreLast(drop_in) => {
                let flag = flag(drop_in);
                write!(
                    text,
                    "to put back what this tool has written last: `containerd-edit restore --from \
                     last{flag}`"
                )
            }
            Self::RestoreOnceFixed { from, drop_in } => {
                let from = as_word(from);
                let flag = flag(drop_in);
                write!(
                    text,
                    "the text is kept: once it is right, `containerd-edit restore --from \
                     {from}{flag}` puts it in place"
                )
            }
            Self::RestoreOwn(drop_in) => {
                let flag = flag(drop_in);
                write!(
                    text,
                    "fix the file by hand, or put a text of your own in its place: \
                     `containerd-edit restore --from FILE{flag}`"
                )
            }
            Self::RemoveOwnerInstead(owner) => write!(
                    text,
                    "to take away what {owner} has added: `containerd-edit remove --owner {owner}`"
                ),
            Self::Overrule {
                name,
                owner,
                acting,
            } => write!(
                    text,
                    "choose another name, or make it {acting}'s with --take-over, or remove it \
                     first: `containerd-edit remove {name} --owner {owner}`"
                ),
            Self::RemoveForeign { names, owner } => write!(
                    text,
                    "to remove it all the same: `containerd-edit remove {names} --owner {owner}`"
                ),
            Self::UnsetForeign { key, owner } => write!(
                    text,
                    "to remove it all the same: `containerd-edit unset {key} --owner {owner}`"
                ),
            Self::UnsetKeys { keys, owner } => write!(
                    text,
                    "name those that are to go, as in `containerd-edit unset {keys} --owner {owner}`"
                ),
            Self::SeeOwners => text.write_str(
                "it goes with the last of them: see the owners with `containerd-edit list`",
            ),
            Self::RemoveUndeclared { name, plugin_id } => {
                let settings = plugin_id.map(|id| format!(" --plugin-id {}", Self::word(id)));
                let settings = settings.unwrap_or_default();
                write!(
                    text,
                    "to remove it: `containerd-edit remove {name} --adopt{settings}`"
                )
            }
            Self::RemoveWhatWasThere(name) => write!(
                    text,
                    "`containerd-edit remove {name} --adopt` takes it away"
                ),
            Self::RemoveFromTable { names, owner } => write!(
                text,
                "`containerd-edit remove {names} --owner {owner}`"
            ),
            Self::NameTable(table) => write!(
                    text,
                    "use --plugin-id {table}, or remove them first (`containerd-edit list` shows \
                     the owners)"
                ),
            Self::AddFirst { name, settings } => write!(
                    text,
                    "add it first, as in `containerd-edit add {name}{settings} --default`"
                ),
            Self::NameDefault => text.write_str(
                "name another one with `containerd-edit set-default NAME`",
            ),
            Self::CompleteRunc => text.write_str("`containerd-edit add runc` adds it"),
            Self::RemoveHandler(name) => write!(
                text,
                "to remove a handler: `containerd-edit remove {name}`"
            ),
            Self::SeeWhyNoCri => text.write_str(
                "`containerd-edit check` says whether the config is the reason, `ctr plugins ls` and \
                 `journalctl -u containerd` why it has failed",
            ),
            Self::SeeWhyNotServing => text.write_str(
                "`containerd-edit check` says what each release makes of the config, and what repairs it",
            ),
            Self::SeeWhyGone => text.write_str(
                "see why with `journalctl -u containerd` and `containerd-edit check --running`; \
                 `containerd-edit undo` takes the last change back",
            ),
            Self::SeeWhyRolledBack => text.write_str(
                "see why containerd did not serve (`journalctl -u containerd`, `containerd-edit \
                 check`), and run the same command again",
            ),
            Self::SeeWhyStillGone => text.write_str(
                "containerd does not come back with the config that is there now: see why with \
                 `journalctl -u containerd`, then `containerd-edit restart`",
            ),
            Self::UndoAfter(first) => {
                write!(
                    text,
                    "{first}; once that is done: `containerd-edit undo`, then `containerd-edit \
                     restart`"
                )
            }
            Self::RestartAgain => text.write_str(
                "run it again, or `containerd-edit restart`, to have the config loaded",
            ),
        }
    }
}

impl From<NextStep<'_>> for String {
    fn from(step: NextStep<'_>) -> Self {
        step.to_string()
    }
}

/// What names a drop-in on a command line.
fn flag(drop_in: Option<&Path>) -> String {
    let path = drop_in.map(as_word);
    path.map_or_else(String::new, |path| format!(" --drop-in {path}"))
}

/// One word of a shell.
fn as_word(path: &Path) -> String {
    NextStep::word(&path.to_string_lossy()).into_owned()
}

impl NextStep<'_> {
    /// Returns a text as one word of a shell.
    #[must_use]
    pub fn word(text: &str) -> Cow<'_, str> {
        let is_plain = |it: char| it.is_alphanumeric() || "/._-+:@%=,".contains(it);
        if text.chars().all(is_plain) {
            return text.into();
        }
        format!("'{}'", text.replace('\'', "'\\''")).into()
    }
}
