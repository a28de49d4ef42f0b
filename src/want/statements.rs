//! What a patch file or a command line says of each key. Two statements about one key must agree.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::containerd::Successor;
use crate::error::{Code, Error, Position};
use crate::toml::render::{self, Quotes};
use crate::toml::{Path, Value, key_path};
use crate::want::handler::setting::Setting;
use crate::want::key::Key;

const NEXT_STEP: &str = "leave one of the two out";

/// What a patch file says, by the canonical spelling of each key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements(BTreeMap<Path, Statement>);

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
    pub(crate) fn enter(
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
    pub(crate) fn agree_with(&self, earlier: &Self, name: &str) -> Result<(), Error> {
        for (path, statement) in &self.0 {
            if let Some(first) = earlier.contradicting(&Key::new(path), statement) {
                return Err(statement.contradicts(first, &format!("{name}:{}", first.at)));
            }
        }
        Ok(())
    }

    /// Where the file says a key, which is spelled in its canonical way.
    pub(crate) fn position(&self, key: &str) -> Option<&Position> {
        let path = key_path(key).ok()?;
        self.0.get(&path).map(|found| &found.at)
    }

    fn contradicting(&self, key: &Key, statement: &Statement) -> Option<&Statement> {
        contradicting(&self.0, key, |known| known.value == statement.value)
    }
}

/// What settings say, by the canonical spelling of each key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said(BTreeMap<Path, Setting>);

impl Said {
    /// Enters a setting, unless it gives a key another value than an earlier one, or one of the two has a
    /// table where the other has a value.
    pub(crate) fn enter(&mut self, setting: &Setting) -> Result<(), Error> {
        for setting in setting.clone().flattened() {
            let key = Key::spelled(setting.path());
            let agrees = |it: &Setting| it.value() == setting.value();
            if let Some(first) = contradicting(&self.0, &key, agrees) {
                let (key, first) = (setting.key(), first.key());
                let message = if key == first {
                    format!("{key} is set to two values")
                } else {
                    format!("{key} contradicts {first}")
                };
                return Err(Error::new(Code::Usage, message, NEXT_STEP));
            }
            self.0.entry(key.path).or_insert(setting);
        }
        Ok(())
    }

    /// Of two that disagree, the other one's counts.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Refuses settings of which one says otherwise than another.
pub(crate) fn check_agreement(settings: &[Setting]) -> Result<(), Error> {
    let mut said = Said::default();
    settings.iter().try_for_each(|it| said.enter(it))
}

/// Finds what was said before and disagrees: it gives the key another value, one of the two has a table
/// where the other has a value, or containerd makes the one of the other.
fn contradicting<'s, S>(
    said: &'s BTreeMap<Path, S>,
    key: &Key,
    agrees: impl Fn(&S) -> bool,
) -> Option<&'s S> {
    let path = key.path.as_slice();
    if let Some(known) = said.get(path) {
        // The elements of lists add up.
        return (!key.is_list() && !agrees(known)).then_some(known);
    }
    let mut above = (1..path.len()).filter_map(|depth| said.get(&path[..depth]));
    let behind = (Bound::Excluded(path), Bound::Unbounded);
    let next = said.range::<[String], _>(behind).next();
    let below = next.filter(|(next, _)| next.starts_with(path));
    let rival = || said.get(&Successor::rival(path)?);
    let near = above.next().or(below.map(|(_, statement)| statement));
    near.or_else(rival)
}

impl Statement {
    fn contradicts(&self, first: &Self, place: &str) -> Error {
        let message = format!("{} contradicts {} ({place})", self.spelled, first.spelled);
        let error = Error::new(Code::BadPatchFile, message, NEXT_STEP);
        error.position_at(self.at.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::want::change::Change;
    use crate::want::handler::{Handler, HandlerName};

    #[test]
    fn settings_say_one_thing_of_a_key() {
        const RUNTIME: &str = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
        const CNI: &str = "plugins.\"io.containerd.cri.v1.runtime\".cni";
        let spelled = format!("{RUNTIME}.x.options.a=2");
        let folder = format!("{CNI}.bin_dir=/a");
        let folders = format!("{CNI}.bin_dirs=['/a']");
        for (settings, wanted) in [
            (["debug.level=info", "debug.level=info"], None),
            (["imports=/a", "imports=/b"], None),
            (["handlers.x={}", "handlers.x.options.a=1"], None),
            (
                ["debug.level=info", "debug.level=warn"],
                Some("debug.level is set to two values".to_owned()),
            ),
            (
                ["handlers.x.options.a=1", "handlers.x.options.a.b=2"],
                Some("handlers.x.options.a.b contradicts handlers.x.options.a".to_owned()),
            ),
            (
                ["handlers.x.options.a=1", &spelled],
                Some(format!(
                    "{RUNTIME}.x.options.a contradicts handlers.x.options.a"
                )),
            ),
            (
                [&folder, &folders],
                Some(format!("{CNI}.bin_dirs contradicts {CNI}.bin_dir")),
            ),
            (
                [&folders, &folder],
                Some(format!("{CNI}.bin_dir contradicts {CNI}.bin_dirs")),
            ),
        ] {
            let settings = settings.map(|it| it.parse().expect("a setting"));
            let refused = check_agreement(&settings).err();
            assert_eq!(refused.map(|it| it.to_string()), wanted, "{settings:?}");
        }
    }

    #[test]
    fn whatever_takes_settings_refuses_two_that_disagree() {
        let [info, warn] = ["debug.level=info", "debug.level=warn"]
            .map(|it| it.parse::<Setting>().expect("a setting"));
        let change = Change::new().key(&info).expect("a key");
        assert!(change.clone().key(&info).is_ok());
        assert!(change.clone().key(&warn).is_err());
        assert!(Change::new().and(change).key(&warn).is_err());
        let change = Change::new().was(&info).expect("a key");
        assert!(change.was(&warn).is_err());
        let name: HandlerName = "crun".parse().expect("a name");
        let settings = ["snapshotter=a", "snapshotter=b"];
        let settings = settings.map(|it| it.parse::<Setting>().expect("a setting"));
        assert!(Handler::resolve(name.clone(), None, settings.clone()).is_err());
        assert!(Change::new().extend(&name, settings).is_err());
    }
}
