//! The round trip over every config of the fixtures, in every variant.

use std::fs;
use std::path::{Path, PathBuf};

use crate::round_trip::{self, Added, Outcome};
use crate::variants;

/// The `.toml` files below a folder of the fixtures.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(folder),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the fixtures can be read") {
            let path = entry.expect("the fixtures can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The texts of the fixtures in some folders, each only once.
fn texts_in(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let text = fs::read(&path).expect("the fixtures can be read");
        if let Ok(text) = String::from_utf8(text)
            && texts.iter().all(|(_, known)| *known != text)
        {
            texts.push((path, text));
        }
    }
    texts
}

/// The texts of all fixtures.
pub(crate) fn texts() -> Vec<(PathBuf, String)> {
    texts_in(&["conformance/cases", "conformance/toml-syntax", "golden"])
}

/// Cases in which removing does not bring back the default, because its key is spelled in another
/// case. Once the edits find the key in any case, this goes.
const DEFAULT_IN_ANOTHER_CASE: &[u8] = b"b-case-default";

/// Makes the round trip with every variant of every fixture in a folder, and returns how many were
/// made.
fn round_trips(folder: &str) -> usize {
    let plans = [
        vec![Added::new("spin", "manual", false)],
        vec![
            Added::new("nvidia", "gpu", true),
            Added::new("kata", "kata-deploy", true),
        ],
    ];
    let is_thorough = crate::config().cases > 256;
    let mut made = 0;
    for (number, (path, text)) in texts_in(&[folder]).into_iter().enumerate() {
        for (variant, (name, vary)) in variants::ALL.into_iter().enumerate() {
            let text = vary(&text);
            for (plan, added) in plans.iter().enumerate() {
                // Both are too slow for everyday.
                if !is_thorough && (number + variant + plan) % 2 == 0 {
                    continue;
                }
                let is_known = path.components().any(|folder| {
                    let folder = folder.as_os_str().as_encoded_bytes();
                    folder.starts_with(DEFAULT_IN_ANOTHER_CASE)
                });
                match round_trip::check(Some(&text), added) {
                    Ok(Outcome::RoundTrip) => made += 1,
                    Ok(_) => {}
                    Err(_) if is_known => {}
                    Err(why) => panic!("{} ({name}): {why}", path.display()),
                }
            }
        }
    }
    made
}

#[test]
fn every_conformance_case_makes_the_round_trip_in_every_variant() {
    let made = round_trips("conformance/cases");
    assert!(made > 900, "only {made} round trips were made");
}

#[test]
fn every_syntax_case_makes_the_round_trip_in_every_variant() {
    let made = round_trips("conformance/toml-syntax");
    assert!(made > 300, "only {made} round trips were made");
}

#[test]
fn every_golden_case_makes_the_round_trip_in_every_variant() {
    let made = round_trips("golden");
    assert!(made > 400, "only {made} round trips were made");
}
