//! What to do next, where that is a command: as data. `tests/command/hints.rs` runs each of these
//! commands in a state in which it is suggested.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

macro_rules! next_steps {
    ($(
        $(#[doc = $when:literal])+
        $step:ident $(($one:ident: $one_type:ty))? $({$(
            $(#[doc = $what:literal])+
            $field:ident: $type:ty,
        )+})? => $text:literal;
    )+) => {
        /// The next step of an error or a warning. Commands stand in backticks, those of this tool
        /// without the flags that name the config: whoever shows them puts those in.
        #[derive(Debug, Clone, Copy)]
        pub enum NextStep<'a> {
            $(
                $(#[doc = $when])+
                $step $(($one_type))? $({$(
                    $(#[doc = $what])+
                    $field: $type,
                )+})?,
            )+
        }

        impl fmt::Display for NextStep<'_> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Self::$step $(($one))? $({ $($field),+ })? => {
                        $(let $one = $one.shown();)?
                        $($(let $field = $field.shown();)+)?
                        write!(formatter, $text)
                    })+
                }
            }
        }
    };
}

next_steps! {
    /// A handler or a key that is not there.
    SeeHandlers => "see `containerd-edit list`";
    /// What no release loads.
    SeeVerdicts => "see `containerd-edit check`";
    /// A command line that can't be understood.
    SeeHelp => "see `containerd-edit --help`";
    /// A setting that can't be made.
    SeeHelpOfAdd => "see `containerd-edit add --help`";
    /// There is no config.
    CreateConfig => "check --config; if there is no config yet, containerd runs on its built-in \
        defaults, and `containerd-edit add NAME` creates the file";
    /// There is no folder for the config.
    MakeFolder(folder: &'a Path) => "name the config with --config, or where the host is mounted \
        with --host-root; if containerd is to have its config there: `mkdir -p {folder}`";
    /// There is no folder for the folder of a drop-in.
    MakeFolderOfDropIn(folder: &'a Path) => "name a file in a folder that is there with \
        --drop-in=PATH, or make this one: `mkdir -p {folder}`";
    /// What stands in the place of a sidecar.
    MoveAway(path: &'a Path) => "find out who put it there, then move it away: `mv {path} {path}.away`";
    /// This ledger can't be read, and the one before it can.
    PreviousLedger(path: &'a Path) => "put the ledger before the last change in its place: `cp \
        {path}.prev {path}`";
    /// This ledger can't be read, nor the one before it.
    LedgerAway(path: &'a Path) => "move it away, and the owners are read from the comments of the \
        config, as far as they are there: `mv {path} {path}.away`";
    /// A file is too large to be read.
    SeeBeginning(path: &'a Path) => "see what has filled it: `head -c 4096 {path}`";
    /// A patch file without a word.
    RemoveOwner => "see why the program before the pipe printed nothing; to remove all, use \
        `containerd-edit remove --owner ID`";
    /// The config serves on no release, and this command repairs it.
    Repair(command: &'a str) => "run `containerd-edit {command}`";
    /// The same, where none is known.
    RepairByHand => "fix the place that is named, then run `containerd-edit check` again";
    /// The same, while nothing is added.
    RepairFirst => "repair that first: `containerd-edit check` shows what each release makes of it; \
        --allow-not-serving adds all the same";
    /// The same, once something was changed all the same.
    CheckBeforeRestart => "do not restart containerd before `containerd-edit check` says that its \
        release serves";
    /// A release would do worse.
    NameRelease => "the file is unchanged; fix what the reason names in the same command, or, if \
        only one release runs on this node, name it with --containerd-version";
    /// There is no change that could be taken back.
    RemoveInstead => "see the owners with `containerd-edit list`, and remove handlers with \
        `containerd-edit remove NAME`";
    /// The same, and the text from before it is kept, or somebody has deleted this drop-in or the config.
    RestorePrevious(drop_in: Option<&'a Path>) => "to put the text from before back: `containerd-edit \
        restore --from prev{drop_in}`";
    /// A file is not valid TOML, and a good text of it is kept.
    Restore => "put back the last text with which containerd serves: `containerd-edit restore`";
    /// containerd serves with a config, or this drop-in, that is not what was written last.
    RestoreLast(drop_in: Option<&'a Path>) => "to put back what this tool has written last: \
        `containerd-edit restore --from last{drop_in}`";
    /// A text was edited and could not be put in place, or one from before can't be put back.
    RestoreOnceFixed {
        /// Where the text is.
        from: &'a Path,
        /// The file that it is for, if that is not the config.
        drop_in: Option<&'a Path>,
    } => "the text is kept: once it is right, `containerd-edit restore --from {from}{drop_in}` puts \
        it in place";
    /// No kept text of this drop-in, or of the config, can be put back.
    RestoreOwn(drop_in: Option<&'a Path>) => "fix the file by hand, or put a text of your own in its \
        place: `containerd-edit restore --from FILE{drop_in}`";
    /// The last change is not this owner's.
    RemoveOwnerInstead(owner: &'a str) => "to take away what {owner} has added: `containerd-edit \
        remove --owner {owner}`";
    /// The handler that is to be set is another owner's.
    Overrule {
        /// The handler.
        name: &'a str,
        /// Its owner.
        owner: &'a str,
        /// Who wants to have it.
        acting: &'a str,
    } => "choose another name, or make it {acting}'s with --take-over, or remove it first: \
        `containerd-edit remove {name} --owner {owner}`";
    /// The handler that is to go is another owner's.
    RemoveForeign {
        /// The handlers.
        names: &'a str,
        /// Their owner.
        owner: &'a str,
    } => "to remove it all the same: `containerd-edit remove {names} --owner {owner}`";
    /// The key that is to go is another owner's.
    UnsetForeign {
        /// The key, as a word of a shell.
        key: &'a str,
        /// Its owner.
        owner: &'a str,
    } => "to remove it all the same: `containerd-edit unset {key} --owner {owner}`";
    /// A table was to go of which the owner wants nothing.
    UnsetKeys {
        /// Its keys, and options, as words of a shell.
        keys: &'a str,
        /// The owner.
        owner: &'a str,
    } => "name those that are to go, as in `containerd-edit unset {keys} --owner {owner}`";
    /// The distribution's config does not import the owners' folder.
    MoveOwners => "restart the distribution, which writes this file anew; if it does not import the \
        drop-in then, `containerd-edit status` shows the owners of such files: once all are removed, \
        new keys go into the template";
    /// The key that is to go is there for the sake of others.
    SeeOwners => "it goes with the last of them: see the owners with `containerd-edit list`";
    /// The handler that is to go is nobody's.
    RemoveUndeclared {
        /// The handler.
        name: &'a str,
        /// The plugin table that it is in, if that is not the one that counts.
        plugin_id: Option<&'a str>,
    } => "to remove it: `containerd-edit remove {name} --adopt{plugin_id}`";
    /// The handler that stays was there before its owner.
    RemoveWhatWasThere(name: &'a str) => "`containerd-edit remove {name} --adopt` takes it away";
    /// The key that stays stands in another file than its owner's.
    UnsetWhatIsThere(key: &'a str) => "`containerd-edit unset {key}` takes it away";
    /// The handlers stand in the table that the releases don't read.
    RemoveFromTable {
        /// The handlers.
        names: &'a str,
        /// Their owner.
        owner: &'a str,
    } => "`containerd-edit remove {names} --owner {owner}`";
    /// The tool's keys go by the names of this version, and the file names another.
    VersionBack(version: &'a str) => "give it version {version} again; or remove the owners \
        (`containerd-edit status` names them), and run this again";
    /// The tool's handlers are in this table.
    NameTable(table: &'a str) => "use --plugin-id {table}, or remove them first (`containerd-edit \
        list` shows the owners)";
    /// The default is not listed.
    AddFirst {
        /// The handler.
        name: &'a str,
        /// The flags that it needs.
        settings: &'a str,
    } => "add it first, as in `containerd-edit add {name}{settings} --default`";
    /// The default can't start a pod.
    NameDefault => "name another one with `containerd-edit set-default NAME`";
    /// The node's own `runc` has no type.
    CompleteRunc => "`containerd-edit add runc` adds it";
    /// A handler was named where a key belongs.
    RemoveHandler(name: &'a str) => "to remove a handler: `containerd-edit remove {name}`";
    /// The daemon runs without CRI.
    SeeWhyNoCri => "`containerd-edit check` says whether the config is the reason, `ctr plugins ls` \
        and `journalctl -u containerd` why it has failed";
    /// containerd was left alone, since it would not serve.
    SeeWhyNotServing => "`containerd-edit check` says what each release makes of the config, and \
        what repairs it; if all is well by now, another run has changed it meanwhile: run this again";
    /// containerd did not come back; nothing had been changed.
    SeeWhyGone => "see why with `journalctl -u containerd` and `containerd-edit check --running`; \
        `containerd-edit undo` takes the last change back";
    /// containerd did not come back with the change, which was taken back.
    SeeWhyRolledBack => "see why containerd did not serve (`journalctl -u containerd`, \
        `containerd-edit check`), and run the same command again";
    /// The command that was to restart containerd can't be run.
    NameRestartCommand => "name the command that restarts containerd with --restart-command, and run \
        the same command again";
    /// containerd does not come back without the change either.
    SeeWhyStillGone => "containerd does not come back with the config that is there now: see why \
        with `journalctl -u containerd`, then `containerd-edit restart`";
    /// The change could not be taken back, and this is to be done first.
    UndoAfter(first: &'a str) => "{first}; once that is done: `containerd-edit undo`, then \
        `containerd-edit restart`";
    /// The run ended before containerd was seen to be back.
    RestartAgain => "run it again, or `containerd-edit restart`, to have the config loaded";
}

impl From<NextStep<'_>> for String {
    fn from(step: NextStep<'_>) -> Self {
        step.to_string()
    }
}

/// A part of a step as its text has it.
trait Shown<'a> {
    fn shown(self) -> Cow<'a, str>;
}

impl<'a> Shown<'a> for &'a str {
    fn shown(self) -> Cow<'a, str> {
        self.into()
    }
}

/// One word of a shell.
impl<'a> Shown<'a> for &'a Path {
    fn shown(self) -> Cow<'a, str> {
        NextStep::word(&self.to_string_lossy()).into_owned().into()
    }
}

/// What names a drop-in on a command line.
impl<'a> Shown<'a> for Option<&'a Path> {
    fn shown(self) -> Cow<'a, str> {
        self.map_or("".into(), |path| {
            format!(" --drop-in {}", path.shown()).into()
        })
    }
}

/// What names a plugin table there.
impl<'a> Shown<'a> for Option<&'a str> {
    fn shown(self) -> Cow<'a, str> {
        let flag = |id| format!(" --plugin-id {}", NextStep::word(id));
        self.map_or("".into(), |id| flag(id).into())
    }
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
