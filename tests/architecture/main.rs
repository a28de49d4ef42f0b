//! The rooms of `src` and their order: the table in CONTRIBUTING.md. No arrow runs up, and no
//! files use each other in a circle. Only one room knows the library that parses TOML.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::source::Crate;

/// A library, and the only room that uses it.
const BEHIND_A_DOOR: (&str, &str) = ("toml_edit", "toml/");

/// The sources by their paths from the repository's root on.
type Files = BTreeMap<String, String>;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads every file below `src`.
fn sources() -> Files {
    let mut files = Files::new();
    let mut folders = vec![repository().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                let name = path.strip_prefix(repository()).expect("below the root");
                files.insert(name.to_string_lossy().into_owned(), text);
            }
        }
    }
    files
}

/// The rooms from the top down, as CONTRIBUTING.md has them: `cli/`, …, `error.rs`.
fn rooms() -> Vec<String> {
    let page = repository().join("CONTRIBUTING.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let table = page.split("| room |").nth(1).expect("a table of rooms");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let room = |row: &str| row.split('`').nth(1).map(str::to_owned);
    rows.filter_map(room).collect()
}

/// The room of a file: its folder below `src`, or the file that has its name. The roots of the crates
/// are above all rooms.
fn room_of<'r>(file: &str, rooms: &'r [String]) -> Option<&'r String> {
    let inside = file.strip_prefix("src/")?;
    rooms.iter().find(|room| match room.strip_suffix(".rs") {
        Some(name) => inside == **room || inside.starts_with(&format!("{name}/")),
        None => inside.starts_with(room.as_str()),
    })
}

/// What is wrong with the structure of these sources.
fn faults(files: &Files, rooms: &[String]) -> Vec<String> {
    let mut arrows = BTreeSet::new();
    let mut faults = Vec::new();
    let mut read = BTreeSet::new();
    for root in ["src/lib.rs", "src/main.rs"] {
        let mut found = Crate::read(root, files);
        arrows.extend(found.arrows());
        let (library, room) = BEHIND_A_DOOR;
        let users = found.users_of(library).into_iter();
        let outside = users.filter(|file| room_of(file, rooms).is_none_or(|it| it != room));
        faults.extend(outside.map(|file| format!("{file} uses {library}: only {room} does")));
        read.append(&mut found.files);
    }
    let unread = files.keys().filter(|file| !read.contains(*file));
    faults.extend(unread.map(|file| format!("no mod declares {file}")));
    let is_root = |file: &str| ["src/lib.rs", "src/main.rs"].contains(&file);
    for file in files.keys().filter(|file| !is_root(file)) {
        if room_of(file, rooms).is_none() {
            faults.push(format!("{file} stands in no room of the table"));
        }
    }
    let floor = |file: &str| {
        let room = room_of(file, rooms)?;
        rooms.iter().position(|known| known == room)
    };
    for (from, to) in &arrows {
        if let (Some(above), Some(below)) = (floor(from), floor(to))
            && below < above
        {
            faults.push(format!("an arrow runs up: {from} uses {to}"));
        }
    }
    faults.extend(circles(&arrows).into_iter().map(|circle| {
        let circle: Vec<&str> = circle.iter().map(String::as_str).collect();
        format!("files use each other in a circle: {}", circle.join(", "))
    }));
    faults
}

/// The groups of files of which each can be reached from each other one.
fn circles(arrows: &BTreeSet<(String, String)>) -> BTreeSet<BTreeSet<String>> {
    let reached_from = |start: &String| {
        let mut reached = BTreeSet::new();
        let mut left = vec![start];
        while let Some(file) = left.pop() {
            for (_, to) in arrows.iter().filter(|(from, _)| from == file) {
                if reached.insert(to) {
                    left.push(to);
                }
            }
        }
        reached
    };
    let files: BTreeSet<&String> = arrows.iter().map(|(from, _)| from).collect();
    let reached: BTreeMap<&String, BTreeSet<&String>> = files
        .into_iter()
        .map(|file| (file, reached_from(file)))
        .collect();
    let in_circles = reached
        .iter()
        .filter(|(file, reached_by_it)| reached_by_it.contains(*file));
    let circle = |(file, reached_by_it): (&&String, &BTreeSet<&String>)| {
        let others = reached_by_it.iter().filter(|other| {
            reached
                .get(**other)
                .is_some_and(|back| back.contains(*file))
        });
        others.map(|other| (*other).clone()).collect()
    };
    in_circles.map(circle).collect()
}

#[test]
fn the_house_is_built_as_its_table_has_it() {
    let faults = faults(&sources(), &rooms());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a small house of three rooms, once lines are added to one of its files.
fn with(file: &str, lines: &str) -> Vec<String> {
    let rooms = ["attic/", "hall/", "cellar.rs"].map(str::to_owned);
    let mut files: Files = [
        ("src/main.rs", ""),
        (
            "src/lib.rs",
            "mod attic; mod cellar; mod hall; pub use attic::roof::Roof;",
        ),
        ("src/attic/mod.rs", "pub(crate) mod roof;"),
        (
            "src/attic/roof.rs",
            "use crate::hall::Door; pub struct Roof(Door);",
        ),
        (
            "src/hall/mod.rs",
            "mod door; mod key; pub(crate) use self::door::Door;",
        ),
        (
            "src/hall/door.rs",
            "use super::key::Key; pub struct Door(Key);",
        ),
        (
            "src/hall/key.rs",
            "use crate::cellar; pub struct Key(cellar::Iron);",
        ),
        ("src/cellar.rs", "pub struct Iron;"),
    ]
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .into();
    assert_eq!(
        faults(&files, &rooms),
        Vec::<String>::new(),
        "the house itself"
    );
    files.entry(file.to_owned()).or_default().push_str(lines);
    faults(&files, &rooms)
}

#[test]
fn an_arrow_that_runs_up_is_noticed_however_it_is_spelled() {
    for line in [
        "use crate::attic::roof;",
        "use crate::attic::{roof::Roof};",
        "use crate::{Roof};",
        "use super::attic::roof::Roof as Planted;",
        "fn planted() -> crate::attic::roof::Roof { loop {} }",
        "mod planted { use crate::attic::roof::Roof; }",
        "use crate::attic; fn planted(_: attic::roof::Roof) {}",
        "fn planted() { use crate::attic::roof::Roof; }",
        "impl Iron { fn planted() { use crate::attic::roof::Roof; } }",
        "pub(crate) use crate::attic::roof::Roof;",
        "fn planted() { assert!(crate::attic::roof::Roof::is_up()); }",
        "macro_rules! planted { () => { [crate::attic::roof::Roof] }; }",
    ] {
        let up = "an arrow runs up: src/cellar.rs uses src/attic/roof.rs".to_owned();
        let found = with("src/cellar.rs", line);
        assert!(found.contains(&up), "{line}\n{found:#?}");
    }
}

#[test]
fn a_circle_is_noticed_also_through_a_name_that_is_passed_on() {
    for line in [
        "use super::Door;",
        "use super::door;",
        "fn planted(_: super::Door) {}",
    ] {
        assert_eq!(
            with("src/hall/key.rs", line),
            ["files use each other in a circle: src/hall/door.rs, src/hall/key.rs"],
            "{line}"
        );
    }
}

#[test]
fn what_is_for_tests_alone_or_only_names_who_may_use_it_is_not_an_arrow() {
    for line in [
        "#[cfg(test)] mod planted { use crate::attic::roof::Roof; }",
        "pub(in crate::attic) struct Planted;",
    ] {
        assert_eq!(with("src/cellar.rs", line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_library_that_another_room_keeps_to_itself_is_noticed_however_it_is_spelled() {
    for line in [
        "use toml_edit::Value;",
        "use toml_edit::{Item as Planted};",
        "fn planted(_: &toml_edit::Item) {}",
        "fn planted() { assert!(toml_edit::Key::parse(\"a\").is_ok()); }",
    ] {
        let found = with("src/cellar.rs", line);
        assert_eq!(
            found,
            ["src/cellar.rs uses toml_edit: only toml/ does"],
            "{line}"
        );
    }
}

#[test]
fn a_file_outside_of_the_rooms_is_noticed() {
    let found = with("src/shed.rs", "");
    assert_eq!(
        found,
        [
            "no mod declares src/shed.rs",
            "src/shed.rs stands in no room of the table"
        ]
    );
}
