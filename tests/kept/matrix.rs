//! The matrix: every route of the template, asked by everybody there is, about
//! what is their own, another organization's, and nobody's. What each is
//! answered with stands in `matrix.txt`; a route or a level that is not there
//! fails. What is another organization's is answered to the byte as what does
//! not exist, and so is what is one's own organization's and not covered.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::audit::{About, Action as Deed, Actor, Record};
use shared::dependent::{self, Claim};
use shared::erasure;
use shared::identity::access::{Coverage, Level};
use shared::identity::emergency::{self, Review};
use shared::identity::member::rules::new;
use shared::identity::member::{Newcomer, State};
use shared::identity::pass::{self, Carried, Purpose};
use shared::identity::support::{self, Grant};
use shared::identity::{Member, Subject};
use shared::ids::{BookingId, EmergencyId, MemberId, PersonId, SupportGrantId};
use shared::organization::WebName;
use shared::participant::Allowances;
use shared::personal::{Identifier, Note, SecurityValue};
use shared::retention::hold::{self, Hold, On};
use shared::vault::LinkPurpose;
use shared::web::assets;

use crate::identity::scene::House;
use crate::personas::Persona;
use crate::world::{Answer, Place, Plan, World, fresh_key};

/// What everybody is answered with. After a change of the access table, look
/// at each line that differs before you write it here.
const TABLE: &str = include_str!("matrix.txt");

/// Everybody, in the order of the table's columns: of the organization that is
/// asked, then of another one; last, an administrator of the operator's, who
/// asks there.
const EVERYBODY: [&str; 18] = [
    "nobody",
    "participant",
    "viewer",
    "maker",
    "resource_administrator",
    "event_administrator",
    "administrator",
    "support",
    "emergency",
    "other_participant",
    "other_viewer",
    "other_maker",
    "other_resource_administrator",
    "other_event_administrator",
    "other_administrator",
    "other_support",
    "other_emergency",
    "operator",
];

/// A random id, of the length that most have.
const NOBODYS: &str = "06h2oks2vtuspf3js6qadl7guo";

/// An organization with somebody of each kind.
struct Side {
    house: House,
    place: Place,
    /// Somebody whose appointment stands.
    person: PersonId,
    /// An appointment that may be cancelled.
    booking: BookingId,
    /// Somebody, and somebody else's appointment, at an event that nobody of the
    /// team covers but administrators.
    uncovered: (PersonId, BookingId),
    /// The link of an appointment that stands.
    link: String,
    members: BTreeMap<&'static str, Member>,
    supporter: Member,
}

struct Scene<'a> {
    world: &'a World,
    operator: House,
    owner: Member,
    here: Side,
    there: Side,
    /// An organization to be decided upon.
    decided: House,
    /// Somebody who was let in, to be put out again.
    helper: Member,
}

impl Side {
    async fn of(world: &World, operator: &House, web_name: &'static str) -> Self {
        let place = world.found(Plan { web_name, ..Plan::school() }).await;
        let plan = Plan { web_name, ..Plan::school() };
        let fairs = Place {
            event: world.add_event(&place.organization, &plan, "fairs").await,
            organization: place.organization.clone(),
            path: format!("/{web_name}/fairs"),
        };
        let mut house = House::of(world, place.organization.id).await;
        let slots = world.slots(&place).await;
        let slot = |nth: usize| slots[nth]["id"].as_str().unwrap().to_owned();
        let book = async |name: &str, nth: usize| {
            world.visitor(&format!("{name} of {web_name}")).books(&place, &slot(nth)).await
        };
        let stays = book("Maria", 0).await;
        let goes = book("Paul", 1).await;
        let by_link = book("Nina", 2).await;
        let hides = async |name: &str| {
            let visitor = world.visitor(&format!("{name} of {web_name}"));
            visitor.books(&fairs, &world.slot(&fairs, 0).await).await
        };
        // The one appointment is cancelled by who may; the other person's stands.
        let (hidden, stays_hidden) = (hides("Hanna").await, hides("Olaf").await);
        let link = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        let id = |url: &str| BookingId::parse(&link(url)[..26]).unwrap();
        let service = world.service();
        let keys = house.snapshot.keys.clone();
        let find = async |id: BookingId| {
            let found = shared::booking::store::find(service, house.id(), &keys, id).await;
            found.unwrap().unwrap()
        };
        let kept = find(id(&stays)).await;
        let uncovered = (find(id(&stays_hidden)).await.person, id(&hidden));
        let mut members = BTreeMap::new();
        let coverage = Coverage::only([place.event.id], []).unwrap();
        for level in Level::ALL {
            let member = house.covering(level.word(), level, coverage.clone()).await;
            members.insert(level.word(), member);
        }
        let supporter = operator.member(&format!("support.{web_name}"), Level::Viewer).await;
        let supporter = operator.change(&supporter, &supporter.as_supporter(true)).await.unwrap();
        house = House::of(world, place.organization.id).await;
        let side = Self {
            person: kept.person,
            uncovered,
            booking: id(&goes),
            link: link(&by_link),
            house,
            place,
            members,
            supporter,
        };
        side.let_in(&side.supporter).await;
        side
    }

    async fn let_in(&self, supporter: &Member) {
        let house = &self.house;
        let grant = Grant::new(
            SupportGrantId::fresh(house.now(), &*house.service.chance).unwrap(),
            supporter.id,
            self.members["administrator"].id,
            Note::parse("A list is empty").unwrap(),
            house.second(),
            house.second() + support::LONGEST,
        );
        support::grant(&house.service, &house.snapshot, &grant.unwrap(), [0; 16]).await.unwrap();
    }

    /// Keeps the person's data from being deleted.
    async fn hold(&self) {
        let house = &self.house;
        let hold = Hold {
            on: On::Person(self.person),
            reason: Note::parse("A dispute").unwrap(),
            by: self.members["administrator"].id,
            since: house.second(),
        };
        let keys = &house.snapshot.keys;
        let placing = hold::placing(&house.service, house.id(), keys, &hold).unwrap();
        assert!(house.commit(&[placing]).await);
    }

    async fn review(&self) -> EmergencyId {
        let house = &self.house;
        let review = Review {
            id: EmergencyId::fresh(house.now(), &*house.service.chance).unwrap(),
            at: house.second(),
            reason: Note::parse("Fire").unwrap(),
            network: [0; 16],
            code_by: MemberId::from_bytes([9; 16]),
            signed: None,
        };
        let keys = &house.snapshot.keys;
        let open = emergency::opening_review(&house.service, house.id(), keys, &review).unwrap();
        assert!(house.commit(&[open]).await);
        review.id
    }

    /// A pass of a purpose for one of the members, as the link in a mail.
    async fn pass(&self, purpose: Purpose) -> String {
        let house = &self.house;
        let keys = &house.snapshot.keys;
        let subject = match purpose {
            Purpose::SignIn => Subject::Participant(self.person),
            Purpose::Invitation => Subject::Member(victim(house, State::Invited).await.id),
            _ => Subject::Member(self.members["viewer"].id),
        };
        // As it is now: an address proven before has moved it on.
        let present = house.find(self.members["viewer"].id).await.unwrap();
        let owner = pass::Owner { subject, epoch: Some(present.epoch.into()) };
        let carried = Carried::new("maria@example.org");
        let (now, carried) = (house.now(), Some(&carried));
        let issued = pass::issue(&house.service, house.id(), keys, owner, purpose, carried, now);
        let (write, nonce) = issued.unwrap();
        assert!(house.commit(&[write]).await);
        pass::link(keys, subject, purpose, nonce)
    }
}

/// Somebody new about whom something is done.
async fn victim(house: &House, state: State) -> Member {
    let somebody = house.somebody("victim", Level::Viewer);
    let newcomer = Newcomer {
        username: shared::identity::Username::parse(&somebody.id.to_string()).unwrap(),
        id: somebody.id,
        name: somebody.name.clone(),
        email: somebody.email.clone(),
        level: Level::Viewer,
        coverage: Coverage::nothing(),
    };
    let member = new(newcomer, state, house.second());
    house.create(&member, Vec::new()).await.unwrap();
    member
}

impl<'a> Scene<'a> {
    async fn new(world: &'a World) -> Self {
        let operator = House::operator(world).await;
        let owner = operator.member("owner", Level::Administrator).await;
        let here = Side::of(world, &operator, "west-school").await;
        let there = Side::of(world, &operator, "east-school").await;
        // An event that only the other organization has.
        let event = shared::event::Event {
            id: shared::ids::EventId::fresh(world.now(), &*world.service().chance).unwrap(),
            web_name: WebName::parse("screenings").unwrap(),
            ..there.place.event.clone()
        };
        shared::event::store::put(world.service(), there.house.id(), &event).await.unwrap();
        let decided =
            House::found(world, Plan { web_name: "decided-school", ..Plan::school() }).await;
        // Somebody there has asked to delete it.
        let by = MemberId::from_bytes([9; 16]);
        let record = Record::of(Actor::Member(by), Deed::ErasureAsked, About::Organization);
        let service = world.service();
        erasure::ask(service, &decided.snapshot, by, &record, world.now()).await.unwrap();
        world.advance("PT2S").await;
        let decided = House::of(world, decided.id()).await;
        let helper = operator.member("helper", Level::Viewer).await;
        let helper = operator.change(&helper, &helper.as_supporter(true)).await.unwrap();
        here.let_in(&helper).await;
        // Whoever may ask for a deletion is told why it cannot be, and everybody
        // after them still finds the same person.
        here.hold().await;
        world.advance("PT2S").await;
        Self { world, operator, owner, here, there, decided, helper }
    }

    /// Somebody with a session of their own for this one request.
    async fn persona(&self, who: &str) -> (Persona<'a>, Option<(Subject, &'static str)>) {
        let (side, kind, name) = match who.strip_prefix("other_") {
            Some(kind) => (&self.there, kind, "there"),
            None => (&self.here, who, "here"),
        };
        let world = self.world;
        let (house, subject, epoch) = match kind {
            "nobody" => return (Persona::nobody(world), None),
            "participant" => (&side.house, Subject::Participant(side.person), 0),
            "emergency" => (&side.house, Subject::Emergency(side.review().await), 0),
            "support" => (&self.operator, Subject::Member(side.supporter.id), side.supporter.epoch),
            "operator" => {
                let present = self.operator.find(self.owner.id).await.unwrap();
                (&self.operator, Subject::Member(self.owner.id), present.epoch)
            }
            level => {
                let member = &side.members[level];
                let present = side.house.find(member.id).await.unwrap();
                (&side.house, Subject::Member(member.id), present.epoch)
            }
        };
        (house.with_session(world, subject, epoch).await, Some((subject, name)))
    }

    /// The path of a route with the ids of one kind in it.
    async fn path(&self, route: &Route, who: &str, kind: &str, subject: Option<Subject>) -> String {
        let at = if who == "operator" { "operator" } else { "west-school" };
        let mut path = route.path.replace("{organization}", at);
        while let Some(start) = path.find('{') {
            let end = start + path[start..].find('}').unwrap();
            let name = path[start + 1..end].to_owned();
            let value = self.id(route, &name, who, kind, subject).await;
            path.replace_range(start..=end, &value);
        }
        path
    }

    async fn id(
        &self,
        route: &Route,
        name: &str,
        who: &str,
        kind: &str,
        subject: Option<Subject>,
    ) -> String {
        let nobodys = match name {
            "event" => "nothing-here".to_owned(),
            "file" => "nothing.css".to_owned(),
            "link" if route.path.contains("/bookings/") || route.path.contains("/confirm/") => {
                NOBODYS.repeat(2)
            }
            "link" if route.path.starts_with("/certificates/") => NOBODYS.repeat(3),
            "link" => format!("m{}", NOBODYS.repeat(2)),
            _ => NOBODYS.to_owned(),
        };
        if kind == "random" {
            return nobodys;
        }
        let at_operator = who == "operator";
        if kind == "uncovered" {
            let (person, booking) = self.here.uncovered;
            return match name {
                "event" => "fairs".into(),
                "person" => person.to_string(),
                "booking" => booking.to_string(),
                _ => nobodys,
            };
        }
        let side = if kind == "own" { &self.here } else { &self.there };
        let own = kind == "own";
        match name {
            "event" if own && !at_operator => "conferences".into(),
            "event" => "screenings".into(),
            "file" if own => assets::stylesheet().path.rsplit('/').next().unwrap().to_owned(),
            "person" if !(at_operator && own) => side.person.to_string(),
            "booking" if !(at_operator && own) => side.booking.to_string(),
            "member" if route.path.contains("/support/") && own => self.helper.id.to_string(),
            "member" if route.path.contains("/support/") => side.supporter.id.to_string(),
            "member" => {
                let invited = route.path.ends_with("/invite");
                let state = if invited { State::Invited } else { State::Active };
                let house = if own && at_operator { &self.operator } else { &side.house };
                victim(house, state).await.id.to_string()
            }
            "dependent" if !(at_operator && own) => {
                self.dependent(side, subject.filter(|_| own)).await
            }
            "review" if !(at_operator && own) => side.review().await.to_string(),
            "id" if own => self.decided.id().to_string(),
            "id" => self.operator.id().to_string(),
            "session" => match subject.filter(|_| own) {
                Some(subject) => {
                    let house = match (at_operator, subject) {
                        (false, Subject::Member(id)) if id != self.here.supporter.id => {
                            if who.starts_with("other_") {
                                &self.there.house
                            } else {
                                &self.here.house
                            }
                        }
                        (false, Subject::Participant(_) | Subject::Emergency(_)) => {
                            if who.starts_with("other_") {
                                &self.there.house
                            } else {
                                &self.here.house
                            }
                        }
                        _ => &self.operator,
                    };
                    house.open(subject, 1, None, house.second()).await.1.id.to_string()
                }
                None => {
                    let subject = Subject::Member(self.there.members["viewer"].id);
                    let house = &self.there.house;
                    house.open(subject, 1, None, house.second()).await.1.id.to_string()
                }
            },
            "link" if route.path.starts_with("/certificates/") => self.certificate(side, own).await,
            "link" => self.link(route, side).await,
            // Nobody here has one: all of them are alike.
            _ => nobodys,
        }
    }

    /// A fresh dependent, attached where a participant asks about their own.
    async fn dependent(&self, side: &Side, subject: Option<Subject>) -> String {
        let organization = &side.place.organization;
        let identifier = fresh_key();
        let dependent =
            self.world.dependent(organization, "Maya", &identifier, "a secret").await.unwrap();
        // Elsewhere nobody knows them, nor may they be known from here on.
        let person = match subject {
            Some(Subject::Participant(person)) => Some(person),
            _ => None,
        };
        if let Some(person) = person.filter(|person| *person == side.person) {
            let service = self.world.service();
            let desk = dependent::store::Desk {
                service,
                allowances: &Allowances::default(),
                organization: organization.id,
                keys: &side.house.snapshot.keys,
                now: self.world.now(),
            };
            let claim = Claim {
                identifier: Identifier::parse(&identifier).unwrap(),
                security: SecurityValue::parse("a secret").unwrap(),
            };
            dependent::store::attach(desk, person, &claim, [0; 16]).await.unwrap();
        }
        dependent.id.to_string()
    }

    /// The link of an erasure's certificate, which opens for whoever has it; of
    /// the other organization, one that the operator never gave out.
    async fn certificate(&self, side: &Side, own: bool) -> String {
        let operator = &self.operator.snapshot.keys;
        let waits = self.decided.snapshot.erasure.expect("an erasure that waits");
        let keys = if own { operator } else { &side.house.snapshot.keys };
        shared::certificate::link::of(keys, self.decided.id(), waits.deletion)
    }

    async fn link(&self, route: &Route, side: &Side) -> String {
        let purpose = |part: &str| route.path.contains(part);
        if purpose("/bookings/") {
            side.link.clone()
        } else if purpose("/confirm/") {
            let id = BookingId::parse(&side.link[..26]).unwrap();
            side.house.snapshot.keys.link(LinkPurpose::Confirm, id, 1)
        } else if purpose("/reset/") {
            side.pass(Purpose::Reset).await
        } else if purpose("/invitation/") {
            side.pass(Purpose::Invitation).await
        } else if purpose("/sign-in/") {
            side.pass(Purpose::SignIn).await
        } else if purpose("/email/") {
            side.pass(Purpose::ConfirmEmail).await
        } else {
            side.pass(Purpose::SignUp).await
        }
    }
}

/// A route of the template.
struct Route {
    method: String,
    path: String,
}

impl Route {
    fn all(world: &World) -> Vec<Self> {
        let template = world.cloud.template();
        let routes = template.routes();
        routes
            .map(|(_, route)| Self { method: route.method.clone(), path: route.path.clone() })
            .collect()
    }

    /// The kinds of ids it is asked with: only one where it names nothing.
    fn kinds(&self) -> &'static [&'static str] {
        let covered = ["/manage/bookings/", "/manage/events/", "/manage/participants/"];
        if covered.iter().any(|part| self.path.contains(part)) {
            return &["own", "uncovered", "other", "random"];
        }
        let rest = self.path.replace("{organization}", "");
        if rest.contains('{') { &["own", "other", "random"] } else { &["-"] }
    }

    /// What is sent to it.
    fn body(&self, scene: &Scene<'_>) -> Option<Value> {
        if self.method == "GET" {
            return None;
        }
        let path = self.path.as_str();
        let of = |part: &str| path.ends_with(part);
        Some(if of("/manage/members") {
            // A username of another member: what is decided is who may ask.
            json!({
                "name": "Ann Example", "email": "ann@example.org", "username": "viewer",
                "level": "viewer", "everything": true
            })
        } else if of("/access") {
            json!({ "level": "viewer", "everything": true })
        } else if of("/supporter") {
            json!({ "supporter": "yes" })
        } else if of("/manage/security") {
            // A version that was never there.
            json!({
                "version": 999, "shortest_password": 15, "shortest_password_with_factor": 8,
                "composition": false, "password_days": 0, "failures": 10,
                "first_lock_minutes": 15, "idle_minutes": 15, "session_hours": 12,
                "factor_from": null
            })
        } else if of("/manage/retention") {
            // A version that was never there.
            json!({
                "version": 999, "bookings_days": null, "fate": "removed", "contacts_days": null,
                "notices_days": 400
            })
        } else if of("/manage/holds") || of("/manage/holds/lift") {
            // Nobody's: what is decided is who may ask.
            let id = shared::ids::EventId::from_bytes([9; 16]).to_string();
            let mut body = json!({ "on": "event", "id": id });
            if of("/holds") {
                body["reason"] = "A dispute".into();
            }
            body
        } else if of("/your-data") || of("/correct") {
            // Nobody can be called nothing: what is decided is who may ask.
            json!({ "name": "" })
        } else if of("/manage/support") {
            json!({ "supporter": scene.helper.id.to_string(), "reason": "Help", "hours": 1 })
        } else {
            json!({})
        })
    }
}

/// What tells one answer from another.
fn bytes(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    (answer.status, headers, answer.text.clone())
}

async fn ask(scene: &Scene<'_>, route: &Route, who: &str, kind: &str) -> Answer {
    let (persona, subject) = scene.persona(who).await;
    let path = scene.path(route, who, kind, subject.map(|(subject, _)| subject)).await;
    persona.send(&route.method, &path, route.body(scene).as_ref(), false).await
}

/// The table as it is checked in: a line for each route and kind.
fn expected() -> BTreeMap<String, Vec<u16>> {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let heads: Vec<&str> = lines.next().expect("the heads").split_whitespace().collect();
    assert_eq!(heads, EVERYBODY, "the heads of matrix.txt name everybody in order");
    lines
        .map(|line| {
            let (what, answers) = line.split_once('|').expect("a line of matrix.txt");
            let answers = answers.split_whitespace().map(|status| status.parse().unwrap());
            (what.split_whitespace().collect::<Vec<_>>().join(" "), answers.collect())
        })
        .collect()
}

#[test]
fn the_matrix_has_a_column_for_each_level() {
    for level in Level::ALL {
        assert!(EVERYBODY.contains(&level.word()), "{level:?}");
        assert!(EVERYBODY.contains(&format!("other_{}", level.word()).as_str()), "{level:?}");
    }
}

#[tokio::test]
async fn everybody_is_answered_as_the_matrix_says_and_what_is_anothers_as_what_is_nobodys() {
    let world = World::start().await;
    let scene = Scene::new(&world).await;
    let mut found = BTreeMap::new();
    let mut different = Vec::new();
    for route in Route::all(&world) {
        let mut answers: BTreeMap<(&str, &str), Answer> = BTreeMap::new();
        for kind in route.kinds() {
            let mut statuses = Vec::new();
            for who in EVERYBODY {
                let answer = ask(&scene, &route, who, kind).await;
                statuses.push(answer.status);
                answers.insert((*kind, who), answer);
            }
            found.insert(format!("{} {} {kind}", route.method, route.path), statuses);
        }
        for who in EVERYBODY {
            let (Some(other), Some(random)) =
                (answers.get(&("other", who)), answers.get(&("random", who)))
            else {
                continue;
            };
            if bytes(other) != bytes(random) {
                different.push(format!("{} {} for {who}", route.method, route.path));
            }
            // Nor is what one does not cover told from what is not there.
            let levels = ["viewer", "maker", "resource_administrator", "event_administrator"];
            if let Some(uncovered) = answers.get(&("uncovered", who))
                && levels.contains(&who)
                && bytes(uncovered) != bytes(random)
            {
                different.push(format!("{} {} uncovered for {who}", route.method, route.path));
            }
        }
    }
    let expected = expected();
    let mut wrong = String::new();
    for (what, statuses) in &found {
        if expected.get(what) != Some(statuses) {
            let statuses: Vec<String> = statuses.iter().map(ToString::to_string).collect();
            let _ = writeln!(wrong, "{what} | {}", statuses.join(" "));
        }
    }
    assert!(
        wrong.is_empty(),
        "matrix.txt does not say so of these, or not at all; each line is what was answered:\n{wrong}"
    );
    for what in expected.keys() {
        assert!(found.contains_key(what), "matrix.txt has a line for no route: {what}");
    }
    assert!(
        different.is_empty(),
        "what is another's or not covered is answered otherwise than what is nobody's: \
         {different:#?}"
    );
    world.cloud.stop().await;
}

/// What nobody may say of themselves or anybody else.
const NOT_TO_BE_SET: [(&str, &str); 8] = [
    ("organization", "06h2oks2vtuspf3js6qadl7guo"),
    ("role", "administrator"),
    ("verified", "yes"),
    ("proven", "yes"),
    ("state", "active"),
    ("epoch", "1"),
    ("member", "06h2oks2vtuspf3js6qadl7guo"),
    ("granted_by", "06h2oks2vtuspf3js6qadl7guo"),
];

/// Routes that nobody of the scene gets so far as to be read at: for who has
/// signed in only half, and for who has asked for an organization.
const UNHEARD: [&str; 2] = ["/sign-up/{link}", "/{organization}/sign-in/second"];

/// A body that the route's sample event has: all its fields are there and fit.
fn sampled(route: &Route) -> Value {
    let events = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    for folder in ["booking", "login", "organizer"] {
        for entry in std::fs::read_dir(events.join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let event: Value = serde_json::from_str(&text).unwrap();
            let body = event["body"].as_str().map(serde_json::from_str::<Value>);
            if event["httpMethod"] == "POST"
                && event["resource"] == route.path.as_str()
                && let Some(Ok(body @ Value::Object(_))) = body
            {
                return body;
            }
        }
    }
    json!({})
}

/// Who reaches the place at which a route reads what was sent.
fn who_is_heard(route: &Route) -> &'static str {
    let path = route.path.as_str();
    let of_the_operator = ["/manage/organizations", "/manage/backups"];
    if of_the_operator.iter().any(|of| path.contains(of)) || path.ends_with("/supporter") {
        "operator"
    } else if ["/{organization}/dependents", "/{organization}/your-data"]
        .iter()
        .any(|of| path.starts_with(of))
    {
        "participant"
    } else {
        "administrator"
    }
}

#[tokio::test]
async fn no_route_lets_anybody_set_what_is_not_theirs_to_say() {
    let world = World::start().await;
    let scene = Scene::new(&world).await;
    let mut wrong = Vec::new();
    let routes = Route::all(&world).into_iter().filter(|route| route.method == "POST");
    for route in routes.filter(|route| !UNHEARD.contains(&route.path.as_str())) {
        let (who, kind) = (who_is_heard(&route), route.kinds()[0]);
        let mut whole = sampled(&route);
        for (field, value) in route.body(&scene).unwrap().as_object().unwrap() {
            // Left empty there, so that nothing comes of it.
            if value != "" {
                whole[field] = value.clone();
            }
        }
        let (persona, subject) = scene.persona(who).await;
        let path = scene.path(&route, who, kind, subject.map(|(subject, _)| subject)).await;
        let send = async |body: &Value| persona.send("POST", &path, Some(body), false).await;
        let mut fields: Vec<(&str, &str)> = NOT_TO_BE_SET.to_vec();
        fields.push(("level", "administrator"));
        for (field, value) in fields {
            if whole.get(field).is_some() {
                continue;
            }
            let mut body = whole.clone();
            body[field] = value.into();
            let answer = send(&body).await;
            let named = || {
                let error = answer.json()["error"].clone();
                let at = error["fields"].as_array().cloned().unwrap_or_default();
                let said = |at: &Value| {
                    at["field"] == field && at["message"] == "There is no field of this name."
                };
                said(&error) || at.iter().any(said)
            };
            if answer.status != 400 || !named() {
                wrong.push(format!(
                    "{} with {field}: {} {}",
                    route.path, answer.status, answer.text
                ));
            }
        }
        // Without it, the same is understood, whatever is made of it.
        let answer = send(&whole).await;
        let shapes = ["There is no field of this name.", "Please fill this in.", "This must be "];
        if shapes.iter().any(|words| answer.text.contains(words)) {
            wrong.push(format!("{} alone: {} {}", route.path, answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    world.cloud.stop().await;
}
