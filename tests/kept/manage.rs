//! What the team does: appointments, members, settings, the audit trail,
//! support and emergencies.

use jiff::SignedDuration;
use kept::faults::Fault;
use serde_json::{Value, json};
use shared::audit::read::{Entry, between};
use shared::audit::{About, Action as Deed, Actor};
use shared::identity::access::{Coverage, Level};
use shared::identity::emergency::{self, Review};
use shared::identity::member::State;
use shared::identity::{Member, Subject};
use shared::ids::{EmergencyId, MemberId, ResourceId};
use shared::personal::Note;

use crate::identity::scene::House;
use crate::personas::Persona;
use crate::world::{Place, Plan, World};

/// A school with an administrator, and the operator's organization beside it.
pub struct School {
    pub operator: House,
    pub house: House,
    pub place: Place,
    pub administrator: Member,
}

impl School {
    pub async fn in_(world: &World) -> Self {
        let operator = House::operator(world).await;
        let plan = Plan { web_name: "west-school", ..Plan::school() };
        let place = world.found(plan).await;
        let house = House::of(world, place.organization.id).await;
        let administrator = house.member("adam.admin", Level::Administrator).await;
        Self { operator, house, place, administrator }
    }

    pub async fn records(&self) -> Vec<Entry> {
        let service = &self.house.service;
        let hour = SignedDuration::from_hours(30);
        let (start, end) = (self.house.now() - hour, self.house.now() + hour);
        between(service, self.house.id(), start, end, None).await.unwrap().entries
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/west-school/manage{rest}")
    }

    pub fn appointments(&self) -> String {
        self.path("/events/conferences")
    }
}

/// The resource that a slot belongs to.
fn resource_of(slot: &str) -> ResourceId {
    ResourceId::parse(slot.split('-').nth(1).unwrap()).unwrap()
}

/// Two families book one time each, with different teachers.
pub async fn two_families(world: &World, place: &Place) -> (String, String) {
    let slots = world.slots(place).await;
    let one = slots[0]["id"].as_str().unwrap().to_owned();
    let other = slots.iter().find(|slot| slot["resource"] != slots[0]["resource"]).unwrap();
    let other = other["id"].as_str().unwrap().to_owned();
    world.visitor("Maria Lopez").books(place, &one).await;
    world.visitor("Paul Meyer").books(place, &other).await;
    (one, other)
}

pub async fn person(seen: &Persona<'_>, school: &School, name: &str) -> (String, String) {
    let answer = seen.get(&school.appointments()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let list = answer.json()["appointments"].as_array().unwrap().clone();
    let found = list.iter().find(|one| one["name"] == name).expect("an appointment");
    let text = |field: &str| found[field].as_str().unwrap().to_owned();
    (text("person"), text("id"))
}

#[tokio::test]
async fn a_viewer_sees_only_the_appointments_of_what_they_cover() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let (one, other) = two_families(&world, &school.place).await;
    let coverage = Coverage::only([], [(school.place.event.id, resource_of(&one))]).unwrap();
    let viewer_coverage = coverage.clone();
    let viewer = school.house.covering("vera.viewer", Level::Viewer, coverage).await;
    let viewer = school.house.signed_in(&world, &viewer).await;
    let answer = viewer.get(&school.appointments()).await;
    let names: Vec<_> = answer.json()["appointments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|appointment| appointment["name"].clone())
        .collect();
    assert_eq!(names, ["Maria Lopez"]);
    let page = viewer.page(&school.appointments()).await;
    assert!(page.text.contains("Maria Lopez") && page.text.contains("maria.lopez@example.org"));
    assert!(!page.text.contains("Paul Meyer"), "somebody else's appointment");
    // Nor is what another teacher has told from what no teacher has.
    let maker = school.house.covering("mia.maker", Level::Maker, viewer_coverage).await;
    let maker = school.house.signed_in(&world, &maker).await;
    for (who, path) in [
        (&viewer, school.appointments()),
        (&maker, school.appointments()),
        (&maker, school.appointments() + "/book"),
    ] {
        let of = async |resource: &str| who.get(&format!("{path}?resource={resource}")).await;
        assert_eq!(of(&resource_of(&one).to_string()).await.status, 200, "{path}");
        let uncovered = of(&resource_of(&other).to_string()).await;
        let unknown = of(&"0".repeat(26)).await;
        assert_eq!((uncovered.status, &uncovered.text), (404, &unknown.text), "{path}");
    }

    // The other family is not there for them, under its id as under any other.
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let (paul, _) = person(&administrator, &school, "Paul Meyer").await;
    let hidden = viewer.page(&school.path(&format!("/participants/{paul}"))).await;
    let nowhere = "0".repeat(26);
    let unknown = viewer.page(&school.path(&format!("/participants/{nowhere}"))).await;
    assert_eq!((hidden.status, &hidden.text), (404, &unknown.text));
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_list_follows_moves_and_shows_held_times_until_they_lapse() {
    let world = World::start().await;
    let place = world.clinic().await;
    let house = House::of(&world, place.organization.id).await;
    let viewer = house.member("vera.viewer", Level::Viewer).await;
    let seen = async || {
        let viewer = house.signed_in(&world, &viewer).await;
        let list = viewer.get("/south-clinic/manage/events/conferences").await.json();
        let list = list["appointments"].as_array().unwrap().clone();
        list.iter()
            .map(|one| (one["name"].clone(), one["state"].clone(), one["start"].clone()))
            .collect::<Vec<_>>()
    };
    let slots = world.slots(&place).await;
    let id = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.visitor("Held Only").book(&place, &id(0)).await.status, 202);
    let ann = world.visitor("Ann Both");
    assert_eq!(ann.book(&place, &id(2)).await.status, 202);
    let states: Vec<_> = seen().await.into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, ["held", "held"]);
    let link = ann.mailed_link("/confirm/").await;
    let confirmed = world.post(&world.url(&link), &json!({})).await.json();
    let manage = confirmed["manage_url"].as_str().unwrap();
    assert_eq!(ann.move_to(manage, &id(4)).await.status, 200);
    world.advance("PT16M").await;
    let left = seen().await;
    let start = slots[4]["start"].clone();
    assert_eq!(left, [(json!("Ann Both"), json!("booked"), start)]);
    assert_eq!(ann.cancel(manage).await.status, 200);
    assert!(seen().await.is_empty());
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_viewer_with_nothing_assigned_sees_an_empty_home_and_no_event() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let viewer = school.house.covering("nora.nothing", Level::Viewer, Coverage::nothing()).await;
    let viewer = school.house.signed_in(&world, &viewer).await;
    let home = viewer.page(&school.path("")).await;
    assert_eq!(home.status, 200, "{}", home.text);
    assert!(home.text.contains("Nothing is assigned to you yet."));
    assert!(!home.text.contains("/manage/members"), "a page they may not see is offered");
    assert_eq!(viewer.page(&school.appointments()).await.status, 404);
    world.cloud.stop().await;
}

#[tokio::test]
async fn each_look_at_personal_data_is_on_record_before_it_is_shown() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let (maria, _) = person(&administrator, &school, "Maria Lopez").await;
    let path = school.path(&format!("/participants/{maria}"));
    let page = administrator.page(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    // The page shows the looks at their data, the one for this page among them.
    assert!(page.text.contains("Who looked at this person"));
    assert!(page.text.contains("adam.admin"), "{}", page.text);
    let records = school.records().await;
    let by = Actor::Member(school.administrator.id);
    let looks: Vec<_> = records
        .iter()
        .filter(|entry| entry.record.action == Deed::DataShown && entry.record.actor == by)
        .collect();
    assert!(
        looks
            .iter()
            .any(|look| matches!(look.record.about, About::Person(id) if id.to_string() == maria))
    );
    let list = looks.iter().find(|look| matches!(look.record.about, About::Event(_))).unwrap();
    assert_eq!(list.record.more.count, Some(2));
    assert!(list.record.more.query.is_some());
    world.cloud.stop().await;
}

#[tokio::test]
async fn without_a_record_there_is_no_page() {
    let world = World::with_faults(7).await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let organization = &school.place.organization;
    world.dependent(organization, "Leo Example", "MS-1042", "2017-04-09").await.unwrap();
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let (maria, booking) = person(&administrator, &school, "Maria Lopez").await;
    for path in [
        school.appointments(),
        school.path("/members"),
        school.path("/audit"),
        school.path(&format!("/participants/{maria}")),
        school.path(&format!("/members/{}", school.administrator.id)),
        school.path("/dependents"),
        school.path("/support"),
        school.path("/emergency"),
    ] {
        // Each try of the client, and each of the connection's, meets one.
        for _ in 0..40 {
            world.cloud.faults().next("PutItem", Fault::BrokenBefore);
        }
        let page = administrator.page(&path).await;
        assert_eq!(page.status, 503, "{path}");
        assert!(!page.text.contains("Maria Lopez") && !page.text.contains("Leo Example"));
        assert!(!page.text.contains("adam.admin"), "{path}");
        while administrator.page(&path).await.status == 503 {}
    }
    // Nor is there an answer that says whose something is and changes nothing.
    let cancel = school.path(&format!("/bookings/{booking}/cancel"));
    assert_eq!(administrator.post(&cancel, &json!({})).await.status, 200);
    let enable = school.path(&format!("/members/{}/enable", school.administrator.id));
    for path in [cancel, enable] {
        for _ in 0..40 {
            world.cloud.faults().next("PutItem", Fault::BrokenBefore);
        }
        let answer = administrator.post(&path, &json!({})).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(!answer.text.contains("Maria Lopez") && !answer.text.contains("adam.admin"));
        while administrator.post(&path, &json!({})).await.status == 503 {}
    }
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_resource_administrator_cancels_and_the_family_is_told_and_a_viewer_may_not() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let (one, other) = two_families(&world, &school.place).await;
    let covered =
        |slot: &str| Coverage::only([], [(school.place.event.id, resource_of(slot))]).unwrap();
    let keeper =
        school.house.covering("rita.keeper", Level::ResourceAdministrator, covered(&one)).await;
    let rita = school.house.signed_in(&world, &keeper).await;
    let (maria, booking) = person(&rita, &school, "Maria Lopez").await;
    let page = rita.page(&school.path(&format!("/participants/{maria}"))).await;
    assert!(page.text.contains("Cancel this appointment and tell Maria Lopez"), "{}", page.text);
    assert!(!page.text.contains("Who looked"), "the trail is for administrators");

    let cancel = school.path(&format!("/bookings/{booking}/cancel"));
    for level in [Level::Viewer, Level::Maker] {
        let member = school.house.covering(level.word(), level, covered(&one)).await;
        let member = school.house.signed_in(&world, &member).await;
        member.post(&cancel, &json!({})).await.refused(403, "not_allowed");
    }
    let elsewhere =
        school.house.covering("rolf.keeper", Level::ResourceAdministrator, covered(&other)).await;
    let elsewhere = school.house.signed_in(&world, &elsewhere).await;
    elsewhere.post(&cancel, &json!({})).await.refused(404, "not_found");

    let sent = rita.submit(&cancel, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let mails = world.mails("maria.lopez@example.org").await;
    assert!(mails.last().unwrap()["subject"].as_str().unwrap().contains("Cancelled"));
    let records = school.records().await;
    let record = records.iter().find(|entry| entry.record.action == Deed::BookingCancelled);
    assert_eq!(record.unwrap().record.actor, Actor::Member(keeper.id));
    // The time is free again, and again is no different.
    assert_eq!(world.slot(&school.place, 0).await, one);
    assert_eq!(rita.post(&cancel, &json!({})).await.status, 200);
    world.cloud.stop().await;
}

fn invitation(username: &str) -> Value {
    json!({
        "name": "Ms Okafor",
        "email": "okafor@example.org",
        "username": username,
        "level": "viewer",
        "everything": true
    })
}

#[tokio::test]
async fn somebody_is_invited_and_gets_a_link_to_choose_a_password() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let answer = administrator.post(&school.path("/members"), &invitation("okafor")).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json()["state"], "invited");
    let mails = world.mails("okafor@example.org").await;
    assert!(mails[0]["text"].as_str().unwrap().contains("/west-school/invitation/"));

    // Again: another link, the one before is void.
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    world.advance("PT1M").await;
    let again = school.path(&format!("/members/{id}/invite"));
    assert_eq!(administrator.post(&again, &json!({})).await.status, 200);
    let mails = world.mails("okafor@example.org").await;
    assert_eq!(mails.len(), 2);
    assert_ne!(mails[0]["text"], mails[1]["text"]);

    let taken = administrator.post(&school.path("/members"), &invitation("OKAFOR")).await;
    taken.refused(409, "conflict");
    world.cloud.stop().await;
}

#[tokio::test]
async fn an_invitation_by_form_names_the_fields_at_fault_and_keeps_what_was_typed() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let event = format!("event-{}", school.place.event.id);
    let fields = [
        ("name", "Ann Example"),
        ("email", "ann@"),
        ("username", "ann"),
        ("level", "maker"),
        (event.as_str(), "yes"),
    ];
    let page = administrator.submit(&school.path("/members"), &fields).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("<a href=\"#email\">Email: "), "{}", page.text);
    assert!(page.text.contains("value=\"Ann Example\""));
    assert!(page.text.contains(&format!("name=\"{event}\" value=\"yes\" checked")));
    assert!(page.text.contains("<option value=\"maker\" selected>"));

    let mut right = fields;
    right[1] = ("email", "ann@example.org");
    let sent = administrator.submit(&school.path("/members"), &right).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let members = administrator.get(&school.path("/members")).await.json();
    let ann = members["members"].as_array().unwrap().iter().find(|one| one["username"] == "ann");
    assert_eq!(ann.unwrap()["events"], json!([school.place.event.id.to_string()]));

    // A form that no page of this session made changes nothing.
    let bare = administrator.submit_bare(&school.path("/members"), &right).await;
    assert_eq!(bare.status, 403);
    world.cloud.stop().await;
}

#[tokio::test]
async fn disabling_a_member_ends_their_sessions_with_the_next_request() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let viewer = school.house.member("vera.viewer", Level::Viewer).await;
    let session = school.house.signed_in(&world, &viewer).await;
    assert_eq!(session.get(&school.path("")).await.status, 200);
    let path = school.path(&format!("/members/{}", viewer.id));
    let sent = administrator.submit(&format!("{path}/disable"), &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    session.get(&school.path("")).await.refused(401, "sign_in_needed");
    let page = administrator.page(sent.header("location")).await;
    assert!(page.text.contains("can no longer sign in") && page.text.contains("Let them in again"));
    // Who never chose a password is invited anew.
    let enabled = administrator.post(&format!("{path}/enable"), &json!({})).await;
    assert_eq!(enabled.json()["state"], "invited", "{}", enabled.text);
    session.get(&school.path("")).await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

#[tokio::test]
async fn another_level_holds_from_the_next_request_and_ends_sessions() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let second = school.house.member("second.admin", Level::Administrator).await;
    let session = school.house.signed_in(&world, &second).await;
    assert_eq!(session.get(&school.path("/members")).await.status, 200);
    let access = school.path(&format!("/members/{}/access", second.id));
    let lower = json!({ "level": "viewer", "everything": true });
    assert_eq!(administrator.post(&access, &lower).await.status, 200);
    session.get(&school.path("/members")).await.refused(401, "sign_in_needed");
    let again = school.house.find(second.id).await.unwrap();
    let again = school.house.signed_in(&world, &again).await;
    again.get(&school.path("/members")).await.refused(403, "not_allowed");
    let records = school.records().await;
    let record = records.iter().find(|entry| entry.record.action == Deed::MemberChanged).unwrap();
    assert_eq!(record.record.more.fields[0].as_str(), "level");
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_last_administrator_stays_and_nobody_disables_themselves() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let own = school.path(&format!("/members/{}", school.administrator.id));
    let lower = json!({ "level": "viewer", "everything": true });
    let refused = administrator.post(&format!("{own}/access"), &lower).await;
    let error = refused.refused(409, "conflict");
    assert!(error["message"].as_str().unwrap().contains("last administrator"));
    administrator.post(&format!("{own}/disable"), &json!({})).await.refused(409, "conflict");
    let page = administrator.page(&own).await;
    assert!(page.text.contains("This is your own account"));
    assert!(!page.text.contains("/disable\""), "a button that is refused is offered");
    let present = school.house.find(school.administrator.id).await.unwrap();
    assert_eq!((present.state, present.level), (State::Active, Level::Administrator));
    world.cloud.stop().await;
}

#[tokio::test]
async fn an_administrator_mails_a_link_for_a_new_password_and_ends_all_sessions() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let viewer = school.house.member("vera.viewer", Level::Viewer).await;
    let session = school.house.signed_in(&world, &viewer).await;
    let path = school.path(&format!("/members/{}", viewer.id));
    assert_eq!(administrator.post(&format!("{path}/reset"), &json!({})).await.status, 200);
    let mails = world.mails("somebody@example.org").await;
    assert!(mails.last().unwrap()["text"].as_str().unwrap().contains("/west-school/reset/"));
    assert_eq!(session.get(&school.path("")).await.status, 200, "a link changes nothing yet");
    let ended = administrator.post(&format!("{path}/sessions/end"), &json!({})).await;
    assert_eq!(ended.json()["ended"], 1, "{}", ended.text);
    session.get(&school.path("")).await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

#[tokio::test]
async fn security_settings_are_saved_within_their_limits_and_the_trail_says_which() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/security");
    let mut wish = administrator.get(&path).await.json();
    wish["failures"] = 101.into();
    wish["idle_minutes"] = 4.into();
    let refused = administrator.post(&path, &wish).await.refused(400, "invalid");
    let fields: Vec<_> =
        refused["fields"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, ["idle_minutes", "failures"]);

    wish["failures"] = 5.into();
    wish["idle_minutes"] = 30.into();
    wish["factor_from"] = "administrator".into();
    assert_eq!(administrator.post(&path, &wish).await.json()["version"], 1);
    let records = school.records().await;
    let changed = records.iter().find(|entry| entry.record.action == Deed::SecurityChanged);
    let said: Vec<_> =
        changed.unwrap().record.more.fields.iter().map(|field| field.as_str()).collect();
    assert_eq!(said, ["failures", "idle_minutes", "factor_from"]);
    // Who read the settings before that change does not undo it.
    administrator.post(&path, &wish).await.refused(409, "conflict");
    let page = administrator.page(&path).await;
    assert!(page.text.contains("gainst NIST SP 800-63B-4"));
    assert!(page.text.contains("The check against breached passwords is off"));
    assert!(page.text.contains("<option value=\"administrator\" selected>"));

    let mut form: Vec<(&str, &str)> = vec![
        ("version", "1"),
        ("shortest_password", "fifteen"),
        ("shortest_password_with_factor", "8"),
        ("password_days", "0"),
        ("failures", "5"),
        ("first_lock_minutes", "15"),
        ("idle_minutes", "30"),
        ("session_hours", "12"),
        ("factor_from", "none"),
    ];
    let wrong = administrator.submit(&path, &form).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("<a href=\"#shortest_password\">Shortest password: "));
    form[1] = ("shortest_password", "16");
    // Nobody sees the version: what is wrong with it is told above the form.
    let whole = form[0];
    form[0] = ("version", "one");
    let wrong = administrator.submit(&path, &form).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("did not arrive whole") && !wrong.text.contains("href=\"#version"));
    assert!(wrong.text.contains("value=\"16\""), "what was typed is still there");
    form[0] = whole;
    let sent = administrator.submit(&path, &form).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    world.cloud.stop().await;
}

/// One of the operator's people who may be asked for help.
pub async fn supporter(school: &School) -> Member {
    let member = school.operator.member("sam.support", Level::Viewer).await;
    school.operator.change(&member, &member.as_supporter(true)).await.unwrap()
}

#[tokio::test]
async fn one_person_is_let_in_to_help_reads_and_changes_nothing_and_can_be_put_out_at_once() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let (_, other) = two_families(&world, &school.place).await;
    let supporter = supporter(&school).await;
    let stranger = school.operator.member("not.listed", Level::Viewer).await;
    let sam = school.operator.signed_in(&world, &supporter).await;
    sam.get(&school.appointments()).await.refused(401, "sign_in_needed");

    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/support");
    let ask = |who: &Member, hours: u32| json!({ "supporter": who.id.to_string(), "reason": "A list is empty.", "hours": hours });
    administrator.post(&path, &ask(&stranger, 2)).await.refused(400, "invalid");
    administrator.post(&path, &ask(&supporter, 25)).await.refused(400, "invalid");
    let allowed = administrator.post(&path, &ask(&supporter, 2)).await;
    assert_eq!(allowed.status, 201, "{}", allowed.text);
    assert!(!world.mails("somebody@example.org").await.is_empty(), "administrators are mailed");

    let seen = sam.page(&school.appointments()).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert!(seen.text.contains("Maria Lopez"));
    let (_, booking) = person(&sam, &school, "Maria Lopez").await;
    let cancel = school.path(&format!("/bookings/{booking}/cancel"));
    sam.post(&cancel, &json!({})).await.refused(403, "not_allowed");
    sam.get(&school.path("/audit")).await.refused(403, "not_allowed");
    sam.get(&school.path("/security")).await.refused(403, "not_allowed");
    assert!(!other.is_empty());

    // Every read stands on the organization's page.
    let page = administrator.page(&path).await;
    assert!(page.text.contains("sam.support"));
    let records = school.records().await;
    for entry in reads_of(&records, supporter.id) {
        assert!(page.text.contains(&line(&school, &entry)), "{}", page.text);
    }
    let deeds = |deed: Deed| {
        let by = |actor| matches!(actor, Actor::Support { member, .. } if member == supporter.id);
        let records = records.iter().map(|entry| &entry.record);
        records.filter(|record| by(record.actor) && record.action == deed).count()
    };
    // And so does all that was refused.
    assert_eq!((deeds(Deed::DataShown), deeds(Deed::ActionRefused)), (2, 3));

    let end = school.path(&format!("/support/{}/withdraw", supporter.id));
    assert_eq!(administrator.post(&end, &json!({})).await.status, 200);
    sam.get(&school.appointments()).await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

#[tokio::test]
async fn a_helper_who_is_off_the_operator_s_list_is_kept_out_and_the_page_says_so() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let supporter = supporter(&school).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/support");
    let wish = json!({ "supporter": supporter.id.to_string(), "reason": "Reports.", "hours": 1 });
    assert_eq!(administrator.post(&path, &wish).await.status, 201);
    assert_eq!(administrator.get(&path).await.json()["grants"][0]["holds"], true);
    let off = school.operator.change(&supporter, &supporter.as_supporter(false)).await.unwrap();
    let sam = school.operator.signed_in(&world, &off).await;
    sam.get(&school.appointments()).await.refused(401, "sign_in_needed");
    assert_eq!(administrator.get(&path).await.json()["grants"][0]["holds"], false);
    let page = administrator.page(&path).await;
    assert!(page.text.contains("Kept out: not on the list"), "{}", page.text);
    assert!(page.text.contains("/withdraw"), "it can still be ended for good");
    world.cloud.stop().await;
}

/// What a supporter read.
pub fn reads_of(records: &[Entry], supporter: MemberId) -> Vec<Entry> {
    let by = |actor| matches!(actor, Actor::Support { member, .. } if member == supporter);
    let reads = records
        .iter()
        .filter(|entry| entry.record.action == Deed::DataShown && by(entry.record.actor));
    reads.cloned().collect()
}

/// The line that a read of the list of appointments has on the organization's pages.
pub fn line(school: &School, entry: &Entry) -> String {
    let time = school.place.organization.zone.at(entry.at).strftime("%H:%M:%S").to_string();
    format!(", {time}</th><td>Appointments, 2 people: Conferences</td>")
}

#[tokio::test]
async fn help_ends_by_itself_and_asking_for_it_needs_a_fresh_proof_of_who_asks() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let supporter = supporter(&school).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/support");
    let wish = json!({ "supporter": supporter.id.to_string(), "reason": "Reports.", "hours": 1 });
    assert_eq!(administrator.post(&path, &wish).await.status, 201);
    let sam = school.operator.signed_in(&world, &supporter).await;
    assert_eq!(sam.get(&school.appointments()).await.status, 200);
    world.advance("PT11M").await;
    administrator.post(&path, &wish).await.refused(403, "confirm_needed");
    administrator.post(&school.path("/emergency"), &json!({})).await.refused(403, "confirm_needed");
    world.advance("PT50M").await;
    let sam = school.operator.signed_in(&world, &supporter).await;
    sam.get(&school.appointments()).await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

/// Somebody uses the code: see the door's own tests.
pub async fn open_review(world: &World, school: &School) -> EmergencyId {
    let service = &school.house.service;
    let id = EmergencyId::fresh(world.now(), &*service.chance).unwrap();
    let review = Review {
        id,
        at: school.house.second(),
        reason: Note::parse("Fire in the office").unwrap(),
        network: [1; 16],
        code_by: school.administrator.id,
        signed: None,
    };
    let keys = &school.house.snapshot.keys;
    let open = emergency::opening_review(service, school.house.id(), keys, &review).unwrap();
    assert!(school.house.commit(&[open]).await);
    id
}

#[tokio::test]
async fn an_emergency_reads_for_an_hour_and_another_administrator_signs_it() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/emergency");
    let made = administrator.submit(&path, &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.text.contains("shown only this once"));
    assert!(!administrator.page(&path).await.text.contains("class=\"secret\""));

    let id = open_review(&world, &school).await;
    let guest = school.house.with_session(&world, Subject::Emergency(id), 0).await;
    assert_eq!(guest.get(&school.appointments()).await.status, 200);
    guest.get(&school.path("/members")).await.refused(403, "not_allowed");
    guest.post(&path, &json!({})).await.refused(403, "not_allowed");

    let uses = administrator.get(&path).await.json()["uses"].clone();
    assert_eq!((&uses[0]["running"], &uses[0]["signed"]), (&json!(true), &json!(false)));

    let home = administrator.page(&school.path("")).await;
    assert!(home.text.contains("The emergency code was used on"), "{}", home.text);
    let sign = school.path(&format!("/emergency/{id}/sign"));
    administrator.post(&sign, &json!({})).await.refused(409, "conflict");
    let second = school.house.member("second.admin", Level::Administrator).await;
    let second = school.house.signed_in(&world, &second).await;
    let page = second.page(&path).await;
    let records = school.records().await;
    let by_guest = |entry: &&Entry| entry.record.actor == Actor::Emergency(id);
    let looks = |entry: &&Entry| entry.record.action == Deed::DataShown;
    let look = records.iter().filter(by_guest).find(looks).unwrap();
    assert!(page.text.contains("Fire in the office"));
    assert!(page.text.contains(&line(&school, look)), "{}", page.text);
    assert_eq!(second.post(&sign, &json!({})).await.json()["signed"], true);
    second.post(&sign, &json!({})).await.refused(409, "conflict");
    assert!(!administrator.page(&school.path("")).await.text.contains("Review it"));
    world.advance("PT61M").await;
    guest.get(&school.appointments()).await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

#[tokio::test]
async fn an_administrator_ends_an_emergency_at_once_and_a_new_code_ends_it_too() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let path = school.path("/emergency");
    let service = &school.house.service;
    let keys = &school.house.snapshot.keys;
    for by_a_new_code in [false, true] {
        let id = EmergencyId::fresh(world.now(), &*service.chance).unwrap();
        let review = Review {
            id,
            at: school.house.second(),
            reason: Note::parse("Fire in the office").unwrap(),
            network: [1; 16],
            code_by: school.administrator.id,
            signed: None,
        };
        let open = emergency::opening_review(service, school.house.id(), keys, &review).unwrap();
        assert!(school.house.commit(&[open]).await);
        let guest = school.house.with_session(&world, Subject::Emergency(id), 0).await;
        assert_eq!(guest.get(&school.appointments()).await.status, 200);
        let end = school.path(&format!("/emergency/{id}/end"));
        guest.post(&end, &json!({})).await.refused(403, "not_allowed");
        if by_a_new_code {
            assert_eq!(administrator.post(&path, &json!({})).await.status, 201);
        } else {
            assert!(administrator.page(&path).await.text.contains(&format!("action=\"{end}\"")));
            let ended = administrator.submit(&end, &[]).await;
            assert_eq!(ended.status, 303, "{}", ended.text);
        }
        guest.get(&school.appointments()).await.refused(401, "sign_in_needed");
        let page = administrator.page(&path).await;
        assert!(!page.text.contains(&end), "there is nothing left to end");
        // Once more is done already, and leaves no second record.
        let again = administrator.post(&end, &json!({})).await.json();
        assert_eq!((&again["running"], &again["signed"]), (&json!(false), &json!(false)));
        let records = school.records().await;
        let ends = records.iter().filter(|entry| {
            entry.record.action == Deed::SessionsEnded && entry.record.about == About::Emergency(id)
        });
        assert_eq!(ends.count(), 1);
    }
    world.cloud.stop().await;
}

#[tokio::test]
async fn who_helps_is_counted_down_by_the_shorter_times_of_both_and_can_sign_out_there() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let supporter = supporter(&school).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let wish = json!({ "supporter": supporter.id.to_string(), "reason": "Reports.", "hours": 1 });
    assert_eq!(administrator.post(&school.path("/support"), &wish).await.status, 201);
    let seconds = |text: &str| {
        let (_, rest) = text.split_once("data-left=\"").unwrap();
        rest.split('"').next().unwrap().parse::<u64>().unwrap()
    };
    for (operator, here) in [(5, 30), (30, 5)] {
        world.secure(school.operator.id(), |draft| draft.idle_minutes = operator).await;
        world.secure(school.house.id(), |draft| draft.idle_minutes = here).await;
        let sam = school.operator.signed_in(&world, &supporter).await;
        let page = sam.page(&school.appointments()).await;
        assert_eq!(seconds(&page.text), 300);
        assert!(page.text.contains("data-path=\"/west-school/session\""), "{}", page.text);
        let left = sam.get("/west-school/session").await.json();
        assert_eq!(left["seconds_left"], 300);
    }
    let sam = school.operator.signed_in(&world, &supporter).await;
    let page = sam.page(&school.appointments()).await;
    let (_, rest) = page.text.split_once("name=\"form_token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap().to_owned();
    let stays = sam.submit_bare("/west-school/session", &[("form_token", &token)]).await;
    assert_eq!(stays.status, 200, "{}", stays.text);
    let out = sam.submit_bare("/west-school/sign-out", &[("form_token", &token)]).await;
    assert_eq!(out.status, 303, "{}", out.text);
    sam.get(&school.appointments()).await.refused(401, "sign_in_needed");
    sam.get("/operator/session").await.refused(401, "sign_in_needed");
    let records = world.records(school.operator.id()).await;
    let outs = records.iter().filter(|record| record.action == Deed::SignOut);
    assert_eq!(outs.count(), 1);
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_operator_suspends_and_reinstates_an_organization_and_keeps_the_list_of_helpers() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    let owner = school.operator.member("olga.operator", Level::Administrator).await;
    let olga = school.operator.signed_in(&world, &owner).await;
    let list = olga.get("/operator/manage/organizations").await.json();
    let names: Vec<_> = list["organizations"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|one| one["web_name"] == "west-school" && one["state"] == "active"));
    let path = format!("/operator/manage/organizations/{}", school.house.id());
    assert_eq!(olga.post(&format!("{path}/suspend"), &json!({})).await.status, 200);
    // Approving is for who waits for it.
    olga.post(&format!("{path}/approve"), &json!({})).await.refused(409, "conflict");
    world.advance("PT2S").await;
    assert_eq!(world.get("/west-school").await.status, 404);
    let again = olga.submit(&format!("{path}/reinstate"), &[]).await;
    assert_eq!(again.status, 303, "{}", again.text);
    world.advance("PT2S").await;
    assert_eq!(world.get("/west-school").await.status, 200);

    // The organization's own trail says who it was.
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    let trail = administrator.get(&school.path("/audit?action=organization_suspended")).await;
    assert_eq!(trail.json()["records"][0]["who"], "olga.operator, for the operator");

    let member = school.operator.member("sam.support", Level::Viewer).await;
    let listed = format!("/operator/manage/members/{}/supporter", member.id);
    assert_eq!(olga.post(&listed, &json!({ "supporter": "yes" })).await.status, 200);
    assert!(school.operator.find(member.id).await.unwrap().supporter);
    // Nobody but the operator decides, and an organization's administrator has no such pages.
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    administrator.get(&school.path("/organizations")).await.refused(403, "not_allowed");
    administrator.get("/operator/manage/organizations").await.refused(401, "sign_in_needed");
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_audit_trail_is_read_by_day_newest_first_by_person_and_by_deed_a_hundred_at_a_time() {
    let world = World::start().await;
    let school = School::in_(&world).await;
    two_families(&world, &school.place).await;
    let administrator = school.house.signed_in(&world, &school.administrator).await;
    for _ in 0..105 {
        assert_eq!(administrator.get(&school.appointments()).await.status, 200);
    }
    let path = school.path("/audit?action=data_shown");
    let first = administrator.get(&path).await.json();
    let records = first["records"].as_array().unwrap();
    assert_eq!(records.len(), 100);
    assert!(records.windows(2).all(|pair| pair[0]["id"].as_str() > pair[1]["id"].as_str()));
    let next = first["next"].as_str().unwrap();
    let rest = administrator.get(next).await.json();
    assert!(rest["records"].as_array().unwrap().len() < 100 && rest["next"].is_null(), "{rest}");

    let booked = administrator.get(&school.path("/audit?action=booking_made")).await.json();
    assert_eq!(booked["records"].as_array().unwrap().len(), 2);
    let own = school.path(&format!("/audit?actor={}", school.administrator.id));
    let page = administrator.page(&own).await;
    assert!(page.text.contains("adam.admin") && page.text.contains("Saw personal data"));
    let before = administrator.get(&school.path("/audit?day=2026-11-29")).await.json();
    assert_eq!(before["records"].as_array().unwrap().len(), 0);
    administrator.get(&school.path("/audit?day=tomorrow")).await.refused(400, "invalid");
    world.cloud.stop().await;
}

#[tokio::test]
async fn the_teams_of_the_demonstration_are_invited_and_have_no_password() {
    let options = kept::Options {
        demonstration: true,
        starts_at: Some(crate::world::BEGINNING.parse().unwrap()),
        ..kept::Options::default()
    };
    let cloud = kept::LocalCloud::start(options).await.unwrap();
    assert!(cloud.settle().await);
    let client = reqwest::Client::new();
    let mails = client.get(format!("{}/_local/mail", cloud.address())).send().await.unwrap();
    let mails: Value = serde_json::from_str(&mails.text().await.unwrap()).unwrap();
    let mails = mails["mail"].as_array().unwrap();
    for (address, link) in [
        ("robin@maple-street-school.example", "/maple-street-school/invitation/"),
        ("aoife@harbor-clinic.example", "/harbor-clinic/invitation/"),
        ("olga@operator.example", "/operator/invitation/"),
    ] {
        let found = mails.iter().find(|mail| mail["to"][0] == address);
        let found = found.unwrap_or_else(|| panic!("no invitation to {address}"));
        assert!(found["text"].as_str().unwrap().contains(link));
    }
    assert_eq!(mails.len(), 11);
    cloud.stop().await;
}
