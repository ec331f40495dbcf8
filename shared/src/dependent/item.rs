//! The items of dependents, identifiers and attachments.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Dependent;
use crate::ambient::Chance;
use crate::dynamo::{self, Item, Key};
use crate::ids::{self, DependentId, OrganizationId};
use crate::personal::{Identifier, PersonName};
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// A dependent's item. Of one who was removed only this is left: that the id
/// was theirs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) version: u32,
    made: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<Sealed>,
}

/// Which dependent an identifier names now.
#[derive(Serialize, Deserialize)]
pub(crate) struct IdentifierRow {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) dependent: String,
}

/// That a participant has attached a dependent.
#[derive(Serialize, Deserialize)]
pub(crate) struct AttachedRow {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) since: i64,
    /// The index of what concerns a dependent; an attachment of before has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concerns: Option<String>,
    /// What that index sorts by: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    name: std::borrow::Cow<'a, str>,
    identifier: std::borrow::Cow<'a, str>,
}

/// Whether a dependent is on the list.
pub(crate) enum Standing<'a> {
    /// They are, under this identifier and with this security value, both hashed.
    Listed { index: [u8; 16], hash: [u8; 16], sealed: &'a Sealed },
    /// They were.
    Removed,
}

impl Row {
    fn damaged(&self, why: &str) -> Trouble {
        Trouble::damaged(format!("dependent {} / {}", self.pk, self.sk), why)
    }

    pub(crate) fn id(&self) -> Result<DependentId, Trouble> {
        let id = self.sk.strip_prefix("dependent#").and_then(DependentId::parse);
        id.ok_or_else(|| self.damaged("its id"))
    }

    pub(crate) fn standing(&self) -> Result<Standing<'_>, Trouble> {
        match (&self.identifier, &self.security, &self.sealed) {
            (Some(index), Some(hash), Some(sealed)) => Ok(Standing::Listed {
                index: ids::from_text(index).ok_or_else(|| self.damaged("its identifier"))?,
                hash: ids::from_text(hash).ok_or_else(|| self.damaged("its security value"))?,
                sealed,
            }),
            (None, None, None) => Ok(Standing::Removed),
            _ => Err(self.damaged("a part of it is missing")),
        }
    }

    /// What is left of one who was removed.
    pub(super) fn removed(self) -> Self {
        Self { version: self.version + 1, identifier: None, security: None, sealed: None, ..self }
    }
}

impl IdentifierRow {
    pub(crate) fn id(&self) -> Result<DependentId, Trouble> {
        DependentId::parse(&self.dependent)
            .ok_or_else(|| Trouble::damaged(format!("identifier {}", self.pk), "its dependent"))
    }
}

impl AttachedRow {
    pub(crate) fn id(&self) -> Result<DependentId, Trouble> {
        let id = self.sk.strip_prefix("dependent#").and_then(DependentId::parse);
        let damaged =
            || Trouble::damaged(format!("attachment {} / {}", self.pk, self.sk), "its id");
        id.ok_or_else(damaged)
    }
}

pub(super) fn write(
    organization: OrganizationId,
    keys: &OrganizationKeys,
    dependent: &Dependent,
    index: [u8; 16],
    hash: [u8; 16],
    chance: &dyn Chance,
) -> Result<Item, Trouble> {
    let key = Key::dependent(organization, dependent.id);
    let fields = Fields {
        name: dependent.name.expose().into(),
        identifier: dependent.identifier.expose().into(),
    };
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = keys.seal(place, &fields, chance)?;
    dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: dependent.version,
        made: dependent.made.as_second(),
        identifier: Some(ids::to_text(&index)),
        security: Some(ids::to_text(&hash)),
        sealed: Some(sealed),
    })
}

/// Reads a dependent; `None` for one who was removed.
pub(crate) fn read(keys: &OrganizationKeys, item: Item) -> Result<Option<Dependent>, Trouble> {
    Ok(read_with_hash(keys, item)?.map(|(dependent, _)| dependent))
}

/// Reads a dependent with the keyed hash of their security value.
pub(super) fn read_with_hash(
    keys: &OrganizationKeys,
    item: Item,
) -> Result<Option<(Dependent, [u8; 16])>, Trouble> {
    let row: Row = dynamo::row(item)?;
    let Standing::Listed { hash, sealed, .. } = row.standing()? else { return Ok(None) };
    let place = Place { table: Table::Schedule, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let fields: Fields<'_> =
        keys.open(place, sealed).map_err(|why| row.damaged(&why.to_string()))?;
    let dependent = Dependent {
        id: row.id()?,
        name: PersonName::parse(&fields.name).map_err(|_| row.damaged("its name"))?,
        identifier: Identifier::parse(&fields.identifier)
            .map_err(|_| row.damaged("its identifier"))?,
        version: row.version,
        made: Timestamp::from_second(row.made).map_err(|_| row.damaged("its making"))?,
    };
    Ok(Some((dependent, hash)))
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}
