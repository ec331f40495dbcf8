//! Tables as the template describes them.

use super::document::{Problem, referenced};
use serde_json::json;
use serde_yaml_ng::Value;

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The logical id, which is the table's name on this machine.
    pub name: String,
    /// The attributes that keys use, with their types.
    pub attributes: Vec<Attribute>,
    /// The names of the partition key and, where there is one, the sort key.
    pub key: Vec<String>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// What a stream record carries, where there is a stream.
    pub stream_view: Option<String>,
    /// The attribute after whose time an item is removed.
    pub expires: Option<String>,
    /// Whether it must be unprotected before it can be deleted.
    pub protected: bool,
    /// How many days back every moment can be restored; `None` for not at all.
    pub recovery: Option<u32>,
}

/// A key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// `S`, `N` or `B`.
    pub kind: String,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The names of its partition key and sort key.
    pub key: Vec<String>,
    /// `KEYS_ONLY`, `INCLUDE` or `ALL`.
    pub projection: String,
    /// What `INCLUDE` includes.
    pub included: Vec<String>,
}

impl Table {
    /// The CreateTable call that makes it.
    #[must_use]
    pub fn creation(&self) -> serde_json::Value {
        let mut request = json!({
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": self.attributes.iter().map(|attribute| {
                json!({"AttributeName": attribute.name, "AttributeType": attribute.kind})
            }).collect::<Vec<_>>(),
            "KeySchema": key_schema(&self.key),
            "DeletionProtectionEnabled": self.protected,
        });
        if !self.indexes.is_empty() {
            request["GlobalSecondaryIndexes"] = self.indexes.iter().map(Index::creation).collect();
        }
        if let Some(view) = &self.stream_view {
            request["StreamSpecification"] = json!({"StreamEnabled": true, "StreamViewType": view});
        }
        request
    }
}

impl Index {
    fn creation(&self) -> serde_json::Value {
        let mut projection = json!({"ProjectionType": self.projection});
        if !self.included.is_empty() {
            projection["NonKeyAttributes"] = json!(self.included);
        }
        json!({"IndexName": self.name, "KeySchema": key_schema(&self.key), "Projection": projection})
    }
}

fn key_schema(key: &[String]) -> serde_json::Value {
    key.iter()
        .zip(["HASH", "RANGE"])
        .map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind}))
        .collect()
}

pub(super) fn table(name: &str, place: &str, properties: &Value) -> Result<Table, Problem> {
    let attributes = list(properties, "AttributeDefinitions")
        .map(|attribute| {
            Some(Attribute {
                name: text(attribute, "AttributeName")?,
                kind: text(attribute, "AttributeType")?,
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Problem::at(place, "its AttributeDefinitions are malformed"))?;
    let indexes = list(properties, "GlobalSecondaryIndexes")
        .map(|index| {
            let projection = index.get("Projection")?;
            Some(Index {
                name: text(index, "IndexName")?,
                key: key(index)?,
                projection: text(projection, "ProjectionType")?,
                included: super::strings(projection.get("NonKeyAttributes")),
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Problem::at(place, "its GlobalSecondaryIndexes are malformed"))?;
    if properties.get("LocalSecondaryIndexes").is_some() {
        return Err(Problem::at(place, "the local cloud does not make local secondary indexes"));
    }
    let expires = properties
        .get("TimeToLiveSpecification")
        .filter(|rule| rule.get("Enabled").and_then(Value::as_bool) == Some(true))
        .and_then(|rule| text(rule, "AttributeName"));
    Ok(Table {
        name: name.to_owned(),
        key: key(properties).ok_or_else(|| Problem::at(place, "its KeySchema is malformed"))?,
        attributes,
        indexes,
        stream_view: properties
            .get("StreamSpecification")
            .and_then(|stream| text(stream, "StreamViewType")),
        expires,
        protected: protected(properties),
        recovery: recovery(properties),
    })
}

/// A table that may have replicas in other regions. Only the one in the stack's
/// own region is made here.
pub(super) fn global_table(name: &str, place: &str, properties: &Value) -> Result<Table, Problem> {
    let home = list(properties, "Replicas")
        .find(|replica| {
            let region = replica.get("Region").and_then(referenced);
            region.as_deref() == Some("AWS::Region")
        })
        .ok_or_else(|| Problem::at(place, "none of its Replicas is in the stack's own region"))?;
    Ok(Table {
        protected: protected(home),
        recovery: recovery(home),
        ..table(name, place, properties)?
    })
}

fn protected(owner: &Value) -> bool {
    owner.get("DeletionProtectionEnabled").and_then(Value::as_bool) == Some(true)
}

/// DynamoDB's own period, where the template names none.
pub(crate) const DEFAULT_RECOVERY_DAYS: u32 = 35;

fn recovery(owner: &Value) -> Option<u32> {
    let rule = owner.get("PointInTimeRecoverySpecification")?;
    if rule.get("PointInTimeRecoveryEnabled").and_then(Value::as_bool) != Some(true) {
        return None;
    }
    let days = rule.get("RecoveryPeriodInDays").and_then(Value::as_u64);
    Some(days.and_then(|days| u32::try_from(days).ok()).unwrap_or(DEFAULT_RECOVERY_DAYS))
}

fn key(owner: &Value) -> Option<Vec<String>> {
    let parts: Vec<(String, String)> = list(owner, "KeySchema")
        .map(|part| Some((text(part, "AttributeName")?, text(part, "KeyType")?)))
        .collect::<Option<_>>()?;
    let find = |kind: &str| parts.iter().find(|(_, is)| is == kind).map(|(name, _)| name.clone());
    let partition = find("HASH")?;
    Some(std::iter::once(partition).chain(find("RANGE")).collect())
}

fn list<'a>(owner: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    owner.get(name).and_then(Value::as_sequence).into_iter().flatten()
}

fn text(owner: &Value, name: &str) -> Option<String> {
    owner.get(name).and_then(Value::as_str).map(str::to_owned)
}
