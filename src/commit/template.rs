//! Templates of k3s and RKE2: a part that stands below the distribution's own, or a whole config.

use crate::error::Error;
use crate::ledger::owner_in;
use crate::node::template::{Masked, error, new_directive, parsed};
use crate::toml::Document;
use crate::toml::index::Kind;

/// The line of a template that was missing.
const BASE: &str = "{{ template \"base\" . }}\n";
const ABOVE: &str = "stands above k3s's own part, which has to come first";
const LOOSE: &str = "has no header above it, and would become part of k3s's last table";

/// A template as it was read.
#[derive(Debug)]
pub(crate) struct Template {
    /// The text; `None`: there is no template.
    pub(crate) text: Option<String>,
    masked: Masked,
    /// Where the lines end that are not edited: those above the part, its directive included.
    end: usize,
    /// The distribution's own part; `None`: the template is a whole config.
    pub(crate) own: Option<String>,
}

impl Template {
    /// Reads a template. `generated` is what the last start has made of it: it tells what the
    /// distribution's own part is.
    pub(crate) fn of(text: Option<&str>, generated: &str) -> Result<Self, Error> {
        let masked = Masked::of(text.unwrap_or(BASE))?;
        let rest = parsed(&masked.text)?;
        let mut template = Self {
            text: text.map(str::to_owned),
            end: 0,
            own: None,
            masked: Masked::of(text.unwrap_or(BASE))?,
        };
        if let Some((start, end)) = masked.base {
            placed(&rest, start, end)?;
            template.end = end;
            template.own = Some(own_part(generated, &masked.text[end..])?);
        }
        Ok(template)
    }

    /// What is edited; `None`: there is no template.
    pub(crate) fn part(&self) -> Option<&str> {
        self.text.as_ref().map(|_| &self.masked.text[self.end..])
    }

    /// What the distribution makes of the part.
    pub(crate) fn rendered(&self, part: &str) -> String {
        match &self.own {
            Some(own) => format!("{}\n{part}", own.trim_end()),
            None => part.to_owned(),
        }
    }

    /// The template with an edited part; `None`: there is nothing left that the tool has not created.
    /// `given_back` holds the directives that have stood there before.
    pub(crate) fn written(
        &self,
        part: Option<&str>,
        given_back: &str,
    ) -> Result<Option<String>, Error> {
        let above = &self.masked.text[..self.end];
        if part.is_none() && self.masked.restore(above).as_deref() == Some(BASE) {
            return Ok(None);
        }
        let edited = format!("{above}{}", part.unwrap_or_default());
        let restored = self.masked.restore(&edited);
        let restored = restored.ok_or_else(error::directive_inside)?;
        let known = self.text.as_deref().unwrap_or(BASE);
        match new_directive(&format!("{known}\n{given_back}"), &restored) {
            None => Ok(Some(restored)),
            Some(directive) => Err(error::new_directive(directive)),
        }
    }

    /// Refuses a part that declares again what the distribution declares.
    pub(crate) fn check(&self, part: &str) -> Result<(), Error> {
        let after = self.rendered(part);
        let before = self.rendered(self.part().unwrap_or_default());
        match (
            Document::parse(before.as_bytes()),
            Document::parse(after.as_bytes()),
        ) {
            (Ok(_), Err(error)) => Err(error::redeclares(error.at.text.trim())),
            _ => Ok(()),
        }
    }
}

/// The part of the text of a template that is edited, whatever stands above it.
pub(crate) fn part_of(text: &str) -> Result<String, Error> {
    let masked = Masked::of(text)?;
    let end = masked.base.map_or(0, |(_, end)| end);
    Ok(masked.text[end..].to_owned())
}

/// Refuses lines that would end up in another table than the template shows.
fn placed(rest: &Document, start: usize, end: usize) -> Result<(), Error> {
    for statement in &rest.index.statements {
        let what = if statement.span.start < start {
            ABOVE
        } else if statement.span.start >= end
            && statement.kind == Kind::Pair
            && statement.header.is_none()
        {
            LOOSE
        } else {
            continue;
        };
        let at = rest.position(statement.span.start);
        return Err(error::misplaced(what, at));
    }
    Ok(())
}

/// Returns the generated config without what came from the template. `added` is what the template
/// has below the distribution's own part now; it may have changed since it was rendered.
///
/// No table can be declared twice. So one that the template declares, and the generated config too,
/// is the template's; what this tool has written is known by the comment above it.
fn own_part(generated: &str, added: &str) -> Result<String, Error> {
    let (config, added) = (parsed(generated)?, parsed(added)?);
    let index = &config.index;
    let headers = || (0..index.statements.len()).filter(|&it| is_header(&config, it));
    let starts: Vec<usize> = headers().map(|header| start(&config, header)).collect();
    let ends = starts.iter().skip(1).copied().chain([generated.len()]);
    let mut own = generated[..starts.first().copied().unwrap_or(generated.len())].to_owned();
    let mut ours: Option<Vec<&str>> = None;
    for ((header, &start), end) in headers().zip(&starts).zip(ends) {
        let path: Vec<&str> = index.path(header).collect();
        if comment_above(&config, header).is_some() {
            ours = Some(path);
            continue;
        }
        // The tables of a block stand directly below its first one.
        ours = ours.filter(|ours| index.is_below(header, ours));
        if ours.is_none() && !declares(&added, &path) {
            own.push_str(&generated[start..end]);
        }
    }
    Ok(own)
}

fn is_header(config: &Document, statement: usize) -> bool {
    config.index.statements[statement].kind != Kind::Pair
}

/// Where this tool's comment right above a header begins.
fn comment_above(config: &Document, header: usize) -> Option<usize> {
    let above = &config.text()[..config.statement_lines(header).start];
    let line = above
        .trim_end_matches('\n')
        .rfind('\n')
        .map_or(0, |it| it + 1);
    owner_in(&above[line..]).map(|_| line)
}

/// Where a header's lines begin, this tool's comment above it included.
fn start(config: &Document, header: usize) -> usize {
    let comment = comment_above(config, header);
    comment.unwrap_or_else(|| config.statement_lines(header).start)
}

fn declares(config: &Document, path: &[&str]) -> bool {
    let mut statements = 0..config.index.statements.len();
    statements.any(|it| is_header(config, it) && config.index.is_at(it, path))
}
