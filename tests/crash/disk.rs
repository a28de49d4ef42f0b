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
    /// How many calls there were.
    calls: usize,
}

/// What a name has led to since its folder was last synced: first what is certain to be on the
/// disk, last what the system shows.
type Bindings = Vec<Bound>;

/// What a name leads to, and since which call.
#[derive(Debug, Clone, Default)]
struct Bound {
    since: usize,
    binding: Option<Binding>,
}

/// Names that reach the disk in the order in which they were changed.
struct Group<'d> {
    names: Vec<PathBuf>,
    /// What they may lead to, all of them at one moment.
    moments: Vec<Vec<Option<&'d Binding>>>,
}

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

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    File(Arc<[u8]>),
    Link(PathBuf),
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
            calls: 0,
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
            let bound = Bound {
                since: 0,
                binding: Some(binding),
            };
            self.names.insert(path, vec![bound]);
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
        let none = vec![Bound::default()];
        let bindings = self.names.get(config).unwrap_or(&none);
        let groups = self.groups(config);
        for chosen in self.choices(&distinct(bindings)) {
            let mut start = State::new();
            set(&mut start, config, chosen.clone(), &chosen);
            for newest in [false, true] {
                let mut combined = vec![start.clone()];
                let mut extreme = start.clone();
                for group in &groups {
                    let all: Vec<Vec<Choice>> = group
                        .moments
                        .iter()
                        .map(|moment| self.plain(moment, newest))
                        .collect();
                    let set_all = |state: &State, choices: &Vec<Choice>| {
                        let mut state = state.clone();
                        group.set(&mut state, choices, &chosen);
                        state
                    };
                    combined = combined
                        .iter()
                        .flat_map(|state| all.iter().map(move |choices| set_all(state, choices)))
                        .collect();
                    let end = if newest { all.last() } else { all.first() };
                    extreme = set_all(&extreme, end.expect("a name leads somewhere"));
                }
                assert!(
                    combined.len() <= MOST,
                    "too much unsynced: {:?}",
                    self.names
                );
                states.extend(combined);
                for group in &groups {
                    states.extend(self.contents(group, &extreme, newest, &chosen));
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

    /// The names but the config's, each with all that it may lead to. Those of ledgers in one folder
    /// change in the order in which they were changed: that is what is relied on, and what the
    /// journals of ext4, xfs and btrfs give.
    fn groups(&self, config: &Path) -> Vec<Group<'_>> {
        let others = self.names.iter().filter(|(name, _)| *name != config);
        let (ledgers, singles): (Vec<_>, Vec<_>) = others.partition(|(name, _)| is_ledger(name));
        let mut groups = Vec::new();
        for (name, bindings) in singles {
            groups.push(Group {
                names: vec![name.clone()],
                moments: distinct(bindings).into_iter().map(|one| vec![one]).collect(),
            });
        }
        let folders: BTreeSet<_> = ledgers.iter().map(|(name, _)| name.parent()).collect();
        for folder in folders {
            let here = ledgers.iter().filter(|(name, _)| name.parent() == folder);
            let here: Vec<_> = here.collect();
            let times = here.iter().flat_map(|(_, bindings)| bindings.iter());
            let times: BTreeSet<usize> = times.map(|bound| bound.since).chain([0]).collect();
            let at = |time: usize| {
                let bindings = here.iter().map(|(_, bindings)| {
                    let bound = bindings.iter().rfind(|bound| bound.since <= time);
                    bound.or(bindings.first())?.binding.as_ref()
                });
                bindings.collect()
            };
            groups.push(Group {
                names: here.iter().map(|(name, _)| (*name).clone()).collect(),
                moments: times.into_iter().map(at).collect(),
            });
        }
        groups
    }

    /// What these names lead to, each file with nothing but what was synced, or with everything.
    fn plain(&self, moment: &[Option<&Binding>], newest: bool) -> Vec<Choice> {
        let choices = moment.iter().map(|binding| self.choice(*binding, newest));
        choices.collect()
    }

    /// All that a single file of a group may hold.
    fn contents(
        &self,
        group: &Group<'_>,
        extreme: &State,
        newest: bool,
        chosen: &Choice,
    ) -> Vec<State> {
        let mut states = Vec::new();
        for moment in &group.moments {
            for (index, binding) in moment.iter().enumerate() {
                for choice in self.choices(&[*binding]) {
                    let mut choices = self.plain(moment, newest);
                    choices[index] = choice;
                    let mut state = extreme.clone();
                    group.set(&mut state, &choices, chosen);
                    states.push(state);
                }
            }
        }
        states
    }

    /// All that a name may lead to, with all that a file may hold.
    fn choices(&self, bindings: &[Option<&Binding>]) -> Vec<Choice> {
        let mut choices = Vec::new();
        for &binding in bindings {
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

impl Group<'_> {
    fn set(&self, state: &mut State, choices: &[Choice], chosen: &Choice) {
        for (name, choice) in self.names.iter().zip(choices) {
            set(state, name, choice.clone(), chosen);
        }
    }
}

fn is_ledger(name: &Path) -> bool {
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    name.contains(".owners")
}

fn distinct(bindings: &Bindings) -> Vec<Option<&Binding>> {
    let mut distinct = Vec::new();
    for bound in bindings {
        let binding = bound.binding.as_ref();
        if !distinct.contains(&binding) {
            distinct.push(binding);
        }
    }
    distinct
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
