//! What a disk may hold after a power failure: all that was flushed, and of the rest any part.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::disk::{Recording, Request};
use crate::image::Image;

const SECTOR: usize = 512;

/// What became of a write that is in a state: all of it is, or these sectors alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Whole,
    Sectors(Vec<bool>),
}

/// The writes of a recording that reached the disk, by their position.
pub(crate) type State = BTreeMap<usize, Part>;

/// The state and the latest position of the recording at which the power may have failed.
pub(crate) struct States<'a> {
    recording: &'a Recording,
    found: BTreeMap<State, usize>,
}

impl<'a> States<'a> {
    /// The states of a recording: every prefix, then for every prefix those that lack one write of
    /// those since the last flush or have but one, then random ones, in part torn, until there are
    /// `wanted` or it seems that there are no more.
    pub(crate) fn of(recording: &'a Recording, wanted: usize, random: &mut fastrand::Rng) -> Self {
        let mut states = Self {
            recording,
            found: BTreeMap::new(),
        };
        let end = recording.requests.len();
        for position in 0..=end {
            let whole = states.whole(0..position);
            states.add(whole, position);
        }
        let thorough = states.found.len() + wanted / 3;
        let mut positions: Vec<usize> = (0..=end).collect();
        random.shuffle(&mut positions);
        for position in positions {
            let flushed = flushed(recording, position);
            for write in flushed..position {
                if states.found.len() < thorough {
                    let mut lacking = states.whole(0..position);
                    lacking.remove(&write);
                    states.add(lacking, position);
                    let mut alone = states.whole(0..flushed);
                    alone.extend(states.whole(write..write + 1));
                    states.add(alone, position);
                }
            }
        }
        for _ in 0..wanted * 100 {
            if states.found.len() >= wanted {
                break;
            }
            let position = random.usize(0..=end);
            states.add(any(recording, position, random), position);
        }
        states
    }

    /// The states, each with the latest position at which it may have come to be.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&State, usize)> {
        self.found
            .iter()
            .map(|(state, position)| (state, *position))
    }

    fn add(&mut self, state: State, position: usize) {
        let latest = self.found.entry(state).or_default();
        *latest = position.max(*latest);
    }

    fn whole(&self, range: Range<usize>) -> State {
        whole(self.recording, range)
    }
}

/// The position after the last flush before this one: what is before it can't be lost.
pub(crate) fn flushed(recording: &Recording, position: usize) -> usize {
    recording.requests[..position]
        .iter()
        .rposition(|request| matches!(request, Request::Flush))
        .map_or(0, |flush| flush + 1)
}

/// Everything that was flushed, and any part of the rest.
pub(crate) fn any(recording: &Recording, position: usize, random: &mut fastrand::Rng) -> State {
    let flushed = flushed(recording, position);
    let mut state = whole(recording, 0..flushed);
    let tears = random.u8(0..3) > 0;
    for (write, _) in whole(recording, flushed..position) {
        let Request::Write { offset, bytes } = &recording.requests[write] else {
            continue;
        };
        let sectors = bytes.len() / SECTOR;
        if tears && sectors > 1 && !overlaps(&recording.whole, *offset, bytes) && random.bool() {
            let torn = if random.bool() {
                let end = random.usize(1..sectors);
                (0..sectors).map(|sector| sector < end).collect()
            } else {
                (0..sectors).map(|_| random.bool()).collect()
            };
            state.insert(write, Part::Sectors(torn));
        } else if random.bool() {
            state.insert(write, Part::Whole);
        }
    }
    state
}

/// Whether a write concerns a range of the disk.
fn overlaps(range: &Range<u64>, offset: u64, bytes: &[u8]) -> bool {
    offset < range.end && range.start < offset + bytes.len() as u64
}

/// All writes of a range.
pub(crate) fn whole(recording: &Recording, range: Range<usize>) -> State {
    range
        .filter(|position| matches!(recording.requests[*position], Request::Write { .. }))
        .map(|position| (position, Part::Whole))
        .collect()
}

/// The disk in this state.
pub(crate) fn image(recording: &Recording, state: &State) -> Image {
    let mut image = recording.before.clone();
    for (position, part) in state {
        let Request::Write { offset, bytes } = &recording.requests[*position] else {
            continue;
        };
        match part {
            Part::Whole => image.write(*offset, bytes),
            Part::Sectors(kept) => {
                for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                    if kept.get(number) == Some(&true) {
                        image.write(offset + (number * SECTOR) as u64, sector);
                    }
                }
            }
        }
    }
    image
}

/// A state in a few words, for a finding: which writes since the last flush are not there or torn.
pub(crate) fn describe(recording: &Recording, state: &State, position: usize) -> String {
    let flushed = flushed(recording, position);
    let fates = whole(recording, flushed..position).into_keys();
    let fates = fates.filter_map(|write| match state.get(&write) {
        None => Some(format!("write {write} is lost")),
        Some(Part::Sectors(_)) => Some(format!("write {write} is torn")),
        Some(Part::Whole) => None,
    });
    let fates: Vec<String> = fates.collect();
    format!(
        "power fails at request {position}, {flushed} were flushed [{}]",
        fates.join(", ")
    )
}

#[test]
fn what_was_flushed_is_in_every_state() {
    let write = |offset: u64, byte: u8| Request::Write {
        offset,
        bytes: [byte; 4 * SECTOR].into(),
    };
    let recording = Recording {
        whole: 0..0,
        before: Image::default(),
        requests: vec![
            write(0, 1),
            write(4096, 2),
            Request::Flush,
            write(0, 3),
            write(8192, 4),
        ],
    };
    let mut random = fastrand::Rng::with_seed(1);
    let states = States::of(&recording, 100, &mut random);
    let mut overwritten = [0; 3];
    for (state, position) in states.iter() {
        let image = image(&recording, state);
        let (first, second) = (image.read(0, 1)[0], image.read(4096, 1)[0]);
        if position > 2 {
            assert_eq!(second, 2, "flushed: {state:?}");
            assert!(
                [1, 3].contains(&first),
                "flushed or written since: {state:?}"
            );
            overwritten[0] += usize::from(first == 3);
            overwritten[1] += usize::from(image.read(3 * 512, 1) != image.read(0, 1));
        } else {
            overwritten[2] += usize::from(second == 0 && first == 1);
        }
    }
    assert!(
        overwritten.iter().all(|count| *count > 0),
        "whole, torn and partly lost: {overwritten:?}"
    );
    assert!(states.found.len() > 50, "{}", states.found.len());
}
