//! Repairs of one item by itself: an order, a place in an index, a name.

use aws_sdk_dynamodb::types::AttributeValue;

use super::bookings::number;
use super::{Deed, Mender, Plan};
use crate::audit::About;
use crate::dynamo::{Key, Write, keys};
use crate::fsck::damage::Finding;
use crate::fsck::subject::Sort;
use crate::ids::PersonId;
use crate::notice::Standing;
use crate::organization;
use crate::participant::{AgendaOf, agenda};
use crate::trouble::Trouble;

impl Mender<'_> {
    /// An agenda out of order.
    pub(super) async fn unsorted(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Agenda(organization, of, day) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let of = AgendaOf::Person(PersonId::from_bytes(of));
        let mut agenda = self.agenda(organization, of, day).await?;
        if agenda.entries.is_sorted_by_key(|entry| entry.start) {
            return Ok(None);
        }
        agenda.entries.sort_by_key(|entry| (entry.start, entry.booking));
        let writes = vec![agenda::replace(self.schedule(), organization, of, &agenda)?];
        Ok(Some(Plan::new(organization, About::Organization, Deed::PutRight, writes)))
    }

    /// A notice whose place in the index of what is owed does not match its state.
    pub(super) async fn wrong_standing(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Notice(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(notice) = self.notice(organization, id).await? else { return Ok(None) };
        let key = Key::notice(organization, id);
        let mail = &self.service.settings.tables.mail;
        let write = match notice.standing {
            Standing::Settled => Write::update(
                mail,
                &key,
                "REMOVE owed_by, owed_since",
                "attribute_exists(owed_by) OR attribute_exists(owed_since)",
                [],
                [],
            )?,
            Standing::Owed | Standing::Claimed(_) => {
                let partition = keys::owed(organization, keys::owed_shard(id));
                Write::update(
                    mail,
                    &key,
                    "SET owed_by = :by, owed_since = :since",
                    "attribute_not_exists(owed_by) OR owed_by <> :by OR attribute_not_exists(owed_since)",
                    [],
                    [
                        (":by", AttributeValue::S(partition)),
                        (":since", number(notice.owed.since.as_second())),
                    ],
                )?
            }
        };
        Ok(Some(Plan::new(organization, About::Organization, Deed::PutRight, vec![write])))
    }

    /// An organization that its web name does not lead to, where nobody else
    /// has that name.
    pub(super) async fn no_name(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Organization(id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(found) = organization::store::get(self.service, id).await? else {
            return Ok(None);
        };
        let writes = vec![organization::store::naming(self.service, &found)?];
        Ok(Some(Plan::new(id, About::Organization, Deed::PutRight, writes)))
    }
}
