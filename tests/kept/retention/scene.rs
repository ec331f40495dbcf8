//! What is kept, seen from behind the domain.

use serde_json::{Value, json};
use shared::audit::Action;
use shared::dynamo::{Item, Key};
use shared::identity::Member;
use shared::identity::access::Level;
use shared::ids::{BookingId, OrganizationId};
use shared::personal::EmailAddress;
use shared::settings::Table;
use shared::{fsck, run};

use crate::identity::scene::House;
use crate::personas::Persona;
use crate::world::{Place, World};

impl World {
    /// Everything in a table.
    pub async fn everything(&self, table: Table) -> Vec<(Key, Item)> {
        let name = self.service().settings.tables.name(table);
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let scan = self.cloud.dynamo().scan().table_name(name);
            let answer = scan.set_exclusive_start_key(from).send().await.unwrap();
            let items = answer.items.unwrap_or_default().into_iter();
            found.extend(items.map(|item| (Key::of(&item).unwrap(), item)));
            from = answer.last_evaluated_key;
            if from.is_none() {
                return found;
            }
        }
    }

    /// The keys of a table's items of this kind: `booking`, `agenda#` and the like.
    pub async fn kept(&self, table: Table, sk: &str) -> Vec<Key> {
        let all = self.everything(table).await.into_iter().map(|(key, _)| key);
        let mut found: Vec<Key> = all
            .filter(|key| key.sk == sk || (sk.ends_with('#') && key.sk.starts_with(sk)))
            .collect();
        found.sort_by(|one, other| (&one.pk, &one.sk).cmp(&(&other.pk, &other.sk)));
        found
    }

    /// The ids of all bookings.
    pub async fn bookings(&self) -> Vec<BookingId> {
        let keys = self.kept(Table::Schedule, "booking").await;
        keys.iter()
            .map(|key| BookingId::parse(key.pk.split_once('#').unwrap().1).unwrap())
            .collect()
    }

    /// How many seats are taken, of all slots.
    pub async fn seats_taken(&self) -> i64 {
        let all = self.everything(Table::Schedule).await;
        let slots = all.iter().filter(|(key, _)| key.sk.starts_with("slot#"));
        slots.map(|(_, item)| item["taken"].as_n().unwrap().parse::<i64>().unwrap()).sum()
    }

    pub async fn checked(&self) -> fsck::Report {
        assert!(self.cloud.settle().await);
        let report = fsck::run_to_end(self.service()).await.unwrap();
        assert!(report.is_clean() && report.unsettled == 0, "{report}");
        report
    }
}

/// An organization with an event, and whoever administers it.
pub struct Home {
    pub place: Place,
    pub house: House,
    administrator: Member,
}

impl Home {
    pub async fn of(world: &World, place: Place) -> Self {
        let house = House::of(world, place.organization.id).await;
        let administrator = house.member("adam.admin", Level::Administrator).await;
        Self { place, house, administrator }
    }

    pub async fn school(world: &World) -> Self {
        Self::of(world, world.school().await).await
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/{}/manage{rest}", self.place.organization.web_name)
    }

    /// The administrator, just signed in.
    pub async fn administrator<'a>(&self, world: &'a World) -> Persona<'a> {
        self.house.signed_in(world, &self.administrator).await
    }

    /// Keeps things as long as this says, over HTTP.
    pub async fn keep(&self, world: &World, wish: Value) {
        let administrator = self.administrator(world).await;
        let path = self.path("/retention");
        let mut keeping = administrator.get(&path).await.json()["keeping"].clone();
        for (name, value) in wish.as_object().unwrap() {
            keeping[name] = value.clone();
        }
        let answer = administrator.post(&path, &keeping).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// What the coming night removes, over HTTP.
    pub async fn tonight(&self, world: &World) -> Value {
        let administrator = self.administrator(world).await;
        administrator.get(&self.path("/retention")).await.json()["tonight"].clone()
    }

    /// Places a hold, over HTTP.
    pub async fn hold(&self, world: &World, on: &str, id: &str) {
        let body = json!({ "on": on, "id": id, "reason": "A dispute" });
        let administrator = self.administrator(world).await;
        let answer = administrator.post(&self.path("/holds"), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// Lifts one, over HTTP.
    pub async fn lift(&self, world: &World, on: &str, id: &str) {
        let administrator = self.administrator(world).await;
        let body = json!({ "on": on, "id": id });
        let answer = administrator.post(&self.path("/holds/lift"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub fn person(&self, email: &str) -> String {
        let email = EmailAddress::parse(email).unwrap();
        self.house.snapshot.keys.person(&email).to_string()
    }
}

impl World {
    /// Moves the clock to this moment.
    pub async fn reaches(&self, moment: &str) {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        let seconds = moment.as_second() - self.now().as_second();
        assert!(seconds > 0, "it is later than {moment}");
        // A fraction of a second more, so that the moment has come.
        self.advance(&format!("PT{}S", seconds + 1)).await;
    }

    /// One tick of the function, as its schedule wakes it.
    pub async fn tick(&self) {
        let event = json!({ "detail-type": "Scheduled Event", "source": "aws.events" });
        self.cloud.call("retention", event).await.unwrap();
    }

    /// Ticks until no night is under way.
    pub async fn night(&self) {
        let nights = async {
            loop {
                self.tick().await;
                if run::open(self.service(), run::Kind::Retention).await.unwrap().is_empty() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let whole = tokio::time::timeout(std::time::Duration::from_secs(60), nights).await;
        whole.expect("the night ends");
        assert!(self.cloud.settle().await);
    }

    /// How much was removed, as the trail says it: part and count, in order.
    pub async fn applied(&self, organization: OrganizationId) -> Vec<(String, u32)> {
        let records = self.records(organization).await;
        let applied = records.iter().filter(|record| record.action == Action::RetentionApplied);
        applied
            .map(|record| {
                let more = &record.more;
                (more.fields[0].as_str().to_owned(), more.count.unwrap())
            })
            .collect()
    }
}
