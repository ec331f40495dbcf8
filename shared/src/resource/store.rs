//! Resources in the Schedule table. A resource is mostly a person, so its name
//! and place lie sealed although visitors see them on the page.

use serde::{Deserialize, Serialize};

use super::Resource;
use super::rules::sorted_by;
use crate::dynamo::{self, Key};
use crate::ids::{EventId, OrganizationId, ResourceId};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    sealed: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    name: String,
    place: String,
}

/// Writes the resources of an event.
///
/// # Errors
/// When DynamoDB fails or there is no randomness.
pub async fn put_all(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    event: EventId,
    resources: &[Resource],
) -> Result<(), Trouble> {
    let table = &service.settings.tables.schedule;
    let mut items = Vec::with_capacity(resources.len());
    for resource in resources {
        let key = Key::resource(organization, event, resource.id);
        let fields = Fields { name: resource.name.clone(), place: resource.place.clone() };
        let place = Place { table: Table::Schedule, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
        let sealed = keys.seal(place, &fields, &*service.chance)?;
        items.push(dynamo::item(&Row { pk: key.pk, sk: key.sk, sealed })?);
    }
    dynamo::batch_put(&service.dynamo, table, items, &*service.chance).await
}

/// Reads a resource out of its item.
pub(crate) fn read(keys: &OrganizationKeys, item: dynamo::Item) -> Result<Resource, Trouble> {
    let row: Row = dynamo::row(item)?;
    let place = Place { table: Table::Schedule, pk: &row.pk, sk: &row.sk, attribute: "sealed" };
    let fields: Fields = keys
        .open(place, &row.sealed)
        .map_err(|why| Trouble::damaged(format!("resource {} / {}", row.pk, row.sk), why))?;
    let id = row
        .sk
        .strip_prefix("resource#")
        .and_then(ResourceId::parse)
        .ok_or_else(|| Trouble::damaged(format!("resource {}", row.sk), "its id"))?;
    Ok(Resource { id, name: fields.name, place: fields.place })
}

/// Reads the resources of an event, in the order of their names.
///
/// # Errors
/// When DynamoDB fails or one of them does not open.
pub async fn of_event(
    service: &Service,
    organization: OrganizationId,
    keys: &OrganizationKeys,
    event: EventId,
) -> Result<Vec<Resource>, Trouble> {
    let table = &service.settings.tables.schedule;
    let pk = dynamo::keys::resources(organization, event);
    let items = dynamo::query(&service.dynamo, table, &pk, "resource#", true).await?;
    let mut resources =
        items.into_iter().map(|item| read(keys, item)).collect::<Result<Vec<_>, _>>()?;
    resources.sort_by_cached_key(|resource| (sorted_by(&resource.name), resource.id));
    Ok(resources)
}
