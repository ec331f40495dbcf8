//! The emergency code: making one, and reviewing its uses.

use futures::future::try_join_all;
use http::StatusCode;
use jiff::SignedDuration;
use shared::audit::{self, About, Action as Deed, Guest as Reader, More, Record};
use shared::dynamo::Write;
use shared::identity::access::{Action, Target};
use shared::identity::emergency::{self, Review};
use shared::identity::password::Unhashed;
use shared::ids::EmergencyId;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use super::names::Names;
use super::reads::Listing;
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{CodePage, EmergencyPage, Use};
use crate::wire::{CodeShape, EmergencyShape, NothingShape, UseShape};
use crate::words;

/// So many writes go into the transaction of a new code; what more there is to
/// end is ended before, each use by itself.
const TOGETHER: usize = 50;

#[utoipa::path(
    get,
    path = "/{organization}/manage/emergency",
    tag = "Emergency",
    summary = "Whether there is a code, and what was done with codes",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("of" = Option<String>, Query, description = "On the page: the use whose reads are listed in full"),
        ("before" = Option<String>, Query, description = "On the page: only its reads before this record"),
    ),
    responses(
        (status = 200, description = "The code's standing and its uses", body = EmergencyShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn standing(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::MakeEmergencyCode).await?;
    emergency_page(visit, &guest, None).await
}

async fn emergency_page(
    visit: &Visit<'_>,
    guest: &Guest,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let kept = emergency::find(service, organization, guest.keys()).await?;
    let reviews = emergency::reviews(service, organization, guest.keys()).await?;
    visit.look(guest, About::Organization, "emergency", reviews.len(), None).await?;
    let zone = &guest.organization().zone;
    if !visit.incoming.wants_page() {
        let shape = EmergencyShape {
            made: kept.map(|kept| zone.rfc3339(kept.made)),
            uses: uses(visit, guest, &reviews).await?,
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let names = Names::read(visit, guest).await?;
    let listing = Listing::asked(visit, "/emergency")?;
    let reads = reviews.iter().enumerate().map(|(place, review)| {
        listing.reads(visit, guest, &names, Reader::Emergency(review.id), place)
    });
    let reads = try_join_all(reads).await?;
    let mut uses = Vec::with_capacity(reviews.len());
    for (review, reads) in reviews.iter().zip(reads) {
        let open = guest.may(Action::ReviewEmergency, Target::Account) && review.signed.is_none();
        let own = guest.member().is_some_and(|member| member.id == review.code_by);
        uses.push(Use {
            when: format!("{}, {}", zone.long_day(review.at), zone.clock(review.at)),
            reason: review.reason.expose().to_owned(),
            reads,
            signed: review.signed.map(|(member, at)| {
                let (day, time) = (zone.long_day(at), zone.clock(at));
                format!("{} signed on {day}, {time}.", names.member(member))
            }),
            end_action: (!ending(visit, guest, review).await?.is_empty())
                .then(|| guest.path(&format!("/emergency/{}/end", review.id))),
            sign_action: (open && !own)
                .then(|| guest.path(&format!("/emergency/{}/sign", review.id))),
            not_you: (open && own)
                .then_some("You made the code that was used: another administrator signs this."),
        });
    }
    let shown = EmergencyPage {
        head: guest.head(),
        sections: guest.sections("/emergency"),
        news: words::news(visit),
        refusal: refused.map(|fault| fault.message.clone()),
        action: guest.path("/emergency"),
        made: kept.map(|kept| format!("{}, {}", zone.long_day(kept.made), zone.clock(kept.made))),
        uses,
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

async fn uses(
    visit: &Visit<'_>,
    guest: &Guest,
    reviews: &[Review],
) -> Result<Vec<UseShape>, Fault> {
    let mut uses = Vec::with_capacity(reviews.len());
    for review in reviews {
        let running = !ending(visit, guest, review).await?.is_empty();
        uses.push(shape(guest, review, running));
    }
    Ok(uses)
}

/// The writes that end what a use opened; none where it is over.
async fn ending(visit: &Visit<'_>, guest: &Guest, review: &Review) -> Result<Vec<Write>, Fault> {
    let service = &visit.function.service;
    Ok(emergency::ending(service, guest.organization().id, review, visit.now).await?)
}

/// The same with their record, where there is anything to end.
async fn ended(visit: &Visit<'_>, guest: &Guest, review: &Review) -> Result<Vec<Write>, Fault> {
    let mut writes = ending(visit, guest, review).await?;
    if let Ok(count @ 1..) = u32::try_from(writes.len()) {
        let record = guest.deed(Deed::SessionsEnded, About::Emergency(review.id));
        let record = Record { more: More { count: Some(count), ..More::default() }, ..record };
        let (service, organization) = (&visit.function.service, guest.organization().id);
        writes.push(audit::record(service, organization, &record, visit.now)?);
    }
    Ok(writes)
}

fn shape(guest: &Guest, review: &Review, running: bool) -> UseShape {
    UseShape {
        id: review.id.to_string(),
        at: guest.organization().zone.rfc3339(review.at),
        reason: review.reason.expose().to_owned(),
        running,
        signed: review.signed.is_some(),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/emergency",
    tag = "Emergency",
    summary = "Make a code: it is said this once, and one that was made before is void",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 201, description = "The code", body = CodeShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too much is being computed at this moment", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn make(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::MakeEmergencyCode).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/emergency")?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let by = guest.member_id()?;
    let made = emergency::make(service, organization, guest.keys(), by, visit.now).await;
    let (code, write) = made.map_err(|why| match why {
        Unhashed::Busy { seconds } => {
            Fault::new(Kind::TooManyRequests, "There is a rush just now. Please try again.")
                .retry_after(SignedDuration::from_secs(seconds.into()))
        }
        Unhashed::Trouble(trouble) => trouble.into(),
    })?;
    let record = guest.deed(Deed::EmergencyCodeMade, About::Organization);
    let mut writes = vec![write, audit::record(service, organization, &record, visit.now)?];
    // Who makes a new code trusts the old one no more, nor who came with it.
    for review in emergency::reviews(service, organization, guest.keys()).await? {
        let ending = ended(visit, &guest, &review).await?;
        if writes.len() + ending.len() <= TOGETHER {
            writes.extend(ending);
        } else {
            // Lost when it ended by itself: then it is over as well.
            Write::commit_all(&ending, &service.dynamo, &*service.chance).await?;
        }
    }
    if !Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Err(Fault::new(Kind::Conflict, "Somebody else was quicker. Please try again."));
    }
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::CREATED, &CodeShape { code: code.text().to_owned() }));
    }
    let zone = &guest.organization().zone;
    let address = &service.settings.public_address;
    let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
    let shown = CodePage {
        head: guest.head(),
        sections: guest.sections("/emergency"),
        code: code.text().to_owned(),
        address: format!("{host}/{}/emergency", guest.organization().web_name),
        made: zone.long_day(visit.now),
        back: guest.path("/emergency"),
    };
    Ok(page(StatusCode::CREATED, &shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/emergency/{review}/sign",
    tag = "Emergency",
    summary = "Sign that a use of the code was looked into",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("review" = String, Path, description = "The id of the use"),
    ),
    responses(
        (status = 200, description = "Signed", body = UseShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody has signed it before", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn sign(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ReviewEmergency).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let review = named(visit, &guest).await?;
    let (id, service) = (review.id, &visit.function.service);
    let organization = guest.organization().id;
    let by = guest.member_id()?;
    if review.code_by == by {
        let fault = Fault::new(
            Kind::Conflict,
            "You made the code that was used: another administrator signs this.",
        );
        if visit.incoming.wants_page() {
            return emergency_page(visit, &guest, Some(&fault)).await;
        }
        return Err(fault);
    }
    let write = emergency::signing_review(service, organization, id, by, visit.now)?;
    let record = guest.deed(Deed::EmergencyReviewed, About::Emergency(id));
    let record = audit::record(service, organization, &record, visit.now)?;
    if !Write::commit_all(&[write, record], &service.dynamo, &*service.chance).await? {
        let fault = Fault::new(Kind::Conflict, "Somebody has signed this before you.");
        if visit.incoming.wants_page() {
            return emergency_page(visit, &guest, Some(&fault)).await;
        }
        return Err(fault);
    }
    let review = Review { signed: Some((by, visit.now)), ..review };
    let path = guest.path("/emergency?done=signed");
    let running = !ending(visit, &guest, &review).await?.is_empty();
    Ok(done(visit, &path, StatusCode::OK, &shape(&guest, &review, running)))
}

/// The use that the path names.
async fn named(visit: &Visit<'_>, guest: &Guest) -> Result<Review, Fault> {
    let id = EmergencyId::parse(visit.incoming.path("review")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let reviews = emergency::reviews(service, guest.organization().id, guest.keys()).await?;
    reviews.into_iter().find(|review| review.id == id).ok_or_else(Fault::not_found)
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/emergency/{review}/end",
    tag = "Emergency",
    summary = "End what a use of the code opened, before its hour is over",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("review" = String, Path, description = "The id of the use"),
    ),
    responses(
        (status = 200, description = "It is over", body = UseShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn end(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ReviewEmergency).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let review = named(visit, &guest).await?;
    let writes = ended(visit, &guest, &review).await?;
    let service = &visit.function.service;
    // Lost when it ended at the same moment: what is asked for is so.
    if !writes.is_empty() {
        Write::commit_all(&writes, &service.dynamo, &*service.chance).await?;
    }
    let path = guest.path("/emergency?done=over");
    Ok(done(visit, &path, StatusCode::OK, &shape(&guest, &review, false)))
}
