//! One patch being applied to one config: what is asked for becomes splices and expectations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml_edit::Value;

use crate::containerd::{BUILT_IN, plugin};
use crate::toml::meaning::{self, Expectation};
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, Pair, Revision, place, type_name};
use crate::want::handler::{Owner, RUNC_TYPE, Setting};

use super::edited::{Edited, Handlers, Keys};
use super::error;
use super::provenance::{self, Implied, Marker, Provenance};
use crate::error::{Error, Warning};
use crate::want::patch::Patch;

/// How a value gets along with one that another owner has set over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precedence {
    /// It stays below.
    Keeps,
    /// It comes out on top.
    Wins,
}

/// The keys whose layers have changed: who has one, and so has a part in the header that the tool has
/// written for the key; `None`: nobody, the key goes.
pub(super) type RelaidKeys = BTreeMap<usize, Option<Vec<String>>>;

/// A handler that is to be written.
pub(super) struct NewHandler {
    pub(super) name: String,
    pub(super) settings: Vec<Setting>,
    pub(super) provenance: Provenance,
}

impl NewHandler {
    /// The least that containerd 1.x takes for its built-in default handler.
    pub(super) fn implied_runc(implied: Implied) -> Self {
        Self {
            name: BUILT_IN.to_owned(),
            settings: vec![Setting::new(&["runtime_type"], RUNC_TYPE)],
            provenance: Provenance::Implied(implied),
        }
    }
}

/// The state of applying a patch.
pub(super) struct Edit<'d, 't> {
    pub(super) config: &'d Document<'t>,
    /// The config that containerd merges this one into, if it is only a part.
    pub(super) base: Option<&'d Document<'d>>,
    pub(super) version: i64,
    pub(super) owner: &'d Owner,
    pub(super) precedence: Precedence,
    pub(super) takes_over: bool,
    /// Whether all that the patch does shall be known to be its owner's.
    pub(super) declares: bool,
    pub(super) revision: Revision<'d, 't>,
    pub(super) relaid_keys: RelaidKeys,
    pub(super) expected: Vec<Expectation>,
    pub(super) handlers: Handlers,
    pub(super) keys: Keys,
    /// The default handler that the edit puts into effect.
    pub(super) new_default: Option<String>,
    pub(super) warnings: Vec<Warning>,
    pub(super) takes_back: bool,
    pub(super) gives_back: BTreeSet<String>,
}

impl<'d, 't> Edit<'d, 't> {
    pub(super) fn new(config: &'d Document<'t>, version: i64, patch: &'d Patch) -> Self {
        let wins = !patch.declares || patch.take_over;
        Self {
            config,
            base: None,
            version,
            owner: &patch.owner,
            precedence: if wins {
                Precedence::Wins
            } else {
                Precedence::Keeps
            },
            takes_over: patch.take_over,
            declares: patch.declares,
            revision: Revision::of(config, provenance::is_provenance),
            relaid_keys: RelaidKeys::new(),
            expected: Vec::new(),
            handlers: Handlers::default(),
            keys: Keys::default(),
            new_default: None,
            warnings: Vec::new(),
            takes_back: false,
            gives_back: BTreeSet::new(),
        }
    }

    /// Notes what the result shall hold at `path`.
    pub(super) fn expect(&mut self, path: &[&str], value: Option<Value>) {
        self.expected.push(Expectation {
            path: path.iter().map(|&name| name.to_owned()).collect(),
            value,
        });
    }

    pub(super) fn warn(&mut self, code: &'static str, message: String, offset: usize) {
        self.warnings.push(Warning {
            code,
            message,
            at: Some(self.config.position(offset)),
        });
    }

    pub(super) fn obstacle(
        &self,
        path: &[&str],
        found: &'static str,
        wanted: &'static str,
    ) -> Error {
        error::obstacle(
            &render::dotted(path, Quotes::Basic),
            found,
            wanted,
            self.config.position(self.config.offset(path)),
        )
    }

    /// Ensures that everything on `path` that exists is a table.
    pub(super) fn check_tables(&self, path: &[&str]) -> Result<(), Error> {
        match self.config.obstacle(path) {
            Some((depth, item)) => Err(self.obstacle(&path[..depth], type_name(item), "a table")),
            None => Ok(()),
        }
    }

    /// Writes new handlers.
    pub(super) fn insert(&mut self, id: &str, handlers: &[NewHandler]) -> Result<(), Error> {
        let quotes = self.config.quotes();
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        for handler in handlers {
            let table = [plugins, id, containerd, runtimes, &handler.name];
            let mut pairs = Vec::new();
            for setting in &handler.settings {
                let below = setting.path().iter().map(String::as_str);
                let path: Vec<&str> = table.into_iter().chain(below).collect();
                self.expect(&path, Some(setting.value().clone()));
                let value = render::value(setting.value(), quotes);
                pairs.push(Pair::new(setting.path(), value));
            }
            let comment = handler.provenance.comment();
            self.revision.insert_table(&table, pairs, Some(&comment))?;
            let Some(inline) = place::inline_table(self.config, &table[..4]) else {
                continue;
            };
            let inline = &self.config.index.inline_tables[inline];
            match handler.provenance {
                Provenance::Implied(implied) => {
                    self.add_marker(inline.statement, &Marker::Implied(implied));
                }
                Provenance::Owner(_) if self.declares => {
                    let name = &handler.name;
                    let message = format!(
                        "{name} stands in an inline table, where no comment can say whose it is: \
                         it can be removed by name only"
                    );
                    self.warn("no-owner", message, inline.span.start);
                }
                Provenance::Owner(_) => {}
            }
        }
        Ok(())
    }

    /// Puts a marker behind the value of a statement, before older ones.
    pub(super) fn add_marker(&mut self, statement: usize, marker: &Marker<'_>) {
        let end = self.config.index.statements[statement].span.end;
        self.revision.replace_comment(end..end, marker.text());
    }

    /// Puts another provenance into the line that holds one.
    pub(super) fn replace_provenance(&mut self, line: &Range<usize>, provenance: &Provenance) {
        let text = &self.config.text()[line.clone()];
        let start = line.start + (text.len() - text.trim_start().len());
        let end = line.start + text.trim_end().len();
        self.revision
            .replace_comment(start..end, provenance.comment());
    }

    /// Makes all changes, and checks that the result means what was asked for and nothing else.
    pub(super) fn finish(mut self) -> Result<Edited, Error> {
        self.settle_headers();
        let means_otherwise = !self.expected.is_empty();
        let edited = |text: String| Edited {
            text: Some(text),
            version: self.version,
            handlers: self.handlers,
            keys: self.keys,
            means_otherwise,
            new_default: self.new_default,
            warnings: self.warnings,
            takes_back: self.takes_back,
            gives_back: self.gives_back,
        };
        if self.revision.is_empty() {
            return Ok(edited(self.config.text().to_owned()));
        }
        let text = self.revision.finish()?;
        let result = error::parsed(&text)?;
        let (before, after) = (self.config.toml.as_item(), result.toml.as_item());
        if let Some(key) = meaning::surprise(before, after, &self.expected) {
            return Err(error::surprise(&key));
        }
        Ok(edited(text))
    }
}
