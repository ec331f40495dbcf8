//! What a booking costs, beside what its items alone would cost.
//!
//! `cargo bench --bench booking` starts this program again as the local cloud
//! (release, data in files, real time), so that processor time and memory are
//! the local cloud's own, and sends it requests over eight connections. The
//! floor runs inside such a local cloud: the items of a real booking, copied
//! under fresh keys, in bare transactions through the same client and engine.
//! What is compared runs in turns, so that a busy machine disturbs both alike.
//!
//! Parts can be named: `cargo bench --bench booking -- floor pages`. Two run
//! only when named: `bookings` says which process is the local cloud, waits for
//! a profiler to be attached, and books; `million` backs up, restores and erases
//! a million items, which takes half an hour, or as many as a number beside it says.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on has nobody to report to")]
#![expect(clippy::panic, reason = "as above")]
#![expect(clippy::print_stdout, reason = "the table is its result")]

mod child;
mod client;
mod cloud;
mod doors;
mod figures;
mod keeping;
mod school;

use child::{Answer, Child, Kind, MARK, Question};
use figures::{Stretch, head, median, processor, row};
use school::{CLIENTS, CONFERENCES, EVENING, SCHOOL};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// So often is everything done; the tables show the middle.
const REPETITIONS: usize = 7;
/// Bookings, transactions and readings of one repetition.
const BOOKINGS: usize = 800;
/// Pages of one repetition.
const PAGES: usize = 200;
/// Who want the same seat.
const RIVALS: usize = 200;
/// How many bookings are stored when there are few, and many.
const FEW: usize = 100;
const MANY: usize = 100_000;

const JSON: &str = "application/json";
const PAGE: &str = "text/html";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut wanted = Vec::new();
    let mut measures = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            MARK => {
                let folder = arguments.next().expect("a folder");
                let kind = arguments.next().expect("a kind");
                let kind = serde_json::from_str(&kind).expect("a kind");
                return cloud::run(Path::new(&folder), kind);
            }
            "--bench" => measures = true,
            _ => wanted.push(argument),
        }
    }
    if !measures {
        // `cargo test --all-targets` starts benchmarks too, unoptimised.
        println!("cargo bench --bench booking measures; this does not.");
        return;
    }
    // One thread: the rest of the machine is the local cloud's.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    type Part = (&'static str, fn(&Runtime));
    let parts: [Part; 7] = [
        ("floor", floor),
        ("stored", stored),
        ("pages", pages),
        ("race", race),
        ("whole", whole),
        ("doors", doors::doors),
        ("flood", flood),
    ];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part(&runtime);
        }
    }
    if wanted.iter().any(|wanted| wanted == "bookings") {
        bookings(&runtime);
    }
    if wanted.iter().any(|wanted| wanted == "million") {
        let items = wanted.iter().find_map(|wanted| wanted.parse().ok());
        keeping::million(items.unwrap_or(keeping::ITEMS));
    }
}

/// A local cloud with the school.
struct Place {
    child: Child,
    slots: Vec<String>,
    visitors: usize,
    /// How long it took to start, in seconds.
    start: f64,
}

impl Place {
    fn start(kind: Kind) -> Self {
        let mut child = Child::start(kind);
        let Answer::Founded { slots } = child.ask(&Question::Found) else {
            panic!("the school was not founded")
        };
        Self { child, slots, visitors: 0, start: f64::NAN }
    }

    /// The same place with so many bookings stored, started afresh.
    fn with_stored(mut self, count: usize) -> Self {
        self.child.ask(&Question::Fill(count));
        let begun = Instant::now();
        let child = self.child.again();
        Self { child, start: begun.elapsed().as_secs_f64(), ..self }
    }

    /// So many different people book so many different free slots.
    fn book(&mut self, runtime: &Runtime, count: usize) -> Stretch {
        self.book_from(runtime, CLIENTS, count)
    }

    /// The same over so many connections.
    fn book_from(&mut self, runtime: &Runtime, clients: usize, count: usize) -> Stretch {
        let path = format!("/{SCHOOL}/{CONFERENCES}/bookings");
        let left = self.slots.len().checked_sub(count).expect("enough free slots");
        let slots = self.slots.split_off(left);
        let requests = slots.iter().map(|slot| self.wish(&path, slot)).collect();
        self.load(runtime, clients, requests, 201)
    }

    fn wish(&mut self, path: &str, slot: &str) -> String {
        self.visitors += 1;
        let number = self.visitors;
        let body = format!(
            r#"{{"slot":"{slot}","name":"Visitor Number {number:06}","email":"visitor-{number:06}@example.org","phone":"+1 202 555 0100"}}"#
        );
        client::post(path, &format!("the-key-of-visitor-{number:06}"), &body)
    }

    fn load(
        &self,
        runtime: &Runtime,
        clients: usize,
        requests: Vec<String>,
        status: u16,
    ) -> Stretch {
        let before = self.child.processor();
        let load = runtime.block_on(client::load(self.child.port, clients, requests));
        let spent = self.child.processor() - before;
        let (took, elapsed) = load.all(status);
        Stretch::new(took, elapsed, spent)
    }
}

/// A booking beside its floor, mail held back.
fn floor(runtime: &Runtime) {
    let mut place = Place::start(Kind { holds_mail_back: true, ..Kind::default() });
    // The first ones warm caches and connections.
    place.book(runtime, CLIENTS * 25);
    place.child.measure(&Question::Transactions(CLIENTS * 25));
    let own = processor("self");
    let (mut bookings, mut transactions, mut readings) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        bookings.push(place.book(runtime, BOOKINGS));
        transactions.push(place.child.measure(&Question::Transactions(BOOKINGS)));
        readings.push(place.child.measure(&Question::Readings(BOOKINGS)));
    }
    let own = (processor("self") - own) * 1_000.0 / (BOOKINGS * REPETITIONS) as f64;
    head("8 at a time, mail held back");
    row("booking, over HTTP", &bookings);
    row("floor: its six items, bare TransactWriteItems", &transactions);
    row("its reading, bare BatchGetItem of five keys", &readings);
    let pairs = || bookings.iter().zip(&transactions);
    let ratio = median(pairs().map(|(booking, floor)| booking.rate() / floor.rate()));
    let outside =
        median(pairs().map(|(booking, floor)| booking.processor_each() - floor.processor_each()));
    let reading = median(readings.iter().map(Stretch::processor_each));
    println!("\n| against the floor | measured | aim |\n|---|---:|---:|");
    println!("| bookings for each bare transaction | {ratio:.2} | ≥ 0.7 |");
    println!("| CPU ms of a booking outside its transaction | {outside:.3} | ≤ 0.5 |");
    println!("| of that: its reading, through client and engine | {reading:.3} | |");
    println!("| CPU ms of the load generator, for each booking | {own:.3} | |");
}

/// Bookings and nothing else, for a profiler.
fn bookings(runtime: &Runtime) {
    let mut place = Place::start(Kind { holds_mail_back: true, ..Kind::default() });
    place.book(runtime, CLIENTS * 25);
    println!("Process {} books in 3 seconds.", place.child.id());
    std::thread::sleep(Duration::from_secs(3));
    let repetitions: Vec<Stretch> =
        (0..REPETITIONS).map(|_| place.book(runtime, BOOKINGS)).collect();
    head("8 at a time, mail held back");
    row("booking, over HTTP", &repetitions);
}

/// What a booking costs with few and with many stored.
fn stored(runtime: &Runtime) {
    let kind = Kind { holds_mail_back: true, ..Kind::default() };
    let few = Place::start(kind).with_stored(FEW);
    let many = Place::start(kind).with_stored(MANY);
    let (mut few, mut many) = (few, many);
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    few.book(runtime, CLIENTS * 5);
    many.book(runtime, CLIENTS * 5);
    for _ in 0..REPETITIONS {
        with_few.push(few.book(runtime, BOOKINGS / 2));
        with_many.push(many.book(runtime, BOOKINGS / 2));
    }
    head("booking, 8 at a time, mail held back");
    row("with 100 stored", &with_few);
    row("with 100,000 stored", &with_many);
    let pairs = || with_many.iter().zip(&with_few);
    let processor = median(pairs().map(|(many, few)| many.processor_each() / few.processor_each()));
    let rate = median(pairs().map(|(many, few)| many.rate() / few.rate()));
    let resident = many.child.memory().0;
    let start = many.start;
    println!("\n| 100,000 stored against 100 | measured | aim |\n|---|---:|---:|");
    println!("| CPU of a booking | {processor:.2} | 1 |");
    println!("| bookings a second | {rate:.2} | 1 |");
    println!("| resident memory with 100,000 stored, MB | {resident:.0} | ≤ 120 |");
    println!("| seconds to start with 100,000 stored | {start:.1} | |");
}

/// Looking at 500 free slots.
fn pages(runtime: &Runtime) {
    let place = Place::start(Kind { holds_mail_back: true, ..Kind::default() });
    let slots = client::get(&format!("/{SCHOOL}/{EVENING}/slots"), JSON);
    let event = client::get(&format!("/{SCHOOL}/{EVENING}"), PAGE);
    head("500 free slots");
    let mut half = f64::NAN;
    for (name, request) in [("slots, JSON", &slots), ("the event's page, HTML", &event)] {
        for clients in [1, CLIENTS] {
            place.load(runtime, clients, vec![request.clone(); PAGES / 10], 200);
            let repetitions: Vec<Stretch> = (0..REPETITIONS)
                .map(|_| place.load(runtime, clients, vec![request.clone(); PAGES], 200))
                .collect();
            row(&format!("{name}, {clients} at a time"), &repetitions);
            if half.is_nan() {
                half = median(repetitions.iter().map(|stretch| stretch.within(0.5)));
            }
        }
    }
    println!("\n| a page of 500 slots | measured | aim |\n|---|---:|---:|");
    println!("| p50 ms, 1 at a time | {half:.1} | ≤ 10 |");
}

/// Many want the same seat at once.
fn race(runtime: &Runtime) {
    let mut place = Place::start(Kind { holds_mail_back: true, ..Kind::default() });
    place.book(runtime, CLIENTS * 5);
    let path = format!("/{SCHOOL}/{CONFERENCES}/bookings");
    let mut seconds = Vec::new();
    for _ in 0..REPETITIONS {
        let slot = place.slots.pop().expect("a free slot");
        let requests = (0..RIVALS).map(|_| place.wish(&path, &slot)).collect();
        let load = runtime.block_on(client::load(place.child.port, RIVALS, requests));
        let winners = load.answers.iter().filter(|(status, _)| *status == 201).count();
        let losers = load.answers.iter().filter(|(status, _)| *status == 409).count();
        assert_eq!(
            (winners, losers),
            (1, RIVALS - 1),
            "one wins, all others hear that it is taken"
        );
        seconds.push(load.elapsed.as_secs_f64());
    }
    println!("\n| {RIVALS} visitors, one seat | measured |\n|---|---:|");
    println!("| winners in each of {REPETITIONS} rounds | 1 |");
    println!("| ms until all have their answer | {:.0} |", median(seconds) * 1_000.0);
}

/// Booking while others try to sign in, in turns with booking alone: by one
/// visitor, who leaves the machine half idle, and by as many as it can serve.
fn flood(runtime: &Runtime) {
    let mut place = Place::start(Kind { holds_mail_back: true, ..Kind::default() });
    place.child.ask(&Question::FoundDoor);
    place.book(runtime, CLIENTS * 25);
    for clients in [1, CLIENTS] {
        let count = BOOKINGS / 2 * clients / CLIENTS;
        let (mut alone, mut flooded, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..REPETITIONS {
            alone.push(place.book_from(runtime, clients, count));
            let begun = Instant::now();
            let flood = doors::Flood::begin(place.child.port, 32);
            // Until the flood has reached the door.
            std::thread::sleep(Duration::from_millis(500));
            flooded.push(place.book_from(runtime, clients, count));
            attempts.push(flood.end() as f64 / begun.elapsed().as_secs_f64());
        }
        head(&format!("{clients} at a time, mail held back"));
        row("booking, alone", &alone);
        row("booking, while 32 at a time try to sign in", &flooded);
        doors::report_flood(&alone, &flooded, median(attempts));
    }
}

/// The local cloud as `cargo run` starts it: demonstration, mail and all.
fn whole(runtime: &Runtime) {
    let mut place = {
        let child = Child::start(Kind { demonstration: true, ..Kind::default() });
        Place { child, slots: Vec::new(), visitors: 0, start: f64::NAN }
    };
    place.child.ask(&Question::Settle);
    let before = place.child.processor();
    let rest = Duration::from_secs(5);
    std::thread::sleep(rest);
    let idle = (place.child.processor() - before) / rest.as_secs_f64() * 100.0;
    let (resident, _) = place.child.memory();
    let Answer::Founded { slots } = place.child.ask(&Question::Found) else {
        panic!("the school was not founded")
    };
    place.slots = slots;
    place.book(runtime, CLIENTS * 5);
    place.child.ask(&Question::Settle);
    let mut repetitions = Vec::new();
    let mut with_mail = Vec::new();
    for _ in 0..REPETITIONS {
        let before = place.child.processor();
        let begun = Instant::now();
        let stretch = place.book(runtime, BOOKINGS / 2);
        let count = stretch.count as f64;
        repetitions.push(stretch);
        place.child.ask(&Question::Settle);
        let spent = place.child.processor() - before;
        with_mail.push((count / begun.elapsed().as_secs_f64(), spent * 1_000.0 / count));
    }
    head("8 at a time, mails delivered meanwhile");
    row("booking, over HTTP", &repetitions);
    let rate = median(with_mail.iter().map(|(rate, _)| *rate));
    let each = median(with_mail.iter().map(|(_, each)| *each));
    let (after, highest) = place.child.memory();
    println!("\n| the whole local cloud | measured | aim |\n|---|---:|---:|");
    println!("| bookings a second until the last mail is caught | {rate:.0} | |");
    println!("| CPU ms of a booking with its mail | {each:.3} | |");
    println!("| resident memory with the demonstration, idle, MB | {resident:.0} | ≤ 120 |");
    println!("| after the load, MB | {after:.0} | ≤ 120 |");
    println!("| at its highest, MB | {highest:.0} | ≤ 120 |");
    println!("| CPU when idle, percent of one processor | {idle:.1} | |");
}
