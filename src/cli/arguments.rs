//! What the user typed.

pub(super) mod groups;
mod help;
mod values;
mod verbs;
mod version;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{
    ArgAction, Args, ColorChoice, Command, CommandFactory as _, FromArgMatches as _, Parser,
    ValueEnum,
};

pub(super) use self::groups::{Editing, Logging, Patching};
pub(super) use self::values::STDIN;
pub(super) use self::verbs::{
    Add, Apply, Check, Edit, Get, List, Remove, Restart, Restore, Set, SetDefault, Show, Status,
    Undo, Unset, Verb,
};

const DROP_IN: &str = "--drop-in";

/// Change a node's containerd config safely
///
/// Locked, validated, atomic and idempotent: runs that overlap, die half-way or are repeated can't
/// corrupt the file or take the node's CRI down. containerd reads its config only when it starts:
/// each run says whether a restart is needed.
#[derive(Debug, Parser)]
#[command(
    name = "containerd-edit",
    version,
    max_term_width = 80,
    hide_possible_values = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    help_template = help::TEMPLATE,
    after_long_help = help::after(),
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) verb: Verb,

    /// Print version; with -v: features and modelled releases
    #[arg(short = 'V', long, action = ArgAction::Version, hide_short_help = true)]
    version: Option<bool>,
}

/// Flags of every verb, before or after it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The containerd config to work on
    ///
    /// Symbolic links are followed and stay. Without it: `$CONTAINERD_EDIT_CONFIG`, else where the
    /// distribution has its config.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = values::variable("CONTAINERD_EDIT_CONFIG"),
        hide_env = true,
        value_parser = values::path(),
    )]
    pub(super) config: Option<PathBuf>,

    /// Where the host's / is mounted, as in /host
    ///
    /// For a run in a container. Every path is then one of the host, but for the patch file of
    /// `apply`; no path leads out of DIR. Without it: `$CONTAINERD_EDIT_HOST_ROOT`, else /.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = values::variable("CONTAINERD_EDIT_HOST_ROOT"),
        hide_env = true,
        value_parser = values::path(),
    )]
    pub(super) host_root: Option<PathBuf>,

    /// What has set containerd up [default: auto]
    ///
    /// containerd, k3s, rke2, k0s, microk8s, or auto: detected by the host's files, unless --config
    /// names a config. Without it: `$CONTAINERD_EDIT_DISTRIBUTION`, else auto.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = values::variable("CONTAINERD_EDIT_DISTRIBUTION"),
        hide_env = true,
        value_parser = values::distribution,
        hide_short_help = true,
    )]
    pub(super) distribution: Option<values::Chosen>,

    /// How to report, errors too: text or json
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        hide_short_help = true
    )]
    output: Option<Format>,

    /// Print errors only
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(super) quiet: bool,

    /// Also print the diff of what was changed
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(super) verbose: bool,

    /// When to colour the output: auto, always or never
    ///
    /// auto: on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_name = "WHEN", hide_short_help = true)]
    pub(super) color: Option<ColorChoice>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

impl Arguments {
    /// Reads a command line.
    pub(super) fn read(typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let typed = in_one_word(asking_for_help(typed));
        command = command.color(color_of(&typed));
        if version::is_wanted_in_full(&typed) {
            command = command.version(version::in_full());
        }
        let matches = command.try_get_matches_from_mut(&typed);
        let matches = matches.map_err(|error| with_drop_in(error, &typed))?;
        let read = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let verb = matches.subcommand().map(|(_, verb)| verb);
        let stdout = verb.and_then(|verb| verb.try_get_one("stdout").ok()?);
        read.global
            .check_conflicts(stdout == Some(&true), &mut command)?;
        Ok(read)
    }

    /// Returns all verbs and flags with their help.
    #[cfg(test)]
    pub(super) fn described() -> Command {
        let mut command = Self::command();
        command.build();
        command
    }
}

impl Global {
    pub(super) fn output(&self) -> Format {
        self.output.unwrap_or_default()
    }

    /// Checks the conflicts that clap does not see: a global flag may stand before the verb.
    fn check_conflicts(&self, prints_file: bool, command: &mut Command) -> Result<(), clap::Error> {
        let (one, other) = if self.quiet && self.verbose {
            ("--quiet", "--verbose")
        } else if prints_file && self.output() == Format::Json {
            ("--stdout", "--output json")
        } else {
            return Ok(());
        };
        let message = format!("the argument '{one}' cannot be used with '{other}'");
        Err(command.error(ErrorKind::ArgumentConflict, message))
    }
}

/// Whether to colour usage errors. They repeat what was typed, which may hold escape sequences of its
/// own, so `always` does not apply to them.
fn color_of(words: &[OsString]) -> ColorChoice {
    let words = words.iter().filter_map(|word| word.to_str());
    let words: Vec<&str> = words.take_while(|word| *word != "--").collect();
    let is_never =
        words.contains(&"--color=never") || words.windows(2).any(|it| it == ["--color", "never"]);
    if is_never {
        ColorChoice::Never
    } else {
        ColorChoice::Auto
    }
}

/// Makes `VERB --help` of `help VERB`, which git and kubectl users type.
fn asking_for_help(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = typed.into_iter().collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Makes one word of `--drop-in PATH`. What follows is the path if it looks like one, since it may as
/// well be a verb's own argument; a setting, as in `KEY=/PATH`, is none.
fn in_one_word(mut words: Vec<OsString>) -> Vec<OsString> {
    let mut flags = words.iter().take_while(|word| *word != "--");
    let Some(flag) = flags.position(|word| word == DROP_IN) else {
        return words;
    };
    let is_path = |word: &OsString| {
        let text = word.to_string_lossy();
        (text.starts_with(['/', '.']) || text.ends_with(".toml")) && !text.contains('=')
    };
    if words.get(flag + 1).is_some_and(is_path) {
        let path = words.remove(flag + 1);
        words[flag].push("=");
        words[flag].push(path);
    }
    words
}

/// Says where a word has gone that may have been meant for the verb.
fn with_drop_in(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let words = words.iter().filter_map(|word| word.to_str());
    let flags = words.filter_map(|word| word.strip_prefix(DROP_IN));
    let mut paths = flags.filter_map(|rest| rest.strip_prefix('='));
    if error.kind() == ErrorKind::MissingRequiredArgument
        && let Some(path) = paths.next()
    {
        let tip = format!("{path} is the PATH of {DROP_IN}: name it after what the verb takes");
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_of_what_is_not_understood_is_the_one_that_was_asked_for() {
        for (typed, wanted) in [
            ("add", ColorChoice::Auto),
            ("--color never add", ColorChoice::Never),
            ("add --color=never", ColorChoice::Never),
            ("add --color=always", ColorChoice::Auto),
            ("add -- --color never", ColorChoice::Auto),
        ] {
            let words: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(color_of(&words), wanted, "{typed}");
        }
    }

    /// No file of this name would be meant, and stdin can't be locked.
    #[test]
    fn no_verb_takes_a_dash_for_its_config_or_its_log() {
        for verb in Arguments::described().get_subcommands() {
            let has_log = verb.get_arguments().any(|it| it.get_id() == "log");
            let flags = ["--config=-", "--host-root=-"].into_iter();
            for flag in flags.chain(has_log.then_some("--log=-")) {
                let read = Arguments::read(["", verb.get_name(), flag].map(OsString::from));
                let error = read.expect_err(flag);
                assert_eq!(error.kind(), ErrorKind::ValueValidation, "{error}");
            }
        }
    }
}
