//! A Markdown page, and releases in words for people.

use std::fmt::Write;

use crate::containerd::Release;

/// Newer than any patch release that a fact names.
const NEWEST_PATCH: u16 = 50;

/// A Markdown document that grows.
pub(super) struct Page(pub(super) String);

impl Page {
    pub(super) fn section(&mut self, title: &str, text: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "\n## {title}\n");
        if !text.is_empty() {
            let _ = write!(self.0, "\n{text}\n");
        }
    }

    pub(super) fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let _ = write!(
            self.0,
            "\n| {} |\n|{}\n",
            head.join(" | "),
            "---|".repeat(N)
        );
        for row in rows {
            let _ = writeln!(self.0, "| {} |", row.join(" | "));
        }
    }
}

pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The releases of a line, oldest first; the line itself, which stands for its newest, comes last.
fn of_line(line: Release) -> impl Iterator<Item = Release> {
    let patches = (0..=NEWEST_PATCH).map(move |patch| format!("{line}.{patch}"));
    let patches = patches.map(|text| text.parse().expect("a release"));
    patches.chain([line])
}

/// Releases for people, from whether each of them is meant.
pub(super) fn named(is_meant: impl Fn(Release) -> bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    // The first and last of the whole lines in a row.
    let mut row: Option<(Release, Release)> = None;
    let mut is_all = true;
    let close = |row: &mut Option<(Release, Release)>, parts: &mut Vec<String>| match row.take() {
        Some((first, last)) if first == last => parts.push(first.to_string()),
        Some((first, last)) => parts.push(format!("{first}–{last}")),
        None => {}
    };
    for line in Release::LINES {
        let of_line: Vec<Release> = of_line(line).collect();
        if of_line.iter().all(|release| is_meant(*release)) {
            row = Some((row.map_or(line, |(first, _)| first), line));
            continue;
        }
        is_all = false;
        close(&mut row, &mut parts);
        // Rules begin and end, but none comes back within a line.
        let mut meant = of_line.iter().filter(|release| is_meant(**release));
        let Some(first) = meant.next() else {
            continue;
        };
        let last = meant.next_back().unwrap_or(first);
        parts.push(match (first == &of_line[0], *last == line) {
            (true, _) => format!("{line} up to {last}"),
            (false, true) => format!("{line} from {first}"),
            (false, false) => format!("{first}–{last}"),
        });
    }
    close(&mut row, &mut parts);
    match parts.as_slice() {
        [] => "none".to_owned(),
        _ if is_all => "all".to_owned(),
        _ => parts.join(", "),
    }
}

/// What each release makes of something, the releases that agree taken together.
pub(super) fn outcomes(of: impl Fn(Release) -> String) -> String {
    let releases = Release::LINES.into_iter().flat_map(of_line);
    let found: Vec<(Release, String)> = releases.map(|release| (release, of(release))).collect();
    let mut different: Vec<&String> = Vec::new();
    for (_, outcome) in &found {
        if !different.contains(&outcome) {
            different.push(outcome);
        }
    }
    let parts: Vec<String> = different
        .into_iter()
        .map(|outcome| {
            let releases = named(|release| {
                let own = found.iter().find(|(known, _)| *known == release);
                own.is_some_and(|(_, own)| own == outcome)
            });
            format!("{releases}: {outcome}")
        })
        .collect();
    parts.join("<br>")
}

#[test]
fn releases_are_named_by_line() {
    let from = |text: &str| text.parse::<Release>().expect(text);
    assert_eq!(named(|_| true), "all");
    assert_eq!(named(|release| release < from("2.0.0")), "1.6–1.7");
    assert_eq!(named(|release| release >= from("2.3.0")), "2.3–2.4");
    assert_eq!(named(|_| false), "none");
    assert_eq!(
        named(|release| release < from("1.6.30")),
        "1.6 up to 1.6.29"
    );
    assert_eq!(
        named(|release| release >= from("1.7.17")),
        "1.7 from 1.7.17, 2.0–2.4"
    );
    assert_eq!(
        named(|release| release >= from("2.1.1") && release < from("2.1.4")),
        "2.1.1–2.1.3"
    );
}
