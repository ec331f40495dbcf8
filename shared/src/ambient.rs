//! Time and chance, which the rest of the code receives as arguments.
//!
//! This is the one file that may ask the machine what time it is or for a
//! random number; clippy refuses it everywhere else. A deployed function hands
//! in [`SystemClock`] and [`SystemChance`]; the local cloud hands in a clock
//! that a tester can move.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Fills buffers with bytes nobody can foretell.
pub trait Chance: Send + Sync + 'static {
    /// Overwrites `bytes`.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoChance>;
}

/// The system's random generator gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random generator failed")]
pub struct NoChance;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// AWS-LC's random generator, seeded by the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoChance> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| NoChance)
    }
}
