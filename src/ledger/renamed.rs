//! Drop-ins that somebody has given another name.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::disk::digest;

use super::file_key::FileKey;
use super::stored::{Ledger, Made};

impl Ledger {
    /// Looks for drop-ins that are gone: the file that has the very bytes that were last written to one
    /// is that drop-in, and what is known of it holds there.
    pub(crate) fn follow_renamed(&mut self, config: &Config) {
        let is_gone = |file: &str| config.file(file).is_none_or(|it| it.text.is_none());
        let main = &config.main().name;
        let gone = self.written.iter().filter(|(file, _)| {
            // A text without a key of the tool's may be anybody's.
            *file != main && is_gone(file) && self.has_in(file, &[])
        });
        let gone: Vec<(String, String)> = gone
            .map(|(it, digest)| (it.clone(), digest.clone()))
            .collect();
        for (old, digest) in gone {
            let known = self.files();
            let new = config.files()[1..].iter().find(|file| {
                let text = file.text.as_ref();
                let is_it = |text: &str| digest::of(text.as_bytes()) == digest;
                let is_free = file.is_writable && !known.contains(&*file.name);
                is_free && text.is_some_and(|text| is_it(text.text()))
            });
            if let Some(new) = new {
                self.rename(&old, &new.name);
            }
        }
    }

    /// Whether some file was last written with these bytes.
    pub(crate) fn has_written(&self, bytes: &[u8]) -> bool {
        let digest = digest::of(bytes);
        self.written.values().any(|it| *it == digest)
    }

    fn rename(&mut self, old: &str, new: &str) {
        let name = |file: String| if file == old { new.to_owned() } else { file };
        let entries = std::mem::take(&mut self.entries).into_iter();
        let entries = entries.map(|(FileKey { file, key }, it)| {
            (
                FileKey {
                    file: name(file),
                    key,
                },
                it,
            )
        });
        self.entries = entries.collect();
        let made = std::mem::take(&mut self.made).into_iter();
        let made = made.map(
            |Made {
                 file,
                 path,
                 is_header,
             }| Made {
                file: name(file),
                path,
                is_header,
            },
        );
        self.made = made.collect::<BTreeSet<Made>>();
        for texts in [&mut self.full_texts, &mut self.written, &mut self.tables] {
            let known = std::mem::take(texts).into_iter();
            *texts = known
                .map(|(file, text)| (name(file), text))
                .collect::<BTreeMap<_, _>>();
        }
        for owner in self.owners.values_mut() {
            owner.file = name(std::mem::take(&mut owner.file));
        }
    }
}
