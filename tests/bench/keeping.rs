//! How long it takes to back up, to erase and to restore an organization with
//! very many items, and in how much memory.

use crate::child::{Answer, Child, Kind, Question};
use crate::school::{found_school, hold};
use jiff::ToSpan;
use jiff::civil::{Date, date, time};
use kept::LocalCloud;
use shared::audit::{About, Action, Actor, Record};
use shared::backup::{Name, store};
use shared::erasure::{self, Asked};
use shared::ids::{MemberId, RunId};
use shared::ledger;
use shared::organization;
use shared::settings::Table;
use shared::time::Zone;
use std::path::Path;
use std::time::Instant;
use tokio::runtime::Runtime;

/// The name in addresses of what is amassed.
const HOARD: &str = "bench-hoard";
/// The operator's own organization.
const OPERATOR: &str = "operator";
/// An organization of this size is measured, where no other is asked for.
pub const ITEMS: usize = 1_000_000;
/// Free times of an event: 50 days, 60 teachers, eight hours of ten minutes.
const DAYS: i32 = 50;
const TEACHERS: usize = 60;
const EACH: usize = DAYS as usize * TEACHERS * 48;
/// Where what comes back is put, before and after the erasure.
const BEFORE: &str = "restored";
const AFTER: &str = "restored-after-the-erasure";

/// The day that the backups are named after.
const NIGHT: Date = date(2026, 1, 1);

/// Makes an organization with at least so many items: free times, at many events.
pub async fn amass(cloud: &LocalCloud, items: usize) -> Answer {
    let (service, begun) = (cloud.service(), Instant::now());
    let now = service.clock.now();
    let zone = Zone::parse("America/New_York").expect("a zone");
    // Without an operator's keys nothing is erased.
    found_school(service, OPERATOR, &zone, now).await;
    let organization = found_school(service, HOARD, &zone, now).await;
    let first = zone.day(now).checked_add(30.days()).expect("a day");
    let days: Vec<Date> =
        (0..DAYS).map(|day| first.checked_add(day.days()).expect("a day")).collect();
    let mut made = 0;
    for event in 0..items.div_ceil(EACH) {
        let day = (time(9, 0, 0, 0), time(17, 0, 0, 0));
        let name = format!("conferences-{event}");
        made += hold(service, organization, &name, &days, TEACHERS, day).await.1.len();
    }
    kept(made as u64, begun, 1)
}

/// Asks for a night's backups and waits until they are there.
pub async fn back_up(cloud: &LocalCloud) -> Answer {
    let begun = Instant::now();
    for table in Table::BACKED_UP {
        let name = Name { day: NIGHT, run: RunId::from_bytes([7; 16]), table };
        store::ask(cloud.service(), name).await.expect("a backup is asked for");
    }
    assert!(cloud.settle().await, "the backups were not taken in time");
    let mut answer = kept(0, begun, 1);
    for table in Table::BACKED_UP {
        for backup in store::list(cloud.service(), table).await.expect("the list") {
            let described = store::describe(cloud.service(), backup.name, &backup.arn).await;
            let described = described.expect("DynamoDB").expect("a backup");
            assert!(described.available, "{} is not there", described.name);
            if let Answer::Kept { items, .. } = &mut answer {
                *items += described.items;
            }
        }
    }
    answer
}

/// Asks for the erasure, lets its time of waiting pass and carries it through,
/// a tick of the schedule at a time.
pub async fn erase(cloud: &LocalCloud) -> Answer {
    let service = cloud.service();
    let found = organization::store::find(service, HOARD).await.expect("DynamoDB");
    let organization = found.expect("what was amassed");
    let now = service.clock.now();
    let found = service.organization_of(organization, now).await.expect("DynamoDB");
    let found = found.expect("an organization");
    let by = MemberId::from_bytes([9; 16]);
    let record = Record::of(Actor::Member(by), Action::ErasureAsked, About::Organization);
    match erasure::ask(service, &found, by, &record, now).await.expect("DynamoDB") {
        Asked::Waits(_) => {}
        Asked::Refused(why) => panic!("{why}"),
    }
    cloud.clock().advance_text("PT72H").expect("the clock");
    let begun = Instant::now();
    let mut ticks = 0;
    loop {
        let event = include_str!("../../events/retention/schedule.json");
        let event = serde_json::from_str(event).expect("a sample");
        cloud.call("retention", event).await.expect("a tick");
        ticks += 1;
        let entries = ledger::of_organization(service, organization).await.expect("the ledger");
        let ended = entries.iter().find(|entry| entry.ended.is_some());
        let Some(entry) = ended else {
            cloud.clock().advance_text("PT1M").expect("the clock");
            continue;
        };
        let certificate = entry.certificate.as_ref().expect("a certificate");
        let said: serde_json::Value =
            serde_json::from_str(&certificate.text).expect("a certificate");
        let removed = said["removed"].as_object().expect("what was removed");
        return kept(removed.values().filter_map(|count| count.as_u64()).sum(), begun, ticks);
    }
}

/// Restores the newest night's backups: what the operator's command does.
pub fn restore(runtime: &Runtime, folder: &Path) {
    crate::cloud::say(&Answer::Ready { port: 0 });
    for question in crate::cloud::questions() {
        let Question::Restore(name) = question else { panic!("this only restores") };
        let begun = Instant::now();
        let (from, to) = (folder.join("data"), folder.join(name));
        let done = runtime.block_on(kept::restore::restore(&from, NIGHT, &to, None, &mut |_| {}));
        let done = done.expect("the restore");
        assert!(done.compared.is_faithful() && done.repaired.is_clean(), "{done}");
        let seen = &done.compared;
        let items = [&seen.same, &seen.changed, &seen.explained, &seen.gone];
        let items = items.into_iter().flat_map(|kinds| kinds.values()).sum();
        crate::cloud::say(&kept(items, begun, 1));
    }
}

fn kept(items: u64, begun: Instant, ticks: u64) -> Answer {
    Answer::Kept { items, seconds: begun.elapsed().as_secs_f64(), ticks }
}

/// Amasses, backs up, restores, erases and restores again.
pub fn million(items: usize) {
    let quiet = Kind { quiet: true, ..Kind::default() };
    let restores = Kind { restores: true, ..Kind::default() };
    println!("\n| one organization | items | s | items/s | ticks | resident MB, at most |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut child = Child::start(quiet);
    row(&mut child, "free times are made", &Question::Amass(items));
    row(&mut child, "backups are taken", &Question::BackUp);
    let mut child = child.again_as(restores);
    row(&mut child, "they are restored, compared and checked", &Question::Restore(BEFORE.into()));
    let mut child = child.again_as(quiet);
    row(&mut child, "it is erased", &Question::Erase);
    let mut child = child.again_as(restores);
    row(&mut child, "they are restored and erased again", &Question::Restore(AFTER.into()));
}

fn row(child: &mut Child, what: &str, question: &Question) {
    child.forget_peak();
    let Answer::Kept { items, seconds, ticks } = child.ask(question) else {
        panic!("not what was asked for")
    };
    let (_, highest) = child.memory();
    let rate = items as f64 / seconds;
    println!("| {what} | {items} | {seconds:.1} | {rate:.0} | {ticks} | {highest:.0} |");
}
