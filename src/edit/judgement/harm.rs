//! Why an edit is refused that is held against the model.

use crate::containerd::Release;
use crate::containerd::release::{do_not_read, listed};

/// What an edit must not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Harm {
    /// A release that served CRI would not any more, or one that did not would exit.
    #[error(
        "with this change containerd {} would {what}: {reason}",
        listed(releases)
    )]
    Breaks {
        releases: Vec<Release>,
        what: &'static str,
        reason: String,
    },
    /// A handler that was loaded would not be any more.
    #[error("with this change containerd {release} would not load {handler} any more")]
    Loses { release: Release, handler: String },
    /// None of the releases that were named reads a file like this.
    #[error("{}", do_not_read(releases, *version))]
    NotRead {
        releases: Vec<Release>,
        version: i64,
    },
    /// No release that reads the file would load the handler.
    #[error("no containerd release that reads this file would load {handler}")]
    LoadsNowhere { handler: String },
    /// What was judged is not all that containerd reads.
    #[error("{harm} (judged without {unread})")]
    InSight { harm: Box<Self>, unread: String },
    /// What containerd makes of the config hangs on a file that can't be read here.
    #[error(
        "it can't be told what this change would do: no containerd release serves CRI with what can \
         be read here, before as after, and this can't: {unread}"
    )]
    OutOfSight { unread: String },
}
