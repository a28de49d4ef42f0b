//! What an import leads to: Go's `filepath.Clean`, `Match` and `Glob`, as `resolveImports` in
//! `cmd/containerd/server/config/config.go` uses them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::iter::Peekable;
use std::path::{Component, Path, PathBuf};
use std::str::Chars;

use crate::toml::Source;

/// The import strings of a file, whatever the case of the key.
pub(crate) fn written(source: &Source) -> Vec<String> {
    // Most drop-ins import nothing: whoever asks only for imports need not parse them.
    let names_it = |text: &[u8]| text.eq_ignore_ascii_case(b"imports");
    let bytes = source.bytes();
    if !bytes.windows(7).any(names_it) && !bytes.contains(&b'\\') {
        return Vec::new();
    }
    let Ok(config) = source.document() else {
        return Vec::new();
    };
    let keys = config.root().table().into_iter().flatten();
    let imports = keys.filter(|(key, _)| key.eq_ignore_ascii_case("imports"));
    let texts = imports.flat_map(|(_, value)| value.texts());
    texts.map(|(text, _)| text.to_owned()).collect()
}

/// A path as written in an import, made absolute and cleaned the way Go does.
pub(crate) fn absolute(importer: &Path, import: &str) -> PathBuf {
    clean(&importer.parent().unwrap_or(Path::new("/")).join(import))
}

/// A path, cleaned the way Go does.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::Normal(name) => clean.push(name),
            _ => {}
        }
    }
    clean
}

/// Whether containerd takes an import for a pattern. Without a star, `?` and `[` are plain letters.
pub(crate) fn is_pattern(import: impl AsRef<OsStr>) -> bool {
    import.as_ref().as_encoded_bytes().contains(&b'*')
}

/// The absolute patterns that an import is for the releases: cleaned, and for old ones as it is
/// written.
pub(crate) fn patterns(importer: &Path, import: &str) -> Vec<PathBuf> {
    let mut patterns = vec![absolute(importer, import), PathBuf::from(import)];
    patterns.dedup_by(|one, other| one.as_os_str() == other.as_os_str());
    patterns.retain(|pattern| is_pattern(pattern) && pattern.is_absolute());
    patterns
}

/// Whether `Glob` takes something in a path for more than a plain letter.
pub(crate) fn has_meta(path: impl AsRef<OsStr>) -> bool {
    let bytes = path.as_ref().as_encoded_bytes();
    bytes.iter().any(|byte| b"*?[\\".contains(byte))
}

/// Whether an absolute import leads to a path, now or once something stands there.
pub(crate) fn leads_to(import: &Path, path: &Path) -> bool {
    if !is_pattern(import) {
        return import == path;
    }
    let (mut patterns, mut names) = (import.iter(), path.iter());
    loop {
        match (patterns.next(), names.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if is_match(&text(pattern), name) == Some(true) => {}
            _ => return false,
        }
    }
}

/// What a pattern matches, in Go's order; `None`: it is malformed where something came to be matched,
/// so that the daemon exits. `names` lists a folder; nothing, if it is none.
pub(crate) fn glob<'n>(
    pattern: &Path,
    names: &dyn Fn(&Path) -> Cow<'n, BTreeSet<OsString>>,
) -> Option<Vec<PathBuf>> {
    let pattern = text(pattern.as_os_str());
    is_match(&pattern, OsStr::new(""))?;
    // A pattern that ends in a slash asks for a file without a name.
    let (folder, file) = pattern.rsplit_once('/').unwrap_or((".", &pattern));
    let folder = if folder.is_empty() { "/" } else { folder };
    let folders = if has_meta(folder) {
        glob(Path::new(folder), names)?
    } else {
        vec![PathBuf::from(folder)]
    };
    let mut found = Vec::new();
    for folder in folders {
        let names = names(&folder);
        let folder = clean(&folder);
        for name in names.iter() {
            if is_match(file, name)? {
                found.push(folder.join(name));
            }
        }
    }
    Some(found)
}

fn text(pattern: &OsStr) -> Cow<'_, str> {
    pattern.to_string_lossy()
}

/// A part of a pattern.
enum Part {
    Star,
    /// A letter, any.
    Any,
    Letter(char),
    /// A letter of some ranges as `[a-z]`, or of none of them as `[^a-z]`.
    Class {
        is_negated: bool,
        ranges: Vec<[char; 2]>,
    },
    /// What Go calls malformed.
    Malformed,
}

fn parse(pattern: &str) -> Vec<Part> {
    let mut letters = pattern.chars().peekable();
    let next = || {
        Some(match letters.next()? {
            '*' => Part::Star,
            '?' => Part::Any,
            '\\' => letters.next().map_or(Part::Malformed, Part::Letter),
            '[' => class(&mut letters).unwrap_or(Part::Malformed),
            plain => Part::Letter(plain),
        })
    };
    std::iter::from_fn(next).collect()
}

/// What follows a bracket.
fn class(letters: &mut Peekable<Chars<'_>>) -> Option<Part> {
    let is_negated = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || letters.next_if_eq(&']').is_none() {
        let first = bound(letters)?;
        let last = match letters.next_if_eq(&'-') {
            Some(_) => bound(letters)?,
            None => first,
        };
        ranges.push([first, last]);
    }
    Some(Part::Class { is_negated, ranges })
}

/// One end of a range.
fn bound(letters: &mut Peekable<Chars<'_>>) -> Option<char> {
    match letters.next()? {
        '-' | ']' => None,
        '\\' => letters.next(),
        letter => Some(letter),
    }
}

/// Whether a pattern matches a name; `None`: it is malformed as far as it was looked at (`Match`).
fn is_match(pattern: &str, name: &OsStr) -> Option<bool> {
    let letters: Vec<char> = text(name).chars().collect();
    let mut letters = letters.as_slice();
    let parts = parse(pattern);
    let mut chunks = parts.split(|part| matches!(part, Part::Star)).peekable();
    let mut is_after_star = false;
    while let Some(chunk) = chunks.next() {
        if chunk.iter().any(|part| matches!(part, Part::Malformed)) {
            return None;
        }
        // The last chunk has to take all that is left.
        let is_last = chunks.peek().is_none();
        let fits = |from: &usize| {
            let found = letters[*from..].get(..chunk.len());
            let fits =
                found.is_some_and(|it| chunk.iter().zip(it).all(|(part, it)| part.takes(*it)));
            fits && (!is_last || from + chunk.len() == letters.len())
        };
        let last = if is_after_star { letters.len() } else { 0 };
        let Some(from) = (0..=last).find(fits) else {
            return Some(false);
        };
        letters = &letters[from + chunk.len()..];
        is_after_star = true;
    }
    Some(true)
}

impl Part {
    fn takes(&self, letter: char) -> bool {
        let is_in = |[first, last]: &[char; 2]| (*first..=*last).contains(&letter);
        match self {
            Self::Any => true,
            Self::Letter(plain) => letter == *plain,
            Self::Class { is_negated, ranges } => ranges.iter().any(is_in) != *is_negated,
            Self::Star | Self::Malformed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        is_match(pattern, OsStr::new(name)) == Some(true)
    }

    /// The examples of Go's own documentation of `Match`, and what differs from a shell's globs.
    #[test]
    fn a_name_matches_as_in_go() {
        for (pattern, name) in [
            ("*", ""),
            ("*", ".hidden"),
            ("**", "abc"),
            ("a*", "abc"),
            ("a*b*c", "a1b2b3c"),
            ("a?c", "abc"),
            ("a?c", "aéc"),
            ("[a-c]x", "bx"),
            ("[^a]", "b"),
            ("[!a]", "!"),
            ("[!a]", "a"),
            ("a\\*c", "a*c"),
            ("[\\]]", "]"),
            ("[\\-x]", "-"),
            ("*[[]x*", "a[x]"),
            ("[*]", "*"),
            ("[é-ü]", "ö"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("a", "ab"),
            ("", "a"),
            ("?", ""),
            ("a*b", "abc"),
            ("[^a]", "a"),
            ("[!a]", "b"),
            ("a\\*c", "abc"),
            ("[c-a]", "b"),
            ("{a,b}", "a"),
            ("*a", "A"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    /// Measured: `Match` looks no further than the first chunk that does not fit.
    #[test]
    fn a_malformed_pattern_is_known_where_something_is_matched() {
        for bad in [
            "[", "[]", "[]a]", "[a", "[-]", "[x-]", "[a-]", "[-x]", "a\\", "[\\", "[^]", "[a-b-c]",
            "[]-a]x", "/[*/x", "*[a\\", "*a\\", "*/[",
        ] {
            assert_eq!(is_match(bad, OsStr::new("")), None, "{bad}");
        }
        for good in ["]", "a]", "*]*", "[\\]]", "[^\\]]", "[a-b]-c", "\\["] {
            assert!(is_match(good, OsStr::new("")).is_some(), "{good}");
        }
        let glob = |pattern: &str, file: &'static str| {
            let names = |folder: &Path| match folder.to_str() {
                Some("/d") if !file.is_empty() => Cow::Owned([file.into()].into()),
                _ => Cow::default(),
            };
            super::glob(Path::new(pattern), &names).is_some()
        };
        for pattern in ["/d/*[", "/d/*\\", "/d/x*["] {
            assert!(glob(pattern, ""), "{pattern}");
            assert!(!glob(pattern, "x"), "{pattern}");
        }
        assert!(glob("/d/x*[", "a") && glob("/*/e/[*", "x"));
        // The pattern of the folder is one of its own.
        assert!(!glob("/e/[*", "") && !glob("/d/[a/b]*", ""));
    }

    /// Holds the matcher against one that tries every way, over many short patterns and names.
    #[test]
    fn a_star_finds_a_way_if_there_is_one() {
        fn naive(pattern: &[char], letters: &[char]) -> bool {
            match (pattern, letters) {
                ([], []) => true,
                (['*', rest @ ..], _) => {
                    naive(rest, letters)
                        || letters.split_first().is_some_and(|it| naive(pattern, it.1))
                }
                ([one, rest @ ..], [letter, more @ ..]) => {
                    (*one == '?' || one == letter) && naive(rest, more)
                }
                _ => false,
            }
        }
        let words = |letters: &[char], most: u32| -> Vec<String> {
            let mut words = vec![String::new()];
            let mut from = 0;
            for _ in 0..most {
                let until = words.len();
                for number in from..until {
                    let longer = letters
                        .iter()
                        .map(|letter| format!("{}{letter}", words[number]));
                    let longer: Vec<String> = longer.collect();
                    words.extend(longer);
                }
                from = until;
            }
            words
        };
        let names = words(&['a', 'b'], 5);
        for pattern in words(&['a', 'b', '*', '?'], 5) {
            let parts: Vec<char> = pattern.chars().collect();
            for name in &names {
                let letters: Vec<char> = name.chars().collect();
                assert_eq!(
                    matches(&pattern, name),
                    naive(&parts, &letters),
                    "{pattern} {name}"
                );
            }
        }
    }

    #[test]
    fn folders_are_matched_one_by_one() {
        let names = |folder: &Path| {
            let names: &[&str] = match clean(folder).to_str() {
                Some("/etc") => &["b", "a", "x.toml", ".h"],
                Some("/etc/a") => &["2.toml", "1.toml", "sub"],
                Some("/etc/b") => &["1.toml", "[1].toml"],
                _ => &[],
            };
            Cow::Owned(names.iter().map(OsString::from).collect())
        };
        for (pattern, found) in [
            ("/etc/*", "/etc/.h /etc/a /etc/b /etc/x.toml"),
            ("/etc/*/1.toml", "/etc/a/1.toml /etc/b/1.toml"),
            (
                "/etc/**/*.toml",
                "/etc/a/1.toml /etc/a/2.toml /etc/b/1.toml /etc/b/[1].toml",
            ),
            ("/etc/?/[\\[]*", "/etc/b/[1].toml"),
            ("/etc/[^a]/*", "/etc/b/1.toml /etc/b/[1].toml"),
            ("/etc//a/./*b", "/etc/a/sub"),
            ("/etc/a/*/", ""),
            ("/*/x", ""),
        ] {
            let all = glob(Path::new(pattern), &names).expect("well-formed");
            let all: Vec<&str> = all.iter().filter_map(|path| path.to_str()).collect();
            assert_eq!(all.join(" "), found, "{pattern}");
            let plain = absolute(Path::new("/etc/config.toml"), pattern);
            for path in all.iter().filter(|_| !pattern.ends_with('/')) {
                assert!(leads_to(&plain, Path::new(path)), "{pattern} {path}");
            }
        }
        assert!(leads_to(
            Path::new("/etc/[a].toml"),
            Path::new("/etc/[a].toml")
        ));
        assert!(!leads_to(
            Path::new("/etc/[a].toml"),
            Path::new("/etc/a.toml")
        ));
        assert!(!leads_to(Path::new("/etc/*"), Path::new("/etc/a/1.toml")));
    }
}
