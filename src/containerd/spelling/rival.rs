//! Two places of one key in a file: containerd 2.x moves tables as a whole, and one of two wins.

use super::{IMAGES, OLD_CRI, RUNTIME, Spelling, joined, moved, registry, servers};

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

impl Rival {
    /// `row` segments of the other place are moved as one.
    fn of(own: &[String], other: &[String], row: usize) -> Self {
        let below = other.len().saturating_sub(row);
        Self {
            own: vec![own[..own.len().saturating_sub(below)].to_vec()],
            other: other[..other.len() - below].to_vec(),
            place: other.to_vec(),
        }
    }
}

impl Spelling {
    /// Where containerd 2.x may have the key besides, and takes it from there: what is to be said in
    /// this file goes there, if only that is there.
    pub(crate) fn rival(&self, path: &[String]) -> Option<Rival> {
        let [plugins, id, rest @ ..] = path else {
            return None;
        };
        if plugins != "plugins" {
            let of_plugin = servers::in_plugin(path).filter(|_| self.version < 4);
            return of_plugin.map(|place| Rival {
                own: servers::all_at_top(&place[1]),
                ..Rival::of(path, &place, 2)
            });
        }
        let key = rest.first()?.as_str();
        let below = rest.get(1).map(String::as_str);
        let is_new = match self.version {
            2 => false,
            3 => true,
            _ => return None,
        };
        let of_version_3 = |row| Some(Rival::of(&self.place(path), path, row));
        match (id.as_str(), is_new) {
            // Handlers have one table in each file.
            (RUNTIME, _) if key == CONTAINERD && below.is_some_and(|it| HANDLERS.contains(&it)) => {
                None
            }
            (RUNTIME, false) => {
                let is_in_table = below.is_some() && TABLES_OF_RUNTIME.contains(&key);
                of_version_3(if is_in_table { 4 } else { 3 })
            }
            // The whole table takes the other one's place.
            (IMAGES, false) if TABLES_OF_IMAGES.contains(&key) => of_version_3(3),
            (IMAGES, true) => {
                let old = moved(rest, |(old, new)| (new, old))?;
                let row = if old[0] == CONTAINERD { 4 } else { 3 };
                Some(Rival::of(path, &joined(OLD_CRI, &old), row))
            }
            (id, _) if registry::old_name(id) != id => {
                let old = joined(registry::old_name(id), rest);
                let places = if is_new { [path, &old] } else { [&old, path] };
                Some(Rival::of(places[0], places[1], 2))
            }
            _ => None,
        }
    }
}
