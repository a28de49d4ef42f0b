//! The ledger beside a config: what holds of it, whatever has become of the last run.

use crate::commit::editor::Editor;
use crate::disk::sidecar;
use crate::disk::state::States;
use crate::disk::target::{Snapshot, Target};
use crate::error::Error;
use crate::ledger::Ledger;

/// The ledgers of a config, read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: States,
    /// The one that holds.
    pub(crate) ledger: Ledger,
    /// The one before the last change, if that is known.
    pub(crate) previous: Option<Ledger>,
}

impl Editor {
    /// Reads the ledgers. Where a run was killed, each file says which of them holds for it.
    pub(crate) fn read_ledger(&self, target: &Target, main: &Snapshot) -> Result<Found, Error> {
        let states = States::read(&target.path)?;
        let parsed = |bytes: &Option<Vec<u8>>| {
            let parsed = bytes.as_deref().map(Ledger::parse).transpose();
            parsed.map_err(|error| error.at(sidecar::owners(&self.path)))
        };
        let (now, before) = (parsed(&states.now)?, parsed(&states.before)?);
        let previous = parsed(&states.previous).ok().flatten();
        let (ledger, previous) = match (now, before) {
            (None, None) => (Ledger::default(), None),
            (None, Some(before)) => (before, previous),
            (Some(now), None) => (now, previous),
            (Some(now), Some(before)) => {
                let names = now.clone();
                let reading = self.read_config((target, main), &names, None)?;
                let ledger = now.after_a_killed_run(before.clone(), &reading.config);
                (ledger, Some(before))
            }
        };
        Ok(Found {
            states,
            ledger,
            previous,
        })
    }

    /// Who wants what in the config as it is, for reading. Without any ledger: what its comments say.
    ///
    /// # Errors
    ///
    /// [`Code::BadLedger`](crate::Code::BadLedger) if the ledger can't be read, and the errors of
    /// finding and reading a config.
    pub fn ledger(&self) -> Result<Ledger, Error> {
        let target = self.find()?;
        let main = target.read()?;
        let mut ledger = self.read_ledger(&target, &main)?.ledger;
        if ledger.is_blank()
            && let Ok(reading) = self.read_config((&target, &main), &ledger, None)
        {
            ledger.recover(&reading.config, &reading.config.views());
        }
        Ok(ledger)
    }
}
