//! A daemon that serves is stronger than the model: where the model says that its config does not
//! serve, the model is wrong.

use super::started::Started;
use crate::commit::editor::Editor;
use crate::containerd::{Disproved, Host, LoadedHandler, Model, Verdict};
use crate::daemon::running::{Running, RunningCri};
use crate::error::{Error, Warning};

/// A daemon serves a config that the model says it does not serve.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Disagreement {
    /// The reasons of the model, all of them wrong.
    pub disproved: Disproved,
    /// What the daemon makes of the config in truth.
    pub verdict: Verdict,
    /// The same for people, who should report it.
    pub warning: Warning,
}

impl Disagreement {
    /// Compares what a daemon says with what the model says. `None`: they agree, or the daemon was
    /// started before the config last changed, or serves no CRI.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be read.
    pub fn with(editor: &Editor, running: &Running) -> Result<Option<Self>, Error> {
        if Started::of(editor, running) != Started::After {
            return Ok(None);
        }
        Self::of(editor, running)
    }

    /// What a daemon disproves that serves the config as it is now.
    pub(super) fn of(editor: &Editor, running: &Running) -> Result<Option<Self>, Error> {
        let (Some(cri), Ok(Some(release))) = (&running.cri, running.release()) else {
            return Ok(None);
        };
        let files = editor.files()?;
        let mut host = Host::of(&editor.host_root, &files);
        let mut disproved = Disproved {
            release,
            reasons: Vec::new(),
        };
        loop {
            let verdict = Model::new(&files, &host).verdict(release);
            let reason = verdict.reason().map(|reason| reason.message.clone());
            let verdict = match reason {
                None if disproved.reasons.is_empty() => return Ok(None),
                None => verdict,
                // What is wrong already when the files are loaded hides all that comes after it.
                Some(reason) if disproved.reasons.contains(&reason) => loaded(cri),
                Some(reason) => {
                    disproved.reasons.push(reason);
                    host.disproved = Some(disproved.clone());
                    continue;
                }
            };
            let message = format!(
                "containerd {} serves CRI with this config, and this release of containerd-edit says \
                 that it would not: {}; the daemon is right: please report this with the config",
                cri.version,
                disproved.reasons.join("; "),
            );
            return Ok(Some(Self {
                warning: Warning::new("model-disagrees", message),
                disproved,
                verdict,
            }));
        }
    }
}

/// What a daemon says that it has loaded.
fn loaded(cri: &RunningCri) -> Verdict {
    let handlers = cri.loaded.handlers.iter().map(|(name, runtime_type)| {
        let handler = LoadedHandler {
            runtime_type: runtime_type.clone(),
            place: None,
        };
        (name.clone(), handler)
    });
    Verdict::Serves {
        handlers: handlers.collect(),
        default: cri.loaded.default.clone(),
    }
}
