//! What a patch file or a command line says of each key. Two statements about one key must agree.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::containerd::Successor;
use crate::error::{Code, Error, Position};
use crate::toml::{Path, key_path};
use crate::want::handler::setting::Setting;
use crate::want::key::Key;

/// The statements, each under the canonical spelling of its key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements(BTreeMap<Path, Statement>);

/// One statement: the key as it is spelled, and its value.
#[derive(Debug, Clone)]
struct Statement {
    setting: Setting,
    /// Where a file says it.
    at: Option<Position>,
}

impl Statements {
    /// Enters what a file says at a place, or a command line, unless it gives a key another value than an
    /// earlier statement, or one of the two has a table where the other has a value.
    pub(crate) fn enter(&mut self, setting: Setting, at: Option<&Position>) -> Result<(), Error> {
        for setting in setting.flattened() {
            let at = at.cloned();
            let statement = Statement { setting, at };
            let key = Key::spelled(statement.setting.path());
            if let Some(other) = self.contradicting(&key, &statement) {
                let order = |it: &Statement| it.at.as_ref().map(|at| (at.line, at.column));
                let (first, second) = if order(other) > order(&statement) {
                    (&statement, other)
                } else {
                    (other, &statement)
                };
                let place = first.at.as_ref().map(|at| format!("line {}", at.line));
                return Err(second.contradicts(first, place));
            }
            self.0.entry(key.path).or_insert(statement);
        }
        Ok(())
    }

    /// Refuses what another file, which is called `name` and was read before, says otherwise.
    pub(crate) fn agree_with(&self, earlier: &Self, name: &str) -> Result<(), Error> {
        for (path, statement) in &self.0 {
            if let Some(first) = earlier.contradicting(&Key::new(path), statement) {
                let place = first.at.as_ref().map(|at| format!("{name}:{at}"));
                return Err(statement.contradicts(first, place));
            }
        }
        Ok(())
    }

    /// Where the file says a key, which is spelled in its canonical way.
    pub(crate) fn position(&self, key: &str) -> Option<&Position> {
        let path = key_path(key).ok()?;
        self.0.get(&path)?.at.as_ref()
    }

    /// Of two that disagree, the other one's counts.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Finds what was said before and disagrees: it gives the key another value, one of the two has a
    /// table where the other has a value, or containerd makes the one of the other.
    fn contradicting(&self, key: &Key, statement: &Statement) -> Option<&Statement> {
        let (said, path) = (&self.0, key.path.as_slice());
        if let Some(known) = said.get(path) {
            let agrees = known.setting.value() == statement.setting.value();
            // The elements of lists add up.
            return (!key.is_list() && !agrees).then_some(known);
        }
        let mut above = (1..path.len()).filter_map(|depth| said.get(&path[..depth]));
        let behind = (Bound::Excluded(path), Bound::Unbounded);
        let next = said.range::<[String], _>(behind).next();
        let below = next.filter(|(next, _)| next.starts_with(path));
        let rival = || said.get(&Successor::rival(path)?);
        let near = above.next().or(below.map(|(_, statement)| statement));
        near.or_else(rival)
    }
}

/// Refuses settings of which one says otherwise than another.
pub(crate) fn check_agreement(settings: &[Setting]) -> Result<(), Error> {
    let mut said = Statements::default();
    let mut settings = settings.iter().cloned();
    settings.try_for_each(|it| said.enter(it, None))
}

impl Statement {
    /// The error of a statement that contradicts another one, at its place if a file has that.
    fn contradicts(&self, first: &Self, place: Option<String>) -> Error {
        let (key, other) = (self.setting.key(), first.setting.key());
        let (code, message) = match place {
            Some(place) => {
                let message = format!("{key} contradicts {other} ({place})");
                (Code::BadPatchFile, message)
            }
            None if key == other => (Code::Usage, format!("{key} is set to two values")),
            None => (Code::Usage, format!("{key} contradicts {other}")),
        };
        Error::new(code, message, "leave one of the two out").position_at(self.at.clone())
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
