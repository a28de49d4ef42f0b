//! Keys of older versions that the migration has made elements of arrays of.

use super::migration::{SCHED_CORE, SHIM_MANAGER, TASK};
use super::plugin::RUNTIME;
use crate::toml::value::{Data, Value};
use crate::toml::{Literal, Path};

/// The array that has the value of a key of an older version since, as an element.
#[derive(Debug, PartialEq)]
pub(crate) struct Successor {
    key: &'static [&'static str],
    array: &'static [&'static str],
    /// The element that stands for `true`; `None`: an element is the value itself.
    on: Option<&'static str>,
}

const SUCCESSORS: [Successor; 2] = [
    Successor {
        key: &["plugins", RUNTIME, "cni", "bin_dir"],
        array: &["plugins", RUNTIME, "cni", "bin_dirs"],
        on: None,
    },
    Successor {
        key: &["plugins", TASK, "sched_core"],
        array: &["plugins", SHIM_MANAGER, "env"],
        on: Some(SCHED_CORE),
    },
];

impl Successor {
    /// That of the key at a place.
    pub(crate) fn of(place: &[String]) -> Option<&'static Self> {
        SUCCESSORS.iter().find(|it| place == it.key)
    }

    pub(crate) fn array(&self) -> Path {
        owned(self.array)
    }

    /// The array of the key at a place, and the key of the array: of the two, a config has one.
    pub(crate) fn rival(place: &[String]) -> Option<Path> {
        let of_key = Self::of(place).map(Self::array);
        let mut arrays = SUCCESSORS.iter().filter(|it| place == it.array);
        of_key.or_else(|| arrays.next().map(|it| owned(it.key)))
    }

    /// What has stood at the key, by an element of the array.
    pub(super) fn before(&self, element: &Value) -> Option<Value> {
        let text = element.as_str()?;
        match self.on {
            Some(on) => (text == on).then(|| Value::new(Data::Boolean(true), element.place)),
            None => Some(element.clone()),
        }
    }

    /// The value of the key, by an element of the array.
    pub(crate) fn value(&self, element: &Literal) -> Option<Literal> {
        self.before(element)?;
        let on = self.on.map(|_| Literal::new("true"));
        Some(on.unwrap_or_else(|| element.clone()))
    }

    /// The element that a value of the key is, if it is one.
    pub(crate) fn element(&self, value: &Literal) -> Option<Literal> {
        match self.on {
            Some(on) => (*value == Literal::new("true")).then(|| Literal::string(on)),
            None => Some(value.clone()),
        }
    }
}

fn owned(path: &[&str]) -> Path {
    path.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_says_what_the_key_has_said() {
        let [folder, core] = &SUCCESSORS;
        let [x, on] = ["'/x'", "'SCHED_CORE=1'"].map(Literal::new);
        assert_eq!(folder.value(&x).as_ref(), Some(&x));
        assert_eq!(folder.element(&x).as_ref(), Some(&x));
        let is_set = Literal::new("true");
        assert_eq!(core.value(&on).as_ref(), Some(&is_set));
        assert_eq!(core.element(&is_set), Some(on));
        assert_eq!(core.value(&Literal::new("'A=1'")), None);
        assert_eq!(core.element(&Literal::new("false")), None);
    }

    #[test]
    fn a_key_and_its_array_stand_for_each_other() {
        for it in &SUCCESSORS {
            let [key, array] = [it.key, it.array].map(owned);
            assert_eq!(Successor::rival(&key).as_ref(), Some(&array));
            assert_eq!(Successor::rival(&array), Some(key));
        }
        assert_eq!(Successor::rival(&owned(&["debug", "level"])), None);
    }
}
