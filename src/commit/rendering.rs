//! What a distribution makes of the config's text.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::config::files::text_of;
use crate::disk::target::Target;
use crate::error::{Code, Error};
use crate::node::Layout;
use crate::node::template::{self, Template};
use crate::toml::{Document, Literal, Source};
use crate::want::key::KeyValue;

/// What containerd reads at its next start, where a distribution writes its config from a template.
pub(crate) enum NextStart {
    /// What the file says that it was started with last.
    AsLast,
    /// This, which the distribution makes of the template at this path.
    Rendered(PathBuf, String),
    /// What only the distribution knows: a directive decides over it.
    Unknown,
}

impl Editor {
    /// What containerd will be started with next.
    ///
    /// # Errors
    ///
    /// [`Code::NotToml`] and [`Code::Redeclares`] of the template: the distribution does not start then.
    pub(crate) fn next_start(&self) -> Result<NextStart, Error> {
        let Some(path) = self.layout.as_ref().and_then(Layout::next_template) else {
            return Ok(NextStart::AsLast);
        };
        let read = Target::find(&path, &self.host_root)?.read()?;
        let text = read
            .bytes()
            .map(|bytes| text_of(&path, bytes))
            .transpose()?;
        let last = self.last_start()?;
        let template = match self.template_of(text, &last) {
            Err(error) if error.code() == Code::TemplateDirective => return Ok(NextStart::Unknown),
            template => template.map_err(|error| error.at(&path))?,
        };
        if !template.is_literal() {
            return Ok(NextStart::Unknown);
        }
        let text = template.rendered(template.part().unwrap_or_default());
        let now = template.document(&text).map_err(|error| error.at(&path))?;
        let last = Document::parse(last.as_bytes());
        if last.is_ok_and(|last| last.tree() == now.tree()) {
            return Ok(NextStart::AsLast);
        }
        Ok(NextStart::Rendered(path, text))
    }

    /// The text of the file that containerd was started with last.
    pub(super) fn last_start(&self) -> Result<String, Error> {
        let Some(path) = self.layout.as_ref().map(|it| &it.config) else {
            return Ok(String::new());
        };
        let read = Target::find(path, &self.host_root)?.read()?;
        Ok(text_of(path, read.bytes().unwrap_or_default())?.to_owned())
    }

    /// Reads a template that says `text`. `last`: what the last start has made of it.
    pub(super) fn template_of(&self, text: Option<&str>, last: &str) -> Result<Template, Error> {
        let title = self.layout.as_ref().map(|it| it.distribution.title());
        Template::of(text, last, title.unwrap_or("the distribution"))
    }

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
        let layout = self.layout.as_ref()?;
        layout.template.as_ref().map(|_| layout.config.as_path())
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
