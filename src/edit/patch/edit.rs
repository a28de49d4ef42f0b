//! One patch being applied to one config: what is asked for becomes splices and expectations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml_edit::Value;

use crate::containerd::plugin;
use crate::toml::meaning::{self, Expectation};
use crate::toml::render::{self, Quotes};
use crate::toml::splice::Splices;
use crate::toml::{Document, type_name};
use crate::want::handler::{Owner, RUNC_TYPE, Setting};

use super::default::BUILT_IN;
use super::error;
use super::headers::RelaidKeys;
use super::laying::Precedence;
use super::place;
use super::provenance::{Implied, Marker, Provenance};
use super::style::{self, Style};
use super::{Edited, Handlers, Keys, block};
use crate::error::Error;
use crate::error::Warning;
use crate::want::patch::Patch;

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
    pub(super) splices: Splices,
    /// New entries of inline tables, by the offset of the table.
    pub(super) entries: BTreeMap<usize, Vec<String>>,
    /// Paths of inline entries to cut out.
    pub(super) cut_entries: Vec<Vec<String>>,
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
            splices: Splices::default(),
            entries: BTreeMap::new(),
            cut_entries: Vec::new(),
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

    /// Writes new handlers below the given blocks of lines.
    pub(super) fn insert(
        &mut self,
        id: &str,
        style: &Style,
        mut blocks: Vec<String>,
        handlers: &[NewHandler],
    ) -> Result<(), Error> {
        let runtimes = plugin::runtimes_path(id);
        let inline = place::inline_table(self.config, &runtimes);
        for handler in handlers {
            for setting in &handler.settings {
                let mut path: Vec<&str> = runtimes.to_vec();
                path.push(&handler.name);
                path.extend(setting.path().iter().map(String::as_str));
                self.expect(&path, Some(setting.value().clone()));
            }
            let Some(table) = inline else {
                blocks.push(block::lines(style, handler));
                continue;
            };
            let mut path = runtimes[table.path.len()..].to_vec();
            path.push(&handler.name);
            let key = render::dotted(&path, style.quotes);
            let value = block::inline(&handler.settings, style.quotes);
            self.add_entry(table, format!("{key} = {value}"))?;
            if self.declares && matches!(handler.provenance, Provenance::Owner(_)) {
                let name = &handler.name;
                let message = format!(
                    "{name} stands in an inline table, where no comment can say whose it is: it \
                     can be removed by name only"
                );
                self.warn("no-owner", message, table.span.start);
            }
            if let Provenance::Implied(implied) = handler.provenance {
                self.add_marker(table.statement, &Marker::Implied(implied));
            }
        }
        let offset = style::offset_for_blocks(self.config, &runtimes);
        self.add_blocks(offset, blocks, style.tight);
        Ok(())
    }

    /// Adds blocks of lines, with an empty line above each unless they shall stand tight.
    pub(super) fn add_blocks(&mut self, offset: usize, blocks: Vec<String>, tight: bool) {
        let mut at_start = self.splices.is_empty()
            && self.config.text[..offset]
                .trim_start_matches('\u{feff}')
                .is_empty();
        for block in blocks {
            let space = if tight || at_start { "" } else { "\n" };
            self.splices.add_lines(offset, format!("{space}{block}"));
            at_start = false;
        }
    }

    /// Puts another provenance into the line that holds one.
    pub(super) fn replace_provenance(&mut self, line: &Range<usize>, provenance: &Provenance) {
        let text = &self.config.text[line.clone()];
        let start = line.start + (text.len() - text.trim_start().len());
        let end = line.start + text.trim_end().len();
        self.splices.replace(start..end, provenance.comment());
    }

    /// Makes all changes, and checks that the result means what was asked for and nothing else.
    pub(super) fn finish(mut self) -> Result<Edited, Error> {
        self.settle_headers();
        let cut = std::mem::take(&mut self.cut_entries);
        let cut: Vec<Vec<&str>> = cut
            .iter()
            .map(|path| path.iter().map(String::as_str).collect())
            .collect();
        self.edit_inline_tables(&cut)?;
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
        if self.splices.is_empty() {
            return Ok(edited(self.config.text.to_owned()));
        }
        let text = self.splices.apply(self.config.text);
        let result = Document::parse(text.as_bytes()).map_err(|error| error::broken(&error))?;
        let (before, after) = (self.config.toml.as_item(), result.toml.as_item());
        if let Some(key) = meaning::surprise(before, after, &self.expected) {
            return Err(error::surprise(&key));
        }
        Ok(edited(text))
    }
}
