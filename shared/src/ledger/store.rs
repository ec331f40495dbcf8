//! Entries in the Ledger table.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{Entry, Fate, Forgotten};
use crate::certificate::Signed;
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::{DeletionId, DependentId, OrganizationId, PersonId};
use crate::service::Service;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    at: i64,
    kind: String,
    /// The person or the dependent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<ByteBuf>,
}

/// The write of a new entry, for the transaction of what it is about.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn writing(service: &Service, entry: &Entry) -> Result<Write, Trouble> {
    Write::create(&service.settings.tables.ledger, item(entry)?)
}

/// Writes a new entry by itself. Writing the same one again changes nothing.
///
/// # Errors
/// When it is not certain that it is written: then nothing may be deleted.
pub async fn put(service: &Service, entry: &Entry) -> Result<(), Trouble> {
    let put = service
        .dynamo
        .put_item()
        .table_name(&service.settings.tables.ledger)
        .set_item(Some(item(entry)?))
        .condition_expression("attribute_not_exists(pk)");
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("writing to the ledger", cause)),
    }
}

/// The write that notes the end of a deletion, with its certificate.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn ending(service: &Service, entry: &Entry) -> Result<Write, Trouble> {
    Write::put(
        &service.settings.tables.ledger,
        item(entry)?,
        "attribute_exists(pk) AND attribute_not_exists(ended)",
        [],
    )
}

/// One entry; `None` where there is none.
///
/// # Errors
/// When DynamoDB fails or the entry is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    deletion: DeletionId,
) -> Result<Option<Entry>, Trouble> {
    let table = &service.settings.tables.ledger;
    let key = Key::deletion(organization, deletion);
    dynamo::get(&service.dynamo, table, &key).await?.map(read).transpose()
}

/// The entries of one organization, the oldest first.
///
/// # Errors
/// When DynamoDB fails or an entry is damaged.
pub async fn of_organization(
    service: &Service,
    organization: OrganizationId,
) -> Result<Vec<Entry>, Trouble> {
    let table = &service.settings.tables.ledger;
    let pk = organization.to_string();
    let items = dynamo::query(&service.dynamo, table, &pk, "deletion#", true).await?;
    items.into_iter().map(read).collect()
}

/// All entries, of whichever organization: for a restore, which must apply
/// every one of them. It scans.
///
/// # Errors
/// When DynamoDB fails or an entry is damaged.
pub async fn all(service: &Service) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .scan()
            .table_name(&service.settings.tables.ledger)
            .consistent_read(true)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading the ledger", cause))?;
        for item in answer.items.unwrap_or_default() {
            entries.push(read(item)?);
        }
        from = answer.last_evaluated_key;
        if from.is_none() {
            entries.sort_by_key(|entry| (entry.organization, entry.id));
            return Ok(entries);
        }
    }
}

fn item(entry: &Entry) -> Result<Item, Trouble> {
    let key = Key::deletion(entry.organization, entry.id);
    let (kind, who, fate, before) = match entry.what {
        Forgotten::Person(person, fate) => ("person", Some(person.to_string()), Some(fate), None),
        Forgotten::Dependent(dependent, fate) => {
            ("dependent", Some(dependent.to_string()), Some(fate), None)
        }
        Forgotten::Bookings(before, fate) => ("bookings", None, Some(fate), Some(before)),
        Forgotten::Contacts(before) => ("contacts", None, None, Some(before)),
        Forgotten::Notices(before) => ("notices", None, None, Some(before)),
        Forgotten::Organization => ("organization", None, None, None),
    };
    let (certificate, mac) = match entry.certificate.clone() {
        Some(Signed { text, mac }) => (Some(text), Some(ByteBuf::from(mac))),
        None => (None, None),
    };
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        at: entry.at.as_second(),
        kind: kind.to_owned(),
        who,
        fate: fate.map(|fate| fate.word().to_owned()),
        before: before.map(Timestamp::as_second),
        ended: entry.ended.map(Timestamp::as_second),
        certificate,
        mac,
    })
}

fn read(item: Item) -> Result<Entry, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |what: &str| Trouble::damaged(format!("ledger {} / {}", row.pk, row.sk), what);
    let moment = |seconds: i64| Timestamp::from_second(seconds).map_err(|_| damaged("a time"));
    let fate = || {
        row.fate.as_deref().and_then(Fate::parse).ok_or_else(|| damaged("what became of bookings"))
    };
    let before = || moment(row.before.ok_or_else(|| damaged("its moment"))?);
    let who = row.who.as_deref();
    let what = match row.kind.as_str() {
        "person" => Forgotten::Person(
            who.and_then(PersonId::parse).ok_or_else(|| damaged("the person"))?,
            fate()?,
        ),
        "dependent" => Forgotten::Dependent(
            who.and_then(DependentId::parse).ok_or_else(|| damaged("the dependent"))?,
            fate()?,
        ),
        "bookings" => Forgotten::Bookings(before()?, fate()?),
        "contacts" => Forgotten::Contacts(before()?),
        "notices" => Forgotten::Notices(before()?),
        "organization" => Forgotten::Organization,
        _ => return Err(damaged("its kind")),
    };
    let id = row.sk.strip_prefix("deletion#").and_then(DeletionId::parse);
    Ok(Entry {
        id: id.ok_or_else(|| damaged("its id"))?,
        organization: OrganizationId::parse(&row.pk).ok_or_else(|| damaged("whose it is"))?,
        what,
        at: moment(row.at)?,
        ended: row.ended.map(moment).transpose()?,
        certificate: row
            .certificate
            .zip(row.mac)
            .map(|(text, mac)| Signed { text, mac: mac.into_vec() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry_reads_back() {
        let moment = Timestamp::from_second(1_800_000_000).unwrap();
        for what in [
            Forgotten::Person(PersonId::from_bytes([3; 16]), Fate::Seats),
            Forgotten::Dependent(DependentId::from_bytes([4; 16]), Fate::Removed),
            Forgotten::Bookings(moment, Fate::Seats),
            Forgotten::Contacts(moment),
            Forgotten::Notices(moment),
            Forgotten::Organization,
        ] {
            let entry = Entry {
                id: DeletionId::from_bytes([1; 16]),
                organization: OrganizationId::from_bytes([2; 16]),
                what,
                at: moment,
                ended: Some(moment),
                certificate: Some(Signed { text: "{}".into(), mac: vec![1, 2] }),
            };
            assert_eq!(read(item(&entry).unwrap()).unwrap(), entry);
        }
    }
}
