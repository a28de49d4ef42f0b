//! Adding twice is adding once, and removing what was added gives back the file.

use containerd_edit::{Change, Document, Handler, HandlerName, Inventory, Owner, Preset};
use proptest::prelude::*;

use crate::meaning;
use crate::node::Node;
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

    fn change(&self) -> Change {
        let change = Change::new()
            .ensure(self.handler())
            .owner(self.owner.parse::<Owner>().expect("owners are owners"));
        if self.as_default {
            change.default_handler(self.name.parse().expect("names are handler names"))
        } else {
            change
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

/// Whether a removal may give back something else than the same bytes: a default that names no handler
/// is not put back.
fn is_unsettled(text: &str) -> bool {
    let leaves = meaning::leaves(text);
    leaves.iter().any(|(path, value)| {
        let name = value.trim_matches('"');
        let [plugins, _, containerd, key] = path.as_slice() else {
            return false;
        };
        let table = &path[..path.len() - 1];
        let is_listed = |(leaf, value): &(Vec<String>, String)| {
            leaf.starts_with(table)
                && leaf
                    .get(table.len())
                    .is_some_and(|it| is_key(it, "runtimes"))
                && leaf.get(table.len() + 1).is_some_and(|it| it == name)
                && (leaf.len() > table.len() + 2 || value == "{}")
        };
        is_key(plugins, "plugins")
            && is_key(containerd, "containerd")
            && is_key(key, "default_runtime_name")
            && name != "runc"
            && !leaves.iter().any(is_listed)
    })
}

/// In names of keys the case of letters does not count.
fn is_key(name: &str, key: &str) -> bool {
    name.eq_ignore_ascii_case(key)
}

/// What became of a config.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An edit was refused.
    Refused,
    /// The handlers were added and removed again, which may have repaired the file.
    Removed,
    /// The round trip was made.
    RoundTrip,
}

/// Checks all that has to hold when the handlers are added to a config and removed again.
pub(crate) fn check(text: Option<&str>, added: &[Added]) -> Result<Outcome, String> {
    let Some(base) = Node::new(text) else {
        return Ok(Outcome::Refused);
    };
    let mut node = base.clone();
    if base.is_lost {
        for step in added {
            node.tried(&step.change())?;
        }
        return Ok(Outcome::Refused);
    }
    for step in added {
        let before = node.text().unwrap_or_default().to_owned();
        if node.tried(&step.change())?.is_none() {
            return Ok(Outcome::Refused);
        }
        kept(&before, node.text().unwrap_or_default(), step)?;
    }
    let removal = |step: &Added| {
        let owner = step.owner.parse::<Owner>().expect("owners are owners");
        Change::new().owner(owner).remove(step.name)
    };
    let is_unsettled = text.is_some_and(is_unsettled);
    for order in orders(added.len()) {
        let mut left = node.clone();
        for &number in &order {
            if left.tried(&removal(&added[number]))?.is_none() {
                return Err(format!("{:?} can't be removed: {left:?}", added[number]));
            }
        }
        if left.text() != text && !is_unsettled {
            let (before, left) = (node.text(), left.text());
            return Err(format!(
                "removing gives another file\nadded: {added:?}, order {order:?}\n\
                 config: {text:?}\n{before:?}\n{left:?}"
            ));
        }
    }
    at_once(&base, added, is_unsettled)
}

/// The same with one change for all handlers.
fn at_once(base: &Node, added: &[Added], is_unsettled: bool) -> Result<Outcome, String> {
    let mut change = Change::new();
    let mut removal = Change::new();
    for step in added {
        change = change.ensure(step.handler());
        removal = removal.remove(step.name);
        if step.as_default {
            change = change.default_handler(step.name.parse().expect("names are handler names"));
        }
    }
    let mut node = base.clone();
    let mut texts = Vec::new();
    for change in [change, removal] {
        let made = node.tried(&change);
        let made = made.map_err(|error| format!("one change for {added:?}: {error}"))?;
        texts.push(node.text().map(str::to_owned));
        if made.is_none() {
            texts.push(None);
        }
    }
    if is_unsettled {
        return Ok(Outcome::Removed);
    }
    if node.text() == base.text() {
        return Ok(Outcome::RoundTrip);
    }
    let config = base.text();
    Err(format!(
        "one change for {added:?}\nconfig: {config:?}\n{texts:?}"
    ))
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
/// which may take the handler, and comments of the tool.
fn untouchable_lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('\u{feff}')
        .split_inclusive('\n')
        .filter(|line| !line.contains(['{', '}']) && !line.contains("containerd-edit owner="))
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

fn case(numbers: &[u8]) -> (String, Vec<Added>) {
    let mut choices = Choices::new(numbers);
    let added = added(&mut choices);
    (spellings::config(&mut choices), added)
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_added_can_be_removed_without_a_trace(numbers in spellings::numbers()) {
        let (text, added) = case(&numbers);
        let outcome = check(Some(&text), &added);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn a_file_that_was_not_there_is_gone_again(numbers in spellings::numbers()) {
        let added = added(&mut Choices::new(&numbers));
        prop_assert_eq!(check(None, &added), Ok(Outcome::RoundTrip));
    }
}

#[test]
fn most_spellings_make_the_round_trip() {
    let cases = spellings::seeded(1).take(200).map(|numbers| {
        let (text, added) = case(&numbers);
        check(Some(&text), &added).expect("promises are kept")
    });
    let made = cases
        .filter(|outcome| *outcome == Outcome::RoundTrip)
        .count();
    assert!(
        made > 75,
        "a generator of refused configs tests nothing: {made} round trips"
    );
}
