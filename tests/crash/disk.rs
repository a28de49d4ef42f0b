//! What a disk may hold when the power goes: a model of a folder, its files and what of both has
//! been synced, fed with the system calls of a run.
//!
//! It grants less than real filesystems do. Names change independently of each other, also where
//! one call changed two of them; a sync of a file says nothing of its name, nor the other way
//! round; what was not synced may be there wholly, in part or not at all.

mod calls;
mod contents;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use calls::Effect;
use contents::FileContents;

/// More than this would be too many to enumerate.
const MOST: usize = 20_000;

/// The disk, and who has what open on it.
pub(crate) struct Disk {
    root: PathBuf,
    folders: BTreeSet<PathBuf>,
    /// Folders that were made, and may be gone after a crash with all that is in them.
    unsynced_folders: BTreeSet<PathBuf>,
    files: Vec<FileContents>,
    names: BTreeMap<PathBuf, Bindings>,
    /// Which of `opened` a descriptor is: two may share one, and its position.
    descriptors: HashMap<i32, usize>,
    opened: Vec<Open>,
}

/// What a name has led to since its folder was last synced: first what is certain to be on the
/// disk, last what the system shows.
type Bindings = Vec<Option<Binding>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Binding {
    File(usize),
    Link(PathBuf),
}

#[derive(Debug, Clone)]
enum Open {
    Folder(PathBuf),
    File {
        file: usize,
        position: usize,
        appending: bool,
    },
}

/// What is found after a crash: the files and links by their path.
pub(crate) type State = BTreeMap<PathBuf, Node>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    File(Arc<[u8]>),
    Link(PathBuf),
}

impl fmt::Debug for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(bytes) => write!(formatter, "{:?}", String::from_utf8_lossy(bytes)),
            Self::Link(target) => write!(formatter, "-> {}", target.display()),
        }
    }
}

impl Disk {
    /// A disk that holds what stands below `root` now, all of it synced.
    pub(crate) fn with_all_of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            folders: BTreeSet::new(),
            unsynced_folders: BTreeSet::new(),
            files: Vec::new(),
            names: BTreeMap::new(),
            descriptors: HashMap::new(),
            opened: Vec::new(),
        };
        disk.add_folder(root.to_owned());
        disk
    }

    fn add_folder(&mut self, folder: PathBuf) {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let file_type = path.symlink_metadata().expect("it is there").file_type();
            if file_type.is_dir() {
                self.add_folder(path);
                continue;
            }
            let binding = if file_type.is_symlink() {
                Binding::Link(path.read_link().expect("a link"))
            } else {
                let bytes = std::fs::read(&path).expect("a readable file");
                self.new_file(FileContents::synced(bytes))
            };
            self.names.insert(path, vec![Some(binding)]);
        }
        self.folders.insert(folder);
    }

    fn new_file(&mut self, contents: FileContents) -> Binding {
        self.files.push(contents);
        Binding::File(self.files.len() - 1)
    }

    /// The process has ended: the next one has nothing open.
    pub(crate) fn close_all(&mut self) {
        self.descriptors.clear();
    }

    /// Every state that the disk may hold if the power goes now: each one of the config with each
    /// combination of what the other names may lead to, and with each one that a single other file
    /// may hold. (What all the others may hold at once would be too much, and the config could not
    /// tell it apart.)
    pub(crate) fn states(&self, config: &Path) -> BTreeSet<State> {
        let mut states = BTreeSet::new();
        let none = vec![None];
        let bindings = self.names.get(config).unwrap_or(&none);
        let others: Vec<_> = self
            .names
            .iter()
            .filter(|(name, _)| *name != config)
            .collect();
        for chosen in self.choices(bindings) {
            let mut start = State::new();
            set(&mut start, config, chosen.clone(), &chosen);
            for newest in [false, true] {
                let mut combined = vec![start.clone()];
                let mut extreme = start.clone();
                // A copy of what was written counts by its digest alone, whatever the others hold.
                let is_copy = |name: &Path| name.extension() == Some("last".as_ref());
                for (name, bindings) in others.iter().filter(|it| !is_copy(it.0)) {
                    let choices: Vec<Choice> = distinct(bindings)
                        .map(|binding| self.choice(binding, newest))
                        .collect();
                    combined = combined
                        .iter()
                        .flat_map(|state| with_each(state, name, &choices, &chosen))
                        .collect();
                    let end = if newest {
                        bindings.last()
                    } else {
                        bindings.first()
                    };
                    let end = end.and_then(Option::as_ref);
                    set(&mut extreme, name, self.choice(end, newest), &chosen);
                }
                assert!(
                    combined.len() <= MOST,
                    "too much unsynced: {:?}",
                    self.names
                );
                states.extend(combined);
                for (name, bindings) in &others {
                    let choices = self.choices(bindings);
                    states.extend(with_each(&extreme, name, &choices, &chosen));
                }
            }
        }
        for folder in &self.unsynced_folders {
            let without = |state: &State| {
                let mut state = state.clone();
                state.retain(|name, _| !name.starts_with(folder));
                state
            };
            let all: Vec<State> = states.iter().map(without).collect();
            states.extend(all);
        }
        states
    }

    /// All that a name may lead to, with all that a file may hold.
    fn choices(&self, bindings: &Bindings) -> Vec<Choice> {
        let mut choices = Vec::new();
        for binding in distinct(bindings) {
            let nodes = match binding {
                Some(Binding::File(file)) => {
                    let possible = self.files[*file].possible();
                    possible.into_iter().map(Node::File).map(Some).collect()
                }
                Some(Binding::Link(target)) => vec![Some(Node::Link(target.clone()))],
                None => vec![None],
            };
            choices.extend(nodes.into_iter().map(|node| Choice {
                binding: binding.cloned(),
                node,
            }));
        }
        choices
    }

    /// A file that holds nothing but what was synced, or everything.
    fn choice(&self, binding: Option<&Binding>, newest: bool) -> Choice {
        let node = binding.map(|binding| match binding {
            Binding::Link(target) => Node::Link(target.clone()),
            Binding::File(file) if newest => Node::File(self.files[*file].now().into()),
            Binding::File(file) => Node::File(self.files[*file].on_disk().into()),
        });
        Choice {
            binding: binding.cloned(),
            node,
        }
    }
}

fn distinct(bindings: &Bindings) -> impl Iterator<Item = Option<&Binding>> {
    let is_first =
        |(index, binding): &(usize, &Option<Binding>)| !bindings[..*index].contains(binding);
    let first = bindings.iter().enumerate().filter(is_first);
    first.map(|(_, binding)| binding.as_ref())
}

/// One thing that a name may lead to.
#[derive(Debug, Clone)]
struct Choice {
    binding: Option<Binding>,
    node: Option<Node>,
}

/// Enters what a name leads to; where that is the file that was chosen for the config, it holds the
/// same there.
fn set(state: &mut State, name: &Path, choice: Choice, chosen: &Choice) {
    let node = if choice.binding == chosen.binding {
        chosen.node.clone()
    } else {
        choice.node
    };
    match node {
        Some(node) => state.insert(name.to_owned(), node),
        None => state.remove(name),
    };
}

fn with_each(state: &State, name: &Path, choices: &[Choice], chosen: &Choice) -> Vec<State> {
    let with = |choice: &Choice| {
        let mut state = state.clone();
        set(&mut state, name, choice.clone(), chosen);
        state
    };
    choices.iter().map(with).collect()
}
