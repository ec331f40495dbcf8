//! What goes on by itself: copies, each on a thread of its own, because it
//! reads and writes files for as long as it takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The longest that a stop waits for a copy to notice.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// How many copies are under way, and whether they are to stop.
#[derive(Debug, Default)]
pub(super) struct Work {
    running: Mutex<usize>,
    ended: Condvar,
    stopping: AtomicBool,
}

impl Work {
    /// Does `job` beside everything else.
    pub(super) fn begin(
        self: &Arc<Self>,
        job: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<()> {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let done = Done(Arc::clone(self));
        std::thread::Builder::new()
            .name("copy".to_owned())
            .spawn(move || {
                // Dropped at the end, however that comes.
                let _done = done;
                job();
            })
            .map(drop)
    }

    pub(super) fn is_idle(&self) -> bool {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) == 0
    }

    pub(super) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.ended.wait_timeout_while(running, LONGEST_STOP, |running| *running > 0);
    }
}

/// Counts a job off.
struct Done(Arc<Work>);

impl Drop for Done {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.ended.notify_all();
    }
}
