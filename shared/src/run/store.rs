//! Runs in the Run table.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Kind, LEASE, Overtaken, REMEMBERED, Run, Which};
use crate::dynamo::{self, Item, Key, Write, keys};
use crate::ids::{OrganizationId, RunId};
use crate::service::Service;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row<S> {
    pk: String,
    sk: String,
    begun: i64,
    /// Raised by every claim and every save: who was overtaken notices.
    version: u64,
    state: S,
    /// The index partition of what has not ended; taken away at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_since: Option<i64>,
    /// Until when somebody works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<i64>,
    /// Only of what has ended: when it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<S> {
    /// The run.
    pub run: Run<S>,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

/// A run that nobody else works on until the claim lapses.
#[derive(Debug)]
pub struct Claim<S> {
    /// The run; change its state and [`Claim::save`] it.
    pub run: Run<S>,
    version: u64,
}

/// The write that begins a run; lost when there is one of this id already.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn beginning<S: Serialize>(service: &Service, run: &Run<S>) -> Result<Write, Trouble> {
    let key = key(run.which);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        begun: run.begun.as_second(),
        version: 1,
        state: &run.state,
        open_by: Some(keys::open_runs(run.which.kind.word())),
        open_since: Some(run.begun.as_second()),
        lease: None,
        ended: None,
        expires: None,
    };
    Write::create(&service.settings.tables.run, dynamo::item(&row)?)
}

/// The runs of a kind that have not ended, the oldest first. The index may be a
/// moment behind: who claims one finds out.
///
/// # Errors
/// When DynamoDB fails.
pub async fn open(service: &Service, kind: Kind) -> Result<Vec<Which>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.run)
            .index_name("open")
            .key_condition_expression("open_by = :open")
            .expression_attribute_values(":open", AttributeValue::S(keys::open_runs(kind.word())))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("looking for open runs", cause))?;
        found.extend(answer.items.unwrap_or_default().iter().filter_map(Key::of).filter_map(which));
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(found);
        }
    }
}

/// A run as it stands.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn find<S: DeserializeOwned>(
    service: &Service,
    which: Which,
) -> Result<Option<Standing<S>>, Trouble> {
    let table = &service.settings.tables.run;
    let item = dynamo::get(&service.dynamo, table, &key(which)).await?;
    item.map(|item| read(which, item).map(|(standing, _)| standing)).transpose()
}

/// An organization's runs of a kind as they stand, the newest first: so many
/// at most.
///
/// # Errors
/// When DynamoDB fails or an item is damaged.
pub async fn latest<S: DeserializeOwned>(
    service: &Service,
    organization: OrganizationId,
    kind: Kind,
    most: i32,
) -> Result<Vec<Standing<S>>, Trouble> {
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.run)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S(organization.to_string()))
        .expression_attribute_values(":prefix", AttributeValue::S(keys::runs(kind.word())))
        .scan_index_forward(false)
        .consistent_read(true)
        .limit(most)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("listing runs", cause))?;
    let mut found = Vec::new();
    for item in answer.items.unwrap_or_default() {
        let Some(which) = Key::of(&item).and_then(which) else { continue };
        found.push(read(which, item)?.0);
    }
    Ok(found)
}

/// Claims a run to work on it; `None` when it has ended, somebody else works on
/// it, or it never was.
///
/// # Errors
/// When DynamoDB fails or the item is damaged.
pub async fn claim<S: DeserializeOwned>(
    service: &Service,
    which: Which,
    now: Timestamp,
) -> Result<Option<Claim<S>>, Trouble> {
    let answer = service
        .dynamo
        .update_item()
        .table_name(&service.settings.tables.run)
        .set_key(Some(key(which).to_item()))
        .update_expression("SET lease = :until ADD version :one")
        .condition_expression(
            "attribute_exists(open_by) AND (attribute_not_exists(lease) OR lease <= :now)",
        )
        .expression_attribute_values(":until", number((now + LEASE).as_second()))
        .expression_attribute_values(":now", number(now.as_second()))
        .expression_attribute_values(":one", number(1))
        .return_values(ReturnValue::AllNew)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let item = answer
                .attributes
                .ok_or_else(|| Trouble::unavailable("claiming a run", "DynamoDB gave no item"))?;
            let (standing, version) = read(which, item)?;
            Ok(Some(Claim { run: standing.run, version }))
        }
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
        {
            Ok(None)
        }
        Err(cause) => Err(Trouble::unavailable("claiming a run", cause)),
    }
}

impl<S: Serialize + DeserializeOwned> Claim<S> {
    /// Writes how far it has come and keeps the claim.
    ///
    /// # Errors
    /// When DynamoDB fails, or the claim lapsed and somebody else has the run.
    pub async fn save(&mut self, service: &Service, now: Timestamp) -> Result<(), Trouble> {
        self.write(service, now, Some((now + LEASE).as_second()), false).await
    }

    /// Writes how far it has come and lets others go on.
    ///
    /// # Errors
    /// As [`Claim::save`].
    pub async fn put_down(mut self, service: &Service, now: Timestamp) -> Result<(), Trouble> {
        self.write(service, now, None, false).await
    }

    /// Writes how it ended. Nothing will tick it again.
    ///
    /// # Errors
    /// As [`Claim::save`].
    pub async fn end(mut self, service: &Service, now: Timestamp) -> Result<(), Trouble> {
        self.write(service, now, None, true).await
    }

    /// The write that says how it ended, for a transaction with what must be
    /// true together with that; lost when somebody else has the run.
    ///
    /// # Errors
    /// When the SDK refuses to build the request.
    pub fn ending(&self, service: &Service, now: Timestamp) -> Result<Write, Trouble> {
        Write::put(
            &service.settings.tables.run,
            self.item(now, None, true)?,
            "version = :read",
            [(":read", AttributeValue::N(self.version.to_string()))],
        )
    }

    async fn write(
        &mut self,
        service: &Service,
        now: Timestamp,
        lease: Option<i64>,
        ended: bool,
    ) -> Result<(), Trouble> {
        let written = service
            .dynamo
            .put_item()
            .table_name(&service.settings.tables.run)
            .set_item(Some(self.item(now, lease, ended)?))
            .condition_expression("version = :read")
            .expression_attribute_values(":read", AttributeValue::N(self.version.to_string()))
            .send()
            .await;
        match written {
            Ok(_) => {
                self.version += 1;
                Ok(())
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
            {
                Err(Trouble::unavailable("saving a run", Overtaken))
            }
            Err(cause) => Err(Trouble::unavailable("saving a run", cause)),
        }
    }

    fn item(&self, now: Timestamp, lease: Option<i64>, ended: bool) -> Result<Item, Trouble> {
        let key = key(self.run.which);
        let open = (!ended).then(|| keys::open_runs(self.run.which.kind.word()));
        let row = Row {
            pk: key.pk,
            sk: key.sk,
            begun: self.run.begun.as_second(),
            version: self.version + 1,
            state: &self.run.state,
            open_since: open.as_ref().map(|_| self.run.begun.as_second()),
            open_by: open,
            lease,
            ended: ended.then(|| now.as_second()),
            expires: ended.then(|| (now + REMEMBERED).as_second()),
        };
        dynamo::item(&row)
    }
}

fn key(which: Which) -> Key {
    Key::run(which.organization, which.kind.word(), which.id)
}

fn which(key: Key) -> Option<Which> {
    let (kind, id) = key.sk.strip_prefix("run#")?.split_once('#')?;
    Some(Which {
        organization: OrganizationId::parse(&key.pk)?,
        kind: Kind::parse(kind)?,
        id: RunId::parse(id)?,
    })
}

fn read<S: DeserializeOwned>(which: Which, item: Item) -> Result<(Standing<S>, u64), Trouble> {
    let row: Row<S> = dynamo::row(item)?;
    let moment = |seconds: i64| {
        Timestamp::from_second(seconds)
            .map_err(|why| Trouble::damaged(format!("run {} / {}", row.pk, row.sk), why))
    };
    let begun = moment(row.begun)?;
    let ended = row.ended.map(moment).transpose()?;
    let run = Run { which, begun, state: row.state };
    Ok((Standing { run, ended }, row.version))
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
