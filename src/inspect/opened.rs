//! The config that containerd is started with, opened to be looked at.

use std::path::Path;
use std::sync::Arc;

use crate::commit::editor::Editor;
#[cfg(feature = "cri")]
use crate::commit::rendering::NextStart;
use crate::containerd::{ConfigFiles, Host, Model};
use crate::disk::target::{self, Target};
use crate::error::{Code, Error};
use crate::ledger::Ledger;
use crate::toml::{Document, Source};

impl Editor {
    /// Returns the file that containerd is started with, by the path that was given: the config, or
    /// what the last start has made of a template.
    #[must_use]
    pub fn started_with(&self) -> &Path {
        let layout = self.layout.as_ref();
        layout.map_or(&self.path, |layout| &layout.config)
    }

    /// What that file says; `None`: there is none.
    fn started_source(&self) -> Result<Option<Source>, Error> {
        let read = Target::find(self.started_with(), &self.host_root)?.read()?;
        let bytes = read.existing.map(|existing| existing.bytes);
        Ok(bytes.map(|bytes| self.filled_in(bytes.into())))
    }

    /// The same where it has to be there.
    pub(super) fn existing_source(&self) -> Result<Source, Error> {
        let source = self.started_source()?;
        source.ok_or_else(|| target::no_file(self.started_with()))
    }

    /// The same for containerd, to which no file and one that says nothing are the same.
    pub(super) fn source_or_nothing(&self) -> Result<Source, Error> {
        Ok(self.started_source()?.unwrap_or_else(|| "".into()))
    }

    /// That file, which says `source`, and all that it imports.
    fn with_imports(&self, source: Source) -> ConfigFiles {
        let main = self.host_root.absolute(self.started_with());
        ConfigFiles::read(&self.host_root, &main, source)
    }

    /// The ledger; where it can't be read, an empty one, and why: a look at a config does without it.
    pub(super) fn seen_ledger(&self) -> (Ledger, Option<String>) {
        match self.ledger() {
            Ok(ledger) => (ledger, None),
            Err(error) => {
                let more = match error.code() {
                    Code::Denied => error.source_text(),
                    _ => error.hint().to_owned(),
                };
                (Ledger::default(), Some(format!("{error}: {more}")))
            }
        }
    }

    /// The ledger's names for the files to edit for what stands in `file`: its own name, or those of
    /// the files that the distribution may have made it of.
    pub(super) fn names_in_ledger(&self, ledger: &Ledger, file: &Path) -> Vec<String> {
        let layout = self.layout.as_ref();
        if layout.is_some_and(|it| it.makes_of_others(file)) {
            return ledger.files().into_iter().map(str::to_owned).collect();
        }
        let main = self.main();
        let folder = main.parent().unwrap_or(Path::new("/"));
        let name = file.strip_prefix(folder).unwrap_or(file);
        vec![name.to_string_lossy().into_owned()]
    }

    /// The files that containerd would be started with now.
    #[cfg(feature = "cri")]
    pub(crate) fn files(&self) -> Result<ConfigFiles, Error> {
        let source = match self.next_start()? {
            NextStart::Rendered(_, text) => text.into(),
            _ => self.source_or_nothing()?,
        };
        Ok(self.with_imports(source))
    }
}

/// A config with all that it imports, and what of the host these files refer to.
pub(super) struct Opened {
    /// The main file.
    pub(super) config: Arc<Document>,
    pub(super) files: ConfigFiles,
    host: Host,
}

impl Opened {
    /// Opens the config that an editor is for, which says `source`.
    pub(super) fn of(editor: &Editor, source: Source) -> Result<Self, Error> {
        let config = source.document().map(Arc::clone);
        let config =
            config.map_err(|error| Error::from(error.clone()).at(editor.started_with()))?;
        let files = editor.with_imports(source);
        Ok(Self {
            config,
            host: Host::of(&editor.host_root, &files),
            files,
        })
    }

    pub(super) fn model(&self) -> Model<'_> {
        Model::new(&self.files, &self.host)
    }
}
