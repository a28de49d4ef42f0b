//! The names of the files beside a config. They are an interface: `docs/on-disk-format.md`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::Dir;

use super::digest;
use super::existing::is_same;
use crate::error::{Code, Error, NextStep};

const RANDOM_CHARACTERS: usize = 10;
const TEMPORARY_SUFFIX: &str = ".tmp";
/// So much of a digest tells two texts of one config apart.
const DIGEST_CHARACTERS: usize = 16;
/// In the place of a digest: there is no file.
const ABSENT: &str = "absent";

/// The lock file of a config.
pub(crate) fn lock(config: &Path) -> PathBuf {
    with_suffix(config, ".lock")
}

/// The operation log of a config.
pub(crate) fn log(config: &Path) -> PathBuf {
    with_suffix(config, ".log")
}

/// The bytes before the last change.
pub(crate) fn previous(config: &Path) -> PathBuf {
    with_suffix(config, ".prev")
}

/// A copy of what was last written.
pub(crate) fn last(config: &Path) -> PathBuf {
    with_suffix(config, ".last")
}

/// The text that a restore replaces now, by the time without colons.
pub(super) fn broken_now(config: &Path) -> PathBuf {
    let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let mut path = with_suffix(config, ".broken-").into_os_string();
    path.push(time.replace(':', "-"));
    path.into()
}

/// Those texts, the newest first.
pub(super) fn broken(config: &Path) -> Vec<PathBuf> {
    let folder = config.parent().unwrap_or(Path::new("/"));
    let prefix = with_suffix(config, ".broken-");
    let prefix = prefix.file_name().unwrap_or_default();
    let names = names_in(folder, |name| {
        let time = name.strip_prefix(prefix.as_bytes());
        time.is_some_and(is_time)
    });
    names.iter().rev().map(|name| folder.join(name)).collect()
}

/// As in `2026-11-29T11-01-09.123Z`: others may call their own files broken, too.
fn is_time(name: &[u8]) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00-00-00.000Z";
    let is_like = |(byte, like): (&u8, &u8)| byte == like || *like == b'0' && byte.is_ascii_digit();
    name.len() == SHAPE.len() && name.iter().zip(SHAPE).all(is_like)
}

/// The texts that edits have replaced and kept.
pub(crate) fn old_texts(config: &Path) -> impl Iterator<Item = PathBuf> {
    [previous(config)].into_iter().chain(broken(config))
}

/// The ledger of a config.
pub(crate) fn owners(config: &Path) -> PathBuf {
    with_suffix(config, ".owners")
}

/// The configs in a folder that have a ledger.
pub(crate) fn configs_with_ledgers(folder: &Path) -> Vec<PathBuf> {
    const ENDING: &[u8] = b".owners";
    let names = names_in(folder, |name| name.ends_with(ENDING)).into_iter();
    let configs = names.map(|name| {
        let name = &name.as_bytes()[..name.len() - ENDING.len()];
        folder.join(OsStr::from_bytes(name))
    });
    configs.collect()
}

/// The names in a folder that are wanted, in order; none if it can't be read.
pub(super) fn names_in(folder: &Path, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<OsString> {
    // Not `std::fs::read_dir`, which panics where closing the folder fails.
    let opened = File::open(folder).ok();
    let entries = opened.and_then(|folder| Dir::new(folder).ok());
    let entries = entries.into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().to_bytes();
        is_wanted(name).then(|| OsString::from_vec(name.to_vec()))
    });
    let mut names: Vec<OsString> = names.collect();
    names.sort();
    names
}

/// The ledger that a run has found which is under way, or was killed.
pub(crate) fn owners_before(config: &Path) -> PathBuf {
    with_suffix(config, ".owners.before")
}

/// The ledger before the last change.
pub(crate) fn owners_previous(config: &Path) -> PathBuf {
    with_suffix(config, ".owners.prev")
}

/// How the sidecars of a drop-in begin. `path` leads to it from the main config's folder, or is
/// absolute: a slash becomes `%2F`, and a `%` is `%25`.
pub(crate) fn name_of_drop_in(path: &Path) -> OsString {
    let mut name = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' => name.extend(b"%2F"),
            b'%' => name.extend(b"%25"),
            other => name.push(*other),
        }
    }
    OsString::from_vec(name)
}

/// What the file at `path` is to a config, if it is the config or one of its sidecars but the log.
pub(crate) fn used_for(path: &Path, config: &Path) -> Option<&'static str> {
    let is =
        |other: &Path| path == other || is_same(path.symlink_metadata(), other.symlink_metadata());
    let is_temporary = path.parent() == config.parent()
        && path
            .file_name()
            .is_some_and(|name| temporary(name, &temporary_prefix(config)).is_some());
    let sidecars = [
        (config.to_owned(), "that is the config itself"),
        (lock(config), "that is the lock file"),
        (previous(config), "that is the previous config"),
        (last(config), "that is the copy of the config"),
        (owners(config), "that is the ledger"),
        (owners_before(config), "that is the ledger"),
        (owners_previous(config), "that is the ledger"),
    ];
    let used = sidecars.iter().find(|(sidecar, _)| is(sidecar));
    let used = used.map(|(_, purpose)| *purpose);
    used.or(is_temporary.then_some("that is a name of temporary files"))
}

/// A path for each kind of file that an edit leaves beside a config, now or for a while.
pub(crate) fn examples(config: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let own = [
        lock(config),
        log(config),
        owners(config),
        owners_before(config),
        owners_previous(config),
    ];
    own.into_iter().chain(examples_of_drop_in(config))
}

/// The same for a drop-in, which has no lock and no log of its own. `config` is its name beside the
/// main config.
pub(crate) fn examples_of_drop_in(config: &Path) -> [PathBuf; 5] {
    let random = "x".repeat(RANDOM_CHARACTERS);
    let temporary = |suffix: &str| {
        let mut name = temporary_prefix(config);
        name.push(&random);
        name.push(suffix);
        config.with_file_name(name)
    };
    [
        previous(config),
        last(config),
        broken_now(config),
        temporary(TEMPORARY_SUFFIX),
        temporary(&exchange_suffix(&Texts::of(Some(b""), None))),
    ]
}

/// Something that is not a regular file stands at the name of a file that an edit needs. `purpose`
/// is what that file is for.
pub(super) fn planted(path: &Path, found: &str, purpose: &str) -> Error {
    let message = format!("{found} stands in the place of {purpose}");
    Error::new(Code::PlantedSidecar, message, NextStep::MoveAway(path)).at(path)
}

fn with_suffix(config: &Path, suffix: &str) -> PathBuf {
    let mut path = config.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// What an exchange of two texts is about, as far as a name can hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Texts {
    before: String,
    after: String,
}

impl Texts {
    /// An exchange of `before` for `after`; `None`: no file.
    pub(crate) fn of(before: Option<&[u8]>, after: Option<&[u8]>) -> Self {
        let (before, after) = (shortened(before), shortened(after));
        Self { before, after }
    }

    /// Whether this is what was to be replaced.
    pub(crate) fn is_before(&self, text: Option<&[u8]>) -> bool {
        shortened(text) == self.before
    }

    /// Whether this is what was to take its place.
    pub(crate) fn is_after(&self, text: Option<&[u8]>) -> bool {
        shortened(text) == self.after
    }
}

fn shortened(text: Option<&[u8]>) -> String {
    let digest = text.map(digest::of);
    digest.map_or(ABSENT.to_owned(), |digest| {
        digest[..DIGEST_CHARACTERS].to_owned()
    })
}

/// A temporary file, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Temporary {
    /// One that is being written: nothing but what a run of this tool wrote was ever in it.
    Pending,
    /// One that is changed for the config, or was: what stands in it may be anybody's.
    Exchanged(Texts),
}

/// How the temporary files of a config begin.
pub(crate) fn temporary_prefix(config: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(config.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// A builder of temporary files that are being written.
pub(crate) fn pending(prefix: &OsStr) -> tempfile::Builder<'_, 'static> {
    named(prefix, TEMPORARY_SUFFIX)
}

/// How the name of what is exchanged ends.
pub(crate) fn exchange_suffix(texts: &Texts) -> String {
    format!(".{}.{}{TEMPORARY_SUFFIX}", texts.before, texts.after)
}

/// A builder of names that begin and end like this.
pub(super) fn named<'a, 'b>(prefix: &'a OsStr, suffix: &'b str) -> tempfile::Builder<'a, 'b> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix(prefix)
        .suffix(suffix)
        .rand_bytes(RANDOM_CHARACTERS);
    builder
}

/// What a name beside a config says, if it is one of its temporary files.
pub(crate) fn temporary(name: &OsStr, prefix: &OsStr) -> Option<Temporary> {
    let inner = name.as_bytes().strip_prefix(prefix.as_bytes())?;
    let inner = str::from_utf8(inner).ok()?;
    let inner = inner.strip_suffix(TEMPORARY_SUFFIX)?;
    let parts: Vec<&str> = inner.split('.').collect();
    let is_random = |part: &str| {
        part.len() == RANDOM_CHARACTERS && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_text = |part: &str| {
        part == ABSENT
            || part.len() == DIGEST_CHARACTERS && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match parts[..] {
        [random] if is_random(random) => Some(Temporary::Pending),
        [random, before, after] if is_random(random) && is_text(before) && is_text(after) => {
            Some(Temporary::Exchanged(Texts {
                before: before.to_owned(),
                after: after.to_owned(),
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_was_given() {
        let prefix = temporary_prefix(Path::new("/etc/containerd/config.toml"));
        let texts = Texts::of(Some(b"old"), Some(b"new"));
        let name = format!(".config.toml.aB3dE5gH7j{}", exchange_suffix(&texts));
        assert_eq!(
            name,
            ".config.toml.aB3dE5gH7j.cba06b5736faf67e.11507a0e2f5e69d5.tmp"
        );
        let read = temporary(OsStr::new(&name), &prefix).expect("a temporary file");
        assert_eq!(read, Temporary::Exchanged(texts.clone()));
        assert!(texts.is_before(Some(b"old")) && texts.is_after(Some(b"new")));
        assert!(!texts.is_before(Some(b"other")) && !texts.is_after(None));
        let gone = Texts::of(Some(b"old"), None);
        assert!(gone.is_after(None));
    }

    /// Two names that look alike to who reads them as UTF-8 have temporary files of their own.
    #[test]
    fn names_are_bytes() {
        let of = |name: &[u8]| temporary_prefix(Path::new(OsStr::from_bytes(name)));
        assert_ne!(of(b"x\xfe.toml"), of(b"x\xff.toml"));
        let name = OsStr::from_bytes(b".x\xff.toml.aB3dE5gH7j.tmp");
        assert_eq!(
            temporary(name, &of(b"x\xff.toml")),
            Some(Temporary::Pending)
        );
        assert_eq!(temporary(name, &of(b"x\xfe.toml")), None);
    }

    #[test]
    fn other_peoples_names_say_nothing() {
        let prefix = temporary_prefix(Path::new("config.toml"));
        for name in [
            "config.toml",
            ".config.toml.tmp",
            ".config.toml.short.tmp",
            ".config.toml.aB3dE5gH7j.tmp.bak",
            ".config.toml.aB3dE5gH7j.x.y.tmp",
            ".config.toml.aB3dE5gH7j.0123456789abcdef.tmp",
            ".other.toml.aB3dE5gH7j.tmp",
        ] {
            assert_eq!(temporary(OsStr::new(name), &prefix), None, "{name}");
        }
    }
}
