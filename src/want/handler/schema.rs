//! The keys of a runtime handler that containerd knows, as the model has them.

use crate::containerd::Wanted;

/// The name of the key at `path` below a handler as it should be spelled, and what belongs there;
/// `None` for one that is not known. containerd 2.x does not mind the case of letters.
pub(super) fn known(path: &[String]) -> Option<(&'static str, Wanted)> {
    let (table, name) = match path {
        [key] => (Wanted::handler(), key),
        [table, key] if table.eq_ignore_ascii_case("options") => (Wanted::runc_options(), key),
        _ => return None,
    };
    let mut names = table.names().into_iter();
    let name = names.find(|known| known.eq_ignore_ascii_case(name))?;
    Some((name, table.at(name)?))
}

/// Whether containerd is known to read the key at `path` below a handler.
pub(crate) fn is_known(path: &[String]) -> bool {
    known(path).is_some()
}

/// The names of a handler's keys.
pub(crate) fn keys() -> Vec<&'static str> {
    Wanted::handler().names()
}
