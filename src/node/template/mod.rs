//! Templates of k3s and RKE2: their own part, brought in by `{{ template "base" . }}`, and what
//! somebody adds below it.

mod mask;
mod part;

use self::mask::Masked;
pub(crate) use self::part::{Template, part_of};

/// A template as a TOML parser can read it; `None`: its directives decide over other lines.
pub(crate) fn as_toml(template: &str) -> Option<String> {
    let masked = Masked::of(template).ok()?;
    masked.refused.is_none().then_some(masked.text)
}
