//! A member of the team makes an appointment for somebody.

use serde_json::{Value, json};
use shared::audit::read::between;
use shared::audit::{Action as Deed, Actor};
use shared::event::{AddressProof, UnprovenLimits};
use shared::identity::Member;
use shared::identity::access::{Coverage, Level};
use shared::ids::ResourceId;

use crate::identity::scene::House;
use crate::personas::Persona;
use crate::world::{Answer, Place, Plan, World, fresh_key};

/// A school where every address must be proven and where nothing may be booked
/// without proof, and a maker who covers the first of its two teachers.
struct Desk {
    house: House,
    place: Place,
    maker: Member,
    /// Free times of the teacher whom the maker covers.
    own: Vec<Value>,
    /// A free time of the other one.
    other: String,
}

const PATH: &str = "/west-school/manage/events/conferences";

impl Desk {
    async fn in_(world: &World) -> Self {
        let place = world
            .found(Plan {
                web_name: "west-school",
                proof: AddressProof::Before,
                unproven: UnprovenLimits { per_address: 1, per_network: 1, per_event: 1 },
                ..Plan::school()
            })
            .await;
        let house = House::of(world, place.organization.id).await;
        let slots = world.slots(&place).await;
        let resource = slots[0]["resource"].clone();
        let (own, others): (Vec<Value>, Vec<Value>) =
            slots.into_iter().partition(|slot| slot["resource"] == resource);
        let covered = ResourceId::parse(resource.as_str().unwrap()).unwrap();
        let coverage = Coverage::only([], [(place.event.id, covered)]).unwrap();
        let maker = house.covering("mia.maker", Level::Maker, coverage).await;
        let other = others[0]["id"].as_str().unwrap().to_owned();
        Self { house, place, maker, own, other }
    }

    async fn maker<'a>(&self, world: &'a World) -> Persona<'a> {
        self.house.signed_in(world, &self.maker).await
    }

    fn slot(&self, nth: usize) -> &str {
        self.own[nth]["id"].as_str().unwrap()
    }
}

fn wish(slot: &str, name: &str) -> Value {
    let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
    json!({ "slot": slot, "name": name, "email": email, "phone": "+1 555 0100", "note": "By bus" })
}

async fn make(maker: &Persona<'_>, wish: &Value, key: &str) -> Answer {
    let client = &maker.world.client;
    let request = client
        .post(maker.world.url(&format!("{PATH}/book")))
        .header("cookie", maker.cookie.as_ref().unwrap())
        .header("idempotency-key", key)
        .json(wish);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_maker_makes_an_appointment_that_stands_at_once_and_the_participant_is_told() {
    let world = World::start().await;
    let desk = Desk::in_(&world).await;
    let maker = desk.maker(&world).await;
    let key = fresh_key();
    let made = make(&maker, &wish(desk.slot(0), "Maria Lopez"), &key).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["state"], "booked");
    assert_eq!(made.json()["name"], "Maria Lopez");
    // The same request again is the same appointment; other words are not.
    let again = make(&maker, &wish(desk.slot(0), "Maria Lopez"), &key).await;
    assert_eq!((again.status, again.json()["id"].clone()), (201, made.json()["id"].clone()));
    make(&maker, &wish(desk.slot(2), "Maria Lopez"), &key).await.refused(422, "key_reused");
    // No limit on unproven bookings is spent, however many are made.
    for nth in 1..4 {
        let made = make(&maker, &wish(desk.slot(nth), &format!("Guest {nth}")), &fresh_key()).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }

    let mails = world.mails("maria.lopez@example.org").await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(mails[0]["subject"].as_str().unwrap().starts_with("Booked: "), "{mails:#?}");
    // Whoever has the mail can cancel it.
    let visitor = world.visitor("Maria Lopez");
    let manage = visitor.mailed_link("/bookings/").await;
    assert_eq!(visitor.cancel(&world.url(&manage)).await.status, 200);

    let hour = jiff::SignedDuration::from_hours(1);
    let (start, end) = (desk.house.now() - hour, desk.house.now() + hour);
    let records =
        between(world.service(), desk.house.id(), start, end, None).await.unwrap().entries;
    let made: Vec<Actor> = records
        .iter()
        .filter(|entry| entry.record.action == Deed::BookingMade)
        .map(|entry| entry.record.actor)
        .collect();
    assert_eq!(made, vec![Actor::Member(desk.maker.id); 4]);
    assert!(world.cloud.settle().await);
    let report = shared::fsck::run_to_end(world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_maker_gives_away_only_free_times_of_what_they_cover() {
    let world = World::start().await;
    let desk = Desk::in_(&world).await;
    let maker = desk.maker(&world).await;
    let listed = maker.get(&format!("{PATH}/book")).await.json();
    let listed: Vec<Value> =
        listed["slots"].as_array().unwrap().iter().map(|slot| slot["id"].clone()).collect();
    let own: Vec<Value> = desk.own.iter().map(|slot| slot["id"].clone()).collect();
    assert_eq!(listed, own);
    // Another's time is answered as one that was never there.
    let hidden = make(&maker, &wish(&desk.other, "Maria Lopez"), &fresh_key()).await;
    let (place, minute) = desk.slot(0).rsplit_once('-').unwrap();
    let nowhere = format!("{place}-{}", minute.parse::<u32>().unwrap() + 1);
    let unknown = make(&maker, &wish(&nowhere, "Maria Lopez"), &fresh_key()).await;
    let bad = make(&maker, &wish("nothing", "Maria Lopez"), &fresh_key()).await;
    for answer in [&hidden, &unknown, &bad] {
        assert_eq!((answer.status, &answer.text), (404, &hidden.text));
    }

    // A taken time is refused with the nearest of what they cover.
    assert_eq!(make(&maker, &wish(desk.slot(3), "Paul"), &fresh_key()).await.status, 201);
    let taken = make(&maker, &wish(desk.slot(3), "Maria Lopez"), &fresh_key()).await;
    let refused = taken.refused(409, "conflict");
    let nearest = refused["nearest"].as_array().unwrap();
    assert_eq!(nearest.len(), 5, "{refused}");
    assert!(nearest.iter().all(|slot| own.contains(&slot["id"])), "{refused}");

    // Whoever has something else then is not booked, and that it was told is on record.
    let first = make(&maker, &wish(desk.slot(5), "Ann Both"), &fresh_key()).await;
    assert_eq!(first.status, 201);
    let administrator = desk.house.member("adam.admin", Level::Administrator).await;
    let administrator = desk.house.signed_in(&world, &administrator).await;
    let at_once = world.slots(&desk.place).await;
    let at_once = at_once
        .iter()
        .find(|slot| slot["start"] == desk.own[5]["start"])
        .expect("the other teacher is free then");
    let both = wish(at_once["id"].as_str().unwrap(), "Ann Both");
    let refused = make(&administrator, &both, &fresh_key()).await.refused(409, "conflict");
    assert!(refused["message"].as_str().unwrap().contains("another appointment"), "{refused}");
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_form_says_what_is_wrong_and_books_once_however_often_it_is_sent() {
    let world = World::start().await;
    let desk = Desk::in_(&world).await;
    let maker = desk.maker(&world).await;
    let list = maker.page(PATH).await;
    assert!(list.text.contains("Make an appointment"), "{}", list.text);
    let times = maker.page(&format!("{PATH}/book")).await;
    assert!(times.text.contains(desk.slot(0)) && !times.text.contains(&desk.other));
    let form = maker.page(&format!("{PATH}/book?slot={}", desk.slot(0))).await;
    assert_eq!(form.status, 200, "{}", form.text);
    let key = form.text.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();

    let path = format!("{PATH}/book");
    let fields = |name: &'static str| {
        [("slot", desk.slot(0)), ("key", key), ("name", name), ("email", "maria@example.org")]
    };
    let wrong = maker.submit(&path, &fields("")).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    assert!(wrong.text.contains("maria@example.org"), "what was typed is still there");
    assert_eq!(maker.submit_bare(&path, &fields("Maria")).await.status, 403, "without the token");
    for _ in 0..2 {
        let made = maker.submit(&path, &fields("Maria")).await;
        assert_eq!(made.status, 303, "{}", made.text);
        let to = made.header("location").to_owned();
        assert!(to.starts_with(PATH) && to.ends_with("done=booked"), "{to}");
        assert!(maker.page(&to).await.text.contains("The appointment is made."));
    }
    assert_eq!(world.mails("maria@example.org").await.len(), 1);

    // Taken meanwhile: what was typed stays, and the nearest can be chosen.
    let taken = maker
        .submit(
            &path,
            &[
                ("slot", desk.slot(0)),
                ("key", &fresh_key()),
                ("name", "Paul Meyer"),
                ("email", "paul@example.org"),
            ],
        )
        .await;
    assert_eq!(taken.status, 409, "{}", taken.text);
    assert!(taken.text.contains("just taken") && taken.text.contains("Paul Meyer"));
    assert!(taken.text.contains("These are nearest"), "{}", taken.text);

    // A viewer sees the list and no way to make one.
    let viewer = desk.house.member("vera.viewer", Level::Viewer).await;
    let viewer = desk.house.signed_in(&world, &viewer).await;
    assert!(!viewer.page(PATH).await.text.contains("Make an appointment"));
    assert_eq!(viewer.page(&path).await.status, 403);
    world.cloud.stop().await;
}
