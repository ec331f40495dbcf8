//! An installation with an operator and a school, and its backups.

use jiff::Timestamp;
use kept::Options;
use serde_json::{Value, json};
use shared::identity::Member;
use shared::identity::access::Level;
use shared::settings::Table;

use crate::identity::scene::House;
use crate::log;
use crate::world::{Answer, Plan, World};

/// A backup as DynamoDB lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub table: String,
    pub name: String,
    pub arn: String,
    pub taken: Timestamp,
}

pub struct Installation {
    pub world: World,
    pub operator: House,
    pub olga: Member,
    pub school: House,
    /// How many organizations there are.
    pub organizations: u64,
    /// Beside a template with another number of days.
    _folder: Option<tempfile::TempDir>,
}

impl Installation {
    /// One that keeps backups as long as is allowed.
    pub async fn new() -> Self {
        Self::with(None).await
    }

    /// One that keeps backups for so many days.
    pub async fn keeping(days: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../../template.yaml");
        let default = "    Type: Number\n    Default: 35\n";
        assert!(text.contains(default));
        let text = text.replace(default, &format!("    Type: Number\n    Default: {days}\n"));
        std::fs::write(folder.path().join("template.yaml"), text).unwrap();
        Self::with(Some(folder)).await
    }

    async fn with(folder: Option<tempfile::TempDir>) -> Self {
        let template = folder.as_ref().map(|folder| folder.path().join("template.yaml"));
        // Nothing ticks by itself: each test says when.
        let wakes = kept::Wakes::Nobody;
        let world =
            World::with(Options { faults: Some(1), wakes, template, ..Options::default() }).await;
        world.cloud.faults().inject(false);
        let operator = House::operator(&world).await;
        let olga = operator.member("olga.operator", Level::Administrator).await;
        let plan = Plan { web_name: "east-school", ..Plan::school() };
        let school = House::found(&world, plan).await;
        Self { world, operator, olga, school, organizations: 3, _folder: folder }
    }

    pub async fn stop(self) {
        self.world.cloud.stop().await;
    }

    /// The schedule fires, and what it does is awaited.
    pub async fn tick(&self) {
        let event = include_str!("../../../events/backup/schedule.json");
        let event: Value = serde_json::from_str(event).unwrap();
        self.world.cloud.call("backup", event).await.unwrap();
        assert!(self.world.cloud.settle().await, "what was begun ends");
    }

    /// Some ticks, five minutes apart.
    pub async fn ticks(&self, count: usize) {
        for _ in 0..count {
            self.tick().await;
            self.world.advance("PT5M").await;
        }
    }

    /// Ticks, of which whoever ticks dies after so many requests to DynamoDB;
    /// whether that point was come to before so many ticks were over. The claim
    /// of whoever died has lapsed then.
    pub async fn dies(&self, requests: u64, most: usize) -> bool {
        let faults = self.world.cloud.faults();
        let met = || faults.injected().iter().map(|(_, times)| times).sum::<u64>();
        let before = met();
        faults.dies_after(Some(requests));
        for _ in 0..most {
            self.tick().await;
            if met() > before {
                break;
            }
            self.world.advance("PT5M").await;
        }
        faults.dies_after(None);
        self.world.advance("PT5M").await;
        met() > before
    }

    /// The next day begins, at two in the morning.
    pub async fn next_day(&self) {
        let now = self.world.now().as_second();
        let day = 24 * 60 * 60;
        let two = (now - 2 * 60 * 60).div_euclid(day) * day + day + 2 * 60 * 60;
        self.world.advance(&format!("PT{}S", two - now + 1)).await;
    }

    /// A whole night: as many ticks as it takes when nothing is in the way.
    pub async fn night(&self) {
        self.next_day().await;
        self.ticks(3).await;
    }

    /// DynamoDB refuses to back a table up, or does it again.
    pub fn fail(&self, table: &str, on: bool) {
        let table = Table::parse(table).unwrap();
        let name = self.world.service().settings.tables.name(table);
        self.world.cloud.faults().backup_refused(name, on);
    }

    /// Every backup there is, or those of one table.
    pub async fn listed(&self, table: Option<Table>) -> Vec<Listed> {
        let service = self.world.service();
        let name = table.map(|table| service.settings.tables.name(table).to_owned());
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let list = service.dynamo.list_backups().set_table_name(name.clone());
            let answer = list.set_exclusive_start_backup_arn(from).send().await.unwrap();
            for one in answer.backup_summaries.unwrap_or_default() {
                found.push(Listed {
                    table: one.table_name.unwrap(),
                    name: one.backup_name.unwrap(),
                    arn: one.backup_arn.unwrap(),
                    taken: Timestamp::from_second(one.backup_creation_date_time.unwrap().secs())
                        .unwrap(),
                });
            }
            from = answer.last_evaluated_backup_arn;
            if from.is_none() {
                return found;
            }
        }
    }

    /// What the operator's page says, as a program reads it.
    pub async fn backups(&self) -> Value {
        let olga = self.operator.signed_in(&self.world, &self.olga).await;
        let answer = olga.get("/operator/manage/backups").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub async fn nights(&self) -> Vec<Value> {
        self.backups().await["nights"].as_array().unwrap().clone()
    }

    pub async fn drills(&self) -> Vec<Value> {
        self.backups().await["drills"].as_array().unwrap().clone()
    }

    pub async fn page(&self) -> String {
        let olga = self.operator.signed_in(&self.world, &self.olga).await;
        let answer = olga.page("/operator/manage/backups").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    }

    /// Sends nothing to a path, as somebody who has just signed in.
    pub async fn post(&self, path: &str) -> Answer {
        let olga = self.operator.signed_in(&self.world, &self.olga).await;
        olga.post(path, &json!({})).await
    }

    pub async fn submit(&self, path: &str) -> Answer {
        let olga = self.operator.signed_in(&self.world, &self.olga).await;
        olga.submit(path, &[]).await
    }

    /// How many records of something the operator's trail has.
    pub async fn recorded(&self, action: &str) -> u64 {
        let service = self.world.service();
        let mut count = 0;
        let mut from = None;
        loop {
            let answer = service
                .dynamo
                .scan()
                .table_name(&service.settings.tables.audit)
                .set_exclusive_start_key(from)
                .send()
                .await
                .unwrap();
            for item in answer.items.unwrap_or_default() {
                let operators =
                    item["pk"].as_s().unwrap().starts_with(&self.operator.id().to_string());
                let said = item.get("action").and_then(|word| word.as_s().ok());
                count += u64::from(operators && said.is_some_and(|word| word == action));
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return count;
            }
        }
    }

    /// What is logged while something is done.
    pub async fn logged(&self, deeds: impl AsyncFn()) -> String {
        log::logged(log::USUAL, deeds()).await.0
    }
}
