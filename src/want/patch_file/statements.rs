//! What patch files say of each key, and where: of one key, they have to say one thing.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::{Code, Error, Position};
use crate::toml::render::{self, Quotes};
use crate::toml::{Path, Value, key_path};
use crate::want::key::Key;

/// What a patch file says, by the canonical spelling of each key.
#[derive(Debug, Clone, Default)]
pub(super) struct Statements(BTreeMap<Path, Statement>);

/// What a patch file says of one key.
#[derive(Debug, Clone)]
struct Statement {
    /// The key as the file spells it.
    spelled: String,
    value: Value,
    at: Position,
}

impl Statements {
    /// Enters what a file says of a key, which it spells so.
    pub(super) fn enter(
        &mut self,
        spelled: &[&str],
        value: &Value,
        at: Position,
    ) -> Result<(), Error> {
        let key = Key::spelled(spelled);
        let statement = Statement {
            spelled: render::dotted(spelled, Quotes::Basic),
            value: value.clone(),
            at,
        };
        if let Some(other) = self.contradicting(&key, &statement) {
            let order = |it: &Statement| (it.at.line, it.at.column);
            let (first, second) = if order(other) < order(&statement) {
                (other, &statement)
            } else {
                (&statement, other)
            };
            return Err(second.contradicts(first, &format!("line {}", first.at.line)));
        }
        self.0.entry(key.path).or_insert(statement);
        Ok(())
    }

    /// Refuses what another file, which is called `name` and was read before, says otherwise.
    pub(super) fn agree_with(&self, earlier: &Self, name: &str) -> Result<(), Error> {
        for (path, statement) in &self.0 {
            if let Some(first) = earlier.contradicting(&Key::new(path), statement) {
                return Err(statement.contradicts(first, &format!("{name}:{}", first.at)));
            }
        }
        Ok(())
    }

    /// Where the file says a key, which is spelled in its canonical way.
    pub(super) fn position(&self, key: &str) -> Option<&Position> {
        let path = key_path(key).ok()?;
        self.0.get(&path).map(|found| &found.at)
    }

    /// Finds a statement that disagrees: it gives the key another value, or one of the two has a table
    /// where the other has a value.
    fn contradicting(&self, key: &Key, statement: &Statement) -> Option<&Statement> {
        let path = key.path.as_slice();
        if let Some(known) = self.0.get(path) {
            // The elements of lists add up.
            let agrees = key.is_list() || known.value == statement.value;
            return (!agrees).then_some(known);
        }
        let mut above = (1..path.len()).filter_map(|depth| self.0.get(&path[..depth]));
        let behind = (Bound::Excluded(path), Bound::Unbounded);
        let next = self.0.range::<[String], _>(behind).next();
        let below = next.filter(|(next, _)| next.starts_with(path));
        above.next().or(below.map(|(_, statement)| statement))
    }
}

impl Statement {
    fn contradicts(&self, first: &Self, place: &str) -> Error {
        let message = format!("{} contradicts {} ({place})", self.spelled, first.spelled);
        let error = Error::new(Code::BadPatchFile, message, "leave one of the two out");
        error.position_at(self.at.clone())
    }
}
