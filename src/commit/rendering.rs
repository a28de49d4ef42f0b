//! What a distribution makes of the config's text.

use std::borrow::Cow;
use std::path::Path;

use crate::commit::editor::Editor;
use crate::node::{Kind, template};
use crate::toml::Source;

impl Editor {
    /// The text of the config as containerd gets it.
    pub(crate) fn filled_in(&self, source: Source) -> Source {
        match &self.layout {
            Some(layout) => layout.filled_in(source),
            None => source,
        }
    }

    /// The config that the last start made of a template, if it is a template that is edited.
    pub(crate) fn generated(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::Template { generated, .. } => Some(generated),
            _ => None,
        }
    }

    /// A text of the config as a TOML parser can read it. `None`: it is a template whose directives
    /// decide over other lines.
    pub(crate) fn as_toml<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        match self.generated() {
            Some(_) => template::as_toml(text).map(Cow::Owned),
            None => Some(Cow::Borrowed(text)),
        }
    }
}
