//! Which name was meant, where one is misspelled.

/// Longer names are not compared: no key is.
const LONGEST: usize = 64;

/// The name that `given` is a misspelling of, if there is one that is near enough.
pub(super) fn nearest<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given: Vec<char> = given.to_lowercase().chars().collect();
    if given.len() > LONGEST {
        return None;
    }
    let mistakes = if given.len() < 4 { 1 } else { 2 };
    let near = names.iter().filter_map(|name| {
        let letters: Vec<char> = name.chars().collect();
        let distance = distance(&given, &letters);
        let is_cut_short = given.len() >= 4 && letters.starts_with(&given);
        (distance <= mistakes || is_cut_short).then_some((distance, *name))
    });
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be added, dropped or replaced to make one word of the other
/// (Levenshtein's distance).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (done, letter) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], done + 1);
        for (at, wanted) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != wanted);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["runtime_type", "runtime_path", "options", "uid", "gid"];
        for (given, meant) in [
            ("runtme_type", Some("runtime_type")),
            ("runtime_tpye", Some("runtime_type")),
            ("runtime-path", Some("runtime_path")),
            ("option", Some("options")),
            ("opti", Some("options")),
            ("OPTOINS", Some("options")),
            ("uidd", Some("uid")),
            ("ud", Some("uid")),
            ("opt", None),
            ("", None),
            ("handlers", None),
        ] {
            assert_eq!(nearest(given, &names), meant, "{given}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), &names), None);
    }
}
