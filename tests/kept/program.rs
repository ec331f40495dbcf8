//! The program on the command line: how it starts, and what it says when it cannot.

use std::path::Path;
use std::process::{Command, Output};

use shared::identity::password::{Breached, Password};

use crate::crash::{Program, fsck};

fn kept(arguments: &[&str], data: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kept"));
    command.args(arguments);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    command.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_help_explains_its_options() {
    let output = kept(&["--help"], None);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success());
    for option in ["--port", "0 picks", "8080", "--data", "--memory", "fsck"] {
        assert!(help.contains(option), "{option} is not explained in {help}");
    }
}

#[tokio::test]
async fn fresh_data_passes_its_check_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let program = Program::start(folder.path());
        let url = format!("{}/harbor-clinic/screenings/slots", program.address);
        let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert!(answer["slots"].as_array().unwrap().len() > 100);
        program.kill();
    }
    let (clean, report) = fsck(folder.path());
    assert!(clean, "{report}");
}

#[test]
fn a_damaged_data_folder_is_named_with_its_file_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(folder.path()).kill();
    // What SQLite's log could mend is no damage.
    for log in ["db-wal", "db-shm"] {
        let logs = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        for file in logs.filter(|file| file.to_string_lossy().ends_with(log)) {
            std::fs::remove_file(file).unwrap();
        }
    }
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "db" || kind == "json"))
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.ends_with(".db") || name.contains("key")) {
            continue;
        }
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, b"this is not what it was").unwrap();
        let output = kept(&["--port", "0"], Some(folder.path()));
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(said(&output).contains(&name), "{name} is not named in {}", said(&output));
        assert_eq!(std::fs::read(&file).unwrap(), b"this is not what it was");
        std::fs::write(&file, whole).unwrap();
    }
}

#[test]
fn lost_tables_are_missed_and_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(folder.path()).kill();
    std::fs::write(folder.path().join("streams.json"), b"{}").unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        if file.to_string_lossy().contains("tables.db") {
            std::fs::remove_file(file).unwrap();
        }
    }
    for arguments in [&["--port", "0"][..], &["fsck"][..]] {
        let output = kept(arguments, Some(folder.path()));
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("tables.db"), "{}", said(&output));
    }
    assert!(!folder.path().join("tables.db").exists());
}

#[test]
fn a_damaged_template_is_named_with_file_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let whole =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yaml"))
            .unwrap();
    let file = folder.path().join("broken.yaml");
    let cases = [
        (whole.replace("    Type: AWS::DynamoDB::Table\n", "    Type: [\n"), "line"),
        (
            whole.replace("CodeUri: target/lambda/notify/", "CodeUri: target/lambda/nothing/"),
            "nothing",
        ),
        (whole.replace("Schedule: rate(5 minutes)", "Schedule: rate(5 moons)"), "Sweep"),
    ];
    for (text, place) in cases {
        std::fs::write(&file, text).unwrap();
        let output = kept(&["--memory", "--port", "0", "--template", file.to_str().unwrap()], None);
        assert_eq!(output.status.code(), Some(1), "{place}");
        let said = said(&output);
        assert!(said.contains("broken.yaml") && said.contains(place), "{place}: {said}");
    }
}

#[test]
fn a_port_that_is_in_use_and_a_folder_that_is_in_use_are_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let port = program.address.rsplit(':').next().unwrap().to_owned();
    let output = kept(&["--memory", "--port", &port], None);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&port), "{}", said(&output));
    let output = kept(&["--port", "0"], Some(folder.path()));
    assert_eq!(output.status.code(), Some(1));
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert!(said(&output).contains(name), "{}", said(&output));
}

#[test]
fn a_folder_without_data_cannot_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let output = kept(&["fsck"], Some(&folder.path().join("nothing")));
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no data folder"), "{}", said(&output));
}

#[test]
fn a_list_of_breached_passwords_is_made_and_a_wrong_source_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let (source, list) = (folder.path().join("public.txt"), folder.path().join("list"));
    // The SHA-1 of `password`, as the public lists have it.
    let line = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n";
    let arguments = ["breached-list", source.to_str().unwrap(), "--to", list.to_str().unwrap()];
    std::fs::write(&source, line).unwrap();
    let output = kept(&arguments, None);
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("1 passwords") && told.contains("one in 4096"), "{told}");
    let breached = Breached::at(Some(list.clone()));
    assert_eq!(breached.holds(&Password::parse("password").unwrap()), Ok(Some(true)));

    std::fs::write(&source, format!("{line}password\n")).unwrap();
    let output = kept(&arguments, None);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("public.txt, line 2"), "{}", said(&output));
}

#[tokio::test]
async fn the_operator_s_first_administrator_is_invited_by_a_command_and_a_wrong_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    Program::start(folder.path()).kill();
    let begins = |email: &str| {
        let name = ["operator", "--name", "Pier Scheduling", "--zone", "Europe/Dublin"];
        let who = ["--administrator", "Rita Example", "--email", email];
        kept(&[&name[..], &who].concat(), Some(folder.path()))
    };
    let wrong = begins("rita");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("--email") && said(&wrong).contains("name@example.org"));
    let output = begins("rita@example.org");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", said(&output));
    assert!(told.contains("Rita Example <rita@example.org> is invited."), "{told}");
    // The demonstration had invited somebody else, who has not come.
    assert!(told.contains("<olga@operator.example> was invited before"), "{told}");
    assert!(told.contains("The operator is Pier Scheduling, Europe/Dublin."), "{told}");

    let program = Program::start(folder.path());
    let mails = format!("{}/_local/mail", program.address);
    let begun = std::time::Instant::now();
    let mut text = String::new();
    while !text.contains("rita@example.org") {
        assert!(begun.elapsed().as_secs() < 120, "no mail to the first administrator: {text}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        text = reqwest::get(&mails).await.unwrap().text().await.unwrap();
    }
    assert!(text.contains("Pier Scheduling"), "the operator is called as it was said last");
    program.kill();
}
