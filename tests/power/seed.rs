//! The seed of what is random, so that it can be run again.

/// Names another seed.
const VARIABLE: &str = "POWER_SEED";

/// That of the environment, or 1.
pub(crate) fn chosen() -> u64 {
    let Ok(seed) = std::env::var(VARIABLE) else {
        return 1;
    };
    seed.parse()
        .unwrap_or_else(|error| panic!("{VARIABLE}={seed}: {error}"))
}
