//! Owners with a drop-in each, beside one config that imports them: after any installs, upgrades and
//! uninstalls the files are what some order of one after the other leaves, and with the last
//! uninstall the config has its original bytes and no drop-in is left.
#![expect(
    clippy::disallowed_methods,
    reason = "configs are written as their owners would"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use containerd_edit::{
    ConfigFiles, Document, DropIn, Editor, Handler, Host, Inventory, LogTo, Owner, Patch, Preset,
    Release, Setting, load,
};
use proptest::prelude::*;
use proptest::test_runner::Config;
use tempfile::TempDir;

use crate::spellings::{self, Choices};
use crate::{meaning, round_trip};

const OWNERS: [&str; 3] = ["b", "a", "z/c"];
/// Handlers of each owner's own; the last one is wanted by all.
const OWN: [[&str; 3]; 3] = [
    ["kata", "kata-clh", "shared"],
    ["nvidia", "nvidia-cdi", "shared"],
    ["spin", "wasmtime", "shared"],
];
/// Of the cases of other properties one in so many: these take their time on a disk.
const FEWER: u32 = 12;

const RUNTIMES: &str = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.mine]\n\
    runtime_type = 'mine.v2'\n";

/// What an installer wants in one of its releases.
#[derive(Debug, Clone)]
struct Wish {
    handlers: Vec<(&'static str, &'static str)>,
    /// Any owner's handler.
    default: Option<&'static str>,
    cri: Option<&'static str>,
    debug: Option<&'static str>,
    proxy: bool,
}

#[derive(Debug, Clone)]
enum Run {
    /// An owner installs or upgrades, and removes what it no longer wants.
    Apply(usize, Wish),
    Remove(usize),
    /// Somebody removes a handler by its name.
    RemoveName(&'static str),
}

fn wish(owner: usize, choices: &mut Choices<'_>) -> Wish {
    let settings = ["sandboxer=x", "snapshotter=native", "options.deeper.key=2"];
    let mut handlers = Vec::new();
    for name in OWN[owner] {
        let is_rare = name == "shared";
        if choices.rarely(if is_rare { 4 } else { 3 }) == is_rare {
            handlers.push((name, choices.of(&settings)));
        }
    }
    let any = OWN[choices.below(3)][choices.below(2)];
    Wish {
        handlers,
        default: choices.rarely(2).then_some(any),
        cri: choices.of(&[None, Some("enable_cdi=true"), Some("enable_cdi=false")]),
        debug: choices.of(&[None, Some("level=debug"), Some("level=trace")]),
        proxy: choices.rarely(3),
    }
}

/// A config that drop-ins can go with.
fn original(choices: &mut Choices<'_>) -> Option<String> {
    let own = [
        None,
        Some("version = 3\n".to_owned()),
        Some("version = 2\r\n# mine\r\n".to_owned()),
        Some("# mine\nversion = 3\nimports = [ ]\n[debug]\nlevel = 'info'".to_owned()),
        Some(format!(
            "version = 3\nimports = ['conf.d/*.toml'] # all\n\n{RUNTIMES}"
        )),
        Some(format!(
            "version = 3\n{RUNTIMES}\
             [plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
             default_runtime_name = 'mine' # mine\n"
        )),
    ];
    let number = choices.below(own.len() + 2);
    match own.into_iter().nth(number) {
        Some(own) => own,
        None => Some(spellings::config(choices)),
    }
}

fn owner(number: usize) -> Owner {
    OWNERS[number].parse().expect("owners are owners")
}

/// The releases that merge files; where each owner has one, no others can be served.
fn releases() -> Vec<Release> {
    let all = Release::LINES.into_iter();
    all.filter(|release| !release.to_string().starts_with("1."))
        .collect()
}

/// Whether a config serves. One whose default is missing can't be given back as it was, since a
/// drop-in has mended it meanwhile: an uninstall is refused then.
fn serves(text: &str) -> bool {
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let mut releases = releases().into_iter();
    toml_edit::Document::parse(text).is_ok()
        && releases.all(|release| load(&files, release, &Host::default()).serves())
}

/// The handlers that a config lists.
fn names(text: &str) -> Vec<String> {
    let config = Document::parse(text.as_bytes()).ok();
    let inventory = config.and_then(|config| Inventory::of(&config, None).ok());
    let handlers = inventory
        .into_iter()
        .flat_map(|inventory| inventory.handlers);
    handlers.map(|handler| handler.name).collect()
}

fn setting(text: &str) -> Setting {
    text.parse().expect("a setting")
}

fn removal(number: usize) -> Patch {
    Patch::new().owner(owner(number)).prune()
}

impl Wish {
    fn patch(&self, number: usize) -> Patch {
        let mut patch = Patch::new().owner(owner(number)).declares().prune();
        for (name, more) in &self.handlers {
            let crun = Preset::named("crun").expect("a preset");
            let handler = Handler::from_preset(name.parse().expect("a name"), crun);
            let handler = handler.with(setting(more)).expect("settings go together");
            patch = patch.ensure(handler);
        }
        if let Some(name) = self.default {
            patch = patch.default_handler(name.parse().expect("a name"));
        }
        patch = self.cri.into_iter().map(setting).fold(patch, Patch::cri);
        if self.proxy {
            patch = patch.proxy_plugin(setting("p.type=snapshot"));
            patch = patch.proxy_plugin(setting("p.address=/run/p.sock"));
        }
        self.debug
            .into_iter()
            .map(setting)
            .fold(patch, Patch::debug)
    }
}

/// A config on a disk.
struct Place {
    folder: TempDir,
}

/// All files by their names, with their texts.
type Files = BTreeMap<PathBuf, String>;

impl Place {
    fn of(text: Option<&str>) -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        if let Some(text) = text {
            fs::write(place.config(), text).expect("writes");
        }
        if text.is_some_and(|text| text.contains("conf.d")) {
            fs::create_dir(place.folder.path().join("conf.d")).expect("creates");
        }
        place
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn editor(&self) -> Editor {
        Editor::new(self.config())
            .drop_in(DropIn::ForOwner)
            .log(LogTo::Nowhere)
            .releases(releases())
    }

    /// Makes an edit. Returns whether it was accepted; one that is refused leaves all as it was, and
    /// one that is not is done for good.
    fn edit(&self, patch: &Patch) -> Result<bool, String> {
        let before = self.files();
        if let Err(error) = self.editor().commit(patch) {
            let is_refused = [
                "ambiguous-plugin",
                "default-not-listed",
                "harmful",
                "misplaced-handlers",
                "foreign-handler",
                "drop-in-version",
                "not-editable",
            ];
            let is_refused =
                is_refused.contains(&error.code().as_str()) || error.exit_code() as u8 == 65;
            return if is_refused && self.files() == before {
                Ok(false)
            } else {
                Err(format!("{error:?}\n{before:#?}\n{:#?}", self.files()))
            };
        }
        match self.editor().plan(patch) {
            Ok(plan) if !plan.is_change() => Ok(true),
            again => Err(format!("twice is not once: {again:?}\n{before:#?}")),
        }
    }

    fn files(&self) -> Files {
        let mut files = Files::new();
        let folder = self.folder.path();
        for (name, path) in [("", self.config()), ("conf.d", folder.join("conf.d"))] {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            let paths = entries.map(|entry| entry.path());
            for path in paths.chain([path].into_iter().filter(|path| path.is_file())) {
                let text = fs::read_to_string(&path).expect("readable");
                let text = text.replace(&*folder.to_string_lossy(), "FOLDER");
                files.insert(
                    PathBuf::from(name).join(path.file_name().expect("a name")),
                    text,
                );
            }
        }
        files
    }
}

/// What each file says.
fn meant(files: &Files) -> BTreeMap<&PathBuf, Vec<(Vec<String>, String)>> {
    let meant = files.iter().map(|(path, text)| {
        let mut leaves = meaning::leaves(text);
        // One may be left from when the default was another one.
        leaves.retain(|(path, _)| {
            !matches!(&path[..], [_, id, _, _, name, ..] if name == "runc" && id.contains("grpc"))
        });
        (path, leaves)
    });
    meant.collect()
}

fn check(text: Option<&str>, runs: &[Run]) -> Result<usize, String> {
    let place = Place::of(text);
    let mut installed: [Option<Wish>; 3] = [None, None, None];
    let mut accepted = 0;
    for run in runs {
        let is_accepted = match run {
            Run::Apply(number, wish) => place.edit(&wish.patch(*number))?,
            Run::Remove(number) => {
                let removed = place.edit(&removal(*number))?;
                if !removed && installed[*number].is_some() {
                    return Err(format!("an uninstall is refused: {:#?}", place.files()));
                }
                removed
            }
            Run::RemoveName(name) => place.edit(&Patch::new().remove(*name))?,
        };
        if !is_accepted {
            continue;
        }
        accepted += 1;
        match run {
            Run::Apply(number, wish) => installed[*number] = Some(wish.clone()),
            Run::Remove(number) => installed[*number] = None,
            Run::RemoveName(name) => {
                for wish in installed.iter_mut().flatten() {
                    wish.handlers.retain(|(known, _)| known != name);
                }
            }
        }
        // A default goes with the handler that it names, whosever that is.
        let listed: Vec<&str> = installed
            .iter()
            .flatten()
            .flat_map(|wish| wish.handlers.iter().map(|(name, _)| *name))
            .collect();
        for wish in installed.iter_mut().flatten() {
            wish.default = wish.default.filter(|name| listed.contains(name));
        }
    }
    // What a handler has from the runc of others may have changed since.
    let there: Vec<usize> = (0..3).filter(|&owner| installed[owner].is_some()).collect();
    let patch = |owner: usize| installed[owner].as_ref().expect("it is there").patch(owner);
    for &owner in &there {
        if !place.edit(&patch(owner))? {
            return Err(format!("what is there is refused: {:#?}", place.files()));
        }
    }
    let files = place.files();
    let is_serial = round_trip::orders(there.len()).into_iter().any(|order| {
        let serial = Place::of(text);
        // A default may name what another owner brings: it comes in a second round.
        for &number in &order {
            let mut first = installed[there[number]].clone().expect("it is there");
            first.default = None;
            if serial.edit(&first.patch(there[number])).is_err() {
                return false;
            }
        }
        for &number in &order {
            if serial.edit(&patch(there[number])).is_err() {
                return false;
            }
        }
        meant(&serial.files()) == meant(&files)
    });
    if !is_serial {
        return Err(format!("no order leaves this: {installed:#?}\n{files:#?}"));
    }
    for number in 0..OWNERS.len() {
        if !place.edit(&removal(number))? {
            return Err(format!("an uninstall is refused: {:#?}", place.files()));
        }
    }
    let left = place.files();
    let original = Place::of(text).files();
    if left != original {
        return Err(format!("left: {left:#?}\nafter: {files:#?}"));
    }
    Ok(accepted)
}

fn runs(choices: &mut Choices<'_>) -> Vec<Run> {
    let owners = 2 + choices.below(2);
    let count = 2 + choices.below(5);
    let run = |_| {
        let owner = choices.below(owners);
        match choices.below(8) {
            6 => Run::Remove(owner),
            7 => Run::RemoveName(OWN[owner][choices.below(3)]),
            _ => Run::Apply(owner, wish(owner, choices)),
        }
    };
    (0..count).map(run).collect()
}

fn fewer() -> Config {
    let config = crate::config();
    Config {
        cases: config.cases.div_ceil(FEWER),
        ..config
    }
}

proptest! {
    #![proptest_config(fewer())]

    #[test]
    fn owners_of_drop_ins_get_along(numbers in spellings::numbers()) {
        let mut choices = Choices::new(&numbers);
        let mut runs = runs(&mut choices);
        let text = original(&mut choices);
        // What is the user's own does not come back.
        let own = text.as_deref().map(names).unwrap_or_default();
        runs.retain(|run| !matches!(run, Run::RemoveName(name) if own.iter().any(|own| own == name)));
        if text.as_deref().is_none_or(serves) {
            let checked = check(text.as_deref(), &runs);
            prop_assert!(checked.is_ok(), "{runs:#?}\n{text:?}\n{}", checked.unwrap_err());
        }
    }
}

/// Enough of them are accepted that the property says something.
#[test]
fn most_runs_are_accepted() {
    let mut lists = spellings::seeded(7);
    let (mut made, mut accepted) = (0, 0);
    for text in [None, Some("version = 3\n")] {
        for numbers in lists.by_ref().take(8) {
            let runs = runs(&mut Choices::new(&numbers));
            made += runs.len();
            match check(text, &runs) {
                Ok(count) => accepted += count,
                Err(why) => panic!("{runs:#?}\n{why}"),
            }
        }
    }
    assert!(accepted * 2 > made, "{accepted} of {made}");
}
