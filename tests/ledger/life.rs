//! Lives: what happens on a node, made up from a number.

use std::collections::BTreeSet;
use std::fmt;

use containerd_edit::{Change, KeyName};

use crate::meaning::{IMAGES, MAIN, Path, RUNTIME, handler, path, runtimes};

/// What may happen besides owners that come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    BeEditedByOthers,
    BeKilled,
    Adopt,
    UseDropIns,
}

/// All that may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode(pub(crate) &'static [May]);

impl Mode {
    fn may(self, what: May) -> bool {
        self.0.contains(&what)
    }
}

/// One key that an owner wants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub path: Path,
    pub value: String,
    pub is_element: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// This is all that the owner wants.
    All(Vec<Wanted>),
    Add(Vec<Wanted>),
    Unset(Path),
    /// What the owner wants there goes, else what nobody wants.
    Clear(Wanted),
    Remove(String),
    Leave,
}

/// One owner's command.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub owner: String,
    pub file: String,
    pub what: What,
    pub takes_over: bool,
    pub adopts: bool,
    /// The run is killed after so many steps.
    pub crash: Option<u8>,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Run(Command),
    Foreign { kind: u8, seed: u64 },
}

#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub base: usize,
    pub steps: Vec<Step>,
    /// The order in which owners leave.
    pub leaving: u64,
}

pub(crate) const OWNERS: [&str; 4] = ["a", "b", "c", "manual"];
/// Kinds of foreign hands.
pub(crate) const FOREIGN: u8 = 14;

impl Wanted {
    fn new(path: Path, value: &str) -> Self {
        Self {
            path,
            value: value.to_owned(),
            is_element: false,
        }
    }
}

impl Wanted {
    /// The key as a command line has it.
    fn dotted(&self) -> String {
        let key: Vec<String> = self.path.iter().map(|it| format!("{it:?}")).collect();
        key.join(".")
    }

    pub(crate) fn is_default(&self, name: &str) -> bool {
        self.path
            .last()
            .is_some_and(|it| it == "default_runtime_name")
            && self.value == format!("\"{name}\"")
    }
}

impl Command {
    /// The handlers that the command is about.
    pub(crate) fn handlers(&self) -> BTreeSet<String> {
        let wanted = self.wants().iter().filter_map(|it| handler(&it.path));
        wanted.map(str::to_owned).collect()
    }

    pub(crate) fn leave(owner: &str, file: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            file: file.to_owned(),
            what: What::Leave,
            takes_over: false,
            adopts: false,
            crash: None,
        }
    }

    /// The same once more, as a loop would run it.
    pub(crate) fn again(&self) -> Self {
        Self {
            takes_over: false,
            adopts: false,
            crash: None,
            ..self.clone()
        }
    }

    pub(crate) fn change(&self) -> Change {
        let change = match &self.what {
            What::Leave => Change::leave(&self.owner, Some("2026-08-22T10:00:00Z".to_owned())),
            _ => Change::of(&self.owner).in_file(&self.file),
        };
        let wanted = |change: Change, wants: &[Wanted]| {
            wants.iter().fold(change, |change, want| {
                if want.is_element {
                    let element = format!("{}={}", want.dotted(), want.value);
                    let element = element.parse().expect("an element");
                    return change.key(&element).expect("an element of a list");
                }
                let path: Vec<&str> = want.path.iter().map(String::as_str).collect();
                change.set(&path, &want.value)
            })
        };
        let change = match &self.what {
            What::All(wants) => wanted(change, wants).prune(),
            What::Add(wants) => wanted(change, wants),
            What::Unset(path) => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                change.unset(&path)
            }
            What::Clear(want) => {
                let element = want.is_element.then(|| format!("={}", want.value));
                let name = want.dotted() + &element.unwrap_or_default();
                let name: KeyName = name.parse().expect("a key");
                change.clear(&name).expect("a key that can be cleared")
            }
            What::Remove(name) => change.remove(name),
            What::Leave => change,
        };
        let change = if self.takes_over {
            change.take_over()
        } else {
            change
        };
        if self.adopts { change.adopt() } else { change }
    }

    /// What the command asks for.
    pub(crate) fn wants(&self) -> &[Wanted] {
        match &self.what {
            What::All(wants) | What::Add(wants) => wants,
            _ => &[],
        }
    }
}

impl Life {
    pub(crate) fn random(seed: u64, bases: usize, mode: Mode) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let in_drop_in: Vec<bool> = OWNERS
            .iter()
            .map(|_| mode.may(May::UseDropIns) && random.u8(..3) == 0)
            .collect();
        let steps = (0..random.usize(1..12)).map(|_| {
            if mode.may(May::BeEditedByOthers) && random.u8(..3) == 0 {
                return Step::Foreign {
                    kind: random.u8(..FOREIGN),
                    seed: random.u64(..),
                };
            }
            let owner = random.usize(..OWNERS.len());
            let moves = mode.may(May::UseDropIns) && random.u8(..12) == 0;
            Step::Run(command(
                &mut random,
                mode,
                owner,
                in_drop_in[owner] != moves,
            ))
        });
        Self {
            steps: steps.collect(),
            base: random.usize(..bases),
            leaving: random.u64(..),
        }
    }
}

fn command(random: &mut fastrand::Rng, mode: Mode, owner: usize, in_drop_in: bool) -> Command {
    let owner = OWNERS[owner].to_owned();
    let file = if in_drop_in {
        format!("conf.d/50-{owner}.toml")
    } else {
        MAIN.to_owned()
    };
    let wants = wants(random);
    let other = wants
        .iter()
        .find(|want| !want.path.starts_with(&runtimes()));
    let what = match (random.u8(..12), other) {
        (0 | 1, _) => What::Leave,
        (2, Some(other)) => What::Add(vec![other.clone()]),
        (3, Some(other)) if !other.is_element => What::Unset(other.path.clone()),
        (4, Some(other)) => What::Clear(other.clone()),
        (4 | 5, _) => What::Add(wants),
        (6, _) => What::Remove(NAMES[random.usize(..NAMES.len())].to_owned()),
        _ => What::All(wants),
    };
    let may_be_repeated = !matches!(what, What::Clear(_));
    Command {
        owner,
        file,
        takes_over: random.u8(..4) == 0,
        adopts: mode.may(May::Adopt) && random.u8(..4) == 0 && may_be_repeated,
        crash: (mode.may(May::BeKilled) && random.u8(..3) == 0 && may_be_repeated)
            .then(|| random.u8(..)),
        what,
    }
}

/// The handlers that owners want.
pub(crate) const NAMES: [&str; 5] = ["kata", "crun", "runc", "gvisor", "nvidia"];

fn wants(random: &mut fastrand::Rng) -> Vec<Wanted> {
    let mut wants: Vec<Wanted> = Vec::new();
    let mut put = |path: Path, value: &str| {
        wants.retain(|known| known.path != path);
        wants.push(Wanted::new(path, value));
    };
    let default = path(&["plugins", RUNTIME, "containerd", "default_runtime_name"]);
    for _ in 0..random.usize(..4) {
        let name = NAMES[random.usize(..NAMES.len())];
        let of = |below: &[&str]| {
            let mut path = runtimes();
            path.push(name.to_owned());
            path.extend(below.iter().map(|it| (*it).to_owned()));
            path
        };
        let kinds = ["\"io.containerd.runc.v2\"", "\"io.containerd.kata.v2\""];
        put(of(&["runtime_type"]), kinds[random.usize(..2)]);
        if random.u8(..3) == 0 {
            put(of(&["pod_annotations"]), "[\"io.katacontainers.*\"]");
        }
        if random.u8(..4) == 0 {
            put(of(&["snapshotter"]), "\"nydus\"");
        }
        if random.u8(..2) == 0 {
            let binaries = ["\"/usr/bin/x\"", "\"/opt/y\""];
            put(of(&["options", "BinaryName"]), binaries[random.usize(..2)]);
        }
        if random.u8(..3) == 0 {
            let drivers = ["true", "false"];
            put(
                of(&["options", "SystemdCgroup"]),
                drivers[random.usize(..2)],
            );
        }
        if random.u8(..3) == 0 {
            put(default.clone(), &format!("\"{name}\""));
        }
    }
    if random.u8(..12) == 0 {
        put(
            default,
            &format!("\"{}\"", NAMES[random.usize(..NAMES.len())]),
        );
    }
    for (key, values) in VALUES {
        if random.u8(..7) == 0 {
            put(path(key), values[random.usize(..values.len())]);
        }
    }
    if random.u8(..5) == 0 {
        put(path(&["proxy_plugins", "nydus", "type"]), "\"snapshot\"");
        put(
            path(&["proxy_plugins", "nydus", "address"]),
            "\"/run/n.sock\"",
        );
    }
    for name in ["zfs", "btrfs"] {
        if random.u8(..10) == 0 {
            wants.push(Wanted {
                path: path(&["disabled_plugins"]),
                value: format!("\"io.containerd.snapshotter.v1.{name}\""),
                is_element: true,
            });
        }
    }
    wants
}

const VALUES: [(&[&str], &[&str]); 5] = [
    (&["debug", "level"], &["\"debug\"", "\"info\"", "'warn'"]),
    (
        &["plugins", IMAGES, "registry", "config_path"],
        &["\"/etc/containerd/certs.d\"", "\"/x\""],
    ),
    (
        &["plugins", RUNTIME, "cdi_spec_dirs"],
        &["[\"/etc/cdi\"]", "[]", "[\"/a\", \"/b\"]"],
    ),
    (&["plugins", RUNTIME, "enable_cdi"], &["true", "false"]),
    (
        &["timeouts", "io.containerd.timeout.shim.cleanup"],
        &["\"5s\"", "\"6s\""],
    ),
];

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = match self {
            Self::Run(command) => command,
            Self::Foreign { kind, seed } => return write!(formatter, "foreign {kind} {seed}"),
        };
        let Command {
            owner, file, what, ..
        } = command;
        let key = |path: &Path| {
            let key = path.join(".");
            key.replace("plugins.io.containerd.cri.v1.runtime.containerd", "C")
        };
        let all = |wants: &[Wanted]| {
            let wants = wants
                .iter()
                .map(|it| format!("{}={}", key(&it.path), it.value));
            wants.collect::<Vec<_>>().join(", ")
        };
        let what = match what {
            What::All(wants) => format!("all {}", all(wants)),
            What::Add(wants) => format!("add {}", all(wants)),
            What::Unset(path) => format!("unset {}", key(path)),
            What::Clear(want) => format!("clear {}", all(std::slice::from_ref(want))),
            What::Remove(name) => format!("remove {name}"),
            What::Leave => "leave".to_owned(),
        };
        write!(formatter, "{owner} [{file}] {what}")?;
        for (is_so, word) in [(command.takes_over, "take-over"), (command.adopts, "adopt")] {
            if is_so {
                write!(formatter, " {word}")?;
            }
        }
        match command.crash {
            Some(at) => write!(formatter, " killed at {at}"),
            None => Ok(()),
        }
    }
}
