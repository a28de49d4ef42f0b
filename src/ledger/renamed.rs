//! Drop-ins that somebody has given another name.

use std::collections::BTreeMap;
use std::mem::take;

use crate::config::Config;
use crate::disk::digest;

use super::entry::Made;
use super::file_key::FileKey;
use super::stored::Ledger;

impl Ledger {
    /// The new names of drop-ins that are gone, by the old ones: the file that has the very bytes that
    /// were last written to one is that drop-in.
    pub(crate) fn renamed(&self, config: &Config) -> BTreeMap<String, String> {
        let is_gone = |file: &str| config.file(file).is_none_or(|it| it.text.is_none());
        let main = &config.main().name;
        let gone = self.written.iter().filter(|(file, _)| {
            // A text without a key of the tool's may be anybody's.
            *file != main && is_gone(file) && self.has_in(file, &[])
        });
        let known = self.files();
        let renamed = gone.filter_map(|(old, digest)| {
            let mut files = config.files()[1..].iter().filter(|file| {
                let text = file.text.as_ref().map(|text| text.text());
                let is_it = text.is_some_and(|text| digest::of(text.as_bytes()) == *digest);
                is_it && file.is_writable && !known.contains(&*file.name)
            });
            Some((old.clone(), files.next()?.name.clone()))
        });
        renamed.collect()
    }

    /// Whether some file was last written with these bytes.
    pub(crate) fn has_written(&self, bytes: &[u8]) -> bool {
        let digest = digest::of(bytes);
        self.written.values().any(|it| *it == digest)
    }

    /// What is known of a file holds for the one with the new name.
    pub(crate) fn rename(&mut self, old: &str, new: &str) {
        let name = |file: String| if file == old { new.to_owned() } else { file };
        let entries = take(&mut self.entries).into_iter();
        let entries = entries.map(|(at, entry)| {
            let file = name(at.file);
            (FileKey { file, ..at }, entry)
        });
        self.entries = entries.collect();
        let made = take(&mut self.made).into_iter();
        let made = made.map(|made| Made {
            file: name(made.file),
            ..made
        });
        self.made = made.collect();
        let files = take(&mut self.files).into_iter();
        self.files = files.map(|(file, it)| (name(file), it)).collect();
        for texts in [&mut self.full_texts, &mut self.written, &mut self.tables] {
            let known = take(texts).into_iter();
            *texts = known.map(|(file, text)| (name(file), text)).collect();
        }
        let kept = take(&mut self.kept).into_iter();
        self.kept = kept.map(|(file, kept)| (name(file), kept)).collect();
        for kept in self.kept.values_mut() {
            kept.rename(old, new);
        }
        for owner in self.owners.values_mut() {
            owner.file = name(take(&mut owner.file));
        }
    }
}
