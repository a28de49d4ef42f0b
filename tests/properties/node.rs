//! A config and its ledger, from one edit to the next.

use containerd_edit::report::Handlers;
use containerd_edit::{Change, Code, Config, Error, Ledger, Report, edit};

use crate::meaning;

const PATH: &str = "/etc/containerd/config.toml";

#[derive(Debug, Clone)]
pub(crate) struct Node {
    config: Config,
    ledger: Ledger,
    /// Whether comments of the tool are there and no ledger. Whose what is then is a guess, which later
    /// runs may correct: the lives of lost ledgers are in `tests/ledger`.
    pub(crate) is_lost: bool,
}

impl Node {
    /// `None`: the text is no config.
    pub(crate) fn new(text: Option<&str>) -> Option<Self> {
        Some(Self {
            config: Config::new(PATH, text).ok()?,
            ledger: Ledger::default(),
            is_lost: text.is_some_and(meaning::is_signed),
        })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.config.text(PATH.as_ref())
    }

    fn shown(&self) -> (Option<&str>, String) {
        (self.text(), self.ledger.to_json())
    }

    pub(crate) fn edit(&mut self, change: &Change) -> Result<Report, Error> {
        let edited = edit(&self.config, &self.ledger, change)?;
        self.config = edited.config;
        self.ledger = edited.ledger;
        Ok(edited.report)
    }

    /// Makes an edit, which changes nothing a second time. `None`: it was refused for what the file
    /// looks like.
    pub(crate) fn tried(&mut self, change: &Change) -> Result<Option<Report>, String> {
        let fails = |what: &str, more: &dyn std::fmt::Debug| {
            Err(format!(
                "{what}: {change:?}\nconfig: {:?}\n{more:#?}",
                self.text()
            ))
        };
        let mut once = self.clone();
        let report = match once.edit(change) {
            Ok(report) => report,
            Err(error) if error.code() == Code::Defect => return fails("it goes wrong", &error),
            Err(_) => return Ok(None),
        };
        if self.is_lost {
            *self = once;
            return Ok(Some(report));
        }
        let mut twice = once.clone();
        match twice.edit(change) {
            Ok(again) if again.handlers != Handlers::default() => {
                return fails("the second time tells of a change", &again);
            }
            Ok(_) if twice.text() == once.text() && twice.ledger == once.ledger => {}
            Ok(_) => {
                return fails("twice is not once", &(once.shown(), twice.shown()));
            }
            // By then the handler may be one that no owner has declared.
            Err(error) if error.code() == Code::ForeignHandler => {}
            Err(error) => return fails("refused the second time", &(once.text(), error)),
        }
        *self = once;
        Ok(Some(report))
    }
}
