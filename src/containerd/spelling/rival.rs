//! Two places of one key in a file: containerd 2.x moves tables as a whole, and one of two wins.

use super::{IMAGES, RUNTIME, Spelling, owned, servers};

const CONTAINERD: &str = "containerd";
/// What of its table chooses the plugin that has the handlers.
const HANDLERS: [&str; 2] = ["runtimes", "default_runtime_name"];
/// Tables of CRI's runtime part that are moved key by key.
const TABLES_OF_RUNTIME: [&str; 2] = [CONTAINERD, "cni"];
/// Tables that are moved to the images plugin as a whole.
const TABLES_OF_IMAGES: [&str; 2] = ["registry", "image_decryption"];

/// Two places of one key in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rival {
    /// What the file's version has, as far as it is moved as one: each of these paths.
    pub(crate) own: Vec<Vec<String>>,
    /// The same in the other place.
    pub(crate) other: Vec<String>,
    /// The key in the other place.
    pub(crate) place: Vec<String>,
}

impl Spelling {
    /// The canonical path of the same key in another spelling, from which some release may take it.
    pub(crate) fn elsewhere(&self, path: &[String]) -> Option<Vec<String>> {
        let old = Self::of(None, 2);
        let place = match path {
            // Where the new table has the last word, the old one counts alone.
            [_, id, ..] if id == RUNTIME && self.version == 3 => {
                old.has_place(path).then(|| old.place(path))?
            }
            _ => self.rival(path, &self.place(path))?.place,
        };
        Some(self.canonical(&place))
    }

    /// Where containerd 2.x may have the key besides, and takes it from there: what is to be said in
    /// this file goes there, if only that is there. `own` is its place by the file's version.
    pub(crate) fn rival(&self, path: &[String], own: &[String]) -> Option<Rival> {
        if let Some(place) = servers::in_plugin(path).filter(|_| self.version < 4) {
            let [plugins, id, _] = place;
            return Some(Rival {
                own: servers::all_at_top(id).map(owned).collect(),
                other: owned([plugins, id]),
                place: owned(place),
            });
        }
        let [_, id, key, below @ ..] = path else {
            return None;
        };
        if servers::is_second(path) {
            return None;
        }
        let (id, key) = (id.as_str(), key.as_str());
        let is = |names: [&str; 2], name: &String| names.contains(&name.as_str());
        let place = match (self.version, id) {
            // Handlers have one table in each file.
            (2, RUNTIME)
                if key == CONTAINERD && below.first().is_some_and(|it| is(HANDLERS, it)) =>
            {
                return None;
            }
            // The whole table takes the other one's place; single keys do not.
            (2, IMAGES) if !TABLES_OF_IMAGES.contains(&key) => return None,
            (2, _) => path.to_vec(),
            (3, RUNTIME) => return None,
            (3, _) => Self::of(None, 2).place(path),
            _ => return None,
        };
        let row = match id {
            RUNTIME | IMAGES if place.len() > 3 && is(TABLES_OF_RUNTIME, &place[2]) => 4,
            RUNTIME | IMAGES => 3,
            _ => 2,
        };
        let below = place.len() - row;
        (place != own).then(|| Rival {
            own: vec![own[..own.len() - below].to_vec()],
            other: place[..row].to_vec(),
            place,
        })
    }
}
