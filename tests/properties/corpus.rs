//! The round trip over every config of the fixtures, in every variant.

use std::fs;
use std::path::{Path, PathBuf};

use containerd_edit::Document;

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

/// The texts of all fixtures, each only once.
pub(crate) fn texts() -> Vec<(PathBuf, String)> {
    let folders = ["conformance/cases", "conformance/toml-syntax", "golden"];
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    for path in folders.into_iter().flat_map(files) {
        let text = fs::read(&path).expect("the fixtures can be read");
        if let Ok(text) = String::from_utf8(text)
            && texts.iter().all(|(_, known)| *known != text)
        {
            texts.push((path, text));
        }
    }
    texts
}

#[test]
fn every_variant_of_every_fixture_makes_the_round_trip() {
    let plans = [
        vec![Added::new("spin", "manual", false)],
        vec![
            Added::new("nvidia", "gpu", true),
            Added::new("kata", "kata-deploy", true),
        ],
    ];
    let mut round_trips = 0;
    for (path, text) in texts() {
        for (name, variant) in variants::ALL {
            let text = variant(&text);
            if Document::parse(text.as_bytes()).is_err() {
                continue;
            }
            for plan in &plans {
                match round_trip::check(Some(&text), plan) {
                    Ok(Outcome::RoundTrip) => round_trips += 1,
                    Ok(_) => {}
                    Err(why) => panic!("{} ({name}): {why}", path.display()),
                }
            }
        }
    }
    assert!(
        round_trips > 3000,
        "only {round_trips} round trips were made"
    );
}
