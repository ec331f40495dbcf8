//! `fsck`: a world that nobody harmed is clean, and each kind of damage,
//! planted by itself behind the domain's back, is found as just that kind.

mod bookings;
mod dependents;
mod items;
mod members;
mod repair;
mod scene;
mod seats;

use serde_json::json;
use shared::fsck::{self, Checker, Damage, Options, Position, Report};

use crate::fsck::scene::{Scene, Where, edit_entries, number};
use crate::world::Plan;

/// A new kind of damage stops this file from compiling: plant it in a test of
/// its own in `items`, `bookings`, `dependents` or `members`, then name it here.
fn _each_kind_is_planted(damage: Damage) {
    match damage {
        Damage::UnknownItem
        | Damage::Unreadable
        | Damage::Misplaced
        | Damage::Unopened
        | Damage::NoOrganization(_)
        | Damage::NoKey
        | Damage::BrokenKey
        | Damage::NoName
        | Damage::StrayName(_)
        | Damage::WrongPerson
        | Damage::WrongIndex
        | Damage::NoSlot
        | Damage::OtherTimes
        | Damage::NoHold
        | Damage::NotInAgenda(_)
        | Damage::NotInDependentAgenda(_)
        | Damage::NoDependent(_)
        | Damage::NoIdentifier
        | Damage::StrayIdentifier(_)
        | Damage::NoTally
        | Damage::NoNotice
        | Damage::OverCapacity { .. }
        | Damage::Miscounted(_)
        | Damage::TwiceSeated
        | Damage::StrayHold(_)
        | Damage::Unsorted
        | Damage::Overlap(..)
        | Damage::StrayEntry(_)
        | Damage::OtherEntry(_)
        | Damage::WrongTally { .. }
        | Damage::StrayNotice(_)
        | Damage::EarlyNotice { .. }
        | Damage::NoEvent(_)
        | Damage::NoResource(_)
        | Damage::NoUsername
        | Damage::StrayUsername(_)
        | Damage::NoAdministrators
        | Damage::WrongAdministrators { .. }
        | Damage::WrongStanding => {}
    }
}

#[tokio::test]
async fn a_world_in_which_people_booked_moved_cancelled_confirmed_and_lapsed_is_clean() {
    let scene = Scene::school().await;
    let (world, school) = (&scene.world, &scene.place);
    let slots = world.slots(school).await;
    let slot = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let ada = world.visitor("Ada");
    let moved = ada.books(school, slot(4)).await;
    assert_eq!(ada.move_to(&moved, slot(6)).await.status, 200);
    assert_eq!(ada.move_to(&moved, slot(8)).await.status, 200);
    assert_eq!(ada.book(school, slot(7)).await.status, 409, "something is in the way");
    let bert = world.visitor("Bert");
    let cancelled = bert.books(school, slot(4)).await;
    assert_eq!(bert.cancel(&cancelled).await.status, 200);
    bert.books(school, slot(4)).await;

    let clinic = world.clinic().await;
    let slots = world.slots(&clinic).await;
    let slot = |nth: usize| slots[nth]["id"].as_str().unwrap();
    let cleo = world.visitor("Cleo");
    assert_eq!(cleo.book(&clinic, slot(0)).await.status, 202);
    let link = cleo.mailed_link("/confirm/").await;
    assert_eq!(world.post(&world.url(&link), &json!({})).await.status, 200);
    assert_eq!(world.visitor("Dora").book(&clinic, slot(2)).await.status, 202);
    scene.is_clean().await;

    world.advance("PT16M").await;
    scene.is_clean().await;
    // Who wants the seat of a lapsed hold frees it.
    assert_eq!(world.visitor("Egon").book(&clinic, slot(2)).await.status, 202);
    let report = scene.is_clean().await;
    for (kind, least) in [("organizations", 2), ("slots", 30), ("bookings", 6), ("notices", 8)] {
        assert!(report.checked[kind] >= least, "{kind}: {report}");
    }
}

#[tokio::test]
async fn an_appointment_over_midnight_in_utc_is_clean_and_stands_in_both_agendas() {
    let plan = Plan { minutes: 90, ..Plan::school() };
    let scene = Scene::of(Plan {
        from: jiff::civil::time(18, 0, 0, 0),
        to: jiff::civil::time(19, 30, 0, 0),
        ..plan
    })
    .await;
    let report = scene.is_clean().await;
    assert_eq!(report.checked["agendas"], 2, "{report}");
    let later = scene.find(Where::Schedule, "agenda#2026-12-04").await;
    scene.edit_tally(-1).await;
    scene.change(Where::Schedule, &later, |item| edit_entries(item, Vec::clear)).await;
    // The agenda of the first day still has it, so the tally of one was right.
    scene.edit_tally(1).await;
    scene.finds("not_in_agenda").await;
}

#[tokio::test]
async fn a_check_while_people_book_finds_nothing_that_is_only_half_seen() {
    let plan = Plan { capacity: 3, resources: 4, ..Plan::school() };
    let scene = Scene::of(plan).await;
    let slots = scene.world.slots(&scene.place).await;
    let busy = async {
        let people = (0..8).map(async |number: usize| {
            let visitor = scene.world.visitor(&format!("Visitor {number}"));
            for round in 0..5 {
                let slot = |step: usize| {
                    let nth = (number * 5 + round * 7 + step * 3) % slots.len();
                    slots[nth]["id"].as_str().unwrap()
                };
                let booked = visitor.book(&scene.place, slot(0)).await;
                if booked.status != 201 {
                    continue;
                }
                let url = booked.json()["manage_url"].as_str().unwrap().to_owned();
                visitor.move_to(&url, slot(1)).await;
                if round % 2 == 0 {
                    visitor.cancel(&url).await;
                }
            }
        });
        futures::future::join_all(people).await;
    };
    let done = std::cell::Cell::new(false);
    let checking = async {
        let mut reports = Vec::new();
        while !done.get() {
            reports.push(fsck::run_to_end(scene.world.service()).await.unwrap());
        }
        reports
    };
    let booking = async {
        busy.await;
        done.set(true);
    };
    let ((), reports) = tokio::join!(booking, checking);
    for report in reports {
        assert!(report.is_clean(), "{report}");
    }
    scene.is_clean().await;
}

#[tokio::test]
async fn a_check_goes_on_from_written_positions_and_finds_the_same() {
    let scene = Scene::school().await;
    let free = scene.free_slot().await;
    scene.set(Where::Schedule, &free, "taken", number(1)).await;
    scene.delete(Where::Schedule, &scene.find(Where::Schedule, "tally#").await).await;
    let whole = fsck::run_to_end(scene.world.service()).await.unwrap();

    let options = Options { segments: 2, slots_at_once: 5, quiet: false };
    let mut report = Report::default();
    let mut position = Checker::new(scene.world.service(), options).begin().to_text();
    loop {
        assert!(position.len() < 32 * 1024, "{} bytes", position.len());
        let checker = Checker::new(scene.world.service(), Options::default());
        let here = Position::parse(&position).unwrap();
        match report.add(checker.step(here).await.unwrap()) {
            Some(next) => position = next.to_text(),
            None => break,
        }
    }
    assert_eq!(report.checked, whole.checked);
    let words = |report: &Report| {
        let mut words: Vec<_> = report.findings.iter().map(|found| found.damage.word()).collect();
        words.sort_unstable();
        words
    };
    assert_eq!(words(&report), ["miscounted", "no_tally"]);
    assert_eq!(words(&whole), words(&report));
}
