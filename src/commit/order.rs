//! In which order the files of an edit are changed, so that every state in between serves.

use std::collections::BTreeSet;

use crate::error::Error;

/// So many states are judged before the search is given up.
const MOST_TRIES: usize = 200;

/// A file of an edit, by its number.
type File = usize;

/// The files in an order in which `serves` holds for every state between two changes: it is given
/// those that have been changed by then. That of `files` is taken if it will do, and the one closest
/// to it otherwise.
///
/// # Errors
///
/// What `serves` has said first, if there is no such order.
pub(crate) fn serving(
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
