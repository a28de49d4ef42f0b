//! Properties of the pure edit, on generated configs and on every config of the fixtures.
//!
//! `PROPTEST_CASES` sets how many cases each property is tried on. No failure is recorded: every
//! bug that was found this way has a named test of its own in [`found`].

mod by_hand;
mod corpus;
mod declared;
mod drop_ins;
mod found;
mod hostile;
mod meaning;
mod owners;
mod removal;
mod round_trip;
mod settings;
mod spellings;
mod variants;

use proptest::test_runner::Config;

fn config() -> Config {
    Config {
        failure_persistence: None,
        ..Config::default()
    }
}
