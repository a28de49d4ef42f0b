//! Templates of k3s and RKE2: a part that stands below the distribution's own, or a whole config.

use super::mask::{Masked, OPEN, directive, inline, new_directive};
use crate::error::{Code, Error};
use crate::toml::Document;
use crate::toml::index::Kind;
use crate::want::comment::owner_in;
use crate::want::handler::BUILT_IN;

/// The line of a template that was missing.
const BASE: &str = "{{ template \"base\" . }}\n";

/// The handlers that k3s and RKE2 declare by themselves at every start, if they find the program
/// (`pkg/agent/containerd/runtimes.go` of k3s).
const DECLARES: [&str; 10] = [
    "crun",
    "lunatic",
    "nvidia",
    "nvidia-experimental",
    "slight",
    "spin",
    "wasmedge",
    "wasmer",
    "wasmtime",
    "wws",
];

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
    /// What the distribution calls itself.
    title: &'static str,
}

impl Template {
    /// Reads a template of the distribution with this title. `generated` is what the last start has
    /// made of it: it tells what the distribution's own part is.
    pub(crate) fn of(
        text: Option<&str>,
        generated: &str,
        title: &'static str,
    ) -> Result<Self, Error> {
        let mut masked = Masked::of(text.unwrap_or(BASE))?;
        let rest = parsed(&masked.text);
        let rest = rest.map_err(|error| masked.refused.take().unwrap_or(error))?;
        let (end, own) = match masked.base {
            None => (0, None),
            Some((start, end)) => {
                masked.refused = masked.refused.or(placed(&rest, start, end).err());
                (end, Some(own_part(generated, &masked.text[end..])?))
            }
        };
        Ok(Self {
            text: text.map(str::to_owned),
            masked,
            end,
            own,
            title,
        })
    }

    /// What is edited; `None`: there is no template.
    pub(crate) fn part(&self) -> Option<&str> {
        self.text.as_ref().map(|_| &self.masked.text[self.end..])
    }

    /// How many lines stand above the part.
    pub(crate) fn lines_above(&self) -> usize {
        self.masked.text[..self.end].lines().count()
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
        let restored = restored.ok_or_else(|| {
            directive(
                "a directive stands inside a block of this tool, which is to be taken out",
                "move the directive out of the block",
            )
        })?;
        let known = self.text.as_deref().unwrap_or(BASE);
        let Some(new) = new_directive(&format!("{known}\n{given_back}"), &restored) else {
            return Ok(Some(restored));
        };
        let message = format!(
            "{} would take what this writes into its template for a directive, and carry it out: \
             {new}",
            self.title
        );
        let hint = "leave `{{` out of it, or write the line into the template by hand if a directive \
                    is meant; newer releases have a folder for drop-ins beside the \
                    template, where it is plain text";
        Err(directive(message, hint))
    }

    /// Refuses to add anything below directives that decide over it, and handlers that the
    /// distribution declares by itself, of which `added` are new.
    pub(crate) fn check_added(&mut self, added: &[String]) -> Result<(), Error> {
        if let Some(refused) = self.masked.refused.take() {
            return Err(refused);
        }
        let declared = added.iter().find(|name| DECLARES.contains(&name.as_str()));
        let Some(name) = declared.filter(|_| self.own.is_some()) else {
            return Ok(());
        };
        let title = self.title;
        let message = format!(
            "{title} lists {name} by itself as soon as it finds its program, and does not start if \
             the template lists it, too"
        );
        let hint = format!(
            "install the program of {name} and restart {title}, or take another name for the \
             handler; newer releases of {title} have a folder for drop-ins, which may list it"
        );
        Err(Error::new(Code::Redeclares, message, hint))
    }

    /// Whether what is rendered is known to the letter: the distribution has nothing to fill in.
    pub(crate) fn is_literal(&self) -> bool {
        let text = self.text.as_deref().unwrap_or(BASE);
        self.masked.refused.is_none() && !text[self.end..].contains(OPEN)
    }

    /// Parses what was rendered.
    ///
    /// # Errors
    ///
    /// [`Code::Redeclares`] if the template declares again what the distribution declares.
    pub(crate) fn document(&self, rendered: &str) -> Result<Document, Error> {
        Document::parse(rendered.as_bytes()).map_err(|error| {
            let (line, title) = (error.at.text.trim(), self.title);
            let message = format!(
                "{title}'s own part has this already, and a template can't say it again: {line}"
            );
            let hint = format!(
                "leave it out; for the default handler there is {title}'s own flag \
                 --default-runtime, and newer releases have a folder for drop-ins"
            );
            Error::new(Code::Redeclares, message, hint)
        })
    }

    /// Refuses a part that declares again what the distribution declares.
    pub(crate) fn check(&self, part: &str) -> Result<(), Error> {
        let before = self.rendered(self.part().unwrap_or_default());
        let after = self.document(&self.rendered(part));
        match after {
            Err(error) if Document::parse(before.as_bytes()).is_ok() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Parses what is left of a template without its directives.
fn parsed(text: &str) -> Result<Document, Error> {
    Document::parse(text.as_bytes()).map_err(|source| {
        // A directive in the middle of the line is to blame.
        if source.at.text.contains(OPEN) {
            inline(source.at)
        } else {
            Error::from(source).with_hint("fix this line")
        }
    })
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
        let at = statement.span.start;
        let is_loose = statement.kind == Kind::Pair && statement.header.is_none();
        let what = match at {
            _ if at < start => "stands above the distribution's own part, which has to come first",
            _ if at >= end && is_loose => {
                "has no header above it, and would become part of the distribution's last table"
            }
            _ => continue,
        };
        let hint =
            "begin the template with `{{ template \"base\" . }}`, and put keys below a [header]";
        let error = directive(format!("this line {what}"), hint);
        return Err(error.position_at(rest.position(at)));
    }
    Ok(())
}

/// Returns the generated config without what came from the template. `added` is what the template
/// has below the distribution's own part now; it may have changed since it was rendered.
///
/// No table can be declared twice. So one that the template declares, and the generated config too,
/// is the template's, unless it stands above the end of `runc`, which the distribution always declares;
/// what this tool has written is known by the comment above it.
fn own_part(generated: &str, added: &str) -> Result<String, Error> {
    let (config, added) = (parsed(generated)?, parsed(added)?);
    let end = end_of_runc(&config);
    let mut own = String::new();
    let mut ours: Option<Vec<&str>> = None;
    let (mut begin, mut is_own) = (0, true);
    for header in headers(&config) {
        let comment = config.own_comment(header, |line| owner_in(line).is_some());
        let lines = config.statement_lines(header);
        let start = comment.as_ref().map_or(lines.start, |it| it.start);
        if is_own {
            own.push_str(&generated[begin..start]);
        }
        let path: Vec<&str> = config.index.path(header).collect();
        let declares = header >= end && headers(&added).any(|it| added.index.is_at(it, &path));
        // The tables of a block stand directly below its first one.
        ours = match comment {
            Some(_) => Some(path),
            None => ours.filter(|ours| config.index.is_below(header, ours)),
        };
        begin = start;
        is_own = ours.is_none() && !declares;
    }
    if is_own {
        own.push_str(&generated[begin..]);
    }
    Ok(own)
}

/// The number behind the last header of `runc`; 0 if it has none.
fn end_of_runc(config: &Document) -> usize {
    let is_runc = |header: &usize| {
        let mut path = config.index.path(*header).skip(2);
        path.by_ref()
            .take(3)
            .eq(["containerd", "runtimes", BUILT_IN])
    };
    let behind = headers(config).skip_while(|header| !is_runc(header));
    behind.take_while(is_runc).last().map_or(0, |last| last + 1)
}

fn headers(config: &Document) -> impl Iterator<Item = usize> {
    let statements = config.index.statements.iter().enumerate();
    let headers = statements.filter(|(_, statement)| statement.kind != Kind::Pair);
    headers.map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "[plugins.'io.containerd.cri.v1.runtime'.containerd";

    #[test]
    fn what_stands_up_to_runc_is_the_distributions_own() {
        let own =
            format!("{TABLE}]\nx = 1\n{TABLE}.runtimes.runc]\n{TABLE}.runtimes.runc.options]\n");
        let added = format!("{TABLE}.runtimes.mine]\n");
        let generated = format!("{own}{added}");
        for (part, redeclares) in [
            (added.clone(), false),
            (format!("{added}{TABLE}]\nx = 2\n"), true),
            (format!("{TABLE}.runtimes.runc.options]\n"), true),
        ] {
            let text = format!("{BASE}{part}");
            let template = Template::of(Some(&text), &generated, "k3s").expect("a template");
            let rendered = template.rendered(&part);
            assert_eq!(
                template.document(&rendered).is_err(),
                redeclares,
                "{rendered}"
            );
            assert!(template.is_literal());
        }
        let text = format!("{BASE}[a]\nb = '{{{{ .C }}}}'\n");
        let template = Template::of(Some(&text), &generated, "k3s").expect("a template");
        assert!(!template.is_literal());
    }
}
