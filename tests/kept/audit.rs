//! The audit trail: whoever changes, removes, adds or moves a record is found
//! out, and nothing else is.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use kept::Options;
use serde_json::{Value, json};
use shared::audit::checkpoint::{self, AuditKey};
use shared::audit::leaf::{Fate, Leaf, digest_of};
use shared::audit::verify::{Fault, Report, in_shares, verify};
use shared::audit::{self, About, Action, Actor, Factor, More, Outcome, Record, Word, read};
use shared::dynamo::{Item, Key, Transaction, keys};
use shared::ids::{MemberId, OrganizationId, PersonId, RecordId};

use crate::crash::Program;
use crate::world::{Place, World};

/// A school with a trail, and hands that reach behind the domain.
struct Trail {
    world: World,
    place: Place,
}

fn sign_in(number: u8) -> Record {
    let mut record = Record::of(Actor::Nobody([number; 16]), Action::SignIn, About::Organization)
        .with(Outcome::Wrong)
        .from_network(Some([7; 16]));
    record.more.factor = Some(Factor::Password);
    record
}

impl Trail {
    async fn start() -> Self {
        let world = World::start().await;
        let place = world.school().await;
        Self { world, place }
    }

    /// With three checkpoints over three records each.
    async fn sealed() -> Self {
        let trail = Self::start().await;
        for round in 0..3 {
            for number in 0..3 {
                trail.write(&sign_in(round * 3 + number)).await;
            }
            assert!(trail.world.cloud.settle().await);
        }
        assert_eq!(trail.checkpoints().await.len(), 3);
        trail.is_clean().await;
        trail
    }

    fn organization(&self) -> OrganizationId {
        self.place.organization.id
    }

    fn key(&self) -> AuditKey {
        self.world.cloud.audit_key().unwrap()
    }

    async fn write(&self, record: &Record) {
        let now = self.world.now();
        audit::write(self.world.service(), self.organization(), record, now).await.unwrap();
    }

    async fn report(&self) -> Report {
        let report = verify(self.world.service(), &self.key(), None).await.unwrap();
        // However few leaves are in memory at a time, the same is found.
        let shared = in_shares(self.world.service(), &self.key(), None, 2).await.unwrap();
        let mut words = [&report, &shared]
            .map(|report| report.faults.iter().map(ToString::to_string).collect::<Vec<_>>());
        words.iter_mut().for_each(|words| words.sort());
        assert_eq!(words[0], words[1]);
        assert_eq!(report.records, shared.records);
        report
    }

    async fn is_clean(&self) -> Report {
        let report = self.report().await;
        assert!(report.is_clean(), "{report}");
        report
    }

    /// Exactly one fault.
    async fn finds(&self, word: &str) -> Fault {
        let report = self.report().await;
        let [fault] = report.faults.as_slice() else {
            panic!("{word} was planted, and not just that found:\n{report}");
        };
        assert_eq!(fault.word(), word, "{report}");
        fault.clone()
    }

    fn table(&self) -> &str {
        &self.world.service().settings.tables.audit
    }

    /// Every item of the table, in the order of keys.
    async fn all(&self) -> Vec<(Key, Item)> {
        let mut found = Vec::new();
        let mut pages = self.world.cloud.dynamo().scan().table_name(self.table());
        loop {
            let page = pages.clone().send().await.unwrap();
            found.extend(page.items.unwrap().into_iter().map(|it| (Key::of(&it).unwrap(), it)));
            match page.last_evaluated_key {
                Some(next) => pages = pages.set_exclusive_start_key(Some(next)),
                None => break,
            }
        }
        found.sort_by(|one, other| (&one.0.pk, &one.0.sk).cmp(&(&other.0.pk, &other.0.sk)));
        found
    }

    async fn records(&self) -> Vec<(Key, Item)> {
        let mut found = self.all().await;
        found.retain(|(key, _)| RecordId::parse(&key.sk).is_some());
        found
    }

    async fn checkpoints(&self) -> Vec<(Key, Item)> {
        let mut found = self.all().await;
        found.retain(|(key, _)| key.pk.ends_with("#checkpoints"));
        found
    }

    async fn parts(&self, number: u64) -> Vec<(Key, Item)> {
        let pk = keys::checkpoint_parts(self.organization(), number);
        let mut found = self.all().await;
        found.retain(|(key, _)| key.pk == pk);
        assert!(!found.is_empty());
        found
    }

    async fn put(&self, item: Item) {
        let put = self.world.cloud.dynamo().put_item().table_name(self.table());
        put.set_item(Some(item)).send().await.unwrap();
    }

    async fn delete(&self, key: &Key) {
        let delete = self.world.cloud.dynamo().delete_item().table_name(self.table());
        delete.set_key(Some(key.to_item())).send().await.unwrap();
    }

    async fn set(&self, item: &Item, name: &str, value: AttributeValue) {
        let mut changed = item.clone();
        changed.insert(name.to_owned(), value);
        self.put(changed).await;
    }

    async fn settle(&self) {
        assert!(self.world.cloud.settle().await);
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn what_happens_is_recorded_sealed_and_verified() {
    let trail = Trail::start().await;
    let ada = trail.world.visitor("Ada");
    let manage = ada.books(&trail.place, &trail.world.slot(&trail.place, 0).await).await;
    assert_eq!(ada.cancel(&manage).await.status, 200);
    trail.write(&sign_in(1)).await;
    let report = trail.is_clean().await;
    assert_eq!((report.records, report.not_yet_sealed, report.checkpoints), (0, 3, 0));
    trail.settle().await;
    let report = trail.is_clean().await;
    assert_eq!((report.records, report.not_yet_sealed), (3, 0));
    assert!(report.checkpoints >= 1);
    // One organization by itself is verified alike.
    let only = Some(trail.organization());
    let report = verify(trail.world.service(), &trail.key(), only).await.unwrap();
    assert!(report.is_clean() && report.records == 3, "{report}");
}

#[tokio::test]
async fn a_changed_record_is_named_whether_or_not_the_sealer_saw_it() {
    let trail = Trail::sealed().await;
    let (key, item) = trail.records().await[4].clone();
    trail.set(&item, "result", text("right")).await;
    let is_named = |fault| matches!(fault, Fault::Changed { record, .. } if record == key);
    assert!(is_named(trail.finds("changed").await));
    trail.settle().await;
    assert!(is_named(trail.finds("changed").await));
    // Put back as it was, it still was changed once.
    trail.put(item).await;
    trail.settle().await;
    let fault = trail.finds("restored").await;
    assert!(matches!(fault, Fault::Restored { record, checkpoint: 4 } if record == key));
}

#[tokio::test]
async fn a_removed_record_is_named_whether_or_not_the_sealer_saw_it() {
    let trail = Trail::sealed().await;
    let (key, _) = trail.records().await[2].clone();
    trail.delete(&key).await;
    let is_named = |fault| matches!(fault, Fault::Missing { record, .. } if record == key);
    assert!(is_named(trail.finds("missing").await));
    trail.settle().await;
    assert!(is_named(trail.finds("missing").await));
}

#[tokio::test]
async fn an_added_record_is_named_whether_or_not_the_sealer_saw_it() {
    let trail = Trail::sealed().await;
    let (_, mut item) = trail.records().await[0].clone();
    let then = trail.world.now() - SignedDuration::from_hours(1);
    let id = RecordId::fresh(then, &*trail.world.service().chance).unwrap();
    let key = Key::audit(trail.organization(), audit::day_of(then), id);
    item.extend(key.to_item());
    trail.put(item).await;
    let is_named = |fault| matches!(fault, Fault::Added { record } if record == key);
    assert!(is_named(trail.finds("added").await));
    // The sealer takes it in, and notes that it came late.
    trail.settle().await;
    assert!(is_named(trail.finds("added").await));
}

#[tokio::test]
async fn a_record_moved_to_another_day_is_named_with_both_places() {
    let trail = Trail::sealed().await;
    let (key, mut item) = trail.records().await[5].clone();
    let other = Key { pk: key.pk.replace("2026-11-30", "2026-11-29"), sk: key.sk.clone() };
    item.extend(other.to_item());
    trail.delete(&key).await;
    trail.put(item).await;
    let is_named = |fault| matches!(fault, Fault::Moved { from: Some(from), to } if from == key && to == other);
    assert!(is_named(trail.finds("moved").await));
    trail.settle().await;
    assert!(is_named(trail.finds("moved").await));
}

#[tokio::test]
async fn a_checkpoint_removed_from_the_middle_or_the_end_is_named() {
    for number in [2, 3] {
        let trail = Trail::sealed().await;
        trail.delete(&Key::checkpoint(trail.organization(), number)).await;
        let fault = trail.finds("checkpoints_missing").await;
        let Fault::CheckpointsMissing { from, to, .. } = fault else { unreachable!() };
        assert_eq!((from, to), (number, number));
    }
}

#[tokio::test]
async fn the_sealer_goes_on_behind_a_checkpoint_that_was_removed() {
    let trail = Trail::sealed().await;
    trail.delete(&Key::checkpoint(trail.organization(), 3)).await;
    trail.settle().await;
    assert_eq!(trail.checkpoints().await[2].0.sk, "000000000004");
    let words: Vec<_> = trail.report().await.faults.iter().map(Fault::word).collect();
    assert_eq!(words, ["checkpoints_missing", "touched"]);
}

#[tokio::test]
async fn the_sealer_goes_on_behind_any_number_of_removed_checkpoints_and_past_planted_ones() {
    let trail = Trail::sealed().await;
    for number in 0..6 {
        trail.write(&sign_in(100 + number)).await;
        trail.settle().await;
    }
    let checkpoints = trail.checkpoints().await;
    assert_eq!(checkpoints.len(), 9);
    let (_, third) = checkpoints[2].clone();
    for number in 4..=9 {
        trail.delete(&Key::checkpoint(trail.organization(), number)).await;
    }
    for sk in ["999999999999", "000000000020", "no number", "+00000000001"] {
        trail.set(&third, "sk", text(sk)).await;
    }
    trail.write(&sign_in(200)).await;
    trail.settle().await;
    let tenth = trail.checkpoints().await.into_iter().find(|(key, _)| key.sk == "000000000010");
    let (_, tenth) = tenth.expect("the sealer has gone on");
    assert_eq!(tenth["previous"].as_b().unwrap().as_ref(), digest_of(&third));
    let report = trail.report().await;
    let count = |word| report.faults.iter().filter(|fault| fault.word() == word).count();
    let missing = report.faults.iter().filter_map(|fault| match fault {
        Fault::CheckpointsMissing { from, to, .. } => Some((*from, *to)),
        _ => None,
    });
    assert_eq!(missing.collect::<Vec<_>>(), [(4, 9), (11, 19)], "{report}");
    // Those that were removed, and what is no checkpoint.
    assert_eq!((count("touched"), count("stray")), (6, 3), "{report}");
    assert_eq!((count("added"), count("missing")), (0, 0), "every record is sealed: {report}");
}

#[tokio::test]
async fn what_somebody_planted_as_sealed_is_sealed_all_the_same() {
    let trail = Trail::start().await;
    trail.write(&sign_in(1)).await;
    let leaves = trail.records().await.into_iter().map(|(key, item)| Leaf {
        digest: digest_of(&item),
        key,
        fate: Fate::Written,
    });
    let other = trail.world.cloud.kms().create_key();
    let other = other
        .key_spec(aws_sdk_kms::types::KeySpec::Hmac256)
        .key_usage(aws_sdk_kms::types::KeyUsageType::GenerateVerifyMac);
    let other = other.send().await.unwrap().key_metadata.unwrap().key_id;
    let forger = AuditKey::new(trail.world.cloud.kms().clone(), other);
    let (service, organization) = (trail.world.service(), trail.organization());
    checkpoint::seal(service, &forger, organization, leaves.collect()).await.unwrap();
    trail.settle().await;
    assert_eq!(trail.checkpoints().await.len(), 2, "the forged one and the sealer's own");
    let fault = trail.finds("checkpoint_altered").await;
    assert!(matches!(fault, Fault::CheckpointAltered { number: 1, .. }));
}

#[tokio::test]
async fn items_under_long_keys_do_not_make_a_checkpoint_that_nobody_can_write() {
    let trail = Trail::sealed().await;
    let (_, record) = trail.records().await[0].clone();
    let mut planted = Vec::new();
    for number in 0..500 {
        let key = Key { pk: record["pk"].as_s().unwrap().clone(), sk: format!("{number:01000}") };
        trail.set(&record, "sk", text(&key.sk)).await;
        planted.push(key);
    }
    for key in planted {
        trail.delete(&key).await;
    }
    trail.settle().await;
    let last = trail.checkpoints().await.last().unwrap().1.clone();
    let parts = last["parts"].as_l().unwrap().len();
    assert!(parts > 1, "half a megabyte lies in several parts");
    let report = verify(trail.world.service(), &trail.key(), None).await.unwrap();
    let touched = report.faults.iter().filter(|fault| fault.word() == "touched").count();
    assert_eq!((touched, report.faults.len()), (500, 500), "{report}");
}

#[tokio::test]
async fn a_checkpoint_that_claims_any_number_of_leaves_does_not_make_verifying_endless() {
    let trail = Trail::sealed().await;
    let checkpoints = trail.checkpoints().await;
    for (_, checkpoint) in &checkpoints[1..] {
        trail.set(checkpoint, "count", AttributeValue::N(u64::MAX.to_string())).await;
    }
    let words: Vec<_> = trail.report().await.faults.iter().map(Fault::word).collect();
    assert_eq!(words, ["checkpoint_altered"; 2]);
}

#[tokio::test]
async fn a_stretch_of_the_trail_ends_where_it_ends_whatever_record_it_is_read_before() {
    let trail = Trail::start().await;
    trail.write(&sign_in(1)).await;
    let start = trail.world.now() + SignedDuration::from_secs(1);
    trail.world.advance("PT2S").await;
    trail.write(&sign_in(2)).await;
    let end = trail.world.now() + SignedDuration::from_secs(1);
    trail.world.advance("PT2S").await;
    trail.write(&sign_in(3)).await;
    let read = async |before| {
        let (service, organization) = (trail.world.service(), trail.organization());
        let page = read::between(service, organization, start, end, before).await.unwrap();
        page.entries.into_iter().map(|entry| entry.record).collect::<Vec<_>>()
    };
    let within = [sign_in(2)];
    assert_eq!(read(None).await, within);
    assert_eq!(read(Some(RecordId::from_bytes([255; 16]))).await, within);
    assert_eq!(read(Some(RecordId::from_bytes([0; 16]))).await, []);
}

#[tokio::test]
async fn an_end_of_the_trail_cut_off_with_its_parts_leaves_records_that_nothing_seals() {
    let trail = Trail::sealed().await;
    trail.delete(&Key::checkpoint(trail.organization(), 3)).await;
    for (key, _) in trail.parts(3).await {
        trail.delete(&key).await;
    }
    trail.world.cloud.clock().advance(SignedDuration::from_mins(11)).unwrap();
    let words: Vec<_> = trail.report().await.faults.iter().map(Fault::word).collect();
    assert_eq!(words, ["added"; 3]);
    // And the sealer has noted who is gone, in the place of what was cut off.
    trail.settle().await;
    let report = trail.report().await;
    assert!(report.faults.iter().any(|fault| fault.word() == "touched"), "{report}");
}

#[tokio::test]
async fn an_altered_or_missing_part_is_named() {
    let trail = Trail::sealed().await;
    let (key, item) = trail.parts(2).await[0].clone();
    let mut bytes = item["leaves"].as_b().unwrap().as_ref().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    trail.set(&item, "leaves", AttributeValue::B(bytes.into())).await;
    let fault = trail.finds("part_altered").await;
    assert!(matches!(fault, Fault::PartAltered { number: 2, part: 0, .. }));
    trail.delete(&key).await;
    let report = trail.report().await;
    assert_eq!(report.faults[0].word(), "part_missing", "{report}");
}

#[tokio::test]
async fn a_checkpoint_that_was_altered_or_made_without_the_key_is_named() {
    let trail = Trail::sealed().await;
    let (_, second) = trail.checkpoints().await[1].clone();
    trail.set(&second, "count", AttributeValue::N("2".into())).await;
    let report = trail.report().await;
    let is_named = |fault: &Fault| matches!(fault, Fault::CheckpointAltered { number: 2, .. });
    assert!(is_named(&report.faults[0]), "{report}");
    trail.put(second.clone()).await;
    trail.is_clean().await;
    // All of it redone around a record that is gone, but for the MAC.
    let (gone, _) = trail.records().await[0].clone();
    trail.delete(&gone).await;
    for number in 1..=3 {
        trail.delete(&Key::checkpoint(trail.organization(), number)).await;
        for (key, _) in trail.parts(number).await {
            trail.delete(&key).await;
        }
    }
    let leaves = trail.records().await.into_iter().map(|(key, item)| Leaf {
        digest: digest_of(&item),
        key,
        fate: Fate::Written,
    });
    let other = trail.world.cloud.kms().create_key();
    let other = other
        .key_spec(aws_sdk_kms::types::KeySpec::Hmac256)
        .key_usage(aws_sdk_kms::types::KeyUsageType::GenerateVerifyMac);
    let other = other.send().await.unwrap().key_metadata.unwrap().key_id;
    let forger = AuditKey::new(trail.world.cloud.kms().clone(), other);
    let (service, organization) = (trail.world.service(), trail.organization());
    checkpoint::seal(service, &forger, organization, leaves.collect()).await.unwrap();
    let fault = trail.finds("checkpoint_altered").await;
    assert!(matches!(fault, Fault::CheckpointAltered { number: 1, .. }));
}

/// What the stream would hand over for these items.
fn event(items: &[(Key, Item)]) -> Value {
    fn plain(value: &AttributeValue) -> Value {
        match value {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(number) => json!({ "N": number }),
            other => panic!("{other:?} is in no record"),
        }
    }
    let image = |item: &Item| -> Value {
        item.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
    };
    let records: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(place, (key, item))| {
            json!({
                "eventID": place.to_string(), "eventName": "INSERT", "awsRegion": "us-east-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_796_040_000,
                    "Keys": image(&key.to_item()),
                    "NewImage": image(item),
                    "SequenceNumber": place.to_string(),
                    "SizeBytes": 1,
                },
            })
        })
        .collect();
    json!({ "Records": records })
}

#[tokio::test]
async fn redelivered_batches_and_racing_shards_seal_everything_once() {
    let trail = Trail::start().await;
    for number in 0..40 {
        trail.write(&sign_in(number)).await;
    }
    let records = trail.records().await;
    let sealer = sealer::Sealer::new(std::sync::Arc::clone(trail.world.service()), trail.key());
    // Four shards at once, each batch twice, and all of it once more.
    let batches: Vec<Value> = records.chunks(10).map(event).collect();
    let twice = batches.iter().chain(&batches).map(|batch| sealer.handle(batch.clone()));
    for answer in futures::future::join_all(twice).await {
        assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
    }
    let written = trail.all().await.len();
    sealer.handle(event(&records)).await.unwrap();
    assert_eq!(trail.all().await.len(), written, "what is sealed is not sealed again");
    assert_eq!(trail.is_clean().await.records, 40);
    // And the stream itself brings them again.
    trail.settle().await;
    assert_eq!(trail.is_clean().await.records, 40);
    let count: u64 = trail
        .checkpoints()
        .await
        .iter()
        .map(|(_, item)| item["count"].as_n().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(count, 40);
}

#[tokio::test]
async fn a_sealer_that_loses_kms_or_dynamodb_seals_when_they_are_back() {
    let trail = Trail::start().await;
    trail.write(&sign_in(1)).await;
    trail.world.cloud.faults().keys_outage(true);
    let sealer = sealer::Sealer::new(std::sync::Arc::clone(trail.world.service()), trail.key());
    let batch = event(&trail.records().await);
    let answer = sealer.handle(batch.clone()).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([{ "itemIdentifier": "0" }]));
    assert!(trail.checkpoints().await.is_empty());
    trail.world.cloud.faults().keys_outage(false);
    let answer = sealer.handle(batch).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(trail.is_clean().await.records, 1);
}

#[tokio::test]
async fn thousands_of_records_a_minute_share_no_item_and_so_never_conflict() {
    let trail = Trail::start().await;
    let (service, organization) = (trail.world.service(), trail.organization());
    let now = trail.world.now();
    let writes = futures::stream::iter(0..4_000_u16).map(|number| async move {
        let record = sign_in(u8::try_from(number % 200).unwrap());
        if number % 2 == 0 {
            audit::write(service, organization, &record, now).await.unwrap();
        } else {
            // As a booking's transaction has it: a conflict or a failed
            // condition would be another answer.
            let mut transaction = Transaction::default();
            transaction.push(audit::record(service, organization, &record, now).unwrap());
            let outcome = transaction.commit(&service.dynamo).await.unwrap();
            assert_eq!(outcome, shared::dynamo::Commit::Committed);
        }
    });
    writes.buffer_unordered(64).collect::<Vec<()>>().await;
    trail.settle().await;
    let records = trail.records().await;
    assert_eq!(records.len(), 4_000, "each has a key of its own");
    for pk in keys::audit_day(organization, audit::day_of(now)) {
        let share = records.iter().filter(|(key, _)| key.pk == pk).count();
        assert!((800..1_200).contains(&share), "{pk} has {share}: they are spread");
    }
    let report = verify(service, &trail.key(), None).await.unwrap();
    assert!(report.is_clean() && report.records == 4_000, "{report}");
}

#[tokio::test]
async fn records_whose_time_is_over_may_be_gone_but_only_as_a_checkpoint_says() {
    let trail = Trail::sealed().await;
    trail.world.cloud.clock().advance(audit::KEPT + SignedDuration::from_hours(1)).unwrap();
    trail.write(&sign_in(99)).await;
    trail.world.cloud.sweep_expired().await.unwrap();
    trail.settle().await;
    let report = trail.is_clean().await;
    assert_eq!((report.expired, report.records), (9, 1));
    // Whoever takes that checkpoint away takes the excuse away with it.
    let last = trail.checkpoints().await.last().unwrap().0.clone();
    trail.delete(&last).await;
    let words: Vec<_> = trail.report().await.faults.iter().map(Fault::word).collect();
    assert_eq!(words.iter().filter(|word| **word == "missing").count(), 9, "{words:?}");
    assert!(words.contains(&"checkpoints_missing"), "{words:?}");
}

#[tokio::test]
async fn a_day_is_read_in_the_order_of_time_page_by_page() {
    let trail = Trail::start().await;
    for number in 0..250 {
        trail.world.cloud.clock().advance(SignedDuration::from_millis(2)).unwrap();
        trail.write(&sign_in(number)).await;
    }
    let (service, day) = (trail.world.service(), audit::day_of(trail.world.now()));
    let (mut from, mut found) = (None, Vec::new());
    loop {
        let page = read::day(service, trail.organization(), day, from).await.unwrap();
        found.extend(page.entries);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let moments: Vec<Timestamp> = found.iter().map(|entry| entry.at).collect();
    assert!(moments.is_sorted());
    let actors: Vec<_> = found.iter().map(|entry| entry.record.actor).collect();
    assert_eq!(actors, (0..250).map(|number| Actor::Nobody([number; 16])).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_saw_a_person_s_data_is_found_by_the_person_and_by_their_events() {
    let trail = Trail::start().await;
    let (service, organization) = (trail.world.service(), trail.organization());
    let ada = trail.world.visitor("Ada");
    ada.books(&trail.place, &trail.world.slot(&trail.place, 0).await).await;
    let keys = service.vault.keys(organization, trail.world.now()).await.unwrap().unwrap();
    let email = shared::personal::EmailAddress::parse(&ada.email).unwrap();
    let (ada, other) = (keys.person(&email), PersonId::from_bytes([9; 16]));
    let member = Actor::Member(MemberId::from_bytes([1; 16]));
    let shown = |about, page: &'static str| {
        let mut record = Record::of(member, Action::DataShown, about);
        record.more = More { page: Some(Word::of(page)), count: Some(1), ..More::default() };
        record
    };
    let pages = [
        shown(About::Person(ada), "person"),
        shown(About::Person(other), "person"),
        shown(About::Event(trail.place.event.id), "list"),
        Record::of(member, Action::MemberChanged, About::Person(ada)),
    ];
    for record in &pages {
        trail.world.cloud.clock().advance(SignedDuration::from_millis(2)).unwrap();
        trail.write(record).await;
    }
    let read = async |person| {
        let page = read::of_person(service, organization, person, None).await.unwrap();
        page.entries.into_iter().map(|entry| entry.record).collect::<Vec<_>>()
    };
    assert_eq!(read(ada).await, [pages[0].clone(), pages[2].clone()]);
    assert_eq!(read(other).await, [pages[1].clone()]);
}

fn verify_folder(folder: &std::path::Path, more: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kept"))
        .arg("--data")
        .arg(folder)
        .args(["audit", "verify"])
        .args(more)
        .output()
        .expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn a_killed_service_seals_afterwards_and_the_program_verifies_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let client = reqwest::Client::new();
    let event = format!("{}/maple-street-school/fall-conferences", program.address);
    let slots: Value =
        client.get(format!("{event}/slots")).send().await.unwrap().json().await.unwrap();
    let sent = client
        .post(format!("{event}/bookings"))
        .header("idempotency-key", crate::world::fresh_key())
        .json(&json!({ "slot": slots["slots"][0]["id"], "name": "A", "email": "a@example.org" }));
    assert_eq!(sent.send().await.unwrap().status(), 201);
    // Within the minute in which records are gathered.
    program.kill();
    let (clean, said) = verify_folder(folder.path(), &[]);
    assert!(clean && said.contains("Nothing was changed"), "{said}");
    assert!(!said.contains("too young to be sealed"), "{said}");
    let (clean, said) = verify_folder(folder.path(), &["--organization", "nobody"]);
    assert!(!clean && said.contains("no organization nobody"), "{said}");

    let data = kept::Storage::Folder(folder.path().to_owned());
    let wakes = kept::Wakes::Nobody;
    let options = Options { data, wakes, demonstration: false, ..Options::default() };
    let cloud = kept::LocalCloud::start(options).await.unwrap();
    let table = &cloud.service().settings.tables.audit;
    let items = cloud.dynamo().scan().table_name(table).send().await.unwrap().items.unwrap();
    let key = items.iter().filter_map(Key::of).find(|key| RecordId::parse(&key.sk).is_some());
    let key = key.unwrap();
    let delete = cloud.dynamo().delete_item().table_name(table);
    delete.set_key(Some(key.to_item())).send().await.unwrap();
    cloud.stop().await;
    let (clean, said) = verify_folder(folder.path(), &[]);
    assert!(!clean && said.contains(&format!("The record {key} is missing")), "{said}");
}
