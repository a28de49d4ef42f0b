//! Edits of a config and its drop-in: what stands there before, between the two changes, and after
//! them.
//!
//! The paths are those of a host below a root, so that the import in the config is the same wherever
//! the root is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use containerd_edit::model::{ConfigFiles, FileState, Host, Verdict, load};
use containerd_edit::{Document, Inventory, Release};
use tempfile::TempDir;

use crate::command::{PROGRAM, Subject};
use crate::disk::{Node, State};
use crate::edits::{DEADLINE, again, read, shown};
use crate::folders::copy;
use crate::ledgers::{Ledgers, Recorded, settled};
use crate::process::{Run, finished};
use crate::promise::Promise;

/// A config with a handler that has to stay, and without a final newline.
const CONFIG: &str = "# node-a\nversion = 3\n[debug]\n  level = \"info\" # for now\n\
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.mine]\n  runtime_type = 'mine.v2'";
const ON_HOST: &str = "/etc/config.toml";
const DROP_IN_ON_HOST: &str = "/etc/conf.d/50-manual.toml";

/// What an edit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds a handler in a drop-in that the config does not import yet.
    Install,
    /// Adds another one to that.
    Upgrade,
    /// Removes the only handler of a drop-in.
    Uninstall,
    /// As [`Edit::Install`] where there is no config.
    Create,
    /// Removes the only handler for which config and drop-in were created.
    Delete,
}

/// The handlers that each release loads that reads a config; `None`: it does not serve.
type Served = Vec<(Release, Option<BTreeSet<String>>)>;

/// What a config and its drop-in hold; `None`: no file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    pub(crate) config: Option<Vec<u8>>,
    pub(crate) drop_in: Option<Vec<u8>>,
}

/// An edit, and the pairs before it, between its changes and after it.
#[derive(Clone)]
pub(crate) struct Example {
    pub(crate) edit: Edit,
    /// A host on which nothing was done yet.
    start: Arc<Place>,
    pairs: [Pair; 3],
    /// What is wrong with each of them for containerd.
    harms: [Option<String>; 3],
    ledger: Recorded,
}

/// A host below a temporary folder.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    _folder: TempDir,
}

impl Edit {
    pub(crate) const ALL: [Self; 5] = [
        Self::Install,
        Self::Upgrade,
        Self::Uninstall,
        Self::Create,
        Self::Delete,
    ];

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Install | Self::Create => &["add", "crun", "--drop-in"],
            Self::Upgrade => &["add", "youki", "--drop-in"],
            Self::Uninstall | Self::Delete => &["remove", "crun", "--drop-in"],
        }
    }

    /// The config before the command has ever been there.
    fn first_config(self) -> Option<&'static str> {
        (!matches!(self, Self::Create | Self::Delete)).then_some(CONFIG)
    }

    /// Whether the drop-in goes, which is done last.
    fn removes(self) -> bool {
        matches!(self, Self::Uninstall | Self::Delete)
    }

    pub(crate) fn example(self) -> Example {
        let place = Place::before(self);
        let (before, old) = (place.pair(), place.ledgers().now);
        let run = place.run(self, Subject::SOUND);
        assert_eq!(run.code(), Some(0), "{self:?}: {run:?}");
        let after = place.pair();
        assert_ne!(before, after, "{self:?} changes nothing");
        let between = if self.removes() {
            Pair {
                config: after.config.clone(),
                drop_in: before.drop_in.clone(),
            }
        } else {
            Pair {
                config: before.config.clone(),
                drop_in: after.drop_in.clone(),
            }
        };
        let pairs = [before, between, after];
        let [before, _, after] = &pairs;
        let served = [before.served(), after.served()];
        Example {
            edit: self,
            start: Arc::new(Place::before(self)),
            ledger: Recorded {
                old,
                new: place.ledgers().now,
            },
            harms: pairs.each_ref().map(|pair| pair.harm(&served)),
            pairs,
        }
    }
}

impl Pair {
    fn served(&self) -> Served {
        let config = self.config.clone().unwrap_or_default();
        let parsed = Document::parse(&config).ok();
        let listed = parsed.and_then(|config| Inventory::of(&config, None).ok());
        let version = listed.map_or(0, |listed| listed.version);
        let mut files = ConfigFiles::new(ON_HOST, config);
        if let Some(bytes) = &self.drop_in {
            files.insert(DROP_IN_ON_HOST, FileState::Bytes(bytes.clone().into()));
        }
        let reading = Release::LINES
            .iter()
            .filter(|release| release.reads(version));
        let served = reading.map(|&release| {
            let verdict = load(&files, release, &Host::default());
            let handlers = match verdict {
                Verdict::Serves { handlers, .. } => Some(handlers.into_keys().collect()),
                _ => None,
            };
            (release, handlers)
        });
        served.collect()
    }

    /// What a release loses with this pair that it has served before the edit, and shall serve after it.
    fn harm(&self, [before, after]: &[Served; 2]) -> Option<String> {
        let stays = |release: Release, name: &String| {
            let mut after = after.iter().filter(|(other, _)| *other == release);
            after.any(|(_, handlers)| handlers.as_ref().is_some_and(|all| all.contains(name)))
        };
        for (release, handlers) in self.served() {
            let served = before.iter().find(|(other, _)| *other == release);
            let Some((_, Some(served))) = served else {
                continue;
            };
            let Some(handlers) = handlers else {
                return Some(format!("{release} does not serve with {}", self.shown()));
            };
            let lost = served
                .iter()
                .find(|name| stays(release, name) && !handlers.contains(*name));
            if let Some(name) = lost {
                return Some(format!("{release} has lost {name} with {}", self.shown()));
            }
        }
        None
    }

    pub(crate) fn shown(&self) -> String {
        format!(
            "config: {}; drop-in: {}",
            shown(self.config.as_deref()),
            shown(self.drop_in.as_deref())
        )
    }
}

impl Example {
    pub(crate) fn before(&self) -> &Pair {
        &self.pairs[0]
    }

    pub(crate) fn after(&self) -> &Pair {
        &self.pairs[2]
    }

    /// What is wrong with what stands there when so much was promised.
    pub(crate) fn wrong_at(&self, place: &Place, promise: Promise) -> Option<String> {
        self.wrong(&place.pair(), &place.ledgers(), promise)
    }

    /// What is wrong with this pair and its ledger when so much was promised.
    pub(crate) fn wrong(&self, pair: &Pair, ledgers: &Ledgers, promise: Promise) -> Option<String> {
        let is_allowed = match promise {
            Promise::Done => pair == self.after(),
            Promise::Untouched => pair == self.before(),
            Promise::None => self.pairs.contains(pair),
        };
        if !is_allowed {
            return Some(format!("promised: {promise:?}, but {}", pair.shown()));
        }
        let known = self.pairs.iter().position(|known| known == pair)?;
        let harm = self.harms[known].clone();
        harm.or_else(|| self.ledger.wrong(ledgers, pair != self.before(), promise))
    }

    /// What is wrong when an owner that has nothing to do with the edit comes after it was cut short,
    /// and when all leave then.
    pub(crate) fn after_the_next_owner(&self, place: &Place) -> Option<String> {
        let has_begun = place.pair() != *self.before();
        let run = |arguments: &[&str]| place.run_with(arguments, Subject::SOUND);
        let wrong = self.ledger.next_owner(&place.config(), has_begun, run);
        wrong.or_else(|| place.unlike_the_first(self.edit))
    }

    /// What is wrong with taking back what was done, as far as anything was.
    pub(crate) fn not_undone(&self, place: &Place) -> Option<String> {
        if place.pair() == *self.before() {
            return None;
        }
        let run = place.run_with(&["undo"], Subject::SOUND);
        let pair = place.pair();
        let is_undone = run.code() == Some(0) && pair == *self.before();
        (!is_undone).then(|| format!("not undone: {}; {run:?}", pair.shown()))
    }

    /// A host on which nothing was done yet.
    pub(crate) fn place(&self) -> Place {
        let place = Place::empty();
        copy(&self.start.root, &place.root);
        place
    }

    /// What is wrong with running the command once more, with nothing in its way.
    pub(crate) fn unsettled(&self, place: &Place, subject: Subject) -> Option<String> {
        let run = place.run(self.edit, again(subject));
        if run.code() != Some(0) {
            return Some(format!("the rerun fails: {run:?}"));
        }
        let (pair, ledgers) = (place.pair(), place.ledgers());
        if pair != *self.after() {
            return Some(format!("after the rerun, {}", pair.shown()));
        }
        // The rerun has changed fewer files, so that its ledger tells of fewer.
        let is_recorded = settled(ledgers.now.as_deref()) == settled(self.ledger.new.as_deref());
        let unlike = (!is_recorded).then(|| format!("the ledger is {ledgers:?}"));
        if let Some(wrong) = unlike.or_else(|| ledgers.unfinished()) {
            return Some(format!("after the rerun, {wrong}"));
        }
        let left = place.left_over();
        (!left.is_empty()).then(|| format!("the rerun leaves {left:?}"))
    }
}

impl Place {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        fs::create_dir_all(root.join("etc")).expect("creates folders");
        Self {
            root,
            _folder: folder,
        }
    }

    /// What an edit starts from, as the command itself has left it.
    pub(crate) fn before(edit: Edit) -> Self {
        let place = Self::empty();
        if let Some(config) = edit.first_config() {
            fs::write(place.config(), config).expect("the config is written");
        }
        if edit.removes() || edit == Edit::Upgrade {
            let run = place.run(Edit::Install, Subject::SOUND);
            assert_eq!(run.code(), Some(0), "nothing to go on from: {run:?}");
        }
        place
    }

    /// What a crash has left of another place.
    pub(crate) fn holding(state: &State, other: &Self) -> Self {
        let place = Self::empty();
        for (path, node) in state {
            let path = place
                .root
                .join(path.strip_prefix(&other.root).expect("below it"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("creates folders");
            match node {
                Node::File(bytes) => fs::write(path, bytes).expect("writes"),
                Node::Link(target) => panic!("a link to {}", target.display()),
            }
        }
        place
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.root.join(&ON_HOST[1..])
    }

    fn drop_in(&self) -> PathBuf {
        self.root.join(&DROP_IN_ON_HOST[1..])
    }

    pub(crate) fn pair(&self) -> Pair {
        Pair {
            config: read(&self.config()),
            drop_in: read(&self.drop_in()),
        }
    }

    pub(crate) fn ledgers(&self) -> Ledgers {
        Ledgers::beside(&self.config())
    }

    /// What is wrong once all owners have left.
    fn unlike_the_first(&self, edit: Edit) -> Option<String> {
        let first = Pair {
            config: edit.first_config().map(|text| text.as_bytes().to_vec()),
            drop_in: None,
        };
        let (pair, left) = (self.pair(), self.left_over());
        if pair != first {
            let shown = pair.shown();
            return Some(format!("not the original once all have left: {shown}"));
        }
        (!left.is_empty()).then(|| format!("once all have left, there is {left:?}"))
    }

    /// The pair in what a crash has left of this place.
    pub(crate) fn pair_in(&self, state: &State) -> Pair {
        let bytes = |path: &Path| match state.get(path)? {
            Node::File(bytes) => Some(bytes.to_vec()),
            Node::Link(_) => None,
        };
        Pair {
            config: bytes(&self.config()),
            drop_in: bytes(&self.drop_in()),
        }
    }

    /// The temporary files, and whatever else than the drop-in stands in its folder, which
    /// containerd or somebody else may look into.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let in_folder = |folder: &str| -> Vec<PathBuf> {
            let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
            entries
                .map(|entry| entry.expect("an entry").path())
                .collect()
        };
        let is_temporary = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with('.')
        };
        let mut left = in_folder("etc");
        left.retain(is_temporary);
        left.extend(
            in_folder("etc/conf.d")
                .into_iter()
                .filter(|path| *path != self.drop_in()),
        );
        left.sort();
        left
    }

    /// The path of the config as the command line has it, and what follows.
    pub(crate) fn arguments(&self, edit: Edit) -> (&'static Path, Vec<String>) {
        let root = self.root.to_str().expect("UTF-8").to_owned();
        let mut arguments = vec!["--host-root".to_owned(), root];
        arguments.extend(edit.arguments().iter().map(|&word| word.to_owned()));
        (Path::new(ON_HOST), arguments)
    }

    /// Makes an edit with nothing in its way.
    pub(crate) fn run(&self, edit: Edit, subject: Subject) -> Run {
        self.run_with(edit.arguments(), subject)
    }

    fn run_with(&self, arguments: &[&str], subject: Subject) -> Run {
        let mut command = subject.run(PROGRAM);
        command.args(["--config", ON_HOST, "--host-root"]);
        finished(command.arg(&self.root).args(arguments), DEADLINE)
    }
}
