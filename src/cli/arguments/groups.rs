//! Flags that several verbs take.
//!
//! What a group is stands in plain comments: clap shows a doc comment as the help of the verb.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use containerd_edit::{
    Change, DEFAULT_LOCK_TIMEOUT, DropIn, Editor, ExitCode, LogTo, Owner, Release, Setting,
};

use super::values;

// On whose behalf a verb acts.
#[derive(Debug, Clone, Args)]
pub(crate) struct Owning {
    /// The owner: which installer it belongs to
    ///
    /// Without it: `$CONTAINERD_EDIT_OWNER`, else manual.
    #[arg(long, value_name = "ID", env = values::variable("CONTAINERD_EDIT_OWNER"), hide_env = true)]
    pub(crate) owner: Option<Owner>,

    /// Also change what another owner has
    ///
    /// The key belongs to this owner until it leaves. Keys in an imported file that this tool did not
    /// create are changed in that file.
    #[arg(long)]
    pub(crate) take_over: bool,
}

// The releases that a config is judged for.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Judging {
    /// Judge for these containerd releases alone
    ///
    /// As in 1.7,2.1, which mean their newest patch releases, or 1.6.20. Without it: every release
    /// line from 1.6 to 2.4.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) containerd_version: Vec<Release>,
}

// The table that holds the handlers.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plugin {
    /// The plugin table that holds the handlers
    ///
    /// Needed for a config version that this release does not know, and where two tables hold
    /// handlers. Without it: the table of the config's version.
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub(crate) plugin_id: Option<String>,
}

// Where runs are logged.
#[derive(Debug, Clone, Args)]
pub(crate) struct Logging {
    /// The log file, or `none`
    ///
    /// Without it: `$CONTAINERD_EDIT_LOG`, else config.toml.log beside the config.
    #[arg(
        long,
        value_name = "PATH",
        env = values::variable("CONTAINERD_EDIT_LOG"),
        hide_env = true,
        value_parser = values::log_to(),
    )]
    pub(crate) log: Option<LogTo>,
}

// How others are waited for, and what they can read of this run.
#[derive(Debug, Clone, Args)]
pub(crate) struct Locking {
    #[command(flatten)]
    pub(crate) logging: Logging,

    /// Time to wait for the lock [default: 30s]
    ///
    /// As in 30s or 2m; 0s: don't wait.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) lock_timeout: Option<Duration>,
}

// Whether the exit code tells changes apart.
#[derive(Debug, Clone, Args)]
pub(crate) struct Exiting {
    /// Exit with 10 if something changed
    ///
    /// Or would change, with --dry-run. A restart is a change, too.
    #[arg(long)]
    pub(crate) exit_code: bool,
}

// How an edit is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Edit options")]
pub(crate) struct Editing {
    /// Write nothing; show the diff
    ///
    /// No lock is taken either.
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) exiting: Exiting,

    #[command(flatten)]
    pub(crate) judging: Judging,

    /// Also add to, or put back, a config that does not serve
    ///
    /// Without it, an edit that adds to a config with which no release serves CRI is refused, and so
    /// is the restore of such a text.
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_not_serving: bool,

    #[command(flatten)]
    pub(crate) locking: Locking,

    /// Restart containerd if needed, and verify
    ///
    /// If containerd has not loaded what the config says, it is restarted, and then asked what it
    /// has loaded. If it does not come back, the edit is rolled back (exit 69); a restore is not.
    #[arg(long, conflicts_with = "dry_run", help_heading = "Restart options")]
    pub(crate) restart: bool,

    #[command(flatten, next_help_heading = "Restart options")]
    pub(crate) how: RestartHow,
}

// Where handlers and keys go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Placement options")]
pub(crate) struct Placing {
    /// Write to a separate, imported file
    ///
    /// A relative PATH starts at the config's folder. Without it: 50-OWNER.toml in the folder that
    /// the config imports, else in conf.d. A space may stand for = if PATH begins with / or . or
    /// ends with .toml.
    #[arg(
        long,
        value_name = "PATH",
        num_args = 0..=1,
        require_equals = true,
        value_parser = values::path(),
    )]
    #[expect(clippy::option_option, reason = "the value may be left out as well")]
    pub(crate) drop_in: Option<Option<PathBuf>>,

    /// Write to the config itself
    ///
    /// Without either: where the owner's keys are. A new owner's go to 50-OWNER.toml in the folder
    /// that a config of version 3 or newer imports by a pattern, else to the config.
    #[arg(long, conflicts_with = "drop_in")]
    pub(crate) no_drop_in: bool,

    #[command(flatten)]
    pub(crate) plugin: Plugin,

    /// Print the resulting file and touch nothing
    ///
    /// The drop-in, if the edit changes that. An edit of two files is refused.
    #[arg(long, conflicts_with_all = ["dry_run", "restart"])]
    pub(crate) stdout: bool,
}

// How a patch is made of the flags, and an edit of the patch.
#[derive(Debug, Clone, Args)]
pub(crate) struct Patching {
    /// Take over handlers and keys that no owner has
    ///
    /// Such as those an older installer left. A handler is taken over as a whole, any other key only if
    /// it has the wanted value already.
    #[arg(long)]
    pub(crate) adopt: bool,

    /// With --adopt: a value to restore when the owner leaves
    ///
    /// As in debug.level=info. Without it: the key is removed then. KEY is spelled as in a patch file,
    /// and one that this command sets. May be repeated.
    #[arg(
        long,
        value_name = "KEY=VALUE",
        requires = "adopt",
        hide_short_help = true
    )]
    pub(crate) was: Vec<Setting>,

    #[command(flatten)]
    pub(crate) placing: Placing,

    #[command(flatten)]
    pub(crate) editing: Editing,
}

// How containerd is restarted.
#[derive(Debug, Clone, Args)]
pub(crate) struct RestartHow {
    /// What restarts containerd [default: systemctl]
    ///
    /// Run by `sh -c` where this program runs. Without it: `$CONTAINERD_EDIT_RESTART_COMMAND`, else
    /// systemctl on the host.
    #[arg(
        long,
        value_name = "CMD",
        env = values::variable("CONTAINERD_EDIT_RESTART_COMMAND"),
        hide_env = true,
        value_parser = values::shell_command(),
    )]
    pub(crate) restart_command: Option<OsString>,

    /// How long a restart may take [default: 60s]
    ///
    /// From the command until containerd serves, as in 30s or 2m.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) ready_timeout: Option<Duration>,

    #[command(flatten)]
    pub(crate) daemon: Daemon,
}

// The running daemon.
#[derive(Debug, Clone, Args)]
pub(crate) struct Daemon {
    /// The running daemon's socket
    ///
    /// A path, or unix:// and a path. Without it: `$CONTAINERD_EDIT_CRI_ENDPOINT`, else where the
    /// distribution has its socket.
    #[arg(
        long,
        value_name = "PATH",
        env = values::variable("CONTAINERD_EDIT_CRI_ENDPOINT"),
        hide_env = true,
        value_parser = values::path(),
    )]
    pub(crate) cri_endpoint: Option<PathBuf>,
}

impl Owning {
    /// An empty change on behalf of the owner.
    pub(crate) fn change(&self) -> Change {
        let owner = self.owner.clone().unwrap_or_default();
        self.overruling(Change::new().owner(owner))
    }

    /// The change, which overrules other owners if that was asked for.
    pub(crate) fn overruling(&self, change: Change) -> Change {
        if self.take_over {
            change.take_over()
        } else {
            change
        }
    }
}

impl Judging {
    pub(crate) fn set_up(&self, editor: Editor) -> Editor {
        let mut releases = Vec::new();
        for release in &self.containerd_version {
            if !releases.contains(release) {
                releases.push(*release);
            }
        }
        editor.releases(releases)
    }
}

impl Exiting {
    /// Returns the exit code of a run that succeeds.
    pub(crate) fn code(&self, is_change: bool) -> ExitCode {
        if self.exit_code && is_change {
            ExitCode::Changed
        } else {
            ExitCode::Success
        }
    }
}

impl Logging {
    pub(crate) fn set_up(&self, editor: Editor) -> Editor {
        editor.log(self.log.clone().unwrap_or_default())
    }
}

impl Locking {
    pub(crate) fn set_up(&self, editor: Editor) -> Editor {
        let timeout = self.lock_timeout.unwrap_or(DEFAULT_LOCK_TIMEOUT);
        let editor = editor.lock_timeout(timeout);
        self.logging.set_up(editor)
    }
}

impl Editing {
    pub(crate) fn set_up(&self, editor: Editor) -> Editor {
        let editor = self.judging.set_up(self.locking.set_up(editor));
        editor.allow_not_serving(self.allow_not_serving)
    }
}

impl Placing {
    pub(crate) fn drop_in(&self) -> DropIn {
        match &self.drop_in {
            None if self.no_drop_in => DropIn::None,
            None => DropIn::Automatic,
            Some(None) => DropIn::ForOwner,
            Some(Some(path)) => DropIn::At(path.clone()),
        }
    }
}
