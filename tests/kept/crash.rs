//! The process ends without warning, under load, and starts again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::world::fresh_key;

/// The program itself, as `cargo run` starts it.
pub struct Program {
    child: Child,
    pub address: String,
}

impl Program {
    pub fn start(data: &Path) -> Self {
        Self::logging(data, "off", Stdio::inherit())
    }

    /// Starts it with this much logged to there.
    pub fn logging(data: &Path, filter: &str, log: Stdio) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_kept"))
            .args(["--port", "0", "--log", filter, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        // From here on it is ended whatever happens.
        let mut program = Self { child, address: String::new() };
        let mut line = String::new();
        let stdout = program.child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        line.trim()
            .strip_prefix("Kept is ready: ")
            .expect("it is ready")
            .clone_into(&mut program.address);
        program
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `kept fsck` says of a folder.
pub fn fsck(data: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kept"))
        .arg("--data")
        .arg(data)
        .arg("fsck")
        .output()
        .expect("fsck runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn slots(client: &reqwest::Client, address: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut path = "/maple-street-school/fall-conferences/slots".to_owned();
    loop {
        let answer = client.get(format!("{address}{path}")).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        found.extend(page["slots"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_and_started_again_it_has_every_booking_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let client = reqwest::Client::new();
    let mut promised: Vec<(String, String)> = Vec::new();
    for round in 0..3 {
        let program = Program::start(folder.path());
        let free = slots(&client, &program.address).await;
        let stop = AtomicBool::new(false);
        let acknowledged = Mutex::new(Vec::new());
        let load = (0..8).map(|number| {
            let (client, free, stop) = (&client, &free, &stop);
            let (acknowledged, address) = (&acknowledged, &program.address);
            async move {
                for (count, slot) in free.iter().skip(number).step_by(8).enumerate() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let slot = slot["id"].as_str().unwrap();
                    let sent = client
                        .post(format!("{address}/maple-street-school/fall-conferences/bookings"))
                        .header("idempotency-key", fresh_key())
                        .json(&json!({
                            "slot": slot,
                            "name": "Load",
                            "email": format!("load{round}.{number}.{count}@example.org"),
                        }))
                        .send()
                        .await;
                    // Once the program is gone there are no answers.
                    let Ok(answer) = sent else { return };
                    let status = answer.status().as_u16();
                    let Ok(body) = answer.json::<Value>().await else { return };
                    assert_eq!(status, 201, "{body}");
                    let manage = body["manage_url"].as_str().unwrap().to_owned();
                    let path = manage.strip_prefix(address.as_str()).unwrap().to_owned();
                    acknowledged.lock().unwrap().push((path, slot.to_owned()));
                }
            }
        });
        let killer = async {
            while acknowledged.lock().unwrap().len() < 60 {
                tokio::task::yield_now().await;
            }
            let killed = Command::new("kill")
                .args(["-9", &program.child.id().to_string()])
                .status()
                .expect("kill runs");
            assert!(killed.success());
            stop.store(true, Ordering::SeqCst);
        };
        tokio::join!(futures::future::join_all(load), killer);
        program.kill();
        promised.extend(acknowledged.into_inner().unwrap());
    }
    let program = Program::start(folder.path());
    assert!(promised.len() >= 180);
    for (path, slot) in &promised {
        let answer = client.get(format!("{}{path}", program.address)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "an acknowledged booking is missing");
        let booking: Value = answer.json().await.unwrap();
        assert_eq!((&booking["slot"], &booking["state"]), (&json!(slot), &json!("booked")));
    }
    // Every family also gets its mail, the crash notwithstanding.
    client.post(format!("{}/_local/settle", program.address)).send().await.unwrap();
    program.kill();
    let (clean, said) = fsck(folder.path());
    assert!(clean, "{said}");
}
