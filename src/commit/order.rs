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
    let mut search = Search {
        files,
        serves,
        dead: BTreeSet::new(),
        first: None,
        tries: 0,
    };
    let mut order = Vec::new();
    if !search.goes_on(&mut order) {
        match search.first {
            Some(harm) => return Err(harm),
            None => order.extend(files),
        }
    }
    Ok(order.into_iter().map(str::to_owned).collect())
}

struct Search<'s> {
    files: &'s [&'s str],
    serves: &'s dyn Fn(&[&str]) -> Result<(), Error>,
    /// Sets of changed files from which nothing leads on.
    dead: BTreeSet<BTreeSet<&'s str>>,
    first: Option<Error>,
    tries: usize,
}

impl<'s> Search<'s> {
    fn goes_on(&mut self, order: &mut Vec<&'s str>) -> bool {
        let mut left = self.files.to_vec();
        left.retain(|file| !order.contains(file));
        // The state after the last one is the end, which is judged by itself.
        if left.len() <= 1 {
            order.extend(left);
            return true;
        }
        for next in left {
            order.push(next);
            let changed: BTreeSet<&str> = order.iter().copied().collect();
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
