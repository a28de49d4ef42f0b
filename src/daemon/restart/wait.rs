//! Waiting for a state by asking for it, with a deadline.

use std::time::{Duration, Instant};

use super::cause::Cause;
use super::scene::Scene;

/// How soon it is asked again, at first and at last.
pub(super) const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(200);
/// The longest wait: a later `Instant` may overflow.
const LONGEST: Duration = Duration::from_secs(1 << 30);
/// How long a wait goes on before progress is reported.
const QUIET: Duration = Duration::from_secs(2);

/// What is waited for, and why that fails if it does not come.
pub(super) struct Pending {
    pub(super) progress: String,
    pub(super) cause: String,
}

impl Scene<'_> {
    /// Until when the waits of a restart may take that begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limit.min(LONGEST)
    }

    /// Looks again and again, less often with time, and tells what it waits for. `look` is given how
    /// long it may take.
    pub(super) fn until<T>(
        &self,
        deadline: Instant,
        look: impl Fn(Duration) -> Result<T, Pending>,
    ) -> Result<T, Cause> {
        let mut poll = FIRST_POLL;
        let mut shown = (Instant::now(), String::new());
        loop {
            let Pending { progress, cause } = match look(poll.min(left(deadline))) {
                Ok(found) => return Ok(found),
                Err(pending) => pending,
            };
            if left(deadline).is_zero() {
                return Err(Cause::Failed(cause));
            }
            if self.editor.is_interrupted() {
                return Err(Cause::Interrupted);
            }
            let (when, last) = &shown;
            if when.elapsed() >= QUIET && *last != progress {
                (self.tell)(&progress);
                shown = (Instant::now(), progress);
            }
            poll = (poll * 2).min(LAST_POLL);
        }
    }
}

pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
