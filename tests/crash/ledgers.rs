//! The ledger beside a config: what it may say when an edit is cut short, and what comes of it.
//!
//! The ledger goes first, then the files. `config.toml.owners.before` is what the ledger was; it is
//! there only while a run is under way or was killed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::disk::{Node, State};
use crate::edits::{read, shown};
use crate::process::Run;
use crate::promise::Promise;

/// An owner that no edit is made for.
const THIRD: &str = "third";

/// The ledger, and the one of before the run.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ledgers {
    pub(crate) now: Option<Vec<u8>>,
    pub(crate) before: Option<Vec<u8>>,
}

/// What an edit makes of a ledger; `None`: there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) old: Option<Vec<u8>>,
    pub(crate) new: Option<Vec<u8>>,
}

/// What each owner wants.
type Wants = BTreeMap<String, Vec<(String, String)>>;

/// The path of a ledger beside the real config.
pub(crate) fn path(config: &Path, suffix: &str) -> PathBuf {
    let mut path = config.as_os_str().to_owned();
    path.push(".owners");
    path.push(suffix);
    path.into()
}

impl fmt::Debug for Ledgers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Option<Vec<u8>>| {
            let bytes = bytes.as_deref();
            bytes.map_or("no file".into(), |it| {
                String::from_utf8_lossy(it).into_owned()
            })
        };
        let (now, before) = (text(&self.now), text(&self.before));
        write!(formatter, "now: {now}, before: {before}")
    }
}

impl Ledgers {
    pub(crate) fn beside(config: &Path) -> Self {
        Self {
            now: read(&path(config, "")),
            before: read(&path(config, ".before")),
        }
    }

    /// What a crash has left of them.
    pub(crate) fn in_state(state: &State, config: &Path) -> Self {
        let bytes = |suffix| match state.get(&path(config, suffix))? {
            Node::File(bytes) => Some(bytes.to_vec()),
            Node::Link(_) => None,
        };
        Self {
            now: bytes(""),
            before: bytes(".before"),
        }
    }

    /// Whether no run is under way, and this is the ledger.
    pub(crate) fn is(&self, ledger: Option<&Vec<u8>>) -> bool {
        self.now.as_ref() == ledger && self.before.is_none()
    }

    /// What is wrong once a run has come to its end.
    pub(crate) fn unfinished(&self) -> Option<String> {
        self.before
            .is_some()
            .then(|| "the ledger says that a run is under way".to_owned())
    }
}

impl Recorded {
    /// What is wrong with the ledger of an edit that was cut short. `has_begun`: a file is changed.
    pub(crate) fn wrong(
        &self,
        found: &Ledgers,
        has_begun: bool,
        promise: Promise,
    ) -> Option<String> {
        let (is_old, is_new) = (found.now == self.old, found.now == self.new);
        let is_whole = |bytes: &Vec<u8>| serde_json::from_slice::<Value>(bytes).is_ok();
        let what = if !is_old && !is_new {
            "the ledger is neither old nor new"
        } else if !found.before.iter().all(is_whole) {
            "the ledger of before is torn"
        } else if has_begun && !is_new {
            "the ledger is older than the files"
        } else if !has_begun && !is_old && found.before.is_none() {
            "the ledger is newer than the files, and does not say so"
        } else if promise == Promise::Done && !is_new {
            "the ledger was promised, and is old"
        } else {
            return None;
        };
        Some(format!("{what}: {}", shown(found.now.as_deref())))
    }

    /// What is wrong when an owner comes that has nothing to do with the edit, and when all have left
    /// then. `run` runs the command.
    pub(crate) fn next_owner(
        &self,
        config: &Path,
        has_begun: bool,
        run: impl Fn(&[&str]) -> Run,
    ) -> Option<String> {
        let succeeds = |arguments: &[&str]| {
            let run = run(arguments);
            (run.code() != Some(0)).then(|| format!("{arguments:?} fails after that: {run:?}"))
        };
        let holds = if has_begun { &self.new } else { &self.old };
        let expected = wants(holds.as_deref());
        if let Some(wrong) = succeeds(&["add", "spin", "--owner", THIRD]) {
            return Some(wrong);
        }
        let found = Ledgers::beside(config);
        let mut wanted = wants(found.now.as_deref());
        if wanted.remove(THIRD).is_none() || wanted != expected {
            return Some(format!(
                "begun: {has_begun}, but after the next owner's run {wanted:?} are wanted"
            ));
        }
        let mut leaving = wanted.keys().map(String::as_str).chain([THIRD]);
        let refused = leaving.find_map(|owner| succeeds(&["remove", "--owner", owner]));
        let found = Ledgers::beside(config);
        let left = wants(found.now.as_deref());
        let is_left = (!left.is_empty()).then(|| format!("still wanted: {left:?}"));
        refused.or(is_left).or_else(|| found.unfinished())
    }
}

/// A ledger but for what it tells of the last edit.
pub(crate) fn settled(ledger: Option<&[u8]>) -> Value {
    let mut ledger = ledger.map_or(Value::Null, |ledger| {
        serde_json::from_slice(ledger).expect("a whole ledger")
    });
    if let Some(ledger) = ledger.as_object_mut() {
        ledger.remove("files");
    }
    ledger
}

/// What the owners of a ledger want.
pub(crate) fn wants(ledger: Option<&[u8]>) -> Wants {
    let Some(ledger) = ledger else {
        return Wants::new();
    };
    let ledger: Value = serde_json::from_slice(ledger).expect("a whole ledger");
    let owners = ledger["owners"].as_object().expect("owners").iter();
    let wants = owners.map(|(name, owner)| {
        let wants = owner["wants"].as_array().expect("wants").iter();
        let wants = wants.map(|want| (want["key"].to_string(), want["value"].to_string()));
        (name.clone(), wants.collect())
    });
    wants.collect()
}
