//! What the releases that may run here make of the config that containerd is started with.

use crate::commit::editor::Editor;
use crate::commit::rendering::NextStart;
use crate::containerd::{Host, Model, Release, Verdict};
use crate::daemon::running::Running;
use crate::error::Error;

/// What the releases that may run here make of the config as it is now: that of the daemon which
/// serves, and where none says what it is, all of them, the newest first. For a daemon that is not
/// modelled the newest stands in. Those of which a daemon has shown that the model is wrong are left out.
pub(super) fn verdicts(editor: &Editor, serving: Option<&Running>) -> Result<Vec<Verdict>, Error> {
    let releases = match serving.map(Running::release) {
        Some(release) => vec![release.ok().flatten().unwrap_or(Release::newest())],
        None => Release::LINES.into_iter().rev().collect(),
    };
    let files = editor.files()?;
    let host = Host {
        disproved: editor.disproved.borrow().clone(),
        ..Host::of(&editor.host_root, &files)
    };
    let model = Model::new(&files, &host);
    let next = editor.next_start()?;
    let verdicts = releases.into_iter().filter_map(|release| {
        let verdict = model.verdict(release);
        let mut reason = verdict.reason().into_iter();
        let is_wrong = reason.any(|it| host.disproves(it, release));
        let verdict = match &next {
            NextStart::Rendered(template, _) => verdict.blaming(files.main(), template),
            _ => verdict,
        };
        (!is_wrong).then_some(verdict)
    });
    Ok(verdicts.collect())
}
