//! Passwords, attempts and second factors as they are kept.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kept::Options;
use shared::dynamo::{self, Commit, Key, Transaction, Write};
use shared::identity::Subject;
use shared::identity::factor::{
    self, Codes, PasskeyError, Refused, Secret, passkey, store as factors,
};
use shared::identity::lockout::{Admission, Attempt, Bucket, Device, Limits, admit, clear};
use shared::identity::password::{self, Hasher, Parameters, Password, Verified};
use shared::identity::session::Token;
use shared::ids::{MemberId, OrganizationId};
use shared::personal::Label;
use shared::service::Service;
use shared::vault::OrganizationKeys;
use std::sync::Arc;

use crate::authenticator::Authenticator;
use crate::world::{BEGINNING, World};

const ADA: Subject = Subject::Member(MemberId::from_bytes([1; 16]));
const BEN: Subject = Subject::Member(MemberId::from_bytes([2; 16]));
const ADAS_NAME: [u8; 16] = [1; 16];
const BENS_NAME: [u8; 16] = [2; 16];

/// An organization's keys and what goes with them.
struct Office {
    world: World,
    organization: OrganizationId,
    keys: Arc<OrganizationKeys>,
}

impl Office {
    async fn open() -> Self {
        Self::within(World::start().await).await
    }

    async fn within(world: World) -> Self {
        let organization = OrganizationId::from_bytes([3; 16]);
        let service = world.service();
        service.vault.create(organization).await.unwrap();
        let keys = service.vault.keys(organization, world.now()).await.unwrap().unwrap();
        Self { world, organization, keys }
    }

    fn service(&self) -> &Service {
        self.world.service()
    }

    /// A moment that stands still.
    fn now(&self) -> Timestamp {
        BEGINNING.parse().unwrap()
    }

    async fn commit(&self, write: Write) -> Commit {
        let mut transaction = Transaction::default();
        transaction.push(write);
        transaction.commit(&self.service().dynamo).await.unwrap()
    }

    async fn admit_at(&self, bucket: Bucket, limits: Limits, now: Timestamp) -> Admission {
        admit(self.service(), self.organization, ADAS_NAME, bucket, &limits, now).await.unwrap()
    }

    async fn admit(&self, bucket: Bucket) -> Admission {
        self.admit_at(bucket, Limits::default(), self.now()).await
    }

    /// Adds a passkey of this device.
    async fn add_passkey(&self, device: &mut Authenticator, label: &str) {
        let (service, now) = (self.service(), self.now());
        let begun = passkey::begin_registration(
            service,
            &self.keys,
            self.organization,
            ADA,
            "ada",
            "Ada Okafor",
            now,
        )
        .await
        .unwrap();
        let answer = device.create(&begun.options);
        let (_, write) = passkey::finish_registration(
            service,
            &self.keys,
            self.organization,
            ADA,
            &begun.ceremony,
            answer,
            Label::parse(label).unwrap(),
            now,
        )
        .await
        .unwrap();
        assert_eq!(self.commit(write).await, Commit::Committed);
    }

    /// The origin that passkeys belong to.
    fn origin(&self) -> String {
        self.service().settings.public_address.replace("127.0.0.1", "localhost")
    }

    /// Everything that lies in a table, as text.
    async fn table(&self, table: &str) -> String {
        let answer = self.service().dynamo.scan().table_name(table).send().await.unwrap();
        format!("{:?}", answer.items)
    }
}

fn typed(text: &str) -> Password {
    Password::parse(text).unwrap()
}

const fn number(admission: &Admission) -> Option<u32> {
    match admission {
        Admission::Go(Attempt { number, .. }) => Some(*number),
        Admission::Locked { .. } => None,
    }
}

// ------------------------------------------------------------------ passwords

#[tokio::test]
async fn a_password_is_kept_sealed_and_replaced_only_by_who_read_it() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let find = || password::store::find(service, keys, organization, ADA);
    assert!(find().await.unwrap().is_none());

    let hashed = service.hasher.hash(&typed("the first canary"), &*service.chance).await.unwrap();
    let first = password::store::Kept::chosen(hashed, office.now());
    let put =
        |kept, replacing| password::store::put(service, keys, organization, ADA, kept, replacing);
    assert_eq!(office.commit(put(&first, 0).unwrap()).await, Commit::Committed);
    assert_eq!(office.commit(put(&first, 0).unwrap()).await, Commit::Lost);

    let kept = find().await.unwrap().unwrap();
    assert_eq!((kept.version, kept.set_at, kept.must_change), (1, office.now(), false));
    let verified = service.hasher.verify(&typed("the first canary"), &kept.hashed).await.unwrap();
    assert_eq!(verified, Verified::Right);
    let stored = office.table(&service.settings.tables.identity).await;
    assert!(!stored.contains("argon2"), "{stored}");

    // One that is too short to be all there is must be changed once it is.
    let left = || password::store::left_alone(service, organization, ADA, &kept).unwrap();
    assert_eq!(office.commit(left()).await, Commit::Committed);
    assert!(find().await.unwrap().unwrap().must_change);
    // Whoever read the version before that is too late.
    assert_eq!(office.commit(left()).await, Commit::Lost);
    assert_eq!(office.commit(put(&first, 1).unwrap()).await, Commit::Lost);
    let longer = first.clone().that_stands_alone(true);
    assert_eq!(office.commit(put(&longer, 2).unwrap()).await, Commit::Committed);
    let kept = find().await.unwrap().unwrap();
    let left = password::store::left_alone(service, organization, ADA, &kept).unwrap();
    assert_eq!(office.commit(left).await, Commit::Committed);
    assert!(!find().await.unwrap().unwrap().must_change);
}

#[tokio::test]
async fn an_old_hash_is_replaced_when_its_owner_signs_in() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let weak = Hasher::new(Parameters { memory: 64, passes: 1, lanes: 1 }, 1, 0);
    let hashed = weak.hash(&typed("a password of old"), &*service.chance).await.unwrap();
    let kept = password::store::Kept::chosen(hashed, office.now());
    let write = password::store::put(service, keys, organization, ADA, &kept, 0).unwrap();
    office.commit(write).await;

    let find = || password::store::find(service, keys, organization, ADA);
    let old = find().await.unwrap().unwrap();
    let found = service.hasher.verify(&typed("a password of old"), &old.hashed).await.unwrap();
    assert_eq!(found, Verified::RightButOld);
    let anew = service.hasher.hash(&typed("a password of old"), &*service.chance).await.unwrap();
    let rehash = |anew| password::store::rehash(service, keys, organization, ADA, &old, anew);
    assert!(rehash(anew.clone()).await.unwrap());
    // A second sign-in at the same moment changes nothing.
    assert!(!rehash(anew).await.unwrap());
    let now = find().await.unwrap().unwrap();
    assert_eq!(now.set_at, old.set_at);
    let found = service.hasher.verify(&typed("a password of old"), &now.hashed).await.unwrap();
    assert_eq!(found, Verified::Right);
}

// ------------------------------------------------------------------- attempts

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_attempts_at_once_with_a_limit_of_five_exactly_five_are_compared() {
    let office = Office::open().await;
    let mut now = office.now();
    for round in 0..3 {
        let attempts = (0..200).map(|_| office.admit_at(Bucket::Strangers, Limits::default(), now));
        let answers = join_all(attempts).await;
        let mut numbers: Vec<u32> = answers.iter().filter_map(number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5], "round {round}");
        let minutes = 15 << round;
        let until = now + SignedDuration::from_mins(minutes);
        for answer in answers {
            match answer {
                Admission::Locked { until: found } => assert_eq!(found, until),
                Admission::Go(attempt) => {
                    assert_eq!(attempt.locks, round);
                    if attempt.number < 5 {
                        assert_eq!(attempt.locked_until, None);
                    }
                }
            }
        }
        now = until;
    }
}

#[tokio::test]
async fn a_lock_ends_by_the_clock_and_the_next_is_twice_as_long() {
    let office = Office::open().await;
    let limits = Limits::new(3, 10).unwrap();
    let mut now = office.now();
    for minutes in [10, 20, 40, 80] {
        let until = now + SignedDuration::from_mins(minutes);
        for number in 1..=3 {
            let Admission::Go(attempt) = office.admit_at(Bucket::Strangers, limits, now).await
            else {
                panic!("{minutes} {number}")
            };
            assert_eq!(attempt.number, number);
            assert_eq!(attempt.locked_until, (number == 3).then_some(until));
        }
        let last = until - SignedDuration::from_secs(1);
        let answer = office.admit_at(Bucket::Strangers, limits, last).await;
        assert_eq!(answer, Admission::Locked { until });
        now = until;
    }
    // A day after the last lock all is forgotten.
    now += SignedDuration::from_hours(24);
    let answer = office.admit_at(Bucket::Strangers, limits, now).await;
    assert_eq!(answer, Admission::Go(Attempt { number: 1, locks: 0, locked_until: None }));
}

#[tokio::test]
async fn one_fewer_than_the_limit_does_not_lock_and_being_right_forgets() {
    let office = Office::open().await;
    for _ in 0..3 {
        for expected in 1..=4 {
            assert_eq!(number(&office.admit(Bucket::Strangers).await), Some(expected));
        }
        clear(office.service(), office.organization, ADAS_NAME, Bucket::Strangers).await.unwrap();
    }
    // The one that takes the last place may be right as well.
    for _ in 0..5 {
        assert!(number(&office.admit(Bucket::Strangers).await).is_some());
    }
    assert_eq!(number(&office.admit(Bucket::Strangers).await), None);
    clear(office.service(), office.organization, ADAS_NAME, Bucket::Strangers).await.unwrap();
    assert_eq!(number(&office.admit(Bucket::Strangers).await), Some(1));
}

#[tokio::test]
async fn strangers_who_lock_an_account_do_not_lock_its_owners_device_nor_another_name() {
    let office = Office::open().await;
    let now = office.now();
    let device = Device::know(None, false, now, &*office.service().chance).unwrap();
    let cookie = device.cookie(&office.keys, ADAS_NAME);
    while number(&office.admit(Bucket::Strangers).await).is_some() {}
    let known = Device::read(&office.keys, ADAS_NAME, &cookie, now).unwrap();
    assert_eq!(number(&office.admit(known.bucket()).await), Some(1));
    assert_eq!(number(&office.admit(Bucket::SecondStep).await), Some(1));
    let (service, organization) = (office.service(), office.organization);
    let limits = Limits::default();
    let other = admit(service, organization, BENS_NAME, Bucket::Strangers, &limits, now);
    assert_eq!(number(&other.await.unwrap()), Some(1));
    // The device is locked by itself when it is what guesses.
    for expected in 2..=5 {
        assert_eq!(number(&office.admit(known.bucket()).await), Some(expected));
    }
    assert_eq!(number(&office.admit(known.bucket()).await), None);
}

#[tokio::test]
async fn a_lower_limit_holds_at_once() {
    let office = Office::open().await;
    let many = Limits::new(20, 15).unwrap();
    for _ in 0..10 {
        office.admit_at(Bucket::Strangers, many, office.now()).await;
    }
    let few = Limits::new(3, 15).unwrap();
    let answer = office.admit_at(Bucket::Strangers, few, office.now()).await;
    assert!(matches!(answer, Admission::Locked { .. }), "{answer:?}");
}

#[tokio::test]
async fn places_that_were_all_taken_without_a_lock_are_locked_by_the_next_who_comes() {
    let office = Office::open().await;
    for _ in 0..4 {
        office.admit(Bucket::Strangers).await;
    }
    // As it lies when who took the fifth place is lost before the lock.
    let key = Key::tries(office.organization, ADAS_NAME, "strangers");
    let table = &office.service().settings.tables.session;
    let write = Write::update(
        table,
        &key,
        "SET attempts = :five",
        "attribute_exists(pk)",
        [],
        [(":five", AttributeValue::N("5".into()))],
    );
    assert_eq!(office.commit(write.unwrap()).await, Commit::Committed);
    let until = office.now() + SignedDuration::from_mins(15);
    for _ in 0..3 {
        assert_eq!(office.admit(Bucket::Strangers).await, Admission::Locked { until });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_dynamodb_fails_no_more_than_the_limit_are_compared() {
    for seed in 0..5 {
        let world = World::with(Options { faults: Some(seed), ..Options::default() }).await;
        world.cloud.faults().inject(false);
        let office = Office::within(world).await;
        office.world.cloud.faults().inject(true);
        let (service, organization) = (office.service(), office.organization);
        let (limits, now) = (Limits::default(), office.now());
        let attempts = (0..50)
            .map(|_| admit(service, organization, ADAS_NAME, Bucket::Strangers, &limits, now));
        let answers = join_all(attempts).await;
        let admitted = answers.iter().flatten().filter_map(number).count();
        assert!(admitted <= 5, "seed {seed}: {admitted}");
    }
}

// ------------------------------------------------------------- one-time codes

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_code_signs_in_once_however_many_send_it_at_once() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let read = || factors::codes(service, keys, organization, ADA);
    let put = |codes: &Codes| factors::put_codes(service, keys, organization, ADA, codes).unwrap();
    assert!(!factor::has_second_factor(service, organization, ADA).await.unwrap());

    let (token, there) = (Token::fresh(ADA, &*service.chance).unwrap(), read().await.unwrap());
    let secret = Secret::offered(keys, ADA, token.id(), there.version);
    let other = Token::fresh(ADA, &*service.chance).unwrap();
    for (session, version) in [(other.id(), there.version), (token.id(), there.version + 1)] {
        assert_ne!(Secret::offered(keys, ADA, session, version).text(), secret.text());
    }

    let code = secret.code(office.now()).unwrap();
    let confirmed = there.confirmed(&secret, &code, office.now()).unwrap().unwrap();
    let (confirmed, shown) = confirmed.with_new_recovery(keys, ADA, &*service.chance).unwrap();
    assert_eq!(office.commit(put(&confirmed)).await, Commit::Committed);
    assert!(factor::has_second_factor(service, organization, ADA).await.unwrap());
    assert!(!factor::has_second_factor(service, organization, BEN).await.unwrap());
    assert!(factor::list(service, keys, organization, ADA).await.unwrap().any());

    let now = office.now() + SignedDuration::from_secs(30);
    let code = secret.code(now).unwrap();
    let there = read().await.unwrap();
    let tries = (0..20).map(|_| office.commit(put(&there.spent(&code, now).unwrap().unwrap())));
    let committed = join_all(tries).await;
    let committed = committed.into_iter().filter(|commit| *commit == Commit::Committed).count();
    assert_eq!(committed, 1);
    let after = read().await.unwrap();
    assert_eq!(after.spent(&code, now).unwrap().unwrap_err(), Refused::Used);

    let recovery = shown.texts().next().unwrap();
    let tries = (0..20).map(|_| office.commit(put(&after.recovered(keys, ADA, recovery).unwrap())));
    let committed = join_all(tries).await;
    let committed = committed.into_iter().filter(|commit| *commit == Commit::Committed).count();
    assert_eq!(committed, 1);
    let after = read().await.unwrap();
    assert_eq!(after.recovery_left(), 9);
    assert!(after.recovered(keys, ADA, recovery).is_err());

    // Nothing of it can be read in the table.
    let stored = office.table(&service.settings.tables.identity).await;
    for text in [secret.text().to_string(), recovery.replace('-', "")] {
        assert!(!stored.contains(&text));
    }
    assert_eq!(office.commit(put(&after.without_app(false))).await, Commit::Committed);
    assert!(!factor::has_second_factor(service, organization, ADA).await.unwrap());
    assert_eq!(read().await.unwrap().recovery_left(), 0);
}

// ------------------------------------------------------------------- passkeys

#[tokio::test]
async fn a_passkey_is_added_asked_for_and_signs_in_alone() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let now = office.now();
    let mut device = Authenticator::new(&office.origin());
    office.add_passkey(&mut device, "My telephone").await;
    assert!(factor::has_second_factor(service, organization, ADA).await.unwrap());
    let there = factor::list(service, keys, organization, ADA).await.unwrap();
    assert_eq!(there.passkeys[0].label.expose(), "My telephone");
    assert_eq!((there.passkeys[0].since, there.passkeys[0].used), (now, None));
    let stored = office.table(&service.settings.tables.identity).await;
    assert!(!stored.contains("telephone"), "{stored}");

    let begun = passkey::begin_second_factor(service, keys, organization, ADA, now).await.unwrap();
    let answer = device.get(&begun.options);
    let (used, write) = passkey::finish_second_factor(
        service,
        keys,
        organization,
        ADA,
        &begun.ceremony,
        answer,
        now,
    )
    .await
    .unwrap();
    assert_eq!(used.used, Some(now));
    assert_eq!(office.commit(write).await, Commit::Committed);

    let begun = passkey::begin_sign_in(service, keys, organization, now).await.unwrap();
    assert_eq!(begun.options["publicKey"]["rpId"], "localhost");
    assert_eq!(begun.options["publicKey"]["userVerification"], "required");
    let answer = device.get(&begun.options);
    let (who, _, write) =
        passkey::finish_sign_in(service, keys, organization, &begun.ceremony, answer, now)
            .await
            .unwrap();
    assert_eq!(who, ADA);
    assert_eq!(office.commit(write).await, Commit::Committed);

    let mut renamed = factors::passkeys(service, keys, organization, ADA).await.unwrap().remove(0);
    renamed.label = Label::parse("Old telephone").unwrap();
    let write = factors::put_passkey(service, keys, organization, ADA, &renamed).unwrap();
    assert_eq!(office.commit(write).await, Commit::Committed);
    let there = factors::passkey(service, keys, organization, ADA, renamed.id).await.unwrap();
    assert_eq!(there.unwrap().label.expose(), "Old telephone");
    let write = factors::remove_passkey(service, organization, ADA, renamed.id).unwrap();
    assert_eq!(office.commit(write).await, Commit::Committed);
    assert!(!factor::has_second_factor(service, organization, ADA).await.unwrap());
    // A removed one signs nobody in.
    let begun = passkey::begin_sign_in(service, keys, organization, now).await.unwrap();
    let answer = device.get(&begun.options);
    let refused =
        passkey::finish_sign_in(service, keys, organization, &begun.ceremony, answer, now).await;
    assert!(matches!(refused, Err(PasskeyError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_challenge_is_answered_once_in_time_and_for_what_it_was_given() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let now = office.now();
    let mut device = Authenticator::new(&office.origin());
    office.add_passkey(&mut device, "A key").await;
    let begin = || passkey::begin_sign_in(service, keys, organization, now);
    let finish = |ceremony: String, answer, now| async move {
        let found =
            passkey::finish_sign_in(service, keys, organization, &ceremony, answer, now).await;
        found.map(|(who, _, _)| who)
    };
    let gone = |found: Result<Subject, PasskeyError>| matches!(found, Err(PasskeyError::Gone));

    // Twice: the second is refused.
    let begun = begin().await.unwrap();
    let answer = device.get(&begun.options);
    assert_eq!(finish(begun.ceremony.clone(), answer.clone(), now).await.unwrap(), ADA);
    assert!(gone(finish(begun.ceremony, answer.clone(), now).await));
    // An old answer to a new challenge.
    let begun = begin().await.unwrap();
    let replayed = finish(begun.ceremony, answer, now).await;
    assert!(matches!(replayed, Err(PasskeyError::Refused(_))), "{replayed:?}");
    // Too late.
    let begun = begin().await.unwrap();
    let answer = device.get(&begun.options);
    assert!(gone(finish(begun.ceremony, answer, now + passkey::CEREMONY).await));
    // As another kind of ceremony, and as another's.
    let begun = begin().await.unwrap();
    let answer = device.get(&begun.options);
    let found = passkey::finish_second_factor(
        service,
        keys,
        organization,
        ADA,
        &begun.ceremony,
        answer,
        now,
    );
    assert!(matches!(found.await, Err(PasskeyError::Gone)));
    let begun = passkey::begin_second_factor(service, keys, organization, ADA, now).await.unwrap();
    let answer = device.get(&begun.options);
    let found = passkey::finish_second_factor(
        service,
        keys,
        organization,
        BEN,
        &begun.ceremony,
        answer,
        now,
    );
    assert!(matches!(found.await, Err(PasskeyError::Gone)));
    // Nonsense.
    for ceremony in ["", "nonsense", &"0".repeat(26)] {
        assert!(gone(finish(ceremony.to_owned(), serde_json::json!({}), now).await));
    }
    let begun = begin().await.unwrap();
    let found = finish(begun.ceremony, serde_json::json!({ "id": 1 }), now).await;
    assert!(matches!(found, Err(PasskeyError::Refused(_))));
    let nothing = passkey::begin_second_factor(service, keys, organization, BEN, now).await;
    assert!(matches!(nothing, Err(PasskeyError::Nothing)));
}

#[tokio::test]
async fn a_passkey_of_another_site_of_nobody_or_copied_is_refused() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let now = office.now();
    let mut device = Authenticator::new(&office.origin());
    office.add_passkey(&mut device, "A key").await;
    let sign_in = async |device: &mut Authenticator| {
        let begun = passkey::begin_sign_in(service, keys, organization, now).await.unwrap();
        let answer = device.get(&begun.options);
        let (who, _, write) =
            passkey::finish_sign_in(service, keys, organization, &begun.ceremony, answer, now)
                .await?;
        assert_eq!(office.commit(write).await, Commit::Committed);
        Ok::<_, PasskeyError>(who)
    };
    assert_eq!(sign_in(&mut device).await.unwrap(), ADA);
    // Its owner was not recognised.
    device.verifies = false;
    assert!(matches!(sign_in(&mut device).await, Err(PasskeyError::Refused(_))));
    device.verifies = true;
    assert_eq!(sign_in(&mut device).await.unwrap(), ADA);
    // A copy that has signed less often.
    let counter = device.counter;
    device.counter = Some(1);
    assert!(matches!(sign_in(&mut device).await, Err(PasskeyError::Refused(_))));
    device.counter = counter;
    assert_eq!(sign_in(&mut device).await.unwrap(), ADA);
    // Another device, which nobody has added.
    let mut unknown = Authenticator::new(&office.origin());
    let begun = passkey::begin_registration(service, keys, organization, ADA, "ada", "Ada", now);
    unknown.create(&begun.await.unwrap().options);
    assert!(matches!(sign_in(&mut unknown).await, Err(PasskeyError::Refused(_))));
    // A page that looks like ours.
    let mut phished = Authenticator::new("https://kept.example.net");
    let begun = passkey::begin_registration(service, keys, organization, ADA, "ada", "Ada", now)
        .await
        .unwrap();
    let answer = phished.create(&begun.options);
    let label = Label::parse("Phished").unwrap();
    let found = passkey::finish_registration(
        service,
        keys,
        organization,
        ADA,
        &begun.ceremony,
        answer,
        label,
        now,
    );
    assert!(matches!(found.await, Err(PasskeyError::Refused(_))));
}

#[tokio::test]
async fn a_passkey_without_a_counter_works_for_ever() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let mut device = Authenticator::new(&office.origin());
    device.counter = None;
    office.add_passkey(&mut device, "A synchronised key").await;
    for _ in 0..3 {
        let now = office.now();
        let begun = passkey::begin_sign_in(service, keys, organization, now).await.unwrap();
        let answer = device.get(&begun.options);
        let found =
            passkey::finish_sign_in(service, keys, organization, &begun.ceremony, answer, now);
        let (_, _, write) = found.await.unwrap();
        assert_eq!(office.commit(write).await, Commit::Committed);
    }
    // The ceremonies are all gone.
    let left = office.table(&service.settings.tables.session).await;
    assert!(!left.contains("ceremony"), "{left}");
}

#[tokio::test]
async fn damaged_credentials_are_a_trouble_and_sign_nobody_in() {
    let office = Office::open().await;
    let (service, organization, keys) = (office.service(), office.organization, &office.keys);
    let hashed = service.hasher.hash(&typed("any"), &*service.chance).await.unwrap();
    let kept = password::store::Kept::chosen(hashed, office.now());
    let write = password::store::put(service, keys, organization, ADA, &kept, 0).unwrap();
    office.commit(write).await;
    // A hash that is moved to somebody else does not open there.
    let table = &service.settings.tables.identity;
    let key = Key::password(organization, ADA);
    let mut item = dynamo::get(&service.dynamo, table, &key).await.unwrap().unwrap();
    item.insert("pk".into(), AttributeValue::S(Key::password(organization, BEN).pk));
    office.commit(Write::create(table, item).unwrap()).await;
    let found = password::store::find(service, keys, organization, BEN).await;
    assert!(found.is_err(), "{found:?}");
}
