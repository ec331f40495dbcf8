//! What a warm process remembers for a moment, read once however many ask.
//!
//! Who asks while the value is being read waits for that one reading. Without
//! this, a rush of visitors whose process has just forgotten a value would each
//! read it for themselves, all at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ambient::Clock;

type Entry<V> = Arc<tokio::sync::Mutex<Option<(Timestamp, V)>>>;

/// Beyond this many entries, those that are stale are looked for.
const MANY: usize = 256;

/// Values by key, each good for the same short time.
#[derive(Debug)]
pub struct Memory<K, V> {
    good_for: SignedDuration,
    entries: Mutex<HashMap<K, Entry<V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Memory<K, V> {
    /// An empty memory whose values are good for this long.
    #[must_use]
    pub fn new(good_for: SignedDuration) -> Self {
        Self { good_for, entries: Mutex::default() }
    }

    /// The value of a key, remembered or read now. `None` is not remembered.
    ///
    /// # Errors
    /// What `read` fails with.
    pub async fn recall<E>(
        &self,
        key: &K,
        clock: &dyn Clock,
        read: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let entry = self.entry(key);
        let mut remembered = entry.lock().await;
        let now = clock.now();
        if let Some((since, value)) = &*remembered
            && self.good(*since, now)
        {
            return Ok(Some(value.clone()));
        }
        let value = read.await?;
        // It is as old as the moment the reading began.
        *remembered = value.clone().map(|value| (now, value));
        Ok(value)
    }

    fn entry(&self, key: &K) -> Entry<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() > MANY {
            // Whoever is using one holds it; the others can be read again.
            entries.retain(|_, entry| Arc::strong_count(entry) > 1);
        }
        match entries.get(key) {
            Some(entry) => Arc::clone(entry),
            None => Arc::clone(entries.entry(key.clone()).or_default()),
        }
    }

    fn good(&self, since: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(since);
        age >= SignedDuration::ZERO && age < self.good_for
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Stopped(AtomicU32);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(i64::from(self.0.load(Ordering::SeqCst))).unwrap()
        }
    }

    #[tokio::test]
    async fn a_hundred_who_ask_at_once_cause_one_reading() {
        let memory = Memory::new(SignedDuration::from_secs(1));
        let clock = Stopped(AtomicU32::new(0));
        let readings = AtomicU32::new(0);
        let ask = || {
            memory.recall(&"key", &clock, async {
                readings.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, ()>(Some(7))
            })
        };
        let answers = futures::future::join_all((0..100).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| *answer == Ok(Some(7))));
        assert_eq!(readings.load(Ordering::SeqCst), 1);
        clock.0.store(1, Ordering::SeqCst);
        assert_eq!(ask().await, Ok(Some(7)));
        assert_eq!(readings.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn neither_a_failure_nor_an_absence_is_remembered() {
        let memory: Memory<&str, u8> = Memory::new(SignedDuration::from_secs(1));
        let clock = Stopped(AtomicU32::new(0));
        assert_eq!(memory.recall(&"key", &clock, async { Err("no") }).await, Err("no"));
        assert_eq!(memory.recall(&"key", &clock, async { Ok::<_, ()>(None) }).await, Ok(None));
        assert_eq!(
            memory.recall(&"key", &clock, async { Ok::<_, ()>(Some(1)) }).await,
            Ok(Some(1))
        );
    }
}
