//! Forgetting somebody of whom nothing is kept but that they once proved an
//! address.

use super::number;
use crate::booking::store::ParticipantRow;
use crate::dynamo::{self, Item, Key, Write, keys};
use crate::ids::{OrganizationId, PersonId};
use crate::participant::{agenda, tally};
use crate::retention::hold::{self, On};
use crate::service::Service;
use crate::trouble::Trouble;

/// Items that one transaction takes away beside the participant: DynamoDB
/// allows a hundred.
const MOST: usize = 90;

/// Forgets a participant with what is left of them: whom they attached, and
/// what counts nothing any more. `false` when they are held, something counts
/// again, or they are gone.
///
/// # Errors
/// When DynamoDB fails or something that is read is damaged.
pub async fn contact(
    service: &Service,
    organization: OrganizationId,
    person: PersonId,
) -> Result<bool, Trouble> {
    let table = &service.settings.tables.schedule;
    let partition = keys::of_person(organization, person);
    let items = dynamo::query(&service.dynamo, table, &partition, "", true).await?;
    let mut own = None;
    let mut others = Vec::new();
    for item in items {
        let Some(key) = Key::of(&item) else { continue };
        if key.sk == "participant" {
            own = Some((key, dynamo::row::<ParticipantRow>(item)?));
        } else {
            match leaving(table, &key, item)? {
                Some(write) => others.push(write),
                None => return Ok(false),
            }
        }
    }
    let Some((key, row)) = own else { return Ok(false) };
    let (client, chance) = (&service.dynamo, &*service.chance);
    let held = || hold::absent(service, organization, On::Person(person));
    while others.len() > MOST {
        let mut first = others.split_off(others.len() - MOST);
        first.push(held()?);
        if !Write::commit_all(&first, client, chance).await? {
            return Ok(false);
        }
    }
    others.push(held()?);
    // As it was judged: whoever is heard of meanwhile has another moment.
    let (condition, read) = ("ends = :read", number(row.ends));
    others.push(Write::delete(table, &key, condition, [(":read", read)])?);
    Write::commit_all(&others, client, chance).await
}

/// The write that removes something of theirs which counts nothing; `None` when
/// it counts something.
fn leaving(table: &str, key: &Key, item: Item) -> Result<Option<Write>, Trouble> {
    let version = match key.sk.split_once('#').map(|(word, _)| word) {
        Some("dependent") => return Write::remove(table, key).map(Some),
        Some("agenda") => {
            let agenda = agenda::read(item)?;
            agenda.entries.is_empty().then_some(agenda.version)
        }
        Some("tally") => {
            let tally = tally::read(item)?;
            (tally.live == 0).then_some(tally.version)
        }
        _ => None,
    };
    let Some(version) = version else { return Ok(None) };
    Write::delete(table, key, "version = :read", [(":read", number(version))]).map(Some)
}
