//! What was typed.

mod conflicts;
mod verbs;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use containerd_edit::{Distribution, HandlerName, LogTo, Preset, Release};

pub(super) use self::verbs::{Add, Apply, Remove, RestartHow, RestartToo, SetDefault, Undo};

/// Change a node's containerd configuration safely: locked, validated, atomic and idempotent.
///
/// Runs that overlap, die half-way or are repeated can't corrupt the file. Whether anything changed
/// is said in the output and, with --exit-code, in the exit code: containerd reads its config only
/// when it starts, so restart it then, and only then.
#[derive(Debug, Parser)]
#[command(name = "containerd-edit", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Flags of every verb, before or after it.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The containerd config to work on; default: where the distribution has it
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        value_parser = OsStringValueParser::new().try_map(not_empty),
    )]
    pub(super) config: Option<PathBuf>,

    /// Who has set containerd up on this node; auto: tell by its files, unless --config names one
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "auto",
        value_parser = distribution,
        hide_possible_values = true,
    )]
    pub(super) distribution: Chosen,

    /// The plugin table that holds the handlers, instead of the one that the config version calls for
    #[arg(long, global = true, value_name = "ID")]
    pub(super) plugin_id: Option<String>,

    /// Judge for this containerd release alone, as in 1.7 or 1.6.20; default: all from 1.6 to 2.3
    #[arg(long, global = true, value_name = "VERSION")]
    pub(super) containerd_version: Option<Release>,

    /// Where the host's files are, as in /host in a container that has them mounted there: every path
    /// is then one of the host
    #[arg(long, global = true, value_name = "DIR", value_parser = OsStringValueParser::new().try_map(not_empty))]
    pub(super) host_root: Option<PathBuf>,

    /// Where changes and refusals are noted down: a path, or none; default: config.toml.log beside
    /// the config
    #[arg(long, global = true, value_name = "PATH", value_parser = OsStringValueParser::new().try_map(log_to))]
    pub(super) log: Option<LogTo>,

    /// Put what is added into a file of its own, which the config imports; default:
    /// conf.d/50-OWNER.toml beside the config
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        num_args = 0..=1,
        require_equals = true,
        value_parser = OsStringValueParser::new().try_map(not_empty),
    )]
    #[expect(clippy::option_option, reason = "the value may be left out as well")]
    pub(super) drop_in: Option<Option<PathBuf>>,

    /// The running daemon's socket: a path, or unix:// and a path; default: where the distribution
    /// has it
    #[arg(long, global = true, value_name = "PATH", value_parser = OsStringValueParser::new().try_map(not_empty))]
    pub(super) cri_endpoint: Option<PathBuf>,

    /// How long to wait while others edit the file, as in 30s or 2m; 0s: don't wait
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = humantime::parse_duration,
    )]
    pub(super) lock_timeout: Duration,

    /// Take no lock, write nothing, show the diff
    #[arg(long, global = true, conflicts_with = "stdout")]
    pub(super) dry_run: bool,

    /// Print the resulting file and touch nothing
    #[arg(long, global = true, conflicts_with = "output")]
    pub(super) stdout: bool,

    /// How to report
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(super) output: Format,

    /// Exit with 10 if something changed, or would change
    #[arg(long, global = true)]
    pub(super) exit_code: bool,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Also show the diff of what was changed
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,

    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
}

/// A distribution, or none in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Auto,
    This(Distribution),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Verb {
    /// Register a runtime handler, or change the keys that differ
    #[command(after_help = presets_help())]
    Add(Add),
    /// Make the config hold what a patch file says
    Apply(Apply),
    /// Unregister runtime handlers
    Remove(Remove),
    /// Choose the handler of pods without a RuntimeClass
    SetDefault(SetDefault),
    /// Take the last change back: the config is what it was before, if nobody has changed it since
    Undo(Undo),
    /// Restart containerd if it is not what its config says, and verify that it serves that
    Restart {
        /// Also if it is what its config says
        #[arg(long)]
        always: bool,

        #[command(flatten)]
        how: RestartHow,
    },
    /// List the runtime handlers of the config
    List,
    /// Say what each containerd release makes of the config
    Check {
        /// Also hold the config against what the running daemon has loaded: judge for its release
        #[arg(long)]
        running: bool,
    },
    /// Show the operation log: what was changed and what was refused
    Log,
    /// Say where everything is, who holds the lock, and whether others changed the file
    Status,
    /// Show one runtime handler
    Show {
        /// The handler's name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// The environment variables that stand in for flags.
const VARIABLES: [(&str, Option<&str>, &str); 14] = [
    ("config", None, "CONTAINERD_EDIT_CONFIG"),
    ("distribution", None, "CONTAINERD_EDIT_DISTRIBUTION"),
    ("cri_endpoint", None, "CONTAINERD_EDIT_CRI_ENDPOINT"),
    ("host_root", None, "CONTAINERD_EDIT_HOST_ROOT"),
    ("log", None, "CONTAINERD_EDIT_LOG"),
    // Not of `remove`: there an owner makes it another command.
    ("owner", Some("add"), "CONTAINERD_EDIT_OWNER"),
    ("owner", Some("apply"), "CONTAINERD_EDIT_OWNER"),
    ("owner", Some("set-default"), "CONTAINERD_EDIT_OWNER"),
    ("restart_command", Some("add"), RESTART_COMMAND),
    ("restart_command", Some("apply"), RESTART_COMMAND),
    ("restart_command", Some("remove"), RESTART_COMMAND),
    ("restart_command", Some("set-default"), RESTART_COMMAND),
    ("restart_command", Some("undo"), RESTART_COMMAND),
    ("restart_command", Some("restart"), RESTART_COMMAND),
];
const RESTART_COMMAND: &str = "CONTAINERD_EDIT_RESTART_COMMAND";

impl Arguments {
    /// Reads a command line. An environment variable that is empty counts as unset.
    pub(super) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        for (argument, verb, name) in VARIABLES {
            let from_variable =
                |command: Command| command.mut_arg(argument, |argument| argument.env(name));
            if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
                continue;
            }
            command = match verb {
                None => from_variable(command),
                Some(verb) => command.mut_subcommand(verb, from_variable),
            };
        }
        let matches = command.try_get_matches_from_mut(arguments)?;
        let read = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        read.check_conflicts(&mut command)?;
        Ok(read)
    }

    /// The flags of the restart that comes with an edit.
    pub(super) fn restart_too(&self) -> Option<&RestartToo> {
        match &self.verb {
            Verb::Add(Add { restart, .. })
            | Verb::Apply(Apply { restart, .. })
            | Verb::Remove(Remove { restart, .. })
            | Verb::SetDefault(SetDefault { restart, .. })
            | Verb::Undo(Undo { restart, .. }) => Some(restart),
            _ => None,
        }
    }

    /// The command in a few words, for whoever waits for the lock.
    pub(super) fn summary(&self) -> String {
        match &self.verb {
            Verb::Add(add) => format!("add {}", add.name),
            Verb::Apply(apply) => format!("apply {}", apply.file.display()),
            Verb::Remove(remove) => {
                let owner = remove.owner.iter().map(|owner| format!(" --owner {owner}"));
                let names = remove.names.iter().map(|name| format!(" {name}"));
                format!("remove{}", names.chain(owner).collect::<String>())
            }
            Verb::SetDefault(set) => {
                let name = set.name.as_ref().map(HandlerName::as_str);
                let owner = set.owner.iter().filter(|_| name.is_none());
                let owner = owner.map(|owner| format!(" --owner {owner}"));
                let name = name.unwrap_or("--unset");
                format!("set-default {name}{}", owner.collect::<String>())
            }
            Verb::Undo(_) => "undo".to_owned(),
            Verb::Restart { .. } => "restart".to_owned(),
            Verb::List => "list".to_owned(),
            Verb::Check { .. } => "check".to_owned(),
            Verb::Log => "log".to_owned(),
            Verb::Status => "status".to_owned(),
            Verb::Show { name } => format!("show {name}"),
        }
    }
}

fn not_empty(path: OsString) -> Result<PathBuf, &'static str> {
    if path.is_empty() {
        Err("the path is empty")
    } else {
        Ok(path.into())
    }
}

fn not_blank(command: OsString) -> Result<OsString, &'static str> {
    if command.to_string_lossy().trim().is_empty() {
        Err("the command is empty")
    } else {
        Ok(command)
    }
}

fn distribution(name: &str) -> Result<Chosen, containerd_edit::Error> {
    if name == "auto" {
        return Ok(Chosen::Auto);
    }
    name.parse().map(Chosen::This)
}

fn log_to(place: OsString) -> Result<LogTo, &'static str> {
    if place == "none" {
        return Ok(LogTo::Nowhere);
    }
    not_empty(place).map(LogTo::File)
}

fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name)
        .copied()
        .ok_or_else(|| format!("the presets are {}", preset_names()))
}

/// The presets' names, for messages.
pub(super) fn preset_names() -> String {
    let names: Vec<&str> = Preset::all().iter().map(Preset::name).collect();
    names.join(", ")
}

fn presets_help() -> String {
    let mut help = "Presets:\n".to_owned();
    for preset in Preset::all() {
        let _ = writeln!(help, "  {:<10} {}", preset.name(), preset.about());
    }
    help
}
