//! Security settings in the Identity table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{Draft, Security};
use crate::dynamo::{self, Item, Key, Write};
use crate::identity::access::Level;
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u32,
    shortest_password: u32,
    shortest_password_with_factor: u32,
    composition: bool,
    password_days: u32,
    failures: u32,
    first_lock_minutes: u32,
    idle_minutes: u32,
    session_hours: u32,
    factor_from: Option<String>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It holds from now on; in other processes within a second.
    Changed(Security),
    /// Somebody else has changed the settings since they were read.
    Stale,
}

impl Service {
    /// An organization's security settings as they were within the last second.
    ///
    /// # Errors
    /// When DynamoDB fails or the settings are damaged.
    pub async fn security(&self, organization: OrganizationId) -> Result<Security, Trouble> {
        let read = async { self.read_security(organization).await.map(Some) };
        let remembered = self.securities.recall(&organization, &*self.clock, read).await?;
        Ok(remembered.unwrap_or_default())
    }

    /// An organization's security settings as they are now, past what is
    /// remembered: for who is about to change them.
    ///
    /// # Errors
    /// When DynamoDB fails or the settings are damaged.
    pub async fn read_security(&self, organization: OrganizationId) -> Result<Security, Trouble> {
        let table = &self.settings.tables.identity;
        match dynamo::get(&self.dynamo, table, &Key::security(organization)).await? {
            Some(item) => read(item),
            None => Ok(Security::default()),
        }
    }
}

/// The write of settings over those of `version`, and the settings as they
/// will be read afterwards. The transaction is lost when somebody else was first.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn changing(
    service: &Service,
    organization: OrganizationId,
    wanted: &Security,
    version: u32,
) -> Result<(Security, Write), Trouble> {
    let changed = wanted.following(version);
    let key = Key::security(organization);
    let draft = changed.draft();
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: changed.version(),
        shortest_password: draft.shortest_password,
        shortest_password_with_factor: draft.shortest_password_with_factor,
        composition: draft.composition,
        password_days: draft.password_days,
        failures: draft.failures,
        first_lock_minutes: draft.first_lock_minutes,
        idle_minutes: draft.idle_minutes,
        session_hours: draft.session_hours,
        factor_from: draft.factor_from.map(|level| level.word().to_owned()),
    })?;
    let table = &service.settings.tables.identity;
    let write = if version == 0 {
        Write::create(table, item)?
    } else {
        let version = AttributeValue::N(version.to_string());
        Write::put(table, item, "version = :version", [(":version", version)])?
    };
    Ok((changed, write))
}

/// Changes the settings that were read with `version`, together with `more`.
///
/// # Errors
/// When DynamoDB fails.
pub async fn change(
    service: &Service,
    organization: OrganizationId,
    wanted: &Security,
    version: u32,
    more: Vec<Write>,
) -> Result<Change, Trouble> {
    let (changed, write) = changing(service, organization, wanted, version)?;
    let mut writes = vec![write];
    writes.extend(more);
    let done = Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
    Ok(if done { Change::Changed(changed) } else { Change::Stale })
}

fn read(item: Item) -> Result<Security, Trouble> {
    let row: Row = dynamo::row(item)?;
    let damaged = |why: &str| Trouble::damaged(format!("security of {}", row.pk), why);
    let factor_from = row
        .factor_from
        .as_deref()
        .map(|word| Level::parse(word).ok_or_else(|| damaged("its level")))
        .transpose()?;
    let draft = Draft {
        shortest_password: row.shortest_password,
        shortest_password_with_factor: row.shortest_password_with_factor,
        composition: row.composition,
        password_days: row.password_days,
        failures: row.failures,
        first_lock_minutes: row.first_lock_minutes,
        idle_minutes: row.idle_minutes,
        session_hours: row.session_hours,
        factor_from,
    };
    Security::at_version(draft, row.version).map_err(|problems| {
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        damaged(&format!("outside the limits: {}", fields.join(", ")))
    })
}
