//! The handlers that a config lists, in file order.

use std::collections::HashSet;
use std::ops::Range;

use crate::containerd::{BUILT_IN, plugin};
use crate::toml::index::Kind;
use crate::toml::{Document, rest_after};

use super::provenance::{Implied, Marker, Provenance};

/// A handler as a config lists it.
#[derive(Debug)]
pub(crate) struct Listed<'d> {
    pub(crate) name: &'d str,
    /// Where it first stands.
    pub(crate) offset: usize,
    pub(crate) provenance: Option<Provenance>,
    /// The provenance line, or the text of the marker of an inline handler.
    pub(crate) provenance_span: Option<Range<usize>>,
    pub(crate) is_inline: bool,
}

impl Listed<'_> {
    pub(crate) fn is_implied(&self) -> bool {
        matches!(self.provenance, Some(Provenance::Implied(_)))
    }

    pub(crate) fn owner(&self) -> Option<&str> {
        match &self.provenance {
            Some(Provenance::Owner(owner)) => Some(owner),
            _ => None,
        }
    }

    /// Whether containerd 1.x needs `implied` for the sake of this handler.
    pub(crate) fn needs(&self, implied: &Self) -> bool {
        match (&implied.provenance, &self.provenance) {
            (Some(Provenance::Implied(Implied::ForOurs)), Some(Provenance::Owner(_))) => true,
            // Inside an inline table nothing says who wrote it; the tool appends.
            (Some(Provenance::Implied(Implied::ForOurs)), _) => {
                self.is_inline && self.offset > implied.offset
            }
            _ => true,
        }
    }
}

/// Returns the handlers below the plugin table `id`, in file order.
pub(crate) fn of<'d>(config: &'d Document<'_>, id: &str) -> Vec<Listed<'d>> {
    let runtimes = plugin::runtimes_path(id);
    let depth = runtimes.len();
    let index = &config.index;
    let mut seen = HashSet::new();
    let mut listed = Vec::new();
    for number in 0..index.statements.len() {
        let Some(name) = index.path(number).nth(depth) else {
            continue;
        };
        if !index.is_below(number, &runtimes) || !seen.insert(name) {
            continue;
        }
        let statement = &index.statements[number];
        let (span, provenance) = match Provenance::above(config, number) {
            Some((span, provenance)) if statement.kind == Kind::Header => {
                (Some(span), Some(provenance))
            }
            _ => (None, None),
        };
        listed.push(Listed {
            name,
            offset: statement.span.start,
            provenance,
            provenance_span: span,
            is_inline: false,
        });
    }
    for table in &index.inline_tables {
        let Some(rest) = rest_after(&runtimes, &table.path) else {
            continue;
        };
        for entry in table.entries.iter().filter(|entry| entry.is_below(rest)) {
            let Some(name) = entry.keys.get(rest.len()).map(|key| key.name.as_ref()) else {
                continue;
            };
            if !seen.insert(name) {
                continue;
            }
            let implied = implied_marker(config, table.statement, name);
            listed.push(Listed {
                name,
                offset: entry.span.start,
                provenance: implied
                    .as_ref()
                    .map(|(_, implied)| Provenance::Implied(*implied)),
                provenance_span: implied.map(|(span, _)| span),
                is_inline: true,
            });
        }
    }
    listed
}

/// The marker that says that the `runc` inside an inline table is an implied one.
fn implied_marker(
    config: &Document<'_>,
    statement: usize,
    name: &str,
) -> Option<(Range<usize>, Implied)> {
    if name != BUILT_IN {
        return None;
    }
    Marker::behind(config, statement)
        .into_iter()
        .find_map(|(span, marker)| match marker {
            Marker::Implied(implied) => Some((span, implied)),
            Marker::Was { .. } => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(String, Option<Provenance>, bool)> {
        let config = Document::parse(text.as_bytes()).expect("test input is TOML");
        of(&config, "cri")
            .into_iter()
            .map(|handler| {
                (
                    handler.name.to_owned(),
                    handler.provenance,
                    handler.is_inline,
                )
            })
            .collect()
    }

    #[test]
    fn handlers_are_found_in_every_spelling_and_once() {
        let text = "plugins.cri.containerd.runtimes.a.x = 1\n\
                    plugins.cri.containerd.runtimes.a.y = 1\n\
                    plugins.cri.containerd.runtimes.b = {}\n\
                    [[plugins.cri.containerd.runtimes.c]]\n\
                    # containerd-edit v1 owner=x\n\
                    [plugins.cri.containerd.runtimes.'d e']\n\
                    [plugins.other.containerd.runtimes.f]\n";
        let owner = Some(Provenance::Owner("x".to_owned()));
        let names = ["a", "b", "c", "d e"].map(|name| {
            let owner = owner.clone().filter(|_| name == "d e");
            (name.to_owned(), owner, false)
        });
        assert_eq!(listed(text), names);
    }

    #[test]
    fn an_inline_runc_can_be_an_implied_one() {
        let text = "plugins = { cri = { containerd.runtimes = { a = {}, runc = {} } } } \
                    # containerd-edit v1 implied\n";
        let implied = Some(Provenance::Implied(Implied::ForAll));
        assert_eq!(
            listed(text),
            [
                ("a".to_owned(), None, true),
                ("runc".to_owned(), implied, true)
            ]
        );
    }

    #[test]
    fn provenance_counts_above_a_header_alone() {
        let text = "# containerd-edit v1 owner=x\nplugins.cri.containerd.runtimes.a.x = 1\n";
        assert_eq!(listed(text), [("a".to_owned(), None, false)]);
    }
}
