//! Names of runtime handlers, and of the installers that own them.

use std::fmt;
use std::str::FromStr;

use crate::error::{Code, Error};

/// The name of a runtime handler: what a Kubernetes `RuntimeClass` has in its `handler` field.
///
/// A lowercase RFC 1123 label: up to 63 letters `a-z`, digits and `-`, with a letter or digit at
/// both ends. Kubernetes refuses any other name (`RuntimeClass` in the node.k8s.io/v1 API).
///
/// # Examples
///
/// ```
/// use containerd_edit::HandlerName;
///
/// let name: HandlerName = "kata-qemu".parse()?;
/// assert_eq!(name.as_str(), "kata-qemu");
/// assert!("Kata".parse::<HandlerName>().is_err());
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandlerName(String);

/// The installer that a handler belongs to, as it stands in the provenance comments.
///
/// Up to 63 letters, digits, `.`, `_`, `-` and `/`, the first one a letter or digit.
///
/// # Examples
///
/// ```
/// use containerd_edit::Owner;
///
/// assert_eq!(Owner::default().as_str(), "manual");
/// assert!("kata-deploy".parse::<Owner>().is_ok());
/// assert!("two words".parse::<Owner>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

const LONGEST: usize = 63;

impl HandlerName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Owner {
    /// The owner of what people register by hand.
    pub const MANUAL: &'static str = "manual";
    /// What is there for the sake of others, and nobody's. No owner may be called so.
    pub(crate) const IMPLIED: &'static str = "implied";

    /// An owner that a ledger names.
    pub(crate) fn known(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The owner's identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `byte` may stand in an owner's identifier.
    pub(crate) fn allows(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/')
    }
}

/// The name of an owner's drop-in.
pub(crate) fn drop_in_of(owner: &str) -> String {
    format!("50-{}.toml", owner.replace('/', "-"))
}

impl Default for Owner {
    fn default() -> Self {
        Self(Self::MANUAL.to_owned())
    }
}

impl FromStr for HandlerName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
        let reason = if name.is_empty() {
            "is empty"
        } else if !name.chars().all(|it| is_plain(it) || it == '-') {
            "may hold lowercase letters, digits and `-` only (RFC 1123 label, as in RuntimeClass)"
        } else if !name.starts_with(is_plain) || !name.ends_with(is_plain) {
            "must begin and end with a lowercase letter or digit (RFC 1123 label)"
        } else if name.len() > LONGEST {
            "is longer than 63 characters (RFC 1123 label)"
        } else {
            return Ok(Self(name.to_owned()));
        };
        let message = format!("handler name {name:?} {reason}");
        let hint = "name it as the RuntimeClass does that pods will ask for";
        Err(Error::new(Code::Usage, message, hint))
    }
}

impl FromStr for Owner {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let reason = if name.is_empty() {
            "is empty"
        } else if !name.bytes().all(Self::allows) {
            "may hold letters, digits, `.`, `_`, `-` and `/` only"
        } else if !name.starts_with(|it: char| it.is_ascii_alphanumeric()) {
            "must begin with a letter or digit"
        } else if name.len() > LONGEST {
            "is longer than 63 characters"
        } else if name == Self::IMPLIED {
            "stands for what is nobody's"
        } else {
            return Ok(Self(name.to_owned()));
        };
        let message = format!("owner {name:?} {reason}");
        let hint = "name the installer, as in kata-deploy";
        Err(Error::new(Code::Usage, message, hint))
    }
}

impl fmt::Display for HandlerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handler_names_are_labels() {
        let longest = "a".repeat(63);
        for good in ["a", "0", "kata-qemu", "a--b", longest.as_str()] {
            assert!(good.parse::<HandlerName>().is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in [
            "", "-a", "a-", "A", "a.b", "a_b", "a b", "ä", "a\n", &too_long,
        ] {
            assert!(bad.parse::<HandlerName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn owners_fit_into_a_comment() {
        for good in ["kata-deploy", "Ops", "team/gpu_1.2"] {
            assert!(good.parse::<Owner>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\"", "a#b", "-a", ".a", "a\nb"] {
            assert!(bad.parse::<Owner>().is_err(), "{bad:?}");
        }
    }
}
