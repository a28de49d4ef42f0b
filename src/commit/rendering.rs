//! What a distribution makes of the config's text.

use std::borrow::Cow;
use std::path::Path;

use crate::commit::editor::Editor;
use crate::config::files::text_of;
use crate::error::Error;
use crate::node::{Kind, template};
use crate::toml::{Literal, Source};
use crate::want::key::KeyValue;

impl Editor {
    /// The text of the config as containerd gets it.
    pub(crate) fn filled_in(&self, source: Source) -> Source {
        match &self.layout {
            Some(layout) => layout.filled_in(source),
            None => source,
        }
    }

    /// The keys with their values as containerd gets them.
    pub(crate) fn keys_filled_in(&self, keys: &[KeyValue]) -> Result<Vec<KeyValue>, Error> {
        let filled_in = |it: &KeyValue| {
            let value = self.filled_in(it.value.text().into());
            let value = text_of(&self.path, value.bytes())?;
            Ok(KeyValue {
                key: it.key.clone(),
                value: Literal::new(value),
            })
        };
        keys.iter().map(filled_in).collect()
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
