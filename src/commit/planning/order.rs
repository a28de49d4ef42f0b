//! In which order the files of an edit are changed, so that every state in between serves.

use std::collections::BTreeSet;

use crate::error::Error;

/// So many states are judged before the search is given up.
const MOST_TRIES: usize = 200;

/// A file of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum File {
    Main,
    /// The drop-in of this number.
    Part(usize),
}

/// The files in an order in which `serves` holds for every state between two changes: it is given
/// those that have been changed by then. That of `files` is taken if it will do, and the one closest
/// to it otherwise.
///
/// # Errors
///
/// What `serves` has said first, if there is no such order.
pub(super) fn serving(
    files: &[File],
    serves: &dyn Fn(&[File]) -> Result<(), Error>,
) -> Result<Vec<File>, Error> {
    let mut search = Search {
        files,
        serves,
        dead: BTreeSet::new(),
        first: None,
        tries: 0,
    };
    let mut order = Vec::new();
    if search.goes_on(&mut order) {
        return Ok(order);
    }
    match search.first {
        Some(harm) => Err(harm),
        None => Ok(files.to_vec()),
    }
}

struct Search<'s> {
    files: &'s [File],
    serves: &'s dyn Fn(&[File]) -> Result<(), Error>,
    /// Sets of changed files from which nothing leads on.
    dead: BTreeSet<Vec<File>>,
    first: Option<Error>,
    tries: usize,
}

impl Search<'_> {
    fn goes_on(&mut self, order: &mut Vec<File>) -> bool {
        let files = self.files;
        let left: Vec<File> = files
            .iter()
            .copied()
            .filter(|file| !order.contains(file))
            .collect();
        // The state after the last one is the end, which is judged by itself.
        if left.len() <= 1 {
            order.extend(left);
            return true;
        }
        for next in left {
            order.push(next);
            let mut changed = order.clone();
            changed.sort_unstable();
            if self.tries < MOST_TRIES && !self.dead.contains(&changed) {
                self.tries += 1;
                match (self.serves)(order) {
                    Ok(()) if self.goes_on(order) => return true,
                    Ok(()) => {}
                    Err(harm) => drop(self.first.get_or_insert(harm)),
                }
                self.dead.insert(changed);
            }
            order.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::File::{Main, Part};
    use super::*;
    use crate::edit::judgement::harmful;

    fn harm(handler: &str) -> Error {
        harmful(format!("{handler} would be lost"))
    }

    #[test]
    fn the_given_order_is_taken_if_it_will_do() {
        let files = [Part(1), Main, Part(0)];
        let order = serving(&files, &|_| Ok(())).expect("any will do");
        assert_eq!(order, files);
        assert_eq!(serving(&[], &|_| Ok(())).expect("nothing to do"), []);
    }

    #[test]
    fn a_file_waits_for_what_it_needs() {
        let needs = |changed: &[File]| {
            let has = |file| changed.contains(&file);
            let is_good = (!has(Part(0)) || has(Part(2))) && (!has(Part(2)) || has(Main));
            if is_good { Ok(()) } else { Err(harm("a")) }
        };
        let order = serving(&[Part(0), Part(1), Main, Part(2)], &needs).expect("there is one");
        assert_eq!(order, [Part(1), Main, Part(2), Part(0)]);
    }

    #[test]
    fn without_such_an_order_the_first_harm_is_told() {
        let alone = |changed: &[File]| match changed {
            [Part(0)] => Err(harm("a")),
            _ => Err(harm("b")),
        };
        let error = serving(&[Part(0), Main], &alone).expect_err("none will do");
        assert_eq!(error.to_string(), harm("a").to_string());
        let many: Vec<File> = (0..30).map(Part).collect();
        let tries = std::cell::Cell::new(0);
        let never = |changed: &[File]| {
            tries.set(tries.get() + 1);
            let is_good = changed.len() < 4;
            if is_good { Ok(()) } else { Err(harm("a")) }
        };
        assert!(serving(&many, &never).is_err());
        assert!(tries.get() <= MOST_TRIES);
    }
}
