//! The command line: what was typed, what is done, what is shown. Nothing else prints.

mod arguments;
mod check_report;
#[cfg_attr(not(feature = "cri"), path = "without_daemon.rs")]
mod daemon;
mod editing;
mod error_report;
mod handlers_report;
mod reading;
mod report;
mod signals;
mod status_report;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use clap::error::ErrorKind;
use serde_json::Value;

use containerd_edit::{
    Code, Distribution, DropIn, Editor, Error, ExitCode, HostRoot, Kind, Layout, Release,
};

use self::arguments::{Arguments, Chosen, Color, Format, Verb};
use self::signals::Signals;

/// Runs one command line and returns its exit code.
///
/// What can't be printed changes neither the config nor the exit code, unless printing was all that
/// was asked for.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed: Vec<OsString> = arguments.into_iter().collect();
    match Arguments::read(typed.iter().cloned()) {
        Ok(arguments) => Run::new(arguments).run(),
        Err(error) => not_understood(&error, wants_json(&typed)),
    }
}

/// Whether a command line that could not be read as a whole asks for JSON.
fn wants_json(typed: &[OsString]) -> bool {
    let is = |at: usize, word: &str| typed.get(at).is_some_and(|given| given == word);
    (0..typed.len()).any(|at| {
        is(at, "--output=json")
            || is(at, "-ojson")
            || is(at, "-o=json")
            || ((is(at, "-o") || is(at, "--output")) && is(at + 1, "json"))
    })
}

/// Help and version are asked for; everything else is a usage error.
fn not_understood(error: &clap::Error, json: bool) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::Io,
            _ => ExitCode::Success,
        };
    }
    if json {
        let text = error.to_string();
        let message = text.trim_start_matches("error: ");
        let message = message.split("\n\n").next().unwrap_or(message).trim();
        let error = Error::new(Code::Usage, message, "see `containerd-edit --help`");
        let report = error_report::json(&error, error.exit_code() as u8);
        let _ = writeln!(io::stdout(), "{report}");
    } else {
        let _ = error.print();
    }
    ExitCode::Usage
}

/// One command line being carried out.
struct Run {
    arguments: Arguments,
    host_root: HostRoot,
    /// The config that containerd is started with.
    config: PathBuf,
    layout: Option<Layout>,
    signals: Option<Signals>,
    /// Of the handlers that are to be removed, once no pod uses them.
    unused: Option<Value>,
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
}

impl Run {
    fn new(arguments: Arguments) -> Self {
        let choice = match arguments.global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            arguments,
            host_root: HostRoot::default(),
            config: PathBuf::new(),
            layout: None,
            signals: None,
            unused: None,
            out: AutoStream::new(io::stdout(), choice),
            err: AutoStream::new(io::stderr(), choice),
        }
    }

    fn run(mut self) -> ExitCode {
        self.carry_out().unwrap_or_else(|error| self.failed(&error))
    }

    fn carry_out(&mut self) -> Result<ExitCode, Error> {
        self.find_host_root()?;
        self.find_layout()?;
        let reads_no_drop_in = matches!(
            self.layout.as_ref().map(|layout| &layout.kind),
            Some(Kind::Template { .. })
        );
        if reads_no_drop_in && self.arguments.global.drop_in.is_some() {
            let message = "--drop-in: this release of the distribution has a template and reads no \
                           drop-ins";
            let hint = "leave it out: the handler goes into the template";
            return Err(Error::new(Code::Usage, message, hint));
        }
        match self.arguments.verb.clone() {
            Verb::Add(add) => self.add(&add),
            Verb::Apply(apply) => self.apply(&apply),
            Verb::Remove(remove) => self.remove(&remove),
            Verb::SetDefault(set) => self.set_default(&set),
            Verb::Undo(undo) => self.undo(&undo),
            Verb::Restart { always, how } => self.restart(always, &how),
            Verb::List => self.list(),
            Verb::Log => self.log(),
            Verb::Status => self.status(),
            Verb::Check { running: false } => self.check(),
            Verb::Check { running: true } => self.check_running(),
            Verb::Show { name } => self.show(&name),
        }
    }

    /// Finds the folder of the host's files.
    fn find_host_root(&mut self) -> Result<(), Error> {
        let global = &self.arguments.global;
        let Some(folder) = &global.host_root else {
            return Ok(());
        };
        self.host_root = HostRoot::at(folder).map_err(|error| {
            let message = format!("--host-root: {error}");
            let hint = "name the folder at which the host's / is mounted, as in /host";
            Error::new(Code::NoHostRoot, message, hint).at(folder)
        })?;
        let Some(root) = self.host_root.folder() else {
            return Ok(());
        };
        let Some(config) = &global.config else {
            return Ok(());
        };
        let inside = config.strip_prefix(folder).or(config.strip_prefix(root));
        if let Ok(inside) = inside
            && !self.host_root.has(config)
        {
            let message = "this is not on the host";
            let (folder, inside) = (folder.display(), inside.display());
            let hint = format!("paths are the host's, without {folder}: --config /{inside}");
            return Err(Error::new(Code::NoHostRoot, message, hint).at(config));
        }
        // Where this process stands says nothing of the host.
        self.arguments.global.config = Some(Path::new("/").join(config));
        Ok(())
    }

    /// Finds what to edit: the file that was named, or the distribution's.
    fn find_layout(&mut self) -> Result<(), Error> {
        let global = &self.arguments.global;
        let config = global.config.as_deref();
        let distribution = match (global.distribution, config) {
            (Chosen::Auto, Some(config)) => {
                self.config = config.to_owned();
                return Ok(());
            }
            (Chosen::Auto, None) => Distribution::detect(&self.host_root),
            (Chosen::This(distribution), _) => Ok(distribution),
        };
        let layout = distribution.and_then(|it| Layout::of(it, &self.host_root, config));
        let layout = layout?;
        self.config = match &layout.kind {
            Kind::Plain { config } => config.clone(),
            Kind::DropIn { base, .. } => base.clone(),
            Kind::Template { generated, .. } => generated.clone(),
        };
        self.layout = Some(layout);
        Ok(())
    }

    /// The releases to judge for.
    fn releases(&self) -> Vec<Release> {
        match self.arguments.global.containerd_version {
            Some(release) => vec![release],
            None => Release::LINES.to_vec(),
        }
    }

    fn editor(&self) -> Editor {
        let global = &self.arguments.global;
        let quiet = global.quiet;
        let drop_in = match &global.drop_in {
            None => DropIn::None,
            Some(None) => DropIn::ForOwner,
            Some(Some(path)) => DropIn::At(path.clone()),
        };
        let editor = Editor::new(&self.config);
        let editor = match &self.layout {
            Some(layout) => editor.layout(layout.clone()),
            None => editor,
        };
        let editor = match drop_in {
            DropIn::None => editor,
            drop_in => editor.drop_in(drop_in),
        };
        editor
            .host_root(self.host_root.clone())
            .log(global.log.clone().unwrap_or_default())
            .releases(self.releases())
            .lock_timeout(global.lock_timeout)
            .command(self.arguments.summary())
            .on_wait(move |lock, holder| {
                if !quiet {
                    let lock = lock.display();
                    let _ = writeln!(
                        io::stderr(),
                        "waiting for the lock {lock}, held by {holder}"
                    );
                }
            })
    }

    fn report_json(&mut self, report: &Value, is_the_result: bool, code: ExitCode) -> ExitCode {
        self.print(&format!("{report}\n"), is_the_result, code)
    }

    /// Prints to stdout. Where the text is all that was asked for, failing to print it is an error;
    /// a reader that has gone away is none.
    fn print(&mut self, text: &str, is_the_result: bool, code: ExitCode) -> ExitCode {
        let printed = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        match printed {
            Err(error) if is_the_result && error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(self.err, "error: cannot write to stdout: {error}");
                ExitCode::Io
            }
            _ => code,
        }
    }

    fn failed(&mut self, error: &Error) -> ExitCode {
        if self.arguments.global.output == Format::Json {
            let signal = self.signals.as_ref().and_then(Signals::exit_code);
            let signal = signal.filter(|_| error.code() == Code::Interrupted);
            let exit = signal.unwrap_or(error.exit_code() as u8);
            let report = error_report::json(error, exit);
            let _ = writeln!(self.out, "{report}");
        } else {
            let _ = self.err.write_all(error_report::text(error).as_bytes());
        }
        if let (Code::Interrupted, Some(signals)) = (error.code(), &self.signals) {
            signals.end();
        }
        error.exit_code()
    }
}
