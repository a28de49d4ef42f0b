//! Values that somebody sets by hand, where owners have set theirs: they stay, and nothing of the
//! owners does.

use containerd_edit::{Document, Inventory, Patch};
use proptest::prelude::*;

use crate::owners::{OWNERS, Run, is_tried, owner, runs, tried, tried_fixtures};
use crate::spellings::{self, Choices};
use crate::{meaning, round_trip};

/// Makes the runs on a config, sets values by hand that owners have set, and uninstalls all in every
/// order: they stay, and the rest is as it was. Returns how many were set.
fn check_by_hand(text: &str, runs: &[Run]) -> Result<usize, String> {
    let mut installed = text.to_owned();
    for run in runs {
        if let Some(edited) = tried(Some(&installed), &run.patch())? {
            installed = edited.text.unwrap_or_default();
        }
    }
    let (by_hand, set) = set_by_hand(&installed);
    if set.is_empty() {
        return Ok(0);
    }
    let mut results = Vec::new();
    for order in round_trip::orders(OWNERS.len()) {
        let mut left = by_hand.clone();
        for number in order {
            let removal = Patch::new().owner(owner(number)).prune();
            let Some(removed) = tried(Some(&left), &removal)? else {
                return Err(format!("an uninstall was refused: {left}"));
            };
            left = removed.text.unwrap_or_default();
        }
        results.push(left);
    }
    let mut expected = meaning::leaves(text);
    expected.retain(|(path, _)| !set.iter().any(|(known, _)| known == path));
    expected.extend(set.iter().cloned());
    expected.sort();
    // A table is not empty any more, and a version is needed by then.
    let counts = |(path, value): &(Vec<String>, String)| value != "{}" && *path != ["version"];
    expected.retain(counts);
    for left in &results {
        let mut found = meaning::leaves(left);
        found.retain(counts);
        if found != expected || *left != results[0] {
            return Err(format!(
                "not what was set by hand:\n{set:#?}\nin\n{by_hand}\nleft\n{left}\nfirst\n{}\n\
                 config\n{text}",
                results[0]
            ));
        }
    }
    Ok(set.len())
}

/// Sets values in front of markers by hand. Returns the text, and what was set where.
fn set_by_hand(text: &str) -> (String, Vec<(Vec<String>, String)>) {
    const MINE: &str = "'by hand'";
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut set = Vec::new();
    for number in 0..lines.len() {
        let before = lines.concat();
        let line = lines[number].clone();
        let Some((pair, markers)) = line.split_once(" # containerd-edit v1 owner=") else {
            continue;
        };
        let Some((key, _)) = pair.split_once('=') else {
            continue;
        };
        if ["version", "imports"].contains(&key.trim()) || key.contains("default_runtime_name") {
            continue;
        }
        lines[number] = format!("{key}= {MINE} # containerd-edit v1 owner={markers}");
        let after = lines.concat();
        let changed: Vec<_> = match toml_edit::Document::parse(after.as_str()) {
            Ok(_) => {
                let (old, new) = (meaning::leaves(&before), meaning::leaves(&after));
                let is_new = |leaf: &&(Vec<String>, String)| !old.contains(leaf);
                let changed = new.iter().filter(is_new).cloned().collect();
                if old.len() == new.len() {
                    changed
                } else {
                    Vec::new()
                }
            }
            Err(_) => Vec::new(),
        };
        match &changed[..] {
            [one] => set.push(one.clone()),
            _ => lines[number] = line,
        }
    }
    (lines.concat(), set)
}

/// Sets defaults in front of markers by hand, to handlers that are listed.
fn set_default_by_hand(text: &str, choices: &mut Choices<'_>) -> String {
    let config = Document::parse(text.as_bytes()).expect("the config is TOML");
    let inventory = Inventory::of(&config, None).expect("a known version");
    let lines = text.split_inclusive('\n').map(|line| {
        let (pair, markers) = line.split_once(" # containerd-edit v1 owner=")?;
        let (key, _) = pair.split_once('=')?;
        let name = &inventory
            .handlers
            .get(choices.below(inventory.handlers.len().max(1)))?
            .name;
        key.trim()
            .ends_with("default_runtime_name")
            .then(|| format!("{key}= \"{name}\" # containerd-edit v1 owner={markers}"))
    });
    let by_hand: Vec<Option<String>> = lines.collect();
    let lines = text.split_inclusive('\n').zip(by_hand);
    let lines = lines.map(|(line, by_hand)| by_hand.unwrap_or_else(|| line.to_owned()));
    lines.collect()
}

/// Whether the tool, of whatever version, has a comment in a text.
fn has_comment(text: &str) -> bool {
    text.contains("containerd-edit v")
}

/// Whether a comment is left of owners that have all left. That of an implied handler says whose it is
/// as long as handlers of the user's own need it.
fn has_leftover(text: &str) -> bool {
    let config = Document::parse(text.as_bytes()).expect("the config is TOML");
    let inventory = Inventory::of(&config, None).expect("a known version");
    let mut handlers = inventory.handlers.iter();
    let is_needed = handlers.any(|it| it.name != "runc");
    let mut comments = text.lines().filter(|line| has_comment(line));
    comments.any(|line| !is_needed || line.trim() != "# containerd-edit v1 implied")
}

/// Makes runs on a config and sets values by hand in turn, and uninstalls all in every order: no
/// comment of the tool's is left over. Returns how often something was set.
fn check_comments(text: &str, choices: &mut Choices<'_>) -> Result<usize, String> {
    if has_comment(text) {
        return Ok(0);
    }
    let mut current = text.to_owned();
    let mut history = vec![current.clone()];
    let mut set = 0;
    for _ in 0..3 {
        for run in runs(Some(text), choices).into_iter().take(3) {
            if let Some(edited) = tried(Some(&current), &run.patch())? {
                current = edited.text.unwrap_or_default();
                history.push(current.clone());
            }
        }
        let by_hand = match choices.below(4) {
            0 => current.clone(),
            1 => set_by_hand(&current).0,
            2 => set_default_by_hand(&current, choices),
            _ => set_default_by_hand(&set_by_hand(&current).0, choices),
        };
        if by_hand != current {
            set += 1;
            current = by_hand;
            history.push(current.clone());
        }
    }
    for order in round_trip::orders(OWNERS.len()) {
        let mut left = current.clone();
        for &number in &order {
            let removal = Run::Remove(number).patch();
            let Some(removed) = tried(Some(&left), &removal)? else {
                return Err(format!("an uninstall was refused: {left}"));
            };
            left = removed.text.unwrap_or_default();
        }
        if has_leftover(&left) || (set == 0 && left != text) {
            let history = history.join("\n--------\n");
            return Err(format!("{order:?} leave\n{left}\nafter\n{history}"));
        }
    }
    Ok(set)
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_was_set_by_hand_stays(numbers in spellings::numbers()) {
        let mut choices = Choices::new(&numbers);
        let text = spellings::config(&mut choices);
        if is_tried(&text) {
            let runs = runs(Some(&text), &mut choices);
            let checked = check_by_hand(&text, &runs);
            prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
        }
    }
}

#[test]
fn what_was_set_by_hand_stays_in_every_fixture() {
    let mut set = 0;
    for ((path, text), numbers) in tried_fixtures().zip(spellings::seeded(11)) {
        match check_by_hand(&text, &runs(Some(&text), &mut Choices::new(&numbers))) {
            Ok(values) => set += values,
            Err(why) => panic!("{}: {why}", path.display()),
        }
    }
    assert!(set > 300, "only {set} values were set");
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn no_comment_is_left_over(
        numbers in spellings::numbers(),
        more in prop::collection::vec(any::<u8>(), 0..480),
    ) {
        let text = spellings::config(&mut Choices::new(&numbers));
        if is_tried(&text) {
            let checked = check_comments(&text, &mut Choices::new(&more));
            prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
        }
    }
}

#[test]
fn no_comment_is_left_over_in_any_fixture() {
    let mut set = 0;
    for ((path, text), numbers) in tried_fixtures().zip(spellings::seeded(5)) {
        match check_comments(&text, &mut Choices::new(&numbers)) {
            Ok(values) => set += values,
            Err(why) => panic!("{}: {why}", path.display()),
        }
    }
    assert!(set > 300, "values were set only {set} times");
}
