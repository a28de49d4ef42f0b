//! Why a template can't be edited.

use crate::edit::patch::PatchError;
use crate::error::Position;
use crate::toml::ParseError;

/// Why a template can't be edited. It is never changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A directive decides what becomes of other lines.
    #[error("the directive `{word}` decides what becomes of other lines, which only k3s knows")]
    Control {
        /// Its word.
        word: String,
        /// Where.
        at: Position,
    },
    /// A directive is part of a line that is no string.
    #[error("a directive is part of this line: what it becomes only k3s knows")]
    Inline {
        /// Where.
        at: Position,
    },
    /// The distribution's own part is brought in twice.
    #[error("this brings k3s's own part in for a second time")]
    TwoBases {
        /// Where the second time stands.
        at: Position,
    },
    /// What stands above the distribution's own part, or below it without a header.
    #[error("this line {what}")]
    Misplaced {
        /// What becomes of it.
        what: &'static str,
        /// Where.
        at: Position,
    },
    /// The template is no TOML, its directives left aside.
    #[error("{source}")]
    NotToml {
        /// What is wrong, and where.
        source: ParseError,
    },
    /// The patch can't be applied.
    #[error("{source}")]
    Patch {
        /// What stands in the way.
        #[from]
        source: PatchError,
    },
    /// The result would have a table or key that the distribution's own part has as well.
    #[error("k3s's own part has this already, and a template can't say it again: {line}")]
    Redeclares {
        /// The line that would come second.
        line: String,
    },
    /// What would be written into the template is a directive there.
    #[error(
        "k3s would take what this writes into its template for a directive, and carry it out: \
         {directive}"
    )]
    NewDirective {
        /// How it would read, braces included.
        directive: String,
    },
    /// A directive stands in what would be taken out.
    #[error("a directive stands inside a block of this tool, which is to be taken out")]
    DirectiveInside,
}

impl TemplateError {
    /// Where in the template.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Control { at, .. }
            | Self::Inline { at }
            | Self::TwoBases { at }
            | Self::Misplaced { at, .. } => Some(at),
            Self::NotToml { source } => Some(&source.at),
            Self::Patch { source } => source.position(),
            Self::Redeclares { .. } | Self::NewDirective { .. } | Self::DirectiveInside => None,
        }
    }

    /// One next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Control { .. } | Self::Inline { .. } => {
                "newer releases of k3s and RKE2 have a folder for drop-ins beside the template; \
                 or start from `{{ template \"base\" . }}` and keep only what differs"
            }
            Self::TwoBases { .. } => "remove one of them",
            Self::Misplaced { .. } => {
                "begin the template with `{{ template \"base\" . }}`, and put keys below a [header]"
            }
            Self::NotToml { .. } => "mend this line",
            Self::Patch { .. } => "see what stands in the way",
            Self::Redeclares { .. } => {
                "leave it out of the patch; for the default handler there is k3s's own flag \
                 --default-runtime, and newer releases have a folder for drop-ins"
            }
            Self::NewDirective { .. } => {
                "leave `{{` out of it, or write the line into the template by hand if a directive is \
                 meant; newer releases of k3s and RKE2 have a folder for drop-ins beside the \
                 template, where it is plain text"
            }
            Self::DirectiveInside => "move the directive out of the block",
        }
        .to_owned()
    }
}
