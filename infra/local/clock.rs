//! The clock of the local cloud: the machine's time, and a tester's offset.
//!
//! A tester moves it forward to see reminders fall due, links expire and slots
//! pass. It never runs backwards, not even after a restart: the offset lies in
//! the data folder, because whatever was written with the moved time would
//! otherwise lie in the future.

use crate::error::StartError;
use crate::files;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use shared::ambient::{Clock, SystemClock};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// The machine's time plus an offset that only grows.
#[derive(Debug)]
pub struct MovableClock {
    /// Microseconds ahead of (or, for a test in the past, behind) the machine.
    offset: AtomicI64,
    /// The latest moment anybody was told, in microseconds since 1970.
    latest: AtomicI64,
    /// Where the offset is remembered; nowhere with data in memory.
    file: Option<PathBuf>,
    moved: watch::Sender<u64>,
    followers: Followers,
}

/// Told how far the clock is ahead before whoever moved it goes on.
pub(crate) type Follower = Box<dyn Fn(SignedDuration) + Send>;

#[derive(Default)]
struct Followers(Mutex<Vec<Follower>>);

impl std::fmt::Debug for Followers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Followers")
    }
}

/// Why the clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The text is no duration.
    #[error("{0:?} is not an ISO 8601 duration such as PT2H or P1D")]
    Unreadable(String),
    /// Months and years are not equally long.
    #[error("{0:?} is not equally long everywhere: say it in days, as in P365D")]
    NoFixedLength(String),
    /// Time runs forward only.
    #[error("the clock moves forward only")]
    Backwards,
    /// Further than times reach.
    #[error("the clock cannot be moved that far")]
    TooFar,
    /// The offset could not be remembered.
    #[error("the clock's offset could not be written: {0}")]
    Unwritable(#[from] std::io::Error),
}

/// How the offset lies in `clock.json`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    offset_microseconds: i64,
}

/// One move is at most ten years: enough for every retention, and far from where times end.
const FARTHEST: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

impl MovableClock {
    /// A clock with the offset that `folder` remembers, if it does, or one
    /// that starts at `start`.
    ///
    /// # Errors
    /// When the remembered offset cannot be read.
    pub fn open(folder: Option<&Path>, start: Option<Timestamp>) -> Result<Self, StartError> {
        let file = folder.map(|folder| folder.join("clock.json"));
        let remembered: Option<Remembered> = match &file {
            Some(file) => files::read_json(file)?,
            None => None,
        };
        let offset = match (remembered, start) {
            (Some(remembered), _) => remembered.offset_microseconds,
            (None, Some(start)) => start.as_microsecond() - SystemClock.now().as_microsecond(),
            (None, None) => 0,
        };
        let clock = Self {
            offset: AtomicI64::new(offset),
            latest: AtomicI64::new(i64::MIN),
            file,
            moved: watch::Sender::new(0),
            followers: Followers::default(),
        };
        if offset != 0 {
            clock.remember().map_err(|error| StartError::folder(folder, &error))?;
        }
        Ok(clock)
    }

    /// Moves the clock forward and returns the new time.
    ///
    /// # Errors
    /// When `by` is negative or too far, or the offset cannot be remembered.
    pub fn advance(&self, by: SignedDuration) -> Result<Timestamp, MoveError> {
        if by.is_negative() {
            return Err(MoveError::Backwards);
        }
        let end = Timestamp::MAX.as_microsecond() - FARTHEST.as_micros() as i64;
        if by > FARTHEST || self.now().as_microsecond() > end {
            return Err(MoveError::TooFar);
        }
        self.offset.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
        self.remember()?;
        for follower in self.followers.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            follower(self.ahead());
        }
        self.moved.send_modify(|moves| *moves += 1);
        Ok(self.now())
    }

    /// Moves the clock forward by an ISO 8601 duration such as `PT2H` or `P1D`.
    ///
    /// # Errors
    /// When the text is no duration, or [`MovableClock::advance`] refuses it.
    pub fn advance_text(&self, by: &str) -> Result<Timestamp, MoveError> {
        self.advance(parse_duration(by)?)
    }

    /// Changes whenever somebody moved the clock.
    #[must_use]
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// How far it is ahead of the machine's own.
    pub(crate) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.offset.load(Ordering::SeqCst))
    }

    /// Tells `follower` of every move to come.
    pub(crate) fn follow(&self, follower: Follower) {
        self.followers.0.lock().unwrap_or_else(PoisonError::into_inner).push(follower);
    }

    fn remember(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let remembered = Remembered { offset_microseconds: self.offset.load(Ordering::SeqCst) };
        files::write_json(file, &remembered)
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let machine = SystemClock.now().as_microsecond();
        let now = machine.saturating_add(self.offset.load(Ordering::SeqCst));
        // The machine's own clock may be set back; ours is not.
        let latest = self.latest.fetch_max(now, Ordering::SeqCst).max(now);
        Timestamp::from_microsecond(latest).unwrap_or(Timestamp::MAX)
    }
}

/// The same time for the embedded engine, which asks in its own way.
#[derive(Debug)]
pub(crate) struct EngineClock(pub(crate) std::sync::Arc<MovableClock>);

impl dynoxide::storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().as_second()).unwrap_or_default()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().as_microsecond() as f64 / 1_000_000.0
    }
}

/// Days count 24 hours here: whoever moves a clock does not stand in a zone.
fn parse_duration(text: &str) -> Result<SignedDuration, MoveError> {
    let span: Span = text.parse().map_err(|_| MoveError::Unreadable(text.to_owned()))?;
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| MoveError::NoFixedLength(text.to_owned()))?;
    if duration.is_negative() { Err(MoveError::Backwards) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_iso_8601() {
        assert_eq!(parse_duration("PT2H").unwrap(), SignedDuration::from_hours(2));
        assert_eq!(parse_duration("P1D").unwrap(), SignedDuration::from_hours(24));
        assert_eq!(parse_duration("PT1H30M").unwrap(), SignedDuration::from_mins(90));
        assert!(matches!(parse_duration("-PT1H"), Err(MoveError::Backwards)));
        assert!(matches!(parse_duration("P1M"), Err(MoveError::NoFixedLength(_))));
        assert!(matches!(parse_duration("P1Y"), Err(MoveError::NoFixedLength(_))));
        assert!(matches!(parse_duration("soon"), Err(MoveError::Unreadable(_))));
    }

    #[test]
    fn the_clock_moves_forward_only_and_remembers() {
        let folder = tempfile::tempdir().unwrap();
        let clock = MovableClock::open(Some(folder.path()), None).unwrap();
        let before = clock.now();
        assert!(matches!(clock.advance_text("-PT1H"), Err(MoveError::Backwards)));
        let after = clock.advance_text("P2D").unwrap();
        assert!(after.duration_since(before) >= SignedDuration::from_hours(48));
        let again = MovableClock::open(Some(folder.path()), None).unwrap();
        assert!(again.now() >= after);
    }

    #[test]
    fn a_clock_can_start_at_a_given_moment() {
        let start: Timestamp = "2027-03-01T08:00:00Z".parse().unwrap();
        let clock = MovableClock::open(None, Some(start)).unwrap();
        let passed = clock.now().duration_since(start);
        assert!(!passed.is_negative() && passed < SignedDuration::from_secs(60));
    }

    #[test]
    fn a_damaged_offset_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("clock.json"), "{").unwrap();
        let refused = MovableClock::open(Some(folder.path()), None).unwrap_err().to_string();
        assert!(refused.contains("clock.json"), "{refused}");
    }
}
