//! Whether the time of a refusal tells why somebody was not let in, and what a
//! flood of sign-ins does to those who book.

use crate::child::{Child, Kind, Question};
use crate::client;
use crate::figures::{Stretch, median};
use jiff::Timestamp;
use kept::LocalCloud;
use shared::identity::access::{Coverage, Level};
use shared::identity::lockout::{self, Bucket, Limits};
use shared::identity::member::{self, Newcomer, State};
use shared::identity::password::{Password, store};
use shared::identity::security::{self, Draft};
use shared::identity::{Security, Subject, Username};
use shared::ids::{MemberId, OrganizationId};
use shared::organization::{self, Organization, PolicyVersion, WebName};
use shared::personal::{EmailAddress, PersonName};
use shared::service::Service;
use shared::time::Zone;
use shared::vault::OrganizationKeys;
use std::net::Ipv4Addr;
use tokio::runtime::Runtime;

/// The school whose door is tried, by its name in addresses.
const SCHOOL: &str = "bench-door";
/// Members of each sort.
const MEMBERS: usize = 200;
/// Attempts at each of them: fewer than lock.
const EACH: usize = 10;
/// Attempts of each sort.
pub const SAMPLES: usize = MEMBERS * EACH;
/// Networks that the attempts come from, so that none of them tries too much:
/// all of 127.0.0.0/8 is this machine.
const NETWORKS: u8 = 16;
/// A difference that this statistic of Welch's does not reach is none: the
/// threshold that tests of side channels use (Goodwill and others, 2011).
const NONE: f64 = 4.5;

/// The sorts of attempts that must look alike.
const SORTS: [&str; 4] = ["wrong", "unknown", "locked", "disabled"];

/// Makes the school: members whose password is wrong, locked and disabled ones.
pub async fn found(cloud: &LocalCloud) {
    let service = cloud.service();
    let now = service.clock.now();
    let zone = Zone::parse("America/New_York").expect("a zone");
    let organization = Organization {
        id: OrganizationId::fresh(now, &*service.chance).expect("an id"),
        web_name: WebName::parse(SCHOOL).expect("a web name"),
        name: "A door to measure".into(),
        zone: zone.clone(),
        state: organization::State::Active,
        privacy: PolicyVersion { version: 1, effective: zone.day(now), text: String::new() },
    };
    organization::store::found(service, &organization).await.expect("an organization");
    let id = organization.id;
    let keys = service.vault.keys(id, now).await.expect("keys").expect("keys");
    let draft = Draft { failures: 20, ..Draft::default() };
    let settings = Security::parse(draft).expect("settings");
    security::change(service, id, &settings, 0, Vec::new()).await.expect("settings");
    let secret = Password::parse("a password that nobody here types").expect("a password");
    let hashed = service.hasher.hash(&secret, &*service.chance).await.expect("a hash");
    for sort in ["wrong", "locked", "disabled"] {
        for number in 0..MEMBERS {
            let member = join(service, id, &keys, &name(sort, number), now).await;
            let subject = Subject::Member(member.id);
            let kept = store::Kept::chosen(hashed.clone(), now);
            let writes = [store::put(service, &keys, id, subject, &kept, 0).expect("a password")];
            let written =
                shared::dynamo::Write::commit_all(&writes, &service.dynamo, &*service.chance);
            assert!(written.await.expect("a password"), "a password is written");
            match sort {
                "locked" => lock(service, id, &keys, &member, now).await,
                "disabled" => {
                    let after = member.disabled();
                    let changed =
                        member::store::change(service, id, &keys, &member, &after, Vec::new());
                    changed.await.expect("a disabled member");
                }
                _ => {}
            }
        }
    }
}

async fn join(
    service: &Service,
    id: OrganizationId,
    keys: &OrganizationKeys,
    username: &str,
    now: Timestamp,
) -> member::Member {
    let newcomer = Newcomer {
        id: MemberId::fresh(now, &*service.chance).expect("an id"),
        username: Username::parse(username).expect("a username"),
        name: PersonName::parse("Somebody Measured").expect("a name"),
        email: EmailAddress::parse("measured@example.org").expect("an address"),
        level: Level::Viewer,
        coverage: Coverage::nothing(),
    };
    let member = member::rules::new(newcomer, State::Active, now);
    member::store::create(service, id, keys, &member, Vec::new()).await.expect("a member");
    member
}

async fn lock(
    service: &Service,
    id: OrganizationId,
    keys: &OrganizationKeys,
    member: &member::Member,
    now: Timestamp,
) {
    let index = member.username.index(keys);
    let limits = Limits::new(20, 60).expect("limits");
    for _ in 0..limits.failures() {
        let admitted = lockout::admit(service, id, index, Bucket::Strangers, &limits, now);
        admitted.await.expect("an attempt");
    }
}

fn name(sort: &str, number: usize) -> String {
    format!("{sort}-{number:04}")
}

fn attempt(username: &str) -> String {
    let body = format!(r#"{{"username":"{username}","password":"not the password at all"}}"#);
    client::post(&format!("/{SCHOOL}/sign-in"), "0123456789abcdef", &body)
}

fn networks(first: u8, count: u8) -> Vec<Ipv4Addr> {
    (first..first + count).map(|last| Ipv4Addr::new(127, 0, 1, last)).collect()
}

/// How long each sort of refusal takes to arrive.
pub fn doors(runtime: &Runtime) {
    let mut child = Child::start(Kind { holds_mail_back: true, ..Kind::default() });
    child.ask(&Question::FoundDoor);
    // The sorts take turns, and so do the members of each.
    let requests: Vec<String> = (0..SAMPLES)
        .flat_map(|sample| {
            SORTS.map(|sort| match sort {
                "unknown" => attempt(&name("nobody", sample)),
                sort => attempt(&name(sort, sample % MEMBERS)),
            })
        })
        .collect();
    let answers = runtime.block_on(client::load_from(child.port, &networks(1, NETWORKS), requests));
    let mut took = vec![Vec::with_capacity(SAMPLES); SORTS.len()];
    for (request, status, elapsed) in answers {
        assert_eq!(status, 401, "every attempt has the same answer");
        took[request % SORTS.len()].push(elapsed.as_secs_f64() * 1_000.0);
    }
    println!(
        "\n| {SAMPLES} attempts each | mean ms | deviation ms | Welch's t against wrong | aim |"
    );
    println!("|---|---:|---:|---:|---:|");
    for (sort, times) in SORTS.iter().zip(&took) {
        let (mean, variance) = moments(times);
        let against = match *sort {
            "wrong" => "| |".to_owned(),
            _ => format!("{:.2} | below {NONE} |", welch(times, &took[0]).abs()),
        };
        println!("| {sort} | {mean:.2} | {:.2} | {against}", variance.sqrt());
    }
}

/// Mean and variance of a sample.
fn moments(sample: &[f64]) -> (f64, f64) {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let squares = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, squares / (count - 1.0))
}

/// Welch's t: the difference of two means in units of its own uncertainty.
fn welch(one: &[f64], other: &[f64]) -> f64 {
    let ((mean, variance), (other_mean, other_variance)) = (moments(one), moments(other));
    let uncertainty = variance / one.len() as f64 + other_variance / other.len() as f64;
    (mean - other_mean) / uncertainty.sqrt()
}

/// The flood that goes on while somebody books: attempts at nobody's names.
pub struct Flood {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

impl Flood {
    /// Begins, over so many connections from networks of their own.
    pub fn begin(port: u16, connections: u8) -> Self {
        use std::sync::atomic::{AtomicBool, Ordering};
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let mut sent = 0;
            let addresses = networks(100, connections);
            while !stopped.load(Ordering::Acquire) {
                let requests = (0..usize::from(connections) * 2)
                    .map(|number| attempt(&name("flood", sent + number)))
                    .collect();
                let answers = client::load_from(port, &addresses, requests);
                sent += runtime.block_on(answers).len();
            }
            sent
        });
        Self { stop, thread: Some(thread) }
    }

    /// Ends; how many attempts were answered.
    pub fn end(mut self) -> usize {
        self.stop.store(true, std::sync::atomic::Ordering::Release);
        self.thread.take().map_or(0, |thread| thread.join().expect("the flood ends"))
    }
}

/// Prints what the flood did to those who booked.
pub fn report_flood(alone: &[Stretch], flooded: &[Stretch], attempts: f64) {
    let pairs = || flooded.iter().zip(alone);
    let slower = |part: f64| median(pairs().map(|(wet, dry)| wet.within(part) / dry.within(part)));
    println!("\n| booking during a flood of sign-ins | measured | aim |\n|---|---:|---:|");
    println!("| attempts a second that were answered | {attempts:.0} | |");
    println!("| p50 against without | {:.2} | |", slower(0.5));
    println!("| p99 against without | {:.2} | |", slower(0.99));
}
