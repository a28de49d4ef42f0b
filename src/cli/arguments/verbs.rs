//! The flags of the verbs that edit a config or restart containerd.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, ArgGroup, Args};

use containerd_edit::{HandlerName, Owner, Preset, Setting};

use super::{not_blank, not_empty, preset};

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Add {
    /// The handler's name, as in a RuntimeClass; a preset's name takes that preset
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: HandlerName,

    /// The runtime whose usual settings to take
    #[arg(long, value_name = "PRESET", value_parser = preset)]
    pub(in crate::cli) preset: Option<Preset>,

    /// A key of the handler and its TOML value, as in options.SystemdCgroup=true
    #[arg(long = "set", value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(in crate::cli) settings: Vec<Setting>,

    /// Make it the handler of pods without a RuntimeClass
    #[arg(long)]
    pub(in crate::cli) default: bool,

    /// The installer that the handler belongs to
    #[arg(long, value_name = "ID", default_value = Owner::MANUAL)]
    pub(in crate::cli) owner: Owner,

    /// Also change a handler that belongs to another owner: it is this one's from then on
    #[arg(long)]
    pub(in crate::cli) take_over: bool,

    /// Make what is there as it is wanted, and nobody's, this owner's
    #[arg(long)]
    pub(in crate::cli) adopt: bool,

    #[command(flatten)]
    pub(in crate::cli) restart: RestartToo,
}

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Apply {
    /// The patch file, in TOML; -: read it from stdin
    #[arg(value_name = "FILE", value_parser = OsStringValueParser::new().try_map(not_empty))]
    pub(in crate::cli) file: PathBuf,

    /// The installer that it all belongs to, if the file does not say so; default: manual
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,

    /// Also remove what the owner has added before and the file does not name
    #[arg(long)]
    pub(in crate::cli) prune: bool,

    /// Also change handlers that belong to another owner: they are this one's from then on
    #[arg(long)]
    pub(in crate::cli) take_over: bool,

    /// Make what is there as it is wanted, and nobody's, this owner's
    #[arg(long)]
    pub(in crate::cli) adopt: bool,

    #[command(flatten)]
    pub(in crate::cli) restart: RestartToo,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").args(["names", "owner"]).required(true).multiple(true))]
pub(in crate::cli) struct Remove {
    /// Names of handlers, any that the file holds
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,

    /// Without names: all that this installer has added; with names: refuse those of others
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,

    /// Also remove a handler that no owner has declared
    #[arg(long)]
    pub(in crate::cli) adopt: bool,

    #[command(flatten)]
    pub(in crate::cli) restart: RestartToo,

    /// Refuse if the running daemon says that a pod still uses one of the handlers, or does not answer
    #[arg(long)]
    pub(in crate::cli) if_unused: bool,

    /// Wait so long for the pods to go, as in 30s or 10m, and refuse if they do not
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(in crate::cli) wait_unused: Option<Duration>,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("which").args(["name", "unset"]).required(true))]
pub(in crate::cli) struct SetDefault {
    /// The handler's name
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: Option<HandlerName>,

    /// Give the default back to what the file itself says
    #[arg(long)]
    pub(in crate::cli) unset: bool,

    /// The installer that the default belongs to; with --unset: take away this one's alone
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,

    #[command(flatten)]
    pub(in crate::cli) restart: RestartToo,
}

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Undo {
    /// Only if the last change is this installer's
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,

    #[command(flatten)]
    pub(in crate::cli) restart: RestartToo,
}

/// Whether an edit is also loaded.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RestartToo {
    /// Restart containerd if it is not what its config says then, and verify that it serves that
    #[arg(long)]
    pub(in crate::cli) restart: bool,

    #[command(flatten)]
    pub(in crate::cli) how: RestartHow,
}

/// How containerd is restarted.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RestartHow {
    /// What restarts containerd, run by `sh -c` where this program runs; default: systemctl
    #[arg(long, value_name = "CMD", value_parser = OsStringValueParser::new().try_map(not_blank))]
    pub(in crate::cli) restart_command: Option<OsString>,

    /// How long a restart may take until containerd serves, as in 30s or 2m
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "60s",
        value_parser = humantime::parse_duration,
    )]
    pub(in crate::cli) ready_timeout: Duration,
}
