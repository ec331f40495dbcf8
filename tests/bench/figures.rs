//! Figures: what was measured, and the table it is printed in.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The unit of `/proc/PID/stat`, which Linux fixes at a hundredth of a second
/// for every program, whatever the kernel's own clock does.
const TICKS_IN_A_SECOND: f64 = 100.0;

/// One measured stretch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stretch {
    /// How many were done.
    pub count: usize,
    /// How long that took.
    pub seconds: f64,
    /// How long each took, in milliseconds, in order of length.
    pub milliseconds: Vec<f64>,
    /// The processor time that the local cloud spent meanwhile, in seconds.
    pub processor: f64,
}

impl Stretch {
    pub fn new(took: Vec<Duration>, elapsed: Duration, processor: f64) -> Self {
        let mut milliseconds: Vec<f64> =
            took.iter().map(|took| took.as_secs_f64() * 1_000.0).collect();
        milliseconds.sort_by(f64::total_cmp);
        Self { count: milliseconds.len(), seconds: elapsed.as_secs_f64(), milliseconds, processor }
    }

    /// So many a second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// The time within which this part of them was done, in milliseconds.
    pub fn within(&self, part: f64) -> f64 {
        let last = self.milliseconds.len().saturating_sub(1);
        let place = (self.milliseconds.len() as f64 * part).ceil() as usize;
        self.milliseconds.get(place.saturating_sub(1).min(last)).copied().unwrap_or_default()
    }

    /// The processor time of one, in milliseconds.
    pub fn processor_each(&self) -> f64 {
        self.processor * 1_000.0 / self.count as f64
    }
}

/// The middle of several repetitions.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// Prints several repetitions of one thing as a row.
pub fn row(name: &str, repetitions: &[Stretch]) {
    let of = |figure: &dyn Fn(&Stretch) -> f64| median(repetitions.iter().map(figure));
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {:.3} |",
        of(&Stretch::rate),
        of(&|stretch| stretch.within(0.5)),
        of(&|stretch| stretch.within(0.99)),
        of(&Stretch::processor_each),
    );
}

/// Prints the head of a table of rows.
pub fn head(title: &str) {
    println!("\n| {title} | a second | p50 ms | p99 ms | CPU ms each |");
    println!("|---|---:|---:|---:|---:|");
}

/// The processor time that a process has spent so far, in seconds.
pub fn processor(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .expect("the benchmark reads Linux's /proc");
    // The name in parentheses may hold anything; the fields after it do not.
    let (_, fields) = stat.rsplit_once(')').expect("a process has a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / TICKS_IN_A_SECOND
}

/// The resident memory of a process in megabytes: now, and at its highest.
pub fn memory(process: &str) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .expect("the benchmark reads Linux's /proc");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field");
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number");
        kilobytes / 1_024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
