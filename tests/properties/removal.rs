//! Removing handlers that were there from the start.

use containerd_edit::{Change, Code, Document, Inventory};
use proptest::prelude::*;
use toml_edit::Key;

use crate::meaning;
use crate::node::Node;
use crate::spellings::{self, Choices};

/// Checks that handlers, nobody's, can be removed from a config.
pub(crate) fn check(text: &str, names: &[&str]) -> Result<(), String> {
    let Some(mut node) = Node::new(Some(text)) else {
        return Ok(());
    };
    let removal_of = |names: &[&str]| {
        let names = names.iter();
        names.fold(Change::new().adopt(), |change, name| change.remove(*name))
    };
    let removal = removal_of(names);
    let config = Document::parse(text.as_bytes()).expect("Node takes TOML");
    let listed = Inventory::of(&config, None);
    let table = match listed.as_ref().map_or(0, |listed| listed.version) {
        ..2 => spellings::VERSION_1,
        2 => spellings::VERSION_2,
        _ => spellings::VERSION_3,
    };
    let refused = |removal: &Change| node.clone().edit(removal).err().map(|error| error.code());
    let mut removal = removal;
    if refused(&removal) == Some(Code::AmbiguousPlugin) {
        removal = removal.plugin_id(table);
    }
    if refused(&removal) == Some(Code::ForeignHandler) {
        // A comment names another owner.
        if node.is_lost {
            return Ok(());
        }
        // One stands in another config version's table alone: without it, the others go.
        let stands = |name: &str, is_in_table| {
            let mut handlers = listed.iter().flat_map(|listed| &listed.handlers);
            handlers.any(|it| it.name == name && (it.plugin == table) == is_in_table)
        };
        let is_elsewhere = |name: &&str| stands(name, false) && !stands(name, true);
        let (elsewhere, others): (Vec<&str>, Vec<&str>) =
            names.iter().partition(|it| is_elsewhere(it));
        if elsewhere.is_empty() {
            return Err(format!("{names:?} are refused in {text:?}"));
        }
        return check(text, &others);
    }
    let Some(report) = node.tried(&removal)? else {
        return Err(format!("{names:?} can't be removed from {text:?}"));
    };
    // What stands in an inline table of several lines is named, and stays.
    let is_named = |name: &str| {
        let mut left = report.left_behind.iter();
        left.any(|it| handler_in(&it.key).is_some_and(|it| it == name))
    };
    let left = node.text().unwrap_or_default();
    let after = Document::parse(left.as_bytes()).expect("the result is TOML");
    let inventory = Inventory::of(&after, None).expect("the version is known");
    // Those of another config version's table are no concern of containerd's.
    let mut listed = inventory.handlers.iter().filter(|it| it.plugin == table);
    let is_left = |name: &str| names.contains(&name) && !is_named(name);
    if listed.any(|handler| is_left(&handler.name)) {
        return Err(format!("{names:?} are not gone from {text:?}: {left:?}"));
    }
    // containerd 1.x may need `runc` now.
    let handlers: Vec<&str> = names.iter().copied().chain(["runc"]).collect();
    let (before, after) = (
        meaning::elsewhere(text, &handlers),
        meaning::elsewhere(left, &handlers),
    );
    if before != after {
        return Err(format!(
            "{text:?} without {names:?} is {left:?}: {before:#?} has become {after:#?}"
        ));
    }
    Ok(())
}

/// The handler of a dotted key.
fn handler_in(key: &str) -> Option<String> {
    let keys = Key::parse(key).expect("a key is TOML");
    Some(keys.get(4)?.get().to_owned())
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_removed_is_gone_and_all_else_stays(numbers in spellings::numbers()) {
        let mut choices = Choices::new(&numbers);
        let all = ["untrusted", "crun", "a.b", "Upper case", "kata"];
        let names: Vec<&str> = (0..=choices.below(3)).map(|_| choices.of(&all)).collect();
        let text = spellings::config(&mut choices);
        let checked = check(&text, &names);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}
