//! Waiting for a state by asking for it, with a deadline.

use std::time::{Duration, Instant};

use super::cause::Cause;
use super::scene::Scene;

/// How soon it is asked again, at first and at last.
pub(super) const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(200);
/// How long a wait goes on before progress is reported.
const QUIET: Duration = Duration::from_secs(2);

/// What is waited for, and why that fails if it does not come.
pub(super) struct Pending {
    pub(super) progress: String,
    pub(super) cause: String,
}

/// The waits of one restart, which have one deadline.
pub(super) struct Wait<'a> {
    scene: &'a Scene<'a>,
    pub(super) deadline: Instant,
}

impl<'a> Wait<'a> {
    /// Begins now, for as long as one restart may take.
    pub(super) fn begin(scene: &'a Scene<'a>) -> Self {
        Self {
            scene,
            deadline: Instant::now() + scene.limit,
        }
    }

    /// Looks again and again, less often with time, and tells what it waits for. `look` is given how
    /// long it may take.
    pub(super) fn until<T>(
        &self,
        look: impl Fn(Duration) -> Result<T, Pending>,
    ) -> Result<T, Cause> {
        let mut poll = FIRST_POLL;
        let mut shown = (Instant::now(), String::new());
        loop {
            let Pending { progress, cause } = match look(poll.min(self.left())) {
                Ok(found) => return Ok(found),
                Err(pending) => pending,
            };
            if self.left().is_zero() {
                return Err(Cause::Failed(cause));
            }
            if self.scene.editor.is_interrupted() {
                return Err(Cause::Interrupted);
            }
            let (when, last) = &shown;
            if when.elapsed() >= QUIET && *last != progress {
                (self.scene.tell)(&progress);
                shown = (Instant::now(), progress);
            }
            poll = (poll * 2).min(LAST_POLL);
        }
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
