//! Properties of the pure edit, on generated configs and on every config of the fixtures. Several
//! owners in one file and in several, and what others do to the files meanwhile, is for
//! `tests/ledger`.
//!
//! `PROPTEST_CASES` sets how many cases each property is tried on. No failure is recorded: every
//! bug that was found this way has a named test of its own in [`found`].

mod any_key;
mod corpus;
mod declared;
mod found;
mod hostile;
mod meaning;
mod node;
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
