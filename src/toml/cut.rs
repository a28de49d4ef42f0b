//! The text of what is removed, so that the same bytes can come back to the same place.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::document::Document;
use super::elements::List;
use super::index::Kind;
use super::literal::Literal;
use super::splice::Splices;
use super::tree::Tree;
use super::{Path, lines, render};

/// Text that was removed, and what was left around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cut {
    Lines(Lines),
    List(CutList),
}

/// The lines of a key, each text without its last line break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines {
    text: String,
    /// The lines above that may be there, the nearest first: those that were removed before, and the one
    /// that was left. `None`: the text begins there.
    above: Vec<Option<String>>,
    /// The lines below, likewise.
    below: Vec<Option<String>>,
}

/// An array or an inline table from bracket to bracket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CutList {
    pub(crate) text: String,
    /// What it was changed to.
    pub(crate) left: String,
}

/// Lines that were removed, and the path of their key.
#[derive(Debug, Clone)]
pub(crate) struct KnownLines<'c> {
    pub(crate) path: Path,
    pub(crate) lines: &'c Lines,
}

impl Lines {
    /// The lines of the key at `path`, if it has lines of its own. `known`: others that were removed
    /// from the document before. One of them may have stood right above or below.
    pub(crate) fn of(
        document: &Document,
        path: &[String],
        known: &[KnownLines<'_>],
    ) -> Option<Self> {
        let mut statements = document.index.below(path);
        let statement = statements.next()?;
        let is_pair = document.index.statements[statement].kind == Kind::Pair;
        if !is_pair || !document.index.is_at(statement, path) || statements.next().is_some() {
            return None;
        }
        let range = document.statement_lines(statement);
        let at = |offset: usize| {
            let here = known.iter();
            let here = here.filter(|it| it.lines.offset(document, &it.path) == Some(offset));
            ordered(here.map(|it| it.lines.clone()).collect())
        };
        let text = document.text();
        let line = |line: Option<&str>| line.map(str::to_owned);
        let (before, behind) = (at(range.start), at(range.end));
        let before = before.iter().rev().map(|it| line(Some(it.last())));
        let behind = behind.iter().map(|it| line(Some(it.first())));
        Some(Self {
            above: before
                .chain([line(line_above(text, range.start))])
                .collect(),
            below: behind.chain([line(line_at(text, range.end))]).collect(),
            text: without_break(&text[range]).to_owned(),
        })
    }

    /// The same lines with another value.
    pub(crate) fn with_value(mut self, value: &Literal) -> Self {
        if let Ok(document) = Document::parse(self.text.as_bytes()) {
            let key: Vec<&str> = document.index.path(0).collect();
            let span = document.value(&key);
            let differs = |span: &Range<usize>| Literal::new(&self.text[span.clone()]) != *value;
            if let Some(span) = span.filter(differs) {
                self.text.replace_range(span, value.text());
            }
        }
        self
    }

    /// Takes notice that lines around these have been removed as well: what was around those is near.
    pub(crate) fn learn(&mut self, removed: &Self) {
        if is_among(&self.above, removed.last()) {
            learn(&mut self.above, &removed.above);
        }
        if is_among(&self.below, removed.first()) {
            learn(&mut self.below, &removed.below);
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn first(&self) -> &str {
        line_at(&self.text, 0).unwrap_or_default()
    }

    fn last(&self) -> &str {
        line_above(&self.text, self.text.len()).unwrap_or_default()
    }

    /// Where in the document they belong, as the key at `path`: in its table, next to the lines that
    /// were around them.
    pub(super) fn offset(&self, document: &Document, path: &[String]) -> Option<usize> {
        let text = document.text();
        let own = Document::parse(self.text.as_bytes()).ok()?;
        let depth = path.len().checked_sub(own.index.path(0).count())?;
        if !own.index.is_at(0, &path[depth..]) {
            return None;
        }
        let statements = &document.index.statements;
        let header = match &path[..depth] {
            [] => None,
            table => Some(document.index.header(table)?),
        };
        let first = header.map_or(0, |header| header + 1);
        let start = header.map_or(lines::start(text, 0), |it| document.statement_lines(it).end);
        let below = &statements[first..];
        let pairs = below.iter().take_while(|it| it.kind == Kind::Pair).count();
        let end = match below.get(pairs) {
            Some(_) => document.statement_lines(first + pairs).start,
            None => text.len(),
        };
        let mut places = vec![start];
        let mut at = start;
        while at < end {
            let mut here = (first..first + pairs).map(|it| document.statement_lines(it));
            let statement = here.find(|lines| lines.start == at);
            at = statement.map_or(lines::end(text, at), |lines| lines.end);
            places.push(at);
        }
        let score = |place: usize| {
            likeness(&self.above, line_above(text, place))
                + likeness(&self.below, line_at(text, place))
        };
        let best = places.iter().map(|place| score(*place)).max()?;
        let mut best_places = places.into_iter().filter(|place| score(*place) == best);
        best_places.next().filter(|_| best > 0)
    }
}

fn is_among(lines: &[Option<String>], line: &str) -> bool {
    lines.iter().any(|it| it.as_deref() == Some(line))
}

fn learn(known: &mut Vec<Option<String>>, more: &[Option<String>]) {
    let new: Vec<Option<String>> = more
        .iter()
        .filter(|it| !known.contains(it))
        .cloned()
        .collect();
    known.extend(new);
}

/// How much the line next to a place tells of it.
fn likeness(known: &[Option<String>], found: Option<&str>) -> usize {
    match known.iter().position(|it| it.as_deref() == found) {
        None => 0,
        Some(_) if found.is_some_and(lines::is_blank) => 1,
        Some(nearness) => 2 * (known.len() - nearness),
    }
}

fn without_break(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// The line that begins at `offset`.
fn line_at(text: &str, offset: usize) -> Option<&str> {
    let line = &text[offset..lines::end(text, offset)];
    (!line.is_empty()).then(|| without_break(line))
}

/// The line that ends at `offset`.
fn line_above(text: &str, offset: usize) -> Option<&str> {
    let before = without_break(&text[..offset]);
    let start = lines::start(text, before.len());
    (start < offset).then(|| &before[start..])
}

/// Lines that belong to one place, in the order in which they stood.
pub(super) fn ordered(mut cuts: Vec<Lines>) -> Vec<Lines> {
    let mut ordered = Vec::new();
    while !cuts.is_empty() {
        let is_first = |it: &Lines| {
            let mut others = cuts.iter();
            others.all(|other| {
                !is_among(&it.above, other.last()) && !is_among(&other.below, it.first())
            })
        };
        let first = cuts.iter().position(is_first).unwrap_or(0);
        ordered.push(cuts.remove(first));
    }
    ordered
}

/// The array that `text` is, with these elements: those that it has stay as they are written, and the
/// others come last.
pub(super) fn with_elements(text: &str, elements: &[&Literal]) -> Option<String> {
    let text = format!("_ = {text}");
    let document = Document::parse(text.as_bytes()).ok()?;
    let array = document.get(&["_"])?.as_array()?;
    let spans = array.iter().filter_map(toml_edit::Value::span);
    let spans: Vec<Range<usize>> = spans.collect();
    let whole = document.value(&["_"])?;
    let mut list = List::of(&document, &whole, spans.iter().cloned());
    let mut missing = elements.to_vec();
    for (number, span) in spans.into_iter().enumerate() {
        let element = Literal::new(&text[span]);
        match missing.iter().position(|it| **it == element) {
            Some(found) => drop(missing.remove(found)),
            None => drop(list.gone.insert(number)),
        }
    }
    let added = missing.into_iter().map(|it| it.text().to_owned());
    list.added.extend(added);
    Some(list.changed())
}

/// The inline table that `text` is, with what `after` has at `path`: the entries that it has stay as
/// they are written, and the others come last. `None` if that would not say the same.
pub(crate) fn with_entries(text: &str, path: &[String], after: &Tree) -> Option<String> {
    let root = ["_".to_owned()];
    let document = Document::parse(format!("_ = {text}").as_bytes()).ok()?;
    let mut splices = Splices::default();
    for leaf in Tree::of(&document).leaves(&root) {
        let place: Path = path.iter().chain(&leaf[1..]).cloned().collect();
        if let Some((span, value)) = document.value(&leaf).zip(after.value(&place)) {
            splices.replace(span, value.text());
        }
    }
    let document = Document::parse(splices.apply(document.text()).as_bytes()).ok()?;
    let table = document.index.inline_tables.first()?;
    let spans = table.entries.iter().map(|entry| entry.span.clone());
    let mut list = List::of(&document, &table.span, spans);
    for (number, entry) in table.entries.iter().enumerate() {
        let keys = entry.keys.iter().map(|key| key.name.clone());
        let place: Path = path.iter().cloned().chain(keys).collect();
        if after.get(&place).is_none() {
            list.gone.insert(number);
        }
    }
    let own = Tree::of(&document);
    for leaf in after.leaves(path) {
        let below = &leaf[path.len()..];
        if own.get(&[&root, below].concat()).is_none() {
            let key = render::dotted(below, document.key_quotes());
            list.added
                .push(format!("{key} = {}", after.value(&leaf)?.text()));
        }
    }
    let changed = list.changed();
    let document = Document::parse(format!("_ = {changed}").as_bytes()).ok()?;
    (Tree::of(&document).table(&root) == after.table(path)).then_some(changed)
}

/// The elements of an array by its text.
pub(crate) fn elements(text: &str) -> Vec<Literal> {
    let document = Document::parse(format!("_ = {text}").as_bytes());
    let tree = document.map(|document| Tree::of(&document));
    let path = ["_".to_owned()];
    tree.map_or_else(
        |_| Vec::new(),
        |tree| tree.elements(&path).cloned().collect(),
    )
}
