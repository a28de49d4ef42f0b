//! A disk with a volatile cache that writes down what it is told, and fails or loses its power when
//! it shall.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::image::Image;

/// What the disk was told.
#[derive(Clone)]
pub(crate) enum Request {
    Write { offset: u64, bytes: Arc<[u8]> },
    Flush,
}

/// What the disk held, and what it was told since then.
#[derive(Clone, Default)]
pub(crate) struct Recording {
    /// Where a write is never torn.
    pub(crate) whole: Range<u64>,
    pub(crate) before: Image,
    pub(crate) requests: Vec<Request>,
}

/// Which requests fail, counted from 1 in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) nth: usize,
    /// All of that kind from there on, or only that one.
    pub(crate) lasts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Flush,
}

#[derive(Default)]
struct State {
    now: Image,
    /// Which file is the disk: another one with each image, so that the kernel has nothing cached.
    generation: u64,
    recording: Recording,
    /// Writes and flushes asked for since the recording began, failed ones too.
    asked: [usize; 2],
    fault: Option<Fault>,
    /// The power fails as soon as the recording has this many requests.
    power_fails_at: Option<usize>,
}

/// The disk, as its server and the test share it.
#[derive(Clone)]
pub(crate) struct Disk {
    /// Where it never tears a write.
    whole: Range<u64>,
    state: Arc<Mutex<State>>,
}

/// The request failed.
#[derive(Debug)]
pub(crate) struct Failed;

impl Disk {
    pub(crate) fn never_tearing(whole: Range<u64>) -> Self {
        Self {
            whole,
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Exchanges what it holds. Nobody may have mounted it. It has its power and no faults.
    pub(crate) fn insert(&self, image: Image) {
        let mut state = self.state();
        *state = State {
            now: image,
            generation: state.generation + 1,
            ..State::default()
        };
    }

    pub(crate) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// What it holds, its cache included.
    pub(crate) fn content(&self) -> Image {
        self.state().now.clone()
    }

    /// Begins to write down what it is told.
    pub(crate) fn record(&self) {
        let mut state = self.state();
        state.asked = [0; 2];
        state.recording = Recording {
            whole: self.whole.clone(),
            before: state.now.clone(),
            requests: Vec::new(),
        };
    }

    pub(crate) fn recording(&self) -> Recording {
        self.state().recording.clone()
    }

    /// How many requests the recording has.
    pub(crate) fn recorded(&self) -> usize {
        self.state().recording.requests.len()
    }

    /// How many requests of a kind there were since the recording began.
    pub(crate) fn asked(&self, kind: Kind) -> usize {
        self.state().asked[kind as usize]
    }

    pub(crate) fn fail(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Has the power fail at a position of the recording: what is asked then, fails.
    pub(crate) fn fail_power_at(&self, position: usize) {
        self.state().power_fails_at = Some(position);
    }

    pub(crate) fn has_power(&self) -> bool {
        self.state().has_power()
    }

    pub(crate) fn read(
        &self,
        generation: u64,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, Failed> {
        let state = self.state();
        if state.generation != generation {
            return Err(Failed);
        }
        Ok(state.now.read(offset, length))
    }

    pub(crate) fn write(&self, generation: u64, offset: u64, bytes: &[u8]) -> Result<(), Failed> {
        let mut state = self.state();
        state.admit(generation, Kind::Write)?;
        state.now.write(offset, bytes);
        state.recording.requests.push(Request::Write {
            offset,
            bytes: bytes.into(),
        });
        Ok(())
    }

    pub(crate) fn flush(&self, generation: u64) -> Result<(), Failed> {
        let mut state = self.state();
        state.admit(generation, Kind::Flush)?;
        state.recording.requests.push(Request::Flush);
        Ok(())
    }
}

impl State {
    fn has_power(&self) -> bool {
        self.power_fails_at
            .is_none_or(|position| self.recording.requests.len() < position)
    }

    fn admit(&mut self, generation: u64, kind: Kind) -> Result<(), Failed> {
        if self.generation != generation || !self.has_power() {
            return Err(Failed);
        }
        let asked = &mut self.asked[kind as usize];
        *asked += 1;
        let fails = self.fault.is_some_and(|fault| {
            fault.kind == kind && (*asked == fault.nth || fault.lasts && *asked > fault.nth)
        });
        if fails { Err(Failed) } else { Ok(()) }
    }
}
