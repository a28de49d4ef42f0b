//! What containerd 1.x would lose: it takes some parts of a config from one file alone.

use std::path::{Path, PathBuf};

use toml_edit::{Item, TableLike};

use crate::containerd::ConfigFiles;
use crate::containerd::release::{self, Release};
use crate::error::{Code, Error};
use crate::toml::Document;
use crate::toml::render::{self, Quotes};

use super::Part;

/// The tables whose parts are replaced as a whole (`mergeConfig` in
/// `services/server/config/config.go`).
const REPLACED: [&str; 4] = ["plugins", "proxy_plugins", "stream_processors", "timeouts"];

/// Refuses a drop-in, which goes by `names`, with a part that another file has too, if a release that
/// reads files of this version would lose what one of them says.
pub(super) fn check(
    part: &Part,
    names: &[PathBuf],
    after: &ConfigFiles,
    releases: &[Release],
    version: i64,
) -> Result<(), Error> {
    let mut losing = release::reading(releases, version);
    losing.retain(|release| release.is_1x());
    let Some(text) = part.change.after.as_ref().filter(|_| !losing.is_empty()) else {
        return Ok(());
    };
    let Some(drop_in) = parsed(text.as_bytes()) else {
        return Ok(());
    };
    for (path, bytes) in after
        .all()
        .filter(|(path, _)| !names.iter().any(|name| name == path))
    {
        let Some(shared) = parsed(bytes).and_then(|other| shared(&drop_in, &other)) else {
            continue;
        };
        let releases = release::listed(&losing);
        let what = if path == after.main() {
            let name = path.file_name().map_or(path, Path::new).display();
            format!(
                "containerd {releases} take {shared} from the drop-in alone, and would lose what \
                 {name} says in it"
            )
        } else {
            let path = path.display();
            format!(
                "containerd {releases} take {shared} from one file alone, and {path} has it too"
            )
        };
        let hint = "without --drop-in the config itself is changed; if containerd 1.x never runs \
                    here, name the release that does with --containerd-version";
        return Err(Error::new(Code::LossyDropIn, what, hint).at(&part.change.path));
    }
    Ok(())
}

fn parsed(bytes: &[u8]) -> Option<Document<'_>> {
    Document::parse(bytes).ok()
}

/// The first part that both files have, as it is written.
fn shared(drop_in: &Document<'_>, other: &Document<'_>) -> Option<String> {
    let is_empty = |item: &Item| item.as_table_like().is_some_and(TableLike::is_empty);
    REPLACED.into_iter().find_map(|table| {
        let parts = drop_in.get(&[table])?.as_table_like()?;
        let mut names = parts.iter().map(|(name, _)| name);
        let shared = names.find(|name| {
            let other = other.get(&[table, *name]);
            other.is_some_and(|item| !is_empty(item))
        })?;
        Some(render::dotted(&[table, shared], Quotes::Basic))
    })
}
