//! What is logged while something is done.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// What a running service logs.
pub const USUAL: &str = "info,dynoxide=error,hyper=error,aws=error";
/// Everything that our own code could say.
pub const EVERYTHING: &str = "info,dynoxide=error,hyper=error,aws=error,backup=trace,booking=trace,\
                              kept=trace,login=trace,notify=trace,organizer=trace,\
                              retention=trace,sealer=trace,shared=trace";

/// The lines that are logged under a filter while something is done, and what it
/// came to. It sees this thread alone.
pub async fn logged<T>(filter: &str, deeds: impl Future<Output = T>) -> (String, T) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let done = deeds.await;
    drop(guard);
    let lines = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (String::from_utf8(lines).unwrap(), done)
}

/// Lines that are kept instead of shown.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
