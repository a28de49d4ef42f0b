//! Configs in every TOML spelling.
//!
//! A config is a tree of tables first, and then each table is spelled in one of the ways that
//! TOML has: under a header, by dotted keys, inline. Both are drawn from a list of numbers, where
//! 0 is always the plainest choice, so that proptest shrinks a failure to a plain config.

mod speller;
mod tree;

use proptest::prelude::*;

use self::speller::{Section, Speller};

/// Numbers to decide by. When they run out, every choice is the plainest one.
pub(crate) struct Choices<'n> {
    numbers: std::slice::Iter<'n, u8>,
}

impl<'n> Choices<'n> {
    pub(crate) fn new(numbers: &'n [u8]) -> Self {
        Self {
            numbers: numbers.iter(),
        }
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or(0)) % count
    }

    /// True once in `count` times.
    pub(crate) fn rarely(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// So many numbers a list has at most.
const MOST: usize = 240;

/// Lists of numbers, for [`config`].
pub(crate) fn numbers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..MOST)
}

/// Lists of as many numbers as there can be, the same ones at every run.
pub(crate) fn seeded(seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || (0..MOST).map(|_| random.u8(..)).collect())
}

pub(crate) const VERSION_1: &str = "cri";
pub(crate) const VERSION_2: &str = "io.containerd.grpc.v1.cri";
pub(crate) const VERSION_3: &str = "io.containerd.cri.v1.runtime";

/// The text of a config. Most of them are TOML, but not all: two spellings may not go together.
pub(crate) fn config(choices: &mut Choices<'_>) -> String {
    let root = tree::root(choices);
    let mut speller = Speller {
        tight: choices.rarely(3),
        indent: choices.of(&["", "", "  ", "\t", "    "]),
        inline: choices.below(3),
        dotted: choices.below(3),
        noise: choices.below(3),
        is_signed: choices.rarely(5),
        choices,
    };
    let mut sections = vec![Section::default()];
    speller.body(&[], &root, 0, &mut sections);
    speller.foreign(&mut sections);
    if speller.choices.rarely(4) {
        for _ in 0..sections.len() {
            let (a, b) = (
                speller.choices.below(sections.len()),
                speller.choices.below(sections.len()),
            );
            // The root table has no header and stays first.
            if a > 0 && b > 0 {
                sections.swap(a, b);
            }
        }
    }
    let text = speller.lines(&sections);
    terminated(speller.choices, text)
}

/// The text with the line ends, start and end that some files have.
fn terminated(choices: &mut Choices<'_>, mut text: String) -> String {
    match choices.below(8) {
        5 => text = text.replace('\n', "\r\n"),
        6 => {
            let mut mixed = String::new();
            for line in text.split_inclusive('\n') {
                mixed.push_str(line.trim_end_matches('\n'));
                mixed.push_str(choices.of(&["\n", "\r\n"]));
            }
            text = mixed;
        }
        _ => {}
    }
    match choices.below(8) {
        5 => text = text.trim_end_matches(['\r', '\n']).to_owned(),
        6 => text.push_str("\n \n"),
        7 => text.push_str("# the end"),
        _ => {}
    }
    if choices.rarely(12) {
        text.insert(0, '\u{feff}');
    }
    text
}
