//! In which order the files of an edit are changed, so that every state in between serves.

use std::collections::BTreeSet;

use crate::error::Error;

/// So many states are judged before the search is given up.
const MOST_TRIES: usize = 200;

/// The files, by their names, in an order in which `serves` holds for every state between two changes:
/// it is given those that have been changed by then. That of `files` is taken if it will do, and the
/// one closest to it otherwise.
///
/// # Errors
///
/// What `serves` has said first, if there is no such order.
pub(crate) fn serving(
    files: &[&str],
    serves: &dyn Fn(&[&str]) -> Result<(), Error>,
) -> Result<Vec<String>, Error> {
    let (mut judged, mut first) = (BTreeSet::new(), None);
    let mut orders: Vec<Vec<&str>> = vec![Vec::new()];
    while let Some(order) = orders.pop() {
        if !order.is_empty() {
            let changed: BTreeSet<&str> = order.iter().copied().collect();
            if judged.len() == MOST_TRIES || !judged.insert(changed) {
                continue;
            }
            if let Err(harm) = serves(&order) {
                first.get_or_insert(harm);
                continue;
            }
        }
        let left = files.iter().filter(|file| !order.contains(file));
        let mut longer: Vec<Vec<&str>> = left.map(|next| [&*order, &[*next]].concat()).collect();
        // The state after the last one is the end, which is judged by itself.
        if longer.len() <= 1 {
            let order = longer.pop().unwrap_or(order);
            return Ok(order.into_iter().map(str::to_owned).collect());
        }
        orders.extend(longer.into_iter().rev());
    }
    let given = files.iter().map(|file| (*file).to_owned());
    first.map_or_else(|| Ok(given.collect()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    /// The order that is found where these states alone do not serve, and how many were judged.
    fn found(files: &[&str], bad: &[&[&str]]) -> (Result<Vec<String>, Error>, usize) {
        let tries = std::cell::Cell::new(0);
        let order = serving(files, &|changed| {
            tries.set(tries.get() + 1);
            let mut sorted = changed.to_vec();
            sorted.sort_unstable();
            let harm = || Error::new(Code::Harmful, changed.join(" then "), "");
            if bad.contains(&&*sorted) {
                Err(harm())
            } else {
                Ok(())
            }
        });
        (order, tries.get())
    }

    #[test]
    fn the_order_is_the_one_closest_to_the_given_one() {
        let files = ["a", "b", "c"];
        for (bad, order) in [
            (&[][..], "a b c"),
            (&[&["a", "b"][..]], "a c b"),
            (&[&["a"][..]], "b a c"),
            (&[&["a"][..], &["b"]], "c a b"),
            (&[&["a"][..], &["b"], &["a", "c"]], "c b a"),
        ] {
            assert_eq!(found(&files, bad).0.expect("an order").join(" "), order);
        }
        assert_eq!(found(&[], &[]).0, Ok(Vec::new()));
        assert_eq!(found(&["a"], &[]).1, 0, "the end is judged by itself");
    }

    #[test]
    fn what_was_wrong_first_is_said() {
        let (order, tries) = found(&["a", "b", "c"], &[&["a", "b"], &["a", "c"], &["b", "c"]]);
        assert_eq!(order.expect_err("none").to_string(), "a then b");
        assert_eq!(tries, 6, "no state is judged twice");
    }

    #[test]
    fn a_search_that_takes_too_long_ends() {
        let names: Vec<String> = (0..12).map(|number| format!("{number:02}")).collect();
        let files: Vec<&str> = names.iter().map(String::as_str).collect();
        let last = &files[..11];
        let bad: Vec<Vec<&str>> = (0..12)
            .map(|left| {
                (0..12)
                    .filter(|it| *it != left)
                    .map(|it| files[it])
                    .collect()
            })
            .collect();
        let bad: Vec<&[&str]> = bad.iter().map(Vec::as_slice).collect();
        let (order, tries) = found(&files, &bad);
        assert_eq!(order.expect_err("none").to_string(), last.join(" then "));
        assert_eq!(tries, MOST_TRIES);
    }
}
