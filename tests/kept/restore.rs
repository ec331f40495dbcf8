//! A night's backups brought back in a new folder: what was there then is there
//! again, what was deleted since is not, and everything fits together.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kept::restore::{RestoreError, restore};
use kept::{Options, Storage, Wakes};
use shared::audit;
use shared::audit::{About, Action, Actor, Record};
use shared::backup::{Name, forgotten, store};
use shared::deletion::{self, Whom, Wish};
use shared::dynamo::{Item, Write};
use shared::fsck;
use shared::ids::{DeletionId, MemberId, OrganizationId, RunId};
use shared::ledger::{self, Entry, Fate, Forgotten};
use shared::personal::{EmailAddress, Note};
use shared::restore::course::{self, Stage};
use shared::retention::forget;
use shared::retention::hold::{self, Hold, On};
use shared::settings::Table;

use crate::world::World;

async fn open(folder: &Path) -> World {
    World::with(Options { data: Storage::Folder(folder.to_owned()), ..Options::default() }).await
}

/// Takes a backup of every table that is to be kept.
async fn back_up(world: &World, day: jiff::civil::Date) {
    assert!(world.cloud.settle().await);
    for table in Table::BACKED_UP {
        let name = Name { day, run: RunId::from_bytes([7; 16]), table };
        store::ask(world.service(), name).await.unwrap();
    }
    assert!(world.cloud.settle().await);
}

#[tokio::test]
async fn a_night_comes_back_without_what_was_deleted_since() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    let organization = school.organization.id;
    let (ada, bert, cleo) = (world.visitor("Ada"), world.visitor("Bert"), world.visitor("Cleo"));
    let adas = ada.books(&school, &world.slot(&school, 0).await).await;
    let berts = bert.books(&school, &world.slot(&school, 2).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;

    // Afterwards Ada cancels, Cleo books, and Bert's data is deleted.
    world.advance("PT1H").await;
    assert_eq!(ada.cancel(&adas).await.status, 200);
    let cleos = cleo.books(&school, &world.slot(&school, 4).await).await;
    let keys = world.keys(organization).await;
    let person = keys.person(&EmailAddress::parse(&bert.email).unwrap());
    let now = world.now();
    let entry = Entry {
        id: DeletionId::fresh(now, &*world.service().chance).unwrap(),
        organization,
        what: Forgotten::Person(person, Fate::Removed),
        at: now,
        ended: None,
        certificate: None,
    };
    ledger::put(world.service(), &entry).await.unwrap();
    let secret = berts.rsplit('/').next().unwrap();
    let booking = shared::vault::OrganizationKeys::named_by_link(secret).unwrap();
    let service = world.service();
    assert!(forget::booking(service, organization, booking, Fate::Removed, now).await.unwrap());
    assert!(world.cloud.settle().await);
    let path = |url: &str| url.strip_prefix(world.cloud.address()).unwrap().to_owned();
    let (adas, berts, cleos) = (path(&adas), path(&berts), path(&cleos));
    world.cloud.stop().await;

    let other = jiff::civil::date(2026, 11, 29);
    let refused = restore(old.path(), other, &new, None, &mut |_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("there are of: 2026-11-30"), "{refused}");
    let restored = restore(old.path(), night, &new, None, &mut |_| {}).await.unwrap();
    let said = restored.to_string();
    assert!(restored.compared.is_faithful(), "{said}");
    assert_eq!(restored.compared.changed["booking"], 1, "Ada's: {said}");
    assert_eq!(restored.compared.explained["booking"], 1, "Bert's: {said}");
    assert_eq!(restored.compared.new["booking"], 1, "Cleo's: {said}");
    assert_eq!(restored.removed["booking"], 1, "{said}");
    assert!(restored.repaired.is_clean() && restored.repaired.deeds.is_empty(), "{said}");
    let again = restore(old.path(), night, &new, None, &mut |_| {}).await.unwrap_err();
    assert!(matches!(again, RestoreError::NotNew(_)), "{again}");

    let world = open(&new).await;
    assert!(world.cloud.settle().await);
    let answer = world.get(&adas).await;
    assert_eq!(answer.json()["state"], "booked", "{}", answer.text);
    assert_eq!(world.get(&berts).await.status, 404);
    assert_eq!(world.get(&cleos).await.status, 404);
    let report = fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let key = world.cloud.audit_key().unwrap();
    let trail = audit::verify::verify(world.service(), &key, None).await.unwrap();
    assert!(trail.is_clean(), "{trail}");
    world.cloud.stop().await;

    // The old folder is as it was.
    let world = open(old.path()).await;
    assert_eq!(world.get(&cleos).await.status, 200);
    world.cloud.stop().await;
}

/// All items of a table of this name, by key.
async fn all(world: &World, name: &str) -> BTreeMap<(String, String), Item> {
    let mut found = BTreeMap::new();
    let mut from = None;
    loop {
        let scan = world.cloud.dynamo().scan().table_name(name).set_exclusive_start_key(from);
        let answer = scan.send().await.unwrap();
        for item in answer.items.unwrap_or_default() {
            let text = |name: &str| item[name].as_s().unwrap().clone();
            found.insert((text("pk"), text("sk")), item);
        }
        from = answer.last_evaluated_key;
        if from.is_none() {
            return found;
        }
    }
}

/// A school in which Ada and Bert had booked in the night, and Bert's data was
/// deleted afterwards.
async fn deleted_since(world: &World) -> jiff::civil::Date {
    let school = world.school().await;
    let organization = school.organization.id;
    let (ada, bert) = (world.visitor("Ada"), world.visitor("Bert"));
    ada.books(&school, &world.slot(&school, 0).await).await;
    bert.books(&school, &world.slot(&school, 2).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(world, night).await;
    world.advance("PT1H").await;
    let keys = world.keys(organization).await;
    let person = keys.person(&EmailAddress::parse(&bert.email).unwrap());
    let by = Record::of(Actor::Participant(person), Action::DeletionAsked, About::Organization);
    let (keys, whom, more) = (&keys, Whom::Person(person), Vec::new());
    let wish = Wish { organization, keys, whom, by, more };
    deletion::ask(world.service(), &wish, world.now()).await.unwrap();
    night
}

#[tokio::test]
async fn a_night_comes_back_beside_the_tables_that_people_work_with_and_leaves_them_as_they_are() {
    let world = World::with(Options { wakes: Wakes::Nobody, ..Options::default() }).await;
    let night = deleted_since(&world).await;
    let service = world.service();
    let tables = &service.settings.tables;
    let mut before = BTreeMap::new();
    for table in Table::ALL {
        before.insert(table.word(), all(&world, tables.name(table)).await);
    }
    let (quick, key) = (Duration::from_millis(10), world.cloud.audit_key().unwrap());
    let mut stages = Vec::new();
    let mut tell = |stage| stages.push(stage);
    let done = course::beside(service, &key, night, "-restored", quick, &mut tell).await;
    let (restored, names) = done.unwrap();
    let whole = [Stage::Restoring, Stage::Comparing, Stage::Reapplying, Stage::Repairing];
    assert_eq!(stages, whole);
    assert!(restored.is_clean() && restored.removed["booking"] == 1, "{restored}");
    for table in Table::ALL {
        let now = all(&world, tables.name(table)).await;
        assert!(now == before[table.word()], "{} is not as it was", table.word());
    }
    for (table, name) in &names {
        assert_eq!(*name, format!("{}-restored", tables.name(*table)));
        let live = forgotten::of(service, tables.name(*table)).await.unwrap();
        assert_eq!(forgotten::of(service, name).await.unwrap(), live, "{name}");
        let described = world.cloud.dynamo().describe_table().table_name(name).send().await;
        let protected = described.unwrap().table.unwrap().deletion_protection_enabled;
        assert_eq!(protected, Some(true), "{name}");
    }
    let bookings = async |name: &str| {
        let items = all(&world, name).await;
        items.keys().filter(|(_, sk)| sk == "booking").count()
    };
    assert_eq!(bookings(&names[&Table::Schedule]).await, 1, "Bert's does not come back");
    assert_eq!(bookings(tables.name(Table::Schedule)).await, 2, "nobody has deleted it yet");

    // Nobody had sealed the trail when the backup was taken, and nobody else will.
    let tables = names
        .iter()
        .fold(tables.clone(), |tables, (table, name)| tables.with(*table, name.clone()));
    let beside = service.over(tables);
    assert!(restored.sealed > 0, "{restored}");
    let trail = audit::verify::verify(&beside, &key, None).await.unwrap();
    assert!(trail.is_clean() && trail.records >= restored.sealed, "{trail}");

    // Another night's tables are not taken for this one's, nor is any name.
    let mut tell = |_| {};
    let other = jiff::civil::date(2026, 12, 1);
    back_up(&world, other).await;
    let taken =
        course::beside(service, &key, other, "-restored", quick, &mut tell).await.unwrap_err();
    assert!(taken.to_string().contains("choose another ending"), "{taken}");
    for unfit in ["", "-a/b", "-r\u{e9}", &"-".repeat(41)] {
        let refused =
            course::beside(service, &key, night, unfit, quick, &mut tell).await.unwrap_err();
        assert!(matches!(refused, course::RestoreError::Unfit(_)), "{refused}");
    }
    let never = jiff::civil::date(2026, 1, 1);
    let refused =
        course::beside(service, &key, never, "-never", quick, &mut tell).await.unwrap_err();
    assert!(refused.to_string().contains("there are of: 2026-11-30, 2026-12-01"), "{refused}");
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_restore_beside_that_dies_at_any_request_goes_on_when_it_is_called_again() {
    let options = Options { wakes: Wakes::Nobody, faults: Some(3), ..Options::default() };
    let world = World::with(options).await;
    world.cloud.faults().inject(false);
    let night = deleted_since(&world).await;
    let (service, quick) = (world.service(), Duration::from_millis(5));
    let key = world.cloud.audit_key().unwrap();
    let kept = [Table::Schedule, Table::Identity, Table::Mail];
    let end = async |names: &BTreeMap<Table, String>| {
        let mut found = BTreeMap::new();
        for table in kept {
            found.insert(table.word(), all(&world, &names[&table]).await);
        }
        found
    };
    let mut tell = |_| {};
    let done = course::beside(service, &key, night, "-whole", quick, &mut tell).await;
    let reference = end(&done.unwrap().1).await;
    let mut deaths = 0;
    // Every seventh: no stage has so few.
    for requests in (0..).step_by(7) {
        let ending = format!("-{requests}");
        world.cloud.faults().dies_after(Some(requests));
        let died = course::beside(service, &key, night, &ending, quick, &mut tell).await;
        world.cloud.faults().dies_after(None);
        if died.is_ok() {
            break;
        }
        deaths += 1;
        let done = course::beside(service, &key, night, &ending, quick, &mut tell).await.unwrap();
        assert!(end(&done.1).await == reference, "killed after {requests} requests");
        assert!(done.0.repaired.is_clean(), "{}", done.0);
    }
    assert!((10..200).contains(&deaths), "killed at {deaths} places");
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_backup_that_is_not_what_was_there_is_noticed() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    world.visitor("Ada").books(&school, &world.slot(&school, 0).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;
    // Somebody alters what was backed up, and leaves its version as it was.
    let dynamo = world.cloud.dynamo();
    let table = &world.service().settings.tables.schedule;
    let items = dynamo.scan().table_name(table).send().await.unwrap().items.unwrap();
    let mut booking =
        items.into_iter().find(|item| item["sk"].as_s().unwrap() == "booking").unwrap();
    booking.insert("made".into(), aws_sdk_dynamodb::types::AttributeValue::N("1".into()));
    dynamo.put_item().table_name(table).set_item(Some(booking)).send().await.unwrap();
    world.cloud.stop().await;
    let restored = restore(old.path(), night, &new, None, &mut |_| {}).await.unwrap();
    assert_eq!(restored.compared.unlike, 1, "{restored}");
    assert!(restored.to_string().contains("unlike: Schedule"), "{restored}");
}

impl World {
    /// Writes an entry of the ledger, as of now.
    async fn forgets(&self, organization: OrganizationId, what: Forgotten, over: bool) {
        let now = self.now();
        let at = jiff::Timestamp::from_second(now.as_second()).unwrap();
        let entry = Entry {
            id: DeletionId::fresh(now, &*self.service().chance).unwrap(),
            organization,
            what,
            at,
            ended: over.then_some(at),
            certificate: None,
        };
        ledger::put(self.service(), &entry).await.unwrap();
    }

    /// Places a hold, as of now.
    async fn holds(&self, organization: OrganizationId, on: On) {
        let (service, keys) = (self.service(), self.keys(organization).await);
        let by = MemberId::from_bytes([5; 16]);
        let hold = Hold { on, reason: Note::parse("A dispute").unwrap(), by, since: self.now() };
        let write = hold::placing(service, organization, &keys, &hold).unwrap();
        assert!(Write::commit_all(&[write], &service.dynamo, &*service.chance).await.unwrap());
    }

    /// What is held.
    async fn held(&self, organization: OrganizationId, on: On) -> bool {
        hold::standing(self.service(), organization).await.unwrap().on(on)
    }
}

#[tokio::test]
async fn a_restore_deletes_a_dependent_again_and_frees_what_was_to_come_when_it_was_asked_for() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    let organization = school.organization.id;
    let maya =
        world.dependent(&school.organization, "Maya", "MS-1042", "2017-04-09").await.unwrap();
    let ada = world.guardian(&school.organization, "Ada").await;
    let attached = ada.attaches("MS-1042", "2017-04-09").await;
    ada.books(&school, &world.slot(&school, 0).await, Some(&attached)).await;
    let own = ada.books(&school, &world.slot(&school, 8).await, None).await;
    let bert = world.visitor("Bert");
    bert.books(&school, &world.slot(&school, 4).await).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;

    // Maya's data is deleted; and Bert's, where the organization keeps the times.
    world.advance("PT1H").await;
    let keys = world.keys(organization).await;
    let by = Record::of(Actor::Service, Action::DeletionAsked, About::Organization);
    let whom = Whom::Dependent(maya.id);
    let wish = Wish { organization, keys: &keys, whom, by, more: Vec::new() };
    deletion::ask(world.service(), &wish, world.now()).await.unwrap();
    let person = keys.person(&EmailAddress::parse(&bert.email).unwrap());
    world.forgets(organization, Forgotten::Person(person, Fate::Seats), false).await;
    // Its identifier is somebody else's by now, and a hold came too late.
    let noor = world.dependent(&school.organization, "Noor", "MS-1042", "2019-01-01").await;
    assert!(noor.is_some());
    world.holds(organization, On::Person(person)).await;
    assert!(world.cloud.settle().await);
    let own = own.strip_prefix(world.cloud.address()).unwrap().to_owned();
    world.cloud.stop().await;

    let restored = restore(old.path(), night, &new, None, &mut |_| {}).await.unwrap();
    let said = restored.to_string();
    assert!(restored.compared.is_faithful(), "{said}");
    assert_eq!(restored.removed["booking"], 2, "Maya's and Bert's: {said}");
    assert!(said.contains("1 identifier") && !said.contains("1 bookings"), "{said}");
    assert!(restored.repaired.is_clean(), "{said}");

    let world = open(&new).await;
    assert!(world.cloud.settle().await);
    assert_eq!(world.kept(Table::Schedule, "seat").await, [], "a seat that was to come is free");
    assert_eq!((world.bookings().await.len(), world.seats_taken().await), (1, 1));
    assert_eq!(world.get(&own).await.json()["state"], "booked");
    let id = maya.id.to_string();
    for table in [Table::Schedule, Table::Session, Table::Mail] {
        for (key, item) in world.everything(table).await {
            let slot = key.sk.starts_with("slot#");
            assert!(slot || !format!("{key} {item:?}").contains(&id), "{key}");
        }
    }
    let ada = world.guardian(&school.organization, "Ada").await;
    ada.attach("MS-1042", "2017-04-09").await.refused(400, "invalid");
    world.checked().await;
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_night_of_the_ledger_goes_around_what_was_held_and_the_holds_of_today_are_there_again() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = new.path().join("restored");
    let world = open(old.path()).await;
    let school = world.school().await;
    let organization = school.organization.id;
    let keys = world.keys(organization).await;
    let mut people = Vec::new();
    let mut paths = Vec::new();
    for (nth, name) in ["Ada", "Bert", "Cleo", "Dora"].into_iter().enumerate() {
        let visitor = world.visitor(name);
        let url = visitor.books(&school, &world.slot(&school, nth * 4).await).await;
        people.push(On::Person(keys.person(&EmailAddress::parse(&visitor.email).unwrap())));
        paths.push(url.strip_prefix(world.cloud.address()).unwrap().to_owned());
    }
    let [ada, bert, cleo, _] = people.as_slice() else { panic!("four people") };
    // Ada was held when the backup was taken; her hold was lifted since.
    world.holds(organization, *ada).await;
    let night = jiff::civil::date(2026, 11, 30);
    back_up(&world, night).await;
    world.advance("PT1H").await;
    let service = world.service();
    let lift = hold::lifting(service, organization, *ada).unwrap();
    assert!(Write::commit_all(&[lift], &service.dynamo, &*service.chance).await.unwrap());
    // Bert is held when a night goes over everything, Cleo only afterwards.
    world.holds(organization, *bert).await;
    let all = world.now() + jiff::SignedDuration::from_hours(24 * 30);
    world.forgets(organization, Forgotten::Bookings(all, Fate::Removed), true).await;
    world.advance("PT1H").await;
    world.holds(organization, *cleo).await;
    assert!(world.cloud.settle().await);
    world.cloud.stop().await;

    let restored = restore(old.path(), night, &new, None, &mut |_| {}).await.unwrap();
    assert_eq!(restored.removed["booking"], 2, "Cleo's and Dora's: {restored}");
    let world = open(&new).await;
    assert!(world.cloud.settle().await);
    for (path, status) in paths.iter().zip([200, 200, 404, 404]) {
        assert_eq!(world.get(path).await.status, status, "{path}");
    }
    for on in [ada, bert, cleo] {
        assert!(world.held(organization, *on).await, "{on:?}");
    }
    world.checked().await;
    world.cloud.stop().await;
}
