//! What a rig found.

use std::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Crashes that were looked at.
    pub(crate) runs: usize,
    /// What was wrong, with all that is needed to see it again.
    pub(crate) bad: Vec<String>,
}

impl Report {
    /// Prints the figures in one line, as they are told to people.
    #[expect(clippy::print_stdout, reason = "the figures are what the rig is for")]
    pub(crate) fn print(&self, figures: &str, started: Instant) {
        println!(
            "{figures}, {} bad (seed {}, {:.0} s)",
            self.bad.len(),
            crate::seed::chosen(),
            started.elapsed().as_secs_f32()
        );
    }

    pub(crate) fn assert_sound(&self) {
        let first: Vec<&String> = self.bad.iter().take(10).collect();
        assert!(self.bad.is_empty(), "{} bad: {first:#?}", self.bad.len());
    }

    /// For a command with a bug. Prints what was found last: the rig stopped there.
    #[expect(clippy::print_stdout, reason = "what finds what is worth knowing")]
    pub(crate) fn assert_noticed(&self, what: &str) {
        let last = self.bad.last();
        let last = last.unwrap_or_else(|| panic!("{what}: not noticed in {} runs", self.runs));
        println!("{what}: noticed in run {}: {last}", self.runs);
    }
}
