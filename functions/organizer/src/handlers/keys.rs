//! The organization's keys: which there are, another one, and every link void.

use http::StatusCode;
use shared::audit::{self, About, Action as Deed, More, Record, Word};
use shared::dynamo::Write;
use shared::identity::access::Action;
use shared::ids::RunId;
use shared::organization::Organization;
use shared::run;
use shared::trouble::Trouble;
use shared::vault::{Another, resealing};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{KeyLine, KeysPage};
use crate::wire::{KeyShape, KeysShape, NothingShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/keys",
    tag = "Keys",
    summary = "Which keys the organization's data is sealed under",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "The keys, the newest first; never the keys themselves", body = KeysShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::RotateKeys).await?;
    keys_page(visit, &guest, StatusCode::OK, None).await
}

async fn keys_page(
    visit: &Visit<'_>,
    guest: &Guest,
    status: StatusCode,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let mut kept = service.vault.kept(organization).await?;
    kept.reverse();
    let under_way = under_way(visit, guest).await?;
    let zone = &guest.organization().zone;
    let has_own = kept.first().is_some_and(|key| key.kms_key.is_some());
    let offered = is_offered(visit, guest.organization()) && !has_own;
    let newest = kept.iter().find(|key| key.since <= visit.now).map(|key| key.version);
    if !visit.incoming.wants_page() {
        let keys = kept.iter().map(|key| KeyShape {
            version: key.version,
            since: (key.since > jiff::Timestamp::UNIX_EPOCH).then(|| zone.rfc3339(key.since)),
            seals: Some(key.version) == newest,
            own_kms_key: key.kms_key.is_some(),
        });
        let shape = KeysShape {
            keys: keys.collect(),
            sealed_anew: under_way.as_ref().map(|state| state.sealed),
            own_kms_key_offered: offered,
        };
        return Ok(Reply::json(status, &shape));
    }
    let lines = kept.iter().map(|key| {
        let standing = match newest {
            _ if key.since > visit.now => {
                format!("Will be used from {} on.", zone.clock(key.since))
            }
            Some(version) if version == key.version => "In use now.".to_owned(),
            _ => "Opens what was sealed before; nothing new is sealed under it.".to_owned(),
        };
        let own = if key.kms_key.is_some() { " Under your own master key." } else { "" };
        KeyLine { version: key.version, standing: format!("{standing}{own}") }
    });
    let shown = KeysPage {
        head: guest.head(),
        sections: guest.sections("/security"),
        news: words::news(visit),
        refusal: refused.map(|fault| fault.message.clone()),
        keys: lines.collect(),
        under_way: under_way.map(|state| match state.sealed {
            0 => "Everything is about to be sealed anew under the newest key.".to_owned(),
            1 => "One record is sealed anew so far.".to_owned(),
            many => format!("{many} records are sealed anew so far."),
        }),
        own_action: offered.then(|| guest.path("/keys/own")),
        rotate_action: guest.path("/keys/rotate"),
        revoke_action: guest.path("/keys/revoke-links"),
    };
    Ok(page(status, &shown))
}

/// How far sealing anew has come, where it goes on.
async fn under_way(visit: &Visit<'_>, guest: &Guest) -> Result<Option<resealing::State>, Fault> {
    let service = &visit.function.service;
    for which in run::open(service, run::Kind::Resealing).await? {
        if which.organization == guest.organization().id {
            let found = run::find::<resealing::State>(service, which).await?;
            return Ok(found.filter(|it| it.ended.is_none()).map(|it| it.run.state));
        }
    }
    Ok(None)
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/keys/rotate",
    tag = "Keys",
    summary = "Give the organization another key, and seal everything anew under it",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 202, description = "The key is made; sealing anew has begun", body = KeysShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Everything is being sealed anew already", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn rotate(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::RotateKeys).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/keys")?;
    add(visit, &guest, Under::AsBefore).await
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/keys/own",
    tag = "Keys",
    summary = "Give the organization a KMS key of its own, and seal everything anew under it",
    description = "The key wraps the organization's data keys in place of the installation's. \
        It is deleted with the organization. Whoever runs the service must have allowed it.",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 202, description = "The key is made; sealing anew has begun", body = KeysShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It has one, none is offered here, or everything is being sealed anew already", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn own(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::RotateKeys).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/keys")?;
    if !is_offered(visit, guest.organization()) {
        let fault = Fault::new(
            Kind::Conflict,
            "No organization has a master key of its own here. Ask whoever runs this service.",
        );
        return refused(visit, &guest, fault).await;
    }
    add(visit, &guest, Under::ItsOwn).await
}

/// Whether an organization may have a KMS key of its own. The operator's may
/// not: certificates and erasures of all need its keys.
fn is_offered(visit: &Visit<'_>, organization: &Organization) -> bool {
    visit.function.service.settings.own_keys && !organization.is_operator()
}

/// What wraps another data key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Under {
    /// What wraps the newest one.
    AsBefore,
    /// A KMS key that is the organization's alone.
    ItsOwn,
}

/// Adds a data key and begins to seal everything anew under it.
async fn add(visit: &Visit<'_>, guest: &Guest, under: Under) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    // Who adds one after this reading makes the transaction below fail.
    let kept = service.vault.kept(organization).await?;
    let newest = kept.last();
    if under == Under::ItsOwn && newest.is_some_and(|key| key.kms_key.is_some()) {
        let fault =
            Fault::new(Kind::Conflict, "This organization has a master key of its own already.");
        return refused(visit, guest, fault).await;
    }
    // The index of what is under way may not know yet of a run that has just begun.
    let is_young = newest.is_some_and(|key| key.since > visit.now);
    if is_young || under_way(visit, guest).await?.is_some() {
        let fault = Fault::new(
            Kind::Conflict,
            "Everything is being sealed anew already. Another key can be made when that is done.",
        );
        return refused(visit, guest, fault).await;
    }
    // Made before it is written down: KMS is asked for it by its name, so who
    // tries again finds the same one.
    let own = match under {
        Under::AsBefore => None,
        Under::ItsOwn => Some(service.vault.own_key(organization).await?),
    };
    let mut fields = vec![Word::of("data_key")];
    fields.extend(own.is_some().then(|| Word::of("kms_key")));
    let another = service.vault.rotate(organization, &kept, own, visit.now).await?;
    let Some(Another { version, since, write }) = another else {
        let fault = Fault::new(
            Kind::Conflict,
            "This organization has had 255 keys, which is as many as can be counted.",
        );
        return refused(visit, guest, fault).await;
    };
    let id = RunId::fresh(visit.now, &*service.chance).map_err(Trouble::from)?;
    let run = resealing::run(organization, id, version, since, visit.now);
    let more = More { fields, ..More::default() };
    let record = Record { more, ..guest.deed(Deed::KeyRotated, About::Organization) };
    let writes = [
        write,
        run::beginning(service, &run)?,
        audit::record(service, organization, &record, visit.now)?,
    ];
    if !Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        let fault = Fault::new(Kind::Conflict, "Somebody else made a key at this moment.");
        return refused(visit, guest, fault).await;
    }
    if visit.incoming.wants_page() {
        return Ok(Reply::see_other(&guest.path("/keys?done=key")));
    }
    keys_page(visit, guest, StatusCode::ACCEPTED, None).await
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/keys/revoke-links",
    tag = "Keys",
    summary = "Make every link that was mailed until now stop working",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 202, description = "From some minutes on, no link of before opens anything", body = KeysShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody else did it at this moment", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn revoke_links(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::RotateKeys).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/keys")?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let write = service.vault.revoke_links(organization, visit.now).await?;
    let more = More { fields: vec![Word::of("link_key")], ..More::default() };
    let record = Record { more, ..guest.deed(Deed::KeyRotated, About::Organization) };
    let record = audit::record(service, organization, &record, visit.now)?;
    if !Write::commit_all(&[write, record], &service.dynamo, &*service.chance).await? {
        let fault = Fault::new(Kind::Conflict, "Somebody else did this at this moment.");
        return refused(visit, &guest, fault).await;
    }
    Ok(match visit.incoming.wants_page() {
        true => done(visit, &guest.path("/keys?done=links"), StatusCode::ACCEPTED, &()),
        false => keys_page(visit, &guest, StatusCode::ACCEPTED, None).await?,
    })
}

/// Why nothing was done: on the page for people, as a refusal for programs.
async fn refused(visit: &Visit<'_>, guest: &Guest, fault: Fault) -> Result<Reply, Fault> {
    if visit.incoming.wants_page() {
        return keys_page(visit, guest, fault.kind.status(), Some(&fault)).await;
    }
    Err(fault)
}
