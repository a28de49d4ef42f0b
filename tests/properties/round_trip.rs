//! Adding twice is adding once, and removing what was added gives back the file.

use containerd_edit::{
    Code, Document, Edited, Error, Handler, HandlerName, Inventory, ListedHandler, Owner, Patch,
    Preset, apply,
};
use proptest::prelude::*;

use crate::meaning;
use crate::spellings::{self, Choices};

/// A handler to add and remove again.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    name: &'static str,
    owner: &'static str,
    as_default: bool,
}

/// Every preset's way of being spelled, and a name that TOML has to think about.
const NAMES: [&str; 5] = ["crun", "kata", "nvidia", "spin", "0x1"];
const OWNERS: [&str; 3] = ["manual", "kata-deploy", "team/gpu_1.2"];

impl Added {
    pub(crate) fn new(name: &'static str, owner: &'static str, as_default: bool) -> Self {
        Self {
            name,
            owner,
            as_default,
        }
    }

    fn handler(&self) -> Handler {
        let name: HandlerName = self.name.parse().expect("names are handler names");
        match Preset::named(self.name) {
            Some(preset) => Handler::from_preset(name, preset),
            None => Handler::new(name, "io.containerd.mine.v1"),
        }
    }

    fn patch(&self) -> Patch {
        let patch = Patch::new()
            .ensure(self.handler())
            .owner(self.owner.parse::<Owner>().expect("owners are owners"));
        if self.as_default {
            patch.default_handler(self.name.parse().expect("names are handler names"))
        } else {
            patch
        }
    }
}

/// One to three handlers of different names.
pub(crate) fn added(choices: &mut Choices<'_>) -> Vec<Added> {
    let first = choices.below(NAMES.len());
    let step = 1 + choices.below(NAMES.len() - 1);
    (0..=choices.below(3))
        .map(|number| {
            let name = NAMES[(first + number * step) % NAMES.len()];
            Added::new(name, choices.of(&OWNERS), choices.rarely(2))
        })
        .collect()
}

fn edited(text: Option<&str>, patch: &Patch) -> Result<Edited, Error> {
    let config = text.map(|text| Document::parse(text.as_bytes()).expect("the config is TOML"));
    apply(config.as_ref(), patch)
}

/// Whether what the file says of `added` differs from what an edit can leave behind: then remove
/// gives back a repaired file and not the same bytes.
pub(crate) fn is_unsettled(text: &str, added: &[&str]) -> bool {
    let config = Document::parse(text.as_bytes()).expect("the config is TOML");
    let Ok(inventory) = Inventory::of(&config, None) else {
        return false;
    };
    let handlers = &inventory.handlers;
    let is_added = |name: &str| added.contains(&name);
    // These were there before.
    handlers.iter().any(|handler| is_added(&handler.name))
        || has_twin(text, added)
        || holds_unneeded(text, handlers)
        || has_lost_runc(handlers)
        || default_names_nothing(text, &inventory)
        || is_left_over(text)
        || added.iter().any(|added| {
            // A layer goes with the handler that it names.
            ["was", "set"]
                .iter()
                .any(|word| text.contains(&format!("{word} \"{added}\"")))
        })
}

/// Whether the images plugin has a snapshotter for a handler that is only added now: it goes with that.
fn has_twin(text: &str, added: &[&str]) -> bool {
    let of_added = |pair: &[String]| pair[0] == "runtime_platforms" && added.contains(&&*pair[1]);
    let mut leaves = meaning::leaves(text).into_iter();
    leaves.any(|(path, _)| path.windows(2).any(of_added))
}

/// Whether the file may hold a version of this tool's and nothing that needs it: the next removal
/// removes it.
fn is_left_over(text: &str) -> bool {
    let leaves = meaning::leaves(text);
    let holds = |names: &[&str]| {
        let mut keys = leaves.iter().filter_map(|(path, _)| path.first());
        keys.any(|key| names.contains(&key.as_str()))
    };
    let needs_version = ["plugins", "disabled_plugins", "required_plugins", "imports"];
    text.contains("# containerd-edit v1 owner=") && holds(&["version"]) && !holds(&needs_version)
}

/// Whether an implied handler is there that nothing needs: it goes with the next removal.
fn holds_unneeded(text: &str, handlers: &[ListedHandler]) -> bool {
    let for_ours = text.contains("# containerd-edit v1 implied was unset");
    handlers.iter().any(|implied| {
        let needs = |other: &ListedHandler| {
            other.plugin == implied.plugin
                && other.name != "runc"
                && (other.owner.is_some() || !for_ours)
        };
        implied.is_implied && (implied.name != "runc" || !handlers.iter().any(needs))
    })
}

/// Whether a handler of this tool stands without the runc that it came with: the next edit adds one
/// that stays for its sake.
fn has_lost_runc(handlers: &[ListedHandler]) -> bool {
    handlers.iter().any(|ours| {
        let is_runc = |other: &ListedHandler| other.plugin == ours.plugin && other.name == "runc";
        ours.owner.is_some() && ours.plugin != spellings::VERSION_3 && !handlers.iter().any(is_runc)
    })
}

/// Whether a default names a handler that is not listed: such a file gives containerd no CRI, and
/// a removal mends it.
fn default_names_nothing(text: &str, inventory: &Inventory) -> bool {
    meaning::leaves(text).iter().any(|(path, value)| {
        let [plugins, plugin, containerd, key] = path.as_slice() else {
            return false;
        };
        let name = value.trim_matches('"');
        plugins == "plugins"
            && containerd == "containerd"
            && key == "default_runtime_name"
            && name != "runc"
            && !inventory
                .handlers
                .iter()
                .any(|handler| handler.plugin == *plugin && handler.name == name)
    })
}

/// What became of a config.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The edit was refused.
    Refused,
    /// The file held some of the handlers, or something that a removal mends.
    AddedOnly,
    /// The round trip was made.
    RoundTrip,
}

/// Checks all that has to hold when the handlers are added to a config and removed again.
pub(crate) fn check(text: Option<&str>, added: &[Added]) -> Result<Outcome, String> {
    let fails = |what: &str, result: &dyn std::fmt::Debug| {
        Err(format!(
            "{what}\nadded: {added:?}\nconfig: {text:?}\n{result:?}"
        ))
    };
    let mut current = text.map(str::to_owned);
    for (number, step) in added.iter().enumerate() {
        let once = match edited(current.as_deref(), &step.patch()) {
            Ok(once) => once,
            Err(error) if error.code() == Code::Defect => {
                return fails("add went wrong", &(&error, &current));
            }
            // What is in the way of one handler or default is not always in the way of another.
            Err(error)
                if matches!(
                    error.code(),
                    Code::NotEditable | Code::ForeignHandler | Code::WrongType
                ) =>
            {
                return Ok(Outcome::Refused);
            }
            Err(_) if number == 0 => return Ok(Outcome::Refused),
            Err(error) => return fails("one add is refused, another is not", &(&error, &current)),
        };
        let twice = match edited(once.text.as_deref(), &step.patch()) {
            Ok(twice) => twice,
            Err(error) => return fails("the second add is refused", &(&error, &once.text)),
        };
        if twice.text != once.text {
            return fails(
                "adding twice is not adding once",
                &(&once.text, &twice.text),
            );
        }
        if twice.handlers != containerd_edit::Handlers::default() {
            return fails(
                "the second add says that it changed something",
                &twice.handlers,
            );
        }
        let (before, after) = (
            current.as_deref().unwrap_or_default(),
            once.text.as_deref().unwrap_or_default(),
        );
        if let Err(why) = kept(before, after, step) {
            return fails(&why, &(before, after));
        }
        current = once.text;
    }
    let names: Vec<&str> = added.iter().map(|added| added.name).collect();
    if text.is_some_and(|text| is_unsettled(text, &names)) {
        for step in added {
            let removal = Patch::new().remove(step.name);
            let removed = match edited(current.as_deref(), &removal) {
                Ok(removed) => removed,
                Err(error) if error.code() == Code::NotEditable => return Ok(Outcome::AddedOnly),
                Err(error) => return fails("remove went wrong", &(&error, &current)),
            };
            current = removed.text;
        }
        return Ok(Outcome::AddedOnly);
    }
    for order in orders(added.len()) {
        let mut left = current.clone();
        for &number in &order {
            let before = left;
            let removal = Patch::new().remove(added[number].name);
            left = match edited(before.as_deref(), &removal) {
                Ok(removed) => removed.text,
                Err(error) => return fails("remove went wrong", &(&order, &error, &before)),
            };
        }
        if left.as_deref() != text {
            return fails("removing gives another file", &(&order, &current, &left));
        }
    }
    at_once(text, added)
}

/// The same with one patch for all handlers.
fn at_once(text: Option<&str>, added: &[Added]) -> Result<Outcome, String> {
    let mut patch = Patch::new();
    let mut removal = Patch::new();
    for step in added {
        patch = patch.ensure(step.handler());
        removal = removal.remove(step.name);
        if step.as_default {
            patch = patch.default_handler(step.name.parse().expect("names are handler names"));
        }
    }
    let once = match edited(text, &patch) {
        Ok(once) => once,
        Err(error) => return Err(format!("one patch for {added:?} on {text:?}: {error:?}")),
    };
    let twice = edited(once.text.as_deref(), &patch);
    if !matches!(&twice, Ok(twice) if twice.text == once.text) {
        return Err(format!(
            "twice with one patch {added:?} on {text:?}: {once:?} {twice:?}"
        ));
    }
    match edited(once.text.as_deref(), &removal) {
        Ok(removed) if removed.text.as_deref() == text => Ok(Outcome::RoundTrip),
        other => Err(format!(
            "one patch for {added:?} on {text:?}: {once:?}, then {other:?}"
        )),
    }
}

/// Whether what has nothing to do with the handler is still there: its meaning, and its lines.
fn kept(before: &str, after: &str, step: &Added) -> Result<(), String> {
    let mut expected = meaning::elsewhere(before, &[step.name, "runc"]);
    let found = meaning::elsewhere(after, &[step.name, "runc"]);
    if expected.iter().all(|(path, _)| path[..] != ["version"]) {
        expected.extend(
            found
                .iter()
                .filter(|(path, _)| path[..] == ["version"])
                .cloned(),
        );
        expected.sort();
    }
    if found != expected {
        return Err(format!(
            "something else means {found:?} and not {expected:?}"
        ));
    }
    let config = Document::parse(before.as_bytes()).expect("the config is TOML");
    let is_new = Inventory::of(&config, None).is_ok_and(|inventory| {
        inventory
            .handlers
            .iter()
            .all(|known| known.name != step.name)
    });
    if !is_new || step.as_default {
        return Ok(());
    }
    let mut left = untouchable_lines(after);
    let mut lines = untouchable_lines(before).peekable();
    while let Some(line) = lines.next() {
        // An unterminated last line gets a line break.
        let is_same = |new: &str| match lines.peek() {
            Some(_) => new == line,
            None => new.trim_end_matches(['\r', '\n']) == line.trim_end_matches(['\r', '\n']),
        };
        if !left.any(is_same) {
            return Err(format!("a line was changed: {line:?}"));
        }
    }
    Ok(())
}

/// The lines that stay as they are when a handler is added: all but those of inline tables, one of
/// which may take the handler, and a marker behind it.
fn untouchable_lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('\u{feff}')
        .split_inclusive('\n')
        .filter(|line| !line.contains(['{', '}']))
}

/// Every order of `count` things.
pub(crate) fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|at| {
            let mut order = order.clone();
            order.insert(at, count - 1);
            order
        })
    });
    longer.collect()
}

/// A config and the handlers to add; in some, this tool has been before.
fn case(numbers: &[u8]) -> (String, Vec<Added>) {
    let mut choices = Choices::new(numbers);
    let added = added(&mut choices);
    let earlier = choices.below(4);
    let mut text = spellings::config(&mut choices);
    for (number, name) in ["gvisor", "youki"].into_iter().enumerate() {
        if earlier <= number + 1 || Document::parse(text.as_bytes()).is_err() {
            break;
        }
        let earlier = Added::new(name, "earlier", choices.rarely(2));
        if let Ok(Edited {
            text: Some(edited), ..
        }) = edited(Some(&text), &earlier.patch())
        {
            text = edited;
        }
    }
    (text, added)
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_added_can_be_removed_without_a_trace(numbers in spellings::numbers()) {
        let (text, added) = case(&numbers);
        if Document::parse(text.as_bytes()).is_ok() {
            let outcome = check(Some(&text), &added);
            prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
        }
    }

    #[test]
    fn a_file_that_was_not_there_is_gone_again(numbers in spellings::numbers()) {
        let added = added(&mut Choices::new(&numbers));
        prop_assert_eq!(check(None, &added), Ok(Outcome::RoundTrip));
    }
}

#[test]
fn most_spellings_make_the_round_trip() {
    let (mut unparsed, mut refused, mut added_only, mut round_trips) = (0, 0, 0, 0);
    for numbers in spellings::seeded(1).take(200) {
        let (text, added) = case(&numbers);
        if Document::parse(text.as_bytes()).is_err() {
            unparsed += 1;
            continue;
        }
        match check(Some(&text), &added) {
            Ok(Outcome::Refused) => refused += 1,
            Ok(Outcome::AddedOnly) => added_only += 1,
            Ok(Outcome::RoundTrip) => round_trips += 1,
            Err(why) => panic!("{why}"),
        }
    }
    assert!(
        round_trips > 75,
        "a generator of refused configs tests nothing: {unparsed} unparsed, {refused} refused, \
         {added_only} added only, {round_trips} round trips"
    );
}
