//! Random lives of four owners on one node: what each of them wants, what others do to the files
//! meanwhile, and that all of it goes again. The oracles know bytes and the model of containerd's
//! loader, and nothing of the edit.
//!
//! By default each mode runs some thousand steps. For more:
//!
//! ```text
//! LEDGER_STEPS=100000 cargo test --release --test ledger lives
//! LEDGER_SEED=7 LEDGER_STEPS=1 cargo test --test ledger lives   # one life again
//! ```

mod bases;
mod cases;
mod deleting;
mod foreign;
mod found;
mod found_later;
mod harm;
mod life;
mod meaning;
mod oracle;
mod planted;
mod shrinking;
mod single_keys;
#[path = "../properties/spellings/mod.rs"]
#[expect(dead_code, reason = "proptest draws configs with the rest of it")]
mod spellings;
mod wishes;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use bases::Base;
use life::{Life, May, Mode};
use oracle::Run;

/// Steps of one mode in an ordinary run.
const STEPS: u64 = 1500;

fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |given| given.parse().expect("a number"))
}

/// Lives until enough steps are made, and fails with the smallest life that breaks a promise.
fn lives(mode: Mode) {
    let bases = bases::all();
    let mut run = Run::new(&bases);
    let first = number("LEDGER_SEED", 0);
    let steps = number("LEDGER_STEPS", STEPS);
    let most = number("LEDGER_FAILURES", 1);
    let (mut seed, mut failed, mut kinds) = (first, Vec::new(), BTreeMap::<String, u64>::new());
    while run.steps < steps {
        let life = Life::random(seed, bases.len(), mode);
        if let Err(why) = run.live(&life) {
            let count = kinds.entry(oracle::kind(&why)).or_default();
            *count += 1;
            if *count == 1 {
                failed.push((seed, life, why));
            }
            if kinds.values().sum::<u64>() >= most {
                break;
            }
        }
        seed += 1;
    }
    let _ = writeln!(
        std::io::stderr(),
        "{mode:?}: {} lives, {} steps, {} refused, {} recorded, {} left behind",
        seed - first,
        run.steps,
        run.refused,
        run.recorded,
        run.left_behind
    );
    if failed.is_empty() {
        // What nobody's life comes to, no oracle sees.
        let is_seen = run.left_behind > 0 && run.refused > 0 && run.recorded > 0;
        assert!(is_seen || steps < STEPS, "{mode:?} shows too little");
        return;
    }
    let mut told = format!("{kinds:#?}\n");
    for (seed, life, why) in failed.into_iter().take(4) {
        let life = shrinking::smallest(&mut run, life, &why);
        let why = run.live(&life).expect_err("it has failed before");
        let _ = writeln!(told, "seed {seed}\n{}\n{why}", shown(&life, &bases));
    }
    panic!("{told}");
}

fn shown(life: &Life, bases: &[Base]) -> String {
    let base = &bases[life.base];
    let steps: Vec<String> = life.steps.iter().map(ToString::to_string).collect();
    let text = base.text.as_deref().unwrap_or("(missing)");
    format!("base {}:\n{text}\n{}", base.name, steps.join("\n"))
}

#[test]
fn lives_of_owners_alone() {
    lives(Mode(&[]));
}

#[test]
fn lives_with_drop_ins() {
    lives(Mode(&[May::UseDropIns]));
}

#[test]
fn lives_with_adoption() {
    lives(Mode(&[May::UseDropIns, May::Adopt]));
}

#[test]
fn lives_with_crashes() {
    lives(Mode(&[May::UseDropIns, May::BeKilled]));
}

#[test]
fn lives_among_foreign_hands() {
    lives(Mode(&[May::BeEditedByOthers]));
}

#[test]
fn lives_with_all_of_it() {
    lives(Mode(&[
        May::UseDropIns,
        May::Adopt,
        May::BeKilled,
        May::BeEditedByOthers,
    ]));
}
