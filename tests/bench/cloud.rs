//! The other side of [`crate::child`]: this program as the local cloud, as
//! `cargo run` starts it, with a few questions more.

use crate::child::{Answer, Kind, Question};
use crate::keeping;
use crate::school::School;
use kept::{LocalCloud, Options, Storage, Wakes, template};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs until nothing more is asked.
pub fn run(folder: &Path, kind: Kind) {
    tracing_subscriber::fmt()
        .with_env_filter("warn,dynoxide=error")
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let data = folder.join("data");
    if kind.restores {
        return keeping::restore(&runtime, folder);
    }
    let options = Options {
        data: Storage::Folder(data.clone()),
        demonstration: kind.demonstration,
        template: kind.holds_mail_back.then(|| without_deliveries(folder)),
        wakes: if kind.quiet { Wakes::Nobody } else { Wakes::All },
        ..Options::default()
    };
    let cloud = runtime.block_on(LocalCloud::start(options)).expect("the local cloud starts");
    let port = cloud.address().rsplit(':').next().and_then(|port| port.parse().ok());
    say(&Answer::Ready { port: port.expect("a port") });
    let mut school = None;
    for question in questions() {
        let answer = runtime.block_on(answer(&cloud, &data, &mut school, question));
        say(&answer);
    }
    runtime.block_on(cloud.stop());
}

/// What is asked, until nothing more is.
pub fn questions() -> impl Iterator<Item = Question> {
    std::io::stdin()
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("a question"))
}

async fn answer(
    cloud: &LocalCloud,
    data: &Path,
    school: &mut Option<School>,
    question: Question,
) -> Answer {
    let standing = || school.as_ref().expect("a school first");
    match question {
        Question::Found => {
            let (founded, slots) = School::found(cloud).await;
            *school = Some(founded);
            Answer::Founded { slots }
        }
        Question::FoundDoor => {
            crate::doors::found(cloud).await;
            Answer::Done
        }
        Question::Transactions(count) => Answer::Measured(standing().transactions(count).await),
        Question::Readings(count) => Answer::Measured(standing().readings(count).await),
        Question::Fill(count) => {
            standing().fill(data, count);
            Answer::Done
        }
        Question::Settle => {
            assert!(cloud.settle().await, "the mails were not delivered in time");
            Answer::Done
        }
        Question::Amass(items) => keeping::amass(cloud, items).await,
        Question::BackUp => keeping::back_up(cloud).await,
        Question::Erase => keeping::erase(cloud).await,
        Question::Restore(_) => panic!("a running local cloud restores nothing"),
    }
}

pub fn say(answer: &Answer) {
    let mut line = serde_json::to_string(answer).expect("an answer");
    line.push('\n');
    let mut output = std::io::stdout();
    output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("somebody listens");
}

/// The template with nothing that wakes notify or the sealer: what is owed stays
/// owed, and neither takes time that bookings are measured in.
fn without_deliveries(folder: &Path) -> PathBuf {
    let mut whole: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(template::EMBEDDED).expect("the template is YAML");
    for function in ["NotifyFunction", "SealerFunction"] {
        let events = whole["Resources"][function]["Properties"]
            .as_mapping_mut()
            .and_then(|properties| properties.remove("Events"));
        assert!(events.is_some(), "{function} is woken by events of the template");
    }
    let file = folder.join("template.yaml");
    let text = serde_yaml_ng::to_string(&whole).expect("the template is YAML");
    std::fs::write(&file, text).expect("the template is written");
    file
}
