//! Platforms such as `linux/arm64/v8` (`Parse` of containerd's `platforms` module).

use super::asked::Asked;
use super::release::{FROM_1_7, Releases, TWO};

const SYSTEMS: &str = "\
    aix android darwin dragonfly freebsd hurd illumos ios js linux macos nacl netbsd openbsd \
    plan9 solaris windows zos";
const ARCHITECTURES: &str = "\
    386 aarch64 amd64 amd64p32 arm arm64 arm64be armbe armel armhf i386 loong64 mips mips64 \
    mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc \
    sparc64 wasm x86-64 x86_64";
/// The system's features beside its version, and escapes in both.
const FEATURES: Releases = Releases::from(2, 3);

/// Whether a release parses a platform. One part alone has to be a system or an architecture that
/// it knows.
pub(super) fn is_valid(text: &str, release: &Asked) -> bool {
    let dot = if release.is_in(TWO) { "." } else { "" };
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let Some(system) = system(first, release) else {
        return false;
    };
    let name = system.to_lowercase();
    let is_known = || {
        let is_alone = system.len() == first.len();
        let is_one_of = |names: &str| names.split(' ').any(|known| known == name);
        is_one_of(SYSTEMS) || is_alone && is_one_of(ARCHITECTURES)
    };
    match rest.as_slice() {
        [] => is_known(),
        rest => rest.len() <= 2 && rest.iter().all(|part| is_word(part, dot)),
    }
}

/// The system of `system(version+feature)`; `None` if the part is malformed.
fn system<'p>(part: &'p str, release: &Asked) -> Option<&'p str> {
    let more = if release.is_in(FEATURES) { ".%" } else { "." };
    let (system, options) = match part.split_once('(') {
        Some((system, options)) => (system, Some(options.strip_suffix(')')?)),
        None => (part, None),
    };
    let options_fit = options.is_none_or(|options| {
        let mut options = options.split('+');
        let version = options.next().unwrap_or_default();
        let is_version = version.is_empty() || is_option(version, more);
        let features: Vec<&str> = options.collect();
        let has_features = features.is_empty() || release.is_in(FEATURES);
        release.is_in(FROM_1_7)
            && is_version
            && has_features
            && features.iter().all(|feature| is_option(feature, more))
    });
    (is_word(system, "") && options_fit).then_some(system)
}

fn is_word(text: &str, more: &str) -> bool {
    let mut chars = text.chars();
    !text.is_empty()
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || more.contains(c))
}

/// A word in which each `%` begins an escape.
fn is_option(text: &str, more: &str) -> bool {
    is_word(text, more) && super::url::has_valid_escapes(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter for each release: whether it parses the platform.
    fn parsed(text: &str) -> String {
        let releases = ["1.6.20", "1.7.24", "2.1.9", "2.3.4"];
        let parses =
            |release: &&str| is_valid(text, &Asked::new(release.parse().expect("a release")));
        let letters = releases.iter().map(|it| if parses(it) { 'y' } else { 'n' });
        letters.collect()
    }

    #[test]
    fn as_containerd_parses_them() {
        for (text, expected) in [
            ("linux/amd64", "yyyy"),
            ("linux", "yyyy"),
            ("LINUX", "yyyy"),
            ("macos", "yyyy"),
            ("x86-64", "yyyy"),
            ("mips64le", "yyyy"),
            ("linux/arm/v7", "yyyy"),
            ("any/thing", "yyyy"),
            ("linux/amd64/v8.1", "nnyy"),
            ("windows(10.0.17763)/amd64", "nyyy"),
            ("windows(10.0.17763)", "nyyy"),
            ("linux(+erofs)/amd64", "nnny"),
            ("amd64(1)", "nnnn"),
            ("linux(%zz)/amd64", "nnnn"),
            ("", "nnnn"),
            ("nothing", "nnnn"),
            ("linux/", "nnnn"),
            ("linux.x/amd64", "nnnn"),
            ("*/amd64", "nnnn"),
            ("a/b/c/d", "nnnn"),
            ("linux /amd64", "nnnn"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }
}
