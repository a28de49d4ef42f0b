//! Which name was meant, where one is misspelled.

/// Longer names are not compared: no key is.
const LONGEST: usize = 128;

/// The name that `given` is a misspelling of, if there is one that is near enough.
pub(crate) fn nearest<'n>(
    given: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    if given.len() > LONGEST {
        return None;
    }
    let given = given.to_lowercase();
    let length = given.chars().count();
    let mistakes = if length < 5 { 1 } else { 2 };
    let near = names.into_iter().filter_map(|name| {
        let lower = name.to_lowercase();
        let distance = strsim::levenshtein(&given, &lower);
        let is_cut_short = length >= 4 && lower.starts_with(&given);
        (distance <= mistakes || is_cut_short).then_some((distance, name))
    });
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The name that was meant, if one is known, at the end of a message.
pub(crate) fn in_brackets(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"))
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
            ("uixx", None),
            ("opt", None),
            ("", None),
            ("handlers", None),
        ] {
            assert_eq!(nearest(given, names), meant, "{given}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), names), None);
    }
}
