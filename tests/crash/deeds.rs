//! What strangers do to a config, and whether it comes to its due beside an edit.
//!
//! Whatever happens must look as if one had come after the other: the stranger's bytes with the edit
//! made to them, or, if the edit was already in place, the stranger's bytes alone. A stranger's
//! change that an edit has put an end to is lost.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use containerd_edit::Document;

use crate::command::Subject;
use crate::edits::{Edit, Example, Place, again, is_link, read, shown};
use crate::ledgers::{Recorded, wants};
use crate::process::Run;

const NOT_DURABLE: i32 = 76;
/// What is to be removed has no owner.
const NOT_OWNED: i32 = 78;

/// What a stranger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Truncates the config and writes it anew, as a shell's `>` does; creates a missing one.
    Overwrite,
    /// Renames another file to it, as `sed -i` does.
    Replace,
    Delete,
    /// Makes it a symbolic link to another file.
    Link,
}

impl Deed {
    pub(crate) const ALL: [Self; 4] = [Self::Overwrite, Self::Replace, Self::Delete, Self::Link];
}

/// One stranger's deed, to the config of one example.
#[derive(Debug, Clone)]
pub(crate) struct Change<'e> {
    example: &'e Example,
    pub(crate) deed: Deed,
    /// The stranger's bytes.
    theirs: Option<Vec<u8>>,
    /// The same with the edit made to them.
    edited: Option<Vec<u8>>,
}

impl<'e> Change<'e> {
    /// A change of one letter in the first comment of the config, so that its length tells nothing;
    /// where there is no such comment, it is added.
    pub(crate) fn new(example: &'e Example, deed: Deed, mark: char) -> Self {
        let before = example.before.as_deref().unwrap_or(b"version = 3\n");
        let before = std::str::from_utf8(before).expect("UTF-8");
        let comment = format!("# node-{mark}\n");
        let theirs = if before.contains("# node-a\n") {
            before.replace("# node-a\n", &comment)
        } else {
            format!("{comment}{before}")
        };
        let theirs = (deed != Deed::Delete).then(|| theirs.into_bytes());
        Self {
            example,
            deed,
            // Another file has another ledger.
            edited: example.edit.of(
                theirs.as_deref(),
                example
                    .ledger
                    .old
                    .as_deref()
                    .filter(|_| deed != Deed::Link && example.edit != Edit::Linked),
            ),
            theirs,
        }
    }

    /// Does the deed.
    pub(crate) fn make(&self, place: &Place) {
        let bytes = self.theirs.as_deref().unwrap_or_default();
        let (config, new) = (place.config(), place.aside("theirs"));
        let done = match self.deed {
            Deed::Overwrite => fs::write(config, bytes),
            Deed::Replace => fs::write(&new, bytes).and_then(|()| fs::rename(&new, config)),
            Deed::Delete => match fs::remove_file(config) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other,
            },
            Deed::Link => fs::write(place.aside("other.toml"), bytes)
                .and_then(|()| symlink(place.aside("other.toml"), &new))
                .and_then(|()| fs::rename(&new, config)),
        };
        done.expect("strangers can write");
    }

    /// Whether the edit is in place: that of the bytes before, or that of the stranger's.
    pub(crate) fn is_edited(&self, place: &Place) -> bool {
        let bytes = place.bytes();
        bytes == self.example.after || bytes == self.edited
    }

    /// What is wrong once the edit has ended. `was_done`: it was in place when the stranger came.
    pub(crate) fn after_the_end(&self, place: &Place, was_done: bool, run: &Run) -> Option<String> {
        if let Some(wrong) = run.disgrace().or_else(|| self.torn(place)) {
            return Some(wrong);
        }
        let is_theirs = self.stands(place, self.theirs.as_deref());
        let is_serial = match run.code() {
            Some(0 | NOT_DURABLE) => {
                let edit_was_first = was_done || self.was_done_elsewhere(place);
                is_theirs && edit_was_first || self.stands(place, self.edited.as_deref())
            }
            _ => is_theirs,
        };
        if !is_serial {
            return Some(format!("lost: {}; {run:?}", self.seen(place)));
        }
        self.unrecorded(place, run)
    }

    /// What is wrong with the ledger of an edit that has ended.
    fn unrecorded(&self, place: &Place, run: &Run) -> Option<String> {
        // Another file has another ledger.
        if self.deed == Deed::Link || self.is_led_away() {
            return None;
        }
        let (ledgers, Recorded { old, new }) = (place.ledgers(), &self.example.ledger);
        let expected = match run.code() {
            Some(0 | NOT_DURABLE) => new,
            _ => old,
        };
        let (now, expected) = (wants(ledgers.now.as_deref()), wants(expected.as_deref()));
        let wrong = (now != expected).then(|| format!("wanted: {now:?}; {run:?}"));
        wrong.or_else(|| ledgers.unfinished())
    }

    /// Temporary files, but for those that keep what the stranger wrote.
    pub(crate) fn left_over(&self, place: &Place) -> Option<String> {
        let mut left = place.temporaries();
        left.retain(|path| !self.is_kept(path));
        (!left.is_empty()).then(|| format!("left over: {left:?}"))
    }

    fn is_kept(&self, path: &Path) -> bool {
        self.theirs.is_some() && read(path) == self.theirs
    }

    /// What is wrong once a killed edit has been made again. The rerun may not find out what the
    /// killed run was about to do, but it must not sweep away what was never ours.
    pub(crate) fn after_a_rerun(&self, place: &Place, subject: Subject) -> Option<String> {
        let was_complete = place.ledgers().is(self.example.ledger.new.as_ref());
        let run = place.run(self.example.edit, again(subject));
        if was_complete
            && run.code() == Some(NOT_OWNED)
            && self.stands(place, self.theirs.as_deref())
        {
            // The stranger has brought back a handler that was removed: it is theirs now.
            return None;
        }
        if run.code() != Some(0) {
            return Some(format!("the rerun fails: {run:?}"));
        }
        if let Some(torn) = self.torn(place) {
            return Some(torn);
        }
        let kept = || place.temporaries().iter().any(|path| self.is_kept(path));
        let is_safe = self.stands(place, self.edited.as_deref()) || self.is_edited(place) && kept();
        if !is_safe {
            return Some(format!("lost after the rerun: {}", self.seen(place)));
        }
        self.unrecorded(place, &run)
    }

    /// Whether the config is what the stranger made of it, with these bytes.
    fn stands(&self, place: &Place, bytes: Option<&[u8]>) -> bool {
        let should_be_link = match self.deed {
            Deed::Overwrite => self.example.edit == Edit::Linked,
            Deed::Replace | Deed::Delete => false,
            Deed::Link => true,
        };
        place.bytes().as_deref() == bytes && is_link(&place.config()) == should_be_link
    }

    /// Whether the stranger leaves the file alone that the edit began with.
    fn is_led_away(&self) -> bool {
        self.example.edit == Edit::Linked && self.deed != Deed::Overwrite
    }

    /// Whether the edit was made to the file that the link led to when it began.
    fn was_done_elsewhere(&self, place: &Place) -> bool {
        self.is_led_away() && read(&place.real_config()) == self.example.after
    }

    fn torn(&self, place: &Place) -> Option<String> {
        let bytes = place.bytes();
        if bytes
            .as_ref()
            .is_some_and(|bytes| Document::parse(bytes).is_err())
        {
            return Some(format!("no TOML: {}", shown(bytes.as_deref())));
        }
        let real = read(&place.real_config());
        (self.is_led_away() && real != self.example.before && real != self.example.after)
            .then(|| format!("the file that was linked: {}", shown(real.as_deref())))
    }

    /// What stands there, in words where there are any.
    fn seen(&self, place: &Place) -> String {
        let bytes = place.bytes();
        let words = [
            (&self.theirs, "the stranger's bytes"),
            (&self.edited, "the edit of the stranger's bytes"),
            (&self.example.before, "the bytes before"),
            (&self.example.after, "the edit of the bytes before"),
        ];
        let words = words.iter().find(|(known, _)| *known == &bytes);
        let bytes = words.map_or_else(|| shown(bytes.as_deref()), |(_, words)| (*words).to_owned());
        let kind = if is_link(&place.config()) {
            "a link to "
        } else {
            ""
        };
        format!("{kind}{bytes}; temporary files: {:?}", place.temporaries())
    }
}
