//! A restore that brings back a part of a transaction: `fsck` finds it, mends
//! it, and nobody was told something untrue that no notice corrects.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use futures::StreamExt as _;
use jiff::civil::{date, time};
use kept::{Options, Wakes};
use shared::booking::seat::{self, Reason, Seat};
use shared::booking::store::{Desk, Wish, Wisher};
use shared::booking::{Booking, Contact, IdempotencyKey, State};
use shared::dynamo::{self, Item, Key};
use shared::event::{self, AddressProof, Event};
use shared::fsck::repair::{self, Deed};
use shared::fsck::{self, Checker};
use shared::identity::Subject;
use shared::identity::access::Level;
use shared::identity::member;
use shared::ids::{BookingId, EventId, OrganizationId, PersonId, ResourceId};
use shared::notice::{Change, Kind, Matter, News, owed};
use shared::organization::{Snapshot, WebName};
use shared::participant::Allowances;
use shared::personal::{EmailAddress, PersonName};
use shared::resource::{self, Resource};
use shared::slot::rules::{Stretch, fill};
use shared::slot::{self, SlotId};

use crate::world::{Plan, World};

/// So many transactions are torn; `KEPT_SEEDS` asks for fewer or more, or for a
/// range of them: `361..362` does again what one seed does.
const SEEDS: u64 = 1_000;
/// So many worlds are made at the same time.
const AT_ONCE: usize = 8;
/// What people are told of a booking; that something was in the way promises
/// nothing.
const TOLD: [Kind; 4] = [Kind::Confirm, Kind::Booked, Kind::Moved, Kind::Cancelled];
/// No booking here comes further.
const MOST_VERSIONS: u32 = 6;

/// Chance that a seed gives again: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }
}

/// The tables that people's appointments lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum In {
    Schedule,
    Mail,
}

/// What somebody was told about a booking.
#[derive(Debug, Clone)]
struct Told {
    person: PersonId,
    change: Change,
}

/// One small world: an event, a few people, a few changes.
struct Small {
    organization: OrganizationId,
    event: EventId,
    slots: Vec<SlotId>,
    bookings: Vec<(BookingId, PersonId)>,
    people: Vec<PersonId>,
    /// All that anybody was told before the harm.
    told: Vec<Told>,
    /// All that was done, for whoever looks for a fault.
    history: Vec<String>,
    /// What was done last, and what of it was undone.
    last: &'static str,
    undone: Vec<String>,
}

fn contact(number: usize) -> Contact {
    Contact {
        name: PersonName::parse(&format!("Person {number}")).unwrap(),
        email: EmailAddress::parse(&format!("person.{number}@example.org")).unwrap(),
        phone: None,
        note: None,
    }
}

fn table(world: &World, of: In) -> &str {
    let tables = &world.service().settings.tables;
    match of {
        In::Schedule => &tables.schedule,
        In::Mail => &tables.mail,
    }
}

impl Small {
    /// Every key that a change of these bookings may write.
    fn keys(&self) -> Vec<(In, Key)> {
        let organization = self.organization;
        let event = self.event;
        let mut keys: Vec<(In, Key)> = self
            .slots
            .iter()
            .map(|slot| (In::Schedule, Key::slot(organization, event, *slot)))
            .collect();
        for person in &self.people {
            for day in [date(2026, 12, 3), date(2026, 12, 4)] {
                keys.push((In::Schedule, Key::agenda(organization, *person, day)));
            }
            keys.push((In::Schedule, Key::tally(organization, *person, event)));
            keys.push((In::Schedule, Key::participant(organization, *person)));
        }
        for (booking, person) in &self.bookings {
            keys.push((In::Schedule, Key::booking(organization, *booking)));
            for version in 1..=MOST_VERSIONS {
                for kind in TOLD {
                    let id = owed::id(*booking, kind, version, *person, None);
                    keys.push((In::Mail, Key::notice(organization, id)));
                }
            }
        }
        keys
    }

    async fn snapshot(&self, world: &World) -> BTreeMap<(In, String, String), Item> {
        let service = world.service();
        let mut found = BTreeMap::new();
        for of in [In::Schedule, In::Mail] {
            let keys: Vec<Key> =
                self.keys().into_iter().filter(|(lies, _)| *lies == of).map(|it| it.1).collect();
            for chunk in keys.chunks(100) {
                let chance = &*service.chance;
                let items = dynamo::batch_get(&service.dynamo, table(world, of), chunk, chance);
                for (key, item) in items.await.unwrap() {
                    found.insert((of, key.pk, key.sk), item);
                }
            }
        }
        found
    }

    /// What the notices of a snapshot tell.
    fn told_by(&self, snapshot: &BTreeMap<(In, String, String), Item>) -> Vec<Told> {
        let organization = self.organization;
        let mut told = Vec::new();
        for (booking, person) in &self.bookings {
            for version in 1..=MOST_VERSIONS {
                for kind in TOLD {
                    let id = owed::id(*booking, kind, version, *person, None);
                    let key = Key::notice(organization, id);
                    let Some(item) = snapshot.get(&(In::Mail, key.pk, key.sk)) else { continue };
                    let number = |name: &str| item[name].as_n().unwrap().parse::<i64>().unwrap();
                    let at = |name| jiff::Timestamp::from_second(number(name)).unwrap();
                    let change = Change {
                        kind,
                        booking: *booking,
                        version,
                        event: self.event,
                        slot: SlotId::parse(item["slot"].as_s().unwrap()).unwrap(),
                        start: at("start"),
                        end: at("end"),
                    };
                    told.push(Told { person: *person, change });
                }
            }
        }
        told
    }
}

/// An organization with events enough for some seeds, each of which has one to
/// itself, with people of its own.
struct House {
    snapshot: Arc<Snapshot>,
    seeds: Vec<(u64, Dice, EventId, Vec<SlotId>)>,
}

/// So many seeds share an organization.
const TOGETHER: u64 = 20;

async fn house(world: &World, seeds: Range<u64>) -> House {
    let service = world.service();
    let web_name: &'static str = Box::leak(format!("school-{}", seeds.start).into_boxed_str());
    let place = world.found(Plan { web_name, resources: 0, ..Plan::school() }).await;
    let organization = place.organization.id;
    world.listed(&place.organization, "Robin", Level::Administrator, member::State::Active).await;
    let keys = world.keys(organization).await;
    let mut events = Vec::new();
    for seed in seeds {
        let mut dice = Dice(seed);
        let proof = if dice.below(3) == 0 { AddressProof::Before } else { AddressProof::After };
        let over_midnight = dice.below(4) == 0;
        let capacity = 1 + u32::try_from(dice.below(2)).unwrap();
        let event = Event {
            id: EventId::fresh(world.now(), &*service.chance).unwrap(),
            web_name: WebName::parse(&format!("event-{seed}")).unwrap(),
            address_proof: proof,
            ..place.event.clone()
        };
        let resources = [(); 2].map(|()| Resource {
            id: ResourceId::fresh(&*service.chance).unwrap(),
            name: "Ms Number".into(),
            place: String::new(),
        });
        resource::store::put_all(service, organization, &keys, event.id, &resources).await.unwrap();
        let from = if over_midnight { time(18, 30, 0, 0) } else { time(17, 0, 0, 0) };
        let stretch = Stretch {
            day: date(2026, 12, 3),
            from,
            to: from.wrapping_add(jiff::SignedDuration::from_mins(80)),
            minutes: 20,
            pause: 0,
            except: None,
            capacity,
        };
        let slots: Vec<_> = resources
            .iter()
            .flat_map(|resource| fill(stretch, resource.id, &event.zone).0)
            .collect();
        slot::store::put_all(service, organization, event.id, &slots).await.unwrap();
        event::store::put(service, organization, &event).await.unwrap();
        let slots = slots.into_iter().map(|slot| slot.id).collect();
        events.push((seed, dice, event.id, slots));
    }
    let snapshot = service.read_organization(organization, world.now()).await.unwrap().unwrap();
    House { snapshot, seeds: events }
}

/// Lets people change things at an event of their own, and undoes a part of the
/// last change.
async fn harmed(
    world: &World,
    snapshot: Arc<Snapshot>,
    (seed, mut dice, event, slots): (u64, Dice, EventId, Vec<SlotId>),
) -> Small {
    let service = world.service();
    let organization = snapshot.organization.id;
    let occasion = service.occasion_of(snapshot, event).await.unwrap().unwrap();
    let whose = |number: usize| contact(usize::try_from(seed).unwrap() * 3 + number);
    let people: Vec<PersonId> =
        (0..3).map(|number| occasion.keys().person(&whose(number).email)).collect();
    let mut small = Small {
        organization,
        event,
        slots,
        bookings: Vec::new(),
        people,
        told: Vec::new(),
        history: Vec::new(),
        last: "",
        undone: Vec::new(),
    };
    let allowances = Allowances::default();
    // Of their own, so that no seed spends what another may book.
    let network = u128::from(seed).to_be_bytes();
    let desk = Desk { service, allowances: &allowances, occasion: &occasion, now: world.now() };
    let mut made: Vec<Booking> = Vec::new();
    let changes = 1 + dice.below(5);
    let mut before = BTreeMap::new();
    let mut done = 0;
    while done < changes {
        let booked = made.iter().filter(|it| it.state == State::Booked).count();
        let held = made.iter().filter(|it| matches!(it.state, State::Held(_))).count();
        let pick = dice.below(10);
        let nth = |state: fn(&State) -> bool, nth: usize| {
            let fitting = made.iter().enumerate().filter(move |(_, it)| state(&it.state));
            fitting.map(|(position, _)| position).nth(nth).unwrap()
        };
        let is_booked = |state: &State| *state == State::Booked;
        let is_held = |state: &State| matches!(state, State::Held(_));
        let outcome = if held > 0 && pick < 4 {
            let position = nth(is_held, dice.below(held));
            small.last = "confirmed";
            if done + 1 == changes {
                before = small.snapshot(world).await;
            }
            desk.confirm(&made[position], network).await.map(|after| (Some(position), after))
        } else if booked > 0 && pick < 6 {
            let position = nth(is_booked, dice.below(booked));
            let wanted = small.slots[dice.below(small.slots.len())];
            if wanted == made[position].slot {
                continue;
            }
            small.last = "moved";
            if done + 1 == changes {
                before = small.snapshot(world).await;
            }
            let moved = desk.move_to(&made[position], wanted, network).await;
            moved.map(|after| (Some(position), after))
        } else if booked > 0 && pick < 8 {
            let position = nth(is_booked, dice.below(booked));
            small.last = "cancelled";
            if done + 1 == changes {
                before = small.snapshot(world).await;
            }
            desk.cancel(&made[position], network).await.map(|after| (Some(position), after))
        } else {
            let number = dice.below(3);
            let key =
                IdempotencyKey::parse(&format!("seed-{seed}-key-{done}-{pick}-padded")).unwrap();
            let id = occasion.keys().booking_id(small.event, key.as_str());
            if small.bookings.iter().any(|(known, _)| *known == id) {
                continue;
            }
            let signed_in = dice.below(4) == 0;
            let person = small.people[number];
            let wish = Wish {
                slot: small.slots[dice.below(small.slots.len())],
                contact: whose(number),
                dependent: None,
                wisher: if signed_in { Wisher::Participant(person) } else { Wisher::Visitor },
                key,
                network,
            };
            small.last = "booked";
            small.bookings.push((id, person));
            if done + 1 == changes {
                before = small.snapshot(world).await;
            }
            let booked = desk.book(&wish).await;
            if booked.is_err() {
                small.bookings.pop();
            }
            booked.map(|after| (None, after))
        };
        let Ok((position, after)) = outcome else { continue };
        if small.last == "booked" && matches!(after.state, State::Held(_)) {
            small.last = "held";
        }
        let Booking { id, person, slot, .. } = &after;
        small.history.push(format!("{} {id:?} of {person:?} at {slot:?}", small.last));
        match position {
            Some(position) => made[position] = after,
            None => made.push(after),
        }
        done += 1;
    }
    let after = small.snapshot(world).await;
    small.told = small.told_by(&after);
    undo(world, &mut small, &mut dice, before, after).await;
    small
}

async fn undo(
    world: &World,
    small: &mut Small,
    dice: &mut Dice,
    before: BTreeMap<(In, String, String), Item>,
    after: BTreeMap<(In, String, String), Item>,
) {
    let changed: Vec<_> =
        after.iter().filter(|(key, item)| before.get(*key) != Some(item)).collect();
    // What nobody's appointment depends on is undone besides, or not: that an
    // address was proven; of a time that was only held, and is so no more, how
    // many of those there were, and the mail that said so.
    let held = small.last == "held";
    let matters = |sk: &str| match sk {
        "participant" => false,
        "notice" => !held,
        _ => !(held && sk.starts_with("tally#")),
    };
    // Moving to another teacher at the same time leaves an agenda as it was, but
    // for its version.
    let says = |item: &Item| {
        let mut said = item.clone();
        said.remove("version");
        said
    };
    let (main, other): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(key, item)| {
        let other_words = before.get(*key).is_none_or(|before| says(before) != says(item));
        matters(&key.2) && other_words
    });
    assert!(main.len() > 1, "{} wrote {} items", small.last, main.len());
    let all = (1_usize << main.len()) - 1;
    let chosen = 1 + dice.below(all - 1);
    let main = main.iter().enumerate().filter(|(nth, _)| chosen & (1 << nth) != 0);
    let mut undone: Vec<_> = main.map(|(_, item)| *item).collect();
    undone.extend(other.into_iter().filter(|_| dice.below(2) == 0));
    let undone = undone.into_iter().map(|(key, _)| key.clone()).collect();
    take_back(world, small, &before, undone).await;
}

/// Puts items back to what they were before, or takes those away that were not.
async fn take_back(
    world: &World,
    small: &mut Small,
    before: &BTreeMap<(In, String, String), Item>,
    undone: Vec<(In, String, String)>,
) {
    for (of, pk, sk) in undone {
        small.undone.push(sk.clone());
        let key = Key { pk: pk.clone(), sk: sk.clone() };
        match before.get(&(of, pk, sk)) {
            Some(item) => {
                let put = world.cloud.dynamo().put_item().table_name(table(world, of));
                put.set_item(Some(item.clone())).send().await.unwrap();
            }
            None => {
                let delete = world.cloud.dynamo().delete_item().table_name(table(world, of));
                delete.set_key(Some(key.to_item())).send().await.unwrap();
            }
        }
    }
}

/// How what somebody was told came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Fate {
    /// It is so.
    True,
    /// A later notice says what is so.
    Corrected,
    /// The time is theirs, although nobody knows whose it is: the administrators
    /// were told.
    TimeKept,
    /// They were told that something of theirs may be missing.
    PersonTold,
    /// Nobody knows how to reach them: the administrators know of it.
    AdministratorsTold,
}

/// All that lies in an organization's tables in the end.
struct End {
    bookings: HashMap<BookingId, Booking>,
    seats: Vec<Seat>,
    notices: Vec<shared::notice::Notice>,
    participants: BTreeSet<String>,
}

/// Everything, by organization.
async fn ends(world: &World) -> HashMap<OrganizationId, End> {
    let service = world.service();
    let mut ends: HashMap<OrganizationId, End> = HashMap::new();
    for of in [In::Schedule, In::Mail] {
        let scan = world.cloud.dynamo().scan().table_name(table(world, of));
        let mut pages = scan.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let key = Key::of(&item).unwrap();
            let Some(id) = OrganizationId::parse(key.pk.split('#').next().unwrap()) else {
                continue;
            };
            let end = ends.entry(id).or_insert_with(|| End {
                bookings: HashMap::new(),
                seats: Vec::new(),
                notices: Vec::new(),
                participants: BTreeSet::new(),
            });
            match key.sk.as_str() {
                "booking" => {
                    let keys = world.keys(id).await;
                    let booking = shared::booking::store::read(&keys, item).unwrap();
                    end.bookings.insert(booking.id, booking);
                }
                "seat" => end.seats.push(seat::read(item).unwrap()),
                "participant" => {
                    end.participants.insert(key.pk.split('#').nth(1).unwrap().to_owned());
                }
                "notice" => {
                    let (_, notice) = shared::notice::store::named_by(&key).unwrap();
                    let read = shared::notice::store::read(service, id, notice).await.unwrap();
                    end.notices.push(read.unwrap());
                }
                _ => {}
            }
        }
    }
    ends
}

impl End {
    /// What people and administrators are told besides their bookings.
    fn news(&self) -> impl Iterator<Item = (Subject, News)> {
        self.notices.iter().filter_map(|notice| match &notice.owed.matter {
            Matter::Account(account) => Some((account.subject, account.news)),
            Matter::Booking(_) | Matter::Administrators(_) => None,
        })
    }

    /// The judge: what became of something that somebody was told.
    fn fate(&self, told: &Told, spent: &mut BTreeSet<BookingId>) -> Option<Fate> {
        let Told { person, change } = told;
        let appointed = matches!(change.kind, Kind::Booked | Kind::Moved);
        let booking = self.bookings.get(&change.booking);
        let stands = booking.filter(|it| it.state == State::Booked).map(|it| it.slot);
        if stands == appointed.then_some(change.slot) {
            return Some(Fate::True);
        }
        let corrected = self.notices.iter().any(|notice| match notice.owed.matter {
            Matter::Booking(later) => {
                let tells = matches!(later.kind, Kind::Booked | Kind::Moved).then_some(later.slot);
                later.booking == change.booking
                    && later.version > change.version
                    && later.kind != Kind::InTheWay
                    && later.kind != Kind::Confirm
                    && tells == stands
            }
            Matter::Account(_) | Matter::Administrators(_) => false,
        });
        if corrected {
            return Some(Fate::Corrected);
        }
        if !appointed {
            return None;
        }
        let of_nobody = |seat: &&Seat| {
            seat.slot == change.slot
                && seat.reason == Reason::Lost
                && (seat.id == change.booking || !spent.contains(&seat.id))
        };
        let own = self.seats.iter().find(|seat| seat.id == change.booking && of_nobody(seat));
        let kept = own.or_else(|| self.seats.iter().find(of_nobody));
        let mut news = self.news();
        if let Some(seat) = kept {
            spent.insert(seat.id);
            let day = Some(change.slot.day);
            let told = |(_, news): (_, News)| matches!(news, News::AppointmentsLost(event, of, _) if event == change.event && of == day);
            return news.any(told).then_some(Fate::TimeKept);
        }
        let reachable = self.participants.contains(&person.to_string())
            || self.bookings.values().any(|it| it.person == *person);
        let to = Subject::Participant(*person);
        if reachable {
            let missing = |(subject, news): (_, News)| {
                subject == to && news == News::AppointmentMissing(change.event)
            };
            return news.any(missing).then_some(Fate::PersonTold);
        }
        let lost = |(_, news): (_, News)| matches!(news, News::AppointmentsLost(event, None, _) if event == change.event);
        news.any(lost).then_some(Fate::AdministratorsTold)
    }
}

/// What each booking's person believes: the last that they were told, and what
/// they were told before, should that last notice never have gone out.
fn beliefs(small: &Small) -> Vec<Told> {
    let mut beliefs = Vec::new();
    for (booking, _) in &small.bookings {
        let mut told: Vec<&Told> = small
            .told
            .iter()
            .filter(|told| told.change.booking == *booking)
            // That a time is held is over by then; and what stood in the way of
            // another wish promised nothing.
            .filter(|told| !matches!(told.change.kind, Kind::Confirm | Kind::InTheWay))
            .collect();
        told.sort_by_key(|told| std::cmp::Reverse(told.change.version));
        beliefs.extend(told.into_iter().take(2).cloned());
    }
    beliefs
}

/// The words of what is found, by partition.
async fn findings(world: &World) -> HashMap<String, BTreeSet<&'static str>> {
    let options = fsck::Options { quiet: true, ..fsck::Options::default() };
    let checker = Checker::new(world.service(), options);
    let mut found: HashMap<String, BTreeSet<&'static str>> = HashMap::new();
    let mut position = Some(checker.begin());
    while let Some(here) = position {
        let step = checker.step(here).await.unwrap();
        for finding in step.findings {
            found.entry(finding.key.pk).or_default().insert(finding.damage.word());
        }
        position = step.next;
    }
    found
}

/// Somebody holds a time, and has booked another while signed in; of that
/// booking only what `stays` says comes back. What is there after the repair.
async fn after_a_held_time_and_a_lost_booking(stays: &[&str]) -> (Booking, PersonId, End) {
    let world = World::with(Options { wakes: Wakes::Nobody, ..Options::default() }).await;
    let service = world.service();
    let place = world.found(Plan::clinic()).await;
    let (organization, event) = (place.organization.id, place.event.id);
    world.listed(&place.organization, "Robin", Level::Administrator, member::State::Active).await;
    let day = place.event.days[0];
    let slots = slot::store::of_day(service, organization, event, day, None).await.unwrap();
    let snapshot = service.read_organization(organization, world.now()).await.unwrap().unwrap();
    let occasion = service.occasion_of(snapshot, event).await.unwrap().unwrap();
    let person = occasion.keys().person(&contact(1).email);
    let allowances = Allowances::default();
    let desk = Desk { service, allowances: &allowances, occasion: &occasion, now: world.now() };
    let wish = |nth: usize, wisher: Wisher| Wish {
        slot: slots[nth].id,
        contact: contact(1),
        dependent: None,
        wisher,
        key: IdempotencyKey::parse(&format!("the-wish-number-{nth}-of-theirs")).unwrap(),
        network: [1; 16],
    };
    let held = desk.book(&wish(0, Wisher::Visitor)).await.unwrap();
    assert!(matches!(held.state, State::Held(_)));
    let mut small = Small {
        organization,
        event,
        slots: slots.iter().map(|slot| slot.id).collect(),
        bookings: vec![(held.id, person)],
        people: vec![person],
        told: Vec::new(),
        history: Vec::new(),
        last: "booked",
        undone: Vec::new(),
    };
    let before = small.snapshot(&world).await;
    let booked = desk.book(&wish(3, Wisher::Participant(person))).await.unwrap();
    assert_eq!(booked.state, State::Booked);
    small.bookings.push((booked.id, person));
    let after = small.snapshot(&world).await;
    let changed = after.into_iter().filter(|(key, item)| before.get(key) != Some(item));
    let goes = |sk: &str| !stays.iter().any(|stays| sk.starts_with(stays));
    let undone = changed.map(|(key, _)| key).filter(|(_, _, sk)| goes(sk)).collect();
    take_back(&world, &mut small, &before, undone).await;
    world.advance("PT16M").await;
    let repaired = repair::run(service).await.unwrap();
    assert!(repaired.is_clean(), "{repaired}");
    let end = ends(&world).await.remove(&organization).unwrap();
    world.cloud.stop().await;
    (held, person, end)
}

#[tokio::test]
async fn where_only_the_tally_is_left_the_held_time_is_booked_and_another_told_to_be_missing() {
    let (held, person, end) = after_a_held_time_and_a_lost_booking(&["tally#"]).await;
    assert_eq!(end.bookings[&held.id].state, State::Booked);
    assert!(end.seats.is_empty());
    let news: Vec<_> = end.news().collect();
    let missing = (Subject::Participant(person), News::AppointmentMissing(held.event));
    assert!(news.contains(&missing), "{news:?}");
    let lost = News::AppointmentsLost(held.event, None, 1);
    assert!(news.iter().any(|(_, news)| *news == lost), "{news:?}");
}

#[tokio::test]
async fn where_a_lost_booking_s_time_is_kept_nobody_s_held_time_is_booked_in_its_place() {
    let (held, person, end) = after_a_held_time_and_a_lost_booking(&["tally#", "notice"]).await;
    assert_ne!(end.bookings[&held.id].state, State::Booked, "{person:?} never confirmed it");
    assert_eq!(end.seats.len(), 1);
    let day = Some(end.seats[0].slot.day);
    let news: Vec<_> = end.news().map(|(_, news)| news).collect();
    assert_eq!(news, [News::AppointmentsLost(held.event, day, 1)]);
}

/// The seeds that are asked for.
fn wanted() -> Range<u64> {
    let Some(text) = shared::settings::environment("KEPT_SEEDS") else { return 0..SEEDS };
    match text.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..text.parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_hundreds_of_torn_transactions_each_is_found_and_mended_and_nobody_is_left_with_an_untruth()
 {
    let world = World::with(Options { wakes: Wakes::Nobody, ..Options::default() }).await;
    let seeds = wanted();
    let houses: Vec<House> = futures::stream::iter(seeds.clone().step_by(TOGETHER as usize))
        .map(|first| house(&world, first..(first + TOGETHER).min(seeds.end)))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let each = houses.into_iter().flat_map(|house| {
        let House { snapshot, seeds } = house;
        seeds.into_iter().map(move |seed| (Arc::clone(&snapshot), seed))
    });
    let smalls: Vec<(u64, Small)> = futures::stream::iter(each)
        .map(|(snapshot, seed)| {
            let world = &world;
            async move { (seed.0, harmed(world, snapshot, seed).await) }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    // A restore takes longer than a held time is held.
    world.advance("PT16M").await;

    let found = findings(&world).await;
    let mut by_damage: BTreeMap<&str, u64> = BTreeMap::new();
    let mut words_of: HashMap<u64, BTreeSet<&str>> = HashMap::new();
    for (seed, small) in &smalls {
        let mut words: BTreeSet<&str> = BTreeSet::new();
        for (_, key) in small.keys() {
            words.extend(found.get(&key.pk).into_iter().flatten().copied());
        }
        if words.is_empty() {
            let Small { history, undone, .. } = small;
            panic!("seed {seed}: {history:?} without {undone:?} was not found");
        }
        for word in &words {
            *by_damage.entry(word).or_default() += 1;
        }
        words_of.insert(*seed, words);
    }
    let repaired = repair::run(world.service()).await.unwrap();
    assert!(repaired.is_clean(), "{repaired}");

    let ends = ends(&world).await;
    let mut fates: BTreeMap<Fate, u64> = BTreeMap::new();
    let mut untrue = Vec::new();
    for (seed, small) in &smalls {
        let end = &ends[&small.organization];
        let mut spent = BTreeSet::new();
        for told in beliefs(small) {
            let Some(fate) = end.fate(&told, &mut spent) else {
                let Small { history, undone, .. } = small;
                let words = &words_of[seed];
                untrue.push(format!(
                    "seed {seed}: {history:#?} without {undone:?}, found as {words:?}, left {told:?}"
                ));
                continue;
            };
            *fates.entry(fate).or_default() += 1;
        }
    }
    assert!(untrue.is_empty(), "{}", untrue.join("\n"));
    let seeds = seeds.end - seeds.start;
    report(seeds, &by_damage, &fates);
    for deed in [Deed::ChangeFinished, Deed::HoldConfirmed, Deed::TimeKept, Deed::ToldAgain] {
        assert!(seeds < SEEDS || repaired.deeds.contains_key(&deed), "{deed:?} never happened");
    }
}

#[expect(clippy::print_stdout, reason = "how many seeds needed what is worth more than a pass")]
fn report(seeds: u64, by_damage: &BTreeMap<&str, u64>, fates: &BTreeMap<Fate, u64>) {
    println!("{seeds} torn transactions, found as {by_damage:?}");
    println!("what people had been told: {fates:?}");
}
