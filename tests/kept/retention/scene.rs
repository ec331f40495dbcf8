//! What is kept, seen from behind the domain.

use shared::dynamo::{Item, Key};
use shared::fsck;
use shared::ids::BookingId;
use shared::settings::Table;

use crate::world::World;

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
