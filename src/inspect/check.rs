//! What each containerd release makes of a config.

use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::commit::rendering::NextStart;
use crate::config::surroundings;
use crate::containerd::lost::{self, Losses};
use crate::containerd::{Release, Verdict, version};
use crate::edit::unread::Reading;
use crate::error::{Error, Warning};
use crate::toml::Source;

use super::checked_release::{CheckedRelease, releases_of};
use super::handler_warnings::warnings;
use super::opened::Opened;

/// The result of checking a config.
#[derive(Debug, Clone)]
pub struct Check {
    /// The config's path as it was given.
    pub path: PathBuf,
    /// The config version of the main file, 0 if it has none.
    pub config_version: i64,
    /// A row for each release that was asked for.
    pub releases: Vec<CheckedRelease>,
    /// What every release accepts although a pod would fail later, and handlers that some do not
    /// load.
    pub warnings: Vec<Warning>,
}

impl Editor {
    /// Checks the config for each of the editor's releases.
    ///
    /// # Errors
    ///
    /// [`Code::NoFile`](crate::Code::NoFile) if there is none, [`Code::NotToml`](crate::Code::NotToml) if
    /// the main file is no TOML, [`Code::WrongType`](crate::Code::WrongType) if its version is no integer,
    /// and the errors of finding and reading it. Whatever else is wrong is a verdict.
    pub fn check(&self) -> Result<Check, Error> {
        self.checked(Self::existing_source)
    }

    /// The same where a missing config is as good as an empty one: containerd starts with it.
    ///
    /// # Errors
    ///
    /// The other errors of [`Editor::check`].
    pub fn check_if_any(&self) -> Result<Check, Error> {
        self.checked(Self::source_or_nothing)
    }

    /// Checks what the distribution will make of a template, or else what `read` has read.
    fn checked(&self, read: impl Fn(&Self) -> Result<Source, Error>) -> Result<Check, Error> {
        match self.next_start()? {
            NextStart::Rendered(template, text) => {
                let check = Check::of(self, text.into())?;
                Ok(check.of_template(template, self.started_with()))
            }
            _ => Check::of(self, read(self)?),
        }
    }
}

impl Check {
    fn of(editor: &Editor, source: Source) -> Result<Self, Error> {
        let opened = Opened::of(editor, source)?;
        let path = editor.started_with();
        let releases = editor.releases.as_slice();
        let config_version = version::of_any(&opened.config).map_err(|error| error.at(path))?;
        let (files, model) = (&opened.files, opened.model());
        let is_named = releases != Release::LINES;
        let read = model.reading(releases, config_version);
        let mut losses = Losses::default();
        let row = |&release: &Release| {
            let reads = read.contains(&release);
            let verdict = (reads || is_named).then(|| {
                let judged = model.judge(release);
                losses.add(release, judged.lost);
                judged.verdict
            });
            CheckedRelease {
                release,
                reads,
                verdict,
            }
        };
        let newer = lost::unknown(releases);
        let releases: Vec<CheckedRelease> = releases.iter().map(row).collect();
        let reading = Reading {
            version: config_version,
            releases: &read,
            lacks_snapshotter: &|name, release| model.lacks_snapshotter(name, release),
            has_program: &|name| surroundings::is_program(&editor.host_root, name),
        };
        let mut warnings = warnings(files, &releases, &reading);
        warnings.extend(losses.warnings(&model));
        warnings.extend(newer);
        Ok(Self {
            path: path.to_owned(),
            config_version,
            releases,
            warnings,
        })
    }

    /// The same with the path of the template of which the file at `rendered` is made. No line there is
    /// one of the template's.
    fn of_template(mut self, template: PathBuf, rendered: &Path) -> Self {
        for row in &mut self.releases {
            let verdict = row.verdict.take();
            row.verdict = verdict.map(|it| it.blaming(rendered, &template));
        }
        self.warnings.iter_mut().for_each(|it| it.at = None);
        self.path = template;
        self
    }

    /// Has the only release that was asked for say what its daemon does.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        if let [row] = self.releases.as_mut_slice() {
            row.verdict = Some(verdict);
        }
    }

    /// Returns the verdict on the config of the line of `release`, or else on the first one that has any.
    #[must_use]
    pub fn verdict_of(&self, release: Option<Release>) -> Option<&Verdict> {
        let is_its = |row: &&CheckedRelease| release.is_some_and(|it| row.release.is_of_line(it));
        let mut rows = self.releases.iter();
        let row = rows.clone().find(is_its);
        row.or_else(|| rows.find(|row| row.verdict.is_some()))?
            .verdict
            .as_ref()
    }

    /// Whether every release that counts serves, and at least one does. One that is not out yet does
    /// not count beside others.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.counting().any(|row| row.serves() == Some(true)) && self.broken().is_empty()
    }

    /// Returns the releases that serve.
    #[must_use]
    pub fn serving(&self) -> Vec<Release> {
        releases_of(&self.releases, |row| row.serves() == Some(true))
    }

    /// Returns the releases that count and do not serve.
    #[must_use]
    pub fn broken(&self) -> Vec<Release> {
        releases_of(self.counting(), |row| row.serves() == Some(false))
    }

    fn counting(&self) -> impl Iterator<Item = &CheckedRelease> {
        let rows = self.releases.iter();
        let is_named = !rows.clone().map(|row| row.release).eq(Release::LINES);
        rows.filter(move |row| is_named || row.release.is_out())
    }
}
