//! Commands in what is shown to people, complete: they work as they stand.

use std::fmt::Write as _;
use std::path::PathBuf;

use containerd_edit::NextStep;
use serde_json::Value;

use super::arguments::Global;

/// The fields of a JSON report that say something to people.
const SAID: [&str; 3] = ["message", "hint", "found"];

/// The flags that name the node and its config, as a run was given them.
#[derive(Debug, Default)]
pub(super) struct Named(String);

impl Named {
    pub(super) fn of(global: &Global) -> Self {
        let distribution = global.distribution.flatten().map(|it| it.to_string());
        let path = |path: &Option<PathBuf>| path.as_ref().map(|it| it.display().to_string());
        let mut flags = String::new();
        for (flag, value) in [
            ("--host-root", path(&global.host_root)),
            ("--distribution", distribution),
            ("--config", path(&global.config)),
        ] {
            if let Some(value) = value {
                let _ = write!(flags, "{flag} {} ", NextStep::word(&value));
            }
        }
        Self(flags)
    }

    /// The same text, of which each command is about the same config.
    pub(super) fn in_commands(&self, text: &str) -> String {
        const COMMAND: &str = "`containerd-edit ";
        text.replace(COMMAND, &format!("{COMMAND}{}", self.0))
    }

    /// The same for what a JSON report says to people.
    pub(super) fn in_messages(&self, report: &mut Value) {
        match report {
            Value::Array(values) => values.iter_mut().for_each(|it| self.in_messages(it)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if SAID.contains(&name.as_str()) => {
                            *text = self.in_commands(text);
                        }
                        _ => self.in_messages(value),
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use super::super::arguments::Arguments;
    use super::*;

    /// The source files, each with its text without line continuations and tests.
    fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        let entries = fs::read_dir(folder).expect("readable");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                sources(&path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = text.lines().filter(|line| !line.trim().starts_with("//"));
                let lines = lines.map(|line| match line.strip_suffix('\\') {
                    Some(line) => line.to_owned(),
                    None => format!("{line}\n"),
                });
                let words: Vec<String> = lines.collect();
                let words: Vec<&str> = words.iter().map(|it| it.trim_start_matches(' ')).collect();
                found.push((path, words.concat()));
            }
        }
    }

    /// A hint of any error, and every other message: its commands are understood with the flags that
    /// are put in, and no command goes without them.
    #[test]
    fn every_command_in_a_message_is_complete() {
        let global =
            Arguments::read(["", "--config=a b", "--host-root=/h", "check"].map(OsString::from));
        let named = Named::of(&global.expect("a command line").global);
        let flags = "--host-root /h --config 'a b' ";
        let mut files = Vec::new();
        sources(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
            &mut files,
        );
        let mut seen = 0;
        for (path, text) in files {
            let folder = path.parent().unwrap_or(Path::new(""));
            if path.ends_with("arguments/help.rs")
                || path.ends_with("cli/named.rs")
                || folder.ends_with("cli/tests")
            {
                continue;
            }
            for (at, _) in text.match_indices("containerd-edit ") {
                let rest = &text[at..];
                let verb: String = rest["containerd-edit ".len()..]
                    .chars()
                    .take_while(char::is_ascii_alphabetic)
                    .collect();
                let is_verb = [
                    "add", "apply", "check", "edit", "list", "log", "remove", "restart", "restore",
                    "set", "show", "status", "undo",
                ]
                .contains(&verb.as_str());
                if !is_verb {
                    continue;
                }
                let place = format!(
                    "{}: {}",
                    path.display(),
                    rest.lines().next().unwrap_or_default()
                );
                assert!(
                    path.ends_with("error/next_step.rs"),
                    "next steps stand in one place: {place}"
                );
                assert!(
                    text[..at].ends_with('`'),
                    "a command stands in backticks: {place}"
                );
                let command = rest.split('`').next().unwrap_or_default();
                let completed = named.in_commands(&format!("`{command}`"));
                assert!(completed.contains(flags), "{place}: {completed}");
                let mut typed = vec![OsString::from("containerd-edit"), "--config=a".into()];
                let words = command.split(' ').skip(1);
                // What is put in at run time is a name or nothing.
                let words = words.map(|it| {
                    it.replace("{settings}", "")
                        .replace("{plugin_id}", "")
                        .replace(['{', '}'], "")
                        .replace("NAME", "name")
                });
                typed.extend(words.map(OsString::from));
                let read = Arguments::read(typed);
                let is_help = command.ends_with("--help");
                assert!(is_help || read.is_ok(), "{place}: {:?}", read.err());
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn messages_and_hints_of_a_report_are_completed_at_any_depth() {
        let named = Named("--config c ".to_owned());
        let command = "see `containerd-edit check`";
        let mut report = serde_json::json!({"warnings": [{"message": command}], "diff": command});
        named.in_messages(&mut report);
        let completed = "see `containerd-edit --config c check`";
        assert_eq!(report["warnings"][0]["message"], completed);
        assert_eq!(report["diff"], command);
    }
}
