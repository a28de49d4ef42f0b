//! The command line: what was typed, what is done, what is shown. Nothing else prints.

mod arguments;
mod check_report;
mod handlers_report;
mod report;
mod signals;
mod status_report;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use clap::error::ErrorKind;
use serde_json::Value;

use containerd_edit::{
    Check, DropIn, Editor, Effective, EffectiveHandler, Error, ExitCode, Handler, HostRoot, Patch,
    Plan, Release, SettingError, ask_binary,
};

use self::arguments::{Add, Arguments, Color, Format, Verb};
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
        let report = report::failure_json(
            "usage",
            ExitCode::Usage as u8,
            message,
            "see `containerd-edit --help`",
            None,
        );
        let _ = writeln!(io::stdout(), "{report}");
    } else {
        let _ = error.print();
    }
    ExitCode::Usage
}

/// How long a containerd binary may take to parse a file.
const BINARY_LIMIT: Duration = Duration::from_secs(10);

/// One command line being carried out.
struct Run {
    arguments: Arguments,
    host_root: HostRoot,
    signals: Option<Signals>,
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
            signals: None,
            out: AutoStream::new(io::stdout(), choice),
            err: AutoStream::new(io::stderr(), choice),
        }
    }

    fn run(mut self) -> ExitCode {
        if let Err((message, hint)) = self.find_host_root() {
            return self.fail(ExitCode::Missing, "no-host-root", &message, &hint);
        }
        let result = match &self.arguments.verb {
            Verb::Add(add) => match patch_of(add) {
                Ok(patch) => self.edit(patch),
                Err(error) => return self.usage(&error),
            },
            Verb::Remove(remove) => {
                let patch = remove.names.iter().fold(Patch::new(), Patch::remove);
                self.edit(patch)
            }
            Verb::List => self.list(),
            Verb::Log => self.log(),
            Verb::Status => self.status(),
            Verb::Check { containerd_binary } => {
                let binary = containerd_binary.clone();
                self.check(binary.as_deref())
            }
            Verb::Show { name } => {
                let name = name.clone();
                self.show(&name)
            }
        };
        result.unwrap_or_else(|error| self.failed(&error))
    }

    /// Finds the folder of the host's files. Otherwise: what is wrong with it, and what to do.
    fn find_host_root(&mut self) -> Result<(), (String, String)> {
        let global = &self.arguments.global;
        let Some(folder) = &global.host_root else {
            return Ok(());
        };
        self.host_root = HostRoot::at(folder).map_err(|error| {
            let message = format!("--host-root {}: {error}", folder.display());
            let hint = "name the folder at which the host's / is mounted, as in /host";
            (message, hint.to_owned())
        })?;
        let Some(root) = self.host_root.folder() else {
            return Ok(());
        };
        let config = &global.config;
        let inside = config.strip_prefix(folder).or(config.strip_prefix(root));
        if let Ok(inside) = inside
            && !self.host_root.has(config)
        {
            let message = format!("{} is not on the host", config.display());
            let (folder, inside) = (folder.display(), inside.display());
            let hint = format!("paths are the host's, without {folder}: --config /{inside}");
            return Err((message, hint));
        }
        // Where this process stands says nothing of the host.
        self.arguments.global.config = Path::new("/").join(config);
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
        Editor::new(&global.config)
            .drop_in(drop_in)
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

    fn edit(&mut self, patch: Patch) -> Result<ExitCode, Error> {
        let patch = match &self.arguments.global.plugin_id {
            Some(id) => patch.plugin_id(id),
            None => patch,
        };
        let editor = self.editor();
        let plan = if self.arguments.global.dry_run || self.arguments.global.stdout {
            editor.plan(&patch)?
        } else {
            self.commit(editor, &patch)?
        };
        let global = &self.arguments.global;
        let code = if global.exit_code && plan.is_change() {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let report = report::edit_json(&plan);
            return Ok(self.report_json(&report, global.dry_run, code));
        }
        if !global.quiet {
            for warning in &plan.edited.warnings {
                let text = report::warning(&plan.path, warning);
                let _ = self.err.write_all(text.as_bytes());
            }
        }
        if global.stdout {
            let text = plan.edited.text.as_deref().unwrap_or_default();
            return Ok(self.print(text, true, code));
        }
        if global.quiet {
            return Ok(code);
        }
        let mut text = String::new();
        if global.dry_run || global.verbose {
            text = report::colored(&report::diff(&plan));
        }
        text.push_str(&report::summary(&plan, global.dry_run));
        Ok(self.print(&text, global.dry_run, code))
    }

    /// Makes an edit. A signal that comes before anything has changed interrupts it.
    fn commit(&mut self, editor: Editor, patch: &Patch) -> Result<Plan, Error> {
        // Where they can't be noted, a signal ends the run at once, as it does any program.
        let Ok(signals) = Signals::noted() else {
            return editor.commit(patch);
        };
        self.signals = Some(signals.clone());
        let editor = editor.interrupted(move || signals.is_asked_to_end());
        editor.commit(patch)
    }

    fn log(&mut self) -> Result<ExitCode, Error> {
        let entries = self.editor().log_entries()?;
        let path = &self.arguments.global.config;
        if self.arguments.global.output == Format::Json {
            let report = status_report::log_json(path, &entries);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = if entries.is_empty() {
            format!("{}: no entries in its operation log\n", path.display())
        } else {
            status_report::log(&entries)
        };
        Ok(self.print(&text, true, ExitCode::Success))
    }

    fn status(&mut self) -> Result<ExitCode, Error> {
        let status = self.editor().status()?;
        if self.arguments.global.output == Format::Json {
            let report = status_report::status_json(&status);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = status_report::status(&status);
        Ok(self.print(&text, true, ExitCode::Success))
    }

    fn effective(&self) -> Result<Effective, Error> {
        let global = &self.arguments.global;
        let bytes = self.editor().read()?;
        let plugin_id = global.plugin_id.as_deref();
        Effective::of(
            &global.config,
            &bytes,
            &self.releases(),
            plugin_id,
            &self.host_root,
        )
    }

    fn list(&mut self) -> Result<ExitCode, Error> {
        let effective = self.effective()?;
        let global = &self.arguments.global;
        if global.output == Format::Json {
            let report = handlers_report::list_json(&global.config, &effective);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = handlers_report::list(&global.config, &effective);
        Ok(self.print(&text, true, ExitCode::Success))
    }

    fn check(&mut self, binary: Option<&Path>) -> Result<ExitCode, Error> {
        let bytes = self.editor().read()?;
        let global = &self.arguments.global;
        let releases = self.releases();
        let check = Check::of(&global.config, &bytes, &releases, &self.host_root)?;
        let answer = match binary {
            None => None,
            Some(binary) => match ask_binary(binary, &global.config, BINARY_LIMIT) {
                Ok(answer) => Some(answer),
                Err(error) => {
                    let message = format!("cannot start {}: {error}", binary.display());
                    let hint = "check --containerd-binary";
                    return Ok(self.fail(ExitCode::Other, "no-binary", &message, hint));
                }
            },
        };
        let good = check.serves() && answer.as_ref().is_none_or(|answer| answer.accepts);
        let code = if good {
            ExitCode::Success
        } else {
            ExitCode::Refused
        };
        if global.output == Format::Json {
            let report = check_report::json(&check, binary.zip(answer.as_ref()));
            return Ok(self.report_json(&report, true, code));
        }
        let text = check_report::text(&check, binary.zip(answer.as_ref()));
        if !global.quiet {
            for warning in &check.warnings {
                let text = report::warning(&check.path, warning);
                let _ = self.err.write_all(text.as_bytes());
            }
        }
        Ok(self.print(&text, true, code))
    }

    fn show(&mut self, name: &str) -> Result<ExitCode, Error> {
        let effective = self.effective()?;
        let global = &self.arguments.global;
        let path = &global.config;
        let found: Vec<&EffectiveHandler> = effective
            .handlers
            .iter()
            .filter(|handler| handler.name == name)
            .collect();
        // One that some release loads before one that none does, newer releases first.
        let newest = |handler: &&&EffectiveHandler| handler.releases.iter().max().copied();
        let Some(handler) = found.iter().max_by_key(newest) else {
            let message = format!("{} lists no handler {name:?}", path.display());
            let hint = "see `containerd-edit list`";
            return Ok(self.fail(ExitCode::Other, "no-handler", &message, hint));
        };
        if global.output == Format::Json {
            let report = handlers_report::show_json(path, &effective, handler);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = handlers_report::show(path, &effective, handler, &found);
        Ok(self.print(&text, true, ExitCode::Success))
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
            let exit = match error {
                Error::Interrupted { .. } => signal.unwrap_or(error.exit_code() as u8),
                _ => error.exit_code() as u8,
            };
            let report = report::error_json(error, exit);
            let _ = writeln!(self.out, "{report}");
        } else {
            let _ = self.err.write_all(report::error(error).as_bytes());
        }
        if let (Error::Interrupted { .. }, Some(signals)) = (error, &self.signals) {
            signals.end();
        }
        error.exit_code()
    }

    /// A failure without an [`Error`] of its own.
    fn fail(&mut self, exit: ExitCode, code: &str, message: &str, hint: &str) -> ExitCode {
        if self.arguments.global.output == Format::Json {
            // A command line is about no file yet.
            let config = self.arguments.global.config.as_path();
            let place = (exit != ExitCode::Usage).then_some((config, None));
            let report = report::failure_json(code, exit as u8, message, hint, place);
            let _ = writeln!(self.out, "{report}");
        } else {
            let _ = writeln!(self.err, "error: {message}\nhint: {hint}");
        }
        exit
    }

    /// A command line that clap accepts and that still asks for nothing that can be.
    fn usage(&mut self, error: &SettingError) -> ExitCode {
        let hint = match error {
            SettingError::NoRuntimeType(_) => format!(
                "take a preset with --preset ({}), or say what runs it with --set runtime_type=…",
                arguments::preset_names()
            ),
            _ => "see `containerd-edit add --help`".to_owned(),
        };
        self.fail(ExitCode::Usage, "usage", &error.to_string(), &hint)
    }
}

fn patch_of(add: &Add) -> Result<Patch, SettingError> {
    let settings = add.settings.iter().cloned();
    let handler = Handler::resolve(add.name.clone(), add.preset.as_ref(), settings)?;
    let patch = Patch::new().ensure(handler).owner(add.owner.clone());
    Ok(if add.default {
        patch.default_handler(add.name.clone())
    } else {
        patch
    })
}
