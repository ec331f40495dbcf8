//! The emergency code: making one, and reviewing its uses.

use futures::future::try_join_all;
use http::StatusCode;
use jiff::SignedDuration;
use shared::audit::{self, About, Action as Deed, Guest as Reader};
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
            uses: reviews.iter().map(|review| shape(guest, review)).collect(),
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

fn shape(guest: &Guest, review: &Review) -> UseShape {
    UseShape {
        id: review.id.to_string(),
        at: guest.organization().zone.rfc3339(review.at),
        reason: review.reason.expose().to_owned(),
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
    visit.freshly(&guest)?;
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
    let record = audit::record(service, organization, &record, visit.now)?;
    if !Write::commit_all(&[write, record], &service.dynamo, &*service.chance).await? {
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
    let id = EmergencyId::parse(visit.incoming.path("review")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let reviews = emergency::reviews(service, organization, guest.keys()).await?;
    let found = reviews.into_iter().find(|review| review.id == id);
    let review = found.ok_or_else(Fault::not_found)?;
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
    Ok(done(visit, &path, StatusCode::OK, &shape(&guest, &review)))
}
