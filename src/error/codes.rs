//! The table of error codes: the word that programs get, and the exit code of the command.

use std::fmt;
use std::io;

/// What the system never answers: a file is larger than what is read of one. `FileTooLarge` is the
/// process's own limit.
pub(crate) const TOO_LARGE: io::ErrorKind = io::ErrorKind::InvalidData;

/// The exit code of a run, as in the table of `docs/json.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Success = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// The command line can't be understood.
    Usage = 2,
    /// Something changed, or would change (only with `--exit-code`).
    Changed = 10,
    /// The existing config can't be read as TOML or as a containerd config.
    Unreadable = 65,
    /// The file or its folder is missing.
    Missing = 66,
    /// The daemon is not there, or did not come back.
    NoDaemon = 69,
    /// A system call failed; the config is untouched.
    Io = 74,
    /// The lock is busy, or the file kept changing: try again.
    TryAgain = 75,
    /// The config was replaced, but its durability is not confirmed.
    NotDurable = 76,
    /// Permission was denied.
    Permission = 77,
    /// The result would break containerd.
    Refused = 78,
    /// Done, but for something that another one still needs: it stays, and is named.
    LeftBehind = 79,
    /// Ended by a signal, as the command itself does. With a restart under way the config may hold
    /// the change.
    Interrupted = 130,
}

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident $word:literal $exit:ident;)+) => {
        /// What is wrong, as a stable word with an exit code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl Code {
            /// All codes, in groups by what they are about. Those that share a word share its exit code.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Returns the word for programs, as in `"code":"lock-busy"`: `docs/json.md` lists them.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)+
                }
            }

            /// Returns the exit code of a run that ends with this error.
            #[must_use]
            pub fn exit_code(self) -> ExitCode {
                match self {
                    $(Self::$code => ExitCode::$exit,)+
                }
            }
        }
    };
}

codes! {
    /// The command line can't be understood, or a value that stands for a part of it.
    Usage "usage" Usage;
    /// A handler has neither a preset nor a `runtime_type`.
    NoRuntimeType "usage" Usage;
    /// The drop-in was to be a file that can't be one.
    BadDropIn "bad-drop-in" Usage;
    /// The operation log was to be in a file that is used for something else.
    BadLog "bad-log" Usage;
    /// The endpoint of the daemon is not a path.
    BadEndpoint "bad-endpoint" Usage;
    /// This build can't ask a daemon.
    NoCriSupport "no-cri-support" Usage;

    /// The daemon answered with an error.
    CriFailed "cri-failed" Other;
    /// The daemon's answer is not containerd's.
    NotContainerd "not-containerd" Other;
    /// The running daemon is a release that the model does not know.
    UnknownRelease "unknown-release" Other;
    /// The user's editor ended with an error.
    EditorFailed "editor-failed" Other;
    /// The config lists no such handler.
    NoHandler "no-handler" Other;
    /// No file sets the key that was asked for.
    NoKey "no-key" Other;

    /// containerd did not come back with the change, which was taken back; it serves again.
    RolledBack "rolled-back" NoDaemon;
    /// containerd did not come back, and either the change or the failure stays.
    NotRolledBack "not-rolled-back" NoDaemon;
    /// containerd did not come back with its config; nothing had been changed.
    RestartFailed "restart-failed" NoDaemon;
    /// Nothing was added, since containerd does not serve with this config.
    ServesNowhere "not-serving" Refused;
    /// containerd was left alone, since it would not serve with this config.
    WouldNotServe "would-not-serve" Refused;
    /// There is no systemd to restart containerd with.
    NoSystemd "no-systemd" NoDaemon;
    /// Several units may run containerd.
    AmbiguousUnit "ambiguous-unit" NoDaemon;
    /// The host's mount namespace may not be entered.
    HostDenied "host-denied" Permission;
    /// Nobody answers at the daemon's socket.
    NoDaemon "no-daemon" NoDaemon;
    /// Something else than a socket stands where the daemon's should.
    NotASocket "no-daemon" NoDaemon;
    /// The daemon's socket can't be connected to.
    Unreachable "no-daemon" NoDaemon;
    /// The daemon hung up without an answer.
    HungUp "no-daemon" NoDaemon;
    /// The daemon gave no answer in time.
    DaemonSilent "daemon-silent" NoDaemon;
    /// The daemon runs without CRI.
    NoCri "no-cri" NoDaemon;
    /// The daemon's CRI is not ready yet.
    CriStarting "cri-starting" NoDaemon;

    /// The patch file can't be read as one.
    BadPatchFile "bad-patch-file" Unreadable;
    /// A key of the patch file is one that no release reads in this config.
    KeyNotRead "key-not-read" Unreadable;
    /// The ledger beside the config can't be read.
    BadLedger "bad-ledger" Unreadable;
    /// A config, or a file beside it, has more than 16 MiB.
    TooLarge "too-large" Unreadable;
    /// A file is not valid TOML.
    NotToml "not-toml" Unreadable;
    /// A value of another type stands where a table or a string belongs.
    WrongType "wrong-type" Unreadable;
    /// The config version is not known.
    UnknownVersion "unknown-version" Unreadable;
    /// The config is spelled in a way that can't be extended.
    NotEditable "not-editable" Unreadable;

    /// There is no config file.
    NoFile "no-file" Missing;
    /// The folder of the config does not exist.
    NoFolder "no-folder" Missing;
    /// A parent of the path is not a folder.
    FileAsFolder "file-as-folder" Missing;
    /// The path is a symbolic link to nothing.
    DanglingLink "dangling-link" Missing;
    /// The path leads to something that is not a regular file.
    NotAFile "not-a-file" Missing;
    /// There is no patch file at its path.
    NoPatchFile "no-patch-file" Missing;
    /// The host root is not a folder, or the config's path already contains it.
    NoHostRoot "no-host-root" Missing;
    /// The host has signs of more than one distribution.
    AmbiguousDistribution "ambiguous-distribution" Missing;
    /// The host has no signs of the distribution that was asked for.
    NotADistribution "not-a-distribution" Missing;
    /// The distribution has not written its config yet.
    NotStarted "not-started" Missing;

    /// A system call failed.
    Io "io" Io;
    /// A system call failed for want of permission.
    Denied "denied" Permission;
    /// Something that is not a regular file stands at the name of a file that an edit needs.
    PlantedSidecar "planted-sidecar" Io;
    /// The drop-in is on another mount than the config.
    OtherMount "other-mount" Io;
    /// The config is itself a mount point.
    MountPoint "mount-point" Io;
    /// An attribute of the file or its folder forbids replacing it.
    Immutable "immutable" Permission;
    /// The lock file belongs to another user.
    ForeignLock "foreign-lock" Permission;
    /// A signal came before anything was changed, or before containerd was seen to be back.
    Interrupted "interrupted" Interrupted;

    /// Another run holds the lock.
    LockBusy "lock-busy" TryAgain;
    /// A program that ignores the lock changed the file again and again.
    KeptChanging "kept-changing" TryAgain;
    /// Another program has changed the file that was to be replaced.
    ChangedMeanwhile "changed-meanwhile" TryAgain;
    /// Pods still use a handler that was to be removed.
    InUse "in-use" TryAgain;
    /// It can't be known whether pods still use a handler.
    UseUnknown "use-unknown" TryAgain;

    /// The config is as it should be, but the disk did not confirm it.
    NotDurable "not-durable" NotDurable;
    /// Some files of an edit were changed, and then something failed.
    NotFinished "not-finished" NotDurable;
    /// Another program's text was replaced and could not be put back.
    NotPutBack "not-put-back" NotDurable;

    /// The operating system writes the config itself.
    ManagedNode "managed-node" Refused;
    /// A template decides what is read once the distribution is started with it.
    TemplateNotRead "template-not-read" Refused;
    /// A directive of a template stands in the way.
    TemplateDirective "template-directive" Refused;
    /// k3s's own part declares this already.
    Redeclares "redeclares" Refused;
    /// There is no change that could be taken back.
    NotUndone "not-undone" Refused;
    /// No kept text can be put back.
    NotRestored "not-restored" Refused;
    /// The handler belongs to another owner.
    ForeignHandler "foreign-handler" Refused;
    /// A key belongs to another owner.
    ForeignKey "foreign-key" Refused;
    /// The handler stands in a file that this tool has not created.
    OutOfReach "out-of-reach" Refused;
    /// Two plugin tables hold handlers.
    AmbiguousPlugin "ambiguous-plugin" Refused;
    /// The file is a drop-in of another config, beside which the ledger is.
    ListedDropIn "listed-drop-in" Refused;
    /// A containerd release would do worse with the result.
    Harmful "harmful" Refused;
    /// The releases that were asked for do not read a config of this version.
    VersionNotRead "version-not-read" Refused;
    /// The file's version was changed by hand, and the tool's keys go by that of before.
    VersionChanged "version-changed" Refused;
    /// The handler that was to become the default is not listed.
    DefaultNotListed "default-not-listed" Refused;
    /// An import of the config would load a file that stands beside it.
    ImportedSidecar "imported-sidecar" Refused;
    /// The edit would have changed something else; a defect of this tool.
    Defect "defect" Refused;
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The rows of the table of error codes in `docs/json.md`, as words and exit codes.
    fn documented() -> BTreeSet<String> {
        let page = include_str!("../../docs/json.md");
        let (_, page) = page.split_once("\n## Error codes\n").expect("the section");
        let page = page.split("\n## ").next().unwrap_or_default();
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let named = |row: Vec<&str>| {
            let (words, exits) = (row[1].to_owned(), row[2].to_owned());
            let words: Vec<String> = words.split(", ").map(|it| it.replace('`', "")).collect();
            let exits: Vec<String> = exits.split(", ").map(str::to_owned).collect();
            let each = words.into_iter().flat_map(move |word| {
                let exits = exits.clone();
                exits.into_iter().map(move |exit| format!("{word} {exit}"))
            });
            each.collect::<Vec<String>>()
        };
        cells.flat_map(named).collect()
    }

    #[test]
    fn the_page_names_every_code_with_its_exit_code() {
        let row = |code: &Code| format!("{code} {}", code.exit_code() as u8);
        let known: BTreeSet<String> = Code::ALL.iter().map(row).collect();
        assert_eq!(known, documented());
    }

    #[test]
    fn a_word_has_one_exit_code() {
        let mut exits = BTreeMap::new();
        for code in Code::ALL {
            let exit = exits.entry(code.as_str()).or_insert(code.exit_code());
            assert_eq!(*exit, code.exit_code(), "{code}");
        }
    }
}
