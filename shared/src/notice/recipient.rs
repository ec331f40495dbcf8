//! To whom a notice about an account goes.

use serde::{Deserialize, Serialize};

use super::Account;
use super::link::Link;
use crate::ambient::Chance;
use crate::booking::store::ParticipantRow;
use crate::dynamo::{self, Key};
use crate::identity::{Member, Subject, member};
use crate::ids::{NoticeId, OrganizationId, PersonId};
use crate::personal::{EmailAddress, PersonName};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// Somebody to whom a mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// What they are called, where that is known.
    pub name: Option<PersonName>,
    /// Their address.
    pub email: EmailAddress,
}

/// Who was found to send a notice to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Somebody, and where.
    Somebody(Recipient),
    /// Nobody who should have it: they are gone, or may no longer sign in.
    NobodyAnyMore,
    /// Nothing says where to send it.
    NoAddress,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    email: String,
}

impl Recipient {
    pub(super) fn seal(
        &self,
        keys: &OrganizationKeys,
        place: Place<'_>,
        chance: &dyn Chance,
    ) -> Result<Sealed, Trouble> {
        let name = self.name.as_ref().map(|name| name.expose().to_owned());
        let fields = Fields { name, email: self.email.expose().to_owned() };
        keys.seal(place, &fields, chance)
    }

    fn open(keys: &OrganizationKeys, place: Place<'_>, sealed: &Sealed) -> Result<Self, Trouble> {
        let damaged = |why: &dyn std::fmt::Display| {
            Trouble::damaged(format!("the address of {}", place.pk), why)
        };
        let fields: Fields = keys.open(place, sealed).map_err(|why| damaged(&why))?;
        Ok(Self {
            name: fields
                .name
                .map(|name| PersonName::parse(&name))
                .transpose()
                .map_err(|why| damaged(&why))?,
            email: EmailAddress::parse(&fields.email).map_err(|why| damaged(&why))?,
        })
    }
}

/// To whom a notice goes as things are now.
///
/// # Errors
/// When DynamoDB fails or what is stored is damaged.
pub async fn find(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    notice: NoticeId,
    account: &Account,
    link: &Link,
) -> Result<Found, Trouble> {
    // What proves an address goes to that one and to no other.
    if let Some(email) = link.address() {
        return Ok(Found::Somebody(Recipient { name: None, email: email.clone() }));
    }
    if let Some(sealed) = &account.to {
        let key = Key::notice(organization, notice);
        let place = Place { table: Table::Mail, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
        return Recipient::open(keys, place, sealed).map(Found::Somebody);
    }
    match account.subject {
        Subject::Participant(person) => participant(service, organization, keys, person).await,
        Subject::Member(member) => {
            let found = member::store::find(service, organization, keys, member).await?;
            Ok(match found.filter(|member| member.state != member::State::Disabled) {
                Some(member) => {
                    let Member { name, email, .. } = member;
                    Found::Somebody(Recipient { name: Some(name), email })
                }
                None => Found::NobodyAnyMore,
            })
        }
        // Where somebody who signs up is reached, their link says; and behind
        // the emergency code stands nobody known.
        Subject::SignUp(_) | Subject::Emergency(_) => Ok(Found::NoAddress),
    }
}

/// A participant under the address they have proven.
async fn participant(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    person: PersonId,
) -> Result<Found, Trouble> {
    let key = Key::participant(organization, person);
    let table = &service.settings.tables.schedule;
    let Some(item) = dynamo::get(&service.dynamo, table, &key).await? else {
        return Ok(Found::NoAddress);
    };
    let row: ParticipantRow = dynamo::row(item)?;
    let damaged =
        |why: &dyn std::fmt::Display| Trouble::damaged(format!("participant {}", key.pk), why);
    let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let address: String = keys.open(place, &row.sealed).map_err(|why| damaged(&why))?;
    let email = EmailAddress::parse(&address).map_err(|why| damaged(&why))?;
    Ok(Found::Somebody(Recipient { name: None, email }))
}
