//! What the files said before an owner had parts of them removed, as far as they are as they were left
//! then.

use crate::config::Config;
use crate::config::view::View;
use crate::ledger::{FileKey, Ledger};
use crate::toml::{Cut, Document, Path};
use crate::want::key::Key;

/// The key whose text is cut: an element has none of its own.
pub(super) fn whole(at: &FileKey) -> FileKey {
    FileKey::new(&at.file, &Key::new(&at.key.path))
}

/// What an array was before elements of it were removed, if it is as it was left then.
pub(super) fn list_before<'l>(
    config: &Config,
    ledger: &'l Ledger,
    at: &FileKey,
    place: &[String],
) -> Option<&'l str> {
    let Cut::List(list) = ledger.cuts.get(&whole(at))? else {
        return None;
    };
    let document = document(config, &at.file)?;
    let now = &document.text()[document.value(place)?];
    (now == list.left).then_some(&list.text)
}

/// An inline table, and its text from before keys of it were removed.
pub(super) struct InlineBefore<'l> {
    pub(super) path: Path,
    pub(super) text: &'l str,
}

/// The inline tables of a file that keys were removed from, as far as they are as they were left then.
pub(super) fn inline_before<'l>(
    config: &Config,
    ledger: &'l Ledger,
    view: &View,
    file: &str,
) -> Vec<InlineBefore<'l>> {
    let cuts = ledger.cuts.iter().filter(|(at, _)| at.file == file);
    let found = cuts.filter_map(|(at, cut)| {
        let Cut::List(list) = cut else {
            return None;
        };
        let place = view.place(&at.key.path);
        let (path, now) = document(config, file)?.inline_table_around(&place)?;
        (now == list.left).then(|| InlineBefore {
            path: path.to_vec(),
            text: &list.text,
        })
    });
    let mut found: Vec<InlineBefore<'l>> = found.collect();
    found.dedup_by(|one, other| one.path == other.path);
    found
}

pub(super) fn document<'c>(config: &'c Config, file: &str) -> Option<&'c Document> {
    let text = config.file(file)?.text.as_ref()?;
    Some(&text.document)
}
