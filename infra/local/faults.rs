//! What goes wrong on purpose.
//!
//! In the cloud transactions collide, requests are throttled, and connections
//! break before or after the work was done. The embedded engine never does any
//! of it by itself, so tests switch it on here. Seeded faults depend on the
//! seed and on how many requests came before, and on nothing else.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// One thing that can happen to a request to DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Another transaction holds an item: nothing is done.
    Conflict,
    /// Too many requests: nothing is done.
    Throttled,
    /// The connection breaks before anything is done.
    BrokenBefore,
    /// The work is done, then the connection breaks.
    BrokenAfter,
    /// The work is done, then the service answers with an internal error.
    FailedAfter,
    /// The work is done, and every try to learn of it breaks too.
    LostForGood,
    /// The work is done, and the answer never comes.
    Silent,
    /// A batch is done in part.
    Leftover,
    /// The service fails: nothing is done.
    Outage,
}

/// The switches of a running cloud. All are off at the start, except that a
/// cloud started with a seed injects from the first request on.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    requests: AtomicU64,
    injecting: AtomicBool,
    outage: AtomicBool,
    /// How many more requests are served before an outage begins by itself.
    outage_after: Mutex<Option<u64>>,
    delay: AtomicU64,
    forced: Mutex<VecDeque<(String, Fault)>>,
    /// Tokens of transactions whose outcome is never told.
    lost: Mutex<HashSet<String>>,
    injected: Mutex<Vec<(Fault, u64)>>,
    keys_outage: AtomicBool,
    keys_denied: Mutex<HashSet<String>>,
    mail_outage: AtomicBool,
    mail_failures: AtomicU64,
    mail_throttled: AtomicBool,
    mail_events_lost: AtomicBool,
    backups_refused: Mutex<HashSet<String>>,
    backups_hanging: Mutex<HashSet<String>>,
    backup_disk_full: AtomicBool,
    /// From which request on whoever asks is dead; `u64::MAX` for nobody.
    dies_at: AtomicU64,
}

impl Faults {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            seed: seed.unwrap_or_default(),
            requests: AtomicU64::new(0),
            injecting: AtomicBool::new(seed.is_some()),
            outage: AtomicBool::new(false),
            outage_after: Mutex::default(),
            delay: AtomicU64::new(0),
            forced: Mutex::default(),
            lost: Mutex::default(),
            injected: Mutex::default(),
            keys_outage: AtomicBool::new(false),
            keys_denied: Mutex::default(),
            mail_outage: AtomicBool::new(false),
            mail_failures: AtomicU64::new(0),
            mail_throttled: AtomicBool::new(false),
            mail_events_lost: AtomicBool::new(false),
            backups_refused: Mutex::default(),
            backups_hanging: Mutex::default(),
            backup_disk_full: AtomicBool::new(false),
            dies_at: AtomicU64::new(u64::MAX),
        }
    }

    /// Turns seeded faults of DynamoDB on or off.
    pub fn inject(&self, on: bool) {
        self.injecting.store(on, Ordering::SeqCst);
    }

    /// DynamoDB fails every request, or works again.
    pub fn outage(&self, on: bool) {
        *lock(&self.outage_after) = None;
        self.outage.store(on, Ordering::SeqCst);
    }

    /// DynamoDB fails every request after so many more, as to a process that was
    /// killed there: until [`Faults::outage`] says otherwise.
    pub fn outage_after(&self, requests: u64) {
        *lock(&self.outage_after) = Some(requests);
    }

    /// After so many more requests to DynamoDB every one fails, as if whoever
    /// asks had died there: the last one before is done, and its answer lost.
    /// `None` for no longer.
    pub fn dies_after(&self, requests: Option<u64>) {
        let at = requests.map_or(u64::MAX, |requests| self.requests() + requests);
        self.dies_at.store(at, Ordering::SeqCst);
    }

    /// DynamoDB takes this much longer to answer; zero for no longer.
    pub fn delay(&self, by: Duration) {
        self.delay.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// The next request for `operation` (such as `TransactWriteItems`) meets
    /// this fault; said twice, the next two do.
    pub fn next(&self, operation: &str, fault: Fault) {
        lock(&self.forced).push_back((operation.to_owned(), fault));
    }

    /// KMS fails every request, or works again.
    pub fn keys_outage(&self, on: bool) {
        self.keys_outage.store(on, Ordering::SeqCst);
    }

    /// KMS denies everybody an operation (such as `ScheduleKeyDeletion`), as
    /// where a right is missing, or grants it again.
    pub fn keys_deny(&self, operation: &str, on: bool) {
        switch(&self.keys_denied, operation, on);
    }

    /// SES fails every request, or works again.
    pub fn mail_outage(&self, on: bool) {
        self.mail_outage.store(on, Ordering::SeqCst);
    }

    /// SES fails the next so many requests.
    pub fn mail_fails_next(&self, requests: u64) {
        self.mail_failures.store(requests, Ordering::SeqCst);
    }

    /// SES refuses mail because too much was sent, or takes it again.
    pub fn mail_throttled(&self, on: bool) {
        self.mail_throttled.store(on, Ordering::SeqCst);
    }

    /// What SES tells the event bus is lost, or arrives again.
    pub fn mail_events_lost(&self, on: bool) {
        self.mail_events_lost.store(on, Ordering::SeqCst);
    }

    /// DynamoDB refuses to back this table up, or does it again.
    pub fn backup_refused(&self, table: &str, on: bool) {
        switch(&self.backups_refused, table, on);
    }

    /// A backup of this table that is begun from now on stays CREATING for as
    /// long as the cloud runs; switched off, later ones become AVAILABLE again.
    pub fn backup_hangs(&self, table: &str, on: bool) {
        switch(&self.backups_hanging, table, on);
    }

    /// There is no space left for backups: each is CREATING, and then gone.
    pub fn backup_disk_full(&self, on: bool) {
        self.backup_disk_full.store(on, Ordering::SeqCst);
    }

    /// How often each fault of DynamoDB has happened so far.
    #[must_use]
    pub fn injected(&self) -> Vec<(Fault, u64)> {
        let mut counts = lock(&self.injected).clone();
        counts.sort_unstable();
        counts
    }

    /// How many requests to DynamoDB came by so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// What happens to this request, and how long it waits first.
    pub(crate) fn decide(&self, operation: &str, body: &[u8]) -> (Option<Fault>, Duration) {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let delay = Duration::from_millis(self.delay.load(Ordering::SeqCst));
        let fault = self.choose(number, operation, body);
        if let Some(fault) = fault {
            let mut injected = lock(&self.injected);
            match injected.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, count)) => *count += 1,
                None => injected.push((fault, 1)),
            }
        }
        (fault, delay)
    }

    fn choose(&self, number: u64, operation: &str, body: &[u8]) -> Option<Fault> {
        if self.outage.load(Ordering::SeqCst) {
            return Some(Fault::Outage);
        }
        let mut left = lock(&self.outage_after);
        match *left {
            Some(0) => {
                *left = None;
                self.outage.store(true, Ordering::SeqCst);
                return Some(Fault::Outage);
            }
            Some(count) => *left = Some(count - 1),
            None => {}
        }
        drop(left);
        match self.dies_at.load(Ordering::SeqCst) {
            at if at != u64::MAX && number >= at => return Some(Fault::Outage),
            at if number.checked_add(1) == Some(at) => return Some(Fault::BrokenAfter),
            _ => {}
        }
        let token = client_token(body);
        if let Some(token) = &token
            && lock(&self.lost).contains(token)
        {
            return Some(Fault::LostForGood);
        }
        let mut forced = lock(&self.forced);
        let planned = forced
            .iter()
            .position(|(wanted, _)| wanted == operation)
            .and_then(|place| forced.remove(place))
            .map(|(_, fault)| fault);
        drop(forced);
        let fault = match planned {
            Some(fault) => Some(fault),
            None if self.injecting.load(Ordering::SeqCst) => seeded(self.seed, number, operation),
            None => None,
        };
        if fault == Some(Fault::LostForGood)
            && let Some(token) = token
        {
            lock(&self.lost).insert(token);
        }
        fault
    }

    /// Holds seeded faults back until the returned guard goes: the
    /// demonstration data is not what a test is about.
    pub(crate) fn pause(&self) -> Paused<'_> {
        Paused { faults: self, before: self.injecting.swap(false, Ordering::SeqCst) }
    }

    pub(crate) fn backup_is_refused(&self, table: &str) -> bool {
        lock(&self.backups_refused).contains(table)
    }

    pub(crate) fn backup_hangs_for(&self, table: &str) -> bool {
        lock(&self.backups_hanging).contains(table)
    }

    pub(crate) fn backup_disk_is_full(&self) -> bool {
        self.backup_disk_full.load(Ordering::SeqCst)
    }

    pub(crate) fn keys_fail(&self) -> bool {
        self.keys_outage.load(Ordering::SeqCst)
    }

    pub(crate) fn keys_are_denied(&self, operation: &str) -> bool {
        lock(&self.keys_denied).contains(operation)
    }

    pub(crate) fn mail_fails(&self) -> bool {
        self.mail_outage.load(Ordering::SeqCst)
            || self
                .mail_failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok()
    }

    pub(crate) fn mail_is_throttled(&self) -> bool {
        self.mail_throttled.load(Ordering::SeqCst)
    }

    pub(crate) fn mail_event_is_lost(&self) -> bool {
        self.mail_events_lost.load(Ordering::SeqCst)
    }
}

/// Seeded faults are held back while this lives.
pub(crate) struct Paused<'a> {
    faults: &'a Faults,
    before: bool,
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.faults.inject(self.before);
    }
}

/// The seeded choice, in thousandths.
fn seeded(seed: u64, number: u64, operation: &str) -> Option<Fault> {
    let roll = scramble(seed ^ scramble(number)) % 1000;
    match operation {
        "TransactWriteItems" => match roll {
            0..50 => Some(Fault::Conflict),
            50..80 => Some(Fault::Throttled),
            80..100 => Some(Fault::BrokenBefore),
            100..125 => Some(Fault::BrokenAfter),
            125..140 => Some(Fault::FailedAfter),
            140..150 => Some(Fault::LostForGood),
            _ => None,
        },
        "BatchGetItem" | "BatchWriteItem" => match roll {
            0..150 => Some(Fault::Leftover),
            150..180 => Some(Fault::Throttled),
            180..190 => Some(Fault::BrokenBefore),
            _ => None,
        },
        "PutItem" | "UpdateItem" | "DeleteItem" => match roll {
            0..25 => Some(Fault::Throttled),
            25..35 => Some(Fault::Conflict),
            35..45 => Some(Fault::BrokenBefore),
            45..55 => Some(Fault::BrokenAfter),
            _ => None,
        },
        _ => match roll {
            0..20 => Some(Fault::Throttled),
            20..30 => Some(Fault::BrokenBefore),
            _ => None,
        },
    }
}

/// SplitMix64's finalizer: neighbours come out unlike each other.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn client_token(body: &[u8]) -> Option<String> {
    const FIELD: &[u8] = b"\"ClientRequestToken\":\"";
    let start = body.windows(FIELD.len()).position(|window| window == FIELD)? + FIELD.len();
    let length = body[start..].iter().position(|byte| *byte == b'"')?;
    String::from_utf8(body[start..start + length].to_vec()).ok()
}

fn switch(tables: &Mutex<HashSet<String>>, table: &str, on: bool) {
    let mut tables = lock(tables);
    if on {
        tables.insert(table.to_owned());
    } else {
        tables.remove(table);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let run = |seed| -> Vec<Option<Fault>> {
            let faults = Faults::new(Some(seed));
            (0..500).map(|_| faults.decide("TransactWriteItems", b"{}").0).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).iter().any(Option::is_some));
    }

    #[test]
    fn a_lost_outcome_stays_lost_for_its_token() {
        let faults = Faults::new(None);
        let body = br#"{"TransactItems":[],"ClientRequestToken":"abc"}"#;
        faults.next("TransactWriteItems", Fault::LostForGood);
        assert_eq!(faults.decide("TransactWriteItems", body).0, Some(Fault::LostForGood));
        assert_eq!(faults.decide("TransactWriteItems", body).0, Some(Fault::LostForGood));
        let other = br#"{"ClientRequestToken":"def"}"#;
        assert_eq!(faults.decide("TransactWriteItems", other).0, None);
    }

    #[test]
    fn a_forced_fault_waits_for_its_operation() {
        let faults = Faults::new(None);
        faults.next("Query", Fault::Throttled);
        assert_eq!(faults.decide("GetItem", b"{}").0, None);
        assert_eq!(faults.decide("Query", b"{}").0, Some(Fault::Throttled));
        assert_eq!(faults.decide("Query", b"{}").0, None);
        assert_eq!(faults.injected(), [(Fault::Throttled, 1)]);
    }
}
