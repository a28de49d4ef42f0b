//! The lives notice bugs that are planted in what the tool remembers.

use serde_json::Value;

use crate::bases;
use crate::life::{Life, Mode};
use crate::oracle::{Run, kind};

/// The promises that are broken in some hundred lives with a bug.
fn broken(mode: Mode, plant: fn(&mut String)) -> Vec<String> {
    let bases = bases::all();
    let mut run = Run::new(&bases);
    run.plant = Some(plant);
    let lives = (0..250).map(|seed| Life::random(seed, bases.len(), mode));
    let mut found: Vec<String> = lives
        .filter_map(|life| run.live(&life).err())
        .map(|it| kind(&it))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn changed(ledger: &mut String, change: impl Fn(&mut Value)) {
    let mut data: Value = serde_json::from_str(ledger).expect("JSON");
    change(&mut data);
    *ledger = data.to_string();
}

#[test]
fn a_dropped_was_is_noticed() {
    let found = broken(Mode(&[]), |ledger| {
        changed(ledger, |data| {
            for entry in data["entries"].as_array_mut().into_iter().flatten() {
                entry["was"] = Value::Null;
            }
        });
    });
    assert!(
        found.contains(&"not the original bytes".to_owned()),
        "{found:?}"
    );
}

#[test]
fn an_owner_that_comes_back_is_noticed() {
    let found = broken(Mode(&[]), |ledger| {
        changed(ledger, |data| {
            let owners = data["owners"].as_object_mut();
            if let Some(owners) = owners
                && let Some(wants) = owners.values().next().cloned()
            {
                owners.insert("gone".to_owned(), wants);
            }
        });
    });
    assert!(!found.is_empty());
}

#[test]
fn a_forgotten_key_is_noticed() {
    let found = broken(Mode(&[]), |ledger| {
        changed(ledger, |data| {
            if let Some(entries) = data["entries"].as_array_mut() {
                entries.pop();
            }
        });
    });
    assert!(
        found.contains(&"not the original bytes".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_forgotten_table_is_noticed() {
    let found = broken(Mode(&[]), |ledger| {
        changed(ledger, |data| data["made"] = Value::Array(Vec::new()));
    });
    assert!(
        found.contains(&"not the original bytes".to_owned()),
        "{found:?}"
    );
}
