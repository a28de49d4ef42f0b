//! Chance that can be had again.

/// xorshift64*: the same numbers on every machine, for a seed that can be printed.
pub(super) struct Chance(u64);

impl Chance {
    /// Numbers of their own for each case, so that one can be made again without the others.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let seed = seed.wrapping_mul(0xd134_2543_de82_ef95);
        let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        let mut chance = Self(mixed);
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
