//! What a file may hold after a crash, as long as it has not been synced.

use std::collections::BTreeSet;
use std::sync::Arc;

/// More than this would be too many to enumerate. A file that goes through as many changes without
/// a sync in between asks for a cleverer choice of them.
const MOST: usize = 20_000;
const GARBAGE: u8 = 0xdb;

/// The bytes of a file: those that the disk is certain to hold, and what was done to them since.
#[derive(Debug, Default)]
pub(crate) struct FileContents {
    on_disk: Vec<u8>,
    unsynced: Vec<Change>,
    now: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Resize(usize),
}

/// What of a write has reached the disk.
const PARTS: [Part; 5] = [
    Part::Nothing,
    Part::Zeroes,
    Part::Garbage,
    Part::Half,
    Part::All,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    /// The file has grown, without its bytes.
    Zeroes,
    /// The same, with what its blocks held before.
    Garbage,
    Half,
    All,
}

impl FileContents {
    pub(crate) fn synced(bytes: Vec<u8>) -> Self {
        Self {
            on_disk: bytes.clone(),
            unsynced: Vec::new(),
            now: bytes,
        }
    }

    pub(crate) fn on_disk(&self) -> &[u8] {
        &self.on_disk
    }

    pub(crate) fn now(&self) -> &[u8] {
        &self.now
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.change(Change::Write {
            at,
            bytes: bytes.to_vec(),
        });
    }

    pub(crate) fn resize(&mut self, length: usize) {
        self.change(Change::Resize(length));
    }

    pub(crate) fn sync(&mut self) {
        self.on_disk = self.now.clone();
        self.unsynced.clear();
    }

    fn change(&mut self, change: Change) {
        change.make(&mut self.now, Part::All);
        self.unsynced.push(change);
    }

    /// Everything that the disk may hold.
    pub(crate) fn possible(&self) -> Vec<Arc<[u8]>> {
        let mut possible = BTreeSet::from([self.on_disk.clone()]);
        for change in &self.unsynced {
            let parts: &[Part] = match change {
                Change::Write { .. } => &PARTS,
                Change::Resize(_) => &[Part::Nothing, Part::All],
            };
            possible = possible
                .iter()
                .flat_map(|bytes| {
                    parts.iter().map(|part| {
                        let mut bytes = bytes.clone();
                        change.make(&mut bytes, *part);
                        bytes
                    })
                })
                .collect();
            assert!(possible.len() <= MOST, "too much unsynced: {self:?}");
        }
        possible.into_iter().map(Arc::from).collect()
    }
}

impl Change {
    fn make(&self, to: &mut Vec<u8>, part: Part) {
        match self {
            Self::Resize(length) if part == Part::All => to.resize(*length, 0),
            Self::Resize(_) => {}
            Self::Write { at, bytes } => {
                let bytes = match part {
                    Part::Nothing => return,
                    Part::Zeroes => &vec![0; bytes.len()],
                    Part::Garbage => &vec![GARBAGE; bytes.len()],
                    Part::Half => &bytes[..bytes.len() / 2],
                    Part::All => &bytes[..],
                };
                let end = at + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*at..end].copy_from_slice(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsynced_write_may_be_there_in_any_part() {
        let mut file = FileContents::synced(b"ab".to_vec());
        file.resize(0);
        file.write(0, b"wxyz");
        let possible: Vec<Vec<u8>> = file.possible().iter().map(|one| one.to_vec()).collect();
        for expected in [&b"ab"[..], b"", b"\0\0\0\0", &[GARBAGE; 4], b"wx", b"wxyz"] {
            assert!(
                possible.contains(&expected.to_vec()),
                "{expected:?} is missing: {possible:?}"
            );
        }
        file.sync();
        assert_eq!(file.possible(), [Arc::from(&b"wxyz"[..])]);
    }

    #[test]
    fn the_parts_of_two_writes_are_combined() {
        let mut file = FileContents::default();
        file.write(0, b"ab");
        file.write(2, b"cd");
        let possible = file.possible();
        for expected in [&b"\0\0cd"[..], b"ab", b"ab\0\0", b"a\0cd", b"abcd"] {
            assert!(
                possible.iter().any(|one| **one == *expected),
                "{expected:?} is missing: {possible:?}"
            );
        }
    }
}
