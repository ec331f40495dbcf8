//! The local cloud in a process of its own, as the benchmark sees it: what is
//! asked of it beside HTTP, a line of JSON each way.

use crate::figures::{Stretch, memory, processor};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// The hidden argument that makes this program the local cloud.
pub const MARK: &str = "--be-the-local-cloud";

/// How the local cloud is started.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Kind {
    /// With the demonstration organizations.
    pub demonstration: bool,
    /// Nobody is told of new notices, so that what a booking costs can be seen
    /// without the mail that follows it.
    pub holds_mail_back: bool,
    /// Nothing is woken: no schedule, no stream.
    pub quiet: bool,
    /// It is no local cloud, but the command that restores one.
    pub restores: bool,
}

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    /// Make the school that the benchmark books at; answered by its free slots.
    Found,
    /// Make the school whose door is tried.
    FoundDoor,
    /// So many bare transactions that write what a booking writes.
    Transactions(usize),
    /// So many bare readings of what a booking reads.
    Readings(usize),
    /// Store so many bookings more.
    Fill(usize),
    /// Deliver everything.
    Settle,
    /// Make an organization with at least so many items.
    Amass(usize),
    /// Take a night's backups.
    BackUp,
    /// Erase that organization.
    Erase,
    /// Restore those backups into a new folder, of this name.
    Restore(String),
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    Ready {
        port: u16,
    },
    Founded {
        slots: Vec<String>,
    },
    Measured(Stretch),
    /// Something was done with so many items, in so many seconds, in so many ticks.
    Kept {
        items: u64,
        seconds: f64,
        ticks: u64,
    },
    Done,
}

/// The running local cloud.
pub struct Child {
    process: std::process::Child,
    id: String,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub port: u16,
    kind: Kind,
    folder: Option<tempfile::TempDir>,
}

impl Child {
    /// Starts a local cloud with its data in a fresh folder on this disk.
    pub fn start(kind: Kind) -> Self {
        let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(here).expect("a folder for data");
        Self::start_in(tempfile::tempdir_in(here).expect("a folder for data"), kind)
    }

    /// Stops it and starts it again with the same data.
    pub fn again(self) -> Self {
        let kind = self.kind;
        self.again_as(kind)
    }

    /// Stops it and starts something else with the same data.
    pub fn again_as(mut self, kind: Kind) -> Self {
        let folder = self.folder.take().expect("a folder for data");
        drop(self);
        Self::start_in(folder, kind)
    }

    fn start_in(folder: tempfile::TempDir, kind: Kind) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg(MARK)
            .arg(folder.path())
            .arg(serde_json::to_string(&kind).expect("a kind"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let Answer::Ready { port } = hear(&mut output) else {
            panic!("the local cloud is not ready")
        };
        let id = process.id().to_string();
        Self { process, id, input, output, port, kind, folder: Some(folder) }
    }

    pub fn ask(&mut self, question: &Question) -> Answer {
        let mut line = serde_json::to_string(question).expect("a question");
        line.push('\n');
        let input = self.input.as_mut().expect("its input");
        input.write_all(line.as_bytes()).expect("the local cloud listens");
        hear(&mut self.output)
    }

    /// Asks for something that is measured.
    pub fn measure(&mut self, question: &Question) -> Stretch {
        match self.ask(question) {
            Answer::Measured(stretch) => stretch,
            other => panic!("not a measurement: {other:?}"),
        }
    }

    /// The processor time it has spent so far, in seconds.
    pub fn processor(&self) -> f64 {
        processor(&self.id)
    }

    /// Its resident memory in megabytes: now, and at its highest.
    pub fn memory(&self) -> (f64, f64) {
        memory(&self.id)
    }

    /// From now on, its highest resident memory is counted anew.
    pub fn forget_peak(&self) {
        let file = format!("/proc/{}/clear_refs", self.id);
        std::fs::write(file, "5").expect("the benchmark reads Linux's /proc");
    }

    /// Its number, for a profiler.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Child {
    /// It stops when nothing more can be asked.
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

fn hear(output: &mut BufReader<ChildStdout>) -> Answer {
    let mut line = String::new();
    output.read_line(&mut line).expect("the local cloud answers");
    assert!(!line.is_empty(), "the local cloud stopped; see above why");
    serde_json::from_str(&line).expect("an answer")
}
