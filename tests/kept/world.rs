//! A local cloud of a test's own, with an organization made through the domain
//! and the people who use it.

use std::sync::Arc;

use jiff::civil::{Date, date, time};
use jiff::{SignedDuration, Timestamp};
use kept::template::{EMBEDDED, EMBEDDED_NAME, Template};
use kept::{LocalCloud, Options, Wakes};
use serde_json::{Value, json};
use shared::event::{AddressProof, Event, UnprovenLimits};
use shared::ids::{EventId, OrganizationId, ResourceId};
use shared::organization::{self, Organization, PolicyVersion, State, WebName};
use shared::resource::{self, Resource};
use shared::service::Service;
use shared::slot::rules::{Stretch, fill};
use shared::slot::{self, Slot};
use shared::time::Zone;

use crate::moto::Moto;

/// The first moment of every test: a Monday noon in UTC.
pub const BEGINNING: &str = "2026-11-30T12:00:00Z";

/// A running local cloud and a client for it.
pub struct World {
    pub cloud: LocalCloud,
    pub client: reqwest::Client,
    /// Another DynamoDB, where one is asked for.
    _database: Option<Moto>,
}

/// An organization with one event, as a test wants it.
#[derive(Clone)]
pub struct Plan {
    pub web_name: &'static str,
    pub zone: &'static str,
    pub proof: AddressProof,
    pub resources: usize,
    pub capacity: u32,
    pub days: Vec<Date>,
    pub from: jiff::civil::Time,
    pub to: jiff::civil::Time,
    pub minutes: u16,
    pub unproven: UnprovenLimits,
    pub opens: Option<Timestamp>,
    pub closes: Option<Timestamp>,
}

impl Plan {
    /// Two teachers, one evening, ten-minute slots for one family each.
    pub fn school() -> Self {
        Self {
            web_name: "north-school",
            zone: "America/New_York",
            proof: AddressProof::After,
            resources: 2,
            capacity: 1,
            days: vec![date(2026, 12, 3)],
            from: time(17, 0, 0, 0),
            to: time(19, 0, 0, 0),
            minutes: 10,
            unproven: UnprovenLimits {
                per_address: 1_000,
                per_network: 100_000,
                per_event: 100_000,
            },
            opens: None,
            closes: None,
        }
    }

    /// A clinic that wants addresses proven first.
    pub fn clinic() -> Self {
        Self {
            web_name: "south-clinic",
            zone: "Europe/Dublin",
            proof: AddressProof::Before,
            minutes: 20,
            ..Self::school()
        }
    }
}

/// An organization and its event.
pub struct Place {
    pub organization: Organization,
    pub event: Event,
    pub path: String,
}

impl World {
    /// In memory, empty.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// In memory, with faults by this seed; they are off until they are switched on.
    pub async fn with_faults(seed: u64) -> Self {
        let world = Self::with(Options { faults: Some(seed), ..Options::default() }).await;
        world.cloud.faults().inject(false);
        world
    }

    pub async fn with(options: Options) -> Self {
        let options = Options {
            demonstration: false,
            starts_at: Some(BEGINNING.parse().unwrap()),
            ..options
        };
        // A failing test shows what the service logged.
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_env_filter("warn,dynoxide=error")
            .try_init();
        let database = match shared::settings::environment("KEPT_DATABASE").as_deref() {
            None | Some("engine") => None,
            Some("moto") => Some(Moto::start()),
            Some(other) => panic!("KEPT_DATABASE={other}: say moto or engine"),
        };
        let mut options = options;
        if let Some(moto) = &database {
            let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
            moto.make_tables(&template).await;
            options.database = Some(moto.address);
            options.wakes = Wakes::Nobody;
        }
        let cloud = LocalCloud::start(options).await.expect("the local cloud starts");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { cloud, client, _database: database }
    }

    pub fn service(&self) -> &Arc<Service> {
        self.cloud.service()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.address())
    }

    /// Makes an organization with its event, through the domain.
    pub async fn found(&self, plan: Plan) -> Place {
        let service = self.service();
        let now = service.clock.now();
        let zone = Zone::parse(plan.zone).unwrap();
        let organization = Organization {
            id: OrganizationId::fresh(now, &*service.chance).unwrap(),
            web_name: WebName::parse(plan.web_name).unwrap(),
            name: format!("{} (test)", plan.web_name),
            zone,
            state: State::Active,
            privacy: PolicyVersion {
                version: 3,
                effective: date(2026, 1, 1),
                text: "What we do with it.\n\nNothing else.".into(),
            },
        };
        assert!(organization::store::found(service, &organization).await.unwrap());
        let event = self.add_event(&organization, &plan, "conferences").await;
        Place { path: format!("/{}/conferences", plan.web_name), organization, event }
    }

    /// Another event of an organization.
    pub async fn add_event(
        &self,
        organization: &Organization,
        plan: &Plan,
        web_name: &str,
    ) -> Event {
        let service = self.service();
        let now = service.clock.now();
        let zone = &organization.zone;
        let keys = service.vault.keys(organization.id, now).await.unwrap().unwrap();
        let event = Event {
            id: EventId::fresh(now, &*service.chance).unwrap(),
            web_name: WebName::parse(web_name).unwrap(),
            name: "Conferences".into(),
            place: "Main building".into(),
            description: "Ten minutes each.".into(),
            resource_word: "Teacher".into(),
            zone: zone.clone(),
            address_proof: plan.proof,
            opens: plan.opens,
            closes: plan.closes,
            days: plan.days.clone(),
            unproven: plan.unproven,
        };
        let resources: Vec<Resource> = (0..plan.resources)
            .map(|number| Resource {
                id: ResourceId::fresh(&*service.chance).unwrap(),
                name: format!("Ms Number {number}"),
                place: format!("Room {number}"),
            })
            .collect();
        resource::store::put_all(service, organization.id, &keys, event.id, &resources)
            .await
            .unwrap();
        let mut slots: Vec<Slot> = Vec::new();
        for day in &plan.days {
            for resource in &resources {
                let stretch = Stretch {
                    day: *day,
                    from: plan.from,
                    to: plan.to,
                    minutes: plan.minutes,
                    pause: 0,
                    except: None,
                    capacity: plan.capacity,
                };
                slots.extend(fill(stretch, resource.id, zone).0);
            }
        }
        slot::store::put_all(service, organization.id, event.id, &slots).await.unwrap();
        shared::event::store::put(service, organization.id, &event).await.unwrap();
        event
    }

    /// A school with one event.
    pub async fn school(&self) -> Place {
        self.found(Plan::school()).await
    }

    /// A clinic with one event.
    pub async fn clinic(&self) -> Place {
        self.found(Plan::clinic()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path)).send().await.expect("an answer")).await
    }

    pub async fn page(&self, path: &str) -> Answer {
        let request = self.client.get(self.url(path)).header("accept", "text/html");
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn post(&self, url: &str, body: &Value) -> Answer {
        Answer::of(self.client.post(url).json(body).send().await.expect("an answer")).await
    }

    /// Sends a form as a browser does.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .client
            .post(self.url(path))
            .header("accept", "text/html,application/xhtml+xml")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", "null")
            .body(body);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// The free slots of an event, following `next` to the end.
    pub async fn slots(&self, place: &Place) -> Vec<Value> {
        let mut found = Vec::new();
        let mut path = format!("{}/slots", place.path);
        loop {
            let answer = self.get(&path).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            found.extend(answer.json()["slots"].as_array().unwrap().clone());
            match answer.json()["next"].as_str() {
                Some(next) => path = next.to_owned(),
                None => return found,
            }
        }
    }

    /// The id of the nth free slot.
    pub async fn slot(&self, place: &Place, nth: usize) -> String {
        self.slots(place).await[nth]["id"].as_str().unwrap().to_owned()
    }

    /// The mails that an address got, once everything is delivered.
    pub async fn mails(&self, address: &str) -> Vec<Value> {
        assert!(self.cloud.settle().await, "the streams did not drain");
        let answer = self.get("/_local/mail").await;
        let to = Value::from(address);
        let mails = answer.json()["mail"].as_array().unwrap().clone();
        mails.into_iter().filter(|mail| mail["to"].as_array().unwrap().contains(&to)).collect()
    }

    /// Waits until a notice could not be delivered.
    pub async fn notice_failed(&self) {
        let failed = async {
            while self.cloud.streams().iter().all(|stream| stream.failed_attempts == 0) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), failed)
            .await
            .expect("the notice was tried");
    }

    pub async fn advance(&self, by: &str) {
        let answer = self.post(&self.url("/_local/clock"), &json!({ "advance": by })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub fn now(&self) -> Timestamp {
        self.service().clock.now()
    }

    /// A visitor nobody has seen before.
    pub fn visitor(&self, name: &str) -> Visitor<'_> {
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        Visitor { world: self, name: name.to_owned(), email }
    }
}

/// Somebody who books.
pub struct Visitor<'a> {
    pub world: &'a World,
    pub name: String,
    pub email: String,
}

impl Visitor<'_> {
    /// What this visitor sends to book a slot.
    pub fn wish(&self, slot: &str) -> Value {
        json!({ "slot": slot, "name": self.name, "email": self.email })
    }

    /// Books under a fresh idempotency key.
    pub async fn book(&self, place: &Place, slot: &str) -> Answer {
        self.book_with_key(place, slot, &fresh_key()).await
    }

    pub async fn book_with_key(&self, place: &Place, slot: &str, key: &str) -> Answer {
        self.send(place, &self.wish(slot), key).await
    }

    pub async fn send(&self, place: &Place, wish: &Value, key: &str) -> Answer {
        let request = self
            .world
            .client
            .post(self.world.url(&format!("{}/bookings", place.path)))
            .header("idempotency-key", key)
            .json(wish);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// Books and expects it to stand; the booking's own address.
    pub async fn books(&self, place: &Place, slot: &str) -> String {
        let answer = self.book(place, slot).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["manage_url"].as_str().unwrap().to_owned()
    }

    pub async fn cancel(&self, manage_url: &str) -> Answer {
        self.world.post(&format!("{manage_url}/cancel"), &json!({})).await
    }

    pub async fn move_to(&self, manage_url: &str, slot: &str) -> Answer {
        self.world.post(&format!("{manage_url}/move"), &json!({ "slot": slot })).await
    }

    /// The path of the link that the visitor's mail holds for this purpose.
    pub async fn mailed_link(&self, part: &str) -> String {
        let mails = self.world.mails(&self.email).await;
        let text = mails.last().expect("a mail")["text"].as_str().unwrap().to_owned();
        let start = text.find(self.world.cloud.address()).expect("a link in the mail");
        let links = text[start..].split_whitespace().filter(|word| word.starts_with("http"));
        let link = links.into_iter().find(|link| link.contains(part)).expect("such a link");
        link.trim_start_matches(self.world.cloud.address()).trim_end_matches(['.', '>']).to_owned()
    }
}

/// A fresh idempotency key.
pub fn fresh_key() -> String {
    use shared::ambient::Chance as _;
    let mut bytes = [0; 16];
    shared::ambient::SystemChance.fill(&mut bytes).unwrap();
    shared::ids::to_text(&bytes)
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a text"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails unless this is a refusal of this status and kind, in the shape
    /// that every refusal has.
    pub fn refused(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let error = self.json()["error"].clone();
        assert_eq!(error["kind"], kind, "{}", self.text);
        assert!(error["message"].as_str().is_some_and(|words| words.len() > 10), "{}", self.text);
        error
    }
}

/// An hour, for tests that count in them.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
