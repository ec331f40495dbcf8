//! Support grants: an organization lets one of the operator's members see its
//! data, to help, for a reason and a limited time.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::moment;
use crate::audit::{self, About, Action, Actor, Record};
use crate::dynamo::{self, Item, Key, Write};
use crate::ids::{MemberId, OrganizationId, SupportGrantId};
use crate::notice::administrators::to_administrators;
use crate::notice::{News, owed};
use crate::organization::Snapshot;
use crate::personal::Note;
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// The longest a grant may last.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// A permission for one of the operator's members to see an organization's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its opaque id.
    pub id: SupportGrantId,
    /// Who may see it: a member of the operator's.
    pub supporter: MemberId,
    /// Which member of the organization allowed it.
    pub granted_by: MemberId,
    /// What for, in that member's words.
    pub reason: Note,
    /// Since when.
    pub made: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was taken back, if it was.
    pub withdrawn: Option<Timestamp>,
    /// When a later one for the same person took its place while it held, if
    /// one did.
    pub replaced: Option<Timestamp>,
}

/// A time that a grant cannot end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Choose an end within the next 24 hours.")]
pub struct UnfitEnd;

impl Grant {
    /// A grant from now on.
    ///
    /// # Errors
    /// [`UnfitEnd`] when `until` is not ahead, or further ahead than a day.
    pub fn new(
        id: SupportGrantId,
        supporter: MemberId,
        granted_by: MemberId,
        reason: Note,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Self, UnfitEnd> {
        if until <= now || until > now + LONGEST {
            return Err(UnfitEnd);
        }
        Ok(Self {
            id,
            supporter,
            granted_by,
            reason,
            made: now,
            until,
            withdrawn: None,
            replaced: None,
        })
    }

    /// Whether it counts now.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let stands = self.withdrawn.is_none() && self.replaced.is_none();
        stands && now.as_second() < self.until.as_second()
    }

    /// When it ended or will.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.withdrawn.or(self.replaced).unwrap_or(self.until)
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    id: String,
    supporter: String,
    granted_by: String,
    made: i64,
    until: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<i64>,
    /// The reason.
    sealed: Sealed,
}

/// The write of a grant, in the place of the one for the same person that was
/// read, as it was read: of two that are made at once, neither overwrites the
/// other unseen.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn granting(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    grant: &Grant,
    former: Option<&Grant>,
) -> Result<Write, Trouble> {
    let table = &service.settings.tables.identity;
    let key = Key::support(organization, grant.supporter);
    let item = item(service, keys, grant, key)?;
    match former {
        None => Write::create(table, item),
        Some(former) => {
            let id = (":former", AttributeValue::S(former.id.to_string()));
            let condition = match former.withdrawn {
                None => "id = :former AND attribute_not_exists(withdrawn)",
                Some(_) => "id = :former AND attribute_exists(withdrawn)",
            };
            Write::put(table, item, condition, [id])
        }
    }
}

fn item(
    service: &Service,
    keys: &OrganizationKeys,
    grant: &Grant,
    key: Key,
) -> Result<Item, Trouble> {
    let place = Place { table: Table::Identity, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = keys.seal(place, &grant.reason.expose(), &*service.chance)?;
    dynamo::item(&Row {
        id: grant.id.to_string(),
        supporter: grant.supporter.to_string(),
        granted_by: grant.granted_by.to_string(),
        made: grant.made.as_second(),
        until: grant.until.as_second(),
        withdrawn: grant.withdrawn.map(Timestamp::as_second),
        replaced: grant.replaced.map(Timestamp::as_second),
        sealed,
        pk: key.pk,
        sk: key.sk,
    })
}

/// The write that takes a grant back; its transaction is lost when it was
/// taken back or replaced before. It holds from the next request on.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn withdrawing(
    service: &Service,
    organization: OrganizationId,
    grant: &Grant,
    now: Timestamp,
) -> Result<Write, Trouble> {
    Write::update(
        &service.settings.tables.identity,
        &Key::support(organization, grant.supporter),
        "SET withdrawn = :now",
        "id = :id AND attribute_not_exists(withdrawn)",
        [],
        [
            (":now", AttributeValue::N(now.as_second().to_string())),
            (":id", AttributeValue::S(grant.id.to_string())),
        ],
    )
}

/// Lets one of the operator's members in: the grant, the one before it put
/// away, the audit record, and a mail to every administrator, or to as many as
/// one transaction has room for.
///
/// # Errors
/// When DynamoDB fails or there is no randomness.
pub async fn grant(
    service: &Service,
    snapshot: &Snapshot,
    grant: &Grant,
    network: [u8; 16],
) -> Result<(), Trouble> {
    let (organization, keys) = (snapshot.organization.id, &*snapshot.keys);
    let table = &service.settings.tables.identity;
    let news = News::SupportGranted(grant.until);
    let owed = to_administrators(organization, news, *grant.id.as_bytes(), grant.made);
    let mut rest = vec![owed::owe(&service.settings.tables.mail, &owed)?];
    let record =
        Record::of(Actor::Member(grant.granted_by), Action::SupportGranted, About::Grant(grant.id));
    let record = record.from_network(Some(network));
    rest.push(audit::record(service, organization, &record, grant.made)?);
    for _ in 0..dynamo::TRIES {
        let former = find(service, organization, keys, grant.supporter).await?;
        if former.as_ref().is_some_and(|former| former.id == grant.id) {
            // Written, though the answer was lost.
            return Ok(());
        }
        let mut writes = vec![granting(service, organization, keys, grant, former.as_ref())?];
        if let Some(former) = former {
            let replaced = former.holds(grant.made).then_some(grant.made);
            let former = Grant { replaced, ..former };
            let key = Key::former_support(organization, former.id);
            writes.push(Write::create(table, item(service, keys, &former, key)?)?);
        }
        writes.extend(rest.iter().cloned());
        // Lost means that another grant for them was made or withdrawn meanwhile.
        if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
            return Ok(());
        }
    }
    Err(Trouble::unavailable("granting support", "others were always first"))
}

/// Takes a grant back, from the next request on. `false` when it was taken
/// back or replaced before.
///
/// # Errors
/// When DynamoDB fails or there is no randomness.
pub async fn withdraw(
    service: &Service,
    organization: OrganizationId,
    grant: &Grant,
    (by, network): (MemberId, [u8; 16]),
    now: Timestamp,
) -> Result<bool, Trouble> {
    let record = Record::of(Actor::Member(by), Action::SupportWithdrawn, About::Grant(grant.id));
    let record = record.from_network(Some(network));
    let writes = [
        withdrawing(service, organization, grant, now)?,
        audit::record(service, organization, &record, now)?,
    ];
    Write::commit_all(&writes, &service.dynamo, &*service.chance).await
}

/// The last grant for one of the operator's members, whether or not it still
/// [holds](Grant::holds).
///
/// # Errors
/// When DynamoDB fails or the grant is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    supporter: MemberId,
) -> Result<Option<Grant>, Trouble> {
    let table = &service.settings.tables.identity;
    let item = dynamo::get(&service.dynamo, table, &Key::support(organization, supporter)).await?;
    item.map(|item| read(keys, item)).transpose()
}

/// All grants, those that were replaced as well, the newest in front.
///
/// # Errors
/// When DynamoDB fails or a grant is damaged.
pub async fn list(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
) -> Result<Vec<Grant>, Trouble> {
    let table = &service.settings.tables.identity;
    let pk = organization.to_string();
    let mut items = dynamo::query(&service.dynamo, table, &pk, "support#", true).await?;
    items.extend(dynamo::query(&service.dynamo, table, &pk, "former-support#", true).await?);
    let mut grants =
        items.into_iter().map(|item| read(keys, item)).collect::<Result<Vec<_>, _>>()?;
    grants.sort_by_key(|grant| std::cmp::Reverse((grant.made, grant.id)));
    Ok(grants)
}

fn read(keys: &OrganizationKeys, item: Item) -> Result<Grant, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: String| Trouble::damaged(row.sk.clone(), why);
    let place = Place { table: Table::Identity, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let reason: String = keys.open(place, &row.sealed).map_err(|why| damaged(why.to_string()))?;
    Ok(Grant {
        id: SupportGrantId::parse(&row.id).ok_or_else(|| damaged("its id".to_owned()))?,
        supporter: MemberId::parse(&row.supporter)
            .ok_or_else(|| damaged("for whom it is".to_owned()))?,
        granted_by: MemberId::parse(&row.granted_by)
            .ok_or_else(|| damaged("whose it is".to_owned()))?,
        reason: Note::parse(&reason).map_err(|why| damaged(format!("its reason: {why}")))?,
        made: moment(row.made, &row.sk)?,
        until: moment(row.until, &row.sk)?,
        withdrawn: row.withdrawn.map(|at| moment(at, &row.sk)).transpose()?,
        replaced: row.replaced.map(|at| moment(at, &row.sk)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_ends_within_a_day_or_is_refused() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let grant = |until| {
            Grant::new(
                SupportGrantId::from_bytes([1; 16]),
                MemberId::from_bytes([2; 16]),
                MemberId::from_bytes([3; 16]),
                Note::parse("Lost appointments").unwrap(),
                at(0),
                at(until),
            )
        };
        assert_eq!(grant(0), Err(UnfitEnd));
        assert_eq!(grant(86_401), Err(UnfitEnd));
        let day = grant(86_400).unwrap();
        assert!(day.holds(at(86_399)) && !day.holds(at(86_400)));
        assert!(!Grant { withdrawn: Some(at(1)), ..day.clone() }.holds(at(2)));
        assert!(!Grant { replaced: Some(at(1)), ..day }.holds(at(2)));
    }
}
